"""What is asked of an outbox item again at the moment when it would leave: is it still right to send it?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from inbox_tui.core import capabilities
from inbox_tui.core.capabilities import Act, Cause
from inbox_tui.core.models import Chat, Milliseconds, Platform, Profile
from inbox_tui.core.times import age
from inbox_tui.core.window import Window
from inbox_tui.store.local import OutboxItem
from inbox_tui.store.records import CHAT_COLUMNS, chat_of
from inbox_tui.store.replies import elsewhere
from inbox_tui.store.writes import Writer

STALE_MS: Milliseconds = 15 * 60_000
"""What was written longer ago than this is not sent without the person."""
FRESH_MS: Milliseconds = 30_000
"""An item that waited longer than this leaves only after a look at its chat."""


@dataclass(frozen=True, slots=True)
class No:
    """Why an item is not sent. `look`: a look at the chat may show that it can be after all."""

    title: str
    hint: str = ""
    look: bool = False


def chat_facts(cache: sqlite3.Connection, chat_id: str) -> tuple[Chat, Window, bool] | None:
    """The chat, its messaging window, and whether the customer ever wrote."""
    row = cache.execute(
        "SELECT window_closes_at, EXISTS (SELECT 1 FROM messages m WHERE m.chat = c.pk "
        f"AND m.direction != 'outbound'), {', '.join(f'c.{name}' for name in CHAT_COLUMNS)} "
        "FROM chats c WHERE c.id = ?",
        (chat_id,),
    ).fetchone()
    if row is None:
        return None
    chat = chat_of(row[2:])
    window = Window(chat.platform in (Platform.FACEBOOK, Platform.INSTAGRAM), row[0])
    return chat, window, bool(row[1]) or chat.last_inbound_at is not None


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
    chat, window, has_written = found
    if chat.profile_id != item.profile_id:
        return No("The chat belongs to another profile now", "Nothing was sent; write it again there")
    for act in _acts(item):
        answer = capabilities.ask(
            act, chat, now=now + offset, profile=profile, window=window, written=has_written
        )
        if isinstance(answer, capabilities.Refused):
            return No(
                answer.reason, "Nothing was sent", look=answer.cause in (Cause.WINDOW, Cause.NOT_WRITTEN)
            )
    if elsewhere(writer.cache, writer.local, item.chat_id, item.created_at + offset) is not None:
        return No("Answered elsewhere meanwhile", "Read the chat; send it again if it still fits")
    return None


def _acts(item: OutboxItem) -> list[Act]:
    """What a send needs to be allowed."""
    acts = [
        Act.SEND_ATTACHMENT if item.payload.get("file") or item.payload.get("media_url") else Act.SEND_TEXT
    ]
    if item.payload.get("reply_to"):
        acts.append(Act.REPLY_TO)
    if item.payload.get("reply_markup"):
        acts.append(Act.REPLY_MARKUP)
    return acts
