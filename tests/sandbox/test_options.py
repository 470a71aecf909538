"""Switches for the points that the documents leave open."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Bench


def first_chat(bench: Bench, index: int) -> str:
    profile = bench.api.get("/api/profiles").json()["data"][index]["id"]
    identity: str = bench.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]["id"]
    return identity


def test_archived_can_be_left_to_the_archive_calls(start: Callable[..., Bench]) -> None:
    bench = start(archived_in_lists=False)
    chat = first_chat(bench, 3)
    assert "archived" not in bench.api.get(f"/api/chats/{chat}").json()
    assert bench.api.post(f"/api/chats/{chat}/archive").json()["archived"] is True
    assert bench.api.get(f"/api/chats/{chat}").json()["metadata"]["muted"] is True


def test_private_replies_can_be_refused_at_once(start: Callable[..., Bench]) -> None:
    bench = start(private_reply_refusals="sync")
    profile = bench.api.get("/api/profiles").json()["data"][0]["id"]
    post = bench.api.get("/api/posts").json()["data"][0]["id"]
    comments = f"/api/posts/{post}/comments"
    comment = bench.api.get(comments, params={"profile_id": profile}).json()["data"][0]["id"]
    answers = [
        bench.api.post(
            f"{comments}/{comment}/private_reply", params={"profile_id": profile}, json={"text": "hi"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 422]


def test_webhooks_can_use_the_object_envelope(start: Callable[..., Bench]) -> None:
    bench = start(webhook_envelope="object")
    bench.api.post("/api/webhooks", json={"url": "http://127.0.0.1:1/", "events": ["*"]})
    bench.control.post("/messages", json={"chat": first_chat(bench, 0), "body": "x"})
    body = bench.sandbox.world.database.value(
        "select json_extract(body, '$.data.object.message.body') from deliveries"
    )
    kind = bench.sandbox.world.database.value("select json_extract(body, '$.object') from deliveries")
    assert (body, kind) == ("x", "event")


def test_deleted_messages_can_lose_their_text(start: Callable[..., Bench]) -> None:
    for option, expected in (("kept", "secret"), ("removed", None)):
        bench = start(deleted_bodies=option)
        message = bench.control.post(
            "/messages", json={"chat": first_chat(bench, 0), "body": "secret"}
        ).json()
        bench.control.post("/deletions", json={"message": message["id"]})
        gone = bench.api.get(f"/api/messages/{message['id']}").json()
        assert gone["external_deleted_at"]
        assert gone["body"] == expected


def test_later_additions_of_the_live_api_are_off_by_default(start: Callable[..., Bench]) -> None:
    for on, status in ((False, 404), (True, 200)):
        bench = start(live_additions=on)
        chat = first_chat(bench, 0)
        for call in ("mark_read", "start_typing", "stop_typing"):
            assert bench.api.post(f"/api/chats/{chat}/{call}").status_code == status
