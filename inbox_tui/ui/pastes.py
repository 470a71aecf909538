"""What a terminal sends until it is gone, with pastes cut out before anything in them can count as a key.

A terminal puts what is pasted between two marks. Textual's own parser looks for keys between them too, so an
ESC in a pasted text ends the paste there, and what follows, line breaks included, would be typed. Here
everything between the marks is one text, however it is split over reads.
"""

from __future__ import annotations

import asyncio
import errno
import os
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO, cast

from textual import events
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from inbox_tui.core.text import clean
from inbox_tui.ui.placing import placed

if TYPE_CHECKING:
    from textual.app import App

START, END = "\x1b[200~", "\x1b[201~"
"""The marks of a bracketed paste (xterm, DEC private mode 2004)."""
READ_BYTES = 1 << 16
"""The most that is read from the terminal at a time."""
IDLE_SECONDS = 0.1
"""How long is waited for more where no burst is under way."""
BURST_SECONDS = 0.05
"""What comes within this of a paste's end was not pressed by a hand that saw it."""
SHOWN_SECONDS = 0.5
"""What has come of a paste that does not go on is shown after this."""
OVER_SECONDS = 5.0
"""A paste whose end does not come is over after this long without a byte; until then all is text."""


class PasteParser(XTermParser):
    """Textual's parser behind a gate for pastes.

    Textual's parser sees both marks of a paste and nothing between them; its own empty paste is dropped.

    A pasted text that holds the closing mark itself could go on as keys behind it. Most terminals take such
    a mark out; for the others, what comes in one burst with the end of a paste is text too: letters and line
    breaks are pasted behind it, other keys and the mouse are dropped. A person whose Enter comes that fast,
    as after a slow line, gets a line break in place of a send, and loses nothing.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._edge = ""
        """The end of what was read where it may be the beginning of the next mark."""
        self._pasted: list[str] | None = None
        """What has come of the paste that is open."""
        self._burst = False
        self._fed_at = get_time()

    @property
    def patience(self) -> float:
        """How many seconds without input are to pass before `tick`."""
        return BURST_SECONDS if self._burst else IDLE_SECONDS

    def feed(self, data: str) -> Iterator[Message]:
        """Take what was read; a character of several bytes may have given nothing yet."""
        while data:
            data = yield from (self._outside(data) if self._pasted is None else self._inside(data))
        self._fed_at = get_time()

    def tick(self) -> Iterator[Message]:
        """Nothing has come for `patience` seconds: decide what has waited for more."""
        self._burst = False
        quiet = get_time() - self._fed_at
        if self._pasted is None:
            # Half a mark, on a slow line, is no key yet; a lone ESC is left to Textual's own, shorter delay.
            if len(self._edge) < 2 or quiet >= SHOWN_SECONDS:
                yield from super().tick()
        elif quiet >= OVER_SECONDS:
            yield from self._close()
        elif quiet >= SHOWN_SECONDS and any(self._pasted):
            yield self._paste(self._pasted)
            self._pasted = []

    def _outside(self, data: str) -> Generator[Message, None, str]:
        """Keys as far as the next paste; returns what follows its mark."""
        read = self._edge + data
        at = read.find(START)
        end = len(data) if at < 0 else at + len(START) - len(self._edge)
        self._edge = _begun(START, read) if at < 0 else ""
        yield from self._keys(super().feed(data[:end]))
        if at >= 0:
            self._pasted = []
        return data[end:]

    def _inside(self, data: str) -> Generator[Message, None, str]:
        """Text as far as the end of the paste; returns what follows its mark."""
        read = self._edge + data
        at = read.find(END)
        self._edge = _begun(END, read) if at < 0 else ""
        if self._pasted is not None:
            self._pasted.append(read[: len(read) - len(self._edge) if at < 0 else at])
        if at < 0:
            return ""
        yield from self._close()
        return read[at + len(END) :]

    def _close(self) -> Iterator[Message]:
        parts, self._pasted, self._edge = [*(self._pasted or ()), self._edge], None, ""
        yield from (event for event in super().feed(END) if not isinstance(event, events.Paste))
        self._burst = True
        yield self._paste(parts)

    def _keys(self, parsed: Iterable[Message]) -> Iterator[Message]:
        if not self._burst:
            yield from parsed
            return
        typed: list[str] = []
        for event in parsed:
            if isinstance(event, events.Key):
                typed.append(_written(event))
            elif not isinstance(event, events.MouseEvent):
                yield event
        if any(typed):
            yield self._paste(typed)

    def _paste(self, parts: Iterable[str]) -> events.Paste:
        return events.Paste(clean("".join(parts)))


def _begun(mark: str, read: str) -> str:
    """The longest beginning of a mark with which a text ends."""
    return next((mark[:size] for size in range(len(mark) - 1, 0, -1) if read.endswith(mark[:size])), "")


def _written(event: events.Key) -> str:
    """What a key writes; nothing for one that does something else."""
    if event.key in ("enter", "ctrl+j", "shift+enter"):
        return "\n"
    if event.key == "tab":
        return "\t"
    return event.character if event.is_printable and event.character else ""


class _Output:
    """What is drawn on; once that is gone, nothing: a thread that fails at it would stop the screen."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def write(self, text: str) -> int:
        """Write what can still be seen."""
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Have it drawn."""
        with suppress(OSError):
            self._file.flush()


class PasteDriver(LinuxDriver):
    """Textual's driver of a terminal on Linux and macOS, reading through `PasteParser`.

    A terminal that is gone ends the application in order, whether a signal tells of it (SIGHUP) or only that
    nothing can be read from it any more; so does SIGTERM.
    """

    class Gone(Message):
        """The terminal is gone, or the system wants the application to end."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast("TextIOWrapper", _Output(self._file))
        for number in (signal.SIGHUP, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.process_message, self.Gone())

    def write(self, data: str) -> None:
        """Draw, with what terminals do not agree about in its place."""
        super().write(placed(data))

    def run_input_thread(self) -> None:
        """Read the terminal until the application leaves it, or it is gone."""
        try:
            self._take_in()
        except OSError as error:
            # What was at the other end has hung up.
            if error.errno not in (errno.EIO, errno.ENXIO):
                raise
        if not self.exit_event.is_set():
            self.process_message(self.Gone())

    def _take_in(self) -> None:
        """Read until the end."""
        parser = PasteParser(self._debug)
        # What is not UTF-8 is shown as such; it must not end the session.
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(parser.patience):
                    read = os.read(self.fileno, READ_BYTES)
                    if not read:
                        return
                    found = parser.feed(decode(read))
                else:
                    found = parser.tick()
                for event in found:
                    self.process_message(event)
