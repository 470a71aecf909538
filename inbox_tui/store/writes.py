"""What the API said, applied to `cache.db`: idempotent, in any order, touching only what differs.

All functions run in the one writing thread of their process. Applying the same page twice writes
nothing the second time; each returns what it changed, so that a caller can count.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from inbox_tui.core.models import Chat, Message, Milliseconds, Profile, Rejected
from inbox_tui.store import clock, erasure, facts, index, taps
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.progress import move_times, record_pull
from inbox_tui.store.records import (
    CHAT_COLUMNS,
    MESSAGE_COLUMNS,
    PROFILE_COLUMNS,
    Row,
    Value,
    chat_of,
    chat_search_key,
    chat_sort_at,
    chat_values,
    is_deleted,
    merge_chat,
    merge_message,
    message_values,
    position_at,
    profile_values,
)
from inbox_tui.store.rows import NewMessage, chat_pks, insert_messages, known_rows, marks
from inbox_tui.store.writer import Writer

AHEAD_MS: Milliseconds = 5 * 60_000
"""How far ahead of the server's time a chat's last message may be to be believed; clocks differ a little."""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages of one chat as an answer brought them.

    `history`: a page behind the newest; its messages get no arrival number. `newest_for`: the
    chat's `last_message_at` for which this is the newest page, `pulled_to` the newest position in it.
    `total`: the API's own count. `gap_page`: a page that did not reach what was cached before; the
    pages from that number on are missing, until one comes with `gap_closed` (and `total`, where it was
    read down to the first message). `stated_at`: the API's time as of which the messages are so, or one
    shortly before; None where nobody knows. `event`: an event brought them, without their chat, whose
    times of the last messages they move. `moves`: they are newer than the chat's record, and move its times
    too. `unreadable`: how many messages the API counts that nobody can read.
    """

    chat_id: str
    messages: Sequence[Message]
    history: bool = False
    newest_for: Milliseconds | None = None
    newest: bool = False
    pulled_to: Milliseconds | None = None
    total: int | None = None
    gap_page: int | None = None
    gap_closed: bool = False
    next_history_page: int | None = None
    history_done: bool = False
    stated_at: Milliseconds | None = None
    event: bool = False
    moves: bool = False
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """How many rows a write inserted and changed; `new_ids` are those inserted."""

    inserted: int = 0
    changed: int = 0
    new_ids: tuple[str, ...] = ()
    unknown_chats: tuple[str, ...] = ()


def apply_profiles(writer: Writer, profiles: Iterable[Profile]) -> Applied:
    """Make the cached profiles those of the list; a profile that is gone is kept, marked `gone`."""
    rows = [profile_values(profile) for profile in profiles]
    inserted = changed = 0
    with transaction(writer.cache) as rev:
        known: dict[str, Row] = {
            row[0]: row for row in writer.cache.execute(f"SELECT {', '.join(PROFILE_COLUMNS)} FROM profiles")
        }
        for row in rows:
            old = known.pop(str(row[0]), None)
            if old == row:
                continue
            inserted, changed = (inserted + 1, changed) if old is None else (inserted, changed + 1)
            columns = (*PROFILE_COLUMNS, "rev")
            updates = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
            writer.cache.execute(
                f"INSERT INTO profiles ({', '.join(columns)}, chats) VALUES ({marks(columns)}, "
                "(SELECT count(*) FROM chats WHERE profile_id = ?1)) "
                f"ON CONFLICT (id) DO UPDATE SET {updates}",
                (*row, rev),
            )
        for gone, row in known.items():
            if row[3] != "gone":
                changed += 1
                writer.cache.execute("UPDATE profiles SET status = 'gone', rev = ? WHERE id = ?", (rev, gone))
    return Applied(inserted, changed)


def set_profile_fault(writer: Writer, profile_id: str, title: str, hint: str) -> None:
    """Record why a profile cannot be read (empty `title`: it can again); writes only on a change."""
    with transaction(writer.cache) as rev:
        writer.cache.execute(
            "UPDATE profiles SET fault_title = ?1, fault_hint = ?2, fault_at = ?3, rev = ?4 "
            "WHERE id = ?5 AND fault_title IS NOT ?1",
            (title or None, hint or None, now_ms() if title else None, rev, profile_id),
        )


