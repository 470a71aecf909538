"""Files and links of messages: fetched where they are looked at, opened and saved by key."""

from __future__ import annotations

from pathlib import Path

from inbox_tui.core.capabilities import Cause, Refused
from inbox_tui.store import screens
from inbox_tui.store.fetched import MediaState
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.acts.area import Area

SHOWN = frozenset({"image", "sticker"})
"""Types of attachments that are drawn in the thread, and so fetched without being asked for."""


class Attachments(Area):
    """Acts on what hangs on the message under the cursor."""

    _asked: frozenset[str] = frozenset()

    def open_attachment(self, count: int) -> None:
        """Choose a file or a link of the message, seeing where it leads, and open it."""
        from inbox_tui.ui.dialogs.open import OpenDialog, things_of

        inbox, row = self._inbox, self._inbox.thread.cursor_row
        if row is not None:
            inbox.app.push_screen(OpenDialog(inbox.session, row, things_of(row)))

    def why_not_open_attachment(self, chat: ChatRow, row: ThreadRow) -> Refused | None:
        """There has to be something to open."""
        from inbox_tui.ui.dialogs.open import things_of

        if things_of(row):
            return None
        return Refused("There is no file and no link to open", cause=Cause.MESSAGE)

    def save_attachment(self, count: int) -> None:
        """Save a file of the message."""
        from inbox_tui.ui.dialogs.save import SaveDialog

        inbox, row = self._inbox, self._inbox.thread.cursor_row
        if row is not None and row.message is not None:
            inbox.app.push_screen(SaveDialog(inbox.session, row.message), self._saved)

    def why_not_save_attachment(self, chat: ChatRow, row: ThreadRow) -> Refused | None:
        """There has to be a file, and the service must have it."""
        files = () if row.message is None else row.message.attachments
        if not files:
            return Refused("There is no file to save", cause=Cause.MESSAGE)
        if any(file.url for file in files):
            return None
        why = "The service could not store this file, so there is nothing to save"
        return Refused(why, cause=Cause.MESSAGE)

    def _saved(self, path: Path | None) -> None:
        if path is not None:
            self._inbox.say(f"Saved {path}")

    def want_pictures(self) -> None:
        """Have the pictures of the open thread fetched, each once.

        Only what the service has stored itself: who sent it does not learn when it is looked at.
        """
        wanted = [
            f"{row.message.id}/{file.id}"
            for row in self._inbox.thread.window_rows
            if row.message is not None and row.message.deleted_at is None
            for file in row.message.attachments
            if file.type in SHOWN and file.status == "processed" and file.url and not known(row, file.id)
        ]
        for subject in wanted:
            if subject not in self._asked:
                self._inbox.session.do(screens.need, "media", subject)
        self._asked |= frozenset(wanted)


def known(row: ThreadRow, attachment_id: str) -> bool:
    """Whether a file of a row was asked for, and is not gone again."""
    found = next((each for each in row.media if each.attachment_id == attachment_id), None)
    return found is not None and (found.state != MediaState.READY or found.path is not None)
