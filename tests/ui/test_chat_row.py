"""What a row of the chat list tells of its chat."""

from __future__ import annotations

import pytest

from inbox_tui.core.models import Message
from inbox_tui.core.times import age
from inbox_tui.store import triage, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.views import View
from inbox_tui.store.writer import Writer

from .conftest import NOW, Desk, DeskMaker

NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = 60_000
SIZES = [(80, 24), (120, 30), (200, 40)]


def row_of(agent: Desk, name: str) -> tuple[str, str]:
    """The two lines of a chat in the list."""
    lines = [line[: agent.inbox.chats.size.width] for line in agent.screen_text().splitlines()]
    at = next(number for number, line in enumerate(lines) if number and f" {name} " in line.replace("▸", " "))
    return lines[at], lines[at + 1]


def of_chat(writer: Writer, name: str) -> str:
    """The id of a person's chat."""
    (found,) = writer.cache.execute("SELECT id FROM chats WHERE participant_name = ?", (name,)).fetchone()
    return str(found)


def says(folder: Folder, name: str, *messages: tuple[str, str, int, str]) -> None:
    """Messages in a chat: direction, status, minutes ago, words."""
    with Writer(folder) as writer:
        chat_id = of_chat(writer, name)
        made = [
            Message(f"{name} {number}", chat_id, direction, status, NOW_MS - ago * MINUTE, body=words)
            for number, (direction, status, ago, words) in enumerate(messages)
        ]
        writes.apply_messages(writer, [writes.MessagePage(chat_id, made, event=True)])


@pytest.mark.parametrize("size", SIZES)
async def test_a_note_and_labels_leave_a_mark_in_the_row_at_every_width(
    folder: Folder, desk: DeskMaker, size: tuple[int, int]
) -> None:
    with Writer(folder) as writer:
        triage.note(writer, of_chat(writer, "Theo Carver"), "Ask Mona before you refund")
        triage.label(writer, [of_chat(writer, "Theo Carver"), of_chat(writer, "Priya Tran")], ["vip"])
    async with desk(folder, size) as agent:
        await agent.open("Theo Carver")
        await agent.pilot.pause()
        assert " ¶# " in row_of(agent, "Theo Carver")[0]
        await agent.open("Priya Tran")
        await agent.pilot.pause()
        first = row_of(agent, "Priya Tran")[0]
        assert " # " in first
        assert "¶" not in first


async def test_a_mark_comes_and_goes_with_the_note(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (80, 24)) as agent:
        await agent.open("Theo Carver")
        assert "¶" not in row_of(agent, "Theo Carver")[0]
        with Writer(folder) as writer:
            triage.note(writer, of_chat(writer, "Theo Carver"), "Ask Mona")
        await agent.until(lambda: "¶" in row_of(agent, "Theo Carver")[0])
        with Writer(folder) as writer:
            triage.note(writer, of_chat(writer, "Theo Carver"), "")
        await agent.until(lambda: "¶" not in row_of(agent, "Theo Carver")[0])


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (("outbound", "failed", 1, "Gone?"), " ✗ failed"),
        (("inbound", "received", 1, "Hello?"), "✗ send failed"),
        (("outbound", "published", 1, "Better now"), "✗ earlier"),
    ],
)
async def test_a_failure_is_never_read_as_that_of_the_words_beside_it(
    folder: Folder, desk: DeskMaker, later: tuple[str, str, int, str], words: str
) -> None:
    says(folder, "Theo Carver", ("outbound", "failed", 2, "It is on its way"), later)
    async with desk(folder, (80, 24)) as agent:
        await agent.open("Theo Carver")
        second = row_of(agent, "Theo Carver")[1]
        assert later[3][:5] in second
        assert words in second


@pytest.mark.parametrize(("view", "shown"), [(View.NOW, "wait"), (View.UNREAD, "last"), (View.ALL, "last")])
async def test_now_shows_how_long_the_customer_has_waited_and_other_views_the_last_message(
    folder: Folder, desk: DeskMaker, view: View, shown: str
) -> None:
    says(folder, "Jane Doe", ("inbound", "received", 0, "Anybody?"))
    async with desk(folder, (80, 24), view) as agent:
        agent.inbox.chats.focus()
        await agent.open("Jane Doe")
        row = agent.inbox.shown
        assert row is not None
        assert row.needs_reply_since is not None
        times = {"wait": age(NOW_MS - row.needs_reply_since), "last": age(NOW_MS - row.active_at)}
        assert times["wait"] != times["last"]
        assert row_of(agent, "Jane Doe")[0].rstrip().endswith(f" {times[shown]}")


@pytest.mark.parametrize("view", [view for view in View if view is not View.ALL])
async def test_the_sentence_of_an_empty_view_is_whole_on_a_small_screen(
    folder: Folder, desk: DeskMaker, view: View
) -> None:
    async with desk(folder, (80, 24), view) as agent:
        agent.inbox.chats.show(None)
        agent.inbox.chats.empty_text = agent.inbox.views.empty_text
        agent.inbox.chats.refresh()
        await agent.pilot.pause()
        lines = [line[: agent.inbox.chats.size.width] for line in agent.screen_text().splitlines()]
        assert agent.inbox.views.empty_text in " ".join(" ".join(lines).split())
