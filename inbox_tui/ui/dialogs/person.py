"""Everything about the person of a chat at any size of the screen, and the way to other chats of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from inbox_tui.store.customers import Other
from inbox_tui.ui.dialogs.dialog import Dialog


class Person(Dialog[str | None]):
    """Scrolls; a number goes to a chat that may be with the same person. Returns its id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,p", "leave", "Close"),
        ("j,down", "scroll(1)", "Down"),
        ("k,up", "scroll(-1)", "Up"),
        ("ctrl+d,pagedown", "scroll(10)", "Half a screen down"),
        ("ctrl+u,pageup", "scroll(-10)", "Half a screen up"),
        *((str(number), f"go({number})", "Go there") for number in range(1, 10)),
    ]
    CSS = "#person { width: 64; }"

    def __init__(self, title: str, lines: Callable[[], Sequence[Content]], others: Sequence[Other]) -> None:
        """`lines`: what is known now, asked again when the store has changed."""
        super().__init__()
        self._title = title
        self._lines = lines
        self._others = others

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="person") as scroll:
            scroll.border_title = Content(self._title)
            keys = ["j/k scroll", "Esc closes"]
            if self._others:
                last = len(self._others)
                keys.insert(1, "1 goes there" if last == 1 else f"1-{last} go there")
            scroll.border_subtitle = Content(" · ".join(keys))
            yield Static(id="person-text")

    def on_mount(self) -> None:
        """Draw, and take the keys."""
        self.store_changed()
        self.set_focus(self.query_one(VerticalScroll))
        super().on_mount()

    def store_changed(self) -> None:
        """Draw what is known now."""
        self.query_one("#person-text", Static).update(Content("\n").join(self._lines()))

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_go(self, number: int) -> None:
        """Go to a chat that may be theirs, too."""
        if number <= len(self._others):
            self.dismiss(self._others[number - 1].chat.id)

    def action_leave(self) -> None:
        """Stay with the chat."""
        self.dismiss(None)
