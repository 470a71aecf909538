"""Marks cover what was there when they were made, and never less than before (interface, section 2)."""

from __future__ import annotations

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import HOUR, NOW, chat, inbound, outbound

from inbox_tui.core.marks import Coverage, Entry, Mark
from inbox_tui.store import marks, writes
from inbox_tui.store.marks import LAST_ID, Known
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage


def kept(writer: Writer) -> Mark:
    row = samples.one(writer.local, "SELECT generation, arrived, through_at, through_id, at FROM marks")
    return Mark(row[1] if row[0] == writer.generation else None, (row[2], row[3]), row[4])


def test_what_is_known_is_the_newest_number_of_the_cache_and_the_newest_inbound_message(
    writer: Writer,
) -> None:
    assert marks.known_now(writer, "nobody") == Known(0, 0, "")
    samples.pulled(writer, inbound("m1", NOW), inbound("m2", NOW), outbound("m3", NOW + 5))
    samples.pulled(writer, inbound("x", NOW + 9, "other"), chat_id="other")
    assert marks.known_now(writer, "chat") == Known(4, NOW, "m2")
    writes.apply_chats(writer, [chat("new", last_inbound_at=NOW - HOUR)])
    assert marks.known_now(writer, "new") == Known(4, NOW - HOUR, LAST_ID, by_place=True)
    samples.pulled(writer, outbound("m4", NOW, "new"), chat_id="new")
    assert marks.known_now(writer, "new") == Known(5, 0, "")


knowns = st.builds(
    Known,
    st.integers(0, 9),
    st.integers(0, 9).map(lambda number: NOW + number),
    st.sampled_from(["a", "b"]),
    st.booleans(),
)
entries = st.builds(
    Entry,
    st.tuples(st.integers(0, 9).map(lambda number: NOW + number), st.sampled_from(["a", "b"])),
    st.none() | st.integers(1, 9),
    inbound=st.just(True),
    deleted=st.just(False),
    status=st.just("received"),
)


@given(st.lists(knowns.filter(lambda known: not known.by_place), min_size=1, max_size=4), entries)
@settings(max_examples=30, deadline=None)
def test_a_mark_covers_all_that_any_of_its_makings_covered(made: list[Known], entry: Entry) -> None:
    with samples.fresh() as writer:
        covered = False
        for known in made:
            marks.mark(writer, "chat", "seen", known)
            covered = covered or entry in Coverage(
                Mark(known.arrived, (known.through_at, known.through_id), 0)
            )
        assert (entry in Coverage(kept(writer))) == covered


@given(st.lists(knowns, min_size=1, max_size=4), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_what_stood_there_stays_covered_by_a_mark_of_another_kind(made: list[Known], at: int) -> None:
    with samples.fresh() as writer:
        for known in made:
            marks.mark(writer, "chat", "seen", known)
        # A message without a number of its own is covered by its place, whoever made the mark.
        entry = Entry((NOW + at, "a"), None, inbound=True, deleted=False, status="received")
        covered = any(entry.position <= (known.through_at, known.through_id) for known in made)
        assert (entry in Coverage(kept(writer))) == covered


def test_a_mark_that_covers_nothing_more_is_not_written(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    marks.mark(writer, "chat", "seen")
    before = samples.content(writer.local)
    marks.mark(writer, "chat", "seen")
    marks.mark(writer, "chat", "seen", Known(0, NOW - 5, "m0"))
    assert samples.content(writer.local) == before


def test_a_mark_of_a_rebuilt_cache_replaces_one_that_covers_less(writer: Writer) -> None:
    marks.mark(writer, "chat", "seen", Known(7, NOW, "m5"))
    old = writer.generation
    writer.generation = old + 1
    marks.mark(writer, "chat", "seen", Known(3, NOW, "m4"))
    assert kept(writer).arrived is None
    assert kept(writer).through == (NOW, "m5")
    marks.mark(writer, "chat", "seen", Known(3, NOW + 1, "m6"))
    assert (kept(writer).arrived, kept(writer).through) == (3, (NOW + 1, "m6"))


@pytest.mark.parametrize("kind", ["seen", "done"])
def test_a_mark_is_taken_away_whole(writer: Writer, kind: str) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    for _ in range(2):
        marks.mark(writer, "chat", kind)
        marks.unmark(writer, "chat", kind)
        assert samples.ids(writer.local, "SELECT kind FROM marks") == []


def test_a_message_that_crosses_a_mark_stays_open(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    seen = marks.known_now(writer, "chat")
    writes.apply_messages(writer, [MessagePage("chat", [inbound("m0", NOW - HOUR)])])
    for kind in ("seen", "done"):
        marks.mark(writer, "chat", kind, seen)
    writes.refold_chats(writer, ["chat"])
    row = samples.one(writer.cache, "SELECT unread, unanswered, needs_reply_since, done FROM chats")
    assert row == (1, 1, NOW - HOUR, 0)
