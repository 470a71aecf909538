"""Writing a reply, and what can be done about one that did not arrive."""

from __future__ import annotations

import asyncio

from inbox_tui.core.models import Status
from inbox_tui.store import local, lookups
from inbox_tui.store.acts import ActName
from inbox_tui.store.local import OutboxItem
from inbox_tui.store.reads import ThreadRow
from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.pending import OVER


class Answering(Area):
    """Acts around the composer and the outbox."""

    def reply(self, count: int) -> None:
        """Into the composer, or why not."""
        inbox = self._inbox
        if inbox.context is Context.LIST:
            if inbox.chats.cursor_row is None:
                inbox.say("No chat is selected")
                return
            inbox.acts.do("open")
        if inbox.shown is None:
            return
        refusal = inbox.refusal()
        if refusal is not None and not inbox.composer.text:
            inbox.say(refusal.reason)
            return
        inbox.turn_to(inbox.composer.editor)

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
        again = item is not None and item.state in (local.State.FAILED, local.State.UNCERTAIN)
        # What is no send is asked about again by the engine, when it would leave.
        sends = item is not None and item.act == ActName.SEND
        if again and sends and (refusal := inbox.refusal()) is not None:
            inbox.say(refusal.reason)
        elif sends and item is not None and item.state == local.State.UNCERTAIN:
            inbox.background(self._send_again(item))
        elif again and item is not None:
            # An edit or a reaction can be made twice without harm.
            inbox.session.do(local.retry, item.pk, uncertain=True)
            inbox.session.refold(shown.chat.id)
        elif message is None or message.status != Status.FAILED or row.dismissed:
            inbox.say("Only a failed or uncertain message can be sent again")
        elif not message.body:
            inbox.say("Only text can be sent again from here; send the file once more")
        elif (refusal := inbox.refusal()) is not None:
            inbox.say(refusal.reason)
        else:
            inbox.background(inbox.drafts.send_again(shown, message, row.quoted))

    async def _send_again(self, item: OutboxItem) -> None:
        """Send what may have arrived once more, if the person says so in so many words."""
        from inbox_tui.ui.dialogs.confirm import Confirm

        inbox = self._inbox
        consequence = f"{item.title}. If it has arrived after all, the customer gets it twice."
        if await inbox.app.push_screen_wait(Confirm("Send this again?", consequence)):
            again = asyncio.wrap_future(inbox.session.write(local.retry, item.pk, uncertain=True))
            inbox.session.refold(item.chat_id)
            if not await again:
                inbox.say("It has turned up, or was dealt with elsewhere; nothing was sent again")

    def _troubled(self, row: ThreadRow) -> OutboxItem | None:
        """What failed or is uncertain here: a send, or the newest act on the message."""
        items = [*row.pending, *([] if row.item is None else [row.item])]
        return next((item for item in reversed(items) if item.state in OVER), None)

    def discard(self, count: int) -> None:
        """Give the failed message under the cursor up; a send can be had back as the draft."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is None or shown is None:
            return
        message, item = row.message, self._troubled(row)
        back = False
        if item is not None:
            inbox.session.do(local.discard, item.pk)
            if back := item.act == ActName.SEND:
                inbox.drafts.give_up(item.chat_id, item_pk=item.pk)
        elif message is not None and message.status == Status.FAILED and not row.dismissed:
            inbox.session.do(local.dismiss, shown.chat.id, message.id)
            if back := bool(message.body):
                inbox.drafts.give_up(shown.chat.id, text=message.body or "")
        else:
            inbox.say("Only a failed or uncertain message can be given up")
            return
        inbox.session.refold(shown.chat.id)
        inbox.say("Given up. z brings the text back as the draft" if back else "Given up")

    def take_back(self, count: int) -> None:
        """The held send, or what was given up last, comes back into the composer."""
        self._inbox.background(self._take_back())

    async def _take_back(self) -> None:
        self._inbox.say(await self._inbox.drafts.take_back())
        self._inbox.draw_composer()
