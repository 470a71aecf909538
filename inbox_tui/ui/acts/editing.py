"""Buttons under a message, changes of what was sent, and its words on the clipboard."""

from __future__ import annotations

import os
from collections.abc import Mapping

from inbox_tui.core.capabilities import Act, Cause, Refused, platform_name
from inbox_tui.core.cells import preview
from inbox_tui.core.keyboards import parse
from inbox_tui.core.models import JsonObject, Message
from inbox_tui.core.summary import is_tap
from inbox_tui.store import lookups
from inbox_tui.store.acts import ActName, about, edit_draft, open_acts, queue_act
from inbox_tui.store.items import State
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.pending import edited, edits

CLIPBOARD_BYTES = 55_000
"""What fits into one OSC 52 sequence of the terminals that take least (about 74 kB as base64)."""


def keyboard_draft(name: str) -> str:
    """Under which key unfinished buttons are kept among the drafts: of a chat's draft, or of a message."""
    return f"keyboard:{name}"


class Editing(Area):
    """Acts around what a message says and what hangs under it."""

    def keyboard(self, count: int) -> None:
        """Build the buttons that go with the composer's text."""
        from inbox_tui.ui.dialogs.keyboard import KeyboardBuilder, Task

        inbox, shown = self._inbox, self._inbox.shown
        if shown is None:
            return
        composer = inbox.composer
        markup = composer.extras.get("reply_markup")

        def use(chosen: JsonObject) -> str | None:
            if composer.chat_id != shown.chat.id:
                return "Another chat is open now"
            composer.put(reply_markup=chosen or None)
            return None

        task = Task(
            title=f"Buttons for {shown.chat.title}",
            words=composer.text,
            markup=markup if isinstance(markup, Mapping) else None,
            key=keyboard_draft(shown.chat.id),
            sent=False,
            use=use,
        )
        inbox.app.push_screen(KeyboardBuilder(inbox.session, task))

    def edit_keyboard(self, count: int) -> None:
        """Change or remove the buttons of a message that was sent."""
        from inbox_tui.ui.dialogs.keyboard import KeyboardBuilder, Task

        inbox, shown = self._inbox, self._inbox.shown
        row, message = self._message()
        if shown is None or row is None or message is None:
            return
        now = edited(message, row.pending)

        def use(chosen: JsonObject) -> str | None:
            if chosen == (now.reply_markup or {}):
                return "Nothing is changed yet; Telegram would refuse it (message is not modified)"
            return self._queue(shown, message, {"reply_markup": chosen})

        task = Task(
            title=f"Buttons under a message to {shown.chat.title}",
            words=now.body or "",
            markup=now.reply_markup,
            key=keyboard_draft(message.id),
            sent=True,
            use=use,
        )
        inbox.app.push_screen(KeyboardBuilder(inbox.session, task))

    def edit(self, count: int) -> None:
        """Change the text, or the caption, of a message that was sent."""
        from inbox_tui.ui.dialogs.edit import EditMessage, Task

        inbox, shown = self._inbox, self._inbox.shown
        row, message = self._message()
        if shown is None or row is None or message is None:
            return
        refused = [item for item in edits(row.pending) if item.state == State.FAILED and item.text]
        now = edited(message, row.pending)

        def current() -> str | None:
            reader = inbox.session.reader
            found = lookups.message(reader, message.id)
            if found is None or found.deleted_at is not None:
                return None
            waiting = [item for item in open_acts(reader, shown.chat.id) if about(item) == message.id]
            return edited(found, waiting).body or ""

        def use(text: str) -> str | None:
            change: JsonObject = {"text": text}
            keyboard = parse(now.reply_markup)
            if keyboard is not None and now.reply_markup is not None:
                # Telegram takes an edit without a keyboard for one that removes it.
                change = {**change, "reply_markup": now.reply_markup}
            return self._queue(shown, message, change, draft=edit_draft(message.id))

        task = Task(
            title=f"Edit a message to {shown.chat.title}",
            platform=shown.chat.platform,
            before=now.body or "",
            text=refused[-1].text if refused else now.body or "",
            caption=bool(message.attachments),
            key=edit_draft(message.id),
            current=current,
            use=use,
        )
        inbox.app.push_screen(EditMessage(inbox.session, task))

    def copy(self, count: int) -> None:
        """The words of the message under the cursor to the terminal's clipboard."""
        inbox, row = self._inbox, self._inbox.thread.cursor_row
        if row is not None:
            words = _words_of(row)
            inbox.app.copy_to_clipboard(words)
            inbox.say(f"Copied: {preview(words, 60)}")

    def why_not_copy(self, chat: ChatRow, row: ThreadRow) -> Refused | None:
        """There have to be words, and not more than a terminal takes."""
        words = _words_of(row)
        if not words:
            return Refused("There is nothing to copy here", cause=Cause.MESSAGE)
        if len(words.encode("utf-8", "replace")) > CLIPBOARD_BYTES:
            return Refused("This is too long for the terminal's clipboard", cause=Cause.MESSAGE)
        return None

    # What they share.

    def _message(self) -> tuple[ThreadRow | None, Message | None]:
        """The message under the cursor."""
        row = self._inbox.thread.cursor_row
        return row, None if row is None else row.message

    def _queue(
        self, shown: ChatRow, message: Message, change: JsonObject, draft: str | None = None
    ) -> str | None:
        """Hand an edit to the outbox; returns why it cannot be made now."""
        inbox = self._inbox
        found = lookups.message(inbox.session.reader, message.id)
        act = Act.EDIT_TEXT if "text" in change else Act.EDIT_KEYBOARD
        refusal = inbox.refusal_of(shown, act, found or message)
        if refusal is not None:
            return refusal.reason
        before: JsonObject = {"text": message.body, "reply_markup": message.reply_markup}
        payload: JsonObject = {"message_id": message.id, **change, "before": before}
        chat = shown.chat
        inbox.session.act(
            queue_act, ActName.EDIT, chat.id, chat.profile_id, payload, screen=os.getpid(), from_draft=draft
        )
        inbox.session.refold(chat.id)
        inbox.say(f"{platform_name(chat.platform)} is asked to change it")
        return None


def _words_of(row: ThreadRow) -> str:
    """What a row says: its text, else the address of its file."""
    message = row.message
    if message is None:
        return "\n".join(item.text for item in row.items if item.text)
    if message.deleted_at is not None:
        return ""
    if is_tap(message):
        return row.tapped or message.body or ""
    words = edited(message, row.pending).body
    return words or next((file.url for file in message.attachments if file.url), "")
