"""The smallest Textual application that shows a line: what every start is compared with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static

CONTENT = "Nothing but this line"


class Bare(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static(CONTENT)


if __name__ == "__main__":
    Bare().run()
