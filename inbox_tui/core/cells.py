"""Text measured and cut for the cells of a terminal.

Widths are Rich's (`rich.cells.cell_len`), because Textual lays out with them; graphemes are those of
Unicode annex 29 as `wcwidth` finds them, which is imported by the first text that needs it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from rich.cells import cell_len

TAB = 4
"""Cells between tab stops. Rich counts none for a tab, so tabs are expanded before anything is measured."""

_NO_LINE_START = frozenset("、。，．・：；！？）」』】〉》〕］｝ー…,.:;!?)]}%’”")
_NO_LINE_END = frozenset("（「『【〈《〔［｛([{‘“")
_GLUE = frozenset("\u00a0\u2007\u202f")
"""White space at which no line may break."""


@cache
def spacing_signs() -> re.Pattern[str]:
    """Letters of scripts with vowel signs beside the letter: Indic ones, Myanmar, Khmer and their neighbours.

    The signs have cells of their own in some terminals, and none for Rich.
    """
    return re.compile("[\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1900-\u1cff\ua800-\uabff]")


@cache
def _plain() -> re.Pattern[str]:
    """Characters that are each one grapheme of one cell: Latin, Greek, Cyrillic, usual punctuation."""
    return re.compile("[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u20ac]*")


def expand_tabs(text: str) -> str:
    """One line with its tabs as spaces, by cells; a newline, which no line can hold, is one space."""
    text = text.replace("\n", " ")
    if "\t" not in text:
        return text
    parts = text.split("\t")
    filled = [part + " " * (TAB - cell_len(part) % TAB) for part in parts[:-1]]
    return "".join(filled) + parts[-1]


def cells(text: str) -> int:
    """Width of one line in terminal cells, tabs expanded."""
    return cell_len(expand_tabs(text))


def graphemes(text: str) -> Iterator[str]:
    """The user-perceived characters of a text (annex 29), in order; joined they are the text again."""
    from wcwidth import iter_graphemes

    return iter_graphemes(text)


def clusters(text: str) -> Iterator[tuple[str, int]]:
    """Graphemes with their cells; one of no cells goes with the one before it.

    So a variation selector always stands beside what it widens, and widths add up to Rich's `cell_len`
    of the whole, or to more where a stray joiner makes Rich skip a character.
    """
    parts: list[str] = []
    for grapheme in graphemes(text):
        if parts and cell_len(grapheme):
            whole = "".join(parts)
            yield whole, cell_len(whole)
            parts.clear()
        parts.append(grapheme)
    if parts:
        whole = "".join(parts)
        yield whole, cell_len(whole)


def spare_cells(text: str) -> int:
    """How many more cells a text takes where each vowel sign has one of its own."""
    if text.isascii():
        return 0
    return sum(unicodedata.category(sign) == "Mc" for sign in spacing_signs().findall(text))


def _roomy(text: str) -> Iterator[tuple[str, int]]:
    """Graphemes with the cells that they may take; so no line is fuller than any terminal can show."""
    for cluster, size in clusters(text):
        yield cluster, size + spare_cells(cluster) if len(cluster) > 1 else size


def truncate(text: str, width: int) -> str:
    """One line in at most `width` cells: cut between graphemes, with an ellipsis where something is lost."""
    text = expand_tabs(text)
    if width <= 0:
        return ""
    if cell_len(text) + spare_cells(text) <= width:
        return text
    plain = _plain().match(text, 0, width)
    if plain is not None and plain.end() == width:
        # What is not plain behind that belongs at most to the last of these characters, which is cut off.
        return text[: width - 1] + "…"
    kept: list[str] = []
    used = fitting = 0
    for cluster, size in _roomy(text):
        used += size
        if used > width:
            return "".join(kept[:fitting]) + "…"
        kept.append(cluster)
        if used < width:
            fitting = len(kept)
    return text


def pad(text: str, width: int) -> str:
    """One line in exactly `width` cells: truncated, or filled with spaces."""
    text = truncate(text, width)
    return text + " " * (width - cell_len(text))


def shorten(text: str, limit: int) -> str:
    """A text of at most `limit` code points: cut at a grapheme, an ellipsis for what is left out.

    The cap on what is drawn of a hostile text. A grapheme longer than half the limit is cut inside.
    """
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    end = limit - 1
    if not text[:limit].isascii():
        from wcwidth import grapheme_boundary_before

        start = grapheme_boundary_before(text[:limit], limit)
        if start > limit // 2:
            end = start
    return text[:end] + "…"


def preview(body: str, limit: int = 200) -> str:
    """One line for a list: every run of white space is one space; at most `limit` code points."""
    return shorten(" ".join(body[: 4 * limit].split()), limit)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, at least one: newlines kept, broken at white space, long words cut.

    Graphemes stay whole unless one alone is wider than a line. Wide characters (CJK, emoji) may break
    between each other, not before closing or after opening punctuation. Nothing is lost but the white space
    at a break; tabs become spaces. A width below 2 counts as 2, which is what one wide character needs.
    """
    if len(text) <= width and _plain().fullmatch(text):
        return [text]
    width = max(width, 2)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = expand_tabs(paragraph)
        if _plain().fullmatch(line):
            _wrap_plain(line, width, lines)
        else:
            _wrap_wide(line, width, lines)
    return lines


