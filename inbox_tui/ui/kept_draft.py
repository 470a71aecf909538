"""One draft as this terminal has it, beside others that may have it too."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from inbox_tui.core.merging import merge, merge_objects, moved
from inbox_tui.core.models import Milliseconds
from inbox_tui.store import drafts
from inbox_tui.store.db import now_ms
from inbox_tui.store.drafts import Base, Words
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.lookups import Composed
from inbox_tui.ui.session import Session

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer


class KeptDraft:
    """What is typed of a draft, what of it the writing thread was given, and what the file was seen to hold.

    The file decides: each side brings what it has changed since it last saw the file into what stands there,
    and takes over what has come of that. So all sides end with the same text, and no change is made twice.
    """

    def __init__(self, chat_id: str, found: Composed) -> None:
        """`found`: what the file holds."""
        self.words = Words(found.text, found.extras)
        """What was typed, as far as it was looked at."""
        self.cursor = found.cursor
        self.changed_at: Milliseconds | None = None
        """When another terminal was last seen to have changed it."""
        self.expects_change = False
        """Whether the next change comes from an act of this screen."""
        self._chat_id = chat_id
        self._handed = self.words
        self._filed = Base(self.words)
        """What this side's next change is a change of; once a write is under way, the writing thread's."""
        self._write: Future[None] | None = None

    @property
    def _failed(self) -> bool:
        return self._write is not None and self._write.done() and self._write.exception() is not None

    @property
    def at_rest(self) -> bool:
        """Whether the file has all of it."""
        return self.words == self._handed and (self._write is None or self._write.done()) and not self._failed

    def save(self, session: Session) -> Future[None] | None:
        """Hand what the file lacks to the writing thread; None where that is nothing."""
        if self.words == self._handed and not self._failed:
            return None
        words, cursor = self.words, self.cursor

        def save(writer: Writer) -> None:
            drafts.save(writer, self._chat_id, words.text, cursor, self._filed, words.extras)
            self._filed = Base(words, cursor)

        self._handed = words
        self._write = session.do(save)
        return self._write

    def leaves(self, write: Future[OutboxItem], left: Words) -> None:
        """A write moves it into the outbox, all but `left`; where that fails, it is as it was."""
        self.words = self._handed = left

        def left_behind(done: Future[OutboxItem]) -> None:
            if done.exception() is None:
                self._filed = Base(left)

        # In the writing thread, before anything that is handed to it later.
        write.add_done_callback(left_behind)

    def look(self, found: Composed, now: Words, caret: int) -> tuple[Words, int] | None:
        """What the composer should show, and its caret, when the file holds `found`; None: what it shows.

        `now`: what stands in the composer. While a write is under way nobody can tell whose change it is;
        who asked for the write looks again when it is done.
        """
        there = Words(found.text, found.extras)
        filed, goes_on_at = self._filed.words, self._filed.goes_on_at
        if there == filed or (self._write is not None and not self._write.done()):
            return None
        text, caret = merge(filed.text, now.text, there.text, caret, found.cursor, goes_on_at)
        extras = merge_objects(filed.extras, now.extras, there.extras)
        if goes_on_at is not None:
            goes_on_at = moved(filed.text, there.text, goes_on_at, found.cursor)
        if not self.expects_change:
            self.changed_at = now_ms()
        self.expects_change = False
        self.words = self._handed = there
        self._filed = Base(there, goes_on_at)
        self._write = None
        return Words(text, extras), caret
