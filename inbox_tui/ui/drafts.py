"""The composer's words: drafts that reach the disk at once, go into the outbox, and come back out of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.timer import Timer

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import JsonObject, Milliseconds
from inbox_tui.store import lookups, marks, outbox
from inbox_tui.store.db import now_ms
from inbox_tui.store.drafts import NO_WORDS, Words
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.lookups import Composed
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.composer import Composer
from inbox_tui.ui.extras import with_open_blanks
from inbox_tui.ui.kept_draft import KeptDraft
from inbox_tui.ui.sending import Sender, payloads
from inbox_tui.ui.session import Session

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

DRAFT_SECONDS = 0.15
"""The longest that a typed character exists only in memory, besides the time of one disk write."""
ELSEWHERE_MS = 60_000
"""How long a composer says that its draft was changed in another terminal."""
SENT_SECONDS = 2.0
"""How long a key that would change what is being sent waits until that is in the outbox."""


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """A send that the person has given up: the item, or the text of a message of which only the API knows."""

    chat_id: str
    at: Milliseconds
    item_pk: int | None
    text: str

    def bring_back(self, writer: Writer) -> str | None:
        """Make a draft of it again."""
        if self.item_pk is not None:
            return outbox.bring_back(writer, self.item_pk)
        return outbox.put_back(writer, self.chat_id, self.text)


class Drafts:
    """Keeps the composer's words safe, and moves them into the outbox."""

    def __init__(self, session: Session, composer: Composer) -> None:
        self.sender = Sender(session)
        self._session = session
        self._composer = composer
        self._begun_at: Milliseconds | None = None
        self._dirty = False
        self._kept: dict[str, KeptDraft] = {}
        """The draft that is shown, and those of which the file lacks something."""
        self._timer: Timer | None = None
        self._sending: dict[str, list[Words]] = {}
        self._sent = asyncio.Event()
        """Set while nothing that stands in a composer is on its way into the outbox."""
        self._sent.set()
        self._copying: dict[str, asyncio.Future[None]] = {}
        self._done_with: set[int | None] = set()
        self._given_up: list[_GivenUp] = []
        self._taking_back: str | None = None

    def _of(self, chat_id: str) -> Composed:
        """The draft of a chat: as it was typed where the file lacks it still, else the file's."""
        filed = lookups.composed(self._session.reader, chat_id)
        kept = self._kept.get(chat_id)
        if kept is not None and (chat_id in self._sending or not kept.at_rest):
            return Composed(kept.words.text, kept.cursor, kept.words.extras, filed.started_at)
        return filed

    def show(self, chat_id: str) -> Composed:
        """The draft of a chat that comes into the composer now."""
        self._kept = {
            name: kept for name, kept in self._kept.items() if name in self._sending or not kept.at_rest
        }
        found = self._of(chat_id)
        self._kept.setdefault(chat_id, KeptDraft(chat_id, found))
        self._begun_at = found.started_at
        return found

    @property
    def begun_at(self) -> Milliseconds | None:
        """When the draft that is shown was begun, by this machine's clock; None where there is none."""
        self._collect()
        return self._begun_at

    @property
    def is_elsewhere(self) -> bool:
        """Whether the draft that is shown was lately changed in another terminal."""
        kept = self._kept.get(self._composer.chat_id or "")
        return kept is not None and kept.changed_at is not None and now_ms() - kept.changed_at < ELSEWHERE_MS

    def refresh(self) -> None:
        """The file changed: take over what others did to the draft, beside what is typed here."""
        chat_id = self._composer.chat_id
        kept = self._kept.get(chat_id or "")
        if kept is None or chat_id is None or chat_id in self._sending or self._taking_back == chat_id:
            return
        found, now = lookups.composed(self._session.reader, chat_id), self._unsent(chat_id)
        taken = kept.look(found, now, self._caret(chat_id))
        if taken is None:
            return
        words, caret = taken
        # Who types keeps the place in the text; else the caret is where it was left.
        own = bool(now.text) and self._composer.editor.has_focus
        self._composer.set_draft(words.text, words.extras, caret if own else found.cursor)
        self._begun_at = found.started_at
        self.typed()

    def typed(self) -> None:
        """The composer's text, or what goes with it, has changed: it reaches the file within a moment.

        The text itself is not looked at here, once for each letter, but once for all the letters of a moment.
        """
        if self._composer.chat_id is not None:
            self._dirty = True
            if self._timer is None:
                self._timer = self._composer.set_timer(DRAFT_SECONDS, self.save)

    def _collect(self) -> None:
        """Note what was typed since the last look."""
        chat_id = self._composer.chat_id
        if not self._dirty or chat_id is None:
            return
        self._dirty = False
        words = self._unsent(chat_id)
        kept = self._kept[chat_id]
        if words != kept.words:
            kept.words, kept.cursor = words, self._caret(chat_id)
        if not (words.text or words.extras):
            self._begun_at = None
        elif self._begun_at is None:
            self._begun_at = now_ms()

    def keep(self) -> None:
        """Before another chat is shown: what was typed into the composer is this chat's draft."""
        self._dirty = self._composer.chat_id is not None
        self.save()

    def _sent_text(self, chat_id: str) -> str:
        return "".join(words.text for words in self._sending.get(chat_id, ()))

    def _caret(self, chat_id: str) -> int:
        return max(0, self._composer.caret() - len(self._sent_text(chat_id)))

    def _unsent(self, chat_id: str) -> Words:
        """What stands in the composer without what is on its way into the outbox."""
        extras = self._composer.extras
        for words in self._sending.get(chat_id, ()):
            extras = _without(extras, words.extras)
        text = self._composer.text.removeprefix(self._sent_text(chat_id))
        return Words(text, with_open_blanks(extras, text))

    @property
    def unsent(self) -> Words:
        """What Enter would send now."""
        return NO_WORDS if self._composer.chat_id is None else self._unsent(self._composer.chat_id)

    def save(self) -> None:
        """Hand everything that is not written yet to the writing thread."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._collect()
        for kept in self._kept.values():
            if (write := kept.save(self._session)) is not None:
                write.add_done_callback(self._written)

    def _written(self, _: Future[None]) -> None:
        """Look again: what others changed while the write was under way was passed over."""
        self._composer.call_later(self.refresh)

    async def saved(self) -> None:
        """Wait until everything typed so far is on the disk, and what is being sent is in the outbox."""
        self.keep()
        await asyncio.gather(*self._copying.values())
        await asyncio.wrap_future(self._session.run(lambda: None))

    # Sending.

    async def sent(self) -> None:
        """Wait until what was sent is in the outbox and out of the composer, no longer than SENT_SECONDS."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._sent.wait(), SENT_SECONDS)

    def is_copying(self, chat_id: str) -> bool:
        """Whether a file of this chat is on its way into the outbox; what follows has to wait for it."""
        return chat_id in self._copying

    def send(self, row: ChatRow, words: Words, *, done: bool = False) -> Coroutine[object, object, None]:
        """Move the composer's words into the outbox; `done` closes the chat for us when they are there.

        The write is queued at once, before anything else can happen, unless a file has to be copied first;
        what is returned waits for it and then empties the composer, which may hold more by then.
        """
        if words.text and not words.text.strip():
            # White space beside a file is no message, and nothing to come back to.
            words = Words("", words.extras)
            self._composer.set_draft("", words.extras)
        path = words.extras.get("file")
        if not isinstance(path, str):
            return self._leave(row, words, self._queue_draft(row, words), done=done)
        self._copying[row.chat.id] = asyncio.get_running_loop().create_future()
        return self._copy_and_send(row, words, Path(path), done=done)

    async def _copy_and_send(self, row: ChatRow, words: Words, path: Path, *, done: bool) -> None:
        """Copy a file to where it is sent from; until that is done, its text stays a draft like any other."""
        from inbox_tui.store import spool

        chat_id = row.chat.id
        try:
            copied = await asyncio.to_thread(spool.copy_in, self._session.folder, path, row.chat.platform)
            file: JsonObject = {
                "file": str(copied.path),
                "file_name": copied.name,
                "size": copied.size,
                "type": copied.type,
                "source": str(path),
            }
            there = self._of(chat_id)
            draft = Words(there.text, there.extras)
            if self._composer.chat_id == chat_id:
                draft = self._unsent(chat_id)
            if not draft.text.startswith(words.text):
                spool.drop(self._session.folder, str(copied.path))
                raise Refused("The text was changed while its file was copied", "Nothing was sent")
            left = Words(draft.text.removeprefix(words.text), _without(draft.extras, words.extras))
            await self._leave(row, words, self._queue_draft(row, words, file, left), done=done)
        finally:
            self._copying.pop(chat_id).set_result(None)

    def _queue_draft(
        self, row: ChatRow, words: Words, file: JsonObject | None = None, left: Words = NO_WORDS
    ) -> Future[OutboxItem]:
        """Queue words that stand in the draft; `left` was put to them since, and stays there."""
        self.keep()
        write = self.sender.queue(row, *payloads(words, file), left=left)
        self._sending.setdefault(row.chat.id, []).append(words)
        self._sent.clear()
        if (kept := self._kept.get(row.chat.id)) is not None:
            kept.leaves(write, left)
        if self._composer.chat_id == row.chat.id:
            self._begun_at = None if left == NO_WORDS else now_ms()
            if not left.text:
                # What is typed now is behind the text, wherever the caret was in it.
                self._composer.editor.move_cursor(self._composer.editor.document.end)
        return write

    async def _leave(self, row: ChatRow, words: Words, write: Future[OutboxItem], *, done: bool) -> None:
        """Wait until words are in the outbox, then take them out of the composer."""
        chat_id = row.chat.id
        try:
            item = await asyncio.wrap_future(write)
        except BaseException:
            # What has left from another terminal is no draft any more; what was typed behind it here is.
            self._forget(chat_id, words)
            self.typed()
            self.refresh()
            raise
        now, caret = self._composer.text, self._composer.caret()
        self._forget(chat_id, words)
        if self._composer.chat_id == chat_id and now.startswith(words.text):
            extras = _without(self._composer.extras, words.extras)
            self._composer.set_draft(now[len(words.text) :], extras, max(0, caret - len(words.text)))
            self.typed()
        self.refresh()
        if done:
            self._done_with.add(item.pk)
            self._session.do(marks.mark, chat_id, "done")
            self._session.refold(chat_id, awaited=True)

    def _forget(self, chat_id: str, words: Words) -> None:
        self._sending[chat_id].remove(words)
        if not self._sending[chat_id]:
            del self._sending[chat_id]
        if not self._sending:
            self._sent.set()

    def held(self) -> OutboxItem | None:
        """The newest send of this screen that can still be taken back."""
        return lookups.held(self._session.reader, os.getpid())

    def give_up(self, chat_id: str, *, item_pk: int | None = None, text: str = "") -> None:
        """Remember what was given up, an item or the text of a failed message, so that it can be had back."""
        self._given_up.append(_GivenUp(chat_id, now_ms(), item_pk, text))

    def takes_back_after(self, at: Milliseconds) -> bool:
        """Whether there is a send to be taken back, or something that was given up at a time or later."""
        return self.held() is not None or bool(self._given_up and self._given_up[-1].at >= at)

    async def take_back(self) -> str:
        """Bring the newest send that has not left, or what was given up since, back into its draft.

        Returns what to tell the person.
        """
        item, given = self.held(), self._given_up[-1] if self._given_up else None
        if given is not None and (item is None or given.at >= item.created_at):
            self._given_up.pop()
            if await self.bring(given.chat_id, given.bring_back):
                return f"Brought back: the draft for {self._name(given.chat_id)}"
            return "There is nothing left of it"
        if item is None:
            return "Nothing can be taken back any more"
        if not await self.bring(item.chat_id, partial(outbox.take_back, item_pk=item.pk)):
            return "It has already left"
        if self._done_with & {item.pk, item.with_pk}:
            self._session.do(marks.unmark, item.chat_id, "done")
            self._session.refold(item.chat_id)
        return f"Taken back: the draft for {self._name(item.chat_id)}"

    async def bring(self, chat_id: str, bring: Callable[[Writer], str | None]) -> bool:
        """Have a draft made of words that were written before; the composer shows it if it is its own."""
        await self.saved()
        self._taking_back = chat_id
        try:
            text = await asyncio.wrap_future(self._session.write(bring))
        finally:
            self._taking_back = None
        self._session.refold(chat_id)
        if (kept := self._kept.get(chat_id)) is not None:
            kept.expects_change = text is not None
        self.refresh()
        return text is not None

    def _name(self, chat_id: str) -> str:
        row = lookups.chat(self._session.reader, chat_id)
        return "this chat" if row is None else row.chat.title


def _without(extras: JsonObject, sent: JsonObject) -> JsonObject:
    """What goes with the text and is not what was sent."""
    return {name: value for name, value in extras.items() if sent.get(name) != value}
