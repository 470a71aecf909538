"""Reading of requests: JSON, form and multipart bodies, Rails-style brackets, media in all its shapes."""

from __future__ import annotations

import base64
import binascii
import json
import mimetypes
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from .clock import parse_iso
from .messaging import Media
from .options import SandboxOptions
from .world import Paging, RefusedError, bad_request

Parameters = dict[str, object]
_DATA_URI = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,(?P<content>.*)", re.DOTALL)
_MAGIC = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"),
          (b"%PDF", "application/pdf"), (b"OggS", "audio/ogg"), (b"ID3", "audio/mpeg"))  # fmt: skip


async def read_parameters(request: Request) -> Parameters:
    """Body parameters of a request, whatever its encoding; the path's and query's are not among them.

    Raises:
        RefusedError: 400 for a body that cannot be read, 415 for an unknown type.
    """
    body = await request.body()
    if not body:
        return {}
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(body)
    if kind == "application/x-www-form-urlencoded":
        return _from_pairs(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        try:
            form = await request.form(max_part_size=len(body))
        except (MultiPartException, HTTPException) as error:
            raise bad_request(f"the multipart body cannot be read: {error}") from error
        pairs: list[tuple[str, object]] = []
        for name, value in form.multi_items():
            pairs.append((name, await _upload(value) if isinstance(value, UploadFile) else value))
        return _from_pairs(pairs)
    raise RefusedError(415, f"Unsupported media type: {kind}")


def _from_json(body: bytes) -> Parameters:
    try:
        parsed = json.loads(body)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise bad_request("the body must be a JSON object")
    return parsed


def _from_pairs(pairs: list[tuple[str, str]] | list[tuple[str, object]]) -> Parameters:
    parameters: Parameters = {}
    for name, value in pairs:
        plain = name.removesuffix("[]")
        if name.endswith("[]"):
            items = parameters.setdefault(plain, [])
            if isinstance(items, list):
                items.append(value)
        else:
            parameters[plain] = value
    return parameters


async def _upload(file: UploadFile) -> Media:
    content = await file.read()
    await file.close()
    content_type = file.content_type or ""
    if not content_type or content_type == "application/octet-stream":
        content_type = mimetypes.guess_type(file.filename or "")[0] or sniff(content)
    return Media(media_type(content_type), content_type, file.filename, content)


def sniff(content: bytes) -> str:
    """Content type of bytes by how they begin."""
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12], "video/x-msvideo")
    if content[4:8] == b"ftyp":
        return "video/mp4"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), "application/octet-stream")


def media_type(content_type: str) -> str:
    """The seed's attachment type for a content type."""
    family = content_type.partition("/")[0]
    return family if family in ("image", "video", "audio") else "file"


def text(parameters: Mapping[str, object], name: str) -> str | None:
    """A text parameter, `None` where it is absent or null.

    Raises:
        RefusedError: 422 where it is something else than text or a number.
    """
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        # JSON can escape half a surrogate pair, which is no text and cannot be stored.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise RefusedError(422, f"{name} must be a string")


def json_object(parameters: Mapping[str, object], name: str) -> dict[str, object] | None:
    """An object parameter; forms carry it as JSON text.

    Raises:
        RefusedError: 422 where it is no object.
    """
    value = parameters.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise RefusedError(422, f"{name} must be a JSON object: {error}") from error
    if value is None or isinstance(value, dict):
        return value
    raise RefusedError(422, f"{name} must be an object")


def media(parameters: Mapping[str, object]) -> list[Media]:
    """The files of a send: uploads, public URLs, data URIs and base64 (bare, or in an object).

    Raises:
        RefusedError: 422 for anything else.
    """
    value = parameters.get("media")
    if value is None or value == "":
        return []
    items = value if isinstance(value, list) else [value]
    return [_media_item(item) for item in items if item != ""]


def _media_item(item: object) -> Media:
    if isinstance(item, Media):
        return item
    if isinstance(item, dict):
        # The "base64 hash" of the seed: its keys are not documented, these are the usual ones.
        name = item.get("filename") or item.get("file_name") or item.get("name")
        encoded = item.get("data") or item.get("base64") or item.get("content")
        declared = item.get("content_type") or item.get("mime_type") or item.get("type")
        if isinstance(encoded, str):
            kind = str(declared) if declared and "/" in str(declared) else None
            return _inline(encoded, kind, None if name is None else str(name))
        item = item.get("url")
    if not isinstance(item, str):
        raise RefusedError(422, "media must be a file, a URL, a data URI or base64")
    if item.startswith(("http://", "https://")):
        path = urlsplit(item).path
        content_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return Media(media_type(content_type), content_type, path.rpartition("/")[2] or None, None, item)
    return _inline(item, None, None)


def _inline(encoded: str, content_type: str | None, filename: str | None) -> Media:
    match = _DATA_URI.fullmatch(encoded)
    if match is not None:
        encoded, content_type = match["content"], match["type"] or content_type
    try:
        content = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise RefusedError(422, "media must be a file, a URL, a data URI or base64") from error
    if not content:
        raise RefusedError(422, "media is empty")
    content_type = content_type or (mimetypes.guess_type(filename)[0] if filename else None) or sniff(content)
    return Media(media_type(content_type), content_type, filename, content)


def paging(request: Request, options: SandboxOptions, default: int = 20) -> Paging:
    """`page` and `per_page` of the query.

    Raises:
        RefusedError: 400 where they are not numbers, `page` is negative or `per_page` below 1.
    """
    page = _number(request, "page", 0)
    per_page = _number(request, "per_page", default)
    if page < 0:
        raise bad_request("page must be 0 or more")
    if per_page < 1:
        raise bad_request("per_page must be 1 or more")
    return Paging(min(page, 2**40), min(per_page, options.max_per_page))


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name)
    if value is None or value == "":
        return default
    if not re.fullmatch(r"-?\d{1,15}", value, re.ASCII):
        raise bad_request(f"{name} must be a number, not {value[:40]!r}")
    return int(value)


def moment(request: Request, name: str) -> int | None:
    """A time of the query in milliseconds.

    Raises:
        RefusedError: 400 where it is no ISO 8601 time.
    """
    value = request.query_params.get(name)
    if value is None or value == "":
        return None
    return parse_moment(value, name)


def parse_moment(value: str, name: str) -> int:
    """A time in milliseconds.

    Raises:
        RefusedError: 400 where it is no ISO 8601 time.
    """
    try:
        return parse_iso(value)
    except (ValueError, OverflowError) as error:
        raise bad_request(f"{name} must be an ISO 8601 time, not {value[:40]!r}") from error
