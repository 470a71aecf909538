"""The verbs of triage, from `done` to `note`: marks that never reach the customer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from inbox_tui.cli import output
from inbox_tui.cli.naming import Use, chat_named
from inbox_tui.cli.reading import find_chat, freshness, listing
from inbox_tui.config import Settings
from inbox_tui.core import snooze as snoozing
from inbox_tui.core.errors import UsageError
from inbox_tui.core.times import moment
from inbox_tui.store import clock, journal, lookups, triage
from inbox_tui.store.db import open_reader, prepare
from inbox_tui.store.journal import OpenStep
from inbox_tui.store.picking import survey
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.writer import Writer

WOULD = {
    "done": "be done",
    "reopen": "be reopened",
    "snooze": "be snoozed",
    "unsnooze": "be brought back",
    "read": "be marked read",
    "unread": "be marked unread",
    "label": "be labelled",
    "pin": "be pinned",
    "unpin": "be unpinned",
    "note": "get the note",
    "remove note": "lose the note",
}
"""What is said of a chat in a rehearsal, behind “would”, by the act."""
ENDS_SNOOZES = {"done": "which ends with it", "reopen": "which does not come back"}
"""What becomes of the snoozes of chats, by the act."""
Part = Callable[[Writer, list[str], OpenStep], Iterable[str]]
"""Carries an act out on some chats as a part of a step; returns those that it changed."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chats that a verb is about: those that are named, or all that a query finds."""

    names: Sequence[str]
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How an act is carried out and told. `dry_run`: only say what would be done."""

    dry_run: bool = False
    as_json: bool = False
    ids: bool = False


def carry_out(settings: Settings, what: str, chosen: Chosen, act: Part, manner: Manner) -> int:
    """Do something to chats, all of them in one step; prints what became of each.

    Raises InboxError, and does nothing, where a chat that is named is not in the cache, and UsageError where
    no chat is named, or the query cannot be understood.
    """
    chats = _ids(settings, chosen)
    ended = _ended_snoozes(settings, chats, what)
    if manner.dry_run:
        _rehearse(settings, chats, what, manner)
    else:
        _tell(settings, _carried(settings, chats, act, what), manner)
    if ended:
        sys.stderr.write(f"inbox-tui: {ended}\n")
    return 0


def _ended_snoozes(settings: Settings, chats: Sequence[str], what: str) -> str:
    """What closing or reopening chats means for their snoozes; empty where they have none."""
    if what not in ENDS_SNOOZES:
        return ""
    with closing(open_reader(settings.folder)) as reader:
        found = survey(reader, chats, clock.server_now(reader))
    count = found.snoozed if what == "done" else found.outlasted
    subject = "1 chat was" if count == 1 else f"{count:,} chats were"
    return f"{subject} snoozed, {ENDS_SNOOZES[what]}" if count else ""


def _carried(settings: Settings, chats: Sequence[str], act: Part, what: str) -> Iterator[tuple[str, str]]:
    """Carry an act out part by part; gives each chat with what became of it."""
    step = OpenStep()
    with Writer(settings.folder) as writer:
        for part in journal.parts(chats):
            changed = frozenset(act(writer, part, step))
            for name in part:
                yield name, what if name in changed else f"unchanged, {what}"


def snooze(settings: Settings, chosen: Chosen, text: str, *, off: bool, manner: Manner) -> int:
    """Put chats away, or bring them back. Raises UsageError for a time that cannot be understood."""
    if off and text:
        raise UsageError("--off and a time exclude each other", "Give one of them")
    if off:
        return carry_out(
            settings, "unsnooze", chosen, lambda w, ids, step: triage.unsnooze(w, ids, step=step), manner
        )
    chats = _ids(settings, chosen)
    with closing(open_reader(settings.folder)) as reader:
        now = clock.server_now(reader)
    until = snoozing.parse(text, now)
    if manner.dry_run:

        def ends(row: ChatRow) -> str:
            return f" {_end(snoozing.clamp(until, row.window_closes_at, now), now)}"

        _rehearse(settings, chats, "snooze", manner, ends)
        return 0

    def put_away() -> Iterator[tuple[str, str]]:
        step = OpenStep()
        with Writer(settings.folder) as writer:
            for part in journal.parts(chats):
                for name, end in triage.snooze(writer, part, until, step=step).items():
                    yield name, f"snoozed {_end(end, now)}:"

    _tell(settings, put_away(), manner)
    return 0


def is_time(words: Sequence[str]) -> bool:
    """Whether words say until when, and not which chat."""
    try:
        snoozing.parse(" ".join(words), 0)
    except UsageError:
        return False
    return True


def label(
    settings: Settings, chosen: Chosen, add: Sequence[str], remove: Sequence[str], *, manner: Manner
) -> int:
    """Change the labels of chats; without any, print them."""
    if add or remove:
        added = [triage.label_name(each) for each in add]
        removed = [triage.label_name(each) for each in remove]
        what = " ".join(["label", *(f"+{each}" for each in added), *(f"-{each}" for each in removed)])

        def change(writer: Writer, ids: list[str], step: OpenStep) -> tuple[str, ...]:
            return triage.label(writer, ids, added, removed, step=step)

        return carry_out(settings, what, chosen, change, manner)
    chats = _ids(settings, chosen)
    if manner.as_json or manner.ids:
        _tell(settings, ((name, "") for name in chats), manner)
        return 0
    for row in _rows(settings, chats):
        for each in row.labels:
            print(each if len(chats) == 1 else f"{row.chat.id} {each}")
    return 0


def note(settings: Settings, name: str, text: str | None, *, remove: bool, manner: Manner) -> int:
    """Set, remove or print the private note of a chat."""
    if remove and text is not None:
        raise UsageError("--remove and a text exclude each other", "Give one of them")
    if text is not None and not text.strip():
        raise UsageError("The note is empty", "`--remove` takes a note away")
    if remove or text is not None:

        def change(writer: Writer, ids: list[str], _: OpenStep) -> list[str]:
            return [each for each in ids if triage.note(writer, each, text or "")]

        return carry_out(settings, "remove note" if remove else "note", Chosen([name]), change, manner)
    (chat_id,) = _ids(settings, Chosen([name]))
    if manner.as_json or manner.ids:
        _tell(settings, [(chat_id, "")], manner)
        return 0
    with closing(open_reader(settings.folder)) as reader:
        words = lookups.note(reader, chat_id)
    if words:
        print(words)
    return 0


def _end(until: snoozing.Until, now: int) -> str:
    when = "until they write" if until.at is None else f"until {moment(until.at, now, None)}"
    when += ", even if they write" if until.sticky else ""
    return f"{when}{'. ' if until.notice else ''}{until.notice}"


def _ids(settings: Settings, chosen: Chosen) -> list[str]:
    """The ids of the chats; how many a query finds is said on standard error."""
    if chosen.query is not None and chosen.names:
        raise UsageError("Chats and --query exclude each other", "Name the chats, or give a query")
    if chosen.query is None and not chosen.names:
        raise UsageError("No chat is named", "Name one or more, or give --query")
    if chosen.query is not None and not chosen.query.strip():
        raise UsageError("The query is empty", "It would find every chat; `is:waiting`, say, finds some")
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        if chosen.query is None:
            rows = (chat_named(settings, reader, name, Use.MARKING) for name in chosen.names)
            return list(dict.fromkeys([row.chat.id for row in rows]))
        found = listing(settings, reader, chosen.query, None, clock.server_now(reader)).chat_ids(reader)
    chats = "no chat matches" if not found else "1 chat matches" if len(found) == 1 else ""
    sys.stderr.write(f"inbox-tui: {chats or f'{len(found):,} chats match'}\n")
    return found


def _rows(settings: Settings, chats: Sequence[str]) -> Iterator[ChatRow]:
    with closing(open_reader(settings.folder)) as reader:
        for name in chats:
            yield find_chat(lookups.chat(reader, name), name)


def _rehearse(
    settings: Settings,
    chats: Sequence[str],
    what: str,
    manner: Manner,
    more: Callable[[ChatRow], str] = lambda _: "",
) -> None:
    """Print what would be done: the chats as they are with the act, their ids, or a sentence about each.

    `more`: what is said behind the sentence about a chat.
    """
    verb, blank, rest = what.partition(" ")
    would = WOULD.get(what) or f"{WOULD[verb]}{blank}{rest}"
    with closing(open_reader(settings.folder)) as reader:
        fresh = freshness(settings.folder, lookups.profiles(reader))
        for row in _rows(settings, chats):
            if manner.as_json:
                record = {**output.chat_record(row, fresh(row)), "dry_run": True, "act": what}
                output.print_records([record])
            elif manner.ids:
                print(row.chat.id)
            else:
                print(f"would {would}: {row.chat.title} ({row.chat.id}){more(row)}")


def _tell(settings: Settings, became: Iterable[tuple[str, str]], manner: Manner) -> None:
    """Print chats as they are now, their ids, or what was done to each."""
    if not manner.as_json:
        for chat_id, said in became:
            print(chat_id if manner.ids else f"{said} {chat_id}")
        return
    chats = [chat_id for chat_id, _ in became]
    with closing(open_reader(settings.folder)) as reader:
        fresh = freshness(settings.folder, lookups.profiles(reader))
        output.print_records(
            {**output.chat_record(row, fresh(row)), "note": lookups.note(reader, row.chat.id) or None}
            for row in _rows(settings, chats)
        )
