"""Following: what people look at stays fresh, what fails says so, and idling costs next to nothing."""

from __future__ import annotations

import os

import httpx
import pytest

from inbox_tui.api.client import Client
from inbox_tui.store import looks, lookups, marks, screens
from inbox_tui.store.db import open_reader
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.schedule import STOPPED_SECONDS
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, MINUTE, START, Bend


def following(desk: Desk, **more: object) -> Loop:
    """A loop that follows; what it asked for at first is not counted."""
    loop = desk.following(**more)
    desk.api.requests = []
    return loop


def rev(desk: Desk) -> tuple[object, object]:
    (local_rev,) = desk.writer.local.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
    return desk.value("SELECT value FROM meta WHERE key = 'rev'"), local_rev


def show(desk: Desk, chat_id: str | None) -> None:
    """This process is a screen that shows a chat."""
    screens.show(desk.writer, chat_id)


def faults(desk: Desk) -> dict[str, tuple[str | None, str | None]]:
    reader = open_reader(desk.writer.folder)
    rows = lookups.profiles(reader)
    reader.close()
    return {row.profile.id: (row.fault_title, row.fault_hint) for row in rows}


def failing(path: str, answer: httpx.Response | Exception) -> Bend:
    def bend(request: httpx.Request) -> httpx.Response | None:
        if path not in request.url.path:
            return None
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    return bend


@pytest.fixture
def quiet(desk: Desk) -> Desk:
    """Two profiles whose chats were last active two days ago, synced."""
    for name in ("p1", "p2"):
        desk.api.add_profile(name)
        for index in range(5):
            desk.api.add_chat(f"{name}-{index}", START - 48 * HOUR - index * MINUTE, name)
    desk.sync()
    return desk


def test_a_new_message_is_in_the_cache_within_seconds(shop: Desk) -> None:
    loop = following(shop)
    shop.api.add_message("c1", shop.api.now + 1000, "Anybody there?")
    shop.pass_time(loop, 8)
    assert shop.value("SELECT count(*) FROM messages WHERE body = 'Anybody there?'") == 1
    assert shop.value("SELECT unanswered FROM chats WHERE id = 'c1'") == 2


def test_a_new_chat_is_in_the_cache_within_seconds(shop: Desk) -> None:
    loop = following(shop)
    shop.api.add_chat("c2", shop.api.now + 1000)
    shop.pass_time(loop, 8)
    assert shop.value("SELECT messages FROM chats WHERE id = 'c2'") == 1


def test_a_chat_with_a_time_to_come_does_not_hide_what_is_new_in_the_others(quiet: Desk) -> None:
    quiet.api.add_chat("from the future", START + 400 * 24 * HOUR, "p1")
    loop = following(quiet)
    quiet.pass_time(loop, 70, step=1)
    quiet.api.add_message("p1-4", quiet.api.now, "Hello")
    quiet.pass_time(loop, 66, step=1)
    assert quiet.value("SELECT count(*) FROM messages WHERE body = 'Hello'") == 1


