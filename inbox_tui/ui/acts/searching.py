"""Searching everything cached, and going from hit to hit."""

from __future__ import annotations

import asyncio
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING

from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts.area import Area

if TYPE_CHECKING:
    from inbox_tui.store.find import Hit
    from inbox_tui.ui.dialogs.search import Asked, Chosen
    from inbox_tui.ui.inbox import InboxScreen
    from inbox_tui.ui.trail import Trail


class Searching(Area):
    """`/`, and `n` and `N` among what it found."""

    def __init__(self, inbox: InboxScreen) -> None:
        super().__init__(inbox)
        self._trail: Trail | None = None
        self._asked: Asked | None = None
        self._stepping = asyncio.Lock()

    @property
    def at(self) -> int | None:
        """The pk of the hit where the person is; None without a search."""
        return None if self._trail is None or self._trail.at is None else self._trail.at.pk

    def search(self, count: int) -> None:
        """Open the search with what was asked the last time."""
        # The language and the index are loaded when they are first needed, not before the first paint.
        from inbox_tui.ui.dialogs.search import Asked, Search

        inbox = self._inbox
        dialog = Search(
            inbox.session,
            inbox.profiles.by_id.values(),
            inbox.thread.zone or UTC,
            self._asked or Asked(),
        )

        def chosen(result: Chosen | None) -> None:
            self._asked = dialog.asked
            if result is None:
                return
            self._trail = result.trail
            if result.trail is not None and result.trail.at is not None:
                self._go(result.trail, result.trail.at)
            else:
                inbox.go_to(result.chat.id)

        inbox.app.push_screen(dialog, chosen)

    def search_for(self, text: str) -> None:
        """Open the search with a text."""
        from inbox_tui.ui.dialogs.search import Asked

        self._asked = Asked(text)
        self.search(1)

    def next_hit(self, count: int) -> None:
        """An older hit of the chat, then the newest of the next chat."""
        self._step(count)

    def previous_hit(self, count: int) -> None:
        """The way back."""
        self._step(-count)

    def _step(self, steps: int) -> None:
        inbox, trail = self._inbox, self._trail
        if trail is None:
            inbox.say(f"There are no hits yet: {inbox.keymap.label('search')} searches")
        else:
            inbox.keys.begun.wait_for(self._take_step(trail, steps))

    async def _take_step(self, trail: Trail, steps: int) -> None:
        # One after the other, as fast as they are typed: each goes on from where the one before has led.
        async with self._stepping:
            if trail is not self._trail:
                return
            hit = await self._inbox.session.searcher("steps").ask(partial(trail.next, steps=steps))
            if trail is not self._trail:
                return
            inbox = self._inbox
            if hit is None:
                inbox.say("That was the last hit" if steps > 0 else "That was the first hit")
            elif inbox.context is Context.TYPING or inbox.app.screen is not inbox:
                # Found too late: who types by now goes on in the same place.
                way = inbox.keymap.label("next_hit" if steps > 0 else "previous_hit")
                inbox.say(f"The hit is found; {way} goes there")
            else:
                self._go(trail, hit)

    def _go(self, trail: Trail, hit: Hit) -> None:
        """Open the chat of a hit with the message under the cursor, and what was found marked."""
        inbox = self._inbox
        trail.at = hit
        if inbox.shown is None or inbox.shown.pk != hit.chat_pk:
            inbox.go_to(hit.chat.id)
        else:
            inbox.turn_to(inbox.thread)
        if inbox.shown is not None and inbox.shown.pk == hit.chat_pk:
            inbox.thread.mark(trail.plan.text, trail.plan.marks)
            inbox.thread.bring_in(hit.key)
