"""The live record is shown as it is, and can still do nothing to the terminal (design, section 10)."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from inbox_tui.core.escaping import escaped_json
from inbox_tui.core.text import clean

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@example({"body": "a" + "\u0301" * 40, "\u202egpj": "\x1b]0;x\x07\x7f\u200f"})
@example("क" + "्\u200d" * 20)
@example("\U0001f3f4\U000e0067\U000e007f")
@settings(max_examples=200)
def test_what_is_shown_is_clean_and_means_the_same(value: object) -> None:
    shown = escaped_json(value)
    assert clean(shown) == shown
    assert json.loads(shown) == value


def test_letters_and_emoji_stay_readable_and_what_nobody_sees_is_written_out() -> None:
    shown = escaped_json({"body": "Größe 😀\u202e x\u200b \x1b[2J\x7f"})
    assert shown.splitlines()[1] == r'  "body": "Größe 😀\u202e x\u200b \u001b[2J\u007f"'


def test_a_lone_surrogate_is_an_escape() -> None:
    assert escaped_json("\ud800") == r'"\ud800"'
