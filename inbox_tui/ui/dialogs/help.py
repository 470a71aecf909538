"""The live map of keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from inbox_tui.core.cells import cells
from inbox_tui.ui.actions import ACTIONS, Action, Context
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.keymap import Keymap, groups
from inbox_tui.ui.keys import key_of, labels
from inbox_tui.ui.preferences import Preferences

KEY_CELLS = 18
NAMES = {Context.LIST: "the list", Context.THREAD: "a thread", Context.TYPING: "the composer"}
IN_DIALOGS = "In a dialog ⏎ does it, Esc leaves and ↑ ↓ choose. Each names its other keys at its foot."


def sections(keymap: Keymap, here: Context) -> Iterator[tuple[str, Sequence[Action]]]:
    """What works where the person is, then what the other places have besides: place and actions."""
    known: set[str] = set()
    for context in (here, *(each for each in Context if each is not here)):
        found = [
            action
            for action in keymap.actions
            if context in action.contexts and (context is Context.TYPING or action.id not in known)
        ]
        known.update(action.id for action in found)
        yield f"In {NAMES[context]}{'' if context in (here, Context.TYPING) else ', besides'}", found


class HelpScreen(Dialog[None]):
    """Every key by place and group, as it is in force now; above them, lines of the configuration that are
    not used.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Close"),
        ("j", "scroll(1)", "Down"),
        ("k", "scroll(-1)", "Up"),
    ]

    def __init__(self, preferences: Preferences, here: Context) -> None:
        """`here`: where the person was when they asked."""
        super().__init__()
        self._preferences = preferences
        self._here = here

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = Content("Keys")
            scroll.border_subtitle = Content("j k ↑ ↓ scroll · Esc closes")
            yield Static(Content("\n").join(self._lines()))

    def on_key(self, event: events.Key) -> None:
        """The key that opened it closes it."""
        if key_of(event) in self._preferences.keymap["help"].keys:
            event.stop()
            self.dismiss()

    def action_scroll(self, lines: int) -> None:
        """Move the text by lines."""
        self.query_one("#help", VerticalScroll).scroll_relative(y=lines)

    def _lines(self) -> Iterator[Content]:
        defaults = {action.id: action.keys for action in ACTIONS}
        for problem in self._preferences.problems:
            yield Content.assemble((f"{problem.where}: ", "bold $text-warning"), f"{problem.what}.")
            yield Content(f"  {problem.expected}.")
        if self._preferences.problems:
            yield Content("")
        for title, actions in sections(self._preferences.keymap, self._here):
            yield Content.styled(title, "bold underline $primary")
            for group, members in groups(actions):
                yield Content.styled(group, "bold")
                for action in members:
                    keys = labels(action.keys) or "no key"
                    before = labels(defaults[action.id]) or "no key"
                    changed = f"  (by default {before})" if action.keys != defaults[action.id] else ""
                    yield Content.assemble(
                        "  ",
                        (keys, "bold" if action.keys else "dim"),
                        " " * max(1, KEY_CELLS - cells(keys)),
                        action.title,
                        (changed, "dim"),
                    )
            yield Content("")
        yield Content.styled(IN_DIALOGS, "dim")
