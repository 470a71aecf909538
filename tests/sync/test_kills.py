"""The kill matrix: the engine dies at every kind of request, at every moment of it (design, section 6).

A real `inbox-tui sync --follow` is killed with SIGKILL when the server sees something: a request arrives, is
carried out and not answered, is answered, is answered and a moment has passed. Nothing in the program helps.
Then the engine is started again and comes to rest, and everything is counted: in the outbox, at the server
and in the cache. Each point is tried with a server that honours the Idempotency-Key, and with one that
ignores it.

An engine looks for a minute for what it has sent. Here that minute passes by setting both clocks on; `make
kills` waits it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest

from inbox_tui.store.items import State
from tests.sync.gate import Moment, Strike
from tests.sync.stage import SENDS, Stage, stage

LEAST = 30
"""Points that the matrix has to have at least."""
SIDES = 5
"""Servers of each kind that are used side by side: most of the time is waiting."""
ARRIVES, CARRIED_OUT, ANSWERED, HANDLED = Moment


@dataclass(frozen=True)
class Point:
    """Where the engine dies; of two strikes, the second meets the engine that comes after the first."""

    strikes: tuple[Strike, ...]
    first_sync: bool = False
    """In a sync of an empty cache; otherwise when everything is at rest and ten messages are queued."""
    command: bool = False
    """The first to die is `inbox-tui send`, which is the engine while none runs."""

    def __str__(self) -> str:
        when = "in a first sync, " if self.first_sync else "sent by a command, " if self.command else ""
        return when + ", then ".join(map(str, self.strikes))


@dataclass(frozen=True)
class Outcome:
    """How often the engine died, about how many messages the person had to decide, and what became of all."""

    kills: int
    decided: int
    states: Counter[str]


Case = tuple[Point, bool]
"""A point, and whether the server honours the Idempotency-Key."""


def post(name: str) -> str:
    """The send of a message of the scenario; A3 says the same as A2."""
    return rf"^POST .*p\d+-{'A2' if name == 'A3' else name}\b"


def at(name: str, request: str, *moments: Moment, nth: int = 1, first_sync: bool = False) -> list[Point]:
    """A point for each moment of a request."""
    return [Point((Strike(name, request, moment, nth),), first_sync) for moment in moments]


def send(name: str, *moments: Moment, first_sync: bool = False) -> list[Point]:
    """A point for each moment of a send."""
    return at(name, post(name), *moments, nth=2 if name == "A3" else 1, first_sync=first_sync)


PROFILES, CHATS = r"^GET /api/profiles\?", r"^GET /api/profiles/[^/]+/chats"
MESSAGES, HISTORY = r"^GET /api/chats/[^/]+/messages(?!.*[?&]page=[1-9])", r"^GET /api/chats/.*[?&]page=[1-9]"
LOOK = r"^GET /api/messages/"
FINDING_OUT = rf"{post('A1')}|^GET /api/chats/.*direction=outbound"
"""How the next engine learns what became of A1: it repeats the key, or looks at the chat."""

POINTS = [
    *at("profiles", PROFILES, ARRIVES, ANSWERED, first_sync=True),
    *at("chats", CHATS, HANDLED, first_sync=True),
    *at("chats", CHATS, ANSWERED, nth=3, first_sync=True),
    *at("messages", MESSAGES, ARRIVES, ANSWERED, first_sync=True),
    *at("messages", MESSAGES, HANDLED, nth=5, first_sync=True),
    *at("history", HISTORY, ARRIVES, ANSWERED, first_sync=True),
    *send("A1", CARRIED_OUT, first_sync=True),
    *send("A1", ARRIVES, CARRIED_OUT, ANSWERED, HANDLED),
    *send("A2", ARRIVES, CARRIED_OUT, ANSWERED),
    *send("A3", CARRIED_OUT),
    *send("C1", ARRIVES, CARRIED_OUT, ANSWERED),
    *send("C2", HANDLED),
    *send("D1", ARRIVES, CARRIED_OUT, ANSWERED),
    *send("E1", CARRIED_OUT, ANSWERED),
    *at("a look at an own message", LOOK, ARRIVES, ANSWERED, HANDLED),
    *at("a look at an own message", LOOK, ANSWERED, nth=4),
    *(
        Point((Strike("A1", post("A1"), CARRIED_OUT), Strike("what became of A1", FINDING_OUT, moment)))
        for moment in (ARRIVES, CARRIED_OUT, ANSWERED)
    ),
    *(
        Point((Strike("A1", post("A1"), moment),), command=True)
        for moment in (ARRIVES, CARRIED_OUT, ANSWERED)
    ),
]


def tried(home: Path, points: Sequence[Point], *, honoured: bool) -> dict[Point, Outcome | BaseException]:
    """Try points on one server, one after the other; after one that went wrong, no more."""
    outcomes: dict[Point, Outcome | BaseException] = {}
    with stage(home, honoured=honoured) as scenario:
        for number, point in enumerate(points):
            try:
                outcomes[point] = play(scenario, point, f"p{number}")
            except BaseException as error:  # noqa: BLE001 - raised by the test of the point
                outcomes[point] = error
                break
    return outcomes


def play(scenario: Stage, point: Point, label: str) -> Outcome:
    """Write ten messages, kill the engine at the point, start it again, and count when it is at rest."""
    kills, decisions = scenario.kills, scenario.decisions
    if point.first_sync:
        scenario.begin_anew()
    else:
        scenario.be_at_rest()
    if point.command:
        scenario.end()
    scenario.gate.arm(point.strikes[0])
    items = scenario.write(label)
    kept = scenario.kept()
    if point.first_sync:
        scenario.start()
    elif point.command:
        items = scenario.send_by_command(items)
    for strike, following in zip_longest(point.strikes, point.strikes[1:]):
        scenario.died(strike, items)
        scenario.a_minute_passes()
        if following is not None:
            scenario.gate.arm(following)
        scenario.start()
    scenario.come_to_rest(items)
    scenario.count(items)
    assert scenario.kept() == kept
    uncertain = scenario.named(items, State.UNCERTAIN)
    first = point.strikes[0]
    if first.name in items:
        # Nothing at the server tells that it was tried; where keys do not count, nobody may try again.
        assert (first.name in uncertain) == (first.moment is ARRIVES and not scenario.honoured)
    states = Counter(item.state for item in scenario.now(items).values())
    scenario.decide(items)
    return Outcome(scenario.kills - kills, scenario.decisions - decisions, states)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Outcome | BaseException]:
    """Every point with and without keys that count, on ten servers side by side."""
    parts = [(honoured, POINTS[start::SIDES]) for honoured in (False, True) for start in range(SIDES)]
    with ThreadPoolExecutor(len(parts)) as threads:
        running = [
            (honoured, threads.submit(tried, tmp_path_factory.mktemp("kills"), points, honoured=honoured))
            for honoured, points in parts
        ]
    return {
        (point, honoured): outcome
        for honoured, future in running
        for point, outcome in future.result().items()
    }


@pytest.mark.parametrize("honoured", [False, True], ids=["keys are ignored", "keys are honoured"])
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_at_any_point_everything_arrives_once_or_is_put_to_the_person(
    matrix: dict[Case, Outcome | BaseException], point: Point, honoured: bool
) -> None:
    outcome = matrix.get((point, honoured))
    assert outcome is not None, "not tried: another point of the same server went wrong"
    if isinstance(outcome, BaseException):
        raise outcome
    assert outcome.kills == len(point.strikes)
    assert sum(outcome.states.values()) == len(SENDS) + point.command


def test_the_matrix_has_at_least_thirty_points_and_all_were_tried_both_ways(
    matrix: dict[Case, Outcome | BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = [outcome for outcome in matrix.values() if isinstance(outcome, Outcome)]
    states = sum((outcome.states for outcome in outcomes), Counter[str]())
    decided = sum(outcome.decided for outcome in outcomes)
    assert len(set(POINTS)) == len(POINTS) >= LEAST
    assert len(outcomes) == 2 * len(POINTS)
    assert decided > 0, "where keys are ignored, somebody has to be asked"
    with capsys.disabled():
        print(
            f"\nkill matrix: {len(set(POINTS))} points, {sum(outcome.kills for outcome in outcomes)} kills, "
            f"{sum(states.values())} messages: "
            + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            + f"; {decided} put to the person; none lost, none twice"
        )
