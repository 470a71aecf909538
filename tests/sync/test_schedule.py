"""What is looked at next: urgency, pace, back-off and fairness."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.sync import schedule
from inbox_tui.sync.pace import BUDGET, Pace
from inbox_tui.sync.schedule import Kind, Look, Schedule

HOUR = 3_600_000


def nothing(_: str) -> Look | None:
    return None


def lanes(*names: str, slots: int = 4) -> Schedule:
    it = Schedule(slots)
    for name in names:
        it.lane(name)
    return it


def take(it: Schedule, now: float = 0.0, backlog=nothing) -> Look | None:
    look = it.next(now, backlog)
    if look is not None:
        it.started(look, now)
    return look


def endless(it: Schedule):
    """A backlog in which every profile always misses another chat."""
    numbers = iter(range(1_000_000))
    return lambda profile_id: Look(Kind.NEWEST, profile_id, f"c{next(numbers)}")


def test_the_most_urgent_look_that_is_due_goes_first() -> None:
    it = lanes("p")
    for kind in (Kind.CHATS, Kind.RECENT, Kind.OPEN, Kind.SENT):
        it.put(Look(kind, "p", f"{kind}"), 0.0)
    assert [look.kind for look in iter(lambda: take(it), None)] == [
        Kind.OPEN,
        Kind.SENT,
        Kind.CHATS,
        Kind.RECENT,
    ]


def test_of_two_looks_of_a_kind_the_one_due_earlier_goes_first() -> None:
    it = lanes("p")
    it.put(Look(Kind.RECENT, "p", "late"), 2.0)
    it.put(Look(Kind.RECENT, "p", "early"), 1.0)
    assert take(it, 0.5) is None
    assert take(it, 3.0) == Look(Kind.RECENT, "p", "early")


def test_what_the_cache_misses_comes_after_what_people_look_at_and_before_what_merely_comes_round() -> None:
    it = lanes("p")
    it.put(Look(Kind.RECENT, "p", "r"), 0.0)
    it.put(Look(Kind.OPEN, "p", "o"), 0.0)
    missing = [Look(Kind.NEWEST, "p", "n")]
    backlog = lambda _: missing[0] if missing else None  # noqa: E731
    assert take(it, backlog=backlog) == Look(Kind.OPEN, "p", "o")
    assert take(it, backlog=backlog) == Look(Kind.NEWEST, "p", "n")
    missing.clear()
    assert take(it, backlog=backlog) == Look(Kind.RECENT, "p", "r")


def test_chats_of_every_profile_come_before_messages_and_messages_before_history() -> None:
    it = lanes("a", "b", "c")
    missing = {
        "a": Look(Kind.HISTORY, "a", "x"),
        "b": Look(Kind.WALK, "b"),
        "c": Look(Kind.NEWEST, "c", "y"),
    }
    order = []
    while (look := take(it, backlog=missing.get)) is not None:
        order.append(look.kind)
        del missing[look.profile_id]
    assert order == [Kind.WALK, Kind.NEWEST, Kind.HISTORY]


def test_nothing_is_looked_at_twice_at_the_same_time() -> None:
    it = lanes("p")
    it.put(Look(Kind.OPEN, "p", "c"), 0.0)
    assert take(it) is not None
    it.put(Look(Kind.WANTED, "p", "c"), 0.0)
    assert take(it) is None
    it.ended(Look(Kind.OPEN, "p", "c"))
    assert take(it) == Look(Kind.WANTED, "p", "c")


def test_a_look_that_is_asked_for_again_keeps_the_greater_urgency_and_the_earlier_time() -> None:
    it = lanes("p")
    it.put(Look(Kind.RECENT, "p", "c"), 50.0)
    it.put(Look(Kind.WANTED, "p", "c"), 60.0)
    assert it.timed() == 1
    assert take(it, 50.0) == Look(Kind.WANTED, "p", "c")
    assert it.timed() == 0


def test_a_look_that_is_planned_anew_moves_unless_somebody_wants_it_sooner() -> None:
    it = lanes("p")
    it.put(Look(Kind.RECENT, "p", "c"), 5.0)
    it.replan(Look(Kind.RECENT, "p", "c"), 20.0)
    assert it.planned(("chat", "c")) == 20.0
    it.put(Look(Kind.WANTED, "p", "c"), 7.0)
    it.replan(Look(Kind.RECENT, "p", "c"), 30.0)
    assert it.planned(("chat", "c")) == 7.0


def test_a_profile_that_takes_all_the_time_leaves_room_for_the_others() -> None:
    it = lanes("slow", "quick")
    work = endless(it)
    for _ in range(20):
        take(it, 0.0, lambda name: work(name) if name == "slow" else None)
    assert it.lane("slow").in_flight < it.slots
    assert take(it, 100.0, lambda name: work(name) if name == "quick" else None) is not None


def test_two_profiles_that_hang_leave_a_request_for_a_third() -> None:
    it = lanes("slow", "hanging", "quick")
    work = endless(it)
    for _ in range(20):
        take(it, 0.0, lambda name: None if name == "quick" else work(name))
    assert len(it.in_flight) == it.slots - 1
    assert take(it, 100.0, work).profile_id == "quick"


def test_two_busy_profiles_share_the_requests_evenly() -> None:
    it = lanes("a", "b")
    work = endless(it)
    now, served = 0.0, {"a": 0, "b": 0}
    for _ in range(200):
        now += 0.01
        while (look := take(it, now, work)) is not None:
            served[look.profile_id] += 1
        for look in list(it.in_flight.values()):
            it.ended(look)
    assert abs(served["a"] - served["b"]) <= it.slots


def test_a_profile_in_trouble_is_left_alone_for_a_while_and_then_tried_with_one_request() -> None:
    it = lanes("a", "b")
    work = endless(it)
    assert it.failed("a", 10.0, 5.0) == 1
    assert it.failed("a", 11.0, 5.0) == 1  # was out at the same time
    assert {take(it, 12.0, work).profile_id for _ in range(2)} == {"b"}
    later = [take(it, 15.5, work) for _ in range(2)]
    assert [look.profile_id for look in later if look is not None].count("a") == 1
    assert it.failed("a", 15.6, 9.0) == 2
    it.succeeded("a")
    assert it.lane("a").failures == 0


def test_a_stopped_profile_is_tried_again_when_its_time_has_come() -> None:
    it = lanes("a")
    it.put(Look(Kind.CHATS, "a"), 0.0)
    it.stop(["a"], 60.0)
    assert take(it, 59.0) is None
    assert take(it, 60.0) == Look(Kind.CHATS, "a")


def test_what_comes_round_stays_within_the_budget() -> None:
    it = lanes("p", slots=10_000)
    for number in range(1000):
        it.put(Look(Kind.RECENT, "p", f"c{number}"), 0.0)
    made = 0
    for tick in range(200):
        while take(it, tick * 0.1) is not None:
            made += 1
    assert 19.9 * BUDGET <= made <= 20.9 * BUDGET + 1


def test_a_slow_down_pauses_everything_as_told_and_halves_the_pace() -> None:
    pace = Pace(4.0)
    pace.limited(100.0, 30.0)
    assert not pace.allows(129.9, budgeted=True)
    assert not pace.allows(129.9, budgeted=False)
    assert pace.allows(130.0, budgeted=True)
    assert pace.rate == 2.0
    pace.limited(110.0, 30.0)  # the answer to a request that was out already
    assert pace.rate == 2.0


def test_the_pace_recovers_when_nobody_complains_any_more() -> None:
    pace = Pace(4.0)
    pace.limited(0.0, 1.0)
    for second in range(1, 600):
        pace.allows(float(second), budgeted=True)
    assert pace.rate == 4.0


def test_bulk_reading_is_braked_by_a_slow_down_and_free_before() -> None:
    pace = Pace()
    for number in range(50):
        assert pace.allows(number * 0.1, budgeted=False)
        pace.spend(number * 0.1, budgeted=False)
    pace.limited(5.0, 1.0)
    left = 0
    for tick in range(40):
        now = 6.0 + tick * 0.1
        while pace.allows(now, budgeted=False):
            pace.spend(now, budgeted=False)
            left += 1
    assert 18 <= left <= 24  # half of ten a second, for four seconds


def test_a_slow_down_without_a_time_is_waited_out_longer_each_time() -> None:
    pace = Pace()
    now, waits = 0.0, []
    for _ in range(7):
        pace.limited(now, None)
        waits.append(pace.paused_until - now)
        now = pace.paused_until
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    pace.answered()
    pace.limited(now, None)
    assert pace.paused_until - now == 1.0


def test_idle_looks_slow_down_to_a_minute_and_stay_quick_while_a_chat_is_open() -> None:
    idle = [schedule.profile_interval(quiet, attended=False) for quiet in range(12)]
    assert idle == sorted(idle)
    assert idle[0] == schedule.BUSY_SECONDS
    assert idle[-1] == 60.0
    assert schedule.profile_interval(100, attended=True) == schedule.ATTENDED_SECONDS


def test_chats_of_today_are_looked_at_the_more_seldom_the_longer_they_are_quiet() -> None:
    ages = [schedule.recent_interval(hours * HOUR, attended=True) for hours in range(24)]
    assert ages == sorted(ages)
    assert ages[0] == schedule.RECENT_SECONDS
    assert schedule.recent_interval(HOUR, attended=False) > schedule.recent_interval(HOUR, attended=True)


def test_what_comes_round_does_so_four_times_more_seldom_while_events_bring_what_is_new() -> None:
    for attended in (True, False):
        for quiet in (0, 3, 30):
            usual = schedule.profile_interval(quiet, attended=attended)
            assert schedule.profile_interval(quiet, attended=attended, eased=True) == 4 * usual
        for age in (0, HOUR, 20 * HOUR):
            usual = schedule.recent_interval(age, attended=attended)
            assert schedule.recent_interval(age, attended=attended, eased=True) == 4 * usual
    assert schedule.open_interval(eased=True) == 4 * schedule.open_interval() == 8.0


def test_when_events_fall_silent_what_was_put_off_comes_four_times_sooner() -> None:
    it = lanes("p")
    it.eased = True
    looks = [Look(Kind.CHATS, "p"), Look(Kind.OPEN, "p", "open"), Look(Kind.RECENT, "p", "recent")]
    for look in looks:
        it.put(look, 140.0)
    it.put(Look(Kind.SENT, "p", "sent"), 140.0)
    it.hasten(100.0)
    assert [it.planned(look.subject) for look in looks] == [110.0] * 3
    assert it.planned(("message", "sent")) == 140.0
    assert not it.eased


def test_an_own_message_is_looked_at_soon_and_then_more_and_more_seldom() -> None:
    waits = [schedule.sent_interval(looks, retrying=False) for looks in range(15)]
    assert waits[0] <= 0.5
    assert waits == sorted(waits)
    assert waits[-1] == 60.0


@given(st.integers(0, 500), st.integers(0, 2**32))
def test_a_back_off_grows_within_bounds_and_is_never_the_same_for_all(failures: int, seed: int) -> None:
    wait = schedule.back_off(failures, random.Random(seed))
    assert 0.25 <= wait <= schedule.BACK_OFF_SECONDS


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(list(Kind)), st.sampled_from("abc"), st.integers(0, 5)), max_size=40),
    st.integers(1, 5),
)
def test_every_look_that_was_asked_for_is_made_once(wanted: list[tuple[Kind, str, int]], slots: int) -> None:
    it = lanes(*"abc", slots=slots)
    subjects = set()
    for kind, profile, number in wanted:
        look = Look(kind, profile, f"{profile}{number}")
        subjects.add((look.subject, kind is Kind.OLDER))
        it.put(look, float(number))
    made = []
    now = 0.0
    while it.timed() and now < 1000:
        now += 1.0
        while (look := take(it, now)) is not None:
            made.append((look.subject, look.kind is Kind.OLDER))
            it.ended(look)
    assert sorted(made) == sorted(subjects)


@pytest.mark.parametrize("kind", [Kind.PROFILES, Kind.CHATS, Kind.WALK])
def test_a_profile_that_is_dropped_is_not_looked_at(kind: Kind) -> None:
    it = lanes("p")
    it.put(Look(kind, "p"), 0.0)
    it.drop_profile("p")
    assert take(it, 10.0) is None
