"""What each action of the registry does: one method per action id, called with the count typed before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inbox_tui.core.models import Status
from inbox_tui.store import local, lookups
from inbox_tui.store.reads import ChatRow, ThreadRow
from inbox_tui.ui.actions import Action, Context
from inbox_tui.ui.rows import VirtualRows

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen


class Acts:
    """The hands of the inbox screen."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox

    def carry_out(self, action: Action, count: int) -> None:
        """Do what an action says."""
        getattr(self, action.id)(count)

    @property
    def _rows(self) -> VirtualRows[ChatRow] | VirtualRows[ThreadRow]:
        inbox = self._inbox
        return inbox.thread if inbox.context is Context.THREAD else inbox.chats

    @property
    def _subject(self) -> ChatRow | None:
        """The chat that a key is about: the one under the list's cursor, or the open one."""
        inbox = self._inbox
        return inbox.chats.cursor_row if inbox.context is Context.LIST else inbox.shown

    # Move.

    def move_down(self, count: int) -> None:
        """The next row."""
        self._rows.move_cursor(count)

    def move_up(self, count: int) -> None:
        """The previous row."""
        self._rows.move_cursor(-count)

    def first(self, count: int) -> None:
        """The first row."""
        self._rows.go_start()

    def last(self, count: int) -> None:
        """The last row."""
        self._rows.go_end()

    def half_down(self, count: int) -> None:
        """Half a screen down."""
        self._rows.scroll_by(count * max(1, self._rows.size.height // 2), with_cursor=True)

    def half_up(self, count: int) -> None:
        """Half a screen up."""
        self._rows.scroll_by(-count * max(1, self._rows.size.height // 2), with_cursor=True)

    # Panes.

    def open(self, count: int) -> None:
        """From the list into the thread."""
        inbox = self._inbox
        row = inbox.chats.cursor_row
        if row is None:
            return
        inbox.show_chat(row)
        inbox.turn_to(inbox.thread)
        inbox.session.do(local.set_screen, row.chat.id)
        if row.pulled_at is None:
            inbox.session.do(local.need, "look", row.chat.id)

    def back(self, count: int) -> None:
        """From the thread to the list."""
        self._inbox.turn_to(self._inbox.chats)
        self._inbox.session.do(local.set_screen, None)

    def next_chat(self, count: int) -> None:
        """The next chat, without leaving the thread."""
        self._inbox.chats.move_cursor(count)
        self.open(1)

    def previous_chat(self, count: int) -> None:
        """The previous chat, without leaving the thread."""
        self.next_chat(-count)

    def next_attention(self, count: int) -> None:
        """The chat that has waited longest for a reply, behind the one that is shown."""
        inbox = self._inbox
        behind = None if inbox.shown is None else (inbox.shown.needs_reply_since, inbox.shown.pk)
        row = lookups.next_unanswered(inbox.session.reader, behind)
        if row is None:
            inbox.say("No chat needs a reply")
            return
        inbox.filter_bar.close()
        inbox.chats.point_at(row.key)
        self.open(1)

    def filter(self, count: int) -> None:
        """Type into the filter of the list."""
        self._inbox.filter_bar.display = True
        self._inbox.turn_to(self._inbox.filter_bar.field)

    def clear_filter(self, count: int) -> None:
        """Show all chats again."""
        self._inbox.filter_bar.close()

    # Answer.

    def reply(self, count: int) -> None:
        """Into the composer, or why not."""
        inbox = self._inbox
        if inbox.context is Context.LIST:
            if inbox.chats.cursor_row is None:
                inbox.say("No chat is selected")
                return
            self.open(1)
        if inbox.shown is None:
            return
        refusal = inbox.refusal()
        if refusal is not None and not inbox.composer.text:
            inbox.say(refusal.reason)
            return
        inbox.turn_to(inbox.composer.editor)

    def retry(self, count: int) -> None:
        """Send the failed message under the cursor again."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is None or shown is None:
            return
        message, item = row.message, row.item
        if message is not None and not row.dismissed:
            # Sent from here: the item itself goes again, in its place before later ones.
            item = lookups.failed_item(inbox.session.reader, message.id)
        if item is not None and item.state == local.State.FAILED:
            inbox.session.do(local.retry, item.pk)
            inbox.session.refold(shown.chat.id)
        elif message is None or message.status != Status.FAILED or row.dismissed:
            inbox.say("Only a failed message can be sent again")
        elif not message.body:
            inbox.say("Only text can be sent again from here; send the file once more")
        elif (refusal := inbox.refusal()) is not None:
            inbox.say(refusal.reason)
        else:
            inbox.background(inbox.drafts.send_again(shown, message.body, message.id))

    def discard(self, count: int) -> None:
        """Give the failed message under the cursor up."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is None or shown is None:
            return
        message, item = row.message, row.item
        if item is not None and item.state in (local.State.FAILED, local.State.UNCERTAIN):
            inbox.session.do(local.discard, item.pk)
        elif message is not None and message.status == Status.FAILED and not row.dismissed:
            inbox.session.do(local.dismiss, shown.chat.id, message.id)
        else:
            inbox.say("Only a failed or uncertain message can be given up")
            return
        inbox.session.refold(shown.chat.id)

    def take_back(self, count: int) -> None:
        """The held send comes back into the composer."""
        self._inbox.background(self._take_back())

    async def _take_back(self) -> None:
        self._inbox.say(await self._inbox.drafts.take_back())
        self._inbox.draw_composer()

    # Triage.

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

    # Program.

    def palette(self, count: int) -> None:
        """Commands and themes."""
        self._inbox.app.action_command_palette()

    def repaint(self, count: int) -> None:
        """Draw every cell again, after something else has written to the terminal."""
        self._inbox.refresh(layout=True)

    def help(self, count: int) -> None:
        """All keys."""
        from inbox_tui.ui.dialogs.help import HelpScreen

        self._inbox.app.push_screen(HelpScreen())

    def quit(self, count: int) -> None:
        """Leave; asks when something is unsent."""
        self._inbox.background(self._quit())

    async def _quit(self) -> None:
        inbox = self._inbox
        await inbox.drafts.saved()
        waiting = [item for item in lookups.outbox(inbox.session.reader) if item.state in local.ON_THE_WAY]
        if waiting:
            from inbox_tui.ui.dialogs.confirm import Confirm

            count = len(waiting)
            words = "1 message has" if count == 1 else f"{count} messages have"
            consequence = "What is held becomes a draft again; the rest leaves at the next start."
            if not await inbox.app.push_screen_wait(Confirm(f"{words} not left yet. Quit?", consequence)):
                return
        inbox.app.exit()
