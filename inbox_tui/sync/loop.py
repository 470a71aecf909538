"""One turn after another: what the engine does, in which order, how often, and when it is done."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from inbox_tui.api.client import Client
from inbox_tui.api.download import Downloader
from inbox_tui.api.webhooks import Event
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.progress import Progress
from inbox_tui.store import media, spool, views, writes
from inbox_tui.store.db import Changes
from inbox_tui.store.writer import Writer
from inbox_tui.sync.attention import Attention
from inbox_tui.sync.clocks import Clock, ServerClock
from inbox_tui.sync.events import Events
from inbox_tui.sync.indexing import Indexing
from inbox_tui.sync.jobs import Answers, Workers
from inbox_tui.sync.media import Media
from inbox_tui.sync.pace import Pace
from inbox_tui.sync.progress import Meter
from inbox_tui.sync.pull import Pull
from inbox_tui.sync.push import Push
from inbox_tui.sync.reading import LONG, Reading
from inbox_tui.sync.rounds import Rounds
from inbox_tui.sync.schedule import Kind, Look, Schedule
from inbox_tui.sync.sending import Hooks
from inbox_tui.sync.troubles import Troubles
from inbox_tui.sync.wants import Wants

READERS, SENDERS = 8, 4
"""Threads for requests that read, and for those of the outbox (docs/architecture.md, "The engine")."""
POLL_SECONDS = 0.1
"""How often the screens' writes are looked for."""
TIDY_SECONDS = 2.0
"""How often it is seen to what nobody tells: screens that died, chats left aside, what the clock changes."""
LATE_TURNS = 10
"""How often in one turn chats are folded again that the clock has moved; more wait for the next turn."""
RECENT_SECONDS = 10.0
"""How often the chats of today are gone through for those that no look is planned at."""
MOST_WAITING = 200
"""Answers and events that wait for the writing thread; beyond that no event is taken."""
SENT_LOOKS = 5
"""How often a sync that is to end looks whether what it sent has arrived: for about six seconds."""
SOON_MS: Milliseconds = 2_000
"""A sync that is to end waits this long for an outbox item's next step, no longer."""

_log = logging.getLogger(__name__)


class Mode(Enum):
    """What a loop is there for."""

    ONCE = auto()
    """Bring the cache up to date, send what waits, and end."""
    FOLLOW = auto()
    """Keep it so until told to stop."""
    ANSWER = auto()
    """Carry out what is wanted (`screens.need`), nothing else."""
    SEND = auto()
    """Carry out the outbox of one lane (`store.acts.lane`), nothing else."""


