"""Emoji and vowel signs move nothing beside them, however wide a terminal takes them to be."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inbox_tui.core.cells import clusters, graphemes, spare_cells
from inbox_tui.ui.placing import placed

Width = Callable[[str], int]
"""How many cells a terminal takes for a character of one or several code points."""


def of_all_parts(character: str) -> int:
    return sum(cell_len(part) for part in character if part not in "\u200d\ufe0f\u20e3")


def of_all_parts_and_signs(character: str) -> int:
    return max(len(character) - 1, cell_len(character))


def of_the_first(character: str) -> int:
    return cell_len(character[0])


def far_too_many(character: str) -> int:
    return 5 if len(character) > 1 else cell_len(character)


TERMINALS: list[Width] = [cell_len, of_all_parts, of_all_parts_and_signs, of_the_first, far_too_many]
PARTS = re.compile(r"\x1b\[(?:(\d+);)?(\d+)([HG])|\x1b\[[0-9;]*m|([^\x1b]+)")


def shown(frame: str, width: Width, *, row: str = "") -> list[str]:
    """The cells of one row of a terminal after a frame; `row`: what stood there before."""
    line = list(row.ljust(80, "."))
    at = 0
    for part in PARTS.finditer(frame):
        if part[4] is None:
            at = int(part[2]) - 1 if part[3] else at
            continue
        for character in graphemes(part[4]):
            for place in range(width(character)):
                line[at + place] = character if place == 0 else ""
            at += width(character)
    return line


LETTERS = ["a", "12", " ", "é", "配", "🙏", "✓", "\x1b[1m", "\x1b[0m"]
EMOJI = ["👍🏽", "🤦🏻\u200d♂️", "❤️", "👩\u200d👩\u200d👧", "🇩🇪", "1️⃣"]
SIGNS = ["\u0936\u0930\u094d\u092e\u093e", "\u0915\u094d\u200d\u0937", "\u0bae\u0bbf"]
"""Words of scripts with vowel signs."""


@given(st.lists(st.sampled_from([*LETTERS, *EMOJI, *SIGNS]), max_size=12), st.sampled_from(TERMINALS))
def test_all_that_stands_beside_them_stands_where_it_would_if_all_agreed(
    parts: list[str], width: Width
) -> None:
    text = "".join(parts) + "  |"
    column, wanted = 2, dict[int, str]()
    certain, blanks = True, 0
    for character, cells in clusters(re.sub("\x1b[^m]*m", "", text)):
        blanks = blanks + 1 if character == " " else 0
        # A sentence in such letters moves on as a whole, up to a wider blank or an emoji.
        certain = blanks > 1 or (certain and "".join(SIGNS).find(character) < 0)
        if certain and len(character) == 1 and not blanks:
            wanted[column] = character
        certain = certain or character in EMOJI
        column += cells
    found = shown(placed(f"\x1b[1;3H{text}"), width)
    assert {place: found[place] for place in wanted} == wanted


@pytest.mark.parametrize("width", TERMINALS)
def test_nothing_of_what_stood_there_before_is_left(width: Width) -> None:
    found = shown(placed("\x1b[1;1Ha❤️b👍🏽c"), width, row="4096/4096")
    assert not set("".join(found[:7])) & set("4096/")


def test_a_sentence_that_takes_more_cells_goes_on_into_the_blanks_behind_it() -> None:
    sentence = f"{SIGNS[0]} a {SIGNS[0]}"
    assert (cell_len(sentence), spare_cells(sentence)) == (9, 2)
    found = shown(placed(f"\x1b[1;1H\x1b[1m{sentence}\x1b[0m  |"), of_all_parts_and_signs)
    assert "".join(found[:12]) == f"{sentence}|"


def test_where_there_are_too_few_blanks_each_word_is_placed_and_nothing_goes_beyond_the_line() -> None:
    sentence = f"{SIGNS[0]} a {SIGNS[0]}"
    found = shown(placed(f"\x1b[1;1H{sentence} |"), of_all_parts_and_signs)
    assert (found[4], found[10], found[11]) == ("a", "|", ".")


@pytest.mark.parametrize(
    "frame",
    [
        "plain",
        "❤️ without a place",
        "\x1b[1;1H✓ and 配送",
        "\x1b]0;a title with ❤️\x07",
        "\x1b[1;1H\x1b]8;;https://example.com/❤️\x1b\\link\x1b]8;;\x1b\\",
        "\x1b[1;1Ha\n❤️",
    ],
)
def test_what_has_none_or_no_known_place_is_left_as_it_is(frame: str) -> None:
    assert placed(frame) == frame
