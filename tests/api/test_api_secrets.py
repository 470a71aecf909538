"""The key is in the request and nowhere else: not in errors, their tracebacks, reprs or logs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import httpx
import pytest
from api_samples import HOST, KEY, Server, Waits, error

from inbox_tui.api import faults
from inbox_tui.api.client import Client
from inbox_tui.core.errors import InboxError

FAULTS: list[httpx.Response | Exception | object] = [
    *(
        error(status, {"error": f"Invalid API key {KEY}"})
        for status in (400, 401, 403, 404, 409, 422, 429, 500)
    ),
    httpx.Response(301, headers={"Location": f"https://elsewhere.example?key={KEY}"}),
    httpx.Response(502, content=f"<html><title>{KEY}</title>".encode()),
    httpx.Response(500, content=b"x" * (faults.MAX_DETAIL - 8) + KEY.encode()),
    httpx.Response(200, content=b"<html>"),
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
    httpx.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
    OSError("disk"),
]


def everything_in(error: BaseException) -> str:
    """All that a program could print of an error: chain, attributes, and the locals of every frame."""
    texts: list[str] = []
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        queue += [current.__context__, current.__cause__]
        texts += [str(current), repr(current), repr(current.args), repr(getattr(current, "__dict__", {}))]
        shown = traceback.TracebackException.from_exception(current, capture_locals=True)
        # The test's own frames know the key; only those of the package and of libraries are judged.
        shown.stack = traceback.StackSummary.from_list(
            [frame for frame in shown.stack if not frame.filename.endswith("test_api_secrets.py")]
        )
        texts += shown.format(chain=False)
    return "\n".join(texts)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.get_chat("c"),
        lambda client: client.list_messages("c"),
        lambda client: client.send_message("c", text="x", idempotency_key="k"),
    ],
    ids=["record", "page", "write"],
)
def test_no_error_holds_the_key(fault: object, act: Callable[[Client], object]) -> None:
    server = Server(fault)
    with pytest.raises(InboxError) as caught:
        act(server.client(stop=Waits()))
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY[:6] not in everything_in(caught.value)


def test_the_walk_finds_a_key_in_the_locals_of_any_frame() -> None:
    names: dict[str, Callable[[str], None]] = {}
    exec(compile("def fail(secret):\n    raise LookupError", "library.py", "exec"), names)
    with pytest.raises(LookupError) as caught:
        names["fail"](KEY)
    assert KEY in everything_in(caught.value)


@pytest.mark.parametrize(
    "key",
    ["", f"{KEY}\n", f" {KEY}", f"{KEY}é", f"{KEY}\0", KEY * 200],
    ids=["empty", "newline", "blank", "accent", "nul", "too long"],
)
def test_an_unusable_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InboxError) as caught:
        Client(HOST, key)
    assert KEY not in everything_in(caught.value)


def test_an_unusable_address_does_not_show_the_key() -> None:
    with pytest.raises(InboxError) as caught:
        Client("gopher://x", KEY)
    assert KEY not in everything_in(caught.value)


def test_no_repr_or_log_shows_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = Server({"data": []}).client()
    client.list_profiles()
    shown = [repr(client), repr(client.transport), repr(vars(client)), repr(vars(client.transport))]
    shown.append(repr(vars(client.transport._client)))
    assert KEY not in "\n".join([*shown, caplog.text])
