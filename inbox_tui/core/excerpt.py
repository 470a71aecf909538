"""The part of a message that shows why it was found, in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inbox_tui.core.cells import shorten
from inbox_tui.core.models import Message
from inbox_tui.core.summary import describe
from inbox_tui.core.words import Span

LENGTH, LEAD = 240, 40
"""Characters of an excerpt at most, and before the first word that was found."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line, and where in it what was looked for stands."""

    text: str
    spans: tuple[Span, ...] = ()


def excerpt(message: Message, spans: Sequence[Span], tapped: str | None = None) -> Excerpt:
    """A line of a message around the first of the spans of its body.

    `tapped`: the words on the button, where the message is a tap; they are told in place of its data.
    """
    body = message.body
    if not body or not spans or tapped is not None:
        return Excerpt(shorten(describe(message, tapped), LENGTH))
    lead = "".join(f"[{file.type}] " for file in message.attachments)
    start = _start(body, spans[0][0])
    if start:
        lead += "…"
    text = shorten(_one_line(body[start:]).strip(), LENGTH)
    moved = []
    for first, last in spans:
        # White space never ends before a word, so what stands before it is folded as in the whole.
        place = tuple(len(lead) + len(_one_line(body[start:edge]).lstrip()) for edge in (first, last))
        if place[1] <= len(lead) + len(text):
            moved.append((place[0], place[1]))
    return Excerpt(lead + text, tuple(moved))


def _start(body: str, first: int) -> int:
    """Where the excerpt begins: at the beginning, else at a word a little before the first span."""
    if first <= LEAD:
        return 0
    found = re.search(r"\s+", body[first - LEAD : first])
    return first - LEAD + found.end() if found is not None else first


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
