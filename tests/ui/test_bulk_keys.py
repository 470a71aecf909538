"""Acts on many chats by key: select, say how many, act, take all of it back in one step (UX, section 3)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing

import pytest
from textual import events

from inbox_tui.core.errors import StoreError
from inbox_tui.core.models import Message
from inbox_tui.store import journal, picking, triage, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.journal import OpenStep
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import ACTIONS, About, Context
from inbox_tui.ui.acts import many
from inbox_tui.ui.dialogs.many import ConfirmMany

from .conftest import NOW, Desk, DeskMaker

NOW_MS = int(NOW.timestamp() * 1000)


def names(folder: Folder, statement: str) -> set[str]:
    """The first column of a statement on the cache, with the marks beside it."""
    with closing(sqlite3.connect(folder.cache)) as cache:
        cache.execute("ATTACH ? AS local", (str(folder.local),))
        return {str(row[0]) for row in cache.execute(statement)}


def picked(agent: Desk) -> set[str]:
    return set(agent.inbox.chats.selection.ids())


def footer(agent: Desk) -> str:
    return agent.screen_text().splitlines()[-1]


async def hit(agent: Desk, *keys: str) -> None:
    """Press keys as fast as a terminal hands them over, until all are carried out."""
    at_once(agent, *keys)
    await agent.pilot.pause()


def at_once(agent: Desk, *keys: str) -> None:
    """Hand keys over as a terminal does, and wait for nothing."""
    for key in keys:
        character = {"backslash": "\\"}.get(key, key if len(key) == 1 else None)
        agent.app.post_message(events.Key(key, character))


async def in_all(agent: Desk) -> list[str]:
    """Stand at the top of the list of all chats; the chats there in their order."""
    await hit(agent, "g", "a", "g", "g")
    await agent.until(lambda: len(agent.inbox.chats.window_rows) > 10)
    return [row.chat.id for row in agent.inbox.chats.window_rows]


async def test_chats_are_selected_one_by_one_and_by_range_and_marked(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        listed = await in_all(agent)
        await hit(agent, "x", "j", "x")
        assert picked(agent) == {listed[0], listed[2]}
        assert "2 selected" in footer(agent)
        assert [line[0] for line in agent.screen_text().splitlines()[1:7:2]].count("✓") == 2
        await hit(agent, "V", "j", "j", "j", "k")
        assert picked(agent) == {listed[0], listed[2], *listed[3:6]}
        # A jump beyond what is read is a range all the same, and the way back is none.
        await hit(agent, "G")
        assert len(picked(agent)) == len(names(folder, "SELECT id FROM chats")) - 1
        await hit(agent, "g", "g", "V", "j")
        assert picked(agent) == set(listed[:4])
        await hit(agent, "4", "x")
        assert picked(agent) == {listed[0], *listed[4:5]}
        await hit(agent, "escape")
        assert not picked(agent)
        assert "NORMAL" in footer(agent)
        # Chosen among the commands, where no key follows.
        agent.inbox.acts.do("select_all")
        await agent.until(lambda: picked(agent) == names(folder, "SELECT id FROM chats"))
        await agent.until(lambda: "73 selected" in footer(agent))


async def test_one_key_is_about_all_selected_chats_and_one_undo_takes_it_back(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        listed = await in_all(agent)
        chosen = set(listed[:3])
        done = "SELECT id FROM chats WHERE done"
        before = names(folder, done)
        assert not chosen & before
        await agent.type("xxx*")
        pinned = "SELECT chat_id FROM local.pins"
        await agent.until(lambda: names(folder, pinned) == chosen and agent.says("Pinned: 3 chats"))
        assert picked(agent) == chosen, "a pin moves nobody out of the list"
        await hit(agent, "e")
        await agent.until(lambda: names(folder, done) == before | chosen and agent.says("Done: 3 chats"))
        assert not picked(agent), "what may have left the list is not selected any more"
        await hit(agent, "z")
        await agent.until(lambda: names(folder, done) == before and agent.says("Undone: done · 3 chats"))
        await hit(agent, "z")
        await agent.until(lambda: not names(folder, pinned))
        await hit(agent, "ctrl+r", "ctrl+r")
        await agent.until(lambda: names(folder, done) == before | chosen and names(folder, pinned) == chosen)
        # The same key fits what they are: all closed are reopened, else the rest is closed.
        await agent.type("ggxxx*e")
        await agent.until(lambda: names(folder, done) == before and not names(folder, pinned))
        await agent.type("ggxe")
        await agent.until(lambda: names(folder, done) == before | {listed[0]})
        await agent.type("ggxxxe")
        await agent.until(lambda: agent.says("Done: 2 chats (1 unchanged)"))
        assert names(folder, done) == before | chosen


async def test_of_more_than_fifty_it_is_asked_with_their_number(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        listed = names(folder, "SELECT id FROM chats")
        await in_all(agent)
        # Typed without a pause: `X` is through before the next key, and `#` is no word of a text.
        await agent.type("X#")
        await agent.until(lambda: isinstance(agent.app.screen, ConfirmMany))
        await agent.until(lambda: f"with no reply needed, {len(listed)} chats?" in agent.screen_text())
        await hit(agent, "escape")
        await agent.until(lambda: agent.app.screen is agent.inbox)
        assert picked(agent) == listed
        await hit(agent, "#", "enter")
        await agent.until(lambda: names(folder, "SELECT id FROM chats WHERE done AND NOT unread") == listed)
        await hit(agent, "z")
        await agent.until(lambda: not names(folder, "SELECT chat_id FROM local.marks"))


async def test_keys_behind_an_act_wait_until_its_chats_are_counted(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, count = threading.Event(), picking.survey

    def slow(reader: sqlite3.Connection, chats: Sequence[str], now: int) -> picking.Survey:
        counted.wait(10)
        return count(reader, chats, now)

    monkeypatch.setattr(many, "survey", slow)
    done = "SELECT id FROM chats WHERE done"
    async with desk(folder) as agent:
        await in_all(agent)
        before = names(folder, done)
        at_once(agent, "X", "e", "enter")
        await asyncio.sleep(0.3)
        assert isinstance(agent.app.screen, ConfirmMany)
        assert names(folder, done) == before
        counted.set()
        await agent.until(lambda: agent.says("Done: "))
        assert names(folder, done) == names(folder, "SELECT id FROM chats") > before
        # The same behind a dialog with a field: what is typed is about the labels that were counted.
        counted.clear()
        at_once(agent, *"ggxxtlate", "enter", "escape")
        await asyncio.sleep(0.3)
        counted.set()
        await agent.until(lambda: agent.says("Labels +late: 2 chats"))


async def test_all_that_a_filter_holds_is_selected_and_dropped_with_it(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await in_all(agent)
        await hit(agent, "\\")
        await agent.type("platform:telegram")
        await hit(agent, "enter")
        await agent.until(lambda: {r.chat.platform for r in agent.inbox.chats.window_rows} == {"telegram"})
        await hit(agent, "X")
        telegram = names(folder, "SELECT id FROM chats WHERE platform = 'telegram'")
        assert picked(agent) == telegram
        await agent.until(lambda: agent.says(f"Selected: {len(telegram)} chats"))
        await hit(agent, "escape")
        assert not picked(agent)
        assert agent.inbox.filter_bar.active, "Escape takes one thing back at a time"
        await hit(agent, "x", "escape", "escape")
        await agent.until(lambda: not agent.inbox.filter_bar.active)
        assert not picked(agent)


async def test_keys_behind_a_filter_are_about_what_it_finds(folder: Folder, desk: DeskMaker) -> None:
    pinned = "SELECT chat_id FROM local.pins"
    async with desk(folder) as agent:
        listed = await in_all(agent)
        at_once(agent, "backslash", *"platform:telegram -is:done", "enter", *"X*")
        telegram = names(folder, "SELECT id FROM chats WHERE platform = 'telegram' AND NOT done")
        await agent.until(lambda: names(folder, pinned) == telegram)
        assert picked(agent) == telegram, "what is found once more drops nothing"
        # Twice, for what is selected and for the filter; the key behind them is about the first of all chats.
        await agent.type("z")
        await agent.until(lambda: not names(folder, pinned))
        at_once(agent, "escape", "escape", *"gg*")
        await agent.until(lambda: names(folder, pinned) == {listed[0]})


async def test_a_selected_chat_stays_selected_where_it_moves(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        listed = await in_all(agent)
        await agent.type("jjjVjj")
        with Writer(folder) as writer:
            message = Message("new", listed[4], "inbound", "received", NOW_MS + 60_000, body="Hello?")
            writes.apply_messages(writer, [writes.MessagePage(listed[4], [message], event=True)])
        await agent.until(lambda: agent.inbox.chats.window_rows[0].chat.id == listed[4])
        assert picked(agent) == set(listed[3:6])
        await hit(agent, "k")
        assert listed[4] in picked(agent)
        # What is opened is looked at; from chat to chat nothing more is selected.
        before = picked(agent)
        await hit(agent, "tab")
        await agent.type("JJ")
        await hit(agent, "h", "j")
        assert picked(agent) == before
        assert "RANGE" not in footer(agent)


async def test_the_key_behind_an_act_on_some_chats_finds_them_gone_from_the_list(
    folder: Folder, desk: DeskMaker
) -> None:
    seen = "SELECT chat_id FROM local.marks WHERE kind = 'seen'"
    async with desk(folder) as agent:
        await hit(agent, "g", "u", "g", "g")
        first, second, third = (row.chat.id for row in agent.inbox.chats.window_rows[:3])
        await agent.type("Vjuu")
        await agent.until(lambda: names(folder, seen) == {first, second, third})
        await hit(agent, "x", "g", "w")
        assert not picked(agent), "another view, another selection"


async def test_a_range_follows_keys_and_not_what_comes_in(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await hit(agent, "g", "u", "g", "g")
        rows = agent.inbox.chats.window_rows
        first, second, third = (row.chat.id for row in rows[:3])
        await agent.type("Vj")
        assert "RANGE 2 selected" in footer(agent)
        # In another terminal the chat under the cursor is read: nobody has selected the one in its place.
        with Writer(folder) as writer:
            triage.read(writer, [second])
        await agent.until(lambda: second not in {row.chat.id for row in agent.inbox.chats.window_rows})
        assert picked(agent) == {first, second}
        await agent.type("j")
        row = agent.inbox.chats.cursor_row
        assert row is not None
        assert row.chat.id == third
        assert picked(agent) == {first, second, third}


async def test_labels_of_many_chats_show_who_has_them_and_are_one_step(
    folder: Folder, desk: DeskMaker
) -> None:
    with Writer(folder) as writer:
        chats = [row[0] for row in writer.cache.execute("SELECT id FROM chats ORDER BY sort_at DESC LIMIT 3")]
        triage.label(writer, chats, ["all"])
        triage.label(writer, chats[:1], ["some"])
    labels = "SELECT chat_id || ' ' || label FROM local.labels"
    before = names(folder, labels)
    async with desk(folder) as agent:
        assert (await in_all(agent))[:3] == chats
        await agent.type("xxxt")
        await agent.until(lambda: "– some  on 1 of them" in agent.screen_text())
        assert "Labels · 3 chats" in agent.screen_text()
        assert "✓ all" in agent.screen_text()
        # Three times on a mixed one leaves it as it is; once takes it to all.
        await agent.type("some")
        await hit(agent, "enter")
        await agent.type("some")
        await hit(agent, "enter")
        await agent.type("some")
        await hit(agent, "enter")
        await agent.until(lambda: "– some" in agent.screen_text())
        await hit(agent, "escape")
        assert names(folder, labels) == before
        await agent.type("tsome")
        await hit(agent, "enter")
        await agent.type("all")
        await hit(agent, "enter", "escape")
        await agent.until(lambda: names(folder, labels) == {f"{chat} some" for chat in chats})
        await agent.until(lambda: agent.says("Labels +some -all: 3 chats"))
        await hit(agent, "z")
        await agent.until(lambda: names(folder, labels) == before)


async def test_many_chats_are_put_away_and_brought_back(folder: Folder, desk: DeskMaker) -> None:
    away = "SELECT chat_id FROM local.snoozes"
    async with desk(folder) as agent:
        listed = await in_all(agent)
        await agent.type("xxxs3d")
        assert "Snooze · 3 chats" in agent.screen_text()
        await hit(agent, "enter")
        await agent.until(lambda: names(folder, away) == set(listed[:3]))
        await agent.until(lambda: agent.says(": 3 chats"))
        await hit(agent, "g", "s", "X", "s")
        await agent.until(lambda: "bring the 3 back now" in agent.screen_text())
        await hit(agent, "up", "enter")
        await agent.until(lambda: not names(folder, away) and agent.says("Back again: 3 chats"))


async def test_an_act_on_one_chat_says_why_not_while_several_are_selected(
    folder: Folder, desk: DeskMaker
) -> None:
    single = [
        action
        for action in ACTIONS
        if Context.LIST in action.contexts
        and action.about in (About.CHAT, About.MESSAGE)
        and action.id != "open"
    ]
    assert {"reply", "note", "react", "archive", "done_next", "details"} <= {action.id for action in single}
    async with desk(folder) as agent:
        await in_all(agent)
        await agent.type("xx")
        for action in single:
            refusal = agent.inbox.acts.why_not(action)
            assert refusal is not None, action.id
            assert "2 chats are selected, and this is about a single one: Esc first" in refusal.reason
        # A chat that is opened is the one that keys are about.
        await hit(agent, "enter", "*")
        await agent.until(lambda: len(names(folder, "SELECT chat_id FROM local.pins")) == 1)
        await hit(agent, "h", "P")
        assert agent.app.screen is agent.inbox


async def test_an_act_that_fails_halfway_says_how_far_it_came_and_is_undone(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PART", 1)
    label = triage.label

    def full(
        writer: Writer,
        chats: list[str],
        add: tuple[str, ...],
        remove: tuple[str, ...],
        *,
        step: OpenStep,
    ) -> tuple[str, ...]:
        if step.at is not None:
            raise StoreError("The disk is full", "Free some space and do it again")
        return label(writer, chats, add, remove, step=step)

    monkeypatch.setattr(triage, "label", full)
    async with desk(folder) as agent:
        await in_all(agent)
        await agent.type("xxxtlate")
        await hit(agent, "enter", "escape")
        await agent.until(lambda: agent.says("only 1 chat, which z takes back"))
        await agent.until(lambda: agent.says("The disk is full. Free some space and do it again"))
        assert len(names(folder, "SELECT chat_id FROM local.labels")) == 1
        await agent.type("z")
        await agent.until(lambda: not names(folder, "SELECT chat_id FROM local.labels"))


async def test_a_long_act_leaves_room_for_a_draft_and_is_stopped_and_undone_by_z(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PART", 1)
    monkeypatch.setattr("inbox_tui.ui.bulk.SHOWN_FROM", 1)
    begun, go_on, order = threading.Event(), threading.Event(), list[str]()
    label = triage.label

    def slow(
        writer: Writer,
        chats: list[str],
        add: tuple[str, ...],
        remove: tuple[str, ...],
        *,
        step: OpenStep,
    ) -> tuple[str, ...]:
        order.append(chats[0])
        if len(order) == 3:
            begun.set()
            go_on.wait(10)
        return label(writer, chats, add, remove, step=step)

    monkeypatch.setattr(triage, "label", slow)
    async with desk(folder) as agent:
        await in_all(agent)
        await agent.type("Xtlate")
        await hit(agent, "enter", "escape")
        await agent.until(begun.is_set)
        await agent.until(lambda: "Labels +late: 2 of 73 chats · z stops" in agent.screen_text())
        saved = agent.inbox.session.write(lambda _: len(order))
        await agent.type("z")
        go_on.set()
        await agent.until(lambda: agent.says("Undone: labels · "))
        assert saved.result() <= 4, "what is written meanwhile waits for one part"
        assert len(order) < 10
        assert not names(folder, "SELECT label FROM local.labels")
        assert agent.inbox.bulk.newest is None
