"""A few pictures of the whole screen; behaviour is tested in words elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest
import time_machine
from textual.pilot import Pilot

from inbox_tui.store.db import Folder
from inbox_tui.ui import seen
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.inbox import InboxScreen

from .conftest import NOW

SnapCompare = Callable[..., bool]
Act = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock stands, nothing blinks, the zone and the colours are those of the baseline."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    # A slow machine must not have seen what a fast one has not.
    monkeypatch.setattr(seen, "SEEN_SECONDS", 3600.0)
    with time_machine.travel(NOW, tick=True):
        yield


def opened(name: str, *keys: str) -> Act:
    """Open the chat of a person and press keys."""

    async def act(pilot: Pilot[None]) -> None:
        pilot.app.cursor_blink = False
        assert isinstance(pilot.app, InboxApp)
        await pilot.app.opened.wait()
        await pilot.pause(0.2)
        screen = pilot.app.screen
        assert isinstance(screen, InboxScreen)
        (chat_id,) = screen.session.reader.execute(
            "SELECT id FROM chats WHERE participant_name = ?", (name,)
        ).fetchone()
        screen.go_to(chat_id)
        await pilot.press(*keys)
        # A draft is written after 150 ms, and shown in the list with the next look at the files.
        await pilot.pause(0.6)

    return act


@pytest.mark.parametrize(
    ("theme", "size", "act"),
    [
        pytest.param("textual-dark", (140, 36), opened("Jane Doe"), id="three-panes"),
        pytest.param("textual-dark", (80, 24), opened("Max Whitlock", "r", "h", "i"), id="two-panes-typing"),
        pytest.param("textual-light", (44, 16), opened("Priya Tran"), id="one-pane-light"),
        pytest.param("monochrome", (120, 28), opened("Freya Lindqvist"), id="failed-send-monochrome"),
    ],
)
def test_the_screen_looks_as_it_did(
    snap_compare: SnapCompare, folder: Folder, theme: str, size: tuple[int, int], act: Act
) -> None:
    app = InboxApp(folder, "demo", theme=theme)
    try:
        assert snap_compare(app, terminal_size=size, run_before=act)
    finally:
        app.session.close()
