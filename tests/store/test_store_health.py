"""Looking into the files without touching them, and putting right what is wrong with them."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import store_samples as samples
from filelock import FileLock

from inbox_tui.core.errors import StoreError
from inbox_tui.core.models import Rejected
from inbox_tui.store import db, drafts, health, marks, outbox, repair, screens, sends, writes
from inbox_tui.store.db import Folder, connect_read_only, open_reader, prepare
from inbox_tui.store.health import FileState
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer

COUNT = 120
WORDS = "words that fill a page " * 20


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A folder with as many chats, drafts, outbox items and marks as fill some pages each."""
    folder = samples.new_folder(tmp_path_factory.mktemp("filled") / "account")
    with Writer(folder) as writer:
        writes.apply_profiles(writer, [samples.profile()])
        writes.apply_chats(writer, [samples.chat(f"c{n}") for n in range(COUNT)])
        writes.apply_messages(
            writer,
            [
                writes.MessagePage(f"c{n}", [samples.inbound(f"m{n}", samples.NOW + n, f"c{n}")], newest=True)
                for n in range(COUNT)
            ],
        )
        for n in range(COUNT):
            drafts.save(writer, f"c{n}", f"draft {n}. {WORDS}", n)
            sends.queue_send(writer, f"c{n}", "prof", {"text": f"item {n}. {WORDS}"}, hold_ms=0)
            marks.mark(writer, f"c{n}", "seen")
        writes.refold_chats(writer, [f"c{n}" for n in range(COUNT)])
    return folder


@pytest.fixture
def busy(filled: Folder, tmp_path: Path) -> Folder:
    """A copy of it for one test."""
    return Folder(Path(shutil.copytree(filled.path, tmp_path / "account")), filled.account)


def draft_texts(folder: Folder) -> dict[str, str]:
    with closing(connect_read_only(folder.local)) as connection:
        return dict(connection.execute("SELECT chat_id, text FROM drafts").fetchall())


def contents_of(folder: Folder, pattern: str = "*") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.path.glob(pattern) if path.is_file()}


