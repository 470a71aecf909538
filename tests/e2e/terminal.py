"""A real terminal to drive the program in: tmux on a socket of its own, keys in, screen text out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

DEADLINE = 60.0
"""Seconds that anything may take on a busy machine; nothing waits longer than it has to."""
POLL = 0.03
PROMPT = "ready>"
MODES = (
    "alternate_on",
    "cursor_flag",
    "insert_flag",
    "keypad_flag",
    "keypad_cursor_flag",
    "mouse_any_flag",
    "mouse_sgr_flag",
    "origin_flag",
    "wrap_flag",
    "scroll_region_upper",
)

T = TypeVar("T")


@dataclass(frozen=True)
class Process:
    """A line of the process table."""

    pid: int
    parent: int
    state: str
    command: str


def processes() -> list[Process]:
    """Every process of the machine that has not ended."""
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, check=True, encoding="utf-8"
    )
    rows = [line.split(None, 3) for line in table.stdout.splitlines()]
    found = [Process(int(row[0]), int(row[1]), row[2], row[3]) for row in rows if len(row) == 4]
    # A dead process whose parent has not asked for it yet is still listed.
    return [process for process in found if not process.state.startswith("Z")]


def until(condition: Callable[[], T], what: Callable[[], str], *, seconds: float = DEADLINE) -> T:
    """Wait for something to be true, and return it; `what` describes what is there instead."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what()
        time.sleep(POLL)
    return found


def until_ended(*pids: int) -> None:
    """Wait until none of these processes is left."""

    def left() -> list[Process]:
        return [process for process in processes() if process.pid in pids]

    until(lambda: not left(), lambda: f"still running: {left()}")


class Terminal:
    """A window with a shell in it, in which `inbox-tui` is a command."""

    def __init__(self, sockets: Path, environment: Mapping[str, str], width: int, height: int) -> None:
        self.environment = dict(environment)
        bin_folder = sockets / "bin"
        bin_folder.mkdir()
        command = bin_folder / "inbox-tui"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W ignore -m inbox_tui "$@"\n')
        command.chmod(0o700)
        self._shell_environment = {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "TMUX_TMPDIR": str(sockets),
            "HOME": str(sockets),
            "LC_ALL": "C.UTF-8",
            "SHELL": "/bin/sh",
            "PS1": f"{PROMPT} ",
            "BASH_SILENCE_DEPRECATION_WARNING": "1",
            **environment,
        }
        place = ("-c", str(sockets), "-x", str(width), "-y", str(height))
        shell = ("bash", "--norc", "--noprofile", "-i")
        start = ("-f", "/dev/null", "start-server", ";", *self._options())
        self._tmux(*start, "new-session", "-d", *place, *shell)
        self.sees(PROMPT)

    def _options(self) -> list[str]:
        options = (
            ("-g", "default-terminal", "tmux-256color"),
            ("-s", "escape-time", "0"),
            ("-s", "set-clipboard", "on"),
            ("-g", "allow-rename", "on"),
            ("-g", "status", "off"),
        )
        return [word for option in options for word in ("set-option", *option, ";")]

    def _tmux(self, *words: str) -> str:
        run = subprocess.run(
            ["tmux", "-L", "inbox", *words],
            env=self._shell_environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert run.returncode == 0, (words, run.stderr)
        return run.stdout

    # In.

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names (`Enter`, `Escape`, `C-q`), or single characters."""
        self._tmux("send-keys", "--", *keys)

    def send_bytes(self, data: bytes) -> None:
        """Hand the program bytes as a terminal would, with nothing between them."""
        self._tmux("send-keys", "-H", *(f"{byte:02x}" for byte in data))

    def run(self, command: str) -> None:
        """Enter a command line at the shell's prompt."""
        self.type(command)
        self.press("Enter")

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    # Out.

    def screen(self) -> str:
        """What is on the screen, line by line."""
        return self._tmux("capture-pane", "-p")

    def sees(self, *words: str, without: str = "") -> str:
        """Wait until all of the words stand on the screen, and `without` does not; the screen then."""

        def found() -> str:
            text = self.screen()
            there = all(word in text for word in words) and not (without and without in text)
            return text if there else ""

        return until(found, lambda: f"waited for {words} without {without!r} on\n{self.screen()}")

    def ask(self, form: str) -> str:
        """The value of a tmux format, such as `#{pane_title}`."""
        return self._tmux("display-message", "-p", form).rstrip("\n")

    def modes(self) -> dict[str, str]:
        """The modes that the terminal is in."""
        values = self.ask("\t".join(f"#{{{name}}}" for name in MODES)).split("\t")
        return dict(zip(MODES, values, strict=True))

    def clipboard(self) -> str:
        """Names of what programs have put into the terminal's clipboard."""
        return self._tmux("list-buffers", "-F", "#{buffer_name}").strip()

    # Processes.

    def _children(self, parent: int) -> list[Process]:
        return [process for process in processes() if process.parent == parent]

    def _one(self, parent: int, word: str) -> int | None:
        pids = [
            process.pid
            for process in self._children(parent)
            if "-m inbox_tui" in process.command and word in process.command
        ]
        assert len(pids) < 2, pids
        return pids[0] if pids else None

    @property
    def screen_pid(self) -> int | None:
        """The process that the shell has started."""
        return self._one(int(self.ask("#{pane_pid}")), "")

    def _child_of_screen(self, word: str) -> int | None:
        screen = self.screen_pid
        return None if screen is None else self._one(screen, word)

    @property
    def engine_pid(self) -> int | None:
        """The engine that the screen has started."""
        return self._child_of_screen(" sync ")

    @property
    def sandbox_pid(self) -> int | None:
        """The sandbox that the demo has started."""
        return self._child_of_screen(" sandbox ")

    def close(self) -> None:
        """Close the window as a person does who has had enough, and see that nothing outlives it."""
        family = [int(self.ask("#{pane_pid}"))]
        for pid in family:
            family += [process.pid for process in self._children(pid)]
        self._tmux("kill-server")
        try:
            until_ended(*family)
        except AssertionError:
            for process in processes():
                if process.pid in family:
                    os.kill(process.pid, signal.SIGKILL)
            raise


@contextmanager
def opened(environment: Mapping[str, str], *, width: int = 100, height: int = 30) -> Iterator[Terminal]:
    """A terminal for as long as the block lasts."""
    # The path of a socket may have about a hundred characters: a test's own folder is too deep for that.
    sockets = Path(tempfile.mkdtemp(prefix="tmux-"))
    try:
        terminal = Terminal(sockets, environment, width, height)
        try:
            yield terminal
        finally:
            terminal.close()
    finally:
        shutil.rmtree(sockets)
