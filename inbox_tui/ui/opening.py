"""What stands on the screen first: the list of chats from the cache, before the rest of the inbox is loaded.

Nothing here may load more than the list needs; `tests/ui/test_start.py` counts that.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from inbox_tui.store.views import View, ViewSource, all_listed
from inbox_tui.ui.chat_list import ChatList
from inbox_tui.ui.session import Session

FIRST_VIEW = View.NOW
"""The first view of a session."""
WIDTHS = [(0, "-one"), (80, "-two"), (120, "-three"), (140, "-wide")]
"""From how many columns on which panes are shown; the style sheets go by these classes."""
HEIGHTS = [(0, "-flat"), (16, "-low"), (30, "-tall")]
"""The same for rows: what may take several of them takes fewer in a low window."""


def classes_of(size: Size) -> str:
    """The classes of a screen of that size, which Textual sets only behind its first paint."""
    sides = ((size.width, WIDTHS), (size.height, HEIGHTS))
    return " ".join(max(each for each in classes if each[0] <= side)[1] for side, classes in sides)


def first_view(*, listed: bool) -> View:
    """The view to begin with: all chats while they are still being listed.

    Before that the rank of what is here would change with every page that comes in.
    """
    return FIRST_VIEW if listed else View.ALL


class OpeningScreen(Screen[None], inherit_bindings=False):
    """The rows of the chats where the inbox will have them. Keys wait until that has taken its place."""

    ALLOW_MAXIMIZE = False
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, session: Session, painted: Callable[[], object]) -> None:
        """`painted` is called behind the first paint."""
        super().__init__(classes=classes_of(self.app.size))
        self._session = session
        self._painted = painted

    def _extend_compose(self, widgets: list[Widget]) -> None:
        """Without the tooltip and the room for toasts that Textual adds to every screen."""

    def compose(self) -> ComposeResult:
        """The list alone, drawn as one that has the focus: to give it that would style it twice more."""
        chats = ChatList(id="chats")
        chats.set_reactive(ChatList.has_focus, True)
        with Vertical(id="list-pane"):
            yield chats

    def on_mount(self) -> None:
        """Read the rows that fit on the screen."""
        session, chats = self._session, self.query_one(ChatList)
        chats.clock = session.clock
        view = first_view(listed=all_listed(session.reader))
        chats.show(ViewSource(session.reader, view, session.clock.now()))
        # Textual paints with the first message that waits, and this goes behind it. Behind a refresh would be
        # later: those that follow, for sizes that the terminal tells again, paint the same once more.
        self.call_later(self._painted)
