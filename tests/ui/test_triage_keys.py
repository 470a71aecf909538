"""The keys of triage, and the way back and forth through what they did (interface, section 3)."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing

from inbox_tui.store import lookups, outbox, triage
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.labels import Labels, found

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
        await agent.until(lambda: agent.says(f"Again: pin · {name}"))
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


async def test_undo_says_once_of_what_was_done_last_that_it_cannot_be_undone(
    folder: Folder, desk: DeskMaker
) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("*", "#")
        await agent.until(lambda: shown(agent).pinned and shown(agent).done)
        await agent.press("r")
        await agent.type("Hello there")
        await agent.press("enter", "escape")
        await agent.until(lambda: lookups.held(agent.inbox.session.reader, os.getpid()) is not None)
        with Writer(folder) as writer:
            (item,) = outbox.open_items(writer)
            outbox.move(writer, item, State.SENDING, dispatched=True)
        await agent.press("z")
        await agent.until(
            lambda: agent.says(
                f"The message to {name} has left and stays. z again undoes what was done before"
            )
        )
        assert shown(agent).done
        agent.app.clear_notifications()
        await agent.press("z")
        await agent.until(lambda: agent.says(f"Undone: done, no reply · {name}"))
        await agent.press("z")
        await agent.until(lambda: agent.says(f"Undone: pin · {name}"))
        assert not agent.says("has left and stays")


async def test_undo_going_back_behind_a_message_says_once_that_it_stays(
    folder: Folder, desk: DeskMaker
) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("#")
        await agent.until(lambda: shown(agent).done)
        await agent.press("r")
        await agent.type("Hello there")
        await agent.press("enter", "escape")
        await agent.until(lambda: lookups.held(agent.inbox.session.reader, os.getpid()) is not None)
        with Writer(folder) as writer:
            (item,) = outbox.open_items(writer)
            outbox.move(writer, item, State.SENDING, dispatched=True)
        await agent.press("*")
        await agent.until(lambda: shown(agent).pinned)
        await agent.press("z")
        await agent.until(lambda: agent.says(f"Undone: pin · {name}"))
        assert not agent.says("has left and stays")
        await agent.press("z")
        await agent.until(
            lambda: agent.says(f"Undone: done, no reply · {name}. The message to {name} has left and stays")
        )


async def test_undo_behind_an_act_on_the_platform_names_the_key_that_goes_back(
    folder: Folder, desk: DeskMaker
) -> None:
    with closing(sqlite3.connect(folder.cache)) as cache:
        (name,) = cache.execute(
            "SELECT participant_name FROM chats WHERE platform = 'bluesky' AND participant_name IS NOT NULL "
            "AND NOT coalesce(archived, 0) ORDER BY sort_at DESC LIMIT 1"
        ).fetchone()
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("M")
        await agent.until(lambda: agent.says("Archiving"))
        await agent.press("z")
        await agent.until(lambda: agent.says(f"{name} stays archived · M brings the chat back"))


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
    with Writer(folder) as writer:
        writer.cache.execute(
            "UPDATE chats SET rank = NULL, valid_from = NULL, next_change_at = NULL "
            "WHERE participant_name IS NOT ?",
            (name,),
        )
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
        await agent.until(lambda: re.search(r"☾ \d+[dh]\d\d", agent.screen_text()) is not None)
        await agent.press("s", "enter")
        await agent.until(lambda: shown(agent).snoozed_until is None)
        await agent.until(lambda: agent.says(f"Back again: {name}"))


async def test_what_ends_a_snooze_says_so_when_a_chat_is_closed_and_when_it_is_reopened(
    folder: Folder, desk: DeskMaker
) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.type("stomorrow 9")
        await agent.press("enter")
        await agent.until(lambda: shown(agent).snoozed_until is not None)
        await agent.press("e")
        await agent.until(lambda: shown(agent).done)
        assert agent.says(f"Done: {name}. That ends its snooze; z brings it back")
        await agent.press("e")
        await agent.until(lambda: not shown(agent).done)
        assert agent.says(f"Reopened: {name}. Its snooze does not come back; s snoozes it anew")
        assert shown(agent).snoozed_until is None
        await agent.press("z", "z")
        await agent.until(lambda: shown(agent).snoozed_until is not None)


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


async def test_an_undo_typed_at_once_behind_an_act_undoes_that_act(folder: Folder, desk: DeskMaker) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.type("*z")
        await agent.until(lambda: agent.says(f"Undone: pin · {name}"))
        await agent.until(lambda: not shown(agent).pinned)


async def test_labels_are_found_by_letters_and_several_are_one_step(folder: Folder, desk: DeskMaker) -> None:
    name = telegram(folder)
    with Writer(folder) as writer:
        (other,) = writer.cache.execute("SELECT id FROM chats WHERE platform = 'bluesky' LIMIT 1").fetchone()
        triage.label(writer, [other], ["shipping", "refund"])
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.type("tspg")
        await agent.press("enter")
        await agent.type("Big order")
        assert "big-order  new" in agent.screen_text()
        await agent.press("enter", "escape")
        await agent.until(lambda: shown(agent).labels == ("big-order", "shipping"))
        await agent.until(lambda: "labels: big-order, shipping" in agent.screen_text())
        await agent.type("tship")
        await agent.press("enter", "escape")
        await agent.until(lambda: shown(agent).labels == ("big-order",))
        await agent.type("zz")
        await agent.until(lambda: shown(agent).labels == ())


async def test_enter_behind_the_enter_that_added_a_label_closes_and_changes_no_other(
    folder: Folder, desk: DeskMaker
) -> None:
    with Writer(folder) as writer:
        (other,) = writer.cache.execute("SELECT id FROM chats WHERE platform = 'bluesky' LIMIT 1").fetchone()
        triage.label(writer, [other], ["shipping", "refund"])
    async with desk(folder) as agent:
        await agent.open(telegram(folder))
        for typed, labels in (("vip", ("vip",)), ("late, urgent", ("late", "urgent", "vip"))):
            await agent.type(f"t{typed}")
            await agent.press("enter")
            assert f"▸ ✓ {typed.split(', ')[-1]}" in agent.screen_text()
            await agent.press("enter")
            await agent.until(lambda: not isinstance(agent.app.screen, Labels))
            await agent.until(lambda labels=labels: shown(agent).labels == labels)
        # Whoever goes to another row means that one: here off, back and on again, then the one above.
        await agent.type("tvip")
        await agent.press("enter", "down", "up", "enter", "up", "enter", "enter")
        await agent.until(lambda: shown(agent).labels == ("late", "vip"))


async def test_labels_with_commas_between_them_are_added_at_one_go(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(telegram(folder))
        await agent.type("tvip,Big order, #refund,")
        await agent.until(lambda: agent.screen_text().count("  new") == 3)
        await agent.press("enter")
        await agent.type("late, #")
        await agent.press("enter")
        await agent.until(lambda: "is no label" in agent.screen_text())
        await agent.press("escape")
        await agent.until(lambda: shown(agent).labels == ("big-order", "refund", "vip"))
        await agent.press("z")
        await agent.until(lambda: shown(agent).labels == ())


async def test_a_note_is_set_apart_and_enter_in_it_sends_nothing(folder: Folder, desk: DeskMaker) -> None:
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.type("PPrefers mornings")
        assert "PRIVATE NOTE" in agent.screen_text()
        await agent.press("enter")
        await agent.type("Order #A-1042")
        await agent.press("escape")
        await agent.until(lambda: shown(agent).note and "┃ Order #A-1042" in agent.screen_text())
        assert "┃ Prefers mornings" in agent.screen_text()
    with closing(sqlite3.connect(folder.local)) as local:
        assert local.execute("SELECT text FROM notes").fetchall() == [("Prefers mornings\nOrder #A-1042",)]
        assert local.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
        assert local.execute("SELECT count(*) FROM drafts WHERE chat_id LIKE 'note:%'").fetchone() == (0,)


async def test_what_is_typed_into_a_note_is_on_the_disk_before_it_is_kept(
    folder: Folder, desk: DeskMaker
) -> None:
    # Asked once: on a slow machine the chat is seen by the time of the second look.
    name = telegram(folder)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.type("PHalf a thought")
        with closing(sqlite3.connect(folder.local)) as local:
            await agent.until(
                lambda: local.execute("SELECT text FROM drafts").fetchall() == [("Half a thought",)]
            )
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("P")
        await agent.until(lambda: "Half a thought" in agent.screen_text())


def test_labels_that_begin_with_the_letters_come_before_those_that_hold_them() -> None:
    names = ["refund", "big-order", "order", "border", "overdue-refer"]
    assert found(names, "order") == ["order", "big-order", "border", "overdue-refer"]
    assert found(names, "orderr") == ["overdue-refer"]
    assert found(names, "ODR") == ["big-order", "order", "border", "overdue-refer"]
    assert found(names, "") == names
