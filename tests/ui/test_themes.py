"""Colours that can be read in every theme, and none where none is wanted."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from inbox_tui.store.db import Folder
from inbox_tui.ui import themes
from inbox_tui.ui.app import InboxApp

from .conftest import Desk, DeskMaker

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

THEMES = {theme.name: theme for theme in (*BUILTIN_THEMES.values(), *themes.OWN)}


def test_the_contrast_of_two_colours_is_that_of_wcag() -> None:
    white = Color.parse("#ffffff")
    assert themes.contrast(Color.parse("#000000"), white) == pytest.approx(21)
    assert themes.contrast(white, white) == 1
    assert themes.contrast(Color.parse("#767676"), white) == pytest.approx(4.54, abs=0.01)
    assert themes.contrast(white, Color.parse("#0000ff")) == pytest.approx(8.59, abs=0.01)


@pytest.mark.parametrize("name", [name for name, theme in THEMES.items() if not theme.ansi])
def test_every_word_and_mark_can_be_read_on_every_ground_of_a_theme(name: str) -> None:
    theme = THEMES[name]
    variables = themes.adapted(theme, theme.to_color_system().generate())
    grounds = [Color.parse(variables[ground]) for ground in themes.GROUNDS]
    cursor = Color.parse(variables[themes.CURSOR])
    assert themes.least_contrast(Color.parse(variables["quiet"]), grounds) >= 4.5
    for word in [
        *(f"platform-{platform}" for platform in themes.PLATFORM_COLOURS),
        *(f"text-{word}" for word in themes.WORDS),
    ]:
        colour = Color.parse(variables[word])
        assert themes.least_contrast(colour, [*grounds, cursor]) >= 4.5, word


@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_where_the_terminals_own_palette_is_used_platforms_use_it_too(name: str) -> None:
    variables = themes.adapted(THEMES[name], THEMES[name].to_color_system().generate())
    assert all(variables[f"platform-{platform}"].startswith("ansi_") for platform in themes.PLATFORM_COLOURS)


def test_a_colour_that_can_be_read_already_stays_as_it_is() -> None:
    blue = Color.parse("#5b9bf8")
    assert themes.readable(blue, [Color.parse("#121212")]) == blue


def listed(agent: Desk) -> list[Segment]:
    """What is written in the list of chats, with its colours."""
    found = []
    area = agent.inbox.chats.region
    for strip in agent.app.screen._compositor.render_strips()[area.y : area.bottom]:
        cut = strip.crop(area.x, area.right - 1)
        found += [segment for segment in cut if segment.text.strip() and segment.style is not None]
    return found


def colours(segment: Segment) -> tuple[Color, Color]:
    """Text and ground of what is written; reversed where it is drawn so."""
    style = segment.style
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    pair = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    return (pair[1], pair[0]) if style.reverse else pair


@pytest.mark.parametrize("name", ["textual-light", "textual-dark", "high-contrast", "solarized-light"])
async def test_what_stands_in_the_list_can_be_read_on_the_real_screen(
    folder: Folder, desk: DeskMaker, name: str
) -> None:
    async with desk(folder, size=(120, 40)) as agent:
        agent.app.theme = name
        await agent.press("j", "k")
        await agent.pilot.pause()
        written = listed(agent)
        assert {"ig ", "tg ", "fb ", "bs "} <= {segment.text for segment in written}
        poor = {
            segment.text: round(themes.contrast(*colours(segment)), 2)
            for segment in written
            if themes.contrast(*colours(segment)) < 4.5
        }
        assert poor == {}


async def test_no_color_in_the_environment_is_the_monochrome_theme(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with desk(folder) as agent:
        assert agent.app.theme == "monochrome"


async def test_the_monochrome_screen_has_no_colour_at_all(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, size=(140, 40)) as agent:
        agent.app.theme = "monochrome"
        await agent.open("Caleb Carver")
        await agent.press("r", "x")
        await agent.pilot.pause(0.1)
        for strip in agent.app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    if colour is not None:
                        red, green, blue = Color.from_rich_color(colour).rgb
                        assert max(red, green, blue) - min(red, green, blue) <= 1, segment


async def test_a_theme_that_there_is_not_is_named_and_the_inbox_opens(folder: Folder) -> None:
    app = InboxApp(folder, "demo", theme="moonshine")
    try:
        async with app.run_test(size=(120, 30)) as pilot:
            await app.opened.wait()
            await pilot.pause()
            assert "There is no theme 'moonshine'" in Desk(app, pilot).screen_text()
    finally:
        app.session.close()
