"""The derived columns of a chat, computed by the pure functions of `core.triage`.

Whoever changes an input (messages, marks, outbox) calls `refold`; the columns hold absolute times,
never states that age. Of a chat's messages only the newest are read, as far as they can matter.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inbox_tui.core import triage
from inbox_tui.core.cells import preview
from inbox_tui.core.marks import AUTOMATIC_WITHIN, Entry, Mark, Position, Snooze, automatic
from inbox_tui.core.models import Chat, Milliseconds, Status
from inbox_tui.core.ranking import Facts, Standing, standing
from inbox_tui.core.summary import describe
from inbox_tui.core.window import referral_at
from inbox_tui.core.window import window as reply_window
from inbox_tui.store import clock
from inbox_tui.store.automatic import Patterns, patterns
from inbox_tui.store.db import in_lists
from inbox_tui.store.records import CHAT_COLUMNS, MESSAGE_COLUMNS, SqlRow, chat_of, message_of
from inbox_tui.store.taps import tap_label

PREVIEW_LENGTH = 160
QUIET_MS = 14 * 24 * 3_600_000
"""A chat that was quiet this long at the first sync starts as seen (UX section 2)."""
COUNTED: Mapping[str, str] = {
    "unread": "unread > 0",
    "unanswered": "unanswered > 0",
    "failed": "failed > 0",
    "done": "done",
    "now": "rank IS NOT NULL",
    "waiting": "waiting AND NOT away",
    "closing": "closing",
    "snoozed": "away",
}
"""Conditions whose chats are counted in `meta`, for the header and the views."""
_CHUNK = 16
"""Messages that are judged together."""


@dataclass(slots=True)
class _Item:
    """An act that is not at its end."""

    send: bool
    key: str
    text: str
    failed: bool
    message_id: str | None
    created_at: Milliseconds
    """By the server's clock."""
    mark: Mark


