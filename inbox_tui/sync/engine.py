"""The engine's life: one per account, elected by a file lock; it ends when told, or with its screen."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from filelock import FileLock, Timeout

from inbox_tui.api.client import Client
from inbox_tui.config import Settings
from inbox_tui.core.errors import InboxError, NetworkError, NotAuthorised, StoreError, UsageError
from inbox_tui.core.progress import Progress
from inbox_tui.store import acts, automatic, db, outbox
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import Folder
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import subscription
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.subscription import Registrar, Webhooks

KEY_SECONDS = 5.0
"""How often a running engine looks whether there is another API key."""
DEMO_ENDED = "The demo is not running"

_log = logging.getLogger(__name__)


class EngineRunningError(InboxError):
    """Another process runs the engine of this account; it does the same work."""

    exit_code = 75
    """`EX_TEMPFAIL`: not a failure, try again later."""
    retryable = True


@dataclass(frozen=True, slots=True)
class Report:
    """What a sync did: how far it came, and what it could not do."""

    progress: Progress
    errors: tuple[InboxError, ...] = ()
    notices: tuple[str, ...] = ()
    """Sentences for the person about the files, usually none."""

    @property
    def exit_code(self) -> int:
        """The exit code of the worst that happened: not authorised, then network, then anything else."""
        codes = {error.exit_code for error in self.errors}
        return next((code for code in (3, 5) if code in codes), max(codes, default=0))


def run(
    settings: Settings,
    *,
    once: bool = False,
    follow: bool = False,
    full: bool = False,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    watch_stdin: bool = False,
    webhooks: Webhooks | None = None,
    listening: Callable[[str], None] | None = None,
) -> Report:
    """Sync an account: `once` to the end, or `follow` until `stop` is set or a signal comes.

    `full` fetches the whole history of every chat. `progress` is called about twice a second, from this
    thread. With `watch_stdin` the engine also ends when standard input is closed: a screen that starts it
    with a pipe there takes it along, even when it is killed. SIGINT and SIGTERM end it cleanly.
    With `webhooks` a following engine has the API send it events too; `listening` is told to which URL.

    Raises EngineRunningError where another engine has the account, NotAuthorised where there is no key,
    UsageError for one that cannot be used and for webhooks that cannot be received, StoreError where a file
    of the cache cannot be used.
    """
    if once == follow:
        raise UsageError("A sync is either once or following", "Choose one of the two")
    if webhooks is not None and not follow:
        raise UsageError("Webhooks are for a sync that follows", "Give --follow too")
    stop = stop or threading.Event()
    keys = Keys(settings)
    client = keys.client()
    notices = db.prepare(settings.folder)
    with elected(settings.folder), _ending(stop), contextlib.ExitStack() as stack:
        if watch_stdin:
            _watch_stdin(stop)
        stack.callback(keys.close)
        for notice in notices:
            _log.warning("%s", notice)
        events = _events(settings, webhooks, listening, stack)
        with writing(settings.folder), Writer(settings.folder) as writer:
            automatic.use(writer, settings.automatic_replies)
            loop = Loop(
                writer,
                client,
                mode=Mode.FOLLOW if follow else Mode.ONCE,
                stop=stop,
                history_messages=None if full else settings.history_messages,
                progress=progress,
                another_client=keys.changed,
            )
            with events(loop):
                loop.run()
            return Report(loop.progress(), tuple(loop.troubles.errors), tuple(notices))


def _events(
    settings: Settings,
    webhooks: Webhooks | None,
    listening: Callable[[str], None] | None,
    stack: contextlib.ExitStack,
) -> Callable[[Loop], contextlib.AbstractContextManager[object]]:
    """What has webhooks received while a loop runs; without, what removes the one that a killed engine left.

    Listens already, so that what cannot work is said before anything is done. Raises UsageError.
    """
    folder = settings.folder
    if webhooks is None:
        if not subscription.file_of(folder).exists():
            return lambda loop: contextlib.nullcontext()
        return lambda loop: Registrar(folder, lambda: loop.client, None)
    # Only here, as the server costs as much to load as all else together.
    from inbox_tui.sync.live import Receiver, receiving

    receiver = Receiver(webhooks, settings.api_url)
    stack.callback(receiver.close)
    if listening is not None:
        listening(receiver.url)
    return lambda loop: receiving(receiver, loop, folder)


def running(folder: Folder) -> bool:
    """Whether an engine runs for the account of a folder."""
    try:
        with FileLock(folder.lock, timeout=0):
            return False
    except (Timeout, FileNotFoundError) as error:
        return isinstance(error, Timeout)


def send_now(
    settings: Settings,
    item_pk: int,
    *,
    wait: bool = False,
    seconds: float = 90.0,
    stop: threading.Event | None = None,
) -> OutboxItem:
    """Have an outbox item carried out now: by the running engine, else by this process.

    Items before it in the same lane (`store.acts.lane`) are carried out first. Returns the item when the
    API has accepted it (`wait`: when it is published), or when it cannot go on without the person (failed,
    uncertain, or held back by an earlier one), or after `seconds`.

    Raises as `run`, but not EngineRunningError; NetworkError where the API cannot be reached, and the item
    waits for the next sync; NotAuthorised where the API refuses the key, and the item is failed.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + seconds
    keys = Keys(settings)
    db.prepare(settings.folder)
    with writing(settings.folder), Writer(settings.folder) as writer, contextlib.ExitStack() as stack:
        item = _item(writer, item_pk)

        def done() -> bool:
            now = _item(writer, item_pk)
            return time.monotonic() >= deadline or _at_rest(writer, now, wait=wait)

        stack.callback(keys.close)
        elsewhere = False
        while not done() and not stop.is_set():
            try:
                with elected(settings.folder):
                    _send_here(settings, writer, keys.client(), item, done, stop)
            except EngineRunningError:
                # The running engine notices the item by itself; should it die, this process takes over.
                elsewhere = True
                stop.wait(0.1)
        item = _item(writer, item_pk)
        if elsewhere and item.state == State.FAILED and settings.api_key() is not None:
            _check_key(keys.client())
        return item


