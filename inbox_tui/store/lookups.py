"""Single rows and numbers for the screen and the command line: each costs the same at any length."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

from inbox_tui.core.errors import UsageError
from inbox_tui.core.models import JsonObject, Message, Milliseconds, Profile
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, State, item_of
from inbox_tui.store.reads import CHAT_SELECT, ChatRow, chat_row
from inbox_tui.store.records import MESSAGE_COLUMNS, PROFILE_COLUMNS, message_of, profile_of


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


def profiles(reader: sqlite3.Connection) -> list[ProfileRow]:
    """Every profile that the API still lists, by platform and name."""
    rows = reader.execute(
        f"SELECT fault_title, fault_hint, fault_at, walked, chats_total, chats, {', '.join(PROFILE_COLUMNS)} "
        "FROM profiles WHERE status != 'gone' ORDER BY platform, name"
    )
    return [
        ProfileRow(profile_of(row[6:]), row[0], row[1], row[2], bool(row[3]), row[4], int(row[5]))
        for row in rows
    ]


def profile_names(reader: sqlite3.Connection) -> dict[str, Profile]:
    """Every profile by id, without counting."""
    rows = reader.execute(f"SELECT {', '.join(PROFILE_COLUMNS)} FROM profiles")
    return {str(row[0]): profile_of(row) for row in rows}


def account_fault(reader: sqlite3.Connection) -> str:
    """Why not even the profiles can be listed, and what to do; empty when they can."""
    row = reader.execute("SELECT value FROM meta WHERE key = 'fault'").fetchone()
    return "" if row is None else str(row[0])


def chat(reader: sqlite3.Connection, name: str) -> ChatRow | None:
    """A chat by its hashid, or by the platform's conversation id.

    Raises UsageError where several profiles have a conversation of that id: nobody must be written to
    from the wrong one.
    """
    for column in ("id", "external_conversation_id"):
        rows = reader.execute(f"{CHAT_SELECT} WHERE c.{column} = ? LIMIT 2", (name,)).fetchall()
        if len(rows) > 1:
            ids = " and ".join(sorted(chat_row(row).chat.id for row in rows))
            raise UsageError(f"{name} names more than one chat", f"Name one by its id, such as {ids}")
        if rows:
            return chat_row(rows[0])
    return None


def chat_with(reader: sqlite3.Connection, profile_id: str, participant: str) -> str | None:
    """The chat of a profile with a person, by the platform's id of that person."""
    row = reader.execute(
        "SELECT id FROM chats WHERE profile_id = ? AND participant_external_id = ?", (profile_id, participant)
    ).fetchone()
    return None if row is None else str(row[0])


def chat_of_act(reader: sqlite3.Connection, item_pk: int) -> str | None:
    """The chat that a private reply or a new chat has come to be; None as long as there is none.

    `reader`: both files, as the screen reads them.
    """
    row = reader.execute(
        "SELECT act, state, chat_id, message_id FROM local.outbox WHERE pk = ?", (item_pk,)
    ).fetchone()
    if row is None or row[1] not in (State.ACCEPTED, State.SETTLED):
        return None
    act, _, name, message_id = row
    if act == ActName.NEW_CHAT:
        # A settled one names the chat that it has become (`store.acts.settle_new_chat`).
        return str(name)
    found = reader.execute(
        "SELECT c.id FROM messages m JOIN chats c ON c.pk = m.chat WHERE m.id = ?", (message_id,)
    ).fetchone()
    return None if found is None else str(found[0])


def note(reader: sqlite3.Connection, chat_id: str) -> str:
    """The private note of a chat; empty where there is none."""
    row = reader.execute("SELECT text FROM local.notes WHERE chat_id = ?", (chat_id,)).fetchone()
    return "" if row is None else str(row[0])


def labels(reader: sqlite3.Connection) -> list[tuple[str, int]]:
    """Every label with the number of its chats, the most used first."""
    return reader.execute(
        "SELECT label, count(*) FROM local.labels GROUP BY label ORDER BY 2 DESC, label"
    ).fetchall()


def draft(reader: sqlite3.Connection, chat_id: str) -> tuple[str, int]:
    """The draft of a chat and the caret's offset; empty where there is none."""
    row = reader.execute("SELECT text, cursor FROM local.drafts WHERE chat_id = ?", (chat_id,)).fetchone()
    return (row[0], row[1]) if row else ("", 0)


@dataclass(frozen=True, slots=True)
class Composed:
    """A whole draft. `extras`: see `store.drafts`; `started_at`: when it was begun, None without it."""

    text: str = ""
    cursor: int = 0
    extras: JsonObject = field(default_factory=dict)
    started_at: Milliseconds | None = None


