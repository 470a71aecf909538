"""Webhooks: registry, signed deliveries with retries, and their log (postproxy-api.md section 6)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import ids
from .clock import HOUR, MINUTE, iso, iso_seconds
from .records import JsonObject
from .world import Event, RefusedError, World, missing, not_found

if TYPE_CHECKING:
    import httpx

RETRY_DELAYS = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR)
"""Pauses before the second to fifth attempt; after the fifth the delivery is given up."""
EVENT_TYPES = (
    "message.received", "message.sent", "message.delivered", "message.read", "message.edited",
    "message.deleted", "message.failed_waiting_for_retry", "message.failed", "reaction.received",
    "referral.received", "profile.connected", "profile.disconnected", "profile.stats",
    "comment.created", "comment.failed", "comment.failed_waiting_for_retry", "comment.edited",
    "comment.edit_failed", "comment.delivery_unconfirmed", "profile_comment.created", "post.processed",
    "post.imported", "platform_post.published", "platform_post.failed",
    "platform_post.failed_waiting_for_retry", "platform_post.insights", "media.failed",
)  # fmt: skip
"""Types that a webhook may ask for, besides `*`."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def signature(secret: str, body: bytes, moment: int) -> str:
    """The `X-Postproxy-Signature` of a body at a time in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def record(row: sqlite3.Row, *, with_secret: bool) -> JsonObject:
    """A Webhook; its secret is shown everywhere but in the list."""
    shown: JsonObject = {
        "id": ids.hashid("webhook", row["no"]),
        "url": row["url"],
        "events": json.loads(row["events"]),
        "enabled": bool(row["enabled"]),
        "description": row["description"],
    }
    if with_secret:
        shown["secret"] = row["secret"]
    return {**shown, "created_at": iso(row["created_at"]), "updated_at": iso(row["updated_at"])}


def delivery_record(row: sqlite3.Row) -> JsonObject:
    """One attempt to deliver, as the log shows it."""
    return {
        "id": ids.hashid("delivery", row["no"]),
        "event_id": row["event_id"],
        "event_type": row["event_type"],
        "response_status": row["response_status"],
        "attempt_number": row["attempt"],
        "success": bool(row["success"]),
        "attempted_at": iso(row["attempted_at"]),
        "created_at": iso(row["created_at"]),
    }


def find(world: World, identity: str) -> sqlite3.Row:
    """A webhook's row.

    Raises:
        RefusedError: 404.
    """
    row = world.database.one("select * from webhooks where no = ?", ids.number_of("webhook", identity))
    if row is None:
        raise not_found()
    return row


def _checked_url(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise missing("url")
    parts = urlsplit(value)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise RefusedError(422, "Url must be https (http is taken for this machine only)")
    return value


def _checked_events(value: object) -> str:
    if not isinstance(value, list) or not value:
        raise missing("events")
    unknown = [str(item) for item in value if item != "*" and item not in EVENT_TYPES]
    if unknown:
        raise RefusedError(422, f"Unknown event types: {', '.join(unknown)}")
    return json.dumps(value)


def create(world: World, given: dict[str, object]) -> JsonObject:
    """Register a webhook; the whole record.

    Raises:
        RefusedError: 400 or 422.
    """
    now = world.now()
    description = given.get("description")
    number = world.database.insert(
        "webhooks",
        url=_checked_url(given.get("url")),
        events=_checked_events(given.get("events")),
        enabled=1,
        description=None if description is None else str(description),
        secret=f"whsec_{secrets.token_hex(20)}",
        created_at=now,
        updated_at=now,
    )
    return record(find(world, ids.hashid("webhook", number)), with_secret=True)


def update(world: World, row: sqlite3.Row, given: dict[str, object]) -> JsonObject:
    """Change a webhook; the whole record.

    Raises:
        RefusedError: 400 or 422.
    """
    changes: dict[str, object] = {"updated_at": world.now()}
    if "url" in given:
        changes["url"] = _checked_url(given["url"])
    if "events" in given:
        changes["events"] = _checked_events(given["events"])
    if "enabled" in given:
        changes["enabled"] = int(given["enabled"] in (True, "true", "1", 1))
    if "description" in given:
        changes["description"] = None if given["description"] is None else str(given["description"])
    world.database.update("webhooks", row["no"], **changes)
    return record(find(world, ids.hashid("webhook", row["no"])), with_secret=True)


def delete(world: World, row: sqlite3.Row) -> JsonObject:
    """Remove a webhook and its log."""
    world.database.run("delete from deliveries where webhook = ?", row["no"])
    world.database.run("delete from webhooks where no = ?", row["no"])
    return {"deleted": True}


class Courier:
    """Turns events into deliveries, and delivers them from the server's loop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._client: httpx.AsyncClient | None = None
        self._busy: dict[int, asyncio.Task[None]] = {}
        world.listeners.append(self.note)

    def note(self, event: Event) -> None:
        """Write a first attempt for every webhook that wants the event."""
        world = self.world
        for row in world.database.all("select * from webhooks where enabled order by no"):
            wanted = json.loads(row["events"])
            if "*" not in wanted and event.type not in wanted:
                continue
            if world.faults.for_event("webhook_drop", event.type) is not None:
                continue
            delay = world.faults.for_event("webhook_delay", event.type)
            due = event.at if delay is None else event.at + round(delay.seconds * 1000)
            body = self._envelope(event)
            copies = 1 if world.faults.for_event("webhook_duplicate", event.type) is None else 2
            for _ in range(copies):
                self._queue(row["no"], body, event.type, 1, due)

    def _envelope(self, event: Event) -> str:
        number = int(self.world.database.meta("next_event") or 1)
        self.world.database.set_meta("next_event", str(number + 1))
        stamp = iso_seconds(event.at)
        identity = ids.hashid("event", number)
        if self.world.options.webhook_envelope == "object":
            envelope: JsonObject = {"id": f"whevt_{identity}", "object": "event", "type": event.type}
            return json.dumps({**envelope, "created_at": stamp, "data": {"object": event.data}})
        return json.dumps(
            {"id": f"evt_{identity}", "type": event.type, "created_at": stamp, "data": event.data}
        )

    def _queue(self, webhook: int, body: str, event_type: str, attempt: int, due: int) -> None:
        self.world.database.insert(
            "deliveries",
            webhook=webhook,
            event_id=json.loads(body)["id"],
            event_type=event_type,
            body=body,
            attempt=attempt,
            success=0,
            created_at=self.world.now(),
            due_at=due,
        )

    def next_due(self) -> int | None:
        """When the next attempt is due that nobody is busy with."""
        with self.world.read() as database:
            rows = database.all(
                "select webhook, min(due_at) as due from deliveries"
                " where attempted_at is null group by webhook"
            )
        return min((row["due"] for row in rows if row["webhook"] not in self._busy), default=None)

    def dispatch(self) -> None:
        """Start delivering to every webhook for which something is due."""
        with self.world.read() as database:
            rows = database.all(
                "select distinct webhook from deliveries where attempted_at is null and due_at <= ?",
                self.world.now(),
            )
        for row in rows:
            webhook: int = row["webhook"]
            if webhook not in self._busy:
                self._busy[webhook] = asyncio.create_task(self._deliver_all(webhook))

    async def _deliver_all(self, webhook: int) -> None:
        try:
            while True:
                with self.world.read() as database:
                    row = database.one(
                        "select d.*, w.url, w.secret from deliveries d join webhooks w on w.no = d.webhook"
                        " where d.webhook = ? and d.attempted_at is null and d.due_at <= ?"
                        " order by d.due_at, d.no limit 1",
                        webhook,
                        self.world.now(),
                    )
                if row is None:
                    return
                status = await self._post(row)
                self._settle(row, status)
        finally:
            del self._busy[webhook]

    async def _post(self, row: sqlite3.Row) -> int | None:
        """Deliver once: the receiver's status, `None` where none came."""
        import httpx  # only a sandbox with webhooks pays for the client

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=10), trust_env=False)
        body = row["body"].encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Postproxy-Webhooks/1.0",
            "X-Postproxy-Event": row["event_type"],
            "X-Postproxy-Delivery": ids.hashid("delivery", row["no"]),
            # Receivers compare with the real time, whatever the sandbox's clock says.
            "X-Postproxy-Signature": signature(row["secret"], body, int(time.time())),
        }
        try:
            response = await self._client.post(row["url"], content=body, headers=headers)
        except (httpx.RequestError, httpx.InvalidURL):
            return None  # the log shows an attempt without a status; the retry follows
        return response.status_code

    def _settle(self, row: sqlite3.Row, status: int | None) -> None:
        success = status is not None and 200 <= status < 300
        with self.world.write() as database:
            now = self.world.now()
            if not database.run(
                "update deliveries set response_status = ?, success = ?, attempted_at = ? where no = ?",
                status,
                int(success),
                now,
                row["no"],
            ):
                return  # the webhook was deleted meanwhile
            if not success and row["attempt"] <= len(RETRY_DELAYS):
                due = now + RETRY_DELAYS[row["attempt"] - 1]
                self._queue(row["webhook"], row["body"], row["event_type"], row["attempt"] + 1, due)

    async def close(self) -> None:
        """Stop delivering."""
        for task in list(self._busy.values()):
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
