"""Opening the two files: pragmas, writers, readers, migrations, and what to do with a broken file.

Each process has one writing connection per file and never one transaction over both. Readers are
read-only connections with the other file attached.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.core.errors import StoreError

CACHE_VERSION = 1
LOCAL_VERSION = 1
BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one (API URL, account): its files and the account's name in every intention."""

    path: Path
    account: str

    @property
    def cache(self) -> Path:
        """What the API said; it can be thrown away and rebuilt."""
        return self.path / "cache.db"

    @property
    def local(self) -> Path:
        """What lives nowhere else: drafts, outbox, marks."""
        return self.path / "local.db"

    @property
    def lock(self) -> Path:
        """Held by the engine of this account while it runs."""
        return self.path / "engine.lock"

    @property
    def looks(self) -> Path:
        """One empty file per profile; its time of change is the last look that succeeded."""
        return self.path / "looks"


def now_ms() -> int:
    """The time of this machine's clock, in milliseconds."""
    return time.time_ns() // 1_000_000


def _version(path: Path) -> int:
    """`user_version` of a file, 0 where there is none. Raises sqlite3.DatabaseError on a broken file."""
    if not path.exists():
        return 0
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.close()
    return int(version)


def prepare(folder: Folder) -> list[str]:
    """Make the folder and both files ready to open, migrating them where they are behind.

    Returns sentences for the person, usually none: a broken or newer `cache.db` is moved aside and
    built anew. Raises StoreError where `local.db` is broken or newer, or a file cannot be written.
    """
    notices: list[str] = []
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.looks.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {folder.path} cannot be made: {error.strerror}",
            "Free some space, correct its permissions, or set INBOX_TUI_HOME to another folder",
        ) from error
    try:
        local_version = _version(folder.local)
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{folder.local} cannot be read: {error}",
            "It holds your drafts and marks, so it is left as it is; move it away to start without them",
        ) from error
    if local_version > LOCAL_VERSION:
        raise StoreError(
            f"{folder.local} was written by a newer version of inbox-tui",
            "Update this program; nothing was changed",
        )
    try:
        cache_version = _version(folder.cache)
        problem = "was written by a newer version" if cache_version > CACHE_VERSION else ""
    except sqlite3.DatabaseError as error:
        problem, cache_version = f"cannot be read ({error})", 0
    if problem:
        aside = move_aside(folder)
        notices.append(f"The cache {problem}. It was moved to {aside.name} and is being rebuilt.")
        cache_version = 0
    if cache_version < CACHE_VERSION or local_version < LOCAL_VERSION:
        _migrate(folder, local_version)
    return notices


def move_aside(folder: Folder) -> Path:
    """Move `cache.db` and its side files away under a new name; nothing is overwritten."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = folder.cache.with_name(f"cache-{stamp}.db")
    count = 1
    while aside.exists():
        count += 1
        aside = folder.cache.with_name(f"cache-{stamp}-{count}.db")
    for suffix in ("", "-wal", "-shm"):
        source = Path(f"{folder.cache}{suffix}")
        if source.exists():
            source.rename(f"{aside}{suffix}")
    return aside


def _migrate(folder: Folder, local_version: int) -> None:
    """Bring both files up to date, one process at a time."""
    from filelock import FileLock
    from sqlite_utils import Database

    from inbox_tui.store import schema

    with FileLock(folder.path / "migrate.lock", timeout=60):
        if 0 < local_version < LOCAL_VERSION:
            _back_up(folder.local, folder.path / f"local-before-{LOCAL_VERSION}.db")
        for path, migrations, version in (
            (folder.cache, schema.cache, CACHE_VERSION),
            (folder.local, schema.local, LOCAL_VERSION),
        ):
            try:
                _create_private(path)
                connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                    migrations.apply(Database(connection))
                    connection.execute(f"PRAGMA user_version = {version}")
                finally:
                    connection.close()
            except (OSError, sqlite3.OperationalError) as error:
                raise StoreError(
                    f"{path} cannot be written: {error}",
                    "Free some space or correct its permissions; nothing was lost",
                ) from error


def _back_up(source: Path, target: Path) -> None:
    _create_private(target)
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _create_private(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def open_writer(path: Path, *, full: bool) -> sqlite3.Connection:
    """The one writing connection of a process to a file; `full`: every commit reaches the disk."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def open_reader(folder: Folder) -> sqlite3.Connection:
    """A read-only connection to `cache.db` with `local.db` attached as `local`."""
    connection = sqlite3.connect(
        f"{folder.cache.as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("ATTACH ? AS local", (f"{folder.local.as_uri()}?mode=ro",))
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[int]:
    """One immediate transaction that raises the file's `rev`; yields the new number.

    A transaction in which nothing was changed besides `rev` is rolled back, so that a look that
    found nothing writes nothing.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'rev'")
        (rev,) = connection.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
        before = connection.total_changes
        yield rev
        if connection.total_changes == before:
            connection.execute("ROLLBACK")
        else:
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class Changes:
    """Notices another connection's commits: polls `data_version` of both files.

    An attached file does not move the number of a connection, hence one connection to each.
    """

    def __init__(self, folder: Folder) -> None:
        self._connections = [
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
            for path in (folder.cache, folder.local)
        ]
        self._versions = self._read()

    def _read(self) -> list[int]:
        return [int(c.execute("PRAGMA data_version").fetchone()[0]) for c in self._connections]

    def poll(self) -> bool:
        """Whether anything was committed to either file since the last poll."""
        versions = self._read()
        changed = versions != self._versions
        self._versions = versions
        return changed

    def close(self) -> None:
        """Close both connections."""
        for connection in self._connections:
            connection.close()
