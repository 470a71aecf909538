"""The one registry of keys: bindings, footer, help and documentation are all read from here.

A key is written as the character it types (`j`, `?`, `G`), by Textual's name where it types none
(`enter`, `ctrl+d`), or as a sequence with spaces (`g g`). Textual knows no sequences and no counts,
so `Chords` turns keys into actions for the whole program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from inbox_tui.core.capabilities import Act


class Context(StrEnum):
    """Where a key works. TYPING holds whenever a text field has the focus."""

    LIST = "list"
    THREAD = "thread"
    TYPING = "typing"


NORMAL = (Context.LIST, Context.THREAD)


@dataclass(frozen=True, slots=True)
class Action:
    """Something the person can do by key. `footer` is its short name there; empty: only in the help.

    `act`: what `core.capabilities` is asked before it is done, of the chat or, in a thread, the message that
    the key is about; None where nothing can stand in its way, or where its area is asked (`Acts.why_not`).
    `types`: it opens a place to type, so where it does not, what is typed behind it is no command.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    group: str
    contexts: tuple[Context, ...] = NORMAL
    footer: str = ""
    act: Act | None = None
    types: bool = False


ACTIONS: Sequence[Action] = (
    Action("move_down", ("j", "down"), "Next row", "Move", footer="move"),
    Action("move_up", ("k", "up"), "Previous row", "Move"),
    Action("first", ("g g", "home"), "First row; 2gg is the second", "Move"),
    Action("last", ("G", "end"), "Last row", "Move"),
    Action("half_down", ("ctrl+d", "pagedown"), "Half a screen down", "Move"),
    Action("half_up", ("ctrl+u", "pageup"), "Half a screen up", "Move"),
    Action("open", ("enter", "l", "right"), "Open the chat", "Panes", (Context.LIST,), "open"),
    Action("back", ("escape", "h", "left"), "Back to the list", "Panes", (Context.THREAD,), "back"),
    Action("clear_filter", ("escape",), "Show all chats again", "Panes", (Context.LIST,)),
    Action("next_chat", ("J",), "Next chat", "Panes", (Context.THREAD,)),
    Action("previous_chat", ("K",), "Previous chat", "Panes", (Context.THREAD,)),
    Action("next_attention", ("tab",), "Next chat that needs a reply, the longest waiting first", "Panes"),
    Action("reply", ("r", "i"), "Write a reply", "Answer", footer="reply", types=True),
    Action(
        "reply_to",
        ("R",),
        "Reply to the selected message (Telegram)",
        "Answer",
        (Context.THREAD,),
        "reply to it",
        Act.REPLY_TO,
        types=True,
    ),
    Action("retry", ("!",), "Send a failed or uncertain message again", "Answer", (Context.THREAD,)),
    Action("discard", ("D",), "Give a failed or uncertain message up", "Answer", (Context.THREAD,)),
    Action("take_back", ("z",), "Undo: take back the held message, else the newest act of triage", "Answer"),
    Action("redo", ("ctrl+r",), "Do again what was undone", "Triage"),
    Action("react", ("+",), "React to the message", "Message", (Context.THREAD,), act=Act.REACT),
    Action("unreact", ("-",), "Take our reaction off the message", "Message", (Context.THREAD,)),
    Action(
        "edit",
        ("E",),
        "Edit the message (Telegram)",
        "Message",
        (Context.THREAD,),
        act=Act.EDIT_TEXT,
        types=True,
    ),
    Action(
        "edit_keyboard",
        ("B",),
        "Change or remove the buttons of the message (Telegram)",
        "Message",
        (Context.THREAD,),
        act=Act.EDIT_KEYBOARD,
        types=True,
    ),
    Action("copy", ("y",), "Copy the words of the message", "Message", (Context.THREAD,)),
    Action("open_attachment", ("o",), "Open a file or a link", "Message", (Context.THREAD,)),
    Action("save_attachment", ("S",), "Save a file", "Message", (Context.THREAD,), types=True),
    Action("archive", ("M",), "Archive on the platform, or bring back (Bluesky)", "Chat"),
    Action(
        "comments", ("C",), "Comments, and private replies to them (Facebook, Instagram)", "Chat", types=True
    ),
    Action("new_chat", ("c",), "New chat", "Chat", types=True),
    Action("details", ("I",), "Details of the message and the chat, and the live record", "Chat"),
    Action("done", ("e",), "Done, or reopen", "Triage", footer="done"),
    Action("read", ("u",), "Read or unread", "Triage"),
    Action("done_next", ("]",), "Done, and to the next chat that needs a reply", "Triage"),
    Action("done_no_reply", ("#",), "Done, no reply needed: read, too", "Triage"),
    Action("snooze", ("s",), "Snooze, or bring back", "Triage", types=True),
    Action("labels", ("t",), "Labels", "Triage", types=True),
    Action("note", ("P",), "Private note; it is never sent", "Triage", types=True),
    Action("pin", ("*",), "Pin, or take the pin off", "Triage"),
    Action("filter", ("\\",), "Filter the list", "Find", footer="filter", types=True),
    Action("palette", (":", "ctrl+p"), "Commands and themes", "Program", footer="commands", types=True),
    Action("help", ("?",), "All keys", "Program", footer="help"),
    Action("repaint", ("ctrl+l",), "Draw the screen again", "Program"),
    Action("quit", ("ctrl+q",), "Quit", "Program", (*NORMAL, Context.TYPING)),
    Action("send", ("enter",), "Send", "Composer", (Context.TYPING,), "send"),
    Action("send_done", ("ctrl+g",), "Send, and close the chat for us", "Composer", (Context.TYPING,)),
    Action("newline", ("ctrl+j", "shift+enter"), "New line", "Composer", (Context.TYPING,), "new line"),
    Action(
        "undo_send",
        ("ctrl+z",),
        "Undo typing; in an empty composer, take the held message back",
        "Composer",
        (Context.TYPING,),
    ),
    Action("leave", ("escape",), "Leave; the text stays", "Composer", (Context.TYPING,), "leave"),
    Action(
        "attach",
        ("ctrl+f",),
        "Attach a file, change it or take it off",
        "Composer",
        (Context.TYPING,),
        "attach",
        Act.SEND_ATTACHMENT,
        types=True,
    ),
    Action(
        "keyboard",
        ("ctrl+n",),
        "Buttons under the message (Telegram)",
        "Composer",
        (Context.TYPING,),
        "buttons",
        Act.REPLY_MARKUP,
        types=True,
    ),
    Action(
        "external_editor",
        ("ctrl+o",),
        "Write in the editor of $VISUAL or $EDITOR",
        "Composer",
        (Context.TYPING,),
        "editor",
    ),
)

