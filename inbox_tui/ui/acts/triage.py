"""Local marks on a chat; nothing of them reaches the customer."""

from __future__ import annotations

from inbox_tui.ui.acts.area import Area


class Triage(Area):
    """Acts that sort the inbox."""

    def done(self, count: int) -> None:
        """Close the chat for us, or open it again; the customer sees nothing of it."""
        row = self._subject
        if row is None:
            return
        if row.done:
            self._inbox.unmark(row.chat.id, "done")
        else:
            self._inbox.mark(row.chat.id, "done")

    def read(self, count: int) -> None:
        """Mark as read, or take the seen mark away."""
        row = self._subject
        if row is None:
            return
        if row.unread:
            self._inbox.mark(row.chat.id, "seen")
        elif row.unanswered:
            self._inbox.unmark(row.chat.id, "seen")
        else:
            self._inbox.say("Everything here is answered or done, so there is nothing to mark unread")
