"""The person's `snippets.toml`: read when it has changed, written so that nothing else in it is lost.

    [tracking]
    text = '''
    Hi {{first_name|there}}, order {{?order number}} left today.'''
    keyboard = "Track order | Size guide > https://acme.example/sizes"
    platforms = ["telegram"]

`keyboard` is lines as in the builder of buttons, or a `reply_markup`; without `platforms` a snippet fits
everywhere; with `literal = true` nothing between braces is a blank.

It stands in the folder of the configuration, is made to be edited by hand, and belongs to no account. What
the program writes there keeps comments, order and everything that the program does not know.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from inbox_tui.config import snippet_edits
from inbox_tui.config.checks import unknown
from inbox_tui.config.lines import Entry, Problem, read_lines
from inbox_tui.core import keyboard_text as design
from inbox_tui.core import keyboards
from inbox_tui.core.errors import InboxError, Refused, StoreError, UsageError
from inbox_tui.core.models import JsonObject, Platform
from inbox_tui.core.query import PLATFORM_ALIASES
from inbox_tui.core.snippets import PLACEHOLDERS, Snippet, name_problem, names
from inbox_tui.core.text import clean

MOST_BYTES = 2_000_000
"""A larger file is no list of snippets."""
LOCK_SECONDS = 5.0

_KNOWN = ("text", "keyboard", "platforms", "literal")

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """The snippets of a file by name, in its order, and what of it cannot be used."""

    snippets: Mapping[str, Snippet]
    problems: tuple[Problem, ...] = ()


NOTHING = Reading(MappingProxyType({}))


class SnippetFile:
    """The snippets of a file. Where it breaks while the program runs, the last good ones stay."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: _Stamp | None = None
        self._reading = NOTHING

    def read(self) -> Reading:
        """The snippets as they are now; a file that is not there has none. Never raises.

        What cannot be used is named, the rest is read, and what was read before of the former stays.
        """
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._stamp:
                return self._reading
            data = _bytes(self.path)
        except FileNotFoundError:
            self._stamp, self._reading = None, NOTHING
            return NOTHING
        except OSError as error:
            problem = Problem(self.path, None, f"It cannot be read: {error.strerror or error}", _RIGHTS)
            return Reading(self._reading.snippets, (problem,))
        except UsageError as error:
            return Reading(self._reading.snippets, (Problem(self.path, None, error.title, error.hint),))
        reading = _Reader(self.path, data)
        kept = {
            name: snippet
            for name, snippet in self._reading.snippets.items()
            if name not in reading.snippets and reading.has_lost(name)
        }
        self._reading = Reading(MappingProxyType({**reading.snippets, **kept}), tuple(reading.problems))
        self._stamp = stamp
        return self._reading

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
                text = snippet_edits.renamed(text, was.name, snippet.name)
            if taken and (was is None or was.name != snippet.name):
                raise Refused(f"There is a snippet called {snippet.name} already", "Type another name")
            return snippet_edits.put(text, snippet, was)

        self._change(change, was, snippet)

    def delete(self, snippet: Snippet) -> None:
        """Take a snippet out; comments behind it stay. Errors as those of `save`."""

        def change(text: str) -> str:
            _unchanged(text, snippet)
            return snippet_edits.without(text, snippet.name)

        self._change(change, snippet, None)

    def _change(self, change: Callable[[str], str], was: Snippet | None, now: Snippet | None) -> None:
        from filelock import FileLock, Timeout

        path = self.path.resolve()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS, mode=0o600):
                snippet_edits.write(path, _changed(path, change, was, now))
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


_RIGHTS = "Correct its permissions and those of its folder"


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"It has more than {MOST_BYTES:,} bytes", "Take out what is no snippet")
    return data


