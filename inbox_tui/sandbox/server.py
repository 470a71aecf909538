"""Runs a sandbox: alone until a signal comes, or beside a test in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import uvicorn

from . import app, gateway
from .living import Life
from .options import SandboxOptions
from .webhooks import Courier
from .world import World

__all__ = ["RunningSandbox", "SandboxOptions", "run", "running"]


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that answers requests; `world` is its inside, for tests."""

    url: str
    """Scheme, host and port, without `/api`."""
    api_key: str
    control_token: str | None
    world: World
    life: Life


class _Server(uvicorn.Server):
    """A uvicorn server that sleeps until it is told to end, and ends cleanly on SIGINT and SIGTERM."""

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
        """Ask for the end, from any thread or from a signal handler."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._ending.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask for the end when a signal comes; only the main thread may listen for signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, frame: FrameType | None) -> None:
            self.end()

        kept = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


class _Sandbox:
    """World, listening socket and server of one run."""

    def __init__(self, options: SandboxOptions) -> None:
        """Open everything.

        Raises:
            OSError: the address cannot be listened on.
            ValueError: the options or the state file do not fit.
        """
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        # The protocol is named so that asyncio knows it as TCP and sends small answers at once.
        self.socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((options.host, options.port))
            self.socket.listen(512)
            self.world = World(options)
        except BaseException:
            self.socket.close()
            raise
        self.life = Life(self.world)
        self.courier = Courier(self.world)
        transports: dict[tuple[str, int], asyncio.Transport] = {}
        host, port = self.socket.getsockname()[:2]
        self.url = self.world.base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.server = _Server(
            uvicorn.Config(
                app.build(self.world, transports),
                http=gateway.protocol(transports),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=75,
            )
        )

    async def serve(self) -> None:
        """Answer requests and let the world live until the server is told to end."""
        loop, stirred = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed when the world ends
                loop.call_soon_threadsafe(stirred.set)

        self.world.wake = wake
        living = asyncio.create_task(self._live(stirred))
        # A world that cannot go on ends the server with its error, rather than standing still unseen.
        living.add_done_callback(lambda task: self.server.end())
        try:
            await self.server.serve(sockets=[self.socket])
        finally:
            living.cancel()
            await self.courier.close()
            with contextlib.suppress(asyncio.CancelledError):
                await living

    async def _live(self, stirred: asyncio.Event) -> None:
        while True:
            stirred.clear()
            self.world.run_due()
            self.courier.dispatch()
            due = min(filter(None, (self.world.next_due(), self.courier.next_due())), default=None)
            wait = None if due is None else self.world.clock.real_seconds_until(due)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stirred.wait(), wait)

    def close(self) -> None:
        """Give socket and database back."""
        self.socket.close()
        self.world.close()


def run(options: SandboxOptions) -> None:
    """Serve until SIGINT or SIGTERM; prints the address and the key, a line each.

    Raises:
        OSError: the address cannot be listened on.
        ValueError: the options or the state file do not fit.
    """
    sandbox = _Sandbox(options)
    lines = [f"listening on {sandbox.url}", f"api key: {sandbox.world.api_key}"]
    if options.control_token is not None:
        lines.append(f"control token: {options.control_token}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    try:
        asyncio.run(sandbox.serve())
    finally:
        sandbox.close()


@contextmanager
def running(options: SandboxOptions | None = None) -> Iterator[RunningSandbox]:
    """A sandbox that runs beside the caller for as long as the block lasts.

    Raises:
        OSError: the address cannot be listened on.
        ValueError: the options or the state file do not fit.
        RuntimeError: the server did not start, or failed while it ran.
    """
    chosen = options or SandboxOptions()
    sandbox = _Sandbox(chosen)
    failure: list[BaseException] = []

    def serve() -> None:
        try:
            asyncio.run(sandbox.serve())
        except BaseException as error:  # noqa: BLE001  carried to the caller's thread below
            failure.append(error)

    thread = threading.Thread(target=serve, name="sandbox", daemon=True)
    thread.start()
    try:
        yield RunningSandbox(
            sandbox.url, sandbox.world.api_key, chosen.control_token, sandbox.world, sandbox.life
        )
    finally:
        sandbox.server.end()
        thread.join(timeout=30)
        sandbox.close()
    if failure:
        raise RuntimeError("the sandbox server failed") from failure[0]
