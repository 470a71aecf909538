"""Seed: message and reaction events; postproxy-api.md section 6: registry, signature, retries, log."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from inbox_tui.sandbox.webhooks import signature

Record = dict[str, Any]
PATIENCE = 30
"""Real seconds until something that has not come is taken to be missing, on however busy a machine."""


class Receiver:
    """A real HTTP receiver that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.answering = threading.Event()
        """While it is not set, attempts arrive and wait for their answer."""
        self.answering.set()
        self._arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._arrived:
                    outer.got.append((dict(self.headers), body))
                    outer._arrived.notify_all()
                outer.answering.wait(PATIENCE)
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def wait(self, count: int) -> list[Record]:
        """The events, as soon as there are `count` of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, timeout=PATIENCE), self.types()
        return self.events()

    def events(self) -> list[Record]:
        return [json.loads(body) for _, body in self.got]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def close(self) -> None:
        self.answering.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver for the length of a test."""
    it = Receiver()
    yield it
    it.close()


@pytest.fixture
def register(api: httpx.Client) -> Iterator[Callable[..., Record]]:
    """Make a webhook that is gone after the test, also where the test fails.

    One that stayed would use up the faults that a later test sets for its own.
    """
    made: list[str] = []

    def post(url: str, *events: str) -> Record:
        webhook: Record = api.post("/api/webhooks", json={"url": url, "events": events or ["*"]}).json()
        made.append(webhook["id"])
        return webhook

    yield post
    for identity in made:
        api.delete(f"/api/webhooks/{identity}")


@pytest.fixture
def hook(register: Callable[..., Record], receiver: Receiver) -> Record:
    """A webhook that wants everything."""
    return register(receiver.url)


