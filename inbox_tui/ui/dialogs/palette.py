"""The command palette: people, acts with their keys, views, snippets and themes in one box."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from inbox_tui.core.capabilities import Refused
from inbox_tui.core.cells import cells, truncate
from inbox_tui.store.names import chats_of, find_chats
from inbox_tui.store.recency import Choice, chosen, remember
from inbox_tui.ui.catalog import Catalog, Entry
from inbox_tui.ui.dialogs.fields import FieldDialog

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

MOST_CHATS = 20
"""Chats that are found at a time, by each way of looking."""
RECENT_CHATS = 5
MOST_ROWS = 14
LINES_AROUND = 8
"""Of the screen: the field, what is said of an entry, the keys, the frame, a line above and below."""
LEAST_TITLE = 24


class Palette(FieldDialog[None]):
    """One field and what goes with it. Chats are looked for in a thread; the newest letters win.

    Enter right behind a letter waits for their answer, so that it never takes what goes with fewer letters.
    """

    KEYS: ClassVar[Mapping[str, str]] = {
        "up": "previous",
        "down": "next",
        "ctrl+p": "previous",
        "ctrl+n": "next",
        "pageup": "page_up",
        "pagedown": "page_down",
        "enter": "choose",
        "escape": "leave",
    }
    CSS = """
    #palette { width: 84; }
    #palette-said { color: $foreground 80%; }
    """

    def __init__(self, inbox: InboxScreen) -> None:
        super().__init__()
        self._inbox = inbox
        self._catalog = Catalog(inbox, chosen(inbox.session.reader))
        self._recent_chats = self._catalog.chats(
            chats_of(inbox.session.reader, self._catalog.recent_chats(RECENT_CHATS))
        )
        self._chats: Sequence[Entry] = self._recent_chats
        self._entries: Sequence[Entry] = []
        self._number = 0
        self._letters = ""
        """What the list was made for."""
        self._refusals: dict[Choice, Refused | None] = {}
        """What was asked of the acts that were found, until the store changes."""
        self._unread: Sequence[Worker[None]] = ()
        """What is still being read for the list: snippets, and chats for the letters."""
        self._lines = 0
        """How many lines of the list are on the screen."""
        self._searcher = inbox.session.searcher("palette")

    def compose(self) -> ComposeResult:
        """The field, what it finds, what is said of the chosen entry, keys."""
        with Vertical(id="palette") as box:
            box.border_title = Content("Commands")
            yield Input(placeholder="a person, a command, a view, a snippet, a theme", compact=True)
            yield Static(id="palette-found")
            yield Static(id="palette-said")
            yield Static(Content("⏎ do it · ↑↓ choose · Esc back").stylize("dim"))

    def on_mount(self) -> None:
        """The field has the focus; what was chosen last stands first."""
        self._list()
        self._draw()
        self._unread = [self._read_snippets()]
        super().on_mount()

    def on_resize(self) -> None:
        """As many rows as there is room for."""
        if self.is_mounted:
            self._draw()

    def store_changed(self) -> None:
        """What can be done may have changed."""
        self._refusals.clear()
        self._draw()

    # Keys.

    async def take(self, event: events.Key | events.Paste) -> None:
        """Carry a key out to its end, the list that belongs to it included."""
        if isinstance(event, events.Key) and event.key == "enter":
            for worker in self._unread:
                # What fails there is told by the worker itself.
                with contextlib.suppress(WorkerFailed, WorkerCancelled):
                    await worker.wait()
        await super().take(event)
        if self.is_attached and self._field.value != self._letters:
            self._letters = self._field.value
            self._number = 0
            self._list()
            self._draw()
            self._unread = [*self._unread[:1], self._find(self._letters)]

    def previous(self) -> None:
        """The entry above."""
        self._move(-1)

    def next(self) -> None:
        """The entry below."""
        self._move(1)

    def page_up(self) -> None:
        """A screen of entries up."""
        self._move(-min(self._rows, self._number))

    def page_down(self) -> None:
        """A screen of entries down."""
        self._move(min(self._rows, len(self._entries) - 1 - self._number))

    def _move(self, step: int) -> None:
        self._number = (self._number + step) % max(1, len(self._entries))
        self._draw()

    def choose(self) -> None:
        """Do what stands at the mark; what cannot be done says why, and the palette stays."""
        entry = self._entry
        if entry is None or self._refusal(entry) is not None:
            return
        self._inbox.session.do(remember, entry.choice)
        # In this order, and both now: a key behind Enter is for what the entry opens.
        self.dismiss()
        entry.run()

    def leave(self) -> None:
        """Do nothing."""
        self.dismiss()

    # What is listed.

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    @property
    def _rows(self) -> int:
        return max(3, min(MOST_ROWS, self.app.size.height - LINES_AROUND))

    @property
    def _entry(self) -> Entry | None:
        return self._entries[self._number] if self._number < len(self._entries) else None

    def _refusal(self, entry: Entry) -> Refused | None:
        if entry.choice not in self._refusals:
            self._refusals[entry.choice] = entry.why_not()
        return self._refusals[entry.choice]

    def _is_refused(self, entry: Entry) -> bool:
        return self._refusal(entry) is not None

    def _list(self) -> None:
        self._entries = self._catalog.listed(self._letters, self._chats, self._is_refused)

    @work(exit_on_error=False, description="snippets")
    async def _read_snippets(self) -> None:
        file = self._inbox.acts.snippets.file
        reading = await asyncio.to_thread(file.read)
        self._catalog.add_snippets(reading.snippets.values())
        self._refresh()

    @work(exclusive=True, group="find", exit_on_error=False, description="find")
    async def _find(self, letters: str) -> None:
        """Look for chats; until the answer is there, those of before are shown as far as they still go."""
        found = await self._searcher.ask(lambda reader: find_chats(reader, letters, MOST_CHATS))
        if found is not None and letters == self._letters:
            self._chats = self._catalog.chats(found) if letters.strip() else self._recent_chats
            self._refresh()

    def _refresh(self) -> None:
        """List anew; who has moved to an entry stays on it."""
        entry = self._entry if self._number else None
        self._list()
        places = (place for place, each in enumerate(self._entries) if entry and each.choice == entry.choice)
        self._number = next(places, 0)
        self._draw()

    # Drawing.

    def _draw(self) -> None:
        rows, width = self._rows, self._found_cells
        first = max(0, min(self._number - rows // 2, len(self._entries) - rows))
        lines = [
            self._line(entry, width, at_mark=number == self._number)
            for number, entry in enumerate(self._entries[first : first + rows], first)
        ]
        lines += [Content("")] * (rows - len(lines))
        # As many lines as before: nothing else has to move.
        anew, self._lines = rows != self._lines, rows
        self.query_one("#palette-found", Static).update(Content("\n").join(lines), layout=anew)
        self.query_one("#palette-said", Static).update(self._said(), layout=False)

    @property
    def _found_cells(self) -> int:
        return max(LEAST_TITLE, min(84, int(self.app.size.width * 0.98)) - 4)

    def _line(self, entry: Entry, width: int, *, at_mark: bool) -> Content:
        refused = self._refusal(entry) is not None
        mark = f"{'▸' if at_mark else ' '} {'✗ ' if refused else ''}"
        room = width - cells(mark)
        note = truncate(entry.note, max(0, room - LEAST_TITLE - 2))
        title = truncate(entry.title, room - cells(note) - 2)
        gap = " " * max(1, room - cells(title) - cells(note))
        line = Content.assemble(mark, title, gap, (note, "$foreground 70%"))
        if refused:
            line = line.stylize("dim")
        return line.stylize("bold") if at_mark else line

    def _said(self) -> Content:
        entry = self._entry
        if entry is None:
            return Content("")
        refusal = self._refusal(entry)
        if refusal is not None:
            return Content.styled(f"✗ {refusal.reason}", "$text-warning")
        return Content(entry.about)
