"""What a person wants from the network now: asked once, before everything that merely comes round."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from inbox_tui.store import fetched, lookups, screens
from inbox_tui.store.db import open_reader
from inbox_tui.store.fetched import LiveRecord
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.pace import Pace
from inbox_tui.sync.schedule import Kind, Look, Schedule
from inbox_tui.sync.wants import Question
from tests.sync.conftest import Desk
from tests.sync.fake_api import START, FakeApi, Record, iso


def needs(desk: Desk) -> list[tuple[str, str]]:
    return screens.needs(desk.writer)


def want(desk: Desk, loop: Loop, kind: str, subject: str) -> None:
    """Want something, and let the loop carry it out."""
    screens.need(desk.writer, kind, subject)
    desk.clock.advance(0.2)
    desk.settle(loop)


def told(desk: Desk, kind: str, name: str) -> LiveRecord | None:
    return fetched.record(desk.writer.cache, kind, name)


def of_posts(api: FakeApi, posts: list[Record], comments: list[Record], per_page: int = 100) -> None:
    """Have the API in memory answer for posts and comments, in pages."""

    def bend(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        rows = {"/api/posts": posts, "/api/posts/o1/comments": comments}.get(path)
        if rows is None or request.method != "GET":
            return None
        size = min(int(request.url.params["per_page"]), per_page)
        start = int(request.url.params["page"]) * size
        page = {
            "total": len(rows),
            "page": start // size,
            "per_page": size,
            "data": rows[start : start + size],
        }
        return httpx.Response(200, json=page)

    api.bend = bend


def post(
    name: str, profile: str | None = "p1", platform: str = "telegram", status: str = "published"
) -> Record:
    target = {"platform": platform, "profile_id": profile, "status": status}
    return {"id": name, "body": name, "status": "processed", "created_at": iso(START), "platforms": [target]}


def comment(name: str, replies: tuple[Record, ...] = ()) -> Record:
    return {"id": name, "body": f"words of {name}", "created_at": iso(START), "replies": list(replies)}


# ---------------------------------------------------------------- live records


@pytest.mark.parametrize(("subject", "path"), [("message:m1", "messages/m1"), ("chat:c1", "chats/c1")])
def test_a_record_is_asked_for_once_and_kept_as_it_came(shop: Desk, subject: str, path: str) -> None:
    loop = shop.loop()
    shop.settle(loop)
    shop.api.message("m1")["news"] = shop.api.chat("c1")["news"] = "a\u202eb"
    want(shop, loop, "record", subject)
    shop.pass_time(loop, 3)
    kind, _, name = subject.partition(":")
    answer = told(shop, kind, name)
    assert answer is not None
    assert answer.json is not None
    assert json.loads(answer.json) == (shop.api.message(name) if kind == "message" else shop.api.chat(name))
    assert r"a\u202eb" in answer.json
    assert shop.api.requests.count(f"GET /api/{path}") == 1
    assert needs(shop) == []


def test_what_a_record_says_enters_the_cache_too(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    shop.api.message("m1")["body"] = "edited since"
    want(shop, loop, "record", "message:m1")
    assert shop.value("SELECT body FROM messages WHERE id = 'm1'") == "edited since"


def test_of_a_message_that_turns_out_to_be_deleted_no_words_are_kept(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    shop.api.message("m1").update(body="xyzzy", external_deleted_at=iso(START), strange="xyzzy")
    want(shop, loop, "record", "message:m1")
    answer = told(shop, "message", "m1")
    assert answer is not None
    assert answer.json is not None
    assert "external_deleted_at" in answer.json
    assert "xyzzy" not in answer.json
    assert shop.value("SELECT body FROM messages WHERE id = 'm1'") is None


@pytest.mark.parametrize("subject", ["message:nope", "chat:nope"])
def test_a_record_of_nothing_that_is_cached_is_not_asked_for(shop: Desk, subject: str) -> None:
    loop = shop.loop()
    shop.settle(loop)
    want(shop, loop, "record", subject)
    answer = told(shop, *subject.split(":"))
    assert answer is not None
    assert (answer.json, answer.fault.startswith("This is not in the cache")) == (None, True)
    assert shop.api.count("nope") == 0
    assert needs(shop) == []


@pytest.mark.parametrize(
    "odd", ["record/x", "record/user:1", "comments/p1", "comments//o1", "posts/", "record/"]
)
def test_a_want_that_cannot_be_understood_is_dropped(shop: Desk, odd: str) -> None:
    assert Question.of(odd) is None
    loop = shop.loop()
    shop.settle(loop)
    want(shop, loop, *odd.split("/", 1))
    assert needs(shop) == []


# ---------------------------------------------------------------- when it cannot be had


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (410, 1), (422, 1), (403, 1), (500, 3), (502, 3)])
def test_a_refusal_is_told_and_what_may_pass_is_tried_three_times(
    shop: Desk, status: int, tries: int
) -> None:
    loop = shop.loop()
    shop.settle(loop)

    def bend(request: httpx.Request) -> httpx.Response | None:
        said = httpx.Response(status, json={"error": "Computer says no"})
        return said if request.url.path == "/api/messages/m1" else None

    shop.api.bend = bend
    want(shop, loop, "record", "message:m1")
    shop.pass_time(loop, 90, step=1)
    answer = told(shop, "message", "m1")
    assert answer is not None
    assert answer.json is None
    assert "Computer says no" in answer.fault
    assert shop.api.count("GET /api/messages/m1") == tries
    assert needs(shop) == []
    assert lookups.account_fault(shop.writer.cache) == ""
    assert shop.value("SELECT fault_title FROM profiles") is None


def test_asked_to_slow_down_a_want_waits_as_told_and_is_then_carried_out(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    refusals = 1

    def bend(request: httpx.Request) -> httpx.Response | None:
        nonlocal refusals
        if request.url.path != "/api/messages/m1" or not refusals:
            return None
        refusals -= 1
        return httpx.Response(429, headers={"Retry-After": "5"})

    shop.api.bend = bend
    want(shop, loop, "record", "message:m1")
    shop.pass_time(loop, 4)
    assert shop.api.count("GET /api/messages/m1") == 1
    shop.pass_time(loop, 2)
    answer = told(shop, "message", "m1")
    assert answer is not None
    assert answer.json is not None


def test_what_could_not_be_had_can_be_wanted_again(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    shop.api.bend = lambda request: httpx.Response(404) if "messages/m1" in request.url.path else None
    want(shop, loop, "record", "message:m1")
    shop.api.bend = None
    want(shop, loop, "record", "message:m1")
    answer = told(shop, "message", "m1")
    assert answer is not None
    assert (answer.fault, answer.json is None) == ("", False)


# ---------------------------------------------------------------- posts and comments


def test_posts_are_those_that_are_out_on_the_profile_page_by_page(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    others = [post("x1", "p2"), post("x2", status="failed"), post("x3", platform="bluesky"), post("x4", None)]
    of_posts(shop.api, [*(post(f"o{n}") for n in range(7)), *others], [], per_page=3)
    want(shop, loop, "posts", "p1")
    found = {row.post.id for row in fetched.posts(shop.writer.cache, "p1")}
    assert found == {*(f"o{n}" for n in range(7)), "x4"}
    assert shop.api.count("GET /api/posts") == 4
    assert needs(shop) == []


def test_comments_of_a_post_come_page_by_page_and_one_that_cannot_be_read_costs_no_other(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    rows = [comment(f"k{n}", (comment(f"r{n}"),)) for n in range(5)]
    of_posts(shop.api, [], [*rows[:3], {"id": ""}, *rows[3:]], per_page=2)
    want(shop, loop, "comments", "p1/o1")
    with open_reader(shop.writer.folder) as reader:
        found = [(row.comment.id, row.parent_id) for row in fetched.comments(reader, "p1", "o1")]
    reader.close()
    assert found == [pair for n in range(5) for pair in ((f"k{n}", None), (f"r{n}", f"k{n}"))]
    assert shop.value("SELECT source FROM quarantine") == "comments of o1"


def test_a_list_without_an_end_is_read_to_a_limit(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox_tui.sync.wants.MOST_COMMENTS", 10)
    loop = shop.loop()
    shop.settle(loop)
    number = 0

    def bend(request: httpx.Request) -> httpx.Response | None:
        nonlocal number
        if not request.url.path.endswith("/comments"):
            return None
        number += 1
        return httpx.Response(
            200, json={"per_page": 4, "data": [comment(f"k{number}-{n}") for n in range(4)]}
        )

    shop.api.bend = bend
    want(shop, loop, "comments", "p1/o1")
    assert shop.value("SELECT count(*) FROM comments") == 10
    assert number == 3


def test_every_want_names_the_profiles_group(desk: Desk) -> None:
    desk.api.add_profile()
    desk.api.profiles[0]["profile_group_id"] = "g7"
    desk.api.add_chat("c1", START - 60_000)
    desk.sync()
    asked: list[httpx.URL] = []
    of_posts(desk.api, [post("o1")], [comment("k1")])
    answer = desk.api.bend
    assert answer is not None

    def bend(request: httpx.Request) -> httpx.Response | None:
        asked.append(request.url)
        return answer(request)

    desk.api.bend = bend
    loop = desk.loop()
    desk.settle(loop)
    asked.clear()
    for kind, subject in (
        ("record", "message:m1"),
        ("record", "chat:c1"),
        ("posts", "p1"),
        ("comments", "p1/o1"),
    ):
        want(desk, loop, kind, subject)
    paths = ("/api/messages/m1", "/api/chats/c1", "/api/posts", "/api/posts/o1/comments")
    groups = {url.path: url.params.get("profile_group_id") for url in asked if url.path in paths}
    assert groups == dict.fromkeys(paths, "g7")


# ---------------------------------------------------------------- order


def test_a_want_goes_before_everything_that_merely_comes_round_and_outside_of_its_budget() -> None:
    plan = Schedule(pace=Pace(rate=1.0))
    for kind in (Kind.OPEN, Kind.SENT, Kind.RECENT, Kind.CHATS, Kind.PROFILES):
        plan.put(Look(kind, "p1", f"of {kind.name}"), 0.0)
    first = plan.next(0.0, lambda _: None)
    assert first is not None
    plan.started(replace(first, kind=Kind.OPEN), 0.0)
    plan.put(Look(Kind.ASKED, "", "posts/p1"), 0.0)
    assert not plan.pace.allows(0.0, budgeted=True)
    assert plan.next(0.0, lambda _: None) == Look(Kind.ASKED, "", "posts/p1")


def test_a_profile_that_is_left_alone_for_its_faults_is_asked_all_the_same(shop: Desk) -> None:
    loop = shop.loop()
    shop.settle(loop)
    loop.schedule.stop(["p1"], loop.clock.monotonic() + 3600)
    want(shop, loop, "record", "message:m1")
    answer = told(shop, "message", "m1")
    assert answer is not None
    assert answer.json is not None


def test_a_loop_that_only_answers_neither_syncs_nor_sends(shop: Desk) -> None:
    waiting = shop.send("not now")
    before = list(shop.api.requests)
    screens.need(shop.writer, "record", "message:m1")
    loop = shop.loop(Mode.ANSWER, until=lambda: not needs(shop))
    for _ in range(200):
        if loop.ended():
            break
        loop.turn(0.05)
    assert shop.api.requests[len(before) :] == ["GET /api/messages/m1"]
    assert shop.item(waiting).state == "queued"


def test_wants_stand_until_an_engine_comes(shop: Desk) -> None:
    screens.need(shop.writer, "record", "message:m1")
    loop = shop.loop()
    shop.settle(loop)
    assert needs(shop) == []
    assert told(shop, "message", "m1") is not None
