"""The derived columns of a chat, computed by the pure functions of `core.triage`.

Whoever changes an input (messages, marks, outbox) calls `refold`; the columns hold absolute times,
never states that age.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from heapq import merge

from inbox_tui.core import triage
from inbox_tui.core.cells import preview
from inbox_tui.core.keyboards import label_for
from inbox_tui.core.marks import AUTOMATIC_WITHIN, Position, automatic
from inbox_tui.core.models import Chat, Message, Milliseconds
from inbox_tui.core.summary import describe, is_tap
from inbox_tui.core.window import window as reply_window
from inbox_tui.store.db import now_ms
from inbox_tui.store.records import CHAT_COLUMNS, MESSAGE_COLUMNS, SqlRow, chat_of, message_of

PREVIEW_LENGTH = 160
QUIET_MS = 14 * 24 * 3_600_000
"""A chat that was quiet this long at the first sync starts as seen (UX section 2)."""


@dataclass(slots=True)
class _Local:
    """What `local.db` knows of one chat."""

    marks: dict[str, triage.Mark] = field(default_factory=dict)
    replies: dict[str, triage.Mark] = field(default_factory=dict)
    waiting: list[tuple[triage.Entry, str]] = field(default_factory=list)
    failed: int = 0
    dismissed: set[str] = field(default_factory=set)
    rev: int = 0


def refold(cache: sqlite3.Connection, local: sqlite3.Connection, chats: Iterable[int], rev: int) -> None:
    """Recompute the derived columns of chats (by pk) inside the caller's transaction; raises their `rev`."""
    pks = list(chats)
    if not pks:
        return
    (generation,) = cache.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    first = local.execute("SELECT value FROM meta WHERE key = 'first_sync_at'").fetchone()
    quiet_before = None if first is None else int(first[0]) - QUIET_MS
    columns = ", ".join(CHAT_COLUMNS)
    for start in range(0, len(pks), 500):
        part = pks[start : start + 500]
        rows = cache.execute(
            f"SELECT pk, estimated, {columns} FROM chats WHERE pk IN ({', '.join('?' * len(part))})", part
        ).fetchall()
        known = _local_facts(local, [row[2] for row in rows], generation)
        for row in rows:
            _write(cache, row[0], chat_of(row[2:]), bool(row[1]), known.get(row[2]), quiet_before, rev)


def _write(
    cache: sqlite3.Connection,
    pk: int,
    chat: Chat,
    estimated: bool,
    known: _Local | None,
    quiet_before: Milliseconds | None,
    rev: int,
) -> None:
    known = known or _Local()
    newest = cache.execute(
        "SELECT max(position_at) FROM messages WHERE chat = ? AND direction != 'outbound'", (pk,)
    ).fetchone()
    last_referral = chat.metadata.get("last_referral_at")
    window = reply_window(
        chat.platform,
        chat.last_inbound_at,
        newest[0],
        last_referral if isinstance(last_referral, int) else None,
    )
    seen, done = known.marks.get("seen"), known.marks.get("done")
    if estimated:
        folded = triage.approximate(
            chat,
            seen=seen,
            done=done,
            window=window,
            outbox_failed=known.failed,
            quiet_before=quiet_before,
            now=now_ms(),
        )
    else:
        folded = triage.fold(
            _entries(cache, pk, known),
            seen=seen,
            done=done,
            window=window,
            outbox_failed=known.failed,
            quiet_before=quiet_before,
            troubled=_troubled(cache, pk, known),
            oldest_after=lambda arrived: _oldest_after(cache, pk, arrived),
            now=now_ms(),
        )
    words, source = _preview(cache, pk, chat.id, known)
    cache.execute(
        "UPDATE chats SET preview = ?, preview_from = ?, unread = ?, unanswered = ?, needs_reply_since = ?, "
        "waiting = ?, done = ?, failed = ?, retrying_since = ?, snoozed_until = ?, window_closes_at = ?, "
        "next_change_at = ?, local_rev = max(local_rev, ?), rev = ? WHERE pk = ?",
        (
            words,
            source,
            folded.unread,
            folded.unanswered,
            folded.needs_reply_since,
            folded.waiting,
            folded.done,
            folded.failed,
            folded.retrying_since,
            folded.snoozed_until,
            folded.window_closes_at,
            folded.next_change_at,
            known.rev,
            rev,
            pk,
        ),
    )


_ENTRY_SELECT = (
    "SELECT position_at, id, arrived, direction != 'outbound', deleted_at IS NOT NULL, status, "
    "coalesce(json_extract(platform_data, '$.kind') = 'callback_query', 0) FROM messages WHERE chat = ?"
)


def _entries(cache: sqlite3.Connection, pk: int, known: _Local) -> Iterator[triage.Entry]:
    """The chat's messages and the sends on their way, newest first; read only as far as asked."""
    rows = cache.execute(f"{_ENTRY_SELECT} ORDER BY position_at DESC, id DESC", (pk,))
    outgoing = sorted((entry for entry, _ in known.waiting), key=lambda e: e.position, reverse=True)
    return merge(_judged(rows, known), outgoing, key=lambda entry: entry.position, reverse=True)


