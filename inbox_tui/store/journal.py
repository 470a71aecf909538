"""The journal of triage: what stood in `local.db` before and after each act, to go back and forth in.

An act on many chats is carried out in parts, each a transaction and a row of the journal, so that what else
is to be written does not wait for its end. Rows of the same time are one act: one step back, and one forth,
in the order in which the acts were begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from inbox_tui.core.models import Json, Milliseconds
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.marks import touch
from inbox_tui.store.records import dump

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

KEPT = 500
"""Steps that the journal goes back."""
KEPT_PARTS = 2_000
"""Rows that older steps may take up; the newest one is kept whatever its size."""
PART = 100
"""Chats of one part: what a draft may have to wait for."""
_MARK = "chat_id, kind, generation, arrived, through_at, through_id, at"
_PLACES: Final = {
    "done": ("marks", "kind = 'done'", _MARK),
    "seen": ("marks", "kind = 'seen'", _MARK),
    "snooze": ("snoozes", "1", "chat_id, generation, arrived, through_at, through_id, at, until, sticky"),
    "labels": ("labels", "1", "chat_id, label"),
    "pin": ("pins", "1", "chat_id, at"),
    "note": ("notes", "1", "chat_id, text, updated_at"),
}
"""What an act can change of a chat: table, condition, columns."""


@dataclass(slots=True)
class OpenStep:
    """An act that is carried out in several parts. `at`: its time once something was written down."""

    at: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one place of one chat: its rows before and after."""

    chat_id: str
    place: str
    before: Sequence[Json]
    after: Sequence[Json]


@dataclass(frozen=True, slots=True)
class Step:
    """An act that was undone or done again."""

    what: str
    """The act in a word or two: `done`, `snooze`."""
    chat_ids: tuple[str, ...]
    """The chats in which it was; fewer than it was about where something else has changed them since."""
    skipped: int
    """How many chats have changed since and were left as they are."""
    left: bool
    """Something has gone out to these chats since the act, and stays out."""


def parts(chat_ids: Iterable[str]) -> Iterator[list[str]]:
    """Chats in their order, each once, in parts of PART."""
    names = list(dict.fromkeys(chat_ids))
    for start in range(0, len(names), PART):
        yield names[start : start + PART]


def rows(writer: Writer, place: str, chat_id: str) -> list[Json]:
    """What stands at a place of a chat, as it comes back from JSON."""
    table, condition, columns = _PLACES[place]
    found = writer.local.execute(
        f"SELECT {columns} FROM {table} WHERE chat_id = ? AND {condition} ORDER BY 1, 2", (chat_id,)
    )
    return [list(row) for row in found]


def put(writer: Writer, place: str, chat_id: str, values: Sequence[Sequence[Json]]) -> None:
    """Have just these rows at a place of a chat, inside the caller's transaction."""
    table, condition, columns = _PLACES[place]
    writer.local.execute(f"DELETE FROM {table} WHERE chat_id = ? AND {condition}", (chat_id,))
    marks = ", ".join("?" * len(columns.split(",")))
    writer.local.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)


def record(writer: Writer, what: str, changes: Sequence[Change], step: OpenStep) -> None:
    """Write down what an act, or a part of one, has changed, inside the caller's transaction."""
    if step.at is None:
        # What was undone before is over with the next act.
        writer.local.execute("DELETE FROM journal WHERE undone")
        (newest,) = writer.local.execute("SELECT coalesce(max(at), 0) FROM journal").fetchone()
        # The time is what holds the parts together, so no other act may have it.
        step.at = max(now_ms(), newest + 1)
        _forget(writer)
    entries: list[Json] = [[c.chat_id, c.place, list(c.before), list(c.after)] for c in changes]
    writer.local.execute(
        "INSERT INTO journal (at, what, changes) VALUES (?, ?, ?)", (step.at, what, dump(entries))
    )


def _forget(writer: Writer) -> None:
    """Make room for one step."""
    kept = size = 0
    steps = writer.local.execute("SELECT at, count(*) FROM journal GROUP BY at ORDER BY at DESC")
    for at, count in steps.fetchall():
        kept, size = kept + 1, size + count
        if kept >= KEPT or (kept > 1 and size > KEPT_PARTS):
            writer.local.execute("DELETE FROM journal WHERE at = ?", (at,))


