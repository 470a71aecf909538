"""Marks and what they cover: the arithmetic under `core.triage`.

A mark covers what was in the cache when it was made, so that a message which crosses it or comes late is
never hidden by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from inbox_tui.core.models import Milliseconds, Status
from inbox_tui.core.window import SECOND

Position: TypeAlias = tuple[Milliseconds, str]
"""Order of messages inside a chat: (posted, or created while it is not posted; id)."""

AUTOMATIC_WITHIN: Milliseconds = 10 * SECOND
"""An answer that follows an inbound message this closely, and was not sent from here, is a machine's."""
REPLY_STATUSES = frozenset({Status.PENDING, Status.FAILED_WAITING_FOR_RETRY, Status.PUBLISHED})
"""Statuses in which an outbound message answers. A failed send is not a reply."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a seen or done mark, a snooze, or a reply sent from here covers: what was in the cache then."""

    arrived: int | None
    """Newest arrival number in the cache when it was made; None: made against another cache."""
    through: Position
    """Newest inbound position then known; `(0, "")` when there was none."""
    at: Milliseconds
    """When it was made."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What triage needs of one message."""

    position: Position
    arrived: int | None
    """Number given when the message first entered the cache; None: it came on a page of older history."""
    inbound: bool
    deleted: bool
    status: str
    automatic: bool = False
    reply_mark: Mark | None = None
    """Set when this outbound message was sent from here: what it answered."""
    tap: bool = False
    """A button tap; it counts as an inbound message like any other."""

    @property
    def counts(self) -> bool:
        """Whether it is something that a customer said and did not take back."""
        return self.inbound and not self.deleted

    @property
    def reply(self) -> bool:
        """Whether it answers: outbound, on its way or delivered, and not a machine's."""
        return not self.inbound and not self.automatic and self.status in REPLY_STATUSES


@dataclass(frozen=True, slots=True)
class Snooze:
    """A chat put away until a time, or until the customer writes (`until` None)."""

    mark: Mark
    until: Milliseconds | None = None
    sticky: bool = False
    """A new inbound message does not wake it."""


def covers(mark: Mark, entry: Entry) -> bool:
    """Whether the message was in the cache when the mark was made.

    By arrival number; by position where either side has none.
    """
    if mark.arrived is None or entry.arrived is None:
        return entry.position <= mark.through
    return entry.arrived <= mark.arrived


def automatic(
    entry: Entry,
    previous_inbound_at: Milliseconds | None,
    body: str = "",
    patterns: Sequence[re.Pattern[str]] = (),
) -> bool:
    """Whether an outbound message was written by a machine, so that it answers nothing.

    Not sent from here, and posted at most 10 seconds after an inbound message or matching a configured
    pattern.
    """
    if entry.inbound or entry.reply_mark is not None:
        return False
    if previous_inbound_at is not None and 0 <= entry.position[0] - previous_inbound_at <= AUTOMATIC_WITHIN:
        return True
    return any(pattern.search(body) for pattern in patterns)


class Coverage:
    """The union of what several marks or replies cover. It only grows."""

    __slots__ = ("arrived", "before", "known", "through")

    def __init__(self, mark: Mark | None = None) -> None:
        self.before: Position = (-1, "")
        """Everything at or before it is covered, whenever it arrived."""
        self.arrived = -1
        """Every message with an arrival number at or below it is covered."""
        self.through: Position = (-1, "")
        """Every message without an arrival number at or before it is covered."""
        if mark is not None:
            self.add(mark, mark.through)

    def add(self, mark: Mark, through: Position) -> None:
        if mark.arrived is None:
            self.before = max(self.before, through)
        else:
            self.arrived = max(self.arrived, mark.arrived)
            self.through = max(self.through, through)

    def add_reply(self, reply: Entry) -> None:
        """A reply covers what was known when it was sent from here, or what stands before it.

        By position it never reaches beyond its own place, so that an older reply cannot cover a newer
        message without an arrival number to show for it.
        """
        if reply.reply_mark is None:
            self.before = max(self.before, reply.position)
        else:
            self.add(reply.reply_mark, min(reply.reply_mark.through, reply.position))

    def __contains__(self, entry: Entry) -> bool:
        if entry.position <= self.before:
            return True
        if entry.arrived is None:
            return entry.position <= self.through
        return entry.arrived <= self.arrived


NO_FLOOR = -(2**63)


def floor(position: Position, *coverages: Coverage) -> int | None:
    """What has to be true for the coverages to hold everything at or before a position.

    `NO_FLOOR`: nothing, they do. A number: no message there may have arrived after it. None: they do not.
    """
    if any(position <= coverage.before for coverage in coverages):
        return NO_FLOOR
    if any(position <= coverage.through for coverage in coverages):
        return max(coverage.arrived for coverage in coverages)
    return None
