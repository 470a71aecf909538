"""Events into the cache: what each of them says, and whether they bring all that is new.

Everything here runs in the engine's writing thread. An event that carries everything costs no request;
one that does not asks for a look at its chat. That nothing was missed is made sure of by the ordinary
looks, which come round more seldom while they find nothing that no event had brought.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from inbox_tui.api.webhooks import Event, ReactionChange, Referral
from inbox_tui.core.errors import StoreError
from inbox_tui.core.models import Message, Milliseconds, Profile, Rejected, Status
from inbox_tui.core.text import clean
from inbox_tui.store import writes
from inbox_tui.store.writer import Writer
from inbox_tui.sync.attention import Attention
from inbox_tui.sync.jobs import unexpected
from inbox_tui.sync.messages import Messages
from inbox_tui.sync.schedule import Kind, Look, Schedule
from inbox_tui.sync.threads import chat_state

MOST_HERALDED = 1000
MOST_TYPES = 100
_NEEDED = frozenset({"body", "reactions"})
"""Without these a message is abbreviated, and cannot stand for the whole."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Events:
    """Applies events. `now`: seconds of the schedule's clock. `applied`: chats whose messages one brought."""

    writer: Writer
    messages: Messages
    schedule: Schedule
    attention: Attention
    now: Callable[[], float]
    applied: Callable[[list[str]], None]
    taken: int = 0
    """How many events came in this run."""
    _since: Milliseconds | None = None
    _silent: Callable[[], None] | None = None
    _brought: dict[str, str] = field(default_factory=dict)
    """Profiles of the chats whose messages wait to be written, by chat."""
    _heralded: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Messages that events told of and looks were left to read."""
    _unknown: set[str] = field(default_factory=set)

    def expect(self, since: Milliseconds, silent: Callable[[], None]) -> None:
        """Events are on their way for all that happens after `since` (the server's time).

        `silent` is called when a look finds something newer that none of them brought.
        """
        self._since, self._silent = since, silent
        self.messages.found = self._found

    def take(self, event: Event) -> None:
        """Apply an event, or ask for what it only hints at. Raises StoreError and sqlite3.Error alone."""
        self.taken += 1
        if self._since is not None and not self.schedule.eased:
            self.schedule.eased = True
            _log.info("events bring what is new: looks come round more seldom")
        try:
            self._apply(event)
        except (sqlite3.Error, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one event must not cost the engine; a look brings the same
            unexpected(error)

    def landed(self, failures: Collection[str]) -> None:
        """What events brought is written, but for the chats in `failures`, which are looked at instead."""
        if not self._brought:
            return
        brought, self._brought = self._brought, {}
        written = [chat_id for chat_id in brought if chat_id not in failures]
        self.applied(written)
        now = self.now()
        for chat_id, profile_id in brought.items():
            self.messages.changed(profile_id)
            if chat_id in failures:
                self.schedule.put(Look(Kind.WANTED, profile_id, chat_id), now)
            elif self.schedule.planned(("chat", chat_id)) is None:
                # An event before this one may have been lost, and the list of chats does not show that.
                look = Look(Kind.RECENT, profile_id, chat_id)
                self.schedule.put(look, now + self.attention.recent_pause(0))

    def _apply(self, event: Event) -> None:
        match event.payload:
            case Message() as message:
                self._message(message, event.created_at)
            case ReactionChange(message=Message() as message) as change:
                # The event's own time may have whole seconds; the platform's may be of before it was told.
                times = [at for at in (event.created_at, change.at) if at is not None]
                self._message(message, max(times, default=None))
            case ReactionChange() as change:
                self._look(change.chat_id)
            case Referral() as referral:
                # What it changes stands in the chat's metadata, which only its record has whole.
                self.schedule.put(Look(Kind.CHAT, "", referral.chat_id), self.now())
            case Profile():
                self.schedule.put(Look(Kind.PROFILES), self.now())
            case Rejected() as rejected:
                self._rejected(event.type, rejected)
            case _:
                self._ignored(event.type)

    def _message(self, message: Message, stated_at: Milliseconds | None) -> None:
        state = chat_state(self.writer, message.chat_id)
        if state is None or not state.pulled or message.missing & _NEEDED:
            self._heralded[message.id] = None
            if len(self._heralded) > MOST_HERALDED:
                self._heralded.popitem(last=False)
            self._look(message.chat_id)
        elif self.messages.holds(message):
            self.messages.bring(message, stated_at)
            self._brought[state.id] = state.profile_id

    def _look(self, chat_id: str) -> None:
        """Have the newest messages of a chat read; of one that is not known, its record first."""
        state = chat_state(self.writer, chat_id)
        if state is None:
            self.schedule.put(Look(Kind.CHAT, "", chat_id), self.now())
        else:
            self.schedule.put(Look(Kind.WANTED, state.profile_id, state.id), self.now())

    def _rejected(self, kind: str, rejected: Rejected) -> None:
        """A record that cannot be read is kept for whoever looks into it, and its chat is looked at."""
        writes.quarantine(self.writer, f"events of {_short(kind)}", [rejected])
        try:
            record = json.loads(rejected.json)
        except (ValueError, RecursionError):
            record = None
        for part in (record, record.get("message") if isinstance(record, dict) else None):
            chat_id = part.get("chat_id") if isinstance(part, dict) else None
            if isinstance(chat_id, str) and chat_id:
                self._look(chat_id)
                return
        now = self.now()
        for profile_id in list(self.schedule.lanes):
            self.schedule.put(Look(Kind.CHATS, profile_id), now)

    def _ignored(self, kind: str) -> None:
        kind = _short(kind)
        if kind not in self._unknown and len(self._unknown) < MOST_TYPES:
            self._unknown.add(kind)
            _log.info("events of the type %r are of no use here and are passed over", kind)

    def _found(self, messages: Sequence[Message]) -> None:
        """Looks brought messages that were new: did events fail to?"""
        since = self._since
        if since is None or self._silent is None:
            return
        missed = [
            message
            for message in messages
            # A send of somebody else is told of when it is published, not while it is on its way.
            if (message.inbound or message.status == Status.PUBLISHED)
            and message.created_at > since
            and message.id not in self._heralded
        ]
        if not missed:
            return
        if self.schedule.eased:
            now = self.now()
            self.schedule.hasten(now)
            for profile_id in list(self.schedule.lanes):
                self.schedule.put(Look(Kind.CHATS, profile_id), now)
            _log.info("a look found what no event had brought: looks come round as without events")
        self._silent()


def _short(kind: str) -> str:
    return clean(kind)[:80]
