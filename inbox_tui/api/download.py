"""Files of messages, fetched from wherever their address points: streamed to a file, and trusted in nothing.

The address comes from outside, so each step of it is checked: http or https only, no address of a private
network (unless it is the API's own), redirects followed by hand with the same checks, and the connection goes
to the very address that was checked. The API key is never sent. The size is counted, not believed.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message as Headers
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import httpx

from inbox_tui import __version__
from inbox_tui.api import faults
from inbox_tui.api.transport import CONNECT_TIMEOUT, READ_TIMEOUT, is_loopback
from inbox_tui.core.errors import ApiError, InboxError, NetworkError, Refused, StoreError
from inbox_tui.core.text import clean

MAX_BYTES = 100_000_000
"""A larger file is not fetched: no platform takes one from a customer."""
MAX_SECONDS = 900.0
"""In which a file must have come, however steadily it trickles."""
MAX_REDIRECTS = 5
_NOTHING = "It was not fetched"
_ASTRAY = "The file's address leads to one that cannot be read"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a host name and port. Raises OSError."""
Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes that have come, and how many are to come where the server says so."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that has come: its size in bytes, and the name that its server or address gives it (foreign)."""

    size: int
    name: str


@dataclass(frozen=True, slots=True)
class _Place:
    url: httpx.URL
    addresses: Sequence[str]
    """Where to connect to: these were checked."""

    @property
    def host(self) -> str:
        return self.url.raw_host.decode("ascii")


