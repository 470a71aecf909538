"""The server of the demo: shared by terminals, and back by itself when it dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from inbox_tui.cli.demo import DemoServer
from inbox_tui.core.errors import InboxError
from inbox_tui.store.db import Folder

Terminal = Callable[..., DemoServer]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "demo", "demo")


@pytest.fixture
def terminal(folder: Folder, tmp_path: Path) -> Iterator[Terminal]:
    """Open the demo in one more terminal, as far as its server is concerned."""
    opened: list[DemoServer] = []

    def open_demo(speed: float = 1.0) -> DemoServer:
        opened.append(DemoServer(folder, tmp_path / "log", speed))
        return opened[-1]

    yield open_demo
    for server in opened:
        server.stop()


def note(folder: Folder) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder.path / "sandbox.json").read_text())
    return found


def kill(folder: Folder) -> int:
    """Kill the server as the system does when memory runs out."""
    pid = note(folder)["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    return pid


def chats(environment: Mapping[str, str]) -> int:
    """How many chats the server tells of."""
    url, key = environment["INBOX_TUI_API_URL"], environment["POSTPROXY_API_KEY"]

    def ask(path: str) -> dict[str, object]:
        request = Request(f"{url}/api/{path}", headers={"Authorization": f"Bearer {key}"})
        with urlopen(request, timeout=10) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    profiles = ask("profiles")["data"]
    assert isinstance(profiles, list)
    totals = [ask(f"profiles/{profile['id']}/chats?per_page=1")["total"] for profile in profiles]
    return sum(total for total in totals if isinstance(total, int))


def comes_back(server: DemoServer, killed: int, folder: Folder) -> Mapping[str, str]:
    """What a terminal that asks again and again is told once there is another server."""
    deadline = time.monotonic() + 30
    while True:
        environment = server.environment()
        if note(folder)["pid"] != killed:
            return environment
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_terminals_share_the_server_of_the_first(folder: Folder, terminal: Terminal) -> None:
    first, second = terminal(), terminal()
    assert second.environment is not None
    environment = first.environment()
    pid = note(folder)["pid"]
    assert second.environment() == environment
    assert note(folder)["pid"] == pid
    assert chats(environment) >= 73
    second.stop()
    assert chats(environment) >= 73, "only who has started it ends it"


@pytest.mark.parametrize("who", ["the first", "the second"])
def test_a_server_that_died_is_started_again_at_its_address_by_whoever_asks_first(
    folder: Folder, terminal: Terminal, who: str
) -> None:
    first, second = terminal(7.0), terminal()
    environment = first.environment()
    assert second.environment() == environment
    killed = kill(folder)
    one, other = (first, second) if who == "the first" else (second, first)
    assert comes_back(one, killed, folder) == environment, "no engine has to be told of another address"
    assert comes_back(other, killed, folder) == environment
    assert chats(environment) >= 73
    assert note(folder)["speed"] == 7.0, "its clock runs on as it did"
    again = kill(folder)
    assert comes_back(other, again, folder) == environment
    assert chats(environment) >= 73


def test_the_server_comes_back_elsewhere_where_its_port_is_taken(folder: Folder, terminal: Terminal) -> None:
    server = terminal()
    environment = server.environment()
    port = int(environment["INBOX_TUI_API_URL"].rpartition(":")[2])
    killed = kill(folder)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + 10
        while True:
            try:
                taken.bind(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        taken.listen()
        moved = comes_back(server, killed, folder)
    assert moved["INBOX_TUI_API_URL"] != environment["INBOX_TUI_API_URL"]
    assert moved["POSTPROXY_API_KEY"] == environment["POSTPROXY_API_KEY"]
    assert chats(moved) >= 73


def test_a_server_that_cannot_start_is_told_and_may_be_asked_again(
    folder: Folder, terminal: Terminal, tmp_path: Path
) -> None:
    folder.path.mkdir()
    (folder.path / "world.db").mkdir()
    server = terminal()
    with pytest.raises(InboxError, match="did not start"):
        server.environment()
    (folder.path / "world.db").rmdir()
    assert chats(server.environment()) >= 73


def test_what_an_earlier_version_has_noted_is_no_server(folder: Folder, terminal: Terminal) -> None:
    folder.path.mkdir()
    (folder.path / "sandbox.json").write_text('{"url": "http://127.0.0.1:1", "key": "k", "control": "c"}')
    assert chats(terminal().environment()) >= 73
