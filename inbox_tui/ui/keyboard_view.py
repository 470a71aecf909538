"""Keyboards as they stand under a message: the same drawing in the thread and in the builder's preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from textual.content import Content

from inbox_tui.core.cells import cells, pad, preview, truncate
from inbox_tui.core.keyboards import Button, Keyboard, MarkupKind
from inbox_tui.ui.lines import Piece

LEAST = 5
"""Cells of the narrowest button; where a row's buttons would be narrower, it is drawn as several rows."""
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "url": "↗",
        "login_url": "↗",
        "web_app": "↗",
        "copy_text": "⧉",
        "request_contact": "☎",
        "request_location": "⌖",
    }
)
"""What a button does besides sending something, as a sign behind its label."""
STYLES: Mapping[str, str] = MappingProxyType(
    {
        "button": "$foreground on $primary-muted",
        "muted": "$foreground 60%",
        "inbound": "",
        "outbound": "$text-primary",
    }
)
"""The thread's styles where the same lines stand in a dialog."""


def keyboard_lines(keyboard: Keyboard | None, room: int) -> list[list[Piece]]:
    """A keyboard in at most `room` cells: rows of buttons of one width; what has no buttons, in words."""
    if keyboard is None:
        return []
    if keyboard.kind is MarkupKind.REMOVE:
        return [[(truncate("⌨ takes the reply keyboard away", room), "muted")]]
    if keyboard.kind is MarkupKind.FORCE_REPLY:
        words = f": {preview(keyboard.placeholder)}" if keyboard.placeholder else ""
        return [[(truncate(f"⌨ asks for a reply{words}", room), "muted")]]
    lines = _rows([[_label(button) for button in row] for row in keyboard.rows], room)
    if keyboard.kind is MarkupKind.REPLY:
        words = f": {preview(keyboard.placeholder)}" if keyboard.placeholder else ""
        lines.append([(truncate(f"⌨ in place of the customer's keys{words}", room), "muted")])
    return lines


def as_content(line: Sequence[Piece]) -> Content:
    """A line as a dialog shows it."""
    return Content.assemble(*((text, STYLES[style]) for text, style in line))


def _label(button: Button) -> str:
    sign = SIGNS.get(button.kind, "")
    return f"{preview(button.label)} {sign}" if sign else preview(button.label)


def _rows(rows: Sequence[Sequence[str]], room: int) -> list[list[Piece]]:
    most = max(1, (room + 1) // (LEAST + 1))
    parts = [row[start : start + most] for row in rows for start in range(0, len(row), most)]
    wanted = (len(row) * max(cells(label) + 3 for label in row) - 1 for row in parts)
    total = min(room, max(wanted, default=0))
    return [_row(row, total) for row in parts]


def _row(labels: Sequence[str], total: int) -> list[Piece]:
    """One row of buttons in `total` cells, with a cell between them."""
    line: list[Piece] = []
    for label, width in zip(labels, _widths(labels, total - len(labels) + 1), strict=True):
        text = truncate(label, max(1, width - 2))
        left = (width - cells(text)) // 2
        line += [(pad(" " * left + text, width), "button"), (" ", "inbound")]
    return line[:-1]


def _widths(labels: Sequence[str], left: int) -> list[int]:
    """How wide each button is: all the same where the labels fit so, else the longest give way first."""
    widths = [cells(label) + 2 for label in labels]
    if max(widths) * len(widths) <= left:
        widths = [left // len(widths)] * len(widths)
    while sum(widths) > left:
        longest = max(widths)
        cut = max(1, min((sum(widths) - left) // widths.count(longest), longest - left // len(widths)))
        widths[widths.index(longest)] -= cut
    for index in range(left - sum(widths)):
        widths[index % len(widths)] += 1
    return widths
