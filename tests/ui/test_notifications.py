"""What rings, for whom, how often, and in which bytes."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, time
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App

from inbox_tui.config import Notifications as Settings
from inbox_tui.config.checks import Quiet
from inbox_tui.core.models import Message
from inbox_tui.store import alerts, lookups, sync_progress, writes
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer
from inbox_tui.ui import notifications, terminal_signals
from inbox_tui.ui.inbox import InboxScreen
from inbox_tui.ui.preferences import Preferences
from inbox_tui.ui.terminal_signals import BELL, RESTORE_TITLE, SAVE_TITLE, desktop, title

from .conftest import NOW, Desk, DeskMaker
from .steps import chat_id, rows

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

NOW_MS = int(NOW.timestamp() * 1000)
HOUR = 3_600_000
PEOPLE = ("Max Whitlock", "Mona Lisa Hartmann", "Jane Doe", "Miles Holloway", "Caleb Carver")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bursts and pauses of a tenth of their length, in a terminal of which all is known."""
    monkeypatch.setattr(notifications, "HERE_SECONDS", 0.1)
    monkeypatch.setattr(notifications, "AWAY_SECONDS", 0.2)
    monkeypatch.setattr(notifications, "BEHIND_SECONDS", 0.2)
    monkeypatch.setattr(notifications, "PAUSE_SECONDS", 1.5)
    for name in ("TMUX", "VTE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was written to the terminal beside frames."""
    written: list[str] = []
    monkeypatch.setattr(terminal_signals, "send", lambda _, sequence: written.append(sequence))
    return written


def rings(sent: list[str]) -> list[str]:
    """What was written besides titles."""
    return [each for each in sent if each != SAVE_TITLE and not each.startswith("\x1b]0;")]


def begin(folder: Folder, at: int = NOW_MS - HOUR) -> None:
    """The first sync of the account began at a time."""
    with Writer(folder) as writer:
        sync_progress.begin_first_sync(writer, at)


def write(folder: Folder, *people: str, ago: int = 0) -> None:
    """These customers write, and the engine hears of it."""
    with Writer(folder) as writer:
        for person in people:
            chat, count = chat_id(folder, person), next(COUNT)
            at, body = NOW_MS - ago + count, f"still there? {count}"
            message = Message(f"new{count}", chat, "inbound", "received", at, body=body)
            writes.apply_messages(writer, [writes.MessagePage(chat, [message], event=True)])


COUNT = iter(range(1, 10_000))


def told(folder: Folder) -> int:
    """Up to which arrival number somebody has told."""
    ((number,),) = rows(folder, "SELECT coalesce(max(arrived), 0) FROM told")
    return int(number)


async def look_away(agent: Desk) -> None:
    """The terminal loses the focus."""
    agent.app.post_message(events.AppBlur())
    await agent.until(lambda: agent.inbox.alerts.presence.away)


async def test_a_burst_rings_once_for_who_looks_away_and_never_for_who_is_there(
    folder: Folder, desk: DeskMaker, sent: list[str]
) -> None:
    begin(folder)
    async with desk(folder) as agent:
        write(folder, PEOPLE[0])
        await agent.until(lambda: told(folder) > 0)
        first = told(folder)
        await look_away(agent)
        await agent.pilot.hover("#chats")
        write(folder, *PEOPLE)
        await agent.until(lambda: bool(rings(sent)))
        assert told(folder) > first
        # What comes within the pause is told at its end, all of it with one ring.
        write(folder, PEOPLE[1], PEOPLE[1])
        await agent.until(lambda: len(rings(sent)) == 2)
        await agent.pilot.pause(0.5)
        names = "Max Whitlock (Telegram), Mona Lisa Hartmann (Facebook), Jane Doe (Instagram)"
        assert rings(sent) == [
            f"{BELL}\x1b]9;inbox-tui: 5 customers wrote: {names} and 2 more\x1b\\",
            f"{BELL}\x1b]9;inbox-tui: Mona Lisa Hartmann (Facebook) wrote\x1b\\",
        ]
        assert not any("still there" in each for each in sent)
        # What waits for the end of the pause is not rung for who has come back.
        write(folder, PEOPLE[2])
        await agent.until(lambda: bool(agent.inbox.alerts._waiting))
        await agent.press("j")
        await agent.pilot.pause(1.6)
        assert len(rings(sent)) == 2


async def test_what_another_screen_tells_and_what_was_there_before_the_first_sync_rings_nowhere(
    folder: Folder, desk: DeskMaker, sent: list[str]
) -> None:
    begin(folder)
    async with desk(folder) as agent:
        await look_away(agent)
        write(folder, PEOPLE[0], ago=2 * HOUR)
        write(folder, PEOPLE[1])
        with Writer(folder) as writer:
            alerts.claim_news(writer, alerts.heard_now(writer.cache))
        before = told(folder)
        await agent.pilot.pause(0.6)
        write(folder, PEOPLE[2], ago=2 * HOUR)
        await agent.pilot.pause(0.6)
        assert (rings(sent), told(folder)) == ([], before)


def window(folder: Folder, person: str, left: int) -> None:
    """The reply window of a customer who waits closes so long after now."""
    with Writer(folder) as writer:
        writer.cache.execute(
            "UPDATE chats SET unanswered = 1, window_closes_at = ? WHERE id = ?",
            (NOW_MS + left, chat_id(folder, person)),
        )


async def test_the_alarm_shows_each_window_once_and_what_nobody_saw_when_somebody_comes_back(
    folder: Folder, desk: DeskMaker, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "ALARM_SECONDS", 0.1)
    with Writer(folder) as writer:
        writer.cache.execute("UPDATE chats SET window_closes_at = NULL")
    window(folder, "Jane Doe", 50 * 60_000)
    async with desk(folder) as agent:
        await agent.until(lambda: agent.says("The reply window of Jane Doe (Instagram) closes in 49m"))
        agent.app.clear_notifications()
        await look_away(agent)
        window(folder, "Priya Tran", 10 * 60_000)
        window(folder, "Mona Lisa Hartmann", 55 * 60_000)
        await agent.until(lambda: bool(rings(sent)))
        words = "2 reply windows close within the hour; the first, of Priya Tran (Instagram), in 9m"
        assert rings(sent) == [f"{BELL}\x1b]9;inbox-tui: {words.replace(';', '')}\x1b\\"]
        assert not agent.app._notifications
        agent.app.post_message(events.AppFocus())
        await agent.until(lambda: agent.says(words))
        agent.app.clear_notifications()
        await agent.pilot.pause(0.4)
        assert not agent.app._notifications
        assert len(rings(sent)) == 1
        told = rows(folder, "SELECT step FROM alarms ORDER BY closes_at")
        assert told == [(2,), (1,), (1,)]


async def test_the_title_counts_who_needs_a_reply_and_an_idle_screen_writes_nothing(
    folder: Folder, desk: DeskMaker, sent: list[str]
) -> None:
    async with desk(folder) as agent:
        count = agent.read().unanswered
        assert sent == [SAVE_TITLE, title(f"({count}) inbox-tui · demo")]
        await agent.press("e")
        await agent.until(lambda: len(sent) > 2)
        await agent.pilot.pause(0.5)
        assert sent[2:] == [title(f"({count - 1}) inbox-tui · demo")]


SAID: list[str] = []
"""What was shown without a screen."""


def quietly(folder: Folder, settings: Settings) -> notifications.Notifications:
    """What tells, by these settings, without a screen."""
    reader = open_reader(folder)
    profiles = lookups.profile_names(reader)
    clock = SimpleNamespace(now=lambda: NOW_MS)
    inbox = SimpleNamespace(
        app=SimpleNamespace(notify=lambda words, **_: SAID.append(words)),
        preferences=Preferences(notifications=settings),
        session=SimpleNamespace(reader=reader, clock=clock),
        profiles=SimpleNamespace(by_id=profiles),
        thread=SimpleNamespace(zone=UTC),
    )
    return notifications.Notifications(cast(InboxScreen, inbox))


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (Settings(bell=False), ["\x1b]9;inbox-tui: words\x1b\\"]),
        (Settings(desktop=False), [BELL]),
        (Settings(bell=False, desktop=False), []),
        (Settings(quiet=Quiet(time(0, 0), time(23, 59, 59, 999_999))), []),
    ],
)
def test_switches_and_quiet_hours_decide_what_is_written(
    folder: Folder, sent: list[str], settings: Settings, wanted: list[str]
) -> None:
    quietly(folder, settings)._ring("words")
    assert sent == wanted


