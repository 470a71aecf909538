"""What must not be done does not leave the outbox either, whoever put it there."""

from __future__ import annotations

import pytest

from inbox_tui.store.items import State
from tests.matrix.conftest import Dispatched
from tests.matrix.expected import (
    ARCHIVED,
    DELETED,
    NO_REACTION,
    NOT_ARCHIVED,
    NOT_REACHED,
    SAME,
    SAME_QUIETLY,
    Cell,
    Do,
    No,
    cells,
)
from tests.matrix.intentions import SENDS

CELLS = [cell for cell in cells() if cell.refused and cell.do not in SENDS]
SO_ALREADY = (SAME, SAME_QUIETLY, NO_REACTION, ARCHIVED, NOT_ARCHIVED)
"""Nothing is left to be done, so nothing is told: somebody else was faster, or it was taken back."""


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_what_cannot_be_done_ends_before_it_leaves_with_its_reason(
    cell: Cell, dispatched: Dispatched
) -> None:
    state, words = dispatched.ends[cell]
    assert isinstance(cell.expected, No)
    if cell.expected in SO_ALREADY or (cell.do is Do.UNREACT and cell.expected in (DELETED, NOT_REACHED)):
        assert (state, words) == (State.SETTLED, "")
    elif cell.state == "answered comment":
        assert (state, words) == ("refused", "This comment has had its private reply")
    else:
        assert state == State.FAILED
        assert cell.expected.words in words


def test_nothing_was_asked_of_the_server_but_questions(dispatched: Dispatched) -> None:
    assert len(CELLS) == 173
    assert {entry["method"] for entry in dispatched.log} == {"GET"}
