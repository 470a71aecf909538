"""What is known of the person: beside the thread where there is room, else by key (issue 6, part 8)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from textual import events

from inbox_tui.core.models import Chat
from inbox_tui.store import triage, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.ui.customer import Customer
from inbox_tui.ui.dialogs.person import Person

from .conftest import NOW, Desk, DeskMaker

NOW_MS = int(NOW.timestamp() * 1000)
HOUR = 3_600_000
PERSON = "Max Whitlock"


def furnish(folder: Folder, note: str) -> str:
    """A note on a chat, and a chat with the same handle on another platform; returns the id of that."""
    with Writer(folder) as writer, closing(sqlite3.connect(folder.cache)) as cache:
        chat_id, handle = cache.execute(
            "SELECT id, participant_username FROM chats WHERE participant_name = ?", (PERSON,)
        ).fetchone()
        (profile,) = cache.execute("SELECT id FROM profiles WHERE platform = 'bluesky'").fetchone()
        triage.note(writer, chat_id, note)
        twin = Chat("twin", profile, "bluesky", "did:max", NOW_MS - HOUR, last_message_at=NOW_MS - HOUR)
        writes.apply_chats(
            writer,
            [replace(twin, participant_username=f"{handle}.bsky.social", participant_name="Maxi")],
        )
    return "twin"


def pane(agent: Desk) -> str:
    return str(agent.inbox.query_one(Customer).content)


async def test_the_pane_tells_note_waits_and_who_may_be_the_same_person(
    folder: Folder, desk: DeskMaker
) -> None:
    furnish(folder, "Calls on Mondays\nOrder #A-1042")
    async with desk(folder, size=(140, 40)) as agent:
        await agent.open(PERSON)
        await agent.until(lambda: PERSON in pane(agent))
        told = pane(agent)
        assert "PRIVATE NOTE\n┃ Calls on Mondays\n┃ Order #A-1042" in told
        assert "first seen" in told
        assert "last wrote" in told
        assert "waited for" in told
        flat = " ".join(told.split())
        assert "MAY BE THE SAME PERSON 1 Maxi · Bluesky · Acme Shop (same handle, 1h)" in flat
        assert agent.inbox.shown is not None
        with Writer(folder) as writer:
            triage.note(writer, agent.inbox.shown.chat.id, "Calls on Tuesdays")
        await agent.until(lambda: "┃ Calls on Tuesdays" in pane(agent))


async def test_a_long_pane_scrolls_and_names_the_key_that_shows_all(folder: Folder, desk: DeskMaker) -> None:
    furnish(folder, "\n".join(f"line {number}" for number in range(40)))
    async with desk(folder, size=(120, 24)) as agent:
        await agent.open(PERSON)
        await agent.until(lambda: "more lines · p shows all" in pane(agent))
        assert pane(agent).startswith(PERSON)
        widget = agent.inbox.query_one(Customer)
        for _ in range(40):
            widget.post_message(events.MouseScrollDown(widget, 1, 1, 0, 1, 0, False, False, False))
        await agent.until(lambda: "MAY BE THE SAME PERSON" in pane(agent))
        assert "more lines" not in pane(agent)
        await agent.press("h", "j")
        row = agent.inbox.chats.cursor_row
        assert row is not None
        # Of another person it begins at the top.
        await agent.until(lambda: pane(agent).startswith(row.chat.title))


async def test_on_a_small_screen_a_key_shows_it_and_a_number_goes_to_the_other_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    twin = furnish(folder, "Calls on Mondays")
    async with desk(folder, size=(80, 24)) as agent:
        await agent.open(PERSON)
        await agent.press("p")
        await agent.until(lambda: "┃ Calls on Mondays" in agent.screen_text())
        await agent.press("ctrl+d")
        await agent.until(lambda: "1 Maxi · Bluesky" in agent.screen_text())
        assert "1 goes there" in agent.screen_text()
        await agent.press("9")
        assert isinstance(agent.app.screen, Person)
        await agent.press("1")
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.chat.id == twin)
