"""The reply window of Facebook and Instagram in words, for the thread's title and the composer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from inbox_tui.core.models import Milliseconds
from inbox_tui.core.times import clock, duration
from inbox_tui.core.window import WindowState, window_state


@dataclass(frozen=True, slots=True)
class WindowClock:
    """What is left of a window: in full, short for where there is little room, in a sentence; and its colour.

    `short` and `sentence` are empty while there is no hurry.
    """

    full: str = ""
    short: str = ""
    sentence: str = ""
    style: str = ""


NO_CLOCK = WindowClock()
"""No window, or a closed one: why nothing can be sent is said by the refusal."""


def window_clock(closes_at: Milliseconds | None, now: Milliseconds, zone: tzinfo) -> WindowClock:
    """The clock of a window that closes at a time, both by the server's clock; None: there is no window."""
    if closes_at is None:
        return NO_CLOCK
    left = duration(closes_at - now)
    match window_state(closes_at, now):
        case WindowState.OPEN:
            return WindowClock(f"{left} left")
        case WindowState.CLOSING:
            return WindowClock(f"⏳ closing in {left}", f"⏳{left}", style="$text-warning")
        case WindowState.URGENT:
            sentence = f"Urgent: the reply window closes at {clock(closes_at, zone)}, in {left}"
            return WindowClock(f"⏳ urgent: {left}", f"⏳{left}", sentence, "bold $text-error")
        case _:
            return NO_CLOCK
