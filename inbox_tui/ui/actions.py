"""The one registry of actions, with their keys as they are by default, written as `ui.keys` says.

What is in force, after the person's own changes, is a `ui.keymap.Keymap`: dispatcher, footer, help, palette
and `docs/keys.md` are read from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inbox_tui.core.capabilities import Act


class Context(StrEnum):
    """Where a key works. TYPING holds whenever a text field has the focus."""

    LIST = "list"
    THREAD = "thread"
    TYPING = "typing"


NORMAL = (Context.LIST, Context.THREAD)
"""Where keys are commands."""


class About(StrEnum):
    """What a key is about, besides the program: without one it says so and does nothing."""

    NOTHING = ""
    CHAT = "chat"
    """The chat under the cursor of the list, or the open one."""
    CHATS = "chats"
    """In the list the selected chats, where there are any; else like CHAT."""
    MESSAGE = "message"
    """The message under the cursor of the thread; in the list, the newest of the chat that it fits."""


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
    about: About = About.NOTHING


ACTIONS: Sequence[Action] = (
    Action("move_down", ("j", "down"), "Next row", "Move", footer="move"),
    Action("move_up", ("k", "up"), "Previous row", "Move"),
    Action("first", ("g g", "home"), "First row, or the one of a count", "Move"),
    Action("last", ("G", "end"), "Last row", "Move"),
    Action("half_down", ("ctrl+d", "pagedown"), "Half a screen down", "Move"),
    Action("half_up", ("ctrl+u", "pageup"), "Half a screen up", "Move"),
    Action(
        "open", ("enter", "l", "right"), "Open the chat", "Panes", (Context.LIST,), "open", about=About.CHAT
    ),
    Action("back", ("escape", "h", "left"), "Back to the list", "Panes", (Context.THREAD,), "back"),
    Action("clear_filter", ("escape",), "Select nothing, or show all chats again", "Panes", (Context.LIST,)),
    Action("next_chat", ("J",), "Next chat", "Panes", (Context.THREAD,)),
    Action("previous_chat", ("K",), "Previous chat", "Panes", (Context.THREAD,)),
    Action("next_attention", ("tab",), "Next chat that needs you, the most urgent first", "Views"),
    Action("previous_attention", ("shift+tab",), "The one before it", "Views"),
    Action("view_now", ("g i",), "Now: what needs you, the most urgent first", "Views"),
    Action("view_unread", ("g u",), "Unread", "Views"),
    Action("view_waiting", ("g w",), "Waiting: you have replied", "Views"),
    Action("view_closing", ("g c",), "Closing: the reply window ends within 4 hours", "Views"),
    Action("view_failed", ("g f",), "Failed", "Views"),
    Action("view_snoozed", ("g s",), "Snoozed", "Views"),
    Action("view_done", ("g d",), "Done", "Views"),
    Action("view_all", ("g a",), "All chats, the pinned ones first", "Views"),
    Action(
        "saved_view", ("g v",), "Saved query of the configuration: the first, or the one of a count", "Views"
    ),
    Action("reply", ("r", "i"), "Write a reply", "Answer", footer="reply", types=True, about=About.CHAT),
    Action(
        "reply_to",
        ("R",),
        "Reply to the selected message (Telegram)",
        "Answer",
        NORMAL,
        "reply to it",
        Act.REPLY_TO,
        types=True,
        about=About.MESSAGE,
    ),
    Action("retry", ("!",), "Send a failed or uncertain message again", "Answer", about=About.MESSAGE),
    Action("discard", ("D",), "Give a failed or uncertain message up", "Answer", about=About.MESSAGE),
    Action("outbox", ("O",), "Outbox: what has not arrived, and what was given up", "Answer"),
    Action("take_back", ("z",), "Undo: take back the held message, else the newest act of triage", "Answer"),
    Action("redo", ("ctrl+r",), "Do again what was undone", "Triage"),
    Action(
        "react",
        ("+",),
        "React to the message",
        "Message",
        footer="react",
        act=Act.REACT,
        about=About.MESSAGE,
    ),
    Action(
        "unreact",
        ("-",),
        "Take our reaction off the message",
        "Message",
        footer="unreact",
        about=About.MESSAGE,
    ),
    Action(
        "edit",
        ("E",),
        "Edit the message (Telegram)",
        "Message",
        footer="edit",
        act=Act.EDIT_TEXT,
        types=True,
        about=About.MESSAGE,
    ),
    Action(
        "edit_keyboard",
        ("B",),
        "Change or remove the buttons of the message (Telegram)",
        "Message",
        footer="buttons",
        act=Act.EDIT_KEYBOARD,
        types=True,
        about=About.MESSAGE,
    ),
    Action("copy", ("y",), "Copy the words of the message", "Message", about=About.MESSAGE),
    Action("open_attachment", ("o",), "Open a file or a link", "Message", about=About.MESSAGE),
    Action("save_attachment", ("S",), "Save a file", "Message", types=True, about=About.MESSAGE),
    Action("archive", ("M",), "Archive on the platform, or bring back (Bluesky)", "Chat", about=About.CHAT),
    Action(
        "comments", ("C",), "Comments, and private replies to them (Facebook, Instagram)", "Chat", types=True
    ),
    Action("new_chat", ("c",), "New chat", "Chat", types=True),
    Action(
        "details",
        ("I",),
        "Details of the message and the chat, and the live record",
        "Chat",
        about=About.CHAT,
    ),
    Action("person", ("p",), "The person: note, waits, other chats of theirs", "Chat", about=About.CHAT),
    Action("done", ("e",), "Done, or reopen", "Triage", footer="done", about=About.CHATS),
    Action("read", ("u",), "Read or unread", "Triage", about=About.CHATS),
    Action("done_next", ("]",), "Done, and to the next chat that needs a reply", "Triage", about=About.CHAT),
    Action("done_no_reply", ("#",), "Done, no reply needed: read, too", "Triage", about=About.CHATS),
    Action(
        "snooze", ("s",), "Snooze, or bring back", "Triage", footer="snooze", types=True, about=About.CHATS
    ),
    Action("labels", ("t",), "Labels", "Triage", footer="labels", types=True, about=About.CHATS),
    Action("note", ("P",), "Private note; it is never sent", "Triage", types=True, about=About.CHAT),
    Action("pin", ("*",), "Pin, or take the pin off", "Triage", about=About.CHATS),
    Action("select", ("x",), "Select, with a count so many", "Select", (Context.LIST,), about=About.CHATS),
    Action(
        "select_range",
        ("V",),
        "Select from here by moving; again ends it",
        "Select",
        (Context.LIST,),
        about=About.CHATS,
    ),
    Action("select_all", ("X",), "Select all that the view or filter holds", "Select", (Context.LIST,)),
    Action(
        "search", ("/",), "Search everything that is cached, as you type", "Find", footer="search", types=True
    ),
    Action("next_hit", ("n",), "Next hit: an older one of the chat, then the next chat", "Find"),
    Action("previous_hit", ("N",), "Previous hit", "Find"),
    Action("filter", ("\\",), "Filter the list", "Find", types=True),
    Action(
        "palette",
        (":", "ctrl+p"),
        "Commands, people, views, snippets and themes, by a few letters",
        "Program",
        footer="commands",
        types=True,
    ),
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
        "snippet",
        ("ctrl+t",),
        "Put a snippet in, or make one of the text",
        "Composer",
        (Context.TYPING,),
        "snippet",
        Act.SEND_TEXT,
    ),
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
    Action("palette_while_typing", ("ctrl+p",), "Commands", "Composer", (Context.TYPING,), types=True),
    Action(
        "external_editor",
        ("ctrl+o",),
        "Write in the editor of $VISUAL or $EDITOR",
        "Composer",
        (Context.TYPING,),
        "editor",
    ),
)
"""Every action, in the order in which the help names them."""

FILTER_KEYS = (("⏎", "keep"), ("Esc", "show all"))
"""What the keys of the filter line are called in the footer."""
