"""A failed send that was given up, and had back: nothing that was typed is gone at one key."""

from __future__ import annotations

from inbox_tui.store import entries, outbox, sends
from inbox_tui.store.db import Folder
from inbox_tui.store.entries import Entry
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer

from .conftest import Desk, DeskMaker
from .steps import drafts, fail, screen_words


async def given_up(agent: Desk) -> None:
    await agent.press("D")
    await agent.until(lambda: agent.says("Given up. z brings the text back as the draft"))
    await agent.until(lambda: "did not take it" not in agent.screen_text())


async def test_what_was_given_up_comes_back_as_the_draft(folder: Folder, desk: DeskMaker) -> None:
    fail(folder, "Max Whitlock", "A long and careful answer")
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await given_up(agent)
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "A long and careful answer")
        await agent.until(lambda: agent.says("Brought back: the draft for Max Whitlock"))
        assert agent.read().failed == 4, "the four of the world, and not this one"
    assert drafts(folder) == ["A long and careful answer"]


async def test_it_comes_back_in_front_of_what_is_typed_there_now(folder: Folder, desk: DeskMaker) -> None:
    fail(folder, "Max Whitlock", "First answer")
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await given_up(agent)
        await agent.press("r")
        await agent.type("second")
        await agent.press("escape", "z")
        await agent.until(lambda: agent.inbox.composer.text == "First answer\nsecond")


async def test_several_come_back_one_by_one_the_newest_first_and_each_once(
    folder: Folder, desk: DeskMaker
) -> None:
    fail(folder, "Max Whitlock", "first words", "second words")
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("D")
        await agent.until(lambda: "second words" not in agent.screen_text())
        await agent.press("G", "D")
        await agent.until(lambda: "first words" not in agent.screen_text())
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "first words")
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "second words\nfirst words")
        await agent.press("z")
        await agent.until(lambda: agent.says("Nothing can be taken back any more"))
        assert agent.inbox.composer.text == "second words\nfirst words"


async def test_a_send_that_can_still_be_taken_back_goes_before_what_was_given_up_earlier(
    folder: Folder, desk: DeskMaker
) -> None:
    fail(folder, "Max Whitlock", "given up")
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await given_up(agent)
        await agent.press("r")
        await agent.type("held")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        await agent.press("escape", "z")
        await agent.until(lambda: agent.inbox.composer.text == "held")
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "given up\nheld")


async def test_a_failed_message_that_was_sent_elsewhere_comes_back_too(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Caleb Carver")
        failed = next(
            row for row in agent.inbox.thread.window_rows if row.message and row.message.status == "failed"
        )
        agent.inbox.thread.point_at(failed.key)
        await agent.press("D")
        await agent.until(lambda: agent.read().failed == 3)
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "It left the warehouse an hour ago!")


async def test_it_comes_back_to_its_own_chat_whichever_is_open(folder: Folder, desk: DeskMaker) -> None:
    fail(folder, "Max Whitlock", "For Max alone")
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await given_up(agent)
        await agent.press("escape")
        await agent.open("Workshop Nord")
        await agent.press("z")
        await agent.until(lambda: agent.says("Brought back: the draft for Max Whitlock"))
        assert agent.inbox.composer.text == ""
        await agent.press("escape")
        await agent.open("Max Whitlock")
        assert agent.inbox.composer.text == "For Max alone"


def sent_from_here(folder: Folder, person: str) -> str:
    """Let the failed message of a person's chat be one that was sent from here; its text."""
    with Writer(folder) as writer:
        chat, profile, message, text = writer.cache.execute(
            "SELECT c.id, c.profile_id, m.id, m.body FROM messages m JOIN chats c ON c.pk = m.chat "
            "WHERE c.participant_name = ? AND m.status = 'failed'",
            (person,),
        ).fetchone()
        item = sends.queue_send(writer, chat, profile, {"text": text}, hold_ms=0)
        assert outbox.move(writer, item, State.FAILED, title="Meta did not take it", message_id=message)
    return str(text)


async def test_words_that_came_back_stand_in_the_draft_and_nowhere_else(
    folder: Folder, desk: DeskMaker
) -> None:
    text = sent_from_here(folder, "Caleb Carver")
    async with desk(folder) as agent:
        await agent.open("Caleb Carver")
        failed = next(
            row for row in agent.inbox.thread.window_rows if row.message and row.message.status == "failed"
        )
        agent.inbox.thread.point_at(failed.key)
        await agent.press("D")
        await agent.until(lambda: [each.item.text for each in given(agent)] == [text])
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == text)
        assert given(agent) == []


def given(agent: Desk) -> list[Entry]:
    return entries.given_up(agent.inbox.session.reader)


async def test_a_message_that_was_given_up_looks_sent_nowhere(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (140, 40)) as agent:
        await agent.open("Caleb Carver")
        failed = next(
            row for row in agent.inbox.thread.window_rows if row.message and row.message.status == "failed"
        )
        agent.inbox.thread.point_at(failed.key)
        await agent.press("D")
        await agent.until(lambda: "✗ given up, not sent: " in screen_words(agent))
        await agent.until(lambda: "not sent: It left the ware" in screen_words(agent))
        assert "you: It left the ware" not in screen_words(agent)


async def test_a_failed_message_that_was_sent_again_is_not_called_given_up(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await agent.open("Caleb Carver")
        failed = next(
            row for row in agent.inbox.thread.window_rows if row.message and row.message.status == "failed"
        )
        agent.inbox.thread.point_at(failed.key)
        await agent.press("!")
        await agent.until(lambda: "✗ failed, and sent again: " in screen_words(agent))
        assert "you: It left the ware" in screen_words(agent)
