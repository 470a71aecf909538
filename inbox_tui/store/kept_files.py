"""The files beside the two databases: those of messages (`media`), and copies on their way out (`spool`).

Looking changes nothing, like all of `store.health`; `put_right` is for `inbox-tui doctor --repair`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.store import media, spool
from inbox_tui.store.db import Folder, open_reader, transaction
from inbox_tui.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Amount:
    """How many files, and their sizes in bytes together."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """What lies in both folders, and where they disagree with the databases.

    `lost`: files of messages, by attachment, that are not there any more though the cache says so. `unsent`:
    names of files of the outbox whose copies are gone. `orphans`: how much lies there that nothing names.
    """

    media: Amount
    spool: Amount
    lost: tuple[str, ...]
    unsent: tuple[str, ...]
    orphans: int


def kept_files(folder: Folder) -> KeptFiles:
    """Look into both folders. Raises StoreError or sqlite3.Error where a database cannot be read."""
    with closing(open_reader(folder)) as reader:
        lost = _lost(folder, reader)
        return KeptFiles(
            media=_amount(folder.media),
            spool=_amount(folder.spool),
            # What an engine has just replaced is there at the second look.
            lost=tuple(sorted(set(lost) & set(_lost(folder, reader)))) if lost else (),
            unsent=_unsent(reader),
            orphans=len(media.orphans(folder, reader)) + len(spool.orphans(folder, reader, "local.")),
        )


def _amount(path: Path) -> Amount:
    sizes = [each.lstat().st_size for each in path.rglob("*") if each.is_file()] if path.is_dir() else []
    return Amount(len(sizes), sum(sizes))


def _lost(folder: Folder, reader: sqlite3.Connection) -> list[str]:
    rows = reader.execute("SELECT attachment_id, file, size FROM main.media WHERE state = 'ready'")
    return [str(identity) for identity, file, size in rows if not _is_whole(folder.media / file, size)]


def _is_whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _unsent(reader: sqlite3.Connection) -> tuple[str, ...]:
    rows = reader.execute(
        "SELECT json_extract(payload, '$.file') FROM local.outbox "
        "WHERE state NOT IN ('settled', 'discarded') ORDER BY pk"
    )
    return tuple(Path(str(path)).name for (path,) in rows if path is not None and not Path(path).is_file())


def put_right(writer: Writer) -> int:
    """Forget files that are lost, and remove what nothing names; returns how many that were.

    Only while no engine runs: it may be about to name what it has just written.
    """
    with closing(open_reader(writer.folder)) as reader:
        lost = _lost(writer.folder, reader)
    with transaction(writer.cache):
        writer.cache.executemany("DELETE FROM media WHERE attachment_id = ?", [(each,) for each in lost])
    removed = media.sweep(writer.folder, writer.cache, parts=True)
    return len(lost) + removed + spool.sweep(writer.folder, writer.local)
