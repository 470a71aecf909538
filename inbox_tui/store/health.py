"""Looking into the files of an account without changing a byte of them: for `inbox-tui doctor`.

Everything here opens files read-only, makes none, and works on a folder that is not there, is damaged,
or belongs to a newer version. What is found is repaired in `store.repair`.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from inbox_tui.core.models import Milliseconds
from inbox_tui.store import facts, index, views
from inbox_tui.store.db import (
    CACHE_VERSION,
    LOCAL_VERSION,
    Folder,
    connect_read_only,
    file_fault,
    is_broken,
    open_reader,
)
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, item_of
from inbox_tui.store.records import CHAT_COLUMNS, chat_of, chat_search_key, chat_sort_at

MOST_COMPLAINTS = 20
"""Faults of one file that are listed; SQLite stops looking there."""
MOST_REASONS = 3
"""Records set aside that are quoted."""
_CHUNK = 500
"""Chats that are recomputed together."""


class FileState(StrEnum):
    """What can be said of a database file as a whole."""

    MISSING = "missing"
    WELL = "well"
    BEHIND = "behind"
    """Of an earlier version: it is migrated at the next start."""
    NEWER = "newer"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    """It may be well, but cannot be looked into now: locked, or not permitted."""


@dataclass(frozen=True, slots=True)
class FileHealth:
    """A database file: sizes in bytes, and SQLite's own complaints, none when it is well."""

    path: Path
    state: FileState
    version: int = 0
    size: int = 0
    log_size: int = 0
    complaints: tuple[str, ...] = ()
    read_only: bool = False


def check_files(folder: Folder, *, thorough: bool = False) -> tuple[FileHealth, FileHealth]:
    """`cache.db` and `local.db`. `thorough` also compares every index with its table, which takes longer."""
    return (
        check_file(folder.cache, CACHE_VERSION, thorough=thorough),
        check_file(folder.local, LOCAL_VERSION, thorough=thorough),
    )


def check_file(path: Path, version: int, *, thorough: bool = False) -> FileHealth:
    """Look at a database file that should be of a version."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return FileHealth(path, FileState.MISSING)
    except OSError as error:
        return FileHealth(path, FileState.UNREADABLE, complaints=(str(error.strerror),))
    log = Path(f"{path}-wal")
    log_size = log.stat().st_size if log.exists() else 0
    read_only = not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
    found = 0
    complaints: tuple[str, ...] = ()
    try:
        with closing(connect_read_only(path)) as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            state = FileState.WELL if found == version else FileState.BEHIND
            if found > version:
                state = FileState.NEWER
            complaints = tuple(_complaints(connection, thorough=thorough))
            if complaints:
                state = FileState.DAMAGED
    except sqlite3.Error as error:
        broken = isinstance(error, sqlite3.DatabaseError) and is_broken(error)
        state = FileState.DAMAGED if broken else FileState.UNREADABLE
        fault = None if broken else file_fault(error, path.name)
        complaints = (str(error) if fault is None else str(fault),)
    return FileHealth(path, state, int(found), size, log_size, complaints, read_only)


def _complaints(connection: sqlite3.Connection, *, thorough: bool) -> Iterator[str]:
    check = "integrity_check" if thorough else "quick_check"
    for (words,) in connection.execute(f"PRAGMA {check}({MOST_COMPLAINTS})"):
        if words != "ok":
            yield from str(words).splitlines()


@dataclass(frozen=True, slots=True)
class Mode:
    """A file or folder that others may read or write: its permission bits, and those it should have."""

    path: Path
    mode: int
    wanted: int


def open_modes(folder: Folder) -> list[Mode]:
    """What in the folder others may use. Lock files hold nothing and do not count."""
    found: list[Mode] = []
    if not folder.path.is_dir():
        return found
    inside = (path for kept in (folder.spool, folder.media) for path in sorted(kept.rglob("*")))
    for path in (folder.path, *sorted(folder.path.iterdir()), *inside):
        wanted = 0o700 if path.is_dir() else 0o600
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077 and path.suffix != ".lock" and not path.is_symlink():
            found.append(Mode(path, mode, wanted))
    return found


def kept_aside(folder: Folder) -> list[Path]:
    """Database files beside the two in use: backups, and what was moved aside; oldest first."""
    if not folder.path.is_dir():
        return []
    others = set(folder.path.glob("*.db")) - {folder.cache, folder.local}
    return sorted(others, key=lambda path: (path.stat().st_mtime_ns, path.name))


@dataclass(frozen=True, slots=True)
class Kept:
    """Outbox items of one state: how many, and when the oldest was written."""

    state: str
    count: int
    oldest: Milliseconds


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in both files."""

    profiles: int
    chats: int
    unread_chats: int
    """Chats that are listed and of which no page was read yet, or not the newest."""
    messages: int
    newest_read_at: Milliseconds | None
    """When a page that brought something was last read, of any chat."""
    drafts: int
    outbox: tuple[Kept, ...]
    uncertain: tuple[OutboxItem, ...]
    failed: tuple[OutboxItem, ...]
    screens: tuple[int, ...]
    """Process numbers of the screens that said they are open; some may be gone."""
    quarantined: int
    reasons: tuple[str, ...]
    """Why the newest of the records set aside could not be read, and where they came from."""


