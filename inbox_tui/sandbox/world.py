"""The running world: clock, database, look-ups, pages, and what is going to happen next."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import ids, records, seeding
from .clock import Clock, parse_iso
from .database import Database
from .faults import Faults, parse_fault
from .options import SandboxOptions
from .records import JsonObject

if TYPE_CHECKING:
    from .living import Life

DM_PLATFORMS = ("facebook", "instagram", "telegram", "bluesky")
"""Networks that have direct messages (seed, introduction)."""
_CHAT = (
    "select c.*, p.platform, p.platform_id, p.status as profile_status"
    " from chats c join profiles p on p.no = c.profile"
)


class RefusedError(Exception):
    """A request that is answered with an error: `status` and the JSON `body`."""

    def __init__(self, status: int, error: str | JsonObject) -> None:
        super().__init__(str(error))
        self.status = status
        self.body: JsonObject = {"error": error} if isinstance(error, str) else error


def not_found() -> RefusedError:
    """The answer to an id that is unknown or belongs elsewhere."""
    return RefusedError(404, "Not found")


def bad_request(message: str) -> RefusedError:
    """A bad parameter, in the framework's shape (postproxy-api.md section 1)."""
    return RefusedError(400, {"status": 400, "error": "Bad Request", "message": message})


def missing(name: str) -> RefusedError:
    """A required parameter that is not there."""
    return bad_request(f"param is missing or the value is empty: {name}")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which slice of a list is asked for; `page` counts from zero."""

    page: int
    per_page: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as webhooks tell it."""

    type: str
    data: JsonObject
    at: int


