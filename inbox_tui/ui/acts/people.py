"""The person of a chat, and the way to other chats that may be theirs."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from inbox_tui.store import customers, lookups
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.person import person_lines


class People(Area):
    """Acts that show who one writes with."""

    def person(self, count: int) -> None:
        """Everything about the person of the chat; from there to chats that may be theirs, too."""
        from inbox_tui.ui.dialogs.person import Person

        inbox, row = self._inbox, self._subject
        if row is None:
            return
        chat_id, reader = row.chat.id, inbox.session.reader

        def lines() -> Sequence[Content]:
            now = lookups.chat(reader, chat_id) or row
            known, clock = customers.customer(reader, now), inbox.session.clock
            return person_lines(now, known, inbox.profiles, clock.now(), inbox.thread.zone)

        def chosen(other: str | None) -> None:
            if other is not None:
                inbox.go_to(other)

        dialog = Person(row.chat.title, lines, customers.customer(reader, row).others)
        inbox.app.push_screen(dialog, chosen)
