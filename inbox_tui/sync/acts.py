"""Acts other than sends on their way to the API: edits, reactions, the archive, private replies, new chats.

All but the private reply can be repeated without harm. So where an answer was lost, what the act is about is
looked at, and only what is not done is asked for again, under the same key. A private reply is a message and
goes the way of a send (`sync.push`).

The answer of the API is the new record: it is written into the cache, then the item is settled, and what was
drawn over the old record falls away. A kill between the two is found out by the next look.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inbox_tui.api.client import Client
from inbox_tui.core.capabilities import Cause
from inbox_tui.core.errors import (
    ApiError,
    InboxError,
    NetworkError,
    NotAuthorised,
    NotFound,
    RateLimited,
    Refused,
    RequestRejected,
)
from inbox_tui.core.models import Chat, JsonObject, Message, Milliseconds
from inbox_tui.core.times import age
from inbox_tui.store import acts, writes
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync import act_checks, checks
from inbox_tui.sync.act_checks import Asked
from inbox_tui.sync.checks import No
from inbox_tui.sync.decisions import PAUSED, Decision, What
from inbox_tui.sync.messages import stated_at
from inbox_tui.sync.sending import Desk

GIVE_UP_MS: Milliseconds = 15 * 60_000
"""An act that nobody could tell the fate of for this long is given back to the person."""
_AGING = frozenset({ActName.EDIT, ActName.REACT, ActName.PRIVATE_REPLY})
"""What the customer sees: long after it was asked for, it may not fit any more."""
_TAKE_BACK = (ActName.UNREACT, ActName.ARCHIVE, ActName.UNARCHIVE)
"""Acts that may undo one that has never left; then the platform would say that there is nothing to undo."""
_NOT_MODIFIED = "not modified"
"""Telegram's word for an edit that changes nothing (seed, "Edit a message")."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the API answered, and as of when that is so (`MessagePage.stated_at`)."""

    record: Message | Chat
    at: Milliseconds | None


def request(client: Client, item: OutboxItem, group: str | None) -> Stated:
    """Ask for what an item says: the same bytes each time for the same key."""
    started = time.monotonic()
    record = _request(client, item, group)
    return Stated(record, _later(record, stated_at(client, started)))


def _request(client: Client, item: OutboxItem, group: str | None) -> Message | Chat:
    said, key = item.payload, item.key
    message_id = str(said.get("message_id"))
    match item.act:
        case ActName.EDIT:
            markup = said.get("reply_markup")
            return client.edit_message(
                message_id,
                text=_text(said, "text"),
                reply_markup=markup if isinstance(markup, dict) else None,
                profile_group_id=group,
                idempotency_key=key,
            )
        case ActName.REACT:
            return client.react(
                message_id,
                reaction=_text(said, "reaction"),
                emoji=_text(said, "emoji"),
                profile_group_id=group,
                idempotency_key=key,
            )
        case ActName.UNREACT:
            return client.unreact(message_id, profile_group_id=group, idempotency_key=key)
        case ActName.ARCHIVE:
            return client.archive_chat(item.chat_id, profile_group_id=group, idempotency_key=key)
        case ActName.UNARCHIVE:
            return client.unarchive_chat(item.chat_id, profile_group_id=group, idempotency_key=key)
        case ActName.NEW_CHAT:
            chat, _ = client.create_chat(
                item.profile_id,
                str(said.get("participant")),
                participant_username=_text(said, "participant_username"),
                participant_name=_text(said, "participant_name"),
                profile_group_id=group,
                idempotency_key=key,
            )
            return chat
    raise Refused(
        f"This version of inbox-tui cannot carry out {item.act!r}", "Update this program, then try again"
    )


def look(client: Client, item: OutboxItem, group: str | None) -> Stated:
    """What an item is about, as it is now."""
    started = time.monotonic()
    message_id = acts.about(item)
    record: Message | Chat
    if message_id is None:
        record = client.get_chat(item.chat_id, profile_group_id=group)
    else:
        record = client.get_message(message_id, profile_group_id=group)
    return Stated(record, stated_at(client, started))


