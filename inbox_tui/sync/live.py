"""Webhook deliveries: a small server that believes nobody, answers at once and hands events over.

It runs in a thread of the engine and listens on this machine only, unless told otherwise. What it
accepts is applied by the engine's writing thread; see `events`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from inbox_tui.api.transport import is_loopback
from inbox_tui.api.webhooks import SIGNATURE_HEADER, TOLERANCE, Event, check_signature, read_event
from inbox_tui.core.errors import Refused, UsageError
from inbox_tui.store.db import Folder
from inbox_tui.sync.loop import Loop
from inbox_tui.sync.subscription import Registrar, Webhooks

DELIVERY_HEADER = "X-Postproxy-Delivery"
MAX_BODY_BYTES = 1024 * 1024
BODY_SECONDS = 10.0
"""How long a request may take to send its body."""
MOST_CONNECTIONS = 64
MOST_REMEMBERED = 10_000
"""Deliveries of the last minutes that are known again."""
AGAIN_SECONDS = 60
"""When to come again, for a delivery that cannot be taken now."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Gate:
    """Whether a delivery is genuine, fresh and new. `clocks`: the server's time and ours, in seconds.

    A signature is fresh by either of the two: the server's may have been taken from a machine other than
    the one that signs, ours may be wrong.
    """

    clocks: Callable[[], tuple[float, float]]
    secret: str | None = field(default=None, repr=False)
    _seen: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """Ids of events and deliveries, with the time of their signature."""
    _told: set[str] = field(default_factory=set)

    def verify(self, signature: str, body: bytes) -> float:
        """When a body was signed. Raises Refused where it was not, or too long ago, or is of the future."""
        clocks = self.clocks()
        for number, now in enumerate(clocks, start=1):
            try:
                check_signature(self.secret or "", signature, body, now=now)
                break
            except Refused:
                if number == len(clocks):
                    raise
        stamps = dict(part.strip().partition("=")[::2] for part in signature.split(","))
        return float(stamps["t"])

    def is_repeat(self, event_id: str, delivery_id: str) -> bool:
        """Whether the event or the delivery came before."""
        return any(name in self._seen for name in _names(event_id, delivery_id))

    def remember(self, event_id: str, delivery_id: str, signed_at: float) -> None:
        """Know an event and its delivery again for as long as its signature is fresh."""
        for name in _names(event_id, delivery_id):
            self._seen.setdefault(name, signed_at)
        outdated = min(self.clocks()) - TOLERANCE
        while len(self._seen) > MOST_REMEMBERED or next(iter(self._seen.values()), outdated) < outdated:
            self._seen.popitem(last=False)

    def tell(self, reason: str) -> None:
        """Log a refusal, once of each kind: whoever reaches the port must not fill the log."""
        kind = reason.partition("(")[0]
        if kind not in self._told and len(self._told) < 10:
            self._told.add(kind)
            _log.warning("a webhook request was refused: %s", reason)


def _names(event_id: str, delivery_id: str) -> list[str]:
    names = [("event", event_id), ("delivery", delivery_id)]
    return [f"{kind} {identity}"[:200] for kind, identity in names if identity]


def application(gate: Gate, deliver: Callable[[Event], bool]) -> Starlette:
    """The server's inside. `deliver` hands an event over without waiting; False: there is no room for it."""

    async def receive(request: Request) -> Response:
        if gate.secret is None:
            return _later()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return Response(status_code=415)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(request)
        except TimeoutError:
            return Response(status_code=408)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            gate.tell("its body is longer than 1 MiB")
            return Response(status_code=413, headers={"Connection": "close"})
        try:
            signed_at = gate.verify(request.headers.get(SIGNATURE_HEADER, ""), body)
        except Refused as error:
            gate.tell(error.title)
            return Response(status_code=401)
        try:
            event = read_event(body)
        except Refused as error:
            gate.tell(error.title)
            return Response(status_code=400)
        delivery_id = request.headers.get(DELIVERY_HEADER, "")
        # A repeat is told the same, as the answer to the first may have been lost, and goes no further.
        if not gate.is_repeat(event.id, delivery_id):
            if not deliver(event):
                return _later()
            gate.remember(event.id, delivery_id, signed_at)
        return Response(status_code=204)

    return Starlette(routes=[Route("/{path:path}", receive, methods=["POST"])])


