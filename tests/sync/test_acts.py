"""Edits, reactions, the archive, private replies, new chats: asked for once, and the outcome is the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from inbox_tui.api import pages
from inbox_tui.api.transport import Answer
from inbox_tui.core.models import Comment, JsonObject
from inbox_tui.store import acts, drafts, fetched, lookups, outbox, writes
from inbox_tui.store.acts import ActName, queue_act
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.sends import HOLD_MS
from inbox_tui.store.threads import ThreadRow, ThreadSource
from inbox_tui.sync.loop import Loop, Mode
from inbox_tui.sync.push import REPLAYS
from tests.sync.conftest import Desk
from tests.sync.fake_api import START, Bend, iso

INLINE: JsonObject = {"inline_keyboard": [[{"text": "Track", "callback_data": "track"}]]}


@dataclass
class Case:
    """An act that a person may take at a desk, and how to see at the API that it was done."""

    desk: Desk
    act: ActName
    chat_id: str
    payload: JsonObject
    method: str
    path: str
    done: Callable[[], object]

    def queue(self, **more: object) -> OutboxItem:
        return queue_act(self.desk.writer, self.act, self.chat_id, "p1", self.payload, **more)

    def asked(self) -> int:
        """How often it was asked for."""
        return self.desk.api.count(f"{self.method} {self.path}")


def edit(desk: Desk) -> Case:
    desk.api.add_profile()
    desk.api.add_chat("c1", START - 60_000)
    message = desk.api.add_message("c1", START - 50_000, "Tuesday", direction="outbound")
    done = lambda: message["body"] == "Wednesday"  # noqa: E731
    payload = {"message_id": str(message["id"]), "text": "Wednesday", "before": {"text": "Tuesday"}}
    return Case(desk, ActName.EDIT, "c1", payload, "PATCH", "/api/messages/", done)


def react(desk: Desk) -> Case:
    desk.api.add_profile(platform="facebook")
    desk.api.add_chat("c1", START - 60_000)
    (message,) = desk.api.messages["c1"]
    payload = {"message_id": str(message["id"]), "reaction": "like"}
    done = lambda: [each["reaction"] for each in message["reactions"]] == ["like"]  # noqa: E731
    return Case(desk, ActName.REACT, "c1", payload, "POST", f"/api/messages/{message['id']}/react", done)


def unreact(desk: Desk) -> Case:
    react(desk)
    (message,) = desk.api.messages["c1"]
    message["reactions"] = [{"sender_external_id": "page", "reaction": "love", "emoji": "❤", "at": None}]
    payload = {"message_id": str(message["id"])}
    path = f"/api/messages/{message['id']}/unreact"
    return Case(desk, ActName.UNREACT, "c1", payload, "DELETE", path, lambda: not message["reactions"])


def archive(desk: Desk) -> Case:
    desk.api.add_profile(platform="bluesky")
    desk.api.add_chat("c1", START - 60_000)
    chat = desk.api.chat("c1")
    chat["archived"] = False
    return Case(
        desk, ActName.ARCHIVE, "c1", {}, "POST", "/api/chats/c1/archive", lambda: chat["archived"] is True
    )


def unarchive(desk: Desk) -> Case:
    archive(desk)
    chat = desk.api.chat("c1")
    chat["archived"] = True
    return Case(
        desk,
        ActName.UNARCHIVE,
        "c1",
        {},
        "DELETE",
        "/api/chats/c1/archive",
        lambda: chat["archived"] is False,
    )


def new_chat(desk: Desk) -> Case:
    desk.api.add_profile(platform="bluesky")
    chat_id = acts.new_chat_of("p1", "did:plc:new")
    done = lambda: "new-did:plc:new" in desk.api.messages  # noqa: E731
    payload = {"participant": "did:plc:new"}
    return Case(desk, ActName.NEW_CHAT, chat_id, payload, "POST", "/api/profiles/p1/chats", done)


def private_reply(desk: Desk) -> Case:
    desk.api.add_profile(platform="instagram")
    chat_id = acts.comment_chat("k1")
    payload = {"post_id": "post", "comment_id": "k1", "comment_external_id": "x-k1", "text": "See our guide"}
    path = "/api/posts/post/comments/k1/private_reply"
    done = lambda: "See our guide" in desk.api.sends  # noqa: E731
    return Case(desk, ActName.PRIVATE_REPLY, chat_id, payload, "POST", path, done)


HARMLESS = [edit, react, unreact, archive, unarchive, new_chat]
MAKE = Callable[[Desk], Case]


def synced(desk: Desk, make: MAKE) -> tuple[Case, Loop]:
    case = make(desk)
    desk.sync()
    loop = desk.loop(Mode.FOLLOW)
    desk.settle(loop)
    return case, loop


def bend(case: Case, answer: Callable[[httpx.Request], httpx.Response | None], times: int = 1) -> Bend:
    """Bend the first requests of an act."""
    left = [times]

    def bent(request: httpx.Request) -> httpx.Response | None:
        if request.method != case.method or not request.url.path.startswith(case.path) or left[0] <= 0:
            return None
        left[0] -= 1
        return answer(request)

    return bent


def lost(case: Case, *, done: bool) -> Callable[[httpx.Request], httpx.Response | None]:
    """Lose the answer, after doing what was asked or without."""

    def lose(request: httpx.Request) -> httpx.Response | None:
        if done:
            case.desk.api._route(request, request.url.path.removeprefix("/api/").split("/"))
        raise httpx.ReadError("connection reset")

    return lose


@pytest.mark.parametrize("make", HARMLESS)
def test_an_act_is_asked_for_once_and_the_answer_is_the_new_record(desk: Desk, make: MAKE) -> None:
    case, loop = synced(desk, make)
    item = case.queue()
    assert not case.done()
    desk.pass_time(loop, 0.5)
    assert case.done()
    assert desk.item(item).state == State.SETTLED
    assert case.asked() == 1
    assert cached(desk, case) == live(desk, case)


def cached(desk: Desk, case: Case) -> object:
    """What the cache says of what an act changes."""
    if case.act is ActName.NEW_CHAT:
        return desk.ids("chats")
    if case.act in acts.CHAT_ACTS:
        return bool(desk.value("SELECT archived FROM chats"))
    row = desk.writer.cache.execute(
        "SELECT body, reactions FROM messages WHERE id = ?", (case.payload["message_id"],)
    ).fetchone()
    return row[0], [each[:3] for each in json.loads(row[1])]


def live(desk: Desk, case: Case) -> object:
    """What the API says of it, in the same terms."""
    if case.act is ActName.NEW_CHAT:
        return {str(chat["id"]) for chats in desk.api.chats.values() for chat in chats}
    if case.act in acts.CHAT_ACTS:
        return desk.api.chat("c1")["archived"]
    message = desk.api.message(str(case.payload["message_id"]))
    names = ("sender_external_id", "emoji", "reaction")
    return message["body"], [[each[name] for name in names] for each in message["reactions"]]


@pytest.mark.parametrize("make", [*HARMLESS, private_reply])
def test_a_refusal_is_told_in_the_platforms_words_and_nothing_is_changed_here(desk: Desk, make: MAKE) -> None:
    case, loop = synced(desk, make)
    before = desk.writer.cache.execute("SELECT body, reactions FROM messages").fetchall()
    desk.api.bend = bend(case, lambda _: httpx.Response(422, json={"error": "(#100) Not like this"}))
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 10)
    assert (desk.item(item).state, desk.item(item).title) == (State.FAILED, "(#100) Not like this")
    assert case.asked() == 1
    assert not case.done()
    assert desk.writer.cache.execute("SELECT body, reactions FROM messages").fetchall() == before
    assert outbox.retry(desk.writer, item.pk)
    assert desk.item(item).key != item.key
    desk.pass_time(loop, 0.5)
    assert case.done()
    assert desk.item(item).state in (State.SETTLED, State.ACCEPTED)


@pytest.mark.parametrize("make", HARMLESS)
@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_is_looked_after_and_only_what_is_not_done_is_asked_for_again(
    desk: Desk, make: MAKE, done: bool
) -> None:
    case, loop = synced(desk, make)
    keys: list[str] = []

    def lose(request: httpx.Request) -> httpx.Response | None:
        keys.append(request.headers["idempotency-key"])
        return None if len(keys) > 1 else lost(case, done=done)(request)

    desk.api.bend = bend(case, lose, times=9)
    item = case.queue()
    desk.pass_time(loop, 20)
    assert case.done()
    assert desk.item(item).state == State.SETTLED
    # Finding or creating a chat is its own look.
    assert keys == [item.key] * (1 if done and make is not new_chat else 2)


@pytest.mark.parametrize("make", HARMLESS)
@pytest.mark.parametrize("done", [True, False])
def test_what_a_killed_engine_left_on_its_way_is_looked_after(desk: Desk, make: MAKE, done: bool) -> None:
    case, loop = synced(desk, make)
    loop.drain()
    item = case.queue()
    assert outbox.move(desk.writer, item, State.SENDING, dispatched=True)
    if done:
        request = httpx.Request(
            case.method,
            f"http://x{case.path}{case.payload['message_id'] if case.act is ActName.EDIT else ''}",
            headers={"idempotency-key": item.key, "authorization": "Bearer pp_test"},
            json={
                "body": case.payload.get("text"),
                "reaction": "like",
                "participant_external_id": case.payload.get("participant"),
            },
        )
        assert desk.api.answer(request).is_success
        desk.api.requests.clear()
    loop = desk.loop(Mode.FOLLOW)
    desk.pass_time(loop, 1)
    assert case.done()
    assert desk.item(item).state == State.SETTLED
    assert case.asked() == (0 if done and make is not new_chat else 1)


@pytest.mark.parametrize("make", [*HARMLESS, private_reply])
@pytest.mark.parametrize(
    "trouble",
    [
        lambda _: httpx.Response(429, headers={"retry-after": "3"}, json={}),
        lambda _: (_ for _ in ()).throw(httpx.ConnectError("refused")),
    ],
)
def test_what_was_certainly_not_done_waits_and_is_asked_for_again(
    desk: Desk, make: MAKE, trouble: Callable[[httpx.Request], httpx.Response]
) -> None:
    case, loop = synced(desk, make)
    desk.api.bend = bend(case, trouble)
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 0.25)
    assert desk.item(item).state == State.QUEUED
    desk.pass_time(loop, 10)
    assert case.done()
    assert case.asked() == 2
    assert desk.item(item).state in (State.SETTLED, State.ACCEPTED)


@pytest.mark.parametrize("make", HARMLESS)
def test_a_first_try_that_still_runs_is_waited_for(desk: Desk, make: MAKE) -> None:
    case, loop = synced(desk, make)
    desk.api.bend = bend(case, lambda _: httpx.Response(409, json={"error": "still being processed"}))
    item = case.queue()
    desk.pass_time(loop, 10)
    assert case.done()
    assert desk.item(item).state == State.SETTLED


@pytest.mark.parametrize("make", HARMLESS)
def test_what_nobody_can_tell_for_a_quarter_of_an_hour_goes_back_to_the_person(
    desk: Desk, make: MAKE
) -> None:
    case, loop = synced(desk, make)
    desk.api.bend = lambda request: None if request.method == "GET" else httpx.Response(500, json={})
    item = case.queue()
    desk.pass_time(loop, 840, step=20)
    assert desk.item(item).state == State.SENDING
    desk.pass_time(loop, 240, step=20)
    assert desk.item(item).state == State.FAILED
    assert "may have been done" in desk.item(item).hint


# ---------------------------------------------------------------- edits


def test_an_edit_that_is_not_modified_after_a_lost_answer_counts_as_done(desk: Desk) -> None:
    case, loop = synced(desk, edit)
    hidden = [2]

    def stale(request: httpx.Request) -> httpx.Response | None:
        """The first look is answered from before the edit, as by a replica that is behind."""
        if request.method == "GET" and "/messages/" in request.url.path and hidden[0] == 1:
            hidden[0] = 0
            message = desk.api.message(str(case.payload["message_id"]))
            return httpx.Response(200, json={**message, "body": "Tuesday", "external_edited_at": None})
        if request.method == "PATCH" and hidden[0] == 2:
            hidden[0] = 1
            return lost(case, done=True)(request)
        return None

    desk.api.bend = stale
    item = case.queue()
    desk.pass_time(loop, 10)
    assert case.asked() == 2
    assert desk.item(item).state == State.SETTLED
    assert desk.value("SELECT body FROM messages WHERE id = ?", case.payload["message_id"]) == "Wednesday"


def test_not_modified_is_a_refusal_where_the_message_says_something_else(desk: Desk) -> None:
    case, loop = synced(desk, edit)
    words = "Bad Request: message is not modified: it is as it was"
    desk.api.bend = bend(case, lambda _: httpx.Response(422, json={"error": words}), times=9)
    item = case.queue()
    desk.pass_time(loop, 10)
    assert (desk.item(item).state, desk.item(item).title) == (State.FAILED, words)
    assert case.asked() == 1


def test_an_edit_that_changes_nothing_is_settled_without_a_request(desk: Desk) -> None:
    case, loop = synced(desk, edit)
    case.payload = {**case.payload, "text": "Tuesday"}
    item = case.queue()
    desk.pass_time(loop, 1)
    assert desk.item(item).state == State.SETTLED
    assert case.asked() == 0


def test_a_keyboard_is_put_under_a_message_and_taken_away(desk: Desk) -> None:
    case, loop = synced(desk, edit)
    message = desk.api.message(str(case.payload["message_id"]))
    case.payload = {"message_id": str(message["id"]), "reply_markup": INLINE}
    case.queue()
    desk.pass_time(loop, 0.5)
    assert message["reply_markup"] == INLINE
    case.payload = {"message_id": str(message["id"]), "reply_markup": {}}
    item = case.queue()
    desk.pass_time(loop, 0.5)
    assert message["reply_markup"] is None
    assert desk.item(item).state == State.SETTLED
    assert desk.value("SELECT reply_markup FROM messages WHERE id = ?", message["id"]) is None


def test_what_was_deleted_meanwhile_is_refused_before_a_request_leaves(desk: Desk) -> None:
    case, loop = synced(desk, react)
    desk.writer.cache.execute("UPDATE messages SET deleted_at = ?", (START,))
    item = case.queue()
    desk.pass_time(loop, 1)
    assert (desk.item(item).state, desk.item(item).title) == (State.FAILED, "The message was deleted")
    assert case.asked() == 0


@pytest.mark.parametrize("make", [edit, react, private_reply])
def test_what_the_customer_sees_does_not_leave_a_quarter_of_an_hour_late(desk: Desk, make: MAKE) -> None:
    case, loop = synced(desk, make)
    loop.drain()
    item = case.queue(hold_ms=0)
    desk.clock.advance(16 * 60)
    loop = desk.loop(Mode.FOLLOW)
    desk.pass_time(loop, 1)
    assert desk.item(item).title == "Written 16m ago and not done since"
    assert case.asked() == 0


# ---------------------------------------------------------------- order


def test_a_failed_send_holds_back_no_reaction_and_no_archiving(desk: Desk) -> None:
    case, loop = synced(desk, archive)
    desk.api.bend = lambda request: (
        httpx.Response(422, json={"error": "no"}) if request.url.path.endswith("/c1/messages") else None
    )
    desk.send("Hello")
    waiting = desk.send("Behind it")
    item = case.queue()
    desk.pass_time(loop, 1)
    assert desk.item(waiting).state == State.QUEUED
    assert desk.item(item).state == State.SETTLED


def test_acts_on_a_message_leave_one_after_the_other(desk: Desk) -> None:
    case, loop = synced(desk, react)
    item = case.queue()
    assert outbox.move(desk.writer, item, State.SENDING, dispatched=True)
    again = queue_act(desk.writer, ActName.REACT, "c1", "p1", {**case.payload, "reaction": "wow"})
    assert desk.item(item).state == State.SENDING
    desk.pass_time(loop, 1)
    (message,) = desk.api.messages["c1"]
    assert [each["reaction"] for each in message["reactions"]] == ["wow"]
    assert [desk.item(each).state for each in (item, again)] == [State.SETTLED, State.SETTLED]


def test_a_reaction_that_is_taken_back_before_it_leaves_is_never_asked_for(desk: Desk) -> None:
    case, loop = synced(desk, react)
    item = case.queue()
    queue_act(desk.writer, ActName.UNREACT, "c1", "p1", {"message_id": case.payload["message_id"]})
    desk.pass_time(loop, 1)
    assert desk.item(item).state == State.DISCARDED
    assert case.asked() == 0
    assert desk.api.count("DELETE") == 0
    assert outbox.open_items(desk.writer) == []


def test_a_reaction_that_is_taken_off_at_once_is_gone_here_too(desk: Desk) -> None:
    """The server's clock is known to a second only: the second answer may seem to be the older one."""
    desk.api.ahead = 0.0
    case, loop = synced(desk, react)
    case.queue()
    desk.pass_time(loop, 0.5)
    desk.writer.cache.execute("UPDATE messages SET stated_at = 4000000000000")
    queue_act(desk.writer, ActName.UNREACT, "c1", "p1", {"message_id": case.payload["message_id"]})
    desk.pass_time(loop, 0.5)
    assert desk.value("SELECT reactions FROM messages") == "[]"


