"""A terminal that is gone without a signal: the program ends, and what was typed is there the next time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .conftest import Server, sync_once
from .terminal import DEADLINE, processes, until, until_ended

WORDS = "words that no signal announced the end of"


class Line:
    """The program on a terminal that is not its controlling one, so that nothing tells it of a hang-up."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "inbox_tui"],
            env={**os.environ, "TERM": "xterm-256color", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._read = bytearray()
        self._reading = threading.Thread(target=self._take_in)
        self._reading.start()

    def _take_in(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._ours, 1 << 16):
                self._read += data

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def sees(self, words: str) -> None:
        """Wait until words were drawn, since the last time that this was asked."""
        until(
            lambda: words.encode() in self._read, lambda: bytes(self._read[-2000:]).decode(errors="replace")
        )
        self._read.clear()

    def family(self) -> str:
        """What runs below the program, and what was drawn last."""
        below = [each for each in processes() if each.parent == self.process.pid]
        return f"no engine in {below} with {bytes(self._read[-2000:]).decode(errors='replace')}"

    @property
    def engine_pid(self) -> int | None:
        found = [
            each.pid for each in processes() if each.parent == self.process.pid and " sync " in each.command
        ]
        return found[0] if found else None

    def vanish(self) -> None:
        """Close the terminal's end."""
        ours, self._ours = self._ours, -1
        os.close(ours)

    def end(self) -> None:
        if self._ours >= 0:
            self.vanish()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reading.join()


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Iterator[Line]:
    environment = server.environment(tmp_path)
    sync_once(environment)
    opened = Line(environment)
    try:
        yield opened
    finally:
        opened.end()


def drafts(folder: Path) -> list[str]:
    (path,) = folder.rglob("local.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM drafts")]


@pytest.mark.parametrize("how", ["closed", signal.SIGHUP, signal.SIGTERM])
def test_when_its_terminal_is_gone_the_program_ends_with_its_engine_and_keeps_what_was_typed(
    line: Line, tmp_path: Path, how: str | signal.Signals
) -> None:
    line.sees("NORMAL")
    line.type("ga")
    line.sees("[All")
    line.type("r")
    line.sees("TYPING")
    engine = until(lambda: line.engine_pid, line.family)
    line.type(WORDS)
    line.sees("end of")
    if isinstance(how, signal.Signals):
        line.process.send_signal(how)
    else:
        line.vanish()
    line.process.wait(timeout=DEADLINE)
    until_ended(engine)
    assert drafts(tmp_path) == [WORDS]


def test_what_was_typed_into_a_dialog_is_kept_when_the_terminal_goes_behind_the_last_letter(
    line: Line, tmp_path: Path
) -> None:
    line.sees("NORMAL")
    line.type("P")
    line.sees("in the dialog")
    line.type(WORDS)
    line.sees("end of")
    line.process.send_signal(signal.SIGHUP)
    line.process.wait(timeout=DEADLINE)
    assert drafts(tmp_path) == [WORDS]
