"""What the outbox needs around it: its engine, a send as a request, and who still lives."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.api.client import Client
from inbox_tui.core.models import Message, Milliseconds, Profile
from inbox_tui.store.local import OutboxItem


@dataclass(slots=True)
class Hooks:
    """What the outbox wants of its engine.

    `profile`: a profile by id. `looked_at`: when the newest messages of a chat were last read in this
    run. `look`: have them read now. `sent`: follow a message (its id, profile and chat) to its end.
    `limited`: the API asked to slow down, for so many seconds where it said so.
    """

    profile: Callable[[str], Profile | None]
    looked_at: Callable[[str], Milliseconds | None]
    look: Callable[[str, str], None]
    sent: Callable[[str, str, str], None]
    limited: Callable[[float | None], None]


def alive(pid: int) -> bool:
    """Whether a process of this machine lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def post(client: Client, item: OutboxItem, group: str | None) -> Message:
    """Send an item: the same bytes each time it is called for the same key."""
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
    )
