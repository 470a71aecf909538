"""Textual's own widgets: `python -m benchmarks.bare_widgets text` (or `list`)."""

from __future__ import annotations

import sys

from textual.app import App, ComposeResult
from textual.widgets import OptionList, TextArea

ROWS = 100


class BareText(App[None]):
    """A text field as large as the composer's; nothing else about it is changed."""

    CSS = "TextArea { width: 46; height: 8; border: none; padding: 0; }"

    def compose(self) -> ComposeResult:
        """The field."""
        yield TextArea()


class BareList(App[None]):
    """A list as large as that of the chats, with rows of two lines."""

    CSS = "OptionList { width: 37; height: 1fr; border: none; padding: 0; }"

    def compose(self) -> ComposeResult:
        """The list."""
        yield OptionList(*(f"Customer {number}\nIs there any news of it?" for number in range(ROWS)))


APPS = {"text": BareText, "list": BareList}


if __name__ == "__main__":
    APPS[sys.argv[1]]().run()
