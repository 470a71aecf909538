"""Faults of the wire become the errors that the outbox decides by; reads are retried, writes never."""

from __future__ import annotations

import gzip
import logging
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from api_samples import ACCEPTED, HOST, KEY, Server, Waits, error

from inbox_tui.api import faults
from inbox_tui.api.client import Client
from inbox_tui.api.transport import READ_ATTEMPTS, Transport, check_base_url
from inbox_tui.core.errors import (
    ApiError,
    Conflict,
    InboxError,
    NetworkError,
    NotAuthorised,
    NotFound,
    RateLimited,
    RequestRejected,
    ServerFault,
    UsageError,
)


def write(server: Server) -> None:
    server.transport().write("POST", "/api/x", headers={"Idempotency-Key": "k"}, content=b"{}")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, RequestRejected),
        (302, ServerFault),
        (303, ServerFault),
        (307, RequestRejected),
        (308, RequestRejected),
        (400, RequestRejected),
        (401, NotAuthorised),
        (403, NotAuthorised),
        (404, NotFound),
        (405, RequestRejected),
        (408, ServerFault),
        (409, Conflict),
        (413, RequestRejected),
        (415, RequestRejected),
        (422, RequestRejected),
        (429, RateLimited),
        (500, ServerFault),
        (502, ServerFault),
        (503, ServerFault),
        (504, ServerFault),
        (599, ServerFault),
    ],
)
def test_each_status_becomes_its_error(status: int, kind: type[InboxError]) -> None:
    server = Server(error(status, {"error": "the server's words"}))
    with pytest.raises(InboxError) as caught:
        write(server)
    assert type(caught.value) is kind
    assert "the server's words" in str(caught.value) or 300 <= status < 400
    assert caught.value.hint
    if isinstance(caught.value, ApiError):
        assert (caught.value.status, caught.value.detail) == (status, "the server's words")


def test_503_with_retry_after_was_not_done_and_says_when_to_repeat() -> None:
    server = Server(error(503, {}, [("Retry-After", "7")]))
    with pytest.raises(RateLimited) as caught:
        write(server)
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("9" * 15, faults.MAX_RETRY_AFTER),
        ("Sun, 21 Jun 2026 10:00:30 GMT", 30.0),
        ("Sun, 21 Jun 2026 09:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("Sun, 99 Jun 2026 10:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_servers_clock(
    value: str, seconds: float | None
) -> None:
    headers = httpx.Headers({"Retry-After": value, "Date": "Sun, 21 Jun 2026 10:00:00 GMT"})
    assert faults.read_retry_after(headers, now=5.0) == seconds


@pytest.mark.parametrize(
    ("fault", "may_have_arrived"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.PoolTimeout("busy"), False),
        (httpx.ProxyError("403 Forbidden"), False),
        (httpx.UnsupportedProtocol("gopher"), False),
        (httpx.ReadTimeout("silent"), True),
        (httpx.WriteTimeout("stuck"), True),
        (httpx.ReadError("reset"), True),
        (httpx.WriteError("broken pipe"), True),
        (httpx.CloseError("close"), True),
        (httpx.RemoteProtocolError("no answer"), True),
        (httpx.LocalProtocolError("too little data"), True),
        (OSError("the disk went away"), True),
    ],
)
def test_only_what_was_certainly_not_written_counts_as_not_sent(
    fault: Exception, may_have_arrived: bool
) -> None:
    with pytest.raises(NetworkError) as caught:
        write(Server(fault))
    assert caught.value.may_have_arrived is may_have_arrived


@pytest.mark.parametrize(
    ("content", "content_type", "detail"),
    [
        (b'{"errors":["Body is too long","Media is missing"]}', "", "Body is too long; Media is missing"),
        (b'{"errors":{"body":["too long","odd"]}}', "", "body: too long; odd"),
        (
            b'{"status":400,"error":"Bad Request","message":"param is missing: body"}',
            "",
            "param is missing: body",
        ),
        (b'{"error":"invalid","message":"expired"}', "", "expired (error: invalid)"),
        (b'{"error":"Duplicate","duplicate_post_id":"p1"}', "", "Duplicate (duplicate_post_id: p1)"),
        (b'{"error":{"message":"No","code":190}}', "", "No (code: 190)"),
        (b'{"error":""}', "", ""),
        (b"{}", "", ""),
        (b"null", "", ""),
        (b'"plain"', "", "plain"),
        (b"  Rate limit\r\nexceeded \x1b[31m", "text/plain", "Rate limit\nexceeded ␛[31m"),
        (b"\xff\xfe", "", "\ufffd\ufffd"),
        (
            b"<!DOCTYPE html><title>502\n Bad  Gateway</title><p>" + b"x" * 9000,
            "",
            "a web page titled “502 Bad Gateway”",
        ),
        (b"<p>no", "text/html; charset=utf-8", "a web page instead of an answer"),
        (b"x" * 5000, "", "x" * 1999 + "…"),
        (b"[" * 100_000, "", "[" * 1999 + "…"),
    ],
)
def test_the_words_of_an_error_lose_nothing(content: bytes, content_type: str, detail: str) -> None:
    assert faults.read_detail(content, content_type) == detail


