"""Seed: Edit message, React to message, Remove reaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Record = dict[str, Any]
KEYBOARD = {"inline_keyboard": [[{"text": "Track", "callback_data": "track"}]]}
OTHER = {"inline_keyboard": [[{"text": "Stop", "callback_data": "stop"}]]}


class TestEditMessage:
    """PATCH /api/messages/:id."""

    def test_a_text_is_changed_and_stamped(
        self,
        api: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        message = sent(new_chat("telegram"))
        advance(900)
        answer = api.patch(
            f"/api/messages/{message['id']}", json={"body": "Updated answer: we ship to 90+ countries."}
        )
        edited = answer.json()
        assert answer.status_code == 200
        changed = {key for key in edited if edited[key] != message[key]}
        assert changed == {"body", "external_edited_at"}
        assert edited["body"] == "Updated answer: we ship to 90+ countries."
        assert edited["external_edited_at"] > message["external_posted_at"]
        assert edited["reply_markup"] is None
        assert api.get(f"/api/messages/{message['id']}").json() == edited

    def test_it_answers_to_the_platforms_id_too(
        self, api: httpx.Client, new_chat: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        message = sent(new_chat("telegram"))
        edited = api.patch(f"/api/messages/{message['external_id']}", json={"body": "new"}).json()
        assert (edited["id"], edited["body"]) == (message["id"], "new")

    def test_the_body_of_a_media_message_is_its_caption(
        self, api: httpx.Client, new_chat: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        message = sent(new_chat("telegram"), None, media=["https://cdn.example.com/photo.png"])
        edited = api.patch(f"/api/messages/{message['id']}", json={"body": "The green one"}).json()
        assert (edited["body"], edited["attachments"]) == ("The green one", message["attachments"])
        long = api.patch(f"/api/messages/{message['id']}", json={"body": "x" * 1025})
        assert (long.status_code, long.json()) == (422, {"error": "Bad Request: message caption is too long"})
        emptied = api.patch(f"/api/messages/{message['id']}", json={"body": ""}).json()
        assert emptied["body"] is None

    def test_a_keyboard_is_added_replaced_and_removed_by_an_empty_object(
        self, api: httpx.Client, new_chat: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        path = f"/api/messages/{sent(new_chat('telegram'))['id']}"
        for markup, expected in ((KEYBOARD, KEYBOARD), (OTHER, OTHER), ({}, None)):
            assert api.patch(path, json={"reply_markup": markup}).json()["reply_markup"] == expected

    def test_a_text_alone_keeps_the_keyboard(
        self, api: httpx.Client, new_chat: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        message = sent(new_chat("telegram"), reply_markup=KEYBOARD)
        edited = api.patch(f"/api/messages/{message['id']}", json={"body": "new text"}).json()
        assert edited["reply_markup"] == KEYBOARD

    @pytest.mark.parametrize("platform", ["facebook", "instagram", "bluesky"])
    def test_other_networks_are_refused(
        self,
        error: Callable[..., Any],
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        platform: str,
    ) -> None:
        path = f"/api/messages/{sent(new_chat(platform))['id']}"
        expected = (422, {"error": "Editing messages is only supported on Telegram"})
        assert error("PATCH", path, json={"body": "new"}) == expected

    def test_only_published_outbound_messages_can_be_edited(
        self,
        api: httpx.Client,
        error: Callable[..., Any],
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        chat = new_chat("telegram")
        pending = api.post(f"/api/chats/{chat['id']}/messages", json={"body": "x"}).json()
        expected = (422, {"error": "Only published outbound messages can be edited"})
        for message in (pending, inbound(chat)):
            assert error("PATCH", f"/api/messages/{message['id']}", json={"body": "new"}) == expected

    def test_body_or_reply_markup_is_required(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        path = f"/api/messages/{sent(new_chat('telegram'))['id']}"
        assert error("PATCH", path, json={}) == (400, {"error": "body or reply_markup is required"})

    def test_telegrams_errors_are_passed_through_verbatim(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], sent: Callable[..., Record]
    ) -> None:
        path = f"/api/messages/{sent(new_chat('telegram'), reply_markup=KEYBOARD)['id']}"

        def refusal(**fields: Any) -> str:
            status, answer = error("PATCH", path, json=fields)
            assert status == 422
            text: str = answer["error"]
            return text

        assert refusal(body="Hi there").startswith("Bad Request: message is not modified")
        assert refusal(reply_markup=KEYBOARD).startswith("Bad Request: message is not modified")
        assert refusal(body="  ") == "Bad Request: message text is empty"
        assert refusal(body="x" * 4097) == "Bad Request: MESSAGE_TOO_LONG"
        assert refusal(reply_markup={"keyboard": [["Yes"]]}) == "Bad Request: inline keyboard expected"
        too_long = {"inline_keyboard": [[{"text": "x", "callback_data": "é" * 33}]]}
        assert refusal(reply_markup=too_long) == "Bad Request: BUTTON_DATA_INVALID"

    @pytest.mark.parametrize(
        "markup", [{"keyboard": [["Yes"]]}, {"force_reply": True}, {"remove_keyboard": True}]
    )
    def test_a_message_sent_with_another_kind_of_markup_can_never_be_edited(
        self,
        error: Callable[..., Any],
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        markup: Record,
    ) -> None:
        path = f"/api/messages/{sent(new_chat('telegram'), reply_markup=markup)['id']}"
        expected = (422, {"error": "Bad Request: message can't be edited"})
        assert error("PATCH", path, json={"body": "new"}) == expected


class TestReactToMessage:
    """POST /api/messages/:id/react."""

    def test_the_reaction_is_kept_under_the_profiles_platform_id(
        self,
        api: httpx.Client,
        profiles: dict[str, str],
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        message = inbound(new_chat("instagram"))
        answer = api.post(f"/api/messages/{message['id']}/react", data={"reaction": "love", "emoji": "❤️"})
        assert answer.status_code == 200
        (entry,) = answer.json()["reactions"]
        profile = api.get(f"/api/profiles/{profiles['instagram']}").json()
        assert entry["sender_external_id"] == profile["platform_id"]
        assert (entry["emoji"], entry["reaction"]) == ("❤️", "love")
        assert entry["at"].endswith("Z")
        assert {**answer.json(), "reactions": []} == message
        assert api.get(f"/api/messages/{message['id']}").json() == answer.json()

    def test_curl_sends_the_emoji_as_raw_utf_8(
        self, api: httpx.Client, new_chat: Callable[..., Record], inbound: Callable[..., Record]
    ) -> None:
        answer = api.post(
            f"/api/messages/{inbound(new_chat('instagram'))['id']}/react",
            content="reaction=love&emoji=❤️".encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.json()["reactions"][0]["emoji"] == "❤️"

    @pytest.mark.parametrize("platform", ["facebook", "instagram"])
    @pytest.mark.parametrize("body", [None, {}, {"reaction": None}])
    def test_love_is_the_default(
        self,
        api: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        platform: str,
        body: Record | None,
    ) -> None:
        answer = api.post(f"/api/messages/{inbound(new_chat(platform))['id']}/react", json=body)
        (entry,) = answer.json()["reactions"]
        assert (entry["reaction"], entry["emoji"]) == ("love", "❤️")

    @pytest.mark.parametrize(
        ("name", "emoji"),
        [
            ("love", "❤️"),
            ("like", "👍"),
            ("dislike", "👎"),
            ("smile", "😆"),
            ("wow", "😮"),
            ("sad", "😢"),
            ("angry", "😡"),
        ],
    )
    def test_messenger_names_become_emoji_and_a_given_emoji_wins(
        self,
        api: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        name: str,
        emoji: str,
    ) -> None:
        path = f"/api/messages/{inbound(new_chat('facebook'))['id']}/react"
        (named,) = api.post(path, json={"reaction": name}).json()["reactions"]
        assert (named["reaction"], named["emoji"]) == (name, emoji)
        (given,) = api.post(path, json={"reaction": name, "emoji": "🎉"}).json()["reactions"]
        assert given["emoji"] == "🎉"

    def test_a_second_reaction_replaces_the_first_and_leaves_the_persons(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        message = inbound(new_chat("facebook"))
        control.post("/reactions", json={"message": message["id"], "emoji": "😮", "reaction": "wow"})
        path = f"/api/messages/{message['id']}/react"
        api.post(path, json={"reaction": "like"})
        reactions = api.post(path, json={"reaction": "sad"}).json()["reactions"]
        assert [entry["reaction"] for entry in reactions] == ["wow", "sad"]

    def test_instagram_takes_love_only(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], inbound: Callable[..., Record]
    ) -> None:
        path = f"/api/messages/{inbound(new_chat('instagram'))['id']}/react"
        expected = (422, {"error": "Instagram only supports the love reaction"})
        assert error("POST", path, json={"reaction": "wow"}) == expected

    def test_messenger_refuses_an_unknown_name_without_emoji(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], inbound: Callable[..., Record]
    ) -> None:
        path = f"/api/messages/{inbound(new_chat('facebook'))['id']}/react"
        assert error("POST", path, json={"reaction": "meh"}) == (422, {"error": "Unknown reaction: meh"})

    @pytest.mark.parametrize("platform", ["telegram", "bluesky"])
    @pytest.mark.parametrize(("method", "act"), [("POST", "react"), ("DELETE", "unreact")])
    def test_other_networks_are_refused(
        self,
        error: Callable[..., Any],
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        platform: str,
        method: str,
        act: str,
    ) -> None:
        path = f"/api/messages/{inbound(new_chat(platform))['id']}/{act}"
        expected = (422, {"error": "Reactions are only supported on Facebook and Instagram"})
        assert error(method, path) == expected

    def test_a_message_that_never_reached_the_platform_cannot_be_reacted_to(
        self, api: httpx.Client, error: Callable[..., Any], new_chat: Callable[..., Record]
    ) -> None:
        chat = new_chat("facebook")
        pending = api.post(f"/api/chats/{chat['id']}/messages", json={"body": "x"}).json()
        assert error("POST", f"/api/messages/{pending['id']}/react")[0] == 422


class TestRemoveReaction:
    """DELETE /api/messages/:id/unreact."""

    @pytest.mark.parametrize("platform", ["facebook", "instagram"])
    def test_only_this_accounts_entry_goes(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        platform: str,
    ) -> None:
        message = inbound(new_chat(platform))
        theirs = control.post("/reactions", json={"message": message["id"]}).json()["reactions"]
        api.post(f"/api/messages/{message['id']}/react")
        answer = api.delete(f"/api/messages/{message['id']}/unreact")
        assert answer.status_code == 200
        assert answer.json()["reactions"] == theirs
        assert {**answer.json(), "reactions": []} == message

    def test_without_a_reaction_the_message_comes_back_unchanged(
        self, api: httpx.Client, new_chat: Callable[..., Record], inbound: Callable[..., Record]
    ) -> None:
        message = inbound(new_chat("facebook"))
        answer = api.delete(f"/api/messages/{message['id']}/unreact")
        assert (answer.status_code, answer.json()) == (200, message)
