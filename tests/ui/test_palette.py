"""The command palette: everything in one box, found by a few letters, ranked by match and recency."""

from __future__ import annotations

import asyncio
import threading

import pytest
from textual import events

from inbox_tui.store import names, recency
from inbox_tui.store.db import Folder
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs import palette
from inbox_tui.ui.dialogs.help import HelpScreen
from inbox_tui.ui.dialogs.palette import Palette
from inbox_tui.ui.preferences import Preferences

from .conftest import Desk, DeskMaker


def shown(agent: Desk) -> list[str]:
    """What the palette lists, the first first, without marks and notes."""
    assert isinstance(agent.app.screen, Palette)
    return [entry.title for entry in agent.app.screen._entries]


def key(name: str, character: str | None = None) -> events.Key:
    """A key as a terminal hands it over."""
    return events.Key(name, character)


async def test_an_act_is_found_by_letters_of_its_name_shows_its_key_and_is_done(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(80, 24)) as agent:
        await agent.press(":")
        await agent.type("all ke")
        line = next(line for line in agent.screen_text().splitlines() if "│ ▸ " in line)
        assert "All keys" in line
        assert line.partition("│ ▸ ")[2].partition("│")[0].rstrip().endswith("?")
        await agent.press("enter")
        assert isinstance(agent.app.screen, HelpScreen)


async def test_a_person_is_found_and_enter_typed_at_once_opens_their_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        for event in (key("colon", ":"), *(key(letter, letter) for letter in "whitl"), key("enter")):
            agent.app.post_message(event)
        await agent.until(lambda: agent.context is Context.THREAD)
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.title == "Max Whitlock"


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


async def test_an_act_that_cannot_be_done_says_why_and_the_palette_stays(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(80, 24)) as agent:
        await agent.open("Priya Tran")
        await agent.press("ctrl+p")
        await agent.type("edit the mess")
        text = agent.screen_text()
        assert "▸ ✗ Edit the message" in text
        await agent.press("enter")
        assert isinstance(agent.app.screen, Palette)
        await agent.press("escape")
        assert agent.context is Context.THREAD


async def test_what_was_chosen_last_stands_first_and_wins_among_what_goes_as_well(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.press(":")
        before = shown(agent)
        assert before.index("Theme dracula") < before.index("Theme nord")
        await agent.type("theme nord")
        await agent.press("enter")
        assert agent.app.theme == "nord"
        await agent.press(":")
        assert shown(agent)[0] == "Theme nord"
        await agent.type("whitlock")
        await agent.press("enter")
        await agent.until(lambda: agent.context is Context.THREAD)
        await agent.press(":")
        await agent.until(lambda: len(recency.chosen(agent.inbox.session.reader)) == 2)
        await agent.press("escape", ":")
        assert shown(agent)[:2] == ["Max Whitlock", "Theme nord"]
        await agent.type("theme")
        assert shown(agent)[0] == "Theme nord"


async def test_saved_views_and_snippets_are_in_it(folder: Folder, desk: DeskMaker) -> None:
    (folder.path / "snippets.toml").write_text('[refund]\ntext = "We refund it today."\n')
    async with desk(folder) as agent:
        agent.inbox.preferences = Preferences(views={"Telegram people": "platform:tg"})
        await agent.press(":")
        await agent.until(lambda: "refund" in shown(agent))
        await agent.type("telegram p")
        assert shown(agent)[0] == "Telegram people"
        await agent.press("enter")
        assert agent.inbox.views.current == "Telegram people"
        await agent.open("Max Whitlock")
        await agent.press(":")
        await agent.type("refund")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "We refund it today.")


async def test_an_older_answer_never_takes_the_place_of_a_newer_one(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    asked: list[str] = []
    find = names.find_chats

    def slowly(reader: object, text: str, limit: int) -> list[names.NamedChat]:
        asked.append(text)
        if len(asked) == 1:
            free.wait(10)
        return find(reader, text, limit)  # type: ignore[arg-type]

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


async def test_from_the_composer_it_offers_what_works_there_and_the_text_stays(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("Half a ")
        agent.app.post_message(key("ctrl+p"))
        await agent.type("attach a file")
        await asyncio.sleep(0)
        assert shown(agent)[0].startswith("Attach a file")
        await agent.press("escape")
        await agent.type("word")
        assert agent.inbox.composer.text == "Half a word"
