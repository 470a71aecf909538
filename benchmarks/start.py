"""How soon the inbox is there: `make bench-start`, or `python -m benchmarks.start --short`.

Each start is a real program in a terminal of its own, timed from its exec until a name from the database has
been written there, not until any byte or a splash has. The smallest Textual application and the inbox take
turns, in a small account and in a large one; what counts is the median of the rounds' ratios. The first round
warms bytecode and the disk cache up and is thrown away.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import inbox_tui
from benchmarks.bare import CONTENT
from benchmarks.filling import fill
from benchmarks.sides import settings
from benchmarks.table import at_most, report
from benchmarks.terminal import Terminal

NOBODY = "http://127.0.0.1:1"


def seconds_to(content: str, command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds from the start of a program in a terminal until it has written something there."""
    with Terminal(command, environment) as terminal:
        return terminal.seconds_to(content)


def main() -> int:
    """Measure, print the table, and tell by the exit code whether every bound was kept."""
    parser = argparse.ArgumentParser(description="Measure the start of the inbox against its budgets.")
    parser.add_argument("--short", action="store_true", help="a tenth of the size, in about a minute")
    short = parser.parse_args().short
    chats, messages, rounds = (10_000, 3, 13) if short else (100_000, 10, 25)
    compileall.compile_dir(str(Path(inbox_tui.__file__).parent), quiet=2)
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        root = Path(folder)
        sides: dict[str, tuple[str, list[str], dict[str, str]]] = {
            "bare": (CONTENT, [sys.executable, "-m", "benchmarks.bare"], {})
        }
        for name, count in (("small", 100), ("large", chats)):
            (root / name).mkdir()
            made = settings(NOBODY, root / name)
            newest = fill(made.folder, chats=count, messages=messages)
            environment = {"INBOX_TUI_HOME": str(root / name), "INBOX_TUI_API_URL": NOBODY}
            sides[name] = (newest, [sys.executable, "-m", "inbox_tui"], environment)
        took: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                took[name].append(seconds_to(*side))
    kept = {name: times[1:] for name, times in took.items()}
    for name, times in kept.items():
        print(f"{name:6} median {median(times) * 1000:5.0f} ms, least {min(times) * 1000:5.0f} ms")
    print()
    over_bare = median(a / b for a, b in zip(kept["large"], kept["bare"], strict=True))
    over_small = median(a / b for a, b in zip(kept["large"], kept["small"], strict=True))
    what = f"exec to chat rows, {chats:,} chats / {chats * messages:,} messages"
    return report(
        [
            at_most(f"{what}: over a bare Textual application", 1.25, over_bare),
            at_most(f"{what}: over 100 chats", 1.05, over_small),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
