"""The words of the command line for a cell of the table."""

from __future__ import annotations

import json

from tests.matrix.expected import Cell, Do
from tests.matrix.world import INLINE, WORDS, Place

OTHER = {"inline_keyboard": [[{"text": "Call me", "callback_data": "call"}]]}


def words_for(cell: Cell) -> str:
    """A text that tells the cell in the server's log; the message's own where nothing is to change."""
    return WORDS if cell.state == "ours, the same words" else f"About: {cell}"


def address_for(place: Place) -> str:
    """The address of a file that tells the cell in the server's log."""
    return f"https://files.example/{place.chat}.png"


def arguments_for(cell: Cell, place: Place) -> list[str]:
    """Verb and arguments."""
    text = words_for(cell)
    match cell.do:
        case Do.SEND_TEXT:
            return ["send", place.chat, text]
        case Do.SEND_FILE:
            return ["send", place.chat, "--url", address_for(place)]
        case Do.SEND_BUTTONS:
            return ["send", place.chat, text, "--markup", json.dumps(INLINE)]
        case Do.REPLY_TO:
            return ["send", place.chat, text, "--reply-to", place.message]
        case Do.EDIT:
            return ["edit", place.message, text]
        case Do.PUT_BUTTONS:
            return ["edit", place.message, "--markup", json.dumps(OTHER)]
        case Do.REMOVE_BUTTONS:
            return ["edit", place.message, "--remove-keyboard"]
        case Do.REACT:
            return ["react", place.message]
        case Do.UNREACT:
            return ["unreact", place.message]
        case Do.ARCHIVE:
            return ["archive", place.chat]
        case Do.UNARCHIVE:
            return ["unarchive", place.chat]
        case Do.NEW_CHAT:
            return ["new-chat", place.profile, place.participant]
        case Do.NEW_CHAT_WITH_TEXT:
            return ["new-chat", place.profile, place.participant, text]
        case Do.PRIVATE_REPLY:
            return ["private-reply", place.post, place.comment, text]
