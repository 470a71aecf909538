"""Single rows, numbers, and what changed since the last look (design, section 1)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOW, chat, inbound, outbound, profile

from inbox_tui.core.errors import UsageError
from inbox_tui.store import drafts, lookups, marks, outbox, sends, writes
from inbox_tui.store.db import Changes, open_reader
from inbox_tui.store.lookups import Changed, Counts, Revision
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage


def test_what_changed_names_the_chats_of_both_files_once(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_chats(writer, [chat("a"), chat("b"), chat("c")])
    start = lookups.changed_since(reader, Revision())
    assert start.chats == frozenset({"a", "b", "c"})
    assert not start.profiles
    assert lookups.changed_since(reader, start.revision) == Changed(start.revision, frozenset(), False)
    writes.apply_messages(writer, [MessagePage("a", [inbound("m", NOW, "a")])])
    drafts.save(writer, "b", "typed", 0)
    writes.apply_profiles(writer, [profile()])
    following = lookups.changed_since(reader, start.revision)
    assert (following.chats, following.profiles) == (frozenset({"a", "b"}), True)
    assert lookups.changed_since(reader, following.revision).chats == frozenset()


def test_more_changes_than_are_worth_naming_are_all_changes(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    writes.apply_chats(writer, [chat(f"c{number}") for number in range(lookups.MOST_CHANGES)])
    assert len(lookups.changed_since(reader, Revision()).chats or ()) == lookups.MOST_CHANGES
    writes.apply_chats(writer, [chat("one more")])
    assert lookups.changed_since(reader, Revision()).chats is None


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_whoever_looks_after_each_notice_misses_no_change(data: st.DataObject) -> None:
    names = st.sampled_from(["a", "b", "c"])
    with (
        samples.fresh() as engine,
        Writer(engine.folder) as screen,
        closing(open_reader(engine.folder)) as reader,
        closing(Changes(engine.folder)) as changes,
    ):
        writes.apply_chats(engine, [chat("a"), chat("b"), chat("c")])
        changes.poll()
        seen = lookups.changed_since(reader, Revision()).revision
        for number in range(data.draw(st.integers(1, 10))):
            name = data.draw(names)
            match data.draw(st.sampled_from(["message", "mark", "draft", "send", "nothing"])):
                case "message":
                    page = [inbound(f"m{number}", NOW + number, name)]
                    writes.apply_messages(engine, [MessagePage(name, page)])
                case "mark":
                    drafts.save(screen, name, "", 0)
                    marks.unmark(screen, name, "done")
                    marks.mark(screen, name, "done")
                case "draft":
                    drafts.save(screen, name, f"typed {number}", 0)
                case "send":
                    sends.queue_send(screen, name, "prof", {"text": "t"})
                case _:
                    writes.apply_chats(engine, [chat(name)])
                    drafts.save(screen, name, "", 0)
                    name = ""
            if data.draw(st.booleans()) or not name:
                continue
            assert changes.poll()
            changed = lookups.changed_since(reader, seen)
            seen = changed.revision
            assert name in (changed.chats or ())


def test_the_header_counts_chats_not_messages(writer: Writer, reader: sqlite3.Connection) -> None:
    assert lookups.counts(reader) == Counts(0, 0, 0, 0)
    samples.pulled(writer, inbound("m1", NOW, "a"), inbound("m2", NOW + 1, "a"), chat_id="a")
    samples.pulled(writer, outbound("m3", NOW, "b", status="failed"), chat_id="b")
    samples.pulled(writer, outbound("m4", NOW, "c"), chat_id="c")
    assert lookups.counts(reader) == Counts(chats=3, unread=1, unanswered=1, failed=1)
    marks.mark(writer, "a", "seen")
    writes.refold_chats(writer, ["a"])
    outbox.dismiss(writer, "b", "m3")
    writes.refold_chats(writer, ["b"])
    assert lookups.counts(reader) == Counts(chats=3, unread=0, unanswered=1, failed=0)


def test_a_chat_is_found_by_either_of_its_ids(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_chats(writer, [chat("a", external_conversation_id="x"), chat("x2"), chat("b")])
    found = [lookups.chat(reader, name) for name in ("a", "x", "nobody")]
    assert [row and row.chat.id for row in found] == ["a", "a", None]


def test_a_conversation_id_of_two_profiles_is_refused_with_both_chats_named(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    same = {"external_conversation_id": "4711", "platform": "telegram"}
    writes.apply_chats(writer, [chat("a", profile_id="p1", **same), chat("b", profile_id="p2", **same)])
    with pytest.raises(UsageError, match=r"4711 names more than one chat.*a and b"):
        lookups.chat(reader, "4711")


def test_a_message_is_found_by_either_of_its_ids_unless_two_chats_have_it(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    samples.pulled(writer, inbound("m1", NOW, "a", external_id="5"), chat_id="a")
    samples.pulled(writer, inbound("m2", NOW, "b", external_id="6"), chat_id="b")
    found = lookups.message(reader, "6")
    assert found is not None
    assert (found.id, found.chat_id) == ("m2", "b")
    assert lookups.message(reader, "m1") == inbound("m1", NOW, "a", external_id="5")
    assert lookups.message(reader, "7") is None
    writes.apply_messages(writer, [MessagePage("a", [inbound("m3", NOW, "a", external_id="6")])])
    with pytest.raises(UsageError, match=r"6 names more than one message.*m2 and m3"):
        lookups.message(reader, "6")


def test_profiles_say_how_many_of_their_chats_are_here(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_chats(writer, [chat("early", profile_id="a")])
    writes.apply_profiles(writer, [profile("a"), profile("b", "telegram")])
    writes.record_walk(writer, "b", walked_to=NOW, walked=True, total=7)
    writes.apply_chats(writer, [chat("c1", profile_id="a"), chat("c2", profile_id="b")])
    rows = {row.profile.id: (row.chats, row.chats_total, row.walked) for row in lookups.profiles(reader)}
    assert rows == {"a": (2, None, False), "b": (1, 7, True)}
