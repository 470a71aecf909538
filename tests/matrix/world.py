"""A sandbox that holds every state of the table, and where in it each cell is tried.

Two worlds that are built alike have the same ids: one is for the program, the other for raw requests.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

from inbox_tui.sandbox import ids
from inbox_tui.sandbox.clock import DAY, HOUR, MINUTE
from inbox_tui.sandbox.database import Database
from inbox_tui.sandbox.options import SandboxOptions
from inbox_tui.sandbox.server import RunningSandbox
from tests.matrix.expected import ON_MESSAGES, PLATFORMS, Cell, Do, cells

OPTIONS = SandboxOptions(world="empty", answers=False, initiative=0, speed=20)
INLINE = {"inline_keyboard": [[{"text": "Track order", "callback_data": "track"}]]}
REPLY_KEYBOARD = {"keyboard": [["Yes", "No"]]}
CHAT_STATES = ("open", "window closed", "never written", "archived", "not connected")
WORDS = "These words"


@dataclass(frozen=True)
class Place:
    """Where a cell is tried: ids of the API, as far as the act is about such a thing."""

    profile: str
    chat: str = ""
    message: str = ""
    external_id: str | None = None
    """The platform's id of the message."""
    participant: str = ""
    post: str = ""
    comment: str = ""


def build(box: RunningSandbox) -> dict[Cell, Place]:
    """Fill an empty world; returns where each cell stands. Every profile is connected at first."""
    with box.world.write() as database:
        return dict(_build(database, box.world.now()))


def disconnect(box: RunningSandbox) -> None:
    """Have the second profile of each network lose its connection."""
    with box.world.write() as database:
        database.run("update profiles set status = 'expired' where no > ?", len(PLATFORMS))


def _build(database: Database, now: int) -> Iterator[tuple[Cell, Place]]:
    first = {row["platform"]: row for row in database.all("select * from profiles")}
    connected = {platform: int(row["no"]) for platform, row in first.items()}
    lost: dict[str, int] = {}
    for number, platform in enumerate(PLATFORMS, start=len(PLATFORMS) + 1):
        row = {key: first[platform][key] for key in ("name", "username", "status", "post_count")}
        lost[platform] = number
        database.insert("profiles", no=number, platform=platform, platform_id=f"page-{number}", **row)
    rooms = _Rooms(database, now, connected, lost)
    database.insert("posts", no=1, body="New in", created_at=now - 30 * DAY)
    for profile in (*connected.values(), *lost.values()):
        database.insert("post_platforms", post=1, profile=profile, permalink=None)
    for cell in cells():
        yield cell, rooms.place(cell)


