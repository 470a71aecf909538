"""The outbox: how its items come in, move on, come to their end, and come back as drafts.

Every function is one transaction of `local.db`, but for those that say so. Both the screen and the engine
call them, each in its own writing thread; the state of an item moves by compare-and-set, so that two
processes never act on one item.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from inbox_tui.core.models import JsonObject, Milliseconds
from inbox_tui.store import drafts
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.items import ITEM_COLUMNS, OutboxItem, State, item_of
from inbox_tui.store.marks import Known, touch
from inbox_tui.store.records import dump

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

WITH_WORDS = "('send', 'edit', 'private_reply')"
"""Acts that carry words of the person's, as a list of SQL."""


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
        typed, extras, _ = drafts.read(writer.local, items[0].draft_key)
        text = "\n".join(part for part in (*(item.text for item in items), typed) if part)
        for item in items:
            extras = {**drafts.extras_of(item.payload), **extras}
            writer.local.execute("DELETE FROM dismissed WHERE message_id = ?", (item.retry_of,))
        drafts.put(writer.local, items[0].draft_key, text, len(text), extras, items[0].created_at)
        touch(writer.local, items[0].chat_id, rev)
    _drop_files(writer, [item.payload for item in items if item.payload.get("file") != extras.get("file")])
    return text


def bring_back(writer: Writer, item_pk: int) -> str | None:
    """Undo the giving up of words: they return as the draft, in front of what is typed there now.

    The draft is that of the chat, of the edit or of the comment (`OutboxItem.draft_key`). A file comes along
    where it still is where it was chosen. The item itself stays given up. Returns the new draft, or None when
    there is nothing to bring back, or it was brought back before.
    """
    with transaction(writer.local) as rev:
        rows = writer.local.execute(
            f"SELECT {ITEM_COLUMNS} FROM outbox WHERE state = 'discarded' "
            f"AND act IN {WITH_WORDS} AND payload != '{{}}' AND coalesce(with_pk, pk) = "
            "(SELECT coalesce(with_pk, pk) FROM outbox WHERE pk = ?) ORDER BY pk",
            (item_pk,),
        ).fetchall()
        items = [item_of(row) for row in rows]
        if item_pk not in [item.pk for item in items]:
            return None
        extras: JsonObject = {}
        for item in items:
            extras = {**extras, **(drafts.extras_of(item.payload) if item.act == "send" else {})}
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
    typed, beside, started_at = drafts.read(local, chat_id)
    text = "\n".join(part for part in (*texts, typed) if part)
    drafts.put(local, chat_id, text, len(text), {**extras, **beside}, started_at)
    touch(local, chat_id, rev)
    return text


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
                mark_dismissed(writer.local, item.chat_id, item.message_id, now)
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


def mark_dismissed(local: sqlite3.Connection, chat_id: str, message_id: str, at: Milliseconds) -> bool:
    """Stop counting a failed message, inside the caller's transaction; False: that was done before."""
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
        mark_dismissed(writer.local, chat_id, message_id, now_ms())
        touch(writer.local, chat_id, rev)


def release_screenless(writer: Writer, living: Sequence[int]) -> None:
    """A held send whose screen died becomes the draft again; several of one chat in the order written.

    `living`: process numbers of the screens that are there.
    """
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
