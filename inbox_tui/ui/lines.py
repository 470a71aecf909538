"""Lines of a pane: pieces of text with their styles, cut to the cells that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inbox_tui.core.cells import cells, truncate, wrap

if TYPE_CHECKING:
    # The language is loaded with the first search.
    from inbox_tui.core.words import Span

Piece = tuple[str, str]
"""A text and the component class of its style in the pane, without the pane's prefix (`thread--`)."""

Line = list[Piece] | Strip
"""Pieces of text with their styles, or cells that are ready to be drawn."""

StyledText = tuple[str, Style]
"""A text and what it looks like."""


def marked(text: str, spans: Sequence[Span], style: str, found: str) -> list[Piece]:
    """A text in pieces, those of the spans in a style of their own."""
    parts: list[Piece] = []
    at = 0
    for start, end in spans:
        parts += [(text[at:start], style), (text[start:end], found)]
        at = end
    return [part for part in [*parts, (text[at:], style)] if part[0]] or [("", style)]


def one_line(left: Sequence[StyledText], right: Sequence[StyledText], width: int, ground: Style) -> Strip:
    """One line of exactly `width` cells: the left parts cut to what the right parts leave."""
    room = max(0, width - sum(cells(text) for text, _ in right))
    segments: list[Segment] = []
    for text, style in left:
        text = truncate(text, room)
        room -= cells(text)
        segments.append(Segment(text, style))
    segments.append(Segment(" " * room, ground))
    segments += [Segment(text, style) for text, style in right]
    return Strip(segments).adjust_cell_length(width, ground)


def explanation(text: str, style: Style, width: int, height: int, ground: Style) -> list[Strip]:
    """What a pane without rows says, in at most `height` lines, the first of which is blank."""
    lines = wrap(text, max(8, width - 4))[: height - 1]
    return [
        Strip.blank(width, ground),
        *(one_line([("  " + line, style)], [], width, ground) for line in lines),
    ]
