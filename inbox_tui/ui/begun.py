"""What a key begins and does not end at once: the keys behind it wait for that, wherever it leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

MOST_SECONDS = 2.0
"""How long a key waits for what the key before it has begun."""


class Begun:
    """The newest thing that the keys of a screen have begun."""

    def __init__(self, in_background: Callable[[Coroutine[object, object, None]], object]) -> None:
        """`in_background` runs a coroutine and tells of its faults."""
        self._in_background = in_background
        self._end: asyncio.Future[None] | None = None

    def wait_for(self, work: Coroutine[object, object, None]) -> None:
        """Run in the background what a key has begun; those behind it wait for its end."""
        end = self._end = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                await work
            finally:
                end.set_result(None)

        self._in_background(run())

    async def settled(self) -> None:
        """Wait for what the last key has begun, no longer than MOST_SECONDS."""
        end, self._end = self._end, None
        if end is not None:
            await asyncio.wait([end], timeout=MOST_SECONDS)
