"""Prepared texts in the composer: found, filled, put in; and never sent with a blank in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual import events

from inbox_tui.store.db import Folder
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs.snippet_edit import EditSnippet
from inbox_tui.ui.dialogs.snippets import Snippets
from inbox_tui.ui.editor import Editor

from .conftest import Desk, DeskMaker, _key
from .steps import INSTAGRAM, TELEGRAM, reply, rows

FILE = '''# ours
[greeting]
text = "Hi {{first_name|there}}!"

["order status"]
text = """
Your order {{?order number}} is on its way to {{?city}}."""

[menu]
text = "What can we do for you?"
keyboard = "Track order | Talk to us = agent"

["telegram only"]
text = "Press /start"
platforms = ["telegram"]

[who]
text = "From {{nobody}}"

[parcel]
text = "Parcel {{?number|A-}} comes on {{?day|Friday}}."
'''


@pytest.fixture
def file(folder: Folder) -> Path:
    """The person's snippets."""
    path = folder.path / "snippets.toml"
    path.write_text(FILE)
    return path


def text_of(file: Path) -> str:
    """What the file holds."""
    return file.read_text()


def spoil(file: Path, right: str, wrong: str) -> None:
    """Make a mistake in the file."""
    file.write_text(FILE.replace(right, wrong))


def sent(folder: Folder) -> list[tuple[str, ...]]:
    """The texts in the outbox."""
    return rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox ORDER BY pk")


async def keys(agent: Desk, line: str) -> None:
    """Press keys as fast as a terminal hands them over; those that write nothing stand in <>."""
    for name, letter in re.findall(r"<(.+?)>|(.)", line):
        agent.app.post_message(events.Key(name or _key(letter), letter or None))
    await agent.pilot.pause()


async def test_several_are_put_in_where_the_caret_is_by_keys_typed_ahead_each_one_step_of_undo(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "Well. ")
        composer = agent.inbox.composer
        # All of it at once, as somebody types who knows the way.
        await keys(agent, "<ctrl+t>gre<enter> And: <ctrl+t>ord<enter>A1<enter>Rome<enter>")
        await agent.until(lambda: "Rome" in composer.text)
        text = "Well. Hi Max! And: Your order A1 is on its way to Rome."
        assert composer.text == text
        assert sent(folder) == []
        await agent.press("ctrl+z")
        assert composer.text == "Well. Hi Max! And: "
        await agent.press("ctrl+y")
        await agent.type(" Bye")
        await agent.press("enter")
        await agent.until(lambda: composer.text == "")
        assert sent(folder) == [(f"{text} Bye",)]


