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

OPENING = """
import json, sys
from pathlib import Path
from inbox_tui.ui.inbox import InboxScreen

def first_paint(self):
    lines = [strip.text for strip in self._compositor.render_strips()]
    Path(sys.argv[1]).write_text(json.dumps({"modules": sorted(sys.modules), "lines": lines}))
    self.app.exit()

InboxScreen._start = first_paint
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


def test_the_inbox_is_on_the_screen_before_any_network_module_is_loaded(
    environment: dict[str, str], tmp_path: Path
) -> None:
    found = tmp_path / "found.json"
    written = in_terminal([sys.executable, "-c", OPENING, str(found)], environment)
    assert "\x1b[?1049h" in written, "it was a real terminal"
    seen = json.loads(found.read_text())
    assert any("Owen Quill" in line for line in seen["lines"])
    assert loaded(seen["modules"], NETWORK) == []
    assert loaded(seen["modules"], ["textual", "sqlite3", "inbox_tui.store"]) != []


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
