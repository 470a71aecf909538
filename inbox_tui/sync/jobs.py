"""Requests in threads: what waits for the network runs there, what writes runs where it was asked for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar

from inbox_tui.core.errors import InboxError

T = TypeVar("T")

PROGRESS_SECONDS = 0.25
"""How often at most the progress of a file on its way is written down."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer changed.

    `chats`: whose messages were read. `moved`: the cache is not what it was. `again`: the profile's
    chats have to be looked at once more before their list can be called complete.
    """

    chats: tuple[str, ...] = ()
    moved: bool = False
    again: bool = False


Apply: TypeAlias = Callable[[], Outcome]
"""Writes an answer to the cache."""
Fetch: TypeAlias = Callable[[], Apply]
"""Makes a request; touches no database."""


class UnexpectedError(InboxError):
    """A fault of this program. What it was about is left aside, and the rest goes on."""


class Answers:
    """The queue by which the answers of requests come back to the one thread that writes."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def put(self, deliver: Callable[[], None]) -> None:
        """Have `deliver` called by whoever collects."""
        self._queue.put(deliver)

    @property
    def waiting(self) -> int:
        """How many have not been collected, about."""
        return self._queue.qsize()

    def collect(self, seconds: float, most: int) -> int:
        """Wait up to `seconds` for an answer, then deliver up to `most` that are there; returns how many."""
        count = 0
        while count < most:
            try:
                deliver = self._queue.get(timeout=seconds) if count == 0 else self._queue.get_nowait()
            except Empty:
                break
            deliver()
            count += 1
        return count


class Workers:
    """Daemon threads that make requests.

    Daemon threads, because a request in a dead network cannot be called off and the process must be
    able to end without it.
    """

    def __init__(self, count: int, answers: Answers) -> None:
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._answers = answers
        self._threads = [
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fetch: Callable[[], T], deliver: Callable[[T | InboxError], None]) -> None:
        """Have `fetch` run in a thread; `deliver` gets what it returned or raised, when that is collected."""

        def task() -> None:
            outcome: T | InboxError
            try:
                outcome = fetch()
            except InboxError as error:
                outcome = error
            except Exception as error:  # noqa: BLE001 - whatever it was, it costs this request only
                outcome = unexpected(error)
            self._answers.put(partial(deliver, outcome))

        self._tasks.put(task)

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        for _ in self._threads:
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def sparingly(report: Callable[[int, int | None], None]) -> Callable[[int, int | None], None]:
    """A report of progress that is made at most once in PROGRESS_SECONDS, whoever calls it how often."""
    at = time.monotonic()

    def progress(done: int, size: int | None) -> None:
        nonlocal at
        if time.monotonic() - at >= PROGRESS_SECONDS:
            at = time.monotonic()
            report(done, size)

    return progress


def unexpected(error: Exception) -> UnexpectedError:
    """A fault of this program as an error for the person; the log gets where it happened."""
    _log.error("something failed unexpectedly", exc_info=error)
    return UnexpectedError(
        f"This program failed ({type(error).__name__})", "The log has the details; please report it"
    )
