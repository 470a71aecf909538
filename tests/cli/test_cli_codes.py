"""Exit codes of UX section 4, each provoked for real: one line says why, and what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_accounts import KEY, Account, CommandLine, Ran, run_alone

from inbox_tui import __version__


@pytest.fixture
def account(still_account: Account, tmp_path: Path) -> Account:
    """An account of its own."""
    return still_account.copy(tmp_path / "home")


@pytest.fixture
def orphan(orphan_account: Account, tmp_path: Path) -> Account:
    """An account of its own whose server is gone."""
    return orphan_account.copy(tmp_path / "home")


def chat_of(account: Account, platform: str) -> str:
    """The id of the newest chat of a platform."""
    return run_alone(account, "chats", f"platform:{platform}", "-q").out.split()[0]


def refused(ran: Ran, code: int, words: str) -> None:
    """A command ended with a code, printed nothing, and said why in one line."""
    assert (ran.code, ran.out) == (code, ""), ran
    assert ran.err.startswith("inbox-tui: "), ran.err
    assert ran.err.count("\n") == 1, ran.err
    assert words in ran.err


@pytest.mark.parametrize("arguments", [[], ["sync"], ["--account", "main"]])
def test_no_key_is_3(reading: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.delenv("POSTPROXY_API_KEY")
    refused(reading(*arguments), 3, "No API key is set. Set POSTPROXY_API_KEY")


def test_without_a_key_nothing_is_left_behind_to_be_sent_later(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTPROXY_API_KEY")
    refused(reading("send", chat_of(reading.account, "telegram"), "Hello"), 3, "nothing was sent")
    assert reading("outbox").out == ""


def test_a_wrong_key_is_3(account: Account) -> None:
    words = "The API does not accept the key (Invalid API key). Set POSTPROXY_API_KEY to a valid key"
    wrong = {"POSTPROXY_API_KEY": "not-the-key"}
    refused(run_alone(account, "sync", **wrong), 3, words)
    refused(run_alone(account, "send", chat_of(account, "telegram"), "Hello", **wrong), 3, words)
    (record,) = run_alone(account, "outbox", "--json").records
    assert (record["state"], record["payload"]["text"]) == ("failed", "Hello")


def test_a_wrong_key_is_3_for_who_waits_and_where_another_process_is_the_engine_too(account: Account) -> None:
    words = "The API does not accept the key (Invalid API key). Set POSTPROXY_API_KEY to a valid key"
    wrong = {"POSTPROXY_API_KEY": "not-the-key"}
    chat = chat_of(account, "telegram")
    refused(run_alone(account, "send", chat, "Hello", "--wait", **wrong), 3, words)
    engine = subprocess.Popen(
        [sys.executable, "-m", "inbox_tui", "sync", "--follow", "--until-stdin-closes"],
        env=os.environ | account.environment | wrong,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not any("running" in line and "not running" not in line for line in engine_lines(account)):
            assert time.monotonic() < deadline
        other = chat_of(account, "bluesky")
        refused(run_alone(account, "send", other, "Hello", "--wait", **wrong), 3, words)
    finally:
        engine.kill()
        engine.wait()
        if engine.stdin is not None:
            engine.stdin.close()


def engine_lines(account: Account) -> list[str]:
    """What doctor says of the engine."""
    return [
        record["found"]
        for record in run_alone(account, "doctor", "--json").records
        if record["check"] == "engine"
    ]


@pytest.mark.parametrize("arguments", [["thread", "nobody"], ["send", "nobody", "Hello"]])
def test_an_unknown_chat_is_1(reading: CommandLine, arguments: list[str]) -> None:
    words = "There is no chat nobody in the cache. Give an id, as `inbox-tui chats from:jane` finds it"
    refused(reading(*arguments), 1, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nope"], "No such option: --nope. See `inbox-tui --help`"),
        (["frobnicate"], "No such command 'frobnicate'. See `inbox-tui --help`"),
        (["snoze"], "Did you mean 'snooze', 'note'? See `inbox-tui --help`"),
        (["unsnooze", "x"], "No such command 'unsnooze'. `inbox-tui snooze CHAT --off` brings a chat back"),
        (["chats", "--nope"], "No such option: --nope"),
        (["thread"], "Missing"),
        (["sync", "--once", "--follow"], "exclude each other"),
        (["sandbox", "--speed", "0"], "speed must be above 0"),
        (["sandbox", "--port", "many"], "--port"),
        (["--account", "../elsewhere", "chats"], "cannot be a folder name"),
        (["chats", "--account", "../elsewhere"], "cannot be a folder name"),
        (["chats", "--account=../elsewhere", "is:unread"], "cannot be a folder name"),
        (["chats", "--account"], "--account wants a name"),
        ([], "The inbox needs a terminal"),
        (["demo"], "The inbox needs a terminal"),
    ],
)
def test_a_command_line_that_cannot_be_understood_is_2(
    reading: CommandLine, arguments: list[str], words: str
) -> None:
    refused(reading(*arguments), 2, words)


def test_a_send_that_cannot_be_understood_is_2(reading: CommandLine) -> None:
    chat = chat_of(reading.account, "telegram")
    refused(reading("send", chat, " \n"), 2, "The text is empty")
    refused(reading("send", chat, stdin="\n"), 2, "There is no text to send")
    both = ["--url", "https://x.example/a.png", "--file", "a.png"]
    refused(reading("send", chat, *both), 2, "exclude each other")
    refused(reading("send", chat, "x", "--markup", "[]"), 2, "a JSON object")
    refused(reading("send", chat, "--url", "file:///etc/passwd"), 2, "is not an address of a file")
    assert reading("outbox").out == ""


def test_an_account_or_api_in_doubt_is_2_and_any_other_bad_setting_is_told(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = reading.account.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text("account = \n")
    refused(reading("chats"), 2, "line 1")
    config.write_text("theme = \n")
    ran = reading("chats", "-q")
    assert ran.code == 0
    assert "line 1 of" in ran.err
    assert "line 1" not in ran.out
    config.unlink()
    monkeypatch.setenv("INBOX_TUI_API_URL", "ftp://example.com")
    refused(reading("chats"), 2, "cannot be used")


def test_a_key_file_that_others_can_read_is_2(reading: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTPROXY_API_KEY")
    (folder,) = (reading.account.home / "data").iterdir()
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o644)
    refused(reading("sync"), 2, "chmod 600")
    (folder / "key").chmod(0o600)
    assert reading("sync").code == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (["platfrom:tg"], "There is no operator platfrom: (column 1). Did you mean platform:?"),
        (["from:jane", "before:someday"], "someday is no day (column 18)"),
        (["is:lost"], "(column 4)"),
        (['"never closed'], "(column 1)"),
    ],
)
def test_a_query_that_cannot_be_understood_is_2_and_points_at_its_place(
    reading: CommandLine, query: list[str], words: str
) -> None:
    refused(reading("chats", "--", *query), 2, words)


def test_a_closed_window_is_4_and_nothing_is_sent(reading: CommandLine) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    chat = next(
        record["id"]
        for record in reading("chats", "platform:instagram", "--json").records
        if record["window_closes_at"] and record["window_closes_at"] < now
    )
    refused(reading("send", chat, "Hello"), 4, "Window probably closed")
    refused(reading("send", chat, "Hello", "--queue"), 4, "Nothing was sent")
    refused(reading("send", chat, "Hello", "--dry-run"), 4, "Nothing was sent")
    assert reading("outbox").out == ""


@pytest.mark.parametrize(
    ("platform", "character", "most", "words"),
    [
        ("telegram", "x", 4096, "5 characters too long for Telegram. Nothing was sent"),
        ("bluesky", "👍🏽", 1000, "too long for Bluesky"),
    ],
)
def test_a_text_that_is_too_long_is_4(
    reading: CommandLine, platform: str, character: str, most: int, words: str
) -> None:
    chat = chat_of(reading.account, platform)
    refused(reading("send", chat, character * (most + 5)), 4, words)
    assert reading("outbox").out == ""
    assert reading("send", chat, character * most, "--dry-run").code == 0


def test_a_server_that_is_gone_is_5_and_the_cache_can_be_read_all_the_same(orphan: Account) -> None:
    refused(run_alone(orphan, "sync"), 5, "cannot be reached")
    assert len(run_alone(orphan, "chats", "-q").out.split()) == 73
    health = run_alone(orphan, "profiles", "--json").records
    assert health
    assert all("cannot be reached" in record["fault"] for record in health)


def test_a_send_without_its_server_is_5_and_waits_in_the_outbox(orphan: Account) -> None:
    words = "waits in the outbox and leaves with the next sync"
    refused(run_alone(orphan, "send", chat_of(orphan, "telegram"), "Hello"), 5, words)
    (record,) = run_alone(orphan, "outbox", "--json").records
    assert (record["state"], record["payload"]["text"]) == ("queued", "Hello")


def test_an_address_that_is_taken_is_1(reading: CommandLine) -> None:
    port = reading.account.url.rpartition(":")[2]
    refused(reading("sandbox", "--port", port), 1, f"Cannot listen on 127.0.0.1:{port}")


@pytest.mark.parametrize("arguments", [["chats", "--json"], ["--help"]])
@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_goes_away_is_no_failure_and_no_noise(
    account: Account, arguments: list[str], reader: str
) -> None:
    script = '"$@" | ' + reader + '; echo "${PIPESTATUS[0]}"'
    ran = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, "-m", "inbox_tui", *arguments],
        env=os.environ | account.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ran.stdout.splitlines()[-1], ran.stderr) == ("0", "")


def test_the_sandbox_prints_its_address_and_its_key_and_ends_on_a_signal(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "inbox_tui", "sandbox", "--chats", "8", "--messages", "20"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        address, key = (server.stdout.readline().rstrip("\n") for _ in range(2))
        assert address.startswith("listening on http://127.0.0.1:")
        assert key.startswith("api key: ")
        account = Account(tmp_path, address.removeprefix("listening on "))
        ran = run_alone(account, "sync", POSTPROXY_API_KEY=key.removeprefix("api key: "))
        assert (ran.code, ran.out) == (0, "")
        assert "8 of 8 chats, 8 read, 20 new messages" in ran.err
        server.send_signal(signal.SIGTERM)
        rest, errors = server.communicate(timeout=20)
    assert (server.returncode, rest, errors) == (0, "", "")


def test_a_sync_that_follows_ends_on_a_signal_and_with_its_parent(account: Account) -> None:
    for arguments in (["sync", "--follow"], ["sync", "--follow", "--until-stdin-closes"]):
        with subprocess.Popen(
            [sys.executable, "-m", "inbox_tui", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | account.environment,
            text=True,
        ) as engine:
            assert engine.stdin is not None
            looks = next((account.home / "data").iterdir()) / "looks"
            before = time.time()
            # It is at work as soon as it has looked anywhere.
            while all(look.stat().st_mtime < before for look in looks.iterdir()):
                assert engine.poll() is None
                assert time.time() < before + 30
                time.sleep(0.05)
            if "--until-stdin-closes" in arguments:
                engine.stdin.close()
                engine.stdin = None
            else:
                engine.send_signal(signal.SIGTERM)
            rest, errors = engine.communicate(timeout=20)
        assert (engine.returncode, rest) == (0, ""), errors
        assert KEY not in errors


def test_the_version_is_that_of_the_package(reading: CommandLine) -> None:
    assert reading("--version").out == f"{__version__}\n"
