"""A snippet in the text of its file: put in, renamed or taken out, and no other byte changed.

Values are replaced by tomlkit, which keeps comments and the way everything else is written.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_tui.core.keyboard_text import design_of
from inbox_tui.core.keyboards import MarkupKind
from inbox_tui.core.models import JsonObject
from inbox_tui.core.snippets import Snippet

if TYPE_CHECKING:
    from tomlkit.items import String, Table

_HEADER = re.compile(r"""(\s*\[\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)""")


def _heads(line: str) -> str | None:
    """Of which table of the first level a line is a header; None: it is none."""
    if not _HEADER.match(line):
        return None
    try:
        return next(iter(tomllib.loads(line)))
    except tomllib.TOMLDecodeError:
        return None


def block(text: str, name: str) -> str:
    """The lines of a table, those of its headers included."""
    inside, found = False, []
    for line in text.split("\n"):
        head = _heads(line)
        inside = inside if head is None else head == name
        found += [line] if inside else []
    return "\n".join(found)


def renamed(text: str, name: str, new: str) -> str:
    """A file with another name in the headers of a table."""
    key = new if re.fullmatch(r"[A-Za-z0-9_-]+", new) else json.dumps(new, ensure_ascii=False)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _heads(line) == name:
            lines[number] = _HEADER.sub(lambda found: found[1] + key, line, count=1)
    return "\n".join(lines)


def comments(text: str) -> set[str]:
    """The lines that are nothing but a comment."""
    return {line.strip() for line in text.split("\n") if line.lstrip().startswith("#")}


def put(text: str, snippet: Snippet, was: Snippet | None) -> str:
    """Write into the table of a snippet what differs from what it `was`, or make one at the end."""
    import tomlkit
    from tomlkit.items import Table

    document = tomlkit.parse(text)
    table = document.get(snippet.name)
    if not isinstance(table, Table):
        table = tomlkit.table()
    if was is None or was.text != snippet.text:
        table["text"] = _string(snippet.text)
    if was is None or was.keyboard != snippet.keyboard:
        _set(table, "keyboard", _written(snippet.keyboard))
    if was is None or was.platforms != snippet.platforms:
        _set(table, "platforms", list(snippet.platforms))
    if was is None:
        if text.strip():
            document.add(tomlkit.nl())
        document.add(snippet.name, table)
    return tomlkit.dumps(document)


def _set(table: Table, key: str, value: object) -> None:
    if value:
        table[key] = value
    elif key in table:
        table.remove(key)


def _string(text: str) -> String:
    """A text as it is written by hand: of several lines between three quotes that stand by themselves."""
    import tomlkit
    from tomlkit.items import String, StringType, Trivia

    if "\n" not in text:
        return tomlkit.string(text)
    escaped = tomlkit.string(f"{text}\n", multiline=True).as_string()[3:-3]
    lines = escaped if escaped.startswith("\n") else f"\n{escaped}"
    return String(StringType.MLB, f"{text}\n", lines, Trivia())


def _written(markup: JsonObject) -> object:
    """A markup as lines where those say all of it, else as it is sent."""
    lines = design_of(markup) if markup else None
    if lines is None or lines.kind is not MarkupKind.INLINE:
        return dict(markup)
    return _string(lines.text)


def without(text: str, name: str) -> str:
    """Take a table out; the comments behind its last key belong to what follows, and stay."""
    import tomlkit
    from tomlkit.items import Comment, Table, Whitespace

    document = tomlkit.parse(text)
    table, names = document[name], list(document)
    kept: list[Comment | Whitespace] = []
    for key, item in reversed(table.value.body) if isinstance(table, Table) else ():
        if key is not None or not isinstance(item, (Comment, Whitespace)):
            break
        kept.insert(0, item)
    document.remove(name)
    before = names[names.index(name) - 1] if names[0] != name else None
    place = document if before is None else document[before]
    if isinstance(place, (Table, tomlkit.TOMLDocument)) and any(isinstance(item, Comment) for item in kept):
        for item in kept:
            place.add(item)
    return tomlkit.dumps(document)


@contextmanager
def _private_copy(path: Path) -> Iterator[tuple[int, Path]]:
    """A file beside another one, to take its place; it goes again unless it has."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        yield number, Path(name)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def write(path: Path, text: str) -> None:
    """Put a text in place of a file's at one stroke, with the file's mode. Raises OSError."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    with _private_copy(path) as (number, copy):
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        copy.chmod(mode)
        copy.replace(path)
