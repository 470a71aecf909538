"""What was written is read back as it was, whatever it holds."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields

import store_samples as samples
import store_strategies as strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.models import Chat, Json, Message, Profile
from inbox_tui.core.text import search_key
from inbox_tui.store import drafts, lookups, outbox, sends, writes
from inbox_tui.store.db import open_reader
from inbox_tui.store.records import CHAT_COLUMNS, MESSAGE_COLUMNS, PROFILE_COLUMNS
from inbox_tui.store.threads import ThreadSource
from inbox_tui.store.writes import MessagePage

EXAMPLES = settings(max_examples=25, deadline=None)


def test_every_field_of_the_models_has_a_column() -> None:
    assert {field.name for field in fields(Profile)} == set(PROFILE_COLUMNS)
    assert {field.name for field in fields(Chat)} == {*CHAT_COLUMNS, "missing"}
    assert {field.name for field in fields(Message)} == {*MESSAGE_COLUMNS, "missing", "chat_id"}


@given(st.lists(strategies.profiles, unique_by=lambda profile: profile.id, max_size=4))
@EXAMPLES
def test_profiles_come_back_as_they_were(profiles: list[Profile]) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        writes.apply_profiles(writer, profiles)
        assert lookups.profile_names(reader) == {profile.id: profile for profile in profiles}
        assert [row.profile for row in lookups.profiles(reader)] == sorted(
            profiles, key=lambda profile: (profile.platform, profile.name, profile.id)
        )


@given(strategies.chats)
@EXAMPLES
def test_a_chat_comes_back_as_it_was(chat: Chat) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        writes.apply_chats(writer, [chat])
        row = lookups.chat(reader, chat.id)
        assert row is not None
        assert row.chat == chat
        assert row.key[0] == (chat.created_at if chat.last_message_at is None else chat.last_message_at)
        (folded,) = samples.one(reader, "SELECT search_key FROM chats")
        assert search_key(chat.participant_external_id) in str(folded)


@given(strategies.messages)
@EXAMPLES
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        samples.pulled(writer, message)
        (row,) = ThreadSource(reader, 1, "chat").after(None, 5)
        assert row.message == lookups.message(reader, message.id) == message
        assert row.key == message.position
        assert row.arrived == 1


@given(st.lists(strategies.messages, unique_by=lambda message: message.id, max_size=5))
@EXAMPLES
def test_messages_of_one_page_come_back_in_their_order(messages: list[Message]) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        writes.apply_chats(writer, [samples.chat()])
        writes.apply_messages(writer, [MessagePage("chat", messages)])
        read = [row.message for row in ThreadSource(reader, 1, "chat").after(None, 10)]
        assert read == sorted(messages, key=lambda message: message.position)


@given(strategies.texts, st.integers(0, 12), strategies.json_objects)
@EXAMPLES
def test_drafts_and_intentions_come_back_as_they_were(
    text: str, cursor: int, payload: dict[str, Json]
) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        drafts.save(writer, "chat", text, cursor)
        assert lookups.draft(reader, "chat") == ((text, cursor) if text else ("", 0))
        item = sends.queue_send(writer, "chat", "prof", payload | {"text": text})
        assert item.payload == payload | {"text": text}
        assert item.text == text
        assert lookups.outbox(reader) == outbox.open_items(writer) == [item]
        assert outbox.item(writer, item.pk) == item
