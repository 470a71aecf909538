"""The facts of a chat, what they mean at a moment, and their rank in the Now view.

Facts hold absolute times, so that they can be stored and stay true; `now` is bound here, by the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from inbox_tui.core.models import Milliseconds
from inbox_tui.core.window import CLOSING, MINUTE, URGENT, WindowState, window_state

RETRY_PATIENCE: Milliseconds = 2 * MINUTE
"""After this the service's own retrying raises the chat."""
FOREVER: Milliseconds = 253_402_300_799_999
"""The last millisecond of the year 9999: the end of a snooze that no clock ends."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a chat, in absolute times."""

    unanswered: int = 0
    """Inbound messages covered by no reply and no done mark."""
    unread: int = 0
    """Inbound messages covered by no seen mark and no reply."""
    needs_reply_since: Milliseconds | None = None
    """Time of the oldest unanswered message: writing again costs a customer no place."""
    unread_since: Milliseconds | None = None
    waiting: bool = False
    """The last message is a reply, nothing is unanswered and the chat is not done. Whether it is snoozed
    depends on the clock: compare `snoozed_until`."""
    done: bool = False
    """A done mark covers every inbound message; a later one reopens, and a reply does not close again."""
    failed: int = 0
    """Own messages that failed, and outbox items that failed or are uncertain."""
    retrying_since: Milliseconds | None = None
    """Since when the service has been retrying the oldest message that it could not deliver."""
    answered: bool = False
    """There is a reply, and it covers the newest inbound message."""
    last_reply_at: Milliseconds | None = None
    """Time of the newest reply; one from before a done mark is history and may be left out."""
    snoozed_until: Milliseconds | None = None
    """Snoozed while now is before it, woken from then on; `FOREVER` when no clock ends it."""
    woken: bool = False
    """An event woke it: a new inbound message that is still unanswered, or a failed send."""
    window_known: bool = False
    window_closes_at: Milliseconds | None = None
    approximate: bool = False
    """Only the chat's row was known; drawn with `~`."""


class Band(IntEnum):
    """Bands of the Now view, in the order in which they are drawn and visited by Tab."""

    FAILED = 0
    """A failed send, or one that the service has been retrying for over two minutes."""
    URGENT = 1
    CLOSING = 2
    WOKEN = 3
    NEEDS_REPLY = 4
    UNREAD = 5
    CLOSED_WINDOW = 6
    """Debt that the window no longer lets one pay: at the end, never hidden."""


class State(StrEnum):
    """The facts that a view or the `is:` operator asks for."""

    UNREAD = "unread"
    NEEDS_REPLY = "needs-reply"
    WAITING = "waiting"
    CLOSING = "closing"
    FAILED = "failed"
    SNOOZED = "snoozed"
    DONE = "done"


def snoozed(facts: Facts, now: Milliseconds) -> bool:
    """Whether the chat is put away at `now`."""
    return facts.snoozed_until is not None and now < facts.snoozed_until


def holds(state: State, facts: Facts, now: Milliseconds) -> bool:
    """Whether a chat is in the view of that name at `now`.

    Closing: at most 4 hours of the window are left and something is unanswered.
    """
    match state:
        case State.UNREAD:
            return facts.unread > 0
        case State.NEEDS_REPLY:
            return facts.unanswered > 0
        case State.WAITING:
            return facts.waiting and not snoozed(facts, now)
        case State.CLOSING:
            left = window_state(facts.window_closes_at, now, known=facts.window_known)
            return facts.unanswered > 0 and left in (WindowState.CLOSING, WindowState.URGENT)
        case State.FAILED:
            return facts.failed > 0
        case State.SNOOZED:
            return snoozed(facts, now)
        case State.DONE:
            return facts.done


def rank(facts: Facts, now: Milliseconds) -> tuple[Band, Milliseconds] | None:
    """The place of a chat in the Now view at `now`, smallest first; None: it is not in it.

    Failed, window closing within 1 hour, within 4 hours, woken, needs reply (oldest first), unread; then
    debt behind a closed window. Within a band the one that has waited longest, or closes first, leads.
    """
    since = facts.needs_reply_since or facts.unread_since or 0
    if facts.failed:
        return Band.FAILED, since
    if facts.retrying_since is not None and now >= facts.retrying_since + RETRY_PATIENCE:
        return Band.FAILED, facts.retrying_since
    if snoozed(facts, now):
        return None
    woken = facts.woken or facts.snoozed_until is not None
    left = window_state(facts.window_closes_at, now, known=facts.window_known)
    if facts.unanswered and facts.window_closes_at is not None:
        if left is WindowState.URGENT:
            return Band.URGENT, facts.window_closes_at
        if left is WindowState.CLOSING:
            return Band.CLOSING, facts.window_closes_at
    if woken:
        return Band.WOKEN, facts.snoozed_until or since
    if facts.unanswered:
        return (Band.CLOSED_WINDOW if left is WindowState.CLOSED else Band.NEEDS_REPLY), since
    if facts.unread and not facts.done:
        return Band.UNREAD, since
    return None


def turning_points(facts: Facts) -> list[Milliseconds]:
    """The times at which the clock alone changes the rank of a chat or one of its states."""
    times: list[Milliseconds] = []
    if facts.snoozed_until is not None and facts.snoozed_until < FOREVER:
        times.append(facts.snoozed_until)
    if facts.unanswered and facts.window_closes_at is not None:
        times += (facts.window_closes_at - CLOSING, facts.window_closes_at - URGENT, facts.window_closes_at)
    if facts.retrying_since is not None:
        times.append(facts.retrying_since + RETRY_PATIENCE)
    return times


RANK_BITS = 48
"""Of a packed rank the low bits are the time, the others the band."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a moment makes of the facts of a chat, and from when until when the clock leaves it so.

    `rank`: band and time of `rank` in one number that grows alike; None: not in the Now view.
    """

    rank: int | None
    away: bool
    closing: bool
    valid_from: Milliseconds | None
    """None: ever since the facts are so."""
    valid_until: Milliseconds | None
    """The first moment of which it may be otherwise; None: as long as the facts stay so."""


def standing(facts: Facts, now: Milliseconds) -> Standing:
    """Where a chat stands at `now`, to be kept for as long as it holds."""
    place = rank(facts, now)
    times = turning_points(facts)
    return Standing(
        rank=None if place is None else place[0] << RANK_BITS | max(0, place[1]),
        away=snoozed(facts, now),
        closing=holds(State.CLOSING, facts, now),
        valid_from=max((time for time in times if time <= now), default=None),
        valid_until=min((time for time in times if time > now), default=None),
    )
