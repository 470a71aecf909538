"""Rows without widgets: a list of any length drawn by the line, anchored to a row and not to a line.

What is on the screen is a window of rows read around a key; moving costs O(screen) whatever the
length of the list. There is no virtual size, so no move and no change ever asks for a layout.
Several of Textual's inner rules are used here and nowhere else: `render_lines` is overridden (hence
no border or padding on this widget), and line filters are applied to the strips.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from inbox_tui.store.reads import Key, Source

WHEEL_LINES = 3


class Keyed(Protocol):
    """A row that knows its place in the list."""

    @property
    def key(self) -> Key:
        """Where the row stands."""


RowT = TypeVar("RowT", bound=Keyed)


class VirtualRows(Widget, Generic[RowT], can_focus=True):
    """A scrolling column of rows read from a `Source`. Subclasses say how a row looks."""

    DEFAULT_CSS = """
    VirtualRows { height: 1fr; width: 1fr; }
    VirtualRows > .rows--track { background: $surface; }
    VirtualRows > .rows--thumb { background: $primary-muted; }
    VirtualRows:focus > .rows--thumb { background: $primary; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--track", "rows--thumb"}
    ALLOW_SELECT = False

    descending: ClassVar[bool] = False
    """Whether keys fall from the top of the screen to its bottom."""
    sticks_to_end: ClassVar[bool] = False
    """Whether a view at the end stays at the end when rows are added there, as in a chat."""

    class Highlighted(Message):
        """The cursor came to a row, or the row under it changed (`row` None: the list is empty)."""

        def __init__(self, rows: Widget, row: object) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> Widget:
            """The sender."""
            return self.rows

    class Chosen(Highlighted):
        """A row was clicked."""

    class Scrolled(Message):
        """The end of the list came onto the screen or left it."""

        def __init__(self, rows: Widget) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Widget:
            """The sender."""
            return self.rows

    class StartNear(Message):
        """The first row that the cache has is on the screen; there may be older ones elsewhere."""

        def __init__(self, rows: Widget) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Widget:
            """The sender."""
            return self.rows

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.source: Source[RowT] | None = None
        self._rows: list[RowT] = []
        self._more_before = self._more_after = False
        self._top = self._skip = 0
        self._offset: int | None = 0
        self._total: int | None = 0
        self._cursor: Hashable | None = None
        self._place: Key | None = None
        self.follows_start = False
        """Whether the cursor stays on the first row while rows come in above it: nobody has chosen one."""
        self._stale = True
        self._lines: list[tuple[int, Strip]] = []
        self._complete = True
        self._settled_size = Size(0, 0)
        self._styles: dict[str, Style] = {}
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

    def show(self, source: Source[RowT] | None, *, end: bool = False, at: Key | None = None) -> None:
        """Show another list from its start, its end, or around a key; the cursor goes there."""
        self.source = source
        self._blocks.clear()
        self._cursor = self._place = None
        if at is not None:
            self._read_around(at)
        elif end:
            self._read_end()
        else:
            self._read_start()
        self._settle()
        rows = self._rows
        if rows:
            index = self._index_at(at) if at is not None else (len(rows) - 1 if end else 0)
            self._set_cursor(min(index, len(rows) - 1))
        else:
            self.post_message(self.Highlighted(self, None))
        self.refresh()

    def reread(self) -> None:
        """Read the window again at the same place, after the data changed."""
        if self.source is None:
            return
        at_end = self.sticks_to_end and self.at_end
        # A list grows at its start and shows what comes in there; a thread keeps the place of its reader.
        at_start = self.descending and not self._more_before and self._top == 0 and self._skip == 0
        if at_end:
            self._read_end()
        elif at_start or not self._rows:
            self._read_start()
        else:
            anchor, skip = self._rows[self._top].key, self._skip
            self._read_around(anchor)
            self._skip = skip if self._rows and self._rows[self._top].key == anchor else 0
        self._settle()
        if at_end:
            self._to_end()
        if self._rows and (self._cursor is None or (self.follows_start and at_start)):
            self._set_cursor(len(self._rows) - 1 if self.sticks_to_end else 0)
        else:
            self.post_message(self.Highlighted(self, self.cursor_row))
        self._repaint()

    def replace(self, source: Source[RowT]) -> None:
        """Read another source of the same rows and stay where the person is."""
        self.source = source
        self.reread()

    def tick(self, change: Callable[[], object] | None = None) -> None:
        """Draw what looks otherwise now though it is the same data, by the clock or by `change`."""
        before = [strip for _, strip in self._lines]
        at_end = self.sticks_to_end and self.at_end
        if change is not None:
            change()
        self._settle()
        if at_end and not self._complete:
            self._to_end()
        if [strip for _, strip in self._lines] != before:
            self._repaint()

    def _repaint(self) -> None:
        """Paint what is shown; a change of what is hidden has Textual lay the whole screen out anew."""
        if all(node.display for node in self.ancestors_with_self):
            self.refresh()

    @property
    def window_rows(self) -> Sequence[RowT]:
        """The rows around the screen that are read, in display order."""
        return self._rows

    @property
    def _page(self) -> int:
        return max(self.size.height, 16) * 2

    def _read_start(self) -> None:
        limit = self._page
        self._rows = [] if self.source is None else list(self.source.after(None, limit))
        self._more_before, self._more_after = False, len(self._rows) == limit
        self._top = self._skip = 0
        self._offset = 0
        self._count()

    def _read_end(self) -> None:
        limit = self._page
        self._rows = [] if self.source is None else list(self.source.before(None, limit))
        self._more_before, self._more_after = len(self._rows) == limit, False
        self._count()
        self._offset = None if self._total is None else max(0, self._total - len(self._rows))
        self._to_end()

    def _read_around(self, key: Key) -> None:
        if self.source is None:
            return
        limit = self._page
        above = list(self.source.before(key, limit))
        below = list(self.source.after(key, limit, inclusive=True))
        if self._offset is not None:
            self._offset = max(0, self._offset + self._top - len(above))
        self._rows = above + below
        self._more_before, self._more_after = len(above) == limit, len(below) == limit
        if not self._more_before:
            self._offset = 0
        self._top, self._skip = min(len(above), max(0, len(self._rows) - 1)), 0
        self._count()

    def _count(self) -> None:
        self._total = None if self.source is None else self.source.total()
        self._stale = True

    def _load_before(self) -> bool:
        if not self._more_before or self.source is None or not self._rows:
            return False
        rows = list(self.source.before(self._rows[0].key, self._page))
        self._more_before = len(rows) == self._page
        self._rows[0:0] = rows
        self._top += len(rows)
        if self._offset is not None:
            self._offset = max(0, self._offset - len(rows)) if self._more_before else 0
        return bool(rows)

    def _load_after(self) -> bool:
        if not self._more_after or self.source is None or not self._rows:
            return False
        rows = list(self.source.after(self._rows[-1].key, self._page))
        self._more_after = len(rows) == self._page
        self._rows += rows
        return bool(rows)

    def _trim(self) -> None:
        """Forget rows far from the screen, so that a long scroll does not pile them up."""
        most = 4 * self._page
        if self._top > most:
            cut = self._top - self._page
            del self._rows[:cut]
            self._top -= cut
            self._more_before = True
            if self._offset is not None:
                self._offset += cut
        if len(self._rows) - self._top > most:
            del self._rows[self._top + 2 * self._page :]
            self._more_after = True

    # Where the screen stands.

    @property
    def _width(self) -> int:
        return max(1, self.size.width - 1)

    def _block(self, index: int) -> list[Strip]:
        row = self._rows[index]
        previous = self._rows[index - 1] if index else None
        identity = self.identity(row)
        at_cursor = identity == self._cursor
        name = (identity, self._width, at_cursor, at_cursor and self.has_focus, self.draw_key(row, previous))
        cached = self._blocks.get(name)
        if cached is not None and cached[0] == row:
            return cached[1]
        strips = self.draw(row, previous, self._width, cursor=at_cursor)
        self._blocks[name] = (row, strips)
        return strips

    def _walk(self, lines: int) -> None:
        """Move the top of the screen by lines; stops at the first row, may run past the end."""
        if not self._rows:
            return
        while lines < 0:
            step = min(self._skip, -lines)
            self._skip -= step
            lines += step
            if lines == 0 or (self._top == 0 and not self._load_before()):
                break
            self._top -= 1
            self._skip = len(self._block(self._top))
        while lines > 0:
            left = len(self._block(self._top)) - self._skip
            if lines < left:
                self._skip += lines
                break
            if self._top + 1 >= len(self._rows) and not self._load_after():
                self._skip += max(0, left - 1)
                break
            lines -= left
            self._top += 1
            self._skip = 0

    def _settle(self) -> None:
        """Fill the screen from its top; where rows end above its bottom, move the top up."""
        self._stale = False
        if self.size != self._settled_size:
            # A size may be met here before the event that tells of it.
            self._settled_size = self.size
            self._keep_place()
        self._lines = self._fill()
        missing = self.size.height - len(self._lines)
        if missing > 0 and (self._top or self._skip or self._more_before):
            self._walk(-missing)
            self._lines = self._fill()
        self._trim_and_tell()

    def _keep_place(self) -> None:
        """In another size, rows have other heights: stay at the end, else on the row at the top."""
        if self._rows and self.sticks_to_end and self._complete:
            self._top, self._skip = len(self._rows) - 1, len(self._block(len(self._rows) - 1))
        if self._rows:
            self._skip = min(self._skip, max(0, len(self._block(self._top)) - 1))

    def _trim_and_tell(self) -> None:
        top = self._top
        self._trim()
        if top != self._top:
            self._lines = [(index - (top - self._top), strip) for index, strip in self._lines]
        if not self._more_before and self._top < 2 and self._rows:
            self.post_message(self.StartNear(self))

    def _fill(self) -> list[tuple[int, Strip]]:
        height = self.size.height
        lines: list[tuple[int, Strip]] = []
        index, skip = self._top, self._skip
        while len(lines) < height:
            if index >= len(self._rows) and not self._load_after():
                break
            lines += [(index, strip) for strip in self._block(index)[skip:]]
            index, skip = index + 1, 0
        # While nothing is shown, a view whose top is the last row is at its end, and will open there.
        last = len(self._rows) if height else len(self._rows) - 1
        complete = index >= last and not self._more_after and len(lines) <= height
        if complete != self._complete:
            self._complete = complete
            self.post_message(self.Scrolled(self))
        return lines[:height]

    def _to_end(self) -> None:
        """Put the last row of the window at the bottom of the screen."""
        if self._rows:
            self._top, self._skip = len(self._rows) - 1, max(0, len(self._block(len(self._rows) - 1)) - 1)
        self._settle()

    @property
    def at_end(self) -> bool:
        """Whether the last line of the last row is on the screen."""
        if self._stale:
            self._settle()
        return self._complete

    # The cursor.

    @property
    def cursor_row(self) -> RowT | None:
        """The row under the cursor, where it is in the window."""
        index = self._cursor_index()
        return None if index is None else self._rows[index]

    def _cursor_index(self) -> int | None:
        if self._cursor is None:
            return None
        for index, row in enumerate(self._rows):
            if self.identity(row) == self._cursor:
                return index
        return None

    def _index_at(self, key: Key) -> int:
        """The index of the first row at or behind a key in display order."""
        for index, row in enumerate(self._rows):
            if row.key <= key if self.descending else row.key >= key:
                return index
        return len(self._rows)

    def _set_cursor(self, index: int) -> None:
        row = self._rows[index]
        self._cursor, self._place = self.identity(row), row.key
        self._stale = True
        self.post_message(self.Highlighted(self, row))

    def move_cursor(self, rows: int) -> None:
        """Move the cursor by rows from its place; a chat that moved away does not take the place along."""
        if not self._rows:
            return
        if self._place is None:
            self._point(self._top)
            return
        first, last = self._rows[0].key, self._rows[-1].key
        low, high = (last, first) if self.descending else (first, last)
        if (self._place < low and self._more(low)) or (self._place > high and self._more(high)):
            self._read_around(self._place)
        index = self._index_at(self._place)
        here = index < len(self._rows) and self.identity(self._rows[index]) == self._cursor
        target = index + rows if here or rows < 0 else index + rows - 1
        while target < 0:
            count = len(self._rows)
            if not self._load_before():
                break
            target += len(self._rows) - count
        while target >= len(self._rows) and self._load_after():
            pass
        self._point(max(0, min(target, len(self._rows) - 1)))

    def _more(self, edge: Key) -> bool:
        return self._more_before if edge == self._rows[0].key else self._more_after

    def _point(self, index: int) -> None:
        """Put the cursor on a row and the row on the screen, repainting as little as that needs."""
        before = self._lines_of(self._cursor_index())
        top, skip = self._top, self._skip
        self._set_cursor(index)
        self._reveal(index)
        self._settle()
        if (top, skip) == (self._top, self._skip) and before is not None:
            for start, count in (before, self._lines_of(index) or (0, 0)):
                self.refresh(Region(0, start, self.size.width, count))
        else:
            self.refresh()

    def _lines_of(self, index: int | None) -> tuple[int, int] | None:
        """First screen line and number of screen lines of a row."""
        at = [line for line, (row, _) in enumerate(self._lines, self._lead) if row == index]
        return (at[0], len(at)) if at else None

    @property
    def _lead(self) -> int:
        """Blank lines above a short thread: its newest message stands at the bottom, next to the composer."""
        return max(0, self.size.height - len(self._lines)) if self.sticks_to_end and self._rows else 0

    def _reveal(self, index: int) -> None:
        """Scroll as little as shows the row whole, or its beginning where it is taller than the screen."""
        height = self.size.height
        if index <= self._top or not height:
            # A pane that is hidden has no height: it opens with the row at its top.
            self._top, self._skip = index, 0
            return
        used = -self._skip
        for row in range(self._top, index):
            used += len(self._block(row))
            if used > height * 3:
                self._top, self._skip = index, 0
                used = 0
                self._walk(len(self._block(index)) - height)
                return
        own = len(self._block(index))
        if own >= height:
            self._top, self._skip = index, 0
        elif used + own > height:
            self._walk(used + own - height)

    def go_start(self) -> None:
        """The cursor to the first row."""
        self._read_start()
        self._settle()
        if self._rows:
            self._set_cursor(0)
        self._settle()
        self.refresh()

    def go_end(self) -> None:
        """The cursor to the last row, wherever the list ends."""
        self._read_end()
        if self._rows:
            self._set_cursor(len(self._rows) - 1)
        self._to_end()
        self.refresh()

    def scroll_by(self, lines: int, *, with_cursor: bool) -> None:
        """Scroll the screen; `with_cursor` keeps the cursor on it, as half-page keys do."""
        if self._stale:
            self._settle()
        top, skip = self._top, self._skip
        self._walk(lines)
        self._settle()
        if with_cursor and self._lines:
            shown = [index for index, _ in self._lines]
            current = self._cursor_index()
            moved = (top, skip) != (self._top, self._skip)
            if not moved:
                self._set_cursor(shown[-1] if lines > 0 else shown[0])
            elif current is None or not shown[0] <= current <= shown[-1]:
                self._set_cursor(shown[0] if lines > 0 else shown[-1])
            self._settle()
        self.refresh()

    def point_at(self, key: Key) -> None:
        """Put the cursor on the row at a key, reading its surroundings where it is not in the window."""
        index = self._index_at(key)
        if index >= len(self._rows) or self._rows[index].key != key:
            self._read_around(key)
            index = self._index_at(key)
        if index < len(self._rows):
            self._point(index)

    def keep_in_view(self, identity: Hashable, key: Key) -> None:
        """Where the row under the cursor is this one, which stands at `key` now, have it on the screen."""
        if identity != self._cursor:
            return
        if self._cursor_index() is None:
            self._read_around(key)
        index = self._cursor_index()
        if index is not None:
            self._reveal(index)
            self._settle()
            self.refresh()

    # Drawing.

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a part of the widget (Textual's line API)."""
        if self._stale:
            self._settle()
        width, height = self._width, self.size.height
        blank = Strip.blank(width, self.rich_style)
        lines = [strip for _, strip in self._lines] if self._rows else self.draw_empty(width, height)
        lines = [blank] * self._lead + lines[:height] + [blank] * (height - len(lines))
        bar = self._scrollbar(height)
        strips = [Strip.join([lines[y], bar[y]]) for y in range(crop.y, min(crop.bottom, height))]
        if crop.x or crop.width < self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, self.background_colors[1]) for strip in strips]
        return strips

    def _scrollbar(self, height: int) -> Sequence[Strip]:
        track = Strip([Segment(" ", self.style_of("rows--track"))], 1)
        shown = len({index for index, _ in self._lines})
        if not self._total or self._offset is None or shown == 0 or shown >= self._total:
            return [track] * height
        size = max(1, round(height * shown / self._total))
        start = round((height - size) * min(1.0, (self._offset + self._top) / max(1, self._total - shown)))
        thumb = Strip([Segment(" ", self.style_of("rows--thumb"))], 1)
        return [thumb if start <= y < start + size else track for y in range(height)]

    def style_of(self, name: str) -> Style:
        """What a component class sets, to be laid over another style; translucent colours are mixed in."""
        if name not in self._styles:
            styles = self.get_component_styles(name)
            ground = self.background_colors[1]
            self._styles[name] = Style(
                color=(ground + styles.color).rich_color if styles.has_rule("color") else None,
                bgcolor=(ground + styles.background).rich_color if styles.has_rule("background") else None,
            ) + (styles.text_style if styles.has_rule("text_style") else Style.null())
        return self._styles[name]

    # Textual's events.

    def notify_style_update(self) -> None:
        """Forget drawn rows when the theme changes."""
        super().notify_style_update()
        self._blocks.clear()
        self._styles.clear()
        self._stale = True

    def on_resize(self, event: events.Resize) -> None:
        """Keep the top row, or the end where the view was there."""
        self._settle()
        self.refresh()

    def on_focus(self) -> None:
        """Draw the cursor as active."""
        self._stale = True
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor as resting."""
        self._stale = True
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on the row under it."""
        line = event.y - self._lead
        if 0 <= line < len(self._lines):
            index = self._lines[line][0]
            self._point(index)
            self.post_message(self.Chosen(self, self._rows[index]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls the screen and leaves the cursor."""
        event.stop()
        self.scroll_by(WHEEL_LINES, with_cursor=False)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls the screen and leaves the cursor."""
        event.stop()
        self.scroll_by(-WHEEL_LINES, with_cursor=False)
