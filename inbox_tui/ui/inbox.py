"""The main screen: list, thread and composer, customer; keys to acts, changes to redraws."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea
from textual.worker import Worker, WorkerState

from inbox_tui.core.capabilities import Act, Refused
from inbox_tui.core.errors import InboxError
from inbox_tui.core.models import Message
from inbox_tui.core.text import clean
from inbox_tui.store import lookups, screens
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts import Acts
from inbox_tui.ui.bulk import Bulk
from inbox_tui.ui.chat_list import ChatList
from inbox_tui.ui.composer import Composer
from inbox_tui.ui.customer import Customer
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.drafts import Drafts
from inbox_tui.ui.edges import Edges
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.engine_process import EngineProcess
from inbox_tui.ui.filter_bar import FilterBar
from inbox_tui.ui.key_taker import KeyTaker
from inbox_tui.ui.notices import Notices
from inbox_tui.ui.notifications import Notifications
from inbox_tui.ui.opening import HEIGHTS, WIDTHS, classes_of
from inbox_tui.ui.painting import Painter
from inbox_tui.ui.preferences import Preferences
from inbox_tui.ui.profiles import Profiles
from inbox_tui.ui.pulse import Pulse
from inbox_tui.ui.rows import VirtualRows
from inbox_tui.ui.seen import Seen
from inbox_tui.ui.session import Session
from inbox_tui.ui.shown_chat import ShownChat
from inbox_tui.ui.stray import StrayKeys
from inbox_tui.ui.thread import Thread
from inbox_tui.ui.title import ThreadTitle
from inbox_tui.ui.views import Views

PREVIEW_SECONDS = 0.06


class InboxScreen(Screen[None], inherit_bindings=False):
    """Everything the agent does all day."""

    ALLOW_MAXIMIZE = False
    CSS_PATH = "inbox.tcss"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(
        self,
        session: Session,
        account: str,
        engine: EngineProcess | None,
        notices: Sequence[str],
        preferences: Preferences,
    ) -> None:
        """`engine`: what keeps the account in step, or None to read what is cached and nothing more."""
        super().__init__(classes=classes_of(self.app.size))
        self._compositor = Painter()
        self.session = session
        self.account = account
        self.engine = engine
        self.notices = [*notices, *([preferences.notice] if preferences.problems else [])]
        self.preferences = preferences
        self.keymap = preferences.keymap
        self.profiles = Profiles(session)
        self.acts = Acts(self)
        self.alerts = Notifications(self)
        self.bulk = Bulk(session)
        self.edges = Edges(self)
        self.pulse = Pulse(self)
        self.views = Views(self)
        self.stray = StrayKeys(self.say)
        self.said = ""
        """The last word to the person."""
        self.keys = KeyTaker(self)
        self.seen = Seen(self)
        self._preview: Timer | None = None
        self._followed: Widget | None = None
        """Where the focus was when the screen last went by it."""
        self.touched = False
        """Whether the person has pressed or clicked anything yet."""

    def compose(self) -> ComposeResult:
        """Status, three panes, footer."""
        yield Static(id="status")
        yield Static(id="banner")
        yield Static(id="progress")
        with Horizontal(id="panes"):
            with Vertical(id="list-pane"):
                yield ChatList(id="chats")
                yield FilterBar(self.session, id="filter-bar")
            with Vertical(id="thread-pane"):
                yield ThreadTitle(id="thread-title")
                yield Thread(id="thread")
                yield Composer(id="composer")
            with Vertical(id="customer-pane"):
                yield Customer(self.session, id="customer")
        yield Static(id="footer")

    # Life.

    def on_mount(self) -> None:
        """Draw from the cache; everything that waits starts after the first paint."""
        zone = datetime.now().astimezone().tzinfo
        self.thread.zone = zone
        self.thread.keymap = self.keymap
        self.thread.clock = self.chats.clock = self.session.clock
        self.filter_bar.display = False
        self.drafts = Drafts(self.session, self.composer)
        self.warnings = Notices(self)
        self.shown_chat = ShownChat(
            self.session,
            self.profiles,
            self.drafts,
            self.warnings,
            title=self.query_one(ThreadTitle),
            thread=self.thread,
            composer=self.composer,
            customer=self.query_one(Customer),
        )
        self.composer.find_message = lambda name: lookups.message(self.session.reader, name)
        self.pulse.begin()
        self.set_focus(self.chats)
        self.views.open()
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.session.on_fault = self._fault_elsewhere
        self.alerts.start()
        self.session.do(screens.show, None)
        self.pulse.start()

    @on(events.ScreenSuspend)
    @on(events.ScreenResume)
    @on(Dialog.ModeChanged)
    def _dialog_came_or_went(self) -> None:
        """Other keys work now; while the screen comes or goes itself, there may be no footer."""
        if self.query("#chats"):
            self.edges.draw_footer()

    @property
    def chats(self) -> ChatList:
        """The list pane."""
        return self.query_one("#chats", ChatList)

    @property
    def thread(self) -> Thread:
        """The thread pane."""
        return self.query_one("#thread", Thread)

    @property
    def composer(self) -> Composer:
        """The composer below the thread."""
        return self.query_one("#composer", Composer)

    @property
    def shown(self) -> ChatRow | None:
        """The chat that is shown beside the list."""
        return self.shown_chat.row

    @property
    def filter_bar(self) -> FilterBar:
        """The filter below the list."""
        return self.query_one(FilterBar)

    @property
    def context(self) -> Context:
        """Where keys go now."""
        if isinstance(self.focused, (Input, TextArea)):
            return Context.TYPING
        return Context.THREAD if self.focused is self.thread else Context.LIST

    def prefer(self, preferences: Preferences) -> None:
        """Go by other keys and saved views from now on; what else is set begins with the next start."""
        before, self.preferences = self.preferences, preferences
        self.notices = [words for words in self.notices if words != before.notice]
        if preferences.problems:
            self.notices.append(preferences.notice)
        else:
            self.say("The configuration was read again")
        self.keymap = self.thread.keymap = preferences.keymap
        self.keys.begin()
        self.thread.tick()
        self.views.changed(before.views)
        self.edges.draw()

    def on_resize(self) -> None:
        """The lines at the edges are laid out by width."""
        if self.is_mounted:
            self.edges.draw()

    # What keys are about.

    def refusal_of(self, row: ChatRow, act: Act, message: Message | None = None) -> Refused | None:
        """Why an act cannot be taken now on a chat, or on a message of it; None where it can."""
        return self.profiles.refusal(row, act, message, self.thread.zone or UTC)

    @property
    def subject(self) -> ChatRow | None:
        """The chat that a key is about: the one under the list's cursor, or the open one.

        What was only read may leave the list under the cursor (Unread). While it is drawn beside the list,
        keys are about it all the same, not about who has taken its place.
        """
        if self.context is not Context.LIST:
            return self.shown
        return self.shown if self._was_only_read else self.chats.cursor_row

    @property
    def _was_only_read(self) -> bool:
        """Whether the open chat, beside the list, has left the list by being seen and by nothing else."""
        row = self.shown
        if row is None or self.has_class("-one") or self.chats.missing != row.pk:
            return False
        away = row.snoozed_until is not None and self.session.clock.now() < row.snoozed_until
        return row.unanswered > 0 and not (row.unread or row.done or away)

    # Chats.

    def go_to(self, chat_id: str) -> None:
        """Open a chat wherever it stands, in the view if it is there; a filter is taken off."""
        row = lookups.chat(self.session.reader, chat_id)
        if row is None:
            self.say("The chat is not cached yet")
            return
        self.views.reveal(row)
        self.acts.do("open")

    @on(VirtualRows.Highlighted, "#chats")
    def _highlighted(self, event: VirtualRows.Highlighted) -> None:
        """The thread follows the list after a short rest, so that a held key draws only the list."""
        event.stop()
        if self._preview is not None:
            self._preview.stop()
            self._preview = None
        row = event.row
        if self.shown is not None and isinstance(row, ChatRow) and row.pk == self.shown.pk:
            return
        if self.context is Context.LIST and (row is None or not self.has_class("-one")):
            self._preview = self.set_timer(PREVIEW_SECONDS, self._show_highlighted)

    def _show_highlighted(self) -> None:
        row = self.chats.cursor_row
        if self.context is not Context.LIST:
            return
        if row is not None:
            self.show_chat(row)
        elif not self.chats.window_rows and self.subject is None:
            self._show_nothing()

    def _show_nothing(self) -> None:
        if self.shown_chat.show_nothing():
            self.edges.draw()
            self.seen.watch()

    @on(VirtualRows.Chosen, "#chats")
    def _chosen(self, event: VirtualRows.Chosen) -> None:
        event.stop()
        self.touched = True
        self.acts.do("open")

    def show_chat(self, row: ChatRow) -> None:
        """Draw a chat into the panes beside the list, where it is not there yet."""
        if self.shown is None or self.shown.pk != row.pk:
            self.shown_chat.show(row)
            self.seen.watch()

    def reread_shown(self) -> None:
        """Draw what the store has by now of the chat that is shown."""
        stayed = self._was_only_read
        self.shown_chat.reread()
        acted_on = self.shown is not None and self.shown.pk == self.chats.acted_on
        if stayed and acted_on and not self._was_only_read and self.context is Context.LIST:
            # By now the person's own act has put it away, too.
            self.chats.close_gap()
        self.seen.watch()

    @on(VirtualRows.Scrolled, "#thread")
    def _thread_scrolled(self, event: VirtualRows.Scrolled) -> None:
        event.stop()
        if self.shown is not None:
            self.shown_chat.draw_title()
            self.seen.watch()

    @on(VirtualRows.StartNear, "#thread")
    def _start_near(self, event: VirtualRows.StartNear) -> None:
        event.stop()
        if self.context is not Context.LIST:
            self.shown_chat.want_older()

    # Keys.

    async def take(self, event: events.Key | events.Paste) -> None:
        """Carry a key or a paste out to its end; see `KeyTaker`."""
        self.touched = True
        await self.keys.take(event)

    def turn_to(self, widget: Widget) -> None:
        """Give the keys to a pane or a field at once; one-pane layouts show it."""
        if widget is self.chats and not self._was_only_read:
            self.chats.close_gap()
        self.set_focus(widget)
        self._focus_moved()

    def on_descendant_focus(self) -> None:
        """The mouse may move the focus too; what a key has moved is told by then."""
        if self.focused is not self._followed:
            self._focus_moved()

    def _focus_moved(self) -> None:
        self._followed = self.focused
        in_list = self.context is Context.LIST or self.focused is self.filter_bar.field
        self.set_class(not in_list, "-thread")
        if not self.chats.window_rows:
            self._show_highlighted()
        self.edges.draw_footer()
        self.seen.watch()

    # Typing.

    def leave_field(self, *, keep: bool = False) -> None:
        """Out of the field, the text stays; the filter is taken off unless it is to be kept."""
        if self.focused is not self.filter_bar.field:
            self.turn_to(self.thread)
            return
        if not keep:
            self.filter_bar.close()
            self.views.back()
        self.filter_bar.display = self.filter_bar.active
        self.turn_to(self.chats)
        # While the filter was typed, the thread stayed where it was.
        if not self.has_class("-one"):
            self._show_highlighted()

    @on(Editor.LockedKey)
    def _locked_key(self) -> None:
        refusal = self.shown_chat.refusal()
        # Once: the composer says it, too, and each key would say it anew.
        if refusal is not None and refusal.reason != self.said:
            self.say(refusal.reason)

    @on(Editor.TooLong)
    def _paste_too_long(self, event: Editor.TooLong) -> None:
        self.say(f"The paste has {event.characters:,} characters, more than can be sent; nothing was pasted")

    @on(TextArea.Changed, "#editor")
    def _typed(self) -> None:
        self.composer.typed()
        self.drafts.typed()

    @on(Composer.ExtrasChanged)
    def _extras_changed(self) -> None:
        self.drafts.typed()

    # The filter of the list.

    @on(FilterBar.Found)
    def _found(self, event: FilterBar.Found) -> None:
        if not self.filter_bar.active:
            self.views.back()
        elif event.stay:
            self.chats.replace(event.source)
        else:
            self.views.leave_place()
            self.chats.show(event.source)
        event.shown()
        self.edges.draw()

    # Small things.

    def say(self, words: str) -> None:
        """A short word to the person, which takes neither focus nor the composer's place."""
        # One word at a time: the newest is the one that is about the last key.
        self.said = words
        self.app.clear_notifications()
        self.edges.make_way()
        self.app.notify(words, markup=False, timeout=4)

    def background(self, work: Coroutine[object, object, None]) -> None:
        """Run something in the background; a fault is shown and logged, it never ends the session."""
        self.run_worker(work, exit_on_error=False, description="act")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what went wrong in the background."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.fault(event.worker.error)

    def _fault_elsewhere(self, error: BaseException) -> None:
        self.call_later(self.fault, error)

    def fault(self, error: BaseException) -> None:
        """Something failed that no key waits for: say what, keep the session."""
        logging.getLogger(__name__).error("a background act failed", exc_info=error)
        words = str(error) if isinstance(error, InboxError) else f"Something went wrong: {error!r}"
        self.app.notify(clean(words), severity="error", markup=False, timeout=10)
