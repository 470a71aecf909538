"""Whatever the API sends ends as a record or is set aside: no record loses its page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_samples import ACCEPTED, CHAT, MESSAGE, PROFILE, page
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.api import pages
from inbox_tui.api.transport import Answer
from inbox_tui.core.errors import ServerFault
from inbox_tui.core.models import Attachment, Chat, Message, Page, Reaction, Rejected
from inbox_tui.core.text import clean

KINDS = [
    pages.MESSAGES,
    pages.CHATS,
    pages.PROFILES,
    pages.PROFILE_GROUPS,
    pages.POSTS,
    pages.COMMENTS,
    pages.WEBHOOKS,
]

NAMES_OF_TEXTS = (
    *("id", "chat_id", "external_id", "direction", "body", "status"),
    *("external_comment_id", "error_message", "reply_to_external_id"),
)


def answer(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode())


def message(**changes: object) -> Message:
    return pages.MESSAGES.read_record(answer({**MESSAGE, **changes}))


def chat(**changes: object) -> Chat:
    return pages.CHATS.read_record(answer({**CHAT, **changes}))


def messages(*records: object) -> Page[Message]:
    return pages.MESSAGES.read_page(answer(page(*records)))


def test_a_message_keeps_all_that_it_carries() -> None:
    assert message() == Message(
        id="m8Kq2v",
        chat_id="c4Tz1a",
        direction="inbound",
        status="received",
        created_at=1_781_946_754_000,
        external_id="mid.77",
        body="Is the blue one in stock?",
        posted_at=1_781_946_753_000,
        delivered_at=1_781_946_753_500,
        reactions=(Reaction("u-551", "👍", "like", 1_781_947_200_000),),
        attachments=(Attachment("aX31", "image", "https://x.example/p.png"),),
    )


def test_a_chat_keeps_all_that_it_carries() -> None:
    assert chat() == Chat(
        id="c4Tz1a",
        profile_id="p7",
        platform="instagram",
        participant_external_id="igsid_31",
        created_at=1_780_300_800_000,
        participant_username="mona",
        participant_name="Mona Lindt",
        last_inbound_at=1_781_946_753_000,
        last_message_at=1_781_946_753_000,
        metadata={"follower_count": 12, "is_verified_user": False},
        missing=frozenset({"archived"}),
    )


def test_a_page_read_as_a_whole_equals_its_records_read_alone() -> None:
    records = [MESSAGE, ACCEPTED, {**MESSAGE, "id": "m2", "tag": "HUMAN_AGENT", "body": "a\u202eb"}]
    whole = messages(*records)
    assert whole.items == tuple(pages.MESSAGES.read(record) for record in records)
    assert (whole.total, whole.page, whole.per_page, whole.rejected) == (3, 0, 100, ())


def test_the_trimmed_answer_of_a_send_names_what_it_does_not_say() -> None:
    accepted = pages.MESSAGES.read_record(answer(ACCEPTED))
    assert accepted.missing == {
        "delivered_at",
        "read_at",
        "edited_at",
        "deleted_at",
        "reply_to_external_id",
        "reply_markup",
        "reactions",
        "is_unsupported",
    }
    private_reply = {key: value for key, value in ACCEPTED.items() if key != "attachments"}
    assert pages.MESSAGES.read_record(answer(private_reply)).missing == accepted.missing | {"attachments"}


def test_null_is_the_default_and_is_not_missing() -> None:
    nulls = dict.fromkeys(MESSAGE) | {"id": "m", "chat_id": "c", "direction": "inbound", "status": "received"}
    nulls["created_at"] = "2026-06-20T09:12:34Z"
    record = pages.MESSAGES.read_record(answer(nulls))
    assert (record.reactions, record.attachments, record.is_unsupported, record.body) == ((), (), False, None)
    assert record.missing == frozenset()
    assert chat(metadata=None).metadata == {}
    assert chat(archived=True).archived is True


def test_unknown_fields_are_kept() -> None:
    extra = {
        "error_details": {"platform_error_code": "10"},
        "tag": "HUMAN_AGENT",
        "tapped_action": {"kind": "postback", "payload": "p", "title": "Yes"},
        "quick_replies": [{"title": "A"}],
        "buttons": [],
        "card": {"subtitle": "s"},
        "elements": [1],
        "story_reply": {"id": 7},
    }
    assert message(**extra).extra == extra
    later = {"external_placement_id": "pg1", "group": None, "within_messaging_window": False}
    assert chat(**later).extra == later


def test_unknown_statuses_platforms_and_directions_are_plain_strings() -> None:
    assert message(status="delayed", direction="system").status == "delayed"
    assert chat(platform="whatsapp").platform == "whatsapp"
    assert message(attachments=[{"id": "a", "type": "hologram"}]).attachments[0].type == "hologram"


def test_numbers_are_accepted_as_ids() -> None:
    record = message(id=71, chat_id=9_007_199_254_740_993, external_id=5821)
    assert (record.id, record.chat_id, record.external_id) == ("71", "9007199254740993", "5821")


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("2026-06-20T09:12:34.567Z", 1_781_946_754_567),
        ("2026-06-20T09:12:34Z", 1_781_946_754_000),
        ("2026-06-20T11:12:34+02:00", 1_781_946_754_000),
        ("2026-06-20T09:12:34.567890Z", 1_781_946_754_568),
        ("2026-06-20T09:12:34", 1_781_946_754_000),
        ("2026-06-20", 1_781_913_600_000),
        (1_781_946_754, 1_781_946_754_000),
        (1_781_946_754_567, 1_781_946_754_567),
    ],
)
def test_every_way_of_writing_a_time_is_read(value: str | int, milliseconds: int) -> None:
    assert message(created_at=value).created_at == milliseconds


def test_a_record_without_its_creation_takes_the_next_best_time_it_has() -> None:
    assert message(created_at=None).created_at == message().posted_at
    assert chat(created_at=None).created_at == chat().last_inbound_at


def test_a_field_that_makes_no_sense_is_set_aside_and_the_message_stays() -> None:
    record = message(external_read_at="yesterday", reactions={"a": 1}, attachments=[{"type": "image"}])
    assert record.body == MESSAGE["body"]
    assert record.extra == {
        "external_read_at": "yesterday",
        "reactions": {"a": 1},
        "attachments": [{"type": "image"}],
    }
    assert {"read_at", "reactions", "attachments"} <= record.missing


def test_nulls_inside_lists_are_skipped() -> None:
    assert message(reactions=[None], attachments=[None]).attachments == ()


@pytest.mark.parametrize("name", ["id", "chat_id", "direction", "status"])
@pytest.mark.parametrize("value", [None, {}, []])
def test_a_record_without_what_makes_it_one_is_set_aside_with_the_reason(name: str, value: object) -> None:
    bad = {**MESSAGE, name: value}
    result = messages(MESSAGE, bad, ACCEPTED)
    assert [item.id for item in result.items] == ["m8Kq2v", "m9"]
    [rejected] = result.rejected
    assert json.loads(rejected.json) == bad
    assert rejected.reason.startswith(f"{name}: ")


@pytest.mark.parametrize("bad", [None, 7, "text", [], {}, {**MESSAGE, "id": ""}])
def test_one_bad_record_never_loses_the_others(bad: object) -> None:
    result = messages(MESSAGE, bad, ACCEPTED)
    assert [item.id for item in result.items] == ["m8Kq2v", "m9"]
    assert len(result.rejected) == 1


@pytest.mark.parametrize(
    "text",
    [
        r'"half \ud83d an emoji"',
        '"half \ud83d an emoji"',
    ],
    ids=["escaped", "raw bytes"],
)
def test_a_lone_surrogate_does_not_lose_the_page(text: str) -> None:
    content = json.dumps(page({**MESSAGE, "body": "@"}, ACCEPTED)).replace('"@"', text)
    result = pages.MESSAGES.read_page(Answer(200, content.encode("utf-8", "surrogatepass")))
    assert len(result.items) == 2
    assert "\ufffd" in (result.items[0].body or "")


def test_bytes_that_are_no_utf_8_do_not_lose_the_page() -> None:
    content = json.dumps(page({**MESSAGE, "body": "@"})).encode().replace(b"@", b"caf\xe9")
    assert pages.MESSAGES.read_page(Answer(200, content)).items[0].body == "caf\ufffd"


def test_every_foreign_text_is_cleaned_and_the_record_says_so() -> None:
    evil = "a\x1b[2Jb\u202ec"
    safe = clean(evil)
    assert safe != evil
    record = message(
        id=evil,
        body=evil,
        status=evil,
        error_message=evil,
        reply_markup={"inline_keyboard": [[{"text": evil, evil: 1}]]},
        platform_data={"kind": evil},
        reactions=[{"sender_external_id": evil, "emoji": evil}],
        attachments=[{"id": evil, "type": evil, "url": evil}],
        tag=evil,
    )
    assert evil not in repr(record)
    assert "\\x1b" not in repr(record)
    assert "\\u202e" not in repr(record)
    assert record.cleaned is True
    assert message().cleaned is False
    assert chat(participant_name=evil, metadata={"deep": [{evil: evil}]}).metadata == {"deep": [{safe: safe}]}
    assert chat(participant_username=evil).cleaned is True


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "chat_id",
        "external_id",
        "direction",
        "body",
        "status",
        "external_comment_id",
        "error_message",
        "reply_to_external_id",
        "platform_data",
        "reply_markup",
        "reactions",
        "attachments",
        "unknown",
    ],
)
def test_a_change_in_any_one_text_sets_the_flag(field: str) -> None:
    values: dict[str, object] = {
        "platform_data": {"a": ["\x07"]},
        "reply_markup": {"\x07": 1},
        "reactions": [{"sender_external_id": "u", "emoji": "\x07"}],
        "attachments": [{"id": "a", "url": "\x07"}],
    }
    assert message(**{field: values.get(field, "\x07")}).cleaned is True
    assert messages({**MESSAGE, field: values.get(field, "\x07")}).items[0].cleaned is True


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"data":null}', b'{"data":{}}', b"<html>", b"[" * 9000]
)
def test_an_answer_that_is_no_page_is_never_taken_for_an_empty_one(content: bytes) -> None:
    with pytest.raises(ServerFault, match="cannot be read"):
        pages.CHATS.read_page(Answer(200, content))


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b"<html>", b'{"id":"m"}'])
def test_an_answer_that_is_no_record_may_still_mean_that_it_was_done(content: bytes) -> None:
    with pytest.raises(ServerFault) as caught:
        pages.MESSAGES.read_record(Answer(202, content))
    assert caught.value.status == 202


def test_lists_without_pages_are_read_too() -> None:
    result = pages.PROFILES.read_page(answer({"data": [PROFILE, {**PROFILE, "id": "p8", "name": None}]}))
    assert [item.name for item in result.items] == ["Acme Shop", "p8"]
    assert result.total is None


def test_replies_to_a_comment_are_comments() -> None:
    comment = {"id": "k1", "body": "nice", "status": "synced", "created_at": "2026-06-20T09:00:00Z"}
    record = pages.COMMENTS.read_record(answer({**comment, "like_count": 3, "replies": [comment, None]}))
    assert [reply.id for reply in record.replies] == ["k1"]
    assert record.extra == {"like_count": 3}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs", "Cc", "Cf", "Lu"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def records_like(sample: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Records with the names of a sample and any values at all, and a few of unknown name."""
    changes = st.dictionaries(st.sampled_from(sorted(sample)) | st.text(max_size=8), json_values, max_size=6)
    return changes.map(lambda values: {**sample, **values}) | st.dictionaries(
        st.text(max_size=8), json_values
    )


