"""How fresh each profile is: the time of the last look at it that succeeded.

A look that found nothing must write nothing to the databases, so its time is that of an empty file.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from inbox_tui.core.models import Milliseconds
from inbox_tui.store.db import Folder, now_ms


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
