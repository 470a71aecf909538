"""Everything that is known of a chat and of a message, field by field, and the live record as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from inbox_tui.core.cells import cells
from inbox_tui.core.escaping import escaped_json
from inbox_tui.core.models import Attachment, Chat, Json, Message, Milliseconds, Platform, Reaction
from inbox_tui.core.text import clean
from inbox_tui.core.times import clock, day_label
from inbox_tui.store import fetched, screens
from inbox_tui.store.db import now_ms
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.session import Session

API_NAMES: Mapping[str, str] = {
    "posted_at": "external_posted_at",
    "delivered_at": "external_delivered_at",
    "read_at": "external_read_at",
    "edited_at": "external_edited_at",
    "deleted_at": "external_deleted_at",
}
"""Fields of ours that the API calls otherwise."""
OURS = frozenset({"extra", "cleaned", "missing", "metadata"})
"""Fields that the API does not have, or that have a place of their own."""
METADATA: Mapping[str, frozenset[str]] = {
    "page_id": frozenset({Platform.FACEBOOK}),
    "participant_fetched_at": frozenset(Platform),
    "language_code": frozenset({Platform.TELEGRAM}),
    "muted": frozenset({Platform.BLUESKY}),
    "is_verified_user": frozenset({Platform.INSTAGRAM, Platform.FACEBOOK}),
    "is_user_follow_business": frozenset({Platform.INSTAGRAM, Platform.FACEBOOK}),
    "is_business_follow_user": frozenset({Platform.INSTAGRAM, Platform.FACEBOOK}),
    "follower_count": frozenset({Platform.INSTAGRAM}),
    "is_payment_enabled": frozenset({Platform.FACEBOOK}),
    "is_subscribed_to_messenger": frozenset({Platform.FACEBOOK}),
}
"""Keys of the metadata and the platforms that may tell them (seed: "Participant metadata")."""
NAME_CELLS = 27
"""Cells of the column of names."""


class Details(Dialog[None]):
    """A message, where one is given, its chat, the person's metadata, and both records as they are now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,I", "dismiss", "Close"),
        ("j", "scroll(1)", "Down"),
        ("k", "scroll(-1)", "Up"),
        ("y", "copy", "Copy the record"),
        ("f", "fetch", "Fetch again"),
    ]

    def __init__(self, session: Session, row: ChatRow, message: Message | None, zone: tzinfo | None) -> None:
        super().__init__()
        self._session = session
        self._row = row
        self._message = message
        self._zone = zone or UTC
        self._asked_at = 0

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="details") as scroll:
            scroll.border_title = Content("Details")
            scroll.border_subtitle = Content("j/k scroll · y copy · f fetch again · Esc closes")
            yield Static(id="details-text")

    def on_mount(self) -> None:
        """Draw what is cached, and have the live records asked for."""
        self.set_focus(self.query_one(VerticalScroll))
        self.action_fetch()
        super().on_mount()

    def store_changed(self) -> None:
        """A record may have come."""
        self._draw()

    def action_fetch(self) -> None:
        """Ask for the records as they are now."""
        self._asked_at = now_ms()
        for kind, record_id in self._records():
            self._session.do(screens.need, "record", f"{kind}:{record_id}")
        self._draw()

    def action_scroll(self, lines: int) -> None:
        """Scroll by a line."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the live record of the message; where that is not there, of the chat."""
        for kind, record_id in self._records():
            known = fetched.record(self._session.reader, kind, record_id)
            if known is not None and known.json is not None:
                self.app.copy_to_clipboard(known.json)
                self.app.notify(f"Copied the record of the {kind}", markup=False)
                return
        self.app.notify("There is no live record yet", markup=False)

    def _records(self) -> list[tuple[str, str]]:
        """What can be fetched: the message first."""
        message = [] if self._message is None else [("message", self._message.id)]
        return [*message, ("chat", self._row.chat.id)]

    def _draw(self) -> None:
        lines: list[Content] = []
        if self._message is not None:
            lines += [_head("Message"), *self._fields(self._message), Content("")]
        chat = self._row.chat
        lines += [
            _head("Chat"),
            *self._fields(chat),
            Content(""),
            _head("What the platform says of the person"),
        ]
        lines += [self._line(name, value) for name, value in _metadata(chat)]
        for kind, record_id in self._records():
            lines += [Content(""), _head(f"Live record of the {kind}"), self._live(kind, record_id)]
        self.query_one("#details-text", Static).update(Content("\n").join(lines))

    def _fields(self, record: Chat | Message) -> list[Content]:
        lines = []
        for name in (field.name for field in fields(record)):
            if name in OURS:
                continue
            value = getattr(record, name)
            words = "unknown" if name in record.missing else self._words(name, value)
            lines.append(self._line(API_NAMES.get(name, name), words))
        for name, value in record.extra.items():
            lines.append(self._line(name, _json(value)))
        if record.cleaned:
            lines.append(Content("  Control characters were replaced; the live record shows them escaped."))
        return lines

    def _words(self, name: str, value: object) -> str:
        if value is None or value == "":
            return "–"
        if name.endswith("_at") and isinstance(value, int):
            return self._time(value)
        if isinstance(value, tuple):
            known = (each for each in value if isinstance(each, Attachment | Reaction))
            return "\n".join(_record(each) for each in known) or "none"
        if isinstance(value, Mapping):
            return escaped_json(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value)

    def _time(self, at: Milliseconds) -> str:
        now = self._session.clock.now()
        iso = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return f"{day_label(at, now, self._zone)} {clock(at, self._zone)}  ({iso})"

    def _line(self, name: str, words: str) -> Content:
        first, *rest = words.split("\n")
        gap = " " * max(1, NAME_CELLS - cells(name) - 2)
        more = "".join(f"\n{' ' * NAME_CELLS}{line}" for line in rest)
        return Content.assemble(
            f"  {clean(name)}{gap}", (first, "dim" if words in ("–", "unknown") else ""), more
        )

    def _live(self, kind: str, record_id: str) -> Content:
        known = fetched.record(self._session.reader, kind, record_id)
        if known is None or (known.fetched_at < self._asked_at and not known.fault):
            return Content("  fetching…").stylize("dim")
        if known.json is None:
            return Content(f"  {known.fault}").stylize("$text-error")
        return Content("\n".join(f"  {line}" for line in known.json.split("\n")))


def _head(words: str) -> Content:
    return Content(words).stylize("bold $primary")


def _metadata(chat: Chat) -> list[tuple[str, str]]:
    """Every key that the platform may tell, in the seed's order, then those that the seed does not know."""
    known = [name for name, platforms in METADATA.items() if chat.platform in platforms]
    others = [name for name in chat.metadata if name not in known]
    return [(name, _json(chat.metadata.get(name))) for name in [*known, *others]]


def _json(value: Json | None) -> str:
    """A value of the API in words: yes and no, a text as it is, all else as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else escaped_json(value)


def _record(value: Attachment | Reaction) -> str:
    """An attachment or a reaction in one line."""
    named = [(field.name, getattr(value, field.name)) for field in fields(value)]
    return " · ".join(f"{name} {each}" for name, each in named if each is not None)
