"""The person's `snippets.toml`: read when it has changed, written so that nothing else in it is lost.

It stands in the folder of the configuration, is made to be edited by hand, and belongs to no account. What
the program writes there keeps comments, order and everything that the program does not know.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from inbox_tui.core import toml_tables
from inbox_tui.core.errors import InboxError, Refused, StoreError, UsageError
from inbox_tui.core.keyboard_text import design_of
from inbox_tui.core.keyboards import MarkupKind
from inbox_tui.core.models import JsonObject
from inbox_tui.core.snippets import NOTHING, Fault, Reading, Snippet, name_problem, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tomlkit.items import String, Table

MOST_BYTES = 2_000_000
"""A larger file is no list of snippets."""
LOCK_SECONDS = 5.0

_Stamp = tuple[int, int, int]


class SnippetFile:
    """The snippets of a file. Where it breaks while the program runs, the last good ones stay."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: _Stamp | None = None
        self._reading = NOTHING

    def read(self) -> Reading:
        """The snippets as they are now; a file that is not there has none. Never raises.

        What is lost to a fault and was read before is given as it was.
        """
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._stamp:
                return self._reading
            text = _text(self.path)
        except FileNotFoundError:
            self._stamp, self._reading = None, NOTHING
            return NOTHING
        except OSError as error:
            return self._kept(f"the file cannot be read: {error.strerror or error}")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            return self._kept("expected UTF-8 text", line)
        except UsageError as error:
            return self._kept(error.title)
        reading, before = read(text), self._reading.snippets
        lost = {fault.lost for fault in reading.faults}
        kept = {name: each for name, each in before.items() if name in lost and name not in reading.snippets}
        snippets = MappingProxyType({**reading.snippets, **kept})
        self._stamp, self._reading = stamp, Reading(snippets, reading.faults)
        return self._reading

    def _kept(self, words: str, line: int = 1) -> Reading:
        self._stamp = None
        return Reading(self._reading.snippets, (Fault(line, words),))

    def save(self, snippet: Snippet, was: Snippet | None = None) -> None:
        """Write a snippet: a new one at the end, or in place of what it `was` when the person opened it.

        Raises UsageError for a name or text that cannot be kept, Refused where the name is taken or somebody
        has changed the snippet meanwhile, StoreError where the file cannot be written. Then nothing is.
        """
        problem = name_problem(snippet.name)
        if problem is not None:
            raise UsageError(f"The name cannot be used: {problem}", "Type another one")
        if not snippet.text.strip():
            raise UsageError("The snippet has no text", "Type one")

        def change(text: str) -> str:
            taken = snippet.name in tomllib.loads(text)
            if was is not None:
                _unchanged(text, was)
                text = toml_tables.renamed(text, was.name, snippet.name)
            if taken and (was is None or was.name != snippet.name):
                raise Refused(f"There is a snippet called {snippet.name} already", "Type another name")
            return _put(text, snippet, was)

        self._change(change, was, snippet)

    def delete(self, snippet: Snippet) -> None:
        """Take a snippet out; comments behind it stay. Errors as those of `save`."""

        def change(text: str) -> str:
            _unchanged(text, snippet)
            return _without(text, snippet.name)

        self._change(change, snippet, None)

    def _change(self, change: Callable[[str], str], was: Snippet | None, now: Snippet | None) -> None:
        from filelock import FileLock, Timeout

        path = self.path.resolve()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS, mode=0o600):
                _write(path, _changed(path, change, was, now))
        except Timeout as error:
            raise StoreError(
                f"Another inbox-tui has been writing {path} for over {LOCK_SECONDS:.0f} seconds",
                "Try again, or end it",
            ) from error
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror or error}",
                "Correct its permissions, or free space",
            ) from error
        self._stamp = None


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"expected at most {MOST_BYTES:,} bytes")
    return data.decode("utf-8-sig")


def _changed(path: Path, change: Callable[[str], str], was: Snippet | None, now: Snippet | None) -> str:
    """The text of a file after a change, which is looked at again before it is written.

    `was` and `now`: the snippet before and behind the change, None where there is none.
    """
    from tomlkit.exceptions import TOMLKitError

    try:
        before = _text(path)
        known = tomllib.loads(before)
    except FileNotFoundError:
        before, known = "", {}
    except UnicodeDecodeError as error:
        raise _unusable(path, "it is not UTF-8 text") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reading = read(before)
        raise _unusable(path, str(reading.faults[0]) if reading.faults else str(error)) from error
    try:
        after = change(before)
        left = tomllib.loads(after)
    except (tomllib.TOMLDecodeError, TOMLKitError, RecursionError) as error:
        raise _unusable(path, f"the change cannot be written ({error})") from error
    if was is not None:
        known.pop(was.name)
    found = None if now is None else read(after).snippets.get(now.name)
    if now is not None:
        left.pop(now.name, None)
    lost = _comments(before) - _comments(after)
    own = _comments("" if was is None or now is not None else _block(before, was.name))
    if left != known or _said(found) != _said(now) or lost - own:
        raise _unusable(path, "the change would not leave the rest of it as it is")
    return after


def _said(snippet: Snippet | None) -> object:
    """What of a snippet is written."""
    return snippet and (snippet.text, snippet.keyboard, snippet.platforms)


def _unusable(path: Path, why: str) -> InboxError:
    return UsageError(
        f"{path} cannot be changed from here: {why}", "Correct it in an editor; nothing was written"
    )


def _comments(text: str) -> set[str]:
    """The lines that are nothing but a comment."""
    return {line.strip() for line in text.split("\n") if line.lstrip().startswith("#")}


def _block(text: str, name: str) -> str:
    return "\n".join(table.source for table in toml_tables.read(text) if table.name == name)


def _unchanged(text: str, was: Snippet) -> None:
    """Raise Refused where a snippet is not in the file as the person has seen it."""
    if _said(read(text).snippets.get(was.name)) != _said(was):
        raise Refused(
            f"The snippet {was.name} was changed or taken out meanwhile", "Leave, and open it once more"
        )


def _put(text: str, snippet: Snippet, was: Snippet | None) -> str:
    """Write into the table of a snippet what is not so there, or make one at the end."""
    import tomlkit
    from tomlkit.items import Table

    document = tomlkit.parse(text)
    table = document.get(snippet.name)
    if not isinstance(table, Table):
        table = tomlkit.table()
    if was is None or was.text != snippet.text:
        table["text"] = _string(snippet.text)
    if was is None or was.keyboard != snippet.keyboard:
        _set(table, "keyboard", _keyboard(snippet.keyboard))
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


def _keyboard(markup: JsonObject) -> object:
    """A markup as lines where those say all of it, else as it is sent."""
    design = design_of(markup) if markup else None
    if design is None or design.kind is not MarkupKind.INLINE:
        return dict(markup)
    return _string(design.text)


def _without(text: str, name: str) -> str:
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


def _write(path: Path, text: str) -> None:
    """Put a text in place of a file's at one stroke, with the file's mode. Raises OSError."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    with _private_copy(path) as (number, copy):
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        copy.chmod(mode)
        copy.replace(path)
