"""The control surface under `/_sandbox`: make things happen, move the clock, switch faults, read the log."""

from __future__ import annotations

import json
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from . import ids, messaging, parameters, records
from .clock import iso
from .faults import KINDS, make_fault
from .living import Life
from .responses import Routes, answer
from .world import RefusedError, World, bad_request, missing, not_found

Given = dict[str, object]


async def _given(world: World, request: Request) -> Given:
    """Check the token, then read the parameters.

    Raises:
        RefusedError: 404 where the surface is off, 401 for a wrong token.
    """
    token = world.options.control_token
    if token is None:
        raise not_found()
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(sent.strip().encode(), token.encode()):
        raise RefusedError(401, "Invalid control token")
    return await parameters.read_parameters(request)


def _needed(given: Given, name: str) -> str:
    value = parameters.text(given, name)
    if not value:
        raise missing(name)
    return value


def _life(world: World) -> Life:
    if world.life is None:
        raise RuntimeError("the world has no life")
    return world.life


async def state(world: World, request: Request) -> Response:
    """GET /_sandbox: clock, sizes, faults."""
    await _given(world, request)
    with world.read() as database:
        return answer(
            {
                "now": iso(world.now()),
                "speed": world.options.speed,
                "frozen": world.clock.frozen,
                "chats": database.value("select count(*) from chats"),
                "messages_written": database.value("select count(*) from messages"),
                "events_waiting": database.value("select count(*) from events"),
                "requests_seen": len(world.requests),
                "key_expired": world.key_expired,
                "faults": world.faults.all(),
                "fault_kinds": KINDS,
            }
        )


async def inject_message(world: World, request: Request) -> Response:
    """POST /_sandbox/messages: somebody writes, in a `chat` or as a new person to a `profile`.

    It is there at once; with `poller` a Bluesky message waits for the poller, as a real one does.
    """
    given = await _given(world, request)
    media = parameters.media(given)
    if len(media) > ids.ATTACHMENTS_PER_MESSAGE:
        raise RefusedError(422, f"at most {ids.ATTACHMENTS_PER_MESSAGE} attachments a message")
    columns = _columns(given)
    with world.write():
        chat = _chat_for(world, given)
        body = parameters.text(given, "body")
        if given.get("poller") and world.chat_numbered(chat)["platform"] == "bluesky":
            _life(world).say(chat, _needed(given, "body"))
            return answer({"accepted": True}, 202)
        number = _life(world).receive(chat, body, columns)
        for index, item in enumerate(media):
            world.database.insert(
                "attachments",
                no=ids.attachment_number(number, index),
                message=number,
                type=parameters.text(given, "type") or item.type,
                status="pending" if item.content is None else "processed",
                source_url=item.source_url,
                content=item.content,
                content_type=item.content_type,
                filename=item.filename,
            )
        if media:
            world.schedule("store", 1500, number)  # mirrored from the platform's CDN a moment later
        return answer(world.message_record(number), 201)


def _chat_for(world: World, given: Given) -> int:
    if given.get("chat") is not None:
        return int(world.chat(_needed(given, "chat"))["no"])
    profile = world.dm_profile(_needed(given, "profile"))
    row, _ = messaging.open_chat(
        world,
        profile,
        _needed(given, "participant_external_id"),
        parameters.text(given, "participant_username"),
        parameters.text(given, "participant_name"),
    )
    return int(row["no"])


def _columns(given: Given) -> Given:
    columns: Given = {}
    for name, column in (("reply_to_external_id", "reply_to"), ("external_id", "external_id")):
        if given.get(name) is not None:
            columns[column] = parameters.text(given, name)
    for name in ("platform_data", "overrides"):
        if given.get(name) is not None:
            columns[name] = json.dumps(parameters.json_object(given, name))
    if given.get("is_unsupported"):
        columns["unsupported"] = 1
    if given.get("posted_at") is not None:
        columns["posted_at"] = parameters.parse_moment(_needed(given, "posted_at"), "posted_at")
    return columns


