"""What a page says of its chat: how far it is read, and when it was last written to."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from inbox_tui.store.db import now_ms
from inbox_tui.store.records import newest_times

if TYPE_CHECKING:
    from inbox_tui.store.writes import MessagePage


def move_times(cache: sqlite3.Connection, pk: int, page: MessagePage) -> bool:
    """Let a chat's times follow messages that came without it, never back; returns whether they moved."""
    inbound, outbound = newest_times(page.messages)
    newest = max((at for at in (inbound, outbound) if at is not None), default=None)
    moved = cache.execute(
        "UPDATE chats SET "
        "last_inbound_at = max(coalesce(last_inbound_at, ?1), coalesce(?1, last_inbound_at)), "
        "last_outbound_at = max(coalesce(last_outbound_at, ?2), coalesce(?2, last_outbound_at)), "
        "last_message_at = max(coalesce(last_message_at, ?3), ?3), "
        "sort_at = max(coalesce(last_message_at, ?3), ?3) WHERE pk = ?4 AND ?3 IS NOT NULL "
        "AND (?1 > coalesce(last_inbound_at, ?1 - 1) OR ?2 > coalesce(last_outbound_at, ?2 - 1) "
        "OR ?3 > coalesce(last_message_at, ?3 - 1))",
        (inbound, outbound, newest, pk),
    )
    return moved.rowcount > 0


def record_pull(cache: sqlite3.Connection, pk: int, page: MessagePage) -> bool:
    """Note how far the chat is read; returns whether that was news."""
    before = cache.total_changes
    if page.gap_page is not None:
        # What stood at the top until now is the far side of the gap; it stays so until it is reached.
        cache.execute(
            "UPDATE chats SET gap_at = CASE WHEN gap_page IS NULL THEN pulled_to ELSE gap_at END, "
            "gap_page = ?1 WHERE pk = ?2 AND gap_page IS NOT ?1",
            (page.gap_page, pk),
        )
    elif page.gap_closed:
        cache.execute(
            "UPDATE chats SET gap_at = NULL, gap_page = NULL WHERE pk = ? AND gap_page IS NOT NULL", (pk,)
        )
    if page.newest:
        cache.execute(
            "UPDATE chats SET pulled_at = ?1, pulled_for = ?2, estimated = 0, "
            "pulled_to = max(coalesce(pulled_to, ?3), coalesce(?3, pulled_to)), "
            "messages_total = coalesce(?4, messages_total) WHERE pk = ?5 "
            "AND (pulled_at IS NULL OR estimated OR pulled_for IS NOT ?2 "
            "OR ?3 > coalesce(pulled_to, ?3 - 1) OR (?4 IS NOT NULL AND messages_total IS NOT ?4))",
            (now_ms(), page.newest_for, page.pulled_to, page.total, pk),
        )
    if page.next_history_page is not None or page.history_done:
        cache.execute(
            "UPDATE chats SET history_page = max(history_page, coalesce(?1, 0)), "
            "history_done = max(history_done, ?2) WHERE pk = ?3 AND (history_page < ?1 OR history_done < ?2)",
            (page.next_history_page, int(page.history_done), pk),
        )
    if page.newest or page.history_done or (page.gap_closed and page.total is None):
        # The API counts more than came: a record could not be read, or a message came late to where was read
        # before. All of it is read once more, as a gap that reaches down to the first message.
        cache.execute(
            "UPDATE chats SET gap_page = 0, gap_at = 0 WHERE pk = ?1 AND history_done AND gap_page IS NULL "
            "AND messages + ?2 < messages_total",
            (pk, page.unreadable),
        )
    return cache.total_changes > before
