"""A terminal without a terminal: the real screen in a process of its own, which tells what it notices.

`python -m tests.sync.headless` opens the account of the environment, as `inbox-tui` does. Each line on
standard input is a JSON list of chat, profile and text, to be sent as its composer would, without the hold.
Standard output has a JSON object a line: `screen` when it is drawn, `engine` with the process number of each
engine that it starts, `sees` with every draft and the last words of the newest chats each time that it takes
changes in, `queued` and `number` with a text that is in the outbox.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from inbox_tui.cli.open import engine_arguments
from inbox_tui.config import load
from inbox_tui.store import sends
from inbox_tui.store.db import prepare
from inbox_tui.ui import app, inbox
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.engine_process import EngineProcess
from inbox_tui.ui.inbox import InboxScreen
from inbox_tui.ui.preferences import Preferences
from inbox_tui.ui.pulse import Pulse

OUTPUT = os.dup(1)
"""Textual takes standard output for itself."""


def tell(**facts: object) -> None:
    """A line to who started this process."""
    os.write(OUTPUT, json.dumps(facts).encode() + b"\n")


class TellingEngine(EngineProcess):
    """Tells of each engine that it starts."""

    def _start(self) -> None:
        super()._start()
        tell(engine=self.pid)


class TellingPulse(Pulse):
    """Tells what the screen finds when something has changed."""

    def take_changes(self) -> None:
        """As ever; then tell what there is to see."""
        super().take_changes()
        reader = self._inbox.session.reader
        seen = [row[0] for row in reader.execute("SELECT text FROM local.drafts")]
        newest = reader.execute("SELECT preview FROM chats ORDER BY sort_at DESC LIMIT 3")
        tell(sees=seen + [row[0] for row in newest])


class TellingScreen(InboxScreen):
    """Tells when it is drawn."""

    CSS_PATH = Path(inbox.__file__).with_name(InboxScreen.CSS_PATH)

    def on_mount(self) -> None:
        """As ever; then listen to who started this process."""
        super().on_mount()
        tell(screen=os.getpid())
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            chat_id, profile_id, text = json.loads(line)
            item = self.session.write(
                sends.queue_send, chat_id, profile_id, {"text": text}, hold_ms=0
            ).result()
            tell(queued=text, number=item.pk)


class HeadlessApp(InboxApp):
    """The inbox, on no terminal."""

    CSS_PATH = Path(app.__file__).with_name(InboxApp.CSS_PATH)

    def make_inbox(self) -> InboxScreen:
        """The screen that tells."""
        screen = TellingScreen(self.session, "main", self.engine, [], Preferences())
        screen.pulse = TellingPulse(screen)
        return screen


def main() -> None:
    """Open the account of the environment until this process is killed."""
    settings = load()
    prepare(settings.folder)
    settings.log_file.parent.mkdir(parents=True, exist_ok=True)
    engine = TellingEngine(settings.folder, engine_arguments(settings), settings.log_file)
    HeadlessApp(settings.folder, "main", engine=engine).run(headless=True)


if __name__ == "__main__":
    main()
