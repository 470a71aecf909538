"""Which message a key is about: the one under the cursor, or in the list the newest that it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from inbox_tui.core.capabilities import Act, Cause, Refused
from inbox_tui.core.cells import preview
from inbox_tui.store.lookups import Revision
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.threads import ThreadRow, ThreadSource
from inbox_tui.ui.actions import Action, Context

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

WORDS = 40
"""How many characters of a message name it in a sentence."""
NEWEST = 50
"""How many of the newest messages of a chat are looked at from the list."""
TO_THE_CUSTOMERS = frozenset({Act.REPLY_TO, Act.REACT})
"""Acts that are meant for a message of the customer where there is one."""

Question: TypeAlias = Callable[[ChatRow, ThreadRow], Refused | None]
"""Why an action does not fit a message of a chat; None: it does."""


class Aims:
    """Finds the message of an act."""

    def __init__(self, inbox: InboxScreen, questions: Mapping[str, Question]) -> None:
        """`questions`: why an action does not fit a message, by its id, where its area knows."""
        self._inbox = inbox
        self._questions = questions
        self._read: tuple[int, Revision, Sequence[ThreadRow]] | None = None

    def find(self, action: Action) -> ThreadRow | Refused:
        """The row that the key of an action is about now, or why there is none."""
        inbox = self._inbox
        if inbox.context is not Context.LIST:
            chat, row = inbox.shown, inbox.thread.cursor_row
            if chat is None or row is None:
                return Refused("There is no message here yet", cause=Cause.MESSAGE)
            refusal = self._why_not(action, chat, row)
            return row if refusal is None else refusal
        chat = inbox.subject
        if chat is None:
            return Refused("No chat is selected", cause=Cause.MESSAGE)
        return self._newest(action, chat)

    def way_to_another(self, action: Action) -> str:
        """In a thread: which way the newest message stands that an action fits; empty where none does."""
        inbox = self._inbox
        chat, row = inbox.shown, inbox.thread.cursor_row
        if inbox.context is Context.LIST or chat is None or row is None:
            return ""
        found = self._newest(action, chat)
        if isinstance(found, Refused):
            return ""
        way, name = ("up", "move_up") if found.key < row.key else ("down", "move_down")
        words = preview((found.message.body if found.message is not None else None) or "", WORDS)
        return f" · {inbox.keymap.label(name)} goes {way} to {f'“{words}”' if words else 'one that it fits'}"

    def _newest(self, action: Action, chat: ChatRow) -> ThreadRow | Refused:
        """The newest message of a chat that an action fits."""
        rows = self._rows(chat)
        if action.act in TO_THE_CUSTOMERS:
            rows = sorted(rows, key=lambda row: row.message is None or not row.message.inbound)
        found: Refused | None = None
        for row in rows:
            refusal = self._why_not(action, chat, row)
            if refusal is None:
                return row
            found = found or refusal
        if found is None:
            return Refused(f"No message of {chat.chat.title} is here yet", cause=Cause.MESSAGE)
        if found.cause is not Cause.MESSAGE or len(rows) == 1:
            return found
        return Refused(f"None of the newest messages fits: {found.reason}", cause=Cause.MESSAGE)

    def _rows(self, chat: ChatRow) -> Sequence[ThreadRow]:
        """The newest rows of a chat, newest first; read once for all that is asked of one moment."""
        revision = self._inbox.pulse.revision
        if self._read is None or self._read[:2] != (chat.pk, revision):
            source = ThreadSource(self._inbox.session.reader, chat.pk, chat.chat.id)
            self._read = (chat.pk, revision, source.before(None, NEWEST)[::-1])
        return self._read[2]

    def _why_not(self, action: Action, chat: ChatRow, row: ThreadRow) -> Refused | None:
        question = self._questions.get(action.id)
        if question is not None:
            return question(chat, row)
        refusal = None if action.act is None else self._inbox.refusal_of(chat, action.act, row.message)
        if refusal is None and row.message is None:
            key = self._inbox.keymap.label("take_back")
            return Refused(
                f"It has not been sent yet; {key} takes it back while it waits", cause=Cause.MESSAGE
            )
        return refusal
