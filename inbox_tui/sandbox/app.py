"""Puts the server together: routes, errors as JSON, and the gateway around them."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import comments, control, endpoints, neighbours
from .gateway import Gateway, Transports
from .responses import Endpoint, answer
from .world import RefusedError, World

_TEXTS = {404: "Not found", 405: "Method not allowed"}


def build(world: World, transports: Transports) -> Gateway:
    """The server's application; `transports` are those of the connected clients."""
    # Webhooks, comments and the like before the routes whose ids may hold any character.
    routes = (*neighbours.ROUTES, *endpoints.ROUTES, *comments.ROUTES, *control.ROUTES)
    application = Starlette(
        routes=[_route(world, method, path, endpoint) for method, path, endpoint in routes],
        exception_handlers={HTTPException: _http_error},
    )
    application.router.redirect_slashes = False
    return Gateway(application, world, transports)


def _route(world: World, method: str, path: str, endpoint: Endpoint) -> Route:
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(world, request)
        except RefusedError as refusal:
            return answer(refusal.body, refusal.status)
        except Exception:
            # A fault of the sandbox itself: told on standard error, never to the client as a traceback.
            logging.getLogger(__name__).exception("%s %s failed", request.method, request.url.path)
            return answer({"error": "Internal server error"}, 500)

    return Route(path, answering, methods=[method], name=f"{method} {path}")


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return answer({"error": _TEXTS.get(status, "Bad request")}, status)
