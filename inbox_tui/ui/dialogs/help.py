"""The live map of keys."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from inbox_tui.core.cells import cells
from inbox_tui.ui.actions import ACTIONS, label
from inbox_tui.ui.dialogs.dialog import Dialog

KEY_CELLS = 18


class HelpScreen(Dialog[None]):
    """Every key by group, from the registry that the keys themselves are read from."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = Content("Keys")
            scroll.border_subtitle = Content("Esc closes · ↑ ↓ scroll")
            yield Static(self._table())

    def _table(self) -> Content:
        lines: list[Content] = []
        ordered = sorted(
            ACTIONS, key=lambda action: list(dict.fromkeys(a.group for a in ACTIONS)).index(action.group)
        )
        for group, actions in groupby(ordered, key=lambda action: action.group):
            lines.append(Content.assemble(("\n" if lines else "") + group, "").stylize("bold $primary"))
            for action in actions:
                keys = "  ".join(label(key) for key in action.keys)
                lines.append(
                    Content.assemble(
                        "  ", (keys, "bold"), " " * max(1, KEY_CELLS - cells(keys)), action.title
                    )
                )
        return Content("\n").join(lines)
