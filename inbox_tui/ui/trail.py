"""The way through the hits of a search: first all of a chat, from the newest on, then those of the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from inbox_tui.store import find
from inbox_tui.store.find import Hit, Order, Plan

PAGE = 50
"""Hits that are read at a time."""


@dataclass(slots=True)
class Trail:
    """Hits in the order of the search, read as far as was asked; `at`: the one where the person is.

    Chats stand in the order of their first hits. Methods that take a reader are for the search's thread.
    """

    plan: Plan
    order: Order
    hits: list[Hit] = field(default_factory=list)
    more: bool = False
    at: Hit | None = None

    def read_on(self, reader: sqlite3.Connection) -> Sequence[Hit]:
        """The hits behind those that were read."""
        if self.order is Order.RANK:
            found = find.search(reader, self.plan, order=self.order, limit=len(self.hits) + PAGE)
            new = found.hits[len(self.hits) :]
        else:
            before = self.hits[-1].pk if self.hits else None
            found = find.search(reader, self.plan, limit=PAGE, before=before)
            new = found.hits
        self.hits += new
        self.more = found.more
        return new

    def next(self, reader: sqlite3.Connection, steps: int) -> Hit | None:
        """The hit so many steps on (back, where it is below zero); None: there are not so many."""
        hit = self.at
        for _ in range(abs(steps)):
            if hit is None:
                break
            hit = self._on(reader, hit) if steps > 0 else self._back(reader, hit)
        return hit

    def _on(self, reader: sqlite3.Connection, hit: Hit) -> Hit | None:
        found = find.search(reader, self.plan, limit=1, before=hit.pk, chat=hit.chat_pk)
        if found.hits:
            return found.hits[0]
        chats = self._chats(reader)
        for chat_pk in chats:
            if chat_pk == hit.chat_pk:
                following = next(chats, None)
                return None if following is None else self._newest(reader, following)
        return None

    def _back(self, reader: sqlite3.Connection, hit: Hit) -> Hit | None:
        found = find.search(reader, self.plan, limit=1, after=hit.pk, chat=hit.chat_pk)
        if found.hits:
            return found.hits[0]
        before: int | None = None
        for chat_pk in self._chats(reader):
            if chat_pk == hit.chat_pk:
                return None if before is None else self._oldest(reader, before)
            before = chat_pk
        return None

    def _newest(self, reader: sqlite3.Connection, chat_pk: int) -> Hit | None:
        return next(iter(find.search(reader, self.plan, limit=1, chat=chat_pk).hits), None)

    def _oldest(self, reader: sqlite3.Connection, chat_pk: int) -> Hit | None:
        return next(iter(find.search(reader, self.plan, limit=1, after=0, chat=chat_pk).hits), None)

    def _chats(self, reader: sqlite3.Connection) -> Iterator[int]:
        """The chats with hits, each once; reads on as far as it is asked."""
        seen: set[int] = set()
        number = 0
        while True:
            while number < len(self.hits):
                chat_pk = self.hits[number].chat_pk
                number += 1
                if chat_pk not in seen:
                    seen.add(chat_pk)
                    yield chat_pk
            if not self.more or not self.read_on(reader):
                return
