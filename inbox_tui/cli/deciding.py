"""`retry` and `discard`: what the person decides about a message that failed, or of which nobody knows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from inbox_tui.cli import output
from inbox_tui.cli.carrying import NOTHING, Manner, moved, need_a_key, tell
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import InboxError, Refused, UncertainError, UsageError
from inbox_tui.core.models import Message, Status
from inbox_tui.store import clock, lookups, outbox, sends
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import open_reader, prepare
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import refold_chats

LEAST = 4
"""Characters of an item's id that are enough, where they name one alone."""
OVER = (State.FAILED, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a name stands for: an item of the outbox, or a message of the API that failed."""

    chat_id: str
    words: str
    """What was to be done, and to whom."""
    item: OutboxItem | None = None
    message: Message | None = None

    @property
    def id(self) -> str:
        """By what it is named."""
        if self.item is not None:
            return self.item.key
        return "" if self.message is None else self.message.id


def retry(settings: Settings, name: str, *, again: bool, manner: Manner) -> int:
    """Do what failed once more, in its place and under a new key; prints what became of it.

    `again`: also a message that may have arrived, and may then arrive twice. Raises UncertainError for such a
    one without it, Refused for what did not fail, was dealt with or cannot be sent now.
    """
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        found = _find(reader, name)
        _may_go_again(found, again=again)
        _check(reader, found)
    if manner.dry_run:
        _rehearse("retry", f"would try again: {found.words}", found, manner)
        return 0
    need_a_key(settings, manner)
    with Writer(settings.folder) as writer:
        item = _queue_again(writer, found)
        refold_chats(writer, [found.chat_id])
    tell(settings, moved(settings, item, manner), manner)
    return 0


def discard(settings: Settings, name: str, *, manner: Manner) -> int:
    """Give up what failed or is uncertain; what waits behind it may leave then.

    Raises Refused for what did not fail, or was dealt with.
    """
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        found = _find(reader, name)
    if found.item is not None and found.item.state not in OVER:
        raise Refused(_standing(found.item), "Only what failed or is uncertain can be given up")
    if manner.dry_run:
        _rehearse("discard", f"would give up: {found.words}", found, manner)
        return 0
    with Writer(settings.folder) as writer:
        if found.item is not None:
            if not outbox.discard(writer, found.item.pk):
                raise Refused("It was dealt with meanwhile", "Nothing was given up")
        elif found.message is not None:
            outbox.dismiss(writer, found.chat_id, found.message.id)
        refold_chats(writer, [found.chat_id])
        item = None if found.item is None else outbox.item(writer, found.item.pk)
    if item is not None:
        record = output.item_record(item)
    else:
        record = {"id": found.id, "chat_id": found.chat_id, "state": State.DISCARDED}
    if manner.as_json or manner.ids:
        output.print_records([record], ids=manner.ids)
    else:
        print(f"{State.DISCARDED} {record['id']}")
    return 0


def _rehearse(act: str, words: str, found: _Found, manner: Manner) -> None:
    if manner.as_json or manner.ids:
        record: output.Record = {"id": found.id, "dry_run": True, "act": act, "chat_id": found.chat_id}
        output.print_records([record], ids=manner.ids)
    else:
        print(words)


def _find(reader: sqlite3.Connection, name: str) -> _Found:
    """An open item by its id, the start of it or its message; else a failed message."""
    items = [
        item
        for item in lookups.outbox(reader)
        if name in (item.key, item.message_id) or (len(name) >= LEAST and item.key.startswith(name))
    ]
    if len(items) > 1:
        ids = " and ".join(sorted(item.key for item in items))
        raise UsageError(f"{name} names more than one item", f"Name one by its id, such as {ids}")
    if items:
        return _Found(items[0].chat_id, _words(reader, items[0]), item=items[0])
    message = lookups.message(reader, name)
    if message is None:
        raise InboxError(
            f"There is no outbox item and no message {name}", "`inbox-tui outbox` lists what is open"
        )
    if message.status != Status.FAILED:
        raise Refused(f"Message {message.id} has not failed: it is {message.status}", NOTHING)
    dismissed = reader.execute("SELECT 1 FROM local.dismissed WHERE message_id = ?", (message.id,)).fetchone()
    if dismissed is not None:
        raise Refused(f"Message {message.id} was dealt with before", NOTHING)
    return _Found(
        message.chat_id, f"{message.body or 'a file'}{_whom(reader, message.chat_id)}", None, message
    )


def _words(reader: sqlite3.Connection, item: OutboxItem) -> str:
    return f"{output.item_words(item)}{_whom(reader, item.chat_id)}"


def _whom(reader: sqlite3.Connection, chat_id: str) -> str:
    row = lookups.chat(reader, chat_id)
    return "" if row is None else f", to {row.chat.title} ({platform_name(row.chat.platform)})"


def _standing(item: OutboxItem) -> str:
    """Why an item that is neither failed nor uncertain is left alone."""
    if item.state in (State.HELD, State.QUEUED):
        return item.title or "It has not left yet"
    return "It is on its way"


def _may_go_again(found: _Found, *, again: bool) -> None:
    from inbox_tui.sync.sending import MESSAGES

    item = found.item
    if item is None:
        return
    if item.state not in OVER:
        raise Refused(_standing(item), NOTHING)
    if item.state == State.UNCERTAIN and item.act in MESSAGES and not again:
        raise UncertainError(
            item.title or "Nobody knows whether it arrived",
            f"Look at the chat. `inbox-tui retry --again {item.key[:8]}` sends it once more, though it may "
            f"arrive twice; `inbox-tui discard {item.key[:8]}` gives it up",
        )


def _check(reader: sqlite3.Connection, found: _Found) -> None:
    """Refuse what cannot arrive, before anything is queued."""
    from inbox_tui.sync import act_checks

    if found.item is not None:
        act, payload, profile_id = found.item.act, found.item.payload, found.item.profile_id
    else:
        row = lookups.chat(reader, found.chat_id)
        text = None if found.message is None else found.message.body
        if row is None or not text:
            raise Refused("Only text can be sent again from here", "Send the file once more")
        act, payload, profile_id = ActName.SEND, {"text": text}, row.chat.profile_id
    no = act_checks.refusal(
        reader,
        reader,
        act_checks.Asked(ActName(act), found.chat_id, profile_id, payload),
        profile=lookups.profile_names(reader).get(profile_id),
        now=clock.server_now(reader),
    )
    if no is not None:
        raise Refused(no.title, no.hint)


def _queue_again(writer: Writer, found: _Found) -> OutboxItem:
    """Raises Refused where somebody else was faster."""
    if found.item is None and found.message is not None:
        (profile_id,) = writer.cache.execute(
            "SELECT profile_id FROM chats WHERE id = ?", (found.chat_id,)
        ).fetchone()
        payload = {"text": found.message.body}
        return sends.queue_send(
            writer, found.chat_id, str(profile_id), payload, hold_ms=0, retry_of=found.message.id
        )
    item = None
    if found.item is not None and outbox.retry(writer, found.item.pk, uncertain=True):
        item = outbox.item(writer, found.item.pk)
    if item is None:
        raise Refused("It was dealt with meanwhile", NOTHING)
    return item
