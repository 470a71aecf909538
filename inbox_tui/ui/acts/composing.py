"""What the keys of the composer do: send, take back, leave, and everything that is put to a text."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

from textual import events

from inbox_tui.core.capabilities import Act, Refused
from inbox_tui.core.models import JsonObject
from inbox_tui.core.text import is_path
from inbox_tui.store import lookups
from inbox_tui.store.drafts import Words
from inbox_tui.ui.acts.area import Area


class Composing(Area):
    """Acts in the composer, and those that begin a text there."""

    _asked: tuple[str, str] | None = None
    """The chat and the text of which was said that it looks like a path, or that Enter sends it now."""

    def send(self, count: int) -> None:
        """Send what stands in the composer to the chat that is shown, or say why not."""
        self._submit()

    def why_not_send(self) -> Refused | None:
        """Asked of the words in the composer; without any, of the chat alone."""
        words = self._inbox.drafts.unsent
        return next(self._refusals(words), None) if words else self._inbox.shown_chat.refusal()

    def send_done(self, count: int) -> None:
        """Send, and close the chat for us."""
        if self._submit(done=True):
            self._inbox.turn_to(self._inbox.thread)

    def newline(self, count: int) -> None:
        """Begin a new line."""
        self._inbox.composer.editor.write("\n")

    def leave(self, count: int) -> None:
        """Out of the composer; the text stays."""
        self._inbox.leave_field()

    def undo_send(self, count: int) -> None:
        """Undo typing; in an empty composer the held send comes back first."""
        inbox, composer = self._inbox, self._inbox.composer
        if not composer.text and inbox.drafts.held() is not None:
            inbox.acts.do("take_back")
        elif not composer.editor.take_back():
            inbox.say("Nothing to undo" if composer.text else "Nothing can be taken back any more")

    def _submit(self, *, done: bool = False) -> bool:
        inbox = self._inbox
        row, words = inbox.shown, inbox.drafts.unsent
        if row is None:
            return False
        if not words:
            inbox.say("Nothing to send")
        elif (refusal := self.why_not_send()) is not None:
            inbox.say(refusal.reason)
        elif (excess := inbox.composer.excess) is not None:
            inbox.say(f"{excess}; nothing was sent")
        elif (open_blank := inbox.acts.snippets.in_the_way(row, words)) is not None:
            inbox.say(open_blank)
        elif (path := self._path(row.chat.id, words.text)) is not None:
            inbox.say(path)
        elif inbox.drafts.is_copying(row.chat.id):
            inbox.say("The file before it is still being copied; nothing was sent")
        elif (warning := inbox.warnings.unseen_answer()) is not None:
            inbox.say(warning)
        else:
            self._asked = None
            leaving = inbox.drafts.send(row, words, done=done)
            if done:
                # The key behind it is about a chat that is closed.
                inbox.keys.begun.wait_for(leaving)
            else:
                inbox.background(leaving)
            return True
        return False

    def has_asked(self) -> None:
        """What stands in the composer was held back, and the person told that the next Enter sends it."""
        if (row := self._inbox.shown) is not None:
            self._asked = (row.chat.id, self._inbox.drafts.unsent.text)

    def _path(self, chat_id: str, text: str) -> str | None:
        """Why a text is not sent that is nothing but the place of a file; None once that was said of it."""
        if not is_path(text) or self._asked == (chat_id, text):
            return None
        self._asked = (chat_id, text)
        key = self._inbox.keymap.label
        refusal = self._inbox.shown_chat.refusal(Act.SEND_ATTACHMENT)
        file = f"{key('attach')} sends a file" if refusal is None else refusal.reason
        return f"This is a path, not a message: {file}. Press {key('send')} again to send it as text"

    def _refusals(self, words: Words) -> Iterator[Refused]:
        """Why these words cannot be sent, asked for each part of them."""
        inbox, extras = self._inbox, words.extras
        acts = [Act.SEND_TEXT] if words.text.strip() else []
        acts += [Act.SEND_ATTACHMENT] if "file" in extras or "media_url" in extras else []
        acts += [Act.REPLY_MARKUP] if "reply_markup" in extras else []
        for act in acts:
            if (refusal := inbox.shown_chat.refusal(act)) is not None:
                yield refusal
        replied_to = extras.get("reply_to_id")
        message = lookups.message(inbox.session.reader, str(replied_to)) if replied_to else None
        if "reply_to" in extras and (refusal := inbox.shown_chat.refusal(Act.REPLY_TO, message)) is not None:
            yield Refused(f"{refusal.reason}; Backspace in front of the text makes it a plain reply")

    def reply_to(self, count: int) -> None:
        """Reply to the selected message; again on the same one, to none."""
        inbox, composer = self._inbox, self._inbox.composer
        row = inbox.thread.cursor_row
        message = None if row is None else row.message
        if message is None:
            return
        if composer.extras.get("reply_to_id") == message.id:
            composer.take_off("reply")
        else:
            composer.put(reply_to=message.external_id, reply_to_id=message.id)
        inbox.turn_to(composer.editor)

    def external_editor(self, count: int) -> None:
        """Write in the editor of $VISUAL or $EDITOR."""
        from inbox_tui.ui.external_editor import NoText, written_in_editor

        inbox, composer = self._inbox, self._inbox.composer
        if composer.editor.read_only:
            composer.editor.write("")
            return
        # Here and now, not in a worker: Enter right behind this key would send the text as it is. The draft
        # is on the disk before the terminal is given away.
        inbox.drafts.keep()
        inbox.session.run(lambda: None).result()
        written: Future[str] = Future()
        with inbox.app.suspend():
            # Nothing may be raised in here: the terminal is only taken back at the end.
            try:
                written.set_result(written_in_editor(inbox.session.folder.path, composer.text))
            except Exception as fault:  # noqa: BLE001
                written.set_exception(fault)
        inbox.stray.none_before(events.Idle().time)
        try:
            composer.editor.put(written.result(), (0, 0), composer.editor.document.end)
        except NoText as fault:
            inbox.say(f"{fault}; the text is as it was")

    def attach(self, count: int) -> None:
        """Take the file that is offered, or choose one to go with the text, another one, or none."""
        if not self._inbox.warnings.take_offer():
            self._attach()

    def _attach(self) -> None:
        from inbox_tui.ui.dialogs.attach import Attach

        inbox, composer, row = self._inbox, self._inbox.composer, self._inbox.shown
        if row is None:
            return
        start = str(composer.extras.get("file") or composer.extras.get("media_url") or "")

        def use(chosen: JsonObject) -> None:
            if composer.chat_id == row.chat.id:
                composer.attach(chosen)

        # Not from a worker: a path typed at once behind the key would be a message, and Enter would send it.
        inbox.app.push_screen(Attach(row.chat.platform, start, use))
