"""What a key costs depends on the screen, not on the account: counted at 100 and at 100,000 chats."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import time_machine
from textual import events
from textual.geometry import Size
from textual.screen import Screen

from inbox_tui.core.models import Chat, Message, Profile
from inbox_tui.store import facts, writes
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer
from inbox_tui.ui import inbox, notifications, pulse, seen, thread
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.catalog import Kind
from inbox_tui.ui.dialogs.palette import Palette
from inbox_tui.ui.dialogs.search import Search
from inbox_tui.ui.hits import HitList

from .conftest import NOW, Desk
from .steps import drawn, press

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = 60_000
PLATFORMS = ("facebook", "instagram", "telegram", "bluesky")
SMALL, LARGE = (100, 106), (100_000, 20_000)
"""Chats in the cache, and messages in the newest of them; both threads begin and end alike."""
MOST_STEPS = 20_000
"""Steps of SQLite's machine that reading a screen may take; a look at each of 100,000 rows takes more."""


@dataclass(frozen=True)
class Cost:
    """What something cost the screen: statements, steps of SQLite's machine, wrapped texts, layouts."""

    statements: int
    steps: int
    wraps: int
    layouts: int


def grow(path: Path, chats: int, messages: int) -> Folder:
    """A cache of so many chats, the newest with so many messages; alike for as far as a screen sees."""
    folder = Folder(path / "demo", "demo")
    prepare(folder)
    with time_machine.travel(NOW, tick=True), Writer(folder) as writer:
        writes.apply_profiles(writer, [Profile(f"p{name}", "Acme", name) for name in PLATFORMS])
        for number, platform in enumerate(PLATFORMS):
            at = NOW_MS - number * MINUTE
            first = Chat(f"c{number}", f"p{platform}", platform, f"x{number}", at, last_message_at=at)
            writes.apply_chats(writer, [first])
            asked = Message(f"m{number}-0", first.id, "inbound", "received", at - MINUTE, body="Is it here?")
            told = Message(f"m{number}-1", first.id, "outbound", "published", at, body="It is on its way.")
            # One in four waits for an answer.
            said = [asked] if platform == "bluesky" else [asked, told]
            writes.apply_messages(
                writer, [writes.MessagePage(first.id, said, newest=True, history_done=True)]
            )
            writes.record_walk(writer, f"p{platform}", walked_to=None, walked=True, total=chats // 4)
        cache = writer.cache
        cache.execute("BEGIN")
        _copy_chats(cache, chats)
        _copy_messages(cache, messages)
        cache.execute("COMMIT")
    return folder


def _copies(
    cache: sqlite3.Connection, table: str, values: Mapping[str, str], template: str, first: int, last: int
) -> None:
    """Insert copies of a row, numbered `n` from `first` to `last`, with some columns of their own."""
    columns = [row[1] for row in cache.execute(f"PRAGMA table_info({table})")]
    named = [name for name in columns if name != "pk" or "pk" in values]
    chosen = ", ".join(values.get(name, f"t.{name}") for name in named)
    cache.execute(
        f"WITH RECURSIVE numbers(n) AS (VALUES ({first}) "
        f"UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) "
        f"INSERT INTO {table} ({', '.join(named)}) SELECT {chosen} FROM numbers JOIN {table} t ON {template}"
    )


def _copy_chats(cache: sqlite3.Connection, count: int) -> None:
    at = f"{NOW_MS} - n * {MINUTE}"
    own = {
        "id": "'c' || n",
        "participant_external_id": "'x' || n",
        "participant_name": "'Person ' || n",
        "search_key": "'person ' || n",
        "sort_at": at,
        "last_message_at": at,
    }
    _copies(cache, "chats", own, "t.id = 'c' || (n % 4)", 4, count - 1)
    cache.execute("UPDATE meta SET value = ? WHERE key = 'chats'", (count,))
    for name, condition in facts.COUNTED.items():
        counted = f"(SELECT count(*) FROM chats WHERE {condition})"
        cache.execute(f"UPDATE meta SET value = {counted} WHERE key = ?", (name,))
    cache.execute("UPDATE profiles SET chats = ?", (count // 4,))


def _copy_messages(cache: sqlite3.Connection, count: int) -> None:
    at = f"{NOW_MS} - (n + 2) * {MINUTE}"
    words = "substr(replace(hex(zeroblob(80)), '00', 'word '), 1, n % 7 * 40)"
    own = {
        "pk": f"(({at}) << 10) + 1",
        "id": "'copy-' || n",
        "position_at": at,
        "posted_at": at,
        "created_at": at,
        "body": f"'Number ' || n || ' from the end. ' || {words}",
    }
    _copies(cache, "messages", own, "t.id = 'm0-' || (n % 2)", 2, count - 1)
    cache.execute("UPDATE chats SET messages = ?, messages_total = ? WHERE id = 'c0'", (count, count))


@contextlib.contextmanager
def metered(reader: sqlite3.Connection, into: list[Cost]) -> Iterator[None]:
    """Count what happens inside the block."""
    statements: list[str] = []
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    wraps, layouts = 0, 0
    wrap, layout = thread.wrap, Screen._refresh_layout

    def counted_wrap(text: str, width: int) -> list[str]:
        nonlocal wraps
        wraps += 1
        return wrap(text, width)

    def counted_layout(screen: Screen[object], size: Size | None = None, scroll: bool = False) -> None:
        nonlocal layouts
        layouts += 1
        layout(screen, size, scroll)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thread, "wrap", counted_wrap)
        patch.setattr(Screen, "_refresh_layout", counted_layout)
        reader.set_trace_callback(statements.append)
        reader.set_progress_handler(step, 100)
        try:
            yield
        finally:
            reader.set_trace_callback(None)
            reader.set_progress_handler(None, 0)
    into.append(Cost(len(statements), steps * 100, wraps, layouts))


async def start(agent: Desk) -> None:
    """Stand at the top of the list, with the thread closed."""
    await press(agent, "escape", "escape", "g", "g")


async def read_thread(agent: Desk) -> None:
    """Stand at the end of the newest chat."""
    await start(agent)
    await press(agent, "enter", "G")


async def filtered(agent: Desk) -> None:
    """Type a platform into the filter and see it applied."""
    await press(agent, "\\")
    agent.app.post_message(events.Paste("platform:tg"))
    await agent.until(lambda: {row.chat.platform for row in agent.inbox.chats.window_rows} == {"telegram"})
    await press(agent, "enter")


async def unfiltered(agent: Desk) -> None:
    """Take the filter off."""
    await press(agent, "escape")
    await agent.until(lambda: len({row.chat.platform for row in agent.inbox.chats.window_rows}) == 4)


async def append(agent: Desk) -> None:
    """Let a message come that another process has written, as the poll would notice it."""
    agent.inbox.pulse.take_changes()
    await drawn(agent)


async def second(agent: Desk) -> None:
    """Let the clock move on, as the timer does."""
    agent.inbox.pulse.tick()
    await drawn(agent)


async def palette(agent: Desk) -> None:
    """Open the palette, look for a customer by a name, and close it again."""
    await press(agent, ":")
    agent.app.post_message(events.Paste("person"))
    dialog = agent.app.screen
    assert isinstance(dialog, Palette)
    await agent.until(lambda: sum(entry.kind == Kind.CHAT for entry in dialog._entries) >= 10)
    await press(agent, "down", "down", "escape")


def _write_one(folder: Folder) -> Callable[[Desk], Awaitable[None]]:
    async def write(agent: Desk) -> None:
        await read_thread(agent)
        message = Message("arrived", "c0", "inbound", "received", NOW_MS + MINUTE, body="One more thing.")
        with Writer(folder) as writer:
            writes.apply_messages(writer, [writes.MessagePage("c0", [message])])

    return write


async def composing(agent: Desk) -> None:
    """Stand in the empty composer of the newest chat."""
    await read_thread(agent)
    await press(agent, "r")


async def opened_search(agent: Desk) -> None:
    """Stand in the search, with nothing typed, over the newest chats."""
    await start(agent)
    await press(agent, "g", "a", "g", "g", "/")
    await agent.until(lambda: isinstance(agent.app.screen, Search) and not agent.app.screen._looking)


async def searched(agent: Desk) -> None:
    """Type a word and see what it finds."""
    await press(agent, *"here")
    await agent.until(lambda: len(agent.app.screen.query_one(HitList).window_rows) == 4)


async def chosen_hit(agent: Desk) -> None:
    """Go to the first hit."""
    await press(agent, "enter")
    await agent.until(lambda: agent.inbox.acts.searching.at is not None)
    await drawn(agent)


async def next_hit(agent: Desk) -> None:
    """Go to the second."""
    before = agent.inbox.acts.searching.at
    await press(agent, "n")
    await agent.until(lambda: agent.inbox.acts.searching.at != before)
    await drawn(agent)


Step = Callable[[Desk], Awaitable[None]]


def pressing(*names: str) -> Step:
    """Press keys."""

    async def step(agent: Desk) -> None:
        await press(agent, *names)

    return step


def steps(folder: Folder) -> Mapping[str, tuple[Step, Step]]:
    """What is measured: how to get there, and what is counted."""
    return {
        "thirty rows down the list": (start, pressing(*["j"] * 30)),
        "ninety rows down the list, past the rows that were read at first": (start, pressing(*["j"] * 90)),
        "thirty chats selected by moving": (start, pressing("V", *["j"] * 30)),
        "page down in the list": (start, pressing("pagedown", "pagedown")),
        "to the end of the list": (start, pressing("G")),
        "from the end to the start of the list": (pressing("escape", "escape", "G"), pressing("g", "g")),
        "thirty rows up from the end of the list": (pressing("escape", "escape", "G"), pressing(*["k"] * 30)),
        "open a chat": (start, pressing("enter")),
        "thirty messages up in a thread": (read_thread, pressing(*["k"] * 30)),
        "four half screens up in a thread": (read_thread, pressing(*["ctrl+u"] * 4)),
        "to the start of a thread": (read_thread, pressing("g", "g")),
        "a message arrives": (_write_one(folder), append),
        "a customer looked for in the palette": (start, palette),
        "fifty characters": (composing, pressing(*"It will be with you on Tuesday, before noon, Ana.!")),
        "a filter by platform": (start, filtered),
        "the filter taken off": (pressing(), unfiltered),
        "to the chats that need one": (start, pressing("g", "i")),
        "thirty rows down in Now": (pressing("g", "i"), pressing(*["j"] * 30)),
        "to the end of Now": (pressing("g", "i"), pressing("G")),
        "from Now to all chats": (pressing("g", "i"), pressing("g", "a")),
        "to the chats that wait": (start, pressing("g", "w")),
        "to the unread chats": (start, pressing("g", "u")),
        "the next chat that needs one": (pressing("g", "i", "g", "g"), pressing("tab")),
        "the one before it": (pressing(), pressing("shift+tab")),
        "a word typed into the search": (opened_search, searched),
        "from a hit to its message": (pressing(), chosen_hit),
        "the next hit": (pressing(), next_hit),
        "a second passes in Now": (pressing("escape", "g", "i"), second),
        "a second passes": (read_thread, second),
    }


async def measure(folder: Folder) -> dict[str, Cost]:
    """The cost of every step on a cache."""
    found: list[Cost] = []
    app = InboxApp(folder, "demo")
    try:
        async with app.run_test(size=(120, 30)) as pilot:
            await app.opened.wait()
            await pilot.pause()
            agent = Desk(app, pilot)
            agent.inbox.views.go(View.ALL)
            for prepare_step, step in steps(folder).values():
                await prepare_step(agent)
                await pilot.pause(0.05)  # what the way there still asks for is not counted
                with metered(agent.inbox.session.reader, found):
                    await step(agent)
    finally:
        app.session.close()
    return dict(zip(steps(folder), found, strict=True))


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Cost], dict[str, Cost]]:
    """Every cost on the small and on the large account, without what the clock alone brings about."""
    result = []
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOW, tick=True):
        for timer in ("POLL_SECONDS", "TICK_SECONDS"):
            patch.setattr(pulse, timer, 3600.0)
        patch.setattr(inbox, "PREVIEW_SECONDS", 3600.0)
        patch.setattr(seen, "SEEN_SECONDS", 3600.0)
        for timer in ("ALARM_SECONDS", "HERE_SECONDS", "AWAY_SECONDS", "BEHIND_SECONDS"):
            patch.setattr(notifications, timer, 3600.0)
        for chats, messages in (SMALL, LARGE):
            folder = grow(tmp_path_factory.mktemp("account"), chats, messages)
            result.append(asyncio.run(measure(folder)))
    return result[0], result[1]


