"""A tap is read as the words that stood on the button, also when its keyboard is not there any more."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC

import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import DAY, MINUTE, NOW, chat, inbound, outbound

from inbox_tui.core.models import Json, Message
from inbox_tui.store import find, writes
from inbox_tui.store.reads import ChatSource
from inbox_tui.store.threads import ThreadSource
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage


def keyboard(label: str, data: str = "track:1") -> dict[str, Json]:
    return {"inline_keyboard": [[{"text": label, "callback_data": data}]]}


SENT = outbound("m1", NOW, external_id="5", body="Where is it?", reply_markup=keyboard("Track order"))
EDITED = replace(SENT, reply_markup=keyboard("Call us", "call"), edited_at=NOW + 5 * MINUTE)
REMOVED = replace(SENT, reply_markup=None, edited_at=NOW + 6 * MINUTE)
TAP = inbound(
    "m2",
    NOW + MINUTE,
    external_id="cb1",
    body="track:1",
    platform_data={"kind": "callback_query"},
    reply_to_external_id="5",
)


def told(writer: Writer, *messages: Message) -> None:
    """The API's answers, one after the other."""
    for message in messages:
        writes.apply_messages(writer, [MessagePage("chat", (message,), newest=True)])


def tapped(reader: sqlite3.Connection) -> str | None:
    """What the thread says of the tap."""
    (row,) = [row for row in ThreadSource(reader, 1, "chat").after(None, 9) if row.key[1] == "m2"]
    return row.tapped


def preview(reader: sqlite3.Connection) -> str:
    """What the list says of the chat."""
    (row,) = ChatSource(reader).after(None, 9)
    return row.preview


def telegram(writer: Writer) -> None:
    writes.apply_chats(writer, [chat(platform="telegram")])


def test_a_tap_is_read_as_the_words_on_its_button(writer: Writer, reader: sqlite3.Connection) -> None:
    telegram(writer)
    told(writer, SENT, TAP)
    assert tapped(reader) == "Track order"
    assert preview(reader) == "tapped ▸ Track order"
    for text in ("platform:telegram", "track"):
        plan = find.plan(text, (), now=NOW + DAY, zone=UTC)
        hits = find.search(reader, plan, limit=9).hits
        assert [hit.excerpt.text for hit in hits if hit.message.id == TAP.id] == ["tapped ▸ Track order"]


def test_a_tap_keeps_its_words_when_the_keyboard_is_changed_or_removed(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    telegram(writer)
    for later in (EDITED, REMOVED):
        told(writer, SENT, TAP, later)
        assert tapped(reader) == "Track order"
        assert preview(reader) == "tapped ▸ Track order"


def test_a_tap_that_comes_after_the_keyboard_was_removed_is_read_too(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    telegram(writer)
    told(writer, SENT, REMOVED, replace(TAP, posted_at=NOW + 7 * MINUTE))
    assert tapped(reader) == "Track order"


def test_a_button_that_was_worded_anew_has_its_old_words_in_the_taps_of_before(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    telegram(writer)
    anew = replace(SENT, reply_markup=keyboard("Where is my parcel?"), edited_at=NOW + 5 * MINUTE)
    told(writer, SENT, TAP, anew)
    assert tapped(reader) == "Track order"
    told(writer, replace(TAP, posted_at=NOW + 9 * MINUTE))
    assert tapped(reader) == "Where is my parcel?"


def test_a_button_that_nobody_has_seen_is_not_guessed_at(writer: Writer, reader: sqlite3.Connection) -> None:
    telegram(writer)
    told(writer, REMOVED, TAP)
    assert tapped(reader) is None
    assert preview(reader) == "tapped ▸ track:1"


@settings(max_examples=30)
@given(st.permutations([SENT, EDITED, REMOVED, TAP]))
def test_answers_in_any_order_end_in_the_same_words(order: list[Message]) -> None:
    with samples.fresh() as writer:
        telegram(writer)
        told(writer, *order)
        rows = writer.cache.execute("SELECT data, label FROM button_labels ORDER BY data").fetchall()
        assert rows == [("call", "Call us"), ("track:1", "Track order")]


def test_a_look_that_finds_the_same_keyboard_writes_nothing(writer: Writer) -> None:
    telegram(writer)
    told(writer, SENT, EDITED)
    before = writer.cache.total_changes
    told(writer, EDITED)
    assert writer.cache.total_changes == before


def test_a_deleted_message_leaves_no_words_of_its_former_buttons(writer: Writer) -> None:
    telegram(writer)
    told(writer, SENT, EDITED, replace(EDITED, deleted_at=NOW + 9 * MINUTE), SENT)
    assert samples.ids(writer.cache, "SELECT label FROM button_labels") == []
