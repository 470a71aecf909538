"""What the person does to sort the inbox: one transaction for each act, with an entry in the journal.

An act takes any number of chats and is one step back for all of them. The journal holds what stood in
`local.db` before and after, so that it can be gone back and forth in many steps, also after a restart and
from another terminal. Nothing here reaches the customer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inbox_tui.core.errors import UsageError
from inbox_tui.core.models import Json, Milliseconds
from inbox_tui.core.snooze import Until, clamp
from inbox_tui.core.text import clean
from inbox_tui.store import clock
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.marks import known_now, put, touch
from inbox_tui.store.records import dump

if TYPE_CHECKING:
    # Only the writing thread needs what applying pages needs; a screen paints without it.
    from inbox_tui.store.writes import Writer

KEPT = 500
"""Steps that the journal goes back."""
LABEL_LENGTH = 40
NOTE_LENGTH = 10_000
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


def done(writer: Writer, chat_ids: Iterable[str]) -> tuple[str, ...]:
    """Close chats: what is in them now needs no answer. Returns those that were not closed already."""
    return _act(writer, "done", chat_ids, ("done",), lambda name: _mark(writer, name, "done"))


def done_no_reply(writer: Writer, chat_ids: Iterable[str]) -> tuple[str, ...]:
    """Close chats and take them as read: there was nothing to answer. Returns those that this changed."""

    def close(chat_id: str) -> None:
        for kind in ("done", "seen"):
            _mark(writer, chat_id, kind)

    return _act(writer, "done, no reply", chat_ids, ("done", "seen"), close)


def reopen(writer: Writer, chat_ids: Iterable[str]) -> tuple[str, ...]:
    """Take done marks away, and snoozes from before them. Returns the chats that had one."""
    closed = [
        chat_id
        for chat_id in dict.fromkeys(chat_ids)
        if writer.local.execute(
            "SELECT 1 FROM marks WHERE chat_id = ? AND kind = 'done'", (chat_id,)
        ).fetchone()
    ]

    def open_again(chat_id: str) -> None:
        _put(writer, "done", chat_id, [])
        _put(writer, "snooze", chat_id, [])

    return _act(writer, "reopen", closed, ("done", "snooze"), open_again)


def snooze(writer: Writer, chat_ids: Iterable[str], until: Until) -> dict[str, Until]:
    """Put chats away, each no longer than its reply window allows. Returns until when, by chat."""
    names = list(dict.fromkeys(chat_ids))
    now, server_now = now_ms(), clock.server_now(writer.cache)
    ends: dict[str, Until] = {}
    for name in names:
        row = writer.cache.execute("SELECT window_closes_at FROM chats WHERE id = ?", (name,)).fetchone()
        ends[name] = clamp(until, None if row is None else row[0], server_now)

    def put_away(chat_id: str) -> None:
        known = known_now(writer, chat_id)
        # A done mark made at the same moment or later would end it.
        (closed_at,) = writer.local.execute(
            "SELECT coalesce(max(at), 0) FROM marks WHERE chat_id = ? AND kind = 'done'", (chat_id,)
        ).fetchone()
        through = (known.through_at, known.through_id)
        end = ends[chat_id]
        made = (known.generation_in(writer), known.arrived, *through, max(now, closed_at + 1))
        _put(writer, "snooze", chat_id, [(chat_id, *made, end.at, int(end.sticky))])

    _act(writer, "snooze", names, ("snooze",), put_away)
    return ends


def unsnooze(writer: Writer, chat_ids: Iterable[str]) -> tuple[str, ...]:
    """Bring chats back that were put away. Returns those that were."""
    return _act(writer, "unsnooze", chat_ids, ("snooze",), lambda name: _put(writer, "snooze", name, []))


def read(writer: Writer, chat_ids: Iterable[str]) -> tuple[str, ...]:
    """Take what is in chats now as read. Returns those in which something was not marked so."""
    return _act(writer, "read", chat_ids, ("seen",), lambda name: _mark(writer, name, "seen"))


def unread(writer: Writer, chat_ids: Iterable[str]) -> tuple[str, ...]:
    """Take seen marks away. Returns the chats that had one."""
    return _act(writer, "unread", chat_ids, ("seen",), lambda name: _put(writer, "seen", name, []))


def label(
    writer: Writer, chat_ids: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> tuple[str, ...]:
    """Add labels to chats and remove others. Returns the chats that this changed.

    Raises UsageError where a label is none: see `label_name`.
    """
    added, removed = [label_name(name) for name in add], [label_name(name) for name in remove]

    def change(chat_id: str) -> None:
        for name in removed:
            writer.local.execute("DELETE FROM labels WHERE chat_id = ? AND label = ?", (chat_id, name))
        for name in added:
            writer.local.execute("INSERT OR IGNORE INTO labels VALUES (?, ?)", (chat_id, name))

    return _act(writer, "labels", chat_ids, ("labels",), change)


def label_name(text: str) -> str:
    """A label as it is kept: one word in small letters, without a leading `#`; blanks become `-`.

    Raises UsageError where nothing is left, or it is longer than LABEL_LENGTH.
    """
    name = "-".join(clean(text).lower().removeprefix("#").replace(",", " ").split())
    if not name or len(name) > LABEL_LENGTH:
        raise UsageError(
            f"“{clean(text)[:LABEL_LENGTH]}” is no label", f"A label has 1 to {LABEL_LENGTH} letters"
        )
    return name


def pin(writer: Writer, chat_ids: Iterable[str], *, pinned: bool) -> tuple[str, ...]:
    """Pin chats, or take the pin off. Returns those that this changed."""
    at = now_ms()

    def change(chat_id: str) -> None:
        if not pinned:
            _put(writer, "pin", chat_id, [])
        elif not _rows(writer, "pin", chat_id):
            _put(writer, "pin", chat_id, [(chat_id, at)])

    return _act(writer, "pin" if pinned else "unpin", chat_ids, ("pin",), change)


def note(writer: Writer, chat_id: str, text: str) -> bool:
    """Keep a private note with a chat, in place of the one it had; an empty one removes it.

    It stays on this machine: no request ever carries it. Returns whether it is another one than before.
    Raises UsageError where it is longer than NOTE_LENGTH code points.
    """
    words = clean(text).strip()
    if len(words) > NOTE_LENGTH:
        raise UsageError(f"The note has {len(words):,} characters", f"At most {NOTE_LENGTH:,} are kept")
    at = now_ms()

    def change(name: str) -> None:
        row = writer.local.execute("SELECT text FROM notes WHERE chat_id = ?", (name,)).fetchone()
        if words != ("" if row is None else row[0]):
            _put(writer, "note", name, [(name, words, at)] if words else [])

    return bool(_act(writer, "note", [chat_id], ("note",), change))


def last_act_at(writer: Writer) -> Milliseconds | None:
    """When the newest act was made that can be undone, by this machine's clock; None: there is none."""
    row = writer.local.execute("SELECT at FROM journal WHERE NOT undone ORDER BY pk DESC LIMIT 1").fetchone()
    return None if row is None else int(row[0])


