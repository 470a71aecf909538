"""The command palette: everything in one box, found by a few letters, ranked by match and recency."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from textual import events
from textual.widgets import Input

from inbox_tui.store import names, recency
from inbox_tui.store.db import Folder
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs import palette
from inbox_tui.ui.dialogs.help import HelpScreen
from inbox_tui.ui.dialogs.palette import Palette
from inbox_tui.ui.dialogs.search import Search
from inbox_tui.ui.preferences import Preferences

from .conftest import Desk, DeskMaker

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""


def shown(agent: Desk) -> list[str]:
    """What the palette lists, the first first, without marks and notes."""
    assert isinstance(agent.app.screen, Palette)
    return [entry.title for entry in agent.app.screen._entries]


def key(name: str, character: str | None = None) -> events.Key:
    """A key as a terminal hands it over."""
    return events.Key(name, character)


def send(agent: Desk, typed: str) -> None:
    """Type a text and Enter as fast as a terminal hands them over."""
    for character in typed:
        agent.app.post_message(key({":": "colon", " ": "space"}.get(character, character), character))
    agent.app.post_message(key("enter", "\r"))


async def test_an_act_shows_its_key_and_is_done_and_one_that_cannot_be_done_says_why(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(80, 24)) as agent:
        await agent.open("Priya Tran")
        await agent.press("ctrl+p")
        await agent.type("edit the mess")
        assert "▸ ✗ Edit the message" in agent.screen_text()
        assert "│ ✗ Messages on Instagram cannot be edited" in agent.screen_text()
        await agent.press("enter")
        assert isinstance(agent.app.screen, Palette)
        await agent.press("escape")
        assert agent.context is Context.THREAD
        await agent.press(":")
        await agent.type("all ke")
        assert isinstance(agent.app.screen, Palette)
        entry = agent.app.screen._entries[0]
        assert (entry.title, entry.note) == ("All keys", "?")
        await agent.press("enter")
        assert isinstance(agent.app.screen, HelpScreen)
        await agent.press("escape")
        send(agent, ":parcel zz")
        await agent.until(lambda: isinstance(agent.app.screen, Search))
        assert agent.app.screen.query_one(Input).value == "parcel zz"


async def test_enter_at_once_takes_a_person_and_what_was_chosen_last_stands_first_the_next_time(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.press(":")
        before = shown(agent)
        assert before.index("Theme dracula") < before.index("Theme nord")
        await agent.press("escape")
        send(agent, ":theme nord")
        await agent.until(lambda: agent.app.theme == "nord")
        send(agent, ":whitlock")
        await agent.until(lambda: agent.context is Context.THREAD)
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.title == "Max Whitlock"
        await agent.until(lambda: len(recency.chosen(agent.inbox.session.reader)) == 2)
        await agent.press(":")
        assert shown(agent)[:2] == ["Max Whitlock", "Theme nord"]
        await agent.type("theme")
        assert shown(agent)[0] == "Theme nord"


async def test_what_is_typed_at_once_behind_a_chosen_act_is_for_the_dialog_that_it_opens(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        for event in (
            key("colon", ":"),
            *(key(letter, letter) for letter in "private"),
            key("enter"),
            *(key(letter, letter) for letter in "eureka"),
        ):
            agent.app.post_message(event)
        await agent.until(lambda: "eureka" in agent.screen_text())
        reader = agent.inbox.session.reader
        assert reader.execute("SELECT count(*) FROM local.journal").fetchone() == (0,)


async def test_saved_views_and_snippets_are_in_it_and_in_the_composer_what_works_there(
    folder: Folder, desk: DeskMaker
) -> None:
    (folder.path / "snippets.toml").write_text('[refund]\ntext = "We refund it today."\n')
    async with desk(folder) as agent:
        agent.inbox.preferences = Preferences(views={"Telegram people": "platform:tg"})
        send(agent, ":telegram p")
        await agent.until(lambda: agent.inbox.views.current == "Telegram people")
        await agent.open("Max Whitlock")
        send(agent, ":refund")
        await agent.until(lambda: agent.inbox.composer.text == "We refund it today.")
        agent.app.post_message(key("ctrl+p"))
        await agent.type("attach a file")
        assert shown(agent)[0].startswith("Attach a file")
        await agent.press("escape")
        await agent.type(" Yes.")
        assert agent.inbox.composer.text == "We refund it today. Yes."


async def test_an_older_answer_never_takes_the_place_of_a_newer_one(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    asked: list[str] = []
    find = names.find_chats

    def slowly(reader: sqlite3.Connection, text: str, limit: int) -> list[names.NamedChat]:
        asked.append(text)
        if len(asked) == 1:
            free.wait(10)
        return find(reader, text, limit)

    monkeypatch.setattr(palette, "find_chats", slowly)
    async with desk(folder) as agent:
        await agent.press(":")
        for letter in "whitlock":
            agent.app.post_message(key(letter, letter))
        await agent.until(lambda: bool(asked))
        await agent.pilot.pause()
        assert "Max Whitlock" not in shown(agent), "the screen does not wait for the answer"
        free.set()
        await agent.until(lambda: "Max Whitlock" in shown(agent))
        assert asked[-1] == "whitlock"
        assert len(asked) <= 2, "letters in between are not looked for"
