"""The end of outbox items: what has become of the messages that the API made of them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from inbox_tui.core.errors import InboxError, NotFound, StoreError
from inbox_tui.core.models import Milliseconds, Status
from inbox_tui.store import lookalikes, media
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import decisions
from inbox_tui.sync.decisions import What
from inbox_tui.sync.sending import Desk

_log = logging.getLogger(__name__)

KNOWN_LATE_MS: Milliseconds = 30_000
"""For how long after it was sent a message that was accepted need not be known yet to all that answers."""


def status_of(writer: Writer, item: OutboxItem) -> str | None:
    """The status of an item's message as it is cached."""
    row = writer.cache.execute("SELECT status FROM messages WHERE id = ?", (item.message_id,)).fetchone()
    return None if row is None else str(row[0])


def zone() -> tzinfo:
    """The time zone of the person, for times in sentences."""
    return datetime.now().astimezone().tzinfo or UTC


@dataclass(slots=True)
class Settling:
    """Closes items by what the cache says. `items`: those that are open."""

    desk: Desk
    items: Callable[[], list[OutboxItem]]

    def settle(self, chat_ids: Sequence[str] | None = None) -> None:
        """Close items whose message is published or failed, of some chats or of all.

        One that is uncertain is taken up again when the message turns up that it must have become.
        """
        for item in self.items():
            if chat_ids is not None and item.act == ActName.SEND and item.chat_id not in chat_ids:
                continue
            if item.state == State.UNCERTAIN and item.message_id is None:
                self._settle_uncertain(item)
                continue
            if item.state not in (State.ACCEPTED, State.UNCERTAIN):
                continue
            status = status_of(self.desk.writer, item)
            if status is not None and item.payload.get("file"):
                self._keep_file(item)
            if status == Status.FAILED:
                (reason,) = self.desk.writer.cache.execute(
                    "SELECT error_message FROM messages WHERE id = ?", (item.message_id,)
                ).fetchone()
                self.desk.move(
                    item,
                    State.FAILED,
                    title=reason or "The platform did not take it",
                    hint="The service has given up; send it again or discard it",
                )
            elif status is not None and status not in (Status.PENDING, Status.FAILED_WAITING_FOR_RETRY):
                self.desk.move(item, State.SETTLED)

    def _keep_file(self, item: OutboxItem) -> None:
        """Keep what was sent under its name: the API tells only an address of it."""
        file, name = Path(str(item.payload["file"])), str(item.payload.get("file_name") or "")
        try:
            media.keep_sent(self.desk.writer, str(item.message_id), file, name or file.name)
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.Error):
                raise
            # It has left, and can be fetched like any other.
            _log.warning("the file of outbox item %d is not kept: %s", item.pk, error)

    def _settle_uncertain(self, item: OutboxItem) -> None:
        offset = self.desk.offset()
        look = lookalikes.lookalikes if item.act == ActName.SEND else lookalikes.answers_to_comment
        decision = decisions.after_find(
            look(self.desk.writer.cache, self.desk.writer.local, item, offset),
            dispatched_at=lookalikes.sent_at(item, offset),
            zone=zone(),
        )
        if decision is not None and (decision.what is What.ADOPT or decision.title != item.title):
            self.desk.carry_out(item, decision)

    def lost(self, message_id: str) -> bool:
        """The API does not know a message any more that it had accepted.

        False, and nothing is done, while it may only not know it yet: what answers may be a copy that lags.
        """
        for item in self.items():
            if item.message_id == message_id and item.state == State.ACCEPTED:
                if 0 <= self.desk.now() - (item.dispatched_at or item.created_at) < KNOWN_LATE_MS:
                    return False
                self.desk.move(
                    item,
                    State.UNCERTAIN,
                    title="The API has forgotten this message",
                    hint="Look at the chat: send it again, or discard it if it is there",
                )
        return True

    def unknown_chat(self, chat_id: str, error: InboxError) -> None:
        """A chat cannot be looked at: what waits for that look goes back to the person."""
        for item in self.items():
            if item.chat_id == chat_id and item.state == State.QUEUED and isinstance(error, NotFound):
                self.desk.move(item, State.FAILED, title=error.title, hint=error.hint)

    def accepted(self) -> list[tuple[str, str, str]]:
        """(message, profile, chat) of the items that wait for their end."""
        return [
            (item.message_id, item.profile_id, item.chat_id)
            for item in self.items()
            if item.state == State.ACCEPTED and item.message_id is not None
        ]
