"""Facts of many chats at once, asked before an act on all of them. One statement for each question."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inbox_tui.core.models import Milliseconds


@dataclass(frozen=True, slots=True)
class Survey:
    """How many of some chats are what, at a time of the server."""

    chats: int = 0
    """Those that the cache has."""
    done: int = 0
    unread: int = 0
    unanswered: int = 0
    snoozed: int = 0
    outlasted: int = 0
    """Done ones with a snooze that had time left: it does not come back when they are reopened."""
    pinned: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    """Chats with each label, of those that any of them has."""


def survey(reader: sqlite3.Connection, chat_ids: Sequence[str], now: Milliseconds) -> Survey:
    """Count what chats are. The cost grows with their number: of many, not for the screen's loop.

    `reader`: both files, as the screen reads them.
    """
    names = json.dumps(list(chat_ids))
    chats, done, unread, unanswered, snoozed = reader.execute(
        "SELECT count(*), coalesce(sum(done), 0), coalesce(sum(unread > 0), 0), "
        "coalesce(sum(unanswered > 0), 0), coalesce(sum(snoozed_until > ?2), 0) FROM chats "
        "WHERE id IN (SELECT value FROM json_each(?1))",
        (names, now),
    ).fetchone()
    (outlasted,) = reader.execute(
        "SELECT count(*) FROM local.snoozes s JOIN chats c ON c.id = s.chat_id AND c.done "
        "WHERE s.chat_id IN (SELECT value FROM json_each(?1)) AND coalesce(s.until > ?2, 1)",
        (names, now),
    ).fetchone()
    (pinned,) = reader.execute(
        "SELECT count(*) FROM local.pins WHERE chat_id IN (SELECT value FROM json_each(?))", (names,)
    ).fetchone()
    labels = reader.execute(
        "SELECT label, count(*) FROM local.labels WHERE chat_id IN (SELECT value FROM json_each(?)) "
        "GROUP BY label",
        (names,),
    )
    return Survey(chats, done, unread, unanswered, snoozed, outlasted, pinned, dict(labels.fetchall()))
