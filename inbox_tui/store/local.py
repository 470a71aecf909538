"""What lives nowhere else: drafts, the outbox, marks, and what each screen wants from the engine.

Every function is one transaction of `local.db`. Both the screen and the engine call them, each in
its own writing thread; states of an outbox item move by compare-and-set, so that two processes
never act on one item.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Json, JsonObject, Milliseconds
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.marks import Known, known_now, touch
from inbox_tui.store.records import SqlRow, dump

if TYPE_CHECKING:
    # Only the writing thread needs what applying pages needs; a screen paints without it.
    from inbox_tui.store.writes import Writer

HOLD_MS = 5_000
"""How long a send can be taken back before it leaves."""


class State(StrEnum):
    """States of an outbox item (DESIGN section 6)."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DISCARDED = "discarded"


ON_THE_WAY = frozenset({State.HELD, State.QUEUED, State.SENDING})
"""States of an item of which the API does not know yet, or may not."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """An intention of the person: an act on a chat, with the account and profile it was made for.

    `payload` holds the act's arguments (`text`, `media_url`, `file`, `reply_to`, `reply_markup`);
    `title` and `hint` say what went wrong; `message_id` is the API's message once it is known.
    `clock_offset`: server time minus ours when it was dispatched, None where that was not known.
    `with_pk`: the item that it follows as the second part of one unit (see `queue_pair`); `done_bytes`: how
    much of its file is on its way.
    """

    pk: int
    key: str
    account: str
    act: str
    chat_id: str
    profile_id: str
    payload: JsonObject
    state: str
    created_at: Milliseconds
    held_until: Milliseconds | None
    dispatched_at: Milliseconds | None
    attempts: int
    next_try_at: Milliseconds | None
    title: str
    hint: str
    message_id: str | None
    retry_of: str | None
    screen: int | None
    clock_offset: Milliseconds | None
    with_pk: int | None
    done_bytes: int

    @property
    def text(self) -> str:
        """The text to send, empty for a file."""
        return str(self.payload.get("text") or "")

    @property
    def file_name(self) -> str:
        """What its file is called, or the address from which the service fetches it; empty without one."""
        payload = self.payload
        return str(payload.get("file_name") or payload.get("media_url") or payload.get("file") or "")

    @property
    def draft_key(self) -> str:
        """Where its words go when it is taken back: the draft of its chat, or of the edit of its message."""
        return f"edit:{self.payload.get('message_id')}" if self.act == "edit" else self.chat_id


ITEM_COLUMNS = (
    "pk, key, account, act, chat_id, profile_id, payload, state, created_at, held_until, dispatched_at, "
    "attempts, next_try_at, title, hint, message_id, retry_of, screen, clock_offset, with_pk, done_bytes"
)


def item_of(row: SqlRow) -> OutboxItem:
    """An outbox item from the columns ITEM_COLUMNS."""
    pk, key, account, act, chat_id, profile_id, payload, *rest = row
    return OutboxItem(pk, key, account, act, chat_id, profile_id, json.loads(payload), *rest)


EXTRAS = ("reply_to", "reply_to_id", "file", "media_url", "size", "type", "reply_markup")
"""What can go with the text of a draft, by its name in the payload of a send; `file`: where it was chosen.

A draft may also keep `blanks`, what snippets left open in it (`core.snippets`); nothing with one is sent.
"""


def save_draft(
    writer: Writer,
    chat_id: str,
    text: str,
    cursor: int,
    base: str | None = None,
    extras: JsonObject | None = None,
) -> str:
    """Keep what stands in the composer of a chat; with neither text nor extras there is no draft.

    `cursor` is the caret's offset in code points. `base` is what the caller saw in the file before the
    person typed: where something else stands there now (another terminal, a send that was taken back),
    both are kept, one behind the other. `extras`: what goes with the text; None leaves it as it is.
    Returns the text that the file holds.
    """
    with transaction(writer.local) as rev:
        stands, goes_with, started_at = draft_of(writer.local, chat_id)
        if base is not None and stands not in ("", base, text):
            text = f"{stands}\n{text}" if text else stands
            cursor = len(text)
            if extras is not None:
                # What a snippet left open in either text is open in both together.
                left = [each for blanks in (goes_with, extras) for each in _listed(blanks.get("blanks"))]
                extras = {**extras, "blanks": left} if left else extras
        extras = goes_with if extras is None else extras
        if (text, extras) != (stands, goes_with):
            put_draft(writer.local, chat_id, text, cursor, extras, started_at)
            touch(writer.local, chat_id, rev)
    return text


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def draft_of(local: sqlite3.Connection, chat_id: str) -> tuple[str, JsonObject, Milliseconds | None]:
    """Text, extras and beginning of a chat's draft."""
    row = local.execute(
        "SELECT text, extras, started_at FROM drafts WHERE chat_id = ?", (chat_id,)
    ).fetchone()
    return ("", {}, None) if row is None else (str(row[0]), json.loads(row[1]), row[2])


