"""How old what the screen shows is: of each profile, and of the open chat."""

from __future__ import annotations

import pytest

from inbox_tui.store import looks, triage, writes
from inbox_tui.store.db import Folder, now_ms
from inbox_tui.store.writer import Writer

from .conftest import NOW, Desk, DeskMaker

SECOND, MINUTE = 1_000, 60_000
NOW_MS = int(NOW.timestamp() * 1000)


def pulled(folder: Folder, name: str, age: int) -> tuple[str, str]:
    """Let a page of a chat have brought something that long ago; returns the chat and its profile."""
    with Writer(folder) as writer:
        found = writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE participant_name = ?", (name,)
        ).fetchone()
        writer.cache.execute("UPDATE chats SET pulled_at = ? WHERE id = ?", (NOW_MS - age, found[0]))
    return str(found[0]), str(found[1])


def title(agent: Desk) -> str:
    return next(line for line in agent.screen_text().splitlines() if "looked" in line or "not read" in line)


async def test_the_title_says_when_the_open_chat_was_last_looked_at(folder: Folder, desk: DeskMaker) -> None:
    chat_id, _ = pulled(folder, "Jane Doe", 3 * MINUTE)
    async with desk(folder) as agent:
        await agent.open("Jane Doe")
        assert "looked 3m ago" in title(agent)
        looks.touch_chat(folder, chat_id, now_ms() - 22 * SECOND)
        await agent.until(lambda: "looked 20s ago" in title(agent))
        looks.touch_chat(folder, chat_id, now_ms())
        await agent.until(lambda: "looked just now" in title(agent))


async def test_the_list_of_chats_vouches_for_new_messages_and_for_nothing_else(
    folder: Folder, desk: DeskMaker
) -> None:
    _, profile_id = pulled(folder, "Jane Doe", 9 * MINUTE)
    async with desk(folder) as agent:
        looks.touch_look(folder, profile_id, now_ms())
        await agent.open("Jane Doe")
        await agent.until(lambda: "messages as of just now" in agent.screen_text())
        assert "looked 9m ago" in title(agent)
        assert "edits, receipts as of 9m ago" in agent.screen_text()


async def test_the_list_vouches_for_nothing_while_it_is_not_known_to_its_end(
    folder: Folder, desk: DeskMaker
) -> None:
    _, profile_id = pulled(folder, "Jane Doe", 9 * MINUTE)
    with Writer(folder) as writer:
        writes.record_walk(writer, profile_id, walked_to=1, walked=False, total=99)
    async with desk(folder) as agent:
        looks.touch_look(folder, profile_id, now_ms())
        await agent.open("Jane Doe")
        assert "looked 9m ago" in agent.screen_text()
        assert "messages as of" not in agent.screen_text()


async def test_a_chat_with_messages_that_are_not_fetched_says_so(folder: Folder, desk: DeskMaker) -> None:
    chat_id, _ = pulled(folder, "Jane Doe", MINUTE)
    with Writer(folder) as writer:
        writer.cache.execute("UPDATE chats SET pulled_for = 1 WHERE id = ?", (chat_id,))
    async with desk(folder) as agent:
        await agent.open("Jane Doe")
        assert "not all of it is read yet" in agent.screen_text()


async def test_a_look_from_before_the_clock_was_put_back_is_not_called_fresh(
    folder: Folder, desk: DeskMaker
) -> None:
    pulled(folder, "Jane Doe", -60 * MINUTE)
    async with desk(folder, size=(160, 30)) as agent:
        await agent.open("Jane Doe")
        assert "the clock was put back" in title(agent)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
async def test_the_age_of_the_open_chat_is_on_the_screen_in_every_size(
    folder: Folder, desk: DeskMaker, width: int
) -> None:
    pulled(folder, "Mona Lisa Hartmann", 3 * MINUTE)
    async with desk(folder, size=(width, 24)) as agent:
        await agent.open("Mona Lisa Hartmann")
        await agent.until(lambda: "looked 3m ago" in agent.screen_text())
        assert "Mona Lisa Hart" in title(agent), "who it is goes before how long the window is open"
        assert (" left · looked" in title(agent)) is (width >= 60)


async def test_an_idle_screen_with_an_open_chat_that_stays_fresh_paints_nothing(
    folder: Folder, desk: DeskMaker
) -> None:
    chat_id, _ = pulled(folder, "Jane Doe", MINUTE)
    with Writer(folder) as writer:
        triage.read(writer, [chat_id])
    async with desk(folder) as agent:
        looks.touch_chat(folder, chat_id, now_ms())
        await agent.open("Jane Doe")
        await agent.until(lambda: "looked just now" in title(agent))
        before = agent.screen_text()
        for _ in range(5):
            looks.touch_chat(folder, chat_id, now_ms())
            agent.inbox.pulse.tick()
        assert agent.screen_text() == before
