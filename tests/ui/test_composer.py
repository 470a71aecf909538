"""Writing an answer, in the words of the person who writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC

import pytest
import time_machine
from textual import events

from inbox_tui.core.models import Message
from inbox_tui.core.text import is_path
from inbox_tui.core.times import clock
from inbox_tui.store import writes
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.ui import composer as composing
from inbox_tui.ui import drafts, external_editor, pulse, sending
from inbox_tui.ui.actions import Context
from inbox_tui.ui.external_editor import NoText

from .conftest import NOW, Desk, DeskMaker
from .steps import INSTAGRAM, TELEGRAM, reply, rows

NOW_MS = int(NOW.timestamp() * 1000)
DAY = 86_400_000


async def select(agent: Desk, wanted: Callable[[Message], bool]) -> Message:
    """Go up in the thread to a message."""
    while True:
        row = agent.inbox.thread.cursor_row
        assert row is not None
        if row.message is not None and wanted(row.message):
            return row.message
        await agent.press("k")


def said_elsewhere(chat_id: str, at: int, **fields: object) -> Message:
    """A reply that somebody else has made."""
    message = Message("theirs", chat_id, "outbound", "published", at, posted_at=at, body="We are on it.")
    return replace(message, **fields)


def chat_of(agent: Desk) -> str:
    """The chat that is shown."""
    assert agent.inbox.shown is not None
    return agent.inbox.shown.chat.id


# ---------------------------------------------------------------- typing


async def test_control_z_undoes_typing_as_long_as_something_stands_there(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "sent")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        await agent.type("one")
        await agent.press("ctrl+j")
        await agent.type("two")
        await agent.press("ctrl+z")
        assert agent.inbox.composer.text == "one\n"
        await agent.press("ctrl+y")
        assert agent.inbox.composer.text == "one\ntwo"
        assert rows(folder, "SELECT state FROM outbox") == [("held",)]


async def test_control_z_in_an_empty_composer_undoes_the_deleting_when_nothing_is_held(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "gone")
        await agent.press("ctrl+u")
        assert agent.inbox.composer.text == ""
        await agent.press("ctrl+z")
        assert agent.inbox.composer.text == "gone"
        await agent.press("ctrl+z", "ctrl+z")
        await agent.until(lambda: agent.says("Nothing can be taken back any more"))


async def test_a_draft_in_a_chat_that_has_closed_can_be_removed_and_brought_back(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, INSTAGRAM, "kept")
        with before_close(agent, seconds=-1):
            await agent.until(lambda: agent.inbox.composer.locked)
            await agent.press("escape", "r", *["backspace"] * 4)
            await agent.until(lambda: rows(folder, "SELECT count(*) FROM drafts") == [(0,)])
            await agent.press("ctrl+z")
            assert agent.inbox.composer.text == "kept"
            await agent.press("ctrl+u", "escape")
            await agent.until(lambda: agent.inbox.composer.editor.read_only)
            await agent.press("r")
            assert agent.says("Window probably closed")
            assert agent.context is Context.THREAD


async def test_the_keys_of_a_composer_that_only_cannot_send_are_those_that_work(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, INSTAGRAM, "")
        with before_close(agent, seconds=-1):
            await agent.until(lambda: agent.inbox.composer.locked)
            await agent.until(lambda: "⏎ send" not in agent.screen_text())
            await agent.press("enter")
            assert agent.says("Window probably closed")
            await agent.type("still here")
            assert agent.inbox.composer.text == "still here"
            assert "⏎ send" not in agent.screen_text()
            assert "Only sending is locked" in agent.screen_text()


async def test_a_paste_of_ten_million_characters_is_refused_whole(folder: Folder, desk: DeskMaker) -> None:
    from textual import events

    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "mine")
        agent.app.post_message(events.Paste("x" * 10_000_000))
        await agent.until(lambda: agent.says("The paste has 10,000,000 characters"))
        assert agent.inbox.composer.text == "mine"


# ---------------------------------------------------------------- emoji


async def test_tab_takes_an_emoji_by_the_beginning_of_its_name_and_the_next_one(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "Yes :tad")
        await agent.until(lambda: "🎉 tada" in agent.screen_text())
        await agent.press("tab")
        assert agent.inbox.composer.text == "Yes 🎉"
        await agent.press("tab")
        assert agent.inbox.composer.text == "Yes 🏟️"
        await agent.press("shift+tab")
        await agent.type("!")
        assert agent.inbox.composer.text == "Yes 🎉!"
        await agent.until(lambda: "tada" not in agent.screen_text())


async def test_a_second_colon_makes_an_emoji_of_a_name_and_undo_gives_the_name_back(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "ok :+1: :nosuchname: at 10:30: http://a:b:")
        assert agent.inbox.composer.text == "ok 👍 :nosuchname: at 10:30: http://a:b:"
        await agent.press("ctrl+u")
        await agent.type(":+1:")
        await agent.press("ctrl+z")
        assert agent.inbox.composer.text == ":+1:"


async def test_escape_puts_the_suggestions_away_before_it_leaves(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, ":hear")
        await agent.until(lambda: "heart" in agent.screen_text())
        await agent.press("escape")
        assert agent.context is Context.TYPING
        assert "heart" not in agent.screen_text()
        await agent.press("tab")
        assert agent.inbox.composer.text == ":hear"
        await agent.press("escape")
        assert agent.context is Context.THREAD


# ---------------------------------------------------------------- reply to a message


async def test_a_reply_to_a_message_shows_it_and_takes_it_along(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        message = await select(agent, lambda each: each.inbound and bool(each.body))
        assert message.body is not None
        await agent.press("R")
        assert agent.context is Context.TYPING
        assert f"┃ reply to {TELEGRAM}: [image] {message.body[:11]}" in agent.screen_text()
        await agent.type("This one?")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        assert "┃ reply to" not in agent.screen_text()
    payload = rows(
        folder,
        "SELECT json_extract(payload, '$.text', '$.reply_to', '$.reply_to_id') FROM outbox",
    )
    assert payload == [(f'["This one?","{message.external_id}","{message.id}"]',)]


async def test_what_is_replied_to_is_kept_with_the_draft_and_comes_back_with_the_send(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        message = await select(agent, lambda each: each.inbound)
        await agent.press("R")
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM drafts") == [(1,)])
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "later")
        assert "┃ reply to" in agent.screen_text()
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        await agent.press("ctrl+z")
        await agent.until(lambda: agent.inbox.composer.text == "later")
        assert agent.inbox.composer.extras == {"reply_to": message.external_id, "reply_to_id": message.id}


@pytest.mark.parametrize(("text", "key"), [("", "escape"), ("", "backspace"), ("x", "backspace")])
async def test_a_reply_to_a_message_is_made_a_plain_one_again(
    folder: Folder, desk: DeskMaker, text: str, key: str
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        await select(agent, lambda each: each.inbound)
        await agent.press("R")
        await agent.type(text)
        await agent.press("home", key)
        assert agent.inbox.composer.extras == {}
        assert agent.inbox.composer.text == text
        assert agent.context is Context.TYPING
        await agent.press("escape", "R", "escape", "R")
        assert agent.inbox.composer.extras == {}, "the same key on the same message"


async def test_where_the_platform_has_no_replies_to_a_message_the_key_says_so(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(INSTAGRAM)
        await agent.press("R")
        assert agent.context is Context.THREAD
        await agent.until(lambda: agent.says("Instagram"))
        assert "reply to it" not in agent.screen_text()


async def test_a_message_that_was_deleted_meanwhile_is_not_replied_to(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        message = await select(agent, lambda each: each.inbound)
        await agent.press("R")
        await agent.type("too late")
        with Writer(folder) as writer:
            gone = replace(message, body=None, deleted_at=NOW_MS)
            writes.apply_messages(writer, [writes.MessagePage(chat_of(agent), [gone])])
        await agent.until(lambda: "reply to Max Whitlock: message deleted" in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: agent.says("The message was deleted"))
        assert agent.inbox.composer.text == "too late"
    assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


# ---------------------------------------------------------------- answered elsewhere


async def test_a_reply_of_somebody_else_has_to_be_looked_at_before_the_draft_is_sent(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "mine")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("mine",)])
        with Writer(folder) as writer:
            theirs = said_elsewhere(chat_of(agent), NOW_MS + 60_000)
            writes.apply_messages(writer, [writes.MessagePage(chat_of(agent), [theirs])])
        await agent.until(lambda: "Answered elsewhere at 12:01: We are on it." in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: agent.says("Nothing was sent; press ⏎ again"))
        assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
    assert rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox") == [("mine",)]


async def test_a_draft_that_was_begun_after_the_reply_needs_no_second_key(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        with Writer(folder) as writer:
            theirs = said_elsewhere(chat_of(agent), NOW_MS - 60_000)
            writes.apply_messages(writer, [writes.MessagePage(chat_of(agent), [theirs])])
        await agent.press("r")
        await agent.type("after it")
        await agent.press("enter")
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM outbox") == [(1,)])


@pytest.mark.parametrize("size", [(44, 10), (80, 16), (80, 24), (140, 40)])
async def test_what_stands_around_a_long_text_is_seen_in_every_size(
    folder: Folder, desk: DeskMaker, size: tuple[int, int]
) -> None:
    async with desk(folder, size) as agent:
        await agent.open(TELEGRAM)
        await select(agent, lambda each: each.inbound)
        await agent.press("R")
        agent.inbox.composer.put(file="/photo.png", size=1, type="image/png")
        agent.inbox.composer.set_draft("line\n" * 30 + "the last", agent.inbox.composer.extras)
        agent.inbox.drafts.typed()
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM drafts") == [(1,)])
        with Writer(folder) as writer:
            theirs = said_elsewhere(chat_of(agent), NOW_MS + 60_000)
            writes.apply_messages(writer, [writes.MessagePage(chat_of(agent), [theirs])])
        await agent.until(lambda: "Answered elsewhere" in agent.screen_text())
        text = agent.screen_text()
        assert "tg · Acme Shop" in text
        assert "┃ reply to" in text
        assert "the last" in text
        assert "TYPING" in text
        await agent.type(" :tada")
        await agent.until(lambda: "Tab 🎉" in agent.screen_text().replace("Tab  ", "Tab "))


# ---------------------------------------------------------------- send and done


async def test_send_and_done_closes_the_chat_and_taking_it_back_opens_it(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "Bye")
        await agent.press("ctrl+g")
        assert agent.context is Context.THREAD
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM marks WHERE kind = 'done'") == [(1,)])
        await agent.press("z")
        await agent.until(lambda: agent.inbox.composer.text == "Bye")
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM marks WHERE kind = 'done'") == [(0,)])


async def test_send_and_done_does_neither_where_nothing_can_be_sent(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await agent.press("ctrl+g")
        await agent.until(lambda: agent.says("Nothing to send"))
        assert agent.context is Context.TYPING
    assert rows(folder, "SELECT count(*) FROM marks WHERE kind = 'done'") == [(0,)]


# ---------------------------------------------------------------- the reply window


@contextlib.contextmanager
def before_close(agent: Desk, *, seconds: float) -> Iterator[int]:
    """Let so many seconds be left of the reply window of the chat that is shown; when it closes."""
    shown = agent.inbox.shown
    assert shown is not None
    assert shown.window_closes_at is not None
    with time_machine.travel(shown.window_closes_at / 1000 - seconds, tick=True):
        yield shown.window_closes_at


async def test_the_window_counts_down_in_the_title_and_in_the_composer(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, INSTAGRAM)
        for seconds, words in ((7_800, "⏳ closing in 2h0"), (1_900, "⏳ urgent: 31m")):
            with before_close(agent, seconds=seconds) as closes_at:
                await agent.until(lambda words=words: agent.screen_text().count(words) == 2)
                at = clock(closes_at, agent.inbox.thread.zone or UTC)
        words = f"Urgent: the reply window closes at {at}, in 31m"
        with before_close(agent, seconds=1_900):
            await agent.until(lambda: words in agent.screen_text())


async def test_a_window_that_closes_while_one_types_locks_and_keeps_the_text_and_the_next_word_opens_it(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, INSTAGRAM, "still typ")
        with before_close(agent, seconds=0.5) as at:
            await agent.until(lambda: agent.inbox.composer.locked)
            await agent.type("ing")
            assert not agent.says("Window probably closed"), "typing is refused to nobody"
            for _ in range(3):
                await agent.press("enter")
            assert [str(note.message)[:6] for note in agent.app._notifications] == ["Window"]
            assert agent.inbox.composer.text == "still typing"
            assert (
                f"⛔ Window probably closed {clock(at, agent.inbox.thread.zone or UTC)}"
                in agent.screen_text()
            )
            assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]
            word = Message("w", chat_of(agent), "inbound", "received", at, posted_at=at, body="?")
            with Writer(folder) as writer:
                writes.apply_messages(writer, [writes.MessagePage(chat_of(agent), [word])])
            await agent.until(lambda: not agent.inbox.composer.locked)
            await agent.type("!")
            await agent.press("enter")
            await agent.until(lambda: agent.inbox.composer.text == "")
        assert rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox") == [("still typing!",)]


async def test_a_send_shortly_before_the_window_closes_is_held_for_less(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(folder) as agent:
        await reply(agent, INSTAGRAM, "quick")
        with before_close(agent, seconds=60):
            monkeypatch.setattr(sending, "LEAVING_MS", 58_000)
            await agent.press("enter")
            await agent.until(lambda: rows(folder, "SELECT count(*) FROM outbox") == [(1,)])
    assert rows(folder, "SELECT held_until - created_at < 3000 FROM outbox") == [(1,)]


# ---------------------------------------------------------------- external editor


@pytest.fixture
def suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilot has no terminal that could be handed to an editor; tests/e2e has."""
    from inbox_tui.ui.app import InboxApp

    monkeypatch.setattr(InboxApp, "suspend", lambda _: contextlib.nullcontext())


