"""Search: messages and customers as one types, and what could not be searched."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from inbox_tui.core.models import Chat, Profile
from inbox_tui.core.query import QueryError
from inbox_tui.core.summary import counted
from inbox_tui.store import find, screens
from inbox_tui.store.coverage import Coverage, coverage, partial_chats
from inbox_tui.store.find import Order
from inbox_tui.ui.dialogs.fields import FieldDialog
from inbox_tui.ui.hits import HitList, HitRow, HitSource
from inbox_tui.ui.rows import VirtualRows
from inbox_tui.ui.session import Session
from inbox_tui.ui.trail import PAGE, Trail

PEOPLE = 3
"""Customers that are shown above the messages at most."""
OLDER_CHATS = 20
"""Chats of which one page of older messages is asked for at a time."""
AGAIN_SECONDS = 1.0
"""How long what was found stands before a change of the store has it looked for again."""
ANSWER_SECONDS = 2.0
"""How long a key that is about what is found waits for that."""
NEAR_END = 10
"""So many rows before the last hit that was read, the next ones are read."""
HELP = """
 Words, "an exact phrase", -without
 from:jane  platform:tg  profile:acme  label:vip
 is:unread  has:image|file|link|reaction|buttons
 after:7d  before:2026-05-01
"""
"""What the empty list says of the language."""
ORDERS: Mapping[Order, str] = {
    Order.DATE: "newest first",
    Order.RANK: f"best first, of the newest {find.RANKED:,}",
}
"""What an order of hits is called."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where the person wants to go: to a chat, or to a hit on a trail."""

    chat: Chat
    trail: Trail | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is on the screen when this dialog is left, to come back to."""

    text: str = ""
    order: Order = Order.DATE


class Search(FieldDialog[Chosen | None]):
    """Enter goes to the hit under the cursor; what is typed stays for the next time."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "enter": "choose",
        "escape": "leave",
        "down": "next",
        "up": "previous",
        "pagedown": "page_down",
        "pageup": "page_up",
        "ctrl+r": "switch_order",
        "ctrl+f": "fetch_older",
    }
    CSS = """
    #search { width: 110; height: 96%; max-height: 100%; }
    #search-fault { color: $text-error; max-height: 4; }
    #search-left { color: $text-warning; max-height: 2; }
    #search-field { height: 1; }
    HitList { background: $surface; margin: 1 0; }
    HitList > .hits--row { background: $surface; }
    HitList > .hits--cursor { background: $primary-muted; }
    HitList > .hits--name { color: $words; }
    HitList > .hits--muted { color: $quiet; }
    HitList > .hits--found { color: $text-warning; text-style: bold underline; }
    HitList > .hits--facebook { color: $platform-facebook; }
    HitList > .hits--instagram { color: $platform-instagram; }
    HitList > .hits--telegram { color: $platform-telegram; }
    HitList > .hits--bluesky { color: $platform-bluesky; }
    HitList > .hits--unknown { color: $words; }
    """

    def __init__(
        self,
        session: Session,
        profiles: Iterable[Profile],
        zone: tzinfo,
        before: Asked,
    ) -> None:
        """`before`: what was asked the last time; typing replaces it."""
        super().__init__()
        self._session = session
        self._searcher = session.searcher("search")
        self._profiles = list(profiles)
        self._zone = zone
        self.asked = before
        self._trail: Trail | None = None
        self._people: list[Chat] = []
        self._left = Coverage()
        self._count_left = True
        """Whether what could not be searched is to be counted anew."""
        self._wanted: Trail | None = None
        """What is being looked for."""
        self._wrong = False
        """What stands in the field cannot be understood, so the list is not what it asks for."""
        self._answered = asyncio.Event()
        """Set while nothing is being looked for."""
        self._answered.set()
        self._chosen = False
        """Enter was pressed, and the answer is not there yet."""
        self._again: Timer | None = None
        self._older = 0

    def compose(self) -> ComposeResult:
        """The field, what is wrong with it, what was found, what could not be searched."""
        with Vertical(id="search") as box:
            box.border_title = Content("Search")
            yield Input(self.asked.text, placeholder="words, from:jane, has:image, after:7d …", compact=True,
                        id="search-field")  # fmt: skip
            yield Static(id="search-fault")
            yield HitList(self._session.clock, self._zone, id="hits")
            yield Static(id="search-left")
            yield Static(id="search-keys")

    def on_mount(self) -> None:
        """Look for what was asked the last time."""
        self.query_one("#search-fault").display = self.query_one("#search-left").display = False
        self._list.empty_text = HELP
        self.set_focus(self.query_one(Input))
        self._look()
        super().on_mount()

    @property
    def _list(self) -> HitList:
        return self.query_one(HitList)

    # Asking.

    async def take(self, event: events.Key | events.Paste) -> None:
        """Keys that are about what was found wait for it, if that does not take long; letters do not."""
        # Enter goes by an answer that took longer, unless something else was pressed meanwhile.
        self._chosen = False
        if isinstance(event, events.Key) and event.key in self.KEYS and event.key != "escape":
            self._take_text()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), ANSWER_SECONDS)
        await super().take(event)

    @property
    def _looking(self) -> bool:
        return self._wanted is not None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._take_text()

    def _take_text(self) -> None:
        """Look for what stands in the field, if nobody does yet: a key may come before the news of it."""
        text = self.query_one(Input).value
        if text != self.asked.text:
            self.asked = Asked(text, self.asked.order)
            self._look()

    def store_changed(self) -> None:
        """Look again, not more often than a person can read."""
        if self._again is None:
            self._again = self.set_timer(AGAIN_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self._count_left = True
        if not self._looking:
            self._look(stay=True)

    def _look(self, *, stay: bool = False) -> None:
        """Have what is asked now looked for; `stay`: the question is the same, only the data changed."""
        try:
            plan = find.plan(self.asked.text, self._profiles, now=self._session.clock.now(), zone=self._zone)
        except QueryError as error:
            mark = error.pointed.splitlines()[1]
            fits = len(mark) < self.query_one(Input).size.width
            self._say("#search-fault", f"{mark}\n{error}" if fits else str(error))
            self._wrong = True
            return
        self._wrong = False
        self._say("#search-fault", "")
        count = len(self._trail.hits) if stay and self._trail is not None else 0
        trail = Trail(plan, self.asked.order)
        self._want(trail)
        self.run_worker(self._answer(trail, max(count, PAGE), stay=stay), exit_on_error=False)

    def _want(self, trail: Trail | None) -> None:
        self._wanted = trail
        if trail is None:
            self._answered.set()
        else:
            self._answered.clear()

    async def _answer(self, trail: Trail, count: int, *, stay: bool) -> None:
        counts, self._count_left = self._count_left, False

        def question(reader: sqlite3.Connection) -> tuple[list[Chat], Coverage | None]:
            people: list[Chat] = []
            if trail.plan.text.strip():
                while len(trail.hits) < count and trail.read_on(reader) and trail.more:
                    pass
                people = [chat for _, chat in find.people(reader, trail.plan, PEOPLE)]
            return people, coverage(reader) if counts else None

        try:
            found = await self._searcher.ask(question)
        except Exception:
            # It is told by the inbox, as any fault in the background.
            if trail is self._wanted:
                self._chosen = False
                self._want(None)
            raise
        if found is None or trail is not self._wanted:
            # A newer question is under way; it is for that one to count, and for Enter to go by.
            self._count_left |= counts
            return
        self._wanted = None
        self._trail = trail
        self._people = found[0]
        self._left = found[1] or self._left
        self._show(stay=stay)
        if self._chosen:
            self.choose()
        if self._wanted is None:
            self._answered.set()

    def _show(self, *, stay: bool) -> None:
        assert self._trail is not None
        asked = bool(self._trail.plan.text.strip())
        self._list.empty_text = " Nothing was found" if asked else HELP
        source = HitSource(self._people, self._trail.hits)
        if stay and self._list.window_rows:
            self._list.replace(source)
        else:
            self._list.show(source)
        self._draw_edges()

    def _draw_edges(self) -> None:
        trail = self._trail
        count = 0 if trail is None else len(trail.hits)
        more = trail is not None and trail.more
        box = self.query_one("#search", Vertical)
        found = f"{count:,}+ messages" if more else counted(count, "message")
        asked = trail is not None and bool(trail.plan.text.strip())
        box.border_subtitle = Content(f"{found} · {ORDERS[self.asked.order]}" if asked else "")
        self._say("#search-left", self._left_words())
        other = "best first" if self.asked.order is Order.DATE else "newest first"
        older = " · Ctrl+F fetch older" if self._left.partial else ""
        keys = f"⏎ go there · ↑↓ move · Ctrl+R {other}{older} · Esc leave"
        self.query_one("#search-keys", Static).update(Content(keys).stylize("dim"))

    def _left_words(self) -> str:
        left = self._left
        parts = []
        if left.unindexed:
            parts.append(f"{counted(left.unindexed, 'message')} still to be indexed")
        if left.unlisted or left.unfetched:
            parts.append(f"{counted(left.unlisted + left.unfetched, 'chat')} still to be fetched")
        if left.partial:
            asked = f" (asked for {self._older})" if self._older else ""
            parts.append(f"older messages of {counted(left.partial, 'chat')}{asked}")
        return f"Not searched: {', '.join(parts)}" if parts else ""

    def _say(self, selector: str, words: str) -> None:
        widget = self.query_one(selector, Static)
        widget.update(Content(words))
        widget.display = bool(words)

    # What the keys do.

    def next(self) -> None:
        """The hit below."""
        self._move(1)

    def previous(self) -> None:
        """The hit above."""
        self._move(-1)

    def page_down(self) -> None:
        """Half a screen down."""
        self._move(max(1, self._list.size.height // 4))

    def page_up(self) -> None:
        """Half a screen up."""
        self._move(-max(1, self._list.size.height // 4))

    def _move(self, rows: int) -> None:
        self._list.move_cursor(rows)
        row, trail = self._list.cursor_row, self._trail
        if row is None or trail is None or not trail.more or self._looking:
            return
        if int(row.key[0]) + NEAR_END >= len(self._people) + len(trail.hits):
            self._want(trail)
            self.run_worker(self._read_on(trail), exit_on_error=False)

    async def _read_on(self, trail: Trail) -> None:
        """Bring in what comes behind the last hit."""
        try:
            found = await self._searcher.ask(trail.read_on)
        finally:
            if trail is self._wanted:
                self._want(None)
        if found is None or trail is not self._trail:
            return
        self._list.replace(HitSource(self._people, trail.hits))
        self._draw_edges()

    def switch_order(self) -> None:
        """The newest first, or the best."""
        order = Order.RANK if self.asked.order is Order.DATE else Order.DATE
        self.asked = Asked(self.asked.text, order)
        self._look()

    def fetch_older(self) -> None:
        """Ask for a page of older messages of the chats that the query is about."""
        if self._trail is None or not self._left.partial:
            return
        self.run_worker(self._want_older(self._trail), exit_on_error=False)

    async def _want_older(self, trail: Trail) -> None:
        # Not in the place of what is being looked for.
        steps = self._session.searcher("steps")
        found = await steps.ask(partial(partial_chats, plan=trail.plan, limit=OLDER_CHATS))
        for chat_id in found or ():
            self._session.do(screens.need, "older", chat_id)
        if found is not None:
            self._older += len(found)
            self._draw_edges()

    def choose(self) -> None:
        """Go to what is under the cursor, of the answer to what is asked now."""
        self._take_text()
        self._chosen = self._looking and not self._wrong
        if not self._looking and not self._wrong:
            self._go(self._list.cursor_row)

    @on(VirtualRows.Chosen)
    def _clicked(self, event: VirtualRows.Chosen) -> None:
        event.stop()
        if isinstance(event.row, HitRow):
            self._go(event.row)

    def _go(self, row: HitRow | None) -> None:
        if row is None or self._trail is None:
            return
        if row.hit is None:
            self.dismiss(Chosen(row.chat))
            return
        self._trail.at = row.hit
        self.dismiss(Chosen(row.chat, self._trail))

    def leave(self) -> None:
        """Close; the text stays for the next time."""
        self.dismiss(None)
