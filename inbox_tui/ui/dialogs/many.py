"""The question before an act on many chats: it names the act and how many chats it is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.content import Content
from textual.widgets import Static

from inbox_tui.store.picking import Survey
from inbox_tui.ui.dialogs.confirm import Confirm

Ask = Callable[[], Awaitable[Survey]]
"""Counts what the chats are that a dialog is about. Raises StoreError."""


class ConfirmMany(Confirm):
    """Asks once the chats are counted; keys typed before that wait."""

    def __init__(self, chats: str, ask: Ask, question: Callable[[Survey], str], undo: str) -> None:
        """`chats`: how many there are, in words; `question`: what is asked of them; `undo`: a key."""
        super().__init__(chats, f"Nothing is sent to anybody. {undo} takes all of it back in one step.")
        self._ask = ask
        self._word = question
        self.survey = Survey()
        """What the chats are that were asked about."""

    def on_mount(self) -> None:
        """Count, then ask."""
        self.ready_after(self._ask(), self._counted)

    def _counted(self, found: Survey) -> None:
        self.survey = found
        self.query_one("#confirm-question", Static).update(Content(self._word(found)).stylize("bold"))
