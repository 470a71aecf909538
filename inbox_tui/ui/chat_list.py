"""The chat list: two lines a chat, in the order of its view."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.strip import Strip

from inbox_tui.core.models import Milliseconds
from inbox_tui.core.times import age
from inbox_tui.store.clock import ServerClock
from inbox_tui.store.reads import ChatListing, ChatRow, Key, Source
from inbox_tui.store.views import View, ViewSource
from inbox_tui.ui.badges import Badge, kept_marks, state_badge, window_badge
from inbox_tui.ui.lines import StyledText, explanation, one_line
from inbox_tui.ui.platforms import platform_class, platform_code
from inbox_tui.ui.rows import VirtualRows
from inbox_tui.ui.selection import GLYPH, Selection


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The place of a person in a list: the row at the top of the screen, and the chat under the cursor."""

    top: Key
    cursor: Key
    pk: int


class ChatList(VirtualRows[ChatRow]):
    """The chats of a view or of a query, those of all profiles in one list."""

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
        """The chat (pk) that the last key was about, where it may take it out of the list."""

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

        What leaves by itself leaves a gap: no key may hit a chat that came under the cursor unasked. What had
        left before the act is not taken away by it.
        """
        was_here = self._cursor_index() is not None
        super().reread()
        if was_here and self.has_focus and self._cursor == self.acted_on:
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
        # In this order: whether a list tells places is the slowest of the questions.
        if not isinstance(pk, int) or self._cursor_index() is not None or not isinstance(source, ChatListing):
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
        first = one_line(
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
        second = one_line(
            [("▌   " if row.unread else "    ", platform), (words, words_style)],
            _badge(state_badge(row, now), style),
            width,
            background,
        )
        return [first, second]

    def _preview(self, row: ChatRow) -> str:
        if not row.preview:
            return "no messages yet" if not row.estimated else ""
        return row.last_words

    def draw_empty(self, width: int, height: int) -> list[Strip]:
        """Why there is nothing."""
        ground = self.rich_style
        return explanation(self.empty_text, ground + self.style_of("chat-list--muted"), width, height, ground)


def _badge(badge: Badge | None, style: Callable[[str], Style]) -> list[StyledText]:
    return [] if badge is None else [(f" {badge.text}", style(badge.style))]
