"""Core objects as rows and back. Columns stand in one place, in one order."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from inbox_tui.core.models import (
    Attachment,
    Chat,
    Json,
    JsonObject,
    Message,
    Milliseconds,
    Profile,
    Reaction,
    Status,
)
from inbox_tui.core.text import search_key

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Value, ...]
SqlRow: TypeAlias = tuple[Any, ...]
"""A row as sqlite3 gives it: the schema, not Python, knows the types of its columns."""

PROFILE_COLUMNS = (
    "id",
    "name",
    "platform",
    "status",
    "profile_group_id",
    "username",
    "platform_id",
    "avatar_url",
    "expires_at",
    "inactive_reason",
    "extra",
)
CHAT_COLUMNS = (
    "id",
    "profile_id",
    "platform",
    "participant_external_id",
    "participant_username",
    "participant_name",
    "participant_avatar_url",
    "external_conversation_id",
    "last_inbound_at",
    "last_outbound_at",
    "last_message_at",
    "archived",
    "metadata",
    "extra",
    "cleaned",
    "created_at",
)
MESSAGE_COLUMNS = (
    "id",
    "direction",
    "status",
    "external_id",
    "body",
    "external_comment_id",
    "error_message",
    "platform_data",
    "posted_at",
    "delivered_at",
    "read_at",
    "edited_at",
    "deleted_at",
    "reply_to_external_id",
    "reply_markup",
    "reactions",
    "attachments",
    "is_unsupported",
    "extra",
    "cleaned",
    "created_at",
)
_MESSAGE = {name: index for index, name in enumerate(MESSAGE_COLUMNS)}
_CHAT = {name: index for index, name in enumerate(CHAT_COLUMNS)}

_STATUS_RANK: Mapping[str, int] = {
    Status.PENDING: 0,
    Status.FAILED_WAITING_FOR_RETRY: 1,
    Status.FAILED: 2,
    Status.PUBLISHED: 3,
    Status.RECEIVED: 3,
}
_FILE_RANK: Mapping[str, int] = {"pending": 0, "failed": 1}


def dump(value: Json | Sequence[Json]) -> str:
    """Compact JSON text, the same for equal values."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _json(value: JsonObject | None) -> str | None:
    return None if value is None else dump(value)


def _object(text: Value) -> JsonObject:
    if not text or text == "{}":
        return {}
    value = json.loads(str(text))
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def profile_values(profile: Profile) -> Row:
    """The row of a profile, in the order of PROFILE_COLUMNS."""
    return (
        profile.id,
        profile.name,
        profile.platform,
        profile.status,
        profile.profile_group_id,
        profile.username,
        profile.platform_id,
        profile.avatar_url,
        profile.expires_at,
        profile.inactive_reason,
        dump(profile.extra),
    )


def profile_of(row: Sequence[Value]) -> Profile:
    """A profile from the columns PROFILE_COLUMNS."""
    return Profile(
        id=str(row[0]),
        name=str(row[1]),
        platform=str(row[2]),
        status=str(row[3]),
        profile_group_id=_text(row[4]),
        username=_text(row[5]),
        platform_id=_text(row[6]),
        avatar_url=_text(row[7]),
        expires_at=_time(row[8]),
        inactive_reason=_text(row[9]),
        extra=_object(row[10]),
    )


def chat_values(chat: Chat) -> Row:
    """The row of a chat, in the order of CHAT_COLUMNS."""
    return (
        chat.id,
        chat.profile_id,
        chat.platform,
        chat.participant_external_id,
        chat.participant_username,
        chat.participant_name,
        chat.participant_avatar_url,
        chat.external_conversation_id,
        chat.last_inbound_at,
        chat.last_outbound_at,
        chat.last_message_at,
        None if chat.archived is None else int(chat.archived),
        dump(chat.metadata) if chat.metadata else "{}",
        dump(chat.extra) if chat.extra else "{}",
        int(chat.cleaned),
        chat.created_at,
    )


