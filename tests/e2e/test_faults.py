"""A wrong key, a server that is gone: the person is told, and nothing that was written is lost."""

from __future__ import annotations

from pathlib import Path

from .conftest import OpenTerminal, Server, sync_once
from .terminal import PROMPT, processes


def test_a_wrong_key_ends_a_sync_with_code_3_and_one_line_and_stands_above_the_inbox(
    server: Server, terminal: OpenTerminal, tmp_path: Path
) -> None:
    environment = server.environment(tmp_path)
    sync_once(environment)
    window = terminal(environment | {"POSTPROXY_API_KEY": "not-the-key"}, width=120)
    window.run("clear; inbox-tui sync --once 2>errors; echo code $? lines $(wc -l <errors); cat errors")
    text = window.sees("code 3 lines ", "The API does not accept the key")
    assert "code 3 lines 1" in " ".join(text.split())
    assert "not-the-key" not in text

    window.run("clear; inbox-tui")
    banner = window.sees("⏎ open", "The API does not accept the key", "Acme Shop")
    assert "Set POSTPROXY_API_KEY" in " ".join(banner.split()), "the banner says what to do"
    assert "not-the-key" not in banner
    window.press("g", "a", "j", "j", "Enter")
    window.sees("Max Whitlock · Telegram", "cheers")
    assert not any("not-the-key" in process.command for process in processes())


def test_a_wrong_key_is_told_on_the_first_start_too(
    server: Server, terminal: OpenTerminal, tmp_path: Path
) -> None:
    window = terminal(server.environment(tmp_path) | {"POSTPROXY_API_KEY": "not-the-key"}, width=120)
    window.run("inbox-tui")
    window.sees("? help", "The API does not accept the key")


def test_without_its_server_the_cache_is_usable_and_a_send_leaves_once_it_is_back(
    server: Server, terminal: OpenTerminal, tmp_path: Path
) -> None:
    environment = server.environment(tmp_path)
    sync_once(environment)
    server.stop()
    try:
        window = terminal(environment, width=120)
        window.run("inbox-tui")
        window.sees("⏎ open", "[Now ", "cannot be reached", "Check the connection")
        window.press("g", "a")
        window.sees("[All 73]", "Priya Tran")
        window.press("j", "Enter")
        window.sees("Priya Tran · Instagr", "unboxing Miro Cardigan!")
        window.press("J", "r")
        window.sees("Max Whitlock · Telegram", "⏎ send")
        window.type("It will leave later")
        window.press("Enter")
        window.sees("It will leave later", "leaves in")
        window.sees("It will leave later", "… waiting: ", "cannot be reached")

        window.press("C-q")
        window.sees("1 message has not left yet. Quit?")
        window.press("y")
        window.sees(PROMPT, without="TYPING")
        window.run("clear; inbox-tui outbox")
        window.sees("queued", "cannot be reached")
        window.run("clear; inbox-tui")
        window.sees("⏎ open", "cannot be reached")
        window.press("g", "a")
        window.sees("you: It w", "… waiting")
        window.press("j", "j", "Enter")
        window.sees("Max Whitlock · Telegram", "It will leave later", "… waiting: ")
    finally:
        server.start()
    window.sees("It will leave later  ✓")
    window.sees("[All 73]", " now")
