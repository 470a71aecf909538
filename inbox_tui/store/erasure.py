"""The words of deleted messages: gone for every reader, and from the bytes of the files.

Pages are overwritten in the transaction that redacts a message (`PRAGMA secure_delete`). The old ones
still stand in the write-ahead log, and in `cache.db` itself, until the log is written back and cut off.
That needs a moment in which no other connection is in the middle of a read. A read of the screen lasts
milliseconds, so the wait is short; where a reader does not let go, the next write, the next start and
the end of the process try again. Until then no read that begins sees the words, but the bytes are there.
What a file system or a disk keeps of overwritten blocks is beyond a program.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from inbox_tui.store.db import BUSY_SECONDS, transaction

WAIT_MS = 50
"""How long the log is waited for, and other writers with it."""
_PENDING = "words_in_log"


def forget(cache: sqlite3.Connection, message_ids: Iterable[str]) -> None:
    """Drop records set aside that name deleted messages, and note that the log has to be cut off.

    Belongs into the transaction that redacts the messages themselves.
    """
    for message_id in message_ids:
        cache.execute("DELETE FROM quarantine WHERE instr(json, ?)", (message_id,))
    cache.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 1)", (_PENDING,))


def erase(cache: sqlite3.Connection, wait_ms: int = WAIT_MS) -> bool:
    """Cut the log off where deleted words may stand in it; returns whether none are left.

    The connection must be a writer's, outside a transaction.
    """
    if cache.execute("SELECT 1 FROM meta WHERE key = ?", (_PENDING,)).fetchone() is None:
        return True
    cache.execute(f"PRAGMA busy_timeout = {wait_ms}")
    try:
        (busy, _, _) = cache.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        cache.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
    if not busy:
        with transaction(cache):
            cache.execute("DELETE FROM meta WHERE key = ?", (_PENDING,))
    return not busy
