"""What a look that failed means: for one chat, for a profile, or for the key; and when it is tried again.

Nothing is silent: a profile that cannot be read says so in its row, a chat in the log, and a sync
that is to end reports what it could not do.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field

from inbox_tui.core.capabilities import PLATFORM_NAMES
from inbox_tui.core.errors import InboxError, NetworkError, NotAuthorised, NotFound, RateLimited, ServerFault
from inbox_tui.store import lookups, writes
from inbox_tui.store.writer import Writer
from inbox_tui.sync import schedule
from inbox_tui.sync.attention import Attention
from inbox_tui.sync.pull import Pull, has_no_messages
from inbox_tui.sync.push import Push
from inbox_tui.sync.schedule import BACKLOG, OF_PROFILE, Kind, Look, Schedule, Subject
from inbox_tui.sync.wants import Wants

PATIENCE = 3
"""How often a sync that is to end tries the same thing."""
LIMITED_PATIENCE = 10
"""How often such a sync waits when the API asks it to slow down."""
LONG_PAUSE_SECONDS = 30.0
"""A pause for which the API asks is said from this length on; shorter ones nobody would have time to read."""
ASK_AGAIN_SECONDS = 1.0
"""After a refusal: how soon is asked how much is refused."""
ASIDE_SECONDS, LONGEST_ASIDE_SECONDS = 60.0, 3600.0
"""How long a chat that cannot be read is left alone, doubled each time."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Troubles:
    """Decides about failed looks, and keeps what is wrong with each profile."""

    writer: Writer
    schedule: Schedule
    pull: Pull
    push: Push
    attention: Attention
    wants: Wants
    following: bool
    spread: random.Random
    errors: list[InboxError] = field(default_factory=list)
    """What a sync that is to end could not do."""
    key_refused: bool = False
    given_up: set[str] = field(default_factory=set)
    """Profiles that a sync that is to end does not try any more."""
    faults: dict[str, str] = field(default_factory=dict)
    """Titles of what stands in the way of each profile, as they stand in the cache."""
    account_fault: str = ""
    """What stands in the way of the list of profiles, as it stands in the cache."""
    _tries: dict[Subject, int] = field(default_factory=dict)
    _aside: dict[str, tuple[float, str]] = field(default_factory=dict)
    _server_faults: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.faults = dict(
            self.writer.cache.execute("SELECT id, fault_title FROM profiles WHERE fault_title IS NOT NULL")
        )
        self.account_fault = lookups.account_fault(self.writer.cache)

    def _set_account_fault(self, words: str) -> None:
        if words != self.account_fault:
            writes.set_account_fault(self.writer, words)
            self.account_fault = words

    def _fault(self, profile_id: str, error: InboxError) -> None:
        if self.faults.get(profile_id) != error.title:
            writes.set_profile_fault(self.writer, profile_id, error.title, means(error))
            self.faults[profile_id] = error.title
            # A sync that is to end reports its errors itself, once each.
            level = logging.WARNING if self.following else logging.INFO
            _log.log(level, "profile %s cannot be read: %s", profile_id, error)

    def over(self, look: Look, now: float) -> None:
        """A look succeeded: what stood in its way is gone."""
        self.schedule.pace.answered()
        self._tries.pop(look.subject, None)
        self._server_faults.pop(look.profile_id, None)
        if look.subject == ("chat", look.id) and look.id in self._aside:
            # It can be read after all, as a screen that shows it has found out.
            del self._aside[look.id]
            self.pull.messages.take_up(look.id, look.profile_id)
        if look.profile_id:
            self.schedule.succeeded(look.profile_id)
        # What was asked before a pause and is answered in it does not end it.
        paused = now < self.schedule.pace.paused_until
        if look.kind in OF_PROFILE and look.profile_id in self.faults and not paused:
            writes.set_profile_fault(self.writer, look.profile_id, "", "")
            del self.faults[look.profile_id]
            _log.info("profile %s can be read again", look.profile_id)
        if look.kind is Kind.PROFILES:
            self.key_refused = False
            self._set_account_fault("")

    def failed(self, look: Look, error: InboxError, now: float) -> None:
        """A look failed: plan when it is tried again, and say what is wrong."""
        _log.info("%s of %s failed: %s", look.kind.name, look.id or look.profile_id or "all", error.title)
        self.pull.messages.changed(look.profile_id)
        tries = self._tries[look.subject] = self._tries.get(look.subject, 0) + 1
        if isinstance(error, RateLimited) and (self.following or tries <= LIMITED_PATIENCE):
            self.schedule.pace.limited(now, error.retry_after)
            self._again(look, now)
            self._say_pause(error, now)
        elif look.kind is Kind.PROFILES:
            self._profiles_failed(look, error, now, tries)
        elif look.kind is Kind.CHAT:
            self._record_failed(look, error, now, tries)
        elif look.kind is Kind.ASKED:
            self._want_failed(look, error, now, tries)
        elif isinstance(error, NotAuthorised):
            self._refused(look, error, now, tries)
        elif look.kind in OF_PROFILE or (isinstance(error, NetworkError) and not self._is_alone(look, tries)):
            self._profile_failed(look, error, now)
        elif look.kind is Kind.SENT:
            self._message_failed(look, error, now)
        else:
            self._chat_failed(look, error, now, tries)

    def _again(self, look: Look, due: float) -> None:
        """Plan a timed look once more; what the cache misses comes round by itself."""
        if look.kind not in BACKLOG:
            self.schedule.put(look, due)

    def _say_pause(self, error: InboxError, now: float) -> None:
        """A pause that can be felt is said of every profile: it is one of the key."""
        if self.following and self.schedule.pace.paused_until - now >= LONG_PAUSE_SECONDS:
            for profile_id in self.pull.profiles:
                self._fault(profile_id, error)
            if not self.pull.profiles:
                self._set_account_fault(str(error))

    def _give_up(self, profile_id: str, error: InboxError) -> None:
        self.errors.append(error)
        self.given_up.add(profile_id)
        self.schedule.drop_profile(profile_id)

    def _profiles_failed(self, look: Look, error: InboxError, now: float, tries: int) -> None:
        pause = schedule.back_off(tries, self.spread)
        if isinstance(error, NotAuthorised):
            # The key itself is refused: nothing can be read with it.
            self.key_refused = True
            pause = schedule.STOPPED_SECONDS
            self.schedule.stop(self.pull.profiles, now + pause)
        if self.key_refused or tries > 1:
            # Before the first sync there is no profile yet that could carry the fault.
            self._set_account_fault(str(error))
        if isinstance(error, NotAuthorised) or (isinstance(error, NetworkError) and tries > 1):
            for profile_id in self.pull.profiles:
                self._fault(profile_id, error)
        if not self.following and (self.key_refused or tries >= PATIENCE):
            self.errors.append(error)
            for profile_id in self.pull.profiles:
                self.given_up.add(profile_id)
                self.schedule.drop_profile(profile_id)
            return
        self.schedule.put(look, now + pause)
        if not self.key_refused and self.following:
            for profile_id in self.pull.profiles:
                self.schedule.put(Look(Kind.CHATS, profile_id), now)

    def _is_alone(self, look: Look, tries: int) -> bool:
        """Whether one chat does not answer, again and again, of a profile that does."""
        return tries >= PATIENCE and not self.schedule.lane(look.profile_id).failures

    def _refused(self, look: Look, error: InboxError, now: float, tries: int) -> None:
        """401 or 403: the profile stops for a minute, and the key is tried on the list of profiles.

        What is refused about one chat may be refused of that alone. So first the profile's chats are listed.
        """
        if look.profile_id in self.given_up:
            return
        if look.kind not in OF_PROFILE:
            self.schedule.stop([look.profile_id], now + ASK_AGAIN_SECONDS)
            self.schedule.put(Look(Kind.CHATS, look.profile_id), now + ASK_AGAIN_SECONDS)
            if look.kind is Kind.SENT:
                self._message_failed(look, error, now)
            else:
                self._chat_failed(look, error, now, tries)
            return
        self._fault(look.profile_id, error)
        if not self.following:
            self._give_up(look.profile_id, error)
            return
        later = now + schedule.STOPPED_SECONDS
        self.schedule.stop([look.profile_id], later)
        self.schedule.put(Look(Kind.CHATS, look.profile_id), later)
        if not self.key_refused:
            self.schedule.put(Look(Kind.PROFILES), now + ASK_AGAIN_SECONDS)

    def _profile_failed(self, look: Look, error: InboxError, now: float) -> None:
        profile = self.pull.profiles.get(look.profile_id)
        if profile is not None and profile.platform not in PLATFORM_NAMES and has_no_messages(error):
            # A network without direct messages is no fault; there is nothing to read.
            self.pull.without_messages.add(look.profile_id)
            self.schedule.drop_profile(look.profile_id)
            return
        lane = self.schedule.lane(look.profile_id)
        pause = schedule.back_off(lane.failures + 1, self.spread)
        failures = self.schedule.failed(look.profile_id, now, pause)
        unreachable = isinstance(error, NetworkError) and not error.may_have_arrived
        if failures > 1 or unreachable or not self.following:
            self._fault(look.profile_id, error)
        if not self.following and failures >= PATIENCE:
            self._give_up(look.profile_id, error)
            return
        self._again(look, lane.resume_at)
        self.schedule.put(Look(Kind.CHATS, look.profile_id), lane.resume_at)

    def _record_failed(self, look: Look, error: InboxError, now: float, tries: int) -> None:
        """A chat that an event named cannot be had; the list of its profile's chats may still bring it."""
        if error.retryable and tries < PATIENCE:
            self.schedule.put(look, now + schedule.back_off(tries, self.spread))
            return
        self._tries.pop(look.subject, None)
        _log.warning("chat %s of an event cannot be read: %s", look.id, error)

    def _want_failed(self, look: Look, error: InboxError, now: float, tries: int) -> None:
        """Somebody waits: what may pass is tried again a few times, then they are told."""
        if error.retryable and tries < PATIENCE:
            self.schedule.put(look, now + schedule.back_off(tries, self.spread))
            return
        self._tries.pop(look.subject, None)
        self.wants.failed(look.id, error)
        self.attention.fulfilled(look)
        if not self.following:
            self.errors.append(error)

    def _message_failed(self, look: Look, error: InboxError, now: float) -> None:
        unknown = isinstance(error, NotFound)
        if unknown and self.push.ends.lost(look.id):
            return
        if unknown or self.following:
            self.attention.follow(look.id, look.profile_id, now, retrying=not unknown)

    def _chat_failed(self, look: Look, error: InboxError, now: float, tries: int) -> None:
        """One chat cannot be read: it is left aside, and the others go on."""
        _log.warning("chat %s cannot be read: %s", look.id, error)
        self.attention.fulfilled(look)
        self.push.ends.unknown_chat(look.id, error)
        self.pull.messages.put_aside(look.id, look.profile_id)
        pause = min(ASIDE_SECONDS * 2 ** min(tries - 1, 10), LONGEST_ASIDE_SECONDS)
        self._aside[look.id] = (now + pause, look.profile_id)
        if not self.following:
            self.errors.append(error)
            return
        if look.kind in (Kind.OPEN, Kind.RECENT):
            self.schedule.put(look, now + min(schedule.back_off(tries + 2, self.spread), pause))
        if isinstance(error, ServerFault):
            faults = self._server_faults[look.profile_id] = self._server_faults.get(look.profile_id, 0) + 1
            if faults >= PATIENCE:
                # Not one chat but the service: ask it less.
                self.schedule.failed(look.profile_id, now, schedule.back_off(faults, self.spread))

    def is_aside(self, chat_id: str) -> bool:
        """Whether a chat is left alone because it could not be read."""
        return chat_id in self._aside

    def take_up(self, now: float) -> None:
        """Try the chats again that were left aside long enough."""
        for chat_id in [chat_id for chat_id, (due, _) in self._aside.items() if due <= now]:
            _, profile_id = self._aside.pop(chat_id)
            self.pull.messages.take_up(chat_id, profile_id)

    def key_changed(self, now: float) -> None:
        """There is another key: try everything again at once."""
        self.key_refused = False
        self.schedule.resume(now)
        self.schedule.put(Look(Kind.PROFILES), now)
        for profile_id in self.faults:
            self.schedule.put(Look(Kind.CHATS, profile_id), now)


def means(error: InboxError) -> str:
    """What a look that failed means for the person; the hint of the error is about its one request."""
    if isinstance(error, RateLimited):
        # Seconds would stand there for as long as the pause lasts.
        return "Reading goes on when the pause is over."
    if isinstance(error, NetworkError) and error.may_have_arrived:
        return "It is tried again by itself; what is shown may be old."
    return error.hint.removeprefix("Nothing was sent. ")