def _later() -> Response:
    return Response(status_code=503, headers={"Retry-After": str(AGAIN_SECONDS)})


async def _body(request: Request) -> bytes | None:
    """The body, None where it is too long."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 12 or int(length) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


class _Server(uvicorn.Server):
    """A server that sleeps until it is told to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for the end instead of looking for it ten times a second."""
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._ending.wait()

    def end(self) -> None:
        """Ask for the end, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._ending.set)


class Receiver:
    """The listening socket of an engine, and the URL that the API is told. Opened before anything else."""

    def __init__(self, webhooks: Webhooks, api_url: str) -> None:
        """Raises UsageError where the API could not reach it, or the address cannot be listened on."""
        told = webhooks.public_url
        if told is None and not is_loopback(urlsplit(api_url).hostname or ""):
            raise UsageError(
                f"{urlsplit(api_url).netloc} cannot reach this machine's own address",
                "Give --public-url https://…, the address of a tunnel or proxy that leads to --port",
            )
        if told is not None:
            _check_public(told)
            if not webhooks.port:
                raise UsageError("A public URL leads to one port", "Give it with --port")
        family = socket.AF_INET6 if ":" in webhooks.host else socket.AF_INET
        # The protocol is named so that asyncio knows it as TCP and sends small answers at once.
        self.socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((webhooks.host, webhooks.port))
            self.socket.listen(MOST_CONNECTIONS)
        except (OSError, OverflowError) as error:
            self.socket.close()
            raise UsageError(
                f"Nothing can listen on {webhooks.host} port {webhooks.port} "
                f"({getattr(error, 'strerror', None) or error})",
                "Choose another --port or --host",
            ) from None
        port = self.socket.getsockname()[1]
        # What listens on every address of the machine is reached from the machine itself by its own.
        own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(webhooks.host, webhooks.host)  # noqa: S104
        self.url = told or (f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}")

    def close(self) -> None:
        """Give the port free."""
        self.socket.close()


def _check_public(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        right = parts.port != 0 and (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
        )
    except ValueError:
        host, right = "", False
    if not host or not right or parts.username is not None or parts.fragment:
        raise UsageError(
            f"The public URL {url!r} cannot be used", "It looks like https://inbox.example.com/webhooks"
        )


@contextlib.contextmanager
def serving(listener: socket.socket, gate: Gate, deliver: Callable[[Event], bool]) -> Iterator[None]:
    """Answer deliveries on a listening socket, in a thread of its own, for as long as the block lasts."""
    server = _Server(
        uvicorn.Config(
            application(gate, deliver),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=_serve, args=(server, listener), name="receiver", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.end()
        thread.join(3.0)


def _serve(server: _Server, listener: socket.socket) -> None:
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except Exception:  # noqa: BLE001 - whatever it was, it costs the receiver only
        # The inbox goes on by looking; the log says why nothing is received.
        _log.exception("the webhook receiver has ended")


@contextlib.contextmanager
def receiving(receiver: Receiver, loop: Loop, folder: Folder) -> Iterator[None]:
    """Receive deliveries for a loop, and have the API send them, for as long as the block lasts."""

    def clocks() -> tuple[float, float]:
        now = time.time()
        return now + (loop.client.transport.clock_offset_ms or 0) / 1000, now

    gate = Gate(clocks)
    registrar = Registrar(folder, lambda: loop.client, receiver.url, lambda secret: registered(secret))

    def registered(secret: str) -> None:
        if gate.secret != secret:
            gate.secret = secret
            loop.expect_events(registrar.check)
            _log.info("webhooks are received at %s", receiver.url)

    with serving(receiver.socket, gate, loop.deliver), registrar:
        yield
