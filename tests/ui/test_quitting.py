"""Leaving: nothing typed is lost or sent by the way, and what is asked stays true while it is asked."""

from __future__ import annotations

from textual import events

from inbox_tui.store import outbox
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.confirm import Confirm

from .conftest import DeskMaker
from .steps import TELEGRAM, reply, rows


async def test_enter_at_once_behind_the_quit_key_answers_the_question_and_sends_nothing(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "held")
        await agent.press("enter")
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM outbox") == [(1,)])
        await agent.type("half a")
        agent.app.post_message(events.Key("ctrl+q", None))
        agent.app.post_message(events.Key("enter", "\r"))
        await agent.until(lambda: not agent.app.is_running or agent.app._exit)
    assert rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox") == [("held",)]
    assert rows(folder, "SELECT text FROM drafts") == [("half a",)]


async def test_the_question_about_what_has_not_left_follows_what_leaves(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "held")
        await agent.press("enter")
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM outbox") == [(1,)])
        await agent.press("ctrl+q")
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert "1 message has not left yet. Quit?" in agent.screen_text()
        with Writer(folder) as engine:
            (item,) = outbox.open_items(engine)
            assert outbox.move(engine, item, State.SETTLED)
        await agent.until(lambda: "Everything has left. Quit?" in agent.screen_text())
        assert "becomes a draft again" not in agent.screen_text()
        await agent.press("escape")
        assert agent.app.screen is agent.inbox
