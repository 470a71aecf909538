"""Keys and pastes on their way to what they are for: an act, the composer, or a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.widgets import Input

from inbox_tui.ui.actions import Context
from inbox_tui.ui.begun import Begun
from inbox_tui.ui.editor import Editor, one_line
from inbox_tui.ui.keymap import Chords
from inbox_tui.ui.keys import key_of, label

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

SENDS = frozenset({"send", "send_done"})
"""Acts that send what stands in the composer."""
PUTS_AWAY = frozenset(
    {
        *("done", "done_next", "done_no_reply", "read", "snooze", "labels", "pin", "archive"),
        *("take_back", "redo", "retry", "discard", "palette"),
    }
)
"""Acts that may take their chat out of the list, so that the next key is about the next one."""
ALREADY_THERE = frozenset({"open", "back"})
"""Acts that lead to the place where their keys mean nothing."""


class KeyTaker:
    """Carries each key of the main screen out before the next one is looked at."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self.begun = Begun(inbox.background)
        self.begin()

    def begin(self) -> None:
        """Go by the keys that are in force now, with none of a sequence pressed yet."""
        self._chords = Chords(self._inbox.keymap.actions)
        self.pending = ""
        """The keys of a sequence or a count that is not complete."""

    async def take(self, event: events.Key | events.Paste) -> None:
        """Carry a key or a paste out to its end.

        Called by the application in the order of typing, before the next one is looked at. Handed on through
        the queues of widgets, a letter could overtake a change of mode, or a text the chat it was meant for.
        """
        inbox = self._inbox
        field = inbox.focused if inbox.context is Context.TYPING else None
        if isinstance(event, events.Key) and inbox.stray.drops(event, typing=field is not None):
            return
        if isinstance(event, events.Paste):
            if isinstance(field, Editor):
                field.paste(event.text)
                inbox.warnings.pasted(event.text)
            elif isinstance(field, Input):
                field.replace(one_line(event.text), *field.selection)
            else:
                inbox.say(f"Nothing was pasted: {inbox.keymap.label('reply')} opens the composer first")
        elif field is None and (both := self._escaped(event)):
            for part in both:
                await self.take(part)
        elif field is None:
            await inbox.views.settle()
            before = inbox.chats.cursor_row
            self._press(event)
            await inbox.acts.selecting.settle(before)
        elif isinstance(field, Editor):
            await self._in_composer(event)
        elif event.key in ("escape", "enter"):
            if event.key == "enter":
                await inbox.filter_bar.answered()
                if inbox.filter_bar.wrong:
                    inbox.say("The query cannot be understood; Esc shows all chats again")
                    return
            inbox.leave_field(keep=event.key == "enter")
        elif isinstance(field, Input) and event.is_printable and event.character:
            field.replace(event.character, *field.selection)
        elif event.key not in ("tab", "shift+tab"):
            await inbox.app._check_bindings(event.key)

    async def _in_composer(self, event: events.Key) -> None:
        inbox = self._inbox
        if not event.is_printable:
            # It is about what stands there, and what was sent does so until it is in the outbox.
            await inbox.drafts.sent()
        if inbox.composer.take_key(event.key) or inbox.composer.type_key(event):
            return
        action = inbox.keymap.typing.get(event.key)
        if action is not None:
            if action.id in SENDS and inbox.stray.sends_nothing(event):
                inbox.acts.composing.has_asked()
                return
            refusal = inbox.acts.carry_out(action, 1)
            if action.types and refusal is not None:
                inbox.stray.nothing_opened(event.time, refusal.reason)
        elif event.key not in ("tab", "shift+tab"):
            await inbox.app._check_bindings(event.key)

    def _escaped(self, event: events.Key) -> Sequence[events.Key]:
        """A key with Alt as what it was if it has no meaning: Esc, and a key within a tenth of a second.

        To a terminal both are the same. One that can tell them apart names no character here.
        """
        known = self._chords.knows(event.key, self._inbox.context)
        if "alt+" not in event.key or not event.character or known:
            return ()
        # Textual does so for letters and digits, whose keys are called what they type.
        both = events.Key("escape", None), events.Key(event.character, event.character)
        for part in both:
            part.time = event.time
        return both

    def _elsewhere(self, keys: str, key: str) -> str | None:
        """What is said of a key that means nothing here; `keys`: with those of the sequence before it.

        None where nothing is to be said: the key has led here, or gives a sequence up.
        """
        inbox = self._inbox
        found = next((each for each in inbox.keymap.actions if key in each.keys), None)
        if keys != key and key == "escape":
            return None
        if found is None or keys != key:
            return f"{label(keys)} does nothing here; {inbox.keymap.label('help')} shows all keys"
        if found.id in ALREADY_THERE:
            return None
        if Context.TYPING in found.contexts:
            return f"{label(key)} works while you type: {found.title}"
        place = "the list" if Context.LIST in found.contexts else "a thread"
        return f"{label(key)} works in {place}: {found.title}"

    def _press(self, event: events.Key) -> None:
        inbox = self._inbox
        key = key_of(event)
        keys = f"{self._chords.begun} {key}".strip()
        pressed = self._chords.press(key, inbox.context)
        self.pending = pressed.pending
        if pressed.action is not None:
            puts_away = inbox.context is Context.LIST and pressed.action.id in PUTS_AWAY
            row = inbox.subject if puts_away else None
            inbox.chats.acted_on = None if row is None else row.pk
            inbox.said = "There is nothing to type into"
            inbox.acts.carry_out(pressed.action, pressed.count)
            opened = inbox.context is Context.TYPING or inbox.app.screen is not inbox
            if pressed.action.types and not opened:
                inbox.stray.nothing_opened(event.time, inbox.said)
        elif event.key == "ctrl+c":
            inbox.say(f"{inbox.keymap.label('quit')} quits")
        elif not pressed.pending and (elsewhere := self._elsewhere(keys, key)) is not None:
            inbox.say(elsewhere)
        inbox.edges.draw_footer()
