"""Rows of `cache.db` by id, and new rows of messages."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from inbox_tui.core.models import Milliseconds
from inbox_tui.store import index
from inbox_tui.store.db import in_lists
from inbox_tui.store.records import MESSAGE_COLUMNS, Row

TIE_BITS = 10
"""A message's pk is its first known time in milliseconds, shifted left by so many bits, plus a tie-break."""


def known_rows(
    cache: sqlite3.Connection, table: str, columns: Sequence[str], ids: Sequence[str]
) -> Mapping[str, tuple[int, Row]]:
    """The pk and the columns of the rows that are there, by id."""
    return {
        str(row[0]): (int(row[1]), row[2:])
        for marks, values in in_lists(ids)
        for row in cache.execute(
            f"SELECT id, pk, {', '.join(columns)} FROM {table} WHERE id IN ({marks})", values
        )
    }


def marks(items: Sequence[object]) -> str:
    """A mark for each value of a statement."""
    return ", ".join("?" * len(items))


class NewMessage(NamedTuple):
    """A message that the cache does not have. They sort by their order in the chat."""

    position_at: Milliseconds
    row: Row
    chat: int
    history: bool
    """It gets no arrival number."""
    stated_at: Milliseconds | None
    """As of when it is so."""


def chat_pks(cache: sqlite3.Connection, ids: Sequence[str]) -> Mapping[str, int]:
    """The pks of the chats that are there, by id."""
    return {
        str(chat_id): int(pk)
        for places, values in in_lists(ids)
        for chat_id, pk in cache.execute(f"SELECT id, pk FROM chats WHERE id IN ({places})", values)
    }


def insert_messages(cache: sqlite3.Connection, new: Sequence[NewMessage]) -> None:
    """Insert messages and index their words; those of a chat are given in their order there."""
    if not new:
        return
    arriving = sum(not message.history for message in new)
    last = 0
    if arriving:
        (last,) = cache.execute(
            "UPDATE meta SET value = value + ? WHERE key = 'arrived' RETURNING value", (arriving,)
        ).fetchone()
    numbers = itertools.count(last - arriving + 1)
    pks = _new_pks(cache, [message.position_at for message in new])
    columns = ("pk", "chat", "position_at", "arrived", "stated_at", *MESSAGE_COLUMNS)
    cache.executemany(
        f"INSERT INTO messages ({', '.join(columns)}) VALUES ({marks(columns)})",
        [
            (pk, chat, at, None if history else next(numbers), stated_at, *row)
            for pk, (at, row, chat, history, stated_at) in zip(pks, new, strict=True)
        ],
    )
    words = [
        index.Entry(pk, "", index.message_document(message.row)) for pk, message in zip(pks, new, strict=True)
    ]
    index.feed(cache, index.MESSAGES, words)
    cache.executemany(
        "UPDATE chats SET messages = messages + ? WHERE pk = ?",
        [(count, chat) for chat, count in Counter(message.chat for message in new).items()],
    )


def _new_pks(cache: sqlite3.Connection, times: Sequence[Milliseconds]) -> list[int]:
    """A free pk for each time: the first of its millisecond, else the one behind the last in use.

    A millisecond that is full overflows into the next.
    """
    bases = [max(at, 0) << TIE_BITS for at in times]
    used: set[int] = set()
    for places, values in in_lists(bases):
        used |= {pk for (pk,) in cache.execute(f"SELECT pk FROM messages WHERE pk IN ({places})", values)}
    last: dict[int, int] = {}
    pks: list[int] = []
    for base in bases:
        pk, millisecond = base, base >> TIE_BITS
        while pk in used:
            start, end = millisecond << TIE_BITS, (millisecond + 1) << TIE_BITS
            (top,) = cache.execute(
                "SELECT max(pk) FROM messages WHERE pk >= ? AND pk < ?", (start, end)
            ).fetchone()
            pk = max(top or start, last.get(millisecond, start)) + 1
            if pk == end:
                millisecond += 1
                (taken,) = cache.execute(
                    "SELECT EXISTS (SELECT 1 FROM messages WHERE pk = ?)", (end,)
                ).fetchone()
                used |= {end} if taken else set()
        used.add(pk)
        last[millisecond] = pk
        pks.append(pk)
    return pks
