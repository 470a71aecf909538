"""What a sync tells of itself: counts that are true, an estimate that is near, and nothing while idle."""

from __future__ import annotations

import httpx
import pytest

from inbox_tui.core.progress import Progress
from inbox_tui.store import sync_progress
from inbox_tui.sync import progress, reading
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.progress import Meter
from tests.sync.conftest import Desk
from tests.sync.fake_api import MINUTE, START


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting costs nothing here, as a slow machine would count more seldom; answers come in fours."""
    monkeypatch.setattr(progress, "MOST_SHARE", float("inf"))
    monkeypatch.setattr(reading, "LONG", 4)


def world(desk: Desk, chats: int, messages: int = 1) -> None:
    """A profile with so many chats of so many messages."""
    desk.api.add_profile()
    for index in range(chats):
        desk.api.add_chat(f"c{index}", START - index * MINUTE, messages=messages)


def watched(desk: Desk, loop: Loop) -> list[Progress]:
    """What screens are told while a sync runs; each page takes a quarter of a second."""
    told: list[Progress] = []
    for _ in range(5_000):
        if loop.ended():
            loop.drain()
            return told
        before = loop.meter.pages_done
        loop.turn(0.1 if loop.schedule.in_flight else 0)
        desk.clock.advance(0.25 * (loop.meter.pages_done - before) or 0.01)
        found = sync_progress.read(desk.writer.cache)
        if found is not None and (not told or told[-1] != found.progress):
            told.append(found.progress)
    raise AssertionError("the sync does not end")


def test_screens_are_told_of_chats_then_of_messages_then_of_older_ones(desk: Desk) -> None:
    world(desk, 60, messages=150)
    loop = desk.loop(Mode.ONCE)
    told = watched(desk, loop)
    phases = list(dict.fromkeys(each.phase for each in told if each.phase != "profiles"))
    assert phases == ["messages", "history"]
    read = [each.chats_read for each in told]
    assert read == sorted(read)
    assert {each.chats_total for each in told if each.phase != "profiles"} == {60}
    assert [each.messages for each in told] == sorted(each.messages for each in told)
    assert told[-1].messages > 60 * 100
    assert sync_progress.read(desk.writer.cache) is None, "it is through"


def test_counts_go_towards_what_there_is_and_the_estimate_towards_nothing(desk: Desk) -> None:
    world(desk, 120, messages=120)
    loop = desk.loop(Mode.ONCE)
    began = desk.clock.seconds
    told = [each for each in watched(desk, loop) if each.seconds_left is not None]
    whole = desk.clock.seconds - began
    assert len(told) > 5
    left = [each.pages_left for each in told if each.pages_left is not None]
    assert left == sorted(left, reverse=True)
    middle = told[len(told) // 2]
    assert middle.seconds_left is not None
    assert (whole - middle.seconds) / 3 < middle.seconds_left < (whole - middle.seconds) * 3
    shares = [each.share for each in told if each.share is not None]
    assert shares == sorted(shares)
    assert shares[-1] > 0.9


def test_what_is_fetched_at_once_is_not_announced(shop: Desk) -> None:
    loop = shop.loop(Mode.FOLLOW)
    shop.settle(loop)
    for number in range(5):
        shop.api.add_message("c1", shop.api.now + number, f"news {number}")
        shop.pass_time(loop, 5)
        assert sync_progress.read(shop.writer.cache) is None


def test_a_sync_that_has_come_to_rest_costs_no_counting_and_no_write(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = shop.loop(Mode.FOLLOW)
    shop.settle(loop)
    shop.pass_time(loop, 30, step=1)
    counted = []
    monkeypatch.setattr(Meter, "measure", lambda *_, **__: counted.append(1))
    before = shop.value("SELECT value FROM meta WHERE key = 'rev'")
    shop.pass_time(loop, 120, step=1)
    assert counted == []
    assert shop.value("SELECT value FROM meta WHERE key = 'rev'") == before


def test_while_nothing_comes_nothing_is_written_and_what_was_told_stays(desk: Desk) -> None:
    world(desk, 80)
    loop = desk.loop(Mode.FOLLOW)
    while (found := sync_progress.read(desk.writer.cache)) is None or found.progress.chats_read < 10:
        loop.turn(0.1 if loop.schedule.in_flight else 0)
        desk.clock.advance(0.25)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("gone")

    desk.api.bend = refuse
    desk.pass_time(loop, 20, step=1)
    before = sync_progress.read(desk.writer.cache)
    assert before is not None
    rev = desk.value("SELECT value FROM meta WHERE key = 'rev'")
    desk.pass_time(loop, 60, step=1)
    assert sync_progress.read(desk.writer.cache) == before
    assert desk.value("SELECT value FROM meta WHERE key = 'rev'") == rev
    desk.api.bend = None
    desk.pass_time(loop, 60, step=1)
    assert sync_progress.read(desk.writer.cache) is None
    assert desk.value("SELECT count(*) FROM chats WHERE pulled_at IS NULL") == 0


def test_what_a_killed_engine_has_told_is_gone_when_the_next_one_starts(desk: Desk) -> None:
    world(desk, 80)
    loop = desk.loop(Mode.ONCE)
    while sync_progress.read(desk.writer.cache) is None:
        loop.turn(0.1 if loop.schedule.in_flight else 0)
        desk.clock.advance(0.25)
    loop.close()
    assert sync_progress.read(desk.writer.cache) is not None
    desk.sync()
    assert sync_progress.read(desk.writer.cache) is None


def test_what_another_version_has_told_is_passed_over(desk: Desk) -> None:
    desk.writer.cache.execute("INSERT INTO meta VALUES ('sync_progress', '{\"at\": 1, \"pages\": 3}')")
    assert sync_progress.read(desk.writer.cache) is None
    desk.loop(Mode.FOLLOW)
    assert desk.value("SELECT 1 FROM meta WHERE key = 'sync_progress'") is None
