"""Keyboards that are kept under a name: find one, take it, keep the one on the desk, throw one away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import ClassVar, TypeVar

from textual import on
from textual.content import Content
from textual.widgets import Input

from inbox_tui.core.errors import InboxError, Refused
from inbox_tui.core.keyboard_text import Design, read
from inbox_tui.core.keyboards import MarkupKind, parse, summary
from inbox_tui.core.text import search_key
from inbox_tui.store.keyboards import SavedKeyboard, delete_keyboard, save_keyboard, saved_keyboards
from inbox_tui.ui.dialogs.dialog import key_line
from inbox_tui.ui.dialogs.finder import Finder
from inbox_tui.ui.keyboard_view import as_content, keyboard_lines
from inbox_tui.ui.session import Session

ResultT = TypeVar("ResultT")


class SavedKeyboards(Finder[Design | None, SavedKeyboard]):
    """One field for a name: it finds what is kept, and names what is to be. Returns what was taken."""

    KEYS: ClassVar[Mapping[str, str]] = {**Finder.KEYS, "ctrl+s": "keep_it"}
    CSS = f"""{Finder.CSS}
    #finder {{ width: 72; height: 20; }}
    #finder-view {{ max-height: 6; }}
    """

    def __init__(self, session: Session, keep: Design | None, *, inline_only: bool = False) -> None:
        """`keep`: the design on the desk, None where it cannot be sent as it is. `inline_only`: for a sent
        message, which takes no other kind."""
        super().__init__()
        self._session = session
        self._keep = keep
        self._letters = ""
        """What the list was made for."""
        self._inline_only = inline_only

    def on_mount(self) -> None:
        """List them."""
        self._box.border_title = Content("Saved buttons")
        self._field.placeholder = "type to find, or name these buttons"
        self._list()
        super().on_mount()

    def _list(self) -> None:
        """The keyboards whose name holds what is typed."""
        self._letters = self._field.value
        wanted = search_key(self._letters.strip())
        fitting = [
            kept
            for kept in saved_keyboards(self._session.reader)
            if not self._inline_only or kept.design.kind is MarkupKind.INLINE
        ]
        found = [kept for kept in fitting if wanted in search_key(kept.name)]
        self._offer(found, map(_line, found))
        if not fitting:
            self._say("None yet. Type a name and press Ctrl+S to keep the buttons on your desk.")
        self._draw()

    def _draw(self) -> None:
        chosen = self._chosen
        lines = [] if chosen is None else keyboard_lines(parse(read(chosen.design).markup), 60)
        view = Content("\n").join(map(as_content, lines))
        keys = [("⏎", f"take {chosen.name}"), ("Ctrl+D", "delete")] if chosen is not None else []
        if self._keep is not None:
            name = " ".join(self._field.value.split())
            keys.insert(1, ("Ctrl+S", f"keep yours as {name}" if name else "keep yours (type a name)"))
        keys.append(("Esc", "back"))
        self._show(view, key_line(keys))

    @on(Input.Changed)
    def follow(self) -> None:
        """List what the letters mean that stand there now."""
        if self._field.value != self._letters:
            self._asked = ""
            self._say("")
            self._list()

    # What the keys do.

    def take_it(self) -> None:
        """Take the chosen one to the desk."""
        if (chosen := self._chosen) is not None:
            self.dismiss(chosen.design)
        elif self._keep is not None and self._field.value.strip():
            self.keep_it()

    def keep_it(self) -> None:
        """Keep the desk's under the typed name; where it is taken, only when the key is pressed again."""
        name = " ".join(self._field.value.split())
        if self._keep is None:
            self._say("The buttons on your desk cannot be sent yet; put them right first", "$text-warning")
        elif not name:
            self._say("Type a name for them first", "$text-warning")
        else:
            again = self._asked == f"keep {name}"
            write = self._session.write(save_keyboard, name, self._keep, replace=again)
            self.begun.wait_for(self._after(write, f"Kept as {name}", f"keep {name}"))

    def delete(self) -> None:
        """Throw the chosen one away; asked once."""
        chosen = self._chosen
        if chosen is None:
            return
        if self._confirmed(f"delete {chosen.name}", f"Ctrl+D again deletes {chosen.name}"):
            write = self._session.write(delete_keyboard, chosen.name)
            self.begun.wait_for(self._after(write, f"Deleted {chosen.name}", ""))

    async def _after(self, write: Future[ResultT], done: str, refused: str) -> None:
        """Show what came of a write; `refused`: what the next press of the key confirms, where it was."""
        try:
            await asyncio.wrap_future(write)
        except Refused as refusal:
            self._asked = refused
            self._say(f"{refusal.title}. Ctrl+S again replaces them", "$text-warning")
        except InboxError as error:
            self._say(str(error), "$text-error")
        else:
            self._asked = ""
            self._list()
            self._say(done, "$text-success")

    def leave(self) -> None:
        """Back to the desk."""
        self.dismiss(None)


def _line(kept: SavedKeyboard) -> Content:
    return Content.assemble((kept.name, "bold"), f"  {summary(read(kept.design).markup)}")
