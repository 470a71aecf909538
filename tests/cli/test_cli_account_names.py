"""Accounts by their names: what there is, what there is not, and the demo of another terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from os import environ
from pathlib import Path

import pytest
from cli_accounts import Account, CommandLine

from inbox_tui.store.db import Folder
from inbox_tui.sync.engine import running


def demo_of(account: Account) -> Folder:
    """Make the account's files those of the demo."""
    (folder,) = account.home.glob("data/*--main")
    return Folder(folder.rename(folder.with_name("demo")), "demo")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, acting: CommandLine) -> Folder:
    """A demo, and surroundings that lead to another API with a key of its own: nothing may go there."""
    folder = demo_of(acting.account)
    monkeypatch.setenv("INBOX_TUI_API_URL", "http://127.0.0.1:1")
    return folder


@pytest.fixture
def engine(acting: CommandLine, elsewhere: Folder) -> Iterator[None]:
    """The engine of a demo that runs."""
    arguments = ["--demo", "sync", "--follow", "--until-stdin-closes"]
    child = subprocess.Popen(
        [sys.executable, "-m", "inbox_tui", *arguments],
        env=environ | acting.account.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not running(elsewhere):
            assert child.poll() is None
            time.sleep(0.05)
        yield
    finally:
        child.communicate(timeout=30)


@pytest.mark.parametrize("arguments", [["chats"], ["profiles"], ["thread", "x"], ["done", "x"], ["outbox"]])
def test_an_account_without_a_folder_is_2_and_those_that_there_are_are_named(
    reading: CommandLine, arguments: list[str]
) -> None:
    ran = reading(*arguments, "--account", "nobody")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no account nobody of 127.0.0.1:" in ran.err
    assert "There is: main." in ran.err
    assert [path.name.rpartition("--")[2] for path in reading.account.home.glob("data/*")] == ["main"]


def test_the_demo_and_accounts_of_another_api_are_named_too(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (main,) = reading.account.home.glob("data/*--main")
    (main.parent / "demo").mkdir()
    (main.parent / "demo" / "cache.db").touch()
    monkeypatch.setenv("INBOX_TUI_API_URL", "https://api.example.org")
    ran = reading("chats")
    api = main.name.removesuffix("--main")
    assert ran.code == 2
    assert "There is no account main of api.example.org in " in ran.err
    assert f"There are: main (of {api}), demo. `inbox-tui sync --account main`" in ran.err


def test_where_there_is_no_account_at_all_only_a_name_on_the_command_line_is_an_error(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INBOX_TUI_HOME", str(tmp_path / "new"))
    ran = reading("chats", "--account", "demo")
    assert (ran.code, "There is none yet. `inbox-tui demo` begins the demo" in ran.err) == (2, True)
    assert f"There is no demo, and no other account of that name in {tmp_path / 'new'}" in ran.err
    assert reading("chats").code == 0


def test_demo_is_the_demos_cache_unless_a_real_account_has_the_name(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = demo_of(reading.account)
    chats = reading("chats", "-q", "--account", "demo")
    assert chats.code == 0
    assert len(chats.lines) > 2
    name = reading.account.url.partition("//")[2].replace(":", "-")
    (folder.path.parent / f"{name}--demo").mkdir()
    assert reading("chats", "-q", "--account", "demo").lines == []


@pytest.mark.usefixtures("elsewhere")
def test_beside_a_demo_that_does_not_run_nothing_leaves_and_it_can_be_queued(acting: CommandLine) -> None:
    chat = acting("chats", "platform:telegram", "-q", "--account", "demo").lines[0]
    message = acting("thread", chat, "-q", "--account", "demo").lines[0]
    for arguments in (["send", chat, "Hello"], ["show", message, "--live"]):
        ran = acting(*arguments, "--account", "demo")
        assert ran.code == 5
        assert "The demo is not running" in ran.err
    assert acting("outbox", "-q", "--account", "demo").lines == []
    assert acting("send", chat, "Hello", "--queue", "--account", "demo").code == 0
    assert len(acting("outbox", "-q", "--account", "demo").lines) == 1


@pytest.mark.usefixtures("elsewhere")
def test_doctor_looks_at_the_demo_where_every_other_verb_does(acting: CommandLine) -> None:
    ran = acting("doctor", "--json", "--account", "demo")
    found = {line["check"]: line["found"] for line in ran.records}
    assert "the demo, with a server and a key of its own" in found["settings"]
    assert f"folder {acting.account.home / 'data' / 'demo'}" in found["settings"]
    assert found["engine"] == "not running"
    assert "inbox-tui demo" in found["API"]
    assert "127.0.0.1:1" not in ran.out


@pytest.mark.usefixtures("engine")
def test_beside_a_demo_that_runs_its_engine_sends(acting: CommandLine) -> None:
    chat = acting("chats", "platform:telegram", "-q", "--account", "demo").lines[0]
    ran = acting("send", chat, "Hello from beside", "--account", "demo")
    assert (ran.code, ran.err) == (0, "")
    said = [message["body"] for message in acting.account.ask(f"chats/{chat}/messages")["data"]]
    assert "Hello from beside" in said
