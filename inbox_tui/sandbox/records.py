"""Rows of the world as the API shows them: one function for each kind of object of the seed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

from . import ids
from .clock import iso

JsonObject: TypeAlias = dict[str, object]
PENDING_KEYS = (
    "id", "chat_id", "external_id", "direction", "body", "status", "external_comment_id", "error_message",
    "platform_data", "external_posted_at", "attachments", "created_at",
)  # fmt: skip
"""The keys of a send's 202 answer (seed: "Send message"); a private reply's lacks `attachments`."""
_EXTENSIONS = {"image": "png", "sticker": "png", "video": "avi", "audio": "wav", "file": "pdf"}


def _time(value: int | None) -> str | None:
    return None if value is None else iso(value)


def _json(text: str | None) -> object:
    if text is None:
        return None
    return [] if text == "[]" else json.loads(text)


def bend(record: JsonObject, overrides: str | None) -> JsonObject:
    """Apply a row's overrides: set these keys, then leave those out."""
    if overrides is None:
        return record
    changes = json.loads(overrides)
    record.update(changes.get("set", {}))
    for key in changes.get("drop", ()):
        record.pop(key, None)
    return record


def group(profiles_count: int) -> JsonObject:
    """The one profile group."""
    return {"id": ids.hashid("group", 1), "name": "Acme", "profiles_count": profiles_count}


def profile(row: sqlite3.Row, base_url: str) -> JsonObject:
    """A Profile of `GET /api/profiles`."""
    record: JsonObject = {
        "id": ids.hashid("profile", row["no"]),
        "name": row["name"],
        "platform": row["platform"],
        "status": row["status"],
        "profile_group_id": ids.hashid("group", 1),
        "expires_at": None,
        "post_count": row["post_count"],
        "username": row["username"],
        "platform_id": row["platform_id"],
        "avatar_url": f"{base_url}/storage/profile_{ids.hashid('profile', row['no'])}.png",
        "inactive_reason": row["inactive_reason"],
    }
    return bend(record, row["overrides"])


def chat(row: sqlite3.Row, platform: str, base_url: str, *, with_archived: bool = True) -> JsonObject:
    """A Chat (seed: "Chat fields"); `archived` belongs to Bluesky alone."""
    identity = ids.hashid("chat", row["no"])
    record: JsonObject = {
        "id": identity,
        "profile_id": ids.hashid("profile", row["profile"]),
        "platform": platform,
        "participant_external_id": row["participant_external_id"],
        "participant_username": row["username"],
        "participant_name": row["name"],
        "participant_avatar_url": f"{base_url}/storage/chat_avatar_{identity}.png"
        if row["has_avatar"]
        else None,
        "external_conversation_id": row["conversation_id"],
        "last_inbound_at": _time(row["last_inbound_at"]),
        "last_outbound_at": _time(row["last_outbound_at"]),
        "last_message_at": _time(row["last_message_at"]),
        "metadata": _json(row["metadata"]),
    }
    if platform == "bluesky" and with_archived:
        record["archived"] = bool(row["muted"])
    record["created_at"] = iso(row["created_at"])
    return bend(record, row["overrides"])


def attachment(row: sqlite3.Row, base_url: str) -> JsonObject:
    """An attachment (seed: "Media attachments"); the source's URL stands in while it is pending."""
    identity = ids.hashid("attachment", row["no"])
    url: str | None = row["source_url"]
    if row["status"] == "processed" or (url is None and row["status"] == "pending"):
        filename: str | None = row["filename"]
        extension = filename.rpartition(".")[2] if filename and "." in filename else _EXTENSIONS[row["type"]]
        url = f"{base_url}/storage/{identity}.{extension}"
    return {
        "id": identity,
        "type": row["type"],
        "url": url,
        "status": row["status"],
        "external_id": row["external_id"],
    }


