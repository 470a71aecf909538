"""Labels of a chat, or of many: found by a few letters of their name, several changed at one go."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from inbox_tui.core.errors import UsageError
from inbox_tui.store.triage import label_name
from inbox_tui.ui.dialogs.fields import FieldDialog

if TYPE_CHECKING:
    from inbox_tui.store.picking import Survey
    from inbox_tui.ui.dialogs.many import Ask

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
    """Enter adds or takes off and waits for the next; Escape closes, and all of it is one step.

    A second Enter, with nothing typed or moved since the first, closes too: it could only change what was not
    meant.

    Of many chats some may have a label and others not: Enter adds it to all, then takes it off all, then
    leaves it as it is.
    """

    KEYS: ClassVar[Mapping[str, str]] = {
        "up": "previous",
        "down": "next",
        "enter": "toggle",
        "escape": "leave",
    }
    CSS = "#labels { width: 56; }"

    def __init__(
        self, about: str, mine: Sequence[str], known: Sequence[str], *, ask: Ask | None = None
    ) -> None:
        """`about`: the person, or how many chats. `mine`: the labels of the chat; `known`: those of all
        chats, the most used first. Of many chats, `ask` counts which labels they have.
        """
        super().__init__()
        self._about = about
        self._ask = ask
        self._before = frozenset(mine)
        self._some: dict[str, int] = {}
        """Labels that some of the chats have and others not, with how many of them do."""
        self._wanted: dict[str, bool] = {}
        """What is to be changed: whether all are to have the label."""
        self._known = list(dict.fromkeys([*mine, *known]))
        self._row, self._row_of = 0, ""
        """The row that is chosen, and the letters for which it was: for any others it is the first."""
        self._taken = False
        """Whether the last key has changed the chosen row."""

    def compose(self) -> ComposeResult:
        """The field, what it finds, what is in the way."""
        with Vertical(id="labels") as box:
            box.border_title = Content(f"Labels · {self._about}")
            yield Input(placeholder="a few letters, or new labels: vip, refund", compact=True)
            yield Static(id="labels-found")
            yield Static(id="labels-fault")
            yield Static(id="labels-keys")

    def on_mount(self) -> None:
        """The field has the focus."""
        if self._ask is not None:
            self.ready_after(self._ask(), self._counted)
            return
        self._draw()
        super().on_mount()

    def _counted(self, found: Survey) -> None:
        self._before = frozenset(name for name, count in found.labels.items() if count == found.chats)
        self._some = {name: count for name, count in found.labels.items() if count < found.chats}
        self._known = list(dict.fromkeys([*sorted(found.labels), *self._known]))
        self._draw()

    async def take(self, event: events.Key | events.Paste) -> None:
        """Whatever is done behind an Enter, the next one does not close any more."""
        if not (isinstance(event, events.Key) and event.key == "enter"):
            self._taken = False
        await super().take(event)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._draw()

    @property
    def _number(self) -> int:
        return self._row if self._row_of == self.query_one(Input).value else 0

    def _choose(self, row: int) -> None:
        self._row, self._row_of = row, self.query_one(Input).value

    @property
    def _offered(self) -> list[str]:
        """What Enter can be about: labels that are found, then what is typed as a new one."""
        typed = self.query_one(Input).value
        if self._listed:
            return []
        names = found(self._known, typed)
        try:
            new = label_name(typed)
        except UsageError:
            return names
        return names if new in names else [*names, new]

    @property
    def _listed(self) -> list[str]:
        """What stands between commas; empty where there are none."""
        typed = self.query_one(Input).value
        return [part.strip() for part in typed.split(",") if part.strip()] if "," in typed else []

    def _draw(self, fault: str = "") -> None:
        offered = self._offered
        at = self._number
        first = max(0, at - ROWS + 1)
        lines = [Content(f"▸ + {name}{self._new(name)}").stylize("bold") for name in self._listed_names()]
        for number, name in enumerate(offered[first : first + ROWS], first):
            chosen = number == at
            sign, words = self._state(name)
            line = Content(f"{'▸' if chosen else ' '} {sign} {name}{words}")
            lines.append(line.stylize("bold") if chosen else line)
        if len(offered) > first + ROWS:
            lines.append(Content(f"    and {len(offered) - first - ROWS} more").stylize("dim"))
        self.query_one("#labels-found", Static).update(Content("\n").join(lines))
        self.query_one("#labels-fault", Static).update(Content.styled(fault, "$text-error"))
        enter = "⏎ or Esc done · ↑↓ choose" if self._taken else "⏎ add or take off · ↑↓ choose · Esc done"
        self.query_one("#labels-keys", Static).update(Content(enter).stylize("dim"))

    def _state(self, name: str) -> tuple[str, str]:
        """The sign in front of a label, and what is said behind it."""
        if name in self._some and name not in self._wanted:
            return "–", f"  on {self._some[name]:,} of them"
        return ("✓" if self._wanted.get(name, name in self._before) else " "), self._new(name)

    def _new(self, name: str) -> str:
        return "" if name in self._known else "  new"

    def _listed_names(self) -> list[str]:
        """The labels of a list with commas, without what is none."""
        names = []
        for part in self._listed:
            with contextlib.suppress(UsageError):
                names.append(label_name(part))
        return list(dict.fromkeys(names))

    # What the keys do.

    def previous(self) -> None:
        """The label above."""
        self._move(-1)

    def next(self) -> None:
        """The label below."""
        self._move(1)

    def _move(self, step: int) -> None:
        self._choose((self._number + step) % max(1, len(self._offered)))
        self._draw()

    def toggle(self) -> None:
        """Add the label, or take it off; of a list with commas add all. Just after that, close."""
        if self._listed:
            self._add_listed()
            return
        field, offered = self.query_one(Input), self._offered
        if self._taken and not field.value:
            self.leave()
            return
        if not offered:
            try:
                label_name(field.value)
            except UsageError as error:
                self._draw(str(error))
            return
        name = offered[self._number]
        if name in self._some:
            following = {None: True, True: False, False: None}[self._wanted.pop(name, None)]
            if following is not None:
                self._wanted[name] = following
        else:
            self._wanted[name] = not self._wanted.get(name, name in self._before)
        if name not in self._known:
            self._known.append(name)
        self._stand_on(name)

    def _add_listed(self) -> None:
        """Add every label of a list, or none where one of them is no label."""
        try:
            names = [label_name(part) for part in self._listed]
        except UsageError as error:
            self._draw(str(error))
            return
        self._wanted |= dict.fromkeys(names, True)
        self._known = list(dict.fromkeys([*self._known, *names]))
        self._stand_on(names[-1])

    def _stand_on(self, name: str) -> None:
        """Empty the field; what was changed last is chosen."""
        self.query_one(Input).value = ""
        self._taken = True
        self._choose(self._known.index(name))
        self._draw()

    def leave(self) -> None:
        """Close; what was chosen is written."""
        changed = {name: on for name, on in self._wanted.items() if on is not (name in self._before)}
        changed |= {name: on for name, on in self._wanted.items() if name in self._some}
        self.dismiss(
            Changed(
                tuple(sorted(name for name, on in changed.items() if on)),
                tuple(sorted(name for name, on in changed.items() if not on)),
            )
        )
