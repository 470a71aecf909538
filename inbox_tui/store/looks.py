"""How fresh each profile and each chat is: the time of the last look at it that succeeded.

A look that found nothing must write nothing to the databases. So the time of the last look at a profile is
that of an empty file, and those of the chats stand in one file of a fixed size.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from inbox_tui.core.models import Milliseconds
from inbox_tui.store.db import Folder, now_ms

BUCKETS, WAYS = 1024, 4
"""The chats that were looked at last are remembered: 4096 of them in 64 kB."""
_SLOT = struct.Struct("<8sQ")
"""A digest of the chat's id, and a time in milliseconds; a slot with the time 0 is free."""
_BUCKET = _SLOT.size * WAYS


def _path(folder: Folder, profile_id: str) -> Path:
    # A dot is quoted too: "." and ".." are ids like any other, but no file names.
    return folder.looks / quote(profile_id, safe="").replace(".", "%2E")


def touch_look(folder: Folder, profile_id: str, at: Milliseconds | None = None) -> None:
    """Note that a look at a profile succeeded, at `at` (default: now)."""
    path = _path(folder, profile_id)
    nanoseconds = (now_ms() if at is None else at) * 1_000_000
    try:
        os.utime(path, ns=(nanoseconds, nanoseconds))
    except FileNotFoundError:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        os.utime(path, ns=(nanoseconds, nanoseconds))


def looked_at(folder: Folder, profile_id: str) -> Milliseconds | None:
    """When a look at a profile last succeeded; None where none ever did."""
    try:
        return _path(folder, profile_id).stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return None


def look_age(folder: Folder, profile_id: str, now: Milliseconds | None = None) -> Milliseconds | None:
    """How old what the cache knows of a profile is, in milliseconds; None where it was never looked at."""
    at = looked_at(folder, profile_id)
    return None if at is None else max(0, (now_ms() if now is None else now) - at)


# Chats.


def _table(folder: Folder) -> Path:
    # No profile's file has a dot in its name.
    return folder.looks / "chats.table"


def _place(chat_id: str) -> tuple[bytes, int]:
    """The digest of a chat's id, and where in the file its bucket is."""
    digest = hashlib.blake2b(chat_id.encode(), digest_size=8).digest()
    return digest, int.from_bytes(digest[:4], "little") % BUCKETS * _BUCKET


def touch_chat(folder: Folder, chat_id: str, at: Milliseconds) -> None:
    """Note that the newest messages of a chat were asked for at `at`, and came. Only the engine writes here.

    Where a bucket is full, the chat that was looked at longest ago is forgotten.
    """
    digest, place = _place(chat_id)
    descriptor = os.open(_table(folder), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        slots = _slots(os.pread(descriptor, _BUCKET, place))
        known = [number for number, (name, _) in enumerate(slots) if name == digest]
        number = known[0] if known else min(range(WAYS), key=lambda each: slots[each][1])
        os.pwrite(descriptor, _SLOT.pack(digest, at), place + number * _SLOT.size)
    finally:
        os.close(descriptor)


def chat_looked_at(folder: Folder, chat_id: str) -> Milliseconds | None:
    """When the newest messages of a chat were last asked for; None where that is not remembered."""
    digest, place = _place(chat_id)
    try:
        descriptor = os.open(_table(folder), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return _find(_slots(os.pread(descriptor, _BUCKET, place)), digest)
    finally:
        os.close(descriptor)


def all_chats_looked_at(folder: Folder) -> Callable[[str], Milliseconds | None]:
    """`chat_looked_at` as of now for whoever asks about many chats: the file is read once."""
    try:
        table = _table(folder).read_bytes()
    except FileNotFoundError:
        table = b""

    def at(chat_id: str) -> Milliseconds | None:
        digest, place = _place(chat_id)
        return _find(_slots(table[place : place + _BUCKET]), digest)

    return at


def _slots(bucket: bytes) -> list[tuple[bytes, Milliseconds]]:
    # The file is as long as what was written last.
    return list(_SLOT.iter_unpack(bucket.ljust(_BUCKET, b"\0")))


def _find(slots: list[tuple[bytes, Milliseconds]], digest: bytes) -> Milliseconds | None:
    return next((at for name, at in slots if name == digest and at), None)


@dataclass(frozen=True, slots=True)
class Freshness:
    """As of when the cache knows a chat, by this machine's clock.

    `looked_at`: everything, edits, receipts and reactions included, which only a look at the chat itself
    tells; None: its messages were never read. `news_at`: whether there are newer messages, which the list
    of the profile's chats tells too.
    """

    looked_at: Milliseconds | None
    news_at: Milliseconds | None


def freshness(
    looked: Milliseconds | None,
    listed: Milliseconds | None,
    *,
    read_at: Milliseconds | None,
    complete: bool,
) -> Freshness:
    """How fresh a chat is.

    `looked` and `listed`: the last looks at the chat and at its profile's list. `read_at`: when a page of the
    chat last brought something; None: none was read, whatever an earlier cache held. `complete`: all that the
    list told of is read, and the list itself is known to its end; only then the list vouches for the chat.
    """
    if read_at is None:
        return Freshness(None, None)
    own = max(looked or read_at, read_at)
    return Freshness(own, max(listed or own, own) if complete else own)