def contents(folder: Folder) -> Contents:
    """Count what is there. Raises StoreError or sqlite3.Error where a file cannot be read."""
    with closing(open_reader(folder)) as reader:

        def number(select: str) -> int:
            return int(reader.execute(select).fetchone()[0])

        def items(state: str) -> tuple[OutboxItem, ...]:
            rows = reader.execute(
                f"SELECT {ITEM_COLUMNS} FROM local.outbox WHERE state NOT IN ('settled', 'discarded') "
                "AND state = ? ORDER BY pk",
                (state,),
            )
            return tuple(item_of(row) for row in rows)

        return Contents(
            profiles=number("SELECT count(*) FROM profiles WHERE status != 'gone'"),
            chats=number("SELECT count(*) FROM chats"),
            unread_chats=number(
                "SELECT count(*) FROM chats WHERE pulled_at IS NULL OR pulled_for IS NOT last_message_at"
            ),
            messages=number("SELECT count(*) FROM messages"),
            newest_read_at=reader.execute("SELECT max(pulled_at) FROM chats").fetchone()[0],
            drafts=number("SELECT count(*) FROM local.drafts"),
            outbox=tuple(
                Kept(*row)
                for row in reader.execute(
                    "SELECT state, count(*), min(created_at) FROM local.outbox GROUP BY state ORDER BY state"
                )
            ),
            uncertain=items("uncertain"),
            failed=items("failed"),
            screens=tuple(
                int(row[0]) for row in reader.execute("SELECT pid FROM local.screens ORDER BY pid")
            ),
            quarantined=number("SELECT count(*) FROM quarantine"),
            reasons=tuple(
                f"{source}: {reason}"
                for source, reason in reader.execute(
                    "SELECT source, reason FROM quarantine ORDER BY pk DESC LIMIT ?", (MOST_REASONS,)
                )
            ),
        )


def open_chats(reader: sqlite3.Connection, alive: Callable[[int], bool]) -> list[str]:
    """The chats that living screens show, each once."""
    rows = reader.execute("SELECT pid, chat_id FROM local.screens WHERE chat_id IS NOT NULL ORDER BY pid")
    return list(dict.fromkeys(str(chat_id) for pid, chat_id in rows if alive(pid)))


@dataclass(frozen=True, slots=True)
class Stale:
    """Derived values that are not what the rules make of the rows.

    `chats`: ids of chats with a column that differs, of `looked_at` chats that were recomputed.
    `counters`: (kept, counted) of each number of the header and of each profile that differs.
    """

    chats: tuple[str, ...]
    looked_at: int
    counters: Mapping[str, tuple[int, int]]


DERIVED = (
    "preview",
    "preview_from",
    "unread",
    "unanswered",
    "needs_reply_since",
    "waiting",
    "done",
    "failed",
    "retrying_since",
    "snoozed_until",
    "window_closes_at",
    "unread_since",
    "woken",
)
"""Columns that a fold computes and that do not change by time alone. For the others see `views.misplaced`."""


