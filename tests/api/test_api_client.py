"""What each method asks of the API, byte for byte, and what it refuses to ask."""

from __future__ import annotations

import email.parser
import email.policy
import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from api_samples import ACCEPTED, CHAT, MESSAGE, PROFILE, WEBHOOK, Server, error, page

from inbox_tui.api import requests
from inbox_tui.api.client import Client
from inbox_tui.core.errors import NotFound, Refused, RequestRejected, ServerFault
from inbox_tui.core.models import Chat, Comment, Message, Page, Post, Profile, ProfileGroup, Webhook

Act = Callable[[Client], object]

READS: list[tuple[Act, object, str, type]] = [
    (lambda c: c.list_profiles(), {"data": [PROFILE]}, "/api/profiles", Profile),
    (
        lambda c: c.list_profiles(profile_group_id="g1"),
        {"data": [PROFILE]},
        "/api/profiles?profile_group_id=g1",
        Profile,
    ),
    (lambda c: c.get_profile("p7"), PROFILE, "/api/profiles/p7", Profile),
    (
        lambda c: c.list_profile_groups(),
        {"data": [{"id": "g1", "name": "Shop", "profiles_count": 2}]},
        "/api/profile_groups",
        ProfileGroup,
    ),
    (
        lambda c: c.list_chats("p7", page=2, per_page=50, profile_group_id="g1"),
        page(CHAT),
        "/api/profiles/p7/chats?page=2&per_page=50&profile_group_id=g1",
        Chat,
    ),
    (
        lambda c: c.list_chats("p7", before=1_781_946_753_007, after=0),
        page(CHAT),
        "/api/profiles/p7/chats?page=0&per_page=100"
        "&before=2026-06-20T09%3A12%3A33.007Z&after=1970-01-01T00%3A00%3A00.000Z",
        Chat,
    ),
    (lambda c: c.get_chat("c4", profile_group_id="g1"), CHAT, "/api/chats/c4?profile_group_id=g1", Chat),
    (
        lambda c: c.list_messages("c4", direction="inbound", status="received", profile_group_id="g1"),
        page(MESSAGE),
        "/api/chats/c4/messages?page=0&per_page=100&direction=inbound&status=received&profile_group_id=g1",
        Message,
    ),
    (
        lambda c: c.get_message("m8", profile_group_id="g1"),
        MESSAGE,
        "/api/messages/m8?profile_group_id=g1",
        Message,
    ),
    (
        lambda c: c.list_posts(status="published", profile_group_id="g1"),
        page({"id": "o1", "created_at": "2026-06-01T08:00:00Z", "platforms": [{"platform": "facebook"}]}),
        "/api/posts?page=0&per_page=20&status=published&profile_group_id=g1",
        Post,
    ),
    (
        lambda c: c.list_comments("o1", profile_id="p7", page=1),
        page({"id": "k1", "created_at": "2026-06-01T08:00:00Z"}),
        "/api/posts/o1/comments?page=1&per_page=20&profile_id=p7",
        Comment,
    ),
    (lambda c: c.list_webhooks(), {"data": [WEBHOOK]}, "/api/webhooks", Webhook),
    (lambda c: c.get_webhook("w1"), WEBHOOK, "/api/webhooks/w1", Webhook),
]


@pytest.mark.parametrize(("act", "answer", "path", "kind"), READS, ids=[case[2] for case in READS])
def test_each_read_asks_for_its_path_and_returns_its_record(
    act: Act, answer: object, path: str, kind: type
) -> None:
    server = Server(answer)
    result = act(server.client())
    assert server.paths() == [f"GET {path}"]
    assert "Idempotency-Key" not in server.requests[0].headers
    assert isinstance(result.items[0] if isinstance(result, Page) else result, kind)


K = {"idempotency_key": "key-1"}
G = {"profile_group_id": "g1", "idempotency_key": "key-1"}

