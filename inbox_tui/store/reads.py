"""Windows of chats for the screen and the command line: index ranges of one screen, no OFFSET.

A list is read through a `Source`: the rows before and after a key, or from either end. What the
person is at is a key, so the cost of a window does not depend on the length of the list.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

from inbox_tui.core.models import Chat, Milliseconds, Status
from inbox_tui.store.db import in_lists
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, item_of
from inbox_tui.store.records import CHAT_COLUMNS, SqlRow, chat_of, chat_sort_at

Key = tuple[int, int | str]
"""Where a row stands: (time, tie-break). Lists run by descending, threads by ascending key."""


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
    complete: bool
    """Whether all messages are read that the chat's row tells of."""
    draft: bool
    uncertain: bool
    leaving: int
    """Sends that the API does not have yet: held, waiting, or on their way."""
    archiving: OutboxItem | None = None
    """The archiving of the chat, or its opposite, that is on its way or was refused."""
    snoozed_until: Milliseconds | None = None
    """Put away while the time is before it; `core.ranking.FOREVER` where no clock ends it."""
    labels: tuple[str, ...] = ()
    pinned: bool = False
    note: bool = False

    @property
    def last_words(self) -> str:
        """The newest message in a line, and whose it is; that it was not sent where it was given up."""
        if not self.preview_from:
            return self.preview
        given_up = self.preview_from == Status.FAILED and not (self.failed or self.uncertain)
        return f"not sent: {self.preview}" if given_up else f"you: {self.preview}"

    @property
    def active_at(self) -> Milliseconds:
        """The time of the last message, or of the chat's creation; `key` is the place in a list."""
        return chat_sort_at(self.chat)


RowT = TypeVar("RowT", covariant=True)


class Source(Protocol[RowT]):
    """A list in display order, read from any place in either direction."""

    def before(self, key: Key | None, limit: int) -> Sequence[RowT]:
        """Up to `limit` rows that stand before `key` (None: the end of the list), in display order."""

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> Sequence[RowT]:
        """Up to `limit` rows after `key` (None: from the start), with the row at `key` if `inclusive`."""

    def total(self) -> int | None:
        """How many rows there are, where that is known without counting."""


@runtime_checkable
class ChatListing(Source[ChatRow], Protocol):
    """A list of chats that can name all of them, and find one."""

    def chat_ids(self, reader: sqlite3.Connection) -> list[str]:
        """The id of every chat of the list, in display order, by a reader of another thread."""

    def place_of(self, pk: int) -> Key | None:
        """Where a chat stands in the list; None where it is not in it."""


CHAT_SELECT = (
    "SELECT c.sort_at, c.pk, c.preview, c.preview_from, c.unread, c.unanswered, c.needs_reply_since, "
    "c.waiting, c.done, c.failed, c.retrying_since, c.window_closes_at, c.estimated, c.messages, "
    "c.messages_total, c.history_done, c.pulled_at, "
    "c.pulled_at IS NOT NULL AND c.pulled_for IS c.last_message_at AND c.gap_page IS NULL, "
    "EXISTS (SELECT 1 FROM local.drafts d WHERE d.chat_id = c.id), "
    "EXISTS (SELECT 1 FROM local.outbox o WHERE o.chat_id = c.id AND o.state = 'uncertain' "
    "AND o.state NOT IN ('settled', 'discarded')), "
    "(SELECT count(*) FROM local.outbox o WHERE o.chat_id = c.id AND o.act = 'send' "
    "AND o.state IN ('held', 'queued', 'sending') AND o.state NOT IN ('settled', 'discarded')), "
    f"(SELECT json_array({ITEM_COLUMNS}) FROM local.outbox o WHERE o.chat_id = c.id "
    "AND o.act IN ('archive', 'unarchive') AND o.state NOT IN ('settled', 'discarded') "
    "ORDER BY o.pk DESC LIMIT 1), c.snoozed_until, "
    "(SELECT json_group_array(l.label) FROM local.labels l WHERE l.chat_id = c.id), "
    "EXISTS (SELECT 1 FROM local.pins p WHERE p.chat_id = c.id), "
    "EXISTS (SELECT 1 FROM local.notes n WHERE n.chat_id = c.id), "
    + ", ".join(f"c.{name}" for name in CHAT_COLUMNS)
    + " FROM chats c"
)
"""Selects what `chat_row` reads; `c` is the chat."""


