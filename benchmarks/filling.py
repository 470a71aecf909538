"""A cache of any size, filled by the program's own way in but without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from random import Random

from benchmarks.world import Record, generate, message, profiles
from inbox_tui.api import pages
from inbox_tui.api.transport import Answer
from inbox_tui.store import sync_progress, writes
from inbox_tui.store.db import Folder, now_ms
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync.reading import LONG

HOUR = 3_600_000


def fill(folder: Folder, *, chats: int, messages: int, newest: int = 0) -> str:
    """Fill an account's empty cache; returns what the participant of its newest chat is called.

    `newest`: how many messages more its newest chat has.
    """
    world = generate(chats=chats, messages=messages, newest_at=now_ms() - 60_000)
    first: Record = {}
    with Writer(folder) as writer:
        sync_progress.begin_first_sync(writer, now_ms())
        writes.apply_profiles(writer, pages.PROFILES.read_page(_answer(profiles())).items)
        while part := list(islice(world, LONG)):
            first = first or part[0][0]
            known = pages.CHATS.read_page(_answer([chat for chat, _ in part])).items
            writes.apply_chats(writer, known)
            writes.apply_messages(
                writer,
                [
                    MessagePage(
                        chat.id,
                        pages.MESSAGES.read_page(_answer(found)).items,
                        newest=True,
                        newest_for=chat.last_message_at,
                        pulled_to=chat.last_message_at,
                        total=messages,
                        history_done=True,
                    )
                    for chat, (_, found) in zip(known, part, strict=True)
                ],
            )
        for page in _history(first, newest):
            found = pages.MESSAGES.read_page(_answer(page)).items
            writes.apply_messages(writer, [MessagePage(str(first["id"]), found, history=True)])
        for profile in profiles():
            writes.record_walk(writer, str(profile["id"]), walked_to=None, walked=True, total=None)
    return str(first["participant_name"])


def _history(chat: Record, count: int) -> Iterator[list[Record]]:
    """Messages of a chat behind a year of silence, one an hour, in pages."""
    random = Random(2)  # noqa: S311 - test data, not a secret
    start = now_ms() - 365 * 24 * HOUR
    times = iter(range(start, start - count * HOUR, -HOUR))
    while page := list(islice(times, 1_000)):
        yield [
            message(random, str(chat["id"]), str(chat["platform"]), at, inbound=random.random() < 0.6)
            for at in page
        ]


def _answer(records: list[dict[str, object]]) -> Answer:
    return Answer(200, json.dumps({"data": records}).encode())
