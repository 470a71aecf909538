"""Any record that the wire can give to the store, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from inbox_tui.core.models import Attachment, Chat, Json, Message, Profile, Reaction
from inbox_tui.core.text import clean

# What a text is once it has been through `clean`: no lone surrogates, no control characters.
texts = st.text(max_size=12).map(clean)
names = texts.filter(bool)
maybe_texts = st.none() | texts
times = st.integers(-62_135_596_800_000, 253_402_300_799_999)
maybe_times = st.none() | times
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)
platforms = st.sampled_from(["facebook", "instagram", "telegram", "bluesky", "carrier pigeon"])
statuses = st.sampled_from(
    ["pending", "published", "failed_waiting_for_retry", "failed", "received", "lost at sea"]
)

profiles = st.builds(
    Profile,
    id=names,
    name=texts,
    platform=platforms,
    status=st.sampled_from(["active", "inactive"]),
    profile_group_id=maybe_texts,
    username=maybe_texts,
    platform_id=maybe_texts,
    avatar_url=maybe_texts,
    expires_at=maybe_times,
    inactive_reason=maybe_texts,
    extra=json_objects,
)
chats = st.builds(
    Chat,
    id=names,
    profile_id=names,
    platform=platforms,
    participant_external_id=names,
    created_at=times,
    participant_username=maybe_texts,
    participant_name=maybe_texts,
    participant_avatar_url=maybe_texts,
    external_conversation_id=maybe_texts,
    last_inbound_at=maybe_times,
    last_outbound_at=maybe_times,
    last_message_at=maybe_times,
    archived=st.none() | st.booleans(),
    metadata=json_objects,
    extra=json_objects,
    cleaned=st.booleans(),
)
reactions = st.builds(
    Reaction, sender_external_id=texts, emoji=maybe_texts, reaction=maybe_texts, at=maybe_times
)
attachments = st.builds(
    Attachment,
    id=names,
    type=texts,
    url=maybe_texts,
    status=st.sampled_from(["pending", "processed", "failed"]),
    external_id=maybe_texts,
)
messages = st.builds(
    Message,
    id=names,
    chat_id=st.just("chat"),
    direction=st.sampled_from(["inbound", "outbound", "sideways"]),
    status=statuses,
    created_at=times,
    external_id=maybe_texts,
    body=maybe_texts,
    external_comment_id=maybe_texts,
    error_message=maybe_texts,
    platform_data=st.none() | json_objects,
    posted_at=maybe_times,
    delivered_at=maybe_times,
    read_at=maybe_times,
    edited_at=maybe_times,
    reply_to_external_id=maybe_texts,
    reply_markup=st.none() | json_objects,
    reactions=st.lists(reactions, max_size=2).map(tuple),
    attachments=st.lists(attachments, max_size=2, unique_by=lambda attachment: attachment.id).map(tuple),
    is_unsupported=st.booleans(),
    extra=json_objects,
    cleaned=st.booleans(),
)
