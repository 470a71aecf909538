"""The view that the list shows: the store's own views and saved queries, each with the place in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from inbox_tui.store.reads import ChatFilter, ChatListing, ChatRow, ChatSource, Key, PickedSource, Source
from inbox_tui.store.views import View, ViewSource, next_change
from inbox_tui.ui import opening
from inbox_tui.ui.chat_list import Bookmark

if TYPE_CHECKING:
    from inbox_tui.core.models import Milliseconds
    from inbox_tui.store.search import Scan
    from inbox_tui.ui.inbox import InboxScreen

SETTLE_SECONDS = 2.0
"""How long a key waits for what the keys before it have written."""


class Views:
    """What the list of the inbox screen shows, and when it has to be asked again.

    A filter looks at all chats and lies over the view; taken off, the view is as it was left.
    """

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self.current: View | str = View.ALL
        """A view of the store, or the name of a saved query."""
        self.first_sync = False
        """The session began while the chats were still being listed, so their order is not settled."""
        self.awaits_all = False
        """Opened while the chats were not all listed: Now follows, unless the person has begun elsewhere."""
        self._source: Source[ChatRow] | None = None
        """What the view shows; a filter over it shows another."""
        self._places: dict[View | str, Bookmark | None] = {}
        self._due: Milliseconds | None = None
        self._asked = 0
        self._found = asyncio.Event()
        """No saved query is being looked up."""
        self._found.set()

    # What is shown.

    def open(self) -> None:
        """Show the first view of a session, as it stands on the screen since the first paint."""
        self.first_sync = self.awaits_all = not self._inbox.profiles.all_listed
        self.go(opening.first_view(listed=self._inbox.profiles.all_listed))

    def all_listed(self, *, touched: bool) -> None:
        """All chats are listed by now: turn to Now, or tell who has begun to work where that is."""
        if not self.awaits_all:
            return
        self.awaits_all = False
        if not touched:
            self.go(opening.first_view(listed=True))
        elif self.current is View.ALL:
            self._inbox.say(
                f"All chats are listed. {self._inbox.keymap.label('view_now')} shows what needs you"
            )

    @property
    def covered(self) -> bool:
        """Whether a filter lies over the view."""
        return self._inbox.filter_bar.active

    def go(self, view: View | str) -> None:
        """Show a view at the place where it was left; the one that is shown keeps its place."""
        inbox = self._inbox
        self.leave_place()
        # Its message comes later and finds the view shown.
        inbox.filter_bar.close()
        self.current = view
        self._show()
        inbox.edges.draw()

    def back(self) -> None:
        """Show the view again that a filter lay over."""
        if self._inbox.chats.source is not self._source:
            self._show()

    def leave_place(self) -> None:
        """Keep the place in the view before something else is shown."""
        chats = self._inbox.chats
        if self._source is not None and chats.source is self._source:
            self._places[self.current] = chats.bookmark()

    def _show(self) -> None:
        self._ask_the_clock()
        if isinstance(self.current, View):
            self._source = self._view_source(self.current)
            self._inbox.chats.show_at(self._source, self._places.get(self.current))
        else:
            self._pick(self.current, stay=False)

    def _view_source(self, view: View) -> ViewSource:
        session = self._inbox.session
        return ViewSource(session.reader, view, session.clock.now())

    def _ask_the_clock(self) -> None:
        session = self._inbox.session
        self._due = next_change(session.reader, session.clock.now())

    # What changes.

    def refresh(self) -> None:
        """Read again what is shown, after data or the clock changed it; the person stays where they are."""
        inbox = self._inbox
        self._ask_the_clock()
        if self.covered:
            if isinstance(inbox.chats.source, PickedSource):
                inbox.filter_bar.refresh_list()
            else:
                inbox.chats.reread()
        elif isinstance(self.current, View):
            self._source = self._view_source(self.current)
            inbox.chats.replace(self._source)
        else:
            self._pick(self.current, stay=True)

    def tick(self) -> None:
        """Read again where the clock alone has moved a chat since."""
        if self._due is not None and self._due <= self._inbox.session.clock.now():
            self.refresh()

    async def settle(self) -> None:
        """Wait for what the keys before have written, so that the next one is about what it has led to.

        A chat that was closed has left the list by then, and the cursor stands on the next one.
        """
        inbox = self._inbox
        written, inbox.session.asked = inbox.session.asked, None
        if written is not None:
            # What became of it is told by the one who asked for it.
            await asyncio.wait([asyncio.wrap_future(written)], timeout=SETTLE_SECONDS)
            inbox.pulse.take_changes()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._found.wait(), SETTLE_SECONDS)

    # Saved queries.

    def changed(self, before: Mapping[str, str]) -> None:
        """Go by the saved queries that are in force now; `before`: those until now, by their names."""
        now = self._inbox.preferences.views
        self._places = {
            view: at for view, at in self._places.items() if isinstance(view, View) or view in now
        }
        name = self.current
        if isinstance(name, View) or now.get(name) == before[name]:
            return
        renamed = [other for other in now if now[other] == before[name] and other not in before]
        if name in now or renamed:
            self.current = name if name in now else renamed[0]
            self.refresh()
        else:
            self.go(View.NOW)
            self._inbox.say(f"The saved view {name} is gone from the configuration; this is Now")

    def _pick(self, name: str, *, stay: bool) -> None:
        """Find the chats of a saved query; where that takes a look at each, in a thread."""
        from inbox_tui.core.query import QueryError
        from inbox_tui.store import search

        inbox = self._inbox
        now = inbox.session.clock.now()
        try:
            query, zone = inbox.preferences.views[name], inbox.thread.zone or UTC
            plan = search.plan(query, inbox.profiles.by_id.values(), now=now, zone=zone)
        except QueryError as error:
            inbox.say(f"The view {name} cannot be shown. {error}")
            self._picked(PickedSource(inbox.session.reader, []), stay=stay)
            return
        if isinstance(plan, ChatFilter):
            self._picked(ChatSource(inbox.session.reader, plan), stay=stay)
            return
        if not stay:
            # Nothing of another view is to be taken for this one meanwhile.
            self._picked(PickedSource(inbox.session.reader, []), stay=False)
        self._asked += 1
        self._found.clear()
        inbox.background(self._scan(name, plan, self._asked, stay=stay))

    async def _scan(self, name: str, plan: Scan, asked: int, *, stay: bool) -> None:
        from inbox_tui.store.search import pick

        try:
            keys = await asyncio.to_thread(pick, self._inbox.session.folder, plan)
            if asked == self._asked and name == self.current and not self.covered:
                self._picked(PickedSource(self._inbox.session.reader, keys), stay=stay)
                self._inbox.edges.draw()
        finally:
            if asked == self._asked:
                self._found.set()

    def _picked(self, source: Source[ChatRow], *, stay: bool) -> None:
        self._source = source
        if stay:
            self._inbox.chats.replace(source)
        else:
            self._inbox.chats.show_at(source, self._places.get(self.current))

    # Single chats.

    def reveal(self, row: ChatRow) -> None:
        """Put the cursor on a chat wherever it stands: in the view, else among all chats."""
        self._inbox.filter_bar.close()
        self.back()
        key = self.place_of(row.pk)
        if key is None:
            left, keymap = self.current, self._inbox.keymap
            self.go(View.ALL)
            key = self.place_of(row.pk)
            if isinstance(left, View) and left is not View.ALL:
                way = f"{keymap.label(f'view_{left}')} goes back"
                self._inbox.say(f"{row.chat.title} is not in {left.capitalize()}: this is All; {way}")
        if key is not None:
            self._inbox.chats.point_at(key)

    def place_of(self, pk: int) -> Key | None:
        """Where a chat stands in what the list shows; None where it is not in it."""
        source = self._inbox.chats.source
        return source.place_of(pk) if isinstance(source, ChatListing) else None

    # What is said.

    @property
    def empty_text(self) -> str:
        """What it means that the view is empty."""
        label = self._inbox.keymap.label
        match self.current:
            case View.NOW:
                return f"Nothing needs you now. {label('view_all')} shows all chats."
            case View.UNREAD:
                return "Nothing is unread."
            case View.WAITING:
                return "You wait for nobody: in no chat the last word is your reply."
            case View.CLOSING:
                return "No reply window closes within 4 hours on an open question."
            case View.FAILED:
                return "No message of yours has failed."
            case View.SNOOZED:
                return f"Nothing is put away. {label('snooze')} snoozes a chat."
            case View.DONE:
                return f"Nothing is done yet. {label('done')} closes a chat."
            case View.ALL:
                return "no chats"
            case name:
                return f"No chat matches {self._inbox.preferences.views[name]}"

    def ways_on(self, counts: Mapping[View, int]) -> Sequence[str]:
        """Keys that lead on from an empty list, each with what it does, in lines. `counts`: of each view."""
        label, ways = self._inbox.keymap.label, list[tuple[str, str]]()
        if self.covered:
            ways += [("clear_filter", "takes the filter off"), ("filter", "changes the filter")]
        else:
            views = {View.NOW: "view_now", View.ALL: "view_all"}
            ways += [
                (action, f"{view.capitalize()} · {counts[view]:,}")
                for view, action in views.items()
                if counts[view] and view is not self.current
            ]
        ways += [("search", "searches everything"), ("take_back", "undoes what you did last")]
        return [f"{label(action):<4} {words}" for action, words in ways]
