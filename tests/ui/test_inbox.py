"""The inbox in the words of the person at the keyboard."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from textual import events

from inbox_tui.core.errors import StoreError
from inbox_tui.core.models import Message
from inbox_tui.store import drafts, lookups, outbox, sends, writes
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.ui.actions import Context

from .conftest import DeskMaker
from .steps import rows


async def test_every_chat_of_every_platform_is_in_one_list(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        platforms = {row.chat.platform for row in agent.inbox.chats.window_rows}
        assert platforms == {"facebook", "instagram", "telegram", "bluesky"}
        keys = [row.key for row in agent.inbox.chats.window_rows]
        assert keys == sorted(keys, reverse=True)


async def test_enter_opens_a_chat_and_escape_goes_back(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("j", "enter")
        assert agent.context is Context.THREAD
        shown = agent.inbox.shown
        assert shown is not None
        assert shown.chat.title in agent.screen_text()
        await agent.press("escape")
        assert agent.context is Context.LIST


async def test_no_letter_typed_in_the_composer_is_a_command(folder: Folder, desk: DeskMaker) -> None:
    printable = "".join(chr(code) for code in range(0x20, 0x7F)) + "ñ€日🙂"
    async with desk(folder) as agent:
        await agent.press("enter", "r")
        before = agent.inbox.shown
        await agent.type(printable)
        assert agent.inbox.composer.text == printable
        assert agent.context is Context.TYPING
        assert agent.inbox.shown == before
    assert rows(folder, "SELECT count(*) FROM marks WHERE kind = 'done'") == [(0,)]
    assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


async def test_letters_typed_at_once_behind_the_reply_key_are_text(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("enter")
        for character in "reject # e u":
            key = {" ": "space", "#": "number_sign"}.get(character, character)
            agent.app.post_message(events.Key(key, character))
        await agent.until(lambda: agent.inbox.composer.text == "eject # e u")
    assert rows(folder, "SELECT count(*) FROM marks WHERE kind = 'done'") == [(0,)]


async def test_a_burst_of_keys_and_pastes_keeps_its_order_and_its_chats(
    folder: Folder, desk: DeskMaker
) -> None:
    """As after a slow line: everything arrives at once, and nothing may land in another chat."""
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        first = agent.inbox.shown
        assert first is not None
        burst: list[events.Event] = [events.Key(key, key) for key in "rabc"]
        burst += [events.Key("left", None), events.Key("x", "x"), events.Paste("-paste-")]
        burst += [events.Key("escape", None), *(events.Key(key, key) for key in "Jrdef")]
        for event in burst:
            agent.app.post_message(event)
        await agent.until(lambda: agent.inbox.composer.text == "def")
        second = agent.inbox.shown
        assert second is not None
        await agent.until(
            lambda: rows(folder, "SELECT text FROM drafts ORDER BY text") == [("abx-paste-c",), ("def",)]
        )
    assert set(rows(folder, "SELECT chat_id, text FROM drafts")) == {
        (first.chat.id, "abx-paste-c"),
        (second.chat.id, "def"),
    }


async def test_a_paste_where_nobody_types_changes_nothing_and_says_so(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        agent.app.post_message(events.Paste("reuse"))
        await agent.until(lambda: agent.says("Nothing was pasted: r opens the composer first"))
        assert agent.inbox.composer.text == ""
    assert rows(folder, "SELECT count(*) FROM marks WHERE kind = 'done'") == [(0,)]


async def test_what_is_typed_behind_enter_is_not_sent_with_it(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        for event in (
            *(events.Key(key, key) for key in "rone"),
            events.Key("enter", "\r"),
            *(events.Key(key, key) for key in "two"),
        ):
            agent.app.post_message(event)
        await agent.until(lambda: agent.inbox.composer.text == "two")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("two",)])
    assert rows(folder, "SELECT json_extract(payload, '$.text') FROM outbox") == [("one",)]


async def test_a_text_goes_to_the_chat_in_which_enter_was_pressed(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        first = agent.inbox.shown
        assert first is not None
        for event in (
            *(events.Key(key, key) for key in "rone"),
            events.Key("enter", "\r"),
            events.Key("escape", None),
            *(events.Key(key, key) for key in "Jrtwo"),
        ):
            agent.app.post_message(event)
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("two",)])
        assert agent.inbox.composer.text == "two"
    assert rows(folder, "SELECT chat_id, json_extract(payload, '$.text') FROM outbox") == [
        (first.chat.id, "one")
    ]


async def test_a_draft_belongs_to_its_chat_and_outlives_the_program(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("for Max")
        await agent.press("escape", "J")
        assert agent.inbox.composer.text == ""
        await agent.press("K")
        assert agent.inbox.composer.text == "for Max"
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        assert agent.inbox.composer.text == "for Max"
        assert "✎ draft" in agent.screen_text()


async def test_a_draft_reaches_the_file_while_it_is_typed(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("enter", "r")
        await agent.type("half a sen")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("half a sen",)])


async def test_enter_moves_the_text_into_the_outbox_and_empties_the_composer(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("It fits.")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        assert rows(folder, "SELECT state, json_extract(payload, '$.text') FROM outbox") == [
            ("held", "It fits.")
        ]
        assert rows(folder, "SELECT count(*) FROM drafts") == [(0,)]
        await agent.until(lambda: "leaves in" in agent.screen_text())
        assert "It fits." in agent.screen_text()


async def test_a_held_send_comes_back_into_the_composer(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("Too early")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        await agent.press("ctrl+z")
        await agent.until(lambda: agent.inbox.composer.text == "Too early")
    assert rows(folder, "SELECT state FROM outbox") == [("discarded",)]


async def test_an_empty_message_is_not_sent(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("enter", "r", "space", "enter")
        await agent.until(lambda: agent.says("Nothing to send"))
    assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


async def test_a_new_line_is_not_a_send(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("enter", "r", "a", "ctrl+j", "b")
        assert agent.inbox.composer.text == "a\nb"


async def test_a_paste_is_cleaned_whole_and_never_sends(folder: Folder, desk: DeskMaker) -> None:
    pasted = "one\r\ntwo\x1b]2;title\x07\n" + "x" * 5000
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        agent.app.post_message(events.Paste(pasted))
        await agent.until(lambda: agent.inbox.composer.text != "")
        assert agent.inbox.composer.text == "one\ntwo␛]2;title␇\n" + "x" * 5000
        await agent.press("enter")
        await agent.until(lambda: agent.says("too long"))
    assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


async def test_a_closed_window_locks_the_composer_and_says_why(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        closed = agent.inbox.session.reader.execute(
            "SELECT participant_name FROM chats WHERE platform = 'instagram' AND window_closes_at < ?",
            (1_780_315_200_000,),
        ).fetchone()[0]
        await agent.open(closed)
        await agent.until(lambda: "Window probably closed" in agent.screen_text())
        await agent.press("r")
        assert agent.context is Context.THREAD
        await agent.until(lambda: agent.says("Window probably closed"))


async def test_a_draft_in_a_closed_window_is_kept_and_can_be_changed(folder: Folder, desk: DeskMaker) -> None:
    with contextlib.closing(open_reader(folder)) as reader:
        chat_id, name = reader.execute(
            "SELECT id, participant_name FROM chats WHERE platform = 'facebook' AND window_closes_at < ?",
            (1_780_315_200_000,),
        ).fetchone()
    with Writer(folder) as writer:
        drafts.save(writer, chat_id, "still here", 10)
    async with desk(folder) as agent:
        await agent.open(name)
        await agent.press("r")
        await agent.type("x")
        assert agent.inbox.composer.text == "still herex"
        assert agent.context is Context.TYPING


async def test_reading_never_hides_a_customer(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        before = agent.read()
        await agent.open("Priya Tran")
        await agent.until(lambda: agent.read().unread < before.unread)
        assert agent.read().unanswered == before.unanswered
        assert "unanswered" in agent.screen_text()


async def test_done_closes_a_chat_and_done_again_opens_it(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        before = agent.read().unanswered
        await agent.open("Priya Tran")
        await agent.press("e")
        await agent.until(lambda: agent.read().unanswered == before - 1)
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.done)
        await agent.press("e")
        await agent.until(lambda: agent.read().unanswered == before)


async def test_a_failed_send_shows_its_reason_and_can_be_sent_again(folder: Folder, desk: DeskMaker) -> None:
    with contextlib.closing(open_reader(folder)) as reader:
        chat_id, name, reason = reader.execute(
            "SELECT c.id, c.participant_name, m.error_message FROM messages m JOIN chats c ON c.pk = m.chat "
            "WHERE m.status = 'failed' AND c.platform IN ('telegram', 'bluesky') LIMIT 1"
        ).fetchone()
    async with desk(folder, (140, 40)) as agent:
        await agent.open(name)
        await agent.until(lambda: "✗ failed" in agent.screen_text())
        assert reason[:30] in agent.screen_text()
        while (
            agent.inbox.thread.cursor_row is None
            or getattr(agent.inbox.thread.cursor_row.message, "status", "") != "failed"
        ):
            await agent.press("k")
        await agent.press("!")
        await agent.until(lambda: rows(folder, "SELECT state FROM outbox") == [("held",)])
    assert rows(folder, "SELECT chat_id FROM dismissed") == [(chat_id,)]


async def test_a_message_that_arrives_is_drawn_where_the_reader_is(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        shown = agent.inbox.shown
        assert shown is not None
        arrived = Message(
            id="new-one",
            chat_id=shown.chat.id,
            direction="inbound",
            status="received",
            created_at=1_780_315_201_000,
            body="a word from elsewhere",
        )
        with Writer(folder) as writer:
            writes.apply_messages(writer, [writes.MessagePage(shown.chat.id, [arrived])])
        await agent.until(lambda: "a word from elsewhere" in agent.screen_text())


async def test_a_reader_further_up_is_told_of_newer_messages_and_does_not_count_as_having_seen_them(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, (80, 16)) as agent:
        await agent.open("Max Whitlock")
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.unread == 0)
        assert "newer below" not in agent.screen_text()
        await agent.press("g", "g")
        await agent.until(lambda: "newer below" in agent.screen_text())
        await agent.press("J")
        assert "newer below" not in agent.screen_text()
        await agent.press("K", "g", "g")
        await agent.until(lambda: "newer below" in agent.screen_text())
        shown = agent.inbox.shown
        assert shown is not None
        arrived = Message(
            id="late",
            chat_id=shown.chat.id,
            direction="inbound",
            status="received",
            created_at=1_780_315_201_000,
            body="one more thing",
        )
        before = agent.screen_text()
        with Writer(folder) as writer:
            writes.apply_messages(writer, [writes.MessagePage(shown.chat.id, [arrived])])
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.unread == 1)
        assert before.splitlines()[2] in agent.screen_text()
        await agent.pilot.pause(1.2)
        assert agent.inbox.shown is not None
        assert agent.inbox.shown.unread == 1
        await agent.press("G")
        await agent.until(lambda: agent.inbox.shown is not None and agent.inbox.shown.unread == 0)


async def test_the_list_keeps_the_cursor_on_its_chat_when_another_moves_up(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.press("j", "j", "j")
        chosen = agent.inbox.chats.cursor_row
        last = agent.inbox.session.reader.execute("SELECT id FROM chats ORDER BY sort_at LIMIT 1").fetchone()[
            0
        ]
        row = lookups.chat(agent.inbox.session.reader, last)
        assert row is not None
        assert chosen is not None
        from dataclasses import replace

        with Writer(folder) as writer:
            writes.apply_chats(writer, [replace(row.chat, last_message_at=1_780_315_300_000)])
        await agent.until(lambda: agent.inbox.chats.window_rows[0].chat.id == last)
        now = agent.inbox.chats.cursor_row
        assert now is not None
        assert now.chat.id == chosen.chat.id


async def test_a_draft_that_cannot_be_written_is_told_and_stays_in_the_composer(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("The disk is full", "Free some space")

    monkeypatch.setattr(drafts, "save", full)
    async with desk(folder) as agent:
        await agent.press("enter", "r")
        await agent.type("still here")
        await agent.until(lambda: agent.says("The disk is full. Free some space"))
        assert agent.inbox.composer.text == "still here"
        assert agent.context is Context.TYPING
        await agent.press("escape", "J", "K")
        assert agent.inbox.composer.text == "still here"


async def test_a_send_that_cannot_be_written_keeps_its_text(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full", "Free some space")

    monkeypatch.setattr(sends, "queue_send", full)
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("not lost")
        await agent.press("enter")
        await agent.until(lambda: agent.says("The disk is full"))
        assert agent.inbox.composer.text == "not lost"


async def test_the_list_is_filtered_by_the_query_language(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("\\")
        assert agent.context is Context.TYPING
        await agent.type("platform:bsky")
        await agent.until(lambda: {row.chat.platform for row in agent.inbox.chats.window_rows} == {"bluesky"})
        await agent.type(" from:jane")
        await agent.until(lambda: len(agent.inbox.chats.window_rows) == 1)
        await agent.press("enter")
        assert agent.context is Context.LIST
        await agent.press("escape")
        await agent.until(lambda: len(agent.inbox.chats.window_rows) > 50)


async def test_the_query_that_stands_there_is_selected_so_that_typing_replaces_it(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.type("\\platform:bsky")
        await agent.press("enter")
        await agent.type("\\from:max")
        assert agent.inbox.filter_bar.field.value == "from:max"
        await agent.press("enter")
        await agent.press("\\", "end")
        await agent.type(" -x")
        assert agent.inbox.filter_bar.field.value == "from:max -x"


async def test_a_query_error_points_at_its_place(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.press("\\")
        await agent.type("platfrom:tg")
        await agent.until(lambda: "column 1" in agent.screen_text())


@pytest.mark.parametrize(("size", "panes"), [((140, 40), 3), ((80, 24), 2), ((60, 20), 1), ((40, 10), 1)])
async def test_panes_follow_the_width_and_everything_is_reachable(
    folder: Folder, desk: DeskMaker, size: tuple[int, int], panes: int
) -> None:
    async with desk(folder, size) as agent:
        shown = [
            name
            for name in ("#list-pane", "#thread-pane", "#customer-pane")
            if agent.inbox.query_one(name).region.area
        ]
        assert len(shown) == panes
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("hello")
        text = agent.screen_text()
        assert "hello" in text
        assert "TYPING" in text
        await agent.press("escape", "escape")
        assert agent.context is Context.LIST
        assert "Max Whitlock" in agent.screen_text()


async def test_resizing_keeps_the_chat_the_place_and_the_draft(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (140, 40)) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("kept")
        for size in ((80, 24), (50, 12), (140, 40)):
            await agent.resize(*size)
            await agent.pilot.pause()
            assert "kept" in agent.screen_text()
        shown = agent.inbox.shown
        assert shown is not None
        assert shown.chat.title == "Max Whitlock"


async def test_help_shows_every_key(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (100, 60)) as agent:
        await agent.press("?")
        await agent.until(lambda: "Send a failed or uncertain message again" in agent.screen_text())
        await agent.press("end")
        await agent.until(
            lambda: "¶                 A private note is kept with the chat" in agent.screen_text()
        )
        await agent.press("escape")
        await agent.until(lambda: agent.app.screen is agent.inbox)


async def test_two_terminals_see_each_others_work(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as one, desk(folder) as two:
        await one.open("Max Whitlock")
        await one.press("r")
        await one.type("from the first")
        await one.press("enter")
        await two.open("Max Whitlock")
        await two.until(lambda: "from the first" in two.screen_text())


def test_the_folder_of_the_account_is_private(filled: Path) -> None:
    assert filled.stat().st_mode & 0o077 == 0
    assert (filled / "local.db").stat().st_mode & 0o077 == 0


async def test_a_send_of_ours_that_the_platform_failed_goes_again_in_its_place(
    folder: Folder, desk: DeskMaker
) -> None:
    with contextlib.closing(open_reader(folder)) as reader:
        chat_id, profile_id = reader.execute(
            "SELECT id, profile_id FROM chats WHERE participant_name = 'Max Whitlock'"
        ).fetchone()
    failed = Message(
        id="ours",
        chat_id=chat_id,
        direction="outbound",
        status="failed",
        created_at=1_780_315_100_000,
        body="first try",
        error_message="Bad Gateway",
    )
    with Writer(folder) as writer:
        item = sends.queue_send(writer, chat_id, profile_id, {"text": "first try"}, hold_ms=0)
        outbox.move(writer, item, State.FAILED, title="Bad Gateway", message_id="ours")
        writes.apply_messages(writer, [writes.MessagePage(chat_id, [failed])])
    async with desk(folder, (140, 40)) as agent:
        await agent.open("Max Whitlock")
        while getattr(agent.inbox.thread.cursor_row, "message", None) != failed:
            await agent.press("k")
        await agent.press("!")
        await agent.until(lambda: rows(folder, "SELECT pk, state FROM outbox") == [(item.pk, "queued")])
