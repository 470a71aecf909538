"""The parts of the keyboard builder: the lines that are typed, the options, the picture of the message."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Checkbox

from inbox_tui.core.cells import cells, shorten, wrap
from inbox_tui.core.keyboard_text import Fault
from inbox_tui.core.keyboards import Keyboard
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.keyboard_view import as_content, keyboard_lines
from inbox_tui.ui.lines import Piece

WIDEST = 84
"""Cells that a message and its buttons take at the most."""
WORDS = 400
"""Characters of the message that are looked at; two lines of them are shown."""


class Lines(Editor):
    """The rows of buttons as lines of text; what cannot be sent is underlined where it is typed."""

    COMPONENT_CLASSES = {"lines--fault"}  # noqa: RUF012 - Textual's own declaration

    faults: Sequence[Fault] = ()

    def show_faults(self, faults: Sequence[Fault]) -> None:
        """Underline these."""
        if tuple(faults) != tuple(self.faults):
            self.faults = faults
            self.refresh()

    def _marks(self, row: int, start: int, end: int) -> tuple[tuple[Style, int, int], ...]:
        style = self.get_component_rich_style("lines--fault", partial=True)
        found = []
        for fault in self.faults:
            left, right = max(0, fault.start - start), min(end, fault.end) - start
            if fault.line == row and right > left:
                found.append((style, left, right))
        return (*found, *super()._marks(row, start, end))


class Option(Checkbox):
    """A checkbox that shows by a sign, not by a colour alone, whether it is set."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Put the sign in."""
        self.BUTTON_INNER = "✓" if self.value else " "
        super().watch_value()


class Preview(Widget):
    """The message with its buttons, as the thread will have it; laid out by its own width."""

    _words = ""
    _keyboard: Keyboard | None = None

    def show(self, words: str, keyboard: Keyboard | None) -> None:
        """Draw other words or buttons; the same ones are not painted again."""
        if (words, keyboard) != (self._words, self._keyboard):
            self._words, self._keyboard = words, keyboard
            self.refresh()

    def render(self) -> Content:
        """Up to two lines of the message, where there is room, and every row of buttons."""
        width = max(8, self.size.width)
        room = min(width, WIDEST)
        words = wrap(shorten(self._words, WORDS), room) if self._words.strip() else []
        buttons = keyboard_lines(self._keyboard, room)
        most = max(1, min(2, self.size.height - len(buttons)))
        lines: list[list[Piece]] = [[(line, "outbound")] for line in words[:most]]
        if len(words) > most:
            lines[-1] = [(f"{words[most - 1][: width - 2]} …", "outbound")]
        lines += buttons
        block = max((sum(cells(text) for text, _ in line) for line in lines), default=0)
        indent = " " * max(0, width - block)
        return Content("\n").join(Content(indent) + as_content(line) for line in lines)
