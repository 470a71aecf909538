"""The HTTP face of the world: routes, keys, parameters and errors, nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from hmac import compare_digest

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import ids, media, messaging, parameters, records
from .world import Paging, RefusedError, World, missing, not_found

Handler = Callable[[World, Request], Awaitable[Response]]
_STATUSES = ("pending", "published", "failed_waiting_for_retry", "failed", "received")


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer in UTF-8; what UTF-8 cannot say (lone surrogates) goes out escaped."""
    try:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        content = json.dumps(body, separators=(",", ":")).encode()
    return Response(content, status, media_type="application/json; charset=utf-8")


def build(world: World) -> ASGIApp:
    """The server's application."""
    application = Starlette(
        routes=[_route(world, path, method, handler) for method, path, handler in ROUTES],
        exception_handlers={HTTPException: _http_error, Exception: _crash},
    )
    application.router.redirect_slashes = False
    return Stamped(application, world)


class Stamped:
    """Gives every answer the sandbox's `Date` and a request id."""

    def __init__(self, application: ASGIApp, world: World) -> None:
        self.application = application
        self.world = world
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; stamp what comes back."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        self.requests += 1
        identity = f"req-{self.requests}"

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.world.now() / 1000, usegmt=True)
                message["headers"] = [
                    *message["headers"],
                    (b"date", date.encode()),
                    (b"x-request-id", identity.encode()),
                ]
            await send(message)

        await self.application(scope, receive, stamped)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return answer({"error": {404: "Not found", 405: "Method not allowed"}.get(status, "Bad request")}, status)


async def _crash(request: Request, error: Exception) -> Response:
    return answer({"error": "Internal server error"}, 500)


