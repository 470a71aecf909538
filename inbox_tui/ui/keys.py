"""Keys as people write them, and as the registry does.

The registry writes a key as the character it types (`j`, `?`, `G`), by Textual's name where it types none
(`enter`, `ctrl+d`, `space`), and a sequence with spaces (`g g`).
"""

from __future__ import annotations

import string
import unicodedata
from typing import TYPE_CHECKING

from inbox_tui.core.errors import UsageError

if TYPE_CHECKING:
    from textual.events import Key

LABELS = {
    "enter": "⏎",
    "escape": "Esc",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
"""Keys that type nothing, by Textual's name, and what they are called on the screen."""

_WRITTEN = {
    **{name: name for name in LABELS},
    **{shown.lower(): name for name, shown in LABELS.items()},
    "return": "enter",
    "page_down": "pagedown",
    "page_up": "pageup",
}
_MODIFIERS = ("alt", "ctrl", "shift")
"""In the order in which Textual names them."""
_REPLACED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Where Textual's name of a character is not Unicode's."""
SAME = {
    "ctrl+i": "Tab",
    "ctrl+m": "Enter",
    "ctrl+h": "Backspace",
    "ctrl+left_square_bracket": "Esc",
    "alt+enter": "Enter",
}
"""Keys that a terminal cannot tell from others: it sends the same bytes."""
MOST_IN_A_ROW = 4
"""Keys of the longest sequence."""


def label(key: str) -> str:
    """A key as it is written for people: `ctrl+d` is `Ctrl+D`, `g g` is `gg`, `g tab` is `g Tab`."""
    parts = key.split()
    if len(parts) > 1:
        shown = [label(part) for part in parts]
        return ("" if all(len(part) == 1 for part in shown) else " ").join(shown)
    if key in LABELS:
        return LABELS[key]
    modifier, _, rest = key.partition("+")
    if rest and modifier in _MODIFIERS:
        return f"{modifier.title()}+{rest.upper() if len(rest) == 1 else label(rest)}"
    return next((each for each in string.punctuation if len(key) > 1 and _name(each) == key), key)


def written(key: str) -> str:
    """A key as it may stand in the configuration: `Ctrl+D`, `g g`."""
    return " ".join(label(part) for part in key.split())


def labels(keys: tuple[str, ...]) -> str:
    """All keys of an action, for people."""
    return "  ".join(label(key) for key in keys)


def key_of(event: Key) -> str:
    """A key that was pressed. With Alt, Textual tells the character, too; it is another key all the same."""
    if event.character == " ":
        return "space"
    typed = event.character if event.is_printable and "alt+" not in event.key else None
    return typed or event.key


def parse_key(written: str) -> str:
    """A key or a sequence (`Ctrl+G`, `g x`, `F5`, `question_mark`) as the registry writes it.

    Raises UsageError for what is no key, and for a key that a terminal cannot tell from another.
    """
    parts = written.split()
    if not parts:
        raise UsageError("There is no key", EXPECTED)
    if len(parts) > MOST_IN_A_ROW:
        raise UsageError(f"{written} has {len(parts)} keys", f"Use at most {MOST_IN_A_ROW} in a row")
    return " ".join(_single(part) for part in parts)


EXPECTED = 'Write keys like "x", "Ctrl+G", "F5", "Space", or "g x" for two in a row'
"""What is said of a key that is none."""


def _single(written: str) -> str:
    modifiers, name = _split(written)
    if name is None or (modifiers and len(name) > 1 and name not in LABELS):
        raise UsageError(f"{written} is no key", EXPECTED)
    if "shift" in modifiers and len(name) == 1:
        if not name.isalpha():
            raise UsageError(f"{written} depends on the keyboard", "Write the character that it types")
        if modifiers == ["shift"]:
            return name.upper()
    elif modifiers and len(name) == 1:
        # A terminal sends the same for both cases; with Alt, Textual tells an upper one by Shift.
        if name.isupper() and "alt" in modifiers:
            modifiers = [*modifiers, "shift"]
        name = name.lower()
    if modifiers and name in string.punctuation:
        if "alt" in modifiers:
            raise UsageError(f"A terminal cannot tell {written} from {name}", "Choose another key")
        name = _name(name)
    ordered = [each for each in _MODIFIERS if each in modifiers]
    key = "+".join([*ordered, name.lower() if ordered else name])
    if key in SAME:
        raise UsageError(f"A terminal cannot tell {label(key)} from {SAME[key]}", "Choose another key")
    return key


def _split(written: str) -> tuple[list[str], str | None]:
    """The modifiers of a key, and its name or the character it types; None where there is no such key."""
    modifiers: list[str] = []
    rest = written
    while len(rest) > 1 and "+" in rest[1:]:
        first, _, behind = rest.partition("+")
        # People write C-x and Control+x, too; what is no modifier is no key.
        first = {"control": "ctrl", "option": "alt", "meta": "alt"}.get(first.lower(), first.lower())
        if first not in _MODIFIERS or first in modifiers or not behind:
            return modifiers, None
        modifiers.append(first)
        rest = behind
    name = _WRITTEN.get(rest.lower())
    if name is None and len(rest) == 1:
        return modifiers, rest if rest.isprintable() else None
    if name is None:
        name = next((each for each in string.punctuation if _name(each) == rest.lower()), None)
    return modifiers, name


def _name(character: str) -> str:
    """Textual's name of a punctuation mark."""
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return _REPLACED.get(name, name)
