"""Keyboards that are kept under a name: find one, take it, keep the one on the desk, throw one away."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from types import MappingProxyType
from typing import TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.errors import InboxError, Refused
from inbox_tui.core.keyboard_text import Design, read
from inbox_tui.core.keyboards import MarkupKind, parse, summary
from inbox_tui.core.text import search_key
from inbox_tui.store.keyboards import SavedKeyboard, delete_keyboard, save_keyboard, saved_keyboards
from inbox_tui.ui.dialogs.fields import FieldDialog
from inbox_tui.ui.keyboard_view import keyboard_lines
from inbox_tui.ui.session import Session

ResultT = TypeVar("ResultT")


class SavedKeyboards(FieldDialog[Design | None]):
    """One field for a name: it finds what is kept, and names what is to be. Returns what was taken."""

    KEYS = MappingProxyType(
        {
            "enter": "take_it",
            "ctrl+s": "keep_it",
            "ctrl+d": "delete",
            "escape": "leave",
            "up": "move_up",
            "down": "move_down",
        }
    )
    CSS = """
    SavedKeyboards { align: center middle; background: $background 60%; }
    #saved { width: 72; max-width: 100%; height: 20; max-height: 100%; border: round $primary; padding: 0 1;
        background: $surface; }
    #saved Static { height: auto; }
    #saved-name { height: 1; background: $background; padding: 0 1; }
    #saved OptionList { height: 1fr; border: none; padding: 0; background: $surface; }
    #saved-preview { max-height: 6; border-top: solid $panel-lighten-2; }
    #saved-said { min-height: 1; }
    #saved-keys { color: $foreground 60%; }
    """

    def __init__(self, session: Session, keep: Design | None, *, inline_only: bool = False) -> None:
        """`keep`: the design on the desk, None where it cannot be sent as it is. `inline_only`: for a sent
        message, which takes no other kind."""
        super().__init__()
        self._session = session
        self._keep = keep
        self._inline_only = inline_only
        self._listed: list[SavedKeyboard] = []
        self._asked = ""
        """What the next press of the same key is to confirm."""

    def compose(self) -> ComposeResult:
        """Name, list, preview, keys."""
        with Vertical(id="saved") as box:
            box.border_title = Content("Saved buttons")
            yield Input(id="saved-name", placeholder="type to find, or name these buttons", compact=True)
            yield OptionList()
            yield Static(id="saved-preview")
            yield Static(id="saved-said")
            yield Static(id="saved-keys")

    def on_mount(self) -> None:
        """List them."""
        self.set_focus(self._field)
        self.query_one(OptionList).can_focus = False
        self._list()
        super().on_mount()

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    @property
    def _chosen(self) -> SavedKeyboard | None:
        index = self.query_one(OptionList).highlighted
        return None if index is None or index >= len(self._listed) else self._listed[index]

    def _list(self) -> None:
        """The keyboards whose name holds what is typed."""
        wanted = search_key(self._field.value.strip())
        fitting = [
            kept
            for kept in saved_keyboards(self._session.reader)
            if not self._inline_only or kept.design.kind is MarkupKind.INLINE
        ]
        self._listed = [kept for kept in fitting if wanted in search_key(kept.name)]
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(
            Option(Content.assemble((kept.name, "bold"), f"  {summary(read(kept.design).markup)}"))
            for kept in self._listed
        )
        if self._listed:
            choices.highlighted = 0
        elif not fitting:
            self._say("None yet. Type a name and press Ctrl+S to keep the buttons on your desk.")
        self._draw()

    def _draw(self) -> None:
        chosen = self._chosen
        view = self.query_one("#saved-preview", Static)
        lines = [] if chosen is None else keyboard_lines(parse(read(chosen.design).markup), 60)
        view.update(
            Content("\n").join(
                Content.assemble(
                    *((text, "on $primary-muted" if style == "button" else "") for text, style in line)
                )
                for line in lines
            )
        )
        keys = [("⏎", f"take {chosen.name}"), ("Ctrl+D", "delete")] if chosen is not None else []
        if self._keep is not None:
            name = " ".join(self._field.value.split())
            keys.insert(1, ("Ctrl+S", f"keep yours as {name}" if name else "keep yours (type a name)"))
        keys.append(("Esc", "back"))
        words = Content(" · ").join(Content.assemble((key, "bold"), f" {what}") for key, what in keys)
        self.query_one("#saved-keys", Static).update(words)

    def _say(self, words: str, style: str = "$foreground 60%") -> None:
        self.query_one("#saved-said", Static).update(Content.styled(words, style))

    @on(Input.Changed)
    def _typed(self) -> None:
        self._asked = ""
        self._say("")
        self._list()

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._draw()

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.take_it()

    # What the keys do.

    def move_up(self) -> None:
        """The one before."""
        self._asked = ""
        self.query_one(OptionList).action_cursor_up()

    def move_down(self) -> None:
        """The next one."""
        self._asked = ""
        self.query_one(OptionList).action_cursor_down()

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
            self._after(write, f"Kept as {name}", f"keep {name}")

    def delete(self) -> None:
        """Throw the chosen one away; asked once."""
        chosen = self._chosen
        if chosen is None:
            return
        if self._asked != f"delete {chosen.name}":
            self._asked = f"delete {chosen.name}"
            self._say(f"Ctrl+D again deletes {chosen.name}", "$text-warning")
        else:
            write = self._session.write(delete_keyboard, chosen.name)
            self._after(write, f"Deleted {chosen.name}", "")

    @work(exit_on_error=False)
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
