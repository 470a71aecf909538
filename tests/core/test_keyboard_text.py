"""Keyboards as a person types them: lines, faults with their place, back and forth without loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_tui.core.keyboard_text import Design, button_at, default_data, design_of, read, restored
from inbox_tui.core.keyboards import Button, MarkupKind
from inbox_tui.core.models import Json

REPLY, FORCE, REMOVE = MarkupKind.REPLY, MarkupKind.FORCE_REPLY, MarkupKind.REMOVE


def markup_of(text: str, kind: MarkupKind = MarkupKind.INLINE) -> Json:
    reading = read(Design(kind, text))
    assert reading.faults == ()
    return reading.markup


def faults_of(text: str, kind: MarkupKind = MarkupKind.INLINE) -> list[str]:
    return [str(fault) for fault in read(Design(kind, text)).faults]


def test_a_line_is_a_row_and_each_button_says_what_it_does() -> None:
    assert markup_of("Yes | No = answer:no\n\nSite > https://acme.example/?a=b>c") == {
        "inline_keyboard": [
            [{"text": "Yes", "callback_data": "yes"}, {"text": "No", "callback_data": "answer:no"}],
            [{"text": "Site", "url": "https://acme.example/?a=b>c"}],
        ]
    }


def test_a_backslash_takes_a_special_character_as_it_is_and_is_itself_elsewhere() -> None:
    assert markup_of(r"a \| b \= c \\ = x\|y") == {
        "inline_keyboard": [[{"text": r"a | b = c \ "[:-1], "callback_data": "x|y"}]]
    }
    assert markup_of(r"C:\new = \d") == {"inline_keyboard": [[{"text": r"C:\new", "callback_data": r"\d"}]]}


@pytest.mark.parametrize(
    ("label", "data"),
    [
        ("Track order", "track_order"),
        ("Yes, please!", "yes_please"),
        ("📦 Track", "track"),
        ("❤️ Love it", "love_it"),
        ("👍", "👍"),
        ("Де замовлення?", "де_замовлення"),
        ("ऑर्डर नंबर", "ऑर्डर_नंबर"),
        ("注文番号", "注文番号"),
        ("  ", ""),
    ],
)
def test_a_button_without_data_sends_its_words(label: str, data: str) -> None:
    assert default_data(label) == data


@given(st.text(min_size=1))
def test_data_made_of_any_label_is_data_that_telegram_takes(label: str) -> None:
    assert len(default_data(label).encode()) <= 64
    assert default_data(label) or not label.strip()


def test_nothing_typed_is_no_keyboard_and_no_fault() -> None:
    assert read(Design(text=" \n\n")).markup == {}
    assert faults_of("") == []
    assert Design(text="\n").blank
    assert not Design(FORCE).blank


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a | | b", ["row 1, button 2: It has no label; write its words, or leave out a |"]),
        ("a |", ["row 1, button 2: It has no label; write its words, or leave out a |"]),
        ("a\n\nb =", ["row 2, button 1: Write its data behind =, or leave = out"]),
        ("b >", ["row 1, button 1: Write an address behind >, or leave > out"]),
        (
            "b > acme.example",
            ["row 1, button 1: Its address must begin with https:// (write \\> for a plain >)"],
        ),
        (
            "a\nb > javascript://x",
            ["row 2, button 1: Its address must begin with https:// or http:// or tg://"],
        ),
        ("b > https://a b", ["row 1, button 1: Its address holds a space or a control character"]),
        ("a = " + "é" * 33, ["row 1, button 1: Its callback data has 66 bytes; 1 to 64 are allowed"]),
        ("a|" * 8 + "a", ["row 1: 9 buttons; at most 8"]),
        ("\n".join(["a|b|c|d|e|f|g|h"] * 13), ["104 buttons; at most 100"]),
        ("a = | b > ftp://x", 2),
    ],
)
def test_what_telegram_would_refuse_is_named_with_its_place(text: str, faults: list[str] | int) -> None:
    found = faults_of(text)
    assert (len(found) if isinstance(faults, int) else found) == faults


def test_a_fault_points_at_the_button_as_it_is_typed() -> None:
    text = "good\n\nfine |  Shop > ftp://acme  | also fine"
    (fault,) = read(Design(text=text)).faults
    assert fault.line == 2
    assert text.split("\n")[2][fault.start : fault.end] == "Shop > ftp://acme"


@pytest.mark.parametrize(
    ("line", "column", "button"),
    [
        (0, 0, Button("Yes", "callback_data", "yes")),
        (0, 5, Button("Yes", "callback_data", "yes")),
        (0, 6, Button("Shop", "url", "https://a.example")),
        (0, 40, Button("Shop", "url", "https://a.example")),
        (1, 0, None),
        (2, 1, Button("No", "callback_data", "n")),
    ],
)
def test_the_button_around_the_caret_is_known(line: int, column: int, button: Button | None) -> None:
    design = Design(text="Yes  | Shop > https://a.example\n\nNo = n")
    assert button_at(design, line, column) == button


def test_buttons_that_send_the_same_are_doubted_but_can_be_sent() -> None:
    reading = read(Design(text="Yes | Yes!\nNo"))
    assert reading.faults == ()
    assert [str(doubt) for doubt in reading.doubts] == [
        "row 1, button 2: It sends yes like row 1, button 1; a tap on either reads the same"
    ]


def test_a_reply_keyboard_sends_words_and_may_ask_for_number_and_place() -> None:
    design = Design(REPLY, "Small | Large\nMy number = contact\nWhere I am = location", "Pick one")
    assert read(design).markup == {
        "keyboard": [
            [{"text": "Small"}, {"text": "Large"}],
            [{"text": "My number", "request_contact": True}],
            [{"text": "Where I am", "request_location": True}],
        ],
        "resize_keyboard": True,
        "one_time_keyboard": True,
        "input_field_placeholder": "Pick one",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [("a = b", "only contact or location"), ("a > https://a.example", "opens no addresses")],
)
def test_a_reply_button_can_do_nothing_else(text: str, words: str) -> None:
    (fault,) = faults_of(text, REPLY)
    assert words in fault


def test_the_other_kinds_need_no_lines() -> None:
    assert read(Design(FORCE, "ignored", "Order number")).markup == {
        "force_reply": True,
        "input_field_placeholder": "Order number",
    }
    assert read(Design(REMOVE, "ignored")).markup == {"remove_keyboard": True}
    (fault,) = read(Design(FORCE, placeholder="x" * 65)).faults
    assert str(fault) == "placeholder: Between 1 and 64 characters are needed"


@pytest.mark.parametrize("kind", [REPLY, FORCE, REMOVE])
def test_under_a_sent_message_only_inline_buttons_can_stand(kind: MarkupKind) -> None:
    (fault,) = read(Design(kind, "a"), edit=True).faults
    assert "Only an inline keyboard" in fault.message


# ---------------------------------------------------------------- back and forth

WORDS = st.text(alphabet="ab |=>\\é_👍", min_size=1, max_size=8).filter(lambda text: text == text.strip())
INLINE_BUTTONS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"text": WORDS, "callback_data": WORDS}
) | st.fixed_dictionaries(
    {"text": WORDS, "url": st.sampled_from(["https://a.example/?x=1|2>3", "tg://resolve\\|"])}
)
REPLY_BUTTONS: st.SearchStrategy[Json] = st.fixed_dictionaries({"text": WORDS}) | st.fixed_dictionaries(
    {"text": WORDS, "request_contact": st.just(True)}
)


def keyboards(name: str, buttons: st.SearchStrategy[Json]) -> st.SearchStrategy[dict[str, Json]]:
    rows = st.lists(st.lists(buttons, min_size=1, max_size=8), min_size=1, max_size=5)
    return st.builds(lambda found: {name: found}, rows)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "resize_keyboard": st.just(True),
        "one_time_keyboard": st.just(True),
        "is_persistent": st.just(True),
        "input_field_placeholder": WORDS,
    },
)
MARKUPS: st.SearchStrategy[Json] = (
    keyboards("inline_keyboard", INLINE_BUTTONS)
    | st.builds(lambda rows, more: {**rows, **more}, keyboards("keyboard", REPLY_BUTTONS), OPTIONS)
    | st.just({"remove_keyboard": True})
    | st.just({"force_reply": True, "input_field_placeholder": "Order"})
)


@given(MARKUPS)
def test_a_keyboard_written_as_lines_is_read_as_the_same_keyboard(markup: Json) -> None:
    design = design_of(markup)
    assert design is not None
    assert read(design).markup == markup


@given(st.text(alphabet="ab |=>\\é\n👍:/hts", max_size=60), st.sampled_from(MarkupKind))
def test_any_text_is_read_and_what_can_be_sent_is_written_back_without_loss(
    text: str, kind: MarkupKind
) -> None:
    reading = read(Design(kind, text))
    lines = text.split("\n")
    for fault in (*reading.faults, *reading.doubts):
        assert fault.line is None or 0 <= fault.start <= fault.end <= len(lines[fault.line])
    if reading.markup and not reading.faults:
        again = design_of(reading.markup)
        assert again is not None
        assert read(again).markup == reading.markup


@pytest.mark.parametrize(
    "markup",
    [
        {"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": "SAVE10"}}]]},
        {"inline_keyboard": [[{"text": "a", "callback_data": "a", "style": "danger"}]]},
        {"inline_keyboard": [[{"text": " a ", "callback_data": "a"}]]},
        {"inline_keyboard": [[{"text": "a\nb", "callback_data": "a"}]]},
        {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]], "force_reply": True},
        {"keyboard": [[{"text": "a", "request_poll": {}}]]},
        {"keyboard": [["a"]], "selective": True},
        {"force_reply": True, "selective": True},
        {"inline_keyboard": []},
        None,
    ],
)
def test_a_keyboard_that_lines_cannot_say_is_not_written(markup: Json) -> None:
    assert design_of(markup) is None


def test_a_plain_string_and_an_option_that_is_off_are_what_they_mean() -> None:
    design = design_of({"keyboard": [["Yes", {"text": "No"}]], "one_time_keyboard": False})
    assert design == Design(REPLY, "Yes | No", resize=False, one_time=False)


@given(st.builds(Design, st.sampled_from(MarkupKind), st.text(), st.text(), st.booleans(), st.booleans()))
def test_a_design_comes_back_from_a_file_as_it_was(design: Design) -> None:
    assert restored(design.stored()) == design


@pytest.mark.parametrize("stored", ["", "{}", "[]", "{", '{"kind": "piano"}', '{"kind": "keyboard", "x": 1}'])
def test_what_is_no_design_is_not_taken_for_one(stored: str) -> None:
    with pytest.raises(ValueError, match=r"^(not a|Expecting|'piano')"):
        restored(stored)
