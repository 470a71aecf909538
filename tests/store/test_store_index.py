"""The search index says of every row what its words are, however they came, and keeps none that are gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database
from store_samples import NOW, SECOND, chat, inbound, outbound

from inbox_tui.core.models import Attachment, Message, Reaction
from inbox_tui.store import db, erasure, index, schema, writes
from inbox_tui.store.db import Folder, open_reader, prepare
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

BODIES = (
    "Where is order A-1042?",
    "请问什么时候发货",
    "danke 🙏🏽 schön",
    "see https://acme.shop/1",
    "",
    "Danke",
)


def apply(writer: Writer, *messages: Message) -> None:
    writes.apply_messages(writer, [MessagePage(message.chat_id, [message]) for message in messages])


def found(connection: sqlite3.Connection, entry: str) -> list[object]:
    """The ids of the messages that the index has under an entry."""
    select = "SELECT m.id FROM messages_fts f JOIN messages m ON m.pk = f.rowid WHERE messages_fts MATCH ?"
    return samples.ids(connection, select, f'"{entry}"')


def whole(writer: Writer) -> index.Checked:
    """A comparison of the whole index with the rows."""
    with closing(open_reader(writer.folder)) as reader:
        return index.check(reader, None)


def test_a_message_is_in_the_index_with_the_transaction_that_brings_it(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW, body="Crème brûlée"), outbound("m2", NOW + 1, body="no words"))
    assert found(writer.cache, "creme") == ["m1"]
    assert found(writer.cache, "words") == ["m2"]


def test_an_edit_changes_the_entries_and_a_receipt_does_not_touch_the_index(writer: Writer) -> None:
    told = outbound("m1", NOW, body="old words")
    samples.pulled(writer, told)
    with samples.counting(writer.cache) as cost:
        apply(writer, replace(told, read_at=NOW + 5))
    assert not [statement for statement in cost.statements if "_fts" in statement]
    apply(writer, replace(told, body="new text", edited_at=NOW + 9))
    assert (found(writer.cache, "old"), found(writer.cache, "new")) == ([], ["m1"])
    assert whole(writer) == index.Checked(1, 0, 0)


def test_what_has_asks_for_is_an_entry_of_the_message(writer: Writer) -> None:
    image, file = Attachment("a1", "image"), Attachment("a2", "video")
    samples.pulled(
        writer,
        inbound("picture", NOW, body=None, attachments=(image,)),
        inbound("film", NOW + 1, attachments=(file,)),
        inbound("link", NOW + 2, body="look at www.acme.shop"),
        outbound("buttons", NOW + 3, reply_markup={"inline_keyboard": []}),
        inbound("plain", NOW + 4),
    )
    for mark, expected in (("image", "picture"), ("file", "film"), ("link", "link"), ("buttons", "buttons")):
        assert found(writer.cache, index.MARK + mark) == [expected]
    apply(writer, inbound("plain", NOW + 4, reactions=(Reaction("x", "🙂"),)))
    assert found(writer.cache, index.MARK + "reaction") == ["plain"]


def test_customers_are_found_by_name_handle_and_id_also_by_a_new_name(writer: Writer) -> None:
    person = chat("c1", participant_name="Zoë O'Hara", participant_username="zoe_92")
    writes.apply_chats(writer, [person])

    def named(entry: str) -> list[object]:
        select = "SELECT c.id FROM names_fts f JOIN chats c ON c.pk = f.rowid WHERE names_fts MATCH ?"
        return samples.ids(writer.cache, select, f'"{entry}"')

    assert (named("zoe"), named("92"), named("participant")) == (["c1"], ["c1"], ["c1"])
    writes.apply_chats(writer, [replace(person, participant_name="Mia")])
    assert (named("ohara"), named("o"), named("mia")) == ([], [], ["c1"])


def _steps(ids: st.SearchStrategy[str]) -> st.SearchStrategy[list[Message]]:
    """Versions of a few messages: edits, reactions, deletions, in any order."""

    def message(name: str, body: str, edit: int, deleted: bool, reacted: bool) -> Message:
        return inbound(
            name,
            NOW + int(name[1:]) * SECOND,
            body=body,
            edited_at=NOW + edit if edit else None,
            deleted_at=NOW + 99 if deleted else None,
            reactions=(Reaction("x", "❤"),) if reacted else (),
        )

    flags = st.sampled_from((False, False, False, True))
    return st.lists(
        st.builds(message, ids, st.sampled_from(BODIES), st.integers(0, 3), flags, flags), max_size=12
    )


@given(_steps(st.sampled_from(("m1", "m2", "m3", "m4"))), st.integers(0, 12), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_index_is_that_of_the_rows_whatever_came_before_during_and_after_it_is_built(
    steps: list[Message], built_after: int, rows: int
) -> None:
    with samples.fresh() as writer:
        writes.apply_chats(writer, [chat("chat")])
        for number, step in enumerate(steps):
            if number == built_after:
                index.reset(writer.cache)
            elif number > built_after:
                index.build(writer.cache, rows)
            apply(writer, step)
        assert whole(writer).wrong == 0
        while index.build(writer.cache, rows):
            assert whole(writer).wrong == 0
        assert whole(writer) == index.Checked(len({step.id for step in steps}), 0, 0)


def test_a_cache_from_before_the_index_is_migrated_without_reading_it_and_indexed_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "old", "acme")
    folder.path.mkdir()
    before = [each for each in schema.cache.pending(Database(memory=True)) if each.name < "0008"]
    with closing(sqlite3.connect(folder.cache)) as old:
        for each in before:
            each.fn(Database(old))
        schema.cache.ensure_migrations_table(Database(old))
        for each in before:
            Database(old)["_sqlite_migrations"].insert(
                {"migration_set": "cache", "name": each.name, "applied_at": "then"}
            )
        values = ("id", "profile_id", "platform", "participant_external_id", "participant_name")
        old.execute(
            f"INSERT INTO chats ({', '.join(values)}, created_at, sort_at, search_key, rev) "
            "VALUES ('chat', 'prof', 'instagram', 'x1', 'Jane', 0, 0, 'jane', 0)"
        )
        old.executemany(
            "INSERT INTO messages (pk, id, chat, position_at, direction, status, body, created_at) "
            "VALUES (?, ?, 1, 0, 'inbound', 'received', ?, 0)",
            [(number, f"m{number}", f"number {number}") for number in range(1, 6)],
        )
        old.commit()
    assert prepare(folder) == []
    with Writer(folder) as writer:
        assert not index.is_complete(writer.cache)
        assert [index.missing(writer.cache, table) for table in (index.MESSAGES, index.NAMES)] == [5, 1]
        assert index.build(writer.cache, 2)
        assert index.build(writer.cache, 2)
        assert found(writer.cache, "number") == ["m4", "m5"]
        assert index.missing(writer.cache, index.MESSAGES) == 3
        assert index.build(writer.cache, 2)
        assert not index.build(writer.cache, 2)
        assert whole(writer) == index.Checked(5, 0, 0)
        assert index.is_complete(writer.cache)


def test_an_index_by_other_rules_is_built_anew(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.pulled(writer, inbound("m1", NOW, body="words"))
    monkeypatch.setattr(index, "RULES", 99)
    with Writer(writer.folder) as newer:
        assert found(newer.cache, "words") == []
        assert index.missing(newer.cache, index.MESSAGES) == 1
        while index.build(newer.cache, 100):
            pass
        assert found(newer.cache, "words") == ["m1"]
    with closing(db.open_reader(writer.folder)) as reader, samples.counting(reader) as cost:
        index.is_complete(reader)
    assert len(cost.statements) == 2


def test_a_fault_of_the_index_is_seen(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW, body="words"), inbound("m2", NOW + 1, body="others"))
    (pk,) = samples.one(writer.cache, "SELECT pk FROM messages WHERE id = 'm1'")
    writer.cache.execute(
        "INSERT INTO messages_fts (messages_fts, rowid, words) VALUES ('delete', ?, 'words')", (pk,)
    )
    with closing(open_reader(writer.folder)) as reader:
        assert index.check(reader, 100) == index.Checked(2, 1, 0)
        assert index.check(reader, None) == index.Checked(2, 1, 0)
        assert index.check(reader, 1) == index.Checked(1, 0, 0)
    writer.cache.execute("INSERT INTO messages_fts (rowid, words) VALUES (12345, 'stray')")
    assert whole(writer).wrong == 2


SECRET = "zqxsecret"


def stands(writer: Writer) -> bool:
    """Whether the secret stands in the bytes of the cache; an entry shares its first letters with others."""
    files = (writer.folder.cache, Path(f"{writer.folder.cache}-wal"))
    return any(SECRET[2:].encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize("small", [True, False])
def test_words_of_a_deleted_message_leave_the_bytes_of_the_index_too(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    told = [inbound(f"m{n}", NOW + n, body=f"{SECRET if n == 7 else n} word{n}") for n in range(600)]
    for start in range(0, 600, 50):
        samples.pulled(writer, *told[start : start + 50])
    assert stands(writer)
    if not small:
        monkeypatch.setattr(index, "SMALL_PAGES", 0)
    apply(writer, replace(told[7], body=None, deleted_at=NOW + 9))
    assert found(writer.cache, SECRET) == []
    assert stands(writer) is not small
    while erasure.merge(writer.cache, 1):
        pass
    assert erasure.erase(writer.cache)
    assert not index.words_left(writer.cache)
    assert not stands(writer)
    assert whole(writer) == index.Checked(600, 0, 0)


def test_a_large_index_from_which_words_were_deleted_is_merged_after_a_kill(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SMALL_PAGES", 0)
    told = inbound("m1", NOW, body=SECRET)
    samples.pulled(writer, told)
    apply(writer, replace(told, body=None, deleted_at=NOW + 9))
    with Writer(writer.folder) as following:
        assert index.words_left(following.cache)
        erasure.merge_all(following.cache)
        assert erasure.erase(following.cache)
        assert not stands(following)
