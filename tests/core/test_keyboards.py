"""Telegram keyboards: read whatever they hold, checked before they leave, said in a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_tui.core.keyboards import Button, Keyboard, MarkupKind, check, labels, parse, summary
from inbox_tui.core.models import Json

INLINE: Json = {
    "inline_keyboard": [
        [
            {"text": "Track", "callback_data": "o:17:track", "style": "primary"},
            {"text": "Site", "url": "https://acme.example"},
        ],
        [
            {"text": "Copy", "copy_text": {"text": "SAVE10"}},
            {"text": "Ask", "switch_inline_query_current_chat": "help"},
        ],
    ]
}
REPLY: Json = {
    "keyboard": [[{"text": "Yes"}, "No"], [{"text": "My number", "request_contact": True}]],
    "one_time_keyboard": True,
    "input_field_placeholder": "Pick",
}


def test_an_inline_keyboard_is_read_as_rows_of_buttons() -> None:
    assert parse(INLINE) == Keyboard(
        MarkupKind.INLINE,
        (
            (Button("Track", "callback_data", "o:17:track"), Button("Site", "url", "https://acme.example")),
            (
                Button("Copy", "copy_text", "SAVE10"),
                Button("Ask", "switch_inline_query_current_chat", "help"),
            ),
        ),
    )


def test_a_reply_keyboard_may_hold_plain_strings() -> None:
    assert parse(REPLY) == Keyboard(
        MarkupKind.REPLY,
        ((Button("Yes", "text"), Button("No", "text")), (Button("My number", "request_contact"),)),
        "Pick",
    )


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ({"remove_keyboard": True}, MarkupKind.REMOVE),
        ({"force_reply": True}, MarkupKind.FORCE_REPLY),
        ({"force_reply": True, **INLINE}, MarkupKind.INLINE),
        ({**INLINE, **REPLY}, MarkupKind.REPLY),
        ({"keyboard": [], **INLINE}, MarkupKind.INLINE),
    ],
)
def test_the_kind_is_the_one_that_telegram_would_take(markup: Json, kind: MarkupKind) -> None:
    keyboard = parse(markup)
    assert keyboard is not None
    assert keyboard.kind is kind
    assert keyboard.locks_message is (kind is not MarkupKind.INLINE)


@pytest.mark.parametrize(
    "markup",
    [None, {}, [], "x", 3, {"inline_keyboard": []}, {"inline_keyboard": [[]]}, {"remove_keyboard": False}],
)
def test_no_markup_is_no_keyboard(markup: Json) -> None:
    assert parse(markup) is None


KEYS = st.sampled_from(
    ["inline_keyboard", "keyboard", "text", "url", "callback_data", "force_reply", "copy_text"]
)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON | st.fixed_dictionaries({"inline_keyboard": JSON, "keyboard": JSON}))
def test_no_json_makes_reading_or_checking_fail(markup: Json) -> None:
    parse(markup)
    check(markup)
    labels(markup)


def test_text_of_a_button_is_cleaned() -> None:
    keyboard = parse({"inline_keyboard": [[{"text": "a\x1b[2J", "callback_data": "b\u202e"}]]})
    assert keyboard is not None
    assert keyboard.rows == ((Button("a␛[2J", "callback_data", "b"),),)


def test_a_tap_comes_back_as_the_words_on_the_button() -> None:
    assert labels(INLINE)["o:17:track"] == "Track"
    assert "gone" not in labels(INLINE)
    assert labels(REPLY) == labels(None) == {}


# ---------------------------------------------------------------- check


def inline(*buttons: Json) -> Json:
    return {"inline_keyboard": [list(buttons)]}


@pytest.mark.parametrize("markup", [INLINE, REPLY, {"remove_keyboard": True}, {"force_reply": True}])
def test_what_telegram_takes_has_no_problems(markup: Json) -> None:
    assert check(markup) == ()


GOOD = {"text": "a", "callback_data": "a"}


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ([], "A keyboard is a JSON object"),
        ({}, "There is no button in it; at least one is needed"),
        (
            {"inline_keyboard": [{"text": "x"}]},
            "inline_keyboard: A list of rows is needed, each a list of buttons",
        ),
        (
            inline({"text": "x", "callback_data": "é" * 33}),
            "row 1, button 1: Its callback data has 66 bytes; 1 to 64 are allowed",
        ),
        (
            inline({"text": "x", "callback_data": ""}),
            "row 1, button 1: Its callback data has 0 bytes; 1 to 64 are allowed",
        ),
        (inline(GOOD, {"text": " ", "callback_data": "a"}), "row 1, button 2: It has no label (text)"),
        (inline({"text": "x"}), "row 1, button 1: It does nothing; give it callback_data or a url"),
        (
            inline({"text": "x", "callback_data": "a", "url": "https://a.example"}),
            "row 1, button 1: It does several things (url, callback_data); only one is allowed",
        ),
        (
            inline({"text": "x", "url": "ftp://a.example"}),
            "row 1, button 1: Its address must begin with https:// or http:// or tg://",
        ),
        (
            inline({"text": "x", "web_app": {"url": "http://a.example"}}),
            "row 1, button 1: Its address must begin with https://",
        ),
        (
            inline({"text": "x", "url": "https://a.example/ b"}),
            "row 1, button 1: Its address holds a space or a control character",
        ),
        (
            inline({"text": "x", "copy_text": {"text": "y" * 257}}),
            "row 1, button 1: The text to copy has 257 characters; 1 to 256 are allowed",
        ),
        (
            inline(GOOD, {"text": "x", "pay": True}),
            "row 1, button 2: pay is allowed on the first button of the first row only",
        ),
        (inline(*[GOOD] * 9), "row 1: 9 buttons; at most 8"),
        ({"inline_keyboard": [[GOOD] * 8] * 13}, "inline_keyboard: 104 buttons; at most 100"),
        ({"inline_keyboard": [[GOOD], []]}, "row 2: It is empty; put a button in it or leave it out"),
        (inline(GOOD, 7), "row 1, button 2: A button is a JSON object"),
        ({"keyboard": [["ok", ""]]}, "row 1, button 2: It has no label"),
        (
            {"force_reply": True, "input_field_placeholder": "x" * 65},
            "input_field_placeholder: Between 1 and 64 characters are needed",
        ),
    ],
)
def test_every_limit_names_the_place_where_it_is_broken(markup: Json, problem: str) -> None:
    assert [str(found) for found in check(markup)] == [problem]


def test_an_edit_takes_only_an_inline_keyboard_or_nothing() -> None:
    assert check({}, edit=True) == ()
    assert check(INLINE, edit=True) == ()
    assert [found.place for found in check(REPLY, edit=True)] == ["keyboard"]


# ---------------------------------------------------------------- in words


def test_buttons_that_send_the_same_data_are_both_named_in_a_tap() -> None:
    markup = inline({"text": "Yes", "callback_data": "y"}, {"text": "Yes, please", "callback_data": "y"})
    assert labels(markup) == {"y": "Yes or Yes, please"}


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (INLINE, "2 rows, 4 buttons: Track, Site, Copy, Ask"),
        (inline(GOOD), "1 row, 1 button: a"),
        (REPLY, "reply keyboard, 2 rows, 3 buttons: Yes, No, My number"),
        ({"remove_keyboard": True}, "takes the reply keyboard away"),
        ({"force_reply": True}, "asks for a reply"),
        ({"force_reply": True, "input_field_placeholder": "Order number"}, "asks for a reply: Order number"),
        ({}, ""),
    ],
)
def test_a_keyboard_can_be_said_in_a_line(markup: Json, words: str) -> None:
    assert summary(markup) == words


def test_a_label_of_several_lines_is_said_in_one() -> None:
    assert summary(inline({"text": "a\n b", "callback_data": "a"})) == "1 row, 1 button: a b"
