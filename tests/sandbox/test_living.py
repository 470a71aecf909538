"""People answer, read, tap and react; and do things of their own accord."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Bench, eventually


def chats(bench: Bench, platform: str) -> list[dict[str, Any]]:
    profile = next(p for p in bench.api.get("/api/profiles").json()["data"] if p["platform"] == platform)
    page: list[dict[str, Any]] = bench.api.get(
        f"/api/profiles/{profile['id']}/chats", params={"per_page": 100}
    ).json()["data"]
    return page


def thread(bench: Bench, chat: dict[str, Any]) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = bench.api.get(f"/api/chats/{chat['id']}/messages").json()["data"]
    return data


@pytest.mark.parametrize("platform", ["instagram", "facebook", "telegram"])
def test_most_people_answer_within_twenty_seconds(start: Callable[..., Bench], platform: str) -> None:
    bench = start(answers=True)
    asked = [chat for chat in chats(bench, platform) if chat["last_inbound_at"]][:12]
    sent = {
        chat["id"]: bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": "Which one?"}).json()
        for chat in asked
    }
    bench.sandbox.world.advance(2)
    settled = [bench.api.get(f"/api/messages/{message['id']}").json() for message in sent.values()]
    assert settled
    assert all(message["status"] != "pending" for message in settled)
    bench.sandbox.world.advance(20)
    reached = answered = 0
    for chat in asked:
        ours = bench.api.get(f"/api/messages/{sent[chat['id']]['id']}").json()
        if ours["status"] == "published":
            reached += 1
            answered += thread(bench, chat)[0]["direction"] == "inbound" or bool(ours["reactions"])
            if platform != "telegram":
                assert ours["external_read_at"]
    assert reached >= 6
    assert answered >= reached * 0.6


def test_people_write_in_their_own_language(start: Callable[..., Bench]) -> None:
    bench = start(answers=True)
    chat = next(chat for chat in chats(bench, "telegram") if chat["participant_username"] == "andriibondar")
    bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": "Де саме?"})
    bench.sandbox.world.advance(25)
    newest = thread(bench, chat)[0]
    assert newest["direction"] == "inbound"
    assert any("а" <= character <= "ї" for character in newest["body"].lower())


def test_a_keyboard_gets_a_tap_on_one_of_its_buttons(start: Callable[..., Bench]) -> None:
    bench = start(answers=True)
    chat = chats(bench, "telegram")[0]
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}, {"text": "B", "callback_data": "b"}]]}
    ours = bench.api.post(
        f"/api/chats/{chat['id']}/messages", json={"body": "Pick", "reply_markup": markup}
    ).json()
    bench.sandbox.world.advance(25)
    tap = thread(bench, chat)[0]
    assert tap["platform_data"]["kind"] == "callback_query"
    assert tap["body"] in ("a", "b")
    external_id = bench.api.get(f"/api/messages/{ours['id']}").json()["external_id"]
    assert tap["reply_to_external_id"] == external_id


def test_a_bluesky_answer_waits_for_the_poller(start: Callable[..., Bench]) -> None:
    bench = start(answers=True)
    chat = next(c for c in chats(bench, "bluesky") if c["participant_username"] == "janemarsh.bsky.social")
    bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": "On Monday!"})
    bench.sandbox.world.advance(60)
    assert thread(bench, chat)[0]["direction"] == "outbound"
    bench.sandbox.world.advance(300)
    assert thread(bench, chat)[0]["direction"] == "inbound"


def test_people_do_all_sorts_of_things_unasked(start: Callable[..., Bench]) -> None:
    bench = start(initiative=5)
    hook = bench.api.post("/api/webhooks", json={"url": "http://127.0.0.1:1/", "events": ["*"]}).json()
    bench.sandbox.world.advance(3600)
    kinds = Counter(
        row["event_type"] for row in bench.sandbox.world.database.all("select event_type from deliveries")
    )
    assert kinds["message.received"] > 300
    for kind in ("message.edited", "message.deleted", "reaction.received", "comment.created"):
        assert kinds[kind] > 0, kind
    assert bench.sandbox.world.database.value("select count(*) from chats") > 80
    pictures = bench.sandbox.world.database.value("select count(*) from attachments where no > 3000")
    assert pictures > 0
    bench.api.delete(f"/api/webhooks/{hook['id']}")


def test_nobody_writes_unasked_where_that_is_switched_off(start: Callable[..., Bench]) -> None:
    bench = start(answers=True, initiative=0)
    before = bench.sandbox.world.database.value("select count(*) from messages")
    bench.sandbox.world.advance(86_400)
    after = bench.sandbox.world.database.value("select count(*) from messages where direction = 'inbound'")
    inbound_before = before  # nothing had been looked at yet, so nothing had been written
    assert (inbound_before, bench.sandbox.world.database.value("select count(*) from chats")) == (0, 73)
    waiting = bench.sandbox.world.database.one(
        "select chat from messages where direction = 'outbound' and status = 'published' and created_at < ?"
        " and posted_at > created_at + 60000",
        bench.sandbox.world.now(),
    )
    # Only the send that was waiting for its retry got through, and its reader may have answered.
    assert waiting is not None
    assert after <= bench.sandbox.world.database.value("select count(*) from messages")


def test_speed_makes_the_clock_run(start: Callable[..., Bench]) -> None:
    bench = start(frozen_at=None, speed=1000.0, answers=True)
    chat = chats(bench, "instagram")[0]
    bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": "Which one?"})

    def newest_of_ours() -> dict[str, Any]:
        return next(m for m in thread(bench, chat) if m["direction"] == "outbound")

    assert eventually(lambda: newest_of_ours()["external_read_at"] is not None)
    message = newest_of_ours()
    assert message["status"] == "published"
    assert message["external_read_at"] > message["external_posted_at"]


def test_flaky_platforms_make_sends_wait_and_get_through(start: Callable[..., Bench]) -> None:
    bench = start(flaky=0.5)
    chat = chats(bench, "telegram")[0]
    sent = [
        bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": str(n)}).json()["id"]
        for n in range(12)
    ]

    def statuses() -> set[str]:
        return {bench.api.get(f"/api/messages/{identity}").json()["status"] for identity in sent}

    bench.sandbox.world.advance(3)
    assert statuses() == {"published", "failed_waiting_for_retry"}
    bench.sandbox.world.advance(6 * 3600)
    assert "failed_waiting_for_retry" not in statuses()


def test_a_webhooks_retry_comes_by_itself(start: Callable[..., Bench]) -> None:
    bench = start(frozen_at=None, speed=2000.0)
    hook = bench.api.post("/api/webhooks", json={"url": "http://127.0.0.1:1/", "events": ["*"]}).json()
    bench.control.post("/messages", json={"chat": chats(bench, "telegram")[0]["id"], "body": "x"})

    def attempts() -> int:
        log = bench.api.get(f"/api/webhooks/{hook['id']}/deliveries").json()["data"]
        return max((attempt["attempt_number"] for attempt in log), default=0)

    assert eventually(lambda: attempts() >= 3)  # six sandbox minutes, a fraction of a second here