class _Rooms:
    """Makes what a cell is about."""

    def __init__(self, database: Database, now: int, connected: dict[str, int], lost: dict[str, int]) -> None:
        self._database = database
        self._now = now
        self._profiles = {"connected": connected, "not connected": lost}
        self._chats: dict[tuple[str, str], int] = {}
        self._numbers = itertools.count(1)

    def _profile(self, cell: Cell) -> int:
        state = "not connected" if cell.state == "not connected" else "connected"
        return self._profiles[state][cell.platform]

    def place(self, cell: Cell) -> Place:
        profile = ids.hashid("profile", self._profile(cell))
        if cell.do in ON_MESSAGES:
            chat = self._chat(cell, cell.state if cell.state in CHAT_STATES else "open")
            message, external_id = self._message(cell, chat)
            return Place(profile, ids.hashid("chat", chat), ids.hashid("message", message), external_id)
        if cell.state in ("with a stranger", "by a handle") or "begin" in cell.do:
            number = next(self._numbers)
            participant = ids.participant_external_id(cell.platform, 900_000 + number)
            return Place(
                profile, participant=f"jane{number}.example" if cell.state == "by a handle" else participant
            )
        if "comment" in cell.do:
            return self._comment(cell, profile)
        return Place(profile, ids.hashid("chat", self._chat(cell, cell.state)))

    def _chat(self, cell: Cell, state: str) -> int:
        """The chat of a state; of its own where the act would change the chat."""
        alone = f"{cell.do}" if "the chat" in cell.do else ""
        key = (f"{cell.platform}{alone}", state)
        if key not in self._chats:
            wrote = {"window closed": self._now - 30 * HOUR, "never written": None}.get(
                state, self._now - HOUR
            )
            number = len(self._chats) + 1
            telegram, bluesky = cell.platform == "telegram", cell.platform == "bluesky"
            self._chats[key] = self._database.insert(
                "chats",
                no=number,
                profile=self._profile(cell),
                participant_external_id=ids.participant_external_id(cell.platform, number),
                name=f"{cell.platform.title()} {state}",
                conversation_id=f"conversation-{number}" if telegram or bluesky else None,
                last_inbound_at=wrote,
                last_message_at=wrote,
                muted=int(state == "archived"),
                created_at=self._now - 40 * DAY,
            )
            if wrote is not None:
                self._row(number, cell.platform, "inbound", "received", wrote, body="Hello?")
        return self._chats[key]

    def _message(self, cell: Cell, chat: int) -> tuple[int, str | None]:
        """A message of its own for each cell, older than what opened the window."""
        theirs = cell.state.startswith("theirs") or (
            cell.state in CHAT_STATES and cell.do.value in ("react to it", "reply to the message")
        )
        status = {"ours, pending": "pending", "ours, failed": "failed"}.get(cell.state, "published")
        at = self._now - 31 * HOUR - next(self._numbers) * MINUTE
        columns: dict[str, object] = {"body": f"{WORDS}"}
        if cell.state.endswith("deleted"):
            columns["deleted_at"] = at + MINUTE
        if cell.state == "ours, inline buttons" or (
            cell.do is Do.REMOVE_BUTTONS and cell.state in CHAT_STATES
        ):
            columns["reply_markup"] = json.dumps(INLINE)
        if cell.state == "ours, reply keyboard":
            columns["reply_markup"] = json.dumps(REPLY_KEYBOARD)
        if cell.state == "theirs, reacted to":
            page = self._database.value("select platform_id from profiles where no = ?", self._profile(cell))
            own = {"sender_external_id": page, "emoji": "❤️", "reaction": "love", "at": None}
            columns["reactions"] = json.dumps([own])
        if cell.state.endswith("a file"):
            columns["body"] = "A caption" if cell.platform == "telegram" else None
        direction, status = ("inbound", "received") if theirs else ("outbound", status)
        number, external_id = self._row(chat, cell.platform, direction, status, at, **columns)
        if cell.state.endswith("a file"):
            self._database.insert(
                "attachments",
                no=ids.attachment_number(number),
                message=number,
                type="image",
                status="processed",
                drawing=f"image:parcel:0:{number}",
            )
        return number, external_id

    def _row(
        self, chat: int, platform: str, direction: str, status: str, at: int, **columns: object
    ) -> tuple[int, str | None]:
        number = 1 + int(self._database.value("select coalesce(max(no), 0) from messages"))
        reached = status in ("received", "published")
        external_id = ids.message_external_id(platform, number) if reached else None
        self._database.insert(
            "messages",
            no=number,
            chat=chat,
            direction=direction,
            status=status,
            external_id=external_id,
            posted_at=at if reached else None,
            error_message="No" if status == "failed" else None,
            sort_at=at,
            created_at=at,
            **columns,
        )
        self._database.set_meta("next_message", str(number + 1))
        return number, external_id

    def _comment(self, cell: Cell, profile: str) -> Place:
        number = next(self._numbers)
        at = self._now - (8 * DAY if cell.state == "old comment" else HOUR)
        external_id = f"comment-{number}"
        self._database.insert(
            "comments",
            no=number,
            post=1,
            profile=self._profile(cell),
            external_id=external_id,
            body="Where can I buy this?",
            status="synced",
            author_external_id=ids.participant_external_id(cell.platform, 800_000 + number),
            author_name="Somebody",
            posted_at=at,
            created_at=at,
        )
        if cell.state == "answered comment":
            chat = self._chat(cell, "open")
            row = self._row(
                chat,
                cell.platform,
                "outbound",
                "published",
                self._now - 50 * MINUTE,
                body="Answered",
                comment_external_id=external_id,
            )
            self._database.insert("private_replies", comment=number, message=row[0])
        comment = ids.hashid("comment", number)
        return Place(profile, post=ids.hashid("post", 1), comment=comment, external_id=external_id)
