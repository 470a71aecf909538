"""A file that fails under the engine ends it with a word to the person; the next one goes on from there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from inbox_tui.config import Settings
from inbox_tui.core.errors import StoreError
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import db, writes
from inbox_tui.store.items import State
from inbox_tui.sync import engine
from tests.sync.conftest import Desk
from tests.sync.fake_api import MINUTE, START


@contextmanager
def read_only(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.execute("PRAGMA query_only = OFF")


def test_nothing_is_sent_when_it_cannot_be_written_down_first(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    with read_only(shop.writer.local), pytest.raises(StoreError, match=r"local\.db is read-only"):
        shop.pass_time(loop, 1)
    assert shop.api.count("POST ") == 0
    assert shop.item(item).state == State.QUEUED
    shop.pass_time(shop.following(), 1)
    assert shop.api.sends == ["Hello"]


def test_a_send_whose_answer_cannot_be_written_down_is_found_again_and_not_repeated(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")

    def disk_fails(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST":
            shop.writer.local.execute("PRAGMA query_only = ON")
        return None

    shop.api.bend = disk_fails
    with pytest.raises(StoreError):
        shop.pass_time(loop, 1)
    shop.api.bend = None
    shop.writer.local.execute("PRAGMA query_only = OFF")
    assert shop.item(item).state == State.SENDING
    shop.api.publish("Hello")
    shop.pass_time(shop.following(), 30)
    assert shop.item(item).state in (State.ACCEPTED, State.SETTLED)
    assert shop.api.sends == ["Hello"]


def test_messages_that_find_the_cache_full_are_fetched_again_by_the_next_engine(shop: Desk) -> None:
    loop = shop.following()
    cache = shop.writer.cache
    (pages,) = cache.execute("PRAGMA page_count").fetchone()
    (limit,) = cache.execute("PRAGMA max_page_count").fetchone()
    cache.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(20):
        shop.api.add_message("c1", START + number * 1000, f"{number} " + "long " * 2000)
    with pytest.raises(StoreError, match=r"The disk is full: .*cache\.db cannot be written"):
        shop.pass_time(loop, 2 * MINUTE / 1000)
    cache.execute(f"PRAGMA max_page_count = {limit}")
    shop.pass_time(shop.following(), 5)
    assert shop.value("SELECT count(*) FROM messages") == 21


def test_a_fault_of_a_file_is_not_taken_for_a_page_that_cannot_be_stored(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("The disk is full", "Free some space")

    loop = shop.following()
    shop.api.add_message("c1", START)
    monkeypatch.setattr(writes, "apply_messages", fail)
    with pytest.raises(StoreError, match="The disk is full"):
        shop.pass_time(loop, 2 * MINUTE / 1000)


def test_an_engine_whose_file_another_program_holds_ends_with_that_word(
    sandbox: RunningSandbox, account: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = account(sandbox)
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(settings.folder.cache, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"Another program is holding .*cache\.db"):
            engine.run(settings, once=True)
    assert engine.run(settings, once=True).exit_code == 0
