"""The records of the API as they come over the wire (API reference, "Objects").

Tolerant on the way in: every key but the ones that make a record what it is may be missing or null, unknown
keys are kept, unknown values of an enumeration stay plain strings, numbers are accepted as ids.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a record: what is not known of it is dropped."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, defer_build=True)


class Record(Part):
    """A record of a list: what is not known of it is kept."""

    model_config = ConfigDict(extra="allow")


class AttachmentRecord(Part):
    """A file of a message or a comment."""

    id: str = Field(min_length=1)
    type: str | None = None
    url: str | None = None
    status: str | None = None
    external_id: str | None = None


class ReactionRecord(Part):
    """One account's reaction."""

    sender_external_id: str | None = None
    emoji: str | None = None
    reaction: str | None = None
    at: datetime | None = None


class MessageRecord(Record):
    """A message. A send answers with fewer keys than a list."""

    id: str
    chat_id: str
    direction: str
    status: str
    created_at: datetime | None = None
    external_id: str | None = None
    body: str | None = None
    external_comment_id: str | None = None
    error_message: str | None = None
    platform_data: dict[str, Any] | None = None
    external_posted_at: datetime | None = None
    external_delivered_at: datetime | None = None
    external_read_at: datetime | None = None
    external_edited_at: datetime | None = None
    external_deleted_at: datetime | None = None
    reply_to_external_id: str | None = None
    reply_markup: dict[str, Any] | None = None
    reactions: list[ReactionRecord | None] | None = None
    attachments: list[AttachmentRecord | None] | None = None
    is_unsupported: bool | None = None


class ChatRecord(Record):
    """A chat; `archived` comes for Bluesky only."""

    id: str
    profile_id: str
    platform: str
    participant_external_id: str
    created_at: datetime | None = None
    participant_username: str | None = None
    participant_name: str | None = None
    participant_avatar_url: str | None = None
    external_conversation_id: str | None = None
    last_inbound_at: datetime | None = None
    last_outbound_at: datetime | None = None
    last_message_at: datetime | None = None
    archived: bool | None = None
    metadata: dict[str, Any] | None = None


class ProfileRecord(Record):
    """A connected account of the business."""

    id: str
    platform: str
    name: str | None = None
    status: str | None = None
    profile_group_id: str | None = None
    username: str | None = None
    platform_id: str | None = None
    avatar_url: str | None = None
    expires_at: datetime | None = None
    inactive_reason: str | None = None


class ProfileGroupRecord(Record):
    """A group of profiles."""

    id: str
    name: str | None = None
    profiles_count: int | None = None


class PostTargetRecord(Part):
    """A post on one platform."""

    platform: str
    status: str | None = None
    profile_id: str | None = None
    profile_name: str | None = None
    permalink: str | None = None


class PostRecord(Record):
    """A post of the business."""

    id: str
    created_at: datetime
    status: str | None = None
    body: str | None = None
    scheduled_at: datetime | None = None
    platforms: list[PostTargetRecord | None] | None = None


class CommentRecord(Record):
    """A comment and the replies to it."""

    id: str
    created_at: datetime | None = None
    status: str | None = None
    body: str | None = None
    external_id: str | None = None
    parent_external_id: str | None = None
    author_external_id: str | None = None
    author_username: str | None = None
    author_name: str | None = None
    author_avatar_url: str | None = None
    permalink: str | None = None
    posted_at: datetime | None = None
    is_hidden: bool | None = None
    attachments: list[AttachmentRecord | None] | None = None
    replies: list[CommentRecord | None] | None = None


class EventRecord(Record):
    """What every webhook event carries around its payload."""

    id: str = Field(min_length=1)
    type: str
    created_at: datetime | None = None
    data: dict[str, Any] | None = None


class ReactionEventRecord(Record):
    """The change beside the message of a `reaction.received` event."""

    sender_external_id: str | None = None
    action: str | None = None
    reaction: str | None = None
    emoji: str | None = None
    occurred_at: datetime | None = None


class ReactedMessageRecord(Record):
    """The message of a `reaction.received` event, which may be abbreviated to this."""

    id: str
    chat_id: str
    reactions: list[ReactionRecord | None] | None = None


class ReferralEventRecord(Record):
    """A `referral.received` event, without its chat."""

    ref: str | None = None
    source: str | None = None
    type: str | None = None
    occurred_at: datetime | None = None


class ReferredChatRecord(Record):
    """The chat of a `referral.received` event; it lacks `created_at`."""

    id: str
    profile_id: str


class WebhookRecord(Record):
    """A subscription; lists leave `secret` out."""

    id: str
    url: str
    events: list[str] | None = None
    enabled: bool | None = None
    description: str | None = None
    secret: str | None = None
    created_at: datetime | None = None


RecordT = TypeVar("RecordT", bound=Record)


class PageRecord(BaseModel, Generic[RecordT]):
    """A page of a list. Lists without pages (profiles, groups, webhooks) carry `data` alone."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    data: list[RecordT]
    total: int | None = None
    page: int | None = None
    per_page: int | None = None
