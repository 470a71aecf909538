"""A few words become the end of a snooze, in the zone of whoever types them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.errors import UsageError
from inbox_tui.core.snooze import EXAMPLES, LAST_CALL, PRESETS, Until, clamp, parse, presets
from inbox_tui.core.window import HOUR, MINUTE, URGENT

BERLIN, NEW_YORK, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
DAY = 24 * HOUR


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


WEDNESDAY = "2026-04-29 15:20"
zones = st.sampled_from([BERLIN, NEW_YORK, KOLKATA, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])
moments = st.integers(ms("2026-01-01"), ms("2028-12-31"))


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("2h", "2026-04-29 17:20"),
        ("30m", "2026-04-29 15:50"),
        ("1h30m", "2026-04-29 16:50"),
        ("2h30", "2026-04-29 17:50"),
        ("1h05", "2026-04-29 16:25"),
        ("2h 30m", "2026-04-29 17:50"),
        ("1.5h", "2026-04-29 16:50"),
        ("0,5 hours", "2026-04-29 15:50"),
        ("1.5d", "2026-05-01 03:20"),
        ("17", "2026-04-29 17:00"),
        ("9", "2026-04-30 09:00"),
        ("at 15", "2026-04-30 15:00"),
        ("0", "2026-04-30 00:00"),
        ("24.12.", "2026-12-24 09:00"),
        ("1.4.", "2027-04-01 09:00"),
        ("24.12. 17", "2026-12-24 17:00"),
        ("24.12. at 8:15", "2026-12-24 08:15"),
        ("24.12.2027", "2027-12-24 09:00"),
        ("on 5. 6. 10:00", "2026-06-05 10:00"),
        ("29.2.", "2028-02-29 09:00"),
        ("in 1 hour 5 minutes", "2026-04-29 16:25"),
        ("3d", "2026-05-02 15:20"),
        ("2 weeks", "2026-05-13 15:20"),
        ("tomorrow", "2026-04-30 09:00"),
        ("Tomorrow 9", "2026-04-30 09:00"),
        ("tomorrow at 14:30", "2026-04-30 14:30"),
        ("tomorrow 2pm", "2026-04-30 14:00"),
        ("tomorrow evening", "2026-04-30 18:00"),
        ("tonight", "2026-04-29 18:00"),
        ("mon", "2026-05-04 09:00"),
        ("wed", "2026-05-06 09:00"),
        ("wed 16:00", "2026-04-29 16:00"),
        ("wed 15:00", "2026-05-06 15:00"),
        ("fri 14:30", "2026-05-01 14:30"),
        ("until friday", "2026-05-01 09:00"),
        ("weekend", "2026-05-02 09:00"),
        ("next week", "2026-05-04 09:00"),
        ("next week 11", "2026-05-04 11:00"),
        ("next fri", "2026-05-08 09:00"),
        ("next month", "2026-05-01 09:00"),
        ("16:00", "2026-04-29 16:00"),
        ("at 8:05", "2026-04-30 08:05"),
        ("12am", "2026-04-30 00:00"),
        ("2026-05-01", "2026-05-01 09:00"),
        ("2026-05-01 17:45", "2026-05-01 17:45"),
        ("3 jun", "2026-06-03 09:00"),
        ("june 3 10:15", "2026-06-03 10:15"),
        ("1 jan", "2027-01-01 09:00"),
        ("29 feb", "2028-02-29 09:00"),
        ("feb 2, 2028 8", "2028-02-02 08:00"),
    ],
)
def test_words_mean_what_they_say_on_a_wednesday_afternoon(words: str, end: str) -> None:
    assert parse(words, ms(WEDNESDAY), BERLIN) == Until(ms(end))


def test_until_reply_is_ended_by_the_customer_and_a_sticky_snooze_is_not() -> None:
    assert parse("until reply", 0, BERLIN) == Until(None)
    assert parse("tomorrow 9 sticky", ms(WEDNESDAY), BERLIN) == Until(ms("2026-04-30 09:00"), sticky=True)
    with pytest.raises(UsageError, match="cannot be sticky"):
        parse("until reply sticky", 0, BERLIN)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "24",
        "2h75",
        "2h3",
        "1.5",
        "24.12",
        "24.12.9",
        "1.5m later",
        "31.2.",
        "24.13.",
        "soon",
        "tomorrow noonish",
        "25:00",
        "13pm",
        "31 feb",
        "2h later",
        "next",
        "mo",
        "99999999d",
        "0m",
    ],
)
def test_what_is_no_time_is_refused_with_examples(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words, ms(WEDNESDAY), BERLIN)
    assert caught.value.hint == EXAMPLES


@pytest.mark.parametrize("words", ["2026-04-28", "today 15:00", "29 apr 2025"])
def test_what_has_passed_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="has passed"):
        parse(words, ms(WEDNESDAY), BERLIN)


@given(st.text(max_size=20) | st.from_regex(r"[0-9a-z:. -]{0,16}"), moments, zones)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_ends_ahead_or_is_refused(words: str, now: int, zone: ZoneInfo) -> None:
    try:
        until = parse(words, now, zone)
    except UsageError:
        return
    assert until.at is None or until.at > now


@given(moments, zones)
@settings(max_examples=80, deadline=None)
def test_every_preset_and_example_is_understood_at_any_moment_in_any_zone(now: int, zone: ZoneInfo) -> None:
    for words in (*PRESETS, "2h", "30m", "tomorrow", "mon", "fri 14:30", "3d"):
        until = parse(words, now, zone)
        assert until.at is None or now < until.at <= now + 9 * DAY


@given(moments, zones, st.integers(0, 23), st.integers(0, 59))
@settings(max_examples=80, deadline=None)
def test_a_time_of_tomorrow_is_what_the_clock_shows_then(
    now: int, zone: ZoneInfo, hour: int, minute: int
) -> None:
    at = parse(f"tomorrow {hour}:{minute:02}", now, zone).at
    assert at is not None
    here = datetime.fromtimestamp(at / 1000, zone)
    wanted = datetime.fromtimestamp(now / 1000, zone).replace(
        hour=hour, minute=minute, second=0, microsecond=0
    )
    wanted = (wanted.replace(tzinfo=None) + timedelta(1)).replace(tzinfo=zone)
    skipped = wanted.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wanted.replace(tzinfo=None)
    assert skipped or here.replace(tzinfo=None) == wanted.replace(tzinfo=None)


@given(moments, zones, st.integers(0, 23))
@settings(max_examples=60, deadline=None)
def test_a_bare_hour_is_its_next_time_by_the_clock(now: int, zone: ZoneInfo, hour: int) -> None:
    bare = parse(str(hour), now, zone)
    assert bare == parse(f"{hour}:00", now, zone)
    assert bare.at is not None
    assert now < bare.at <= now + 26 * HOUR


@given(moments, zones, st.integers(1, 72))
@settings(max_examples=40, deadline=None)
def test_hours_pass_whatever_the_clocks_do(now: int, zone: ZoneInfo, hours: int) -> None:
    assert parse(f"{hours}h", now, zone).at == now + hours * HOUR


def test_days_keep_the_time_of_day_over_a_change_of_the_clocks() -> None:
    saturday = ms("2026-03-28 12:00")
    assert parse("1d", saturday, BERLIN).at == saturday + 23 * HOUR
    assert parse("tomorrow 9", saturday, BERLIN).at == saturday + 20 * HOUR


def test_a_time_that_the_clocks_skip_comes_an_hour_later_and_one_shown_twice_is_the_next_of_the_two() -> None:
    assert parse("tomorrow 2:30", ms("2026-03-28 12:00"), BERLIN).at == ms("2026-03-29 03:30")
    first = ms("2026-10-25 02:30")
    assert parse("2:30", ms("2026-10-25 01:00"), BERLIN).at == first
    assert parse("2:30", first + 5 * MINUTE, BERLIN).at == first + HOUR


def test_a_snooze_ends_an_hour_before_the_window_closes_and_says_so() -> None:
    now = ms(WEDNESDAY)
    closes = now + 5 * HOUR
    for asked in (Until(now + DAY), Until(None), Until(now + DAY, sticky=True)):
        clamped = clamp(asked, closes, now)
        assert (clamped.at, clamped.sticky) == (closes - URGENT, asked.sticky)
        assert clamped.notice == "The reply window closes first: it wakes 1h00 before that"
    assert clamp(Until(now + HOUR), closes, now) == Until(now + HOUR)


def test_in_the_last_hour_it_wakes_ten_minutes_before_and_a_closed_window_changes_nothing() -> None:
    now = ms(WEDNESDAY)
    assert clamp(Until(None), now + 40 * MINUTE, now).at == now + 40 * MINUTE - LAST_CALL
    for closes in (None, now - 1, now + LAST_CALL):
        assert clamp(Until(now + DAY), closes, now) == Until(now + DAY)


@given(moments, st.none() | st.integers(1, 3 * DAY), st.integers(-DAY, DAY))
@settings(max_examples=60, deadline=None)
def test_clamping_only_ever_shortens_and_never_ends_a_snooze_at_once(
    now: int, asked: int | None, left: int
) -> None:
    until = Until(None if asked is None else now + asked)
    clamped = clamp(until, now + left, now)
    assert clamped.at is None or now < clamped.at
    assert until.at is None or (clamped.at is not None and clamped.at <= until.at)
    assert bool(clamped.notice) == (clamped != until)


@pytest.mark.parametrize("day", range(7))
def test_no_two_presets_come_to_the_same_time(day: int) -> None:
    now = round(datetime(2026, 6, 1 + day, 14, 2, tzinfo=UTC).timestamp() * 1000)
    offered = presets(now, UTC)
    assert len({parse(words, now, UTC).at for words in offered}) == len(offered)
    # The seventh is a Sunday.
    assert set(PRESETS) - set(offered) == ({"next week"} if day == 6 else set())
    assert list(offered) == [words for words in PRESETS if words in offered]
