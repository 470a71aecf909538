"""The composer counts as the platform counts, shows whose colour it is, and lets nothing too long go."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from textual.color import Color

from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.limits import TEXT_LIMITS
from inbox_tui.core.models import Platform
from inbox_tui.store.db import Folder
from inbox_tui.ui import drafts

from .conftest import DeskMaker
from .steps import TELEGRAM, reply, rows

FAMILY = "👨\u200d👩\u200d👧"
"""5 code points, 8 units of UTF-16, 18 bytes, 1 grapheme."""


def writable(folder: Folder, platform: str) -> str:
    """The person of a platform who wrote last."""
    with closing(sqlite3.connect(folder.cache)) as cache:
        (name,) = cache.execute(
            "SELECT participant_name FROM chats WHERE platform = ? AND participant_name IS NOT NULL "
            "ORDER BY last_inbound_at DESC LIMIT 1",
            (platform,),
        ).fetchone()
    return str(name)


@pytest.mark.parametrize(
    ("platform", "text", "meter"),
    [
        ("facebook", FAMILY, "1991/1999"),
        ("instagram", FAMILY, "982/1000"),
        ("telegram", FAMILY, "4091/4096"),
        ("bluesky", FAMILY, "9982/10000"),
        ("bluesky", "e\u0301", "999/1000"),
    ],
)
async def test_the_meter_counts_in_the_unit_of_the_platform(
    folder: Folder, desk: DeskMaker, platform: str, text: str, meter: str
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, writable(folder, platform))
        agent.inbox.composer.editor.paste(text)
        await agent.until(lambda: meter in agent.screen_text())


@pytest.mark.parametrize(
    ("platform", "letter", "count", "words"),
    [
        ("facebook", "😀", 1002, "5 characters"),
        ("facebook", "x", 2001, "2 characters"),
        ("instagram", "ü", 501, "2 bytes"),
        ("telegram", "x", 4097, "1 character"),
        ("bluesky", FAMILY, 557, "26 bytes"),
        ("bluesky", "é", 1001, "1 character"),
    ],
)
async def test_a_text_above_the_limit_stays_with_how_much_it_is_too_long(
    folder: Folder, desk: DeskMaker, platform: str, letter: str, count: int, words: str
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, writable(folder, platform))
        agent.inbox.composer.set_draft(letter * count, {})
        await agent.press("enter")
        await agent.until(lambda: agent.says(f"too long for {platform_name(platform)}"))
        assert agent.says(f"{words} too long for")
        assert agent.inbox.composer.text == letter * count
    assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


async def test_the_frame_of_the_composer_has_the_colour_of_the_platform(
    folder: Folder, desk: DeskMaker
) -> None:
    frames: dict[str, Color] = {}
    async with desk(folder) as agent:
        for platform in TEXT_LIMITS:
            await agent.open(writable(folder, platform))
            (kind, frames[platform]) = agent.inbox.composer.styles.border_top
            assert kind == "round"
            assert frames[platform] == Color.parse(agent.app.theme_variables[f"platform-{platform}"])
    assert set(TEXT_LIMITS) == set(Platform)
    assert len(set(frames.values())) == len(Platform)


async def test_shift_and_enter_is_a_new_line_where_the_terminal_can_tell(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "one")
        await agent.press("shift+enter")
        await agent.type("two")
        assert agent.inbox.composer.text == "one\ntwo"
    assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


async def test_no_letter_puts_off_the_writing_of_those_before_it(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drafts.DRAFT_SECONDS < 0.25
    monkeypatch.setattr(drafts, "DRAFT_SECONDS", 3600.0)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "a")
        waiting = agent.inbox.drafts._timer
        assert waiting is not None
        await agent.type(" long sentence")
        assert agent.inbox.drafts._timer is waiting
