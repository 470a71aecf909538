"""What the person does to sort the inbox: one transaction for each act, with an entry in the journal.

An act takes any number of chats. Given an open step (`store.journal`), it is one part of a larger act; either
way it is one step back for all of its chats. Nothing here reaches the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from inbox_tui.core.errors import UsageError
from inbox_tui.core.snooze import Until, clamp
from inbox_tui.core.text import clean
from inbox_tui.store import clock, journal
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.journal import Change, OpenStep
from inbox_tui.store.marks import known_now, put, touch

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

LABEL_LENGTH = 40
NOTE_LENGTH = 10_000


def done(writer: Writer, chat_ids: Iterable[str], *, step: OpenStep | None = None) -> tuple[str, ...]:
    """Close chats: what is in them now needs no answer. Returns those that were not closed already."""
    return _act(writer, "done", chat_ids, ("done",), lambda name: _mark(writer, name, "done"), step)


def done_no_reply(
    writer: Writer, chat_ids: Iterable[str], *, step: OpenStep | None = None
) -> tuple[str, ...]:
    """Close chats and take them as read: there was nothing to answer. Returns those that this changed."""

    def close(chat_id: str) -> None:
        for kind in ("done", "seen"):
            _mark(writer, chat_id, kind)

    return _act(writer, "done, no reply", chat_ids, ("done", "seen"), close, step)


def reopen(writer: Writer, chat_ids: Iterable[str], *, step: OpenStep | None = None) -> tuple[str, ...]:
    """Take done marks away, and snoozes from before them. Returns the chats that had one."""
    closed = [
        chat_id
        for chat_id in dict.fromkeys(chat_ids)
        if writer.local.execute(
            "SELECT 1 FROM marks WHERE chat_id = ? AND kind = 'done'", (chat_id,)
        ).fetchone()
    ]

    def open_again(chat_id: str) -> None:
        journal.put(writer, "done", chat_id, [])
        journal.put(writer, "snooze", chat_id, [])

    return _act(writer, "reopen", closed, ("done", "snooze"), open_again, step)


def snooze(
    writer: Writer, chat_ids: Iterable[str], until: Until, *, step: OpenStep | None = None
) -> dict[str, Until]:
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
        journal.put(writer, "snooze", chat_id, [(chat_id, *made, end.at, int(end.sticky))])

    _act(writer, "snooze", names, ("snooze",), put_away, step)
    return ends


def unsnooze(writer: Writer, chat_ids: Iterable[str], *, step: OpenStep | None = None) -> tuple[str, ...]:
    """Bring chats back that were put away. Returns those that were."""

    def bring_back(chat_id: str) -> None:
        journal.put(writer, "snooze", chat_id, [])

    return _act(writer, "unsnooze", chat_ids, ("snooze",), bring_back, step)


def read(writer: Writer, chat_ids: Iterable[str], *, step: OpenStep | None = None) -> tuple[str, ...]:
    """Take what is in chats now as read. Returns those in which something was not marked so."""
    return _act(writer, "read", chat_ids, ("seen",), lambda name: _mark(writer, name, "seen"), step)


def unread(writer: Writer, chat_ids: Iterable[str], *, step: OpenStep | None = None) -> tuple[str, ...]:
    """Take seen marks away. Returns the chats that had one."""

    def forget(chat_id: str) -> None:
        journal.put(writer, "seen", chat_id, [])

    return _act(writer, "unread", chat_ids, ("seen",), forget, step)


def label(
    writer: Writer,
    chat_ids: Iterable[str],
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    *,
    step: OpenStep | None = None,
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

    return _act(writer, "labels", chat_ids, ("labels",), change, step)


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


def pin(
    writer: Writer, chat_ids: Iterable[str], *, pinned: bool, step: OpenStep | None = None
) -> tuple[str, ...]:
    """Pin chats, or take the pin off. Returns those that this changed."""
    at = now_ms()

    def change(chat_id: str) -> None:
        if not pinned:
            journal.put(writer, "pin", chat_id, [])
        elif not journal.rows(writer, "pin", chat_id):
            journal.put(writer, "pin", chat_id, [(chat_id, at)])

    return _act(writer, "pin" if pinned else "unpin", chat_ids, ("pin",), change, step)


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
            journal.put(writer, "note", name, [(name, words, at)] if words else [])

    return bool(_act(writer, "note", [chat_id], ("note",), change))


def _mark(writer: Writer, chat_id: str, kind: str) -> None:
    put(writer, chat_id, kind, known_now(writer, chat_id))


def _act(
    writer: Writer,
    what: str,
    chat_ids: Iterable[str],
    places: Sequence[str],
    change: Callable[[str], object],
    step: OpenStep | None = None,
) -> tuple[str, ...]:
    """Carry an act out on chats and write down what it changed; where that is nothing, nothing is written."""
    changes: list[Change] = []
    with transaction(writer.local) as rev:
        for chat_id in dict.fromkeys(chat_ids):
            before = [journal.rows(writer, place, chat_id) for place in places]
            change(chat_id)
            for place, old in zip(places, before, strict=True):
                new = journal.rows(writer, place, chat_id)
                if new != old:
                    changes.append(Change(chat_id, place, old, new))
                    touch(writer.local, chat_id, rev)
        if changes:
            journal.record(writer, what, changes, step or OpenStep())
    names = tuple(dict.fromkeys(change.chat_id for change in changes))
    journal.refold(writer, names)
    return names
