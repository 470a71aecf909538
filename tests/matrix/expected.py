"""What may be done: platform × act × state of chat and message, by hand from the API reference.

Sources are its capability table, "Telegram notes", "Bluesky notes", "Edit a message", "React to a message"
and "Private reply". The command line, the screen and the raw API are held against it, cell by cell.

A cell is `YES`, or why not: the words that the refusal has, and what the API would have made of the request.
`None`: there is no such thing on that platform.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Do(StrEnum):
    """What a person does."""

    SEND_TEXT = "send a text"
    SEND_FILE = "send a file"
    SEND_BUTTONS = "send buttons"
    REPLY_TO = "reply to the message"
    EDIT = "edit the words"
    PUT_BUTTONS = "put other buttons under it"
    REMOVE_BUTTONS = "remove its buttons"
    REACT = "react to it"
    UNREACT = "take the reaction off"
    ARCHIVE = "archive the chat"
    UNARCHIVE = "bring the chat back"
    NEW_CHAT = "begin a chat"
    NEW_CHAT_WITH_TEXT = "begin a chat with a text"
    PRIVATE_REPLY = "answer a comment privately"


ON_MESSAGES = (Do.REPLY_TO, Do.EDIT, Do.PUT_BUTTONS, Do.REMOVE_BUTTONS, Do.REACT, Do.UNREACT)
"""Acts on one message; the others are on a chat, a profile or a comment."""


class Api(StrEnum):
    """What becomes of a request that is not to be made."""

    REFUSED = "4xx"
    """The reference says so: it must never leave."""
    FAILS = "accepted, then failed"
    """The platform refuses it later."""
    MOOT = "accepted"
    """It changes nothing, or the reference leaves to the platform what becomes of it."""


@dataclass(frozen=True)
class No:
    """A refusal: `words` are part of the reason that the person is given."""

    words: str
    api: Api


YES = "yes"
Expectation: TypeAlias = "No | str"
Row: TypeAlias = "tuple[Expectation | None, Expectation | None, Expectation | None, Expectation | None]"

PLATFORMS = ("facebook", "instagram", "telegram", "bluesky")

NO_EDIT = No("cannot be edited; Telegram only", Api.REFUSED)
NO_BUTTONS = No("has no buttons here; Telegram only", Api.REFUSED)
NO_REPLY = No("no replies to a single message here; Telegram only", Api.REFUSED)
NO_FILES = No("takes text only", Api.REFUSED)
TG_REACT = No("Telegram has no reactions", Api.REFUSED)
BS_REACT = No("Reactions on Bluesky are not supported", Api.REFUSED)
NO_ARCHIVE = No("cannot be archived; Bluesky only", Api.REFUSED)
TG_PRIVATE = No("Telegram has no private replies", Api.REFUSED)
BS_PRIVATE = No("Bluesky has no private replies", Api.REFUSED)
NOT_FIRST = No("A Telegram bot cannot write first", Api.REFUSED)

CLOSED = No("Window probably closed", Api.FAILS)
FB_FIRST = No("Facebook lets you write only after", Api.FAILS)
IG_FIRST = No("Instagram lets you write only after", Api.FAILS)
GONE = No("Connect it again in Postproxy", Api.FAILS)
GONE_FIRST = No("Connect it again in Postproxy", Api.REFUSED)
GONE_QUIETLY = No("Connect it again in Postproxy", Api.MOOT)
REPLIED = No("has had its private reply", Api.FAILS)
TOO_OLD = No("older than 7 days", Api.FAILS)

THEIRS = No("Only your own messages can be edited", Api.REFUSED)
NOT_THERE = No("Only a message that has been delivered can be edited", Api.REFUSED)
LOCKED = No("no edits of a message sent with a reply keyboard", Api.REFUSED)
SAME = No("is so already", Api.REFUSED)
SAME_QUIETLY = No("is so already", Api.MOOT)
NOT_REACHED = No("has not reached", Api.REFUSED)
DELETED = No("The message was deleted", Api.MOOT)
NO_REACTION = No("no reaction of yours", Api.MOOT)
ARCHIVED = No("archived already", Api.MOOT)
NOT_ARCHIVED = No("is not archived", Api.MOOT)
NO_DID = No("DID", Api.MOOT)

# fmt: off
ON_CHATS: dict[Do, dict[str, Row]] = {
    #                        facebook    instagram   telegram    bluesky
    Do.SEND_TEXT: {
        "open":             (YES,        YES,        YES,        YES),
        "window closed":    (CLOSED,     CLOSED,     YES,        YES),
        "never written":    (FB_FIRST,   IG_FIRST,   NOT_FIRST,  YES),
        "not connected":    (GONE,       GONE,       GONE,       GONE),
    },
    Do.SEND_FILE: {
        "open":             (YES,        YES,        YES,        NO_FILES),
        "window closed":    (CLOSED,     CLOSED,     YES,        NO_FILES),
        "never written":    (FB_FIRST,   IG_FIRST,   NOT_FIRST,  NO_FILES),
        "not connected":    (GONE,       GONE,       GONE,       NO_FILES),
    },
    Do.SEND_BUTTONS: {
        "open":             (NO_BUTTONS, NO_BUTTONS, YES,        NO_BUTTONS),
        "window closed":    (NO_BUTTONS, NO_BUTTONS, YES,        NO_BUTTONS),
        "never written":    (NO_BUTTONS, NO_BUTTONS, NOT_FIRST,  NO_BUTTONS),
        "not connected":    (NO_BUTTONS, NO_BUTTONS, GONE,       NO_BUTTONS),
    },
    Do.ARCHIVE: {
        "open":             (NO_ARCHIVE, NO_ARCHIVE, NO_ARCHIVE, YES),
        "window closed":    (NO_ARCHIVE, NO_ARCHIVE, NO_ARCHIVE, YES),
        "never written":    (NO_ARCHIVE, NO_ARCHIVE, NO_ARCHIVE, YES),
        "archived":         (None,       None,       None,       ARCHIVED),
        "not connected":    (NO_ARCHIVE, NO_ARCHIVE, NO_ARCHIVE, GONE_QUIETLY),
    },
    Do.UNARCHIVE: {
        "open":             (NO_ARCHIVE, NO_ARCHIVE, NO_ARCHIVE, NOT_ARCHIVED),
        "archived":         (None,       None,       None,       YES),
        "not connected":    (NO_ARCHIVE, NO_ARCHIVE, NO_ARCHIVE, GONE_QUIETLY),
    },
    Do.NEW_CHAT: {
        "with a stranger":  (YES,        YES,        YES,        YES),
        "by a handle":      (None,       None,       None,       NO_DID),
        "not connected":    (GONE_QUIETLY, GONE_QUIETLY, GONE_QUIETLY, GONE_QUIETLY),
    },
    Do.NEW_CHAT_WITH_TEXT: {
        "with a stranger":  (FB_FIRST,   IG_FIRST,   NOT_FIRST,  YES),
        "by a handle":      (None,       None,       None,       NO_DID),
        "not connected":    (GONE,       GONE,       GONE_FIRST, GONE),
    },
    Do.PRIVATE_REPLY: {
        "fresh comment":    (YES,        YES,        TG_PRIVATE, BS_PRIVATE),
        "answered comment": (REPLIED,    REPLIED,    TG_PRIVATE, BS_PRIVATE),
        "old comment":      (TOO_OLD,    TOO_OLD,    TG_PRIVATE, BS_PRIVATE),
        "not connected":    (GONE,       GONE,       TG_PRIVATE, BS_PRIVATE),
    },
}
"""Acts by the state of the chat, the profile or the comment. Of two reasons the lasting one is given."""

ON_MESSAGE: dict[Do, dict[str, Row]] = {
    #                            facebook     instagram    telegram     bluesky
    Do.REPLY_TO: {
        "theirs":               (NO_REPLY,    NO_REPLY,    YES,         NO_REPLY),
        "theirs, deleted":      (NO_REPLY,    NO_REPLY,    DELETED,     NO_REPLY),
        "ours":                 (NO_REPLY,    NO_REPLY,    YES,         NO_REPLY),
        "ours, a file":         (NO_REPLY,    NO_REPLY,    YES,         None),
        "window closed":        (NO_REPLY,    NO_REPLY,    YES,         NO_REPLY),
        "not connected":        (NO_REPLY,    NO_REPLY,    GONE,        NO_REPLY),
    },
    Do.EDIT: {
        "theirs":               (NO_EDIT,     NO_EDIT,     THEIRS,      NO_EDIT),
        "theirs, deleted":      (NO_EDIT,     NO_EDIT,     THEIRS,      NO_EDIT),
        "ours":                 (NO_EDIT,     NO_EDIT,     YES,         NO_EDIT),
        "ours, pending":        (NO_EDIT,     NO_EDIT,     NOT_THERE,   NO_EDIT),
        "ours, failed":         (NO_EDIT,     NO_EDIT,     NOT_THERE,   NO_EDIT),
        "ours, deleted":        (NO_EDIT,     NO_EDIT,     DELETED,     NO_EDIT),
        "ours, a file":         (NO_EDIT,     NO_EDIT,     YES,         None),
        "ours, inline buttons": (None,        None,        YES,         None),
        "ours, reply keyboard": (None,        None,        LOCKED,      None),
        "ours, the same words": (NO_EDIT,     NO_EDIT,     SAME,        NO_EDIT),
        "window closed":        (NO_EDIT,     NO_EDIT,     YES,         NO_EDIT),
        "not connected":        (NO_EDIT,     NO_EDIT,     GONE_QUIETLY, NO_EDIT),
    },
    Do.PUT_BUTTONS: {
        "theirs":               (NO_BUTTONS,  NO_BUTTONS,  THEIRS,      NO_BUTTONS),
        "ours":                 (NO_BUTTONS,  NO_BUTTONS,  YES,         NO_BUTTONS),
        "ours, pending":        (NO_BUTTONS,  NO_BUTTONS,  NOT_THERE,   NO_BUTTONS),
        "ours, failed":         (NO_BUTTONS,  NO_BUTTONS,  NOT_THERE,   NO_BUTTONS),
        "ours, deleted":        (NO_BUTTONS,  NO_BUTTONS,  DELETED,     NO_BUTTONS),
        "ours, a file":         (NO_BUTTONS,  NO_BUTTONS,  YES,         None),
        "ours, inline buttons": (None,        None,        YES,         None),
        "ours, reply keyboard": (None,        None,        LOCKED,      None),
        "window closed":        (NO_BUTTONS,  NO_BUTTONS,  YES,         NO_BUTTONS),
        "not connected":        (NO_BUTTONS,  NO_BUTTONS,  GONE_QUIETLY, NO_BUTTONS),
    },
    Do.REMOVE_BUTTONS: {
        "theirs":               (NO_BUTTONS,  NO_BUTTONS,  THEIRS,      NO_BUTTONS),
        "ours":                 (NO_BUTTONS,  NO_BUTTONS,  SAME,        NO_BUTTONS),
        "ours, inline buttons": (None,        None,        YES,         None),
        "ours, reply keyboard": (None,        None,        LOCKED,      None),
        "not connected":        (NO_BUTTONS,  NO_BUTTONS,  GONE_QUIETLY, NO_BUTTONS),
    },
    Do.REACT: {
        "theirs":               (YES,         YES,         TG_REACT,    BS_REACT),
        "theirs, deleted":      (DELETED,     DELETED,     TG_REACT,    BS_REACT),
        "theirs, reacted to":   (SAME_QUIETLY, SAME_QUIETLY, None,      None),
        "ours":                 (YES,         YES,         TG_REACT,    BS_REACT),
        "ours, pending":        (NOT_REACHED, NOT_REACHED, TG_REACT,    BS_REACT),
        "ours, failed":         (NOT_REACHED, NOT_REACHED, TG_REACT,    BS_REACT),
        "ours, a file":         (YES,         YES,         TG_REACT,    None),
        "window closed":        (YES,         YES,         TG_REACT,    BS_REACT),
        "not connected":        (GONE_QUIETLY, GONE_QUIETLY, TG_REACT,  BS_REACT),
    },
    Do.UNREACT: {
        "theirs":               (NO_REACTION, NO_REACTION, TG_REACT,    BS_REACT),
        "theirs, deleted":      (DELETED,     DELETED,     TG_REACT,    BS_REACT),
        "theirs, reacted to":   (YES,         YES,         None,        None),
        "ours":                 (NO_REACTION, NO_REACTION, TG_REACT,    BS_REACT),
        "ours, pending":        (NOT_REACHED, NOT_REACHED, TG_REACT,    BS_REACT),
        "not connected":        (GONE_QUIETLY, GONE_QUIETLY, TG_REACT,  BS_REACT),
    },
}
"""Acts by the state of the message; its chat is open unless the state says otherwise."""
# fmt: on


@dataclass(frozen=True)
class Cell:
    """One place of the table."""

    platform: str
    do: Do
    state: str
    expected: Expectation

    @property
    def refused(self) -> No | None:
        """Why it must not be done; None where it must work."""
        return self.expected if isinstance(self.expected, No) else None

    def __str__(self) -> str:
        return f"{self.platform}: {self.do} ({self.state})"


def cells() -> Iterator[Cell]:
    """Every cell in which there is something to expect."""
    for table in (ON_CHATS, ON_MESSAGE):
        for do, states in table.items():
            for state, row in states.items():
                for platform, expected in zip(PLATFORMS, row, strict=True):
                    if expected is not None:
                        yield Cell(platform, do, state, expected)
