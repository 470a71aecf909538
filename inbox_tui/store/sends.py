"""Sends: from a draft into the outbox, in one transaction of `local.db`. Other acts are in `store.acts`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Json, JsonObject
from inbox_tui.store import drafts, outbox
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.drafts import NO_WORDS, Words
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.marks import known_now, touch

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

_ALONE = frozenset({"file", "media_url", "reply_to", "reply_markup"})
"""What goes with a draft and would be lost where a send is not made of it (`drafts.EXTRAS`)."""
HOLD_MS = 5_000
"""How long a send can be taken back before it leaves (design, section 6)."""


def queue_send(
    writer: Writer,
    chat_id: str,
    profile_id: str,
    payload: JsonObject,
    *,
    hold_ms: int = HOLD_MS,
    screen: int | None = None,
    retry_of: str | None = None,
    from_draft: bool = False,
    left: Words = NO_WORDS,
) -> OutboxItem:
    """Put a send into the outbox and, with `from_draft`, empty the chat's draft in the same transaction.

    The text is safe when this returns; only then may a composer be emptied. With `hold_ms` the item can be
    taken back that long, by the process `screen`: where that has died, it becomes the draft again (None: no
    screen has it). `retry_of` names the failed message that this one stands for. `left`: what was typed
    behind the text meanwhile, and what was put to that; it stays the draft.

    Raises Refused, and queues nothing, where the draft is not this text any more or the failed message has
    been dealt with: another terminal, or a key pressed twice, was faster.
    """
    known = known_now(writer, chat_id)
    now = now_ms()
    with transaction(writer.local) as rev:
        if from_draft:
            _take_draft(writer.local, chat_id, [payload], left)
        if retry_of:
            if not outbox.mark_dismissed(writer.local, chat_id, retry_of, now):
                raise Refused("This message is being sent again already", "Nothing was sent twice")
            # Its words go with this item from here on.
            writer.local.execute(
                "UPDATE outbox SET payload = '{}' WHERE message_id = ? AND state = 'discarded'", (retry_of,)
            )
        pk = outbox.insert(
            writer,
            "send",
            chat_id,
            profile_id,
            payload,
            known,
            now=now,
            hold_ms=hold_ms,
            screen=screen,
            retry_of=retry_of,
        )
        touch(writer.local, chat_id, rev)
    return outbox.item_of_number(writer.local, pk)


def queue_pair(
    writer: Writer,
    chat_id: str,
    profile_id: str,
    first: JsonObject,
    second: JsonObject,
    *,
    hold_ms: int = HOLD_MS,
    screen: int | None = None,
    from_draft: bool = False,
    left: Words = NO_WORDS,
) -> tuple[OutboxItem, OutboxItem]:
    """Put two sends that are one unit into the outbox: a text and a file, as the API takes one or the other.

    The second leaves when the first was taken. Where the first fails, both stand before the person, and
    `take_back`, `retry` and `discard` of either act on both. `from_draft`, `left` and errors as in
    `queue_send`.
    """
    known = known_now(writer, chat_id)
    now = now_ms()
    pks: list[int] = []
    with transaction(writer.local) as rev:
        if from_draft:
            _take_draft(writer.local, chat_id, [first, second], left)
        for payload in (first, second):
            pks.append(
                outbox.insert(
                    writer,
                    "send",
                    chat_id,
                    profile_id,
                    payload,
                    known,
                    now=now,
                    hold_ms=hold_ms,
                    screen=screen,
                    with_pk=pks[0] if pks else None,
                )
            )
        touch(writer.local, chat_id, rev)
    return outbox.item_of_number(writer.local, pks[0]), outbox.item_of_number(writer.local, pks[1])


def _take_draft(local: sqlite3.Connection, chat_id: str, payloads: Sequence[JsonObject], left: Words) -> None:
    """Leave of a draft what sends were not made of. Raises Refused where it is not the same any more."""
    text, extras, _ = drafts.read(local, chat_id)
    sent: JsonObject = {}
    for payload in payloads:
        sent = {**payload, **sent}
    there = local.execute("SELECT 1 FROM drafts WHERE chat_id = ?", (chat_id,)).fetchone()
    known = [
        name for name in extras if left.extras.get(name) == extras[name] or _goes(name, extras[name], sent)
    ]
    if there is None or text != str(sent.get("text") or "") + left.text or _ALONE & extras.keys() - known:
        raise Refused("This draft was sent or changed elsewhere", "Look at the thread before you send")
    drafts.put(local, chat_id, left.text, len(left.text), left.extras, None)


def _goes(name: str, value: Json, sent: JsonObject) -> bool:
    """Whether what goes with a draft is sent; of a file, the copy is."""
    if name == "file" and "source" in sent:
        return Path(str(value)) == Path(str(sent["source"]))
    return value == sent.get(name)
