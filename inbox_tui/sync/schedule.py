"""What to look at next: urgency, due times, back-off and fairness. No I/O, no clock of its own.

Two kinds of looks share the requests of one key. Timed looks come round (profiles, open chats, own
messages on their way, chats that were active today). The backlog is what the cache says is still
missing (chats not listed yet, newest pages, gaps, history); it is asked for only when a request is
free, so nothing of it is kept here. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from inbox_tui.core.models import Milliseconds
from inbox_tui.sync.pace import Pace

OPEN_CHAT_SECONDS = 2.0
"""How often a chat that somebody reads is looked at."""
PROFILES_SECONDS = 300.0
"""How often the list of profiles is looked at."""
BUSY_SECONDS, ATTENDED_SECONDS, IDLE_SECONDS = 3.0, 5.0, 60.0
"""Between two looks at a profile: when something moved; at most while a chat is open; at most otherwise."""
ACTIVE_MS: Milliseconds = 24 * 3_600_000
"""A chat with a message younger than this is looked at again, as edits and receipts move no list."""
RECENT_SECONDS, RECENT_SLOWEST_SECONDS = 15.0, 600.0
"""Between two looks at a chat of today, at least and at most: see `recent_interval`."""
UNATTENDED = 4.0
"""Chats of today are looked at this many times more seldom while no screen lives."""
EASED = 4.0
"""Everything that comes round does so this many times more seldom while events bring what is new."""
STOPPED_SECONDS = 60.0
"""A profile or key that the API refuses is tried again after this."""
BACK_OFF_SECONDS = 30.0
"""The longest wait of `back_off`."""


class Kind(IntEnum):
    """Looks in the order of their urgency."""

    WANTED = 0
    """The newest messages of a chat that somebody asked for now."""
    OLDER = 1
    """The next page of a chat's history, which somebody waits for."""
    ASKED = 2
    """A live record, posts or comments, which somebody waits for."""
    OPEN = 3
    """The newest messages of a chat that a screen shows."""
    CHAT = 4
    """The record of one chat, which an event named and the cache does not have."""
    SENT = 5
    """An own message that is neither published nor failed."""
    PROFILES = 6
    CHATS = 7
    """The newest chats of a profile."""
    WALK = 8
    """The next page of a profile's chats, towards the oldest."""
    GAP = 9
    """Messages between the newest page and what was cached before."""
    NEWEST = 10
    """The newest messages of a chat that has news."""
    RECENT = 11
    """The newest messages of a chat that was active today."""
    HISTORY = 12


BUDGETED = frozenset({Kind.OPEN, Kind.SENT, Kind.RECENT})
BACKLOG = (Kind.WALK, Kind.GAP, Kind.NEWEST, Kind.HISTORY)
OF_PROFILE = frozenset({Kind.CHATS, Kind.WALK})
ROUND = frozenset({Kind.CHATS, Kind.OPEN, Kind.RECENT})
"""What comes round to find news, and more seldom while events bring them."""

Subject = tuple[str, str]
"""What a look is at: `("profiles", "")`, or profile, chat, message, record of a chat or want, with its id.

One look at a time each.
"""


@dataclass(frozen=True, slots=True)
class Look:
    """One request to be made: its urgency, and the profile and chat or message that it is about."""

    kind: Kind
    profile_id: str = ""
    id: str = ""

    @property
    def subject(self) -> Subject:
        """What must not be looked at twice at the same time."""
        if self.kind is Kind.PROFILES:
            return ("profiles", "")
        if self.kind in OF_PROFILE:
            return ("profile", self.profile_id)
        names = {Kind.SENT: "message", Kind.CHAT: "record", Kind.ASKED: "want"}
        return (names.get(self.kind, "chat"), self.id)


def profile_interval(quiet: int, *, attended: bool, eased: bool = False) -> float:
    """Seconds to the next look at a profile after `quiet` looks in a row that found nothing.

    `attended`: a chat is open on a screen. `eased`: events bring what is new, and looks only make sure.
    """
    slowest = ATTENDED_SECONDS if attended else IDLE_SECONDS
    return min(BUSY_SECONDS * 1.5 ** min(quiet, 20), slowest) * (EASED if eased else 1)


def open_interval(*, eased: bool = False) -> float:
    """Seconds between looks at a chat that somebody reads."""
    return OPEN_CHAT_SECONDS * (EASED if eased else 1)


