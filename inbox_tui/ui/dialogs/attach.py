"""Choosing the file that goes with a text: by its path, with completion, or by its address."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import InboxError
from inbox_tui.core.limits import FILE_RULES, MEGABYTE, address_problem
from inbox_tui.core.models import JsonObject
from inbox_tui.core.text import clean
from inbox_tui.store import spool
from inbox_tui.ui.dialogs.fields import FieldDialog
from inbox_tui.ui.paths import Entry, entries, local_path, matching, split, web_address

MOST_SHOWN = 50
"""Suggestions that are listed; more letters tell the others apart."""
LOOK_SECONDS = 0.5
"""How long a key waits for the look at a file; a folder may be on a machine that does not answer."""
ADDRESSES = ("http://", "https://", "file://")
"""What begins an address; no path has it."""
PAGES = ("text/html", "application/xhtml+xml")
"""Types of addresses that are meant to be read: text of a message, no file."""


def look_at(text: str, platform: str) -> JsonObject:
    """What a draft keeps of the file at a path or an address. Raises InboxError, with why it cannot be sent.

    Reads the file's beginning, so it may take long. An address is checked by its ending only.
    """
    address = web_address(text)
    if address is not None:
        problem = address_problem(platform, address)
        if problem is not None:
            raise InboxError(problem)
        return {"media_url": address}
    path = local_path(text)
    if path is None:
        raise InboxError("A path from the root or from ~ is needed, or an http or https address")
    found = spool.look(path, platform)
    return {"file": str(path), "size": found.size, "type": found.type}


def offer(pasted: str, platform: str) -> JsonObject | None:
    """What a draft would keep of the file that was pasted; None where it is none that the platform takes.

    An address counts as a file only where its ending says so: most addresses are meant to be read.
    """
    address = web_address(pasted)
    if address is not None and mimetypes.guess_type(urlsplit(address).path)[0] in (None, *PAGES):
        return None
    try:
        return look_at(pasted, platform)
    except InboxError:
        # Then it is text, and stays that.
        return None


class Attach(FieldDialog[None]):
    """Asks for a file, and hands over what a draft keeps of it: empty for no file."""

    KEYS: ClassVar[dict[str, str]] = {
        "enter": "choose",
        "tab": "complete",
        "shift+tab": "complete",
        "down": "next",
        "up": "previous",
        "escape": "back",
    }

    def __init__(self, platform: str, start: str, use: Callable[[JsonObject], None]) -> None:
        """`start`: what stands in the field at first. `use`: called with the choice, before the next key."""
        super().__init__()
        self._platform = platform
        self._start = start or "~/"
        self._use = use
        self._folder: tuple[Path, list[Entry]] | None = None
        self._shown: Sequence[Entry] = ()
        self._listed: str | None = None
        """What the list was made for."""
        self._fresh = asyncio.Event()
        """Set while that is what stands in the field."""
        self._refused: str | None = None
        """What was looked at last and cannot be sent."""
        self._looked = asyncio.Event()
        self._looked.set()

    def compose(self) -> ComposeResult:
        """The field, what fits it, what is known of it, the keys."""
        with Vertical(id="attach") as box:
            box.border_title = Content("Attach a file")
            yield Input(self._start, id="attach-path", compact=True, select_on_focus=False)
            yield OptionList(id="attach-list")
            yield Static(id="attach-notice")
            yield Static(Content(_limits(self._platform)).stylize("dim"))
            yield Static(
                Content("⏎ attach, or open · Tab complete · empty: no file · Esc back").stylize("dim")
            )

    def on_mount(self) -> None:
        """The list is never where keys go."""
        self.query_one(OptionList).can_focus = False
        super().on_mount()
        self._suggest(self._field.value)

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    @property
    def _untouched(self) -> bool:
        return self._field.value == self._start

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._list()

    def _list(self) -> None:
        """List what goes with the field; the news of letters may come when more of them stand there."""
        if self._listed != self._field.value:
            self._fresh.clear()
            self._suggest(self._field.value)

    @work(exclusive=True, group="suggest", exit_on_error=False)
    async def _suggest(self, text: str) -> None:
        """Show what is in the folder that is typed; reading it may take long."""
        typed, name = split(text)
        folder = None if web_address(text) else local_path(typed)
        if folder is None:
            self._show(text, ())
            return
        if self._folder is None or self._folder[0] != folder:
            try:
                self._folder = folder, await asyncio.to_thread(entries, folder)
            except OSError as error:
                self._show(text, (), f"{clean(typed)} cannot be read: {error.strerror or error}")
                return
        self._show(text, matching(self._folder[1], name, MOST_SHOWN))

    def _show(self, text: str, found: Sequence[Entry], notice: str = "") -> None:
        self._shown, self._listed = found, text
        if text == self._field.value:
            self._fresh.set()
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            Option(Content(clean(entry.name) + ("/" if entry.is_folder else ""))) for entry in found
        )
        options.highlighted = 0 if found else None
        options.display = bool(found)
        # What was said of this very path, after a look at it, is not wiped by a look at its folder.
        if notice or self._field.value != self._refused:
            self._say(notice)

    def _say(self, words: str) -> None:
        notice = self.query_one("#attach-notice", Static)
        notice.update(Content(words).stylize("$text-warning"))
        notice.display = bool(words)

    def next(self) -> None:
        """The next suggestion."""
        self.query_one(OptionList).action_cursor_down()

    def previous(self) -> None:
        """The suggestion before."""
        self.query_one(OptionList).action_cursor_up()

    def complete(self) -> bool:
        """Put the suggestion into the field; False where there is none, or it stands there already."""
        number = self.query_one(OptionList).highlighted
        if number is None or number >= len(self._shown) or self._listed != self._field.value:
            return False
        entry, typed = self._shown[number], split(self._field.value)[0]
        text = f"{typed}{entry.name}{'/' if entry.is_folder else ''}"
        if text == self._field.value:
            return False
        self._field.value = text
        self._field.cursor_position = len(text)
        return True

    async def take(self, event: events.Key | events.Paste) -> None:
        """Keys about the list wait for it, those behind Enter for the look at the file; neither for long."""
        if self._untouched and _begins_anew(event):
            self._field.value = ""
        if isinstance(event, events.Key) and event.key in self.KEYS and event.key != "escape":
            self._list()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._fresh.wait(), LOOK_SECONDS)
        await super().take(event)
        self._drop_start()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), LOOK_SECONDS)

    def _drop_start(self) -> None:
        """Let an address that is typed behind what stood there at first take its place."""
        field, start = self._field, len(self._start)
        if field.value.startswith(self._start) and field.value[start:].lower().startswith(ADDRESSES):
            caret = max(0, field.cursor_position - start)
            field.value = field.value[start:]
            field.cursor_position = caret

    def choose(self) -> None:
        """Take the file whose path stands in the field; of an unfinished path, the suggestion first."""
        if self._looked.is_set():
            self._looked.clear()
            self._look(self._field.value)

    @work(exit_on_error=False)
    async def _look(self, text: str) -> None:
        try:
            if not text.strip():
                self._finish({})
                return
            path = local_path(text)
            is_file = path is None or await asyncio.to_thread(os.path.isfile, path)
            if self._field.value == text and not is_file and self.complete():
                text = self._field.value
                if text.endswith("/"):
                    return
            found = await asyncio.to_thread(look_at, text, self._platform)
            # Who has typed on meanwhile does not want this one any more.
            if self._field.value == text:
                self._finish(found)
        except InboxError as error:
            self._refused = text
            self._say(error.title)
        finally:
            self._looked.set()

    def _finish(self, chosen: JsonObject) -> None:
        if self.is_current:
            self._use(chosen)
            self.dismiss()

    def back(self) -> None:
        """Leave everything as it is."""
        self.dismiss()


def _begins_anew(event: events.Key | events.Paste) -> bool:
    """Whether what is typed or pasted can only be the beginning of a whole path, or is one, or an address."""
    if isinstance(event, events.Paste):
        return local_path(event.text) is not None or web_address(event.text) is not None
    return event.character in ("/", "~")


def _limits(platform: str) -> str:
    """What a platform takes, in one line."""
    rules = FILE_RULES.get(platform, {})
    sizes = ", ".join(
        f"{rule.names or (f'{kind}s' if kind != 'audio' else kind)} to {rule.max_bytes // MEGABYTE} MB"
        for kind, rule in rules.items()
    )
    return (
        f"{platform_name(platform)} takes {sizes}" if sizes else f"{platform_name(platform)} takes no files"
    )
