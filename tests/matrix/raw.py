"""The requests of the API for a cell of the table, written by hand from the API reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.matrix.expected import Cell, Do
from tests.matrix.verbs import OTHER, address_for, words_for
from tests.matrix.world import INLINE, Place


@dataclass(frozen=True)
class Raw:
    """One request. `{made}` in the path is the id that the request before it has made."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    query: Mapping[str, str] = field(default_factory=dict)


def requests_for(cell: Cell, place: Place) -> list[Raw]:
    """Everything that a client would ask for."""
    text = words_for(cell)
    messages, message = f"/api/chats/{place.chat}/messages", f"/api/messages/{place.message}"
    match cell.do:
        case Do.SEND_TEXT:
            return [Raw("POST", messages, {"body": text})]
        case Do.SEND_FILE:
            return [Raw("POST", messages, {"media": [address_for(place)]})]
        case Do.SEND_BUTTONS:
            return [Raw("POST", messages, {"body": text, "reply_markup": INLINE})]
        case Do.REPLY_TO:
            return [Raw("POST", messages, {"body": text, "reply_to_external_id": place.external_id})]
        case Do.EDIT:
            return [Raw("PATCH", message, {"body": text})]
        case Do.PUT_BUTTONS:
            return [Raw("PATCH", message, {"reply_markup": OTHER})]
        case Do.REMOVE_BUTTONS:
            return [Raw("PATCH", message, {"reply_markup": {}})]
        case Do.REACT:
            return [Raw("POST", f"{message}/react", {"reaction": "love"})]
        case Do.UNREACT:
            return [Raw("DELETE", f"{message}/unreact")]
        case Do.ARCHIVE:
            return [Raw("POST", f"/api/chats/{place.chat}/archive")]
        case Do.UNARCHIVE:
            return [Raw("DELETE", f"/api/chats/{place.chat}/archive")]
        case Do.NEW_CHAT | Do.NEW_CHAT_WITH_TEXT:
            person = {"participant_external_id": place.participant}
            made = [Raw("POST", f"/api/profiles/{place.profile}/chats", person)]
            first = Raw("POST", "/api/chats/{made}/messages", {"body": text})
            return made if cell.do is Do.NEW_CHAT else [*made, first]
        case Do.PRIVATE_REPLY:
            path = f"/api/posts/{place.post}/comments/{place.comment}/private_reply"
            return [Raw("POST", path, {"text": text}, {"profile_id": place.profile})]
