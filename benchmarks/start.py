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
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import inbox_tui
from benchmarks.bare import CONTENT
from benchmarks.filling import fill
from benchmarks.sides import settings
from benchmarks.table import at_most, report
from benchmarks.terminal import Terminal
from inbox_tui.store.db import Folder, now_ms, open_reader
from inbox_tui.store.views import View, ViewSource

NOBODY = "http://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of a start until the content was written, and of the processor until then."""

    content: float
    processor: float


def start(content: str, command: Sequence[str], environment: Mapping[str, str]) -> Took:
    """Start a program in a terminal, and end it there: its engine would take the next one's time."""
    with Terminal(command, environment) as terminal:
        return Took(terminal.seconds_to(content), terminal.processor_seconds())


def name_in_list(folder: Folder) -> str:
    """What the fifth chat of the list is called now: the clock may take the first away before it is drawn."""
    with closing(open_reader(folder)) as reader:
        *_, row = ViewSource(reader, View.NOW, now_ms()).after(None, 5)
    return row.chat.title


def main() -> int:
    """Measure, print the table, and tell by the exit code whether every bound was kept."""
    parser = argparse.ArgumentParser(description="Measure the start of the inbox against its budgets.")
    parser.add_argument("--short", action="store_true", help="a tenth of the size, in about a minute")
    short = parser.parse_args().short
    chats, messages, rounds = (10_000, 3, 13) if short else (100_000, 10, 25)
    compileall.compile_dir(str(Path(inbox_tui.__file__).parent), quiet=2)
    with tempfile.TemporaryDirectory(prefix="bench-start-") as path:
        root = Path(path)
        folders: dict[str, Folder] = {}
        for name, count in (("small", 100), ("large", chats)):
            (root / name).mkdir()
            folders[name] = settings(NOBODY, root / name).folder
            fill(folders[name], chats=count, messages=messages)
        took: dict[str, list[Took]] = {name: [] for name in ("bare", *folders)}
        for _ in range(rounds):
            took["bare"].append(start(CONTENT, [sys.executable, "-m", "benchmarks.bare"], {}))
            for name, folder in folders.items():
                environment = {"INBOX_TUI_HOME": str(root / name), "INBOX_TUI_API_URL": NOBODY}
                command = [sys.executable, "-m", "inbox_tui"]
                took[name].append(start(name_in_list(folder), command, environment))
    kept = {name: times[1:] for name, times in took.items()}
    for name, times in kept.items():
        content, processor = (median(getattr(each, field.name) for each in times) for field in fields(Took))
        print(f"{name:6} {content * 1000:5.0f} ms, {processor * 1000:5.0f} ms of a processor")
    pairs = list(zip(kept["large"], kept["bare"], strict=True))
    print(f"large over bare, of a processor: {median(a.processor / b.processor for a, b in pairs):.2f}")
    print()
    over_bare = median(a.content / b.content for a, b in pairs)
    over_small = median(a.content / b.content for a, b in zip(kept["large"], kept["small"], strict=True))
    what = f"exec to chat rows, {chats:,} chats / {chats * messages:,} messages"
    return report(
        [
            at_most(f"{what}: over a bare Textual application", 1.25, over_bare),
            at_most(f"{what}: over 100 chats", 1.05, over_small),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
