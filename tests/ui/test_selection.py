"""Which chats are selected, whatever the list does meanwhile (interface, section 3)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.ui.selection import Selection

LISTED = [f"c{number}" for number in range(8)]
places = st.integers(0, len(LISTED) - 1)


def way(start: int, end: int) -> list[str]:
    """The chats that the cursor comes over from one place to another, without the first."""
    step = 1 if end >= start else -1
    return [LISTED[number] for number in range(start + step, end + step, step)]


@given(st.lists(places, max_size=4), st.lists(places, min_size=1, max_size=6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_range_is_what_stands_between_its_beginning_and_the_cursor_besides_what_was_selected(
    toggled: list[int], stops: list[int], jumps: bool
) -> None:
    selection = Selection()
    for number in toggled:
        selection.toggle(LISTED[number])
    before = {LISTED[number] for number in toggled if toggled.count(number) % 2}
    selection.begin_range(LISTED[stops[0]])
    for start, end in pairwise(stops):
        if jumps:
            selection.draw_range(LISTED, LISTED[end])
        else:
            selection.reach(way(start, end))
    low, high = sorted((stops[0], stops[-1]))
    wanted = before | set(LISTED[low : high + 1])
    assert set(selection.ids()) == {name for name in LISTED if name in selection} == wanted
    assert len(selection) == len(wanted)
    selection.end_range()
    assert (set(selection.ids()), len(selection)) == (wanted, len(wanted))


def test_what_was_on_the_way_stays_selected_where_it_moves_and_what_comes_in_between_is_not() -> None:
    selection = Selection()
    selection.begin_range("b")
    selection.reach(["c", "d"])
    # `c` has written again and stands above all; `new` has come in where it was.
    selection.reach(["e"])
    assert selection.ids() == ["b", "c", "d", "e"]
    assert "new" not in selection


def test_selecting_a_chat_by_itself_ends_the_range_and_keeps_it() -> None:
    selection = Selection()
    selection.begin_range("a")
    selection.reach(["b"])
    selection.toggle("b")
    selection.reach(["c"])
    assert selection.ids() == ["a"]
    assert not selection.ranging
