"""Keys as fast as a terminal hands them over do what they do one by one: none overtakes, none is lost.

Every burst is posted before anything between the widgets was handled, as after a slow line.
"""

from __future__ import annotations

from inbox_tui.store.db import Folder

from .conftest import Desk, DeskMaker
from .steps import TELEGRAM, fail, press, rows
from .test_customer import PERSON, furnish
from .test_reactions import person_on, queued


def composed(agent: Desk) -> tuple[str, str]:
    """Whose chat is open, and what stands in its composer."""
    shown = agent.inbox.shown
    assert shown is not None
    return shown.chat.title, agent.inbox.composer.text


# Dialogs without a field.


async def test_an_emoji_typed_at_once_is_the_reaction_and_not_the_first_of_the_list(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await person_on(agent, "facebook")
        await press(agent, "+", "tab", "🎉", "enter", "r", *"hello")
        await agent.until(lambda: len(queued(agent)) == 1)
        assert queued(agent)[0][1]["emoji"] == "🎉"
        assert composed(agent)[1] == "hello"


async def test_what_is_typed_at_once_behind_the_way_out_of_the_outbox_is_text_in_that_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    fail(folder, TELEGRAM, "It did not arrive")
    async with desk(folder) as agent:
        await press(agent, "O", "enter", "r", *"Dear zoo!")
        assert composed(agent) == (TELEGRAM, "Dear zoo!")
        assert rows(folder, "SELECT state FROM outbox") == [("failed",)]
        await press(agent, "escape", "O", "O", "r", *"!")
        assert composed(agent) == (TELEGRAM, "Dear zoo!!")
        await press(agent, "escape", "O", "D", "z", "escape")
        await agent.until(lambda: rows(folder, "SELECT state FROM outbox") == [("discarded",)])


async def test_what_is_typed_at_once_behind_the_way_to_another_chat_of_a_person_is_text_there(
    folder: Folder, desk: DeskMaker
) -> None:
    twin = furnish(folder, "Calls on Mondays")
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await press(agent, "p", "1", "r", *"jek")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.id == twin
        assert composed(agent)[1] == "jek"


async def test_what_is_typed_at_once_behind_escape_is_for_what_stands_below(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        for key, back in (("?", "?"), ("?", "escape"), ("p", "p"), ("I", "escape"), ("O", "q")):
            await press(agent, key, "j", back, "r", *"jIpe?", "escape")
        assert composed(agent) == (TELEGRAM, "jIpe?" * 5)
