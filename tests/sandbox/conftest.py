"""A sandbox for one test, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running

NOW = "2026-06-20T12:00:00.000Z"


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
                httpx.Client(base_url=sandbox.url + path, headers={"Authorization": f"Bearer {key}"})
            )
            for path, key in (("", sandbox.api_key), ("/_sandbox", sandbox.control_token))
        )
        yield Bench(sandbox, api, control, stack.close)


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
