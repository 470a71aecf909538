"""A morning at the desk: every customer who waits is worked off by keys, then all of it is undone.

`make session` does it in a real terminal with 200 customers, and prints the keystrokes and the seconds.
Only the replies that have left stay; everything else has to be as it was.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from .conftest import Server, sync_once
from .terminal import Terminal, opened, until

THANKS, REFUND, QUESTION, OTHER = (
    "Thanks, that settles it for me!",
    "Refund for order #A-1042 please",
    "Do you have it in petrol blue?",
    "When will it arrive at my door?",
)
TENTHS = (THANKS, THANKS, REFUND, REFUND, QUESTION, OTHER, OTHER, OTHER, OTHER, OTHER)
"""What each tenth of the customers has written last."""
REPLY = "Yes, in all sizes."
FACTS = (
    "unread, unanswered, needs_reply_since, waiting, done, failed, snoozed_until, rank, "
    "(SELECT group_concat(label) FROM local.labels l WHERE l.chat_id = c.id)"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the session came to."""

    customers: int
    replies: int
    keystrokes: int
    seconds: float
    undo_keystrokes: int
    undo_seconds: float
    as_before: int
    """Chats whose facts are those of the start, after everything was undone."""

    def __str__(self) -> str:
        return (
            f"{self.customers} customers worked off with {self.keystrokes} keystrokes "
            f"in {self.seconds:.0f} s, {self.replies} of them with a reply\n"
            f"undone with {self.undo_keystrokes} keystrokes in {self.undo_seconds:.0f} s: "
            f"{self.as_before} chats are as they were, {self.replies} replies have left and stay"
        )


