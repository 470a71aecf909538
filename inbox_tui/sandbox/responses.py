"""Answers and the shape of endpoints."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from .records import JsonObject
from .world import Paging, World

Endpoint = Callable[[World, Request], Awaitable[Response]]
Routes = tuple[tuple[str, str, Endpoint], ...]
"""Method, path and endpoint; the first match counts."""


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer in UTF-8; what UTF-8 cannot say (lone surrogates) goes out escaped."""
    try:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        content = json.dumps(body, separators=(",", ":")).encode()
    return Response(content, status, media_type="application/json; charset=utf-8")


def paged(total: int, paging: Paging, data: Sequence[JsonObject]) -> Response:
    """One page of a list (postproxy-api.md, "pagination")."""
    return answer({"total": total, "page": paging.page, "per_page": paging.per_page, "data": list(data)})
