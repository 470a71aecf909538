"""From words to items of the outbox: what is sent, as what, and how long it can be taken back."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future
from typing import TYPE_CHECKING

from inbox_tui.core.models import Json, JsonObject, Message, Milliseconds
from inbox_tui.store import drafts, sends
from inbox_tui.store.drafts import NO_WORDS, Words
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui.session import Session

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

LEAVING_MS: Milliseconds = 2_000
"""How long before the reply window closes a send has to leave, to arrive while it is open."""


class Sender:
    """Puts messages into the outbox, by the writing thread."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def queue(
        self,
        row: ChatRow,
        payload: JsonObject,
        second: JsonObject | None = None,
        *,
        left: Words | None = None,
        retry_of: str | None = None,
    ) -> Future[OutboxItem]:
        """Queue a message, or two that are one unit; the item, or the first of them.

        `left`: the words come from the draft, and this is what stays of it; None: they do not.
        """
        chat_id, profile_id = row.chat.id, row.chat.profile_id
        hold_ms, screen, from_draft = self.hold(row), os.getpid(), left is not None
        stays = NO_WORDS if left is None else left

        def queue(writer: Writer) -> OutboxItem:
            if second is None:
                return sends.queue_send(
                    writer,
                    chat_id,
                    profile_id,
                    payload,
                    hold_ms=hold_ms,
                    screen=screen,
                    retry_of=retry_of,
                    from_draft=from_draft,
                    left=stays,
                )
            return sends.queue_pair(
                writer,
                chat_id,
                profile_id,
                payload,
                second,
                hold_ms=hold_ms,
                screen=screen,
                from_draft=from_draft,
                left=stays,
            )[0]

        write = self._session.write(queue)
        self._session.refold(chat_id)
        return write

    def hold(self, row: ChatRow) -> Milliseconds:
        """How long a send can be taken back: it must leave before the window closes, by the server's time."""
        if row.window_closes_at is None:
            return sends.HOLD_MS
        left = row.window_closes_at - LEAVING_MS - self._session.clock.now()
        return max(0, min(sends.HOLD_MS, left))

    async def send_again(self, row: ChatRow, failed: Message, replied_to: Message | None) -> None:
        """Send the text of a message that failed, its buttons and its reply; it stops wanting attention."""
        payload: dict[str, Json] = {"text": failed.body}
        if failed.reply_markup:
            payload["reply_markup"] = failed.reply_markup
        if failed.reply_to_external_id is not None:
            payload["reply_to"] = failed.reply_to_external_id
        if replied_to is not None:
            payload["reply_to_id"] = replied_to.id
        await asyncio.wrap_future(self.queue(row, payload, retry_of=failed.id))


def payloads(words: Words, file: JsonObject | None = None) -> list[JsonObject]:
    """The payload of a send; of a file with a text the two that are one unit, the file first.

    `file`: what is known of the copy of an attached file. A file is likelier to fail, and then the text must
    not stand there alone; so the text follows it, with the buttons, and the file is the reply.
    """
    extras = {name: words.extras[name] for name in drafts.EXTRAS if name in words.extras}
    for name in ("file", "size", "type"):
        extras.pop(name, None)
    text: JsonObject = {"text": words.text} if words.text.strip() else {}
    if file is None and "media_url" not in extras:
        return [{**extras, **text}]
    if not text:
        return [{**extras, **(file or {})}]
    markup = extras.pop("reply_markup", None)
    return [{**extras, **(file or {})}, text if markup is None else {**text, "reply_markup": markup}]
