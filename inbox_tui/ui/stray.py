"""Keys that were typed for something that is not there: none of them may be a command."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

PAUSE_SECONDS = 1.0
"""Who has seen that there is nothing to type into has stopped typing for this long."""
WRITING = frozenset({"enter", "shift+enter", "ctrl+j", "tab", "shift+tab", "backspace", "delete"})
"""Keys that belong to a text as its letters do."""


class StrayKeys:
    """Knows which keys were meant for what stands on the screen.

    Two kinds are not: what was pressed while another program had the terminal, and what is typed behind a key
    that was to open a place to type and could not. The second goes on until a pause, or Escape.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say`: tells the person, in one sentence at a time."""
        self._say = say
        self._before = self._until = 0.0
        self._why = ""
        self._dropped = False

    def none_before(self, time: float) -> None:
        """Take no key pressed before `time` (of an event) for a command; letters are still typed."""
        self._before = time

    def nothing_opened(self, time: float, why: str) -> None:
        """A key pressed at `time` (of its event) has opened no place to type: `why`, as it was said."""
        self._until, self._why, self._dropped = time + PAUSE_SECONDS, why.rstrip("."), False

    def drops(self, event: events.Key, *, typing: bool) -> bool:
        """Whether a key is to be left alone; `typing`: a field has the focus, which takes all letters."""
        if event.time < self._before:
            return not event.is_printable
        if event.time > self._until:
            return False
        if event.key == "escape":
            self._until = 0.0
            if self._dropped and not typing:
                self._say("Keys are commands again")
                return True
            return False
        if not (event.is_printable or event.key in WRITING):
            return False
        if not typing:
            self._until = event.time + PAUSE_SECONDS
            if not self._dropped:
                self._say(f"{self._why}. What you type is dropped until Esc, or a pause of a second")
            self._dropped = True
            return True
        if event.is_printable:
            self._until = event.time + PAUSE_SECONDS
        return False

    def sends_nothing(self, event: events.Key) -> bool:
        """Whether a key that sends was meant for the place that did not open; the next one sends."""
        stray, self._until = event.time <= self._until, 0.0
        if stray:
            self._say(f"{self._why}. Nothing was sent; press it again to send what stands here")
        return stray
