"""Seen and done marks: what an act of the person covered, in `local.db`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inbox_tui.core.models import Milliseconds
from inbox_tui.store.db import explained, now_ms, transaction

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

NO_CACHE = 0
"""The generation of acts that cover by place; no cache has it."""
LAST_ID = "\U0010ffff"
"""Behind every id."""


def touch(local: sqlite3.Connection, chat_id: str, rev: int) -> None:
    """Note that something of a chat changed in `local.db`, inside the caller's transaction."""
    local.execute("INSERT OR REPLACE INTO touched (chat_id, rev) VALUES (?, ?)", (chat_id, rev))


@dataclass(frozen=True, slots=True)
class Known:
    """What of a chat was in the cache when an act was made (see `core.marks.Mark`).

    `by_place`: no message of the chat was, only its row; then the act covers what stands up to
    `through`, whenever it arrives.
    """

    arrived: int
    through_at: Milliseconds
    through_id: str
    by_place: bool = False

    def generation_in(self, writer: Writer) -> int:
        """The cache in which arrival numbers of the act count; NO_CACHE where none do."""
        return NO_CACHE if self.by_place else writer.generation


def known_now(writer: Writer, chat_id: str) -> Known:
    """The newest arrival number of the cache and the newest inbound position of the chat.

    Raises StoreError where the cache cannot be read.
    """
    with explained(writer.cache):
        return _known_now(writer, chat_id)


def _known_now(writer: Writer, chat_id: str) -> Known:
    (arrived,) = writer.cache.execute("SELECT value FROM meta WHERE key = 'arrived'").fetchone()
    chat = writer.cache.execute(
        "SELECT pk, estimated, last_inbound_at FROM chats WHERE id = ?", (chat_id,)
    ).fetchone()
    if chat is None:
        return Known(int(arrived), 0, "")
    pk, estimated, last_inbound_at = chat
    if estimated:
        return Known(int(arrived), last_inbound_at or 0, LAST_ID, by_place=True)
    row = writer.cache.execute(
        "SELECT position_at, id FROM messages WHERE chat = ? AND direction != 'outbound' "
        "ORDER BY position_at DESC, id DESC LIMIT 1",
        (pk,),
    ).fetchone()
    return Known(int(arrived), *(row or (0, "")))


def mark(writer: Writer, chat_id: str, kind: str, known: Known | None = None) -> None:
    """Set the `seen` or `done` mark of a chat, covering what `known` says (default: all in the cache).

    A mark only grows: what it covered before stays covered.
    """
    known = known or known_now(writer, chat_id)
    with transaction(writer.local) as rev:
        if put(writer, chat_id, kind, known):
            touch(writer.local, chat_id, rev)


def put(writer: Writer, chat_id: str, kind: str, known: Known) -> bool:
    """Set a mark inside the caller's transaction; returns whether it covers more than before."""
    generation, arrived = known.generation_in(writer), known.arrived
    through = (known.through_at, known.through_id)
    row = writer.local.execute(
        "SELECT generation, arrived, through_at, through_id FROM marks WHERE chat_id = ? AND kind = ?",
        (chat_id, kind),
    ).fetchone()
    if row is not None:
        before = (row[2], row[3])
        if row[0] == generation:
            arrived, through = max(arrived, row[1]), max(through, before)
            if (arrived, through) == (row[1], before):
                return False
        elif before >= through:
            # Made by place, or against another cache: it covers all that stands there.
            return False
    writer.local.execute(
        "INSERT OR REPLACE INTO marks (chat_id, kind, generation, arrived, through_at, through_id, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (chat_id, kind, generation, arrived, *through, now_ms()),
    )
    return True


def unmark(writer: Writer, chat_id: str, kind: str) -> None:
    """Take a mark away."""
    with transaction(writer.local) as rev:
        cursor = writer.local.execute("DELETE FROM marks WHERE chat_id = ? AND kind = ?", (chat_id, kind))
        if cursor.rowcount:
            touch(writer.local, chat_id, rev)
