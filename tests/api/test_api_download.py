"""Files from anywhere: where they may come from, how much of them is taken, and what never leaves.

The server speaks HTTP by hand, so that it can lie. Rules: design, section 10, "Attachments".
"""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from inbox_tui.api import download
from inbox_tui.api.download import Downloader, is_public
from inbox_tui.core.errors import ApiError, InboxError, NetworkError, Refused, StoreError
from tests.file_server import BODY, Pieces, Server, answer, leads_to


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def other() -> Iterator[Server]:
    """A server of somebody else, in the same private network."""
    server = Server()
    yield server
    server.close()


def known(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


def refused(server: Server, target: Path, url: str, **more: object) -> InboxError:
    """Why a file is not fetched; nothing of it is left."""
    with pytest.raises(InboxError) as caught:
        Downloader(server.url, **more).fetch(url, target)
    assert not target.exists()
    return caught.value


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "part"


def test_a_file_of_the_api_itself_comes_whole_and_only_for_the_person(server: Server, target: Path) -> None:
    server.answers["/storage/a.png"] = answer()
    seen: list[tuple[int, int | None]] = []
    got = Downloader(server.url).fetch(
        f"{server.url}/storage/a.png?x=1", target, lambda done, size: seen.append((done, size))
    )
    assert target.read_bytes() == BODY
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert (got.size, got.name) == (len(BODY), "a.png")
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)


def test_nothing_of_the_person_is_told_to_who_keeps_the_file(server: Server, target: Path) -> None:
    server.answers["/a"] = answer(b"", "302 Found", "Location: /b", "Set-Cookie: id=1; Path=/")
    server.answers["/b"] = answer()
    Downloader(server.url).fetch(f"{server.url}/a", target)
    assert len(server.requests) == 2
    for request in server.requests:
        names = {line.partition(":")[0].lower() for line in request.split("\r\n")[1:] if line}
        assert names <= {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert f"Host: 127.0.0.1:{server.port}" in request


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("239.255.255.250", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2002:c0a8:101::1", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{other}/a.png",
        "http://localhost:{other}/a.png",
        "http://2130706433:{other}/a.png",
        "http://0x7f.1:{other}/a.png",
        "http://[::1]:{other}/a.png",
        "http://[::ffff:127.0.0.1]:{other}/a.png",
        "http://0.0.0.0:{other}/a.png",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_a_private_address_is_refused_however_it_is_written(
    server: Server, other: Server, target: Path, url: str
) -> None:
    other.answers["/a.png"] = answer()
    for address in (url.format(other=other.port),):
        server.answers["/there"] = leads_to(address)
        for start in (address, f"{server.url}/there"):
            error = refused(server, target, start)
            assert isinstance(error, Refused | NetworkError)
            assert "private network" in error.title or "is not known" in error.title
    assert other.requests == []


def test_a_name_that_stands_for_a_private_address_is_refused(server: Server, target: Path) -> None:
    error = refused(server, target, "http://files.example/a.png", resolve=known("10.0.0.5", "fd00::5"))
    assert str(error) == ("The file's address files.example is one of a private network. It was not fetched")


def test_the_connection_goes_to_the_address_that_was_checked_and_names_the_host(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "is_public", lambda address: address == "127.0.0.2")
    asked: list[str] = []

    def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["10.0.0.1", "127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    server = Server("127.0.0.2")
    try:
        server.answers["/a.png"] = answer()
        loader = Downloader("https://api.example", resolve=changing)
        loader.fetch(f"http://files.example:{server.port}/a.png", target)
    finally:
        server.close()
    assert asked == ["files.example"]
    assert f"Host: files.example:{server.port}" in server.requests[0]


def test_the_next_address_of_a_host_is_tried_where_one_does_not_answer(server: Server, target: Path) -> None:
    server.answers["/a.png"] = answer()
    with socket.create_server(("127.0.0.3", 0)) as closed:
        port = closed.getsockname()[1]
    assert port != server.port
    loader = Downloader(f"http://api.example:{server.port}", resolve=known("127.0.0.3", "127.0.0.1"))
    assert loader.fetch(f"http://api.example:{server.port}/a.png", target).size == len(BODY)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://files.example/a.png",
        "data:image/png;base64,AAAA",
        "gopher://127.0.0.1:25/x",
        "//files.example/a.png",
        "a.png",
        "",
        "http://",
        "http://[::1/a.png",
        "http://files.example:99999/a",
        "http://user:secret@files.example/a.png",
    ],
)
def test_what_is_no_plain_address_of_the_web_is_refused_first_and_behind_a_redirect(
    server: Server, target: Path, url: str
) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        assert host == "127.0.0.1", f"{host} was looked up"
        return ["127.0.0.1"]

    assert isinstance(refused(server, target, url, resolve=resolve), Refused)
    if not url.startswith(("a.", "//")) and url:
        server.answers["/there"] = leads_to(url)
        error = refused(server, target, f"{server.url}/there", resolve=resolve)
        assert isinstance(error, Refused) or "Invalid URL in location header" in error.title


def test_redirects_are_followed_by_hand_and_not_for_ever(server: Server, target: Path) -> None:
    server.answers |= {f"/{n}": leads_to(f"/{n + 1}") for n in range(9)}
    server.answers["/9"] = answer()
    assert Downloader(server.url).fetch(f"{server.url}/5", target).size == len(BODY)
    target.unlink()
    server.answers["/loop"] = leads_to("/loop")
    for start in ("/0", "/loop"):
        assert "without end" in refused(server, target, f"{server.url}{start}").title
    assert len(server.requests) == 5 + 2 * (download.MAX_REDIRECTS + 1)


def test_a_file_that_says_it_is_too_large_is_refused_before_it_comes(server: Server, target: Path) -> None:
    came: list[int] = []

    def body() -> Pieces:
        yield answer(b"", length=3 << 30)
        for _ in range(1000):
            came.append(1)
            yield bytes(65_536)

    server.answers["/film"] = body
    error = refused(server, target, f"{server.url}/film", max_bytes=1_000_000)
    assert error.title == "The file has more than 1 MB"
    assert sum(came) < 1000


def test_an_endless_body_ends_at_the_limit(server: Server, target: Path) -> None:
    def body() -> Pieces:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"10000\r\n" + bytes(65_536) + b"\r\n"

    server.answers["/stream"] = body
    error = refused(server, target, f"{server.url}/stream", max_bytes=1_000_000)
    assert error.title == "The file has more than 1 MB"


def test_a_body_that_is_shorter_than_it_said_is_no_file(server: Server, target: Path) -> None:
    server.answers["/a"] = answer(BODY, length=len(BODY) + 1)
    error = refused(server, target, f"{server.url}/a")
    assert isinstance(error, NetworkError)
    assert "broke" in error.title


def test_of_a_body_that_is_longer_than_it_said_the_rest_is_not_taken(server: Server, target: Path) -> None:
    server.answers["/a"] = answer(BODY + b"more", length=len(BODY))
    assert Downloader(server.url).fetch(f"{server.url}/a", target).size == len(BODY)
    assert target.read_bytes() == BODY


def test_a_body_that_trickles_for_too_long_is_given_up(server: Server, target: Path) -> None:
    go = threading.Event()

    def body() -> Pieces:
        yield answer(b"", length=1000)
        for _ in range(1000):
            go.wait(0.02)
            yield b"x"

    server.answers["/slow"] = body
    error = refused(server, target, f"{server.url}/slow", max_seconds=0.1)
    assert error.title == "The file came too slowly"


def test_the_end_of_the_program_ends_what_is_being_fetched(server: Server, target: Path) -> None:
    def body() -> Pieces:
        yield answer(b"", length=10_000_000)
        while True:
            yield bytes(65_536)

    server.answers["/film"] = body
    loader = Downloader(server.url)
    with pytest.raises(NetworkError, match="The program ended"):
        loader.fetch(f"{server.url}/film", target, lambda done, size: loader.close())
    assert not target.exists()


def test_what_comes_packed_though_nobody_asked_is_refused(server: Server, target: Path) -> None:
    server.answers["/bomb"] = answer(BODY, "200 OK", "Content-Encoding: gzip")
    assert "comes packed" in refused(server, target, f"{server.url}/bomb").title
    assert "accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("404 Not Found", "127.0.0.1 does not have this file any more (404)"),
        ("410 Gone", "127.0.0.1 does not have this file any more (410)"),
        ("403 Forbidden", "127.0.0.1 does not give this file (403)"),
        ("206 Partial Content", "127.0.0.1 does not give this file (206)"),
        ("304 Not Modified", "127.0.0.1 does not give this file (304)"),
        ("500 Oh", "127.0.0.1 does not give this file (500)"),
    ],
)
def test_a_host_that_says_no_is_quoted(server: Server, target: Path, status: str, words: str) -> None:
    server.answers["/a"] = answer(b"", status)
    error = refused(server, target, f"{server.url}/a")
    assert isinstance(error, ApiError)
    assert (error.title, error.status) == (words, int(status[:3]))


