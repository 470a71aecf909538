"""Changing what was sent: seen word by word before it leaves, refused here where it can be known, kept."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from textual import events

from inbox_tui.core.models import Json
from inbox_tui.store import outbox
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.edit import EditMessage

from .conftest import Desk, DeskMaker
from .steps import said

PERSON = "Miles Holloway"
SENT = "sUgmjW"
"""Our newest message to them; it has two buttons."""
WORDS = "Thanks! We've mailed a label to you. Want the next size sent right away?"
BUTTONS = {
    "inline_keyboard": [
        [
            {"callback_data": "swap:yes", "text": "Yes, send it"},
            {"callback_data": "swap:no", "text": "No, refund"},
        ]
    ]
}


def edits(folder: Folder) -> list[dict[str, Json]]:
    """The edits in the outbox that are not given up."""
    with contextlib.closing(sqlite3.connect(folder.local)) as file:
        statement = "SELECT payload FROM outbox WHERE act = 'edit' AND state != 'discarded' ORDER BY pk"
        return [json.loads(str(row[0])) for row in file.execute(statement)]


def kept(folder: Folder) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(folder.local)) as file:
        return file.execute("SELECT chat_id, text FROM drafts").fetchall()


async def at(agent: Desk, message_id: str) -> None:
    """The cursor of the open thread on a message."""
    for _ in range(200):
        row = agent.inbox.thread.cursor_row
        if row is not None and row.message is not None and row.message.id == message_id:
            return
        await agent.press("k")
    raise AssertionError(f"no message {message_id}")


async def edit(agent: Desk, message_id: str = SENT, *, person: str = PERSON) -> EditMessage:
    """Open somebody's chat and begin to edit a message."""
    await agent.open(person)
    await at(agent, message_id)
    await agent.press("E")
    assert isinstance(agent.app.screen, EditMessage)
    return agent.app.screen


