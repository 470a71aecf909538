"""The outbox's decision table, row by row (design, section 6)."""

from __future__ import annotations

from datetime import UTC

import pytest

from inbox_tui.core.errors import (
    Conflict,
    InboxError,
    NetworkError,
    NotAuthorised,
    NotFound,
    RateLimited,
    Refused,
    RequestRejected,
    ServerFault,
)
from inbox_tui.core.models import Message
from inbox_tui.core.times import clock
from inbox_tui.sync.decisions import (
    CONFLICT_MS,
    KEY_LIFE_MS,
    LATE_MS,
    Decision,
    What,
    after_error,
    after_find,
    after_search,
    after_silence,
)

NOW = 1_780_000_000_000
LOST = NetworkError("The connection broke", may_have_arrived=True)
UNREACHABLE = NetworkError("Cannot be reached", may_have_arrived=False)


def decide(
    error: InboxError,
    *,
    proven: bool = False,
    in_doubt: bool = False,
    age: int = 0,
    since: int = 0,
) -> Decision:
    return after_error(
        error,
        now=NOW,
        dispatched_at=NOW - since,
        key_made_at=NOW - age,
        proven=proven,
        in_doubt=in_doubt,
        pause=1.0,
    )


def test_nothing_was_sent_where_the_server_was_not_reached_so_it_is_tried_again() -> None:
    decision = decide(UNREACHABLE)
    assert (decision.what, decision.seconds) == (What.QUEUE, 1.0)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_has_done_nothing_so_it_is_tried_again_as_told(status: int) -> None:
    decision = decide(RateLimited("Slow down", status=status, retry_after=37.0))
    assert (decision.what, decision.seconds) == (What.QUEUE, 37.0)


def test_a_server_that_asks_to_wait_without_saying_how_long_gets_the_back_off() -> None:
    assert decide(RateLimited("Slow down", status=429)).seconds == 1.0


def test_what_waits_for_a_pause_says_nothing_that_grows_old() -> None:
    decision = decide(RateLimited("Slow down", "Again in 37 s.", status=429, retry_after=37.0))
    assert (decision.title, decision.hint) == ("Slow down", "It leaves when the pause is over")


def test_a_first_try_that_still_runs_is_waited_for_and_repeated_with_the_same_key() -> None:
    decision = decide(Conflict("Still running", status=409))
    assert decision.what is What.REPEAT
    assert decision.seconds >= 2


def test_a_first_try_that_never_ends_is_looked_for() -> None:
    assert decide(Conflict("Still running", status=409), since=CONFLICT_MS + 1).what is What.SEARCH


@pytest.mark.parametrize(
    "words", ["Idempotency-Key was already used with a different request", "body differs from the first one"]
)
def test_another_body_under_the_same_key_is_for_the_person_to_decide(words: str) -> None:
    assert decide(RequestRejected("No", status=422, detail=words)).what is What.ASK


@pytest.mark.parametrize("error", [LOST, ServerFault("The API failed", status=500)])
def test_a_lost_answer_is_repeated_only_where_the_server_has_proven_to_honour_keys(error: InboxError) -> None:
    assert decide(error, proven=True).what is What.REPEAT
    assert decide(error, proven=False).what is What.SEARCH


def test_a_key_of_a_day_ago_is_not_trusted_any_more() -> None:
    assert decide(LOST, proven=True, age=KEY_LIFE_MS - 1).what is What.REPEAT
    assert decide(LOST, proven=True, age=KEY_LIFE_MS).what is What.SEARCH


def test_the_search_for_a_lost_send_begins_ten_seconds_after_it_left() -> None:
    assert decide(LOST, since=4_000).seconds == 6.0
    assert decide(LOST, since=60_000).seconds == 0.0


@pytest.mark.parametrize(
    "error",
    [
        RequestRejected("The API refuses this: too long", status=422, detail="too long"),
        NotFound("Unknown", status=404, detail="Not found"),
        NotAuthorised("The key is refused"),
        Refused("The message is empty"),
    ],
)
def test_a_refusal_goes_back_to_the_person_in_the_words_of_who_refused(error: InboxError) -> None:
    decision = decide(error)
    assert decision.what is What.FAIL
    assert decision.title in ("too long", "Not found", "The key is refused", "The message is empty")


@pytest.mark.parametrize("error", [UNREACHABLE, RateLimited("Slow down", status=429, retry_after=3.0)])
def test_a_repeat_that_does_not_get_through_stays_a_repeat_as_the_first_try_may_have_arrived(
    error: InboxError,
) -> None:
    assert decide(error, in_doubt=True).what is What.REPEAT


def test_a_repeat_with_a_key_that_is_refused_meanwhile_is_looked_for() -> None:
    assert decide(NotAuthorised("The key is refused"), in_doubt=True).what is What.SEARCH


def test_what_a_killed_engine_left_is_treated_like_a_lost_answer() -> None:
    left = {"now": NOW, "dispatched_at": NOW - 20_000, "key_made_at": NOW - 25_000}
    assert after_silence(**left, proven=False).what is What.SEARCH
    assert after_silence(**left, proven=True).what is What.REPEAT


def test_every_decision_that_leaves_an_item_open_says_why() -> None:
    for error in (
        LOST,
        UNREACHABLE,
        Conflict("Still running", status=409),
        ServerFault("Broken", status=500),
    ):
        decision = decide(error)
        assert decision.title
        assert decision.hint


# Searching


def message(number: int, *, at: int = NOW) -> Message:
    return Message(f"m{number}", "c1", "outbound", "published", at, body="Hello", posted_at=at)


def search(*found: Message, after: int = 10_000) -> Decision:
    return after_search(found, dispatched_at=NOW - 500, read_at=NOW - 500 + after, zone=UTC)


def test_exactly_one_message_that_may_be_it_is_adopted() -> None:
    decision = search(message(1))
    assert decision.what is What.ADOPT
    assert decision.message is not None
    assert decision.message.id == "m1"


def test_two_messages_that_may_be_it_are_for_the_person_to_decide_who_is_told_their_times() -> None:
    decision = search(message(1), message(2, at=NOW + 120_000))
    assert decision.what is What.ASK
    assert "2 new messages have this text" in decision.title
    assert [clock(at, UTC) in decision.title for at in (NOW, NOW + 120_000)] == [True, True]


def test_one_that_was_made_much_later_is_for_the_person_to_decide_too() -> None:
    assert search(message(1, at=NOW + LATE_MS - 1_000)).what is What.ADOPT
    assert search(message(1, at=NOW + LATE_MS + 1_000)).what is What.ASK


def test_nothing_found_is_looked_for_again_until_sixty_seconds_have_passed() -> None:
    assert search(after=10_000).what is What.SEARCH
    assert search(after=59_000).seconds == 1.0
    assert search(after=60_000).what is What.ASK


def test_what_is_found_at_any_time_counts_and_nothing_found_says_nothing() -> None:
    assert after_find([], dispatched_at=NOW, zone=UTC) is None
    found = after_find([message(1)], dispatched_at=NOW, zone=UTC)
    assert found is not None
    assert found.what is What.ADOPT
