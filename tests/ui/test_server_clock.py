"""A machine whose clock is wrong: windows, ages and the time to take a send back go by the server's."""

from __future__ import annotations

from inbox_tui.store import clock, outbox, sends, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer

from .conftest import NOW, DeskMaker

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW_MS = int(NOW.timestamp() * 1000)


def server_is_ahead(folder: Folder, milliseconds: int) -> None:
    """Keep what an engine has learnt from the API's answers."""
    with Writer(folder) as writer:
        assert clock.keep(writer, milliseconds)


async def test_the_window_of_a_chat_is_counted_by_the_servers_clock(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Zadie Okafor")
        assert "window closes 12:40 (39m)" in agent.screen_text()
        server_is_ahead(folder, -HOUR)
        await agent.until(lambda: "window closes 12:40 (1h39)" in agent.screen_text())
        assert "⏳1h39" in agent.screen_text()


async def test_a_window_that_the_server_has_closed_locks_the_composer_and_offers_no_retry(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await agent.open("Caleb Carver")
        assert "! retry" in agent.screen_text()
        server_is_ahead(folder, 25 * HOUR)
        await agent.until(lambda: agent.inbox.composer.editor.read_only)
        await agent.until(lambda: "! retry" not in agent.screen_text())
        assert "window probably closed" in agent.screen_text()
        failed = next(
            row for row in agent.inbox.thread.window_rows if row.message and row.message.status == "failed"
        )
        agent.inbox.thread.point_at(failed.key)
        await agent.press("!")
        await agent.until(lambda: agent.says("Window probably closed"))
    with Writer(folder) as writer:
        assert outbox.open_items(writer) == []


async def test_a_failed_item_is_not_sent_again_into_a_closed_window(folder: Folder, desk: DeskMaker) -> None:
    with Writer(folder) as writer:
        (chat_id, profile_id) = writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE participant_name = 'Zadie Okafor'"
        ).fetchone()
        item = sends.queue_send(writer, chat_id, profile_id, {"text": "Too late"}, hold_ms=0)
        outbox.move(writer, item, State.FAILED, title="The window has closed")
        writes.refold_chats(writer, [chat_id])
    server_is_ahead(folder, HOUR)
    async with desk(folder) as agent:
        await agent.open("Zadie Okafor")
        await agent.until(lambda: "Too late" in agent.screen_text())
        await agent.press("!")
        await agent.until(lambda: agent.says("Window probably closed"))
    with Writer(folder) as writer:
        assert [item.state for item in outbox.open_items(writer)] == ["failed"]


async def test_ages_and_days_are_those_of_the_server(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await agent.open("Jane Doe")
        line = next(line for line in agent.screen_text().splitlines() if "Jane Doe" in line)
        assert " 2m " in line
        server_is_ahead(folder, 24 * HOUR)
        await agent.until(lambda: "── yesterday ──" in agent.screen_text())
        line = next(line for line in agent.screen_text().splitlines() if "Jane Doe" in line)
        assert " 1d " in line


async def test_a_send_shortly_before_the_window_closes_can_be_taken_back_less_long(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        (closes,) = agent.inbox.session.reader.execute(
            "SELECT window_closes_at FROM chats WHERE participant_name = 'Zadie Okafor'"
        ).fetchone()
        # Long by this machine's clock, half a minute by the server's; enough for the test, less than two.
        server_is_ahead(folder, closes - NOW_MS - 30_000)
        await agent.open("Zadie Okafor")
        await agent.until(lambda: "closes 12:40 (2" in agent.screen_text())
        row = agent.inbox.shown
        assert row is not None
        assert agent.inbox.drafts.sender.hold(row) == sends.HOLD_MS
        agent.inbox.session.clock.offset += 25_000
        assert 0 <= agent.inbox.drafts.sender.hold(row) <= 3_000
        agent.inbox.session.clock.offset += 5_000
        assert agent.inbox.drafts.sender.hold(row) == 0
