"""`doctor`: looks at everything that has to be right, one line each, and with `--repair` puts files right.

Without `--repair` nothing is changed. Every check works for itself: one that cannot be made says why.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from inbox_tui import __version__
from inbox_tui.cli import engine, repairs, stored, terminal
from inbox_tui.cli.findings import Finding, Level, note, ok, print_finding, problem
from inbox_tui.config import Settings
from inbox_tui.core.errors import InboxError, NetworkError, NotAuthorised, UsageError
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.sizes import file_size
from inbox_tui.core.text import sentence
from inbox_tui.store import health
from inbox_tui.store.db import file_fault

LEAST_SQLITE = (3, 35, 0)
"""The first with RETURNING."""
LEAST_FREE, LITTLE_FREE = 50 * 2**20, 500 * 2**20
"""Bytes of free space below which a sync may fail, or soon will."""
CLOCK_OFFSET_MS, WRONG_CLOCK_MS = 5_000, 300_000
"""From where a clock that differs from the server's is worth a word, and from where it is wrong."""

Check = Callable[[Settings], Iterator[Finding]]


def doctor(settings: Settings, faults: Sequence[UsageError], *, repair: bool, as_json: bool) -> int:
    """Print what every check finds; returns 1 where one of it is a PROBLEM, else 0.

    `faults`: what could not be understood in the settings; their defaults stand in `settings`.
    """
    problems = 0
    for finding in _findings(settings, faults, repair=repair):
        print_finding(finding, as_json=as_json)
        problems += finding.level is Level.PROBLEM
    return 1 if problems else 0


def _findings(settings: Settings, faults: Sequence[UsageError], *, repair: bool) -> Iterator[Finding]:
    if repair and faults:
        # Nobody has said that the folder of the defaults is the one that is meant.
        yield note("repair", "nothing was repaired: the settings cannot be understood (see below)")
        repair = False
    if repair:
        yield from guarded("repair", repairs.repair, settings)

    checks: tuple[tuple[str, Check], ...] = (
        ("program", _program),
        ("terminal", lambda _: terminal.check(os.environ)),
        ("settings", lambda settings: _settings(settings, faults)),
        ("key", _key),
        ("folder", _folder),
        ("files", lambda settings: stored.check(settings.folder, thorough=repair)),
        ("engine", engine.check),
        ("API", lambda settings: _api(settings, faults)),
    )
    for name, check in checks:
        yield from guarded(name, check, settings)


def guarded(name: str, check: Check, settings: Settings) -> Iterator[Finding]:
    """The findings of a check; what stops it becomes a finding too."""
    try:
        yield from check(settings)
    except InboxError as error:
        yield problem(name, error.title, error.hint)
    except sqlite3.Error as error:
        fault = file_fault(error, "A file of the account")
        title, hint = (fault.title, fault.hint) if fault else (f"SQLite says: {error}", "")
        yield problem(name, title, hint)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        yield problem(name, f"{error.strerror or error}{where}", "Look at that file, its folder and its disk")


