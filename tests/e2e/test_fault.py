"""A fault of the program itself: it ends with a sentence and an exit code, and keeps what was typed."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

import pytest

from .conftest import OpenTerminal, Server, sync_once

FAULTY = """
import sys
from inbox_tui import cli
from inbox_tui.ui.app import InboxApp
taken = InboxApp._take
async def take(self, event):
    if getattr(event, "key", None) == "ctrl+y":
        raise RuntimeError("words of a customer")
    await taken(self, event)
InboxApp._take = take
sys.exit(cli.run([]))
"""


@pytest.mark.parametrize(("key", "shown"), [("r", "TYPING"), ("P", "in the dialog")])
def test_a_fault_is_told_in_a_sentence_logged_and_no_success(
    terminal: OpenTerminal, server: Server, tmp_path: Path, key: str, shown: str
) -> None:
    environment = server.environment(tmp_path)
    sync_once(environment)
    (tmp_path / "faulty.py").write_text(FAULTY)
    agent = terminal(environment)
    agent.run(f'"{sys.executable}" -W ignore {tmp_path}/faulty.py; echo "ended with $?"')
    agent.sees("NORMAL")
    agent.type("ga")
    agent.sees("[All")
    agent.press(key)
    agent.sees(shown)
    # At once: nothing has written the words yet when the fault comes.
    agent.type("kept words")
    agent.press("C-y")
    left = agent.sees("ended with 1")
    assert "A fault of the program has ended the inbox (RuntimeError)" in left
    assert "Traceback" not in left
    assert "words of a customer" not in left
    (log,) = tmp_path.rglob("inbox-tui.log")
    assert "RuntimeError: words of a customer" in log.read_text()
    (path,) = tmp_path.rglob("local.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT text FROM drafts").fetchall() == [("kept words",)]
