"""Writing a snippet: its name, its text with blanks, and where it may be used."""

from __future__ import annotations

import asyncio
from types import MappingProxyType

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from inbox_tui.config.snippets import SnippetFile, platforms_of
from inbox_tui.core import snippets
from inbox_tui.core.errors import InboxError
from inbox_tui.core.keyboards import summary
from inbox_tui.core.snippets import PLACEHOLDERS, Snippet
from inbox_tui.ui.dialogs.dialog import key_line
from inbox_tui.ui.dialogs.fields import FieldDialog, Kept
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.session import Session


class EditSnippet(FieldDialog[str | None]):
    """Returns the name under which the snippet was written; None where nothing was. Escape keeps the text."""

    KEYS = MappingProxyType(
        {"ctrl+s": "save", "ctrl+r": "start_over", "ctrl+n": "take_off", "escape": "leave"}
    )
    NEW_LINE = frozenset({*FieldDialog.NEW_LINE, "enter"})
    CSS = """
    #snippet { width: 78; max-width: 100%; height: 22; max-height: 100%; }
    #snippet Input { height: 1; background: $background; padding: 0 1; }
    #snippet Editor { height: 1fr; max-height: 100%; background: $background; padding: 0 1; margin: 1 0; }
    #snippet-said { min-height: 1; max-height: 3; }
    #snippet-help, #snippet-keys { color: $foreground 60%; }
    """

    def __init__(self, session: Session, file: SnippetFile, start: Snippet, was: Snippet | None) -> None:
        """`start`: what to begin with; `was`: the snippet that is changed, None for a new one."""
        super().__init__()
        self._file = file
        self._start = start
        self._was = was
        self._keyboard = start.keyboard
        self._saving = False
        self._kept = Kept(session, self, f"snippet:{'' if was is None else was.name}", self._unsaved)

    def compose(self) -> ComposeResult:
        """Name, text, where it may be used, what goes with it, what is in the way, keys."""
        with Vertical(id="snippet") as box:
            box.border_title = Content("New snippet" if self._was is None else f"Snippet · {self._was.name}")
            yield Input(self._start.name, id="snippet-name", placeholder="its name", compact=True)
            yield Editor(self._kept.found or self._start.text, compact=True, highlight_cursor_line=False)
            where = ", ".join(self._start.platforms)
            words = "everywhere; or telegram, instagram, …"
            yield Input(where, id="snippet-where", placeholder=words, compact=True)
            yield Static(id="snippet-buttons")
            yield Static(id="snippet-said")
            names = " ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
            yield Static(Content(f"{{{{name|there}}}} {{{{?order number}}}} · {names}"), id="snippet-help")
            yield Static(id="snippet-keys")

    def on_mount(self) -> None:
        """First what is missing."""
        editor = self._editor
        editor.move_cursor(editor.document.end)
        self.set_focus(editor if self._start.name else self.query_one("#snippet-name", Input))
        self._draw()
        super().on_mount()

    @property
    def _editor(self) -> Editor:
        return self.query_one(Editor)

    async def take(self, event: events.Key | events.Paste) -> None:
        """Enter in a field of one line leads to the next field."""
        if isinstance(event, events.Key) and event.key == "enter" and isinstance(self.focused, Input):
            self.focus_next()
        else:
            await super().take(event)

    @on(TextArea.Changed)
    @on(Input.Changed)
    def _typed(self) -> None:
        self._kept.typed()
        self._draw()

    def _unsaved(self) -> str:
        text = self._editor.text
        return "" if text == self._start.text else text

    def _draw(self) -> None:
        buttons = self.query_one("#snippet-buttons", Static)
        buttons.update(
            Content.styled(f"⌨ {summary(self._keyboard)}" if self._keyboard else "", "$text-accent")
        )
        buttons.display = bool(self._keyboard)
        unknown = [
            name for name in snippets.names(Snippet("", self._editor.text)) if name not in PLACEHOLDERS
        ]
        if unknown:
            # It would have to be filled in by hand each time, which is hardly meant.
            words = f"{{{{{unknown[0]}}}}} is not known; {{{{?{unknown[0]}}}}} would ask for it"
            self._say(words, "$text-warning")
        else:
            left = bool(self._kept.found) and self._editor.text == self._kept.found
            self._say("This was left unfinished" if left else "", "$text-accent")
        keys = [("Ctrl+S", "save"), ("Tab", "next field")]
        if self._kept.found:
            keys.append(("Ctrl+R", "start over"))
        if self._keyboard:
            keys.append(("Ctrl+N", "without buttons"))
        keys.append(("Esc", "leave, the text kept"))
        self.query_one("#snippet-keys", Static).update(key_line(keys))

    def _say(self, words: str, style: str) -> None:
        said, content = self.query_one("#snippet-said", Static), Content.styled(words, style)
        if said.content != content:
            said.update(content)

    # What the keys do.

    def start_over(self) -> None:
        """The text that the dialog was opened with; Ctrl+Z brings back what was left unfinished."""
        self._editor.put(self._start.text, (0, 0), self._editor.document.end)

    def take_off(self) -> None:
        """No buttons go with it."""
        self._keyboard = {}
        self._draw()

    def save(self) -> None:
        """Write it into the file, or say why it cannot be."""
        where = self.query_one("#snippet-where", Input).value
        platforms = platforms_of([each for each in where.replace(",", " ").split() if each])
        if platforms is None:
            self._say(
                "Write facebook, instagram, telegram or bluesky, or nothing for everywhere", "$text-error"
            )
        elif not self._saving:
            name = " ".join(self.query_one("#snippet-name", Input).value.split())
            literal = self._was is not None and self._was.literal
            snippet = Snippet(name, self._editor.text, self._keyboard, platforms, literal)
            self._saving = True
            self.begun.wait_for(self._save(snippet))

    async def _save(self, snippet: Snippet) -> None:
        try:
            await asyncio.to_thread(self._file.save, snippet, self._was)
        except InboxError as error:
            self._say(str(error), "$text-error")
        else:
            self._kept.drop()
            self.dismiss(snippet.name)
        finally:
            self._saving = False

    def leave(self) -> None:
        """Back; what was typed is there the next time."""
        self.dismiss(None)
