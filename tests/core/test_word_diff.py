"""Two versions of a text word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_tui.core.word_diff import MOST_WORDS, word_diff


def marked(before: str, after: str) -> tuple[str, str]:
    """Both versions with what changed in brackets."""
    first, second = word_diff(before, after)
    return (
        "".join(f"[{text}]" if changed else text for text, changed in first),
        "".join(f"[{text}]" if changed else text for text, changed in second),
    )


@pytest.mark.parametrize(
    ("before", "after", "first", "second"),
    [
        ("We ship worldwide!", "We ship to Spain!", "We ship [worldwide]!", "We ship [to Spain]!"),
        ("Yes", "Yes, we do", "Yes", "Yes[, we do]"),
        ("one two", "one", "one[ two]", "one"),
        ("Max?", "Max? At noon.", "Max?", "Max?[ At noon.]"),
        ("a b c d", "a x y d", "a [b c] d", "a [x y] d"),
        ("", "new", "", "[new]"),
        ("same", "same", "same", "same"),
        ("a\nb", "a\nc", "a\n[b]", "a\n[c]"),
    ],
)
def test_changed_words_are_told_apart(before: str, after: str, first: str, second: str) -> None:
    assert marked(before, after) == (first, second)


def test_long_stretches_without_a_change_are_cut_short() -> None:
    words = [f"w{number}" for number in range(100)]
    changed = [*words[:50], "NEW", *words[51:]]
    first, second = marked(" ".join(words), " ".join(changed))
    assert first == "… w44 w45 w46 w47 w48 w49 [w50] w51 w52 w53 w54 w55 w56 …"
    assert second == "… w44 w45 w46 w47 w48 w49 [NEW] w51 w52 w53 w54 w55 w56 …"


def test_a_long_text_written_anew_is_one_change() -> None:
    before, after = "a b" * MOST_WORDS, "c d" * MOST_WORDS
    assert word_diff(before, after) == ([(before, True)], [(after, True)])


TEXTS = st.text(alphabet="ab c.\né", max_size=40)


@given(TEXTS, TEXTS)
def test_nothing_that_changed_is_left_out(before: str, after: str) -> None:
    first, second = word_diff(before, after)
    kept = [[text for text, changed in side if not changed] for side in (first, second)]
    assert kept[0] == kept[1]
    if not any("…" in text for text in kept[0]):
        assert "".join(text for text, _ in first) == before
        assert "".join(text for text, _ in second) == after
    assert any(changed for side in (first, second) for _, changed in side) == (before != after)