def set_account_fault(writer: Writer, words: str) -> None:
    """Record why not even the profiles can be listed (empty: they can); writes only on a change."""
    with transaction(writer.cache):
        if words:
            writer.cache.execute(
                "INSERT INTO meta (key, value) VALUES ('fault', ?1) ON CONFLICT (key) DO UPDATE "
                "SET value = ?1 WHERE value IS NOT ?1",
                (words,),
            )
        else:
            writer.cache.execute("DELETE FROM meta WHERE key = 'fault'")


def apply_chats(writer: Writer, chats: Iterable[Chat], *, top_of: str | None = None) -> Applied:
    """Insert or update chats by id and recompute what is derived from them.

    `top_of`: the profile at the top of whose list they stand; how far that is known goes into its row.
    """
    records = list(chats)
    with transaction(writer.cache) as rev:
        known = known_rows(writer.cache, "chats", CHAT_COLUMNS, [chat.id for chat in records])
        rows = {chat_id: row for chat_id, (_, row) in known.items()}
        for chat in records:
            row, old = chat_values(chat), rows.get(chat.id)
            rows[chat.id] = row if old is None or row == old else merge_chat(old, row, chat.missing)
        added: Counter[Value] = Counter()
        touched: list[int] = []
        names: list[index.Entry] = []
        new_ids: list[str] = []
        for chat_id, row in rows.items():
            chat = chat_of(row)
            derived = (chat_sort_at(chat), chat_search_key(chat))
            if chat_id not in known:
                columns = (*CHAT_COLUMNS, "sort_at", "search_key", "rev")
                cursor = writer.cache.execute(
                    f"INSERT INTO chats ({', '.join(columns)}) VALUES ({marks(columns)})",
                    (*row, *derived, rev),
                )
                touched.append(int(cursor.lastrowid or 0))
                names.append(index.Entry(touched[-1], "", index.names_document(chat)))
                new_ids.append(chat_id)
                added[chat.profile_id] += 1
                continue
            pk, old = known[chat_id]
            if row == old:
                continue
            assignments = ", ".join(f"{name} = ?" for name in CHAT_COLUMNS)
            writer.cache.execute(
                f"UPDATE chats SET {assignments}, sort_at = ?, search_key = ? WHERE pk = ?",
                (*row, *derived, pk),
            )
            touched.append(pk)
            names.append(index.Entry(pk, index.names_document(chat_of(old)), index.names_document(chat)))
            added[chat.profile_id] += 1
            added[chat_of(old).profile_id] -= 1
        for profile_id, count in added.items():
            writer.cache.execute(
                "UPDATE profiles SET chats = chats + ?1, rev = ?2 WHERE id = ?3 AND ?1 != 0",
                (count, rev, profile_id),
            )
        if new_ids:
            writer.cache.execute("UPDATE meta SET value = value + ? WHERE key = 'chats'", (len(new_ids),))
        if top_of is not None:
            _note_listed(writer.cache, top_of, records)
        index.feed(writer.cache, index.NAMES, names)
        facts.refold(writer.cache, writer.local, touched, rev)
    return Applied(len(new_ids), len(touched) - len(new_ids), tuple(new_ids))


def _note_listed(cache: sqlite3.Connection, profile_id: str, chats: Iterable[Chat]) -> None:
    """Note how far a profile's list of chats is known from its top.

    Not by a time to come, which a platform with a wrong clock tells: all that happens until then would count
    as known. Nothing that a screen shows: the row keeps its `rev`.
    """
    latest = clock.server_now(cache) + AHEAD_MS
    times = [at for chat in chats if (at := chat.last_message_at) is not None and at <= latest]
    if times:
        cache.execute(
            "UPDATE profiles SET listed_to = ?1 WHERE id = ?2 "
            "AND (?1 > coalesce(listed_to, ?1 - 1) OR listed_to > ?3)",
            (max(times), profile_id, latest),
        )