WRITES: list[tuple[Act, object, str, object]] = [
    (
        lambda c: c.create_chat("p7", "did:plc:x", participant_username="mona", participant_name="Mona", **G),
        CHAT,
        "POST /api/profiles/p7/chats?profile_group_id=g1",
        {"participant_external_id": "did:plc:x", "participant_username": "mona", "participant_name": "Mona"},
    ),
    (
        lambda c: c.send_message("c4", text="Ja, 2 Stück ❤️", **G),
        ACCEPTED,
        "POST /api/chats/c4/messages?profile_group_id=g1",
        {"body": "Ja, 2 Stück ❤️"},
    ),
    (
        lambda c: c.send_message(
            "c4", text="x", reply_to_external_id="5821", reply_markup={"force_reply": True}, **K
        ),
        ACCEPTED,
        "POST /api/chats/c4/messages",
        {"body": "x", "reply_to_external_id": "5821", "reply_markup": {"force_reply": True}},
    ),
    (
        lambda c: c.send_message("c4", media_url="https://cdn.example/p.png?a=1", **K),
        ACCEPTED,
        "POST /api/chats/c4/messages",
        {"media": ["https://cdn.example/p.png?a=1"]},
    ),
    (
        lambda c: c.edit_message("m8", text="new", **G),
        MESSAGE,
        "PATCH /api/messages/m8?profile_group_id=g1",
        {"body": "new"},
    ),
    (
        lambda c: c.edit_message("m8", reply_markup={}, **K),
        MESSAGE,
        "PATCH /api/messages/m8",
        {"reply_markup": {}},
    ),
    (
        lambda c: c.react("m8", reaction="love", emoji="❤️", **G),
        MESSAGE,
        "POST /api/messages/m8/react?profile_group_id=g1",
        {"reaction": "love", "emoji": "❤️"},
    ),
    (lambda c: c.react("m8", **K), MESSAGE, "POST /api/messages/m8/react", {}),
    (lambda c: c.unreact("m8", **G), MESSAGE, "DELETE /api/messages/m8/unreact?profile_group_id=g1", None),
    (lambda c: c.archive_chat("c4", **G), CHAT, "POST /api/chats/c4/archive?profile_group_id=g1", None),
    (lambda c: c.unarchive_chat("c4", **G), CHAT, "DELETE /api/chats/c4/archive?profile_group_id=g1", None),
    (
        lambda c: c.private_reply("o1", "k1", profile_id="p7", text="Hello", **G),
        ACCEPTED,
        "POST /api/posts/o1/comments/k1/private_reply?profile_id=p7&profile_group_id=g1",
        {"text": "Hello"},
    ),
    (
        lambda c: c.create_webhook("https://x.example/h", ["*"], description="inbox", **K),
        WEBHOOK,
        "POST /api/webhooks",
        {"url": "https://x.example/h", "events": ["*"], "description": "inbox"},
    ),
    (
        lambda c: c.update_webhook("w1", url="https://y.example", events=["a.b"], enabled=False, **K),
        WEBHOOK,
        "PATCH /api/webhooks/w1",
        {"url": "https://y.example", "events": ["a.b"], "enabled": False},
    ),
    (
        lambda c: c.update_webhook("w1", description="d", **K),
        WEBHOOK,
        "PATCH /api/webhooks/w1",
        {"description": "d"},
    ),
    (lambda c: c.delete_webhook("w1", **K), {"deleted": True}, "DELETE /api/webhooks/w1", None),
]


@pytest.mark.parametrize(("act", "answer", "path", "body"), WRITES, ids=[case[2] for case in WRITES])
def test_each_write_sends_its_body_and_its_key(act: Act, answer: object, path: str, body: object) -> None:
    server = Server(answer)
    act(server.client())
    act(server.client())
    assert server.paths() == [path, path]
    first, second = server.requests
    assert first.headers["Idempotency-Key"] == "key-1"
    assert first.content == second.content
    if body is None:
        assert first.content == b""
        assert "Content-Type" not in first.headers
    else:
        assert json.loads(first.content) == body
        assert first.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
def test_a_chat_that_was_there_already_is_told_from_a_new_one(status: int, created: bool) -> None:
    server = Server(httpx.Response(status, content=json.dumps(CHAT).encode()))
    chat, is_new = server.client().create_chat("p7", "u", **K)
    assert (chat.id, is_new) == ("c4Tz1a", created)


def test_an_answer_without_a_body_is_enough_for_a_deletion() -> None:
    assert Server(httpx.Response(204)).client().delete_webhook("w1", **K) is None


def test_an_answer_without_a_body_leaves_a_send_uncertain() -> None:
    with pytest.raises(ServerFault):
        Server(httpx.Response(202)).client().send_message("c4", text="x", **K)


@pytest.mark.parametrize(
    ("identifier", "encoded"),
    [
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("mid.$c=:@&+", "mid.%24c%3D%3A%40%26%2B"),
        ("50%41 ü", "50%2541%20%C3%BC"),
        ("...", "..."),
    ],
)
def test_ids_are_percent_encoded(identifier: str, encoded: str) -> None:
    server = Server(MESSAGE)
    server.client().get_message(identifier)
    assert server.paths() == [f"GET /api/messages/{encoded}"]


NO_FILE = Path("/nowhere/none.png")

