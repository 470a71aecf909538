"""The search language: one text for the list filter, search, the command line and saved views.

    from:jane platform:telegram profile:acme label:vip is:needs-reply has:image
    before:2026-05-01 after:7d "exact phrase" word -word

Everything must hold; `-` before an item turns it round. A value with spaces stands in quotes, in which a
backslash takes a quote or a backslash as it is. What a word or a name matches is for the store to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TypeAlias

from inbox_tui.core.errors import UsageError
from inbox_tui.core.models import Milliseconds, Platform
from inbox_tui.core.ranking import State
from inbox_tui.core.times import local


class Field(StrEnum):
    """The operators."""

    FROM = "from"
    """The customer: name, username or platform id."""
    PLATFORM = "platform"
    PROFILE = "profile"
    LABEL = "label"
    IS = "is"
    HAS = "has"
    BEFORE = "before"
    """Strictly before the moment."""
    AFTER = "after"
    """At the moment or after it."""


class Has(StrEnum):
    """What `has:` asks of a message."""

    IMAGE = "image"
    FILE = "file"
    LINK = "link"
    REACTION = "reaction"
    BUTTONS = "buttons"


ARCHIVED = "archived"
IS_VALUES = (*(state.value for state in State), ARCHIVED)
"""Values of `is:`: the states of `core.ranking`, and `archived` (Bluesky)."""

PLATFORM_ALIASES: Mapping[str, Platform] = {
    **{platform.value: platform for platform in Platform},
    "fb": Platform.FACEBOOK,
    "ig": Platform.INSTAGRAM,
    "tg": Platform.TELEGRAM,
    "bsky": Platform.BLUESKY,
    "bs": Platform.BLUESKY,
}


@dataclass(frozen=True, slots=True)
class Term:
    """A word, as typed."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order, next to each other."""

    text: str

    def __str__(self) -> str:
        return _quoted(self.text)


@dataclass(frozen=True, slots=True)
class Filter:
    """An operator with its value: normalised for `is`, `has` and `platform`, as typed for the others."""

    field: Field
    value: str

    def __str__(self) -> str:
        plain = not any(map(str.isspace, self.value)) and not self.value.startswith('"')
        return f"{self.field}:{self.value if plain else _quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    item: Term | Phrase | Filter

    def __str__(self) -> str:
        return f"-{self.item}"


Item: TypeAlias = Term | Phrase | Filter | Not


@dataclass(frozen=True, slots=True)
class Query:
    """Items that must all hold; none at all holds for everything. `str` writes it so that it parses again.

    `text`: what was read, and `places`: where each item stands in it, first and behind the last character.
    """

    items: tuple[Item, ...] = ()
    text: str = field(default="", compare=False, repr=False)
    places: tuple[tuple[int, int], ...] = field(default=(), compare=False, repr=False)

    def error(self, number: int, title: str, hint: str) -> QueryError:
        """What is to be said of the item of a number where it cannot be answered."""
        start, end = self.places[number]
        return QueryError(title, hint, text=self.text, start=start, length=end - start)

    def __str__(self) -> str:
        return " ".join(map(str, self.items))


class QueryError(UsageError):
    """A query that cannot be understood: `column` (from 1) and `length` say where, the hint what to write."""

    def __init__(self, title: str, hint: str, *, text: str, start: int, length: int) -> None:
        super().__init__(f"{title} (column {start + 1})", hint)
        self.text = text
        self.column = start + 1
        self.length = max(length, 1)

    @property
    def pointed(self) -> str:
        """The query on one line and, under it, a mark below the place."""
        from inbox_tui.core.cells import cells

        line = "".join(" " if character.isspace() else character for character in self.text)
        start = self.column - 1
        width = max(cells(line[start : start + self.length]), 1)
        return f"{line}\n{' ' * cells(line[:start])}{'^' * width}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_OPERATOR = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?!//)")
