"""Keeps one engine running for the account: starts it as a child, and again when nobody runs one.

The child ends when its standard input is closed, so it cannot outlive the screen, not even a killed one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inbox_tui.store.db import Folder

ELSEWHERE_EXIT = 75
"""The exit code of an engine that found another one at work (`sync.engine.EngineRunningError`)."""
SHORT_LIFE_SECONDS = 5.0
"""An engine that fails sooner than this is started again after a pause."""
LONGEST_PAUSE_SECONDS = 30.0
"""The longest such pause; it doubles from one second on."""
PREPARE_SECONDS = 10.0
"""How long what could not be prepared is left alone, so that its fault is not told twice a second."""


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

        `prepare` is asked each time, may wait where something has to be put right, and gives additions to the
        environment; an engine that works with others than these is started anew.
        """
        self._folder = folder
        self._arguments = list(arguments)
        self._log = log
        self._prepare = prepare
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = 0.0
        self._environment: Mapping[str, str] = {}
        self._prepare_at = float("-inf")
        self._lock = threading.Lock()
        self._stopped = False
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The process number of our own engine while it lives."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def tend(self) -> None:
        """Start an engine when none runs for the account; called twice a second, off the screen's loop.

        Raises what `prepare` raises, and then leaves it alone for a while.
        """
        with self._lock:
            if not self._stopped:
                self._tend()

    def _tend(self) -> None:
        lived = time.monotonic() - self._started_at
        if self.pid is None and self.starts and lived < self._pause:
            return
        prepared = self._prepared()
        if prepared is None:
            return
        if self.pid is not None:
            if prepared == self._environment:
                return
            self._end()
        self._environment = prepared
        if not self._engine_elsewhere():
            # An engine that dies at once is started again more and more slowly.
            failed = self._child is not None and self._child.returncode not in (0, ELSEWHERE_EXIT)
            quick = failed and lived < SHORT_LIFE_SECONDS + self._pause
            self._pause = min(LONGEST_PAUSE_SECONDS, max(1.0, self._pause * 2)) if quick else 0.0
            self._start()

    def _prepared(self) -> Mapping[str, str] | None:
        """What is to be added to the environment; None while what gives it has failed shortly before."""
        if self._prepare is None:
            return {}
        if time.monotonic() < self._prepare_at:
            return None
        self._prepare_at = time.monotonic() + PREPARE_SECONDS
        prepared = self._prepare()
        self._prepare_at = float("-inf")
        return prepared

    def _engine_elsewhere(self) -> bool:
        from filelock import FileLock, Timeout

        try:
            with FileLock(self._folder.lock, timeout=0):
                return False
        except Timeout:
            return True

    def _start(self) -> None:
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "inbox_tui", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Ctrl+C and a closed terminal are the screen's business; it closes the pipe.
                start_new_session=True,
                env={**os.environ, **self._environment},
            )
        self.starts += 1
        self._started_at = time.monotonic()

    def stop(self) -> None:
        """End our engine, and start no other."""
        self._stopped = True
        with self._lock:
            self._end()

    def _end(self) -> None:
        """Close our engine's input, then wait a little, then insist."""
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
