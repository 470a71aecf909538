"""Reactions and the archive: one key away where the platform has them, explained where it has not."""

from __future__ import annotations

import json

from inbox_tui.store import outbox
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.react import React
from tests.ui.conftest import Desk, DeskMaker


async def person_on(desk: Desk, platform: str) -> str:
    """Open a chat of a platform whose newest message is the customer's; returns the person's name."""
    found = desk.inbox.session.reader.execute(
        "SELECT c.participant_name FROM chats c JOIN messages m ON m.chat = c.pk WHERE c.platform = ? "
        "AND c.participant_name IS NOT NULL AND m.deleted_at IS NULL AND m.external_id IS NOT NULL "
        "GROUP BY c.pk HAVING max(m.position_at) AND m.direction = 'inbound' ORDER BY c.sort_at DESC LIMIT 1",
        (platform,),
    ).fetchone()
    assert found is not None, platform
    await desk.open(found[0])
    await desk.press("G")
    return str(found[0])


def queued(desk: Desk) -> list[tuple[str, dict[str, object]]]:
    """The acts in the outbox, oldest first."""
    rows = desk.inbox.session.reader.execute(
        "SELECT act, payload FROM local.outbox WHERE state != 'discarded' ORDER BY pk"
    ).fetchall()
    return [(act, json.loads(payload)) for act, payload in rows]


async def test_plus_on_instagram_sets_the_one_reaction_there_is(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "instagram")
        await at.press("+")
        await at.until(lambda: len(queued(at)) == 1)
        act, payload = queued(at)[0]
        assert (act, payload["reaction"]) == ("react", "love")


async def test_plus_on_facebook_asks_which_and_a_number_answers(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "facebook")
        await at.press("+")
        assert isinstance(at.app.screen, React)
        await at.press("2")
        await at.until(lambda: len(queued(at)) == 1)
        assert queued(at)[0][1]["reaction"] == "like"


async def test_a_number_typed_right_behind_plus_is_not_lost(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "facebook")
        await at.type("+2")
        await at.until(lambda: len(queued(at)) == 1)
        assert queued(at)[0][1]["reaction"] == "like"


async def test_facebook_takes_any_emoji_and_no_word(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "facebook")
        await at.press("+", "tab")
        await at.type("no")
        await at.press("enter")
        assert isinstance(at.app.screen, React)
        assert "One emoji, please" in at.screen_text()
        await at.press("backspace", "backspace")
        await at.type("🎉")
        await at.press("enter")
        await at.until(lambda: len(queued(at)) == 1)
        assert queued(at)[0][1]["emoji"] == "🎉"


async def test_an_emoji_that_has_a_name_is_sent_by_it(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "facebook")
        await at.press("+", "tab")
        await at.type("👍")
        await at.press("enter")
        await at.until(lambda: len(queued(at)) == 1)
        payload = queued(at)[0][1]
        assert (payload["reaction"], "emoji" in payload) == ("like", False)


async def test_minus_takes_back_a_reaction_that_is_still_on_its_way(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "instagram")
        await at.press("+")
        await at.until(lambda: len(queued(at)) == 1)
        await at.until(lambda: bool((row := at.inbox.thread.cursor_row) and row.pending))
        await at.press("-")
        await at.until(lambda: [act for act, _ in queued(at)] == ["unreact"])


async def test_minus_without_a_reaction_of_ours_says_so(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "facebook")
        await at.press("-")
        await at.until(lambda: at.says("There is no reaction of yours"))
        assert queued(at) == []


async def test_telegram_and_bluesky_explain_that_there_are_none(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "telegram")
        await at.press("+")
        await at.until(lambda: at.says("Telegram has no reactions"))
        await at.press("escape")
        await person_on(at, "bluesky")
        await at.press("+")
        await at.until(lambda: at.says("Reactions on Bluesky are not supported by the API"))
        assert queued(at) == []


async def test_the_archive_key_archives_and_brings_back_on_bluesky_only(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await person_on(at, "telegram")
        await at.press("M")
        await at.until(lambda: at.says("Bluesky only"))
        assert queued(at) == []
        await at.press("escape")
        await person_on(at, "bluesky")
        await at.press("M")
        await at.until(lambda: [act for act, _ in queued(at)] == ["archive"])
        await at.until(lambda: at.inbox.shown is not None and at.inbox.shown.archiving is not None)
        await at.press("M")
        await at.until(lambda: [act for act, _ in queued(at)] == ["unarchive"])


async def test_a_refused_reaction_can_be_tried_again_or_given_up(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await person_on(at, "instagram")
        await at.press("+")
        await at.until(lambda: len(queued(at)) == 1)

        def refuse(writer: Writer) -> None:
            item = outbox.open_items(writer)[-1]
            outbox.move(writer, item, State.FAILED, title="(#100) No matching user found")

        def states() -> list[str]:
            rows = at.inbox.session.reader.execute("SELECT state FROM local.outbox ORDER BY pk").fetchall()
            return [str(row[0]) for row in rows]

        at.inbox.session.write(refuse).result()
        await at.until(lambda: "(#100)" in at.screen_text())
        await at.press("!")
        await at.until(lambda: states() == ["queued"])
        at.inbox.session.write(refuse).result()
        await at.until(lambda: "(#100)" in at.screen_text())
        await at.press("D")
        await at.until(lambda: states() == ["discarded"])
