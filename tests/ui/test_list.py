"""The list beside an open thread, while it fills for the first time, and under counts."""

from __future__ import annotations

import pytest

from inbox_tui.core.models import Chat, Message, Profile
from inbox_tui.store import writes
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.views import View, ViewSource
from inbox_tui.store.writer import Writer

from .conftest import NOW, Desk, DeskMaker
from .steps import at_cursor

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = 60_000


def newest(agent: Desk) -> str:
    """Who stands at the top of the list."""
    return agent.inbox.chats.window_rows[0].chat.title


def writes_again(folder: Folder, name: str, minutes: int = 1) -> None:
    """A customer writes, which takes the chat to the top of the list."""
    at = NOW_MS + minutes * MINUTE
    with Writer(folder) as writer:
        (chat_id,) = writer.cache.execute(
            "SELECT id FROM chats WHERE participant_name = ?", (name,)
        ).fetchone()
        message = Message(f"new-{name}", chat_id, "inbound", "received", at, body="Anybody there?")
        writes.apply_messages(writer, [writes.MessagePage(chat_id, [message], event=True)])


async def test_the_open_chat_stays_on_the_screen_when_it_moves_in_the_list(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(120, 20)) as agent:
        await agent.open("Theo Carver")
        assert "▸Theo Carver" in agent.screen_text(), "the open chat carries a mark"
        writes_again(folder, "Theo Carver")
        await agent.until(lambda: "▸Theo Carver" in agent.screen_text())
        writes_again(folder, "Zadie Whitlock", 2)
        writes_again(folder, "Arun Nair", 3)
        await agent.until(lambda: newest(agent) == "Arun Nair")
        assert "▸Theo Carver" in agent.screen_text()


async def test_a_person_who_reads_the_list_is_not_taken_along_by_a_chat_that_moves(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(120, 20)) as agent:
        await agent.press("G")
        await agent.until(lambda: "▸Chloé Carpentier" in agent.screen_text())
        writes_again(folder, "Chloé Carpentier")
        await agent.until(lambda: agent.inbox.chats.window_rows[-1].chat.title == "Theo Carver")
        assert "Theo Carver" in agent.screen_text()
        assert "▸" not in agent.screen_text()


@pytest.mark.parametrize(("width", "whole"), [(120, False), (140, True), (200, True)])
async def test_a_wide_screen_does_not_cut_names(
    folder: Folder, desk: DeskMaker, width: int, whole: bool
) -> None:
    with Writer(folder) as writer:
        writer.cache.execute(
            "UPDATE chats SET participant_name = 'Maximiliane von Hohenstein-Brandt' "
            "WHERE participant_name = 'Priya Tran'"
        )
    async with desk(folder, size=(width, 30)) as agent:
        assert ("Maximiliane von Hohenstein-Brandt  " in agent.screen_text()) is whole


# The first sync


@pytest.fixture
def empty(folder: Folder) -> Folder:
    """An account whose profile is known and none of its chats."""
    new = Folder(folder.path.parent / "new", "new")
    prepare(new)
    with Writer(new) as writer:
        writes.apply_profiles(writer, [Profile("p1", "Acme", "telegram", "active")])
    return new


def bring(folder: Folder, *ages: int, walked: bool = False) -> None:
    """Bring chats of so many minutes ago, as a page of the list does."""
    chats = [
        Chat(
            f"c{age}",
            "p1",
            "telegram",
            f"u{age}",
            NOW_MS,
            participant_name=f"Person {age}",
            last_message_at=NOW_MS - age * MINUTE,
        )
        for age in ages
    ]
    with Writer(folder) as writer:
        writes.apply_chats(writer, chats)
        writes.record_walk(writer, "p1", walked_to=1, walked=walked, total=100)


async def test_while_chats_come_in_for_the_first_time_the_cursor_stays_at_the_top(
    empty: Folder, desk: DeskMaker
) -> None:
    async with desk(empty) as agent:
        bring(empty, 50, 60)
        await agent.until(lambda: at_cursor(agent) == "Person 50")
        bring(empty, 10, 20)
        await agent.until(lambda: at_cursor(agent) == "Person 10")
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.chat.id == "c10")
        await agent.press("j")
        assert at_cursor(agent) == "Person 20"
        bring(empty, 5)
        await agent.until(lambda: newest(agent) == "Person 5")
        assert at_cursor(agent) == "Person 20", "the person has chosen it"


async def test_after_the_first_sync_the_cursor_stays_with_its_chat(empty: Folder, desk: DeskMaker) -> None:
    bring(empty, 50, 60, walked=True)
    async with desk(empty) as agent:
        assert at_cursor(agent) == "Person 50"
        bring(empty, 10, walked=True)
        await agent.until(lambda: newest(agent) == "Person 10")
        assert at_cursor(agent) == "Person 50"


async def test_a_click_is_a_choice_too(empty: Folder, desk: DeskMaker) -> None:
    bring(empty, 50, 60)
    async with desk(empty) as agent:
        await agent.pilot.click("#chats", offset=(3, 2))
        await agent.until(lambda: at_cursor(agent) == "Person 60")
        bring(empty, 10)
        await agent.until(lambda: newest(agent) == "Person 10")
        assert at_cursor(agent) == "Person 60"


# Keys


async def test_tab_goes_on_from_the_chat_under_the_cursor(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, view=View.NOW) as agent:
        rows = ViewSource(agent.inbox.session.reader, View.NOW, NOW_MS).after(None, 12)
        waiting = [row.chat.title for row in rows]
        await agent.press("tab")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.title == waiting[1]
        await agent.press("escape")
        # The cursor moves faster than the thread follows.
        place = agent.inbox.views.place_of(rows[9].pk)
        assert place is not None
        agent.inbox.chats.point_at(place)
        assert agent.inbox.shown.chat.title == waiting[1]
        await agent.press("tab")
        assert agent.inbox.shown.chat.title == waiting[10]
        await agent.press("tab")
        assert agent.inbox.shown.chat.title == waiting[11]
        await agent.press("shift+tab", "shift+tab")
        assert agent.inbox.shown.chat.title == waiting[9]


async def test_a_count_before_gg_is_the_row_to_go_to(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        rows = [row.chat.title for row in agent.inbox.chats.window_rows]
        for keys, place in (("2gg", 1), ("gg", 0), ("15gg", 14), ("1gg", 0)):
            await agent.press(*keys)
            assert at_cursor(agent) == rows[place], keys
        await agent.press(*"9999gg")
        assert at_cursor(agent) == "Chloé Carpentier"
        await agent.open("Workshop Nord")
        thread = agent.inbox.thread
        await agent.press(*"3gg")
        messages = [row.key for row in thread.window_rows]
        cursor = thread.cursor_row
        assert cursor is not None
        assert cursor.key == messages[2]


async def test_the_thread_follows_to_what_a_filter_has_found(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("backslash")
        await agent.type("from:mona")
        await agent.until(lambda: at_cursor(agent) == "Mona Lisa Hartmann")
        await agent.press("enter")
        await agent.until(
            lambda: agent.inbox.shown is not None and agent.inbox.shown.chat.title == "Mona Lisa Hartmann"
        )
