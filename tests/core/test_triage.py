"""Section 2 of the interface contract: seen, answered and done are three facts, and nobody is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.marks import Entry, Mark, Position, Snooze, automatic, covers
from inbox_tui.core.models import Chat
from inbox_tui.core.ranking import FOREVER, Band, Facts, State, holds, rank, standing
from inbox_tui.core.triage import approximate, fold
from inbox_tui.core.window import Window, WindowState, window, window_state

H = 3_600_000
M = 60_000
DAY = 24 * H
NOW = 1_780_000_000_000


def inbound(at: int, arrived: int | None = None, *, deleted: bool = False) -> Entry:
    return Entry((at, f"in{at}"), arrived, inbound=True, deleted=deleted, status="received")


def outbound(
    at: int,
    arrived: int | None = None,
    status: str = "published",
    *,
    mark: Mark | None = None,
    auto: bool = False,
) -> Entry:
    return Entry(
        (at, f"out{at}"),
        arrived,
        inbound=False,
        deleted=False,
        status=status,
        automatic=auto,
        reply_mark=mark,
    )


def newest_first(*entries: Entry) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.position, reverse=True)


def mark(arrived: int | None, through: int, at: int | None = None) -> Mark:
    return Mark(arrived, (through, f"in{through}"), through if at is None else at)


# ---------------------------------------------------------------- the definitions, one by one


def test_a_message_without_a_reply_is_unanswered_and_unread() -> None:
    facts = fold(newest_first(inbound(10, 1), inbound(20, 2)))
    assert (facts.unanswered, facts.unread, facts.needs_reply_since) == (2, 2, 10)
    assert not facts.answered
    assert not facts.waiting


def test_the_age_of_the_debt_counts_from_the_oldest_unanswered_message() -> None:
    before = fold(newest_first(inbound(10, 1)))
    after = fold(newest_first(inbound(10, 1), inbound(500, 2)))
    assert before.needs_reply_since == after.needs_reply_since == 10


@pytest.mark.parametrize("status", ["pending", "failed_waiting_for_retry", "published"])
def test_a_reply_on_its_way_or_delivered_answers(status: str) -> None:
    facts = fold(newest_first(inbound(10, 1), outbound(20, 2, status)))
    assert (facts.unanswered, facts.unread, facts.answered, facts.waiting) == (0, 0, True, True)
    assert facts.last_reply_at == 20


@pytest.mark.parametrize("status", ["failed", "received", "cancelled"])
def test_a_failed_or_unknown_send_is_not_a_reply(status: str) -> None:
    facts = fold(newest_first(inbound(10, 1), outbound(20, 2, status)))
    assert (facts.unanswered, facts.unread, facts.answered, facts.waiting) == (1, 1, False, False)
    assert facts.failed == (status == "failed")


def test_an_automatic_answer_is_not_a_reply() -> None:
    assert fold(newest_first(inbound(10, 1), outbound(11, 2, auto=True))).unanswered == 1


def test_a_deleted_inbound_message_asks_for_nothing() -> None:
    facts = fold(newest_first(inbound(10, 1, deleted=True)))
    assert (facts.unanswered, facts.unread) == (0, 0)


def test_a_button_tap_counts_as_an_inbound_message() -> None:
    assert fold([replace(inbound(10, 1), tap=True)]).unanswered == 1


def test_a_message_that_crosses_a_reply_sent_from_here_stays_unanswered() -> None:
    # Written from the cache that held message 1; message 2 was posted before the reply, and came after it.
    reply = outbound(30, 3, mark=mark(1, 10))
    facts = fold(newest_first(inbound(10, 1), inbound(20, 2), reply))
    assert (facts.unanswered, facts.unread, facts.needs_reply_since) == (1, 1, 20)
    assert not facts.waiting


def test_a_reply_made_elsewhere_covers_what_stands_before_it() -> None:
    facts = fold(newest_first(inbound(10, 1), outbound(20, 3), inbound(15, 4), inbound(25, 2)))
    assert (facts.unanswered, facts.needs_reply_since) == (1, 25)


def test_a_send_on_its_way_answers_what_was_known_whatever_this_machine_s_clock_says() -> None:
    on_its_way = Entry(
        (5, "outbox"), None, inbound=False, deleted=False, status="pending", reply_mark=mark(1, 10)
    )
    facts = fold([inbound(10, 1)], outgoing=[on_its_way])
    assert (facts.unanswered, facts.answered, facts.last_reply_at) == (0, True, 5)
    crossed = fold(newest_first(inbound(10, 1), inbound(20, 2)), outgoing=[on_its_way])
    assert (crossed.unanswered, crossed.needs_reply_since) == (1, 20)


def test_a_message_that_comes_late_reopens_a_done_chat() -> None:
    done = mark(5, 100)
    assert fold(newest_first(inbound(100, 5)), done=done).done
    late = fold(newest_first(inbound(100, 5), inbound(50, 6)), done=done)
    assert (late.done, late.unanswered, late.needs_reply_since) == (False, 1, 50)


def test_older_history_is_covered_by_a_mark_by_its_position() -> None:
    facts = fold(newest_first(inbound(100, 5), inbound(50, None)), done=mark(5, 100))
    assert facts.done
    assert facts.unanswered == 0


def test_a_mark_against_another_cache_covers_by_position() -> None:
    facts = fold(
        newest_first(inbound(100, 900), inbound(200, 901)), done=mark(None, 100), seen=mark(None, 100)
    )
    assert (facts.unanswered, facts.unread, facts.needs_reply_since) == (1, 1, 200)


def test_a_reply_to_a_reopened_chat_waits_and_does_not_close_it_again() -> None:
    done = mark(1, 10)
    facts = fold(newest_first(inbound(10, 1), inbound(20, 2), outbound(30, 3)), done=done)
    assert (facts.done, facts.waiting) == (False, True)


def test_reading_changes_unread_only() -> None:
    entries = newest_first(inbound(10, 1), inbound(20, 2))
    unseen, seen = fold(entries), fold(entries, seen=mark(2, 20))
    assert seen == replace(unseen, unread=0, unread_since=None)


def test_a_chat_quiet_since_before_the_first_sync_starts_as_seen_but_still_owes_a_reply() -> None:
    facts = fold(newest_first(inbound(10, 1)), quiet_before=100)
    assert (facts.unread, facts.unanswered) == (0, 1)
    again = fold(newest_first(inbound(10, 1), inbound(200, 2)), quiet_before=100)
    assert (again.unread, again.unanswered, again.unread_since) == (1, 2, 200)


def test_failures_are_counted_with_those_of_the_outbox_and_retrying_is_apart() -> None:
    entries = newest_first(
        inbound(10, 1), outbound(20, 2, "failed"), outbound(30, 3, "failed_waiting_for_retry")
    )
    facts = fold(entries, outbox_failed=2)
    assert (facts.failed, facts.retrying_since) == (3, 30)
    assert standing(facts, 31).valid_until == 30 + 2 * M


# ---------------------------------------------------------------- snooze


def snoozed_until(facts: Facts) -> tuple[int | None, bool]:
    return facts.snoozed_until, facts.woken


def test_a_snooze_ends_by_its_time_and_then_counts_as_woken() -> None:
    facts = fold([inbound(NOW, 1)], snooze=Snooze(mark(1, NOW), NOW + H))
    assert snoozed_until(facts) == (NOW + H, False)
    assert standing(facts, NOW).valid_until == NOW + H
    assert rank(facts, NOW + H - 1) is None
    assert rank(facts, NOW + H) == (Band.WOKEN, NOW + H)
    assert holds(State.SNOOZED, facts, NOW)
    assert not holds(State.SNOOZED, facts, NOW + H)


def test_a_new_message_wakes_a_snooze_unless_it_is_sticky() -> None:
    entries = newest_first(inbound(NOW, 1), inbound(NOW + 1, 2))
    snooze = Snooze(mark(1, NOW), NOW + H)
    assert snoozed_until(fold(entries, snooze=snooze)) == (None, True)
    assert snoozed_until(fold(entries, snooze=replace(snooze, sticky=True))) == (NOW + H, False)


def test_a_snooze_until_they_write_has_no_end_of_its_own() -> None:
    facts = fold([inbound(NOW, 1)], snooze=Snooze(mark(1, NOW)))
    assert snoozed_until(facts) == (FOREVER, False)
    assert standing(facts, NOW).valid_until is None


def test_a_failed_send_wakes_a_snooze() -> None:
    snooze = Snooze(mark(1, NOW), NOW + H)
    assert snoozed_until(fold([inbound(NOW, 1)], snooze=snooze, outbox_failed=1)) == (None, True)


def test_the_window_wakes_a_snooze_an_hour_before_it_closes() -> None:
    snooze = Snooze(mark(1, NOW), NOW + 2 * DAY, sticky=True)
    facts = fold([inbound(NOW, 1)], snooze=snooze, window=Window(True, NOW + DAY))
    assert snoozed_until(facts) == (NOW + 23 * H, False)
    late = fold([inbound(NOW, 1)], snooze=snooze, window=Window(True, NOW + H // 2))
    assert snoozed_until(late) == (NOW + 2 * DAY, False)


def test_a_snooze_is_spent_by_a_later_done_and_by_a_reply_to_what_woke_it() -> None:
    snooze = Snooze(mark(1, NOW), NOW + H)
    assert snoozed_until(fold([inbound(NOW, 1)], snooze=snooze, done=mark(1, NOW, NOW + 1))) == (None, False)
    answered = newest_first(inbound(NOW, 1), inbound(NOW + 1, 2), outbound(NOW + 2, 3))
    assert snoozed_until(fold(answered, snooze=snooze)) == (None, False)
    in_time = newest_first(inbound(NOW, 1), outbound(NOW + 2, 3))
    assert snoozed_until(fold(in_time, snooze=snooze)) == (NOW + H, False)
    after = newest_first(inbound(NOW, 1), outbound(NOW + 2 * H, 3))
    assert snoozed_until(fold(after, snooze=snooze)) == (None, False)


# ---------------------------------------------------------------- automatic, window


@pytest.mark.parametrize(("gap", "expected"), [(-1, False), (0, True), (10_000, True), (10_001, False)])
def test_an_answer_within_ten_seconds_is_automatic(gap: int, expected: bool) -> None:
    assert automatic(outbound(NOW + gap), NOW) is expected


def test_what_was_sent_from_here_or_by_the_customer_is_never_automatic() -> None:
    assert not automatic(outbound(NOW, mark=mark(1, NOW)), NOW)
    assert not automatic(inbound(NOW), NOW)
    assert not automatic(outbound(NOW), None)


def test_an_answer_that_matches_a_pattern_is_automatic() -> None:
    patterns = [re.compile("out of office", re.IGNORECASE)]
    assert automatic(outbound(NOW), None, "We are Out Of Office", patterns)
    assert not automatic(outbound(NOW), None, "We are here", patterns)


@pytest.mark.parametrize("platform", ["telegram", "bluesky", "threads"])
def test_only_meta_has_a_window(platform: str) -> None:
    assert window(platform, NOW) == Window(known=False)
    assert window_state(None, NOW, known=False) is WindowState.NOT_APPLICABLE


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_the_window_closes_a_day_after_the_newest_of_three_times(platform: str) -> None:
    assert window(platform, NOW, NOW - 5, None) == Window(True, NOW + DAY)
    assert window(platform, NOW, NOW + 5, None) == Window(True, NOW + 5 + DAY)
    assert window(platform, None, None, NOW + 9) == Window(True, NOW + 9 + DAY)
    assert window(platform, None) == Window(True, None)


def test_the_word_of_the_server_overrides_the_clock() -> None:
    said = NOW + 2 * H
    assert window("facebook", NOW, said_open=False, said_at=said).closes_at == said
    assert window("facebook", NOW + 3 * H, said_open=False, said_at=said).closes_at == NOW + 3 * H + DAY
    assert window("facebook", None, said_open=True, said_at=said).closes_at == said + DAY
    assert window("facebook", NOW, said_open=True, said_at=said).closes_at == NOW + DAY


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (DAY, WindowState.OPEN),
        (4 * H + 1, WindowState.OPEN),
        (4 * H, WindowState.CLOSING),
        (H + 1, WindowState.CLOSING),
        (H, WindowState.URGENT),
        (1, WindowState.URGENT),
        (0, WindowState.CLOSED),
        (-1, WindowState.CLOSED),
    ],
)
def test_the_window_closes_in_steps(left: int, state: WindowState) -> None:
    assert window_state(NOW + left, NOW) is state
    assert window_state(None, NOW) is WindowState.NEVER_OPENED


def test_the_next_change_walks_through_the_steps_of_the_window() -> None:
    closes = NOW + DAY
    facts = fold([inbound(NOW, 1)], window=Window(True, closes))
    at, steps = NOW, []
    while (change := standing(facts, at).valid_until) is not None:
        steps.append(change)
        at = change
    assert steps == [closes - 4 * H, closes - H, closes]


# ---------------------------------------------------------------- rank and views


def test_the_now_view_is_ranked_as_the_contract_says() -> None:
    debt = Facts(unanswered=1, needs_reply_since=NOW - 9, window_known=True)
    in_order = [
        Facts(failed=1),
        replace(debt, window_closes_at=NOW + H),
        replace(debt, window_closes_at=NOW + 4 * H),
        Facts(woken=True),
        replace(debt, window_closes_at=NOW + 5 * H),
        replace(debt, window_closes_at=NOW + 5 * H, needs_reply_since=NOW - 8),
        Facts(unread=1, unread_since=NOW),
        replace(debt, window_closes_at=NOW - 1),
    ]
    ranks = [rank(facts, NOW) for facts in in_order]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda place: place or (Band.FAILED, 0))
    assert [place[0] for place in ranks if place] == [
        Band.FAILED,
        Band.URGENT,
        Band.CLOSING,
        Band.WOKEN,
        Band.NEEDS_REPLY,
        Band.NEEDS_REPLY,
        Band.UNREAD,
        Band.CLOSED_WINDOW,
    ]


def test_nothing_owed_nothing_unread_is_not_in_now() -> None:
    assert rank(Facts(waiting=True, answered=True, window_known=True, window_closes_at=NOW + 1), NOW) is None
    assert rank(Facts(done=True, unread=3), NOW) is None


def test_the_retrying_of_the_service_raises_the_chat_after_two_minutes() -> None:
    facts = Facts(retrying_since=NOW)
    assert rank(facts, NOW + 2 * M - 1) is None
    assert rank(facts, NOW + 2 * M) == (Band.FAILED, NOW)
    assert not holds(State.FAILED, facts, NOW + 2 * M)


def test_each_state_is_one_fact() -> None:
    closing = Facts(unanswered=1, window_known=True, window_closes_at=NOW + 2 * H)
    assert holds(State.CLOSING, closing, NOW)
    assert not holds(State.CLOSING, replace(closing, unanswered=0), NOW)
    assert not holds(State.CLOSING, closing, NOW + 2 * H)
    assert holds(State.WAITING, Facts(waiting=True), NOW)
    assert not holds(State.WAITING, Facts(waiting=True, snoozed_until=NOW + 1), NOW)
    assert holds(State.NEEDS_REPLY, closing, NOW)
    assert holds(State.UNREAD, Facts(unread=1), NOW)
    assert holds(State.FAILED, Facts(failed=1), NOW)
    assert holds(State.DONE, Facts(done=True), NOW)


# ---------------------------------------------------------------- only the chat's row is known


def chat(last_inbound: int | None, last_outbound: int | None) -> Chat:
    return Chat("c", "p", "telegram", "x", 0, last_inbound_at=last_inbound, last_outbound_at=last_outbound)


@pytest.mark.parametrize(
    ("last_inbound", "last_outbound", "done_through", "needs", "waiting", "done"),
    [
        (20, 10, None, True, False, False),
        (20, None, None, True, False, False),
        (10, 20, None, False, True, False),
        (None, None, None, False, False, False),
        (None, 20, None, False, True, False),
        (20, 10, 20, False, False, True),
        (20, 10, 15, True, False, False),
        (10, 20, 10, False, False, True),
    ],
)
def test_before_its_messages_are_pulled_the_chat_row_gives_an_approximation(
    last_inbound: int | None,
    last_outbound: int | None,
    done_through: int | None,
    needs: bool,
    waiting: bool,
    done: bool,
) -> None:
    done_mark = None if done_through is None else mark(None, done_through)
    facts = approximate(chat(last_inbound, last_outbound), done=done_mark)
    assert facts.approximate
    assert (facts.unanswered > 0, facts.waiting, facts.done) == (needs, waiting, done)
    assert facts.needs_reply_since == (last_inbound if needs else None)


def test_the_approximation_knows_seen_quiet_and_snoozed_chats() -> None:
    row = chat(NOW, None)
    assert approximate(row).unread == 1
    assert approximate(row, seen=mark(None, NOW)).unread == 0
    assert approximate(row, quiet_before=NOW + 1).unread == 0
    assert snoozed_until(approximate(row, snooze=Snooze(mark(None, NOW), NOW + H))) == (NOW + H, False)
    assert snoozed_until(approximate(row, snooze=Snooze(mark(None, NOW - 1), NOW + H))) == (None, True)


# ---------------------------------------------------------------- properties over whole histories


@dataclass(frozen=True)
class History:
    """A chat as it grew in the cache: entries in order of arrival, and marks made on the way."""

    entries: tuple[Entry, ...]
    seen: Mark | None
    done: Mark | None
    snooze: Snooze | None
    quiet_before: int | None
    outgoing: tuple[Entry, ...] = ()

    @property
    def newest_first(self) -> list[Entry]:
        return newest_first(*self.entries)

    @property
    def troubled(self) -> list[Entry]:
        return [e for e in self.entries if e.status in ("failed", "failed_waiting_for_retry")]

    def oldest_after(self, arrived: int) -> Position | None:
        return min(
            (e.position for e in self.entries if e.arrived is not None and e.arrived > arrived), default=None
        )

    def fold(self, *, early: bool = True, entries: Iterator[Entry] | None = None) -> Facts:
        return fold(
            self.newest_first if entries is None else entries,
            seen=self.seen,
            done=self.done,
            snooze=self.snooze,
            quiet_before=self.quiet_before,
            outgoing=self.outgoing,
            troubled=self.troubled if early else None,
            oldest_after=self.oldest_after if early else None,
        )


KINDS = st.sampled_from(
    ["in", "in", "in", "deleted", "elsewhere", "here", "here", "auto", "failed", "old", "old out"]
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    steps = draw(st.lists(st.tuples(KINDS, st.integers(0, 40)), max_size=14))
    entries: list[Entry] = []
    marks: list[Mark] = [Mark(0, (0, ""), 0)]
    through: Position = (0, "")
    for arrival, (kind, at) in enumerate(steps, start=1):
        position = (at, f"{arrival:03}")
        status = "failed" if kind == "failed" else draw(st.sampled_from(["published", "pending"]))
        now_mark = Mark(arrival - 1, through, arrival)
        reply_mark = None
        if kind in ("here", "failed"):
            reply_mark = now_mark
            if draw(st.integers(0, 5)) == 0:
                reply_mark = Mark(None, (draw(st.integers(0, 40)), "zzz"), arrival)
            if kind == "here" and draw(st.integers(0, 4)) == 0:
                status = "failed_waiting_for_retry"
        is_inbound = kind in ("in", "deleted", "old")
        entries.append(
            Entry(
                position,
                None if kind.startswith("old") else arrival,
                inbound=is_inbound,
                deleted=kind == "deleted",
                status="received" if is_inbound else status,
                automatic=kind == "auto",
                reply_mark=reply_mark,
            )
        )
        if is_inbound and kind != "old":
            through = max(through, position)
        marks.append(Mark(arrival, through, arrival))
    # An item of the outbox has the time of this machine, which may be behind that of the messages.
    outgoing = st.builds(
        lambda at, status, made: Entry(
            (at, "outbox"), None, inbound=False, deleted=False, status=status, reply_mark=made
        ),
        st.integers(0, 45),
        st.sampled_from(["pending", "dismissed"]),
        st.sampled_from(marks),
    )
    other_cache = st.builds(lambda at: Mark(None, (at, "zzz"), 0), st.integers(0, 40))
    any_mark = st.none() | st.sampled_from(marks) | other_cache
    snoozes = st.builds(Snooze, st.sampled_from(marks), st.none() | st.integers(0, 60), st.booleans())
    return History(
        tuple(entries),
        seen=draw(any_mark),
        done=draw(any_mark),
        snooze=draw(st.none() | snoozes),
        quiet_before=draw(st.none() | st.integers(0, 40)),
        outgoing=tuple(draw(st.lists(outgoing, max_size=1))),
    )


def answers(reply: Entry, message: Entry) -> bool:
    """The contract's sentence on what a reply covers, read for one pair."""
    if not reply.reply:
        return False
    if reply.reply_mark is None:
        return message.position < reply.position
    by_arrival = reply.reply_mark.arrived is not None and message.arrived is not None
    return covers(reply.reply_mark, message) and (by_arrival or message.position < reply.position)