def _check_key(client: Client) -> None:
    """Raise NotAuthorised where the API refuses the key: of what another engine failed, only words tell."""
    try:
        client.list_profiles()
    except NotAuthorised:
        raise
    except InboxError as error:
        _log.info("whether the key is accepted was not found out: %s", error)


def _send_here(
    settings: Settings,
    writer: Writer,
    client: Client,
    item: OutboxItem,
    done: Callable[[], bool],
    stop: threading.Event,
) -> None:
    """Carry out the outbox of the item's lane in this process until `done`. Raises as `send_now`."""

    def unreachable() -> NetworkError | None:
        errors = [error for error in loop.push.errors.values() if isinstance(error, NetworkError)]
        certain = bool(errors) and not errors[-1].may_have_arrived
        return errors[-1] if certain and _item(writer, item.pk).state == State.QUEUED else None

    loop = Loop(
        writer,
        client,
        mode=Mode.SEND,
        stop=stop,
        history_messages=settings.history_messages,
        only_lane=acts.lane(item),
        until=lambda: done() or unreachable() is not None,
    )
    loop.run()
    error: InboxError | None = unreachable()
    if error is not None:
        hint = "It waits in the outbox and leaves with the next sync"
        raise NetworkError(error.title, hint, may_have_arrived=False)
    error = loop.push.errors.get(item.pk)
    if isinstance(error, NotAuthorised) and _item(writer, item.pk).state == State.FAILED:
        raise error


def _item(writer: Writer, item_pk: int) -> OutboxItem:
    item = outbox.item(writer, item_pk)
    if item is None:
        raise UsageError(f"There is no outbox item {item_pk}", "`inbox-tui outbox` lists them")
    return item


def _at_rest(writer: Writer, item: OutboxItem, *, wait: bool) -> bool:
    """Whether an item will not move on by itself, or has come as far as was asked for."""
    if item.state == State.ACCEPTED:
        return not wait
    if item.state in (State.QUEUED, State.HELD):
        return any(
            earlier.state in (State.FAILED, State.UNCERTAIN)
            for earlier in outbox.open_items(writer)
            if item.act == earlier.act == ActName.SEND
            and earlier.chat_id == item.chat_id
            and earlier.pk < item.pk
        )
    return item.state != State.SENDING


class Keys:
    """Clients for the key that is set now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: str | None = None
        self._clients: list[Client] = []
        self._checked_at = time.monotonic()

    def client(self) -> Client:
        """A client. Raises NotAuthorised where no key is set, NetworkError where the demo does not run."""
        self._key = self._settings.api_key()
        if self._settings.beside_demo:
            hint = "Start `inbox-tui demo` in another terminal"
            raise NetworkError(DEMO_ENDED, hint, may_have_arrived=False)
        if self._key is None:
            raise NotAuthorised(
                "No API key is set", "Set POSTPROXY_API_KEY, or try `inbox-tui demo`, which needs none"
            )
        client = Client(self._settings.api_url, self._key, retries=False)
        self._clients.append(client)
        return client

    def changed(self) -> Client | None:
        """A client for another key, None while the key is the same or none is set."""
        if time.monotonic() - self._checked_at < KEY_SECONDS:
            return None
        self._checked_at = time.monotonic()
        try:
            key = self._settings.api_key()
            return None if key in (None, self._key) else self.client()
        except (OSError, UsageError) as error:
            _log.warning("the API key cannot be read: %s", error)
            return None

    def close(self) -> None:
        """Close what was opened."""
        while self._clients:
            self._clients.pop().close()


@contextlib.contextmanager
def elected(folder: Folder) -> Iterator[None]:
    """Be the engine of the account. Raises EngineRunningError where another process is."""
    # Whoever only asks whether an engine runs holds the lock for an instant.
    lock = FileLock(folder.lock, timeout=0.3)
    try:
        lock.acquire(poll_interval=0.02)
    except Timeout:
        raise EngineRunningError(
            "Another inbox-tui is already syncing this account", "It does the same work; nothing is lost"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def writing(folder: Folder) -> Iterator[None]:
    """Turn a failing file into an error for the person."""
    try:
        yield
    except sqlite3.Error as error:
        raise db.file_fault(error, f"A file in {folder.path}") or StoreError(
            f"The files in {folder.path} cannot be used: {error}",
            "Free some space or correct their permissions; drafts and sends that were kept are safe",
        ) from error


@contextlib.contextmanager
def _ending(stop: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set `stop`; a second signal acts as it did before. In the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def end(number: int, _: FrameType | None) -> None:
        stop.set()
        for each in numbers:
            signal.signal(each, before[each])

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _watch_stdin(stop: threading.Event) -> None:
    """Set `stop` when standard input is closed. The pipe carries nothing; its end is the message."""
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        try:
            while os.read(descriptor, 1024):
                pass
        except OSError as error:
            _log.info("standard input cannot be read (%s): ending", error)
        stop.set()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
