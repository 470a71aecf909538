"""The outbox for people: what is listed, in which order, and which words can be had back."""

from __future__ import annotations

import sqlite3

import pytest

from inbox_tui.core.models import JsonObject
from inbox_tui.store import entries, lookups, outbox, sends
from inbox_tui.store.acts import ActName, queue_act
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer

REPLY: JsonObject = {
    "post_id": "post",
    "comment_id": "c1",
    "comment_external_id": "x1",
    "text": "Sent you the sizes",
}
EDIT: JsonObject = {"message_id": "m1", "text": "better words", "before": {"text": "words"}}


def failed(writer: Writer, item: OutboxItem) -> OutboxItem:
    outbox.move(writer, item, State.FAILED, title="The platform did not take it")
    return item


def send(writer: Writer, text: str) -> OutboxItem:
    return sends.queue_send(writer, "chat", "prof", {"text": text}, hold_ms=0)


def act(writer: Writer, name: ActName, chat_id: str, payload: JsonObject) -> OutboxItem:
    return queue_act(writer, name, chat_id, "prof", payload, hold_ms=0)


def test_what_waits_for_a_decision_comes_first_then_the_newest(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    bad = failed(writer, send(writer, "first"))
    waiting = send(writer, "second")
    newest = act(writer, ActName.PRIVATE_REPLY, "comment:c1", REPLY)
    assert [entry.item.pk for entry in entries.unsettled(reader)] == [bad.pk, newest.pk, waiting.pk]


def test_only_trouble_outside_of_chats_is_counted_as_homeless(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    failed(writer, send(writer, "in a chat"))
    assert lookups.leaving(reader).homeless == 0
    failed(writer, act(writer, ActName.PRIVATE_REPLY, "comment:c1", REPLY))
    assert lookups.leaving(reader).homeless == 1


@pytest.mark.parametrize(
    ("name", "chat_id", "payload", "draft"),
    [
        (ActName.PRIVATE_REPLY, "comment:c1", REPLY, "comment:c1"),
        (ActName.EDIT, "chat", EDIT, "edit:m1"),
    ],
)
def test_words_that_were_given_up_are_listed_and_come_back_to_their_own_draft_once(
    writer: Writer,
    reader: sqlite3.Connection,
    name: ActName,
    chat_id: str,
    payload: JsonObject,
    draft: str,
) -> None:
    item = failed(writer, act(writer, name, chat_id, payload))
    assert outbox.discard(writer, item.pk)
    assert [entry.item.pk for entry in entries.given_up(reader)] == [item.pk]
    assert outbox.bring_back(writer, item.pk) == payload["text"]
    assert lookups.draft(reader, draft)[0] == payload["text"]
    assert entries.given_up(reader) == []
    assert outbox.bring_back(writer, item.pk) is None


def test_words_that_stand_elsewhere_are_not_listed_as_given_up(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    """Taken back they are the draft; sent again they are another item; an act without words has none."""
    taken = sends.queue_send(writer, "chat", "prof", {"text": "taken back"})
    assert outbox.take_back(writer, taken.pk) == "taken back"
    again = failed(writer, send(writer, "sent again"))
    with writer.local:
        writer.local.execute("UPDATE outbox SET message_id = 'm9' WHERE pk = ?", (again.pk,))
    sends.queue_send(writer, "chat", "prof", {"text": "sent again"}, retry_of="m9")
    edited = failed(writer, act(writer, ActName.EDIT, "chat", EDIT))
    act(writer, ActName.EDIT, "chat", {**EDIT, "text": "the best words"})
    reaction = failed(writer, act(writer, ActName.REACT, "chat", {"message_id": "m1", "emoji": "🎉"}))
    assert outbox.discard(writer, reaction.pk)
    states = writer.local.execute(
        "SELECT state FROM outbox WHERE pk IN (?, ?, ?, ?)", (taken.pk, again.pk, edited.pk, reaction.pk)
    ).fetchall()
    assert states == [("discarded",)] * 4
    assert entries.given_up(reader) == []
