"""How soon a key is painted: `make bench-keys`, or `python -m benchmarks.keys --short`.

Real programs in terminals of their own: the inbox on a small and on a large account, and the smallest Textual
applications with a text field and with a list. They take turns within every comparison. A key is timed from
its being written until the last frame before a silence has ended, and then the next one is pressed;
beside that stands what the processor did for it, which is steadier on a busy machine.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import inbox_tui
from benchmarks import processes
from benchmarks.filling import fill
from benchmarks.sides import settings
from benchmarks.start import NOBODY
from benchmarks.table import Row, at_most, report
from benchmarks.terminal import QUIET_SECONDS, Terminal
from benchmarks.world import build
from inbox_tui.core.models import Message
from inbox_tui.store.db import Changes, Folder, now_ms, open_reader
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage, apply_messages

SMALL = 100
"""Chats of the small account, and messages of its newest chat."""
DRAFT = 4_000
LETTERS = b"it will be with you soon"
ESCAPE, ENTER, CLEAR = b"\x1b", b"\r", b"\x15"
UP, DOWN, HOME, END = b"\x1b[A", b"\x1b[B", b"\x1b[H", b"\x1b[F"
PAGE_UP, PAGE_DOWN = b"\x1b[5~", b"\x1b[6~"
REST_SECONDS = 0.4
"""What a way to somewhere is given to come to rest; an Esc is not taken for half of another key then."""
LONG_QUIET_SECONDS = 0.3
"""What is mounted, or read by a thread, is painted in several steps."""
VIEW_ROWS = 25
"""More rows than the list or a thread shows."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of keys: until each was painted, and of the processor, as a mean of those of a round."""

    painted: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """The slow ones."""
        return quantiles(self.painted, n=20)[-1]

    def __str__(self) -> str:
        middle, slow, work = (1000 * value for value in (median(self.painted), self.p95, median(self.worked)))
        return f"median {middle:5.1f} ms, p95 {slow:5.1f} ms, processor {work:5.1f} ms"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is timed. `way`: keys to get there, each given time; `keys`: those that count."""

    what: str
    way: Sequence[bytes]
    keys: Sequence[bytes]
    back: Sequence[bytes] = ()
    quiet: float = QUIET_SECONDS


Sides = Mapping[str, Terminal]
Found = Mapping[str, Times]


def go(terminal: Terminal, way: Sequence[bytes]) -> None:
    """Press keys that do not count."""
    for keys in way:
        terminal.write(keys)
        terminal.rest(REST_SECONDS)


def measure(asked: Asked, sides: Sides, rounds: int) -> Found:
    """All sides in turns; the first round is thrown away."""
    found = {name: Times() for name in sides}
    for number in range(rounds + 1):
        for name, terminal in sides.items():
            go(terminal, asked.way)
            before = terminal.processor_seconds()
            painted = [terminal.press(keys, quiet=asked.quiet) for keys in asked.keys]
            worked = (terminal.processor_seconds() - before) / len(asked.keys)
            go(terminal, asked.back)
            if number:
                found[name].painted.extend(painted)
                found[name].worked.append(worked)
    print(f"{asked.what}:")
    for name, times in found.items():
        print(f"  {name:16} {times}")
    sys.stdout.flush()
    return found


def of_medians(a: Times, b: Times) -> float:
    """How much longer a key takes in one place than in another."""
    return median(a.painted) / median(b.painted)


def of_work(a: Times, b: Times) -> float:
    """How much more the processor does for it."""
    return median(a.worked) / median(b.worked)


def bare(name: str) -> tuple[Terminal, str]:
    """One of Textual's widgets, and what is written when it is there: a first frame."""
    return Terminal([sys.executable, "-m", "benchmarks.bare_widgets", name], {}), "\x1b[?2026l"


def inbox(home: Path, url: str = NOBODY) -> tuple[Terminal, str]:
    """The inbox."""
    environment = {"INBOX_TUI_HOME": str(home), "INBOX_TUI_API_URL": url}
    return Terminal([sys.executable, "-m", "inbox_tui"], environment), "[Now"


@contextmanager
def opened(made: Mapping[str, tuple[Terminal, str]]) -> Iterator[Sides]:
    """Terminals that have started; the second of each is what they show then."""
    with ExitStack() as stack:
        for terminal, _ in made.values():
            stack.enter_context(terminal)
        for terminal, content in made.values():
            terminal.seconds_to(content)
            terminal.rest(1.0)
        yield {name: terminal for name, (terminal, _) in made.items()}


