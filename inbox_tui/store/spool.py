"""Files on their way out: copied when they are queued, so that what is sent is what the person chose.

Each copy stands in a folder of its own with a name of one part. It goes when its outbox item is settled
or discarded; what no item names any more is swept at the engine's start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.core.errors import Refused, StoreError
from inbox_tui.core.files import HEAD_BYTES, file_name, media_type
from inbox_tui.core.limits import FILE_RULES, MEGABYTE, file_problem
from inbox_tui.store.db import Folder

CHUNK = 1 << 20
MOST_BYTES = max(rule.max_bytes for rules in FILE_RULES.values() for rule in rules.values())
"""What the most generous platform takes, in bytes."""
YOUNG_SECONDS = 3_600.0
"""A copy that nobody names is left alone for this long."""

_NOTHING = "Nothing was sent"


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A copy of a file: where it stands, its safe name, its size in bytes, its media type by content."""

    path: Path
    name: str
    size: int
    type: str


def look(path: Path, platform: str | None = None) -> SpooledFile:
    """What a file is, where it stands, before it is chosen; checked and refused as by `copy_in`."""
    name = file_name(path.name)
    with _reading(path, name) as source:
        return SpooledFile(path, name, *_facts(source, name, platform)[:2])


def copy_in(folder: Folder, path: Path, platform: str | None = None) -> SpooledFile:
    """Copy a file that the person chose into the spool.

    `platform`: for which its type and size are checked; without it only for the largest that any takes.
    Reads at most that much, whatever the file is. Raises Refused where it is no regular file, cannot be
    read, is empty or too large; StoreError where the copy cannot be written. Then nothing is left behind.
    """
    name = file_name(path.name)
    with _reading(path, name) as source:
        _, mime, head = _facts(source, name, platform)
        target = folder.spool / str(uuid.uuid4())
        try:
            size = _copy(source, target, name, head)
            _check(name, platform, mime, size)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
    return SpooledFile(target / name, name, size, mime)


def _facts(source: int, name: str, platform: str | None) -> tuple[int, str, bytes]:
    """Size, media type and first bytes of an open file that a platform takes."""
    size = os.fstat(source).st_size
    with _explained(name):
        head = os.read(source, HEAD_BYTES)
    mime, size = media_type(head, name), max(size, len(head))
    _check(name, platform, mime, size)
    return size, mime, head


def drop(folder: Folder, path: str) -> None:
    """Remove a copy; what is not one stays."""
    home = Path(path).parent
    if home.parent == folder.spool:
        shutil.rmtree(home, ignore_errors=True)


def orphans(folder: Folder, local: sqlite3.Connection, schema: str = "") -> list[Path]:
    """Copies that no open item and no draft names and that are older than an hour.

    A younger one may be about to be queued. `schema`: what `local.db` is called on the connection.
    """
    try:
        there = list(folder.spool.iterdir())
    except FileNotFoundError:
        return []
    used = {
        Path(str(path)).parent.name
        for (path,) in local.execute(
            f"SELECT json_extract(payload, '$.file') FROM {schema}outbox "
            "WHERE state NOT IN ('settled', 'discarded') "
            f"UNION SELECT json_extract(extras, '$.file') FROM {schema}drafts"
        )
        if path is not None
    }
    before = time.time() - YOUNG_SECONDS
    return [home for home in there if home.name not in used and home.stat().st_mtime < before]


def sweep(folder: Folder, local: sqlite3.Connection) -> int:
    """Remove the `orphans`; returns how many there were."""
    found = orphans(folder, local)
    for home in found:
        shutil.rmtree(home, ignore_errors=True)
    return len(found)


def _check(name: str, platform: str | None, mime: str, size: int) -> None:
    problem = None if platform is None else file_problem(platform, mime, size)
    if problem is None and size <= 0:
        problem = "The file is empty"
    if problem is None and size > MOST_BYTES:
        most = MOST_BYTES // MEGABYTE
        problem = f"The file has over {most} MB ({size / MEGABYTE:,.0f}); no platform takes that"
    if problem is not None:
        raise Refused(f"{name} cannot be sent: {problem}", _NOTHING)


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror or error}", _NOTHING) from error


@contextlib.contextmanager
def _reading(path: Path, name: str) -> Iterator[int]:
    """A descriptor of a regular file; never waits, as for the other end of a pipe."""
    with _explained(name):
        try:
            source = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except ValueError as error:
            raise Refused(f"{name} cannot be read: {error}", _NOTHING) from error
    try:
        mode = os.fstat(source).st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise Refused(f"{name} cannot be sent: it is {what}", _NOTHING)
        yield source
    finally:
        os.close(source)


def _copy(source: int, target: Path, name: str, head: bytes) -> int:
    """Copy until the end, or a byte above the largest size, to the disk; returns the bytes copied."""
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        target.mkdir(mode=0o700)
        descriptor = os.open(target / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            size, piece = 0, head
            while piece and size <= MOST_BYTES:
                file.write(piece)
                size += len(piece)
                with _explained(name):
                    piece = os.read(source, CHUNK)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"{name} cannot be copied into the outbox: {error.strerror or error}",
            "Free some space or correct the permissions, then attach it again; nothing was sent",
        ) from error
    return size
