"""The line above a thread: whose it is, where, and how fresh."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from inbox_tui.ui import status


class ThreadTitle(Widget):
    """Lays its words out by its own width, so that it fits whenever that changes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words: tuple[str, str, tuple[Content, ...], bool] = ("", "", (), True)

    def show(self, name: str, place: str, *facts: Content, at_end: bool) -> None:
        """Draw other words; the same ones are not painted again. `facts` as in `status.thread_title`."""
        words = (name, place, facts, at_end)
        if words != self._words:
            self._words = words
            self.refresh()

    def render(self) -> Content:
        """The line in the width that it has now."""
        name, place, facts, at_end = self._words
        return status.thread_title(name, place, facts, self.size.width, at_end=at_end)