def put_draft(
    local: sqlite3.Connection,
    chat_id: str,
    text: str,
    cursor: int,
    extras: JsonObject,
    started_at: Milliseconds | None,
) -> None:
    """Make a draft of these, inside the caller's transaction; of neither text nor extras there is none."""
    if not text and not extras:
        local.execute("DELETE FROM drafts WHERE chat_id = ?", (chat_id,))
        return
    now = now_ms()
    local.execute(
        "INSERT OR REPLACE INTO drafts (chat_id, text, cursor, updated_at, extras, started_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (chat_id, text, cursor, now, dump(extras), now if started_at is None else started_at),
    )


def queue_send(
    writer: Writer,
    chat_id: str,
    profile_id: str,
    payload: JsonObject,
    *,
    hold_ms: int = HOLD_MS,
    screen: int | None = None,
    retry_of: str | None = None,
    from_draft: bool = False,
    left: str = "",
) -> OutboxItem:
    """Put a send into the outbox and, with `from_draft`, empty the chat's draft in the same transaction.

    The text is safe when this returns; only then may a composer be emptied. With `hold_ms` the item
    can be taken back that long. `retry_of` names the failed message that this one stands for. `left`: what
    was typed behind the text meanwhile; it stays the draft.

    Raises Refused, and queues nothing, where the draft is not this text any more or the failed message has
    been dealt with: another terminal, or a key pressed twice, was faster.
    """
    known = known_now(writer, chat_id)
    now = now_ms()
    with transaction(writer.local) as rev:
        if from_draft:
            _take_draft(writer.local, chat_id, payload, left)
        if retry_of:
            if not _dismiss(writer.local, chat_id, retry_of, now):
                raise Refused("This message is being sent again already", "Nothing was sent twice")
            # Its words go with this item from here on.
            writer.local.execute(
                "UPDATE outbox SET payload = '{}' WHERE message_id = ? AND state = 'discarded'", (retry_of,)
            )
        pk = insert(
            writer,
            "send",
            chat_id,
            profile_id,
            payload,
            known,
            now=now,
            hold_ms=hold_ms,
            screen=screen,
            retry_of=retry_of,
        )
        touch(writer.local, chat_id, rev)
    return item_of_number(writer.local, pk)


def queue_pair(
    writer: Writer,
    chat_id: str,
    profile_id: str,
    first: JsonObject,
    second: JsonObject,
    *,
    hold_ms: int = HOLD_MS,
    screen: int | None = None,
    from_draft: bool = False,
    left: str = "",
) -> tuple[OutboxItem, OutboxItem]:
    """Put two sends that are one unit into the outbox: a text and a file, as the API takes one or the other.

    The second leaves when the first was taken. Where the first fails, both stand before the person, and
    `take_back`, `retry` and `discard` of either act on both. `from_draft`, `left` and errors as in
    `queue_send`.
    """
    known = known_now(writer, chat_id)
    now = now_ms()
    pks: list[int] = []
    with transaction(writer.local) as rev:
        if from_draft:
            _take_draft(writer.local, chat_id, first if first.get("text") else second, left)
        for payload in (first, second):
            pks.append(
                insert(
                    writer,
                    "send",
                    chat_id,
                    profile_id,
                    payload,
                    known,
                    now=now,
                    hold_ms=hold_ms,
                    screen=screen,
                    with_pk=pks[0] if pks else None,
                )
            )
        touch(writer.local, chat_id, rev)
    return item_of_number(writer.local, pks[0]), item_of_number(writer.local, pks[1])


def _take_draft(local: sqlite3.Connection, chat_id: str, payload: JsonObject, left: str) -> None:
    """Leave of a draft what a send was not made of. Raises Refused where it is not the same any more."""
    row = local.execute("SELECT text FROM drafts WHERE chat_id = ?", (chat_id,)).fetchone()
    if row is None or row[0] != str(payload.get("text") or "") + left:
        raise Refused("This draft was sent or changed elsewhere", "Look at the thread before you send")
    put_draft(local, chat_id, left, len(left), {}, None)


