"""The views of the inbox: which chats stand in each, in which order, how many, and until when that is so.

Where a chat stands is kept with it, from when and until when (`core.ranking.Standing`), so a view is a range
of an index. Rows whose time is over and that nobody has folded since are late: they are few, found by an
index, and asked anew with the rules of `core.ranking.rank` in SQL. So a view is exact at any moment, whether
anything is running that keeps the rows in step or not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from inbox_tui.core.models import Milliseconds, Platform
from inbox_tui.core.ranking import FOREVER, RANK_BITS, RETRY_PATIENCE, Band
from inbox_tui.core.window import CLOSING, URGENT
from inbox_tui.store import clock
from inbox_tui.store.db import in_lists, transaction
from inbox_tui.store.reads import CHAT_SELECT, ChatRow, Key, chat_row

if TYPE_CHECKING:
    # Only the engine brings rows up to date; a screen paints without what that needs.
    from inbox_tui.store.writer import Writer


class View(StrEnum):
    """The views of UX section 2."""

    NOW = "now"
    """What needs the agent, most urgent first: `core.ranking.rank`."""
    UNREAD = "unread"
    WAITING = "waiting"
    CLOSING = "closing"
    """Unanswered, and at most 4 hours of the reply window are left; the next to close first."""
    FAILED = "failed"
    SNOOZED = "snoozed"
    """Put away; the next to come back first."""
    DONE = "done"
    ALL = "all"
    """Pinned chats first. All views that have no order of their own show the newest activity first."""


PINNED: Final = 1 << RANK_BITS
"""Added to the time of a pinned chat, so that it stands before every other in All."""
_LATE = (
    "(SELECT pk FROM chats WHERE next_change_at <= :now UNION "
    "SELECT pk FROM chats WHERE valid_from > :now) late CROSS JOIN chats c ON c.pk = late.pk"
)
"""The late chats, as tables of a statement."""
_ON_TIME = "NOT coalesce(c.next_change_at <= :now, 0) AND NOT coalesce(c.valid_from > :now, 0)"
_AWAY = "coalesce(c.snoozed_until > :now, 0)"
_CLOSING = f"(c.unanswered > 0 AND c.window_closes_at > :now AND c.window_closes_at <= :now + {CLOSING})"
_SINCE = "coalesce(c.needs_reply_since, c.unread_since, 0)"


def _ranked(band: Band, at: str) -> str:
    return f"{band << RANK_BITS} + max(0, {at})"


_RANK = (
    f"(CASE WHEN c.failed > 0 THEN {_ranked(Band.FAILED, _SINCE)} "
    f"WHEN c.retrying_since <= :now - {RETRY_PATIENCE} THEN {_ranked(Band.FAILED, 'c.retrying_since')} "
    f"WHEN {_AWAY} THEN NULL "
    f"WHEN {_CLOSING} AND c.window_closes_at <= :now + {URGENT} "
    f"THEN {_ranked(Band.URGENT, 'c.window_closes_at')} "
    f"WHEN {_CLOSING} THEN {_ranked(Band.CLOSING, 'c.window_closes_at')} "
    f"WHEN c.woken OR c.snoozed_until IS NOT NULL "
    f"THEN {_ranked(Band.WOKEN, f'coalesce(c.snoozed_until, {_SINCE})')} "
    f"WHEN c.unanswered > 0 AND c.window_closes_at <= :now THEN {_ranked(Band.CLOSED_WINDOW, _SINCE)} "
    f"WHEN c.unanswered > 0 THEN {_ranked(Band.NEEDS_REPLY, _SINCE)} "
    f"WHEN c.unread > 0 AND NOT c.done THEN {_ranked(Band.UNREAD, _SINCE)} END)"
)
"""`core.ranking.rank` at :now, packed as `core.ranking.Standing.rank` is. A property test compares them."""


_TURNS = (
    "c.snoozed_until",
    *(f"(CASE WHEN c.unanswered > 0 THEN c.window_closes_at - {left} END)" for left in (CLOSING, URGENT, 0)),
    f"(c.retrying_since + {RETRY_PATIENCE})",
)
"""`core.ranking.turning_points`."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Chats that one index gives in order: `place` is what they are ordered by, then their pk."""

    place: str
    condition: str = "1"
    tables: str = "chats c"


@dataclass(frozen=True, slots=True)
class _Listing:
    """A view as the union of parts. `exact` tells at any moment whether and where a chat stands in it."""

    parts: tuple[_Part, ...]
    exact: _Part
    ascending: bool = False


def _plain(place: str, condition: str, *, ascending: bool = False) -> _Listing:
    part = _Part(place, condition)
    return _Listing((part,), part, ascending)