@pytest.mark.parametrize(
    "fault", [error(429), error(500), error(503), error(502), httpx.ConnectError("x"), httpx.ReadError("x")]
)
def test_a_read_is_repeated_until_it_succeeds(fault: httpx.Response | Exception) -> None:
    waits = Waits()
    server = Server(fault, fault, {"ok": 1})
    transport = server.transport(stop=waits)
    assert transport.get("/api/x").content == b'{"ok": 1}'
    assert transport.request_count == len(server.requests) == 3
    assert len(waits.seconds) == 2
    assert all(seconds is not None and 0 < seconds < 2 for seconds in waits.seconds)


def test_a_read_gives_up_after_a_few_tries_with_the_last_error() -> None:
    server = Server(error(500, {"error": "first"}), error(502, {"error": "later"}))
    with pytest.raises(ServerFault, match="later"):
        server.transport(stop=Waits()).get("/api/x")
    assert len(server.requests) == READ_ATTEMPTS


def test_a_read_waits_as_long_as_the_server_asks() -> None:
    waits = Waits()
    server = Server(error(429, {}, [("Retry-After", "11")]), {"ok": 1})
    transport = server.transport(stop=waits)
    transport.get("/api/x")
    assert waits.seconds == [11.0]


def test_a_pause_of_minutes_is_the_callers_matter() -> None:
    waits = Waits()
    transport = Server(error(429, {}, [("Retry-After", "600")])).transport(stop=waits)
    with pytest.raises(RateLimited) as caught:
        transport.get("/api/x")
    assert caught.value.retry_after == 600.0
    assert (waits.seconds, transport.request_count) == ([], 1)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
def test_a_read_that_was_refused_is_not_repeated(status: int) -> None:
    server = Server(error(status))
    with pytest.raises(InboxError):
        server.transport(stop=Waits()).get("/api/x")
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [error(429), error(503), httpx.ConnectError("x"), httpx.ReadError("x")])
def test_a_write_is_never_repeated(fault: httpx.Response | Exception) -> None:
    server = Server(fault)
    with pytest.raises(InboxError):
        write(server)
    assert len(server.requests) == 1


def test_retries_can_be_switched_off_and_on_again_for_one_read() -> None:
    server = Server(error(500))
    transport = server.transport(retries=False, stop=Waits())
    with pytest.raises(ServerFault):
        transport.get("/api/x")
    assert len(server.requests) == 1
    with pytest.raises(ServerFault):
        transport.get("/api/x", retry=True)
    assert len(server.requests) == 1 + READ_ATTEMPTS


def test_a_stop_ends_the_wait_and_the_error_stays_the_servers() -> None:
    class StopsWhileWaiting(Waits):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    server = Server(error(500, {"error": "down"}))
    with pytest.raises(ServerFault, match="down"):
        server.transport(stop=StopsWhileWaiting()).get("/api/x")
    assert len(server.requests) == 1


def test_retries_are_logged_here_and_never_written_to_standard_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    Server(error(500, {"error": KEY}), {}).transport(stop=Waits()).get("/api/x")
    assert [record.name for record in caplog.records if "again" in record.getMessage()] == [
        "inbox_tui.api.transport"
    ]
    assert KEY not in caplog.text
    assert capsys.readouterr().err == ""


def test_a_redirect_is_not_followed_so_the_key_reaches_no_other_host() -> None:
    server = Server(httpx.Response(301, headers={"Location": "https://elsewhere.example/api/x"}))
    with pytest.raises(RequestRejected, match=r"elsewhere\.example"):
        server.transport().get("/api/x")
    assert [request.url.host for request in server.requests] == ["api.example"]


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_beyond_the_size_limit_is_not_kept(packed: bool) -> None:
    content = b" " * 100_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = httpx.Response(200, headers=headers, content=gzip.compress(content) if packed else content)

    def handle(request: httpx.Request) -> httpx.Response:
        body = gzip.compress(content) if packed else content
        return httpx.Response(200, headers=answer.headers, stream=httpx.ByteStream(body))

    transport = Transport(
        HOST, KEY, transport=httpx.MockTransport(handle), retries=False, max_answer_bytes=50_000
    )
    with pytest.raises(ServerFault, match="longer than 50000 bytes"):
        transport.get("/api/x")


def test_an_answer_that_trickles_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 50))
    monkeypatch.setattr("inbox_tui.api.transport.time.monotonic", lambda: next(clock))
    drops = 0

    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal drops
            while True:
                drops += 1
                yield b" "

    handle = httpx.MockTransport(lambda request: httpx.Response(200, stream=Trickle()))
    with pytest.raises(ServerFault, match="takes too long"):
        Transport(HOST, KEY, transport=handle, retries=False).get("/api/x")
    assert drops == 3


