"""Sends whose answer was lost: what they were written into is looked through for what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from inbox_tui.api.client import Client
from inbox_tui.core.errors import InboxError
from inbox_tui.core.models import Chat, Comment, Message, Milliseconds, Page
from inbox_tui.store import fetched, lookalikes
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem
from inbox_tui.sync import decisions
from inbox_tui.sync.decisions import What
from inbox_tui.sync.sending import Desk
from inbox_tui.sync.settling import zone

SEARCHED_CHATS = 5
"""Chats that are looked through for a private reply of which no chat is known."""


@dataclass(slots=True)
class Searching:
    """Looks whether a send arrived, and has carried out what that decides."""

    desk: Desk

    def search(self, item: OutboxItem) -> None:
        """Read the newest own messages of where an item may have arrived."""
        client, started = self.desk.client(), self.desk.now()
        profile = self.desk.hooks.profile(item.profile_id)
        group = None if profile is None else profile.profile_group_id
        comment_id = str(item.payload.get("comment_id"))
        comment = fetched.comment(self.desk.writer.cache, item.profile_id, comment_id)
        self.desk.busy[item.pk] = item
        self.desk.workers.submit(
            lambda: _own_messages(client, item, group, comment),
            lambda outcome: self._searched(item, outcome, started),
        )

    def _searched(self, item: OutboxItem, outcome: Page[Message] | InboxError, started: Milliseconds) -> None:
        self.desk.busy.pop(item.pk, None)
        if isinstance(outcome, InboxError):
            unread = decisions.after_unread(
                outcome,
                now=self.desk.now(),
                dispatched_at=item.dispatched_at or item.created_at,
                pause=self.desk.pause(item),
            )
            self.desk.carry_out(item, unread)
            return
        offset = self.desk.offset()
        since = lookalikes.sent_at(item, offset)
        found = [message for message in outcome.items if lookalikes.fits(item, message, since)]
        decision = decisions.after_search(
            lookalikes.unclaimed(self.desk.writer.cache, self.desk.writer.local, item, found),
            dispatched_at=since,
            read_at=started + offset,
            zone=zone(),
        )
        if decision.what is What.ASK and item.act == ActName.SEND:
            # The person decides with the chat before their eyes as it is now.
            self.desk.hooks.look(item.chat_id, item.profile_id)
        self.desk.carry_out(item, decision)


def _own_messages(
    client: Client, item: OutboxItem, group: str | None, comment: Comment | None
) -> Page[Message]:
    """The newest own messages of where an item may have arrived.

    Of a private reply only what answers its comment: from the chat with who wrote `comment`, or, where that
    is not known, from the profile's newest chats.
    """
    if item.act == ActName.SEND:
        return client.list_messages(item.chat_id, direction="outbound", profile_group_id=group)
    author = None if comment is None else comment.author_external_id
    found: list[Message] = []
    for chat in _chats_with(client, item.profile_id, author, group):
        page = client.list_messages(chat.id, direction="outbound", profile_group_id=group)
        found += page.items
    answered = item.payload.get("comment_external_id")
    return Page(tuple(message for message in found if message.external_comment_id == answered))


def _chats_with(client: Client, profile_id: str, author: str | None, group: str | None) -> list[Chat]:
    chats = client.list_chats(profile_id, profile_group_id=group).items
    if author is None:
        return list(chats[:SEARCHED_CHATS])
    return [chat for chat in chats if chat.participant_external_id == author]
