"""Two versions of a text word by word: what went and what came, and as much around it as shows where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

Part = tuple[str, bool]
"""A piece of a text, and whether the other version does not have it."""

AROUND = 12
"""Words and spaces left standing on each side of a change; longer stretches without one are cut short."""
MOST_WORDS = 600
"""A longer changed stretch counts as replaced whole: comparing it word by word would be felt while typing."""


def word_diff(before: str, after: str) -> tuple[list[Part], list[Part]]:
    """The parts of both versions in order; what both have is cut to `AROUND` words at each change.

    Nothing that differs is left out: joined, the changed parts of one version are all that the other lacks.
    """
    old, new = _words(before), _words(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    steps = [(old[:start], old[:start], False), *_steps(middle_old, middle_new)]
    steps.append((old[len(old) - end :], new[len(new) - end :], False))
    sides: tuple[list[Part], list[Part]] = ([], [])
    shown = [step for step in steps if step[0] or step[1]]
    for number, (gone, came, changed) in enumerate(shown):
        for side, words in zip(sides, (gone, came), strict=True):
            text = "".join(words)
            if not changed:
                text = _shortened(words, first=number == 0, last=number == len(shown) - 1)
            if text:
                side.append((text, changed))
    return sides


def _steps(old: list[str], new: list[str]) -> list[tuple[list[str], list[str], bool]]:
    if len(old) > MOST_WORDS or len(new) > MOST_WORDS:
        return [(old, new, True)]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    steps: list[tuple[list[str], list[str], bool]] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        gone, came, changed = old[a:b], new[c:d], tag != "equal"
        if not changed and a > 0 and b < len(old) and not "".join(gone).strip():
            # Only a space between two changed words: they are one change.
            changed = True
        if steps and steps[-1][2] and changed:
            steps[-1] = (steps[-1][0] + gone, steps[-1][1] + came, True)
        else:
            steps.append((gone, came, changed))
    return steps


def _words(text: str) -> list[str]:
    """Words, white space and single other characters; joined they are the text."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many words both begin with."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _shortened(words: list[str], *, first: bool, last: bool) -> str:
    """A stretch without a change: its end before the first one, its beginning after the last one."""
    if len(words) <= 2 * AROUND + 1:
        return "".join(words)
    head = "" if first else "".join(words[:AROUND]).rstrip() + " "
    behind = [] if last else words[-AROUND:]
    # A cut in front of a comma looks like a mistake.
    while behind and not behind[0][0].isalnum():
        behind.pop(0)
    return f"{head}… {''.join(behind)}" if behind else f"{head}…"
