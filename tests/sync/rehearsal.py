"""The engine's loop and the sandbox in one thread, on one clock, each step of both made by hand.

Requests wait until they are made, answers until they are delivered, events until they are told: a test
decides when, in which order, how often, and whether at all. Nothing depends on chance or on a clock.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import httpx
import pytest

from inbox_tui.api.client import Client
from inbox_tui.api.webhooks import read_event
from inbox_tui.core.errors import InboxError
from inbox_tui.sandbox import app
from inbox_tui.sandbox.clock import iso
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.living import Life
from inbox_tui.sandbox.options import SandboxOptions
from inbox_tui.sandbox.webhooks import Courier
from inbox_tui.sandbox.world import Event, World
from inbox_tui.store import db
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.sync.clocks import Clock
from inbox_tui.sync.jobs import Answers
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.subscription import EVENTS

T = TypeVar("T")
BEGAN = 1_780_000_000_000
URL = "http://127.0.0.1:1"


class Wire(httpx.BaseTransport):
    """Requests to a sandbox's application, without a network between them."""

    def __init__(self, world: World) -> None:
        self._application = app.build(world, {})
        self._loop = asyncio.new_event_loop()
        self.is_down = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("connection refused")
        return self._loop.run_until_complete(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        scope = {
            "type": "http",
            "method": request.method,
            "path": httpx.URL(request.url).path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 1),
        }
        said: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": request.read(), "more_body": False}

        async def send(message: dict[str, object]) -> None:
            said.append(message)

        await self._application(scope, receive, send)
        if not said:
            raise httpx.ReadError("connection reset", request=request)
        body = b"".join(bytes(part["body"]) for part in said[1:])
        if len(said) < 2 or said[-1].get("more_body"):
            raise httpx.RemoteProtocolError("the answer ended early", request=request)
        return httpx.Response(int(str(said[0]["status"])), headers=said[0]["headers"], content=body)

    def end(self) -> None:
        """Give everything back. Closing a client does not: others may use the same wire."""
        self._loop.close()


@dataclass(eq=False)
class Request:
    """A request that the engine wants made, or whose answer is on its way back."""

    fetch: Callable[[], object]
    deliver: Callable[[object], None]
    answers: Answers
    sends: bool
    """Whether the outbox wants it."""
    outcome: object = None

    def make(self) -> None:
        try:
            self.outcome = self.fetch()
        except InboxError as error:
            self.outcome = error

    def hand_over(self) -> None:
        self.answers.put(partial(self.deliver, self.outcome))


