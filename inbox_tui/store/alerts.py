"""What a person who looks elsewhere is told: new messages, and reply windows that are about to close.

Several screens may be open, and each thing is told by one of them: the one whose claim is written first.
Claims stand in `local.db`, so that nothing is told twice across restarts either.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inbox_tui.core.models import Milliseconds
from inbox_tui.core.window import HOUR, MINUTE
from inbox_tui.store.db import in_lists, transaction

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

STEPS: Sequence[Milliseconds] = (HOUR, 15 * MINUTE)
"""How long before a window closes its chat is told of, once each."""
MOST_CHANGED = 500
"""Chats that are looked into one by one."""
LATEST = 24 * HOUR
"""What was written longer ago is no news, where more chats than those have changed at once."""
MOST_CLOSING = 1_000
"""Windows that are looked at in one go; more than can be answered in an hour."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How far a cache has been heard: its generation, the newest arrival number, the newest transaction."""

    generation: int
    arrived: int
    rev: int


@dataclass(frozen=True, slots=True)
class News:
    """A chat with new messages of the customer; `arrived`: the number of the newest."""

    pk: int
    chat_id: str
    arrived: int


def heard_now(reader: sqlite3.Connection) -> Heard:
    """How far the cache goes at this moment."""
    values = dict(
        reader.execute(
            "SELECT key, value FROM main.meta WHERE key IN ('generation', 'arrived', 'rev')"
        ).fetchall()
    )
    return Heard(int(values["generation"]), int(values["arrived"]), int(values["rev"]))


def news(reader: sqlite3.Connection, beyond: Heard, now: Milliseconds) -> tuple[Heard, list[News]]:
    """How far the cache goes, and the chats whose customers have written since `beyond`, oldest news first.

    `reader`: both files, as the screen reads them, and in no transaction. `now`: by the server's clock. What
    was there before the first sync of the account began is no news, nor is anything in a cache that was built
    anew.
    """
    # One state of the file: what is committed meanwhile is found the next time, and not passed over.
    reader.execute("BEGIN")
    try:
        heard = heard_now(reader)
        if heard.generation != beyond.generation or heard.arrived == beyond.arrived:
            return heard, []
        return heard, _news(reader, beyond, now)
    finally:
        reader.execute("COMMIT")


def _news(reader: sqlite3.Connection, beyond: Heard, now: Milliseconds) -> list[News]:
    first = reader.execute("SELECT value FROM local.meta WHERE key = 'first_sync_at'").fetchone()
    if first is None:
        return []
    condition = (
        "m.arrived > ? AND m.direction != 'outbound' AND m.deleted_at IS NULL AND m.position_at >= ? "
        "GROUP BY c.pk"
    )
    select = "SELECT c.pk, c.id, max(m.arrived) FROM"
    changed = reader.execute(
        "SELECT pk FROM main.chats WHERE rev > ? LIMIT ?", (beyond.rev, MOST_CHANGED + 1)
    ).fetchall()
    if len(changed) > MOST_CHANGED:
        from inbox_tui.store.rows import TIE_BITS

        start = max(int(first[0]), now - LATEST) << TIE_BITS
        rows = reader.execute(
            f"{select} messages m JOIN chats c ON c.pk = m.chat WHERE m.pk >= ? AND {condition}",
            (start, beyond.arrived, first[0]),
        ).fetchall()
    else:
        rows = [
            row
            for places, pks in in_lists([int(pk) for (pk,) in changed])
            for row in reader.execute(
                f"{select} chats c CROSS JOIN messages m ON m.chat = c.pk WHERE c.pk IN ({places}) "
                f"AND {condition}",
                (*pks, beyond.arrived, first[0]),
            )
        ]
    return sorted((News(*row) for row in rows), key=lambda each: each.arrived)


def claim_news(writer: Writer, heard: Heard) -> int | None:
    """Take it upon oneself to tell what has arrived up to `heard`.

    Returns the number from which on it is still to be told; None: another screen has told all of it.
    """
    with transaction(writer.local):
        row = writer.local.execute("SELECT generation, arrived FROM told").fetchone()
        before = int(row[1]) if row is not None and row[0] == heard.generation else 0
        if before >= heard.arrived:
            return None
        writer.local.execute("DELETE FROM told")
        writer.local.execute("INSERT INTO told VALUES (?, ?)", (heard.generation, heard.arrived))
    return before


@dataclass(frozen=True, slots=True)
class Closing:
    """A chat that waits for a reply, and whose window closes within an hour.

    `step`: how many of STEPS it has come below.
    """

    chat_id: str
    closes_at: Milliseconds
    step: int


def closing(reader: sqlite3.Connection, now: Milliseconds) -> list[Closing]:
    """The windows that close within an hour of `now` (server time), the next first; none that is put away."""
    rows = reader.execute(
        "SELECT id, window_closes_at FROM chats WHERE unanswered > 0 AND window_closes_at > ? "
        "AND window_closes_at <= ? AND NOT coalesce(snoozed_until > ?, 0) ORDER BY window_closes_at LIMIT ?",
        (now, now + STEPS[0], now, MOST_CLOSING),
    )
    return [
        Closing(str(chat_id), closes_at, sum(closes_at - now <= step for step in STEPS))
        for chat_id, closes_at in rows
    ]


def same_window(one: Milliseconds, other: Milliseconds) -> bool:
    """Whether two closing times are of one window: what the customer writes moves it by most of a day."""
    return abs(one - other) < HOUR


def claim_closing(writer: Writer, found: Iterable[Closing], now: Milliseconds) -> tuple[Closing, ...]:
    """Take it upon oneself to tell of closing windows; returns those of which nobody has told yet."""
    mine = []
    with transaction(writer.local):
        for each in found:
            row = writer.local.execute(
                "SELECT closes_at, step FROM alarms WHERE chat_id = ?", (each.chat_id,)
            ).fetchone()
            if row is not None and same_window(row[0], each.closes_at) and row[1] >= each.step:
                continue
            writer.local.execute(
                "INSERT OR REPLACE INTO alarms (chat_id, closes_at, step) VALUES (?, ?, ?)",
                (each.chat_id, each.closes_at, each.step),
            )
            mine.append(each)
        if mine:
            writer.local.execute("DELETE FROM alarms WHERE closes_at < ?", (now - HOUR,))
    return tuple(mine)
