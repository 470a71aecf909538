"""Keys as fast as a terminal hands them over do what they do one by one: none overtakes, none is lost.

Every burst is posted before anything between the widgets was handled, as after a slow line.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from inbox_tui.core.capabilities import Act
from inbox_tui.core.errors import StoreError
from inbox_tui.core.keyboard_text import Design
from inbox_tui.core.models import Post
from inbox_tui.store import answers
from inbox_tui.store.db import Folder
from inbox_tui.store.keyboards import save_keyboard
from inbox_tui.store.picking import Survey
from inbox_tui.store.writer import Writer
from inbox_tui.ui import begun, seen
from inbox_tui.ui.actions import ACTIONS, Context
from inbox_tui.ui.acts.many import Many
from inbox_tui.ui.dialogs.comments import Comments
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.searcher import Searcher
from inbox_tui.ui.session import Session

from .conftest import NOW, Desk, DeskMaker
from .steps import INSTAGRAM, TELEGRAM, drafts, drawn, facts, fail, post, press, reply, rows, said
from .test_attach import PNG
from .test_attachments import at_image, bring, picture
from .test_comments import AT, with_comments
from .test_customer import PERSON, furnish
from .test_keyboard_builder import builder
from .test_reactions import person_on, queued
from .test_search import dialog
from .test_typing_is_text import OPENED
from .test_typing_is_text import facts as commands


def composed(agent: Desk) -> tuple[str, str]:
    """Whose chat is open, and what stands in its composer."""
    shown = agent.inbox.shown
    assert shown is not None
    return shown.chat.title, agent.inbox.composer.text


# Keys that open a field.

LETTERS = "".join(sorted({key for action in ACTIONS for key in action.keys if len(key) == 1}))
"""All that are keys of the list or of a thread."""
LISTS_FIRST = {"comments": ["enter", "enter"], "new_chat": ["enter"]}
"""Dialogs in which one chooses from a list before one types, with the keys for that."""


async def test_letters_right_behind_a_key_that_opens_a_field_are_in_that_field_and_nowhere_else(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every place; where nothing opens they are dropped, or stand in the composer that has the keys."""
    monkeypatch.setattr(seen, "SEEN_SECONDS", 1000.0)
    opened = set()
    async with desk(folder, (80, 24)) as agent:
        inbox = agent.inbox
        await agent.open(TELEGRAM)
        await with_comments(agent)
        await agent.press("escape")
        before = commands(folder)
        for name in (TELEGRAM, INSTAGRAM):
            await agent.open(name)
            own = [row for row in inbox.thread.window_rows if row.message and not row.message.inbound]
            for action in [each for each in ACTIONS if each.types]:
                for context in action.contexts:
                    inbox.stray.nothing_opened(0.0, "")
                    where = {Context.LIST: inbox.chats, Context.THREAD: inbox.thread}
                    inbox.turn_to(where.get(context, inbox.composer.editor))
                    if action.act is Act.EDIT_TEXT or action.act is Act.EDIT_KEYBOARD:
                        inbox.thread.point_at(own[-1].key)
                    await press(agent, *action.keys[0].split(), *LISTS_FIRST.get(action.id, ()), *LETTERS)
                    field = agent.app.screen.focused
                    typed = field.value if isinstance(field, Input) else getattr(field, "text", None)
                    if typed is None:
                        assert agent.app.screen is inbox
                        assert agent.says("What you type is dropped until Esc"), action.id
                    else:
                        assert typed.endswith(LETTERS), (action.id, context)
                        opened.add(action.id)
                    assert commands(folder) == before, (action.id, context)
                    while agent.app.screen is not inbox:
                        await agent.app.screen.dismiss()
                    inbox.filter_bar.close()
                    agent.app.clear_notifications()
                    await inbox.drafts.saved()
    assert opened == {each.id for each in ACTIONS if each.types}


# Dialogs without a field.


