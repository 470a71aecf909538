"""Comments under posts: lists, writing, and the small acts of moderation (postproxy-api.md section 7)."""

from __future__ import annotations

import sqlite3

from starlette.requests import Request
from starlette.responses import Response

from . import ids, messaging, parameters, records
from .responses import Routes, answer, paged
from .world import RefusedError, World, missing, not_found

_ACTS = {
    "hide": ("facebook", "instagram"),
    "unhide": ("facebook", "instagram"),
    "like": ("facebook",),
    "unlike": ("facebook",),
    "edit": ("facebook",),
    "pin": (),
    "unpin": (),
}
"""Networks of the sandbox on which an act exists; elsewhere it is answered with 405."""


def _scope(world: World, request: Request) -> tuple[int, sqlite3.Row]:
    """Post and profile that a request speaks of.

    Raises:
        RefusedError: 400 without `profile_id`, 404, 405 where the network has no comments here.
    """
    profile = request.query_params.get("profile_id")
    if not profile:
        raise missing("profile_id")
    row = world.profile(profile)
    if row["platform"] not in ("facebook", "instagram"):
        raise RefusedError(405, f"Comments are not supported on {row['platform']}")
    number = ids.number_of("post", request.path_params["post_id"])
    if (
        world.database.one("select 1 from post_platforms where post = ? and profile = ?", number, row["no"])
        is None
    ):
        raise not_found()
    return number or 0, row


def _replies(world: World, external_id: str | None) -> list[sqlite3.Row]:
    return world.database.all(
        "select * from comments where parent_external_id = ? order by created_at, no", external_id
    )


async def list_comments(world: World, request: Request) -> Response:
    """GET /api/posts/:post_id/comments: top-level comments, newest first, replies inside."""
    paging = parameters.paging(request, world.options)
    start, end = parameters.moment(request, "from"), parameters.moment(request, "to")
    with world.read():
        post, profile = _scope(world, request)
        where = "post = ? and profile = ? and parent_external_id is null"
        values: list[object] = [post, profile["no"]]
        for condition, value in (("created_at >= ?", start), ("created_at <= ?", end)):
            if value is not None:
                where, values = f"{where} and {condition}", [*values, value]
        total, rows = world.page("comments", where, values, "created_at desc, no desc", paging)
        return paged(
            total, paging, [records.comment(row, _replies(world, row["external_id"])) for row in rows]
        )


async def list_all(world: World, request: Request) -> Response:
    """GET /api/comments: every comment flat, newest first; unknown ids are ignored."""
    paging = parameters.paging(request, world.options)
    posts = [
        ids.number_of("post", part) for part in request.query_params.get("post_ids", "").split(",") if part
    ]
    wanted = [part for part in request.query_params.get("profiles", "").split(",") if part]
    with world.read() as database:
        where, values = "1", []
        if request.query_params.get("post_ids"):
            where, values = f"post in ({','.join('?' * len(posts))})", [*posts]
        if wanted:
            profiles = [
                row["no"]
                for row in database.all("select * from profiles")
                if row["platform"] in wanted or ids.hashid("profile", row["no"]) in wanted
            ]
            where = f"{where} and profile in ({','.join('?' * len(profiles))})"
            values += profiles
        total, rows = world.page("comments", where, values, "created_at desc, no desc", paging)
        platforms = {row["no"]: row["platform"] for row in database.all("select * from profiles")}
        flat = [
            {
                "post_id": ids.hashid("post", row["post"]),
                "profile_id": ids.hashid("profile", row["profile"]),
                "platform": platforms[row["profile"]],
                **records.comment(row),
            }
            for row in rows
        ]
        return paged(total, paging, flat)


async def get_comment(world: World, request: Request) -> Response:
    """GET /api/posts/:post_id/comments/:id."""
    with world.read():
        _, profile = _scope(world, request)
        row = messaging.find_comment(
            world, request.path_params["post_id"], request.path_params["id"], profile["no"]
        )
        return answer(records.comment(row, _replies(world, row["external_id"])))


async def create_comment(world: World, request: Request) -> Response:
    """POST /api/posts/:post_id/comments: a pending comment, published a moment later."""
    given = await parameters.read_parameters(request)
    with world.write():
        post, profile = _scope(world, request)
        text, parent = parameters.text(given, "text"), parameters.text(given, "parent_id")
        if not text:
            raise missing("text")
        above = None
        if parent is not None:
            above = messaging.find_comment(world, request.path_params["post_id"], parent, profile["no"])[
                "external_id"
            ]
        number = world.database.insert(
            "comments",
            post=post,
            profile=profile["no"],
            parent_external_id=above,
            body=text,
            status="pending",
            author_external_id=profile["platform_id"],
            author_username=profile["username"],
            author_name=profile["name"],
            created_at=world.now(),
        )
        world.schedule("comment", 1200, number)
        row = world.database.one("select * from comments where no = ?", number)
        if row is None:
            raise not_found()
        return answer(records.comment(row, []))


async def delete_comment(world: World, request: Request) -> Response:
    """DELETE /api/posts/:post_id/comments/:id, its replies with it."""
    with world.write() as database:
        _, profile = _scope(world, request)
        row = messaging.find_comment(
            world, request.path_params["post_id"], request.path_params["id"], profile["no"]
        )
        database.run(
            "delete from comments where no = ? or parent_external_id = ?", row["no"], row["external_id"]
        )
        return answer({"accepted": True})


async def edit_comment(world: World, request: Request) -> Response:
    """PATCH /api/posts/:post_id/comments/:id (own comments on Facebook)."""
    given = await parameters.read_parameters(request)
    with world.write() as database:
        row = _acted_on(world, request, "edit")
        body = parameters.text(given, "body")
        if not body:
            raise missing("body")
        database.update("comments", row["no"], body=body)
        return answer({"accepted": True})


async def act(world: World, request: Request) -> Response:
    """POST /api/posts/:post_id/comments/:id/(hide|unhide|like|unlike|pin|unpin)."""
    name = request.url.path.rpartition("/")[2]
    with world.write() as database:
        row = _acted_on(world, request, name)
        if name in ("hide", "unhide"):
            database.update("comments", row["no"], is_hidden=int(name == "hide"))
        else:
            change = 1 if name == "like" else -1
            database.update("comments", row["no"], like_count=max(0, row["like_count"] + change))
        return answer({"accepted": True})


def _acted_on(world: World, request: Request, name: str) -> sqlite3.Row:
    _, profile = _scope(world, request)
    if profile["platform"] not in _ACTS[name]:
        raise RefusedError(405, f"Comments cannot be {_PAST[name]} on {profile['platform']}")
    return messaging.find_comment(
        world, request.path_params["post_id"], request.path_params["id"], profile["no"]
    )


_PAST = {
    "hide": "hidden", "unhide": "shown again", "like": "liked", "unlike": "unliked", "edit": "edited",
    "pin": "pinned", "unpin": "unpinned",
}  # fmt: skip
_COMMENT = "/api/posts/{post_id}/comments/{id:path}"

ROUTES: Routes = (
    ("GET", "/api/comments", list_all),
    ("GET", "/api/posts/{post_id}/comments", list_comments),
    ("POST", "/api/posts/{post_id}/comments", create_comment),
    *(("POST", f"{_COMMENT}/{name}", act) for name in ("hide", "unhide", "like", "unlike", "pin", "unpin")),
    ("GET", _COMMENT, get_comment),
    ("PATCH", _COMMENT, edit_comment),
    ("DELETE", _COMMENT, delete_comment),
)
