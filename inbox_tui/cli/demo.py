"""The demo: the embedded sandbox in a process of its own, with its world and clock kept in its folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from inbox_tui.core.errors import InboxError
from inbox_tui.store.db import Folder


class DemoServer:
    """The sandbox of the demo folder; several terminals share the one that the first has started."""

    def __init__(self, folder: Folder, log: Path, speed: float = 1.0) -> None:
        """`speed`: sandbox seconds per real second; `log`: where the server's errors go."""
        self._folder = folder
        self._log = log
        self._speed = speed
        self._child: subprocess.Popen[str] | None = None

    @property
    def _note(self) -> Path:
        return self._folder.path / "sandbox.json"

    def environment(self) -> Mapping[str, str]:
        """Address and key of a sandbox that answers; starts one where none does. Raises InboxError."""
        self._folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(self._folder.path / "sandbox.lock", timeout=20):
                return self._running() or self._start()
        except Timeout as error:
            raise InboxError(
                "The demo's server did not start", "Another demo seems to be starting it; try again"
            ) from error

    def _running(self) -> Mapping[str, str] | None:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            host, port = "127.0.0.1", int(note["url"].rpartition(":")[2])
            with socket.create_connection((host, port), timeout=1):
                return {"INBOX_TUI_API_URL": str(note["url"]), "POSTPROXY_API_KEY": str(note["key"])}
        except (OSError, ValueError, KeyError):
            return None

    def _start(self) -> Mapping[str, str]:
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [
                    *(sys.executable, "-m", "inbox_tui", "sandbox", "--until-stdin-closes"),
                    *(
                        "--control",
                        "--flaky",
                        "0.02",
                        "--state",
                        str(self._folder.path / "world.db"),
                        "--speed",
                        str(self._speed),
                    ),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )
        found: dict[str, str] = {}
        while self._child.stdout is not None and len(found) < 3:
            line = self._child.stdout.readline()
            if not line:
                raise InboxError("The demo's server did not start", f"Its own words are in {self._log}")
            name, _, value = line.strip().rpartition(" ")
            found[name] = value
        url, key = found["listening on"], found["api key:"]
        note = os.open(self._note, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(note, "w", encoding="utf-8") as file:
            json.dump({"url": url, "key": key, "control": found["control token:"]}, file)
        return {"INBOX_TUI_API_URL": url, "POSTPROXY_API_KEY": key}

    def stop(self) -> None:
        """End the server that this process has started, if it has."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait(timeout=5)