def undo(writer: Writer) -> Step | None:
    """Take the newest act that stands back; None where there is none."""
    return _step(writer, back=True)


def redo(writer: Writer) -> Step | None:
    """Do the act again that was undone last; None where there is none, or something was done since."""
    return _step(writer, back=False)


def _mark(writer: Writer, chat_id: str, kind: str) -> None:
    put(writer, chat_id, kind, known_now(writer, chat_id))


def _act(
    writer: Writer,
    what: str,
    chat_ids: Iterable[str],
    places: Sequence[str],
    change: Callable[[str], object],
) -> tuple[str, ...]:
    """Carry an act out on chats and write down what it changed; where that is nothing, nothing is written."""
    changes: list[Json] = []
    changed: list[str] = []
    with transaction(writer.local) as rev:
        for chat_id in dict.fromkeys(chat_ids):
            before = [_rows(writer, place, chat_id) for place in places]
            change(chat_id)
            for place, old in zip(places, before, strict=True):
                new = _rows(writer, place, chat_id)
                if new != old:
                    changes.append([chat_id, place, old, new])
                    changed.append(chat_id)
                    touch(writer.local, chat_id, rev)
        if changes:
            # What was undone before is over with the next act.
            writer.local.execute("DELETE FROM journal WHERE undone")
            writer.local.execute(
                "INSERT INTO journal (at, what, changes) VALUES (?, ?, ?)",
                (now_ms(), what, dump(changes)),
            )
            writer.local.execute("DELETE FROM journal WHERE pk <= (SELECT max(pk) FROM journal) - ?", (KEPT,))
    return _refold(writer, changed)


def _step(writer: Writer, *, back: bool) -> Step | None:
    order = "NOT undone ORDER BY pk DESC" if back else "undone ORDER BY pk"
    skipped: set[str] = set()
    put_back: dict[str, None] = {}
    with transaction(writer.local) as rev:
        entry = writer.local.execute(
            f"SELECT pk, at, what, changes FROM journal WHERE {order} LIMIT 1"
        ).fetchone()
        if entry is None:
            return None
        pk, at, what, changes = entry
        for chat_id, place, old, new in json.loads(changes):
            is_there, wanted = (new, old) if back else (old, new)
            if _rows(writer, place, chat_id) == is_there:
                _put(writer, place, chat_id, wanted)
                touch(writer.local, chat_id, rev)
                put_back[chat_id] = None
            else:
                skipped.add(chat_id)
        writer.local.execute("UPDATE journal SET undone = ? WHERE pk = ?", (back, pk))
        left = any(_has_left(writer, chat_id, at) for chat_id in put_back)
    return Step(what, _refold(writer, list(put_back)), len(skipped - put_back.keys()), left)


def _has_left(writer: Writer, chat_id: str, since: Milliseconds) -> bool:
    row = writer.local.execute(
        "SELECT 1 FROM outbox WHERE chat_id = ? AND created_at >= ? AND act IN ('send', 'archive', "
        "'unarchive') AND state IN ('sending', 'accepted', 'settled') LIMIT 1",
        (chat_id, since),
    ).fetchone()
    return row is not None


def _rows(writer: Writer, place: str, chat_id: str) -> list[Json]:
    """What stands at a place of a chat, as it comes back from JSON."""
    table, condition, columns = _PLACES[place]
    found = writer.local.execute(
        f"SELECT {columns} FROM {table} WHERE chat_id = ? AND {condition} ORDER BY 1, 2", (chat_id,)
    )
    return [list(row) for row in found]


def _put(writer: Writer, place: str, chat_id: str, rows: Sequence[Sequence[Json]]) -> None:
    table, condition, columns = _PLACES[place]
    writer.local.execute(f"DELETE FROM {table} WHERE chat_id = ? AND {condition}", (chat_id,))
    places = ", ".join("?" * len(columns.split(",")))
    writer.local.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


def _refold(writer: Writer, chat_ids: Sequence[str]) -> tuple[str, ...]:
    """Have the derived columns follow; a crash before it is made up for at the next start."""
    names = tuple(dict.fromkeys(chat_ids))
    if names:
        from inbox_tui.store.writes import refold_chats

        refold_chats(writer, names)
    return names
