"""How far a sync has come: counts for the command line and for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass

from inbox_tui.sync.pull import Pull
from inbox_tui.sync.schedule import Kind, Schedule


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync has come. `chats_total` is None until every profile has told its number."""

    phase: str
    """`profiles`, `chats`, `messages`, `history` or `up to date`."""
    profiles: int
    chats: int
    chats_total: int | None
    chats_read: int
    """Chats whose newest messages are in the cache."""
    messages: int
    """Messages that were new in this run."""
    requests: int
    seconds: float
    faults: int
    """Profiles that cannot be read."""

    @property
    def seconds_left(self) -> float | None:
        """An estimate until every chat is listed and read; None where there is nothing to go by."""
        total = self.chats_total
        if total is None or self.chats_read == 0 or self.seconds < 1:
            return None
        return max(total - self.chats_read, 0) * self.seconds / self.chats_read


def measure(pull: Pull, schedule: Schedule, *, requests: int, seconds: float, faults: int) -> Progress:
    """Count what the cache holds of what there is."""
    rows = pull.totals()
    read = [row for row in rows if row.profile_id not in pull.without_messages]
    told = [row.total for row in read if row.total is not None]
    walked = all(row.walked for row in read)
    chats, missing = pull.messages.chats(), pull.messages.missing()
    if not told:
        phase = "profiles"
    elif missing > pull.messages.aside:
        phase = "messages" if walked else "chats"
    elif any(look.kind is Kind.HISTORY for look in schedule.in_flight.values()):
        phase = "history"
    else:
        phase = "up to date" if walked else "chats"
    return Progress(
        phase=phase,
        profiles=len(rows),
        chats=chats,
        chats_total=max(sum(told), chats) if told and len(told) == len(read) else None,
        chats_read=chats - missing,
        messages=pull.messages.inserted,
        requests=requests,
        seconds=seconds,
        faults=faults,
    )
