"""What `search` prints, and what it says of that which it could not search."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from cli_accounts import CommandLine

from inbox_tui.store import db, index
from inbox_tui.store.writer import Writer


def folder_of(line: CommandLine) -> db.Folder:
    (cache,) = Path(line.account.home).rglob("cache.db")
    return db.Folder(cache.parent, cache.parent.name)


def saying(line: CommandLine, column: str = "id") -> set[str]:
    """The messages with a word that begins with "order", or their chats, found by reading them all."""
    with closing(db.open_reader(folder_of(line))) as reader:
        rows = reader.execute(
            f"SELECT m.{column}, body FROM (SELECT m.*, c.id AS chat_id FROM messages m "
            "JOIN chats c ON c.pk = m.chat) m WHERE body IS NOT NULL"
        )
        return {name for name, body in rows if re.search(r"(?<![a-z0-9])order", body, re.IGNORECASE)}


def test_messages_are_found_newest_first_with_what_was_found_marked(reading: CommandLine) -> None:
    found = reading("search", "order", "--json", "--limit", "1000")
    assert found.code == 0
    assert len(found.records) >= 10
    for record in found.records:
        marked = [record["excerpt"][start:end].lower() for start, end in record["highlights"]]
        assert marked
        assert all(words.startswith("order") for words in marked)
        assert {"id", "chat_id", "body", "platform", "participant"} <= set(record)
    times = [record["external_posted_at"] or record["created_at"] for record in found.records]
    assert times == sorted(times, reverse=True)
    assert {record["id"] for record in found.records} == saying(reading)


def test_a_limit_says_that_there_is_more_and_ids_stand_alone(reading: CommandLine) -> None:
    few = reading("search", "order", "--limit", "3", "-q")
    assert len(few.lines) == 3
    assert "there is more" in few.err
    table = reading("search", "order", "--limit", "3")
    assert [line.split()[0] for line in table.lines[1:]] == few.lines
    ranked = reading("search", "order", "--order", "rank", "--limit", "3", "-q")
    assert len(ranked.lines) == 3
    assert ranked.lines != few.lines


def test_nothing_found_and_older_messages_that_are_not_here_are_said(reading: CommandLine) -> None:
    nothing = reading("search", "xylophone")
    assert (nothing.code, nothing.out) == (0, "")
    assert "no message matches" in nothing.err
    with Writer(folder_of(reading)) as writer:
        writer.cache.execute("UPDATE chats SET history_done = pk > 2")
    assert "not searched: older messages of 2 chats" in reading("search", "order").err


def test_a_query_that_cannot_be_understood_points_at_the_place(reading: CommandLine) -> None:
    wrong = reading("search", "order", "form:jane")
    assert wrong.code == 2
    assert "column 7" in wrong.err
    assert "Did you mean from:?" in wrong.err


def test_an_index_that_is_not_complete_is_finished_first(reading: CommandLine) -> None:
    with Writer(folder_of(reading)) as writer:
        before = reading("search", "order", "-q", "--limit", "1000").lines
        index.reset(writer.cache)
    found = reading("search", "order", "-q", "--limit", "1000")
    assert found.lines == before


def test_the_list_of_chats_is_found_by_words_of_any_message_labels_and_files(reading: CommandLine) -> None:
    with closing(db.open_reader(folder_of(reading))) as reader:
        pictures = reader.execute(
            "SELECT DISTINCT c.id FROM chats c JOIN messages m ON m.chat = c.pk "
            "WHERE m.attachments LIKE '%\"image\"%'"
        ).fetchall()
    assert set(reading("chats", "order", "-q").lines) >= saying(reading, "chat_id")
    assert set(reading("chats", "has:image", "-q").lines) == {name for (name,) in pictures}
    (first, *_) = reading("chats", "order", "-q").lines
    assert reading("label", first, "vip").code == 0
    assert reading("chats", "label:vip", "order", "-q").lines == [first]