def typing(home: Path, rounds: int) -> list[Row]:
    """A letter in the composer, with and without a long draft."""
    draft = ("the scarf will be with you soon " * DRAFT)[: DRAFT - 1].encode()
    letters = [LETTERS[place : place + 1] for place in range(len(LETTERS))]
    made = {
        "bare": bare("text"),
        "bare, long": bare("text"),
        "inbox": inbox(home / "composer"),
        "inbox, long": inbox(home / "long composer"),
    }
    with opened(made) as sides:
        for name, terminal in sides.items():
            go(terminal, [b"ga", HOME, b"r"] if "inbox" in name else [])
            if "long" in name:
                go(terminal, [b"\x1b[200~" + draft + b"\x1b[201~"])
                terminal.rest(1.0)
        # What was typed is taken out again: as much stands in the field in every round.
        asked = Asked("a letter in the composer", [], letters, [b"\x17" * len(LETTERS.split())])
        found = measure(asked, sides, rounds)
    short, long = found["inbox"], found["inbox, long"]
    what = f"a letter, {DRAFT:,} characters in the composer"
    return [
        at_most(f"{what}: over a bare TextArea with as many", 1.3, of_medians(long, found["bare, long"])),
        at_most(f"{what}: over an empty bare TextArea", 1.3, of_medians(long, found["bare"])),
        at_most("a letter, empty composer: over a bare TextArea", 1.3, of_medians(short, found["bare"])),
        at_most(f"{what}: over an empty composer", 1.3, of_medians(long, short)),
        at_most("   the same by the processor: over as many", 1.3, of_work(long, found["bare, long"])),
        at_most("   over an empty composer", 1.3, of_work(long, short)),
    ]


def moving(sides: Sides, folder: Folder, rounds: int, chats: int) -> list[Row]:
    """Keys in the list and in a thread, at both sizes; the large account is in `folder` and has `chats`."""
    inboxes = {name: sides[name] for name in ("small", "large")}
    down = [DOWN] * 2 * VIEW_ROWS
    found = measure(Asked("a line down in the list", [HOME], down), sides, rounds)
    small, large, theirs = found["small"], found["large"], found["option list"]
    rows = [
        at_most(f"a line in the list, p95: {chats:,} chats over {SMALL}", 1.15, large.p95 / small.p95),
        at_most(f"a line in the list, p95: {chats:,} chats over an OptionList", 0.5, large.p95 / theirs.p95),
        at_most("   the same by the processor: over 100 chats", 1.15, of_work(large, small)),
        at_most("   over an OptionList", 0.5, of_work(large, theirs)),
    ]
    to_edge = [HOME, DOWN * VIEW_ROWS]
    line = measure(Asked("a line that scrolls the list", to_edge, [DOWN] * 20), inboxes, rounds)
    page = measure(Asked("half a page in the list", [HOME], [PAGE_DOWN] * 5), inboxes, rounds)
    # On the second chat the first one is not shown yet, and Enter behind Up opens it.
    asked = Asked("open the newest chat", [HOME, DOWN], [UP + ENTER], [ESCAPE], LONG_QUIET_SECONDS)
    open_ = measure(asked, inboxes, 2 * rounds)
    what = f"open a thread of {chats:,} messages over one of {SMALL}"
    rows.append(at_most(what, 1.1, of_medians(open_["large"], open_["small"])))
    rows.append(at_most("   the same by the processor", 1.1, of_work(open_["large"], open_["small"])))
    into = [HOME, ENTER, END]
    asked = Asked("a line in a thread", [*into, UP * VIEW_ROWS], [UP] * 20, [ESCAPE])
    line_up = measure(asked, inboxes, rounds)
    page_up = measure(Asked("half a page in a thread", into, [PAGE_UP] * 5, [ESCAPE]), inboxes, rounds)
    for what, here, there, bound in (
        ("a line", line_up["large"], line["large"], 1.5),
        ("half a page", page_up["large"], page["large"], 2.5),
    ):
        rows.append(
            at_most(f"{what} in a thread of {chats:,}: over the list", bound, of_medians(here, there))
        )
        rows.append(at_most("   the same by the processor", bound, of_work(here, there)))
    arrived = appending(sides["large"], folder, rounds) / median(line["large"].worked)
    rows.append(
        at_most(f"a message comes into a thread of {chats:,}, processor: over the list", 2.5, arrived)
    )
    return rows


def appending(terminal: Terminal, folder: Folder, rounds: int) -> float:
    """Seconds of the processor for a message that comes into the open chat, above what an idle screen has."""
    with closing(open_reader(folder)) as reader:
        (chat_id,) = reader.execute("SELECT id FROM chats ORDER BY sort_at DESC LIMIT 1").fetchone()
    go(terminal, [HOME, ENTER, END])
    found = []
    with Writer(folder) as writer:
        for number in range(rounds):
            marks = [terminal.processor_seconds()]
            for written in (False, True):
                if written:
                    at = now_ms()
                    record = Message(
                        f"new-{at}-{number}", chat_id, "inbound", "received", at, body="One more."
                    )
                    apply_messages(writer, [MessagePage(chat_id, [record])])
                terminal.rest(REST_SECONDS)
                marks.append(terminal.processor_seconds())
            idle, all_ = marks[1] - marks[0], marks[2] - marks[1]
            found.append(all_ - idle)
    go(terminal, [ESCAPE])
    print(f"a message comes into the open chat: processor {median(found) * 1000:5.1f} ms")
    return median(found)