def recent_interval(age: Milliseconds, *, attended: bool, eased: bool = False) -> float:
    """Seconds between looks at a chat whose last message is `age` old: the older, the more seldom."""
    seconds = min(max(age / 10_000, RECENT_SECONDS), RECENT_SLOWEST_SECONDS)
    return seconds * (1 if attended else UNATTENDED) * (EASED if eased else 1)


def sent_interval(looks: int, *, retrying: bool) -> float:
    """Seconds to the next look at an own message after `looks` of them; `retrying`: the service is."""
    return min(15.0 * 1.5 ** min(looks, 20), 300.0) if retrying else min(0.5 * 1.6 ** min(looks, 20), 60.0)


def back_off(failures: int, spread: random.Random) -> float:
    """Seconds to wait after `failures` in a row, jittered so that many clients do not come back together."""
    return float(min(0.5 * 2 ** min(failures, 20), BACK_OFF_SECONDS) * spread.uniform(0.5, 1.0))


@dataclass(slots=True)
class Lane:
    """The requests of one profile: how many are out, and since when it is in trouble."""

    profile_id: str
    in_flight: int = 0
    failures: int = 0
    resume_at: float = 0.0
    served: int = 0
    used_at: float = float("-inf")


_Key = tuple[Subject, bool]
"""A chat may have a look at its newest messages planned, and one at its older ones."""


def _key(look: Look) -> _Key:
    return look.subject, look.kind is Kind.OLDER


@dataclass(slots=True)
class _Timer:
    look: Look
    due: float
    serial: int


