"""Records, folders and counting connections for the tests of the store."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from inbox_tui.core.models import Chat, Message, Milliseconds, Profile
from inbox_tui.store import writes
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.records import MESSAGE_COLUMNS, SqlRow, message_of
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

NOW: Milliseconds = 1_780_000_000_000
SECOND: Milliseconds = 1_000
MINUTE: Milliseconds = 60 * SECOND
HOUR: Milliseconds = 60 * MINUTE
DAY: Milliseconds = 24 * HOUR


@functools.cache
def _template() -> Path:
    root = tempfile.mkdtemp(prefix="inbox-store-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    path = Path(root) / "account"
    prepare(Folder(path, "acme"))
    return path


def new_folder(path: Path) -> Folder:
    """A folder with both files, as a first start leaves it. Copied, as the schema is the same each time."""
    shutil.copytree(_template(), path)
    path.chmod(0o700)
    return Folder(path, "acme")


def _memory() -> str | None:
    """Where files are kept in memory, if the system has such a place: examples wait for no disk there."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@contextmanager
def fresh() -> Iterator[Writer]:
    """A writer of a new folder, for one example of a property."""
    with tempfile.TemporaryDirectory(prefix="inbox-store-", dir=_memory()) as path:  # noqa: SIM117 - it outlives the writer
        with Writer(new_folder(Path(path) / "account")) as writer:
            yield writer


def profile(profile_id: str = "prof", platform: str = "instagram") -> Profile:
    return Profile(profile_id, f"Name of {profile_id}", platform)


def chat(chat_id: str = "chat", **fields: Any) -> Chat:
    """A chat of an Instagram profile; `fields` are those that matter."""
    base = Chat(chat_id, "prof", "instagram", f"participant of {chat_id}", NOW - 30 * DAY)
    return replace(base, **fields)


def inbound(name: str, at: Milliseconds, chat_id: str = "chat", **fields: Any) -> Message:
    """A message of the customer, posted at a time."""
    base = Message(name, chat_id, "inbound", "received", at, posted_at=at, body=f"words of {name}")
    return replace(base, **fields)


def outbound(name: str, at: Milliseconds, chat_id: str = "chat", **fields: Any) -> Message:
    """A message of the business, published at a time."""
    return inbound(name, at, chat_id, **({"direction": "outbound", "status": "published"} | fields))


def pulled(writer: Writer, *messages: Message, chat_id: str = "chat") -> None:
    """A chat whose newest page holds these messages."""
    if not ids(writer.cache, "SELECT id FROM chats WHERE id = ?", chat_id):
        writes.apply_chats(writer, [chat(chat_id)])
    writes.apply_messages(writer, [MessagePage(chat_id, messages, newest=True)])


def ids(connection: sqlite3.Connection, select: str, *values: object) -> list[object]:
    """The first column of every row."""
    return [row[0] for row in connection.execute(select, values)]


def one(connection: sqlite3.Connection, select: str, *values: object) -> SqlRow:
    """The only row."""
    (row,) = connection.execute(select, values).fetchall()
    return tuple(row)


def content(connection: sqlite3.Connection) -> dict[object, list[object]]:
    """Every row of every table of a file; of a search index, which row has which words."""
    tables = ids(
        connection, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%'"
    )
    found: dict[object, list[object]] = {
        table: sorted(connection.execute(f"SELECT * FROM main.{table}").fetchall(), key=repr)
        for table in tables
    }
    for table in ids(connection, "SELECT name FROM main.sqlite_master WHERE sql LIKE '%USING fts5%'"):
        connection.execute(f"CREATE VIRTUAL TABLE temp.entries USING fts5vocab(main, {table}, instance)")
        found[table] = sorted(connection.execute("SELECT doc, term FROM temp.entries").fetchall())
        connection.execute("DROP TABLE temp.entries")
    return found


class Cost:
    """SQL statements that a connection runs, and steps of SQLite's machine that they take."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.steps = 0

    def step(self) -> int:
        self.steps += 1
        return 0


@contextmanager
def counting(*connections: sqlite3.Connection) -> Iterator[Cost]:
    """Count what these connections do."""
    cost = Cost()
    for connection in connections:
        connection.set_trace_callback(cost.statements.append)
        connection.set_progress_handler(cost.step, 1)
    try:
        yield cost
    finally:
        for connection in connections:
            connection.set_trace_callback(None)
            connection.set_progress_handler(None, 0)


def stored(writer: Writer) -> Message:
    """The only message of the cache."""
    row = one(writer.cache, f"SELECT {', '.join(MESSAGE_COLUMNS)} FROM messages")
    return message_of(row, "chat")
