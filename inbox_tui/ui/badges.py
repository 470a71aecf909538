"""The signs of a chat in its row of the list: the state of its window, what waits, what is kept with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox_tui.core.models import Milliseconds, Status
from inbox_tui.core.ranking import FOREVER
from inbox_tui.core.times import duration
from inbox_tui.core.window import CLOSING, URGENT
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.selection import GLYPH


@dataclass(frozen=True, slots=True)
class Badge:
    """A short mark at the right edge, with the component class of its colour."""

    text: str
    style: str


def window_badge(row: ChatRow, now: Milliseconds) -> Badge | None:
    """The countdown of the reply window once it is closing, or that it is closed on an open question."""
    closes = row.window_closes_at
    if closes is None:
        return None
    left = closes - now
    if left > CLOSING:
        return None
    if left > 0:
        return Badge(f"⏳{duration(left)}", "chat-list--error" if left <= URGENT else "chat-list--warning")
    return Badge("closed", "chat-list--muted") if row.unanswered else None


def state_badge(row: ChatRow, now: Milliseconds) -> Badge | None:
    """The most urgent state of a chat at a time of the server, in a word or a glyph."""
    if row.uncertain:
        return Badge(f"? {_of_what(row, 'uncertain')}", "chat-list--error")
    if row.failed:
        return Badge(f"✗ {_of_what(row, 'failed')}", "chat-list--error")
    if row.retrying_since is not None:
        return Badge("… retrying", "chat-list--warning")
    if row.leaving:
        return Badge("… waiting" if row.leaving == 1 else f"… {row.leaving} waiting", "chat-list--warning")
    if row.draft:
        return Badge("✎ draft", "chat-list--accent")
    if row.snoozed_until is not None and now < row.snoozed_until:
        left = "snoozed" if row.snoozed_until >= FOREVER else duration(row.snoozed_until - now)
        return Badge(f"☾ {left}", "chat-list--muted")
    if row.done:
        words = f"done · {row.unread}" if row.unread else "done"
        return Badge(words, "chat-list--muted")
    if row.unread:
        return Badge(str(row.unread), "chat-list--unread")
    if row.unanswered:
        return Badge("↩", "chat-list--warning")
    return None


def _of_what(row: ChatRow, state: str) -> str:
    """A state of a send of ours, named so that it is not read as that of other words beside it."""
    if row.preview_from == Status.FAILED:
        return state
    return "earlier" if row.preview_from else f"send {state}"


NOTE, LABELS = "¶", "#"
"""That something is kept with a chat, before its age."""


def kept_marks(row: ChatRow) -> str:
    """Signs that a private note or labels are kept with a chat; empty where neither is."""
    return f"{NOTE if row.note else ''}{LABELS if row.labels else ''}"


LEGEND: Sequence[tuple[str, str]] = (
    (f"▌ {GLYPH} ★", "Unread, selected, pinned"),
    (NOTE, "A private note is kept with the chat"),
    (LABELS, "It has labels"),
    ("5m 2h 3d", "Since the last message; in Now, how long the customer has waited for a reply"),
    ("~", "That time is estimated: not all of the chat is read yet"),
    ("⏳2h · closed", "When the reply window closes; that it is closed on an open question"),
    ("3 · ↩", "So many are unread; read, and a reply is due"),
    ("✎ ☾ …", "A draft; snoozed for so long; on its way, or waiting to leave"),
    ("✗ ? failed", "Your words beside it failed, or nobody knows whether they arrived"),
    ("✗ ? send failed", "Not the customer's words beside it, but yours before them"),
    ("✗ ? earlier", "Not your words beside it, but others before them"),
)
"""What the signs of a row mean."""
