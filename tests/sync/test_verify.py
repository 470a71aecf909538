"""What compares cache and server sees every single thing that is not the same."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from inbox_tui.config import Settings
from inbox_tui.sandbox.server import RunningSandbox, running
from inbox_tui.store.records import CHAT_COLUMNS, MESSAGE_COLUMNS, PROFILE_COLUMNS
from inbox_tui.sync import engine
from tests.sync import verify
from tests.sync.conftest import QUIET, settings_for

KEPT = {"profiles": PROFILE_COLUMNS, "chats": CHAT_COLUMNS, "messages": MESSAGE_COLUMNS}
"""What the program keeps of each record."""


@pytest.fixture(scope="module")
def still() -> Iterator[RunningSandbox]:
    """A world in which nothing moves."""
    with running(replace(QUIET, frozen_at="2026-06-20T12:00:00Z")) as box:
        yield box


@pytest.fixture(scope="module")
def whole(still: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an account that holds all of it."""
    root = tmp_path_factory.mktemp("whole")
    assert engine.run(settings_for(still, root), once=True, full=True).exit_code == 0
    return root


@pytest.fixture
def settings(still: RunningSandbox, whole: Path, tmp_path: Path) -> Settings:
    """An account with all of it, which a test may spoil."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return settings_for(still, tmp_path)


@pytest.fixture(scope="module")
def server(still: RunningSandbox) -> verify.Contents:
    with verify.client(still.url, still.api_key) as api:
        return verify.on_server(api)


def test_a_fresh_cache_differs_in_nothing(server: verify.Contents, settings: Settings) -> None:
    path = settings.folder.cache
    assert verify.compare(server, verify.in_cache(path)) == []
    assert verify.inconsistencies(path) == []
    counts = server.counts()
    assert min(counts[what] for what in counts) > 0, counts


@pytest.mark.parametrize("table", list(KEPT))
def test_whatever_column_is_wrong_is_named(server: verify.Contents, settings: Settings, table: str) -> None:
    columns = [name for name in KEPT[table] if name not in ("id", "cleaned")]
    with closing(sqlite3.connect(settings.folder.cache, isolation_level=None)) as cache:
        for name in columns:
            pk, identity, value = cache.execute(
                f"SELECT rowid, id, {name} FROM {table} LIMIT 1"
                if table != "profiles"
                else f"SELECT id, id, {name} FROM profiles LIMIT 1"
            ).fetchone()
            key = "id" if table == "profiles" else "rowid"
            wrong = 1 if isinstance(value, int) and value != 1 else '["other"]'
            cache.execute(f"UPDATE {table} SET {name} = ? WHERE {key} = ?", (wrong, pk))
            (line,) = verify.compare(server, verify.in_cache(settings.folder.cache))
            assert f"{identity} differs in {name}: " in line
            cache.execute(f"UPDATE {table} SET {name} = ? WHERE {key} = ?", (value, pk))


def test_what_is_missing_or_too_much_is_named(server: verify.Contents, settings: Settings) -> None:
    with closing(sqlite3.connect(settings.folder.cache, isolation_level=None)) as cache:
        (gone,) = cache.execute("SELECT id FROM messages LIMIT 1").fetchone()
        cache.execute("DELETE FROM messages WHERE id = ?", (gone,))
        cache.execute("UPDATE chats SET id = 'other' WHERE pk = 1")
    lines = verify.compare(server, verify.in_cache(settings.folder.cache))
    assert any(line.startswith(f"message {gone} is missing in the cache") for line in lines)
    assert any(line.startswith("chat other is in the cache alone") for line in lines)
    (contradiction,) = verify.inconsistencies(settings.folder.cache)
    assert contradiction.startswith("chats count other messages than they have: ")


def test_the_command_prints_what_it_compared_and_that_nothing_differs(
    still: RunningSandbox, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (still.url, str(settings.key_file), str(settings.folder.cache))
    assert verify.main(*arguments) == 0
    compared, verdict = capsys.readouterr().out.splitlines()
    assert compared.startswith("compared: 4 profiles, ")
    assert verdict == "differences: none"
    with closing(sqlite3.connect(settings.folder.cache, isolation_level=None)) as cache:
        cache.execute("UPDATE messages SET body = 'other' WHERE pk = (SELECT min(pk) FROM messages)")
    assert verify.main(*arguments) == 1
    assert capsys.readouterr().out.splitlines()[1:] != ["differences: none"]
