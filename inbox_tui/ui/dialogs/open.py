"""What hangs on a message and can be opened: where each thing leads is shown before it is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.keyboards import parse
from inbox_tui.core.links import safe_url, url_host
from inbox_tui.core.models import Attachment, JsonObject
from inbox_tui.core.sizes import file_size
from inbox_tui.store import fetched, screens
from inbox_tui.store.fetched import MediaRow, MediaState
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.attachment_view import progress
from inbox_tui.ui.dialogs.dialog import ALONG, Dialog
from inbox_tui.ui.opener import RISKY, NotOpened, can_view, open_outside, view
from inbox_tui.ui.pending import edited
from inbox_tui.ui.pictures import TYPES
from inbox_tui.ui.session import Session

_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"]+", re.IGNORECASE)
_TAIL = ".,;:!?)]}'»”"
"""Marks at the end of a link that belong to the sentence around it."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A file of a message, or a link in its text or on one of its buttons."""

    name: str
    file: Attachment | None = None
    url: str | None = None


def links_in(text: str) -> list[str]:
    """The links of a text that may be opened, in order, each once."""
    found = (match.group().rstrip(_TAIL) for match in _LINK.finditer(text))
    return [url for url in dict.fromkeys(found) if safe_url(url) is not None]


def things_of(row: ThreadRow) -> list[Thing]:
    """What a message has to open: its files, then the links of its text, then those of its buttons.

    Of one that waits to be sent the links and buttons; of one that is being edited those that it will have.
    """
    message = row.message
    if message is not None and message.deleted_at is not None:
        return []
    files = () if message is None else message.attachments
    if message is not None:
        message = edited(message, row.pending)
        said = [(message.body or "", message.reply_markup)]
    else:
        said = [(item.text, _markup(item)) for item in row.items]
    found = [Thing(f"[{file.type}]", file=file) for file in files if file.url]
    for text, markup in said:
        found += [Thing(url, url=url) for url in links_in(text)]
        keyboard = parse(markup)
        found += [
            Thing(f"{button.label} ↗ {button.value}", url=button.value)
            for line in (() if keyboard is None else keyboard.rows)
            for button in line
            if button.kind == "url" and safe_url(button.value or "") is not None
        ]
    return found


def _markup(item: OutboxItem) -> JsonObject | None:
    markup = item.payload.get("reply_markup")
    return markup if isinstance(markup, Mapping) else None


class OpenDialog(Dialog[None]):
    """The things of a message; Enter opens the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Back"),
        *ALONG,
        ("y", "copy", "Copy the link"),
    ]
    KEYS: ClassVar[Mapping[str, str]] = {"enter": "open"}

    def __init__(self, session: Session, row: ThreadRow, things: Sequence[Thing]) -> None:
        super().__init__()
        self._session = session
        self._row = row
        self._things = list(things)
        self._wanted: Attachment | None = None
        """A file that is opened when it has come."""

    def compose(self) -> ComposeResult:
        """The things and where they lead."""
        with Vertical(id="open") as box:
            box.border_title = Content("Open")
            yield OptionList(*(Option(Content("")) for _ in self._things))
            yield Static(id="open-notice")
            yield Static(Content("⏎ open · y copy the link · Esc back").stylize("dim"))

    def on_mount(self) -> None:
        """Say where each leads."""
        self._draw()
        super().on_mount()

    def store_changed(self) -> None:
        """A file may have come."""
        self._draw()
        file = self._wanted
        if file is None:
            return
        media = self._media(file)
        if media is not None and media.state == MediaState.READY:
            self._wanted = None
            self._open_file(media)
        elif media is not None and media.state == MediaState.FAILED:
            self._wanted = None
            self._say(media.fault)

    def _media(self, file: Attachment) -> MediaRow | None:
        return fetched.media(self._session.reader, [file.id]).get(file.id)

    def _draw(self) -> None:
        options = self.query_one(OptionList)
        for number, thing in enumerate(self._things):
            options.replace_option_prompt_at_index(number, Content(self._words(thing)))

    def _words(self, thing: Thing) -> str:
        if thing.file is None:
            return f"{url_host(thing.url or '') or ''}\n  {thing.name}"
        media = self._media(thing.file)
        where = url_host(thing.file.url or "") or ""
        if media is None or media.state == MediaState.FAILED:
            return f"{thing.name} at {where}"
        if media.state != MediaState.READY:
            return f"{thing.name} {progress(media)}"
        size = "" if media.size is None else f" · {file_size(media.size)}"
        return f"{thing.name} {media.name} · {media.type}{size}"

    def _say(self, words: str) -> None:
        self.query_one("#open-notice", Static).update(Content(words).stylize("$text-warning"))

    def _thing(self) -> Thing | None:
        number = self.query_one(OptionList).highlighted
        return None if number is None else self._things[number]

    def action_copy(self) -> None:
        """Copy the link of the thing under the cursor."""
        thing = self._thing()
        url = None if thing is None else thing.url or (thing.file.url if thing.file is not None else None)
        if url:
            self.app.copy_to_clipboard(url)
            self._say(f"Copied {url}")

    @on(OptionList.OptionSelected)
    def open(self) -> None:
        """Open the thing under the cursor, or have it fetched."""
        thing = self._thing()
        if thing is None:
            return
        if thing.url is not None:
            self._outside(safe_url(thing.url) or "")
        elif thing.file is not None and self._row.message is not None:
            media = self._media(thing.file)
            if media is not None and media.state == MediaState.READY and _there(media.path):
                self._open_file(media)
            else:
                self._wanted = thing.file
                self._session.do(screens.need, "media", f"{self._row.message.id}/{thing.file.id}")
                self._say("Fetching it; it opens when it is here. Esc goes back")

    def _open_file(self, media: MediaRow) -> None:
        if media.path is None:
            return
        if media.type in RISKY:
            self._say("This is a program; it is never opened. S saves it")
        elif media.type in TYPES and can_view():
            self._view(media.path)
        else:
            self._outside(str(media.path))

    def _view(self, path: Path) -> None:
        try:
            with self.app.suspend():
                view(path)
        except NotOpened as error:
            self._say(str(error))
        else:
            self.dismiss()
        self.app.refresh(layout=True)

    def _outside(self, target: str) -> None:
        try:
            open_outside(target)
        except NotOpened as error:
            self._say(str(error))
        else:
            self.dismiss()


def _there(path: Path | None) -> bool:
    return path is not None and path.is_file()
