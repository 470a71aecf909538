"""A paste is one text, whatever is in it and however it comes; everything else is keys as ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from textual import _parser, events
from textual._xterm_parser import XTermParser
from textual.message import Message

from inbox_tui.core.text import clean
from inbox_tui.ui import pastes
from inbox_tui.ui.pastes import END, START, PasteParser


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of both parsers."""
    still = Clock()
    monkeypatch.setattr(pastes, "get_time", still)
    monkeypatch.setattr(_parser, "get_time", still)
    return still


def said(found: Iterable[Message]) -> list[str]:
    """Pastes as their text, keys as their names in angle brackets, the rest as the name of its class."""
    words = []
    for event in found:
        match event:
            case events.Paste(text=text):
                words.append(text)
            case events.Key(key=key):
                words.append(f"<{key}>")
            case _:
                words.append(type(event).__name__)
    return words


def fed(parser: XTermParser, *reads: str) -> list[str]:
    """What a parser says to some reads that come one upon the other."""
    return [word for read in reads for word in said(parser.feed(read))]


def quiet(parser: PasteParser, clock: Clock, seconds: float = pastes.BURST_SECONDS) -> list[str]:
    """What a parser says when nothing comes for a while."""
    clock.now += seconds
    return said(parser.tick())


def split(text: str, places: Sequence[int]) -> list[str]:
    """A text in pieces."""
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(["\x1b", "\x1b[", "\x1b[2", "\x1b[A", "\x1b[27u", "\x1b]52;c;aGk=\x07", "\x1bOP"]),
        st.sampled_from(["\r", "\n", "\x00", "\x11", "\x9b200~", START, "\x1b[201", "[201~", "\x1b[<0;3;4M"]),
    ),
    max_size=12,
).map("".join)
PLACES = st.lists(st.integers(0, 500), max_size=30)


@settings(max_examples=150, deadline=None)
@given(HOSTILE, PLACES)
def test_a_paste_is_one_text_whatever_is_in_it_and_however_it_is_split(text: str, places: list[int]) -> None:
    assume(END not in text)
    reads = split(f"{START}{text}{END}", places)
    assert fed(PasteParser(), *reads) == [clean(text)]


@settings(max_examples=150, deadline=None)
@given(HOSTILE, PLACES)
def test_without_a_paste_keys_are_what_textual_makes_of_them(text: str, places: list[int]) -> None:
    reads = split(text.replace(START, ""), places)
    assert fed(PasteParser(), *reads) == fed(XTermParser(), *reads)


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE, PLACES)
def test_a_text_that_closes_its_own_paste_presses_no_key(text: str, more: str, places: list[int]) -> None:
    parser = PasteParser()
    reads = split(f"{START}{text}{END}{more}\r:q{END}", places)
    found = [event for read in reads for event in parser.feed(read)]
    assert {type(event) for event in found} <= {events.Paste, events.AppFocus, events.AppBlur}


def test_keys_before_a_paste_and_well_behind_it_are_keys(clock: Clock) -> None:
    parser = PasteParser()
    assert fed(parser, f"ab\x1b[A{START}one\rtwo{END}") == ["<a>", "<b>", "<up>", "one\ntwo"]
    assert quiet(parser, clock) == []
    assert fed(parser, "\rx") == ["<enter>", "<x>"]


def test_letters_in_one_burst_with_a_paste_are_text_and_other_keys_are_dropped() -> None:
    parser = PasteParser()
    assert fed(parser, f"{START}one{END}two\rthree\x1b[A\x11\x1b[<0;3;4M") == ["one", "two\nthree"]


def test_what_the_terminal_reports_behind_a_paste_still_arrives() -> None:
    assert fed(PasteParser(), f"{START}one{END}\x1b[I") == ["one", "AppFocus"]


def test_escape_alone_behind_a_paste_is_escape(clock: Clock) -> None:
    parser = PasteParser()
    fed(parser, f"{START}one{END}")
    assert quiet(parser, clock) == []
    assert fed(parser, "\x1b") == []
    assert quiet(parser, clock, 0.1) == ["<escape>"]


def test_a_mark_that_comes_in_two_halves_on_a_slow_line_is_a_mark(clock: Clock) -> None:
    parser = PasteParser()
    assert fed(parser, "\x1b[20") == []
    assert quiet(parser, clock, 0.2) == []
    assert fed(parser, f"0~one\r{END}") == ["one\n"]


def test_half_a_mark_that_stays_alone_does_not_keep_keys_back(clock: Clock) -> None:
    parser = PasteParser()
    fed(parser, "\x1b[")
    assert quiet(parser, clock, pastes.SHOWN_SECONDS) == ["<left_square_bracket>"]
    assert fed(parser, "j") == ["<j>"]


def test_a_paste_that_does_not_end_is_text_until_it_has_been_quiet_for_long(clock: Clock) -> None:
    parser = PasteParser()
    assert fed(parser, f"{START}one\r") == []
    assert quiet(parser, clock, 0.1) == []
    assert quiet(parser, clock, pastes.SHOWN_SECONDS) == ["one\n"]
    # The line has stalled: what comes after all still belongs to it.
    assert fed(parser, "two\r") == []
    assert quiet(parser, clock, pastes.SHOWN_SECONDS) == ["two\n"]
    assert quiet(parser, clock, pastes.OVER_SECONDS) == [""]
    assert quiet(parser, clock) == []
    assert fed(parser, "\r") == ["<enter>"]


def test_half_an_end_that_never_comes_is_kept_as_text(clock: Clock) -> None:
    parser = PasteParser()
    fed(parser, f"{START}one\x1b[20")
    assert "".join(quiet(parser, clock, pastes.SHOWN_SECONDS) + quiet(parser, clock, 5)) == "one␛[20"


def test_ten_million_characters_cost_the_parser_of_keys_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given_to_keys = []
    feed = XTermParser.feed

    def counted(parser: XTermParser, data: str) -> Iterable[Message]:
        given_to_keys.append(len(data))
        return feed(parser, data)

    monkeypatch.setattr(XTermParser, "feed", counted)
    size = pastes.READ_BYTES
    whole = START + "0123456789" * 1_000_000 + END
    found = fed(PasteParser(), *(whole[at : at + size] for at in range(0, len(whole), size)))
    assert [len(text) for text in found] == [10_000_000]
    assert sum(given_to_keys) == len(START + END)


def test_a_paste_in_single_characters_is_looked_at_once_each() -> None:
    parser = PasteParser()
    assert fed(parser, *f"{START}{'x' * 20_000}{END}") == ["x" * 20_000]
