"""Nothing that a customer, or a broken service, sends may touch the terminal."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .conftest import Server, sync_once
from .terminal import Terminal, opened

OWN_TITLE = r"(\(\d+\) )?inbox-tui"
"""How many chats need a reply: all that the title may say."""
PAINT = 0.015
"""Seconds between chats: time for a frame each, so that what is opened is also drawn."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the hostile account's files are."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Terminal]:
    """The inbox on a hostile account."""
    # Nobody writes while the clock stands still, so the list keeps its order.
    now = datetime.now(UTC).isoformat(timespec="seconds")
    server = Server(tmp_path_factory.mktemp("hostile"), "--world", "hostile", "--frozen-at", now)
    environment = server.environment(home)
    # Alarms of closing windows come when they like, and cover what is read here.
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("[notifications]\nalarm = false\n", encoding="utf-8")
    sync_once(environment)
    with opened(environment) as window:
        window.run("inbox-tui")
        window.sees("⏎ open", "looked")
        window.press("g", "a")
        window.sees("[All ")
        yield window
    server.stop()


@pytest.fixture(scope="module")
def calm_modes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The modes that the inbox itself puts a terminal in, on an account without a single chat."""
    nobody = {"INBOX_TUI_API_URL": "http://127.0.0.1:1", "POSTPROXY_API_KEY": "none"}
    with opened({"INBOX_TUI_HOME": str(tmp_path_factory.mktemp("calm")), **nobody}) as window:
        window.run("inbox-tui")
        window.sees("? help")
        return window.modes()


def chat_count(home: Path) -> int:
    """How many chats the cache has."""
    (path,) = home.glob("data/*/cache.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM chats").fetchone()[0])


def title_when_settled(inbox: Terminal) -> str:
    """Wait until every key so far is carried out; how the line above the open thread begins then.

    Whose it is stands first; how much of it there is room for changes with the ages behind it.
    """
    inbox.press("?")
    inbox.sees("Esc closes")
    inbox.press("Escape")
    text = inbox.sees("NORMAL", without="Esc closes")
    return text.splitlines()[1].split("▕")[-1].lstrip()[:10]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40), (40, 10)])
def test_a_walk_through_every_hostile_chat_leaves_the_terminal_alone(
    inbox: Terminal, home: Path, calm_modes: dict[str, str], width: int, height: int
) -> None:
    count = chat_count(home)
    assert count > 100
    screen = inbox.screen_pid
    assert screen is not None
    inbox.resize(width, height)
    # Down the list, then back up from inside the thread, which opens every chat.
    inbox.press("h", "g", "g", *["j"] * count, "Enter")
    last = title_when_settled(inbox)
    for _ in range(count - 1):
        inbox.press("K")
        time.sleep(PAINT)
    first = title_when_settled(inbox)
    inbox.press("h", "G", "Enter")
    assert title_when_settled(inbox) == last, "the walk did not reach the last chat"
    inbox.press("h", "g", "g", "Enter")
    assert title_when_settled(inbox) == first != last, "the walk did not reach the first chat"
    inbox.press("h")
    inbox.sees("⏎ open")
    assert inbox.screen_pid == screen
    assert re.fullmatch(OWN_TITLE, inbox.ask("#{pane_title}"))
    assert inbox.modes() == calm_modes
    assert inbox.clipboard() == ""
    log = (home / "state" / "inbox-tui.log").read_text(encoding="utf-8")
    assert "Traceback" not in log
