"""What screens tell the engine: which chat each of them shows, and what is wanted from the network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inbox_tui.store.db import now_ms, transaction

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer


def show(writer: Writer, chat_id: str | None) -> None:
    """Say which chat this process has open (None: none), so that the engine looks at it most often."""
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR REPLACE INTO screens (pid, chat_id, at) VALUES (?, ?, ?)",
            (os.getpid(), chat_id, now_ms()),
        )


def remove(writer: Writer, pid: int) -> None:
    """Forget the screen of a process that is gone."""
    with transaction(writer.local):
        writer.local.execute("DELETE FROM screens WHERE pid = ?", (pid,))


def open_chats(writer: Writer) -> list[tuple[int, str | None]]:
    """(process number, chat) of every screen that has said so."""
    return writer.local.execute("SELECT pid, chat_id FROM screens ORDER BY at DESC").fetchall()


def need(writer: Writer, kind: str, subject: str) -> None:
    """Ask the engine for something from the network; asking again while the want stands changes nothing.

    `look`: the newest messages of the chat `subject`; `older`: the next page of its history; `profiles`: the
    list of profiles (no subject). The other kinds are those of `store.fetched`, where the answers stand.
    """
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR IGNORE INTO needs (kind, subject, at) VALUES (?, ?, ?)", (kind, subject, now_ms())
        )


def needs(writer: Writer) -> list[tuple[str, str]]:
    """(kind, subject) of the wants that stand, oldest first; they stay until `fulfilled`."""
    return writer.local.execute("SELECT kind, subject FROM needs ORDER BY at").fetchall()


def fulfilled(writer: Writer, kind: str, subject: str) -> None:
    """Remove a want that was carried out or cannot be."""
    with transaction(writer.local):
        writer.local.execute("DELETE FROM needs WHERE kind = ? AND subject = ?", (kind, subject))