def insert(
    writer: Writer,
    act: str,
    chat_id: str,
    profile_id: str,
    payload: JsonObject,
    known: Known,
    *,
    now: Milliseconds,
    hold_ms: int,
    screen: int | None,
    retry_of: str | None = None,
    with_pk: int | None = None,
) -> int:
    """Add an item to the outbox inside the caller's transaction; returns its number."""
    cursor = writer.local.execute(
        "INSERT INTO outbox (key, account, act, chat_id, profile_id, payload, state, screen, created_at, "
        "held_until, retry_of, with_pk, generation, arrived, through_at, through_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(uuid.uuid4()),
            writer.folder.account,
            act,
            chat_id,
            profile_id,
            dump(payload),
            State.HELD if hold_ms else State.QUEUED,
            screen,
            now,
            now + hold_ms if hold_ms else None,
            retry_of,
            with_pk,
            known.generation_in(writer),
            known.arrived,
            known.through_at,
            known.through_id,
        ),
    )
    return int(cursor.lastrowid or 0)


def item_of_number(local: sqlite3.Connection, pk: int) -> OutboxItem:
    """An outbox item that is known to be there."""
    return item_of(local.execute(f"SELECT {ITEM_COLUMNS} FROM outbox WHERE pk = ?", (pk,)).fetchone())


def item(writer: Writer, pk: int) -> OutboxItem | None:
    """An outbox item by number."""
    row = writer.local.execute(f"SELECT {ITEM_COLUMNS} FROM outbox WHERE pk = ?", (pk,)).fetchone()
    return None if row is None else item_of(row)


def open_items(writer: Writer) -> list[OutboxItem]:
    """Every item that is not at its end, oldest first; failed and uncertain ones are among them."""
    rows = writer.local.execute(
        f"SELECT {ITEM_COLUMNS} FROM outbox WHERE state NOT IN ('settled', 'discarded') ORDER BY pk"
    )
    return [item_of(row) for row in rows]


def move(
    writer: Writer,
    item: OutboxItem,
    state: State,
    *,
    title: str = "",
    hint: str = "",
    message_id: str | None = None,
    next_try_at: Milliseconds | None = None,
    dispatched: bool = False,
    clock_offset: Milliseconds | None = None,
) -> bool:
    """Move an item from the state it was read in to another; False when somebody was faster.

    `dispatched`: it leaves now, while the server's clock is `clock_offset` ahead of ours. A settled item
    keeps no words: they are in the cache, and go from there when the message is deleted.
    """
    with transaction(writer.local) as rev:
        cursor = writer.local.execute(
            "UPDATE outbox SET state = ?, title = ?, hint = ?, message_id = coalesce(?, message_id), "
            "next_try_at = ?, attempts = attempts + ?, dispatched_at = coalesce(?, dispatched_at), "
            "clock_offset = CASE WHEN ? THEN ? ELSE clock_offset END, "
            "payload = CASE WHEN ? THEN '{}' ELSE payload END WHERE pk = ? AND key = ? AND state = ?",
            (
                state,
                title,
                hint,
                message_id,
                next_try_at,
                int(dispatched),
                now_ms() if dispatched else None,
                dispatched,
                clock_offset,
                state == State.SETTLED,
                item.pk,
                item.key,
                item.state,
            ),
        )
        if cursor.rowcount:
            if state == State.FAILED:
                _give_back(writer.local, item.pk, "The message before it was not sent")
            touch(writer.local, item.chat_id, rev)
    if cursor.rowcount and state == State.SETTLED:
        _drop_files(writer, [item.payload])
    return bool(cursor.rowcount)


def uploaded(writer: Writer, item: OutboxItem, done_bytes: int) -> None:
    """Say how much of an item's file has left."""
    with transaction(writer.local) as rev:
        cursor = writer.local.execute(
            "UPDATE outbox SET done_bytes = ? WHERE pk = ? AND key = ? AND state = 'sending'",
            (done_bytes, item.pk, item.key),
        )
        if cursor.rowcount:
            touch(writer.local, item.chat_id, rev)


