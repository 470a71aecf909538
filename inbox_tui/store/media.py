"""Files of messages in the folder `media`, and what the cache says of them (table `media`).

Each file stands in a folder of its own. It comes into its place together with its row, in the engine's
writing thread; what has no row is no file and is swept. All of it can be fetched again, so the oldest goes
where the folder grows above its cap. For reading see `store.fetched`.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_tui.core.errors import StoreError
from inbox_tui.core.files import HEAD_BYTES, media_type, stored_name
from inbox_tui.core.models import Attachment
from inbox_tui.store.db import Folder, now_ms, transaction
from inbox_tui.store.fetched import MediaState

if TYPE_CHECKING:
    from inbox_tui.store.writer import Writer

CAP_BYTES = 500_000_000
"""How much the folder may hold."""
_PART = "part-"
"""What a file is called before it has come whole."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file of a message belongs: the message, its chat and profile, and the attachment itself."""

    attachment: Attachment
    message_id: str
    chat_id: str
    profile_id: str


def place_of(cache: sqlite3.Connection, attachment_id: str, message_id: str = "") -> Place | None:
    """A file of a cached message; None where the message is not there (any more) or has no such file.

    Without `message_id` it is looked for in every message with a file, the newest first.
    """
    rows = cache.execute(
        "SELECT m.id, c.id, c.profile_id, m.attachments FROM messages m JOIN chats c ON c.pk = m.chat "
        + (
            "WHERE m.id = ?1"
            if message_id
            else "WHERE m.attachments != '[]' AND instr(m.attachments, json_quote(?1)) ORDER BY m.pk DESC"
        ),
        (message_id or attachment_id,),
    )
    for found_id, chat_id, profile_id, text in rows:
        for entry in json.loads(text):
            if entry[0] == attachment_id:
                return Place(Attachment(*entry), found_id, chat_id, profile_id)
    return None


def note(
    writer: Writer,
    place: Place,
    state: MediaState,
    *,
    done_bytes: int = 0,
    size: int | None = None,
    fault: str = "",
) -> None:
    """Say how far a file is, or with `fault` why it cannot be had, where its message still is what it was."""
    with transaction(writer.cache) as rev:
        if place_of(writer.cache, place.attachment.id, place.message_id) is None:
            return
        writer.cache.execute(
            "INSERT OR REPLACE INTO media (attachment_id, message_id, state, size, done_bytes, fault, "
            "used_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (place.attachment.id, place.message_id, state, size, done_bytes, fault, now_ms()),
        )
        _show(writer.cache, place.chat_id, rev)


def _show(cache: sqlite3.Connection, chat_id: str, rev: int) -> None:
    """Have screens draw the chat again."""
    cache.execute("UPDATE chats SET rev = ? WHERE id = ?", (rev, chat_id))


def is_ready(writer: Writer, attachment_id: str) -> bool:
    """Whether a file is there; one that is asked for again is used anew."""
    row = writer.cache.execute(
        "SELECT file, size FROM media WHERE attachment_id = ? AND state = 'ready'", (attachment_id,)
    ).fetchone()
    if row is None:
        return False
    with suppress(OSError):
        if (writer.folder.media / row[0]).stat().st_size == row[1]:
            with transaction(writer.cache):
                writer.cache.execute(
                    "UPDATE media SET used_at = ? WHERE attachment_id = ?", (now_ms(), attachment_id)
                )
            return True
    return False


def part(folder: Folder) -> Path:
    """A new name for a file that is being fetched. Raises StoreError where the folder cannot be made."""
    try:
        folder.media.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _fault(error) from error
    return folder.media / f"{_PART}{uuid.uuid4()}"


def keep(writer: Writer, place: Place, source: Path, name: str) -> bool:
    """Take over a file that has come whole; its type is what it holds, and its name's ending follows.

    False, and the file is gone, where its message was deleted meanwhile. Raises StoreError where it cannot
    be put in its place.
    """
    folder = writer.folder.media / str(uuid.uuid4())
    try:
        with source.open("rb") as file:
            mime = media_type(file.read(HEAD_BYTES), name)
        safe = stored_name(name, mime)
        size = source.stat().st_size
        folder.mkdir(mode=0o700)
        source.replace(folder / safe)
    except OSError as error:
        source.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        raise _fault(error) from error
    kept = False
    try:
        with transaction(writer.cache) as rev:
            if place_of(writer.cache, place.attachment.id, place.message_id) is not None:
                before = _files(writer.cache, "attachment_id = ?", (place.attachment.id,))
                writer.cache.execute(
                    "INSERT OR REPLACE INTO media "
                    "(attachment_id, message_id, state, file, name, type, size, done_bytes, used_at) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
                    (
                        place.attachment.id,
                        place.message_id,
                        MediaState.READY,
                        f"{folder.name}/{safe}",
                        safe,
                        mime,
                        size,
                        now_ms(),
                    ),
                )
                before += _evict(writer.cache, place.attachment.id)
                _show(writer.cache, place.chat_id, rev)
                kept = True
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    if kept:
        _remove(writer.folder, before)
    return kept


