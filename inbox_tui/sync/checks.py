"""What is asked of an outbox item again at the moment when it would leave: is it still right to send it?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from inbox_tui.core import capabilities, keyboards
from inbox_tui.core.capabilities import Act, Cause
from inbox_tui.core.limits import address_problem, file_problem, measure
from inbox_tui.core.models import Chat, Json, JsonObject, Milliseconds, Profile
from inbox_tui.core.times import age
from inbox_tui.core.window import WINDOW_PLATFORMS, Window
from inbox_tui.store import lookups
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.records import CHAT_COLUMNS, chat_of
from inbox_tui.store.replies import elsewhere
from inbox_tui.store.writer import Writer

STALE_MS: Milliseconds = 15 * 60_000
"""What was written longer ago than this is not sent without the person."""
FRESH_MS: Milliseconds = 30_000
"""An item that waited longer than this leaves only after a look at its chat."""

NOTHING = "Nothing was sent"


@dataclass(frozen=True, slots=True)
class No:
    """Why an item is not sent, and of which kind that is where `core.capabilities` says so.

    `look`: a look at the chat may show that it can be after all.
    """

    title: str
    hint: str = ""
    look: bool = False
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """A chat, its messaging window, and whether the customer ever wrote."""

    chat: Chat
    window: Window
    written: bool


def chat_facts(cache: sqlite3.Connection, chat_id: str) -> ChatFacts | None:
    """What of a chat decides about acts; None where it is not cached."""
    row = cache.execute(
        "SELECT window_closes_at, EXISTS (SELECT 1 FROM messages m WHERE m.chat = c.pk "
        f"AND m.direction != 'outbound'), {', '.join(f'c.{name}' for name in CHAT_COLUMNS)} "
        "FROM chats c WHERE c.id = ?",
        (chat_id,),
    ).fetchone()
    if row is None:
        return None
    chat = chat_of(row[2:])
    window = Window(chat.platform in WINDOW_PLATFORMS, row[0])
    return ChatFacts(chat, window, bool(row[1]) or chat.last_inbound_at is not None)


def refusal(
    writer: Writer, item: OutboxItem, profile: Profile | None, *, now: Milliseconds, offset: Milliseconds
) -> No | None:
    """Why a send must not leave now; None: it may. `offset`: server time minus `now`."""
    written = now - item.created_at
    if written > STALE_MS:
        return No(
            f"Written {age(written)} ago and not sent since",
            "Read the chat; send it again if it still fits",
        )
    found = chat_facts(writer.cache, item.chat_id)
    if found is None:
        return No("The chat is not in the cache", "Sync first; nothing was sent", look=True)
    if found.chat.profile_id != item.profile_id:
        return No("The chat belongs to another profile now", "Nothing was sent; write it again there")
    no = next(send_refusals(writer.cache, found, item.payload, profile, now + offset), None)
    if no is not None:
        return no
    if elsewhere(writer.cache, writer.local, item.chat_id, item.created_at + offset) is not None:
        return No("Answered elsewhere meanwhile", "Read the chat; send it again if it still fits")
    return None


def send_refusals(
    cache: sqlite3.Connection,
    facts: ChatFacts,
    payload: JsonObject,
    profile: Profile | None,
    now: Milliseconds,
) -> Iterator[No]:
    """Why a send into a chat would be refused, at any age; nothing: it would not. `now` in server time."""
    platform = facts.chat.platform
    answered = lookups.message(cache, str(payload["reply_to_id"])) if payload.get("reply_to_id") else None
    for act in _acts(payload):
        message = answered if act is Act.REPLY_TO else None
        answer = capabilities.ask(
            act, facts.chat, message, now=now, profile=profile, window=facts.window, written=facts.written
        )
        if isinstance(answer, capabilities.Refused):
            yield No(answer.reason, NOTHING, look=answer.cause in (Cause.WINDOW, Cause.NOT_WRITTEN))
    yield from text_problems(platform, payload)
    if "reply_markup" in payload:
        yield from keyboard_problems(payload["reply_markup"])
    if payload.get("file"):
        size = payload.get("size")
        kind = str(payload.get("type") or "")
        problem = file_problem(platform, kind, size) if isinstance(size, int) else None
        if problem is not None:
            yield No(f"{payload.get('file_name') or 'The file'} cannot be sent: {problem}", NOTHING)
    if payload.get("media_url"):
        problem = address_problem(platform, str(payload["media_url"]))
        if problem is not None:
            yield No(f"The file at this address cannot be sent: {problem}", NOTHING)


def _acts(payload: JsonObject) -> list[Act]:
    """What a send needs to be allowed; first what a platform never can."""
    acts = [Act.REPLY_TO] if payload.get("reply_to") else []
    if payload.get("reply_markup"):
        acts.append(Act.REPLY_MARKUP)
    return [*acts, Act.SEND_ATTACHMENT if payload.get("file") or payload.get("media_url") else Act.SEND_TEXT]


def text_problems(platform: str, payload: JsonObject, *, caption: bool = False) -> Iterator[No]:
    """What a platform would refuse of the text of an act, where it has one."""
    if "text" not in payload:
        return
    text = str(payload["text"])
    if not text.strip():
        yield No("The text is empty", NOTHING)
    measured = measure(platform, text, caption=caption)
    if measured.over and measured.limit is not None:
        yield No(
            f"The {'caption' if caption else 'text'} is {measured.excess} too long for "
            f"{capabilities.platform_name(platform)}",
            NOTHING,
        )


def keyboard_problems(markup: Json, *, edit: bool = False) -> Iterator[No]:
    """What Telegram would refuse of a keyboard; `edit`: it is to be put under a message that was sent."""
    for fault in keyboards.check(markup, edit=edit):
        yield No(f"Telegram would refuse the keyboard: {fault}", NOTHING)
