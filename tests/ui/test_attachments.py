"""Files of messages: drawn where they can be, said what they are where not, opened and saved by key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from inbox_tui.core.files import media_type
from inbox_tui.core.models import JsonObject, Message
from inbox_tui.store import media as files
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import Folder
from inbox_tui.store.fetched import MediaState
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.saving import save_copy
from inbox_tui.store.threads import ThreadRow
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs import open as open_dialog
from inbox_tui.ui.dialogs.open import OpenDialog, links_in, things_of
from inbox_tui.ui.dialogs.save import SaveDialog
from inbox_tui.ui.pictures import COLUMNS, LINES, Undrawable, decode, fit
from tests.ui.conftest import Desk, DeskMaker


def picture(path: Path, size: tuple[int, int] = (64, 48), kind: str = "PNG") -> Path:
    Image.new("RGB", size, (200, 30, 30)).save(path, kind)
    return path


async def at_image(desk: Desk) -> files.Place:
    """Open a chat at a message with a stored image."""
    found = desk.inbox.session.reader.execute(
        "SELECT m.attachments, c.participant_name FROM messages m JOIN chats c ON c.pk = m.chat "
        "WHERE m.attachments LIKE '%\"image\"%' AND m.attachments LIKE '%\"processed\"%' "
        "AND m.deleted_at IS NULL AND c.participant_name IS NOT NULL ORDER BY c.sort_at DESC"
    ).fetchall()
    for attachments, name in found:
        await desk.open(name)
        for _ in range(30):
            row = desk.inbox.thread.cursor_row
            image = (
                next((f for f in row.message.attachments if f.type == "image"), None)
                if (row is not None and row.message is not None)
                else None
            )
            if image is not None and image.status == "processed":
                place = files.place_of(desk.inbox.session.reader, image.id)
                assert place is not None
                return place
            await desk.press("k")
        await desk.press("escape")
        del attachments
    raise AssertionError("no image in the world")


def bring(desk: Desk, place: files.Place, source: Path) -> None:
    """What the engine does when a file has come."""

    def keep(writer: Writer) -> None:
        part = files.part(writer.folder)
        shutil.copy(source, part)
        assert files.keep(writer, place, part, source.name)

    desk.inbox.session.write(keep).result()


async def test_a_picture_is_fetched_once_when_it_is_looked_at_and_drawn(
    desk: DeskMaker, folder: Folder, tmp_path: Path
) -> None:
    async with desk(folder, size=(140, 40)) as at:
        place = await at_image(at)
        wants = "SELECT count(*) FROM local.needs WHERE kind = 'media' AND subject = ?"
        wanted = (f"{place.message_id}/{place.attachment.id}",)
        await at.until(lambda: at.inbox.session.reader.execute(wants, wanted).fetchone() == (1,))
        bring(at, place, picture(tmp_path / "photo.png"))
        await at.until(lambda: "▀" in at.screen_text())
        assert "photo.png" in at.screen_text()
        assert at.inbox.thread.pictures.decoded == 1
        await at.press("k", "j", "k", "j")
        assert at.inbox.thread.pictures.decoded == 1


async def test_a_broken_picture_never_hides_its_message(
    desk: DeskMaker, folder: Folder, tmp_path: Path
) -> None:
    broken = picture(tmp_path / "photo.png")
    broken.write_bytes(broken.read_bytes()[:60])
    async with desk(folder, size=(140, 40)) as at:
        place = await at_image(at)
        bring(at, place, broken)
        await at.until(lambda: "cannot be drawn" in " ".join(at.screen_text().split()))
        assert "[image]" in at.screen_text()


async def test_how_far_a_file_is_and_why_it_failed_stand_with_its_message(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder, size=(140, 40)) as at:
        place = await at_image(at)

        write = at.inbox.session.write
        write(files.note, place, MediaState.FETCHING, done_bytes=500_000, size=2_000_000).result()
        await at.until(lambda: "fetching 0.5 of 2.0 MB (25 %)" in " ".join(at.screen_text().split()))
        write(files.note, place, MediaState.FAILED, fault="The server does not answer").result()
        await at.until(lambda: "The server does not answer" in " ".join(at.screen_text().split()))


def waiting_item(act: ActName, payload: JsonObject) -> OutboxItem:
    return OutboxItem(
        pk=1,
        key="k",
        account="demo",
        act=act,
        chat_id="c",
        profile_id="p",
        payload=payload,
        state=State.QUEUED,
        created_at=1,
        held_until=None,
        dispatched_at=None,
        attempts=0,
        next_try_at=None,
        title="",
        hint="",
        message_id=None,
        retry_of=None,
        screen=None,
        clock_offset=None,
        with_pk=None,
        done_bytes=0,
    )


def test_an_own_message_has_its_links_and_buttons_to_open_before_and_after_it_was_sent() -> None:
    text = "See https://example.com/help."
    markup: JsonObject = {"inline_keyboard": [[{"text": "Track", "url": "https://example.com/track"}]]}
    links = [["https://example.com/help", "https://example.com/track"]]
    waiting = waiting_item(ActName.SEND, {"text": text, "reply_markup": markup})
    sent = Message(
        id="m",
        chat_id="c",
        direction="outbound",
        status="published",
        created_at=1,
        body=text,
        reply_markup=markup,
    )
    edit = waiting_item(ActName.EDIT, {"message_id": "m", "text": "See https://example.com/other"})
    assert [[thing.url for thing in things_of(ThreadRow((1, "o"), item=waiting))]] == links
    assert [[thing.url for thing in things_of(ThreadRow((1, "m"), message=sent))]] == links
    assert [thing.url for thing in things_of(ThreadRow((1, "m"), message=sent, pending=(edit,)))] == [
        "https://example.com/other",
        "https://example.com/track",
    ]


async def test_where_a_link_leads_is_shown_before_it_is_opened(
    desk: DeskMaker, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(open_dialog, "open_outside", opened.append)
    async with desk(folder) as at:
        await at_image(at)
        await at.press("o")
        assert isinstance(at.app.screen, OpenDialog)
        assert "storage.example" in at.screen_text()
        assert opened == []


async def test_a_file_is_saved_and_never_over_another(
    desk: DeskMaker, folder: Folder, tmp_path: Path
) -> None:
    source = picture(tmp_path / "photo.png")
    target = tmp_path / "mine.png"
    target.write_text("mine")
    async with desk(folder) as at:
        place = await at_image(at)
        bring(at, place, source)
        await at.press("S")
        assert isinstance(at.app.screen, SaveDialog)
        await at.press("ctrl+u")
        await at.type(str(target))
        await at.press("enter")
        await at.until(lambda: not isinstance(at.app.screen, SaveDialog))
        await at.until(lambda: at.says("mine (2).png"))
    assert target.read_text() == "mine"
    assert (tmp_path / "mine (2).png").read_bytes() == source.read_bytes()


async def test_a_place_that_no_path_names_is_told_of(desk: DeskMaker, folder: Folder, tmp_path: Path) -> None:
    async with desk(folder) as at:
        place = await at_image(at)
        bring(at, place, picture(tmp_path / "photo.png"))
        await at.press("S")
        for text in ("~nobody-of-this-machine/photo.png", "photo.png"):
            await at.press("ctrl+u")
            await at.type(text)
            await at.press("enter")
            assert isinstance(at.app.screen, SaveDialog)
            assert "A path from the root or from ~ is needed" in at.screen_text()


async def test_a_file_that_is_not_here_yet_is_saved_when_it_comes(
    desk: DeskMaker, folder: Folder, tmp_path: Path
) -> None:
    source = picture(tmp_path / "photo.png")
    (tmp_path / "out").mkdir()
    async with desk(folder) as at:
        place = await at_image(at)
        await at.press("S")
        await at.press("ctrl+u")
        await at.type(str(tmp_path / "out"))
        await at.press("enter")
        assert "fetching" in at.screen_text()
        bring(at, place, source)
        await at.until(lambda: not isinstance(at.app.screen, SaveDialog))
    assert (tmp_path / "out" / "photo.png").read_bytes() == source.read_bytes()


async def test_a_message_without_anything_to_open_says_so(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await at.open("Jane Doe")
        while (
            (row := at.inbox.thread.cursor_row) is not None
            and row.message is not None
            and (row.message.attachments or "http" in (row.message.body or ""))
        ):
            await at.press("k")
        await at.press("o")
        await at.until(lambda: at.says("no file and no link"))
        await at.press("S")
        await at.until(lambda: at.says("no file"))


def test_a_picture_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    path = picture(tmp_path / "bomb.png", (8, 8))
    data = bytearray(path.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    # The checksum of the header must fit for the size to be believed.
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    made = None
    try:
        made = decode(path, 20)
    except Image.DecompressionBombError:
        return
    assert isinstance(made, Undrawable)


def test_only_pictures_are_decoded_whatever_a_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "fake.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    with pytest.raises(OSError, match="cannot identify"):
        decode(path, 20)
    assert media_type(path.read_bytes(), path.name) not in ("image/png",)


def test_a_picture_is_never_drawn_larger_than_its_room_or_than_it_is() -> None:
    for across in (1, 7, 300, 5000):
        for down in (1, 9, 333, 9000):
            width, height = fit(across, down, COLUMNS, LINES)
            assert 1 <= width <= min(COLUMNS, max(1, across))
            assert 2 <= height <= 2 * LINES
            assert height % 2 == 0


def test_a_link_ends_before_the_mark_of_its_sentence() -> None:
    assert links_in("See https://acme.example/a?b=c. Or (http://x.example)! javascript:alert(1)") == [
        "https://acme.example/a?b=c",
        "http://x.example",
    ]
    assert links_in("file:///etc/passwd ftp://x https://a\u202eb.example") == []


def test_a_copy_into_a_folder_keeps_its_name(tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    assert save_copy(source, tmp_path / "out").name == "a.png"
    assert save_copy(source, tmp_path / "out").name == "a (2).png"
