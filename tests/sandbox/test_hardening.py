"""Bad input gets JSON; nothing gets a traceback or HTML."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox_tui.sandbox.options import SandboxOptions

from .conftest import Bench


def test_a_body_over_the_limit_is_413(start: Callable[..., Bench]) -> None:
    bench = start(max_body_bytes=1000)
    for path in ("/api/chats/x/messages", "/api/nothing"):
        answer = bench.api.post(path, json={"body": "x" * 1000})
        assert (answer.status_code, answer.json()) == (
            413,
            {"error": "Request body is larger than 1000 bytes"},
        )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/profiles", 405),
        ("GET", "/", 404),
        ("GET", "/storage/nothing.png", 404),
        ("GET", "/api/chats/", 404),
        ("DELETE", "/api/messages/x/react", 405),
    ],
)
def test_unknown_places_and_methods_are_refused_as_json(
    shared: Bench, method: str, path: str, status: int
) -> None:
    answer = shared.api.request(method, path)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["POST", "PATCH", "DELETE"]),
    st.sampled_from(
        ["chats/{chat}/messages", "messages/{message}", "messages/{message}/react", "profiles/{p}/chats"]
    ),
    st.dictionaries(
        st.sampled_from(
            ["body", "media", "reply_markup", "reply_to_external_id", "emoji", "participant_external_id"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    ),
)
def test_no_json_makes_the_server_fail(
    shared: Bench, method: str, path: str, body: dict[str, object]
) -> None:
    profile = shared.api.get("/api/profiles").json()["data"][2]["id"]
    chat = shared.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]["id"]
    message = shared.api.get(f"/api/chats/{chat}/messages").json()["data"][0]["id"]
    answer = shared.api.request(
        method,
        "/api/" + path.format(chat=chat, message=message, p=profile),
        content=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    shared.sandbox.world.advance(5)
    assert answer.status_code < 500
    assert answer.headers["content-type"].startswith("application/json")
    assert shared.api.get(f"/api/chats/{chat}/messages").status_code == 200


def test_half_a_surrogate_pair_is_replaced_in_texts_and_passed_on_in_keyboards(shared: Bench) -> None:
    profile = shared.api.get("/api/profiles").json()["data"][2]["id"]
    chat = shared.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]["id"]
    keyboard = b'{"inline_keyboard":[[{"text":"\\ud83d","callback_data":"x"}]]}'
    body = b'{"body":"half \\ud83d pair","reply_markup":' + keyboard + b"}"
    headers = {"Content-Type": "application/json"}
    sent = shared.api.post(f"/api/chats/{chat}/messages", content=body, headers=headers)
    assert (sent.status_code, sent.json()["body"]) == (202, "half \ufffd pair")
    shared.sandbox.world.advance(3)
    message = shared.api.get(f"/api/messages/{sent.json()['id']}")
    assert b"\\ud83d" in message.content
    assert message.json()["status"] == "published"


def test_the_hostile_world_is_served_whole(start: Callable[..., Bench]) -> None:
    bench = start(world="hostile")
    profiles = bench.api.get("/api/profiles").json()["data"]
    assert "matrix" in {profile["platform"] for profile in profiles}
    raw = b""
    shapes: list[dict[str, object]] = []
    for profile in profiles[:4]:
        for chat in bench.api.get(f"/api/profiles/{profile['id']}/chats", params={"per_page": 100}).json()[
            "data"
        ]:
            shapes.append(chat)
            if isinstance(chat.get("id"), str):
                answer = bench.api.get(f"/api/chats/{chat['id']}/messages", params={"per_page": 100})
                raw += answer.content
                shapes += answer.json()["data"]
    assert b"\\ud83d surrogate" in raw
    assert b"\\u001b]0;owned" in raw
    assert b"[@click=app.quit]" in raw
    bodies = [shape.get("body") for shape in shapes]
    assert max(len(body) for body in bodies if isinstance(body, str)) >= 99_999
    assert {"teleported", None} <= {shape.get("status") for shape in shapes if "direction" in shape}
    assert any("id" not in shape for shape in shapes)
    assert any("\u202e" in body for body in bodies if isinstance(body, str))
    assert any("\x9d" in body for body in bodies if isinstance(body, str))
    assert any("👨\u200d👩" in body for body in bodies if isinstance(body, str))


def test_an_empty_world_has_profiles_and_nothing_else(start: Callable[..., Bench]) -> None:
    bench = start(world="empty", initiative=60)
    for profile in bench.api.get("/api/profiles").json()["data"]:
        assert bench.api.get(f"/api/profiles/{profile['id']}/chats").json()["total"] == 0
    assert bench.api.get("/api/posts").json()["data"] == []
    bench.sandbox.world.advance(3600)


@pytest.mark.parametrize(
    "wrong",
    [
        {"world": "lost"},
        {"speed": 0},
        {"chats": -1},
        {"messages": -1},
        {"flaky": 2},
        {"private_reply_refusals": "never"},
        {"webhook_envelope": "round"},
        {"deleted_bodies": "burnt"},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SandboxOptions(**wrong)
