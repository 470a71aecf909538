"""A webhook counts only when it is signed and fresh; both documented envelopes say the same."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from api_samples import MESSAGE
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.api.webhooks import Event, ReactionChange, Referral, check_signature, read_event
from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Comment, Message, Profile, Rejected

SECRET = "whsec_demo"
BODY = b'{"id":"evt_demo1","type":"message.received"}'
DIGEST = "7bfc36d36df2255be5ab7c7449a0bdf97e1d049c4f46150f6e3d43e462707cbf"
SIGNED_AT = 1_780_000_000


@pytest.mark.parametrize(
    "header",
    [
        f"t={SIGNED_AT},v1={DIGEST}",
        f"v1={DIGEST},t={SIGNED_AT}",
        f" t={SIGNED_AT} , v1={DIGEST} , v0=old",
        f"t={SIGNED_AT},v1={'0' * 64},v1={DIGEST}",
    ],
)
@pytest.mark.parametrize("age", [-300, 0, 299.5])
def test_a_body_signed_with_the_secret_is_accepted(header: str, age: float) -> None:
    check_signature(SECRET, header, BODY, now=SIGNED_AT + age)


@pytest.mark.parametrize(
    ("secret", "header", "body"),
    [
        (SECRET, "", BODY),
        (SECRET, f"v1={DIGEST}", BODY),
        (SECRET, f"t={SIGNED_AT}", BODY),
        (SECRET, f"t=soon,v1={DIGEST}", BODY),
        (SECRET, f"t=²,v1={DIGEST}", BODY),
        (SECRET, f"t={'9' * 5000},v1={DIGEST}", BODY),
        (SECRET, f"t={SIGNED_AT},t={SIGNED_AT},v1={DIGEST}", BODY),
        (SECRET, f"t={SIGNED_AT + 1},v1={DIGEST}", BODY),
        (SECRET, f"t={SIGNED_AT},v1={DIGEST[:-1]}", BODY),
        (SECRET, f"t={SIGNED_AT},v1=é\ud800", BODY),
        (SECRET, f"t={SIGNED_AT},v1={DIGEST}", BODY + b" "),
        ("demo", f"t={SIGNED_AT},v1={DIGEST}", BODY),
        ("", f"t={SIGNED_AT},v1={DIGEST}", BODY),
    ],
)
def test_anything_else_is_refused(secret: str, header: str, body: bytes) -> None:
    with pytest.raises(Refused):
        check_signature(secret, header, body, now=SIGNED_AT)


@pytest.mark.parametrize("age", [-301, 301, 10**9])
def test_an_old_or_future_signature_is_refused_unless_age_does_not_matter(age: int) -> None:
    header = f"t={SIGNED_AT},v1={DIGEST}"
    with pytest.raises(Refused, match="s from now"):
        check_signature(SECRET, header, BODY, now=SIGNED_AT + age)
    check_signature(SECRET, header, BODY, now=SIGNED_AT + age, tolerance=None)
    check_signature(SECRET, header, BODY, now=SIGNED_AT + age, tolerance=abs(age))


def test_an_empty_secret_signs_nothing() -> None:
    digest = hmac.new(b"", f"{SIGNED_AT}.".encode() + BODY, hashlib.sha256).hexdigest()
    with pytest.raises(Refused):
        check_signature("", f"t={SIGNED_AT},v1={digest}", BODY, now=SIGNED_AT)


def events(kind: str, resource: dict[str, Any]) -> list[Event]:
    """One event in each of the two envelopes."""
    envelope = {"id": "evt_1", "type": kind, "created_at": "2026-06-20T09:15:00Z"}
    return [
        read_event(json.dumps({**envelope, "data": resource}).encode()),
        read_event(json.dumps({**envelope, "object": "event", "data": {"object": resource}}).encode()),
    ]


@pytest.mark.parametrize("kind", ["message.received", "message.failed", "message.unheard_of"])
def test_a_message_event_holds_the_message_in_every_shape(kind: str) -> None:
    for event in [*events(kind, {"message": MESSAGE}), *events(kind, MESSAGE)]:
        assert (event.id, event.type, event.created_at) == ("evt_1", kind, 1_781_946_900_000)
        assert isinstance(event.payload, Message)
        assert (event.payload.id, event.payload.cleaned) == ("m8Kq2v", False)


def test_a_reaction_event_holds_the_change_and_the_state_after_it() -> None:
    state = {"sender_external_id": "u-551", "emoji": "👍", "reaction": "like", "at": "2026-06-20T09:20:00Z"}
    change = {
        "message": {"id": "m8", "chat_id": "c4", "reactions": [state]},
        "sender_external_id": "u-551",
        "action": "react",
        "reaction": "like",
        "emoji": "👍",
        "occurred_at": "2026-06-20T09:20:00Z",
    }
    for event in events("reaction.received", change):
        payload = event.payload
        assert isinstance(payload, ReactionChange)
        assert (payload.message_id, payload.chat_id, payload.action, payload.at) == (
            "m8",
            "c4",
            "react",
            1_781_947_200_000,
        )
        assert payload.reactions is not None
        assert [reaction.emoji for reaction in payload.reactions] == ["👍"]
        assert payload.message is None
    for event in events("reaction.received", {**change, "message": MESSAGE}):
        assert isinstance(event.payload, ReactionChange)
        assert event.payload.message is not None
        assert event.payload.message.id == "m8Kq2v"


def test_a_reaction_event_without_the_state_says_so() -> None:
    for event in events("reaction.received", {"message": {"id": "m8", "chat_id": "c4"}, "action": "unreact"}):
        assert isinstance(event.payload, ReactionChange)
        assert event.payload.reactions is None


def test_profile_comment_and_referral_events_hold_their_records() -> None:
    profile = {"id": "p7", "name": "Acme", "platform": "facebook", "status": "disconnected"}
    comment = {"id": "k1", "post_id": "o1", "body": "hi", "created_at": "2026-06-20T09:00:00Z"}
    referral = {"chat": {"id": "c4", "profile_id": "p7"}, "ref": "summer", "occurred_at": 1_781_947_200}
    for event in events("profile.disconnected", profile):
        assert isinstance(event.payload, Profile)
        assert event.payload.status == "disconnected"
    for event in events("comment.created", comment):
        assert isinstance(event.payload, Comment)
        assert event.payload.extra == {"post_id": "o1"}
    for event in events("referral.received", referral):
        assert event.payload == Referral("c4", "p7", ref="summer", at=1_781_947_200_000)


@pytest.mark.parametrize("kind", ["message_template.status_updated", "post.processed", "new.kind", ""])
def test_an_unknown_type_is_no_error_and_has_no_payload(kind: str) -> None:
    assert [event.payload for event in events(kind, {"a": 1})] == [None, None]


@pytest.mark.parametrize(
    "kind", ["message.sent", "reaction.received", "referral.received", "comment.created"]
)
def test_a_payload_that_cannot_be_read_is_set_aside(kind: str) -> None:
    for event in events(kind, {"message": {"id": 5}, "chat": 7}):
        assert isinstance(event.payload, Rejected)
        assert event.payload.reason


def test_foreign_text_in_an_event_is_cleaned() -> None:
    for event in events("message.received", {"message": {**MESSAGE, "body": "a\u202eb\x1b"}}):
        assert isinstance(event.payload, Message)
        assert (event.payload.body, event.payload.cleaned) == ("ab␛", True)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"id":"","type":"x"}', b"\xff", b"[" * 9_999])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        read_event(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=100)
@given(
    st.sampled_from(["message.sent", "reaction.received", "referral.received", "profile.connected", "x"]),
    st.dictionaries(st.sampled_from(["object", "message", "chat", "id", "reactions"]), json_values),
)
def test_any_payload_of_a_signed_event_is_read_or_set_aside(kind: str, data: dict[str, Any]) -> None:
    body = json.dumps({"id": "e", "type": kind, "data": data}).encode()
    assert read_event(body).type == kind
