"""Prepared texts: what fills their blanks, what stays open, and what a broken file still gives."""

from __future__ import annotations

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
    read,
    refuse_open,
    typed_blank,
)

CHAT = Chat("c1", "p1", "telegram", "77", 0, participant_username="jane_doe", participant_name=" Jane  Doe ")
PROFILE = Profile("p1", "acme.shop", "telegram", username="@acme")

FILE = '''
# what we say every day
[greeting]
text = "Hi {{first_name|there}}!"

[tracking]
platforms = ["tg"]
text = """
Order {{?order number}} left today.
[greeting]
Track it below."""
keyboard = "Track order | Size guide > https://acme.example/sizes"

[closing]
text = "Bye"
'''


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


def test_a_file_gives_its_snippets_in_its_order() -> None:
    reading = read(FILE)
    assert reading.faults == ()
    assert [(each.name, each.line) for each in reading.snippets.values()] == [
        ("greeting", 3),
        ("tracking", 6),
        ("closing", 14),
    ]
    tracking = reading.snippets["tracking"]
    assert tracking.text == "Order {{?order number}} left today.\n[greeting]\nTrack it below."
    assert tracking.platforms == ("telegram",)
    assert tracking.keyboard == {
        "inline_keyboard": [
            [
                {"text": "Track order", "callback_data": "track_order"},
                {"text": "Size guide", "url": "https://acme.example/sizes"},
            ]
        ]
    }


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words", "left"),
    [
        ('text = "Hi', 'text "Hi', 4, "expected '='", ["tracking", "closing"]),
        ('"Bye"', "5", 15, "expected text = a text in quotes", ["greeting", "tracking"]),
        ('"tg"', '"icq"', 7, "facebook, instagram, telegram or bluesky", ["greeting", "closing"]),
        ("> https", "> ftp", 12, "expected lines of buttons; row 1, button 2", ["greeting", "closing"]),
        ("[closing]", "[[closing]]", 14, "expected [closing]", ["greeting", "tracking"]),
        ("[closing]", "[greeting]", 14, "twice", ["greeting", "tracking"]),
        ("[closing]", '["clo\\nsing"]', 14, "a name of one line", ["greeting", "tracking"]),
        ('"Bye"', '"Bye"\ncolour = 1', 16, "colour means nothing", ["greeting", "tracking", "closing"]),
        ('"Bye"', '"{{nmae}}"', 15, "did you mean {{name}}?", ["greeting", "tracking", "closing"]),
    ],
)
def test_a_fault_names_its_line_and_what_was_expected_and_the_rest_is_read(
    right: str, wrong: str, line: int, words: str, left: list[str]
) -> None:
    reading = read(FILE.replace(right, wrong))
    assert list(reading.snippets) == left
    assert [fault.line for fault in reading.faults] == [line]
    assert words in str(reading.faults[0])


def test_a_text_that_is_not_closed_is_named_where_it_begins() -> None:
    reading = read(FILE.replace('Track it below."""', "Track it below."))
    assert list(reading.snippets) == ["greeting", "closing"]
    assert str(reading.faults[0]).startswith("line 8: the text that begins here is not closed")


TOML = st.text(st.sampled_from("[]\"'=\n#{}|\\ ab?.\x1b\ttextplatforms"), max_size=60)


@settings(max_examples=150, deadline=None)
@given(TOML, st.sampled_from(["", FILE]))
def test_no_file_whatever_it_holds_is_an_error_and_what_it_says_is_safe_to_draw(text: str, file: str) -> None:
    reading = read(f"{text}\n{file}")
    for words in map(str, reading.faults):
        assert words.isprintable()
    for name, snippet in reading.snippets.items():
        assert name.isprintable()
        assert snippet.text.strip()
    if file and not any(mark in text for mark in ("'''", '"""')):
        assert {"tracking", "closing"} <= set(reading.snippets) | {fault.lost for fault in reading.faults}


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("{}?|ab \n"), max_size=30))
def test_what_stays_open_stands_in_the_text_and_what_is_known_does_not(text: str) -> None:
    snippet = Snippet("x", text)
    filled = fill(snippet, {"a": "A", "b": "B"}, {prompt.label: "!" for prompt in prompts(snippet)})
    assert open_blanks(filled.text, filled.blanks) == filled.blanks
    assert not {"{{a}}", "{{b}}", "{{?a}}"} & set(filled.blanks)
