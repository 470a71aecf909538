"""Messages that a query finds, newest first as one types: walks from the end of the search index.

Words and phrases must stand in the message itself; what `has:` asks for must be on it; `before:` and `after:`
go by its own time; all other operators are about its chat. The index hands out candidates in the order of
their row ids, which is that of time, and each is looked at before it counts. Beginnings of words are asked
for by their first letters, for which the index has entries, so a common word costs no more than a rare one.
Only where few candidates turn out to be hits, the whole beginning is asked for instead: then it is rare.
"""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum

from inbox_tui.core import query, words
from inbox_tui.core.excerpt import Excerpt, excerpt
from inbox_tui.core.models import Chat, Message, Milliseconds, Profile
from inbox_tui.core.query import Field, Filter, Has, Not
from inbox_tui.core.words import Span, Text, Wanted, taken_apart
from inbox_tui.store import index
from inbox_tui.store.db import in_lists
from inbox_tui.store.reads import Key
from inbox_tui.store.records import CHAT_COLUMNS, MESSAGE_COLUMNS, SqlRow, chat_of, message_of
from inbox_tui.store.rows import TIE_BITS
from inbox_tui.store.search import FEW_MESSAGES, Conditions, Values, asked_for
from inbox_tui.store.taps import tap_label

PROBE = 150
"""Candidates after which it is judged whether the first letters of a beginning tell enough."""
LEAST_HITS = 0.1
"""Of the candidates so many must have a word, or its whole beginning is asked for."""
FEW_CHATS = 200
"""A query about so few chats, with few messages together, reads those messages instead of the index."""
RANKED = 2_000
"""The newest hits among which the best are looked for; to rank all would take seconds for a common word."""
DAY = 24 * 3_600_000
"""By how much the time of a message's row id, at which it was first known, may differ from its own."""
_COLUMNS = ", ".join(f"m.{name}" for name in ("pk", "chat", "position_at", *MESSAGE_COLUMNS))