TYPING_KEYS: Mapping[str, Action] = {
    key: action for action in ACTIONS if Context.TYPING in action.contexts for key in action.keys
}
"""What each key does in the composer; every other key writes, or moves the caret."""

KEY_LABELS: Mapping[str, str] = {
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
    "shift+enter": "Shift+⏎",
}


def label(key: str) -> str:
    """A key as it is written for people: `ctrl+d` is `Ctrl+D`, `g g` is `gg`."""
    if " " in key:
        return "".join(label(part) for part in key.split())
    if key in KEY_LABELS:
        return KEY_LABELS[key]
    if key.startswith("ctrl+"):
        return f"Ctrl+{key.removeprefix('ctrl+').upper()}"
    return key


def conflicts(actions: Iterable[Action]) -> list[tuple[str, Action, Action]]:
    """Pairs of actions that one key would start in one context, or that one sequence would hide."""
    found = []
    listed = [(key.split(), action) for action in actions for key in action.keys]
    for number, (key, action) in enumerate(listed):
        for other, another in listed[number + 1 :]:
            short = min(len(key), len(other))
            if key[:short] == other[:short] and set(action.contexts) & set(another.contexts):
                found.append((" ".join(key), action, another))
    return found


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key came to: an action with its count, or the keys of a sequence that is not complete."""

    action: Action | None = None
    count: int = 1
    pending: str = ""


class Chords:
    """Turns keys into actions: sequences (`g g`) and counts (`5 j`). Keys that mean nothing are dropped."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._table: dict[tuple[Context, tuple[str, ...]], Action] = {
            (context, tuple(key.split())): action
            for action in actions
            for key in action.keys
            for context in action.contexts
        }
        self._prefixes = {
            (context, keys[:length]) for context, keys in self._table for length in range(1, len(keys))
        }
        self._keys: tuple[str, ...] = ()
        self._count = ""

    def press(self, key: str, context: Context) -> Pressed:
        """Feed one key of a context."""
        if not self._keys and key.isdigit() and (self._count or key != "0"):
            self._count = (self._count + key)[-4:]
            return Pressed(pending=self._count)
        keys = (*self._keys, key)
        action = self._table.get((context, keys))
        if action is None and (context, keys) in self._prefixes:
            self._keys = keys
            return Pressed(pending=self._count + "".join(keys))
        count = int(self._count or 1)
        self._keys, self._count = (), ""
        return Pressed(action=action, count=count)


FILTER_KEYS = (("⏎", "keep"), ("Esc", "show all"))
"""What the keys of the filter line are called in the footer."""


def footer_keys(context: Context, works: Callable[[Action], bool] = lambda _: True) -> list[tuple[str, str]]:
    """(keys, short name) of what the footer offers in a context, of what works there now."""
    return [
        ("j/k" if action.id == "move_down" else label(action.keys[0]), action.footer)
        for action in ACTIONS
        if action.footer and context in action.contexts and works(action)
    ]
