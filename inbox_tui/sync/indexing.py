"""The search index of messages that were cached before it: made in slices between everything else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from inbox_tui.store import erasure, index
from inbox_tui.store.writer import Writer

SHORT_SECONDS, LONG_SECONDS = 0.01, 0.2
"""How long a slice may hold other writers up: while a screen lives, and without one."""
FIRST_ROWS, MOST_ROWS = 100, 10_000
REST_SECONDS = 600.0
"""Between two merges of a large index, each of which writes all of it, whatever is deleted meanwhile."""

_log = logging.getLogger(__name__)


class Indexing:
    """Takes a slice each turn of the loop, of a size that keeps to its time."""

    def __init__(self, writer: Writer, clock: Callable[[], float] = time.perf_counter) -> None:
        self._writer = writer
        self._clock = clock
        self._rows = FIRST_ROWS
        self._builds = not index.is_complete(writer.cache)
        self._rests_until = float("-inf")

    @property
    def is_behind(self) -> bool:
        """Whether rows are to be indexed now, or words of deleted messages to be merged away."""
        return self._writer.index_is_behind and (self._builds or self._clock() >= self._rests_until)

    def turn(self, *, short: bool) -> None:
        """Do a slice, if there is one to do; `short`: a screen lives."""
        if not self.is_behind:
            return
        writer, began = self._writer, self._clock()
        if index.build(writer.cache, self._rows):
            wanted = SHORT_SECONDS if short else LONG_SECONDS
            taken = max(self._clock() - began, 1e-4)
            self._rows = round(min(max(self._rows * wanted / taken, 10), self._rows * 2, MOST_ROWS))
            return
        self._builds = False
        merges = index.words_left(writer.cache)
        if not erasure.merge(writer.cache):
            writer.index_is_behind = False
            writer.words_in_log = not erasure.erase(writer.cache)
            if merges:
                self._rests_until = self._clock() + REST_SECONDS
            _log.info("the search index is complete")
