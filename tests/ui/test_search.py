"""Search on the screen: results as one types, to the message and back, and what could not be searched."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest
from textual import events

from inbox_tui.store import find, index
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs import search
from inbox_tui.ui.dialogs.search import Search
from inbox_tui.ui.searcher import Searcher

from .conftest import Desk, DeskMaker
from .steps import post

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""


def dialog(agent: Desk) -> Search:
    screen = agent.app.screen
    assert isinstance(screen, Search)
    return screen


async def answered(agent: Desk) -> None:
    """Wait until what was typed last is answered."""
    await agent.until(lambda: not dialog(agent)._looking)
    agent.app.clear_notifications()
    await agent.pilot.pause()


async def searching(agent: Desk, text: str) -> None:
    await agent.press("slash")
    await agent.type(text)
    await answered(agent)


def under_cursor(agent: Desk) -> str:
    row = agent.inbox.thread.cursor_row
    assert row is not None
    assert row.message is not None
    return row.message.body or ""


def expected(folder: Folder, text: str) -> list[find.Hit]:
    with closing(open_reader(folder)) as reader:
        return list(find.search(reader, find.plan(text, [], now=0), limit=500).hits)


async def test_hits_come_as_one_types_and_enter_goes_to_the_message_with_its_words_marked(
    desk: DeskMaker, folder: Folder
) -> None:
    hits = expected(folder, "order")
    async with desk(folder) as agent:
        await searching(agent, "order")
        text = agent.screen_text()
        assert hits[0].chat.title in text
        assert f"{len(hits)} messages · newest first" in text
        await agent.press("down", "down", "enter")
        await agent.until(lambda: agent.context is Context.THREAD)
        assert under_cursor(agent) == hits[2].message.body
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.id == hits[2].chat.id
        await agent.pilot.pause()
        found = agent.inbox.thread.style_of("thread--found")
        drawn = [
            segment.text.lower()
            for strip in agent.inbox.thread.render_lines(agent.inbox.thread.size.region)
            for segment in strip
            if segment.style is not None and segment.style.underline and segment.style.color == found.color
        ]
        assert drawn
        assert all(word.startswith("order") for word in drawn)


async def test_n_goes_through_the_hits_of_the_chat_and_on_to_the_next_and_back(
    desk: DeskMaker, folder: Folder
) -> None:
    hits = expected(folder, "order")
    chats = list(dict.fromkeys(hit.chat_pk for hit in hits))
    places = [hit for pk in chats for hit in hits if hit.chat_pk == pk]
    several = next(n for n, hit in enumerate(places[1:]) if hit.chat_pk == places[n].chat_pk)
    walk = places[: several + 4]
    async with desk(folder) as agent:
        await agent.press("n")
        await agent.until(lambda: agent.says("/ searches"))
        await searching(agent, "order")
        await agent.press("enter")
        seen = [under_cursor(agent)]
        for hit in walk[1:]:
            await agent.press("n")
            await agent.until(lambda pk=hit.pk: agent.inbox.acts.searching.at == pk)
            seen.append(under_cursor(agent))
        assert seen == [hit.message.body for hit in walk]
        for hit in walk[-2::-1]:
            await agent.press("N")
            await agent.until(lambda pk=hit.pk: agent.inbox.acts.searching.at == pk)
            assert under_cursor(agent) == hit.message.body
        await agent.press("N")
        await agent.until(lambda: agent.says("first hit"))
        await agent.press(*str(len(places) - 1), "n")
        await agent.until(lambda: agent.inbox.acts.searching.at == places[-1].pk)
        await agent.press("n")
        await agent.until(lambda: agent.says("last hit"))


async def test_a_customer_is_found_by_name_and_a_fault_points_at_its_place(
    desk: DeskMaker, folder: Folder
) -> None:
    with closing(open_reader(folder)) as reader:
        (name,) = reader.execute(
            "SELECT participant_name FROM chats WHERE participant_name LIKE '% %' AND participant_name < 'M' "
            "ORDER BY sort_at DESC LIMIT 1"
        ).fetchone()
    async with desk(folder, size=(80, 24)) as agent:
        await searching(agent, f'"{name}"')
        await agent.press("enter")
        await agent.until(lambda: agent.context is Context.THREAD)
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.title == name
        await agent.press("escape")
        await searching(agent, "order form:jane")
        assert "column 7" in agent.screen_text()
        assert "Did you mean" in agent.screen_text()
        assert "       ^^^^^" in agent.screen_text()
        await agent.press("escape", "slash")
        assert dialog(agent).asked.text == "order form:jane", "what was asked is there, to be replaced"
        await agent.type("xylophone")
        await answered(agent)
        assert "Nothing was found" in agent.screen_text()
        await agent.press("enter")
        assert isinstance(agent.app.screen, Search), "there is nowhere to go"


async def test_no_key_waits_for_an_answer_where_the_search_opens_with_what_cannot_be_understood(
    desk: DeskMaker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ANSWER_SECONDS", 15)
    async with desk(folder) as agent:
        await searching(agent, "order form:jane")
        await agent.press("escape", "slash")
        assert dialog(agent).asked.text == "order form:jane"
        post(agent, "enter", "escape")
        await agent.until(lambda: agent.app.screen is agent.inbox)


async def test_enter_right_behind_the_last_letter_goes_by_what_was_typed(
    desk: DeskMaker, folder: Folder
) -> None:
    hits = expected(folder, "order")
    async with desk(folder) as agent:
        await agent.press("slash")
        for letter in ("o", "r", "d", "e", "r", "enter"):
            agent.app.post_message(events.Key(letter, letter if len(letter) == 1 else None))
        await agent.until(lambda: agent.context is Context.THREAD)
        assert under_cursor(agent) == hits[0].message.body


async def test_the_order_is_switched_and_what_is_not_here_is_said_and_can_be_fetched(
    desk: DeskMaker, folder: Folder
) -> None:
    with Writer(folder) as writer:
        writer.cache.execute("UPDATE chats SET history_done = pk > 2")
        index.reset(writer.cache)
        while index.build(writer.cache, 400) and index.missing(writer.cache, index.MESSAGES) > 400:
            pass
        left = index.missing(writer.cache, index.MESSAGES)
        assert left
    async with desk(folder, size=(140, 40)) as agent:
        await searching(agent, "order")
        text = agent.screen_text()
        assert f"{left:,} messages still to be indexed" in text
        assert "older messages of 2 chats" in text
        await agent.press("ctrl+r")
        await answered(agent)
        assert "best first" in agent.screen_text()
        await agent.press("ctrl+f")
        wanted = "SELECT count(*) FROM local.needs WHERE kind = 'older'"
        reader = agent.inbox.session.reader
        await agent.until(lambda: reader.execute(wanted).fetchone()[0] == 2)
        assert "asked for 2" in agent.screen_text()
        with Writer(folder) as writer:
            while index.build(writer.cache, 1000):
                pass
        await agent.until(lambda: "to be indexed" not in agent.screen_text())
        await agent.pilot.click("#hits", offset=(6, 2))
        await agent.until(lambda: agent.context is Context.THREAD)
        assert "order" in under_cursor(agent).lower()


async def test_an_older_answer_never_stands_over_a_newer_one(folder: Folder) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(reader: sqlite3.Connection) -> str:
        begun.set()
        go_on.wait(10)
        return "old"

    searcher = Searcher(folder)
    try:
        first = asyncio.create_task(searcher.ask(slow))
        await asyncio.to_thread(begun.wait, 10)
        skipped = asyncio.create_task(searcher.ask(lambda _: "skipped"))
        await asyncio.sleep(0)
        newest = asyncio.create_task(searcher.ask(lambda _: "new"))
        await asyncio.sleep(0)
        go_on.set()
        assert [await task for task in (first, skipped, newest)] == [None, None, "new"]

        def endless(reader: sqlite3.Connection) -> int:
            begun.set()
            (count,) = reader.execute(
                "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
            ).fetchone()
            return int(count)

        begun.clear()
        running = asyncio.create_task(searcher.ask(endless))
        await asyncio.to_thread(begun.wait, 10)
        await asyncio.sleep(0.05)
        assert await searcher.ask(lambda _: "after") == "after"
        assert await running is None
        with pytest.raises(sqlite3.OperationalError):
            await searcher.ask(lambda reader: reader.execute("SELECT * FROM nothing"))
    finally:
        searcher.close()
