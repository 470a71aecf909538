"""Handing files and links to other programs, without a shell, and showing pictures as the terminal can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

OPENERS = ("xdg-open", "open", "wslview")
"""The desktop's own openers: Linux and BSD, macOS, Windows Subsystem for Linux."""
RISKY = frozenset(
    {"application/x-executable", "application/x-sharedlib", "text/x-shellscript", "application/x-msdownload"}
)
"""Types that an opener may run instead of showing; these can be saved, not opened."""


class NotOpened(Exception):  # noqa: N818 - the sentence reads better
    """Why something was not opened, in a sentence."""


def open_outside(target: str) -> None:
    """Hand a link or a path to the desktop's own opener, which chooses the program.

    Raises NotOpened where there is none.
    """
    command = next((found for name in OPENERS if (found := shutil.which(name))), None)
    if command is None or (sys.platform.startswith("linux") and not _desktop()):
        raise NotOpened("There is no desktop here to open it; S saves a file, y copies a link")
    try:
        subprocess.Popen(
            [command, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NotOpened(f"{command} cannot be started: {error.strerror or error}") from error


def _desktop() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))


def can_view() -> bool:
    """Whether the extra `images` is there."""
    return find_spec("textual_image") is not None and find_spec("PIL") is not None


def view(path: Path) -> None:
    """Show a picture over the whole terminal until a key is pressed; the caller has given the terminal up.

    A process of its own asks the terminal what it can draw (Kitty, Sixel or half cells): such a question
    reads from the keyboard, and must never take a key that was meant for the inbox. Raises NotOpened.
    """
    code = subprocess.run([sys.executable, "-m", "inbox_tui.ui.viewer", str(path)], check=False).returncode
    if code:
        raise NotOpened("The picture cannot be shown; S saves it")