def test_a_page_that_was_read_before_a_reaction_does_not_take_it_away_again(desk: Desk) -> None:
    """The reaction's own time counts: the page may have been asked for after the act, and read before."""
    desk.api.ahead = 0.0
    case, loop = synced(desk, react)
    message = desk.api.message(str(case.payload["message_id"]))
    before = {**message, "reactions": []}
    done_at = 2_000_000_000_000
    own = {"sender_external_id": "page", "emoji": "👍", "reaction": "like", "at": iso(done_at)}
    desk.api.bend = bend(case, lambda _: httpx.Response(200, json={**message, "reactions": [own]}))
    case.queue()
    desk.pass_time(loop, 0.5)
    page = pages.MESSAGES.read_record(Answer(200, json.dumps(before).encode(), False))
    writes.apply_messages(desk.writer, [writes.MessagePage("c1", [page], stated_at=done_at - 1)])
    assert "like" in str(desk.value("SELECT reactions FROM messages"))
    writes.apply_messages(desk.writer, [writes.MessagePage("c1", [page], stated_at=done_at)])
    assert desk.value("SELECT reactions FROM messages") == "[]"


# ---------------------------------------------------------------- what is drawn


def thread(desk: Desk) -> list[ThreadRow]:
    reader = open_reader(desk.writer.folder)
    try:
        (pk,) = reader.execute("SELECT pk FROM chats WHERE id = 'c1'").fetchone()
        return list(ThreadSource(reader, pk, "c1").after(None, 50))
    finally:
        reader.close()


