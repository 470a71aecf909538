"""What every group of acts knows: the inbox screen, and what a key is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inbox_tui.store.reads import ChatRow

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen


class Area:
    """A group of acts: one public method per action id, called with the count typed before the key.

    A method `why_not_<action id>` says why it cannot be done now: it is asked before the act, and by all that
    offers it. Of an act on a message it is asked with the chat and the message.
    """

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox

    @property
    def _subject(self) -> ChatRow | None:
        """The chat that a key is about."""
        return self._inbox.subject