async def inject_tap(world: World, request: Request) -> Response:
    """POST /_sandbox/taps: the person presses the button with `data` under a `message`."""
    given = await _given(world, request)
    with world.write():
        source = world.message(_needed(given, "message"))
        if world.chat_numbered(source["chat"])["platform"] != "telegram":
            raise RefusedError(422, "only Telegram messages have buttons to press")
        number = _life(world).tap(source["chat"], _needed(given, "data"), source["external_id"])
        return answer(world.message_record(number), 201)


async def inject_receipt(world: World, request: Request) -> Response:
    """POST /_sandbox/receipts: an outbound `message` is `delivered` or `read`."""
    given = await _given(world, request)
    with world.write():
        row = world.message(_needed(given, "message"))
        kind = _needed(given, "kind")
        if kind not in ("delivered", "read"):
            raise RefusedError(422, "kind must be delivered or read")
        _life(world).receipt(row["no"], kind)
        return answer(world.message_record(row["no"]))


async def inject_reaction(world: World, request: Request) -> Response:
    """POST /_sandbox/reactions: the person sets (`react`) or takes back (`unreact`) a reaction."""
    given = await _given(world, request)
    with world.write():
        row = world.message(_needed(given, "message"))
        chat = world.chat_numbered(row["chat"])
        sender = parameters.text(given, "sender") or chat["participant_external_id"]
        if parameters.text(given, "action") == "unreact":
            return answer(messaging.clear_reaction(world, row, sender))
        entry: records.JsonObject = {
            "sender_external_id": sender,
            "emoji": parameters.text(given, "emoji") or "❤️",
            "reaction": parameters.text(given, "reaction") or "love",
            "at": iso(world.now()),
        }
        return answer(messaging.set_reaction(world, row, entry))


async def inject_edit(world: World, request: Request) -> Response:
    """POST /_sandbox/edits: the person changes the text of an inbound `message` to `body`."""
    given = await _given(world, request)
    with world.write():
        row = world.message(_needed(given, "message"))
        return answer(_life(world).edit(row["no"], _needed(given, "body")))


async def inject_deletion(world: World, request: Request) -> Response:
    """POST /_sandbox/deletions: the person takes a `message` back."""
    given = await _given(world, request)
    with world.write():
        return answer(_life(world).delete(world.message(_needed(given, "message"))["no"]))


async def inject_comment(world: World, request: Request) -> Response:
    """POST /_sandbox/comments: somebody comments `body` on a `post` of a `profile`, `age` seconds ago."""
    given = await _given(world, request)
    with world.write() as database:
        profile = world.profile(_needed(given, "profile"))
        post = ids.number_of("post", _needed(given, "post"))
        linked = "select 1 from post_platforms where post = ? and profile = ?"
        if post is None or database.one(linked, post, profile["no"]) is None:
            raise not_found()
        at = world.now() - round(_seconds(given, "age", 0) * 1000)
        return answer(_life(world).comment_by_somebody(post, profile["no"], _needed(given, "body"), at), 201)


async def move_clock(world: World, request: Request) -> Response:
    """POST /_sandbox/clock: `advance` the clock by so many seconds; all that is due happens."""
    given = await _given(world, request)
    seconds = _seconds(given, "advance", None)
    world.advance(seconds)
    return answer({"now": iso(world.now())})


def _seconds(given: Given, name: str, default: float | None) -> float:
    value = given.get(name, default)
    try:
        seconds = float(str(value))
    except ValueError as error:
        raise bad_request(f"{name} must be a number of seconds") from error
    if not 0 <= seconds <= 10**9:
        raise bad_request(f"{name} must be between 0 and 1000000000 seconds")
    return seconds


async def poll(world: World, request: Request) -> Response:
    """POST /_sandbox/poll: the Bluesky poller runs now."""
    await _given(world, request)
    with world.write() as database:
        count = database.run("update events set due_at = ? where kind = 'arrive'", world.now())
    world.run_due()
    return answer({"messages": count})


async def list_faults(world: World, request: Request) -> Response:
    """GET /_sandbox/faults."""
    await _given(world, request)
    return answer({"data": world.faults.all()})


async def add_fault(world: World, request: Request) -> Response:
    """POST /_sandbox/faults: switch a fault on."""
    given = await _given(world, request)
    try:
        fault = world.faults.add(make_fault(given))
    except ValueError as error:
        raise RefusedError(422, str(error)) from error
    return answer(next(shown for shown in world.faults.all() if shown["id"] == fault.id), 201)