async def test_an_edit_is_seen_word_by_word_and_sent_with_the_buttons_that_stand_there(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        dialog = await edit(agent)
        assert dialog._editor.text == WORDS
        assert said(agent, "No change yet")
        await agent.press(*["backspace"] * len("right away?"))
        await agent.type("today?")
        await agent.until(lambda: said(agent, "+ … Want the next size sent today?"))
        assert said(agent, "− … Want the next size sent right away?")
        assert said(agent, "67 of 4096 characters")
        await agent.press("enter")
        await agent.until(lambda: "sent today?" in agent.screen_text() and "… editing" in agent.screen_text())
        assert "Yes, send it" in agent.screen_text()
        assert "right away?" not in agent.screen_text().split("Miles Holloway · Telegram")[-1]
    (payload,) = edits(folder)
    assert payload == {
        "message_id": SENT,
        "text": WORDS.replace("right away?", "today?"),
        "reply_markup": BUTTONS,
        "before": {"text": WORDS, "reply_markup": BUTTONS},
    }
    assert kept(folder) == []


async def test_what_is_not_modified_is_not_sent(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await edit(agent)
        for typed in ("", "   "):
            await agent.type(typed)
            await agent.press("enter")
            assert said(agent, "Nothing is changed yet; Telegram would refuse it (message is not modified)")
    assert edits(folder) == []


async def test_neither_an_empty_nor_a_text_too_long_is_sent(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        dialog = await edit(agent)
        await agent.press("f7", "delete", "enter")
        assert said(agent, "The text cannot be left empty")
        dialog._editor.write("x" * 4100)
        await agent.press("enter")
        assert said(agent, "4 characters too long for a message")
        assert said(agent, "4100 of 4096 characters")
    assert edits(folder) == []


async def test_what_looks_like_a_blank_is_asked_about_before_it_is_sent(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await edit(agent)
        await agent.type(" Dear {{name}}")
        await agent.press("enter")
        assert said(agent, "{{name}} looks like a blank")
        await agent.type("!")
        await agent.press("enter")
        assert said(agent, "{{name}} looks like a blank")
        assert edits(folder) == []
        await agent.press("enter")
        await agent.until(lambda: len(edits(folder)) == 1)
    assert edits(folder)[0]["text"] == f"{WORDS} Dear {{{{name}}}}!"


async def test_a_paste_that_nobody_could_send_is_refused_whole(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        dialog = await edit(agent)
        agent.app.post_message(events.Paste("x" * 60_000))
        await agent.until(lambda: agent.says("The paste has 60,000 characters"))
        assert dialog._editor.text == WORDS


async def test_the_caption_of_a_file_has_its_own_limit(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        dialog = await edit(agent, "dSpc4W", person="Workshop Nord")
        assert dialog._editor.text == ""
        dialog._editor.write("y" * 1025)
        await agent.press("enter")
        assert said(agent, "1 character too long for a caption")
        await agent.press("f7", "delete")
        await agent.type("The invoice")
        await agent.until(lambda: said(agent, "11 of 1024 characters (caption)"))
        await agent.press("enter")
        await agent.until(lambda: len(edits(folder)) == 1)
    assert edits(folder)[0]["text"] == "The invoice"
    assert "reply_markup" not in edits(folder)[0]


async def test_where_nothing_can_be_edited_the_key_says_why(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        for person, reason in (
            (PERSON, "Only your own messages can be edited"),
            ("Mona Lisa Hartmann", "Messages on Facebook cannot be edited; Telegram only"),
        ):
            await agent.open(person)
            await agent.press("g", "g", "E")
            assert agent.says(reason)
            await agent.press("escape")


@pytest.mark.parametrize(
    ("person", "place", "way", "words"),
    [
        (PERSON, "gg", "j goes down", "Thanks! We've mailed a label to you. Wa…"),
        ("Max Whitlock", "G", "k goes up", "Then go one up from XS, it leaves room …"),
    ],
)
async def test_a_key_that_does_not_fit_the_message_under_the_cursor_says_where_one_stands_that_it_fits(
    folder: Folder, desk: DeskMaker, person: str, place: str, way: str, words: str
) -> None:
    async with desk(folder) as agent:
        await agent.open(person)
        await agent.press(*place, "!")
        assert agent.inbox.said == "Only a failed or uncertain message can be sent again"
        await agent.press("E")
        assert agent.inbox.said == f"Only your own messages can be edited · {way} to “{words}”"


async def test_a_message_without_words_is_called_one_that_the_key_fits(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Hugo Delaunay")
        await agent.press("G", "o")
        assert agent.inbox.said == "There is no file and no link to open · k goes up to one that it fits"


async def test_escape_keeps_the_edit_and_the_same_key_brings_it_back(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await edit(agent)
        await agent.type(" Tell us")
        await agent.press("escape")
        await agent.until(lambda: kept(folder) == [(f"edit:{SENT}", f"{WORDS} Tell us")])
    async with desk(folder) as agent:
        dialog = await edit(agent)
        assert dialog._editor.text == f"{WORDS} Tell us"
        await agent.press("ctrl+r")
        assert dialog._editor.text == WORDS
        await agent.press("ctrl+z", "enter")
        await agent.until(lambda: kept(folder) == [])
    assert [payload["text"] for payload in edits(folder)] == [f"{WORDS} Tell us"]


async def test_quitting_in_the_middle_of_an_edit_loses_nothing(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await edit(agent)
        await agent.type("!")
        await agent.press("ctrl+q")
        await agent.until(lambda: kept(folder) == [(f"edit:{SENT}", f"{WORDS}!")])


async def test_an_edit_that_the_platform_refuses_is_taken_back_with_its_words_and_can_be_tried_again(
    folder: Folder, desk: DeskMaker
) -> None:
    def refuse(writer: Writer) -> None:
        (item,) = outbox.open_items(writer)
        assert outbox.move(writer, item, State.FAILED, title="Bad Request: message can't be edited")

    async with desk(folder, (190, 40)) as agent:
        await edit(agent)
        await agent.type(" Tell us")
        await agent.press("enter")
        await agent.until(lambda: "… editing" in agent.screen_text())
        agent.inbox.session.write(refuse).result()
        words = "✗ edit refused: Bad Request: message can't be edited · ! retry · D discard"
        await agent.until(lambda: words in agent.screen_text())
        assert "right away? Tell us" not in agent.screen_text()
        dialog = await edit_again(agent)
        assert dialog._editor.text == f"{WORDS} Tell us"
        await agent.press("escape", "!")
        await agent.until(lambda: "… editing" in agent.screen_text())
        agent.inbox.session.write(refuse).result()
        await agent.until(lambda: words in agent.screen_text())
        await agent.press("D")
        await agent.until(lambda: "edit refused" not in agent.screen_text())
    assert edits(folder) == []


async def edit_again(agent: Desk) -> EditMessage:
    await agent.press("E")
    assert isinstance(agent.app.screen, EditMessage)
    return agent.app.screen


async def test_a_message_that_changes_meanwhile_is_compared_again(folder: Folder, desk: DeskMaker) -> None:
    def change(writer: Writer) -> None:
        with writer.cache:
            writer.cache.execute("UPDATE messages SET body = 'Thanks! Bye.' WHERE id = ?", (SENT,))

    async with desk(folder) as agent:
        await edit(agent)
        await agent.type(" Tell us")
        agent.inbox.session.write(change).result()
        await agent.until(lambda: said(agent, "It was edited elsewhere meanwhile; compare again"))
        assert said(agent, "− Thanks! Bye.")


@pytest.mark.parametrize("size", [(80, 24), (44, 20), (140, 40)])
async def test_everything_is_on_the_screen_at_every_size(
    folder: Folder, desk: DeskMaker, size: tuple[int, int]
) -> None:
    async with desk(folder, size) as agent:
        await edit(agent)
        await agent.type(" Tell us")
        await agent.until(lambda: "+ …" in agent.screen_text())
        text = agent.screen_text()
        assert all(words in text for words in ("− …", "of 4096 characters", "send the edit", "leave, kept"))


# ---------------------------------------------------------------- the clipboard


async def test_the_words_of_a_message_are_copied(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, SENT)
        await agent.press("y")
        assert agent.app.clipboard == WORDS
        assert agent.says("Copied: Thanks! We've mailed a label")


async def test_a_tap_is_copied_as_the_words_on_the_button_and_a_file_as_its_address(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, "b3gXQD")
        await agent.press("y")
        assert agent.app.clipboard == "Too small"
        await agent.press("escape")
        await agent.open("Workshop Nord")
        await at(agent, "dSpc4W")
        await agent.press("y")
        assert agent.app.clipboard == "https://storage.example/storage/ZTq8sK.pdf"


async def test_nothing_and_far_too_much_are_not_copied(folder: Folder, desk: DeskMaker) -> None:
    def change(writer: Writer, body: str | None) -> None:
        with writer.cache:
            writer.cache.execute(
                "UPDATE messages SET body = ?, reply_markup = NULL WHERE id = ?", (body, SENT)
            )

    async with desk(folder) as agent:
        for body, words in ((None, "There is nothing to copy here"), ("x" * 60_000, "too long for the")):
            agent.inbox.session.write(change, body).result()
            await agent.open(PERSON)
            agent.inbox.thread.reread()
            await at(agent, SENT)
            await agent.press("y", "escape")
            assert agent.says(words)
        assert agent.app.clipboard == ""
