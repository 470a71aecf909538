"""Terminals too small for anything, and sizes that change under every dialog: nothing raises or is lost."""

from __future__ import annotations

from inbox_tui.store.db import Folder
from inbox_tui.ui.dialogs.dialog import Dialog

from .conftest import Desk, DeskMaker
from .test_composer import TELEGRAM
from .test_snippets import keys

SIZES = ((1, 1), (160, 50), (10, 3), (20, 5), (40, 10))
PLACES = {
    "list": "",
    "selection": "xxV",
    "thread": "<enter>",
    "composer": "<enter>r",
    "suggestions": "<enter>r:smi",
    "filter": "\\is:unread",
    "a filter that cannot be understood": "\\is:nothing",
    "an empty view": "gs",
    "help": "?",
    "palette": ":do",
    "search": "/ship",
    "outbox": "O",
    "new chat": "c",
    "comments": "C",
    "details": "I",
    "person": "p",
    "note": "P",
    "labels": "tvi",
    "snooze": "s2h",
    "save": "S",
    "open": "o",
    "edit": "E",
    "buttons": "<enter>r<ctrl+n>",
    "attach": "<enter>r<ctrl+f>x",
    "snippets": "<enter>r<ctrl+t>",
    "a new snippet": "<enter>r<ctrl+t><ctrl+n>",
}
LONG = "What is said while the window has any size, in more words than one line of it may hold. " * 2


async def back_to_the_list(agent: Desk) -> None:
    """Leave whatever is open."""
    while agent.app.screen is not agent.inbox:
        await agent.app.pop_screen()
    agent.inbox.stray.nothing_opened(0.0, "")
    agent.inbox.filter_bar.close()
    agent.inbox.chats.unselect()
    agent.inbox.turn_to(agent.inbox.chats)
    await agent.press("g", "a")
    await agent.open(TELEGRAM)
    await agent.press("escape")


async def test_every_dialog_stands_in_the_middle_of_a_large_window(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (160, 50)) as agent:
        for place, typed in {**PLACES, "kept buttons": "<enter>r<ctrl+n><ctrl+l>"}.items():
            await back_to_the_list(agent)
            await keys(agent, typed)
            await agent.pilot.pause()
            if isinstance(agent.app.screen, Dialog):
                box = max((child.region for child in agent.app.screen.children), key=lambda it: it.area)
                assert abs(box.x - (160 - box.right)) <= 1, (place, box)


async def test_every_place_lives_through_every_size_and_keeps_what_was_typed(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (80, 24)) as agent:
        await agent.open(TELEGRAM)
        await agent.press("r")
        await agent.type("kept")
        await agent.press("escape")
        for place, typed in PLACES.items():
            await agent.resize(80, 24)
            await back_to_the_list(agent)
            await keys(agent, typed)
            screen = agent.app.screen
            for size in SIZES:
                await agent.resize(*size)
                agent.inbox.say(f"{size} {LONG}")
                agent.inbox.pulse.tick()
                await agent.pilot.pause()
                assert agent.app._exception is None, (place, size, agent.app._exception)
                assert len(agent.screen_text().splitlines()) == size[1], (place, size)
            assert agent.app.screen is screen, place
        await back_to_the_list(agent)
        assert agent.inbox.composer.text.startswith("kept")


async def test_a_dialog_that_two_keys_leave_at_once_takes_nothing_else_along(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (80, 24)) as agent:
        for place, typed in PLACES.items():
            await back_to_the_list(agent)
            await keys(agent, typed)
            stack = list(agent.app.screen_stack)
            if isinstance(dialog := stack[-1], Dialog):
                # As for Esc Esc, where the second comes before the first has taken it away.
                dialog.dismiss(None)
                dialog.dismiss(None)
                await agent.pilot.pause()
                assert agent.app._exception is None, place
                assert agent.app.screen_stack == stack[:-1], place
