"""The lines at the edges in every size, and what the list shows of a reply that has not left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from textual.widgets import Static

from inbox_tui.core.cells import cells
from inbox_tui.core.models import Profile
from inbox_tui.core.progress import Progress
from inbox_tui.store import sends, sync_progress, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer
from inbox_tui.ui import status
from inbox_tui.ui.actions import Context
from inbox_tui.ui.keymap import Keymap

from .conftest import NOW, Desk, DeskMaker
from .steps import INSTAGRAM, TELEGRAM, screen_words

NOW_MS = int(NOW.timestamp() * 1000)
SECOND, MINUTE = 1_000, 60_000
PROFILES = [Profile("p1", "Acme", "instagram"), Profile("p2", "Acme", "bluesky")]
AGES = {"p1": 4 * SECOND, "p2": 3 * MINUTE}
COUNTS = {
    View.NOW: 12,
    View.UNREAD: 30,
    View.WAITING: 0,
    View.CLOSING: 3,
    View.FAILED: 4,
    View.SNOOZED: 2,
    View.DONE: 7,
    View.ALL: 1234,
}
BUSY = status.Tabs(COUNTS, View.NOW)


def line(width: int, tabs: status.Tabs = BUSY, homeless: int = 0) -> str:
    fresh, worst = status.freshness(PROFILES, AGES), status.oldest(PROFILES, AGES)
    trouble = status.Trouble(tabs.counts[View.FAILED], homeless, 2, "O")
    return status.status_line("main", tabs, trouble, fresh, worst, width).plain


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (
            120,
            [
                " main  [Now 12] · Unread 30 · Waiting 0 · Closing 3 · Snoozed 2 · Done · All ",
                "4 failed · 2 unsent · ig now · bs 3m",
            ],
        ),
        (
            104,
            [
                " [Now 12] · Unread 30 · Waiting 0 · Closing 3 · Snoozed 2 · Done · All ",
                "4 failed · 2 unsent · bs 3m",
            ],
        ),
        (80, [" [Now 12] · Unread 30 · Snoozed 2 · All ", "4 failed · 2 unsent · bs 3m"]),
        (60, [" [Now 12] · Unread 30 · Snoozed 2 · All ", "✗4 · …2 · bs 3m"]),
        (40, [" [Now 12] ", "✗4 · …2 · bs 3m"]),
        (20, [" [Now 12] ", "✗4 · …2"]),
    ],
)
def test_the_status_line_keeps_the_counts_in_every_width(width: int, words: list[str]) -> None:
    drawn = line(width)
    assert [word for word in words if word not in drawn] == []
    assert cells(drawn) <= width


@pytest.mark.parametrize(("width", "words"), [(140, "4 failed · 1 undelivered (O)"), (40, "✗4 · ✗1 O")])
def test_what_failed_and_stands_in_no_chat_is_counted_with_the_key_that_lists_it(
    width: int, words: str
) -> None:
    assert words in line(width, homeless=1)


def test_the_age_that_stays_longest_is_that_of_the_oldest_profile() -> None:
    assert status.oldest(PROFILES, AGES).plain == "bs 3m"
    assert status.oldest(PROFILES, {"p1": 5 * MINUTE, "p2": SECOND}).plain == "ig 5m"
    assert status.oldest(PROFILES, {"p1": 5 * MINUTE}).plain == "bs never"
    assert status.oldest([], {}).plain == ""


@pytest.mark.parametrize(
    ("tabs", "wide", "narrow"),
    [
        (
            status.Tabs(COUNTS, View.DONE),
            "Now 12 · Unread 30 · Waiting 0 · Closing 3 · Snoozed 2 · [Done 7]",
            "[Done 7]",
        ),
        (status.Tabs(COUNTS, View.FAILED), "Closing 3 · [Failed 4] · Snoozed 2", "[Failed 4]"),
        (status.Tabs(COUNTS, "Paris", listed=5), "Done · All · [Paris 5]", "[Paris 5]"),
        (status.Tabs(COUNTS, View.DONE, filtered=True), "Done · All · [Filter]", "[Filter]"),
        (
            status.Tabs(dict.fromkeys(View, 0), View.NOW),
            "[Now 0] · Unread 0 · Waiting 0 · Snoozed 0",
            "[Now 0]",
        ),
    ],
)
def test_what_the_list_shows_stands_in_brackets_in_every_width(
    tabs: status.Tabs, wide: str, narrow: str
) -> None:
    assert wide in line(120, tabs, 0)
    for width in range(24, 120, 4):
        drawn = line(width, tabs, 0)
        assert narrow in drawn
        assert cells(drawn) <= width


@pytest.mark.parametrize("width", range(20, 121, 5))
@pytest.mark.parametrize(
    ("context", "filtering", "essential"),
    [
        (Context.LIST, False, ["?"]),
        (Context.THREAD, False, ["Esc", "?"]),
        (Context.TYPING, False, ["Esc"]),
        (Context.TYPING, True, ["Esc"]),
    ],
)
def test_a_footer_of_any_width_names_the_way_out_and_the_way_to_all_keys(
    width: int, context: Context, filtering: bool, essential: list[str]
) -> None:
    drawn = status.footer(Keymap(), context, width, filtering=filtering).plain
    assert cells(drawn) <= width
    assert [key for key in essential if f"  {key}" not in drawn] == []


def test_snooze_and_labels_are_named_where_there_is_room_behind_all_other_keys() -> None:
    for context in (Context.LIST, Context.THREAD):
        assert status.footer(Keymap(), context, 180).plain.endswith("  s snooze  t labels")
        others = [f"{key} {name}" for key, name in Keymap().footer(context)][:-2]
        for width in range(20, 180):
            drawn = status.footer(Keymap(), context, width).plain
            if "s snooze" in drawn or "t labels" in drawn:
                assert [each for each in others if each not in drawn] == []


@pytest.mark.parametrize(
    ("person", "own", "named"),
    [
        (TELEGRAM, False, set()),
        (TELEGRAM, True, {"E edit", "B buttons"}),
        (INSTAGRAM, False, {"+ react"}),
    ],
)
async def test_what_a_message_allows_is_named_where_there_is_room(
    folder: Folder, desk: DeskMaker, person: str, own: bool, named: set[str]
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await agent.open(person)
        while (
            (row := agent.inbox.thread.cursor_row) is None
            or row.message is None
            or row.message.inbound is own
        ):
            await agent.press("k")
        footer = str(agent.inbox.query_one("#footer", Static).content)
        offered = {"E edit", "B buttons", "+ react", "- unreact"}
        assert {words for words in offered if f"  {words}" in footer} == named
        for action, words in {"edit": "E edit", "edit_keyboard": "B buttons", "react": "+ react"}.items():
            assert agent.inbox.acts.works(agent.inbox.keymap[action]) is (words in named)


async def test_the_key_that_opens_a_closed_chat_again_is_called_so(folder: Folder, desk: DeskMaker) -> None:
    def footer() -> str:
        return agent.screen_text().splitlines()[-1]

    async with desk(folder) as agent:
        await agent.open("Priya Tran")
        await agent.until(lambda: "e done" in footer())
        await agent.press("e")
        await agent.until(lambda: "e reopen" in footer())
        await agent.press("g", "d", "g", "g")
        await agent.until(lambda: "e reopen" in footer())
        await agent.press("x")
        await agent.until(lambda: "1 selected" in footer() and "e reopen" in footer())
        await agent.press("g", "i", "g", "g")
        await agent.until(lambda: "e done" in footer())


def test_keys_that_wait_for_more_stand_at_the_right_of_the_footer() -> None:
    drawn = status.footer(Keymap(), Context.LIST, 40, "12g").plain
    assert drawn.rstrip().endswith("12g")
    assert "  ? help" in drawn
    assert cells(drawn) <= 40


async def test_footer_and_status_are_laid_out_anew_as_soon_as_the_size_changes(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(120, 30)) as agent:
        assert "commands" in agent.screen_text()
        await agent.resize(40, 10)
        await agent.pilot.pause()
        last = agent.screen_text().splitlines()[-1]
        assert "? help" in last
        assert "commands" not in last
        first = agent.screen_text().splitlines()[0]
        assert "[All 73]" in first
        assert "✗4" in first


# What has not left


def queue(folder: Folder, name: str, *texts: str, hold_ms: int = 0) -> None:
    """Write replies to a person that nobody carries away."""
    with Writer(folder) as writer:
        chat_id, profile_id = writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE participant_name = ?", (name,)
        ).fetchone()
        for text in texts:
            sends.queue_send(writer, chat_id, profile_id, {"text": text}, hold_ms=hold_ms)
        writes.refold_chats(writer, [chat_id])


def row_of(agent: Desk, name: str) -> str:
    """The two lines of a chat in the list."""
    lines = agent.screen_text().splitlines()
    first = next(number for number, words in enumerate(lines) if name in words)
    return lines[first] + lines[first + 1]


async def test_a_reply_that_waits_does_not_look_like_an_answer(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        queue(folder, "Priya Tran", "It will be replaced.")
        await agent.until(lambda: "… waiting" in row_of(agent, "Priya Tran"))
        queue(folder, "Priya Tran", "Today.")
        await agent.until(lambda: "… 2 waiting" in row_of(agent, "Priya Tran"))
        queue(folder, "Max Whitlock", "Same cut.", hold_ms=60_000)
        await agent.until(lambda: "… waiting" in row_of(agent, "Max Whitlock"))


async def test_a_failure_goes_before_what_waits_behind_it(folder: Folder, desk: DeskMaker) -> None:
    queue(folder, "Caleb Carver", "Still waiting")
    async with desk(folder) as agent:
        assert "✗ earlier" in row_of(agent, "Caleb Carver")


async def test_the_status_line_counts_what_waits_while_the_api_cannot_be_reached(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        queue(folder, "Priya Tran", "It will be replaced.", "Today.")
        await agent.until(lambda: "… 2 waiting" in agent.screen_text())
        assert "unsent" not in agent.screen_text(), "it may leave at any moment"
        with Writer(folder) as writer:
            (profile_id,) = writer.cache.execute("SELECT id FROM profiles LIMIT 1").fetchone()
            writes.set_profile_fault(writer, profile_id, "The API cannot be reached", "Look at the network")
        await agent.until(lambda: "2 unsent" in agent.screen_text())
        assert "4 failed" in agent.screen_text()
        with Writer(folder) as writer:
            writes.set_profile_fault(writer, profile_id, "", "")
        await agent.until(lambda: "2 unsent" not in agent.screen_text())


async def test_what_stands_in_the_way_of_all_profiles_says_what_to_do_before_it_names_them(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(44, 20)) as agent:
        with Writer(folder) as writer:
            for (profile_id,) in agent.inbox.session.reader.execute("SELECT id FROM profiles").fetchall():
                writes.set_profile_fault(
                    writer,
                    profile_id,
                    "The API does not accept the key (Invalid API key)",
                    "Set POSTPROXY_API_KEY to a valid key.",
                )
        await agent.until(lambda: "does not accept" in agent.screen_text())
        assert "Set POSTPROXY_API_KEY to a valid key. (bs" in screen_words(agent)
        above = [line for line in agent.screen_text().splitlines()[1:4] if line.strip()]
        assert all(line.startswith(" ") and not line.startswith("  ") for line in above)


async def test_what_waits_long_is_counted_whatever_it_waits_for(folder: Folder, desk: DeskMaker) -> None:
    queue(folder, "Priya Tran", "It will be replaced.")
    with Writer(folder) as writer:
        writer.local.execute("UPDATE outbox SET created_at = ?", (NOW_MS - MINUTE,))
    async with desk(folder) as agent:
        assert "1 unsent" in agent.screen_text()


# A long sync


HALFWAY = Progress(
    phase="messages",
    profiles=4,
    chats=73,
    chats_total=73,
    chats_read=40,
    messages=1234,
    requests=50,
    seconds=20.0,
    faults=0,
    pages_done=44,
    pages_left=33,
    messages_a_second=61.7,
    seconds_left=16.0,
)


async def test_a_long_sync_is_shown_with_counts_pace_and_time_left_until_it_is_through(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        assert "messages:" not in agent.screen_text()
        with Writer(folder) as writer:
            sync_progress.publish(writer, HALFWAY)
        words = "40 of 73 chats read · 1,234 messages · 62/s · about 16s left"
        await agent.until(lambda: words in agent.screen_text())
        with Writer(folder) as writer:
            sync_progress.publish(writer, replace(HALFWAY, chats_read=60, seconds_left=6.0))
        await agent.until(lambda: "60 of 73 chats read" in agent.screen_text())
        with Writer(folder) as writer:
            sync_progress.publish(writer, None)
        await agent.until(lambda: "chats read" not in agent.screen_text())


async def test_a_sync_that_stands_still_says_since_when_instead_of_how_long_it_takes(
    folder: Folder, desk: DeskMaker
) -> None:
    with time_machine.travel(NOW - timedelta(minutes=3)), Writer(folder) as writer:
        sync_progress.publish(writer, HALFWAY)
    async with desk(folder) as agent:
        assert "40 of 73 chats read · 1,234 messages · 62/s · nothing new for 3m" in agent.screen_text()
        assert "left" not in agent.screen_text().splitlines()[1]


async def test_the_progress_of_a_sync_fits_into_forty_columns(folder: Folder, desk: DeskMaker) -> None:
    with time_machine.travel(NOW), Writer(folder) as writer:
        sync_progress.publish(writer, HALFWAY)
    async with desk(folder, size=(40, 10)) as agent:
        lines = agent.screen_text().splitlines()
        assert "messages: 40 of 73 chats read" in lines[1]
        assert "[All 73]" in lines[0]
