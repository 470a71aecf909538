"""Stands in front of a sandbox, sees every request of an engine, and kills the engine at one of them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unittest import mock

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inbox_tui.sandbox import app
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running

HANDLED_SECONDS = 0.08
"""An engine that has had an answer for so long has written it down, as a rule, and waits for other things."""
_BUILDING = threading.Lock()


class Moment(StrEnum):
    """When an engine dies, as the server sees it."""

    ARRIVES = "arrives, and is never carried out"
    CARRIED_OUT = "is carried out, before it is answered"
    ANSWERED = "is answered, as the last byte leaves"
    HANDLED = "is answered, and a moment has passed"


@dataclass(frozen=True, slots=True)
class Strike:
    """A request, by a pattern for `METHOD path?query body`, and the moment of it."""

    name: str
    """What the request is about, for people."""
    request: str
    moment: Moment
    nth: int = 1
    """Which of the requests that fit, from when the gate was armed."""

    def __str__(self) -> str:
        number = "" if self.nth == 1 else f" (no. {self.nth})"
        return f"{self.name}{number} {self.moment}"


class Gate:
    """An ASGI application around a sandbox's own. One engine at a time."""

    def __init__(self) -> None:
        self.pid = 0
        """The process to kill."""
        self.struck = threading.Event()
        self._strike: Strike | None = None
        self._seen = 0
        self._later: set[asyncio.Task[None]] = set()
        self._inside: ASGIApp | None = None

    def arm(self, strike: Strike) -> None:
        """Kill `pid` at the next request that fits."""
        self.struck.clear()
        self._seen = 0
        self._strike = strike

    def around(self, application: ASGIApp) -> Gate:
        """Be in front of an application."""
        self._inside = application
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or strike."""
        assert self._inside is not None
        headers = dict(scope["headers"])
        if not headers.get(b"user-agent", b"").startswith(b"inbox-tui/"):
            await self._inside(scope, receive, send)
            return
        body = await _body(receive)
        strike = self._fitting(scope, body)

        async def replayed() -> Message:
            return first.pop() if first else await receive()

        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        if strike is None:
            await self._inside(scope, replayed, send)
        elif strike.moment is Moment.ARRIVES:
            self._kill()
            await _gone(receive)
        elif strike.moment is Moment.CARRIED_OUT:
            await self._inside(scope, replayed, _nowhere)
            self._kill()
            await _gone(receive)
        else:
            await self._inside(scope, replayed, self._striking(send, strike.moment))

    def _fitting(self, scope: Scope, body: bytes) -> Strike | None:
        strike = self._strike
        text = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} {body.decode('latin-1')}"
        if strike is None or not re.search(strike.request, text):
            return None
        self._seen += 1
        if self._seen < strike.nth:
            return None
        self._strike = None
        return strike

    def _striking(self, send: Send, moment: Moment) -> Send:
        async def sending(message: MutableMapping[str, Any]) -> None:
            await send(message)
            if message["type"] != "http.response.body" or message.get("more_body"):
                return
            if moment is Moment.ANSWERED:
                self._kill()
                return
            task = asyncio.create_task(self._kill_later())
            self._later.add(task)
            task.add_done_callback(self._later.discard)

        return sending

    async def _kill_later(self) -> None:
        await asyncio.sleep(HANDLED_SECONDS)
        self._kill()

    def _kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.struck.set()


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _gone(receive: Receive) -> None:
    """Wait until the client's end of the connection is closed: returning earlier would answer it."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nowhere(message: Message) -> None:
    """Take an answer that nobody is to get."""


@contextmanager
def guarded(options: SandboxOptions, gate: Gate) -> Iterator[RunningSandbox]:
    """A sandbox with a gate in front of it; sandboxes that other threads start are not concerned."""
    starting = running(options)
    with _BUILDING:
        build = app.build
        with mock.patch.object(app, "build", lambda *parts: gate.around(build(*parts))):
            box = starting.__enter__()
    try:
        yield box
    finally:
        starting.__exit__(None, None, None)
