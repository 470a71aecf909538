"""Saving a file of a message: where to, how far it is, and where it is in the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, ProgressBar, Static

from inbox_tui.core.errors import InboxError
from inbox_tui.core.models import Attachment, Message
from inbox_tui.store import fetched, screens
from inbox_tui.store.fetched import MediaRow, MediaState
from inbox_tui.store.saving import save_copy
from inbox_tui.ui.attachment_view import progress
from inbox_tui.ui.dialogs.fields import FieldDialog
from inbox_tui.ui.paths import local_path
from inbox_tui.ui.session import Session


class SaveDialog(FieldDialog[Path | None]):
    """Asks for a place, waits for the file, and copies it there. Returns where it stands."""

    KEYS: ClassVar[dict[str, str]] = {
        "enter": "action_save",
        "escape": "action_back",
        "tab": "action_next",
        "shift+tab": "action_next",
    }

    def __init__(self, session: Session, message: Message) -> None:
        super().__init__()
        self._session = session
        self._message = message
        self._files = [file for file in message.attachments if file.url]
        self._number = 0
        self._target: Path | None = None
        self._asked_for = ""
        """What stood in the field at Enter."""
        self._asked = False

    def compose(self) -> ComposeResult:
        """The file, the place, how far it is."""
        with Vertical(id="save") as box:
            box.border_title = Content("Save")
            yield Static(id="save-file")
            yield Input(placeholder="folder or file", compact=True)
            yield ProgressBar(show_eta=False)
            yield Static(id="save-notice")
            more = " · Tab next file" if len(self._files) > 1 else ""
            yield Static(Content(f"⏎ save{more} · Esc back").stylize("dim"))

    async def take(self, event: events.Key | events.Paste) -> None:
        """Who types on behind Enter takes it back: the dialog does not close under what is typed."""
        await super().take(event)
        if self._target is not None and self._field.value != self._asked_for:
            self._target = None
            self._say("")

    def on_mount(self) -> None:
        """Propose the folder for downloads, and have the file fetched meanwhile."""
        self.query_one(ProgressBar).display = False
        self._choose()
        self.set_focus(self.query_one(Input))
        super().on_mount()

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    @property
    def _file(self) -> Attachment:
        return self._files[self._number]

    def _media(self) -> MediaRow | None:
        return fetched.media(self._session.reader, [self._file.id]).get(self._file.id)

    def _choose(self) -> None:
        media = self._media()
        if media is None or media.state == MediaState.FAILED or not _ready(media):
            self._session.do(screens.need, "media", f"{self._message.id}/{self._file.id}")
        downloads = Path.home() / "Downloads"
        self.query_one(Input).value = f"{downloads if downloads.is_dir() else Path.home()}/"
        self.query_one(Input).cursor_position = len(self.query_one(Input).value)
        self._draw()

    def _draw(self) -> None:
        media = self._media()
        name = "" if media is None else media.name
        count = f" ({self._number + 1} of {len(self._files)})" if len(self._files) > 1 else ""
        self.query_one("#save-file", Static).update(Content(f"[{self._file.type}] {name}{count}"))
        bar = self.query_one(ProgressBar)
        coming = media is not None and media.state in (MediaState.WANTED, MediaState.FETCHING)
        bar.display = coming
        if media is not None and coming:
            bar.update(total=media.size, progress=media.done_bytes)

    def action_next(self) -> None:
        """The next file of the message."""
        self._number = (self._number + 1) % len(self._files)
        self._choose()

    def action_back(self) -> None:
        """Save nothing."""
        self.dismiss(None)

    def action_save(self) -> None:
        """Save it there; where it is not here yet, as soon as it is."""
        self._asked_for = self._field.value
        text = self._asked_for.strip()
        if not text:
            self._say("Where to? Write a folder or a file")
            return
        self._target = local_path(text)
        if self._target is None:
            self._say("A path from the root or from ~ is needed")
            return
        self._go_on()

    def store_changed(self) -> None:
        """More of the file may have come."""
        self._draw()
        if self._target is not None:
            self._go_on()

    def _go_on(self) -> None:
        media = self._media()
        if media is None or media.state in (MediaState.WANTED, MediaState.FETCHING):
            self._say("fetching…" if media is None else progress(media))
        elif media.state == MediaState.FAILED:
            self._target = None
            self._say(media.fault)
        elif not _ready(media):
            self._session.do(screens.need, "media", f"{self._message.id}/{self._file.id}")
            self._say("fetching…")
        elif media.path is not None and self._target is not None:
            target, self._target = self._target, None
            self.begun.wait_for(self._copy(media.path, target))

    async def _copy(self, source: Path, target: Path) -> None:
        try:
            saved = await asyncio.to_thread(save_copy, source, target)
        except InboxError as error:
            self._say(f"{error.title}. {error.hint or ''}".strip())
        else:
            if self._field.value == self._asked_for:
                self.dismiss(saved)
            else:
                self._say(f"Saved {saved}")

    def _say(self, words: str) -> None:
        self.query_one("#save-notice", Static).update(Content(words).stylize("$text-warning"))


def _ready(media: MediaRow) -> bool:
    """Whether a file is here: what was fetched long ago may have been evicted."""
    return media.state == MediaState.READY and media.path is not None and media.path.is_file()
