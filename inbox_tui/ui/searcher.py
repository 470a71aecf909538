"""A thread that searches with a reader of its own: the newest question goes before what is under way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from inbox_tui.store.db import Folder, open_reader

ResultT = TypeVar("ResultT")


class Searcher:
    """Answers one question after the other; started by the first."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._reader: sqlite3.Connection | None = None
        self._newest = 0

    async def ask(self, question: Callable[[sqlite3.Connection], ResultT]) -> ResultT | None:
        """The answer to a question; None where a newer one was asked before it was there.

        Raises what the question raises. A statement that runs for an older question is broken off.
        """
        self._newest += 1
        number = self._newest
        if self._reader is not None:
            self._reader.interrupt()

        def answer() -> ResultT | None:
            if number != self._newest:
                return None
            try:
                return question(self._open())
            except sqlite3.OperationalError:
                if number != self._newest:
                    return None
                raise

        found = await asyncio.wrap_future(self._thread.submit(answer))
        return found if number == self._newest else None

    def _open(self) -> sqlite3.Connection:
        if self._reader is None:
            self._reader = open_reader(self._folder)
        return self._reader

    def close(self) -> None:
        """Break off what runs, and end the thread."""
        self._newest += 1
        if self._reader is not None:
            self._reader.interrupt()
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
