"""A fault of the program itself: it ends with a sentence and an exit code, and keeps what was typed."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

from .conftest import OpenTerminal, Server, sync_once

FAULTY = """
import sys
from inbox_tui import cli
from inbox_tui.ui.composer import Composer
taken = Composer.take_key
def take_key(self, key):
    if key == "ctrl+y":
        raise RuntimeError("words of a customer")
    return taken(self, key)
Composer.take_key = take_key
sys.exit(cli.run([]))
"""


def test_a_fault_is_told_in_a_sentence_logged_and_no_success(
    terminal: OpenTerminal, server: Server, tmp_path: Path
) -> None:
    environment = server.environment(tmp_path)
    sync_once(environment)
    (tmp_path / "faulty.py").write_text(FAULTY)
    agent = terminal(environment)
    agent.run(f'"{sys.executable}" -W ignore {tmp_path}/faulty.py; echo "ended with $?"')
    agent.sees("NORMAL")
    agent.type("ga")
    agent.sees("[All")
    agent.press("r")
    agent.sees("TYPING")
    agent.type("kept words")
    agent.sees("kept words")
    agent.press("C-y")
    shown = agent.sees("ended with 1")
    assert "A fault of the program has ended the inbox (RuntimeError)" in shown
    assert "Traceback" not in shown
    assert "words of a customer" not in shown
    (log,) = tmp_path.rglob("inbox-tui.log")
    assert "RuntimeError: words of a customer" in log.read_text()
    (path,) = tmp_path.rglob("local.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT text FROM drafts").fetchall() == [("kept words",)]
