"""Lists of chats and messages enter the cache whole, whatever the paging does."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox_tui.store import writes
from inbox_tui.store.db import now_ms
from inbox_tui.store.writer import Writer
from inbox_tui.sync.listing import Cursor
from inbox_tui.sync.loop import READERS, Mode
from inbox_tui.sync.schedule import Kind
from inbox_tui.sync.threads import REFRESH
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, MINUTE, START


def rev(desk: Desk) -> object:
    return desk.value("SELECT value FROM meta WHERE key = 'rev'")


def test_a_first_sync_brings_every_chat_and_its_newest_messages(desk: Desk) -> None:
    for name in ("p1", "p2"):
        desk.api.add_profile(name)
        for index in range(130):
            desk.api.add_chat(f"{name}-{index}", START - index * MINUTE, name, messages=3)
    loop = desk.sync()
    assert len(desk.ids("chats")) == 260
    assert len(desk.ids("messages")) == 780
    assert loop.progress().phase == "up to date"
    assert loop.progress().chats_total == loop.progress().chats_read == 260
    assert desk.value("SELECT count(*) FROM chats WHERE estimated OR NOT history_done") == 0
    assert desk.value("SELECT min(walked) FROM profiles") == 1


def test_a_chat_whose_last_message_came_just_now_is_read_and_looked_at_again_by_the_next_sync(
    desk: Desk,
) -> None:
    desk.api.ahead = 0
    desk.api.add_profile()
    desk.api.add_chat("c1", now_ms(), messages=3)
    progress = desk.sync().progress()
    assert (progress.phase, progress.chats_read) == ("up to date", 1)
    desk.api.requests = []
    desk.sync()
    assert "GET /api/chats/c1/messages" in desk.api.requests


def test_the_list_is_usable_before_any_message_was_read(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(250):
        desk.api.add_chat(f"c{index}", START - index * MINUTE)

    def no_messages_yet(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(503, json={}) if request.url.path.endswith("/messages") else None

    desk.api.bend = no_messages_yet
    loop = desk.loop(Mode.FOLLOW)
    while not desk.ids("chats"):
        loop.turn()
    assert desk.value("SELECT min(estimated) FROM chats") == 1
    assert desk.value("SELECT id FROM chats ORDER BY sort_at DESC LIMIT 1") == "c0"


def test_newest_pages_are_read_most_recent_first(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(40):
        desk.api.add_chat(f"c{index}", START - index * MINUTE)
    desk.sync()
    read = [r.split("/")[3] for r in desk.api.requests if r.endswith("/messages")]
    # Eight are asked for at a time, and which of those is heard first is chance.
    assert all(int(name[1:]) - place < READERS for place, name in enumerate(read))


def test_a_sync_with_nothing_new_writes_nothing_and_costs_one_request_a_profile(desk: Desk) -> None:
    for name in ("p1", "p2"):
        desk.api.add_profile(name)
        for index in range(30):
            desk.api.add_chat(f"{name}-{index}", START - index * MINUTE, name)
    desk.sync()
    before, desk.api.requests = rev(desk), []
    local_before = desk.writer.local.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
    desk.sync()
    assert sorted(desk.api.requests) == [
        "GET /api/profile_groups",
        "GET /api/profiles",
        "GET /api/profiles/p1/chats",
        "GET /api/profiles/p2/chats",
    ]
    assert rev(desk) == before
    assert desk.writer.local.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone() == local_before


def test_an_interrupted_first_sync_goes_on_where_it_was(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(450):
        desk.api.add_chat(f"c{index}", START - index * MINUTE)
    loop = desk.loop(Mode.ONCE)
    while len(desk.ids("messages")) < 120:
        loop.turn()
    known = {r for r in desk.api.requests if r.endswith("/messages")}
    in_flight = len(loop.schedule.in_flight)
    lists = desk.api.count("/p1/chats")
    desk.api.requests = []
    desk.sync()
    again = known & set(desk.api.requests)
    assert len(again) <= in_flight
    # The newest page once more, and the page at which the walk stood.
    assert lists + desk.api.count("/p1/chats") <= 5 + 3
    assert len(desk.ids("chats")) == len(desk.ids("messages")) == 450


@pytest.mark.parametrize("nulls_first", [False, True])
def test_chats_without_a_message_are_found_at_either_end_of_the_list(desk: Desk, nulls_first: bool) -> None:
    desk.api.nulls_first = nulls_first
    desk.api.add_profile()
    for index in range(230):
        desk.api.add_chat(f"c{index}", START - index * MINUTE if index % 10 else None)
    desk.sync()
    assert len(desk.ids("chats")) == 230


def test_chats_of_the_same_millisecond_are_told_apart_by_page_number(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(350):
        desk.api.add_chat(f"c{index}", START - (HOUR if 20 < index < 330 else index))
    desk.sync()
    assert len(desk.ids("chats")) == 350


def test_a_cursor_moves_by_time_and_by_number_only_where_time_stands_still() -> None:
    assert Cursor(1000).behind(500, 9) == Cursor(501)
    assert Cursor(501).behind(500, 9) == Cursor(501, 1, 9)
    assert Cursor(501, 1, 9).behind(499, 9) == Cursor(500)
    assert Cursor(501).behind(None, 9) == Cursor(501, 1, 9)


def test_a_list_from_which_a_chat_moved_up_is_read_again_where_only_numbers_tell_chats_apart() -> None:
    assert Cursor(501, 1, 9).has_shifted(8)
    assert not Cursor(501, 1, 9).has_shifted(9)
    assert not Cursor(501, 0, 9).has_shifted(8)
    assert not Cursor(501, 1, None).has_shifted(None)


def test_a_server_that_cuts_pages_shorter_hides_nothing(desk: Desk) -> None:
    desk.api.max_per_page = 30
    desk.api.add_profile()
    for index in range(170):
        desk.api.add_chat(f"c{index}", START - index * MINUTE if index % 7 else None)
    desk.api.add_chat("long", START, messages=200)
    desk.sync(history=None)
    assert len(desk.ids("chats")) == 171
    assert desk.value("SELECT messages FROM chats WHERE id = 'long'") == 200


def test_a_chat_that_moves_to_the_top_during_the_walk_is_not_lost(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(320):
        desk.api.add_chat(f"c{index}", START - index * MINUTE)
    moved: list[str] = []

    def move_one_up(request: httpx.Request) -> httpx.Response | None:
        if request.url.params.get("before") and len(moved) < 3:
            chat_id = f"c{310 - len(moved)}"
            moved.append(chat_id)
            desk.api.add_message(chat_id, desk.api.now)
        return None

    desk.api.bend = move_one_up
    desk.sync()
    assert moved
    assert len(desk.ids("chats")) == 320


def test_a_known_chat_that_gets_news_during_a_walk_over_other_news_is_read_too(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(300):
        desk.api.add_chat(f"c{index}", START - 48 * HOUR - index * MINUTE)
    desk.sync()
    for index in range(150):
        desk.api.add_message(f"c{index}", START + index * MINUTE)
    desk.clock.advance(24 * 3600)
    late: list[object] = []

    def news_meanwhile(request: httpx.Request) -> httpx.Response | None:
        if request.url.params.get("before") and not late:
            late.append(desk.api.add_message("c299", desk.api.now)["id"])
        return None

    desk.api.bend = news_meanwhile
    desk.sync()
    assert late
    assert late[0] in desk.ids("messages")


def test_more_news_than_a_page_since_the_last_sync_is_walked_down_to_what_was_known(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(300):
        desk.api.add_chat(f"c{index}", START - 48 * HOUR - index * MINUTE)
    desk.sync()
    for index in range(250):
        desk.api.add_message(f"c{299 - index}", START + index * MINUTE)
    desk.clock.advance(24 * 3600)
    desk.api.requests = []
    desk.sync()
    assert desk.value("SELECT count(*) FROM messages") == 550
    # The top, the walk to what was known, and the top once more: not the whole list again.
    assert desk.api.count("/p1/chats") <= 5


def test_a_kill_between_the_pages_of_a_long_absence_leaves_no_hole(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(300):
        desk.api.add_chat(f"c{index}", START - 48 * HOUR - index * MINUTE)
    desk.sync()
    for index in range(250):
        desk.api.add_message(f"c{299 - index}", START + index * MINUTE)
    desk.clock.advance(24 * 3600)
    loop = desk.loop(Mode.ONCE)
    while desk.value("SELECT walked FROM profiles") == 1:
        loop.turn()
    for _ in range(20):
        loop.turn()
        if desk.value("SELECT walked FROM profiles") == 1:
            pytest.fail("the walk ended before it could be cut off")
        if desk.api.count("/p1/chats") >= 3:
            break
    desk.sync()
    assert desk.value("SELECT count(*) FROM messages") == 550


def test_a_gap_between_the_newest_page_and_the_cache_is_closed_before_older_history(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - 48 * HOUR, messages=400)
    desk.sync()
    assert desk.value("SELECT messages FROM chats") == 200
    for index in range(350):
        desk.api.add_message("c1", START - 40 * HOUR + index * MINUTE)
    desk.sync()
    assert desk.value("SELECT messages FROM chats") == 200 + 350
    assert desk.value("SELECT gap_at FROM chats") is None
    assert desk.value("SELECT count(*) FROM messages WHERE arrived IS NULL") == 100


def test_a_gap_that_was_being_closed_is_closed_by_the_next_run(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - 48 * HOUR, messages=40)
    desk.sync()
    for index in range(350):
        desk.api.add_message("c1", START - 40 * HOUR + index * MINUTE)
    loop = desk.loop(Mode.ONCE)
    while desk.value("SELECT gap_page FROM chats") != 1:
        loop.turn()
    for index in range(50):
        desk.api.add_message("c1", START + index * MINUTE)
    desk.sync()
    assert desk.value("SELECT messages FROM chats") == 440
    assert desk.value("SELECT gap_page FROM chats") is None


def test_history_stops_at_the_setting_and_a_full_sync_takes_all(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START, messages=730)
    desk.sync(history=300)
    assert desk.value("SELECT messages FROM chats") == 300
    desk.api.requests = []
    desk.sync(history=None)
    assert desk.value("SELECT messages FROM chats") == 730
    assert desk.value("SELECT history_done FROM chats") == 1
    assert desk.api.count("/messages") == 5


def test_the_history_of_the_setting_is_read_from_a_server_with_shorter_pages_too(desk: Desk) -> None:
    desk.api.max_per_page = 40
    desk.api.add_profile()
    desk.api.add_chat("c1", START, messages=500)
    desk.sync(history=200)
    assert desk.value("SELECT messages FROM chats") == 200


def test_messages_that_arrive_while_history_is_read_shift_pages_and_hide_none(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START, messages=730)

    def shift(request: httpx.Request) -> httpx.Response | None:
        if request.url.params.get("page", "0") != "0" and request.url.path.endswith("/messages"):
            for later in range(1, 8):
                desk.api.add_message("c1", START + desk.api.count("/messages") * 10 + later)
        return None

    desk.api.bend = shift
    desk.sync(history=None)
    desk.api.bend = None
    desk.sync(history=None)
    assert len(desk.ids("messages")) == len(desk.api.messages["c1"])


def test_a_look_at_a_known_chat_asks_for_a_short_page(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - HOUR, messages=90)
    desk.sync()
    sizes: list[str | None] = []

    def note(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/messages"):
            sizes.append(request.url.params.get("per_page"))
        return None

    desk.api.bend = note
    desk.api.add_message("c1", START)
    desk.sync()
    assert sizes == [str(REFRESH)]
    assert desk.value("SELECT messages FROM chats") == 91


def test_a_record_that_cannot_be_read_costs_only_itself_and_is_set_aside(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START, messages=3)
    desk.api.add_chat("c2", START)
    desk.api.chat("c2")["id"] = None
    desk.api.messages["c1"][1]["id"] = {"not": "an id"}
    desk.sync()
    assert desk.ids("chats") == {"c1"}
    assert len(desk.ids("messages")) == 2
    assert desk.value("SELECT count(*) FROM quarantine") == 2
    desk.api.requests = []
    desk.sync()
    # The newest page, and one look through the list for the chat that the API counts.
    assert desk.api.count("/p1/chats") <= 3


def test_a_chat_that_the_api_does_not_give_costs_only_itself(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(20):
        desk.api.add_chat(f"c{index}", START - index * MINUTE)
    del desk.api.messages["c3"]
    loop = desk.sync()
    assert len(desk.ids("messages")) == 19
    assert [error.exit_code for error in loop.troubles.errors] == [1]


@pytest.mark.parametrize("answer", [httpx.Response(403), httpx.ReadTimeout("no answer")])
def test_a_chat_that_is_refused_or_never_answers_costs_only_itself_and_the_sync_ends(
    desk: Desk, answer: httpx.Response | Exception
) -> None:
    desk.api.add_profile()
    desk.api.add_chat("bad", START - MINUTE)
    for index in range(20):
        desk.api.add_chat(f"good{index}", START - HOUR - index)

    def bend(request: httpx.Request) -> httpx.Response | None:
        if "/bad/" in request.url.path and isinstance(answer, Exception):
            raise answer
        return answer if "/bad/" in request.url.path else None

    desk.api.bend = bend
    loop = desk.sync()
    assert desk.value("SELECT count(*) FROM chats WHERE pulled_at IS NOT NULL") == 20
    assert len(loop.troubles.errors) == 1
    assert loop.troubles.faults == {}


def test_a_profile_that_the_api_lists_no_more_is_kept_and_not_looked_at(desk: Desk) -> None:
    desk.api.add_profile("p1")
    desk.api.add_profile("p2")
    desk.api.add_chat("c1", START, "p1")
    desk.sync()
    gone = desk.api.profiles.pop(0)
    desk.api.requests = []
    desk.sync()
    assert desk.value("SELECT status FROM profiles WHERE id = ?", gone["id"]) == "gone"
    assert desk.api.count("/p1/") == 0
    assert desk.ids("chats") == {"c1"}


def test_a_profile_whose_record_cannot_be_read_is_not_taken_for_gone(desk: Desk) -> None:
    desk.api.add_profile("p1")
    desk.api.add_profile("p2")
    desk.sync()
    desk.api.profiles[0] = {"id": ["no"], "platform": 3}
    desk.sync()
    assert desk.value("SELECT count(*) FROM profiles WHERE status = 'gone'") == 0


def test_a_network_without_direct_messages_is_no_fault(desk: Desk) -> None:
    desk.api.add_profile("p1")
    desk.api.add_profile("p2", platform="linkedin")

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if "/p2/" in request.url.path:
            return httpx.Response(422, json={"error": "Direct messages are not supported on linkedin"})
        return None

    desk.api.bend = refuse
    loop = desk.sync()
    assert loop.troubles.errors == []
    assert desk.value("SELECT fault_title FROM profiles WHERE id = 'p2'") is None


def test_a_key_of_one_group_that_may_not_list_groups_still_syncs(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("profile_groups"):
            return httpx.Response(422, json={"error": "Your API key has no such permission"})
        return None

    desk.api.bend = refuse
    desk.sync()
    assert desk.ids("chats") == {"c1"}


def test_the_group_of_a_profile_is_named_on_calls_about_it(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START)
    groups: set[str | None] = set()

    def note(request: httpx.Request) -> httpx.Response | None:
        if "chats" in request.url.path:
            groups.add(request.url.params.get("profile_group_id"))
        return None

    desk.api.bend = note
    desk.sync()
    assert groups == {"g1"}


def test_the_first_sync_is_dated_once(desk: Desk) -> None:
    desk.api.add_profile()
    desk.sync()
    first = desk.writer.local.execute("SELECT value FROM meta WHERE key = 'first_sync_at'").fetchone()
    desk.clock.advance(3600)
    desk.sync()
    assert first == desk.writer.local.execute("SELECT value FROM meta WHERE key = 'first_sync_at'").fetchone()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=60),
    cut=st.integers(3, 20),
    nulls_first=st.booleans(),
)
def test_any_list_of_chats_is_listed_whole(
    desk: Desk, times: list[int | None], cut: int, nulls_first: bool
) -> None:
    for table in ("profiles", "chats", "messages"):
        desk.writer.cache.execute(f"DELETE FROM {table}")
    desk.api.profiles, desk.api.chats, desk.api.messages = [], {}, {}
    desk.api.max_per_page, desk.api.nulls_first = cut, nulls_first
    desk.api.add_profile()
    for index, at in enumerate(times):
        desk.api.add_chat(f"c{index}", None if at is None else START - at, messages=0)
    desk.sync()
    assert len(desk.ids("chats")) == len(times)


def test_pages_are_applied_in_one_transaction_while_no_screen_lives(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.api.add_profile()
    for index in range(60):
        desk.api.add_chat(f"c{index}", START - index * MINUTE)
    sizes: list[int] = []
    apply = writes.apply_messages

    def note(writer: Writer, pages: list[writes.MessagePage]) -> writes.Applied:
        sizes.append(len(pages))
        return apply(writer, pages)

    monkeypatch.setattr(writes, "apply_messages", note)
    desk.sync()
    assert sum(sizes) == 60
    assert max(sizes) > 1


def test_kinds_are_ordered_by_urgency() -> None:
    assert Kind.WANTED < Kind.OPEN < Kind.SENT < Kind.CHATS < Kind.GAP < Kind.NEWEST < Kind.HISTORY
