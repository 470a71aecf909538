"""Answers fit what was asked."""

from __future__ import annotations

import re

import pytest

from inbox_tui.sandbox import answers, generate
from inbox_tui.sandbox.dialogues import LANGUAGES


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which size do you need?", r"\b(XS|S|M|L|XL)\b"),
        ("Welche Farbe soll es sein?", r"one|moss green|navy|rust|oat|black|sky blue"),
        ("Could you tell me your order number?", r"#\d{5}"),
        ("Shall I send it today?", r"^[^#{]+$"),
    ],
)
def test_a_question_gets_what_it_asks_for(question: str, expected: str) -> None:
    for turns in range(6):
        said = answers.fitting(question, "en", "Jane", turns, generate.dice(1, 0, turns))
        assert re.search(expected, said), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_everything(language: str) -> None:
    for text in (None, "OK?", "size?", "colour?", "order number?", "It is on its way."):
        for turns in range(8):
            said = answers.fitting(text, language, None, turns, generate.dice(1, 0, turns))
            assert said
            assert "{" not in said


def test_an_unknown_language_is_answered_in_english() -> None:
    for turns in range(8):
        dice = [generate.dice(1, 0, turns) for _ in range(2)]
        unknown, english = (
            answers.fitting("OK?", language, None, turns, random)
            for language, random in zip(("tlh", "en"), dice, strict=True)
        )
        assert unknown == english