def apply_messages(writer: Writer, pages: Iterable[MessagePage]) -> Applied:
    """Insert or merge the messages of some chats in one transaction and recompute those chats.

    Pages of a chat that the cache does not know are passed over and named in `unknown_chats`. Words of a
    deleted message are gone for every later read when this returns; see `store.erasure` for the file's bytes.
    """
    result = _Written()
    with transaction(writer.cache) as rev:
        for batch in _batches(pages):
            _apply_batch(writer.cache, batch, result)
        if result.erased:
            erasure.forget(writer.cache, result.erased)
        facts.refold(writer.cache, writer.local, result.chats, rev)
    if result.erased:
        writer.note_redaction()
    elif writer.words_in_log:
        # A reader was in the way; it is not waited for again and again.
        writer.words_in_log = not erasure.erase(writer.cache, 0)
    return Applied(len(result.new_ids), result.changed, tuple(result.new_ids), tuple(result.unknown))


@dataclass(slots=True)
class _Written:
    new_ids: list[str] = field(default_factory=list)
    changed: int = 0
    words: list[index.Entry] = field(default_factory=list)
    """What the index has to be told of a batch's messages that were changed."""
    erased: list[str] = field(default_factory=list)
    """Messages that had words in the cache and are deleted now."""
    unknown: list[str] = field(default_factory=list)
    chats: dict[int, None] = field(default_factory=dict)
    """Chats in which something is not what it was."""


def _batches(pages: Iterable[MessagePage]) -> Iterator[list[MessagePage]]:
    """Pages in their order, in runs in which no message comes twice, so that each can be written at once."""
    batch: list[MessagePage] = []
    seen: set[str] = set()
    for page in pages:
        ids = {message.id for message in page.messages}
        if not seen.isdisjoint(ids):
            yield batch
            batch, seen = [], set()
        batch.append(page)
        seen |= ids
    yield batch


def _apply_batch(cache: sqlite3.Connection, batch: Sequence[MessagePage], result: _Written) -> None:
    """Write pages without a message in common, with few statements: each may wait for the other threads."""
    pks = chat_pks(cache, [page.chat_id for page in batch])
    known = known_rows(
        cache,
        "messages",
        ("chat", "stated_at", *MESSAGE_COLUMNS),
        [message.id for page in batch if page.chat_id in pks for message in page.messages],
    )
    new: list[NewMessage] = []
    for page in batch:
        if page.chat_id in pks:
            new += _merge_page(cache, pks[page.chat_id], page, known, result)
        else:
            result.unknown.append(page.chat_id)
    insert_messages(cache, new)
    index.feed(cache, index.MESSAGES, result.words)
    result.words.clear()
    result.new_ids += [str(message.row[0]) for message in new]
    result.chats.update((message.chat, None) for message in new)
    for page in batch:
        pk = pks.get(page.chat_id)
        if pk is None:
            continue
        pulled = record_pull(cache, pk, page)
        moved = (page.event or page.moves) and move_times(cache, pk, page)
        if pulled or moved:
            result.chats[pk] = None


def _merge_page(
    cache: sqlite3.Connection,
    chat_pk: int,
    page: MessagePage,
    known: Mapping[str, tuple[int, Row]],
    result: _Written,
) -> list[NewMessage]:
    """Update what is `known` of a page's messages and is no longer so; returns the others, in their order."""
    rows: dict[str, Row] = {}
    for message in page.messages:
        row, late = message_values(message), False
        old = rows.get(message.id)
        if old is None and message.id in known:
            old, late = known[message.id][1][2:], _is_before(page.stated_at, known[message.id][1][1])
        if old is not None and row != old:
            said = row
            row = merge_message(old, said, message.missing, late=late)
            taps.keep_gone(cache, row, (old, said))
        rows[message.id] = row
    stated_at = None if page.history else page.stated_at
    new: list[NewMessage] = []
    for message_id, row in rows.items():
        if message_id not in known:
            new.append(NewMessage(position_at(row), row, chat_pk, page.history, stated_at))
            continue
        pk, (chat, known_at, *before) = known[message_id]
        unchanged = row == tuple(before)
        if unchanged and not page.event:
            continue
        later = known_at if _is_before(page.stated_at, known_at) else page.stated_at or known_at
        if unchanged:
            # An event that changes nothing still outdates what happened before it; a look writes nothing.
            if later != known_at:
                cache.execute("UPDATE messages SET stated_at = ? WHERE pk = ?", (later, pk))
            continue
        assignments = ", ".join(f"{name} = ?" for name in MESSAGE_COLUMNS)
        cache.execute(
            f"UPDATE messages SET {assignments}, position_at = ?, stated_at = ? WHERE pk = ?",
            (*row, position_at(row), later, pk),
        )
        result.changed += 1
        result.chats[int(cast("int", chat))] = None
        if (words := index.message_entry(pk, tuple(before), row)) is not None:
            result.words.append(words)
        if is_deleted(row) and not is_deleted(before):
            result.erased.append(message_id)
    # By position, then by id, which is the first column.
    return sorted(new)


