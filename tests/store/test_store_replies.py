"""Somebody else has answered: what counts as that, and what does not."""

from __future__ import annotations

import sqlite3

from store_samples import MINUTE, NOW, SECOND, inbound, outbound, pulled

from inbox_tui.store import outbox, sends
from inbox_tui.store.items import State
from inbox_tui.store.replies import Elsewhere, elsewhere
from inbox_tui.store.writer import Writer


def asked(writer: Writer) -> str | None:
    """Which reply of somebody else is newer than NOW."""
    found = elsewhere(writer.cache, writer.local, "chat", NOW)
    return None if found is None else found.message_id


def test_the_newest_reply_behind_the_time_counts(writer: Writer, reader: sqlite3.Connection) -> None:
    pulled(writer, inbound("q", NOW - MINUTE), outbound("early", NOW - 1), outbound("a", NOW + MINUTE))
    pulled(writer, outbound("b", NOW + 2 * MINUTE))
    assert elsewhere(writer.cache, writer.local, "chat", NOW) == Elsewhere(
        "b", NOW + 2 * MINUTE, "words of b"
    )
    # The screen has one connection to both files.
    assert elsewhere(reader, reader, "chat", NOW + MINUTE) == Elsewhere("b", NOW + 2 * MINUTE, "words of b")


def test_what_the_customer_wrote_what_failed_and_what_was_deleted_are_no_replies(writer: Writer) -> None:
    pulled(
        writer,
        inbound("q", NOW + MINUTE),
        outbound("failed", NOW + 2 * MINUTE, status="failed"),
        outbound("deleted", NOW + 3 * MINUTE, deleted_at=NOW + 4 * MINUTE),
    )
    assert asked(writer) is None


def test_what_a_machine_answers_at_once_is_no_reply(writer: Writer) -> None:
    pulled(writer, inbound("q", NOW - SECOND), outbound("at once", NOW + SECOND))
    assert asked(writer) is None


def test_what_was_sent_from_here_is_not_somebody_elses(writer: Writer) -> None:
    item = sends.queue_send(writer, "chat", "prof", {"text": "ours"}, hold_ms=0)
    pulled(writer, outbound("ours", NOW + MINUTE))
    assert asked(writer) == "ours"
    outbox.move(writer, item, State.SENDING, dispatched=True)
    assert asked(writer) is None, "it may be the one that is being sent"
    sending = outbox.item(writer, item.pk)
    assert sending is not None
    outbox.move(writer, sending, State.SETTLED, message_id="ours")
    assert asked(writer) is None
    pulled(writer, outbound("theirs", NOW + 2 * MINUTE))
    assert asked(writer) == "theirs"
