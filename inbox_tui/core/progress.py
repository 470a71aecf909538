"""How far a sync has come: counts, pace and an estimate, and how that is put into words."""

from __future__ import annotations

from dataclasses import dataclass

from inbox_tui.core.cells import cells
from inbox_tui.core.times import duration

BAR_CELLS = 16
UP_TO_DATE = "up to date"
INDEX = "search index"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync has come. `chats_total` is None until every profile has told its number."""

    phase: str
    """`profiles`, `chats`, `messages`, `history`, `search index` or `up to date`."""
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
    pages_done: int = 0
    """Pages of what was missing that this run has brought."""
    pages_left: int | None = None
    """About how many pages are missing still; None while that is not known."""
    messages_a_second: float | None = None
    """How fast messages came of late; None before there is anything to go by."""
    seconds_left: float | None = None
    """An estimate from the pace of late; None where there is none, or everything is there."""
    unindexed: int = 0
    """Messages that are cached and that search does not know yet."""

    @property
    def share(self) -> float | None:
        """How much of what was missing is there, from 0 to 1."""
        if self.pages_left is None:
            return None
        return self.pages_done / max(self.pages_done + self.pages_left, 1)


def in_words(progress: Progress, width: int, note: str = "") -> str:
    """One line of at most `width` cells; what does not fit goes: the bar, the pace, the number of messages.

    `note` stands at the end and takes the place of the estimate.
    """
    total = "?" if progress.chats_total is None else f"{progress.chats_total:,}"
    counts = {
        "profiles": "looking for them",
        "chats": f"{progress.chats:,} of {total} chats listed",
        "messages": f"{progress.chats_read:,} of {total} chats read",
        "history": f"{progress.pages_left or 0:,} pages of older messages to go",
        INDEX: f"{progress.unindexed:,} messages to go",
    }.get(progress.phase, f"{progress.chats:,} chats")
    messages = f"{progress.messages:,} messages" if progress.messages else ""
    # Pages and their pace are those of what was fetched before.
    indexes = progress.phase == INDEX
    pace = "" if progress.messages_a_second is None or indexes else f"{progress.messages_a_second:,.0f}/s"
    left = ""
    if progress.seconds_left is not None and progress.seconds_left >= 1:
        left = f"about {duration(round(progress.seconds_left * 1000))} left"
    end = note or left
    head = f"{progress.phase}:" if counts else progress.phase
    drawn = "" if progress.share is None or indexes else f"{_bar(progress.share)} "
    for line in (
        (f"{head} {drawn}{counts}", messages, pace, end),
        (f"{head} {counts}", messages, pace, end),
        (f"{head} {counts}", messages, end),
        (f"{head} {counts}", end),
        (f"{head} {counts}",),
    ):
        words = " · ".join(part.strip() for part in line if part)
        if cells(words) <= width:
            break
    return words


def _bar(share: float) -> str:
    filled = round(min(max(share, 0.0), 1.0) * BAR_CELLS)
    return f"{'█' * filled}{'░' * (BAR_CELLS - filled)}"
