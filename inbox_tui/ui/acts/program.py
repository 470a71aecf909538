"""Acts on the program itself."""

from __future__ import annotations

from inbox_tui.store import lookups
from inbox_tui.store.items import ON_THE_WAY
from inbox_tui.ui.acts.area import Area


class Program(Area):
    """Help, palette, painting and leaving."""

    def palette(self, count: int) -> None:
        """Everything there is, by a few letters."""
        from inbox_tui.ui.dialogs.palette import Palette

        self._inbox.app.push_screen(Palette(self._inbox))

    def palette_while_typing(self, count: int) -> None:
        """The same; the acts in it are those of the composer."""
        self.palette(count)

    def repaint(self, count: int) -> None:
        """Draw every cell again, after something else has written to the terminal."""
        self._inbox.refresh(layout=True)

    def help(self, count: int) -> None:
        """All keys."""
        from inbox_tui.ui.dialogs.help import HelpScreen

        inbox, preferences = self._inbox, self._inbox.preferences
        inbox.app.push_screen(HelpScreen(preferences, inbox.context))
        # There the lines that are not used are named one by one.
        if preferences.notice in inbox.notices:
            inbox.notices = [words for words in inbox.notices if words != preferences.notice]
            inbox.edges.draw()

    def quit(self, count: int) -> None:
        """Leave; asks when something is unsent."""
        if self._waiting():
            # Not from a worker: Enter at once behind the key would send what stands in the composer.
            self._ask()
        else:
            self._inbox.keys.begun.wait_for(self._quit())

    def _waiting(self) -> int:
        """How many messages and acts have not left yet."""
        items = lookups.outbox(self._inbox.session.reader)
        return sum(item.state in ON_THE_WAY for item in items)

    def _ask(self) -> None:
        from inbox_tui.ui.dialogs.confirm import ConfirmQuit

        def answered(yes: bool | None) -> None:
            if yes:
                self._inbox.keys.begun.wait_for(self._leave())

        self._inbox.app.push_screen(ConfirmQuit(self._waiting), answered)

    async def _quit(self) -> None:
        # What is on its way into the outbox is counted, too.
        await self._inbox.drafts.saved()
        if self._waiting():
            self._ask()
        else:
            self._inbox.app.exit()

    async def _leave(self) -> None:
        await self._inbox.drafts.saved()
        self._inbox.app.exit()