@dataclass(slots=True)
class _Local:
    """What `local.db` knows of one chat."""

    rev: int = 0
    marks: dict[str, Mark] = field(default_factory=dict)
    snooze: Snooze | None = None
    items: list[_Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What is the same for every chat of a fold."""

    generation: int
    quiet_before: Milliseconds | None
    now: Milliseconds
    offset: Milliseconds
    """What is added to a time of this machine to compare it with the API's; `now` has it already."""
    machines: Patterns
    """Texts by which answers of machines are known."""


def refold(cache: sqlite3.Connection, local: sqlite3.Connection, chats: Iterable[int], rev: int) -> None:
    """Recompute the derived columns of chats (by pk) inside the caller's transaction; raises their `rev`."""
    pks = list(chats)
    if not pks:
        return
    known_by = dict(cache.execute("SELECT key, value FROM meta WHERE key IN ('generation', 'automatic')"))
    first = local.execute("SELECT value FROM meta WHERE key = 'first_sync_at'").fetchone()
    offset = clock.offset(cache)
    quiet_before = None if first is None else int(first[0]) - QUIET_MS
    machines = patterns(known_by.get("automatic"))
    setting = _Setting(known_by["generation"], quiet_before, clock.server_now(cache), offset, machines)
    columns = ", ".join(("pk", "estimated", *(f"({c})" for c in COUNTED.values()), *CHAT_COLUMNS))
    counted: Counter[str] = Counter()
    for places, values in in_lists(pks):
        rows = cache.execute(f"SELECT {columns} FROM chats WHERE pk IN ({places})", values).fetchall()
        known = _local_facts(local, [row[2 + len(COUNTED)] for row in rows], setting)
        for pk, estimated, *rest in rows:
            chat = chat_of(rest[len(COUNTED) :])
            fold = _Fold(cache, local, pk, chat, known.get(chat.id) or _Local(), setting)
            facts = fold.facts(estimated=bool(estimated))
            stands = standing(facts, setting.now)
            _write(cache, pk, facts, stands, fold.preview(), fold.known.rev, rev)
            for name, is_so, was_so in zip(COUNTED, _counted(facts, stands), rest, strict=False):
                counted[name] += is_so - was_so
    for name, difference in counted.items():
        if difference:
            cache.execute("UPDATE meta SET value = value + ? WHERE key = ?", (difference, name))


def _counted(facts: Facts, stands: Standing) -> tuple[bool, ...]:
    """Which conditions of COUNTED hold, in its order."""
    waiting = facts.waiting and not stands.away
    counts = (facts.unread > 0, facts.unanswered > 0, facts.failed > 0, facts.done)
    return (*counts, stands.rank is not None, waiting, stands.closing, stands.away)


def _write(
    cache: sqlite3.Connection,
    pk: int,
    facts: Facts,
    stands: Standing,
    words: tuple[str, str],
    local_rev: int,
    rev: int,
) -> None:
    cache.execute(
        "UPDATE chats SET preview = ?, preview_from = ?, unread = ?, unanswered = ?, needs_reply_since = ?, "
        "waiting = ?, done = ?, failed = ?, retrying_since = ?, snoozed_until = ?, window_closes_at = ?, "
        "unread_since = ?, woken = ?, rank = ?, away = ?, closing = ?, valid_from = ?, "
        "next_change_at = ?, local_rev = max(local_rev, ?), rev = ? WHERE pk = ?",
        (
            *words,
            facts.unread,
            facts.unanswered,
            facts.needs_reply_since,
            facts.waiting,
            facts.done,
            facts.failed,
            facts.retrying_since,
            facts.snoozed_until,
            facts.window_closes_at,
            facts.unread_since,
            facts.woken,
            stands.rank,
            stands.away,
            stands.closing,
            stands.valid_from,
            stands.valid_until,
            local_rev,
            rev,
            pk,
        ),
    )


_ENTRY_SELECT = (
    "SELECT position_at, id, arrived, direction != 'outbound', deleted_at IS NOT NULL, status "
    "FROM messages WHERE chat = ?"
)


class _Fold:
    """The facts of one chat, from its rows in both files."""

    def __init__(
        self,
        cache: sqlite3.Connection,
        local: sqlite3.Connection,
        pk: int,
        chat: Chat,
        known: _Local,
        setting: _Setting,
    ) -> None:
        self._cache = cache
        self._local = local
        self._pk = pk
        self._chat = chat
        self.known = known
        self._setting = setting
        sent = {item.message_id for item in known.items if item.message_id is not None}
        self._statuses: dict[str, str] = dict(
            row
            for places, values in in_lists(sorted(sent))
            for row in cache.execute(f"SELECT id, status FROM messages WHERE id IN ({places})", values)
        )
        self._outgoing = [item for item in known.items if item.send and item.message_id not in self._statuses]
        """Sends of which the cache has no message yet."""

    def facts(self, *, estimated: bool) -> Facts:
        """The facts; `estimated`: no page of the chat was read yet, its row has to do."""
        seen, done = self.known.marks.get("seen"), self.known.marks.get("done")
        window = reply_window(
            self._chat.platform,
            self._chat.last_inbound_at,
            self._newest_inbound_at(),
            referral_at(self._chat),
        )
        # A failed message of the cache counts as itself.
        outbox_failed = sum(
            item.failed and self._statuses.get(item.message_id or "") != Status.FAILED
            for item in self.known.items
        )
        if estimated:
            return triage.approximate(
                self._with_sends(),
                seen=seen,
                done=done,
                snooze=self.known.snooze,
                window=window,
                outbox_failed=outbox_failed,
                quiet_before=self._setting.quiet_before,
            )
        return triage.fold(
            self._judged(self._entries(f"{_ENTRY_SELECT} ORDER BY position_at DESC, id DESC")),
            seen=seen,
            done=done,
            snooze=self.known.snooze,
            window=window,
            outgoing=[_outgoing(item) for item in self._outgoing],
            outbox_failed=outbox_failed,
            quiet_before=self._setting.quiet_before,
            troubled=self._entries(
                f"{_ENTRY_SELECT} AND direction = 'outbound' "
                "AND status IN ('failed', 'failed_waiting_for_retry')"
            ),
            oldest_after=self._oldest_after,
        )

    def _with_sends(self) -> Chat:
        """The chat's row as it will be once what was sent from here is in it."""
        (sent_at,) = self._cache.execute(
            "SELECT max(position_at) FROM messages WHERE chat = ? AND direction = 'outbound' "
            "AND status IN ('pending', 'failed_waiting_for_retry', 'published')",
            (self._pk,),
        ).fetchone()
        # An item answers what was known when it was written, whatever this machine's clock says.
        answered = [item.mark.through[0] for item in self._outgoing if not item.failed]
        times = [at for at in (self._chat.last_outbound_at, sent_at, *answered) if at is not None]
        return replace(self._chat, last_outbound_at=max(times, default=None))

    def _newest_inbound_at(self) -> Milliseconds | None:
        row = self._cache.execute(
            "SELECT position_at FROM messages WHERE chat = ? AND direction != 'outbound' "
            "ORDER BY position_at DESC, id DESC LIMIT 1",
            (self._pk,),
        ).fetchone()
        return None if row is None else int(row[0])

    def _oldest_after(self, arrived: int) -> Position | None:
        row = self._cache.execute(
            "SELECT position_at, id FROM messages WHERE chat = ? AND arrived > ? "
            "ORDER BY position_at, id LIMIT 1",
            (self._pk, arrived),
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def _entries(self, select: str) -> Iterator[Entry]:
        """Messages of the chat, with what was said of them here; read only as far as asked."""
        rows = self._cache.execute(select, (self._pk,))
        while part := rows.fetchmany(_CHUNK):
            own = [row[1] for row in part if not row[3]] if self.known.rev else []
            replies, dismissed = self._said(own)
            for at, message_id, arrived, inbound, deleted, status in part:
                yield Entry(
                    position=(at, message_id),
                    arrived=arrived,
                    inbound=bool(inbound),
                    deleted=bool(deleted),
                    # A failure that the person has dealt with is neither a reply nor a failure any more.
                    status="dismissed" if message_id in dismissed else status,
                    reply_mark=replies.get(message_id),
                )

    def _said(self, message_ids: Sequence[str]) -> tuple[Mapping[str, Mark], frozenset[str]]:
        """What was covered by those messages that were sent from here, and which failures are dealt with."""
        replies: dict[str, Mark] = {}
        dismissed: set[str] = set()
        for places, values in in_lists(message_ids):
            for row in self._local.execute(
                "SELECT message_id, generation, arrived, through_at, through_id, created_at FROM outbox "
                f"WHERE message_id IN ({places}) AND state != 'discarded'",
                values,
            ):
                replies[row[0]] = _mark(self._setting.generation, row[1:])
            dismissed |= {
                message_id
                for (message_id,) in self._local.execute(
                    f"SELECT message_id FROM dismissed WHERE message_id IN ({places})", values
                )
            }
        return replies, frozenset(dismissed)

    def _judged(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Entries, newest first, with the automatic ones told; looks ahead just as far as that takes."""
        ahead: deque[Entry] = deque()
        inbound: deque[Entry] = deque()
        while entry := ahead.popleft() if ahead else next(entries, None):
            if entry.inbound:
                if inbound:
                    inbound.popleft()
            elif entry.reply_mark is None:
                while not inbound and (
                    not ahead or ahead[-1].position[0] >= entry.position[0] - AUTOMATIC_WITHIN
                ):
                    following = next(entries, None)
                    if following is None:
                        break
                    ahead.append(following)
                    if following.inbound:
                        inbound.append(following)
                previous = inbound[0].position[0] if inbound else None
                machines = self._setting.machines
                body = self._body(entry) if machines else ""
                entry = replace(entry, automatic=automatic(entry, previous, body, machines))
            yield entry

    def _body(self, entry: Entry) -> str:
        row = self._cache.execute("SELECT body FROM messages WHERE id = ?", (entry.position[1],)).fetchone()
        return row[0] or ""

    def preview(self) -> tuple[str, str]:
        """One line of the newest message, and whose it is: empty for the customer's, else a status."""
        row = self._cache.execute(
            f"SELECT position_at, {', '.join(MESSAGE_COLUMNS)} FROM messages WHERE chat = ? "
            "ORDER BY position_at DESC, id DESC LIMIT 1",
            (self._pk,),
        ).fetchone()
        item = max(self._outgoing, key=lambda item: (item.created_at, item.key), default=None)
        if item is not None and (row is None or item.created_at >= row[0]):
            status = Status.FAILED if item.failed else Status.PENDING
            return preview(item.text or "[file]")[:PREVIEW_LENGTH], status
        if row is None:
            return "", ""
        message = message_of(row[1:], self._chat.id)
        words = describe(message, tap_label(self._cache, self._pk, message))
        return words[:PREVIEW_LENGTH], "" if message.inbound else message.status


def _outgoing(item: _Item) -> Entry:
    return Entry(
        position=(item.created_at, item.key),
        arrived=None,
        inbound=False,
        deleted=False,
        # A failed item is counted by itself, as it is no message.
        status="dismissed" if item.failed else Status.PENDING,
        reply_mark=item.mark,
    )


def _local_facts(local: sqlite3.Connection, ids: Sequence[str], setting: _Setting) -> Mapping[str, _Local]:
    """What `local.db` knows of some chats; those without an entry have nothing there."""
    known: dict[str, _Local] = {}
    for places, values in in_lists(ids):
        for chat_id, rev in local.execute(
            f"SELECT chat_id, rev FROM touched WHERE chat_id IN ({places})", values
        ):
            known[chat_id] = _Local(rev)
    for places, values in in_lists(list(known)):
        for row in local.execute(
            "SELECT chat_id, kind, generation, arrived, through_at, through_id, at FROM marks "
            f"WHERE chat_id IN ({places})",
            values,
        ):
            known[row[0]].marks[row[1]] = _mark(setting.generation, (*row[2:6], row[6] + setting.offset))
        for row in local.execute(
            "SELECT chat_id, generation, arrived, through_at, through_id, at, until, sticky FROM snoozes "
            f"WHERE chat_id IN ({places})",
            values,
        ):
            made = _mark(setting.generation, (*row[1:5], row[5] + setting.offset))
            known[row[0]].snooze = Snooze(made, row[6], bool(row[7]))
        for row in local.execute(
            "SELECT chat_id, act, key, json_extract(payload, '$.text'), state, message_id, generation, "
            "arrived, through_at, through_id, created_at FROM outbox "
            f"WHERE state NOT IN ('settled', 'discarded') AND chat_id IN ({places})",
            values,
        ):
            chat_id, act, key, text, state, message_id, *_, created_at = row
            failed = state in ("failed", "uncertain")
            known[chat_id].items.append(
                _Item(
                    act == "send",
                    key,
                    text or "",
                    failed,
                    message_id,
                    created_at + setting.offset,
                    _mark(setting.generation, row[6:]),
                )
            )
    return known


def _mark(generation: int, row: SqlRow) -> Mark:
    """A mark from its columns; one that was made against another cache covers by place."""
    made_in, arrived, through_at, through_id, at = row
    return Mark(arrived if made_in == generation else None, (through_at, through_id), at)
