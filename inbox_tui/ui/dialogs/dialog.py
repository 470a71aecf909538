"""The base of every dialog: keys wait until it can take them, and none overtakes another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import ClassVar, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, TextArea
from textual.worker import Worker

from inbox_tui.ui.begun import Begun
from inbox_tui.ui.opening import WIDTHS

ResultT = TypeVar("ResultT")
ReadT = TypeVar("ReadT")

ALONG: Sequence[BindingType] = (("j", "move(1)", "Down"), ("k", "move(-1)", "Up"))
"""Keys of a dialog with a list, besides the arrows, which are the list's own."""


def key_line(keys: Iterable[tuple[str, str]]) -> Content:
    """The keys of a dialog in a line, each with what it does."""
    return Content(" · ").join(Content.assemble((key, "bold"), f" {does}") for key, does in keys)


class Dialog(ModalScreen[ResultT]):
    """A modal screen over the inbox, whose keys are carried out one after the other.

    So a key moves the focus with `set_focus`: `Widget.focus` waits behind keys that are typed already.
    """

    KEYS: ClassVar[Mapping[str, str]] = {}
    """Keys that mean the same wherever the focus is, each with the name of its method (without arguments)."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    """What was said below it is said again on it, in the same place."""

    class ModeChanged(Message):
        """The keys go into a field of the dialog now, or into none; sent to the screen at the bottom."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = asyncio.Event()
        """Set when the dialog is mounted and has the focus: from then on keys reach it."""
        self._awaits_data = False
        self.begun = Begun(lambda work: self.run_worker(work, exit_on_error=False))
        """What the keys of this dialog have begun."""
        self.keeps: list[Callable[[], object]] = []
        """What hands everything that was typed here to the writing thread now."""

    async def take(self, event: events.Key | events.Paste) -> None:
        """Carry a key or a paste out to its end; called in the order of typing.

        Handed on through the queues of widgets, a key could be for this dialog though the one before it has
        closed it, or for a list though the one before it leads out of that.
        """
        if isinstance(event, events.Key):
            if (name := self.KEYS.get(event.key)) is not None:
                getattr(self, name)()
            else:
                await self.app._check_bindings(event.key)

    def on_mount(self) -> None:
        """Take the focus now, not with the next message: keys may be waiting."""
        # Textual calls this besides the method of the same name of a subclass.
        if not self._awaits_data:
            self._take_keys()

    def _take_keys(self) -> None:
        if self.focused is None:
            self.focus_next(self.AUTO_FOCUS or "*")
        self.ready.set()

    def ready_after(self, reading: Awaitable[ReadT], take: Callable[[ReadT], object]) -> None:
        """Be ready when something that takes a while was read, and taken in; to be called by `on_mount`."""
        self._awaits_data = True
        self.run_worker(self._read_first(reading, take), exit_on_error=False, description="read for a dialog")

    async def _read_first(self, reading: Awaitable[ReadT], take: Callable[[ReadT], object]) -> None:
        read = False
        try:
            take(await reading)
            read = True
        finally:
            if not read:
                # The fault is told by the inbox; keys must not wait for what will never be there.
                self.dismiss(None)
            self._take_keys()

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Leave the dialog, with everything that was typed on its way to the disk."""
        if self not in self.app.screen_stack:
            # Who asks once more before it has gone would take the inbox along.
            return AwaitComplete()
        for keep in self.keeps:
            keep()
        return super().dismiss(result)

    @property
    def typing(self) -> bool:
        """Whether letters are written, not commands."""
        return isinstance(self.focused, (Input, TextArea))

    def action_move(self, step: int) -> None:
        """Move along the list that has the focus."""
        if isinstance(options := self.focused, OptionList):
            if step > 0:
                options.action_cursor_down()
            else:
                options.action_cursor_up()

    def on_descendant_focus(self) -> None:
        """The footer below names the mode."""
        self.app.screen_stack[0].post_message(self.ModeChanged())

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What fails in the background of a dialog is told like what fails in that of the inbox."""
        self.app.screen_stack[0].post_message(Worker.StateChanged(event.worker, event.state))

    def store_changed(self) -> None:
        """The store changed while this dialog is open; a dialog that shows rows reads them again."""