def _program(_: Settings) -> Iterator[Finding]:
    parts = [f"inbox-tui {__version__}", f"Python {platform.python_version()}"]
    missing = []
    for package in ("textual", "httpx"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    words = f"{', '.join(parts)}, SQLite {sqlite3.sqlite_version} on {platform.system()} {platform.machine()}"
    if missing:
        yield problem("program", f"{words}; {' and '.join(missing)} is missing", "Install inbox-tui again")
    elif sqlite3.sqlite_version_info < LEAST_SQLITE:
        least = ".".join(map(str, LEAST_SQLITE))
        yield problem("program", words, f"SQLite {least} or newer is needed: use a newer Python")
    else:
        yield ok("program", words)


def _settings(settings: Settings, faults: Sequence[UsageError]) -> Iterator[Finding]:
    file = settings.config_file
    for fault in faults:
        yield problem(
            "configuration", fault.title, f"{sentence(fault.hint)} Everything below goes by the default"
        )
    from inbox_tui.ui.keymap import changed

    keymap = changed(settings.keys, settings.config_file)
    wrongs = sorted([*settings.problems, *keymap.problems], key=lambda each: each.line or 0)
    for wrong in wrongs:
        instead = "The value of the last file without mistakes is used, else the default"
        advice = f"{sentence(wrong.expected)} {instead}"
        yield problem("configuration", f"{wrong.what} (line {wrong.line} of {file})", advice)
    if not faults and not wrongs:
        yield ok("configuration", f"{file} is used" if file.exists() else f"no {file}: defaults are used")
    for odd in settings.unknown:
        yield note("configuration", f"{odd.what} (line {odd.line} of {file})", odd.expected)
    yield from _snippets(settings)
    yield from _theme(settings)
    address = "INBOX_TUI_API_URL" if os.environ.get("INBOX_TUI_API_URL") else "configuration or default"
    home = os.environ.get("INBOX_TUI_HOME")
    whose = f"account {settings.account}, API {settings.api_url} (from {address})"
    if settings.demo:
        whose = "the demo, with a server and a key of its own"
    yield ok(
        "settings",
        f"{whose}, "
        f"{settings.history_messages} messages of history a chat, theme {settings.theme or 'default'}, "
        f"folder {settings.folder.path}{' (INBOX_TUI_HOME)' if home else ''}, log {settings.log_file}",
    )


def _snippets(settings: Settings) -> Iterator[Finding]:
    from inbox_tui.config.snippets import SnippetFile

    file = settings.snippets_file
    reading = SnippetFile(file).read()
    for wrong in reading.problems:
        line = "" if wrong.line is None else f"line {wrong.line} of "
        yield problem(
            "snippets", f"{wrong.what} ({line}{file})", f"{sentence(wrong.expected)} The rest is used"
        )
    if file.exists() and not reading.problems:
        yield ok("snippets", f"{len(reading.snippets)} in {file}")


def _theme(settings: Settings) -> Iterator[Finding]:
    if settings.theme is None:
        return
    from inbox_tui.ui.themes import names

    known = names()
    if settings.theme not in known:
        yield note(
            "theme",
            f"there is no theme {settings.theme!r}, so the default is used",
            f"Choose one of {', '.join(known)}",
        )


def _key(settings: Settings) -> Iterator[Finding]:
    if settings.demo:
        yield ok("key", "the demo needs none of yours")
        return
    in_environment = bool(os.environ.get("POSTPROXY_API_KEY", "").strip())
    file = settings.key_file
    mode = f"{stat.S_IMODE(file.stat().st_mode):04o}" if file.exists() else None
    try:
        key = settings.api_key()
    except UsageError as error:
        yield problem("key", f"{error.title} (mode {mode})", error.hint)
        return
    if key is None:
        found = f"{file} is empty" if mode else f"neither POSTPROXY_API_KEY nor {file} is there"
        yield note("key", found, "Set POSTPROXY_API_KEY, or try `inbox-tui demo`, which needs none")
    elif in_environment and mode:
        yield note("key", f"taken from POSTPROXY_API_KEY; {file} (mode {mode}) is not used", "")
    else:
        yield ok("key", "taken from POSTPROXY_API_KEY" if in_environment else f"from {file}, mode {mode}")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.folder
    there = next(path for path in (folder.path, *folder.path.parents) if path.exists())
    free = shutil.disk_usage(there).free
    words = f"{file_size(free)} free on the disk of {there}"
    if free < LEAST_FREE:
        yield problem("disk", words, "Free some space: a sync and a draft may not be kept")
    elif free < LITTLE_FREE:
        yield note("disk", words, "Free some space soon")
    else:
        yield ok("disk", words)
    if there != folder.path:
        yield note("folder", f"{folder.path} is not there yet", "It is made at the first start")
        return
    if not os.access(folder.path, os.W_OK | os.X_OK):
        yield problem("folder", f"{folder.path} is read-only", "Make it writable, or set INBOX_TUI_HOME")
    wrong = health.open_modes(folder)
    for entry in wrong:
        yield problem(
            "folder",
            f"{entry.path} may be used by others (mode {entry.mode:04o}, should be {entry.wanted:04o})",
            "Run `inbox-tui doctor --repair`",
        )
    if not wrong:
        yield ok("folder", "only you can read and write what is in it")
    aside = health.kept_aside(folder)
    if aside:
        total = file_size(sum(path.stat().st_size for path in aside))
        names = ", ".join(path.name for path in aside[-stored.MOST_NAMED :])
        yield note("backups", f"{len(aside)} ({total}): {names}", "Remove what you do not need any more")
    else:
        yield ok("backups", "none")


def _api(settings: Settings, faults: Sequence[UsageError]) -> Iterator[Finding]:
    if faults:
        # The address may be among what could not be understood, and no other may be shown the key.
        yield note("API", "not asked: the settings cannot be understood (see above)")
        return
    if settings.demo:
        yield note("API", "not asked: the demo's server answers only while `inbox-tui demo` is open")
        return
    try:
        key = settings.api_key()
    except UsageError:
        yield note("API", "not asked: the key cannot be used (see above)")
        return
    if key is None:
        yield note("API", f"{settings.api_url} was not asked: no API key is set")
        return
    from inbox_tui.api.client import Client

    with Client(settings.api_url, key, retries=False) as client:
        started = time.perf_counter()
        try:
            page = client.list_profiles()
        except NotAuthorised as error:
            yield problem("API", f"{settings.api_url} does not accept the key: {error.title}", error.hint)
        except NetworkError as error:
            yield problem("API", f"{settings.api_url} was not reached: {error.title}", error.hint)
        except InboxError as error:
            yield problem("API", f"{settings.api_url}: {error.title}", error.hint)
        else:
            taken = round((time.perf_counter() - started) * 1000)
            unread = f", {len(page.rejected)} more that cannot be read" if page.rejected else ""
            yield ok(
                "API",
                f"{settings.api_url} answered in {taken} ms, the key is accepted, "
                f"{len(page.items)} profiles{unread}",
            )
        yield _clock(client.transport.clock_offset_ms)


def _clock(offset: Milliseconds | None) -> Finding:
    here = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if offset is None:
        return note("clock", f"{here} here; the server did not tell its time")
    way = "behind" if offset > 0 else "ahead of"
    words = f"{here} here, {abs(offset) / 1000:.1f} s {way} the server"
    advice = "Set this machine's clock: reply windows are counted by server time"
    if abs(offset) > WRONG_CLOCK_MS:
        return problem("clock", words, advice)
    if abs(offset) > CLOCK_OFFSET_MS:
        return note("clock", words, advice)
    return ok("clock", words)
