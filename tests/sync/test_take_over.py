"""Many terminals on one account: one engine at a time, and another one soon when it dies.

The terminals are real processes with the real screen, and so are their engines.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from inbox_tui.config import Settings
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import drafts, outbox
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine, loop
from inbox_tui.ui import pulse
from tests.sync.real import PATIENCE, count, reader, wait_for

Start = Callable[..., RunningSandbox]
Home = Callable[[RunningSandbox], Settings]


@dataclass
class Terminal:
    """A screen in a process of its own."""

    process: subprocess.Popen[str]
    told: queue.SimpleQueue[dict[str, object]] = field(default_factory=queue.SimpleQueue)
    engines: list[int] = field(default_factory=list)
    """Process numbers of the engines that it has started."""

    def __post_init__(self) -> None:
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        """Take in what the screen tells, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            facts = json.loads(line)
            if "engine" in facts:
                self.engines.append(facts["engine"])
            self.told.put(facts)

    def tells(self, wanted: Callable[[dict[str, object]], object]) -> dict[str, object]:
        """Wait until the screen tells something."""
        deadline = time.monotonic() + PATIENCE
        while True:
            facts = self.told.get(timeout=max(0.0, deadline - time.monotonic()))
            if wanted(facts):
                return facts

    def send(self, chat: tuple[str, str], text: str) -> int:
        """Send a text; its number in the outbox, in which it is then."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([*chat, text]) + "\n")
        self.process.stdin.flush()
        return int(str(self.tells(lambda facts: facts.get("queued") == text)["number"]))

    def kill(self) -> None:
        """End it as a crash or a power cut does: the screen gets no chance to do anything."""
        self.process.kill()
        self.process.wait()
        self.listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


@pytest.fixture
def terminal(tmp_path: object) -> Iterator[Callable[[Settings], Terminal]]:
    """Open a terminal on an account; it does not outlive the test, nor does its engine."""
    opened: list[Terminal] = []

    def start(settings: Settings) -> Terminal:
        environment = {
            "INBOX_TUI_HOME": str(tmp_path),
            "INBOX_TUI_API_URL": settings.api_url,
            "TERM": "xterm",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.headless"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | environment,
        )
        one = Terminal(process)
        opened.append(one)
        one.tells(lambda facts: "screen" in facts)
        return one

    yield start
    for one in opened:
        one.kill()
    # Its engine sees its standard input close.
    for pid in [pid for one in opened for pid in one.engines]:
        wait_for(lambda pid=pid: not lives(pid))


def lives(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet buried does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def leader(*terminals: Terminal) -> int:
    """The engine that runs; there is never more than one for long."""
    running: list[int] = []

    def one() -> bool:
        running[:] = [pid for terminal in terminals for pid in terminal.engines if lives(pid)]
        return len(running) == 1

    wait_for(one)
    return running[0]


def led(settings: Settings) -> bool:
    """Whether an engine has the account; who only asks has the lock for less time than lies between looks."""
    for _ in range(3):
        if not engine.running(settings.folder):
            return False
        time.sleep(0.01)
    return True


def seconds_until(condition: Callable[[], object]) -> float:
    """How long something takes to come."""
    started = time.monotonic()
    wait_for(condition)
    return time.monotonic() - started


def said_by_somebody(box: RunningSandbox, settings: Settings, words: str) -> None:
    """A customer writes, and an engine brings it."""
    box.life.receive(1, words)
    wait_for(lambda: count(settings, f"messages WHERE body = '{words}'"))


def test_the_times_between_two_looks_leave_room_for_three_seconds_and_for_half_a_second() -> None:
    # A dead engine is missed after this at most; a Python with the engine's modules starts within a second.
    assert pulse.TEND_SECONDS <= 0.5
    # A change is written, and noticed by whoever looks next.
    assert max(pulse.POLL_SECONDS, loop.POLL_SECONDS) <= 0.1


def test_when_the_engine_is_killed_another_one_has_the_account_soon_and_goes_on(
    start_sandbox: Start,
    home: Home,
    terminal: Callable[[Settings], Terminal],
    capsys: pytest.CaptureFixture[str],
) -> None:
    box = start_sandbox(chats=6, messages=30)
    settings = home(box)
    both = [terminal(settings), terminal(settings)]
    wait_for(lambda: count(settings, "chats"))
    times = []
    for turn in range(3):
        os.kill(leader(*both), signal.SIGKILL)
        times.append(seconds_until(lambda: led(settings)))
        said_by_somebody(box, settings, f"After kill {turn}")
    with capsys.disabled():
        print("\ntake-over after kill -9 of the engine:", ", ".join(f"{each:.1f} s" for each in times))


def test_when_a_whole_terminal_is_killed_its_engine_ends_and_the_other_terminal_takes_over(
    start_sandbox: Start,
    home: Home,
    terminal: Callable[[Settings], Terminal],
    capsys: pytest.CaptureFixture[str],
) -> None:
    box = start_sandbox(chats=6, messages=30)
    settings = home(box)
    both = [terminal(settings), terminal(settings)]
    wait_for(lambda: count(settings, "chats"))
    first = leader(*both)
    dies, lives_on = both if first in both[0].engines else both[::-1]
    dies.kill()
    ended = seconds_until(lambda: not lives(first))
    taken = seconds_until(lambda: led(settings))
    assert leader(*both) in lives_on.engines
    said_by_somebody(box, settings, "After the kill")
    with capsys.disabled():
        print(
            f"\nafter kill -9 of a terminal its engine ends in {ended:.1f} s, "
            f"and another takes over {taken:.1f} s later"
        )


def test_what_one_process_writes_every_terminal_sees(
    start_sandbox: Start, home: Home, terminal: Callable[[Settings], Terminal]
) -> None:
    box = start_sandbox(chats=6, messages=30)
    settings = home(box)
    both = [terminal(settings), terminal(settings)]
    wait_for(lambda: count(settings, "chats WHERE NOT estimated") == 6)
    with reader(settings) as connection:
        (chat_id,) = connection.execute("SELECT id FROM chats LIMIT 1").fetchone()
    with Writer(settings.folder) as writer:
        drafts.save(writer, chat_id, "typed in a third one", 0)
    box.life.receive(1, "said by a customer")
    for words in ("typed in a third one", "said by a customer"):
        for each in both:
            each.tells(lambda facts, words=words: words in facts.get("sees", ()))


def test_two_terminals_that_send_at_once_keep_their_order_and_double_nothing(
    start_sandbox: Start, home: Home, terminal: Callable[[Settings], Terminal]
) -> None:
    box = start_sandbox()
    settings = home(box)
    both = [terminal(settings), terminal(settings)]
    wait_for(lambda: count(settings, "chats WHERE platform = 'telegram' AND NOT estimated") >= 3)
    with reader(settings) as connection:
        shared, *own = connection.execute(
            "SELECT id, profile_id FROM chats WHERE platform = 'telegram' AND last_inbound_at IS NOT NULL "
            "ORDER BY sort_at DESC LIMIT 3"
        ).fetchall()
    texts = [[f"{name} says {number}" for number in range(4)] for name in ("one", "two")]
    written: dict[int, tuple[str, str]] = {}

    def send(each: Terminal, mine: list[str], other: tuple[str, str]) -> None:
        for text in mine:
            written[each.send(shared, text)] = (shared[0], text)
            written[each.send(other, f"aside, {text}")] = (other[0], f"aside, {text}")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(send, both, texts, own))
    with Writer(settings.folder) as writer:
        wait_for(lambda: not outbox.open_items(writer))
    in_order = [written[number] for number in sorted(written)]
    for chat_id, count_of in ((shared[0], 8), *((other, 4) for other, _ in own)):
        arrived = sent(box, chat_id)
        assert arrived == [text for place, text in in_order if place == chat_id]
        assert len(set(arrived)) == count_of
    for mine in texts:
        assert [text for text in sent(box, shared[0]) if text in mine] == mine


def sent(box: RunningSandbox, chat_id: str) -> list[str]:
    """What the server was sent for a chat by these tests, in the order in which it came."""
    with box.world.read() as database:
        rows = database.all(
            "select body from messages where chat = ? and direction = 'outbound' and body like '% says %' "
            "order by no",
            box.world.chat(chat_id)["no"],
        )
    return [row["body"] for row in rows]


def test_two_commands_that_send_at_once_without_an_engine_both_arrive_once(
    start_sandbox: Start, home: Home, tmp_path: object
) -> None:
    box = start_sandbox(chats=6, messages=30)
    settings = home(box)
    assert engine.run(settings, once=True).exit_code == 0
    with reader(settings) as connection:
        (chat_id,) = connection.execute(
            "SELECT id FROM chats WHERE platform IN ('telegram', 'bluesky') LIMIT 1"
        ).fetchone()
    texts = [f"command {number} says hello" for number in range(2)]
    environment = {"INBOX_TUI_HOME": str(tmp_path), "INBOX_TUI_API_URL": box.url}
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "inbox_tui", "send", chat_id, text, "--wait"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
        )
        for text in texts
    ]
    said = [command.communicate(timeout=PATIENCE)[0] for command in commands]
    assert [command.returncode for command in commands] == [0, 0], said
    assert sorted(sent(box, chat_id)) == texts
