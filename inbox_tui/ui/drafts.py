"""What is typed and what is sent: drafts that reach the disk at once, sends that leave through the outbox."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future
from dataclasses import dataclass

from textual.timer import Timer

from inbox_tui.store import local, lookups
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


class Drafts:
    """Keeps the composer's text safe, and moves it into the outbox."""

    def __init__(self, session: Session, composer: Composer) -> None:
        self._session = session
        self._composer = composer
        self._unsaved: dict[str, _Unsaved] = {}
        self._timer: Timer | None = None
        self._sending: set[str] = set()

    def of(self, chat_id: str) -> tuple[str, int]:
        """The draft of a chat and the caret's offset in code points."""
        known = self._unsaved.get(chat_id)
        if known is not None and (known.write is None or not known.write.done()):
            return known.text, known.cursor
        self._unsaved.pop(chat_id, None)
        return lookups.draft(self._session.reader, chat_id)

    def typed(self) -> None:
        """The composer's text has changed: it reaches the file within a fraction of a second."""
        chat_id = self._composer.chat_id
        if chat_id is None:
            return
        self._unsaved[chat_id] = _Unsaved(self._composer.text, self._composer.caret())
        if self._timer is None:
            self._timer = self._composer.set_timer(DRAFT_SECONDS, self.save)

    def save(self) -> None:
        """Hand everything that is not written yet to the writing thread."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        for chat_id, unsaved in self._unsaved.items():
            if unsaved.write is None:
                unsaved.write = self._session.write(local.save_draft, chat_id, unsaved.text, unsaved.cursor)

    async def saved(self) -> None:
        """Wait until everything typed so far is on the disk."""
        self.save()
        await asyncio.wrap_future(self._session.run(lambda: None))

    def sending(self, chat_id: str) -> bool:
        """Whether a send of the chat is on its way into the outbox this moment."""
        return chat_id in self._sending

    async def send(self, row: ChatRow, text: str) -> None:
        """Move the composer's text into the outbox; the composer is emptied only when the outbox has it."""
        chat_id = row.chat.id
        self._sending.add(chat_id)
        try:
            self.save()
            await self._queue(row, text, from_draft=True)
        finally:
            self._sending.discard(chat_id)
        self._unsaved.pop(chat_id, None)
        if self._composer.chat_id == chat_id:
            now = self._composer.text
            # What was typed during the write stays; it begins behind what was sent.
            self._composer.set_text(now[len(text) :].lstrip("\n") if now.startswith(text) else now)
            if self._composer.text:
                self.typed()

    async def send_again(self, row: ChatRow, text: str, failed_message: str) -> None:
        """Send the text of a message that failed; the failed one stops wanting attention."""
        await self._queue(row, text, retry_of=failed_message)

    async def _queue(
        self, row: ChatRow, text: str, *, from_draft: bool = False, retry_of: str | None = None
    ) -> None:
        write = self._session.write(
            local.queue_send,
            row.chat.id,
            row.chat.profile_id,
            {"text": text},
            screen=os.getpid(),
            retry_of=retry_of,
            from_draft=from_draft,
        )
        await asyncio.wrap_future(write)
        self._session.refold(row.chat.id)

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
