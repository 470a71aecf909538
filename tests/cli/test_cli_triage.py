"""Marks of triage from the command line (interface, section 4): offline, in one step, told by exit codes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cli_accounts import CommandLine

from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from tests.undoing import undo


def one(command: CommandLine, query: str) -> str:
    return command("chats", query, "-q").lines[0]


def record(command: CommandLine, chat: str) -> dict[str, Any]:
    (found,) = [each for each in command("chats", "--json").records if each["id"] == chat]
    return found


def test_chats_are_closed_and_taken_up_again_all_in_one_command(reading: CommandLine) -> None:
    chats = reading("chats", "is:needs-reply", "-q").lines[:2]
    ran = reading("done", *chats)
    assert (ran.code, ran.lines) == (0, [f"done {chat}" for chat in chats])
    assert set(chats) <= set(reading("chats", "is:done", "-q").lines)
    assert reading("done", chats[0]).lines == [f"unchanged, done {chats[0]}"]
    assert reading("reopen", *chats, "-q").lines == chats
    assert set(chats) <= set(reading("chats", "is:needs-reply", "-q").lines)


def test_no_reply_needed_takes_a_chat_as_read_too(reading: CommandLine) -> None:
    chat = one(reading, "is:unread")
    reading("done", chat, "--no-reply")
    assert (record(reading, chat)["done"], record(reading, chat)["unread"]) == (True, 0)


def test_a_chat_is_put_away_until_words_say_and_brought_back(reading: CommandLine) -> None:
    chat = one(reading, "platform:telegram")
    ran = reading("snooze", chat, "tomorrow", "9", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.records[0]["snoozed_until"] is not None
    assert chat in reading("chats", "is:snoozed", "-q").lines
    assert reading("snooze", chat, "--off").lines == [f"unsnooze {chat}"]
    assert chat not in reading("chats", "is:snoozed", "-q").lines


def test_the_list_tells_what_was_decided_before_what_is_unread(reading: CommandLine) -> None:
    chat = one(reading, "is:unread platform:telegram")

    def told() -> str:
        return next(line for line in reading("chats").lines if line.startswith(chat))

    assert " unread " in told()
    reading("snooze", chat, "30h")
    assert re.search(r" snoozed 1d0[56] ", told())
    reading("snooze", chat, "until reply")
    assert " snoozed " in told()
    reading("done", chat)
    assert re.search(r" done, \d+ unread ", told())


def test_it_is_said_that_a_snooze_ends_with_done_and_does_not_come_back_with_reopen(
    reading: CommandLine,
) -> None:
    put_away, other = reading("chats", "platform:telegram", "-q").lines[:2]
    reading("snooze", put_away, "tomorrow 9")
    assert "1 chat was snoozed, which ends with it" in reading("done", put_away, other, "--dry-run").err
    assert "1 chat was snoozed, which ends with it" in reading("done", put_away, other).err
    ran = reading("reopen", put_away, other)
    assert (ran.code, ran.lines) == (0, [f"reopen {put_away}", f"reopen {other}"])
    assert "1 chat was snoozed, which does not come back" in ran.err
    reading("done", put_away)
    assert reading("reopen", put_away).err == ""


def test_it_is_said_what_a_snooze_comes_to_and_what_the_window_makes_of_it(reading: CommandLine) -> None:
    telegram = one(reading, "platform:telegram")
    assert f"snoozed until tomorrow 09:00: {telegram}" in reading("snooze", telegram, "tomorrow").lines
    assert reading("snooze", telegram, "until", "reply").lines == [f"snoozed until they write: {telegram}"]
    sticky = reading("snooze", telegram, "tomorrow", "9", "sticky")
    assert sticky.lines == [f"snoozed until tomorrow 09:00, even if they write: {telegram}"]
    assert "sticky" in reading("snooze", "--help").out
    closing = one(reading, "is:closing")
    assert "The reply window closes first" in reading("snooze", closing, "3d").out


def test_a_time_that_cannot_be_understood_is_a_usage_error_with_examples(reading: CommandLine) -> None:
    ran = reading("snooze", one(reading, "platform:telegram"), "whenever")
    assert ran.code == 2
    assert "no time to snooze until" in ran.err
    assert "tomorrow 9" in ran.err
    assert not reading("chats", "is:snoozed", "-q").lines


def test_a_chat_is_marked_read_and_unread_again(reading: CommandLine) -> None:
    chat = one(reading, "is:unread")
    assert reading("read", chat, "--json").records[0]["unread"] == 0
    assert reading("unread", chat, "--json").records[0]["unread"] > 0


def test_labels_pins_and_notes_are_kept_and_printed(reading: CommandLine) -> None:
    chat = one(reading, "platform:telegram")
    assert reading("label", chat, "VIP", "big order").lines == [f"label +vip +big-order {chat}"]
    assert reading("label", chat, "--remove", "vip", "--json").records[0]["labels"] == ["big-order"]
    assert reading("label", chat).lines == ["big-order"]
    assert reading("pin", chat, "--json").records[0]["pinned"] is True
    assert reading("pin", chat, "--off", "--json").records[0]["pinned"] is False
    assert reading("note", chat, "Calls on Mondays", "--json").records[0]["note"] == "Calls on Mondays"
    assert reading("note", chat).lines == ["Calls on Mondays"]
    assert reading("note", chat, "--remove").lines == [f"remove note {chat}"]
    assert reading("note", chat).out == ""


def test_all_that_a_query_finds_is_one_step_and_its_count_is_said(reading: CommandLine) -> None:
    chats = reading("chats", "platform:telegram", "-q").lines
    ran = reading("pin", "--query", "platform:telegram", "--dry-run")
    assert len(ran.lines) == len(chats) > 2
    assert f"{len(chats)} chats match" in ran.err
    assert not record(reading, chats[0])["pinned"]
    reading("pin", chats[0])
    ran = reading("pin", "--query", "platform:telegram")
    assert ran.lines == [f"unchanged, pin {chats[0]}", *(f"pin {chat}" for chat in chats[1:])]
    (local,) = reading.account.home.glob("data/*/local.db")
    with Writer(Folder(local.parent, local.parent.name)) as writer:
        step = undo(writer)
    assert step is not None
    assert step.chat_ids == tuple(chats[1:])
    assert reading("done", "--query", "from:nobody-at-all").err.endswith("no chat matches\n")


def test_several_chats_take_a_time_or_labels_by_options(reading: CommandLine) -> None:
    chats = reading("chats", "platform:telegram", "-q").lines[:2]
    assert reading("snooze", *chats, "--until", "tomorrow 9", "-q").lines == chats
    assert reading("snooze", *chats, "--off").lines == [f"unsnooze {chat}" for chat in chats]
    assert reading("label", *chats, "--add", "vip").lines == [f"label +vip {chat}" for chat in chats]
    assert reading("label", "--query", "platform:telegram from:nobody", "new").lines == []
    assert reading("label", *chats[:1], "--remove", "vip", "-q").lines == chats[:1]
    for words in (
        ["done"],
        ["done", chats[0], "--query", "is:done"],
        ["pin", "--query", "is:nothing"],
        ["pin", "--query", " "],
    ):
        assert reading(*words).code == 2


@pytest.mark.parametrize(
    ("words", "would"),
    [
        (["done"], "be done"),
        (["reopen"], "be reopened"),
        (["snooze", "2h"], "be snoozed"),
        (["snooze", "--off"], "be brought back"),
        (["read"], "be marked read"),
        (["unread"], "be marked unread"),
        (["label", "vip"], "be labelled +vip"),
        (["pin"], "be pinned"),
        (["pin", "--off"], "be unpinned"),
        (["note", "words"], "get the note"),
        (["note", "--remove"], "lose the note"),
    ],
)
def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    reading: CommandLine, words: list[str], would: str
) -> None:
    chat = one(reading, "is:unread")
    before = record(reading, chat)
    arguments = [words[0], chat, *words[1:], "--dry-run"]
    ran = reading(*arguments)
    assert (ran.code, len(ran.lines)) == (0, 1)
    assert ran.out.startswith(f"would {would}: {before['participant_name']} ({chat})")
    assert reading(*arguments, "-q").lines == [chat]
    (told,) = reading(*arguments, "--json").records
    assert (told["id"], told["dry_run"], told["unread"]) == (chat, True, before["unread"])
    assert told["act"]
    assert record(reading, chat) == before | {
        name: record(reading, chat)[name] for name in ("looked_at", "no_news_at")
    }


def test_where_one_chat_is_unknown_nothing_is_done_to_any(reading: CommandLine) -> None:
    chat = one(reading, "is:needs-reply")
    ran = reading("done", chat, "nobody")
    assert ran.code == 1
    assert "There is no chat nobody in the cache" in ran.err
    assert chat not in reading("chats", "is:done", "-q").lines


@pytest.mark.parametrize(
    "words", [["snooze", "2h", "--off"], ["note", "words", "--remove"], ["note", " "], ["label", "#"]]
)
def test_what_contradicts_itself_or_is_empty_is_a_usage_error(reading: CommandLine, words: list[str]) -> None:
    chat = one(reading, "platform:telegram")
    assert reading(words[0], chat, *words[1:]).code == 2
