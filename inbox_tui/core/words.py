"""What counts as a word for search: the same rule for what is indexed, what is typed and what is highlighted.

A word is a run of letters and digits without case, accents and compatibility forms. Scripts that are written
without spaces (Chinese, Japanese, Korean, Thai and their neighbours) and emoji have one word a character,
and what is typed is looked for as a row of them; joiners, skin tones and variation selectors do not count. A
typed word also finds longer ones that begin with it, from three letters on; in quotes it stands for itself
alone. Numbers like those of telephones are found whatever groups they are written in, with a country code or
without.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from inbox_tui.core.text import search_key

PREFIX = 3
"""Letters from which on a word finds longer ones; the index has each beginning of this length."""
LEAST_DIGITS, MOST_DIGITS = 7, 15
"""Digits of a number that may be a telephone's (ITU-T E.164 allows fifteen)."""
SUFFIX = "\ue000"
"""Stands in the index before the last digits of a number; no text has it, as it is in no word."""

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

Span = tuple[int, int]
"""Where something stands in a text: first and behind the last character."""

_SINGLE = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1100, 0x11FF),
    (0x1780, 0x17FF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3040, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)
"""Letters of scripts without spaces: Thai, Lao, Myanmar, Hangul, Khmer, Han, Kana, Bopomofo."""
_SELECTORS = ((0xFE00, 0xFE0F), (0x1F3FB, 0x1F3FF), (0xE0100, 0xE01EF))
"""How a character is drawn, and skin tones."""


class Word(NamedTuple):
    """A word of a text, folded, with its place. `single`: an emoji, or of a script without spaces."""

    text: str
    start: int
    end: int
    single: bool = False


class _Kinds(dict[int, str]):
    """What each character is, for `str.translate`; filled as characters are met.

    `w` letter or digit, `s` a word of its own, `m` a mark on what is before it, `i` the same, but it counts
    not (joiners, selectors, skin tones), ` ` no word.
    """

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        if category[0] in "LN":
            kind = "s" if any(first <= code <= last for first, last in _SINGLE) else "w"
        elif category == "So":
            kind = "s"
        elif category in ("Cf", "Me") or any(first <= code <= last for first, last in _SELECTORS):
            kind = "i"
        elif category[0] == "M":
            kind = "m"
        else:
            kind = " "
        self[code] = kind
        return kind


_kinds = _Kinds()


@cache
def _ascii_words() -> re.Pattern[str]:
    return re.compile("[0-9A-Za-z]+")


@cache
def _beyond_ascii() -> re.Pattern[str]:
    """Letters, digits and whatever is not ASCII, with at least one of the last: no word reaches out of it."""
    return re.compile("[0-9A-Za-z]*[^\x00-\x7f][0-9A-Za-z\x80-\U0010ffff]*")


@cache
def _entries() -> re.Pattern[str]:
    return re.compile("[0-9a-z\u0080-\U0010ffff]+")


@cache
def _runs() -> re.Pattern[str]:
    return re.compile("w[wmi]*|s[mi]*")


@cache
def _numbers() -> re.Pattern[str]:
    """Digits, alone or in groups with one or two separators between them."""
    return re.compile(r"[0-9](?:[0-9]|[ ()./-]{1,2}(?=[0-9])){5,}[0-9]")


def words(text: str) -> list[Word]:
    """The words of a text in their order."""
    if text.isascii():
        return [Word(found[0].lower(), *found.span()) for found in _ascii_words().finditer(text)]
    return list(_words(text))


def _words(text: str) -> Iterator[Word]:
    kinds = text.translate(_kinds)
    for found in _runs().finditer(kinds):
        start, end = found.span()
        piece = text[start:end]
        if piece.isascii():
            yield Word(piece.lower(), start, end)
            continue
        single = found[0][0] == "s"
        folded = unicodedata.normalize("NFC", search_key(piece))
        # Compatibility forms may come apart into several words, all of them at the one place.
        for part in _runs().finditer(folded.translate(_kinds)):
            bare = "".join(c for c in folded[slice(*part.span())] if _kinds[ord(c)] != "i")
            yield Word(bare, start, end, single or part[0][0] == "s")


def numbers(text: str) -> list[tuple[str, Span]]:
    """Numbers that may be a telephone's: their digits without separators, and where they stand."""
    found = []
    for match in _numbers().finditer(text):
        digits = "".join(filter(str.isdigit, match[0]))
        if LEAST_DIGITS <= len(digits) <= MOST_DIGITS:
            found.append((digits, match.span()))
    return found


def document(text: str) -> str:
    """What the index is told of a text; its tokenizer parts ASCII at whatever is no letter and no digit.

    Characters of scripts without spaces stand there alone and in pairs, so that a word of several is found
    by its pairs; numbers also without their separators, and their last digits.
    """
    parts = [text] if text.isascii() else _index_parts(text)
    for digits, (start, end) in numbers(text):
        if end - start > len(digits):
            parts.append(digits)
        parts.append(_suffix(digits))
    return " ".join(parts)


def entries(told: str) -> set[str]:
    """The entries that the index has of what `document` said."""
    return set(_entries().findall(told.translate(_LOWER)))


