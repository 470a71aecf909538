"""Numbers of bytes as people read them, in the decimal units in which platforms give their limits."""

from __future__ import annotations

UNITS = ("bytes", "kB", "MB", "GB")


def file_size(size: int) -> str:
    """A number of bytes in three digits or so: `482 bytes`, `1.4 MB`."""
    return _in(size, _power(size))


def part_of(done: int, size: int) -> str:
    """How much of a file is done, both in the unit of the whole: `1.2 of 3.4 MB (35 %)`."""
    power = _power(size)
    part = _in(min(done, size), power).rpartition(" ")[0]
    return f"{part} of {_in(size, power)} ({100 * done // max(1, size)} %)"


def _power(size: int) -> int:
    """The largest unit of which there is at least one."""
    return max((power for power in range(len(UNITS)) if size >= 1000**power), default=0)


def _in(size: int, power: int) -> str:
    value = size / 1000**power
    return f"{value:.0f} {UNITS[power]}" if power == 0 or value >= 100 else f"{value:.1f} {UNITS[power]}"
