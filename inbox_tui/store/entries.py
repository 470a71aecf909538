"""The outbox as people read it: what has not arrived yet, and words that were given up."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from inbox_tui.core.models import Chat
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, item_of
from inbox_tui.store.outbox import WITH_WORDS
from inbox_tui.store.records import CHAT_COLUMNS, chat_of

MOST = 200
"""How many items are read at once; more than that nobody decides about one by one."""
LOOKED_BACK = 5_000
"""How many of the newest items are looked at for words that were given up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of the outbox, and the chat that it is about where the cache has it."""

    item: OutboxItem
    chat: Chat | None
    platform: str
    profile: str


def unsettled(reader: sqlite3.Connection) -> list[Entry]:
    """What is not at its end: first what waits for a decision, then the rest; of each the newest first."""
    return _entries(
        reader,
        "o.state NOT IN ('settled', 'discarded') "
        "ORDER BY o.state NOT IN ('failed', 'uncertain'), o.pk DESC LIMIT ?",
        (MOST,),
    )


def given_up(reader: sqlite3.Connection) -> list[Entry]:
    """Words that were given up and not brought back, the newest first.

    What was taken back while it was held, or replaced, has no title: nothing had gone wrong with it.
    """
    return _entries(
        reader,
        f"o.state = 'discarded' AND o.act IN {WITH_WORDS} AND o.title != '' "
        "AND (json_extract(o.payload, '$.text') != '' OR json_extract(o.payload, '$.file') IS NOT NULL "
        "OR json_extract(o.payload, '$.media_url') IS NOT NULL) "
        "AND o.pk > (SELECT max(pk) FROM local.outbox) - ? ORDER BY o.pk DESC LIMIT ?",
        (LOOKED_BACK, MOST),
    )


def chats_with_failed_messages(reader: sqlite3.Connection) -> int:
    """How many chats want a decision about a failed message that no item of the outbox stands for."""
    (count,) = reader.execute(
        "SELECT count(*) FROM main.chats c WHERE c.failed > 0 AND NOT EXISTS (SELECT 1 FROM local.outbox o "
        "WHERE o.chat_id = c.id AND o.state IN ('failed', 'uncertain') "
        "AND o.state NOT IN ('settled', 'discarded'))"
    ).fetchone()
    return int(count)


def failed_in_chats(count: int) -> str:
    """That number in words, for whoever looks for failed messages in the outbox."""
    chats = "1 chat" if count == 1 else f"{count} chats"
    return f"failed messages stand in {chats}, as the service tells them"


def _entries(reader: sqlite3.Connection, condition: str, values: Sequence[int]) -> list[Entry]:
    items = ", ".join(f"o.{name.strip()}" for name in ITEM_COLUMNS.split(","))
    chats = ", ".join(f"c.{name}" for name in CHAT_COLUMNS)
    rows = reader.execute(
        f"SELECT c.pk, p.platform, p.name, {items}, {chats} FROM local.outbox o "
        "LEFT JOIN main.chats c ON c.id = o.chat_id LEFT JOIN main.profiles p ON p.id = o.profile_id "
        f"WHERE {condition}",
        values,
    )
    width = len(ITEM_COLUMNS.split(","))
    return [
        Entry(
            item_of(row[3 : 3 + width]),
            None if row[0] is None else chat_of(row[3 + width :]),
            str(row[1] or ""),
            str(row[2] or ""),
        )
        for row in rows
    ]
