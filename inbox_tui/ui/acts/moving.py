"""Moving in a list, between the panes and from chat to chat."""

from __future__ import annotations

from inbox_tui.store import screens
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.rows import VirtualRows


class Moving(Area):
    """Acts that change what is looked at, and nothing else."""

    @property
    def _rows(self) -> VirtualRows[ChatRow] | VirtualRows[ThreadRow]:
        inbox = self._inbox
        return inbox.thread if inbox.context is Context.THREAD else inbox.chats

    def move_down(self, count: int) -> None:
        """The next row."""
        self._rows.move_cursor(count)

    def move_up(self, count: int) -> None:
        """The previous row."""
        self._rows.move_cursor(-count)

    def first(self, count: int) -> None:
        """The first row, or the one of a count."""
        self._rows.go_start()
        if count > 1:
            self._rows.move_cursor(count - 1)

    def last(self, count: int) -> None:
        """The last row."""
        self._rows.go_end()

    def half_down(self, count: int) -> None:
        """Half a screen down."""
        self._rows.scroll_by(count * max(1, self._rows.size.height // 2), with_cursor=True)

    def half_up(self, count: int) -> None:
        """Half a screen up."""
        self._rows.scroll_by(-count * max(1, self._rows.size.height // 2), with_cursor=True)

    def open(self, count: int) -> None:
        """From the list into the thread."""
        inbox = self._inbox
        row = inbox.subject if inbox.context is Context.LIST else inbox.chats.cursor_row
        if row is None:
            return
        inbox.show_chat(row)
        inbox.turn_to(inbox.thread)
        inbox.session.do(screens.show, row.chat.id)
        if row.pulled_at is None:
            inbox.session.do(screens.need, "look", row.chat.id)

    def back(self, count: int) -> None:
        """From the thread to the list."""
        self._inbox.turn_to(self._inbox.chats)
        self._inbox.session.do(screens.show, None)

    def next_chat(self, count: int) -> None:
        """The next chat, without leaving the thread."""
        inbox, before = self._inbox, self._subject
        inbox.chats.move_cursor(count)
        self.open(1)
        if before is not None and inbox.shown is not None and inbox.shown.pk == before.pk:
            inbox.say(f"This is the {'last' if count > 0 else 'first'} chat of the list")

    def previous_chat(self, count: int) -> None:
        """The previous chat, without leaving the thread."""
        self.next_chat(-count)