def test_an_empty_file_and_what_is_no_http_are_told_apart(server: Server, target: Path) -> None:
    server.answers["/empty"] = answer(b"")
    server.answers["/odd"] = b"SSH-2.0-OpenSSH_9.6\r\n"
    assert refused(server, target, f"{server.url}/empty").title == "The file is empty"
    assert isinstance(refused(server, target, f"{server.url}/odd"), NetworkError)


def test_a_host_that_nobody_knows_or_that_does_not_answer_is_a_network_error(
    server: Server, target: Path
) -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    error = refused(server, target, "http://nowhere.example/a", resolve=unknown)
    assert error.title == "The host nowhere.example of the file is not known (Name or service not known)"
    server.close()
    try:
        assert isinstance(refused(server, target, f"{server.url}/a"), NetworkError)
    finally:
        server._socket = socket.create_server(("127.0.0.1", 0))


def test_a_folder_that_cannot_be_written_is_a_fault_of_the_store(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer()
    error = refused(server, tmp_path / "gone" / "part", f"{server.url}/a")
    assert isinstance(error, StoreError)
    assert "The file cannot be written: No such file or directory" in error.title


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="invoice 3.pdf"', "invoice 3.pdf"),
        ("attachment; filename*=UTF-8''Rechnung%20%C3%BC.pdf", "Rechnung ü.pdf"),
        ('inline; filename="../../.bashrc"', "../../.bashrc"),
        ("inline", "a ü.png"),
        ("\x00; =;;", "a ü.png"),
    ],
)
def test_the_name_is_the_servers_else_the_addresss_and_stays_foreign(
    server: Server, target: Path, header: str, name: str
) -> None:
    server.answers["/x/a%20%C3%BC.png"] = answer(BODY, "200 OK", f"Content-Disposition: {header}")
    if "\x00" in header:
        with pytest.raises(NetworkError):
            Downloader(server.url).fetch(f"{server.url}/x/a%20%C3%BC.png", target)
        return
    assert Downloader(server.url).fetch(f"{server.url}/x/a ü.png", target).name == name
