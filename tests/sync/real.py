"""Words for tests on a real server: what the cache, the outbox and the server hold, and waiting for it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from inbox_tui.config import Settings
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import lookups, outbox, sends
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.writer import Writer
from tests.sync import verify

PATIENCE = 30.0


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is true; a test asserts that it comes, not when."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@contextmanager
def reader(settings: Settings) -> Iterator[sqlite3.Connection]:
    with closing(open_reader(settings.folder)) as connection:
        yield connection


def one(settings: Settings, statement: str, *values: object) -> object:
    """One value of the cache."""
    with reader(settings) as connection:
        row = connection.execute(statement, values).fetchone()
        return None if row is None else row[0]


def count(settings: Settings, what: str) -> int:
    """How many rows there are of a table, or of a part of it."""
    return int(str(one(settings, f"SELECT count(*) FROM {what}")))


def profiles(settings: Settings) -> list[lookups.ProfileRow]:
    with reader(settings) as connection:
        return lookups.profiles(connection)


def chat_of(settings: Settings, platform: str) -> tuple[str, str]:
    """A chat of a platform that can be written to, and its profile."""
    with reader(settings) as connection:
        row = connection.execute(
            "SELECT id, profile_id FROM chats WHERE platform = ? AND last_inbound_at IS NOT NULL "
            "ORDER BY unanswered > 0 DESC, sort_at DESC LIMIT 1",
            (platform,),
        ).fetchone()
    return str(row[0]), str(row[1])


def queue(settings: Settings, text: str, platform: str = "telegram", **more: object) -> OutboxItem:
    """Put a text for the newest chat of a platform into the outbox, without the hold."""
    chat = chat_of(settings, platform)
    with Writer(settings.folder) as writer:
        return sends.queue_send(writer, *chat, {"text": text}, **{"hold_ms": 0, **more})


def item(settings: Settings, queued: OutboxItem) -> OutboxItem:
    with Writer(settings.folder) as writer:
        found = outbox.item(writer, queued.pk)
    assert found is not None
    return found


def received(box: RunningSandbox, text: str) -> int:
    """How many messages with a text the server has."""
    with box.world.read() as database:
        return int(database.value("select count(*) from messages where body = ?", text))


def differences(box: RunningSandbox, settings: Settings) -> list[str]:
    """What the cache and the server do not agree on, by plain HTTP and plain SQL; none where all is well."""
    return verify.differences(box.url, box.api_key, settings.folder.cache)
