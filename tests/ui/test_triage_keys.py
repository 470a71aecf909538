"""The keys of triage, and the way back and forth through what they did (interface, section 3)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from inbox_tui.store import triage, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.reads import ChatRow

from .conftest import Desk, DeskMaker


def telegram(folder: Folder) -> str:
    """A person on Telegram who waits for an answer."""
    with closing(sqlite3.connect(folder.cache)) as cache:
        (name,) = cache.execute(
            "SELECT participant_name FROM chats WHERE platform = 'telegram' AND unanswered > 0 "
            "AND unread > 0 AND participant_name IS NOT NULL ORDER BY sort_at DESC LIMIT 1"
        ).fetchone()
        return str(name)


def shown(agent: Desk) -> ChatRow:
    assert agent.inbox.shown is not None
    return agent.inbox.shown


async def test_done_can_be_undone_and_done_again_over_many_steps_and_after_a_restart(
    folder: Folder, desk: DeskMaker
) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("e")
        await agent.until(lambda: shown(agent).done)
        await agent.press("*")
        await agent.until(lambda: shown(agent).pinned and "★ pinned" in agent.screen_text())
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("z")
        await agent.until(lambda: not shown(agent).pinned and agent.says(f"Undone: pin · {name}"))
        await agent.press("z")
        await agent.until(lambda: not shown(agent).done and agent.says(f"Undone: done · {name}"))
        await agent.press("z")
        await agent.until(lambda: agent.says("Nothing can be taken back any more"))
        await agent.press("ctrl+r", "ctrl+r")
        await agent.until(lambda: shown(agent).done and shown(agent).pinned)
        await agent.press("ctrl+r")
        await agent.until(lambda: agent.says("There is nothing to do again"))


async def test_a_held_send_comes_back_before_any_step_of_the_journal(folder: Folder, desk: DeskMaker) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("r")
        await agent.type("Hello there")
        await agent.press("enter", "escape", "*")
        await agent.until(lambda: shown(agent).pinned)
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "Hello there")
        assert shown(agent).pinned
        await agent.press("z")
        await agent.until(lambda: not shown(agent).pinned)
        assert agent.inbox.composer.text == "Hello there"


async def test_done_and_next_closes_the_chat_and_a_key_typed_behind_it_is_about_the_next(
    folder: Folder, desk: DeskMaker
) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        first = shown(agent)
        await agent.type("]r")
        await agent.until(lambda: shown(agent).pk != first.pk)
        assert shown(agent).unanswered
        await agent.until(
            lambda: (
                agent.inbox.session.reader.execute(
                    "SELECT done FROM chats WHERE pk = ?", (first.pk,)
                ).fetchone()
                == (1,)
            )
        )
        await agent.type("x")
        assert not shown(agent).done
        assert agent.inbox.composer.chat_id == shown(agent).chat.id


async def test_done_and_next_says_when_there_is_no_other(folder: Folder, desk: DeskMaker) -> None:
    name = telegram(folder)
    with writes.Writer(folder) as writer:
        others = writer.cache.execute(
            "SELECT id FROM chats WHERE unanswered > 0 AND participant_name IS NOT ?", (name,)
        ).fetchall()
        triage.done(writer, [row[0] for row in others])
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("]")
        await agent.until(lambda: agent.says(f"Done: {name}. No other chat needs a reply"))
        await agent.until(lambda: shown(agent).done)


async def test_no_reply_needed_closes_and_reads(folder: Folder, desk: DeskMaker) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("#")
        await agent.until(lambda: shown(agent).done and not shown(agent).unread)


async def test_a_snooze_is_typed_behind_its_key_and_what_it_comes_to_is_shown(
    folder: Folder, desk: DeskMaker
) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.type("stomorrow 9")
        # Once beside the preset, once below the field.
        await agent.until(lambda: agent.screen_text().count("until tomorrow 09:00") == 2)
        await agent.press("enter")
        await agent.until(lambda: agent.says(f"Snoozed until tomorrow 09:00: {name}"))
        await agent.until(lambda: "snoozed: tomorrow 09:00" in agent.screen_text())
        assert "☾ snoozed" in agent.screen_text()
        await agent.press("s", "enter")
        await agent.until(lambda: shown(agent).snoozed_until is None)
        assert agent.says(f"Back again: {name}")


async def test_a_time_that_cannot_be_understood_stays_to_be_corrected_with_examples(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(telegram(folder))
        await agent.type("swhenever")
        await agent.press("enter")
        assert "is no time to snooze until" in agent.screen_text()
        assert "fri 14:30" in agent.screen_text()
        await agent.press("escape")
        await agent.until(lambda: agent.app.screen is agent.inbox)
        assert shown(agent).snoozed_until is None


async def test_a_preset_is_chosen_by_the_arrows(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(telegram(folder))
        await agent.press("s", "up", "enter")
        await agent.until(lambda: "snoozed: until they write" in agent.screen_text())
