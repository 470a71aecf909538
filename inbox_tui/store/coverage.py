"""What a search cannot find, because it is not cached or not indexed yet."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from inbox_tui.store import index
from inbox_tui.store.find import Plan


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a search cannot find, as it is not here: counts of the whole account."""

    unindexed: int = 0
    """Messages that are cached and not in the index yet."""
    unlisted: int = 0
    """Chats that the API counts and the cache does not know."""
    unfetched: int = 0
    """Chats whose newest messages were not fetched."""
    partial: int = 0
    """Chats of which there may be older messages than the cache has."""

    @property
    def complete(self) -> bool:
        """Whether everything there is can be found."""
        return self == Coverage()


def coverage(reader: sqlite3.Connection) -> Coverage:
    """What cannot be found. The cost grows with the chats that are not whole: for a thread."""
    (unlisted,) = reader.execute(
        "SELECT coalesce(sum(max(coalesce(chats_total, 0) - chats, 0)), 0) FROM profiles "
        "WHERE status != 'gone'"
    ).fetchone()
    (unfetched,) = reader.execute(
        "SELECT count(*) FROM chats WHERE pulled_at IS NULL OR pulled_for IS NOT last_message_at"
    ).fetchone()
    (partial,) = reader.execute(
        "SELECT count(*) FROM chats WHERE history_done = 0 AND pulled_at IS NOT NULL"
    ).fetchone()
    return Coverage(index.missing(reader, index.MESSAGES), int(unlisted), int(unfetched), int(partial))


def partial_chats(reader: sqlite3.Connection, plan: Plan, limit: int) -> list[str]:
    """Ids of the chats that a plan may be about and that may have older messages, newest first."""
    condition = f"AND ({plan.chats})" if plan.chats else ""
    rows = reader.execute(
        "SELECT c.id FROM chats c WHERE c.history_done = 0 AND c.pulled_at IS NOT NULL "
        f"{condition} ORDER BY c.sort_at DESC, c.pk DESC LIMIT :limit",
        {**dict(plan.values), "limit": limit},
    )
    return [str(name) for (name,) in rows]
