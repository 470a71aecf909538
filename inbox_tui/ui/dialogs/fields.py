"""Dialogs in which one types: no key overtakes another, a paste is clean text, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import ClassVar, TypeVar

from textual import events, on
from textual.timer import Timer
from textual.widgets import Input

from inbox_tui.store import drafts, lookups
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.editor import Editor, one_line
from inbox_tui.ui.session import Session

ResultT = TypeVar("ResultT")

KEEP_SECONDS = 0.15
"""The longest that something typed exists only in memory, besides the time of one disk write."""


class FieldDialog(Dialog[ResultT]):
    """A dialog in which letters and pastes go into the field that has the focus."""

    NEW_LINE: ClassVar[frozenset[str]] = frozenset({"ctrl+j", "shift+enter"})

    async def take(self, event: events.Key | events.Paste) -> None:
        """Carry a key or a paste out to its end."""
        field = self.focused
        if isinstance(event, events.Paste):
            if isinstance(field, Editor):
                field.paste(event.text)
            elif isinstance(field, Input):
                field.replace(one_line(event.text), *field.selection)
        elif event.key in self.KEYS:
            await super().take(event)
        elif isinstance(field, Editor) and event.key in self.NEW_LINE:
            field.write("\n")
        elif isinstance(field, Input) and event.is_printable and event.character:
            field.replace(event.character, *field.selection)
        elif not (isinstance(field, Editor) and field.type_key(event)):
            await super().take(event)

    @on(Editor.TooLong)
    def _paste_too_long(self, event: Editor.TooLong) -> None:
        words = f"The paste has {event.characters:,} characters, more than can be sent; nothing was pasted"
        self.app.notify(words, markup=False, timeout=4)


class Kept:
    """What stands in a dialog and is not done, on the disk while it is typed, under a key of the drafts."""

    def __init__(self, session: Session, dialog: Dialog[ResultT], key: str, read: Callable[[], str]) -> None:
        """`key`: what stands for the chat among the drafts (`edit:<message id>`, say).

        `read` tells what there is to keep now; empty: nothing. It is asked when it is to be written, so that
        letters count of which no message has told yet.
        """
        self._session = session
        self._dialog = dialog
        self._key = key
        unwritten = session.unwritten.get(key)
        self.found = lookups.draft(session.reader, key)[0] if unwritten is None else unwritten
        """What was left there the last time; empty: nothing."""
        self._read = read
        self._written = self.found
        self._timer: Timer | None = None
        self._over = False
        dialog.keeps.append(self.save)

    def typed(self) -> None:
        """Something has changed: it is on the disk within a moment, or already where the dialog was left."""
        stands = self._dialog in self._dialog.app.screen_stack
        if stands and self._timer is None and not self._over:
            self._timer = self._dialog.set_timer(KEEP_SECONDS, self.save)

    def save(self) -> None:
        """Hand what is not written yet to the writing thread."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not self._over and self._dialog.ready.is_set():
            self._write(self._read())

    def _write(self, text: str) -> None:
        if text == self._written:
            return
        unwritten = self._session.unwritten
        self._written = unwritten[self._key] = text
        write = self._session.do(drafts.save, self._key, text, len(text))

        def written(done: Future[str]) -> None:
            if done.exception() is None and unwritten.get(self._key) == text:
                unwritten.pop(self._key, None)

        write.add_done_callback(written)

    def leave(self) -> None:
        """It is kept as it is now, and no longer looked at."""
        self.save()
        self._over = True

    def drop(self, left: str = "") -> None:
        """It is done: there is only `left` to come back to, whatever is still said to be typed."""
        self._over = True
        self._write(left)
