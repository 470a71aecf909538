"""What a command wants from the network now: by the running engine, else by this process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence

from inbox_tui.config import Settings
from inbox_tui.core.errors import InboxError, NetworkError
from inbox_tui.store import db, screens
from inbox_tui.store.writer import Writer
from inbox_tui.sync.engine import EngineRunningError, Keys, elected, running, writing
from inbox_tui.sync.loop import Loop, Mode

SECONDS = 120.0
"""How long a command waits by default: a large file takes its time."""
POLL_SECONDS = 0.1


def answer_now(
    settings: Settings,
    wants: Sequence[tuple[str, str]],
    *,
    seconds: float = SECONDS,
    stop: threading.Event | None = None,
    waiting: Callable[[], None] | None = None,
) -> None:
    """Have what is wanted fetched (`screens.need`: kind and subject), and wait until it was or cannot be.

    What came of it stands where `store.fetched` reads it, a reason why not included. `waiting` is called
    about ten times a second. What is still wanted after `seconds` is wanted no more.

    Raises NotAuthorised where there is no key and no engine runs, or the API refuses the key, NetworkError
    where it cannot be reached or nothing came in time, StoreError where a file of the cache cannot be used.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + seconds
    keys = Keys(settings)
    db.prepare(settings.folder)
    with writing(settings.folder), Writer(settings.folder) as writer, contextlib.ExitStack() as stack:
        stack.callback(keys.close)
        # An engine that runs has a key of its own.
        left_to_it = settings.api_key() is None and running(settings.folder)
        client = None if left_to_it else keys.client()
        for kind, subject in wants:
            screens.need(writer, kind, subject)
        stack.callback(_withdraw, writer, wants)

        def done() -> bool:
            if waiting is not None:
                waiting()
            return stop.is_set() or time.monotonic() > deadline or not _left(writer, wants)

        while not done():
            try:
                with elected(settings.folder):
                    client = client or keys.client()
                    loop = Loop(
                        writer,
                        client,
                        mode=Mode.ANSWER,
                        stop=stop,
                        history_messages=settings.history_messages,
                        until=done,
                    )
                    loop.run()
                    _raise(loop)
            except EngineRunningError:
                # It notices by itself; should it die, this process takes over.
                stop.wait(POLL_SECONDS)
        if _left(writer, wants) and not stop.is_set():
            raise NetworkError("No answer came in time", "Try again later", may_have_arrived=False)


def _left(writer: Writer, wants: Sequence[tuple[str, str]]) -> bool:
    return not set(wants).isdisjoint(screens.needs(writer))


def _withdraw(writer: Writer, wants: Sequence[tuple[str, str]]) -> None:
    for kind, subject in set(wants).intersection(screens.needs(writer)):
        screens.fulfilled(writer, kind, subject)


def _raise(loop: Loop) -> None:
    """Raise what stood in the way of everything: the key, or the network."""
    errors: list[InboxError] = [*loop.troubles.errors, *loop.media.errors]
    for error in errors:
        if error.exit_code in (3, 5):
            raise error
