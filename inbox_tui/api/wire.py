"""From the records of the wire to `core.models`: every text cleaned, every time in milliseconds.

Null is the default of a field; a key that is absent is also named in `missing`, so that a partial answer
never erases what is cached (design, section 3). Unknown keys go to `extra`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import overload

from inbox_tui.api.records import (
    AttachmentRecord,
    ChatRecord,
    CommentRecord,
    MessageRecord,
    PostRecord,
    ProfileGroupRecord,
    ProfileRecord,
    ReactionRecord,
    Record,
    WebhookRecord,
)
from inbox_tui.core.models import (
    Attachment,
    Chat,
    Comment,
    Json,
    JsonObject,
    Message,
    Milliseconds,
    Post,
    PostTarget,
    Profile,
    ProfileGroup,
    Reaction,
    Webhook,
)
from inbox_tui.core.text import clean

MAX_DEPTH = 60
"""Levels of nesting that a record may have; more is not read."""


class UnreadableRecordError(ValueError):
    """A record that lacks what makes it one; the text says what."""


class Cleaner:
    """Cleans the texts of one record and remembers whether that changed any."""

    __slots__ = ("changed",)

    def __init__(self, *, changed: bool = False) -> None:
        self.changed = changed

    def text(self, value: str) -> str:
        """`value` as it may be stored and drawn."""
        cleaned = clean(value)
        if cleaned is not value and cleaned != value:
            self.changed = True
        return cleaned

    def maybe(self, value: str | None) -> str | None:
        """`value` cleaned, or None."""
        return None if value is None else self.text(value)

    def identifier(self, value: str, name: str) -> str:
        """An id, which must not be empty."""
        cleaned = self.text(value)
        if not cleaned:
            raise UnreadableRecordError(f"{name} is empty")
        return cleaned

    def json(self, value: object, depth: int = 0) -> Json:
        """A decoded JSON value with every text in it, keys included, cleaned; NaN and infinity are null."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if isfinite(value) else None
        if depth == MAX_DEPTH:
            raise UnreadableRecordError(f"it is nested more than {MAX_DEPTH} levels deep")
        if isinstance(value, dict):
            return {self.text(str(key)): self.json(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.json(item, depth + 1) for item in value]
        raise UnreadableRecordError(f"it holds a {type(value).__name__}")

    def object(self, value: Mapping[str, object] | None) -> JsonObject:
        """A JSON object cleaned; empty for None."""
        return {self.text(key): self.json(item, 1) for key, item in value.items()} if value else {}


@overload
def milliseconds(moment: datetime) -> Milliseconds: ...
@overload
def milliseconds(moment: None) -> None: ...
def milliseconds(moment: datetime | None) -> Milliseconds | None:
    """A moment as milliseconds since 1970 UTC; without an offset it is UTC (API reference, "Conventions")."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def created(moment: datetime | None, *others: datetime | None) -> Milliseconds:
    """When a record was made; where it does not say, the earliest of the `others`. One must be known."""
    if moment is not None:
        return milliseconds(moment)
    known = [milliseconds(other) for other in others if other is not None]
    if not known:
        raise UnreadableRecordError("created_at is missing")
    return min(known)


_MESSAGE_NAMES = {
    name: name.removeprefix("external_") if name.endswith("_at") else name
    for name in MessageRecord.model_fields
    if name not in ("id", "chat_id", "direction", "status")
}
"""Optional keys of a message on the wire and the fields of `Message` that hold them."""

_CHAT_NAMES = {
    name: name
    for name in ChatRecord.model_fields
    if name not in ("id", "profile_id", "platform", "participant_external_id")
}


def _missing(record: Record, names: Mapping[str, str]) -> frozenset[str]:
    return frozenset([names[key] for key in names.keys() - record.model_fields_set])


def to_message(record: MessageRecord, cleaner: Cleaner) -> Message:
    """The core shape of a message. Raises UnreadableRecordError."""
    text, maybe = cleaner.text, cleaner.maybe
    markup, data = record.reply_markup, record.platform_data
    return Message(
        id=cleaner.identifier(record.id, "id"),
        chat_id=cleaner.identifier(record.chat_id, "chat_id"),
        direction=text(record.direction),
        status=text(record.status),
        created_at=created(record.created_at, record.external_posted_at),
        external_id=maybe(record.external_id),
        body=maybe(record.body),
        external_comment_id=maybe(record.external_comment_id),
        error_message=maybe(record.error_message),
        platform_data=None if data is None else cleaner.object(data),
        posted_at=milliseconds(record.external_posted_at),
        delivered_at=milliseconds(record.external_delivered_at),
        read_at=milliseconds(record.external_read_at),
        edited_at=milliseconds(record.external_edited_at),
        deleted_at=milliseconds(record.external_deleted_at),
        reply_to_external_id=maybe(record.reply_to_external_id),
        reply_markup=None if markup is None else cleaner.object(markup),
        reactions=to_reactions(record.reactions, cleaner),
        attachments=to_attachments(record.attachments, cleaner),
        is_unsupported=bool(record.is_unsupported),
        extra=cleaner.object(record.model_extra),
        missing=_missing(record, _MESSAGE_NAMES),
        cleaned=cleaner.changed,
    )


def to_reactions(records: Iterable[ReactionRecord | None] | None, cleaner: Cleaner) -> tuple[Reaction, ...]:
    """The reactions of a message; an unknown sender is the empty string."""
    if not records:
        return ()
    return tuple(
        Reaction(
            sender_external_id=cleaner.text(record.sender_external_id or ""),
            emoji=cleaner.maybe(record.emoji),
            reaction=cleaner.maybe(record.reaction),
            at=milliseconds(record.at),
        )
        for record in records
        if record is not None
    )


def to_attachments(
    records: Iterable[AttachmentRecord | None] | None, cleaner: Cleaner
) -> tuple[Attachment, ...]:
    """The attachments of a message or a comment; one of unknown type is a file."""
    if not records:
        return ()
    return tuple(
        Attachment(
            id=cleaner.text(record.id),
            type=cleaner.text(record.type or "file"),
            url=cleaner.maybe(record.url),
            status=cleaner.text(record.status or "processed"),
            external_id=cleaner.maybe(record.external_id),
        )
        for record in records
        if record is not None
    )


def to_chat(record: ChatRecord, cleaner: Cleaner) -> Chat:
    """The core shape of a chat. Raises UnreadableRecordError."""
    maybe = cleaner.maybe
    moments = (record.last_inbound_at, record.last_outbound_at, record.last_message_at)
    return Chat(
        id=cleaner.identifier(record.id, "id"),
        profile_id=cleaner.identifier(record.profile_id, "profile_id"),
        platform=cleaner.text(record.platform),
        participant_external_id=cleaner.identifier(record.participant_external_id, "participant_external_id"),
        created_at=created(record.created_at, *moments),
        participant_username=maybe(record.participant_username),
        participant_name=maybe(record.participant_name),
        participant_avatar_url=maybe(record.participant_avatar_url),
        external_conversation_id=maybe(record.external_conversation_id),
        last_inbound_at=milliseconds(record.last_inbound_at),
        last_outbound_at=milliseconds(record.last_outbound_at),
        last_message_at=milliseconds(record.last_message_at),
        archived=record.archived,
        metadata=cleaner.object(record.metadata),
        extra=cleaner.object(record.model_extra),
        missing=_missing(record, _CHAT_NAMES),
        cleaned=cleaner.changed,
    )


def to_profile(record: ProfileRecord, cleaner: Cleaner) -> Profile:
    """The core shape of a profile; without a name it goes by its user name or its id."""
    identifier = cleaner.identifier(record.id, "id")
    return Profile(
        id=identifier,
        name=cleaner.text(record.name or record.username or identifier),
        platform=cleaner.text(record.platform),
        status=cleaner.text(record.status or "active"),
        profile_group_id=cleaner.maybe(record.profile_group_id),
        username=cleaner.maybe(record.username),
        platform_id=cleaner.maybe(record.platform_id),
        avatar_url=cleaner.maybe(record.avatar_url),
        expires_at=milliseconds(record.expires_at),
        inactive_reason=cleaner.maybe(record.inactive_reason),
        extra=cleaner.object(record.model_extra),
    )


def to_profile_group(record: ProfileGroupRecord, cleaner: Cleaner) -> ProfileGroup:
    """The core shape of a profile group; without a name it goes by its id."""
    identifier = cleaner.identifier(record.id, "id")
    return ProfileGroup(identifier, cleaner.text(record.name or identifier), record.profiles_count)


def to_post(record: PostRecord, cleaner: Cleaner) -> Post:
    """The core shape of a post."""
    return Post(
        id=cleaner.identifier(record.id, "id"),
        status=cleaner.text(record.status or ""),
        created_at=milliseconds(record.created_at),
        body=cleaner.maybe(record.body),
        scheduled_at=milliseconds(record.scheduled_at),
        targets=tuple(
            PostTarget(
                platform=cleaner.text(target.platform),
                status=cleaner.text(target.status or ""),
                profile_id=cleaner.maybe(target.profile_id),
                profile_name=cleaner.maybe(target.profile_name),
                permalink=cleaner.maybe(target.permalink),
            )
            for target in record.platforms or ()
            if target is not None
        ),
        extra=cleaner.object(record.model_extra),
        cleaned=cleaner.changed,
    )


def to_comment(record: CommentRecord, cleaner: Cleaner) -> Comment:
    """The core shape of a comment and of its replies."""
    maybe = cleaner.maybe
    return Comment(
        id=cleaner.identifier(record.id, "id"),
        created_at=created(record.created_at, record.posted_at),
        status=cleaner.text(record.status or ""),
        body=maybe(record.body),
        external_id=maybe(record.external_id),
        parent_external_id=maybe(record.parent_external_id),
        author_external_id=maybe(record.author_external_id),
        author_username=maybe(record.author_username),
        author_name=maybe(record.author_name),
        author_avatar_url=maybe(record.author_avatar_url),
        permalink=maybe(record.permalink),
        posted_at=milliseconds(record.posted_at),
        is_hidden=bool(record.is_hidden),
        attachments=to_attachments(record.attachments, cleaner),
        replies=tuple(to_comment(reply, cleaner) for reply in record.replies or () if reply is not None),
        extra=cleaner.object(record.model_extra),
        cleaned=cleaner.changed,
    )


def to_webhook(record: WebhookRecord, cleaner: Cleaner) -> Webhook:
    """The core shape of a webhook subscription; its secret is kept as it is."""
    return Webhook(
        id=cleaner.identifier(record.id, "id"),
        url=cleaner.text(record.url),
        events=tuple(map(cleaner.text, record.events or ())),
        enabled=record.enabled is not False,
        description=cleaner.maybe(record.description),
        secret=record.secret,
        created_at=milliseconds(record.created_at),
    )