def turning(sides: Sides, rounds: int, chats: int) -> list[Row]:
    """From view to view, and the palette; the large account has `chats`."""
    rows = []
    for asked in (
        Asked("to another view", [b"ga"], [b"gi", b"ga"], quiet=LONG_QUIET_SECONDS),
        Asked("open the palette", [], [b":"], [ESCAPE], LONG_QUIET_SECONDS),
    ):
        found = measure(asked, sides, 2 * rounds)
        large, small = found["large"], found["small"]
        rows.append(at_most(f"{asked.what}: {chats:,} chats over {SMALL}", 1.2, of_medians(large, small)))
        rows.append(at_most("   the same by the processor", 1.2, of_work(large, small)))
    return rows


def syncing(root: Path, chats: int) -> list[Row]:
    """Keys in the list while a first sync runs, and when it is done: each until its first frame.

    What comes in is drawn meanwhile, ten times a second, so there may be no silence to wait for.
    """
    home = root / "syncing"
    home.mkdir()
    world = build(root / "world", chats=chats, messages=30, newest_at=now_ms() - 60_000)
    with ExitStack() as stack:
        url = stack.enter_context(processes.serving(world))
        # An account's folder goes by its server.
        folder = settings(url, home).folder
        terminal = stack.enter_context(inbox(home, url)[0])
        with closing(open_reader(folder)) as reader:

            def read() -> int:
                (count,) = reader.execute("SELECT count(*) FROM chats WHERE pulled_at IS NOT NULL").fetchone()
                return int(count)

            deadline = time.monotonic() + processes.PATIENCE
            while read() < chats // 20 and time.monotonic() < deadline:
                terminal.rest(0.05)
            if read() < chats // 20:
                raise SystemExit("the first sync has not come on")
            during = _keys_until(terminal, lambda: read() >= chats)
        with closing(Changes(folder)) as changes:
            while changes.poll():
                terminal.rest(2.0)
        keys = len(during.painted)
        idle = _keys_until(terminal, lambda: False, keys)
    print(f"a line in the list during a first sync, {keys} keys:\n  during {during}\n  idle   {idle}")
    return [at_most("a line in the list, p95: during a first sync over idle", 1.15, during.p95 / idle.p95)]


def _keys_until(terminal: Terminal, done: Callable[[], bool], most: int = 100_000) -> Times:
    """Walk through the list until something is true, or so many keys were pressed."""
    times = Times()
    go(terminal, [b"ga", HOME])
    while len(times.painted) < most and not done():
        for key in [DOWN] * VIEW_ROWS + [UP] * VIEW_ROWS:
            before = terminal.processor_seconds()
            times.painted.append(terminal.press(key, first=True))
            times.worked.append(terminal.processor_seconds() - before)
    return times


def main() -> int:
    """Measure, print the table, and tell by the exit code whether every bound was kept."""
    parser = argparse.ArgumentParser(description="Measure keys against their budgets.")
    parser.add_argument("--short", action="store_true", help="a tenth of the size, in about two minutes")
    parser.add_argument("--only", choices=["typing", "moving", "turning", "syncing"], help="one part of it")
    options = parser.parse_args()
    short = options.short
    rounds, large, synced = (5, 10_000, 1_000) if short else (12, 100_000, 4_000)
    compileall.compile_dir(str(Path(inbox_tui.__file__).parent), quiet=2)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-keys-") as folder:
        root = Path(folder)

        def account(name: str, chats: int) -> Folder:
            (root / name).mkdir()
            made = settings(NOBODY, root / name).folder
            fill(made, chats=chats, messages=2, newest=chats)
            return made

        if options.only in (None, "typing"):
            account("composer", SMALL)
            account("long composer", SMALL)
            rows += typing(root, rounds)
        if options.only in (None, "moving", "turning"):
            account("small", SMALL)
            long = account("large", large)
            made = {
                "option list": bare("list"),
                "small": inbox(root / "small"),
                "large": inbox(root / "large"),
            }
            with opened(made) as sides:
                inboxes = {name: sides[name] for name in ("small", "large")}
                for terminal in inboxes.values():
                    go(terminal, [b"ga"])
                if options.only != "turning":
                    rows += moving(sides, long, rounds, large)
                if options.only != "moving":
                    rows += turning(inboxes, rounds, large)
        if options.only in (None, "syncing"):
            rows += syncing(root, synced)
    print()
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
