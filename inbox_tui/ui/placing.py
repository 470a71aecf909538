"""Characters about whose width terminals disagree, kept from moving what stands to the right of them.

A heart with its variation selector, a skin tone or a family is one character of two cells for Unicode, and
so for Textual; tmux 3.3 and others take one cell for it, or add its parts up. Vowel signs of Indic scripts
have a cell of their own in some terminals and none in others. The rest of the line would then be drawn beside
its place, and a digit of a counter left over in the next pane.

So such a line is blanked before it is drawn, and the cursor is placed anew for each of its words and behind
each emoji. A terminal that takes more cells than expected then loses a part of an emoji's picture, and writes
a sentence on into the blanks behind it (`core.cells` sees to it that there are some), or loses the ends of
words where there are too few; one that takes fewer leaves a blank.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache

from rich.cells import cell_len

from inbox_tui.core.cells import clusters, spacing_signs, spare_cells

_JOINING = "\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
"""What makes an emoji of several: joiner, selector, keycap, halves of flags, skin tones, tags of flags."""


@cache
def _doubtful() -> re.Pattern[str]:
    return re.compile(f"[{_JOINING}]|{spacing_signs().pattern}")


@cache
def _sentences() -> re.Pattern[str]:
    """Words with single blanks between them, and all the blanks behind them."""
    return re.compile("([^ ]+(?: [^ ]+)*)( *)")


@cache
def _emoji() -> re.Pattern[str]:
    return re.compile(f"[{_JOINING}]")


@cache
def _line() -> re.Pattern[str]:
    """A move to a row and a column (group 2), and the text and styles behind it (group 3)."""
    return re.compile("(\x1b\\[[0-9]+;([0-9]+)H)((?:[^\x00-\x1f\x7f]+|\x1b\\[[0-9;:]*m)+)")


def placed(frame: str) -> str:
    """What is written to the terminal, with all that stands beside doubtful characters in its place.

    Textual paints lines that begin with a move of the cursor; what does not is not changed.
    """
    if frame.isascii() or not _doubtful().search(frame):
        return frame
    return _line().sub(_redrawn, frame)


def _redrawn(line: re.Match[str]) -> str:
    if not _doubtful().search(line[3]):
        return line[0]
    parts = re.split("(\x1b[^m]*m)", line[3])
    blank = "".join(part if part[:1] == "\x1b" else " " * cell_len(part) for part in parts)
    return f"{line[1]}{blank}{''.join(_words(parts, int(line[2])))}"


def _words(parts: Sequence[str], column: int) -> Iterator[str]:
    """Styles, and words at their places; `column`: of the first cell, from one."""
    drifting = _drifting("".join(part for part in parts if part[:1] != "\x1b"))
    behind = offset = 0
    """The column at which the cursor stands, as far as that is known; how much of the text is drawn."""
    for part in parts:
        if part[:1] == "\x1b":
            yield part
            continue
        for cluster, width in clusters(part):
            if behind == column and offset in drifting:
                yield cluster
                behind += width
            elif cluster != " ":
                if behind != column:
                    yield f"\x1b[{column}G"
                yield cluster
                behind = column + width
            if _emoji().search(cluster) and not spacing_signs().match(cluster):
                behind = 0
            column += width
            offset += len(cluster)
            if offset - 1 in drifting and offset not in drifting:
                behind = 0
    yield f"\x1b[{column}G"


def _drifting(text: str) -> Collection[int]:
    """Places of a text that move on with the vowel signs before them, as there are blanks enough behind."""
    found: set[int] = set()
    for sentence in _sentences().finditer(text):
        if 0 < spare_cells(sentence[1]) <= len(sentence[2]):
            found |= set(range(*sentence.span(1)))
    return found