def composed(reader: sqlite3.Connection, chat_id: str) -> Composed:
    """The draft of a chat with everything that goes with it; empty where there is none."""
    row = reader.execute(
        "SELECT text, cursor, extras, coalesce(started_at, updated_at) FROM local.drafts WHERE chat_id = ?",
        (chat_id,),
    ).fetchone()
    return Composed() if row is None else Composed(row[0], row[1], json.loads(row[2]), row[3])


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
    """The newest send of a screen that can still be taken back: held, or waiting and never tried."""
    row = reader.execute(
        f"SELECT {ITEM_COLUMNS} FROM local.outbox WHERE state NOT IN ('settled', 'discarded') "
        "AND (state = 'held' OR (state = 'queued' AND attempts = 0)) AND act IN ('send', 'private_reply') "
        "AND screen = ? ORDER BY pk DESC LIMIT 1",
        (screen,),
    ).fetchone()
    return None if row is None else item_of(row)


def gone_out(reader: sqlite3.Connection, screen: int, since: Milliseconds) -> OutboxItem | None:
    """The newest thing that a screen has done on a platform after a time of this machine, if it can be no
    more taken back: a message that has left, or any other act."""
    row = reader.execute(
        f"SELECT {ITEM_COLUMNS} FROM local.outbox WHERE screen = ? AND created_at > ? "
        "AND (state IN ('sending', 'accepted', 'settled') "
        "OR (state = 'queued' AND act NOT IN ('send', 'private_reply'))) "
        "ORDER BY pk DESC LIMIT 1",
        (screen, since),
    ).fetchone()
    return None if row is None else item_of(row)


def failed_item(reader: sqlite3.Connection, message_id: str) -> OutboxItem | None:
    """The failed outbox item that a message of the API was made from, where it was sent from here."""
    row = reader.execute(
        f"SELECT {ITEM_COLUMNS} FROM local.outbox WHERE message_id = ? AND state = 'failed'", (message_id,)
    ).fetchone()
    return None if row is None else item_of(row)


def message(reader: sqlite3.Connection, name: str) -> Message | None:
    """A message by its hashid, or by the platform's id.

    Raises UsageError where several chats have a message of that id (Telegram counts in each chat).
    """
    for column, tables in (
        ("id", "messages m JOIN chats c ON c.pk = m.chat"),
        # Platform ids are indexed chat by chat. No screen asks for one.
        ("external_id", "chats c CROSS JOIN messages m ON m.chat = c.pk"),
    ):
        rows = reader.execute(
            f"SELECT c.id, {', '.join(f'm.{name}' for name in MESSAGE_COLUMNS)} "
            f"FROM {tables} WHERE m.{column} = ? LIMIT 2",
            (name,),
        ).fetchall()
        if len(rows) > 1:
            ids = " and ".join(sorted(str(row[1]) for row in rows))
            raise UsageError(f"{name} names more than one message", f"Name one by its id, such as {ids}")
        if rows:
            return message_of(rows[0][1:], str(rows[0][0]))
    return None


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of the header: chats in all, with unread messages, unanswered, and with a failed send."""

    chats: int
    unread: int
    unanswered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """Sends that the API does not have yet, and when the oldest was written, by this machine's clock.

    `homeless`: what failed or is uncertain and stands in no chat: a private reply, or a chat to be made.
    """

    count: int
    oldest_at: Milliseconds | None
    homeless: int


def leaving(reader: sqlite3.Connection) -> Leaving:
    """What is held, waits or is on its way, of all chats, and what went wrong outside of them."""
    return Leaving(
        *reader.execute(
            "SELECT count(*) FILTER (WHERE leaves), min(created_at) FILTER (WHERE leaves), "
            "count(*) FILTER (WHERE state IN ('failed', 'uncertain') "
            "AND act IN ('private_reply', 'new_chat')) FROM (SELECT state, act, created_at, "
            "state IN ('held', 'queued', 'sending') AND act IN ('send', 'private_reply') AS leaves "
            "FROM local.outbox WHERE state NOT IN ('settled', 'discarded'))"
        ).fetchone()
    )


def counts(reader: sqlite3.Connection) -> Counts:
    """The header's numbers; they are kept in `meta`, where facts change them (`store.facts`)."""
    numbers = dict(
        reader.execute(
            "SELECT key, value FROM main.meta WHERE key IN ('chats', 'unread', 'unanswered', 'failed')"
        ).fetchall()
    )
    return Counts(**numbers)
