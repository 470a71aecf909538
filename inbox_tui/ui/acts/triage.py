"""Local marks on the chat that a key is about, or on all that are selected; nothing reaches the customer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from inbox_tui.core.capabilities import Act
from inbox_tui.core.models import Chat, Milliseconds
from inbox_tui.store import journal, lookups, triage
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.picking import survey
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.acts import many
from inbox_tui.ui.acts.area import Area

if TYPE_CHECKING:
    from inbox_tui.ui.bulk import Work
    from inbox_tui.ui.dialogs.labels import Changed
    from inbox_tui.ui.dialogs.snooze import Chosen
    from inbox_tui.ui.inbox import InboxScreen


STAYS: Mapping[ActName, tuple[str, Mapping[str, str]]] = {
    ActName.SEND: ("The message to {name} has left and stays", {}),
    ActName.PRIVATE_REPLY: ("The private reply has left and stays", {}),
    ActName.NEW_CHAT: ("The new chat stays", {}),
    ActName.EDIT: ("The edit for {name} stays", {"edit": "changes the message again"}),
    ActName.REACT: ("The reaction for {name} stays", {"unreact": "takes it off"}),
    ActName.UNREACT: ("The reaction for {name} stays off", {"react": "sets it again"}),
    ActName.ARCHIVE: ("{name} stays archived", {"archive": "brings the chat back"}),
    ActName.UNARCHIVE: ("{name} stays out of the archive", {"archive": "archives the chat"}),
}
"""What `z` says of acts on the platforms, which no undo reaches, and the keys that do."""


class Triage(Area):
    """Acts that sort the inbox. Each is a step of the journal, to be undone and done again."""

    def __init__(self, inbox: InboxScreen) -> None:
        super().__init__(inbox)
        self._many = many.Many(inbox)
        self._told_until: Milliseconds = 0
        """When that was done of which was said last that it stays."""

    def done(self, count: int) -> None:
        """Close the chat for us, or open it again; the customer sees nothing of it."""
        if self._many.are_meant:
            self._many.decide(many.closing_or_not)
            return
        row = self._subject
        if row is None:
            return
        besides = self._besides(row)
        self._inbox.session.act(triage.reopen if row.done else triage.done, [row.chat.id])
        self._tell("Reopened" if row.done else "Done", row, besides)

    def _besides(self, row: ChatRow, *, stays: bool = True) -> list[str]:
        """What is to be known when a chat is closed or reopened: of its failed message, and of its snooze.

        `stays`: the next keys are about this chat, too.
        """
        inbox, sentences = self._inbox, []
        if row.failed and not row.done:
            # As the thread says it: a doomed second try is not offered.
            again = {} if inbox.refusal_of(row, Act.SEND_TEXT) else {"retry": "sends it again"}
            ways = inbox.keymap.offers(**again, discard="gives it up") if stays else ""
            sentences.append(f"Its failed message stays to be dealt with{ways}")
        found = survey(inbox.session.reader, [row.chat.id], inbox.session.clock.now())
        if found.outlasted:
            key = inbox.keymap.label("snooze")
            sentences.append(f"Its snooze does not come back; {key} snoozes it anew")
        elif found.snoozed:
            sentences.append(f"That ends its snooze; {inbox.keymap.label('take_back')} brings it back")
        return sentences

    def _tell(self, what: str, row: ChatRow, sentences: Sequence[str]) -> None:
        """Say what became of a chat where there is more to be said than is seen; older words are over."""
        if sentences:
            self._inbox.say(". ".join([f"{what}: {row.chat.title}", *sentences]))
        else:
            self._inbox.app.clear_notifications()

    def done_next(self, count: int) -> None:
        """Close the chat for us and go to the next one that needs a reply."""
        inbox, row = self._inbox, self._subject
        if row is None:
            return
        besides = [] if row.done else self._besides(row, stays=False)
        # The next one first: keys that are typed behind this one are about it already.
        inbox.acts.do("next_attention")
        inbox.session.act(triage.done, [row.chat.id])
        following = self._subject
        if following is not None and following.pk == row.pk:
            besides = ["No other chat needs a reply", *besides]
        if besides:
            self._tell("Done", row, besides)

    def done_no_reply(self, count: int) -> None:
        """Close the chat for us and take it as read: there is nothing to answer."""
        if self._many.are_meant:
            self._many.decide(lambda _: many.NO_REPLY)
            return
        row = self._subject
        if row is not None and row.done and not row.unread:
            self._inbox.say(f"Done and read already: {row.chat.title}")
        elif row is not None:
            besides = [] if row.done else self._besides(row)
            self._inbox.session.act(triage.done_no_reply, [row.chat.id])
            self._tell("Done", row, besides)

    def read(self, count: int) -> None:
        """Mark as read, or take the seen mark away."""
        if self._many.are_meant:
            self._many.decide(many.reading_or_not)
            return
        row = self._subject
        if row is None:
            return
        if row.unread:
            self._inbox.session.act(triage.read, [row.chat.id])
        elif row.unanswered:
            self._inbox.seen.keep_unread()
            self._inbox.session.act(triage.unread, [row.chat.id])
        else:
            self._inbox.say("Everything here is answered or done, so there is nothing to mark unread")

    def pin(self, count: int) -> None:
        """Pin the chat, or take the pin off."""
        if self._many.are_meant:
            self._many.decide(many.pinning_or_not)
            return
        row = self._subject
        if row is not None:
            self._inbox.session.act(triage.pin, [row.chat.id], pinned=not row.pinned)
            self._inbox.say(f"{'Unpinned' if row.pinned else 'Pinned'}: {row.chat.title}")

    def snooze(self, count: int) -> None:
        """Put the chat away until a time or an event, or bring it back."""
        from inbox_tui.ui.dialogs.snooze import Snooze

        inbox, row = self._inbox, self._subject
        if self._many.are_meant:
            self._many.snooze()
            return
        if row is None:
            return
        now = inbox.session.clock.now
        away = row.snoozed_until is not None and now() < row.snoozed_until
        dialog = Snooze(row.chat.title, now, row.window_closes_at, away=away)
        inbox.app.push_screen(dialog, partial(self._snoozed, row.chat))

    def _snoozed(self, chat: Chat, chosen: Chosen | None) -> None:
        from inbox_tui.ui.dialogs.snooze import in_words

        inbox = self._inbox
        if chosen is None:
            return
        if chosen.until is None:
            inbox.session.act(triage.unsnooze, [chat.id])
            inbox.say(f"Back again: {chat.title}")
            return
        inbox.session.act(triage.snooze, [chat.id], chosen.until)
        words = f"Snoozed {in_words(chosen.until, inbox.session.clock.now())}: {chat.title}"
        inbox.say(f"{words}. {chosen.until.notice}" if chosen.until.notice else words)

    def labels(self, count: int) -> None:
        """Add labels to the chat, and take others off."""
        from inbox_tui.ui.dialogs.labels import Labels

        inbox, row = self._inbox, self._subject
        if self._many.are_meant:
            self._many.labels()
        elif row is not None:
            known = [name for name, _ in lookups.labels(inbox.session.reader)]
            dialog = Labels(row.chat.title, row.labels, known)
            inbox.app.push_screen(dialog, partial(self._labelled, row.chat.id))

    def _labelled(self, chat_id: str, changed: Changed | None) -> None:
        if changed is not None and (changed.add or changed.remove):
            self._inbox.session.act(triage.label, [chat_id], changed.add, changed.remove)

    def note(self, count: int) -> None:
        """Write the private note of the chat."""
        from inbox_tui.ui.dialogs.note import Note

        inbox, row = self._inbox, self._subject
        if row is not None:
            text = lookups.note(inbox.session.reader, row.chat.id)
            dialog = Note(inbox.session, row.chat.id, row.chat.title, text)
            inbox.app.push_screen(dialog, partial(self._noted, row.chat.id))

    def _noted(self, chat_id: str, text: str | None) -> None:
        from inbox_tui.ui.dialogs.note import keep_note

        if text is not None:
            self._inbox.session.act(keep_note, chat_id, text)

    def take_back(self, count: int) -> None:
        """Undo: a held send or what was given up since comes back; else the newest step of the journal."""
        self._inbox.keys.begun.wait_for(self._undo())

    def redo(self, count: int) -> None:
        """Do again what was undone last."""
        self._inbox.keys.begun.wait_for(self._step(back=False))

    async def _undo(self) -> None:
        inbox = self._inbox
        # Behind the acts that were just made: they are written by the same thread.
        acted_at = await asyncio.wrap_future(inbox.session.write(journal.last_act_at))
        work = inbox.bulk.newest
        if work is not None and work.step.at in (None, acted_at):
            if await self._stopped(work):
                await self._step(back=True)
            return
        if inbox.drafts.takes_back_after(acted_at or 0):
            inbox.say(await inbox.drafts.take_back())
            inbox.shown_chat.draw_composer()
            return
        item = lookups.gone_out(inbox.session.reader, os.getpid(), max(acted_at or 0, self._told_until))
        stays = "" if item is None else self._stays(item)
        if acted_at is None:
            inbox.say(stays or "Nothing can be taken back any more")
        elif item is not None and item.created_at > await asyncio.wrap_future(
            inbox.session.write(journal.newest_at)
        ):
            # It was the last thing done, so it is what was meant: nothing else goes in its place.
            inbox.say(f"{stays}. {inbox.keymap.label('take_back')} again undoes what was done before")
        else:
            await self._step(back=True, besides=stays)

    def _stays(self, item: OutboxItem) -> str:
        """Of what was done on a platform since the step that `z` undoes: that it stays; told once."""
        inbox = self._inbox
        self._told_until = item.created_at
        row = lookups.chat(inbox.session.reader, item.chat_id)
        sentence, ways = STAYS[ActName(item.act)]
        words = sentence.format(name="this person" if row is None else row.chat.title)
        return words + inbox.keymap.offers(**ways)

    async def _stopped(self, work: Work) -> bool:
        """End an act on many chats where it is; returns whether anything of it was done."""
        work.stopped = True
        # What is behind it in the writing thread begins when it has ended.
        await asyncio.wrap_future(self._inbox.session.write_in_parts(lambda _: False))
        if work.step.at is None:
            self._inbox.say(f"Stopped before anything was done: {work.what}")
        return work.step.at is not None

    async def _step(self, *, back: bool, besides: str = "") -> None:
        inbox, walk = self._inbox, journal.Walk(back)
        await asyncio.wrap_future(inbox.session.write_in_parts(partial(journal.step, walk=walk)))
        step = walk.result
        if step is None:
            inbox.say(f"There is nothing to {'undo' if back else 'do again'}")
            return
        words = [f"{'Undone' if back else 'Again'}: {step.what}"]
        if len(step.chat_ids) == 1:
            row = lookups.chat(inbox.session.reader, step.chat_ids[0])
            words[0] += "" if row is None else f" · {row.chat.title}"
        elif step.chat_ids:
            words[0] += f" · {len(step.chat_ids):,} chats"
        if step.skipped and not step.chat_ids:
            words = [f"Nothing is left to change of this step ({step.what})"]
        if step.skipped:
            words.append(f"{step.skipped:,} changed since, left as they are")
        if besides:
            words.append(besides)
        elif step.left:
            words.append("What has been sent since cannot be taken back")
        inbox.say(". ".join(words))
