"""`send`: a text, a file, or both as one unit, by the rules of the screen."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.cli import snippets
from inbox_tui.cli.acting import no_blank, read_markup, read_text
from inbox_tui.cli.carrying import Manner, Subject, moved, need_a_key, rehearse, tell
from inbox_tui.cli.naming import Use, chat_named
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import Act, ask, platform_name
from inbox_tui.core.capabilities import Refused as NotAllowed
from inbox_tui.core.cells import preview
from inbox_tui.core.errors import InboxError, Refused, UsageError
from inbox_tui.core.files import file_name
from inbox_tui.core.links import safe_url
from inbox_tui.core.models import Json, JsonObject, Message
from inbox_tui.core.text import clean
from inbox_tui.store import clock, lookups, sends, spool
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import Folder, open_reader, prepare
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.records import MESSAGE_COLUMNS, message_of
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import refold_chats


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be sent, as it was given; `file` and `url` exclude each other."""

    text: str | None = None
    file: Path | None = None
    url: str | None = None
    reply_to: str | None = None
    markup: str | None = None
    snippet: str | None = None
    """A snippet's name, in place of a text."""
    answers: tuple[str, ...] = ()
    """What fills its blanks, as `key=value`."""
    as_is: bool = False
    """Also a text in which something looks like a blank."""


def send_message(settings: Settings, name: str, given: Given, manner: Manner) -> int:
    """Check, queue and carry out a send; prints what became of it. Raises InboxError with its exit code."""
    from inbox_tui.sync import act_checks

    if given.snippet is None and given.answers:
        raise UsageError("--set fills the blanks of a snippet", "Name it with --snippet")
    if given.snippet is not None and given.text is not None:
        raise UsageError("A text and --snippet exclude each other", "Give one of them")
    alone = given.text is None and (given.file or given.url or given.snippet)
    words = None if alone else clean(read_text(given.text))
    file = _file(given)
    markup = None if given.markup is None else read_markup(given.markup)
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        row = chat_named(settings, reader, name, Use.SENDING)
        profile = lookups.profile_names(reader).get(row.chat.profile_id)
        answered = None if given.reply_to is None else _answered(reader, row, given.reply_to)
        now = clock.server_now(reader)
        if given.snippet is not None:
            filled = snippets.filled(settings, given.snippet, given.answers, row.chat, profile)
            words = filled.text
            if markup is None and filled.keyboard:
                no = ask(Act.REPLY_MARKUP, row.chat, now=now, profile=profile)
                if isinstance(no, NotAllowed):
                    print(f"inbox-tui: sent without its buttons: {no.reason}", file=sys.stderr)
                else:
                    markup = filled.keyboard

        if words is not None:
            no_blank(words, as_is=given.as_is)

        def check(payload: JsonObject) -> None:
            asked = act_checks.Asked(ActName.SEND, row.chat.id, row.chat.profile_id, payload)
            no = act_checks.refusal(reader, reader, asked, profile=profile, now=now)
            if no is not None:
                raise Refused(no.title, no.hint)

        if given.file is not None:
            # Before anything is copied: what a file would have to be is of no interest where none is taken.
            check({"file": str(given.file)})
        with _Spooled(settings.folder, given.file, row.chat.platform) as copied:
            payloads = [dict(part) for part in (file | copied.payload, {"text": words}) if any(part.values())]
            if answered is not None:
                payloads[0] |= {"reply_to": answered.external_id, "reply_to_id": answered.id}
            if markup is not None:
                payloads[-1]["reply_markup"] = markup
            for payload in payloads:
                check(payload)
            if manner.dry_run:
                named = None if given.file is None else preview(clean(str(given.file)))
                what = " and ".join(each for each in (named or given.url, words) if each)
                to = f"send to {row.chat.title} ({platform_name(row.chat.platform)}): {what}"
                rehearse(ActName.SEND, Subject(row.chat.id, row.chat.profile_id, {}, to), manner, *payloads)
                return 0
            need_a_key(settings, manner)
            items = _queue(settings.folder, row, payloads)
            copied.keep = True
    for item in items:
        tell(settings, moved(settings, item, manner), manner)
    return 0


def _queue(folder: Folder, row: ChatRow, payloads: list[dict[str, Json]]) -> list[OutboxItem]:
    chat_id, profile_id = row.chat.id, row.chat.profile_id
    with Writer(folder) as writer:
        if len(payloads) == 1:
            items = [sends.queue_send(writer, chat_id, profile_id, payloads[0], hold_ms=0)]
        else:
            items = list(sends.queue_pair(writer, chat_id, profile_id, payloads[0], payloads[1], hold_ms=0))
        refold_chats(writer, [chat_id])
    return items


def _file(given: Given) -> dict[str, Json]:
    """The part of a payload that names a file at an address."""
    if given.url is None:
        return {}
    if given.file is not None:
        raise UsageError("--file and --url exclude each other", "A message has one file")
    address = safe_url(given.url)
    if address is None or not address.startswith(("http://", "https://")):
        raise UsageError(
            f"{clean(given.url)} is not an address of a file", "Give a public http or https address"
        )
    return {"media_url": address}


class _Spooled:
    """A copy of the file to send; it goes again unless `keep` is set."""

    def __init__(self, folder: Folder, path: Path | None, platform: str) -> None:
        self.keep = False
        self._folder = folder
        self.payload: dict[str, Json] = {}
        self._copy: Path | None = None
        if path is not None:
            copy = spool.copy_in(folder, path, platform)
            self._copy = copy.path
            self.payload = {
                "file": str(copy.path),
                "file_name": copy.name,
                "size": copy.size,
                "type": copy.type,
                "source": str(path.absolute()),
            }

    def __enter__(self) -> _Spooled:
        return self

    def __exit__(self, *_: object) -> None:
        if self._copy is not None and not self.keep:
            spool.drop(self._folder, str(self._copy))


def _answered(reader: sqlite3.Connection, row: ChatRow, name: str) -> Message:
    """The message of the chat that is replied to, by its hashid or the platform's id."""
    columns = ", ".join(MESSAGE_COLUMNS)
    found = reader.execute(
        f"SELECT {columns} FROM messages WHERE chat = ?1 AND (id = ?2 OR external_id = ?2)",
        (row.pk, name),
    ).fetchone()
    if found is None:
        raise InboxError(
            f"There is no message {file_name(name)} of this chat in the cache",
            "Give an id of `inbox-tui thread CHAT --json`, or run `inbox-tui sync --once` first",
        )
    return message_of(found, row.chat.id)
