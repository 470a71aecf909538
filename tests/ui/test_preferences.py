"""Keys of one's own: what is not used is said once, `?` shows the live map, changes are read at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from textual import events

from inbox_tui.config import keep_good, load
from inbox_tui.store.db import Folder
from inbox_tui.ui import pulse
from inbox_tui.ui.actions import Context
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.dialogs.help import HelpScreen
from inbox_tui.ui.preferences import Preferences, Watch, preferences

from .conftest import NOW, Desk


class Configured:
    """A configuration that is read again when it is changed, as the program does."""

    def __init__(self, home: Path, text: str) -> None:
        self._home = home
        (home / "config").mkdir()
        self.file = home / "config" / "config.toml"
        self.write(text)
        self.watch = Watch(self.file, self.read)

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def read(self) -> Preferences:
        settings = load(environment={"INBOX_TUI_HOME": str(self._home)})
        found = preferences(settings, again=self.watch.changed)
        if not found.problems:
            keep_good(settings)
        return found


def test_the_notice_is_one_sentence_however_many_lines_are_not_used(tmp_path: Path) -> None:
    configured = Configured(tmp_path, "theme = nord\n")
    assert configured.read().notice == (
        "config.toml, line 1: theme = nord cannot be understood. ? says what was expected."
    )
    configured.write("\n".join(["x = 1"] * 1 + ["[keys]"] + [f"a{number} = 'x'" for number in range(7)]))
    assert configured.read().notice == "config.toml: lines 1, 3, 4, 5, 6 and 3 more are not used. ? says why."


def test_a_file_that_is_still_being_written_is_left_until_it_rests(tmp_path: Path) -> None:
    configured = Configured(tmp_path, "")
    assert configured.watch.changed() is None
    configured.write("[keys]\n")
    assert configured.watch.changed() is None
    configured.write('[keys]\npin = "w"\n')
    assert configured.watch.changed() is None
    found = configured.watch.changed()
    assert found is not None
    assert found.keymap["pin"].keys == ("w",)
    assert configured.watch.changed() is None


async def test_keys_of_ones_own_are_in_force_shown_and_read_again_when_they_are_changed(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "TICK_SECONDS", 0.05)
    configured = Configured(tmp_path, '[keys]\npin = "F6"\nhelp = ["?", "F1"]\nquit = "F10"\n')
    with time_machine.travel(NOW, tick=True):
        app = InboxApp(folder, "demo", preferences=configured.read)
        async with app.run_test(size=(80, 24)) as pilot:
            await app.opened.wait()
            await pilot.pause()
            agent = Desk(app, pilot)
            pinned = "SELECT count(*) FROM local.pins"

            def pins() -> int:
                (count,) = agent.inbox.session.reader.execute(pinned).fetchone()
                return int(count)

            await agent.press("*")
            await agent.press("f6")
            await agent.until(lambda: pins() == 1)

            await agent.press("ctrl+c")
            assert agent.says("F10 quits"), "what most people try"
            await agent.press("f1")
            assert isinstance(app.screen, HelpScreen)
            help_lines = str(app.screen.query_one("#help Static").render())
            assert "F6                Pin, or take the pin off  (by default *)" in help_lines
            assert help_lines.index("In the list\n") < help_lines.index("In a thread, besides\n")
            assert help_lines.index("In a thread, besides\n") < help_lines.index("In the composer\n")
            await agent.press("f1")
            assert app.screen is agent.inbox

            configured.write('[keys]\npin = "s"\nhelp = "F2"\n')
            await agent.until(lambda: "line 2" in agent.screen_text())
            await agent.press("f6")
            await agent.until(lambda: pins() == 0)
            await agent.press("f2")
            assert isinstance(app.screen, HelpScreen)
            assert "keys.pin: s would start both pin (" in str(app.screen.query_one("#help Static").render())
            await agent.press("escape")
            assert "line 2" not in agent.screen_text(), "said once"

            configured.write('[keys]\npin = "F7"\n')
            await agent.until(lambda: agent.says("The configuration was read again"))
            await agent.press("f7")
            await agent.until(lambda: pins() == 1)
            await agent.press("f10")
            assert app.is_running, "it quits no more"
            await agent.press("ctrl+q")
            await agent.until(lambda: not app.is_running)
        app.session.close()


async def test_escape_and_a_key_right_behind_it_are_both_unless_they_are_an_alt_key_with_a_meaning(
    folder: Folder, tmp_path: Path
) -> None:
    configured = Configured(tmp_path, '[keys]\npin = "Alt+p"\n')
    with time_machine.travel(NOW, tick=True):
        app = InboxApp(folder, "demo", preferences=configured.read)
        async with app.run_test(size=(80, 24)) as pilot:
            await app.opened.wait()
            await pilot.pause()
            agent = Desk(app, pilot)
            reader = agent.inbox.session.reader
            await agent.press("enter")
            assert agent.context is Context.THREAD
            before = agent.inbox.chats.cursor_row
            app.post_message(events.Key("alt+j", "j"))
            await pilot.pause()
            assert agent.context is Context.LIST
            assert agent.inbox.chats.cursor_row != before, "one row further down"
            app.post_message(events.Key("alt+p", "p"))
            await agent.until(lambda: reader.execute("SELECT count(*) FROM local.pins").fetchone() == (1,))
            await agent.press("enter")
            app.post_message(events.Key("alt+j", None))
            await pilot.pause()
            assert agent.context is Context.THREAD, "a terminal that can tell told of Alt"
        app.session.close()
