"""The one shape of a profile, a chat and a message above the wire.

Times are integer milliseconds since 1970 UTC. Every text that came from outside has been through
`core.text.clean` before it gets here. Field names are those of the API reference ("Chat fields",
"Message fields"), times without their `external_` prefix where the meaning is plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "Mapping[str, Json]"
Milliseconds: TypeAlias = int


class Platform(StrEnum):
    """The networks whose direct messages the API serves. An unknown network stays a plain string."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    TELEGRAM = "telegram"
    BLUESKY = "bluesky"


class Direction(StrEnum):
    """Who wrote a message: the customer (inbound) or the business (outbound)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Status(StrEnum):
    """Message statuses of the seed. An unknown status stays a plain string and is shown as such."""

    PENDING = "pending"
    PUBLISHED = "published"
    FAILED_WAITING_FOR_RETRY = "failed_waiting_for_retry"
    FAILED = "failed"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class ProfileGroup:
    """A group of profiles; a full-access key names it on every chat and message call."""

    id: str
    name: str
    profiles_count: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A connected account of the business on one platform."""

    id: str
    name: str
    platform: str
    status: str = "active"
    profile_group_id: str | None = None
    username: str | None = None
    platform_id: str | None = None
    avatar_url: str | None = None
    expires_at: Milliseconds | None = None
    inactive_reason: str | None = None
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation between one profile and one participant (seed: "Chat fields")."""

    id: str
    profile_id: str
    platform: str
    participant_external_id: str
    created_at: Milliseconds
    participant_username: str | None = None
    participant_name: str | None = None
    participant_avatar_url: str | None = None
    external_conversation_id: str | None = None
    last_inbound_at: Milliseconds | None = None
    last_outbound_at: Milliseconds | None = None
    last_message_at: Milliseconds | None = None
    archived: bool | None = None
    """Bluesky only; `None` where the record did not say."""
    metadata: JsonObject = field(default_factory=dict)
    """Facts of the platform about the participant. A missing key is unknown, never false."""
    extra: JsonObject = field(default_factory=dict)
    cleaned: bool = False
    """Cleaning changed a text of the record; the live record shows what it was."""
    missing: frozenset[str] = frozenset()
    """Fields that the record did not carry; a cache keeps what it had for them."""

    @property
    def title(self) -> str:
        """What the person is called, in one line: name, else @username, else the platform's id."""
        if name := " ".join((self.participant_name or "").split()):
            return name
        if username := " ".join((self.participant_username or "").split()):
            return f"@{username}"
        return self.participant_external_id


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message (seed: "Media attachments")."""

    id: str
    type: str
    url: str | None = None
    status: str = "processed"
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """One account's reaction; a second one of the same account replaces it."""

    sender_external_id: str
    emoji: str | None = None
    reaction: str | None = None
    at: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat (seed: "Message fields")."""

    id: str
    chat_id: str
    direction: str
    status: str
    created_at: Milliseconds
    external_id: str | None = None
    body: str | None = None
    external_comment_id: str | None = None
    error_message: str | None = None
    platform_data: JsonObject | None = None
    posted_at: Milliseconds | None = None
    delivered_at: Milliseconds | None = None
    read_at: Milliseconds | None = None
    edited_at: Milliseconds | None = None
    deleted_at: Milliseconds | None = None
    reply_to_external_id: str | None = None
    reply_markup: JsonObject | None = None
    reactions: tuple[Reaction, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    is_unsupported: bool = False
    extra: JsonObject = field(default_factory=dict)
    cleaned: bool = False
    """Cleaning changed a text of the record; the live record shows what it was."""
    missing: frozenset[str] = frozenset()
    """Fields of this class that the record did not carry (the trimmed 202 answers of a send)."""

    @property
    def position(self) -> tuple[Milliseconds, str]:
        """Order inside a chat: posted, or created while it is not posted; then the id."""
        return (self.created_at if self.posted_at is None else self.posted_at, self.id)

    @property
    def inbound(self) -> bool:
        """Whether the customer wrote it; every direction that is not outbound counts as theirs."""
        return self.direction != Direction.OUTBOUND


Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record of a page that could not be read, set aside with what was wrong."""

    json: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """One page of a list. Pages count from zero."""

    items: tuple[Record, ...]
    total: int | None = None
    page: int = 0
    per_page: int = 0
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class PostTarget:
    """Where a post was published, or was to be: one profile of one platform."""

    platform: str
    status: str = ""
    profile_id: str | None = None
    profile_name: str | None = None
    permalink: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A post of the business; only what a private reply to one of its comments needs."""

    id: str
    status: str
    created_at: Milliseconds
    body: str | None = None
    scheduled_at: Milliseconds | None = None
    targets: tuple[PostTarget, ...] = ()
    extra: JsonObject = field(default_factory=dict)
    cleaned: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a post, with the replies to it (one level)."""

    id: str
    created_at: Milliseconds
    status: str = ""
    body: str | None = None
    external_id: str | None = None
    parent_external_id: str | None = None
    author_external_id: str | None = None
    author_username: str | None = None
    author_name: str | None = None
    author_avatar_url: str | None = None
    permalink: str | None = None
    posted_at: Milliseconds | None = None
    is_hidden: bool = False
    attachments: tuple[Attachment, ...] = ()
    replies: tuple[Comment, ...] = ()
    extra: JsonObject = field(default_factory=dict)
    cleaned: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription: the service posts `events` to `url`, signed with `secret` (where it was told)."""

    id: str
    url: str
    events: tuple[str, ...] = ()
    enabled: bool = True
    description: str | None = None
    secret: str | None = field(default=None, repr=False)
    created_at: Milliseconds | None = None
