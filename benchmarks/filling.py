"""A cache of any size, filled by the program's own way in but without a server."""

from __future__ import annotations

import json
from itertools import islice

from benchmarks.world import generate, profiles
from inbox_tui.api import pages
from inbox_tui.api.transport import Answer
from inbox_tui.store import sync_progress, writes
from inbox_tui.store.db import Folder, now_ms
from inbox_tui.store.writes import MessagePage, Writer
from inbox_tui.sync.reading import LONG


def fill(folder: Folder, *, chats: int, messages: int) -> str:
    """Fill an account's empty cache; returns what the participant of its newest chat is called."""
    world = generate(chats=chats, messages=messages, newest_at=now_ms() - 60_000)
    newest = ""
    with Writer(folder) as writer:
        sync_progress.begin_first_sync(writer, now_ms())
        writes.apply_profiles(writer, pages.PROFILES.read_page(_answer(profiles())).items)
        while part := list(islice(world, LONG)):
            newest = newest or str(part[0][0]["participant_name"])
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
        for profile in profiles():
            writes.record_walk(writer, str(profile["id"]), walked_to=None, walked=True, total=None)
    return newest


def _answer(records: list[dict[str, object]]) -> Answer:
    return Answer(200, json.dumps({"data": records}).encode())
