"""Whatever arrives while lists are paged, no page hides what was there before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inbox_tui.core.errors import InboxError
from inbox_tui.sync.jobs import Answers
from tests.effort import examples
from tests.sync.conftest import Desk
from tests.sync.fake_api import HOUR, START, ms

AT_ONCE = settings(max_examples=examples(50), deadline=None)


@dataclass(frozen=True)
class Arrival:
    """What happens right before the list is asked for the n-th time: somebody writes, or appears."""

    moment: int
    chat: int
    """Which of the chats that are there, counted from the newest; beyond them: somebody new."""
    silent: bool
    """Somebody new who has not written yet: a chat without `last_message_at`."""


arrivals = st.lists(
    st.builds(Arrival, st.integers(0, 8), st.integers(0, 12), st.booleans()), min_size=1, max_size=6
)
times = st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=9)
"""Seconds before the start: few different ones, so that many chats are of the same time, and some of none."""
requests = st.sets(st.sampled_from([0, 3, 6]))
"""Which requests for the list get an answer whose first row nobody can read; the next one is whole."""


T = TypeVar("T")


class AtOnce:
    """Workers that make a request the moment they are asked to: no threads, and always the same order."""

    def __init__(self, count: int, answers: Answers) -> None:
        self._answers = answers

    def submit(self, fetch: Callable[[], T], deliver: Callable[[T | InboxError], None]) -> None:
        outcome: T | InboxError
        try:
            outcome = fetch()
        except InboxError as error:
            outcome = error
        self._answers.put(partial(deliver, outcome))

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox_tui.sync.loop.Workers", AtOnce)


def start_over(desk: Desk, cut: int, nulls_first: bool) -> None:
    """Empty the cache and the API."""
    for loop in desk.loops:
        loop.close()
    desk.loops.clear()
    for table in ("profiles", "chats", "messages", "quarantine"):
        desk.writer.cache.execute(f"DELETE FROM {table}")
    desk.api.profiles, desk.api.chats, desk.api.messages = [], {}, {}
    desk.api.max_per_page, desk.api.nulls_first, desk.api.bend = cut, nulls_first, None
    desk.api.add_profile()


def happen(desk: Desk, planned: list[Arrival], spoilt: set[int]) -> None:
    """Let arrivals happen while the list of chats is read, and spoil the first row of some answers."""
    asked = 0

    def bend(request: httpx.Request) -> httpx.Response | None:
        nonlocal asked
        if not request.url.path.endswith("/chats"):
            return None
        for arrival in planned:
            if arrival.moment == asked:
                arrive(desk, arrival)
        asked += 1
        if asked - 1 not in spoilt:
            return None
        page = desk.api._chats(request, "p1").json()
        page["data"][:1] = [{"id": None, "unexpected": row["id"]} for row in page["data"][:1]]
        return httpx.Response(200, json=page)

    desk.api.bend = bend


def arrive(desk: Desk, arrival: Arrival) -> None:
    chats = sorted(desk.api.chats["p1"], key=lambda c: str(c["last_message_at"] or ""), reverse=True)
    # Each at a time of its own: what is of the same moment is another test.
    at = desk.api.now + sum(map(len, desk.api.messages.values()))
    if arrival.chat < len(chats):
        desk.api.add_message(str(chats[arrival.chat]["id"]), at)
    else:
        desk.api.add_chat(f"new{len(chats)}", None if arrival.silent else at)


def known(desk: Desk) -> dict[str, int | None]:
    rows = desk.writer.cache.execute("SELECT id, last_message_at FROM chats")
    return {row[0]: row[1] for row in rows}


def there(desk: Desk) -> dict[str, int | None]:
    return {
        str(chat["id"]): None if chat["last_message_at"] is None else ms(str(chat["last_message_at"]))
        for chat in desk.api.chats["p1"]
    }


def test_no_arrival_during_a_first_listing_hides_a_chat(desk: Desk) -> None:
    @AT_ONCE
    @given(times, st.integers(1, 3), st.booleans(), arrivals, requests)
    @example([None, None], 1, False, [Arrival(1, 2, False)], set())
    @example([None, None], 1, True, [Arrival(2, 0, False)], set())
    def check(
        times: list[int | None], cut: int, nulls_first: bool, planned: list[Arrival], spoilt: set[int]
    ) -> None:
        start_over(desk, cut, nulls_first)
        for index, at in enumerate(times):
            desk.api.add_chat(f"c{index}", None if at is None else START - at * 1000)
        before = set(there(desk))
        happen(desk, planned, spoilt)
        desk.sync()
        assert before <= set(known(desk)) or spoilt
        nothing_is_hidden(desk)

    check()


def test_no_arrival_while_the_news_of_an_absence_are_listed_hides_some_of_them(desk: Desk) -> None:
    @AT_ONCE
    @given(
        st.integers(2, 9),
        st.lists(st.integers(0, 8), min_size=1, max_size=9),
        st.integers(0, 1),
        st.integers(1, 3),
        arrivals,
        requests,
    )
    @example(2, [0], 0, 1, [Arrival(0, 2, True), Arrival(1, 1, False), Arrival(3, 0, False)], set())
    @example(2, [0], 0, 1, [Arrival(0, 2, False)], {0})
    @example(2, [0], 0, 1, [Arrival(1, 1, False)], {0, 3})
    def check(
        count: int, moved: list[int], apart: int, cut: int, planned: list[Arrival], spoilt: set[int]
    ) -> None:
        start_over(desk, cut, False)
        for index in range(count):
            desk.api.add_chat(f"c{index}", START - 48 * HOUR - index * apart)
        desk.sync()
        for number, index in enumerate(moved):
            if index < count:
                desk.api.add_message(f"c{index}", START + number * apart)
        desk.clock.advance(3600)
        news = there(desk)
        happen(desk, planned, spoilt)
        desk.sync()
        late = {chat_id for chat_id, at in news.items() if (known(desk)[chat_id] or 0) < (at or 0)}
        assert not late or spoilt
        nothing_is_hidden(desk)

    check()


@dataclass(frozen=True)
class Message:
    """What is written right before messages are asked for the n-th time; `late`: it comes minutes late."""

    moment: int
    late: int
    count: int


written = st.lists(
    st.builds(Message, st.integers(0, 9), st.sampled_from([0, 0, 2000, 240_000]), st.integers(1, 3)),
    max_size=5,
)


@pytest.mark.parametrize("known_before", [False, True])
def test_no_message_that_comes_while_a_thread_is_read_hides_another(desk: Desk, known_before: bool) -> None:
    @AT_ONCE
    @given(st.lists(st.integers(0, 3), max_size=9), st.integers(0, 6), st.integers(1, 3), written)
    @example([0, 0], 0, 1, [*[Message(0, 0, 1)] * 3, Message(4, 2000, 1)])
    @example([0], 1, 1, [*[Message(0, 0, 1)] * 4, Message(6, 2000, 1)])
    def check(times: list[int], news: int, cut: int, planned: list[Message]) -> None:
        start_over(desk, cut, False)
        desk.api.add_chat("c", START - 60_000, messages=0)
        for at in times:
            desk.api.add_message("c", START - 60_000 - at * 1000, move=False)
        if known_before:
            desk.sync(history=None)
        for index in range(news):
            desk.api.add_message("c", START + index // 2)
        before = {str(message["id"]) for message in desk.api.messages["c"]}
        asked = 0

        def bend(request: httpx.Request) -> None:
            nonlocal asked
            if request.url.path.endswith("/messages"):
                for message in planned:
                    for number in range(message.count if message.moment == asked else 0):
                        at = desk.api.now + asked * 10 + number - message.late
                        desk.api.add_message("c", at, move=not message.late)
                asked += 1

        desk.api.bend = bend
        desk.sync(history=None)
        assert before <= desk.ids("messages")
        desk.api.bend = None
        # Whoever writes next has the thread looked at, and shows what came late.
        desk.clock.advance(600)
        desk.api.add_message("c", desk.api.now)
        nothing_is_hidden(desk)

    check()


def nothing_is_hidden(desk: Desk) -> None:
    """A look at what has come to rest finds everything."""
    desk.api.bend = None
    desk.sync(history=None)
    assert known(desk) == there(desk)
    messages = {str(message["id"]) for messages in desk.api.messages.values() for message in messages}
    assert desk.ids("messages") == messages
