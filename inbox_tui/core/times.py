"""Times and durations in a few characters. English words, no locale; the zone is always given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from inbox_tui.core.models import Milliseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Milliseconds = -62_135_510_400_000
_LATEST: Milliseconds = 253_402_128_000_000
"""Two days inside the years 1 to 9999, so that no zone leads out of them."""

_AGES = ((365 * 86_400, "y"), (7 * 86_400, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (5, "s"))
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def age(milliseconds: Milliseconds) -> str:
    """How long ago, in at most four characters: `now` (under 5 seconds), `9s`, `2m`, `1h`, `3d`, `5w`, `2y`.

    Rounded down. A negative age (a clock that is ahead) is `now`.
    """
    seconds = milliseconds // 1000
    for size, unit in _AGES:
        if seconds >= size:
            return f"{min(seconds // (1 if unit == 's' else size), 999)}{unit}"
    return "now"


def ago(milliseconds: Milliseconds) -> str:
    """How long ago, in words: `just now` (under 5 seconds), `2m ago`."""
    words = age(milliseconds)
    return "just now" if words == "now" else f"{words} ago"


def duration(milliseconds: Milliseconds) -> str:
    """What is left of a time, rounded down: `2d03`, `3h41`, `12m`, `45s`; never below `0s`."""
    seconds = max(milliseconds // 1000, 0)
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if days:
        return f"{days}d{hours % 24:02}"
    if hours:
        return f"{hours}h{minutes % 60:02}"
    return f"{minutes}m" if minutes else f"{seconds}s"


def local(milliseconds: Milliseconds, tz: tzinfo | None) -> datetime:
    """A time in a zone; one outside the years 1 to 9999 becomes the nearest that can be shown.

    `tz` None: this machine's own zone, with its changes of the clocks.
    """
    return (_EPOCH + timedelta(milliseconds=min(max(milliseconds, _EARLIEST), _LATEST))).astimezone(tz)


def clock(milliseconds: Milliseconds, tz: tzinfo | None) -> str:
    """The time of day in a zone, `14:02`."""
    return local(milliseconds, tz).strftime("%H:%M")


def day_label(milliseconds: Milliseconds, now: Milliseconds, tz: tzinfo | None) -> str:
    """The day in a zone: `today`, `yesterday`, `tomorrow`, `Mon 3 Jun` this year, else `3 Jun 2025`."""
    day, today = local(milliseconds, tz).date(), local(now, tz).date()
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - today).days)
    if near:
        return near
    if day.year == today.year:
        return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment(milliseconds: Milliseconds, now: Milliseconds, tz: tzinfo | None) -> str:
    """The day and the time of day in a zone: `tomorrow 09:00`, `Mon 3 Jun 14:30`."""
    return f"{day_label(milliseconds, now, tz)} {clock(milliseconds, tz)}"