def resolve(host: str, port: int) -> Sequence[str]:
    """What the system knows as the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet; the addresses hidden in others count."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inside is None and ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside is not None:
            return inside.is_global and not inside.is_multicast
    return ip.is_global and not ip.is_multicast


class Downloader:
    """Fetches files. Safe to share between threads."""

    def __init__(
        self,
        api_url: str,
        *,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        resolve: Resolve = resolve,
        stop: threading.Event | None = None,
    ) -> None:
        """`api_url`: scheme and host of the API, which may stand in a private network itself.

        Once `stop` is set, what is being fetched ends with an error.
        """
        self._own = _origin(httpx.URL(api_url))
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._resolve = resolve
        self._stop = stop or threading.Event()
        # No connection is used twice: it is to an address, and hosts that share one must not share it.
        self._client = httpx.Client(
            headers={"User-Agent": f"inbox-tui/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=not is_loopback(self._own[0]),
        )

    def close(self) -> None:
        """End what is being fetched, at its next piece."""
        self._stop.set()

    def fetch(self, url: str, target: Path, on_progress: Progress | None = None) -> Downloaded:
        """Fetch what stands at `url` into the new file `target`, readable by nobody else.

        Raises Refused where it must not be fetched (address, size), NetworkError where its host cannot be
        reached or the connection breaks, ApiError (`status`) where it says no, StoreError where the file
        cannot be written. Then there is no file.
        """
        deadline = time.monotonic() + self._max_seconds
        current = url
        for _ in range(MAX_REDIRECTS + 1):
            outcome = self._step(self._check(current), target, on_progress, deadline)
            if isinstance(outcome, InboxError):
                target.unlink(missing_ok=True)
                raise outcome
            if isinstance(outcome, Downloaded):
                return outcome
            current = outcome
        raise Refused("The file's address leads from one to the next without end", _NOTHING)

    def _check(self, url: str) -> _Place:
        """Where an address leads. Raises Refused, and NetworkError where its host is not known."""
        try:
            place = httpx.URL(url)
            host = place.raw_host.decode("ascii")
        except (httpx.InvalidURL, ValueError):
            raise Refused("The file's address cannot be read", _NOTHING) from None
        if place.scheme not in ("http", "https") or not host or not 0 < _origin(place)[1] < 65_536:
            raise Refused("The file's address is not one of the web", _NOTHING)
        if place.userinfo:
            raise Refused("The file's address holds a user name", _NOTHING)
        shown = clean(place.host)[:80]
        try:
            addresses = self._resolve(host, _origin(place)[1])
        except (OSError, UnicodeError) as error:
            title = f"The host {shown} of the file is not known ({getattr(error, 'strerror', None) or error})"
            raise NetworkError(title, "Check the connection.", may_have_arrived=False) from None
        if _origin(place) != self._own:
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise Refused(f"The file's address {shown} is one of a private network", _NOTHING)
        return _Place(place, addresses)

    def _step(
        self, place: _Place, target: Path, on_progress: Progress | None, deadline: float
    ) -> Downloaded | InboxError | str:
        """One request: the file, what went wrong, or where it leads on."""
        shown = clean(place.url.host)[:80]
        failure: InboxError = NetworkError(f"{shown} cannot be reached", may_have_arrived=False)
        for address in place.addresses:
            request = self._client.build_request(
                "GET",
                place.url.copy_with(host=address),
                headers={"Host": place.url.netloc.decode("ascii")},
                extensions={"sni_hostname": place.host},
            )
            try:
                response = self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = _broken(error, shown)
                continue
            except httpx.InvalidURL:
                return Refused(_ASTRAY, _NOTHING)
            except httpx.HTTPError as error:
                return _broken(error, shown)
            try:
                return self._take(place, response, target, on_progress, deadline)
            finally:
                response.close()
        return failure

    def _take(
        self,
        place: _Place,
        response: httpx.Response,
        target: Path,
        on_progress: Progress | None,
        deadline: float,
    ) -> Downloaded | InboxError | str:
        if response.status_code in (301, 302, 303, 307, 308) and "location" in response.headers:
            try:
                return str(place.url.join(response.headers["location"]))
            except (httpx.InvalidURL, ValueError):
                return Refused(_ASTRAY, _NOTHING)
        if response.status_code != 200:
            return _refused(response.status_code, clean(place.url.host)[:80])
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            return Refused("The file comes packed, though that was not asked for", _NOTHING)
        announced = response.headers.get("content-length", "")
        expected = int(announced) if announced.isascii() and announced.isdigit() else None
        if expected is not None and expected > self._max_bytes:
            return self._too_large()
        try:
            size = self._write(response, target, expected, on_progress, deadline)
        except httpx.HTTPError as error:
            return _broken(error, clean(place.url.host)[:80])
        except OSError as error:
            return StoreError(
                f"The file cannot be written: {error.strerror or error}",
                "Free some space or correct the permissions, then ask for it again",
            )
        return size if isinstance(size, InboxError) else Downloaded(size, _name(place.url, response.headers))

    def _write(
        self,
        response: httpx.Response,
        target: Path,
        expected: int | None,
        on_progress: Progress | None,
        deadline: float,
    ) -> int | InboxError:
        size = 0
        descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # As it comes: gathered to larger pieces, one that trickles would not be noticed.
            for piece in response.iter_raw():
                size += len(piece)
                if size > self._max_bytes:
                    return self._too_large()
                if self._stop.is_set():
                    return NetworkError("The program ended before the file had come", may_have_arrived=False)
                if time.monotonic() > deadline:
                    hint = "Ask for it again when the connection is better"
                    return NetworkError("The file came too slowly", hint, may_have_arrived=False)
                file.write(piece)
                if on_progress is not None:
                    on_progress(size, expected)
            file.flush()
            os.fsync(file.fileno())
        return size if size else Refused("The file is empty", "There is nothing to show")

    def _too_large(self) -> Refused:
        most = self._max_bytes // 1_000_000
        return Refused(f"The file has more than {most} MB", "It was not kept; open its address instead")


def _origin(url: httpx.URL) -> tuple[str, int]:
    port = url.port or (443 if url.scheme == "https" else 80)
    return url.raw_host.decode("ascii").lower(), port


def _broken(error: Exception, host: str) -> NetworkError:
    failure = faults.from_transport(error, host)
    return NetworkError(failure.title, "Ask for the file again.", may_have_arrived=False)


def _refused(status: int, host: str) -> ApiError:
    if status in (404, 410):
        return ApiError(f"{host} does not have this file any more ({status})", status=status)
    return ApiError(f"{host} does not give this file ({status})", "Ask for it again later", status=status)


def _name(url: httpx.URL, headers: httpx.Headers) -> str:
    """What the file is called: by its server, else by the last part of its address."""
    parser = Headers()
    parser["Content-Disposition"] = headers.get("content-disposition", "").replace("\n", " ")
    name = parser.get_filename() or ""
    return name or unquote(
        url.raw_path.decode("ascii").partition("?")[0].rpartition("/")[2], errors="replace"
    )