def _text(said: JsonObject, name: str) -> str | None:
    value = said.get(name)
    return None if value is None else str(value)


def _later(record: Message | Chat, at: Milliseconds | None) -> Milliseconds | None:
    """The time of an answer: what it changed has a time of its own, which no earlier page may undo."""
    if isinstance(record, Chat) or at is None:
        return at
    times = [reaction.at for reaction in record.reactions if reaction.at is not None]
    return max([at, *times, *([] if record.edited_at is None else [record.edited_at])])


def after_error(error: InboxError, *, in_doubt: bool, pause: float, waited: Milliseconds) -> Decision:
    """What an act that ended in `error` comes to; here What.SEARCH means: look whether it was done.

    `in_doubt`: an earlier try may have arrived. `pause`: the back-off in seconds. `waited`: how long ago
    it left first.
    """
    again = What.REPEAT if in_doubt else What.QUEUE
    if isinstance(error, RateLimited):
        return Decision(again, pause if error.retry_after is None else error.retry_after, error.title, PAUSED)
    if isinstance(error, NetworkError) and not error.may_have_arrived:
        return Decision(again, pause, error.title, "It is tried again.")
    if isinstance(error, Refused | RequestRejected | NotFound | NotAuthorised):
        detail = error.detail if isinstance(error, ApiError) else ""
        return Decision(What.FAIL, title=detail or error.title, hint=error.hint)
    if waited > GIVE_UP_MS:
        return Decision(What.FAIL, title=error.title, hint="It may have been done; look, then try again")
    return Decision(
        What.SEARCH, pause, error.title, "Looking whether it was done; doing it twice does no harm."
    )


