"""What the screen says in a corner comes, and is gone again without a trace."""

from __future__ import annotations

import pytest
from textual._compositor import Compositor
from textual.geometry import Region
from textual.widgets._toast import Toast

from inbox_tui.store.db import Folder
from inbox_tui.ui.customer import Customer
from tests.ui.conftest import Desk, DeskMaker

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""


@pytest.mark.parametrize("size", [(44, 20), (80, 24), (100, 24), (140, 40)])
async def test_a_passing_second_lays_nothing_out_at_any_size(
    desk: DeskMaker, folder: Folder, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of something hidden would, and then a toast that goes is not painted over."""
    async with desk(folder, size=size) as at:
        await at.press("enter")
        await at.pilot.pause(0.3)
        inbox, laid_out = at.inbox, 0
        arrange = Compositor._arrange_root

        def counted(*args: object, **more: object) -> object:
            nonlocal laid_out
            laid_out += 1
            return arrange(*args, **more)

        now = inbox.session.clock.offset or 0
        monkeypatch.setattr(Compositor, "_arrange_root", counted)
        for minute in (1, 2, 3):
            inbox.session.clock.offset = now + minute * 60_000
            inbox.pulse.tick()
            await at.pilot.pause(0.05)
        assert laid_out == 0


async def test_the_customer_is_up_to_date_when_there_is_room_for_the_pane_again(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder, size=(80, 24)) as at:
        await at.open("Max Whitlock")
        await at.resize(140, 40)
        await at.until(lambda: "@maxwhitlock" in str(at.inbox.query_one(Customer).content))
        assert "@maxwhitlock" in at.screen_text()


async def test_a_word_is_seen_however_many_were_said_before_it(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder, size=(80, 24)) as at:
        for number in range(30):
            at.inbox.say(f"word {number}")
            await at.pilot.pause(0.01)
        at.inbox.say("the last word")
        await at.until(lambda: "the last word" in at.screen_text())
        assert not any(f"word {number}" in at.screen_text() for number in range(30))


LONG = "Nothing was sent. " + "A sentence that is as long as the longest that the program says. " * 2


def covered(at: Desk) -> Region:
    """Where the toast stands."""
    return at.inbox.query_one(Toast).region


@pytest.mark.parametrize("size", [(80, 24), (100, 24), (120, 30), (140, 40)])
async def test_words_stand_beside_the_list_and_never_over_the_composer_or_the_title(
    desk: DeskMaker, folder: Folder, size: tuple[int, int]
) -> None:
    async with desk(folder, size=size) as at:
        await at.open("Max Whitlock")
        for keys in ("escape", "enter", "r"):
            await at.press(keys)
            at.inbox.say(LONG)
            await at.until(lambda: bool(at.inbox.query(Toast)) and covered(at).height > 0)
            for kept in (at.inbox.chats, at.inbox.composer, at.inbox.query_one("#thread-title")):
                assert not covered(at).overlaps(kept.region)
            assert covered(at).height <= at.inbox.thread.region.height


@pytest.mark.parametrize("size", [(60, 20), (44, 20)])
async def test_in_one_pane_words_leave_the_row_that_keys_are_about_and_the_composer_free(
    desk: DeskMaker, folder: Folder, size: tuple[int, int]
) -> None:
    async with desk(folder, size=size) as at:
        for key in ("j", "G"):
            await at.press(key)
            row = at.inbox.chats.cursor_row
            assert row is not None
            at.inbox.say(f"{key}: {LONG}")
            await at.until(lambda words=f"{key}: Nothing was sent": words in at.screen_text())
            assert f"▸{row.chat.title[:12]}" in at.screen_text()
            assert at.inbox.query_one("#footer").region.y not in covered(at).line_range
        await at.open("Max Whitlock")
        await at.press("r")
        at.inbox.say(LONG)
        await at.until(lambda: bool(at.inbox.query(Toast)) and covered(at).height > 0)
        assert not covered(at).overlaps(at.inbox.composer.region)


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (140, 40)])
async def test_what_was_said_before_a_dialog_was_opened_stands_there_once(
    desk: DeskMaker, folder: Folder, size: tuple[int, int]
) -> None:
    async with desk(folder, size=size) as at:
        at.inbox.say("said before")
        await at.until(lambda: "said before" in at.screen_text())
        place = covered(at)
        await at.press("?")
        await at.until(lambda: bool(at.app.screen.query(Toast)) and at.app.screen is not at.inbox)
        await at.until(lambda: at.app.screen.query_one(Toast).region == place)
