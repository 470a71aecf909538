"""What a sandbox is started with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WORLDS = ("default", "hostile", "empty")


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Settings of one sandbox server; every field has a default that suits a demo.

    `chats` and `messages` replace the hand-made world by a generated one of exactly that size.
    `messages` alone lengthens the longest thread of the hand-made world until the world holds that
    many messages in all. Everything else that is random follows `seed`.
    """

    host: str = "127.0.0.1"
    """Address to listen on; anything but the loopback lets other machines in."""
    port: int = 0
    """TCP port; 0 takes a free one."""
    seed: int = 1
    chats: int | None = None
    messages: int | None = None
    speed: float = 1.0
    """Sandbox seconds per real second: at 60 an hour passes in a minute."""
    frozen_at: str | None = None
    """ISO 8601 time at which the clock stands still until it is advanced."""
    state: Path | None = None
    """SQLite file that keeps the world and its clock between runs; `None` holds it in memory."""
    world: str = "default"
    """One of `WORLDS`."""
    api_key: str | None = None
    """Bearer key that clients must send; `None` makes one up (and keeps it in `state`)."""
    control_token: str | None = None
    """Switches the `/_sandbox` control surface on, behind this token."""
    answers: bool = True
    """People read, answer, tap and react to what they are sent."""
    initiative: float = 90.0
    """Mean sandbox seconds between messages that people write of their own accord; 0 for never."""
    max_per_page: int = 100
    """Largest `per_page` that is honoured; larger ones are cut to it (undocumented, a choice)."""
    other_platforms: tuple[str, ...] = ()
    """Networks without direct messages that get a profile too, for the 422 of the DM endpoints."""
    archived_in_lists: bool = True
    """Bluesky chats carry `archived` in every answer, not only in those of the archive calls."""
    private_reply_refusals: str = "async"
    """Where Meta's limits on private replies show: `async` (202, then `failed`) or `sync` (422)."""
    honour_idempotency_keys: bool = True
    """`False` ignores the `Idempotency-Key` header, as a server built on the seed alone would."""
    webhook_envelope: str = "flat"
    """`flat` puts the event's fields in `data`, `object` in `data.object` (both are documented)."""
    faults: tuple[str, ...] = ()
    """Faults that are on from the start, as `faults.parse_fault` reads them."""
    flaky: float = 0.0
    """Share of sends that meet a passing error of the platform and are tried again."""
    deleted_bodies: str = "kept"
    """Whether a message taken back keeps its text in the API (`kept`) or loses it (`removed`)."""
    live_additions: bool = False
    """Calls that the live API has gained since the seed: mark_read, typing, participants."""
    max_body_bytes: int = 32 * 1024 * 1024
    """Largest request body; more is answered with 413."""

    def __post_init__(self) -> None:
        """Refuse values that no sandbox can run with.

        Raises:
            ValueError: names the option and what it accepts.
        """
        if self.world not in WORLDS:
            raise ValueError(f"world must be one of {', '.join(WORLDS)}, not {self.world!r}")
        if not 0 < self.speed <= 100_000:
            raise ValueError(f"speed must be above 0 and at most 100000, not {self.speed}")
        for name, number in (("chats", self.chats), ("messages", self.messages)):
            if number is not None and number < 0:
                raise ValueError(f"{name} must not be negative, not {number}")
        if self.private_reply_refusals not in ("async", "sync"):
            raise ValueError("private_reply_refusals must be async or sync")
        if self.deleted_bodies not in ("kept", "removed"):
            raise ValueError("deleted_bodies must be kept or removed")
        if not 0 <= self.flaky <= 1 or self.initiative < 0:
            raise ValueError("flaky must be between 0 and 1, initiative must not be negative")
        if self.webhook_envelope not in ("flat", "object"):
            raise ValueError("webhook_envelope must be flat or object")
