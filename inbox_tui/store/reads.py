"""Windows of rows for the screen and the command line: index ranges of one screen, no OFFSET.

A list is read through a `Source`: the rows before and after a key, or from either end. What the
person is at is a key, so the cost of a window does not depend on the length of the list.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from inbox_tui.core.models import Chat, Message, Milliseconds, Profile, Status
from inbox_tui.store.local import ITEM_COLUMNS, OutboxItem, item_of
from inbox_tui.store.records import (
    CHAT_COLUMNS,
    MESSAGE_COLUMNS,
    PROFILE_COLUMNS,
    SqlRow,
    chat_of,
    message_of,
    profile_of,
)

Key = tuple[int, int | str]
"""Where a row stands: (time, tie-break). Lists run by descending, threads by ascending key."""

OUTBOX_AT = 1 << 62
"""Key times of outbox items: behind every message."""


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat as the list draws it; derived columns hold absolute times."""

    key: Key
    pk: int
    chat: Chat
    preview: str
    preview_from: str
    """Empty for the customer's words, else the status of our own message."""
    unread: int
    unanswered: int
    needs_reply_since: Milliseconds | None
    waiting: bool
    done: bool
    failed: int
    retrying_since: Milliseconds | None
    window_closes_at: Milliseconds | None
    estimated: bool
    messages: int
    messages_total: int | None
    history_done: bool
    pulled_at: Milliseconds | None
    draft: bool
    uncertain: bool


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A message of a thread, or an outbox item that is not a message yet."""

    key: Key
    message: Message | None = None
    item: OutboxItem | None = None
    quoted: Message | None = None
    """The message that this one replies to, or whose button was tapped, where it is cached."""
    unanswered: bool = False
    dismissed: bool = False
    arrived: int | None = None


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile with what stands in the way of reading it, if anything does."""

    profile: Profile
    fault_title: str | None
    fault_hint: str | None
    fault_at: Milliseconds | None
    walked: bool
    chats_total: int | None
    chats: int


RowT = TypeVar("RowT", covariant=True)


class Source(Protocol[RowT]):
    """A list in display order, read from any place in either direction."""

    def before(self, key: Key | None, limit: int) -> Sequence[RowT]:
        """Up to `limit` rows that stand before `key` (None: the end of the list), in display order."""

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> Sequence[RowT]:
        """Up to `limit` rows after `key` (None: from the start), with the row at `key` if `inclusive`."""

    def total(self) -> int | None:
        """How many rows there are, where that is known without counting."""


_CHAT_SELECT = (
    "SELECT c.sort_at, c.pk, c.preview, c.preview_from, c.unread, c.unanswered, c.needs_reply_since, c.waiting, "
    "c.done, c.failed, c.retrying_since, c.window_closes_at, c.estimated, c.messages, c.messages_total, "
    "c.history_done, c.pulled_at, "
    "EXISTS (SELECT 1 FROM local.drafts d WHERE d.chat_id = c.id), "
    "EXISTS (SELECT 1 FROM local.outbox o WHERE o.chat_id = c.id AND o.state = 'uncertain'), "
    + ", ".join(f"c.{name}" for name in CHAT_COLUMNS)
    + " FROM chats c"
)


def _chat_row(row: SqlRow) -> ChatRow:
    sort_at, pk, preview, preview_from, unread, unanswered, since, waiting, done, failed, *rest = row
    retrying, closes, estimated, messages, total, history_done, pulled, draft, uncertain, *chat = rest
    return ChatRow(
        key=(sort_at, pk),
        pk=pk,
        chat=chat_of(chat),
        preview=preview,
        preview_from=preview_from,
        unread=unread,
        unanswered=unanswered,
        needs_reply_since=since,
        waiting=bool(waiting),
        done=bool(done),
        failed=failed,
        retrying_since=retrying,
        window_closes_at=closes,
        estimated=bool(estimated),
        messages=messages,
        messages_total=total,
        history_done=bool(history_done),
        pulled_at=pulled,
        draft=bool(draft),
        uncertain=bool(uncertain),
    )


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """What the list shows, as far as indexes answer it at once: one platform and one profile."""

    platform: str | None = None
    profile_id: str | None = None


