"""A desk: an account's folder, a loop whose clock is driven by hand, and the API in memory or the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from inbox_tui import config
from inbox_tui.config import Settings
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running
from inbox_tui.store import clock as kept_clock
from inbox_tui.store import db, outbox, sends
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine
from inbox_tui.sync.clocks import Clock
from inbox_tui.sync.loop import Loop, Mode
from tests.sync.fake_api import START, FakeApi

Spawn = Callable[..., "subprocess.Popen[bytes]"]


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

    def __repr__(self) -> str:
        return "desk"

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

    def following(self, **more: object) -> Loop:
        """A loop that follows, and has done what was to be done at first."""
        loop = self.loop(Mode.FOLLOW, **more)
        self.settle(loop)
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
        return sends.queue_send(
            self.writer, chat_id, "p1", {"text": text}, **{"hold_ms": 0, "screen": None, **more}
        )

    def item(self, item: OutboxItem) -> OutboxItem:
        found = outbox.item(self.writer, item.pk)
        assert found is not None
        return found

    def value(self, statement: str, *values: object) -> object:
        """One value of the cache."""
        row = self.writer.cache.execute(statement, values).fetchone()
        return None if row is None else row[0]

    def ids(self, table: str) -> set[str]:
        return {row[0] for row in self.writer.cache.execute(f"SELECT id FROM {table}")}


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an account in which nothing ever happened."""
    path = tmp_path_factory.mktemp("empty") / "account"
    db.prepare(db.Folder(path, "test"))
    return path


@pytest.fixture
def desk(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk without profiles; the store's clock is the desk's."""
    api = FakeApi()
    clock = HandClock(api)
    modules = "db acts clock drafts looks marks outbox screens sends triage writes"
    for module in modules.split():
        name = f"inbox_tui.store.{module}.now_ms"
        monkeypatch.setattr(name, clock.now, raising=False)
    folder = db.Folder(tmp_path / "account", "test")
    shutil.copytree(empty, folder.path)
    with Writer(folder) as writer:
        writer.local.execute("PRAGMA synchronous = OFF")
        desk = Desk(api, writer, clock)
        yield desk
        for loop in desk.loops:
            loop.close()


QUIET = SandboxOptions(answers=False, initiative=0, speed=20)
"""Nothing happens by itself, but what was sent is published within a moment."""


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """A real server with the hand-made world."""
    with running(QUIET) as box:
        yield box


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., RunningSandbox]]:
    """Start a sandbox of one's own that ends with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(replace(QUIET, **options)))


def settings_for(box: RunningSandbox, root: Path) -> Settings:
    """An account on a sandbox, with its key in the key file."""
    settings = Settings(
        api_url=box.url, account="main", data=root / "data", state=root / "state", config=root / "config"
    )
    db.prepare(settings.folder)
    settings.key_file.touch(mode=0o600)
    settings.key_file.write_text(box.api_key)
    return settings


@pytest.fixture
def account(tmp_path: Path) -> Callable[[RunningSandbox], Settings]:
    """Make an account on a sandbox."""
    return lambda box: settings_for(box, tmp_path)


@pytest.fixture(scope="session")
def template(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an account after its first sync."""
    root = tmp_path_factory.mktemp("template")
    assert engine.run(settings_for(sandbox, root), once=True).exit_code == 0
    return root


@pytest.fixture
def synced(sandbox: RunningSandbox, template: Path, tmp_path: Path) -> Settings:
    """An account on the shared sandbox, synced."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    settings = settings_for(sandbox, tmp_path)
    with Writer(settings.folder) as writer:
        # Its time runs faster than ours: what the template's engine kept of it is minutes behind by now.
        kept_clock.keep(writer, sandbox.world.now() - db.now_ms())
    return settings


@pytest.fixture
def fault(sandbox: RunningSandbox) -> Iterator[Callable[[Fault], Fault]]:
    """Switch a fault of the shared sandbox on until the test ends."""
    yield sandbox.world.faults.add
    sandbox.world.faults.remove()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait for better times is short."""
    monkeypatch.setattr("inbox_tui.sync.schedule.BACK_OFF_SECONDS", 0.05)
    monkeypatch.setattr("inbox_tui.sync.pace.RECOVERY_SECONDS", 0.1)
    monkeypatch.setattr("inbox_tui.sync.troubles.ASIDE_SECONDS", 0.05)
    monkeypatch.setattr("inbox_tui.sync.loop.TIDY_SECONDS", 0.1)
    monkeypatch.setattr("inbox_tui.sync.decisions.FIRST_SEARCH_MS", 300)


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


@pytest.fixture
def home(tmp_path: object) -> Callable[[RunningSandbox], Settings]:
    """Settings of an account that a process of its own finds by its environment."""

    def make(box: RunningSandbox) -> Settings:
        settings = config.load(environment={"INBOX_TUI_HOME": str(tmp_path), "INBOX_TUI_API_URL": box.url})
        db.prepare(settings.folder)
        settings.key_file.touch(mode=0o600)
        settings.key_file.write_text(box.api_key)
        return settings

    return make


@pytest.fixture
def spawn(tmp_path: object) -> Iterator[Spawn]:
    """Start `inbox-tui sync …` for an account; it does not outlive the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "inbox_tui", "sync", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "INBOX_TUI_HOME": str(tmp_path), "INBOX_TUI_API_URL": settings.api_url},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stderr):
            if pipe is not None:
                pipe.close()
