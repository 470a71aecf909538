"""What writes: both files of an account, open in the one writing thread of a process."""

from __future__ import annotations

import contextlib
import sqlite3

from inbox_tui.core.errors import StoreError
from inbox_tui.store import erasure, index, media
from inbox_tui.store.db import Folder, explained, open_writer


class Writer:
    """Both writing connections of a process. Use it from one thread."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.cache = open_writer(folder.cache, full=False)
        self.local = open_writer(folder.local, full=True)
        with explained(self.cache):
            (self.generation,) = self.cache.execute(
                "SELECT value FROM meta WHERE key = 'generation'"
            ).fetchone()
        index.adopt(self.cache)
        self.words_in_log = not erasure.erase(self.cache)
        """Words of deleted messages still stand in the log of `cache.db`; see `store.erasure`."""
        self.index_is_behind = not index.is_complete(self.cache) or index.words_left(self.cache)
        """The search index has not all rows yet, or words of deleted messages; an engine sees to it."""
        self._redacted = False

    def note_redaction(self) -> None:
        """Messages were deleted in the transaction before: have their words and files leave the disk."""
        self._redacted = True
        media.sweep(self.folder, self.cache)
        if index.is_small(self.cache):
            erasure.merge_all(self.cache)
        self.index_is_behind |= index.words_left(self.cache)
        self.words_in_log = not erasure.erase(self.cache)

    def close(self) -> None:
        """Close both connections."""
        if self._redacted and erasure.is_small(self.cache):
            # Where somebody else writes, or the disk is full, the file says that it is still to be done.
            with contextlib.suppress(sqlite3.OperationalError, StoreError):
                erasure.merge_all(self.cache)
                erasure.rebuild(self.cache)
        elif self.words_in_log:
            erasure.erase(self.cache)
        self.cache.close()
        self.local.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