_PIN = "EXISTS (SELECT 1 FROM local.pins p WHERE p.chat_id = c.id)"
_LISTINGS: Final[Mapping[View, _Listing]] = {
    View.NOW: _Listing(
        (
            _Part("c.rank", f"c.rank IS NOT NULL AND {_ON_TIME}"),
            _Part(_RANK, f"{_RANK} IS NOT NULL", _LATE),
        ),
        _Part(_RANK, f"{_RANK} IS NOT NULL"),
        ascending=True,
    ),
    View.UNREAD: _plain("c.sort_at", "c.unread > 0"),
    View.WAITING: _Listing(
        (
            _Part("c.sort_at", f"c.waiting AND NOT c.away AND {_ON_TIME}"),
            _Part("c.sort_at", f"c.waiting AND NOT {_AWAY}", _LATE),
        ),
        _Part("c.sort_at", f"c.waiting AND NOT {_AWAY}"),
    ),
    View.CLOSING: _plain("c.window_closes_at", _CLOSING, ascending=True),
    View.FAILED: _plain("c.sort_at", "c.failed > 0"),
    View.SNOOZED: _plain("c.snoozed_until", "c.snoozed_until > :now", ascending=True),
    View.DONE: _plain("c.sort_at", "c.done"),
    View.ALL: _Listing(
        (
            _Part("c.sort_at", f"NOT {_PIN}"),
            _Part(f"(c.sort_at + {PINNED})", tables="local.pins p CROSS JOIN chats c ON c.id = p.chat_id"),
        ),
        _Part(f"(c.sort_at + {PINNED} * {_PIN})"),
    ),
}


class ViewSource:
    """The chats of a view at a moment, as a `store.reads.Source` of index ranges.

    `key` of its rows is the place in the view, made so that it falls from the first row to the last.
    """

    def __init__(self, reader: sqlite3.Connection, view: View, now: Milliseconds) -> None:
        """`reader`: both files, as the screen reads them. `now`: by the server's clock."""
        self.view = view
        self.now = now
        self._reader = reader
        self._listing = _LISTINGS[view]

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[ChatRow]:
        """The chats behind `key`."""
        return self._rows(self._window(key, limit, onward=True, inclusive=inclusive))

    def before(self, key: Key | None, limit: int) -> list[ChatRow]:
        """The chats in front of `key`, those next to it."""
        return self._rows(self._window(key, limit, onward=False)[::-1])

    def total(self) -> int:
        """How many chats are in the view: exact, from counters."""
        return view_counts(self._reader, self.now)[self.view]

    def place_of(self, pk: int) -> Key | None:
        """Where a chat stands in the view; None where it is not in it."""
        exact = self._listing.exact
        row = self._reader.execute(
            f"SELECT {exact.place} FROM {exact.tables} WHERE c.pk = :pk AND {exact.condition}",
            {"pk": pk, "now": self.now},
        ).fetchone()
        return None if row is None else self._key(row[0], pk)

    def chat_ids(self, reader: sqlite3.Connection) -> list[str]:
        """Every chat of the view in its order: memory grows with the view, about 60 bytes a chat.

        `reader`: of the thread that asks, as this is too long for the screen's loop.
        """
        order = "ASC" if self._listing.ascending else "DESC"
        parts = " UNION ALL ".join(
            f"SELECT {part.place} AS place, c.pk AS pk, c.id AS id FROM {part.tables} WHERE {part.condition}"
            for part in self._listing.parts
        )
        rows = reader.execute(
            f"SELECT id FROM ({parts}) ORDER BY place {order}, pk {order}", {"now": self.now}
        )
        return [str(name) for (name,) in rows]

    def _key(self, place: int, pk: int) -> Key:
        return (-place, -pk) if self._listing.ascending else (place, pk)

    def _window(
        self, key: Key | None, limit: int, *, onward: bool, inclusive: bool = False
    ) -> Sequence[tuple[int, int]]:
        """(place, pk) of up to `limit` chats on one side of a key, those next to it first."""
        rising = onward is self._listing.ascending
        order, sign = ("ASC", ">") if rising else ("DESC", "<")
        values = {"now": self.now, "limit": limit}
        # SQLite uses no index for the second half of `(place, pk) < (?, ?)` where that is the row's number.
        ranges = ["1"]
        if key is not None:
            place, pk = int(key[0]), int(key[1])
            values |= {"place": -place, "pk": -pk} if self._listing.ascending else {"place": place, "pk": pk}
            ranges = [f"{{0}} = :place AND c.pk {sign}{'=' if inclusive else ''} :pk", f"{{0}} {sign} :place"]
        # Each of these is read in the order of its index, no further than the merged rows take.
        selects = (
            f"SELECT {part.place} AS place, c.pk AS pk FROM {part.tables} "
            f"WHERE {bounds.format(part.place)} AND {part.condition}"
            for part in self._listing.parts
            for bounds in ranges
        )
        return self._reader.execute(
            f"{' UNION ALL '.join(selects)} ORDER BY place {order}, pk {order} LIMIT :limit", values
        ).fetchall()

    def _rows(self, found: Sequence[tuple[int, int]]) -> list[ChatRow]:
        rows = {
            int(row[1]): row
            for places, pks in in_lists([pk for _, pk in found])
            for row in self._reader.execute(f"{CHAT_SELECT} WHERE c.pk IN ({places})", pks)
        }
        return [replace(chat_row(rows[pk]), key=self._key(place, pk)) for place, pk in found if pk in rows]


