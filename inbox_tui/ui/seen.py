"""When an open chat counts as seen. Reading sends nothing to anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.timer import Timer

from inbox_tui.store import marks
from inbox_tui.ui.actions import Context
from inbox_tui.ui.editor import Editor

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

SEEN_SECONDS = 1.0
"""How long the newest message must stand before the person until the chat counts as seen."""


class Seen:
    """Watches whether the newest message of the open chat stands before the person."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self._timer: Timer | None = None
        self._kept: int | None = None
        """The open chat (pk) that the person has marked unread: it stays so until they have left it."""

    def keep_unread(self) -> None:
        """The person has marked the open chat unread."""
        shown = self._inbox.shown
        if self._opened and shown is not None:
            self._kept = shown.pk

    def watch(self) -> None:
        """Begin the time anew: another chat, place or focus, or a newer message."""
        inbox = self._inbox
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        shown = inbox.shown
        if not self._opened or shown is None or shown.pk != self._kept:
            self._kept = None
        if not self._opened:
            return
        inbox.acts.attachments.want_pictures()
        dwell = inbox.preferences.dwell
        if dwell and shown is not None and shown.unread and self._kept is None:
            self._timer = inbox.set_timer(SEEN_SECONDS, self._mark)

    @property
    def _opened(self) -> bool:
        inbox = self._inbox
        return inbox.context is Context.THREAD or isinstance(inbox.focused, Editor)

    def _mark(self) -> None:
        inbox = self._inbox
        row = inbox.shown
        if row is None or not self._opened or not inbox.app.app_focus or not inbox.thread.at_end:
            return
        rows = inbox.thread.window_rows
        inbound = [each.message for each in rows if each.message is not None and each.message.inbound]
        if not inbound:
            return
        # Covers what stood on the screen, not what may have come while this was decided.
        known = marks.Known(max((each.arrived or 0 for each in rows), default=0), *inbound[-1].position)
        inbox.session.do(marks.mark, row.chat.id, "seen", known)
        inbox.session.refold(row.chat.id)