def test_an_idle_look_costs_one_request_a_profile_and_writes_nothing(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.pass_time(loop, 120, step=1)
    before, quiet.api.requests = rev(quiet), []
    quiet.pass_time(loop, 300, step=1)
    assert rev(quiet) == before
    assert {r for r in quiet.api.requests if "/profiles/" not in r} <= {
        "GET /api/profile_groups",
        "GET /api/profiles",
    }
    for name in ("p1", "p2"):
        assert 4 <= quiet.api.count(f"/{name}/chats") <= 7


def test_looks_at_an_open_chat_keep_its_freshness_and_write_nothing(quiet: Desk) -> None:
    show(quiet, "p1-0")
    loop = following(quiet)
    quiet.pass_time(loop, 30)
    before = rev(quiet)
    quiet.pass_time(loop, 60)
    folder = quiet.writer.folder
    looked = looks.chat_looked_at(folder, "p1-0")
    assert looked is not None
    assert quiet.api.now - looked <= 3_000
    assert rev(quiet) == before
    other = looks.chat_looked_at(folder, "p1-1")
    assert other is not None
    assert quiet.api.now - other >= 90_000, "nobody reads it, and its list has not moved"
    show(quiet, None)


def test_a_chat_whose_looks_fail_grows_old(shop: Desk) -> None:
    show(shop, "c1")
    loop = following(shop)
    shop.pass_time(loop, 10)
    shop.api.bend = failing("/c1/messages", httpx.Response(500))
    failed_at = shop.api.now
    shop.pass_time(loop, 60)
    looked = looks.chat_looked_at(shop.writer.folder, "c1")
    assert looked is not None
    assert looked <= failed_at
    show(shop, None)


def test_a_look_whose_time_cannot_be_kept_is_no_fault_of_its_profile(
    quiet: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    loop = following(quiet)
    monkeypatch.setattr("inbox_tui.store.looks.os.utime", deny)
    quiet.api.add_message("p1-1", quiet.api.now, "Hello")
    quiet.pass_time(loop, 70, step=1)
    assert quiet.value("SELECT count(*) FROM messages WHERE body = 'Hello'") == 1
    assert faults(quiet)["p1"] == (None, None)


def test_a_look_that_succeeded_tells_how_fresh_the_profile_is(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.pass_time(loop, 300, step=1)
    age = looks.look_age(quiet.writer.folder, "p1", quiet.api.now)
    assert age is not None
    assert age <= 66_000
    quiet.api.bend = failing("/p1/chats", httpx.Response(500))
    quiet.pass_time(loop, 200, step=1)
    stale = looks.look_age(quiet.writer.folder, "p1", quiet.api.now)
    fresh = looks.look_age(quiet.writer.folder, "p2", quiet.api.now)
    assert stale is not None
    assert fresh is not None
    assert stale >= 200_000 > fresh


def test_an_open_chat_is_looked_at_every_two_seconds_and_not_when_it_is_closed(quiet: Desk) -> None:
    loop = following(quiet)
    show(quiet, "p1-3")
    quiet.pass_time(loop, 20)
    assert 8 <= quiet.api.count("/p1-3/messages") <= 12
    show(quiet, None)
    quiet.pass_time(loop, 2)
    quiet.api.requests = []
    quiet.pass_time(loop, 1200, step=10)
    assert quiet.api.count("/p1-3/messages") == 0


def test_what_moves_no_list_is_seen_in_an_open_chat_at_once(quiet: Desk) -> None:
    loop = following(quiet)
    show(quiet, "p1-3")
    quiet.pass_time(loop, 3)
    quiet.api.messages["p1-3"][0]["reactions"] = [{"sender_external_id": "u", "emoji": "❤️"}]
    quiet.pass_time(loop, 3)
    assert "❤️" in str(
        quiet.value("SELECT reactions FROM messages WHERE id = ?", quiet.api.messages["p1-3"][0]["id"])
    )


def test_a_look_at_an_open_chat_that_finds_nothing_writes_nothing(quiet: Desk) -> None:
    loop = following(quiet)
    show(quiet, "p1-3")
    quiet.pass_time(loop, 5)
    before = rev(quiet)
    quiet.pass_time(loop, 30)
    assert rev(quiet) == before


def test_a_screen_that_died_is_forgotten(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.writer.local.execute("INSERT INTO screens VALUES (4194301, 'p1-3', 0)")
    quiet.pass_time(loop, 5)
    assert screens.open_chats(quiet.writer) == []
    assert quiet.api.count("/p1-3/messages") == 0


def test_chats_of_today_are_looked_at_again_as_edits_move_no_list(shop: Desk) -> None:
    shop.api.messages["c1"][0]["body"] = "edited"
    shop.api.messages["c1"][0]["external_edited_at"] = "2026-06-01T00:00:00.000Z"
    show(shop, None)
    loop = following(shop)
    shop.pass_time(loop, 30)
    assert shop.value("SELECT body FROM messages") == "edited"


def test_a_chat_that_moves_behind_a_full_page_of_others_moves_here_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox_tui.sync.listing.PAGE", 4)
    desk.api.add_profile()
    for index in range(6):
        desk.api.add_chat(f"c{index}", START - index * 1000)
    desk.api.max_per_page = 4
    loop = following(desk)
    late = START - 4_500
    desk.api.add_message("c5", late, "came late")
    desk.pass_time(loop, 100, step=1)
    assert desk.value("SELECT count(*) FROM messages WHERE body = 'came late'") == 1
    assert desk.value("SELECT last_message_at FROM chats WHERE id = 'c5'") == late
    assert desk.value("SELECT last_inbound_at FROM chats WHERE id = 'c5'") == late
    desk.api.requests = []
    desk.pass_time(loop, 60, step=1)
    assert desk.api.count("/c5/messages") <= 2


def test_chats_of_the_day_before_are_left_alone(quiet: Desk) -> None:
    show(quiet, None)
    loop = following(quiet)
    quiet.pass_time(loop, 120, step=1)
    assert quiet.api.count("/messages") == 0


def test_many_active_chats_stay_within_the_budget(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(300):
        desk.api.add_chat(f"c{index}", START - index * 1000)
    desk.sync()
    show(desk, None)
    loop = following(desk)
    desk.pass_time(loop, 20)
    assert 50 <= desk.api.count("/messages") <= 20 * 5 + 6


def test_an_own_message_on_its_way_is_followed_to_its_end(shop: Desk) -> None:
    message = shop.api.add_message(
        "c1", shop.api.now, "From elsewhere", direction="outbound", status="pending"
    )
    loop = following(shop)
    shop.pass_time(loop, 2)
    assert shop.value("SELECT status FROM messages WHERE id = ?", message["id"]) == "pending"
    message["status"] = "failed_waiting_for_retry"
    shop.pass_time(loop, 5)
    assert shop.value("SELECT status FROM messages WHERE id = ?", message["id"]) == "failed_waiting_for_retry"
    message["status"] = "published"
    shop.pass_time(loop, 60, step=1)
    assert shop.value("SELECT status FROM messages WHERE id = ?", message["id"]) == "published"
    shop.api.requests = []
    shop.pass_time(loop, 60, step=1)
    assert shop.api.count(f"/messages/{message['id']}") == 0


def test_a_message_that_was_on_its_way_when_the_engine_ended_is_asked_for_at_the_start(quiet: Desk) -> None:
    then = START - 49 * HOUR
    message = quiet.api.add_message(
        "p1-3", then, "On its way", direction="outbound", status="pending", move=False
    )
    screens.need(quiet.writer, "look", "p1-3")
    quiet.settle(quiet.loop())
    assert quiet.value("SELECT status FROM messages WHERE id = ?", message["id"]) == "pending"
    message["status"] = "published"
    loop = following(quiet)
    quiet.pass_time(loop, 2)
    assert quiet.value("SELECT status FROM messages WHERE id = ?", message["id"]) == "published"


def test_the_reader_at_the_top_gets_one_older_page_at_a_time(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - 48 * HOUR, messages=730)
    desk.sync(history=100)
    loop = following(desk, history=100)
    screens.need(desk.writer, "older", "c1")
    desk.pass_time(loop, 1)
    assert desk.value("SELECT messages FROM chats") == 200
    assert screens.needs(desk.writer) == []
    for _ in range(8):
        screens.need(desk.writer, "older", "c1")
        desk.pass_time(loop, 1)
    assert desk.value("SELECT messages FROM chats") == 730
    assert desk.value("SELECT history_done FROM chats") == 1
    assert screens.needs(desk.writer) == []


def test_a_chat_is_looked_at_when_somebody_asks(quiet: Desk) -> None:
    loop = following(quiet)
    screens.need(quiet.writer, "look", "p2-4")
    quiet.pass_time(loop, 0.5)
    assert quiet.api.count("/p2-4/messages") == 1
    assert screens.needs(quiet.writer) == []
    quiet.pass_time(loop, 3000, step=20)
    assert quiet.api.count("/p2-4/messages") == 1


def test_profiles_are_listed_again_when_somebody_asks(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.add_profile("p3")
    quiet.api.add_chat("new", quiet.api.now, "p3")
    screens.need(quiet.writer, "profiles", "")
    quiet.pass_time(loop, 1)
    assert "new" in quiet.ids("chats")
    assert screens.needs(quiet.writer) == []


def test_a_want_that_nobody_can_meet_is_taken_away(quiet: Desk) -> None:
    loop = following(quiet)
    screens.need(quiet.writer, "older", "no such chat")
    screens.need(quiet.writer, "moon", "full")
    quiet.pass_time(loop, 0.5)
    assert screens.needs(quiet.writer) == []


def test_marks_that_a_killed_screen_left_unfolded_are_folded_at_the_start(shop: Desk) -> None:
    assert shop.value("SELECT unanswered FROM chats WHERE id = 'c1'") == 1
    marks.mark(shop.writer, "c1", "done")
    assert shop.value("SELECT done FROM chats WHERE id = 'c1'") == 0
    following(shop)
    assert shop.value("SELECT done FROM chats WHERE id = 'c1'") == 1
    assert shop.value("SELECT unanswered FROM chats WHERE id = 'c1'") == 0


# Faults


def test_a_profile_that_is_refused_says_so_and_the_others_go_on(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/p1/chats", httpx.Response(403, json={"error": "Account past due"}))
    quiet.pass_time(loop, 70, step=1)
    title, hint = faults(quiet)["p1"]
    assert title == "The API forbids this (Account past due)"
    assert hint
    assert faults(quiet)["p2"] == (None, None)
    quiet.api.add_message("p2-1", quiet.api.now, "still here")
    quiet.pass_time(loop, 70, step=1)
    assert quiet.value("SELECT count(*) FROM messages WHERE body = 'still here'") == 1


def test_a_refused_profile_is_tried_again_after_a_minute_not_before(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/p1/chats", httpx.Response(403))
    quiet.pass_time(loop, 65, step=1)
    quiet.api.requests = []
    quiet.pass_time(loop, 4 * STOPPED_SECONDS, step=1)
    assert 3 <= quiet.api.count("/p1/chats") <= 5
    quiet.api.bend = None
    quiet.pass_time(loop, STOPPED_SECONDS + 2, step=1)
    assert faults(quiet)["p1"] == (None, None)


def test_a_refused_key_stops_everything_and_every_profile_says_so(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/api/", httpx.Response(401, json={"error": "Invalid API key"}))
    quiet.pass_time(loop, 130, step=1)
    assert all(
        title == "The API does not accept the key (Invalid API key)" for title, _ in faults(quiet).values()
    )
    quiet.api.requests = []
    quiet.pass_time(loop, 60, step=1)
    assert len(quiet.api.requests) <= 6


def test_another_key_is_tried_at_once(quiet: Desk) -> None:
    waiting: list[Client] = []
    loop = following(quiet, another_client=lambda: waiting.pop() if waiting else None)
    quiet.api.bend = lambda request: (
        None if request.headers["authorization"] == "Bearer new" else httpx.Response(401, json={})
    )
    quiet.pass_time(loop, 65, step=1)
    assert all(title for title, _ in faults(quiet).values())
    route = quiet.api._route

    def take_new_key(request: httpx.Request, parts: list[str]) -> httpx.Response:
        request.headers["authorization"] = "Bearer pp_test"
        return route(request, parts)

    quiet.api._route = take_new_key
    waiting.append(quiet.api.client("new"))
    quiet.pass_time(loop, 6, step=1)
    assert all(title is None for title, _ in faults(quiet).values())


def test_no_network_is_said_on_every_profile_and_taken_back_when_it_returns(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/api/", httpx.ConnectError("no route to host"))
    quiet.pass_time(loop, 70, step=1)
    assert all("cannot be reached" in str(title) for title, _ in faults(quiet).values())
    quiet.api.bend = None
    quiet.pass_time(loop, 65, step=1)
    assert all(title is None for title, _ in faults(quiet).values())


def test_a_single_stumble_is_no_fault_and_a_second_one_is(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/p1/chats", httpx.Response(502))
    while quiet.api.count("/p1/chats") < 1:
        quiet.pass_time(loop, 0.1, step=0.1)
    assert faults(quiet)["p1"] == (None, None)
    while quiet.api.count("/p1/chats") < 2:
        quiet.pass_time(loop, 0.1, step=0.1)
    assert faults(quiet)["p1"][0] is not None


def test_a_broken_profile_is_asked_less_and_less_and_delays_nobody(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/p1/chats", httpx.Response(500, json={"error": "boom"}))
    quiet.pass_time(loop, 300, step=1)
    assert faults(quiet)["p1"][0] is not None
    assert quiet.api.count("/p1/chats") <= 25
    assert quiet.api.count("/p2/chats") >= 5


def test_one_chat_that_always_fails_leaves_the_others_of_its_profile_alone(shop: Desk) -> None:
    shop.api.bend = failing("/bad/messages", httpx.Response(500))
    shop.api.add_chat("bad", START + 1000)
    shop.api.add_chat("good", START + 500)
    show(shop, None)
    loop = following(shop)
    shop.pass_time(loop, 50)
    assert shop.value("SELECT pulled_at FROM chats WHERE id = 'good'") is not None
    assert shop.api.count("/bad/messages") <= 3
    assert faults(shop)["p1"] == (None, None)
    shop.api.bend = None
    shop.pass_time(loop, 180, step=1)
    assert shop.value("SELECT pulled_at FROM chats WHERE id = 'bad'") is not None


@pytest.mark.parametrize("answer", [httpx.Response(403), httpx.ReadTimeout("no answer")])
def test_chats_that_are_refused_or_never_answer_leave_the_others_of_their_profile_alone(
    desk: Desk, answer: httpx.Response | Exception
) -> None:
    desk.api.add_profile()
    for index in range(10):
        desk.api.add_chat(f"bad{index}", START - 47 * HOUR - index)
        desk.api.add_chat(f"good{index}", START - 48 * HOUR - index)
    desk.api.bend = failing("/bad", answer)
    loop = desk.loop()
    desk.pass_time(loop, 40)
    assert desk.value("SELECT count(*) FROM chats WHERE id LIKE 'good%' AND pulled_at IS NOT NULL") == 10
    desk.pass_time(loop, 30)
    assert faults(desk)["p1"] == (None, None)
    desk.api.requests = []
    desk.pass_time(loop, 600, step=2)
    assert desk.api.count("/bad") <= 60
    desk.api.bend = None
    desk.pass_time(loop, 900, step=2)
    assert desk.value("SELECT count(*) FROM chats WHERE pulled_at IS NULL") == 0


def test_a_chat_that_can_be_read_again_on_a_screen_is_read_as_any_other(shop: Desk) -> None:
    show(shop, "c1")
    loop = following(shop)
    shop.api.bend = failing("/c1/messages", httpx.Response(403))
    shop.pass_time(loop, 60)
    shop.api.bend = None
    shop.pass_time(loop, 30)
    show(shop, None)
    shop.api.add_message("c1", shop.api.now, "Hello again")
    shop.pass_time(loop, 10)
    assert shop.value("SELECT count(*) FROM messages WHERE body = 'Hello again'") == 1


def test_a_slow_down_of_the_api_is_respected_by_every_look(quiet: Desk) -> None:
    loop = following(quiet)
    show(quiet, "p1-1")
    left = [1]

    def limit(request: httpx.Request) -> httpx.Response | None:
        if left and "/p1-1/messages" in request.url.path:
            left.pop()
            return httpx.Response(429, headers={"retry-after": "40"})
        return None

    quiet.api.bend = limit
    quiet.pass_time(loop, 3)
    assert left == []
    quiet.api.requests = []
    quiet.pass_time(loop, 36)
    assert quiet.api.requests == []
    quiet.pass_time(loop, 10)
    assert quiet.api.count("/p1-1/messages") > 0


def test_a_pause_of_minutes_is_said_on_every_profile_and_taken_back(quiet: Desk) -> None:
    loop = following(quiet)
    quiet.api.bend = failing("/p1/chats", httpx.Response(429, headers={"retry-after": "600"}))
    quiet.pass_time(loop, 90, step=1)
    assert all("asks to slow down" in str(title) for title, _ in faults(quiet).values())
    assert all("when the pause is over" in str(hint) for _, hint in faults(quiet).values())
    quiet.api.bend = None
    quiet.pass_time(loop, 620, step=2)
    assert all(title is None for title, _ in faults(quiet).values())


def test_answers_enter_the_cache_a_few_at_a_time_while_a_screen_lives(desk: Desk) -> None:
    desk.api.add_profile()
    for index in range(80):
        desk.api.add_chat(f"c{index}", START - 48 * HOUR - index * MINUTE)
    show(desk, None)
    loop = desk.loop(Mode.FOLLOW)
    loop.turn()
    assert loop.attention.screens == 1
    sizes: list[int] = []
    write = loop.pull.messages._write
    loop.pull.messages._write = lambda pages: (sizes.append(len(pages)), write(pages))[1]
    desk.settle(loop)
    assert sum(sizes) == 80
    assert max(sizes) <= 4


def test_a_held_send_of_this_living_process_is_not_taken_for_orphaned(shop: Desk) -> None:
    loop = following(shop)
    item = shop.send("Hello", hold_ms=9_000, screen=os.getpid())
    shop.pass_time(loop, 5)
    assert shop.item(item).state == "held"
