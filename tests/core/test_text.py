"""Text measured, cut, compared and worded for the cells of a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from wcwidth import iter_graphemes

from inbox_tui.core import cells as cells_module
from inbox_tui.core.cells import cells, graphemes, pad, preview, shorten, spare_cells, truncate, wrap
from inbox_tui.core.links import safe_url, url_host
from inbox_tui.core.text import Units, clean, count_units, search_key
from inbox_tui.core.times import age, clock, day_label, duration

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
ALPHABET = "ab c.\t\n好（）。ｱﾞ❤\ufe0f👩\u200d🏽\U0001f1e9\U0001f1ea\u0301\u200e\u00a0\u3000क्षि한ᄀ\U0001f3f4"
TEXTS = st.text(alphabet=st.one_of(st.sampled_from(ALPHABET), st.characters()), max_size=60).map(clean)
WIDTHS = st.integers(2, 24)


def visible(text: str) -> str:
    """The text without its white space."""
    return "".join(text.split())


# ---------------------------------------------------------------- wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("hello", 10, ["hello"]),
        ("hello big world", 9, ["hello big", "world"]),
        ("hello big world", 10, ["hello big", "world"]),
        ("hello  big", 6, ["hello", "big"]),
        ("a\n\nb\n", 10, ["a", "", "b", ""]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("see unbreakable", 6, ["see", "unbrea", "kable"]),
        ("  indented", 10, ["  indented"]),
        ("    indented", 8, ["indented"]),
        ("trail   ", 5, ["trail"]),
        ("      ", 4, [""]),
        ("a\tb", 10, ["a   b"]),
        ("价格是多少", 4, ["价格", "是多", "少"]),
        ("价格是。", 6, ["价格", "是。"]),
        ("送（中国）吗", 8, ["送（中", "国）吗"]),
        ("送（中国）吗", 4, ["送", "（中", "国）", "吗"]),
        ("fünf Sätze", 5, ["fünf", "Sätze"]),
        ("ok " + FAMILY + FAMILY, 4, ["ok", FAMILY + FAMILY]),
        ("ab\u00a0cd ef", 5, ["ab\u00a0cd", "ef"]),
    ],
)
def test_wrap_breaks_at_white_space_and_cuts_only_what_is_too_long(
    text: str, width: int, lines: list[str]
) -> None:
    assert wrap(text, width) == lines


@settings(max_examples=400)
@given(TEXTS, WIDTHS)
def test_no_line_is_wider_than_asked_and_nothing_visible_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert visible("".join(lines)) == visible(text)
    assert len(lines) >= text.count("\n") + 1
    assert not any("\n" in line or "\t" in line for line in lines)


@given(TEXTS, st.integers(12, 40))
def test_graphemes_stay_whole_when_each_fits_a_line(text: str, width: int) -> None:
    paragraphs = [cells_module.expand_tabs(paragraph) for paragraph in text.split("\n")]
    whole = [g for paragraph in paragraphs for g in iter_graphemes(paragraph) if not g.isspace()]
    assume(all(cell_len(grapheme) <= width for grapheme in whole))
    cut = "".join("\n" + line for line in wrap(text, width))
    assert [g for g in iter_graphemes(cut) if not g.isspace()] == whole


def test_what_counts_as_plain_is_one_grapheme_of_one_cell() -> None:
    plain = [
        character for character in map(chr, range(0x10000)) if cells_module._plain().fullmatch(character)
    ]
    assert len(plain) > 900
    assert all(cell_len(character) == 1 for character in plain)
    for between in ("", "a"):
        joined = between.join(plain)
        assert len(list(iter_graphemes(joined))) == len(joined)


@given(st.text(alphabet="ab  .,ü–\xa0", max_size=60), WIDTHS)
def test_the_fast_path_breaks_as_the_slow_one_does(text: str, width: int) -> None:
    slow: list[str] = []
    cells_module._wrap_wide(text, width, slow)
    assert wrap(text, width) == slow


def test_a_grapheme_wider_than_the_line_is_cut() -> None:
    conjunct = "क\u094d" * 6 + "क"
    assert all(cell_len(line) <= 3 for line in wrap(conjunct, 3))
    assert "".join(wrap(conjunct, 3)) == conjunct


# ---------------------------------------------------------------- truncate, pad, shorten, preview


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("hello", 5, "hello"),
        ("hello", 4, "hel…"),
        ("hello", 1, "…"),
        ("hello", 0, ""),
        ("价格是", 6, "价格是"),
        ("价格是", 5, "价格…"),
        ("价格是", 4, "价…"),
        (FAMILY + "ab", 3, FAMILY + "…"),
        ("ü" * 5, 4, "üüü…"),
        ("a\tb", 5, "a   b"),
    ],
)
def test_truncate_cuts_between_graphemes(text: str, width: int, expected: str) -> None:
    assert truncate(text, width) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("⏳22s", 5, "⏳22s"), ("▸ 价格是", 8, "▸ 价格是"), ("Thank you so much ❤️ " + FAMILY, 9, "Thank yo…")],
)
def test_what_fits_or_is_cut_in_plain_letters_is_not_divided_into_graphemes(
    monkeypatch: pytest.MonkeyPatch, text: str, width: int, expected: str
) -> None:
    """That loads tables which no start has time for."""
    monkeypatch.setattr(cells_module, "graphemes", None)
    assert truncate(text, width) == expected


@given(TEXTS.map(lambda text: text.replace("\n", "")), st.integers(0, 24))
def test_truncated_text_fits_and_padded_text_fills(text: str, width: int) -> None:
    cut = truncate(text, width)
    assert cell_len(cut) <= width
    if cells(text) <= width and width:
        assert cut == cells_module.expand_tabs(text)
    assert cell_len(pad(text, width)) == width


@given(TEXTS, st.integers(0, 40))
def test_shorten_caps_the_length_and_keeps_the_beginning(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    if len(text) <= limit:
        assert short is text
    elif limit:
        assert short.endswith("…")
        assert text.startswith(short[:-1])


def test_shorten_does_not_split_a_family() -> None:
    assert shorten("hello " + FAMILY, 10) == "hello …"
    assert len(shorten("\u200d" * 5000, 100)) == 100


def test_a_preview_is_one_line() -> None:
    assert preview("  Hello,\n\n\tworld  \u2003!") == "Hello, world !"
    assert len(preview("long " * 500)) == 200


@given(TEXTS)
def test_graphemes_joined_are_the_text(text: str) -> None:
    assert "".join(graphemes(text)) == text


def test_tabs_reach_the_next_stop_by_cells() -> None:
    assert cells("\t") == 4
    assert cells("价\tb") == 5
    assert cells("abcd\t") == 8


# ---------------------------------------------------------------- times

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5 * HOUR, "now"),
        (0, "now"),
        (4_999, "now"),
        (9_999, "9s"),
        (59_999, "59s"),
        (2 * MINUTE, "2m"),
        (HOUR - 1, "59m"),
        (HOUR, "1h"),
        (DAY - 1, "23h"),
        (3 * DAY, "3d"),
        (7 * DAY, "1w"),
        (36 * DAY, "5w"),
        (364 * DAY, "52w"),
        (365 * DAY, "1y"),
        (800 * DAY, "2y"),
    ],
)
def test_an_age_takes_few_characters(milliseconds: int, text: str) -> None:
    assert age(milliseconds) == text


@given(st.integers())
def test_no_age_is_longer_than_four_characters(milliseconds: int) -> None:
    assert 0 < len(age(milliseconds)) <= 4


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-1, "0s"),
        (45_999, "45s"),
        (12 * MINUTE, "12m"),
        (3 * HOUR + 41 * MINUTE, "3h41"),
        (3 * HOUR, "3h00"),
        (DAY, "1d00"),
        (2 * DAY + 3 * HOUR, "2d03"),
    ],
)
def test_a_countdown_rounds_down(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


EAST = timezone(timedelta(hours=10))


def test_the_clock_is_that_of_the_zone() -> None:
    assert clock(at(2026, 5, 31, 14, 2), UTC) == "14:02"
    assert clock(at(2026, 5, 31, 14, 2), EAST) == "00:02"


@pytest.mark.parametrize(
    ("day", "zone", "label"),
    [
        (at(2026, 6, 3, 1), UTC, "today"),
        (at(2026, 6, 2, 23), UTC, "yesterday"),
        (at(2026, 6, 2, 23), EAST, "today"),
        (at(2026, 6, 4, 1), UTC, "tomorrow"),
        (at(2026, 6, 1, 1), UTC, "Mon 1 Jun"),
        (at(2025, 6, 3, 1), UTC, "3 Jun 2025"),
    ],
)
def test_a_day_is_named_as_people_name_it(day: int, zone: timezone, label: str) -> None:
    assert day_label(day, at(2026, 6, 3, 12), zone) == label


@given(st.integers(), st.sampled_from([UTC, EAST, timezone(timedelta(hours=-11))]))
def test_no_time_is_too_far_to_be_shown(milliseconds: int, zone: timezone) -> None:
    assert len(clock(milliseconds, zone)) == 5
    assert day_label(milliseconds, 0, zone)


# ---------------------------------------------------------------- comparing and counting


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Jane", "jANE"),
        ("Müller", "mu\u0308ller"),
        ("Ａｃｍｅ", "acme"),
        ("Straße", "STRASSE"),
        ("Zoë", "zoe"),
    ],
)
def test_names_are_the_same_without_case_accents_and_width(left: str, right: str) -> None:
    assert search_key(left) == search_key(right)


@given(st.text())
def test_a_search_key_is_its_own_key(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


def test_every_unit_is_counted_from_one_text() -> None:
    assert count_units(FAMILY) == Units(code_points=7, utf16=11, utf8=25, graphemes=1)
    assert count_units("a\r\nb\rc") == Units(5, 5, 5, 5)
    assert count_units("ü") == Units(1, 1, 2, 1)
    assert count_units("") == Units(0, 0, 0, 0)


# ---------------------------------------------------------------- links


@pytest.mark.parametrize(
    ("url", "safe", "host"),
    [
        ("https://acme.example/a?b=c#d", "https://acme.example/a?b=c#d", "acme.example"),
        ("HTTP://Acme.Example:8080/x", "http://acme.example:8080/x", "acme.example:8080"),
        ("https://acme.example/ü%20", "https://acme.example/%C3%BC%20", "acme.example"),
        ("https://аcme.example/", "https://xn--cme-5cd.example/", "xn--cme-5cd.example"),
        ("https://good.example@evil.example/", "https://good.example@evil.example/", "evil.example"),
        ("https://[::1]:80/", "https://[::1]:80/", "[::1]:80"),
        ("mailto:jane@acme.example", "mailto:jane@acme.example", "jane@acme.example"),
        ("tel:+491234", "tel:+491234", "+491234"),
    ],
)
def test_a_link_that_may_be_opened_comes_back_in_ascii_with_its_host(url: str, safe: str, host: str) -> None:
    assert safe_url(url) == safe
    assert url_host(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "https://",
        "https:///path",
        "mailto:",
        "https://a.example/\x1b]52;c;x\x07",
        "https://a.example/\x9d",
        "https://a.example/ b",
        "https://a.example\n",
        "\thttps://a.example",
        "https://a.example/\u202ex",
        "https://evil.example\\@good.example/",
        "https://a.example:99999/",
        "https://[bad/",
        "https://" + "ü" * 80 + ".example/",
        "https://a.example/\ud800",
    ],
)
def test_every_other_link_is_refused(url: str) -> None:
    assert safe_url(url) is None
    assert url_host(url) is None


@given(st.text(), st.sampled_from(["http://", "https://h", "mailto:", "tel:", ""]))
def test_no_text_makes_a_link_that_could_leave_its_place(text: str, start: str) -> None:
    url = safe_url(start + text)
    if url is not None:
        assert url.isascii()
        assert url.isprintable()
        assert " " not in url
        assert safe_url(url) == url


@given(
    st.lists(
        st.sampled_from(["a", " ", "配", "शर्मा", "\u0915\u094d\u200d\u0937", "\u0bae\u0bbf"]), max_size=20
    ),
    st.integers(5, 20),
)
def test_a_wrapped_or_cut_line_has_room_for_vowel_signs_with_cells_of_their_own(
    parts: list[str], width: int
) -> None:
    text = "".join(parts)
    for line in [*wrap(text, width), truncate(text, width)]:
        assert cell_len(line) + spare_cells(line) <= width
