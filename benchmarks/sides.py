"""The sides of the comparison, each run in a process of its own: `python -m benchmarks.sides NAME ...`.

Every side prints one line of JSON: seconds from opening its connections to closing them, rows, and peak
memory. Arguments: the name, the folder of the world, the server's URL, and an empty folder to write to.

fetch   every answer of the first sync as bytes, httpx's plain client in as many threads: the network alone
store   the same bytes from memory through validation into the cache, by the program's own code, no network
sync    the program's own first sync
naive   one httpx.AsyncClient, sqlite-utils upserts a page as it comes, a search index kept by triggers
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import sqlite_utils

from benchmarks.world import Record, World, profiles
from inbox_tui import config
from inbox_tui.api import pages
from inbox_tui.api.transport import Answer
from inbox_tui.store import db, sync_progress, writes
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync import engine
from inbox_tui.sync.loop import READERS
from inbox_tui.sync.reading import LONG

KEY = "pp_bench"
_HEADERS = {"Authorization": f"Bearer {KEY}"}


def settings(url: str, home: Path) -> config.Settings:
    """An account of its own in a folder, on a server."""
    made = config.load(environment={"INBOX_TUI_HOME": str(home), "INBOX_TUI_API_URL": url})
    db.prepare(made.folder)
    made.key_file.touch(mode=0o600)
    made.key_file.write_text(KEY)
    return made


def _list_urls(world: World) -> list[str]:
    """The requests by which a profile's chats are listed, a page after the other."""
    urls = []
    for profile in profiles():
        times = [chat["last_message_at"] for chat in world.chats() if chat["profile_id"] == profile["id"]]
        path = f"/api/profiles/{profile['id']}/chats?per_page=100"
        urls += [path, *(f"{path}&before={before}" for before in times[99:-1:100])]
    return urls


def _page_urls(world: World) -> list[str]:
    return [f"/api/chats/{chat['id']}/messages?per_page=100" for chat in world.chats()]


def fetch(world: World, url: str, home: Path) -> tuple[float, int]:
    """The answers alone."""
    urls = [*_list_urls(world), *_page_urls(world)]
    began = time.perf_counter()
    with httpx.Client(base_url=url, headers=_HEADERS) as client, ThreadPoolExecutor(READERS) as threads:
        count = sum(threads.map(lambda path: len(client.get(path).content) > 0, urls))
    return time.perf_counter() - began, count


def store(world: World, url: str, home: Path) -> tuple[float, int]:
    """Validation, derived columns and indexes, without the network."""
    lists = [
        json.dumps({"total": len(world.chats()), "data": part}).encode()
        for profile in profiles()
        for part in _parts([chat for chat in world.chats() if chat["profile_id"] == profile["id"]])
    ]
    bodies = world.pages()
    listed = json.dumps({"data": profiles()}).encode()
    folder = settings(url, home).folder
    began = time.perf_counter()
    with Writer(folder) as writer:
        sync_progress.begin_first_sync(writer, db.now_ms())
        writes.apply_profiles(writer, pages.PROFILES.read_page(Answer(200, listed)).items)
        newest: dict[str, int | None] = {}
        for body in lists:
            chats = pages.CHATS.read_page(Answer(200, body)).items
            newest |= {chat.id: chat.last_message_at for chat in chats}
            writes.apply_chats(writer, chats)
        for start in range(0, len(bodies), LONG):
            found = [pages.MESSAGES.read_page(Answer(200, body)) for body in bodies[start : start + LONG]]
            writes.apply_messages(
                writer,
                [
                    MessagePage(
                        page.items[0].chat_id,
                        page.items,
                        newest=True,
                        newest_for=newest[page.items[0].chat_id],
                        pulled_to=max(message.position[0] for message in page.items),
                        total=page.total,
                        history_done=True,
                    )
                    for page in found
                ],
            )
    seconds = time.perf_counter() - began
    with closing(db.open_reader(folder)) as reader:
        return seconds, _count(reader)


def _parts(chats: list[Record]) -> list[list[Record]]:
    return [chats[start : start + 100] for start in range(0, len(chats), 100)]


def sync(world: World, url: str, home: Path) -> tuple[float, int]:
    """The program itself."""
    made = settings(url, home)
    began = time.perf_counter()
    report = engine.run(made, once=True)
    seconds = time.perf_counter() - began
    if report.errors or report.progress.chats_read != len(world.chats()):
        raise SystemExit(f"the sync is not complete: {report}")
    with closing(db.open_reader(made.folder)) as reader:
        return seconds, _count(reader)


def naive(world: World, url: str, home: Path) -> tuple[float, int]:
    """How it would be written first."""
    first, *lists = _list_urls(world)
    newest, *rest = _page_urls(world)

    async def run(database: sqlite_utils.Database) -> None:
        database.enable_wal()
        database.conn.execute("PRAGMA synchronous = NORMAL")
        limit = asyncio.Semaphore(8)

        async def get(client: httpx.AsyncClient, path: str, table: str) -> None:
            async with limit:
                answer = await client.get(path)
            database.table(table).upsert_all(answer.json()["data"], pk="id", alter=True)

        async with httpx.AsyncClient(base_url=url, headers=_HEADERS) as client:
            await get(client, first, "chats")
            database.table("chats").create_index(["last_message_at"])
            await get(client, newest, "messages")
            database.table("messages").create_index(["chat_id", "external_posted_at"])
            database.table("messages").enable_fts(["body"], create_triggers=True)
            await asyncio.gather(*(get(client, path, "chats") for path in lists))
            await asyncio.gather(*(get(client, path, "messages") for path in rest))

    began = time.perf_counter()
    with closing(sqlite_utils.Database(home / "naive.db")) as database:
        asyncio.run(run(database))
        count = _count(database.conn)
    return time.perf_counter() - began, count


def _count(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    return int(count)


SIDES: dict[str, Callable[[World, str, Path], tuple[float, int]]] = {
    side.__name__: side for side in (fetch, store, sync, naive)
}


def main(name: str, world: str, url: str, home: str) -> None:
    """Run a side and print what it took."""
    seconds, rows = SIDES[name](World(Path(world)), url, Path(home))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
