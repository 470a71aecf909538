"""What goes with the text of a draft, in lines above it: the message it replies to, a file, buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from textual.content import Content

from inbox_tui.core.cells import truncate
from inbox_tui.core.files import file_name
from inbox_tui.core.keyboards import summary
from inbox_tui.core.models import Json, JsonObject, Message
from inbox_tui.core.sizes import file_size
from inbox_tui.core.summary import describe
from inbox_tui.core.text import clean

FILE_NAMES = ("file", "media_url", "size", "type")
"""What a draft keeps of its file (`store.drafts.EXTRAS`)."""
GROUPS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("file", FILE_NAMES),
    ("buttons", ("reply_markup",)),
    ("reply", ("reply_to", "reply_to_id")),
)
"""What comes off together, in the order in which Backspace in front of the text takes it off."""


def without(extras: JsonObject, group: str) -> JsonObject:
    """What is left when the file, the buttons or the message replied to is taken off."""
    gone = dict(GROUPS)[group]
    return {name: value for name, value in extras.items() if name not in gone}


def last_group(extras: JsonObject) -> str | None:
    """What Backspace takes off next; None: there is nothing."""
    return next((group for group, names in GROUPS if any(name in extras for name in names)), None)


def with_open_blanks(extras: JsonObject, text: str) -> JsonObject:
    """What goes with a text; of the blanks that snippets left (`blanks`) only those that it still has."""
    blanks = extras.get("blanks")
    if not isinstance(blanks, list):
        return extras
    still: list[Json] = [blank for blank in dict.fromkeys(map(str, blanks)) if blank in text]
    rest = {name: value for name, value in extras.items() if name != "blanks"}
    return {**rest, "blanks": still} if still else rest


def lines(extras: JsonObject, replied_to: Message | None, person: str, room: int) -> list[Content]:
    """The lines above the text, each of at most `room` cells."""
    found: list[tuple[str, str]] = []
    if "reply_to" in extras:
        words = "a message that is not cached"
        if replied_to is not None:
            words = f"{person if replied_to.inbound else 'you'}: {describe(replied_to)}"
        found.append((f"┃ reply to {words}", "$text-secondary"))
    if (file := file_words(extras)) is not None:
        found.append((f"📎 {file}", "$text-accent"))
    markup = extras.get("reply_markup")
    if isinstance(markup, Mapping):
        words = summary(markup) or "a keyboard that cannot be read"
        found.append((f"⌨ {words}", "$text-accent"))
    return [Content.styled(truncate(words, room), style) for words, style in found]


def file_words(extras: JsonObject) -> str | None:
    """Name, type and size of the attached file, or the address that the platform is to fetch it from."""
    if isinstance(address := extras.get("media_url"), str):
        return f"{clean(address)} (fetched by the service)"
    if not isinstance(path := extras.get("file"), str):
        return None
    size = extras.get("size")
    facts = [file_name(PurePath(path).name), file_size(size) if isinstance(size, int) else ""]
    return " · ".join(fact for fact in (*facts, str(extras.get("type") or "")) if fact)
