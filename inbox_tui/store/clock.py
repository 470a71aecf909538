"""The service's clock: reply windows, ages and days are counted by it, whatever this machine's clock says.

The engine learns the difference from the API's answers (the HTTP Date header) and keeps it in the cache.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inbox_tui.core.models import Milliseconds
from inbox_tui.store.db import now_ms

if TYPE_CHECKING:
    # Only the engine keeps the difference; a screen that reads it paints without what writing needs.
    from inbox_tui.store.writer import Writer

OFFSET = "clock_offset_ms"
"""Name in the cache of the server's clock minus this machine's, in milliseconds."""
TOLERANCE_MS: Milliseconds = 2_000
"""The Date header has whole seconds, and an answer takes its time: less than this is no news."""


def offset(cache: sqlite3.Connection) -> Milliseconds:
    """Server clock minus this clock as last kept; 0 where no answer has told it yet."""
    row = cache.execute("SELECT value FROM meta WHERE key = ?", (OFFSET,)).fetchone()
    return 0 if row is None else int(row[0])


@dataclass(slots=True)
class ServerClock:
    """The service's clock for whoever asks often: `offset` is read once, and again when the cache changed."""

    offset: Milliseconds = 0

    def now(self) -> Milliseconds:
        """The time that the API's own times are compared with."""
        return now_ms() + self.offset

    def here(self, at: Milliseconds) -> Milliseconds:
        """A time that was taken from this machine's clock, as the service would have called it."""
        return at + self.offset


def server_now(cache: sqlite3.Connection) -> Milliseconds:
    """The time that the API's own times are compared with."""
    return now_ms() + offset(cache)


def keep(writer: Writer, known: Milliseconds) -> bool:
    """Keep the difference where it is news, so that a look that finds nothing writes nothing.

    Returns whether it was.
    """
    from inbox_tui.store.writes import recall, remember

    kept = recall(writer, OFFSET)
    if kept is not None and abs(known - kept) <= TOLERANCE_MS:
        return False
    remember(writer, OFFSET, known)
    return True
