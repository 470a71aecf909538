"""Until when a chat is put away, from a few words (interface, section 3), and what the reply window leaves.

Hours and minutes are time that passes. Days, weeks and names of days go by the calendar of a zone, so that
`tomorrow 9` is nine o'clock on either side of a change of the clocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from inbox_tui.core.errors import UsageError
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.times import duration
from inbox_tui.core.window import HOUR, MINUTE, URGENT

PRESETS = ("1h", "3h", "tomorrow 9", "3d", "next week", "until reply")
"""What is offered before anything is typed; see `presets`."""
EXAMPLES = "Try 2h, 30m, tomorrow, tomorrow 9, mon, fri 14:30, next week, 3d, 2026-05-01 or until reply"
LAST_CALL: Milliseconds = 10 * MINUTE
"""How long before the window closes a chat wakes that was put away within the window's last hour."""
MORNING = time(9)
_PARTS_OF_DAY = {"morning": MORNING, "noon": time(12), "afternoon": time(14), "evening": time(18)}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_LAST_YEAR = 9000
"""Nobody waits that long, and no zone leads out of the years that can be written."""
_SPAN = re.compile(
    r"(\d{1,5}(?:[.,]\d{1,3})?)\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])\s*"
)
_MINUTES = re.compile(r"[0-5]\d")
"""What stands behind hours without a unit: `2h30`."""
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?")
_DAY_MONTH = re.compile(r"(\d{1,2})\.?\s+([a-z]{3,9})\.?(?:\s+(\d{4})(?![\d:]))?")
_NUMBERS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}))?(?=\s|$)")
"""`24.12.`: the point at the end tells it from a number with decimals."""
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?![\d:]),?(?:\s+(\d{4})(?![\d:]))?")


@dataclass(frozen=True, slots=True)
class Until:
    """When a snooze ends."""

    at: Milliseconds | None
    """None: when the customer writes."""
    sticky: bool = False
    """Not even then; only the clock, a failed send and the window end it."""
    notice: str = ""
    """What was changed about what was asked for, and why; empty: nothing."""


def parse(text: str, now: Milliseconds, zone: tzinfo | None = None) -> Until:
    """What the words come to at `now`. `zone` None: this machine's own, with its changes of the clocks.

    A day without a time is its morning (9:00), a time or an hour without a day its next one. `sticky` behind
    it all keeps the chat away even when the customer writes. Raises UsageError, with examples, for anything
    else and for what has passed.
    """
    words = " ".join(text.lower().split())
    plain = words.removesuffix("sticky").strip()
    sticky = plain != words
    if plain in ("until reply", "reply", "until they reply"):
        if sticky:
            raise UsageError("A snooze until the reply cannot be sticky", "The reply is what ends it")
        return Until(None)
    for filler in ("until ", "in ", "on ", "at "):
        plain = plain.removeprefix(filler)
    try:
        at = _span(plain, now, zone) if _SPAN.match(plain) else _day(plain, now, zone)
    except (ValueError, OverflowError) as error:
        # A day, a time or a year that there is not.
        raise _unclear(text) from error
    if at is None:
        raise _unclear(text)
    if at <= now:
        raise UsageError(f"“{text.strip()}” has passed", EXAMPLES)
    return Until(at, sticky)


def presets(now: Milliseconds, zone: tzinfo | None = None) -> tuple[str, ...]:
    """Those of `PRESETS` that come to different times at `now`: on a Sunday next week is tomorrow."""
    times = {parse(words, now, zone).at: words for words in reversed(PRESETS)}
    return tuple(words for words in PRESETS if words in times.values())


def clamp(until: Until, closes_at: Milliseconds | None, now: Milliseconds) -> Until:
    """The same, but no later than the reply window (closing at `closes_at`) leaves time for an answer.

    That is an hour before it closes; in the window's last hour, `LAST_CALL` before. A window that has closed,
    or is about to, or that there is none of (None), changes nothing.
    """
    if closes_at is None:
        return until
    limit = next((at for at in (closes_at - URGENT, closes_at - LAST_CALL) if at > now), None)
    if limit is None or (until.at is not None and until.at <= limit):
        return until
    left = duration(closes_at - limit)
    return Until(limit, until.sticky, f"The reply window closes first: it wakes {left} before that")


def _unclear(text: str) -> UsageError:
    return UsageError(f"“{text.strip()[:40]}” is no time to snooze until", EXAMPLES)


