"""Which chats the list shows, and the way from one chat that needs the agent to the next."""

from __future__ import annotations

from inbox_tui.store.reads import Key
from inbox_tui.store.views import View, ViewSource, next_attention
from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts.area import Area


class Viewing(Area):
    """Acts that choose what the list shows; they change nothing."""

    _visited: tuple[int, Key] | None = None
    """The chat that was gone to last, and its place in Now: it may have left since, and the way goes on."""

    def _go(self, view: View) -> None:
        inbox = self._inbox
        if inbox.context is Context.LIST and inbox.views.current is view and not inbox.views.covered:
            inbox.say(f"This is {view.capitalize()}")
            return
        inbox.views.go(view)
        inbox.turn_to(inbox.chats)

    def view_now(self, count: int) -> None:
        """What needs the agent, most urgent first."""
        self._go(View.NOW)

    def view_unread(self, count: int) -> None:
        """Chats with unread messages."""
        self._go(View.UNREAD)

    def view_waiting(self, count: int) -> None:
        """Chats in which the last word is a reply."""
        self._go(View.WAITING)

    def view_closing(self, count: int) -> None:
        """Open questions whose reply window closes within 4 hours."""
        self._go(View.CLOSING)

    def view_failed(self, count: int) -> None:
        """Chats with a message that failed."""
        self._go(View.FAILED)

    def view_snoozed(self, count: int) -> None:
        """Chats that are put away."""
        self._go(View.SNOOZED)

    def view_done(self, count: int) -> None:
        """Chats that are done."""
        self._go(View.DONE)

    def view_all(self, count: int) -> None:
        """Every chat, the pinned ones first."""
        self._go(View.ALL)

    def saved_view(self, count: int) -> None:
        """A saved query of the configuration, by its number there."""
        inbox = self._inbox
        names = list(inbox.preferences.views)
        if not names:
            inbox.say("There is no saved view: write one into [views] of config.toml")
        elif count > len(names):
            inbox.say(f"There are {len(names)} saved views: {', '.join(names)}")
        else:
            inbox.views.go(names[count - 1])
            inbox.turn_to(inbox.chats)

    def next_attention(self, count: int) -> None:
        """The next chat by rank, behind the one that the keys are about."""
        self._attend(backwards=False)

    def previous_attention(self, count: int) -> None:
        """The chat before it by rank."""
        self._attend(backwards=True)

    def _attend(self, *, backwards: bool) -> None:
        inbox = self._inbox
        reader, now = inbox.session.reader, inbox.session.clock.now()
        here = self._place()
        row = next_attention(reader, now, here, backwards=backwards)
        subject = self._subject
        if row is None or (subject is not None and row.pk == subject.pk):
            inbox.say("No chat needs you" if row is None else "No other chat needs you")
            return
        self._visited = (row.pk, row.key)
        if here is not None and (row.key < here if backwards else row.key > here):
            inbox.say("From the end again" if backwards else "That was the last one: from the top again")
        if inbox.views.place_of(row.pk) is None:
            inbox.views.go(View.NOW)
        inbox.views.reveal(row)
        inbox.acts.do("open")

    def _place(self) -> Key | None:
        """The place in Now of the chat that the keys are about, or the one that it had."""
        inbox, subject = self._inbox, self._subject
        source = ViewSource(inbox.session.reader, View.NOW, inbox.session.clock.now())
        if subject is not None:
            key = source.place_of(subject.pk)
            if key is not None:
                return key
            if self._visited is not None and self._visited[0] == subject.pk:
                return self._visited[1]
        return inbox.chats.place if inbox.views.current is View.NOW and not inbox.views.covered else None

    def filter(self, count: int) -> None:
        """Type into the filter of the list; what stands there is selected, so that typing replaces it."""
        bar = self._inbox.filter_bar
        bar.display = True
        bar.field.select_all()
        self._inbox.turn_to(bar.field)

    def clear_filter(self, count: int) -> None:
        """Select nothing any more; where nothing is selected, take the filter off the list."""
        inbox = self._inbox
        if inbox.chats.selection:
            inbox.chats.unselect()
            return
        if not inbox.filter_bar.display:
            inbox.say("The list is not filtered")
        inbox.filter_bar.close()
        inbox.views.back()
