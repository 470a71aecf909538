"""Reading a chat: it counts as seen, and takes nothing from under the person's hands."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from inbox_tui.core.models import Chat
from inbox_tui.core.query import IS_VALUES
from inbox_tui.store import lookups, triage
from inbox_tui.store.db import Folder
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import Context
from inbox_tui.ui.preferences import Preferences

from .conftest import Desk, DeskMaker


def now(agent: Desk, chat: Chat) -> ChatRow:
    """A chat as the store has it."""
    row = lookups.chat(agent.inbox.session.reader, chat.id)
    assert row is not None
    return row


async def opened(agent: Desk) -> Chat:
    """Open the fourth chat of the view and read it."""
    await agent.press(*"4gg", "enter")
    shown = agent.inbox.shown
    assert shown is not None
    assert shown.unread
    assert shown.unanswered
    await agent.until(lambda: now(agent, shown.chat).unread == 0)
    await agent.until(lambda: agent.inbox.chats.missing == shown.pk)
    return shown.chat


async def test_keys_go_on_being_about_the_chat_that_left_unread_by_being_read(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        chat = await opened(agent)
        await agent.press("escape", "e")
        await agent.until(lambda: now(agent, chat).done)
        await agent.until(lambda: agent.inbox.chats.cursor_row is not None)
        row = agent.inbox.chats.cursor_row
        assert row is not None
        assert row.chat.id != chat.id
        assert not row.done
        await agent.press("z")
        await agent.until(lambda: not now(agent, chat).done)


async def test_a_note_or_a_message_elsewhere_puts_no_other_chat_in_place_of_the_one_just_read(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        chat = await opened(agent)
        await agent.press("escape", "P")
        await agent.type("Knows the driver")
        await agent.press("escape")
        await agent.until(lambda: now(agent, chat).note)
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.note)
        # What is read again by the way, as by a message to somebody else.
        agent.inbox.views.refresh()
        assert agent.inbox.subject is not None
        assert agent.inbox.subject.chat.id == chat.id
        await agent.press("*")
        await agent.until(lambda: now(agent, chat).pinned)


async def test_who_else_puts_the_chat_just_read_away_puts_no_other_one_in_its_place(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        chat = await opened(agent)
        await agent.press("escape", "escape")
        await agent.until(lambda: agent.inbox.subject is not None and agent.inbox.subject.chat.id == chat.id)
        with Writer(folder) as writer:
            triage.done(writer, [chat.id])
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.done)
        assert agent.inbox.subject is None
        await agent.press("e")
        await agent.until(lambda: agent.says("No chat is selected"))


async def test_the_chat_just_read_is_put_away_by_its_own_key_and_the_next_one_takes_its_place(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        chat = await opened(agent)
        following = agent.inbox.chats.window_rows[3]
        await agent.press("escape", "s")
        await agent.type("2h")
        await agent.press("enter", "#")
        await agent.until(lambda: now(agent, following.chat).done)
        assert now(agent, chat).snoozed_until is not None
        assert not now(agent, chat).done


async def test_where_looking_shall_not_count_a_chat_stays_unread_until_its_key(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        agent.inbox.prefer(Preferences(dwell=False))
        await agent.press(*"4gg", "enter")
        shown = agent.inbox.shown
        assert shown is not None
        assert shown.unread
        assert agent.inbox.context is Context.THREAD
        await agent.press("r", "escape", "j")
        assert agent.inbox.seen._timer is None
        assert now(agent, shown.chat).unread == shown.unread
        await agent.press("u")
        await agent.until(lambda: now(agent, shown.chat).unread == 0)


async def test_enter_goes_back_into_the_chat_that_was_just_read(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        chat = await opened(agent)
        await agent.press("escape", "enter")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.id == chat.id
        await agent.press("escape", "j")
        assert agent.inbox.chats.cursor_row is not None


async def test_what_is_marked_unread_stays_so_until_it_is_left_and_opened_again(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.ALL) as agent:
        row = next(each for each in agent.inbox.chats.window_rows if each.unread and each.unanswered)
        agent.inbox.go_to(row.chat.id)
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.unread == 0)
        await agent.press("u")
        await agent.until(lambda: now(agent, row.chat).unread > 0)
        assert agent.inbox.seen._timer is None, "nothing may mark it as seen while it is open"
        await agent.press("r", "escape")
        assert agent.inbox.seen._timer is None
        await agent.press("escape", "enter")
        await agent.until(lambda: now(agent, row.chat).unread == 0)


async def test_enter_stays_in_a_filter_that_cannot_be_understood(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, view=View.ALL) as agent:
        await agent.press("\\")
        await agent.type("is:unred")
        await agent.press("enter")
        assert agent.context == "typing"
        assert agent.says("cannot be understood")
        await agent.press("backspace", "backspace")
        await agent.type("ead")
        await agent.press("enter")
        assert agent.context == "list"
        assert agent.inbox.chats.window_rows
        assert all(row.unread for row in agent.inbox.chats.window_rows)


@pytest.mark.parametrize(("size", "pane"), [((80, 24), 31), ((44, 20), 44)])
async def test_all_that_could_stand_in_a_filter_is_named_where_it_is_not_understood(
    folder: Folder, desk: DeskMaker, size: tuple[int, int], pane: int
) -> None:
    async with desk(folder, size=size) as agent:
        await agent.press("\\")
        await agent.type("is:unred")
        await agent.until(lambda: "does not know unred" in agent.screen_text())
        left = " ".join(line[:pane] for line in agent.screen_text().splitlines())
        assert [word for word in IS_VALUES if word not in left] == []


async def test_done_on_a_chat_with_a_failed_message_says_why_it_stays(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.FAILED) as agent:
        row = agent.inbox.chats.cursor_row
        assert row is not None
        await agent.press("e")
        await agent.until(lambda: now(agent, row.chat).done)
        assert agent.says("Its failed message stays to be dealt with · ! sends it again · D gives it up")
        await agent.press("e")
        await agent.until(lambda: not now(agent, row.chat).done)
        assert not agent.says("Done"), "it is open again"
        await agent.press("]")
        await agent.until(lambda: now(agent, row.chat).done)
        # Those keys would be about the next chat by now.
        await agent.until(lambda: agent.inbox.said.endswith("Its failed message stays to be dealt with"))


async def test_done_offers_no_second_try_where_the_thread_offers_none(
    folder: Folder, desk: DeskMaker
) -> None:
    with contextlib.closing(sqlite3.connect(folder.cache)) as cache:
        cache.execute("UPDATE profiles SET status = 'inactive'")
        cache.commit()
    async with desk(folder, view=View.FAILED) as agent:
        await agent.press("e")
        await agent.until(lambda: agent.says("Its failed message stays to be dealt with · D gives it up"))
        assert "! retry" not in agent.screen_text()


async def test_a_key_that_works_elsewhere_says_where(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, view=View.ALL) as agent:
        await agent.press("J")
        assert agent.says("J works in a thread: Next chat")
        await agent.press("enter", "x")
        assert agent.says("x works in the list")


async def test_a_key_without_meaning_says_so_and_names_the_key_that_lists_them_all(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.press("A")
        assert agent.inbox.said == "A does nothing here; ? shows all keys"
        await agent.press("g", "x")
        assert agent.inbox.said == "gx does nothing here; ? shows all keys"
        await agent.press("f5")
        assert agent.inbox.said == "F5 does nothing here; ? shows all keys"
        await agent.press("ctrl+n")
        assert agent.inbox.said == "Ctrl+N works while you type: Buttons under the message (Telegram)"
        # A sequence that is given up, and Enter where it has led to already.
        await agent.press("g", "escape", "enter", "enter")
        assert "does nothing" not in agent.inbox.said
        assert "works" not in agent.inbox.said
