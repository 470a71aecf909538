"""What the API said enters the cache, and what is there already is not written again (design, section 4)."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import DAY, HOUR, NOW, SECOND, chat, inbound, outbound, profile

from inbox_tui.core.models import Rejected
from inbox_tui.store import drafts, lookups, marks, writes
from inbox_tui.store.db import Changes, transaction
from inbox_tui.store.rows import TIE_BITS
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import Applied, MessagePage

EXAMPLES = settings(max_examples=25, deadline=None)
FIRST = MessagePage(
    "chat",
    [outbound("m3", NOW - HOUR), inbound("m2", NOW - 2 * HOUR), inbound("m1", NOW - 3 * HOUR)],
    newest=True,
    newest_for=NOW - HOUR,
    pulled_to=NOW - HOUR,
    total=5,
    next_history_page=1,
)
HISTORY = MessagePage(
    "chat",
    [inbound("h2", NOW - DAY), outbound("h1", NOW - 2 * DAY)],
    history=True,
    next_history_page=2,
    history_done=True,
)
GAP = MessagePage("chat", [inbound("m9", NOW)], newest=True, newest_for=NOW, pulled_to=NOW, gap_page=1)
CLOSED = MessagePage("chat", [inbound("m8", NOW - 5)], gap_closed=True)
REPEATED: dict[str, Callable[[Writer], object]] = {
    "profiles": lambda w: writes.apply_profiles(w, [profile("prof"), profile("other")]),
    "no profile": lambda w: writes.apply_profiles(w, []),
    "chats": lambda w: writes.apply_chats(w, [chat(), chat("second", last_message_at=NOW)]),
    "no chat": lambda w: writes.apply_chats(w, []),
    "newest page": lambda w: writes.apply_messages(w, [FIRST]),
    "history": lambda w: writes.apply_messages(w, [HISTORY]),
    "a gap": lambda w: writes.apply_messages(w, [GAP]),
    "the end of a gap": lambda w: writes.apply_messages(w, [CLOSED]),
    "an empty page": lambda w: writes.apply_messages(w, [MessagePage("chat", [], newest=True)]),
    "a deletion": lambda w: writes.apply_messages(w, [MessagePage("chat", [inbound("m2", 1, deleted_at=2)])]),
    "an unknown chat": lambda w: writes.apply_messages(
        w, [MessagePage("nobody", [inbound("x", 1, "nobody")])]
    ),
    "a fault": lambda w: writes.set_profile_fault(w, "prof", "It is closed", "Open it"),
    "no fault": lambda w: writes.set_profile_fault(w, "prof", "", ""),
    "a walk": lambda w: writes.record_walk(w, "prof", walked_to=5, walked=False, total=9, floor=1),
    "a record set aside": lambda w: writes.quarantine(w, "chats", [Rejected("{}", "empty")]),
    "nothing set aside": lambda w: writes.quarantine(w, "chats", []),
    "a number": lambda w: writes.remember(w, "offset", -12),
    "facts from marks": lambda w: writes.refold_stale(w),
}


@pytest.mark.parametrize("what", REPEATED)
def test_applying_the_same_again_writes_nothing(writer: Writer, what: str) -> None:
    apply = REPEATED[what]
    writes.apply_profiles(writer, [profile()])
    samples.pulled(writer, inbound("m2", 1), outbound("m0", NOW - 30 * DAY))
    marks.mark(writer, "chat", "seen")
    apply(writer)
    before, content = writer.cache.total_changes, samples.content(writer.cache)
    with closing(Changes(writer.folder)) as changes:
        apply(writer)
        assert not changes.poll()
    assert writer.cache.total_changes == before
    assert samples.content(writer.cache) == content


def test_a_transaction_that_fails_leaves_nothing_behind(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    before = samples.content(writer.cache)
    with pytest.raises(sqlite3.IntegrityError), transaction(writer.cache):
        writer.cache.execute("UPDATE messages SET id = upper(id), chat = NULL")
    assert samples.content(writer.cache) == before
    assert not writer.cache.in_transaction


def test_each_transaction_that_changes_a_chat_raises_its_revision_and_no_other(writer: Writer) -> None:
    writes.apply_chats(writer, [chat("a"), chat("b")])
    before = dict(writer.cache.execute("SELECT id, rev FROM chats"))
    writes.apply_messages(writer, [MessagePage("b", [inbound("m1", NOW, "b")])])
    after = dict(writer.cache.execute("SELECT id, rev FROM chats"))
    (rev,) = samples.one(writer.cache, "SELECT value FROM meta WHERE key = 'rev'")
    assert after == {"a": before["a"], "b": rev}
    assert after["b"] > before["b"]


# ---------------------------------------------------------------- numbers of rows


def test_the_answer_says_what_is_new_and_what_changed(writer: Writer) -> None:
    writes.apply_chats(writer, [chat()])
    page = MessagePage("chat", [inbound("m1", NOW), inbound("m2", NOW + 1)])
    assert writes.apply_messages(writer, [page]) == Applied(2, 0, ("m1", "m2"), ())
    page = MessagePage("chat", [inbound("m2", NOW + 1, read_at=NOW), inbound("m3", NOW + 2)])
    lost = MessagePage("nobody", [inbound("m4", NOW, "nobody")])
    assert writes.apply_messages(writer, [page, lost]) == Applied(1, 1, ("m3",), ("nobody",))
    assert writes.apply_chats(writer, [chat(archived=True), chat("new")]) == Applied(1, 1, ("new",), ())


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans(), st.booleans()), min_size=1, max_size=12))
@EXAMPLES
def test_a_row_number_is_the_time_at_which_a_message_was_first_known_and_never_changes(
    steps: list[tuple[int, bool, bool]],
) -> None:
    with samples.fresh() as writer:
        writes.apply_chats(writer, [chat()])
        known: dict[str, int] = {}
        for number, (offset, history, published) in enumerate(steps):
            name = f"m{number // 2}"
            posted = NOW + 2 * offset if published else None
            message = outbound(name, NOW + offset, posted_at=posted)
            first = message.position[0] << TIE_BITS
            writes.apply_messages(writer, [MessagePage("chat", [message], history=history)])
            rows = dict(writer.cache.execute("SELECT id, pk FROM messages"))
            assert {name: rows[name] for name in known} == known
            if name not in known:
                known[name] = rows[name]
                assert first <= rows[name] < first + (1 << TIE_BITS)


def test_messages_of_one_millisecond_have_numbers_of_their_own_however_many_there_are(writer: Writer) -> None:
    writes.apply_chats(writer, [chat("a"), chat("b")])
    names = [f"m{number:05}" for number in range(2500)]
    for start in range(0, 2500, 500):
        page = [inbound(name, NOW, "a") for name in names[start : start + 500]]
        writes.apply_messages(writer, [MessagePage("a", page)])
    with samples.counting(writer.cache) as cost:
        late = [inbound("late", NOW, "b"), inbound("later", NOW + 1, "b"), inbound("latest", NOW + 9, "b")]
        writes.apply_messages(writer, [MessagePage("b", late)])
    pks = dict(writer.cache.execute("SELECT id, pk FROM messages"))
    assert len(set(pks.values())) == 2503
    assert [pks[name] for name in names] == list(range(NOW << TIE_BITS, (NOW << TIE_BITS) + 2500))
    assert pks["late"] == (NOW << TIE_BITS) + 2500
    assert pks["later"] == (NOW << TIE_BITS) + 2501
    assert pks["latest"] == (NOW + 9) << TIE_BITS
    assert cost.steps < 5_000, "the place is found without walking over the others"


def test_a_time_before_1970_has_a_row_number_too(writer: Writer) -> None:
    samples.pulled(writer, inbound("old", -5), inbound("older", -7), inbound("zero", 0))
    assert samples.ids(writer.cache, "SELECT id FROM messages ORDER BY position_at") == [
        "older",
        "old",
        "zero",
    ]
    assert len(set(samples.ids(writer.cache, "SELECT pk FROM messages"))) == 3


def test_arrival_numbers_go_on_over_all_chats_and_follow_the_order_in_a_page(writer: Writer) -> None:
    writes.apply_chats(writer, [chat("a"), chat("b")])
    for page in (
        MessagePage("a", [inbound("a3", NOW, "a"), inbound("a1", NOW - 9, "a")], newest=True),
        MessagePage("b", [inbound("b1", NOW - 99, "b")]),
        MessagePage("a", [inbound("a0", NOW - 999, "a")], history=True),
        MessagePage("a", [inbound("a2", NOW - 5, "a"), inbound("a0", NOW - 999, "a")]),
    ):
        writes.apply_messages(writer, [page])
    arrived = dict(writer.cache.execute("SELECT id, arrived FROM messages"))
    assert arrived == {"a1": 1, "a3": 2, "b1": 3, "a0": None, "a2": 4}


def test_a_message_keeps_its_arrival_number_whatever_happens_to_it(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW), outbound("m2", NOW + 1, status="pending", posted_at=None))
    later = [inbound("m1", NOW, edited_at=NOW + 5), outbound("m2", NOW + 1, posted_at=NOW + 60)]
    writes.apply_messages(writer, [MessagePage("chat", later, history=True)])
    assert dict(writer.cache.execute("SELECT id, arrived FROM messages")) == {"m1": 1, "m2": 2}


@given(st.data())
@EXAMPLES
def test_counters_of_messages_and_chats_are_what_there_is(data: st.DataObject) -> None:
    profiles, names = st.sampled_from(["p1", "p2", "p3"]), st.sampled_from(["c1", "c2", "c3", "c4"])
    times = st.integers(NOW, NOW + 5)
    with samples.fresh() as writer:
        for _ in range(data.draw(st.integers(1, 8))):
            match data.draw(st.sampled_from(["profiles", "chats", "messages"])):
                case "profiles":
                    writes.apply_profiles(writer, [profile(name) for name in data.draw(st.sets(profiles))])
                case "chats":
                    owned = data.draw(st.lists(st.tuples(names, profiles), max_size=4))
                    writes.apply_chats(writer, [chat(name, profile_id=owner) for name, owner in owned])
                case _:
                    name, at = data.draw(names), data.draw(st.lists(times, max_size=3))
                    page = [inbound(f"{name} {moment}", moment, name) for moment in at]
                    writes.apply_messages(writer, [MessagePage(name, page, history=data.draw(st.booleans()))])
            assert_counters(writer.cache)


def assert_counters(cache: sqlite3.Connection) -> None:
    wrong = cache.execute(
        "SELECT id FROM chats c WHERE messages != (SELECT count(*) FROM messages m WHERE m.chat = c.pk) "
        "UNION ALL "
        "SELECT id FROM profiles p WHERE chats != (SELECT count(*) FROM chats c WHERE c.profile_id = p.id)"
    ).fetchall()
    assert wrong == []
    counted = samples.one(
        cache, "SELECT count(*), sum(unread > 0), sum(unanswered > 0), sum(failed > 0) FROM chats"
    )
    kept = dict(cache.execute("SELECT key, value FROM meta"))
    assert tuple(number or 0 for number in counted) == tuple(
        kept[key] for key in ("chats", "unread", "unanswered", "failed")
    )


# ---------------------------------------------------------------- odd pages


def test_a_page_that_names_a_message_twice_applies_both(writer: Writer) -> None:
    writes.apply_chats(writer, [chat()])
    whole = outbound("m1", NOW, delivered_at=NOW + SECOND, reactions=())
    partial = replace(whole, status="pending", delivered_at=None, missing=frozenset({"delivered_at"}))
    for page in ([whole, partial], [partial, whole]):
        writes.apply_messages(writer, [MessagePage("chat", page)])
        row = samples.one(writer.cache, "SELECT status, delivered_at FROM messages")
        assert row == ("published", NOW + SECOND)


def test_a_message_that_a_page_of_another_chat_brings_stays_where_it_is(writer: Writer) -> None:
    writes.apply_chats(writer, [chat("a"), chat("b")])
    writes.apply_messages(writer, [MessagePage("a", [inbound("m1", NOW, "a")])])
    before = dict(writer.cache.execute("SELECT id, rev FROM chats"))
    writes.apply_messages(writer, [MessagePage("b", [inbound("m1", NOW, "b", deleted_at=NOW)])])
    assert samples.one(writer.cache, "SELECT c.id, c.unread FROM messages m JOIN chats c ON c.pk = chat") == (
        "a",
        0,
    )
    after = dict(writer.cache.execute("SELECT id, rev FROM chats"))
    assert (after["a"] > before["a"], after["b"] > before["b"]) == (True, False)


def test_a_page_of_thousands_is_applied(writer: Writer) -> None:
    writes.apply_chats(writer, [chat()])
    page = [inbound(f"m{number}", NOW + number) for number in range(3000)]
    random.Random(4).shuffle(page)
    assert writes.apply_messages(writer, [MessagePage("chat", page)]).inserted == 3000
    assert writes.apply_messages(writer, [MessagePage("chat", page)]) == Applied()


# ---------------------------------------------------------------- how far a chat is read


def pull_state(writer: Writer) -> tuple[object, ...]:
    return samples.one(
        writer.cache,
        "SELECT pulled_at IS NOT NULL, pulled_for, pulled_to, messages_total, gap_at, gap_page, "
        "history_page, history_done, estimated FROM chats",
    )


def test_the_first_page_says_how_far_the_chat_is_read(writer: Writer) -> None:
    writes.apply_chats(writer, [chat(last_message_at=NOW - HOUR)])
    assert pull_state(writer) == (0, None, None, None, None, None, 1, 0, 1)
    writes.apply_messages(writer, [FIRST])
    assert pull_state(writer) == (1, NOW - HOUR, NOW - HOUR, 5, None, None, 1, 0, 0)
    writes.apply_messages(writer, [HISTORY])
    assert pull_state(writer) == (1, NOW - HOUR, NOW - HOUR, 5, None, None, 2, 1, 0)


def test_a_gap_remembers_its_far_side_until_it_is_closed(writer: Writer) -> None:
    writes.apply_chats(writer, [chat()])
    writes.apply_messages(writer, [FIRST])
    writes.apply_messages(writer, [GAP])
    assert pull_state(writer)[2:6] == (NOW, 5, NOW - HOUR, 1)
    writes.apply_messages(writer, [replace(GAP, messages=[inbound("m10", NOW + 5)], pulled_to=NOW + 5)])
    writes.apply_messages(writer, [MessagePage("chat", [], gap_page=3)])
    assert pull_state(writer)[2:6] == (NOW + 5, 5, NOW - HOUR, 3)
    writes.apply_messages(writer, [CLOSED])
    assert pull_state(writer)[2:6] == (NOW + 5, 5, None, None)


def test_an_older_page_that_comes_late_takes_nothing_back(writer: Writer) -> None:
    writes.apply_chats(writer, [chat()])
    writes.apply_messages(writer, [FIRST, HISTORY])
    later = MessagePage("chat", [inbound("m9", NOW)], newest=True, newest_for=NOW, pulled_to=NOW, total=6)
    writes.apply_messages(writer, [later])
    before = pull_state(writer)
    writes.apply_messages(writer, [replace(FIRST, newest=False)])
    assert pull_state(writer) == before
    writes.apply_messages(writer, [FIRST])
    assert pull_state(writer)[2] == NOW
    assert pull_state(writer)[6:] == (2, 1, 0)


def test_what_a_person_can_see_of_the_reading_raises_the_chats_revision(writer: Writer) -> None:
    writes.apply_chats(writer, [chat()])
    (seen,) = samples.one(writer.cache, "SELECT rev FROM chats")
    for page in (
        MessagePage("chat", [], newest=True, total=3),
        MessagePage("chat", [], history=True, history_done=True),
        MessagePage("chat", [], gap_page=1),
        MessagePage("chat", [], gap_closed=True),
    ):
        writes.apply_messages(writer, [page])
        (rev,) = samples.one(writer.cache, "SELECT rev FROM chats")
        assert rev > seen
        seen = rev


# ---------------------------------------------------------------- profiles and chats


def test_a_profile_that_is_gone_is_kept_and_may_come_back(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_profiles(writer, [profile("a"), profile("b")])
    assert writes.apply_profiles(writer, [profile("a")]) == Applied(0, 1)
    assert [row.profile.id for row in lookups.profiles(reader)] == ["a"]
    assert lookups.profile_names(reader)["b"].status == "gone"
    assert writes.apply_profiles(writer, [profile("a"), profile("b")]) == Applied(0, 1)
    assert [row.profile.id for row in lookups.profiles(reader)] == ["a", "b"]


def test_a_fault_of_a_profile_is_shown_until_it_is_over(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_profiles(writer, [profile()])
    writes.set_profile_fault(writer, "prof", "It is closed", "Open it")
    (row,) = lookups.profiles(reader)
    assert (row.fault_title, row.fault_hint, row.fault_at is not None) == ("It is closed", "Open it", True)
    writes.apply_profiles(writer, [replace(profile(), name="New name")])
    assert lookups.profiles(reader)[0].fault_title == "It is closed"
    writes.set_profile_fault(writer, "prof", "", "")
    (row,) = lookups.profiles(reader)
    assert (row.fault_title, row.fault_hint, row.fault_at) == (None, None, None)


def test_the_times_of_a_chat_never_go_back_and_what_was_not_said_is_kept(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    new = chat(
        last_message_at=NOW,
        last_inbound_at=NOW,
        archived=True,
        external_conversation_id="conv",
        metadata={"a": 1},
    )
    old = chat(last_message_at=NOW - HOUR, last_outbound_at=NOW - HOUR, archived=False)
    partial = replace(old, archived=None, missing=frozenset({"archived", "metadata"}))
    writes.apply_chats(writer, [new, partial])
    row = lookups.chat(reader, "conv")
    assert row is not None
    assert row.chat == replace(new, last_outbound_at=NOW - HOUR)
    assert row.key[0] == NOW
    writes.apply_chats(writer, [old])
    row = lookups.chat(reader, "conv")
    assert row is not None
    assert (row.chat.archived, row.chat.metadata, row.chat.last_message_at) == (False, {}, NOW)


def test_a_record_set_aside_is_kept_once(writer: Writer) -> None:
    rejected = [Rejected('{"id": 1}', "no chat"), Rejected('{"id": 1}', "no chat"), Rejected("[]", "a list")]
    writes.quarantine(writer, "chats of p", rejected)
    writes.quarantine(writer, "chats of p", rejected)
    writes.quarantine(writer, "chats of q", rejected[:1])
    rows = writer.cache.execute("SELECT source, json, reason FROM quarantine ORDER BY pk").fetchall()
    assert rows == [
        ("chats of p", '{"id": 1}', "no chat"),
        ("chats of p", "[]", "a list"),
        ("chats of q", '{"id": 1}', "no chat"),
    ]


def test_a_number_about_the_api_is_remembered(writer: Writer) -> None:
    assert writes.recall(writer, "offset") is None
    writes.remember(writer, "offset", 5)
    writes.remember(writer, "offset", -7)
    assert writes.recall(writer, "offset") == -7


def test_marks_that_were_not_folded_before_a_crash_are_folded_at_the_next_start(writer: Writer) -> None:
    for name in ("a", "b"):
        samples.pulled(writer, inbound(f"m of {name}", NOW, name), chat_id=name)
    writes.refold_stale(writer)
    marks.mark(writer, "a", "done")
    drafts.save(writer, "unknown chat", "text", 0)
    assert writes.refold_stale(writer) == 1
    assert samples.ids(writer.cache, "SELECT done FROM chats ORDER BY id") == [1, 0]
    assert writes.refold_stale(writer) == 0


def test_folding_what_is_stale_looks_only_at_what_was_marked_since(writer: Writer) -> None:
    samples.pulled(writer, inbound("m", NOW))
    for number in range(200):
        drafts.save(writer, f"chat {number}", "text", 0)
    writes.refold_stale(writer)
    marks.mark(writer, "chat", "done")
    with samples.counting(writer.local) as cost:
        assert writes.refold_stale(writer) == 1
    assert cost.steps < 500
