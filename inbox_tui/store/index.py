"""The search index of `cache.db`: words of messages and names, fed by whoever writes the rows.

Two FTS5 tables without content: the words of a row can be computed from it at any time (`core.words`), so no
copy of them is kept, and an entry is taken out by computing it once more. They know which row has which word
and not where (`detail=none`): that halves them, and what stands next to each other is looked for in the row.
`messages_fts` has messages by their pk, so that newest first is a walk from its end; `names_fts` has chats.

A cache from before the index, or from other rules of what a word is, is indexed in slices, newest first, by
whoever has the time (`build`). Until that has come to a row, its changes do not concern the index.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from inbox_tui.core import words
from inbox_tui.core.models import Chat
from inbox_tui.core.query import Has
from inbox_tui.store.db import transaction
from inbox_tui.store.records import CHAT_COLUMNS, MESSAGE_COLUMNS, Row, chat_of, is_deleted

RULES = 1
"""Raised when `core.words` or `message_document` says something else of the same text."""
MARK = "\ue001"
"""Stands before what `has:` asks for; no text has it, as it is in no word."""
SMALL_PAGES = 256
"""An index of so many pages of 4 kB at most is merged in some 25 ms."""
MERGE_PAGES = 64
"""Pages of 4 kB that one step of `purge` merges."""
_VERSION, _WORDS_LEFT = "index_version", "words_in_index"
_COLUMNS = {name: place for place, name in enumerate(MESSAGE_COLUMNS)}
_BODY, _MARKUP, _REACTIONS, _FILES = (
    _COLUMNS[name] for name in ("body", "reply_markup", "reactions", "attachments")
)
_SEEN = (_BODY, _MARKUP, _REACTIONS, _FILES, _COLUMNS["deleted_at"])


@dataclass(frozen=True, slots=True)
class Table:
    """An index: its FTS5 table, the table of its rows, and the note of the first row that it does have."""

    fts: str
    rows: str
    mark: str


MESSAGES = Table("messages_fts", "messages", "messages_indexed_from")
NAMES = Table("names_fts", "chats", "names_indexed_from")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index knew of a row and is to know; empty: nothing."""

    pk: int
    before: str
    after: str


@cache
def _link() -> re.Pattern[str]:
    return re.compile(r"https?://\S|\bwww\.\w", re.IGNORECASE)


def version() -> str:
    """By which rules the words are told; Python's tables of characters are part of them."""
    return f"{RULES}/{unicodedata.unidata_version}"


def has(row: Row) -> set[Has]:
    """What `has:` finds in a message, from the columns MESSAGE_COLUMNS."""
    return has_of(row[_BODY], row[_MARKUP], row[_REACTIONS], row[_FILES])


def has_of(body: object, markup: object, reactions: object, files: object) -> set[Has]:
    """The same from the columns that it depends on."""
    found: set[Has] = set()
    if files != "[]":
        kinds = [file[1] for file in json.loads(str(files))]
        found |= {Has.IMAGE if kind == "image" else Has.FILE for kind in kinds}
    if reactions != "[]":
        found.add(Has.REACTION)
    if markup is not None:
        found.add(Has.BUTTONS)
    if body is not None and _has_link(str(body)):
        found.add(Has.LINK)
    return found


def _has_link(body: str) -> bool:
    # Looking for two pieces of text takes a tenth of the time of the pattern, and most messages have neither.
    return ("://" in body or "www." in body.lower()) and _link().search(body) is not None


def message_document(row: Row) -> str:
    """What the index is told of a message, from the columns MESSAGE_COLUMNS; nothing of a deleted one."""
    if is_deleted(row):
        return ""
    body = row[_BODY]
    told = words.document(str(body)) if body else ""
    marks = [MARK + mark for mark in sorted(has(row))]
    return " ".join([told, *marks]).strip() if marks else told


def message_entry(pk: int, before: Row, after: Row) -> Entry | None:
    """What a change of a message changes in the index; None: nothing."""
    if all(before[place] == after[place] for place in _SEEN):
        return None
    entry = Entry(pk, message_document(before), message_document(after))
    return None if entry.before == entry.after else entry


def names_document(chat: Chat) -> str:
    """What the index is told of a customer: name, handle and id."""
    names = (chat.participant_name, chat.participant_username, chat.participant_external_id)
    return words.document("\n".join(name for name in names if name))


