"""Changing a message that was sent: the text as it is to be, and word by word what that changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static, TextArea

from inbox_tui.core.limits import TextMeasure, measure
from inbox_tui.core.snippets import typed_blank
from inbox_tui.core.word_diff import Part, word_diff
from inbox_tui.ui.dialogs.dialog import key_line
from inbox_tui.ui.dialogs.fields import FieldDialog, Kept
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.session import Session

DIFF_SECONDS = 0.05
"""How long the comparison may lag behind the keys: all letters of a burst are compared once."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is edited.

    `before`: the text as the customer sees it. `text`: what to begin with. `caption`: it is that of a file.
    `key`: where an unfinished edit is kept among the drafts. `current` gives the text as it is now, None
    where the message is gone. `use` gets the new text and returns why it cannot be sent, None where it was.
    """

    title: str
    platform: str
    before: str
    text: str
    caption: bool
    key: str
    current: Callable[[], str | None]
    use: Callable[[str], str | None]


class EditMessage(FieldDialog[None]):
    """Edits the text or caption of a sent message. Escape keeps what was typed for the next time."""

    KEYS = MappingProxyType({"enter": "send", "ctrl+s": "send", "ctrl+r": "start_over", "escape": "leave"})
    CSS = """
    #edit { width: 84; max-width: 100%; height: 22; max-height: 100%; }
    #edit Editor { height: 1fr; max-height: 100%; background: $background; padding: 0 1; }
    #edit-meter { height: 1; text-align: right; }
    #edit-changes { height: 1fr; border-top: solid $panel-lighten-2; }
    #edit-said { min-height: 1; max-height: 2; }
    #edit-keys { color: $foreground 60%; }
    """

    def __init__(self, session: Session, task: Task) -> None:
        super().__init__()
        self._job = task
        self._before = task.before
        self._kept = Kept(session, self, task.key, lambda: "" if self._same else self._editor.text)
        self._compared = ""
        self._asked = ""
        """The text of which was said that something in it looks like a blank."""

    def compose(self) -> ComposeResult:
        """Text, length, what changes, what is in the way, keys."""
        with Vertical(id="edit") as box:
            box.border_title = Content(self._job.title)
            yield Editor(self._kept.found or self._job.text, compact=True, highlight_cursor_line=False)
            yield Static(id="edit-meter")
            with VerticalScroll(id="edit-changes", can_focus=False):
                yield Static(id="edit-diff")
            yield Static(id="edit-said")
            keys = [
                ("⏎", "send the edit"),
                ("Ctrl+J", "new line"),
                ("Ctrl+R", "start over"),
                ("Esc", "leave, kept"),
            ]
            yield Static(key_line(keys), id="edit-keys")

    def on_mount(self) -> None:
        """The caret stands behind the text."""
        self.set_focus(self._editor)
        self._editor.move_cursor(self._editor.document.end)
        self._draw()
        super().on_mount()

    @property
    def _editor(self) -> Editor:
        return self.query_one(Editor)

    @property
    def _same(self) -> bool:
        """Whether Telegram would find nothing changed: it drops white space at both ends."""
        return self._editor.text.strip() == self._before.strip()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._kept.typed()
        self.set_timer(DIFF_SECONDS, self._draw)

    def store_changed(self) -> None:
        """The message may have been edited elsewhere, or deleted."""
        now = self._job.current()
        if now is None:
            self._say("The message was deleted meanwhile", "$text-error")
        elif now != self._before:
            self._before = now
            self._compared = ""
            self._draw()
            self._say("It was edited elsewhere meanwhile; compare again", "$text-warning")

    def _draw(self) -> None:
        text = self._editor.text
        if text == self._compared:
            return
        self._compared = text
        measured = measure(self._job.platform, text, caption=self._job.caption)
        meter = _meter(measured, caption=self._job.caption)
        self.query_one("#edit-meter", Static).update(meter, layout=False)
        self.query_one("#edit-diff", Static).update(_changes(self._before, text))
        self._say("")

    def _say(self, words: str, style: str = "$foreground 60%") -> None:
        said, content = self.query_one("#edit-said", Static), Content.styled(words, style)
        if said.content != content:
            said.update(content)

    # What the keys do.

    def send(self) -> None:
        """Send the edit, or say what stands in the way."""
        self._draw()
        text = self._editor.text
        measured = measure(self._job.platform, text, caption=self._job.caption)
        problem = None
        if self._same:
            problem = "Nothing is changed yet; Telegram would refuse it (message is not modified)"
        elif not text.strip():
            problem = f"The {'caption' if self._job.caption else 'text'} cannot be left empty"
        elif measured.over and measured.limit is not None:
            what = "a caption" if self._job.caption else "a message"
            problem = f"{measured.excess} too long for {what}"
        elif self._asked != text and (blank := typed_blank(text)) is not None:
            self._asked = text
            problem = f"{blank} looks like a blank; Enter again sends the edit as it is"
        else:
            problem = self._job.use(text)
        if problem is not None:
            self._say(f"✗ {problem}", "$text-error")
            return
        self._kept.drop()
        self.dismiss()

    def start_over(self) -> None:
        """The text as it was sent; Ctrl+Z brings back what was typed."""
        self._editor.put(self._before, (0, 0), self._editor.document.end)

    def leave(self) -> None:
        """Close; what was typed is there the next time."""
        self.dismiss()


def _meter(measured: TextMeasure, *, caption: bool) -> Content:
    style = "bold $text-error" if measured.over else "$text-warning" if measured.warn else "$foreground 60%"
    limit = "" if measured.limit is None else f" of {measured.limit}"
    return Content.styled(f"{measured.used}{limit} {measured.unit}{' (caption)' if caption else ''}", style)


def _changes(before: str, after: str) -> Content:
    """Both versions, what went struck through behind a minus, what came underlined behind a plus."""
    gone, came = word_diff(before, after)
    if not any(changed for _, changed in (*gone, *came)):
        return Content.styled("No change yet", "$foreground 60%")
    return Content("\n").join(
        [
            _side("− ", gone, "strike $text-error"),
            _side("+ ", came, "bold underline $text-success"),
        ]
    )


def _side(sign: str, parts: Sequence[Part], style: str) -> Content:
    words = [Content.styled(text, style if changed else "") for text, changed in parts]
    return Content.assemble((sign, "bold"), *words)
