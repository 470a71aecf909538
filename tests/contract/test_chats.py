"""Seed: List chats, Create chat, Get chat, Archive chat, Chat fields, Participant metadata."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import httpx
import pytest

Record = dict[str, Any]
PLATFORMS = ("facebook", "instagram", "telegram", "bluesky")
CHAT_FIELDS = [
    "id", "profile_id", "platform", "participant_external_id", "participant_username", "participant_name",
    "participant_avatar_url", "external_conversation_id", "last_inbound_at", "last_outbound_at",
    "last_message_at", "metadata", "created_at",
]  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def all_chats(api: httpx.Client, profile: str, **params: Any) -> list[Record]:
    chats: list[Record] = []
    page = 0
    while True:
        answer = api.get(f"/api/profiles/{profile}/chats", params={**params, "page": page}).json()
        chats += answer["data"]
        page += 1
        if not answer["data"]:
            assert answer["total"] == len(chats)
            return chats


class TestListChats:
    """GET /api/profiles/:profile_id/chats."""

    def test_answers_a_page_with_total_page_per_page_and_data(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        answer = untouched.get(f"/api/profiles/{profiles['instagram']}/chats").json()
        assert list(answer) == ["total", "page", "per_page", "data"]
        assert (answer["page"], answer["per_page"], len(answer["data"])) == (0, 20, 20)
        assert answer["total"] > 20

    def test_pages_count_from_zero_and_cover_everything_once(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        whole = all_chats(untouched, profiles["instagram"], per_page=100)
        sliced = all_chats(untouched, profiles["instagram"], per_page=7)
        assert [chat["id"] for chat in sliced] == [chat["id"] for chat in whole]
        assert len({chat["id"] for chat in whole}) == len(whole)

    def test_a_page_beyond_the_end_is_empty(self, untouched: httpx.Client, profiles: dict[str, str]) -> None:
        answer = untouched.get(f"/api/profiles/{profiles['bluesky']}/chats", params={"page": 999}).json()
        assert answer["data"] == []
        assert answer["total"] > 0

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_the_most_recent_message_comes_first_and_chats_without_one_last(
        self, untouched: httpx.Client, profiles: dict[str, str], platform: str
    ) -> None:
        times = [chat["last_message_at"] for chat in all_chats(untouched, profiles[platform])]
        known = [time for time in times if time is not None]
        assert known == sorted(known, reverse=True)
        assert times == known + [None] * (len(times) - len(known))

    def test_before_and_after_cut_by_last_message_at_exclusively(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        profile = profiles["facebook"]
        chats = all_chats(untouched, profile, per_page=100)
        middle = chats[len(chats) // 2]["last_message_at"]
        older = [c["id"] for c in chats if c["last_message_at"] and c["last_message_at"] < middle]
        newer = [c["id"] for c in chats if c["last_message_at"] and c["last_message_at"] > middle]
        assert [c["id"] for c in all_chats(untouched, profile, before=middle)] == older
        assert [c["id"] for c in all_chats(untouched, profile, after=middle)] == newer
        assert older
        assert newer

    def test_times_may_carry_an_offset_or_be_a_bare_date(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        path = f"/api/profiles/{profiles['facebook']}/chats"
        totals = {
            untouched.get(f"{path}?after={moment}").json()["total"]
            for moment in (
                "2026-06-10",
                "2026-06-10T00:00:00Z",
                "2026-06-10T02:00:00%2B02:00",
                "2026-06-10T02:00:00+02:00",
            )
        }
        assert len(totals) == 1

    @pytest.mark.parametrize(
        "query", ["page=-1", "page=x", "per_page=0", "per_page=many", "before=soon", "after=2026-13-40"]
    )
    def test_bad_parameters_are_refused_as_json(
        self, error: Callable[..., Any], profiles: dict[str, str], query: str
    ) -> None:
        status, body = error("GET", f"/api/profiles/{profiles['facebook']}/chats?{query}")
        assert (status, body["status"], body["error"]) == (400, 400, "Bad Request")
        assert query.partition("=")[0] in body["message"]

    def test_per_page_is_cut_to_a_hundred(self, untouched: httpx.Client, profiles: dict[str, str]) -> None:
        answer = untouched.get(
            f"/api/profiles/{profiles['facebook']}/chats", params={"per_page": 5000}
        ).json()
        assert answer["per_page"] == 100


class TestCreateChat:
    """POST /api/profiles/:profile_id/chats."""

    def test_a_new_chat_is_201_with_everything_unknown_null(
        self, api: httpx.Client, profiles: dict[str, str]
    ) -> None:
        answer = api.post(
            f"/api/profiles/{profiles['instagram']}/chats",
            json={"participant_external_id": "new-1", "participant_username": "jane_doe"},
        )
        chat = answer.json()
        assert answer.status_code == 201
        assert list(chat) == CHAT_FIELDS
        assert chat["participant_external_id"] == "new-1"
        assert chat["participant_username"] == "jane_doe"
        assert chat["platform"] == "instagram"
        assert chat["profile_id"] == profiles["instagram"]
        nulls = {key for key, value in chat.items() if value is None}
        assert nulls == {
            "participant_name", "participant_avatar_url", "external_conversation_id", "last_inbound_at",
            "last_outbound_at", "last_message_at", "metadata",
        }  # fmt: skip

    def test_the_same_participant_is_200_with_the_same_chat_and_given_fields_updated(
        self, api: httpx.Client, profiles: dict[str, str]
    ) -> None:
        path = f"/api/profiles/{profiles['facebook']}/chats"
        first = api.post(path, json={"participant_external_id": "twice", "participant_name": "Old"})
        again = api.post(path, json={"participant_external_id": "twice", "participant_name": "New"})
        plain = api.post(path, json={"participant_external_id": "twice", "participant_username": "user"})
        assert [answer.status_code for answer in (first, again, plain)] == [201, 200, 200]
        assert {answer.json()["id"] for answer in (first, again, plain)} == {first.json()["id"]}
        assert again.json()["participant_name"] == "New"
        assert (plain.json()["participant_name"], plain.json()["participant_username"]) == ("New", "user")

    def test_the_pair_of_profile_and_participant_is_the_key(
        self, api: httpx.Client, profiles: dict[str, str]
    ) -> None:
        body = {"participant_external_id": "shared"}
        answers = [
            api.post(f"/api/profiles/{profiles[name]}/chats", json=body) for name in ("facebook", "instagram")
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["id"] != answers[1].json()["id"]

    @pytest.mark.parametrize("body", [{}, {"participant_external_id": ""}, {"participant_external_id": None}])
    def test_without_a_participant_it_is_400(
        self, error: Callable[..., Any], profiles: dict[str, str], body: Record
    ) -> None:
        status, answer = error("POST", f"/api/profiles/{profiles['facebook']}/chats", json=body)
        assert status == 400
        assert answer["message"] == "param is missing or the value is empty: participant_external_id"

    @pytest.mark.parametrize("form", ["json", "data", "multipart"])
    def test_json_form_and_multipart_bodies_are_read(
        self, api: httpx.Client, profiles: dict[str, str], form: str
    ) -> None:
        fields = {"participant_external_id": f"by-{form}", "participant_name": "Zoë 👩‍🚀"}
        if form == "multipart":
            parts = {name: (None, value) for name, value in fields.items()}
            answer = api.post(f"/api/profiles/{profiles['bluesky']}/chats", files=parts)
        else:
            answer = api.request("POST", f"/api/profiles/{profiles['bluesky']}/chats", **{form: fields})
        assert (answer.status_code, answer.json()["participant_name"]) == (201, "Zoë 👩‍🚀")

    def test_a_bluesky_chat_starts_with_a_did_and_no_conversation_id(
        self, api: httpx.Client, profiles: dict[str, str], sent: Callable[..., Record]
    ) -> None:
        did = "did:plc:examplez7y6x5w4v3u2"
        chat = api.post(
            f"/api/profiles/{profiles['bluesky']}/chats", json={"participant_external_id": did}
        ).json()
        assert chat["external_conversation_id"] is None
        assert sent(chat)["status"] == "published"
        resolved = api.get(f"/api/chats/{chat['id']}").json()["external_conversation_id"]
        assert resolved is not None
        assert api.get(f"/api/chats/{resolved}").json()["id"] == chat["id"]

    def test_facts_about_the_participant_come_in_a_moment_later(
        self, api: httpx.Client, profiles: dict[str, str], advance: Callable[..., None]
    ) -> None:
        chat = api.post(
            f"/api/profiles/{profiles['instagram']}/chats", json={"participant_external_id": "facts"}
        ).json()
        assert (chat["metadata"], chat["participant_avatar_url"], chat["participant_name"]) == (
            None,
            None,
            None,
        )
        advance(5)
        later = api.get(f"/api/chats/{chat['id']}").json()
        assert later["metadata"]["participant_fetched_at"]
        assert later["participant_name"]
        assert api.get(later["participant_avatar_url"]).content.startswith(b"\x89PNG")


class TestGetChat:
    """GET /api/chats/:id."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_is_the_record_of_the_list(
        self, untouched: httpx.Client, profiles: dict[str, str], platform: str
    ) -> None:
        for chat in all_chats(untouched, profiles[platform], per_page=100):
            assert untouched.get(f"/api/chats/{chat['id']}").json() == chat


