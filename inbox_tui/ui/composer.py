"""The composer: one multi-line text per chat, which is never lost and never a command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea
from textual.widgets.text_area import Selection

from inbox_tui.core import models
from inbox_tui.core.capabilities import Refused, platform_name
from inbox_tui.core.cells import cells, truncate
from inbox_tui.core.limits import TextMeasure, measure
from inbox_tui.core.models import Json, JsonObject
from inbox_tui.ui import extras, shortcodes
from inbox_tui.ui.editor import Editor, Location
from inbox_tui.ui.platforms import PLATFORM_CODES, platform_code
from inbox_tui.ui.shortcodes import Shortcode
from inbox_tui.ui.window_clock import NO_CLOCK, WindowClock

PLATFORM_CLASSES = tuple(f"-{platform}" for platform in (*PLATFORM_CODES, "unknown"))
METER_SECONDS = 0.1
"""How long the length meter may lag behind the keys; before a send it is counted anew."""
MOST_SUGGESTIONS = 8
MOST_NOTICES = 3
ONLY_SENDING = "Only sending is locked; you can edit the text"

NOTHING: Mapping[str, Json] = {}


class Composer(Vertical):
    """Whom the text goes to, what goes with it, the text, and what stands in the way of sending it."""

    class ExtrasChanged(Message):
        """A file, buttons or the message replied to was put in or taken off by the person."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chat_id: str | None = None
        self.extras: JsonObject = NOTHING
        """What goes with the text, by its names in the payload of a send (`store.drafts.EXTRAS`)."""
        self.find_message: Callable[[str], models.Message | None] = lambda _: None
        """A cached message by its id, for the line that says what is replied to."""
        self._target = ""
        self._person = ""
        self._platform = ""
        self._refusal: Refused | None = None
        self._clock = NO_CLOCK
        self._notices: Sequence[str] = ()
        self._measured: TextMeasure | None = None
        self._meter: Timer | None = None
        self._suggested: list[Shortcode] = []
        self._taken = -1
        self._name_at: Location = (0, 0)
        self._after_taking = ""
        self._put_away = ""
        """What stood before the caret when Escape put the suggestions away."""
        self._drawn: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """Header, what goes with the text, editor, suggestions and notices, from top to bottom."""
        yield Static(id="composer-header")
        yield Static(id="composer-extras")
        yield Editor(id="editor", compact=True, tab_behavior="focus", highlight_cursor_line=False)
        yield Static(id="composer-suggestions")
        yield Static(id="composer-notice")

    @property
    def editor(self) -> Editor:
        """The text field."""
        return self.query_one(Editor)

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.editor.text

    @property
    def locked(self) -> bool:
        """Whether nothing can be sent. What stands here can be changed all the same, see `set_state`."""
        return self._refusal is not None

    def load(
        self,
        chat_id: str | None,
        text: str,
        cursor: int,
        goes_with: JsonObject,
        *,
        platform: str,
        profile: str,
        person: str,
    ) -> None:
        """Show the draft of another chat; `cursor` is the caret's offset in code points."""
        self.chat_id = chat_id
        # Without a chat nothing could be typed into it that would be kept.
        self.display = chat_id is not None
        known = platform if platform in PLATFORM_CODES else "unknown"
        if chat_id is None:
            self.remove_class(*PLATFORM_CLASSES)
        else:
            # At one go: for each change of a class all styles in the composer are looked up.
            self.remove_class(*(name for name in PLATFORM_CLASSES if name != f"-{known}"), update=False)
            self.add_class(f"-{known}")
        self._platform = platform
        self.address(profile, person)
        self._notices = ()
        self.editor.read_only = not (text or goes_with)
        self.set_draft(text, goes_with, cursor)

    def address(self, profile: str, person: str) -> None:
        """From which profile to whom the text goes, by the names known now; drawn with the next state."""
        self._person = person
        self._target = f"{platform_code(self._platform)} · {profile} → {person}" if self.chat_id else ""

    def set_draft(self, text: str, goes_with: JsonObject, cursor: int | None = None) -> None:
        """Show another draft; the caret goes to `cursor`, else to the end. The undo of before is over."""
        self.extras = goes_with
        editor = self.editor
        with editor.prevent(TextArea.Changed):
            editor.load_text(text)
        editor.move_cursor(_location(text, len(text) if cursor is None else cursor))
        self._suggested = []
        self._remeasure()

    def caret(self) -> int:
        """The caret's offset in code points."""
        row, column = self.editor.cursor_location
        return sum(len(line) + 1 for line in self.editor.text.split("\n")[:row]) + column

    # What goes with the text.

    def put(self, **goes_with: Json) -> None:
        """Put something to the text, by its names in the payload of a send; None takes it off."""
        kept = {name: value for name, value in self.extras.items() if name not in goes_with}
        self.extras = kept | {name: value for name, value in goes_with.items() if value is not None}
        self._draw()
        self.post_message(self.ExtrasChanged())

    def attach(self, file: JsonObject) -> None:
        """Put a file to the text in place of the one before, or none: what a draft keeps of it."""
        self.put(**(dict.fromkeys(extras.FILE_NAMES) | dict(file)))

    def cut_out(self, text: str) -> None:
        """Take the first place where a text stands out of the draft."""
        at = self.text.find(text)
        if at >= 0:
            self.editor.put("", _location(self.text, at), _location(self.text, at + len(text)))

    def take_off(self, group: str | None) -> bool:
        """Take off the `file`, the `buttons` or the `reply`; False where there is nothing to take off."""
        if group is None or self.editor.read_only:
            return False
        left = extras.without(self.extras, group)
        if left == self.extras:
            return False
        self.extras = left
        self._draw()
        self.post_message(self.ExtrasChanged())
        return True

    # Keys.

    def take_key(self, key: str) -> bool:
        """Keys that mean something else while emoji are suggested, or in front of the text."""
        if key in ("tab", "shift+tab") and self._suggests():
            self._take_suggestion(1 if key == "tab" else -1)
        elif key == "escape" and self._suggested and self._fitting():
            self._suggested, self._put_away = [], self.editor.before_caret
            self._draw()
        elif key == "backspace" and self.editor.selection == Selection.cursor((0, 0)):
            return self.take_off(extras.last_group(self.extras))
        elif key == "escape" and not self.text:
            return self.take_off("reply")
        else:
            return False
        return True

    def type_key(self, event: events.Key) -> bool:
        """Take a key that writes; False: it is a key of the text area. A colon may close an emoji's name."""
        if not self.editor.type_key(event):
            return False
        if event.character == ":":
            editor = self.editor
            row, column = editor.cursor_location
            found = shortcodes.closed(editor.before_caret)
            if found is not None:
                editor.put(found.emoji, (row, column - len(found.name) - 2), (row, column))
        return True

    def typed(self) -> None:
        """The text has changed. What takes long in a long text waits for a moment without keys."""
        if self._meter is None:
            self._meter = self.set_timer(METER_SECONDS, self._remeasure)
        before = self.editor.before_caret
        if self._suggested and before == self._after_taking:
            return
        if begun := self._begin():
            self._suggest(begun)
        elif self._suggested:
            self._suggested = []
            self._draw()

    @work(exclusive=True, group="suggest", exit_on_error=False)
    async def _suggest(self, begun: str) -> None:
        """Reading the names takes a moment the first time, so it happens elsewhere."""
        await asyncio.to_thread(shortcodes.load)
        if shortcodes.begun(self.editor.before_caret) == begun:
            self._suggested = shortcodes.suggestions(begun, MOST_SUGGESTIONS)
            self._taken, self._after_taking = -1, ""
            self._draw()

    def _fitting(self) -> bool:
        """Whether what is suggested is for the words before the caret: that follows them by a message."""
        return self.editor.before_caret == self._after_taking or bool(self._begin())

    def _begin(self) -> str:
        """The name of an emoji that is being typed; notes where it begins."""
        begun = "" if self.editor.read_only else shortcodes.begun(self.editor.before_caret)
        if begun:
            row, column = self.editor.cursor_location
            self._name_at = (row, column - len(begun) - 1)
        return begun

    def _suggests(self) -> bool:
        """Whether there is an emoji to take now; Tab may come right behind the letters of its name."""
        if self._suggested and self.editor.before_caret == self._after_taking:
            return True
        begun = "" if self.editor.before_caret == self._put_away else self._begin()
        self._suggested = shortcodes.suggestions(begun, MOST_SUGGESTIONS) if begun else []
        self._taken = -1
        return bool(self._suggested)

    def _take_suggestion(self, step: int) -> None:
        """Put the next suggestion in the place of the name, or of the one that was put there before."""
        editor = self.editor
        count, first = len(self._suggested), self._taken < 0
        self._taken = (0 if step > 0 else count - 1) if first else (self._taken + step) % count
        editor.put(self._suggested[self._taken].emoji, self._name_at, editor.cursor_location)
        self._after_taking = editor.before_caret
        self._draw()

    # Length and state.

    @property
    def excess(self) -> str | None:
        """By how much the text is too long for its platform, counted now; None when it is not."""
        self._remeasure()
        return self._too_long()

    def _too_long(self) -> str | None:
        measured = self._measured
        if measured is None or measured.limit is None or not measured.over:
            return None
        return f"{measured.excess} too long for {platform_name(self._platform)}"

    def set_state(self, refusal: Refused | None, clock: WindowClock, notices: Sequence[str] = ()) -> None:
        """Lock sending for a reason, or unlock it; the text stays as it is.

        A locked field in which something stands, or which somebody was writing in when it was locked, can be
        edited: a sentence may be finished or removed. An empty one takes no text that could not be sent.
        `clock`: the reply window. `notices`: what the person should know before the text is sent.
        """
        self._refusal, self._clock, self._notices = refusal, clock, notices
        editor = self.editor
        begun = self.text or self.extras or (editor.has_focus and not editor.read_only)
        editor.read_only = refusal is not None and not begun
        self.set_class(refusal is not None, "-locked")
        self._draw()

    def _remeasure(self) -> None:
        if self._meter is not None:
            self._meter.stop()
            self._meter = None
        self._measured = None if self.chat_id is None else measure(self._platform, self.text)
        self._draw()

    def _notice(self) -> list[tuple[str, str]]:
        if self._refusal is not None:
            found = [(f"⛔ {self._refusal.reason}", "$text-warning")]
            return found if self.editor.read_only else [*found, (ONLY_SENDING, "dim")]
        found = [(words, "$text-warning") for words in self._notices]
        if (too_long := self._too_long()) is not None:
            found.insert(0, (too_long, "$text-error"))
        if self._clock.sentence:
            found.append((self._clock.sentence, self._clock.style))
        return found[:MOST_NOTICES]

    # Drawing.

    def _draw(self) -> None:
        width = self.query_one("#composer-header", Static).size.width
        replied_to = self.extras.get("reply_to_id")
        message = self.find_message(replied_to) if isinstance(replied_to, str) else None
        drawn = (
            width,
            message,
            self._target,
            self._refusal,
            self.editor.read_only,
            self._clock,
            self._notices,
            self._measured,
            dict(self.extras),
            tuple(self._suggested),
            self._taken,
        )
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.query_one("#composer-header", Static).update(self._header(width), layout=False)
        self._set("#composer-extras", extras.lines(self.extras, message, self._person, width))
        self._set("#composer-suggestions", self._suggestions(width))
        self._set("#composer-notice", [Content.styled(words, style) for words, style in self._notice()])

    def _set(self, selector: str, lines: Sequence[Content]) -> None:
        widget = self.query_one(selector, Static)
        content, before = Content("\n").join(lines), widget.content
        if before != content:
            # A layout of the screen for a new number in an old sentence would cost more than the letter.
            widget.update(content, layout=not _as_high(before, content, widget.size.width))
        widget.display = bool(lines)

    def _header(self, width: int) -> Content:
        measured = self._measured
        meter, style = "", ""
        if measured is not None and measured.limit is not None:
            meter = f"{measured.limit - measured.used}/{measured.limit}"
            style = "bold $text-error" if measured.over else "$text-warning" if measured.warn else ""
        # The clock in full, where that leaves room for the whole of whom the text goes to.
        clock = f"{self._clock.full}  " if self._clock.full else ""
        if cells(self._target) + 1 + cells(clock) + cells(meter) > width:
            clock = f"{self._clock.short}  " if self._clock.short else ""
        edge = cells(clock) + cells(meter)
        target = truncate(self._target, max(0, width - edge - 1))
        gap = " " * max(1, width - cells(target) - edge)
        return Content.assemble((target, "bold"), gap, (clock, self._clock.style), (meter, style))

    def _suggestions(self, width: int) -> list[Content]:
        if not self._suggested:
            return []
        parts: list[Content] = []
        room = width - cells("Tab ")
        for number, found in enumerate(self._suggested):
            words = f" {found.emoji} {found.name} "
            if cells(words) > room:
                break
            room -= cells(words)
            parts.append(Content.styled(words, "reverse" if number == self._taken else ""))
        return [Content.assemble(("Tab ", "bold"), *parts)]

    def on_resize(self) -> None:
        """The header is laid out by width."""
        self.call_after_refresh(self._draw)


def _as_high(before: object, now: Content, width: int) -> bool:
    """Whether a text takes as many lines as the one before it."""
    if not isinstance(before, Content) or width == 0:
        return False
    return before.get_height({}, width) == now.get_height({}, width)


def _location(text: str, offset: int) -> Location:
    """Row and column of an offset in code points."""
    before = text[:offset]
    return before.count("\n"), len(before.rpartition("\n")[2])
