"""What the outbox needs around it: its engine and its files, a message as a request, and who still lives."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from inbox_tui.api.client import Client
from inbox_tui.api.requests import Progress
from inbox_tui.core.errors import InboxError
from inbox_tui.core.models import Message, Milliseconds, Profile
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.sync.decisions import Decision
from inbox_tui.sync.jobs import Workers

MESSAGES = (ActName.SEND, ActName.PRIVATE_REPLY)
"""Acts that write to somebody: they must never be lost and never be done twice."""


class AskedAt(NamedTuple):
    """When something was asked of the API: by this machine's clock, and by the server's."""

    here: Milliseconds
    there: Milliseconds


@dataclass(slots=True)
class Hooks:
    """What the outbox wants of its engine.

    `profile`: a profile by id. `looked_at`: when the newest messages of a chat were asked for that were last
    read in this run. `look`: have them read now. `meet`: have the record of a chat read that is not in the
    cache. `sent`: follow a message (its id, profile and chat) to its end. `limited`: the API asked to slow
    down, for so many seconds where it said so. `pause`: for how many more seconds nothing is to be asked of
    it. `later`: do something in the writing thread; any thread may ask.
    """

    profile: Callable[[str], Profile | None]
    looked_at: Callable[[str], AskedAt | None]
    look: Callable[[str, str], None]
    meet: Callable[[str], None]
    sent: Callable[[str, str, str], None]
    limited: Callable[[float | None], None]
    pause: Callable[[], float]
    later: Callable[[Callable[[], None]], None]


class Move(Protocol):
    """Moves an item on, as `outbox.move`; False where somebody was faster."""

    def __call__(self, item: OutboxItem, state: State, *, title: str = "", hint: str = "") -> bool: ...


@dataclass(slots=True)
class Desk:
    """What the parts of the outbox share: its files and threads, and its ways to move an item."""

    writer: Writer
    workers: Workers
    hooks: Hooks
    client: Callable[[], Client]
    now: Callable[[], Milliseconds]
    offset: Callable[[], Milliseconds]
    """Server time minus ours."""
    busy: MutableMapping[int, OutboxItem]
    errors: MutableMapping[int, InboxError]
    pause: Callable[[OutboxItem], float]
    move: Move
    leave: Callable[[OutboxItem], OutboxItem | None]
    """Note that an item leaves now; None where somebody was faster."""
    carry_out: Callable[[OutboxItem, Decision], None]
    changed: Callable[[OutboxItem], None]


def alive(pid: int) -> bool:
    """Whether a process of this machine lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def post(client: Client, item: OutboxItem, group: str | None, on_progress: Progress | None = None) -> Message:
    """Send an item: the same bytes each time it is called for the same key.

    `on_progress`: told in this thread how much of its file has been read for sending.
    """
    if item.act == ActName.PRIVATE_REPLY:
        return client.private_reply(
            str(item.payload.get("post_id")),
            str(item.payload.get("comment_id")),
            profile_id=item.profile_id,
            text=item.text,
            profile_group_id=group,
            idempotency_key=item.key,
        )
    file, media_url = item.payload.get("file"), item.payload.get("media_url")
    reply_to, markup = item.payload.get("reply_to"), item.payload.get("reply_markup")
    return client.send_message(
        item.chat_id,
        text=None if file or media_url else item.text,
        media_url=str(media_url) if media_url else None,
        media_file=Path(str(file)) if file else None,
        reply_to_external_id=str(reply_to) if reply_to else None,
        reply_markup=markup if isinstance(markup, Mapping) else None,
        profile_group_id=group,
        idempotency_key=item.key,
        media_type=str(item.payload["type"]) if item.payload.get("type") else None,
        on_progress=on_progress,
    )