class TestArchiveChat:
    """POST /api/chats/:id/archive and DELETE /api/chats/:id/archive."""

    def test_archiving_shows_in_archived_and_metadata_muted(
        self, api: httpx.Client, new_chat: Callable[..., Record], advance: Callable[..., None]
    ) -> None:
        chat = new_chat("bluesky")
        advance(5)
        archived = api.post(f"/api/chats/{chat['id']}/archive")
        assert archived.status_code == 200
        assert (archived.json()["archived"], archived.json()["metadata"]["muted"]) == (True, True)
        assert api.get(f"/api/chats/{chat['id']}").json() == archived.json()
        again = api.post(f"/api/chats/{chat['id']}/archive")
        assert (again.status_code, again.json()) == (200, archived.json())

    def test_unarchiving_takes_it_back(self, api: httpx.Client, new_chat: Callable[..., Record]) -> None:
        chat = new_chat("bluesky")
        api.post(f"/api/chats/{chat['id']}/archive")
        back = api.delete(f"/api/chats/{chat['id']}/archive")
        assert back.status_code == 200
        assert (back.json()["archived"], back.json()["metadata"]["muted"]) == (False, False)

    @pytest.mark.parametrize("platform", ["facebook", "instagram", "telegram"])
    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_it_is_bluesky_only(
        self, error: Callable[..., Any], new_chat: Callable[..., Record], platform: str, method: str
    ) -> None:
        path = f"/api/chats/{new_chat(platform)['id']}/archive"
        assert error(method, path) == (422, {"error": "Archiving chats is only supported on Bluesky"})

    def test_an_archived_chat_stays_in_the_list_and_still_receives(
        self,
        api: httpx.Client,
        control: httpx.Client,
        profiles: dict[str, str],
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("bluesky")
        api.post(f"/api/chats/{chat['id']}/archive")
        advance(60)
        control.post("/messages", json={"chat": chat["id"], "body": "still there?"})
        listed = api.get(f"/api/profiles/{profiles['bluesky']}/chats").json()["data"][0]
        assert (listed["id"], listed["archived"]) == (chat["id"], True)


class TestChatFields:
    """The table "Chat fields"."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_every_field_is_there_in_its_type_and_archived_on_bluesky_only(
        self, untouched: httpx.Client, profiles: dict[str, str], platform: str
    ) -> None:
        expected = CHAT_FIELDS[:-1] + (["archived"] if platform == "bluesky" else []) + CHAT_FIELDS[-1:]
        for chat in all_chats(untouched, profiles[platform], per_page=100):
            assert list(chat) == expected
            assert chat["platform"] == platform
            assert chat["profile_id"] == profiles[platform]
            assert isinstance(chat["participant_external_id"], str)
            assert TIME.fullmatch(chat["created_at"])
            for name in ("last_inbound_at", "last_outbound_at", "last_message_at"):
                assert chat[name] is None or TIME.fullmatch(chat[name])
            assert isinstance(chat.get("archived", False), bool)
            assert chat["metadata"] is None or isinstance(chat["metadata"], dict)

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_the_last_times_are_those_of_the_newest_messages(
        self, untouched: httpx.Client, profiles: dict[str, str], platform: str
    ) -> None:
        for chat in all_chats(untouched, profiles[platform], per_page=100)[:6]:
            newest = {}
            for direction in ("inbound", "outbound"):
                page = untouched.get(
                    f"/api/chats/{chat['id']}/messages", params={"direction": direction, "per_page": 100}
                ).json()
                times = [m["external_posted_at"] for m in page["data"] if m["external_posted_at"]]
                newest[direction] = max(times, default=None)
            assert chat["last_inbound_at"] == newest["inbound"]
            assert chat["last_outbound_at"] == newest["outbound"]
            both = [time for time in newest.values() if time]
            assert chat["last_message_at"] == max(both, default=None)

    def test_the_avatar_is_a_stable_picture_or_null(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        urls = [chat["participant_avatar_url"] for chat in all_chats(untouched, profiles["instagram"])]
        assert None in urls
        picture = next(url for url in urls if url)
        first = httpx.get(picture)  # without the key: it is a storage URL
        assert first.headers["content-type"] == "image/png"
        assert first.content == httpx.get(picture).content


class TestParticipantMetadata:
    """The table "Participant metadata"."""

    KEYS: ClassVar[dict[str, dict[str, type]]] = {
        "facebook": {"page_id": str, "is_payment_enabled": bool, "is_subscribed_to_messenger": bool,
                     "is_verified_user": bool, "is_user_follow_business": bool,
                     "is_business_follow_user": bool},
        "instagram": {"is_verified_user": bool, "is_user_follow_business": bool,
                      "is_business_follow_user": bool, "follower_count": int},
        "telegram": {"language_code": str},
        "bluesky": {"muted": bool},
    }  # fmt: skip

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_each_key_is_met_on_its_platform_only_and_in_its_type(
        self, untouched: httpx.Client, profiles: dict[str, str], platform: str
    ) -> None:
        allowed = {**self.KEYS[platform], "participant_fetched_at": str}
        met: set[str] = set()
        for chat in all_chats(untouched, profiles[platform], per_page=100):
            for key, value in (chat["metadata"] or {}).items():
                assert type(value) is allowed[key], (key, value)
                met.add(key)
        assert met == set(allowed)

    def test_keys_without_a_value_are_left_out(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        facts = [chat["metadata"] for chat in all_chats(untouched, profiles["instagram"]) if chat["metadata"]]
        assert all(value is not None for entry in facts for value in entry.values())
        assert any("is_verified_user" not in entry for entry in facts)

    def test_it_is_refreshed_at_most_once_an_hour_when_the_person_writes(
        self,
        api: httpx.Client,
        control: httpx.Client,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("instagram")

        def fetched() -> str:
            advance(5)
            stamp: str = api.get(f"/api/chats/{chat['id']}").json()["metadata"]["participant_fetched_at"]
            return stamp

        first = fetched()
        control.post("/messages", json={"chat": chat["id"], "body": "again"})
        assert fetched() == first
        advance(3700)
        assert fetched() == first
        control.post("/messages", json={"chat": chat["id"], "body": "later"})
        assert fetched() > first