def _index_parts(text: str) -> list[str]:
    """ASCII as it is, and the words and pairs of what lies between."""
    parts: list[str] = []
    last, end = "", 0
    for found in _beyond_ascii().finditer(text):
        before = text[end : found.start()]
        parts.append(before)
        if last and _ascii_words().search(before):
            last = ""
        for word in _words(found[0]):
            parts.append(word.text)
            if word.single and last:
                parts.append(last + word.text)
            last = word.text if word.single else ""
        end = found.end()
    parts.append(text[end:])
    return parts


def _suffix(digits: str) -> str:
    return SUFFIX + digits[-LEAST_DIGITS:]


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the index that a text must have; `prefix`: or a longer one that begins so."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text taken apart once, to be asked for many things."""

    words: Sequence[Word]
    numbers: Sequence[tuple[str, Span]]


def taken_apart(text: str) -> Text:
    """A text with its words and numbers."""
    return Text(words(text), numbers(text))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: `words` next to each other, the last one perhaps a beginning; or a number.

    `number`: its digits, if it is one; then it is also found in other groups. `parts`: what was typed as
    several words that together may be one number; then all of them, anywhere, will do as well.
    """

    words: tuple[Word, ...]
    prefix: bool = False
    number: str = ""
    parts: tuple[Wanted, ...] = ()

    def ways(self, *, short: bool) -> list[list[Key]]:
        """Lists of entries, of one of which a matching text has all.

        `short`: keys that more texts have, and that the index finds sooner. A beginning is cut to the length
        for which the index has entries. Single letters beside it are left out: they stand in so many texts
        that looking for them takes longer than looking at a few more candidates.
        """
        if self.parts:
            ways = [[key for part in self.parts for way in part.ways(short=short)[:1] for key in way]]
        else:
            ways = [self._keys(short=short)]
        if self.number:
            ways += [[Key(self.number, prefix=True)], [Key(_suffix(self.number))]]
        return ways

    def _keys(self, *, short: bool) -> list[Key]:
        pairs = [a.text + b.text for a, b in pairwise(self.words) if a.single and b.single]
        # A character that stands in a pair need not be asked for alone.
        alone = [
            word.text
            for place, word in enumerate(self.words[:-1] if self.prefix else self.words)
            if not (word.single and any(n.single for n in self._neighbours(place)))
        ]
        keys = [Key(text) for text in (*alone, *pairs)]
        if self.prefix:
            last = self.words[-1].text
            keys.append(Key(last[:PREFIX] if short else last, prefix=True))
        if short:
            letters = {word.text for word in self.words if len(word.text) == 1 and not word.single}
            return [key for key in keys if key.text not in letters] or keys
        return keys

    def _neighbours(self, place: int) -> Sequence[Word]:
        return (*self.words[max(0, place - 1) : place], *self.words[place + 1 : place + 2])

    @property
    def exact(self) -> bool:
        """Whether every text that has the full keys of a way is one that is looked for."""
        return len(self.words) <= 1 and not self.number and not self.parts

    def find(self, text: Text) -> list[Span]:
        """Where it stands in a text; nothing: it does not."""
        spans = self._rows(text.words)
        if self.number:
            spans += [span for digits, span in text.numbers if _same_number(self.number, digits)]
        if self.parts and not spans:
            found = [part.find(text) for part in self.parts]
            if all(found):
                spans = sorted(span for part in found for span in part)
        return spans

    def _rows(self, found: Sequence[Word]) -> list[Span]:
        """Where the words stand next to each other."""
        length = len(self.words)
        if not length or self.parts:
            return []
        *firsts, last = (word.text for word in self.words)
        spans = []
        for end in range(length, len(found) + 1):
            text = found[end - 1].text
            if (text.startswith(last) if self.prefix else text == last) and all(
                word.text == first for word, first in zip(found[end - length : end - 1], firsts, strict=True)
            ):
                spans.append((found[end - length].start, found[end - 1].end))
        return spans

    def whole(self, text: Text) -> bool:
        """Whether it stands in a text as a word, not only as the beginning of longer ones."""
        return bool(Wanted(self.words)._rows(text.words)) if not self.parts else False


def _same_number(wanted: str, found: str) -> bool:
    """Whether digits begin alike, or end alike but for a country code or the zero of a trunk."""
    if found.startswith(wanted):
        return True
    one, other = wanted.lstrip("0"), found.lstrip("0")
    short, long = sorted((one, other), key=len)
    return len(short) >= LEAST_DIGITS and long.endswith(short)


def wanted(text: str, *, whole: bool = False) -> Wanted | None:
    """What a typed word, or with `whole` a phrase in quotes, stands for; None where no word is in it."""
    found = tuple(words(text))
    if not found:
        return None
    last = found[-1]
    prefix = not whole and not last.single and len(last.text) >= PREFIX
    return Wanted(found, prefix, _number(text))


def wanted_number(texts: Sequence[str]) -> Wanted | None:
    """What several typed words stand for that together may be one number; None: they are none."""
    number = _number(" ".join(texts))
    parts = tuple(part for text in texts if (part := wanted(text)) is not None)
    return Wanted((), number=number, parts=parts) if number and len(parts) == len(texts) else None


def _number(text: str) -> str:
    """The digits of a text that is nothing but a number of enough of them; else nothing."""
    stripped = text.strip().removeprefix("+")
    if any(not (c.isdecimal() and c.isascii()) and c not in " ()./-" for c in stripped):
        return ""
    digits = "".join(filter(str.isdecimal, stripped))
    return digits if LEAST_DIGITS <= len(digits) <= MOST_DIGITS else ""
