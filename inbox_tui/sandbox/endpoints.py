"""The twelve direct-message endpoints of the seed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from . import messaging, parameters
from .responses import Routes, answer, paged
from .world import RefusedError, World, missing

_STATUSES = ("pending", "published", "failed_waiting_for_retry", "failed", "received")


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
        return paged(total, paging, [world.chat_record(row, platform=profile["platform"]) for row in rows])


async def create_chat(world: World, request: Request) -> Response:
    """POST /api/profiles/:profile_id/chats."""
    given = await parameters.read_parameters(request)
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
        return paged(total, paging, world.message_records(rows, chat["platform"]))


async def send_message(world: World, request: Request) -> Response:
    """POST /api/chats/:chat_id/messages."""
    given = await parameters.read_parameters(request)
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
    given = await parameters.read_parameters(request)
    with world.write():
        row = world.message(request.path_params["id"])
        body, markup = parameters.text(given, "body"), parameters.json_object(given, "reply_markup")
        return answer(messaging.edit(world, row, body, markup))


async def react(world: World, request: Request) -> Response:
    """POST /api/messages/:id/react."""
    given = await parameters.read_parameters(request)
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
    given = await parameters.read_parameters(request)
    profile = request.query_params.get("profile_id") or parameters.text(given, "profile_id")
    path = request.path_params
    with world.write():
        text = parameters.text(given, "text")
        return answer(messaging.private_reply(world, path["post_id"], path["id"], profile, text), 202)


ROUTES: Routes = (
    ("GET", "/api/profiles/{profile_id:path}/chats", list_chats),
    ("POST", "/api/profiles/{profile_id:path}/chats", create_chat),
    ("GET", "/api/chats/{chat_id:path}/messages", list_messages),
    ("POST", "/api/chats/{chat_id:path}/messages", send_message),
    ("POST", "/api/chats/{id:path}/archive", archive),
    ("DELETE", "/api/chats/{id:path}/archive", archive),
    ("GET", "/api/chats/{id:path}", get_chat),
    ("POST", "/api/messages/{id:path}/react", react),
    ("DELETE", "/api/messages/{id:path}/unreact", unreact),
    ("GET", "/api/messages/{id:path}", get_message),
    ("PATCH", "/api/messages/{id:path}", edit_message),
    ("POST", "/api/posts/{post_id}/comments/{id:path}/private_reply", private_reply),
)
"""Platform ids may hold any character, a slash too; the longer paths come first."""
