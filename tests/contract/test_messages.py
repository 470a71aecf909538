"""Seed: List messages, Send message, Send media, Get message, Message fields, Message statuses."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Record = dict[str, Any]
World = dict[str, list[tuple[Record, list[Record]]]]
PLATFORMS = ("facebook", "instagram", "telegram", "bluesky")
FIELDS = [
    "id", "chat_id", "external_id", "direction", "body", "status", "external_comment_id", "error_message",
    "platform_data", "external_posted_at", "external_delivered_at", "external_read_at", "external_edited_at",
    "reply_to_external_id", "external_deleted_at", "reactions", "attachments", "is_unsupported", "created_at",
]  # fmt: skip
PENDING_FIELDS = [
    "id", "chat_id", "external_id", "direction", "body", "status", "external_comment_id", "error_message",
    "platform_data", "external_posted_at", "attachments", "created_at",
]  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def thread(api: httpx.Client, chat: Record, **params: Any) -> list[Record]:
    messages: list[Record] = []
    page = 0
    while True:
        answer = api.get(f"/api/chats/{chat['id']}/messages", params={**params, "page": page}).json()
        messages += answer["data"]
        page += 1
        if not answer["data"]:
            assert answer["total"] == len(messages)
            return messages


def chats_of(api: httpx.Client, profile: str) -> list[Record]:
    chats: list[Record] = api.get(f"/api/profiles/{profile}/chats", params={"per_page": 100}).json()["data"]
    return chats


class TestListMessages:
    """GET /api/chats/:chat_id/messages."""

    def test_answers_a_page_of_twenty_counted_from_zero(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        long = max(
            chats_of(untouched, profiles["telegram"]),
            key=lambda chat: untouched.get(f"/api/chats/{chat['id']}/messages").json()["total"],
        )
        answer = untouched.get(f"/api/chats/{long['id']}/messages").json()
        assert list(answer) == ["total", "page", "per_page", "data"]
        assert (answer["page"], answer["per_page"], len(answer["data"])) == (0, 20, 20)
        assert answer["total"] >= 300
        whole = thread(untouched, long, per_page=100)
        assert [m["id"] for m in thread(untouched, long, per_page=33)] == [m["id"] for m in whole]
        assert len({m["id"] for m in whole}) == answer["total"]

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_the_newest_comes_first_by_posted_at_or_else_created_at(
        self, whole_world: World, platform: str
    ) -> None:
        for _, messages in whole_world[platform]:
            times = [m["external_posted_at"] or m["created_at"] for m in messages]
            assert times == sorted(times, reverse=True)

    def test_a_pending_message_is_ordered_by_created_at_until_it_is_posted(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("telegram")
        advance(10)
        pending = api.post(f"/api/chats/{chat['id']}/messages", json={"body": "on its way"}).json()
        advance(0.5)
        control.post("/messages", json={"chat": chat["id"], "body": "a crossing message"})
        assert [m["body"] for m in thread(api, chat)] == ["a crossing message", "on its way", "Hello"]
        advance(3)
        newest = thread(api, chat)[0]
        assert (newest["id"], newest["status"]) == (pending["id"], "published")

    @pytest.mark.parametrize("direction", ["inbound", "outbound"])
    def test_a_list_by_direction_is_exactly_the_messages_of_that_direction(
        self, untouched: httpx.Client, profiles: dict[str, str], direction: str
    ) -> None:
        chat = chats_of(untouched, profiles["instagram"])[0]
        expected = [m["id"] for m in thread(untouched, chat) if m["direction"] == direction]
        assert [m["id"] for m in thread(untouched, chat, direction=direction)] == expected
        assert expected

    @pytest.mark.parametrize("status", ["published", "failed", "failed_waiting_for_retry", "received"])
    def test_status_filters_alone_and_with_direction(
        self, untouched: httpx.Client, whole_world: World, status: str
    ) -> None:
        chat, whole = next(
            (chat, messages)
            for chats in whole_world.values()
            for chat, messages in chats
            if len(messages) < 100 and status in {m["status"] for m in messages}
        )
        expected = [m["id"] for m in whole if m["status"] == status]
        assert 0 < len(expected) < len(whole)
        assert [m["id"] for m in thread(untouched, chat, status=status)] == expected
        side, other = ("inbound", "outbound") if status == "received" else ("outbound", "inbound")
        assert [m["id"] for m in thread(untouched, chat, status=status, direction=side)] == expected
        assert thread(untouched, chat, status=status, direction=other) == []

    @pytest.mark.parametrize("query", ["direction=sideways", "status=lost"])
    def test_unknown_filters_are_refused(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], query: str
    ) -> None:
        status, body = error("GET", f"/api/chats/{new_chat('facebook')['id']}/messages?{query}")
        assert status == 422
        assert query.partition("=")[0] in body["error"]

    def test_a_chat_without_messages_is_an_empty_page(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        empty = next(c for c in chats_of(untouched, profiles["bluesky"]) if c["last_message_at"] is None)
        assert untouched.get(f"/api/chats/{empty['id']}/messages").json() == {
            "total": 0,
            "page": 0,
            "per_page": 20,
            "data": [],
        }


class TestSendMessage:
    """POST /api/chats/:chat_id/messages."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_a_text_is_accepted_as_pending_with_the_trimmed_record(
        self, api: httpx.Client, new_chat: Callable[..., Record], platform: str
    ) -> None:
        chat = new_chat(platform)
        answer = api.post(f"/api/chats/{chat['id']}/messages", json={"body": "Yes, we ship worldwide!"})
        message = answer.json()
        assert answer.status_code == 202
        assert list(message) == PENDING_FIELDS
        assert message["chat_id"] == chat["id"]
        assert message["body"] == "Yes, we ship worldwide!"
        assert (message["direction"], message["status"]) == ("outbound", "pending")
        assert message["attachments"] == []
        nulls = {key for key, value in message.items() if value is None}
        assert nulls == {
            "external_id",
            "external_comment_id",
            "error_message",
            "platform_data",
            "external_posted_at",
        }

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_it_is_published_a_moment_later_with_the_platforms_id_and_time(
        self,
        api: httpx.Client,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
        platform: str,
    ) -> None:
        chat = new_chat(platform)
        accepted = api.post(f"/api/chats/{chat['id']}/messages", json={"body": "hello"}).json()
        advance(0.5)
        assert api.get(f"/api/messages/{accepted['id']}").json()["status"] == "pending"
        advance(2.5)
        message = api.get(f"/api/messages/{accepted['id']}").json()
        assert message["status"] == "published"
        assert TIME.fullmatch(message["external_posted_at"])
        assert api.get(f"/api/messages/{message['external_id']}").json()["id"] == accepted["id"]
        chat = api.get(f"/api/chats/{chat['id']}").json()
        assert chat["last_outbound_at"] == chat["last_message_at"] == message["external_posted_at"]

    @pytest.mark.parametrize(
        "body", [{}, {"body": ""}, {"body": None}, {"media": []}, {"body": "", "media": []}]
    )
    def test_neither_body_nor_media_is_400(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], body: Record
    ) -> None:
        path = f"/api/chats/{new_chat('facebook')['id']}/messages"
        assert error("POST", path, json=body) == (400, {"error": "body or media is required"})

    def test_both_body_and_media_is_422(
        self, error: Callable[..., Any], new_chat: Callable[..., Record]
    ) -> None:
        path = f"/api/chats/{new_chat('facebook')['id']}/messages"
        body = {"body": "look", "media": ["https://cdn.example.com/photo.png"]}
        text = "Direct messages support either text or attachment per send, not both"
        assert error("POST", path, json=body) == (422, {"error": text})

    def test_more_than_one_attachment_is_422(
        self, error: Callable[..., Any], new_chat: Callable[..., Record]
    ) -> None:
        path = f"/api/chats/{new_chat('instagram')['id']}/messages"
        body = {"media": ["https://cdn.example.com/1.png", "https://cdn.example.com/2.png"]}
        text = "Direct messages support one attachment per send"
        assert error("POST", path, json=body) == (422, {"error": text})

    @pytest.mark.parametrize("platform", ["facebook", "instagram", "bluesky"])
    @pytest.mark.parametrize(
        "extra", [{"reply_to_external_id": "5821"}, {"reply_markup": {"force_reply": True}}]
    )
    def test_reply_to_and_reply_markup_are_telegram_only(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], platform: str, extra: Record
    ) -> None:
        path = f"/api/chats/{new_chat(platform)['id']}/messages"
        (name,) = extra
        expected = (422, {"error": f"{name} is only supported on Telegram"})
        assert error("POST", path, json={"body": "x", **extra}) == expected

    def test_a_form_may_carry_raw_utf_8_and_a_keyboard_as_json_text(
        self, api: httpx.Client, new_chat: Callable[..., Record], advance: Callable[..., None]
    ) -> None:
        chat = new_chat("telegram")
        markup = '{"inline_keyboard":[[{"text":"Yes","callback_data":"y"}]]}'
        answer = api.post(
            f"/api/chats/{chat['id']}/messages",
            content=f"body=Größe ❤️?&reply_markup={markup}".encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert (answer.status_code, answer.json()["body"]) == (202, "Größe ❤️?")
        advance(3)
        message = api.get(f"/api/messages/{answer.json()['id']}").json()
        assert message["reply_markup"] == {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}

    @pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'["body"]', b'"body"', b"null"])
    def test_a_body_that_is_no_json_object_is_400(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], content: bytes
    ) -> None:
        path = f"/api/chats/{new_chat('facebook')['id']}/messages"
        status, answer = error("POST", path, content=content, headers={"Content-Type": "application/json"})
        assert (status, answer["error"]) == (400, "Bad Request")

    def test_an_unknown_content_type_is_415_and_a_broken_form_400(
        self, error: Callable[..., Any], new_chat: Callable[..., Record]
    ) -> None:
        path = f"/api/chats/{new_chat('facebook')['id']}/messages"
        status, answer = error("POST", path, content=b"<x/>", headers={"Content-Type": "text/xml"})
        assert (status, answer) == (415, {"error": "Unsupported media type: text/xml"})
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert error("POST", path, content=b"--y\r\nnothing", headers=headers)[0] == 400

    @pytest.mark.parametrize(
        ("platform", "fits", "too_long"),
        [
            ("facebook", "😀" * 1000, "😀" * 1000 + "x"),
            ("instagram", "é" * 500, "é" * 500 + "x"),
            ("telegram", "x" * 4096, "x" * 4097),
            ("bluesky", "👩‍🚀" * 900, "x" * 1001),
        ],
    )
    def test_a_text_over_the_platforms_limit_fails_in_its_words(
        self,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        platform: str,
        fits: str,
        too_long: str,
    ) -> None:
        chat = new_chat(platform)
        assert sent(chat, fits)["status"] == "published"
        failed = sent(chat, too_long)
        assert failed["status"] == "failed"
        assert failed["error_message"]


