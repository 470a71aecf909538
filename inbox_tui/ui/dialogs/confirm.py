"""A question with one way on and one way back."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from inbox_tui.ui.dialogs.dialog import Dialog


class Confirm(Dialog[bool]):
    """Asks before something that cannot be taken back; Enter goes on, Escape does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter,y", "answer(True)", "Yes"),
        ("escape,n", "answer(False)", "No"),
    ]

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence

    def compose(self) -> ComposeResult:
        """Question, what follows, keys."""
        with Vertical(id="confirm"):
            yield Static(Content(self._question).stylize("bold"))
            yield Static(Content(self._consequence))
            yield Static(Content("⏎ or y: yes   Esc or n: no").stylize("dim"))

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
