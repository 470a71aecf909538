"""Faults: what each kind does to a request, and how it is chosen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from inbox_tui.sandbox.faults import KINDS, Faults, make_fault, parse_fault

from .conftest import PATIENCE, Bench


@pytest.fixture
def profile(shared: Bench) -> str:
    """The Instagram profile's id."""
    identity: str = shared.api.get("/api/profiles").json()["data"][0]["id"]
    return identity


@pytest.fixture(autouse=True)
def _no_faults_left(shared: Bench) -> Iterator[None]:
    yield
    shared.control.delete("/faults")


def strike(bench: Bench, kind: str, **settings: object) -> None:
    answer = bench.control.post("/faults", json={"kind": kind, "times": 1, **settings})
    assert answer.status_code == 201, answer.text


def test_a_rate_limit_says_when_to_come_back_and_lets_the_next_request_pass(shared: Bench) -> None:
    strike(shared, "rate_limit", retry_after="7")
    limited = shared.api.get("/api/profiles")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert "error" in limited.json()
    assert shared.api.get("/api/profiles").status_code == 200


@pytest.mark.parametrize(
    ("kind", "settings", "status", "content_type"),
    [
        ("error", {}, 503, "application/json; charset=utf-8"),
        ("error", {"status": 500, "text": "boom"}, 500, "application/json; charset=utf-8"),
        ("html", {}, 502, "text/html"),
        ("unauthorized", {}, 401, "application/json; charset=utf-8"),
    ],
)
def test_an_error_before_the_work_has_its_status_and_its_type_of_content(
    shared: Bench, kind: str, settings: dict[str, object], status: int, content_type: str
) -> None:
    strike(shared, kind, **settings)
    answer = shared.api.get("/api/profiles")
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)


def test_a_reset_does_nothing_and_a_lost_answer_did_what_was_asked(shared: Bench, profile: str) -> None:
    path = f"/api/profiles/{profile}/chats"
    total = shared.api.get(path).json()["total"]
    for kind, change in (("reset", 0), ("lost", 1)):
        strike(shared, kind, method="POST")
        with pytest.raises(httpx.ReadError):
            shared.api.post(path, json={"participant_external_id": kind})
        assert shared.api.get(path).json()["total"] == total + change


def test_a_truncated_answer_ends_before_its_length(shared: Bench) -> None:
    strike(shared, "truncate")
    with pytest.raises(httpx.RemoteProtocolError):
        shared.api.get("/api/profiles")


def test_broken_json_is_a_complete_answer_that_cannot_be_parsed(shared: Bench) -> None:
    strike(shared, "broken_json")
    answer = shared.api.get("/api/profiles")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_wrong_json_has_another_shape(shared: Bench) -> None:
    strike(shared, "wrong_json")
    assert isinstance(shared.api.get("/api/profiles").json(), list)


def test_a_dripping_answer_comes_whole(shared: Bench) -> None:
    strike(shared, "drip", seconds=0.1)
    assert [profile["platform"] for profile in shared.api.get("/api/profiles").json()["data"]]


def test_latency_delays_the_answer_beyond_a_clients_patience(shared: Bench) -> None:
    strike(shared, "latency", seconds=2)
    with pytest.raises(httpx.ReadTimeout):
        shared.api.get("/api/profiles", timeout=httpx.Timeout(PATIENCE, read=0.05))


def test_rows_can_be_doubled_and_spoilt(shared: Bench, profile: str) -> None:
    path = f"/api/profiles/{profile}/chats"
    sound = shared.api.get(path).json()["data"]
    strike(shared, "duplicate")
    assert shared.api.get(path).json()["data"] == [*sound, sound[0]]
    strike(shared, "bad_record")
    spoilt = shared.api.get(path).json()["data"]
    assert spoilt[0]["id"] is None
    assert spoilt[1:] == sound[1:]


@pytest.mark.parametrize("other", ["broken_json", "wrong_json", "html", "error"])
@pytest.mark.parametrize("kind", ["duplicate", "bad_record"])
def test_two_faults_may_strike_one_answer(shared: Bench, profile: str, kind: str, other: str) -> None:
    strike(shared, kind)
    strike(shared, other)
    assert shared.api.get(f"/api/profiles/{profile}/chats").text
    shared.control.delete("/faults")
    assert len(shared.api.get(f"/api/profiles/{profile}/chats").json()["data"]) > 1


def test_pages_shift_when_something_arrives_between_them(shared: Bench, profile: str) -> None:
    path = f"/api/profiles/{profile}/chats"
    first = shared.api.get(path, params={"per_page": 5}).json()["data"]
    strike(shared, "shift")
    assert shared.api.get(path, params={"per_page": 5}).json()["data"] == first  # page 0 uses it up
    strike(shared, "shift")
    second = shared.api.get(path, params={"per_page": 5, "page": 1}).json()["data"]
    assert second[0]["id"] == first[-1]["id"]
    messages = f"/api/chats/{first[0]['id']}/messages"
    newest = shared.api.get(messages, params={"per_page": 2}).json()["data"]
    strike(shared, "shift")
    older = shared.api.get(messages, params={"per_page": 2, "page": 1}).json()["data"]
    assert older[0]["id"] == newest[-1]["id"]


def test_path_method_and_number_choose_the_requests(shared: Bench, profile: str) -> None:
    answer = shared.control.post(
        "/faults", json={"kind": "error", "path": "/chats$", "method": "get", "times": 2}
    )
    path = f"/api/profiles/{profile}/chats"
    statuses = [shared.api.get("/api/profiles").status_code]
    statuses.append(shared.api.post(path, json={"participant_external_id": "x"}).status_code)
    statuses += [shared.api.get(path).status_code for _ in range(3)]
    assert statuses == [200, 201, 503, 503, 200]
    assert shared.control.delete(f"/faults/{answer.json()['id']}").status_code == 404


def test_probability_follows_the_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(make_fault({"kind": "error", "probability": 0.3}))
        return [bool(faults.for_request("GET", "/")) for _ in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_faults_can_be_on_from_the_start(start: Callable[..., Bench]) -> None:
    bench = start(faults=("error,status=500,times=1", "latency,seconds=0"))
    assert [bench.api.get("/api/profiles").status_code for _ in range(2)] == [500, 200]
    assert [fault["kind"] for fault in bench.control.get("/faults").json()["data"]] == ["latency"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("explode", "unknown fault 'explode'"),
        ("error,colour=red", "unknown setting colour"),
        ("error,probability=2", "probability must be"),
        ("error,times=0", "times must be 1 or more"),
        ("error,path=(", "no regular expression"),
        ("error,seconds=soon", "seconds must be float"),
        ("error,fast", "is not name=value"),
    ],
)
def test_a_wrong_fault_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        parse_fault(text)


def test_the_control_surface_refuses_a_wrong_fault_and_lists_the_kinds(shared: Bench) -> None:
    refused = shared.control.post("/faults", json={"kind": "explode"})
    assert (refused.status_code, "unknown fault" in refused.json()["error"]) == (422, True)
    assert shared.control.get("").json()["fault_kinds"] == KINDS