def _judged(rows: Iterator[SqlRow], known: _Local) -> Iterator[triage.Entry]:
    """Entries of message rows; looks ahead just far enough to tell an automatic reply."""
    ahead: deque[SqlRow] = deque()
    while True:
        row = ahead.popleft() if ahead else next(rows, None)
        if row is None:
            return
        entry = _entry(row, known)
        if not entry.inbound and entry.reply_mark is None:
            previous = next((r[0] for r in ahead if r[3]), None)
            while previous is None and (not ahead or ahead[-1][0] >= row[0] - AUTOMATIC_WITHIN):
                following = next(rows, None)
                if following is None:
                    break
                ahead.append(following)
                previous = following[0] if following[3] else None
            entry = replace(entry, automatic=automatic(entry, previous))
        yield entry


def _entry(row: SqlRow, known: _Local) -> triage.Entry:
    at, message_id, arrived, inbound, deleted, status, tap = row
    return triage.Entry(
        position=(at, message_id),
        arrived=arrived,
        inbound=bool(inbound),
        deleted=bool(deleted),
        # A failure that the person has dealt with is neither a reply nor a failure any more.
        status="dismissed" if message_id in known.dismissed else status,
        reply_mark=known.replies.get(message_id),
        tap=bool(tap),
    )


def _troubled(cache: sqlite3.Connection, pk: int, known: _Local) -> Iterator[triage.Entry]:
    rows = cache.execute(f"{_ENTRY_SELECT} AND status IN ('failed', 'failed_waiting_for_retry')", (pk,))
    return (_entry(row, known) for row in rows)


def _oldest_after(cache: sqlite3.Connection, pk: int, arrived: int) -> Position | None:
    row = cache.execute(
        "SELECT position_at, id FROM messages WHERE chat = ? AND arrived > ? ORDER BY position_at, id LIMIT 1",
        (pk, arrived),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def _preview(cache: sqlite3.Connection, pk: int, chat_id: str, known: _Local) -> tuple[str, str]:
    """One line of the newest message, and whose it is: empty for the customer's, else a status."""
    row = cache.execute(
        f"SELECT position_at, {', '.join(MESSAGE_COLUMNS)} FROM messages WHERE chat = ? "
        "ORDER BY position_at DESC, id DESC LIMIT 1",
        (pk,),
    ).fetchone()
    if known.waiting:
        entry, text = max(known.waiting, key=lambda pair: pair[0].position)
        if row is None or entry.position[0] >= row[0]:
            return preview(text)[:PREVIEW_LENGTH], entry.status
    if row is None:
        return "", ""
    message = message_of(row[1:], chat_id)
    return describe(message, _tapped(cache, pk, message))[:PREVIEW_LENGTH], (
        "" if message.inbound else message.status
    )


def _tapped(cache: sqlite3.Connection, pk: int, message: Message) -> str | None:
    """The label of the button that a callback query stands for, where its keyboard is cached."""
    if not is_tap(message):
        return None
    row = cache.execute(
        f"SELECT {', '.join(MESSAGE_COLUMNS)} FROM messages WHERE chat = ? AND external_id = ?",
        (pk, message.reply_to_external_id),
    ).fetchone()
    markup = None if row is None else message_of(row, message.chat_id).reply_markup
    return label_for(markup, message.body or "") or message.body


def _local_facts(local: sqlite3.Connection, ids: list[str], generation: int) -> Mapping[str, _Local]:
    """What `local.db` knows of some chats; those without an entry have nothing there."""
    known: dict[str, _Local] = {}
    marks = ", ".join("?" * len(ids))
    for chat_id, rev in local.execute(f"SELECT chat_id, rev FROM touched WHERE chat_id IN ({marks})", ids):
        known.setdefault(chat_id, _Local()).rev = rev
    if not known:
        return known
    ids = list(known)
    marks = ", ".join("?" * len(ids))
    for chat_id, kind, made_in, arrived, through_at, through_id, at in local.execute(
        "SELECT chat_id, kind, generation, arrived, through_at, through_id, at FROM marks "
        f"WHERE chat_id IN ({marks})",
        ids,
    ):
        known[chat_id].marks[kind] = _mark(made_in == generation, arrived, through_at, through_id, at)
    for chat_id, key, state, message_id, text, created_at, made_in, arrived, through_at, through_id in local.execute(
        "SELECT chat_id, key, state, message_id, json_extract(payload, '$.text'), created_at, generation, arrived, "
        f"through_at, through_id FROM outbox WHERE act = 'send' AND state != 'discarded' AND chat_id IN ({marks})",
        ids,
    ):
        chat = known[chat_id]
        mark = _mark(made_in == generation, arrived, through_at, through_id, created_at)
        if state in ("failed", "uncertain"):
            chat.failed += 1
        if message_id is not None:
            chat.replies[message_id] = mark
        else:
            status = "failed" if state in ("failed", "uncertain") else "pending"
            entry = triage.Entry(
                position=(created_at, key),
                arrived=None,
                inbound=False,
                deleted=False,
                # A failed item is counted by itself, as it is no message.
                status="dismissed" if status == "failed" else status,
                reply_mark=mark,
            )
            chat.waiting.append((entry, text or "[file]"))
    for chat_id, message_id in local.execute(
        f"SELECT chat_id, message_id FROM dismissed WHERE chat_id IN ({marks})", ids
    ):
        known[chat_id].dismissed.add(message_id)
    return known


def _mark(
    same_cache: bool, arrived: int, through_at: Milliseconds, through_id: str, at: Milliseconds
) -> triage.Mark:
    return triage.Mark(arrived if same_cache else None, (through_at, through_id), at)


