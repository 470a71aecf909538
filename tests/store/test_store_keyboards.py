"""Keyboards that are kept under a name."""

from __future__ import annotations

import sqlite3

import pytest

from inbox_tui.core.errors import Refused
from inbox_tui.core.keyboard_text import Design
from inbox_tui.core.keyboards import MarkupKind
from inbox_tui.store.keyboards import delete_keyboard, save_keyboard, saved_keyboards
from inbox_tui.store.writer import Writer

ORDER = Design(text="Track order | Shop > https://acme.example")
SIZES = Design(MarkupKind.REPLY, "S | M | L", "Which size?", one_time=False)


def kept(reader: sqlite3.Connection) -> dict[str, Design]:
    return {entry.name: entry.design for entry in saved_keyboards(reader)}


def test_what_is_kept_is_found_by_name_as_it_was(writer: Writer, reader: sqlite3.Connection) -> None:
    assert save_keyboard(writer, "  Which\n size ", SIZES) == "Which size"
    save_keyboard(writer, "order", ORDER)
    assert kept(reader) == {"order": ORDER, "Which size": SIZES}
    assert list(kept(reader)) == ["order", "Which size"]


def test_a_name_that_is_taken_is_not_overwritten_unasked(writer: Writer, reader: sqlite3.Connection) -> None:
    save_keyboard(writer, "order", ORDER)
    with pytest.raises(Refused, match="called ORDER already"):
        save_keyboard(writer, "ORDER", SIZES)
    assert kept(reader) == {"order": ORDER}
    save_keyboard(writer, "ORDER", SIZES, replace=True)
    assert kept(reader) == {"ORDER": SIZES}


@pytest.mark.parametrize("name", ["", " \n "])
def test_buttons_without_a_name_are_not_kept(writer: Writer, name: str) -> None:
    with pytest.raises(Refused, match="no name"):
        save_keyboard(writer, name, ORDER)


def test_a_keyboard_is_deleted_once(writer: Writer, reader: sqlite3.Connection) -> None:
    save_keyboard(writer, "order", ORDER)
    assert delete_keyboard(writer, "Order")
    assert not delete_keyboard(writer, "Order")
    assert kept(reader) == {}
