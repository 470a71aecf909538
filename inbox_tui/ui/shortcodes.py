"""Emoji by their names, `:tada:`. The table is read when a name is begun, not before the first paint."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

MOST_NAME = 40
"""Characters before the caret in which a name with its colons may stand."""
_BEGUN = re.compile(r"(?<![\w:]):([+\-\w]{2,})\Z")
_CLOSED = re.compile(r"(?<![\w:]):([+\-\w]{1,}):\Z")


@dataclass(frozen=True, slots=True)
class Shortcode:
    """An emoji and one of its names, without the colons."""

    name: str
    emoji: str


@cache
def _table() -> tuple[Mapping[str, str], Sequence[str]]:
    """Emoji by name, and the names in order."""
    import emoji

    found = {
        name.strip(":").lower(): text
        for text, facts in emoji.EMOJI_DATA.items()
        if facts["status"] == emoji.STATUS["fully_qualified"]
        for name in (facts["en"], *facts.get("alias", ()))
    }
    return found, sorted(found)


def begun(line: str) -> str:
    """The name that is being typed at the end of a line, from its second letter on; empty: none is."""
    found = _BEGUN.search(line[-MOST_NAME:])
    return found[1] if found else ""


def closed(line: str) -> Shortcode | None:
    """The emoji whose name, with both colons, stands at the end of a line."""
    found = _CLOSED.search(line[-MOST_NAME:])
    emoji = _table()[0].get(found[1].lower()) if found else None
    return Shortcode(found[1], emoji) if found and emoji else None


def suggestions(begin: str, most: int) -> list[Shortcode]:
    """Up to so many emoji for the beginning of a name: those that begin with it, then those that hold it.

    The shorter name goes first: `heart` before `heart_with_arrow`. Each emoji comes once.
    """
    table, names = _table()
    begin = begin.lower()
    at = bisect_left(names, begin)
    first = sorted(takewhile(lambda name: name.startswith(begin), names[at:]), key=len)
    if len(first) < most:
        first += sorted((name for name in names if begin in name and not name.startswith(begin)), key=len)
    best: dict[str, str] = {}
    for name in first:
        best.setdefault(table[name], name)
        if len(best) == most:
            break
    return [Shortcode(name, emoji) for emoji, name in best.items()]


def load() -> None:
    """Read the table, which takes a moment the first time."""
    _table()
