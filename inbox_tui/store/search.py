"""A query as SQL over the chats: what an index answers at once, and what every chat is asked.

The first part of the language of UX section 2: words, `from:`, `platform:`, `profile:`, `is:`, `before:`
and `after:` (the time of the last message). What is not answered yet is refused with the place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from inbox_tui.core import query
from inbox_tui.core.models import Milliseconds, Profile
from inbox_tui.core.query import Field, Filter, Item, Not, QueryError
from inbox_tui.core.text import search_key
from inbox_tui.core.window import CLOSING
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.reads import ChatFilter, Key

_IS = {
    "unread": "c.unread > 0",
    "needs-reply": "c.unanswered > 0",
    "waiting": "c.waiting",
    "closing": "(c.unanswered > 0 AND c.window_closes_at > :now AND c.window_closes_at <= :soon)",
    "failed": "c.failed > 0",
    "snoozed": "coalesce(c.snoozed_until, 0) > :now",
    "done": "c.done",
    "archived": "coalesce(c.archived, 0)",
}


@dataclass(frozen=True, slots=True)
class Scan:
    """A condition that every chat is asked, with its values: for a thread, not for the screen's loop."""

    condition: str
    values: dict[str, str | int]


Plan = ChatFilter | Scan


def plan(text: str, profiles: Iterable[Profile], *, now: Milliseconds, zone: tzinfo = UTC) -> Plan:
    """How to find the chats of a query at a time of the server.

    Raises QueryError where it cannot be understood or answered. One platform, one profile, or nothing at all
    is an index range; all else is a scan.
    """
    items = query.parse(text).items
    known = list(profiles)
    if not items:
        return ChatFilter()
    if len(items) == 1 and isinstance(items[0], Filter):
        if items[0].field is Field.PLATFORM:
            return ChatFilter(platform=items[0].value)
        if items[0].field is Field.PROFILE and len(ids := _profiles(items[0].value, known)) == 1:
            return ChatFilter(profile_id=ids[0])
    values: dict[str, str | int] = {"now": now, "soon": now + CLOSING}
    conditions = [_condition(item, text, known, values, zone) for item in items]
    return Scan(" AND ".join(conditions), values)


def pick(folder: Folder, found: Scan) -> list[Key]:
    """The keys of the chats that a scan finds, newest first, on a reader of its own."""
    with contextlib.closing(open_reader(folder)) as reader:
        return reader.execute(
            f"SELECT c.sort_at, c.pk FROM chats c WHERE {found.condition} ORDER BY c.sort_at DESC, c.pk DESC",
            found.values,
        ).fetchall()


def _condition(
    item: Item, text: str, profiles: list[Profile], values: dict[str, str | int], zone: tzinfo
) -> str:
    if isinstance(item, Not):
        return f"NOT ({_condition(item.item, text, profiles, values, zone)})"
    if not isinstance(item, Filter):
        name = _bind(values, search_key(item.text))
        # The preview is not folded: a word of it is found as it is written, names in any spelling.
        raw = _bind(values, item.text.lower())
        return f"(instr(c.search_key, {name}) OR instr(lower(c.preview), {raw}))"
    match item.field:
        case Field.FROM:
            return f"instr(c.search_key, {_bind(values, search_key(item.value.removeprefix('@')))})"
        case Field.PLATFORM:
            return f"c.platform = {_bind(values, item.value)}"
        case Field.PROFILE:
            ids = _profiles(item.value, profiles)
            return f"c.profile_id IN ({', '.join(_bind(values, name) for name in ids)})" if ids else "0"
        case Field.IS:
            return _IS[item.value]
        case Field.BEFORE | Field.AFTER:
            sign = "<" if item.field is Field.BEFORE else ">="
            at = query.moment(item.value, int(values["now"]), zone)
            return f"c.sort_at {sign} {_bind(values, at)}"
        case _:
            start = text.find(f"{item.field}:")
            raise QueryError(
                f"The list cannot be filtered by {item.field}: yet",
                "Use words, from:, platform:, profile:, is:, before: or after:",
                text=text,
                start=max(start, 0),
                length=len(str(item)),
            )


def _bind(values: dict[str, str | int], value: str | int) -> str:
    name = f"v{len(values)}"
    values[name] = value
    return f":{name}"


def _profiles(wanted: str, profiles: list[Profile]) -> list[str]:
    """Ids of the profiles whose name, handle or id holds the wanted text."""
    key = search_key(wanted)
    return [
        profile.id
        for profile in profiles
        if key in search_key(f"{profile.name}\n{profile.username or ''}") or wanted == profile.id
    ]
