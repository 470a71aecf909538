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

from inbox_tui.core.cells import cells, pad, wrap
from inbox_tui.core.text import sentence
from inbox_tui.ui.actions import ACTIONS, Action, Context
from inbox_tui.ui.badges import LEGEND
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.keymap import Keymap, groups
from inbox_tui.ui.keys import key_of, labels
from inbox_tui.ui.preferences import Preferences

KEY_CELLS = 18
"""Cells of the column of keys."""
WIDTH, AROUND = 92, 8
"""Cells of the dialog (as the style sheet says), and those of its frame, padding and scrollbar."""
NAMES = {Context.LIST: "the list", Context.THREAD: "a thread", Context.TYPING: "the composer"}
"""What a place is called in the middle of a sentence."""
IN_DIALOGS = "In a dialog ⏎ does it, Esc leaves and ↑ ↓ choose. Each names its other keys at its foot."
"""What holds in every dialog, in a sentence."""


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
    """Every key by place and group, as it is in force now, and what the signs of the list mean; above them,
    lines of the configuration that are not used.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Close"),
        ("j", "scroll(1)", "Down"),
        ("k", "scroll(-1)", "Up"),
        ("ctrl+d", "scroll(10)", "Half a screen down"),
        ("ctrl+u", "scroll(-10)", "Half a screen up"),
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
            yield Static()

    def on_mount(self) -> None:
        """Draw before the first key."""
        self._draw()

    def on_resize(self) -> None:
        """Lines are broken by width."""
        self._draw()

    def _draw(self) -> None:
        room = int(min(WIDTH, self.app.size.width * 0.95)) - AROUND
        self.query_one(Static).update(Content("\n").join(self._lines(room)))

    async def take(self, event: events.Key | events.Paste) -> None:
        """The key that opened it closes it."""
        if isinstance(event, events.Key) and key_of(event) in self._preferences.keymap["help"].keys:
            self.dismiss()
        else:
            await super().take(event)

    def action_scroll(self, lines: int) -> None:
        """Move the text by lines."""
        scroll = self.query_one("#help", VerticalScroll)
        # At once: a held key would else count from where the text still stands.
        scroll.scroll_to(y=scroll.scroll_target_y + lines, animate=False, immediate=True)

    def _lines(self, room: int) -> Iterator[Content]:
        """The text in lines of at most so many cells."""
        defaults = {action.id: action.keys for action in ACTIONS}
        for problem in self._preferences.problems:
            for line in wrap(f"{problem.where}: {problem.what}.", room):
                yield Content.styled(line, "$text-warning")
            for line in wrap(sentence(problem.expected), room - 2):
                yield Content(f"  {line}")
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
                    gap = " " * max(1, KEY_CELLS - cells(keys))
                    first, *others = wrap(f"{action.title}{changed}", room - KEY_CELLS - 2)
                    yield Content.assemble("  ", (keys, "bold" if action.keys else "dim"), gap, first)
                    for line in others:
                        yield Content(f"  {' ' * KEY_CELLS}{line}")
            yield Content("")
        yield Content.styled("Signs in the list", "bold underline $primary")
        for signs, meaning in LEGEND:
            first, *others = wrap(meaning, room - KEY_CELLS - 2)
            yield Content.assemble("  ", (pad(signs, KEY_CELLS), "bold"), first)
            for line in others:
                yield Content(f"  {' ' * KEY_CELLS}{line}")
        yield Content("")
        for line in wrap(IN_DIALOGS, room):
            yield Content.styled(line, "dim")