@pytest.fixture
def refusing() -> Iterator[str]:
    """A URL whose port refuses connections: bound, so that nobody else can take it, and not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/hook"


def settled(api: httpx.Client, hook: Record, count: int) -> list[Record]:
    """The delivery log, as soon as it has `count` attempts."""
    deadline = time.monotonic() + PATIENCE
    while True:
        page = api.get(f"/api/webhooks/{hook['id']}/deliveries", params={"per_page": 100}).json()
        if page["total"] >= count or time.monotonic() > deadline:
            assert page["total"] >= count
            log: list[Record] = page["data"]
            return log
        time.sleep(0.01)


class TestRegistry:
    """Webhooks API."""

    def test_create_read_change_and_delete(self, api: httpx.Client) -> None:
        created = api.post(
            "/api/webhooks",
            json={"url": "https://example.test/hook", "events": ["message.received"], "description": "inbox"},
        )
        webhook = created.json()
        assert created.status_code == 201
        assert list(webhook) == [
            "id", "url", "events", "enabled", "description", "secret", "created_at", "updated_at",
        ]  # fmt: skip
        assert webhook["secret"].startswith("whsec_")
        assert (webhook["enabled"], webhook["description"]) == (True, "inbox")
        path = f"/api/webhooks/{webhook['id']}"
        assert api.get(path).json() == webhook
        listed = next(w for w in api.get("/api/webhooks").json()["data"] if w["id"] == webhook["id"])
        assert "secret" not in listed
        changed = api.patch(path, json={"enabled": False, "events": ["*"]}).json()
        assert (changed["enabled"], changed["events"], changed["secret"]) == (False, ["*"], webhook["secret"])
        assert api.delete(path).json() == {"deleted": True}
        assert api.get(path).status_code == 404

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"events": ["*"]}, 400),
            ({"url": "https://x.test"}, 400),
            ({"url": "https://x.test", "events": []}, 400),
            ({"url": "http://x.test", "events": ["*"]}, 422),
            ({"url": "nonsense", "events": ["*"]}, 422),
            ({"url": "https://x.test", "events": ["message.exploded"]}, 422),
        ],
    )
    def test_url_and_events_are_checked(self, error: Callable[..., Any], body: Record, status: int) -> None:
        assert error("POST", "/api/webhooks", json=body)[0] == status


class TestDelivery:
    """What the service sends."""

    def test_headers_envelope_and_signature(
        self,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        message = inbound(new_chat("instagram"))
        (event,) = receiver.wait(1)
        headers, body = receiver.got[0]
        assert list(event) == ["id", "type", "created_at", "data"]
        assert event["data"] == {"message": message}
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"] == "Postproxy-Webhooks/1.0"
        assert headers["X-Postproxy-Event"] == event["type"] == "message.received"
        assert headers["X-Postproxy-Delivery"]
        stamp, digest = headers["X-Postproxy-Signature"].split(",")
        signed = f"{stamp.removeprefix('t=')}.".encode() + body
        assert digest == "v1=" + hmac.new(hook["secret"].encode(), signed, hashlib.sha256).hexdigest()
        assert abs(time.time() - int(stamp.removeprefix("t="))) < 60

    def test_the_signature_matches_the_published_vector(self) -> None:
        body = b'{"id":"evt_demo1","type":"message.received"}'
        digest = "7bfc36d36df2255be5ab7c7449a0bdf97e1d049c4f46150f6e3d43e462707cbf"
        assert signature("whsec_demo", body, 1780000000) == f"t=1780000000,v1={digest}"

    def test_only_the_wanted_events_of_an_enabled_webhook_are_delivered(
        self,
        api: httpx.Client,
        receiver: Receiver,
        register: Callable[..., Record],
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
    ) -> None:
        hook = register(receiver.url, "message.sent")
        chat = new_chat("telegram")
        sent(chat)
        receiver.wait(1)
        api.patch(f"/api/webhooks/{hook['id']}", json={"enabled": False})
        sent(chat)
        api.patch(f"/api/webhooks/{hook['id']}", json={"enabled": True})
        sent(chat)
        receiver.wait(2)
        assert receiver.types() == ["message.sent", "message.sent"]

    def test_a_late_answer_for_a_deleted_webhook_is_not_taken_for_one_of_the_next_webhook(
        self,
        api: httpx.Client,
        receiver: Receiver,
        register: Callable[..., Record],
        new_chat: Callable[..., Record],
    ) -> None:
        receiver.answering.clear()
        deleted = register(receiver.url)
        new_chat("facebook", "to the deleted one")
        receiver.wait(1)
        api.delete(f"/api/webhooks/{deleted['id']}")
        hook = register(receiver.url)
        assert hook["id"] != deleted["id"]
        new_chat("facebook", "to the next one")
        receiver.answering.set()
        bodies = [event["data"]["message"]["body"] for event in receiver.wait(2)]
        assert bodies == ["to the deleted one", "to the next one"]
        (attempt,) = settled(api, hook, 1)
        assert attempt["event_id"] == receiver.events()[1]["id"]
        assert len({headers["X-Postproxy-Delivery"] for headers, _ in receiver.got}) == 2

    def test_a_failing_receiver_gets_five_attempts_at_their_times_and_a_log(
        self,
        api: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        receiver.status = 500
        new_chat("facebook")
        settled(api, hook, 1)
        for attempt, pause in enumerate((60, 300, 1800, 7200), start=2):
            advance(pause - 1)
            assert len(settled(api, hook, attempt - 1)) == attempt - 1
            advance(2)
            settled(api, hook, attempt)
        advance(100_000)
        log = settled(api, hook, 5)
        assert [entry["attempt_number"] for entry in log] == [5, 4, 3, 2, 1]
        assert {entry["event_id"] for entry in log} == {receiver.events()[0]["id"]}
        assert all(entry["response_status"] == 500 and entry["success"] is False for entry in log)
        assert list(log[0]) == [
            "id", "event_id", "event_type", "response_status", "attempt_number", "success", "attempted_at",
            "created_at",
        ]  # fmt: skip
        assert len({body for _, body in receiver.got}) == 1

    def test_no_answer_at_all_is_an_attempt_without_status_and_a_later_success_ends_it(
        self,
        api: httpx.Client,
        receiver: Receiver,
        register: Callable[..., Record],
        refusing: str,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        hook = register(refusing)
        new_chat("facebook")
        assert settled(api, hook, 1)[0]["response_status"] is None
        api.patch(f"/api/webhooks/{hook['id']}", json={"url": receiver.url})
        advance(61)
        receiver.wait(1)
        newest = settled(api, hook, 2)[0]
        assert (newest["success"], newest["response_status"], newest["attempt_number"]) == (True, 200, 2)

    def test_events_can_come_twice_late_or_not_at_all(
        self,
        api: httpx.Client,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        path = "message.received"
        control.post("/faults", json={"kind": "webhook_duplicate", "path": path, "times": 1})
        new_chat("facebook")
        twice = receiver.wait(2)
        assert twice[0]["id"] == twice[1]["id"]
        control.post("/faults", json={"kind": "webhook_drop", "path": path, "times": 1})
        new_chat("facebook", "dropped")
        control.post("/faults", json={"kind": "webhook_delay", "path": path, "times": 1, "seconds": 5})
        new_chat("facebook", "delayed")
        new_chat("facebook", "in time")
        receiver.wait(3)
        advance(6)
        bodies = [event["data"]["message"]["body"] for event in receiver.wait(4)]
        assert bodies == ["Hello", "Hello", "in time", "delayed"]


class TestEvents:
    """The nine message and reaction events, and on which platform each fires."""

    def data(self, receiver: Receiver, kind: str) -> list[Record]:
        return [event["data"] for event in receiver.events() if event["type"] == kind]

    @pytest.mark.parametrize("platform", ["facebook", "instagram"])
    def test_received_sent_delivered_and_read(
        self,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        advance: Callable[..., None],
        platform: str,
    ) -> None:
        message = sent(new_chat(platform))
        # The platform tells of the delivery some seconds later.
        advance(10)
        receiver.wait(3)
        control.post("/receipts", json={"message": message["id"], "kind": "read"})
        receiver.wait(4)
        assert receiver.types() == ["message.received", "message.sent", "message.delivered", "message.read"]
        sent_data, delivered, read = (event["data"]["message"] for event in receiver.events()[1:])
        assert (sent_data["status"], sent_data["external_delivered_at"]) == ("published", None)
        assert delivered["external_delivered_at"]
        assert delivered["external_read_at"] is None
        assert read["external_read_at"]

    @pytest.mark.parametrize("platform", ["telegram", "bluesky"])
    def test_without_receipts_only_received_and_sent(
        self,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        advance: Callable[..., None],
        platform: str,
    ) -> None:
        sent(new_chat(platform))
        advance(3600)
        receiver.wait(2)
        assert receiver.types() == ["message.received", "message.sent"]

    def test_edited_by_the_person_and_by_the_business(
        self,
        api: httpx.Client,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        sent: Callable[..., Record],
    ) -> None:
        chat = new_chat("telegram")
        theirs, ours = inbound(chat), sent(chat)
        control.post("/edits", json={"message": theirs["id"], "body": "edited by them"})
        api.patch(f"/api/messages/{ours['id']}", json={"body": "edited by us"})
        receiver.wait(4)
        edited = self.data(receiver, "message.edited")
        assert [data["message"]["body"] for data in edited] == ["edited by them", "edited by us"]
        assert all(data["message"]["external_edited_at"] for data in edited)

    def test_deleted_fires_on_instagram(
        self,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        message = inbound(new_chat("instagram"))
        control.post("/deletions", json={"message": message["id"]})
        receiver.wait(2)
        (data,) = self.data(receiver, "message.deleted")
        assert data["message"]["external_deleted_at"]

    def test_a_bluesky_deletion_is_stamped_without_an_event(
        self,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        control.post("/deletions", json={"message": inbound(new_chat("bluesky"))["id"]})
        advance(301)
        new_chat("bluesky", "afterwards")
        receiver.wait(2)
        assert receiver.types() == ["message.received", "message.received"]

    def test_failed_waiting_for_retry_and_failed(
        self,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        sent: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        chat = new_chat("bluesky")
        control.post("/faults", json={"kind": "platform", "platform": "bluesky", "times": 1})
        sent(chat)
        control.post(
            "/faults", json={"kind": "platform_final", "platform": "bluesky", "times": 1, "text": "no"}
        )
        advance(61)
        receiver.wait(3)
        assert receiver.types() == ["message.received", "message.failed_waiting_for_retry", "message.failed"]
        (waiting,) = self.data(receiver, "message.failed_waiting_for_retry")
        (failed,) = self.data(receiver, "message.failed")
        assert waiting["message"]["status"] == "failed_waiting_for_retry"
        assert waiting["message"]["error_message"]
        assert (failed["message"]["status"], failed["message"]["error_message"]) == ("failed", "no")

    def test_reaction_received_for_theirs_ours_and_unreact(
        self,
        api: httpx.Client,
        control: httpx.Client,
        receiver: Receiver,
        hook: Record,
        new_chat: Callable[..., Record],
        inbound: Callable[..., Record],
    ) -> None:
        message = inbound(new_chat("facebook"))
        control.post("/reactions", json={"message": message["id"], "emoji": "😮", "reaction": "wow"})
        api.post(f"/api/messages/{message['id']}/react", json={"reaction": "like"})
        api.delete(f"/api/messages/{message['id']}/unreact")
        api.delete(f"/api/messages/{message['id']}/unreact")  # nothing left: no event
        new_chat("facebook")
        receiver.wait(5)
        events = self.data(receiver, "reaction.received")
        assert [(data["action"], data["reaction"], data["emoji"]) for data in events] == [
            ("react", "wow", "😮"),
            ("react", "like", "👍"),
            ("unreact", "like", "👍"),
        ]
        assert [len(data["message"]["reactions"]) for data in events] == [1, 2, 1]
        assert all(data["occurred_at"] and data["sender_external_id"] for data in events)

    def test_a_lost_and_regained_profile_and_a_comment_are_told(
        self,
        api: httpx.Client,
        control: httpx.Client,
        profiles: dict[str, str],
        receiver: Receiver,
        hook: Record,
    ) -> None:
        path = f"/profiles/{profiles['facebook']}"
        control.patch(path, json={"status": "inactive"})
        assert api.get(f"/api{path}").json()["status"] == "inactive"
        control.patch(path, json={"status": "active"})
        post = api.get("/api/posts").json()["data"][0]["id"]
        control.post("/comments", json={"post": post, "profile": profiles["facebook"], "body": "nice"})
        lost, back, comment = receiver.wait(3)
        assert (lost["type"], lost["data"]["status"]) == ("profile.disconnected", "disconnected")
        assert (back["type"], back["data"]["status"]) == ("profile.connected", "active")
        assert (comment["type"], comment["data"]["body"]) == ("comment.created", "nice")