def keep_sent(writer: Writer, message_id: str, copy: Path, name: str) -> bool:
    """Have a file that left from here stand for that of its message, under the name that it was chosen by.

    `copy` stays where it is, as the message may yet fail and be sent again. False where the message has not
    exactly one file, or that is kept already. Raises StoreError where it cannot be kept.
    """
    row = writer.cache.execute("SELECT attachments FROM messages WHERE id = ?", (message_id,)).fetchone()
    files = [] if row is None else json.loads(row[0])
    place = place_of(writer.cache, files[0][0], message_id) if len(files) == 1 else None
    if place is None or _files(writer.cache, "attachment_id = ?", (place.attachment.id,)):
        return False
    target = part(writer.folder)
    try:
        target.hardlink_to(copy)
    except OSError:
        # A file system without hard links, or a copy that is gone: the second try tells them apart.
        try:
            shutil.copyfile(copy, target)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise _fault(error) from error
    return keep(writer, place, target, name)


def _fault(error: OSError) -> StoreError:
    return StoreError(
        f"The file cannot be kept: {error.strerror or error}",
        "Free some space or correct the permissions of the folder `media`, then ask for it again",
    )


def _files(cache: sqlite3.Connection, where: str, values: Iterable[str]) -> list[str]:
    rows = cache.execute(f"SELECT file FROM main.media WHERE {where} AND file IS NOT NULL", tuple(values))
    return [str(row[0]) for row in rows]


def _evict(cache: sqlite3.Connection, newest: str) -> list[str]:
    """Forget the oldest files, but not the newest one, until the rest is below the cap."""
    (total,) = cache.execute("SELECT coalesce(sum(size), 0) FROM media WHERE state = 'ready'").fetchone()
    gone: list[str] = []
    if total > CAP_BYTES:
        for identity, file, size in cache.execute(
            "SELECT attachment_id, file, size FROM media WHERE state = 'ready' AND attachment_id != ? "
            "ORDER BY used_at, attachment_id",
            (newest,),
        ).fetchall():
            if total <= CAP_BYTES:
                break
            cache.execute("DELETE FROM media WHERE attachment_id = ?", (identity,))
            gone.append(file)
            total -= size
    return gone


def _remove(folder: Folder, files: Iterable[str]) -> None:
    for file in files:
        shutil.rmtree(folder.media / file.partition("/")[0], ignore_errors=True)


def orphans(folder: Folder, cache: sqlite3.Connection, *, parts: bool = False) -> list[Path]:
    """What lies in the folder and no row names; with `parts` also what never came whole."""
    try:
        there = list(folder.media.iterdir())
    except FileNotFoundError:
        return []
    known = {file.partition("/")[0] for file in _files(cache, "1", ())}
    return [path for path in there if path.name not in known and (parts or not path.name.startswith(_PART))]


def sweep(folder: Folder, cache: sqlite3.Connection, *, parts: bool = False) -> int:
    """Remove the `orphans`; returns how many there were.

    Only for the one engine of the account, in its writing thread; `parts` while nothing is being fetched.
    """
    found = orphans(folder, cache, parts=parts)
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def begin(writer: Writer) -> None:
    """Take up what an engine before left: no file is on its way, and what is half there is not."""
    sweep(writer.folder, writer.cache, parts=True)
    with transaction(writer.cache):
        writer.cache.execute("DELETE FROM media WHERE state IN ('wanted', 'fetching')")


def total(cache: sqlite3.Connection) -> tuple[int, int]:
    """How many files are there, and their sizes in bytes together."""
    (count, size) = cache.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM media WHERE state = 'ready'"
    ).fetchone()
    return int(count), int(size)
