"""The outbox: in order, at most once, and nothing goes without a reason back to the person."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx
import pytest

from inbox_tui.store import acts, lookups, outbox, screens, sends, writes
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.push import REPLAYS
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, START, Bend


def posts(desk: Desk) -> int:
    return desk.api.count("POST ")


def bend_posts(answer: Callable[[httpx.Request], httpx.Response | None]) -> Bend:
    """Bend sends only."""
    return lambda request: answer(request) if request.method == "POST" else None


def lose_answer(desk: Desk) -> Bend:
    """Do what was asked, then lose the connection."""

    def lose(request: httpx.Request) -> httpx.Response | None:
        chat_id = request.url.path.split("/")[3]
        desk.api._send(request, chat_id)
        raise httpx.ReadError("connection reset")

    return bend_posts(lose)


def once(bend: Bend) -> Bend:
    """Bend the first request that is concerned only."""
    left = [1]

    def bent(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and left:
            left.pop()
            return bend(request)
        return None

    return bent


def test_a_send_is_accepted_then_settled_and_arrives_once(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 0.5)
    assert shop.item(item).state == State.ACCEPTED
    assert shop.value("SELECT status FROM messages WHERE body = 'Hello'") == "pending"
    shop.clock.advance(1)
    shop.api.publish("Hello")
    shop.pass_time(loop, 5)
    assert shop.item(item).state == State.SETTLED
    assert shop.value("SELECT status FROM messages WHERE body = 'Hello'") == "published"
    assert shop.api.sends == ["Hello"]


def test_a_held_send_leaves_when_its_time_has_come(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello", hold_ms=5000, screen=os.getpid())
    shop.pass_time(loop, 4.5)
    assert shop.item(item).state == State.HELD
    assert posts(shop) == 0
    shop.pass_time(loop, 1.5)
    assert shop.item(item).state == State.ACCEPTED


def test_a_held_send_whose_screen_died_becomes_the_draft_again(shop: Desk) -> None:
    loop = shop.following()
    dead = 2**22 - 3
    item = shop.send("Hello", hold_ms=5000, screen=dead)
    shop.pass_time(loop, 6)
    assert shop.item(item).state == State.DISCARDED
    assert posts(shop) == 0
    reader = open_reader(shop.writer.folder)
    assert lookups.draft(reader, "c1")[0] == "Hello"
    reader.close()


def test_messages_of_a_chat_leave_in_order_each_after_the_one_before_has_arrived(shop: Desk) -> None:
    loop = shop.following()
    items = [shop.send(text) for text in ("one", "two", "three")]
    shop.pass_time(loop, 1)
    assert shop.api.sends == ["one"]
    for text in ("one", "two", "three"):
        shop.api.publish(text)
        shop.pass_time(loop, 4)
    assert shop.api.sends == ["one", "two", "three"]
    assert [shop.item(item).state for item in items] == [State.SETTLED] * 3


def test_a_message_that_is_long_pending_does_not_hold_the_next_one_for_ever(shop: Desk) -> None:
    loop = shop.following()
    shop.send("one")
    shop.send("two")
    shop.pass_time(loop, 29, step=1)
    assert shop.api.sends == ["one"]
    shop.pass_time(loop, 3, step=1)
    assert shop.api.sends == ["one", "two"]


def test_what_was_accepted_before_the_engine_died_is_looked_at_before_the_next_one_leaves(shop: Desk) -> None:
    loop = shop.following()
    first = shop.send("one")
    shop.pass_time(loop, 0.25)
    assert shop.item(first).state == State.ACCEPTED
    shop.loops.remove(loop)
    loop.close()
    shop.api.fail("one", "No")
    shop.clock.advance(60)
    second = shop.send("two")
    shop.pass_time(shop.following(), 5)
    assert (shop.item(first).state, shop.item(second).state) == (State.FAILED, State.QUEUED)
    assert shop.api.sends == ["one"]


def test_a_look_of_before_does_not_count_as_one_of_now_when_the_servers_clock_runs_fast(shop: Desk) -> None:
    shop.api.ahead = 0
    loop = shop.following()
    first = shop.send("one")
    shop.pass_time(loop, 0.25)
    screens.need(shop.writer, "look", "c1")
    shop.pass_time(loop, 0.25)
    assert shop.item(first).state == State.ACCEPTED
    shop.api.fail("one", "No")
    shop.api.bend = lambda request: httpx.Response(500) if "/messages/" in request.url.path else None
    shop.api.ahead = 100
    second = shop.send("two")
    shop.pass_time(loop, 10)
    assert (shop.item(first).state, shop.item(second).state) == (State.FAILED, State.QUEUED)
    assert shop.api.sends == ["one"]


def test_one_that_was_dispatched_long_ago_and_taken_now_holds_the_next_one_for_as_long_as_any(
    shop: Desk,
) -> None:
    first, second = shop.send("one"), shop.send("two")
    # An engine was killed before its request arrived; its server is known to honour keys.
    assert outbox.move(shop.writer, first, State.SENDING, dispatched=True)
    writes.remember(shop.writer, REPLAYS, 1)
    shop.clock.advance(60)
    loop = shop.following()
    shop.pass_time(loop, 20, step=1)
    assert (shop.item(first).state, shop.item(second).state) == (State.ACCEPTED, State.QUEUED)
    shop.api.fail("one", "No")
    shop.pass_time(loop, 60, step=1)
    assert (shop.item(first).state, shop.item(second).state) == (State.FAILED, State.QUEUED)
    assert shop.api.sends == ["one"]


def test_a_failed_item_holds_back_the_later_ones_of_its_chat_and_says_so(shop: Desk) -> None:
    shop.api.add_chat("c2", START - 30_000)
    loop = shop.following()
    first, second, other = shop.send("one"), shop.send("two"), shop.send("elsewhere", "c2")
    shop.pass_time(loop, 1)
    shop.api.fail("one", "Forbidden: bot was blocked by the user")
    shop.pass_time(loop, 4)
    assert shop.item(first).state == State.FAILED
    assert shop.item(first).title == "Forbidden: bot was blocked by the user"
    assert shop.item(second).state == State.QUEUED
    assert shop.item(second).title == "Waits for the message before it"
    assert shop.item(other).state == State.ACCEPTED
    assert outbox.discard(shop.writer, first.pk)
    shop.pass_time(loop, 1)
    assert shop.item(second).state == State.ACCEPTED


def test_a_failed_item_that_is_retried_keeps_its_place_before_the_later_ones(shop: Desk) -> None:
    loop = shop.following()
    first, second = shop.send("one"), shop.send("two")
    shop.pass_time(loop, 1)
    shop.api.fail("one", "No")
    shop.pass_time(loop, 4)
    assert outbox.retry(shop.writer, first.pk)
    shop.pass_time(loop, 1)
    assert shop.api.sends == ["one", "one"]
    assert shop.item(second).state == State.QUEUED
    shop.api.publish("one")
    shop.pass_time(loop, 4)
    assert shop.api.sends == ["one", "one", "two"]


def test_an_earlier_message_that_the_service_retries_holds_back_the_later_ones(shop: Desk) -> None:
    loop = shop.following()
    shop.send("one")
    second = shop.send("two")
    shop.pass_time(loop, 1)
    shop.api.messages["c1"][-1]["status"] = "failed_waiting_for_retry"
    shop.pass_time(loop, 40, step=1)
    assert shop.api.sends == ["one"]
    assert "still retrying" in shop.item(second).hint


def test_an_item_of_another_account_is_never_sent(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    shop.writer.local.execute("UPDATE outbox SET account = 'other'")
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.FAILED
    assert "for the account other" in shop.item(item).title
    assert posts(shop) == 0


def test_an_item_of_another_account_that_was_being_sent_is_not_repeated_from_this_one(shop: Desk) -> None:
    writes.remember(shop.writer, REPLAYS, 1)
    item = shop.send("Hello")
    assert outbox.move(shop.writer, item, State.SENDING, dispatched=True)
    shop.writer.local.execute("UPDATE outbox SET account = 'other'")
    loop = shop.following()
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.UNCERTAIN
    assert "for the account other" in shop.item(item).title
    assert posts(shop) == 0


def test_a_message_that_waited_a_quarter_of_an_hour_goes_back_to_the_person(shop: Desk) -> None:
    item = shop.send("Hello")
    shop.clock.advance(16 * 60)
    loop = shop.following()
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.FAILED
    assert shop.item(item).title == "Written 16m ago and not sent since"
    assert posts(shop) == 0


def test_a_message_that_waited_is_sent_only_after_a_look_at_the_chat(shop: Desk) -> None:
    item = shop.send("Hello")
    shop.clock.advance(60)
    shop.api.requests = []
    loop = shop.following()
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.ACCEPTED
    order = [r for r in shop.api.requests if "/c1/messages" in r]
    assert order[0].startswith("GET")


def test_a_message_that_somebody_else_answered_meanwhile_goes_back_to_the_person(shop: Desk) -> None:
    item = shop.send("Hello")
    shop.clock.advance(60)
    shop.api.add_message("c1", shop.api.now - 10_000, "Done by a colleague", direction="outbound")
    loop = shop.following()
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.FAILED
    assert shop.item(item).title == "Answered elsewhere meanwhile"
    assert posts(shop) == 0


def test_an_automatic_answer_is_not_an_answer(shop: Desk) -> None:
    item = shop.send("Hello")
    shop.clock.advance(60)
    shop.api.add_message("c1", shop.api.now - 10_000, "Are you there?")
    shop.api.add_message("c1", shop.api.now - 9_000, "We are closed.", direction="outbound")
    loop = shop.following()
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.ACCEPTED


def test_a_closed_window_is_refused_here_and_no_request_leaves(desk: Desk) -> None:
    desk.api.add_profile(platform="instagram")
    desk.api.add_chat("c1", START - 25 * HOUR)
    desk.sync()
    item = desk.send("Hello")
    loop = desk.following()
    desk.pass_time(loop, 1)
    assert desk.item(item).state == State.FAILED
    assert "Window probably closed" in desk.item(item).title
    assert posts(desk) == 0


def test_a_window_that_a_new_message_opened_is_noticed_before_a_refusal(desk: Desk) -> None:
    desk.api.add_profile(platform="instagram")
    desk.api.add_chat("c1", START - 25 * HOUR)
    desk.sync()
    item = desk.send("Hello")
    desk.api.add_message("c1", desk.api.now, "Still there?")
    loop = desk.loop(Mode.SEND, until=lambda: False)
    desk.pass_time(loop, 1)
    assert desk.item(item).state == State.ACCEPTED


def test_a_profile_that_is_not_connected_refuses(shop: Desk) -> None:
    shop.api.profiles[0]["status"] = "expired"
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.FAILED
    assert "has expired" in shop.item(item).title
    assert posts(shop) == 0


def test_a_refusal_of_the_api_is_told_in_its_own_words(shop: Desk) -> None:
    shop.api.bend = bend_posts(lambda _: httpx.Response(422, json={"error": "Bad Request: chat not found"}))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.FAILED
    assert shop.item(item).title == "Bad Request: chat not found"
    assert posts(shop) == 1


def test_an_unreachable_server_leaves_the_item_queued_and_it_goes_when_there_is_one(shop: Desk) -> None:
    def unreachable(_: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("connection refused")

    shop.api.bend = bend_posts(unreachable)
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 10)
    assert shop.item(item).state == State.QUEUED
    assert "cannot be reached" in shop.item(item).title
    shop.api.bend = None
    shop.pass_time(loop, 20)
    assert shop.api.sends == ["Hello"]


def test_a_slow_down_is_waited_out_as_told(shop: Desk) -> None:
    shop.api.bend = once(lambda _: httpx.Response(429, headers={"retry-after": "20"}, json={}))
    loop = shop.following()
    shop.send("Hello")
    shop.pass_time(loop, 18)
    assert shop.api.sends == []
    assert posts(shop) == 1
    shop.pass_time(loop, 5)
    assert shop.api.sends == ["Hello"]


@pytest.mark.parametrize("asked_by", ["a send", "a look"])
def test_a_slow_down_holds_everything_that_would_leave_and_says_so(shop: Desk, asked_by: str) -> None:
    shop.api.add_chat("c2", START - 50_000)
    loop = shop.following()
    left = [1]

    def slow_down(request: httpx.Request) -> httpx.Response | None:
        if not left or (request.method == "POST") != (asked_by == "a send"):
            return None
        left.pop()
        return httpx.Response(429, headers={"retry-after": "20"}, json={})

    shop.api.bend = slow_down
    shop.send("One")
    shop.pass_time(loop, 4 if asked_by == "a look" else 1)
    assert left == []
    shop.api.requests = []
    other = shop.send("Two", "c2")
    reaction = acts.queue_act(
        shop.writer, acts.ActName.EDIT, "c1", "p1", {"message_id": "m1", "text": "Changed"}
    )
    shop.pass_time(loop, 15)
    assert shop.api.requests == []
    assert shop.item(other).state == State.QUEUED
    assert shop.item(other).title == "The API asks to slow down"
    shop.pass_time(loop, 8)
    assert sorted(shop.api.sends) == ["One", "Two"]
    assert shop.item(other).title == ""
    assert shop.item(reaction).state == State.FAILED


def test_a_repeat_waits_for_the_end_of_a_slow_down_too(shop: Desk) -> None:
    shop.api.honours_keys = True
    writes.remember(shop.writer, REPLAYS, 1)
    shop.api.bend = once(lose_answer(shop))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 0.25)
    loop.schedule.pace.limited(shop.clock.monotonic(), 20.0)
    shop.pass_time(loop, 18)
    assert posts(shop) == 1
    shop.pass_time(loop, 4)
    assert posts(shop) == 2
    assert shop.item(item).state == State.ACCEPTED
    assert shop.api.sends == ["Hello"]


def test_a_lost_answer_is_found_in_the_chat_and_adopted(shop: Desk) -> None:
    shop.api.bend = once(lose_answer(shop))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 8)
    assert shop.item(item).state == State.SENDING
    assert "not sent again" in shop.item(item).hint
    shop.pass_time(loop, 4)
    assert shop.item(item).state == State.ACCEPTED
    shop.api.publish("Hello")
    shop.pass_time(loop, 10)
    assert shop.item(item).state == State.SETTLED
    assert shop.api.sends == ["Hello"]
    assert posts(shop) == 1


def test_a_lost_answer_without_a_trace_is_uncertain_after_a_minute_and_never_sent_again(shop: Desk) -> None:
    shop.api.bend = bend_posts(lambda _: httpx.Response(500, json={"error": "boom"}))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 55, step=1)
    assert shop.item(item).state == State.SENDING
    shop.pass_time(loop, 15, step=1)
    assert shop.item(item).state == State.UNCERTAIN
    assert "Nobody knows" in shop.item(item).title
    assert posts(shop) == 1


def test_no_conclusion_is_drawn_while_the_chat_cannot_be_read(shop: Desk) -> None:
    def all_is_dark(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ReadError("reset")

    loop = shop.following()
    shop.api.bend = all_is_dark
    item = shop.send("Hello")
    shop.pass_time(loop, 90, step=1)
    assert shop.item(item).state == State.SENDING
    shop.api.bend = None
    shop.pass_time(loop, 60, step=1)
    assert shop.item(item).state == State.UNCERTAIN


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_where_the_chat_may_not_be_read_any_more_the_person_decides_after_a_minute(
    shop: Desk, status: int
) -> None:
    def bend(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST":
            return httpx.Response(500)
        return httpx.Response(status) if "/c1/messages" in request.url.path else None

    loop = shop.following()
    shop.api.bend = bend
    item = shop.send("Hello")
    shop.pass_time(loop, 50, step=1)
    assert shop.item(item).state == State.SENDING
    shop.pass_time(loop, 50, step=1)
    assert shop.item(item).state == State.UNCERTAIN
    assert "the chat cannot be read" in shop.item(item).title
    assert posts(shop) == 1
    # It goes on being looked for: it had arrived.
    shop.api.add_message("c1", shop.api.now - 90_000, "Hello", direction="outbound")
    shop.api.bend = None
    shop.pass_time(loop, 120, step=1)
    assert shop.item(item).state == State.SETTLED


def test_two_equal_messages_found_are_uncertain(shop: Desk) -> None:
    shop.api.bend = once(lose_answer(shop))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 2)
    shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound")
    shop.pass_time(loop, 10)
    assert shop.item(item).state == State.UNCERTAIN
    assert "2 new messages" in shop.item(item).title


def test_an_equal_message_of_the_item_before_is_not_adopted(shop: Desk) -> None:
    loop = shop.following()
    first = shop.send("ok")
    shop.pass_time(loop, 0.25)
    shop.api.publish("ok")
    shop.pass_time(loop, 0.75)
    assert shop.item(first).state == State.SETTLED
    shop.api.bend = bend_posts(lambda _: httpx.Response(502, json={}))
    second = shop.send("ok")
    shop.pass_time(loop, 0.25)
    assert shop.item(second).state == State.SENDING
    shop.pass_time(loop, 75, step=1)
    assert shop.item(second).state == State.UNCERTAIN
    assert shop.item(second).message_id is None


def test_where_keys_are_proven_a_lost_answer_is_repeated_with_the_same_key(shop: Desk) -> None:
    shop.api.honours_keys = True
    writes.remember(shop.writer, REPLAYS, 1)
    shop.api.bend = once(lose_answer(shop))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 5)
    assert shop.item(item).state == State.ACCEPTED
    assert shop.api.sends == ["Hello"]
    assert posts(shop) == 2
    assert list(shop.api.keys) == [item.key]


def test_a_repeat_that_waits_for_the_network_longer_than_a_key_lives_is_looked_for_instead(
    shop: Desk,
) -> None:
    shop.api.honours_keys = True
    writes.remember(shop.writer, REPLAYS, 1)
    tries: list[str] = []

    def lose_then_be_unreachable(request: httpx.Request) -> httpx.Response | None:
        tries.append(request.headers["idempotency-key"])
        if len(tries) == 1:
            shop.api._send(request, "c1")
            raise httpx.ReadError("connection reset")
        raise httpx.ConnectError("no network")

    shop.api.bend = bend_posts(lose_then_be_unreachable)
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 3)
    assert len(tries) > 1
    assert shop.item(item).state == State.SENDING
    # The server has forgotten the key meanwhile: a repeat would arrive a second time.
    shop.clock.advance(25 * 3600)
    shop.api.keys.clear()
    shop.api.bend = None
    shop.pass_time(loop, 70, step=1)
    assert shop.api.sends == ["Hello"]
    assert shop.item(item).state == State.ACCEPTED


def test_a_first_try_that_still_runs_is_repeated_and_what_it_returns_proves_the_keys(shop: Desk) -> None:
    shop.api.honours_keys = True
    tries: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response | None:
        tries.append(request.headers["idempotency-key"])
        if len(tries) == 1:
            shop.api._send(request, "c1")
            return httpx.Response(409, json={"error": "still being processed"})
        return None

    shop.api.bend = bend_posts(busy)
    loop = shop.following()
    item = shop.send("Hello")
    assert not loop.push.client.transport.replay_proven
    shop.pass_time(loop, 8)
    assert shop.item(item).state == State.ACCEPTED
    assert tries == [item.key, item.key]
    assert shop.api.sends == ["Hello"]
    assert loop.push.client.transport.replay_proven
    assert writes.recall(shop.writer, REPLAYS) == 1


def test_another_body_under_the_key_is_uncertain(shop: Desk) -> None:
    words = "Idempotency-Key was already used with a different request"
    shop.api.bend = bend_posts(lambda _: httpx.Response(422, json={"error": words}))
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.UNCERTAIN


@pytest.mark.parametrize("arrived", [True, False])
def test_what_a_killed_engine_left_in_sending_is_looked_for_and_never_sent_again(
    shop: Desk, arrived: bool
) -> None:
    item = shop.send("Hello")
    assert outbox.move(shop.writer, item, State.SENDING, dispatched=True)
    if arrived:
        shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound", status="pending")
    loop = shop.following()
    shop.pass_time(loop, 75, step=1)
    assert shop.item(item).state == (State.ACCEPTED if arrived else State.UNCERTAIN)
    assert posts(shop) == 0


def test_what_a_killed_engine_had_accepted_is_followed_to_its_end(shop: Desk) -> None:
    item = shop.send("Hello")
    message = shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound", status="pending")
    assert outbox.move(shop.writer, item, State.SENDING, dispatched=True)
    sending = shop.item(item)
    assert outbox.move(shop.writer, sending, State.ACCEPTED, message_id=str(message["id"]))
    shop.api.publish("Hello")
    loop = shop.following()
    shop.pass_time(loop, 3)
    assert shop.item(item).state == State.SETTLED


@pytest.mark.parametrize("faster", [0, 300])
@pytest.mark.parametrize("mode", [Mode.FOLLOW, Mode.SEND], ids=["by an engine", "by a command"])
def test_what_a_killed_process_sent_is_found_whatever_the_servers_clock_has_done_since(
    shop: Desk, faster: int, mode: Mode
) -> None:
    def end(loop: Loop) -> None:
        shop.loops.remove(loop)
        loop.close()

    def lost_on_the_way(request: httpx.Request) -> httpx.Response:
        shop.api.add_message("c1", shop.api.now + 100_000, "Hello", direction="outbound")
        raise httpx.ReadError("killed")

    shop.api.ahead = 100
    loop = shop.following()
    if mode is Mode.SEND:
        # Its first request is the send: nothing but what an engine has kept tells it the server's clock.
        end(loop)
        loop = shop.loop(mode, until=lambda: False)
    shop.api.bend = bend_posts(lost_on_the_way)
    item = shop.send("Hello")
    shop.pass_time(loop, 0.5)
    assert shop.item(item).state == State.SENDING
    end(loop)
    shop.api.ahead = 100 + faster
    shop.pass_time(shop.following(), 15)
    assert shop.item(item).state == State.SETTLED
    assert posts(shop) == 1


def test_where_the_servers_clock_was_not_known_at_dispatch_that_of_the_search_counts(shop: Desk) -> None:
    shop.api.ahead = 100
    item = shop.send("Hello")
    assert outbox.move(shop.writer, item, State.SENDING, dispatched=True)
    shop.api.add_message("c1", shop.api.now + 100_000, "Hello", direction="outbound")
    shop.pass_time(shop.following(), 15)
    assert shop.item(item).state == State.SETTLED


def uncertain(shop: Desk, text: str = "Hello") -> tuple[Loop, OutboxItem]:
    """A send without answer or trace, a minute later; the server takes sends again."""
    loop = shop.following()
    shop.api.bend = bend_posts(lambda _: httpx.Response(500, json={}))
    item = shop.send(text)
    shop.pass_time(loop, 75, step=1)
    shop.api.bend = None
    assert shop.item(item).state == State.UNCERTAIN
    assert "not in the chat" in shop.item(item).title
    return loop, item


def test_an_uncertain_message_that_turns_up_later_is_settled_and_lets_the_next_one_go(shop: Desk) -> None:
    loop, item = uncertain(shop)
    behind = shop.send("And then")
    shop.pass_time(loop, 5, step=1)
    assert shop.item(behind).state == State.QUEUED
    assert "decide about it first" in shop.item(behind).hint
    late = shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound")
    shop.pass_time(loop, 90, step=1)
    assert (shop.item(item).state, shop.item(item).message_id) == (State.SETTLED, late["id"])
    assert shop.api.sends == ["And then"]


def test_two_that_turn_up_later_are_named_and_left_to_the_person(shop: Desk) -> None:
    loop, item = uncertain(shop)
    for _ in range(2):
        shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound")
    shop.pass_time(loop, 90, step=1)
    assert shop.item(item).state == State.UNCERTAIN
    assert "2 new messages have this text" in shop.item(item).title


def test_one_that_turns_up_much_later_is_named_and_left_to_the_person(shop: Desk) -> None:
    loop, item = uncertain(shop)
    shop.clock.advance(20 * 60)
    shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound")
    shop.pass_time(loop, 90, step=1)
    assert shop.item(item).state == State.UNCERTAIN
    assert "came much later" in shop.item(item).title


def test_a_new_engine_settles_what_turned_up_while_none_ran(shop: Desk) -> None:
    loop, item = uncertain(shop)
    shop.loops.remove(loop)
    loop.close()
    shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound")
    shop.pass_time(shop.following(), 3)
    assert shop.item(item).state == State.SETTLED


def test_an_uncertain_message_that_the_person_sends_again_goes_once_under_a_new_key(shop: Desk) -> None:
    loop, item = uncertain(shop)
    assert outbox.retry(shop.writer, item.pk, uncertain=True)
    shop.pass_time(loop, 1)
    shop.api.publish("Hello")
    shop.pass_time(loop, 5)
    assert shop.item(item).state == State.SETTLED
    assert shop.api.sends == ["Hello"]
    assert list(shop.api.keys) == [shop.item(item).key] != [item.key]


def test_a_message_that_the_api_knows_again_after_all_is_settled(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 0.25)
    record = shop.api.messages["c1"].pop()
    shop.pass_time(loop, 60, step=1)
    assert shop.item(item).state == State.UNCERTAIN
    shop.api.messages["c1"].append(record)
    shop.api.publish("Hello")
    shop.pass_time(loop, 90, step=1)
    assert shop.item(item).state == State.SETTLED


def test_a_message_that_the_api_has_forgotten_is_uncertain(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 0.25)
    assert shop.item(item).state == State.ACCEPTED
    shop.api.messages["c1"].pop()
    shop.pass_time(loop, 60, step=1)
    assert shop.item(item).state == State.UNCERTAIN


def test_a_message_that_is_not_known_everywhere_yet_is_not_taken_for_forgotten(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    shop.pass_time(loop, 0.25)
    record = shop.api.messages["c1"].pop()
    for _ in range(40):
        shop.pass_time(loop, 0.5)
        assert shop.item(item).state == State.ACCEPTED
    shop.api.messages["c1"].append(record)
    shop.api.publish("Hello")
    shop.pass_time(loop, 20, step=1)
    assert shop.item(item).state == State.SETTLED


def test_one_profile_that_hangs_does_not_hold_up_the_sends_of_another(desk: Desk) -> None:
    desk.api.add_profile("p1")
    desk.api.add_profile("p2")
    desk.api.add_chat("c1", START - 60_000, "p1")
    desk.api.add_chat("c2", START - 50_000, "p2")
    desk.sync()
    loop = desk.following()
    stuck = desk.send("stuck", "c1")
    desk.api.bend = bend_posts(
        lambda request: httpx.Response(500, json={}) if "/c1/" in request.url.path else None
    )
    other = sends.queue_send(desk.writer, "c2", "p2", {"text": "free"}, hold_ms=0)
    desk.pass_time(loop, 1)
    assert desk.item(stuck).state == State.SENDING
    assert desk.item(other).state == State.ACCEPTED


def test_a_chat_with_a_pending_send_waits_and_one_with_a_failed_send_wants_attention(shop: Desk) -> None:
    loop = shop.following()

    def row(item: OutboxItem) -> tuple[object, object, str]:
        return (
            shop.value("SELECT failed FROM chats WHERE id = 'c1'"),
            shop.value("SELECT unanswered FROM chats WHERE id = 'c1'"),
            shop.item(item).state,
        )

    item = shop.send("Hello")
    shop.pass_time(loop, 1)
    assert row(item) == (0, 0, "accepted")
    shop.api.fail("Hello", "No")
    shop.pass_time(loop, 4)
    assert row(item) == (1, 1, "failed")
