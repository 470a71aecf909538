"""A real program in a terminal of its own: when it has painted, and what that cost the processor."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from benchmarks.processes import PATIENCE, ROOT

COLUMNS, ROWS = 120, 40
QUIET_SECONDS = 0.025
"""After this long without a byte the program has answered a key."""
_ASKED, _ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""Whether the terminal knows synchronised output; it does, so each frame ends with a mark."""
_FRAME_END = b"\x1b[?2026l"


class Terminal:
    """A terminal in which a program runs; it ends, with whatever it has started, when the block does."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        variables = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True
        )
        os.close(slave)
        self._master = master
        self._written = bytearray()
        """What was written since the last key."""
        self._answered = False
        self.pid = self._process.pid

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def seconds_to(self, content: str) -> float:
        """Seconds from the start of the program until it has written something, or what it wrote last."""
        while content.encode() not in self._written:
            # Something else may be written for ever.
            left = self._began + PATIENCE - time.perf_counter()
            if left <= 0 or not self._read(left):
                raise SystemExit(f"{content!r} has not come: {bytes(self._written[-2000:])!r}")
        return time.perf_counter() - self._began

    def write(self, keys: bytes) -> None:
        """Press keys, and wait for nothing."""
        self._written.clear()
        while keys:
            # A program that waits to be read takes no long paste.
            readable, writable, _ = select.select([self._master], [self._master], [], PATIENCE)
            if readable:
                self._read(0)
            if writable:
                keys = keys[os.write(self._master, keys[:512]) :]

    def rest(self, seconds: float) -> None:
        """Let the program go on for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def press(self, keys: bytes, *, quiet: float = QUIET_SECONDS, first: bool = False) -> float:
        """Press keys at once; seconds until the last frame before silence has ended, or the first one has.

        `quiet`: the seconds that make a silence.
        """
        self.rest(0)
        began = time.perf_counter()
        self.write(keys)
        painted, searched = 0.0, 0
        while self._read(quiet if painted else PATIENCE):
            now = time.perf_counter()
            if self._written.find(_FRAME_END, searched) >= 0 and not (first and painted):
                painted = now - began
            # A mark may come in two parts.
            searched = max(0, len(self._written) - len(_FRAME_END) + 1)
        if not painted:
            raise SystemExit(f"nothing was painted for {keys!r}")
        return painted

    def processor_seconds(self) -> float:
        """What the program itself, with all its threads, has had of the processors so far."""
        # The number of another process's clock, as clock_getcpuclockid(3) makes it on Linux.
        return time.clock_gettime((~self.pid << 3) | 2)

    def _read(self, seconds: float) -> bytes:
        """What is written next; nothing where that takes longer, or the program has ended."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        try:
            part = os.read(self._master, 1 << 16) if ready else b""
        except OSError:
            part = b""
        self._written += part
        if not self._answered and _ASKED in self._written:
            self._answered = True
            os.write(self._master, _ANSWER)
        return part
