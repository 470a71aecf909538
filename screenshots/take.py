"""Take the pictures of the README from a frozen sandbox world: the same on every machine.

The world is synced by the real engine over HTTP, then drawn by the real screen at the frozen time.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import time_machine

os.environ["TZ"] = "UTC"
os.environ["HOME"] = "/home/agent"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)

FROZEN = "2026-06-01T12:00:00Z"
HERE = Path(__file__).parent
BUTTONS = "Ring the bell | Leave it in the shed = shed\nTrack order > https://acme.example/track/73616"


PICTURED = "Max Whitlock"


def sync(home: Path, url: str, key: str) -> None:
    """Fill a cache with the real engine."""
    os.environ.update(INBOX_TUI_HOME=str(home), INBOX_TUI_API_URL=url, POSTPROXY_API_KEY=key)
    from inbox_tui.config import load
    from inbox_tui.sync.engine import run

    report = run(load(), once=True)
    assert not report.errors, report.errors


def ask_for_more() -> None:
    """Have what the screen asks for when it is looked at: posts, their comments, the picture of a message."""
    from contextlib import closing

    from inbox_tui.config import load
    from inbox_tui.store.db import open_reader
    from inbox_tui.sync.asking import answer_now

    settings = load()
    with closing(open_reader(settings.folder)) as reader:
        meta = "SELECT id FROM profiles WHERE platform IN ('facebook', 'instagram')"
        profiles = [name for (name,) in reader.execute(meta)]
        answer_now(settings, [("posts", name) for name in profiles])
        newest = "SELECT profile_id, id FROM posts ORDER BY created_at DESC, id LIMIT 4"
        wants = [("comments", f"{profile}/{post}") for profile, post in reader.execute(newest)]
        files = (
            "SELECT m.id || '/' || json_extract(m.attachments, '$[0][0]') FROM messages m "
            "JOIN chats c ON c.pk = m.chat WHERE c.participant_name = ? AND m.attachments LIKE '%\"image\"%'"
        )
        answer_now(settings, [*wants, *(("media", file) for (file,) in reader.execute(files, (PICTURED,)))])


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


def pressing(*keys: str) -> Callable[[object], Awaitable[None]]:
    """Press keys in the list."""
    from textual.pilot import Pilot

    async def act(pilot: object) -> None:
        assert isinstance(pilot, Pilot)
        await pilot.press(*keys)

    return act


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
        chat_id, pk = screen.session.reader.execute(
            f"SELECT c.id, c.pk FROM chats c WHERE {where} ORDER BY c.sort_at DESC LIMIT 1"
        ).fetchone()
        screen.go_to(chat_id)
        await pilot.press(*keys)
        if at is not None:
            place = screen.session.reader.execute(
                f"SELECT m.position_at, m.id FROM messages m WHERE m.chat = ? AND {at} "
                "ORDER BY m.position_at DESC LIMIT 1",
                (pk,),
            ).fetchone()
            screen.thread.point_at(place)
        for what in then:
            if " " in what:
                pilot.app.post_message(events.Paste(what))
                await pilot.pause()
            else:
                await pilot.press(what)

    return act


VIEWS = {
    "now": "i",
    "unread": "u",
    "waiting": "w",
    "closing": "c",
    "failed": "f",
    "snoozed": "s",
    "done": "d",
    "all": "a",
}
"""The views, and the key behind `g` that shows each."""


SNIPPETS = """
[greeting]
text = "Hi {{first_name|there}}, thanks for writing to {{profile}}!"

["on its way"]
text = '''
Order {{?order number|#A-}} left our warehouse today, {{first_name|dear customer}}.
It should be with you by {{?day}}.'''
keyboard = "Track order | Talk to a person = agent"