async def remove_faults(world: World, request: Request) -> Response:
    """DELETE /_sandbox/faults and /_sandbox/faults/:id."""
    await _given(world, request)
    identity = request.path_params.get("id")
    removed = world.faults.remove(None if identity is None else int(identity))
    if identity is not None and not removed:
        raise not_found()
    return answer({"removed": removed})


async def list_requests(world: World, request: Request) -> Response:
    """GET /_sandbox/requests: what was asked, oldest first, without keys."""
    await _given(world, request)
    return answer({"data": list(world.requests)})


async def forget_requests(world: World, request: Request) -> Response:
    """DELETE /_sandbox/requests."""
    await _given(world, request)
    count = len(world.requests)
    world.requests.clear()
    return answer({"removed": count})


async def set_key(world: World, request: Request) -> Response:
    """POST /_sandbox/key: let the API key be `expired` (true) or good again (false)."""
    given = await _given(world, request)
    world.key_expired = given.get("expired") in (True, "true", "1")
    return answer({"expired": world.key_expired})


async def change_profile(world: World, request: Request) -> Response:
    """PATCH /_sandbox/profiles/:id: its `status` (active, expired, inactive) and `overrides`."""
    given = await _given(world, request)
    with world.write():
        row = world.profile(request.path_params["id"])
        status = parameters.text(given, "status") or row["status"]
        if status not in ("active", "expired", "inactive"):
            raise RefusedError(422, "status must be active, expired or inactive")
        overrides = parameters.json_object(given, "overrides")
        _life(world).connect(row["no"], status)
        if overrides is not None:
            world.database.update("profiles", row["no"], overrides=json.dumps(overrides))
        return answer(records.profile(world.profile(request.path_params["id"]), world.base_url))


async def change_chat(world: World, request: Request) -> Response:
    """PATCH /_sandbox/chats/:id: `trait` (blocked, unavailable, closed-dms or empty) and `overrides`."""
    given = await _given(world, request)
    with world.write():
        row = world.chat(request.path_params["id"])
        changes = _bending(given)
        if given.get("trait") is not None:
            changes["trait"] = parameters.text(given, "trait")
        if changes:
            world.database.update("chats", row["no"], **changes)
        return answer(world.chat_record(world.chat_numbered(row["no"])))


async def change_message(world: World, request: Request) -> Response:
    """PATCH /_sandbox/messages/:id: `overrides` (`{"set": {…}, "drop": […]}`) bend the record."""
    given = await _given(world, request)
    with world.write():
        row = world.message(request.path_params["id"])
        changes = _bending(given)
        if changes:
            world.database.update("messages", row["no"], **changes)
        return answer(world.message_record(row["no"]))


def _bending(given: Given) -> Given:
    overrides = parameters.json_object(given, "overrides")
    return {} if overrides is None else {"overrides": json.dumps(overrides)}


ROUTES: Routes = (
    ("GET", "/_sandbox", state),
    ("GET", "/_sandbox/", state),
    ("POST", "/_sandbox/messages", inject_message),
    ("POST", "/_sandbox/taps", inject_tap),
    ("POST", "/_sandbox/receipts", inject_receipt),
    ("POST", "/_sandbox/reactions", inject_reaction),
    ("POST", "/_sandbox/edits", inject_edit),
    ("POST", "/_sandbox/deletions", inject_deletion),
    ("POST", "/_sandbox/comments", inject_comment),
    ("POST", "/_sandbox/clock", move_clock),
    ("POST", "/_sandbox/poll", poll),
    ("GET", "/_sandbox/faults", list_faults),
    ("POST", "/_sandbox/faults", add_fault),
    ("DELETE", "/_sandbox/faults", remove_faults),
    ("DELETE", "/_sandbox/faults/{id:int}", remove_faults),
    ("GET", "/_sandbox/requests", list_requests),
    ("DELETE", "/_sandbox/requests", forget_requests),
    ("POST", "/_sandbox/key", set_key),
    ("PATCH", "/_sandbox/profiles/{id}", change_profile),
    ("PATCH", "/_sandbox/chats/{id:path}", change_chat),
    ("PATCH", "/_sandbox/messages/{id:path}", change_message),
)
