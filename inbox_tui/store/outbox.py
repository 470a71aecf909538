"""The outbox for people: what has not arrived yet, and words that were given up and can be had back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_tui.core.models import Chat, JsonObject
from inbox_tui.store.db import transaction
from inbox_tui.store.local import (
    ITEM_COLUMNS,
    OutboxItem,
    draft_of,
    extras_of,
    item_of,
    put_draft,
)
from inbox_tui.store.marks import touch
from inbox_tui.store.records import CHAT_COLUMNS, chat_of

if TYPE_CHECKING:
    # Only the writing thread needs what applying pages needs; a screen paints without it.
    from inbox_tui.store.writes import Writer

MOST = 200
"""How many items are read at once; more than that nobody decides about one by one."""
LOOKED_BACK = 5_000
"""How many of the newest items are looked at for words that were given up."""
WITH_WORDS = "('send', 'edit', 'private_reply')"


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of the outbox, and the chat that it is about where the cache has it."""

    item: OutboxItem
    chat: Chat | None
    platform: str
    profile: str


def unsettled(reader: sqlite3.Connection) -> list[Entry]:
    """What is not at its end: first what waits for a decision, then the rest; of each the newest first."""
    return _entries(
        reader,
        "o.state NOT IN ('settled', 'discarded') "
        "ORDER BY o.state NOT IN ('failed', 'uncertain'), o.pk DESC LIMIT ?",
        (MOST,),
    )


def given_up(reader: sqlite3.Connection) -> list[Entry]:
    """Words that were given up and not brought back, the newest first.

    What was taken back while it was held, or replaced, has no title: nothing had gone wrong with it.
    """
    return _entries(
        reader,
        f"o.state = 'discarded' AND o.act IN {WITH_WORDS} AND o.title != '' "
        "AND (json_extract(o.payload, '$.text') != '' OR json_extract(o.payload, '$.file') IS NOT NULL "
        "OR json_extract(o.payload, '$.media_url') IS NOT NULL) "
        "AND o.pk > (SELECT max(pk) FROM local.outbox) - ? ORDER BY o.pk DESC LIMIT ?",
        (LOOKED_BACK, MOST),
    )


def _entries(reader: sqlite3.Connection, condition: str, values: Sequence[int]) -> list[Entry]:
    items = ", ".join(f"o.{name.strip()}" for name in ITEM_COLUMNS.split(","))
    chats = ", ".join(f"c.{name}" for name in CHAT_COLUMNS)
    rows = reader.execute(
        f"SELECT c.pk, p.platform, p.name, {items}, {chats} FROM local.outbox o "
        "LEFT JOIN main.chats c ON c.id = o.chat_id LEFT JOIN main.profiles p ON p.id = o.profile_id "
        f"WHERE {condition}",
        values,
    )
    width = len(ITEM_COLUMNS.split(","))
    return [
        Entry(
            item_of(row[3 : 3 + width]),
            None if row[0] is None else chat_of(row[3 + width :]),
            str(row[1] or ""),
            str(row[2] or ""),
        )
        for row in rows
    ]


def bring_back(writer: Writer, item_pk: int) -> str | None:
    """Undo the giving up of words: they return as the draft, in front of what is typed there now.

    The draft is that of the chat, of the edit or of the comment (`OutboxItem.draft_key`). A file comes along
    where it still is where it was chosen. The item itself stays given up. Returns the new draft, or None when
    there is nothing to bring back, or it was brought back before.
    """
    with transaction(writer.local) as rev:
        rows = writer.local.execute(
            f"SELECT {ITEM_COLUMNS} FROM outbox WHERE state = 'discarded' "
            "AND act IN ('send', 'edit', 'private_reply') AND payload != '{}' AND coalesce(with_pk, pk) = "
            "(SELECT coalesce(with_pk, pk) FROM outbox WHERE pk = ?) ORDER BY pk",
            (item_pk,),
        ).fetchall()
        items = [item_of(row) for row in rows]
        if item_pk not in [item.pk for item in items]:
            return None
        extras: JsonObject = {}
        for item in items:
            extras = {**extras, **(extras_of(item.payload) if item.act == "send" else {})}
            writer.local.execute("UPDATE outbox SET payload = '{}' WHERE pk = ?", (item.pk,))
        file = extras.get("file")
        if file is not None and not Path(str(file)).exists():
            extras = {name: value for name, value in extras.items() if name not in ("file", "size", "type")}
        return _into_draft(writer.local, items[0].draft_key, [item.text for item in items], extras, rev)


def put_back(writer: Writer, chat_id: str, text: str) -> str:
    """Bring a text into a chat's draft, in front of what is typed there now; returns the new draft."""
    with transaction(writer.local) as rev:
        return _into_draft(writer.local, chat_id, [text], {}, rev)


def _into_draft(
    local: sqlite3.Connection, chat_id: str, texts: Sequence[str], extras: JsonObject, rev: int
) -> str:
    typed, beside, started_at = draft_of(local, chat_id)
    text = "\n".join(part for part in (*texts, typed) if part)
    put_draft(local, chat_id, text, len(text), {**extras, **beside}, started_at)
    touch(local, chat_id, rev)
    return text