@pytest.mark.parametrize("step", list(steps(Folder(Path(), ""))))
def test_a_key_costs_the_same_on_an_account_of_any_size(
    costs: tuple[dict[str, Cost], dict[str, Cost]], step: str
) -> None:
    small, large = (cost[step] for cost in costs)
    assert small.wraps == large.wraps
    # Askings for a layout that fall into the same frame make one, so a slow machine sees fewer or more;
    # the filter is typed letter by letter, and each half word shows or hides the line with its fault. Its
    # Enter finds the chat under the cursor drawn, or not yet.
    filtering = step == "a filter by platform"
    assert abs(small.statements - large.statements) <= (1 if filtering else 0)
    assert abs(small.layouts - large.layouts) <= (4 if filtering else 1)
    assert max(small.steps, large.steps) <= MOST_STEPS


def test_moving_asks_for_no_layout_and_typing_for_hardly_one(
    costs: tuple[dict[str, Cost], dict[str, Cost]],
) -> None:
    for cost in costs:
        moves = [name for name in cost if " up " in name or " down " in name or " end of " in name]
        assert len(moves) == 9
        assert {name: cost[name].layouts for name in moves} == dict.fromkeys(moves, 0)
        assert cost["fifty characters"].layouts <= 2
        assert cost["fifty characters"].statements == 0