def feed(cache_db: sqlite3.Connection, table: Table, entries: Iterable[Entry]) -> None:
    """Tell the index what has changed. Belongs into the transaction that changes the rows."""
    first = _indexed_from(cache_db, table)
    mine = [
        entry for entry in entries if (first is None or entry.pk >= first) and entry.before != entry.after
    ]
    gone = [(entry.pk, entry.before) for entry in mine if entry.before]
    if gone:
        # Before what comes instead: an edited row has both.
        cache_db.executemany(
            f"INSERT INTO {table.fts} ({table.fts}, rowid, words) VALUES ('delete', ?, ?)", sorted(gone)
        )
    _insert(cache_db, table, [(entry.pk, entry.after) for entry in mine])


def _insert(cache_db: sqlite3.Connection, table: Table, documents: Iterable[tuple[int, str]]) -> None:
    # In rising order: for each that falls FTS5 writes out what it has gathered, which takes three times as
    # long in the end (10 against 30 us a message).
    rows = sorted(pair for pair in documents if pair[1])
    if rows:
        cache_db.executemany(f"INSERT INTO {table.fts} (rowid, words) VALUES (?, ?)", rows)


# Building.


def _indexed_from(reader: sqlite3.Connection, table: Table) -> int | None:
    """The first row that the index has; None: it has all."""
    row = reader.execute("SELECT value FROM meta WHERE key = ?", (table.mark,)).fetchone()
    return None if row is None else int(row[0])


def is_complete(reader: sqlite3.Connection) -> bool:
    """Whether the index has every row."""
    return all(_indexed_from(reader, table) is None for table in (MESSAGES, NAMES))


def missing(reader: sqlite3.Connection, table: Table) -> int:
    """How many rows the index does not have yet."""
    first = _indexed_from(reader, table)
    if first is None:
        return 0
    (count,) = reader.execute(f"SELECT count(*) FROM {table.rows} WHERE pk < ?", (first,)).fetchone()
    return int(count)


def adopt(cache_db: sqlite3.Connection) -> None:
    """Have an index that was made by other rules built anew. For a writer, at its start."""
    row = cache_db.execute("SELECT value FROM meta WHERE key = ?", (_VERSION,)).fetchone()
    if row is None or row[0] != version():
        reset(cache_db)


def reset(cache_db: sqlite3.Connection) -> None:
    """Throw the index away; `build` makes it anew."""
    with transaction(cache_db):
        for table in (MESSAGES, NAMES):
            cache_db.execute(f"INSERT INTO {table.fts} ({table.fts}) VALUES ('delete-all')")
            (last,) = cache_db.execute(f"SELECT max(pk) FROM {table.rows}").fetchone()
            if last is None:
                cache_db.execute("DELETE FROM meta WHERE key = ?", (table.mark,))
            else:
                cache_db.execute(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (table.mark, int(last) + 1)
                )
        cache_db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_VERSION, version()))
        cache_db.execute("DELETE FROM meta WHERE key = ?", (_WORDS_LEFT,))


def build(cache_db: sqlite3.Connection, rows: int) -> bool:
    """Index up to so many more rows in one transaction, names first, then the newest messages.

    Returns whether there is more to do.
    """
    if is_complete(cache_db):
        return False
    with transaction(cache_db):
        for table in (NAMES, MESSAGES):
            first = _indexed_from(cache_db, table)
            if first is None:
                continue
            found = _documents(cache_db, table, first, rows)
            _insert(cache_db, table, found)
            if len(found) == rows:
                cache_db.execute("UPDATE meta SET value = ? WHERE key = ?", (found[-1][0], table.mark))
            else:
                cache_db.execute("DELETE FROM meta WHERE key = ?", (table.mark,))
            break
    return not is_complete(cache_db)


def _documents(reader: sqlite3.Connection, table: Table, before: int, limit: int) -> list[tuple[int, str]]:
    """What the index is to know of the newest rows before a pk, newest first."""
    columns = MESSAGE_COLUMNS if table is MESSAGES else CHAT_COLUMNS
    rows = reader.execute(
        f"SELECT pk, {', '.join(columns)} FROM {table.rows} WHERE pk < ? ORDER BY pk DESC LIMIT ?",
        (before, limit),
    )
    if table is MESSAGES:
        return [(pk, message_document(tuple(row))) for pk, *row in rows]
    return [(pk, names_document(chat_of(row))) for pk, *row in rows]


# Erasing.


def forget(cache_db: sqlite3.Connection) -> None:
    """Note that words of deleted messages stand in old segments of the index until they are merged."""
    cache_db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 'begin')", (_WORDS_LEFT,))


def words_left(reader: sqlite3.Connection) -> bool:
    """Whether words of deleted messages may stand in pages of the index, where no search finds them."""
    return reader.execute("SELECT 1 FROM meta WHERE key = ?", (_WORDS_LEFT,)).fetchone() is not None


