"""Processes of the program that are forked from one that has imported it already.

What they do, and how they die, is theirs alone, as that of any process; a test that starts a hundred engines
only does not wait a hundred times for the same imports, which is most of what a start costs.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_PRELOADED = [
    "inbox_tui.__main__",
    "inbox_tui.cli.program",
    "inbox_tui.cli.syncing",
    "inbox_tui.sync.engine",
    "inbox_tui.sync.loop",
    "inbox_tui.api.client",
]
"""What an engine imports before it does anything."""


class Child:
    """A running command, with the part of `subprocess.Popen` that tests need."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process number."""
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, or minus the signal that ended it. Raises TimeoutError where it goes on."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self.pid} goes on")
        return self._process.exitcode


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """Run `inbox-tui` with arguments in a process of its own; it reads nothing, and writes into `log`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=_run, args=(list(arguments), dict(environment), str(log)))
    process.start()
    return Child(process)


def _run(arguments: list[str], environment: dict[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number, path, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
    ):
        descriptor = os.open(path, mode, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.dup2(1, 2)
    sys.argv = ["inbox-tui", *arguments]
    from inbox_tui.__main__ import main

    main()