class World:
    """Everything behind the API. All methods may be called from any thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Open the state file or make a new world.

        Raises:
            ValueError: the state file cannot be read, `frozen_at` is no time, or a fault is unknown.
        """
        self.options = options
        self.lock = threading.RLock()
        self.database = Database(options.state)
        self.base_url = "http://127.0.0.1"
        self.listeners: list[Callable[[Event], None]] = []
        self.handlers: dict[str, Callable[[int, JsonObject], None]] = {}
        self.wake: Callable[[], None] = lambda: None
        self.life: Life | None = None
        self.key_expired = False
        self.requests: deque[dict[str, object]] = deque(maxlen=10_000)
        """What was asked lately, without keys; the control surface shows it."""
        self.faults = Faults(options.seed)
        for fault in options.faults:
            self.faults.add(parse_fault(fault))
        self._totals: dict[tuple[object, ...], int] = {}
        now = int(time.time() * 1000) if options.frozen_at is None else parse_iso(options.frozen_at)
        if self.database.is_new:
            with self.database.transaction():
                seeding.fill_world(self.database, options, now)
                self.database.set_meta("origin", json.dumps(_origin(options)))
        else:
            self._check_origin()
            now = int(self.database.meta("clock") or now)
        self.clock = Clock(now, speed=options.speed, frozen=options.frozen_at is not None)
        self.api_key = options.api_key or self.database.meta("api_key") or f"pp_{secrets.token_hex(16)}"
        with self.write():
            self.database.set_meta("api_key", self.api_key)

    def _check_origin(self) -> None:
        origin = json.loads(self.database.meta("origin") or "{}")
        if origin != _origin(self.options):
            self.database.close()
            raise ValueError(
                f"{self.options.state} holds a world made with {origin}. Start with the same values,"
                " or remove the file to make a new world."
            )

    def close(self) -> None:
        """Save the clock and close the database."""
        with self.write():
            pass
        with self.lock:
            self.database.close()

    @contextmanager
    def read(self) -> Iterator[Database]:
        """Hold the world still for a look."""
        with self.lock:
            yield self.database

    @contextmanager
    def write(self) -> Iterator[Database]:
        """Change the world in one transaction; what is due sooner now is noticed afterwards."""
        with self.lock, self.database.transaction():
            yield self.database
            self._totals.clear()
            self.database.set_meta("clock", str(self.clock.now()))
        self.wake()

    def now(self) -> int:
        """Sandbox time in milliseconds."""
        return self.clock.now()

    # Look-ups by either form of id

    def profile(self, identity: str) -> sqlite3.Row:
        """A profile's row.

        Raises:
            RefusedError: 404.
        """
        number = ids.number_of("profile", identity)
        row = self.database.one("select * from profiles where no = ?", number)
        if row is None:
            raise not_found()
        return row

    def dm_profile(self, identity: str) -> sqlite3.Row:
        """A profile on a network with direct messages.

        Raises:
            RefusedError: 404, or 422 for any other network (seed, introduction).
        """
        row = self.profile(identity)
        if row["platform"] not in DM_PLATFORMS:
            raise RefusedError(422, f"Direct messages are not supported on {row['platform']}")
        return row

    def chat_numbered(self, number: int) -> sqlite3.Row:
        """A chat's row with its platform."""
        row = self.database.one(f"{_CHAT} where c.no = ?", number)
        if row is None:
            raise not_found()
        return row

    def chat(self, identity: str) -> sqlite3.Row:
        """A chat by hashid or `external_conversation_id`.

        Raises:
            RefusedError: 404.
        """
        row = None
        number = ids.number_of("chat", identity)
        if number is not None:
            row = self.database.one(f"{_CHAT} where c.no = ?", number)
        if row is None:
            row = self.database.one(f"{_CHAT} where c.conversation_id = ?", identity)
        if row is None:
            raise not_found()
        return row

    def message_numbered(self, number: int) -> sqlite3.Row | None:
        """A message's row; its thread is written first where nobody has looked at it yet."""
        row = self.database.one("select * from messages where no = ?", number)
        if row is not None:
            return row
        chat = self.database.value(
            "select no from (select no, first_no, planned, written from chats"
            " where first_no <= ? and planned > 0 order by first_no desc limit 1)"
            " where ? < first_no + planned and not written",
            number,
            number,
        )
        if chat is None:
            return None
        self.write_thread(chat)
        return self.database.one("select * from messages where no = ?", number)

    def message(self, identity: str) -> sqlite3.Row:
        """A message by hashid or platform `external_id`.

        Raises:
            RefusedError: 404.
        """
        number = ids.number_of("message", identity)
        row = None if number is None else self.message_numbered(number)
        if row is None:
            row = self.message_by_external_id(identity)
        if row is None:
            raise not_found()
        return row

    def message_by_external_id(self, external_id: str) -> sqlite3.Row | None:
        """A message by the platform's id."""
        row = self.database.one("select * from messages where external_id = ?", external_id)
        if row is not None:
            return row
        number = ids.message_number(external_id)
        if number is None or number > 2**60:
            return None
        row = self.message_numbered(number)
        return row if row is not None and row["external_id"] == external_id else None

    def write_thread(self, chat: int) -> None:
        """Make sure that the messages a chat began with are in the database."""
        seeding.write_thread(self.database, chat, self.options)

    def next_message_number(self) -> int:
        """A number that no message has had."""
        number = int(self.database.meta("next_message") or 1)
        self.database.set_meta("next_message", str(number + 1))
        return number

    # Pages

    def page(
        self, table: str, where: str, values: Sequence[object], order: str, paging: Paging
    ) -> tuple[int, list[sqlite3.Row]]:
        """Number of matching rows, and one slice of them in order."""
        key = (table, where, *values)
        total = self._totals.get(key)
        if total is None:
            total = int(self.database.value(f"select count(*) from {table} where {where}", *values))
            self._totals[key] = total
        start = paging.page * paging.per_page
        count = max(0, min(paging.per_page, total - start))
        # The far half of a long list is reached from its end: half as many index entries to pass.
        from_end = start > total // 2
        offset = total - start - count if from_end else start
        rows = self.database.all(
            f"select * from {table} where no in"
            f" (select no from {table} where {where} order by {_reversed(order) if from_end else order}"
            f" limit ? offset ?) order by {order}",
            *values,
            count,
            max(0, offset),
        )
        return total, rows

    # Records

    def chat_record(
        self, row: sqlite3.Row, *, platform: str | None = None, always_archived: bool = False
    ) -> JsonObject:
        """A chat as the API shows it."""
        with_archived = always_archived or self.options.archived_in_lists
        return records.chat(row, platform or row["platform"], self.base_url, with_archived=with_archived)

    def message_records(self, rows: Sequence[sqlite3.Row], platform: str) -> list[JsonObject]:
        """Messages as the API shows them."""
        files: dict[int, list[JsonObject]] = {}
        if rows:
            marks = ",".join("?" * len(rows))
            for file in self.database.all(
                f"select * from attachments where message in ({marks}) order by no",
                *(row["no"] for row in rows),
            ):
                files.setdefault(file["message"], []).append(records.attachment(file, self.base_url))
        return [records.message(row, platform, files.get(row["no"], ())) for row in rows]

    def message_record(self, number: int) -> JsonObject:
        """One message as the API shows it."""
        row = self.message_numbered(number)
        if row is None:
            raise not_found()
        platform = self.chat_numbered(row["chat"])["platform"]
        return self.message_records([row], platform)[0]

    # What happens next

    def schedule(self, kind: str, delay: int, subject: int, **payload: object) -> None:
        """Let something happen `delay` milliseconds from now."""
        self.database.insert(
            "events", due_at=self.now() + delay, kind=kind, subject=subject, payload=json.dumps(payload)
        )

    def emit(self, kind: str, data: JsonObject) -> None:
        """Tell the listeners (webhooks) that something happened."""
        event = Event(kind, data, self.now())
        for listener in self.listeners:
            listener(event)

    def shift_rows(self, path: str) -> None:
        """Let something arrive in the list at `path` before it is read."""
        if self.life is not None:
            self.life.shift_rows(path)

    def next_due(self) -> int | None:
        """When the next event is due."""
        with self.lock:
            due: int | None = self.database.value("select min(due_at) from events")
            return due

    def run_due(self) -> int:
        """Let everything happen that is due, in order; returns how much that was."""
        count = 0
        while True:
            with self.lock:
                row = self.database.one(
                    "select * from events where due_at <= ? order by due_at, no limit 1", self.now()
                )
                if row is None:
                    return count
                with self.write():
                    self.database.run("delete from events where no = ?", row["no"])
                    self.handlers[row["kind"]](row["subject"], json.loads(row["payload"]))
            count += 1

    def advance(self, seconds: float) -> None:
        """Move the clock on and let everything happen on the way, each thing at its own time."""
        with self.lock:
            target = self.now() + round(seconds * 1000)
            while (due := self.next_due()) is not None and due <= target:
                self.clock.advance(max(0, due - self.now()))
                self.run_due()
            self.clock.advance(max(0, target - self.now()))
            with self.write():
                pass


def _reversed(order: str) -> str:
    """The opposite of an `order by` clause."""
    columns = (column.partition(" ") for column in order.split(", "))
    return ", ".join(f"{name} {'asc' if direction == 'desc' else 'desc'}" for name, _, direction in columns)


def _origin(options: SandboxOptions) -> dict[str, object]:
    return {
        "seed": options.seed,
        "world": options.world,
        "chats": options.chats,
        "messages": options.messages,
    }
