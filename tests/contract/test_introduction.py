"""Seed, introduction: which networks, which endpoints, which ids, and Meta's window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Record = dict[str, Any]
DM_ENDPOINTS = (
    ("GET", "/api/profiles/x/chats"),
    ("POST", "/api/profiles/x/chats"),
    ("GET", "/api/chats/x"),
    ("GET", "/api/chats/x/messages"),
    ("POST", "/api/chats/x/messages"),
    ("GET", "/api/messages/x"),
    ("PATCH", "/api/messages/x"),
    ("POST", "/api/messages/x/react"),
    ("DELETE", "/api/messages/x/unreact"),
    ("POST", "/api/chats/x/archive"),
    ("DELETE", "/api/chats/x/archive"),
    ("POST", "/api/posts/x/comments/x/private_reply"),
)


@pytest.mark.parametrize(("method", "path"), DM_ENDPOINTS)
def test_every_endpoint_asks_for_a_key(api: httpx.Client, method: str, path: str) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        response = api.request(method, path, headers=headers)
        assert (response.status_code, response.json()) == (401, {"error": "Invalid API key"})


@pytest.mark.parametrize(("method", "path"), DM_ENDPOINTS)
def test_an_unknown_id_is_not_found(
    api: httpx.Client, profiles: dict[str, str], method: str, path: str
) -> None:
    response = api.request(
        method, path, params={"profile_id": profiles["instagram"]}, json={"text": "x", "body": "x"}
    )
    assert (response.status_code, response.json()) == (404, {"error": "Not found"})


def test_messages_can_be_direct_on_four_networks_only(
    error: Callable[..., Any], profiles: dict[str, str]
) -> None:
    text = {"error": "Direct messages are not supported on threads"}
    assert error("GET", f"/api/profiles/{profiles['threads']}/chats") == (422, text)
    body = {"participant_external_id": "1"}
    assert error("POST", f"/api/profiles/{profiles['threads']}/chats", json=body) == (422, text)


@pytest.mark.parametrize("platform", ["facebook", "telegram", "bluesky"])
def test_a_chat_answers_to_its_hashid_and_to_the_platforms_conversation_id(
    untouched: httpx.Client, profiles: dict[str, str], platform: str
) -> None:
    chats = untouched.get(f"/api/profiles/{profiles[platform]}/chats", params={"per_page": 100}).json()[
        "data"
    ]
    chat = next(chat for chat in reversed(chats) if chat["external_conversation_id"])
    by_hashid = untouched.get(f"/api/chats/{chat['id']}").json()
    assert untouched.get(f"/api/chats/{chat['external_conversation_id']}").json() == by_hashid
    pages = [
        untouched.get(f"/api/chats/{identity}/messages").json()
        for identity in (chat["id"], chat["external_conversation_id"])
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("platform", ["facebook", "instagram", "telegram", "bluesky"])
def test_a_message_answers_to_its_hashid_and_to_the_platforms_id(
    untouched: httpx.Client, profiles: dict[str, str], platform: str
) -> None:
    chat = untouched.get(f"/api/profiles/{profiles[platform]}/chats").json()["data"][-1]
    for message in untouched.get(f"/api/chats/{chat['id']}/messages").json()["data"]:
        if message["external_id"] is not None:
            assert untouched.get(f"/api/messages/{message['external_id']}").json() == message
        assert untouched.get(f"/api/messages/{message['id']}").json() == message


def test_platform_ids_may_hold_any_character(
    api: httpx.Client, new_chat: Callable[..., Record], inbound: Callable[..., Record]
) -> None:
    chat = new_chat("instagram", external_id="m/x=1+2:3 ?#%é")
    message = inbound(chat)
    assert message["external_id"] == "m/x=1+2:3 ?#%é"
    path = "/api/messages/m%2Fx%3D1%2B2%3A3%20%3F%23%25%C3%A9"
    assert api.get(path).json() == message
    assert api.post(f"{path}/react").json()["id"] == message["id"]


def test_ids_are_short_opaque_and_case_sensitive(untouched: httpx.Client, profiles: dict[str, str]) -> None:
    chats = untouched.get(f"/api/profiles/{profiles['instagram']}/chats", params={"per_page": 100}).json()[
        "data"
    ]
    identities = [chat["id"] for chat in chats]
    assert all(identity.isalnum() and len(identity) == 6 for identity in identities)
    assert any(identity != identity.lower() for identity in identities)
    mixed = next(identity for identity in identities if identity.swapcase() not in identities)
    assert untouched.get(f"/api/chats/{mixed.swapcase()}").status_code == 404


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_meta_takes_messages_within_24_hours_of_the_last_inbound_and_not_later(
    platform: str, new_chat: Callable[..., Record], sent: Callable[..., Record], advance: Callable[..., None]
) -> None:
    chat = new_chat(platform)
    advance(24 * 3600 - 60)
    assert sent(chat)["status"] == "published"
    advance(120)
    late = sent(chat)
    assert late["status"] == "failed"
    assert late["error_message"].startswith("(#10) This message is sent outside of allowed window.")
    assert (late["external_id"], late["external_posted_at"]) == (None, None)


@pytest.mark.parametrize("platform", ["telegram", "bluesky"])
def test_telegram_and_bluesky_have_no_window(
    platform: str, new_chat: Callable[..., Record], sent: Callable[..., Record], advance: Callable[..., None]
) -> None:
    chat = new_chat(platform)
    advance(30 * 24 * 3600)
    assert sent(chat)["status"] == "published"


def test_the_profile_group_scopes_every_call(api: httpx.Client, error: Callable[..., Any]) -> None:
    group = api.get("/api/profile_groups").json()["data"][0]
    assert group == api.get(f"/api/profile_groups/{group['id']}").json()
    assert api.get("/api/profiles", params={"profile_group_id": group["id"]}).status_code == 200
    assert error("GET", "/api/profiles", params={"profile_group_id": "other"}) == (
        404,
        {"error": "Not found"},
    )
    assert error("GET", "/api/profile_groups/other") == (404, {"error": "Not found"})
