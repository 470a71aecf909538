"""An API in memory behind the real client, whose answers can be bent request by request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import unquote

import httpx

from inbox_tui.api.client import Client

KEY = "pp_test"
START = 1_780_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE

Record = dict[str, object]
Bend = Callable[[httpx.Request], httpx.Response | None]


def iso(at: int | None) -> str | None:
    """A time as the API writes it."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ms(text: str) -> int:
    """A time of the API in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass
class FakeApi:
    """Profiles, chats and messages as plain records. `bend` may answer a request before the API does."""

    now: int = START
    profiles: list[Record] = field(default_factory=list)
    chats: dict[str, list[Record]] = field(default_factory=dict)
    messages: dict[str, list[Record]] = field(default_factory=dict)
    max_per_page: int = 100
    nulls_first: bool = False
    honours_keys: bool = False
    bend: Bend | None = None
    ahead: float | None = None
    """Seconds by which the Date header of answers is ahead of this machine's clock; None: no such header."""
    requests: list[str] = field(default_factory=list)
    sends: list[str] = field(default_factory=list)
    """Texts that were taken, in order."""
    keys: dict[str, Record] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0

    def client(self, key: str = KEY) -> Client:
        """A real client whose network is this API."""
        return Client("http://127.0.0.1:1", key, transport=httpx.MockTransport(self.answer), retries=False)

    # The world

    def add_profile(self, profile_id: str = "p1", platform: str = "telegram", status: str = "active") -> str:
        self.profiles.append(
            {"id": profile_id, "name": f"Shop {profile_id}", "platform": platform, "status": status}
        )
        self.chats.setdefault(profile_id, [])
        return profile_id

    def add_chat(self, chat_id: str, at: int | None, profile_id: str = "p1", *, messages: int = 1) -> str:
        platform = next(p["platform"] for p in self.profiles if p["id"] == profile_id)
        self.chats[profile_id].append(
            {
                "id": chat_id,
                "profile_id": profile_id,
                "platform": platform,
                "participant_external_id": f"u-{chat_id}",
                "participant_name": f"Person {chat_id}",
                "last_inbound_at": iso(at),
                "last_outbound_at": None,
                "last_message_at": iso(at),
                "metadata": None,
                "created_at": iso(START - 30 * 24 * HOUR),
            }
        )
        self.messages[chat_id] = []
        for index in range(messages if at is not None else 0):
            self.add_message(chat_id, at - (messages - 1 - index) * 1000, move=False)
        return chat_id

    def chat(self, chat_id: str) -> Record:
        return next(c for chats in self.chats.values() for c in chats if c["id"] == chat_id)

    def add_message(
        self,
        chat_id: str,
        at: int,
        text: str = "",
        *,
        direction: str = "inbound",
        status: str | None = None,
        move: bool = True,
    ) -> Record:
        self._number += 1
        outbound = direction == "outbound"
        status = status or ("published" if outbound else "received")
        message: Record = {
            "id": f"m{self._number}",
            "chat_id": chat_id,
            "external_id": None if status == "pending" else f"x{self._number}",
            "direction": direction,
            "body": text or f"message {self._number}",
            "status": status,
            "error_message": None,
            "platform_data": None,
            "external_posted_at": None if status == "pending" else iso(at),
            "reactions": [],
            "attachments": [],
            "created_at": iso(at),
        }
        self.messages[chat_id].append(message)
        if move:
            self.chat(chat_id)["last_message_at"] = iso(at)
            self.chat(chat_id)["last_outbound_at" if outbound else "last_inbound_at"] = iso(at)
        return message

    def message(self, message_id: str) -> Record:
        return next(m for messages in self.messages.values() for m in messages if m["id"] == message_id)

    # The wire

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            path = unquote(request.url.raw_path.decode().partition("?")[0])
            self.requests.append(f"{request.method} {path}")
            response = self.bend(request) if self.bend is not None else None
            if response is None:
                response = self._route(request, path.removeprefix("/api/").split("/"))
            if self.ahead is not None:
                response.headers["date"] = formatdate(time.time() + self.ahead, usegmt=True)
            return response

    def count(self, part: str) -> int:
        """How many requests so far had a part in their method and path."""
        return sum(part in request for request in self.requests)

    def _route(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        if request.headers["authorization"] != f"Bearer {KEY}":
            return httpx.Response(401, json={"error": "Invalid API key"})
        match parts:
            case ["profile_groups"]:
                return httpx.Response(200, json={"data": [{"id": "g1", "name": "Group"}]})
            case ["profiles"]:
                return httpx.Response(200, json={"data": self.profiles})
            case ["profiles", profile_id, "chats"] if request.method == "POST":
                return self._create(request, profile_id)
            case ["profiles", profile_id, "chats"]:
                return self._chats(request, profile_id)
            case ["chats", chat_id, "archive"]:
                self.chat(chat_id)["archived"] = request.method == "POST"
                return httpx.Response(200, json=self.chat(chat_id))
            case ["messages", message_id, "react" | "unreact"]:
                return self._react(request, message_id)
            case ["messages", message_id] if request.method == "PATCH":
                return self._edit(request, message_id)
            case ["posts", _, "comments", comment_id, "private_reply"]:
                return self._private_reply(request, comment_id)
            case ["chats", chat_id, "messages"] if request.method == "POST":
                return self._send(request, chat_id)
            case ["chats", chat_id, "messages"] if chat_id in self.messages:
                direction = request.url.params.get("direction")
                rows = [m for m in self.messages[chat_id] if direction in (None, m["direction"])]
                rows.sort(key=lambda m: ms(str(m["external_posted_at"] or m["created_at"])), reverse=True)
                return self._page(request, rows)
            case ["chats", chat_id] if chat_id in self.messages:
                return httpx.Response(200, json=self.chat(chat_id))
            case ["messages", message_id]:
                known = [m for messages in self.messages.values() for m in messages if m["id"] == message_id]
                if known:
                    return httpx.Response(200, json=known[0])
        return httpx.Response(404, json={"error": "Not found"})

    def _chats(self, request: httpx.Request, profile_id: str) -> httpx.Response:
        rows = list(self.chats[profile_id])
        dated = sorted(
            (c for c in rows if c["last_message_at"]),
            key=lambda c: ms(str(c["last_message_at"])),
            reverse=True,
        )
        undated = [c for c in rows if not c["last_message_at"]]
        before, after = request.url.params.get("before"), request.url.params.get("after")
        if before or after:
            rows = [
                c
                for c in dated
                if (not before or ms(str(c["last_message_at"])) < ms(before))
                and (not after or ms(str(c["last_message_at"])) > ms(after))
            ]
        else:
            rows = undated + dated if self.nulls_first else dated + undated
        return self._page(request, rows)

    def _page(self, request: httpx.Request, rows: list[Record]) -> httpx.Response:
        size = min(int(request.url.params.get("per_page", "20")), self.max_per_page)
        page = int(request.url.params.get("page", "0"))
        data = rows[page * size : (page + 1) * size]
        return httpx.Response(200, json={"total": len(rows), "page": page, "per_page": size, "data": data})

    def _send(self, request: httpx.Request, chat_id: str) -> httpx.Response:
        key = request.headers["idempotency-key"]
        if self.honours_keys and key in self.keys:
            return httpx.Response(202, json=self.keys[key])
        body = json.loads(request.content)
        text = str(body.get("body") or "")
        message = self.add_message(chat_id, self.now, text, direction="outbound", status="pending")
        self.sends.append(text)
        trimmed = {
            name: message[name]
            for name in (
                "id",
                "chat_id",
                "external_id",
                "direction",
                "body",
                "status",
                "error_message",
                "platform_data",
                "external_posted_at",
                "attachments",
                "created_at",
            )
        }
        self.keys[key] = trimmed
        return httpx.Response(202, json=trimmed)

    # Acts; a repeat does no harm but for private replies, whose keys are honoured as those of sends are.

    def _edit(self, request: httpx.Request, message_id: str) -> httpx.Response:
        given, message = json.loads(request.content), self.message(message_id)
        text = given.get("body", message["body"])
        markup = given.get("reply_markup", message.get("reply_markup")) or None
        if (text, markup) == (message["body"], message.get("reply_markup")):
            return httpx.Response(422, json={"error": "Bad Request: message is not modified"})
        message.update(body=text, reply_markup=markup, external_edited_at=iso(self.now))
        return httpx.Response(200, json=message)

    def _react(self, request: httpx.Request, message_id: str) -> httpx.Response:
        message = self.message(message_id)
        others = [each for each in message["reactions"] if each["sender_external_id"] != "page"]
        if request.method == "POST":
            given = json.loads(request.content)
            name = given.get("reaction", "love")
            own = {"emoji": given.get("emoji", f"({name})"), "reaction": name, "at": iso(self.now)}
            others.append({"sender_external_id": "page", **own})
        message["reactions"] = others
        return httpx.Response(200, json=message)

    def _create(self, request: httpx.Request, profile_id: str) -> httpx.Response:
        participant = json.loads(request.content)["participant_external_id"]
        known = [c for c in self.chats[profile_id] if c["participant_external_id"] == participant]
        if not known:
            self.add_chat(f"new-{participant}", None, profile_id)
            self.chat(f"new-{participant}")["participant_external_id"] = participant
        status, chat = (200, known[0]) if known else (201, self.chat(f"new-{participant}"))
        return httpx.Response(status, json=chat)

    def _private_reply(self, request: httpx.Request, comment_id: str) -> httpx.Response:
        """The reply goes to a chat with the comment's author, which is made where there is none."""
        key = request.headers["idempotency-key"]
        if self.honours_keys and key in self.keys:
            return httpx.Response(202, json=self.keys[key])
        profile_id = str(request.url.params["profile_id"])
        chat_id = f"of-{comment_id}"
        if chat_id not in self.messages:
            self.add_chat(chat_id, None, profile_id)
            self.chat(chat_id)["participant_external_id"] = f"author-{comment_id}"
        text = json.loads(request.content)["text"]
        message = self.add_message(chat_id, self.now, text, direction="outbound", status="pending")
        message["external_comment_id"] = f"x-{comment_id}"
        self.sends.append(text)
        self.keys[key] = {name: message[name] for name in message if name not in ("reactions", "attachments")}
        return httpx.Response(202, json=self.keys[key])

    def publish(self, text: str) -> None:
        """Let the platform take the messages with a text."""
        for messages in self.messages.values():
            for message in messages:
                if message["body"] == text and message["status"] == "pending":
                    message.update(
                        status="published", external_id=f"x-{message['id']}", external_posted_at=iso(self.now)
                    )

    def fail(self, text: str, reason: str) -> None:
        """Let the platform refuse the messages with a text."""
        for messages in self.messages.values():
            for message in messages:
                if message["body"] == text and message["status"] == "pending":
                    message.update(status="failed", error_message=reason)
