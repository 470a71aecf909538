"""What is typed for a place that did not open is never a command, and never sends."""

from __future__ import annotations

import string
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st
from textual import events

from inbox_tui.store import triage
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import Context
from inbox_tui.ui.inbox import InboxScreen
from inbox_tui.ui.stray import PAUSE_SECONDS, StrayKeys

from .conftest import NOW, Desk, DeskMaker
from .steps import facts, key

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


def closed(folder: Folder) -> str:
    """Somebody whom nobody may write to now, on a platform without edits and buttons; all is read."""
    with Writer(folder) as writer:
        chat_id, name = writer.cache.execute(
            "SELECT id, participant_name FROM chats WHERE platform = 'facebook' "
            "AND window_closes_at < ? LIMIT 1",
            (NOW.timestamp() * 1000,),
        ).fetchone()
        triage.read(writer, [chat_id])
        return str(name)


@given(
    st.lists(st.tuples(st.sampled_from([*PRINTABLE, "enter", "tab", "down"]), st.floats(0, 2)), max_size=30)
)
def test_each_letter_within_a_pause_of_the_one_before_it_is_dropped_and_none_after_a_pause(
    typed: list[tuple[str, float]],
) -> None:
    said: list[str] = []
    stray = StrayKeys(said.append)
    stray.nothing_opened(10.0, "The window is closed")
    last, over, dropped = 10.0, False, False
    now = 10.0
    for character, gap in typed:
        now += gap
        writes = character != "down"
        over = over or now - last > PAUSE_SECONDS
        assert stray.drops(key(character, now), typing=False) == (writes and not over)
        if writes and not over:
            last, dropped = now, True
    assert (
        said == ["The window is closed. What you type is dropped until Esc, or a pause of a second"] * dropped
    )


def test_escape_ends_the_dropping_and_does_nothing_else_unless_nothing_was_typed() -> None:
    said: list[str] = []
    stray = StrayKeys(said.append)
    stray.nothing_opened(10.0, "No")
    assert stray.drops(key("e", 10.1), typing=False)
    assert stray.drops(key("escape", 10.2), typing=False)
    assert said[-1] == "Keys are commands again"
    assert not stray.drops(key("e", 10.3), typing=False)
    stray.nothing_opened(11.0, "No")
    assert not stray.drops(key("escape", 11.1), typing=False)
    assert not stray.drops(key("e", 11.2), typing=False)


def place(agent: Desk) -> list[object]:
    """Where the person is."""
    inbox = agent.inbox
    row, message = inbox.chats.cursor_row, inbox.thread.cursor_row
    return [agent.app.screen, inbox.context, row and row.pk, message and message.key]


async def burst(agent: Desk, *keys: str) -> None:
    """Keys of one moment, however slow the machine is."""
    now = events.Idle().time
    for each in keys:
        agent.app.post_message(key(each, now))
    await agent.pilot.pause()


async def test_no_letter_behind_a_key_that_was_refused_is_a_command(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(closed(folder))
        before = facts(folder), place(agent)
        for refused in "rREB":
            await burst(agent, refused, *PRINTABLE, "enter", "tab")
            assert agent.says("What you type is dropped until Esc, or a pause of a second"), refused
            assert (facts(folder), place(agent)) == before, refused
        await burst(agent, "r", "e", "escape")
        await agent.until(lambda: agent.says("Keys are commands again"))
        await agent.press("escape")
        assert agent.context is Context.LIST


async def test_in_an_empty_list_what_follows_a_refused_key_is_dropped_too(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.press("backslash")
        await agent.type("nobodyhasthisname")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.chats.cursor_row is None)
        for refused in "rstP":
            await burst(agent, refused, "c", "e", "escape")
            assert agent.says("Keys are commands again"), refused
            assert isinstance(agent.app.screen, InboxScreen)


async def test_enter_behind_a_place_that_did_not_open_sends_nothing_once(
    folder: Folder, desk: DeskMaker
) -> None:
    """Bluesky takes no files: a path typed behind Ctrl+F stands in the composer then."""
    with closing(open_reader(folder)) as reader:
        (name,) = reader.execute(
            "SELECT participant_name FROM chats WHERE platform = 'bluesky' AND archived = 0 LIMIT 1"
        ).fetchone()
    async with desk(folder) as agent:
        await agent.open(name)
        await burst(agent, "r", "ctrl+f", *"/home/me/photo.png", "enter")
        await agent.until(lambda: agent.says("takes text only. Nothing was sent; press it again to send"))
        assert agent.inbox.composer.text == "/home/me/photo.png"
        assert facts(folder)[0] == []
        await agent.press("enter")
        await agent.until(lambda: len(facts(folder)[0]) == 1)
