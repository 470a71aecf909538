"""The Textual application around the inbox screen."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen

from inbox_tui.store.db import Folder
from inbox_tui.ui import terminal_signals, themes
from inbox_tui.ui.engine_process import EngineProcess
from inbox_tui.ui.opening import OpeningScreen
from inbox_tui.ui.session import Session

if TYPE_CHECKING:
    # The inbox and what the person has set are loaded behind the first paint.
    from inbox_tui.ui.inbox import InboxScreen
    from inbox_tui.ui.preferences import Preferences

WAITING = (events.InputEvent, events.Paste, events.AppFocus, events.AppBlur)
"""What is for the inbox, and waits until it is there."""


class InboxApp(App[None], inherit_bindings=False):
    """Opens the files, shows the rows of the list, then the inbox, and closes the files in order."""

    CSS_PATH = "opening.tcss"
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
        preferences: Callable[[], Preferences] | None = None,
        when_opened: Callable[[], object] = lambda: None,
    ) -> None:
        """`account`: what the status line calls the account; `notices`: sentences for the banner.

        `preferences` is called behind the first paint, `when_opened` when the inbox takes keys.
        """
        super().__init__()
        # Every move is drawn at once: an agent's keys come faster than an animation ends.
        self.animation_level = "none"
        self.session = Session(folder)
        self.engine = engine
        self.inbox: InboxScreen | None = None
        """The screen below the dialogs, once it is there."""
        self.opened = asyncio.Event()
        """Set when the inbox takes keys."""
        self.vanished = False
        """Whether the terminal is gone: nothing can be said any more."""
        self.fault: Exception | None = None
        """What in the program has ended it."""
        self._account = account
        self._notices = notices
        self._preferences = preferences
        self._when_opened = when_opened
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

    def get_default_screen(self) -> Screen[None]:
        """The rows of the list, which load little; the inbox follows."""
        opening = OpeningScreen(self.session, self._painted)
        # Textual asks this of every screen that is replaced, and does it for each but the first.
        opening._push_result_callback(self, None)
        return opening

    def make_inbox(self) -> InboxScreen:
        """The only screen below the dialogs."""
        from inbox_tui.ui.inbox import InboxScreen
        from inbox_tui.ui.preferences import Preferences

        preferences = Preferences() if self._preferences is None else self._preferences()
        return InboxScreen(self.session, self._account, self.engine, self._notices, preferences)

    def _painted(self) -> None:
        self.run_worker(self._open(), description="open the inbox")

    async def _open(self) -> None:
        """Put the inbox in the place of the rows; those stay on the terminal until it is painted."""
        inbox = self.make_inbox()
        await self.switch_screen(inbox)
        self.inbox = inbox
        self.opened.set()
        self._when_opened()

    def on_app_focus(self) -> None:
        """The terminal has got the focus."""
        self._turned(here=True)

    def on_app_blur(self) -> None:
        """The terminal has lost the focus."""
        self._turned(here=False)

    def _turned(self, *, here: bool) -> None:
        if self.inbox is not None:
            self.inbox.alerts.turned(here=here)

    def clear_notifications(self) -> None:
        """Take away what was said, and the room that Textual keeps for it: new words would be pushed out."""
        super().clear_notifications()
        if self.screen_stack:
            self.screen.query("ToastHolder").remove()

    async def on_event(self, event: events.Event) -> None:
        """What was done before the inbox is there waits for it, in its order."""
        if isinstance(event, WAITING):
            await self.opened.wait()
        if isinstance(event, (events.Key, events.Paste, events.MouseDown)) and self.inbox is not None:
            # Not when the mouse moves: it may be on its way to another window.
            self.inbox.alerts.acted()
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            await self._take(event)
        else:
            await super().on_event(event)

    async def _take(self, event: events.Key | events.Paste) -> None:
        """Keys and pastes go to the inbox, or to the dialog over it, one after the other to its end."""
        from inbox_tui.ui.dialogs.dialog import Dialog

        if self.inbox is not None:
            await self.inbox.keys.begun.settled()
        if self._exit:
            # It was meant for whatever the terminal shows next.
            return
        while isinstance(screen := self.screen, Dialog) and not screen.ready.is_set():
            await screen.ready.wait()
            if self.inbox is not None and screen not in self.screen_stack:
                self.inbox.stray.nothing_opened(event.time, "What it is about could not be read")
        if screen is self.inbox or isinstance(screen, Dialog):
            self.app_focus = True
        if isinstance(event, events.Key) and self._quits(event):
            await self.action_quit()
        elif self.inbox is not None and screen is self.inbox:
            await self.inbox.take(event)
        elif isinstance(screen, Dialog):
            await screen.take(event)
            # Now, so that what its end leads to is done before the next key is looked at.
            await screen.begun.settled()
        else:
            await super().on_event(event)

    def _quits(self, event: events.Key) -> bool:
        """Whether a key leaves: the inbox, or the dialog that stands over it."""
        return self.inbox is not None and event.key in self.inbox.keymap["quit"].keys

    async def on_paste_driver_gone(self) -> None:
        """The terminal is gone: nobody can be asked any more, and every word that was typed is kept."""
        self._keep()
        if self.inbox is not None:
            await self.inbox.drafts.saved()
        self.vanished = True
        self.exit()

    def _keep(self) -> None:
        """Hand every word that was typed to the writing thread, which ends its work before files close."""
        if self.inbox is None:
            return
        from inbox_tui.ui.dialogs.dialog import Dialog

        for dialog in self.screen_stack:
            if isinstance(dialog, Dialog):
                for keep in dialog.keeps:
                    keep()
        self.inbox.drafts.keep()

    def _handle_exception(self, error: Exception) -> None:
        """Keep the first fault for who has started the program, and what was typed; Textual ends it."""
        if self.fault is None:
            self.fault = error
            try:
                self._keep()
            except Exception as another:  # noqa: BLE001 - whatever it is, the first fault is told
                # What is broken may be what holds the words; the log tells of both.
                error.add_note(f"What was typed last could not be kept: {another!r}")
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End without Textual's report on the terminal: it prints variables, and so words of customers."""
        self._close_messages_no_wait()

    async def action_quit(self) -> None:
        """Quit by the screen's rules: nothing typed is lost, and unsent messages are asked about."""
        if self.inbox is not None and self.screen is self.inbox:
            self.inbox.acts.do("quit")
        else:
            self.screen.dismiss()


def run(
    folder: Folder,
    account: str,
    *,
    engine: EngineProcess | None = None,
    theme: str | None = None,
    notices: Sequence[str] = (),
    preferences: Callable[[], Preferences] | None = None,
    when_opened: Callable[[], object] = lambda: None,
) -> Exception | None:
    """Run the inbox until the person leaves it; then end the engine and close the files.

    Returns the fault of the program that has ended it instead. The rest as for `InboxApp`.
    """
    app = InboxApp(
        folder,
        account,
        engine=engine,
        theme=theme,
        notices=notices,
        preferences=preferences,
        when_opened=when_opened,
    )
    try:
        app.run()
    finally:
        if engine is not None:
            engine.stop()
        if app.inbox is not None and app.inbox.preferences.notifications.title:
            terminal_signals.restore_title()
        if app.session.unfinished and not app.vanished:
            sys.stderr.write("inbox-tui: ends as soon as what was begun on many chats is done\n")
        app.session.close()
    return app.fault
