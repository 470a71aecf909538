"""Rows of `cache.db` by id, and new rows of messages."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from inbox_tui.core.models import Milliseconds
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


def insert_messages(
    cache: sqlite3.Connection,
    chat_pk: int,
    new: Sequence[tuple[Milliseconds, str, Row]],
    *,
    history: bool,
    stated_at: Milliseconds | None = None,
) -> None:
    """Insert messages of a chat, given in their order there; `stated_at`: as of when they are so."""
    numbers: Iterable[int | None] = itertools.repeat(None)
    if not history:
        (arrived,) = cache.execute(
            "UPDATE meta SET value = value + ? WHERE key = 'arrived' RETURNING value", (len(new),)
        ).fetchone()
        numbers = range(arrived - len(new) + 1, arrived + 1)
    pks = _new_pks(cache, [at for at, _, _ in new])
    columns = ("pk", "chat", "position_at", "arrived", "stated_at", *MESSAGE_COLUMNS)
    cache.executemany(
        f"INSERT INTO messages ({', '.join(columns)}) VALUES ({marks(columns)})",
        [
            (pk, chat_pk, at, number, stated_at, *row)
            for pk, number, (at, _, row) in zip(pks, numbers, new, strict=False)
        ],
    )
    cache.execute("UPDATE chats SET messages = messages + ? WHERE pk = ?", (len(new), chat_pk))


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
