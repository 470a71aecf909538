"""What is known of a person besides their chat: past waits, and chats that may be theirs, too."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
import store_samples as samples
from store_samples import HOUR, MINUTE, NOW, chat, inbound, outbound

from inbox_tui.core.models import Message
from inbox_tui.core.waits import Waits
from inbox_tui.store import customers, lookups, outbox, sends, triage, writes
from inbox_tui.store.customers import Customer
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer


def known(writer: Writer, name: str = "chat") -> Customer:
    with closing(open_reader(writer.folder)) as reader:
        row = lookups.chat(reader, name)
        assert row is not None
        return customers.customer(reader, row)


def talked(writer: Writer, *messages: Message, whole: bool = True) -> None:
    writes.apply_chats(writer, [chat()])
    page = writes.MessagePage("chat", list(messages), newest=True, history_done=whole)
    writes.apply_messages(writer, [page])


def test_a_wait_is_from_the_first_question_to_the_reply_whatever_is_written_between(writer: Writer) -> None:
    talked(
        writer,
        inbound("a", NOW),
        inbound("b", NOW + 2 * MINUTE),
        outbound("c", NOW + 5 * MINUTE),
        outbound("d", NOW + 6 * MINUTE),
        inbound("e", NOW + HOUR),
        outbound("f", NOW + HOUR + 3 * MINUTE),
        inbound("g", NOW + 2 * HOUR),
        outbound("h", NOW + 4 * HOUR),
        inbound("i", NOW + 5 * HOUR),
    )
    assert known(writer).waits == Waits(3, 5 * MINUTE, 2 * HOUR)
    assert known(writer).counted == 9


def test_only_a_reply_ends_a_wait_and_what_was_deleted_begins_none(writer: Writer) -> None:
    talked(
        writer,
        replace(inbound("a", NOW), deleted_at=NOW + MINUTE),
        inbound("b", NOW + 10 * MINUTE),
        # A machine's answer within ten seconds, and a send that failed.
        outbound("c", NOW + 10 * MINUTE + 5_000),
        replace(outbound("d", NOW + 20 * MINUTE), status="failed"),
        outbound("e", NOW + 40 * MINUTE),
    )
    assert known(writer).waits == Waits(1, 30 * MINUTE, 30 * MINUTE)


def test_a_quick_reply_that_was_sent_from_here_is_no_machine_s(writer: Writer) -> None:
    talked(writer, inbound("a", NOW), outbound("b", NOW + 5_000))
    assert known(writer).waits == Waits()
    item = sends.queue_send(writer, "chat", "prof", {"text": "Yes"}, hold_ms=0)
    outbox.move(writer, item, State.SENDING, dispatched=True)
    writer.local.execute("UPDATE outbox SET message_id = 'b', state = 'settled'")
    assert known(writer).waits == Waits(1, 5_000, 5_000)


def test_a_wait_that_may_have_begun_in_older_history_is_left_out(writer: Writer) -> None:
    talked(
        writer,
        inbound("a", NOW),
        outbound("b", NOW + HOUR),
        inbound("c", NOW + 2 * HOUR),
        outbound("d", NOW + 2 * HOUR + MINUTE),
        whole=False,
    )
    assert known(writer).waits == Waits(1, MINUTE, MINUTE)


@pytest.fixture
def people(writer: Writer) -> Writer:
    """Jane on four platforms as each writes her, a namesake without a handle, and somebody else."""
    jane = [
        ("instagram", "jane_doe", "Jane Doe"),
        ("bluesky", "jane.doe.bsky.social", "jane"),
        ("telegram", "JaneDoe", None),
        ("facebook", None, "jane doe"),
        ("telegram", "someone", "Some One"),
    ]
    writes.apply_chats(
        writer,
        [
            replace(
                chat(f"c{number}", platform=platform),
                participant_external_id=f"x{number}",
                participant_username=handle,
                participant_name=name,
                last_message_at=NOW - number * MINUTE,
            )
            for number, (platform, handle, name) in enumerate(jane)
        ],
    )
    return writer


def test_the_same_handle_whatever_its_punctuation_and_the_same_full_name_are_suggested(
    people: Writer,
) -> None:
    assert [(other.chat.id, other.why) for other in known(people, "c0").others] == [
        ("c1", "handle"),
        ("c2", "handle"),
        ("c3", "name"),
    ]
    assert [other.chat.id for other in known(people, "c3").others] == ["c0"]
    assert known(people, "c4").others == ()


def test_what_many_share_is_no_suggestion(writer: Writer) -> None:
    writes.apply_chats(
        writer,
        [
            replace(chat(f"c{number}"), participant_external_id=f"x{number}", participant_name="Jan Novak")
            for number in range(customers.MOST_OTHERS + 2)
        ],
    )
    assert known(writer, "c0").others == ()


def test_an_opening_costs_the_same_in_a_long_chat_of_a_large_account(writer: Writer) -> None:
    costs = []
    for size, name in ((3, "short"), (2_000, "long")):
        writes.apply_chats(
            writer,
            [
                replace(
                    chat(name if number == 0 else f"{name}{number}"),
                    participant_external_id=f"{name}{number}",
                    participant_username=f"{name}_{number}",
                    participant_name=f"{name.title()} No {number}",
                )
                for number in range(size)
            ],
        )
        messages = [
            (inbound if number % 2 else outbound)(f"{name}-{number}", NOW + number * MINUTE, name)
            for number in range(size)
        ]
        writes.apply_messages(writer, [writes.MessagePage(name, messages, newest=True, history_done=True)])
        triage.note(writer, name, "Calls on Mondays")
        with closing(open_reader(writer.folder)) as reader:
            row = lookups.chat(reader, name)
            assert row is not None
            with samples.counting(reader) as cost:
                assert customers.customer(reader, row).note == "Calls on Mondays"
        costs.append(cost)
    assert len(costs[0].statements) == len(costs[1].statements) == 4
    assert costs[1].steps < 8_000
