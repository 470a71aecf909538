"""What in a chat may be a send whose answer was lost: own messages with its words that nobody else sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from inbox_tui.core.models import Direction, Message, Milliseconds
from inbox_tui.core.text import clean
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.records import MESSAGE_COLUMNS, message_of

CLOCK_TOLERANCE_MS: Milliseconds = 1_500
"""Server times are known to a second: its Date header has no fraction."""
_POSTED_EARLY_MS: Milliseconds = 60_000
"""A platform's clock may be behind the service's, so a message may stand before the time it was made at."""


def sent_at(item: OutboxItem, offset: Milliseconds) -> Milliseconds:
    """When an item was dispatched, by the server's clock; `offset`: what that clock is ahead of ours now.

    The difference of the moment itself counts where it is known: clocks are set, and one may run faster.
    """
    ahead = offset if item.clock_offset is None else item.clock_offset
    return (item.dispatched_at or item.created_at) + ahead


def fits(item: OutboxItem, message: Message, since: Milliseconds) -> bool:
    """Whether a message has what an item says and was made at `since` (server time) or later.

    A private reply is told by its comment, which has one alone, whatever the clocks say.
    """
    if message.direction != Direction.OUTBOUND:
        return False
    comment = item.payload.get("comment_external_id")
    if message.external_comment_id != comment if comment else message.created_at < since - CLOCK_TOLERANCE_MS:
        return False
    if item.payload.get("file") or item.payload.get("media_url"):
        return not message.body and bool(message.attachments)
    return message.deleted_at is None and (message.body or "").strip() == clean(item.text).strip()


def unclaimed(
    cache: sqlite3.Connection, local: sqlite3.Connection, item: OutboxItem, messages: Sequence[Message]
) -> list[Message]:
    """Those of some messages that no other item has, and that were not known when the item was written."""
    taken = {
        str(row[0])
        for row in local.execute(
            "SELECT message_id FROM outbox WHERE chat_id = ? AND message_id IS NOT NULL AND pk IS NOT ?",
            (item.chat_id, item.pk),
        )
    }
    (generation,) = cache.execute("SELECT value FROM main.meta WHERE key = 'generation'").fetchone()
    made_in, arrived = local.execute(
        "SELECT generation, arrived FROM outbox WHERE pk = ?", (item.pk,)
    ).fetchone()
    if made_in == generation:
        ids = [message.id for message in messages]
        taken |= {
            str(row[0])
            for row in cache.execute(
                f"SELECT id FROM messages WHERE id IN ({', '.join('?' * len(ids))}) "
                "AND (arrived IS NULL OR arrived <= ?)",
                (*ids, arrived),
            )
        }
    return [message for message in messages if message.id not in taken]


def lookalikes(
    cache: sqlite3.Connection, local: sqlite3.Connection, item: OutboxItem, offset: Milliseconds
) -> list[Message]:
    """The cached messages that may be what became of an item, oldest first.

    `local` may be the same connection as `cache` where that has both files; `offset` as in `sent_at`.
    """
    since = sent_at(item, offset)
    rows = cache.execute(
        f"SELECT {', '.join(f'm.{name}' for name in MESSAGE_COLUMNS)} FROM messages m "
        "WHERE m.chat = (SELECT pk FROM chats WHERE id = ?) AND m.position_at >= ? "
        "ORDER BY m.position_at, m.id",
        (item.chat_id, since - _POSTED_EARLY_MS),
    )
    messages = [message_of(row, item.chat_id) for row in rows]
    return unclaimed(cache, local, item, [message for message in messages if fits(item, message, since)])


def answers_to_comment(
    cache: sqlite3.Connection, local: sqlite3.Connection, item: OutboxItem, offset: Milliseconds
) -> list[Message]:
    """The cached messages that may be what became of a private reply: those that name its comment.

    The arguments are those of `lookalikes`.
    """
    since = sent_at(item, offset)
    rows = cache.execute(
        f"SELECT c.id, {', '.join(f'm.{name}' for name in MESSAGE_COLUMNS)} FROM messages m "
        "JOIN chats c ON c.pk = m.chat WHERE m.external_comment_id = ? ORDER BY m.position_at, m.id",
        (item.payload.get("comment_external_id"),),
    )
    messages = [message_of(row[1:], str(row[0])) for row in rows]
    return unclaimed(cache, local, item, [message for message in messages if fits(item, message, since)])
