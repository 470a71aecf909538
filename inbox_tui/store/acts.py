"""Acts of the person other than sending: edit, react, archive, answer a comment, begin a chat.

They are outbox items like sends (`store.sends`): written down first, drawn at once as pending, carried out
by the engine, and drawn as refused where the platform says no. Nothing in the cache changes before the API
has answered, so a refusal takes nothing back: the pending drawing is only an overlay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Json, JsonObject
from inbox_tui.core.text import clean
from inbox_tui.store import outbox, sends
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, State, item_of
from inbox_tui.store.marks import known_now, touch

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer


class ActName(StrEnum):
    """What an outbox item does, with the keys of its payload.

    `message_id` is the API's id. An edit names what it changes: `text` (of a file, the caption),
    `reply_markup` (an empty one removes the keyboard), and `before`, the same as it was at the beginning.
    """

    SEND = "send"
    """`text`, `file` or `media_url`, and what else a draft may hold (`store.drafts.EXTRAS`)."""
    EDIT = "edit"
    """`message_id`, `text` and/or `reply_markup`, `before`."""
    REACT = "react"
    """`message_id`, `emoji` and/or `reaction` (a name)."""
    UNREACT = "unreact"
    """`message_id`."""
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    PRIVATE_REPLY = "private_reply"
    """`post_id`, `comment_id`, `comment_external_id`, `text`; the chat is `comment_chat(comment_id)`."""
    NEW_CHAT = "new_chat"
    """`participant`, the name and user name that are known of them (`participant_name`,
    `participant_username`), and `text` to be sent into it; the chat is `new_chat_of(profile, participant)`.
    """


MESSAGE_ACTS = (ActName.EDIT, ActName.REACT, ActName.UNREACT)
CHAT_ACTS = (ActName.ARCHIVE, ActName.UNARCHIVE)
_SAME_PLACE: Mapping[str, tuple[ActName, ...]] = {
    ActName.EDIT: (ActName.EDIT,),
    ActName.REACT: (ActName.REACT, ActName.UNREACT),
    ActName.UNREACT: (ActName.REACT, ActName.UNREACT),
    ActName.ARCHIVE: CHAT_ACTS,
    ActName.UNARCHIVE: CHAT_ACTS,
    ActName.PRIVATE_REPLY: (ActName.PRIVATE_REPLY,),
    ActName.NEW_CHAT: (ActName.NEW_CHAT,),
}
"""Which acts decide about the same thing, so that only the newest of them counts."""


def comment_chat(comment_id: str) -> str:
    """What stands for the chat of a private reply, and of its draft, as no chat is known yet."""
    return f"comment:{comment_id}"


def new_chat_of(profile_id: str, participant: str) -> str:
    """What stands for a chat that is to be made."""
    return f"new:{profile_id}:{participant}"


def named(name: str | None, username: str | None) -> JsonObject:
    """What a new chat's payload holds of a name and a user name (an @ in front is none of it)."""
    values = {
        "participant_name": " ".join(clean(name or "").split()),
        "participant_username": " ".join(clean(username or "").split()).removeprefix("@"),
    }
    return {key: value for key, value in values.items() if value}


def edit_draft(message_id: str) -> str:
    """Under which key the unfinished edit of a message is kept among the drafts."""
    return f"edit:{message_id}"


def about(item: OutboxItem) -> str | None:
    """The message that an act changes; None for sends, chats and comments."""
    return str(item.payload.get("message_id") or "") or None if item.act in MESSAGE_ACTS else None


def lane(item: OutboxItem) -> str:
    """In what an item waits for its turn: acts on a message or a chat do not wait for the chat's sends."""
    if (message_id := about(item)) is not None:
        return f"message:{message_id}"
    return f"archive:{item.chat_id}" if item.act in CHAT_ACTS else item.chat_id


def queue_act(
    writer: Writer,
    act: ActName,
    chat_id: str,
    profile_id: str,
    payload: JsonObject,
    *,
    screen: int | None = None,
    from_draft: str | None = None,
    hold_ms: int | None = None,
) -> OutboxItem:
    """Put an act into the outbox; it is safe when this returns.

    What waits already and decides about the same thing (another reaction to the message, the opposite of an
    archiving) is replaced; an edit that waits becomes one with the new one. `from_draft` names the draft that
    the words come from: it is removed in the same transaction, where it still holds them. A private reply is
    held back like a send, `hold_ms` says for how long; the other acts leave at once.

    Raises Refused, and queues nothing, where the same is on its way already, or the comment has its reply.
    """
    if hold_ms is None:
        hold_ms = sends.HOLD_MS if act is ActName.PRIVATE_REPLY else 0
    known = known_now(writer, chat_id)
    if act is ActName.PRIVATE_REPLY and replied(writer.cache, writer.local, payload):
        raise Refused("This comment has had its private reply", "Meta allows one for each comment, ever")
    with transaction(writer.local) as rev:
        payload = _supersede(writer.local, act, chat_id, payload)
        if from_draft is not None:
            writer.local.execute(
                "DELETE FROM drafts WHERE chat_id = ?1 AND (?2 IS NULL OR text = ?2)",
                (from_draft, payload.get("text")),
            )
            touch(writer.local, from_draft, rev)
        pk = outbox.insert(
            writer, act, chat_id, profile_id, payload, known, now=now_ms(), hold_ms=hold_ms, screen=screen
        )
        touch(writer.local, chat_id, rev)
    return outbox.item_of_number(writer.local, pk)