def _give_back(local: sqlite3.Connection, first_pk: int, why: str) -> None:
    """Put the second part of a unit before the person, as the first will not arrive by itself."""
    local.execute(
        "UPDATE outbox SET state = 'failed', title = ?, hint = 'Send it again or discard it', "
        "next_try_at = NULL WHERE with_pk = ? AND state IN ('held', 'queued')",
        (why, first_pk),
    )


def _drop_files(writer: Writer, payloads: Iterable[JsonObject]) -> None:
    """Remove the copies of files of items that are at their end."""
    for payload in payloads:
        if payload.get("file"):
            from inbox_tui.store.spool import drop

            drop(writer.folder, str(payload["file"]))


def _unit(local: sqlite3.Connection, item_pk: int) -> list[OutboxItem]:
    """An item and what is one unit with it, in their order, as far as they are not at their end."""
    rows = local.execute(
        f"SELECT {ITEM_COLUMNS} FROM outbox WHERE state NOT IN ('settled', 'discarded') "
        "AND coalesce(with_pk, pk) = (SELECT coalesce(with_pk, pk) FROM outbox WHERE pk = ?) ORDER BY pk",
        (item_pk,),
    )
    return [item_of(row) for row in rows]


def _end(local: sqlite3.Connection, items: Sequence[OutboxItem], *, words_stay: bool) -> None:
    """Discard items. `words_stay`: what was given up keeps its words, to be brought back."""
    local.executemany(
        "UPDATE outbox SET state = 'discarded', payload = CASE WHEN ? THEN payload ELSE '{}' END "
        "WHERE pk = ?",
        [(words_stay, item.pk) for item in items],
    )


def take_back(writer: Writer, item_pk: int) -> str | None:
    """Undo a send that has not left: it returns as the draft, in front of what is typed there now.

    What is one unit with it comes back too, as far as it has not left. Returns the new draft, or None when
    the item has already left. What it was to stand for wants attention again.
    """
    with transaction(writer.local) as rev:
        items = [
            item
            for item in _unit(writer.local, item_pk)
            if item.state == State.HELD or (item.state == State.QUEUED and item.attempts == 0)
        ]
        if item_pk not in [item.pk for item in items]:
            return None
        _end(writer.local, items, words_stay=False)
        typed, extras, _ = draft_of(writer.local, items[0].draft_key)
        text = "\n".join(part for part in (*(item.text for item in items), typed) if part)
        for item in items:
            extras = {**extras_of(item.payload), **extras}
            writer.local.execute("DELETE FROM dismissed WHERE message_id = ?", (item.retry_of,))
        put_draft(writer.local, items[0].draft_key, text, len(text), extras, items[0].created_at)
        touch(writer.local, items[0].chat_id, rev)
    _drop_files(writer, [item.payload for item in items if item.payload.get("file") != extras.get("file")])
    return text


def extras_of(payload: JsonObject) -> JsonObject:
    """What went with the text of a send, as its draft had it: the file where it was chosen.

    Where that is gone since, the copy is all that is left of it.
    """
    found = {name: payload[name] for name in EXTRAS if name in payload and name != "file"}
    source, copy = payload.get("source"), payload.get("file")
    if not source:
        return found
    gone = not Path(str(source)).exists() and Path(str(copy)).exists()
    return {**found, "file": copy if gone else source}


def retry(writer: Writer, item_pk: int, *, uncertain: bool = False) -> bool:
    """Queue a failed item again, in its place, as written now and under a new key.

    What is one unit with it and failed too goes along. `uncertain`: also one of which nobody knows whether it
    arrived; it may arrive twice, so only the person says so. A failed message that the API made of it no
    longer counts. False when the item is not in such a state any more.
    """
    now = now_ms()
    with transaction(writer.local) as rev:
        items = [
            item
            for item in _unit(writer.local, item_pk)
            if item.state == State.FAILED
            or (uncertain and item.pk == item_pk and item.state == State.UNCERTAIN)
        ]
        if item_pk not in [item.pk for item in items]:
            return False
        for item in items:
            writer.local.execute(
                "UPDATE outbox SET state = 'queued', key = ?, title = '', hint = '', next_try_at = NULL, "
                "attempts = 0, done_bytes = 0, message_id = NULL, retry_of = coalesce(message_id, retry_of), "
                "created_at = ? WHERE pk = ?",
                (str(uuid.uuid4()), now, item.pk),
            )
            if item.message_id is not None:
                _dismiss(writer.local, item.chat_id, item.message_id, now)
            touch(writer.local, item.chat_id, rev)
    return True