class ChatSource:
    """The chats of the cache, newest activity first."""

    def __init__(self, reader: sqlite3.Connection, chosen: ChatFilter | None = None) -> None:
        self._reader = reader
        chosen = chosen or ChatFilter()
        conditions: list[str] = []
        self._values: list[str] = []
        if chosen.profile_id is not None:
            conditions.append("c.profile_id = ?")
            self._values.append(chosen.profile_id)
        elif chosen.platform is not None:
            conditions.append("c.platform = ?")
            self._values.append(chosen.platform)
        self._where = conditions

    def _select(self, condition: str, key: Sequence[int | str], order: str, limit: int) -> list[ChatRow]:
        where = " AND ".join([*self._where, condition] if condition else self._where)
        rows = self._reader.execute(
            f"{_CHAT_SELECT} {'WHERE ' + where if where else ''} ORDER BY {order} LIMIT ?",
            (*self._values, *key, limit),
        )
        return [_chat_row(row) for row in rows]

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[ChatRow]:
        """Older chats than `key`, newest of them first."""
        sign = "<=" if inclusive else "<"
        condition = f"(c.sort_at, c.pk) {sign} (?, ?)" if key else ""
        return self._select(condition, key or (), "c.sort_at DESC, c.pk DESC", limit)

    def before(self, key: Key | None, limit: int) -> list[ChatRow]:
        """Newer chats than `key`, those next to it, newest first."""
        condition = "(c.sort_at, c.pk) > (?, ?)" if key else ""
        return self._select(condition, key or (), "c.sort_at, c.pk", limit)[::-1]

    def total(self) -> int | None:
        """The number of chats in the cache; unknown for a part of them."""
        if self._where:
            return None
        row = self._reader.execute("SELECT value FROM meta WHERE key = 'chats'").fetchone()
        return int(row[0])


class PickedSource:
    """Chats picked by a slower query, held as their keys; rows are read as they are shown."""

    def __init__(self, reader: sqlite3.Connection, keys: Sequence[Key]) -> None:
        """`keys` in display order: descending."""
        self._reader = reader
        self._keys = [(-int(at), -int(pk)) for at, pk in keys]

    def _rows(self, keys: Sequence[tuple[int, int]]) -> list[ChatRow]:
        rows: list[ChatRow] = []
        for key in keys:
            found = self._reader.execute(f"{_CHAT_SELECT} WHERE c.pk = ?", (-key[1],)).fetchone()
            if found is not None:
                row = _chat_row(found)
                # The place in this list is that of the time when it was picked.
                rows.append(replace(row, key=(-key[0], row.pk)))
        return rows

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[ChatRow]:
        """The picked chats behind `key`."""
        start = 0
        if key is not None:
            place = (-int(key[0]), -int(key[1]))
            start = bisect_left(self._keys, place) if inclusive else bisect_right(self._keys, place)
        return self._rows(self._keys[start : start + limit])

    def before(self, key: Key | None, limit: int) -> list[ChatRow]:
        """The picked chats in front of `key`, those next to it."""
        end = len(self._keys) if key is None else bisect_left(self._keys, (-int(key[0]), -int(key[1])))
        return self._rows(self._keys[max(0, end - limit) : end])

    def total(self) -> int | None:
        """How many were picked."""
        return len(self._keys)


_MESSAGE_SELECT = (
    "SELECT m.position_at, m.arrived, "
    + ", ".join(f"m.{name}" for name in MESSAGE_COLUMNS)
    + " FROM messages m"
)


