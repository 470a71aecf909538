"""Writing in a real terminal: a hostile paste presses nothing; an editor gets the terminal and returns it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from .terminal import Terminal, until
from .test_demo import TYPING, at_list, folder_of, only

START, END = b"\x1b[200~", b"\x1b[201~"


def asked(demo: Terminal, statement: str) -> list[tuple[object, ...]]:
    """What stands in the local file of the demo."""
    path = Path(folder_of(demo), "local.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


EDITOR = """#!/bin/sh
printf 'the editor has the terminal\\n'
read -r answer
case $answer in
  more) printf ' and a second line' >> "$1" ;;
  *) exit 3 ;;
esac
"""


def test_the_editor_gets_the_terminal_and_gives_it_back_whatever_it_does(
    demo: Terminal, tmp_path: Path
) -> None:
    script = tmp_path / "editor"
    script.write_text(EDITOR)
    script.chmod(0o700)
    # By a short name: where a sentence with it breaks must not depend on the test's folder.
    demo.run(f"export PATH={tmp_path}:$PATH EDITOR=editor")
    at_list(demo)
    only(demo, "platform:tg from:max", "Max Whitlock")
    demo.press("r")
    demo.sees("Max Whitlock · Telegram", TYPING)
    demo.type("Hello")
    demo.press("C-o")
    demo.sees("the editor has the terminal", without="TYPING")
    demo.type("more")
    demo.press("Enter")
    demo.sees("Hello and a second line", TYPING)
    demo.press("C-o")
    demo.sees("the editor has the terminal", without="TYPING")
    # Ctrl+C in the terminal is the editor's, and ends it.
    demo.press("C-c")
    demo.sees("ended by signal 2", "Hello and a second line", TYPING)
    demo.press("C-u", "C-u", "Escape")
    demo.sees("NORMAL")


def test_a_paste_with_escape_sequences_and_line_breaks_is_one_text_and_leaves_nothing(demo: Terminal) -> None:
    at_list(demo)
    only(demo, "platform:tg from:max", "Max Whitlock")
    demo.press("r")
    demo.sees("Max Whitlock · Telegram", TYPING)
    before = asked(demo, "SELECT count(*) FROM outbox")
    demo.send_bytes(START + b"one\x1b\x1b[A\x1b[20\rtwo\r\x1b]52;c;aGk=\x07\x11three\r" + END)
    demo.sees("one␛␛[A␛[20", "two", "␛]52;c;aGk=␇␑three", TYPING)
    # As when the pasted text closes the paste itself, and the terminal lets it.
    demo.send_bytes(START + b"four" + END + b"\r\x11\x1bjfive\r" + END)
    demo.sees("four", "five", TYPING)
    draft = "one␛␛[A␛[20\ntwo\n␛]52;c;aGk=␇␑three\nfour\n^jfive\n"
    until(
        lambda: asked(demo, "SELECT text FROM drafts WHERE text LIKE 'one%'") == [(draft,)],
        lambda: str(asked(demo, "SELECT text FROM drafts")),
    )
    assert asked(demo, "SELECT count(*) FROM outbox") == before
    # A key that a person presses afterwards is a key.
    demo.press("Escape")
    demo.sees("NORMAL")