def is_small(reader: sqlite3.Connection) -> bool:
    """Whether the whole index can be merged at once while a screen lives."""
    (pages,) = reader.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {MESSAGES.fts}_data LIMIT ?)", (SMALL_PAGES + 1,)
    ).fetchone()
    return int(pages) <= SMALL_PAGES


def purge(cache_db: sqlite3.Connection, pages: int = MERGE_PAGES) -> bool:
    """Merge some pages of the index, which drops what was deleted; returns whether there is more to do.

    When it is through, the words are in no page of the index any more. `store.erasure` takes care of the log.
    """
    row = cache_db.execute("SELECT value FROM meta WHERE key = ?", (_WORDS_LEFT,)).fetchone()
    if row is None:
        return False
    with transaction(cache_db):
        before = cache_db.total_changes
        # A negative number begins a merge of all segments into one (SQLite, FTS5, "The 'merge' Command").
        step = -pages if row[0] == "begin" else pages
        cache_db.execute(f"INSERT INTO {MESSAGES.fts} ({MESSAGES.fts}, rank) VALUES ('merge', ?)", (step,))
        # The command itself counts as one change.
        if cache_db.total_changes - before < 2:
            cache_db.execute("DELETE FROM meta WHERE key = ?", (_WORDS_LEFT,))
            return False
        if row[0] == "begin":
            cache_db.execute("UPDATE meta SET value = 'merge' WHERE key = ?", (_WORDS_LEFT,))
    return True


# Checking.


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at the index found: `wrong`: rows of `looked_at` that it does not find by their words."""

    looked_at: int
    wrong: int
    missing: int


def check(reader: sqlite3.Connection, newest: int | None) -> Checked:
    """Look the newest indexed messages up by their own words; None: compare the whole index with them."""
    first = _indexed_from(reader, MESSAGES) or 0
    left = missing(reader, MESSAGES) + missing(reader, NAMES)
    if newest is None:
        looked_at, wrong = _compare(reader, first)
        return Checked(looked_at, wrong, left)
    rows = reader.execute(
        f"SELECT pk, {', '.join(MESSAGE_COLUMNS)} FROM messages WHERE pk >= ? ORDER BY pk DESC LIMIT ?",
        (first, newest),
    ).fetchall()
    wrong = sum(not _is_found(reader, pk, message_document(tuple(row))) for pk, *row in rows)
    return Checked(len(rows), wrong, left)


def _is_found(reader: sqlite3.Connection, pk: int, document: str) -> bool:
    entries = sorted(words.entries(document))
    if not entries:
        return True
    asked = " AND ".join(quoted(words.Key(entry)) for entry in entries[:64])
    found = reader.execute(
        f"SELECT 1 FROM {MESSAGES.fts} WHERE {MESSAGES.fts} MATCH ? AND rowid = ?", (asked, pk)
    ).fetchone()
    return found is not None


def _compare(reader: sqlite3.Connection, first: int) -> tuple[int, int]:
    """How many messages were compared, and how many have other words in the index than they should."""
    reader.execute(f"CREATE VIRTUAL TABLE temp.indexed_words USING fts5vocab(main, {MESSAGES.fts}, instance)")
    try:
        sums: dict[int, int] = {}
        # Each entry of a row counts once; where both sides have it, it is gone again.
        for term, pk in reader.execute("SELECT term, doc FROM temp.indexed_words"):
            sums[pk] = sums.get(pk, 0) ^ hash((term, pk))
        looked_at = 0
        for pk, *row in reader.execute(
            f"SELECT pk, {', '.join(MESSAGE_COLUMNS)} FROM messages WHERE pk >= ?", (first,)
        ):
            looked_at += 1
            total = sums.pop(pk, 0)
            for entry in words.entries(message_document(tuple(row))):
                total ^= hash((entry, pk))
            if total:
                sums[pk] = total
        return looked_at, len(sums)
    finally:
        reader.execute("DROP TABLE temp.indexed_words")


def quoted(key: words.Key) -> str:
    """An entry as a query of FTS5 writes it."""
    return f'"{key.text}"{"*" if key.prefix else ""}'


def matching(wanted: words.Wanted, *, short: bool) -> str:
    """A query of FTS5 that every text matches in which something wanted stands, and maybe some others."""
    ways = [" AND ".join(map(quoted, way)) for way in wanted.ways(short=short)]
    return f"({ways[0]})" if len(ways) == 1 else f"({' OR '.join(f'({way})' for way in ways)})"