def _is_before(stated_at: Milliseconds | None, known: Value) -> bool:
    """Whether an answer tells of an earlier time than what is known."""
    return stated_at is not None and known is not None and stated_at < int(known)


def read_again(writer: Writer, chat_ids: Iterable[str]) -> None:
    """Have the newest messages of chats read once more, as if there were news."""
    rows = [(chat_id,) for chat_id in chat_ids]
    if rows:
        with transaction(writer.cache):
            writer.cache.executemany("UPDATE chats SET pulled_for = NULL WHERE id = ?", rows)


def refold_chats(writer: Writer, chat_ids: Iterable[str]) -> None:
    """Recompute the derived columns of chats whose local facts changed."""
    ids = list(chat_ids)
    with transaction(writer.cache) as rev:
        pks = [
            int(row[0])
            for chat_id in ids
            for row in writer.cache.execute("SELECT pk FROM chats WHERE id = ?", (chat_id,))
        ]
        facts.refold(writer.cache, writer.local, pks, rev)


def refold_stale(writer: Writer) -> int:
    """Recompute chats whose marks are newer than what was folded, after a start or a crash.

    Returns how many there were. Only what was marked since the last call is looked at.
    """
    checked = recall(writer, "folded_local_rev") or 0
    (newest,) = writer.local.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
    stale = [
        str(chat_id)
        for chat_id, rev in writer.local.execute(
            "SELECT chat_id, rev FROM touched WHERE rev > ?", (checked,)
        ).fetchall()
        for (folded,) in writer.cache.execute("SELECT local_rev FROM chats WHERE id = ?", (chat_id,))
        if folded < rev
    ]
    if stale:
        refold_chats(writer, stale)
    if newest > checked:
        remember(writer, "folded_local_rev", newest)
    return len(stale)


def quarantine(writer: Writer, source: str, rejected: Iterable[Rejected]) -> int:
    """Set records aside that could not be read, once each; returns how many had not been before."""
    rows = [(source, record.json, record.reason, now_ms()) for record in rejected]
    if not rows:
        return 0
    with transaction(writer.cache):
        before = writer.cache.total_changes
        writer.cache.executemany(
            "INSERT OR IGNORE INTO quarantine (source, json, reason, seen_at) VALUES (?, ?, ?, ?)", rows
        )
        return writer.cache.total_changes - before


def record_walk(
    writer: Writer,
    profile_id: str,
    *,
    walked_to: Milliseconds | None,
    walked: bool,
    total: int | None,
    floor: Milliseconds | None = None,
) -> None:
    """Note how far back the chats of a profile are listed, so that a sync can go on there.

    `floor`: from there down they were listed before (None: they have to be listed to the very end).
    """
    with transaction(writer.cache) as rev:
        writer.cache.execute(
            "UPDATE profiles SET walked_to = ?1, walked = ?2, chats_total = coalesce(?3, chats_total), "
            "walk_floor = ?6, rev = ?4 WHERE id = ?5 AND (walked_to IS NOT ?1 OR walked IS NOT ?2 "
            "OR walk_floor IS NOT ?6 OR (?3 IS NOT NULL AND chats_total IS NOT ?3))",
            (walked_to, int(walked), total, rev, profile_id, floor),
        )


def remember(writer: Writer, key: str, value: int) -> None:
    """Keep a number about the API beside the cache, under a name of its own."""
    with transaction(writer.cache):
        writer.cache.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2 "
            "WHERE value IS NOT ?2",
            (key, value),
        )


def recall(writer: Writer, key: str) -> int | None:
    """A number kept by `remember`, None where there is none."""
    row = writer.cache.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else int(row[0])