def test_a_chat_rings_when_one_of_the_rules_finds_it(folder: Folder) -> None:
    with closing(open_reader(folder)) as reader:
        known = {person: lookups.chat(reader, chat_id(folder, person)) for person in PEOPLE}
    pks = {person: row.pk for person, row in known.items() if row is not None}
    for rules, wanted in (
        (("platform:telegram", "from:jane"), {"Max Whitlock", "Miles Holloway", "Jane Doe"}),
        (("platform:telegram from:max",), {"Max Whitlock"}),
        (("platform:fax", "from:jane"), {"Jane Doe"}),
        ((), set()),
    ):
        SAID.clear()
        tells = quietly(folder, Settings(rules=rules))
        for _ in range(2):
            assert tells._wanted(list(pks.values())) == {pks[person] for person in wanted}
        # A rule that cannot be used is told of once.
        assert [words.split(" of ")[0] for words in SAID] == [rule for rule in rules if "fax" in rule]


def test_a_terminal_that_never_tells_has_somebody_before_it_until_a_minute_after_the_last_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = 1_000.0
    monkeypatch.setattr(notifications, "monotonic", lambda: at)
    presence = notifications.Presence()
    presence.acted()
    at += 59
    assert not presence.away
    at += 2
    assert presence.away
    presence.turned(here=True)
    at += 10_000
    assert not presence.away
    presence.turned(here=False)
    assert presence.away
    presence.acted()
    assert not presence.away


@given(st.text(st.sampled_from("ab;\x07\x1b\\]\x9c\x9d\n\u202e\u2028é林"), max_size=20))
def test_no_text_ends_the_sequence_that_it_stands_in_or_begins_another(words: str) -> None:
    for environment in ({}, {"VTE_VERSION": "7"}, {"TERM": "foot"}):
        sequence = desktop(words, environment)
        assert (sequence[:2], sequence[-2:]) == ("\x1b]", "\x1b\\")
        assert sequence[2:-2].isprintable()
        assert sequence[2:-2].count(";") == (3 if environment else 1)
    assert title(words)[4:-2].isprintable()
    through = desktop(words, {"TMUX": "/tmp/x"})
    assert through == f"\x1bPtmux;{desktop(words, {}).replace(chr(27), chr(27) * 2)}\x1b\\"
    assert desktop(words, {"TERM": "linux"}) == ""
    assert RESTORE_TITLE.endswith("\x1b[23;0t")


def test_sequences_go_through_the_driver_and_nowhere_without_a_terminal() -> None:
    written: list[str] = []
    driver = SimpleNamespace(write=written.append)
    for headless in (False, True):
        app = SimpleNamespace(_driver=driver, is_headless=headless)
        terminal_signals.send(cast("App[object]", app), title("words"))
    terminal_signals.send(cast("App[object]", SimpleNamespace(_driver=None, is_headless=False)), BELL)
    assert written == ["\x1b]0;words\x1b\\"]
