"""What syncing costs in requests and rows: nothing where nothing happened, one chat where one moved."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from inbox_tui.core.snooze import Until
from inbox_tui.store import triage
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, MINUTE, START, Record, iso
from tests.sync.test_events import live, tell
from tests.sync.test_follow import following, show

PROFILES, CHATS = 3, 8


@pytest.fixture
def idle(desk: Desk) -> Desk:
    """Three profiles with chats that were last active two days ago, synced."""
    for number in range(PROFILES):
        desk.api.add_profile(f"p{number}")
        for index in range(CHATS):
            at = START - 48 * HOUR - index * MINUTE
            desk.api.add_chat(f"p{number}-{index}", at, f"p{number}", messages=3)
    desk.sync()
    return desk


@pytest.fixture
def watcher(idle: Desk) -> Iterator[list[sqlite3.Connection]]:
    """Connections of somebody else to both files, as a screen has them."""
    folder = idle.writer.folder
    with closing(sqlite3.connect(folder.cache)) as cache, closing(sqlite3.connect(folder.local)) as local:
        yield [cache, local]


def versions(connections: list[sqlite3.Connection]) -> list[object]:
    """What changes whenever anything is written to a file by another connection."""
    return [connection.execute("PRAGMA data_version").fetchone() for connection in connections]


def written(desk: Desk) -> tuple[int, int]:
    """How many rows the engine has written since it has the files open."""
    return desk.writer.cache.total_changes, desk.writer.local.total_changes


def contents(connection: sqlite3.Connection) -> dict[str, set[tuple[object, ...]]]:
    """Every row of every table of a file; of a search index, which row has which words."""
    tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {
        name: set(connection.execute(f"SELECT * FROM {name}").fetchall())
        for name, _ in tables
        if "_fts" not in name
    }
    for name in [name for name, sql in tables if "USING fts5" in str(sql)]:
        connection.execute(f"CREATE VIRTUAL TABLE temp.entries USING fts5vocab(main, {name}, instance)")
        found[name] = set(connection.execute("SELECT doc, term FROM temp.entries").fetchall())
        connection.execute("DROP TABLE temp.entries")
    return found


def test_an_idle_look_that_finds_nothing_is_one_request_a_profile_and_writes_no_row(
    idle: Desk, watcher: list[sqlite3.Connection]
) -> None:
    loop = following(idle)
    idle.pass_time(loop, 200, step=1)
    before, rows = versions(watcher), written(idle)
    idle.api.requests = []
    idle.pass_time(loop, 3600, step=5)
    looks = [idle.api.count(f"/p{number}/chats") for number in range(PROFILES)]
    lists = {"GET /api/profile_groups", "GET /api/profiles"}
    assert min(looks) >= 50
    assert len([request for request in idle.api.requests if request not in lists]) == sum(looks)
    assert versions(watcher) == before
    assert written(idle) == rows


def test_a_look_at_an_open_chat_that_finds_nothing_is_one_request_and_writes_no_row(
    idle: Desk, watcher: list[sqlite3.Connection]
) -> None:
    loop = following(idle)
    show(idle, "p1-2")
    idle.pass_time(loop, 30)
    before, rows = versions(watcher), written(idle)
    idle.api.requests = []
    idle.pass_time(loop, 60)
    assert 25 <= idle.api.count("/p1-2/messages") == idle.api.count("/messages")
    assert versions(watcher) == before
    assert written(idle) == rows


def changed(message: Record, **more: object) -> Record:
    message.update(more)
    return message


EVENTS = {
    "message.received": lambda desk: desk.api.add_message("p1-3", desk.api.now, "Hello"),
    "message.sent": lambda desk: desk.api.add_message("p1-3", desk.api.now, "Hi", direction="outbound"),
    "message.edited": lambda desk: changed(
        desk.api.messages["p1-3"][-1], body="Hello!", external_edited_at=iso(desk.api.now)
    ),
    "message.read": lambda desk: changed(desk.api.messages["p1-3"][-1], external_read_at=iso(desk.api.now)),
    "message.deleted": lambda desk: changed(
        desk.api.messages["p1-3"][-1], external_deleted_at=iso(desk.api.now)
    ),
    "reaction.received": lambda desk: changed(
        desk.api.messages["p1-3"][-1], reactions=[{"sender_external_id": "u", "emoji": "❤️"}]
    ),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_costs_no_request_and_touches_the_rows_of_one_chat(
    idle: Desk, watcher: list[sqlite3.Connection], kind: str
) -> None:
    loop, _ = live(idle)
    idle.pass_time(loop, 5)
    cache, local = watcher
    before, mine = contents(cache), contents(local)
    idle.api.requests = []
    message = EVENTS[kind](idle)
    tell(idle, loop, kind, {"message": message})
    after = contents(cache)
    touched = {name: before[name] ^ after[name] for name in before if before[name] != after[name]}
    (chat,) = cache.execute("SELECT pk FROM chats WHERE id = 'p1-3'").fetchone()
    columns = [row[1] for row in cache.execute("PRAGMA table_info(messages)")]
    (pk,) = {row[columns.index("pk")] for row in touched["messages"]}
    assert {row[columns.index("chat")] for row in touched.pop("messages")} == {chat}
    assert {row[0] for row in touched.pop("messages_fts", set())} <= {pk}
    assert {row[0] for row in touched.pop("chats", set())} <= {chat}
    # Counters of the whole account, each in a row of its own.
    assert set(touched) <= {"meta"}
    assert contents(local) == mine
    assert idle.api.requests == []


def test_an_event_that_says_nothing_new_writes_no_row(idle: Desk, watcher: list[sqlite3.Connection]) -> None:
    loop, _ = live(idle)
    message = idle.api.add_message("p1-3", idle.api.now, "Hello")
    tell(idle, loop, "message.received", {"message": message})
    before, rows = versions(watcher), written(idle)
    for _ in range(3):
        tell(idle, loop, "message.received", {"message": message})
    assert versions(watcher) == before
    assert written(idle) == rows


def test_what_the_clock_moves_is_folded_once_and_nothing_is_written_until_it_moves_more(
    idle: Desk, watcher: list[sqlite3.Connection]
) -> None:
    def standing() -> tuple[object, ...]:
        (row,) = watcher[0].execute("SELECT away, rank IS NULL FROM chats WHERE id = 'p0-0'").fetchall()
        return tuple(row)

    loop = following(idle)
    idle.pass_time(loop, 200, step=1)
    triage.snooze(idle.writer, ["p0-0"], Until(int(idle.clock.now()) + 60_000))
    idle.pass_time(loop, 30, step=1)
    before, rows = versions(watcher), written(idle)
    assert standing() == (1, 1)
    idle.pass_time(loop, 20, step=1)
    assert (versions(watcher), written(idle)) == (before, rows)
    idle.pass_time(loop, 20, step=1)
    assert standing() == (0, 0)
    before, rows = versions(watcher), written(idle)
    idle.pass_time(loop, 600, step=5)
    assert (versions(watcher), written(idle)) == (before, rows)
