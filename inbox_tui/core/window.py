"""The messaging window of Facebook and Instagram: when a business may write, as absolute times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from inbox_tui.core.models import Chat, Milliseconds, Platform

SECOND: Milliseconds = 1_000
MINUTE: Milliseconds = 60 * SECOND
HOUR: Milliseconds = 60 * MINUTE
WINDOW: Milliseconds = 24 * HOUR
"""How long Meta lets a business write after the customer's last message (seed, introduction)."""
WINDOW_PLATFORMS = frozenset({Platform.FACEBOOK, Platform.INSTAGRAM})
"""Those that have a window; the others can be written to at any time (seed, introduction)."""
CLOSING: Milliseconds = 4 * HOUR
URGENT: Milliseconds = HOUR


class WindowState(StrEnum):
    """Where a messaging window stands at a moment."""

    NOT_APPLICABLE = "not applicable"
    NEVER_OPENED = "never opened"
    OPEN = "open"
    CLOSING = "closing"
    """At most 4 hours are left."""
    URGENT = "urgent"
    """At most 1 hour is left."""
    CLOSED = "closed"
    """Worded "probably closed": a reaction can have opened it unseen."""


@dataclass(frozen=True, slots=True)
class Window:
    """The messaging window of a chat, independent of the clock."""

    known: bool
    """False: the platform has no window. True without `closes_at`: it never opened."""
    closes_at: Milliseconds | None = None


NO_WINDOW = Window(known=False)


def window(
    platform: str,
    last_inbound_at: Milliseconds | None,
    cached_inbound_at: Milliseconds | None = None,
    last_referral_at: Milliseconds | None = None,
    *,
    said_open: bool | None = None,
    said_at: Milliseconds = 0,
) -> Window:
    """The messaging window: 24 hours from the newest of the three times; Facebook and Instagram only.

    `cached_inbound_at` is the newest inbound message in the cache, deleted ones too. The server's own word
    (`said_open` at `said_at`: a refused send, or a field of the record) overrides the clock: "closed" ends
    the window there unless the customer wrote later; "open" means that something unseen opened it, at the
    latest then.
    """
    if platform not in WINDOW_PLATFORMS:
        return NO_WINDOW
    opened = max(filter(None, (last_inbound_at, cached_inbound_at, last_referral_at)), default=None)
    closes_at = None if opened is None else opened + WINDOW
    if said_open and (closes_at is None or closes_at <= said_at):
        return Window(True, said_at + WINDOW)
    if said_open is False and opened is not None and opened <= said_at:
        closes_at = min(opened + WINDOW, said_at)
    return Window(True, closes_at)


def window_state(closes_at: Milliseconds | None, now: Milliseconds, *, known: bool = True) -> WindowState:
    """Where the window stands at `now` (server time). `known` False: the platform has none."""
    if not known:
        return WindowState.NOT_APPLICABLE
    if closes_at is None:
        return WindowState.NEVER_OPENED
    left = closes_at - now
    if left <= 0:
        return WindowState.CLOSED
    if left <= URGENT:
        return WindowState.URGENT
    return WindowState.CLOSING if left <= CLOSING else WindowState.OPEN


def window_of(chat: Chat) -> Window:
    """The window by the chat's row alone: its last inbound message and its last referral.

    The row's own `within_messaging_window`, where the API gives it, is not read here: it says what held when
    the row was fetched. Whoever knows that time passes it to `window`.
    """
    return window(chat.platform, chat.last_inbound_at, None, referral_at(chat))


def referral_at(chat: Chat) -> Milliseconds | None:
    """`metadata.last_referral_at`, which opens the window as a message does; None: none, or unreadable."""
    value = chat.metadata.get("last_referral_at")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        # A referral that cannot be read only makes the window look smaller than it is.
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
