"""What an outbox item is: an intention of the person, from when it is written down until it is at its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import JsonObject, Milliseconds
from inbox_tui.store.records import SqlRow


class State(StrEnum):
    """States of an outbox item (DESIGN section 6)."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DISCARDED = "discarded"


ON_THE_WAY = frozenset({State.HELD, State.QUEUED, State.SENDING})
"""States of an item of which the API does not know yet, or may not."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """An intention of the person: an act on a chat, with the account and profile it was made for.

    `payload` holds the act's arguments (`text`, `media_url`, `file`, `reply_to`, `reply_markup`);
    `title` and `hint` say what went wrong; `message_id` is the API's message once it is known, `retry_of` the
    failed one that it stands for. All times are this machine's; `clock_offset`: server time minus ours when
    it was dispatched, None where that was not known. `screen`: the process that may take it back while it is
    held. `with_pk`: the item that it follows as the second part of one unit (see `sends.queue_pair`);
    `done_bytes`: how much of its file is on its way.
    """

    pk: int
    key: str
    account: str
    act: str
    chat_id: str
    profile_id: str
    payload: JsonObject
    state: str
    created_at: Milliseconds
    held_until: Milliseconds | None
    dispatched_at: Milliseconds | None
    attempts: int
    next_try_at: Milliseconds | None
    title: str
    hint: str
    message_id: str | None
    retry_of: str | None
    screen: int | None
    clock_offset: Milliseconds | None
    with_pk: int | None
    done_bytes: int

    @property
    def text(self) -> str:
        """The text to send, empty for a file."""
        return str(self.payload.get("text") or "")

    @property
    def file_name(self) -> str:
        """What its file is called, or the address from which the service fetches it; empty without one."""
        payload = self.payload
        return str(payload.get("file_name") or payload.get("media_url") or payload.get("file") or "")

    @property
    def draft_key(self) -> str:
        """Where its words go when it is taken back: the draft of its chat, or of the edit of its message."""
        return f"edit:{self.payload.get('message_id')}" if self.act == "edit" else self.chat_id


ITEM_COLUMNS = (
    "pk, key, account, act, chat_id, profile_id, payload, state, created_at, held_until, dispatched_at, "
    "attempts, next_try_at, title, hint, message_id, retry_of, screen, clock_offset, with_pk, done_bytes"
)


def item_of(row: SqlRow) -> OutboxItem:
    """An outbox item from the columns ITEM_COLUMNS."""
    pk, key, account, act, chat_id, profile_id, payload, *rest = row
    return OutboxItem(pk, key, account, act, chat_id, profile_id, json.loads(payload), *rest)


def refuse_foreign(item: OutboxItem, account: str) -> None:
    """Raise Refused where an intention was made for another account."""
    if item.account != account:
        raise Refused(
            f"This was written for the account {item.account}, not for {account}",
            "Nothing was sent; open the inbox of that account",
        )
