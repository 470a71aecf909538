"""Choosing a reaction: the names that the platform takes, or an emoji of one's own where it takes any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.capabilities import REACTIONS, platform_name
from inbox_tui.core.models import Platform
from inbox_tui.core.reactions import bare, emoji_problem
from inbox_tui.core.text import clean
from inbox_tui.ui.dialogs.dialog import ALONG
from inbox_tui.ui.dialogs.fields import FieldDialog

PROMPT = "a single emoji"
"""What a reaction of one's own has to be."""


class React(FieldDialog[str | None]):
    """Asks which reaction a message is to get: its name, or an emoji. None: the person goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *ALONG,
        *[(str(number), f"pick({number})", f"Reaction {number}") for number in range(1, 10)],
    ]
    KEYS: ClassVar[Mapping[str, str]] = {"enter": "choose", "escape": "back"}

    def __init__(self, platform: str, about: str, now: str | None) -> None:
        """`about`: the message in one line; `now`: how the one looks that it has from us already."""
        super().__init__()
        self._platform = platform
        self._about = about
        self._now = now
        self._named = list(REACTIONS.get(platform, {}).items())

    def compose(self) -> ComposeResult:
        """The message, the choices, and a field where the platform takes any emoji."""
        with Vertical(id="react") as box:
            box.border_title = Content(f"React on {platform_name(self._platform)}")
            yield Static(Content(self._about).stylize("dim"), id="react-about")
            yield OptionList(*(self._option(number) for number in range(len(self._named))))
            if self._platform == Platform.FACEBOOK:
                yield Input(placeholder=f"Tab: {PROMPT}", compact=True)
            yield Static(id="react-fault")
            yield Static(Content("1-9 or ⏎ choose · Esc back").stylize("dim"))

    def _option(self, number: int) -> Option:
        name, emoji = self._named[number]
        mark = "  ← now" if bare(self._now or "") == bare(emoji) else ""
        return Option(Content(f"{number + 1}  {emoji} {name}{mark}"))

    def back(self) -> None:
        """Out of the field first, then out of the dialog."""
        if isinstance(self.focused, Input):
            self.set_focus(self.query_one(OptionList))
        else:
            self.dismiss(None)

    def action_pick(self, number: int) -> None:
        """Take a choice by its number."""
        if number <= len(self._named):
            self.dismiss(self._named[number - 1][0])

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.action_pick(event.option_index + 1)

    def choose(self) -> None:
        """Take the choice under the cursor, or the emoji that is typed."""
        if isinstance(self.focused, Input):
            self._submit(self.focused.value)
        elif (number := self.query_one(OptionList).highlighted) is not None:
            self.action_pick(number + 1)

    def _submit(self, typed: str) -> None:
        emoji = clean(typed).strip()
        problem = emoji_problem(emoji)
        if problem is None:
            self.dismiss(emoji)
        else:
            self.query_one("#react-fault", Static).update(Content(problem).stylize("$text-error"))
