"""Answers may come in any order and number, whole or trimmed: the end is the same (design, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import store_samples as samples
import store_strategies as strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOW, SECOND, chat

from inbox_tui.core.models import Attachment, Message, Reaction
from inbox_tui.store import writes
from inbox_tui.store.records import MESSAGE_COLUMNS, merge_message, message_values
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

TRIMMED = frozenset(
    (
        "delivered_at",
        "read_at",
        "edited_at",
        "deleted_at",
        "reply_to_external_id",
        "reply_markup",
        "reactions",
        "is_unsupported",
    )
)
"""What the 202 answer to a send leaves out (seed, "Send a message")."""


def as_answer(message: Message) -> Message:
    """The trimmed form of a message."""
    bare = Message(message.id, message.chat_id, message.direction, message.status, message.created_at)
    return replace(message, missing=TRIMMED, **{name: getattr(bare, name) for name in TRIMMED})


@st.composite
def lives(draw: st.DrawFn, name: str = "m") -> list[Message]:
    """One message as the service had it from its beginning on, by the seed's rules."""
    sent = draw(st.booleans())
    at = NOW + draw(st.integers(0, 20)) * SECOND
    files = draw(st.lists(st.sampled_from(["f1", "f2"]), unique=True))
    now = Message(
        name,
        "chat",
        "outbound" if sent else "inbound",
        "pending" if sent else "received",
        at,
        external_id=None if sent else f"external {name}",
        posted_at=None if sent else at - SECOND,
        body=draw(st.sampled_from(["first words", None])),
        reply_to_external_id=draw(st.sampled_from([None, "quoted"])),
        attachments=tuple(Attachment(file, "image", f"source/{file}", "pending") for file in files),
    )
    states = [now]
    for number in range(draw(st.integers(0, 5))):
        then = at + (number + 2) * SECOND
        events = ["mirror"] if any(file.status == "pending" for file in now.attachments) else []
        if now.status in ("pending", "failed_waiting_for_retry"):
            events += ["publish", "fail", *(["retry"] if now.status == "pending" else [])]
        if now.status in ("published", "received"):
            events += ["deliver", "read", "edit", "delete"]
        if now.deleted_at is not None or not events:
            break
        match draw(st.sampled_from(events)):
            case "mirror":
                kinds = [draw(st.sampled_from(["processed", "failed"])) for _ in now.attachments]
                now = replace(
                    now,
                    attachments=tuple(
                        replace(file, status=kind, url=f"stable/{file.id}")
                        for file, kind in zip(now.attachments, kinds, strict=True)
                    ),
                )
            case "publish":
                now = replace(
                    now,
                    status="published",
                    posted_at=then,
                    external_id=f"external {name}",
                    error_message=None,
                )
            case "retry":
                now = replace(now, status="failed_waiting_for_retry", error_message="busy")
            case "fail":
                now = replace(now, status="failed", error_message="refused")
            case "deliver":
                now = replace(now, delivered_at=now.delivered_at or then)
            case "read":
                now = replace(now, read_at=now.read_at or then)
            case "edit":
                body = draw(st.sampled_from(["new words", "newer words"]))
                now = replace(now, edited_at=then, body=body, reply_markup={"of": body})
            case _:
                now = replace(now, deleted_at=then)
        states.append(now)
    return states


@dataclass(frozen=True)
class Story:
    """What was true in the end, and answers that say so or what was true before, in the order they came."""

    truth: list[Message]
    answers: list[Message]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    histories = [draw(lives(name)) for name in draw(st.sampled_from([["m1"], ["m1", "m2", "m3"]]))]
    said = [state for states in histories for state in states]
    extra = draw(st.lists(st.sampled_from(said), max_size=6))
    trimmed = [as_answer(state) for state in draw(st.lists(st.sampled_from(said), max_size=4))]
    last = [states[-1] for states in histories]
    return Story(last, draw(st.permutations([*last, *extra, *trimmed])))


def rows(writer: Writer) -> list[tuple[object, ...]]:
    """Messages and what is derived from them, but for numbers that tell when each came first."""
    messages = writer.cache.execute(
        f"SELECT position_at, {', '.join(MESSAGE_COLUMNS)} FROM messages ORDER BY id"
    ).fetchall()
    facts = writer.cache.execute(
        "SELECT preview, preview_from, unread, unanswered, needs_reply_since, waiting, done, failed, "
        "retrying_since, window_closes_at, estimated, messages, pulled_to FROM chats"
    ).fetchall()
    return [*messages, *facts]


