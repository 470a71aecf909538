"""One HTTP conversation with one host: time limits, size limit, retries of reads, error mapping.

Synchronous and safe to share between threads: the plain client with a few threads fetched 1.6 times as fast
as one asynchronous client (docs/architecture.md).
"""

from __future__ import annotations

import ipaddress
import logging
import random
import re
import threading
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self, TypeAlias
from urllib.parse import urlsplit

import httpx
import stamina
import stamina.instrumentation

from inbox_tui import __version__
from inbox_tui.api import faults
from inbox_tui.core.errors import InboxError, NetworkError, RateLimited, ServerFault, UsageError

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
UPLOAD_TIMEOUT = 60.0
"""Seconds for one step of a connection, an answer and an upload."""

MAX_ANSWER_TIME = 120.0
"""Seconds in which an answer must have ended once it has begun, however steadily it trickles."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""An answer longer than this, unpacked, is dropped as unreadable."""

MAX_WAIT = 60.0
"""Seconds. A read is not retried here when the API asks for a longer pause: the caller is told instead."""

READ_ATTEMPTS = 4
"""Times that a read is tried in all."""

REPLAY_HEADERS = ("Idempotent-Replayed", "Idempotency-Replayed")
"""Headers by which servers commonly say that an answer was stored under the Idempotency-Key."""

_MAX_ERROR_BYTES = 64 * 1024
_TOKEN = re.compile(r"[!-~]{1,1024}")
"""Visible ASCII: anything else cannot stand in a header, and httpx would name it in its complaint."""

_log = logging.getLogger(__name__)


Upload: TypeAlias = tuple[str, IO[bytes], str]
"""A file of a multipart body: its name, its content from the start, its media type."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: its status, its body, and whether the server says that it replays an earlier one."""

    status: int
    content: bytes
    replayed: bool = False


