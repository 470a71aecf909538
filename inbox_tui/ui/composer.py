"""The composer: one multi-line text per chat, which is never lost and never a command."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from inbox_tui.core.capabilities import Refused, platform_name
from inbox_tui.core.cells import cells, truncate
from inbox_tui.core.limits import TextMeasure, measure
from inbox_tui.core.text import clean
from inbox_tui.ui.chat_list import PLATFORM_CODES, platform_code

PLATFORM_CLASSES = tuple(f"-{platform}" for platform in (*PLATFORM_CODES, "unknown"))


class Editor(TextArea):
    """The text field itself. The application hands it keys and pastes one by one, in its own task."""

    class LockedKey(Message):
        """Something was typed into a locked field."""

    def type_key(self, event: events.Key) -> bool:
        """Take a key that writes; False: it is a key of the text area."""
        if event.key in ("ctrl+j", "shift+enter"):
            self._write("\n")
        elif event.is_printable and event.character:
            self._write(event.character)
        else:
            return False
        return True

    def paste(self, text: str) -> None:
        """A paste is text: cleaned, never cut, never a key, never a send."""
        self._write(clean(text))

    def _write(self, text: str) -> None:
        if self.read_only:
            self.post_message(self.LockedKey())
            return
        result = self.replace(text, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)


class Composer(Vertical):
    """Whom the text goes to, the text, and what stands in the way of sending it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chat_id: str | None = None
        self._target = ""
        self._platform = ""
        self._refusal: Refused | None = None
        self._drawn: tuple[str, str, str, str] | None = None

    def compose(self) -> ComposeResult:
        """Header, editor and notice, from top to bottom."""
        yield Static(id="composer-header")
        yield Editor(id="editor", compact=True, tab_behavior="focus", highlight_cursor_line=False)
        yield Static(id="composer-notice")

    @property
    def editor(self) -> Editor:
        """The text field."""
        return self.query_one(Editor)

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.editor.text

    def load(
        self, chat_id: str | None, text: str, cursor: int, *, platform: str, profile: str, person: str
    ) -> None:
        """Show the draft of another chat; `cursor` is the caret's offset in code points."""
        self.chat_id = chat_id
        known = platform if platform in PLATFORM_CODES else "unknown"
        for name in PLATFORM_CLASSES:
            self.set_class(name == f"-{known}" and chat_id is not None, name)
        self._platform = platform
        self._target = f"{platform_code(platform)} · {profile} → {person}" if chat_id else ""
        self.set_text(text, cursor)
        self._draw()

    def set_text(self, text: str, cursor: int | None = None) -> None:
        """Replace the text; the caret goes to `cursor`, else to the end."""
        editor = self.editor
        with editor.prevent(TextArea.Changed):
            editor.load_text(text)
        before = text[: len(text) if cursor is None else cursor]
        editor.move_cursor((before.count("\n"), len(before.rpartition("\n")[2])))

    def caret(self) -> int:
        """The caret's offset in code points."""
        row, column = self.editor.cursor_location
        return sum(len(line) + 1 for line in self.editor.text.split("\n")[:row]) + column

    @property
    def measured(self) -> TextMeasure | None:
        """How long the text is as the platform counts, and its limit."""
        return None if self.chat_id is None else measure(self._platform, self.text)

    @property
    def excess(self) -> str | None:
        """By how much the text is too long for its platform; None when it is not."""
        measured = self.measured
        if measured is None or measured.limit is None or not measured.over:
            return None
        return (
            f"{measured.used - measured.limit} {measured.unit} too long for {platform_name(self._platform)}"
        )

    def set_state(self, refusal: Refused | None) -> None:
        """Lock the field for a reason, or unlock it; the text stays as it is. Draws the length meter."""
        self._refusal = refusal
        self.editor.read_only = refusal is not None
        self.set_class(refusal is not None, "-locked")
        self._draw()

    def _draw(self) -> None:
        measured = self.measured
        meter, style = "", ""
        if measured is not None and measured.limit is not None:
            meter = f"{measured.limit - measured.used}/{measured.limit}"
            style = "bold $text-error" if measured.over else "$text-warning" if measured.warn else ""
        header = self.query_one("#composer-header", Static)
        target = truncate(self._target, max(0, header.size.width - cells(meter) - 1))
        gap = " " * max(1, header.size.width - cells(target) - cells(meter))
        words = f"⛔ {self._refusal.reason}" if self._refusal is not None else self.excess or ""
        drawn = (target, gap, meter, words)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        header.update(Content.assemble((target, "bold"), gap, (meter, style)), layout=False)
        notice = self.query_one("#composer-notice", Static)
        notice.update(Content(words))
        notice.display = bool(words)

    def on_resize(self) -> None:
        """The header is laid out by width."""
        self.call_after_refresh(self._draw)
