"""A query as SQL over the chats: what an index answers at once, and what every chat is asked.

The whole language of UX section 2. A word holds for a chat whose customer is called so, or in any of whose
messages it stands; `has:` for one with such a message; `before:` and `after:` go by its last message. Each
item is a matter of its own: two words may stand in two messages. `store.find` looks for messages instead.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from inbox_tui.core import query, words
from inbox_tui.core.errors import UsageError
from inbox_tui.core.models import Milliseconds, Profile
from inbox_tui.core.query import Field, Filter, Has, Item, Not, Phrase, Query, Term
from inbox_tui.core.text import search_key
from inbox_tui.core.window import CLOSING
from inbox_tui.store import index
from inbox_tui.store.db import Folder, in_lists, open_reader
from inbox_tui.store.reads import ChatFilter, Key
from inbox_tui.store.triage import label_name

IS = {
    "unread": "c.unread > 0",
    "needs-reply": "c.unanswered > 0",
    "waiting": "(c.waiting AND NOT coalesce(c.snoozed_until > :now, 0))",
    "closing": "(c.unanswered > 0 AND c.window_closes_at > :now AND c.window_closes_at <= :soon)",
    "failed": "c.failed > 0",
    "snoozed": "coalesce(c.snoozed_until > :now, 0)",
    "done": "c.done",
    "archived": "coalesce(c.archived, 0)",
}
"""Conditions of `is:` on a chat `c`, as `core.ranking.holds` tells them; `:soon`: four hours after `:now`."""
FEW_MESSAGES = 2_000
"""Chats with so few messages together are asked message by message, instead of the index of them all."""

Values = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Scan:
    """A condition that every chat is asked, with its values: for a thread, not for the screen's loop.

    `few`: the same for a small number of chats, whose messages are read. Both call functions of `prepare`.
    """

    condition: str
    few: str
    values: Values
    wanted: tuple[words.Wanted, ...] = ()

    def prepare(self, reader: sqlite3.Connection) -> None:
        """Teach a connection the functions that the conditions call."""
        wanted = self.wanted

        def says(number: int, text: str | None) -> bool:
            return bool(text) and bool(wanted[number].find(words.taken_apart(text or "")))

        def bears(mark: str, body: str | None, markup: str | None, reactions: str, files: str) -> bool:
            return Has(mark) in index.has_of(body, markup, reactions, files)

        reader.create_function("says", 2, says, deterministic=True)
        reader.create_function("bears", 5, bears, deterministic=True)


Plan = ChatFilter | Scan


def plan(text: str, profiles: Iterable[Profile], *, now: Milliseconds, zone: tzinfo = UTC) -> Plan:
    """How to find the chats of a query at a time of the server.

    Raises QueryError where it cannot be understood or answered. One platform, one profile, or nothing at all
    is an index range; all else is a scan.
    """
    read = query.parse(text)
    known = list(profiles)
    if not read.items:
        return ChatFilter()
    if len(read.items) == 1 and isinstance(only := read.items[0], Filter):
        if only.field is Field.PLATFORM:
            return ChatFilter(platform=only.value)
        if only.field is Field.PROFILE and len(ids := profile_ids(read, 0, only.value, known)) == 1:
            return ChatFilter(profile_id=ids[0])
    conditions = Conditions(read, known, now=now, zone=zone)
    pairs = [conditions.pair(number, wanted) for number, wanted in asked_for(read)]
    return Scan(
        " AND ".join(many for many, _ in pairs),
        " AND ".join(few for _, few in pairs),
        conditions.values,
        tuple(conditions.wanted),
    )


def pick(folder: Folder, found: Scan, *, reader: sqlite3.Connection | None = None) -> list[Key]:
    """The keys of the chats that a scan finds, newest first; on a reader of its own where none is given."""
    with contextlib.ExitStack() as stack:
        if reader is None:
            reader = stack.enter_context(contextlib.closing(open_reader(folder)))
        found.prepare(reader)
        return reader.execute(
            f"SELECT c.sort_at, c.pk FROM chats c WHERE {found.condition} ORDER BY c.sort_at DESC, c.pk DESC",
            found.values,
        ).fetchall()


def matches(reader: sqlite3.Connection, found: Plan, chats: Sequence[int]) -> set[int]:
    """Which of some chats (by pk) a plan finds. The cost goes by them, not by the account."""
    holding: set[int] = set()
    for places, pks in in_lists(chats):
        names = [f"chat{number}" for number in range(len(pks))]
        inside = f"c.pk IN ({', '.join(f':{name}' for name in names)})"
        values: Values = dict(zip(names, pks, strict=True))
        if isinstance(found, ChatFilter):
            condition = "(:platform IS NULL OR c.platform = :platform)"
            condition += " AND (:profile IS NULL OR c.profile_id = :profile)"
            rows = reader.execute(
                f"SELECT c.pk FROM chats c WHERE {inside} AND {condition}",
                {"platform": found.platform, "profile": found.profile_id, **values},
            )
        else:
            found.prepare(reader)
            (messages,) = reader.execute(
                f"SELECT sum(messages) FROM chats WHERE pk IN ({places})", pks
            ).fetchone()
            condition = found.few if (messages or 0) <= FEW_MESSAGES else found.condition
            rows = reader.execute(
                f"SELECT c.pk FROM chats c WHERE {inside} AND {condition}", {**found.values, **values}
            )
        holding.update(int(pk) for (pk,) in rows)
    return holding


def asked_for(read: Query) -> list[tuple[int, words.Wanted | None]]:
    """The items of a query by number, with what words and phrases stand for; None: it is an operator.

    Words next to each other that may be one number are one item, under the number of the first. Raises
    QueryError where no word is in one.
    """
    found: list[tuple[int, words.Wanted | None]] = []
    number = 0
    while number < len(read.items):
        digits = list(itertools.takewhile(_may_be_digits, read.items[number:]))
        one = words.wanted_number([str(item) for item in digits]) if len(digits) > 1 else None
        if one is not None:
            found.append((number, one))
            number += len(digits)
            continue
        item = read.items[number]
        item = item.item if isinstance(item, Not) else item
        found.append((number, None if isinstance(item, Filter) else _wanted(read, number, item.text)))
        number += 1
    return found


def _may_be_digits(item: Item) -> bool:
    return isinstance(item, Term) and not item.text.strip("+()./-0123456789")


def _wanted(read: Query, number: int, text: str) -> words.Wanted:
    item = read.items[number]
    phrase = isinstance(item.item if isinstance(item, Not) else item, Phrase)
    found = words.wanted(text, whole=phrase)
    if found is None:
        hint = "Write a word, a number or an emoji to look for"
        raise read.error(number, f"“{text}” has no letter, digit or emoji", hint)
    return found


def profile_ids(read: Query, number: int, wanted: str, profiles: Sequence[Profile]) -> list[str]:
    """Ids of the profiles whose name, handle or id holds the wanted text. Raises QueryError for none."""
    key = search_key(wanted.removeprefix("@"))
    found = [
        profile.id
        for profile in profiles
        if key in search_key(f"{profile.name}\n{profile.username or ''}") or wanted == profile.id
    ]
    if not found:
        names = ", ".join(dict.fromkeys(profile.name for profile in profiles)) or "none yet"
        raise read.error(number, f"There is no profile {wanted}", f"Connected: {names}")
    return found


def names_matching(wanted: words.Wanted) -> str:
    """A query of `names_fts` for customers who have a word that begins so for each of the words."""
    return " AND ".join(index.quoted(words.Key(word.text, prefix=True)) for word in wanted.words)


class Conditions:
    """Writes the items of a query as conditions on a chat `c`, for many chats and for few."""

    def __init__(self, read: Query, profiles: Sequence[Profile], *, now: Milliseconds, zone: tzinfo) -> None:
        self.values: Values = {"now": now, "soon": now + CLOSING}
        self.wanted: list[words.Wanted] = []
        self._read = read
        self._profiles = profiles
        self._zone = zone

    def bind(self, value: str | int) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def pair(self, number: int, wanted: words.Wanted | None) -> tuple[str, str]:
        """The conditions of an item, for many chats and for few."""
        item = self._read.items[number]
        inner = item.item if isinstance(item, Not) else item
        if wanted is not None:
            pair = self._word(wanted)
        elif isinstance(inner, Filter) and inner.field is Field.HAS:
            pair = self._has(inner.value)
        else:
            condition = self.of_chat(number)
            pair = condition, condition
        return (f"NOT ({pair[0]})", f"NOT ({pair[1]})") if isinstance(item, Not) else pair

    def of_chat(self, number: int) -> str:
        """The condition of an operator that asks for nothing in messages, a `-` before it left out."""
        item = self._read.items[number]
        item = item.item if isinstance(item, Not) else item
        if not isinstance(item, Filter):
            raise TypeError(f"{item} is no operator")
        match item.field:
            case Field.FROM:
                asked = self.bind(names_matching(_wanted(self._read, number, item.value)))
                return f"c.pk IN (SELECT rowid FROM names_fts WHERE names_fts MATCH {asked})"
            case Field.PLATFORM:
                return f"c.platform = {self.bind(item.value)}"
            case Field.PROFILE:
                ids = profile_ids(self._read, number, item.value, self._profiles)
                return f"c.profile_id IN ({', '.join(self.bind(name) for name in ids)})"
            case Field.LABEL:
                label = self.bind(self._label(number, item.value))
                return f"c.id IN (SELECT chat_id FROM local.labels WHERE label = {label})"
            case Field.IS:
                return IS[item.value]
            case Field.BEFORE | Field.AFTER:
                sign = "<" if item.field is Field.BEFORE else ">="
                return f"c.sort_at {sign} {self.bind(self.moment(item.value))}"
            case _:
                raise ValueError(f"{item.field} is about messages")

    def moment(self, value: str) -> Milliseconds:
        """The moment that a value of `before:` or `after:` names."""
        return query.moment(value, int(self.values["now"]), self._zone)

    def _label(self, number: int, value: str) -> str:
        try:
            return label_name(value)
        except UsageError as error:
            raise self._read.error(number, error.title, error.hint) from error

    def _word(self, wanted: words.Wanted) -> tuple[str, str]:
        self.wanted.append(wanted)
        place = len(self.wanted) - 1
        names = (
            "coalesce(c.participant_name, '') || char(10) || coalesce(c.participant_username, '') "
            "|| char(10) || c.participant_external_id"
        )
        asked = self.bind(index.matching(wanted, short=False))
        called = f"c.pk IN (SELECT rowid FROM names_fts WHERE names_fts MATCH {asked})"
        said = "SELECT m.chat FROM messages_fts JOIN messages m ON m.pk = messages_fts.rowid "
        said += f"WHERE messages_fts MATCH {asked}"
        if not wanted.exact:
            called = f"({called} AND says({place}, {names}))"
            said += f" AND says({place}, m.body)"
        few = f"EXISTS (SELECT 1 FROM messages m WHERE m.chat = c.pk AND says({place}, m.body))"
        return f"({called} OR c.pk IN ({said}))", f"(says({place}, {names}) OR {few})"

    def _has(self, mark: str) -> tuple[str, str]:
        asked = self.bind(index.quoted(words.Key(index.MARK + mark)))
        many = (
            "c.pk IN (SELECT m.chat FROM messages_fts JOIN messages m ON m.pk = messages_fts.rowid "
            f"WHERE messages_fts MATCH {asked})"
        )
        few = (
            "EXISTS (SELECT 1 FROM messages m WHERE m.chat = c.pk AND m.deleted_at IS NULL "
            f"AND bears({self.bind(mark)}, m.body, m.reply_markup, m.reactions, m.attachments))"
        )
        return many, few
