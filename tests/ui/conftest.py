"""A cache filled once from a frozen sandbox, and a driver that speaks in the user's words."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from textual import events
from textual.pilot import Pilot

from inbox_tui.api.client import Client
from inbox_tui.core.models import Message
from inbox_tui.sandbox.server import SandboxOptions, running
from inbox_tui.store import lookups, writes
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer
from inbox_tui.ui import notifications, opening
from inbox_tui.ui.actions import Context
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.inbox import InboxScreen
from tests.settling import settling, unpainted

FROZEN = "2026-06-01T12:00:00Z"
NOW = datetime.fromisoformat(FROZEN)


def fill(folder: Folder, url: str, key: str) -> None:
    """Read everything that a sandbox has into a folder."""
    prepare(folder)
    with Client(url, key) as client, Writer(folder) as writer:
        profiles = client.list_profiles().items
        writes.apply_profiles(writer, profiles)
        for profile in profiles:
            chats = client.list_chats(profile.id, per_page=100)
            writes.apply_chats(writer, chats.items)
            writes.record_walk(writer, profile.id, walked_to=None, walked=True, total=chats.total)
            for chat in chats.items:
                page = client.list_messages(chat.id, per_page=100)
                assert not page.rejected
                writes.apply_messages(
                    writer,
                    [
                        writes.MessagePage(
                            chat.id,
                            [_at_home(message, url) for message in page.items],
                            newest=True,
                            newest_for=chat.last_message_at,
                            total=page.total,
                            history_done=page.total is not None and page.total <= 100,
                        )
                    ],
                )


def _at_home(message: Message, url: str) -> Message:
    """The message with files at an address that is the same in every run."""
    files = tuple(
        replace(file, url=file.url and file.url.replace(url, "https://storage.example"))
        for file in message.attachments
    )
    return replace(message, attachments=files)


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait for queues, not for the machine, and paint nothing; a module that is about that says so.

    What stands on the screen can be asked for all the same (`Desk.screen_text`).
    """
    if getattr(request.module, "UNHURRIED", False):
        yield
        return
    with settling(), unpainted():
        yield


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the frozen default world; copy it before writing."""
    path = tmp_path_factory.mktemp("world") / "demo"
    with (
        time_machine.travel(NOW, tick=True),
        running(SandboxOptions(frozen_at=FROZEN, initiative=0)) as sandbox,
    ):
        fill(Folder(path, "demo"), sandbox.url, sandbox.api_key)
    return path


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Folder:
    """A cache of one's own, with the frozen default world."""
    shutil.copytree(filled, tmp_path / "demo")
    return Folder(tmp_path / "demo", "demo")


@pytest.fixture(autouse=True)
def no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of the frozen world that are about to close are told of only where that is asked for."""
    monkeypatch.setattr(notifications, "ALARM_SECONDS", 3600.0)


class Desk:
    """An agent in front of the inbox."""

    def __init__(self, app: InboxApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def inbox(self) -> InboxScreen:
        """The main screen."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, InboxScreen)
        return screen

    @property
    def context(self) -> Context:
        """Where keys go."""
        return self.inbox.context

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text, letter by letter, as fast as a terminal hands them over."""
        for character in text:
            self.app.post_message(events.Key(_key(character), character))
        await self.pilot.pause()

    async def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, and wait until it is drawn in that."""
        await self.pilot.resize_terminal(width, height)
        await self.until(lambda: self.app.screen._compositor.size == (width, height))

    async def open(self, name: str) -> None:
        """Go to the chat of a person and open it."""
        reader = self.inbox.session.reader
        found = reader.execute("SELECT id FROM chats WHERE participant_name = ?", (name,)).fetchone()
        assert found is not None, f"no chat of {name}"
        self.inbox.go_to(found[0])
        await self.until(lambda: self.inbox.shown is not None and self.inbox.shown.chat.title == name)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Wait for a condition."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, "it did not happen"
            await self.pilot.pause(0.02)

    def screen_text(self) -> str:
        """What is on the screen, line by line."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        assert len(lines) == height
        return "\n".join(strip.text[:width] for strip in lines)

    def says(self, words: str) -> bool:
        """Whether a toast holds the words."""
        return any(words in str(note.message) for note in self.app._notifications)

    def read(self) -> lookups.Counts:
        """The header's numbers from the files."""
        return lookups.counts(self.inbox.session.reader)


def _key(character: str) -> str:
    from textual.keys import _character_to_key

    return _character_to_key(character)


DeskMaker = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def desk() -> DeskMaker:
    """Open the inbox on a folder, at a size, at the frozen time, in a view: most tests are of any chat."""

    @asynccontextmanager
    async def make(
        folder: Folder, size: tuple[int, int] = (120, 30), view: View = View.ALL
    ) -> AsyncIterator[Desk]:
        with time_machine.travel(NOW, tick=True), pytest.MonkeyPatch.context() as patch:
            patch.setattr(opening, "FIRST_VIEW", view)
            app = InboxApp(folder, "demo")
            try:
                async with app.run_test(size=size, notifications=True) as pilot:
                    await app.opened.wait()
                    await pilot.pause()
                    yield Desk(app, pilot)
            finally:
                app.session.close()

    return make
