"""The official Python SDK (postproxy-sdk 1.14) driven through the sandbox, unchanged."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import postproxy
import pytest
import pytest_asyncio
from postproxy.webhooks import parse_event_typed, verify_signature

from inbox_tui.sandbox.server import RunningSandbox

from .test_messages import PIXEL
from .test_webhooks import Receiver, receiver, settled

Record = dict[str, Any]
__all__ = ["receiver"]


@pytest_asyncio.fixture
async def sdk(sandbox: RunningSandbox) -> AsyncIterator[postproxy.PostProxy]:
    """The SDK's client."""
    async with postproxy.PostProxy(sandbox.api_key, base_url=sandbox.url) as client:
        yield client


async def test_profiles_are_read_by_their_group_and_one_by_one(sdk: postproxy.PostProxy) -> None:
    groups = (await sdk.profile_groups.list()).data
    group = await sdk.profile_groups.get(groups[0].id)
    assert group.profiles_count == 5
    profiles = (await sdk.profiles.list(profile_group_id=group.id)).data
    assert [p.platform for p in profiles] == ["instagram", "facebook", "telegram", "bluesky", "threads"]
    for profile in profiles:
        assert (await sdk.profiles.get(profile.id)).id == profile.id
    facebook = await sdk.profiles.placements(profiles[1].id)
    assert facebook.data[0].id == profiles[1].platform_id


async def test_chats_and_messages_of_every_network_are_read(
    sdk: postproxy.PostProxy, profiles: dict[str, str]
) -> None:
    for platform in ("facebook", "instagram", "telegram", "bluesky"):
        first = await sdk.chats.list(profiles[platform], per_page=8)
        second = await sdk.chats.list(profiles[platform], page=1, per_page=8)
        assert (first.page, second.page, len(first.data), first.total) == (0, 1, 8, second.total)
        for chat in first.data[:3] + second.data[:3]:
            assert (await sdk.chats.get(chat.id)).id == chat.id
            messages = await sdk.messages.list(chat.id, per_page=100)
            assert messages.total == len(messages.data) or messages.total > 100


