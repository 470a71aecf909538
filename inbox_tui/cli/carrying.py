"""Acts of the command line: checked like those of the screen, queued without the time to take them back,
carried out now or left to the engine, and told by exit codes (UX section 4).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from inbox_tui.cli import output
from inbox_tui.config import Settings
from inbox_tui.core.errors import InboxError, NetworkError, NotAuthorised, Refused, UncertainError
from inbox_tui.core.models import Json, JsonObject
from inbox_tui.store import acts, clock, lookups
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import refold_chats

NOTHING = "Nothing was sent"


@dataclass(frozen=True, slots=True)
class Manner:
    """How an act is carried out and told.

    `wait`: stay until it is settled. `queue`: leave it to the next sync. `dry_run`: only check.
    """

    wait: bool = False
    queue: bool = False
    dry_run: bool = False
    as_json: bool = False
    ids: bool = False


def carry_out(settings: Settings, act: ActName, subject: Subject, manner: Manner) -> int:
    """Check, queue and carry out an act other than a send; prints what became of it.

    Raises Refused before anything is queued where it cannot be done, or is so already; else InboxError with
    the exit code of what became of it.
    """
    from inbox_tui.sync import act_checks

    asked = act_checks.Asked(act, subject.chat_id, subject.profile_id, subject.payload)
    with closing(open_reader(settings.folder)) as reader:
        profile = lookups.profile_names(reader).get(subject.profile_id)
        no = act_checks.refusal(reader, reader, asked, profile=profile, now=clock.server_now(reader))
        so = no is None and act in acts.MESSAGE_ACTS and act_checks.is_so(reader, asked)
        back = acts.takes_back(reader, act, asked.chat_id, asked.payload)
    if no is not None and not back:
        raise Refused(no.title, no.hint)
    if so and not back:
        raise Refused("The message is so already", NOTHING)
    if manner.dry_run:
        rehearse(act, subject, manner)
        return 0
    need_a_key(settings, manner)

    def queue(writer: Writer) -> OutboxItem:
        return acts.queue_act(writer, act, asked.chat_id, asked.profile_id, asked.payload, hold_ms=0)

    item = queued(settings, queue, manner)
    tell(settings, item, manner, asked.payload)
    if act is ActName.NEW_CHAT and item.state == State.SETTLED:
        with closing(open_reader(settings.folder)) as reader:
            first = acts.first_send(reader, item)
        if first is not None:
            tell(settings, moved(settings, first, manner), manner)
    return 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act is about. `words` finish the sentence "would …"."""

    chat_id: str
    profile_id: str
    payload: JsonObject
    words: str


def rehearse(act: str, subject: Subject, manner: Manner, *payloads: JsonObject) -> None:
    """Print what would be done, of several `payloads` each; nothing has an id of its own yet but the chat."""
    if manner.ids:
        print(subject.chat_id)
    elif manner.as_json:
        where: dict[str, Json] = {"chat_id": subject.chat_id, "profile_id": subject.profile_id}
        output.print_records(
            {"dry_run": True, "act": act, **where, "payload": dict(payload)}
            for payload in payloads or (subject.payload,)
        )
    else:
        print(f"would {subject.words}")


def need_a_key(settings: Settings, manner: Manner) -> None:
    """Refuse before anything is in the outbox, from where a later sync would carry it out all the same."""
    if manner.queue:
        return
    from inbox_tui.sync.engine import DEMO_ENDED, running

    if settings.api_key() is None and not running(settings.folder):
        if settings.beside_demo:
            hint = f"Start `inbox-tui demo`, or leave it to its next start with --queue; {NOTHING.lower()}"
            raise NetworkError(DEMO_ENDED, hint, may_have_arrived=False)
        raise NotAuthorised("No API key is set", f"Set POSTPROXY_API_KEY; {NOTHING.lower()}")


def queued(settings: Settings, queue: Callable[[Writer], OutboxItem], manner: Manner) -> OutboxItem:
    """Put an item into the outbox, and carry it out unless it is left for later; the item as it is then."""
    with Writer(settings.folder) as writer:
        item = queue(writer)
        refold_chats(writer, [item.chat_id])
    return moved(settings, item, manner)


def moved(settings: Settings, item: OutboxItem, manner: Manner) -> OutboxItem:
    """Carry an item out, unless it is left for later."""
    if manner.queue:
        return item
    from inbox_tui.sync.engine import send_now

    # What becomes of it is told by the exit code; the log would tell it a second time.
    logging.basicConfig(level=logging.ERROR)
    return send_now(settings, item.pk, wait=manner.wait)


def tell(settings: Settings, item: OutboxItem, manner: Manner, payload: JsonObject | None = None) -> None:
    """Print what became of an item; raises InboxError where that is not what was asked for.

    `payload`: what was asked for, as a settled item keeps no words.
    """
    record = dict(output.item_record(item))
    if payload is not None:
        record |= {"payload": dict(payload), "message_id": item.message_id or payload.get("message_id")}
    if item.act == ActName.PRIVATE_REPLY and item.message_id is not None:
        with closing(open_reader(settings.folder)) as reader:
            message = lookups.message(reader, item.message_id)
        if message is not None:
            record["chat_id"] = message.chat_id
    about = record["message_id"] or (item.chat_id if item.state == State.SETTLED else item.key)
    if manner.as_json:
        output.print_records([record])
    elif manner.ids:
        print(about)
    else:
        print(f"{item.state} {about}")
    raise_on_failure(item, queue=manner.queue)


def raise_on_failure(item: OutboxItem, *, queue: bool) -> None:
    """Turn the state of an item into an error with its exit code; a queued one is fine where asked for."""
    if item.state == State.FAILED:
        raise InboxError(item.title or "It failed", item.hint)
    if item.state == State.QUEUED and not queue:
        raise InboxError(
            item.title or "It waits behind an earlier message of this chat",
            item.hint or "`inbox-tui outbox` shows what is in its way",
        )
    if item.state == State.SENDING:
        raise UncertainError(item.title or "No answer has come yet", item.hint)
    if item.state == State.UNCERTAIN:
        raise UncertainError(item.title or "Nobody knows whether it arrived", item.hint)