def stale(folder: Folder, newest: int | None = None) -> Stale:
    """Recompute the derived columns of the newest chats (None: of all) and compare them with what is kept.

    The fold writes into temporary tables of a read-only connection, which stand in front of those of the
    file; the file is not touched. Raises StoreError or sqlite3.Error where a file cannot be read.
    """
    with closing(open_reader(folder)) as reader, closing(connect_read_only(folder.local)) as local:
        reader.execute("PRAGMA temp_store = MEMORY")
        reader.execute("CREATE TEMP TABLE meta AS SELECT * FROM main.meta")
        reader.execute("CREATE TEMP TABLE chats AS SELECT * FROM main.chats LIMIT 0")
        reader.execute("CREATE UNIQUE INDEX temp.refolded ON chats (pk)")
        limit = -1 if newest is None else newest
        pks = [
            int(row[0])
            for row in reader.execute("SELECT pk FROM main.chats ORDER BY sort_at DESC, pk LIMIT ?", (limit,))
        ]
        different: list[str] = []
        for start in range(0, len(pks), _CHUNK):
            different += _different(reader, local, pks[start : start + _CHUNK])
        return Stale(tuple(different), len(pks), _counters(reader))


def _different(reader: sqlite3.Connection, local: sqlite3.Connection, pks: list[int]) -> Iterator[str]:
    places = ", ".join("?" * len(pks))
    columns = ", ".join(("id", *DERIVED))
    # One moment of the cache for both sides of the comparison.
    reader.execute("BEGIN")
    try:
        reader.execute("DELETE FROM temp.chats")
        reader.execute(f"INSERT INTO temp.chats SELECT * FROM main.chats WHERE pk IN ({places})", pks)
        facts.refold(reader, local, pks, 0)
        found = {
            str(row[0])
            for row in reader.execute(
                f"SELECT {columns} FROM temp.chats EXCEPT "
                f"SELECT {columns} FROM main.chats WHERE pk IN ({places})",
                pks,
            )
        }
        for sort_at, search_key, *row in reader.execute(
            f"SELECT sort_at, search_key, {', '.join(CHAT_COLUMNS)} FROM main.chats WHERE pk IN ({places})",
            pks,
        ):
            chat = chat_of(row)
            if (sort_at, search_key) != (chat_sort_at(chat), chat_search_key(chat)):
                found.add(chat.id)
        found |= views.misplaced(reader, pks)
    finally:
        reader.execute("ROLLBACK")
    yield from sorted(found)


def _counters(reader: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    pairs: dict[str, tuple[int, int]] = {}
    for name, condition in {"chats": "1", **facts.COUNTED}.items():
        kept, counted = reader.execute(
            "SELECT (SELECT value FROM main.meta WHERE key = ?), "
            f"(SELECT count(*) FROM main.chats WHERE {condition})",
            (name,),
        ).fetchone()
        pairs[name] = (int(kept or 0), int(counted))
    for profile_id, kept, counted in reader.execute(
        "SELECT id, chats, (SELECT count(*) FROM main.chats c WHERE c.profile_id = p.id) FROM main.profiles p"
    ):
        pairs[f"chats of {profile_id}"] = (int(kept), int(counted))
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def check_index(folder: Folder, newest: int | None = None) -> index.Checked:
    """Look the newest messages (None: all) up in the search index by their own words; see `store.index`."""
    with closing(open_reader(folder)) as reader:
        return index.check(reader, newest)


def holders(path: Path) -> tuple[int, ...] | None:
    """Process numbers of those that have a lock on a file; None where the system does not tell."""
    try:
        place = path.stat()
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return None
    wanted = f"{os.major(place.st_dev):02x}:{os.minor(place.st_dev):02x}:{place.st_ino}"
    # "4: FLOCK  ADVISORY  WRITE 18325 fe:00:2146796 0 EOF"; one that waits has "->" behind its number.
    fields = [line.replace("-> ", "").split() for line in lines]
    return tuple(sorted({int(field[4]) for field in fields if len(field) > 5 and field[5] == wanted}))
