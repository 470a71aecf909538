"""A world that no well-behaved service sends: escape sequences, wrong shapes, nulls, broken text.

Every oddity is written as an override of an otherwise sound record, so ids, order and paging hold.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from . import ids
from .clock import DAY, MINUTE, SECOND
from .database import Database
from .dialogues import read

_PLATFORMS = ("instagram", "facebook", "telegram", "bluesky")


@cache
def _oddities() -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = json.loads(read("hostile.json"))
    return table


def texts() -> list[str]:
    """Bodies that must be drawn without harm; the last has 100,000 characters."""
    return [
        *_oddities()["texts"],
        "Z" + "".join(chr(0x300 + index % 0x6F) for index in range(300)) + "algo",
        "w" * 10_000,
        "wide" + "\u754c" * 3_000,
        "\n".join(str(number) for number in range(3_000)),
        "x" * 99_990 + " the end..",
    ]


def _shapes() -> list[object]:
    """Overrides that give a message a wrong shape."""
    many = [
        {"sender_external_id": str(number), "emoji": "👍", "reaction": "like", "at": None}
        for number in range(200)
    ]
    return [*_oddities()["messages"], {"set": {"reactions": many}}]


def add_profiles(database: Database) -> None:
    """Profiles of unknown networks and odd shapes, after the sound ones."""
    for odd in _oddities()["profiles"]:
        database.insert(
            "profiles",
            name="Acme Shop",
            platform=odd["platform"],
            platform_id=f"{odd['platform']}-1",
            status="active",
            post_count=0,
            overrides=json.dumps(odd["overrides"]),
        )


def add_chats(database: Database, first_chat: int, first_message: int, began: int) -> int:
    """Hostile chats on the four networks; the number after the last message."""
    chat, number = first_chat, first_message
    bodies = texts()
    for index, text in enumerate(bodies):
        name = text[:200]
        names = {"participant_name": name, "participant_username": name[:40]}
        profile = index % 4 + 1
        _chat(database, chat, profile, index, {"set": names}, began)
        for offset in range(3):
            words = {"body": text, "error_message": text[:300] if offset == 1 else None}
            _message(database, number, chat, profile, offset, {"set": words}, began - index * MINUTE)
            number += 1
        chat += 1
    for index, bend in enumerate(_oddities()["chats"]):
        profile = index % 4 + 1
        _chat(database, chat, profile, len(bodies) + index, bend, began)
        _message(database, number, chat, profile, 0, None, began - DAY)
        chat, number = chat + 1, number + 1
    # One thread holds every wrong shape between sound messages.
    for profile in (1, 2, 3, 4):
        _chat(database, chat, profile, 0, {"set": {"participant_name": "Every Shape"}}, began)
        for index, shape in enumerate(_shapes()):
            _message(database, number, chat, profile, index, shape, began)
            _message(database, number + 1, chat, profile, index, None, began)
            number += 2
        chat += 1
    return number


def _chat(database: Database, chat: int, profile: int, age: int, overrides: object, began: int) -> None:
    platform = _PLATFORMS[profile - 1]
    newest = began - age * MINUTE
    database.insert(
        "chats",
        no=chat,
        profile=profile,
        participant_external_id=ids.participant_external_id(platform, chat),
        username=f"hostile{chat}",
        name=f"Hostile {chat}",
        conversation_id=ids.conversation_external_id(platform, chat),
        last_inbound_at=newest,
        last_message_at=newest,
        metadata="{}",
        created_at=began - 2 * DAY,
        overrides=json.dumps(overrides),
    )


def _message(
    database: Database, number: int, chat: int, profile: int, offset: int, overrides: object, newest: int
) -> None:
    platform = _PLATFORMS[profile - 1]
    outbound = offset % 3 == 1
    at = newest - offset * 7 * SECOND
    database.insert(
        "messages",
        no=number,
        chat=chat,
        direction="outbound" if outbound else "inbound",
        status="published" if outbound else "received",
        body=f"A sound message, number {number}.",
        external_id=ids.message_external_id(platform, number),
        posted_at=at,
        sort_at=at,
        created_at=at,
        overrides=None if overrides is None else json.dumps(overrides),
    )