def chat_row(row: SqlRow) -> ChatRow:
    """A chat from the columns of CHAT_SELECT."""
    sort_at, pk, preview, preview_from, unread, unanswered, since, waiting, done, failed, *rest = row
    retrying, closes, estimated, messages, total, history_done, pulled, *rest = rest
    complete, draft, uncertain, leaving, archiving, snoozed_until, labels, pinned, note, *chat = rest
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
        complete=bool(complete),
        draft=bool(draft),
        uncertain=bool(uncertain),
        leaving=leaving,
        archiving=None if archiving is None else item_of(json.loads(archiving)),
        snoozed_until=snoozed_until,
        labels=tuple(sorted(json.loads(labels))),
        pinned=bool(pinned),
        note=bool(note),
    )


def chats_from(
    reader: sqlite3.Connection,
    where: Sequence[str],
    values: Sequence[str],
    column: str,
    key: Key | None,
    *,
    sign: str,
    order: str,
    limit: int,
) -> list[ChatRow]:
    """Up to `limit` chats on one side of a key of (column, pk), in the order of the index on the column.

    First those of the same time, then the rest: SQLite uses no index for the second half of
    `(sort_at, pk) < (?, ?)` where that is the row's own number.
    """
    ranges: list[tuple[list[str], tuple[int | str, ...]]] = [([], ())]
    if key is not None:
        ranges = [([f"{column} = ?", f"c.pk {sign} ?"], key), ([f"{column} {sign[0]} ?"], key[:1])]
    rows: list[SqlRow] = []
    for conditions, bounds in ranges:
        if len(rows) < limit:
            condition = " AND ".join([*where, *conditions]) or "1"
            rows += reader.execute(
                f"{CHAT_SELECT} WHERE {condition} ORDER BY {column} {order}, c.pk {order} LIMIT ?",
                (*values, *bounds, limit - len(rows)),
            )
    return [chat_row(row) for row in rows]


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """What the list shows, as far as one index answers it: a profile, else a platform, else everything."""

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

    def _select(self, key: Key | None, sign: str, order: str, limit: int) -> list[ChatRow]:
        return chats_from(
            self._reader, self._where, self._values, "c.sort_at", key, sign=sign, order=order, limit=limit
        )

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[ChatRow]:
        """Older chats than `key`, newest of them first."""
        return self._select(key, "<=" if inclusive else "<", "DESC", limit)

    def before(self, key: Key | None, limit: int) -> list[ChatRow]:
        """Newer chats than `key`, those next to it, newest first."""
        return self._select(key, ">", "ASC", limit)[::-1]

    def chat_ids(self, reader: sqlite3.Connection) -> list[str]:
        """The ids of all of them, the newest first."""
        condition = " AND ".join(self._where) or "1"
        rows = reader.execute(
            f"SELECT c.id FROM chats c WHERE {condition} ORDER BY c.sort_at DESC, c.pk DESC", self._values
        )
        return [str(name) for (name,) in rows]

    def place_of(self, pk: int) -> Key | None:
        """Where a chat stands among them."""
        condition = " AND ".join([*self._where, "c.pk = ?"])
        row = self._reader.execute(
            f"SELECT c.sort_at FROM chats c WHERE {condition}", (*self._values, pk)
        ).fetchone()
        return None if row is None else (int(row[0]), pk)

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
        rows = {
            row[1]: row
            for places, pks in in_lists([-pk for _, pk in keys])
            for row in self._reader.execute(f"{CHAT_SELECT} WHERE c.pk IN ({places})", pks)
        }
        # The place in this list is that of the time when it was picked.
        return [replace(chat_row(rows[-pk]), key=(-at, -pk)) for at, pk in keys if -pk in rows]

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

    def chat_ids(self, reader: sqlite3.Connection) -> list[str]:
        """The ids of those that were picked and are still there."""
        names = dict(
            row
            for places, pks in in_lists([-pk for _, pk in self._keys])
            for row in reader.execute(f"SELECT pk, id FROM chats WHERE pk IN ({places})", pks)
        )
        return [names[-pk] for _, pk in self._keys if -pk in names]

    def place_of(self, pk: int) -> Key | None:
        """Where a chat stands among those that were picked."""
        return next(((-at, pk) for at, minus in self._keys if minus == -pk), None)

    def total(self) -> int | None:
        """How many were picked."""
        return len(self._keys)
