"""Where things are and what the person has set: environment, then `config.toml`, then defaults.

INBOX_TUI_HOME      one folder for configuration, data, logs and state (default: the platform's own)
INBOX_TUI_API_URL   scheme and host of the API, without /api (default: the public API)
POSTPROXY_API_KEY   the API key; else the file `key` (mode 0600) of the account's data folder

A line of `config.toml` that cannot be used is named (`Settings.problems`) and the rest is read; what the line
is about keeps the value that it had in the last file without a mistake, of which the state folder has a copy.
Only `account` and `api_url` are never guessed: a wrong one could send from the wrong account.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from inbox_tui.config import checks
from inbox_tui.config.checks import PUBLIC_API, Quiet
from inbox_tui.core.errors import UsageError
from inbox_tui.store.db import Folder

if TYPE_CHECKING:
    # Loaded where there is a file to be read.
    from inbox_tui.config.lines import Entry, Lines, Name, Problem

HISTORY_MESSAGES = 200
LAST_GOOD = "config.last-good.toml"
"""The name of the copy in the state folder."""

TABLES = ("views", "keys", "notifications")

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Notifications:
    """What rings, and how: `[notifications]`, each setting by the name of its field."""

    rules: tuple[str, ...] = ("is:needs-reply",)
    """Queries; a new message of a chat that one of them finds is told. None: nothing is."""
    bell: bool = True
    desktop: bool = True
    """A notification of the desktop, where the terminal can (OSC 9, OSC 777)."""
    title: bool = True
    """How many chats need a reply, in the terminal's title."""
    alarm: bool = True
    """Says when a reply window is about to close."""
    quiet: Quiet | None = None
    """`quiet = "22:00-07:00"`."""


@dataclass(frozen=True, slots=True)
class Remap:
    """The keys that the person gives an action in `[keys]`, as written; none: it is to have no key."""

    keys: tuple[str, ...]
    line: int | None
    """None: from the last good file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a part of the program may want to know about its surroundings."""

    api_url: str
    account: str
    data: Path
    state: Path
    config: Path
    demo: bool = False
    """The embedded sandbox: its address changes from run to run, its folder does not."""
    beside_demo: bool = False
    """The demo is another process; its engine carries out what is asked for here; only it has the key."""
    theme: str | None = None
    history_messages: int = HISTORY_MESSAGES
    """How many messages of each chat a first sync fetches; `sync --full` fetches all."""
    seen: str = "dwell"
    """What makes an open chat count as seen (`checks.SEEN`)."""
    automatic_replies: tuple[str, ...] = ()
    """Regular expressions of what machines write, which answers nobody (UX section 2)."""
    views: Mapping[str, str] = field(default_factory=dict)
    """Saved queries by name, in the order of the file."""
    keys: Mapping[str, Remap] = field(default_factory=dict)
    """What `[keys]` says, by action id; what may stand there is checked by `ui.keymap`."""
    notifications: Notifications = Notifications()
    problems: tuple[Problem, ...] = ()
    """Lines that are not used."""
    unknown: tuple[Problem, ...] = ()
    """Names that mean nothing here."""
    source: bytes = field(default=b"", repr=False)
    """What stood in `config.toml`."""

    @property
    def config_file(self) -> Path:
        """Where the settings are read from, whether it is there or not."""
        return self.config / "config.toml"

    @property
    def snippets_file(self) -> Path:
        """Where prepared texts are kept, whether it is there or not."""
        return self.config / "snippets.toml"

    @property
    def folder(self) -> Folder:
        """The files of this API and account."""
        if self.demo:
            return Folder(self.data / "demo", "demo")
        host = urlsplit(self.api_url).netloc.replace(":", "-") or "api"
        return Folder(self.data / f"{host}--{self.account}", f"{self.api_url}#{self.account}")

    @property
    def key_file(self) -> Path:
        """Where a key is kept when it is not in the environment."""
        return self.folder.path / "key"

    @property
    def log_file(self) -> Path:
        """What the background work had to say; never a key."""
        return self.state / "inbox-tui.log"

    def api_key(self, environment: Mapping[str, str] | None = None) -> str | None:
        """The API key, or None where none is set, or it is not ours to use (`beside_demo`).

        Raises UsageError for a key file that others can read, or that cannot be read.
        """
        if self.beside_demo:
            return None
        environment = os.environ if environment is None else environment
        if key := environment.get("POSTPROXY_API_KEY", "").strip():
            return key
        try:
            mode = self.key_file.stat().st_mode
            text = self.key_file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise UsageError(
                f"The key file {self.key_file} cannot be read: {why}",
                "Correct its permissions and those of its folder, or write the key into it again",
            ) from error
        if mode & 0o077:
            raise UsageError(
                f"The key file {self.key_file} can be read by others",
                f"Run: chmod 600 {self.key_file}",
            )
        return text or None