REFUSED: list[Act] = [
    lambda c: c.get_message(""),
    lambda c: c.get_message("."),
    lambda c: c.get_message(".."),
    lambda c: c.get_message("x" * 2000),
    lambda c: c.get_message("\ud800"),
    lambda c: c.get_message("a\0b"),
    lambda c: c.list_messages("c", page=-1),
    lambda c: c.list_messages("c", per_page=0),
    lambda c: c.list_chats("p", before=10**30),
    lambda c: c.list_chats("p", profile_group_id="\udfff"),
    lambda c: c.list_comments("o", profile_id=""),
    lambda c: c.send_message("c", **K),
    lambda c: c.send_message("c", text="x", media_url="https://x.example", **K),
    lambda c: c.send_message("c", text="x", media_file=NO_FILE, **K),
    lambda c: c.send_message("c", text="", **K),
    lambda c: c.send_message("c", text=" \n\t ", **K),
    lambda c: c.send_message("c", text="a\ud83d", **K),
    lambda c: c.send_message("c", text="a\0", **K),
    lambda c: c.send_message("c", text="x", reply_to_external_id="", **K),
    lambda c: c.send_message("c", text="x", reply_markup=[1], **K),
    lambda c: c.send_message("c", text="x", reply_markup={"a": float("nan")}, **K),
    lambda c: c.send_message("c", text="x", reply_markup={"a": {1, 2}}, **K),
    lambda c: c.send_message("c", text="x", reply_markup={"a": "\ud800"}, **K),
    lambda c: c.send_message("c", media_url="ftp://x.example/a", **K),
    lambda c: c.send_message("c", media_url="https://", **K),
    lambda c: c.send_message("c", media_url="https://[", **K),
    lambda c: c.send_message("c", media_url="https://x.example/a b", **K),
    lambda c: c.send_message("c", media_url="https://x.example/\r\nX: y", **K),
    lambda c: c.send_message("c", media_file=NO_FILE, **K),
    lambda c: c.send_message("c", media_file=Path("/"), **K),
    lambda c: c.send_message("c", media_file=Path("/dev/null"), **K),
    lambda c: c.send_message("c", text="x", idempotency_key=""),
    lambda c: c.send_message("c", text="x", idempotency_key="k" * 256),
    lambda c: c.send_message("c", text="x", idempotency_key="a\r\nX: y"),
    lambda c: c.send_message("c", text="x", idempotency_key="schlüssel"),
    lambda c: c.edit_message("m", **K),
    lambda c: c.edit_message("m", text=" ", **K),
    lambda c: c.react("m", emoji="", **K),
    lambda c: c.private_reply("o", "k", profile_id="p", text="", **K),
    lambda c: c.private_reply("o", "k", profile_id=" ", text="x", **K),
    lambda c: c.create_chat("p", "", **K),
    lambda c: c.create_webhook("https://x.example", [], **K),
    lambda c: c.create_webhook("https://x.example", "*", **K),
    lambda c: c.create_webhook("mailto:x", ["*"], **K),
    lambda c: c.update_webhook("w", **K),
]


@pytest.mark.parametrize("act", REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_succeed_is_refused_before_anything_leaves(act: Act) -> None:
    server = Server(MESSAGE)
    with pytest.raises(Refused) as caught:
        act(server.client())
    assert server.requests == []
    assert caught.value.hint


def test_a_refusal_keeps_the_platforms_words() -> None:
    words = "Forbidden: bot can't initiate conversation with a user"
    with pytest.raises(RequestRejected) as caught:
        Server(error(422, {"error": words})).client().send_message("c", text="x", **K)
    assert (caught.value.status, caught.value.detail) == (422, words)
    with pytest.raises(NotFound):
        Server(error(404, {"error": "Not found"})).client().get_chat("c")


def parts(request: httpx.Request) -> list[EmailMessage]:
    """The parts of a multipart request, read by the standard library's parser."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.content)
    return [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


def test_a_file_is_streamed_as_multipart_and_reports_its_progress(tmp_path: Path) -> None:
    content = bytes(range(256)) * 800
    file = tmp_path / "photo.png"
    file.write_bytes(content)
    server = Server(ACCEPTED)
    progress: list[tuple[int, int]] = []
    server.client().send_message(
        "c4",
        media_file=file,
        reply_to_external_id="5821",
        reply_markup={"remove_keyboard": True},
        on_progress=lambda sent, size: progress.append((sent, size)),
        **G,
    )
    [request] = server.requests
    assert server.paths() == ["POST /api/chats/c4/messages?profile_group_id=g1"]
    assert int(request.headers["Content-Length"]) == len(request.content)
    found = {part.get_param("name", header="Content-Disposition"): part for part in parts(request)}
    assert list(found) == ["reply_to_external_id", "reply_markup", "media[]"]
    assert found["media[]"].get_filename() == "photo.png"
    assert found["media[]"].get_content_type() == "image/png"
    assert found["media[]"].get_payload(decode=True) == content
    assert json.loads(str(found["reply_markup"].get_payload())) == {"remove_keyboard": True}
    assert [size for _, size in progress] == [len(content)] * len(progress)
    assert [sent for sent, _ in progress] == sorted({sent for sent, _ in progress})
    assert progress[-1] == (len(content), len(content))


def test_a_repeat_of_an_upload_has_the_same_bytes_and_another_key_another_boundary(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x" * 70_000)
    server = Server(ACCEPTED)
    for key in ("one", "one", "two"):
        server.client().send_message("c", media_file=file, idempotency_key=key)
    first, repeat, other = server.requests
    assert first.content == repeat.content
    assert first.headers["Content-Type"] == repeat.headers["Content-Type"] != other.headers["Content-Type"]


def test_a_file_that_vanishes_while_it_is_sent_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: requests.UploadFile, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(requests.UploadFile, "read", read)
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    with pytest.raises(Exception, match="Input/output error") as caught:
        Server(ACCEPTED).client().send_message("c", media_file=file, **K)
    assert getattr(caught.value, "may_have_arrived", None) is True
