"""What is typed and what is sent: drafts that reach the disk at once, sends that leave through the outbox."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass

from textual.timer import Timer

from inbox_tui.core.models import Milliseconds
from inbox_tui.store import local, lookups
from inbox_tui.store.local import OutboxItem
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.composer import Composer
from inbox_tui.ui.session import Session

DRAFT_SECONDS = 0.15
"""The longest that a typed character exists only in memory, besides the time of one disk write."""
LEAVING_MS: Milliseconds = 2_000
"""How long before the reply window closes a send has to leave, to arrive while it is open."""


@dataclass(slots=True)
class _Unsaved:
    """A text that is ahead of the file until its write is done."""

    text: str
    cursor: int
    write: Future[str] | None = None

    @property
    def written(self) -> bool:
        """Whether the file has it; a write that failed leaves it here."""
        return self.write is not None and self.write.done() and self.write.exception() is None


class Drafts:
    """Keeps the composer's text safe, and moves it into the outbox.

    `_base` is what the file held of the chat that is shown when this screen last read or wrote it: only
    what differs from it was typed here, and only that is ever written.
    """

    def __init__(self, session: Session, composer: Composer) -> None:
        self._session = session
        self._composer = composer
        self._base = ""
        self._unsaved: dict[str, _Unsaved] = {}
        self._timer: Timer | None = None
        self._sending: dict[str, list[str]] = {}
        self._taking_back: str | None = None

    def of(self, chat_id: str) -> tuple[str, int]:
        """The draft of a chat and the caret's offset in code points."""
        known = self._unsaved.get(chat_id)
        if known is not None and not known.written:
            return known.text, known.cursor
        self._unsaved.pop(chat_id, None)
        return lookups.draft(self._session.reader, chat_id)

    def show(self, chat_id: str) -> tuple[str, int]:
        """The draft of a chat that comes into the composer now."""
        text, cursor = self.of(chat_id)
        self._base = text
        return text, cursor

    def refresh(self) -> None:
        """The file changed: take another draft over, unless something is typed here that it lacks."""
        chat_id = self._composer.chat_id
        if chat_id is None or chat_id in self._sending or self._taking_back == chat_id:
            return
        known = self._unsaved.get(chat_id)
        if (known is not None and not known.written) or self._composer.text != self._base:
            return
        text, cursor = lookups.draft(self._session.reader, chat_id)
        if text != self._base:
            self._base = text
            self._composer.set_text(text, cursor)

    def typed(self) -> None:
        """The composer's text has changed: it reaches the file within a fraction of a second."""
        chat_id = self._composer.chat_id
        if chat_id is None or self._unsent(chat_id).text == self._base:
            return
        self._unsaved[chat_id] = self._unsent(chat_id)
        if self._timer is None:
            self._timer = self._composer.set_timer(DRAFT_SECONDS, self.save)

    def keep(self) -> None:
        """Before another chat is shown: what was typed into the composer is this chat's draft."""
        self.typed()
        self.save()

    def _unsent(self, chat_id: str) -> _Unsaved:
        """What stands in the composer without the texts that are on their way into the outbox."""
        text, sent = self._composer.text, "".join(self._sending.get(chat_id, ()))
        if text.startswith(sent):
            text = text[len(sent) :]
        return _Unsaved(text, max(0, min(self._composer.caret() - len(sent), len(text))))

    @property
    def unsent(self) -> str:
        """What Enter would send now."""
        return "" if self._composer.chat_id is None else self._unsent(self._composer.chat_id).text

    def save(self) -> None:
        """Hand everything that is not written yet to the writing thread."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        for chat_id, unsaved in self._unsaved.items():
            if chat_id == self._taking_back:
                continue
            if unsaved.write is None or (unsaved.write.done() and not unsaved.written):
                base = self._base if chat_id == self._composer.chat_id else None
                unsaved.write = self._session.do(
                    local.save_draft, chat_id, unsaved.text, unsaved.cursor, base
                )
                if base is not None:
                    self._base = unsaved.text

    async def saved(self) -> None:
        """Wait until everything typed so far is on the disk."""
        self.keep()
        await asyncio.wrap_future(self._session.run(lambda: None))

    def send(self, row: ChatRow, text: str) -> Coroutine[object, object, None]:
        """Move the composer's text into the outbox.

        The write is queued at once, before anything else can happen; what is returned waits for it and
        then empties the composer, which may hold more by then.
        """
        self.keep()
        write = self._queue(row, text, from_draft=True)
        self._sending.setdefault(row.chat.id, []).append(text)
        self._base = ""
        return self._sent(row.chat.id, text, write)

    async def _sent(self, chat_id: str, text: str, write: Future[OutboxItem]) -> None:
        try:
            await asyncio.wrap_future(write)
        except BaseException:
            self._forget(chat_id, text)
            self._base = lookups.draft(self._session.reader, chat_id)[0]
            raise
        now, caret = self._composer.text, self._composer.caret()
        self._forget(chat_id, text)
        if self._composer.chat_id == chat_id and now.startswith(text):
            self._composer.set_text(now[len(text) :], max(0, caret - len(text)))

    def _forget(self, chat_id: str, text: str) -> None:
        self._sending[chat_id].remove(text)
        if not self._sending[chat_id]:
            del self._sending[chat_id]

    async def send_again(self, row: ChatRow, text: str, failed_message: str) -> None:
        """Send the text of a message that failed; the failed one stops wanting attention."""
        await asyncio.wrap_future(self._queue(row, text, retry_of=failed_message))

    def _queue(
        self, row: ChatRow, text: str, *, from_draft: bool = False, retry_of: str | None = None
    ) -> Future[OutboxItem]:
        write = self._session.write(
            local.queue_send,
            row.chat.id,
            row.chat.profile_id,
            {"text": text},
            hold_ms=self._hold(row),
            screen=os.getpid(),
            retry_of=retry_of,
            from_draft=from_draft,
        )
        self._session.refold(row.chat.id)
        return write

    def _hold(self, row: ChatRow) -> Milliseconds:
        """How long a send can be taken back: it must leave before the window closes, by the server's time."""
        if row.window_closes_at is None:
            return local.HOLD_MS
        left = row.window_closes_at - LEAVING_MS - self._session.clock.now()
        return max(0, min(local.HOLD_MS, left))

    async def take_back(self) -> str:
        """Bring the newest send that has not left back into its draft; returns what to tell the person."""
        item = lookups.held(self._session.reader, os.getpid())
        if item is None:
            return "Nothing can be taken back any more"
        await self.saved()
        before = self._composer.text
        self._taking_back = item.chat_id
        try:
            text = await asyncio.wrap_future(self._session.write(local.take_back, item.pk))
        finally:
            self._taking_back = None
        self._session.refold(item.chat_id)
        if text is None:
            self.typed()
            return "It has already left"
        row = lookups.chat(self._session.reader, item.chat_id)
        if self._composer.chat_id == item.chat_id:
            typed_since = self._composer.text.removeprefix(before)
            self._base = text
            self._composer.set_text(text + typed_since)
            self.typed()
        return f"Taken back: the draft for {row.chat.title if row is not None else 'this chat'}"