async def test_an_emoji_typed_at_once_is_the_reaction_and_not_the_first_of_the_list(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await person_on(agent, "facebook")
        await press(agent, "+", "tab", "🎉", "enter", "r", *"hello")
        await agent.until(lambda: len(queued(agent)) == 1)
        assert queued(agent)[0][1]["emoji"] == "🎉"
        assert composed(agent)[1] == "hello"


async def test_what_is_typed_at_once_behind_the_way_out_of_the_outbox_is_text_in_that_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    fail(folder, TELEGRAM, "It did not arrive")
    async with desk(folder) as agent:
        await press(agent, "O", "enter", "r", *"Dear zoo!")
        assert composed(agent) == (TELEGRAM, "Dear zoo!")
        assert rows(folder, "SELECT state FROM outbox") == [("failed",)]
        await press(agent, "escape", "O", "O", "r", *"!")
        assert composed(agent) == (TELEGRAM, "Dear zoo!!")
        await press(agent, "escape", "O", "D", "z", "escape")
        await agent.until(lambda: rows(folder, "SELECT state FROM outbox") == [("discarded",)])


async def test_what_is_typed_at_once_behind_the_way_to_another_chat_of_a_person_is_text_there(
    folder: Folder, desk: DeskMaker
) -> None:
    twin = furnish(folder, "Calls on Mondays")
    async with desk(folder) as agent:
        await agent.open(PERSON)
        await press(agent, "p", "1", "r", *"jek")
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.chat.id == twin
        assert composed(agent)[1] == "jek"


async def test_what_is_typed_at_once_behind_escape_is_for_what_stands_below(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        for key, back in (("?", "?"), ("?", "escape"), ("p", "p"), ("I", "escape"), ("O", "q")):
            await press(agent, key, "j", back, "r", *"jIpe?", "escape")
        assert composed(agent) == (TELEGRAM, "jIpe?" * 5)


# Fields that find something.


async def test_what_is_typed_at_once_behind_a_search_is_text_in_the_chat_that_it_finds(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        for text in ("order", '"track"', "siz"):
            await press(agent, "/", *text)
            await agent.until(lambda: not dialog(agent)._looking)
            await press(agent, "down", "enter", "r")
            found = composed(agent)[0]
            await press(agent, "escape", "escape", "g", "g", "/", *"xy", "escape")
            await press(agent, "/", *text, "down", "enter", "r", *"jezJ")
            assert composed(agent) == (found, "jezJ"), text
            await press(agent, *["backspace"] * 4, "escape", "escape")
        await press(agent, "/", *"order form:jane", "enter", "escape", "r", *"here")
        assert composed(agent)[1] == "here"


async def test_a_file_is_chosen_at_once_by_the_letters_that_stand_there_now(
    folder: Folder, desk: DeskMaker, tmp_path: Path
) -> None:
    place = tmp_path / "files"
    (place / "photos").mkdir(parents=True)
    for age, name in enumerate(("a.png", "photos/shirt.png", "photos/mug.png", "zebra.png")):
        (place / name).write_bytes(PNG)
        # What was changed last stands first.
        os.utime(place / name, (NOW.timestamp() - age,) * 2)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        for keys, name, text in (
            ([*"zeb", "enter", *"one"], "zebra.png", "one"),
            ([*"pho", "tab", *"sh", "enter", *"two"], "photos/shirt.png", "two"),
            ([*"pho", "enter", "down", "enter", *"three"], "photos/mug.png", "three"),
        ):
            await press(agent, "ctrl+f", "ctrl+u", *f"{place}/", *keys)
            assert composed(agent) == (TELEGRAM, text)
            assert agent.inbox.composer.extras["file"] == str(place / name)
            await press(agent, *["backspace"] * len(text))


async def test_the_key_right_behind_a_pasted_path_takes_the_file_that_it_offers(
    folder: Folder, desk: DeskMaker, tmp_path: Path
) -> None:
    (tmp_path / "mug.png").write_bytes(PNG)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "See ")
        agent.app.post_message(events.Paste(str(tmp_path / "mug.png")))
        await press(agent, "ctrl+f", *"here")
        assert composed(agent) == (TELEGRAM, "See here")
        assert agent.inbox.composer.extras["file"] == str(tmp_path / "mug.png")


async def test_a_snippet_is_taken_at_once_by_the_letters_that_stand_there_now(
    folder: Folder, desk: DeskMaker
) -> None:
    file, names = folder.path / "snippets.toml", ("apple", "berry", "cherry", "date")
    file.write_text("".join(f'[{name}]\ntext = "{name.upper()}"\n' for name in names))
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await press(agent, "ctrl+t", *"rry", "down", "enter", "!")
        assert composed(agent) == (TELEGRAM, "CHERRY!")
        # Of a list that is older than the letters, another one would be asked about, and deleted.
        await press(agent, "ctrl+u", "ctrl+t", *"date", "ctrl+d", "ctrl+d", "escape", "!")
        assert re.findall(r"^\[(.*)\]", file.read_text(), re.MULTILINE) == [*names[:3]]
        assert composed(agent) == (TELEGRAM, "!")
        await press(agent, "ctrl+u", "ctrl+t", "ctrl+n", *"new", "tab", *"Nice", "ctrl+s", "enter", *" day")
        assert composed(agent) == (TELEGRAM, "Nice day")


async def test_saved_buttons_are_taken_at_once_by_the_letters_that_stand_there_now(
    folder: Folder, desk: DeskMaker
) -> None:
    with Writer(folder) as writer:
        for name in ("Apple", "Berry"):
            save_keyboard(writer, name, Design(text=f"{name} 1 | {name} 2"), replace=False)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "Which?")
        await press(agent, "ctrl+n", "ctrl+l", *"ber", "enter", "ctrl+s", "!")
        assert "Berry 1" in str(agent.inbox.composer.extras)
        assert composed(agent) == (TELEGRAM, "Which?!")
        await press(agent, "ctrl+n", "ctrl+l", *"berry", "ctrl+d", "ctrl+d", *["backspace"] * 5, "enter")
        await agent.until(lambda: rows(folder, "SELECT name FROM keyboards") == [("Apple",)])
        assert builder(agent)._lines.text == "Apple 1 | Apple 2"


async def test_the_enter_behind_the_one_that_sets_a_label_closes_however_late_it_comes(
    folder: Folder, desk: DeskMaker
) -> None:
    labels = "SELECT label FROM labels"
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        await press(agent, "t", *"vip", "enter")
        await press(agent, "enter", "r", *"je", "escape")
        await agent.until(lambda: rows(folder, labels) == [("vip",)])
        assert composed(agent) == (TELEGRAM, "je")
        await press(agent, "t", *"vip", "enter", "x", "backspace", "enter", "escape")
        await press(agent, "t", *"vip", "enter", "enter", "r", "!")
        await agent.until(lambda: rows(folder, labels) == [])
        assert composed(agent) == (TELEGRAM, "je!")


# Leaving a dialog.


@pytest.mark.parametrize("leaves", ["escape", "ctrl+q"])
async def test_the_last_letters_in_a_dialog_are_kept_however_it_is_left(
    folder: Folder, desk: DeskMaker, leaves: str
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        own = agent.inbox.session.reader.execute(
            "SELECT id FROM messages WHERE direction = 'outbound' AND body != '' AND external_id IS NOT NULL "
            "AND chat = ? ORDER BY position_at DESC",
            (agent.inbox.shown and agent.inbox.shown.pk,),
        ).fetchone()
        assert own is not None
        for opens in (["escape", "P"], ["E"], ["r", "ctrl+n"], ["r", "ctrl+t", "ctrl+n"]):
            await press(agent, *opens)
            field = agent.app.screen.query_one(Editor)
            agent.app.screen.set_focus(field)
            before = field.text
            await press(agent, *"je!", leaves)
            if "ctrl+t" in opens:
                await press(agent, "escape")
            await press(agent, "escape", "l", *opens[-1:] * (opens[0] != "r"), *opens * (opens[0] == "r"))
            assert agent.app.screen.query_one(Editor).text == f"{before}je!", opens
            await agent.app.pop_screen()
            while agent.app.screen is not agent.inbox:
                await agent.app.pop_screen()
            await press(agent, "escape")


async def test_a_dialog_that_is_left_with_its_work_unfinished_troubles_nobody(
    folder: Folder, desk: DeskMaker
) -> None:
    """Timers, news of letters and answers of threads come when it has gone."""
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        before = commands(folder)[0]
        for make in OPENED.values():
            dialog = make(agent.inbox)
            agent.app.push_screen(dialog)
            await press(agent, *"order", "down", "up", *"je", "escape", "escape")
            while agent.app.screen is not agent.inbox:
                await press(agent, "escape")
            await agent.until(lambda dialog=dialog: not dialog.is_attached)
            await asyncio.sleep(0.06)
            assert agent.app.fault is None, dialog
        await asyncio.sleep(0.3)
        await drawn(agent)
        assert agent.app.fault is None
        assert commands(folder)[0] == before, "nothing is on its way"


async def test_the_field_of_a_file_to_be_saved_does_not_close_under_who_types(
    folder: Folder, desk: DeskMaker, tmp_path: Path
) -> None:
    source = picture(tmp_path / "photo.png")
    async with desk(folder) as agent:
        place = await at_image(agent)
        await press(agent, "S", "ctrl+u", *f"{tmp_path}/one", "enter", *"eu")
        field = agent.app.screen.query_one(Input)
        assert field.value == f"{tmp_path}/oneeu"
        bring(agent, place, source)
        await agent.until(lambda: said(agent, "photo.png"))
        await press(agent, *"#r")
        assert field.value == f"{tmp_path}/oneeu#r"
        # With the file here, what is typed behind Enter is for what stands below.
        await press(agent, "enter", "r", *"hello")
        assert composed(agent)[1] == "hello"
        assert (tmp_path / "oneeu#r").read_bytes() == source.read_bytes()


async def test_a_post_that_is_gone_when_the_cursor_is_told_of_is_no_fault(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        profile_id = await with_comments(agent)
        comments, session = agent.app.screen, agent.inbox.session
        assert isinstance(comments, Comments)
        posts = [Post(f"post{number}", "published", AT - number, f"Post {number}") for number in range(3)]
        session.write(answers.keep_posts, profile_id, posts).result()
        comments.store_changed()
        await press(agent, "j", "j")
        comments._post_list.highlighted = 1
        comments._post_list.highlighted = 2
        session.write(answers.keep_posts, profile_id, posts[:1]).result()
        comments.store_changed()
        await agent.until(lambda: comments._post is not None and comments._post[1].post.id == "post0")
        assert agent.app.screen is comments


async def test_letters_for_a_dialog_that_cannot_be_read_are_no_keys_of_the_list(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(many: Many, ids: Sequence[str]) -> Survey:
        await asyncio.sleep(0.05)
        raise StoreError("The disk is gone")

    monkeypatch.setattr(Many, "survey", fails)
    async with desk(folder) as agent:
        await press(agent, "X")
        before = facts(folder)
        await press(agent, "t", *"e#]u", "enter", "P", *"*pin")
        await agent.until(lambda: agent.says("What you type is dropped until Esc"))
        await drawn(agent)
        assert agent.app.screen is agent.inbox
        assert facts(folder) == before


# What a key begins and does not end at once.


async def test_an_act_on_the_platform_is_turned_round_at_once(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await person_on(agent, "bluesky")
        await press(agent, "M", "M")
        await agent.until(lambda: agent.says("Bringing it back from the archive"))
        await person_on(agent, "instagram")
        await press(agent, "+", "-")
        await agent.until(lambda: [act for act, _ in queued(agent)] == ["unarchive", "unreact"])
        assert not agent.says("on its way already")


@pytest.mark.usefixtures("slow_store")
async def test_what_is_typed_behind_a_private_reply_or_a_new_chat_is_for_what_stands_below(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        await with_comments(agent)
        await press(agent, "enter", "enter", *"Yes", "enter", "enter", "r", *"je")
        assert composed(agent) == (TELEGRAM, "je")
        assert [payload["text"] for _, payload in queued(agent)] == ["Yes"]
        await press(agent, "escape", "c", *["j"] * 9, "enter", *"did:plc:abc", "enter", "r", *"u!")
        assert composed(agent) == (TELEGRAM, "jeu!")
        assert [act for act, _ in queued(agent)] == ["private_reply", "new_chat"]


async def test_what_is_typed_at_once_behind_the_key_to_the_next_hit_is_text_in_its_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await press(agent, "/", *"order", "enter")
        await agent.until(lambda: agent.context is Context.THREAD)
        first = composed(agent)[0]
        while composed(agent)[0] == first:
            await press(agent, "n", "r", *"e#]u ", "escape")
        assert composed(agent)[1] == "e#]u "
        await press(agent, "N", "r", *"zJK")
        assert composed(agent)[0] == first
        assert composed(agent)[1].endswith("zJK")
        await agent.inbox.drafts.saved()
        # Seen marks apart, which reading makes.
        names = ("outbox", "journal", "snoozes", "labels", "pins", "notes")
        assert all(not rows(folder, f"SELECT * FROM {name}") for name in names)


async def test_two_keys_that_undo_take_two_things_back(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(INSTAGRAM)
        await agent.press("*")
        await reply(agent, TELEGRAM, "held")
        await press(agent, "enter", "escape")
        await agent.until(lambda: agent.inbox.drafts.held() is not None)
        await press(agent, "z", "z", "r", *"!")
        await agent.until(lambda: rows(folder, "SELECT * FROM pins") == [])
        assert composed(agent) == (TELEGRAM, "held!")
        assert rows(folder, "SELECT state FROM outbox") == [("discarded",)]


async def test_nothing_behind_the_key_that_quits_is_carried_out(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "half a")
        post(agent, "ctrl+q", "enter", "escape", "e", "r", "x")
        await agent.until(lambda: not agent.app.is_running or agent.app._exit)
    assert rows(folder, "SELECT text FROM drafts") == [("half a",)]
    assert rows(folder, "SELECT * FROM outbox") == rows(folder, "SELECT * FROM journal") == []


async def test_nothing_behind_the_answer_to_quit_is_carried_out(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "held")
        await press(agent, "enter")
        await agent.until(lambda: agent.inbox.drafts.held() is not None)
        await agent.type("half a")
        post(agent, "ctrl+q", "enter", "enter", "escape", "e")
        await agent.until(lambda: not agent.app.is_running or agent.app._exit)
    assert rows(folder, "SELECT text FROM drafts") == [("half a",)]
    assert rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox") == [("held",)]
    assert rows(folder, "SELECT * FROM journal") == []


async def test_a_hit_that_is_found_late_does_not_take_who_types_elsewhere(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, found = Searcher.ask, asyncio.Event()

    async def late(searcher: Searcher, question: Callable[[sqlite3.Connection], object]) -> object:
        answer = await ask(searcher, question)
        await found.wait()
        return answer

    async with desk(folder) as agent:
        await press(agent, "/", *"order", "enter")
        await agent.until(lambda: agent.context is Context.THREAD)
        monkeypatch.setattr(begun, "MOST_SECONDS", 0.01)
        monkeypatch.setattr(Searcher, "ask", late)
        chat = composed(agent)[0]
        await press(agent, *"999n", "r", *"e#")
        await agent.until(lambda: composed(agent) == (chat, "e#"))
        found.set()
        await agent.until(lambda: agent.says("That was the last hit"))
        found.clear()
        await press(agent, "escape", "n", "r", *"]u")
        await agent.until(lambda: composed(agent) == (chat, "e#]u"))
        found.set()
        await agent.until(lambda: agent.says("The hit is found; n goes there"))
        await press(agent, *"zz")
        assert composed(agent) == (chat, "e#]uzz")


# Behind a send, whose text stands in the composer until it is in the outbox.


@pytest.fixture
def slow_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write takes a while longer."""
    writer = Session._open_writer

    def slowly(session: Session) -> Writer:
        time.sleep(0.1)
        return writer(session)

    monkeypatch.setattr(Session, "_open_writer", slowly)


SENT = "SELECT json_extract(payload, '$.text') FROM outbox WHERE state != 'discarded' ORDER BY pk"
BEHIND_A_TEXT: Sequence[tuple[Sequence[str], Sequence[str], str]] = (
    (["left", "left", "enter", *"next"], ["hello"], "next"),
    (["ctrl+a", "enter", *"next"], ["hello"], "next"),
    (["enter", "backspace", *"ab"], ["hello"], "ab"),
    (["enter", *"ab", "backspace", "left", "!"], ["hello"], "!a"),
    (["enter", "ctrl+z"], [], "hello"),
    (["enter", "ctrl+z", "backspace", "p", "enter", *"more"], ["hellp"], "more"),
    (["enter", *"two", "enter", *"three"], ["hello", "two"], "three"),
    (["enter", *"two", "ctrl+w", *"2", "enter"], ["hello", "2"], ""),
)
"""Keys behind `hello`, what they send, and what stands in the composer then."""


@pytest.mark.usefixtures("slow_store")
async def test_keys_behind_a_send_never_touch_what_is_sent(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        before: list[tuple[str]] = []
        for keys, sent, left in BEHIND_A_TEXT:
            await press(agent, *"hello", *keys)
            await agent.until(lambda left=left: composed(agent) == (TELEGRAM, left))
            before += [(text,) for text in sent]
            await agent.until(partial(lambda all_sent: rows(folder, SENT) == all_sent, before))
            await agent.inbox.drafts.saved()
            assert composed(agent) == (TELEGRAM, left), keys
            await agent.until(lambda left=left: drafts(folder) == [left] * bool(left))
            await press(agent, "ctrl+e", *["backspace"] * len(left))


async def test_the_key_behind_send_and_close_is_about_the_closed_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        row = agent.inbox.shown
        assert row is not None
        assert not row.done
        await press(agent, "r", *"bye", "ctrl+g", "e")
        # Closed, and then reopened.
        await agent.until(lambda: len(rows(folder, "SELECT * FROM journal")) == 1)
        assert rows(folder, "SELECT * FROM marks WHERE kind = 'done'") == []


# Names of emoji.


async def test_tab_takes_the_emoji_of_the_name_that_stands_there_now_and_no_other_word(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, ":sm")
        await agent.until(lambda: bool(agent.inbox.composer._suggested))
        await press(agent, *"ile and :tad", "tab")
        assert composed(agent)[1] == ":smile and 🎉"
        await press(agent, *" :hea")
        await agent.until(lambda: bool(agent.inbox.composer._suggested))
        before = agent.read()
        await press(agent, *"dline ", "escape", "j")
        assert composed(agent)[1] == ":smile and 🎉 :headline "
        assert agent.context is Context.THREAD
        assert agent.read() == before
