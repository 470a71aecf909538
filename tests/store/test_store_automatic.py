"""What a machine has written by the patterns of the configuration answers nobody, wherever that is asked."""

from __future__ import annotations

from contextlib import closing

import pytest
import store_samples as samples
from store_samples import HOUR, MINUTE, NOW, inbound, outbound, pulled

from inbox_tui.core.waits import Waits
from inbox_tui.store import automatic, customers, lookups, replies, sends, views, writes
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import State
from inbox_tui.store.outbox import move
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

AWAY = "We are AWAY until Monday"


def unanswered(writer: Writer) -> int:
    """How many messages of the customer nothing covers, when everything late has been folded."""
    while views.catch_up(writer):
        pass
    return int(str(samples.one(writer.cache, "SELECT unanswered FROM chats WHERE id = 'chat'")[0]))


@pytest.fixture
def away(writer: Writer) -> Writer:
    """A customer whose question a machine has answered after a minute."""
    pulled(writer, inbound("q", NOW), outbound("machine", NOW + MINUTE, body=AWAY))
    return writer


def test_a_reply_that_matches_answers_nobody_as_soon_as_the_pattern_is_there(away: Writer) -> None:
    assert unanswered(away) == 0
    assert automatic.use(away, ["^we are away"])
    assert unanswered(away) == 1
    assert not automatic.use(away, ["^we are away"])
    assert automatic.use(away, [])
    assert unanswered(away) == 0


def test_what_comes_later_is_judged_by_it_too(writer: Writer) -> None:
    automatic.use(writer, ["away"])
    pulled(writer, inbound("q", NOW), outbound("machine", NOW + MINUTE, body=AWAY))
    assert unanswered(writer) == 1
    pulled(writer, outbound("person", NOW + HOUR, body="Here I am"))
    assert unanswered(writer) == 0


def test_it_is_nobody_else_who_has_answered_and_no_end_of_a_wait(away: Writer) -> None:
    automatic.use(away, ["away"])
    with closing(open_reader(away.folder)) as reader:
        assert replies.elsewhere(reader, reader, "chat", NOW) is None
        page = MessagePage("chat", [outbound("person", NOW + HOUR, body="Here I am")], history_done=True)
        writes.apply_messages(away, [page])
        elsewhere = replies.elsewhere(reader, reader, "chat", NOW)
        assert elsewhere is not None
        assert elsewhere.message_id == "person"
        row = lookups.chat(reader, "chat")
        assert row is not None
        assert customers.customer(reader, row).waits == Waits(1, HOUR, HOUR)


def test_what_was_sent_from_here_is_a_reply_whatever_it_says(writer: Writer) -> None:
    automatic.use(writer, ["away"])
    pulled(writer, inbound("q", NOW))
    item = sends.queue_send(writer, "chat", "prof", {"text": AWAY}, hold_ms=0)
    move(writer, item, State.ACCEPTED, message_id="ours")
    pulled(writer, outbound("ours", NOW + MINUTE, body=AWAY))
    assert unanswered(writer) == 0
