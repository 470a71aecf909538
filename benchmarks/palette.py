"""How fast the command palette is in an account of any size, over Textual's own: `make bench-palette`.

Two accounts that differ only in their length, and the smaller one with Textual's palette, in which only our
acts stand: no chats, views or snippets. In turns each is opened and gets three letters; what counts is the
time of the processor until the last of what they bring is painted, as nothing is waited for.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from statistics import median

from textual import events
from textual.app import SystemCommand
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from benchmarks.filling import fill
from benchmarks.table import Row, at_most, report
from inbox_tui.store.db import Folder, prepare
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.dialogs.palette import Palette
from inbox_tui.ui.inbox import InboxScreen

LETTERS = "ann"
ROUNDS = 31
SMALL, LARGE = 100, 100_000
SIZE = (120, 30)


class Textuals(InboxApp):
    """The same program with Textual's palette, in which our acts stand under the same names."""

    CSS_PATH = str(Path(inspect.getfile(InboxApp)).with_name(InboxApp.CSS_PATH))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands."""
        for action in self.inbox.keymap.actions if self.inbox is not None else ():
            yield SystemCommand(action.title, "what it does", lambda: None)


async def settled(app: InboxApp, pilot: Pilot[None]) -> None:
    """Wait until every message is taken in and everything is painted, the work of threads included."""
    for _ in range(2):
        await pilot.pause(0)
        while any(worker.is_running for worker in app.workers):
            await pilot.pause(0.005)
    await pilot.pause(0)


Side = tuple[InboxApp, Pilot[None], Callable[[], Screen[None]]]


async def opened(app: InboxApp, pilot: Pilot[None], palette: Callable[[], Screen[None]]) -> Sequence[float]:
    """Seconds of the processor to open a palette, and for the letters."""
    start = time.process_time()
    app.push_screen(palette())
    await settled(app, pilot)
    middle = time.process_time()
    for letter in LETTERS:
        app.post_message(events.Key(letter, letter))
    await settled(app, pilot)
    end = time.process_time()
    assert app.screen.query_one(Input).value == LETTERS
    await app.pop_screen()
    await settled(app, pilot)
    return middle - start, end - middle


async def measure(folders: Mapping[str, Folder]) -> list[Row]:
    """All sides in turns, in one process."""
    async with AsyncExitStack() as stack:
        sides: dict[str, Side] = {}
        for name, folder in folders.items():
            app = (Textuals if name == "textual" else InboxApp)(folder, "bench")
            pilot = await stack.enter_async_context(app.run_test(size=SIZE))
            await app.opened.wait()
            stack.callback(app.session.close)
            await settled(app, pilot)
            inbox = app.screen
            assert isinstance(inbox, InboxScreen)
            palette: Callable[[], Screen[None]] = CommandPalette
            if name != "textual":
                palette = partial(Palette, inbox)
            sides[name] = (app, pilot, palette)
        times: dict[str, list[Sequence[float]]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, side in sides.items():
                times[name].append(await opened(*side))
    found = {name: [median(each) for each in zip(*times[name], strict=True)] for name in sides}
    rows = []
    for number, what in enumerate(("open the palette", "three letters")):
        small, large, theirs = (found[name][number] for name in ("small", "large", "textual"))
        rows.append(at_most(f"{what}: {LARGE:,} chats over {SMALL}", 1.2, large / small))
        rows.append(at_most(f"{what}: over Textual's own palette", 1.0, small / theirs))
    return rows


def main() -> int:
    """Print the table; 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the chats")
    large = LARGE // 10 if parser.parse_args().short else LARGE
    with tempfile.TemporaryDirectory() as root:
        folders = {}
        for name, chats in (("small", SMALL), ("large", large), ("textual", SMALL)):
            folder = folders[name] = Folder(Path(root) / name, "bench")
            prepare(folder)
            fill(folder, chats=chats, messages=1)
        return report(asyncio.run(measure(folders)))


if __name__ == "__main__":
    sys.exit(main())