def chat_of(row: Sequence[Value]) -> Chat:
    """A chat from the columns CHAT_COLUMNS."""
    return Chat(
        id=str(row[0]),
        profile_id=str(row[1]),
        platform=str(row[2]),
        participant_external_id=str(row[3]),
        participant_username=_text(row[4]),
        participant_name=_text(row[5]),
        participant_avatar_url=_text(row[6]),
        external_conversation_id=_text(row[7]),
        last_inbound_at=_time(row[8]),
        last_outbound_at=_time(row[9]),
        last_message_at=_time(row[10]),
        archived=None if row[11] is None else bool(row[11]),
        metadata=_object(row[12]),
        extra=_object(row[13]),
        cleaned=bool(row[14]),
        created_at=int(cast("int", row[15])),
    )


def chat_search_key(chat: Chat) -> str:
    """What a word of the list filter is looked for in: names, handle and id, folded."""
    names = (chat.participant_name, chat.participant_username, chat.participant_external_id)
    return search_key("\n".join(name for name in names if name))


def chat_sort_at(chat: Chat) -> Milliseconds:
    """Where the chat stands in the list: its last message, or its creation when it has none."""
    return chat.created_at if chat.last_message_at is None else chat.last_message_at


def message_values(message: Message) -> Row:
    """The row of a message, in the order of MESSAGE_COLUMNS. A deleted message is redacted."""
    row = (
        message.id,
        message.direction,
        message.status,
        message.external_id,
        message.body,
        message.external_comment_id,
        message.error_message,
        _json(message.platform_data),
        message.posted_at,
        message.delivered_at,
        message.read_at,
        message.edited_at,
        message.deleted_at,
        message.reply_to_external_id,
        _json(message.reply_markup),
        _reactions(message.reactions),
        _attachments(message.attachments),
        int(message.is_unsupported),
        dump(message.extra) if message.extra else "{}",
        int(message.cleaned),
        message.created_at,
    )
    return row if message.deleted_at is None else _redacted(row)


def message_of(row: Sequence[Value], chat_id: str) -> Message:
    """A message from the columns MESSAGE_COLUMNS."""
    platform_data, markup = row[7], row[14]
    return Message(
        id=str(row[0]),
        chat_id=chat_id,
        direction=str(row[1]),
        status=str(row[2]),
        external_id=_text(row[3]),
        body=_text(row[4]),
        external_comment_id=_text(row[5]),
        error_message=_text(row[6]),
        platform_data=None if platform_data is None else _object(platform_data),
        posted_at=_time(row[8]),
        delivered_at=_time(row[9]),
        read_at=_time(row[10]),
        edited_at=_time(row[11]),
        deleted_at=_time(row[12]),
        reply_to_external_id=_text(row[13]),
        reply_markup=None if markup is None else _object(markup),
        reactions=() if row[15] == "[]" else tuple(Reaction(*entry) for entry in json.loads(str(row[15]))),
        attachments=() if row[16] == "[]" else tuple(Attachment(*e) for e in json.loads(str(row[16]))),
        is_unsupported=bool(row[17]),
        extra=_object(row[18]),
        cleaned=bool(row[19]),
        created_at=int(cast("int", row[20])),
    )


def merge_chat(old: Row, new: Row, missing: Iterable[str]) -> Row:
    """What the cache holds after `new` came for `old`, whichever of the two is older.

    Fields that were not carried are kept, the times of the last messages never go back, and a
    conversation's id is never lost. Nothing tells the age of the other fields: the last answer stands.
    """
    row = _carried(old, new, missing, _CHAT)
    for name in ("last_inbound_at", "last_outbound_at", "last_message_at"):
        index = _CHAT[name]
        row[index] = _later(old[index], row[index])
    conversation = _CHAT["external_conversation_id"]
    if row[conversation] is None:
        row[conversation] = old[conversation]
    return tuple(row)


def newest_times(messages: Iterable[Message]) -> tuple[Milliseconds | None, Milliseconds | None]:
    """The times of the newest inbound and of the newest published outbound message, None without one.

    These move a chat's `last_inbound_at` and `last_outbound_at`; a send on its way, or failed, does not.
    """
    inbound = outbound = None
    for message in messages:
        at = message.position[0]
        if message.inbound:
            inbound = at if inbound is None else max(inbound, at)
        elif message.status == Status.PUBLISHED:
            outbound = at if outbound is None else max(outbound, at)
    return inbound, outbound


