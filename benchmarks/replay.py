"""A server that answers from memory: `python -m benchmarks.replay FOLDER`, until standard input closes.

It does the least that a server can (bodies are made before it listens, requests are only taken apart), so
that what is measured is the client. It knows what a sync asks for: profiles, chats by time and page, the
messages of a chat, and webhooks. `GET /_requests` tells how often each was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from bisect import bisect_left
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.world import GROUP, World, profiles

_EMPTY = json.dumps({"total": 0, "page": 0, "per_page": 100, "data": []}).encode()


class Answers:
    """What is answered to a request."""

    def __init__(self, world: World) -> None:
        chats, pages = world.chats(), world.pages()
        self.requests: Counter[str] = Counter()
        self._messages = {str(chat["id"]): page for chat, page in zip(chats, pages, strict=True)}
        self._chats: dict[str, tuple[list[str], list[bytes]]] = {
            str(profile["id"]): ([], []) for profile in profiles()
        }
        for chat in reversed(chats):
            times, records = self._chats[str(chat["profile_id"])]
            times.append(str(chat["last_message_at"]))
            records.append(json.dumps(chat, ensure_ascii=False, separators=(",", ":")).encode())
        self._webhooks: dict[str, dict[str, object]] = {}

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        url = urlsplit(target)
        parts = url.path.strip("/").split("/")
        match (method, *parts):
            case ("GET", "_requests"):
                return 200, json.dumps(self.requests).encode()
            case ("GET", "api", "chats", chat_id, "messages"):
                self.requests["messages"] += 1
                number = parse_qs(url.query).get("page", ["0"])[0]
                return 200, self._messages[chat_id] if number == "0" else _EMPTY
            case ("GET", "api", "profiles", profile_id, "chats"):
                self.requests["chats"] += 1
                return 200, self._list(profile_id, parse_qs(url.query))
            case ("GET", "api", "profiles"):
                self.requests["profiles"] += 1
                return 200, json.dumps({"data": profiles()}).encode()
            case ("GET", "api", "profile_groups"):
                self.requests["profiles"] += 1
                group = {"id": GROUP, "name": "Acme", "profiles_count": len(profiles())}
                return 200, json.dumps({"data": [group]}).encode()
            case (_, "api", "webhooks", *rest):
                return self._webhook(method, rest, body)
        return 404, b'{"error":"Not found"}'

    def _list(self, profile_id: str, query: dict[str, list[str]]) -> bytes:
        """Chats of a profile, newest first; times compare as text, as they are all written alike."""
        times, records = self._chats[profile_id]
        start = bisect_left(times, f"{query['after'][0]}~") if "after" in query else 0
        end = bisect_left(times, query["before"][0]) if "before" in query else len(times)
        number, size = int(query.get("page", ["0"])[0]), int(query.get("per_page", ["20"])[0])
        wanted = list(reversed(records[start:end]))[number * size : (number + 1) * size]
        head = f'{{"total":{max(end - start, 0)},"page":{number},"per_page":{size},"data":['
        return head.encode() + b",".join(wanted) + b"]}"

    def _webhook(self, method: str, rest: list[str], body: bytes) -> tuple[int, bytes]:
        if method == "GET" and not rest:
            return 200, json.dumps({"data": list(self._webhooks.values())}).encode()
        if method == "POST":
            name = f"hook{len(self._webhooks)}"
            self._webhooks[name] = {"id": name, "enabled": True, "secret": "whsec_bench", **json.loads(body)}
            return 201, json.dumps(self._webhooks[name]).encode()
        if method == "DELETE":
            self._webhooks.pop(rest[0], None)
            return 200, b'{"deleted":true}'
        return 200, json.dumps(self._webhooks[rest[0]]).encode()


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with connections that stay; just what a well-behaved client needs."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            line, *fields = head.decode("latin-1").split("\r\n")
            headers = dict(field.lower().split(": ", 1) for field in fields)
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self._received = rest[length:]
            method, target, _ = line.split(" ")
            status, body = self._answers.answer(method, target, rest[:length])
            self._transport.write(
                f"HTTP/1.1 {status} OK\r\ndate: {formatdate(usegmt=True)}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                + body
            )


async def _serve(answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, name="stdin", daemon=True).start()
    server = await loop.create_server(lambda: _Connection(answers), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Answers(World(Path(sys.argv[1])))))
