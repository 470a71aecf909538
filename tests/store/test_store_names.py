"""Chats by a few letters, and what was chosen last: both at a cost that does not grow with the account."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import store_samples as samples
import time_machine

from inbox_tui.store import names, recency, writes
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer


def known(writer: Writer, *people: tuple[str, str | None]) -> None:
    """Chats with these names and usernames, the first with the newest activity."""
    writes.apply_profiles(writer, [samples.profile()])
    chats = [
        samples.chat(
            f"c{number}",
            participant_name=name,
            participant_username=username,
            last_message_at=samples.NOW - number * samples.MINUTE,
        )
        for number, (name, username) in enumerate(people)
    ]
    writes.apply_chats(writer, chats)


PEOPLE = (
    ("Zoë Kravitz", "zoe.k"),
    ("Ana María", "ana_m"),
    ("Mariana", None),
    ("Jörg 50% Müller", "joerg"),
    ("王小明", "xiaoming"),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zoe", ["Zoë Kravitz"]),
        ("ZOË KRA", ["Zoë Kravitz"]),
        ("kra zoe", ["Zoë Kravitz"]),
        ("@ana_m", ["Ana María"]),
        ("ana", ["Ana María", "Mariana"]),
        ("zkv", ["Zoë Kravitz"]),
        ("50%", ["Jörg 50% Müller"]),
        ("小明", ["王小明"]),
        ("nobody", []),
        ("  ", []),
    ],
)
def test_a_chat_is_found_by_letters_of_a_name_whatever_their_accents_and_order(
    writer: Writer, reader: sqlite3.Connection, typed: str, found: list[str]
) -> None:
    known(writer, *PEOPLE)
    assert [row.chat.title for row in names.find_chats(reader, typed, 10)] == found


def test_a_chat_without_news_for_long_is_found_by_the_beginning_of_its_words(
    writer: Writer, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(writer, *PEOPLE)
    monkeypatch.setattr(names, "NEWEST", 2)
    assert [row.chat.title for row in names.find_chats(reader, "xiao", 10)] == ["王小明"]
    assert names.find_chats(reader, "iaomin", 10) == [], "the middle of a word only among the newest"


def steps(reader: sqlite3.Connection, text: str) -> int:
    """How many steps of SQLite's machine, in hundreds, finding a text takes."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    reader.set_progress_handler(step, 100)
    names.find_chats(reader, text, 10)
    reader.set_progress_handler(None, 100)
    return taken


def test_finding_looks_at_no_more_of_a_large_account_than_of_the_newest_chats(folder: Folder) -> None:
    with Writer(folder) as writer:
        known(writer, *((f"Person {number}", f"user{number}") for number in range(names.NEWEST)))
        with closing(open_reader(folder)) as reader:
            few = [steps(reader, typed) for typed in ("person", "zzz", "u", "person 1999")]
        known(writer, *((f"Person {number}", f"user{number}") for number in range(3 * names.NEWEST)))
        with closing(open_reader(folder)) as reader:
            many = [steps(reader, typed) for typed in ("person", "zzz", "u", "person 1999")]
            assert "Person 5999" in [row.chat.title for row in names.find_chats(reader, "person 5999", 10)]
    assert all(after <= before * 1.2 + 2 for before, after in zip(few, many, strict=True)), (few, many)


def test_what_was_chosen_last_stands_first_and_the_oldest_gives_way(
    writer: Writer, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recency, "MOST", 3)
    with time_machine.travel(samples.NOW / 1000, tick=False) as clock:
        for name in ("a", "b", "c", "a", "d"):
            clock.shift(1)
            recency.remember(writer, ("act", name))
    assert list(recency.chosen(reader)) == [("act", "d"), ("act", "a"), ("act", "c")]
