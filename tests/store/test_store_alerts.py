"""What is told to who looks elsewhere: each message and each closing window once, by one screen."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from store_samples import DAY, HOUR, MINUTE, NOW, chat, counting, inbound, outbound, pulled

from inbox_tui.store import alerts, sync_progress, writes
from inbox_tui.store.alerts import Closing, Heard
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage


@pytest.fixture(params=[500, 0], ids=["chat by chat", "by time"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How news are looked for: in few chats that have changed, or in many."""
    monkeypatch.setattr(alerts, "MOST_CHANGED", request.param)


def told(reader: sqlite3.Connection, beyond: Heard) -> list[str]:
    """The chats with news."""
    return [each.chat_id for each in alerts.news(reader, beyond, NOW)[1]]


def nothing(reader: sqlite3.Connection) -> Heard:
    """That nothing of the cache was heard."""
    return Heard(alerts.heard_now(reader).generation, 0, 0)


def test_only_what_customers_write_after_the_first_sync_began_is_news(
    writer: Writer, reader: sqlite3.Connection, way: None
) -> None:
    pulled(writer, inbound("m0", NOW - MINUTE), chat_id="early")
    assert told(reader, nothing(reader)) == []
    sync_progress.begin_first_sync(writer, NOW)
    pulled(writer, inbound("m1", NOW - 1, "old"), chat_id="old")
    pulled(writer, outbound("m2", NOW + 1, "ours"), chat_id="ours")
    pulled(writer, inbound("m3", NOW + 2, "gone", deleted_at=NOW + 3), chat_id="gone")
    pulled(writer, inbound("m4", NOW + 4, "new"), chat_id="new")
    assert told(reader, nothing(reader)) == ["new"]
    assert told(reader, alerts.heard_now(reader)) == []


def test_older_history_that_is_fetched_later_is_no_news(
    writer: Writer, reader: sqlite3.Connection, way: None
) -> None:
    sync_progress.begin_first_sync(writer, NOW - DAY)
    pulled(writer, inbound("m1", NOW))
    heard = alerts.heard_now(reader)
    page = MessagePage("chat", [inbound("m0", NOW - HOUR)], history=True)
    writes.apply_messages(writer, [page])
    assert told(reader, heard) == []


def test_each_message_is_told_by_the_screen_that_claims_it_first(
    writer: Writer, reader: sqlite3.Connection, folder: Folder
) -> None:
    sync_progress.begin_first_sync(writer, NOW - DAY)
    pulled(writer, inbound("m1", NOW))
    heard = alerts.heard_now(reader)
    with Writer(folder) as other:
        assert [alerts.claim_news(each, heard) for each in (writer, other, writer)] == [0, None, None]
        pulled(other, inbound("m2", NOW + 1), inbound("m1", NOW))
        later = alerts.heard_now(reader)
        assert alerts.claim_news(other, later) == heard.arrived
        assert alerts.claim_news(writer, later) is None
        # A cache that was built anew counts anew.
        assert alerts.claim_news(writer, Heard(later.generation + 1, 1, 1)) == 0


def window(writer: Writer, chat_id: str, left: int) -> None:
    """A chat that waits for a reply, and whose window closes so long after NOW."""
    at = NOW + left - DAY
    writes.apply_chats(writer, [chat(chat_id, last_inbound_at=at, last_message_at=at)])
    pulled(writer, inbound(f"m-{chat_id}-{left}", at, chat_id), chat_id=chat_id)


def test_windows_are_told_of_at_an_hour_and_at_a_quarter_once_each(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    for name, left in (("soon", 50 * MINUTE), ("sooner", 10 * MINUTE), ("later", 2 * HOUR), ("over", -1)):
        window(writer, name, left)
    found = alerts.closing(reader, NOW)
    assert [(each.chat_id, each.step) for each in found] == [("sooner", 2), ("soon", 1)]
    assert alerts.claim_closing(writer, found, NOW) == tuple(found)
    assert alerts.claim_closing(writer, found, NOW) == ()
    nearer = alerts.closing(reader, NOW + 40 * MINUTE)
    assert [(each.chat_id, each.step) for each in nearer] == [("soon", 2)]
    assert alerts.claim_closing(writer, nearer, NOW) == tuple(nearer)
    assert alerts.claim_closing(writer, nearer, NOW) == ()


def test_a_window_that_opens_again_is_told_of_again(writer: Writer, reader: sqlite3.Connection) -> None:
    first = Closing("chat", NOW + HOUR, 1)
    assert alerts.claim_closing(writer, [first], NOW) == (first,)
    # The service's own word may move its end a little.
    assert alerts.claim_closing(writer, [Closing("chat", NOW + HOUR - MINUTE, 1)], NOW) == ()
    again = Closing("chat", NOW + 20 * HOUR, 1)
    assert alerts.claim_closing(writer, [again], NOW + 19 * HOUR) == (again,)


def test_who_was_answered_or_put_away_is_not_told_of(writer: Writer, reader: sqlite3.Connection) -> None:
    for name in ("answered", "away", "waits"):
        window(writer, name, 30 * MINUTE)
    pulled(writer, outbound("reply", NOW, "answered"), chat_id="answered")
    writer.cache.execute("UPDATE chats SET snoozed_until = ? WHERE id = 'away'", (NOW + MINUTE,))
    assert [each.chat_id for each in alerts.closing(reader, NOW)] == ["waits"]
    found = alerts.closing(reader, NOW + 2 * MINUTE)
    assert {each.chat_id for each in found} == {"away", "waits"}


@pytest.mark.parametrize("count", [10, 300])
def test_what_it_costs_does_not_depend_on_the_number_of_chats(
    folder: Folder, writer: Writer, count: int
) -> None:
    sync_progress.begin_first_sync(writer, NOW - DAY)
    names = [f"c{number}" for number in range(count)]
    writes.apply_chats(writer, [chat(name) for name in names])
    writes.apply_messages(
        writer,
        [MessagePage(name, [inbound(f"m-{name}", NOW - 2 * DAY, name)], newest=True) for name in names],
    )
    pulled(writer, inbound("new", NOW, "c1"), inbound("m-c1", NOW - 2 * DAY, "c1"), chat_id="c1")
    with closing(open_reader(folder)) as reader:
        heard = alerts.heard_now(reader)
        with counting(reader) as cost:
            beyond = Heard(heard.generation, heard.arrived - 1, heard.rev - 1)
            assert len(alerts.news(reader, beyond, NOW)[1]) == 1
            assert alerts.closing(reader, NOW) == []
    assert len(cost.statements) == 7
    assert cost.steps < 400