@given(stories(), st.data())
@settings(max_examples=40, deadline=None)
def test_answers_in_any_order_and_number_end_in_the_same_database(story: Story, data: st.DataObject) -> None:
    with samples.fresh() as once, samples.fresh() as often:
        for writer in (once, often):
            writes.apply_chats(writer, [chat()])
            writes.apply_messages(writer, [MessagePage("chat", [], newest=True, pulled_to=NOW)])
        writes.apply_messages(once, [MessagePage("chat", story.truth)])
        answers = list(story.answers)
        while answers:
            count = data.draw(st.integers(1, len(answers)))
            page, answers = answers[:count], answers[count:]
            writes.apply_messages(often, [MessagePage("chat", page, history=data.draw(st.booleans()))])
        assert rows(often) == rows(once)


@given(lives(), st.data())
@settings(max_examples=40, deadline=None)
def test_what_changes_without_a_stamp_is_right_once_the_last_answer_came(
    states: list[Message], data: st.DataObject
) -> None:
    hearts = st.sampled_from([(), (Reaction("them", "❤️"),), (Reaction("them", "👍"), Reaction("us", "❤️"))])
    said = [
        replace(state, reactions=data.draw(hearts), extra={"seen": data.draw(st.integers(0, 2))})
        for state in states
    ]
    kept = message_values(said[0])
    for state in (*data.draw(st.permutations(said)), said[-1]):
        kept = merge_message(kept, message_values(state), ())
    assert kept == message_values(said[-1])


@given(strategies.messages, strategies.messages, st.sets(st.sampled_from(sorted(MESSAGE_COLUMNS))))
@settings(max_examples=40, deadline=None)
def test_what_an_answer_does_not_carry_stays_as_it_was(old: Message, new: Message, missing: set[str]) -> None:
    missing -= {"id", "cleaned", "direction"}
    before, after = message_values(old), merge_message(message_values(old), message_values(new), missing)
    places = {name: index for index, name in enumerate(MESSAGE_COLUMNS)}
    # A text belongs to its edit, an error to its status: the one that is kept brings the other along.
    kept = missing - ({"error_message"} if "status" not in missing else set())
    kept -= set() if "edited_at" in missing else {"body", "reply_markup", "attachments"}
    if "edited_at" not in missing and (new.edited_at or 0) >= (old.edited_at or 0):
        kept |= missing & {"body", "reply_markup", "attachments"}
    assert {name: after[places[name]] for name in kept} == {name: before[places[name]] for name in kept}


@given(strategies.messages, strategies.messages, st.sets(st.sampled_from(sorted(MESSAGE_COLUMNS))))
@settings(max_examples=40, deadline=None)
def test_an_answer_that_comes_twice_says_the_same(old: Message, new: Message, missing: set[str]) -> None:
    before, said = message_values(old), message_values(new)
    once = merge_message(before, said, missing)
    assert merge_message(once, said, missing) == once
    assert merge_message(once, once, ()) == once


def merged(*answers: Message) -> Message:
    """What the cache says of a message after these answers."""
    with samples.fresh() as writer:
        writes.apply_chats(writer, [chat()])
        for answer in answers:
            writes.apply_messages(writer, [MessagePage("chat", [answer])])
        (found,) = writer.cache.execute("SELECT id, chat FROM messages").fetchall()
        assert found == ("m", 1)
        return samples.stored(writer)


WHOLE = samples.outbound(
    "m",
    NOW,
    external_id="e",
    delivered_at=NOW + 1,
    reactions=(Reaction("them", "❤️"),),
    reply_markup={"a": []},
)


def test_the_trimmed_answer_to_a_send_erases_nothing() -> None:
    late = as_answer(replace(WHOLE, status="pending", external_id=None, posted_at=None))
    assert merged(WHOLE, late) == WHOLE
    assert merged(late, WHOLE) == WHOLE


def test_the_words_of_the_later_edit_stand() -> None:
    edited = replace(WHOLE, edited_at=NOW + 9, body="better words", reply_markup=None)
    again = replace(edited, edited_at=NOW + 10, body="best words", attachments=(Attachment("a", "image"),))
    assert merged(again, WHOLE, edited) == again
    assert merged(WHOLE, again, edited) == again


def test_an_answer_to_a_send_that_is_repeated_after_an_edit_does_not_bring_the_old_words_back() -> None:
    edited = replace(WHOLE, edited_at=NOW + 9, body="better words")
    assert merged(edited, as_answer(WHOLE)) == edited


def test_a_status_that_nobody_knows_gives_way_to_the_end_of_a_message() -> None:
    strange = replace(WHOLE, status="in orbit")
    pending = replace(WHOLE, status="pending")
    assert merged(pending, strange).status == merged(strange, pending).status == "in orbit"
    assert merged(strange, WHOLE).status == merged(WHOLE, strange).status == "published"
    failed = replace(WHOLE, status="failed")
    assert merged(failed, strange).status == merged(strange, failed).status


def test_what_was_deleted_stays_deleted() -> None:
    gone = replace(WHOLE, deleted_at=NOW + 50)
    kept = merged(gone, WHOLE)
    assert kept == merged(WHOLE, gone)
    assert (kept.deleted_at, kept.body, kept.reply_markup) == (NOW + 50, None, None)
