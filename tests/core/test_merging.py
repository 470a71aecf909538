"""Two texts that were made of one: nothing that was put in is lost or doubled, nothing removed comes back."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.merging import Edit, edits, merge, merge_objects


@pytest.mark.parametrize(
    ("base", "text", "caret", "found"),
    [
        ("", "Hi", 2, [Edit(0, 0, "Hi")]),
        ("Hi", "", 0, [Edit(0, 2, "")]),
        ("Hi", "Hi", 0, []),
        ("xa", "xaa", 2, [Edit(1, 1, "a")]),
        ("xa", "xaa", 3, [Edit(2, 2, "a")]),
        ("aab", "ab", 1, [Edit(1, 2, "")]),
        ("one two three", "one 2 three", 5, [Edit(4, 7, "2")]),
        ("middle", "well middle of", 0, [Edit(0, 0, "well "), Edit(6, 6, " of")]),
    ],
)
def test_the_caret_tells_where_a_letter_was_typed(
    base: str, text: str, caret: int, found: list[Edit]
) -> None:
    assert edits(base, text, caret) == found


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "caret", "merged"),
    [
        ("", "", "theirs", 0, ("theirs", 0)),
        ("Hi", "Hi a", "Hi b", 4, ("Hi b a", 6)),
        ("", "here", "there", 4, ("there\nhere", 10)),
        ("", "same", "same", 4, ("same", 4)),
        ("gone", "gone!", "", 5, ("!", 1)),
        ("gone", "", "gone!", 0, ("!", 0)),
        ("all old", "Later", "On its way", 5, ("On its way\nLater", 16)),
        ("one two", "one 2 two", "zero one two", 5, ("zero one 2 two", 10)),
        ("one two", "one two!", "zero one two", 8, ("zero one two!", 13)),
        ("one two", "one two", "zero one two", 3, ("zero one two", 8)),
        ("one two", "one two", "one", 7, ("one", 3)),
    ],
)
def test_both_changes_are_in_the_text_and_the_caret_stays_with_its_writer(
    base: str, ours: str, theirs: str, caret: int, merged: tuple[str, int]
) -> None:
    assert merge(base, ours, theirs, caret) == merged


def test_who_goes_on_writing_stays_in_front_of_what_was_put_there_meanwhile() -> None:
    assert merge("Hi", "Hi a", "Hi\nb", 4, goes_on_at=2) == ("Hi a\nb", 4)
    assert merge("Hi", "Hia", "Hib", 3, goes_on_at=2) == ("Hia\nb", 3)
    assert merge("Hi", "Hia", "Hib", 3, goes_on_at=1) == ("Hib\na", 5)


@st.composite
def changed(draw: st.DrawFn, base: list[str], letters: str) -> list[str]:
    """Words of a text after some were removed and others put in at any place."""
    text = [word for word in base if draw(st.integers(0, 3))]
    for letter in letters[: draw(st.integers(0, len(letters)))]:
        text.insert(draw(st.integers(0, len(text))), letter * 4)
    return text


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_word_is_there_once_unless_a_side_has_removed_it(data: st.DataObject) -> None:
    base = [letter * 4 for letter in "abcdef"[: data.draw(st.integers(0, 6))]]
    ours, theirs = data.draw(changed(base, "mno")), data.draw(changed(base, "xyz"))
    text, caret = merge(
        " ".join(base), " ".join(ours), " ".join(theirs), data.draw(st.integers(0, len(" ".join(ours))))
    )
    stays = {*ours, *theirs} - {*base} | {*base} & {*ours} & {*theirs}
    assert Counter(text.replace(" ", "").replace("\n", "")) == Counter("".join(stays))
    assert 0 <= caret <= len(text)


def test_of_what_goes_with_a_text_each_side_changes_what_it_has_changed() -> None:
    base = {"file": "/a", "reply_to": "1"}
    assert merge_objects(base, {"file": "/b", "reply_to": "1"}, {"file": "/a"}) == {"file": "/b"}
    assert merge_objects({}, {"blanks": ["a"]}, {"blanks": ["b"]}) == {"blanks": ["b", "a"]}
    assert merge_objects(base, {}, {**base, "size": 3}) == {"size": 3}