def _route(world: World, path: str, method: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            if path.startswith("/api/"):
                _authorise(world, request)
            return await handler(world, request)
        except RefusedError as refusal:
            return answer(refusal.body, refusal.status)

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


def _authorise(world: World, request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(key.strip().encode(), world.api_key.encode()):
        raise RefusedError(401, "Invalid API key")
    group = request.query_params.get("profile_group_id")
    if group is not None and ids.number_of("group", group) != 1:
        raise not_found()


def _paged(total: int, paging: Paging, data: list[records.JsonObject]) -> Response:
    return answer({"total": total, "page": paging.page, "per_page": paging.per_page, "data": data})


# Direct messages


async def list_chats(world: World, request: Request) -> Response:
    """GET /api/profiles/:profile_id/chats."""
    paging = parameters.paging(request, world.options)
    before, after = parameters.moment(request, "before"), parameters.moment(request, "after")
    with world.read():
        profile = world.dm_profile(request.path_params["profile_id"])
        where, values = "profile = ?", [profile["no"]]
        if before is not None:
            where, values = f"{where} and last_message_at < ?", [*values, before]
        if after is not None:
            where, values = f"{where} and last_message_at > ?", [*values, after]
        total, rows = world.page("chats", where, values, "last_message_at desc, no", paging)
        return _paged(total, paging, [world.chat_record(row, platform=profile["platform"]) for row in rows])


async def create_chat(world: World, request: Request) -> Response:
    """POST /api/profiles/:profile_id/chats."""
    given = await parameters.read_parameters(request, world.options)
    with world.write():
        profile = world.dm_profile(request.path_params["profile_id"])
        participant = parameters.text(given, "participant_external_id")
        if not participant:
            raise missing("participant_external_id")
        username = parameters.text(given, "participant_username")
        name = parameters.text(given, "participant_name")
        row, is_new = messaging.open_chat(world, profile, participant, username, name)
        return answer(world.chat_record(row), 201 if is_new else 200)


async def get_chat(world: World, request: Request) -> Response:
    """GET /api/chats/:id."""
    with world.read():
        return answer(world.chat_record(world.chat(request.path_params["id"])))


async def list_messages(world: World, request: Request) -> Response:
    """GET /api/chats/:chat_id/messages."""
    paging = parameters.paging(request, world.options)
    direction, status = request.query_params.get("direction"), request.query_params.get("status")
    if direction and direction not in ("inbound", "outbound"):
        raise RefusedError(422, "direction must be inbound or outbound")
    if status and status not in _STATUSES:
        raise RefusedError(422, f"status must be one of {', '.join(_STATUSES)}")
    with world.read():
        chat = world.chat(request.path_params["chat_id"])
        world.write_thread(chat["no"])
        where, values = "chat = ?", [chat["no"]]
        if direction:
            where, values = f"{where} and direction = ?", [*values, direction]
        if status:
            where, values = f"{where} and status = ?", [*values, status]
        total, rows = world.page("messages", where, values, "sort_at desc, no desc", paging)
        return _paged(total, paging, world.message_records(rows, chat["platform"]))


async def send_message(world: World, request: Request) -> Response:
    """POST /api/chats/:chat_id/messages."""
    given = await parameters.read_parameters(request, world.options)
    with world.write():
        chat = world.chat(request.path_params["chat_id"])
        record = messaging.send(
            world,
            chat,
            parameters.text(given, "body"),
            parameters.media(given),
            parameters.text(given, "reply_to_external_id"),
            parameters.json_object(given, "reply_markup"),
        )
        return answer(record, 202)


async def get_message(world: World, request: Request) -> Response:
    """GET /api/messages/:id."""
    with world.read():
        row = world.message(request.path_params["id"])
        return answer(world.message_record(row["no"]))


async def edit_message(world: World, request: Request) -> Response:
    """PATCH /api/messages/:id."""
    given = await parameters.read_parameters(request, world.options)
    with world.write():
        row = world.message(request.path_params["id"])
        body, markup = parameters.text(given, "body"), parameters.json_object(given, "reply_markup")
        return answer(messaging.edit(world, row, body, markup))


async def react(world: World, request: Request) -> Response:
    """POST /api/messages/:id/react."""
    given = await parameters.read_parameters(request, world.options)
    with world.write():
        row = world.message(request.path_params["id"])
        reaction, emoji = parameters.text(given, "reaction"), parameters.text(given, "emoji")
        return answer(messaging.react(world, row, reaction, emoji))


async def unreact(world: World, request: Request) -> Response:
    """DELETE /api/messages/:id/unreact."""
    with world.write():
        return answer(messaging.unreact(world, world.message(request.path_params["id"])))


async def archive(world: World, request: Request) -> Response:
    """POST and DELETE /api/chats/:id/archive."""
    with world.write():
        chat = world.chat(request.path_params["id"])
        return answer(messaging.archive(world, chat, muted=request.method == "POST"))


async def private_reply(world: World, request: Request) -> Response:
    """POST /api/posts/:post_id/comments/:id/private_reply."""
    given = await parameters.read_parameters(request, world.options)
    profile = request.query_params.get("profile_id") or parameters.text(given, "profile_id")
    path = request.path_params
    with world.write():
        text = parameters.text(given, "text")
        return answer(messaging.private_reply(world, path["post_id"], path["id"], profile, text), 202)


# Neighbours


async def list_profiles(world: World, request: Request) -> Response:
    """GET /api/profiles."""
    with world.read() as database:
        rows = database.all("select * from profiles order by no")
        return answer({"data": [records.profile(row, world.base_url) for row in rows]})


async def get_profile(world: World, request: Request) -> Response:
    """GET /api/profiles/:id."""
    with world.read():
        record = records.profile(world.profile(request.path_params["id"]), world.base_url)
        return answer({**record, "latest_stats": [], "summary_stats": None})


async def list_groups(world: World, request: Request) -> Response:
    """GET /api/profile_groups."""
    with world.read() as database:
        return answer({"data": [records.group(database.value("select count(*) from profiles"))]})


async def get_group(world: World, request: Request) -> Response:
    """GET /api/profile_groups/:id."""
    if ids.number_of("group", request.path_params["id"]) != 1:
        raise not_found()
    with world.read() as database:
        return answer(records.group(database.value("select count(*) from profiles")))


async def list_posts(world: World, request: Request) -> Response:
    """GET /api/posts."""
    paging = parameters.paging(request, world.options, default=10)
    with world.read():
        total, rows = world.page("posts", "1", (), "created_at desc, no desc", paging)
        return _paged(total, paging, [_post(world, row["no"]) for row in rows])


async def get_post(world: World, request: Request) -> Response:
    """GET /api/posts/:id."""
    with world.read():
        number = ids.number_of("post", request.path_params["id"])
        if number is None or world.database.one("select 1 from posts where no = ?", number) is None:
            raise not_found()
        return answer(_post(world, number))


def _post(world: World, number: int) -> records.JsonObject:
    row = world.database.one("select * from posts where no = ?", number)
    if row is None:
        raise not_found()
    platforms = world.database.all(
        "select pp.*, p.platform, p.name from post_platforms pp join profiles p on p.no = pp.profile"
        " where pp.post = ? order by pp.profile",
        number,
    )
    return records.post(row, platforms)


async def list_comments(world: World, request: Request) -> Response:
    """GET /api/posts/:post_id/comments."""
    paging = parameters.paging(request, world.options)
    with world.read():
        post, profile = _post_and_profile(world, request)
        where = "post = ? and profile = ? and parent_external_id is null"
        total, rows = world.page("comments", where, (post, profile), "created_at desc, no desc", paging)
        return _paged(
            total, paging, [records.comment(row, _replies(world, row["external_id"])) for row in rows]
        )


async def get_comment(world: World, request: Request) -> Response:
    """GET /api/posts/:post_id/comments/:id."""
    with world.read():
        _, profile = _post_and_profile(world, request)
        path = request.path_params
        row = messaging.find_comment(world, path["post_id"], path["id"], profile)
        return answer(records.comment(row, _replies(world, row["external_id"])))


def _post_and_profile(world: World, request: Request) -> tuple[int, int]:
    profile = request.query_params.get("profile_id")
    if not profile:
        raise missing("profile_id")
    number = ids.number_of("post", request.path_params["post_id"])
    row = world.profile(profile)
    if (
        number is None
        or world.database.one(
            "select 1 from post_platforms where post = ? and profile = ?", number, row["no"]
        )
        is None
    ):
        raise not_found()
    return number, row["no"]


def _replies(world: World, external_id: str) -> list[sqlite3.Row]:
    return world.database.all(
        "select * from comments where parent_external_id = ? order by created_at, no", external_id
    )


async def storage(world: World, request: Request) -> Response:
    """GET /storage/:name, the stable URL of a file; needs no key."""
    with world.read():
        found = media.stored_file(world.database, request.path_params["name"])
    if found is None:
        raise not_found()
    content_type, content = found
    return Response(content, media_type=content_type, headers={"cache-control": "public, max-age=31536000"})


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/api/profiles/{profile_id}/chats", list_chats),
    ("POST", "/api/profiles/{profile_id}/chats", create_chat),
    ("GET", "/api/chats/{id}", get_chat),
    ("GET", "/api/chats/{chat_id}/messages", list_messages),
    ("POST", "/api/chats/{chat_id}/messages", send_message),
    ("GET", "/api/messages/{id}", get_message),
    ("PATCH", "/api/messages/{id}", edit_message),
    ("POST", "/api/messages/{id}/react", react),
    ("DELETE", "/api/messages/{id}/unreact", unreact),
    ("POST", "/api/chats/{id}/archive", archive),
    ("DELETE", "/api/chats/{id}/archive", archive),
    ("POST", "/api/posts/{post_id}/comments/{id}/private_reply", private_reply),
    ("GET", "/api/profiles", list_profiles),
    ("GET", "/api/profiles/{id}", get_profile),
    ("GET", "/api/profile_groups", list_groups),
    ("GET", "/api/profile_groups/{id}", get_group),
    ("GET", "/api/posts", list_posts),
    ("GET", "/api/posts/{id}", get_post),
    ("GET", "/api/posts/{post_id}/comments", list_comments),
    ("GET", "/api/posts/{post_id}/comments/{id}", get_comment),
    ("GET", "/storage/{name}", storage),
)
