"""Until when a chat is put away: presets, or words whose meaning is shown while they are typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from inbox_tui.core.errors import UsageError
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.snooze import Until, clamp, parse, presets
from inbox_tui.core.times import moment
from inbox_tui.ui.dialogs.fields import FieldDialog

if TYPE_CHECKING:
    from inbox_tui.store.picking import Survey
    from inbox_tui.ui.dialogs.many import Ask


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the person wants. `until` None: bring the chat back now."""

    until: Until | None


def in_words(until: Until, now: Milliseconds) -> str:
    """When a snooze ends, by this machine's clock."""
    when = "until they write" if until.at is None else f"until {moment(until.at, now, None)}"
    return f"{when}{', even if they write' if until.sticky else ''}"


class Snooze(FieldDialog[Chosen | None]):
    """Asks until when. Returns None where the person goes back."""

    KEYS: ClassVar[Mapping[str, str]] = {
        "up": "previous",
        "down": "next",
        "enter": "choose",
        "escape": "leave",
    }
    CSS = "#snooze { width: 64; }"

    def __init__(
        self,
        about: str,
        now: Callable[[], Milliseconds],
        closes_at: Milliseconds | None,
        *,
        away: bool = False,
        ask: Ask | None = None,
    ) -> None:
        """`about`: the person, or how many chats. `closes_at`: when the reply window does. `away`: the chat
        is put away already; of many chats, `ask` counts those that are.
        """
        super().__init__()
        self._about = about
        self._ask = ask
        self._now = now
        self._closes_at = closes_at
        self._presets: list[str | None] = [*([None] if away else []), *presets(now())]
        """None: bring it back."""
        self._back = "bring it back now"
        self._number = 0

    def compose(self) -> ComposeResult:
        """The presets with what each comes to, the field, and what stands in it comes to."""
        with Vertical(id="snooze") as box:
            box.border_title = Content(f"Snooze · {self._about}")
            yield Static(id="snooze-presets")
            yield Input(placeholder="or type: 30m, fri 14:30, 3 jun, tomorrow 9 sticky", compact=True)
            yield Static(id="snooze-end")
            if self._ask is not None:
                yield Static(Content("Each no longer than its reply window allows.").stylize("dim"))
            yield Static(Content("↑↓ preset · ⏎ snooze · Esc back").stylize("dim"))

    def on_mount(self) -> None:
        """The field has the focus; the arrows go through the presets all the same."""
        if self._ask is not None:
            self.ready_after(self._ask(), self._counted)
            return
        self._draw()
        super().on_mount()

    def _counted(self, found: Survey) -> None:
        if found.snoozed:
            # Last: of many chats this is hardly what one wants.
            self._presets.append(None)
            self._back = f"bring the {found.snoozed:,} back now that are away"
        self._draw()

    @on(Input.Changed)
    def _draw(self) -> None:
        """Draw what each preset, and what is typed, comes to now."""
        typed, now = self.query_one(Input).value.strip(), self._now()
        lines = []
        for number, preset in enumerate(self._presets):
            words = self._back
            if preset is not None:
                comes_to = clamp(parse(preset, now), self._closes_at, now)
                end = in_words(comes_to, now)
                words = preset if end == preset else f"{preset:<13}{end}"
                # What is chosen says so in words below; the mark is that of the window in the list.
                words += " ⏳" if comes_to.notice else ""
            chosen = number == self._number and not typed
            lines.append(Content(f"{'▸' if chosen else ' '} {words}").stylize("bold" if chosen else ""))
        self.query_one("#snooze-presets", Static).update(Content("\n").join(lines))
        said, style = "", ""
        try:
            until = self._until()
        except UsageError as error:
            said, style = str(error), "$text-error"
        else:
            if until is not None and (typed or until.notice):
                said = f"{in_words(until, now)}{'. ' if until.notice else ''}{until.notice}"
                style = "$text-warning" if until.notice else "$text-success"
        self.query_one("#snooze-end", Static).update(Content.styled(said, style))

    def _until(self) -> Until | None:
        """What is chosen or typed comes to; None: bring it back. Raises UsageError."""
        typed, now = self.query_one(Input).value.strip(), self._now()
        words = typed or self._presets[self._number]
        return None if words is None else clamp(parse(words, now), self._closes_at, now)

    # What the keys do.

    def previous(self) -> None:
        """The preset above."""
        self._move(-1)

    def next(self) -> None:
        """The preset below."""
        self._move(1)

    def _move(self, step: int) -> None:
        self._number = (self._number + step) % len(self._presets)
        self._draw()

    def choose(self) -> None:
        """Take what is typed, else the preset; what cannot be understood stays to be corrected."""
        try:
            until = self._until()
        except UsageError:
            self._draw()
        else:
            self.dismiss(Chosen(until))

    def leave(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)
