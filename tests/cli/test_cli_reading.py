"""What `sync`, `profiles`, `chats`, `thread` and `outbox` print."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_accounts import CommandLine

CHAT_ADDITIONS = {
    "preview", "unread", "unanswered", "needs_reply_since", "waiting", "done", "failed", "window_closes_at",
    "snoozed_until", "labels", "pinned", "estimated", "draft", "waiting_sends", "looked_at", "no_news_at",
}  # fmt: skip
"""What the cache derives beside the fields of the API."""


def differences(printed: dict[str, Any], said: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that the API said and the command printed otherwise, or not at all."""
    return {
        name: (printed.get(name, "missing"), value)
        for name, value in said.items()
        if printed.get(name, "missing") != value
    }


def test_a_first_sync_fetches_everything_and_a_second_one_nothing(reading: CommandLine) -> None:
    shutil.rmtree(reading.account.home)
    first = reading("sync", "--once")
    assert (first.code, first.out) == (0, "")
    assert first.err.startswith("up to date: 4 profiles, 73 of 73 chats, 73 read, ")
    second = reading("sync")
    assert (second.code, second.out) == (0, "")
    assert " 0 new messages, " in second.err
    (record,) = reading("sync", "--json").records
    assert (record["profiles"], record["chats"], record["chats_total"], record["messages"]) == (4, 73, 73, 0)
    assert (record["phase"], record["errors"], record["notices"]) == ("up to date", [], [])


def test_profiles_are_printed_with_their_health(reading: CommandLine) -> None:
    table = reading("profiles")
    assert table.code == 0
    assert table.lines[0].split() == ["id", "platform", "name", "cached", "age", "health"]
    assert [line.split()[1] for line in table.lines[1:]] == ["Bluesky", "Facebook", "Instagram", "Telegram"]
    assert all(line.endswith("well") and "last look" in line for line in table.lines[1:])


def test_profiles_as_json_carry_the_fields_of_the_api_and_the_last_look(reading: CommandLine) -> None:
    said = {profile["id"]: profile for profile in reading.account.ask("profiles")["data"]}
    printed = reading("profiles", "--json").records
    assert {record["id"] for record in printed} == set(said)
    for record in printed:
        known = {name: value for name, value in said[record["id"]].items() if name in record}
        assert {"id", "name", "platform", "status", "profile_group_id", "username", "expires_at"} <= set(
            known
        )
        assert differences(record, known) == {}
        assert (record["chats"], record["fault"]) == (record["chats_total"], None)
        assert record["looked_at"].endswith("Z")
    assert reading("profiles", "-q").lines == [record["id"] for record in printed]


def test_every_chat_is_printed_newest_first_in_one_line(reading: CommandLine) -> None:
    table = reading("chats")
    assert table.code == 0
    assert table.lines[0].split()[:5] == ["id", "platform", "person", "age", "state"]
    assert len(table.lines) == 1 + 73
    assert "Jane Doe" in table.lines[1]
    assert max(len(line) for line in table.lines) <= 200


def test_chats_as_json_carry_every_field_of_the_api_as_the_api_said_it(reading: CommandLine) -> None:
    printed = reading("chats", "--json").records
    said = {
        # Nothing known of a person is an empty object here, whichever way it was said.
        chat["id"]: chat | {"metadata": chat["metadata"] or {}}
        for profile in reading.account.ask("profiles")["data"]
        for chat in reading.account.ask(f"profiles/{profile['id']}/chats?per_page=100")["data"]
    }
    assert {record["id"] for record in printed} == set(said)
    assert {
        record["id"]: found for record in printed if (found := differences(record, said[record["id"]]))
    } == {}
    assert all(set(record) - set(said[record["id"]]) == CHAT_ADDITIONS for record in printed)
    times = [record["last_message_at"] or record["created_at"] for record in printed]
    assert times == sorted(times, reverse=True)


def test_ids_alone_are_those_of_the_records_in_the_same_order(reading: CommandLine) -> None:
    records = reading("chats", "platform:telegram", "--json").records
    assert {record["platform"] for record in records} == {"telegram"}
    assert reading("chats", "platform:telegram", "-q").lines == [record["id"] for record in records]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (["from:whitlock", "from:max"], ["Max Whitlock"]),
        (["platform:ig", "from:jane"], ["Jane Doe"]),
        (['from:"mona lisa"'], ["Mona Lisa Hartmann"]),
        (["platform:fb", "from:whitlock"], []),
    ],
)
def test_chats_are_found_by_the_query_language(
    reading: CommandLine, query: list[str], names: list[str]
) -> None:
    ran = reading("chats", *query, "--json")
    assert ran.code == 0
    assert [record["participant_name"] for record in ran.records] == names


def _chat_of(reading: CommandLine, name: str) -> dict[str, Any]:
    (record,) = reading("chats", f'from:"{name}"', "--json").records
    return record


def test_a_thread_as_json_carries_every_message_as_the_api_said_it_oldest_first(reading: CommandLine) -> None:
    compared = deleted = 0
    for chat in reading("chats", "--json").records:
        said = reading.account.ask(f"chats/{chat['id']}/messages?per_page=100")
        whole = {message["id"]: message for message in said["data"]}
        printed = reading("thread", chat["id"], "--json").records
        if said["total"] <= 100:
            assert {record["id"] for record in printed} == set(whole)
        for record in printed:
            message = whole.get(record["id"])
            if record["external_deleted_at"]:
                # What a customer deleted is not kept, whatever the API still tells of it.
                assert (record["body"], record["attachments"]) == (None, [])
                deleted += 1
            elif message is not None:
                assert differences(record, message) == {}
                compared += 1
        times = [record["external_posted_at"] or record["created_at"] for record in printed]
        assert times == sorted(times)
    assert compared > 400
    assert deleted > 0