def test_threads_share_one_transport_and_every_request_is_counted() -> None:
    transport = Server({}).transport()
    threads = [
        threading.Thread(target=lambda: [transport.get("/api/x") for _ in range(25)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert transport.request_count == 100


def test_broken_compression_is_an_answer_that_cannot_be_read() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(b"no gzip")
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)

    transport = Transport(HOST, KEY, transport=httpx.MockTransport(handle), retries=False)
    with pytest.raises(ServerFault, match="compression"):
        transport.get("/api/x")


@pytest.mark.parametrize(("status", "kind"), [(200, ServerFault), (429, RateLimited)])
def test_an_answer_that_is_packed_twice_is_not_unpacked(status: int, kind: type[InboxError]) -> None:
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))
    headers = {"Content-Encoding": "gzip, gzip"}
    answer = httpx.Response(status, headers=headers, stream=httpx.ByteStream(bomb))
    transport = Transport(HOST, KEY, transport=httpx.MockTransport(lambda _: answer), retries=False)
    tracemalloc.start()
    with pytest.raises(kind):
        transport.get("/api/x")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


def test_the_servers_clock_is_compared_with_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox_tui.api.transport.time.time", lambda: 1_000_000.0)
    server = Server(httpx.Response(200, headers={"Date": "Mon, 12 Jan 1970 13:47:10 GMT"}, content=b"{}"))
    transport = server.transport()
    assert transport.clock_offset_ms is None
    transport.get("/api/x")
    assert transport.clock_offset_ms == 30_500


@pytest.mark.parametrize("name", ["Idempotent-Replayed", "idempotency-replayed"])
def test_a_replay_that_the_server_shows_proves_that_it_honours_keys(name: str) -> None:
    server = Server(ACCEPTED, httpx.Response(200, headers={name: "true"}, content=b"{}"))
    transport = server.transport()
    headers = {"Idempotency-Key": "k"}
    assert transport.write("POST", "/api/x", headers=headers).replayed is False
    assert transport.replay_proven is False
    assert transport.write("POST", "/api/x", headers=headers).replayed is True
    assert transport.replay_proven is True


def test_a_replay_header_on_a_request_without_a_key_proves_nothing() -> None:
    server = Server(httpx.Response(200, headers={"Idempotent-Replayed": "true"}, content=b"{}"))
    transport = server.transport()
    transport.get("/api/x")
    assert transport.replay_proven is False
    transport.note_replay_proven()
    assert transport.replay_proven is True


def test_requests_name_the_program_and_carry_the_key() -> None:
    server = Server({})
    server.transport().get("/api/x")
    headers = server.requests[0].headers
    assert headers["User-Agent"].startswith("inbox-tui/")
    assert headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://api.postproxy.dev", "https://api.postproxy.dev"),
        ("https://api.postproxy.dev/", "https://api.postproxy.dev"),
        (" https://api.postproxy.dev:8443 ", "https://api.postproxy.dev:8443"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
        ("http://localhost:4010", "http://localhost:4010"),
        ("http://[::1]:4010", "http://[::1]:4010"),
    ],
)
def test_an_address_is_scheme_and_host(url: str, used: str) -> None:
    assert check_base_url(url) == used


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.postproxy.dev",
        "ftp://api.postproxy.dev",
        "file:///etc/passwd",
        "https://",
        "https://api.postproxy.dev/api",
        "https://api.postproxy.dev?x=1",
        "https://api.postproxy.dev#x",
        "https://me:secret@api.postproxy.dev",
        "https://api.postproxy.dev:99999",
        "https://[::1",
        "http://api.postproxy.dev",
        "http://10.0.0.7",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_base_url(url)
    assert "secret" not in str(caught.value)


def test_plain_http_to_another_machine_needs_a_word() -> None:
    assert check_base_url("http://10.0.0.7", allow_plain_http=True) == "http://10.0.0.7"


def test_a_proxy_of_the_environment_is_not_used_towards_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://proxy.example")
    Transport("http://127.0.0.1:9", KEY).close()
    with pytest.raises(UsageError, match="cannot be set up"):
        Transport(HOST, KEY)


def test_a_closed_client_says_so_in_its_own_terms() -> None:
    transport = Server({}).transport(retries=False)
    transport.close()
    with pytest.raises(NetworkError):
        transport.get("/api/x")


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that hands its first connection to `serve`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def send(address: str, scheme: str = "http") -> NetworkError:
    with (
        Client(f"{scheme}://{address}", KEY) as client,
        pytest.raises(NetworkError) as caught,
    ):
        client.send_message("c", text="hello", idempotency_key="k")
    return caught.value


def test_a_refused_connection_wrote_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    failure = send(address)
    assert failure.may_have_arrived is False
    assert address in failure.title


def test_a_host_that_speaks_no_tls_was_sent_nothing() -> None:
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(serve) as address:
        assert send(address, "https").may_have_arrived is False
    assert KEY.encode() not in received[0]


def test_a_connection_reset_after_the_request_may_have_arrived() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with listening(serve) as address:
        assert send(address).may_have_arrived is True


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 202 Acc",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["nothing", "half a status line", "half a body", "broken chunks", "another protocol"],
)
def test_an_answer_cut_short_leaves_the_write_uncertain(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with listening(serve) as address:
        assert send(address).may_have_arrived is True
