"""What needs a reply, what is read, what is closed: section 2 of the interface contract as pure functions.

Seen, answered and done are three separate facts. Each is derived from the messages and from marks that
say what they cover; nothing here knows the clock. Facts hold absolute times, so that they can be stored
and stay true; `now` is bound by whoever reads them (`rank`, `holds`, `window_state`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from inbox_tui.core.marks import (
    NO_FLOOR,
    Coverage,
    Entry,
    Mark,
    Position,
    Snooze,
    automatic,
    covers,
    floor,
)
from inbox_tui.core.models import Chat, Milliseconds, Status
from inbox_tui.core.window import (
    CLOSING,
    MINUTE,
    NO_WINDOW,
    URGENT,
    Window,
    WindowState,
    window,
    window_state,
)

__all__ = [
    "FOREVER",
    "NO_WINDOW",
    "RETRY_PATIENCE",
    "Band",
    "Entry",
    "Facts",
    "Mark",
    "Position",
    "Snooze",
    "State",
    "Window",
    "WindowState",
    "approximate",
    "automatic",
    "covers",
    "fold",
    "holds",
    "rank",
    "snoozed",
    "window",
    "window_state",
]

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
    next_change_at: Milliseconds | None = None
    """Earliest time after `now` of the fold at which the clock alone changes a fact or a view."""
    approximate: bool = False
    """Only the chat's row was known; drawn with `~`."""


def fold(
    entries: Iterable[Entry],
    *,
    seen: Mark | None = None,
    done: Mark | None = None,
    snooze: Snooze | None = None,
    window: Window = NO_WINDOW,
    outbox_failed: int = 0,
    quiet_before: Milliseconds | None = None,
    troubled: Iterable[Entry] | None = None,
    oldest_after: Callable[[int], Position | None] | None = None,
    now: Milliseconds = 0,
) -> Facts:
    """The facts of a chat from its messages, newest first by position, and its marks.

    `outbox_failed`: outbox items that failed or are uncertain and have no failed message among `entries`.
    `quiet_before`: messages older than this count as seen (first sync: chats quiet for 14 days start as
    seen, and stay so when the customer writes again). `now` only chooses `next_change_at`.

    Reading stops at the first entry from which on nothing can matter: every older inbound message is
    covered by what was read (a reply, and the done, seen and snooze marks, each as far as it is asked), and
    no older reply can cover a message that still counts as open. Two things can hide in old pages, so the
    caller has to say where they are; without that everything is read:

    - `troubled`: the chat's own messages that are `failed` or `failed_waiting_for_retry`, in any order.
    - `oldest_after(n)`: the position of the oldest entry of the chat, inbound or outbound, whose arrival
      number is greater than n; None when there is none. It finds the message that came late to an old
      place. It is asked only when nothing else keeps the reading going. An outbound message sent from here
      enters the cache after its mark was made, so its own arrival number is greater than the mark's: this
      is why no older entry can answer a message that arrived later than all of them.
    """
    replies, done_coverage, seen_coverage = Coverage(), Coverage(done), Coverage(seen)
    snooze_coverage = Coverage(snooze.mark if snooze else None)
    watch_snooze = snooze is not None and not snooze.sticky and not _outlived(snooze, done)
    open_messages: list[tuple[Entry, bool]] = []
    newest: Entry | None = None
    newest_inbound: Entry | None = None
    last_reply_at: Milliseconds | None = None
    reopened = False
    woke = False
    found_troubles: list[Entry] = []
    lowest_open: int | None = None
    oldest_known: dict[int, Position | None] = {}

    def nothing_older_matters(position: Position) -> bool:
        if troubled is None or newest is None:
            return False
        floors = [floor(position, replies, done_coverage)]
        if quiet_before is None or position[0] >= quiet_before:
            floors.append(floor(position, replies, seen_coverage))
        if newest_inbound is None:
            floors.append(floor(position, replies))
        if done is not None and not reopened:
            floors.append(floor(position, done_coverage))
        if watch_snooze and not woke:
            floors.append(floor(position, snooze_coverage))
        if last_reply_at is None and not (done is not None and position <= done.through):
            return False
        if lowest_open is not None:
            floors.append(lowest_open)
        needed = [floor for floor in floors if floor is not None]
        if len(needed) < len(floors):
            return False
        needed = [floor for floor in needed if floor != NO_FLOOR]
        if not needed:
            return True
        if oldest_after is None:
            return False
        lowest = min(needed)
        if lowest not in oldest_known:
            oldest_known[lowest] = oldest_after(lowest)
        oldest = oldest_known[lowest]
        return oldest is None or position < oldest

    for entry in entries:
        if nothing_older_matters(entry.position):
            break
        if entry.inbound:
            if entry.deleted:
                continue
            newest = newest or entry
            reopened = reopened or entry not in done_coverage
            woke = woke or (watch_snooze and entry not in snooze_coverage)
            first = newest_inbound is None
            newest_inbound = newest_inbound or entry
            if entry in replies:
                continue
            read = entry in seen_coverage or (quiet_before is not None and entry.position[0] < quiet_before)
            if read and entry in done_coverage and not first:
                continue
            open_messages.append((entry, read))
            if entry.arrived is not None:
                lowest_open = entry.arrived if lowest_open is None else min(lowest_open, entry.arrived)
        else:
            newest = newest or entry
            found_troubles.append(entry)
            if entry.reply:
                replies.add_reply(entry)
                if last_reply_at is None and (done is None or entry.position > done.through):
                    last_reply_at = entry.position[0]

    uncovered = [(entry, read) for entry, read in open_messages if entry not in replies]
    unanswered = [entry for entry, _ in uncovered if entry not in done_coverage]
    unread = [entry for entry, read in uncovered if not read]
    troubles = found_troubles if troubled is None else list(troubled)
    failed = outbox_failed + sum(entry.status == Status.FAILED and not entry.deleted for entry in troubles)
    retrying = [
        entry.position[0]
        for entry in troubles
        if entry.status == Status.FAILED_WAITING_FOR_RETRY and not entry.deleted
    ]
    waking = woke and any(entry not in snooze_coverage for entry in unanswered)
    snoozed_until, woken = _snooze(
        snooze, done, window, last_reply_at, woke=woke, waking=waking, failed=failed
    )
    is_done = done is not None and not reopened
    return _with_next_change(
        Facts(
            unanswered=len(unanswered),
            unread=len(unread),
            needs_reply_since=min((entry.position[0] for entry in unanswered), default=None),
            unread_since=min((entry.position[0] for entry in unread), default=None),
            waiting=newest is not None and newest.reply and not unanswered and not is_done,
            done=is_done,
            failed=failed,
            retrying_since=min(retrying, default=None),
            answered=last_reply_at is not None and (newest_inbound is None or newest_inbound in replies),
            last_reply_at=last_reply_at,
            snoozed_until=snoozed_until,
            woken=woken,
            window_known=window.known,
            window_closes_at=window.closes_at,
        ),
        now,
    )


