"""Terminals and servers for the tests that drive the whole program as a person does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from .terminal import Terminal, opened

OpenTerminal = Callable[..., Terminal]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives a terminal."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.tmux)
            if shutil.which("tmux") is None:
                item.add_marker(pytest.mark.skip(reason="tmux is not installed"))


class Server:
    """A sandbox in a process of its own, which can be ended and started again at the same address."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._command = [sys.executable, "-m", "inbox_tui", "sandbox", "--state", str(folder / "world.db")]
        self._command += options
        self.url, self.key, self.control_token = "", "", ""
        self.start()

    def start(self) -> None:
        """Serve, at the address of the last time if there was one."""
        port = ["--port", self.url.rpartition(":")[2]] if self.url else []
        self._process = subprocess.Popen([*self._command, *port], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url, self.key = (self._process.stdout.readline().split()[-1] for _ in range(2))
        if "--control" in self._command:
            self.control_token = self._process.stdout.readline().split()[-1]

    def control(self, what: str, **fields: object) -> None:
        """Have something happen in the world; needs the option `--control`."""
        key = {"authorization": f"Bearer {self.control_token}"}
        httpx.post(f"{self.url}/_sandbox/{what}", json=fields, headers=key, timeout=60).raise_for_status()

    def stop(self) -> None:
        """End as a signal ends it; the world stays in its file."""
        assert self._process.stdout is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(timeout=20) == 0
        self._process.stdout.close()

    def environment(self, home: Path) -> dict[str, str]:
        """What points `inbox-tui` at this server, with its files under `home`."""
        return {
            "INBOX_TUI_HOME": str(home),
            "INBOX_TUI_API_URL": self.url,
            "POSTPROXY_API_KEY": self.key,
        }


def sync_once(environment: Mapping[str, str]) -> None:
    """Fill the cache without a screen, whatever records of the world cannot be read."""
    subprocess.run(
        [sys.executable, "-m", "inbox_tui", "sync", "--once"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def terminal() -> Iterator[OpenTerminal]:
    """Open a terminal with an environment; closed at the end, with everything that was started in it."""
    with ExitStack() as stack:
        yield lambda environment, **size: stack.enter_context(opened(environment, **size))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One terminal for the tests of the demo; each of them finds the list of chats in it, or opens it."""
    with opened({"INBOX_TUI_HOME": str(tmp_path_factory.mktemp("home"))}) as window:
        yield window


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the everyday world."""
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()
