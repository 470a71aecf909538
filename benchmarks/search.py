"""How fast search is in an account of any size, and what its index costs: `make bench-search`.

Two accounts that differ only in their length. What is compared is the time of the statement that gives the
first fifty candidates, and of the whole search with its hits: the median of warm runs of both accounts in
turns, in time of the processor, as nothing is waited for. Words have known shares: the commonest stands in a
third of the messages, the rarest in one or two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.table import Row, at_most, report
from inbox_tui.core.models import Chat, Message, Profile
from inbox_tui.store import find, writes
from inbox_tui.store.db import Folder, now_ms, open_reader, prepare
from inbox_tui.store.find import Order
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

HITS, ROUNDS = 50, 15
CHAT = 10
"""Messages of a chat."""
MINUTE = 60_000
QUERIES = {
    "in a third of the messages": "please",
    "its first three letters": "ple",
    "its first five letters": "pleas",
    "in one of a hundred": "refund",
    "rare, with common first letters": "plethora",
    "in no message": "xylophone",
    "two common words": "please thanks",
    "a phrase": '"please send"',
    "a word without another": "please -thanks",
    "Chinese, two characters": "发货",
    "an emoji": "🙏",
    "an emoji of several": "👩‍👩‍👧",
    "an order number": "#A-1042",
    "a telephone number": "+49 170 1234567",
    "a word of one platform": "please platform:tg",
    "a word of one customer": "please from:customer77",
    "messages with pictures": "has:image",
    "a word a year ago": "please before:1y",
}
_COMMON = ("thanks", "order", "parcel", "when", "size", "hello", "blue", "today", "help", "return")
_CJK = ("请问什么时候发货", "注文はいつ届きますか", "안녕하세요 배송 문의드려요")


def _bodies(random: Random, count: int) -> Iterator[str]:
    """Texts with a long tail of rare words, like a language has."""
    letters = "etaoinshrdlucm"
    words = ["".join(random.choices(letters, k=random.randrange(2, 10))) for _ in range(40_000)]
    weights = [1 / (place + 2) for place in range(len(words))]
    tail = iter(())
    for _ in range(count):
        if random.random() < 0.05:
            yield random.choice(_CJK)
            continue
        picked = list(islice(tail, max(1, int(random.lognormvariate(1.9, 0.6)))))
        if len(picked) < 1:
            tail = iter(random.choices(words, weights, k=200_000))
            picked = list(islice(tail, 8))
        picked.append(random.choice(_COMMON))
        if random.random() < 0.33:
            picked += ["please", "send"] if random.random() < 0.5 else ["please"]
        if random.random() < 0.01:
            picked.append("refund")
        if random.random() < 0.04:
            picked.append(f"#A-{random.randrange(10**6)}")
        if random.random() < 0.1:
            picked.append(random.choice(("🙏", "🙂", "👍🏽", "👩‍👩‍👧")))
        yield " ".join(picked)


def fill(folder: Folder, messages: int, newest_at: int) -> None:
    """Write an account of so many messages, ten a chat, spread over two years."""
    random = Random(7)  # noqa: S311 - test data, not a secret
    bodies = _bodies(random, messages)
    platforms = ("instagram", "facebook", "telegram", "bluesky")
    chats = messages // CHAT
    gap = 730 * 24 * 60 * MINUTE // messages
    with Writer(folder) as writer:
        writes.apply_profiles(writer, [Profile(name, "Acme", name) for name in platforms])
        for start in range(0, chats, 500):
            numbers = range(start, min(start + 500, chats))
            made = []
            pages = []
            for number in numbers:
                platform = platforms[number % 4]
                at = newest_at - number * CHAT * gap
                chat = Chat(
                    f"c{number}",
                    platform,
                    platform,
                    f"x{number}",
                    at,
                    participant_name=f"Customer{number} Doe",
                )
                made.append(chat)
                told = [
                    Message(
                        f"m{number}-{place}",
                        chat.id,
                        "inbound" if place % 2 else "outbound",
                        "received" if place % 2 else "published",
                        at - random.randrange(CHAT * gap),
                        external_id=f"{random.getrandbits(160):040x}",
                        body=body,
                    )
                    for place, body in enumerate(islice(bodies, CHAT))
                ]
                if number in (5, chats // 2):
                    told.append(
                        Message(
                            f"own{number}",
                            chat.id,
                            "inbound",
                            "received",
                            at,
                            body="plethora 0170/1234567 A-1042",
                        )
                    )
                pages.append(MessagePage(chat.id, told, newest=True, history_done=True))
            writes.apply_chats(writer, made)
            writes.apply_messages(writer, pages)


class Account:
    """A filled account and its statements."""

    def __init__(self, path: Path, messages: int, newest_at: int) -> None:
        self.folder = Folder(path, "bench")
        self.messages = messages
        began = time.perf_counter()
        if not self.folder.cache.exists():
            prepare(self.folder)
            fill(self.folder, messages, newest_at)
        self.seconds = time.perf_counter() - began
        self.reader = open_reader(self.folder)

    def plan(self, text: str) -> find.Plan:
        """What a query looks for."""
        return find.plan(text, [], now=now_ms())

    def search(self, text: str, order: Order = Order.DATE) -> tuple[float, int]:
        """Milliseconds of a search, and how much it found."""
        plan = self.plan(text)
        began = time.thread_time()
        found = find.search(self.reader, plan, order=order, limit=HITS)
        return (time.thread_time() - began) * 1000, len(found.hits)

    def statement(self, text: str) -> float:
        """Milliseconds of the statements of a search alone, for as many rows as it has hits."""
        asked: list[str] = []
        self.reader.set_trace_callback(asked.append)
        find.search(self.reader, self.plan(text), limit=HITS)
        self.reader.set_trace_callback(None)
        began = time.thread_time()
        for select in asked:
            self.reader.execute(select).fetchmany(HITS)
        return (time.thread_time() - began) * 1000


def compare(small: Account, large: Account) -> list[Row]:
    """Every query on both, in turns."""
    rows: list[Row] = []
    print(f"{'':34} {'hits':>5} {'small':>9} {'large':>9} {'whole':>9} {'ratio':>6}   (ms, medians)")
    slowest, ratios = 0.0, []
    for what, text in QUERIES.items():
        runs: dict[Account, list[float]] = {small: [], large: []}
        whole: list[float] = []
        hits = 0
        for _ in range(ROUNDS):
            for account in runs:
                runs[account].append(account.statement(text))
            taken, hits = large.search(text)
            whole.append(taken)
        times = [median(runs[account]) for account in (small, large)]
        ratios.append(times[1] / times[0])
        if "from:" not in text:
            # Whose messages, decides the number of those who are called so.
            slowest = max(slowest, times[1])
        print(f"{what:34} {hits:5} {times[0]:9.3f} {times[1]:9.3f} {median(whole):9.3f} {ratios[-1]:6.2f}")
    ranked = median(large.search("please", Order.RANK)[0] for _ in range(5))
    print(f"the commonest word by rank: {ranked:.1f} ms")
    rows.append(
        at_most(
            "search as one types: statements, slowest word, phrase or operator on messages", 2, slowest, " ms"
        )
    )
    rows.append(
        at_most(f"the same over {small.messages:,} messages, median of the queries", 1.5, median(ratios))
    )
    return rows


def disk(account: Account) -> Row:
    """The file over the same rows without the index: all pages over those of other tables."""
    pages = dict(account.reader.execute("SELECT name, count(*) FROM dbstat GROUP BY name"))
    mine = sum(count for name, count in pages.items() if "_fts" in name)
    total = sum(pages.values())
    print(f"file {total * 4096 / 1e6:.0f} MB, of it index {mine * 4096 / 1e6:.0f} MB")
    return at_most("cache on disk over the same rows without search index", 1.25, total / (total - mine))


def main() -> int:
    """Measure, print the table, and tell by the exit code whether every bound was kept."""
    parser = argparse.ArgumentParser(description="Measure search against its budgets.")
    parser.add_argument("--short", action="store_true", help="a tenth of the size")
    parser.add_argument(
        "--keep", type=Path, help="make or use the accounts in this folder, and leave them there"
    )
    options = parser.parse_args()
    large, newest_at = 100_000 if options.short else 1_000_000, now_ms() - MINUTE
    with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
        root = options.keep or Path(folder)
        accounts = [Account(root / str(size), size, newest_at) for size in (10_000, large)]
        for account in accounts:
            print(f"{account.messages:,} messages were written in {account.seconds:.0f} s")
        print()
        rows = compare(*accounts)
        rows.append(disk(accounts[1]))
        for account in accounts:
            account.reader.close()
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