class TestSendMedia:
    """ "Send media": one attachment, in any of the shapes of the Posts API."""

    def settle(self, api: httpx.Client, advance: Callable[..., None], answer: httpx.Response) -> Record:
        assert answer.status_code == 202, answer.text
        assert list(answer.json()) == PENDING_FIELDS
        assert (answer.json()["body"], answer.json()["attachments"][0]["status"]) == (None, "pending")
        advance(3)
        message: Record = api.get(f"/api/messages/{answer.json()['id']}").json()
        return message

    @pytest.mark.parametrize("platform", ["facebook", "instagram", "telegram"])
    def test_a_public_url_shows_as_source_while_pending_and_as_stable_url_after(
        self,
        api: httpx.Client,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
        platform: str,
    ) -> None:
        chat = new_chat(platform)
        url = "https://cdn.example.com/photo.png"
        answer = api.post(f"/api/chats/{chat['id']}/messages", json={"media": [url]})
        (pending,) = answer.json()["attachments"]
        assert list(pending) == ["id", "type", "url", "status", "external_id"]
        assert (pending["type"], pending["url"], pending["external_id"]) == ("image", url, None)
        message = self.settle(api, advance, answer)
        assert message["status"] == "published"
        (stored,) = message["attachments"]
        assert (stored["id"], stored["type"], stored["status"]) == (pending["id"], "image", "processed")
        assert stored["url"] != url
        assert httpx.get(stored["url"]).headers["content-type"] == "image/png"

    def test_a_multipart_upload_is_stored_byte_for_byte(
        self, api: httpx.Client, new_chat: Callable[..., Record], advance: Callable[..., None]
    ) -> None:
        chat = new_chat("telegram")
        files = {"media[]": ("photo.png", PIXEL, "image/png")}
        message = self.settle(api, advance, api.post(f"/api/chats/{chat['id']}/messages", files=files))
        (stored,) = message["attachments"]
        assert stored["url"].endswith(".png")
        assert httpx.get(stored["url"]).content == PIXEL

    @pytest.mark.parametrize(
        "item",
        [
            "data:image/png;base64," + base64.b64encode(PIXEL).decode(),
            base64.b64encode(PIXEL).decode(),
            {"data": base64.b64encode(PIXEL).decode(), "filename": "photo.png", "content_type": "image/png"},
            {"base64": base64.b64encode(PIXEL).decode(), "mime_type": "image/png"},
        ],
        ids=["data URI", "bare base64", "base64 hash", "base64 hash with other names"],
    )
    def test_base64_forms_are_stored_byte_for_byte(
        self, api: httpx.Client, new_chat: Callable[..., Record], advance: Callable[..., None], item: object
    ) -> None:
        chat = new_chat("instagram")
        message = self.settle(
            api, advance, api.post(f"/api/chats/{chat['id']}/messages", json={"media": [item]})
        )
        (stored,) = message["attachments"]
        assert (stored["type"], stored["status"]) == ("image", "processed")
        assert httpx.get(stored["url"]).content == PIXEL

    def test_a_url_in_an_object_and_a_form_field_are_read(
        self, api: httpx.Client, new_chat: Callable[..., Record], advance: Callable[..., None]
    ) -> None:
        path = f"/api/chats/{new_chat('facebook')['id']}/messages"
        as_object = api.post(path, json={"media": [{"url": "https://cdn.example.com/clip.mp4"}]})
        as_form = api.post(path, data={"media[]": "https://cdn.example.com/song.mp3"})
        types = [self.settle(api, advance, a)["attachments"][0]["type"] for a in (as_object, as_form)]
        assert types == ["video", "audio"]

    @pytest.mark.parametrize(
        ("name", "kind"),
        [("a.png", "image"), ("a.jpg", "image"), ("a.mp4", "video"), ("a.mp3", "audio"), ("a.pdf", "file")],
    )
    def test_the_type_follows_the_file(
        self, api: httpx.Client, new_chat: Callable[..., Record], name: str, kind: str
    ) -> None:
        answer = api.post(
            f"/api/chats/{new_chat('telegram')['id']}/messages",
            json={"media": [f"https://cdn.example.com/{name}"]},
        )
        assert answer.json()["attachments"][0]["type"] == kind

    @pytest.mark.parametrize("form", ["json", "files"])
    def test_bluesky_has_no_attachments(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], form: str
    ) -> None:
        path = f"/api/chats/{new_chat('bluesky')['id']}/messages"
        more: Record = {
            "json": {"json": {"media": ["https://cdn.example.com/photo.png"]}},
            "files": {"files": {"media[]": ("photo.png", PIXEL, "image/png")}},
        }[form]
        assert error("POST", path, **more) == (422, {"error": "Attachments are not supported on Bluesky"})

    @pytest.mark.parametrize("item", ["not base64!", "data:image/png;base64,???", 7, {"data": ""}, ["x"]])
    def test_other_shapes_of_media_are_422(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], item: object
    ) -> None:
        path = f"/api/chats/{new_chat('facebook')['id']}/messages"
        assert error("POST", path, json={"media": [item]})[0] == 422

    @pytest.mark.parametrize("platform", ["facebook", "instagram", "telegram"])
    def test_a_file_that_cannot_be_fetched_fails_and_so_does_the_message(
        self,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        platform: str,
    ) -> None:
        url = "https://cdn.invalid/photo.png"
        message = sent(new_chat(platform), None, media=[url])
        assert (message["status"], message["attachments"][0]["status"]) == ("failed", "failed")
        assert message["attachments"][0]["url"] == url
        assert message["error_message"]


