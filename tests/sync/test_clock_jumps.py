"""A clock put back or forward: every item of the outbox leaves once, or stands before the person."""

from __future__ import annotations

import os
from datetime import UTC

import httpx
import pytest

from inbox_tui.store import clock, drafts, marks, outbox, screens, sends
from inbox_tui.store.items import State
from inbox_tui.sync.decisions import What, after_search, after_silence
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, START

DAY = 24 * HOUR


def jump(desk: Desk, milliseconds: int) -> None:
    """Set this machine's clock; time itself goes on as before."""
    desk.api.now += milliseconds


@pytest.mark.parametrize("hours", [-1, -24, -24 * 400])
def test_a_held_send_leaves_once_within_seconds_when_the_clock_is_put_back(shop: Desk, hours: int) -> None:
    loop = shop.following()
    item = shop.send("Hello", hold_ms=sends.HOLD_MS, screen=os.getpid())
    shop.pass_time(loop, 1)
    assert shop.item(item).state == State.HELD
    jump(shop, hours * HOUR)
    shop.pass_time(loop, 10)
    assert shop.item(item).state == State.ACCEPTED
    assert shop.api.sends == ["Hello"]


def test_a_small_step_back_leaves_the_time_in_which_a_send_can_be_taken_back(shop: Desk) -> None:
    loop = shop.following()
    item = shop.send("Hello", hold_ms=sends.HOLD_MS, screen=os.getpid())
    jump(shop, -2000)
    shop.pass_time(loop, 4)
    assert shop.item(item).state == State.HELD
    assert outbox.take_back(shop.writer, item.pk) == "Hello"


def test_a_send_that_waits_to_be_tried_again_does_not_wait_for_the_old_time(shop: Desk) -> None:
    loop = shop.following()

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST":
            raise httpx.ConnectError("refused")
        return None

    shop.api.bend = refuse
    item = shop.send("Hello")
    shop.pass_time(loop, 1)
    assert shop.item(item).next_try_at is not None
    shop.api.bend = None
    jump(shop, -30 * DAY)
    shop.pass_time(loop, 5)
    assert shop.item(item).state == State.ACCEPTED
    assert shop.api.sends == ["Hello"]


def test_what_was_written_before_the_clock_was_put_forward_goes_back_to_the_person_with_its_text(
    shop: Desk,
) -> None:
    item = shop.send("Hello")
    jump(shop, DAY)
    shop.pass_time(shop.following(), 5)
    kept = shop.item(item)
    assert (kept.state, kept.text) == (State.FAILED, "Hello")
    assert kept.title.startswith("Written 1d ago")
    assert shop.api.sends == []


@pytest.mark.parametrize("proven", [True, False])
def test_a_send_cut_off_before_the_clock_was_put_back_is_never_doubled_and_never_stuck(
    shop: Desk, *, proven: bool
) -> None:
    loop = shop.following()
    item = shop.send("Hello")
    # An engine that was killed between the request and its answer.
    assert outbox.move(shop.writer, item, State.SENDING, dispatched=True)
    shop.api.add_message("c1", shop.api.now, "Hello", direction="outbound")
    if proven:
        loop.push.client.transport.note_replay_proven()
    jump(shop, -DAY)
    shop.pass_time(loop, 30)
    assert shop.item(item).state in (State.UNCERTAIN, State.ACCEPTED, State.SETTLED)
    assert shop.api.count("POST ") == 0


def test_a_key_from_the_future_is_not_repeated() -> None:
    times = {"dispatched_at": START + DAY, "key_made_at": START + DAY}
    decision = after_silence(now=START, **times, proven=True)
    assert decision.what is What.SEARCH
    assert decision.seconds == 0


def test_a_search_whose_send_lies_in_the_future_ends_before_the_person() -> None:
    decision = after_search([], dispatched_at=START + DAY, read_at=START, zone=UTC)
    assert decision.what is What.ASK
    assert "clock was put back" in decision.title


def test_a_look_of_before_the_clock_was_put_back_is_not_taken_for_one_of_now(desk: Desk) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST":
            raise httpx.ConnectError("refused")
        return None

    desk.api.add_profile()
    desk.api.add_chat("c1", START - 50 * HOUR)
    loop = desk.following()
    screens.need(desk.writer, "look", "c1")
    desk.pass_time(loop, 1)
    jump(desk, -HOUR)
    desk.api.bend = refuse
    desk.send("Hello")
    desk.pass_time(loop, 35)
    desk.api.bend = None
    desk.api.requests = []
    desk.pass_time(loop, 30)
    of_the_chat = [request for request in desk.api.requests if "/c1/messages" in request]
    assert of_the_chat[:2] == ["GET /api/chats/c1/messages", "POST /api/chats/c1/messages"]


def test_drafts_and_marks_follow_the_person_not_the_clock(shop: Desk) -> None:
    for number, step in enumerate((0, DAY, -3 * DAY, HOUR, -DAY)):
        jump(shop, step)
        drafts.save(shop.writer, "c1", f"words {number}", number)
        row = shop.writer.local.execute("SELECT text, cursor FROM drafts").fetchall()
        assert row == [(f"words {number}", number)]
    jump(shop, -DAY)
    marks.mark(shop.writer, "c1", "done")
    shop.api.add_message("c1", START, "one more")
    shop.pass_time(shop.following(), 5)
    assert shop.value("SELECT unanswered FROM chats WHERE id = 'c1'") == 1


def test_sends_of_a_chat_keep_their_order_while_the_clock_jumps(shop: Desk) -> None:
    loop = shop.following()
    for text, step in (("one", 5 * 60_000), ("two", -2 * HOUR), ("three", -DAY), ("four", 0)):
        shop.send(text)
        jump(shop, step)
    for _ in range(4):
        shop.pass_time(loop, 35)
        for text in shop.api.sends:
            shop.api.publish(text)
    assert shop.api.sends == ["one", "two", "three", "four"]


def test_the_servers_time_is_kept_for_screens_and_commands(shop: Desk) -> None:
    shop.api.ahead = 3600
    shop.following()
    assert abs(clock.offset(shop.writer.cache) - 3_600_000) < clock.TOLERANCE_MS
    now = clock.server_now(shop.writer.cache)
    assert abs(now - shop.api.now - 3_600_000) < clock.TOLERANCE_MS


def test_a_difference_of_the_clocks_that_has_not_changed_is_not_written_again(shop: Desk) -> None:
    shop.api.ahead = 3600
    loop = shop.following()
    shop.pass_time(loop, 60, step=1)
    (before,) = shop.writer.cache.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
    for ahead in (3600.9, 3599.6, 3600.3):
        # The header has whole seconds, and answers take their time.
        shop.api.ahead = ahead
        shop.pass_time(loop, 60, step=1)
    assert shop.value("SELECT value FROM meta WHERE key = 'rev'") == before


def test_a_clock_that_was_set_is_noticed_within_seconds(shop: Desk) -> None:
    shop.api.ahead = 3600
    loop = shop.following()
    shop.api.ahead = 0
    shop.pass_time(loop, 65, step=1)
    assert abs(clock.offset(shop.writer.cache)) <= clock.TOLERANCE_MS


def test_a_chat_counts_as_long_quiet_by_the_servers_time(desk: Desk) -> None:
    """A machine that believes to be in the past would else call every chat unread, or none."""
    desk.api.ahead = 400 * 24 * 3600
    desk.api.add_profile()
    desk.sync()
    (first,) = desk.writer.local.execute("SELECT value FROM meta WHERE key = 'first_sync_at'").fetchone()
    assert abs(first - desk.api.now - 400 * DAY) < HOUR
