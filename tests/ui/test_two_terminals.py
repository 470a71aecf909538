"""Two terminals, two keys at once: nothing typed is lost, nothing is sent twice."""

from __future__ import annotations

import asyncio

from textual import events

from inbox_tui.store import drafts
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import Context

from .conftest import DeskMaker
from .steps import TELEGRAM, chat_id, rows


async def test_a_draft_typed_elsewhere_comes_into_an_untouched_composer(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as one, desk(folder) as two:
        await one.open(TELEGRAM)
        await two.open(TELEGRAM)
        await one.press("r")
        await one.type("typed in the first")
        await two.until(lambda: two.inbox.composer.text == "typed in the first")


async def test_moving_on_writes_only_what_was_typed_here(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as one, desk(folder) as two:
        await one.open(TELEGRAM)
        await two.open(TELEGRAM)
        await one.press("r")
        await one.type("typed in the first")
        await two.press("J", "K")
        await one.until(lambda: rows(folder, "SELECT text FROM drafts") == [("typed in the first",)])


async def test_letters_typed_in_both_by_turns_are_each_there_once(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as one, desk(folder) as two:
        for agent in (one, two):
            await agent.open(TELEGRAM)
            await agent.press("r")
        for mine, theirs in zip("abcdefgh", "12345678", strict=True):
            await one.type(mine)
            await asyncio.sleep(0.1)
            await two.type(theirs)
            await asyncio.sleep(0.1)
        letters = sorted("abcdefgh12345678")
        await one.until(lambda: sorted(one.inbox.composer.text.replace("\n", "")) == letters)
        await two.until(lambda: two.inbox.composer.text == one.inbox.composer.text)
        assert "abcdefgh" in one.inbox.composer.text
        assert "12345678" in one.inbox.composer.text
        await one.until(lambda: rows(folder, "SELECT text FROM drafts") == [(one.inbox.composer.text,)])


async def test_words_that_were_removed_do_not_come_back_from_another_terminal(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as one, desk(folder) as two:
        for agent in (one, two):
            await agent.open(TELEGRAM)
            await agent.press("r")
        await one.type("ab")
        await two.type("12")
        for agent in (one, two):
            # What has not been seen there is not removed there either.
            await agent.until(lambda at=agent: {*"12ab"} <= {*at.inbox.composer.text})
        await two.press("escape")
        field = one.inbox.composer.editor
        field.put("", (0, 0), field.document.end)
        await one.type("On its way")
        await two.until(lambda: two.inbox.composer.text == "On its way")
        await two.press("J", "K")
        await two.until(lambda: two.inbox.composer.text == "On its way")
        await one.until(lambda: rows(folder, "SELECT text FROM drafts") == [("On its way",)])
        assert one.inbox.composer.text == "On its way"


async def test_a_composer_says_that_its_draft_is_written_in_another_terminal_too(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as one, desk(folder) as two:
        for agent in (one, two):
            await agent.open(TELEGRAM)
            await agent.press("r")
        await one.type("typed in the first")
        await two.until(lambda: "another terminal" in two.screen_text())
        assert "another terminal" not in one.screen_text()


async def test_texts_typed_in_both_are_both_kept(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        await agent.press("r")
        agent.inbox.session.changes.poll = lambda: False
        with Writer(folder) as writer:
            drafts.save(writer, chat_id(folder, TELEGRAM), "from elsewhere", 0)
        await agent.type("from here")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("from elsewhere\nfrom here",)])
        agent.inbox.pulse.take_changes()
        assert agent.inbox.composer.text == "from elsewhere\nfrom here"


async def test_one_draft_is_sent_once_though_both_press_enter(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as one, desk(folder) as two:
        await one.open(TELEGRAM)
        await one.press("r")
        await one.type("only once")
        await two.open(TELEGRAM)
        await two.until(lambda: two.inbox.composer.text == "only once")
        two.inbox.session.changes.poll = lambda: False
        await two.press("r")
        await one.press("enter")
        await one.until(lambda: one.inbox.composer.text == "")
        await two.press("enter")
        await two.until(lambda: two.says("sent or changed elsewhere"))
        await two.until(lambda: two.inbox.composer.text == "")
        await two.press("enter")
        await two.until(lambda: two.says("Nothing to send"))
    assert rows(folder, "SELECT count(*) FROM outbox") == [(1,)]


async def test_a_failed_message_is_queued_once_however_often_the_key_is_pressed(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await agent.open("Freya Lindqvist")
        while getattr(getattr(agent.inbox.thread.cursor_row, "message", None), "status", "") != "failed":
            await agent.press("k")
        for _ in range(4):
            agent.app.post_message(events.Key("exclamation_mark", "!"))
        await agent.until(lambda: agent.says("being sent again already"))
    assert rows(folder, "SELECT count(*) FROM outbox") == [(1,)]


async def test_two_lines_and_two_enters_in_one_burst_are_two_messages(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        for character in "rone\rtwo\r3":
            key = "enter" if character == "\r" else character
            agent.app.post_message(events.Key(key, character))
        await agent.until(lambda: agent.inbox.composer.text == "3")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("3",)])
    assert rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox ORDER BY pk") == [
        ("one",),
        ("two",),
    ]


async def test_what_is_typed_while_a_send_comes_back_stays_behind_it(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        await agent.press("r")
        await agent.type("too early")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        agent.app.post_message(events.Key("ctrl+z", None))
        for character in ", but more":
            agent.app.post_message(events.Key(character, character))
        await agent.until(lambda: agent.inbox.composer.text == "too early, but more")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("too early, but more",)])


async def test_without_a_chat_in_the_list_there_is_nobody_to_write_to(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.press("\\")
        await agent.type("nobodyiscalledthis")
        await agent.until(lambda: not agent.inbox.chats.window_rows)
        await agent.press("enter", "r")
        assert agent.context is Context.LIST
        await agent.until(lambda: agent.says("No chat is selected"))
