"""The main job in a real terminal, by keys only: open, triage, answer, survive, leave."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

from .conftest import OpenTerminal
from .terminal import MODES, PROMPT, Terminal, until, until_ended

IN_LIST = "⏎ open"
IN_THREAD = "Esc back"
TYPING = "⏎ send"


def folder_of(demo: Terminal) -> Path:
    """The files of the demo's account."""
    return Path(demo.environment["INBOX_TUI_HOME"], "data", "demo")


def at_list(demo: Terminal) -> None:
    """Be in the list of all chats, wherever the person was; start the demo where it does not run."""
    if demo.screen_pid is None:
        demo.run("clear; inbox-tui demo")
        demo.sees("[Now ", IN_LIST)
        to_all_chats(demo)
        return
    while "in the dialog" in demo.screen():
        demo.press("Escape")
        # Another one may be below it, and Escape is one step back in some.
        time.sleep(0.2)
    if TYPING in demo.screen():
        demo.press("Escape")
        demo.sees("NORMAL")
    if IN_THREAD in demo.screen():
        demo.press("h")
        demo.sees(IN_LIST)
    demo.press("Escape")
    # A letter right behind Escape would be taken for a key with Alt.
    demo.sees(IN_LIST, without="[Filter")
    time.sleep(0.2)
    to_all_chats(demo)


def to_all_chats(demo: Terminal) -> None:
    """From the list of any view to that of all chats."""
    demo.press("g", "a")
    demo.sees("[All ", "Jane Doe", "Max Whitlock", IN_LIST)


def only(demo: Terminal, query: str, name: str, state: str = "") -> None:
    """Filter the list by a query until the one chat of a person is left, in some state."""
    demo.press("\\")
    demo.sees("⏎ keep")
    demo.type(query)
    # Two lines a chat, below the line of counts; the second chat would begin on the fourth.
    until(lambda: _alone(demo.screen().splitlines(), name, state), demo.screen)
    demo.press("Enter")
    demo.sees(IN_LIST)


def _alone(lines: list[str], name: str, state: str) -> bool:
    return name in lines[1] and state in f"{lines[1]}\n{lines[2]}" and not lines[3][:20].strip()


def test_the_inbox_opens_at_once_and_fills(demo: Terminal) -> None:
    demo.run("inbox-tui demo")
    demo.sees("NORMAL", IN_LIST)
    # What needs the agent, the most urgent first: failed sends, then windows about to close.
    demo.sees("[Now ", "Unread ", "4 failed", " now", "Owen Quill", "Jordan Ashdown")
    to_all_chats(demo)
    demo.sees("[All 73]", "Mona Lisa")
    for pid in (demo.screen_pid, demo.engine_pid, demo.sandbox_pid):
        assert pid is not None


def test_chats_of_three_platforms_are_triaged_and_one_is_answered(demo: Terminal) -> None:
    at_list(demo)
    only(demo, "from:mona", "Mona Lisa Hartmann")
    demo.press("e")
    demo.sees("Mona Lisa Hartmann", " done")

    demo.press("Escape")
    demo.sees("Jane Doe", "Max Whitlock", IN_LIST)
    only(demo, "from:priya", "Priya Tran")
    row = next(line for line in demo.screen().splitlines() if "Priya Tran" in line)
    assert row.startswith("▌"), "the bar of an unread chat"
    demo.press("Enter")
    demo.sees("Priya Tran · Instagram", IN_THREAD)
    # A second before the eyes of the person, and the chat is seen; it still waits for an answer.
    demo.sees(" ig▸Priya Tran", "↩")

    demo.press("h")
    demo.sees(IN_LIST)
    demo.press("Escape")
    demo.sees("Jane Doe", "Max Whitlock", IN_LIST)
    only(demo, "platform:tg from:max", "Max Whitlock")
    demo.press("r")
    demo.sees("Max Whitlock · Telegram", TYPING)
    demo.type("One size up, e.g. M. Jj?")
    demo.sees("One size up, e.g. M. Jj?")
    demo.press("Enter")
    demo.sees("leaves in")
    demo.sees("One size up, e.g. M. Jj?  … sending")
    demo.sees("One size up, e.g. M. Jj?  ✓")