def merge_message(old: Row, new: Row, missing: Collection[str], *, late: bool = False) -> Row:
    """What the cache holds after `new` came for `old`, whichever of the two is older.

    Fields that were not carried are kept; a status never goes back, a stamp is never lost, ids and
    attachments are never taken away, the later edit wins, and what was deleted stays deleted. So answers
    may come in any order and any number. Reactions, and whatever else can change both ways without a
    stamp, are as the last answer says; `late` tells that `new` is known to be the older one, as an event
    that was overtaken is: then they stay as they are.
    """
    if late:
        return merge_message(tuple(_carried(old, new, missing, _MESSAGE)), old, ())
    row = _carried(old, new, missing, _MESSAGE)
    for name in ("external_id", "external_comment_id", "reply_to_external_id", "platform_data", "posted_at"):
        index = _MESSAGE[name]
        if row[index] is None:
            row[index] = old[index]
    for name in ("delivered_at", "read_at", "deleted_at"):
        index = _MESSAGE[name]
        row[index] = _later(old[index], row[index])
    status, error = _MESSAGE["status"], _MESSAGE["error_message"]
    if _rank(row[status]) < _rank(old[status]):
        row[status], row[error] = old[status], old[error]
    edited, files = _MESSAGE["edited_at"], _MESSAGE["attachments"]
    # An answer that does not carry the stamp tells the words from before any edit.
    edits = (_time(old[edited]) or 0) - (0 if "edited_at" in missing else _time(row[edited]) or 0)
    if edits > 0:
        for name in ("edited_at", "body", "reply_markup", "attachments", "cleaned"):
            row[_MESSAGE[name]] = old[_MESSAGE[name]]
    elif edits == 0:
        row[files] = _merge_attachments(old[files], row[files])
    result = tuple(row)
    return _redacted(result) if is_deleted(result) else result


def _carried(old: Row, new: Row, missing: Iterable[str], places: Mapping[str, int]) -> list[Value]:
    """`new`, with what it did not carry taken from `old`."""
    row = list(new)
    for name in missing:
        if (index := places.get(name)) is not None:
            row[index] = old[index]
            # The text that was cleaned may be one of those that stay.
            row[places["cleaned"]] = max(int(old[places["cleaned"]] or 0), int(new[places["cleaned"]] or 0))
    return row


def _later(old: Value, new: Value) -> Value:
    """The later of two times, of which each may be unknown."""
    if old is None or new is None:
        return new if old is None else old
    return max(int(old), int(new))


def _merge_attachments(old: Value, new: Value) -> Value:
    """Every attachment of both answers; one that is mirrored, or cannot be, never waits for it again."""
    if old == new or old == "[]":
        return new
    known, said = json.loads(str(old)), json.loads(str(new))
    files: dict[str, Json] = {}
    ranks: dict[str, int] = {}
    # The order is that of the answer that knows more of them.
    for attachment in (*max((said, known), key=len), *known, *said):
        name, rank = attachment[0], _FILE_RANK.get(attachment[3], 2)
        if rank >= ranks.get(name, 0):
            files[name], ranks[name] = attachment, rank
    return dump(list(files.values()))


def position_at(row: Row) -> Milliseconds:
    """The time part of a message row's position: posted, or created while it is not posted."""
    posted = row[_MESSAGE["posted_at"]]
    return int(cast("int", row[_MESSAGE["created_at"]] if posted is None else posted))


def is_deleted(row: Sequence[Value]) -> bool:
    """Whether a message row is one of a deleted message."""
    return row[_MESSAGE["deleted_at"]] is not None


def _redacted(row: Row) -> Row:
    empty: dict[str, Value] = {
        "body": None,
        "error_message": None,
        "platform_data": None,
        "reply_markup": None,
        "attachments": "[]",
        "extra": "{}",
        "cleaned": 0,
    }
    values = list(row)
    for name, value in empty.items():
        values[_MESSAGE[name]] = value
    return tuple(values)


def _rank(status: Value) -> tuple[int, str]:
    """The order of statuses; the name decides between two that end a message in different ways."""
    return (_STATUS_RANK.get(str(status), 2), str(status))


def _reactions(reactions: Sequence[Reaction]) -> str:
    if not reactions:
        return "[]"
    return dump([[r.sender_external_id, r.emoji, r.reaction, r.at] for r in reactions])


def _attachments(attachments: Sequence[Attachment]) -> str:
    if not attachments:
        return "[]"
    return dump([[a.id, a.type, a.url, a.status, a.external_id] for a in attachments])


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _time(value: Value) -> int | None:
    return None if value is None else int(value)