@settings(max_examples=250)
@given(histories())
def test_facts_are_what_the_definitions_say(history: History) -> None:
    messages = [entry for entry in history.entries if entry.counts]
    replies = [*history.entries, *history.outgoing]
    replied = {m.position for m in messages if any(answers(r, m) for r in replies)}
    closed = {m.position for m in messages if history.done and covers(history.done, m)}
    read = {
        m.position
        for m in messages
        if (history.seen and covers(history.seen, m))
        or (history.quiet_before is not None and m.position[0] < history.quiet_before)
    }
    every = {m.position for m in messages}
    facts = history.fold()
    unanswered, unread = every - replied - closed, every - replied - read
    assert facts.unanswered == len(unanswered)
    assert facts.unread == len(unread)
    assert facts.needs_reply_since == min((p[0] for p in unanswered), default=None)
    assert facts.done == (history.done is not None and every == closed)
    drawn = newest_first(*(e for e in replies if not (e.inbound and e.deleted)))
    assert facts.waiting == (bool(drawn) and drawn[0].reply and not unanswered and not facts.done)
    assert facts.failed == sum(e.status == "failed" for e in history.entries)
    if messages:
        newest = max(every)
        has_reply = facts.last_reply_at is not None
        assert facts.answered == (has_reply and newest in replied)


