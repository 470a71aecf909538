"""Choosing a reaction: the names that the platform takes, or an emoji of one's own where it takes any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.capabilities import REACTIONS, platform_name
from inbox_tui.core.cells import graphemes
from inbox_tui.core.models import Platform
from inbox_tui.core.text import clean
from inbox_tui.ui.dialogs.dialog import ALONG, Dialog

PROMPT = "a single emoji"


@dataclass(frozen=True, slots=True)
class Choice:
    """A reaction as the API takes it: a name of the platform, or any emoji."""

    name: str | None = None
    emoji: str | None = None

    @property
    def payload(self) -> Mapping[str, str]:
        """The arguments of the intention."""
        return {"emoji": self.emoji} if self.emoji is not None else {"reaction": self.name or "love"}


def emoji_problem(text: str) -> str | None:
    """Why a text is not one emoji; None: it is one, as far as can be told without a list of all of them."""
    clusters = list(graphemes(text))
    if len(clusters) != 1:
        return "One emoji, please" if clusters else "Type or paste an emoji"
    if all(character.isascii() or character.isalpha() for character in text):
        return f"{text} is no emoji"
    return None


class React(Dialog[Choice | None]):
    """Asks which reaction a message is to get. Returns None where the person goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        *ALONG,
        *[(str(number), f"pick({number})", f"Reaction {number}") for number in range(1, 10)],
    ]

    def __init__(self, platform: str, about: str, now: str | None) -> None:
        """`about`: the message in one line; `now`: the emoji or name that it has from us already."""
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
        mark = "  ← now" if self._now in (name, emoji) else ""
        return Option(Content(f"{number + 1}  {emoji} {name}{mark}"))

    def action_back(self) -> None:
        """Out of the field first, then out of the dialog."""
        if isinstance(self.focused, Input):
            self.query_one(OptionList).focus()
        else:
            self.dismiss(None)

    def action_pick(self, number: int) -> None:
        """Take a choice by its number."""
        if number <= len(self._named):
            self.dismiss(Choice(name=self._named[number - 1][0]))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_pick(event.option_index + 1)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        emoji = clean(event.value).strip()
        problem = emoji_problem(emoji)
        if problem is None:
            self.dismiss(Choice(emoji=emoji))
        else:
            self.query_one("#react-fault", Static).update(Content(problem).stylize("$text-error"))
