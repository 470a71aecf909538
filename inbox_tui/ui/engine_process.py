"""Keeps one engine running for the account: starts it as a child, and again when nobody runs one.

The child ends when its standard input is closed, so it cannot outlive the screen, not even a killed one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inbox_tui.store.db import Folder

ELSEWHERE_EXIT = 75
"""The exit code of an engine that found another one at work (`sync.engine.EngineRunningError`)."""
SHORT_LIFE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 30.0


class EngineProcess:
    """The engine of this screen, if this screen is the one that runs it."""

    def __init__(
        self,
        folder: Folder,
        arguments: Sequence[str],
        log: Path,
        prepare: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        """`arguments`: what `python -m inbox_tui` is to be called with; `log`: where its errors go.

        `prepare` runs before each start, may wait, and gives additions to the environment.
        """
        self._folder = folder
        self._arguments = list(arguments)
        self._log = log
        self._prepare = prepare
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = 0.0
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The process number of our own engine while it lives."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def tend(self) -> None:
        """Start an engine when none runs for the account; called twice a second, off the screen's loop."""
        if self.pid is not None:
            return
        lived = time.monotonic() - self._started_at
        if self.starts and lived < self._pause:
            return
        if not self._engine_elsewhere():
            # An engine that dies at once is started again more and more slowly.
            failed = self._child is not None and self._child.returncode not in (0, ELSEWHERE_EXIT)
            quick = failed and lived < SHORT_LIFE_SECONDS + self._pause
            self._pause = min(LONGEST_PAUSE_SECONDS, max(1.0, self._pause * 2)) if quick else 0.0
            self._start()

    def _engine_elsewhere(self) -> bool:
        from filelock import FileLock, Timeout

        try:
            with FileLock(self._folder.lock, timeout=0):
                return False
        except Timeout:
            return True

    def _start(self) -> None:
        prepared = {} if self._prepare is None else self._prepare()
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "inbox_tui", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Ctrl+C and a closed terminal are the screen's business; it closes the pipe.
                start_new_session=True,
                env={**os.environ, **prepared},
            )
        self.starts += 1
        self._started_at = time.monotonic()

    def stop(self) -> None:
        """End our engine: close its input, then wait a little, then insist."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        try:
            child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait(timeout=3)
