"""`edit`, `react`, `archive`, `private-reply`, `new-chat` …: the rules of the screen, told by exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_accounts import KEY, Account, CommandLine, Ran, run_alone

from inbox_tui.api.client import Client
from inbox_tui.config import load
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store.answers import keep_comments
from inbox_tui.store.writer import Writer

KEYBOARD = {"inline_keyboard": [[{"text": "Track order", "callback_data": "track"}]]}


def refused(ran: Ran, code: int, words: str) -> None:
    """A command ended with a code, printed nothing, and said why in one line."""
    assert (ran.code, ran.out) == (code, ""), ran
    assert ran.err.count("\n") == 1, ran.err
    assert words in ran.err


def chat_of(acting: CommandLine, platform: str) -> str:
    """The newest chat of a platform in which somebody has written."""
    records = acting("chats", f"platform:{platform}", "--json").records
    return next(record["id"] for record in records if record["last_inbound_at"])


def message_of(acting: CommandLine, platform: str, direction: str, status: str) -> dict[str, Any]:
    """The newest message of a direction and a status, of the first chat that has one."""
    for chat in acting("chats", f"platform:{platform}", "-q").lines:
        found = [
            record
            for record in acting("thread", chat, "--json").records
            if (record.get("direction"), record.get("status")) == (direction, status)
            and not record["attachments"]
            and record["external_deleted_at"] is None
        ]
        if found:
            return found[-1]
    raise AssertionError(f"no {status} message on {platform}")


def live(acting: CommandLine, message_id: str) -> dict[str, Any]:
    """A message as the API has it."""
    record = acting.account.ask(f"messages/{message_id}")
    assert isinstance(record, dict)
    return record


def asked(living: RunningSandbox, method: str, path: str) -> int:
    """How many requests of a method the server has had to a path."""
    return sum((each["method"], each["path"]) == (method, path) for each in living.world.requests)


# ---------------------------------------------------------------- edits


def test_a_text_and_a_keyboard_are_edited_and_the_keyboard_removed(acting: CommandLine) -> None:
    chat = chat_of(acting, "telegram")
    message = acting("send", chat, "Tuesday", "--markup", json.dumps(KEYBOARD), "--wait", "-q").out.strip()
    assert live(acting, message)["reply_markup"] == KEYBOARD
    ran = acting("edit", message, "Wednesday")
    assert (ran.code, ran.out, ran.err) == (0, f"settled {message}\n", "")
    assert (live(acting, message)["body"], live(acting, message)["reply_markup"]) == ("Wednesday", KEYBOARD)
    assert acting("edit", message, "--remove-keyboard").code == 0
    assert (live(acting, message)["body"], live(acting, message)["reply_markup"]) == ("Wednesday", None)
    ran = acting("edit", message, "Thursday", "--markup", json.dumps(KEYBOARD), "--json")
    (record,) = ran.records
    assert (record["act"], record["state"], record["message_id"]) == ("edit", "settled", message)
    assert record["payload"]["text"] == "Thursday"
    assert (live(acting, message)["body"], live(acting, message)["reply_markup"]) == ("Thursday", KEYBOARD)
    printed = next(each for each in acting("thread", chat, "--json").records if each["id"] == message)
    assert printed["body"] == "Thursday"


def test_an_edit_that_would_change_nothing_is_4_and_no_request_leaves(
    acting: CommandLine, living: RunningSandbox
) -> None:
    message = message_of(acting, "telegram", "outbound", "published")
    refused(acting("edit", message["id"], message["body"]), 4, "The message is so already")
    assert asked(living, "PATCH", f"/api/messages/{message['id']}") == 0


def test_a_text_for_an_edit_comes_from_standard_input(acting: CommandLine) -> None:
    message = message_of(acting, "telegram", "outbound", "published")["id"]
    assert acting("edit", message, stdin="two\r\nlines\n").code == 0
    assert live(acting, message)["body"] == "two\nlines"


def test_an_edit_with_what_looks_like_a_blank_leaves_only_as_it_is(
    acting: CommandLine, living: RunningSandbox
) -> None:
    message = message_of(acting, "telegram", "outbound", "published")["id"]
    before = asked(living, "PATCH", f"/api/messages/{message}")
    refused(acting("edit", message, "Dear {{?order number}}"), 4, "{{?order number}} looks like a blank")
    refused(acting("edit", message, "--dry-run", stdin="Dear {{name}}"), 4, "--as-is")
    assert asked(living, "PATCH", f"/api/messages/{message}") == before
    assert acting("edit", message, "Dear {{name}}", "--as-is").code == 0
    assert live(acting, message)["body"] == "Dear {{name}}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--markup", "{"], "no JSON"),
        (["--markup", "[]"], "a JSON object"),
        (["--markup", "{}", "--remove-keyboard"], "exclude each other"),
        ([" "], "The text is empty"),
        ([], "There is no text to send"),
    ],
)
def test_an_edit_that_cannot_be_understood_is_2(
    acting: CommandLine, arguments: list[str], words: str
) -> None:
    message = message_of(acting, "telegram", "outbound", "published")["id"]
    refused(acting("edit", message, *arguments), 2, words)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ({"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}, "65 bytes"),
        ({"inline_keyboard": [[{"text": "a", "url": "javascript:alert(1)"}]]}, "must begin with"),
        ({"keyboard": [["a"]]}, "Only an inline keyboard"),
        ({"inline_keyboard": []}, "at least one is needed"),
    ],
)
def test_a_keyboard_that_telegram_would_refuse_is_4(
    acting: CommandLine, markup: dict[str, Any], words: str
) -> None:
    message = message_of(acting, "telegram", "outbound", "published")["id"]
    refused(acting("edit", message, "--markup", json.dumps(markup)), 4, words)
    assert acting("outbox").out == ""


def test_a_refusal_of_telegram_is_1_in_its_own_words_and_stays_in_the_outbox(
    acting: CommandLine, fault: Callable[[Fault], Fault]
) -> None:
    words = "Bad Request: message can't be edited"
    fault(Fault("error", path="/messages/", method="PATCH", status=422, text=words, times=1))
    message = message_of(acting, "telegram", "outbound", "published")
    ran = acting("edit", message["id"], "Too late")
    assert ran.code == 1
    assert words in ran.err
    (record,) = acting("outbox", "--json").records
    assert (record["act"], record["state"], record["title"]) == ("edit", "failed", words)
    assert acting("outbox").lines[1].split()[2:4] == ["edit", "failed"]
    assert f"[edit to Too late: failed, {words}]" in acting("thread", message["chat_id"]).out
    records = acting("thread", message["chat_id"], "--json").records
    (shown,) = [each for each in records if each["id"] == message["id"]]
    assert (shown["body"], [each["state"] for each in shown["pending"]]) == (message["body"], ["failed"])


# ---------------------------------------------------------------- reactions


def test_a_reaction_is_set_replaced_and_taken_off(acting: CommandLine) -> None:
    message = message_of(acting, "facebook", "inbound", "received")["id"]

    def own() -> list[tuple[str, str]]:
        page = next(each for each in acting.account.ask("profiles")["data"] if each["platform"] == "facebook")
        reactions = live(acting, message)["reactions"]
        return [
            (each["emoji"], each["reaction"])
            for each in reactions
            if each["sender_external_id"] == page["platform_id"]
        ]

    assert acting("react", message).code == 0
    assert own() == [("❤️", "love")]
    assert acting("react", message, "Wow").code == 0
    assert own() == [("😮", "wow")]
    assert acting("react", message, "🦄").code == 0
    assert [emoji for emoji, _ in own()] == ["🦄"]
    refused(acting("react", message, "🦄"), 4, "so already")
    assert acting("react", message, "love").code == 0
    assert own() == [("❤️", "love")]
    assert acting("react", message, "👍").code == 0
    assert own() == [("👍", "like")]
    refused(acting("react", message, "like"), 4, "so already")
    refused(acting("react", message, "спасибо"), 4, "One emoji, please")
    ran = acting("unreact", message, "-q")
    assert (ran.code, ran.out) == (0, f"{message}\n")
    assert own() == []
    refused(acting("unreact", message), 4, "no reaction of yours")


def test_instagram_takes_love_alone_with_any_emoji_along_with_it(acting: CommandLine) -> None:
    message = message_of(acting, "instagram", "inbound", "received")["id"]
    refused(acting("react", message, "wow"), 4, "Instagram takes the reaction love only")
    assert acting("react", message, "🎉").code == 0
    reactions = [(each["emoji"], each["reaction"]) for each in live(acting, message)["reactions"]]
    assert ("🎉", "love") in reactions


# ---------------------------------------------------------------- the archive


def test_a_chat_is_archived_and_brought_back(acting: CommandLine) -> None:
    chat = chat_of(acting, "bluesky")
    ran = acting("archive", chat)
    assert (ran.code, ran.out) == (0, f"settled {chat}\n")
    assert acting.account.ask(f"chats/{chat}")["archived"] is True
    refused(acting("archive", chat), 4, "archived already")
    (printed,) = [each for each in acting("chats", "--json").records if each["id"] == chat]
    assert printed["archived"] is True
    assert acting("unarchive", chat).code == 0
    assert acting.account.ask(f"chats/{chat}")["archived"] is False
    refused(acting("unarchive", chat), 4, "not archived")


def test_what_waits_can_be_taken_back_by_its_opposite(acting: CommandLine, living: RunningSandbox) -> None:
    chat = chat_of(acting, "bluesky")
    path = f"/api/chats/{chat}/archive"
    before = asked(living, "POST", path), asked(living, "DELETE", path)
    assert acting("archive", chat, "--queue").code == 0
    refused(acting("archive", chat, "--queue"), 4, "on its way already")
    assert acting("unarchive", chat).code == 0
    assert acting("outbox").out == ""
    assert (asked(living, "POST", path), asked(living, "DELETE", path)) == before


# ---------------------------------------------------------------- new chats


def test_a_new_chat_is_made_found_again_and_written_into(acting: CommandLine) -> None:
    assert acting("new-chat", "bluesky", "did:plc:newcomer", "--dry-run").code == 0
    ran = acting("new-chat", "@acme.shop", "did:plc:newcomer")
    refused(ran, 1, "There is no profile @acme.shop")
    profile = next(
        record["id"] for record in acting("profiles", "--json").records if record["platform"] == "bluesky"
    )
    chat = acting("new-chat", profile, "did:plc:newcomer", "-q").out.strip()
    assert acting.account.ask(f"chats/{chat}")["participant_external_id"] == "did:plc:newcomer"
    assert acting("new-chat", profile, "did:plc:newcomer", "-q").out.strip() == chat
    ran = acting("new-chat", profile, "did:plc:newcomer", "Hello there", "--json")
    begun, sent = ran.records
    assert (begun["act"], begun["state"], begun["chat_id"]) == ("new_chat", "settled", chat)
    assert (sent["act"], sent["chat_id"]) == ("send", chat)
    assert live(acting, sent["message_id"])["body"] == "Hello there"
    assert acting("chats", "-q").lines[0] == chat


def test_a_new_chat_that_cannot_be_is_4_and_nothing_is_made(acting: CommandLine) -> None:
    ids = {record["platform"]: record["id"] for record in acting("profiles", "--json").records}
    refused(acting("new-chat", ids["bluesky"], "jane.bsky.social"), 4, "DID")
    refused(acting("new-chat", ids["bluesky"], "did:plc:jane doe"), 4, "did:plc:jane doe is no DID")
    refused(acting("new-chat", ids["telegram"], "@jane"), 4, "the number of the person, not the user name")
    refused(acting("new-chat", ids["instagram"], "@jane"), 4, "not the name or handle")
    refused(acting("new-chat", ids["telegram"], "77", "Hello"), 4, "A Telegram bot cannot write first")
    refused(acting("new-chat", ids["facebook"], "77", "Hello"), 4, "Facebook lets you write only after")
    refused(acting("new-chat", "Acme Shop", "77"), 2, "names more than one profile")
    assert acting("outbox").out == ""


def test_a_new_chat_with_its_text_can_be_left_to_the_next_sync(acting: CommandLine) -> None:
    profile = next(
        record["id"] for record in acting("profiles", "--json").records if record["platform"] == "bluesky"
    )
    refused(acting("new-chat", profile, "did:plc:later", "Hi {{name}}"), 4, "{{name}} looks like a blank")
    assert acting("new-chat", profile, "did:plc:later", "For later", "--queue").code == 0
    assert "begin a chat with did:plc:later: For later" in acting("outbox").out
    assert acting("sync").code == 0
    assert acting("outbox").out == ""
    assert "For later" in acting("chats").out


# ---------------------------------------------------------------- private replies


def commented(acting: CommandLine, living: RunningSandbox) -> tuple[str, str]:
    """A post and a comment of the last week without a reply, both in the cache."""
    settings = load()
    now = living.world.now()
    with Writer(settings.folder) as writer, Client(living.url, KEY) as client:
        for profile in client.list_profiles().items:
            if profile.platform not in ("facebook", "instagram"):
                continue
            for post in client.list_posts(status="published").items:
                if all(target.profile_id not in (None, profile.id) for target in post.targets):
                    continue
                comments = client.list_comments(post.id, profile_id=profile.id).items
                keep_comments(writer, profile.id, post.id, comments)
                for comment in comments:
                    young = now - (comment.posted_at or 0) < 6 * 86_400_000
                    if young and comment.author_external_id:
                        return post.id, comment.id
    raise AssertionError("nobody has commented")


def test_a_comment_is_answered_privately_once_and_its_chat_appears(
    acting: CommandLine, living: RunningSandbox
) -> None:
    post, comment = commented(acting, living)
    ran = acting("private-reply", post, comment, "We wrote to you", "--wait", "--json")
    assert ran.code == 0, ran
    (record,) = ran.records
    assert (record["act"], record["state"]) == ("private_reply", "settled")
    message = live(acting, record["message_id"])
    assert (message["body"], message["chat_id"]) == ("We wrote to you", record["chat_id"])
    refused(acting("private-reply", post, comment, "Again"), 4, "has had its private reply")
    refused(acting("private-reply", post, comment, "Dear {{name}}"), 4, "{{name}} looks like a blank")
    refused(acting("private-reply", post, comment, stdin=""), 2, "There is no text to send")
    refused(acting("private-reply", post, "Hello", stdin=""), 1, "There is no comment Hello of post")
    assert acting("sync").code == 0
    assert "We wrote to you" in acting("thread", record["chat_id"]).out


def test_a_comment_that_nobody_has_fetched_is_1(acting: CommandLine) -> None:
    refused(acting("private-reply", "post", "nobody", "Hello"), 1, "There is no comment nobody of post post")


# ---------------------------------------------------------------- manners


def test_a_rehearsal_asks_everything_and_does_nothing(acting: CommandLine, living: RunningSandbox) -> None:
    message = message_of(acting, "telegram", "outbound", "published")
    before = len(living.world.requests)
    ran = acting("edit", message["id"], "Something else", "--dry-run")
    assert ran.code == 0
    assert ran.out.startswith(f"would edit the text of message {message['id']} to ")
    (record,) = acting("edit", message["id"], "Something else", "--dry-run", "--json").records
    assert (record["dry_run"], record["act"], record["chat_id"]) == (True, "edit", message["chat_id"])
    assert record["payload"]["text"] == "Something else"
    refused(acting("react", message["id"], "--dry-run"), 4, "Telegram has no reactions")
    assert len(living.world.requests) == before
    assert acting("outbox").out == ""


@pytest.mark.parametrize("verb", ["edit", "react", "unreact"])
def test_an_unknown_message_is_1(acting: CommandLine, verb: str) -> None:
    arguments = ["Hello"] if verb == "edit" else []
    refused(acting(verb, "nobody", *arguments), 1, "There is no message nobody in the cache")


def test_without_a_key_nothing_is_left_behind(acting: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = chat_of(acting, "bluesky")
    monkeypatch.delenv("POSTPROXY_API_KEY")
    refused(acting("archive", chat), 3, "nothing was sent")
    assert acting("outbox").out == ""


def test_a_lost_answer_is_looked_after_and_the_command_ends_well(
    acting: CommandLine, fault: Callable[[Fault], Fault], living: RunningSandbox
) -> None:
    chat = chat_of(acting, "bluesky")
    lost = fault(Fault("lost", path="/archive$", method="POST", times=1))
    before = asked(living, "POST", f"/api/chats/{chat}/archive")
    assert acting("archive", chat).code == 0
    assert lost.struck == 1
    assert asked(living, "POST", f"/api/chats/{chat}/archive") == before + 1
    assert acting.account.ask(f"chats/{chat}")["archived"] is True
    assert acting("unarchive", chat).code == 0


def test_a_private_reply_whose_answer_is_lost_without_a_trace_is_6(
    acting: CommandLine,
    fault: Callable[[Fault], Fault],
    living: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inbox_tui.sync.decisions.FIRST_SEARCH_MS", 100)
    monkeypatch.setattr("inbox_tui.sync.decisions.LAST_SEARCH_MS", 200)
    post, comment = commented(acting, living)
    fault(Fault("reset", path="/private_reply$", method="POST", times=1))
    ran = acting("private-reply", post, comment, "Did it arrive?")
    assert ran.code == 6
    assert "Nobody knows whether this was sent" in ran.err
    assert [record["state"] for record in acting("outbox", "--json").records] == ["uncertain"]


def test_acts_without_their_server_are_5_and_wait_in_the_outbox(
    orphan_account: Account, tmp_path: Path
) -> None:
    account = orphan_account.copy(tmp_path / "home")
    chat = run_alone(account, "chats", "platform:bluesky", "-q").out.split()[0]
    refused(run_alone(account, "archive", chat), 5, "waits in the outbox and leaves with the next sync")
    (record,) = run_alone(account, "outbox", "--json").records
    assert (record["act"], record["state"]) == ("archive", "queued")


def test_a_process_of_its_own_carries_an_act_out_and_tells_it_by_its_code(
    living_account: Account, tmp_path: Path
) -> None:
    account = living_account.copy(tmp_path / "home")
    chats = {
        platform: run_alone(account, "chats", f"platform:{platform}", "-q").out.split()[-1]
        for platform in ("bluesky", "facebook")
    }
    ran = run_alone(account, "archive", chats["bluesky"])
    assert (ran.code, ran.out, ran.err) == (0, f"settled {chats['bluesky']}\n", "")
    refused(run_alone(account, "archive", chats["facebook"]), 4, "Facebook chats cannot be archived")
    refused(run_alone(account, "archive"), 2, "Missing")
    refused(run_alone(account, "archive", "nobody"), 1, "There is no chat nobody")
    wrong = run_alone(account, "unarchive", chats["bluesky"], POSTPROXY_API_KEY="wrong")
    assert (wrong.code, wrong.err.count("\n")) == (3, 1)
    assert run_alone(account, "outbox", "--json").records[0]["state"] == "failed"