def test_an_act_lies_over_its_message_until_it_is_settled_or_given_up(desk: Desk) -> None:
    case, loop = synced(desk, react)
    desk.api.bend = bend(case, lambda _: httpx.Response(422, json={"error": "Not this one"}))
    item = case.queue()
    (row,) = thread(desk)
    assert [each.pk for each in row.pending] == [item.pk]
    desk.pass_time(loop, 1)
    (row,) = thread(desk)
    assert [(each.state, each.title) for each in row.pending] == [(State.FAILED, "Not this one")]
    assert desk.value("SELECT failed FROM chats WHERE id = 'c1'") == 1
    assert outbox.discard(desk.writer, item.pk)
    writes.refold_chats(desk.writer, ["c1"])
    (row,) = thread(desk)
    assert row.pending == ()
    assert desk.value("SELECT failed FROM chats WHERE id = 'c1'") == 0


def test_an_archiving_lies_over_its_chat(desk: Desk) -> None:
    case, loop = synced(desk, archive)
    item = case.queue()
    reader = open_reader(desk.writer.folder)
    row = lookups.chat(reader, "c1")
    assert row is not None
    assert row.archiving == item
    desk.pass_time(loop, 1)
    row = lookups.chat(reader, "c1")
    assert row is not None
    assert (row.archiving, row.chat.archived) == (None, True)
    reader.close()


