"""Opening the two files: pragmas, writers, readers, migrations, and what to do with a broken file.

Each process has one writing connection per file and never one transaction over both. Readers are
read-only connections with the other file attached.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from inbox_tui.core.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils.migrations import Migrations

CACHE_VERSION = 9
LOCAL_VERSION = 8
BUSY_SECONDS = 10.0
CACHE_KIB = 16 * 1024
"""Of a file a writing connection keeps so much in memory. Ids have no order: new ones touch a whole index."""
LOCK_SECONDS = 60.0
"""How long a start waits for another process that is migrating the same folder."""


T = TypeVar("T")


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
        """What lives nowhere else: drafts, the outbox, marks, labels, notes, saved keyboards."""
        return self.path / "local.db"

    @property
    def lock(self) -> Path:
        """A file that the engine of this account holds a lock on while it runs."""
        return self.path / "engine.lock"

    @property
    def looks(self) -> Path:
        """When each profile and each chat was last looked at: files that only `store.looks` knows."""
        return self.path / "looks"

    @property
    def spool(self) -> Path:
        """Copies of files that wait in the outbox, each in a folder of its own (`store.spool`)."""
        return self.path / "spool"

    @property
    def media(self) -> Path:
        """Files of messages that were fetched, each in a folder of its own; they can be fetched again."""
        return self.path / "media"


def now_ms() -> int:
    """The time of this machine's clock, in milliseconds."""
    return time.time_ns() // 1_000_000


def prepare(folder: Folder) -> list[str]:
    """Make the folder and both files ready to open, migrating them where they are behind.

    Returns sentences for the person, usually none: a broken or newer `cache.db` is moved aside and
    built anew. Raises StoreError where `local.db` is broken or newer, or a file cannot be used.
    """
    try:
        for path in (folder.path, folder.looks):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(path, 0o700)
        if _is_current(folder):
            return []
    except OSError as error:
        raise StoreError(
            f"The folder {folder.path} cannot be used: {error.strerror}",
            "Free some space, correct its permissions, or set INBOX_TUI_HOME to another folder",
        ) from error

    from filelock import FileLock, Timeout

    try:
        # Another process may be doing the same: everything is looked at again once the lock is held.
        with FileLock(folder.path / "migrate.lock", timeout=LOCK_SECONDS, mode=0o600):
            return _bring_up_to_date(folder)
    except Timeout as error:
        raise StoreError(
            f"Another inbox-tui has been preparing {folder.path} for over {LOCK_SECONDS:.0f} seconds",
            "Wait until it is through, or end it and start again",
        ) from error
    except (OSError, sqlite3.DatabaseError) as error:
        raise StoreError(
            f"The files in {folder.path} cannot be written: {getattr(error, 'strerror', None) or error}",
            "Free some space, correct the permissions, or end what has them open; nothing was lost",
        ) from error


def _is_current(folder: Folder) -> bool:
    """Whether both files are there, readable and of this version."""
    try:
        versions = [_version(path) for path in (folder.cache, folder.local)]
        for path in (folder.cache, folder.local):
            make_private(path, 0o600)
    except sqlite3.DatabaseError:
        # What is wrong with it is found out, and told, under the lock.
        return False
    return versions == [CACHE_VERSION, LOCAL_VERSION]