def _wrap_plain(line: str, width: int, lines: list[str]) -> None:
    start, end, count = 0, len(line), len(lines)
    while end - start > width:
        space = line.rfind(" ", start, start + width + 1)
        if space < 0:
            lines.append(line[start : start + width])
            start += width
            continue
        if head := line[start:space].rstrip(" "):
            lines.append(head)
        start = space + 1
        while start < end and line[start] == " ":
            start += 1
    if start < end or len(lines) == count:
        lines.append(line[start:])


def _wrap_wide(line: str, width: int, lines: list[str]) -> None:
    count = len(lines)
    current, used = "", 0
    space, space_cells = "", 0
    for word, size, blank in _words(line):
        if blank:
            space, space_cells = word, size
            continue
        if used + space_cells + size <= width:
            current, used = current + space + word, used + space_cells + size
        else:
            if current:
                lines.append(current)
            if size > width:
                *full, (word, size) = _chop(word, width)
                lines.extend(piece for piece, _ in full)
            current, used = word, size
        space, space_cells = "", 0
    if used + space_cells <= width:
        current += space
    if current or len(lines) == count:
        lines.append(current)


def _words(line: str) -> Iterator[tuple[str, int, bool]]:
    """Pieces of a line that stay together, with their cells and whether they are white space."""
    parts: list[str] = []
    size = 0
    last, last_cells, last_blank = "", 0, False
    for cluster, width in _roomy(line):
        blank = cluster.isspace() and cluster not in _GLUE
        if blank or last_blank:
            together = blank and last_blank
        elif cluster[0] in _NO_LINE_START or last[:1] in _NO_LINE_END:
            together = True
        else:
            together = width < 2 and last_cells < 2
        if parts and not together:
            yield "".join(parts), size, last_blank
            parts, size = [], 0
        parts.append(cluster)
        size += width
        last, last_cells, last_blank = cluster, width, blank
    if parts:
        yield "".join(parts), size, last_blank


def _chop(word: str, width: int) -> list[tuple[str, int]]:
    """A word wider than a line in pieces of at most a line each."""
    pieces: list[tuple[str, int]] = []
    parts: list[str] = []
    used = 0
    for cluster, size in _roomy(word):
        if cell_len(cluster) <= width:
            units = [(cluster, min(size, width))]
        else:
            # A variation selector may widen what stands before it by one cell.
            units = [(character, cell_len(character) + (character == "\ufe0f")) for character in cluster]
        for unit, unit_cells in units:
            if used + unit_cells > width:
                pieces.append(("".join(parts), used))
                parts, used = [], 0
            parts.append(unit)
            used += unit_cells
    pieces.append(("".join(parts), used))
    return pieces
