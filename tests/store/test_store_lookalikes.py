"""What in a chat may be a send whose answer was lost (design, section 6, the last row of the table)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest
import store_samples as samples
from store_samples import HOUR, NOW, SECOND, inbound, outbound

from inbox_tui.core.models import Attachment, Message
from inbox_tui.store import outbox, sends, writes
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.lookalikes import lookalikes, sent_at
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage


@pytest.fixture(autouse=True)
def this_machine_stands_at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (outbox, sends):
        monkeypatch.setattr(module, "now_ms", lambda: NOW)


def dispatched(writer: Writer, payload: Any = None, ahead: int | None = 0) -> OutboxItem:
    """A send that left at NOW, while the server's clock was ahead of ours."""
    queued = sends.queue_send(writer, "chat", "prof", payload or {"text": "Hello"}, hold_ms=0)
    outbox.move(writer, queued, State.SENDING, dispatched=True, clock_offset=ahead)
    found = outbox.item(writer, queued.pk)
    assert found is not None
    return found


def mine(name: str, at: int = NOW + SECOND, body: str | None = "Hello", **fields: Any) -> Message:
    return outbound(name, at, body=body, **fields)


def found(writer: Writer, item: OutboxItem, offset: int = 0) -> list[str]:
    return [message.id for message in lookalikes(writer.cache, writer.local, item, offset)]


def test_own_messages_with_the_same_text_since_the_send_may_be_it(writer: Writer) -> None:
    samples.pulled(writer, mine("before", NOW - HOUR))
    item = dispatched(writer)
    samples.pulled(writer, mine("later", NOW + HOUR), mine("m"), mine("other", body="Hello you"))
    samples.pulled(writer, inbound("theirs", NOW + SECOND, body="Hello"), mine("gone", deleted_at=NOW + 2))
    assert found(writer, item) == ["m", "later"]


def test_a_message_of_another_item_is_not_it_and_its_own_is(writer: Writer) -> None:
    first, second = dispatched(writer), dispatched(writer)
    samples.pulled(writer, mine("m1"), mine("m2"))
    assert outbox.move(writer, first, State.ACCEPTED, message_id="m1")
    assert found(writer, second) == ["m2"]
    assert found(writer, first) == ["m1", "m2"]


def test_what_was_in_the_cache_when_it_was_written_or_comes_with_history_is_not_it(writer: Writer) -> None:
    samples.pulled(writer, mine("known"))
    item = dispatched(writer)
    writes.apply_messages(writer, [MessagePage("chat", [mine("history")], history=True)])
    assert found(writer, item) == []
    samples.pulled(writer, mine("new"))
    assert found(writer, item) == ["new"]


def test_in_a_cache_that_was_built_anew_nothing_was_known_before(writer: Writer) -> None:
    item = dispatched(writer)
    writer.local.execute("UPDATE outbox SET generation = generation + 1")
    samples.pulled(writer, mine("m"))
    assert found(writer, item) == ["m"]


def test_a_text_is_compared_as_it_was_cleaned(writer: Writer) -> None:
    item = dispatched(writer, {"text": "a\r\nb "})
    samples.pulled(writer, mine("m", body="a\nb"))
    assert found(writer, item) == ["m"]


@pytest.mark.parametrize("payload", [{"file": "/spool/a.png"}, {"media_url": "https://files.example/a.png"}])
def test_a_file_is_known_by_being_one(writer: Writer, payload: Any) -> None:
    item = dispatched(writer, payload)
    image = (Attachment("a1", "image"),)
    samples.pulled(writer, mine("file", body=None, attachments=image), mine("text"))
    assert found(writer, item) == ["file"]


def test_the_servers_clock_at_dispatch_counts_and_not_that_of_the_moment(writer: Writer) -> None:
    item = dispatched(writer, ahead=HOUR)
    samples.pulled(writer, mine("m", NOW + HOUR), mine("before", NOW + HOUR - 3 * SECOND))
    assert sent_at(item, 5 * HOUR) == NOW + HOUR
    assert found(writer, item, 5 * HOUR) == ["m"]


def test_where_the_servers_clock_was_not_known_then_that_of_the_moment_counts(writer: Writer) -> None:
    item = dispatched(writer, ahead=None)
    assert item.clock_offset is None
    assert sent_at(item, HOUR) == NOW + HOUR


def test_a_second_dispatch_is_the_one_that_counts(writer: Writer) -> None:
    item = dispatched(writer, ahead=HOUR)
    outbox.move(writer, item, State.QUEUED)
    outbox.move(
        writer, replace(item, state=State.QUEUED), State.SENDING, dispatched=True, clock_offset=SECOND
    )
    again = outbox.item(writer, item.pk)
    assert again is not None
    assert again.clock_offset == SECOND


def test_a_reader_of_both_files_finds_the_same(writer: Writer, reader: sqlite3.Connection) -> None:
    item = dispatched(writer)
    samples.pulled(writer, mine("m"))
    assert [message.id for message in lookalikes(reader, reader, item, 0)] == ["m"]
