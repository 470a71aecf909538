"""Events may come twice, late and overtaken by others: the end is the same as in the right order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOW, SECOND, chat

from inbox_tui.core.models import Message, Milliseconds, Reaction
from inbox_tui.store import writes
from inbox_tui.store.records import MESSAGE_COLUMNS
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage


@dataclass(frozen=True)
class Said:
    """A message as an event tells it, and when that was so."""

    message: Message
    at: Milliseconds


def page(*said: Said) -> list[MessagePage]:
    return [MessagePage("chat", [each.message], stated_at=each.at, event=True) for each in said]


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """What happened to a message, in order: reactions set and taken back, edits, receipts, a deletion."""
    name = draw(st.sampled_from(["m1", "m2"]))
    sent = name == "m2"
    at = NOW + draw(st.integers(0, 9)) * SECOND
    now = Message(
        name,
        "chat",
        "outbound" if sent else "inbound",
        "published" if sent else "received",
        at,
        posted_at=at,
        body="words",
    )
    said = [Said(now, at)]
    for number in range(draw(st.integers(0, 6))):
        then = at + (number + 1) * SECOND
        match draw(st.sampled_from(["react", "unreact", "edit", "read", "delete"])):
            case "react":
                emoji = draw(st.sampled_from("❤👍"))
                now = replace(now, reactions=(Reaction("u1", emoji, None, then),))
            case "unreact":
                now = replace(now, reactions=())
            case "edit":
                now = replace(now, body=f"words of {then}", edited_at=then)
            case "read":
                now = replace(now, read_at=now.read_at or then)
            case _:
                now = replace(now, deleted_at=now.deleted_at or then)
        said.append(Said(now, then))
    return said


def database(writer: Writer) -> list[tuple[object, ...]]:
    """Everything that events change, but for numbers that tell in which order they came."""
    messages = writer.cache.execute(
        f"SELECT position_at, stated_at, {', '.join(MESSAGE_COLUMNS)} FROM messages ORDER BY id"
    ).fetchall()
    chats = writer.cache.execute(
        "SELECT last_inbound_at, last_outbound_at, last_message_at, sort_at, preview, unread, unanswered, "
        "needs_reply_since, waiting, window_closes_at, messages FROM chats"
    ).fetchall()
    return [*messages, *chats]


@given(st.lists(histories(), min_size=1, max_size=2, unique_by=lambda said: said[0].message.id), st.data())
@settings(max_examples=60, deadline=None)
def test_events_in_any_order_and_number_end_in_the_same_database(
    lives: list[list[Said]], data: st.DataObject
) -> None:
    happened = sorted((said for life in lives for said in life), key=lambda said: said.at)
    again = data.draw(st.lists(st.sampled_from(happened), max_size=5))
    with samples.fresh() as in_order, samples.fresh() as shuffled:
        for writer in (in_order, shuffled):
            writes.apply_chats(writer, [chat()])
            writes.apply_messages(writer, [MessagePage("chat", [], newest=True, pulled_to=NOW)])
        for said in happened:
            writes.apply_messages(in_order, page(said))
        for said in data.draw(st.permutations([*happened, *again])):
            writes.apply_messages(shuffled, page(said))
        assert database(shuffled) == database(in_order)


def test_an_event_that_was_overtaken_does_not_bring_a_reaction_back() -> None:
    inbound = Message("m", "chat", "inbound", "received", NOW, posted_at=NOW, body="words")
    heart = replace(inbound, reactions=(Reaction("u1", "❤", None, NOW + SECOND),))
    with samples.fresh() as writer:
        writes.apply_chats(writer, [chat()])
        writes.apply_messages(writer, page(Said(inbound, NOW)))
        writes.apply_messages(writer, page(Said(inbound, NOW + 2 * SECOND)))
        applied = writes.apply_messages(writer, page(Said(heart, NOW + SECOND)))
        assert applied.changed == 0
        assert samples.one(writer.cache, "SELECT reactions FROM messages") == ("[]",)
        assert writes.apply_messages(writer, page(Said(heart, NOW + 3 * SECOND))).changed == 1


def test_a_look_that_is_older_than_an_event_leaves_the_reactions_alone_and_a_newer_one_decides() -> None:
    plain = Message("m", "chat", "inbound", "received", NOW, posted_at=NOW, body="words")
    heart = replace(plain, reactions=(Reaction("u1", "❤", None, NOW + SECOND),))
    with samples.fresh() as writer:
        writes.apply_chats(writer, [chat()])
        writes.apply_messages(writer, page(Said(heart, NOW + SECOND)))
        for at, left in ((NOW, 1), (NOW + 2 * SECOND, 0)):
            writes.apply_messages(writer, [MessagePage("chat", [plain], stated_at=at)])
            assert samples.one(writer.cache, "SELECT json_array_length(reactions) FROM messages") == (left,)


def test_an_event_moves_the_times_of_its_chat_and_never_back() -> None:
    def times(writer: Writer) -> object:
        return samples.one(
            writer.cache, "SELECT last_inbound_at, last_outbound_at, last_message_at, sort_at FROM chats"
        )

    sent = Message("m1", "chat", "outbound", "pending", NOW + 5 * SECOND)
    published = replace(sent, status="published", posted_at=NOW + 6 * SECOND)
    late = Message("m2", "chat", "inbound", "received", NOW + 2 * SECOND, posted_at=NOW + 2 * SECOND)
    with samples.fresh() as writer:
        writes.apply_chats(
            writer, [replace(chat(), last_inbound_at=NOW, last_outbound_at=None, last_message_at=NOW)]
        )
        writes.apply_messages(writer, page(Said(sent, NOW + 5 * SECOND)))
        assert times(writer) == (NOW, None, NOW, NOW)
        writes.apply_messages(writer, page(Said(published, NOW + 6 * SECOND)))
        writes.apply_messages(writer, page(Said(late, NOW + 2 * SECOND)))
        sent_at = NOW + 6 * SECOND
        assert times(writer) == (NOW + 2 * SECOND, sent_at, sent_at, sent_at)


def test_an_event_that_comes_again_writes_nothing() -> None:
    said = Said(Message("m", "chat", "inbound", "received", NOW, posted_at=NOW, body="words"), NOW)
    with samples.fresh() as writer:
        writes.apply_chats(writer, [chat()])
        writes.apply_messages(writer, page(said))
        before = writer.cache.total_changes
        applied = writes.apply_messages(writer, page(said))
        assert (applied.inserted, applied.changed, writer.cache.total_changes) == (0, 0, before)
