"""What of a window of rows is on the screen, anchored to a row and a line inside it.

There is no line number that counts from the start of the list, so nothing has to be corrected when
rows come in above, and only rows on the screen or next to it are ever drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from textual.geometry import Size
from textual.strip import Strip

from inbox_tui.store.reads import Key
from inbox_tui.ui.row_window import RowT, RowWindow

LEAST_LINES = 16
"""A pane that is lower, or hidden, reads as many rows as one of this height."""


class Viewport(Generic[RowT]):
    """The lines of a pane; those who change what it shows `settle` it afterwards, once.

    `size` gives the pane's size in cells, `draw` the lines of the row at an index of the window.
    `sticks_to_end` says that few rows stand at the bottom of the pane, next to the composer, and that
    a pane that shows the end of the list goes on doing so in another size.
    """

    def __init__(
        self,
        window: RowWindow[RowT],
        size: Callable[[], Size],
        draw: Callable[[int], list[Strip]],
        *,
        sticks_to_end: bool,
    ) -> None:
        self.top = 0
        """The index in the window of the row at the top of the screen."""
        self.skip = 0
        """How many lines of that row are above the screen."""
        self.lines: list[tuple[int, Strip]] = []
        """What is on the screen, from its top: the index of the row, and one of its lines."""
        self.complete = True
        """Whether the last line of the list is on the screen."""
        self.stale = True
        """Whether `lines` are no longer what should be on the screen."""
        self._window = window
        self._size = size
        self._draw = draw
        self._sticks_to_end = sticks_to_end
        self._settled_size = Size(0, 0)

    @property
    def _page(self) -> int:
        """How many rows are read at a time."""
        return max(self._size().height, LEAST_LINES) * 2

    # Reading.

    def read_start(self) -> None:
        """Stand at the start of the list."""
        self._window.read_start(self._page)
        self.top = self.skip = 0
        self.stale = True

    def read_end(self) -> None:
        """Stand at the end of the list."""
        self._window.read_end(self._page)
        self.to_end()

    def read_around(self, key: Key) -> None:
        """Stand at the row at a key, or the next one, with what is around it."""
        self.top, self.skip = self._window.read_around(key, self._page, self.top), 0
        self.stale = True

    def load_before(self) -> int:
        """Read on above; how many rows came in, so that indexes rise by as many."""
        count = self._window.load_before(self._page)
        self.top += count
        return count

    def load_after(self) -> int:
        """Read on below; how many rows came in."""
        return self._window.load_after(self._page)

    # Standing.

    @property
    def at_start(self) -> bool:
        """Whether the first line of the list is on the screen."""
        return not self._window.more_before and self.top == 0 and self.skip == 0

    @property
    def near_start(self) -> bool:
        """Whether the first row of the list is on the screen, or just above it."""
        return not self._window.more_before and self.top < 2 and bool(self._window.rows)

    def to_end(self) -> None:
        """Put the last row of the window at the bottom of the screen."""
        last = len(self._window.rows) - 1
        self.top, self.skip = (last, max(0, len(self._draw(last)) - 1)) if last >= 0 else (0, 0)
        self.stale = True

    def walk(self, lines: int) -> None:
        """Move the top of the screen by lines; stops at the first row, may run past the end."""
        rows = self._window.rows
        if not rows:
            return
        while lines < 0:
            step = min(self.skip, -lines)
            self.skip -= step
            lines += step
            if lines == 0 or (self.top == 0 and not self.load_before()):
                break
            self.top -= 1
            self.skip = len(self._draw(self.top))
        while lines > 0:
            left = len(self._draw(self.top)) - self.skip
            if lines < left:
                self.skip += lines
                break
            if self.top + 1 >= len(rows) and not self.load_after():
                self.skip += max(0, left - 1)
                break
            lines -= left
            self.top += 1
            self.skip = 0
        self.stale = True

    def reveal(self, index: int) -> None:
        """Scroll as little as shows a row whole, or its beginning where it is taller than the screen."""
        height = self._size().height
        self.stale = True
        if index <= self.top or not height:
            # A pane that is hidden has no height: it opens with the row at its top.
            self.top, self.skip = index, 0
            return
        used = -self.skip
        for row in range(self.top, index):
            used += len(self._draw(row))
            if used > height * 3:
                self.top, self.skip = index, 0
                self.walk(len(self._draw(index)) - height)
                return
        own = len(self._draw(index))
        if own >= height:
            self.top, self.skip = index, 0
        elif used + own > height:
            self.walk(used + own - height)

    # Filling.

    def settle(self) -> None:
        """Fill the screen from its top; where rows end above its bottom, move the top up."""
        size = self._size()
        if size != self._settled_size:
            # A size may be met here before the event that tells of it.
            self._settled_size = size
            self._keep_place()
        self._fill()
        missing = size.height - len(self.lines)
        if missing > 0 and (self.top or self.skip or self._window.more_before):
            self.walk(-missing)
            self._fill()
        self._trim()
        self.stale = False

    def _keep_place(self) -> None:
        """In another size, rows have other heights: stay at the end, else on the row at the top."""
        rows = self._window.rows
        if rows and self._sticks_to_end and self.complete:
            self.top, self.skip = len(rows) - 1, len(self._draw(len(rows) - 1))
        if rows:
            self.skip = min(self.skip, max(0, len(self._draw(self.top)) - 1))

    def _fill(self) -> None:
        height, rows = self._size().height, self._window.rows
        lines: list[tuple[int, Strip]] = []
        index, skip = self.top, self.skip
        while len(lines) < height:
            if index >= len(rows) and not self.load_after():
                break
            lines += [(index, strip) for strip in self._draw(index)[skip:]]
            index, skip = index + 1, 0
        # While nothing is shown, a view whose top is the last row is at its end, and will open there.
        last = len(rows) if height else len(rows) - 1
        self.complete = index >= last and not self._window.more_after and len(lines) <= height
        self.lines = lines[:height]

    def _trim(self) -> None:
        """Forget rows far from the screen, so that a long scroll does not pile them up."""
        page = self._page
        if self.top > 4 * page:
            count = self.top - page
            self._window.drop_before(count)
            self.top -= count
            self.lines = [(index - count, strip) for index, strip in self.lines]
        if len(self._window.rows) - self.top > 4 * page:
            self._window.drop_after(self.top + 2 * page)

    # What is on the screen.

    @property
    def lead(self) -> int:
        """Blank lines above a list that is shorter than the screen and sticks to its end."""
        short = self._sticks_to_end and self._window.rows
        return max(0, self._size().height - len(self.lines)) if short else 0

    def lines_of(self, index: int | None) -> tuple[int, int] | None:
        """First screen line and number of screen lines of a row; None where it is not on the screen."""
        at = [line for line, (row, _) in enumerate(self.lines, self.lead) if row == index]
        return (at[0], len(at)) if at else None

    def index_on(self, line: int) -> int | None:
        """The index of the row that has a screen line; None where there is none."""
        line -= self.lead
        return self.lines[line][0] if 0 <= line < len(self.lines) else None

    def thumb(self) -> range:
        """The screen lines of the scrollbar's thumb; none where all rows are shown or nobody counts them."""
        window, height = self._window, self._size().height
        shown = len({index for index, _ in self.lines})
        if not window.total or window.offset is None or shown == 0 or shown >= window.total:
            return range(0)
        size = max(1, round(height * shown / window.total))
        done = min(1.0, (window.offset + self.top) / max(1, window.total - shown))
        start = round((height - size) * done)
        return range(start, start + size)
