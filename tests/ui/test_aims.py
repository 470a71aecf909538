"""Keys about a message, pressed in the list: about the newest that they fit, which is shown first."""

from __future__ import annotations

from contextlib import closing

from inbox_tui.store.db import Folder, open_reader
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs.edit import EditMessage
from inbox_tui.ui.rows import VirtualRows

from .conftest import Desk, DeskMaker


def someone(folder: Folder, condition: str) -> str:
    """A person with a message that meets a condition, and newer ones that do not."""
    with closing(open_reader(folder)) as reader:
        (name,) = reader.execute(
            "SELECT c.participant_name FROM chats c JOIN messages m ON m.chat = c.pk "
            f"WHERE c.participant_name IS NOT NULL AND {condition} ORDER BY m.position_at LIMIT 1"
        ).fetchone()
        return str(name)


async def in_list(agent: Desk, name: str) -> None:
    """The cursor of the list on a person."""
    await agent.open(name)
    await agent.press("escape")
    assert agent.context is Context.LIST


async def test_a_failed_message_is_given_up_from_the_list_and_seen_there(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await in_list(agent, "Caleb Carver")
        await agent.press("D")
        await agent.until(lambda: agent.read().failed == 3)
        row = agent.inbox.thread.cursor_row
        assert agent.context is Context.THREAD
        assert row is not None
        assert row.message is not None
        assert row.message.status == "failed"


async def test_an_edit_is_about_the_newest_own_message_that_can_be_edited(
    folder: Folder, desk: DeskMaker
) -> None:
    condition = "c.platform = 'telegram' AND m.direction = 'outbound' AND m.status = 'published'"
    async with desk(folder, (70, 24)) as agent:
        await in_list(agent, someone(folder, condition))
        await agent.press("E")
        await agent.until(lambda: isinstance(agent.app.screen, EditMessage))
        row = agent.inbox.thread.cursor_row
        assert row is not None
        assert row.message is not None
        assert not row.message.inbound
        newer = [each for each in agent.inbox.thread.window_rows if each.key > row.key]
        assert not any(each.message and not each.message.inbound for each in newer)
        await agent.press("escape")
        await agent.until(lambda: agent.inbox.thread.size.height > 0)
        assert any(shown.key == row.key for shown in agent.inbox.thread.shown_rows)


async def test_a_reply_to_a_message_is_one_to_the_customers_newest(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await in_list(agent, someone(folder, "c.platform = 'telegram' AND m.direction = 'inbound'"))
        await agent.press("R")
        await agent.until(lambda: agent.context is Context.TYPING)
        inbound = [
            each.message
            for each in agent.inbox.thread.window_rows
            if each.message is not None and each.message.inbound and each.message.deleted_at is None
        ]
        assert agent.inbox.composer.extras["reply_to_id"] == inbound[-1].id


async def test_what_fits_no_message_says_so_and_stays_in_the_list(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await in_list(agent, someone(folder, "c.platform = 'bluesky'"))
        for key, words in {
            "!": "Only a failed or uncertain message can be sent again",
            "+": "Reactions on Bluesky are not supported by the API",
            "E": "Messages on Bluesky cannot be edited; Telegram only",
        }.items():
            await agent.press(key)
            assert agent.says(words), (key, [str(note.message) for note in agent.app._notifications])
            assert agent.context is Context.LIST


async def test_moving_through_the_list_looks_for_no_message(folder: Folder, desk: DeskMaker) -> None:
    """The footer of the list offers no key that is about a message: its chat would be read for it."""
    async with desk(folder) as agent:
        await in_list(agent, someone(folder, "c.platform = 'telegram'"))
        agent.inbox.edges.draw_footer()
        assert isinstance(agent.inbox.focused, VirtualRows)
        assert "reply to it" not in agent.screen_text()
        await agent.press("enter")
        assert "reply to it" in agent.screen_text()