async def test_chats_and_messages_come_as_their_filters_say(
    sdk: postproxy.PostProxy, profiles: dict[str, str]
) -> None:
    chats = (await sdk.chats.list(profiles["instagram"], per_page=100)).data
    known = [chat.last_message_at for chat in chats if chat.last_message_at is not None]
    middle = known[len(known) // 2]
    older = (await sdk.chats.list(profiles["instagram"], before=middle, per_page=100)).data
    newer = (await sdk.chats.list(profiles["instagram"], after=middle.isoformat(), per_page=100)).data
    assert all(chat.last_message_at is not None and chat.last_message_at < middle for chat in older)
    assert all(chat.last_message_at is not None and chat.last_message_at > middle for chat in newer)
    assert len(older) + len(newer) == len([at for at in known if at != middle])
    pages = [
        (await sdk.messages.list(chat.id, direction="inbound", status="received")).data for chat in chats[:5]
    ]
    kinds = {(message.direction, message.status) for page in pages for message in page}
    assert kinds == {("inbound", "received")}


async def test_create_chat_and_send_text(
    sdk: postproxy.PostProxy,
    new_chat: Callable[..., Record],
    advance: Callable[..., None],
    profiles: dict[str, str],
) -> None:
    made = await sdk.chats.create(profiles["facebook"], "sdk-1", participant_name="Ida")
    again = await sdk.chats.create(profiles["facebook"], "sdk-1", participant_username="ida")
    assert (again.id, again.participant_name, again.participant_username) == (made.id, "Ida", "ida")
    chat = new_chat("instagram")
    pending = await sdk.messages.send(chat["id"], body="Hello from the SDK", idempotency_key="sdk-key-1")
    repeat = await sdk.messages.send(chat["id"], body="Hello from the SDK", idempotency_key="sdk-key-1")
    assert (pending.status, repeat.id) == ("pending", pending.id)
    advance(3)
    assert (await sdk.messages.get(pending.id)).status == "published"


async def test_send_media_by_url_and_by_file(
    sdk: postproxy.PostProxy, new_chat: Callable[..., Record], advance: Callable[..., None], tmp_path: Path
) -> None:
    chat = new_chat("telegram")
    photo = tmp_path / "photo.png"
    photo.write_bytes(PIXEL)
    by_url = await sdk.messages.send(chat["id"], media=["https://cdn.example.com/photo.png"])

    async def send_file() -> postproxy.Message:
        message = await sdk.messages.send(chat["id"], media_files=[photo])
        gc.collect()
        return message

    with pytest.warns(ResourceWarning, match="unclosed file"):  # the SDK leaves the file open
        by_file = await send_file()
    assert by_url.attachments[0].url == "https://cdn.example.com/photo.png"
    advance(3)
    for identity in (by_url.id, by_file.id):
        message = await sdk.messages.get(identity)
        assert (message.status, message.attachments[0].status) == ("published", "processed")


async def test_telegram_keyboard_reply_and_edit(
    sdk: postproxy.PostProxy,
    new_chat: Callable[..., Record],
    inbound: Callable[..., Record],
    advance: Callable[..., None],
) -> None:
    chat = new_chat("telegram")
    markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    target = inbound(chat)["external_id"]
    sent = await sdk.messages.send(chat["id"], body="Sure?", reply_markup=markup, reply_to_external_id=target)
    advance(3)
    message = await sdk.messages.get(sent.id)
    assert (message.reply_markup, message.reply_to_external_id) == (markup, target)
    edited = await sdk.messages.edit(sent.id, body="Really sure?")
    assert (edited.body, edited.reply_markup) == ("Really sure?", markup)
    assert (await sdk.messages.edit(sent.id, reply_markup={})).reply_markup is None
    with pytest.raises(postproxy.ValidationError, match="message is not modified"):
        await sdk.messages.edit(sent.id, body="Really sure?")


async def test_a_reaction_is_set_replaced_and_taken_off(
    sdk: postproxy.PostProxy, new_chat: Callable[..., Record], inbound: Callable[..., Record]
) -> None:
    message = inbound(new_chat("facebook"))
    assert (await sdk.messages.react(message["id"])).reactions[0].reaction == "love"
    smiled = await sdk.messages.react(message["id"], reaction="smile")
    assert [entry.emoji for entry in smiled.reactions] == ["😆"]
    assert (await sdk.messages.unreact(message["id"])).reactions == []


async def test_a_chat_goes_to_the_archive_and_comes_back(
    sdk: postproxy.PostProxy, new_chat: Callable[..., Record]
) -> None:
    chat = new_chat("bluesky")
    assert (await sdk.chats.archive(chat["id"])).archived is True
    assert (await sdk.chats.unarchive(chat["id"])).archived is False


async def test_reading_and_typing_are_told_to_the_participant_whose_status_is_read(
    sdk: postproxy.PostProxy, new_chat: Callable[..., Record]
) -> None:
    chat = new_chat("instagram")
    assert (await sdk.chats.mark_read(chat["id"])).id == chat["id"]
    assert (await sdk.chats.start_typing(chat["id"])).accepted
    assert (await sdk.chats.stop_typing(chat["id"])).accepted
    status = await sdk.profiles.participant_status(chat["profile_id"], chat["participant_external_id"])
    assert status.fetched_at is not None


async def test_posts_are_read_and_their_comments_answered(
    sdk: postproxy.PostProxy,
    steer: Callable[..., Record],
    profiles: dict[str, str],
    advance: Callable[..., None],
) -> None:
    profile = profiles["facebook"]
    posts = (await sdk.posts.list(per_page=5, platforms=["facebook"])).data
    post = (await sdk.posts.get(posts[0].id)).id
    body = {"post": post, "profile": profile, "body": "How much?"}
    theirs = steer("/comments", **body)["id"]
    since = datetime(2020, 1, 1, tzinfo=UTC).date().isoformat()
    assert (await sdk.comments.list(post, profile, from_=since)).data[0].id == theirs
    assert (await sdk.comments.list(post, profile, to=since)).data == []
    assert (await sdk.comments.get(post, theirs, profile)).body == "How much?"
    assert (await sdk.comments.list_all(post_ids=[post], profiles=["facebook"])).data[0].id == theirs
    ours = await sdk.comments.create(post, profile, "£40", parent_id=theirs)
    assert ours.status == "pending"
    advance(3)
    assert (await sdk.comments.get(post, ours.id, profile)).status == "published"
    for act in (sdk.comments.hide, sdk.comments.unhide, sdk.comments.like, sdk.comments.unlike):
        assert (await act(post, theirs, profile)).accepted
    assert (await sdk.comments.edit(post, ours.id, profile, "£41")).accepted
    for act in (sdk.comments.pin, sdk.comments.unpin):
        with pytest.raises(postproxy.PostProxyError) as refused:
            await act(post, theirs, profile)
        assert refused.value.status_code == 405
    reply = await sdk.comments.private_reply(post, theirs, profile, "Details by DM")
    assert (reply.status, reply.external_comment_id is not None) == ("pending", True)
    advance(3)
    assert (await sdk.messages.get(reply.id)).status == "published"
    assert (await sdk.comments.delete(post, ours.id, profile)).accepted
    with pytest.raises(postproxy.NotFoundError):
        await sdk.comments.get(post, ours.id, profile)


async def test_webhooks_are_registered_signed_parsed_and_logged(
    sdk: postproxy.PostProxy,
    api: httpx.Client,
    steer: Callable[..., Record],
    receiver: Receiver,
    new_chat: Callable[..., Record],
    inbound: Callable[..., Record],
    sent: Callable[..., Record],
) -> None:
    webhook = await sdk.webhooks.create(receiver.url, ["*"], description="sdk")
    assert webhook.secret is not None
    assert webhook.id in {item.id for item in (await sdk.webhooks.list()).data}
    chat = new_chat("facebook")
    sent(chat)
    message = inbound(chat)
    steer("/edits", message=message["id"], body="edited")
    await sdk.messages.react(message["id"])
    receiver.wait(5)
    for headers, body in receiver.got:
        assert verify_signature(body.decode(), headers["X-Postproxy-Signature"], webhook.secret)
        assert not verify_signature(body.decode(), headers["X-Postproxy-Signature"], "whsec_other")
        envelope, data = parse_event_typed(body)
        assert data.message.id == json.loads(body)["data"]["message"]["id"]
        assert envelope.type == headers["X-Postproxy-Event"]
    settled(api, {"id": webhook.id}, 5)
    log = await sdk.webhooks.deliveries(webhook.id, per_page=10)
    assert log.total == 5
    assert all(attempt.success and attempt.attempt_number == 1 for attempt in log.data)
    assert (await sdk.webhooks.update(webhook.id, enabled=False)).enabled is False
    assert (await sdk.webhooks.get(webhook.id)).secret == webhook.secret
    assert (await sdk.webhooks.delete(webhook.id)).deleted


async def test_errors_become_the_sdks_own(
    sdk: postproxy.PostProxy,
    sandbox: RunningSandbox,
    steer: Callable[..., Record],
    new_chat: Callable[..., Record],
) -> None:
    async with postproxy.PostProxy("wrong", base_url=sandbox.url) as stranger:
        with pytest.raises(postproxy.AuthenticationError, match="Invalid API key"):
            await stranger.profiles.list()
    with pytest.raises(postproxy.NotFoundError, match="Not found"):
        await sdk.chats.get("nothing")
    with pytest.raises(postproxy.BadRequestError, match="body or media is required"):
        await sdk.messages.send(new_chat("facebook")["id"])
    steer("/faults", kind="rate_limit", times=1, retry_after="3")
    with pytest.raises(postproxy.RateLimitError) as limited:
        await sdk.profiles.list()
    assert limited.value.retry_after == 3
