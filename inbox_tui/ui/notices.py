"""What the person should know before a text is sent: the window, a reply made elsewhere, a file to be had."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from inbox_tui.core.capabilities import Act
from inbox_tui.core.cells import preview
from inbox_tui.core.models import JsonObject
from inbox_tui.core.text import clean
from inbox_tui.core.times import clock
from inbox_tui.store import replies
from inbox_tui.store.replies import Elsewhere
from inbox_tui.ui.extras import file_words
from inbox_tui.ui.window_clock import WindowClock, window_clock

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

MOST_PATH = 4_096


@dataclass(frozen=True, slots=True)
class Offer:
    """A pasted path or address of a file: as it was pasted, and what a draft would keep of the file."""

    text: str
    extras: JsonObject


class Notices:
    """The lines below the text of the composer, and the second key that one of them asks for."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self._answered: Elsewhere | None = None
        self._warned_of: str | None = None
        self._offer: Offer | None = None

    def lines(self) -> list[str]:
        """What is to be said now."""
        found = (self._answered_words(), self._elsewhere_words(), self._offer_words())
        return [words for words in found if words is not None]

    def clock(self) -> WindowClock:
        """What is left of the reply window of the chat that is shown."""
        inbox = self._inbox
        closes_at = None if inbox.shown is None else inbox.shown.window_closes_at
        return window_clock(closes_at, inbox.session.clock.now(), inbox.thread.zone or UTC)

    # Answered elsewhere.

    def look(self) -> None:
        """See whether somebody else has replied since the draft that is shown was begun."""
        inbox = self._inbox
        begun_at = inbox.drafts.begun_at
        if inbox.shown is None or begun_at is None:
            self._answered = None
            return
        reader, since = inbox.session.reader, inbox.session.clock.here(begun_at)
        self._answered = replies.elsewhere(reader, reader, inbox.shown.chat.id, since)

    def _answered_words(self) -> str | None:
        if self._answered is None or self._answered.message_id == self._warned_of:
            return None
        at = clock(self._answered.at, self._inbox.thread.zone or UTC)
        return f"Answered elsewhere at {at}: {preview(self._answered.text) or 'a file'}"

    def _elsewhere_words(self) -> str | None:
        elsewhere = self._inbox.drafts.is_elsewhere
        return "This draft is also open in another terminal, and was changed there" if elsewhere else None

    def unseen_answer(self) -> str | None:
        """The warning that somebody else has replied meanwhile, once for each reply; None: go on."""
        self.look()
        words = self._answered_words()
        if words is None or self._answered is None:
            return None
        self._warned_of = self._answered.message_id
        return f"{words}. Nothing was sent; press {self._inbox.keymap.label('send')} again to send yours too"

    # A pasted path.

    def pasted(self, text: str) -> None:
        """Offer what was pasted as a file, where it is the path or the address of one."""
        text = clean(text) if len(text) <= MOST_PATH else ""
        if not text.strip() or "\n" in text.strip():
            return
        if self._inbox.shown_chat.refusal(Act.SEND_ATTACHMENT) is None:
            # The key behind the paste may take what it offers.
            self._inbox.keys.begun.wait_for(self._look_for_file(text))

    async def _look_for_file(self, text: str) -> None:
        from inbox_tui.ui.dialogs.attach import offer

        inbox, row = self._inbox, self._inbox.shown
        if row is None:
            return
        found = await asyncio.to_thread(offer, text, row.chat.platform)
        if found is not None and inbox.shown is not None and inbox.shown.pk == row.pk:
            self._offer = Offer(text, found)
            inbox.shown_chat.draw_composer()

    def _offer_words(self) -> str | None:
        """What is offered, while what was pasted still stands in the text."""
        if self._offer is not None and self._offer.text not in self._inbox.composer.text:
            self._offer = None
        if self._offer is None:
            return None
        return f"{self._inbox.keymap.label('attach')} sends {file_words(self._offer.extras)} as a file"

    def take_offer(self) -> bool:
        """Put the offered file to the text, instead of its path; False where nothing is offered."""
        if self._offer_words() is None or self._offer is None:
            return False
        offer, self._offer = self._offer, None
        self._inbox.composer.cut_out(offer.text)
        self._inbox.composer.attach(offer.extras)
        self._inbox.shown_chat.draw_composer()
        return True
