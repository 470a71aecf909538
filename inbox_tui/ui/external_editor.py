"""Writing a text in the editor of $VISUAL or $EDITOR, and what can go wrong with that."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inbox_tui.core.text import clean
from inbox_tui.ui.editor import MOST_CHARACTERS


class NoText(Exception):  # noqa: N818 - the sentence reads better
    """The editor gave no text; why, in a sentence without its full stop."""


def written_in_editor(folder: Path, text: str) -> str:
    """Let the person write in their editor, which has the terminal until it ends; returns the cleaned text.

    The text stands in a file of its own (0600) below `folder` for as long as that takes. No shell is asked:
    the variable is a program and its arguments. Raises NoText where there is no editor, it fails, or what it
    leaves cannot be used.
    """
    command = _command()
    try:
        with tempfile.TemporaryDirectory(prefix="editor-", dir=folder) as private:
            path = Path(private) / "message.txt"
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            _run([*command, str(path)])
            written = _read(path, command[0])
    except OSError as error:
        raise NoText(f"The text cannot be handed to the editor: {error.strerror or error}") from error
    # Editors end the last line; what was typed here does not.
    written = clean(written)
    return written if text.endswith("\n") else written.removesuffix("\n")


def _command() -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        value = os.environ.get(name, "").strip()
        if not value:
            continue
        try:
            command = shlex.split(value)
        except ValueError as error:
            raise NoText(f"${name} cannot be understood: {error}") from error
        if command:
            return command
    raise NoText("There is no editor: set $VISUAL or $EDITOR")


def _run(command: list[str]) -> None:
    with _deaf():
        try:
            code = subprocess.run(command, check=False).returncode
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise NoText(f"The editor {clean(command[0])} cannot be started: {why}") from error
    if code < 0:
        raise NoText(f"The editor {clean(command[0])} was ended by signal {-code}")
    if code:
        raise NoText(f"The editor {clean(command[0])} failed with code {code}")


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl+C and Ctrl+\\ in the terminal are the editor's while it has it."""
    before = {number: signal.signal(number, _ignored) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignored(*_: object) -> None:
    """A handler, unlike being deaf to a signal, is not passed on to the editor."""


def _read(path: Path, editor: str) -> str:
    name = clean(editor)
    if not path.is_file():
        raise NoText(f"The editor {name} left no file")
    with path.open("rb") as file:
        data = file.read(4 * MOST_CHARACTERS + 1)
    try:
        written = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) <= 4 * MOST_CHARACTERS:
            raise NoText(f"The editor {name} left a file that is not UTF-8 text") from error
        written = ""
    if len(data) > 4 * MOST_CHARACTERS or len(written) > MOST_CHARACTERS:
        raise NoText(f"The editor {name} left over {MOST_CHARACTERS:,} characters, more than can be sent")
    if not written.strip():
        raise NoText(f"The editor {name} left an empty file")
    return written