async def test_what_is_only_suggested_is_an_answer_when_enter_has_said_so_twice(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await keys(agent, "<ctrl+t>parcel<enter>")
        await agent.until(lambda: "⏎ take “A-”?" in agent.screen_text())
        assert "Parcel {{?number|A-}} comes" in agent.screen_text(), "it is open yet"
        await agent.press("enter")
        assert "Only suggested: A-. Enter again takes it, or type" in agent.screen_text()
        assert "⏎ take “A-” and next" in agent.screen_text()
        # What it begins with is gone on from, and no longer only suggested.
        await keys(agent, "1042<enter>")
        await agent.until(lambda: "⏎ take “Friday”?" in agent.screen_text())
        await agent.press("enter", "enter")
        assert agent.inbox.composer.text == "Parcel A-1042 comes on Friday."
        # Typed ahead without a look, two questions are not passed over by two keys.
        await keys(agent, "<ctrl+u><ctrl+t>parcel<enter><enter><enter>")
        await agent.until(lambda: "⏎ take “Friday”?" in agent.screen_text())


async def test_a_text_with_an_open_blank_is_not_sent_even_after_another_start(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await keys(agent, "<ctrl+t>ord<enter><enter>Rome<enter>")
        composer = agent.inbox.composer
        open_text = "Your order {{?order number}} is on its way to Rome."
        assert composer.text == open_text
        for key in ("enter", "enter", "ctrl+g"):
            await agent.press(key)
            await agent.until(lambda: agent.says("{{?order number}} is not filled in yet"))
        assert sent(folder) == []
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [(open_text,)])
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await agent.press("enter", "enter")
        await agent.until(lambda: agent.says("is not filled in yet"))
        # The blank is selected, so what is typed takes its place.
        await agent.type("A-1042")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        assert sent(folder) == [("Your order A-1042 is on its way to Rome.",)]
        assert rows(folder, "SELECT * FROM drafts") == []
        assert rows(folder, "SELECT json_extract(payload, '$.blanks') FROM outbox") == [(None,)]


async def test_braces_typed_by_hand_are_asked_about_and_then_sent(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "Write {{name}} there")
        await agent.press("enter")
        await agent.until(lambda: agent.says("{{name}} looks like a blank. Nothing was sent; press ⏎ again"))
        assert sent(folder) == []
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        assert sent(folder) == [("Write {{name}} there",)]


async def test_buttons_come_along_on_telegram_and_elsewhere_the_text_goes_alone_and_says_so(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await keys(agent, "<ctrl+t>menu<enter>")
        assert agent.inbox.composer.extras["reply_markup"] == {
            "inline_keyboard": [
                [
                    {"text": "Track order", "callback_data": "track_order"},
                    {"text": "Talk to us", "callback_data": "agent"},
                ]
            ]
        }
        await agent.press("escape", "escape")
        await reply(agent, INSTAGRAM)
        await keys(agent, "<ctrl+t>menu<enter>")
        assert agent.inbox.composer.text == "What can we do for you?"
        assert "reply_markup" not in agent.inbox.composer.extras
        await agent.until(lambda: agent.says("Without the buttons of menu"))
        await keys(agent, "<ctrl+t>telegram<enter>")
        assert "is for Telegram only, and this is Instagram" in agent.screen_text()
        await agent.press("escape")
        assert agent.context is Context.TYPING


async def test_what_stands_in_the_composer_becomes_a_snippet_that_can_be_changed_and_deleted(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder, (80, 24)) as agent:
        await reply(agent, TELEGRAM, "We are closed on Sundays.")
        await keys(agent, "<ctrl+t>sunday<ctrl+n>")
        assert isinstance(agent.app.screen, EditSnippet)
        await agent.press("ctrl+s")
        await agent.until(lambda: isinstance(agent.app.screen, Snippets))
        assert text_of(file) == f'{FILE}\n[sunday]\ntext = "We are closed on Sundays."\n'
        await agent.press("ctrl+e")
        await keys(agent, "<ctrl+j>Sorry {{name}}")
        # Left without saving, what was typed is there the next time.
        await agent.press("escape", "ctrl+e")
        field = agent.app.screen.query_one(Editor)
        assert field.text == "We are closed on Sundays.\nSorry {{name}}"
        await agent.until(lambda: "This was left unfinished" in agent.screen_text())
        await keys(agent, "<ctrl+r>")
        assert field.text == "We are closed on Sundays."
        await keys(agent, "<ctrl+z>")
        await agent.press("ctrl+s")
        await agent.until(lambda: isinstance(agent.app.screen, Snippets))
        assert "Sorry {{name}}" in text_of(file)
        await agent.press("ctrl+d", "ctrl+d")
        await agent.until(lambda: "Deleted sunday" in agent.screen_text())
        assert text_of(file).rstrip() == FILE.rstrip()


async def test_a_snippet_made_of_the_draft_takes_the_place_of_its_words_when_it_is_chosen(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder, (80, 24)) as agent:
        await reply(agent, TELEGRAM, "We are closed on Sundays.")
        composer = agent.inbox.composer
        await keys(agent, "<ctrl+t>sunday<ctrl+n>")
        await agent.press("ctrl+s")
        await agent.until(lambda: isinstance(agent.app.screen, Snippets))
        await agent.press("enter")
        assert composer.text == "We are closed on Sundays."
        await agent.press("ctrl+z")
        assert composer.text == "We are closed on Sundays."
        # Another one, and one that was there already, are put where the caret is.
        await keys(agent, " <ctrl+t>gre<enter>")
        await agent.until(lambda: composer.text.startswith("We are closed on Sundays. Hi "))


async def test_a_name_that_is_taken_is_said_and_the_text_stays(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    async with desk(folder, (80, 24)) as agent:
        await reply(agent, TELEGRAM, "Hello")
        await keys(agent, "<ctrl+t>greeting<ctrl+n><ctrl+s>")
        await agent.until(lambda: "There is a snippet called greeting already" in agent.screen_text())
        assert agent.app.screen.query_one(Editor).text == "Hello"
        assert text_of(file) == FILE


async def test_a_broken_line_is_named_and_the_rest_can_be_used(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    spoil(file, 'text = "From', "text = From")
    async with desk(folder, (80, 24)) as agent:
        await reply(agent, TELEGRAM)
        await agent.press("ctrl+t")
        assert "snippets.toml, line 18" in agent.screen_text()
        await keys(agent, "gree<enter>")
        assert agent.inbox.composer.text == "Hi Max!"


async def test_nothing_of_a_snippet_is_lost_when_the_chat_closes_meanwhile(
    folder: Folder, desk: DeskMaker, file: Path
) -> None:
    from .test_composer import before_close

    async with desk(folder) as agent:
        await reply(agent, INSTAGRAM)
        await keys(agent, "<ctrl+t>order<enter>A1<enter>Rome")
        with before_close(agent, seconds=-1):
            await agent.until(lambda: agent.inbox.composer.locked)
            await agent.press("enter")
            assert "Nothing was put in" in agent.screen_text()
            assert "A1 is on its way to Rome" in agent.screen_text()
