"""What the person chose last among commands, chats and views, so that it stands first the next time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from inbox_tui.core.models import Milliseconds
from inbox_tui.store.db import now_ms, transaction

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

MOST = 200
"""Choices that are remembered; the oldest give way."""

Choice = tuple[str, str]
"""What kind of thing it is (`act`, `chat`, …), and its id."""


def remember(writer: Writer, choice: Choice) -> None:
    """Note that something was chosen now. Raises StoreError."""
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR REPLACE INTO chosen (kind, id, at) VALUES (?, ?, ?)", (*choice, now_ms())
        )
        writer.local.execute(
            "DELETE FROM chosen WHERE at < (SELECT at FROM chosen ORDER BY at DESC LIMIT 1 OFFSET ?)",
            (MOST - 1,),
        )


def chosen(reader: sqlite3.Connection) -> Mapping[Choice, Milliseconds]:
    """When each thing was chosen last, the newest first."""
    rows = reader.execute("SELECT kind, id, at FROM local.chosen ORDER BY at DESC")
    return {(kind, name): at for kind, name, at in rows}
