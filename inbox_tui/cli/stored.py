"""What `inbox-tui doctor` says of the account's two files: whether they are sound, and what is in them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from inbox_tui.cli import engine, repairs
from inbox_tui.cli.findings import Finding, note, ok, problem
from inbox_tui.core.cells import preview
from inbox_tui.core.sizes import file_size
from inbox_tui.store import health
from inbox_tui.store.db import Folder, now_ms
from inbox_tui.store.health import FileHealth, FileState
from inbox_tui.store.kept_files import kept_files
from inbox_tui.store.media import CAP_BYTES
from inbox_tui.sync.sending import alive

LARGE_LOG = 64 * 2**20
"""Bytes from which a write-ahead log is worth a word; SQLite writes it back long before."""
NEWEST_CHATS = 2_000
"""Chats whose derived columns are recomputed for comparison; `--repair` takes all."""
NEWEST_MESSAGES = 2_000
"""Messages that are looked up in the search index by their own words; `--repair` compares all."""
MOST_NAMED = 5
"""Things of a kind that are named; the others are counted."""


def check(folder: Folder, *, thorough: bool) -> Iterator[Finding]:
    """Both files, and what is in them; `thorough` reads all of it, else the newest."""
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
    words = (
        f"{file.path.name}, version {file.version}, {file_size(file.size)}, log {file_size(file.log_size)}"
    )
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
        f"{kept.media.files} of messages ({file_size(kept.media.bytes)} of at most {file_size(CAP_BYTES)}), "
        f"{kept.spool.files} waiting to be sent ({file_size(kept.spool.bytes)})"
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
