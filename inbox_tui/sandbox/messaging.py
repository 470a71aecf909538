"""What the business does through the API: send, edit, react, archive, open a chat, reply privately."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from . import ids, platforms
from .clock import iso
from .records import PENDING_KEYS, JsonObject
from .world import RefusedError, World, missing, not_found


@dataclass(frozen=True, slots=True)
class Media:
    """One file of a send: uploaded bytes, or a URL to fetch."""

    type: str
    """image, video, audio or file."""
    content_type: str
    filename: str | None = None
    content: bytes | None = None
    source_url: str | None = None


def open_chat(
    world: World, profile: sqlite3.Row, participant: str, username: str | None, name: str | None
) -> tuple[sqlite3.Row, bool]:
    """Find or create the chat with a participant (seed: "POST chats"); the row and whether it is new.

    Participant fields that are given replace those of an existing chat.
    """
    database = world.database
    number = database.value(
        "select no from chats where profile = ? and participant_external_id = ?", profile["no"], participant
    )
    if number is not None:
        changes = {key: value for key, value in (("username", username), ("name", name)) if value is not None}
        if changes:
            database.update("chats", number, **changes)
        return world.chat_numbered(number), False
    conversation = participant if profile["platform"] == "telegram" else None
    number = database.insert(
        "chats",
        profile=profile["no"],
        participant_external_id=participant,
        username=username,
        name=name,
        conversation_id=conversation,
        created_at=world.now(),
    )
    # The platform's facts about the person are fetched a moment later.
    world.schedule("participant", 2000, number)
    return world.chat_numbered(number), True


def send(
    world: World,
    chat: sqlite3.Row,
    body: str | None,
    media: list[Media],
    reply_to: str | None,
    markup: Mapping[str, object] | None,
) -> JsonObject:
    """Accept an outbound message (seed: "Send message"); the trimmed 202 record.

    Raises:
        RefusedError: 400 or 422 with the seed's words.
    """
    platform = chat["platform"]
    if not body and not media:
        raise RefusedError(400, "body or media is required")
    if body and media:
        raise RefusedError(422, "Direct messages support either text or attachment per send, not both")
    if len(media) > 1:
        raise RefusedError(422, "Direct messages support one attachment per send")
    if media and platform == "bluesky":
        raise RefusedError(422, "Attachments are not supported on Bluesky")
    if platform != "telegram":
        if reply_to is not None:
            raise RefusedError(422, "reply_to_external_id is only supported on Telegram")
        if markup is not None:
            raise RefusedError(422, "reply_markup is only supported on Telegram")
    elif world.database.value("select last_inbound_at from chats where no = ?", chat["no"]) is None:
        raise RefusedError(422, platforms.CANNOT_INITIATE)
    number = insert_outbound(world, chat, body or None, reply_to, markup)
    for item in media:
        world.database.insert(
            "attachments",
            no=ids.attachment_number(number),
            message=number,
            type=item.type,
            status="pending",
            source_url=item.source_url,
            content=item.content,
            content_type=item.content_type,
            filename=item.filename,
        )
    random = Random(f"{world.options.seed}/publish/{number}")  # noqa: S311
    delay = random.randrange(1000, 1900)
    if media:
        world.schedule("store", delay // 2, number)
    world.schedule("publish", delay, number, attempt=0)
    record = world.message_record(number)
    return {key: record[key] for key in PENDING_KEYS}


def insert_outbound(
    world: World,
    chat: sqlite3.Row,
    body: str | None,
    reply_to: str | None = None,
    markup: Mapping[str, object] | None = None,
    comment_external_id: str | None = None,
) -> int:
    """Write a pending message; its number."""
    world.write_thread(chat["no"])
    number = world.next_message_number()
    now = world.now()
    world.database.insert(
        "messages",
        no=number,
        chat=chat["no"],
        direction="outbound",
        status="pending",
        body=body,
        reply_to=reply_to,
        reply_markup=json.dumps(markup) if markup is not None else None,
        comment_external_id=comment_external_id,
        created_at=now,
        sort_at=now,
    )
    return number


def edit(
    world: World, message: sqlite3.Row, body: str | None, markup: Mapping[str, object] | None
) -> JsonObject:
    """Change a published Telegram message (seed: "Edit message"); the whole record.

    A text without `reply_markup` keeps the keyboard; `{}` removes it.

    Raises:
        RefusedError: 400 or 422 with the seed's words, Telegram's own passed through.
    """
    chat = world.chat_numbered(message["chat"])
    if chat["platform"] != "telegram":
        raise RefusedError(422, "Editing messages is only supported on Telegram")
    if message["direction"] != "outbound" or message["status"] != "published":
        raise RefusedError(422, "Only published outbound messages can be edited")
    if body is None and markup is None:
        raise RefusedError(400, "body or reply_markup is required")
    has_file = world.database.value("select 1 from attachments where message = ?", message["no"]) is not None
    kept = None if message["reply_markup"] is None else json.loads(message["reply_markup"])
    refusal = _edit_refusal(kept, body, markup, has_file=has_file)
    if refusal is not None:
        raise RefusedError(422, refusal)
    new_body = message["body"] if body is None else body
    new_markup = kept if markup is None else (None if platforms.is_empty_markup(markup) else markup)
    if new_body == message["body"] and new_markup == kept:
        raise RefusedError(422, platforms.NOT_MODIFIED)
    world.database.update(
        "messages",
        message["no"],
        body=new_body or None,
        reply_markup=None if new_markup is None else json.dumps(new_markup),
        edited_at=world.now(),
    )
    record = world.message_record(message["no"])
    world.emit("message.edited", {"message": record})
    return record


def _edit_refusal(
    kept: Mapping[str, object] | None,
    body: str | None,
    markup: Mapping[str, object] | None,
    *,
    has_file: bool,
) -> str | None:
    if kept is not None and not kept.get("inline_keyboard"):
        # Sent with a reply keyboard, force_reply or remove_keyboard: Telegram never edits these.
        return "Bad Request: message can't be edited"
    if body is not None:
        if has_file and len(body) > 1024:
            return "Bad Request: message caption is too long"
        if not has_file and not body.strip():
            return "Bad Request: message text is empty"
        if not has_file and len(body) > 4096:
            return "Bad Request: MESSAGE_TOO_LONG"
    return None if markup is None else platforms.markup_refusal(markup, edit=True)


def react(world: World, message: sqlite3.Row, reaction: str | None, emoji: str | None) -> JsonObject:
    """Set this account's reaction (seed: "React to message"); the whole record.

    Raises:
        RefusedError: 422 on networks without reactions, or for a name that the network has not.
    """
    chat = _reactable(world, message)
    name = reaction or "love"
    if chat["platform"] == "instagram":
        if name != "love":
            raise RefusedError(422, "Instagram only supports the love reaction")
        shown = emoji or "❤️"
    else:
        if not emoji and name not in platforms.MESSENGER_EMOJI:
            raise RefusedError(422, f"Unknown reaction: {name}")
        shown = emoji or platforms.MESSENGER_EMOJI[name]
    entry = {
        "sender_external_id": chat["platform_id"],
        "emoji": shown,
        "reaction": name,
        "at": iso(world.now()),
    }
    return set_reaction(world, message, entry)


def unreact(world: World, message: sqlite3.Row) -> JsonObject:
    """Take this account's reaction away (seed: "Remove reaction"); the whole record."""
    chat = _reactable(world, message)
    return clear_reaction(world, message, chat["platform_id"])