# ---------------------------------------------------------------- new chats


def test_the_first_text_of_a_new_chat_is_sent_into_it_once(desk: Desk) -> None:
    case, loop = synced(desk, new_chat)
    case.payload = {**case.payload, "text": "Hello, about your order"}
    desk.api.bend = bend(case, lost(case, done=True))
    item = case.queue()
    desk.pass_time(loop, 10)
    assert desk.api.sends == ["Hello, about your order"]
    settled = desk.item(item)
    assert (settled.state, settled.chat_id) == (State.SETTLED, "new-did:plc:new")
    send = acts.first_send(desk.writer.local, settled)
    assert send is not None
    assert send.state == State.ACCEPTED


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("telegram", "A Telegram bot cannot write first"),
        ("facebook", "Facebook lets you write only after"),
        ("instagram", "Instagram lets you write only after"),
    ],
)
def test_a_first_text_that_could_not_be_sent_is_refused_before_the_chat_is_made(
    desk: Desk, platform: str, words: str
) -> None:
    desk.api.add_profile(platform=platform)
    desk.sync()
    loop = desk.loop(Mode.FOLLOW)
    chat_id = acts.new_chat_of("p1", "77")
    payload = {"participant": "77", "text": "Hello"}
    item = queue_act(desk.writer, ActName.NEW_CHAT, chat_id, "p1", payload)
    desk.pass_time(loop, 1)
    assert desk.item(item).state == State.FAILED
    assert words in desk.item(item).title
    assert desk.api.count("POST") == 0


