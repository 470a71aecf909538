"""What is typed and what is sent: drafts that reach the disk at once, sends that leave through the outbox."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass

from textual.timer import Timer

from inbox_tui.store import local, lookups
from inbox_tui.store.local import OutboxItem
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.composer import Composer
from inbox_tui.ui.session import Session

DRAFT_SECONDS = 0.15
"""The longest that a typed character exists only in memory, besides the time of one disk write."""


@dataclass(slots=True)
class _Unsaved:
    """A text that is ahead of the file until its write is done."""

    text: str
    cursor: int
    write: Future[None] | None = None

    @property
    def written(self) -> bool:
        """Whether the file has it; a write that failed leaves it here."""
        return self.write is not None and self.write.done() and self.write.exception() is None


class Drafts:
    """Keeps the composer's text safe, and moves it into the outbox."""

    def __init__(self, session: Session, composer: Composer) -> None:
        self._session = session
        self._composer = composer
        self._unsaved: dict[str, _Unsaved] = {}
        self._timer: Timer | None = None
        self._sending: dict[str, str] = {}

    def of(self, chat_id: str) -> tuple[str, int]:
        """The draft of a chat and the caret's offset in code points."""
        known = self._unsaved.get(chat_id)
        if known is not None and not known.written:
            return known.text, known.cursor
        self._unsaved.pop(chat_id, None)
        return lookups.draft(self._session.reader, chat_id)

    def typed(self) -> None:
        """The composer's text has changed: it reaches the file within a fraction of a second."""
        chat_id = self._composer.chat_id
        if chat_id is None:
            return
        self._unsaved[chat_id] = self._unsent(chat_id)
        if self._timer is None:
            self._timer = self._composer.set_timer(DRAFT_SECONDS, self.save)

    def keep(self) -> None:
        """Before another chat is shown: what stands in the composer now is this chat's draft."""
        chat_id = self._composer.chat_id
        if chat_id is not None and self._unsent(chat_id).text != self.of(chat_id)[0]:
            self._unsaved[chat_id] = self._unsent(chat_id)
        self.save()

    def _unsent(self, chat_id: str) -> _Unsaved:
        """What stands in the composer without the text that is on its way into the outbox."""
        text, sent = self._composer.text, self._sending.get(chat_id)
        if sent is not None and text.startswith(sent):
            text = text[len(sent) :].lstrip("\n")
        return _Unsaved(text, min(self._composer.caret(), len(text)))

    def save(self) -> None:
        """Hand everything that is not written yet to the writing thread."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        for chat_id, unsaved in self._unsaved.items():
            if unsaved.write is None or (unsaved.write.done() and not unsaved.written):
                unsaved.write = self._session.do(local.save_draft, chat_id, unsaved.text, unsaved.cursor)

    async def saved(self) -> None:
        """Wait until everything typed so far is on the disk."""
        self.keep()
        await asyncio.wrap_future(self._session.run(lambda: None))

    def sending(self, chat_id: str) -> bool:
        """Whether a send of the chat is on its way into the outbox this moment."""
        return chat_id in self._sending

    def send(self, row: ChatRow, text: str) -> Coroutine[object, object, None]:
        """Move the composer's text into the outbox.

        The write is queued at once, before anything else can happen; what is returned waits for it and
        then empties the composer, which may hold more by then.
        """
        self.keep()
        self._sending[row.chat.id] = text
        return self._sent(row.chat.id, self._queue(row, text, from_draft=True))

    async def _sent(self, chat_id: str, write: Future[OutboxItem]) -> None:
        try:
            await asyncio.wrap_future(write)
            rest = self._unsent(chat_id)
            if self._composer.chat_id == chat_id:
                self._composer.set_text(rest.text)
                self._unsaved.pop(chat_id, None)
                if rest.text:
                    self.typed()
        finally:
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
            screen=os.getpid(),
            retry_of=retry_of,
            from_draft=from_draft,
        )
        self._session.refold(row.chat.id)
        return write

    async def take_back(self) -> str:
        """Bring the newest held send back into its draft; returns what to tell the person."""
        item = lookups.held(self._session.reader, os.getpid())
        if item is None:
            return "Nothing can be taken back any more"
        await self.saved()
        text = await asyncio.wrap_future(self._session.write(local.take_back, item.pk))
        self._session.refold(item.chat_id)
        if text is None:
            return "It has already left"
        self._unsaved.pop(item.chat_id, None)
        if self._composer.chat_id == item.chat_id:
            self._composer.set_text(text)
        return "Taken back into the draft"
