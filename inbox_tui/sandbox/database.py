"""The world's SQLite file: schema, transactions and typed look-ups.

Times are integer milliseconds of the sandbox clock. JSON columns hold objects as the API shows them.
`overrides` (`{"set": {…}, "drop": […]}`) bends a record into shapes that the service should never
send; only the hostile world and the control surface use it. Webhooks and deliveries are numbered with
`autoincrement`: the answer to an attempt can come after its webhook was deleted, and must not be taken
for one of a later webhook that got the same numbers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
_SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table profiles (
    no integer primary key, name text not null, platform text not null, username text,
    platform_id text not null, status text not null, inactive_reason text, post_count integer not null,
    polled_at integer, overrides text
);
create table chats (
    no integer primary key, profile integer not null, participant_external_id text not null,
    username text, name text, has_avatar integer not null default 0, conversation_id text,
    last_inbound_at integer, last_outbound_at integer, last_message_at integer,
    metadata text, muted integer not null default 0, created_at integer not null,
    language text not null default 'en', trait text not null default '', turns integer not null default 0,
    first_no integer not null default 0, planned integer not null default 0,
    written integer not null default 1, overrides text
);
create unique index chat_participant on chats (profile, participant_external_id);
create index chat_order on chats (profile, last_message_at desc, no);
create index chat_conversation on chats (conversation_id) where conversation_id is not null;
create index chat_first on chats (first_no) where planned > 0;
create table messages (
    no integer primary key, chat integer not null, direction text not null, status text not null,
    body text, external_id text, comment_external_id text, error_message text, platform_data text,
    posted_at integer, delivered_at integer, read_at integer, edited_at integer, deleted_at integer,
    reply_to text, reply_markup text, reactions text not null default '[]',
    unsupported integer not null default 0, created_at integer not null, sort_at integer not null,
    overrides text
);
create index message_order on messages (chat, sort_at desc, no desc);
create index message_direction on messages (chat, direction, sort_at desc, no desc);
create index message_status on messages (chat, status, sort_at desc, no desc);
create index message_external on messages (external_id) where external_id is not null;
create table attachments (
    no integer primary key, message integer not null, type text not null, status text not null,
    external_id text, source_url text, drawing text, content blob, content_type text, filename text
);
create index attachment_message on attachments (message);
create table posts (no integer primary key, body text not null, created_at integer not null);
create table post_platforms (post integer not null, profile integer not null, permalink text,
    primary key (post, profile)) without rowid;
create table comments (
    no integer primary key, post integer not null, profile integer not null, external_id text,
    parent_external_id text, body text not null, status text not null, author_external_id text,
    author_username text, author_name text, like_count integer not null default 0,
    is_hidden integer not null default 0, posted_at integer, created_at integer not null
);
create index comment_order on comments (post, profile, created_at desc, no desc);
create index comment_external on comments (external_id);
create table private_replies (comment integer primary key, message integer not null);
create table events (
    no integer primary key, due_at integer not null, kind text not null, subject integer not null,
    payload text not null
);
create index event_due on events (due_at, no);
create table webhooks (
    no integer primary key autoincrement, url text not null, events text not null, enabled integer not null,
    description text, secret text not null, created_at integer not null, updated_at integer not null
);
create table deliveries (
    no integer primary key autoincrement, webhook integer not null,
    event_id text not null, event_type text not null,
    body text not null, attempt integer not null, response_status integer, success integer not null,
    attempted_at integer, due_at integer not null, created_at integer not null
);
create index delivery_order on deliveries (webhook, no desc);
create index delivery_pending on deliveries (webhook, due_at) where attempted_at is null;
create table idempotency (
    key text primary key, fingerprint text not null, status integer not null, body text not null,
    created_at integer not null
) without rowid;
"""


class Database:
    """One connection, used under the world's lock by the server and by tests alike."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, or a new database in memory.

        Raises:
            ValueError: the file is in use, was written by another version of the sandbox, or is none of its.
        """
        self._depth = 0
        name = ":memory:" if path is None else str(path)
        self._connection = sqlite3.connect(name, timeout=0, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        try:
            # One sandbox a world: two would let everything happen twice.
            self._connection.execute("pragma locking_mode = exclusive")
            self._connection.execute("pragma journal_mode = wal")
            version = self._connection.execute("pragma user_version").fetchone()[0]
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise ValueError(f"{path} cannot be used: {error}. Is another sandbox running on it?") from error
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ValueError(f"{path} is not a sandbox state file: {error}. Give another path.") from error
        self._connection.execute("pragma synchronous = normal")
        if version not in (0, SCHEMA_VERSION):
            self._connection.close()
            raise ValueError(
                f"{path} holds a sandbox world of format {version}, this program reads {SCHEMA_VERSION}."
                " Remove the file to start a new world."
            )
        self.is_new = version == 0
        if self.is_new:
            self._connection.executescript(
                f"begin; {_SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;"
            )

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner transaction joins the outer one."""
        if self._depth:
            yield
            return
        self._depth = 1
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        else:
            self._connection.execute("commit")
        finally:
            self._depth = 0

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """First row of a query, or `None`."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Every row of a query."""
        return self._connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: object) -> Any:
        """First column of the first row, `None` where there is no row."""
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, *values: object) -> int:
        """Execute a statement; the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Execute a statement for each row."""
        self._connection.executemany(sql, rows)

    def insert(self, table: str, **columns: object) -> int:
        """Insert a row; its number."""
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        cursor = self._connection.execute(
            f"insert into {table} ({names}) values ({marks})", tuple(columns.values())
        )
        return cursor.lastrowid or 0

    def update(self, table: str, number: int, **columns: object) -> None:
        """Set columns of the row with this number."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        self._connection.execute(f"update {table} set {sets} where no = ?", (*columns.values(), number))

    def meta(self, key: str) -> str | None:
        """A value kept beside the world."""
        value: str | None = self.value("select value from meta where key = ?", key)
        return value

    def set_meta(self, key: str, value: str) -> None:
        """Keep a value beside the world."""
        self.run(
            "insert into meta values (?, ?) on conflict do update set value = excluded.value", key, value
        )