@pytest.mark.usefixtures("suspended")
async def test_what_the_editor_leaves_is_the_text_and_one_step_for_undo(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_editor, "written_in_editor", lambda _, text: f"{text} and\nmore")
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "short")
        await agent.press("ctrl+o")
        await agent.until(lambda: agent.inbox.composer.text == "short and\nmore")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("short and\nmore",)])
        await agent.press("ctrl+z")
        assert agent.inbox.composer.text == "short"


@pytest.mark.usefixtures("suspended")
async def test_where_the_editor_fails_the_text_stays_and_the_reason_is_said(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise NoText("The editor vi failed with code 1")

    monkeypatch.setattr(external_editor, "written_in_editor", fail)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "as it was")
        await agent.press("ctrl+o")
        await agent.until(lambda: agent.says("The editor vi failed with code 1; the text is as it was"))
        assert agent.inbox.composer.text == "as it was"


# ---------------------------------------------------------------- what a key costs


async def test_a_key_costs_the_same_in_a_draft_of_4000_characters(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    counted_measure, counted_unsent = composing.measure, drafts.Drafts._unsent

    def measure(platform: str, text: str) -> object:
        looked.append("measured")
        return counted_measure(platform, text)

    def unsent(self: drafts.Drafts, chat_id: str) -> object:
        looked.append("compared")
        return counted_unsent(self, chat_id)

    monkeypatch.setattr(composing, "measure", measure)
    monkeypatch.setattr(drafts.Drafts, "_unsent", unsent)
    monkeypatch.setattr(composing, "METER_SECONDS", 3600.0)
    monkeypatch.setattr(drafts, "DRAFT_SECONDS", 3600.0)
    # Looks at what others have written, and at the clock, are no cost of a key.
    monkeypatch.setattr(pulse, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(pulse, "TICK_SECONDS", 3600.0)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        for text in ("", "слово 🙂 word " * 285):
            agent.inbox.composer.set_draft(text, {})
            looked.clear()
            statements: list[str] = []
            agent.inbox.session.reader.set_trace_callback(statements.append)
            await agent.type("fifty letters, typed as fast as they can be typed.")
            agent.inbox.session.reader.set_trace_callback(None)
            assert agent.inbox.composer.text.endswith("can be typed.")
            assert looked == [], "nobody looks at the whole text while it is typed"
            assert [each for each in statements if "drafts" in each] == []


async def test_the_meter_follows_a_moment_later(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, INSTAGRAM, "ünf")
        await agent.until(lambda: "996/1000" in agent.screen_text())


async def test_enter_right_behind_the_editors_key_sends_nothing(
    desk: DeskMaker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_editor, "written_in_editor", lambda folder, text: f"{text} and more")
    async with desk(folder) as at:
        monkeypatch.setattr(at.app, "suspend", contextlib.nullcontext)
        await at.open("Jane Doe")
        await at.press("r")
        await at.type("Hello")
        at.app.post_message(events.Key("ctrl+o", None))
        at.app.post_message(events.Key("enter", None))
        await at.until(lambda: at.inbox.composer.text == "Hello and more")
        count = at.inbox.session.reader.execute("SELECT count(*) FROM local.outbox").fetchone()
        assert count == (0,)
        await at.press("enter")
        await at.until(lambda: at.inbox.composer.text == "")


async def test_the_line_of_the_recipient_follows_the_name_of_the_person(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open(TELEGRAM)
        assert f"→ {TELEGRAM}" in agent.screen_text()

        def rename(writer: Writer) -> None:
            writer.cache.execute(
                "UPDATE chats SET participant_name = 'Jane Pemberton' WHERE participant_name = ?", (TELEGRAM,)
            )
            writes.refold_chats(writer, [chat_id])

        assert agent.inbox.shown is not None
        chat_id = agent.inbox.shown.chat.id
        agent.inbox.session.write(rename).result()
        await agent.until(lambda: "→ Jane Pemberton" in agent.screen_text())
        assert TELEGRAM not in agent.screen_text()


async def test_a_path_that_was_meant_for_the_field_of_files_is_asked_about_and_then_sent(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, "Jane Marsh", "~/parcels/jane doe.png")
        await agent.press("enter")
        await agent.until(lambda: agent.says("This is a path, not a message: Bluesky"))
        await agent.until(lambda: agent.says("Press ⏎ again to send it as text"))
        assert rows(folder, "SELECT * FROM outbox") == []
        await agent.type("x")
        await agent.press("enter")
        await agent.pilot.pause()
        assert rows(folder, "SELECT * FROM outbox") == [], "it was said of another text"
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        assert len(rows(folder, "SELECT * FROM outbox")) == 1


@pytest.mark.parametrize("text", ["/start", "/ no", "and/or", "~", "see /home/jane", "/a/b\nis it"])
def test_what_only_has_slashes_is_no_path(text: str) -> None:
    assert not is_path(text)
