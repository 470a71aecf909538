"""The outer layer of the server: body size, request log, faults, key, Idempotency-Key, Date."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import struct
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from email.utils import formatdate
from hmac import compare_digest
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from . import ids
from .clock import DAY, iso
from .faults import Fault
from .world import RefusedError, World, not_found

Transports = MutableMapping[tuple[str, int], asyncio.Transport]
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_LOGGED_BODY = 8 * 1024
_SECRET_HEADERS = ("authorization", "cookie", "x-sandbox-token")


def protocol(transports: Transports) -> type[H11Protocol]:
    """An HTTP protocol that notes the transport of every client, so that faults can cut it."""

    class Noting(H11Protocol):
        """HTTP/1.1 as uvicorn speaks it."""

        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, object],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Note the transport."""
            if isinstance(transport, asyncio.Transport):
                super().connection_made(transport)
                if self.client is not None:
                    transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget the transport."""
            super().connection_lost(exc)
            if self.client is not None:
                transports.pop(self.client, None)

    return Noting


@dataclass(slots=True)
class Answer:
    """A whole response."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


def _json_answer(status: int, body: object, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(
        status, [(b"content-type", b"application/json; charset=utf-8"), *headers], json.dumps(body).encode()
    )


class Gateway:
    """Everything that happens around a request, whatever it asks for."""

    def __init__(self, application: ASGIApp, world: World, transports: Transports) -> None:
        self.application = application
        self.world = world
        self.transports = transports
        self._running: dict[str, str] = {}
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP only, not {scope['type']}")
        self._requests += 1
        path: str = scope["path"]
        under_control = path.startswith("/_sandbox")
        method: str = scope["method"]
        body = await self._body(receive)
        faults = {} if under_control else self.world.faults.for_request(method, path)
        entry = self._entry(scope, body, faults)
        if not under_control:
            self.world.requests.append(entry)
        if "reset" in faults:
            await self._cut(scope, receive)
            return
        try:
            answer = self._early(faults)
            if answer is None:
                if path.startswith("/api"):
                    self._authorise(scope)
                answer = await self._worked(scope, path, body, faults)
        except RefusedError as refusal:
            answer = _json_answer(refusal.status, refusal.body)
        entry["status"] = answer.status
        if "lost" in faults:
            await self._cut(scope, receive)
            return
        _bend(answer, faults)
        await self._send(scope, receive, send, answer, faults)

    async def _body(self, receive: Receive) -> bytes | None:
        """The request's body; `None` where it is larger than the sandbox takes."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b"".join(chunks)
            size += len(message.get("body", b""))
            if size > self.world.options.max_body_bytes:
                return None
            chunks.append(message.get("body", b""))
            if not message.get("more_body"):
                return b"".join(chunks)

    def _entry(self, scope: Scope, body: bytes | None, faults: Iterable[str]) -> dict[str, object]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return {
            "number": self._requests,
            "at": iso(self.world.now()),
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "headers": {name: value for name, value in headers.items() if name not in _SECRET_HEADERS},
            "body": (body or b"")[:_LOGGED_BODY].decode("utf-8", "replace"),
            "faults": sorted(faults),
            "status": None,
        }

    def _early(self, faults: dict[str, Fault]) -> Answer | None:
        if "unauthorized" in faults:
            return _json_answer(401, {"error": "Invalid API key"})
        if (fault := faults.get("rate_limit")) is not None:
            return _json_answer(
                429,
                {"error": fault.text or "Rate limit exceeded"},
                (b"retry-after", fault.retry_after.encode()),
            )
        if (fault := faults.get("error")) is not None:
            return _json_answer(
                fault.status or 503, {"error": fault.text or "Service temporarily unavailable"}
            )
        if (fault := faults.get("html")) is not None:
            page = b"<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
            return Answer(fault.status or 502, [(b"content-type", b"text/html")], page)
        return None

    def _authorise(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
        right = compare_digest(key.strip(), self.world.api_key.encode())
        if scheme.lower() != b"bearer" or not right or self.world.key_expired:
            raise RefusedError(401, "Invalid API key")
        for group in parse_qs(scope["query_string"].decode("latin-1")).get("profile_group_id", ()):
            if ids.number_of("group", group) != 1:
                raise not_found()

    async def _worked(self, scope: Scope, path: str, body: bytes | None, faults: dict[str, Fault]) -> Answer:
        if body is None:
            raise RefusedError(413, f"Request body is larger than {self.world.options.max_body_bytes} bytes")
        key = dict(scope["headers"]).get(b"idempotency-key", b"").decode("latin-1")
        if (
            not key
            or scope["method"] not in _WRITES
            or not path.startswith("/api")
            or not self.world.options.honour_idempotency_keys
        ):
            return await self._run(scope, body, faults)
        if len(key) > 255:
            raise RefusedError(400, "Idempotency-Key must be at most 255 characters")
        fingerprint = hashlib.sha256(
            b"\0".join((scope["method"].encode(), path.encode(), scope["query_string"], body))
        ).hexdigest()
        stored = self._stored(key, fingerprint)
        if stored is not None:
            return stored
        self._running[key] = fingerprint
        try:
            answer = await self._run(scope, body, faults)
            if 200 <= answer.status < 300:
                with self.world.write() as database:
                    database.run("delete from idempotency where created_at <= ?", self.world.now() - DAY)
                    database.run(
                        "insert or replace into idempotency values (?, ?, ?, ?, ?)",
                        key,
                        fingerprint,
                        answer.status,
                        answer.body.decode(),
                        self.world.now(),
                    )
        finally:
            del self._running[key]
        return answer

    def _stored(self, key: str, fingerprint: str) -> Answer | None:
        """The answer that a key already got, if any (postproxy-api.md, "Idempotency-Key")."""
        with self.world.read() as database:
            row = database.one(
                "select * from idempotency where key = ? and created_at > ?", key, self.world.now() - DAY
            )
        known = self._running.get(key) if row is None else row["fingerprint"]
        if known is not None and known != fingerprint:
            raise RefusedError(422, "Idempotency-Key was already used with a different request")
        if key in self._running:
            raise RefusedError(409, "A request with this Idempotency-Key is still being processed")
        return None if row is None else _json_answer(row["status"], json.loads(row["body"]))

    async def _run(self, scope: Scope, body: bytes, faults: dict[str, Fault]) -> Answer:
        if (fault := faults.get("latency")) is not None:
            await asyncio.sleep(fault.seconds)
        if "shift" in faults and re.search(rb"(?:^|&)page=[1-9]", scope["query_string"]):
            self.world.shift_rows(scope["path"])
        answer = Answer(500)
        rest = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return rest.pop() if rest else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        await self.application(scope, receive, send)
        return answer

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, answer: Answer, faults: dict[str, Fault]
    ) -> None:
        date = formatdate(self.world.now() / 1000, usegmt=True)
        headers = [
            *((name, value) for name, value in answer.headers if name.lower() != b"content-length"),
            (b"content-length", str(len(answer.body)).encode()),
            (b"date", date.encode()),
            (b"x-request-id", f"req-{self._requests}".encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        if "truncate" in faults:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await self._cut(scope, receive, reset=False)
            return
        if (fault := faults.get("drip")) is not None:
            step = max(1, len(body) // 20)
            for start in range(0, len(body), step):
                await send(
                    {"type": "http.response.body", "body": body[start : start + step], "more_body": True}
                )
                await asyncio.sleep(fault.seconds / 20)
            body = b""
        await send({"type": "http.response.body", "body": body})

    async def _cut(self, scope: Scope, receive: Receive, *, reset: bool = True) -> None:
        transport = self.transports.get(tuple(scope["client"]))
        if transport is not None and reset:
            peer: socket.socket | None = transport.get_extra_info("socket")
            if peer is not None:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        elif transport is not None:
            transport.close()
        # Returning before the connection is gone would make the server answer in our stead.
        if transport is not None:
            await receive()


def _bend(answer: Answer, faults: dict[str, Fault]) -> None:
    """Change an answer as faults say; several may strike one answer."""
    if {"duplicate", "bad_record"} & set(faults):
        _bend_rows(answer, faults)
    if "wrong_json" in faults:
        answer.status, answer.body = 200, b'["unexpected",{"shape":true}]'
    if "broken_json" in faults:
        answer.body = answer.body[: len(answer.body) // 2]


def _bend_rows(answer: Answer, faults: dict[str, Fault]) -> None:
    kind = dict(answer.headers).get(b"content-type", b"")
    if not kind.startswith(b"application/json") or not answer.body:
        return
    parsed = json.loads(answer.body)
    rows = parsed.get("data") if isinstance(parsed, dict) else None
    if not rows:
        return
    if "duplicate" in faults:
        rows.append(rows[0])
    if "bad_record" in faults:
        rows[0] = {"id": None, "unexpected": rows[0].get("id")}
    answer.body = json.dumps(parsed).encode()
