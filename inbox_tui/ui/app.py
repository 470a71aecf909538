"""The Textual application around the inbox screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import App
from textual.driver import Driver

from inbox_tui.store.db import Folder
from inbox_tui.ui import terminal_signals, themes
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.dialogs.fields import FieldDialog
from inbox_tui.ui.engine_process import EngineProcess
from inbox_tui.ui.inbox import InboxScreen
from inbox_tui.ui.preferences import Preferences
from inbox_tui.ui.session import Session


class InboxApp(App[None], inherit_bindings=False):
    """Opens the files, shows the inbox, and closes both in order."""

    CSS_PATH = "inbox.tcss"
    TITLE = "inbox-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = []

    def __init__(
        self,
        folder: Folder,
        account: str,
        *,
        engine: EngineProcess | None = None,
        theme: str | None = None,
        notices: Sequence[str] = (),
        preferences: Preferences | None = None,
    ) -> None:
        """`account`: what the status line calls the account; `notices`: sentences for the banner."""
        super().__init__()
        # Every move is drawn at once: an agent's keys come faster than an animation ends.
        self.animation_level = "none"
        self.session = Session(folder)
        self.engine = engine
        self.preferences = Preferences() if preferences is None else preferences
        self.vanished = False
        """Whether the terminal is gone: nothing can be said any more."""
        self._account = account
        self._notices = notices
        for own in themes.OWN:
            self.register_theme(own)
        wanted = themes.MONOCHROME.name if os.environ.get("NO_COLOR") else theme
        if wanted in self.available_themes:
            self.theme = wanted
        elif wanted is not None:
            unknown = f"There is no theme {wanted!r}. `inbox-tui doctor` names those that there are."
            self._notices = [*notices, unknown]

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver for this system; in a terminal of Linux or macOS, the one that guards pastes."""
        chosen = super().get_driver_class()
        if chosen.__name__ != "LinuxDriver":
            return chosen
        from inbox_tui.ui.pastes import PasteDriver

        return PasteDriver

    def get_css_variables(self) -> dict[str, str]:
        """The colours of the theme, those of the platforms added and all of them readable."""
        self.theme_variables = themes.adapted(self.current_theme, super().get_css_variables())
        return self.theme_variables

    def get_default_screen(self) -> InboxScreen:
        """The inbox is the only screen below the dialogs."""
        return InboxScreen(self.session, self._account, self.engine, self._notices, self.preferences)

    def on_app_focus(self) -> None:
        """The terminal has got the focus."""
        self._turned(here=True)

    def on_app_blur(self) -> None:
        """The terminal has lost the focus."""
        self._turned(here=False)

    def _acted(self) -> None:
        screen = self.screen_stack[0]
        if isinstance(screen, InboxScreen):
            screen.alerts.acted()

    def _turned(self, *, here: bool) -> None:
        screen = self.screen_stack[0] if self.screen_stack else None
        if isinstance(screen, InboxScreen):
            screen.alerts.turned(here=here)

    def clear_notifications(self) -> None:
        """Take away what was said, and the room that Textual keeps for it: new words would be pushed out."""
        super().clear_notifications()
        if self.screen_stack:
            self.screen.query("ToastHolder").remove()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes go to the inbox, or to a dialog with fields, one after the other to its end."""
        screen = self.screen if self.screen_stack else None
        if isinstance(event, (events.Key, events.Paste, events.MouseDown)) and screen is not None:
            # Not when the mouse moves: it may be on its way to another window.
            self._acted()
        if isinstance(event, (events.Key, events.Paste)) and isinstance(screen, Dialog):
            await screen.ready.wait()
        if (
            isinstance(event, (events.Key, events.Paste))
            and not event.is_forwarded
            and isinstance(screen, (InboxScreen, FieldDialog))
        ):
            self.app_focus = True
            if isinstance(event, events.Key) and self._quits(event):
                await self.action_quit()
            else:
                await screen.take(event)
        elif isinstance(event, events.Key) and not event.is_forwarded and self._quits(event):
            await self.action_quit()
        else:
            await super().on_event(event)

    def _quits(self, event: events.Key) -> bool:
        """Whether a key leaves: the inbox, or the dialog that stands over it."""
        inbox = self.screen_stack[0] if self.screen_stack else None
        return isinstance(inbox, InboxScreen) and event.key in inbox.keymap["quit"].keys

    async def on_paste_driver_gone(self) -> None:
        """The terminal is gone: nobody can be asked any more, and every word that was typed is kept."""
        inbox = self.screen_stack[0] if self.screen_stack else None
        if isinstance(inbox, InboxScreen):
            await inbox.drafts.saved()
        self.vanished = True
        self.exit()

    async def action_quit(self) -> None:
        """Quit by the screen's rules: nothing typed is lost, and unsent messages are asked about."""
        screen = self.screen
        if isinstance(screen, InboxScreen):
            screen.acts.do("quit")
        else:
            screen.dismiss()


def run(
    folder: Folder,
    account: str,
    *,
    engine: EngineProcess | None = None,
    theme: str | None = None,
    notices: Sequence[str] = (),
    preferences: Preferences | None = None,
) -> None:
    """Run the inbox until the person leaves it; then end the engine and close the files."""
    app = InboxApp(folder, account, engine=engine, theme=theme, notices=notices, preferences=preferences)
    try:
        app.run()
    finally:
        if engine is not None:
            engine.stop()
        if app.preferences.notifications.title:
            terminal_signals.restore_title()
        if app.session.unfinished and not app.vanished:
            sys.stderr.write("inbox-tui: ends as soon as what was begun on many chats is done\n")
        app.session.close()
