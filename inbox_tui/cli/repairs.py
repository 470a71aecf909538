"""`doctor --repair`: puts the files of an account right and says what it did, line by line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from inbox_tui.cli.findings import Finding, note, ok, problem
from inbox_tui.config import Settings
from inbox_tui.core.errors import StoreError
from inbox_tui.store import health
from inbox_tui.store import repair as store
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.health import FileHealth, FileState
from inbox_tui.store.kept_files import kept_files, put_right
from inbox_tui.store.writer import Writer


def running(folder: Folder) -> bool:
    """Whether an engine runs for the account. Raises OSError where its lock cannot be looked at."""
    from inbox_tui.sync import engine

    return engine.running(folder)


def repair(settings: Settings) -> Iterator[Finding]:
    """Modes first, then the files themselves, then what is derived in them, then their logs."""
    folder = settings.folder
    if not folder.path.is_dir():
        yield ok("repair", "nothing is there yet that could be repaired")
        return
    done = 0
    modes = health.open_modes(folder)
    if modes:
        store.correct_modes(modes)
        done += 1
        yield ok("repair", f"others can no longer use {', '.join(entry.path.name for entry in modes)}")
    cache, local = health.check_files(folder, thorough=True)
    damaged = [file for file in (local, cache) if file.state is FileState.DAMAGED]
    if damaged:
        sound = True
        for finding in _repair_damaged(folder, damaged):
            sound = sound and finding.level == "ok"
            done += 1
            yield finding
        if not sound:
            return
    for file in (cache, local):
        if file.state is FileState.UNREADABLE:
            yield problem("repair", f"{file.path.name} cannot be looked into: {'; '.join(file.complaints)}")
            return
    for sentence in prepare(folder):
        done += 1
        yield ok("repair", sentence)
    for finding in (*_recompute(folder), *_index(folder), *_files(folder)):
        done += 1
        yield finding
    if not done:
        yield ok("repair", "nothing had to be repaired")


def _repair_damaged(folder: Folder, damaged: list[FileHealth]) -> Iterator[Finding]:
    """Mend `local.db`, move the cache aside; both only while no engine runs."""
    names = " and ".join(file.path.name for file in damaged)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(FileLock(folder.lock, timeout=0))
        except Timeout:
            numbers = ", ".join(str(number) for number in health.holders(folder.lock) or ())
            yield problem(
                "repair",
                f"{names} is damaged, and an engine is running{f' (process {numbers})' if numbers else ''}",
                "Close every inbox-tui of this account, end `inbox-tui sync`, and repair again; "
                "nothing was changed",
            )
            return
        for file in damaged:
            try:
                yield _rescue(folder) if file.path == folder.local else _set_aside(folder)
            except StoreError as error:
                yield problem("repair", error.title, error.hint)


def _rescue(folder: Folder) -> Finding:
    rescue = store.rescue_local(folder)
    rows = rescue.rows
    held = f"{rows['drafts']} drafts, {rows['outbox']} outbox items, {rows['marks']} marks"
    words = f"local.db was damaged: a new one with {held} reads back whole and has taken its place"
    if rescue.whole:
        return ok("repair", f"{words}; nothing is missing. The old one is kept as {rescue.copy.name}")
    return ok(
        "repair",
        f"{words}. Some of the old one could not be read, so drafts, outbox items or marks may be missing: "
        f"it is kept as {rescue.copy.name}",
    )


def _set_aside(folder: Folder) -> Finding:
    aside = store.set_cache_aside(folder)
    return ok(
        "repair",
        f"cache.db was damaged: it is kept as {aside.name}, and a new one is filled by the next sync. "
        "Drafts, outbox and marks are not in it",
    )


def _recompute(folder: Folder) -> Iterator[Finding]:
    stale = health.stale(folder)
    with Writer(folder) as writer:
        if stale.chats or stale.counters:
            store.recompute(writer, stale)
            yield ok(
                "repair",
                f"{len(stale.chats)} of {stale.looked_at} chats and {len(stale.counters)} numbers recomputed",
            )
        for path, connection in ((folder.cache, writer.cache), (folder.local, writer.local)):
            log = path.with_name(f"{path.name}-wal")
            size = log.stat().st_size if log.exists() else 0
            if not size:
                continue
            if store.write_log_back(connection):
                yield ok("repair", f"the log of {path.name} ({size} bytes) was written back into it")
            else:
                yield note(
                    "repair",
                    f"the log of {path.name} is in use and was left",
                    "Close every inbox-tui and repair again if it stays large",
                )


def _index(folder: Folder) -> Iterator[Finding]:
    """Make the search index anew where it differs from the messages, and finish one that is being made."""
    found = health.check_index(folder)
    if not (found.wrong or found.missing):
        return
    with Writer(folder) as writer:
        count = store.reindex(writer, anew=bool(found.wrong))
    yield ok("repair", f"{count} messages and names were put into the search index")


def _files(folder: Folder) -> Iterator[Finding]:
    """Forget files that are missing and remove what belongs to nothing; only while no engine runs."""
    found = kept_files(folder)
    if not (found.lost or found.orphans):
        return
    try:
        with FileLock(folder.lock, timeout=0), Writer(folder) as writer:
            count = put_right(writer)
    except Timeout:
        yield note(
            "repair", "the files are in use by an engine and were left", "It removes them at its start"
        )
        return
    yield ok("repair", f"{count} files that were missing or belonged to nothing were forgotten or removed")
