"""The whole table at the screen: each act by its key, with what the key says and what it queues."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.matrix.expected import (
    BS_PRIVATE,
    FB_FIRST,
    IG_FIRST,
    NOT_FIRST,
    SAME,
    SAME_QUIETLY,
    TG_PRIVATE,
    Cell,
    Do,
    No,
    cells,
)
from tests.matrix.screen import NOT_OFFERED, Asked
from tests.matrix.verbs import address_for, words_for
from tests.matrix.world import Place

OnScreen = tuple[dict[Cell, Place], dict[Cell, Asked]]
CELLS = list(cells())
TOGGLED = {(Do.ARCHIVE, "archived"), (Do.UNARCHIVE, "open")}
"""One key archives and brings back, so there is no way to ask for what is so already: it does the other."""
INSIDE = (Do.NEW_CHAT, Do.NEW_CHAT_WITH_TEXT, Do.PRIVATE_REPLY)
"""Whether these can be done is a matter of the person or comment that is chosen behind their key."""
CALL = {"inline_keyboard": [[{"text": "Call me", "callback_data": "call"}]]}
WRITTEN_FIRST = {
    FB_FIRST: "only to people who have written to it",
    IG_FIRST: "only to people who have written to you",
    NOT_FIRST: "A bot cannot write first",
}
"""What the dialog of a new chat says of each platform before anything is typed."""


def reason(cell: Cell, refusal: No) -> str:
    """The words of the screen for a refusal of the table."""
    if cell.do is Do.NEW_CHAT_WITH_TEXT and refusal in WRITTEN_FIRST:
        return WRITTEN_FIRST[refusal]
    if cell.do is Do.PRIVATE_REPLY and refusal in (TG_PRIVATE, BS_PRIVATE):
        return NOT_OFFERED
    if cell.do is Do.EDIT and refusal is SAME:
        return "Nothing is changed yet"
    return refusal.words


@pytest.mark.parametrize(
    "cell", [cell for cell in CELLS if cell.refused and (cell.do, cell.state) not in TOGGLED], ids=str
)
def test_what_cannot_be_done_is_explained_by_its_key_and_queues_nothing(
    cell: Cell, on_screen: OnScreen
) -> None:
    asked = on_screen[1][cell]
    assert isinstance(cell.expected, No)
    assert reason(cell, cell.expected) in asked.said
    assert asked.queued == ()


@pytest.mark.parametrize("cell", [cell for cell in CELLS if not cell.refused], ids=str)
def test_what_can_be_done_is_queued_once_by_its_key(cell: Cell, on_screen: OnScreen) -> None:
    places, asked = on_screen
    place = places[cell]
    (item,) = asked[cell].queued
    act, payload = intention(cell, place)
    assert item.act == act
    assert {name: item.payload.get(name) for name in payload} == payload
    if place.chat:
        assert item.chat_id == place.chat


def intention(cell: Cell, place: Place) -> tuple[str, Mapping[str, object]]:
    """What must stand in the outbox."""
    text, message = words_for(cell), {"message_id": place.message}
    match cell.do:
        case Do.SEND_TEXT:
            return "send", {"text": text, "reply_markup": None}
        case Do.SEND_FILE:
            return "send", {"media_url": address_for(place)}
        case Do.SEND_BUTTONS:
            return "send", {"text": text, "reply_markup": CALL}
        case Do.REPLY_TO:
            return "send", {"text": text, "reply_to": place.external_id, "reply_to_id": place.message}
        case Do.EDIT:
            before = "A caption" if cell.state.endswith("a file") else "These words"
            return "edit", {**message, "text": f"{before} {text}"}
        case Do.PUT_BUTTONS:
            track = [{"text": "Track order", "callback_data": "track"}]
            rows = [track] if "inline" in cell.state else []
            return "edit", {**message, "reply_markup": {"inline_keyboard": rows + CALL["inline_keyboard"]}}
        case Do.REMOVE_BUTTONS:
            return "edit", {**message, "reply_markup": {}}
        case Do.REACT:
            return "react", {**message, "reaction": "love"}
        case Do.UNREACT:
            return "unreact", message
        case Do.ARCHIVE:
            return "archive", {}
        case Do.UNARCHIVE:
            return "unarchive", {}
        case Do.NEW_CHAT | Do.NEW_CHAT_WITH_TEXT:
            return "new_chat", {"participant": place.participant}
        case Do.PRIVATE_REPLY:
            return "private_reply", {"post_id": place.post, "comment_id": place.comment, "text": text}


@pytest.mark.parametrize("cell", [cell for cell in CELLS if (cell.do, cell.state) in TOGGLED], ids=str)
def test_what_is_archived_is_never_archived_again(cell: Cell, on_screen: OnScreen) -> None:
    asked = on_screen[1][cell]
    if cell.platform == "bluesky":
        opposite = "unarchive" if cell.do is Do.ARCHIVE else "archive"
        assert [item.act for item in asked.queued] == [opposite]
    else:
        assert isinstance(cell.expected, No)
        assert cell.expected.words in asked.said
        assert asked.queued == ()


def test_footer_and_palette_offer_only_what_works(on_screen: OnScreen) -> None:
    seen = 0
    for cell, asked in on_screen[1].items():
        if cell.do in INSIDE or (cell.do, cell.state) in TOGGLED or cell.expected in (SAME, SAME_QUIETLY):
            continue
        seen += 1
        refusal = cell.refused
        assert asked.footer in (None, refusal is None), cell
        if asked.palette is not None:
            assert asked.palette.startswith("✗") is (refusal is not None), cell
            assert refusal is None or refusal.words in asked.palette, cell
    assert seen == 231


def test_every_cell_of_the_table_is_asked(on_screen: OnScreen) -> None:
    assert set(on_screen[1]) == set(CELLS)
    assert len(CELLS) == 274
