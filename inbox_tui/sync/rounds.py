"""What an answer or an event makes due: the next look at the same, and looks at what it has named."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from inbox_tui.core.models import Milliseconds
from inbox_tui.sync import schedule
from inbox_tui.sync.attention import Attention
from inbox_tui.sync.jobs import Outcome
from inbox_tui.sync.pull import Pull
from inbox_tui.sync.schedule import Kind, Look, Schedule
from inbox_tui.sync.sending import AskedAt
from inbox_tui.sync.settling import Settling


@dataclass(slots=True)
class Rounds:
    """Plans what comes round, once it was looked at. Times are seconds of the schedule's clock."""

    schedule: Schedule
    pull: Pull
    attention: Attention
    ends: Settling
    """How items of the outbox end."""
    following: bool
    """Whether looks come round; otherwise each has to do once."""
    spread: random.Random
    monotonic: Callable[[], float]
    server_now: Callable[[], Milliseconds]
    _quiet: dict[str, int] = field(default_factory=dict)
    """Looks in a row at a profile's list that found nothing."""
    _again: set[str] = field(default_factory=set)
    """Profiles whose top was looked at once more after their walk."""

    def answered(self, look: Look, outcome: Outcome, asked: AskedAt, *, moved: bool) -> None:
        """What a look brought is in the cache. `moved`: the messages that were written with it were news."""
        now = self.monotonic()
        match look.kind:
            case Kind.ASKED:
                pass
            case Kind.PROFILES:
                self._profiles(now)
            case Kind.CHATS:
                self._chats(look.profile_id, now, moved=outcome.moved)
                if outcome.again:
                    self.schedule.put(Look(Kind.CHATS, look.profile_id), now)
            case Kind.WALK:
                if outcome.again and (self.following or look.profile_id not in self._again):
                    self._again.add(look.profile_id)
                    self.schedule.put(Look(Kind.CHATS, look.profile_id), now)
            case Kind.CHAT:
                if outcome.again:
                    self.schedule.put(Look(Kind.PROFILES), now)
            case Kind.SENT:
                self.ends.settle(outcome.chats)
                self.attention.followed(look, now)
            case _:
                self.attention.looked(look, now, asked, self.server_now())
                if moved:
                    chats = list(outcome.chats)
                    self.ends.settle(chats)
                    self.attention.settled(look.id)
                    self.attention.follow_unsettled(now, chats)

    def told(self, chat_ids: list[str]) -> None:
        """What events brought for some chats is in the cache."""
        self.ends.settle(chat_ids)
        for chat_id in chat_ids:
            self.attention.settled(chat_id)
        self.attention.follow_unsettled(self.monotonic(), chat_ids)

    def _profiles(self, now: float) -> None:
        for profile_id in [known for known in self.schedule.lanes if known not in self.pull.profiles]:
            self.schedule.drop_profile(profile_id)
        for profile_id in self.pull.profiles:
            self.schedule.lane(profile_id)
            if self.schedule.planned(("profile", profile_id)) is None:
                self.schedule.put(Look(Kind.CHATS, profile_id), now)
        if self.following:
            pause = schedule.PROFILES_SECONDS * self.spread.uniform(0.9, 1.1)
            self.schedule.put(Look(Kind.PROFILES), now + pause)

    def _chats(self, profile_id: str, now: float, *, moved: bool) -> None:
        quiet = self._quiet[profile_id] = 0 if moved else self._quiet.get(profile_id, 0) + 1
        if self.following:
            attended, eased = bool(self.attention.open), self.schedule.eased
            pause = schedule.profile_interval(quiet, attended=attended, eased=eased)
            self.schedule.replan(Look(Kind.CHATS, profile_id), now + pause * self.spread.uniform(0.9, 1.1))
            if moved:
                self.attention.plan_recent(now, self.server_now())
