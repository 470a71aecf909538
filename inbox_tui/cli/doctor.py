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
from inbox_tui.cli import engine, repairs, terminal
from inbox_tui.cli.findings import Finding, Level, note, ok, print_finding, problem
from inbox_tui.config import Settings
from inbox_tui.core.cells import preview
from inbox_tui.core.errors import InboxError, NetworkError, NotAuthorised, UsageError
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.text import sentence
from inbox_tui.store import health
from inbox_tui.store.db import Folder, file_fault, now_ms
from inbox_tui.store.health import FileHealth, FileState
from inbox_tui.store.kept_files import kept_files
from inbox_tui.store.media import CAP_BYTES
from inbox_tui.sync.sending import alive

LEAST_SQLITE = (3, 35, 0)
"""The first with RETURNING."""
LEAST_FREE, LITTLE_FREE = 50 * 2**20, 500 * 2**20
"""Bytes of free space below which a sync may fail, or soon will."""
LARGE_LOG = 64 * 2**20
CLOCK_OFFSET_MS, WRONG_CLOCK_MS = 5_000, 300_000
"""From where a clock that differs from the server's is worth a word, and from where it is wrong."""
NEWEST_CHATS = 2_000
"""Chats whose derived columns are recomputed for comparison; `--repair` takes all."""
NEWEST_MESSAGES = 2_000
"""Messages that are looked up in the search index by their own words; `--repair` compares all."""
MOST_NAMED = 5

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

    def files(settings: Settings) -> Iterator[Finding]:
        return _files(settings.folder, thorough=repair)

    checks: tuple[tuple[str, Check], ...] = (
        ("program", _program),
        ("terminal", lambda _: terminal.check(os.environ)),
        ("settings", lambda settings: _settings(settings, faults)),
        ("key", _key),
        ("folder", _folder),
        ("files", files),
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
    yield ok(
        "settings",
        f"account {settings.account}, API {settings.api_url} (from {address}), "
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
    words = f"{_size(free)} free on the disk of {there}"
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
        total = _size(sum(path.stat().st_size for path in aside))
        names = ", ".join(path.name for path in aside[-MOST_NAMED:])
        yield note("backups", f"{len(aside)} ({total}): {names}", "Remove what you do not need any more")
    else:
        yield ok("backups", "none")


def _size(count: int) -> str:
    """A number of bytes in a few characters."""
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _files(folder: Folder, *, thorough: bool) -> Iterator[Finding]:
    if not folder.path.is_dir():
        return
    files = health.check_files(folder, thorough=thorough)
    for name, file in zip(("cache", "local"), files, strict=True):
        yield _file(name, file, thorough=thorough)
    if all(file.state is FileState.WELL for file in files):
        yield from _contents(folder)
        yield from _kept_files(folder)
        yield from _derived(folder, None if thorough else NEWEST_CHATS)
        yield _index(folder, None if thorough else NEWEST_MESSAGES)


def _file(name: str, file: FileHealth, *, thorough: bool) -> Finding:
    words = f"{file.path.name}, version {file.version}, {_size(file.size)}, log {_size(file.log_size)}"
    said = "; ".join(file.complaints[:MOST_NAMED])
    if file.state is FileState.MISSING:
        return note(name, f"{file.path.name} is not there", "It is made at the next start")
    if file.state is FileState.NEWER:
        consequence = "It is refused" if name == "local" else "It is moved aside and rebuilt"
        return problem(name, f"{words}: written by a newer inbox-tui", f"Update this program. {consequence}")
    if file.state is FileState.DAMAGED:
        hope = "rebuilds it from the API" if name == "cache" else "saves what can be read, and keeps the old"
        return problem(name, f"{words}: damaged ({said})", f"`inbox-tui doctor --repair` {hope}")
    if file.state is FileState.UNREADABLE:
        return problem(name, f"{words}: {said}")
    if file.read_only:
        return problem(name, f"{words}: read-only", "Make the file, its folder and its disk writable")
    if file.state is FileState.BEHIND:
        return note(name, f"{words}: of an earlier version", "It is brought up to date at the next start")
    if file.log_size > LARGE_LOG:
        return note(name, f"{words}: the log is large", "`inbox-tui doctor --repair` writes it back")
    return ok(name, f"{words}, {'integrity' if thorough else 'quick'} check passed")


def _contents(folder: Folder) -> Iterator[Finding]:
    held = health.contents(folder)
    now = now_ms()
    read = "never" if held.newest_read_at is None else engine.ago(now, held.newest_read_at)
    yield ok(
        "cached",
        f"{held.profiles} profiles, {held.chats} chats ({held.unread_chats} not read to their newest page), "
        f"{held.messages} messages; a page of messages last brought something: {read}",
    )
    counts = [
        f"{kept.count} {kept.state}"
        + ("" if kept.state in ("settled", "discarded") else f" (oldest {engine.ago(now, kept.oldest)})")
        for kept in held.outbox
    ]
    yield ok("unsent", f"{held.drafts} drafts; outbox: {', '.join(counts) or 'empty'}")
    for item in (*held.uncertain, *held.failed):
        text = preview(item.text)[:60] or "a file"
        written = engine.ago(now, item.created_at)
        yield note(
            "outbox",
            f"{item.state} {item.key[:8]} to chat {item.chat_id}, written {written}: “{text}”. {item.title}",
            item.hint,
        )
    open_now = [str(number) for number in held.screens if alive(number)]
    count = len(open_now)
    yield ok("screens", f"{count} open: process {', '.join(open_now)}" if count else "none is open")
    if held.quarantined:
        reasons = " | ".join(held.reasons)
        yield note("quarantine", f"{held.quarantined} records could not be read, the newest: {reasons}")
    else:
        yield ok("quarantine", "every record could be read")


def _kept_files(folder: Folder) -> Iterator[Finding]:
    kept = kept_files(folder)
    words = (
        f"{kept.media.files} of messages ({_size(kept.media.bytes)} of at most {_size(CAP_BYTES)}), "
        f"{kept.spool.files} waiting to be sent ({_size(kept.spool.bytes)})"
    )
    if kept.unsent:
        names = ", ".join(kept.unsent[:MOST_NAMED])
        yield problem(
            "files",
            f"{words}; the copies of {len(kept.unsent)} unsent files are gone: {names}",
            "Discard these messages and attach the files again",
        )
    elif kept.lost or kept.orphans:
        yield note(
            "files",
            f"{words}; {len(kept.lost)} are missing, {kept.orphans} belong to nothing",
            "`inbox-tui doctor --repair` forgets and removes them; what is wanted again is fetched again",
        )
    else:
        yield ok("files", words)


def _derived(folder: Folder, newest: int | None) -> Iterator[Finding]:
    found = health.stale(folder, newest)
    if found.chats and repairs.running(folder):
        # What a running engine was about to recompute is right at the second look.
        time.sleep(1)
        again = health.stale(folder, newest)
        found = health.Stale(
            tuple(sorted(set(found.chats) & set(again.chats))), again.looked_at, again.counters
        )
    if found.chats or found.counters:
        numbers = ", ".join(f"{name} {kept} for {real}" for name, (kept, real) in found.counters.items())
        yield problem(
            "derived",
            f"{len(found.chats)} of {found.looked_at} chats show other than what their messages say "
            f"({', '.join(found.chats[:MOST_NAMED]) or 'none'}); wrong numbers: {numbers or 'none'}",
            "`inbox-tui doctor --repair` recomputes them",
        )
    else:
        yield ok("derived", f"what the list shows of {found.looked_at} chats is what their messages say")


def _index(folder: Folder, newest: int | None) -> Finding:
    found = health.check_index(folder, newest)
    left = f"; {found.missing} rows are not in it yet" if found.missing else ""
    if found.wrong:
        return problem(
            "search",
            f"{found.wrong} of {found.looked_at} messages are not found by their words{left}",
            "`inbox-tui doctor --repair` makes the index anew",
        )
    words = f"{found.looked_at} messages are found by their words{left}"
    if found.missing:
        return note("search", words, "The next sync indexes them, or `inbox-tui doctor --repair`")
    return ok("search", words)


def _api(settings: Settings, faults: Sequence[UsageError]) -> Iterator[Finding]:
    if faults:
        # The address may be among what could not be understood, and no other may be shown the key.
        yield note("API", "not asked: the settings cannot be understood (see above)")
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
