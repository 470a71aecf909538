"""`sync` on a terminal: a line of progress that is true; elsewhere none."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_accounts import KEY, Account, run_alone

from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import SandboxOptions, running


def in_a_terminal(account: Account, *arguments: str) -> tuple[int, str]:
    """Run a command whose standard error is a terminal of 100 columns; returns its code and what that saw."""
    outside, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "inbox_tui", *arguments],
        env=os.environ | account.environment | {"COLUMNS": "100", "LINES": "30"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=inside,
    )
    os.close(inside)
    seen = b""
    while True:
        try:
            part = os.read(outside, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(outside)
    return process.wait(), seen.decode()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Account]:
    """An account without a cache, on a server that takes its time."""
    with running(SandboxOptions(initiative=0, api_key=KEY)) as sandbox:
        sandbox.world.faults.add(Fault("latency", path="/messages$", seconds=0.4))
        yield Account(tmp_path / "home", sandbox.url)


def test_a_first_sync_shows_counts_pace_and_time_left_on_a_terminal(slow: Account) -> None:
    code, seen = in_a_terminal(slow, "sync")
    assert code == 0
    lines = [line.strip() for line in seen.split("\r\x1b[2K")]
    told = [
        re.match(r"messages: [█░]{16} (\d+) of 73 chats read · ([\d,]+) messages", line) for line in lines
    ]
    counts = [(int(each[1]), int(each[2].replace(",", ""))) for each in told if each is not None]
    assert len(counts) >= 2
    assert counts == sorted(counts)
    assert any(re.search(r" · \d+/s · about \d+s left$", line) for line in lines)
    assert all(len(line) <= 100 for line in lines)
    assert lines[-1].startswith("up to date: 4 profiles, 73 of 73 chats, 73 read, ")


def test_where_nobody_watches_only_the_end_is_told(slow: Account) -> None:
    ran = run_alone(slow, "sync")
    assert ran.code == 0
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    words = r"up to date: 4 profiles, 73 of 73 chats, 73 read, \d+ new messages, \d+ requests in \d+s\n"
    assert re.fullmatch(words, ran.err)