def _outlived(snooze: Snooze, done: Mark | None) -> bool:
    return done is not None and done.at >= snooze.mark.at


def _snooze(
    snooze: Snooze | None,
    done: Mark | None,
    window: Window,
    last_reply_at: Milliseconds | None,
    *,
    woke: bool,
    waking: bool,
    failed: int,
) -> tuple[Milliseconds | None, bool]:
    """Until when the chat is snoozed, and whether an event woke it.

    A done mark made later ends a snooze; so does a reply to what woke it, or one after its time. The window
    wakes the chat an hour before it closes, unless the chat was put away within that hour.
    """
    if snooze is None or _outlived(snooze, done):
        return None, False
    if failed:
        return None, True
    if woke:
        return None, waking
    until = FOREVER if snooze.until is None else snooze.until
    if window.closes_at is not None and window.closes_at - URGENT > snooze.mark.at:
        until = min(until, window.closes_at - URGENT)
    if last_reply_at is not None and last_reply_at >= until:
        return None, False
    return until, False


def _with_next_change(facts: Facts, now: Milliseconds) -> Facts:
    times = []
    if facts.snoozed_until is not None and facts.snoozed_until < FOREVER:
        times.append(facts.snoozed_until)
    if facts.window_closes_at is not None:
        times += (facts.window_closes_at - CLOSING, facts.window_closes_at - URGENT, facts.window_closes_at)
    if facts.retrying_since is not None:
        times.append(facts.retrying_since + RETRY_PATIENCE)
    return replace(facts, next_change_at=min((time for time in times if time > now), default=None))


def approximate(
    chat: Chat,
    *,
    seen: Mark | None = None,
    done: Mark | None = None,
    snooze: Snooze | None = None,
    window: Window = NO_WINDOW,
    outbox_failed: int = 0,
    quiet_before: Milliseconds | None = None,
    now: Milliseconds = 0,
) -> Facts:
    """The facts of a chat of which only its row is known, none of its messages ("not yet pulled").

    It needs a reply when the last inbound message is newer than the last outbound one and than what the
    done mark covers. Counts are 0 or 1, "at least one".
    """
    inbound_at, outbound_at = chat.last_inbound_at, chat.last_outbound_at
    replied = inbound_at is None or (outbound_at is not None and outbound_at >= inbound_at)

    def beyond(mark: Mark | None) -> bool:
        return inbound_at is not None and (mark is None or inbound_at > mark.through[0])

    unanswered = not replied and beyond(done)
    unread = not replied and beyond(seen)
    if quiet_before is not None and inbound_at is not None and inbound_at < quiet_before:
        unread = False
    is_done = done is not None and not beyond(done)
    woke = snooze is not None and not snooze.sticky and beyond(snooze.mark)
    snoozed_until, woken = _snooze(
        snooze, done, window, outbound_at, woke=woke, waking=unanswered, failed=outbox_failed
    )
    return _with_next_change(
        Facts(
            unanswered=int(unanswered),
            unread=int(unread),
            needs_reply_since=inbound_at if unanswered else None,
            unread_since=inbound_at if unread else None,
            waiting=replied and outbound_at is not None and not is_done,
            done=is_done,
            failed=outbox_failed,
            answered=replied and outbound_at is not None,
            last_reply_at=outbound_at,
            snoozed_until=snoozed_until,
            woken=woken,
            window_known=window.known,
            window_closes_at=window.closes_at,
            approximate=True,
        ),
        now,
    )


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
