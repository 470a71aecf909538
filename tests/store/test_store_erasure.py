"""A deleted message leaves no words: not in rows, not in the bytes of the files (design, section 4)."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import store_samples as samples
from store_samples import NOW, chat, inbound, outbound

from inbox_tui.core.models import Attachment, Message, Rejected
from inbox_tui.store import erasure, writes
from inbox_tui.store.db import Changes, Folder, open_reader
from inbox_tui.store.reads import ChatSource
from inbox_tui.store.threads import ThreadSource
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

SECRET = "xyzzy-plugh"
TOLD = inbound(
    "m1",
    NOW,
    external_id="e1",
    body=f"my card number is {SECRET}",
    error_message=f"{SECRET} refused",
    platform_data={"raw": SECRET},
    reply_markup={"inline_keyboard": [[{"text": SECRET, "callback_data": SECRET}]]},
    attachments=(Attachment("a1", "image", f"https://files.example/{SECRET}.png"),),
    extra={"unknown": SECRET},
)
DELETED = replace(TOLD, deleted_at=NOW + 9, missing=frozenset({"body", "extra", "attachments"}))


def files_with(folder: Folder, words: str) -> set[str]:
    """The files of an account in whose bytes the words stand."""
    return {
        path.name for path in folder.path.iterdir() if path.is_file() and words.encode() in path.read_bytes()
    }


def apply(writer: Writer, *messages: Message) -> None:
    writes.apply_messages(writer, [MessagePage(messages[0].chat_id, messages)])


def drawn(reader: sqlite3.Connection) -> str:
    """Everything that the screen can draw from the cache."""
    return repr((ChatSource(reader).after(None, 9), ThreadSource(reader, 1, "chat").after(None, 99)))


@pytest.fixture
def told(writer: Writer) -> Writer:
    """A cache in which the words stand in a message, in the preview, in the log and in the file itself."""
    samples.pulled(writer, TOLD)
    writer.cache.execute("PRAGMA wal_checkpoint(FULL)")
    apply(writer, replace(TOLD, read_at=NOW + 1))
    assert files_with(writer.folder, SECRET) == {"cache.db", "cache.db-wal"}
    return writer


def test_the_words_are_gone_from_every_row_and_every_byte_when_the_deletion_is_applied(
    told: Writer, reader: sqlite3.Connection
) -> None:
    assert SECRET in drawn(reader)
    apply(told, DELETED)
    assert SECRET not in drawn(reader)
    assert "message deleted" in drawn(reader)
    assert SECRET not in repr(samples.content(reader))
    assert files_with(told.folder, SECRET) == set()


def test_a_message_that_comes_deleted_never_brings_its_words(writer: Writer) -> None:
    samples.pulled(writer, replace(TOLD, deleted_at=NOW))
    assert files_with(writer.folder, SECRET) == set()


def test_an_old_answer_does_not_bring_the_words_of_a_deleted_message_back(told: Writer) -> None:
    apply(told, DELETED)
    apply(told, TOLD)
    assert files_with(told.folder, SECRET) == set()


def test_what_quotes_a_deleted_message_or_was_tapped_on_it_shows_none_of_its_words(
    told: Writer, reader: sqlite3.Connection
) -> None:
    tap = inbound("m2", NOW + 5, reply_to_external_id="e1", platform_data={"kind": "callback_query"})
    apply(told, tap, outbound("m3", NOW + 2, reply_to_external_id="e1"))
    assert drawn(reader).count(SECRET) > 3
    apply(told, DELETED)
    assert SECRET not in drawn(reader)


def test_a_record_set_aside_that_names_a_deleted_message_goes_with_it(told: Writer) -> None:
    broken = [Rejected(f'{{"id": "m1", "body": "{SECRET}"}}', "bad"), Rejected('{"id": "m2"}', "bad")]
    writes.quarantine(told, "messages of chat", broken)
    apply(told, DELETED)
    assert samples.ids(told.cache, "SELECT json FROM quarantine") == ['{"id": "m2"}']
    assert files_with(told.folder, SECRET) == set()


def test_a_reader_in_the_middle_of_a_read_delays_only_the_bytes(told: Writer) -> None:
    with closing(open_reader(told.folder)) as slow, closing(open_reader(told.folder)) as reader:
        slow.execute("BEGIN")
        slow.execute("SELECT body FROM messages").fetchall()
        apply(told, DELETED)
        assert SECRET not in drawn(reader), "a read that begins now sees no words"
        assert told.words_in_log
        assert told.cache.execute("PRAGMA busy_timeout").fetchone() == (10_000,)
        slow.execute("COMMIT")
        apply(told, TOLD)
        assert not told.words_in_log
        assert files_with(told.folder, SECRET) == set()


def test_the_bytes_go_at_the_next_start_where_a_process_died_before_they_could(told: Writer) -> None:
    with closing(open_reader(told.folder)) as slow:
        slow.execute("BEGIN")
        slow.execute("SELECT body FROM messages").fetchall()
        apply(told, DELETED)
        slow.execute("COMMIT")
        assert files_with(told.folder, SECRET) == {"cache.db", "cache.db-wal"}
        # Nothing of the first writer's memory is left, as after a kill.
        with Writer(told.folder) as following:
            assert not following.words_in_log
            assert files_with(told.folder, SECRET) == set()


def test_a_cache_without_deletions_is_not_written_for_their_sake(told: Writer) -> None:
    with closing(Changes(told.folder)) as changes:
        assert erasure.erase(told.cache)
        assert not changes.poll()


def test_copies_that_sqlite_left_in_unused_parts_of_pages_are_gone_at_the_end_of_the_process(
    folder: Folder,
) -> None:
    chance = random.Random(3)
    words = {f"m{number}": f"secret-{number:05}" for number in range(900)}
    told = [
        inbound(name, NOW + chance.randrange(10**7), f"c{number % 4}", body=word * chance.randrange(1, 40))
        for number, (name, word) in enumerate(words.items())
    ]
    with Writer(folder) as writer:
        writes.apply_chats(writer, [chat(f"c{number}") for number in range(4)])
        for start in range(0, 900, 20):
            pages = [MessagePage(message.chat_id, [message]) for message in told[start : start + 20]]
            writes.apply_messages(writer, pages)
        gone = chance.sample(told, 450)
        for message in gone:
            apply(writer, replace(message, deleted_at=NOW))
        assert erasure.left_in_pages(writer.cache)
    left = folder.cache.read_bytes()
    deleted = {message.id for message in gone}
    assert {name for name, word in words.items() if word.encode() in left} == words.keys() - deleted
    assert not Path(f"{folder.cache}-wal").exists()
    with Writer(folder) as writer:
        assert not erasure.left_in_pages(writer.cache)


def test_a_large_file_is_rebuilt_only_when_asked_to(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "SMALL_BYTES", 4096)
    with Writer(folder) as writer:
        samples.pulled(writer, TOLD)
        apply(writer, DELETED)
    with Writer(folder) as writer:
        assert erasure.left_in_pages(writer.cache)
        erasure.rebuild(writer.cache)
        assert not erasure.left_in_pages(writer.cache)


def test_the_end_of_a_process_does_not_fail_where_another_one_writes(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BUSY_SECONDS", 0.05)
    writer = Writer(folder)
    samples.pulled(writer, TOLD)
    apply(writer, DELETED)
    with Writer(folder) as other:
        other.cache.execute("BEGIN IMMEDIATE")
        writer.close()
        other.cache.execute("ROLLBACK")
        assert erasure.left_in_pages(other.cache)
