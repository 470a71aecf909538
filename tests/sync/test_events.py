"""What an event costs: requests and rows, counted; and when events are trusted to bring what is new."""

from __future__ import annotations

import itertools
import json
import logging

import httpx
import pytest

from inbox_tui.api.webhooks import read_event
from inbox_tui.sync.loop import MOST_WAITING, Loop, Mode
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, START, Record, iso
from tests.sync.test_follow import failing, following

_numbers = itertools.count(1)


def deliver(loop: Loop, kind: str, data: Record, at: int = START) -> None:
    """What the receiver does with a delivery that it believes."""
    envelope = {"id": f"evt_{next(_numbers)}", "type": kind, "created_at": iso(at), "data": data}
    assert loop.deliver(read_event(json.dumps(envelope).encode()))


def tell(desk: Desk, loop: Loop, kind: str, data: Record) -> None:
    deliver(loop, kind, data, desk.api.now)
    desk.settle(loop)


def write(desk: Desk, text: str, chat_id: str = "c1", **more: object) -> Record:
    """A customer writes; no event tells of it yet."""
    return desk.api.add_message(chat_id, desk.api.now, text, **more)


def touched(desk: Desk, since: object) -> set[str]:
    """The chats that changed since a rev."""
    rows = desk.writer.cache.execute("SELECT id FROM chats WHERE rev > ?", (since,))
    return {row[0] for row in rows}


def newest_rev(desk: Desk) -> object:
    return desk.value("SELECT value FROM meta WHERE key = 'rev'")


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """A profile with five chats that were active two days ago, synced: nothing comes round but its list."""
    desk.api.add_profile()
    for index in range(1, 6):
        desk.api.add_chat(f"c{index}", START - 48 * HOUR - index * 1000)
    desk.sync()
    return desk


def live(desk: Desk) -> tuple[Loop, list[str]]:
    """A following loop that expects events, and what it says when there are none."""
    loop = following(desk)
    silences: list[str] = []
    loop.expect_events(lambda: silences.append("silent"))
    desk.settle(loop)
    return loop, silences


def test_a_message_costs_no_request_and_touches_the_rows_of_its_chat(crowd: Desk) -> None:
    loop, _ = live(crowd)
    before, others = newest_rev(crowd), crowd.writer.cache.total_changes
    tell(crowd, loop, "message.received", {"message": write(crowd, "Hello", "c3")})
    assert crowd.api.requests == []
    assert touched(crowd, before) == {"c3"}
    assert crowd.value("SELECT unread FROM chats WHERE id = 'c3'") == 2
    assert crowd.value("SELECT id FROM chats ORDER BY sort_at DESC LIMIT 1") == "c3"
    assert crowd.value("SELECT last_inbound_at FROM chats WHERE id = 'c3'") == crowd.api.now
    again = crowd.writer.cache.total_changes
    assert again > others
    deliver(loop, "message.received", {"message": crowd.api.messages["c3"][-1]}, crowd.api.now)
    crowd.settle(loop)
    assert crowd.writer.cache.total_changes == again
    assert crowd.api.requests == []


def test_the_look_that_follows_agrees_and_moves_nothing(crowd: Desk) -> None:
    loop, silences = live(crowd)
    tell(crowd, loop, "message.received", {"message": write(crowd, "Hello", "c3")})
    before = newest_rev(crowd)
    crowd.pass_time(loop, 200, step=1)
    assert crowd.api.count("/messages") == 0
    crowd.pass_time(loop, 100, step=1)
    assert crowd.api.requests.count("GET /api/chats/c3/messages") == crowd.api.count("/messages") == 1
    assert crowd.value("SELECT pulled_for = last_message_at FROM chats WHERE id = 'c3'") == 1
    assert touched(crowd, before) == {"c3"}  # that it is read up to there, nothing else
    assert silences == []
    assert loop.schedule.eased


