"""The engine's own webhook at the API: registered at the start, removed at the end, never left behind.

What it is stands in `webhook.json` (0600) of the account's folder, from before it is asked for until it
is removed. So the next start finds it again after a crash, even one between the request and its answer.
The secret stands nowhere else, and in no message of this module.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from inbox_tui.api.client import Client
from inbox_tui.core.errors import InboxError, NotFound, ServerFault
from inbox_tui.core.models import Webhook
from inbox_tui.store.db import Folder, make_private

EVENTS = (
    "message.received",
    "message.sent",
    "message.delivered",
    "message.read",
    "message.edited",
    "message.deleted",
    "message.failed_waiting_for_retry",
    "message.failed",
    "reaction.received",
    "profile.connected",
    "profile.disconnected",
)
"""What the webhook asks for (seed, "Webhook events"; the profile's are from the API's webhook guide)."""
FIRST_RETRY_SECONDS, RETRY_SECONDS = 2.0, 60.0
"""After a registration failed, doubled each time up to the second; that also lies at least between two looks
whether the webhook is still there."""
GOODBYE_SECONDS = 5.0
"""How long an engine that ends waits for its webhook to be removed; the next start removes it otherwise."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where deliveries are received: the address listened on, and the one that the API is told.

    `port` 0 takes a free one. `public_url` may be left out where the API runs on this machine.
    """

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What `webhook.json` holds. `token` is made before the webhook is, and stands in its description."""

    token: str
    id: str | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def description(self) -> str:
        """By which a webhook is known for ours when its id never reached us."""
        return f"inbox-tui {self.token}"


def file_of(folder: Folder) -> Path:
    """Where the webhook of an account is kept."""
    return folder.path / "webhook.json"


def read(folder: Folder) -> Kept | None:
    """The webhook that an earlier run registered or was about to, None where there is none."""
    path = file_of(folder)
    try:
        make_private(path, 0o600)
        values = json.loads(path.read_text(encoding="utf-8"))
        token, webhook_id, secret = (values.get(name) for name in ("token", "id", "secret"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        _log.warning("%s cannot be read (%s): a new webhook will be registered", path, type(error).__name__)
        return None
    if not isinstance(token, str) or not token:
        _log.warning("%s names no webhook: a new one will be registered", path)
        return None
    return Kept(token, *(value if isinstance(value, str) else None for value in (webhook_id, secret)))


def write(folder: Folder, kept: Kept) -> None:
    """Keep what is known of the webhook; a crash leaves the old file or the new one, never half of one."""
    path = file_of(folder)
    new = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"token": kept.token, "id": kept.id, "secret": kept.secret}, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def register(client: Client, folder: Folder, url: str) -> str:
    """Have events sent to `url` by exactly one webhook of ours; returns its secret.

    One that is left from an earlier run is taken over, further ones are removed. Raises InboxError where
    the API refuses or does not answer, OSError where the file cannot be written.
    """
    kept = read(folder) or Kept(secrets.token_hex(8))
    write(folder, kept)
    ours = _ours(client, kept, url)
    for surplus in ours[1:]:
        _delete(client, surplus.id)
    if ours:
        webhook, secret = _take_over(client, ours[0], kept, url)
        if secret is None:
            # Without its secret nothing that it sends can be believed.
            _delete(client, webhook.id)
    if not ours or secret is None:
        webhook = client.create_webhook(url, EVENTS, description=kept.description, idempotency_key=_key())
        secret = webhook.secret or client.get_webhook(webhook.id).secret
    if secret is None:
        raise ServerFault(
            "The API told no secret for the webhook", "Its events could not be believed", status=200
        )
    write(folder, replace(kept, id=webhook.id, secret=secret))
    return secret


def _ours(client: Client, kept: Kept, url: str) -> list[Webhook]:
    """Our webhooks that the API knows, the one that was kept first."""
    ours = [
        webhook
        for webhook in client.list_webhooks().items
        if webhook.id == kept.id
        or webhook.description == kept.description
        or (webhook.url == url and (webhook.description or "").startswith("inbox-tui "))
    ]
    return sorted(ours, key=lambda webhook: webhook.id != kept.id)


def _take_over(client: Client, webhook: Webhook, kept: Kept, url: str) -> tuple[Webhook, str | None]:
    """Let a webhook send to `url`; returns it with its secret, where that can be had."""
    if (webhook.url, set(webhook.events), webhook.enabled) != (url, set(EVENTS), True):
        webhook = client.update_webhook(
            webhook.id, url=url, events=EVENTS, enabled=True, idempotency_key=_key()
        )
    secret = kept.secret if webhook.id == kept.id else None
    return webhook, secret or webhook.secret or client.get_webhook(webhook.id).secret


def remove(client: Client, folder: Folder) -> None:
    """Remove the webhook that is kept, if any, at the API and then here. Raises InboxError, OSError."""
    kept = read(folder)
    if kept is None:
        return
    if kept.id is not None:
        _delete(client, kept.id)
    else:
        for webhook in client.list_webhooks().items:
            if webhook.description == kept.description:
                _delete(client, webhook.id)
    file_of(folder).unlink(missing_ok=True)


def _delete(client: Client, webhook_id: str) -> None:
    with contextlib.suppress(NotFound):
        client.delete_webhook(webhook_id, idempotency_key=_key())


def _key() -> str:
    return str(uuid.uuid4())


class Registrar:
    """Keeps the webhook registered, in a thread of its own, from entering to leaving its block.

    Without a URL it only removes what an earlier run has left behind.
    """

    def __init__(
        self,
        folder: Folder,
        client: Callable[[], Client],
        url: str | None,
        registered: Callable[[str], None] = lambda secret: None,
    ) -> None:
        """`client`: the client of the key that is set now. `registered` gets the secret, each time anew."""
        self._folder = folder
        self._client = client
        self._url = url
        self._registered = registered
        self._stir = threading.Event()
        self._ending = False
        self._told = ""
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)

    def check(self) -> None:
        """See soon whether the webhook is still there; it is registered anew where it is not."""
        self._stir.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        self._stir.set()
        self._thread.join(GOODBYE_SECONDS)
        if self._thread.is_alive():
            _log.warning("the webhook could not be removed in time; the next sync removes it")

    def _run(self) -> None:
        if self._url is None:
            self._try(lambda: remove(self._client(), self._folder))
            return
        failures = 0
        while not self._ending:
            done = self._try(lambda: self._registered(register(self._client(), self._folder, str(self._url))))
            failures = 0 if done else failures + 1
            pause = FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10) if failures else RETRY_SECONDS
            self._wait(min(pause, RETRY_SECONDS), for_good=done)
        self._try(lambda: remove(self._client(), self._folder))

    def _wait(self, pause: float, *, for_good: bool) -> None:
        """Wait until there is something to do: the end at once, anything else not before `pause` seconds.

        `for_good`: nothing is to do until somebody stirs.
        """
        soonest = time.monotonic() + pause
        self._stir.wait(None if for_good else pause)
        while not self._ending and time.monotonic() < soonest:
            self._stir.clear()
            if not self._ending:
                self._stir.wait(max(soonest - time.monotonic(), 0.0))
        self._stir.clear()

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except (InboxError, OSError) as error:
            if str(error) != self._told:
                self._told = str(error)
                _log.warning("webhook: %s", error)
            return False
        self._told = ""
        return True
