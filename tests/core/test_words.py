"""What a word is for search, and what a typed one finds: one rule for index, query and highlight."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core import words
from inbox_tui.core.words import Key, Wanted, taken_apart, wanted, wanted_number


def of(text: str, *, whole: bool = False) -> Wanted:
    found = wanted(text, whole=whole)
    assert found is not None
    return found


def marked(typed: str, text: str, *, whole: bool = False) -> list[str]:
    """The parts of a text that are found."""
    return [text[slice(*span)] for span in of(typed, whole=whole).find(taken_apart(text))]


FOUND = [
    ("creme", "Crème brûlée", "Crème"),
    ("CRÈME", "creme", "creme"),
    ("strasse", "Straße", "Straße"),
    ("ship", "shipping costs", "shipping"),
    ("发货", "请问什么时候发货", "发货"),
    ("배송", "안녕하세요 배송 문의", "배송"),
    ("届き", "いつ届きますか", "届き"),
    ("ครับ", "สวัสดีครับ", "ครับ"),
    ("👍", "ok 👍🏽", "👍🏽"),
    ("👍🏽", "👍", "👍"),
    ("👩‍👩‍👧", "my 👩‍👩‍👧!", "👩‍👩‍👧"),
    ("👧", "my 👩‍👩‍👧!", "👧"),
    ("❤️", "❤", "❤"),
    ("🇩🇪", "from 🇩🇪", "🇩🇪"),
    ("@jane_doe", "write to @jane_doe", "jane_doe"),
    ("#A-1042", "order A-1042", "A-1042"),
    ("A-1042", "order #A-1042", "A-1042"),
    ("1042", "order #A-1042", "1042"),
    ("170 1234567", "call (0170) 123-4567 now", "0170) 123-4567"),
    ("01701234567", "+49 170 123 45 67", "49 170 123 45 67"),
    ("+49 170 1234567", "01701234567", "01701234567"),
    ("https://acme.shop/a", "see https://acme.shop/a?b", "https://acme.shop/a"),
]


@pytest.mark.parametrize(("typed", "text", "found"), FOUND)
def test_what_is_typed_is_found_and_marked_as_it_stands_in_the_text(
    typed: str, text: str, found: str
) -> None:
    assert marked(typed, text) == [found]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("sh", "shipping"),
        ("order", "reorder"),
        ("货发", "请问什么时候发货"),
        ("❤️", "💙"),
        ("A-1042", "A-1043"),
        ("170 1234567", "170 1234568"),
        ("jane_doe", "doe jane"),
    ],
)
def test_what_only_looks_alike_is_not_found(typed: str, text: str) -> None:
    assert marked(typed, text) == []


def test_in_quotes_a_word_stands_for_itself_alone() -> None:
    assert marked("ship", "ship or shipping", whole=True) == ["ship"]
    assert marked("ship", "ship or shipping") == ["ship", "shipping"]


def test_a_number_typed_in_groups_is_found_in_others_or_in_pieces() -> None:
    number = wanted_number(["170", "123", "4567"])
    assert number is not None
    assert number.find(taken_apart("it is 01701234567"))
    assert number.find(taken_apart("170 is not 4567 and not 123"))
    assert not number.find(taken_apart("170 and 4567"))
    assert wanted_number(["1", "2"]) is None


def test_punctuation_alone_is_nothing_to_look_for() -> None:
    assert wanted("…!?") is None
    assert wanted("_") is None


texts = st.text(
    st.sampled_from("aAbBéÉ1 2-+(.)_#@\n配送届きสวัส👍🏽👩\u200d❤\ufe0fßﬁ½한글e\u0301कि"), max_size=24
)


def has_keys(typed: Wanted, told: str, *, short: bool) -> bool:
    """Whether the index would hand a text out as a candidate."""
    entries = words.entries(told)
    return any(
        all(
            any(entry.startswith(key.text) for entry in entries) if key.prefix else key.text in entries
            for key in way
        )
        for way in typed.ways(short=short)
    )


@given(texts, texts, st.booleans())
@settings(max_examples=300)
def test_the_index_hands_out_every_text_in_which_something_is_found(
    typed: str, text: str, whole: bool
) -> None:
    found = wanted(typed, whole=whole)
    if found is None:
        return
    told = words.document(text)
    if found.find(taken_apart(text)):
        assert has_keys(found, told, short=False)
        assert has_keys(found, told, short=True)
    elif found.exact:
        assert not has_keys(found, told, short=False)


def test_single_letters_are_asked_for_only_where_nothing_else_or_the_whole_beginning_is() -> None:
    order = wanted("#A-1042")
    letters = wanted("a b", whole=True)
    assert order is not None
    assert letters is not None
    assert order.ways(short=True) == [[Key("104", prefix=True)]]
    assert order.ways(short=False) == [[Key("a"), Key("1042", prefix=True)]]
    assert letters.ways(short=True) == [[Key("a"), Key("b")]]


@given(texts)
@settings(max_examples=300)
def test_the_index_is_told_every_word_and_every_pair_of_neighbours_of_scripts_without_spaces(
    text: str,
) -> None:
    found = words.words(text)
    pairs = {a.text + b.text for a, b in pairwise(found) if a.single and b.single}
    expected = {word.text for word in found} | pairs
    told = words.entries(words.document(text))
    assert expected <= told
    assert all(entry.removeprefix(words.SUFFIX).isdecimal() for entry in told - expected)


@given(texts)
@settings(max_examples=200)
def test_a_text_is_found_by_each_of_its_words_at_its_place(text: str) -> None:
    apart = taken_apart(text)
    for word in apart.words:
        typed = wanted(text[word.start : word.end], whole=True)
        assert typed is not None
        assert (word.start, word.end) in typed.find(apart)