def last_act_at(writer: Writer) -> Milliseconds | None:
    """When the newest act was begun that can be undone, by this machine's clock; None: there is none."""
    (at,) = writer.local.execute("SELECT max(at) FROM journal WHERE NOT undone").fetchone()
    return None if at is None else int(at)


def newest_at(writer: Writer) -> Milliseconds:
    """When the newest act of the journal was begun, undone or not; 0: there is none."""
    (at,) = writer.local.execute("SELECT coalesce(max(at), 0) FROM journal").fetchone()
    return int(at)


@dataclass(slots=True)
class Walk:
    """A step that is being taken back, or done again, part by part (see `step`)."""

    back: bool
    at: Milliseconds | None = None
    pk: int | None = None
    """The part that was taken last."""
    what: str = ""
    chat_ids: list[str] = field(default_factory=list)
    skipped: int = 0
    left: bool = False

    @property
    def result(self) -> Step | None:
        """What it came to; None where there was no step to take."""
        if self.at is None:
            return None
        return Step(self.what, tuple(self.chat_ids), self.skipped, self.left)


def step(writer: Writer, walk: Walk) -> bool:
    """Take the next part of a step back or forth; returns False where there is none left.

    The first part chooses the step: the newest act that stands, or the one that was undone last.
    """
    put_back: dict[str, None] = {}
    skipped: set[str] = set()
    with transaction(writer.local) as rev:
        at = walk.at
        if at is None:
            at = last_act_at(writer) if walk.back else _last_undone(writer)
        entry = None if at is None else _part(writer, walk, at)
        if at is None or entry is None:
            return False
        walk.at = at
        walk.pk, walk.what, changes = entry
        for chat_id, place, old, new in json.loads(changes):
            is_there, wanted = (new, old) if walk.back else (old, new)
            if rows(writer, place, chat_id) == is_there:
                put(writer, place, chat_id, wanted)
                touch(writer.local, chat_id, rev)
                put_back[chat_id] = None
            else:
                skipped.add(chat_id)
        writer.local.execute("UPDATE journal SET undone = ? WHERE pk = ?", (walk.back, walk.pk))
        walk.left = walk.left or any(_has_left(writer, chat_id, at) for chat_id in put_back)
    walk.skipped += len(skipped - put_back.keys())
    walk.chat_ids += put_back
    refold(writer, list(put_back))
    return True


def _last_undone(writer: Writer) -> Milliseconds | None:
    (at,) = writer.local.execute("SELECT min(at) FROM journal WHERE undone").fetchone()
    return None if at is None else int(at)


def _part(writer: Writer, walk: Walk, at: Milliseconds) -> tuple[int, str, str] | None:
    """The next part of the step that a walk is in: the newest first when it goes back."""
    sign, order = ("<", "DESC") if walk.back else (">", "ASC")
    bound = "" if walk.pk is None else f"AND pk {sign} :pk"
    found: tuple[int, str, str] | None = writer.local.execute(
        f"SELECT pk, what, changes FROM journal WHERE at = :at AND undone = :undone {bound} "
        f"ORDER BY pk {order} LIMIT 1",
        {"at": at, "undone": not walk.back, "pk": walk.pk},
    ).fetchone()
    return found


def _has_left(writer: Writer, chat_id: str, since: Milliseconds) -> bool:
    row = writer.local.execute(
        "SELECT 1 FROM outbox WHERE chat_id = ? AND created_at >= ? AND act IN ('send', 'archive', "
        "'unarchive') AND state IN ('sending', 'accepted', 'settled') LIMIT 1",
        (chat_id, since),
    ).fetchone()
    return row is not None


def refold(writer: Writer, chat_ids: Sequence[str]) -> None:
    """Have the derived columns of chats follow; a crash before it is made up for at the next start."""
    if chat_ids:
        from inbox_tui.store.writes import refold_chats

        refold_chats(writer, chat_ids)
