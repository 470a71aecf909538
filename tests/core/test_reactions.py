"""A reaction is the same whether it was given by its name or by its emoji."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from inbox_tui.core.capabilities import REACTIONS
from inbox_tui.core.reactions import asked, bare, emoji_problem, looks


@pytest.mark.parametrize(("name", "emoji"), REACTIONS["facebook"].items())
def test_an_emoji_that_has_a_name_is_sent_by_it(name: str, emoji: str) -> None:
    assert asked("facebook", emoji) == asked("facebook", bare(emoji)) == asked("facebook", name.title())
    assert asked("facebook", emoji) == {"reaction": name}


@pytest.mark.parametrize(
    ("platform", "given", "expected"),
    [
        ("facebook", "🧨", {"emoji": "🧨"}),
        ("instagram", "❤️", {"reaction": "love"}),
        ("instagram", "👍", {"emoji": "👍", "reaction": "love"}),
        ("instagram", "wow", {"reaction": "wow"}),
    ],
)
def test_any_other_emoji_is_sent_as_it_is(platform: str, given: str, expected: Mapping[str, str]) -> None:
    assert asked(platform, given) == expected


def test_a_reaction_looks_like_its_emoji_before_its_name() -> None:
    assert looks("facebook", "love", "🧨") == "🧨"
    assert looks("facebook", "angry", None) == "😡"
    assert looks("facebook", None, None) == "❤️"
    assert looks("facebook", "unheard of", None) == "unheard of"


def test_an_emoji_is_told_from_a_word() -> None:
    for emoji in ("👍", "👍🏽", "❤️", "👨‍👩‍👧", "🇩🇪", "1️⃣"):
        assert emoji_problem(emoji) is None, emoji
    for other in ("", "a", "1", "ab", "漢", "é", "👍👍"):
        assert emoji_problem(other) is not None, other
