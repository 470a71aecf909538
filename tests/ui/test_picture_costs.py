"""What pictures and dialogs cost: counted in statements, wraps and decoded pictures, never in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine
from PIL import Image

from inbox_tui.core.models import Attachment, Chat, Message, Profile
from inbox_tui.store import media, writes
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.writer import Writer
from inbox_tui.ui import inbox, pulse, seen
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.pictures import COLUMNS, LINES

from .conftest import NOW, Desk
from .steps import press
from .test_costs import MINUTE, NOW_MS, Cost, metered

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

COUNT = 200
UP = ("k",) * 40


def album(path: Path) -> Folder:
    """Two chats alike in their lines: `Pictures` has 200 that are stored, `Words` as many long texts."""
    folder = Folder(path / "demo", "demo")
    prepare(folder)
    drawn = path / "picture.png"
    Image.new("RGB", (COLUMNS, 2 * LINES), (200, 30, 30)).save(drawn)
    with time_machine.travel(NOW, tick=True), Writer(folder) as writer:
        writes.apply_profiles(writer, [Profile("p", "Acme", "telegram", platform_id="acme")])
        for number, name in enumerate(("Pictures", "Words")):
            at = NOW_MS - number * MINUTE
            chat = Chat(
                f"c{number}", "p", "telegram", f"x{number}", at, last_message_at=at, last_inbound_at=1
            )
            writes.apply_chats(writer, [replace(chat, participant_name=name)])
        for chat_id in ("c0", "c1"):
            messages = [message(chat_id, number) for number in range(COUNT)]
            page = writes.MessagePage(chat_id, messages, newest=True, history_done=True)
            writes.apply_messages(writer, [page])
        for number in range(COUNT):
            place = media.place_of(writer.cache, f"a{number}")
            assert place is not None
            part = media.part(folder)
            part.write_bytes(drawn.read_bytes())
            assert media.keep(writer, place, part, "picture.png")
    return folder


def message(chat_id: str, number: int) -> Message:
    """A picture, or a text of as many lines; the newest is number 0."""
    at = NOW_MS - (number + 1) * MINUTE
    files = (Attachment(f"a{number}", "image", f"https://acme.example/{number}.png", "processed"),)
    text = "\n".join(f"line {line}" for line in range(LINES + 1))
    return Message(
        f"{chat_id}-{number}",
        chat_id,
        "outbound",
        "published",
        at,
        external_id=f"e-{chat_id}-{number}",
        posted_at=at,
        body=None if chat_id == "c0" else text,
        attachments=files if chat_id == "c0" else (),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return album(tmp_path_factory.mktemp("album"))


@contextmanager
def still() -> Iterator[None]:
    """Nothing happens by the clock."""
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOW, tick=True):
        for timer in ("POLL_SECONDS", "TICK_SECONDS", "TEND_SECONDS"):
            patch.setattr(pulse, timer, 3600.0)
        patch.setattr(inbox, "PREVIEW_SECONDS", 3600.0)
        patch.setattr(seen, "SEEN_SECONDS", 3600.0)
        yield


def at_the_screen(folder: Folder, work: Callable[[Desk], Awaitable[None]]) -> None:
    """Do something in a running program."""

    async def run() -> None:
        app = InboxApp(folder, "demo")
        try:
            async with app.run_test(size=(100, 44)) as pilot:
                await app.opened.wait()
                await pilot.pause()
                await work(Desk(app, pilot))
        finally:
            app.session.close()

    with still():
        asyncio.run(run())


async def decoded(agent: Desk) -> None:
    """Wait until every picture that was asked for is there and drawn."""
    await agent.until(lambda: not agent.inbox.thread.pictures._making)
    await agent.pilot.pause()


def on_screen(agent: Desk) -> set[str]:
    """The messages of which the screen shows a line."""
    messages = [row.message for row in agent.inbox.thread.shown_rows]
    return {message.id for message in messages if message is not None}


async def scroll(agent: Desk, name: str) -> list[Cost]:
    """Open a chat and go up by twenty rows, twice: the first time everything is new."""
    found: list[Cost] = []
    await agent.open(name)
    for _ in range(2):
        await press(agent, "G")
        await decoded(agent)
        with metered(agent.inbox.session.reader, found):
            for key in UP:
                await press(agent, key)
                await decoded(agent)
    return found


def test_scrolling_through_pictures_costs_what_scrolling_through_text_does(folder: Folder) -> None:
    costs: dict[str, list[Cost]] = {}

    async def work(agent: Desk) -> None:
        for name in ("Words", "Pictures"):
            costs[name] = await scroll(agent, name)
            await press(agent, "escape")

    at_the_screen(folder, work)
    words, pictures = costs["Words"], costs["Pictures"]
    for first, second in zip(words, pictures, strict=True):
        # A window of rows with files is one statement more; nothing is read anew as pictures come.
        assert first.statements <= second.statements <= 2 * first.statements
        assert second.layouts == 0
    # A row is drawn while its picture is decoded, and with it; with and without the cursor.
    assert pictures[0].wraps <= 4 * (len(UP) + 4)
    # Nothing of the screen is drawn twice.
    assert pictures[1].wraps == words[1].wraps


def test_only_pictures_that_came_onto_the_screen_are_decoded_and_each_once(folder: Folder) -> None:
    async def work(agent: Desk) -> None:
        await agent.open("Pictures")
        await decoded(agent)
        seen = on_screen(agent)
        for key in (*UP, "g", "g", "G", *UP):
            await press(agent, key)
            seen |= on_screen(agent)
            await decoded(agent)
            seen |= on_screen(agent)
        assert 40 < len(seen) < 50
        assert agent.inbox.thread.pictures.decoded <= len(seen) + 1

    at_the_screen(folder, work)


def test_the_newest_picture_is_seen_whole_when_it_is_there(folder: Folder) -> None:
    async def work(agent: Desk) -> None:
        await agent.open("Pictures")
        await decoded(agent)
        assert agent.inbox.thread.at_end
        assert agent.screen_text().count("▀" * COLUMNS) >= LINES

    at_the_screen(folder, work)


@pytest.mark.parametrize(
    ("name", "keys", "statements"),
    [
        ("help", "?", 0),
        ("edit", "E", 1),
        ("buttons", "B", 1),
        ("files and links", "o", 2),
        ("saving", "S", 4),
        ("new chat", "c", 0),
        ("attach", "r ctrl+f", 0),
        ("buttons of a draft", "r ctrl+n", 1),
    ],
)
def test_opening_a_dialog_reads_only_what_it_shows(
    folder: Folder, name: str, keys: str, statements: int
) -> None:
    found: list[Cost] = []

    async def work(agent: Desk) -> None:
        await agent.open("Pictures")
        await decoded(agent)
        *way, key = keys.split()
        await press(agent, *way)
        with metered(agent.inbox.session.reader, found):
            await press(agent, key)
            await agent.until(lambda: isinstance(agent.app.screen, Dialog))
            await agent.pilot.pause()

    at_the_screen(folder, work)
    assert found[0].statements <= statements, name
