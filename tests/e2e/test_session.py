"""A small morning at the desk; `make session` does a whole one (`tests.e2e.session`)."""

from __future__ import annotations

from pathlib import Path

from .session import session


def test_everybody_is_worked_off_by_keys_and_all_but_what_has_left_is_undone(tmp_path: Path) -> None:
    figures = session(10, tmp_path)
    assert (figures.customers, figures.replies, figures.as_before) == (10, 1, 9)
    assert figures.undo_keystrokes < figures.keystrokes
