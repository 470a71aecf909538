"""`send`: by the rules of the screen, carried out at once, or left for the next sync."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_accounts import CommandLine

from inbox_tui.sandbox.faults import Fault

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def chat_of(acting: CommandLine, query: str) -> str:
    """The id of the newest chat that a query finds."""
    return acting("chats", query, "-q").lines[0]


def sent(acting: CommandLine, chat: str) -> dict[str, dict[str, Any]]:
    """Our messages of a chat by id, as the API has them."""
    answer = acting.account.ask(f"chats/{chat}/messages?direction=outbound&per_page=100")
    return {message["id"]: message for message in answer["data"]}


def bodies(acting: CommandLine, chat: str) -> set[str]:
    """The texts that the API has of us in a chat."""
    return {message["body"] for message in sent(acting, chat).values()}


def test_a_text_is_sent_at_once_and_its_message_named(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, "It is in stock [/] again.")
    assert (ran.code, ran.err) == (0, "")
    state, message = ran.out.split()
    assert state in ("accepted", "settled")
    assert sent(acting, chat)[message]["body"] == "It is in stock [/] again."


def test_a_text_comes_from_standard_input_where_none_is_given(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, stdin="two\r\nlines\x1b[2J\n")
    assert ran.code == 0
    assert sent(acting, chat)[ran.out.split()[1]]["body"] == "two\nlines␛[2J"


def test_what_looks_like_a_blank_is_sent_only_as_it_is(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, "hi {{name}}")
    assert (ran.code, ran.out) == (4, "")
    assert "{{name}} looks like a blank" in ran.err
    assert "--as-is" in ran.err
    assert acting("send", chat, "hi {{name}}", "--dry-run").code == 4
    assert "hi {{name}}" not in bodies(acting, chat)
    assert acting("send", chat, "hi {{name}}", "--as-is").code == 0
    assert "hi {{name}}" in bodies(acting, chat)


def test_waiting_ends_when_the_platform_has_the_message(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:bluesky")
    ran = acting("send", chat, "Until it is there", "--wait", "--json")
    assert ran.code == 0
    (record,) = ran.records
    assert (record["state"], record["chat_id"], record["act"]) == ("settled", chat, "send")
    assert sent(acting, chat)[record["message_id"]]["status"] == "published"
    assert acting("outbox").out == ""
    assert acting("thread", chat, "--json").records[-1]["id"] == record["message_id"]


def test_a_queued_text_stays_here_until_the_next_sync(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, "For later", "--queue", "--json")
    assert ran.code == 0
    (record,) = ran.records
    assert (record["state"], record["payload"], record["message_id"]) == (
        "queued",
        {"text": "For later"},
        None,
    )
    assert acting("outbox", "--json").records == [record]
    assert acting("outbox", "-q").lines == [record["id"]]
    assert "For later" in acting("outbox").out
    assert "For later" in acting("thread", chat).out
    assert "For later" not in bodies(acting, chat)
    assert acting("sync", "--once").code == 0
    assert "For later" in bodies(acting, chat)
    assert acting("outbox").out == ""


def test_a_file_is_sent_by_its_address(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, "--url", "https://files.example/size-chart.png")
    assert ran.code == 0
    message = sent(acting, chat)[ran.out.split()[1]]
    assert message["body"] is None
    assert len(message["attachments"]) == 1


def test_a_file_of_this_machine_is_sent_as_it_was_when_it_was_queued(
    acting: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "größe 1.png"
    path.write_bytes(PNG)
    chat = chat_of(acting, "platform:telegram")
    assert acting("send", chat, "--file", str(path), "--queue").code == 0
    path.unlink()
    assert "größe 1.png" in acting("outbox").out
    assert acting("sync").code == 0
    assert acting("outbox").out == ""
    newest = max(sent(acting, chat).values(), key=lambda message: str(message["created_at"]))
    assert [each["type"] for each in newest["attachments"]] == ["image"]


def test_a_file_and_a_text_leave_as_two_messages_in_order(acting: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    path.write_bytes(PNG)
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, "Our chart", "--file", str(path), "--wait", "--json")
    assert ran.code == 0
    file, text = ran.records
    assert [record["state"] for record in ran.records] == ["settled", "settled"]
    messages = sent(acting, chat)
    assert len(messages[file["message_id"]]["attachments"]) == 1
    assert messages[text["message_id"]]["body"] == "Our chart"
    stamps = [messages[record["message_id"]]["external_posted_at"] for record in (file, text)]
    assert stamps == sorted(stamps)


def test_a_reply_names_the_message_that_it_answers(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:telegram")
    answered = next(
        record
        for record in acting("thread", chat, "--json").records
        if record["direction"] == "inbound" and record["external_deleted_at"] is None
    )
    for name in (answered["id"], answered["external_id"]):
        message = acting("send", chat, "To this one", "--reply-to", name, "--wait", "-q").out.strip()
        assert sent(acting, chat)[message]["reply_to_external_id"] == answered["external_id"]
    ran = acting("send", chat, "Nowhere", "--reply-to", "nobody")
    assert (ran.code, ran.out) == (1, "")
    elsewhere = chat_of(acting, "platform:instagram")
    mine = acting("thread", elsewhere, "-q").lines[0]
    ran = acting("send", elsewhere, "Not here", "--reply-to", mine)
    assert (ran.code, "Telegram only" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "it is a folder"),
        (lambda path: os.mkfifo(path), "it is no regular file"),
        (lambda path: path.touch(), "The file is empty"),
        (lambda path: None, "cannot be read"),
    ],
)
def test_what_is_no_file_to_send_is_4_and_nothing_is_left_behind(
    acting: CommandLine, tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "file.png"
    make(path)
    ran = acting("send", chat_of(acting, "platform:telegram"), "--file", str(path))
    assert (ran.code, ran.out) == (4, "")
    assert words in ran.err
    assert acting("outbox").out == ""


def test_a_file_that_a_platform_does_not_take_is_4_and_no_copy_stays(
    acting: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "chart.png"
    path.write_bytes(PNG)
    for platform, words in (("bluesky", "takes text only"), ("bluesky", "Nothing was sent")):
        ran = acting("send", chat_of(acting, f"platform:{platform}"), "--file", str(path))
        assert (ran.code, ran.out) == (4, "")
        assert words in ran.err
    assert acting("send", chat_of(acting, "platform:telegram"), "--file", str(path), "--dry-run").code == 0
    assert not [*acting.account.home.glob("data/*/spool/*")]


def test_an_address_whose_ending_the_platform_does_not_take_is_4(acting: CommandLine) -> None:
    chat = chat_of(acting, "platform:instagram")
    ran = acting("send", chat, "--url", "https://files.example/list.txt", "--dry-run")
    assert (ran.code, ran.out) == (4, "")
    assert "Of documents, Instagram takes PDF only" in ran.err


def test_the_name_of_a_file_does_not_touch_the_terminal(acting: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "evil\x1b[2J\nname.txt"
    path.write_text("words")
    ran = acting("send", chat_of(acting, "platform:telegram"), "--file", str(path), "--dry-run")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    assert "evil␛[2J name.txt" in ran.out


def test_a_rehearsal_says_what_would_leave_and_changes_nothing(acting: CommandLine) -> None:
    chat = chat_of(acting, "from:max from:whitlock")
    before = len(sent(acting, chat))
    ran = acting("send", chat, "Shall I?", "--dry-run")
    assert (ran.code, ran.out) == (0, "would send to Max Whitlock (Telegram): Shall I?\n")
    (record,) = acting("send", chat, "Shall I?", "--dry-run", "--json").records
    assert (record["dry_run"], record["act"], record["chat_id"]) == (True, "send", chat)
    assert record["payload"] == {"text": "Shall I?"}
    assert acting("send", chat, "Shall I?", "--dry-run", "-q").out == f"{chat}\n"
    assert acting("outbox").out == ""
    assert len(sent(acting, chat)) == before


def test_a_refusal_of_the_platform_is_told_in_its_own_words(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    fault(Fault("platform_final", platform="instagram", text="This person is not available", times=1))
    ran = acting("send", chat_of(acting, "platform:instagram"), "Hello?", "--wait")
    assert ran.code == 1
    assert "This person is not available" in ran.err


def test_what_waits_behind_a_failed_message_is_not_called_sent(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    fault(Fault("error", path="/messages$", method="POST", status=422, text="Not like this", times=1))
    chat = chat_of(acting, "platform:telegram")
    first, second = acting("send", chat, "First"), acting("send", chat, "Second")
    assert (first.code, second.code) == (1, 1)
    assert "Not like this" in first.err
    assert "behind an earlier message of this chat" in second.err
    assert [record["state"] for record in acting("outbox", "--json").records] == ["failed", "queued"]
    assert not bodies(acting, chat) & {"First", "Second"}


def test_a_lost_answer_that_nothing_explains_ends_as_uncertain(
    acting: CommandLine, fault: Callable[[Fault], Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox_tui.sync.decisions.FIRST_SEARCH_MS", 100)
    monkeypatch.setattr("inbox_tui.sync.decisions.LAST_SEARCH_MS", 200)
    fault(Fault("reset", path="/messages$", method="POST", times=1))
    chat = chat_of(acting, "platform:telegram")
    ran = acting("send", chat, "Did it arrive?")
    assert ran.code == 6
    assert "Nobody knows whether this was sent" in ran.err
    assert [record["state"] for record in acting("outbox", "--json").records] == ["uncertain"]
    assert "Did it arrive?" not in bodies(acting, chat)
