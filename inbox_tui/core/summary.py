"""A message in one line, for lists, quotes and the command line; and numbers of things."""

from __future__ import annotations

from inbox_tui.core.cells import preview
from inbox_tui.core.models import Message


def is_tap(message: Message) -> bool:
    """Whether the message stands for a tap on a Telegram button (seed: "Telegram notes")."""
    return message.platform_data is not None and message.platform_data.get("kind") == "callback_query"


def describe(message: Message, tapped: str | None = None) -> str:
    """The message in one line; `tapped` is the label of the button, where the message is a tap."""
    if message.deleted_at is not None:
        return "message deleted"
    if is_tap(message):
        return f"tapped ▸ {preview(tapped or message.body or '')}"
    parts = [f"[{attachment.type}]" for attachment in message.attachments]
    if message.body:
        parts.append(preview(message.body))
    if not parts:
        return "unsupported message" if message.is_unsupported else "empty message"
    return " ".join(parts)


def counted(count: int, what: str) -> str:
    """A number of things, whose name has an s where there are several."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