class Order(StrEnum):
    """How hits are ordered."""

    DATE = "date"
    """The newest first."""
    RANK = "rank"
    """The best of the newest first: whole words, words near the beginning, short messages."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a message must have and must not have, and its chat; `text` is the query."""

    text: str = ""
    wanted: tuple[Wanted, ...] = ()
    unwanted: tuple[Wanted, ...] = ()
    having: frozenset[Has] = frozenset()
    lacking: frozenset[Has] = frozenset()
    since: Milliseconds | None = None
    """At this moment or after it, by the message's own time."""
    until: Milliseconds | None = None
    """Before this moment."""
    chats: str = ""
    """A condition on the chat `c`; empty: any."""
    values: tuple[tuple[str, str | int], ...] = ()

    def marks(self, text: str) -> list[Span]:
        """Where a text has what is looked for, in order and apart."""
        apart = taken_apart(text)
        return _apart(span for wanted in self.wanted for span in wanted.find(apart))


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `key`: where it stands in its thread."""

    pk: int
    key: Key
    chat_pk: int
    chat: Chat
    message: Message
    excerpt: Excerpt
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """Hits in order. `more`: there may be others behind them; by rank, hits too old to have been ranked."""

    hits: tuple[Hit, ...]
    more: bool


def plan(text: str, profiles: Iterable[Profile], *, now: Milliseconds, zone: tzinfo = UTC) -> Plan:
    """How to find the messages of a query at a time of the server. Raises QueryError with the place."""
    read = query.parse(text)
    conditions = Conditions(read, list(profiles), now=now, zone=zone)
    wanted: dict[bool, list[Wanted]] = {True: [], False: []}
    marks: dict[bool, set[Has]] = {True: set(), False: set()}
    since: list[Milliseconds] = []
    until: list[Milliseconds] = []
    chats: list[str] = []
    for number, word in asked_for(read):
        item = read.items[number]
        positive = not isinstance(item, Not)
        inner = item.item if isinstance(item, Not) else item
        if word is not None:
            wanted[positive].append(word)
        elif not isinstance(inner, Filter):
            continue
        elif inner.field is Field.HAS:
            marks[positive].add(Has(inner.value))
        elif inner.field in (Field.BEFORE, Field.AFTER):
            bound = since if (inner.field is Field.AFTER) is positive else until
            bound.append(conditions.moment(inner.value))
        else:
            condition = conditions.of_chat(number)
            chats.append(condition if positive else f"NOT ({condition})")
    return Plan(
        text=text,
        wanted=tuple(wanted[True]),
        unwanted=tuple(wanted[False]),
        having=frozenset(marks[True]),
        lacking=frozenset(marks[False]),
        since=max(since, default=None),
        until=min(until, default=None),
        chats=" AND ".join(chats),
        values=tuple(conditions.values.items()),
    )


def search(
    reader: sqlite3.Connection,
    plan: Plan,
    *,
    order: Order = Order.DATE,
    limit: int = 50,
    before: int | None = None,
    after: int | None = None,
    chat: int | None = None,
) -> Found:
    """The first hits of a plan. May take a while where hits are rare: for a thread.

    `before`, `after`: the pk of a hit; only older, or only newer messages, these oldest first. `chat`: the pk
    of the only chat to look in.
    """
    walk = _Walk(reader, plan, before=before, after=after, chat=chat)
    if order is Order.DATE:
        rows = _take(walk.rows(), limit + 1)
        return Found(_hits(reader, plan, rows[:limit]), len(rows) > limit)
    rows = _take(walk.rows(), RANKED + 1)
    newest = rows[:RANKED]
    newest.sort(key=lambda row: (-_score(plan, row), -row.pk))
    return Found(_hits(reader, plan, newest[:limit]), len(rows) > limit)


def people(reader: sqlite3.Connection, plan: Plan, limit: int) -> list[tuple[int, Chat]]:
    """Chats (with their pk) whose customer is called as the words of a plan say, newest first."""
    if not plan.wanted or plan.unwanted or plan.having or any(wanted.parts for wanted in plan.wanted):
        return []
    asked = " AND ".join(
        index.quoted(words.Key(word.text, prefix=True)) for wanted in plan.wanted for word in wanted.words
    )
    condition = f"AND ({plan.chats})" if plan.chats else ""
    rows = reader.execute(
        f"SELECT c.pk, {', '.join(f'c.{name}' for name in CHAT_COLUMNS)} FROM names_fts "
        f"JOIN chats c ON c.pk = names_fts.rowid WHERE names_fts MATCH :asked {condition} "
        "ORDER BY c.sort_at DESC, c.pk DESC LIMIT :limit",
        {**dict(plan.values), "asked": asked, "limit": limit},
    )
    return [(int(pk), chat_of(row)) for pk, *row in rows]


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    chat: int
    at: Milliseconds
    columns: SqlRow
    text: Text
    spans: tuple[Span, ...]


class _Walk:
    """Goes through the candidates of a plan in the order of their row ids."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        plan: Plan,
        *,
        before: int | None,
        after: int | None,
        chat: int | None,
    ) -> None:
        self._reader = reader
        self._plan = plan
        self._upwards = after is not None
        self._values: Values = dict(plan.values)
        low = [] if after is None else [after + 1]
        high = [] if before is None else [before - 1]
        if plan.since is not None:
            low.append(max(plan.since - DAY, 0) << TIE_BITS)
        if plan.until is not None:
            high.append(max(plan.until + DAY, 0) << TIE_BITS)
        self._low, self._high = max(low, default=0), min(high, default=(1 << 63) - 1)
        self._chat = chat

    def rows(self) -> Generator[_Row, None, None]:
        """Every hit."""
        few = self._few_chats()
        if few is not None:
            yield from filter(None, map(self._hit, self._read_chats(few)))
            return
        if not (self._plan.wanted or self._plan.having):
            # By time, not chat by chat with everything sorted in the end, as SQLite would.
            table = "messages m" if self._chat is not None else "messages m NOT INDEXED"
            yield from filter(None, map(self._hit, self._read(table, "m.pk", "1")))
            return
        whole: set[int] = set()
        passed = [0] * len(self._plan.wanted)
        for tried, row in enumerate(self._candidates(whole), 1):
            text = taken_apart(row[3 + _BODY] or "")
            for number, wanted in enumerate(self._plan.wanted):
                passed[number] += bool(wanted.find(text))
            hit = self._hit(row, text)
            if hit is not None:
                yield hit
            if tried == PROBE:
                whole = {n for n, count in enumerate(passed) if count < PROBE * LEAST_HITS}
                self._move_on(row[0])
                break
        else:
            return
        yield from filter(None, map(self._hit, self._candidates(whole)))

    def _move_on(self, pk: int) -> None:
        if self._upwards:
            self._low = pk + 1
        else:
            self._high = pk - 1

    def _candidates(self, whole: set[int]) -> Iterator[SqlRow]:
        """What the index has; `whole`: words of which it is asked for the whole beginning."""
        asked = [
            index.matching(wanted, short=number not in whole)
            for number, wanted in enumerate(self._plan.wanted)
        ]
        asked += [index.quoted(words.Key(index.MARK + mark)) for mark in sorted(self._plan.having)]
        self._values["asked"] = " AND ".join(asked)
        return self._read(
            "messages_fts CROSS JOIN messages m ON m.pk = messages_fts.rowid",
            "messages_fts.rowid",
            "messages_fts MATCH :asked",
        )

    def _read(self, tables: str, rowid: str, condition: str) -> Iterator[SqlRow]:
        if self._chat is not None:
            condition += f" AND m.chat = {self._chat}"
        if self._plan.chats:
            tables += " CROSS JOIN chats c ON c.pk = +m.chat"
            condition += f" AND ({self._plan.chats})"
        return self._reader.execute(
            f"SELECT {_COLUMNS} FROM {tables} WHERE {condition} AND {rowid} BETWEEN {self._low} AND "
            f"{self._high} ORDER BY {rowid} {'ASC' if self._upwards else 'DESC'}",
            self._values,
        )

    def _few_chats(self) -> Sequence[int] | None:
        """The chats that a plan is about, where they are few and have few messages together; else None."""
        if self._chat is None and not self._plan.chats:
            return None
        condition = self._plan.chats or "1"
        if self._chat is not None:
            condition += f" AND c.pk = {self._chat}"
        rows = self._reader.execute(
            f"SELECT c.pk, c.messages FROM chats c WHERE {condition} LIMIT {FEW_CHATS + 1}", self._values
        ).fetchall()
        if len(rows) > FEW_CHATS or sum(messages for _, messages in rows) > FEW_MESSAGES:
            return None
        return [int(pk) for pk, _ in rows]

    def _read_chats(self, pks: Sequence[int]) -> list[SqlRow]:
        rows = [
            row
            for places, values in in_lists(pks)
            for row in self._reader.execute(
                f"SELECT {_COLUMNS} FROM messages m WHERE m.chat IN ({places}) "
                f"AND m.pk BETWEEN {self._low} AND {self._high}",
                values,
            )
        ]
        rows.sort(key=lambda row: int(row[0]), reverse=not self._upwards)
        return rows

    def _hit(self, row: SqlRow, text: Text | None = None) -> _Row | None:
        """The message of a row, where it is one that the plan looks for."""
        plan, (pk, chat, at, *columns) = self._plan, row
        if (plan.since is not None and at < plan.since) or (plan.until is not None and at >= plan.until):
            return None
        if columns[_DELETED] is not None:
            return None
        text = text or taken_apart(columns[_BODY] or "")
        spans: list[Span] = []
        for wanted in plan.wanted:
            found = wanted.find(text)
            if not found:
                return None
            spans += found
        if any(wanted.find(text) for wanted in plan.unwanted):
            return None
        if plan.having or plan.lacking:
            has = index.has(tuple(columns))
            if not plan.having <= has or plan.lacking & has:
                return None
        return _Row(int(pk), int(chat), int(at), tuple(columns), text, tuple(_apart(spans)))


