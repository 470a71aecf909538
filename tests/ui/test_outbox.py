"""The outbox: a lasting place for everything that has not arrived, and for words that were given up."""

from __future__ import annotations

from textual.widgets import Static

from inbox_tui.core.models import JsonObject
from inbox_tui.store import outbox
from inbox_tui.store.acts import ActName, comment_chat, new_chat_of, queue_act
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.confirm import Confirm
from inbox_tui.ui.dialogs.outbox import Outbox

from .conftest import Desk, DeskMaker
from .steps import drafts, fail, press, rows, said, screen_words

WHY = "Meta did not take it"


def strand(folder: Folder, state: State = State.FAILED) -> None:
    """A private reply and a new chat that went wrong: no chat of the list shows them."""
    with Writer(folder) as writer:
        (profile,) = writer.cache.execute("SELECT id FROM profiles WHERE platform = 'facebook'").fetchone()
        reply: JsonObject = {
            "post_id": "p",
            "comment_id": "c1",
            "comment_external_id": "x",
            "text": "Sizes: M, L",
        }
        queued = [
            queue_act(writer, ActName.PRIVATE_REPLY, comment_chat("c1"), profile, reply, hold_ms=0),
            queue_act(writer, ActName.NEW_CHAT, new_chat_of(profile, "42"), profile, {"participant": "42"}),
        ]
        for item in queued:
            outbox.move(writer, item, state, title=WHY, hint="Try it later")


def states(folder: Folder) -> list[tuple[object, ...]]:
    return rows(folder, "SELECT act, state FROM outbox ORDER BY pk")


async def listed(agent: Desk) -> None:
    await agent.press("O")
    await agent.until(lambda: isinstance(agent.app.screen, Outbox))


async def test_what_failed_outside_of_any_chat_has_a_place_and_keys(folder: Folder, desk: DeskMaker) -> None:
    strand(folder)
    async with desk(folder, (80, 24)) as agent:
        assert "✗2 O" in agent.screen_text() or "2 undelivered (O)" in agent.screen_text()
        await listed(agent)
        words = screen_words(agent)
        assert "✗ failed · fb new chat with 42" in words
        assert "✗ failed · fb private reply to a comment" in words
        assert f"{WHY}. Try it later" in words
        assert "! send again · D give up · ⏎ open the chat" in words
        await agent.press("!")
        await agent.until(lambda: states(folder)[1] == ("new_chat", "queued"))
        await agent.until(lambda: "waits · fb new chat with 42" in screen_words(agent))
        # What waits for a decision is first; the cursor stays with its item.
        await agent.press("k", "D")
        await agent.until(lambda: states(folder)[0] == ("private_reply", "discarded"))
        await agent.until(lambda: "given up · fb private reply" in screen_words(agent))
        await agent.until(lambda: "z back to a draft · ⏎ open the chat" in screen_words(agent))
        assert "! send again" not in screen_words(agent)
        await agent.press("z")
        await agent.until(lambda: agent.says("It is the draft for its comment again: C goes there"))
        assert rows(folder, "SELECT chat_id, text FROM drafts") == [("comment:c1", "Sizes: M, L")]
        await agent.until(lambda: "given up" not in screen_words(agent))
        await agent.press("escape")
        await agent.until(lambda: "undelivered" not in agent.screen_text())


async def test_a_private_reply_that_may_have_arrived_is_asked_about_before_it_goes_again(
    folder: Folder, desk: DeskMaker
) -> None:
    strand(folder, State.UNCERTAIN)
    async with desk(folder) as agent:
        await listed(agent)
        await agent.press("j", "!")
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        question = " ".join(str(line.content) for line in agent.app.screen.query(Static))
        assert "the customer gets it twice" in question
        await agent.press("n")
        await agent.until(lambda: isinstance(agent.app.screen, Outbox))
        assert states(folder)[0] == ("private_reply", "uncertain")


async def test_words_that_were_given_up_can_be_had_back_after_a_restart(
    folder: Folder, desk: DeskMaker
) -> None:
    fail(folder, "Max Whitlock", "A long and careful answer")
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("D")
        await agent.until(lambda: states(folder) == [("send", "discarded")])
    async with desk(folder) as agent:
        await listed(agent)
        assert "given up · tg message to Max Whitlock" in screen_words(agent)
        await agent.press("z")
        await agent.until(lambda: drafts(folder) == ["A long and careful answer"])
        await agent.until(
            lambda: "Nothing that was written here waits, and nothing was given up." in screen_words(agent)
        )


async def test_a_held_message_is_taken_back_there_and_enter_goes_to_its_chat(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Max Whitlock")
        await agent.press("r")
        await agent.type("Just a moment")
        await agent.press("enter", "escape", "escape")
        await agent.until(lambda: len(states(folder)) == 1)
        await listed(agent)
        assert "held for a moment" in screen_words(agent)
        await agent.press("D")
        assert agent.says("It is on its way; only what failed or is uncertain can be given up")
        await agent.press("z")
        await agent.until(lambda: agent.says("Back as the draft for Max Whitlock"))
        await agent.press("O")
        fail(folder, "Max Whitlock", "no luck")
        await listed(agent)
        await agent.until(lambda: "no luck" in screen_words(agent))
        await agent.press("enter")
        await agent.until(
            lambda: agent.inbox.shown is not None and agent.inbox.shown.chat.title == "Max Whitlock"
        )
        assert agent.inbox.composer.text == "Just a moment"


async def test_the_outbox_tells_of_failed_messages_that_only_the_service_knows(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await listed(agent)
        await agent.until(lambda: said(agent, "✗ failed messages stand in 4 chats"))
        assert said(agent, "gf lists them")
        fail(folder, "Caleb Carver", "not sent either")
        await agent.until(lambda: said(agent, "✗ failed messages stand in 3 chats"))


async def test_an_item_that_leaves_by_itself_puts_no_other_one_under_the_keys(
    folder: Folder, desk: DeskMaker
) -> None:
    fail(folder, "Max Whitlock", "first", "second")
    async with desk(folder) as agent:
        await listed(agent)
        dialog = agent.app.screen
        assert isinstance(dialog, Outbox)
        first = dialog._entry
        assert first is not None
        with Writer(folder) as engine:
            engine.local.execute("UPDATE outbox SET state = 'settled' WHERE pk = ?", (first.item.pk,))
            engine.local.commit()
        dialog.store_changed()
        dialog.store_changed()
        await press(agent, "!", "D", "enter")
        assert agent.app.screen is dialog
        assert "What stood here has left" in screen_words(agent)
        assert states(folder).count(("send", "failed")) == 1
        await press(agent, "j", "D")
        await agent.until(lambda: states(folder).count(("send", "discarded")) == 1)


async def test_an_item_that_was_sent_again_leaves_by_itself_too(folder: Folder, desk: DeskMaker) -> None:
    fail(folder, "Max Whitlock", "first", "second")
    async with desk(folder) as agent:
        await listed(agent)
        dialog = agent.app.screen
        assert isinstance(dialog, Outbox)
        first = dialog._entry
        assert first is not None
        await press(agent, "!")
        await agent.until(lambda: states(folder).count(("send", "queued")) == 1)
        with Writer(folder) as engine:
            engine.local.execute("UPDATE outbox SET state = 'settled' WHERE pk = ?", (first.item.pk,))
            engine.local.commit()
        await agent.until(lambda: len(dialog._entries) == 1)
        await press(agent, "D")
        assert "What stood here has left" in screen_words(agent)
        assert states(folder).count(("send", "failed")) == 1
