"""Emoji about whose width terminals disagree, kept from moving what stands to the right of them.

A heart with its variation selector, a skin tone or a family is one character of two cells for Unicode, and so
for Textual; tmux 3.3 and others take one cell for it, or add its parts up. The rest of the line would then be
drawn beside its place, and a digit of a counter left over in the next pane. So the cells are blanked before
such a character is drawn, and the cursor is placed anew behind it: a terminal that takes more cells loses a
part of the picture, one that takes fewer leaves a blank. Letters are left as they come: of a script in which
they join, the lost part would be a letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from rich.cells import cell_len

from inbox_tui.core.cells import clusters


@cache
def _joining() -> re.Pattern[str]:
    """What makes a character of several: joiner, selector, keycap, skin tones, halves and tags of flags."""
    return re.compile("[\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


@cache
def _parts() -> re.Pattern[str]:
    """A control sequence with its numbers and end (groups 1, 2), what else is no text, or text (group 3)."""
    string = "[]PX^_].*?(?:\x07|\x1b\\\\)"
    return re.compile(
        f"\x1b(?:\\[([0-9;?]*)[ -/]*([@-~])|{string}|.)|([^\x00-\x1f\x7f]+)|[\x00-\x1f\x7f]", re.DOTALL
    )


def placed(frame: str) -> str:
    """What is written to the terminal, with the cursor placed anew behind each such emoji.

    `frame`: whole escape sequences and text, lines of which begin with a move of the cursor, as Textual
    paints. Where the column is not known, nothing is changed.
    """
    if frame.isascii() or not _joining().search(frame):
        return frame
    return "".join(_placed(frame))


def _placed(frame: str) -> Iterator[str]:
    column: int | None = None
    for part in _parts().finditer(frame):
        numbers, end, text = part.groups()
        if text is None:
            yield part[0]
            if end == "H":
                column = int(numbers.partition(";")[2] or 1)
            elif end != "m":
                column = None
        elif column is None:
            yield text
        elif not _joining().search(text):
            yield text
            column += cell_len(text)
        else:
            for cluster, width in clusters(text):
                behind = column + width
                if _joining().search(cluster) and unicodedata.category(cluster[0])[0] != "L":
                    yield f"{' ' * width}\x1b[{column}G{cluster}\x1b[{behind}G"
                else:
                    yield cluster
                column = behind
