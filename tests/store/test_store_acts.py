"""Acts in the outbox: what replaces what, what is refused, and what never waits for what."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
import store_samples as samples
from store_samples import NOW, inbound, outbound

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import JsonObject
from inbox_tui.store import acts, drafts, lookalikes, lookups, outbox, sends, writes
from inbox_tui.store.acts import ActName, comment_chat, lane, new_chat_of, queue_act
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.sends import HOLD_MS
from inbox_tui.store.threads import ThreadSource
from inbox_tui.store.writer import Writer

REPLY: JsonObject = {"post_id": "p", "comment_id": "k", "comment_external_id": "x-k", "text": "Hello"}


def act(writer: Writer, name: ActName, **payload: object) -> OutboxItem:
    """Queue an act on the message m1 or its chat."""
    about = {"message_id": "m1"} if name in acts.MESSAGE_ACTS else {}
    return queue_act(writer, name, "chat", "prof", {**about, **payload})


def reply(writer: Writer, **more: object) -> OutboxItem:
    return queue_act(writer, ActName.PRIVATE_REPLY, comment_chat("k"), "prof", REPLY, **more)


def states(writer: Writer, *items: OutboxItem) -> list[str]:
    return [outbox.item_of_number(writer.local, item.pk).state for item in items]


def on_its_way(writer: Writer, item: OutboxItem, state: State = State.SENDING) -> OutboxItem:
    assert outbox.move(writer, item, state, dispatched=True)
    return outbox.item_of_number(writer.local, item.pk)


# ---------------------------------------------------------------- what is written down


def test_an_act_is_written_down_with_what_it_is_about_and_leaves_at_once(writer: Writer) -> None:
    item = queue_act(writer, ActName.REACT, "chat", "prof", {"message_id": "m1", "emoji": "👍"}, screen=7)
    assert (item.account, item.act, item.chat_id, item.profile_id) == ("acme", "react", "chat", "prof")
    assert (item.state, item.screen, item.held_until, item.message_id) == (State.QUEUED, 7, None, None)
    assert acts.about(item) == "m1"
    assert outbox.open_items(writer) == [item]


def test_only_a_private_reply_is_held_back(writer: Writer) -> None:
    item = reply(writer)
    assert (item.state, item.held_until) == (State.HELD, item.created_at + HOLD_MS)
    assert reply_again(writer, item).state == State.QUEUED


def reply_again(writer: Writer, item: OutboxItem) -> OutboxItem:
    outbox.take_back(writer, item.pk)
    return reply(writer, hold_ms=0)


def test_words_leave_their_draft_in_the_same_step(writer: Writer, reader: sqlite3.Connection) -> None:
    drafts.save(writer, "edit:m1", "Wednesday", 3)
    drafts.save(writer, "chat", "unfinished", 3)
    payload = {"message_id": "m1", "text": "Wednesday"}
    queue_act(writer, ActName.EDIT, "chat", "prof", payload, from_draft=acts.edit_draft("m1"))
    assert lookups.draft(reader, "edit:m1") == ("", 0)
    assert lookups.draft(reader, "chat") == ("unfinished", 3)


def test_words_that_another_terminal_typed_since_stay_in_the_draft(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "edit:m1", "Wednesday at nine", 3)
    payload = {"message_id": "m1", "text": "Wednesday"}
    queue_act(writer, ActName.EDIT, "chat", "prof", payload, from_draft="edit:m1")
    assert lookups.draft(reader, "edit:m1")[0] == "Wednesday at nine"


def test_an_edit_that_is_taken_back_is_a_draft_of_its_message_not_of_the_chat(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    item = act(writer, ActName.EDIT, text="Wednesday")
    assert outbox.take_back(writer, item.pk) == "Wednesday"
    assert lookups.draft(reader, "edit:m1")[0] == "Wednesday"
    assert lookups.draft(reader, "chat") == ("", 0)


@pytest.mark.parametrize("name", [*acts.MESSAGE_ACTS, *acts.CHAT_ACTS])
def test_undo_is_for_what_writes_to_somebody(
    writer: Writer, reader: sqlite3.Connection, name: ActName
) -> None:
    queue_act(writer, name, "chat", "prof", {"message_id": "m1", "text": "x"}, screen=7)
    assert lookups.held(reader, 7) is None


# ---------------------------------------------------------------- lanes


def test_acts_wait_for_acts_on_the_same_message_or_chat_and_for_nothing_else(writer: Writer) -> None:
    send = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
    edit, archive = act(writer, ActName.EDIT, text="a"), act(writer, ActName.ARCHIVE)
    other = queue_act(writer, ActName.EDIT, "chat", "prof", {"message_id": "m2", "text": "a"})
    chat = new_chat_of("prof", "did:plc:x")
    new = queue_act(writer, ActName.NEW_CHAT, chat, "prof", {"participant": "did:plc:x"})
    items = [send, edit, archive, other, reply(writer), new]
    assert len({lane(item) for item in items}) == len(items)
    assert lane(send) == "chat"
    assert lane(edit) == lane(replace(edit, act=ActName.REACT)) == lane(replace(edit, act=ActName.UNREACT))
    assert lane(archive) == lane(replace(archive, act=ActName.UNARCHIVE))


# ---------------------------------------------------------------- replacing


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ActName.REACT, ActName.UNREACT),
        (ActName.UNREACT, ActName.REACT),
        (ActName.ARCHIVE, ActName.UNARCHIVE),
        (ActName.UNARCHIVE, ActName.ARCHIVE),
    ],
)
def test_the_opposite_of_what_waits_replaces_it(writer: Writer, first: ActName, second: ActName) -> None:
    old, new = act(writer, first), act(writer, second)
    assert states(writer, old, new) == [State.DISCARDED, State.QUEUED]


def test_another_reaction_replaces_the_one_that_waits_or_was_refused(writer: Writer) -> None:
    waiting = act(writer, ActName.REACT, reaction="like")
    second = act(writer, ActName.REACT, reaction="wow")
    assert states(writer, waiting, second) == [State.DISCARDED, State.QUEUED]
    on_its_way(writer, second, State.FAILED)
    third = act(writer, ActName.REACT, reaction="sad")
    assert states(writer, second, third) == [State.DISCARDED, State.QUEUED]


def test_what_has_left_is_not_replaced_but_waited_for(writer: Writer) -> None:
    left = on_its_way(writer, act(writer, ActName.REACT, reaction="like"))
    after = act(writer, ActName.REACT, reaction="wow")
    assert states(writer, left, after) == [State.SENDING, State.QUEUED]
    assert lane(left) == lane(after)


def test_acts_on_other_messages_are_left_alone(writer: Writer) -> None:
    one = act(writer, ActName.REACT, reaction="like")
    two = queue_act(writer, ActName.REACT, "chat", "prof", {"message_id": "m2", "reaction": "like"})
    edit = act(writer, ActName.EDIT, text="a")
    assert states(writer, one, two, edit) == [State.QUEUED] * 3


def test_two_edits_that_wait_become_one(writer: Writer) -> None:
    before: JsonObject = {"text": "a", "reply_markup": None}
    act(writer, ActName.EDIT, text="b", before=before)
    act(writer, ActName.EDIT, reply_markup={}, before={"text": "b", "reply_markup": None})
    act(writer, ActName.EDIT, text="c", before={"text": "b", "reply_markup": {}})
    (item,) = outbox.open_items(writer)
    assert item.payload == {"message_id": "m1", "text": "c", "reply_markup": {}, "before": before}


def test_a_refused_edit_of_the_keyboard_is_not_forgotten_by_an_edit_of_the_text(writer: Writer) -> None:
    refused = on_its_way(writer, act(writer, ActName.EDIT, reply_markup={}), State.FAILED)
    text = act(writer, ActName.EDIT, text="b")
    assert states(writer, refused, text) == [State.FAILED, State.QUEUED]
    both = act(writer, ActName.EDIT, text="c", reply_markup={})
    assert states(writer, refused, text, both) == [State.DISCARDED, State.DISCARDED, State.QUEUED]


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING])
@pytest.mark.parametrize("name", [*acts.MESSAGE_ACTS, *acts.CHAT_ACTS])
def test_the_same_twice_is_refused(writer: Writer, name: ActName, state: State) -> None:
    item = act(writer, name)
    if state is State.SENDING:
        on_its_way(writer, item)
    with pytest.raises(Refused, match="on its way already"):
        act(writer, name)
    assert len(outbox.open_items(writer)) == 1


def test_a_new_chat_is_made_once(writer: Writer) -> None:
    chat = new_chat_of("prof", "x")
    queue_act(writer, ActName.NEW_CHAT, chat, "prof", {"participant": "x", "text": "one"})
    with pytest.raises(Refused, match="on its way already"):
        queue_act(writer, ActName.NEW_CHAT, chat, "prof", {"participant": "x", "text": "one"})


# ---------------------------------------------------------------- compare and set


def test_an_act_that_was_replaced_cannot_be_moved_by_who_read_it_before(writer: Writer) -> None:
    old = act(writer, ActName.REACT, reaction="like")
    act(writer, ActName.REACT, reaction="wow")
    assert not outbox.move(writer, old, State.SENDING, dispatched=True)


@pytest.mark.parametrize("name", [*acts.MESSAGE_ACTS, *acts.CHAT_ACTS])
def test_a_failed_act_can_be_tried_again_under_a_new_key_or_given_up(writer: Writer, name: ActName) -> None:
    item = act(writer, name)
    assert not outbox.retry(writer, item.pk)
    on_its_way(writer, item, State.FAILED)
    assert outbox.retry(writer, item.pk)
    again = outbox.item_of_number(writer.local, item.pk)
    assert (again.state, again.payload, again.attempts) == (State.QUEUED, item.payload, 0)
    assert again.key != item.key
    on_its_way(writer, again, State.FAILED)
    assert outbox.discard(writer, item.pk)
    assert outbox.open_items(writer) == []


# ---------------------------------------------------------------- private replies, once


@pytest.mark.parametrize("state", [State.HELD, State.QUEUED, State.SENDING, State.ACCEPTED, State.UNCERTAIN])
def test_a_second_reply_to_a_comment_is_refused_while_one_is_on_its_way(writer: Writer, state: State) -> None:
    item = reply(writer)
    if state is not State.HELD:
        on_its_way(writer, item, state)
    with pytest.raises(Refused, match="private reply"):
        reply(writer)


def test_a_comment_that_had_its_reply_from_here_gets_no_other_ever(writer: Writer) -> None:
    on_its_way(writer, reply(writer), State.SETTLED)
    with pytest.raises(Refused, match="has had its private reply"):
        reply(writer)


def test_a_comment_that_had_its_reply_elsewhere_gets_no_other(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW), outbound("m2", NOW + 1, external_comment_id="x-k"))
    with pytest.raises(Refused, match="has had its private reply"):
        reply(writer)


def test_a_reply_that_the_platform_did_not_take_is_none(writer: Writer) -> None:
    failed = outbound("m2", NOW + 1, external_comment_id="x-k", status="failed")
    samples.pulled(writer, inbound("m1", NOW), failed)
    item = on_its_way(writer, reply(writer), State.FAILED)
    again = reply(writer)
    assert states(writer, item, again) == [State.DISCARDED, State.HELD]


# ---------------------------------------------------------------- new chats


def test_a_new_chat_is_settled_and_its_text_queued_in_one_step(writer: Writer) -> None:
    chat = new_chat_of("prof", "x")
    item = queue_act(writer, ActName.NEW_CHAT, chat, "prof", {"participant": "x", "text": "Hi"})
    item = on_its_way(writer, item)
    send = acts.settle_new_chat(writer, item, "real")
    assert send is not None
    assert (send.act, send.chat_id, send.state, send.text) == ("send", "real", State.QUEUED, "Hi")
    settled = outbox.item_of_number(writer.local, item.pk)
    assert (settled.state, settled.chat_id, settled.payload) == (State.SETTLED, "real", {})
    assert acts.first_send(writer.local, settled) == send
    assert acts.settle_new_chat(writer, item, "real") is None
    assert outbox.open_items(writer) == [send]


def test_the_chat_of_an_act_is_known_as_soon_as_there_is_one(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    new = queue_act(writer, ActName.NEW_CHAT, new_chat_of("prof", "x"), "prof", {"participant": "x"})
    answer = on_its_way(writer, reply(writer))
    assert lookups.chat_of_act(reader, new.pk) is lookups.chat_of_act(reader, answer.pk) is None
    samples.pulled(writer, outbound("m1", NOW))
    acts.settle_new_chat(writer, on_its_way(writer, new), "chat")
    assert outbox.move(writer, answer, State.ACCEPTED, message_id="m1")
    assert lookups.chat_of_act(reader, new.pk) == lookups.chat_of_act(reader, answer.pk) == "chat"


def test_a_text_of_a_screen_that_lives_can_be_taken_back(writer: Writer) -> None:
    chat = new_chat_of("prof", "x")
    payload = {"participant": "x", "text": "Hi"}
    item = on_its_way(writer, queue_act(writer, ActName.NEW_CHAT, chat, "prof", payload, screen=7))
    send = acts.settle_new_chat(writer, item, "real")
    assert send is not None
    assert (send.state, send.screen) == (State.HELD, 7)


# ---------------------------------------------------------------- what is drawn


def test_a_thread_shows_acts_with_their_messages_and_not_as_rows(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    samples.pulled(writer, inbound("m1", NOW), outbound("m2", NOW + 1))
    first = act(writer, ActName.REACT, reaction="like")
    second = act(writer, ActName.EDIT, text="b")
    gone = queue_act(writer, ActName.EDIT, "chat", "prof", {"message_id": "m2", "text": "b"})
    outbox.discard(writer, on_its_way(writer, gone, State.FAILED).pk)
    act(writer, ActName.ARCHIVE)
    (pk,) = reader.execute("SELECT pk FROM chats").fetchone()
    rows = ThreadSource(reader, pk, "chat").after(None, 50)
    assert [(row.message and row.message.id, row.pending) for row in rows] == [
        ("m1", (first, second)),
        ("m2", ()),
    ]


def test_a_chat_shows_its_newest_archiving(writer: Writer, reader: sqlite3.Connection) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    row = lookups.chat(reader, "chat")
    assert row is not None
    assert row.archiving is None
    act(writer, ActName.ARCHIVE)
    item = act(writer, ActName.UNARCHIVE)
    row = lookups.chat(reader, "chat")
    assert row is not None
    assert row.archiving == item
    outbox.move(writer, item, State.SETTLED)
    row = lookups.chat(reader, "chat")
    assert row is not None
    assert row.archiving is None


@pytest.mark.parametrize("state", [State.FAILED, State.UNCERTAIN])
def test_a_refused_act_raises_the_chat_and_is_no_reply(writer: Writer, state: State) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    before = samples.one(writer.cache, "SELECT failed, unanswered, preview FROM chats")
    item = on_its_way(writer, act(writer, ActName.EDIT, text="b"), state)
    writes.refold_chats(writer, ["chat"])
    assert samples.one(writer.cache, "SELECT failed, unanswered, preview FROM chats") == (1, *before[1:])
    assert lookups.counts(writer.cache).failed == 1
    outbox.discard(writer, item.pk)
    writes.refold_chats(writer, ["chat"])
    assert samples.one(writer.cache, "SELECT failed, unanswered, preview FROM chats") == before


def test_a_private_reply_is_known_by_its_comment_whatever_the_clocks_say(writer: Writer) -> None:
    item = on_its_way(writer, reply(writer))
    early = outbound("m1", NOW - 99, body="Hello", external_comment_id="x-k")
    assert lookalikes.fits(item, early, NOW + 99_000)
    assert not lookalikes.fits(item, outbound("m2", NOW, body="Hello"), NOW)
    assert not lookalikes.fits(item, outbound("m3", NOW, body="Other", external_comment_id="x-k"), NOW)


def test_a_private_reply_that_is_to_be_tried_again_has_not_left(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    item = on_its_way(writer, reply(writer, hold_ms=0, screen=7))
    gone = lookups.gone_out(reader, 7, 0)
    assert gone is not None
    assert gone.pk == item.pk
    assert outbox.move(writer, item, State.QUEUED)
    assert lookups.gone_out(reader, 7, 0) is None
