"""The keyboard builder: one text in which a line is a row of buttons, and beside it what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Checkbox, Input, Static, TextArea

from inbox_tui.core.cells import preview, shorten
from inbox_tui.core.keyboard_text import Design, Reading, button_at, design_of, read, restored
from inbox_tui.core.keyboards import CALLBACK_BYTES, Button, MarkupKind, parse, summary
from inbox_tui.core.models import Json, JsonObject
from inbox_tui.ui.dialogs.dialog import key_line
from inbox_tui.ui.dialogs.fields import FieldDialog, Kept
from inbox_tui.ui.dialogs.keyboard_parts import Lines, Option, Preview
from inbox_tui.ui.session import Session

KINDS: Mapping[MarkupKind, tuple[str, str]] = MappingProxyType(
    {
        MarkupKind.INLINE: (
            "Inline",
            "Buttons under this message. Taps come back to you; addresses open for them.",
        ),
        MarkupKind.REPLY: (
            "Reply",
            "Keys in place of their keyboard; a tap sends its words. Never editable afterwards.",
        ),
        MarkupKind.FORCE_REPLY: (
            "Ask",
            "Opens their keyboard for an answer to this message. Never editable afterwards.",
        ),
        MarkupKind.REMOVE: (
            "Remove",
            "Takes earlier reply keys away from their screen. Never editable afterwards.",
        ),
    }
)
"""What each kind is called, and what the customer will see of it."""

EXAMPLE = "Track order | Size guide > https://acme.example/sizes\nTalk to a person = agent"
"""What stands in the empty field: a row of two buttons, and one of one."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the keyboard is for.

    `words`: the message that it will stand under. `markup`: what stands there now. `key`: where unfinished
    buttons are kept among the drafts. `sent`: the message was sent, so only inline buttons can stand there.
    `use` gets the new markup (`{}`: none) and returns why it cannot be used, None where it was.
    """

    title: str
    words: str
    markup: JsonObject | None
    key: str
    sent: bool
    use: Callable[[JsonObject], str | None]


class KeyboardBuilder(FieldDialog[None]):
    """Makes the keyboard of a message. Escape keeps what was typed for the next time."""

    KEYS = MappingProxyType(
        {
            "ctrl+s": "use",
            "ctrl+t": "next_kind",
            "ctrl+l": "saved",
            "ctrl+r": "start_over",
            "ctrl+n": "take_off",
            "escape": "leave",
        }
    )
    NEW_LINE = frozenset({"enter", "ctrl+j", "shift+enter"})
    CSS = """
    #builder { width: 84; max-width: 100%; height: 26; max-height: 100%; }
    #builder-about { color: $foreground 60%; }
    #builder-lines { height: 5; background: $background; padding: 0 1; }
    KeyboardBuilder.-short #builder-lines { height: 3; }
    #builder-options, #builder-placeholder { height: 1; }
    #builder-options Option { width: auto; margin: 0; background: transparent; }
    #builder-placeholder { background: $background; padding: 0 1; }
    #builder-verdict { min-height: 1; max-height: 3; }
    #builder-caret { color: $foreground 60%; min-height: 1; max-height: 2; }
    KeyboardBuilder.-short #builder-verdict { max-height: 2; }
    KeyboardBuilder.-short #builder-caret { max-height: 1; }
    #builder-preview { height: 1fr; border-top: solid $panel-lighten-2; }
    #builder-keys { color: $foreground 60%; }
    Lines > .lines--fault { color: $text-error; text-style: underline; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012 - Textual's own declaration

    def __init__(self, session: Session, task: Task) -> None:
        super().__init__()
        self._session = session
        self._job = task
        self._stands = design_of(task.markup)
        self._design = self._stands or Design()
        self._kept = Kept(session, self, task.key, self._unsaved)
        if self._kept.found:
            self._design = restored(self._kept.found)
        self._reading = Reading({})
        self._asked = False
        """Whether the last key has asked to take the buttons off."""

    # What is on the screen.

    def compose(self) -> ComposeResult:
        """Kind, lines, options, verdict, preview, keys, from top to bottom."""
        design = self._design
        with Vertical(id="builder") as box:
            box.border_title = Content(self._job.title)
            yield Static(id="builder-kinds")
            yield Static(id="builder-about")
            yield Lines(
                design.text,
                id="builder-lines",
                compact=True,
                highlight_cursor_line=False,
                placeholder=Content(EXAMPLE),
            )
            with Horizontal(id="builder-options"):
                yield Option(Content("small"), design.resize, id="resize", compact=True)
                yield Option(Content("hides after tap"), design.one_time, id="one_time", compact=True)
                yield Option(Content("stays"), design.persistent, id="persistent", compact=True)
            yield Input(
                design.placeholder,
                placeholder="words in their empty field (optional)",
                id="builder-placeholder",
                compact=True,
            )
            yield Static(id="builder-verdict")
            yield Static(id="builder-caret")
            yield Preview(id="builder-preview")
            yield Static(id="builder-keys")

    def on_mount(self) -> None:
        """Draw what is there, with the caret behind it."""
        self._show_kind()
        self._lines.move_cursor(self._lines.document.end)
        super().on_mount()

    @property
    def _lines(self) -> Lines:
        return self.query_one(Lines)

    def _show_kind(self) -> None:
        kind = self._design.kind
        typed = kind in (MarkupKind.INLINE, MarkupKind.REPLY)
        self.query_one("#builder-kinds").display = not self._job.sent
        self.query_one("#builder-kinds", Static).update(_kinds(kind))
        self.query_one("#builder-about", Static).update(Content(KINDS[kind][1]))
        self._lines.display = typed
        self.query_one("#builder-caret").display = typed
        self.query_one("#builder-options").display = kind is MarkupKind.REPLY
        field = self.query_one("#builder-placeholder", Input)
        field.display = kind in (MarkupKind.REPLY, MarkupKind.FORCE_REPLY)
        self.set_focus(self._lines if typed else field if field.display else None)
        self._draw()

    def _unsaved(self) -> str:
        design = self._standing()
        same = design == self._stands or (self._stands is None and design.blank)
        return "" if same else design.stored()

    @on(TextArea.Changed)
    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        """Take over what stands in the fields; at once, where a key comes right behind what was typed."""
        self._design = self._standing()
        self._draw()

    def _standing(self) -> Design:
        return replace(
            self._design,
            text=self._lines.text,
            placeholder=self.query_one("#builder-placeholder", Input).value,
            resize=self.query_one("#resize", Checkbox).value,
            one_time=self.query_one("#one_time", Checkbox).value,
            persistent=self.query_one("#persistent", Checkbox).value,
        )

    @on(TextArea.SelectionChanged)
    def _moved(self) -> None:
        self._draw_caret()

    def _draw(self) -> None:
        """Everything that depends on what is typed."""
        design = self._design
        self._reading = read(design, edit=self._job.sent)
        self._lines.show_faults((*self._reading.faults, *self._reading.doubts))
        self._kept.typed()
        self.query_one("#builder-verdict", Static).update(self._verdict())
        self.query_one("#builder-keys", Static).update(self._keys())
        self._draw_caret()
        markup: Json = self._job.markup if self._unsayable else self._reading.markup
        self.query_one(Preview).show(self._job.words, parse(markup))

    def _verdict(self) -> Content:
        """Whether it can be sent, in a line."""
        reading = self._reading
        if self._asked:
            back = "" if self._unsayable else "; their words stay here"
            return Content.styled(f"Ctrl+N again takes the buttons off{back}", "$text-warning")
        if reading.faults:
            more = f" (and {len(reading.faults) - 1} more)" if len(reading.faults) > 1 else ""
            return Content.styled(f"✗ {reading.faults[0]}{more}", "$text-error")
        if self._unsayable:
            words = f"These buttons say more than lines can; they stay as they are. {self._typing_replaces}"
            return Content.styled(words, "$text-warning")
        if not reading.markup:
            if self._stands is not None:
                return Content.styled("Nothing typed: Ctrl+S takes the buttons off", "$text-warning")
            return Content.styled("A line is a row; at least one button is needed", "$foreground 60%")
        if reading.doubts:
            return Content.styled(f"! {reading.doubts[0]}", "$text-warning")
        return Content.styled(f"✓ {shorten(summary(reading.markup), 200)}", "$text-success")

    @property
    def _unsayable(self) -> bool:
        """Whether what stands there cannot be typed, and nothing else was typed instead."""
        return bool(self._job.markup) and self._stands is None and self._design.blank

    _typing_replaces = "What you type replaces them"

    def _draw_caret(self) -> None:
        row, column = self._lines.cursor_location
        lines = self._design.text.split("\n")
        button = button_at(self._design, row, column) if row < len(lines) else None
        words = "" if button is None else _deed(button)
        self.query_one("#builder-caret", Static).update(Content(words))

    def _keys(self) -> Content:
        use = "change it" if self._job.sent else "use"
        keys = [("Ctrl+S", use), ("Ctrl+L", "saved ones")]
        if not self._job.sent:
            keys.append(("Ctrl+T", "kind"))
        if self._design.kind is MarkupKind.REPLY:
            keys.append(("Tab", "options"))
        if self._kept.found or self._job.markup:
            keys.append(("Ctrl+R", "start over"))
        if self._job.markup:
            keys.append(("Ctrl+N", "remove"))
        keys.append(("Esc", "leave, kept"))
        return key_line(keys)

    # What the keys do.

    def use(self) -> None:
        """Hang the keyboard on its message, or say what stands in the way."""
        self._changed()
        faults = self._reading.faults
        if faults:
            if faults[0].line is not None:
                self.set_focus(self._lines)
                self._lines.move_cursor((faults[0].line, faults[0].end))
            self.app.bell()
        elif self._unsayable or (not self._reading.markup and self._stands is None):
            self.dismiss()
        else:
            self._finish(self._reading.markup)

    async def take(self, event: events.Key | events.Paste) -> None:
        """Whatever else is done takes the question back."""
        if self._asked and not (isinstance(event, events.Key) and event.key == "ctrl+n"):
            self._asked = False
            self._draw()
        await super().take(event)

    def take_off(self) -> None:
        """No keyboard, when it was asked for twice."""
        if not self._job.markup:
            self._refuse("It is so already: there are no buttons")
        elif self._asked:
            self._asked = False
            self._finish({})
        else:
            self._asked = True
            self._draw()

    def start_over(self) -> None:
        """The buttons that stand there now; Ctrl+Z brings back the lines that were typed."""
        self._load(self._stands or Design())

    def _refuse(self, problem: str) -> None:
        self.query_one("#builder-verdict", Static).update(Content.styled(f"✗ {problem}", "$text-error"))

    def _finish(self, markup: JsonObject) -> None:
        problem = self._job.use(markup)
        if problem is not None:
            self._refuse(problem)
            return
        # What was taken off may be wanted back: it is there the next time, as if it had been typed.
        left = self._stands if self._design.blank else self._design
        self._kept.drop("" if markup or left is None else left.stored())
        self.dismiss()

    def leave(self) -> None:
        """Close; what was typed is there the next time."""
        self.dismiss()

    def next_kind(self) -> None:
        """Another kind of keyboard, with the same lines."""
        if self._job.sent:
            return
        self._changed()
        kinds = list(KINDS)
        kind = kinds[(kinds.index(self._design.kind) + 1) % len(kinds)]
        self._design = replace(self._design, kind=kind)
        self._show_kind()

    def saved(self) -> None:
        """Look at what is kept under a name: take one of them, or keep this."""
        from inbox_tui.ui.dialogs.saved_keyboards import SavedKeyboards

        self._changed()
        keep = self._design if self._reading.markup and not self._reading.faults else None
        self.app.push_screen(SavedKeyboards(self._session, keep, inline_only=self._job.sent), self._load)

    def _load(self, design: Design | None) -> None:
        if design is None:
            return
        for name in ("resize", "one_time", "persistent"):
            self.query_one(f"#{name}", Checkbox).value = getattr(design, name)
        self.query_one("#builder-placeholder", Input).value = design.placeholder
        # As an edit of the text, so that what stood there comes back with Ctrl+Z.
        self._lines.put(design.text, (0, 0), self._lines.document.end)
        self._design = design
        self._show_kind()


def _kinds(kind: MarkupKind) -> Content:
    names = [
        Content.styled(f"● {name}", "bold $text-primary") if known is kind else Content(f"○ {name}")
        for known, (name, _) in KINDS.items()
    ]
    return Content("  ").join(names)


def _deed(button: Button) -> str:
    """What a tap on a button does, in words."""
    label = preview(button.label) or "The button"
    match button.kind:
        case "callback_data":
            size = len(button.value.encode("utf-8", "replace"))
            return f"{label} sends {button.value} ({size} of {CALLBACK_BYTES} bytes)"
        case "url":
            return f"{label} opens {button.value}"
        case "request_contact":
            return f"{label} asks for their phone number"
        case "request_location":
            return f"{label} asks where they are"
        case _:
            return f"A tap sends “{label}” as their message"
