"""The two clocks that an engine goes by: this machine's, and the service's as its answers tell it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from inbox_tui.api.client import Client
from inbox_tui.core.models import Milliseconds
from inbox_tui.store import clock as kept_clock
from inbox_tui.store.db import now_ms
from inbox_tui.store.writer import Writer

KEEP_SECONDS = 2.0
"""How often at most the difference is written down."""


@dataclass(frozen=True, slots=True)
class Clock:
    """This machine's clocks; a test puts its own in. `monotonic` counts seconds, `now` is the wall's time."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], Milliseconds] = now_ms


class ServerClock:
    """The service's clock: by the newest answer, and before there was one, as an earlier run has kept it."""

    def __init__(self, writer: Writer, clock: Clock, client: Callable[[], Client]) -> None:
        """`client`: whose answers tell it; asked each time, as another key has another client."""
        self._writer = writer
        self._clock = clock
        self._client = client
        self._kept = kept_clock.offset(writer.cache)
        self._kept_at = float("-inf")

    def now(self) -> Milliseconds:
        """The time at the server."""
        offset = self._client().transport.clock_offset_ms
        return self._clock.now() + (self._kept if offset is None else offset)

    def keep(self, now: float) -> None:
        """Let screens and commands know by how much it differs, where that has changed.

        `now`: seconds of the monotonic clock.
        """
        offset = self._client().transport.clock_offset_ms
        if offset is not None and now - self._kept_at >= KEEP_SECONDS:
            self._kept_at = now
            kept_clock.keep(self._writer, offset)
