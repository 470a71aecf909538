"""One small tree of errors. Each says what happened (title) and what to do about it (hint).

InboxError
├── UsageError              the command line or the configuration is wrong      exit 2
├── NotAuthorised           no key, or the API refuses it (401, 403)            exit 3
├── Refused                 refused here, before anything was sent              exit 4
├── NetworkError            the API did not answer                              exit 5
├── UncertainError          sent, and nobody knows whether it arrived           exit 6
├── ApiError                the API answered with an error                      exit 1
│   ├── NotFound            404
│   ├── Conflict            409: the first try with this key is still running
│   ├── RequestRejected     400, 413, 415, 422: the API or the platform says no
│   ├── RateLimited         429, and 503 with Retry-After
│   └── ServerFault         5xx, or an answer that cannot be read
└── StoreError              a file of the cache cannot be used                  exit 1
"""

from __future__ import annotations


class InboxError(Exception):
    """Base of every error that a person may see."""

    exit_code = 1
    retryable = False

    def __init__(self, title: str, hint: str = "") -> None:
        """`title`: what happened, one line. `hint`: what it means and what to do, one line or empty."""
        super().__init__(title)
        self.title = title
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.title}. {self.hint}" if self.hint else self.title


class UsageError(InboxError):
    """The command line or the configuration cannot be understood."""

    exit_code = 2


class NotAuthorised(InboxError):  # noqa: N818 - the sentence reads better
    """There is no API key, or the API does not accept it."""

    exit_code = 3


class Refused(InboxError):  # noqa: N818
    """The act was refused here, before anything left: capability, window or validation."""

    exit_code = 4


class NetworkError(InboxError):
    """The API did not answer.

    `may_have_arrived` is false only when it is certain that nothing was written to the server
    (connection refused, DNS, TLS): then repeating a write is safe.
    """

    exit_code = 5
    retryable = True

    def __init__(self, title: str, hint: str = "", *, may_have_arrived: bool) -> None:
        super().__init__(title, hint)
        self.may_have_arrived = may_have_arrived


class UncertainError(InboxError):
    """Something was sent and nobody knows whether it arrived."""

    exit_code = 6


class ApiError(InboxError):
    """The API answered with an error. `detail` is its own words, cleaned."""

    def __init__(self, title: str, hint: str = "", *, status: int, detail: str = "") -> None:
        super().__init__(title, hint)
        self.status = status
        self.detail = detail


class NotFound(ApiError):  # noqa: N818
    """404: unknown, or not reachable with this key."""


class Conflict(ApiError):  # noqa: N818
    """409: a first request with the same Idempotency-Key is still running."""

    retryable = True


class RequestRejected(ApiError):  # noqa: N818
    """400, 413, 415 or 422: the API or the platform refuses the request; repeating it changes nothing."""


class RateLimited(ApiError):  # noqa: N818
    """429, or 503 with Retry-After: not done, to be repeated after `retry_after` seconds."""

    retryable = True

    def __init__(
        self, title: str, hint: str = "", *, status: int, detail: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(title, hint, status=status, detail=detail)
        self.retry_after = retry_after


class ServerFault(ApiError):  # noqa: N818
    """5xx, or an answer that cannot be read. A write may have been carried out."""

    retryable = True


class StoreError(InboxError):
    """A file of the cache cannot be opened, read or written."""