def test_edits_receipts_reactions_and_deletions_cost_no_request(shop: Desk) -> None:
    loop, _ = live(shop)
    message = shop.api.messages["c1"][0]
    reaction = {"sender_external_id": "u-c1", "emoji": "❤️", "reaction": "love", "at": iso(START)}
    message |= {"body": "New words", "external_edited_at": iso(START + 1000)}
    tell(shop, loop, "message.edited", {"object": {"message": message}})
    message |= {"reactions": [reaction]}
    change = {"message": message, "action": "react", "sender_external_id": "u-c1", "occurred_at": iso(START)}
    tell(shop, loop, "reaction.received", change)
    assert shop.value("SELECT body FROM messages") == "New words"
    assert shop.value("SELECT json_array_length(reactions) FROM messages") == 1
    message |= {"external_deleted_at": iso(START + 2000)}
    tell(shop, loop, "message.deleted", {"object": message})
    assert shop.value("SELECT body FROM messages") is None
    assert shop.api.requests == []


def test_an_event_of_an_unknown_chat_fetches_the_chat_and_then_its_messages(crowd: Desk) -> None:
    loop, silences = live(crowd)
    crowd.api.add_chat("c9", crowd.api.now)
    tell(crowd, loop, "message.received", {"message": crowd.api.messages["c9"][0]})
    assert crowd.api.requests == ["GET /api/chats/c9", "GET /api/chats/c9/messages"]
    assert crowd.value("SELECT messages FROM chats WHERE id = 'c9'") == 1
    assert silences == []


def test_an_event_of_a_chat_that_cannot_be_had_is_given_up_and_disturbs_nobody(crowd: Desk) -> None:
    loop, _ = live(crowd)
    stranger = write(crowd, "Hello") | {"chat_id": "nowhere"}
    tell(crowd, loop, "message.received", {"message": stranger})
    crowd.pass_time(loop, 2)
    assert crowd.api.count("GET /api/chats/nowhere") == 1
    assert "" not in loop.schedule.lanes
    assert loop.troubles.faults == {}


def test_a_chat_that_cannot_be_had_for_a_moment_is_tried_again(crowd: Desk) -> None:
    loop, _ = live(crowd)
    crowd.api.add_chat("c9", crowd.api.now - 48 * HOUR)
    crowd.api.bend = failing("/chats/c9", httpx.ConnectError("no way there"))
    tell(crowd, loop, "message.received", {"message": crowd.api.messages["c9"][0]})
    crowd.api.bend = None
    crowd.pass_time(loop, 2)
    assert crowd.api.requests.count("GET /api/chats/c9") == 2
    assert crowd.value("SELECT messages FROM chats WHERE id = 'c9'") == 1
    assert "" not in loop.schedule.lanes


def test_an_event_does_not_stand_in_for_a_look_that_was_due(crowd: Desk) -> None:
    loop, _ = live(crowd)
    crowd.writer.cache.execute("UPDATE chats SET pulled_for = NULL WHERE id = 'c3'")
    tell(crowd, loop, "message.received", {"message": write(crowd, "Hello", "c3")})
    assert crowd.api.requests == ["GET /api/chats/c3/messages"]


def test_an_event_of_a_chat_of_a_new_profile_asks_for_the_profiles(crowd: Desk) -> None:
    loop, _ = live(crowd)
    crowd.api.add_profile("p2")
    crowd.api.add_chat("new", crowd.api.now, "p2")
    tell(crowd, loop, "message.received", {"message": crowd.api.messages["new"][0]})
    assert crowd.value("SELECT messages FROM chats WHERE id = 'new'") == 1