@dataclass
class Stage:
    """A world and, beside it, an engine that runs or does not. Times are those of one clock for both."""

    world: World
    life: Life
    wire: Wire
    folder: Folder
    skew: int
    """This machine's clock minus the server's, in milliseconds."""
    with_events: bool
    seconds: float = 5000.0
    loop: Loop | None = None
    writer: Writer | None = None
    waiting: list[Request] = field(default_factory=list)
    """Requests that were not made yet."""
    answered: list[Request] = field(default_factory=list)
    """Requests whose answers have not arrived."""
    untold: list[bytes] = field(default_factory=list)
    """Events that the engine was not told of."""

    def now(self) -> int:
        """This machine's time in milliseconds."""
        return self.world.now() + self.skew

    def start(self, mode: Mode = Mode.FOLLOW, folder: Folder | None = None) -> Loop:
        """Start the engine on what is in the files."""
        assert self.loop is None
        self.writer = Writer(folder or self.folder)
        self.writer.local.execute("PRAGMA synchronous = OFF")
        self.loop = Loop(
            self.writer,
            Client(URL, self.world.api_key, transport=self.wire, retries=False),
            mode=mode,
            stop=threading.Event(),
            history_messages=None,
            clock=Clock(lambda: self.seconds, self.now),
        )
        self.loop.begin()
        if self.with_events and mode is Mode.FOLLOW:
            self.loop.expect_events(lambda: None)
        return self.loop

    def kill(self) -> None:
        """End the engine without a word: what was not written down is gone, what was asked may be done."""
        if self.loop is not None and self.writer is not None:
            self.loop.close()
            self.writer.cache.close()
            self.writer.local.close()
        self.loop = self.writer = None
        self.waiting.clear()
        self.answered.clear()

    def turn(self) -> None:
        if self.loop is not None:
            self.loop.turn(0)

    def make(self, index: int, fate: Fault | None = None, *, refused: bool = False) -> None:
        """Make a waiting request, in spite of a fault."""
        request = self.waiting.pop(index)
        if fate is not None:
            self.world.faults.add(fate)
        self.wire.is_down = refused
        request.make()
        self.wire.is_down = False
        self.world.faults.remove(None if fate is None else fate.id)
        self.answered.append(request)

    def deliver(self, index: int) -> None:
        """Let an answer arrive."""
        self.answered.pop(index).hand_over()
        self.turn()

    def tell(self, index: int, *, again: bool = False) -> None:
        """Tell the engine of an event; `again`: it will come once more."""
        body = self.untold[index] if again else self.untold.pop(index)
        if self.loop is not None:
            assert self.loop.deliver(read_event(body))
            self.turn()

    def advance(self, seconds: float) -> None:
        """Let time pass for both; what is due in the world happens."""
        self.world.advance(seconds)
        self.seconds += seconds
        self.turn()

    def rest(self) -> None:
        """Answer everything, while time stands still, until the engine asks nothing any more."""
        quiet = 0
        for _ in range(5000):
            self.turn()
            while self.waiting:
                self.make(0)
            while self.answered:
                self.deliver(0)
            assert self.loop is not None
            busy = self.waiting or self.loop.schedule.in_flight or self.loop.push.busy
            quiet = 0 if busy else quiet + 1
            if quiet == 2:
                return
        raise AssertionError("the engine does not come to rest")

    def pass_time(self, seconds: float, step: float) -> None:
        """Let time pass without faults, at rest after each step."""
        self.rest()
        for _ in range(round(seconds / step)):
            self.advance(step)
            self.rest()

    def sync(self, folder: Folder | None = None) -> None:
        """One whole sync that ends, without any trouble; of another cache where one is given."""
        self.kill()
        loop = self.start(Mode.ONCE, folder)
        while not loop.ended():
            self.rest()
            self.advance(0.25)
        loop.drain()
        self.kill()


def _note(stage: Stage, courier: Courier, event: Event) -> None:
    if event.type in EVENTS:
        stage.untold.append(courier._envelope(event).encode())


@contextmanager
def stage(
    root: Path,
    empty: Path,
    options: SandboxOptions,
    *,
    skew: int = 0,
    with_events: bool = True,
) -> Iterator[Stage]:
    """A stage with a world of its own and an account in which nothing ever happened."""

    class ByHand:
        """Workers whose requests wait on the stage."""

        def __init__(self, count: int, answers: Answers) -> None:
            self._answers = answers
            self._made = next(made)

        def submit(self, fetch: Callable[[], T], deliver: Callable[[T | InboxError], None]) -> None:
            # A loop's first workers read, its second ones send.
            scene.waiting.append(Request(fetch, deliver, self._answers, sends=self._made % 2 == 1))

        def close(self) -> None:
            pass

    made = itertools.count()
    world = World(options)
    folder = Folder(root / "account", "test")
    shutil.copytree(empty, folder.path)
    life, courier = Life(world), Courier(world)
    scene = Stage(world, life, Wire(world), folder, skew, with_events)
    world.listeners.append(partial(_note, scene, courier))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: scene.now() / 1000)
        patch.setattr(time, "time_ns", lambda: scene.now() * 1_000_000)
        patch.setattr(time, "monotonic", lambda: scene.seconds)
        patch.setattr("inbox_tui.sync.loop.Workers", ByHand)
        patch.setattr("inbox_tui.sync.loop.random", SimpleNamespace(Random=lambda: random.Random(7)))
        try:
            yield scene
        finally:
            scene.kill()
            scene.wire.end()
            world.close()


def options(**more: object) -> SandboxOptions:
    """A small world in which nothing happens by itself."""
    usual: dict[str, object] = {
        "frozen_at": iso(BEGAN),
        "answers": False,
        "initiative": 0,
        "chats": 10,
        "messages": 70,
    }
    return SandboxOptions(**{**usual, **more})


def empty_account(path: Path) -> Path:
    """The files of an account in which nothing ever happened."""
    db.prepare(Folder(path, "test"))
    return path


def one(folder: Folder, statement: str, *values: object) -> object:
    """One value of a cache."""
    with closing(db.open_reader(folder)) as reader:
        return reader.execute(statement, values).fetchone()[0]
