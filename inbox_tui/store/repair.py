"""Putting the files of an account right: for `inbox-tui doctor --repair`.

The cache can be rebuilt, so a damaged one is moved aside. `local.db` holds what lives nowhere else, so
nothing ever writes into a damaged one: it is copied byte by byte, a new file is made from the copy, and
that takes its place only when it reads back whole. The copy stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from inbox_tui.core.errors import StoreError
from inbox_tui.store import facts, health, index, writes
from inbox_tui.store.db import (
    LOCAL_VERSION,
    Folder,
    connect_read_only,
    is_broken,
    migrate_file,
    move_aside,
    new_name,
    open_writer,
    transaction,
)
from inbox_tui.store.health import FileState, Mode
from inbox_tui.store.records import CHAT_COLUMNS, SqlRow, chat_of, chat_search_key, chat_sort_at
from inbox_tui.store.writer import Writer

_FIRST_LOCKED, _LOCKED = 0x40000000, 512
"""The bytes that SQLite locks in a database file while it has it open, whatever the file's length."""
_CHUNK = 200
"""Chats that are written in one transaction, so that a screen need not wait."""
_MOST_TRIES = 20_000
"""Statements for what lies between damaged pages; a damaged number can make that range endless."""


def correct_modes(modes: Iterable[Mode]) -> None:
    """Take away what others may do. Raises OSError."""
    for entry in modes:
        entry.path.chmod(entry.wanted)


def recompute(writer: Writer, stale: health.Stale) -> None:
    """Write the derived columns and counters that `health.stale` found to be wrong."""
    for start in range(0, len(stale.chats), _CHUNK):
        ids = stale.chats[start : start + _CHUNK]
        with transaction(writer.cache) as rev:
            for chat_id in ids:
                row = writer.cache.execute(
                    f"SELECT {', '.join(CHAT_COLUMNS)} FROM chats WHERE id = ?", (chat_id,)
                ).fetchone()
                chat = chat_of(row)
                writer.cache.execute(
                    "UPDATE chats SET sort_at = ?, search_key = ?, rev = ? WHERE id = ?",
                    (chat_sort_at(chat), chat_search_key(chat), rev, chat_id),
                )
        writes.refold_chats(writer, ids)
    with transaction(writer.cache) as rev:
        for name, condition in {"chats": "1", **facts.COUNTED}.items():
            writer.cache.execute(
                f"UPDATE meta SET value = (SELECT count(*) FROM chats WHERE {condition}) WHERE key = ? "
                f"AND value IS NOT (SELECT count(*) FROM chats WHERE {condition})",
                (name,),
            )
        writer.cache.execute(
            "UPDATE profiles AS p SET rev = ?, chats = (SELECT count(*) FROM chats WHERE profile_id = p.id) "
            "WHERE chats != (SELECT count(*) FROM chats WHERE profile_id = p.id)",
            (rev,),
        )


def reindex(writer: Writer, *, anew: bool) -> int:
    """Put every row into the search index that is not there, or `anew` all; returns how many there were."""
    if anew:
        index.reset(writer.cache)
    count = sum(index.missing(writer.cache, table) for table in (index.MESSAGES, index.NAMES))
    while index.build(writer.cache, _CHUNK):
        pass
    return count


def write_log_back(connection: sqlite3.Connection) -> bool:
    """Write the log of a file back into it and cut it to nothing; False where a reader was in the way."""
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def set_cache_aside(folder: Folder) -> Path:
    """Move a damaged cache aside; the next start builds a new one. Raises StoreError where it is in use."""
    with _alone(folder.cache):
        return move_aside(folder)


@dataclass(frozen=True, slots=True)
class Rescue:
    """What became of a damaged `local.db`.

    `copy`: the damaged file as it was, byte by byte. `rows`: what the new file holds, by table. `whole`:
    only indexes were damaged, or every table could be read to its end; else what is missing is in the copy.
    """

    copy: Path
    rows: dict[str, int]
    whole: bool


