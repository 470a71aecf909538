"""Selecting chats in the list, for the acts that work on many of them at once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from functools import partial

from inbox_tui.core.capabilities import Cause, Refused
from inbox_tui.core.errors import InboxError
from inbox_tui.store.db import open_reader
from inbox_tui.store.reads import ChatListing, ChatRow
from inbox_tui.ui.actions import About, Action, Context
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.acts.many import chats_in_words
from inbox_tui.ui.selection import Selection


class Selecting(Area):
    """Acts that change what is selected, and nothing else."""

    _all_wanted = False

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
        """Select every chat that the view or the filter holds; `settle` reads which these are."""
        self._all_wanted = True

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
        source, here = chats.source, chats.cursor_row
        if chats.selection.ranging and self._inbox.context is not Context.LIST:
            chats.select(Selection.end_range)
        jumped = False
        if chats.selection.ranging and here is not None and here != before:
            # The chat under the cursor may have left the list before the key.
            way = [here.chat.id] if before is None else chats.way_from(before)
            jumped = way is None
            chats.select(partial(Selection.reach, chat_ids=way or ()))
            self._inbox.edges.draw_footer()
        if not isinstance(source, ChatListing) or not (self._all_wanted or jumped):
            return
        session = self._inbox.session

        def read() -> list[str]:
            with closing(open_reader(session.folder)) as reader:
                return source.chat_ids(reader)

        try:
            listed = await asyncio.to_thread(read)
        except (InboxError, sqlite3.Error) as error:
            self._inbox.fault(error)
            return
        finally:
            all_wanted, self._all_wanted = self._all_wanted, False
        if all_wanted:
            chats.select(lambda picked: picked.add(listed))
            words = f"Selected: {chats_in_words(len(chats.selection))}, all that is listed here"
            self._inbox.say(words if listed else "No chat is listed here")
        elif here is not None:
            chats.select(lambda picked: picked.draw_range(listed, here.chat.id))
        self._inbox.edges.draw_footer()