class Agent:
    """Hands on the keyboard, counted, and eyes on the screen."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.keystrokes = 0

    def type(self, text: str) -> None:
        """Type a text, or keys that are letters."""
        self._terminal.type(text)
        self.keystrokes += len(text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self._terminal.press(*keys)
        self.keystrokes += len(keys)

    def sees(self, *words: str) -> None:
        """Wait until words stand on the screen."""
        self._terminal.sees(*words)

    def sees_now(self, count: int) -> None:
        """Wait until so many chats stand in Now, whichever view is shown."""
        until(lambda: in_now(self._terminal) == count, self._terminal.screen)

    def filters(self, query: str, count: int) -> None:
        """Have the list show what a query finds: so many chats."""
        self.type("\\")
        self.sees("TYPING")
        self.type(query)
        self.sees(f"[Filter {count}]")
        self.press("Enter")
        self.sees("NORMAL")

    def shows_all(self) -> None:
        """Take the filter off; an Escape with a letter right behind it would be Alt and that letter."""
        self.press("Escape")
        until(lambda: "[Filter" not in self._terminal.screen(), self._terminal.screen)


def in_now(terminal: Terminal) -> int | None:
    """How many chats the status line counts in Now."""
    found = re.search(r"Now ([\d,]+)", terminal.screen())
    return int(found[1].replace(",", "")) if found else None


def ask(server: Server, customers: int) -> list[str]:
    """Have every customer of the server write; returns their chats."""
    with httpx.Client(base_url=f"{server.url}/api", headers={"Authorization": f"Bearer {server.key}"}) as api:
        chats: list[str] = []
        for profile in api.get("/profiles").json()["data"]:
            for page in range(customers // 100 + 1):
                answer = api.get(f"/profiles/{profile['id']}/chats", params={"per_page": 100, "page": page})
                chats += [chat["id"] for chat in answer.raise_for_status().json()["data"]]
    assert len(chats) == customers, len(chats)
    for number, chat in enumerate(chats):
        server.control("messages", chat=chat, body=TENTHS[number % len(TENTHS)])
    return chats


def facts(folder: Path) -> dict[str, Sequence[object]]:
    """What is true of every chat."""
    with closing(sqlite3.connect(folder / "cache.db")) as cache:
        cache.execute("ATTACH ? AS local", (str(folder / "local.db"),))
        return {row[0]: row[1:] for row in cache.execute(f"SELECT id, {FACTS} FROM chats c")}


def replied(folder: Path) -> set[str]:
    """The chats that a reply has left to."""
    with closing(sqlite3.connect(folder / "local.db")) as local:
        return {
            str(row[0])
            for row in local.execute("SELECT chat_id FROM outbox WHERE state IN ('accepted', 'settled')")
        }


def work_off(agent: Agent, customers: int) -> int:
    """Leave nobody in Now; returns how many replies were written."""
    tenth = customers // 10
    left = customers
    agent.sees_now(left)

    # Who says thank you needs no answer: all of them at once.
    agent.filters('"that settles it" is:needs-reply', 2 * tenth)
    agent.type("X")
    agent.sees(f"{2 * tenth} selected")
    agent.type("#")
    left -= 2 * tenth
    agent.sees_now(left)
    agent.shows_all()

    # Refunds get a label and wait for the bookkeeping.
    agent.filters('"refund for order" is:needs-reply', 2 * tenth)
    agent.type("X")
    agent.sees(f"{2 * tenth} selected")
    agent.type("trefund")
    agent.press("Enter", "Escape")
    agent.sees(f"Labels +refund: {2 * tenth} chats")
    agent.type("stomorrow 9")
    agent.press("Enter")
    left -= 2 * tenth
    agent.sees_now(left)
    agent.shows_all()

    # Questions are answered one by one, from chat to chat.
    agent.filters('"petrol blue"', tenth)
    agent.press("Enter")
    agent.sees("Esc back")
    for number in range(tenth):
        agent.type(f"r{REPLY}")
        agent.press("C-g")
        left -= 1
        agent.sees_now(left)
        if number < tenth - 1:
            agent.type("J")
    agent.type("h")
    agent.sees("⏎ open")
    agent.shows_all()

    # Of the rest two fifths go by ranges, a tenth is put off, and what is left goes one by one.
    for _ in range(2):
        agent.type(f"ggV{tenth - 1}je" if tenth > 1 else "gge")
        left -= tenth
        agent.sees_now(left)
    agent.type("gg" + "x" * (tenth // 2 or 1))
    agent.sees("selected")
    agent.type("s3h")
    agent.press("Enter")
    left -= tenth // 2 or 1
    agent.sees_now(left)
    agent.type("gg" + "e" * left)
    agent.sees("Nothing needs you now")
    return tenth


def undo(agent: Agent, customers: int, replies: int) -> None:
    """Take every step back, the newest first."""
    tenth = customers // 10
    single = 5 * tenth - 2 * tenth - (tenth // 2 or 1)
    steps = 1 + 2 + 2 + 1 + single
    agent.type("z" * steps)
    agent.sees_now(customers - replies)
    agent.type("z")
    agent.sees("Nothing can be taken back any more")


@contextmanager
def desk(customers: int, folder: Path) -> Iterator[tuple[Terminal, Path]]:
    """An inbox in a terminal, with customers who all wait for a reply; and the folder of its files."""
    world = ("--chats", str(customers), "--messages", str(customers * 6))
    server = Server(folder, *world, "--no-answers", "--initiative", "0", "--control")
    try:
        environment = server.environment(folder / "home")
        ask(server, customers)
        sync_once(environment)
        with opened(environment, width=120, height=30) as terminal:
            terminal.run("clear; inbox-tui")
            until(lambda: in_now(terminal) == customers and "NORMAL" in terminal.screen(), terminal.screen)
            (files,) = (folder / "home" / "data").glob("*/cache.db")
            yield terminal, files.parent
    finally:
        server.stop()


def session(customers: int, folder: Path) -> Figures:
    """Work off everybody, undo it, and compare; `customers`: a multiple of ten."""
    with desk(customers, folder) as (terminal, files):
        before = facts(files)
        agent = Agent(terminal)
        began = time.monotonic()
        replies = work_off(agent, customers)
        seconds, keystrokes = time.monotonic() - began, agent.keystrokes
        until(lambda: len(replied(files)) == replies, terminal.screen)
        began = time.monotonic()
        undo(agent, customers, replies)
        undo_seconds = time.monotonic() - began
        gone = replied(files)

        def different() -> dict[str, tuple[object, object]]:
            after = facts(files)
            chats = [name for name in before if name not in gone and before[name] != after[name]]
            return {name: (before[name], after[name]) for name in chats}

        until(lambda: not different(), lambda: str(different()))
        return Figures(
            customers,
            replies,
            keystrokes,
            seconds,
            agent.keystrokes - keystrokes,
            undo_seconds,
            len(before) - len(gone),
        )


def main(customers: int) -> None:
    """Print the figures of a session."""
    with tempfile.TemporaryDirectory() as folder:
        print(session(customers, Path(folder)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