def load(
    account: str | None = None,
    *,
    demo: bool = False,
    environment: Mapping[str, str] | None = None,
    faults: list[UsageError] | None = None,
) -> Settings:
    """Read the settings. Raises UsageError, with file and line, where the account or the API is in doubt.

    With `faults` what is in doubt is put there instead, and the default is used: `doctor` has to work when
    nothing else does. Any other line that cannot be used is in `Settings.problems`.
    """
    environment = os.environ if environment is None else environment
    home = environment.get("INBOX_TUI_HOME")
    if home:
        try:
            root = Path(home).expanduser().absolute()
        except RuntimeError as error:
            raise UsageError(
                f"INBOX_TUI_HOME is {home}, and there is no such home", "Give a path from the root"
            ) from error
        data, state, config = root / "data", root / "state", root / "config"
    else:
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("inbox-tui", appauthor=False)
        data, state, config = dirs.user_data_path, dirs.user_state_path, dirs.user_config_path
    file = _File(config / "config.toml", state / LAST_GOOD, faults)
    url = environment.get("INBOX_TUI_API_URL")
    return Settings(
        api_url=file.certain("api_url", checks.api_url, PUBLIC_API, given=url or None),
        account=file.certain("account", checks.account, "main", given=account or None),
        data=data,
        state=state,
        config=config,
        demo=demo,
        theme=file.get(("theme",), checks.text, None),
        history_messages=file.get(("history_messages",), checks.count, HISTORY_MESSAGES),
        seen=file.get(("seen",), checks.seen, "dwell"),
        automatic_replies=file.get(("automatic_replies",), checks.patterns, ()),
        views=file.views(),
        keys=file.keys(),
        notifications=file.notifications(),
        unknown=file.unknown(),
        problems=file.problems,
        source=file.source,
    )


def keep_good(settings: Settings) -> None:
    """Keep a copy of a file in which everything could be used; the caller knows that the keys could, too.

    Raises OSError where the state folder cannot be written to.
    """
    copy = settings.state / LAST_GOOD
    if settings.problems or not settings.config_file.exists():
        return
    if copy.exists() and copy.read_bytes() == settings.source:
        return
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = copy.with_name(f"{copy.name}.{os.getpid()}")
    part.touch(mode=0o600)
    part.write_bytes(settings.source)
    part.replace(copy)


