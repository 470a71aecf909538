"""How far a sync has come, in one line of any width."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inbox_tui.core.cells import cells
from inbox_tui.core.progress import Progress, in_words

READING = Progress(
    phase="messages",
    profiles=4,
    chats=1_000,
    chats_total=1_000,
    chats_read=420,
    messages=12_340,
    requests=440,
    seconds=40.0,
    faults=0,
    pages_done=430,
    pages_left=580,
    messages_a_second=309.7,
    seconds_left=125.0,
)


def test_it_tells_counts_pace_and_time_left_with_a_bar() -> None:
    assert in_words(READING, 120) == (
        "messages: ███████░░░░░░░░░ 420 of 1,000 chats read · 12,340 messages · 310/s · about 2m left"
    )


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (80, "messages: 420 of 1,000 chats read · 12,340 messages · 310/s · about 2m left"),
        (70, "messages: 420 of 1,000 chats read · 12,340 messages · about 2m left"),
        (50, "messages: 420 of 1,000 chats read · about 2m left"),
        (38, "messages: 420 of 1,000 chats read"),
    ],
)
def test_what_matters_least_goes_first_where_there_is_little_room(width: int, words: str) -> None:
    assert in_words(READING, width) == words
    assert cells(words) <= width


def test_each_phase_counts_what_it_fetches() -> None:
    listing = replace(READING, phase="chats", chats=300, chats_total=None, seconds_left=None, pages_left=None)
    assert in_words(listing, 120).startswith("chats: 300 of ? chats listed")
    assert "pages of older messages to go" in in_words(replace(READING, phase="history"), 120)
    first = replace(READING, phase="profiles", messages=0, messages_a_second=None, seconds_left=None)
    assert in_words(replace(first, pages_left=None), 120) == "profiles: looking for them"


def test_a_sync_that_stands_still_promises_no_time() -> None:
    words = in_words(READING, 120, "nothing new for 2m")
    assert words.endswith("nothing new for 2m")
    assert "left" not in words


def test_an_estimate_of_less_than_a_second_is_none() -> None:
    assert "left" not in in_words(replace(READING, seconds_left=0.4), 120)


def test_the_bar_shows_the_share_of_what_was_missing() -> None:
    assert READING.share == pytest.approx(430 / 1010)
    assert replace(READING, pages_left=0).share == 1.0
    assert replace(READING, pages_left=None).share is None
    assert "█" * 16 in in_words(replace(READING, pages_left=0), 120)
