"""The customer pane: what is known of the person, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.widgets import Static

from inbox_tui.store import customers
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.rows import WHEEL_LINES
from inbox_tui.ui.session import Session


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the pane shows, as it was handed over."""

    row: ChatRow
    lines: Callable[[ChatRow, customers.Customer], Sequence[Content]]
    more: str


class Customer(Static):
    """Facts of the chat that is shown, wrapped here so that a change of them asks for no layout."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._shown: _Shown | None = None
        self._known = customers.Customer()
        self._known_of: ChatRow | None = None
        self._first = 0
        """The first line that is shown of those that there are."""

    def show(
        self,
        row: ChatRow,
        lines: Callable[[ChatRow, customers.Customer], Sequence[Content]],
        more: str,
    ) -> None:
        """Draw what `lines` makes of a chat now. `more`: the key that shows all of it where room is short."""
        if self._shown is None or self._shown.row.pk != row.pk:
            self._first = 0
        self._shown = _Shown(row, lines, more)
        if all(node.display for node in self.ancestors_with_self):
            self._draw()

    def show_nobody(self) -> None:
        """No chat is shown."""
        self._shown = self._known_of = None
        self.update("", layout=False)

    def on_show(self) -> None:
        """Draw what came while there was no room for this pane."""
        self._draw()

    def on_resize(self) -> None:
        """Lines are wrapped by width."""
        self._draw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls what is longer than the pane."""
        event.stop()
        self._first += WHEEL_LINES
        self._draw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls what is longer than the pane."""
        event.stop()
        self._first = max(0, self._first - WHEEL_LINES)
        self._draw()

    def _draw(self) -> None:
        shown, (width, height) = self._shown, self.size
        if shown is None or not width or not height:
            return
        if self._known_of is not shown.row:
            # Every change of the chat brings another row; the clock alone asks for nothing.
            self._known, self._known_of = customers.customer(self._session.reader, shown.row), shown.row
        facts = shown.lines(shown.row, self._known)
        lines = [line for fact in facts for line in (fact.wrap(width) if fact.plain else [fact])]
        self._first = min(self._first, max(0, len(lines) - height))
        below = len(lines) - self._first - height
        if below > 0:
            cut = Content(f"↓ {below + 1} more lines · {shown.more}").stylize("dim")
            lines = [*lines[self._first : self._first + height - 1], cut]
        text = Content("\n").join(lines[self._first :] if below <= 0 else lines)
        # Textual lays the whole screen out anew for a change of what is hidden, and may then miss what has
        # to be painted over: a toast that goes in the same moment would stay on the screen.
        if self.content != text:
            self.update(text, layout=False)
