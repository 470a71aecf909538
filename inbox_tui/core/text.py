"""Foreign text made safe to draw, compared and counted. Measuring for cells is in `core.cells`.

`clean` is the one door for text that was written elsewhere (design, section 10). Patterns and tables are
built by the first text that needs them, not on import.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from inbox_tui.core.cells import graphemes

MAX_MARKS = 8
"""Combining marks that one grapheme may carry (design, section 10)."""

_JOINERS = frozenset(map(ord, "\u200c\u200d\uff9e\uff9f\u0e33\u0eb3")) | frozenset(range(0x1F3FB, 0x1F400))
"""Characters without category M that still belong to the grapheme before them (annex 29)."""

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}

_FORMAT = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""Category Cf without ZWNJ, ZWJ, LRM and RLM, as the inside of a character class."""

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u109d\u135d-\u135f\u1712-\u1dff\u20d0-\u20f0\u2cef-\u2dff"
    "\u302a-\u309a\ua66f-\uabed\ufb1e\ufe00-\ufe2f\U000101fd-\U0001e94a\U000e0100-\U000e01ef"
)
"""A superset of category M. Coarse where scripts mix marks and letters: a hit only asks for a closer look."""


@cache
def _unsafe() -> re.Pattern[str]:
    """What must be replaced or dropped; combining marks are counted apart."""
    return re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_FORMAT}]")


@cache
def _maybe_marks() -> re.Pattern[str]:
    return re.compile(f"[{_MARKS}]")


@cache
def _newlines() -> re.Pattern[str]:
    return re.compile("\r\n?|[\x85\u2028\u2029]")


@cache
def _format_runs() -> re.Pattern[str]:
    """A flag with its emoji tags (group 1, kept), or a run of format characters (dropped)."""
    return re.compile(f"(\U0001f3f4[\U000e0020-\U000e007f]+)|[{_FORMAT}]+")


@cache
def _undrawable() -> re.Pattern[str]:
    return re.compile("[\x80-\x9f\ud800-\udfff]")


class _Kinds(dict[int, str]):
    """One letter for each character, for `str.translate`: what it does to the count of combining marks.

    `m` mark; `v` mark that joins the next letter (virama); `z` zero width joiner; `j` belongs to the
    grapheme before it; `b` begins anew. Filled as characters are met.
    """

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        if category[0] == "M":
            kind = "v" if unicodedata.combining(chr(code)) == 9 else "m"
        elif code == 0x200D:
            kind = "z"
        elif code in _JOINERS or category == "Cn" or 0xE0020 <= code <= 0xE007F:
            # Python's tables may be older than the terminal's: an unassigned character may be a mark.
            kind = "j"
        else:
            kind = "b"
        self[code] = kind
        return kind


_kinds = _Kinds()


def _cap_marks(text: str) -> str:
    """Drop every combining mark after the eighth of a grapheme.

    Counted over units that are never smaller than a grapheme: letters joined by a virama or a zero width
    joiner count together. So dropping a mark cannot make two graphemes into one with more than eight.
    """
    kept: list[str] = []
    count = 0
    joined = False
    for character, kind in zip(text, text.translate(_kinds), strict=True):
        if kind == "b":
            if not joined:
                count = 0
            joined = False
        elif kind == "z":
            joined = True
        elif kind != "j":
            joined = joined or kind == "v"
            if count == MAX_MARKS:
                continue
            count += 1
        kept.append(character)
    return "".join(kept)


def clean(text: str) -> str:
    """Foreign text as it may be stored and drawn; the same object when there is nothing to change.

    CRLF, CR, U+0085, U+2028 and U+2029 become a newline; newline and tab stay; other C0 controls and DEL
    become their control pictures; C1 controls and lone surrogates become U+FFFD; format characters
    (category Cf) are dropped except ZWJ, ZWNJ, LRM, RLM and the emoji tags after a black flag; at most
    `MAX_MARKS` combining marks stay in a grapheme. Cleaning twice changes nothing more, and the time is
    linear in the length whatever the text. How much of it is drawn is `shorten`'s matter.
    """
    if text.isascii() and text.isprintable():
        return text
    if _unsafe().search(text):
        text = _newlines().sub("\n", text)
        text = _format_runs().sub(lambda match: match[1] or "", text)
        text = _undrawable().sub("\ufffd", text).translate(_CONTROL_PICTURES)
    if not text.isascii() and len(_maybe_marks().findall(text)) > MAX_MARKS:
        capped = _cap_marks(text)
        if len(capped) < len(text):
            return capped
    return text


def sentence(words: str) -> str:
    """Words with a full stop, unless they end in a sign that ends a sentence."""
    return words if words.endswith((".", "?", "!", "…")) else f"{words}."


def is_path(text: str) -> bool:
    """Whether a text is nothing but the place of a file, in a folder of the root or of one's home."""
    return re.fullmatch(r"\s*(~|/[^/\s]+)/[^\n]+", text) is not None


def search_key(text: str) -> str:
    """The form in which names are compared: case folded, compatibility forms and accents removed.

    Marks that a script cannot be read without (vowel signs of Indic and Thai script) stay.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in folded if not unicodedata.combining(character))


@dataclass(frozen=True, slots=True)
class Units:
    """The length of one text in every unit in which a platform counts."""

    code_points: int
    utf16: int
    utf8: int
    graphemes: int


def count_units(text: str) -> Units:
    """Measure a text as it would be sent: CRLF and CR count as one newline."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    length = len(text)
    if text.isascii():
        return Units(length, length, length, length)
    return Units(
        code_points=length,
        utf16=len(text.encode("utf-16-le", "surrogatepass")) // 2,
        utf8=len(text.encode("utf-8", "surrogatepass")),
        graphemes=sum(1 for _ in graphemes(text)),
    )
