"""Acts of triage on every selected chat: one step of the journal, named with their number before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from inbox_tui.core.errors import InboxError
from inbox_tui.store import lookups, triage
from inbox_tui.store.db import open_reader
from inbox_tui.store.picking import Survey, survey
from inbox_tui.ui.actions import Context
from inbox_tui.ui.bulk import Part

if TYPE_CHECKING:
    from inbox_tui.store.journal import OpenStep
    from inbox_tui.store.writer import Writer
    from inbox_tui.ui.dialogs.labels import Changed
    from inbox_tui.ui.dialogs.snooze import Chosen
    from inbox_tui.ui.inbox import InboxScreen

ASKED_ABOVE = 50
"""Of more chats than this it is asked before anything is done to them."""


def chats_in_words(count: int) -> str:
    """`1 chat`, `12 chats`, `1,204 chats`."""
    return "1 chat" if count == 1 else f"{count:,} chats"


@dataclass(frozen=True, slots=True)
class Plan:
    """An act: what it is called before and after, and what it does. `leaves`: chats may leave the list.

    `ends`: the snoozes that end with it, or stay ended, by what was counted before; `ending` says so of them.
    """

    before: str
    after: str
    act: Part
    leaves: bool = False
    ends: Callable[[Survey], int] = lambda _: 0
    ending: str = ""

    def besides(self, found: Survey) -> str:
        """What is said besides the count when it is through; mostly nothing."""
        ended = self.ends(found)
        return f"{ended:,} of them {'was' if ended == 1 else 'were'} snoozed, {self.ending}" if ended else ""


DONE = Plan(
    "Close",
    "Done",
    triage.done,
    leaves=True,
    ends=lambda found: found.snoozed,
    ending="which ends with it",
)
NO_REPLY = replace(
    DONE, before="Close, with no reply needed,", after="Done, no reply needed", act=triage.done_no_reply
)
REOPEN = Plan(
    "Reopen",
    "Reopened",
    triage.reopen,
    leaves=True,
    ends=lambda found: found.outlasted,
    ending="which does not come back",
)
READ = Plan("Mark as read", "Read", triage.read, leaves=True)
UNREAD = Plan("Mark as unread", "Unread", triage.unread, leaves=True)
PIN = Plan("Pin", "Pinned", partial(triage.pin, pinned=True))
UNPIN = Plan("Unpin", "Unpinned", partial(triage.pin, pinned=False))


def closing_or_not(found: Survey) -> Plan:
    """Chats that are all done are reopened; else those are closed that are not."""
    return REOPEN if found.done == found.chats else DONE


def reading_or_not(found: Survey) -> Plan:
    """Chats in which all is read are unread again; else those are read that are not."""
    return READ if found.unread else UNREAD


def pinning_or_not(found: Survey) -> Plan:
    """Chats that are all pinned are unpinned; else those are pinned that are not."""
    return UNPIN if found.pinned == found.chats else PIN


class Many:
    """What the acts of triage do while chats are selected."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox

    @property
    def are_meant(self) -> bool:
        """Whether a key is about the selected chats: in the list, while there are any."""
        return self._inbox.context is Context.LIST and len(self._inbox.chats.selection) > 0

    def decide(self, choose: Callable[[Survey], Plan]) -> None:
        """Do what fits all of the chats; of many it is asked before."""
        from inbox_tui.ui.dialogs.many import ConfirmMany

        ids = self._inbox.chats.selection.ids()
        words = chats_in_words(len(ids))
        if len(ids) <= ASKED_ABOVE:
            found = self._look(ids)
            self._carry_out(choose(found), ids, found)
            return
        dialog = ConfirmMany(
            words,
            partial(self.survey, ids),
            lambda found: f"{choose(found).before} {words}?",
            self._inbox.keymap.label("take_back"),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._carry_out(choose(dialog.survey), ids, dialog.survey)

        self._inbox.app.push_screen(dialog, answered)

    def _look(self, ids: Sequence[str]) -> Survey:
        session = self._inbox.session
        return survey(session.reader, ids, session.clock.now())

    async def survey(self, ids: Sequence[str]) -> Survey:
        """Count what many chats are, beside the screen's loop. Raises StoreError."""
        session, now = self._inbox.session, self._inbox.session.clock.now()

        def count() -> Survey:
            with closing(open_reader(session.folder)) as reader:
                return survey(reader, ids, now)

        return await asyncio.to_thread(count)

    def _carry_out(self, plan: Plan, ids: Sequence[str], found: Survey) -> None:
        self._begin(plan.after, ids, plan.act, plan.leaves, partial(plan.besides, found))

    def _begin(
        self,
        what: str,
        ids: Sequence[str],
        act: Part,
        leaves: bool,
        also: Callable[[], str] = str,
    ) -> None:
        """Begin an act on chats; `also`: what is said besides the count when it is through."""
        inbox = self._inbox
        if leaves:
            # They may go out of the list: the next key is not to be about what nobody sees.
            inbox.chats.unselect()
        work, future = inbox.bulk.start(what, ids, act)

        async def run() -> None:
            try:
                await asyncio.wrap_future(future)
            except InboxError:
                if work.changed:
                    undo = inbox.keymap.label("take_back")
                    inbox.say(f"{what}: only {chats_in_words(work.changed)}, which {undo} takes back")
                raise
            finally:
                inbox.bulk.ended(work)
            if not work.stopped:
                unchanged = work.total - work.changed
                words = f"{what}: {chats_in_words(work.changed) if work.changed else 'nothing to change'}"
                words += f" ({unchanged:,} unchanged)" if unchanged and work.changed else ""
                inbox.say(". ".join(part for part in (words, also()) if part))

        inbox.background(run())

    def snooze(self) -> None:
        """Put all of them away, each no longer than its reply window allows."""
        from inbox_tui.ui.dialogs.snooze import Snooze

        inbox, ids = self._inbox, self._inbox.chats.selection.ids()
        dialog = Snooze(
            chats_in_words(len(ids)), inbox.session.clock.now, None, ask=partial(self.survey, ids)
        )
        inbox.app.push_screen(dialog, partial(self._snoozed, ids))

    def _snoozed(self, ids: Sequence[str], chosen: Chosen | None) -> None:
        from inbox_tui.ui.dialogs.snooze import in_words

        if chosen is None:
            return
        until = chosen.until
        if until is None:
            self._begin("Back again", ids, triage.unsnooze, leaves=True)
            return
        sooner = 0

        def put_away(writer: Writer, names: list[str], *, step: OpenStep) -> tuple[str, ...]:
            nonlocal sooner
            ends = triage.snooze(writer, names, until, step=step)
            sooner += sum(bool(end.notice) for end in ends.values())
            return tuple(ends)

        def also() -> str:
            return f"{sooner:,} of them for less, as their reply window closes first" if sooner else ""

        words = in_words(until, self._inbox.session.clock.now())
        self._begin(f"Snoozed {words}", ids, put_away, leaves=True, also=also)

    def labels(self) -> None:
        """Add labels to all of them, and take others off."""
        from inbox_tui.ui.dialogs.labels import Labels

        inbox, ids = self._inbox, self._inbox.chats.selection.ids()
        known = [name for name, _ in lookups.labels(inbox.session.reader)]
        dialog = Labels(chats_in_words(len(ids)), (), known, ask=partial(self.survey, ids))
        inbox.app.push_screen(dialog, partial(self._labelled, ids))

    def _labelled(self, ids: Sequence[str], changed: Changed | None) -> None:
        if changed is None or not (changed.add or changed.remove):
            return

        def change(writer: Writer, names: list[str], *, step: OpenStep) -> tuple[str, ...]:
            return triage.label(writer, names, changed.add, changed.remove, step=step)

        words = " ".join([*(f"+{name}" for name in changed.add), *(f"-{name}" for name in changed.remove)])
        self._begin(f"Labels {words}", ids, change, leaves=False)