def discard(writer: Writer, item_pk: int) -> bool:
    """Give a failed or uncertain item up; False when it is in neither state.

    What is one unit with it and failed too is given up with it. Where the first part is uncertain, the second
    stays, and is put before the person: it may be that only the first is where it should be.
    """
    with transaction(writer.local) as rev:
        unit = _unit(writer.local, item_pk)
        given = next((item for item in unit if item.pk == item_pk), None)
        if given is None or given.state not in (State.FAILED, State.UNCERTAIN):
            return False
        ended = [item for item in unit if item is given or item.state == given.state == State.FAILED]
        _end(writer.local, ended, words_stay=True)
        _give_back(writer.local, given.pk, "The message before it was given up")
        touch(writer.local, given.chat_id, rev)
    _drop_files(writer, [item.payload for item in ended])
    return True


def _dismiss(local: sqlite3.Connection, chat_id: str, message_id: str, at: Milliseconds) -> bool:
    """False: it was dismissed before."""
    cursor = local.execute(
        "INSERT OR IGNORE INTO dismissed (message_id, chat_id, at) VALUES (?, ?, ?)",
        (message_id, chat_id, at),
    )
    # The item that it was sent as is over with it, and no longer holds back the later ones of its chat.
    local.execute(
        "UPDATE outbox SET state = 'discarded' WHERE message_id = ? AND state = 'failed'", (message_id,)
    )
    return cursor.rowcount > 0


def dismiss(writer: Writer, chat_id: str, message_id: str) -> None:
    """Stop counting a failed message of the API as a failure that wants attention."""
    with transaction(writer.local) as rev:
        _dismiss(writer.local, chat_id, message_id, now_ms())
        touch(writer.local, chat_id, rev)


def set_screen(writer: Writer, chat_id: str | None) -> None:
    """Say which chat this process has open, so that the engine looks at it most often."""
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR REPLACE INTO screens (pid, chat_id, at) VALUES (?, ?, ?)",
            (os.getpid(), chat_id, now_ms()),
        )


def remove_screen(writer: Writer, pid: int) -> None:
    """Forget a screen that is gone."""
    with transaction(writer.local):
        writer.local.execute("DELETE FROM screens WHERE pid = ?", (pid,))


def open_chats(writer: Writer) -> list[tuple[int, str | None]]:
    """(process number, chat) of every screen that has said so."""
    return writer.local.execute("SELECT pid, chat_id FROM screens ORDER BY at DESC").fetchall()


def need(writer: Writer, kind: str, subject: str) -> None:
    """Ask the engine for something from the network (`older`: the next page of a chat's history)."""
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR IGNORE INTO needs (kind, subject, at) VALUES (?, ?, ?)", (kind, subject, now_ms())
        )


def take_needs(writer: Writer) -> list[tuple[str, str]]:
    """The wants that stand, oldest first; they stay until `fulfilled`."""
    return writer.local.execute("SELECT kind, subject FROM needs ORDER BY at").fetchall()


def fulfilled(writer: Writer, kind: str, subject: str) -> None:
    """Remove a want that was carried out or cannot be."""
    with transaction(writer.local):
        writer.local.execute("DELETE FROM needs WHERE kind = ? AND subject = ?", (kind, subject))


def begin_first_sync(writer: Writer, server_now: Milliseconds) -> None:
    """Note when the first sync of this account began, by the server's clock; later calls change nothing."""
    with transaction(writer.local):
        writer.local.execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES ('first_sync_at', ?)", (server_now,)
        )


def release_screenless(writer: Writer, living: Sequence[int]) -> None:
    """A held send whose screen died becomes the draft again; several of one chat in the order written."""
    rows = cast(
        "list[tuple[int, int | None]]",
        writer.local.execute(
            "SELECT pk, screen FROM outbox WHERE state NOT IN ('settled', 'discarded') AND state = 'held' "
            "ORDER BY pk DESC"
        ).fetchall(),
    )
    for pk, screen in rows:
        if screen is not None and screen not in living:
            take_back(writer, pk)


def refuse_foreign(item: OutboxItem, account: str) -> None:
    """Raise Refused where an intention was made for another account."""
    if item.account != account:
        raise Refused(
            f"This was written for the account {item.account}, not for {account}",
            "Nothing was sent; open the inbox of that account",
        )