def test_a_killed_engine_comes_back_and_works_on(demo: Terminal) -> None:
    at_list(demo)
    first = until(lambda: demo.engine_pid, demo.screen)
    os.kill(first, signal.SIGKILL)
    killed_at = time.time()
    until_ended(first)
    until(lambda: demo.engine_pid, demo.screen)
    looks = folder_of(demo) / "looks"
    until(
        lambda: all(look.stat().st_mtime > killed_at for look in looks.iterdir()),
        lambda: "a profile was not looked at again",
    )
    demo.sees(" now")
    demo.press("j")
    demo.sees(IN_LIST)


def test_a_killed_screen_loses_no_typed_word_and_leaves_no_process(demo: Terminal) -> None:
    at_list(demo)
    only(demo, "platform:ig from:naomi", "Naomi Sato-Reed")
    demo.press("r")
    demo.sees("Naomi Sato-Reed · Instagram", TYPING)
    demo.type("Your parcel is in ")

    def saved() -> str:
        with contextlib.closing(sqlite3.connect(folder_of(demo) / "local.db")) as connection:
            row = connection.execute("SELECT text FROM drafts").fetchone()
        return "" if row is None else str(row[0])

    until(lambda: saved() == "Your parcel is in ", saved)
    screen, engine, sandbox = demo.screen_pid, demo.engine_pid, demo.sandbox_pid
    assert screen is not None
    assert engine is not None
    assert sandbox is not None
    demo.type("Le")
    os.kill(screen, signal.SIGKILL)
    until_ended(screen, engine, sandbox)

    demo.run("clear; inbox-tui demo")
    demo.sees("[Now ", IN_LIST)
    only(demo, "platform:ig from:naomi", "Naomi Sato-Reed", "✎ draft")
    demo.press("r")
    demo.sees("Your parcel is in ", TYPING)
    demo.type("eds.")
    demo.sees("eds.")


def test_a_killed_server_of_the_demo_comes_back_and_both_terminals_work_on(
    demo: Terminal, terminal: OpenTerminal
) -> None:
    at_list(demo)
    second = terminal(demo.environment)
    second.run("inbox-tui demo")
    second.sees("[Now ", IN_LIST)
    killed = until(lambda: demo.sandbox_pid, demo.screen)
    os.kill(killed, signal.SIGKILL)
    until_ended(killed)
    killed_at = time.time()
    until(lambda: demo.sandbox_pid or second.sandbox_pid, demo.screen)
    looks = [look for look in (folder_of(demo) / "looks").iterdir() if not look.suffix]
    until(
        lambda: all(look.stat().st_mtime > killed_at for look in looks),
        lambda: "a profile was not looked at again",
    )
    for window in (demo, second):
        window.sees(" now", IN_LIST, without="cannot be reached")
    only(second, "from:andrii", "Андрій Бондар")
    second.press("r")
    second.sees("Андрій Бондар · Telegram", TYPING)
    second.type("Ми знову тут")
    second.press("Enter")
    second.sees("Ми знову тут  ✓")


def test_after_quitting_the_shell_is_as_it_was(demo: Terminal) -> None:
    at_list(demo)
    pids = [pid for pid in (demo.screen_pid, demo.engine_pid, demo.sandbox_pid) if pid is not None]
    assert len(pids) == 3
    demo.press("C-q")
    demo.sees(PROMPT, without="NORMAL")
    until_ended(*pids)
    demo.run("clear")
    demo.run("echo it $((6 * 7)) works; stty -a | grep -o ' icanon\\| echo '")
    demo.sees("it 42 works", " icanon", " echo ")
    modes = demo.modes()
    assert (modes["alternate_on"], modes["cursor_flag"], modes["wrap_flag"]) == ("0", "1", "1")
    assert [modes[name] for name in MODES if name.startswith("mouse")] == ["0", "0"]


def test_two_terminals_share_one_engine_and_both_show_what_one_sends(
    demo: Terminal, terminal: OpenTerminal
) -> None:
    at_list(demo)
    engine = until(lambda: demo.engine_pid, demo.screen)
    second = terminal(demo.environment)
    second.run("inbox-tui demo")
    second.sees("[Now ", IN_LIST)
    for window in (demo, second):
        only(window, "from:andrii", "Андрій Бондар")
        window.press("Enter")
        window.sees("Андрій Бондар · Telegram", IN_THREAD)
    demo.press("r")
    demo.sees(TYPING)
    demo.type("Вже в дорозі")
    demo.press("Enter")
    second.sees("Вже в дорозі", "leaves in")
    for window in (demo, second):
        window.sees("Вже в дорозі  ✓")
    assert demo.engine_pid == engine
    assert second.screen_pid is not None
    assert second.engine_pid is None
    assert second.sandbox_pid is None
