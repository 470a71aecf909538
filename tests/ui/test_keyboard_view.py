"""How a keyboard is drawn: as rows of buttons that fit, in the thread and in the preview alike."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.cells import cells
from inbox_tui.core.keyboards import Button, Keyboard, MarkupKind
from inbox_tui.ui.keyboard_view import keyboard_lines


def drawn(room: int, *rows: list[str], kind: MarkupKind = MarkupKind.INLINE) -> list[str]:
    """The lines of a keyboard, its buttons between bars."""
    buttons = tuple(tuple(Button(label, "callback_data", "x") for label in row) for row in rows)
    return [
        "|".join(text for text, style in line if style in ("button", "muted"))
        for line in keyboard_lines(Keyboard(kind, buttons), room)
    ]


def test_every_row_is_as_wide_as_the_widest_and_its_buttons_share_it() -> None:
    assert drawn(60, ["Track order", "Shop"], ["Talk"]) == [
        " Track order |    Shop     ",
        "           Talk            ",
    ]


def test_where_room_is_short_the_longest_label_gives_way() -> None:
    assert drawn(24, ["No", "A very long label indeed"]) == [" No | A very long labe… "]


def test_a_row_too_narrow_for_its_buttons_goes_on_in_the_next_line() -> None:
    lines = drawn(17, list("abcdefgh"))
    assert [line.replace(" ", "") for line in lines] == ["a|b|c", "d|e|f", "g|h"]


def test_a_label_of_several_lines_is_drawn_in_one() -> None:
    assert drawn(20, ["a\nb"]) == [" a b "]


ROWS = st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=8), min_size=1, max_size=3)


@settings(max_examples=60)
@given(ROWS, st.integers(8, 90), st.sampled_from(MarkupKind))
def test_no_keyboard_is_wider_than_its_room_and_no_button_is_lost(
    rows: list[list[str]], room: int, kind: MarkupKind
) -> None:
    buttons = tuple(tuple(Button(label, "url", "x") for label in row) for row in rows)
    lines = keyboard_lines(Keyboard(kind, buttons, "Pick one"), room)
    assert all(sum(cells(text) for text, _ in line) <= room for line in lines)
    shown = sum(style == "button" for line in lines for _, style in line)
    assert shown == (sum(map(len, rows)) if kind in (MarkupKind.INLINE, MarkupKind.REPLY) else 0)
