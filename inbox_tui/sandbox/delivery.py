"""The platforms' side of a send: storage of its file, publication, refusal, retry, receipts.

Handlers run at their time from the world's event queue (`World.run_due`), inside a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from urllib.parse import urlsplit

from . import generate, ids, media, platforms
from .clock import MINUTE, SECOND
from .records import JsonObject
from .world import World

RETRY_DELAYS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE)
"""Pauses between the attempts of a failing send (documented for posts, taken over for messages)."""


class Delivery:
    """Carries accepted messages to the platforms."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.database = world.database
        world.handlers.update(
            store=self.store, publish=self.publish, deliver=self.deliver, read=self.read, comment=self.comment
        )

    def store(self, message: int, payload: JsonObject) -> None:
        """Bring a send's file to durable storage: `processed`, or `failed` where it cannot be had.

        The sandbox stays on this machine: its own files are copied, a host under `.invalid` cannot
        be reached, and any other URL stands for a picture, clip or paper that it makes itself.
        """
        for row in self.database.all(
            "select * from attachments where message = ? and status = 'pending'", message
        ):
            changes: dict[str, object] = {"status": "processed"}
            url: str | None = row["source_url"]
            if url is not None and row["content"] is None:
                if url.startswith(f"{self.world.base_url}/storage/"):
                    found = media.stored_file(self.database, urlsplit(url).path.rpartition("/")[2])
                    if found is None:
                        changes = {"status": "failed"}
                    else:
                        changes["content_type"], changes["content"] = found
                elif (urlsplit(url).hostname or "").endswith(".invalid"):
                    changes = {"status": "failed"}
                else:
                    changes["drawing"] = f"{row['type']}:parcel:0:{row['no']}"
            self.database.update("attachments", row["no"], **changes)

    def publish(self, message: int, payload: JsonObject) -> None:
        """Hand a send to the platform: published, failed, or to be tried again."""
        row = self.world.message_numbered(message)
        if row is None or row["status"] not in ("pending", "failed_waiting_for_retry"):
            return
        chat = self.world.chat_numbered(row["chat"])
        platform = chat["platform"]
        refusal = payload.get("refusal") or self._refusal(row, chat, private=bool(payload.get("private")))
        if refusal is None and (fault := self.world.faults.for_send("platform_final", platform)) is not None:
            refusal = fault.text or platforms.REFUSED[platform]
        if refusal is not None:
            self._fail(message, str(refusal))
            return
        transient = self._transient(message, platform, payload)
        if transient is not None:
            self._retry(message, transient, payload)
            return
        now = self.world.now()
        self.database.update(
            "messages",
            message,
            status="published",
            error_message=None,
            external_id=ids.message_external_id(platform, message),
            posted_at=now,
            sort_at=now,
        )
        if platform == "bluesky" and chat["conversation_id"] is None:
            conversation = ids.conversation_external_id("bluesky", chat["no"])
            self.database.update("chats", chat["no"], conversation_id=conversation)
        self.database.update("chats", chat["no"], last_outbound_at=now, last_message_at=now)
        self.world.emit("message.sent", {"message": self.world.message_record(message)})
        self._afterwards(message, chat)

    def _afterwards(self, message: int, chat: sqlite3.Row) -> None:
        random = generate.dice(self.world.options.seed, 10, message)
        # Everybody has a pace of their own.
        pace = 0.6 + chat["no"] % 7 * 0.2
        if platforms.has_reactions(chat["platform"]):
            self.world.schedule("deliver", random.randrange(400, 1500), message)
            if self.world.options.answers and chat["trait"] not in platforms.TRAIT_REFUSALS:
                self.world.schedule("read", round(random.randrange(2 * SECOND, 5 * SECOND) * pace), message)
        if self.world.options.answers:
            wait = round(random.randrange(5 * SECOND, 12 * SECOND) * pace)
            self.world.schedule("answer", max(5 * SECOND, wait), chat["no"], to=message)

    def _refusal(self, row: sqlite3.Row, chat: sqlite3.Row, *, private: bool) -> str | None:
        platform, text = chat["platform"], row["body"]
        if chat["profile_status"] != "active":
            return platforms.DISCONNECTED[platform]
        if platforms.has_window(platform) and not private:
            opened = chat["last_inbound_at"]
            if opened is None or self.world.now() - opened > platforms.WINDOW:
                return platforms.OUTSIDE_WINDOW
        if chat["trait"] in platforms.TRAIT_REFUSALS:
            return platforms.TRAIT_REFUSALS[chat["trait"]]
        if text is not None and (refusal := platforms.text_refusal(platform, text)) is not None:
            return refusal
        if (refusal := self._media_refusal(row["no"], platform)) is not None:
            return refusal
        if platform != "telegram":
            return None
        if row["reply_to"] is not None:
            target = self.world.message_by_external_id(row["reply_to"])
            if target is None or target["chat"] != row["chat"]:
                return "Bad Request: message to be replied not found"
        if row["reply_markup"] is not None:
            return platforms.markup_refusal(json.loads(row["reply_markup"]))
        return None

    def _media_refusal(self, message: int, platform: str) -> str | None:
        row = self.database.one(
            "select type, status, content_type, length(content) as size from attachments where message = ?",
            message,
        )
        if row is None:
            return None
        if row["status"] == "failed":
            return platforms.MEDIA_UNREACHABLE[platform]
        return platforms.media_refusal(platform, row["type"], row["content_type"] or "", row["size"] or 0)

    def _transient(self, message: int, platform: str, payload: JsonObject) -> str | None:
        fault = self.world.faults.for_send("platform", platform)
        if fault is not None:
            return fault.text or platforms.OVERLOADED[platform]
        flaky = self.world.options.flaky
        random = generate.dice(self.world.options.seed, 11, message * 8 + _attempt(payload))
        return platforms.OVERLOADED[platform] if flaky and random.random() < flaky else None

    def _fail(self, message: int, reason: str) -> None:
        self.database.update("messages", message, status="failed", error_message=reason)
        self.world.emit("message.failed", {"message": self.world.message_record(message)})

    def _retry(self, message: int, reason: str, payload: JsonObject) -> None:
        attempt = _attempt(payload)
        if attempt >= len(RETRY_DELAYS):
            self._fail(message, reason)
            return
        self.database.update("messages", message, status="failed_waiting_for_retry", error_message=reason)
        self.world.schedule("publish", RETRY_DELAYS[attempt], message, **{**payload, "attempt": attempt + 1})
        self.world.emit("message.failed_waiting_for_retry", {"message": self.world.message_record(message)})

    def deliver(self, message: int, payload: JsonObject) -> None:
        """The platform confirms delivery (Facebook and Instagram)."""
        self.receipt(message, "delivered")

    def read(self, message: int, payload: JsonObject) -> None:
        """The person has read the message (Facebook and Instagram)."""
        self.receipt(message, "read")

    def receipt(self, message: int, kind: str) -> None:
        """Stamp a message `delivered` or `read`; a stamp that is there stays."""
        column = f"{kind}_at"
        if self.database.run(
            f"update messages set {column} = ? where no = ? and {column} is null", self.world.now(), message
        ):
            self.world.emit(f"message.{kind}", {"message": self.world.message_record(message)})

    def comment(self, comment: int, payload: JsonObject) -> None:
        """Publish a comment of the business."""
        row = self.database.one(
            "select c.*, p.platform from comments c join profiles p on p.no = c.profile where c.no = ?",
            comment,
        )
        if row is None:
            return  # deleted before it was published
        now = self.world.now()
        external_id = ids.comment_external_id(row["platform"], comment)
        self.database.update("comments", comment, status="published", external_id=external_id, posted_at=now)


def _attempt(payload: JsonObject) -> int:
    return int(str(payload.get("attempt", 0)))
