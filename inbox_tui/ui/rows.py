"""Rows without widgets: a list of any length, with a cursor on one of its rows.

What is on the screen is a window of rows read around a key; moving costs O(screen) whatever the
length of the list. There is no virtual size, so no move and no change ever asks for a layout.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Generic

from textual import events
from textual.cache import LRUCache
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from inbox_tui.store.reads import Key, Source
from inbox_tui.ui.line_pane import LinePane
from inbox_tui.ui.row_window import RowT, RowWindow
from inbox_tui.ui.viewport import Viewport

WHEEL_LINES = 3
"""Lines that a step of the wheel scrolls."""


class Told(Message):
    """What a list tells those above it; `@on` finds the list by it."""

    def __init__(self, rows: Widget) -> None:
        super().__init__()
        self._rows = rows

    @property
    def control(self) -> Widget:
        """The sender."""
        return self._rows


class VirtualRows(LinePane, Generic[RowT]):
    """A scrolling column of rows read from a `Source`. Subclasses say how a row looks."""

    descending: ClassVar[bool] = False
    """Whether keys fall from the top of the screen to its bottom."""
    sticks_to_end: ClassVar[bool] = False
    """Whether a view at the end stays at the end when rows are added there, as in a chat."""

    class Highlighted(Told):
        """The cursor came to a row, or the row under it changed (`row` None: the list is empty)."""

        def __init__(self, rows: Widget, row: object) -> None:
            super().__init__(rows)
            self.row = row

    class Chosen(Highlighted):
        """A row was clicked."""

    class Scrolled(Told):
        """The end of the list came onto the screen or left it."""

    class StartNear(Told):
        """The first row that the cache has is on the screen; there may be older ones elsewhere."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._window: RowWindow[RowT] = RowWindow(descending=self.descending)
        self._view = Viewport(self._window, lambda: self.size, self._block, sticks_to_end=self.sticks_to_end)
        self._cursor: Hashable | None = None
        self._cursor_at = 0
        """Where in the window it stood last; a key asks several times."""
        self._place: Key | None = None
        self.follows_start = False
        """Whether the cursor stays on the first row while rows come in above it: nobody has chosen one."""
        self._blocks: LRUCache[Hashable, tuple[RowT, list[Strip]]] = LRUCache(512)

    # What a subclass says.

    def identity(self, row: RowT) -> Hashable:
        """What stays the same when a row moves or changes."""
        raise NotImplementedError

    def draw(self, row: RowT, previous: RowT | None, width: int, *, cursor: bool) -> list[Strip]:
        """The lines of a row, each exactly `width` cells; `previous` is the row above it."""
        raise NotImplementedError

    def draw_empty(self, width: int, height: int) -> list[Strip]:
        """What stands where there are no rows."""
        raise NotImplementedError

    def draw_key(self, row: RowT, previous: RowT | None) -> Hashable:
        """What, besides the row itself, its drawing depends on (the clock, say)."""
        return None

    # Reading.

    @property
    def source(self) -> Source[RowT] | None:
        """What the rows are read from."""
        return self._window.source

    @property
    def window_rows(self) -> Sequence[RowT]:
        """The rows around the screen that are read, in display order."""
        return self._window.rows

    @property
    def shown_rows(self) -> Sequence[RowT]:
        """The rows of which a line is on the screen, in display order."""
        return [self._window.rows[index] for index in dict.fromkeys(index for index, _ in self._view.lines)]

    def show(self, source: Source[RowT] | None, *, end: bool = False, at: Key | None = None) -> None:
        """Show another list from its start, its end, or around a key; the cursor goes there."""
        self._window.source = source
        self._blocks.clear()
        self._cursor = self._place = None
        if at is not None:
            self._view.read_around(at)
        elif end:
            self._view.read_end()
        else:
            self._view.read_start()
        self._settle()
        rows = self._window.rows
        if rows:
            index = self._window.index_at(at) if at is not None else (len(rows) - 1 if end else 0)
            self._set_cursor(min(index, len(rows) - 1))
        else:
            self.post_message(self.Highlighted(self, None))
        self.refresh()

    def reread(self) -> None:
        """Read the window again at the same place, after the data changed."""
        if self.source is None:
            return
        view, window = self._view, self._window
        before = self._picture
        at_end = self.sticks_to_end and self.at_end
        # A list grows at its start and shows what comes in there; a thread keeps the place of its reader.
        at_start = self.descending and view.at_start
        if at_end:
            view.read_end()
        elif at_start or not window.rows:
            view.read_start()
        else:
            anchor, skip = window.rows[view.top].key, view.skip
            view.read_around(anchor)
            view.skip = skip if window.rows and window.rows[view.top].key == anchor else 0
        self._settle()
        if window.rows and (self._cursor is None or (self.follows_start and at_start)):
            self._set_cursor(len(window.rows) - 1 if self.sticks_to_end else 0)
        else:
            self.post_message(self.Highlighted(self, self.cursor_row))
        if self._picture != before:
            self._repaint()

    def replace(self, source: Source[RowT]) -> None:
        """Read another source of the same rows and stay where the person is."""
        self._window.source = source
        self.reread()

    def tick(self, change: Callable[[], object] | None = None) -> None:
        """Draw what looks otherwise now though it is the same data, by the clock or by `change`."""
        before = [strip for _, strip in self._view.lines]
        at_end = self.sticks_to_end and self.at_end
        if change is not None:
            change()
        self._settle()
        if at_end and not self._view.complete:
            self._view.to_end()
            self._settle()
        if [strip for _, strip in self._view.lines] != before:
            self._repaint()

    @property
    def _picture(self) -> object:
        """All that makes up what is painted; a row that has not changed is drawn as the same strips."""
        view = self._view
        return view.lead, [strip for _, strip in view.lines], view.thumb(), bool(self._window.rows)

    def _repaint(self) -> None:
        """Paint what is shown; a change of what is hidden has Textual lay the whole screen out anew."""
        if all(node.display for node in self.ancestors_with_self):
            self.refresh()

    def _settle(self) -> None:
        """Have the screen's lines fit what is to be shown, and tell what that has changed."""
        complete = self._view.complete
        self._view.settle()
        if self._view.complete != complete:
            self.post_message(self.Scrolled(self))
        if self._view.near_start:
            self.post_message(self.StartNear(self))

    @property
    def at_end(self) -> bool:
        """Whether the last line of the last row is on the screen."""
        if self._view.stale:
            self._settle()
        return self._view.complete

    # The cursor.

    @property
    def cursor_row(self) -> RowT | None:
        """The row under the cursor, where it is in the window."""
        index = self._cursor_index()
        return None if index is None else self._window.rows[index]

    def _cursor_index(self) -> int | None:
        if self._cursor is None:
            return None
        rows, last = self._window.rows, self._cursor_at
        if last < len(rows) and self.identity(rows[last]) == self._cursor:
            return last
        for index, row in enumerate(rows):
            if self.identity(row) == self._cursor:
                self._cursor_at = index
                return index
        return None

    def _set_cursor(self, index: int) -> None:
        row = self._window.rows[index]
        self._cursor, self._place = self.identity(row), row.key
        self._view.stale = True
        self.post_message(self.Highlighted(self, row))

    def move_cursor(self, rows: int) -> None:
        """Move the cursor by rows from its place; a chat that moved away does not take the place along."""
        window = self._window
        if not window.rows:
            return
        if self._place is None:
            self._point(self._view.top)
            return
        if window.misses(self._place):
            self._view.read_around(self._place)
        index = window.index_at(self._place)
        here = index < len(window.rows) and self.identity(window.rows[index]) == self._cursor
        target = index + rows if here or rows < 0 else index + rows - 1
        while target < 0 and (count := self._view.load_before()):
            target += count
        while target >= len(window.rows) and self._view.load_after():
            pass
        self._point(max(0, min(target, len(window.rows) - 1)))

    def _point(self, index: int) -> None:
        """Put the cursor on a row and the row on the screen, repainting as little as that needs."""
        view = self._view
        before = view.lines_of(self._cursor_index())
        top, skip = view.top, view.skip
        self._set_cursor(index)
        view.reveal(index)
        self._settle()
        if (top, skip) == (view.top, view.skip) and before is not None:
            for start, count in (before, view.lines_of(index) or (0, 0)):
                self.refresh(Region(0, start, self.size.width, count))
        else:
            self.refresh()

    def go_start(self) -> None:
        """The cursor to the first row."""
        self._view.read_start()
        if self._window.rows:
            self._set_cursor(0)
        self._settle()
        self.refresh()

    def go_end(self) -> None:
        """The cursor to the last row, wherever the list ends."""
        self._view.read_end()
        if self._window.rows:
            self._set_cursor(len(self._window.rows) - 1)
        self._settle()
        self.refresh()

    def scroll_by(self, lines: int, *, with_cursor: bool) -> None:
        """Scroll the screen; `with_cursor` keeps the cursor on it, as half-page keys do."""
        view = self._view
        if view.stale:
            self._settle()
        top, skip = view.top, view.skip
        view.walk(lines)
        self._settle()
        if with_cursor and view.lines:
            first, last = view.lines[0][0], view.lines[-1][0]
            current = self._cursor_index()
            moved = (top, skip) != (view.top, view.skip)
            if not moved:
                self._set_cursor(last if lines > 0 else first)
            elif current is None or not first <= current <= last:
                self._set_cursor(first if lines > 0 else last)
            self._settle()
        self.refresh()

    def point_at(self, key: Key) -> None:
        """Put the cursor on the row at a key, reading its surroundings where it is not in the window."""
        window = self._window
        index = window.index_at(key)
        if index >= len(window.rows) or window.rows[index].key != key:
            self._view.read_around(key)
            index = window.index_at(key)
        if index < len(window.rows):
            self._point(index)

    def keep_in_view(self, identity: Hashable, key: Key) -> None:
        """Where the row under the cursor is this one, which stands at `key` now, have it on the screen."""
        if identity != self._cursor:
            return
        before = self._picture
        if self._cursor_index() is None:
            self._view.read_around(key)
        index = self._cursor_index()
        if index is not None:
            self._view.reveal(index)
            self._settle()
            if self._picture != before:
                self.refresh()

    # Drawing.

    def _block(self, index: int) -> list[Strip]:
        """The lines of a row of the window, drawn anew only when something of it has changed."""
        row = self._window.rows[index]
        previous = self._window.rows[index - 1] if index else None
        identity = self.identity(row)
        at_cursor = identity == self._cursor
        name = (
            identity,
            self.row_width,
            at_cursor,
            at_cursor and self.has_focus,
            self.draw_key(row, previous),
        )
        cached = self._blocks.get(name)
        if cached is not None and cached[0] == row:
            return cached[1]
        strips = self.draw(row, previous, self.row_width, cursor=at_cursor)
        self._blocks[name] = (row, strips)
        return strips

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """The rows on the screen, or what is said instead of them."""
        view = self._view
        if view.stale:
            self._settle()
        blank = Strip.blank(width, self.rich_style)
        drawn = [strip for _, strip in view.lines] if self._window.rows else self.draw_empty(width, height)
        return [blank] * view.lead + drawn[:height] + [blank] * (height - len(drawn))

    def thumb(self) -> range:
        """By the numbers of the rows on the screen."""
        return self._view.thumb()

    # Textual's events.

    def notify_style_update(self) -> None:
        """Forget drawn rows when the theme changes."""
        super().notify_style_update()
        self._blocks.clear()
        self._view.stale = True

    def on_resize(self, event: events.Resize) -> None:
        """Keep the top row, or the end where the view was there."""
        self._settle()
        self.refresh()

    def on_focus(self) -> None:
        """Draw the cursor as active."""
        self._view.stale = True
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor as resting."""
        self._view.stale = True
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on the row under it."""
        index = self._view.index_on(event.y)
        if index is not None:
            row = self._window.rows[index]
            self._point(index)
            self.post_message(self.Chosen(self, row))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls the screen and leaves the cursor."""
        event.stop()
        self.scroll_by(WHEEL_LINES, with_cursor=False)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls the screen and leaves the cursor."""
        event.stop()
        self.scroll_by(-WHEEL_LINES, with_cursor=False)
