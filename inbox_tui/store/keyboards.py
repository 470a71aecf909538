"""Keyboards that somebody keeps under a name, to use them again.

They are made in the program and belong to an account (its bot understands their callback data), so they
live in `local.db` beside the drafts: two terminals may write at once, and a kill loses nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inbox_tui.core.errors import Refused
from inbox_tui.core.keyboard_text import Design, restored
from inbox_tui.store.db import now_ms, transaction

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

MOST_CHARACTERS = 60
"""Of a name."""


@dataclass(frozen=True, slots=True)
class SavedKeyboard:
    """A keyboard with a name."""

    name: str
    design: Design


def saved_keyboards(reader: sqlite3.Connection) -> list[SavedKeyboard]:
    """All of them by name, whatever the case of its letters."""
    rows = reader.execute("SELECT name, design FROM local.keyboards ORDER BY name")
    return [SavedKeyboard(name, restored(design)) for name, design in rows]


def save_keyboard(writer: Writer, name: str, design: Design, *, replace: bool = False) -> str:
    """Keep a design under a name (one line, case does not count); returns the name as it is kept.

    Raises Refused without a name, and where the name is taken unless it is to be replaced.
    """
    name = " ".join(name.split())[:MOST_CHARACTERS].strip()
    if not name:
        raise Refused("The buttons have no name yet", "Type one")
    with transaction(writer.local):
        if not replace and writer.local.execute("SELECT 1 FROM keyboards WHERE name = ?", (name,)).fetchone():
            raise Refused(f"There are buttons called {name} already", "Keep them again to replace those")
        writer.local.execute(
            "INSERT OR REPLACE INTO keyboards (name, design, updated_at) VALUES (?, ?, ?)",
            (name, design.stored(), now_ms()),
        )
    return name


def delete_keyboard(writer: Writer, name: str) -> bool:
    """Forget the design of a name; False where there is none."""
    with transaction(writer.local):
        return writer.local.execute("DELETE FROM keyboards WHERE name = ?", (name,)).rowcount > 0
