"""How fast and how small syncing is: `make bench-sync`, or `python -m benchmarks.sync --short`.

The server is another process that answers from memory (`benchmarks.replay`), as the sandbox would need more
time for a page than the program does. Sides run in processes of their own, one after the other in each round,
so that all of them meet the same machine; what counts is the median of the rounds' ratios. The first round
warms the disk cache and bytecode up and is thrown away where there are others.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from statistics import median, quantiles
from urllib.parse import urlsplit

from benchmarks import processes
from benchmarks.sides import settings
from benchmarks.table import Row, at_least, at_most, none, report
from benchmarks.world import World, build, identifier, iso, message
from inbox_tui.api.webhooks import SIGNATURE_HEADER
from inbox_tui.store.db import Changes, now_ms, open_reader

SIDES = ("fetch", "store", "sync", "naive")
MESSAGES = 30
SCREEN_POLL = 0.1
"""Seconds between two looks of a screen at the database."""
DAY = 24 * 3_600_000


def first_sync(world: World, url: str, root: Path, rounds: int) -> list[Row]:
    """Compare a first sync with its parts and the naive way; leaves the files of the last in `root/sync`."""
    took: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(rounds):
        for side in SIDES:
            home = root / (side if number == rounds - 1 else f"{side}-{number}")
            home.mkdir()
            took[side].append(processes.run_side(side, world, url, home))
    kept = {side: runs[1:] or runs for side, runs in took.items()}
    for side, runs in kept.items():
        seconds = [run["seconds"] for run in runs]
        print(
            f"{side:6} median {median(seconds):6.2f} s, least {min(seconds):6.2f} s, {runs[0]['rows']} rows"
        )
    print()
    rows = {side: {run["rows"] for run in took[side]} for side in ("store", "sync", "naive")}
    expected = {len(world.chats()) * MESSAGES}
    if any(found != expected for found in rows.values()):
        raise SystemExit(f"not every side has stored {expected} messages: {rows}")
    turns = [{side: kept[side][turn]["seconds"] for side in SIDES} for turn in range(len(kept["sync"]))]
    shares = [(turn["fetch"] + turn["store"]) / turn["sync"] for turn in turns]
    naive = [turn["naive"] / turn["sync"] for turn in turns]
    peak = max(run["peak"] for run in took["sync"]) / 1024
    what = f"first sync of {len(world.chats()):,} chats"
    return [
        at_least(f"{what}: fetch only + store only, over it", 0.8, median(shares)),
        at_least(f"{what}: times as fast as the naive way", 3.0, median(naive)),
        at_most(f"{what}: memory of the engine at its peak", 120, peak, " MiB"),
    ]


def again(world: World, url: str, home: Path) -> list[Row]:
    """Sync once more with nothing new."""
    folder = settings(url, home).folder
    before = processes.asked(url)
    with closing(Changes(folder)) as changes, closing(open_reader(folder)) as reader:
        revisions = _revisions(reader)
        processes.run_side("sync", world, url, home)
        written = _revisions(reader) - revisions + int(changes.poll())
    after = processes.asked(url)
    requests = sum(after.values()) - sum(before.values())
    return [
        none("sync again with nothing new: transactions that wrote", written),
        # Two for the profiles; of each of the four the newest chats, and once more behind their end.
        at_most("sync again with nothing new: requests", 10, requests, " requests"),
    ]


def _revisions(reader: sqlite3.Connection) -> int:
    """The number of transactions that have changed either file."""
    (number,) = reader.execute(
        "SELECT (SELECT value FROM main.meta WHERE key = 'rev') + "
        "(SELECT value FROM local.meta WHERE key = 'rev')"
    ).fetchone()
    return int(number)


def idle(root: Path, seconds: float) -> list[Row]:
    """Follow an account in which nothing has happened for days."""
    home = root / "idle"
    home.mkdir()
    world = build(root / "quiet", chats=100, messages=MESSAGES, newest_at=now_ms() - 3 * DAY, seed=2)
    with processes.serving(world) as url:
        folder = settings(url, home).folder
        processes.run_side("sync", world, url, home)
        before = processes.asked(url)
        with processes.engine(url, home):
            processes.wait_until(lambda: processes.asked(url)["chats"] >= before["chats"] + 4, "a look")
            time.sleep(1.0)
            with closing(Changes(folder)) as changes:
                start = processes.asked(url)
                time.sleep(seconds)
                end = processes.asked(url)
                commits = int(changes.poll())
    looks = end["chats"] - start["chats"]
    others = sum(end.values()) - sum(start.values()) - looks
    if not looks:
        raise SystemExit("the engine has not looked at anything")
    return [
        none(f"idle for {seconds:.0f} s, {looks} looks at a profile: further requests", others),
        none(f"idle for {seconds:.0f} s, {looks} looks at a profile: commits", commits),
    ]


class Hook:
    """Delivers signed events to an engine, as the API would."""

    def __init__(self, url: str, world: World) -> None:
        self._host = urlsplit(url).netloc
        self._chats = world.chats()
        self._random = Random(3)  # noqa: S311 - test data, not a secret
        self.refused = 0

    def event(self) -> tuple[str, bytes]:
        """A message that a customer of some chat has written just now: its id, and the event's body."""
        chat = self._random.choice(self._chats)
        record = message(self._random, str(chat["id"]), str(chat["platform"]), now_ms(), inbound=True)
        name = f"evt_{identifier(self._random)}{identifier(self._random)}"
        envelope = {"id": name, "type": "message.received", "created_at": iso(now_ms()), "data": record}
        return str(record["id"]), json.dumps(envelope).encode()

    def deliver(self, connection: HTTPConnection, body: bytes) -> None:
        """Send an event until it is taken."""
        while True:
            stamp = str(int(time.time()))
            signature = hmac.new(b"whsec_bench", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/json", SIGNATURE_HEADER: f"t={stamp},v1={signature}"}
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 204:
                return
            if answer.status != 503:
                raise SystemExit(f"an event was answered with {answer.status}")
            self.refused += 1
            time.sleep(0.02)

    def connect(self) -> HTTPConnection:
        """A connection that stays."""
        return HTTPConnection(self._host, timeout=processes.PATIENCE)


def events(world: World, url: str, home: Path, count: int) -> list[Row]:
    """Deliver events to a following engine: how soon each can be read, and what they cost in memory."""
    folder = settings(url, home).folder
    with processes.engine(url, home, "--webhooks") as (pid, wait_for_line):
        hook = Hook(wait_for_line("live: webhooks are received at").split()[-1], world)
        with closing(open_reader(folder)) as reader:
            latencies = [_latency(hook, reader) for _ in range(60)]
            sizes, began = [], time.perf_counter()
            for _ in range(10):
                _flood(hook, count // 10)
                sizes.append(processes.memory(pid))
            seconds = time.perf_counter() - began
            id_, body = hook.event()
            with closing(hook.connect()) as connection:
                hook.deliver(connection, body)
            processes.wait_until(lambda: _has(reader, id_), "the last event's message")
    print(f"{count:,} events in {seconds:.0f} s ({count / seconds:.0f} a second, {hook.refused} put off);")
    print("MiB of the engine after each tenth of them:", " ".join(f"{size['pss']:.0f}" for size in sizes))
    print()
    slow = quantiles(latencies, n=20)[-1]
    print(f"webhook to readable row: median {median(latencies) * 1000:.0f} ms, p95 {slow * 1000:.0f} ms")
    what = f"{count:,} events"
    return [
        # The screen's own look takes up to one poll more; together they stay below 1.5.
        at_most("webhook arrives, row can be read: p95 over a screen's poll", 0.5, slow / SCREEN_POLL),
        at_most(f"{what}: memory of the engine at its peak", 120, sizes[-1]["peak"], " MiB"),
        at_most(f"{what}: memory at the end over half-way", 1.1, sizes[-1]["pss"] / sizes[4]["pss"]),
    ]


def _latency(hook: Hook, reader: sqlite3.Connection) -> float:
    """Seconds from the delivery of an event until another process can read its message."""
    id_, body = hook.event()
    time.sleep(0.05)
    with closing(hook.connect()) as connection:
        connection.connect()
        began = time.perf_counter()
        hook.deliver(connection, body)
        while not _has(reader, id_):
            if time.perf_counter() - began > processes.PATIENCE:
                raise SystemExit("an event's message has not come")
            time.sleep(0.0005)
        return time.perf_counter() - began


def _has(reader: sqlite3.Connection, id_: str) -> bool:
    return reader.execute("SELECT 1 FROM messages WHERE id = ?", (id_,)).fetchone() is not None


def _flood(hook: Hook, count: int) -> None:
    """Deliver events over two connections as fast as they are taken."""

    def deliver(bodies: list[bytes]) -> None:
        with closing(hook.connect()) as connection:
            for body in bodies:
                hook.deliver(connection, body)

    bodies = [hook.event()[1] for _ in range(count)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(deliver, (bodies[::2], bodies[1::2])))


def main() -> int:
    """Measure, print the table, and tell by the exit code whether every bound was kept."""
    parser = argparse.ArgumentParser(description="Measure syncing against its budgets.")
    parser.add_argument("--short", action="store_true", help="a tenth of the size, in about a minute")
    short = parser.parse_args().short
    chats, rounds, count = (1_000, 4, 5_000) if short else (10_000, 3, 100_000)
    with tempfile.TemporaryDirectory(prefix="bench-sync-") as folder:
        root = Path(folder)
        world = build(root / "world", chats=chats, messages=MESSAGES, newest_at=now_ms() - 60_000)
        with processes.serving(world) as url:
            rows = first_sync(world, url, root, rounds)
            rows += again(world, url, root / "sync")
            rows += events(world, url, root / "sync", count)
        rows += idle(root, 6.0 if short else 15.0)
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