def test_the_api_is_told_what_is_known_of_the_person_of_a_new_chat(desk: Desk) -> None:
    case, loop = synced(desk, new_chat)
    case.payload = {**case.payload, **acts.named("Jane\n Doe", "@jane.bsky.social")}
    bodies: list[object] = []

    def listen(request: httpx.Request) -> None:
        if request.method == "POST":
            bodies.append(json.loads(request.content))

    desk.api.bend = listen
    item = case.queue()
    desk.pass_time(loop, 5)
    assert desk.item(item).state == State.SETTLED
    assert bodies[0] == {
        "participant_external_id": "did:plc:new",
        "participant_name": "Jane Doe",
        "participant_username": "jane.bsky.social",
    }


def test_a_handle_is_no_did(desk: Desk) -> None:
    case, loop = synced(desk, new_chat)
    case.payload = {"participant": "jane.bsky.social"}
    item = case.queue()
    desk.pass_time(loop, 1)
    assert "DID" in desk.item(item).title
    assert case.asked() == 0


# ---------------------------------------------------------------- private replies


def know_comment(desk: Desk, posted_at: int) -> None:
    comment = Comment(
        "k1", posted_at, external_id="x-k1", author_external_id="author-k1", posted_at=posted_at
    )
    desk.writer.cache.execute(
        "INSERT INTO comments (profile_id, post_id, place, id, external_id, json) "
        "VALUES ('p1', 'post', 0, 'k1', 'x-k1', ?)",
        (fetched.comment_text(comment),),
    )


