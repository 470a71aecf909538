"""No key is silent: each key of the registry does something in each of its places, or says why it cannot."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest
from textual import events
from textual.widgets import Input, Static, TextArea

from inbox_tui.store import triage
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import ACTIONS, About, Action, Context
from inbox_tui.ui.dialogs.dialog import Dialog

from .conftest import Desk, DeskMaker
from .steps import facts, key

ELSEWHERE = frozenset({"external_editor", "repaint"})
"""Gives the terminal away; draws again what stands there already."""


def middle(folder: Folder) -> str:
    """A person in the middle of the list with a thread of several messages; all of it is read."""
    with Writer(folder) as writer:
        found = writer.cache.execute(
            "SELECT id, participant_name FROM chats WHERE messages > 8 AND platform = 'telegram' "
            "ORDER BY sort_at DESC"
        ).fetchall()
        chat_id, name = found[len(found) // 2]
        triage.read(writer, [chat_id])
        return str(name)


class Walk:
    """Presses one key after the other from the same place."""

    def __init__(self, agent: Desk, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        self._agent, self._folder = agent, folder
        self._exits: list[object] = []
        monkeypatch.setattr(agent.app, "exit", lambda: self._exits.append(None))

    async def is_silent(self, action: Action, context: Context) -> bool:
        """Press the first key of an action where the person stands now."""
        agent = self._agent
        agent.app.clear_notifications()
        before = self._state()
        now = events.Idle().time
        for part in action.keys[0].split():
            agent.app.post_message(key(part, now))
        await self._rest()
        screen = agent.app.screen
        if isinstance(screen, Dialog):
            await screen.ready.wait()
            self._look_at(screen, action)
        if context is not Context.TYPING:
            typing = isinstance(screen.focused, (Input, TextArea))
            assert action.types or not typing, f"{action.id} opens a place to type"
        return self._state() == before and not agent.app._notifications

    def _look_at(self, dialog: Dialog[object], action: Action) -> None:
        """A dialog names its keys, and the screen below it no others."""
        frames = [part for each in dialog.query("*") for part in (each.border_title, each.border_subtitle)]
        words = [str(each.content) for each in dialog.query(Static)]
        assert any("Esc" in str(part) for part in [*frames, *words]), action.id
        footer = str(self._agent.inbox.query_one("#footer", Static).content)
        assert footer.split() == ["TYPING" if dialog.typing else "NORMAL", "in", "the", "dialog"], action.id

    def _state(self) -> list[object]:
        inbox, app = self._agent.inbox, self._agent.app
        row, message = inbox.chats.cursor_row, inbox.thread.cursor_row
        places = [app.screen, inbox.context, row and row.pk, message and message.key]
        places += [(rows._view.top, rows._view.skip) for rows in (inbox.chats, inbox.thread)]
        places += [inbox.views.current, inbox.chats.selection.ids(), inbox.chats.selection.ranging]
        typed = [inbox.composer.text, inbox.composer.extras, inbox.filter_bar.display]
        return [*places, *typed, facts(self._folder), len(self._exits)]

    async def _rest(self) -> None:
        """Until everything that a key has begun is done."""
        agent = self._agent
        await agent.pilot.pause()
        while any(each.is_running for each in agent.app.workers):
            await agent.pilot.pause(0.01)
        await asyncio.wrap_future(agent.inbox.session.write(lambda writer: None))

    async def come_back(self) -> None:
        """Close what was opened."""
        agent = self._agent
        while agent.app.screen is not agent.inbox:
            await agent.app.pop_screen()
        agent.inbox.stray.nothing_opened(0.0, "")


async def test_every_key_does_something_or_says_why_not(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = middle(folder)
    with closing(open_reader(folder)) as reader:
        (pk,) = reader.execute("SELECT pk FROM chats WHERE participant_name = ?", (name,)).fetchone()
    silent = []
    async with desk(folder, (80, 24)) as agent:
        walk = Walk(agent, folder, monkeypatch)
        inbox = agent.inbox
        for context in Context:
            for action in ACTIONS:
                if context not in action.contexts or action.id in ELSEWHERE:
                    continue
                inbox.filter_bar.close()
                inbox.views.go(View.ALL)
                inbox.chats.point_at(inbox.views.place_of(pk))
                row = inbox.chats.cursor_row
                assert row is not None
                inbox.show_chat(row)
                inbox.thread.point_at(inbox.thread.window_rows[len(inbox.thread.window_rows) // 2].key)
                where = {Context.LIST: inbox.chats, Context.THREAD: inbox.thread}
                inbox.turn_to(where.get(context, inbox.composer.editor))
                if await walk.is_silent(action, context):
                    silent.append((context.value, action.id))
                await walk.come_back()
    assert silent == []


async def test_where_there_is_no_chat_every_key_that_needs_one_says_so(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        inbox = agent.inbox
        inbox.filter_bar.field.value = "from:nobody-at-all"
        await agent.until(lambda: inbox.chats.cursor_row is None)
        for action in [each for each in ACTIONS if each.about is not About.NOTHING]:
            refusal = inbox.acts.why_not(action)
            assert refusal is not None, action.id
            assert refusal.reason == "No chat is selected"
