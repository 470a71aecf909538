"""A window of rows: those around a key that are read, out of a list of any length.

Nothing here knows of a screen. What is read is counted in rows, and the caller says how many.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from inbox_tui.store.reads import Key, Source


class Keyed(Protocol):
    """A row that knows its place in the list."""

    @property
    def key(self) -> Key:
        """Where the row stands."""


RowT = TypeVar("RowT", bound=Keyed)


class RowWindow(Generic[RowT]):
    """Consecutive rows of a `Source` in display order; both ends are read further when they are met."""

    def __init__(self, *, descending: bool) -> None:
        self.source: Source[RowT] | None = None
        self.rows: list[RowT] = []
        self.more_before = False
        """Whether the list may have rows before the first that is read."""
        self.more_after = False
        """Whether the list may have rows behind the last that is read."""
        self.offset: int | None = 0
        """How many rows of the list stand before the window; None where the source cannot count them."""
        self.total: int | None = 0
        """How many rows the list had when it was read last; None where the source cannot count them."""
        self._descending = descending

    def read_start(self, limit: int) -> None:
        """The first rows of the list."""
        self.rows = [] if self.source is None else list(self.source.after(None, limit))
        self.more_before, self.more_after = False, len(self.rows) == limit
        self.offset = 0
        self._count()

    def read_end(self, limit: int) -> None:
        """The last rows of the list."""
        self.rows = [] if self.source is None else list(self.source.before(None, limit))
        self.more_before, self.more_after = len(self.rows) == limit, False
        self._count()
        self.offset = None if self.total is None else max(0, self.total - len(self.rows))

    def read_around(self, key: Key, limit: int, near: int) -> int:
        """So many rows on either side of a key; gives the index of the row at the key, or of the next.

        `near` is the index, as yet, of the row whose number the key is taken to have: to count up to a
        key costs the length of the list, and only the scrollbar goes by numbers.
        """
        if self.source is None:
            return near
        above = list(self.source.before(key, limit))
        below = list(self.source.after(key, limit, inclusive=True))
        if self.offset is not None:
            self.offset = max(0, self.offset + near - len(above))
        self.rows = above + below
        self.more_before, self.more_after = len(above) == limit, len(below) == limit
        if not self.more_before:
            self.offset = 0
        self._count()
        return min(len(above), max(0, len(self.rows) - 1))

    def _count(self) -> None:
        self.total = None if self.source is None else self.source.total()

    def load_before(self, limit: int) -> int:
        """Read on at the start of the window; how many rows came in, so that indexes rise by as many."""
        if not self.more_before or self.source is None or not self.rows:
            return 0
        rows = list(self.source.before(self.rows[0].key, limit))
        self.more_before = len(rows) == limit
        self.rows[0:0] = rows
        if self.offset is not None:
            self.offset = max(0, self.offset - len(rows)) if self.more_before else 0
        return len(rows)

    def load_after(self, limit: int) -> int:
        """Read on at the end of the window; how many rows came in."""
        if not self.more_after or self.source is None or not self.rows:
            return 0
        rows = list(self.source.after(self.rows[-1].key, limit))
        self.more_after = len(rows) == limit
        self.rows += rows
        return len(rows)

    def drop_before(self, count: int) -> None:
        """Forget rows at the start of the window; indexes fall by as many."""
        del self.rows[:count]
        self.more_before = True
        if self.offset is not None:
            self.offset += count

    def drop_after(self, index: int) -> None:
        """Forget the rows from an index on."""
        del self.rows[index:]
        self.more_after = True

    def index_at(self, key: Key) -> int:
        """The index of the first row at or behind a key in display order; one past the last where none is."""
        for index, row in enumerate(self.rows):
            if row.key <= key if self._descending else row.key >= key:
                return index
        return len(self.rows)

    def misses(self, key: Key) -> bool:
        """Whether what stands at a key is not read, though the list may have it."""
        if not self.rows:
            return False
        first, last = self.rows[0].key, self.rows[-1].key
        before, behind = (key > first, key < last) if self._descending else (key < first, key > last)
        return (before and self.more_before) or (behind and self.more_after)
