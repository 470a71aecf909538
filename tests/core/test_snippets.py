"""Prepared texts: what fills their blanks, what stays open, and what a broken file still gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Chat, Profile
from inbox_tui.core.snippets import (
    PLACEHOLDERS,
    Prompt,
    Snippet,
    facts,
    fill,
    found,
    open_blanks,
    prompts,
    refuse_open,
    typed_blank,
)

CHAT = Chat("c1", "p1", "telegram", "77", 0, participant_username="jane_doe", participant_name=" Jane  Doe ")
PROFILE = Profile("p1", "acme.shop", "telegram", username="@acme")


def said(text: str, answers: dict[str, str] | None = None, chat: Chat = CHAT) -> tuple[str, tuple[str, ...]]:
    """What a text comes to, and what of it stays open."""
    filled = fill(Snippet("x", text), facts(chat, PROFILE), answers)
    return filled.text, filled.blanks


def test_facts_of_the_customer_and_of_our_profile_fill_their_places() -> None:
    every = " / ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
    assert said(every) == ("Jane Doe / Jane / @jane_doe / Telegram / acme.shop / @acme", ())


def test_words_behind_a_bar_stand_for_what_is_not_known() -> None:
    nobody = Chat("c1", "p1", "telegram", "77", 0)
    assert said("Hi {{ first_name | there }}, {{name|}}!", chat=nobody) == (
        "Hi there, {{name|}}!",
        ("{{name|}}",),
    )


def test_what_is_not_known_or_not_answered_stays_open_as_it_is_written() -> None:
    text = "{{?order number}} {{nobody}} {{?size|M}}"
    assert said(text, {"size": "L"}) == (
        "{{?order number}} {{nobody}} L",
        ("{{?order number}}", "{{nobody}}"),
    )


def test_each_question_is_asked_once_in_the_order_of_the_text() -> None:
    snippet = Snippet("x", "{{?b|2}} {{name}} {{?a}} {{?b}}")
    assert prompts(snippet) == (Prompt("b", "2"), Prompt("a"))
    assert said(snippet.text, {"a": "1", "b": "3"}) == ("3 Jane Doe 1 3", ())


def test_what_a_customer_is_called_is_never_a_blank() -> None:
    odd = Chat("c1", "p1", "telegram", "77", 0, participant_name="{{?order number}} {{name}}")
    assert said("Hi {{name}}", {"order number": "1"}, odd) == ("Hi {{?order number}} {{name}}", ())


def test_a_literal_snippet_has_no_blanks() -> None:
    snippet = Snippet("x", "Write {{name}} in your template", literal=True)
    assert prompts(snippet) == ()
    assert fill(snippet, {}, {}).blanks == ()


def test_a_text_with_an_open_blank_is_refused_and_one_without_is_not() -> None:
    assert open_blanks("Hi {{name}}", ("{{name}}", "{{?x}}")) == ("{{name}}",)
    with pytest.raises(Refused, match=r"\{\{name\}\} is not filled in yet"):
        refuse_open(("{{name}}",))
    with pytest.raises(Refused, match="are not filled in yet") as caught:
        refuse_open(("{{?day}}", "{{nickname}}"))
    assert caught.value.hint == "Fill them in or take them out; nothing was sent"
    refuse_open(())


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("a {{b}} c", "{{b}}"),
        ("{{ ?x|y }}", "{{ ?x|y }}"),
        ("{ {b} }", None),
        ("{{\n}}", None),
        ("{{}}", None),
    ],
)
def test_what_looks_like_a_blank_stands_between_two_braces_on_one_line(text: str, blank: str | None) -> None:
    assert typed_blank(text) == blank


def test_a_few_letters_find_names_first_and_words_behind_them() -> None:
    listed = [
        Snippet("refund", "money"),
        Snippet("order", "we refund it"),
        Snippet("Réf", "x", platforms=("telegram",)),
    ]
    assert [each.name for each in found(listed, "ref", "telegram")] == ["refund", "Réf", "order"]
    assert [each.name for each in found(listed, "ref", "bluesky")] == ["refund", "order", "Réf"]
    assert [each.name for each in found(listed, "od", "bluesky")] == ["order"]
    assert found(listed, "zzz", "telegram") == []


def test_the_documentation_names_every_placeholder() -> None:
    documentation = (Path(__file__).parents[2] / "docs" / "snippets.md").read_text(encoding="utf-8")
    for name in PLACEHOLDERS:
        assert f"`{{{{{name}}}}}`" in documentation


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("{}?|ab \n"), max_size=30))
def test_what_stays_open_stands_in_the_text_and_what_is_known_does_not(text: str) -> None:
    snippet = Snippet("x", text)
    filled = fill(snippet, {"a": "A", "b": "B"}, {prompt.label: "!" for prompt in prompts(snippet)})
    assert open_blanks(filled.text, filled.blanks) == filled.blanks
    assert not {"{{a}}", "{{b}}", "{{?a}}"} & set(filled.blanks)
