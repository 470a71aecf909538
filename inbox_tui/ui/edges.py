"""The lines at the edges of the main screen: what there is to do, what stands in the way, which keys work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static
from textual.widgets._toast import ToastRack

from inbox_tui.core.progress import in_words
from inbox_tui.core.times import duration
from inbox_tui.store import looks, lookups, sync_progress
from inbox_tui.store.db import now_ms
from inbox_tui.store.reads import PickedSource
from inbox_tui.store.views import View, view_counts
from inbox_tui.ui import status
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs.dialog import Dialog

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

STILL_MS = 10_000
"""After this long without anything new a sync does not look as if it went on."""
UNSENT_MS = 15_000
"""A send that has not left by then waits for something: the network, another message, an engine."""


class Edges:
    """Draws the edges of the inbox screen; only what differs is painted."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self._counts = dict.fromkeys(View, 0)

    def draw(self) -> None:
        """Everything but the panes."""
        inbox = self._inbox
        faults = [row for row in inbox.profiles.rows if row.fault_title]
        self._draw_status(unreachable=bool(faults or inbox.profiles.fault))
        words = " ".join([*inbox.notices, inbox.profiles.fault]).strip()
        self._show("#banner", status.banner(faults, words))
        self._show("#progress", Content.styled(self._progress(), "$text-accent"))
        self.draw_footer()
        ways: Sequence[str] = ()
        if self._counts[View.ALL]:
            words = "No chat matches the filter." if inbox.filter_bar.active else inbox.views.empty_text
            ways = inbox.views.ways_on(self._counts)
        elif faults or inbox.profiles.fault:
            words = "nothing is cached yet; see above"
        else:
            words = "no chats yet" if inbox.profiles.all_listed else "fetching the chats…"
        inbox.chats.empty_text = words
        if inbox.shown is None:
            inbox.thread.say_empty("\n".join([words, "", *ways]).rstrip())

    def make_way(self) -> None:
        """Before words are said: where one pane shows the list, they are to stand away from its cursor."""
        inbox = self._inbox
        shown, row = [each.pk for each in inbox.chats.shown_rows], inbox.chats.cursor_row
        low = row is not None and row.pk in shown[len(shown) // 2 :]
        for rack in inbox.query(ToastRack):
            rack.set_class(low, "-above")

    def _draw_status(self, *, unreachable: bool) -> None:
        inbox = self._inbox
        now = now_ms()
        shown = [row.profile for row in inbox.profiles.rows]
        ages = {profile.id: looks.look_age(inbox.session.folder, profile.id, now) for profile in shown}
        leaving = lookups.leaving(inbox.session.reader)
        late = leaving.oldest_at is not None and now - leaving.oldest_at > UNSENT_MS
        unsent = leaving.count if late or unreachable else 0
        self._counts = view_counts(inbox.session.reader, inbox.session.clock.now())
        views, source = inbox.views, inbox.chats.source
        tabs = status.Tabs(
            self._counts,
            views.current,
            filtered=views.covered,
            listed=source.total() if isinstance(source, PickedSource) else None,
        )
        fresh, worst = status.freshness(shown, ages), status.oldest(shown, ages)
        trouble = status.Trouble(
            self._counts[View.FAILED], leaving.homeless, unsent, inbox.keymap.label("outbox")
        )
        line = status.status_line(inbox.account, tabs, trouble, fresh, worst, inbox.size.width)
        self._set("#status", line)

    def draw_footer(self) -> None:
        """The mode and its keys."""
        inbox = self._inbox
        if isinstance(inbox.app.screen, Dialog):
            self._set("#footer", status.dialog_footer(typing=inbox.app.screen.typing))
            return
        filtering = inbox.focused is inbox.filter_bar.field
        words = status.footer(
            inbox.keymap,
            inbox.context,
            inbox.size.width,
            inbox.keys.pending,
            filtering=filtering,
            selected=inbox.chats.selection.words,
            closed=self._closed,
            works=inbox.acts.works,
        )
        self._set("#footer", words)

    @property
    def _closed(self) -> bool:
        """Whether the chat that a key is about is done; of selected ones, where the view holds no others."""
        inbox = self._inbox
        in_list = inbox.context is Context.LIST
        if in_list and inbox.chats.selection.words:
            return inbox.views.current is View.DONE and not inbox.views.covered
        row = inbox.chats.cursor_row if in_list else inbox.shown
        return row is not None and row.done

    def _progress(self) -> str:
        """How far an act on many chats or a long sync has come; empty while little or nothing is missing."""
        inbox = self._inbox
        if inbox.bulk.progress:
            return f" {inbox.bulk.progress}{inbox.keymap.offers(take_back='stops and undoes it')}"
        published = sync_progress.read(inbox.session.reader)
        if published is not None:
            still = now_ms() - published.at
            note = f"nothing new for {duration(still)}" if still > STILL_MS else ""
            return f" {in_words(published.progress, inbox.size.width - 2, note)}"
        if not inbox.profiles.rows or inbox.profiles.all_listed:
            return ""
        # Before the engine has counted, and where none runs, the lists tell how far they were read.
        total = sum(row.chats_total or 0 for row in inbox.profiles.rows)
        have = sum(row.chats for row in inbox.profiles.rows)
        return f" chats: {have:,} of {total:,} listed" if total else " looking for chats"

    def _show(self, selector: str, content: Content) -> None:
        """A line that is there only while it says something."""
        self._set(selector, content, layout=True)
        self._inbox.query_one(selector).display = bool(content.plain)

    def _set(self, selector: str, content: Content, *, layout: bool = False) -> None:
        widget = self._inbox.query_one(selector, Static)
        if widget.content != content:
            widget.update(content, layout=layout)
