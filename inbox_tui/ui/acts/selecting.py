"""Selecting chats in the list, for the acts that work on many of them at once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from inbox_tui.core.capabilities import Cause, Refused
from inbox_tui.core.errors import InboxError
from inbox_tui.store.db import open_reader
from inbox_tui.store.reads import ChatListing, ChatRow
from inbox_tui.ui.actions import About, Action, Context
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.acts.many import chats_in_words
from inbox_tui.ui.selection import Selection

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen


class Selecting(Area):
    """Acts that change what is selected, and nothing else."""

    def __init__(self, inbox: InboxScreen) -> None:
        super().__init__(inbox)
        self._reading: asyncio.Task[None] | None = None
        """Reads what the last key has selected beyond the screen."""

    def select(self, count: int) -> None:
        """Select the chat under the cursor, or take it out, and go to the next; a count takes as many."""
        chats = self._inbox.chats
        for _ in range(count):
            row = chats.cursor_row
            if row is None:
                return
            chats.select(partial(Selection.toggle, chat_id=row.chat.id))
            chats.move_cursor(1)
            if chats.cursor_row == row:
                return

    def select_range(self, count: int) -> None:
        """Select from here to wherever the cursor goes; again, moving selects no more."""
        chats = self._inbox.chats
        row = chats.cursor_row
        if chats.selection.ranging:
            chats.selection.end_range()
        elif row is not None:
            chats.select(lambda picked: picked.begin_range(row.chat.id))

    def select_all(self, count: int) -> None:
        """Select every chat that the view or the filter holds."""
        chats = self._inbox.chats

        def select(listed: list[str]) -> None:
            chats.select(lambda picked: picked.add(listed))
            words = f"Selected: {chats_in_words(len(chats.selection))}, all that is listed here"
            self._inbox.say(words if listed else "No chat is listed here")

        self._read(select)

    def refusal(self, action: Action) -> Refused | None:
        """Why an act on one chat cannot be done in the list while others are selected."""
        inbox = self._inbox
        count = len(inbox.chats.selection)
        of_one = action.about in (About.CHAT, About.MESSAGE) and action.id != "open"
        if not count or not of_one or inbox.context is not Context.LIST:
            return None
        words = "1 chat is" if count == 1 else f"{count:,} chats are"
        words += f" selected, and this is about a single one: {inbox.keymap.label('clear_filter')} first"
        return Refused(words, cause=Cause.MESSAGE)

    async def settle(self, before: ChatRow | None) -> None:
        """Select what the last key has, pressed on the row `before`; keys behind it wait for this.

        A range follows keys, never what comes in, and ends where one goes elsewhere than in the list.
        """
        chats = self._inbox.chats
        here = chats.cursor_row
        if chats.selection.ranging and self._inbox.context is not Context.LIST:
            chats.select(Selection.end_range)
        if chats.selection.ranging and here is not None and here != before:
            # The chat under the cursor may have left the list before the key.
            way = [here.chat.id] if before is None else chats.way_from(before)
            if way is None:
                draw = partial(Selection.draw_range, here=here.chat.id)
                self._read(lambda listed: chats.select(partial(draw, listed=listed)))
            else:
                chats.select(partial(Selection.reach, chat_ids=way))
                self._inbox.edges.draw_footer()
        reading, self._reading = self._reading, None
        if reading is not None:
            await reading

    def _read(self, take: Callable[[list[str]], object]) -> None:
        """Read the ids of all that the list shows beside the screen's loop, and hand them over."""
        inbox, source = self._inbox, self._inbox.chats.source
        if not isinstance(source, ChatListing):
            return

        def read() -> list[str]:
            with closing(open_reader(inbox.session.folder)) as reader:
                return source.chat_ids(reader)

        async def run() -> None:
            try:
                take(await asyncio.to_thread(read))
            except (InboxError, sqlite3.Error) as error:
                inbox.fault(error)
            inbox.edges.draw_footer()

        self._reading = asyncio.create_task(run())