@pytest.mark.parametrize("kind", ["profile.connected", "profile.disconnected"])
def test_a_profile_that_comes_or_goes_asks_for_the_profiles(crowd: Desk, kind: str) -> None:
    loop, _ = live(crowd)
    tell(crowd, loop, kind, {"id": "p1", "name": "Shop p1", "platform": "telegram", "status": "disconnected"})
    assert crowd.api.requests == ["GET /api/profile_groups", "GET /api/profiles"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("reaction.received", {"message": {"id": "m1", "chat_id": "c1"}, "action": "react"}),
        ("message.edited", {"message": {"id": "m1", "chat_id": "c1", "direction": 7}}),
        ("message.edited", {"object": {"chat_id": "c1"}}),
    ],
    ids=["abbreviated", "unreadable", "without an id"],
)
def test_an_event_that_does_not_carry_everything_asks_for_a_look_at_its_chat(
    crowd: Desk, kind: str, data: Record
) -> None:
    loop, _ = live(crowd)
    crowd.api.messages["c1"][0] |= {"body": "As it is now"}
    tell(crowd, loop, kind, data)
    assert crowd.api.requests == ["GET /api/chats/c1/messages"]
    assert crowd.value("SELECT body FROM messages WHERE id = 'm1'") == "As it is now"


