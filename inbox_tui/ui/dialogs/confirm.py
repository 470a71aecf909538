"""A question with one way on and one way back."""

from __future__ import annotations

from collections.abc import Callable
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
            yield Static(Content(self._question).stylize("bold"), id="confirm-question")
            yield Static(Content(self._consequence), id="confirm-consequence")
            yield Static(Content("⏎ or y: yes   Esc or n: no").stylize("dim"))

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)


class ConfirmQuit(Confirm):
    """Asks before leaving what has not been sent; the question follows what leaves while it is asked."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """`waiting`: how many messages have not left."""
        self._waiting = waiting
        super().__init__(*_about(waiting()))

    def store_changed(self) -> None:
        """What is held goes on leaving while the person thinks."""
        question, consequence = _about(self._waiting())
        self.query_one("#confirm-question", Static).update(Content(question).stylize("bold"))
        self.query_one("#confirm-consequence", Static).update(Content(consequence))


def _about(count: int) -> tuple[str, str]:
    """Question and consequence of leaving with so many messages unsent."""
    if not count:
        return "Everything has left. Quit?", "Nothing waits to be sent any more."
    words = "1 message has" if count == 1 else f"{count} messages have"
    return (
        f"{words} not left yet. Quit?",
        "What is held becomes a draft again; the rest leaves at the next start.",
    )
