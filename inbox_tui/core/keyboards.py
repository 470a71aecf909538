"""Telegram `reply_markup`: read it whatever it holds, check it before it leaves, say it in a line.

Shapes and limits are those of the Bot API 10.3 (types InlineKeyboardMarkup, ReplyKeyboardMarkup, ForceReply,
ReplyKeyboardRemove); the gateway passes the object through unchanged (seed, "Telegram notes"). How a person
types one is `core.keyboard_text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from inbox_tui.core.cells import preview
from inbox_tui.core.models import Json, JsonObject
from inbox_tui.core.text import clean

CALLBACK_BYTES = 64
BUTTONS_A_ROW = 8
BUTTONS = 100
COPY_CHARACTERS = 256
PLACEHOLDER_CHARACTERS = 64

INLINE_ACTIONS = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "login_url",
    "web_app",
    "copy_text",
    "disabled",
)
"""What an inline button may do, in the order in which Telegram takes the first that it finds."""

REPLY_ACTIONS = (
    "request_users",
    "request_chat",
    "request_managed_bot",
    "request_contact",
    "request_location",
    "request_poll",
    "web_app",
)
_ONLY_FIRST = frozenset({"callback_game", "pay"})


class MarkupKind(StrEnum):
    """The four kinds of markup, by the key that makes them."""

    INLINE = "inline_keyboard"
    REPLY = "keyboard"
    REMOVE = "remove_keyboard"
    FORCE_REPLY = "force_reply"


@dataclass(frozen=True, slots=True)
class Button:
    """A button as it can be drawn."""

    label: str
    kind: str
    """Its action (`INLINE_ACTIONS`, `REPLY_ACTIONS`); `text` where it has none."""
    value: str = ""
    """Callback data, address, text to copy or query; empty where the action has none."""


@dataclass(frozen=True, slots=True)
class Keyboard:
    """A markup as it can be drawn; `rows` is empty for those without buttons."""

    kind: MarkupKind
    rows: tuple[tuple[Button, ...], ...] = ()
    placeholder: str = ""

    @property
    def locks_message(self) -> bool:
        """A message sent with it can never be edited: only inline keyboards allow that (Telegram)."""
        return self.kind is not MarkupKind.INLINE


@dataclass(frozen=True, slots=True)
class Problem:
    """What Telegram would refuse, and where it stands; rows and buttons count from 1, 0: the whole of it."""

    place: str
    message: str
    row: int = 0
    button: int = 0

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def _is_object(value: Json) -> TypeGuard[JsonObject]:
    return isinstance(value, Mapping)


def _rows(value: Json) -> Iterator[list[Json]]:
    if isinstance(value, list):
        for row in value:
            if isinstance(row, list):
                yield row


def _text(value: Json) -> str:
    return clean(value) if isinstance(value, str) else ""


def _action(button: JsonObject, kind: MarkupKind) -> tuple[str, str]:
    for name in INLINE_ACTIONS if kind is MarkupKind.INLINE else REPLY_ACTIONS:
        value = button.get(name)
        if value is None or value is False:
            continue
        if _is_object(value):
            value = value.get("url") or value.get("text") or value.get("query")
        return name, _text(value)
    return "text", ""


def _button(button: Json, kind: MarkupKind) -> Button | None:
    if isinstance(button, str):
        return Button(clean(button), "text")
    if not _is_object(button):
        return None
    return Button(_text(button.get("text")), *_action(button, kind))


def parse(markup: Json) -> Keyboard | None:
    """The keyboard that Telegram would show for a markup; None when that is none. Never raises.

    Where several kinds stand in one object Telegram takes the first of: reply keyboard, inline keyboard,
    removal, forced reply. What cannot be read as a button is left out.
    """
    if not _is_object(markup):
        return None
    placeholder = _text(markup.get("input_field_placeholder"))
    for kind in (MarkupKind.REPLY, MarkupKind.INLINE):
        rows = tuple(
            tuple(button for button in (_button(cell, kind) for cell in row) if button is not None)
            for row in _rows(markup.get(kind))
        )
        if rows := tuple(row for row in rows if row):
            return Keyboard(kind, rows, placeholder)
    for kind in (MarkupKind.REMOVE, MarkupKind.FORCE_REPLY):
        if markup.get(kind) is True:
            return Keyboard(kind, (), placeholder)
    return None


def labels(markup: Json) -> Mapping[str, str]:
    """The words on the inline buttons by their callback data: a tap arrives as the data only.

    Where several buttons send the same data, nobody can tell which was tapped: `Yes or Yes, please`.
    """
    found: dict[str, list[str]] = {}
    keyboard = parse(markup)
    if keyboard is not None and keyboard.kind is MarkupKind.INLINE:
        for row in keyboard.rows:
            for button in row:
                if button.kind == "callback_data" and button.label:
                    found.setdefault(button.value, []).append(button.label)
    return {data: " or ".join(dict.fromkeys(words)) for data, words in found.items()}


def summary(markup: Json) -> str:
    """A markup in one line of words; empty where it is none."""
    keyboard = parse(markup)
    if keyboard is None:
        return ""
    if keyboard.kind is MarkupKind.REMOVE:
        return "takes the reply keyboard away"
    if keyboard.kind is MarkupKind.FORCE_REPLY:
        return f"asks for a reply: {keyboard.placeholder}" if keyboard.placeholder else "asks for a reply"
    names = [preview(button.label) for row in keyboard.rows for button in row]
    counts = f"{_count(len(keyboard.rows), 'row')}, {_count(len(names), 'button')}: {', '.join(names)}"
    return counts if keyboard.kind is MarkupKind.INLINE else f"reply keyboard, {counts}"


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number} {word}s"


def check(markup: Json, *, edit: bool = False) -> tuple[Problem, ...]:
    """What Telegram would refuse in a markup, each with its place ("row 2, button 1"); empty: nothing.

    `edit`: it is to replace the keyboard of a sent message, so only an inline keyboard will do, and an empty
    object is allowed and removes it. Unknown keys pass: the Bot API grows.
    """
    if not _is_object(markup):
        return (Problem("", "A keyboard is a JSON object"),)
    if edit and not markup:
        return ()
    for kind in (MarkupKind.REPLY, MarkupKind.INLINE):
        value = markup.get(kind)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(row, list) for row in value)
        ):
            return (Problem(kind, "A list of rows is needed, each a list of buttons"),)
    keyboard = parse(markup)
    if keyboard is None:
        return (Problem("", "There is no button in it; at least one is needed"),)
    problems = []
    if edit and keyboard.locks_message:
        problems.append(Problem(keyboard.kind, "Only an inline keyboard can be put under a sent message"))
    placeholder = markup.get("input_field_placeholder")
    if placeholder is not None and not 1 <= len(_text(placeholder)) <= PLACEHOLDER_CHARACTERS:
        problems.append(Problem("input_field_placeholder", "Between 1 and 64 characters are needed"))
    if keyboard.rows:
        problems += _check_rows(list(_rows(markup.get(keyboard.kind))), keyboard.kind)
    return tuple(problems)


def _check_rows(rows: list[list[Json]], kind: MarkupKind) -> Iterator[Problem]:
    total = sum(map(len, rows))
    if kind is MarkupKind.INLINE and total > BUTTONS:
        yield Problem(kind, f"{total} buttons; at most {BUTTONS}")
    for row_number, row in enumerate(rows, start=1):
        place = f"row {row_number}"
        if not row:
            yield Problem(place, "It is empty; put a button in it or leave it out", row_number)
        if kind is MarkupKind.INLINE and len(row) > BUTTONS_A_ROW:
            yield Problem(place, f"{len(row)} buttons; at most {BUTTONS_A_ROW}", row_number)
        for number, button in enumerate(row, start=1):
            for message in _check_cell(button, kind, first=row_number == number == 1):
                yield Problem(f"{place}, button {number}", message, row_number, number)


def _check_cell(button: Json, kind: MarkupKind, *, first: bool) -> Iterator[str]:
    if isinstance(button, str) and kind is MarkupKind.REPLY:
        if not button.strip():
            yield "It has no label"
    elif not _is_object(button):
        yield "A button is a JSON object"
    else:
        yield from _check_button(button, kind, first=first)


def _check_button(button: JsonObject, kind: MarkupKind, *, first: bool) -> Iterator[str]:
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        yield "It has no label (text)"
    known = INLINE_ACTIONS if kind is MarkupKind.INLINE else REPLY_ACTIONS
    actions = [name for name in known if button.get(name) not in (None, False)]
    if len(actions) > 1:
        yield f"It does several things ({', '.join(actions)}); only one is allowed"
    if not actions and kind is MarkupKind.INLINE:
        yield "It does nothing; give it callback_data or a url"
    for action in actions:
        value = button[action]
        if action == "callback_data":
            size = len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 0
            if not 1 <= size <= CALLBACK_BYTES:
                yield f"Its callback data has {size} bytes; 1 to {CALLBACK_BYTES} are allowed"
        elif action == "url":
            yield from _check_address(value, ("https", "http", "tg"))
        elif action in ("web_app", "login_url"):
            yield from _check_address(value.get("url") if _is_object(value) else None, ("https",))
        elif action == "copy_text":
            copied = _text(value.get("text")) if _is_object(value) else ""
            if not 1 <= len(copied) <= COPY_CHARACTERS:
                yield f"The text to copy has {len(copied)} characters; 1 to {COPY_CHARACTERS} are allowed"
        elif action in _ONLY_FIRST and not first:
            yield f"{action} is allowed on the first button of the first row only"


def _check_address(value: Json, schemes: tuple[str, ...]) -> Iterator[str]:
    scheme, separator, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
    if scheme.lower() not in schemes or not separator or not rest:
        yield f"Its address must begin with {' or '.join(name + '://' for name in schemes)}"
    elif any(character.isspace() or not character.isprintable() for character in rest):
        yield "Its address holds a space or a control character"