def test_a_private_reply_leaves_after_its_hold_and_its_chat_appears(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    item = case.queue()
    assert (item.state, item.held_until) == (State.HELD, item.created_at + HOLD_MS)
    desk.pass_time(loop, 4.5)
    assert case.asked() == 0
    desk.pass_time(loop, 2)
    assert desk.item(item).state == State.ACCEPTED
    assert "of-k1" in desk.ids("chats")
    desk.api.publish("See our guide")
    desk.pass_time(loop, 10)
    assert desk.item(item).state == State.SETTLED
    assert desk.value("SELECT external_comment_id FROM messages WHERE body = 'See our guide'") == "x-k1"
    assert case.asked() == 1


def test_a_held_private_reply_comes_back_as_the_draft_of_its_comment(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    drafts.save(desk.writer, case.chat_id, "See our guide", 3)
    item = case.queue(from_draft=case.chat_id, screen=1)
    reader = open_reader(desk.writer.folder)
    assert lookups.draft(reader, case.chat_id) == ("", 0)
    assert lookups.held(reader, 1) == item
    assert outbox.take_back(desk.writer, item.pk) == "See our guide"
    assert lookups.draft(reader, case.chat_id) == ("See our guide", 13)
    desk.pass_time(loop, 10)
    assert case.asked() == 0
    case.queue()
    reader.close()


def test_a_private_reply_that_the_platform_refuses_later_is_failed_with_its_words(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 1)
    desk.api.fail("See our guide", "(#10900) Activity already replied to")
    desk.pass_time(loop, 10)
    assert (desk.item(item).state, desk.item(item).title) == (
        State.FAILED,
        "(#10900) Activity already replied to",
    )


def test_a_lost_answer_to_a_private_reply_is_found_by_its_comment_and_adopted(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    desk.api.bend = bend(case, lost(case, done=True))
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 12)
    assert desk.item(item).state == State.ACCEPTED
    assert case.asked() == 1
    assert desk.api.sends == ["See our guide"]


def test_a_private_reply_that_left_no_trace_is_uncertain_and_never_sent_again(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    know_comment(desk, START)
    desk.api.bend = bend(case, lost(case, done=False))
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 80, step=1)
    assert desk.item(item).state == State.UNCERTAIN
    assert case.asked() == 1


def test_an_uncertain_private_reply_is_settled_when_it_turns_up(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    item = case.queue(hold_ms=0)
    assert outbox.move(desk.writer, item, State.SENDING, dispatched=True)
    assert outbox.move(desk.writer, desk.item(item), State.UNCERTAIN)
    desk.api.add_chat("c9", None)
    message = desk.api.add_message("c9", desk.api.now + 1000, "See our guide", direction="outbound")
    message["external_comment_id"] = "x-k1"
    desk.pass_time(loop, 60, step=1)
    assert desk.item(item).state == State.SETTLED
    assert case.asked() == 0


def test_where_keys_are_proven_a_private_reply_is_repeated_with_the_same_key(desk: Desk) -> None:
    desk.api.honours_keys = True
    writes.remember(desk.writer, REPLAYS, 1)
    case, loop = synced(desk, private_reply)
    desk.api.bend = bend(case, lost(case, done=True))
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 5)
    assert desk.item(item).state == State.ACCEPTED
    assert desk.api.sends == ["See our guide"]
    assert list(desk.api.keys) == [item.key]


def test_a_comment_older_than_seven_days_is_refused_before_a_request_leaves(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    know_comment(desk, START - 7 * 86_400_000)
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 1)
    assert desk.item(item).state == State.FAILED
    assert "older than 7 days" in desk.item(item).title
    assert case.asked() == 0


def test_a_reply_that_turned_up_while_it_was_held_is_not_sent_a_second_time(desk: Desk) -> None:
    case, loop = synced(desk, private_reply)
    item = case.queue()
    desk.api.add_chat("c9", None)
    message = desk.api.add_message("c9", desk.api.now, "From a colleague", direction="outbound")
    message["external_comment_id"] = "x-k1"
    loop.drain()
    desk.sync()
    desk.pass_time(desk.loop(Mode.FOLLOW), 6)
    assert desk.item(item).state == State.FAILED
    assert "has had its private reply" in desk.item(item).title
    assert case.asked() == 0


def test_a_private_reply_is_a_reply_of_ours_in_its_chat_and_its_failure_counts_until_it_is_sent_again(
    desk: Desk,
) -> None:
    case, loop = synced(desk, private_reply)
    item = case.queue(hold_ms=0)
    desk.pass_time(loop, 1)
    desk.api.fail("See our guide", "(#551) This person isn't available right now.")
    desk.pass_time(loop, 10)
    assert desk.value("SELECT failed FROM chats WHERE id = 'of-k1'") == 1
    assert outbox.retry(desk.writer, item.pk)
    desk.pass_time(loop, 1)
    assert desk.api.sends == ["See our guide"] * 2
    assert desk.value("SELECT failed FROM chats WHERE id = 'of-k1'") == 0
    assert desk.value("SELECT waiting FROM chats WHERE id = 'of-k1'") == 1
