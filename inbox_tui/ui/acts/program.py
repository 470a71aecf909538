"""Acts on the program itself."""

from __future__ import annotations

from inbox_tui.store import local, lookups
from inbox_tui.ui.acts.area import Area


class Program(Area):
    """Help, palette, painting and leaving."""

    def palette(self, count: int) -> None:
        """Commands and themes."""
        self._inbox.app.action_command_palette()

    def repaint(self, count: int) -> None:
        """Draw every cell again, after something else has written to the terminal."""
        self._inbox.refresh(layout=True)

    def help(self, count: int) -> None:
        """All keys."""
        from inbox_tui.ui.dialogs.help import HelpScreen

        self._inbox.app.push_screen(HelpScreen())

    def quit(self, count: int) -> None:
        """Leave; asks when something is unsent."""
        self._inbox.background(self._quit())

    async def _quit(self) -> None:
        inbox = self._inbox
        await inbox.drafts.saved()
        waiting = [item for item in lookups.outbox(inbox.session.reader) if item.state in local.ON_THE_WAY]
        if waiting:
            from inbox_tui.ui.dialogs.confirm import Confirm

            count = len(waiting)
            words = "1 message has" if count == 1 else f"{count} messages have"
            consequence = "What is held becomes a draft again; the rest leaves at the next start."
            if not await inbox.app.push_screen_wait(Confirm(f"{words} not left yet. Quit?", consequence)):
                return
        inbox.app.exit()
