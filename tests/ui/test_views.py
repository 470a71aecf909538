"""Views on the screen: which chats they list, what leaves them, where the person stands in each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inbox_tui.store import triage, views, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.views import View, ViewSource
from inbox_tui.store.writer import Writer
from inbox_tui.ui import pulse
from inbox_tui.ui.actions import ACTIONS, Context
from inbox_tui.ui.key_taker import PUTS_AWAY
from inbox_tui.ui.preferences import Preferences

from .conftest import NOW, Desk, DeskMaker
from .steps import at_cursor

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = 60_000
KEYS = {
    View.NOW: "i",
    View.UNREAD: "u",
    View.WAITING: "w",
    View.CLOSING: "c",
    View.FAILED: "f",
    View.SNOOZED: "s",
    View.DONE: "d",
    View.ALL: "a",
}


def listed(agent: Desk) -> list[str]:
    """Who stands in the list, from its top."""
    return [row.chat.title for row in agent.inbox.chats.window_rows]


def head(agent: Desk) -> str:
    return agent.screen_text().splitlines()[0]


def of(agent: Desk, view: View) -> list[str]:
    """Who is in a view by the store."""
    source = ViewSource(agent.inbox.session.reader, view, agent.inbox.session.clock.now())
    return [row.chat.title for row in source.after(None, 99)]


async def test_the_keys_of_the_views_list_their_chats_and_the_line_above_counts_them(
    folder: Folder, desk: DeskMaker
) -> None:
    with Writer(folder) as writer:
        names = [row[0] for row in writer.cache.execute("SELECT id FROM chats ORDER BY pk LIMIT 4")]
        triage.snooze(writer, names[:1], triage.Until(NOW_MS + 60 * MINUTE))
        triage.done(writer, names[1:3])
    async with desk(folder, (140, 30), view=View.NOW) as agent:
        for view, key in KEYS.items():
            await agent.press("g", key)
            rows = of(agent, view)[: len(listed(agent))]
            assert rows, view
            assert listed(agent) == rows
            count = views.view_counts(agent.inbox.session.reader, NOW_MS)[view]
            assert f"[{view.capitalize()} {count}]" in head(agent)
            assert head(agent).count("[") == 1


async def test_an_empty_view_says_what_that_means(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (80, 24)) as agent:
        for key, words in (("s", "Nothing is put away"), ("d", "Nothing is done yet")):
            await agent.press("g", key)
            assert words in agent.screen_text()
            await agent.press("e")
            await agent.until(lambda: agent.says("No chat is selected"))


async def test_beside_an_empty_list_no_thread_is_drawn_but_where_to_go_and_a_draft_is_kept(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.type("rhalf a sentence")
        await agent.press("escape", "escape", "g", "s")
        await agent.until(lambda: agent.inbox.shown is None)
        screen = agent.screen_text()
        assert "Nothing is put away. s snoozes a chat." in screen
        assert (
            f"ga   All · {agent.inbox.session.reader.execute('SELECT count(*) FROM chats').fetchone()[0]}"
            in screen
        )
        assert "Max Whitlock" not in screen, "neither title nor composer nor customer tell of another chat"
        assert not agent.inbox.composer.display
        await agent.press("r")
        assert agent.says("No chat is selected")
        await agent.press("g", "a")
        await agent.open("Max Whitlock")
        assert agent.inbox.composer.text == "half a sentence"


async def test_a_chat_in_which_one_types_or_reads_stays_when_its_view_is_empty(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        with Writer(folder) as writer:
            first, *rest = [row[0] for row in writer.cache.execute("SELECT id FROM chats")]
            triage.read(writer, rest)
        agent.inbox.go_to(first)
        await agent.press("r")
        with Writer(folder) as writer:
            triage.done_no_reply(writer, [first])
        agent.inbox.views.go(View.UNREAD)
        await agent.until(lambda: not listed(agent))
        await agent.type("still here")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.id == first
        assert agent.inbox.composer.text == "still here"
        await agent.press("escape")
        assert agent.inbox.shown is not None
        await agent.press("escape")
        await agent.until(lambda: agent.inbox.shown is None)


async def test_a_filter_without_hits_empties_the_thread_once_it_is_left_and_esc_brings_it_back(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        before = agent.inbox.shown
        await agent.until(lambda: agent.inbox.shown is not None)
        before = agent.inbox.shown
        await agent.type("\\nobodyhasthisname")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.shown is None)
        assert "Esc  takes the filter off" in agent.screen_text()
        await agent.press("escape")
        await agent.until(lambda: agent.inbox.shown is not None)
        assert before is not None
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.pk == before.pk


async def test_what_is_dealt_with_leaves_now_and_the_next_key_is_about_the_next_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.NOW) as agent:
        # Behind the failed ones, which stay until somebody has dealt with the failure.
        await agent.press(*"8gg")
        before = listed(agent)
        start = before.index(at_cursor(agent) or "")
        await agent.type("eee")
        await agent.until(lambda: listed(agent)[start] == before[start + 3])
        assert at_cursor(agent) == before[start + 3]
        assert set(of(agent, View.DONE)) == set(before[start : start + 3])
        # The snooze dialog is left with Enter; the key behind it waits for what that leads to.
        await agent.type("s2h")
        await agent.press("enter", "e")
        await agent.until(lambda: at_cursor(agent) == before[start + 5])
        assert of(agent, View.SNOOZED) == [before[start + 3]]
        assert before[start + 4] in of(agent, View.DONE)
        await agent.press("z", "z")
        await agent.until(lambda: of(agent, View.SNOOZED) == [])
        await agent.until(lambda: before[start + 3] in listed(agent))


async def test_a_chat_that_leaves_by_itself_leaves_no_other_under_the_next_key(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.NOW) as agent:
        await agent.press(*"8gg", "j")
        before = listed(agent)
        row = agent.inbox.chats.cursor_row
        assert row is not None
        with Writer(folder) as writer:
            triage.done(writer, [row.chat.id])
        await agent.until(lambda: row.chat.title not in listed(agent))
        assert at_cursor(agent) is None
        await agent.press("e")
        await agent.until(lambda: agent.says("No chat is selected"))
        await agent.press("j")
        assert at_cursor(agent) == before[before.index(row.chat.title) + 1]


@pytest.mark.parametrize("key", ["P", "p", "I"])
async def test_a_chat_that_leaves_by_itself_while_one_writes_or_reads_about_it_leaves_a_gap_too(
    folder: Folder, desk: DeskMaker, key: str
) -> None:
    async with desk(folder, view=View.NOW) as agent:
        await agent.press(*"8gg", "j", key)
        row = agent.inbox.chats.cursor_row
        assert row is not None
        with Writer(folder) as writer:
            triage.done(writer, [row.chat.id])
        await agent.until(lambda: row.chat.title not in listed(agent))
        await agent.press("escape")
        await agent.until(lambda: agent.app.screen is agent.inbox)
        assert at_cursor(agent) is None
        await agent.press("e")
        await agent.until(lambda: agent.says("No chat is selected"))


def test_what_may_take_a_chat_away_are_acts_of_the_list() -> None:
    assert {action.id for action in ACTIONS if Context.LIST in action.contexts} >= PUTS_AWAY


async def test_an_open_chat_may_leave_the_view_and_the_way_goes_on_behind_it(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.NOW) as agent:
        await agent.press(*"8gg", "enter")
        before = listed(agent)
        start = before.index(agent.inbox.shown.chat.title if agent.inbox.shown else "")
        await agent.press("e")
        await agent.until(lambda: before[start] not in listed(agent))
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.title == before[start]
        await agent.press("J")
        assert agent.inbox.shown.chat.title == before[start + 1]
        await agent.press("e", "tab")
        assert agent.inbox.shown.chat.title == before[start + 2]
        await agent.press("e", "escape")
        await agent.until(lambda: before[start + 2] not in listed(agent))
        assert at_cursor(agent) == before[start + 3]


async def test_each_view_keeps_its_place_and_a_filter_lies_over_the_view(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.NOW) as agent:
        await agent.press(*"12gg")
        now_at, top = at_cursor(agent), agent.screen_text().splitlines()[1][:38]
        await agent.press("g", "u", *"30gg")
        unread_at = at_cursor(agent)
        await agent.press("g", "i")
        assert (at_cursor(agent), agent.screen_text().splitlines()[1][:38]) == (now_at, top)
        await agent.press("g", "u")
        assert at_cursor(agent) == unread_at
        await agent.press("\\")
        await agent.type("from:jane")
        await agent.until(lambda: len(listed(agent)) < 5)
        await agent.press("enter")
        assert "[Filter" in head(agent)
        await agent.press("escape")
        assert "[Unread" in head(agent)
        assert at_cursor(agent) == unread_at


async def test_tab_goes_to_now_when_the_view_does_not_hold_the_chat(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, view=View.DONE) as agent:
        assert listed(agent) == []
        await agent.press("tab")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.title == of(agent, View.NOW)[0]
        assert "[Now" in head(agent)
        await agent.press("shift+tab")
        assert agent.inbox.shown.chat.title == of(agent, View.NOW)[-1]
        await agent.until(lambda: agent.says("From the end again"))


async def test_the_clock_alone_moves_a_chat(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "TICK_SECONDS", 0.05)
    with Writer(folder) as writer:
        (name, title) = writer.cache.execute(
            "SELECT id, participant_name FROM chats WHERE unanswered > 0 AND platform = 'telegram' LIMIT 1"
        ).fetchone()
        soon = NOW_MS + 5_000
        triage.snooze(writer, [name], triage.Until(soon))
    async with desk(folder, view=View.SNOOZED) as agent:
        assert listed(agent) == [title]
        await agent.until(lambda: listed(agent) == [])
        assert "[Snoozed 0]" in head(agent)


async def test_saved_queries_are_views(folder: Folder, desk: DeskMaker) -> None:
    saved = {"Telegram": "platform:telegram", "Shops": "is:unread platform:ig", "Wrong": "is:nowhere"}
    async with desk(folder) as agent:
        await agent.press("g", "v")
        await agent.until(lambda: agent.says("There is no saved view"))
        agent.inbox.preferences = replace(Preferences(), views=saved)
        await agent.press("g", "v")
        assert {row.chat.platform for row in agent.inbox.chats.window_rows} == {"telegram"}
        assert "[Telegram]" in head(agent)
        await agent.press("2", "g", "v")
        await agent.until(lambda: listed(agent) != [])
        rows = agent.inbox.chats.window_rows
        assert all(row.unread and row.chat.platform == "instagram" for row in rows)
        assert f"[Shops {len(rows)}]" in head(agent)
        # What is dealt with leaves it like any other view, and the next key is about the next chat.
        before = listed(agent)
        await agent.press("g", "g", *"uu")
        await agent.until(lambda: len(listed(agent)) == len(before) - 2)
        assert set(listed(agent)) == set(before[2:])
        await agent.press("z", "z")
        await agent.until(lambda: listed(agent) == before)
        await agent.press("3", "g", "v")
        await agent.until(lambda: agent.says("The view Wrong cannot be shown"))
        assert listed(agent) == []
        await agent.press("4", "g", "v")
        await agent.until(lambda: agent.says("There are 3 saved views: Telegram, Shops, Wrong"))


async def test_the_saved_view_that_is_shown_may_be_renamed_changed_or_taken_out_of_the_configuration(
    folder: Folder, desk: DeskMaker
) -> None:
    def platforms() -> set[str]:
        return {row.chat.platform for row in agent.inbox.chats.window_rows}

    async with desk(folder) as agent:
        agent.inbox.prefer(replace(Preferences(), views={"TG": "platform:telegram"}))
        await agent.press("g", "v", "j")
        row = agent.inbox.chats.cursor_row
        agent.inbox.prefer(replace(Preferences(), views={"Telegram": "platform:telegram"}))
        await agent.until(lambda: "[Telegram]" in head(agent))
        assert agent.inbox.chats.cursor_row == row
        agent.inbox.prefer(replace(Preferences(), views={"Telegram": "platform:bluesky"}))
        await agent.until(lambda: platforms() == {"bluesky"})
        agent.inbox.prefer(Preferences())
        await agent.until(lambda: agent.says("The saved view Telegram is gone"))
        assert "[Now" in head(agent)
        await agent.until(lambda: len(platforms()) > 1)


async def test_while_the_chats_are_being_listed_all_of_them_are_shown_and_then_what_needs_the_agent(
    folder: Folder, desk: DeskMaker
) -> None:
    with Writer(folder) as writer:
        profiles = [row[0] for row in writer.cache.execute("SELECT id FROM profiles")]
        for name in profiles:
            writes.record_walk(writer, name, walked_to=NOW_MS, walked=False, total=99)
    async with desk(folder, view=View.NOW) as idle, desk(folder, view=View.NOW) as busy:
        await busy.press("j")
        for agent in (idle, busy):
            assert "[All 73]" in head(agent)
        with Writer(folder) as writer:
            for name in profiles:
                writes.record_walk(writer, name, walked_to=None, walked=True, total=73)
        await idle.until(lambda: "[Now" in head(idle))
        await busy.until(lambda: busy.says("All chats are listed"))
        assert "[All 73]" in head(busy)


async def test_going_to_a_chat_stays_in_the_view_that_holds_it(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, view=View.UNREAD) as agent:
        row = agent.inbox.chats.window_rows[20]
        agent.inbox.go_to(row.chat.id)
        assert "[Unread" in head(agent)
        assert agent.inbox.shown is not None
        assert (at_cursor(agent), agent.inbox.shown.pk) == (row.chat.title, row.pk)
        (read,) = agent.inbox.session.reader.execute(
            "SELECT id FROM chats WHERE unread = 0 LIMIT 1"
        ).fetchone()
        agent.inbox.go_to(read)
        assert "[All" in head(agent)
        await agent.until(lambda: agent.says("is not in Unread: this is All; gu goes back"))
        assert agent.inbox.shown.chat.id == read


async def test_a_time_that_the_reply_window_cuts_short_bears_its_mark_among_those_to_choose_from(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, view=View.CLOSING) as agent:
        await agent.press("s")
        await agent.until(lambda: "until reply" in agent.screen_text())
        lines = agent.screen_text().splitlines()
        (days,) = [line for line in lines if " 3d " in line]
        assert "⏳" in days
        await agent.press("escape")
    async with desk(folder, view=View.ALL) as agent:
        await agent.open("Max Whitlock")
        await agent.press("s")
        await agent.until(lambda: "until reply" in agent.screen_text())
        assert not any("⏳" in line for line in agent.screen_text().splitlines() if " 3d " in line)
