"""The chat list: two lines a chat, newest activity first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inbox_tui.core.cells import cells, truncate, wrap
from inbox_tui.core.models import Milliseconds, Platform, Status
from inbox_tui.core.ranking import FOREVER
from inbox_tui.core.times import age, duration
from inbox_tui.core.window import CLOSING, URGENT
from inbox_tui.store.clock import ServerClock
from inbox_tui.store.reads import ChatListing, ChatRow, Key, Source
from inbox_tui.store.views import View, ViewSource
from inbox_tui.ui.rows import VirtualRows
from inbox_tui.ui.selection import GLYPH, Selection

PLATFORM_CODES: Mapping[str, str] = {
    Platform.FACEBOOK: "fb",
    Platform.INSTAGRAM: "ig",
    Platform.TELEGRAM: "tg",
    Platform.BLUESKY: "bs",
}


def platform_code(platform: str) -> str:
    """Two letters for a platform; an unknown one shows its own first two."""
    return PLATFORM_CODES.get(platform, truncate(platform, 2) or "??")


def platform_class(prefix: str, platform: str) -> str:
    """The component class of a platform's colour."""
    return f"{prefix}--{platform if platform in PLATFORM_CODES else 'unknown'}"


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


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The place of a person in a list: the row at the top of the screen, and the chat under the cursor."""

    top: Key
    cursor: Key
    pk: int


class ChatList(VirtualRows[ChatRow]):
    """Every chat of every profile in one list."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chat-list--row",
        "chat-list--cursor",
        "chat-list--cursor-resting",
        "chat-list--name",
        "chat-list--strong",
        "chat-list--muted",
        "chat-list--warning",
        "chat-list--error",
        "chat-list--accent",
        "chat-list--unread",
        "chat-list--selected",
        "chat-list--facebook",
        "chat-list--instagram",
        "chat-list--telegram",
        "chat-list--bluesky",
        "chat-list--unknown",
    }
    descending = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty_text = ""
        self.clock = ServerClock()
        self.selection = Selection()
        """What is selected; changed by `select` and `unselect` only."""
        self.acted_on: int | None = None
        """The chat (pk) that was under the cursor at the last key."""

    def show(self, source: Source[ChatRow] | None, *, end: bool = False, at: Key | None = None) -> None:
        """Show another list, of which nothing is selected."""
        self.selection.clear()
        super().show(source, end=end, at=at)

    @property
    def place(self) -> Key | None:
        """Where the cursor stands, or stood when its chat left the list."""
        return self._place

    def bookmark(self) -> Bookmark | None:
        """Where the person is; None in an empty list, and at the start of one, which may grow there."""
        rows, top = self._window.rows, self._view.top
        if not rows or self._place is None or not isinstance(self._cursor, int):
            return None
        at_start = not self._window.more_before and top == 0
        if at_start and self._cursor == rows[0].pk:
            return None
        return Bookmark(rows[top].key, self._place, self._cursor)

    def show_at(self, source: Source[ChatRow], place: Bookmark | None) -> None:
        """Show another list at a place that was kept; without one, from its start."""
        self.show(source, at=None if place is None else place.top)
        if place is None or not self._window.rows:
            return
        key = source.place_of(place.pk) if isinstance(source, ChatListing) else None
        if key is not None:
            self.point_at(key)
        else:
            self._stand_at(place.cursor)

    def reread(self) -> None:
        """Read again; where the person's own act took the chat under the cursor away, stand on the next.

        What leaves by itself leaves a gap: no key may hit a chat that came under the cursor unasked.
        """
        super().reread()
        if self.has_focus and self._cursor == self.acted_on:
            self.close_gap()

    def close_gap(self) -> None:
        """Where the chat under the cursor has left the list, stand on the one that has taken its place.

        As long as that chat is open, the cursor waits in the gap, so that the next chat is the next.
        """
        if self.missing is not None and self._place is not None:
            self._stand_at(self._place)

    @property
    def missing(self) -> int | None:
        """The chat (pk) under the cursor, where it has left the list by itself and left a gap."""
        source, pk = self.source, self._cursor
        if not isinstance(source, ChatListing) or not isinstance(pk, int) or self._cursor_index() is not None:
            return None
        return pk if source.place_of(pk) is None else None

    def _stand_at(self, key: Key) -> None:
        """Put the cursor on the row at a key or, where there is none, on the next one, else on the last."""
        window = self._window
        if not window.rows:
            self._cursor = self._place = None
            return
        if window.misses(key):
            self._view.read_around(key)
        self._point(min(window.index_at(key), len(window.rows) - 1))

    def select(self, change: Callable[[Selection], object]) -> None:
        """Change what is selected, and draw it."""
        self.tick(lambda: change(self.selection))

    def unselect(self) -> None:
        """Select nothing."""
        self.select(Selection.clear)

    def way_from(self, row: ChatRow) -> list[str] | None:
        """The chats behind a row up to the cursor, in the order of the way there; None: not all is read."""
        rows = self._window.rows
        start = next((number for number, each in enumerate(rows) if each.pk == row.pk), None)
        end = self._cursor_index()
        if start is None or end is None:
            return None
        step = 1 if end >= start else -1
        return [rows[number].chat.id for number in range(start + step, end + step, step)]

    def identity(self, row: ChatRow) -> Hashable:
        """A chat stays the same wherever it stands."""
        return row.pk

    def draw_key(self, row: ChatRow, previous: ChatRow | None) -> Hashable:
        """Ages and countdowns move with the clock: the words themselves are the key."""
        now = self.clock.now()
        words = (age(now - self._time_of(row)), window_badge(row, now), state_badge(row, now))
        return (*words, row.chat.id in self.selection)

    def _time_of(self, row: ChatRow) -> Milliseconds:
        """What the time at the right counts from: in Now the wait that ranks it, else the last message."""
        source, waits = self.source, row.needs_reply_since
        if (
            isinstance(source, ViewSource)
            and source.view is View.NOW
            and row.unanswered
            and waits is not None
        ):
            return waits
        return row.active_at

    def draw(self, row: ChatRow, previous: ChatRow | None, width: int, *, cursor: bool) -> list[Strip]:
        """Platform, name and age; preview and state."""
        base = "chat-list--row"
        if cursor:
            base = "chat-list--cursor" if self.has_focus else "chat-list--cursor-resting"
        background = self.rich_style + self.style_of(base)

        def style(name: str) -> Style:
            return background + self.style_of(name)

        now = self.clock.now()
        muted = style("chat-list--name" if cursor and self.has_focus else "chat-list--muted")
        name_style = style("chat-list--strong" if row.unread else "chat-list--name")
        platform = style(platform_class("chat-list", row.chat.platform))
        edge = ("▌" if row.unread else " ", platform)
        first = _line(
            [
                (GLYPH, style("chat-list--selected")) if row.chat.id in self.selection else edge,
                # The ground alone does not tell which chat is open, least of all without colours.
                (f"{platform_code(row.chat.platform)}{'▸' if cursor else ' '}", platform),
                ("★ " if row.pinned else "", platform),
                (row.chat.title, name_style),
            ],
            [
                *([(f" {marks}", style("chat-list--accent"))] if (marks := kept_marks(row)) else []),
                *_badge(window_badge(row, now), style),
                (f" {'~' if row.estimated else ''}{age(now - self._time_of(row))}", muted),
            ],
            width,
            background,
        )
        words, words_style = self._preview(row), muted
        if row.unread:
            words_style = style("chat-list--name")
        second = _line(
            [("▌   " if row.unread else "    ", platform), (words, words_style)],
            _badge(state_badge(row, now), style),
            width,
            background,
        )
        return [first, second]

    def _preview(self, row: ChatRow) -> str:
        if not row.preview:
            return "no messages yet" if not row.estimated else ""
        return f"you: {row.preview}" if row.preview_from else row.preview

    def draw_empty(self, width: int, height: int) -> list[Strip]:
        """Why there is nothing."""
        style = self.rich_style + self.style_of("chat-list--muted")
        lines = wrap(self.empty_text, max(8, width - 4))[: height - 1]
        return [
            Strip.blank(width, self.rich_style),
            *(_line([("  " + line, style)], [], width, self.rich_style) for line in lines),
        ]


def _badge(badge: Badge | None, style: Callable[[str], Style]) -> list[tuple[str, Style]]:
    return [] if badge is None else [(f" {badge.text}", style(badge.style))]


def _line(
    left: list[tuple[str, Style]], right: list[tuple[str, Style]], width: int, background: Style
) -> Strip:
    """One line: the left parts cut to what the right parts leave."""
    room = max(0, width - sum(cells(text) for text, _ in right))
    segments: list[Segment] = []
    for text, style in left:
        text = truncate(text, room)
        room -= cells(text)
        segments.append(Segment(text, style))
    segments.append(Segment(" " * room, background))
    segments += [Segment(text, style) for text, style in right]
    return Strip(segments).adjust_cell_length(width, background)
