"""The private note of a chat. Nothing in this dialog can send: Enter is a new line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from inbox_tui.store import drafts, triage
from inbox_tui.store.triage import NOTE_LENGTH
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.fields import FieldDialog, Kept
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.session import Session


def note_draft(chat_id: str) -> str:
    """Under which key a note that is being written is kept among the drafts."""
    return f"note:{chat_id}"


def keep_note(writer: Writer, chat_id: str, text: str) -> None:
    """Keep the note; only then what was typed has a second place no more. Raises UsageError, StoreError."""
    triage.note(writer, chat_id, text)
    drafts.save(writer, note_draft(chat_id), "", 0)


class Note(FieldDialog[str]):
    """Edits the note. Escape returns it, to be kept."""

    KEYS: ClassVar[Mapping[str, str]] = {"escape": "leave"}
    NEW_LINE: ClassVar[frozenset[str]] = frozenset({*FieldDialog.NEW_LINE, "enter"})
    CSS = """
    #note { width: 70; border: heavy $warning; background: $warning-muted; }
    #note Editor { min-height: 4; max-height: 14; background: $warning-muted; }
    """

    def __init__(self, session: Session, chat_id: str, person: str, text: str) -> None:
        """`text`: the note as it stands."""
        super().__init__()
        self._person = person
        self._before = text
        self._kept = Kept(session, self, note_draft(chat_id), lambda: self.query_one(Editor).text)

    def compose(self) -> ComposeResult:
        """What this is, the text, keys."""
        with Vertical(id="note") as box:
            box.border_title = Content(f"PRIVATE NOTE · {self._person}")
            yield Static(Content("Stays on this machine. Nothing here is ever sent.").stylize("bold"))
            yield Editor(self._kept.found or self._before, compact=True, highlight_cursor_line=False)
            yield Static(id="note-fault")
            yield Static(Content("⏎ new line · Esc keep and close · an empty note is removed"))

    def on_mount(self) -> None:
        """The caret stands behind the text."""
        editor = self.query_one(Editor)
        self.set_focus(editor)
        editor.move_cursor(editor.document.end)
        super().on_mount()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._kept.typed()

    def leave(self) -> None:
        """Keep it and close, or say why it cannot be kept."""
        text = self.query_one(Editor).text
        if len(text) > NOTE_LENGTH:
            words = f"{len(text):,} characters; at most {NOTE_LENGTH:,} are kept"
            self.query_one("#note-fault", Static).update(Content.styled(words, "bold $text-error"))
            return
        self.dismiss(text)
