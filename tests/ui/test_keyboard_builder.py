"""Buttons by hand: typed as lines, seen as they will look, checked, kept, sent, and changed afterwards."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3

import pytest
from textual import events
from textual.geometry import Region

from inbox_tui.core.models import Json
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.keyboard import KeyboardBuilder
from inbox_tui.ui.dialogs.saved_keyboards import SavedKeyboards

from .conftest import Desk, DeskMaker, _key
from .steps import rows, said

PERSON = "Miles Holloway"
ASKED = "sUgmjW"
"""Our newest message to them, with two buttons that nobody has tapped."""


def payloads(folder: Folder, act: str) -> list[dict[str, Json]]:
    return [
        json.loads(str(row[0])) for row in rows(folder, f"SELECT payload FROM outbox WHERE act = '{act}'")
    ]


def draft(folder: Folder, key: str) -> str:
    found = rows(folder, f"SELECT text FROM drafts WHERE chat_id LIKE '{key}'")
    return str(found[0][0]) if found else ""


async def at(agent: Desk, message_id: str) -> None:
    """The cursor of the open thread on a message."""
    for _ in range(40):
        row = agent.inbox.thread.cursor_row
        if row is not None and row.message is not None and row.message.id == message_id:
            return
        await agent.press("k")
    raise AssertionError(f"no message {message_id}")


async def build(agent: Desk, text: str, *, person: str = PERSON) -> KeyboardBuilder:
    """Write a message to somebody and begin its buttons."""
    await agent.open(person)
    await agent.press("r")
    await agent.type("Which one?")
    await agent.press("ctrl+n")
    await lines(agent, text)
    return builder(agent)


async def lines(agent: Desk, text: str) -> None:
    for number, line in enumerate(text.split("\n")):
        await agent.press(*(["enter"] if number else []))
        await agent.type(line)


def builder(agent: Desk) -> KeyboardBuilder:
    assert isinstance(agent.app.screen, KeyboardBuilder)
    return agent.app.screen


async def test_buttons_are_typed_seen_and_sent_with_the_message(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Small | Large > https://acme.example/l\nTalk to a person = agent")
        text = agent.screen_text()
        assert "✓ 2 rows, 3 buttons: Small, Large, Talk to a person" in text
        assert re.search(r" Small  +Large ↗ ", text)
        assert "Talk to a person sends agent (5 of 64 bytes)" in text
        await agent.press("ctrl+s")
        assert "⌨ 2 rows, 3 buttons: Small, Large" in agent.screen_text()
        assert agent.inbox.composer.text == "Which one?"
        await agent.press("enter")
        await agent.until(lambda: len(payloads(folder, "send")) == 1)
    (payload,) = payloads(folder, "send")
    assert payload["text"] == "Which one?"
    assert payload["reply_markup"] == {
        "inline_keyboard": [
            [
                {"text": "Small", "callback_data": "small"},
                {"text": "Large", "url": "https://acme.example/l"},
            ],
            [{"text": "Talk to a person", "callback_data": "agent"}],
        ]
    }
    assert draft(folder, "keyboard:%") == ""


async def test_what_a_button_without_data_sends_is_shown(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Track order!")
        assert "Track order! sends track_order (11 of 64 bytes)" in agent.screen_text()


async def test_what_telegram_would_refuse_is_said_with_its_place_and_is_not_used(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await build(agent, "Small\nShop > ftp://acme | " + "x" * 9 + " = " + "é" * 33)
        assert said(agent, "✗ row 2, button 1: Its address must begin with https:// or http:// or tg://")
        assert said(agent, "(and 1 more)")
        await agent.press("ctrl+s")
        builder(agent)
    assert payloads(folder, "send") == []


async def test_escape_keeps_what_was_typed_for_the_next_time_even_after_the_program_ended(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await build(agent, "Small | Lar")
        await agent.press("escape")
        assert agent.inbox.composer.extras == {}
        await agent.press("ctrl+n")
        assert builder(agent)._lines.text == "Small | Lar"
        await lines(agent, "ge")
        await agent.until(lambda: "Small | Large" in draft(folder, "keyboard:%"))
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await agent.press("r", "ctrl+n")
        assert builder(agent)._lines.text == "Small | Large"


async def test_unfinished_buttons_belong_to_their_chat(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Small")
        await agent.press("escape", "escape", "escape")
        await agent.open("Max Whitlock")
        await agent.press("r", "ctrl+n")
        assert builder(agent)._lines.text == ""


async def test_a_burst_of_keys_lands_where_each_was_meant(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        burst: list[events.Event] = [
            *(events.Key(key, key) for key in "rHi"),
            events.Key("ctrl+n", None),
            *(events.Key(_key(letter), letter) for letter in "Yes|No"),
            events.Key("ctrl+s", None),
            *(events.Key(key, key) for key in "there"),
        ]
        for event in burst:
            agent.app.post_message(event)
        await agent.until(lambda: agent.inbox.composer.text == "Hithere")
        assert agent.inbox.composer.extras["reply_markup"] == {
            "inline_keyboard": [
                [{"text": "Yes", "callback_data": "yes"}, {"text": "No", "callback_data": "no"}]
            ]
        }


async def test_a_pasted_text_is_lines_of_buttons_and_never_a_key(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "")
        agent.app.post_message(events.Paste("Yes\x1b[2J | No\r\nMaybe"))
        await agent.until(lambda: builder(agent)._lines.text == "Yes␛[2J | No\nMaybe")


KINDS: list[tuple[list[str], Json]] = [
    (
        ["ctrl+t"],
        {"keyboard": [[{"text": "S"}, {"text": "M"}]], "resize_keyboard": True, "one_time_keyboard": True},
    ),
    (
        ["ctrl+t", "tab", "space", "tab", "space", "tab", "space", "tab", *"Size"],
        {
            "keyboard": [[{"text": "S"}, {"text": "M"}]],
            "is_persistent": True,
            "input_field_placeholder": "Size",
        },
    ),
    (["ctrl+t"] * 2, {"force_reply": True}),
    (["ctrl+t"] * 2 + [*"Size"], {"force_reply": True, "input_field_placeholder": "Size"}),
    (["ctrl+t"] * 3, {"remove_keyboard": True}),
]
"""Keys behind `S | M`, and what comes of them."""


async def test_every_kind_of_keyboard_can_be_made(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "")
        for keys, markup in KINDS:
            await agent.type("S | M")
            await agent.press(*keys, "ctrl+s")
            assert agent.inbox.composer.extras["reply_markup"] == markup
            await agent.press("ctrl+n", "ctrl+n", "ctrl+n", "ctrl+n", "ctrl+r")
        await agent.type("S | M")
        await agent.press(*["ctrl+t"] * 4, "ctrl+s")
        assert "inline_keyboard" in str(agent.inbox.composer.extras)


async def test_what_cannot_be_sent_is_underlined_where_it_is_typed(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        typed = (await build(agent, "Yes | No > nowhere"))._lines

        def underlined() -> str:
            (line,) = typed.render_lines(Region(0, 0, typed.size.width, 1))
            return "".join(part.text for part in line if part.style is not None and part.style.underline)

        await agent.until(lambda: underlined() == "No > nowhere")
        await agent.press(*["backspace"] * len(" > nowhere"))
        await agent.until(lambda: underlined() == "")


async def test_each_kind_says_what_the_customer_will_see(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "S")
        for words in ("Taps come back to you", "a tap sends its words", "for an answer", "keys away"):
            assert said(agent, words)
            assert said(agent, "Never editable afterwards") == (words != "Taps come back to you")
            await agent.press("ctrl+t")


async def test_buttons_that_hang_on_a_draft_are_changed_or_taken_off(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Yes")
        await agent.press("ctrl+s", "ctrl+n")
        assert builder(agent)._lines.text == "Yes"
        await lines(agent, " | No")
        await agent.press("ctrl+s", "ctrl+n")
        assert builder(agent)._lines.text == "Yes | No"
        await agent.press("ctrl+n")
        assert said(agent, "Ctrl+N again takes the buttons off; their words stay here")
        await lines(agent, "?")
        assert not said(agent, "Ctrl+N again")
        await agent.press("ctrl+r", "ctrl+n")
        assert builder(agent)._lines.text == "Yes | No"
        assert "reply_markup" in agent.inbox.composer.extras
        await agent.press("ctrl+n")
        assert agent.inbox.composer.extras == {}
        await agent.press("ctrl+n")
        assert builder(agent)._lines.text == "Yes | No"
        await agent.press("ctrl+r")
        assert builder(agent)._lines.text == ""
        await agent.press("escape", "ctrl+n")
        assert builder(agent)._lines.text == ""


async def test_buttons_stay_with_the_draft_on_the_disk(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Yes")
        await agent.press("ctrl+s")
        await agent.until(lambda: "inline_keyboard" in str(rows(folder, "SELECT extras FROM drafts")))
    async with desk(folder) as agent:
        await agent.open(PERSON)
        assert agent.inbox.composer.extras["reply_markup"]
        assert "Yes" in agent.screen_text()


async def test_where_there_are_no_buttons_the_key_says_so(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Mona Lisa Hartmann")
        await agent.press("r", "ctrl+n")
        assert agent.says("has no buttons here; Telegram only")


@pytest.mark.parametrize("size", [(80, 24), (44, 20), (140, 40)])
async def test_everything_is_on_the_screen_at_every_size(
    folder: Folder, desk: DeskMaker, size: tuple[int, int]
) -> None:
    async with desk(folder, size) as agent:
        await build(agent, "Small | Large > ftp://x")
        for _ in range(2):
            text = agent.screen_text()
            assert all(words in text for words in ("Inline", "✗ row 1, button 2", "Small", "Esc leave, kept"))
            await agent.press("ctrl+t")


async def test_a_failed_message_is_sent_again_with_its_buttons_and_what_it_replied_to(
    folder: Folder, desk: DeskMaker
) -> None:
    with contextlib.closing(sqlite3.connect(folder.cache)) as cache:
        statement = "UPDATE messages SET status = 'failed', reply_to_external_id = '1460' WHERE id = ?"
        cache.execute(statement, (ASKED,))
        cache.commit()
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, ASKED)
        await agent.press("!")
        await agent.until(lambda: len(payloads(folder, "send")) == 1)
    (payload,) = payloads(folder, "send")
    assert "Yes, send it" in str(payload["reply_markup"])
    assert (payload["reply_to"], payload["reply_to_id"]) == ("1460", "b3gXQD")


# ---------------------------------------------------------------- kept under a name


async def keep(agent: Desk, name: str) -> None:
    await agent.press("ctrl+l")
    await agent.type(name)
    await agent.press("ctrl+s")


async def test_buttons_are_kept_under_a_name_and_used_in_another_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await build(agent, "Yes | No")
        await keep(agent, "Confirm")
        await agent.until(lambda: said(agent, "Kept as Confirm"))
        await agent.press("escape", "escape", "escape", "escape")
        await build(agent, "old", person="Max Whitlock")
        await agent.press("ctrl+l")
        await agent.type("conf")
        assert "1 row, 2 buttons: Yes, No" in agent.screen_text()
        await agent.press("enter")
        assert builder(agent)._lines.text == "Yes | No"
        await agent.press("ctrl+z")
        assert builder(agent)._lines.text == "old"


async def test_a_name_that_is_taken_and_a_deletion_are_asked_about(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Yes")
        await keep(agent, "Confirm")
        await agent.until(lambda: said(agent, "Kept as Confirm"))
        await agent.press("escape")
        await lines(agent, " | No")
        await keep(agent, "confirm")
        await agent.until(lambda: said(agent, "Ctrl+S again replaces them"))
        assert '"Yes"' in str(rows(folder, "SELECT design FROM keyboards"))
        await agent.press("ctrl+s")
        await agent.until(lambda: "Yes | No" in str(rows(folder, "SELECT design FROM keyboards")))
        await agent.until(lambda: said(agent, "Kept as confirm"))
        await agent.press("ctrl+d")
        assert said(agent, "Ctrl+D again deletes confirm")
        assert len(rows(folder, "SELECT name FROM keyboards")) == 1
        await agent.press("ctrl+d")
        await agent.until(lambda: rows(folder, "SELECT name FROM keyboards") == [])


async def test_buttons_that_cannot_be_sent_are_not_kept(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await build(agent, "Shop > ftp://x")
        await keep(agent, "Shop")
        assert said(agent, "put them right first")
        assert isinstance(agent.app.screen, SavedKeyboards)
    assert rows(folder, "SELECT name FROM keyboards") == []


# ---------------------------------------------------------------- under what was sent


async def test_the_buttons_of_a_sent_message_are_changed(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, ASKED)
        await agent.press("B")
        assert builder(agent)._lines.text == "Yes, send it = swap:yes | No, refund = swap:no"
        await lines(agent, "\nLater")
        await agent.press("ctrl+s")
        await agent.until(
            lambda: "Later" in agent.screen_text() and "changing the buttons" in agent.screen_text()
        )
    (payload,) = payloads(folder, "edit")
    assert payload["message_id"] == ASKED
    markup = payload["reply_markup"]
    assert isinstance(markup, dict)
    assert markup["inline_keyboard"][1] == [{"text": "Later", "callback_data": "later"}]
    assert "text" not in payload
    assert isinstance(payload["before"], dict)
    assert (
        payload["before"]["text"]
        == "Thanks! We've mailed a label to you. Want the next size sent right away?"
    )


@pytest.mark.parametrize("keys", [["ctrl+n", "ctrl+n"], ["f7", "delete", "ctrl+s"]])
async def test_the_buttons_of_a_sent_message_are_removed(
    folder: Folder, desk: DeskMaker, keys: list[str]
) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, ASKED)
        await agent.press("B", *keys)
        await agent.until(lambda: "… removing the buttons" in agent.screen_text())
        assert "Yes, send it" not in agent.screen_text()
        await agent.press("B")
        assert "Yes, send it" in builder(agent)._lines.text
        await agent.press("escape")
    assert [payload["reply_markup"] for payload in payloads(folder, "edit")] == [{}]


async def test_buttons_that_did_not_change_are_not_sent(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, ASKED)
        await agent.press("B", "ctrl+s")
        assert said(agent, "message is not modified")
        await agent.press("ctrl+t")
        assert "Reply" not in agent.screen_text()
    assert payloads(folder, "edit") == []


async def test_buttons_that_lines_cannot_say_stay_as_they_are_unless_others_are_typed(
    folder: Folder, desk: DeskMaker
) -> None:
    copy = {"inline_keyboard": [[{"text": "Copy the code", "copy_text": {"text": "SAVE10"}}]]}
    with contextlib.closing(sqlite3.connect(folder.cache)) as cache:
        cache.execute("UPDATE messages SET reply_markup = ? WHERE id = ?", (json.dumps(copy), ASKED))
        cache.commit()
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, ASKED)
        await agent.press("B")
        assert said(agent, "These buttons say more than lines can; they stay as they are")
        assert "Copy the code ⧉" in agent.screen_text()
        await agent.press("ctrl+s")
        assert payloads(folder, "edit") == []
        await agent.press("B")
        await lines(agent, "New")
        await agent.press("ctrl+s")
        await agent.until(lambda: len(payloads(folder, "edit")) == 1)


async def test_where_buttons_cannot_be_changed_the_key_says_why(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        for person, reason in (
            (PERSON, "Only your own messages can be edited"),
            ("Mona Lisa Hartmann", "has no buttons here; Telegram only"),
        ):
            await agent.open(person)
            await agent.press("g", "g", "B")
            assert agent.says(reason)
            await agent.press("escape")


async def test_a_message_that_was_deleted_meanwhile_is_not_changed(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await at(agent, ASKED)
        await agent.press("B")
        await lines(agent, " | Later")

        def delete(writer: Writer) -> None:
            with writer.cache:
                writer.cache.execute("UPDATE messages SET deleted_at = 1 WHERE id = ?", (ASKED,))

        agent.inbox.session.write(delete).result()
        await agent.press("ctrl+s")
        assert said(agent, "The message was deleted")
    assert payloads(folder, "edit") == []
