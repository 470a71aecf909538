"""What is known of the person of a chat besides the chat: note, past waits, chats that may be theirs, too.

A few statements for each opening, each a range of an index, however long the chat and large the account.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from inbox_tui.core.marks import Entry, Mark, automatic
from inbox_tui.core.models import Chat, Milliseconds
from inbox_tui.core.waits import Waits, past_waits
from inbox_tui.store import lookups
from inbox_tui.store.automatic import patterns
from inbox_tui.store.db import in_lists
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.records import CHAT_COLUMNS, chat_of, chat_sort_at

NEWEST = 200
"""Messages from which past waits are told."""
MOST_OTHERS = 4
"""Chats that are suggested: what is shared by more tells nothing."""
SHORTEST_HANDLE = 4
HANDLE = (
    "replace(replace(replace(replace(lower(participant_username), '.bsky.social', ''), '.', ''), '_', ''), "
    "'-', '')"
)
"""A handle without what platforms write differently: the expression of the index `chats_by_handle`."""
NAME = "lower(participant_name)"
"""The expression of the index `chats_by_name`."""


@dataclass(frozen=True, slots=True)
class Other:
    """A chat that may be with the same person."""

    chat: Chat
    active_at: Milliseconds
    why: str
    """What is alike: `handle` or `name`."""


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of a person besides their chat."""

    note: str = ""
    waits: Waits = field(default_factory=Waits)
    counted: int = 0
    """The newest messages of the chat that `waits` are from."""
    others: tuple[Other, ...] = ()
    """Newest first. They may be the same person, and may not: nothing but handle or name is alike."""


def customer(reader: sqlite3.Connection, row: ChatRow) -> Customer:
    """Everything of the person of a chat. `reader`: both files, as the screen reads them."""
    entries = _entries(reader, row)
    from_start = row.history_done and len(entries) < NEWEST
    return Customer(
        lookups.note(reader, row.chat.id) if row.note else "",
        past_waits(entries, from_start=from_start),
        len(entries),
        _others(reader, row),
    )


def _entries(reader: sqlite3.Connection, row: ChatRow) -> list[Entry]:
    """The newest messages, oldest first, with the automatic ones told."""
    found = reader.execute(
        "SELECT position_at, id, arrived, direction != 'outbound', deleted_at IS NOT NULL, status, "
        "CASE WHEN direction = 'outbound' AND k.machines IS NOT NULL THEN body END, k.machines "
        "FROM (SELECT (SELECT value FROM main.meta WHERE key = 'automatic') AS machines) k, messages "
        "WHERE chat = ? ORDER BY position_at DESC, id DESC LIMIT ?",
        (row.pk, NEWEST),
    ).fetchall()[::-1]
    machines = patterns(found[0][7]) if found else ()
    quick = {
        name: at
        for at, name, inbound_at, body in _with_inbound_before(found)
        if automatic(
            Entry((at, name), None, inbound=False, deleted=False, status=""), inbound_at, body, machines
        )
    }
    sent = _sent_from_here(reader, list(quick))
    entries = []
    for at, name, arrived, inbound, deleted, status, _, _ in found:
        mark = Mark(None, (at, name), at) if name in sent else None
        machine = name in quick and name not in sent
        entries.append(Entry((at, name), arrived, bool(inbound), bool(deleted), status, machine, mark))
    return entries


def _with_inbound_before(
    found: Sequence[tuple[int, str, int | None, int, int, str, str | None, str | None]],
) -> list[tuple[int, str, Milliseconds | None, str]]:
    """Own messages with the time of the inbound message before each, and what they say."""
    inbound_at: Milliseconds | None = None
    own = []
    for at, name, _, inbound, _, _, body, _ in found:
        if inbound:
            inbound_at = at
        else:
            own.append((at, name, inbound_at, body or ""))
    return own


def _sent_from_here(reader: sqlite3.Connection, message_ids: Sequence[str]) -> frozenset[str]:
    return frozenset(
        str(name)
        for places, values in in_lists(message_ids)
        for (name,) in reader.execute(
            f"SELECT message_id FROM local.outbox WHERE message_id IN ({places}) AND state != 'discarded'",
            values,
        )
    )


def _others(reader: sqlite3.Connection, row: ChatRow) -> tuple[Other, ...]:
    """Chats of any profile whose handle is the same but for punctuation, or whose full name is the same."""
    found: dict[str, Other] = {}
    for why, column, like, telling in (
        ("handle", "participant_username", HANDLE, f"length({HANDLE}) >= {SHORTEST_HANDLE}"),
        ("name", "participant_name", NAME, "instr(trim(participant_name), ' ')"),
    ):
        # The indexes are of chats that have one at all, and SQLite has to be told.
        alike = reader.execute(
            f"SELECT {', '.join(CHAT_COLUMNS)} FROM chats WHERE {like} = "
            f"(SELECT {like} FROM chats WHERE pk = ?1 AND {telling}) AND {column} IS NOT NULL "
            f"AND pk != ?1 LIMIT {MOST_OTHERS + 1}",
            (row.pk,),
        ).fetchall()
        if len(alike) <= MOST_OTHERS:
            for chat in map(chat_of, alike):
                found.setdefault(chat.id, Other(chat, chat_sort_at(chat), why))
    return tuple(sorted(found.values(), key=lambda other: -other.active_at))
