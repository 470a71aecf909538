"""Where things are and what the person has set: environment, then `config.toml`, then defaults.

INBOX_TUI_HOME      one folder for configuration, data, logs and state (default: the platform's own)
INBOX_TUI_API_URL   scheme and host of the API, without /api (default: the public API)
POSTPROXY_API_KEY   the API key; else the file `key` (mode 0600) of the account's data folder
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from inbox_tui.core.errors import UsageError
from inbox_tui.store.db import Folder

PUBLIC_API = "https://api.postproxy.dev"
HISTORY_MESSAGES = 200


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
        """The API key, or None where none is set. Raises UsageError for a key file that others can read."""
        environment = os.environ if environment is None else environment
        if key := environment.get("POSTPROXY_API_KEY", "").strip():
            return key
        try:
            mode = self.key_file.stat().st_mode
        except FileNotFoundError:
            return None
        if mode & 0o077:
            raise UsageError(
                f"The key file {self.key_file} can be read by others",
                f"Run: chmod 600 {self.key_file}",
            )
        return self.key_file.read_text(encoding="utf-8").strip() or None


def load(
    account: str | None = None, *, demo: bool = False, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings. Raises UsageError with file and line where they cannot be understood."""
    environment = os.environ if environment is None else environment
    home = environment.get("INBOX_TUI_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        data, state, config = root / "data", root / "state", root / "config"
    else:
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("inbox-tui", appauthor=False)
        data, state, config = dirs.user_data_path, dirs.user_state_path, dirs.user_config_path
    values = _read(config / "config.toml")
    name = account or _string(values, "account") or "main"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(
            f"The account name {name!r} cannot be a folder name", "Use letters, digits, dot, dash, underscore"
        )
    url = environment.get("INBOX_TUI_API_URL") or _string(values, "api_url") or PUBLIC_API
    history = values.get("history_messages", HISTORY_MESSAGES)
    if not isinstance(history, int) or isinstance(history, bool) or history < 1:
        raise UsageError(
            f"history_messages in {config / 'config.toml'} is {history!r}", "Give a whole number from 1"
        )
    return Settings(
        api_url=_api_url(url),
        account=name,
        data=data,
        state=state,
        config=config,
        demo=demo,
        theme=_string(values, "theme"),
        history_messages=history,
    )


def _read(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "Correct that line or remove the file") from error


def _string(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    if value is None or isinstance(value, str):
        return value
    raise UsageError(f"{name} in config.toml is {value!r}", "Give a text in quotes")


def _api_url(url: str) -> str:
    parts = urlsplit(url.rstrip("/"))
    path = parts.path.removesuffix("/api")
    if parts.scheme not in ("http", "https") or not parts.hostname or path or parts.query or parts.username:
        raise UsageError(
            f"The API address {url!r} cannot be used", f"Give scheme and host only, for example {PUBLIC_API}"
        )
    return f"{parts.scheme}://{parts.netloc}"