class Loop:
    """The engine's one writing thread. `run` returns when its mode's work is done or `stop` is set."""

    def __init__(
        self,
        writer: Writer,
        client: Client,
        *,
        mode: Mode,
        stop: threading.Event,
        history_messages: int | None,
        progress: Callable[[Progress], None] | None = None,
        another_client: Callable[[], Client | None] | None = None,
        only_lane: str | None = None,
        until: Callable[[], bool] | None = None,
        clock: Clock | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`another_client` gives a client for a changed key, None while it has not changed.

        `only_lane` and `until` belong to `Mode.SEND`: what is carried out, and when it is done.
        """
        self.writer = writer
        self.mode = mode
        self.clock = clock or Clock()
        self._stop = stop
        self._progress = progress
        self._another_client = another_client
        self._until = until
        spread = random.Random()  # noqa: S311 - jitter, not a secret
        following = mode is Mode.FOLLOW
        self._answers = Answers()
        self._readers = Workers(READERS, self._answers)
        self._senders = Workers(SENDERS, self._answers)
        self._client = client
        self._server = ServerClock(writer, self.clock, lambda: self._client)
        self._requests_before = 0
        self.schedule = Schedule(READERS, pace or Pace())
        self.pull = Pull(
            writer,
            client,
            history_messages=history_messages,
            busy=self.schedule.in_flight.__contains__,
            server_now=self._server.now,
            monotonic=self.clock.monotonic,
        )
        self.wants = Wants(writer, self.pull.group)
        self.media = Media(
            writer,
            self._answers,
            lambda: self._client,
            self.pull.group,
            lambda: Downloader(client.transport.base_url),
        )
        self.attention = Attention(
            writer,
            self.pull.messages,
            self.schedule,
            following,
            None if mode is not Mode.ONCE else SENT_LOOKS,
            spread,
            self.media.want,
        )
        hooks = Hooks(
            profile=lambda profile_id: self.pull.profiles.get(profile_id),
            looked_at=self.attention.looked_at.get,
            look=self._want,
            meet=lambda chat_id: self.schedule.put(Look(Kind.CHAT, "", chat_id), self._now()),
            sent=lambda message_id, profile_id, _: self.attention.follow(message_id, profile_id, self._now()),
            limited=lambda seconds: self.schedule.pace.limited(self._now(), seconds),
            pause=lambda: max(0.0, self.schedule.pace.paused_until - self._now()),
            later=self._answers.put,
        )
        self.push = Push(
            writer, client, self._senders, hooks, only_lane=only_lane, now=self.clock.now, spread=spread
        )
        self.troubles = Troubles(
            writer, self.schedule, self.pull, self.push, self.attention, self.wants, following, spread
        )
        rounds = Rounds(
            self.schedule,
            self.pull,
            self.attention,
            self.push.ends,
            following,
            spread,
            self.clock.monotonic,
            self._server.now,
        )
        self.events = Events(
            writer, self.pull.messages, self.schedule, self.attention, self._now, rounds.told
        )
        self.meter = Meter(writer, self.pull, self.schedule, self._backlog)
        self.reading = Reading(
            self._readers,
            lambda: self._client,
            self.schedule,
            self._backlog,
            self.pull,
            self.wants,
            self.attention,
            self.troubles,
            self.events,
            rounds,
            self.meter,
            self.clock,
            self._server.now,
        )
        self.indexing = Indexing(writer)
        self._changes = Changes(writer.folder)
        self._started = self._now()
        self._polled = self._tidied = self._recent = float("-inf")
        self._late = False
        """Whether the clock has changed the standing of more chats than were folded in one go."""

    # Life

    def run(self) -> None:
        """Turn until the work is done or `stop` is set.

        Raises StoreError or sqlite3.Error where a file of the cache cannot be used.
        """
        try:
            self.begin()
            while not self._stop.is_set() and not self.ended():
                self.turn()
            self.drain()
        finally:
            self.close()

    def begin(self) -> None:
        """Take up what an earlier run left, and plan the first looks."""
        writes.refold_stale(self.writer)
        now = self._now()
        if self.mode is not Mode.SEND:
            media.begin(self.writer)
            spool.sweep(self.writer.folder, self.writer.local)
        if self.mode is Mode.ANSWER:
            return
        if self.mode is not Mode.SEND:
            self.schedule.put(Look(Kind.PROFILES), now)
            self.attention.follow_unsettled(now)
            self.meter.begin()
        self.push.ends.settle()
        for message_id, profile_id, _ in self.push.ends.accepted():
            self.attention.follow(message_id, profile_id, now)

    def turn(self, longest: float = POLL_SECONDS) -> None:
        """One turn; waits for an answer, up to `longest` seconds, when there is nothing else to do."""
        pause = min(longest, max(0.0, self._polled + POLL_SECONDS - self._now()))
        pause = 0.0 if self._indexes else pause
        self._answers.collect(pause, self.reading.room())
        now = self._now()
        if self.reading.landed:
            # Requests are on their way while this thread writes.
            self.reading.ask(now)
        if not self.reading.gathers(now):
            self.reading.land()
        self._server.keep(now)
        if now - self._polled >= POLL_SECONDS:
            self._poll(now)
        tidies = now - self._tidied >= TIDY_SECONDS
        if tidies:
            self._tidied = now
            self._tidy(now)
        if (tidies or self._late) and self.mode in (Mode.ONCE, Mode.FOLLOW):
            # One transaction after the other, so that a screen gets its turn in between.
            self._late = all(views.catch_up(self.writer) for _ in range(LATE_TURNS))
        if self.mode is not Mode.ANSWER:
            self.push.turn()
        self.reading.ask(self._now())
        if self.mode in (Mode.ONCE, Mode.FOLLOW):
            self.meter.turn(now, self._progress, self.progress)
            self.indexing.turn(short=bool(self.attention.screens))

    @property
    def _indexes(self) -> bool:
        return self.mode in (Mode.ONCE, Mode.FOLLOW) and self.indexing.is_behind

    def ended(self) -> bool:
        """Whether the mode's work is done."""
        if self.mode is Mode.FOLLOW:
            return False
        if self._until is not None:
            return self._until()
        due = self.push.due_at
        return not (
            self.reading.landed
            or self._indexes
            or self.schedule.in_flight
            or self.push.busy
            or self.schedule.timed()
            or (due is not None and due <= self.clock.now() + SOON_MS)
            or any(self._backlog(profile_id) for profile_id in self.schedule.lanes)
        )

    def drain(self, seconds: float = 3.0) -> None:
        """Wait a moment for the answers of sends that are out, as their fate would be unknown."""
        deadline = self._now() + seconds
        while self.push.busy and self._now() < deadline:
            self._answers.collect(0.1, LONG)
            self.reading.land()
        self.reading.land()
        self.pull.messages.leave()
        writes.refold_stale(self.writer)
        self.meter.end()
        if self._progress is not None:
            self._progress(self.progress())

    def close(self) -> None:
        """Let the threads end and close what was opened."""
        self._readers.close()
        self._senders.close()
        self.media.close()
        self._changes.close()

    def _now(self) -> float:
        return self.clock.monotonic()

    @property
    def client(self) -> Client:
        """The client of the key that is set now. Any thread may ask."""
        return self._client

    def deliver(self, event: Event) -> bool:
        """Have an event applied, from any thread; False where too much waits already."""
        if self._answers.waiting >= MOST_WAITING:
            return False
        self._answers.put(partial(self.events.take, event))
        return True

    def expect_events(self, silent: Callable[[], None]) -> None:
        """From now on events are to bring what is new, from any thread; `silent`: called when they do not."""
        self._answers.put(lambda: self.events.expect(self._server.now(), silent))

    # What is looked at

    def _backlog(self, profile_id: str) -> Look | None:
        if self.mode in (Mode.SEND, Mode.ANSWER) or profile_id in self.troubles.given_up:
            return None
        return self.pull.backlog(profile_id)

    def _want(self, chat_id: str, profile_id: str) -> None:
        """The outbox needs the newest messages of a chat before it sends."""
        if ("chat", chat_id) not in self.schedule.in_flight and not self.troubles.is_aside(chat_id):
            self.schedule.put(Look(Kind.WANTED, profile_id, chat_id), self._now())

    def _poll(self, now: float) -> None:
        first = self._polled == float("-inf")
        self._polled = now
        if self._changes.poll() or first:
            self.push.reload()
            if self.mode is Mode.ANSWER:
                self.attention.notice_needs(now)
            elif self.mode is not Mode.SEND:
                self.attention.notice(now)

    def _tidy(self, now: float) -> None:
        if self.mode is not Mode.FOLLOW:
            return
        self.attention.notice(now)
        self.troubles.take_up(now)
        if now - self._recent >= RECENT_SECONDS:
            self._recent = now
            self.attention.plan_recent(now, self._server.now())
        client = self._another_client() if self._another_client is not None else None
        if client is not None:
            _log.info("the API key has changed")
            self._requests_before += self._client.transport.request_count
            self._client = client
            self.pull.use(client)
            self.push.use(client)
            self.troubles.key_changed(now)

    # Progress

    def progress(self) -> Progress:
        """How far the sync has come."""
        return self.meter.measure(
            self._now(),
            requests=self._requests_before + self._client.transport.request_count,
            seconds=self._now() - self._started,
            faults=len(self.troubles.faults),
        )
