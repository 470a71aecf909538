"""Which chat is meant: by its id, and where that finds none, by the customer's handle or name. Never a guess.

What only prints a chat takes any words that fit one chat alone. A mark of our own takes an exact handle or
full name, and a message to the customer an exact handle: names are what customers call themselves.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from itertools import islice

from inbox_tui.cli.reading import every, find_chat, listing
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import InboxError, UsageError
from inbox_tui.core.models import Profile
from inbox_tui.core.query import Field, Filter
from inbox_tui.core.text import clean
from inbox_tui.store import clock, lookups
from inbox_tui.store.reads import ChatRow

MOST_NAMED = 10
"""Candidates that are listed where several chats may be meant."""


class Use(IntEnum):
    """What a chat is named for."""

    READING = 0
    MARKING = 1
    """It changes what we know of the chat, and can be undone."""
    SENDING = 2
    """It reaches the customer, or the platform."""


def chat_named(settings: Settings, reader: sqlite3.Connection, name: str, use: Use) -> ChatRow:
    """The chat of an id, else of a handle or a name as far as `use` allows; whose it is, is said on stderr.

    Raises UsageError with the candidates where several chats may be meant, or one that is not named exactly
    enough, and InboxError where none is.
    """
    row = lookups.chat(reader, name)
    if row is not None:
        return row
    exact = _exact(reader, name, handles_only=name.startswith("@") or use is Use.SENDING)
    if not exact and use is not Use.READING:
        raise _not_exact(settings, reader, name, use)
    found = exact or _similar(settings, reader, name)
    if len(found) > 1:
        raise UsageError(f"{clean(name)} names more than one chat", _candidates(reader, found))
    row = find_chat(found[0] if found else None, name)
    if use is Use.SENDING and not all(each.walked for each in lookups.profiles(reader)):
        raise UsageError(
            "Not all chats are listed yet, so another one may have this handle",
            f"Name the chat by its id, {row.chat.id}, or run `inbox-tui sync --once` first; nothing was sent",
        )
    if use is not Use.READING:
        sys.stderr.write(f"inbox-tui: {clean(name)} is {_in_words(reader, row)}, chat {row.chat.id}\n")
    return row


def _exact(reader: sqlite3.Connection, name: str, *, handles_only: bool) -> list[ChatRow]:
    """Chats with a handle, or a full name. All are looked at: what is not unique must not look so."""
    wanted = " ".join(clean(name).casefold().split())
    handle = wanted.removeprefix("@")

    def fits(username: str | None, full_name: str | None) -> bool:
        if (username or "").casefold().removeprefix("@") == handle:
            return True
        return not handles_only and " ".join((full_name or "").casefold().split()) == wanted

    people = reader.execute("SELECT id, participant_username, participant_name FROM chats")
    ids = [chat_id for chat_id, *names in people if handle and fits(*names)]
    return [row for each in ids if (row := lookups.chat(reader, each)) is not None]


def _similar(settings: Settings, reader: sqlite3.Connection, name: str) -> list[ChatRow]:
    """Chats whose name, handle or id has words that begin like these, the newest first."""
    try:
        source = listing(
            settings, reader, str(Filter(Field.FROM, name.removeprefix("@"))), None, clock.server_now(reader)
        )
    except UsageError:
        # No words at all are in it.
        return []
    return list(islice(every(source), MOST_NAMED + 1))


def _not_exact(settings: Settings, reader: sqlite3.Connection, name: str, use: Use) -> UsageError:
    """Why a name is not enough for what is to be done. Raises InboxError where it fits no chat."""
    found = _similar(settings, reader, name) or [find_chat(None, name)]
    what = "handle" if use is Use.SENDING else "handle or full name"
    undone = "; nothing was sent" if use is Use.SENDING else ""
    return UsageError(
        f"{clean(name)} is no chat's id and nobody's {what}{undone}", _candidates(reader, found)
    )


def _candidates(reader: sqlite3.Connection, found: Sequence[ChatRow]) -> str:
    return "\n".join(["Name one by its id:", *_lines(reader, found)])


def _lines(reader: sqlite3.Connection, found: Sequence[ChatRow]) -> Iterator[str]:
    for row in found[:MOST_NAMED]:
        yield f"  {row.chat.id}  {_in_words(reader, row)}"
    if len(found) > MOST_NAMED:
        yield "  and more; `inbox-tui chats from:jane` lists all"


def _in_words(reader: sqlite3.Connection, row: ChatRow) -> str:
    """Who it is and where: `Jane Doe (@jane_doe, Instagram · Acme Shop)`."""
    chat, profile = row.chat, lookups.profile_names(reader).get(row.chat.profile_id)
    handle = (chat.participant_username or "").removeprefix("@")
    place = platform_name(chat.platform) + ("" if profile is None else f" · {profile.name}")
    return f"{chat.title} ({f'@{handle}, ' if handle else ''}{place})"


def profile_named(reader: sqlite3.Connection, name: str) -> Profile:
    """The profile of an id, user name, name or platform, whichever fits first.

    Raises InboxError where none does, UsageError where several do.
    """
    known = [row.profile for row in lookups.profiles(reader)]
    fields: tuple[Callable[[Profile], str | None], ...] = (
        lambda profile: profile.id,
        lambda profile: profile.platform_id,
        lambda profile: profile.username,
        lambda profile: profile.name,
        lambda profile: profile.platform,
    )
    for field in fields:
        found = [profile for profile in known if (field(profile) or "").casefold() == name.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            ids = " and ".join(sorted(profile.id for profile in found))
            raise UsageError(f"{name} names more than one profile", f"Name one by its id, such as {ids}")
    raise InboxError(f"There is no profile {name} in the cache", "`inbox-tui profiles` lists them")
