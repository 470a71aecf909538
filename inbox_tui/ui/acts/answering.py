"""Writing a reply, and what can be done about one that did not arrive."""

from __future__ import annotations

import asyncio

from inbox_tui.core.capabilities import Act, Cause, Refused
from inbox_tui.core.models import Status
from inbox_tui.store import lookups, outbox
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.pending import OVER


class Answering(Area):
    """Acts around the composer and the outbox."""

    def reply(self, count: int) -> None:
        """Into the composer, or why not."""
        inbox = self._inbox
        if inbox.context is Context.LIST:
            inbox.acts.do("open")
        if inbox.shown is None:
            return
        if (refusal := self.why_not_reply()) is not None:
            inbox.say(refusal.reason)
            return
        inbox.turn_to(inbox.composer.editor)

    def why_not_reply(self) -> Refused | None:
        """A composer with words in it can be gone into, whatever may be sent."""
        inbox, row = self._inbox, self._subject
        if row is None:
            return None
        is_shown = inbox.shown is not None and inbox.shown.pk == row.pk
        if inbox.composer.text if is_shown else row.draft:
            return None
        return inbox.refusal_of(row, Act.SEND_TEXT)

    def retry(self, count: int) -> None:
        """Send the failed message under the cursor again; of an uncertain one, ask first."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is None or shown is None:
            return
        message, item = row.message, self._troubled(row)
        if item is None and message is not None and not row.dismissed:
            # Sent from here: the item itself goes again, in its place before later ones.
            item = lookups.failed_item(inbox.session.reader, message.id)
        again = item is not None and item.state in (State.FAILED, State.UNCERTAIN)
        # What is no send is asked about again by the engine, when it would leave.
        sends = item is not None and item.act == ActName.SEND
        if again and sends and (refusal := inbox.shown_chat.refusal()) is not None:
            inbox.say(refusal.reason)
        elif sends and item is not None and item.state == State.UNCERTAIN:
            self.ask_to_send_again(item)
        elif again and item is not None:
            # An edit or a reaction can be made twice without harm.
            inbox.session.do(outbox.retry, item.pk, uncertain=True)
            inbox.session.refold(shown.chat.id)
        elif message is None or message.status != Status.FAILED or row.dismissed:
            inbox.say("Only a failed or uncertain message can be sent again")
        elif not message.body:
            inbox.say("Only text can be sent again from here; send the file once more")
        elif (refusal := inbox.shown_chat.refusal()) is not None:
            inbox.say(refusal.reason)
        else:
            inbox.background(inbox.drafts.sender.send_again(shown, message, row.quoted))

    def why_not_retry(self, chat: ChatRow, row: ThreadRow) -> Refused | None:
        """Asked of the message alone; what else may stand in the way is looked at when it is done."""
        return self._no_trouble(row, "Only a failed or uncertain message can be sent again")

    def why_not_discard(self, chat: ChatRow, row: ThreadRow) -> Refused | None:
        """Only trouble can be given up."""
        return self._no_trouble(row, "Only a failed or uncertain message can be given up")

    def _no_trouble(self, row: ThreadRow, why: str) -> Refused | None:
        message = None if row.dismissed else row.message
        failed = message is not None and message.status == Status.FAILED
        return None if failed or self._troubled(row) is not None else Refused(why, cause=Cause.MESSAGE)

    def ask_to_send_again(self, item: OutboxItem) -> None:
        """Send what may have arrived once more, if the person says so in so many words."""
        from inbox_tui.ui.dialogs.confirm import Confirm

        inbox = self._inbox

        def answered(yes: bool | None) -> None:
            if yes:
                inbox.background(self._send_again(item))

        consequence = f"{item.title}. If it has arrived after all, the customer gets it twice."
        inbox.app.push_screen(Confirm("Send this again?", consequence), answered)

    async def _send_again(self, item: OutboxItem) -> None:
        inbox = self._inbox
        again = asyncio.wrap_future(inbox.session.write(outbox.retry, item.pk, uncertain=True))
        inbox.session.refold(item.chat_id)
        if not await again:
            inbox.say("It has turned up, or was dealt with elsewhere; nothing was sent again")

    def _troubled(self, row: ThreadRow) -> OutboxItem | None:
        """What failed or is uncertain here: a send, or the newest act on the message."""
        items = [*row.items, *reversed(row.pending)]
        return next((item for item in items if item.state in OVER), None)

    def discard(self, count: int) -> None:
        """Give the failed message under the cursor up; a send can be had back as the draft."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is None or shown is None:
            return
        message, item = row.message, self._troubled(row)
        back = False
        if item is not None:
            inbox.session.do(outbox.discard, item.pk)
            if back := item.act == ActName.SEND:
                inbox.drafts.give_up(item.chat_id, item_pk=item.pk)
        elif message is not None and message.status == Status.FAILED and not row.dismissed:
            # What it was sent as from here keeps the words; they are in one place only.
            sent_as = lookups.failed_item(inbox.session.reader, message.id)
            inbox.session.do(outbox.dismiss, shown.chat.id, message.id)
            if back := bool(message.body):
                pk = None if sent_as is None else sent_as.pk
                inbox.drafts.give_up(shown.chat.id, item_pk=pk, text=message.body or "")
        else:
            inbox.say("Only a failed or uncertain message can be given up")
            return
        inbox.session.refold(shown.chat.id)
        key = inbox.keymap.label("take_back")
        inbox.say(f"Given up. {key} brings the text back as the draft" if back else "Given up")


def can_be_doubled(item: OutboxItem) -> bool:
    """Whether the customer gets something twice if an item of which nobody knows is carried out again."""
    return item.act in (ActName.SEND, ActName.PRIVATE_REPLY)
