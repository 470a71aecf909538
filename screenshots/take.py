"""Take the pictures of the README from a frozen sandbox world: the same on every machine.

The world is synced by the real engine over HTTP, then drawn by the real screen at the frozen time.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

import time_machine

os.environ["TZ"] = "UTC"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)

FROZEN = "2026-06-01T12:00:00Z"
HERE = Path(__file__).parent
BUTTONS = "Ring the bell | Leave it in the shed = shed\nTrack order > https://acme.example/track/73616"


def sync(home: Path, url: str, key: str) -> None:
    """Fill a cache with the real engine."""
    os.environ.update(INBOX_TUI_HOME=str(home), INBOX_TUI_API_URL=url, POSTPROXY_API_KEY=key)
    from inbox_tui.config import load
    from inbox_tui.sync.engine import run

    report = run(load(), once=True)
    assert not report.errors, report.errors


async def take(
    name: str, size: tuple[int, int], act: Callable[[object], Awaitable[None]], *, theme: str = "textual-dark"
) -> None:
    """Open the inbox, let `act` press keys, save the picture."""
    from inbox_tui.config import load
    from inbox_tui.ui.app import InboxApp

    folder = load().folder
    with time_machine.travel(datetime.fromisoformat(FROZEN), tick=True):
        app = InboxApp(folder, "acme", theme=theme)
        try:
            async with app.run_test(size=size) as pilot:
                app.cursor_blink = False
                await pilot.pause(0.3)
                await act(pilot)
                await pilot.pause(0.3)
                svg = app.export_screenshot(title="inbox-tui", simplify=True)
        finally:
            app.session.close()
    # Textual numbers the classes of a picture at random; a fixed name keeps diffs readable.
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    (HERE / f"{name}.svg").write_text(svg, encoding="utf-8", newline="\n")
    print(f"screenshots/{name}.svg")


def opening(
    where: str, *keys: str, at: str | None = None, then: Sequence[str] = ()
) -> Callable[[object], Awaitable[None]]:
    """Open the first chat that fulfils a condition, press keys, go to a message that fulfils `at`.

    `then`: keys by Textual's names, and texts of more than one line or word, which are pasted.
    """
    from textual import events
    from textual.pilot import Pilot

    from inbox_tui.ui.app import InboxApp
    from inbox_tui.ui.inbox import InboxScreen

    async def act(pilot: object) -> None:
        assert isinstance(pilot, Pilot)
        assert isinstance(pilot.app, InboxApp)
        screen = pilot.app.screen
        assert isinstance(screen, InboxScreen)
        row = screen.session.reader.execute(
            f"SELECT c.sort_at, c.pk FROM chats c WHERE {where} ORDER BY c.sort_at DESC LIMIT 1"
        ).fetchone()
        screen.chats.point_at(row)
        await pilot.press("enter", *keys)
        if at is not None:
            place = screen.session.reader.execute(
                f"SELECT m.position_at, m.id FROM messages m WHERE m.chat = ? AND {at} "
                "ORDER BY m.position_at DESC LIMIT 1",
                (row[1],),
            ).fetchone()
            screen.thread.point_at(place)
        for what in then:
            if " " in what:
                pilot.app.post_message(events.Paste(what))
                await pilot.pause()
            else:
                await pilot.press(what)

    return act


def main() -> None:
    """Every picture."""
    from inbox_tui.sandbox.server import SandboxOptions, running

    with tempfile.TemporaryDirectory() as home:
        with (
            time_machine.travel(datetime.fromisoformat(FROZEN), tick=True),
            running(SandboxOptions(frozen_at=FROZEN, initiative=0, port=8765)) as sandbox,
        ):
            sync(Path(home), sandbox.url, sandbox.api_key)
        tapped = "m.platform_data LIKE '%callback_query%'"
        keyboard = f"EXISTS (SELECT 1 FROM messages m WHERE m.chat = c.pk AND {tapped})"
        failed = "c.failed > 0 AND c.platform = 'telegram'"
        pictures = (
            ("wide", (140, 36), opening("c.participant_name = 'Jane Doe'", "r")),
            ("small", (80, 24), opening("c.participant_name = 'Max Whitlock'", "escape")),
            ("telegram-keyboard", (120, 32), opening(keyboard, at="m.reply_markup LIKE '%inline%'")),
            (
                "buttons",
                (100, 30),
                opening(keyboard, "r", then=("Shall we ring the bell?", "ctrl+n", BUTTONS)),
            ),
            (
                "edit",
                (100, 30),
                opening(
                    keyboard, at="m.reply_markup LIKE '%inline%'", then=("E", " Shall we ring the bell?")
                ),
            ),
            ("failed-send", (120, 28), opening(failed)),
            ("one-pane", (44, 20), opening("c.participant_name = 'Priya Tran'")),
        )
        for name, size, act in pictures:
            asyncio.run(take(name, size, act))
        asyncio.run(take("light", (140, 36), opening("c.platform = 'bluesky'"), theme="textual-light"))


if __name__ == "__main__":
    main()
