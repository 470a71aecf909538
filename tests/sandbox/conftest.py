"""A sandbox for one test, and clients of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running

NOW = "2026-06-20T12:00:00.000Z"
PATIENCE = 30
"""Real seconds until something that has not come is taken to be missing, on however busy a machine."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A running sandbox with a client of the API and one of the control surface."""

    sandbox: RunningSandbox
    api: httpx.Client
    control: httpx.Client
    close: Callable[[], None]
    """End it before the test ends."""


@contextmanager
def bench(**options: object) -> Iterator[Bench]:
    """A quiet sandbox whose clock stands still; `options` change that."""
    chosen = {"frozen_at": NOW, "answers": False, "initiative": 0, "control_token": "token", **options}
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(SandboxOptions(**chosen)))
        api, control = (
            stack.enter_context(
                httpx.Client(
                    base_url=sandbox.url + path, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE
                )
            )
            for path, key in (("", sandbox.api_key), ("/_sandbox", sandbox.control_token))
        )
        yield Bench(sandbox, api, control, stack.close)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true within `PATIENCE`; for what a running clock brings about."""
    deadline = time.monotonic() + PATIENCE
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return met


@pytest.fixture
def start() -> Iterator[Callable[..., Bench]]:
    """Start a sandbox that ends with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(bench(**options))


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    """A sandbox for all tests of a module."""
    with bench() as it:
        yield it