def test_an_unknown_type_is_passed_over_and_logged_once(
    crowd: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    loop, _ = live(crowd)
    before = crowd.writer.cache.total_changes
    with caplog.at_level(logging.INFO, "inbox_tui.sync.events"):
        for _ in range(3):
            tell(crowd, loop, "planet.aligned", {"planet": "Mars"})
    assert sum("planet.aligned" in record.getMessage() for record in caplog.records) == 1
    assert crowd.writer.cache.total_changes == before
    assert crowd.api.requests == []


def test_a_message_behind_what_is_read_waits_for_history_and_leaves_no_hole(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - 1000, messages=350)
    desk.sync(history=200)
    loop, _ = live(desk)
    oldest = desk.api.messages["c1"][0]
    tell(desk, loop, "message.read", {"message": oldest | {"external_read_at": iso(START)}})
    assert desk.value("SELECT count(*) FROM messages") == 200
    assert desk.api.requests == []


def test_a_message_before_the_first_sync_of_its_chat_has_the_chat_read_first(crowd: Desk) -> None:
    loop, _ = live(crowd)
    crowd.writer.cache.execute("UPDATE chats SET pulled_at = NULL WHERE id = 'c5'")
    tell(crowd, loop, "message.received", {"message": write(crowd, "Hello", "c5")})
    assert crowd.api.requests == ["GET /api/chats/c5/messages"]
    assert crowd.value("SELECT messages FROM chats WHERE id = 'c5'") == 2


def test_an_own_send_that_an_event_settles_is_not_asked_for(shop: Desk) -> None:
    loop, _ = live(shop)
    item = shop.send("On its way")
    shop.pass_time(loop, 0.25)
    shop.api.requests = []
    shop.api.publish("On its way")
    tell(shop, loop, "message.sent", {"message": shop.api.messages["c1"][-1]})
    assert shop.item(item).state == "settled"
    shop.pass_time(loop, 2.5)
    assert shop.api.count("GET /api/messages/") == 0


def test_polling_slows_once_an_event_came_and_not_before(crowd: Desk) -> None:
    loop, _ = live(crowd)
    crowd.pass_time(loop, 300, step=1)
    looks = crowd.api.count("/profiles/p1/chats")
    tell(crowd, loop, "planet.aligned", {})
    crowd.pass_time(loop, 70, step=1)
    crowd.api.requests = []
    crowd.pass_time(loop, 600, step=1)
    assert looks >= 5
    assert 2 <= crowd.api.count("/profiles/p1/chats") <= 3


def test_polling_speeds_up_when_a_look_finds_what_no_event_brought_and_slows_with_the_next(
    crowd: Desk,
) -> None:
    loop, silences = live(crowd)
    tell(crowd, loop, "message.received", {"message": write(crowd, "Told of")})
    assert loop.schedule.eased
    crowd.clock.advance(1)
    write(crowd, "Not told of", "c2")
    due = loop.schedule.planned(("chat", "c1"))
    assert due is not None
    assert due - crowd.clock.seconds > 200
    for _ in range(300):
        if not loop.schedule.eased:
            break
        crowd.pass_time(loop, 1, step=1)
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Not told of'") == 1
    assert silences
    due = loop.schedule.planned(("chat", "c1"))
    assert due is not None
    assert due - crowd.clock.seconds < 66
    crowd.api.requests = []
    crowd.pass_time(loop, 40, step=1)
    assert crowd.api.count("/profiles/p1/chats") >= 3
    tell(crowd, loop, "message.received", {"message": write(crowd, "Told of again")})
    assert loop.schedule.eased


def test_what_came_while_nobody_listened_is_found_by_looks_and_is_no_silence(crowd: Desk) -> None:
    write(crowd, "While away", "c2")
    crowd.clock.advance(60)
    loop, silences = crowd.loop(Mode.FOLLOW), []
    loop.expect_events(lambda: silences.append("silent"))
    crowd.settle(loop)
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'While away'") == 1
    tell(crowd, loop, "planet.aligned", {})
    crowd.pass_time(loop, 120, step=1)
    assert silences == []
    assert loop.schedule.eased


def test_an_event_lost_before_another_one_of_its_chat_is_found_by_the_look_that_follows(crowd: Desk) -> None:
    loop, silences = live(crowd)
    crowd.clock.advance(1)
    write(crowd, "Lost")
    crowd.clock.advance(1)
    tell(crowd, loop, "message.received", {"message": write(crowd, "Told of")})
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Lost'") == 0
    crowd.pass_time(loop, 300, step=1)
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Lost'") == 1
    assert silences


def test_an_event_before_the_first_look_of_a_run_hides_nothing_that_happened_while_away(crowd: Desk) -> None:
    crowd.api.max_per_page = 2
    for index in range(1, 6):
        write(crowd, f"While away {index}", f"c{index}")
        crowd.clock.advance(1)
    loop = crowd.loop(Mode.FOLLOW)
    # The newest of them comes by an event before anything was asked for, and the engine is killed then.
    deliver(loop, "message.received", {"message": crowd.api.messages["c5"][-1]}, crowd.api.now)
    loop.turn(0)
    assert crowd.value("SELECT count(*) FROM messages WHERE body LIKE 'While away%'") == 1
    loop.close()
    crowd.sync()
    assert crowd.value("SELECT count(*) FROM messages WHERE body LIKE 'While away%'") == 5


def test_what_events_have_brought_is_no_reason_to_look_back_less_far(crowd: Desk) -> None:
    loop, _ = live(crowd)
    crowd.api.max_per_page = 1
    write(crowd, "Lost", "c4")
    crowd.api.bend = failing("/p1/chats", httpx.Response(503))
    for _ in range(4):
        crowd.clock.advance(400)
        tell(crowd, loop, "message.received", {"message": write(crowd, "Told of", "c1")})
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Lost'") == 0
    crowd.api.bend = None
    crowd.pass_time(loop, 300, step=5)
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Lost'") == 1


def test_what_no_look_has_confirmed_is_read_at_the_next_start(crowd: Desk) -> None:
    loop, _ = live(crowd)
    write(crowd, "Lost")
    tell(crowd, loop, "message.received", {"message": write(crowd, "Told of")})
    crowd.sync()
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Lost'") == 1


def test_events_are_refused_when_too_many_wait(crowd: Desk) -> None:
    loop, _ = live(crowd)
    envelope = {"id": "evt", "type": "message.received", "data": {"message": write(crowd, "Hello")}}
    event = read_event(json.dumps(envelope).encode())
    taken = [loop.deliver(event) for _ in range(MOST_WAITING + 5)]
    assert taken == [True] * MOST_WAITING + [False] * 5
    crowd.settle(loop)
    assert loop.deliver(event)


def test_an_event_that_breaks_the_program_costs_only_itself(
    crowd: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, _ = live(crowd)
    with monkeypatch.context() as broken:
        broken.setattr(loop.pull.messages, "holds", lambda message: 1 / 0)
        tell(crowd, loop, "message.received", {"message": write(crowd, "Hello")})
    tell(crowd, loop, "message.received", {"message": write(crowd, "Still here")})
    assert crowd.value("SELECT count(*) FROM messages WHERE body = 'Still here'") == 1
