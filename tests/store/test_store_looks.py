"""How fresh profiles and chats are: times of looks that found nothing, at no cost to the databases."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOW

from inbox_tui.store import looks
from inbox_tui.store.db import Folder
from inbox_tui.store.looks import BUCKETS, WAYS, Freshness, freshness

MINUTE = 60_000
SIZE = BUCKETS * WAYS * 16


def test_the_look_at_a_chat_is_remembered_and_the_next_one_takes_its_place(folder: Folder) -> None:
    assert looks.chat_looked_at(folder, "c1") is None
    looks.touch_chat(folder, "c1", NOW)
    looks.touch_chat(folder, "c2", NOW + 1)
    looks.touch_chat(folder, "c1", NOW + 2)
    assert looks.chat_looked_at(folder, "c1") == NOW + 2
    assert looks.chat_looked_at(folder, "c2") == NOW + 1
    assert looks.chat_looked_at(folder, "c3") is None


def test_any_number_of_chats_costs_one_file_of_a_fixed_size(folder: Folder) -> None:
    for number in range(3 * BUCKETS * WAYS):
        looks.touch_chat(folder, f"chat-{number}", NOW + number)
    files = list(folder.looks.iterdir())
    assert [file.stat().st_size <= SIZE for file in files] == [True]
    assert files[0].stat().st_mode & 0o077 == 0
    known = looks.all_chats_looked_at(folder)
    newest = [known(f"chat-{number}") for number in range(2 * BUCKETS * WAYS, 3 * BUCKETS * WAYS)]
    assert len([at for at in newest if at is not None]) > 0.7 * len(newest)
    assert known(f"chat-{3 * BUCKETS * WAYS - 1}") == NOW + 3 * BUCKETS * WAYS - 1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None)
def test_what_is_remembered_of_a_chat_is_its_last_look_or_nothing(steps: list[tuple[int, int]]) -> None:
    """Chats that share a place push the one out that was looked at longest ago, never a newer one."""
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(Path(path), "test")
        folder.looks.mkdir()
        told: dict[str, int] = {}
        at = NOW
        for number, pause in steps:
            at += pause
            told[f"c{number}"] = at
            looks.touch_chat(folder, f"c{number}", at)
        known = looks.all_chats_looked_at(folder)
        for chat_id, last in told.items():
            assert known(chat_id) == looks.chat_looked_at(folder, chat_id)
            assert known(chat_id) in (last, None)
        newest = sorted(told.items(), key=lambda each: each[1])[-WAYS:]
        assert [known(chat_id) for chat_id, _ in newest] == [last for _, last in newest]


def test_a_chat_with_a_name_that_is_no_file_name_has_a_look_like_any_other(folder: Folder) -> None:
    for name in ("..", "a/b", "\N{SNOWMAN}", ""):
        looks.touch_chat(folder, name, NOW)
        assert looks.chat_looked_at(folder, name) == NOW
    assert [file.name for file in folder.looks.iterdir()] == ["chats.table"]


def test_no_profile_can_take_the_place_of_the_chats(folder: Folder) -> None:
    looks.touch_look(folder, "chats.table", NOW)
    looks.touch_chat(folder, "c1", NOW)
    assert looks.looked_at(folder, "chats.table") == NOW
    assert len(list(folder.looks.iterdir())) == 2


def test_the_list_vouches_for_a_chat_of_which_everything_is_read() -> None:
    """Edits, receipts and reactions move nothing in the list: for them only a look at the chat counts."""
    looked, listed = NOW - 9 * MINUTE, NOW - 4_000
    assert freshness(looked, listed, read_at=NOW - 60 * MINUTE, complete=True) == Freshness(looked, listed)


def test_the_list_does_not_vouch_for_a_chat_with_messages_that_are_not_read() -> None:
    looked, listed = NOW - 9 * MINUTE, NOW - 4_000
    assert freshness(looked, listed, read_at=NOW - 60 * MINUTE, complete=False) == Freshness(looked, looked)


def test_a_page_that_brought_something_was_a_look_too() -> None:
    read_at = NOW - MINUTE
    assert freshness(None, None, read_at=read_at, complete=True) == Freshness(read_at, read_at)
    assert freshness(NOW - 5 * MINUTE, None, read_at=read_at, complete=True).looked_at == read_at


def test_a_chat_that_was_never_read_is_as_of_no_time_whatever_an_earlier_cache_held() -> None:
    assert freshness(NOW, NOW, read_at=None, complete=False) == Freshness(None, None)
