"""Choosing a reaction: the names that the platform takes, or an emoji of one's own where it takes any."""

from __future__ import annotations

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
from inbox_tui.ui.dialogs.dialog import ALONG, Dialog

PROMPT = "a single emoji"
"""What a reaction of one's own has to be."""


class React(Dialog[str | None]):
    """Asks which reaction a message is to get: its name, or an emoji. None: the person goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        *ALONG,
        *[(str(number), f"pick({number})", f"Reaction {number}") for number in range(1, 10)],
    ]

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

    def action_back(self) -> None:
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
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_pick(event.option_index + 1)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        emoji = clean(event.value).strip()
        problem = emoji_problem(emoji)
        if problem is None:
            self.dismiss(emoji)
        else:
            self.query_one("#react-fault", Static).update(Content(problem).stylize("$text-error"))