@settings(max_examples=400)
@given(histories())
def test_stopping_early_gives_the_same_facts_as_reading_everything(history: History) -> None:
    assert history.fold(early=True) == history.fold(early=False)


@given(histories())
def test_nothing_that_came_after_a_reply_or_a_mark_was_made_is_hidden_by_it(history: History) -> None:
    """The newest arrival, wherever it stands, is unanswered unless a reply made elsewhere stands after it."""
    late = Entry((0, "late"), 1000, inbound=True, deleted=False, status="received")
    # Marks and replies of this cache only, all of them made before it came.
    kept = [
        e
        for e in history.entries
        if not e.reply or (e.reply_mark is not None and e.reply_mark.arrived is not None)
    ]
    done = history.done if history.done is None or history.done.arrived is not None else None
    grown = replace(history, entries=(*kept, late), done=done)
    facts = grown.fold()
    assert facts.needs_reply_since == 0
    assert not facts.done


@given(histories(), histories())
def test_reading_never_changes_what_is_unanswered_done_or_waiting(history: History, other: History) -> None:
    before, after = history.fold(), replace(history, seen=other.seen).fold()
    assert replace(before, unread=0, unread_since=None) == replace(after, unread=0, unread_since=None)


@given(histories(), st.integers(0, 40))
def test_a_later_message_reopens_whatever_was_done(history: History, at: int) -> None:
    later = Entry((41 + at, "later"), 1000, inbound=True, deleted=False, status="received")
    facts = replace(history, entries=(*history.entries, later)).fold()
    assert not facts.done
    assert facts.unanswered >= 1