def message(row: sqlite3.Row, platform: str, attachments: Sequence[JsonObject]) -> JsonObject:
    """A Message (seed: "Message fields"); `reply_markup` belongs to Telegram alone."""
    record: JsonObject = {
        "id": ids.hashid("message", row["no"]),
        "chat_id": ids.hashid("chat", row["chat"]),
        "external_id": row["external_id"],
        "direction": row["direction"],
        "body": row["body"],
        "status": row["status"],
        "external_comment_id": row["comment_external_id"],
        "error_message": row["error_message"],
        "platform_data": _json(row["platform_data"]),
        "external_posted_at": _time(row["posted_at"]),
        "external_delivered_at": _time(row["delivered_at"]),
        "external_read_at": _time(row["read_at"]),
        "external_edited_at": _time(row["edited_at"]),
        "reply_to_external_id": row["reply_to"],
    }
    if platform == "telegram":
        record["reply_markup"] = _json(row["reply_markup"])
    record["external_deleted_at"] = _time(row["deleted_at"])
    record["reactions"] = _json(row["reactions"])
    record["attachments"] = list(attachments)
    record["is_unsupported"] = bool(row["unsupported"])
    record["created_at"] = iso(row["created_at"])
    return bend(record, row["overrides"])


def post(row: sqlite3.Row, platforms: Sequence[sqlite3.Row]) -> JsonObject:
    """The part of a Post that an inbox needs."""
    return {
        "id": ids.hashid("post", row["no"]),
        "body": row["body"],
        "status": "processed",
        "source": "postproxy",
        "scheduled_at": None,
        "created_at": iso(row["created_at"]),
        "media": [],
        "platforms": [
            {
                "platform": entry["platform"],
                "profile_id": ids.hashid("profile", entry["profile"]),
                "profile_name": entry["name"],
                "status": "published",
                "permalink": entry["permalink"],
                "error": None,
                "attempted_at": iso(row["created_at"]),
            }
            for entry in platforms
        ],
        "thread": [],
    }


def comment(row: sqlite3.Row, replies: Sequence[sqlite3.Row] | None = None) -> JsonObject:
    """A Comment under a post; `replies` only on the top level."""
    record: JsonObject = {
        "id": ids.hashid("comment", row["no"]),
        "external_id": row["external_id"],
        "body": row["body"],
        "status": row["status"],
        "author_username": row["author_username"],
        "author_avatar_url": None,
        "author_external_id": row["author_external_id"],
        "metadata": None,
        "parent_external_id": row["parent_external_id"],
        "like_count": row["like_count"],
        "is_hidden": bool(row["is_hidden"]),
        "permalink": None,
        "platform_data": None,
        "attachments": [],
        "posted_at": _time(row["posted_at"]),
        "created_at": iso(row["created_at"]),
    }
    if replies is not None:
        record["replies"] = [comment(reply, []) for reply in replies]
    return record


def comment_event(row: sqlite3.Row, platform: str) -> JsonObject:
    """The data of a `comment.*` event."""
    return {
        "id": ids.hashid("comment", row["no"]),
        "post_id": ids.hashid("post", row["post"]),
        "platform_post_id": f"{ids.hashid('post', row['post'])}-{platform}",
        "platform": platform,
        "external_id": row["external_id"],
        "parent_external_id": row["parent_external_id"],
        "body": row["body"],
        "status": row["status"],
        "author_external_id": row["author_external_id"],
        "author_name": row["author_name"],
        "author_username": row["author_username"],
        "author_avatar_url": None,
        "like_count": row["like_count"],
        "reply_count": 0,
        "is_hidden": bool(row["is_hidden"]),
        "permalink": None,
        "platform_data": None,
        "posted_at": _time(row["posted_at"]),
        "created_at": iso(row["created_at"]),
    }


def profile_event(row: sqlite3.Row, status: str) -> JsonObject:
    """The data of `profile.connected` and `profile.disconnected`."""
    return {
        "id": ids.hashid("profile", row["no"]),
        "name": row["name"],
        "platform": row["platform"],
        "profile_group_id": ids.hashid("group", 1),
        "status": "active" if status == "active" else "disconnected",
        "uid": row["platform_id"],
        "username": row["username"],
        "platform_id": row["platform_id"],
        "origin": None if status == "active" else "automated",
    }
