"""What needs a reply, what is read, what is closed: section 2 of the interface contract as pure functions.

Seen, answered and done are three separate facts. Each is derived from the messages and from marks that
say what they cover; nothing here knows the clock. Facts hold absolute times, so that they can be stored
and stay true; `now` is bound by whoever reads them (`rank`, `holds`, `window_state`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from inbox_tui.core.marks import (
    NO_FLOOR,
    Coverage,
    Entry,
    Mark,
    Position,
    Snooze,
    floor,
)
from inbox_tui.core.models import Chat, Milliseconds, Status
from inbox_tui.core.ranking import FOREVER, Facts
from inbox_tui.core.window import (
    NO_WINDOW,
    URGENT,
    Window,
)


class _Reading:
    """What has been read of a chat, newest first, and whether the rest can matter."""

    def __init__(
        self,
        seen: Mark | None,
        done: Mark | None,
        snooze: Snooze | None,
        quiet_before: Milliseconds | None,
    ) -> None:
        self.replies = Coverage()
        self.seen = Coverage(seen)
        self.done = Coverage(done)
        self.snooze = Coverage(snooze.mark if snooze else None)
        self.done_through = done.through if done else None
        self.quiet_before = quiet_before
        self.watch_done = done is not None
        """No message beyond the done mark has been met yet."""
        self.watch_snooze = snooze is not None and not snooze.sticky and not _outlived(snooze, done)
        """No message beyond the snooze has been met yet."""
        self.newest: Entry | None = None
        self.newest_is_read = False
        self.newest_inbound: Entry | None = None
        self.last_reply_at: Milliseconds | None = None
        self.open: list[tuple[Entry, bool]] = []
        """Messages that no reply met so far covers, and whether each is read."""
        self.lowest_open: int | None = None
        """Lowest arrival number among them."""

    def add_outgoing(self, entry: Entry) -> None:
        if self.newest is None or entry.position > self.newest.position:
            self.newest = entry
        self._add_reply(entry)

    def add(self, entry: Entry) -> None:
        if entry.inbound and entry.deleted:
            return
        if not self.newest_is_read:
            self.newest_is_read = True
            if self.newest is None or entry.position > self.newest.position:
                self.newest = entry
        if entry.inbound:
            self._add_message(entry)
        else:
            self._add_reply(entry)

    def _add_reply(self, entry: Entry) -> None:
        if not entry.reply:
            return
        self.replies.add_reply(entry)
        if self.done_through is None or entry.position > self.done_through:
            self.last_reply_at = max(entry.position[0], self.last_reply_at or entry.position[0])

    def _add_message(self, entry: Entry) -> None:
        self.watch_done = self.watch_done and entry in self.done
        self.watch_snooze = self.watch_snooze and entry in self.snooze
        first = self.newest_inbound is None
        if first:
            self.newest_inbound = entry
        if entry in self.replies:
            return
        read = self.is_quiet(entry.position) or entry in self.seen
        if read and entry in self.done and not first:
            return
        self.open.append((entry, read))
        if entry.arrived is not None:
            self.lowest_open = (
                entry.arrived if self.lowest_open is None else min(self.lowest_open, entry.arrived)
            )

    def is_quiet(self, position: Position) -> bool:
        return self.quiet_before is not None and position[0] < self.quiet_before

    def floor(self, position: Position) -> int | None:
        """What keeps everything at or before the position from mattering; see `core.marks.floor`."""
        # The newest message and the newest reply need no floor of their own: where replies cover everything
        # below, a newer reply has been met, and where the done mark does, neither is asked for.
        floors = [floor(position, self.replies, self.done)]
        if not self.is_quiet(position):
            floors.append(floor(position, self.replies, self.seen))
        if self.newest_inbound is None:
            floors.append(floor(position, self.replies))
        if self.watch_done:
            floors.append(floor(position, self.done))
        if self.watch_snooze:
            floors.append(floor(position, self.snooze))
        if self.lowest_open is not None:
            floors.append(self.lowest_open)
        needed = [one for one in floors if one is not None]
        if len(needed) < len(floors):
            return None
        return min((one for one in needed if one != NO_FLOOR), default=NO_FLOOR)


def fold(
    entries: Iterable[Entry],
    *,
    seen: Mark | None = None,
    done: Mark | None = None,
    snooze: Snooze | None = None,
    window: Window = NO_WINDOW,
    outgoing: Iterable[Entry] = (),
    outbox_failed: int = 0,
    quiet_before: Milliseconds | None = None,
    troubled: Iterable[Entry] | None = None,
    oldest_after: Callable[[int], Position | None] | None = None,
) -> Facts:
    """The facts of a chat from its messages, newest first by position, and its marks.

    `outgoing`: items of the outbox that are no messages yet, in any order; all of them are read.
    `outbox_failed`: outbox items that failed or are uncertain and have no failed message among `entries`.
    `quiet_before`: messages older than this count as seen (first sync: chats quiet for 14 days start as
    seen, and stay so when the customer writes again).

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
    reading = _Reading(seen, done, snooze, quiet_before)
    for entry in outgoing:
        reading.add_outgoing(entry)
    asked: dict[int, Position | None] = {}
    met: list[Entry] = []
    for entry in entries:
        if troubled is None:
            met.append(entry)
        else:
            lowest = reading.floor(entry.position)
            if lowest == NO_FLOOR:
                break
            if lowest is not None and oldest_after is not None:
                if lowest not in asked:
                    asked[lowest] = oldest_after(lowest)
                oldest = asked[lowest]
                if oldest is None or entry.position < oldest:
                    break
        reading.add(entry)

    uncovered = [(entry, read) for entry, read in reading.open if entry not in reading.replies]
    unanswered = [entry for entry, _ in uncovered if entry not in reading.done]
    unread = [entry.position[0] for entry, read in uncovered if not read]
    troubles = [
        entry for entry in (met if troubled is None else troubled) if not entry.inbound and not entry.deleted
    ]
    failed = outbox_failed + sum(entry.status == Status.FAILED for entry in troubles)
    retrying = [e.position[0] for e in troubles if e.status == Status.FAILED_WAITING_FOR_RETRY]
    snoozed_until, woken = _snooze(
        snooze,
        done,
        window,
        reading.last_reply_at,
        woke=snooze is not None and not snooze.sticky and not reading.watch_snooze,
        waking=any(entry not in reading.snooze for entry in unanswered),
        failed=failed,
    )
    is_done = done is not None and reading.watch_done
    newest, newest_inbound = reading.newest, reading.newest_inbound
    return Facts(
        unanswered=len(unanswered),
        unread=len(unread),
        needs_reply_since=min((entry.position[0] for entry in unanswered), default=None),
        unread_since=min(unread, default=None),
        waiting=newest is not None and newest.reply and not unanswered and not is_done,
        done=is_done,
        failed=failed,
        retrying_since=min(retrying, default=None),
        answered=reading.last_reply_at is not None
        and (newest_inbound is None or newest_inbound in reading.replies),
        last_reply_at=reading.last_reply_at,
        snoozed_until=snoozed_until,
        woken=woken,
        window_known=window.known,
        window_closes_at=window.closes_at,
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


def approximate(
    chat: Chat,
    *,
    seen: Mark | None = None,
    done: Mark | None = None,
    snooze: Snooze | None = None,
    window: Window = NO_WINDOW,
    outbox_failed: int = 0,
    quiet_before: Milliseconds | None = None,
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
    return Facts(
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
    )
