"""The line below the list that filters it with the query language."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from inbox_tui.core.models import Profile
from inbox_tui.store.reads import ChatFilter, ChatRow, ChatSource, Key, PickedSource, Source
from inbox_tui.ui.session import Session

if TYPE_CHECKING:
    from inbox_tui.store.search import Scan


ANSWER_SECONDS = 2.0
"""How long a key waits for the list that the query before it asks for."""
AGAIN_SECONDS = 0.5
"""How long a list stands before it is asked for again, where the data changes faster than it is answered."""


class FilterBar(Vertical):
    """A query, where it is wrong, and the list that it stands for."""

    class Found(Message):
        """The list has to show `source`; `stay`: the query is the same, only the data changed.

        Whoever has shown it calls `shown`.
        """

        def __init__(self, source: Source[ChatRow], shown: Callable[[], object], *, stay: bool) -> None:
            super().__init__()
            self.source = source
            self.shown = shown
            self.stay = stay

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._applied = ""
        self.wrong = False
        """The query that stands there cannot be understood, so the list is not what it asks for."""
        self._picking = 0
        """Questions that are not answered yet; only the newest will be."""
        self._again = False
        self._answered = asyncio.Event()
        """Set while the list shows what the query finds, or the query cannot be understood."""
        self.profiles: Iterable[Profile] = ()

    def compose(self) -> ComposeResult:
        """The error stands above the field, where it covers nothing."""
        yield Static(id="filter-error")
        # Selected by the key that comes here: the focus may come behind letters that are typed already.
        words = "words, from:jane, label:vip"
        yield Input(id="filter", placeholder=words, compact=True, select_on_focus=False)

    @property
    def field(self) -> Input:
        """The text field."""
        return self.query_one(Input)

    @property
    def active(self) -> bool:
        """Whether the list is filtered."""
        return bool(self._applied)

    def close(self) -> None:
        """Show the whole list again."""
        with self.field.prevent(Input.Changed):
            self.field.value = ""
        self.display = self.wrong = False
        self._say("")
        if self._applied:
            self._applied = ""
            self._answer("", ChatSource(self._session.reader), stay=False)

    def refresh_list(self) -> None:
        """Ask again after the data changed; a question that is under way is answered first."""
        if self._picking:
            self._again = True
        else:
            self._apply(stay=True)

    async def answered(self) -> None:
        """Wait until the list shows what is typed, for the keys behind it; no longer than ANSWER_SECONDS."""
        self._ask()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), ANSWER_SECONDS)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._ask()

    def _ask(self) -> None:
        wanted = self.field.value.strip()
        if wanted != self._applied:
            self._applied = wanted
            self._answered.clear()
            self._apply(stay=False)

    def _answer(self, text: str, source: Source[ChatRow], *, stay: bool) -> None:
        def shown() -> None:
            if text == self._applied:
                self._answered.set()

        self.post_message(self.Found(source, shown, stay=stay))

    def _apply(self, *, stay: bool) -> None:
        # The language is loaded when it is first written in, not before the first paint.
        from inbox_tui.core.query import QueryError
        from inbox_tui.store import search

        try:
            zone = datetime.now().astimezone().tzinfo or UTC
            plan = search.plan(self._applied, self.profiles, now=self._session.clock.now(), zone=zone)
        except QueryError as error:
            self.wrong = True
            self._say(str(error))
            self._answered.set()
            return
        self.wrong = False
        self._say("")
        if isinstance(plan, ChatFilter):
            self._answer(self._applied, ChatSource(self._session.reader, plan), stay=stay)
        else:
            # A look at every chat may take a while, so it has a thread and a reader of its own.
            self._pick(self._applied, plan, stay=stay)

    @work(exit_on_error=False, description="filter")
    async def _pick(self, text: str, plan: Scan, *, stay: bool) -> None:
        from inbox_tui.store import index
        from inbox_tui.store.search import pick

        def question(reader: sqlite3.Connection) -> tuple[list[Key], int]:
            keys = pick(self._session.folder, plan, reader=reader)
            return keys, index.missing(reader, index.MESSAGES) if plan.wanted else 0

        self._picking += 1
        try:
            found = await self._session.searcher("filter").ask(question)
        finally:
            self._picking -= 1
        if self._again and not self._picking:
            self._again = False
            self.set_timer(AGAIN_SECONDS, self.refresh_list)
        if found is not None and text == self._applied:
            keys, missing = found
            self._say(f"Not looked at: {missing:,} messages that are still to be indexed" if missing else "")
            self._answer(text, PickedSource(self._session.reader, keys), stay=stay)

    def _say(self, words: str) -> None:
        error = self.query_one("#filter-error", Static)
        error.update(Content(words))
        error.display = bool(words)
