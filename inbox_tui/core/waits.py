"""How long a customer has waited for replies, from the messages of a chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inbox_tui.core.marks import Entry
from inbox_tui.core.models import Milliseconds


@dataclass(frozen=True, slots=True)
class Waits:
    """What a customer has waited for replies. All of them in milliseconds; None where there was none."""

    count: int = 0
    median: Milliseconds | None = None
    longest: Milliseconds | None = None


def past_waits(entries: Iterable[Entry], *, from_start: bool) -> Waits:
    """The waits that a reply has ended, from the messages of a chat, oldest first.

    A wait begins with the first message behind a reply and ends with the next one: writing again makes it no
    shorter. What was deleted begins none, what a machine answers ends none. `from_start`: the
    entries begin with the chat; else the first wait may have begun before them, and is left out.
    """
    waits: list[Milliseconds] = []
    asked_at: Milliseconds | None = None
    known = from_start
    for entry in entries:
        if entry.counts:
            if asked_at is None:
                asked_at = entry.position[0]
        elif entry.reply:
            if asked_at is not None and known:
                waits.append(max(0, entry.position[0] - asked_at))
            asked_at, known = None, True
    return summed_up(waits)


def summed_up(waits: Sequence[Milliseconds]) -> Waits:
    """Count, middle and longest of waits."""
    if not waits:
        return Waits()
    ordered, middle = sorted(waits), len(waits) // 2
    low = ordered[middle if len(waits) % 2 else middle - 1]
    return Waits(len(waits), (low + ordered[middle]) // 2, ordered[-1])
