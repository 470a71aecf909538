"""Everything that has not arrived, wherever it was written, and the words that were given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.cells import preview
from inbox_tui.core.times import ago
from inbox_tui.store import entries, fetched
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import now_ms
from inbox_tui.store.entries import Entry
from inbox_tui.store.items import State
from inbox_tui.ui.dialogs.comments import author
from inbox_tui.ui.dialogs.dialog import ALONG, Dialog
from inbox_tui.ui.keymap import Keymap
from inbox_tui.ui.keys import key_of
from inbox_tui.ui.platforms import platform_code
from inbox_tui.ui.session import Session

WORDS = 60
"""Characters of a text in its row; the whole of it stands below the list."""
KINDS: Mapping[str, str] = {
    ActName.SEND: "message",
    ActName.EDIT: "edit",
    ActName.REACT: "reaction",
    ActName.UNREACT: "taking a reaction off",
    ActName.ARCHIVE: "archiving",
    ActName.UNARCHIVE: "bringing back from the archive",
    ActName.PRIVATE_REPLY: "private reply to",
    ActName.NEW_CHAT: "new chat with",
}
STATES: Mapping[str, tuple[str, str]] = {
    State.HELD: ("held for a moment", ""),
    State.QUEUED: ("waits", "$text-warning"),
    State.SENDING: ("on its way", ""),
    State.ACCEPTED: ("taken by the service", ""),
    State.FAILED: ("✗ failed", "$text-error"),
    State.UNCERTAIN: ("? uncertain", "$text-error"),
    State.DISCARDED: ("given up", "dim"),
}
"""What a state is called, and in which colour."""


class Hands(Protocol):
    """What can be done about an item; each says what has come of it."""

    def try_again(self, entry: Entry) -> None:
        """Send what failed or is uncertain once more."""

    def give_up(self, entry: Entry) -> None:
        """Give what failed or is uncertain up."""

    def bring_back(self, entry: Entry) -> None:
        """Make a draft again of what has not left, or was given up."""


class Outbox(Dialog[Entry | None]):
    """The items of the outbox. Returns the one whose chat is to be opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "dismiss", "Back"),
        *ALONG,
    ]
    KEYS: ClassVar[Mapping[str, str]] = {"enter": "choose"}

    def __init__(self, session: Session, keymap: Keymap, hands: Hands) -> None:
        super().__init__()
        self._session = session
        self._keymap = keymap
        self._does = {"retry": hands.try_again, "discard": hands.give_up, "take_back": hands.bring_back}
        self._entries: Sequence[Entry] = ()
        self._acted_on: int | None = None
        """The item (pk) that the last key was about, where it may take it away."""

    def compose(self) -> ComposeResult:
        """The items, the one under the cursor whole, keys."""
        with Vertical(id="outbox") as box:
            box.border_title = Content("Outbox")
            yield OptionList()
            yield Static(id="outbox-about")
            yield Static(id="outbox-chats")
            yield Static(id="outbox-keys")

    def on_mount(self) -> None:
        """Read the items."""
        self._read()
        super().on_mount()

    def store_changed(self) -> None:
        """Something left, settled or failed."""
        self._read()

    async def take(self, event: events.Key | events.Paste) -> None:
        """The keys of the thread, as they are in force; the one that opened the outbox closes it."""
        key = key_of(event) if isinstance(event, events.Key) else ""
        name = next((name for name in self._does if key in self._keymap[name].keys), None)
        if key in self._keymap["outbox"].keys:
            self.dismiss(None)
        elif name is None:
            await super().take(event)
        elif (entry := self._entry) is not None:
            # What is sent again stays here for now, and leaves by itself.
            self._acted_on = None if name == "retry" else entry.item.pk
            self._does[name](entry)

    def _read(self) -> None:
        reader = self._session.reader
        found = [*entries.unsettled(reader), *entries.given_up(reader)]
        chats, failed = self.query_one("#outbox-chats", Static), entries.chats_with_failed_messages(reader)
        way = f"✗ {entries.failed_in_chats(failed)}: {self._keymap.label('view_failed')} lists them"
        chats.update(Content.styled(way, "$text-error"))
        chats.display = failed > 0
        if found == self._entries and found:
            return
        options, at = self.query_one(OptionList), self._entry
        number = options.highlighted or 0
        before, self._entries = self._entries, found
        options.clear_options()
        options.add_options([Option(self._row(entry)) for entry in found])
        if found:
            pks = [entry.item.pk for entry in found]
            if at is not None and at.item.pk in pks:
                options.highlighted = pks.index(at.item.pk)
            elif not before or (at is not None and at.item.pk == self._acted_on):
                options.highlighted = min(number, len(found) - 1)
            # Else it has left by itself: no key is about what would come under the cursor unasked.
        self._describe()

    @property
    def _entry(self) -> Entry | None:
        number = self.query_one(OptionList).highlighted
        return None if number is None or number >= len(self._entries) else self._entries[number]

    def _row(self, entry: Entry) -> Content:
        item = entry.item
        state, style = STATES[State(item.state)]
        words = preview(item.text, WORDS) or item.file_name
        return Content.assemble(
            (state, style),
            f" · {platform_code(entry.platform)} ",
            (f"{KINDS.get(item.act, item.act)} {self._whom(entry)}".strip(), "bold"),
            f" · {ago(now_ms() - item.created_at)}",
            (f"\n  {words}" if words else "", "dim"),
        )

    def _whom(self, entry: Entry) -> str:
        item = entry.item
        if entry.chat is not None:
            return f"· {entry.chat.title}" if item.act != ActName.SEND else f"to {entry.chat.title}"
        if item.act == ActName.PRIVATE_REPLY:
            comment = fetched.comment(
                self._session.reader, item.profile_id, str(item.payload.get("comment_id"))
            )
            return "a comment" if comment is None else author(comment)
        return str(item.payload.get("participant") or "")

    def _draw_keys(self, state: str | None) -> None:
        """Those that do something to the item under the cursor."""
        label = self._keymap.label
        ways = ["Esc back"]
        if state is not None:
            ways.insert(0, "⏎ open the chat")
        if state in (State.HELD, State.QUEUED, State.DISCARDED):
            ways.insert(0, f"{label('take_back')} back to a draft")
        if state in (State.FAILED, State.UNCERTAIN):
            ways[:0] = [f"{label('retry')} send again", f"{label('discard')} give up"]
        self.query_one("#outbox-keys", Static).update(Content(" · ".join(ways)).stylize("dim"))

    @on(OptionList.OptionHighlighted)
    def _describe(self) -> None:
        entry, about = self._entry, self.query_one("#outbox-about", Static)
        self._draw_keys(None if entry is None else entry.item.state)
        if entry is None:
            nothing = "Nothing that was written here waits, and nothing was given up."
            about.update(Content("What stood here has left; ↑↓ choose" if self._entries else nothing))
            return
        item = entry.item
        why = ". ".join(part.rstrip(".") for part in (item.title, item.hint) if part)
        about.update(
            Content.assemble(
                (f"{entry.profile}: " if entry.profile else "", "bold"),
                (f"{why}\n" if why else f"{STATES[State(item.state)][0]}\n", "$text-warning"),
                item.text or item.file_name,
            )
        )

    @on(OptionList.OptionSelected)
    def choose(self) -> None:
        """Go where the item under the cursor belongs."""
        if self._entry is not None or not self._entries:
            self.dismiss(self._entry)
