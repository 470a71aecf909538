"""Where things are and what the person has set: environment, then `config.toml`, then defaults.

INBOX_TUI_HOME      one folder for configuration, data, logs and state (default: the platform's own)
INBOX_TUI_API_URL   scheme and host of the API, without /api (default: the public API)
POSTPROXY_API_KEY   the API key; else the file `key` (mode 0600) of the account's data folder
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from inbox_tui.core.errors import UsageError
from inbox_tui.store.db import Folder

PUBLIC_API = "https://api.postproxy.dev"
HISTORY_MESSAGES = 200

T = TypeVar("T")
U = TypeVar("U")


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
    theme: str | None = None
    history_messages: int = HISTORY_MESSAGES
    """How many messages of each chat a first sync fetches; `sync --full` fetches all."""
    unknown: tuple[str, ...] = ()
    """Names in `config.toml` that mean nothing here, with their lines."""

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
        """The API key, or None where none is set.

        Raises UsageError for a key file that others can read, or that cannot be read.
        """
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
    """Read the settings. Raises UsageError with file and line where they cannot be understood.

    With `faults` what cannot be understood in the file or the environment is put there instead, and the
    default is used: `doctor` has to work when nothing else does.
    """
    environment = os.environ if environment is None else environment
    home = environment.get("INBOX_TUI_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        data, state, config = root / "data", root / "state", root / "config"
    else:
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("inbox-tui", appauthor=False)
        data, state, config = dirs.user_data_path, dirs.user_state_path, dirs.user_config_path
    file = _File(config / "config.toml", faults)
    url = environment.get("INBOX_TUI_API_URL")
    return Settings(
        api_url=file.usable(_api_url, url) if url else file.get("api_url", _api_url, PUBLIC_API),
        account=_account(account) if account else file.get("account", _account, "main"),
        data=data,
        state=state,
        config=config,
        demo=demo,
        theme=file.get("theme", _text, None),
        history_messages=file.get("history_messages", _count, HISTORY_MESSAGES),
        unknown=file.unknown(),
    )


class _File:
    """`config.toml`: every setting is asked for by its name; what nobody asked for is unknown."""

    def __init__(self, path: Path, faults: list[UsageError] | None) -> None:
        self._path = path
        self._faults = faults
        self._asked: set[str] = set()
        self._text = ""
        self._values: Mapping[str, object] = {}
        try:
            self._text = path.read_bytes().decode("utf-8")
            self._values = tomllib.loads(self._text)
        except FileNotFoundError:
            pass
        except tomllib.TOMLDecodeError as error:
            self._wrong(
                f"{path} cannot be understood: {error}", "Correct that line or remove the file", error
            )
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            words = f"{path} cannot be understood: line {line} is not UTF-8 text"
            self._wrong(words, "Correct that line or remove the file", error)
        except OSError as error:
            words = f"{path} cannot be read: {error.strerror or error}"
            self._wrong(words, "Correct its permissions and those of its folder", error)

    def _wrong(self, title: str, hint: str, cause: Exception) -> None:
        error = UsageError(title, hint)
        if self._faults is None:
            raise error from cause
        self._faults.append(error)

    def get(self, name: str, check: Callable[[object], T], default: U) -> T | U:
        """A setting that `check` accepts; the default where it is not set, or is to be passed over."""
        self._asked.add(name)
        if name not in self._values:
            return default
        try:
            return check(self._values[name])
        except UsageError as error:
            where = (
                f" of {self._path}"
                if (line := self._line(name)) is None
                else f", line {line} of {self._path}"
            )
            self._wrong(f"{name}{where}: {error.title}", error.hint, error)
            return default

    def usable(self, check: Callable[[object], str], value: str) -> str:
        """A value of the environment that `check` accepts; the public API where it is passed over."""
        try:
            return check(value)
        except UsageError as error:
            self._wrong(error.title, error.hint, error)
            return PUBLIC_API

    def unknown(self) -> tuple[str, ...]:
        """The names of settings that this program does not know, each with its line."""
        names = [name for name in self._values if name not in self._asked]
        lines = [(name, self._line(name)) for name in names]
        return tuple(name if line is None else f"{name} (line {line})" for name, line in lines)

    def _line(self, name: str) -> int | None:
        """The line on which a setting of the first level stands, where it can be told."""
        found = re.search(rf"(?m)^[ \t]*\[?[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*[=.\]]", self._text)
        return None if found is None else self._text.count("\n", 0, found.start()) + 1


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no text", "Give a text in quotes")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{value!r} cannot be used", "Give a whole number from 1")
    return value


def _account(value: object) -> str:
    name = _text(value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(
            f"The account name {name!r} cannot be a folder name", "Use letters, digits, dot, dash, underscore"
        )
    return name


def _api_url(value: object) -> str:
    url = _text(value)
    try:
        parts = urlsplit(url.rstrip("/"))
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    path = parts.path.removesuffix("/api")
    if parts.scheme not in ("http", "https") or not host or path or parts.query or parts.username:
        raise UsageError(
            f"The API address {url!r} cannot be used", f"Give scheme and host only, for example {PUBLIC_API}"
        )
    return f"{parts.scheme}://{parts.netloc}"