def all_listed(reader: sqlite3.Connection) -> bool:
    """Whether the lists of chats of all profiles are known to their end; before that no rank is settled.

    Networks that nothing is known of are never listed. False where there is no profile yet.
    """
    rows = reader.execute("SELECT platform, walked FROM main.profiles WHERE status != 'gone'").fetchall()
    return bool(rows) and all(walked for platform, walked in rows if platform in set(Platform))


def view_counts(reader: sqlite3.Connection, now: Milliseconds) -> dict[View, int]:
    """How many chats are in each view at a moment: counters, put right by the rows that are late."""
    kept = dict(reader.execute("SELECT key, value FROM main.meta").fetchall())
    counts = {view: int(kept["chats" if view is View.ALL else view]) for view in View}
    corrected = (View.NOW, View.WAITING, View.CLOSING, View.SNOOZED)
    late = reader.execute(
        f"SELECT sum(({_RANK} IS NOT NULL) - (c.rank IS NOT NULL)), "
        f"sum((c.waiting AND NOT {_AWAY}) - (c.waiting AND NOT c.away)), "
        f"sum(coalesce({_CLOSING}, 0) - c.closing), sum({_AWAY} - c.away) FROM {_LATE}",
        {"now": now},
    ).fetchone()
    for view, difference in zip(corrected, late, strict=True):
        counts[view] += difference or 0
    return counts


def chat_ids(reader: sqlite3.Connection, view: View, now: Milliseconds) -> list[str]:
    """Every chat of a view in its order; see `ViewSource.chat_ids`."""
    return ViewSource(reader, view, now).chat_ids(reader)


def next_change(reader: sqlite3.Connection, now: Milliseconds) -> Milliseconds | None:
    """The first moment behind `now` at which the clock alone changes a view; None: it does not."""
    kept = reader.execute("SELECT min(next_change_at) FROM chats WHERE next_change_at > ?", (now,)).fetchone()
    turns = ", ".join(f"min({at}) FILTER (WHERE {at} > :now AND {at} < {FOREVER})" for at in _TURNS)
    late = reader.execute(f"SELECT {turns} FROM {_LATE}", {"now": now}).fetchone()
    return min((int(at) for at in (*kept, *late) if at is not None), default=None)


def next_attention(
    reader: sqlite3.Connection, now: Milliseconds, after: Key | None, *, backwards: bool = False
) -> ChatRow | None:
    """The chat behind a place of the Now view, or in front of it; from the other end where there is none.

    `after`: a key of `ViewSource(reader, View.NOW, now)`, of a chat that may have left since; None: the first
    chat, or the last. None where nothing needs attention.
    """
    source = ViewSource(reader, View.NOW, now)
    for key in dict.fromkeys((after, None)):
        rows = source.before(key, 1) if backwards else source.after(key, 1)
        if rows:
            return rows[0]
    return None


def misplaced(reader: sqlite3.Connection, pks: Sequence[int]) -> set[str]:
    """The ids of those of some chats that are not late and yet do not stand where the rules put them."""
    wrong = f"c.rank IS NOT {_RANK} OR c.away != {_AWAY} OR c.closing != coalesce({_CLOSING}, 0)"
    condition = f"{_ON_TIME} AND ({wrong})".replace(":now", str(clock.server_now(reader)))
    return {
        str(name)
        for places, values in in_lists(pks)
        for (name,) in reader.execute(
            f"SELECT c.id FROM main.chats c WHERE c.pk IN ({places}) AND {condition}", values
        )
    }


AT_ONCE = 50
"""Chats that are brought up to date in one transaction: a screen need not wait for longer than that."""


def catch_up(writer: Writer) -> bool:
    """Fold late chats again, up to AT_ONCE, so that no look need ask them one by one.

    Returns whether there may be more. Where none is late nothing is written.
    """
    from inbox_tui.store import facts

    late = [
        int(pk)
        for (pk,) in writer.cache.execute(
            f"SELECT c.pk FROM {_LATE} LIMIT :most",
            {"now": clock.server_now(writer.cache), "most": AT_ONCE},
        )
    ]
    if late:
        with transaction(writer.cache) as rev:
            facts.refold(writer.cache, writer.local, late, rev)
    return len(late) == AT_ONCE
