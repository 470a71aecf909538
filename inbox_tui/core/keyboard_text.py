"""Telegram keyboards as a person types them: a line is a row, its buttons stand between `|`.

    Track order | Size guide > https://acme.example/sizes
    Talk to a person = agent

`Label = data` sends callback data, `Label > https://…` opens an address, `Label` alone sends data derived
from its words. In a reply keyboard a button sends its own words; `Label = contact` and `Label = location`
ask for the phone number and the place. A backslash before `|`, `=`, `>` or itself takes it as it is; behind
the first `=` or `>` of a button only `|` and the backslash need one.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from inbox_tui.core.keyboards import CALLBACK_BYTES, Button, Keyboard, MarkupKind, Problem, check, parse
from inbox_tui.core.models import Json, JsonObject

_SPECIAL = frozenset("|=>\\")
REQUESTS: Mapping[str, str] = MappingProxyType({"contact": "request_contact", "location": "request_location"})
"""What a button of a reply keyboard can ask for, by the word behind its `=`."""


@dataclass(frozen=True, slots=True)
class Design:
    """A keyboard on somebody's desk: what was typed, and the options of its kind, whether right or not yet.

    The options are those of the Bot API: `resize` makes a reply keyboard as low as its buttons, `one_time`
    hides it after a tap, `persistent` keeps it open; `placeholder` stands in the customer's empty field.
    """

    kind: MarkupKind = MarkupKind.INLINE
    text: str = ""
    placeholder: str = ""
    resize: bool = True
    one_time: bool = True
    persistent: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing has been made of it yet."""
        return self.kind in (MarkupKind.INLINE, MarkupKind.REPLY) and not self.text.strip()

    def stored(self) -> str:
        """As text for a file."""
        return json.dumps(asdict(self), ensure_ascii=False)


