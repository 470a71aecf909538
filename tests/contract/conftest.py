"""One sandbox on real HTTP for all contract tests; every test makes the people it needs.

Its clock stands still and nobody answers by themselves, so that every change is the test's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running

NOW = "2026-06-20T12:00:00.000Z"
"""When the contract sandboxes begin; their clocks stand still, tests move them on."""
PATIENCE = 30
"""Real seconds for one answer, on however busy a machine."""
Record = dict[str, Any]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """The sandbox under test."""
    options = SandboxOptions(
        frozen_at=NOW,
        answers=False,
        initiative=0,
        api_key="contract-key",
        control_token="control",
        other_platforms=("threads",),
        live_additions=True,
    )
    with running(options) as server:
        # The world begins with a send that waits for its retry. It is made before the first test: its
        # events would come to whichever test moves the clock past it.
        server.world.advance(600)
        with server.world.read() as database:
            assert database.value("select count(*) from events") == 0
        yield server


@pytest.fixture(scope="session")
def api(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A plain client with the key."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=PATIENCE) as client:
        yield client


@pytest.fixture(scope="session")
def untouched() -> Iterator[httpx.Client]:
    """A client of a second sandbox with the same world, which no test changes."""
    options = SandboxOptions(frozen_at=NOW, answers=False, initiative=0, api_key="contract-key")
    with running(options) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=PATIENCE) as client:
            yield client


@pytest.fixture(scope="session")
def whole_world(untouched: httpx.Client) -> dict[str, list[tuple[Record, list[Record]]]]:
    """Every chat of every DM profile with up to 100 of its newest messages."""
    world: dict[str, list[tuple[Record, list[Record]]]] = {}
    for profile in untouched.get("/api/profiles").json()["data"]:
        chats = untouched.get(f"/api/profiles/{profile['id']}/chats", params={"per_page": 100}).json()["data"]
        world[profile["platform"]] = [
            (
                chat,
                untouched.get(f"/api/chats/{chat['id']}/messages", params={"per_page": 100}).json()["data"],
            )
            for chat in chats
        ]
    return world


@pytest.fixture(scope="session")
def control(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A client of the control surface."""
    headers = {"Authorization": f"Bearer {sandbox.control_token}"}
    with httpx.Client(base_url=f"{sandbox.url}/_sandbox", headers=headers, timeout=PATIENCE) as client:
        yield client


@pytest.fixture(scope="session")
def steer(control: httpx.Client) -> Callable[..., Record]:
    """One act of the control surface; what it answers."""

    def act(path: str, **fields: Any) -> Record:
        answer = control.post(path, json=fields)
        assert answer.is_success, answer.text
        record: Record = answer.json()
        return record

    return act


@pytest.fixture(scope="session")
def profiles(api: httpx.Client) -> dict[str, str]:
    """Profile ids by platform."""
    return {profile["platform"]: profile["id"] for profile in api.get("/api/profiles").json()["data"]}


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def new_chat(
    api: httpx.Client, control: httpx.Client, profiles: dict[str, str], _numbers: Iterator[int]
) -> Callable[..., Record]:
    """Make a person who has just written `body` on a platform; the chat's record."""

    def make(platform: str, body: str = "Hello", **more: Any) -> Record:
        message = control.post(
            "/messages",
            json={
                "profile": profiles[platform],
                "participant_external_id": f"person-{next(_numbers)}",
                "participant_name": "Test Person",
                "body": body,
                **more,
            },
        )
        assert message.status_code == 201, message.text
        chat: Record = api.get(f"/api/chats/{message.json()['chat_id']}").json()
        return chat

    return make


@pytest.fixture
def advance(sandbox: RunningSandbox) -> Callable[[float], None]:
    """Move the sandbox's clock on by so many seconds."""
    return sandbox.world.advance


@pytest.fixture
def inbound(api: httpx.Client) -> Callable[[Record], Record]:
    """The newest message that the person of a chat wrote."""

    def newest(chat: Record) -> Record:
        page = api.get(f"/api/chats/{chat['id']}/messages", params={"direction": "inbound"}).json()
        message: Record = page["data"][0]
        return message

    return newest


@pytest.fixture
def sent(api: httpx.Client, advance: Callable[[float], None]) -> Callable[..., Record]:
    """Send to a chat and wait until the platform has published and delivered it; the message's record."""

    def send(chat: Record, body: str | None = "Hi there", **more: Any) -> Record:
        fields = {**({} if body is None else {"body": body}), **more}
        accepted = api.post(f"/api/chats/{chat['id']}/messages", json=fields)
        assert accepted.status_code == 202, accepted.text
        advance(4)
        settled: Record = api.get(f"/api/messages/{accepted.json()['id']}").json()
        return settled

    return send


@pytest.fixture
def error(api: httpx.Client) -> Callable[..., tuple[int, Any]]:
    """Status and body of a request that is refused."""

    def ask(method: str, path: str, **more: Any) -> tuple[int, Any]:
        response = api.request(method, path, **more)
        assert response.headers["content-type"].startswith("application/json")
        return response.status_code, response.json()

    return ask