"""A word before a colon; an address (`https://…`) is a word."""
_RELATIVE = re.compile(r"([0-9]{1,4})([hdwy])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Stricter than `date.fromisoformat`, which takes weeks and days without hyphens too."""
_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_DATES = "Write a day (2026-05-01), today, yesterday, or how long ago: 12h, 7d, 4w, 1y"


def parse(text: str) -> Query:
    """Read a query. Raises `QueryError` with the place and the fix."""
    reader = _Reader(text)
    items = tuple(reader.items())
    return Query(items, text, tuple(reader.places))


def moment(value: str, now: Milliseconds, tz: tzinfo) -> Milliseconds:
    """The moment that a value of `before:` or `after:` names, seen from `now` in a zone.

    A day is its beginning; `7d` is that long before now. Raises `ValueError` for what `parse` refuses.
    """
    if match := _RELATIVE.fullmatch(value):
        return now - int(match[1]) * (_UNITS[match[2]] // timedelta(milliseconds=1))
    days = {"today": 0, "yesterday": 1}.get(value)
    if days is not None:
        day = local(now, tz).date() - timedelta(days=days)
    elif _DAY.fullmatch(value):
        day = date.fromisoformat(value)
    else:
        raise ValueError(f"not a day: {value}")
    # Years 2 to 9998, so that no zone leads out of what can be computed.
    day = min(max(day, date(2, 1, 1)), date(9998, 12, 31))
    start = datetime(day.year, day.month, day.day, tzinfo=tz)
    return (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class _Reader:
    """One pass over a query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: list[tuple[int, int]] = []

    def items(self) -> list[Item]:
        items: list[Item] = []
        while True:
            self._skip_space()
            if self.at >= len(self.text):
                return items
            start = self.at
            items.append(self._item())
            self.places.append((start, self.at))

    def _skip_space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _item(self) -> Item:
        if (
            self.text[self.at] == "-"
            and self.at + 1 < len(self.text)
            and not self.text[self.at + 1].isspace()
        ):
            self.at += 1
            return Not(self._simple())
        return self._simple()

    def _simple(self) -> Term | Phrase | Filter:
        start = self.at
        if self.text[start] == '"':
            phrase = self._quoted()
            if not phrase.strip():
                raise self._error("There is nothing between the quotes", "Write the words to find", start)
            return Phrase(phrase)
        if match := _OPERATOR.match(self.text, start):
            return self._filter(match[1], start, match.end())
        return Term(self._word())

    def _word(self) -> str:
        start = self.at
        while self.at < len(self.text) and not self.text[self.at].isspace():
            self.at += 1
        return self.text[start : self.at]

    def _quoted(self) -> str:
        start = self.at
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == '"':
                return "".join(parts)
            if character == "\\" and self.text[self.at : self.at + 1] in ('"', "\\"):
                character = self.text[self.at]
                self.at += 1
            parts.append(character)
        raise self._error("The quote is not closed", 'Put a " at its end', start)

    def _filter(self, name: str, start: int, value_start: int) -> Filter:
        try:
            operator = Field(name.lower())
        except ValueError:
            self.at = value_start
            raise self._error(f"There is no operator {name}:", _operator_hint(name), start) from None
        self.at = value_start
        quoted = self.text[value_start : value_start + 1] == '"'
        value = self._quoted() if quoted else self._word()
        if not value.strip():
            raise self._error(f"{operator}: needs a value", _NEEDS[operator], start)
        return Filter(operator, self._value(operator, value, value_start))

    def _value(self, operator: Field, value: str, start: int) -> str:
        lower = value.strip().lower()
        if operator is Field.PLATFORM:
            if lower not in PLATFORM_ALIASES:
                raise self._error(f"There is no platform {value}", _NEEDS[operator], start)
            return PLATFORM_ALIASES[lower].value
        if operator in (Field.IS, Field.HAS):
            lower = lower.replace("_", "-")
            if lower not in (IS_VALUES if operator is Field.IS else tuple(Has)):
                raise self._error(f"{operator}: does not know {value}", _NEEDS[operator], start)
            return lower
        if operator in (Field.BEFORE, Field.AFTER):
            try:
                moment(lower, 0, UTC)
            except ValueError:
                raise self._error(f"{value} is no day", _NEEDS[operator], start) from None
            return lower
        return value

    def _error(self, title: str, hint: str, start: int) -> QueryError:
        return QueryError(title, hint, text=self.text, start=start, length=self.at - start)


_NEEDS: Mapping[Field, str] = {
    Field.FROM: "Write a name, a username or an id: from:jane",
    Field.PLATFORM: "Write facebook (fb), instagram (ig), telegram (tg) or bluesky (bsky, bs)",
    Field.PROFILE: "Write the name of a profile: profile:acme",
    Field.LABEL: "Write a label: label:vip",
    Field.IS: f"Write one of {', '.join(IS_VALUES)}",
    Field.HAS: f"Write one of {', '.join(Has)}",
    Field.BEFORE: _DATES,
    Field.AFTER: _DATES,
}


def _operator_hint(name: str) -> str:
    from difflib import get_close_matches

    quote = f'To find the text itself, write "{name}:…" in quotes'
    if close := get_close_matches(name.lower(), list(Field), n=1):
        return f"Did you mean {close[0]}:? {quote}"
    return f"The operators are {', '.join(f'{field}:' for field in Field)}. {quote}"
