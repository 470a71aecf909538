"""Dialogs with a field that finds rows of a list: keys stay in the field, the arrows move along the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.ui.dialogs.fields import FieldDialog

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")


class Finder(FieldDialog[ResultT], Generic[ResultT, RowT]):
    """Field, list, the chosen row whole, what is in the way, and the keys.

    A subclass hands over the rows by `_offer`, and draws by `_draw` what goes with the chosen one.
    """

    KEYS: ClassVar[Mapping[str, str]] = {
        "enter": "take_it",
        "escape": "leave",
        "up": "move_up",
        "down": "move_down",
        "ctrl+d": "delete",
    }
    CSS = """
    #finder { max-width: 100%; max-height: 100%; }
    #finder Input { height: 1; background: $background; padding: 0 1; }
    #finder OptionList { height: 1fr; }
    #finder-view { border-top: solid $panel-lighten-2; }
    #finder-said { min-height: 1; max-height: 3; }
    #finder-keys { color: $foreground 60%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._listed: Sequence[RowT] = ()
        self._asked = ""
        """What the next press of the same key confirms; whatever else is done takes the question back."""

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        choices = OptionList()
        choices.can_focus = False
        with Vertical(id="finder"):
            yield Input(compact=True)
            yield choices
            yield Static(id="finder-view")
            yield Static(id="finder-said")
            yield Static(id="finder-keys")

    @property
    def _box(self) -> Vertical:
        return self.query_one("#finder", Vertical)

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    @property
    def _choices(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _chosen(self) -> RowT | None:
        index = self._choices.highlighted
        return None if index is None or index >= len(self._listed) else self._listed[index]

    async def take(self, event: events.Key | events.Paste) -> None:
        """The list follows the letters by a message; a key that is about it does not wait for that."""
        if isinstance(event, events.Key) and event.key in self.KEYS:
            self.follow()
        await super().take(event)

    # What a subclass says.

    def follow(self) -> None:
        """Have the list be what the letters mean that stand in the field now."""
        raise NotImplementedError

    def take_it(self) -> None:
        """Take the chosen row, or do what Enter means without one."""
        raise NotImplementedError

    def leave(self) -> None:
        """Back to where one came from."""
        raise NotImplementedError

    def delete(self) -> None:
        """Throw the chosen row away; see `_confirmed`."""
        raise NotImplementedError

    def _draw(self) -> None:
        """Draw what goes with the chosen row."""
        raise NotImplementedError

    # Drawing.

    def _offer(self, rows: Sequence[RowT], lines: Iterable[Content], chosen: int = 0) -> None:
        """List rows, each as its line, and choose one of them."""
        self._listed = rows
        self._choices.clear_options()
        self._choices.add_options(Option(line) for line in lines)
        if rows:
            self._choices.highlighted = chosen

    def _show(self, view: Content, keys: Content) -> None:
        self.query_one("#finder-view", Static).update(view)
        self.query_one("#finder-keys", Static).update(keys)

    def _say(self, words: str, style: str = "$foreground 60%") -> None:
        self.query_one("#finder-said", Static).update(Content.styled(words, style))

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._draw()

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.take_it()

    # What the keys do.

    def move_up(self) -> None:
        """The one before."""
        self._asked = ""
        if self._choices.display:
            self._choices.action_cursor_up()

    def move_down(self) -> None:
        """The next one."""
        self._asked = ""
        if self._choices.display:
            self._choices.action_cursor_down()

    def _confirmed(self, what: str, question: str) -> bool:
        """Whether this was asked before and nothing else was done since; else ask it now."""
        if self._asked == what:
            self._asked = ""
            return True
        self._asked = what
        self._say(question, "$text-warning")
        return False