@dataclass(slots=True)
class Acts:
    """Carries acts out. Used from the one writing thread; requests run in the workers."""

    desk: Desk
    send: Callable[[OutboxItem], None]
    """Carries out a private reply, as a send."""
    _refused: dict[int, Decision] = field(default_factory=dict)
    """Refusals that stand only where a look does not show what was asked for."""

    def dispatch(self, item: OutboxItem, now: Milliseconds) -> None:
        """Let a queued act leave, or give it back to the person with the reason why not."""
        desk, asked = self.desk, _asked(item)
        profile = desk.hooks.profile(item.profile_id)
        if item.act in _AGING and now - item.created_at > checks.STALE_MS:
            title = f"Written {age(now - item.created_at)} ago and not done since"
            desk.move(item, State.FAILED, title=title, hint="Look at it; try again if it still fits")
            return
        no = act_checks.refusal(
            desk.writer.cache, desk.writer.local, asked, profile=profile, now=now + desk.offset()
        )
        if _is_moot(desk.writer.cache, asked, no):
            desk.move(item, State.SETTLED)
            return
        if no is not None:
            desk.move(item, State.FAILED, title=no.title, hint=no.hint)
        elif (leaving := desk.leave(item)) is None:
            return
        elif item.act == ActName.PRIVATE_REPLY:
            self.send(leaving)
        else:
            self._ask(leaving, in_doubt=False)

    def take_up(self, item: OutboxItem, *, repeat: bool) -> None:
        """Go on with an act whose answer was lost; `repeat`: it is known that it was not done."""
        if repeat or item.act == ActName.NEW_CHAT:
            self._ask(item, in_doubt=True)
            return
        client, group = self.desk.client(), self._group(item)
        self.desk.busy[item.pk] = item
        self.desk.workers.submit(
            lambda: look(client, item, group), lambda outcome: self._looked(item, outcome)
        )

    def _group(self, item: OutboxItem) -> str | None:
        profile = self.desk.hooks.profile(item.profile_id)
        return None if profile is None else profile.profile_group_id

    def _ask(self, item: OutboxItem, *, in_doubt: bool) -> None:
        client, group = self.desk.client(), self._group(item)
        self.desk.busy[item.pk] = item
        self.desk.workers.submit(
            lambda: request(client, item, group),
            lambda outcome: self._answered(item, outcome, in_doubt=in_doubt),
        )

    def _answered(self, item: OutboxItem, outcome: Stated | InboxError, *, in_doubt: bool) -> None:
        self.desk.busy.pop(item.pk, None)
        if isinstance(outcome, Stated):
            self._write(item, outcome)
            self._done(item, outcome.record)
            return
        self._trouble(item, outcome)
        decision = after_error(
            outcome, in_doubt=in_doubt, pause=self.desk.pause(item), waited=self._waited(item)
        )
        if decision.what is What.FAIL and item.act == ActName.EDIT and _NOT_MODIFIED in decision.title:
            # The message reads so already: by an earlier try, or by another hand.
            self._refused[item.pk] = decision
            self.take_up(item, repeat=False)
            return
        self._carry_out(item, decision)

    def _looked(self, item: OutboxItem, outcome: Stated | InboxError) -> None:
        self.desk.busy.pop(item.pk, None)
        refused = self._refused.get(item.pk)
        if isinstance(outcome, InboxError):
            self._trouble(item, outcome)
            decision = after_error(
                outcome, in_doubt=True, pause=self.desk.pause(item), waited=self._waited(item)
            )
            if decision.what is What.REPEAT:
                # It was the look that was not made.
                decision = Decision(What.SEARCH, decision.seconds, decision.title, decision.hint)
            self._carry_out(item, decision)
            return
        self._write(item, outcome)
        facts = checks.chat_facts(self.desk.writer.cache, item.chat_id)
        if act_checks.shows(_asked(item), outcome.record, None if facts is None else facts.chat):
            self._done(item, outcome.record)
        elif refused is not None:
            self._carry_out(item, refused)
        else:
            self._ask(item, in_doubt=True)

    def _carry_out(self, item: OutboxItem, decision: Decision) -> None:
        if decision.what is not What.SEARCH:
            decision = self._refused.pop(item.pk, decision)
        self.desk.carry_out(item, decision)

    def _waited(self, item: OutboxItem) -> Milliseconds:
        return self.desk.now() - (item.dispatched_at or item.created_at)

    def _trouble(self, item: OutboxItem, error: InboxError) -> None:
        self.desk.errors[item.pk] = error
        _log.info("%s %d was not done: %s", item.act, item.pk, error.title)
        if isinstance(error, RateLimited):
            self.desk.hooks.limited(error.retry_after)

    def _write(self, item: OutboxItem, stated: Stated) -> None:
        """Make the cache say what the API says, in one transaction."""
        if isinstance(stated.record, Chat):
            writes.apply_chats(self.desk.writer, [stated.record])
        else:
            page = MessagePage(item.chat_id, [stated.record], stated_at=self._not_before(stated))
            writes.apply_messages(self.desk.writer, [page])

    def _not_before(self, stated: Stated) -> Milliseconds | None:
        """As of when an answer is so, never before what is cached: it is the truth after what was asked for,
        and times of the server are known too roughly to tell that of two acts a second apart."""
        row = self.desk.writer.cache.execute(
            "SELECT stated_at FROM messages WHERE id = ?", (stated.record.id,)
        ).fetchone()
        known = None if row is None else row[0]
        return stated.at if known is None or stated.at is None else max(stated.at, known)

    def _done(self, item: OutboxItem, record: Message | Chat) -> None:
        self.desk.errors.pop(item.pk, None)
        self._refused.pop(item.pk, None)
        if item.act == ActName.NEW_CHAT:
            acts.settle_new_chat(self.desk.writer, item, record.id)
            writes.refold_chats(self.desk.writer, [record.id])
            self.desk.changed(item)
        else:
            self.desk.move(item, State.SETTLED)


def _is_moot(cache: sqlite3.Connection, asked: Asked, no: No | None) -> bool:
    """Whether there is nothing left to be done: it is so already, by another hand or by an act taken back."""
    if asked.act in (ActName.PRIVATE_REPLY, ActName.NEW_CHAT):
        return False
    taken_back = no is not None and no.cause is Cause.MESSAGE and asked.act in _TAKE_BACK
    return (no is None or taken_back) and act_checks.is_so(cache, asked)


def _asked(item: OutboxItem) -> Asked:
    return Asked(item.act, item.chat_id, item.profile_id, item.payload)
