"""A text and a file that are one unit: sent in order, and before the person together (DESIGN section 6)."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest
import store_samples as samples

from inbox_tui.core.errors import Refused
from inbox_tui.store import drafts, lookups, outbox, sends
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer

TEXT, FILE = {"text": "here it is"}, {"file": "/spool/x/a.png", "source": "/home/a.png"}


def pair(writer: Writer, hold_ms: int = 0) -> tuple[OutboxItem, OutboxItem]:
    return sends.queue_pair(writer, "chat", "prof", TEXT, FILE, hold_ms=hold_ms)


def now(writer: Writer, *items: OutboxItem) -> list[OutboxItem]:
    """The items as they stand now."""
    found = [outbox.item(writer, item.pk) for item in items]
    return [item for item in found if item is not None]


def states(writer: Writer, *items: OutboxItem) -> list[str]:
    return [item.state for item in now(writer, *items)]


def test_both_parts_enter_the_outbox_in_one_transaction_in_their_order(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "chat", "here it is", 3)
    with samples.counting(writer.local) as cost:
        first, second = sends.queue_pair(writer, "chat", "prof", TEXT, FILE, screen=7, from_draft=True)
    assert cost.statements.count("COMMIT") == 1
    assert (first.payload, second.payload) == (TEXT, FILE)
    assert first.pk < second.pk
    assert first.key != second.key
    assert (first.with_pk, second.with_pk) == (None, first.pk)
    assert [item.state for item in lookups.outbox(reader)] == [State.HELD, State.HELD]
    assert lookups.draft(reader, "chat") == ("", 0)


def test_a_pair_of_a_draft_that_was_sent_elsewhere_is_refused_whole(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "chat", "changed", 3)
    with pytest.raises(Refused, match="sent or changed elsewhere"):
        sends.queue_pair(writer, "chat", "prof", TEXT, FILE, from_draft=True)
    assert lookups.outbox(reader) == []


@pytest.mark.parametrize("part", [0, 1])
def test_taking_either_part_back_brings_both_back(
    writer: Writer, reader: sqlite3.Connection, part: int
) -> None:
    items = pair(writer, hold_ms=5_000)
    assert outbox.take_back(writer, items[part].pk) == "here it is"
    assert lookups.composed(reader, "chat").extras == {"file": "/home/a.png"}
    assert states(writer, *items) == [State.DISCARDED, State.DISCARDED]


def test_where_the_first_part_has_left_only_the_second_comes_back(writer: Writer) -> None:
    first, second = pair(writer)
    outbox.move(writer, first, State.SENDING, dispatched=True)
    assert outbox.take_back(writer, first.pk) is None
    assert states(writer, second) == [State.QUEUED]
    assert outbox.take_back(writer, second.pk) == ""
    assert states(writer, first, second) == [State.SENDING, State.DISCARDED]


def failed_first(writer: Writer) -> tuple[OutboxItem, OutboxItem]:
    items = pair(writer)
    outbox.move(writer, items[0], State.SENDING, dispatched=True)
    (sending,) = now(writer, items[0])
    outbox.move(writer, sending, State.FAILED, title="too long")
    return items


def test_where_the_first_part_fails_both_stand_before_the_person(writer: Writer) -> None:
    items = failed_first(writer)
    first, second = now(writer, *items)
    assert (first.state, first.title) == (State.FAILED, "too long")
    assert (second.state, second.title) == (State.FAILED, "The message before it was not sent")


@pytest.mark.parametrize("part", [0, 1])
def test_retrying_either_part_sends_both_in_their_order_under_new_keys(writer: Writer, part: int) -> None:
    items = failed_first(writer)
    assert outbox.retry(writer, items[part].pk)
    again = now(writer, *items)
    assert [item.state for item in again] == [State.QUEUED, State.QUEUED]
    assert not {item.key for item in again} & {item.key for item in items}
    assert [item.pk for item in outbox.open_items(writer)] == [item.pk for item in items]


@pytest.mark.parametrize("part", [0, 1])
def test_giving_either_part_up_gives_both_up(writer: Writer, part: int) -> None:
    items = failed_first(writer)
    assert outbox.discard(writer, items[part].pk)
    assert states(writer, *items) == [State.DISCARDED, State.DISCARDED]


def test_a_second_part_that_fails_alone_is_retried_and_given_up_alone(writer: Writer) -> None:
    first, second = pair(writer)
    outbox.move(writer, first, State.ACCEPTED, message_id="m1")
    outbox.move(writer, second, State.FAILED, title="no")
    assert outbox.retry(writer, second.pk)
    assert states(writer, first, second) == [State.ACCEPTED, State.QUEUED]
    outbox.move(writer, *now(writer, second), State.FAILED)
    assert outbox.discard(writer, second.pk)
    assert states(writer, first, second) == [State.ACCEPTED, State.DISCARDED]


def test_while_the_first_part_is_uncertain_the_second_waits(writer: Writer) -> None:
    first, second = pair(writer)
    outbox.move(writer, first, State.UNCERTAIN, title="who knows")
    assert states(writer, second) == [State.QUEUED]
    assert outbox.retry(writer, first.pk, uncertain=True)
    assert states(writer, first, second) == [State.QUEUED, State.QUEUED]


def test_an_uncertain_first_part_that_is_given_up_puts_the_second_before_the_person(writer: Writer) -> None:
    first, second = pair(writer)
    outbox.move(writer, first, State.UNCERTAIN, title="who knows")
    assert outbox.discard(writer, first.pk)
    (left,) = now(writer, second)
    assert (left.state, left.title) == (State.FAILED, "The message before it was given up")
    assert outbox.retry(writer, left.pk)
    assert states(writer, first, second) == [State.DISCARDED, State.QUEUED]


def test_a_unit_that_is_not_concerned_is_left_alone(writer: Writer) -> None:
    others = [pair(writer), pair(writer)]
    failed_first(writer)
    assert all(states(writer, *items) == [State.QUEUED, State.QUEUED] for items in others)


def test_progress_is_noted_only_while_that_try_is_on_its_way(writer: Writer) -> None:
    item = sends.queue_send(writer, "chat", "prof", FILE, hold_ms=0)
    outbox.uploaded(writer, item, 5)
    assert [each.done_bytes for each in now(writer, item)] == [0]
    outbox.move(writer, item, State.SENDING, dispatched=True)
    (sending,) = now(writer, item)
    seen = []
    for done in (10, 20):
        outbox.uploaded(writer, sending, done)
        seen += [each.done_bytes for each in now(writer, item)]
    assert seen == [10, 20]
    outbox.move(writer, sending, State.FAILED)
    outbox.retry(writer, item.pk)
    outbox.uploaded(writer, sending, 30)
    assert [each.done_bytes for each in now(writer, item)] == [0]


def test_the_screen_notices_every_step_of_an_upload(writer: Writer, reader: sqlite3.Connection) -> None:
    item = sends.queue_send(writer, "chat", "prof", FILE, hold_ms=0)
    outbox.move(writer, item, State.SENDING, dispatched=True)
    seen = [lookups.changed_since(reader, lookups.Revision()).revision]
    for done in (10, 20):
        outbox.uploaded(writer, item, done)
        changed = lookups.changed_since(reader, seen[-1])
        assert changed.chats == {"chat"}
        seen.append(changed.revision)
    assert all(before.local < after.local for before, after in pairwise(seen))


def test_a_unit_that_was_given_up_comes_back_whole_and_once(
    writer: Writer, reader: sqlite3.Connection, tmp_path: Path
) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"here")
    file = {"file": "/spool/x/a.png", "source": str(source)}
    first, second = sends.queue_pair(writer, "chat", "prof", file, TEXT, hold_ms=0)
    outbox.move(writer, first, State.FAILED, title="no")
    assert outbox.discard(writer, first.pk)
    drafts.save(writer, "chat", "typed since", 0)
    assert outbox.bring_back(writer, second.pk) == "here it is\ntyped since"
    assert lookups.draft(reader, "chat")[0] == "here it is\ntyped since"
    assert lookups.composed(reader, "chat").extras == {"file": str(source)}
    assert outbox.bring_back(writer, first.pk) is None
    assert states(writer, first, second) == ["discarded", "discarded"]


def test_a_file_that_is_gone_does_not_come_back_and_its_text_does(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    first, _ = sends.queue_pair(writer, "chat", "prof", FILE, TEXT, hold_ms=0)
    outbox.move(writer, first, State.FAILED, title="no")
    assert outbox.discard(writer, first.pk)
    assert outbox.bring_back(writer, first.pk) == "here it is"
    assert lookups.composed(reader, "chat").extras == {}


def test_what_was_not_given_up_is_not_brought_back(writer: Writer) -> None:
    item = sends.queue_send(writer, "chat", "prof", TEXT, hold_ms=0)
    assert outbox.bring_back(writer, item.pk) is None
    assert states(writer, item) == ["queued"]
