"""Processes of a benchmark: the replay server, a side, the real engine. Each ends with its block."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from benchmarks.world import World

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds in which something that is waited for has to come."""


@contextmanager
def serving(world: World) -> Iterator[str]:
    """A replay server; gives its URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.replay", str(world.folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        assert process.stdin is not None
        process.stdin.close()


def asked(url: str) -> dict[str, int]:
    """How often the server was asked for what."""
    with urllib.request.urlopen(f"{url}/_requests") as answer:  # noqa: S310 - our own server
        counts: dict[str, int] = json.load(answer)
        return counts


def run_side(name: str, world: World, url: str, home: Path) -> dict[str, float]:
    """What a side of `benchmarks.sides` measured, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sides", name, str(world.folder), url, str(home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


@contextmanager
def engine(url: str, home: Path, *options: str) -> Iterator[tuple[int, Callable[[str], str]]]:
    """The real `inbox-tui sync --follow`. Gives its process id, and how to wait for a word that it says."""
    with subprocess.Popen(
        [sys.executable, "-m", "inbox_tui", "sync", "--follow", "--until-stdin-closes", *options],
        cwd=ROOT,
        env={**os.environ, "INBOX_TUI_HOME": str(home), "INBOX_TUI_API_URL": url},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said: SimpleQueue[str] = SimpleQueue()
        assert process.stderr is not None
        lines = process.stderr

        def listen() -> None:
            for line in lines:
                said.put(line)

        threading.Thread(target=listen, name="engine says", daemon=True).start()

        def wait_for_line(word: str) -> str:
            deadline = time.monotonic() + PATIENCE
            try:
                while word not in (line := said.get(timeout=max(deadline - time.monotonic(), 0))):
                    pass
            except Empty:
                raise SystemExit(f"the engine has not said {word!r}") from None
            return line

        yield process.pid, wait_for_line
        assert process.stdin is not None
        process.stdin.close()


def memory(pid: int) -> dict[str, float]:
    """MiB that a process has now: `rss` with what it shares, `pss` with its part of that; `peak` of rss."""
    kib = {}
    for name, file in (("rss", "smaps_rollup"), ("pss", "smaps_rollup"), ("peak", "status")):
        field = {"rss": "Rss:", "pss": "Pss:", "peak": "VmHWM:"}[name]
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(field):
                kib[name] = int(line.split()[1]) / 1024
    return kib


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"it has not come within {PATIENCE:.0f} s: {what}")
        time.sleep(0.02)