class TestGetMessage:
    """GET /api/messages/:id."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_is_the_record_of_the_list(
        self, untouched: httpx.Client, whole_world: World, platform: str
    ) -> None:
        for _, messages in whole_world[platform][:5]:
            for message in messages[:10]:
                assert untouched.get(f"/api/messages/{message['id']}").json() == message


class TestMessageFields:
    """The tables "Message fields" and "Media attachments"."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_every_field_is_there_in_its_type_and_reply_markup_on_telegram_only(
        self, whole_world: World, platform: str
    ) -> None:
        expected = list(FIELDS)
        if platform == "telegram":
            expected.insert(expected.index("reply_to_external_id") + 1, "reply_markup")
        for chat, messages in whole_world[platform]:
            for message in messages:
                assert list(message) == expected
                assert message["chat_id"] == chat["id"]
                for name in expected:
                    if name.endswith("_at"):
                        assert message[name] is None or TIME.fullmatch(message[name]), name
                assert TIME.fullmatch(message["created_at"])
                assert isinstance(message["is_unsupported"], bool)
                for reaction in message["reactions"]:
                    assert list(reaction) == ["sender_external_id", "emoji", "reaction", "at"]
                for attachment in message["attachments"]:
                    assert list(attachment) == ["id", "type", "url", "status", "external_id"]

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_statuses_belong_to_their_direction(self, whole_world: World, platform: str) -> None:
        for _, messages in whole_world[platform]:
            for message in messages:
                inbound = message["direction"] == "inbound"
                assert (message["status"] == "received") == inbound
                if message["status"] in ("pending", "failed", "failed_waiting_for_retry"):
                    assert (message["external_id"], message["external_posted_at"]) == (None, None)
                else:
                    assert message["external_id"]
                    assert message["external_posted_at"]
                assert (message["error_message"] is not None) == message["status"].startswith("failed")

    def test_every_kind_of_attachment_is_met_and_is_a_real_file(self, whole_world: World) -> None:
        met: dict[str, str] = {}
        for chats in whole_world.values():
            for _, messages in chats:
                for message in messages:
                    for attachment in message["attachments"]:
                        assert attachment["status"] == "processed"
                        met.setdefault(attachment["type"], attachment["url"])
        begins = {
            "image": b"\x89PNG",
            "sticker": b"\x89PNG",
            "video": b"RIFF",
            "audio": b"RIFF",
            "file": b"%PDF",
        }
        assert set(met) == set(begins)
        for kind, url in met.items():
            file = httpx.get(url)
            assert file.content.startswith(begins[kind])
            assert httpx.get(url).content == file.content

    def test_a_sticker_carries_the_platforms_id(self, whole_world: World) -> None:
        stickers = {
            attachment["external_id"]
            for _, messages in whole_world["instagram"]
            for message in messages
            for attachment in message["attachments"]
            if attachment["type"] == "sticker"
        }
        assert stickers
        assert None not in stickers

    @pytest.mark.parametrize("platform", ["facebook", "instagram", "telegram"])
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.jpg", "image"),
            ("a.mp4", "video"),
            ("a.ogg", "audio"),
            ("a.pdf", "file"),
            ("a.webp", "sticker"),
        ],
    )
    def test_inbound_media_is_pending_at_its_source_and_then_mirrored(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
        platform: str,
        name: str,
        kind: str,
    ) -> None:
        url = f"https://cdn.example.com/{name}"
        fields: Record = {"chat": new_chat(platform)["id"], "media": [url], "type": kind}
        message = control.post("/messages", json=fields).json()
        (pending,) = message["attachments"]
        assert (pending["type"], pending["status"], pending["url"]) == (kind, "pending", url)
        advance(3)
        (mirrored,) = api.get(f"/api/messages/{message['id']}").json()["attachments"]
        assert (mirrored["id"], mirrored["status"]) == (pending["id"], "processed")
        assert httpx.get(mirrored["url"]).status_code == 200

    def test_unsupported_edited_deleted_and_quoting_messages_are_met(self, whole_world: World) -> None:
        whole = [m for chats in whole_world.values() for _, messages in chats for m in messages]
        for name in ("is_unsupported", "external_edited_at", "external_deleted_at", "reply_to_external_id"):
            assert any(message[name] for message in whole), name
        quotes = {m["reply_to_external_id"] for m in whole if m["reply_to_external_id"]}
        assert quotes <= {m["external_id"] for m in whole}


