"""Webhook requests: is the signature right, and what happened.

Delivery is at least once and in no promised order: the receiver drops repeats by the event's id, and the
times inside the records decide (API reference, "Webhooks").
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from inbox_tui.api import faults, pages, records, wire
from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Comment, Message, Milliseconds, Profile, Reaction, Rejected

SIGNATURE_HEADER = "X-Postproxy-Signature"
TOLERANCE = 300.0
"""Seconds that a signature may be old, or ahead of this clock."""


@dataclass(frozen=True, slots=True)
class ReactionChange:
    """An account reacted to a message, or took its reaction back.

    `reactions` is the state after the change, `None` where the event did not carry it; `message` is there
    where the event carried it whole.
    """

    message_id: str
    chat_id: str
    action: str
    sender_external_id: str
    reaction: str | None = None
    emoji: str | None = None
    at: Milliseconds | None = None
    reactions: tuple[Reaction, ...] | None = None
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """A customer came by a link of the business, which opens the messaging window anew."""

    chat_id: str
    profile_id: str
    ref: str | None = None
    source: str | None = None
    type: str | None = None
    at: Milliseconds | None = None


Payload: TypeAlias = Message | ReactionChange | Profile | Referral | Comment | Rejected | None


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `payload`: `Rejected` where its record cannot be read, `None` where its type is unknown."""

    id: str
    type: str
    created_at: Milliseconds | None
    payload: Payload


def check_signature(
    secret: str, header: str, body: bytes, *, now: float, tolerance: float | None = TOLERANCE
) -> None:
    """Raise Refused unless `body` was signed with `secret` within `tolerance` seconds of `now`.

    `header` is `t=<unix seconds>,v1=<hex>`: the HMAC-SHA256 of `t`, a point and the raw body, with the whole
    secret, `whsec_` included. Several `v1` may stand there; one that matches is enough. `tolerance` None
    accepts any age.
    """
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in pairs if name == "t"]
    if not secret:
        raise Refused("There is no webhook secret to check against", "Set the secret of the subscription.")
    if len(times) != 1 or not times[0].isdecimal() or not times[0].isascii() or len(times[0]) > 12:
        raise Refused("The webhook carries no readable signature", "It was dropped.")
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    matches = [
        hmac.compare_digest(expected.encode(), value.encode("utf-8", "replace"))
        for name, value in pairs
        if name == "v1"
    ]
    if not any(matches):
        hint = "It was dropped. Is the secret that of this subscription?"
        raise Refused("The webhook's signature is wrong", hint)
    if tolerance is not None and abs(now - int(times[0])) > tolerance:
        hint = "It was dropped, as a repeat of an old one would be. Is the clock right?"
        raise Refused(f"The webhook was signed {abs(now - int(times[0])):.0f} s from now", hint)


def read_event(body: bytes) -> Event:
    """The event in the body of a webhook request; check its signature first.

    Raises Refused when it is no event at all. A type that is not known is no error: new ones may come.
    """
    cleaner = wire.Cleaner()
    try:
        envelope = records.EventRecord.model_validate(cleaner.json(pages.parse(body)))
        created_at = wire.milliseconds(envelope.created_at)
    except (ValueError, OverflowError, RecursionError) as error:
        words = faults.shorten(pages.reason(error), 200)
    else:
        payload = _payload(envelope.type, envelope.data or {}, changed=cleaner.changed)
        return Event(envelope.id, envelope.type, created_at, payload)
    raise Refused(f"The webhook cannot be read ({words})", "It was dropped.")


def _payload(kind: str, data: Mapping[str, object], *, changed: bool) -> Payload:
    """The record of an event. Two shapes are documented, with and without an `object` in between; inside
    it, the message stands under `message` or is the object itself."""
    inner = data.get("object")
    resource = inner if isinstance(inner, dict) else data
    message = resource.get("message")
    if not isinstance(message, dict):
        message = resource
    if kind.startswith("message."):
        return pages.MESSAGES.read(message, changed=changed)
    if kind == "reaction.received":
        return _read(lambda: _reaction(resource, message, changed=changed), resource)
    if kind == "referral.received":
        return _read(lambda: _referral(resource), resource)
    if kind in ("profile.connected", "profile.disconnected"):
        return pages.PROFILES.read(resource, changed=changed)
    if kind.startswith("comment."):
        return pages.COMMENTS.read(resource, changed=changed)
    return None


def _read(convert: Callable[[], Payload], record: object) -> Payload:
    try:
        return convert()
    except (ValueError, OverflowError) as error:
        return pages.rejected(record, error)


def _reaction(
    resource: Mapping[str, object], message: Mapping[str, object], *, changed: bool
) -> ReactionChange:
    change = records.ReactionEventRecord.model_validate(resource)
    state = records.ReactedMessageRecord.model_validate(message)
    whole = pages.MESSAGES.read(message, changed=changed)
    return ReactionChange(
        message_id=state.id,
        chat_id=state.chat_id,
        action=change.action or "",
        sender_external_id=change.sender_external_id or "",
        reaction=change.reaction,
        emoji=change.emoji,
        at=wire.milliseconds(change.occurred_at),
        reactions=None if state.reactions is None else wire.to_reactions(state.reactions, wire.Cleaner()),
        message=whole if isinstance(whole, Message) else None,
    )


def _referral(resource: Mapping[str, object]) -> Referral:
    referral = records.ReferralEventRecord.model_validate(resource)
    chat = records.ReferredChatRecord.model_validate(resource.get("chat"))
    return Referral(
        chat_id=chat.id,
        profile_id=chat.profile_id,
        ref=referral.ref,
        source=referral.source,
        type=referral.type,
        at=wire.milliseconds(referral.occurred_at),
    )
