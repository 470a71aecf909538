"""Verbs that read the cache: profiles, chats, thread, outbox. They work without a network."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from typing import Protocol, TypeVar

from inbox_tui.cli import output
from inbox_tui.config import Settings
from inbox_tui.core import keyboards, reactions
from inbox_tui.core.capabilities import Act, Allowed, ask, platform_name
from inbox_tui.core.errors import InboxError, UsageError
from inbox_tui.core.models import Chat, Json, Message, Milliseconds
from inbox_tui.core.ranking import FOREVER
from inbox_tui.core.summary import describe, is_tap
from inbox_tui.core.text import clean
from inbox_tui.core.times import age, day_label, duration
from inbox_tui.core.times import clock as time_of_day
from inbox_tui.store import clock, lookalikes, looks, lookups, reads, search
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import Folder, now_ms, open_reader, prepare
from inbox_tui.store.entries import chats_with_failed_messages, failed_in_chats
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.looks import Freshness
from inbox_tui.store.lookups import ProfileRow
from inbox_tui.store.reads import ChatRow, Key
from inbox_tui.store.threads import ThreadRow, ThreadSource
from inbox_tui.store.views import View, ViewSource

PAGE = 500
NOTHING_CACHED = "nothing is cached yet; `inbox-tui sync` fetches it"


def columns() -> int:
    """The width of the terminal; wide where the output is not one."""
    return shutil.get_terminal_size((200, 24)).columns


def profiles(settings: Settings, *, as_json: bool, ids: bool) -> None:
    """Every profile with its health."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        rows = lookups.profiles(reader)
    records = [output.profile_record(row, looks.looked_at(settings.folder, row.profile.id)) for row in rows]
    if not rows:
        output.say_nothing_found(NOTHING_CACHED)
    if as_json or ids:
        output.print_records(records, ids=ids)
        return
    now = now_ms()
    table = []
    for row in rows:
        looked = looks.look_age(settings.folder, row.profile.id, now)
        health = row.fault_title or (row.profile.status if row.profile.status != "active" else "well")
        table.append(
            (
                row.profile.id,
                platform_name(row.profile.platform),
                row.profile.name,
                f"{row.chats} chats",
                "never" if looked is None else f"last look {age(looked)}",
                f"{health}. {row.fault_hint}" if row.fault_title and row.fault_hint else health,
            )
        )
    output.print_table(("id", "platform", "name", "cached", "age", "health"), table, columns())


def listing(
    settings: Settings, reader: sqlite3.Connection, query: str, view: str | None, now: Milliseconds
) -> reads.ChatListing:
    """What the list of the screen shows for a view, else for a query. Raises QueryError and UsageError."""
    if view is not None and query:
        raise UsageError("A query and --view exclude each other", "Give one of them")
    name = (view or View.ALL).strip().lower()
    if not query and name in {known.value for known in View}:
        return ViewSource(reader, View(name), now)
    if not query:
        saved = {known.lower(): text for known, text in settings.views.items()}
        if name not in saved:
            names = ", ".join([*View, *settings.views])
            raise UsageError(f"There is no view “{clean(view or '')}”", f"There are: {names}")
        query = saved[name]
    zone = datetime.now().astimezone().tzinfo or UTC
    plan = search.plan(query, lookups.profile_names(reader).values(), now=now, zone=zone)
    if isinstance(plan, reads.ChatFilter):
        return reads.ChatSource(reader, plan)
    return reads.PickedSource(reader, search.pick(settings.folder, plan))


def chats(settings: Settings, query: str, view: str | None, *, as_json: bool, ids: bool) -> None:
    """Every chat of a view in its order, or every one that a query finds, newest first.

    `view`: a view of `store.views` or a saved one; None without a query: all chats. Raises QueryError, and
    UsageError where there is no such view.
    """
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        now = clock.server_now(reader)
        rows = every(listing(settings, reader, query, view, now))
        if as_json or ids:
            fresh = freshness(settings.folder, lookups.profiles(reader))
            count = output.print_records((output.chat_record(row, fresh(row)) for row in rows), ids=ids)
        else:
            table = [
                (
                    row.chat.id,
                    row.chat.platform,
                    row.chat.title,
                    age(now - row.active_at),
                    _state(row, now),
                    row.last_words,
                )
                for row in rows
            ]
            head = ("id", "platform", "person", "age", "state", "last message")
            output.print_table(head, table, columns())
            count = len(table)
        if not count:
            cached = lookups.counts(reader).chats
            output.say_nothing_found("no chat matches" if cached else NOTHING_CACHED)


def freshness(folder: Folder, profiles: Sequence[ProfileRow]) -> Callable[[ChatRow], Freshness]:
    """How fresh each of many chats is, as of now."""
    looked = looks.all_chats_looked_at(folder)
    listed = {row.profile.id: looks.looked_at(folder, row.profile.id) for row in profiles}
    walked = {row.profile.id for row in profiles if row.walked}

    def of(row: ChatRow) -> Freshness:
        chat = row.chat
        return looks.freshness(
            looked(chat.id),
            listed.get(chat.profile_id),
            read_at=row.pulled_at,
            complete=row.complete and chat.profile_id in walked,
        )

    return of


def _state(row: ChatRow, now: Milliseconds) -> str:
    """The most urgent state of a chat in words, in the order of the screen."""
    if row.uncertain:
        return "uncertain"
    if row.failed:
        return f"{row.failed} failed"
    if row.retrying_since is not None:
        return "retrying"
    if row.leaving:
        return "1 not sent yet" if row.leaving == 1 else f"{row.leaving} not sent yet"
    if row.snoozed_until is not None and now < row.snoozed_until:
        return "snoozed" if row.snoozed_until >= FOREVER else f"snoozed {duration(row.snoozed_until - now)}"
    if row.done:
        return f"done, {row.unread} unread" if row.unread else "done"
    if row.unread:
        return f"{row.unread} unread"
    if row.unanswered:
        return "to answer"
    return "waiting" if row.waiting else ""


