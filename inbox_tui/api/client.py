"""Every endpoint of the API that the inbox uses, one method each. Records in and out are `core.models`.

Contract: the Direct Messages API reference; profiles, posts, comments and webhooks as in its neighbours.
Reads are retried (see `transport`), writes are sent exactly once: the outbox decides about repeats.

Every method may raise NotAuthorised, NetworkError or an ApiError, and Refused where an argument is wrong and
nothing was sent. `profile_group_id` names the group of the profile: a full-access key may not find a chat of
another group without it. Every write takes an `idempotency_key` of 1 to 255 visible ASCII characters.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from inbox_tui.api import pages, requests
from inbox_tui.api.requests import Progress, path
from inbox_tui.api.transport import REPLAY_HEADERS, Answer, Transport, Upload
from inbox_tui.core.errors import Refused
from inbox_tui.core.files import file_name
from inbox_tui.core.models import (
    Chat,
    Comment,
    Json,
    JsonObject,
    Message,
    Milliseconds,
    Page,
    Post,
    Profile,
    ProfileGroup,
    Rejected,
    Webhook,
)


class Client:
    """The gateway's API for one key. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        transport: httpx.BaseTransport | None = None,
        retries: bool = True,
        stop: threading.Event | None = None,
        allow_plain_http: bool = False,
        replay_headers: Iterable[str] = REPLAY_HEADERS,
    ) -> None:
        """`base_url`: scheme and host without `/api`. The other arguments are those of `Transport`.

        Raises UsageError for an address or a key that cannot be used.
        """
        key = [api_key]
        del api_key  # a traceback that shows local variables must not show it
        self.transport = Transport(
            base_url,
            key.pop(),
            transport=transport,
            retries=retries,
            stop=stop,
            allow_plain_http=allow_plain_http,
            replay_headers=replay_headers,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    # Profiles

    def list_profiles(self, *, profile_group_id: str | None = None) -> Page[Profile]:
        """The connected profiles of a group, or of the key's own group. `GET /api/profiles`"""
        return pages.PROFILES.read_page(self._get(path("profiles"), profile_group_id))

    def get_profile(self, profile_id: str) -> Profile:
        """One profile. `GET /api/profiles/:id`"""
        return pages.PROFILES.read_record(self.transport.get(path("profiles", profile_id)))

    def list_profile_groups(self) -> Page[ProfileGroup]:
        """The groups that the key reaches. `GET /api/profile_groups`"""
        return pages.PROFILE_GROUPS.read_page(self.transport.get(path("profile_groups")))

    # Chats

    def list_chats(
        self,
        profile_id: str,
        *,
        page: int = 0,
        per_page: int = 100,
        before: Milliseconds | None = None,
        after: Milliseconds | None = None,
        profile_group_id: str | None = None,
    ) -> Page[Chat]:
        """Chats of a profile, newest `last_message_at` first; `before` and `after` are compared with it.

        `GET /api/profiles/:profile_id/chats`
        """
        query = requests.page_params(
            page,
            per_page,
            before=requests.timestamp(before),
            after=requests.timestamp(after),
            profile_group_id=profile_group_id,
        )
        return pages.CHATS.read_page(self.transport.get(path("profiles", profile_id, "chats"), query))

    def create_chat(
        self,
        profile_id: str,
        participant_external_id: str,
        *,
        participant_username: str | None = None,
        participant_name: str | None = None,
        profile_group_id: str | None = None,
        idempotency_key: str,
    ) -> tuple[Chat, bool]:
        """The chat with a participant, and whether it was created now.

        `POST /api/profiles/:profile_id/chats`
        """
        values: dict[str, Json] = {
            "participant_external_id": requests.text(participant_external_id, "The participant's id")
        }
        if participant_username is not None:
            values["participant_username"] = requests.unicode(participant_username, "The user name")
        if participant_name is not None:
            values["participant_name"] = requests.unicode(participant_name, "The name")
        where = path("profiles", profile_id, "chats")
        answer = self._write("POST", where, idempotency_key, profile_group_id, values)
        return pages.CHATS.read_record(answer), answer.status == 201

    def get_chat(self, chat_id: str, *, profile_group_id: str | None = None) -> Chat:
        """One chat, by its id or its `external_conversation_id`. `GET /api/chats/:id`"""
        return pages.CHATS.read_record(self._get(path("chats", chat_id), profile_group_id))

    def archive_chat(
        self, chat_id: str, *, profile_group_id: str | None = None, idempotency_key: str
    ) -> Chat:
        """Mute a chat; Bluesky only. `POST /api/chats/:id/archive`"""
        answer = self._write("POST", path("chats", chat_id, "archive"), idempotency_key, profile_group_id)
        return pages.CHATS.read_record(answer)

    def unarchive_chat(
        self, chat_id: str, *, profile_group_id: str | None = None, idempotency_key: str
    ) -> Chat:
        """Unmute a chat; Bluesky only. `DELETE /api/chats/:id/archive`"""
        answer = self._write("DELETE", path("chats", chat_id, "archive"), idempotency_key, profile_group_id)
        return pages.CHATS.read_record(answer)

    # Messages

    def list_messages(
        self,
        chat_id: str,
        *,
        page: int = 0,
        per_page: int = 100,
        direction: str | None = None,
        status: str | None = None,
        profile_group_id: str | None = None,
    ) -> Page[Message]:
        """Messages of a chat, newest posted (or created) first. `GET /api/chats/:chat_id/messages`"""
        query = requests.page_params(
            page, per_page, direction=direction, status=status, profile_group_id=profile_group_id
        )
        return pages.MESSAGES.read_page(self.transport.get(path("chats", chat_id, "messages"), query))

    def get_message(self, message_id: str, *, profile_group_id: str | None = None) -> Message:
        """One message, by its id or the platform's. `GET /api/messages/:id`"""
        return pages.MESSAGES.read_record(self._get(path("messages", message_id), profile_group_id))

    def get_live_chat(
        self, chat_id: str, *, profile_group_id: str | None = None
    ) -> tuple[object, Chat | Rejected]:
        """One chat as the API tells it, uncleaned, and as a record. `GET /api/chats/:id`"""
        tree = pages.decode(self._get(path("chats", chat_id), profile_group_id))
        return tree, pages.CHATS.read(tree)

    def get_live_message(
        self, message_id: str, *, profile_group_id: str | None = None
    ) -> tuple[object, Message | Rejected]:
        """One message as the API tells it, uncleaned, and as a record. `GET /api/messages/:id`"""
        tree = pages.decode(self._get(path("messages", message_id), profile_group_id))
        return tree, pages.MESSAGES.read(tree)

    def send_message(
        self,
        chat_id: str,
        *,
        text: str | None = None,
        media_url: str | None = None,
        media_file: Path | None = None,
        reply_to_external_id: str | None = None,
        reply_markup: Mapping[str, Json] | None = None,
        profile_group_id: str | None = None,
        idempotency_key: str,
        media_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> Message:
        """Queue an outbound message: exactly one of a text, the address of a file, or a file.

        `reply_to_external_id` (the platform's id) and `reply_markup` are for Telegram. The answer is a
        message in status `pending` without the keys named in its `missing`. `media_type` is that of the file
        (default: what its name stands for); `on_progress` is called while it is sent, from this thread.
        `POST /api/chats/:chat_id/messages`
        """
        if [text, media_url, media_file].count(None) != 2:
            hint = "The API takes one of them in a message."
            raise Refused("A message needs either a text or a single file", hint)
        values: dict[str, Json] = {}
        if reply_to_external_id is not None:
            values["reply_to_external_id"] = requests.text(reply_to_external_id, "The id of the message")
        if reply_markup is not None:
            values["reply_markup"] = requests.reply_markup(reply_markup)
        where = path("chats", chat_id, "messages")
        if media_file is not None:
            name = file_name(media_file.name)
            with requests.UploadFile(media_file, on_progress) as file:
                part: Upload = (name, file, media_type or requests.media_type(name))
                answer = self._upload(where, idempotency_key, values, part, profile_group_id)
        elif media_url is not None:
            values = {"media": [requests.media_url(media_url)], **values}
            answer = self._write("POST", where, idempotency_key, profile_group_id, values)
        else:
            values = {"body": requests.text(text or ""), **values}
            answer = self._write("POST", where, idempotency_key, profile_group_id, values)
        return pages.MESSAGES.read_record(answer)

    def edit_message(
        self,
        message_id: str,
        *,
        text: str | None = None,
        reply_markup: Mapping[str, Json] | None = None,
        profile_group_id: str | None = None,
        idempotency_key: str,
    ) -> Message:
        """Change the text (of a file, the caption) or the keyboard of an own message; Telegram only.

        An empty `reply_markup` removes the keyboard. `PATCH /api/messages/:id`
        """
        values: dict[str, Json] = {}
        if text is not None:
            values["body"] = requests.text(text)
        if reply_markup is not None:
            values["reply_markup"] = requests.reply_markup(reply_markup)
        if not values:
            raise Refused("An edit needs a text or a keyboard", "Nothing was sent.")
        answer = self._write("PATCH", path("messages", message_id), idempotency_key, profile_group_id, values)
        return pages.MESSAGES.read_record(answer)

    def react(
        self,
        message_id: str,
        *,
        reaction: str | None = None,
        emoji: str | None = None,
        profile_group_id: str | None = None,
        idempotency_key: str,
    ) -> Message:
        """Set the business's reaction, replacing an earlier one; Facebook and Instagram.

        `reaction` is a name (the API's default is `love`); on Messenger an `emoji` goes before it.
        `POST /api/messages/:id/react`
        """
        values: dict[str, Json] = {}
        if reaction is not None:
            values["reaction"] = requests.text(reaction, "The reaction")
        if emoji is not None:
            values["emoji"] = requests.text(emoji, "The emoji")
        where = path("messages", message_id, "react")
        answer = self._write("POST", where, idempotency_key, profile_group_id, values)
        return pages.MESSAGES.read_record(answer)

    def unreact(
        self, message_id: str, *, profile_group_id: str | None = None, idempotency_key: str
    ) -> Message:
        """Remove the business's reaction. `DELETE /api/messages/:id/unreact`"""
        where = path("messages", message_id, "unreact")
        answer = self._write("DELETE", where, idempotency_key, profile_group_id)
        return pages.MESSAGES.read_record(answer)

    # Posts and comments

    def list_posts(
        self,
        *,
        page: int = 0,
        per_page: int = 20,
        status: str | None = None,
        platform: str | None = None,
        profile_group_id: str | None = None,
    ) -> Page[Post]:
        """Posts of the business, of one `status` (draft, scheduled, published, failed) and one platform.

        `GET /api/posts`
        """
        query = requests.page_params(page, per_page, status=status, profile_group_id=profile_group_id)
        query |= requests.params(**{"platforms[]": platform})
        return pages.POSTS.read_page(self.transport.get(path("posts"), query))

    def list_comments(
        self,
        post_id: str,
        *,
        profile_id: str,
        page: int = 0,
        per_page: int = 20,
        profile_group_id: str | None = None,
    ) -> Page[Comment]:
        """Comments of a post on one profile, each with its replies. `GET /api/posts/:post_id/comments`"""
        query = requests.page_params(
            page,
            per_page,
            profile_id=requests.text(profile_id, "The profile's id"),
            profile_group_id=profile_group_id,
        )
        return pages.COMMENTS.read_page(self.transport.get(path("posts", post_id, "comments"), query))

    def private_reply(
        self,
        post_id: str,
        comment_id: str,
        *,
        profile_id: str,
        text: str,
        profile_group_id: str | None = None,
        idempotency_key: str,
    ) -> Message:
        """Write to the author of a comment; Instagram and Facebook, once for each comment, within 7 days.

        The message names the chat, which may be new.
        `POST /api/posts/:post_id/comments/:id/private_reply`
        """
        where = path("posts", post_id, "comments", comment_id, "private_reply")
        values = {"text": requests.text(text)}
        profile_id = requests.text(profile_id, "The profile's id")
        answer = self._write("POST", where, idempotency_key, profile_group_id, values, profile_id)
        return pages.MESSAGES.read_record(answer)

    # Webhooks

    def list_webhooks(self) -> Page[Webhook]:
        """The subscriptions, without their secrets. `GET /api/webhooks`"""
        return pages.WEBHOOKS.read_page(self.transport.get(path("webhooks")))

    def get_webhook(self, webhook_id: str) -> Webhook:
        """One subscription with its secret. `GET /api/webhooks/:id`"""
        return pages.WEBHOOKS.read_record(self.transport.get(path("webhooks", webhook_id)))

    def create_webhook(
        self, url: str, events: Sequence[str], *, description: str | None = None, idempotency_key: str
    ) -> Webhook:
        """Subscribe `url` to events (`["*"]` for all); the answer holds the secret. `POST /api/webhooks`"""
        values: dict[str, Json] = {"url": requests.media_url(url), "events": _events(events)}
        if description is not None:
            values["description"] = description
        answer = self._write("POST", path("webhooks"), idempotency_key, None, values)
        return pages.WEBHOOKS.read_record(answer)

    def update_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
        description: str | None = None,
        idempotency_key: str,
    ) -> Webhook:
        """Change what is given of a subscription. `PATCH /api/webhooks/:id`"""
        values: dict[str, Json] = {}
        if url is not None:
            values["url"] = requests.media_url(url)
        if events is not None:
            values["events"] = _events(events)
        if enabled is not None:
            values["enabled"] = enabled
        if description is not None:
            values["description"] = description
        if not values:
            raise Refused("There is nothing to change in the webhook", "Nothing was sent.")
        answer = self._write("PATCH", path("webhooks", webhook_id), idempotency_key, None, values)
        return pages.WEBHOOKS.read_record(answer)

    def delete_webhook(self, webhook_id: str, *, idempotency_key: str) -> None:
        """Remove a subscription. `DELETE /api/webhooks/:id`"""
        self._write("DELETE", path("webhooks", webhook_id), idempotency_key)

    def _get(self, where: str, group: str | None) -> Answer:
        return self.transport.get(where, requests.params(profile_group_id=group))

    def _write(
        self,
        method: str,
        where: str,
        key: str,
        group: str | None = None,
        values: JsonObject | None = None,
        profile_id: str | None = None,
    ) -> Answer:
        """A write with a JSON body, or without a body."""
        headers = requests.write_headers(key)
        content = None
        if values is not None:
            headers["Content-Type"] = "application/json"
            content = requests.body(values)
        params = requests.params(profile_id=profile_id, profile_group_id=group)
        return self.transport.write(method, where, params, headers=headers, content=content)

    def _upload(
        self,
        where: str,
        key: str,
        values: Mapping[str, Json],
        part: Upload,
        group: str | None,
    ) -> Answer:
        """A file as `media[]`; objects beside it travel as JSON text, as the official clients send them."""
        headers = {**requests.write_headers(key), "Content-Type": requests.multipart_type(key)}
        data = {
            name: value if isinstance(value, str) else requests.body(value).decode()
            for name, value in values.items()
        }
        params = requests.params(profile_group_id=group)
        files = {"media[]": part}
        return self.transport.write("POST", where, params, headers=headers, data=data, files=files)


def _events(events: Sequence[str]) -> list[Json]:
    if isinstance(events, str) or not events:
        raise Refused("A webhook needs a list of events", "Use * for all.")
    return [requests.text(event, "The event") for event in events]