@dataclass(slots=True)
class Schedule:
    """Chooses the next look. One slow or refused profile never takes all `slots` requests at once."""

    slots: int = 4
    pace: Pace = field(default_factory=Pace)
    lanes: dict[str, Lane] = field(default_factory=dict)
    in_flight: dict[Subject, Look] = field(default_factory=dict)
    """Looks that were started and are not ended, by what they are at."""
    eased: bool = False
    """Whether events bring what is new, so that what comes round may do so more seldom."""
    _out: set[Subject] = field(default_factory=set)
    """Those of them whose request is on its way."""
    _timers: dict[_Key, _Timer] = field(default_factory=dict)
    _heap: list[tuple[float, int, _Key]] = field(default_factory=list)
    _ready: dict[_Key, _Timer] = field(default_factory=dict)
    _serial: itertools.count[int] = field(default_factory=itertools.count)

    def lane(self, profile_id: str) -> Lane:
        """The lane of a profile, made when it is first asked for."""
        return self.lanes.setdefault(profile_id, Lane(profile_id))

    def put(self, look: Look, due: float) -> None:
        """Have a look made at `due`, or earlier or more urgently where that is already planned."""
        key = _key(look)
        known = self._timers.get(key)
        if known is not None:
            look = min(look, known.look, key=lambda each: each.kind)
            due = min(due, known.due)
            if (look, due) == (known.look, known.due):
                return
        timer = _Timer(look, due, next(self._serial))
        self._timers[key] = timer
        self._ready.pop(key, None)
        heapq.heappush(self._heap, (due, timer.serial, key))

    def replan(self, look: Look, due: float) -> None:
        """Have a look made at `due` instead of when it was planned; a more urgent one stays as it is."""
        known = self._timers.get(_key(look))
        if known is not None:
            if known.look.kind < look.kind:
                return
            del self._timers[_key(look)]
        self.put(look, due)

    def planned(self, subject: Subject) -> float | None:
        """When a look at a subject is due, None where none is planned."""
        timer = self._timers.get((subject, False))
        return None if timer is None else timer.due

    def drop(self, subject: Subject) -> None:
        """Plan no look at a subject any more."""
        for key in ((subject, False), (subject, True)):
            self._timers.pop(key, None)
            self._ready.pop(key, None)

    def drop_profile(self, profile_id: str) -> None:
        """Plan no look of a profile any more."""
        for subject, _ in [key for key, timer in self._timers.items() if timer.look.profile_id == profile_id]:
            self.drop(subject)
        self.lanes.pop(profile_id, None)

    def hasten(self, now: float) -> None:
        """Events bring nothing any more: have what was planned with them in mind come round as without."""
        self.eased = False
        for timer in [timer for timer in self._timers.values() if timer.look.kind in ROUND]:
            self.put(timer.look, now + max(timer.due - now, 0.0) / EASED)

    @property
    def out(self) -> int:
        """How many requests are on their way."""
        return len(self._out)

    def timed(self) -> int:
        """How many timed looks are planned."""
        return len(self._timers)

    def next(self, now: float, backlog: Callable[[str], Look | None]) -> Look | None:
        """The most urgent look that may be made now; the caller makes it and says `started`.

        `backlog` gives the next look that the cache still misses of a profile, None when there is none.
        """
        if len(self._out) >= self.slots:
            return None
        while self._heap and self._heap[0][0] <= now:
            _, serial, key = heapq.heappop(self._heap)
            timer = self._timers.get(key)
            if timer is not None and timer.serial == serial:
                self._ready[key] = timer
        best: Look | None = None
        if self._ready:
            budgeted = self.pace.allows(now, budgeted=True)
            free = self.pace.allows(now, budgeted=False)
            allowed = [
                (timer.look.kind, timer.due, timer.serial, timer.look)
                for timer in self._ready.values()
                if (budgeted if timer.look.kind in BUDGETED else free) and self._open(timer.look, now)
            ]
            best = min(allowed)[3] if allowed else None
        if best is not None and best.kind < BACKLOG[0]:
            return best
        if not self.pace.allows(now, budgeted=False):
            return best
        waiting = [
            (look.kind, lane.served, look)
            for lane in self.lanes.values()
            if self._may_use(lane, now) and (look := backlog(lane.profile_id)) is not None
        ]
        rest = min(waiting, key=lambda each: each[:2])[2] if waiting else None
        if best is None or rest is None:
            return best or rest
        return min(best, rest, key=lambda look: look.kind)

    def _open(self, look: Look, now: float) -> bool:
        if look.subject in self.in_flight:
            return False
        return not look.profile_id or self._may_use(self.lane(look.profile_id), now)

    def _may_use(self, lane: Lane, now: float) -> bool:
        if now < lane.resume_at:
            return False
        if lane.failures:
            return lane.in_flight == 0
        others = [other for other in self.lanes.values() if other is not lane]
        if not others:
            return True
        if lane.in_flight and self.slots - len(self._out) <= 1:
            # The last one is for a profile that has none, else those that hang would keep all of them.
            return not any(other.in_flight == 0 and now >= other.resume_at for other in others)
        crowded = any(other.in_flight or now - other.used_at < 1.0 for other in others)
        return lane.in_flight < (max(self.slots // 2, 1) if crowded else max(self.slots - 1, 1))

    def started(self, look: Look, now: float) -> None:
        """A look is on its way."""
        self.in_flight[look.subject] = look
        self._out.add(look.subject)
        self.pace.spend(now, budgeted=look.kind in BUDGETED)
        key = _key(look)
        timer = self._timers.get(key)
        if timer is not None and timer.look == look:
            del self._timers[key]
            self._ready.pop(key, None)
        if look.profile_id:
            lane = self.lane(look.profile_id)
            lane.in_flight += 1
            lane.served += 1
            lane.used_at = now

    def answered(self, look: Look) -> None:
        """The request of a look came back: another can be made. What it is at waits until it has `ended`."""
        if look.subject not in self._out:
            return
        self._out.discard(look.subject)
        lane = self.lanes.get(look.profile_id)
        if lane is not None:
            lane.in_flight = max(0, lane.in_flight - 1)

    def ended(self, look: Look) -> None:
        """What a look brought is written, or it failed: the same can be looked at again."""
        self.answered(look)
        self.in_flight.pop(look.subject, None)

    def succeeded(self, profile_id: str) -> None:
        """The profile answered: it is in no trouble."""
        lane = self.lanes.get(profile_id)
        if lane is not None:
            lane.failures = 0
            lane.resume_at = 0.0

    def failed(self, profile_id: str, now: float, seconds: float) -> int:
        """The profile did not answer: leave it alone for `seconds`. Returns how often in a row.

        Requests that were out at the same time count as one failure.
        """
        lane = self.lane(profile_id)
        if now < lane.resume_at:
            return lane.failures
        lane.failures += 1
        lane.resume_at = max(lane.resume_at, now + seconds)
        return lane.failures

    def stop(self, profile_ids: Iterable[str], until: float) -> None:
        """Leave profiles alone until a time, or until they `succeeded`."""
        for profile_id in profile_ids:
            self.lane(profile_id).resume_at = until

    def resume(self, now: float) -> None:
        """Whatever stood in the way is gone: try every profile again at once."""
        for lane in self.lanes.values():
            lane.resume_at = min(lane.resume_at, now)
