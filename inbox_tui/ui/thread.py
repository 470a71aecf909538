"""The thread: the messages of a chat as text, with everything that the platform said about them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, tzinfo
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inbox_tui.core.cells import cells, preview, shorten, truncate, wrap
from inbox_tui.core.keyboards import parse
from inbox_tui.core.models import Message, Milliseconds, Platform, Status
from inbox_tui.core.sizes import file_size, part_of
from inbox_tui.core.summary import describe, is_tap
from inbox_tui.core.text import clean
from inbox_tui.core.times import clock, day_label
from inbox_tui.store.clock import ServerClock
from inbox_tui.store.db import now_ms
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.reads import Key, Source
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.attachment_view import attachment_lines
from inbox_tui.ui.keyboard_view import keyboard_lines
from inbox_tui.ui.keymap import Keymap
from inbox_tui.ui.lines import Line, Piece, explanation, marked
from inbox_tui.ui.pending import OVER, edit_marks, edited, reacted, reaction_marks
from inbox_tui.ui.pictures import Pictures
from inbox_tui.ui.rows import VirtualRows
from inbox_tui.ui.themes import MONOCHROME

if TYPE_CHECKING:
    # The language is loaded with the first search.
    from inbox_tui.core.words import Span

TIME_CELLS = 7
"""Cells of the column of times, with the mark of the cursor before it."""
GROUP_MS = 5 * 60_000
"""Messages of one side with less than this between them stand together, with no blank line."""
MOST_CHARACTERS = 8_000
"""Longer bodies are cut where they are drawn; the details show them whole."""
RECEIPT_PLATFORMS = frozenset({Platform.FACEBOOK.value, Platform.INSTAGRAM.value})
"""Platforms that tell when a message was delivered and read (seed: the table of capabilities)."""


class Thread(VirtualRows[ThreadRow]):
    """One chat, oldest message first; own messages stand at the right and carry a glyph."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "thread--cursor",
        "thread--cursor-resting",
        "thread--inbound",
        "thread--outbound",
        "thread--muted",
        "thread--divider",
        "thread--unanswered",
        "thread--quote",
        "thread--button",
        "thread--tap",
        "thread--error",
        "thread--warning",
        "thread--success",
        "thread--mark",
        "thread--found",
    }
    sticks_to_end = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.zone: tzinfo | None = None
        self.keymap = Keymap()
        self.clock = ServerClock()
        self.platform = ""
        self.title = ""
        self.own_ids: frozenset[str] = frozenset()
        self.unanswered_since: Milliseconds | None = None
        self.can_send = True
        """Whether a message can be sent to the chat now; else no failed one is offered to be sent again."""
        self.empty_text = ""
        self._asked = ""
        self._find: Callable[[str], Sequence[Span]] | None = None
        self.pictures = Pictures(self._picture_made)

    def show(self, source: Source[ThreadRow] | None, *, end: bool = False, at: Key | None = None) -> None:
        """Show another chat, with nothing marked in it."""
        self._asked, self._find = "", None
        super().show(source, end=end, at=at)

    def say_empty(self, words: str) -> None:
        """Say other words where there is no message."""
        if words != self.empty_text:
            self.empty_text = words
            self.refresh()

    def mark(self, asked: str, find: Callable[[str], Sequence[Span]]) -> None:
        """Mark what a search has found, in every message of the chat that is shown; `asked`: the query."""
        self._asked, self._find = asked, find
        self.tick()

    def bring_in(self, key: Key) -> None:
        """Put the cursor on a message, with what was said before it on the screen."""
        self.point_at(key)
        place, above = self._view.lines_of(self._cursor_index()), self.size.height // 3
        if place is not None and place[0] < above:
            self.scroll_by(place[0] - above, with_cursor=False)

    def _marked(self, lines: Sequence[str], body: str, style: str) -> list[Line]:
        """Lines of a text, what was found in pieces of their own."""
        if self._find is None or not (spans := self._find(body)):
            return [[(line, style)] for line in lines]
        found: list[Line] = []
        at = 0
        for line in lines:
            # White space is lost where a line is broken, and tabs become blanks: then it is not found.
            place = body.find(line, at)
            at = at if place < 0 else place + len(line)
            here = [(max(s - place, 0), min(e - place, len(line))) for s, e in spans if place >= 0]
            found.append(marked(line, [(s, e) for s, e in here if s < e], style, "found"))
        return found

    def on_unmount(self) -> None:
        """Let the decoding thread end."""
        self.pictures.close()

    def _picture_made(self) -> None:
        self.call_later(self.tick, self.pictures.take)

    @property
    def _pictures_or_none(self) -> Pictures | None:
        """Half cells are nothing without colours."""
        return None if self.app.no_color or self.app.theme == MONOCHROME.name else self.pictures

    def identity(self, row: ThreadRow) -> Hashable:
        """A message stays the same when it is edited or published."""
        if row.message is not None:
            return row.message.id
        return None if row.item is None else row.item.pk

    def draw_key(self, row: ThreadRow, previous: ThreadRow | None) -> Hashable:
        """A row is drawn again when the day, the row above or the divider changes."""
        held = row.item is not None and row.item.state == State.HELD
        return (
            None if previous is None else (self._at(previous), _inbound(previous)),
            self._at(row),
            day_label(self._at(row), self.clock.now(), self.zone or UTC),
            self.unanswered_since,
            self.can_send,
            self._asked,
            _seconds_left(row.item) if held and row.item else None,
            tuple(self.pictures.times(each.path) for each in row.media if each.path is not None),
        )

    def draw(self, row: ThreadRow, previous: ThreadRow | None, width: int, *, cursor: bool) -> list[Strip]:
        """Dividers, then time, text and everything that hangs on the message."""
        base = self.rich_style
        strips = self._dividers(row, previous, width)
        if cursor:
            base += self.style_of("thread--cursor" if self.has_focus else "thread--cursor-resting")
        room = max(8, min(width - TIME_CELLS - 1, 84))
        lines = self._message_lines(row, room)
        block = max(map(_cells, lines), default=0)
        indent = 0 if _inbound(row) else max(0, width - TIME_CELLS - block - 1)
        for number, line in enumerate(lines):
            time = clock(self._at(row), self.zone or UTC) if number == 0 else ""
            segments = [
                Segment("▎" if cursor else " ", base + self.style_of("thread--mark")),
                Segment(time.ljust(TIME_CELLS - 1), base + self.style_of("thread--muted")),
                Segment(" " * indent, base),
                *self._segments(line, base),
            ]
            strips.append(Strip(segments).adjust_cell_length(width, base))
        return strips

    def _segments(self, line: Line, base: Style) -> list[Segment]:
        if isinstance(line, Strip):
            return list(line.apply_style(base))
        return [Segment(text, base + self.style_of(f"thread--{style}")) for text, style in line]

    def _at(self, row: ThreadRow) -> Milliseconds:
        """When a message was posted, or an item written, by the server's clock."""
        if row.message is not None:
            return row.message.position[0]
        return 0 if row.item is None else self.clock.here(row.item.created_at)

    def draw_empty(self, width: int, height: int) -> list[Strip]:
        """Why there is nothing."""
        ground = self.rich_style
        return explanation(self.empty_text, ground + self.style_of("thread--muted"), width, height, ground)

    def _dividers(self, row: ThreadRow, previous: ThreadRow | None, width: int) -> list[Strip]:
        base = self.rich_style
        strips: list[Strip] = []
        zone, now = self.zone or UTC, self.clock.now()
        day = day_label(self._at(row), now, zone)
        if previous is None or day_label(self._at(previous), now, zone) != day:
            strips.append(_rule(day, width, base + self.style_of("thread--divider")))
        elif _inbound(previous) != _inbound(row) or self._at(row) - self._at(previous) > GROUP_MS:
            strips.append(Strip.blank(width, base))
        since = self.unanswered_since
        if (
            since is not None
            and _inbound(row)
            and self._at(row) >= since
            and (previous is None or self._at(previous) < since or not _inbound(previous))
            and (previous is None or self._at(previous) < since)
        ):
            strips.append(_rule("unanswered", width, base + self.style_of("thread--unanswered")))
        return strips

    def _message_lines(self, row: ThreadRow, room: int) -> list[Line]:
        if row.item is not None:
            return self._item_lines(row.items, room)
        if row.message is None:
            return []
        message = edited(row.message, row.pending)
        own = not message.inbound
        text_style = "outbound" if own else "inbound"
        lines: list[Line] = []
        tap = is_tap(message)
        if row.quoted is not None and not tap:
            quote = truncate(f"┃ {describe(row.quoted)}", room)
            lines.append([(quote, "quote")])
        elif message.reply_to_external_id and not tap:
            lines.append([("┃ a message that is not cached", "quote")])
        if message.external_comment_id:
            lines.append(
                [(truncate(f"┃ private reply to comment {message.external_comment_id}", room), "quote")]
            )
        if message.deleted_at is not None:
            lines.append([("message deleted", "muted")])
        elif tap:
            label = preview(row.tapped or message.body or "")
            lines.append([(truncate(f"tapped ▸ {label}", room), "tap")])
        else:
            lines += self._marked(_body(message.body, room), message.body or "", text_style)
            media = {each.attachment_id: each for each in row.media}
            for file in message.attachments:
                lines += attachment_lines(file, media.get(file.id), self._pictures_or_none, room)
            if message.is_unsupported:
                lines.append([("the platform cannot show this message here", "muted")])
            elif not message.body and not message.attachments:
                lines.append([("empty message", "muted")])
        lines += keyboard_lines(parse(message.reply_markup), room)
        if hearts := self._reactions(message, row.pending, room):
            lines.append(hearts)
        marks = [
            *self._marks(row, message),
            *edit_marks(row.pending, self.keymap),
            *reaction_marks(row.pending, self.platform, self.keymap),
        ]
        return _with_marks(lines, marks, room)

    def _item_lines(self, items: Sequence[OutboxItem], room: int) -> list[Line]:
        """What waits to become a message; a file and the text behind it are one, with one state."""
        lines: list[Line] = []
        for item in items:
            if item.file_name:
                lines.append([(truncate(_file_words(item), room), "quote")])
            lines += [[(line, "outbound")] for line in _body(item.text, room)]
            lines += keyboard_lines(parse(item.payload.get("reply_markup")), room)
        telling = next((item for item in items if item.state in OVER), items[0])
        words, style = self._state_words(telling)
        lines += [[(line, style)] for line in wrap(words, room)]
        return lines

    def _reactions(self, message: Message, pending: Sequence[OutboxItem], room: int) -> list[Piece]:
        parts = []
        standing, coming = reacted(message, pending, self.platform, self.own_ids)
        ordered = sorted(standing, key=lambda r: r.emoji or r.reaction or "")
        for emoji, group in groupby(ordered, key=lambda r: r.emoji or r.reaction or "?"):
            who = ["you" if r.sender_external_id in self.own_ids else self.title for r in group]
            parts.append(f"{emoji} {', '.join(dict.fromkeys(who))}")
        if coming is not None:
            parts.append(f"… {coming} you" if coming else "… taking your reaction off")
        return [(truncate("  ".join(parts), room), "muted")] if parts else []

    def _marks(self, row: ThreadRow, message: Message) -> list[Piece]:
        """What is to be said of the message behind its text."""
        marks: list[Piece] = []
        zone = self.zone or UTC
        if message.edited_at is not None and message.deleted_at is None:
            marks.append((f"edited {clock(message.edited_at, zone)}", "muted"))
        if message.cleaned:
            marks.append(("control characters shown as symbols", "warning"))
        if message.inbound:
            if message.status != Status.RECEIVED:
                marks.append((message.status, "muted"))
            return marks
        match message.status:
            case Status.PUBLISHED:
                if message.read_at is not None and self.platform in RECEIPT_PLATFORMS:
                    marks.append((f"✓✓ read {clock(message.read_at, zone)}", "success"))
                elif message.delivered_at is not None and self.platform in RECEIPT_PLATFORMS:
                    marks.append(("✓✓", "success"))
                else:
                    marks.append(("✓", "success"))
            case Status.PENDING:
                marks.append(("… sending", "muted"))
            case Status.FAILED_WAITING_FOR_RETRY:
                reason = f": {message.error_message}" if message.error_message else ""
                marks.append((f"… the service is still retrying{reason}", "warning"))
            case Status.FAILED:
                reason = message.error_message or "the platform gave no reason"
                if row.dismissed:
                    what = "failed, and sent again" if row.sent_again else "given up, not sent"
                    marks.append((f"✗ {what}: {reason}", "muted"))
                else:
                    marks.append((f"✗ failed: {reason}{self._ways_out()}", "error"))
            case other:
                marks.append((other, "muted"))
        return marks

    def _state_words(self, item: OutboxItem) -> Piece:
        """The state of an outbox item in words."""
        why = f"{item.title}. {item.hint}".strip(". ") if item.title else ""
        match item.state:
            case State.HELD:
                keys = self.keymap.either("undo_send", "take_back")
                return f"leaves in {_seconds_left(item)} s · {keys} takes it back", "warning"
            case State.QUEUED:
                return (f"… waiting: {why}" if why else "… queued"), "muted"
            case State.SENDING if 0 < item.done_bytes < _size(item):
                return f"… uploading {part_of(item.done_bytes, _size(item))}", "muted"
            case State.SENDING | State.ACCEPTED:
                return "… sending", "muted"
            case State.FAILED:
                return f"✗ failed: {why or 'no reason given'}{self._ways_out()}", "error"
            case State.UNCERTAIN:
                ways = {"retry": "send again"} if self.can_send else {}
                keys = self.keymap.offers(**ways, discard="discard once you have checked")
                return f"? uncertain: {item.title}{keys}", "error"
            case other:
                return other, "muted"

    def _ways_out(self) -> str:
        """The keys that deal with a failed message; a doomed second try is not offered."""
        return self.keymap.offers(**({"retry": "retry"} if self.can_send else {}), discard="discard")


