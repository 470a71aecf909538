"""Views of the store: what `core.ranking` says of every chat, at what a screen costs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import cast

import pytest
import store_samples as samples
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database
from store_samples import DAY, HOUR, MINUTE, NOW, chat, inbound, outbound

from inbox_tui.core.ranking import FOREVER, Facts, State, holds, rank, standing, turning_points
from inbox_tui.core.snooze import Until
from inbox_tui.store import facts as store_facts
from inbox_tui.store import health, schema, triage, views, writes
from inbox_tui.store.db import open_reader, transaction
from inbox_tui.store.reads import ChatFilter, ChatListing, ChatRow, ChatSource, Key, PickedSource
from inbox_tui.store.views import View, ViewSource
from inbox_tui.store.writer import Writer

STATES: Mapping[View, State] = {
    View.UNREAD: State.UNREAD,
    View.WAITING: State.WAITING,
    View.CLOSING: State.CLOSING,
    View.FAILED: State.FAILED,
    View.SNOOZED: State.SNOOZED,
    View.DONE: State.DONE,
}

moments = st.integers(-60, 60).map(lambda halves: NOW + halves * HOUR // 2)
maybe = st.none() | moments


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Facts as a fold makes them, with times at which the clock changes something."""
    unanswered, unread = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    closes = draw(maybe)
    retrying = draw(st.none() | moments.map(lambda at: at - 2 * MINUTE))
    return Facts(
        unanswered=unanswered,
        unread=unread,
        needs_reply_since=draw(moments) if unanswered else None,
        unread_since=draw(moments) if unread else None,
        waiting=not unanswered and draw(st.booleans()),
        done=draw(st.booleans()),
        failed=draw(st.integers(0, 1)),
        retrying_since=retrying,
        snoozed_until=draw(maybe | st.just(FOREVER)),
        woken=draw(st.booleans()),
        window_known=closes is not None,
        window_closes_at=closes,
    )


def stand(writer: Writer, known: Sequence[tuple[Facts, int]], pinned: set[str]) -> None:
    """Chats with these facts, each folded at a moment of its own."""
    writes.apply_chats(writer, [chat(f"c{n}", last_message_at=NOW + n % 3) for n in range(len(known))])
    triage.pin(writer, sorted(pinned), pinned=True)
    with transaction(writer.cache) as rev:
        for n, (facts, folded_at) in enumerate(known):
            store_facts._write(writer.cache, n + 1, facts, standing(facts, folded_at), ("", ""), 0, rev)
        for name, condition in store_facts.COUNTED.items():
            writer.cache.execute(
                f"UPDATE meta SET value = (SELECT count(*) FROM chats WHERE {condition}) WHERE key = ?",
                (name,),
            )


def expected(view: View, known: Sequence[Facts], pinned: set[str], now: int) -> list[str]:
    """The ids of a view in order, by the rules of `core.ranking` alone."""

    def newest(n: int) -> tuple[int, ...]:
        return (-(NOW + n % 3), -n)

    chosen = range(len(known))
    order: Callable[[int], tuple[int, ...]] = newest
    if view is View.ALL:
        order = lambda n: (f"c{n}" not in pinned, *newest(n))  # noqa: E731
    elif view is View.NOW:
        places = {n: rank(facts, now) for n, facts in enumerate(known)}
        chosen = cast("range", [n for n, place in places.items() if place is not None])
        order = lambda n: (*(places[n] or ()), n)  # noqa: E731
    else:
        chosen = cast("range", [n for n in chosen if holds(STATES[view], known[n], now)])
        if view is View.CLOSING:
            order = lambda n: (known[n].window_closes_at or 0, n)  # noqa: E731
        elif view is View.SNOOZED:
            order = lambda n: (known[n].snoozed_until or 0, n)  # noqa: E731
    return [f"c{n}" for n in sorted(chosen, key=order)]


