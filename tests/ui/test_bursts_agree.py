"""Whatever is typed: all at once, it comes to the same as key by key."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from inbox_tui.core.keyboard_text import Design
from inbox_tui.store import keyboards
from inbox_tui.store.db import Folder
from inbox_tui.store.writes import Writer
from inbox_tui.ui import seen
from inbox_tui.ui.dialogs.dialog import Dialog

from .conftest import Desk, DeskMaker
from .steps import fail, key, rows
from .test_attach import PNG
from .test_snippets import FILE

LENGTH = 20
SEEDS = (1, 117)
"""More of them look further: a run of fifty takes some minutes."""
KEYS = ("up", "down", "left", "tab", "shift+tab", "enter", "escape", "backspace")
IN_LISTS: Sequence[Sequence[str]] = (
    *"jjkkGxVX*eu#]tsrriPR/\\:+-MEBIpO?nNzzDcC!gJKTy",
    *("gi", "gu", "ga", "gd"),
    *([name] for name in ("tab", "shift+tab", "enter", "enter", "escape", "ctrl+d", "ctrl+r", "ctrl+p")),
)
IN_FIELDS: Sequence[Sequence[str]] = (
    *"aeivrtmz :12",
    *("order", "vip", "max", ":smi", "2h", "did:plc:x", "done", "snip"),
    *([f"ctrl+{letter}"] for letter in "jtfngzpsdlwue"),
    *([name] for name in (*KEYS, "enter", "enter", "escape")),
)
"""What is typed there, in turn and by chance; but for what opens something outside, or leaves the program."""
WRITTEN = {
    "outbox": "SELECT act, chat_id, json_extract(payload, '$.text') FROM outbox WHERE state != 'discarded' "
    "ORDER BY pk",
    "drafts": "SELECT chat_id, text FROM drafts WHERE text != '' ORDER BY chat_id",
    "labels": "SELECT chat_id, label FROM labels ORDER BY chat_id, label",
    "pins": "SELECT chat_id FROM pins ORDER BY chat_id",
    "notes": "SELECT chat_id, text FROM notes ORDER BY chat_id",
    "snoozes": "SELECT chat_id FROM snoozes ORDER BY chat_id",
    "marks": "SELECT chat_id, kind FROM marks ORDER BY chat_id, kind",
    "keyboards": "SELECT name, design FROM keyboards ORDER BY name",
    "journal": "SELECT count(*) FROM journal",
}
"""What keys write, without times and numbers."""


def line_of(seed: int) -> list[str]:
    """Some keys: now some of a list, now some of a field."""
    chance, line = random.Random(seed), list[str]()
    while len(line) < LENGTH:
        for keys in chance.choices(chance.choice([IN_LISTS, IN_FIELDS]), k=chance.randint(1, 4)):
            line += keys
    return line


async def rest(agent: Desk) -> None:
    """Until everything that the keys have begun is done, timers of a moment included."""
    for _ in range(2):
        await agent.pilot.pause()
        await asyncio.sleep(0.08)
        await agent.pilot.pause()
        while any(each.is_running for each in agent.app.workers):
            await agent.pilot.pause(0.01)
        for _ in range(2):
            await asyncio.wrap_future(agent.inbox.session.write(lambda writer: None))
    agent.inbox.pulse.take_changes()
    await agent.pilot.pause()


def state(agent: Desk, folder: Folder) -> dict[str, object]:
    """Where the person is, and what was written."""
    inbox, screen = agent.inbox, agent.app.screen
    row, at = inbox.chats.cursor_row, inbox.thread.cursor_row
    fields = [
        each.value if isinstance(each, Input) else each.text
        for each in screen.query("Input, TextArea")
        if isinstance(each, (Input, TextArea))
    ]
    return {
        "screens": [type(each).__name__ for each in agent.app.screen_stack],
        "focus": screen.focused and (type(screen.focused).__name__, screen.focused.id),
        "fields": fields,
        "context": inbox.context,
        "shown": inbox.shown and inbox.shown.chat.title,
        "cursor": row and row.chat.title,
        "message": at and at.message and at.message.id,
        "view": inbox.views.current,
        "filter": inbox.filter_bar.field.value,
        "selected": sorted(inbox.chats.selection.ids()),
        "composer": inbox.composer.text,
        "extras": dict(inbox.composer.extras),
        **{name: rows(folder, statement) for name, statement in WRITTEN.items()},
    }


def furnish(folder: Folder, home: Path) -> None:
    """Something for every key: a failed message, snippets, saved buttons, files."""
    (home / "vip").mkdir(parents=True)
    (home / "aim.png").write_bytes(PNG)
    (folder.path / "snippets.toml").write_text(FILE)
    fail(folder, "Max Whitlock", "One that failed")
    with Writer(folder) as writer:
        for name in ("max", "menu"):
            keyboards.save_keyboard(writer, name, Design(text=f"{name} 1"), replace=False)


async def type_line(agent: Desk, line: Sequence[str], *, at_once: bool) -> None:
    """Type a line; the keys tell the same times, however long each takes."""
    await rest(agent)
    begun = events.Idle().time
    for number, each in enumerate(line):
        agent.app.post_message(key(each, begun + number * 0.02))
        if not at_once:
            await rest(agent)
    await rest(agent)
    for dialog in agent.app.screen_stack:
        if isinstance(dialog, Dialog):
            for keep in dialog.keeps:
                keep()
    await agent.inbox.drafts.saved()
    await rest(agent)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_burst_comes_to_the_same_as_key_by_key(
    seed: int, folder: Folder, desk: DeskMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is seen is told by the time that it stands there.
    monkeypatch.setattr(seen, "SEEN_SECONDS", 1000.0)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    furnish(folder, tmp_path / "home")
    twin = Folder(tmp_path / "twin", "demo")
    shutil.copytree(folder.path, twin.path)
    line, found = line_of(seed), []
    for place, at_once in ((folder, False), (twin, True)):
        async with desk(place) as agent:
            await type_line(agent, line, at_once=at_once)
            found.append(state(agent, place))
    slow, quick = found
    assert quick == slow, line