def _seconds_left(item: OutboxItem) -> int:
    return max(0, -(-((item.held_until or 0) - now_ms()) // 1000))


def _size(item: OutboxItem) -> int:
    """Bytes of the file of an item; 0 where it has none, or only an address."""
    size = item.payload.get("size")
    return size if isinstance(size, int) else 0


def _file_words(item: OutboxItem) -> str:
    """The file of an item as it is named here, never where its copy waits."""
    size = _size(item)
    return f"[file] {clean(item.file_name)}{f' {file_size(size)}' if size else ''}"


def _inbound(row: ThreadRow) -> bool:
    return row.message is not None and row.message.inbound


def _rule(text: str, width: int, style: Style) -> Strip:
    left = max(0, (width - cells(text) - 2) // 2)
    line = f"{'─' * left} {text} "
    return Strip([Segment(line + "─" * max(0, width - cells(line)), style)]).adjust_cell_length(width, style)


def _body(body: str | None, room: int) -> list[str]:
    return wrap(shorten(body, MOST_CHARACTERS), room) if body else []


def _cells(line: Line) -> int:
    return line.cell_length if isinstance(line, Strip) else sum(cells(text) for text, _ in line)


def _with_marks(lines: list[Line], marks: list[Piece], room: int) -> list[Line]:
    """Marks behind the last line where they fit, else on lines of their own."""
    for text, style in marks:
        last = lines[-1] if lines else None
        if isinstance(last, list) and _cells(last) + 2 + cells(text) <= room:
            lines[-1] = [*last, ("  ", "inbound"), (truncate(text, room), style)]
        else:
            lines += [[(line, style)] for line in wrap(text, room)]
    return lines