@given(histories(), st.integers(0, 40))
def test_a_failed_send_answers_nothing(history: History, at: int) -> None:
    failed = outbound(at, 1000, "failed", mark=Mark(999, (99, ""), 99))
    before = history.fold()
    after = replace(history, entries=(*history.entries, failed)).fold()
    assert (after.unanswered, after.unread, after.answered) == (
        before.unanswered,
        before.unread,
        before.answered,
    )
    assert after.failed == before.failed + 1


@given(histories(), st.integers(0, 100))
def test_the_next_change_is_in_the_future_and_nothing_changes_before_it(history: History, at: int) -> None:
    facts = fold(
        history.newest_first,
        done=history.done,
        snooze=history.snooze
        and replace(history.snooze, until=history.snooze.until and history.snooze.until * H),
        window=Window(True, at * H),
    )
    # The clock steps by half hours, so that every edge of the window is met.
    states = {
        now: (
            rank(facts, now),
            [holds(s, facts, now) for s in State],
            window_state(facts.window_closes_at, now) if facts.unanswered else None,
        )
        for now in range(20 * H, 130 * H, H // 2)
    }
    change = standing(facts, 20 * H).valid_until
    assert change is None or change > 20 * H
    for now, state in states.items():
        if change is None or now < change:
            assert state == states[20 * H]


def test_reading_goes_on_for_a_message_that_woke_a_snooze_and_was_answered_since() -> None:
    entries = newest_first(inbound(10, 1), inbound(20, 2), outbound(30, 3))
    snooze = Snooze(mark(1, 10), NOW)
    early = fold(entries, snooze=snooze, troubled=[], oldest_after=lambda _: None)
    assert early == fold(entries, snooze=snooze)
    assert snoozed_until(early) == (None, False)


def test_reading_goes_on_for_the_newest_inbound_message_behind_a_done_mark() -> None:
    reply = outbound(30, 2, mark=Mark(0, (0, ""), 1))
    entries = newest_first(inbound(20, 1), reply)
    marks = {"done": mark(2, 25), "seen": mark(2, 25)}
    early = fold(entries, troubled=[], oldest_after=lambda _: None, **marks)
    assert early == fold(entries, **marks)
    assert not early.answered


def test_reading_goes_on_for_an_older_reply_that_answered_the_newest_message() -> None:
    # The clock of the platform put the reply before the message that it answered.
    newer, older = outbound(30, 3, mark=Mark(0, (0, ""), 0)), outbound(10, 2, mark=mark(1, 20))
    entries = newest_first(newer, inbound(20, 1), older)
    marks = {"done": mark(5, 25), "seen": mark(5, 25)}
    early = fold(entries, troubled=[], oldest_after=lambda n: older.position if n < 2 else None, **marks)
    assert early == fold(entries, **marks)
    assert early.answered


# ---------------------------------------------------------------- the cost of a long chat

LONG = 100_000


def long_chat(newest: list[Entry], arrived_from: int | None, length: int = LONG) -> Iterator[Entry]:
    """`newest`, then the newest `length` of a hundred thousand older messages of both sides."""
    yield from newest
    for number in range(LONG, LONG - length, -1):
        arrived = None if arrived_from is None else arrived_from + number
        yield inbound(number * 10, arrived) if number % 2 else outbound(number * 10, arrived)


TOP = LONG * 10
LONG_CASES = {
    "answered elsewhere": ([outbound(TOP + 2, 9), inbound(TOP + 1, 8)], {}),
    "answered from here": ([outbound(TOP + 2, 9, mark=mark(8, TOP + 1)), inbound(TOP + 1, 8)], {}),
    "new debt after a reply from here": (
        [inbound(TOP + 3, 10), outbound(TOP + 2, 9, mark=mark(8, TOP + 1)), inbound(TOP + 1, 8)],
        {},
    ),
    "done and seen, never answered": (
        [inbound(TOP + 2, 9), inbound(TOP + 1, 8)],
        {"done": mark(9, TOP + 2), "seen": mark(9, TOP + 2)},
    ),
    "done, then snoozed": (
        [outbound(TOP + 2, 9, mark=mark(8, TOP + 1)), inbound(TOP + 1, 8)],
        {"done": mark(8, TOP + 1, 1), "snooze": Snooze(mark(9, TOP + 1, 2), NOW)},
    ),
}


@pytest.mark.parametrize("case", LONG_CASES)
@pytest.mark.parametrize("arrived_from", [None, -LONG])
def test_a_chat_of_a_hundred_thousand_messages_costs_a_few_rows(case: str, arrived_from: int | None) -> None:
    newest, marks = LONG_CASES[case]
    numbers = [(e.position, e.arrived) for e in newest]
    read = 0

    def counted() -> Iterator[Entry]:
        nonlocal read
        for entry in long_chat(newest, arrived_from):
            read += 1
            yield entry

    def oldest_after(arrived: int) -> Position | None:
        return min((p for p, number in numbers if number is not None and number > arrived), default=None)

    early = fold(counted(), troubled=[], oldest_after=oldest_after, **marks)
    assert read <= len(newest) + 3
    assert early == fold(long_chat(newest, arrived_from, 300), **marks)
