"""Seed: Telegram notes, Bluesky notes, and what Facebook and Instagram tell about messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Record = dict[str, Any]
KEYBOARD = {"inline_keyboard": [[{"text": "Track", "callback_data": "track:1"}]]}


class TestTelegramNotes:
    """ "Telegram notes"."""

    def test_the_bot_must_be_written_to_first(
        self, api: httpx.Client, error: Callable[..., Any], profiles: dict[str, str]
    ) -> None:
        path = f"/api/profiles/{profiles['telegram']}/chats"
        chat = api.post(path, json={"participant_external_id": "77001"}).json()
        text = "Forbidden: bot can't initiate conversation with a user"
        assert error("POST", f"/api/chats/{chat['id']}/messages", json={"body": "Hi"}) == (
            422,
            {"error": text},
        )

    def test_once_written_to_it_can_answer_at_any_time(
        self, new_chat: Callable[..., Record], sent: Callable[..., Record], advance: Callable[..., None]
    ) -> None:
        chat = new_chat("telegram", "/start")
        advance(400 * 24 * 3600)
        assert sent(chat)["status"] == "published"

    def test_an_inbound_edit_changes_the_body_and_is_stamped(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        message = inbound(new_chat("telegram", "Helo"))
        edited = control.post("/edits", json={"message": message["id"], "body": "Hello"}).json()
        assert (edited["body"], edited["external_posted_at"]) == ("Hello", message["external_posted_at"])
        assert edited["external_edited_at"]
        assert api.get(f"/api/messages/{message['id']}").json() == edited

    def test_a_reply_threads_under_a_message(
        self, new_chat: Callable[..., Record], inbound: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        chat = new_chat("telegram")
        target = inbound(chat)["external_id"]
        message = sent(chat, reply_to_external_id=target)
        assert (message["status"], message["reply_to_external_id"]) == ("published", target)

    def test_a_reply_to_what_is_not_there_fails_in_telegrams_words(
        self, new_chat: Callable[..., Record], inbound: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        chat, elsewhere = new_chat("telegram"), inbound(new_chat("telegram"))["external_id"]
        for target in ("1", elsewhere):
            message = sent(chat, reply_to_external_id=target)
            assert message["status"] == "failed"
            assert message["error_message"] == "Bad Request: message to be replied not found"

    @pytest.mark.parametrize(
        "markup",
        [
            {"inline_keyboard": [[{"text": "Site", "url": "https://acme.example"}], [
                {"text": "Copy", "copy_text": {"text": "SAVE10"}},
                {"text": "Ask", "switch_inline_query_current_chat": ""}]]},
            {"keyboard": [[{"text": "Yes"}, "No"]], "one_time_keyboard": True, "resize_keyboard": True},
            {"force_reply": True, "input_field_placeholder": "Order number"},
            {"remove_keyboard": True},
            {"inline_keyboard": [[{"text": "Go", "callback_data": "go", "style": "primary"}]], "later": 1},
        ],
        ids=["inline keyboard", "reply keyboard", "force reply", "remove keyboard", "unknown keys"],
    )  # fmt: skip
    def test_reply_markup_is_passed_through_unchanged(
        self, new_chat: Callable[..., Record], sent: Callable[..., Record], markup: Record
    ) -> None:
        message = sent(new_chat("telegram"), reply_markup=markup)
        assert (message["status"], message["reply_markup"]) == ("published", markup)

    @pytest.mark.parametrize(
        ("markup", "words"),
        [
            ({"inline_keyboard": [[{"text": "x", "callback_data": "x" * 65}]]}, "BUTTON_DATA_INVALID"),
            ({"inline_keyboard": [[{"text": "x", "callback_data": ""}]]}, "BUTTON_DATA_INVALID"),
            ({"inline_keyboard": [[{"text": "x", "url": "ftp://x"}]]}, "BUTTON_URL_INVALID"),
            ({"inline_keyboard": [[{"text": "x", "copy_text": {"text": ""}}]]}, "BUTTON_COPY_TEXT_INVALID"),
            ({"inline_keyboard": [[{"text": "x"}]]}, "Text buttons are unallowed in the inline keyboard"),
            ({"inline_keyboard": [[{"callback_data": "x"}]]}, 'Can\'t find field "text"'),
            ({"inline_keyboard": [["x"]]}, "InlineKeyboardButton must be an Object"),
            ({"inline_keyboard": [{"text": "x"}]}, "must be an Array of Arrays"),
            ({"inline_keyboard": [[{"text": "x", "callback_data": "x"}] * 9]}, "reply markup is too long"),
            ({"inline_keyboard": [[{"text": "x", "callback_data": "x"}]] * 101}, "reply markup is too long"),
            ({"keyboard": ["Yes"]}, "must be an Array of Arrays"),
            ({"keyboard": [[{"request_contact": True}]]}, 'Can\'t find field "text"'),
            ({"force_reply": "yes"}, "must be of type Boolean"),
        ],
    )
    def test_a_keyboard_that_telegram_does_not_take_fails_in_its_words(
        self, new_chat: Callable[..., Record], sent: Callable[..., Record], markup: Record, words: str
    ) -> None:
        message = sent(new_chat("telegram"), reply_markup=markup)
        assert message["status"] == "failed"
        assert message["error_message"].startswith("Bad Request: ")
        assert words in message["error_message"]

    def test_reply_markup_must_be_an_object(
        self, error: Callable[..., Any], new_chat: Callable[..., Record]
    ) -> None:
        path = f"/api/chats/{new_chat('telegram')['id']}/messages"
        for markup in ("nonsense", ["x"], 7):
            assert error("POST", path, json={"body": "x", "reply_markup": markup})[0] == 422

    def test_a_tap_becomes_an_inbound_callback_query_under_the_keyboard(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
    ) -> None:
        chat = new_chat("telegram")
        keyboard = sent(chat, reply_markup=KEYBOARD)
        tap = control.post("/taps", json={"message": keyboard["id"], "data": "track:1"}).json()
        assert (tap["direction"], tap["status"], tap["body"]) == ("inbound", "received", "track:1")
        assert tap["platform_data"]["kind"] == "callback_query"
        assert tap["reply_to_external_id"] == keyboard["external_id"]
        assert api.get(f"/api/chats/{chat['id']}").json()["last_inbound_at"] == tap["external_posted_at"]

    def test_there_are_no_receipts(
        self, api: httpx.Client, new_chat: Callable[..., Record], sent: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:  # fmt: skip
        message = sent(new_chat("telegram"))
        advance(3600)
        later = api.get(f"/api/messages/{message['id']}").json()
        assert (later["external_delivered_at"], later["external_read_at"]) == (None, None)

    def test_nobody_hears_of_deletions(
        self, control: httpx.Client, new_chat: Callable[..., Record], inbound: Callable[..., Record]
    ) -> None:
        answer = control.post("/deletions", json={"message": inbound(new_chat("telegram"))["id"]})
        assert answer.status_code == 422


class TestBlueskyNotes:
    """ "Bluesky notes"."""

    def test_inbound_arrives_when_the_poller_has_run(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("bluesky")

        def bodies() -> list[str]:
            return [m["body"] for m in api.get(f"/api/chats/{chat['id']}/messages").json()["data"]]

        advance(60)
        written = control.post("/messages", json={"chat": chat["id"], "body": "later", "poller": True})
        assert written.status_code == 202
        assert bodies() == ["Hello"]
        advance(300)
        assert bodies() == ["later", "Hello"]
        newest = api.get(f"/api/chats/{chat['id']}/messages").json()["data"][0]
        assert newest["external_posted_at"] < newest["created_at"]

    def test_the_poller_can_be_made_to_run(
        self, api: httpx.Client, control: httpx.Client, new_chat: Callable[..., Record]
    ) -> None:
        chat = new_chat("bluesky")
        control.post("/messages", json={"chat": chat["id"], "body": "now", "poller": True})
        assert control.post("/poll").json()["messages"] >= 1
        assert api.get(f"/api/chats/{chat['id']}/messages").json()["total"] == 2

    def test_a_closed_recipient_fails_the_send_with_blueskys_error(
        self,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
    ) -> None:
        chat = new_chat("bluesky")
        control.patch(f"/chats/{chat['id']}", json={"trait": "closed-dms"})
        message = sent(chat)
        assert message["status"] == "failed"
        assert "recipient requires incoming messages" in message["error_message"]

    def test_there_are_no_receipts(
        self, api: httpx.Client, new_chat: Callable[..., Record], sent: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:  # fmt: skip
        message = sent(new_chat("bluesky"))
        advance(3600)
        later = api.get(f"/api/messages/{message['id']}").json()
        assert (later["external_delivered_at"], later["external_read_at"]) == (None, None)

    def test_a_deletion_is_stamped_when_the_poller_has_run(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        message = inbound(new_chat("bluesky"))
        control.post("/deletions", json={"message": message["id"]})
        assert api.get(f"/api/messages/{message['id']}").json()["external_deleted_at"] is None
        advance(300)
        assert api.get(f"/api/messages/{message['id']}").json()["external_deleted_at"]


class TestMetaNotes:
    """Delivery and read receipts, edits, deletions (capability table, "Message fields")."""

    @pytest.mark.parametrize("platform", ["facebook", "instagram"])
    def test_a_sent_message_is_stamped_delivered_then_read(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        platform: str,
    ) -> None:
        message = sent(new_chat(platform))
        delivered = api.get(f"/api/messages/{message['id']}").json()
        assert delivered["external_delivered_at"]
        assert delivered["external_read_at"] is None
        read = control.post("/receipts", json={"message": message["id"], "kind": "read"}).json()
        assert read["external_read_at"] >= read["external_delivered_at"]
        assert read["status"] == "published"

    @pytest.mark.parametrize("platform", ["facebook", "instagram"])
    def test_the_person_can_edit(
        self,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        platform: str,
    ) -> None:
        message = inbound(new_chat(platform))
        edited = control.post("/edits", json={"message": message["id"], "body": "better"}).json()
        assert edited["body"] == "better"
        assert edited["external_edited_at"]

    def test_instagram_tells_of_deletions_and_facebook_does_not(
        self, control: httpx.Client, new_chat: Callable[..., Record], inbound: Callable[..., Record]
    ) -> None:
        gone = control.post("/deletions", json={"message": inbound(new_chat("instagram"))["id"]})
        assert gone.json()["external_deleted_at"]
        kept = control.post("/deletions", json={"message": inbound(new_chat("facebook"))["id"]})
        assert kept.status_code == 422

    def test_an_inbound_reply_quotes_a_message(
        self,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
    ) -> None:
        chat = new_chat("instagram")
        ours = sent(chat)
        body = {"chat": chat["id"], "body": "yes", "reply_to_external_id": ours["external_id"]}
        theirs = control.post("/messages", json=body).json()
        assert theirs["reply_to_external_id"] == ours["external_id"]
