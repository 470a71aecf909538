"""A send of which nobody knows whether it arrived: only the person says that it goes again."""

from __future__ import annotations

from textual.widgets import Static

from inbox_tui.store import outbox, sends
from inbox_tui.store.db import Folder
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.confirm import Confirm

from .conftest import Desk, DeskMaker
from .steps import TELEGRAM, rows

FOUND = "Nobody knows whether this was sent: no answer came, and it is not in the chat"


def uncertain(folder: Folder) -> OutboxItem:
    """What the engine leaves when it has looked for a minute."""
    with Writer(folder) as writer:
        found = "SELECT id, profile_id FROM chats WHERE participant_name = ?"
        chat, profile = writer.cache.execute(found, (TELEGRAM,)).fetchone()
        item = sends.queue_send(writer, chat, profile, {"text": "Did you get it?"}, hold_ms=0)
        outbox.move(writer, item, State.UNCERTAIN, title=FOUND)
    return item


def states(folder: Folder) -> list[object]:
    return [row[0] for row in rows(folder, "SELECT state FROM outbox")]


async def at_the_item(desk: Desk) -> None:
    """The cursor of the thread stands on it."""
    await desk.open(TELEGRAM)
    await desk.press("G")
    await desk.until(lambda: getattr(desk.inbox.thread.cursor_row, "item", None) is not None)


def asked(desk: Desk) -> bool:
    return isinstance(desk.app.screen, Confirm)


async def test_the_thread_says_what_was_found_and_which_keys_decide(folder: Folder, desk: DeskMaker) -> None:
    uncertain(folder)
    async with desk(folder, (160, 40)) as agent:
        await at_the_item(agent)
        words = " ".join(agent.screen_text().split())
        assert "? uncertain: Nobody knows whether this was sent" in words
        assert "! send again · D discard once you" in words


async def test_sending_again_is_asked_about_and_goes_under_a_new_key(folder: Folder, desk: DeskMaker) -> None:
    item = uncertain(folder)
    async with desk(folder) as agent:
        await at_the_item(agent)
        await agent.press("!")
        await agent.until(lambda: asked(agent))
        question = " ".join(str(line.content) for line in agent.app.screen.query(Static))
        assert FOUND in question
        assert "the customer gets it twice" in question
        await agent.press("escape")
        await agent.until(lambda: not asked(agent))
        assert states(folder) == [State.UNCERTAIN]
        await agent.press("!")
        await agent.until(lambda: asked(agent))
        await agent.press("enter")
        await agent.until(lambda: states(folder) == [State.QUEUED])
    assert rows(folder, "SELECT key FROM outbox") != [(item.key,)]


async def test_one_that_settles_while_the_question_stands_is_not_sent_again(
    folder: Folder, desk: DeskMaker
) -> None:
    item = uncertain(folder)
    async with desk(folder) as agent:
        await at_the_item(agent)
        await agent.press("!")
        await agent.until(lambda: asked(agent))
        with Writer(folder) as writer:
            found = outbox.item(writer, item.pk)
            assert found is not None
            outbox.move(writer, found, State.SETTLED)
        await agent.press("enter")
        await agent.until(lambda: agent.says("nothing was sent again"))
    assert states(folder) == [State.SETTLED]


async def test_one_that_was_checked_is_given_up_by_one_key(folder: Folder, desk: DeskMaker) -> None:
    uncertain(folder)
    async with desk(folder) as agent:
        await at_the_item(agent)
        await agent.press("D")
        await agent.until(lambda: states(folder) == [State.DISCARDED])


async def test_an_answer_typed_right_behind_the_key_is_not_taken_for_a_command(
    folder: Folder, desk: DeskMaker
) -> None:
    uncertain(folder)
    async with desk(folder) as agent:
        await at_the_item(agent)
        await agent.type("!n")
        await agent.until(lambda: not asked(agent))
        assert states(folder) == ["uncertain"]
        await agent.type("!y")
        await agent.until(lambda: states(folder) == ["queued"])
