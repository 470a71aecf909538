"""What leaves, checked before it leaves: paths, headers, bodies and files of requests.

Every check raises `Refused`, which says that nothing was sent.
"""

from __future__ import annotations

import hashlib
import io
import json
import mimetypes
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from inbox_tui.core.errors import Refused
from inbox_tui.core.files import file_name
from inbox_tui.core.models import Json, JsonObject, Milliseconds
from inbox_tui.core.text import clean

Params: TypeAlias = dict[str, str | int]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes of the file read for sending so far, and its size."""

MAX_ID = 1_024
MAX_KEY = 255
"""Characters of an Idempotency-Key (API reference, "Idempotency-Key")."""

_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY}}}")


def path(*parts: str) -> str:
    """`/api/…` with every part that is an id percent-encoded; platform ids may hold `/`, `=` and `:`.

    Parts are given in turn as word, id, word, id.
    """
    return "/api/" + "/".join(_segment(part) if index % 2 else part for index, part in enumerate(parts))


def _segment(identifier: str) -> str:
    # "." and ".." survive percent-encoding and would name another resource.
    if not identifier or identifier in (".", "..") or len(identifier) > MAX_ID:
        raise Refused(f"“{clean(identifier)[:40]}” cannot be an id", "Nothing was sent.")
    return quote(unicode(identifier, "The id"), safe="")


def unicode(text: str, what: str) -> str:
    """`text`, when it can be encoded and holds no NUL."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused(f"{what} holds a character that cannot be sent", "Remove it and try again.")
    return text


def text(value: str, what: str = "The message") -> str:
    """A text that is not blank."""
    if not value.strip():
        raise Refused(f"{what} is empty", "There is nothing to send.")
    return unicode(value, what)


def params(**values: str | int | None) -> Params:
    """Query parameters without the ones that are None."""
    return {
        name: unicode(value, name) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }


def page_params(page: int, per_page: int, **values: str | int | None) -> Params:
    """Query parameters of a list. Pages count from zero."""
    if page < 0 or per_page < 1:
        raise Refused(f"There is no page {page} of {per_page} items", "Pages count from zero.")
    return params(page=page, per_page=per_page, **values)


def timestamp(moment: Milliseconds | None) -> str | None:
    """ISO 8601 in UTC with milliseconds, as the API writes it."""
    if moment is None:
        return None
    try:
        whole = datetime.fromtimestamp(moment // 1000, UTC)
    except (OverflowError, ValueError, OSError):
        whole = None
    if whole is None:
        raise Refused(f"{moment} is not a point in time", "Nothing was sent.")
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{moment % 1000:03d}Z"


def reply_markup(markup: Mapping[str, Json]) -> JsonObject:
    """A keyboard of Telegram, which the API passes on unchanged."""
    if not isinstance(markup, Mapping):
        raise Refused("The keyboard is not a JSON object", "Nothing was sent.")
    return markup


def media_url(url: str) -> str:
    """The address of a file that the service is to fetch."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or clean(url) != url or any(map(str.isspace, url)):
        raise Refused("The address of the file is not an http or https address", "Nothing was sent.")
    return url


def body(values: Json) -> bytes:
    """A JSON body. The same values give the same bytes, so that a repeat is recognised as one."""
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = clean(str(error))[:200]
    raise Refused(f"The request cannot be written as JSON ({reason})", "Nothing was sent.")


def write_headers(key: str) -> dict[str, str]:
    """The header that every write carries."""
    if not _KEY.fullmatch(key):
        hint = f"It must be 1 to {MAX_KEY} visible ASCII characters."
        raise Refused("The Idempotency-Key cannot be used", hint)
    return {"Idempotency-Key": key}


def multipart_type(key: str) -> str:
    """The Content-Type of an upload. Its boundary comes from the key, so that a repeat has the same bytes."""
    return f"multipart/form-data; boundary=inbox-tui-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def media_type(name: str) -> str:
    """The media type that a file's name stands for."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


class UploadFile(io.FileIO):
    """A file that is being sent, which reports how much of it has been read."""

    def __init__(self, source: Path, on_progress: Progress | None) -> None:
        """Open `source` for reading. Raises Refused when it is not a readable file with content."""
        try:
            # A named pipe would wait for its writer for ever.
            reason = "" if source.is_file() else "it is not a file"
            self.size = source.stat().st_size
            if not reason and not self.size:
                reason = "it is empty"
            if not reason:
                super().__init__(source, "rb")
        except OSError as error:
            reason = error.strerror or type(error).__name__
        if reason:
            raise Refused(f"{file_name(source.name)} cannot be sent: {reason}", "Nothing was sent.")
        self._on_progress = on_progress

    def read(self, size: int | None = -1, /) -> bytes:
        """As FileIO; reports the position reached."""
        piece = super().read(-1 if size is None else size) or b""
        if piece and self._on_progress is not None:
            self._on_progress(self.tell(), self.size)
        return piece
