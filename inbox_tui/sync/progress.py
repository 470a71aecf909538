"""How far a sync has come: what it counts, how fast it was of late, and when screens are told."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from inbox_tui.core.progress import INDEX, UP_TO_DATE, Progress
from inbox_tui.store import index, sync_progress
from inbox_tui.store.writer import Writer
from inbox_tui.sync.pull import Pull
from inbox_tui.sync.schedule import BACKLOG, Kind, Look, Schedule
from inbox_tui.sync.threads import PAGE

WINDOW_SECONDS = 15.0
"""The pace is that of this long, as the API may slow a sync down at any time."""
LEAST_SECONDS = 1.0
"""Nothing is said of the pace of a shorter time."""
WORTH_PAGES = 20
"""Fewer missing pages are there before anybody could read how many they are."""
PATIENCE_SECONDS = 3.0
"""What takes longer than this is told, however few pages it is."""
REPORT_SECONDS = 0.5
MOST_SHARE = 0.02
"""Of the time at most, counting may take."""


@dataclass(slots=True)
class Meter:
    """Counts what the cache holds of what there is. Times are seconds of the loop's monotonic clock."""

    writer: Writer
    pull: Pull
    schedule: Schedule
    backlog: Callable[[str], Look | None]
    """What is asked for next of a profile, as the loop sees it."""
    pages_done: int = 0
    _samples: deque[tuple[float, int, int]] = field(default_factory=deque)
    _published: bool = False
    _told: tuple[object, ...] = ()
    _busy_since: float | None = None
    _next_at: float = float("-inf")

    def begin(self) -> None:
        """Take back what a killed engine has published."""
        sync_progress.publish(self.writer, None)

    def end(self) -> None:
        """The sync is over, or ends here: nobody is to wait for it."""
        if self._published:
            sync_progress.publish(self.writer, None)
            self._published = False

    def answered(self, look: Look) -> None:
        """A look brought what it was made for."""
        if look.kind in BACKLOG:
            self.pages_done += 1

    def turn(
        self, now: float, listener: Callable[[Progress], None] | None, progress: Callable[[], Progress]
    ) -> None:
        """Tell who listens, and the screens while much is missing; costs nothing while nothing is."""
        if now < self._next_at:
            return
        busy = (
            self._published
            or not index.is_complete(self.writer.cache)
            or any(look.kind in BACKLOG for look in self.schedule.in_flight.values())
        )
        self._next_at = now + REPORT_SECONDS
        if not busy:
            self._busy_since = None
            if listener is None:
                return
        started = time.perf_counter()
        found = progress()
        if listener is not None:
            listener(found)
        self._publish(now, found)
        taken = time.perf_counter() - started
        self._next_at = now + max(REPORT_SECONDS, taken / MOST_SHARE)

    def _publish(self, now: float, progress: Progress) -> None:
        if progress.phase == UP_TO_DATE:
            self.end()
            self._busy_since = None
            return
        if self._busy_since is None:
            self._busy_since = now
        left = progress.pages_left
        worth = left is None or left >= WORTH_PAGES or now - self._busy_since >= PATIENCE_SECONDS
        told = (
            *(progress.phase, progress.chats, progress.chats_read, progress.messages, left),
            progress.unindexed,
        )
        if (worth or self._published) and told != self._told:
            self._told = told
            self._published = True
            sync_progress.publish(self.writer, progress)

    def measure(self, now: float, *, requests: int, seconds: float, faults: int) -> Progress:
        """Count."""
        rows = self.pull.totals()
        read = [row for row in rows if row.profile_id not in self.pull.without_messages]
        told = [row.total for row in read if row.total is not None]
        chats, missing = self.pull.messages.chats(), self.pull.messages.missing()
        total = max(sum(told), chats) if told and len(told) == len(read) else None
        missing = max(missing - self.pull.messages.aside, 0)
        left = None if total is None else self._pages_left(chats, total, missing)
        messages_a_second, pages_a_second = self._pace(now)
        phase = self._phase(told=bool(told), walked=all(row.walked for row in read), missing=missing)
        unindexed = 0
        if phase == UP_TO_DATE:
            unindexed = index.missing(self.writer.cache, index.MESSAGES)
            phase = INDEX if unindexed else phase
        waits = phase not in (UP_TO_DATE, INDEX) and left is not None and pages_a_second
        return Progress(
            phase=phase,
            profiles=len(rows),
            chats=chats,
            chats_total=total,
            chats_read=max(chats - self.pull.messages.missing(), 0),
            messages=self.pull.messages.inserted,
            requests=requests,
            seconds=seconds,
            faults=faults,
            pages_done=self.pages_done,
            pages_left=left,
            messages_a_second=messages_a_second,
            seconds_left=left / pages_a_second if waits and left is not None and pages_a_second else None,
            unindexed=unindexed,
        )

    def _phase(self, *, told: bool, walked: bool, missing: int) -> str:
        if not told:
            return "profiles"
        if missing:
            return "messages" if walked else "chats"
        waiting = [self.backlog(profile_id) for profile_id in self.schedule.lanes]
        looks = [*self.schedule.in_flight.values(), *(look for look in waiting if look is not None)]
        if any(look.kind in (Kind.HISTORY, Kind.GAP) for look in looks):
            return "history"
        return UP_TO_DATE if walked else "chats"

    def _pages_left(self, chats: int, total: int, missing: int) -> int:
        """Lists, newest pages and older ones; a chat that is not read yet is taken for an average one."""
        unlisted = max(total - chats, 0)
        unread = missing + unlisted
        older = self.pull.messages.older_pages()
        each = older / max(chats - missing, 1)
        return -(-unlisted // PAGE) + unread + older + round(each * unread)

    def _pace(self, now: float) -> tuple[float | None, float | None]:
        """Messages and pages a second of late; None where there is nothing to go by."""
        self._samples.append((now, self.pull.messages.inserted, self.pages_done))
        while now - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()
        since, messages, pages = self._samples[0]
        if now - since < LEAST_SECONDS:
            return None, None
        seconds = now - since
        return (self.pull.messages.inserted - messages) / seconds, (self.pages_done - pages) / seconds
