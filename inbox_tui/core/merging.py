"""Two texts that were made of one: both changes in one text, each of them once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from inbox_tui.core.models import Json, JsonObject

SAME = 4
"""Words that stand in both texts between two changes are taken for the same from this many characters on.

Shorter ones may be there by chance; taken for the same, they would be lost when the other side removes them.
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """What stood from `start` to `end` gave way to `text`. Offsets are in code points."""

    start: int
    end: int
    text: str


def edits(base: str, text: str, caret: int | None = None) -> list[Edit]:
    """How a text was made of another, in the order of places.

    `caret`: where its writer's caret stands. It tells where a letter was put beside the same letter.
    """
    shorter = min(len(base), len(text))
    before, behind = _alike(base, text), _alike(base[::-1], text[::-1])
    if before + behind > shorter:
        # The same letters or words stand beside the change: it may be that one of them or its neighbour.
        places = range(before, shorter - behind - 1, -1)
        before = next((place for place in places if _parts_words(base, place)), before)
        if caret is not None and shorter - len(text) + caret in places:
            before = shorter - len(text) + caret
        behind = shorter - before
    old, new = base[before : len(base) - behind], text[before : len(text) - behind]
    if not old or not new:
        return [Edit(before, before + len(old), new)] if old or new else []
    before, behind = _whole_words(base[:before]), _whole_words(base[::-1][:behind])
    return _between(base[before : len(base) - behind], text[before : len(text) - behind], before)


def _alike(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _parts_words(text: str, place: int) -> bool:
    return not (text[:place][-1:].isalnum() and text[place:][:1].isalnum())


def _whole_words(kept: str) -> int:
    """How much of a text beside a replaced part counts as the same; single letters may be so by chance."""
    rest = re.sub(r"\w+\Z", "", kept)
    return len(rest) if re.search(r"\w", rest) else 0


def _between(old: str, new: str, offset: int) -> list[Edit]:
    """The changes of a part in which there may be several, word by word."""
    # Hardly ever needed, so not loaded with the screen.
    from difflib import SequenceMatcher

    olds, news = _words(old), _words(new)
    matcher = SequenceMatcher(_joins_words, olds, news, autojunk=False)
    found: list[Edit] = []
    start, taken = 0, 0
    for at, there, count in matcher.get_matching_blocks():
        kept = "".join(olds[at : at + count])
        if count and len(kept) < SAME:
            continue
        old_part, new_part = "".join(olds[start:at]), "".join(news[taken:there])
        if old_part or new_part:
            found.append(Edit(offset, offset + len(old_part), new_part))
        offset += len(old_part) + len(kept)
        start, taken = at + count, there + count
    return found


def _words(text: str) -> Sequence[str]:
    return re.findall(r"\w+|\W", text)


def _joins_words(part: str) -> bool:
    return not part[0].isalnum()


def merge(
    base: str,
    ours: str,
    theirs: str,
    caret: int,
    their_caret: int | None = None,
    goes_on_at: int | None = None,
) -> tuple[str, int]:
    """Both changes of a text in one, and where the caret of ours stands in it.

    What either side has put in is there once, also where the other has removed what stood around it; what
    either has removed is gone. Where both have put something into the same place, theirs stands first, on
    a line of its own unless white space parts them; but not at `goes_on_at`, a place in `base` where ours
    was writing already. The same text on both sides is one change, not two.
    """
    if ours in (theirs, base) or theirs == base:
        return (theirs, moved(base, theirs, caret, their_caret)) if ours == base else (ours, caret)
    mine, other = edits(base, ours, caret), edits(base, theirs, their_caret)
    places = {0, len(base), *(place for each in (*mine, *other) for place in (each.start, each.end))}
    cuts = sorted(places)
    merged = _Merged(caret)
    for start, end in pairwise([*cuts, len(base)]):
        merged.put(_put_in(mine, start), _put_in(other, start), ours_first=start == goes_on_at)
        merged.keep(base[start:end], here=_stays(mine, start, end), there=_stays(other, start, end))
    return merged.end()


def moved(base: str, theirs: str, caret: int, their_caret: int | None = None) -> int:
    """Where a caret in an unchanged text stands when somebody else has changed it.

    It stays in front of what was put in at its place.
    """
    moved = 0
    for edit in edits(base, theirs, their_caret):
        if caret <= edit.start:
            break
        moved += len(edit.text) if caret >= edit.end else 0
        moved -= min(caret, edit.end) - edit.start
    return caret + moved


def _put_in(changes: Sequence[Edit], place: int) -> str:
    return "".join(each.text for each in changes if each.start == place)


def _stays(changes: Sequence[Edit], start: int, end: int) -> bool:
    return not any(each.start <= start and end <= each.end for each in changes if each.start < each.end)


class _Merged:
    """A text that is put together from front to back, and where in it a caret comes to stand."""

    def __init__(self, caret: int) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._left = caret
        """Characters of ours that still stand in front of the caret."""
        self._caret: int | None = None

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _pass(self, count: int, *, drawn: bool) -> None:
        if self._caret is None and self._left <= count:
            self._caret = self._length + (self._left if drawn else 0)
        self._left -= count

    def put(self, ours: str, theirs: str, *, ours_first: bool) -> None:
        """What was put in between two parts of the text that both come from."""
        ours_first = ours_first or not ours
        first, second = (ours, theirs) if ours_first else (theirs, ours)
        if ours_first:
            self._pass(len(ours), drawn=True)
        self._add(first)
        if first and second and not (first[-1].isspace() or second[0].isspace()):
            self._add("\n")
        if not ours_first:
            self._pass(len(ours), drawn=True)
        self._add(second)

    def keep(self, part: str, *, here: bool, there: bool) -> None:
        """A part of the text that both come from, and which side still has it."""
        if here and part:
            # A caret behind it may belong in front of what the other side puts in there, or behind our own.
            if self._left < len(part):
                self._pass(len(part), drawn=there)
            else:
                self._left -= len(part)
        if here and there:
            self._add(part)

    def end(self) -> tuple[str, int]:
        """The whole text and the caret."""
        return "".join(self._parts), self._length if self._caret is None else self._caret


def merge_objects(base: JsonObject, ours: JsonObject, theirs: JsonObject) -> JsonObject:
    """Both changes of an object, key by key; of a key that both have changed ours, and of lists both."""
    found: dict[str, Json] = {}
    for name in dict.fromkeys([*theirs, *ours]):
        was, mine, other = base.get(name), ours.get(name), theirs.get(name)
        chosen = other if mine == was else mine
        if mine != was and other != was and isinstance(mine, list) and isinstance(other, list):
            chosen = [*other, *(each for each in mine if each not in other)]
        if chosen is not None:
            found[name] = chosen
    return found
