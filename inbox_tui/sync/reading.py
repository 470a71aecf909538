"""Looks as requests: made while one is free and something is due, written down when they are answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from inbox_tui.api.client import Client
from inbox_tui.core.errors import InboxError, StoreError
from inbox_tui.core.models import Milliseconds
from inbox_tui.sync.attention import Attention
from inbox_tui.sync.clocks import Clock
from inbox_tui.sync.events import Events
from inbox_tui.sync.jobs import Apply, Outcome, Workers, unexpected
from inbox_tui.sync.progress import Meter
from inbox_tui.sync.pull import Pull
from inbox_tui.sync.rounds import Rounds
from inbox_tui.sync.schedule import BACKLOG, Kind, Look, Schedule, Subject
from inbox_tui.sync.sending import AskedAt
from inbox_tui.sync.troubles import Troubles
from inbox_tui.sync.wants import Wants

SHORT, LONG = 4, 200
"""Answers that enter the cache in one transaction at most: while a screen lives, and without one.

A screen that writes waits for the transaction: four pages of 100 messages take about ten milliseconds.
"""
GATHER_SECONDS = 0.5
"""How long answers wait for others to share a transaction with while no screen lives."""


@dataclass(slots=True)
class Reading:
    """Requests of the schedule and their answers. All but the requests happens in the writing thread."""

    workers: Workers
    client: Callable[[], Client]
    schedule: Schedule
    backlog: Callable[[str], Look | None]
    """What is asked for next of a profile, None where the cache misses nothing of it."""
    pull: Pull
    wants: Wants
    attention: Attention
    troubles: Troubles
    events: Events
    rounds: Rounds
    meter: Meter
    clock: Clock
    server_now: Callable[[], Milliseconds]
    landed: list[tuple[Look, Outcome]] = field(default_factory=list)
    """Answers that were taken in; the messages that they brought are not written yet."""
    _landed_at: float = field(init=False)
    _asked_at: dict[Subject, AskedAt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._landed_at = self.clock.monotonic()

    def ask(self, now: float) -> None:
        """Make requests as long as one is free and something is due."""
        while (look := self.schedule.next(now, self.backlog)) is not None:
            asked = look.kind is Kind.ASKED
            fetch = self.wants.fetch(self.client(), look.id) if asked else self.pull.fetch(look)
            self.schedule.started(look, now)
            if fetch is None:
                self.schedule.ended(look)
                self._nothing(look)
                continue
            self._asked_at[look.subject] = AskedAt(self.clock.now(), self.server_now())
            self.workers.submit(fetch, partial(self._answered, look))

    def room(self) -> int:
        """How many more answers the transaction that is written next may hold."""
        return (SHORT if self.attention.screens else LONG) - len(self.landed)

    def gathers(self, now: float) -> bool:
        """Whether more answers are to come soon that can be written along with those that are here."""
        return (
            not self.attention.screens
            and 0 < len(self.landed) < LONG
            and self.schedule.out > 0
            and now - self._landed_at < GATHER_SECONDS
            and all(look.kind in BACKLOG for look, _ in self.landed)
        )

    def land(self) -> None:
        """Write the messages that came, then plan what follows from every answer."""
        landed, self.landed = self.landed, []
        self._landed_at = self.clock.monotonic()
        moved, failures = self.pull.messages.flush()
        for look, outcome in landed:
            self.schedule.ended(look)
            self.pull.messages.changed(look.profile_id)
            failure = next((failures[chat] for chat in outcome.chats if chat in failures), None)
            if failure is not None:
                self.troubles.failed(look, failure, self.clock.monotonic())
                continue
            self.troubles.over(look, self.clock.monotonic())
            asked = self._asked_at.pop(look.subject, AskedAt(self.clock.now(), self.server_now()))
            self.meter.answered(look)
            self.attention.fulfilled(look)
            self.rounds.answered(look, outcome, asked, moved=moved)
        self.events.landed(failures)

    def _nothing(self, look: Look) -> None:
        """There is nothing to ask for a look any more."""
        if look.kind is Kind.ASKED:
            self.wants.unknown(look.id)
        self.attention.fulfilled(look)
        if look.id and look.kind in BACKLOG:
            self.pull.messages.put_aside(look.id, look.profile_id)

    def _answered(self, look: Look, outcome: Apply | InboxError) -> None:
        """An answer came: write it, all but messages, which pile up for one transaction."""
        self.schedule.answered(look)
        if isinstance(outcome, InboxError):
            self.schedule.ended(look)
            self.troubles.failed(look, outcome, self.clock.monotonic())
            return
        try:
            self.landed.append((look, outcome()))
        except (sqlite3.Error, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one answer must not cost the others
            self.schedule.ended(look)
            self.troubles.failed(look, unexpected(error), self.clock.monotonic())