class TestMessageStatuses:
    """The table "Message statuses"."""

    def test_a_passing_error_waits_for_retry_with_back_off_and_is_published_at_last(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("telegram")
        control.post("/faults", json={"kind": "platform", "platform": "telegram", "times": 2})
        message = sent(chat)
        assert message["status"] == "failed_waiting_for_retry"
        assert message["error_message"] == "Too Many Requests: retry after 5"
        assert message["external_id"] is None
        advance(60)  # the first retry comes after a minute and fails again
        assert api.get(f"/api/messages/{message['id']}").json()["status"] == "failed_waiting_for_retry"
        advance(4 * 60)
        assert api.get(f"/api/messages/{message['id']}").json()["status"] == "failed_waiting_for_retry"
        advance(60)  # the second after five
        settled = api.get(f"/api/messages/{message['id']}").json()
        assert (settled["status"], settled["error_message"]) == ("published", None)

    def test_when_the_retries_are_exhausted_it_is_failed(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("facebook")
        fault = control.post(
            "/faults", json={"kind": "platform", "platform": "facebook", "text": "busy"}
        ).json()
        message = sent(chat)
        advance(3 * 3600)
        control.delete(f"/faults/{fault['id']}")
        settled = api.get(f"/api/messages/{message['id']}").json()
        assert (settled["status"], settled["error_message"]) == ("failed", "busy")

    @pytest.mark.parametrize(
        ("platform", "trait", "words"),
        [
            ("telegram", "blocked", "Forbidden: bot was blocked by the user"),
            ("facebook", "unavailable", "(#551) This person isn't available right now."),
            (
                "bluesky",
                "closed-dms",
                "recipient requires incoming messages to come from someone they follow",
            ),
        ],
    )
    def test_a_final_error_fails_at_once_in_the_platforms_words(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        platform: str,
        trait: str,
        words: str,
    ) -> None:
        chat = new_chat(platform)
        control.patch(f"/chats/{chat['id']}", json={"trait": trait})
        message = sent(chat)
        assert (message["status"], message["error_message"]) == ("failed", words)
        assert api.get(f"/api/chats/{chat['id']}").json()["last_outbound_at"] is None
