"""The demo: the embedded sandbox in a process of its own, with its world and clock kept in its folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from inbox_tui.core.errors import InboxError
from inbox_tui.store.db import Folder

STARTING_SECONDS = 20.0
"""How long a terminal waits for another one that is starting the server."""


@dataclass(frozen=True, slots=True)
class _Note:
    """What the folder says of the server that runs, or ran last: where it is, and how to start it alike."""

    url: str
    key: str
    control: str
    pid: int
    speed: float

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def environment(self) -> Mapping[str, str]:
        return {"INBOX_TUI_API_URL": self.url, "POSTPROXY_API_KEY": self.key}


class DemoServer:
    """The sandbox of the demo folder; several terminals share one, and any of them starts it again."""

    def __init__(self, folder: Folder, log: Path, speed: float = 1.0) -> None:
        """`speed`: sandbox seconds per real second; `log`: where the server's errors go."""
        self._folder = folder
        self._log = log
        self._speed = speed
        self._child: subprocess.Popen[str] | None = None
        self._used: _Note | None = None

    @property
    def _file(self) -> Path:
        return self._folder.path / "sandbox.json"

    def environment(self) -> Mapping[str, str]:
        """Address and key of a sandbox that answers; starts one where none does. Raises InboxError.

        Costs next to nothing while it lives, so it may be asked again and again. One that died comes back at
        its old address, where that is free, with the world, the clock and the key that its file keeps.
        """
        if self._used is not None and self._lives(self._used):
            return self._used.environment
        self._folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(self._folder.path / "sandbox.lock", timeout=STARTING_SECONDS):
                note = self._read()
                if note is None or not self._lives(note):
                    note = self._start(note)
        except Timeout as error:
            raise InboxError(
                "The demo's server did not start", "Another demo seems to be starting it; try again"
            ) from error
        self._used = note
        return note.environment

    def _lives(self, note: _Note) -> bool:
        """Whether a server is there: our own child is asked for, another terminal's is called."""
        child = self._child
        if child is not None and child.pid == note.pid:
            return child.poll() is None
        try:
            os.kill(note.pid, 0)
            with socket.create_connection(("127.0.0.1", note.port), timeout=1):
                return True
        except OSError:
            return False

    def _read(self) -> _Note | None:
        try:
            return _Note(**json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            # None was ever started here, or by another version.
            return None

    def _start(self, last: _Note | None) -> _Note:
        """Start a server; where this one takes over from one that died, at its address and pace."""
        again = self._used is not None and last is not None
        speed = last.speed if again and last is not None else self._speed
        if last is not None:
            # A port that somebody else has by now is no reason to have no demo.
            with contextlib.suppress(InboxError):
                return self._start_at(last.port, speed)
        return self._start_at(0, speed)

    def _start_at(self, port: int, speed: float) -> _Note:
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = ("--control", "--flaky", "0.02", "--state", str(self._folder.path / "world.db"))
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                [
                    *(sys.executable, "-m", "inbox_tui", "sandbox", "--until-stdin-closes", *options),
                    *("--port", str(port), "--speed", str(speed)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )
        found: dict[str, str] = {}
        while child.stdout is not None and len(found) < 3:
            line = child.stdout.readline()
            if not line:
                _end(child)
                raise InboxError("The demo's server did not start", f"Its own words are in {self._log}")
            name, _, value = line.strip().rpartition(" ")
            found[name] = value
        if self._child is not None:
            _end(self._child)
        self._child = child
        note = _Note(found["listening on"], found["api key:"], found["control token:"], child.pid, speed)
        descriptor = os.open(self._file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(note), file)
        return note

    def stop(self) -> None:
        """End the server that this process has started, if it has."""
        if self._child is not None:
            _end(self._child)


def _end(child: subprocess.Popen[str]) -> None:
    """Close a server's input, then wait a little, then insist."""
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.terminate()
        child.wait(timeout=5)
    if child.stdout is not None:
        child.stdout.close()
