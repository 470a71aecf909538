"""`docs/keys.md`, written from the registry: `python -m inbox_tui.ui.keys_table > docs/keys.md`."""

from __future__ import annotations

from collections.abc import Sequence

from inbox_tui.ui.actions import Action, Context
from inbox_tui.ui.keymap import ESSENTIAL, Keymap, groups
from inbox_tui.ui.keys import written

PLACES = {Context.LIST: "list", Context.THREAD: "thread", Context.TYPING: "composer"}
"""What a place is called in the table."""
HEAD = """# Keys

Written by `make docs` from the registry of actions. `?` in the program shows the keys that are in force, and
`:` finds every action by its name.

**NORMAL** is everywhere but in a text field: letters are commands there, and a number in front of one is a
count (`5j`). **TYPING** is in a text field: no letter and no Alt key is a command; Esc leaves and keeps the
text.

To change keys, name the action in `config.toml`:

```toml
[keys]
done = ["d", "F5"]       # several
snooze = "g z"           # two in a row
pin = []                 # none
external_editor = "Ctrl+E"
```

Keys are written like here, or by Textual's names (`ctrl+g`, `pagedown`). A key that two actions would have in
one place is refused with both named, and so is a letter for an action in the composer. Actions marked •
always keep a key. What cannot be used is named when the program starts, by `?` and by `inbox-tui doctor`; the
action then has the keys of the last file without mistakes, else those below.

Dialogs have keys of their own, which they name at their foot: mostly ⏎ does it, Esc leaves, ↑ ↓ choose.
"""
"""What stands above the table."""


def table() -> str:
    """The page, with every action by group."""
    parts = [HEAD]
    for name, actions in groups(Keymap().actions):
        parts.append(
            f"\n## {name}\n\n| keys | does | works in | action |\n|---|---|---|---|\n{_rows(actions)}"
        )
    return "".join(parts)


def _rows(actions: Sequence[Action]) -> str:
    return "".join(
        f"| {_keys(action)} | {_escaped(action.title)} | {_places(action)} | "
        f"`{action.id}`{' •' if action.id in ESSENTIAL else ''} |\n"
        for action in actions
    )


def _keys(action: Action) -> str:
    return " ".join(_code(written(key)) for key in action.keys) or "none"


def _code(words: str) -> str:
    """As code; a bar would end the cell of the table."""
    return f"`{words}`".replace("|", "\\|")


def _escaped(words: str) -> str:
    return words.replace("|", "\\|")


def _places(action: Action) -> str:
    return ", ".join(name for context, name in PLACES.items() if context in action.contexts)


if __name__ == "__main__":
    print(table(), end="")