def _reactable(world: World, message: sqlite3.Row) -> sqlite3.Row:
    chat = world.chat_numbered(message["chat"])
    if not platforms.has_reactions(chat["platform"]):
        raise RefusedError(422, "Reactions are only supported on Facebook and Instagram")
    if message["external_id"] is None:
        raise RefusedError(422, "Only messages that reached the platform can be reacted to")
    return chat


def set_reaction(world: World, message: sqlite3.Row, entry: JsonObject) -> JsonObject:
    """Put one sender's reaction in place of the one that sender had; the whole record."""
    sender = entry["sender_external_id"]
    others = [old for old in json.loads(message["reactions"]) if old["sender_external_id"] != sender]
    return _store_reactions(world, message["no"], [*others, entry], entry, "react")


def clear_reaction(world: World, message: sqlite3.Row, sender: str) -> JsonObject:
    """Remove one sender's reaction; the whole record, unchanged where there was none."""
    entries = json.loads(message["reactions"])
    gone = next((entry for entry in entries if entry["sender_external_id"] == sender), None)
    if gone is None:
        return world.message_record(message["no"])
    return _store_reactions(world, message["no"], [e for e in entries if e is not gone], gone, "unreact")


def _store_reactions(
    world: World, number: int, entries: list[JsonObject], entry: JsonObject, action: str
) -> JsonObject:
    world.database.update("messages", number, reactions=json.dumps(entries, ensure_ascii=False))
    record = world.message_record(number)
    world.emit(
        "reaction.received",
        {
            "message": record,
            "sender_external_id": entry["sender_external_id"],
            "action": action,
            "reaction": entry["reaction"],
            "emoji": entry["emoji"],
            "occurred_at": iso(world.now()),
        },
    )
    return record