def thread(settings: Settings, name: str, *, as_json: bool, ids: bool) -> None:
    """Every cached message of a chat, oldest first. Raises InboxError as `naming.chat_named` does."""
    # It lists chats by this module.
    from inbox_tui.cli.naming import Use, chat_named

    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        row = chat_named(settings, reader, name, Use.READING)
        source = ThreadSource(reader, row.pk, row.chat.id)
        entries = every(source)
        if as_json or ids:
            output.print_records(_records(entries), ids=ids)
            return
        _print_thread(row, entries, clock.server_now(reader))


def _records(entries: Iterator[ThreadRow]) -> Iterator[output.Record]:
    for entry in entries:
        if entry.message is not None:
            record = output.message_record(entry.message)
            pending: list[Json] = [output.item_record(item) for item in entry.pending]
            yield {**record, "pending": pending} if pending else record
        yield from map(output.item_record, entry.items)


def _print_thread(row: ChatRow, entries: Iterator[ThreadRow], now: Milliseconds) -> None:
    zone = datetime.now().astimezone().tzinfo or UTC
    day = ""
    print(f"{row.chat.title} · {platform_name(row.chat.platform)}")
    for entry in entries:
        if entry.message is None:
            for item in entry.items:
                words = item.text or f"[file] {clean(item.file_name)}"
                print(f"   …   you: {words}  ({item.state})")
            continue
        message = entry.message
        at = message.position[0]
        if (today := day_label(at, now, zone)) != day:
            day = today
            print(f"-- {day} --")
        who = row.chat.title if message.inbound else "you"
        words = _whole(message, entry.tapped)
        print(f"{time_of_day(at, zone)}  {who}: {words}{_marks(row.chat, entry, message, zone)}")


def _whole(message: Message, tapped: str | None) -> str:
    """A message with all of its text, further lines of it indented."""
    if message.deleted_at is not None or is_tap(message) or not message.body:
        return describe(message, tapped)
    files = "".join(f"[{file.type}] " for file in message.attachments)
    return files + message.body.replace("\n", "\n       ")


def _marks(chat: Chat, entry: ThreadRow, message: Message, zone: tzinfo) -> str:
    """What is to be said of a message behind its text: what became of it, and what has been done to it."""
    marks = []
    if not message.inbound:
        reason = f": {message.error_message}" if message.error_message else ""
        receipts = isinstance(ask(Act.RECEIPTS, chat, now=0), Allowed)
        read = f", read {time_of_day(message.read_at, zone)}" if receipts and message.read_at else ""
        marks.append(f"({message.status}{read}){reason}")
    if message.deleted_at is None:
        if message.edited_at is not None:
            marks.append(f"[edited {time_of_day(message.edited_at, zone)}]")
        for reaction in message.reactions:
            who = chat.title if reaction.sender_external_id == chat.participant_external_id else "you"
            marks.append(f"[{reactions.looks(chat.platform, reaction.reaction, reaction.emoji)} {who}]")
        if message.reply_markup:
            marks.append(f"[{keyboards.summary(message.reply_markup)}]")
    marks += [f"[{output.item_words(item)}: {_standing(item)}]" for item in entry.pending]
    return "".join(f"  {mark}" for mark in marks)


def _standing(item: OutboxItem) -> str:
    return f"{item.state}, {item.title}" if item.title else item.state


def find_chat(row: ChatRow | None, name: str) -> ChatRow:
    """The chat, or an error that says how to find one."""
    if row is None:
        raise InboxError(
            f"There is no chat {name} in the cache",
            "Give an id, as `inbox-tui chats from:jane` finds it, or run `inbox-tui sync --once` first",
        )
    return row


class _Keyed(Protocol):
    @property
    def key(self) -> Key: ...


RowT = TypeVar("RowT", bound=_Keyed)


def every(source: reads.Source[RowT]) -> Iterator[RowT]:
    """All rows of a source from its start, read by the page."""
    key: Key | None = None
    while True:
        rows: Sequence[RowT] = source.after(key, PAGE)
        yield from rows
        if len(rows) < PAGE:
            return
        key = rows[-1].key


def _item_record(item: OutboxItem, found: Sequence[Message] | None) -> output.Record:
    """An item; with one of which nobody knows whether it arrived, the messages that may be it."""
    record = dict(output.item_record(item))
    if found is not None:
        record["found"] = [message.id for message in found]
    return record


def outbox(settings: Settings, *, as_json: bool, ids: bool) -> None:
    """Every item that has not reached its end."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        items = lookups.outbox(reader)
        found = {
            item.pk: lookalikes.lookalikes(reader, reader, item, clock.offset(reader))
            for item in items
            if item.state == State.UNCERTAIN and item.act == ActName.SEND
        }
        failed = chats_with_failed_messages(reader)
    if not items:
        output.say_nothing_found("nothing waits to be sent")
    if failed and not (as_json or ids):
        output.say_nothing_found(f"{failed_in_chats(failed)}: `inbox-tui chats is:failed` lists them")
    if as_json or ids:
        output.print_records((_item_record(item, found.get(item.pk)) for item in items), ids=ids)
        return
    now = now_ms()
    table = [
        (
            item.key[:8],
            item.chat_id,
            item.act.replace("_", "-"),
            item.state,
            age(now - item.created_at),
            f"{item.title}: {output.item_words(item)}" if item.title else output.item_words(item),
        )
        for item in items
    ]
    output.print_table(
        ("id", "chat", "act", "state", "age", "what, and what is in its way"), table, columns()
    )
