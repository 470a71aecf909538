"""How many requests may leave: the budget of one key, and what is left of it after a 429.

No clock of its own: times are seconds of a monotonic clock.
"""

from __future__ import annotations

BUDGET = 5.0
"""Requests a second for everything that merely comes round."""
LEAST_RATE, RECOVERY_SECONDS = 1.0, 5.0
"""A pace that was slowed down stays above this many requests a second, and rises this often."""


class Pace:
    """The request budget of one key: a token bucket for what comes round, and a brake for everything.

    Bulk reading runs free until the API asks to slow down; then at half of what it was at, rising
    again slowly.
    """

    def __init__(self, rate: float | None = None) -> None:
        """`rate`: requests a second for what comes round; None for the usual budget."""
        self._full = self.rate = self._tokens = BUDGET if rate is None else rate
        self._at: float | None = None
        self.paused_until = 0.0
        self._bulk_rate: float | None = None
        self._bulk_at = 0.0
        self._recent: list[float] = []
        self._changed_at = 0.0
        self._strikes = 0

    def allows(self, now: float, *, budgeted: bool) -> bool:
        """Whether a request may leave at `now`."""
        if now < self.paused_until:
            return False
        self._refill(now)
        return self._tokens >= 1 if budgeted else now >= self._bulk_at

    def spend(self, now: float, *, budgeted: bool) -> None:
        """Count a request that leaves at `now`."""
        self._refill(now)
        self._recent = [at for at in self._recent[-200:] if at > now - 5.0]
        self._recent.append(now)
        if budgeted:
            self._tokens -= 1
        elif self._bulk_rate is not None:
            self._bulk_at = max(now, self._bulk_at) + 1 / self._bulk_rate

    def limited(self, now: float, retry_after: float | None) -> None:
        """The API asked to slow down: wait as told (else longer each time), then go on at half the pace."""
        if now < self.paused_until:
            # The answer to a request that was already out says the same once more.
            self.paused_until = max(self.paused_until, now + (retry_after or 0.0))
            return
        self._strikes += 1
        seconds = min(2.0 ** (self._strikes - 1), 30.0) if retry_after is None else retry_after
        self.paused_until = now + seconds
        self.rate = max(self.rate / 2, LEAST_RATE)
        seconds_seen = max(now - min(self._recent, default=now), 0.2)
        self._bulk_rate = max((self._bulk_rate or len(self._recent) / seconds_seen) / 2, LEAST_RATE)
        self._changed_at = self.paused_until

    def answered(self) -> None:
        """The API answered a request without complaint."""
        self._strikes = 0

    def _refill(self, now: float) -> None:
        if self._at is not None:
            self._tokens = min(self._tokens + (now - self._at) * self.rate, max(self.rate, 1.0))
        self._at = now
        if now - self._changed_at >= RECOVERY_SECONDS and (
            self.rate < self._full or self._bulk_rate is not None
        ):
            self._changed_at = now
            self.rate = min(self.rate * 1.5, self._full)
            if self._bulk_rate is not None:
                self._bulk_rate = self._bulk_rate * 1.5 if self._bulk_rate < 50 else None