def archive(world: World, chat: sqlite3.Row, *, muted: bool) -> JsonObject:
    """Mute or unmute a Bluesky conversation (seed: "Archive chat"); the whole record.

    Raises:
        RefusedError: 422 on any other network.
    """
    if chat["platform"] != "bluesky":
        raise RefusedError(422, "Archiving chats is only supported on Bluesky")
    facts = json.loads(chat["metadata"] or "{}") | {"muted": muted}
    world.database.update(
        "chats", chat["no"], muted=int(muted), metadata=json.dumps(facts, ensure_ascii=False)
    )
    return world.chat_record(world.chat_numbered(chat["no"]), always_archived=True)


def private_reply(world: World, post: str, comment: str, profile: str | None, text: str | None) -> JsonObject:
    """Answer a comment by direct message (seed: "Private reply"); the trimmed 202 record.

    Raises:
        RefusedError: 400, 404 or 422.
    """
    if not profile:
        raise missing("profile_id")
    owner = world.profile(profile)
    if owner["platform"] not in ("facebook", "instagram"):
        raise RefusedError(422, "Private replies are only supported on Facebook and Instagram")
    row = find_comment(world, post, comment, owner["no"])
    if not text or not text.strip():
        raise missing("text")
    if row["status"] not in ("synced", "published") or row["author_external_id"] is None:
        raise RefusedError(422, "Only published comments can be replied to privately")
    refusal = private_reply_refusal(world, row)
    if refusal is not None and world.options.private_reply_refusals == "sync":
        raise RefusedError(422, refusal)
    chat, _ = open_chat(world, owner, row["author_external_id"], row["author_username"], row["author_name"])
    number = insert_outbound(world, chat, text, comment_external_id=row["external_id"])
    if refusal is None:
        # Claimed on acceptance, so that of two replies sent at once only the first gets through.
        world.database.insert("private_replies", comment=row["no"], message=number)
    world.schedule("publish", 1500, number, attempt=0, refusal=refusal, private=True)
    record = world.message_record(number)
    return {key: record[key] for key in PENDING_KEYS if key != "attachments"}


def find_comment(world: World, post: str, comment: str, profile: int) -> sqlite3.Row:
    """A comment under a post by hashid or platform id.

    Raises:
        RefusedError: 404.
    """
    post_number = ids.number_of("post", post)
    where = "select * from comments where post = ? and profile = ? and"
    row = world.database.one(f"{where} no = ?", post_number, profile, ids.number_of("comment", comment))
    if row is None:
        row = world.database.one(f"{where} external_id = ?", post_number, profile, comment)
    if row is None:
        raise not_found()
    return row


def private_reply_refusal(world: World, comment: sqlite3.Row) -> str | None:
    """Why Meta would not deliver a private reply to this comment, in its words."""
    if world.now() - comment["posted_at"] > platforms.PRIVATE_REPLY_AGE:
        return "(#10) The comment is older than 7 days: private replies are no longer possible"
    if world.database.one("select 1 from private_replies where comment = ?", comment["no"]) is not None:
        return "(#10900) Activity already replied to"
    return None
