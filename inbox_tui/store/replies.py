"""Replies that were not made here: a draft that is older than one of them may have become pointless."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from inbox_tui.core.marks import REPLY_STATUSES, Entry, automatic
from inbox_tui.core.models import Milliseconds
from inbox_tui.store.automatic import patterns

CONTEXT_MS: Milliseconds = 60_000
"""So far back lies what an automatic answer answers, at the most."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A reply of somebody else: its id, when it was made by the server's clock, and its text."""

    message_id: str
    at: Milliseconds
    text: str


def elsewhere(
    cache: sqlite3.Connection, outbox: sqlite3.Connection, chat_id: str, since: Milliseconds
) -> Elsewhere | None:
    """The newest reply in a chat after `since` (server's clock) that was not made here.

    What a machine has answered is none, and neither is what an item of the outbox became. While an item of
    the chat is being sent, what it becomes cannot be told from a reply of somebody else: then None.
    """
    own = dict(
        outbox.execute(
            "SELECT message_id, state FROM outbox WHERE chat_id = ? "
            "AND (message_id IS NOT NULL OR state = 'sending')",
            (chat_id,),
        )
    )
    if None in own:
        return None
    rows = cache.execute(
        "SELECT m.position_at, m.id, m.direction != 'outbound', m.status, m.body, "
        "(SELECT value FROM main.meta WHERE key = 'automatic') FROM messages m "
        "WHERE m.chat = (SELECT pk FROM chats WHERE id = ?) AND m.position_at > ? AND m.deleted_at IS NULL "
        "ORDER BY m.position_at, m.id",
        (chat_id, since - CONTEXT_MS),
    )
    found: Elsewhere | None = None
    previous_inbound: Milliseconds | None = None
    for at, message_id, inbound, status, body, machines in rows:
        if inbound:
            previous_inbound = at
        elif at > since and message_id not in own and status in REPLY_STATUSES:
            entry = Entry((at, message_id), None, inbound=False, deleted=False, status=status)
            if not automatic(entry, previous_inbound, body or "", patterns(machines)):
                found = Elsewhere(str(message_id), int(at), body or "")
    return found
