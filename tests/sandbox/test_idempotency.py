"""The Idempotency-Key header (postproxy-api.md section 1)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .conftest import Bench, eventually


@pytest.fixture
def chat(shared: Bench) -> dict[str, Any]:
    """A Telegram chat that can be written to."""
    profile = shared.api.get("/api/profiles").json()["data"][2]
    chats = shared.api.get(f"/api/profiles/{profile['id']}/chats").json()["data"]
    record: dict[str, Any] = chats[0]
    return record


def send(bench: Bench, chat: dict[str, Any], key: str, body: str = "once") -> httpx.Response:
    headers = {"Idempotency-Key": key}
    return bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": body}, headers=headers)


def outbound(bench: Bench, chat: dict[str, Any]) -> int:
    page = bench.api.get(f"/api/chats/{chat['id']}/messages", params={"direction": "outbound"}).json()
    total: int = page["total"]
    return total


def test_a_repeat_replays_the_first_answer_and_does_nothing(shared: Bench, chat: dict[str, Any]) -> None:
    before = outbound(shared, chat)
    first = send(shared, chat, "replay")
    shared.sandbox.world.advance(3)
    again = send(shared, chat, "replay")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.json()["status"] == "pending"
    assert outbound(shared, chat) == before + 1


def test_the_same_key_with_another_body_or_path_is_422(shared: Bench, chat: dict[str, Any]) -> None:
    send(shared, chat, "mismatch")
    assert send(shared, chat, "mismatch", "twice").status_code == 422
    other = shared.api.patch(
        "/api/messages/x", json={"body": "once"}, headers={"Idempotency-Key": "mismatch"}
    )
    assert other.status_code == 422


def test_a_repeat_while_the_first_still_runs_is_409(shared: Bench, chat: dict[str, Any]) -> None:
    before = outbound(shared, chat)
    shared.control.post("/faults", json={"kind": "latency", "seconds": 3, "times": 1, "method": "POST"})
    with ThreadPoolExecutor() as pool:
        first = pool.submit(send, shared, chat, "running")
        assert eventually(
            lambda: any(
                entry["headers"].get("idempotency-key") == "running"
                for entry in list(shared.sandbox.world.requests)
            )
        )
        assert send(shared, chat, "running").status_code == 409
        assert send(shared, chat, "running", "other").status_code == 422
        assert first.result().status_code == 202
    assert send(shared, chat, "running").json() == first.result().json()
    assert outbound(shared, chat) == before + 1


def test_errors_are_not_kept(shared: Bench, chat: dict[str, Any]) -> None:
    assert send(shared, chat, "error", "").status_code == 400
    profile = shared.api.get("/api/profiles").json()["data"][2]["id"]
    path, headers = f"/api/profiles/{profile}/chats", {"Idempotency-Key": "error 2"}
    assert shared.api.post(path, json={}, headers=headers).status_code == 400
    shared.control.post("/faults", json={"kind": "error", "times": 1, "method": "POST"})
    assert send(shared, chat, "error 3").status_code == 503
    assert send(shared, chat, "error 3").status_code == 202


def test_an_answer_lost_after_the_write_is_found_again(shared: Bench, chat: dict[str, Any]) -> None:
    before = outbound(shared, chat)
    shared.control.post("/faults", json={"kind": "lost", "times": 1, "method": "POST"})
    with pytest.raises(httpx.ReadError):
        send(shared, chat, "lost")
    assert send(shared, chat, "lost").status_code == 202
    assert outbound(shared, chat) == before + 1


def test_a_key_is_forgotten_after_a_day(shared: Bench, chat: dict[str, Any]) -> None:
    first = send(shared, chat, "day").json()["id"]
    shared.sandbox.world.advance(23 * 3600)
    assert send(shared, chat, "day").json()["id"] == first
    shared.sandbox.world.advance(2 * 3600)
    assert send(shared, chat, "day").json()["id"] != first


def test_keys_have_at_most_255_characters(shared: Bench, chat: dict[str, Any]) -> None:
    assert send(shared, chat, "k" * 255).status_code == 202
    assert send(shared, chat, "k" * 256).status_code == 400


def test_reads_pay_no_attention_to_keys(shared: Bench) -> None:
    headers = {"Idempotency-Key": "read"}
    assert shared.api.get("/api/profiles", headers=headers).status_code == 200
    assert shared.api.get("/api/posts", headers=headers).status_code == 200


def test_the_header_can_be_ignored_as_a_server_of_the_seed_alone_would(start: Callable[..., Bench]) -> None:
    bench = start(honour_idempotency_keys=False)
    profile = bench.api.get("/api/profiles").json()["data"][2]
    chat = bench.api.get(f"/api/profiles/{profile['id']}/chats").json()["data"][0]
    identities = {send(bench, chat, "same").json()["id"] for _ in range(2)}
    assert len(identities) == 2