def _span(text: str, now: Milliseconds, zone: tzinfo | None) -> Milliseconds | None:
    """`2h`, `1h30m`, `2h30`, `1.5h`, `3d`; None where something else stands behind it."""
    end, unit, days, passing = 0, "", 0, 0
    while (match := _SPAN.match(text, end)) is not None:
        thousandths, unit = round(float(match[1].replace(",", ".")) * 1000), match[2][0]
        if unit in "dw":
            whole, part = divmod(thousandths * (7 if unit == "w" else 1), 1000)
            days += whole
            passing += part * 24 * HOUR // 1000
        else:
            passing += thousandths * (HOUR if unit == "h" else MINUTE) // 1000
        end = match.end()
    if unit == "h" and _MINUTES.fullmatch(text, end):
        passing += int(text[end:]) * MINUTE
    elif end < len(text):
        return None
    if days:
        here = datetime.fromtimestamp(now / 1000, zone)
        now = _first(here.date() + timedelta(days), here.time(), zone, now)
    return now + passing


def _day(text: str, now: Milliseconds, zone: tzinfo | None) -> Milliseconds | None:
    """A day with or without a time, or a time alone."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    named = _named(text, today)
    if named is None:
        clock = _time(text)
        if clock is None:
            return None
        at = _first(today, clock, zone, now)
        return at if at > now else _first(today + timedelta(1), clock, zone, now)
    days, rest = named
    clock = _time(rest.removeprefix("at ")) if rest else MORNING
    if clock is None:
        return None
    if not rest:
        # A day's name alone is not the day that has begun, unless that is the only one it can be.
        days = [day for day in days if day > today] or days
    times = [_first(day, clock, zone, now) for day in days]
    return next((at for at in times if at > now), times[-1])


def _named(text: str, today: date) -> tuple[list[date], str] | None:
    """The days that the beginning of a text can mean, soonest first, and what stands behind it."""
    name, _, rest = text.partition(" ")
    if name in ("today", "tonight"):
        return [today], rest or ("evening" if name == "tonight" else "")
    if name in ("tomorrow", "tmr", "tom"):
        return [today + timedelta(1)], rest
    monday = today - timedelta(today.weekday()) + timedelta(7)
    if name == "next":
        what, _, rest = rest.partition(" ")
        if what == "week":
            return [monday], rest
        if what == "month":
            return [(today.replace(day=1) + timedelta(32)).replace(day=1)], rest
        number = _index(_WEEKDAYS, what)
        return None if number is None else ([monday + timedelta(number)], rest)
    number = 5 if name == "weekend" else _index(_WEEKDAYS, name)
    if number is not None:
        day = today + timedelta((number - today.weekday()) % 7)
        return [day, day + timedelta(7)], rest
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name):
        return [_within(date.fromisoformat(name))], rest
    if (match := _NUMBERS.match(text)) is not None:
        return _dates(today, int(match[2]), match[1], match[3]), text[match.end() :].strip()
    for pattern, number_first in ((_DAY_MONTH, True), (_MONTH_DAY, False)):
        if (match := pattern.match(text)) is not None:
            day_number, name = (match[1], match[2]) if number_first else (match[2], match[1])
            if (month := _index(_MONTHS, name)) is not None:
                return _dates(today, month + 1, day_number, match[3]), text[match.end() :].strip()
    return None


def _dates(today: date, month: int, day: str, year: str | None) -> list[date]:
    """The days that a day of a month can mean. Raises ValueError for one that there is not."""
    years = [int(year)] if year else _years(today, month, int(day))
    return [_within(date(each, month, int(day))) for each in years]


def _years(today: date, month: int, day: int) -> list[int]:
    """This year and the next, or when there is a 29 February again."""
    years = range(today.year, today.year + 9)
    leap = (month, day) == (2, 29)
    return [year for year in years if not leap or (year % 4 == 0 and (year % 100 or year % 400 == 0))][:2]


def _within(day: date) -> date:
    if day.year > _LAST_YEAR:
        raise ValueError(day)
    return day


def _index(names: tuple[str, ...], word: str) -> int | None:
    """Which name a word of at least three letters begins."""
    if len(word) < 3:
        return None
    return next((number for number, name in enumerate(names) if name.startswith(word)), None)


def _time(text: str) -> time | None:
    """`9`, `14:30`, `2pm`, `evening`. Raises ValueError for one that no clock shows."""
    if text in _PARTS_OF_DAY:
        return _PARTS_OF_DAY[text]
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour = int(match[1])
    if match[3]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return time(hour, int(match[2] or 0))


def _first(day: date, clock: time, zone: tzinfo | None, now: Milliseconds) -> Milliseconds:
    """A time of a day; where the clocks show it twice, the first that lies ahead.

    One that they skip is as much later as they are put forward.
    """
    times = [
        round(datetime.combine(_within(day), clock.replace(fold=fold), zone).timestamp() * 1000)
        for fold in (0, 1)
    ]
    # Of a time that is skipped, fold 1 means the hour before the change.
    return times[0] if times[0] > now else max(times)
