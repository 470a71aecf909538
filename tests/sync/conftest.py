"""A desk: an account's folder, a loop whose clock is driven by hand, and the API in memory or the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from inbox_tui.config import Settings
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running
from inbox_tui.store import db, local
from inbox_tui.store.local import OutboxItem
from inbox_tui.store.writes import Writer
from inbox_tui.sync.loop import Clock, Loop, Mode
from tests.sync.fake_api import START, FakeApi


@dataclass
class HandClock:
    """Time that passes only when it is told to, for the loop, the store and the API alike."""

    api: FakeApi
    seconds: float = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> int:
        return self.api.now

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.api.now += round(seconds * 1000)


@dataclass
class Desk:
    """One account on the API in memory."""

    api: FakeApi
    writer: Writer
    clock: HandClock
    loops: list[Loop] = field(default_factory=list)

    def loop(self, mode: Mode = Mode.FOLLOW, history: int | None = 200, **more: object) -> Loop:
        loop = Loop(
            self.writer,
            self.api.client(),
            mode=mode,
            stop=threading.Event(),
            history_messages=history,
            clock=Clock(self.clock.monotonic, self.clock.now),
            **more,
        )
        loop.begin()
        self.loops.append(loop)
        return loop

    def settle(self, loop: Loop, turns: int = 400) -> None:
        """Turn, while time stands still, until everything that is due now has been asked and answered."""
        quiet = 0
        for _ in range(turns):
            loop.turn(0.1 if loop.schedule.in_flight or loop.push.busy else 0)
            quiet = 0 if loop.schedule.in_flight or loop.push.busy else quiet + 1
            if quiet == 2:
                return
        raise AssertionError("the loop does not come to rest")

    def pass_time(self, loop: Loop, seconds: float, step: float = 0.25) -> None:
        """Let time pass in steps, coming to rest after each."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.settle(loop)

    def sync(self, history: int | None = 200) -> Loop:
        """One whole sync that ends."""
        loop = self.loop(Mode.ONCE, history)
        for _ in range(5000):
            if loop.ended():
                loop.drain()
                return loop
            loop.turn(0.1 if loop.schedule.in_flight or loop.push.busy else 0)
            if not loop.schedule.in_flight and not loop.push.busy:
                self.clock.advance(0.25)
        raise AssertionError("the sync does not end")

    def send(self, text: str, chat_id: str = "c1", **more: object) -> OutboxItem:
        """What a person does in the composer, without the hold."""
        return local.queue_send(
            self.writer, chat_id, "p1", {"text": text}, **{"hold_ms": 0, "screen": None, **more}
        )

    def item(self, item: OutboxItem) -> OutboxItem:
        found = local.item(self.writer, item.pk)
        assert found is not None
        return found

    def value(self, statement: str, *values: object) -> object:
        """One value of the cache."""
        row = self.writer.cache.execute(statement, values).fetchone()
        return None if row is None else row[0]

    def ids(self, table: str) -> set[str]:
        return {row[0] for row in self.writer.cache.execute(f"SELECT id FROM {table}")}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk without profiles; the store's clock is the desk's."""
    api = FakeApi()
    clock = HandClock(api)
    for module in ("db", "local", "writes", "marks", "looks"):
        name = f"inbox_tui.store.{module}.now_ms"
        monkeypatch.setattr(name, clock.now, raising=False)
    folder = db.Folder(tmp_path / "account", "test")
    db.prepare(folder)
    with Writer(folder) as writer:
        desk = Desk(api, writer, clock)
        yield desk
        for loop in desk.loops:
            loop.close()


QUIET = SandboxOptions(answers=False, initiative=0)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """A real server with the hand-made world, in which nothing happens by itself."""
    with running(QUIET) as box:
        yield box


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., RunningSandbox]]:
    """Start a sandbox of one's own that ends with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(replace(QUIET, **options)))


@pytest.fixture
def account(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of an account on a sandbox, with its key in the key file."""

    def make(box: RunningSandbox, key: str | None = None) -> Settings:
        settings = Settings(
            api_url=box.url,
            account="main",
            data=tmp_path / "data",
            state=tmp_path / "state",
            config=tmp_path / "config",
        )
        db.prepare(settings.folder)
        settings.key_file.touch(mode=0o600)
        settings.key_file.write_text(key or box.api_key)
        return settings

    return make


@pytest.fixture(autouse=True)
def no_key_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a test is the one in its key file."""
    monkeypatch.delenv("POSTPROXY_API_KEY", raising=False)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A desk with one Telegram profile and one chat in which the customer has written, synced."""
    desk.api.add_profile()
    desk.api.add_chat("c1", START - 60_000)
    desk.sync()
    return desk
