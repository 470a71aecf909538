"""The rows that stand on the screen before the inbox does: the same rows, and nothing typed is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import time_machine
from textual import events

from inbox_tui.store.db import Folder
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import record_walk
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.chat_list import ChatList
from inbox_tui.ui.opening import OpeningScreen

from .conftest import NOW, Desk


@asynccontextmanager
async def opening(folder: Folder, size: tuple[int, int]) -> AsyncIterator[Desk]:
    """The program as it stands until the rest is loaded; `painted` goes on."""
    with time_machine.travel(NOW, tick=True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(InboxApp, "_painted", lambda app: None)
        app = InboxApp(folder, "demo")
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                patch.undo()
                await pilot.pause()
                assert isinstance(app.screen, OpeningScreen)
                yield Desk(app, pilot)
        finally:
            app.session.close()


async def go_on(agent: Desk) -> None:
    """Let the inbox come."""
    agent.app._painted()
    await agent.app.opened.wait()
    await agent.pilot.pause()


def left(agent: Desk, width: int) -> list[str]:
    """What stands in the first columns, between the lines at the edges."""
    lines = agent.app.screen._compositor.render_strips()[1:-1]
    return [strip.crop(0, width).text for strip in lines]


@pytest.mark.parametrize("size", [(140, 40), (120, 30), (100, 30), (60, 20), (44, 14)])
async def test_the_rows_stand_where_the_inbox_will_have_them(folder: Folder, size: tuple[int, int]) -> None:
    async with opening(folder, size) as agent:
        width = agent.app.screen.query_one(ChatList).region.right
        first = left(agent, width)
        assert any("Owen Quill" in line for line in first)
        await go_on(agent)
        assert agent.inbox.chats.region.right == width
        assert left(agent, width) == first


async def test_while_chats_are_being_listed_the_first_rows_are_of_all_chats(folder: Folder) -> None:
    with Writer(folder) as writer:
        (profile,) = writer.cache.execute("SELECT id FROM profiles LIMIT 1").fetchone()
        record_walk(writer, profile, walked_to=None, walked=False, total=None)
    async with opening(folder, (100, 30)) as agent:
        rows = [row.pk for row in agent.app.screen.query_one(ChatList).shown_rows]
        await go_on(agent)
        assert agent.inbox.views.current is View.ALL
        # A line that tells how far the list has come stands above it by now.
        shown = [row.pk for row in agent.inbox.chats.shown_rows]
        assert rows[: len(shown)] == shown


async def test_what_is_typed_before_the_inbox_is_there_is_carried_out_in_its_order(folder: Folder) -> None:
    async with opening(folder, (120, 30)) as agent:
        for key in ("j", "r", "h", "i"):
            agent.app.post_message(events.Key(key, key))
        agent.app.post_message(events.Paste(" there"))
        # Not by the pilot: it waits until the keys are taken.
        await asyncio.sleep(0.05)
        assert isinstance(agent.app.screen, OpeningScreen)
        second = agent.app.screen.query_one(ChatList).window_rows[1]
        agent.app._painted()
        await agent.until(lambda: agent.app.inbox is not None and agent.inbox.composer.text == "hi there")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.pk == second.pk


async def test_a_terminal_that_tells_early_who_has_the_focus_is_heard(folder: Folder) -> None:
    async with opening(folder, (120, 30)) as agent:
        agent.app.post_message(events.AppBlur())
        await go_on(agent)
        alerts = agent.inbox.alerts
        await agent.until(lambda: alerts.presence.tells and alerts._heard is not None)
        assert alerts.presence.away


async def test_the_inbox_can_be_left_with_a_key_that_came_before_it(folder: Folder) -> None:
    async with opening(folder, (120, 30)) as agent:
        agent.app.post_message(events.Key("ctrl+q", None))
        agent.app._painted()
        await agent.until(lambda: not agent.app.is_running or agent.app._exit)
