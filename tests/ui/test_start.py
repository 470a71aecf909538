"""What is loaded when: a screen needs no network module to paint, a command needs no Textual."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from inbox_tui.config import load

NETWORK = (
    "httpx",
    "pydantic",
    "sqlite_utils",
    "uvicorn",
    "starlette",
    "typer",
    "stamina",
    "emoji",
    "inbox_tui.api",
    "inbox_tui.sync",
    "inbox_tui.sandbox",
)

FIRST = (
    "inbox_tui.cli.open",
    "inbox_tui.config.checks",
    "inbox_tui.core.cells",
    "inbox_tui.core.errors",
    "inbox_tui.core.links",
    "inbox_tui.core.models",
    "inbox_tui.core.ranking",
    "inbox_tui.core.text",
    "inbox_tui.core.times",
    "inbox_tui.core.window",
    "inbox_tui.store.clock",
    "inbox_tui.store.db",
    "inbox_tui.store.items",
    "inbox_tui.store.reads",
    "inbox_tui.store.records",
    "inbox_tui.store.views",
    "inbox_tui.ui.app",
    "inbox_tui.ui.badges",
    "inbox_tui.ui.chat_list",
    "inbox_tui.ui.engine_process",
    "inbox_tui.ui.line_pane",
    "inbox_tui.ui.lines",
    "inbox_tui.ui.opening",
    "inbox_tui.ui.pastes",
    "inbox_tui.ui.placing",
    "inbox_tui.ui.platforms",
    "inbox_tui.ui.row_window",
    "inbox_tui.ui.rows",
    "inbox_tui.ui.selection",
    "inbox_tui.ui.session",
    "inbox_tui.ui.terminal_signals",
    "inbox_tui.ui.themes",
    "inbox_tui.ui.viewport",
)
"""What of the program the rows of the chats need to be painted, besides the packages around these."""

MOST_STATEMENTS = 8
"""What the screen may ask the store for its first rows: the clock, the profiles, a view, its rows."""

OPENING = """
import gc, json, sys
from pathlib import Path
from textual.screen import Screen
from inbox_tui.ui import opening
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.opening import OpeningScreen

layouts, statements, first = [], [], {}
lay_out, paint, read = Screen._refresh_layout, Screen._compositor_refresh, OpeningScreen.on_mount

def counted(self, *args, **kwargs):
    layouts.append(self)
    lay_out(self, *args, **kwargs)

def painted(self):
    paint(self)
    lines = [strip.text for strip in self._compositor.render_strips()]
    if not first and any(lines):
        first.update(lines=lines, layouts=len(layouts), modules=sorted(sys.modules))

def traced(self):
    self._session.reader.set_trace_callback(statements.append)
    read(self)

def goes_on(self):
    widgets = [type(each).__name__ for each in self.screen.walk_children()]
    found = {**first, "widgets": widgets, "statements": statements, "collects": gc.isenabled()}
    Path(sys.argv[1]).write_text(json.dumps(found))
    self.exit()

Screen._refresh_layout, Screen._compositor_refresh = counted, painted
OpeningScreen.on_mount, InboxApp._painted = traced, goes_on
from inbox_tui.cli import run
sys.exit(run([]))
"""

RUNNING = """
import json, sys
from pathlib import Path
from inbox_tui.cli import run
code = run(sys.argv[2:])
Path(sys.argv[1]).write_text(json.dumps({"modules": sorted(sys.modules), "code": code}))
"""


@pytest.fixture
def environment(filled: Path, tmp_path: Path) -> dict[str, str]:
    """An account with a cache, and a server that nobody answers at."""
    variables = {
        "INBOX_TUI_HOME": str(tmp_path / "home"),
        "INBOX_TUI_API_URL": "http://127.0.0.1:1",
        "POSTPROXY_API_KEY": "a-key",
        "TERM": "xterm-256color",
    }
    shutil.copytree(filled, load(environment=variables).folder.path)
    return variables


def loaded(modules: Sequence[str], names: Sequence[str]) -> list[str]:
    """Which of the packages are among the modules."""
    return [name for name in names if any(m == name or m.startswith(f"{name}.") for m in modules)]


def in_terminal(command: Sequence[str], environment: dict[str, str]) -> str:
    """Run a command in a terminal of 100 columns and 30 rows until it ends; what it has written there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    written = bytearray()
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=os.environ | environment, start_new_session=True
    ) as process:
        os.close(slave)
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # how Linux tells that nobody has the terminal open any more
                break
            if not part:
                break
            written += part
    os.close(master)
    output = written.decode("utf-8", "replace")
    assert process.returncode == 0, output
    return output


def test_the_rows_are_on_the_screen_before_anything_else_is_loaded_or_made(
    environment: dict[str, str], tmp_path: Path
) -> None:
    found = tmp_path / "found.json"
    written = in_terminal([sys.executable, "-c", OPENING, str(found)], environment)
    assert "\x1b[?1049h" in written, "it was a real terminal"
    seen = json.loads(found.read_text())
    assert any("Owen Quill" in line for line in seen["lines"])
    assert loaded(seen["modules"], NETWORK) == []
    own = [name for name in seen["modules"] if name.startswith("inbox_tui.") and name.count(".") > 1]
    assert set(own) <= set(FIRST), "an import that can wait belongs into the function that needs it"
    assert seen["widgets"] == ["Vertical", "ChatList"]
    assert seen["layouts"] == 1
    assert len(seen["statements"]) <= MOST_STATEMENTS, seen["statements"]
    assert not seen["collects"], "nothing of what is made until then is garbage"


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], ["typer"]),
        # Typer reads arguments with pydantic where it is installed.
        (["--version"], ["typer", "pydantic"]),
        (["sandbox", "--help"], ["typer", "pydantic"]),
        (["chats", "--json"], ["typer", "pydantic"]),
    ],
)
def test_a_command_without_a_screen_loads_no_textual_and_no_network(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], needed: list[str]
) -> None:
    found = tmp_path / "found.json"
    run = subprocess.run(
        [sys.executable, "-c", RUNNING, str(found), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout
    seen = json.loads(found.read_text())
    assert seen["code"] == 0
    assert set(loaded(seen["modules"], ["textual", "rich.console", *NETWORK])) <= set(needed)
