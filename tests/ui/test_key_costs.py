"""What a letter costs besides itself: counted in widgets that are drawn, layouts and statements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from textual import events
from textual._compositor import Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from inbox_tui.store.db import Folder
from inbox_tui.ui import composer, drafts, inbox, pulse
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.line_pane import LinePane
from inbox_tui.ui.painting import Painter

from .conftest import Desk, DeskMaker

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

Render = Callable[[Widget, Region], list[Strip]]
LONG = "the scarf will be with you soon " * 125


@pytest.fixture(autouse=True)
def by_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the clock brings about happens when a test says so."""
    for timer in ("POLL_SECONDS", "TICK_SECONDS"):
        monkeypatch.setattr(pulse, timer, 3600.0)
    monkeypatch.setattr(inbox, "PREVIEW_SECONDS", 3600.0)
    monkeypatch.setattr(composer, "METER_SECONDS", 3600.0)
    monkeypatch.setattr(drafts, "DRAFT_SECONDS", 3600.0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many lines each widget was asked for, by its id."""
    lines: Counter[str] = Counter()
    for kind in (Widget, LinePane, Editor):
        monkeypatch.setattr(kind, "render_lines", counting(lines, kind.render_lines))
    return lines


def counting(lines: Counter[str], render: Render) -> Render:
    """A way to draw lines, counted."""

    def counted(widget: Widget, crop: Region) -> list[Strip]:
        lines[widget.id or type(widget).__name__] += crop.height
        return render(widget, crop)

    return counted


async def write(agent: Desk, text: str) -> None:
    """Type letters, each painted before the next one."""
    for letter in text:
        agent.app.post_message(events.Key("space" if letter == " " else letter, letter))
        await agent.pilot.pause(0)


async def in_composer(agent: Desk, text: str = "") -> None:
    """Stand in the composer of the chat under the cursor, with a text in it, and everything painted."""
    await agent.press("enter", "r")
    agent.inbox.composer.editor.paste(text)
    await agent.pilot.pause(0.1)


async def test_a_letter_has_nothing_drawn_but_the_field_that_it_stands_in(
    desk: DeskMaker, folder: Folder, drawn: Counter[str]
) -> None:
    async with desk(folder) as agent:
        await in_composer(agent, "It ")
        drawn.clear()
        await write(agent, "will be")
        assert set(drawn) == {"editor"}


async def test_a_move_in_the_list_has_no_thread_drawn(
    desk: DeskMaker, folder: Folder, drawn: Counter[str]
) -> None:
    async with desk(folder) as agent:
        await agent.press("home")
        await agent.pilot.pause(0.1)
        drawn.clear()
        await write(agent, "jjj")
        assert drawn["chats"] > 0
        assert not {"thread", "composer", "editor", "customer"} & set(drawn)


async def test_a_part_of_the_screen_is_painted_as_textual_paints_it(
    desk: DeskMaker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(folder) as agent:
        await in_composer(agent, LONG)
        painter, console = agent.inbox._compositor, agent.app.console
        assert isinstance(painter, Painter)
        width, height = painter.size

        def painted(region: Region) -> str:
            painter._dirty_regions = {region}
            update = painter.render_partial_update()
            assert update is not None
            # Where nothing of a widget is in the part, Textual may move the cursor there all the same.
            return re.sub(r"\x1b\[\d+;\d+H(?=\n|\Z)", "", update.render_segments(console))

        regions = [Region(x, y, 9, 5) for x in range(0, width - 9, 7) for y in range(0, height - 5, 3)]
        ours = [painted(region) for region in regions]
        with monkeypatch.context() as patch:
            patch.setattr(Painter, "_get_renders", Compositor._get_renders)
            assert ours == [painted(region) for region in regions]


async def test_the_words_of_a_draft_on_their_way_to_the_disk_have_no_list_read(
    desk: DeskMaker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(folder) as agent:
        await in_composer(agent, "It will")
        await agent.inbox.drafts.saved()
        agent.inbox.pulse.take_changes()
        read: list[str] = []
        reread = type(agent.inbox.chats).reread
        monkeypatch.setattr(
            type(agent.inbox.chats), "reread", lambda self: (read.append("list"), reread(self))
        )
        await write(agent, " be")
        await agent.inbox.drafts.saved()
        agent.inbox.pulse.take_changes()
        assert read == []
        # That there is no draft any more is shown in the list.
        agent.inbox.composer.editor.clear()
        await agent.pilot.pause(0)
        await agent.inbox.drafts.saved()
        agent.inbox.pulse.take_changes()
        assert read == ["list"]


async def test_a_new_number_in_the_notice_of_a_long_draft_has_nothing_laid_out(
    desk: DeskMaker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(folder) as agent:
        await in_composer(agent, LONG)
        field, notice = agent.inbox.composer, agent.inbox.query_one("#composer-notice")
        assert field.excess is not None
        await agent.pilot.pause(0.1)
        layouts: list[Screen[object]] = []
        layout = Screen._refresh_layout
        monkeypatch.setattr(
            Screen, "_refresh_layout", lambda self, *given: (layouts.append(self), layout(self, *given))
        )
        before = str(notice.render())
        await write(agent, "x")
        assert field.excess is not None
        await agent.pilot.pause(0.1)
        assert str(notice.render()) != before
        assert layouts == []


async def test_rows_that_are_read_again_are_painted_only_where_they_differ(
    desk: DeskMaker, folder: Folder, drawn: Counter[str]
) -> None:
    async with desk(folder) as agent:
        await in_composer(agent)
        drawn.clear()
        agent.inbox.chats.reread()
        agent.inbox.thread.reread()
        await agent.pilot.pause(0.1)
        assert not {"chats", "thread"} & set(drawn)