def last_good_keys(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """The keys that the last good file gave each action, as written there."""
    copy = settings.state / LAST_GOOD
    file = _File(copy, copy, [])
    return {action: remap.keys for action, remap in file.keys().items()}


class _File:
    """`config.toml`: every setting is asked for by its name; what nobody asked for is unknown."""

    def __init__(self, path: Path, last_good: Path, faults: list[UsageError] | None) -> None:
        self._path = path
        self._last_good = last_good
        self._faults = faults
        self._before: Lines | None = None
        self._asked: set[Name] = set()
        self._found: list[Problem] = []
        self._doubted: set[int] = set()
        self.source = b""
        try:
            self.source = path.read_bytes()
        except FileNotFoundError:
            pass
        except OSError as error:
            words = f"{path} cannot be read: {error.strerror or error}"
            self._in_doubt(words, "Correct its permissions and those of its folder", error)
        self._entries: Mapping[Name, Entry] = {}
        self._broken: Mapping[Name, Entry] = {}
        self._misread: tuple[Problem, ...] = ()
        if self.source:
            from inbox_tui.config.lines import read_lines

            lines = read_lines(path, self.source)
            self._entries, self._broken, self._misread = lines.entries, lines.broken, lines.problems

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The lines that could not be used, in their order; without those that were told as a doubt."""
        told = [each for each in self._misread if each.line not in self._doubted]
        return tuple(sorted([*told, *self._found], key=lambda problem: problem.line or 0))

    def _in_doubt(self, title: str, hint: str, cause: Exception | None = None) -> None:
        error = UsageError(title, hint)
        if self._faults is None:
            raise error from cause
        self._faults.append(error)

    def certain(self, name: str, check: Callable[[object], str], default: str, *, given: str | None) -> str:
        """A setting that must not be guessed: `given` (from outside the file), what the file says, or the
        default where it says nothing of it."""
        entry = self._entries.get((name,))
        self._asked.add((name,))
        where = ""
        value: object = given
        if given is None:
            if (line := self._doubtful(name)) is not None:
                self._doubted.add(line)
                words = f"line {line} of {self._path} cannot be understood, and it may be about {name}"
                self._in_doubt(words, "Correct that line or remove it")
                return default
            if entry is None:
                return default
            where, value = f"line {entry.line} of {self._path}: {name}: ", entry.value
        try:
            return check(value)
        except UsageError as error:
            self._in_doubt(f"{where}{error.title}", error.hint, error)
            return default

    def _doubtful(self, name: str) -> int | None:
        """A line that could not be read and may be about a setting that must not be guessed."""
        lines = [line for at, line in self._broken.items() if len(at) <= 1]
        return next((line.line for line in lines if name in str(line.value)), None)

    def get(self, name: Name, check: Callable[[object], T], default: U) -> T | U:
        """A setting that `check` accepts; else its last good value, else the default."""
        self._asked.add(name)
        entry = self._entries.get(name)
        if entry is None and not self._is_broken(name):
            return default
        if entry is not None:
            try:
                return check(entry.value)
            except UsageError as error:
                self._refuse(name, entry.line, error)
        before = self._last.entries.get(name)
        if before is None:
            return default
        try:
            return check(before.value)
        except UsageError:  # kept by another release of the program
            return default

    def _refuse(self, name: Name, line: int, error: UsageError) -> None:
        from inbox_tui.config.lines import Problem

        self._found.append(Problem(self._path, line, f"{'.'.join(name)}: {error.title}", error.hint))

    def _is_broken(self, name: Name) -> bool:
        return any(name[: len(broken)] == broken for broken in self._broken)

    @property
    def _last(self) -> Lines:
        if self._before is None:
            from inbox_tui.config.lines import read_lines

            data = self._last_good.read_bytes() if self._last_good.exists() else b""
            self._before = read_lines(self._last_good, data)
        return self._before

    def _names_in(self, table: str) -> list[str]:
        """Names in a table: those of the file, and of the last good one those that a bad line is about."""
        own = [name[1] for name in self._entries if len(name) == 2 and name[0] == table]
        if any(broken[:1] in ((), (table,)) for broken in self._broken):
            own += [name[1] for name in self._last.entries if len(name) == 2 and name[0] == table]
        return list(dict.fromkeys(own))

    def views(self) -> Mapping[str, str]:
        """Saved queries by name."""
        found: dict[str, str] = {}
        for name in self._names_in("views"):
            query = self.get(("views", name), checks.query, None)
            try:
                shown = checks.view_name(name)
            except UsageError as error:
                entry = self._entries.get(("views", name))
                if entry is not None:
                    self._refuse(("views", name), entry.line, error)
            else:
                if query is not None:
                    found[shown] = query
        return found

    def keys(self) -> Mapping[str, Remap]:
        """What the keys of each action are to be."""
        found = {}
        for name in self._names_in("keys"):
            given = self.get(("keys", name), checks.keys, None)
            if given is not None:
                entry = self._entries.get(("keys", name))
                found[name] = Remap(given, None if entry is None else entry.line)
        return found

    def notifications(self) -> Notifications:
        """What rings, and how."""
        table, default = "notifications", Notifications()
        return Notifications(
            rules=self.get((table, "rules"), checks.queries, default.rules),
            bell=self.get((table, "bell"), checks.switch, default.bell),
            desktop=self.get((table, "desktop"), checks.switch, default.desktop),
            title=self.get((table, "title"), checks.switch, default.title),
            alarm=self.get((table, "alarm"), checks.switch, default.alarm),
            quiet=self.get((table, "quiet"), checks.quiet, default.quiet),
        )

    def unknown(self) -> tuple[Problem, ...]:
        """The names of settings that this program does not know, each with its line."""
        found: list[Problem] = []
        for name, entry in self._entries.items():
            if name not in self._asked:
                if len(name) > 1 and name[0] not in TABLES:
                    expected = checks.unknown(f"[{name[0]}]", [f"[{table}]" for table in TABLES])
                else:
                    within = [known[-1] for known in self._asked if known[:-1] == name[:-1]]
                    expected = checks.unknown(name[-1], within)
                from inbox_tui.config.lines import Problem

                words = f"{'.'.join(name)} means nothing here"
                found.append(Problem(self._path, entry.line, words, expected))
        return tuple(found)