def restored(stored: str) -> Design:
    """What `Design.stored` wrote. Raises ValueError where it is something else."""
    values = json.loads(stored)
    if not isinstance(values, dict):
        raise ValueError(f"not a keyboard: {stored[:80]!r}")
    try:
        return Design(**{**values, "kind": MarkupKind(values["kind"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a keyboard: {stored[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class Fault:
    """What Telegram would refuse (or the person hardly means), and where it is typed.

    `line` counts from 0 in the text, `start` and `end` are columns in code points; `line` None: it is not in
    the text. `place` names it for people: "row 2, button 1".
    """

    place: str
    message: str
    line: int | None = None
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(frozen=True, slots=True)
class Reading:
    """What a design comes to: the markup, as far as it goes, what stands in its way, and what is odd."""

    markup: JsonObject
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()
    """What can be sent, but is hardly meant."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A button as it is typed, with its columns, and that of the bar behind it."""

    start: int
    end: int
    bar: int
    label: str
    action: str
    value: str


def default_data(label: str) -> str:
    """The callback data of a button that names none: its words in small letters, joined by `_`, in 64 bytes.

    A label without any letter or digit (an emoji) is its own data.
    """
    kept: list[str] = []
    for character in label.lower():
        category = unicodedata.category(character)[0]
        wanted = category in "LN" or (category == "M" and bool(kept) and kept[-1] != " ")
        kept.append(character if wanted else " ")
    data = "_".join("".join(kept).split()) or label.strip()
    return data.encode("utf-8", "replace")[:CALLBACK_BYTES].decode("utf-8", "ignore").strip()


def read(design: Design, *, edit: bool = False) -> Reading:
    """What would be sent for a design, `{}` for nothing at all; never raises.

    `edit`: it is to stand under a message that was sent, where only inline keyboards can.
    """
    if design.kind is MarkupKind.REMOVE:
        markup: JsonObject = {"remove_keyboard": True}
        return Reading(markup, tuple(_elsewhere(check(markup, edit=edit))))
    if design.kind is MarkupKind.FORCE_REPLY:
        markup = {"force_reply": True, **_placeholder(design)}
        return Reading(markup, tuple(_elsewhere(check(markup, edit=edit))))
    rows = [
        (line, list(_cells(typed))) for line, typed in enumerate(design.text.split("\n")) if typed.strip()
    ]
    if not rows:
        return Reading({})
    buttons: list[Json] = [[_button(cell, design.kind) for cell in cells] for _, cells in rows]
    markup = {design.kind.value: buttons}
    if design.kind is MarkupKind.REPLY:
        chosen: JsonObject = {
            "resize_keyboard": design.resize,
            "one_time_keyboard": design.one_time,
            "is_persistent": design.persistent,
        }
        markup = {**markup, **{name: True for name, on in chosen.items() if on}, **_placeholder(design)}
    faults = [*_typed_wrong(rows, design.kind), *_placed(check(markup, edit=edit), rows)]
    first: dict[tuple[str, int | None], Fault] = {}
    for fault in faults:
        # One at a time for each button: the second is mostly what comes of the first.
        first.setdefault((fault.place, fault.line), fault)
    ordered = sorted(first.values(), key=lambda fault: (fault.line is None, fault.line or 0, fault.start))
    doubts = _same_data(markup, rows) if design.kind is MarkupKind.INLINE else ()
    return Reading(markup, tuple(ordered), tuple(doubts))


def button_at(design: Design, line: int, column: int) -> Button | None:
    """The button that is typed around a place of the text (line and column from 0); None where none is."""
    typed = design.text.split("\n")[line]
    if not typed.strip() or design.kind not in (MarkupKind.INLINE, MarkupKind.REPLY):
        return None
    cells = list(_cells(typed))
    cell = next((cell for cell in cells if column <= cell.bar), cells[-1])
    keyboard = parse({design.kind.value: [[_button(cell, design.kind)]]})
    return None if keyboard is None else keyboard.rows[0][0]


def _placeholder(design: Design) -> JsonObject:
    words = design.placeholder.strip()
    return {"input_field_placeholder": words} if words else {}


def _cells(line: str) -> Iterator[_Cell]:
    """The buttons of a line."""
    parts: list[str] = []
    label, action, start, index = "", "", 0, 0
    while index <= len(line):
        character = line[index] if index < len(line) else "|"
        if character == "\\" and line[index + 1 : index + 2] in _SPECIAL:
            parts.append(line[index + 1])
            index += 1
        elif character == "|":
            typed = "".join(parts).strip()
            yield _cell(line, start, index, *((label, action, typed) if action else (typed, "", "")))
            parts, label, action, start = [], "", "", index + 1
        elif character in "=>" and not action:
            label, action, parts = "".join(parts).strip(), character, []
        else:
            parts.append(character)
        index += 1


def _cell(line: str, start: int, end: int, label: str, action: str, value: str) -> _Cell:
    piece, bar = line[start:end], end
    if piece.strip():
        start, end = start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
    return _Cell(start, end, bar, label, action, value)


def _button(cell: _Cell, kind: MarkupKind) -> JsonObject:
    if kind is MarkupKind.REPLY:
        asked = REQUESTS.get(cell.value) if cell.action == "=" else None
        return {"text": cell.label, asked: True} if asked else {"text": cell.label}
    if cell.action == ">":
        return {"text": cell.label, "url": cell.value}
    return {"text": cell.label, "callback_data": cell.value if cell.action else default_data(cell.label)}


def _typed_wrong(rows: list[tuple[int, list[_Cell]]], kind: MarkupKind) -> Iterator[Fault]:
    """What the markup alone does not tell."""
    for number, (line, cells) in enumerate(rows, start=1):
        for place, cell in enumerate(cells, start=1):
            message = None
            if not cell.label:
                message = "It has no label; write its words, or leave out a |"
            elif cell.action and not cell.value:
                what = "an address" if cell.action == ">" else "its data"
                message = f"Write {what} behind {cell.action}, or leave {cell.action} out"
            elif cell.action == ">" and kind is MarkupKind.REPLY:
                message = "A reply keyboard opens no addresses; only inline buttons do"
            elif cell.action == "=" and kind is MarkupKind.REPLY and cell.value not in REQUESTS:
                message = "A reply button sends its own words; behind = only contact or location can stand"
            elif cell.action == ">" and "://" not in cell.value:
                message = "Its address must begin with https:// (write \\> for a plain >)"
            if message is not None:
                yield Fault(f"row {number}, button {place}", message, line, cell.start, cell.end)


def _placed(problems: tuple[Problem, ...], rows: list[tuple[int, list[_Cell]]]) -> Iterator[Fault]:
    """Problems of the markup at the place where it is typed."""
    for problem in problems:
        if not problem.row:
            yield from _elsewhere((problem,))
            continue
        line, cells = rows[problem.row - 1]
        at = cells[problem.button - 1 : problem.button] if problem.button else cells
        yield Fault(problem.place, problem.message, line, at[0].start, at[-1].end)


def _elsewhere(problems: tuple[Problem, ...]) -> Iterator[Fault]:
    for problem in problems:
        place = "placeholder" if problem.place == "input_field_placeholder" else ""
        yield Fault(place, problem.message)


def _same_data(markup: JsonObject, rows: list[tuple[int, list[_Cell]]]) -> Iterator[Fault]:
    """Buttons that send what another one sends already: a tap on either reads the same."""
    seen: dict[str, str] = {}
    keyboard = parse(markup)
    sent = keyboard.rows if keyboard is not None else ()
    for number, ((line, cells), buttons) in enumerate(zip(rows, sent, strict=False), start=1):
        for place, (cell, button) in enumerate(zip(cells, buttons, strict=False), start=1):
            where = f"row {number}, button {place}"
            if button.kind != "callback_data":
                continue
            if button.value in seen:
                message = f"It sends {button.value} like {seen[button.value]}; a tap on either reads the same"
                yield Fault(where, message, line, cell.start, cell.end)
            seen.setdefault(button.value, where)


# ---------------------------------------------------------------- from a markup


def design_of(markup: Json) -> Design | None:
    """The design that `read` makes this markup of; None where lines and options cannot say all of it."""
    keyboard = parse(markup)
    if keyboard is None or not isinstance(markup, Mapping):
        return None
    text = _written(keyboard)
    if text is None:
        return None
    design = Design(
        keyboard.kind,
        text,
        keyboard.placeholder,
        resize=markup.get("resize_keyboard") is True,
        one_time=markup.get("one_time_keyboard") is True,
        persistent=markup.get("is_persistent") is True,
    )
    reading = read(design)
    return design if not reading.faults and reading.markup == _plain(markup) else None


def _plain(markup: JsonObject) -> JsonObject:
    """A markup without options that are off, its buttons as objects."""
    kept = {name: value for name, value in markup.items() if value is not None and value is not False}
    rows = kept.get(MarkupKind.REPLY)
    if isinstance(rows, list):
        kept[MarkupKind.REPLY] = [
            [{"text": button} if isinstance(button, str) else button for button in row]
            for row in rows
            if isinstance(row, list)
        ]
    return kept


def _written(keyboard: Keyboard) -> str | None:
    """The lines of a keyboard; None where a button says more than a line can."""
    lines = []
    for row in keyboard.rows:
        cells = [_written_button(button, keyboard.kind) for button in row]
        if None in cells:
            return None
        lines.append(" | ".join(cell for cell in cells if cell is not None))
    return "\n".join(lines)


def _written_button(button: Button, kind: MarkupKind) -> str | None:
    label, value = _escaped(button.label, "\\|=>"), _escaped(button.value, "\\|")
    if kind is MarkupKind.REPLY:
        asked = next((word for word, action in REQUESTS.items() if action == button.kind), None)
        if asked is not None:
            return f"{label} = {asked}"
        return label if button.kind == "text" else None
    if button.kind == "url":
        return f"{label} > {value}"
    if button.kind != "callback_data":
        return None
    return label if button.value == default_data(button.label) else f"{label} = {value}"


def _escaped(text: str, special: str) -> str:
    return "".join("\\" + character if character in special else character for character in text)