def _supersede(connection: sqlite3.Connection, act: ActName, chat_id: str, payload: JsonObject) -> JsonObject:
    """Take away what the act makes pointless; returns its payload with what it takes over.

    Raises Refused where the same waits or is on its way already.
    """
    for item in open_acts(connection, chat_id, _SAME_PLACE[act]):
        if item.payload.get("message_id") != payload.get("message_id"):
            continue
        over = item.state in (State.FAILED, State.UNCERTAIN)
        if act is ActName.PRIVATE_REPLY and not (over and item.state == State.FAILED):
            raise Refused("A private reply to this comment is on its way", "Meta allows one for each comment")
        if not over and item.act == act and _asks(item.payload) == _asks(payload):
            raise Refused("This is on its way already", "Nothing was asked for twice")
        if item.state == State.QUEUED:
            payload = _joined(item.payload, payload) if act is ActName.EDIT else payload
        elif not over or not set(_asks(item.payload)) <= set(_asks(payload)):
            # What has left is waited for; what failed and is not repeated by this stays to be seen.
            continue
        # Without its words: what it asked for is replaced, not given up.
        connection.execute("UPDATE outbox SET state = 'discarded', payload = '{}' WHERE pk = ?", (item.pk,))
    return payload


def takes_back(connection: sqlite3.Connection, act: ActName, chat_id: str, payload: JsonObject) -> bool:
    """Whether an act is the opposite of one that waits, so that it can be taken whatever is so now."""
    return act is not ActName.EDIT and any(
        item.act != act
        and item.state == State.QUEUED
        and item.payload.get("message_id") == payload.get("message_id")
        for item in open_acts(connection, chat_id, _SAME_PLACE[act])
    )


def _asks(payload: JsonObject) -> Mapping[str, Json]:
    """What a payload asks for, without what it was when the person began."""
    return {name: value for name, value in payload.items() if name != "before"}


def _joined(old: JsonObject, new: JsonObject) -> JsonObject:
    """One edit instead of two that follow one another."""
    return {**old, **new, "before": old.get("before") or new.get("before")}


def settle_new_chat(writer: Writer, item: OutboxItem, chat_id: str) -> OutboxItem | None:
    """The API has made the chat of an item, or had it: settle the item, and queue its text as a send.

    From then on the item names the chat. The text is held back where a screen lives that can take it back.
    Returns the send; None where there is no text, or somebody was faster.
    """
    known = known_now(writer, chat_id)
    with transaction(writer.local) as rev:
        cursor = writer.local.execute(
            "UPDATE outbox SET state = 'settled', payload = '{}', title = '', hint = '', next_try_at = NULL, "
            "chat_id = ? WHERE pk = ? AND key = ? AND state = ?",
            (chat_id, item.pk, item.key, item.state),
        )
        if cursor.rowcount == 0:
            return None
        touch(writer.local, item.chat_id, rev)
        touch(writer.local, chat_id, rev)
        if not item.text:
            return None
        pk = outbox.insert(
            writer,
            ActName.SEND,
            chat_id,
            item.profile_id,
            {"text": item.text},
            known,
            now=now_ms(),
            hold_ms=0 if item.screen is None else sends.HOLD_MS,
            screen=item.screen,
        )
    return outbox.item_of_number(writer.local, pk)


def first_send(reader: sqlite3.Connection, item: OutboxItem) -> OutboxItem | None:
    """The send that a new chat was begun with, where it had a text."""
    row = reader.execute(
        f"SELECT {ITEM_COLUMNS} FROM outbox WHERE chat_id = ? AND pk > ? AND act = 'send' "
        "ORDER BY pk LIMIT 1",
        (item.chat_id, item.pk),
    ).fetchone()
    return None if row is None else item_of(row)


def note_chat(writer: Writer, chat_id: str) -> None:
    """Note that a chat has a message that was written here under another name: a private reply."""
    with transaction(writer.local) as rev:
        touch(writer.local, chat_id, rev)


def chats_written_to(writer: Writer, item: OutboxItem) -> list[str]:
    """The chats in which a private reply stands, or stood before it was tried again."""
    if item.act != ActName.PRIVATE_REPLY:
        return []
    rows = writer.cache.execute(
        "SELECT c.id FROM messages m JOIN chats c ON c.pk = m.chat WHERE m.id IN (?, ?)",
        (item.message_id, item.retry_of),
    )
    return [str(row[0]) for row in rows]


def open_acts(
    connection: sqlite3.Connection, chat_id: str, names: tuple[ActName, ...] = (*MESSAGE_ACTS, *CHAT_ACTS)
) -> list[OutboxItem]:
    """Acts of a chat that are not at their end, oldest first; failed and uncertain ones are among them."""
    rows = connection.execute(
        f"SELECT {ITEM_COLUMNS} FROM outbox WHERE chat_id = ? AND state NOT IN ('settled', 'discarded') "
        f"AND act IN ({', '.join('?' * len(names))}) ORDER BY pk",
        (chat_id, *names),
    )
    return [item_of(row) for row in rows]


def replied(cache: sqlite3.Connection, local: sqlite3.Connection, payload: JsonObject) -> bool:
    """Whether a comment has had its one private reply, as far as the cache and the outbox know.

    `payload`: that of a private reply. One that failed before it left, and one that the platform did not
    take, are none.
    """
    sent = local.execute(
        "SELECT 1 FROM outbox WHERE chat_id = ? AND act = 'private_reply' "
        "AND (state = 'settled' OR state = 'accepted')",
        (comment_chat(str(payload.get("comment_id"))),),
    ).fetchone()
    if sent is not None:
        return True
    known = cache.execute(
        "SELECT 1 FROM messages WHERE external_comment_id = ? AND direction = 'outbound' "
        "AND status != 'failed' LIMIT 1",
        (payload.get("comment_external_id"),),
    ).fetchone()
    return known is not None