def in_pages(source: ViewSource, size: int) -> tuple[list[ChatRow], list[ChatRow]]:
    """All rows, read page by page from the start, and from the end."""
    onward: list[ChatRow] = []
    while page := source.after(onward[-1].key if onward else None, size):
        onward += page
    back: list[ChatRow] = []
    while page := source.before(back[0].key if back else None, size):
        back = page + back
    return onward, back


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(any_facts(), moments), min_size=1, max_size=8),
    st.sets(st.integers(0, 7)),
    moments,
    st.integers(1, 4),
)
def test_every_view_holds_what_the_rules_say_in_their_order_at_any_moment(
    known: list[tuple[Facts, int]], pins: set[int], now: int, size: int
) -> None:
    pinned = {f"c{n}" for n in pins if n < len(known)}
    facts = [entry for entry, _ in known]
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        stand(writer, known, pinned)
        counts = views.view_counts(reader, now)
        for view in View:
            source, wanted = ViewSource(reader, view, now), expected(view, facts, pinned, now)
            onward, back = in_pages(source, size)
            assert [row.chat.id for row in onward] == wanted, view
            assert back == onward
            assert [row.key for row in onward] == sorted((row.key for row in onward), reverse=True)
            assert views.chat_ids(reader, view, now) == wanted
            assert (counts[view], source.total()) == (len(wanted), len(wanted)), view
            places = {row.pk: row.key for row in onward}
            assert [source.place_of(n + 1) for n in range(len(known))] == [
                places.get(n + 1) for n in range(len(known))
            ]
            if onward:
                middle = onward[len(onward) // 2].key
                assert source.after(middle, 1, inclusive=True)[0].key == middle
        turns = [at for entry in facts for at in turning_points(entry) if at > now]
        assert views.next_change(reader, now) == min(turns, default=None)


def test_every_list_of_chats_tells_where_one_stands_in_it(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_chats(writer, [chat(f"c{n}", platform=("telegram", "bluesky")[n % 2]) for n in range(6)])
    picked = PickedSource(reader, [(9, 4), (7, 2)])
    for source in (ChatSource(reader), ChatSource(reader, ChatFilter(platform="telegram")), picked):
        assert isinstance(source, ChatListing)
        places = {row.pk: row.key for row in source.after(None, 9)}
        assert places
        assert {pk: source.place_of(pk) for pk in range(9)} == {pk: places.get(pk) for pk in range(9)}


def test_going_on_by_rank_visits_all_of_now_and_begins_again(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    waits = [Facts(unanswered=1, unread=1, needs_reply_since=NOW - n * HOUR) for n in range(4)]
    stand(writer, [(facts, NOW) for facts in (*waits, Facts())], set())

    def walk(key: Key | None, *, backwards: bool, steps: int) -> list[str]:
        found = []
        for _ in range(steps):
            row = views.next_attention(reader, NOW, key, backwards=backwards)
            assert row is not None
            found.append(row.chat.id)
            key = row.key
        return found

    assert walk(None, backwards=False, steps=5) == ["c3", "c2", "c1", "c0", "c3"]
    assert walk(None, backwards=True, steps=5) == ["c0", "c1", "c2", "c3", "c0"]
    gone = ViewSource(reader, View.NOW, NOW).place_of(3)
    stand_down = Facts(done=True)
    with transaction(writer.cache) as rev:
        store_facts._write(writer.cache, 3, stand_down, standing(stand_down, NOW), ("", ""), 0, rev)
    # The chat of that place has left; the walk goes on behind where it stood.
    assert walk(gone, backwards=False, steps=1) == ["c1"]


def test_the_clock_moves_chats_between_views_before_anybody_has_written_a_thing(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    with time_machine.travel(NOW / 1000, tick=False):
        samples.pulled(writer, inbound("m1", NOW - 10 * HOUR))
        samples.pulled(writer, inbound("m2", NOW - 9 * HOUR, "away"), chat_id="away")
        triage.snooze(writer, ["away"], Until(NOW + HOUR))
    bands = []
    for hours in (0, 1, 10, 13, 14):
        now = NOW + hours * HOUR
        rows = ViewSource(reader, View.NOW, now).after(None, 9)
        assert views.view_counts(reader, now)[View.NOW] == len(rows)
        bands.append([row.chat.id for row in rows])
    # Snoozed, woken, the first closing, the first urgent, the first closed.
    assert bands == [["chat"], ["away", "chat"], ["chat", "away"], ["chat", "away"], ["away", "chat"]]


def test_catching_up_folds_late_chats_once_and_then_writes_nothing(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    with time_machine.travel(NOW / 1000, tick=False) as clock:
        for n in range(views.AT_ONCE + 3):
            samples.pulled(writer, inbound(f"m{n}", NOW - n, f"c{n}"), chat_id=f"c{n}")
        assert not views.catch_up(writer)
        clock.move_to((NOW + 21 * HOUR) / 1000)
        before = views.chat_ids(reader, View.NOW, NOW + 21 * HOUR)
        counts = views.view_counts(reader, NOW + 21 * HOUR)
        assert views.catch_up(writer)
        assert not views.catch_up(writer)
        written = writer.cache.total_changes
        assert not views.catch_up(writer)
        assert writer.cache.total_changes == written
        assert views.chat_ids(reader, View.NOW, NOW + 21 * HOUR) == before
        assert views.view_counts(reader, NOW + 21 * HOUR) == counts
        assert counts[View.CLOSING] == len(before) == views.AT_ONCE + 3
        assert health.stale(writer.folder).counters == {}


def test_counters_follow_every_act_and_every_message(writer: Writer, reader: sqlite3.Connection) -> None:
    with time_machine.travel(NOW / 1000, tick=False):
        for n in range(6):
            samples.pulled(writer, inbound(f"m{n}", NOW - n * HOUR, f"c{n}"), chat_id=f"c{n}")

        def counts() -> dict[View, int]:
            assert health.stale(writer.folder) == health.Stale((), 6, {})
            return {view: count for view, count in views.view_counts(reader, NOW).items() if count}

        assert counts() == {View.NOW: 6, View.UNREAD: 6, View.ALL: 6}
        triage.done(writer, ["c0"])
        triage.snooze(writer, ["c1"], Until(NOW + HOUR))
        triage.read(writer, ["c2"])
        samples.pulled(writer, outbound("r3", NOW, "c3"), chat_id="c3")
        samples.pulled(writer, outbound("r4", NOW, "c4", status="failed"), chat_id="c4")
        assert counts() == {
            View.NOW: 3,
            View.UNREAD: 4,
            View.WAITING: 1,
            View.FAILED: 1,
            View.SNOOZED: 1,
            View.DONE: 1,
            View.ALL: 6,
        }
        triage.snooze(writer, ["c3"], Until(None))
        assert counts()[View.SNOOZED] == 2
        assert View.WAITING not in counts()


def test_a_cache_of_an_earlier_version_has_its_views_at_once_and_is_brought_up_to_date(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    with time_machine.travel(NOW / 1000, tick=False):
        samples.pulled(writer, inbound("m1", NOW - 21 * HOUR), inbound("m2", NOW - 20 * HOUR))
        samples.pulled(writer, outbound("m3", NOW, "answered"), chat_id="answered")
        whole = samples.content(writer.cache)
        new = samples.ids(
            writer.cache,
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%next_change_at%' "
            "OR name IN ('chats_by_rank', 'chats_waiting', 'chats_closing', 'chats_snoozed', 'chats_done', "
            "'chats_by_validity')",
        )
        assert len(new) == 7
        for name in new:
            writer.cache.execute(f"DROP INDEX {name}")
        for column in ("unread_since", "woken", "rank", "away", "closing", "valid_from"):
            writer.cache.execute(f"ALTER TABLE chats DROP COLUMN {column}")
        writer.cache.execute("DELETE FROM meta WHERE key IN ('now', 'waiting', 'closing', 'snoozed', 'done')")
        schema._cache_7(Database(writer.cache))
        for late in (True, False):
            assert views.chat_ids(reader, View.NOW, NOW) == ["chat"]
            counts = {view: count for view, count in views.view_counts(reader, NOW).items() if count}
            wanted = {View.NOW: 1, View.UNREAD: 1, View.WAITING: 1, View.CLOSING: 1, View.ALL: 2}
            assert (counts, late) == (wanted, late)
            views.catch_up(writer)
        again = samples.content(writer.cache)
        assert {len(rows) for rows in again.values()} == {len(rows) for rows in whole.values()}
        assert health.stale(writer.folder) == health.Stale((), 2, {})


Look = Callable[[ViewSource, Key | None], object]
LOOKS: Mapping[str, Look] = {
    "the start": lambda source, key: source.after(None, 50),
    "the end": lambda source, key: source.before(None, 50),
    "a page behind the middle": lambda source, key: source.after(key, 50, inclusive=True),
    "a page in front of the middle": lambda source, key: source.before(key, 50),
    "how many": lambda source, key: source.total(),
    "one place": lambda source, key: source.place_of(200),
    "the next": lambda source, key: views.next_attention(source._reader, source.now, key),
}


@pytest.fixture(scope="module")
def inboxes() -> Iterator[Sequence[tuple[int, sqlite3.Connection]]]:
    """A small and a large inbox in which every view has its share of the chats."""
    kinds = (
        Facts(unanswered=1, unread=1, needs_reply_since=NOW, unread_since=NOW, failed=1),
        Facts(unanswered=1, needs_reply_since=NOW, window_known=True, window_closes_at=NOW + 3 * HOUR),
        Facts(unanswered=1, needs_reply_since=NOW, window_known=True, window_closes_at=NOW - DAY),
        Facts(waiting=True),
        Facts(waiting=True, snoozed_until=NOW + DAY),
        Facts(done=True, unread=1, unread_since=NOW),
    )
    opened = []
    for count in (600, 6_000):
        context = samples.fresh()
        writer = context.__enter__()
        stand(writer, [(kinds[n % len(kinds)], NOW) for n in range(count)], {"c1", "c2"})
        opened.append((count, context, open_reader(writer.folder)))
    yield [(count, reader) for count, _, reader in opened]
    for _, context, reader in opened:
        reader.close()
        context.__exit__(None, None, None)


@pytest.mark.parametrize("view", View)
def test_a_look_into_a_view_costs_the_same_at_any_size(
    inboxes: Sequence[tuple[int, sqlite3.Connection]], view: View
) -> None:
    for name, look in LOOKS.items():
        costs = []
        for count, reader in inboxes:
            source = ViewSource(reader, view, NOW)
            assert source.total() >= count // 6
            half = source.chat_ids(reader)[source.total() // 2]
            (pk,) = reader.execute("SELECT pk FROM chats WHERE id = ?", (half,)).fetchone()
            key = source.place_of(pk)
            with samples.counting(reader) as cost:
                look(source, key)
            costs.append((len(cost.statements), cost.steps))
        (small, few), (large, many) = costs
        assert large == small <= 3, name
        assert many <= few + 100, (name, costs)
