"""What the API said, applied to `cache.db`: idempotent, in any order, touching only what differs.

All functions run in the one writing thread of their process. Applying the same page twice writes
nothing the second time; each returns what it changed, so that a caller can count.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inbox_tui.core.models import Chat, Message, Milliseconds, Profile, Rejected
from inbox_tui.store import facts
from inbox_tui.store.db import Folder, now_ms, open_writer, transaction
from inbox_tui.store.records import (
    CHAT_COLUMNS,
    MESSAGE_COLUMNS,
    PROFILE_COLUMNS,
    Row,
    chat_of,
    chat_search_key,
    chat_sort_at,
    chat_values,
    merge_chat,
    merge_message,
    message_values,
    position_at,
    profile_values,
)

TIE_BITS = 10
"""A message's pk is its first known time in milliseconds, shifted left by this many bits, plus a tie-break."""


class Writer:
    """Both writing connections of a process. Use it from one thread."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.cache = open_writer(folder.cache, full=False)
        self.local = open_writer(folder.local, full=True)
        (self.generation,) = self.cache.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()

    def close(self) -> None:
        """Close both connections."""
        self.cache.close()
        self.local.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages of one chat as an answer brought them.

    `history`: a page behind the newest; its messages get no arrival number. `newest_for`: the
    chat's `last_message_at` for which this is the newest page, `pulled_to` the newest position in it.
    `total`: the API's own count. `gap_page`: a page that did not reach what was cached before; the
    pages from that number on are missing, until one comes with `gap_closed`.
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
                f"INSERT INTO profiles ({', '.join(columns)}) VALUES ({_marks(columns)}) "
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


def apply_chats(writer: Writer, chats: Iterable[Chat]) -> Applied:
    """Insert or update chats by id and recompute what is derived from them."""
    records = {chat.id: chat for chat in chats}
    inserted = changed = 0
    new_ids: list[str] = []
    with transaction(writer.cache) as rev:
        known = _known(writer.cache, "chats", CHAT_COLUMNS, list(records))
        touched: list[int] = []
        for chat in records.values():
            found = known.get(chat.id)
            row = chat_values(chat)
            if found is None:
                columns = (*CHAT_COLUMNS, "sort_at", "search_key", "rev")
                cursor = writer.cache.execute(
                    f"INSERT INTO chats ({', '.join(columns)}) VALUES ({_marks(columns)})",
                    (*row, chat_sort_at(chat), chat_search_key(chat), rev),
                )
                touched.append(int(cursor.lastrowid or 0))
                inserted += 1
                new_ids.append(chat.id)
                continue
            pk, old = found
            row = merge_chat(old, row, chat.missing)
            if row == old:
                continue
            merged = chat_of(row)
            assignments = ", ".join(f"{name} = ?" for name in CHAT_COLUMNS)
            writer.cache.execute(
                f"UPDATE chats SET {assignments}, sort_at = ?, search_key = ? WHERE pk = ?",
                (*row, chat_sort_at(merged), chat_search_key(merged), pk),
            )
            touched.append(pk)
            changed += 1
        if inserted:
            writer.cache.execute("UPDATE meta SET value = value + ? WHERE key = 'chats'", (inserted,))
        facts.refold(writer.cache, writer.local, touched, rev)
    return Applied(inserted, changed, tuple(new_ids))


def apply_messages(writer: Writer, pages: Iterable[MessagePage]) -> Applied:
    """Insert or merge the messages of some chats in one transaction and recompute those chats.

    Pages of a chat that the cache does not know are passed over and named in `unknown_chats`.
    """
    inserted = changed = 0
    new_ids: list[str] = []
    unknown: list[str] = []
    redacted = False
    with transaction(writer.cache) as rev:
        touched: dict[int, None] = {}
        for page in pages:
            found = writer.cache.execute("SELECT pk FROM chats WHERE id = ?", (page.chat_id,)).fetchone()
            if found is None:
                unknown.append(page.chat_id)
                continue
            pk = int(found[0])
            new, updated, erased = _apply_page(writer.cache, pk, page)
            inserted += len(new)
            changed += updated
            redacted |= erased
            new_ids += new
            if new or updated:
                touched[pk] = None
            if _record_pull(writer.cache, pk, page, len(new)):
                touched[pk] = None
        facts.refold(writer.cache, writer.local, touched, rev)
    if redacted:
        # The words of a deleted message also stand in the write-ahead log until it is reset.
        writer.cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Applied(inserted, changed, tuple(new_ids), tuple(unknown))


def _apply_page(cache: sqlite3.Connection, chat_pk: int, page: MessagePage) -> tuple[list[str], int, bool]:
    """New ids, number of changed rows, and whether words were erased."""
    records = {message.id: message for message in page.messages}
    known = _known(cache, "messages", MESSAGE_COLUMNS, list(records))
    new: list[str] = []
    changed = 0
    erased = False
    inserts: list[tuple[object, ...]] = []
    arrived = 0
    if not page.history:
        (arrived,) = cache.execute("SELECT value FROM meta WHERE key = 'arrived'").fetchone()
    taken: set[int] = set()
    for message in sorted(records.values(), key=lambda m: m.position):
        row = message_values(message)
        found = known.get(message.id)
        if found is None:
            at = position_at(row)
            if not page.history:
                arrived += 1
            number = None if page.history else arrived
            inserts.append((_free_pk(cache, at, taken), chat_pk, at, number, *row))
            new.append(message.id)
            continue
        pk, old = found
        merged = merge_message(old, row, message.missing)
        if merged == old:
            continue
        erased |= message.deleted_at is not None
        assignments = ", ".join(f"{name} = ?" for name in MESSAGE_COLUMNS)
        cache.execute(
            f"UPDATE messages SET {assignments}, position_at = ? WHERE pk = ?",
            (*merged, position_at(merged), pk),
        )
        changed += 1
    if inserts:
        columns = ("pk", "chat", "position_at", "arrived", *MESSAGE_COLUMNS)
        cache.executemany(f"INSERT INTO messages ({', '.join(columns)}) VALUES ({_marks(columns)})", inserts)
        if not page.history:
            cache.execute("UPDATE meta SET value = ? WHERE key = 'arrived'", (arrived,))
    return new, changed, erased


def _record_pull(cache: sqlite3.Connection, pk: int, page: MessagePage, inserted: int) -> bool:
    """Note how far the chat is read; returns whether the person could see a difference."""
    seen = False
    if page.gap_page is not None:
        # What stood at the top until now is the far side of the gap; it stays so until it is reached.
        cache.execute(
            "UPDATE chats SET gap_at = coalesce(gap_at, pulled_to), gap_page = ?1 "
            "WHERE pk = ?2 AND (gap_at IS NULL OR gap_page IS NOT ?1)",
            (page.gap_page, pk),
        )
    elif page.gap_closed:
        cache.execute(
            "UPDATE chats SET gap_at = NULL, gap_page = NULL WHERE pk = ? AND gap_page IS NOT NULL", (pk,)
        )
    if page.newest:
        cursor = cache.execute(
            "UPDATE chats SET pulled_at = ?1, pulled_for = ?2, pulled_to = coalesce(?5, pulled_to), "
            "estimated = 0, messages_total = coalesce(?3, messages_total) WHERE pk = ?4 "
            "AND (pulled_at IS NULL OR pulled_for IS NOT ?2 OR (?3 IS NOT NULL AND messages_total IS NOT ?3) "
            "OR pulled_to IS NOT coalesce(?5, pulled_to))",
            (now_ms(), page.newest_for, page.total, pk, page.pulled_to),
        )
        seen = cursor.rowcount > 0
    if page.next_history_page is not None or page.history_done:
        cache.execute(
            "UPDATE chats SET history_page = coalesce(?1, history_page), history_done = max(history_done, ?2) "
            "WHERE pk = ?3 AND (history_page IS NOT coalesce(?1, history_page) OR history_done < ?2)",
            (page.next_history_page, int(page.history_done), pk),
        )
        seen = True
    if inserted:
        cache.execute("UPDATE chats SET messages = messages + ? WHERE pk = ?", (inserted, pk))
    return seen


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
    """Recompute chats whose marks are newer than what was folded, after a start or a crash."""
    stale = [
        str(chat_id)
        for chat_id, rev in writer.local.execute("SELECT chat_id, rev FROM touched").fetchall()
        for (folded,) in writer.cache.execute("SELECT local_rev FROM chats WHERE id = ?", (chat_id,))
        if folded < rev
    ]
    if stale:
        refold_chats(writer, stale)
    return len(stale)


def quarantine(writer: Writer, source: str, rejected: Iterable[Rejected]) -> None:
    """Set records aside that could not be read, once each."""
    rows = [(source, record.json, record.reason, now_ms()) for record in rejected]
    if rows:
        with transaction(writer.cache):
            writer.cache.executemany(
                "INSERT OR IGNORE INTO quarantine (source, json, reason, seen_at) VALUES (?, ?, ?, ?)", rows
            )


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


def _known(
    cache: sqlite3.Connection, table: str, columns: Sequence[str], ids: Sequence[str]
) -> Mapping[str, tuple[int, Row]]:
    known: dict[str, tuple[int, Row]] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        for row in cache.execute(
            f"SELECT pk, {', '.join(columns)} FROM {table} WHERE id IN ({_marks(part)})", part
        ):
            known[row[1]] = (row[0], tuple(row[1:]))
    return known


def _free_pk(cache: sqlite3.Connection, at: Milliseconds, taken: set[int]) -> int:
    """The first free pk at or after a time; `taken` holds those given out in this page."""
    pk = max(at, 0) << TIE_BITS
    while pk in taken or cache.execute("SELECT 1 FROM messages WHERE pk = ?", (pk,)).fetchone():
        pk += 1
    taken.add(pk)
    return pk


def _marks(items: Sequence[object]) -> str:
    return ", ".join("?" * len(items))
