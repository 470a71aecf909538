"""What went wrong, in the terms of `core.errors`: transport exceptions, statuses, error bodies, Retry-After.

The decision table of the outbox (design, section 6) rests on these answers, so they err on one side only:
`NetworkError.may_have_arrived` is false, and `RequestRejected` or `RateLimited` is raised, only where it is
certain that a write was not carried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import responses

import httpx

from inbox_tui.core.errors import (
    ApiError,
    Conflict,
    InboxError,
    NetworkError,
    NotAuthorised,
    NotFound,
    RateLimited,
    RequestRejected,
    ServerFault,
)
from inbox_tui.core.text import clean

MAX_DETAIL = 2_000
"""Characters kept of an error text."""

MAX_RETRY_AFTER = 86_400.0
"""Seconds; a longer Retry-After is taken for a mistake and capped."""

_NOTHING_WRITTEN = (
    httpx.ConnectError,  # refused, unreachable, DNS, TLS
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

_SECONDS = re.compile(r"\d{1,18}(\.\d{1,9})?")
_TITLE = re.compile(rb"<title[^>]*>(.{1,400}?)</title", re.IGNORECASE | re.DOTALL)
_REDACTED = "•••"


def from_transport(error: Exception, host: str, *, secret: str = "") -> NetworkError:
    """The error for an exception of httpx, or of a file that was being uploaded; it keeps no link to it.

    `secret` is blotted out of its words.
    """
    reason = shorten(blot(clean(str(error)), secret)) or type(error).__name__
    if isinstance(error, _NOTHING_WRITTEN):
        title = f"{host} cannot be reached ({reason})"
        return NetworkError(title, "Nothing was sent. Check the connection.", may_have_arrived=False)
    if isinstance(error, httpx.TimeoutException):
        title = f"{host} did not answer in time"
    else:
        title = f"The connection to {host} broke ({reason})"
    return NetworkError(title, "The request may have arrived all the same.", may_have_arrived=True)


def from_answer(
    status: int, headers: Mapping[str, str], content: bytes, *, secret: str = "", now: float = 0.0
) -> InboxError:
    """The error for an answer that is not 2xx.

    `headers` must find names in any case; `now` is the time in seconds that a dated Retry-After is compared
    with where the answer carries no Date; `secret` is blotted out of the server's words.
    """
    detail = read_detail(content, headers.get("content-type", ""), secret=secret)
    phrase = f"{status} {responses.get(status, '')}".rstrip()
    words = detail or phrase
    if status == 401:
        return NotAuthorised(
            f"The API does not accept the key ({words})", "Set POSTPROXY_API_KEY to a valid key."
        )
    if status == 403:
        hint = "The account may be cancelled or past due, or the key lacks a permission."
        return NotAuthorised(f"The API forbids this ({words})", hint)
    if status == 407:
        title = f"The proxy wants a login ({words})"
        return NetworkError(title, "Nothing was sent. Check the proxy settings.", may_have_arrived=False)
    if 300 <= status < 400:
        return _redirect(status, blot(headers.get("location", ""), secret), phrase, detail)
    retry_after = read_retry_after(headers, now)
    if status == 429 or (status == 503 and retry_after is not None):
        wait = f"again in {retry_after:.0f} s" if retry_after else "again later"
        return RateLimited(
            f"The API asks to slow down ({words})",
            f"It was not done; it can be tried {wait}.",
            status=status,
            detail=detail,
            retry_after=retry_after or None,
        )
    kind, title, hint = _classify(status, words)
    return kind(title, hint, status=status, detail=detail)


def _classify(status: int, words: str) -> tuple[type[ApiError], str, str]:
    if status in (404, 410):
        hint = "It may be gone, or belong to a profile group that this key does not reach."
        return NotFound, f"The API does not know this ({words})", hint
    if status == 409:
        hint = "An equal request may still be running; its outcome will show."
        return Conflict, f"The API reports a conflict ({words})", hint
    if status in (408, 425) or status < 400 or status >= 500:
        return ServerFault, f"The API failed ({words})", "The fault is on its side; it may have been done."
    return RequestRejected, f"The API refuses this: {words}", "Repeating it unchanged will not help."


def _redirect(status: int, location: str, phrase: str, detail: str) -> ApiError:
    """Redirects are never followed, so that the key reaches no other host.

    301, 307 and 308 say that the request must be made elsewhere: it was not carried out. The others may
    point at the result of a request that was.
    """
    kind = RequestRejected if status in (301, 307, 308) else ServerFault
    target = shorten(clean(location), 200) or "nowhere"
    hint = "Redirects are not followed, to keep the key safe. Check the API address in the settings."
    return kind(f"The API points elsewhere: {phrase} to {target}", hint, status=status, detail=detail)


def unreadable(status: int, reason: str) -> ServerFault:
    """The error for a 2xx answer that cannot be read; a write may have been carried out."""
    hint = "It may have been done all the same. Is the address that of the API?"
    return ServerFault(f"The answer of the API cannot be read: {reason}", hint, status=status, detail=reason)


def read_detail(content: bytes, content_type: str = "", *, secret: str = "") -> str:
    """The words of an error body: `errors` joined, else `message`, else `error`, else the raw text.

    Further keys follow in brackets (`duplicate_post_id`, codes of the platform), so nothing is lost; a page
    of HTML is reduced to its title. Cleaned, without `secret`, and at most `MAX_DETAIL` characters. Shapes:
    API reference, "Status codes and error bodies".
    """
    head = content[:512].lstrip().lower()
    if "html" in content_type.lower() or head.startswith((b"<!doctype", b"<html")):
        found = _TITLE.search(content)
        title = " ".join(clean(found[1].decode("utf-8", "replace")).split()) if found else ""
        title = blot(title, secret)
        return f"a web page titled “{shorten(title, 200)}”" if title else "a web page instead of an answer"
    try:
        words = _describe(json.loads(content))
    except (ValueError, RecursionError):
        words = content[: 4 * MAX_DETAIL].decode("utf-8", "replace")
    return shorten(blot(clean(words), secret).strip())


def _describe(value: object) -> str:
    """A decoded error body in words."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_describe, value)))
    if not isinstance(value, dict):
        return "" if value is None else json.dumps(value)
    rest = {str(key): item for key, item in value.items() if item not in (None, "", [], {})}
    words = ""
    for key in ("errors", "message", "error"):
        if key in rest:
            words = _describe(rest.pop(key))
            break
    status = rest.pop("status", None)
    if isinstance(status, int) and rest.get("error") == responses.get(status):
        rest.pop("error", None)
    more = ", ".join(f"{key}: {_describe(item)}" for key, item in rest.items())
    return f"{words} ({more})" if words and more else words or more


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that Retry-After asks to wait: 0.0 when already over, `None` when absent or unreadable.

    A date is compared with the answer's own Date, so that a wrong clock here does not matter.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), MAX_RETRY_AFTER)
    until = read_date(value)
    if until is None:
        return None
    sent = read_date(headers.get("date", ""))
    return min(max(until - (now if sent is None else sent), 0.0), MAX_RETRY_AFTER)


def read_date(value: str) -> float | None:
    """An HTTP date as seconds since 1970 UTC, or `None`."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


def blot(text: str, secret: str) -> str:
    """`text` without `secret`."""
    return text.replace(secret, _REDACTED) if secret else text


def shorten(text: str, limit: int = MAX_DETAIL) -> str:
    """At most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
