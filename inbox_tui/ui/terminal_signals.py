"""What a terminal can do beside drawing: ring, show a notification of the desktop, carry a title.

Nothing of a text that is put into a sequence can end it or begin another one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from inbox_tui.core.cells import shorten
from inbox_tui.core.text import clean

if TYPE_CHECKING:
    from textual.app import App

BELL = "\a"
"""Rings, or has the window ask for attention (ECMA-48, BEL)."""
END = "\x1b\\"
"""String terminator (ECMA-48, 8.3.143)."""
MOST_CHARACTERS = 200
"""Characters of a title or a notification; more is cut."""
SAVE_TITLE = "\x1b[22;0t"
"""Has the terminal put its title aside (xterm, XTWINOPS)."""
RESTORE_TITLE = "\x1b]0;" + END + "\x1b[23;0t"
"""Takes ours off, and has the terminal bring the one back that it put aside, where it can."""


def takes_sequences(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is one that at least passes over what it does not know; a console may print it."""
    return environment.get("TERM", "") not in ("linux", "dumb")


def _plain(words: str) -> str:
    """Words for a sequence: one line, of characters that are drawn; no `;`, which parts its fields."""
    kept = "".join(each if each.isprintable() and each != ";" else " " for each in clean(words))
    return " ".join(shorten(kept, MOST_CHARACTERS).split())


def title(words: str) -> str:
    """Sets the title of window and tab (OSC 0). Through tmux too: there it is the pane's."""
    return f"\x1b]0;{_plain(words)}{END}"


def desktop(words: str, environment: Mapping[str, str]) -> str:
    """Asks for a notification of the desktop, in the way that the terminal knows; empty where none does.

    OSC 777 (urxvt) where the terminal is known to take only that, else OSC 9 (iTerm2), which most others do:
    who takes both would show it twice. tmux hands it on where its `allow-passthrough` is on.
    """
    if not takes_sequences(environment):
        return ""
    name = environment.get("TERM", "")
    only_777 = "VTE_VERSION" in environment or name.startswith(("rxvt", "foot"))
    kind = f"777;notify;inbox-tui;{_plain(words)}" if only_777 else f"9;inbox-tui: {_plain(words)}"
    sequence = f"\x1b]{kind}{END}"
    if environment.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + END
    return sequence


def send(app: App[object], sequence: str) -> None:
    """Write a sequence between two frames, by Textual's driver, as `App.bell` does."""
    if app._driver is not None and not app.is_headless:
        app._driver.write(sequence)


def restore_title() -> None:
    """Give the terminal its title back, when the application has left it."""
    if sys.__stderr__ is not None and sys.__stderr__.isatty() and takes_sequences(os.environ):
        sys.__stderr__.write(RESTORE_TITLE)
        sys.__stderr__.flush()
