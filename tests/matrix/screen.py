"""An agent at the screen who tries cells of the table, each with its key, and what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual import events
from textual.widgets import Input, Static

from inbox_tui.core.models import JsonObject
from inbox_tui.ui.actions import ACTIONS
from inbox_tui.ui.app import InboxApp
from inbox_tui.ui.catalog import Catalog
from inbox_tui.ui.dialogs.comments import Comments
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.dialogs.new_chat import NewChat
from tests.matrix.expected import ON_MESSAGES, Cell, Do
from tests.matrix.verbs import address_for, words_for
from tests.matrix.world import Place
from tests.settling import settling, unpainted
from tests.ui.conftest import Desk

KEYS: Mapping[Do, str] = {
    Do.SEND_TEXT: "enter",
    Do.SEND_FILE: "ctrl+f",
    Do.SEND_BUTTONS: "ctrl+n",
    Do.REPLY_TO: "R",
    Do.EDIT: "E",
    Do.PUT_BUTTONS: "B",
    Do.REMOVE_BUTTONS: "B",
    Do.REACT: "+",
    Do.UNREACT: "-",
    Do.ARCHIVE: "M",
    Do.UNARCHIVE: "M",
    Do.NEW_CHAT: "c",
    Do.NEW_CHAT_WITH_TEXT: "c",
    Do.PRIVATE_REPLY: "C",
}
IN_COMPOSER = (Do.SEND_TEXT, Do.SEND_FILE, Do.SEND_BUTTONS)
NOT_OFFERED = "not offered"
SIZE = (110, 30)


@dataclass(frozen=True)
class Queued:
    """A row of the outbox that a cell has made."""

    act: str
    chat_id: str
    payload: JsonObject


@dataclass(frozen=True)
class Asked:
    """What the screen said to a cell, what it queued, and whether footer and palette had offered the key."""

    said: str
    queued: tuple[Queued, ...]
    footer: bool | None
    """None where the key is never named there."""
    palette: str | None
    """What stands under the act in the palette; None where the palette does not list it, as while typing."""


async def ask_all(app: InboxApp, places: Mapping[Cell, Place]) -> dict[Cell, Asked]:
    """Try cells one after the other in one running program."""
    with settling(), unpainted():
        return await _asked(app, places)


async def _asked(app: InboxApp, places: Mapping[Cell, Place]) -> dict[Cell, Asked]:
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await app.opened.wait()
        await pilot.pause()
        agent = Agent(Desk(app, pilot))
        return {cell: await agent.try_cell(cell, place) for cell, place in places.items()}


class Agent:
    """Knows the keys."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._palette: str | None = None
        self._footer: bool | None = None
        self._about = ""
        """What the last dialog said."""

    async def try_cell(self, cell: Cell, place: Place) -> Asked:
        """Go to what the cell is about, press its key, fill in what is asked for, and come back."""
        desk = self._desk
        desk.app.clear_notifications()
        self._about = ""
        before = max((pk for pk, _ in self._outbox()), default=0)
        await self._go(cell, place)
        self._look(cell)
        await desk.press(KEYS[cell.do])
        await self._fill_in(cell, place)
        await self._written()
        said = [str(note.message) for note in desk.app._notifications]
        self._about += self._dialog_words()
        for _ in range(4):
            if isinstance(desk.app.screen, Dialog):
                await desk.press("escape")
        queued = tuple(row for pk, row in self._outbox() if pk > before)
        return Asked(" ".join([*said, self._about]), queued, self._footer, self._palette)

    async def _go(self, cell: Cell, place: Place) -> None:
        desk, inbox = self._desk, self._desk.inbox
        # The pause of a person who has read why the key before could not be taken.
        inbox.stray.nothing_opened(0.0, "")
        if desk.context != "thread":
            await desk.press("escape")
        if not place.chat:
            return
        inbox.go_to(place.chat)
        await desk.pilot.pause()
        if cell.do in ON_MESSAGES:
            found = inbox.session.reader.execute(
                "SELECT position_at, id FROM messages WHERE id = ?", (place.message,)
            ).fetchone()
            inbox.thread.point_at(found)
            await desk.pilot.pause()
        if cell.do in IN_COMPOSER:
            await desk.press("r")
            if not cell.refused and cell.do is not Do.SEND_FILE:
                await self._paste(words_for(cell))

    def _look(self, cell: Cell) -> None:
        """See what is offered before the key is pressed."""
        inbox, key = self._desk.inbox, KEYS[cell.do]
        action = next(each for each in ACTIONS if key in each.keys and inbox.context in each.contexts)
        named = [name for _, name in inbox.keymap.footer(inbox.context, inbox.acts.works)]
        self._footer = action.footer in named if action.footer else None
        self._palette = None
        if inbox.context != "typing":
            (entry,) = [each for each in Catalog(inbox, {}).fixed if each.choice == ("act", action.id)]
            refusal = entry.why_not()
            self._palette = entry.note if refusal is None else f"✗ {refusal.reason}"

    async def _fill_in(self, cell: Cell, place: Place) -> None:
        """What a dialog asks for, or the composer."""
        desk = self._desk
        match cell.do:
            case Do.SEND_FILE if not cell.refused:
                await self._dialog()
                field = desk.app.screen.query_one(Input)
                await desk.press(*["backspace"] * len(field.value))
                await self._paste(address_for(place))
                await desk.press("enter")
                await desk.until(lambda: not isinstance(desk.app.screen, Dialog))
                await desk.press("enter")
            case Do.SEND_BUTTONS if not cell.refused:
                await self._dialog()
                await self._paste("Call me = call")
                await desk.press("ctrl+s", "enter")
            case Do.REPLY_TO if not cell.refused:
                await self._paste(words_for(cell))
                await desk.press("enter")
            case Do.EDIT if isinstance(desk.app.screen, Dialog):
                if cell.state != "ours, the same words":
                    await self._paste(f" {words_for(cell)}")
                await desk.press("enter")
            case Do.PUT_BUTTONS if isinstance(desk.app.screen, Dialog):
                await self._paste("\nCall me = call" if "inline" in cell.state else "Call me = call")
                await desk.press("ctrl+s")
            case Do.REMOVE_BUTTONS if isinstance(desk.app.screen, Dialog):
                await desk.press("ctrl+n", "ctrl+n")
            case Do.REACT if isinstance(desk.app.screen, Dialog):
                await desk.press("1")
            case Do.NEW_CHAT | Do.NEW_CHAT_WITH_TEXT:
                await self._begin_chat(cell, place)
            case Do.PRIVATE_REPLY:
                await self._answer_comment(cell, place)
            case _:
                pass

    async def _begin_chat(self, cell: Cell, place: Place) -> None:
        desk = self._desk
        await self._dialog()
        dialog = desk.app.screen
        assert isinstance(dialog, NewChat)
        profiles = [profile.id for profile in dialog._profiles]
        await desk.press(*["j"] * profiles.index(place.profile))
        self._about = self._dialog_words()
        if cell.do is Do.NEW_CHAT_WITH_TEXT and cell.state == "with a stranger" and cell.refused:
            return
        await desk.press("enter")
        if dialog.query_one(Input).display:
            await self._paste(place.participant)
            await desk.press("enter")
            refused = cell.refused is not None
            await desk.until(lambda: refused or not isinstance(desk.app.screen, Dialog))

    async def _answer_comment(self, cell: Cell, place: Place) -> None:
        desk = self._desk
        await self._dialog()
        dialog = desk.app.screen
        assert isinstance(dialog, Comments)
        offered = [profile.id for profile, _ in dialog._posts]
        if place.profile not in offered:
            self._about = NOT_OFFERED
            return
        await desk.press(*["j"] * offered.index(place.profile), "enter")
        comments = [row.comment.id for row in dialog._comments]
        await desk.press(*["j"] * comments.index(place.comment), "enter")
        if not cell.refused:
            await self._paste(words_for(cell))
            await desk.press("enter", "enter")
            await desk.until(lambda: not isinstance(desk.app.screen, Dialog))

    async def _dialog(self) -> None:
        """Wait until a dialog can take keys."""
        desk = self._desk
        await desk.until(lambda: isinstance(desk.app.screen, Dialog))
        dialog = desk.app.screen
        assert isinstance(dialog, Dialog)
        await dialog.ready.wait()

    async def _paste(self, text: str) -> None:
        self._desk.app.post_message(events.Paste(text))
        await self._desk.pilot.pause()

    def _dialog_words(self) -> str:
        screen = self._desk.app.screen
        if not isinstance(screen, Dialog):
            return ""
        return " ".join(str(each.content) for each in screen.query(Static) if each.display)

    async def _written(self) -> None:
        """Wait until the writing thread has done everything that was handed to it."""
        desk = self._desk
        while any(each.is_running for each in desk.app.workers):
            await desk.pilot.pause(0.01)
        await asyncio.wrap_future(desk.inbox.session.write(lambda writer: None))

    def _outbox(self) -> Iterable[tuple[int, Queued]]:
        rows = self._desk.inbox.session.reader.execute(
            "SELECT pk, act, chat_id, payload FROM local.outbox ORDER BY pk"
        ).fetchall()
        return [(pk, Queued(act, chat, json.loads(payload))) for pk, act, chat, payload in rows]
