"""The sandbox's own time: real time scaled by a speed, or standing still until it is advanced."""

from __future__ import annotations

import time
from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def iso(milliseconds: int) -> str:
    """Write a time as record fields carry it: ISO 8601, UTC, with milliseconds and `Z`."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec='milliseconds')[:-6]}Z"


def iso_seconds(milliseconds: int) -> str:
    """Write a time without a fraction, as values inside `metadata` and event envelopes are."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat()[:-6]}Z"


def parse_iso(text: str) -> int:
    """Read an ISO 8601 time (or a bare date, its first moment); a time without zone is UTC.

    Raises:
        ValueError: the text is not such a time.
    """
    # A `+` of an offset arrives as a space where a client did not percent-encode it.
    moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


class Clock:
    """Milliseconds since 1970 UTC, as the sandbox counts them."""

    def __init__(self, start: int, *, speed: float = 1.0, frozen: bool = False) -> None:
        self._start = start
        self._speed = speed
        self._frozen = frozen
        self._since = time.monotonic()

    @property
    def frozen(self) -> bool:
        """Whether time passes only by `advance`."""
        return self._frozen

    def now(self) -> int:
        """Current sandbox time in milliseconds."""
        if self._frozen:
            return self._start
        return self._start + int((time.monotonic() - self._since) * self._speed * 1000)

    def advance(self, milliseconds: int) -> None:
        """Move the clock ahead.

        Raises:
            ValueError: the amount is negative; time never runs backwards.
        """
        if milliseconds < 0:
            raise ValueError("the clock only moves forward")
        self._start += milliseconds

    def real_seconds_until(self, moment: int) -> float | None:
        """Real seconds until `moment`, 0 when it has passed, `None` when it never comes by itself."""
        left = moment - self.now()
        if left <= 0:
            return 0.0
        return None if self._frozen else left / 1000 / self._speed
