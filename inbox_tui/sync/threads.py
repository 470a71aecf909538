"""How far the messages of a chat are read, and what a page of them says about that. No requests.

The API pages messages by number only, newest first. Numbers shift while messages arrive, always
towards the older end: going on to the next number brings some twice and misses none, but for those that
come late to a place that was read already. The API's own count tells of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from inbox_tui.core.models import Message, Milliseconds, Page
from inbox_tui.store.records import newest_times
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

PAGE = 100
REFRESH = 30
"""Messages of a look at a chat that was read before: enough for what happens between two looks."""


@dataclass(frozen=True, slots=True)
class ChatState:
    """How far the messages of a chat are read (columns of the chat's row)."""

    id: str
    profile_id: str
    last_message_at: Milliseconds | None
    pulled: int
    pulled_to: Milliseconds | None
    gap_at: Milliseconds | None
    gap_page: int | None
    history_page: int
    history_done: int
    messages: int


def chat_state(writer: Writer, chat_id: str) -> ChatState | None:
    """The state of a chat, None where the cache does not know it."""
    row = writer.cache.execute(
        "SELECT id, profile_id, last_message_at, pulled_at IS NOT NULL, pulled_to, gap_at, gap_page, "
        "history_page, history_done, messages FROM chats WHERE id = ?",
        (chat_id,),
    ).fetchone()
    return None if row is None else ChatState(*row)


def newest_page(state: ChatState, page: Page[Message], asked: int) -> MessagePage:
    """What the newest messages of a chat say about how far it is read.

    A page that does not reach what was newest before leaves a gap. It is closed from the page behind
    this one on, or from the start where this one was a short look. Messages that are newer than the chat's
    record move its times: the list may never tell of them, as behind a full page of others a chat that is
    known already is not missed.
    """
    times = [message.position[0] for message in page.items]
    newest_for, moves = state.last_message_at, False
    if max(times, default=0) > (newest_for or 0):
        newest = max((at for at in newest_times(page.items) if at is not None), default=None)
        if newest is not None and (newest_for is None or newest > newest_for):
            newest_for, moves = newest, True
    whole = is_last(page, 0, asked)
    gap = bool(state.pulled) and not whole and min(times, default=0) > (state.pulled_to or 0)
    first = not state.pulled
    return MessagePage(
        chat_id=state.id,
        messages=page.items,
        newest=True,
        newest_for=newest_for,
        moves=moves,
        pulled_to=max(times, default=0),
        total=page.total,
        gap_page=(1 if asked == PAGE else 0) if gap else None,
        next_history_page=1 if first and not whole else None,
        history_done=first and whole,
    )


def gap_page(state: ChatState, page: Page[Message], number: int) -> MessagePage:
    """What a page between the newest and the rest says; it holds news, not history."""
    oldest = min((message.position[0] for message in page.items), default=0)
    last = is_last(page, number, PAGE)
    closed = last or oldest <= (state.gap_at or 0)
    return MessagePage(
        chat_id=state.id,
        messages=page.items,
        gap_page=None if closed else number + 1,
        gap_closed=closed,
        total=page.total if last and not state.gap_at else None,
    )


def history_page(state: ChatState, page: Page[Message], number: int) -> MessagePage:
    """What a page of older messages says. Pages that are cached already are not asked for again."""
    last = is_last(page, number, PAGE)
    cached = state.messages // (min(page.per_page, PAGE) or PAGE) if state.gap_page is None else 0
    return MessagePage(
        chat_id=state.id,
        messages=page.items,
        history=True,
        next_history_page=None if last else max(number + 1, cached),
        history_done=last,
    )


def is_last(page: Page[Message], number: int, asked: int) -> bool:
    """Whether nothing comes behind a page with this number, of which `asked` messages were asked for."""
    count = len(page.items) + len(page.rejected)
    size = min(page.per_page, asked) or asked
    if page.total is not None:
        return count == 0 or number * size + count >= page.total
    return count < size