class ThreadSource:
    """The messages of a chat, oldest first, with the outbox items that are not messages yet at the end."""

    def __init__(self, reader: sqlite3.Connection, chat_pk: int, chat_id: str) -> None:
        self._reader = reader
        self._chat_pk = chat_pk
        self.chat_id = chat_id

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[ThreadRow]:
        """Later messages than `key`, oldest of them first."""
        rows: list[ThreadRow] = []
        if key is None or key[0] < OUTBOX_AT:
            sign = ">=" if inclusive else ">"
            condition = f"AND (m.position_at, m.id) {sign} (?, ?)" if key else ""
            rows = self._messages(condition, key or (), "m.position_at, m.id", limit)
        if len(rows) < limit:
            rows += [
                row for row in self._items() if key is None or row.key > key or (inclusive and row.key == key)
            ][: limit - len(rows)]
        return rows

    def before(self, key: Key | None, limit: int) -> list[ThreadRow]:
        """Earlier messages than `key`, those next to it, oldest first."""
        items = []
        if key is None or key[0] >= OUTBOX_AT:
            items = [row for row in self._items() if key is None or row.key < key][-limit:]
            key = None
        condition = "AND (m.position_at, m.id) < (?, ?)" if key else ""
        rows = self._messages(condition, key or (), "m.position_at DESC, m.id DESC", limit - len(items))
        return [*rows[::-1], *items]

    def total(self) -> int | None:
        """The number of cached messages of the chat."""
        row = self._reader.execute("SELECT messages FROM chats WHERE pk = ?", (self._chat_pk,)).fetchone()
        return None if row is None else int(row[0])

    def _messages(self, condition: str, key: Sequence[int | str], order: str, limit: int) -> list[ThreadRow]:
        if limit <= 0:
            return []
        found = self._reader.execute(
            f"{_MESSAGE_SELECT} WHERE m.chat = ? {condition} ORDER BY {order} LIMIT ?",
            (self._chat_pk, *key, limit),
        ).fetchall()
        messages = [(row[0], row[1], message_of(row[2:], self.chat_id)) for row in found]
        quoted = self._quoted([m.reply_to_external_id for _, _, m in messages if m.reply_to_external_id])
        failed = [m.id for _, _, m in messages if m.status == Status.FAILED]
        dismissed = self._dismissed(failed) if failed else frozenset[str]()
        return [
            ThreadRow(
                key=(at, message.id),
                message=message,
                quoted=quoted.get(message.reply_to_external_id or ""),
                dismissed=message.id in dismissed,
                arrived=arrived,
            )
            for at, arrived, message in messages
        ]

    def _quoted(self, external_ids: Sequence[str]) -> dict[str, Message]:
        if not external_ids:
            return {}
        rows = self._reader.execute(
            f"{_MESSAGE_SELECT} WHERE m.chat = ? AND m.external_id IN ({', '.join('?' * len(external_ids))})",
            (self._chat_pk, *external_ids),
        )
        messages = [message_of(row[2:], self.chat_id) for row in rows]
        return {message.external_id: message for message in messages if message.external_id}

    def _dismissed(self, ids: Sequence[str]) -> frozenset[str]:
        rows = self._reader.execute(
            f"SELECT message_id FROM local.dismissed WHERE message_id IN ({', '.join('?' * len(ids))})", ids
        )
        return frozenset(str(row[0]) for row in rows)

    def _items(self) -> list[ThreadRow]:
        rows = self._reader.execute(
            f"SELECT {ITEM_COLUMNS} FROM local.outbox o WHERE chat_id = ? "
            "AND state NOT IN ('settled', 'discarded') AND (message_id IS NULL OR NOT EXISTS "
            "(SELECT 1 FROM messages m WHERE m.id = o.message_id)) ORDER BY pk",
            (self.chat_id,),
        )
        items = [item_of(row) for row in rows]
        return [ThreadRow(key=(OUTBOX_AT, f"{item.pk:020}"), item=item) for item in items]


def profiles(reader: sqlite3.Connection) -> list[ProfileRow]:
    """Every profile that the API still lists, by platform and name."""
    rows = reader.execute(
        f"SELECT fault_title, fault_hint, fault_at, walked, chats_total, "
        "(SELECT count(*) FROM chats c WHERE c.profile_id = p.id), "
        f"{', '.join(PROFILE_COLUMNS)} FROM profiles p WHERE status != 'gone' ORDER BY platform, name"
    )
    return [
        ProfileRow(profile_of(row[6:]), row[0], row[1], row[2], bool(row[3]), row[4], int(row[5]))
        for row in rows
    ]


def profile_names(reader: sqlite3.Connection) -> dict[str, Profile]:
    """Every profile by id, without counting."""
    rows = reader.execute(f"SELECT {', '.join(PROFILE_COLUMNS)} FROM profiles")
    return {str(row[0]): profile_of(row) for row in rows}


def chat(reader: sqlite3.Connection, name: str) -> ChatRow | None:
    """A chat by its hashid, or by the platform's conversation id."""
    for column in ("id", "external_conversation_id"):
        row = reader.execute(f"{_CHAT_SELECT} WHERE c.{column} = ?", (name,)).fetchone()
        if row is not None:
            return _chat_row(row)
    return None


