"""Characters about whose width terminals disagree, kept from moving what stands to the right of them.

A heart with its variation selector, a skin tone or a family is one character of two cells for Unicode, and
so for Textual; tmux 3.3 and others take one cell for it, or add its parts up. Vowel signs of Indic scripts
have a cell of their own in some terminals and none in others. The rest of the line would then be drawn beside
its place, and a digit of a counter left over in the next pane.

So such a line is blanked before it is drawn, and the cursor is placed anew for each of its words and behind
each emoji. A terminal that takes more cells than expected then loses a part of an emoji's picture, or writes
a sentence into the blanks behind it; one that takes fewer leaves a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from rich.cells import cell_len

from inbox_tui.core.cells import clusters

_JOINING = "\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
"""What makes an emoji of several: joiner, selector, keycap, halves of flags, skin tones, tags of flags."""
_SIGNS = "\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1900-\u1cff\ua800-\uabff"
"""Scripts with vowel signs beside the letter: Indic ones, Myanmar, Khmer and their neighbours."""


@cache
def _doubtful() -> re.Pattern[str]:
    return re.compile(f"[{_JOINING}{_SIGNS}]")


@cache
def _signs() -> re.Pattern[str]:
    return re.compile(f"[{_SIGNS}]")


@cache
def _gaps() -> re.Pattern[str]:
    """Blanks and the word behind them; either may be missing."""
    return re.compile("( *)([^ ]*)")


@cache
def _emoji() -> re.Pattern[str]:
    """A grapheme that is an emoji of several code points; letters of such scripts may be joined, too."""
    return re.compile(f"[^{_SIGNS}]*[{_JOINING}]")


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


def _words(parts: Iterable[str], column: int) -> Iterator[str]:
    """Styles, and words at their places; `column`: of the first cell, from one."""
    for part in parts:
        if part[:1] == "\x1b":
            yield part
            continue
        behind = 0  # the column at which the cursor stands, as far as that is known
        drifts = False
        for blank, words in _gaps().findall(part):
            if drifts and behind == column and words and blank == " ":
                # The rest of a sentence moves on with it; it ends in a wider blank.
                yield blank
                behind = column + 1
            column += len(blank)
            for cluster, width in clusters(words):
                if behind != column:
                    yield f"\x1b[{column}G"
                    drifts = False
                yield cluster
                column += width
                drifts = drifts or _signs().match(cluster) is not None
                behind = 0 if _emoji().match(cluster) else column
    yield f"\x1b[{column}G"