def test_a_thread_is_found_by_the_id_of_its_conversation_too(reading: CommandLine) -> None:
    chat = _chat_of(reading, "Max Whitlock")
    assert chat["external_conversation_id"] != chat["id"]
    by_hashid = reading("thread", chat["id"], "-q")
    assert by_hashid.lines
    assert reading("thread", chat["external_conversation_id"], "-q") == by_hashid


def test_a_tap_is_printed_as_the_words_on_the_button(reading: CommandLine) -> None:
    assert "tapped ▸ Too small" in reading("thread", _chat_of(reading, "Miles Holloway")["id"]).out


def test_a_thread_in_words_names_days_writers_and_what_became_of_our_own(reading: CommandLine) -> None:
    ran = reading("thread", _chat_of(reading, "Max Whitlock")["id"])
    assert ran.code == 0
    assert ran.lines[0] == "Max Whitlock · Telegram"
    assert "-- today --" in ran.out
    assert "  Max Whitlock: [image] this is how my old one fits, same cut?" in ran.out
    assert any("  you: " in line and line.endswith("(published)") for line in ran.lines)


def test_a_thread_in_words_holds_every_message_whole(reading: CommandLine) -> None:
    chat = _chat_of(reading, "Max Whitlock")["id"]
    newest = reading("thread", chat, "-q").lines[-1]
    body = f"{'many words ' * 40}\nand the last line"
    (cache,) = reading.account.home.glob("data/*/cache.db")
    with closing(sqlite3.connect(cache)) as file, file:
        file.execute("UPDATE messages SET body = ? WHERE id = ?", (body, newest))
    assert body.replace("\n", "\n       ") in reading("thread", chat).out


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("has:reaction platform:facebook", r"\[(\S+) (you|[^]]+)\]$"),
        ("platform:facebook", r"\(published, read \d\d:\d\d\)"),
        ("has:buttons", r"\[\d rows?, \d+ buttons?: "),
    ],
)
def test_a_thread_in_words_tells_receipts_reactions_and_buttons(
    reading: CommandLine, query: str, told: str
) -> None:
    threads = [reading("thread", chat).out for chat in reading("chats", query, "-q").lines]
    assert threads
    assert any(re.search(told, thread, re.MULTILINE) for thread in threads)


def test_receipts_are_printed_only_where_the_platform_has_them(reading: CommandLine) -> None:
    for chat in reading("chats", "platform:telegram", "-q").lines:
        assert ", read " not in reading("thread", chat).out


def test_an_edited_message_says_so_in_words(reading: CommandLine) -> None:
    edited = [
        (chat, message)
        for chat in reading("chats", "-q").lines
        for message in reading("thread", chat, "--json").records
        if message["external_edited_at"] is not None and message["external_deleted_at"] is None
    ]
    assert edited
    for chat, _ in edited:
        assert re.search(r"\[edited \d\d:\d\d\]", reading("thread", chat).out)


def test_a_failed_message_is_printed_with_the_reason_of_the_platform(reading: CommandLine) -> None:
    chats = [record["id"] for record in reading("chats", "--json").records if record["failed"]]
    assert chats
    for chat in chats:
        failed = [m for m in reading("thread", chat, "--json").records if m["status"] == "failed"]
        assert failed
        assert all(
            f"(failed): {message['error_message']}" in reading("thread", chat).out for message in failed
        )


@pytest.mark.parametrize("flags", [[], ["--json"], ["-q"]])
def test_where_nothing_is_found_only_standard_error_says_why(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: list[str]
) -> None:
    def said(*arguments: str) -> str:
        ran = reading(*arguments, *flags)
        assert (ran.code, ran.out) == (0, "")
        return ran.err

    failed = "inbox-tui: failed messages stand in 4 chats, as the service tells them: "
    told = "" if flags else f"{failed}`inbox-tui chats is:failed` lists them\n"
    assert said("outbox") == f"inbox-tui: nothing waits to be sent\n{told}"
    assert said("chats", "from:nobody") == "inbox-tui: no chat matches\n"
    monkeypatch.setenv("INBOX_TUI_HOME", str(tmp_path / "new"))
    words = "inbox-tui: nothing is cached yet; `inbox-tui sync` fetches it\n"
    assert [said("chats"), said("chats", "from:nobody"), said("profiles")] == [words] * 3


def test_a_chat_as_json_says_when_it_was_last_looked_at(reading: CommandLine) -> None:
    chat = reading("chats", "--json").records[0]
    assert chat["looked_at"] is not None
    # The list of its profile was looked at after the chat itself, or in the same second.
    assert chat["no_news_at"] >= chat["looked_at"]
    profiles = {record["id"]: record["looked_at"] for record in reading("profiles", "--json").records}
    assert chat["no_news_at"] == max(chat["looked_at"], profiles[chat["profile_id"]])


@pytest.mark.parametrize(
    "command", ["sync", "profiles", "chats", "thread", "outbox", "send", "sandbox", "demo"]
)
def test_every_command_explains_itself(reading: CommandLine, command: str) -> None:
    short, long = reading(command, "-h"), reading(command, "--help")
    assert short == long
    assert (short.code, short.err) == (0, "")
    assert f"inbox-tui {command} [OPTIONS]" in short.out
