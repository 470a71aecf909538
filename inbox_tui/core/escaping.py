"""Foreign data shown as it is: everything that cannot be seen, or is not safe to draw, as an escape."""

from __future__ import annotations

import json
import unicodedata

from inbox_tui.core.text import MAX_MARKS, clean

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of characters that nobody sees, or that have no agreed shape."""


def escaped_json(value: object) -> str:
    """A decoded JSON value as JSON over several lines in which every character can be seen.

    Control, format, unassigned and private characters, lone surrogates and piled up combining marks stand as
    `\\u….`; it is still JSON for the same value, and `clean` has nothing to change in it.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if text.isascii() and "\x7f" not in text:
        return text
    return "\n".join(map(_escaped, text.split("\n")))


def _escaped(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    marks = 0
    parts: list[str] = []
    for character in line:
        category = unicodedata.category(character)
        marks = marks + 1 if category.startswith("M") else 0
        parts.append(_code(character) if category in _HIDDEN or marks > MAX_MARKS else character)
    seen = "".join(parts)
    if clean(seen) == seen:
        return seen
    # Marks that join letters to one grapheme count together: then none of them is drawn.
    return "".join(_code(each) if unicodedata.category(each).startswith("M") else each for each in seen)


def _code(character: str) -> str:
    """A character as JSON escapes it: two codes for one above U+FFFF."""
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
