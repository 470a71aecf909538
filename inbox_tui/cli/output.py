"""What the command line prints: JSON Lines with the API's field names, or aligned words for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from inbox_tui.core.cells import cells, pad, truncate
from inbox_tui.core.models import Attachment, Chat, Json, Message, Milliseconds
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.looks import Freshness
from inbox_tui.store.lookups import ProfileRow
from inbox_tui.store.reads import ChatRow

Record = Mapping[str, Json]


def print_records(records: Iterable[Record], *, ids: bool = False) -> int:
    """One JSON object a line on standard output, or the id of each alone; returns how many there were."""
    count = 0
    for record in records:
        line = str(record["id"]) if ids else json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        sys.stdout.write(f"{line}\n")
        count += 1
    return count


def say_nothing_found(words: str) -> None:
    """Tell the person what does not stand on standard output, where only records do."""
    sys.stderr.write(f"inbox-tui: {words}\n")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    """Columns by their longest cell; the last one is cut to the width of the terminal."""
    if not rows:
        return
    table = [head, *rows]
    sizes = [max(cells(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        line = "  ".join(pad(cell, size) for cell, size in zip(row, sizes, strict=True))
        sys.stdout.write(truncate(line, width).rstrip() + "\n")


def iso(at: Milliseconds | None) -> str | None:
    """A time as the API writes it."""
    if at is None:
        return None
    stamp = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


def chat_record(row: ChatRow, fresh: Freshness) -> Record:
    """A chat with the API's fields, the derived ones of the triage rules, and how fresh it is."""
    chat: Chat = row.chat
    record: dict[str, Json] = {
        "id": chat.id,
        "profile_id": chat.profile_id,
        "platform": chat.platform,
        "participant_external_id": chat.participant_external_id,
        "participant_username": chat.participant_username,
        "participant_name": chat.participant_name,
        "participant_avatar_url": chat.participant_avatar_url,
        "external_conversation_id": chat.external_conversation_id,
        "last_inbound_at": iso(chat.last_inbound_at),
        "last_outbound_at": iso(chat.last_outbound_at),
        "last_message_at": iso(chat.last_message_at),
        "metadata": dict(chat.metadata),
        "created_at": iso(chat.created_at),
    }
    if chat.archived is not None:
        record["archived"] = chat.archived
    return record | {
        "preview": row.preview,
        "unread": row.unread,
        "unanswered": row.unanswered,
        "needs_reply_since": iso(row.needs_reply_since),
        "waiting": row.waiting,
        "done": row.done,
        "failed": row.failed,
        "window_closes_at": iso(row.window_closes_at),
        "snoozed_until": iso(row.snoozed_until),
        "labels": list(row.labels),
        "pinned": row.pinned,
        "estimated": row.estimated,
        "draft": row.draft,
        "waiting_sends": row.leaving,
        "looked_at": iso(fresh.looked_at),
        "no_news_at": iso(fresh.news_at),
    }


def message_record(message: Message) -> Record:
    """A message with the API's fields."""
    return {
        "id": message.id,
        "chat_id": message.chat_id,
        "external_id": message.external_id,
        "direction": message.direction,
        "body": message.body,
        "status": message.status,
        "external_comment_id": message.external_comment_id,
        "error_message": message.error_message,
        "platform_data": None if message.platform_data is None else dict(message.platform_data),
        "external_posted_at": iso(message.posted_at),
        "external_delivered_at": iso(message.delivered_at),
        "external_read_at": iso(message.read_at),
        "external_edited_at": iso(message.edited_at),
        "reply_to_external_id": message.reply_to_external_id,
        "reply_markup": None if message.reply_markup is None else dict(message.reply_markup),
        "external_deleted_at": iso(message.deleted_at),
        "reactions": [
            {
                "sender_external_id": reaction.sender_external_id,
                "emoji": reaction.emoji,
                "reaction": reaction.reaction,
                "at": iso(reaction.at),
            }
            for reaction in message.reactions
        ],
        "attachments": [attachment_record(attachment) for attachment in message.attachments],
        "is_unsupported": message.is_unsupported,
        "created_at": iso(message.created_at),
    }


def attachment_record(attachment: Attachment) -> Record:
    """A file with the API's fields."""
    return {
        "id": attachment.id,
        "type": attachment.type,
        "url": attachment.url,
        "status": attachment.status,
        "external_id": attachment.external_id,
    }


def item_record(item: OutboxItem) -> Record:
    """An outbox item: what was asked, and how far it has come."""
    return {
        "id": item.key,
        "chat_id": item.chat_id,
        "profile_id": item.profile_id,
        "act": item.act,
        "payload": dict(item.payload),
        "state": item.state,
        "title": item.title,
        "hint": item.hint,
        "message_id": item.message_id,
        "created_at": iso(item.created_at),
    }


def item_words(item: OutboxItem) -> str:
    """What an outbox item is to do, in one line."""
    said = item.payload
    text = " ".join(item.text.split())
    file = said.get("file_name") or said.get("media_url")
    match item.act:
        case ActName.EDIT:
            buttons = (
                "" if "reply_markup" not in said else "buttons" if said["reply_markup"] else "no buttons"
            )
            return f"edit to {' with '.join(part for part in (text, buttons) if part)}"
        case ActName.REACT:
            return f"react with {said.get('emoji') or said.get('reaction') or 'love'}"
        case ActName.UNREACT:
            return "take the reaction off"
        case ActName.ARCHIVE:
            return "archive"
        case ActName.UNARCHIVE:
            return "bring back from the archive"
        case ActName.NEW_CHAT:
            return f"begin a chat with {said.get('participant')}{f': {text}' if text else ''}"
    return text or f"[{file or 'file'}]"


def profile_record(row: ProfileRow, looked_at: Milliseconds | None) -> Record:
    """A profile with the API's fields, its health and the time of the last look that succeeded."""
    profile = row.profile
    return {
        "id": profile.id,
        "name": profile.name,
        "platform": profile.platform,
        "status": profile.status,
        "profile_group_id": profile.profile_group_id,
        "username": profile.username,
        "expires_at": iso(profile.expires_at),
        "chats": row.chats,
        "chats_total": row.chats_total,
        "looked_at": iso(looked_at),
        "fault": row.fault_title,
        "hint": row.fault_hint,
    }
