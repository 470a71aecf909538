"""What only some platforms can do, in a real terminal by keys only, on a wide screen and on a small one."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from .conftest import Server
from .terminal import Terminal, opened, until
from .test_demo import IN_THREAD, TYPING, at_list, only

OURS = "Shall the driver ring the bell?"
A_COMMENT = r"somebody \(…[0-9]{4}\) · [0-9]+[mhdw] · "
"""A line of the list of comments: whose it is, as far as that is known, and its age."""
WAY_TO_A_COMMENT = 12
"""Comments that may stand before one that can be answered."""


@pytest.fixture(scope="module", params=[(140, 40), (80, 24)], ids=["140x40", "80x24"])
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Terminal, Server]]:
    """A world in which people only answer, and the inbox on it."""
    width, height = request.param
    server = Server(tmp_path_factory.mktemp("server"), "--initiative", "0", "--control")
    home = tmp_path_factory.mktemp("home")
    try:
        with opened(server.environment(home), width=width, height=height) as terminal:
            terminal.run("inbox-tui")
            terminal.sees("[Now 63]", "NORMAL")
            yield terminal, server
    finally:
        server.stop()


def chat_of(terminal: Terminal, name: str) -> str:
    """The API's id of the chat with a person."""
    (cache,) = Path(terminal.environment["INBOX_TUI_HOME"]).glob("data/*/cache.db")
    with contextlib.closing(sqlite3.connect(cache)) as connection:
        found = connection.execute("SELECT id FROM chats WHERE participant_name = ?", (name,)).fetchone()
    return str(found[0])


def go_to(terminal: Terminal, query: str, name: str) -> None:
    """Open a chat by the filter of the list."""
    at_list(terminal)
    only(terminal, query, name)
    terminal.press("Enter")
    terminal.sees(name, IN_THREAD)
    terminal.press("G")


def test_telegram_buttons_from_building_to_removing(desk: tuple[Terminal, Server]) -> None:
    """The whole life of a button: build, send, read the tap, reword, remove, copy."""
    demo = desk[0]
    at_list(demo)
    demo.press("\\")
    demo.type("from:max")
    demo.sees("Max Whitlock", without="Priya Tran")
    demo.press("Enter")
    demo.sees("⏎ open")
    demo.press("Enter")
    demo.sees("Max Whitlock · Telegram", "Esc back")

    demo.press("r")
    demo.type(OURS)
    demo.press("C-n")
    demo.sees("Buttons for Max Whitlock")
    demo.type("Leave it in the shed = ")
    demo.sees("✗ row 1, button 1: Write its data behind =")
    demo.type("shed")
    demo.sees("✓ 1 row, 1 button", "sends shed (4 of 64 bytes)")
    demo.press("C-s")
    demo.sees("⌨ 1 row, 1 button: Leave it in the shed", OURS)
    demo.press("Enter")
    demo.press("Escape")
    demo.sees("tapped ▸ Leave it in the shed")

    # In the list, the key is about the newest own message, and goes to it.
    demo.press("Escape")
    demo.sees("⏎ open")
    demo.press("E")
    demo.sees("Edit a message to Max Whitlock", "No change yet")
    demo.type(" He comes at noon.")
    demo.sees("+ Shall the driver ring the bell? He comes at noon.", f"{len(OURS) + 18} of 4096 characters")
    demo.press("Enter")
    demo.sees("noon.", "edited")

    demo.press("B")
    demo.sees("Buttons under a message to Max Whitlock", "✓ 1 row, 1 button")
    demo.press("C-n")
    demo.sees("Ctrl+N again takes the buttons off")
    demo.press("C-n")
    demo.sees("tapped ▸ Leave it in the shed", "edited", without="  Leave it in the shed  ")

    before = demo.clipboard()
    demo.press("y")
    demo.sees("Copied: Shall the driver ring")
    until(lambda: demo.clipboard() != before, demo.clipboard)


