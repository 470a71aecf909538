"""The words of deleted messages: gone for every reader at once, and from the bytes of the files soon.

What is promised, in the order in which it comes true:

1. With the transaction that redacts a message, no read that begins sees its words, and SQLite overwrites
   the row with zeros (`PRAGMA secure_delete`).
2. The old pages still stand in the write-ahead log, and in `cache.db` where the log was not written back.
   `erase` writes it back and cuts it off. That needs a moment in which no other connection is in the
   middle of a read; one of the screen lasts milliseconds. Where a reader does not let go, the next
   write, the next start and the end of the process try again.
3. The words in the search index are taken out with the transaction, but FTS5 only notes that they are gone;
   their bytes go when its segments are merged. `merge_all` does that at once where the index is small; the
   engine merges a larger one in slices (`merge`), not more often than every ten minutes.
4. When SQLite divides a page it may leave a copy of a row in the unused part of the page, which nothing
   reads and `secure_delete` does not know of (measured: for one message in two hundred). `rebuild` writes
   the file anew without them; the end of a process does so where the file is small.

What a file system or a disk keeps of overwritten blocks is beyond a program.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from inbox_tui.store import index
from inbox_tui.store.db import BUSY_SECONDS, transaction

WAIT_MS = 50
"""How long the log is waited for, and other writers with it."""
SMALL_BYTES = 32 * 1024 * 1024
"""A file up to this size is rebuilt in well under a second."""
_IN_LOG, _IN_PAGES = "words_in_log", "words_in_pages"


def forget(cache: sqlite3.Connection, message_ids: Iterable[str]) -> None:
    """Drop what was fetched of deleted messages beside them, and note where their words may still stand.

    That is: records set aside that name them, live records, the comments that they answered, the words on
    their former buttons, and the rows of their files; the files themselves go with `store.media.sweep`.
    Belongs into the transaction that redacts the messages themselves.
    """
    for message_id in message_ids:
        cache.execute("DELETE FROM quarantine WHERE instr(json, ?)", (message_id,))
        cache.execute("DELETE FROM records WHERE kind = 'message' AND id = ?", (message_id,))
        cache.execute("DELETE FROM media WHERE message_id = ?", (message_id,))
        cache.execute("DELETE FROM button_labels WHERE message_id = ?", (message_id,))
        cache.execute(
            "DELETE FROM comments WHERE external_id = "
            "(SELECT external_comment_id FROM messages WHERE id = ?)",
            (message_id,),
        )
    cache.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 1), (?, 1)", (_IN_LOG, _IN_PAGES))
    index.forget(cache)


def merge(cache: sqlite3.Connection, pages: int = index.MERGE_PAGES) -> bool:
    """Merge some pages of the index where words of deleted messages stand in it; whether there is more to do.

    The old pages stand in the log behind it, as `erase` is told.
    """
    if not index.words_left(cache):
        return False
    more = index.purge(cache, pages)
    with transaction(cache):
        cache.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 1)", (_IN_LOG,))
    return more


def merge_all(cache: sqlite3.Connection) -> None:
    """Merge the index to its end, where words of deleted messages stand in it."""
    while merge(cache, 16 * index.MERGE_PAGES):
        pass


def erase(cache: sqlite3.Connection, wait_ms: int = WAIT_MS) -> bool:
    """Cut the log off where deleted words may stand in it; returns whether none are left there.

    The connection must be a writer's, outside a transaction.
    """
    if not _stands(cache, _IN_LOG):
        return True
    if not _cut_off(cache, wait_ms):
        return False
    _clear(cache, _IN_LOG)
    return True


def left_in_pages(cache: sqlite3.Connection) -> bool:
    """Whether messages were deleted since the file was last rebuilt."""
    return _stands(cache, _IN_PAGES)


def is_small(cache: sqlite3.Connection) -> bool:
    """Whether `rebuild` is quick."""
    (pages,) = cache.execute("PRAGMA page_count").fetchone()
    (size,) = cache.execute("PRAGMA page_size").fetchone()
    return bool(pages * size <= SMALL_BYTES)


def rebuild(cache: sqlite3.Connection) -> None:
    """Write the file anew, without what stands in unused parts of its pages.

    Takes time and room in proportion to the file, and keeps other writers waiting meanwhile. Raises
    sqlite3.OperationalError where another one does not let go, or the disk is full; then nothing changed.
    """
    cache.execute("VACUUM")
    _clear(cache, _IN_PAGES)
    # The pages that were written are the new ones, but they stand in the log behind the old.
    if _cut_off(cache, WAIT_MS):
        _clear(cache, _IN_LOG)


def _stands(cache: sqlite3.Connection, key: str) -> bool:
    return cache.execute("SELECT 1 FROM meta WHERE key = ?", (key,)).fetchone() is not None


def _clear(cache: sqlite3.Connection, key: str) -> None:
    with transaction(cache):
        cache.execute("DELETE FROM meta WHERE key = ?", (key,))


def _cut_off(cache: sqlite3.Connection, wait_ms: int) -> bool:
    cache.execute(f"PRAGMA busy_timeout = {wait_ms}")
    try:
        (busy, _, _) = cache.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        cache.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
    return not busy