class _Bearer(httpx.Auth):
    """Adds the key when a request leaves, so that it stands in no client, header table or repr of ours."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "<bearer>"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def fault(self, error: Exception, host: str) -> NetworkError:
        """The error for an exception of the transport, with the key blotted out."""
        return faults.from_transport(error, host, secret=self._token)

    def failure(self, response: httpx.Response, content: bytes) -> InboxError:
        """The error for an answer, with the key blotted out where the server repeats it."""
        return faults.from_answer(
            response.status_code, response.headers, content, secret=self._token, now=time.time()
        )


class Transport:
    """Requests to one host with one key. Raises only errors of `core.errors`, which never hold the key."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        retries: bool = True,
        stop: threading.Event | None = None,
        allow_plain_http: bool = False,
        replay_headers: Iterable[str] = REPLAY_HEADERS,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        """`base_url`: scheme and host, as in `https://api.postproxy.dev`. `token`: the API key.

        `retries` off: every read is tried once, for a caller with a schedule of its own. `stop`: once set,
        a wait between two tries ends at once and nothing is tried again. `transport` replaces the network
        in tests. Raises UsageError for an address or a key that cannot be used.
        """
        usable = _TOKEN.fullmatch(token) is not None
        self._auth = _Bearer(token)
        del token  # a traceback that shows local variables must not show it
        if not usable:
            raise UsageError("The API key holds characters that no key has", "Copy it again, without spaces.")
        self._base_url = check_base_url(base_url, allow_plain_http=allow_plain_http)
        self._host = urlsplit(self._base_url).netloc
        self._retries = retries
        self._stop = stop or threading.Event()
        self._replay_headers = tuple(replay_headers)
        self._max_answer_bytes = max_answer_bytes
        self._lock = threading.Lock()
        self._request_count = 0
        self._clock_offset_ms: int | None = None
        self._replay_proven = False
        # Retries are logged below; stamina's own hook would write to standard error, over the screen.
        stamina.instrumentation.set_on_retry_hooks([])
        self._client = _open_client(self._base_url, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Requests that are running end with a NetworkError."""
        self._client.close()

    @property
    def base_url(self) -> str:
        """Scheme and host of the API."""
        return self._base_url

    @property
    def request_count(self) -> int:
        """Requests tried so far, repeats included."""
        return self._request_count

    @property
    def clock_offset_ms(self) -> int | None:
        """Server clock minus this clock in milliseconds, to about half a second; `None` before an answer.

        Taken from the Date header of the newest answer, which has whole seconds.
        """
        return self._clock_offset_ms

    @property
    def replay_proven(self) -> bool:
        """Whether this server has been seen to answer a repeated Idempotency-Key from its store."""
        return self._replay_proven

    def note_replay_proven(self) -> None:
        """Record a proof found by other means, as when a repeat returned the same message."""
        self._replay_proven = True

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        retry: bool | None = None,
    ) -> Answer:
        """Read `path` (percent-encoded, from the root). 429, 5xx and transport errors are retried.

        `retry` overrides what the transport was made with. Raises NotAuthorised, ApiError, NetworkError.
        """
        # The client's own way to a request joins and parses addresses three times.
        url = f"{self._base_url}{path}"
        request = httpx.Request("GET", url, params=params, headers=self._client.headers)
        if not (self._retries if retry is None else retry):
            return self._send(request)
        return self._send_again(request, path)

    def _send_again(self, request: httpx.Request, path: str) -> Answer:
        """A read with its retries: jittered back-off, or the pause that the API asks for."""
        delay = 0.0
        current: stamina.Attempt
        failure: InboxError | None = None

        def decide(error: Exception) -> bool | float:
            """Whether to try again. The wait itself is ours, so that the stop event can end it."""
            nonlocal delay, failure
            if not isinstance(error, NetworkError | RateLimited | ServerFault) or self._stop.is_set():
                return False
            delay = current.next_wait * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
            if isinstance(error, RateLimited) and error.retry_after is not None:
                delay = error.retry_after
            if delay > MAX_WAIT:
                return False
            failure = error
            return 0.0

        for current in stamina.retry_context(
            on=decide, attempts=READ_ATTEMPTS, timeout=None, wait_initial=0.5, wait_max=8.0
        ):
            with current:
                if failure is not None:
                    _log.info("trying GET %s again in %.1f s: %s", path, delay, failure.title)
                    if self._stop.wait(delay):
                        raise failure
                return self._send(request)
        raise AssertionError("unreachable")

    def write(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> Answer:
        """Send a write exactly once: it is never repeated here.

        `content` is a whole body; `files` (with `data`) is streamed as multipart. Raises as `get`.
        """
        timeout = httpx.Timeout(UPLOAD_TIMEOUT if files else READ_TIMEOUT, connect=CONNECT_TIMEOUT)
        request = self._client.build_request(
            method,
            path,
            params=params,
            headers=headers,
            content=content,
            data=data,
            files=files,
            timeout=timeout,
        )
        return self._send(request)

    def _send(self, request: httpx.Request) -> Answer:
        """One exchange. Errors are raised outside of the handler, so that they keep no link to httpx:
        its frames and requests hold the key."""
        outcome: Answer | InboxError
        try:
            outcome = self._exchange(request)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            outcome = self._auth.fault(error, self._host)
        except RuntimeError as error:
            if not self._client.is_closed:
                raise
            outcome = self._auth.fault(error, self._host)
        if isinstance(outcome, InboxError):
            raise outcome
        return outcome

    def _exchange(self, request: httpx.Request) -> Answer | InboxError:
        with self._lock:
            self._request_count += 1
        started = time.time()
        response = self._client.send(request, auth=self._auth, stream=True)
        try:
            replayed = self._note(request, response, started)
            content = self._read(response)
            if not response.is_success:
                return self._auth.failure(response, content or b"")
            if content is None:
                reason = f"it is longer than {self._max_answer_bytes} bytes, packed twice or takes too long"
                return faults.unreadable(response.status_code, reason)
            return Answer(response.status_code, content, replayed)
        except httpx.DecodingError:
            return faults.unreadable(response.status_code, "its compression is broken")
        finally:
            response.close()

    def _note(self, request: httpx.Request, response: httpx.Response, started: float) -> bool:
        """Keep what the headers tell; returns whether the answer is a replay of an earlier one."""
        now = time.time()
        date = faults.read_date(response.headers.get("date", ""))
        if date is not None:
            # The header cuts off the fraction of the second: on average half a second.
            self._clock_offset_ms = round((date + 0.5 - (started + now) / 2) * 1000)
        replayed = "idempotency-key" in request.headers and any(
            response.headers.get(name, "").strip().lower() in ("true", "1") for name in self._replay_headers
        )
        if replayed:
            self._replay_proven = True
        return replayed

    def _read(self, response: httpx.Response) -> bytes | None:
        """The body; `None` where it exceeds the limits. Of an error, the first piece is enough."""
        if "," in response.headers.get("content-encoding", ""):
            # Packed twice, a piece of 64 kB may unpack to many gigabytes before its length can be looked at.
            return None
        limit = self._max_answer_bytes if response.is_success else _MAX_ERROR_BYTES
        deadline = time.monotonic() + MAX_ANSWER_TIME
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > limit:
                return None if response.is_success else bytes(content[:limit])
            if time.monotonic() > deadline:
                return None
        return bytes(content)


def check_base_url(url: str, *, allow_plain_http: bool = False) -> str:
    """The address as scheme and host, without a closing slash.

    Plain http is for this machine only (the sandbox), unless `allow_plain_http`: over a network it would
    show the key to everyone on the way. Raises UsageError.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host or port == 0:
        hint = "It looks like https://api.postproxy.dev."
        raise UsageError("The API address is not an http or https address", hint)
    if parts.username is not None or parts.password is not None:
        raise UsageError("The API address holds a user name", "The key belongs in its own setting.")
    if parts.path.rstrip("/") or parts.query or parts.fragment:
        hint = f"Use {parts.scheme}://{parts.netloc} alone, without /api."
        raise UsageError("The API address holds more than scheme and host", hint)
    if parts.scheme == "http" and not allow_plain_http and not is_loopback(host):
        raise UsageError(f"Plain http to {host} would show the API key to the network", "Use https.")
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _open_client(base_url: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    """The httpx client. Proxies of the environment are used, but never towards this machine."""
    try:
        return httpx.Client(
            base_url=base_url,
            transport=transport,
            headers={"User-Agent": f"inbox-tui/{__version__}", "Accept": "application/json"},
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        reason = faults.shorten(str(error), 200)
    hint = "Check the API address and the variables HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE."
    raise UsageError(f"The connection cannot be set up ({reason})", hint)
