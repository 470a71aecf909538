"""How far the running sync has come, for screens, and when the first one of the account began.

Progress stands in the cache, and only while much is missing.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from inbox_tui.core.models import Milliseconds
from inbox_tui.core.progress import Progress
from inbox_tui.store.db import now_ms, transaction

if TYPE_CHECKING:
    # Only the engine publishes; a screen that reads paints without what writing needs.
    from inbox_tui.store.writer import Writer

KEY = "sync_progress"


@dataclass(frozen=True, slots=True)
class Published:
    """How far a sync had come at a time of this machine's clock."""

    progress: Progress
    at: Milliseconds


def begin_first_sync(writer: Writer, server_now: Milliseconds) -> None:
    """Note when the first sync of this account began, by the server's clock; later calls change nothing."""
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES ('first_sync_at', ?)", (server_now,)
        )


def publish(writer: Writer, progress: Progress | None) -> None:
    """Let screens know how far the sync has come; None: there is nothing to wait for."""
    with transaction(writer.cache):
        if progress is None:
            writer.cache.execute("DELETE FROM meta WHERE key = ?", (KEY,))
        else:
            value = json.dumps({"at": now_ms(), **asdict(progress)})
            writer.cache.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, value))


def read(reader: sqlite3.Connection) -> Published | None:
    """What the engine that runs, or was killed, has published last."""
    row = reader.execute("SELECT value FROM main.meta WHERE key = ?", (KEY,)).fetchone()
    if row is None:
        return None
    try:
        values = json.loads(row[0])
        return Published(at=int(values.pop("at")), progress=Progress(**values))
    except (ValueError, TypeError, KeyError):
        # Another version of the program wrote it, which knows other numbers.
        return None
