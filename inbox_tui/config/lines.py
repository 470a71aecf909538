"""A TOML file read statement by statement: one bad line is named and set aside, all others are read.

`tomllib` refuses a file with one mistake whole, and tells no line of what it has read. So each statement
(a header, or a name with its value, over as many lines as it takes) is handed to it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.core.text import clean

Name = tuple[str, ...]
"""A setting: its tables, then its own name."""

_BEGINS = r"""\s*(?:\[|(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*\s*=)"""
"""A line that looks like the beginning of a statement."""
_GUESS = r"""\s*\[*\s*["']?([^"'\[\]=]+?)["']?\s*(?:[=\]]|$)"""
_AT_END = "end of document"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file of the configuration that is not used, with what was expected in its place."""

    file: Path
    line: int | None
    """Counted from 1; None where it is about the whole file."""
    what: str
    expected: str

    @property
    def where(self) -> str:
        """The file's name and the line, for the screen."""
        return self.file.name + (f", line {self.line}" if self.line is not None else "")

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line} of "
        return f"{place}{self.file}: {self.what}. {self.expected}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that was read, and the line on which it stands."""

    value: object
    line: int


@dataclass(frozen=True, slots=True)
class Lines:
    """What a file says.

    `broken`: what could not be read, by the setting or the table that it is about, as far as that can be told
    (empty: any of the first level); the value is the line itself.
    """

    entries: Mapping[Name, Entry]
    broken: Mapping[Name, Entry]
    problems: tuple[Problem, ...]


def read_lines(file: Path, data: bytes) -> Lines:
    """Read the bytes of a file; whatever they are, all that can be understood of them is understood."""
    return _Reader(file, data).read()


class _Reader:
    def __init__(self, file: Path, data: bytes) -> None:
        # What is not UTF-8 stays recognisable, so that its line can be named.
        text = data.decode("utf-8-sig", "surrogateescape")
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]
        self._file = file
        self._entries: dict[Name, Entry] = {}
        self._broken: dict[Name, Entry] = {}
        self._problems: list[Problem] = []

    def read(self) -> Lines:
        table: Name = ()
        at = 0
        while at < len(self._lines):
            line = self._lines[at].strip()
            if _spoilt(line):
                self._problem(at, f"{_shown(line)} is not UTF-8 text", "Save the file as UTF-8")
                self._guess(table, at)
                at += 1
            elif not line or line.startswith("#"):
                at += 1
            elif line.startswith("["):
                found = self._header(at)
                table = found if found is not None else ()
                at = at + 1 if found is not None else self._next(at, r"\s*\[")
            else:
                at = self._statement(table, at)
        return Lines(self._entries, self._broken, tuple(self._problems))

    def _header(self, at: int) -> Name | None:
        """The table that a header begins; None: it is not one, and all that stands under it is set aside."""
        import tomllib

        line = self._lines[at]
        until = self._next(at, r"\s*\[")
        under = "" if until == at + 1 else f"; nothing down to line {until} is used"
        try:
            read = tomllib.loads(line + "\n")
        except (tomllib.TOMLDecodeError, RecursionError):
            spaced = re.fullmatch(r"\s*\[([^\[\]\"']*\s[^\[\]\"']*)\]\s*(?:#.*)?", line)
            expected = f'["{clean(spaced[1].strip())}"], in quotes' if spaced else "[keys]"
            what = f"{_shown(line)} names no table{under}"
            self._problem(at, what, f"Write the name in brackets: {expected}")
            self._guess((), at)
            return None
        names: list[str] = []
        inside: object = read
        while isinstance(inside, dict) and inside:
            (name,) = inside
            names.append(name)
            inside = inside[name]
        if isinstance(inside, list):
            expected = f"Write [{'.'.join(names)}]"
            self._problem(at, f"{_shown(line)} begins a list of tables{under}", expected)
            self._broken.setdefault(tuple(names), Entry(line, at + 1))
            return None
        return tuple(names)

    def _statement(self, table: Name, at: int) -> int:
        """Read what begins on a line; returns the number of the line behind it."""
        # Loaded where there is something to be read: most have no such file.
        import tomllib

        quotes = next((mark for mark in ('"""', "'''") if self._lines[at].count(mark) == 1), "")
        for end in range(at + 1, len(self._lines) + 1):
            if end > at + 1 and quotes not in self._lines[end - 1]:
                # Inside a text of several lines, which only its quotes end.
                continue
            text = "\n".join(self._lines[at:end]) + "\n"
            if _spoilt(text):
                break
            try:
                read = tomllib.loads(text)
            except (tomllib.TOMLDecodeError, RecursionError) as error:
                # A value that is still open may go on in the next line; anything else is wrong for good.
                if _AT_END in str(error):
                    continue
                break
            for name, value in _flat(read, table):
                self._keep(name, value, at)
            return end
        self._problem(
            at,
            f"{_shown(self._lines[at])} cannot be understood",
            'Write name = value; a text stands in quotes: theme = "nord"',
        )
        self._guess(table, at)
        return self._next(at, _BEGINS)

    def _keep(self, name: Name, value: object, at: int) -> None:
        before = self._entries.get(name)
        if before is None:
            self._entries[name] = Entry(value, at + 1)
        else:
            words = f"{'.'.join(name)} is set on line {before.line} already"
            self._problem(at, words, "Remove one of the two")

    def _next(self, at: int, pattern: str) -> int:
        """The next line that looks like that, or the end of the file."""
        following = range(at + 1, len(self._lines))
        return next((each for each in following if re.match(pattern, self._lines[each])), len(self._lines))

    def _guess(self, table: Name, at: int) -> None:
        """Remember what a line that cannot be read was probably about."""
        found = re.match(_GUESS, self._lines[at])
        names = re.split(r"\s*\.\s*", found[1]) if found else []
        self._broken.setdefault((*table, *names), Entry(self._lines[at], at + 1))

    def _problem(self, at: int, what: str, expected: str) -> None:
        self._problems.append(Problem(self._file, at + 1, what, expected))


def _flat(read: Mapping[str, object], table: Name) -> Iterator[tuple[Name, object]]:
    """Each value with its full name; inline tables and dotted names are what a header would be."""
    for name, value in read.items():
        if isinstance(value, dict):
            yield from _flat(value, (*table, name))
        else:
            yield (*table, name), value


def _spoilt(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def _shown(line: str) -> str:
    """A line as it can be quoted in a sentence."""
    text = clean(line.strip())
    return f"{text[:40]}…" if len(text) > 41 else text
