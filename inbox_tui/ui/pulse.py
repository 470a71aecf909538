"""What the screen does without a key: it looks at the store, the clock and the engine, and draws anew."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from inbox_tui.store import lookups
from inbox_tui.store.lookups import Changed, Revision
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs.dialog import Dialog

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

POLL_SECONDS = 0.1
TICK_SECONDS = 1.0
TEND_SECONDS = 0.5
"""How often a screen looks whether the account has an engine: a dead one is missed no longer than this."""


class Pulse:
    """Tells the parts of the inbox screen what has changed by others, and by time alone."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self.revision = Revision()
        """Of the store, as far as the screen has heard of it."""
        self._tending: Future[None] | None = None

    def begin(self) -> None:
        """Read what the first drawing needs; what changes from now on is a change."""
        self.revision = lookups.changed_since(self._inbox.session.reader, self.revision).revision
        self._read_profiles()

    def start(self) -> None:
        """Look again and again from now on."""
        inbox = self._inbox
        inbox.set_interval(POLL_SECONDS, self._poll)
        inbox.set_interval(TICK_SECONDS, self.tick)
        inbox.set_interval(TEND_SECONDS, self._tend)
        self._tend()

    def _tend(self) -> None:
        # It may take seconds, and no draft is to wait for that.
        engine = self._inbox.engine
        if engine is not None and (self._tending is None or self._tending.done()):
            self._tending = self._inbox.session.aside(engine.tend)

    def _poll(self) -> None:
        if self._inbox.session.changes.poll():
            self.take_changes()
            for screen in self._inbox.app.screen_stack:
                # One that comes or goes just now has nothing to show it in.
                if isinstance(screen, Dialog) and screen.ready.is_set() and screen.children:
                    screen.store_changed()

    def take_changes(self) -> None:
        """Redraw what another process, the engine or our own writing thread has changed."""
        inbox = self._inbox
        inbox.session.set_clock()
        changed = lookups.changed_since(inbox.session.reader, self.revision)
        same_list = self._is_of_the_shown_chat_alone(changed)
        self.revision = changed.revision
        if changed.profiles or not inbox.profiles.by_id:
            self._read_profiles()
        inbox.alerts.changed()
        if inbox.profiles.all_listed:
            inbox.views.all_listed(touched=inbox.touched)
        if same_list:
            inbox.reread_shown()
        elif changed.chats is None or changed.chats:
            inbox.chats.follows_start = inbox.views.first_sync and not inbox.touched
            inbox.views.refresh()
            if inbox.shown is not None and (changed.chats is None or inbox.shown.chat.id in changed.chats):
                inbox.reread_shown()
            if inbox.shown is not None and inbox.context is not Context.LIST:
                place = inbox.views.place_of(inbox.shown.pk)
                if place is not None:
                    inbox.chats.keep_in_view(inbox.shown.pk, place)
        inbox.acts.platform.open_awaited()
        inbox.edges.draw()

    def _is_of_the_shown_chat_alone(self, changed: Changed) -> bool:
        """Whether all that has changed is what no list shows of the chat: the words of its draft, say.

        A draft is written many times while it is typed, and each time the lists would be read for nothing.
        """
        shown = self._inbox.shown
        if shown is None or changed.profiles or changed.revision.cache != self.revision.cache:
            return False
        if changed.chats != frozenset([shown.chat.id]):
            return False
        return lookups.chat(self._inbox.session.reader, shown.chat.id) == shown

    def _read_profiles(self) -> None:
        profiles = self._inbox.profiles
        profiles.read()
        self._inbox.filter_bar.profiles = profiles.by_id.values()
        self._inbox.thread.own_ids = profiles.own_ids

    def tick(self) -> None:
        """Once a second: ages and countdowns, and whether the configuration was changed."""
        inbox = self._inbox
        if (changed := inbox.preferences.again()) is not None:
            inbox.prefer(changed)
        inbox.views.tick()
        inbox.chats.tick()
        inbox.shown_chat.tick()
        inbox.edges.draw()
