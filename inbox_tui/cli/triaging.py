"""The verbs of triage, from `done` to `note`: marks that never reach the customer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from inbox_tui.cli import output
from inbox_tui.cli.reading import find_chat, freshness
from inbox_tui.config import Settings
from inbox_tui.core import snooze as snoozing
from inbox_tui.core.errors import UsageError
from inbox_tui.core.times import moment
from inbox_tui.store import clock, lookups, triage
from inbox_tui.store.db import open_reader, prepare
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.writes import Writer


@dataclass(frozen=True, slots=True)
class Manner:
    """How an act is carried out and told. `dry_run`: only say what would be done."""

    dry_run: bool = False
    as_json: bool = False
    ids: bool = False


def carry_out(
    settings: Settings,
    what: str,
    names: Sequence[str],
    act: Callable[[Writer, list[str]], tuple[str, ...]],
    manner: Manner,
) -> int:
    """Do something to chats, all of them in one step; prints what became of each.

    Raises InboxError, and does nothing, where one of them is not in the cache.
    """
    rows = _rows(settings, names)
    if manner.dry_run:
        for row in rows:
            print(f"would {what}: {row.chat.title} ({row.chat.id})")
        return 0
    with Writer(settings.folder) as writer:
        changed = act(writer, [row.chat.id for row in rows])
    words = {row.chat.id: what if row.chat.id in changed else f"unchanged, {what}" for row in rows}
    _tell(settings, words, manner)
    return 0


def snooze(settings: Settings, name: str, text: str, *, off: bool, manner: Manner) -> int:
    """Put a chat away, or bring it back. Raises UsageError for a time that cannot be understood."""
    if off and text:
        raise UsageError("--off and a time exclude each other", "Give one of them")
    if off:
        return carry_out(settings, "unsnooze", [name], triage.unsnooze, manner)
    (row,) = _rows(settings, [name])
    with closing(open_reader(settings.folder)) as reader:
        now = clock.server_now(reader)
    until = snoozing.parse(text, now)
    if manner.dry_run:
        end = snoozing.clamp(until, row.window_closes_at, now)
        print(f"would snooze: {row.chat.title} ({row.chat.id}) {_end(end, now)}")
        return 0
    with Writer(settings.folder) as writer:
        end = triage.snooze(writer, [row.chat.id], until)[row.chat.id]
    _tell(settings, {row.chat.id: f"snoozed {_end(end, now)}:"}, manner)
    return 0


def label(settings: Settings, name: str, add: Sequence[str], remove: Sequence[str], *, manner: Manner) -> int:
    """Change the labels of a chat; without any, print them."""
    if add or remove:
        added = [triage.label_name(each) for each in add]
        removed = [triage.label_name(each) for each in remove]
        what = " ".join(["label", *(f"+{each}" for each in added), *(f"-{each}" for each in removed)])

        def change(writer: Writer, ids: list[str]) -> tuple[str, ...]:
            return triage.label(writer, ids, added, removed)

        return carry_out(settings, what, [name], change, manner)
    (row,) = _rows(settings, [name])
    if manner.as_json or manner.ids:
        _tell(settings, {row.chat.id: ""}, manner)
    else:
        for each in row.labels:
            print(each)
    return 0


def note(settings: Settings, name: str, text: str | None, *, remove: bool, manner: Manner) -> int:
    """Set, remove or print the private note of a chat."""
    if remove and text is not None:
        raise UsageError("--remove and a text exclude each other", "Give one of them")
    if text is not None and not text.strip():
        raise UsageError("The note is empty", "`--remove` takes a note away")
    if remove or text is not None:

        def change(writer: Writer, ids: list[str]) -> tuple[str, ...]:
            return tuple(each for each in ids if triage.note(writer, each, text or ""))

        return carry_out(settings, "remove note" if remove else "note", [name], change, manner)
    (row,) = _rows(settings, [name])
    if manner.as_json or manner.ids:
        _tell(settings, {row.chat.id: ""}, manner)
        return 0
    with closing(open_reader(settings.folder)) as reader:
        words = lookups.note(reader, row.chat.id)
    if words:
        print(words)
    return 0


def _end(until: snoozing.Until, now: int) -> str:
    when = "until they write" if until.at is None else f"until {moment(until.at, now, None)}"
    return f"{when}{'. ' if until.notice else ''}{until.notice}"


def _rows(settings: Settings, names: Sequence[str]) -> list[ChatRow]:
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        return [find_chat(lookups.chat(reader, name), name) for name in names]


def _tell(settings: Settings, words: dict[str, str], manner: Manner) -> None:
    """Print chats as they are now, their ids, or what was done to each."""
    if not manner.as_json:
        for chat_id, said in words.items():
            print(chat_id if manner.ids else f"{said} {chat_id}")
        return
    with closing(open_reader(settings.folder)) as reader:
        rows = [find_chat(lookups.chat(reader, chat_id), chat_id) for chat_id in words]
        fresh = freshness(settings.folder, lookups.profiles(reader))
        output.print_records(
            {**output.chat_record(row, fresh(row)), "note": lookups.note(reader, row.chat.id) or None}
            for row in rows
        )
