"""Whether an act may leave, and whether what it asks for is so already.

The command line asks before it queues, the outbox again when the item would leave; both by the table of
`core.capabilities` and by what the cache holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from inbox_tui.core import capabilities, keyboards, reactions
from inbox_tui.core.capabilities import Act
from inbox_tui.core.models import Chat, JsonObject, Message, Milliseconds, Profile, Reaction
from inbox_tui.core.text import clean
from inbox_tui.store import acts, fetched, lookups
from inbox_tui.store.acts import ActName
from inbox_tui.sync.checks import NOTHING, No, chat_facts, keyboard_problems, send_refusals, text_problems


@dataclass(frozen=True, slots=True)
class Asked:
    """An act as it is asked for, in the outbox or before it gets there."""

    act: str
    chat_id: str
    profile_id: str
    payload: JsonObject


def refusal(
    cache: sqlite3.Connection,
    local: sqlite3.Connection,
    asked: Asked,
    *,
    profile: Profile | None,
    now: Milliseconds,
) -> No | None:
    """Why an act must not leave; None: it may. `now` in server time.

    `local` may be the same connection as `cache` where that has both files.
    """
    if profile is None:
        return No("The profile of this is not connected any more", NOTHING)
    return next(_refusals(cache, local, asked, profile, now), None)


def _refusals(
    cache: sqlite3.Connection,
    local: sqlite3.Connection,
    asked: Asked,
    profile: Profile,
    now: Milliseconds,
) -> Iterator[No]:
    if asked.act == ActName.PRIVATE_REPLY:
        comment = fetched.comment(cache, profile.id, str(asked.payload.get("comment_id")))
        replied = acts.replied(cache, local, asked.payload)
        yield from _no(
            capabilities.ask(
                Act.PRIVATE_REPLY, None, now=now, profile=profile, comment=comment, replied=replied
            )
        )
        yield from text_problems(profile.platform, asked.payload)
        return
    if asked.act == ActName.NEW_CHAT:
        yield from _new_chat(cache, asked, profile, now)
        return
    facts = chat_facts(cache, asked.chat_id)
    if facts is None:
        yield No("The chat is not in the cache", f"Sync first; {NOTHING.lower()}")
        return
    chat = facts.chat
    if asked.act == ActName.SEND:
        yield from send_refusals(cache, facts, asked.payload, profile, now)
        return
    message = _message(cache, asked)
    if message is None and asked.act in acts.MESSAGE_ACTS:
        yield No("The message is not in the cache", f"Sync first; {NOTHING.lower()}")
    for act in _acts(asked, message):
        yield from _no(capabilities.ask(act, chat, message, now=now, profile=profile))
    if asked.act == ActName.REACT:
        names = (_words(asked.payload, "reaction"), _words(asked.payload, "emoji"))
        if problem := capabilities.reaction_problem(chat.platform, *names):
            yield No(problem, NOTHING)
    if asked.act == ActName.EDIT and message is not None:
        yield from text_problems(chat.platform, asked.payload, caption=bool(message.attachments))
        if "reply_markup" in asked.payload:
            yield from keyboard_problems(asked.payload["reply_markup"], edit=True)


def _acts(asked: Asked, message: Message | None) -> list[Act]:
    """What an act needs to be allowed."""
    if asked.act != ActName.EDIT:
        return [Act(asked.act)]
    needed = []
    if "text" in asked.payload:
        needed.append(Act.EDIT_CAPTION if message is not None and message.attachments else Act.EDIT_TEXT)
    if "reply_markup" in asked.payload:
        needed.append(Act.EDIT_KEYBOARD)
    return needed


def _new_chat(cache: sqlite3.Connection, asked: Asked, profile: Profile, now: Milliseconds) -> Iterator[No]:
    yield from _no(capabilities.ask(Act.NEW_CHAT, None, now=now, profile=profile))
    participant = str(asked.payload.get("participant") or "")
    if problem := capabilities.participant_problem(profile.platform, participant):
        yield No(problem, NOTHING)
    if "text" not in asked.payload:
        return
    known = cache.execute(
        "SELECT id FROM chats WHERE profile_id = ? AND participant_external_id = ?", (profile.id, participant)
    ).fetchone()
    facts = None if known is None else chat_facts(cache, str(known[0]))
    if facts is None:
        unknown = Chat("", profile.id, profile.platform, participant, created_at=now)
        yield from _no(capabilities.ask(Act.SEND_TEXT, unknown, now=now, profile=profile))
        yield from text_problems(profile.platform, asked.payload)
    else:
        yield from send_refusals(cache, facts, asked.payload, profile, now)


def _no(answer: capabilities.Answer) -> Iterator[No]:
    if isinstance(answer, capabilities.Refused):
        yield No(answer.reason, NOTHING, cause=answer.cause)


def _words(payload: JsonObject, name: str) -> str | None:
    value = payload.get(name)
    return None if value is None else str(value)


def _message(cache: sqlite3.Connection, asked: Asked) -> Message | None:
    message_id = asked.payload.get("message_id")
    return lookups.message(cache, str(message_id)) if message_id else None


def is_so(cache: sqlite3.Connection, asked: Asked) -> bool:
    """Whether the cache shows already what an act asks for, so that nothing need be asked of the API."""
    facts = chat_facts(cache, asked.chat_id)
    if facts is None:
        return False
    if asked.act in acts.CHAT_ACTS:
        return shows(asked, facts.chat, facts.chat)
    message = _message(cache, asked)
    return message is not None and shows(asked, message, facts.chat)


def shows(asked: Asked, answer: Message | Chat, chat: Chat | None) -> bool:
    """Whether an answer of the API shows what an act asked for. `chat`: the message's, as it is cached."""
    if isinstance(answer, Chat):
        return answer.archived is (asked.act == ActName.ARCHIVE)
    if asked.act == ActName.EDIT:
        return answer.deleted_at is None and _says(asked.payload, answer)
    own = own_reaction(answer, chat)
    if asked.act == ActName.UNREACT:
        return own is None
    return own is not None and chat is not None and _is_reaction(asked.payload, own, chat.platform)


def own_reaction(message: Message, chat: Chat | None) -> Reaction | None:
    """Our reaction to a message: the one that is not the customer's."""
    customer = None if chat is None else chat.participant_external_id
    return next((each for each in message.reactions if each.sender_external_id != customer), None)


def _is_reaction(payload: JsonObject, own: Reaction, platform: str) -> bool:
    """By its name; `love` by its looks, as the API notes it beside an emoji that has no name of its own."""
    name, emoji = _words(payload, "reaction"), _words(payload, "emoji")
    if emoji is None and name not in (None, reactions.LOVE):
        return own.reaction == name
    wanted = reactions.looks(platform, name, emoji)
    return reactions.bare(wanted) == reactions.bare(reactions.looks(platform, own.reaction, own.emoji))


def _says(payload: JsonObject, message: Message) -> bool:
    if "text" in payload and clean(str(payload["text"])).strip() != (message.body or "").strip():
        return False
    return "reply_markup" not in payload or keyboards.parse(payload["reply_markup"]) == keyboards.parse(
        message.reply_markup
    )