def test_facebook_a_reaction_is_set_replaced_and_taken_off(desk: tuple[Terminal, Server]) -> None:
    terminal, _ = desk
    go_to(terminal, "platform:fb from:mona", "Mona Lisa Hartmann")
    terminal.press("+")
    terminal.sees("React on Facebook", "❤️", "love")
    terminal.press("1")
    # tmux gives the heart one cell, and the program leaves room for two.
    terminal.sees("❤️  you", without="… ❤️")
    terminal.press("+")
    terminal.sees("React on Facebook", "← now")
    terminal.press("2")
    terminal.sees("👍 you", without="… 👍 you")
    assert "❤️" not in terminal.screen()
    terminal.press("-")
    until(lambda: not ({"👍", "taking"} & set(terminal.screen().split())), terminal.screen)


def test_instagram_a_picture_is_sent_and_drawn(desk: tuple[Terminal, Server], tmp_path: Path) -> None:
    terminal, _ = desk
    picture = tmp_path / "parcel.png"
    Image.linear_gradient("L").resize((320, 200)).convert("RGB").save(picture)
    go_to(terminal, "platform:ig from:priya", "Priya Tran")
    terminal.press("r")
    terminal.sees(TYPING)
    terminal.press("C-f")
    terminal.sees("Attach a file", "Instagram takes")
    terminal.press("C-u")
    terminal.type(str(picture))
    terminal.press("Enter")
    terminal.sees("📎 parcel.png", without="Attach a file")
    terminal.type("Here it is, just packed.")
    terminal.press("Enter")
    terminal.sees("[file] parcel.png", "leaves in", "Here it is, just packed.")
    terminal.press("Escape", "G")
    terminal.sees("Here it is, just packed.", "✓", "▀▀▀", without="[file] parcel.png")


def test_bluesky_a_chat_is_archived_and_brought_back(desk: tuple[Terminal, Server]) -> None:
    terminal, _ = desk
    go_to(terminal, "platform:bs from:marsh", "Jane Marsh")
    terminal.press("M")
    terminal.sees("· archived ·")
    terminal.press("M")
    until(lambda: "· archived ·" not in terminal.screen(), terminal.screen)


def test_what_a_platform_cannot_do_says_so_at_its_key(desk: tuple[Terminal, Server]) -> None:
    terminal, _ = desk
    go_to(terminal, "platform:tg from:max", "Max Whitlock")
    for key, words in (("+", "Telegram has no reactions"), ("M", "chats cannot be archived;")):
        terminal.press(key)
        terminal.sees(words)
    terminal.sees("Max Whitlock", without=words)


def test_a_comment_is_answered_privately_and_the_chat_opens(desk: tuple[Terminal, Server]) -> None:
    terminal, _ = desk
    at_list(terminal)
    terminal.press("C")
    terminal.sees("Comments", without="fetching the")
    terminal.press("Enter")
    # A key that comes before the comments do is about none of them.
    until(lambda: re.search(A_COMMENT, terminal.screen()), terminal.screen)
    for _ in range(WAY_TO_A_COMMENT):
        terminal.press("Enter")
        # What cannot be answered any more says why; the next one then.
        shown = until(
            lambda: next(
                (word for word in ("Private reply to", "Meta allows") if word in terminal.screen()), ""
            ),
            terminal.screen,
        )
        if shown == "Private reply to":
            break
        terminal.press("j")
    terminal.type("Yes, in all sizes. Which one do you wear?")
    terminal.press("Enter")
    terminal.sees("Enter again sends this")
    terminal.press("Enter")
    terminal.sees("┃ private reply to comment", "Yes, in all sizes.", IN_THREAD)


def test_a_window_that_closes_while_one_types_keeps_the_text(desk: tuple[Terminal, Server]) -> None:
    terminal, server = desk
    go_to(terminal, "platform:ig from:naomi", "Naomi Sato-Reed")
    terminal.press("r")
    terminal.sees(TYPING)
    terminal.type("The code works again since")
    terminal.sees("The code works again since")
    server.control("clock", advance=25 * 3600)
    # One still types there; what does not work any more is not offered.
    terminal.sees("Window probably closed", "The code works again since", "TYPING", without=TYPING)
    terminal.press("Enter")
    terminal.sees("Window probably closed", "The code works again since")
    server.control("messages", chat=chat_of(terminal, "Naomi Sato-Reed"), body="Hello? Anybody?")
    terminal.sees("Hello? Anybody?", "The code works again since", without="Window probably closed")
    terminal.type(" noon.")
    terminal.press("Enter")
    terminal.sees("The code works again since noon.", "leaves in")