def _version(path: Path) -> int:
    """`user_version` of a file, 0 where there is none. Raises sqlite3.DatabaseError on a broken file."""
    if not path.exists():
        return 0
    # Read only, so that closing it does not write the log of a killed process back before the first paint.
    with contextlib.closing(connect_read_only(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(version)


def is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is damaged; one that is busy or may not be read is not."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _bring_up_to_date(folder: Folder) -> list[str]:
    try:
        local_version = _version(folder.local)
    except sqlite3.DatabaseError as error:
        if not is_broken(error):
            raise
        raise StoreError(
            f"{folder.local} cannot be read: {error}",
            "It holds your drafts and marks, so it is left as it is. `inbox-tui doctor --repair` saves what "
            "can be read; or move it away to start without them",
        ) from error
    if local_version > LOCAL_VERSION:
        raise StoreError(
            f"{folder.local} was written by a newer version of inbox-tui",
            "Update this program; nothing was changed",
        )
    notices: list[str] = []
    try:
        cache_version = _version(folder.cache)
        problem = "was written by a newer version" if cache_version > CACHE_VERSION else ""
    except sqlite3.DatabaseError as error:
        if not is_broken(error):
            raise
        problem = f"cannot be read ({error})"
    if problem:
        aside = move_aside(folder)
        notices.append(f"The cache {problem}. It was moved to {aside.name} and is being rebuilt.")
    _migrate(folder, local_version)
    return notices


def move_aside(folder: Folder) -> Path:
    """Move `cache.db` and its side files away under a new name; nothing is overwritten."""
    aside = new_name(folder, "cache")
    # The log goes first: left alone, it would be taken for that of the new file.
    for suffix in ("-wal", "-shm", ""):
        source = Path(f"{folder.cache}{suffix}")
        if source.exists():
            source.rename(f"{aside}{suffix}")
    return aside


def new_name(folder: Folder, stem: str) -> Path:
    """A name in the folder that no file has."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{stem}-{stamp}{f'-{count}' if count else ''}.db" for count in itertools.count())
    return next(
        folder.path / name
        for name in names
        if not any((folder.path / f"{name}{suffix}").exists() for suffix in ("", "-wal", "-shm"))
    )


def _migrate(folder: Folder, local_version: int) -> None:
    """Bring both files to this version; a `local.db` of an earlier one is copied first."""
    from inbox_tui.store import schema

    if 0 < local_version < LOCAL_VERSION:
        _back_up(folder.local, new_name(folder, f"local-v{local_version}"))
    for path, migrations, version in (
        (folder.cache, schema.cache, CACHE_VERSION),
        (folder.local, schema.local, LOCAL_VERSION),
    ):
        migrate_file(path, migrations, version)


def migrate_file(path: Path, migrations: Migrations, version: int) -> None:
    """Make a file, or bring one that is there to a version."""
    from sqlite_utils import Database

    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    make_private(path, 0o600)
    with contextlib.closing(_connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrations.apply(Database(connection))
        connection.execute(f"PRAGMA user_version = {version}")


def _back_up(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(_connect(source)) as old, contextlib.closing(_connect(target)) as new:
        old.backup(new)


def make_private(path: Path, mode: int) -> None:
    """Take away what others may do with a file or folder."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(mode)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file and does not make one."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def open_writer(path: Path, *, full: bool) -> sqlite3.Connection:
    """The one writing connection of a process to a file; `full`: every commit reaches the disk."""
    connection = _connect(path)
    with explained(connection):
        connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def open_reader(folder: Folder) -> sqlite3.Connection:
    """A read-only connection to `cache.db` with `local.db` attached as `local`."""
    connection = connect_read_only(folder.cache)
    with explained(connection):
        connection.execute("ATTACH ? AS local", (f"{folder.local.absolute().as_uri()}?mode=ro",))
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[int]:
    """One immediate transaction; yields the number of the file's next `rev`.

    A transaction in which nothing was changed leaves the file as it is, its `rev` too, so that a look
    that found nothing writes nothing. Raises StoreError where the file cannot be written; then nothing
    of the transaction is in it, and what was there before still is.
    """
    with explained(connection):
        connection.execute("BEGIN IMMEDIATE")
        try:
            (rev,) = connection.execute("SELECT value + 1 FROM meta WHERE key = 'rev'").fetchone()
            before = connection.total_changes
            yield int(rev)
            if connection.total_changes == before:
                connection.execute("ROLLBACK")
            else:
                connection.execute("UPDATE meta SET value = ? WHERE key = 'rev'", (rev,))
                connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


_REPAIR = "Run `inbox-tui doctor --repair`"
_FAULTS = {
    sqlite3.SQLITE_FULL: (
        "The disk is full: {name} cannot be written",
        "Free some space and do it again; what was saved before is safe",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk does not read or write {name} ({reason})",
        "Look at the disk and its free space, then do it again; what was saved before is safe",
    ),
    sqlite3.SQLITE_READONLY: (
        "{name} is read-only",
        "Make the file, its folder and its disk writable, then do it again; what was saved before is safe",
    ),
    sqlite3.SQLITE_BUSY: (
        "Another program is holding {name}",
        "End it, or wait, and do it again; `inbox-tui doctor` tells which one; nothing was lost",
    ),
    sqlite3.SQLITE_LOCKED: (
        "Another part of the program is holding {name}",
        "Do it again in a moment; nothing was lost",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "{name} cannot be opened",
        "Look whether it is there, may be read and written, and the disk has space",
    ),
    sqlite3.SQLITE_PERM: ("{name} may not be opened", "Correct its permissions and those of its folder"),
    sqlite3.SQLITE_AUTH: ("{name} may not be opened", "Correct its permissions and those of its folder"),
    sqlite3.SQLITE_CORRUPT: ("{name} is damaged ({reason})", _REPAIR),
    sqlite3.SQLITE_NOTADB: ("{name} is damaged ({reason})", _REPAIR),
}
"""What a file can do to a statement: what happened, what to do. Anything else is a fault of the program."""


def file_fault(error: sqlite3.Error, name: str) -> StoreError | None:
    """What a failure of SQLite means for the person, where it is the fault of a file; else None.

    `name`: what the file is called in the sentence.
    """
    code = getattr(error, "sqlite_errorcode", None)
    known = _FAULTS.get(code & 0xFF) if isinstance(code, int) else None
    if known is None:
        return None
    title, hint = known
    return StoreError(title.format(name=name, reason=error), hint)


@contextlib.contextmanager
def explained(connection: sqlite3.Connection) -> Iterator[None]:
    """Raise StoreError instead of SQLite's error where a file is full, locked, damaged or read-only."""
    try:
        yield
    except sqlite3.Error as error:
        fault = file_fault(error, _name_of(connection))
        if fault is None:
            raise
        raise fault from error


def _name_of(connection: sqlite3.Connection) -> str:
    """The file of a connection. Reads nothing of it, so it works on a broken one too."""
    (_, _, name) = connection.execute("PRAGMA database_list").fetchone()
    return str(name) or "the database in memory"


def in_lists(values: Sequence[T]) -> Iterator[tuple[str, Sequence[T]]]:
    """Marks for `IN (…)` and their values, in parts of at most 512.

    The last value is repeated up to a power of two, so that lists of any length make few statements.
    """
    for start in range(0, len(values), 512):
        part = list(values[start : start + 512])
        part += part[-1:] * ((1 << (len(part) - 1).bit_length()) - len(part))
        yield ", ".join("?" * len(part)), part


class Changes:
    """Notices another connection's commits: polls `data_version` of both files.

    An attached file does not move the number of a connection, hence one connection to each.
    """

    def __init__(self, folder: Folder) -> None:
        self._connections = [connect_read_only(path) for path in (folder.cache, folder.local)]
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
