"""Records as the API writes them, a client without a network, and a clock that does not wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from inbox_tui.api.client import Client
from inbox_tui.api.transport import Transport

KEY = "pk_live_Zebra-73"
HOST = "https://api.example"

MESSAGE: dict[str, Any] = {
    "id": "m8Kq2v",
    "chat_id": "c4Tz1a",
    "external_id": "mid.77",
    "direction": "inbound",
    "body": "Is the blue one in stock?",
    "status": "received",
    "external_comment_id": None,
    "error_message": None,
    "platform_data": None,
    "external_posted_at": "2026-06-20T09:12:33.000Z",
    "external_delivered_at": "2026-06-20T09:12:33.500Z",
    "external_read_at": None,
    "external_edited_at": None,
    "reply_to_external_id": None,
    "reply_markup": None,
    "external_deleted_at": None,
    "reactions": [
        {"sender_external_id": "u-551", "emoji": "👍", "reaction": "like", "at": "2026-06-20T09:20:00Z"}
    ],
    "attachments": [
        {
            "id": "aX31",
            "type": "image",
            "url": "https://x.example/p.png",
            "status": "processed",
            "external_id": None,
        }
    ],
    "is_unsupported": False,
    "created_at": "2026-06-20T09:12:34.000Z",
}

ACCEPTED: dict[str, Any] = {
    "id": "m9",
    "chat_id": "c4Tz1a",
    "external_id": None,
    "direction": "outbound",
    "body": "Parcel leaves today.",
    "status": "pending",
    "external_comment_id": None,
    "error_message": None,
    "platform_data": None,
    "external_posted_at": None,
    "attachments": [],
    "created_at": "2026-06-20T09:15:00.000Z",
}
"""The trimmed answer of a send."""

CHAT: dict[str, Any] = {
    "id": "c4Tz1a",
    "profile_id": "p7",
    "platform": "instagram",
    "participant_external_id": "igsid_31",
    "participant_username": "mona",
    "participant_name": "Mona Lindt",
    "participant_avatar_url": None,
    "external_conversation_id": None,
    "last_inbound_at": "2026-06-20T09:12:33.000Z",
    "last_outbound_at": None,
    "last_message_at": "2026-06-20T09:12:33.000Z",
    "metadata": {"follower_count": 12, "is_verified_user": False},
    "created_at": "2026-06-01T08:00:00.000Z",
}

PROFILE: dict[str, Any] = {
    "id": "p7",
    "name": "Acme Shop",
    "platform": "instagram",
    "status": "active",
    "profile_group_id": "g1",
    "expires_at": None,
    "post_count": 4,
}

WEBHOOK: dict[str, Any] = {
    "id": "w1",
    "url": "https://x.example/hook",
    "events": ["message.received"],
    "enabled": True,
    "description": None,
    "secret": "whsec_q",
    "created_at": "2026-06-01T08:00:00Z",
    "updated_at": "2026-06-01T08:00:00Z",
}

Handler = Callable[[httpx.Request], httpx.Response]


def page(*records: object, total: int | None = None) -> dict[str, Any]:
    """A page of records."""
    return {
        "total": len(records) if total is None else total,
        "page": 0,
        "per_page": 100,
        "data": list(records),
    }


class Waits(threading.Event):
    """A stop event that notes how long each wait would have been, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return self.is_set()


class Server:
    """Answers requests from a list, the last answer again and again, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception | object) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return httpx.Response(200, content=json.dumps(answer).encode())

    def client(self, **options: Any) -> Client:
        """A client of this server."""
        return Client(HOST, KEY, transport=httpx.MockTransport(self), **options)

    def transport(self, **options: Any) -> Transport:
        """A transport to this server."""
        return Transport(HOST, KEY, transport=httpx.MockTransport(self), **options)

    def paths(self) -> list[str]:
        """Method and raw path of every request, in order."""
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]


def error(status: int, body: object = None, headers: Iterable[tuple[str, str]] = ()) -> httpx.Response:
    """An answer with an error body."""
    return httpx.Response(status, headers=list(headers), content=json.dumps(body).encode())