@settings(max_examples=120)
@given(
    st.sampled_from(KINDS), records_like(MESSAGE) | records_like(CHAT) | records_like(PROFILE) | json_values
)
def test_any_json_ends_as_a_record_or_is_set_aside(kind: pages.Kind[Any, Any], record: object) -> None:
    result = kind.read_page(answer(page(record)))
    assert len(result.items) + len(result.rejected) == 1
    for item in result.rejected:
        assert isinstance(item, Rejected)
        assert item.reason
        assert clean(item.json + item.reason) == item.json + item.reason


@settings(max_examples=60)
@given(json_values, st.integers(0, 3))
def test_a_page_with_any_bad_record_keeps_the_others_in_order(bad: object, position: int) -> None:
    good = [{**MESSAGE, "id": f"m{number}"} for number in range(3)]
    records = [*good[:position], bad, *good[position:]]
    result = messages(*records)
    assert [item.id for item in result.items if item.chat_id == "c4Tz1a"] == ["m0", "m1", "m2"]


@settings(max_examples=60)
@given(records_like(MESSAGE))
def test_no_control_character_of_any_record_reaches_a_message(record: dict[str, Any]) -> None:
    for item in messages(record).items:
        texts = json.dumps(
            [item.id, item.body, item.status, item.extra, item.platform_data], ensure_ascii=False
        )
        assert clean(json.loads(f"[{texts}]")[0][0]) == item.id
        assert not any(ord(character) < 9 or 0x7F <= ord(character) < 0xA0 for character in texts)


@pytest.mark.parametrize("levels", [70, 300, 5000])
def test_a_record_nested_very_deep_is_set_aside_or_the_answer_refused(levels: int) -> None:
    content = json.dumps(page("@", ACCEPTED)).replace('"@"', '{"id":' * levels + "1" + "}" * levels)
    try:
        result = pages.MESSAGES.read_page(Answer(200, content.encode()))
    except ServerFault:
        assert levels == 5000
    else:
        assert [item.id for item in result.items] == ["m9"]
        assert len(result.rejected) == 1


def test_a_number_too_long_for_python_is_kept_as_text() -> None:
    content = json.dumps(page({**MESSAGE, "huge": "@"})).replace('"@"', "9" * 5000)
    assert pages.MESSAGES.read_page(Answer(200, content.encode())).items[0].extra == {"huge": "9" * 5000}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_know_becomes_null(word: str) -> None:
    content = json.dumps(page({**CHAT, "metadata": {"follower_count": "@"}})).replace('"@"', word)
    assert pages.CHATS.read_page(Answer(200, content.encode())).items[0].metadata == {"follower_count": None}
