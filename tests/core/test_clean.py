"""Foreign text is made safe once, and stays as it was where it was safe."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from inbox_tui.core import text as text_module
from inbox_tui.core.text import MAX_MARKS, clean

MARKS = "\u0301\u0302\u0489\u093e\u20dd\ufe0f\u0e31\u3099"
NASTY = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("a\r\n\t\x1b\x85\u2028\u200d\u200c\u200e\u202e\u00ad\U0001f3f4\U000e0067\U000e007f"),
        st.sampled_from(MARKS + "कक\u094d\u0949❤👩🏽\uff9e\U0001f1e9가กำ"),
        st.characters(categories=["Cs", "Cc", "Cf", "Mn", "Mc", "Me"]),
    ),
    max_size=60,
)

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\r\nb\rc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("\r\r\n\n", "\n\n\n"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x00\x07\x08\x0b\x0c\x1b[2J\x1f\x7f", "␀␇␈␋␌␛[2J␟␡"),
        ("\x9b2J \x90", "\ufffd2J \ufffd"),
        ("lone \ud83d and \udc00", "lone \ufffd and \ufffd"),
        ("soft\u00adhyphen, bidi \u202eabc\u202c, bom \ufeff", "softhyphen, bidi abc, bom "),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u200eL\u200fR", None),
        (FAMILY, None),
        (ENGLAND, None),
        ("hidden\U000e0068\U000e0069\U000e0001", "hidden"),
        ("\U0001f3f4\u00ad\U000e0067", "\U0001f3f4"),
        ("Z" + "\u0301" * 30, "Z" + "\u0301" * 8),
        ("❤\ufe0f" * 40, None),
        ("नमस्ते, क्षत्रिय! สวัสดีค่ะ ขอบคุณ", None),
        ("שָׁלוֹם עֲלֵיכֶם וּבְרָכָה", None),
    ],
)
def test_each_rule_of_cleaning_has_its_example(dirty: str, expected: str | None) -> None:
    assert clean(dirty) == (dirty if expected is None else expected)


@given(NASTY)
def test_nothing_that_a_terminal_obeys_is_left(dirty: str) -> None:
    cleaned = clean(dirty)
    without_flags = re.sub("\U0001f3f4[\U000e0020-\U000e007f]+", "", cleaned)
    for character in without_flags:
        category = unicodedata.category(character)
        assert character in "\n\t\u200c\u200d\u200e\u200f" or category not in {"Cc", "Cs", "Cf", "Zl", "Zp"}
    cleaned.encode()


@given(NASTY)
def test_cleaning_twice_changes_nothing_more(dirty: str) -> None:
    once = clean(dirty)
    assert clean(once) is once


@settings(max_examples=300)
@given(st.text(alphabet=MARKS + "a❤👩\u200d\u200cक\u094d🏽\uff9eᄀ\U0001f1e9\u200eำ", max_size=80))
def test_no_grapheme_carries_more_than_eight_marks(dirty: str) -> None:
    once = clean(dirty)
    assert clean(once) is once
    for grapheme in iter_graphemes(once):
        assert sum(unicodedata.category(c)[0] == "M" for c in grapheme) <= MAX_MARKS


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_comes_back_as_the_same_object(ordinary: str) -> None:
    assert clean(ordinary) is ordinary


def test_the_classes_hold_every_format_character_and_mark_that_python_knows() -> None:
    dropped = re.compile(f"[{text_module._FORMAT}]")
    marks = re.compile(f"[{text_module._MARKS}]")
    kept = set("\u200c\u200d\u200e\u200f")
    for character in map(chr, range(sys.maxunicode + 1)):
        category = unicodedata.category(character)
        if category == "Cf":
            assert dropped.match(character) or character in kept, hex(ord(character))
        elif dropped.match(character):
            assert category == "Cn", hex(ord(character))
        if category[0] == "M":
            assert marks.match(character), hex(ord(character))
