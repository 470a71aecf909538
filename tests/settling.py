"""Waiting for the screen in tests: until every queue of it is empty, in place of until the machine rests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from unittest import mock

from textual._context import active_app
from textual.app import App

MOST_SECONDS = 1.0
"""What goes on for longer has to be waited for by its condition."""
TURNS = 2
"""A layout may post something, too."""
ROUNDS = 3
"""How often in a row nothing must wait: what is carried out just now may post something yet."""


def _busy(app: App[object]) -> bool:
    """Whether a message or a call waits anywhere on the screen."""
    nodes = [app, *(node for screen in app.screen_stack for node in screen.walk_children(with_self=True))]
    return any(not node._message_queue.empty() or node._next_callbacks for node in nodes)


async def settled(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """In place of Textual's `wait_for_idle`, which sleeps until the process has used no time for 20 ms.

    On a machine that others use, that is up to a second for each key. What depends on a timer, a thread or
    another process is waited for by its condition, in both cases.
    """
    app, over = active_app.get(None), monotonic() + MOST_SECONDS
    for _ in range(TURNS):
        quiet = 0
        while app is not None and app.is_running and quiet < ROUNDS and monotonic() < over:
            await asyncio.sleep(0)
            quiet = 0 if app._exception is None and _busy(app) else quiet + 1
        if app is not None and app.is_running and app.screen_stack:
            # What has changed is laid out now, not with the next turn of a timer.
            app.screen._on_timer_update()


@contextmanager
def settling() -> Iterator[None]:
    """Have the pilots of tests wait like that."""
    with mock.patch("textual.app.wait_for_idle", settled), mock.patch("textual.pilot.wait_for_idle", settled):
        yield


@contextmanager
def unpainted() -> Iterator[None]:
    """Lay the screen out and paint nothing: painting is most of a key's time, and no terminal is there."""
    with mock.patch("textual.screen.Screen._compositor_refresh", return_value=None):
        yield
