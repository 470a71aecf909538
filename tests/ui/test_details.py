"""Details: every field, what is unknown, and the record as the API has it now."""

from __future__ import annotations

import json

from inbox_tui.store import answers, fetched
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.details import Details
from tests.ui.conftest import Desk, DeskMaker


def whole(desk: Desk) -> str:
    """The text of the dialog, also what is scrolled away."""
    screen = desk.app.screen
    assert isinstance(screen, Details)
    return str(screen.query_one("#details-text").render())


async def test_every_field_of_message_and_chat_is_named_as_the_api_names_it(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await at.open("Jane Doe")
        await at.press("I")
        text = whole(at)
        for name in (
            "external_id", "direction", "body", "status", "external_posted_at", "external_delivered_at",
            "external_read_at", "external_edited_at", "external_deleted_at", "reply_to_external_id",
            "reply_markup", "reactions", "attachments", "is_unsupported", "participant_external_id",
            "participant_username", "last_inbound_at", "last_outbound_at", "archived", "created_at",
        ):  # fmt: skip
            assert f"  {name} " in text, name


async def test_a_missing_key_of_the_metadata_is_unknown_and_not_no(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await at.open("Jane Doe")
        assert at.inbox.shown is not None
        known = at.inbox.shown.chat.metadata
        await at.press("I")
        lines = [line.split() for line in whole(at).splitlines()]
        said = {words[0]: words[1] for words in lines if len(words) == 2}
        for name in ("is_verified_user", "is_user_follow_business", "is_business_follow_user"):
            value = known.get(name)
            assert said[name] == ("unknown" if value is None else "yes" if value else "no"), name


async def test_the_live_record_is_asked_for_and_drawn_escaped(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await at.open("Jane Doe")
        chat = at.inbox.shown
        assert chat is not None
        await at.press("I")
        assert "fetching…" in whole(at)
        wants = "SELECT count(*) FROM local.needs WHERE kind = 'record' AND subject = ?"
        asked = (f"chat:{chat.chat.id}",)
        await at.until(lambda: at.inbox.session.reader.execute(wants, asked).fetchone() == (1,))

        def answer(writer: Writer) -> None:
            answers.keep_record(writer, "chat", chat.chat.id, {"participant_name": "a\u202eb\x1b]0;x\x07"})

        at.inbox.session.write(answer).result()
        await at.until(lambda: "\\u202e" in whole(at))
        assert "\\u001b]0;x\\u0007" in whole(at)
        await at.press("y")
        assert json.loads(at.app.clipboard) == {"participant_name": "a\u202eb\x1b]0;x\x07"}
        assert not {"\u202e", "\x1b", "\x07"} & set(at.app.clipboard)
        assert at.says("Copied the record of the chat")


async def test_without_a_live_record_there_is_nothing_to_copy(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await at.open("Jane Doe")
        await at.press("I", "y")
        assert at.says("There is no live record yet")
        assert at.app.clipboard == ""


async def test_a_record_that_cannot_be_had_says_why(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await at.open("Jane Doe")
        shown = at.inbox.shown
        assert shown is not None
        await at.press("I")

        def refuse(writer: Writer) -> None:
            answers.keep_fault(writer, "chat", shown.chat.id, "Not found")

        at.inbox.session.write(refuse).result()
        await at.until(lambda: "Not found" in whole(at))
        assert fetched.record(at.inbox.session.reader, "chat", shown.chat.id) is not None


async def test_in_the_list_it_is_the_chat_under_the_cursor(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        row = at.inbox.chats.cursor_row
        assert row is not None
        await at.press("I")
        assert row.chat.id in whole(at)
        assert "reply_to_external_id" not in whole(at)