[returns]
text = "You can send it back within {{?days|30}} days; the label is in the box."
"""


def sort_some() -> None:
    """Put some chats away, close some and pin one, so that each view holds something."""
    from inbox_tui.config import load
    from inbox_tui.core.snooze import Until
    from inbox_tui.store import triage
    from inbox_tui.store.db import now_ms
    from inbox_tui.store.writes import Writer

    with Writer(load().folder) as writer:
        names = writer.cache.execute(
            "SELECT id FROM chats WHERE unanswered > 0 AND platform IN ('telegram', 'bluesky') "
            "ORDER BY sort_at DESC LIMIT 8"
        )
        chats = [name for (name,) in names]
        triage.done(writer, chats[:4])
        for hours, chat in zip((2, 20, 44), chats[5:], strict=True):
            triage.snooze(writer, [chat], Until(now_ms() + hours * 3_600_000))
        mona = writer.cache.execute("SELECT id FROM chats WHERE participant_name = 'Mona Lisa Hartmann'")
        triage.pin(writer, [name for (name,) in mona], pinned=True)


def remark() -> None:
    """Put a note on a chat and labels on some, one of which another chat has, too."""
    from inbox_tui.config import load
    from inbox_tui.store import triage
    from inbox_tui.store.writes import Writer

    with Writer(load().folder) as writer:
        names = writer.cache.execute("SELECT id FROM chats WHERE participant_name = 'Jane Doe'")
        jane = [name for (name,) in names]
        triage.note(writer, jane[0], "Prefers the shop in Leeds.\nSent a voucher in May, #A-1042.")
        triage.label(writer, jane, ["shipping", "vip"])


def main() -> None:
    """Every picture, or those that are named."""
    from inbox_tui.sandbox.server import SandboxOptions, running

    wanted = set(sys.argv[1:])

    with tempfile.TemporaryDirectory() as home:
        with (
            time_machine.travel(datetime.fromisoformat(FROZEN), tick=True),
            running(SandboxOptions(frozen_at=FROZEN, initiative=0, port=8765)) as sandbox,
        ):
            sync(Path(home), sandbox.url, sandbox.api_key)
            # Later than the screen is opened, so that nothing is still to be fetched there.
            with time_machine.travel(datetime.fromisoformat(FROZEN) + timedelta(minutes=1), tick=True):
                ask_for_more()
        from inbox_tui.config import load

        (load().folder.path / "snippets.toml").write_text(SNIPPETS, encoding="utf-8")
        tapped = "m.platform_data LIKE '%callback_query%'"
        keyboard = f"EXISTS (SELECT 1 FROM messages m WHERE m.chat = c.pk AND {tapped})"
        closed = "c.window_closes_at < strftime('%s', '2026-06-01 12:00') * 1000"
        pictured = f"c.participant_name = '{PICTURED}'"
        failed = "c.failed > 0 AND c.platform = 'telegram'"
        pictures = (
            ("wide", (140, 36), opening("c.participant_name = 'Jane Doe'", "r")),
            ("small", (80, 24), opening("c.participant_name = 'Max Whitlock'", "escape")),
            ("telegram-keyboard", (120, 32), opening(keyboard, at="m.reply_markup LIKE '%inline%'")),
            (
                "reaction",
                (100, 30),
                opening(
                    "c.participant_name = 'Mona Lisa Hartmann'", at="m.direction = 'inbound'", then=("+",)
                ),
            ),
            ("picture", (120, 36), opening(pictured, at="m.attachments LIKE '%\"image\"%'")),
            ("open-file", (100, 30), opening(pictured, at="m.attachments LIKE '%\"image\"%'", then=("o",))),
            ("save-file", (100, 30), opening(pictured, at="m.attachments LIKE '%\"image\"%'", then=("S",))),
            ("comments", (110, 32), opening(keyboard, then=("C", "j", "enter"))),
            ("search", (110, 30), pressing("slash", *"order", "down")),
            ("palette", (110, 30), pressing("colon", *"re")),
            ("keys", (110, 36), pressing("question_mark")),
            ("hit", (110, 30), pressing("slash", *"raincoat", "down", "enter")),
            ("new-chat", (100, 28), opening(keyboard, then=("c", "j", "enter"))),
            ("details", (110, 36), opening("c.participant_name = 'Jane Doe'", then=("I",))),
            ("closed-window", (110, 28), opening(closed)),
            ("failed-send", (120, 28), opening(failed)),
            ("one-pane", (44, 20), opening("c.participant_name = 'Priya Tran'")),
            ("snippets", (100, 30), opening(keyboard, "r", then=("ctrl+t", "down"))),
            ("snippet-question", (100, 30), opening(keyboard, "r", then=("ctrl+t", "down", "enter", "7"))),
            # These leave drafts behind.
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
        )
        if not wanted or "light" in wanted:
            asyncio.run(take("light", (140, 36), opening("c.platform = 'bluesky'"), theme="textual-light"))
        for name, size, act in pictures:
            if not wanted or name in wanted:
                asyncio.run(take(name, size, act))
        with time_machine.travel(datetime.fromisoformat(FROZEN), tick=True):
            sort_some()
        for name, key in VIEWS.items():
            if not wanted or f"view-{name}" in wanted:
                asyncio.run(take(f"view-{name}", (120, 28), pressing("g", key)))
        with time_machine.travel(datetime.fromisoformat(FROZEN), tick=True):
            remark()
        of_many = (
            ("selection", (120, 28), pressing("g", "a", "j", "x", "x", "j", "V", "j", "j", "t")),
            ("person", (100, 30), opening("c.participant_name = 'Jane Doe'", then=("p",))),
        )
        for name, size, act in of_many:
            if not wanted or name in wanted:
                asyncio.run(take(name, size, act))


if __name__ == "__main__":
    main()
