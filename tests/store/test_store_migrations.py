"""Opening the files of an account: new, behind, ahead, broken, by several programs (design, section 4)."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import store_samples as samples
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from inbox_tui.core.errors import StoreError
from inbox_tui.store import db, drafts, schema, writes
from inbox_tui.store.db import Folder, open_reader, prepare
from inbox_tui.store.writer import Writer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def version(path: Path) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


@pytest.fixture
def new(tmp_path: Path) -> Folder:
    """A folder that is not there yet."""
    return Folder(tmp_path / "accounts" / "acme", "acme")


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A person whose files may be read by everybody unless a program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_first_start_makes_both_files_and_a_second_start_changes_nothing(new: Folder) -> None:
    assert prepare(new) == []
    assert (version(new.cache), version(new.local)) == (db.CACHE_VERSION, db.LOCAL_VERSION)
    before = {path.name: path.read_bytes() for path in new.path.glob("*.db")}
    assert prepare(new) == []
    assert {path.name: path.read_bytes() for path in new.path.glob("*.db")} == before


def test_both_files_keep_a_log_beside_them_and_commits_of_the_persons_own_file_reach_the_disk(
    new: Folder,
) -> None:
    prepare(new)
    with Writer(new) as writer:
        for connection, synchronous in ((writer.cache, 1), (writer.local, 2)):
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
            assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_can_read_the_folder_or_its_files(new: Folder) -> None:
    prepare(new)
    with Writer(new) as writer:
        writes.apply_chats(writer, [samples.chat()])
        drafts.save(writer, "chat", "text", 4)
        assert mode(new.path) == mode(new.looks) == 0o700
        names = {path.name for path in new.path.iterdir() if path.is_file()}
        assert {"cache.db", "cache.db-wal", "cache.db-shm", "local.db", "local.db-wal"} <= names
        assert {mode(path) for path in new.path.iterdir() if path.is_file()} == {0o600}


@pytest.mark.usefixtures("open_umask")
def test_what_others_may_do_with_a_folder_or_file_that_is_there_is_taken_away(new: Folder) -> None:
    new.path.mkdir(parents=True, mode=0o755)
    prepare(new)
    new.local.chmod(0o644)
    prepare(new)
    assert (mode(new.path), mode(new.local)) == (0o700, 0o600)


def test_a_newer_local_file_is_refused_and_left_as_it_is(new: Folder) -> None:
    prepare(new)
    with closing(sqlite3.connect(new.local)) as connection:
        connection.execute(f"PRAGMA user_version = {db.LOCAL_VERSION + 1}")
    before = new.local.read_bytes()
    with pytest.raises(StoreError, match=r"newer version.*Update this program"):
        prepare(new)
    assert new.local.read_bytes() == before


def test_a_broken_local_file_is_refused_and_left_as_it_is(new: Folder) -> None:
    prepare(new)
    new.local.write_bytes(b"not a database, but somebody's drafts " * 200)
    before = new.local.read_bytes()
    with pytest.raises(StoreError, match="holds your drafts"):
        prepare(new)
    assert new.local.read_bytes() == before


@pytest.mark.parametrize("problem", ["newer", "broken", "torn"])
def test_a_cache_that_cannot_be_used_is_moved_aside_and_made_anew(new: Folder, problem: str) -> None:
    prepare(new)
    with Writer(new) as writer:
        drafts.save(writer, "chat", "typed", 5)
        generation = writer.generation
    if problem == "newer":
        with closing(sqlite3.connect(new.cache)) as connection:
            connection.execute(f"PRAGMA user_version = {db.CACHE_VERSION + 1}")
    else:
        whole = new.cache.read_bytes()
        new.cache.write_bytes(b"garbage" * 1000 if problem == "broken" else whole[:100] + b"\xff" * 3000)
    before = new.cache.read_bytes()
    (notice,) = prepare(new)
    (aside,) = new.path.glob("cache-*.db")
    assert aside.name in notice
    assert aside.read_bytes() == before
    with Writer(new) as writer, closing(open_reader(new)) as reader:
        assert writer.generation != generation
        assert samples.ids(reader, "SELECT text FROM local.drafts") == ["typed"]
    assert prepare(new) == []


def test_a_second_broken_cache_does_not_take_the_place_of_the_first(new: Folder) -> None:
    for content in (b"first " * 500, b"second " * 500):
        prepare(new)
        new.cache.write_bytes(content)
        prepare(new)
    contents = {path.read_bytes()[:6] for path in new.path.glob("cache-*.db")}
    assert contents == {b"first ", b"second"}


def test_the_log_of_a_cache_that_is_moved_aside_goes_with_it(new: Folder) -> None:
    prepare(new)
    log = new.path / "cache.db-wal"
    log.write_bytes(b"log")
    aside = db.move_aside(new)
    assert not log.exists()
    assert Path(f"{aside}-wal").read_bytes() == b"log"


def test_a_cache_that_is_only_busy_is_not_moved_aside(new: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(new)
    monkeypatch.setattr(db, "CACHE_VERSION", db.CACHE_VERSION + 1)
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(new.cache, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="cannot be written: database is locked"):
            prepare(new)
    assert not list(new.path.glob("cache-*.db"))


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="INBOX_TUI_HOME"):
        prepare(Folder(tmp_path / "file" / "acme", "acme"))


@pytest.fixture
def next_local(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """A version of the program that knows one more migration of `local.db`."""
    following = Migrations("local")
    for migration in schema.local._migrations:
        following(name=migration.name)(migration.fn)
    monkeypatch.setattr(schema, "local", following)
    monkeypatch.setattr(db, "LOCAL_VERSION", db.LOCAL_VERSION + 1)
    return following


def test_a_local_file_is_copied_before_it_is_migrated(new: Folder, next_local: Migrations) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(db, "LOCAL_VERSION", db.LOCAL_VERSION - 1)
        prepare(new)
        with Writer(new) as writer:
            drafts.save(writer, "chat", "typed before", 0)

    before = db.LOCAL_VERSION - 1

    @next_local(name="one more: a colour for drafts")
    def _colour(database: Database) -> None:
        database.conn.execute("ALTER TABLE drafts ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")
        database.conn.execute("UPDATE drafts SET text = 'migrated'")

    prepare(new)
    (copy,) = new.path.glob(f"local-v{before}-*.db")
    assert mode(copy) == 0o600
    with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(new.local)) as current:
        assert samples.ids(old, "SELECT text FROM drafts") == ["typed before"]
        assert samples.one(current, "SELECT text, colour FROM drafts") == ("migrated", "red")
    assert (version(copy), version(new.local)) == (before, before + 1)


def test_a_migration_that_fails_halfway_leaves_the_file_as_it_was(
    new: Folder, next_local: Migrations
) -> None:
    with pytest.MonkeyPatch.context() as before:
        before.setattr(db, "LOCAL_VERSION", db.LOCAL_VERSION - 1)
        prepare(new)

    @next_local(name="one more: too much")
    def _too_much(database: Database) -> None:
        database.conn.execute("ALTER TABLE drafts ADD COLUMN colour TEXT")
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StoreError, match=r"disk is full.*nothing was lost"):
        prepare(new)
    with closing(sqlite3.connect(new.local)) as current:
        columns = [row[1] for row in current.execute("PRAGMA table_info(drafts)")]
    assert "colour" not in columns
    assert version(new.local) == db.LOCAL_VERSION - 1


def start_together(folder: Folder, count: int) -> list[tuple[int, str]]:
    """Exit codes and words of programs that prepare one folder at the same time."""
    program = (
        "import sys, pathlib\n"
        "from inbox_tui.store.db import Folder, prepare\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(*prepare(Folder(pathlib.Path(sys.argv[1]), 'acme')))\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(count)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    words = [child.communicate()[0] for child in children]
    return [(child.returncode, said.strip()) for child, said in zip(children, words, strict=True)]


def test_programs_that_start_at_once_make_the_files_once(new: Folder) -> None:
    assert start_together(new, 4) == [(0, "")] * 4
    with closing(sqlite3.connect(new.cache)) as cache:
        assert samples.one(cache, "SELECT count(*) FROM _sqlite_migrations") == (
            len(schema.cache._migrations),
        )


def test_programs_that_start_at_once_move_a_broken_cache_aside_once(new: Folder) -> None:
    prepare(new)
    new.cache.write_bytes(b"garbage" * 1000)
    results = start_together(new, 4)
    assert [code for code, _ in results] == [0] * 4
    assert sum("moved" in said for _, said in results) == 1
    (aside,) = new.path.glob("cache-*.db")
    assert aside.read_bytes() == b"garbage" * 1000
    assert version(new.cache) == db.CACHE_VERSION


def test_a_folder_named_by_a_relative_path_opens(new: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    new.path.parent.mkdir(parents=True)
    monkeypatch.chdir(new.path.parent)
    relative = Folder(Path("acme %23#?"), "acme")
    prepare(relative)
    with closing(open_reader(relative)) as reader, closing(db.Changes(relative)) as changes:
        assert samples.ids(reader, "SELECT value FROM local.meta WHERE key = 'rev'") == [0]
        assert not changes.poll()
