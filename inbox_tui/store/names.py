"""Chats by a few letters of a name, at a cost that does not grow with the account.

Two looks, both bounded. Words that begin like the typed ones are found in all chats, by the search index. Any
row of letters is found among the chats with the newest activity, as most of what a person looks for is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from inbox_tui.core import words
from inbox_tui.core.models import Chat, Milliseconds
from inbox_tui.core.text import search_key
from inbox_tui.store import index
from inbox_tui.store.db import in_lists
from inbox_tui.store.records import CHAT_COLUMNS, chat_of

NEWEST = 2_000
"""Chats in which any row of letters is looked for."""


@dataclass(frozen=True, slots=True)
class NamedChat:
    """A chat as one looks for it."""

    pk: int
    chat: Chat
    active_at: Milliseconds

    @property
    def letters(self) -> str:
        """What is compared with the typed letters."""
        chat = self.chat
        return " ".join(filter(None, (chat.title, chat.participant_username, chat.participant_external_id)))


def find_chats(reader: sqlite3.Connection, text: str, limit: int) -> list[NamedChat]:
    """Chats whose name, username or id goes with the typed letters, the newest activity first.

    At most twice `limit`: those by the beginnings of words, and those by any row of letters.
    """
    parts = search_key(text.removeprefix("@")).split()
    if not parts:
        return []
    return _rows(reader, dict.fromkeys([*_newest(reader, parts, limit), *_indexed(reader, parts, limit)]))


def chats_of(reader: sqlite3.Connection, ids: Sequence[str]) -> list[NamedChat]:
    """Chats by their ids, those that are there."""
    found = [
        int(pk)
        for places, values in in_lists(ids)
        for (pk,) in reader.execute(f"SELECT pk FROM chats WHERE id IN ({places})", values)
    ]
    return _rows(reader, found)


def _newest(reader: sqlite3.Connection, parts: Sequence[str], limit: int) -> list[int]:
    """Among the newest chats, those that hold each part in one piece; if none does, its letters in a row."""
    for condition, values in (
        ("instr(search_key, ?)", parts),
        ("search_key LIKE ? ESCAPE '\\'", [f"%{'%'.join(map(_escaped, part))}%" for part in parts]),
    ):
        rows = reader.execute(
            "SELECT pk FROM (SELECT pk, search_key FROM chats ORDER BY sort_at DESC, pk DESC LIMIT ?) "
            f"WHERE {' AND '.join([condition] * len(parts))} LIMIT ?",
            (NEWEST, *values, limit),
        ).fetchall()
        if rows:
            break
    return [int(pk) for (pk,) in rows]


def _escaped(letter: str) -> str:
    return f"\\{letter}" if letter in "%_\\" else letter


def _indexed(reader: sqlite3.Connection, parts: Sequence[str], limit: int) -> list[int]:
    """In all chats, those with words that begin with the parts: a walk from the end of the index."""
    wanted = [each for part in parts if (each := words.wanted(part)) is not None]
    # A word of one or two letters has no entry of its own: it would be a look at very many.
    if not wanted or any(not (each.prefix or each.number) for each in wanted):
        return []
    asked = " AND ".join(index.matching(each, short=False) for each in wanted)
    rows = reader.execute(
        f"SELECT rowid FROM {index.NAMES.fts} WHERE {index.NAMES.fts} MATCH ? ORDER BY rowid DESC LIMIT ?",
        (asked, limit),
    )
    return [int(pk) for (pk,) in rows]


def _rows(reader: sqlite3.Connection, pks: Sequence[int] | dict[int, None]) -> list[NamedChat]:
    rows = [
        NamedChat(int(pk), chat_of(row), int(active_at))
        for places, values in in_lists(list(pks))
        for pk, active_at, *row in reader.execute(
            f"SELECT pk, sort_at, {', '.join(CHAT_COLUMNS)} FROM chats WHERE pk IN ({places})", values
        )
    ]
    return sorted(rows, key=lambda row: (-row.active_at, -row.pk))
