"""Labels of a chat: found by a few letters of their name, several added or taken off at one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from inbox_tui.core.errors import UsageError
from inbox_tui.store.triage import label_name
from inbox_tui.ui.dialogs.fields import FieldDialog

ROWS = 10
"""Labels that are shown at a time."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Labels to be added and to be taken off."""

    add: tuple[str, ...]
    remove: tuple[str, ...]


def found(names: Sequence[str], letters: str) -> list[str]:
    """Names that hold the letters in their order: first those that begin with them, then those that hold
    them in one piece; else in the order given.
    """
    wanted = "-".join(letters.lower().removeprefix("#").split())

    def place(name: str) -> int | None:
        if name.startswith(wanted):
            return 0
        if wanted in name:
            return 1
        rest = iter(name)
        return 2 if all(letter in rest for letter in wanted) else None

    placed = [(at, name) for name in names if (at := place(name)) is not None]
    return [name for _, name in sorted(placed, key=lambda each: each[0])]


class Labels(FieldDialog[Changed]):
    """Enter adds or takes off and waits for the next; Escape closes, and all of it is one step."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "up": "previous",
        "down": "next",
        "enter": "toggle",
        "escape": "leave",
    }
    CSS = """
    Labels { align: center middle; background: $background 60%; }
    #labels { width: 56; max-width: 98%; height: auto; max-height: 95%; border: round $primary; padding: 0 1;
        background: $surface; }
    #labels Static { height: auto; }
    """

    def __init__(self, person: str, mine: Sequence[str], known: Sequence[str]) -> None:
        """`mine`: the labels of the chat; `known`: those of all chats, the most used first."""
        super().__init__()
        self._person = person
        self._before = frozenset(mine)
        self._mine = set(mine)
        self._known = list(dict.fromkeys([*mine, *known]))
        self._number = 0

    def compose(self) -> ComposeResult:
        """The field, what it finds, what is in the way."""
        with Vertical(id="labels") as box:
            box.border_title = Content(f"Labels · {self._person}")
            yield Input(placeholder="a few letters, or a new label", compact=True)
            yield Static(id="labels-found")
            yield Static(id="labels-fault")
            yield Static(Content("⏎ add or take off · ↑↓ choose · Esc done").stylize("dim"))

    def on_mount(self) -> None:
        """The field has the focus."""
        self._draw()
        super().on_mount()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._number = 0
        self._draw()

    @property
    def _offered(self) -> list[str]:
        """What Enter can be about: labels that are found, then what is typed as a new one."""
        typed = self.query_one(Input).value
        names = found(self._known, typed)
        try:
            new = label_name(typed)
        except UsageError:
            return names
        return names if new in names else [*names, new]

    def _draw(self, fault: str = "") -> None:
        offered = self._offered
        first = max(0, self._number - ROWS + 1)
        lines = []
        for number, name in enumerate(offered[first : first + ROWS], first):
            chosen = number == self._number
            new = "" if name in self._known else "  new"
            sign = "✓" if name in self._mine else " "
            line = Content(f"{'▸' if chosen else ' '} {sign} {name}{new}")
            lines.append(line.stylize("bold") if chosen else line)
        if len(offered) > first + ROWS:
            lines.append(Content(f"    and {len(offered) - first - ROWS} more").stylize("dim"))
        self.query_one("#labels-found", Static).update(Content("\n").join(lines))
        self.query_one("#labels-fault", Static).update(Content.styled(fault, "$text-error"))

    # What the keys do.

    def previous(self) -> None:
        """The label above."""
        self._move(-1)

    def next(self) -> None:
        """The label below."""
        self._move(1)

    def _move(self, step: int) -> None:
        self._number = (self._number + step) % max(1, len(self._offered))
        self._draw()

    def toggle(self) -> None:
        """Add the label, or take it off; the field is free for the next."""
        field, offered = self.query_one(Input), self._offered
        if not offered:
            try:
                label_name(field.value)
            except UsageError as error:
                self._draw(str(error))
            return
        name = offered[self._number]
        self._mine ^= {name}
        if name not in self._known:
            self._known.append(name)
        field.value = ""
        self._number = 0
        self._draw()

    def leave(self) -> None:
        """Close; what was chosen is written."""
        added, removed = self._mine - self._before, self._before - self._mine
        self.dismiss(Changed(tuple(sorted(added)), tuple(sorted(removed))))