def rescue_local(folder: Folder) -> Rescue:
    """Make a sound `local.db` from a damaged one.

    Raises StoreError where another program has it open, or where nothing can be read from it; then it is
    as it was.
    """
    copy = new_name(folder, "local-damaged")
    rebuilt = new_name(folder, "local-rebuilt")
    with _alone(folder.local) as file:
        placed = False
        try:
            _copy(file, copy)
            log = Path(f"{folder.local}-wal")
            if log.exists():
                with log.open("rb") as source:
                    _copy(source, Path(f"{copy}-wal"))
            whole = _reindex(copy, rebuilt) or _salvage(folder, copy, rebuilt)
            rows = _read_back(rebuilt)
            # The old log first: left alone, it would be taken for that of the new file.
            for suffix in ("-wal", "-shm"):
                Path(f"{folder.local}{suffix}").unlink(missing_ok=True)
            rebuilt.replace(folder.local)
            placed = True
            _sync_folder(folder.path)
        finally:
            _remove(rebuilt)
            if not placed:
                _remove(copy)
    return Rescue(copy, rows, whole)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """Hold a database file so that no other program can have it open; yields it for reading.

    No connection of this process may be open to it: closing the file would take away that one's locks.
    Raises StoreError where another program has it open.
    """
    import fcntl

    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED, _FIRST_LOCKED)
        except OSError as error:
            raise StoreError(
                f"{path.name} is open in another program",
                "Close every inbox-tui of this account and run `inbox-tui doctor --repair` again; "
                "nothing was changed",
            ) from error
        yield file


def _copy(source: IO[bytes], target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reindex(copy: Path, target: Path) -> bool:
    """Build the indexes of a second copy anew; False, and no file, where that does not make it whole."""
    for suffix in ("", "-wal"):
        if Path(f"{copy}{suffix}").exists():
            with Path(f"{copy}{suffix}").open("rb") as source:
                _copy(source, Path(f"{target}{suffix}"))
    try:
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
            connection.execute("REINDEX")
            if connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",):
                return write_log_back(connection)
    except sqlite3.DatabaseError as error:
        # That it is damaged deeper is why there is another way.
        if not is_broken(error):
            raise
    _remove(target)
    return False


def _salvage(folder: Folder, copy: Path, target: Path) -> bool:
    """Make a new file of every row that can be read; returns whether every table could be read to its end.

    Raises StoreError where not even the list of tables can be read.
    """
    from inbox_tui.store import schema

    migrate_file(target, schema.local, LOCAL_VERSION)
    whole = True
    with (
        contextlib.closing(open_writer(target, full=True)) as new,
        contextlib.closing(connect_read_only(copy)) as old,
    ):
        # Bytes that are no text any more must not cost the rest of the row.
        old.text_factory = lambda value: value.decode("utf-8", "replace")
        try:
            there = set(_tables(old))
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"Nothing can be read from {folder.local.name}: {error}",
                "It was left as it is. Put a backup in its place, or move it away to start without drafts, "
                "outbox and marks",
            ) from error
        new.execute("BEGIN IMMEDIATE")
        for table in _tables(new):
            if table in there:
                whole = _copy_rows(old, new, table) and whole
        _lift_revision(folder, new)
        new.execute("COMMIT")
        write_log_back(new)
    _remove_side_files(copy)
    return whole


def _remove_side_files(copy: Path) -> None:
    """Reading the copy may have left an index of its log; it is not part of what was copied."""
    Path(f"{copy}-shm").unlink(missing_ok=True)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The program's own tables; not those of SQLite and of the migrations, which the new file has already."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    return [str(name) for (name,) in rows if not str(name).startswith(("sqlite_", "_sqlite"))]


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """The columns of a table, and their place in its primary key (0: none)."""
    return {str(row[1]): int(row[5]) for row in connection.execute(f"PRAGMA table_info({table})")}


