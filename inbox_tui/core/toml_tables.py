"""A TOML file of tables, read so that one broken line costs one table and not the file.

A file that is right is read by the standard library alone. Of one that is not, each run of lines below
headers of one name is read for itself.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from inbox_tui.core.text import clean

MOST_JOINED = 40
"""How many headers may stand inside a text of several lines before it counts as one that is not closed."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the first level, or what stands in its place.

    `line`: its header's (from 1), or that of the fault. `fault`: what was expected; None: `values` holds what
    stands in it. `source`: its lines, the first of which is line `start`.
    """

    name: str
    line: int
    values: object
    source: str
    start: int
    fault: str | None = None

    def line_of(self, key: str, *, anywhere: bool = False) -> int:
        """The line of a key, or with `anywhere` of a word; that of the header where it cannot be told."""
        sign = "" if anywhere else r"""[ \t]*[=.]"""
        head = "" if anywhere else r"""(?m)^[ \t]*\[?[^=\n]*?["']?"""
        quote = "" if anywhere else r"""["']?"""
        found = re.search(f"{head}{re.escape(key)}{quote}{sign}", self.source)
        return self.line if found is None else self.start + self.source.count("\n", 0, found.end() - 1)


@cache
def _header() -> re.Pattern[str]:
    """A line that begins a table; the key is what its name begins with."""
    return re.compile(
        r"""[ \t]*\[\[?[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[^\n]*?\]\]?[ \t]*(?:\#[^\n]*)?"""
    )


@cache
def _place() -> re.Pattern[str]:
    return re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)")


def read(text: str) -> Iterator[Table]:
    """The tables of a file in its order, the broken ones with what is wrong with them. Never raises."""
    lines = text.replace("\r\n", "\n").split("\n")
    starts = {number: key for number, line in enumerate(lines) if (key := _key(line)) is not None}
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        yield from _piecemeal(lines, starts)
        return
    # In the order of the file, so that what looks like a header inside a text is not taken for one.
    places: list[int] = []
    for name, values in found.items():
        behind = places[-1] + 1 if places else 0
        start = next((number for number, key in starts.items() if key == name and number >= behind), None)
        if start is None or not isinstance(values, (dict, list)):
            start = _line_of_key(lines, name)
        places.append(start)
    for (name, values), start in zip(found.items(), places, strict=True):
        end = min((place for place in places if place > start), default=None)
        yield Table(name, start + 1, values, "\n".join(lines[start:end]), start + 1)


def _line_of_key(lines: list[str], name: str) -> int:
    key = re.compile(rf"""[ \t]*["']?{re.escape(name)}["']?[ \t]*[=.]""")
    return next((number for number, line in enumerate(lines) if key.match(line)), 0)


def renamed(text: str, name: str, new: str) -> str:
    """A file with another name in the headers of a table; whoever asks looks whether nothing else changed."""
    key = new if re.fullmatch(r"[A-Za-z0-9_-]+", new) else json.dumps(new, ensure_ascii=False)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = _header().fullmatch(line.removesuffix("\r"))
        if match is not None and _key(line.removesuffix("\r")) == name:
            lines[number] = f"{line[: match.start(1)]}{key}{line[match.end(1) :]}"
    return "\n".join(lines)


def _key(line: str) -> str | None:
    """The name that a header begins with; None: the line is none."""
    match = _header().fullmatch(line)
    if match is None:
        return None
    try:
        return next(iter(tomllib.loads(f"{match[1]} = 1")))
    except tomllib.TOMLDecodeError:
        return match[1].strip("\"'")


def _piecemeal(lines: list[str], starts: dict[int, str]) -> Iterator[Table]:
    """Each run of one name by itself, longer where a text of several lines hides headers."""
    edges = [0]
    for number, key in starts.items():
        if number and key != starts.get(edges[-1]):
            edges.append(number)
    edges.append(len(lines))
    place = 0
    seen: set[str] = set()
    while place < len(edges) - 1:
        start, first = edges[place], place
        wrong = ""
        for end in edges[place + 1 : place + 2 + MOST_JOINED]:
            source = "\n".join(lines[start:end])
            try:
                found = tomllib.loads(source)
            except (tomllib.TOMLDecodeError, RecursionError) as error:
                wrong = wrong or str(error)
                if not _place().search(str(error)) or "end of document" not in str(error):
                    break
            else:
                place = edges.index(end)
                for name, values in found.items():
                    at = start if start in starts else start + _line_of_key(lines[start:end], name)
                    fault = f"[{clean(name)}] is there twice; the first one counts" if name in seen else None
                    seen.add(name)
                    yield Table(name, at + 1, values, source, start + 1, fault)
                break
        if place == first:
            place += 1
            source = "\n".join(lines[start : edges[place]])
            yield _broken(starts.get(start, ""), wrong, source, start)


def _broken(name: str, wrong: str, source: str, start: int) -> Table:
    """A run of lines that cannot be understood."""
    place = _place().search(wrong)
    line = start + (int(place[1]) if place is not None and place[1] else 1)
    words = clean(_place().sub("", wrong))
    quotes = [match.start() for match in re.finditer("\"\"\"|'''", source)]
    if place is not None and not place[1] and len(quotes) % 2:
        line = start + 1 + source.count("\n", 0, quotes[-1])
        words = "the text that begins here is not closed by three quotes"
    words = f"{words[:1].lower()}{words[1:]}" if words else "it is nested too deeply"
    return Table(name, line, {}, source, start + 1, f"{words}; correct that line")
