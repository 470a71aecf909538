"""The control surface under /_sandbox."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from .conftest import Bench


def test_it_is_off_without_a_token(start: Callable[..., Bench]) -> None:
    bench = start(control_token=None)
    for method, path in (("GET", ""), ("POST", "/clock"), ("GET", "/requests")):
        answer = httpx.request(method, f"{bench.sandbox.url}/_sandbox{path}")
        assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


def test_it_takes_its_own_token_and_not_the_api_key(shared: Bench) -> None:
    refused = shared.api.get("/_sandbox")
    assert (refused.status_code, refused.json()) == (401, {"error": "Invalid control token"})
    assert shared.control.get("").status_code == 200


def test_the_log_shows_requests_without_the_key(shared: Bench) -> None:
    shared.control.delete("/requests")
    shared.api.post("/api/messages/x/react?profile_group_id=none", json={"emoji": "❤️"})
    shared.control.get("")
    (entry,) = shared.control.get("/requests").json()["data"]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/api/messages/x/react", 404)
    assert (entry["query"], entry["body"]) == ("profile_group_id=none", '{"emoji":"❤️"}')
    assert "authorization" not in entry["headers"]
    assert shared.sandbox.api_key not in str(entry)
    assert shared.control.delete("/requests").json() == {"removed": 1}


def test_the_clock_moves_and_the_date_header_with_it(shared: Bench) -> None:
    before = shared.api.get("/api/profiles").headers["date"]
    assert shared.control.post("/clock", json={"advance": 86_400}).status_code == 200
    after = shared.api.get("/api/profiles").headers["date"]
    assert before.startswith("Sat, 20 Jun 2026")
    assert after.startswith("Sun, 21 Jun 2026")
    assert shared.control.post("/clock", json={"advance": -5}).status_code == 400
    assert shared.control.post("/clock", json={"advance": "soon"}).status_code == 400


def test_the_key_can_expire_and_come_back(shared: Bench) -> None:
    shared.control.post("/key", json={"expired": True})
    assert shared.api.get("/api/profiles").status_code == 401
    shared.control.post("/key", json={"expired": False})
    assert shared.api.get("/api/profiles").status_code == 200


def test_sends_on_a_disconnected_profile_fail(shared: Bench) -> None:
    profile = shared.api.get("/api/profiles").json()["data"][2]["id"]
    chat = shared.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]["id"]
    shared.control.patch(f"/profiles/{profile}", json={"status": "inactive"})
    sent = shared.api.post(f"/api/chats/{chat}/messages", json={"body": "x"}).json()
    shared.sandbox.world.advance(3)
    failed = shared.api.get(f"/api/messages/{sent['id']}").json()
    shared.control.patch(f"/profiles/{profile}", json={"status": "active"})
    assert (failed["status"], failed["error_message"]) == ("failed", "Unauthorized")


def test_a_record_is_told_as_its_overrides_say(shared: Bench) -> None:
    profile = shared.api.get("/api/profiles").json()["data"][0]["id"]
    chat = shared.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]["id"]
    message = shared.api.get(f"/api/chats/{chat}/messages").json()["data"][0]["id"]
    bent = {"overrides": {"set": {"status": "teleported"}, "drop": ["reactions"]}}
    shared.control.patch(f"/messages/{message}", json=bent)
    record = shared.api.get(f"/api/messages/{message}").json()
    assert record["status"] == "teleported"
    assert "reactions" not in record
    shared.control.patch(f"/chats/{chat}", json={"overrides": {"set": {"platform": "matrix"}}})
    assert shared.api.get(f"/api/chats/{chat}").json()["platform"] == "matrix"


def test_missing_parameters_are_named(shared: Bench) -> None:
    for path, name in (("/messages", "profile"), ("/taps", "message"), ("/receipts", "message")):
        answer = shared.control.post(path, json={})
        assert answer.status_code == 400
        assert answer.json()["message"].endswith(name)
