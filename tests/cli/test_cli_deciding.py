"""`retry` and `discard`: nothing goes twice unless somebody says so in so many words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from cli_accounts import CommandLine
from test_cli_sending import bodies, chat_of

from inbox_tui.sandbox.faults import Fault


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent is looked for, and given up, soon."""
    monkeypatch.setattr("inbox_tui.sync.decisions.FIRST_SEARCH_MS", 100)
    monkeypatch.setattr("inbox_tui.sync.decisions.LAST_SEARCH_MS", 200)


def failed(acting: CommandLine, fault: Callable[[Fault], Fault], text: str) -> str:
    """The id of an item that the API has refused."""
    fault(Fault("error", path="/messages$", method="POST", status=422, text="Not like this", times=1))
    assert acting("send", chat_of(acting, "platform:telegram"), text).code == 1
    return open_item(acting)["id"]


def uncertain(acting: CommandLine, fault: Callable[[Fault], Fault], text: str, kind: str = "reset") -> str:
    """The id of an item whose answer was lost: before anything was done (`reset`), or after (`lost`)."""
    fault(Fault(kind, path="/messages$", method="POST", times=1))
    assert acting("send", chat_of(acting, "platform:telegram"), text).code == 6
    return open_item(acting)["id"]


def open_item(acting: CommandLine) -> dict[str, Any]:
    (record,) = acting("outbox", "--json").records
    return record


def of(acting: CommandLine, text: str) -> int:
    """How many messages with a text the API has in the chat."""
    chat = chat_of(acting, "platform:telegram")
    answer = acting.account.ask(f"chats/{chat}/messages?direction=outbound&per_page=100")
    return sum(message["body"] == text for message in answer["data"])


def test_what_failed_goes_again_under_a_new_key(acting: CommandLine, fault: Callable[[Fault], Fault]) -> None:
    item = failed(acting, fault, "Second try")
    ran = acting("retry", item[:6], "--wait", "--json")
    assert (ran.code, ran.err) == (0, "")
    (record,) = ran.records
    assert (record["state"], record["id"] != item) == ("settled", True)
    assert of(acting, "Second try") == 1
    assert acting("outbox", "--json").records == []


def test_a_rehearsal_says_what_would_be_done_and_changes_nothing(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    item = failed(acting, fault, "Only thought about")
    for verb, words in (("retry", "would try again"), ("discard", "would give up")):
        ran = acting(verb, item, "--dry-run")
        assert ran.code == 0
        assert ran.out.startswith(f"{words}: Only thought about, to ")
        assert "(Telegram)" in ran.out
        (record,) = acting(verb, item, "--dry-run", "--json").records
        assert (record["dry_run"], record["act"], record["id"]) == (True, verb, item)
        assert acting(verb, item, "--dry-run", "-q").out == f"{item}\n"
    assert (open_item(acting)["id"], open_item(acting)["state"]) == (item, "failed")


def test_what_is_queued_again_waits_for_the_next_sync(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    item = failed(acting, fault, "Later again")
    ran = acting("retry", item, "--queue")
    assert ran.code == 0
    assert open_item(acting)["state"] == "queued"
    assert of(acting, "Later again") == 0
    again = acting("retry", open_item(acting)["id"])
    assert again.code == 4
    assert "has not left yet" in again.err


def test_what_is_given_up_lets_the_next_one_go(acting: CommandLine, fault: Callable[[Fault], Fault]) -> None:
    item = failed(acting, fault, "Given up")
    chat = chat_of(acting, "platform:telegram")
    behind = acting("send", chat, "Behind it", "--queue", "--json").records[0]["id"]
    refused = acting("discard", behind)
    assert refused.code == 4
    ran = acting("discard", item, "--json")
    assert ran.code == 0
    assert [(record["id"], record["state"]) for record in ran.records] == [(item, "discarded")]
    assert acting("sync", "--once").code == 0
    assert "Behind it" in bodies(acting, chat)
    assert "Given up" not in bodies(acting, chat)
    assert acting("discard", item).code == 1


@pytest.mark.usefixtures("hasty")
def test_what_may_have_arrived_goes_again_only_when_that_is_said(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    item = uncertain(acting, fault, "Did it?")
    ran = acting("retry", item)
    assert ran.code == 6
    assert "not in the chat" in ran.err
    assert f"retry --again {item[:8]}" in ran.err
    assert f"discard {item[:8]}" in ran.err
    assert of(acting, "Did it?") == 0
    assert open_item(acting)["found"] == []
    assert acting("retry", item, "--again", "--wait").code == 0
    assert of(acting, "Did it?") == 1


@pytest.mark.usefixtures("hasty")
def test_what_may_have_arrived_can_be_given_up(acting: CommandLine, fault: Callable[[Fault], Fault]) -> None:
    item = uncertain(acting, fault, "Never mind")
    assert acting("discard", item[:8]).lines == [f"discarded {item}"]
    assert acting("outbox", "--json").records == []
    assert of(acting, "Never mind") == 0


@pytest.mark.usefixtures("hasty")
def test_the_outbox_names_what_was_found_beside_an_uncertain_message(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    chat = chat_of(acting, "platform:telegram")
    item = uncertain(acting, fault, "Which of them?")
    others = [send_elsewhere(acting, chat, "Which of them?") for _ in range(2)]
    # One that is on its way moves no list, so a sync would not see it.
    assert [arrived(acting, message) for message in others] == ["published", "published"]
    assert acting("sync", "--once").code == 0
    record = open_item(acting)
    assert (record["id"], record["state"], len(record["found"])) == (item, "uncertain", 2)
    assert "2 new messages have this text" in record["title"]
    assert "2 new messages have this text" in acting("outbox").out


@pytest.mark.usefixtures("hasty")
def test_a_message_that_turns_up_settles_its_item_at_the_next_sync(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    chat = chat_of(acting, "platform:telegram")
    uncertain(acting, fault, "There after all")
    send_elsewhere(acting, chat, "There after all")
    assert acting("sync", "--once").code == 0
    assert acting("outbox", "--json").records == []
    assert of(acting, "There after all") == 1


def test_a_failed_message_of_the_api_goes_again_as_a_new_one_once(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    fault(Fault("platform_final", platform="telegram", text="Too many requests", times=1))
    chat = chat_of(acting, "platform:telegram")
    message = send_elsewhere(acting, chat, "From another place")
    assert arrived(acting, message) == "failed"
    assert acting("sync", "--once").code == 0
    assert acting("retry", message, "--wait").code == 0
    assert of(acting, "From another place") == 2
    ran = acting("retry", message)
    assert ran.code == 4
    assert "dealt with before" in ran.err


def test_what_is_neither_open_nor_failed_is_told_apart(acting: CommandLine) -> None:
    unknown = acting("retry", "nothing-of-that-name")
    assert unknown.code == 1
    assert "no outbox item and no message" in unknown.err
    chat = chat_of(acting, "platform:telegram")
    received = acting("thread", chat, "--json").records[0]["id"]
    for verb in ("retry", "discard"):
        ran = acting(verb, received)
        assert ran.code == 4
        assert "has not failed" in ran.err


def send_elsewhere(acting: CommandLine, chat: str, text: str) -> str:
    """The id of a message of the business that was not sent from here."""
    return str(acting.account.post(f"chats/{chat}/messages", {"body": text})["id"])


def arrived(acting: CommandLine, message: str) -> str:
    """What has become of a message when it is on its way no longer."""
    while (status := acting.account.ask(f"messages/{message}")["status"]) == "pending":
        time.sleep(0.02)
    return str(status)
