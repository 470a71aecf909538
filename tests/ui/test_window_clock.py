"""The reply window in words: none where there is no hurry and none where it is over."""

from __future__ import annotations

from datetime import UTC

import pytest

from inbox_tui.core.window import HOUR, MINUTE
from inbox_tui.ui.window_clock import NO_CLOCK, WindowClock, window_clock

CLOSES = 17 * HOUR


@pytest.mark.parametrize(
    ("left", "clock"),
    [
        (23 * HOUR, WindowClock("23h00 left")),
        (4 * HOUR + 1, WindowClock("4h00 left")),
        (4 * HOUR, WindowClock("⏳ closing in 4h00", "⏳4h00", style="$text-warning")),
        (HOUR + 1, WindowClock("⏳ closing in 1h00", "⏳1h00", style="$text-warning")),
        (
            41 * MINUTE,
            WindowClock(
                "⏳ urgent: 41m",
                "⏳41m",
                "Urgent: the reply window closes at 17:00, in 41m",
                "bold $text-error",
            ),
        ),
        (
            9_000,
            WindowClock(
                "⏳ urgent: 9s", "⏳9s", "Urgent: the reply window closes at 17:00, in 9s", "bold $text-error"
            ),
        ),
        (0, NO_CLOCK),
        (-HOUR, NO_CLOCK),
    ],
)
def test_a_window_is_told_in_words_and_colour_by_what_is_left_of_it(left: int, clock: WindowClock) -> None:
    assert window_clock(CLOSES, CLOSES - left, UTC) == clock


def test_a_platform_without_a_window_has_no_clock() -> None:
    assert window_clock(None, 0, UTC) == NO_CLOCK
