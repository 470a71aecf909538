"""An engine brings the search index up to date in small steps, and never keeps a screen waiting for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inbox_tui.core.models import Message
from inbox_tui.core.progress import in_words
from inbox_tui.store import erasure, index, sync_progress, writes
from inbox_tui.sync import indexing, progress
from inbox_tui.sync.indexing import Indexing
from inbox_tui.sync.loop import Loop, Mode
from tests.sync.conftest import Desk
from tests.sync.fake_api import MINUTE, START


@pytest.fixture
def synced(desk: Desk) -> Desk:
    """Six chats of thirty messages, whose index is lost."""
    desk.api.add_profile()
    for number in range(6):
        desk.api.add_chat(f"c{number}", START - number * MINUTE, messages=30)
    desk.sync()
    index.reset(desk.writer.cache)
    desk.writer.index_is_behind = True
    return desk


def indexed(desk: Desk) -> int:
    return int(str(desk.value("SELECT count(*) FROM messages WHERE pk >= ?", _first(desk))))


def _first(desk: Desk) -> object:
    return desk.value("SELECT value FROM meta WHERE key = 'messages_indexed_from'") or 0


def test_a_sync_that_ends_has_indexed_everything(synced: Desk) -> None:
    assert not index.is_complete(synced.writer.cache)
    synced.sync()
    assert index.is_complete(synced.writer.cache)
    assert index.check(synced.writer.cache, 500) == index.Checked(180, 0, 0)


def test_each_turn_of_a_following_engine_takes_one_slice_and_the_rest_of_its_work(
    synced: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "FIRST_ROWS", 40)
    monkeypatch.setattr(indexing, "MOST_ROWS", 40)
    loop = synced.loop(Mode.FOLLOW)
    seen = []
    while loop.indexing.is_behind:
        loop.turn(0)
        seen.append(indexed(synced))
    assert seen[-6:] == [0, 40, 80, 120, 160, 180]
    assert index.is_complete(synced.writer.cache)
    requests = len(synced.api.requests)
    assert requests > 0, "it has looked at the API meanwhile"


def test_how_much_is_still_to_be_indexed_is_told_while_it_takes_long(
    synced: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MOST_SHARE", float("inf"))
    loop = synced.loop(Mode.FOLLOW)
    with monkeypatch.context() as patch:
        # It stands still, and the loop does not wait for it.
        patch.setattr(Indexing, "turn", lambda self, *, short: None)
        patch.setattr(Loop, "_indexes", False)
        synced.pass_time(loop, 4)
        assert in_words(loop.progress(), 80) == "search index: 180 messages to go"
        published = sync_progress.read(synced.writer.cache)
        assert published is not None
        assert published.progress.unindexed == 180
    while loop.indexing.is_behind:
        loop.turn(0)
    synced.pass_time(loop, 4)
    assert loop.progress().phase == "up to date"
    assert sync_progress.read(synced.writer.cache) is None


def test_a_slice_keeps_to_its_time_which_is_short_while_a_screen_lives(synced: Desk) -> None:
    now = 0.0

    def clock() -> float:
        return now

    sizes: list[int] = []
    build = index.build

    def slow(cache: object, rows: int) -> bool:
        nonlocal now
        now += rows * 0.001
        sizes.append(rows)
        return build(synced.writer.cache, 2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexing.index, "build", slow)
        work = Indexing(synced.writer, clock)
        for _ in range(4):
            work.turn(short=True)
        for _ in range(2):
            work.turn(short=False)
    assert sizes == [100, 10, 10, 10, 10, 20]


def test_words_of_a_deleted_message_are_merged_away_by_the_engine_where_the_index_is_large(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SMALL_PAGES", 0)
    desk.api.add_profile()
    desk.api.add_chat("c1", START, messages=3)
    loop = desk.sync()
    told = Message("x", "c1", "inbound", "received", START, body="zqxsecret")
    writes.apply_messages(desk.writer, [writes.MessagePage("c1", [told])])
    gone = replace(told, body=None, deleted_at=START + 1)
    writes.apply_messages(desk.writer, [writes.MessagePage("c1", [gone])])
    assert desk.writer.index_is_behind
    loop = desk.loop(Mode.FOLLOW)
    desk.settle(loop)
    while loop.indexing.is_behind:
        loop.turn(0)
    assert not index.words_left(desk.writer.cache)
    assert erasure.erase(desk.writer.cache)
    assert b"xsecret" not in desk.writer.folder.cache.read_bytes()


def test_a_large_index_is_not_merged_for_each_deletion(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SMALL_PAGES", 0)
    desk.api.add_profile()
    desk.api.add_chat("c1", START, messages=3)
    desk.sync()
    now = 0.0
    work = Indexing(desk.writer, lambda: now)

    def delete(name: str) -> None:
        told = Message(name, "c1", "inbound", "received", START, body=f"words of {name}")
        for message in (told, replace(told, body=None, deleted_at=START + 1)):
            writes.apply_messages(desk.writer, [writes.MessagePage("c1", [message])])

    delete("x")
    while work.is_behind:
        work.turn(short=True)
    assert not index.words_left(desk.writer.cache)
    delete("y")
    assert not work.is_behind
    now = indexing.REST_SECONDS
    assert work.is_behind
    while work.is_behind:
        work.turn(short=True)
    assert not index.words_left(desk.writer.cache)