def next_unanswered(
    reader: sqlite3.Connection, behind: tuple[Milliseconds | None, int] | None
) -> ChatRow | None:
    """The chat that has waited longest for a reply, behind (waiting since, pk); then the first again."""
    start = (behind[0], behind[1]) if behind is not None and behind[0] is not None else (-1, -1)
    for key in dict.fromkeys((start, (-1, -1))):
        row = reader.execute(
            f"{_CHAT_SELECT} WHERE c.unanswered > 0 AND (c.needs_reply_since, c.pk) > (?, ?) "
            "ORDER BY c.needs_reply_since, c.pk LIMIT 1",
            key,
        ).fetchone()
        if row is not None:
            return _chat_row(row)
    return None


def draft(reader: sqlite3.Connection, chat_id: str) -> tuple[str, int]:
    """The draft of a chat and the caret's offset; empty where there is none."""
    row = reader.execute("SELECT text, cursor FROM local.drafts WHERE chat_id = ?", (chat_id,)).fetchone()
    return (row[0], row[1]) if row else ("", 0)


@dataclass(frozen=True, slots=True)
class Revision:
    """The newest transaction of each file that a reader has seen."""

    cache: int = 0
    local: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed since a revision: chats by hashid (`None`: too many to name), and whether profiles did."""

    revision: Revision
    chats: frozenset[str] | None
    profiles: bool


MOST_CHANGES = 500


def changed_since(reader: sqlite3.Connection, seen: Revision) -> Changed:
    """One indexed look into each file for what was changed since `seen`."""
    revision = Revision(
        *(
            int(reader.execute(f"SELECT value FROM {schema}.meta WHERE key = 'rev'").fetchone()[0])
            for schema in ("main", "local")
        )
    )
    ids: set[str] = set()
    for statement, since in (
        ("SELECT id FROM chats WHERE rev > ? LIMIT ?", seen.cache),
        ("SELECT chat_id FROM local.touched WHERE rev > ? LIMIT ?", seen.local),
    ):
        ids |= {str(row[0]) for row in reader.execute(statement, (since, MOST_CHANGES + 1))}
    changed_profiles = reader.execute(
        "SELECT 1 FROM profiles WHERE rev > ? LIMIT 1", (seen.cache,)
    ).fetchone()
    return Changed(
        revision, None if len(ids) > MOST_CHANGES else frozenset(ids), changed_profiles is not None
    )


def outbox(reader: sqlite3.Connection) -> list[OutboxItem]:
    """Every item that is not at its end, oldest first."""
    rows = reader.execute(
        f"SELECT {ITEM_COLUMNS} FROM local.outbox WHERE state NOT IN ('settled', 'discarded') ORDER BY pk"
    )
    return [item_of(row) for row in rows]


def held(reader: sqlite3.Connection, screen: int) -> OutboxItem | None:
    """The newest send of a screen that can still be taken back."""
    row = reader.execute(
        f"SELECT {ITEM_COLUMNS} FROM local.outbox WHERE state = 'held' AND screen = ? ORDER BY pk DESC LIMIT 1",
        (screen,),
    ).fetchone()
    return None if row is None else item_of(row)


def message(reader: sqlite3.Connection, name: str) -> Message | None:
    """A message by its hashid, or by the platform's id."""
    for column in ("id", "external_id"):
        row = reader.execute(
            f"SELECT c.id, {', '.join(f'm.{name}' for name in MESSAGE_COLUMNS)} "
            f"FROM messages m JOIN chats c ON c.pk = m.chat WHERE m.{column} = ?",
            (name,),
        ).fetchone()
        if row is not None:
            return message_of(row[1:], str(row[0]))
    return None


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of the header: chats in all, with unread messages, unanswered, and with a failed send."""

    chats: int
    unread: int
    unanswered: int
    failed: int


def counts(reader: sqlite3.Connection) -> Counts:
    """The header's numbers, each from an index of its own."""
    row = reader.execute(
        "SELECT (SELECT value FROM meta WHERE key = 'chats'), "
        "(SELECT count(*) FROM chats WHERE unread > 0), (SELECT count(*) FROM chats WHERE unanswered > 0), "
        "(SELECT count(*) FROM chats WHERE failed > 0)"
    ).fetchone()
    return Counts(*row)
