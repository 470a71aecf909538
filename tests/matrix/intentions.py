"""The row of the outbox for a cell of the table, as a screen would write it that had not asked before."""

from __future__ import annotations

from inbox_tui.core.models import JsonObject
from inbox_tui.store import acts
from inbox_tui.store.acts import ActName, queue_act
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.writer import Writer
from tests.matrix.expected import Cell, Do
from tests.matrix.verbs import OTHER, words_for
from tests.matrix.world import Place

SENDS = (Do.SEND_TEXT, Do.SEND_FILE, Do.SEND_BUTTONS, Do.REPLY_TO)
"""These wait for one another in their chat, and have tests of their own."""


def queue(writer: Writer, cell: Cell, place: Place) -> OutboxItem:
    """Queue what a cell says. Raises Refused where the outbox itself knows better."""
    text, message = words_for(cell), {"message_id": place.message}
    match cell.do:
        case Do.EDIT:
            return _queue(writer, ActName.EDIT, place, {**message, "text": text})
        case Do.PUT_BUTTONS:
            return _queue(writer, ActName.EDIT, place, {**message, "reply_markup": OTHER})
        case Do.REMOVE_BUTTONS:
            return _queue(writer, ActName.EDIT, place, {**message, "reply_markup": {}})
        case Do.REACT:
            return _queue(writer, ActName.REACT, place, {**message, "reaction": "love"})
        case Do.UNREACT:
            return _queue(writer, ActName.UNREACT, place, message)
        case Do.ARCHIVE:
            return _queue(writer, ActName.ARCHIVE, place, {})
        case Do.UNARCHIVE:
            return _queue(writer, ActName.UNARCHIVE, place, {})
        case Do.NEW_CHAT | Do.NEW_CHAT_WITH_TEXT:
            person: JsonObject = {"participant": place.participant}
            payload = person if cell.do is Do.NEW_CHAT else {**person, "text": text}
            chat_id = acts.new_chat_of(place.profile, place.participant)
            return queue_act(writer, ActName.NEW_CHAT, chat_id, place.profile, payload)
        case Do.PRIVATE_REPLY:
            payload = {
                "post_id": place.post,
                "comment_id": place.comment,
                "comment_external_id": place.external_id,
                "text": text,
            }
            chat_id = acts.comment_chat(place.comment)
            return queue_act(writer, ActName.PRIVATE_REPLY, chat_id, place.profile, payload, hold_ms=0)
    raise ValueError(f"{cell} is a send")


def _queue(writer: Writer, act: ActName, place: Place, payload: JsonObject) -> OutboxItem:
    return queue_act(writer, act, place.chat, place.profile, payload)