_BODY, _DELETED = MESSAGE_COLUMNS.index("body"), MESSAGE_COLUMNS.index("deleted_at")


def _take(rows: Generator[_Row, None, None], limit: int) -> list[_Row]:
    # A statement that is not at its end would keep the log of the file from being cut off.
    with closing(rows):
        return list(itertools.islice(rows, limit))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _score(plan: Plan, row: _Row) -> float:
    """How good a hit is: whole words, early ones, in a short message."""
    whole = sum(wanted.whole(row.text) for wanted in plan.wanted)
    first = min((start for start, _ in row.spans), default=0)
    return (
        2.0 * whole
        + 0.2 * min(len(row.spans), 5)
        + 1.0 / (1.0 + first / 40)
        - 0.3 * math.log2(1 + len(row.text.words))
    )


def _hits(reader: sqlite3.Connection, plan: Plan, rows: Sequence[_Row]) -> tuple[Hit, ...]:
    chats = _chats(reader, {row.chat for row in rows})
    hits = []
    for row in rows:
        if (chat := chats.get(row.chat)) is None:
            continue
        message = message_of(row.columns, chat.id)
        hits.append(
            Hit(
                pk=row.pk,
                key=(row.at, message.id),
                chat_pk=row.chat,
                chat=chat,
                message=message,
                excerpt=excerpt(message, row.spans, tap_label(reader, row.chat, message)),
                score=_score(plan, row),
            )
        )
    return tuple(hits)


def _chats(reader: sqlite3.Connection, pks: Iterable[int]) -> Mapping[int, Chat]:
    return {
        int(pk): chat_of(row)
        for places, values in in_lists(sorted(pks))
        for pk, *row in reader.execute(
            f"SELECT pk, {', '.join(CHAT_COLUMNS)} FROM chats WHERE pk IN ({places})", values
        )
    }