class _Reader:
    """The snippets of a file's bytes, and what cannot be used."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        lines = read_lines(path, data)
        self.snippets: dict[str, Snippet] = {}
        self.problems = list(lines.problems)
        self._lost = set(lines.broken)
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Which snippets it was to hold cannot be told.
            self._lost.add(())
        tables: dict[str, dict[str, Entry]] = {}
        for (name, *inside), entry in lines.entries.items():
            if not inside:
                expected = f"Write [{clean(name)}] and, below it, text = a text in quotes"
                self._refuse(name, entry, "no snippet begins so", expected)
            else:
                _put_inside(tables.setdefault(name, {}), inside, entry)
        for name, values in tables.items():
            snippet = self._snippet(name, values)
            if snippet is not None:
                self.snippets[name] = snippet
        self.problems.sort(key=lambda problem: problem.line or 0)

    def has_lost(self, name: str) -> bool:
        """Whether something about a snippet could not be used, or may have been about it."""
        return any(lost[:1] in ((), (name,)) for lost in self._lost)

    def _refuse(self, name: str, entry: Entry, what: str, expected: str) -> None:
        self._lost.add((name,))
        self._note(name, entry, what, expected)

    def _note(self, name: str, entry: Entry, what: str, expected: str) -> None:
        self.problems.append(Problem(self._path, entry.line, f"{clean(name)}: {what}", expected))

    def _snippet(self, name: str, values: Mapping[str, Entry]) -> Snippet | None:
        """A snippet; None where something is wrong with it, as half of one would say something else."""
        first = Entry("", min(entry.line for entry in values.values()))
        problem = name_problem(name)
        if problem is not None:
            self._refuse(name, first, "the name cannot be used", problem)
        said = values.get("text", first)
        if not isinstance(said.value, str) or not said.value.strip():
            # What stands on a line that was told already is not told again.
            if (name, "text") not in self._lost:
                self._refuse(name, said, "there is no text", "Write text = a text in quotes")
            return None
        literal = values.get("literal", Entry(False, 0))
        if not isinstance(literal.value, bool):
            self._refuse(
                name, literal, "literal is neither on nor off", "Write true or false, without quotes"
            )
        where = values.get("platforms", Entry([], 0))
        platforms = platforms_of(where.value)
        if platforms is None:
            expected = f"Write a list of {', '.join(Platform)} in quotes"
            self._refuse(name, where, "there is no such platform", expected)
        under = values.get("keyboard", Entry({}, 0))
        keyboard, wrong = _keyboard(under.value)
        if wrong:
            self._refuse(name, under, "the keyboard cannot be used", wrong)
        for key, entry in values.items():
            if key not in _KNOWN:
                self._note(name, entry, f"{clean(key)} means nothing here", unknown(key, _KNOWN))
        if any(lost[:1] == (name,) for lost in self._lost):
            return None
        # The last line break of a text between three quotes belongs to how it is written.
        text = clean(said.value).removesuffix("\n")
        snippet = Snippet(name, text, keyboard, platforms or (), literal=literal.value is True)
        for fact in names(snippet):
            if fact not in PLACEHOLDERS:
                self._note(name, said, f"{{{{{fact}}}}} is not known", unknown(fact, PLACEHOLDERS))
        return snippet


def _put_inside(table: dict[str, Entry], inside: Sequence[str], entry: Entry) -> None:
    """A value in its table; what stands in tables of its own becomes one value again."""
    key, *deeper = inside
    if not deeper:
        table[key] = entry
        return
    outer = table.setdefault(key, Entry({}, entry.line))
    place = outer.value
    for each in deeper[:-1]:
        place = place.setdefault(each, {}) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place[deeper[-1]] = entry.value


def platforms_of(value: object) -> tuple[str, ...] | None:
    """The platforms of a setting; None where it cannot be understood."""
    listed = value if isinstance(value, list) else [value]
    found = [PLATFORM_ALIASES.get(str(each).strip().lower()) for each in listed]
    return None if None in found else tuple(dict.fromkeys(each.value for each in found if each is not None))


def _keyboard(value: object) -> tuple[JsonObject, str]:
    """The markup of a setting, and what is wrong with it; empty where nothing is."""
    if isinstance(value, str):
        reading = design.read(design.Design(text=clean(value)))
        return reading.markup, str(reading.faults[0]) if reading.faults else ""
    if not isinstance(value, dict):
        return {}, "Write lines of buttons in quotes, or a table as Telegram's reply_markup"
    problem = next(iter(keyboards.check(value)), None) if value else None
    return value, "" if problem is None else str(problem)


def _changed(path: Path, change: Callable[[str], str], was: Snippet | None, now: Snippet | None) -> str:
    """The text of a file after a change, which is looked at again before it is written.

    `was` and `now`: the snippet before and behind the change, None where there is none.
    """
    from tomlkit.exceptions import TOMLKitError

    data = _bytes(path) if path.exists() else b""
    try:
        before = data.decode("utf-8-sig")
        known = tomllib.loads(before)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        problem = next(iter(_Reader(path, data).problems), None)
        why = str(error) if problem is None else f"line {problem.line}: {problem.what}"
        raise _unusable(path, why) from error
    try:
        after = change(before)
        left = tomllib.loads(after)
    except (tomllib.TOMLDecodeError, TOMLKitError, RecursionError) as error:
        raise _unusable(path, f"the change cannot be written ({error})") from error
    if was is not None:
        known.pop(was.name)
    found = None if now is None else _snippets(after).get(now.name)
    if now is not None:
        left.pop(now.name, None)
    lost = snippet_edits.comments(before) - snippet_edits.comments(after)
    own = snippet_edits.comments(
        "" if was is None or now is not None else snippet_edits.block(before, was.name)
    )
    if left != known or _said(found) != _said(now) or lost - own:
        raise _unusable(path, "the change would not leave the rest of it as it is")
    return after


def _said(snippet: Snippet | None) -> object:
    """What of a snippet is written."""
    return snippet and (snippet.text, snippet.keyboard, snippet.platforms)


def _unusable(path: Path, why: str) -> InboxError:
    return UsageError(
        f"{path.name} cannot be changed from here: {why}", "Correct it in an editor; nothing was written"
    )


def _snippets(text: str) -> Mapping[str, Snippet]:
    return _Reader(Path(), text.encode()).snippets


def _unchanged(text: str, was: Snippet) -> None:
    """Raise Refused where a snippet is not in the file as the person has seen it."""
    if _said(_snippets(text).get(was.name)) != _said(was):
        raise Refused(
            f"The snippet {was.name} was changed or taken out meanwhile", "Leave, and open it once more"
        )
