"""The matrix of what may be done, written out by hand from the tables of the API reference.

`yes` means allowed in a chat where nothing stands in the way; a text is what the refusal must say.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from inbox_tui.core.capabilities import (
    PLATFORM_NAMES,
    REACTIONS,
    TABLE,
    Act,
    Allowed,
    Answer,
    Cause,
    Refused,
    ask,
    participant_problem,
    reaction_problem,
)
from inbox_tui.core.models import Attachment, Chat, Comment, JsonObject, Message, Profile, Reaction
from inbox_tui.core.window import Window

NOW = 1_780_236_120_000  # 2026-05-31 14:02 UTC
HOUR = 3_600_000
DAY = 24 * HOUR
YES = "yes"

PLATFORMS = ("facebook", "instagram", "telegram", "bluesky")

# fmt: off
MATRIX: dict[Act, tuple[str, str, str, str]] = {
    #                     facebook            instagram           telegram            bluesky
    Act.READ:            (YES,                YES,                YES,                YES),
    Act.SEND_TEXT:       (YES,                YES,                YES,                YES),
    Act.SEND_ATTACHMENT: (YES,                YES,                YES,                "text only"),
    Act.REACT:           (YES,                YES,                "no reactions",     "not supported"),
    Act.UNREACT:         (YES,                YES,                "no reactions",     "not supported"),
    Act.EDIT_TEXT:       ("cannot be edited", "cannot be edited", YES,                "cannot be edited"),
    Act.EDIT_CAPTION:    ("cannot be edited", "cannot be edited", YES,                "cannot be edited"),
    Act.EDIT_KEYBOARD:   ("no buttons",       "no buttons",       YES,                "no buttons"),
    Act.RECEIPTS:        (YES,                YES,                "read receipts",    "read receipts"),
    Act.ARCHIVE:         ("Bluesky only",     "Bluesky only",     "Bluesky only",     YES),
    Act.UNARCHIVE:       ("Bluesky only",     "Bluesky only",     "Bluesky only",     YES),
    Act.PRIVATE_REPLY:   (YES,                YES,                "private replies",  "private replies"),
    Act.REPLY_TO:        ("single message",   "single message",   YES,                "single message"),
    Act.REPLY_MARKUP:    ("no buttons",       "no buttons",       YES,                "no buttons"),
    Act.RETRY:           (YES,                YES,                YES,                YES),
    Act.NEW_CHAT:        (YES,                YES,                YES,                YES),
}

# The same acts when a state stands in the way. Empty: as in MATRIX.
CLOSED, WRITE, GONE = "Window probably closed", "written", "Connect it again"
NOT_FIRST = "cannot write first"
STATES: dict[Act, dict[str, tuple[str, str, str, str]]] = {
    #                         facebook  instagram  telegram   bluesky
    Act.READ: {
        "window closed":     (YES,      YES,      YES,       YES),
        "never written":     (YES,      YES,      YES,       YES),
        "profile inactive":  (YES,      YES,      YES,       YES),
    },
    Act.SEND_TEXT: {
        "window closed":     (CLOSED,   CLOSED,   YES,       YES),
        "never written":     (WRITE,    WRITE,    NOT_FIRST, YES),
        "profile inactive":  (GONE,     GONE,     GONE,      GONE),
    },
    Act.SEND_ATTACHMENT: {
        "window closed":     (CLOSED,   CLOSED,   YES,       "text only"),
        "never written":     (WRITE,    WRITE,    NOT_FIRST, "text only"),
        "profile inactive":  (GONE,     GONE,     GONE,      "text only"),
    },
    Act.REPLY_MARKUP: {
        "window closed":     ("no buttons", "no buttons", YES,       "no buttons"),
        "never written":     ("no buttons", "no buttons", NOT_FIRST, "no buttons"),
        "profile inactive":  ("no buttons", "no buttons", GONE,      "no buttons"),
    },
    Act.REPLY_TO: {
        "window closed":     ("single message", "single message", YES,       "single message"),
        "never written":     ("single message", "single message", NOT_FIRST, "single message"),
        "profile inactive":  ("single message", "single message", GONE,      "single message"),
    },
    Act.RETRY: {
        "window closed":     (CLOSED,   CLOSED,   YES,       YES),
        "never written":     (WRITE,    WRITE,    NOT_FIRST, YES),
        "profile inactive":  (GONE,     GONE,     GONE,      GONE),
    },
    Act.REACT: {
        "window closed":     (YES,      YES,      "no reactions", "not supported"),
        "never written":     (YES,      YES,      "no reactions", "not supported"),
        "profile inactive":  (GONE,     GONE,     "no reactions", "not supported"),
    },
    Act.EDIT_TEXT: {
        "window closed":     ("cannot be edited", "cannot be edited", YES,  "cannot be edited"),
        "profile inactive":  ("cannot be edited", "cannot be edited", GONE, "cannot be edited"),
    },
    Act.ARCHIVE: {
        "window closed":     ("Bluesky only", "Bluesky only", "Bluesky only", YES),
        "never written":     ("Bluesky only", "Bluesky only", "Bluesky only", YES),
        "profile inactive":  ("Bluesky only", "Bluesky only", "Bluesky only", GONE),
    },
    Act.PRIVATE_REPLY: {
        "window closed":     (YES,      YES,      "private replies", "private replies"),
        "never written":     (YES,      YES,      "private replies", "private replies"),
        "profile inactive":  (GONE,     GONE,     "private replies", "private replies"),
    },
    Act.NEW_CHAT: {
        "window closed":     (YES,      YES,      YES,       YES),
        "never written":     (YES,      YES,      YES,       YES),
        "profile inactive":  (GONE,     GONE,     GONE,      GONE),
    },
    Act.RECEIPTS: {
        "window closed":     (YES,      YES,      "read receipts", "read receipts"),
        "profile inactive":  (YES,      YES,      "read receipts", "read receipts"),
    },
}
# fmt: on


def chat(platform: str, last_inbound: int | None = NOW - HOUR, **fields: object) -> Chat:
    known = Chat(
        "c1", "p1", platform, "person", NOW - DAY, participant_name="Jane", last_inbound_at=last_inbound
    )
    return replace(known, **fields)


def profile(platform: str, status: str = "active") -> Profile:
    return Profile("p1", "acme.shop", platform, status)


def says(answer: Answer, expected: str) -> bool:
    if expected == YES:
        return isinstance(answer, Allowed)
    return isinstance(answer, Refused) and expected in answer.reason


CELLS = [(act, platform, row[i]) for act, row in MATRIX.items() for i, platform in enumerate(PLATFORMS)]
STATE_CELLS = [
    (act, state, platform, row[i])
    for act, states in STATES.items()
    for state, row in states.items()
    for i, platform in enumerate(PLATFORMS)
]


def test_the_matrix_has_a_row_for_every_act() -> None:
    assert set(MATRIX) == set(Act)
    assert set(TABLE) == set(PLATFORMS) == set(PLATFORM_NAMES)


@pytest.mark.parametrize(("act", "platform", "expected"), CELLS)
def test_a_healthy_chat_allows_what_its_platform_has(act: Act, platform: str, expected: str) -> None:
    answer = ask(act, chat(platform), now=NOW, profile=profile(platform))
    assert says(answer, expected), answer


@pytest.mark.parametrize(("act", "state", "platform", "expected"), STATE_CELLS)
def test_a_state_refuses_what_it_stands_in_the_way_of(
    act: Act, state: str, platform: str, expected: str
) -> None:
    last_inbound = {"window closed": NOW - 2 * DAY, "never written": None}.get(state, NOW - HOUR)
    status = "inactive" if state == "profile inactive" else "active"
    answer = ask(act, chat(platform, last_inbound), now=NOW, profile=profile(platform, status))
    assert says(answer, expected), answer


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("platform", ["threads", "whatsapp", ""])
def test_an_unknown_platform_can_only_be_read(act: Act, platform: str) -> None:
    answer = ask(act, chat(platform), now=NOW)
    if act is Act.READ:
        assert answer == Allowed()
    else:
        assert isinstance(answer, Refused)
        assert answer.cause is Cause.PLATFORM
        assert "only be read" in answer.reason


# ---------------------------------------------------------------- the window


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_a_closed_window_says_when_it_closed_and_what_opens_it(platform: str) -> None:
    answer = ask(Act.SEND_TEXT, chat(platform, NOW - DAY), now=NOW + HOUR)
    assert answer == Refused("Window probably closed 14:02; it opens when Jane writes", cause=Cause.WINDOW)
    later = ask(Act.SEND_TEXT, chat(platform, NOW - DAY), now=NOW + DAY)
    assert isinstance(later, Refused)
    assert "closed yesterday 14:02" in later.reason


def test_an_open_window_says_until_when() -> None:
    assert ask(Act.SEND_TEXT, chat("facebook", NOW), now=NOW) == Allowed(until=NOW + DAY)
    assert isinstance(ask(Act.SEND_TEXT, chat("facebook", NOW), now=NOW + DAY - 1), Allowed)
    assert isinstance(ask(Act.SEND_TEXT, chat("facebook", NOW), now=NOW + DAY), Refused)


@pytest.mark.parametrize(
    "referral",
    ["2026-05-31T14:00:00Z", "2026-05-31T14:00:00.000+00:00", NOW - 120_000, "2026-05-31T14:00:00"],
)
def test_a_referral_opens_the_window(referral: str | int) -> None:
    metadata: JsonObject = {"last_referral_at": referral}
    answer = ask(Act.SEND_TEXT, chat("instagram", None, metadata=metadata), now=NOW)
    assert answer == Allowed(until=NOW - 120_000 + DAY)


@pytest.mark.parametrize("referral", ["soon", True, None, []])
def test_a_referral_that_cannot_be_read_opens_nothing(referral: object) -> None:
    answer = ask(Act.SEND_TEXT, chat("instagram", None, metadata={"last_referral_at": referral}), now=NOW)
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.NOT_WRITTEN


def test_what_the_cache_knows_of_the_window_goes_before_the_row() -> None:
    stale = chat("facebook", NOW - 3 * DAY)
    assert isinstance(ask(Act.SEND_TEXT, stale, now=NOW, window=Window(True, NOW + 5)), Allowed)
    assert isinstance(ask(Act.SEND_TEXT, chat("telegram", None), now=NOW, written=True), Allowed)


# ---------------------------------------------------------------- messages


def message(direction: str = "outbound", status: str = "published", **fields: object) -> Message:
    known = Message("m1", "c1", direction, status, NOW - HOUR, external_id="77", body="Hello")
    return replace(known, **fields)


PHOTO = (Attachment("a1", "image"),)
STICKER = (Attachment("a1", "sticker"),)
INLINE = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}


@pytest.mark.parametrize(
    ("act", "target", "expected"),
    [
        (Act.EDIT_TEXT, message(), YES),
        (Act.EDIT_TEXT, message("inbound", "received"), "your own"),
        (Act.EDIT_TEXT, message(status="pending"), "delivered"),
        (Act.EDIT_TEXT, message(status="failed_waiting_for_retry"), "delivered"),
        (Act.EDIT_TEXT, message(status="failed"), "delivered"),
        (Act.EDIT_TEXT, message(deleted_at=NOW), "deleted"),
        (Act.EDIT_TEXT, message(attachments=PHOTO), "edit its caption"),
        (Act.EDIT_TEXT, message(reply_markup=INLINE), YES),
        (Act.EDIT_TEXT, message(reply_markup={"keyboard": [["a"]]}), "reply keyboard"),
        (Act.EDIT_TEXT, message(reply_markup={"force_reply": True}), "reply keyboard"),
        (Act.EDIT_TEXT, message(reply_markup={"remove_keyboard": True}), "reply keyboard"),
        (Act.EDIT_CAPTION, message(attachments=PHOTO), YES),
        (Act.EDIT_CAPTION, message(), "no file"),
        (Act.EDIT_CAPTION, message(attachments=STICKER), "sticker"),
        (Act.EDIT_KEYBOARD, message(attachments=PHOTO), YES),
        (Act.EDIT_KEYBOARD, message("inbound", "received"), "your own"),
        (Act.REPLY_TO, message("inbound", "received"), YES),
        (Act.REPLY_TO, message(external_id=None), "has not reached Telegram"),
        (Act.REPLY_TO, message(deleted_at=NOW), "deleted"),
        (Act.RETRY, message(status="failed"), YES),
        (Act.RETRY, message(status="failed_waiting_for_retry"), "still retrying"),
        (Act.RETRY, message(), "Only a message that failed"),
        (Act.RETRY, message("inbound", "received"), "Only a message that failed"),
        (Act.RETRY, message(status="failed", external_comment_id="9"), "private reply"),
    ],
)
def test_a_telegram_message_allows_what_its_state_allows(act: Act, target: Message, expected: str) -> None:
    answer = ask(act, chat("telegram"), target, now=NOW)
    assert says(answer, expected), answer


OURS = (Reaction("prof_external_42", "❤️", "love"),)
THEIRS = (Reaction("person", "❤️", "love"),)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
@pytest.mark.parametrize(
    ("act", "target", "expected"),
    [
        (Act.REACT, message("inbound", "received"), YES),
        (Act.REACT, message(), YES),
        (Act.REACT, message(status="pending", external_id=None), "has not reached"),
        (Act.REACT, message("inbound", "received", deleted_at=NOW), "deleted"),
        (Act.UNREACT, message("inbound", "received", reactions=OURS), YES),
        (Act.UNREACT, message("inbound", "received", reactions=THEIRS), "no reaction of yours"),
        (Act.UNREACT, message("inbound", "received"), "no reaction of yours"),
    ],
)
def test_a_reaction_needs_a_message_that_is_there(
    platform: str, act: Act, target: Message, expected: str
) -> None:
    answer = ask(act, chat(platform), target, now=NOW)
    assert says(answer, expected), answer


def test_sending_a_failed_file_again_asks_for_attachments() -> None:
    failed = message(status="failed", attachments=PHOTO)
    assert says(ask(Act.RETRY, chat("bluesky"), failed, now=NOW), "text only")
    closed = ask(Act.RETRY, chat("facebook", NOW - 3 * DAY), failed, now=NOW)
    assert isinstance(closed, Refused)
    assert closed.cause is Cause.WINDOW


# ---------------------------------------------------------------- archive, private reply, new chat


@pytest.mark.parametrize(
    ("act", "archived", "expected"),
    [
        (Act.ARCHIVE, False, YES),
        (Act.ARCHIVE, None, YES),
        (Act.ARCHIVE, True, "archived already"),
        (Act.UNARCHIVE, True, YES),
        (Act.UNARCHIVE, None, YES),
        (Act.UNARCHIVE, False, "not archived"),
    ],
)
def test_archiving_is_offered_where_it_would_change_something(
    act: Act, archived: bool | None, expected: str
) -> None:
    assert says(ask(act, chat("bluesky", archived=archived), now=NOW), expected)


def test_a_private_reply_is_one_per_comment_within_seven_days() -> None:
    comment = Comment("k1", created_at=NOW)
    page = profile("facebook")

    def reply(now: int, *, replied: bool = False) -> Answer:
        return ask(Act.PRIVATE_REPLY, None, now=now, profile=page, comment=comment, replied=replied)

    assert reply(NOW) == Allowed(until=NOW + 7 * DAY)
    assert isinstance(reply(NOW + 7 * DAY - 1), Allowed)
    assert says(reply(NOW + 7 * DAY), "older than 7 days")
    assert says(reply(NOW, replied=True), "one, ever")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_new_chat_needs_only_a_connected_profile(platform: str) -> None:
    assert says(ask(Act.NEW_CHAT, None, now=NOW, profile=profile(platform)), YES)
    expired = ask(Act.NEW_CHAT, None, now=NOW, profile=profile(platform, "expired"))
    assert isinstance(expired, Refused)
    assert "has expired. Connect it again in Postproxy" in expired.reason
    assert expired.cause is Cause.PROFILE
    with pytest.raises(ValueError, match="chat or a profile"):
        ask(Act.NEW_CHAT, None, now=NOW)


def test_the_reason_why_a_profile_is_inactive_is_told() -> None:
    gone = replace(profile("telegram", "inactive"), inactive_reason="network_taken")
    answer = ask(Act.SEND_TEXT, chat("telegram"), now=NOW, profile=gone)
    assert isinstance(answer, Refused)
    assert answer.reason == (
        "acme.shop is not connected to Telegram (inactive): network_taken. Connect it again in Postproxy"
    )


@pytest.mark.parametrize(
    ("platform", "reaction", "emoji", "expected"),
    [
        ("facebook", None, None, None),
        ("facebook", "smile", None, None),
        ("facebook", None, "🦖", None),
        ("facebook", "party", None, "love, like, dislike, smile, wow, sad, angry"),
        ("instagram", "love", "❤️", None),
        ("instagram", None, None, None),
        ("instagram", "wow", None, "takes the reaction love only"),
        ("telegram", "love", None, "no reactions"),
        ("bluesky", "love", None, "not supported"),
    ],
)
def test_reactions_are_those_that_the_reference_names(
    platform: str, reaction: str | None, emoji: str | None, expected: str | None
) -> None:
    problem = reaction_problem(platform, reaction, emoji)
    assert problem is None or platform != "facebook" or "any emoji" in problem
    assert (problem is None) if expected is None else (problem is not None and expected in problem)


def test_every_named_reaction_has_its_emoji() -> None:
    assert dict(REACTIONS["facebook"]) == {
        "love": "❤️", "like": "👍", "dislike": "👎", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😡",
    }  # fmt: skip
    assert dict(REACTIONS["instagram"]) == {"love": "❤️"}


@pytest.mark.parametrize(
    ("platform", "participant", "fine"),
    [
        ("bluesky", "did:plc:examplez7y6x5w4v3u2", True),
        ("bluesky", "did:web:acme.example", True),
        ("bluesky", "jane.bsky.social", False),
        ("bluesky", "did:plc:", False),
        ("bluesky", "did:plc:a b", False),
        ("bluesky", "did:PLC:abc", False),
        ("bluesky", "did:plc:abc:", False),
        ("bluesky", "did:web:acme%3A8080", True),
        ("bluesky", "did:web:acme%", False),
        ("bluesky", f"did:plc:{'a' * 2041}", False),
        ("bluesky", "did:plc:ab\n", False),
        ("instagram", "igsid_8675309", True),
        ("instagram", "@jane_doe", False),
        ("facebook", "jane doe", False),
        ("telegram", "5821", True),
        ("telegram", "@jane_doe", False),
        ("telegram", "jane", False),
        ("telegram", "-5821", False),
        ("telegram", "٥٨٢١", False),
        ("telegram", "", False),
        ("facebook", " 12", False),
        ("facebook", "1\u200b2", False),
    ],
)
def test_a_new_chat_names_its_person_as_the_platform_does(
    platform: str, participant: str, fine: bool
) -> None:
    assert (participant_problem(platform, participant) is None) is fine
