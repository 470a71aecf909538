"""What can be done about everything that has not arrived, from the list of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from inbox_tui.core.capabilities import Act
from inbox_tui.store import lookups, outbox
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import State
from inbox_tui.ui.acts.answering import can_be_doubled
from inbox_tui.ui.acts.area import Area

if TYPE_CHECKING:
    from inbox_tui.store.entries import Entry

UNDECIDED = (State.FAILED, State.UNCERTAIN)
"""What only the person can decide about."""


class OutboxActs(Area):
    """The outbox and its items (`dialogs.outbox.Hands`)."""

    def outbox(self, count: int) -> None:
        """List what has not arrived and what was given up."""
        # Not from a worker: the next key would be looked at before the dialog is there.
        from inbox_tui.ui.dialogs.outbox import Outbox

        inbox = self._inbox
        inbox.app.push_screen(Outbox(inbox.session, inbox.keymap, self), self._left)

    def try_again(self, entry: Entry) -> None:
        """Send it once more; where it may arrive twice then, the person is asked."""
        inbox, item = self._inbox, entry.item
        if item.state not in UNDECIDED:
            inbox.say("Only what failed or is uncertain can be sent again")
        elif item.act == ActName.SEND and (why := self._why_not(entry)) is not None:
            inbox.say(why)
        elif item.state == State.UNCERTAIN and can_be_doubled(item):
            inbox.acts.answering.ask_to_send_again(item)
        else:
            inbox.session.do(outbox.retry, item.pk, uncertain=True)
            inbox.session.refold(item.chat_id)
            inbox.say("It is tried again")

    def _why_not(self, entry: Entry) -> str | None:
        """Why a message cannot be sent to its chat now."""
        inbox = self._inbox
        row = lookups.chat(inbox.session.reader, entry.item.chat_id)
        refusal = None if row is None else inbox.refusal_of(row, Act.SEND_TEXT)
        return None if refusal is None else refusal.reason

    def give_up(self, entry: Entry) -> None:
        """Give it up; its words stay in the list, to be had back."""
        inbox, item = self._inbox, entry.item
        if item.state == State.DISCARDED:
            inbox.say("It is given up already")
        elif item.state not in UNDECIDED:
            inbox.say("It is on its way; only what failed or is uncertain can be given up")
        else:
            inbox.session.do(outbox.discard, item.pk)
            if item.act == ActName.SEND:
                inbox.drafts.give_up(item.chat_id, item_pk=item.pk)
            inbox.session.refold(item.chat_id)
            inbox.say("Given up" + (". Its words stay here, to be had back" if item.text else ""))

    def bring_back(self, entry: Entry) -> None:
        """Make a draft of it again: of what has not left, or was given up."""
        inbox, item = self._inbox, entry.item
        if item.state in UNDECIDED:
            inbox.say("Give it up first; then its words can be had back as a draft")
        elif item.state not in (State.HELD, State.QUEUED, State.DISCARDED):
            inbox.say("It has already left")
        else:
            inbox.background(self._bring(entry))

    async def _bring(self, entry: Entry) -> None:
        inbox, item = self._inbox, entry.item
        bring = outbox.bring_back if item.state == State.DISCARDED else outbox.take_back
        found = await inbox.drafts.bring(item.draft_key, partial(bring, item_pk=item.pk))
        if not found:
            inbox.say("It has left, or was brought back elsewhere")
        elif item.act == ActName.EDIT:
            key = inbox.keymap.label("edit")
            inbox.say(f"It is the draft of the edit again: {key} on its message goes on with it")
        elif item.act == ActName.PRIVATE_REPLY:
            inbox.say(f"It is the draft for its comment again: {inbox.keymap.label('comments')} goes there")
        else:
            inbox.say(f"Back as the draft for {'its chat' if entry.chat is None else entry.chat.title}")
        inbox.shown_chat.draw_composer()

    def _left(self, entry: Entry | None) -> None:
        """Go where an item belongs."""
        inbox = self._inbox
        if entry is None:
            return
        if entry.chat is not None:
            inbox.go_to(entry.chat.id)
        elif entry.item.act == ActName.PRIVATE_REPLY:
            inbox.acts.do("comments")
        else:
            inbox.say("There is no such chat yet")
