"""The messages of a chat in windows, as `store.reads` reads chats, with what stands beside each of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inbox_tui.core.models import Message, Status
from inbox_tui.core.summary import is_tap
from inbox_tui.store import acts, fetched, taps
from inbox_tui.store.fetched import MediaRow
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, item_of
from inbox_tui.store.reads import Key
from inbox_tui.store.records import MESSAGE_COLUMNS, message_of

OUTBOX_AT = 1 << 62
"""Key times of outbox items: behind every message."""


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A message of a thread, or an outbox item that is not a message yet."""

    key: Key
    message: Message | None = None
    item: OutboxItem | None = None
    quoted: Message | None = None
    """The message that this one replies to, or whose button was tapped, where it is cached."""
    tapped: str | None = None
    """The words on the button that was tapped, where its keyboard is cached, as it is or as it was."""
    dismissed: bool = False
    """Whether the person has dealt with this failed message: given it up, or sent it again."""
    sent_again: bool = False
    arrived: int | None = None
    pending: tuple[OutboxItem, ...] = ()
    """Edits and reactions of this message that are on their way or were refused, oldest first."""
    media: tuple[MediaRow, ...] = ()
    """What is known of the files of this message, of those that were asked for."""
    then: OutboxItem | None = None
    """The text that leaves behind `item`, its file: both are one unit to the person."""

    @property
    def items(self) -> tuple[OutboxItem, ...]:
        """The outbox items of the row in the order in which they leave."""
        return tuple(item for item in (self.item, self.then) if item is not None)


MESSAGE_SELECT = (
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
            items = [row for row in self._items() if key is None or row.key < key]
            items = items[max(0, len(items) - limit) :]
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
            f"{MESSAGE_SELECT} WHERE m.chat = ? {condition} ORDER BY {order} LIMIT ?",
            (self._chat_pk, *key, limit),
        ).fetchall()
        messages = [(row[0], row[1], message_of(row[2:], self.chat_id)) for row in found]
        quoted = self._quoted([m.reply_to_external_id for _, _, m in messages if m.reply_to_external_id])
        failed = [m.id for _, _, m in messages if m.status == Status.FAILED]
        dismissed = self._dismissed(failed) if failed else {}
        pending = self._pending() if messages else {}
        media = fetched.media(self._reader, [file.id for _, _, m in messages for file in m.attachments])
        tapped = self._tapped([message for _, _, message in messages], quoted)
        return [
            ThreadRow(
                key=(at, message.id),
                message=message,
                quoted=quoted.get(message.reply_to_external_id or ""),
                tapped=tapped.get(message.id),
                dismissed=message.id in dismissed,
                sent_again=dismissed.get(message.id, False),
                arrived=arrived,
                pending=tuple(pending.get(message.id, ())),
                media=tuple(media[file.id] for file in message.attachments if file.id in media),
            )
            for at, arrived, message in messages
        ]

    def _tapped(self, messages: Sequence[Message], sources: Mapping[str, Message]) -> Mapping[str, str]:
        pairs = [(tap, sources.get(tap.reply_to_external_id or "")) for tap in messages if is_tap(tap)]
        return taps.tapped(self._reader, [(tap, source) for tap, source in pairs if source is not None])

    def _quoted(self, external_ids: Sequence[str]) -> dict[str, Message]:
        if not external_ids:
            return {}
        rows = self._reader.execute(
            f"{MESSAGE_SELECT} WHERE m.chat = ? AND m.external_id IN ({', '.join('?' * len(external_ids))})",
            (self._chat_pk, *external_ids),
        )
        messages = [message_of(row[2:], self.chat_id) for row in rows]
        return {message.external_id: message for message in messages if message.external_id}

    def _dismissed(self, ids: Sequence[str]) -> Mapping[str, bool]:
        """Those that the person has dealt with, and whether by sending them again."""
        rows = self._reader.execute(
            "SELECT d.message_id, EXISTS (SELECT 1 FROM local.outbox o WHERE o.chat_id = d.chat_id "
            "AND o.retry_of = d.message_id AND o.state != 'discarded') FROM local.dismissed d "
            f"WHERE d.message_id IN ({', '.join('?' * len(ids))})",
            ids,
        )
        return {str(message_id): bool(again) for message_id, again in rows}

    def _pending(self) -> dict[str, list[OutboxItem]]:
        """Acts on messages of the chat that are not at their end, by message."""
        pending: dict[str, list[OutboxItem]] = {}
        for item in acts.open_acts(self._reader, self.chat_id, acts.MESSAGE_ACTS):
            pending.setdefault(acts.about(item) or "", []).append(item)
        return pending

    def _items(self) -> list[ThreadRow]:
        rows = self._reader.execute(
            f"SELECT {ITEM_COLUMNS} FROM local.outbox o WHERE chat_id = ? AND act = 'send' "
            "AND state NOT IN ('settled', 'discarded') "
            "AND (message_id IS NULL OR state = 'uncertain' OR NOT EXISTS "
            "(SELECT 1 FROM messages m WHERE m.id = o.message_id)) ORDER BY pk",
            (self.chat_id,),
        )
        items = {item.pk: item for item in map(item_of, rows)}
        texts = {item.with_pk: item for item in items.values() if item.with_pk in items}
        return [
            ThreadRow(key=(OUTBOX_AT, f"{item.pk:020}"), item=item, then=texts.get(item.pk))
            for item in items.values()
            if item.with_pk not in items
        ]
