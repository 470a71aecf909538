"""`send`: one message, by the rules of the screen, carried out now or left to the engine."""

from __future__ import annotations

import logging
import sys
from contextlib import closing

from inbox_tui.cli import output
from inbox_tui.cli.reading import find_chat
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import Act, Refused, ask, platform_name
from inbox_tui.core.errors import InboxError, NotAuthorised, UncertainError, UsageError
from inbox_tui.core.errors import Refused as RefusedError
from inbox_tui.core.limits import measure
from inbox_tui.core.links import safe_url
from inbox_tui.core.models import Json, Milliseconds, Platform, Profile
from inbox_tui.core.text import clean
from inbox_tui.core.window import Window
from inbox_tui.store import clock, local, lookups
from inbox_tui.store.db import open_reader, prepare
from inbox_tui.store.local import OutboxItem, State
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.writes import Writer, refold_chats

WINDOWED = (Platform.FACEBOOK, Platform.INSTAGRAM)


def send_message(
    settings: Settings,
    name: str,
    *,
    text: str | None,
    url: str | None,
    wait: bool,
    queue: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Check, queue and carry out a send; prints what became of it. Raises InboxError with its exit code."""
    payload = _payload(text, url)
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        row = find_chat(lookups.chat(reader, name), name)
        profile = lookups.profile_names(reader).get(row.chat.profile_id)
        now = clock.server_now(reader)
    _check(row, profile, payload, now)
    if dry_run:
        print(f"would send to {row.chat.title} ({platform_name(row.chat.platform)}): {text or url}")
        return 0
    if not queue:
        _need_a_key(settings)
    with Writer(settings.folder) as writer:
        item = local.queue_send(writer, row.chat.id, row.chat.profile_id, payload, hold_ms=0)
        refold_chats(writer, [row.chat.id])
    if not queue:
        from inbox_tui.sync.engine import send_now

        # What becomes of the message is told below; the log would tell it a second time.
        logging.basicConfig(level=logging.ERROR)
        item = send_now(settings, item.pk, wait=wait)
    if as_json:
        output.print_records([output.item_record(item)])
    else:
        print(f"{item.state} {item.message_id or item.key}")
    _raise_on_failure(item, queue=queue)
    return 0


def _need_a_key(settings: Settings) -> None:
    """Refuse before the text is in the outbox, from where a later sync would send it all the same."""
    from inbox_tui.sync.engine import running

    if settings.api_key() is None and not running(settings.folder):
        raise NotAuthorised("No API key is set", "Set POSTPROXY_API_KEY; nothing was sent")


def _payload(text: str | None, url: str | None) -> dict[str, Json]:
    if url is not None:
        if text is not None:
            raise UsageError("A message is either text or a file", "Send two messages")
        address = safe_url(url)
        if address is None or not address.startswith(("http://", "https://")):
            raise UsageError(
                f"{clean(url)} is not an address of a file", "Give a public http or https address"
            )
        return {"media_url": address}
    if text is None:
        if sys.stdin.isatty():
            raise UsageError("There is no text to send", "Give it as an argument or on standard input")
        text = sys.stdin.read().rstrip("\n")
    text = clean(text)
    if not text.strip():
        raise UsageError("The text is empty", "Nothing was sent")
    return {"text": text}


def _check(row: ChatRow, profile: Profile | None, payload: dict[str, Json], now: Milliseconds) -> None:
    """Refuse what cannot arrive, before anything leaves."""
    chat = row.chat
    act = Act.SEND_ATTACHMENT if "media_url" in payload else Act.SEND_TEXT
    answer = ask(
        act,
        chat,
        now=now,
        profile=profile,
        window=Window(chat.platform in WINDOWED, row.window_closes_at),
    )
    if isinstance(answer, Refused):
        raise RefusedError(answer.reason, "Nothing was sent")
    measured = measure(chat.platform, str(payload.get("text") or ""))
    if measured.over and measured.limit is not None:
        raise RefusedError(
            f"The text is {measured.used - measured.limit} {measured.unit} too long for "
            f"{platform_name(chat.platform)}",
            "Nothing was sent",
        )


def _raise_on_failure(item: OutboxItem, *, queue: bool) -> None:
    if item.state == State.FAILED:
        raise InboxError(item.title or "The message failed", item.hint)
    if item.state == State.QUEUED and not queue:
        raise InboxError(
            item.title or "It waits behind an earlier message of this chat",
            item.hint or "`inbox-tui outbox` shows what is in its way",
        )
    if item.state == State.SENDING:
        raise UncertainError(item.title or "No answer has come yet", item.hint)
    if item.state == State.UNCERTAIN:
        raise UncertainError(item.title or "Nobody knows whether it arrived", item.hint)
