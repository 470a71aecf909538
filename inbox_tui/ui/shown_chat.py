"""The chat that is shown beside the list: what the panes draw of it, and what may be sent in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from textual.content import Content

from inbox_tui.core.capabilities import Act, Refused
from inbox_tui.core.models import Message
from inbox_tui.store import lookups, screens
from inbox_tui.store.customers import Customer as Known
from inbox_tui.store.db import now_ms
from inbox_tui.store.reads import ChatRow, Key
from inbox_tui.store.threads import ThreadSource
from inbox_tui.ui import status
from inbox_tui.ui.composer import Composer
from inbox_tui.ui.customer import Customer
from inbox_tui.ui.drafts import Drafts
from inbox_tui.ui.notices import Notices
from inbox_tui.ui.person import person_lines
from inbox_tui.ui.profiles import Profiles
from inbox_tui.ui.session import Session
from inbox_tui.ui.thread import Thread
from inbox_tui.ui.title import ThreadTitle


class ShownChat:
    """Knows which chat is shown, and has the panes draw it as it is now."""

    def __init__(
        self,
        session: Session,
        profiles: Profiles,
        drafts: Drafts,
        notices: Notices,
        *,
        title: ThreadTitle,
        thread: Thread,
        composer: Composer,
        customer: Customer,
    ) -> None:
        self._session = session
        self._profiles = profiles
        self._drafts = drafts
        self._notices = notices
        self._title = title
        self._thread = thread
        self._composer = composer
        self._customer = customer
        self.row: ChatRow | None = None
        """As it was last read; None where no chat is shown."""
        self._older_asked: tuple[int, Key] | None = None

    # Which one.

    def show(self, row: ChatRow) -> None:
        """Show another chat: its newest messages, and its draft in the composer."""
        self._drafts.keep()
        self.row = row
        self._thread.platform = row.chat.platform
        self._thread.title = row.chat.title
        self._thread.unanswered_since = row.needs_reply_since
        self._thread.can_send = self.refusal() is None
        draft = self._drafts.show(row.chat.id)
        self._notices.look()
        self._composer.load(
            row.chat.id,
            draft.text,
            draft.cursor,
            draft.extras,
            platform=row.chat.platform,
            profile=self._profiles.name_of(row.chat),
            person=row.chat.title,
        )
        self._thread.show(ThreadSource(self._session.reader, row.pk, row.chat.id), end=True)
        self._draw(row)

    def show_nothing(self) -> bool:
        """Empty the panes, as no key would be about what they show; False where they are empty."""
        if self.row is None and not self._composer.display:
            return False
        self._drafts.keep()
        self.row = None
        self._composer.load(None, "", 0, {}, platform="", profile="", person="")
        self._thread.show(None)
        self._title.show("", "", at_end=True)
        self._customer.show_nobody()
        return True

    # What changes.

    def reread(self) -> None:
        """Draw what the store has of it by now; one that is gone from it stays as it was."""
        row = None if self.row is None else lookups.chat(self._session.reader, self.row.chat.id)
        if row is None:
            return
        self.row = row
        self._drafts.refresh()
        self._notices.look()
        self._draw(row)
        self._thread.reread()

    def tick(self) -> None:
        """Draw anew what tells ages and what is left of the window."""
        if self.row is not None:
            self._draw(self.row)
            self._thread.tick()

    def want_older(self) -> None:
        """The oldest cached message is on the screen: ask for an older page, if there may be one."""
        row, rows = self.row, self._thread.window_rows
        if row is None or row.history_done or not rows:
            return
        if self._older_asked != (row.pk, rows[0].key):
            self._older_asked = (row.pk, rows[0].key)
            self._session.do(screens.need, "older", row.chat.id)

    # Drawing.

    def _draw(self, row: ChatRow) -> None:
        self.draw_title()
        self._customer.show(row, self._person, f"{self._thread.keymap.label('person')} shows all")
        self._thread.unanswered_since = row.needs_reply_since
        self._thread.empty_text = (
            "The messages of this chat are not fetched yet." if row.pulled_at is None else "No messages yet."
        )
        self._thread.title = row.chat.title
        self._composer.address(self._profiles.name_of(row.chat), row.chat.title)
        self.draw_composer()

    def _person(self, row: ChatRow, known: Known) -> Sequence[Content]:
        return person_lines(row, known, self._profiles, self._session.clock.now(), self._thread.zone)

    def draw_title(self) -> None:
        """Draw the line above the thread, which also tells whether its end is on the screen."""
        row = self.row
        if row is None:
            return
        # First what is told nowhere else on a small screen.
        place = f"{'archived · ' if row.chat.archived else ''}{self._profiles.place_of(row.chat)}"
        left, fresh = self._notices.clock(), status.looked(self._profiles.freshness(row), now_ms())
        facts = (Content.styled(left.full, left.style), fresh)
        self._title.show(row.chat.title, place, *facts, at_end=self._thread.at_end)

    def draw_composer(self) -> None:
        """Lock or unlock the composer, and say there what should be known before a text is sent."""
        refusal = self.refusal()
        self._thread.can_send = refusal is None
        self._composer.set_state(refusal, self._notices.clock(), self._notices.lines())

    # What may be done.

    def refusal(self, act: Act = Act.SEND_TEXT, message: Message | None = None) -> Refused | None:
        """Why an act cannot be taken now in the chat, or on a message of it; None where it can."""
        if self.row is None:
            return None
        return self._profiles.refusal(self.row, act, message, self._thread.zone or UTC)
