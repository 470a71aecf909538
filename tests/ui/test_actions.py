"""The registry of keys and the dispatcher of sequences and counts."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inbox_tui.ui.actions import ACTIONS, NORMAL, Context
from inbox_tui.ui.acts import AREAS
from inbox_tui.ui.keymap import Chords, Keymap, accepted, conflicts
from inbox_tui.ui.keys import label, written
from inbox_tui.ui.keys_table import table


def test_no_key_starts_two_actions_in_one_context() -> None:
    assert conflicts(ACTIONS) == []


def test_every_action_outside_a_field_is_carried_out_by_one_method_of_its_name() -> None:
    for action in ACTIONS:
        if set(action.contexts) & set(NORMAL):
            assert len([area for area in AREAS if callable(getattr(area, action.id, None))]) == 1, action.id


def test_the_keys_of_the_registry_could_stand_in_a_configuration() -> None:
    for action in ACTIONS:
        assert accepted(action, tuple(map(written, action.keys))) == action.keys


def test_a_sequence_is_complete_with_its_last_key() -> None:
    chords = Chords(ACTIONS)
    first = chords.press("g", Context.LIST)
    assert first.action is None
    assert first.pending == "g"
    second = chords.press("g", Context.LIST)
    assert second.action is not None
    assert second.action.id == "first"


def test_a_count_goes_before_a_key() -> None:
    chords = Chords(ACTIONS)
    assert chords.press("1", Context.LIST).pending == "1"
    assert chords.press("2", Context.LIST).pending == "12"
    pressed = chords.press("j", Context.LIST)
    assert pressed.action is not None
    assert (pressed.action.id, pressed.count) == ("move_down", 12)
    again = chords.press("j", Context.LIST)
    assert again.count == 1


@given(st.lists(st.sampled_from([*"abgGjk0123456789", "enter", "escape"]), max_size=30))
def test_after_any_keys_an_action_key_pressed_twice_is_understood(keys: list[str]) -> None:
    chords = Chords(ACTIONS)
    for key in keys:
        chords.press(key, Context.LIST)
    presses = [chords.press("j", Context.LIST).action for _ in range(2)]
    assert presses[-1] is not None
    assert presses[-1].id == "move_down"


def test_keys_are_written_for_people() -> None:
    assert [label(key) for key in ("ctrl+d", "g g", "enter", "?")] == ["Ctrl+D", "gg", "⏎", "?"]


def test_the_footer_of_a_field_offers_only_what_works_there() -> None:
    names = {name for _, name in Keymap().footer(Context.TYPING)}
    assert names == {"send", "new line", "leave", "attach", "buttons", "editor", "snippet"}


def test_the_table_of_keys_in_the_documentation_is_the_registrys() -> None:
    page = Path(__file__).parents[2] / "docs" / "keys.md"
    assert page.read_text(encoding="utf-8") == table(), "run `make docs`"