def tear(path: Path, *words: str) -> bytes:
    """Overwrite the pages of a file in which some words stand; returns what the file holds then."""
    content = bytearray(path.read_bytes())
    for each in words:
        page = content.index(each.encode()) // 4096
        assert page > 0
        content[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    return bytes(content)


def lose_index_rows(path: Path, index: str, statement: str) -> None:
    """Change a table behind the back of one of its indexes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        row = samples.one(connection, "SELECT * FROM sqlite_master WHERE name = ?", index)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = ?", (index,))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() != ("ok",)


# Looking


def test_sound_files_are_well_and_looking_at_them_changes_no_byte(busy: Folder) -> None:
    before = contents_of(busy, "*.db")
    assert [file.state for file in health.check_files(busy, thorough=True)] == [FileState.WELL] * 2
    health.contents(busy)
    health.stale(busy)
    assert contents_of(busy, "*.db") == before


def test_a_file_that_is_not_there_is_missing_and_is_not_made(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "nowhere", "acme")
    assert [file.state for file in health.check_files(folder)] == [FileState.MISSING] * 2
    assert health.open_modes(folder) == []
    assert health.kept_aside(folder) == []
    assert not folder.path.exists()


@pytest.mark.parametrize(("step", "state"), [(1, FileState.NEWER), (-1, FileState.BEHIND)])
def test_a_file_of_another_version_says_so(folder: Folder, step: int, state: FileState) -> None:
    with closing(sqlite3.connect(folder.local)) as connection:
        connection.execute(f"PRAGMA user_version = {db.LOCAL_VERSION + step}")
    assert health.check_files(folder)[1].state is state


@pytest.mark.parametrize("damage", ["a page", "the header"])
def test_a_damaged_file_is_found_with_what_sqlite_says_of_it(busy: Folder, damage: str) -> None:
    if damage == "a page":
        tear(busy.cache, "words of m60")
    else:
        busy.cache.write_bytes(b"garbage" * 1000)
    file = health.check_files(busy)[0]
    assert file.state is FileState.DAMAGED
    assert file.complaints


def test_an_index_that_lacks_a_row_is_found_by_the_thorough_look(busy: Folder) -> None:
    lose_index_rows(busy.local, "outbox_by_chat", "UPDATE outbox SET chat_id = 'other' WHERE pk = 7")
    assert health.check_files(busy, thorough=True)[1].state is FileState.DAMAGED


def test_a_file_that_another_program_holds_for_itself_cannot_be_looked_into_but_is_not_damaged(
    busy: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(busy.local, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM needs")
        file = health.check_files(busy)[1]
    assert file.state is FileState.UNREADABLE
    assert "holding local.db" in file.complaints[0]


def test_what_the_files_hold_is_counted_and_what_waits_for_the_person_is_named(busy: Folder) -> None:
    with Writer(busy) as writer:
        first, second, third = outbox.open_items(writer)[:3]
        outbox.move(writer, first, State.UNCERTAIN, title="Nobody knows")
        outbox.move(writer, second, State.FAILED, title="Too long")
        outbox.move(writer, third, State.SETTLED)
        writes.quarantine(
            writer, "chats of prof", [Rejected(f'{{"n":{n}}}', f"reason {n}") for n in range(5)]
        )
        writes.apply_chats(writer, [samples.chat("listed only", last_message_at=samples.NOW)])
        screens.show(writer, None)
    found = health.contents(busy)
    assert (found.profiles, found.chats, found.unread_chats) == (1, COUNT + 1, 1)
    assert (found.messages, found.drafts) == (COUNT, COUNT)
    assert {kept.state: kept.count for kept in found.outbox} == {
        "uncertain": 1,
        "failed": 1,
        "settled": 1,
        "queued": COUNT - 3,
    }
    assert [item.title for item in (*found.uncertain, *found.failed)] == ["Nobody knows", "Too long"]
    assert found.quarantined == 5
    assert found.reasons == tuple(f"chats of prof: reason {n}" for n in (4, 3, 2))
    assert found.screens == (os.getpid(),)


def test_permissions_of_others_are_found_and_taken_away_except_of_locks_which_hold_nothing(
    busy: Folder,
) -> None:
    busy.path.chmod(0o755)
    busy.local.chmod(0o644)
    busy.lock.touch(0o644)
    found = health.open_modes(busy)
    assert [(entry.path, entry.mode, entry.wanted) for entry in found] == [
        (busy.path, 0o755, 0o700),
        (busy.local, 0o644, 0o600),
    ]
    repair.correct_modes(found)
    assert health.open_modes(busy) == []


def test_backups_and_what_was_moved_aside_are_listed_oldest_first(busy: Folder) -> None:
    aside = db.move_aside(busy)
    os.utime(aside, (1, 1))
    (busy.path / "local-v0-20260101.db").write_bytes(b"backup")
    assert [path.name for path in health.kept_aside(busy)] == [aside.name, "local-v0-20260101.db"]


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")
def test_the_process_that_holds_a_lock_is_named(busy: Folder) -> None:
    assert health.holders(busy.lock) in ((), None)
    program = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]): print('ready', flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(busy.lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert health.holders(busy.lock) == (other.pid,)
        other.communicate("end\n")
    assert health.holders(busy.lock) == ()


# What is derived


def test_after_ordinary_writes_nothing_derived_is_stale(busy: Folder) -> None:
    found = health.stale(busy)
    assert (found.chats, found.looked_at, found.counters) == ((), COUNT, {})


def test_a_mark_that_was_not_folded_in_makes_its_chat_stale(busy: Folder) -> None:
    with Writer(busy) as writer:
        outbox.discard(writer, outbox.open_items(writer)[5].pk)
        item = outbox.open_items(writer)[5]
        outbox.move(writer, item, State.FAILED, title="No")
    assert health.stale(busy).chats == (item.chat_id,)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE chats SET unread = unread + 3, unanswered = 9 WHERE id = 'c7'",
        "UPDATE chats SET preview = 'other words', preview_from = 'published' WHERE id = 'c7'",
        "UPDATE chats SET sort_at = 5 WHERE id = 'c7'",
        "UPDATE chats SET rank = 7 WHERE id = 'c7'",
        "UPDATE chats SET woken = NOT woken WHERE id = 'c7'",
        "UPDATE chats SET search_key = '' WHERE id = 'c7'",
        "UPDATE meta SET value = value + 4 WHERE key IN ('unread', 'chats', 'failed', 'unanswered')",
        "UPDATE profiles SET chats = 1",
    ],
)
def test_derived_values_that_differ_from_the_rows_are_found_and_recomputed(busy: Folder, change: str) -> None:
    def numbers(tables: dict[object, list[object]]) -> dict[object, object]:
        return {row[0]: row[1] for row in tables["meta"] if isinstance(row, tuple) and row[0] != "rev"}

    with closing(open_reader(busy)) as reader:
        before = samples.content(reader)
    with closing(sqlite3.connect(busy.cache, isolation_level=None)) as connection:
        connection.execute(change)
    found = health.stale(busy)
    assert found.chats == (("c7",) if "c7" in change else ())
    assert bool(found.counters) == ("c7" not in change or "unread" in change or "rank" in change)
    with Writer(busy) as writer:
        repair.recompute(writer, found)
    again = health.stale(busy)
    assert (again.chats, again.counters) == ((), {})
    with closing(open_reader(busy)) as reader:
        after = samples.content(reader)
    # Every table is as before, but for the numbers of the transactions.
    for table, rows in before.items():
        if table not in ("chats", "profiles", "meta"):
            assert after[table] == rows
    assert numbers(after) == numbers(before)


def test_only_the_newest_chats_are_recomputed_when_that_is_enough(busy: Folder) -> None:
    assert health.stale(busy, newest=10).looked_at == 10


def test_the_log_of_a_file_is_written_back_and_cut_off(busy: Folder) -> None:
    log = busy.path / "cache.db-wal"
    with Writer(busy) as writer:
        writes.apply_chats(writer, [samples.chat("new")])
        assert log.stat().st_size > 0
        assert repair.write_log_back(writer.cache)
        assert log.stat().st_size == 0


# A damaged local.db


def rescued(folder: Folder) -> repair.Rescue:
    """Rescue, then check that the program opens what came of it."""
    rescue = repair.rescue_local(folder)
    assert prepare(folder) == []
    assert health.check_files(folder, thorough=True)[1].state is FileState.WELL
    assert not list(folder.path.glob("local-rebuilt*"))
    return rescue


def test_a_damaged_index_costs_nothing(busy: Folder) -> None:
    lose_index_rows(busy.local, "outbox_by_chat", "UPDATE outbox SET chat_id = 'other' WHERE pk = 7")
    before = draft_texts(busy)
    rescue = rescued(busy)
    assert rescue.whole
    assert draft_texts(busy) == before
    assert rescue.rows["outbox"] == rescue.rows["drafts"] == rescue.rows["marks"] == COUNT
    with closing(connect_read_only(busy.local)) as connection:
        assert samples.ids(connection, "SELECT pk FROM outbox WHERE chat_id = 'other'") == [7]


@pytest.mark.parametrize("pages", [("draft 60.",), ("draft 3.", "draft 60.", "draft 100."), ("draft 118.",)])
def test_of_a_damaged_table_every_row_is_saved_but_those_on_the_damaged_pages(
    busy: Folder, pages: tuple[str, ...]
) -> None:
    before = draft_texts(busy)
    whole = busy.local.read_bytes()
    torn = tear(busy.local, *pages)
    gone = b"".join(whole[at : at + 4096] for at in range(0, len(whole), 4096) if whole[at] != torn[at])
    on_the_pages = {chat for chat, text in before.items() if text.encode() in gone}
    rescue = rescued(busy)
    assert not rescue.whole
    saved = draft_texts(busy)
    assert saved == {chat: before[chat] for chat in saved}
    assert set(before) - set(saved) <= on_the_pages
    assert 0 < len(on_the_pages) <= 12 * len(pages)
    assert rescue.rows["outbox"] == rescue.rows["marks"] == COUNT
    assert rescue.copy.read_bytes() == torn


def test_the_damaged_file_is_kept_byte_by_byte_with_its_log_and_for_nobody_else(busy: Folder) -> None:
    torn = tear(busy.local, "draft 60.")
    log = busy.path / "local.db-wal"
    log.write_bytes(b"a log of another time" * 300)
    rescue = rescued(busy)
    assert rescue.copy.read_bytes() == torn
    assert Path(f"{rescue.copy}-wal").read_bytes() == b"a log of another time" * 300
    assert {path.stat().st_mode & 0o077 for path in busy.path.glob("local*")} == {0}


def test_what_stands_only_in_the_log_is_saved_too(busy: Folder, tmp_path: Path) -> None:
    # A copy taken while a writer lives is what a killed program leaves behind.
    left = Folder(tmp_path / "left", "acme")
    left.path.mkdir(mode=0o700)
    with Writer(busy) as writer:
        drafts.save(writer, "late", f"typed last. {WORDS}", 0)
        for path in busy.path.iterdir():
            if path.is_file() and not path.name.endswith("-shm"):
                (left.path / path.name).write_bytes(path.read_bytes())
    tear(left.local, "draft 60.")
    rescued(left)
    assert draft_texts(left)["late"].startswith("typed last.")


def test_the_next_mark_after_a_rescue_is_newer_than_all_that_the_cache_has_folded_in(busy: Folder) -> None:
    tear(busy.local, "draft 60.")
    with closing(sqlite3.connect(busy.local, isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET value = 1 WHERE key = 'rev'")
    rescued(busy)
    with Writer(busy) as writer:
        marks.mark(writer, "c7", "done")
        assert writes.refold_stale(writer) >= 1
        assert samples.one(writer.cache, "SELECT done FROM chats WHERE id = 'c7'") == (1,)


def test_a_file_of_which_nothing_can_be_read_is_left_as_it_is(busy: Folder) -> None:
    busy.local.write_bytes(b"not a database " * 1000)
    before = contents_of(busy)
    with pytest.raises(StoreError, match=r"Nothing can be read.*left as it is"):
        repair.rescue_local(busy)
    assert contents_of(busy) == before


def test_a_disk_without_space_for_the_new_file_leaves_everything_as_it_was(
    busy: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tear(busy.local, "draft 60.")
    before = contents_of(busy)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        repair.rescue_local(busy)
    assert contents_of(busy) == before


def test_files_that_another_program_has_open_are_neither_rescued_nor_moved(busy: Folder) -> None:
    tear(busy.local, "draft 60.")
    tear(busy.cache, "words of m60")
    before = contents_of(busy, "*.db")
    program = (
        "import sys, sqlite3\n"
        "files = [sqlite3.connect(path) for path in sys.argv[1:]]\n"
        "for file in files: file.execute('SELECT * FROM meta').fetchall()\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(busy.local), str(busy.cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        for act in (repair.rescue_local, repair.set_cache_aside):
            with pytest.raises(StoreError, match=r"open in another program.*Close every inbox-tui"):
                act(busy)
        assert contents_of(busy, "*.db") == before
        other.communicate("end\n")
    rescued(busy)


def test_a_damaged_cache_is_moved_aside_and_the_next_start_makes_a_new_one(busy: Folder) -> None:
    torn = tear(busy.cache, "words of m60")
    aside = repair.set_cache_aside(busy)
    assert aside.read_bytes() == torn
    prepare(busy)
    assert health.check_files(busy)[0].state is FileState.WELL
    assert len(draft_texts(busy)) == COUNT


def test_damage_anywhere_is_either_rescued_or_leaves_the_file_untouched(busy: Folder, tmp_path: Path) -> None:
    whole = busy.local.read_bytes()
    pages = len(whole) // 4096
    with closing(connect_read_only(busy.local)) as connection:
        before = {
            table: set(connection.execute(f"SELECT * FROM {table}"))
            for table in ("drafts", "outbox", "marks", "touched")
        }
    chance = random.Random(4)
    for page in chance.sample(range(pages), min(pages, 25)):
        content = bytearray(whole)
        content[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096)
        folder = Folder(tmp_path / f"page {page}", "acme")
        folder.path.mkdir(mode=0o700)
        folder.local.write_bytes(content)
        folder.cache.write_bytes(busy.cache.read_bytes())
        if health.check_files(folder, thorough=True)[1].state is not FileState.DAMAGED:
            continue
        try:
            rescued(folder)
        except StoreError:
            assert folder.local.read_bytes() == bytes(content)
        else:
            # A page belongs to one table, and every row that is there is the person's own.
            with closing(connect_read_only(folder.local)) as connection:
                saved = {table: set(connection.execute(f"SELECT * FROM {table}")) for table in before}
            assert all(saved[table] <= before[table] for table in before)
            assert sum(saved[table] != before[table] for table in before) <= 1


def test_nothing_here_waits_for_the_lock_of_an_engine(busy: Folder) -> None:
    with FileLock(busy.lock):
        assert health.contents(busy).chats == COUNT
        assert health.stale(busy).chats == ()
