"""What is done with a send when no plain "accepted" came back: the outbox's decision table, pure.

A message must never be lost and never be sent twice. So nothing is repeated unless it is certain that
nothing arrived, or that the server answers a repeated Idempotency-Key from its store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import Enum, auto

from inbox_tui.core.errors import (
    ApiError,
    Conflict,
    InboxError,
    NetworkError,
    NotAuthorised,
    NotFound,
    RateLimited,
    Refused,
    RequestRejected,
)
from inbox_tui.core.models import Message, Milliseconds
from inbox_tui.core.times import clock

KEY_LIFE_MS: Milliseconds = 24 * 3_600_000
"""How long a server keeps an Idempotency-Key (API reference, "Idempotency-Key")."""
FIRST_SEARCH_MS: Milliseconds = 10_000
LAST_SEARCH_MS: Milliseconds = 60_000
"""When the newest messages are read for a send whose answer was lost, and when they are read last."""
LATE_MS: Milliseconds = 15 * 60_000
"""A message made longer than this after a send is somebody else's with the same words, for all we know."""
CONFLICT_MS: Milliseconds = 5 * 60_000
"""A first try that is said to be running for longer than this is looked for instead."""

PAUSED = "It leaves when the pause is over"
"""What a message that waits because the API asks to slow down is told."""

_ABOUT_THE_KEY = re.compile(r"idempoten|body differs|different (request|body|param)", re.IGNORECASE)


class What(Enum):
    """What happens to an item next."""

    QUEUE = auto()
    """Nothing was sent: back to the queue."""
    REPEAT = auto()
    """Send the same bytes with the same key."""
    SEARCH = auto()
    """Read the newest outbound messages of the chat."""
    ADOPT = auto()
    """The message was found: it is this item's."""
    FAIL = auto()
    ASK = auto()
    """Nobody knows: the person decides."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to an item, after how many seconds, and what the person is told."""

    what: What
    seconds: float = 0.0
    title: str = ""
    hint: str = ""
    message: Message | None = None


def after_error(
    error: InboxError,
    *,
    now: Milliseconds,
    dispatched_at: Milliseconds,
    key_made_at: Milliseconds,
    proven: bool,
    in_doubt: bool,
    pause: float,
) -> Decision:
    """What a send that ended in `error` comes to.

    `dispatched_at`: when this key was first sent. `proven`: the server was seen to answer a repeated key
    from its store. `in_doubt`: an earlier try with this key may have arrived. `pause`: the back-off, in
    seconds, where the answer does not name one.
    """
    if isinstance(error, RateLimited):
        seconds = pause if error.retry_after is None else error.retry_after
        # The hint of the error tells seconds, which would stand there for as long as the pause lasts.
        return Decision(What.REPEAT if in_doubt else What.QUEUE, seconds, error.title, PAUSED)
    if isinstance(error, NetworkError) and not error.may_have_arrived:
        return Decision(What.REPEAT if in_doubt else What.QUEUE, pause, error.title, "It is tried again.")
    if isinstance(error, Conflict):
        if now - dispatched_at > CONFLICT_MS:
            return _search(now, dispatched_at, error)
        return Decision(What.REPEAT, max(pause, 2.0), "Still being sent", "The first try has not ended yet.")
    if isinstance(error, RequestRejected) and error.status == 422 and _ABOUT_THE_KEY.search(error.detail):
        return _ask("The API says that something else was sent under the same key", error)
    if isinstance(error, NotAuthorised) and in_doubt:
        return _search(now, dispatched_at, error)
    if isinstance(error, Refused | RequestRejected | NotFound | NotAuthorised):
        detail = error.detail if isinstance(error, ApiError) else ""
        return Decision(What.FAIL, title=detail or error.title, hint=error.hint)
    return after_silence(
        now=now, dispatched_at=dispatched_at, key_made_at=key_made_at, proven=proven, pause=pause, error=error
    )


def after_silence(
    *,
    now: Milliseconds,
    dispatched_at: Milliseconds,
    key_made_at: Milliseconds,
    proven: bool,
    pause: float = 0.0,
    error: InboxError | None = None,
) -> Decision:
    """What a send whose answer was lost comes to; also one that a killed engine left behind.

    A key that was made later than now tells that the clock was put back: nobody knows its age.
    """
    if proven and 0 <= now - key_made_at < KEY_LIFE_MS:
        reason = error.title if error else "The program ended while it was being sent"
        return Decision(
            What.REPEAT, pause, reason, "It is repeated under the same key; it cannot arrive twice."
        )
    return _search(now, dispatched_at, error)


def _search(now: Milliseconds, dispatched_at: Milliseconds, error: InboxError | None) -> Decision:
    reason = error.title if error else "The program ended while it was being sent"
    left = dispatched_at + FIRST_SEARCH_MS - now
    # More than the whole pause is left only when the clock was put back meanwhile.
    wait = left / 1000 if 0 < left <= FIRST_SEARCH_MS else 0.0
    return Decision(What.SEARCH, wait, reason, "Looking whether it arrived; it is not sent again.")


def _ask(title: str, error: InboxError | None = None) -> Decision:
    why = f"{error.title}. " if error else ""
    return Decision(
        What.ASK, title=title, hint=f"{why}Look at the chat: send it again, or discard it if it is there."
    )


def after_search(
    found: Sequence[Message], *, dispatched_at: Milliseconds, read_at: Milliseconds, zone: tzinfo
) -> Decision:
    """What a look at the newest outbound messages says about a send whose answer was lost.

    `found`: those that may be it (`store.lookalikes`). `dispatched_at` and `read_at` are in server time;
    `zone` is where the person is, who reads at what times something was found.
    """
    later = after_find(found, dispatched_at=dispatched_at, zone=zone)
    if later is not None:
        return later
    left = dispatched_at + LAST_SEARCH_MS - read_at
    if dispatched_at - read_at > LAST_SEARCH_MS:
        return _ask("Nobody knows whether this was sent: no answer came, and the clock was put back since")
    if left <= 0:
        return _ask("Nobody knows whether this was sent: no answer came, and it is not in the chat")
    return Decision(
        What.SEARCH,
        min(left / 1000, 20.0),
        "No answer came when it was sent",
        "Looking whether it arrived; it is not sent again.",
    )


def after_unread(
    error: InboxError, *, now: Milliseconds, dispatched_at: Milliseconds, pause: float
) -> Decision:
    """What a send comes to whose chat could not be looked at, by this machine's clock.

    What is refused will be so the next time, too, so the person is asked when the time for it is over.
    """
    if isinstance(error, RequestRejected | NotFound | NotAuthorised) and not (
        0 <= now - dispatched_at < LAST_SEARCH_MS
    ):
        return _ask("Nobody knows whether this was sent: no answer came, and the chat cannot be read", error)
    return Decision(What.SEARCH, pause, error.title, "Looking whether it arrived; it is not sent again.")


def after_find(found: Sequence[Message], *, dispatched_at: Milliseconds, zone: tzinfo) -> Decision | None:
    """What messages that may be a send say about it whenever they are found; None where there are none."""
    if not found:
        return None
    if len(found) == 1 and found[0].created_at - dispatched_at <= LATE_MS:
        return Decision(What.ADOPT, message=found[0])
    times = ", ".join(clock(message.position[0], zone) for message in found[:3])
    if len(found) == 1:
        return _ask(f"Nobody knows whether this was sent: a message with this text came much later ({times})")
    return _ask(f"Nobody knows whether this was sent: {len(found)} new messages have this text ({times})")