def _copy_rows(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> bool:
    """Copy what can be read of a table: from its start, from its end, then from what lies between.

    Returns whether it could be read to its end.
    """
    wanted = _columns(new, table)
    try:
        columns = [name for name in _columns(old, table) if name in wanted]
    except sqlite3.DatabaseError:
        return False
    (sql,) = new.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    numbered = "WITHOUT ROWID" not in str(sql)
    # By row number, so that no index is needed.
    key = ["rowid"] if numbered else sorted(filter(wanted.get, wanted), key=lambda name: wanted[name])
    # The key stands in front, then what is to be copied.
    select = f"SELECT {', '.join((*key, *columns))} FROM {table}"
    insert = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    reached: list[int | None] = []
    for direction, beyond in (("", ">"), (" DESC", "<")):
        order = "ORDER BY " + ", ".join(f"{name}{direction}" for name in key)
        last: SqlRow | None = None
        try:
            for last in old.execute(f"{select} {order}"):
                _insert(new, insert, last[len(key) :])
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
        else:
            return True
        # A cursor looks one row ahead: the last good one was read, and not handed out.
        where, values = "", ()
        if last is not None:
            places = ", ".join("?" * len(key))
            where, values = f"WHERE ({', '.join(key)}) {beyond} ({places})", last[: len(key)]
        for last in _readable(old, f"{select} {where} {order} LIMIT 1", values):
            _insert(new, insert, last[len(key) :])
        reached.append(int(last[0]) if numbered and last is not None else None)
    first, end = reached
    if numbered and end is not None:
        _copy_between(old, new, (select, insert), (first or 0) + 1, end - 1)
    return False


def _readable(old: sqlite3.Connection, select: str, values: SqlRow) -> list[SqlRow]:
    """The rows of a short statement; none where one of them is damaged."""
    try:
        return old.execute(select, values).fetchall()
    except sqlite3.DatabaseError as error:
        if not is_broken(error):
            raise
        return []


def _insert(new: sqlite3.Connection, insert: str, row: Sequence[object]) -> None:
    # A row of which damage has left too little to be one is not brought over.
    with contextlib.suppress(sqlite3.IntegrityError):
        new.execute(insert, row)


def _copy_between(
    old: sqlite3.Connection, new: sqlite3.Connection, statements: tuple[str, str], first: int, end: int
) -> None:
    """Halve a range of numbers until what cannot be read in it is alone, as far as that is worth the time."""
    ranges = [(first, end)]
    tries = 0
    while ranges and tries < _MOST_TRIES:
        tries += 1
        first, end = ranges.pop()
        if first > end:
            continue
        # One row alone is looked up, so that nothing behind it is read.
        where = "rowid BETWEEN ? AND ?" if first < end else "rowid = ?2 AND rowid = ?1"
        try:
            rows = old.execute(f"{statements[0]} WHERE {where}", (first, end)).fetchall()
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
            if first < end:
                middle = (first + end) // 2
                ranges += [(first, middle), (middle + 1, end)]
            continue
        for row in rows:
            _insert(new, statements[1], row[1:])


def _lift_revision(folder: Folder, new: sqlite3.Connection) -> None:
    """Let the next transaction be newer than all that the cache has folded in, though the number was lost."""
    seen = 0
    # A cache that cannot be read is rebuilt, and then has folded nothing.
    with contextlib.suppress(sqlite3.Error), contextlib.closing(connect_read_only(folder.cache)) as cache:
        (seen,) = cache.execute(
            "SELECT max(coalesce((SELECT max(local_rev) FROM chats), 0), "
            "coalesce((SELECT value FROM meta WHERE key = 'folded_local_rev'), 0))"
        ).fetchone()
    new.execute(
        "UPDATE meta SET value = max(value, ?, coalesce((SELECT max(rev) FROM touched), 0)) + 1 "
        "WHERE key = 'rev'",
        (seen,),
    )


def _read_back(path: Path) -> dict[str, int]:
    """The number of rows in each table of a new file. Raises StoreError where it is not whole."""
    found = health.check_file(path, LOCAL_VERSION, thorough=True)
    # One of an earlier version is migrated, and copied before, at the next start.
    if found.state not in (FileState.WELL, FileState.BEHIND) or found.log_size:
        raise StoreError(
            f"The file made from what could be read is not whole either: {'; '.join(found.complaints)}",
            "Nothing was changed. Look at the disk: it may be failing",
        )
    with contextlib.closing(connect_read_only(path)) as connection:
        return {
            table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in _tables(connection)
        }
