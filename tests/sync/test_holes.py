"""What a look could not see is found by counting, or by looking once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from inbox_tui.sync.loop import Mode
from inbox_tui.sync.threads import REFRESH
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, MINUTE, START
from tests.sync.rehearsal import Stage, one, options, stage


def spoil(desk: Desk, *numbers: int) -> None:
    """Make the first row unreadable in the answers to some requests for messages, counted from now."""
    asked = 0

    def bend(request: httpx.Request) -> httpx.Response | None:
        nonlocal asked
        if not request.url.path.endswith("/messages"):
            return None
        asked += 1
        if asked - 1 not in numbers:
            return None
        rows = sorted(desk.api.messages["c1"], key=lambda m: str(m["created_at"]), reverse=True)
        page = desk.api._page(request, rows).json()
        page["data"][0] = {"id": None, "unexpected": page["data"][0]["id"]}
        return httpx.Response(200, json=page)

    desk.api.bend = bend


@pytest.mark.parametrize("number", range(4))
def test_a_record_that_could_not_be_read_for_once_is_there_in_the_end(desk: Desk, number: int) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - HOUR, messages=330)
    spoil(desk, number)
    desk.sync(history=None)
    assert desk.value("SELECT messages FROM chats") == 330
    assert desk.value("SELECT count(*) FROM chats WHERE gap_page IS NOT NULL") == 0


def test_the_newest_message_that_could_not_be_read_for_once_counts_as_unread_when_it_can(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - HOUR, messages=5)
    desk.sync()
    desk.api.add_message("c1", START, "The one that counts")
    spoil(desk, 0)
    desk.sync()
    assert desk.value("SELECT preview FROM chats") == "The one that counts"
    assert desk.value("SELECT unread FROM chats") == 6


def test_a_record_that_can_never_be_read_is_looked_for_once_in_a_run(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - HOUR, messages=230)
    desk.api.messages["c1"][7]["id"] = {"not": "an id"}
    desk.sync(history=None)
    assert desk.value("SELECT messages FROM chats") == 229
    loop = desk.loop(Mode.FOLLOW, history=None)
    desk.settle(loop)
    for index in range(3):
        desk.api.add_message("c1", START + index * MINUTE)
        desk.pass_time(loop, 60, step=5)
        if index == 0:
            desk.api.requests = []
    assert desk.value("SELECT messages FROM chats") == 232
    # A look for each message and some that come round, but no page behind the newest any more.
    assert desk.api.count("/c1/messages") <= 12
    assert loop.pull.backlog("p1") is None


def test_messages_that_were_missed_in_the_middle_are_noticed_by_their_number(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - HOUR, messages=2 * REFRESH)
    desk.sync()
    desk.writer.cache.execute("DELETE FROM messages WHERE id IN ('m5', 'm6')")
    desk.writer.cache.execute("UPDATE chats SET messages = messages - 2")
    desk.api.add_message("c1", START)
    desk.sync()
    assert desk.ids("messages") == {str(message["id"]) for message in desk.api.messages["c1"]}


@pytest.fixture
def scene(tmp_path: Path, empty: Path) -> Iterator[Stage]:
    with stage(tmp_path, empty, options()) as scene:
        yield scene


def test_a_message_of_the_second_that_was_read_already_is_found_by_the_next_sync(
    scene: Stage,
) -> None:
    """Telegram tells times in whole seconds, and a second message of one moves its chat in no list."""
    scene.sync()
    with scene.world.read() as database:
        chat = database.value(
            "select c.no from chats c join profiles p on p.no = c.profile where p.platform = 'telegram'"
        )
    moment = scene.world.now() // 1000 * 1000
    for words in ("One moment", "please!"):
        with scene.world.write():
            scene.life.receive(chat, words, {"posted_at": moment})
        scene.sync()
        assert known(scene, "messages WHERE body = ?", words) == 1
    assert known(scene, "chats WHERE pulled_for IS NOT last_message_at") == 1
    scene.advance(10)
    scene.sync()
    assert known(scene, "chats WHERE pulled_for IS NOT last_message_at") == 0


def known(scene: Stage, what: str, *values: object) -> int:
    return int(str(one(scene.folder, f"SELECT count(*) FROM {what}", *values)))
