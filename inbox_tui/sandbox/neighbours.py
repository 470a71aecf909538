"""Endpoints beside the direct messages: profiles, groups, posts, webhooks, files."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from . import ids, media, parameters, platforms, records, webhooks
from .clock import iso
from .responses import Routes, answer, paged
from .world import RefusedError, World, not_found


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


async def list_placements(world: World, request: Request) -> Response:
    """GET /api/profiles/:id/placements: the Page of a Facebook profile."""
    with world.read():
        row = world.profile(request.path_params["id"])
        page = {"id": row["platform_id"], "name": row["name"], "avatar_url": None, "metadata": None}
        return answer({"data": [page] if row["platform"] == "facebook" else []})


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
    query = request.query_params
    wanted = [*query.getlist("platforms[]"), *query.getlist("platforms")]
    with world.read():
        where, values = "1", []
        if wanted:
            marks = ",".join("?" * len(wanted))
            where = (
                "no in (select pp.post from post_platforms pp join profiles p on p.no = pp.profile"
                f" where p.platform in ({marks}))"
            )
            values = wanted
        if (
            query.get("status", "published") not in ("published", "processed")
            or query.get("source") == "imported"
        ):
            where = "0"  # every post of the sandbox was published by the service
            values = []
        total, rows = world.page("posts", where, values, "created_at desc, no desc", paging)
        return paged(total, paging, [_post(world, row["no"]) for row in rows])


async def get_post(world: World, request: Request) -> Response:
    """GET /api/posts/:id."""
    with world.read():
        return answer(_post(world, ids.number_of("post", request.path_params["id"])))


def _post(world: World, number: int | None) -> records.JsonObject:
    row = world.database.one("select * from posts where no = ?", number)
    if row is None:
        raise not_found()
    published_on = world.database.all(
        "select pp.*, p.platform, p.name from post_platforms pp join profiles p on p.no = pp.profile"
        " where pp.post = ? order by pp.profile",
        number,
    )
    return records.post(row, published_on)


async def list_webhooks(world: World, request: Request) -> Response:
    """GET /api/webhooks, without secrets."""
    with world.read() as database:
        rows = database.all("select * from webhooks order by no")
        return answer({"data": [webhooks.record(row, with_secret=False) for row in rows]})


async def create_webhook(world: World, request: Request) -> Response:
    """POST /api/webhooks."""
    given = await parameters.read_parameters(request)
    with world.write():
        return answer(webhooks.create(world, given), 201)


async def get_webhook(world: World, request: Request) -> Response:
    """GET /api/webhooks/:id."""
    with world.read():
        return answer(webhooks.record(webhooks.find(world, request.path_params["id"]), with_secret=True))


async def update_webhook(world: World, request: Request) -> Response:
    """PATCH /api/webhooks/:id."""
    given = await parameters.read_parameters(request)
    with world.write():
        return answer(webhooks.update(world, webhooks.find(world, request.path_params["id"]), given))


async def delete_webhook(world: World, request: Request) -> Response:
    """DELETE /api/webhooks/:id."""
    with world.write():
        return answer(webhooks.delete(world, webhooks.find(world, request.path_params["id"])))


async def list_deliveries(world: World, request: Request) -> Response:
    """GET /api/webhooks/:id/deliveries: every attempt, newest first."""
    paging = parameters.paging(request, world.options)
    with world.read():
        row = webhooks.find(world, request.path_params["id"])
        where = "webhook = ? and attempted_at is not null"
        total, rows = world.page("deliveries", where, (row["no"],), "no desc", paging)
        return paged(total, paging, [webhooks.delivery_record(attempt) for attempt in rows])


# Calls that the live API has gained since the seed; `live_additions` switches them on.


async def mark_read(world: World, request: Request) -> Response:
    """POST /api/chats/:id/mark_read: the chat, unchanged; nobody is told on these networks."""
    _only_with_additions(world)
    with world.read():
        return answer(world.chat_record(world.chat(request.path_params["id"])))


async def typing(world: World, request: Request) -> Response:
    """POST /api/chats/:id/start_typing and stop_typing (Facebook and Instagram)."""
    _only_with_additions(world)
    with world.read():
        if not platforms.has_reactions(world.chat(request.path_params["id"])["platform"]):
            raise RefusedError(422, "Typing indicators are only supported on Facebook and Instagram")
        return answer({"accepted": True})


async def participant(world: World, request: Request) -> Response:
    """GET /api/profiles/:id/participants/:user_id (Instagram)."""
    _only_with_additions(world)
    with world.read() as database:
        profile = world.profile(request.path_params["id"])
        if profile["platform"] != "instagram":
            raise RefusedError(422, "Participant status is only supported on Instagram")
        number = database.value(
            "select no from chats where profile = ? and participant_external_id = ?",
            profile["no"],
            request.path_params["user_id"],
        )
        if number is None:
            raise not_found()
        facts = world.chat_record(world.chat_numbered(number))["metadata"]
        known = facts if isinstance(facts, dict) else {}
        names = ("is_verified_user", "is_user_follow_business", "is_business_follow_user")
        return answer({**{name: known.get(name) for name in names}, "fetched_at": iso(world.now())})


def _only_with_additions(world: World) -> None:
    if not world.options.live_additions:
        raise not_found()


async def storage(world: World, request: Request) -> Response:
    """GET /storage/:name, the stable URL of a file; needs no key."""
    with world.read():
        found = media.stored_file(world.database, request.path_params["name"])
    if found is None:
        raise not_found()
    content_type, content = found
    return Response(content, media_type=content_type, headers={"cache-control": "public, max-age=31536000"})


ROUTES: Routes = (
    ("GET", "/api/profiles", list_profiles),
    ("GET", "/api/profiles/{id}/placements", list_placements),
    ("GET", "/api/profiles/{id}/participants/{user_id:path}", participant),
    ("GET", "/api/profiles/{id}", get_profile),
    ("GET", "/api/profile_groups", list_groups),
    ("GET", "/api/profile_groups/{id}", get_group),
    ("GET", "/api/posts", list_posts),
    ("GET", "/api/posts/{id}", get_post),
    ("GET", "/api/webhooks", list_webhooks),
    ("POST", "/api/webhooks", create_webhook),
    ("GET", "/api/webhooks/{id}/deliveries", list_deliveries),
    ("GET", "/api/webhooks/{id}", get_webhook),
    ("PATCH", "/api/webhooks/{id}", update_webhook),
    ("DELETE", "/api/webhooks/{id}", delete_webhook),
    ("POST", "/api/chats/{id:path}/mark_read", mark_read),
    ("POST", "/api/chats/{id:path}/start_typing", typing),
    ("POST", "/api/chats/{id:path}/stop_typing", typing),
    ("GET", "/storage/{name}", storage),
)
