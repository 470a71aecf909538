"""The text field of the composer: what is typed and pasted is text, and costs the same in a long draft."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from itertools import pairwise

from rich.style import Style
from rich.text import Text
from textual import events
from textual._wrap import compute_wrap_offsets
from textual.cache import LRUCache
from textual.document._document import Document
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.expand_tabs import expand_text_tabs_from_widths
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from inbox_tui.core.text import clean

MOST_CHARACTERS = 50_000
"""No platform takes a message a tenth as long; above this a paste is refused whole, not cut."""

MOST_IN_A_LINE = 10_000
"""What a field of one line takes of a paste; it draws all of it at every key."""
KEPT_ROWS = 64
"""More rows than a field shows."""

Location = tuple[int, int]


def one_line(pasted: str) -> str:
    """A paste for a field of one line: cleaned, white space as single spaces; nothing of a very long one."""
    return " ".join(clean(pasted).split()) if len(pasted) <= MOST_IN_A_LINE else ""


class Sections(WrappedDocument):
    """Textual's wrapped text, whose sections are cut out of the line itself.

    Textual makes styled text of each section of a line for each row that is drawn: in a paragraph of 4,000
    characters that was most of what a key cost.
    """

    def get_sections(self, line_index: int) -> list[str]:
        """A line of the document as the lines that it takes on the screen."""
        line = self.document[line_index]
        return [line[start:end] for start, end in pairwise(self.edges(line_index))]

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        """Wrap what an edit has changed; in a long paragraph, from the row before it on.

        Textual wraps the whole paragraph. Rows before the edit stay as they are, but for the last of them,
        into which the changed word may go now.
        """
        row, column = min(start, old_end)
        if not (self._width and start[0] == old_end[0] == new_end[0] and self._tab_width_cache[row] == [0]):
            super().wrap_range(start, old_end, new_end)
            return
        line, before = self.document[row], self._wrap_offsets[row]
        kept = [offset for offset in before if offset < column]
        if kept:
            kept.pop()
        # A word that is longer than a row is cut; rows begin anew only with a word.
        while kept and not (line[kept[-1] - 1].isspace() and not line[kept[-1]].isspace()):
            kept.pop()
        begin = kept[-1] if kept else 0
        if begin == 0 or "\t" in line:
            super().wrap_range(start, old_end, new_end)
            return
        found = compute_wrap_offsets(line[begin:], self._width, self._tab_width)
        offsets = [*kept, *(begin + offset for offset in found)]
        if len(offsets) == len(before):
            self._wrap_offsets[row] = offsets
        else:
            super().wrap_range(start, old_end, new_end)

    def edges(self, line_index: int) -> list[int]:
        """Where the sections of a line begin, and where the last one ends."""
        return [0, *self.get_offsets(line_index), len(self.document[line_index])]


class Editor(TextArea):
    """The text field itself. The application hands it keys and pastes one by one, in its own task."""

    wrapped_document: Sections
    _styled: object = None
    """What the styles in use were looked up for."""

    class LockedKey(Message):
        """Something was typed into a locked field."""

    class TooLong(Message):
        """A paste was refused for its length."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    @cached_property
    def _strips(self) -> LRUCache[Hashable, Strip]:
        """Rows as they were drawn: of a long text, most stay the same when a letter is typed."""
        return LRUCache(KEPT_ROWS)

    def type_key(self, event: events.Key) -> bool:
        """Take a key that writes; False: it is a key of the text area."""
        if not (event.is_printable and event.character):
            return False
        self.write(event.character)
        return True

    def paste(self, text: str) -> None:
        """A paste is text: cleaned, never cut, never a key, never a send."""
        if len(text) + len(self.text) > MOST_CHARACTERS:
            self.post_message(self.TooLong(len(text)))
        else:
            self.write(clean(text))

    def write(self, text: str) -> None:
        """Put a text where the caret is, instead of what is selected; one step for undo."""
        self.put(text, *self.selection)

    def put(self, text: str, start: Location, end: Location) -> None:
        """Put a text in place of a range; the caret goes behind it."""
        if self.read_only:
            self.post_message(self.LockedKey())
            return
        # Moving the caret, too, would end what one undo takes back; the edit moves it.
        self.replace(text, start, end, maintain_selection_offset=False)

    def take_back(self) -> bool:
        """Undo the last change of the text; False where there is none."""
        if self.read_only:
            self.post_message(self.LockedKey())
            return True
        if not self.history.undo_stack:
            return False
        self.undo()
        return True

    @property
    def before_caret(self) -> str:
        """The line that the caret is in, as far as the caret."""
        row, column = self.cursor_location
        return self.document.get_line(row)[:column]

    # What Textual does for every line of code is too much for every letter of a long paragraph.

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """Prose has no brackets to be matched, and looking for one may read the whole text."""
        return None

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = Document(text)
        self.wrapped_document = Sections(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def notify_style_update(self) -> None:
        """Look the styles up again when the theme or a class has changed."""
        super().notify_style_update()
        self._styled = None

    def _look_up_styles(self) -> None:
        """What CSS says of the parts of the field; Textual asks for that at every paint."""
        found = (self._theme, self.background_colors)
        if found != self._styled:
            self._styled = found
            self._theme.apply_css(self)
            self._strips.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a part of the field (Textual's line API)."""
        self._look_up_styles()
        if self.styles.gutter:
            return super().render_lines(crop)
        base = self._theme.base_style or self.rich_style
        strips = [
            self._render_line(y).crop_extend(crop.x, crop.right, base) for y in range(crop.y, crop.bottom)
        ]
        ground = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, ground) for strip in strips]
        return strips

    def _render_line(self, y: int) -> Strip:
        wrapped, base = self.wrapped_document, self._theme.base_style or self.rich_style
        y += self.scroll_offset.y
        width = self.scrollable_content_region.size.width
        if y >= len(wrapped._offset_to_line_info):
            return Strip.blank(width, base)
        row, section = wrapped._offset_to_line_info[y]
        edges = wrapped.edges(row)
        start, end = edges[section], edges[section + 1]
        line = self.document[row]
        # Behind the last character there is a cell for the caret.
        words = line[start:end] + " " * (end == len(line))
        tabs = line.count("\t", 0, start)
        widths = tuple(wrapped.get_tab_widths(row)[tabs : tabs + line.count("\t", start, end)])
        marks = self._marks(row, start, end)
        name = (words, widths, marks, width)
        drawn = self._strips.get(name)
        if drawn is None:
            text = Text(words, end="", no_wrap=True)
            for style, first, last in marks:
                text.stylize(style, first, last)
            text = expand_text_tabs_from_widths(text, list(widths))
            strip = Strip(text.render(self.app.console), cell_length=text.cell_len)
            drawn = self._strips[name] = strip.extend_cell_length(width, base).apply_style(base)
        return drawn

    def _marks(self, row: int, start: int, end: int) -> tuple[tuple[Style, int, int], ...]:
        """Styles of what is selected, and of the caret, in a row's section from `start` to `end`."""
        theme = self._theme
        marks = []
        first, last = sorted(self.selection)
        if first != last and theme.selection_style and first[0] <= row <= last[0]:
            left = first[1] - start if row == first[0] else 0
            # An empty line that is selected over its end shows that by the cell of the caret.
            length = end - start + (end == len(self.document[row]))
            right = last[1] - start if row == last[0] else (end - start or length)
            if right > max(0, left):
                marks.append((theme.selection_style, max(0, left), right))
        caret_row, column = self.selection.end
        here = start <= column < end or column == end == len(self.document[row])
        if caret_row == row and here and self._draw_cursor and theme.cursor_style:
            marks.append((theme.cursor_style, column - start, column - start + 1))
        return tuple(marks)
