"""Files on their way out: copied when they are queued, refused with a clear line, removed at their end."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.errors import Refused, StoreError
from inbox_tui.store import outbox, sends, spool
from inbox_tui.store.db import Folder
from inbox_tui.store.items import State
from inbox_tui.store.spool import SpooledFile, copy_in, sweep
from inbox_tui.store.writer import Writer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "box.png"
    path.write_bytes(PNG)
    return path


def spooled(folder: Folder) -> list[str]:
    """Every file of the spool, by its name."""
    return sorted(path.name for path in folder.spool.rglob("*") if path.is_file())


def payload(file: SpooledFile, source: Path) -> dict[str, str | int]:
    """What a composer queues for a file."""
    return {
        "file": str(file.path),
        "file_name": file.name,
        "type": file.type,
        "size": file.size,
        "source": str(source),
    }


def test_a_copy_is_what_the_file_was_when_it_was_chosen_and_only_for_the_person(
    folder: Folder, png: Path
) -> None:
    copy = copy_in(folder, png, "instagram")
    png.write_bytes(b"something else")
    assert copy.path.read_bytes() == PNG
    assert (copy.name, copy.size, copy.type) == ("box.png", len(PNG), "image/png")
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in (copy.path.parent, folder.spool)} == {0o700}


def test_each_copy_stands_alone(folder: Folder, png: Path) -> None:
    first, second = copy_in(folder, png), copy_in(folder, png)
    assert first.path != second.path
    assert first.path.name == second.path.name


def test_the_type_is_what_the_file_holds_and_a_platform_is_asked_about_that(
    folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "song.png").write_bytes(b"fLaC" + bytes(50))
    with pytest.raises(Refused, match=r"song\.png cannot be sent: Of audio files, Instagram takes"):
        copy_in(folder, tmp_path / "song.png", "instagram")
    assert copy_in(folder, tmp_path / "song.png", "telegram").type == "audio/flac"


def test_nothing_but_a_readable_file_of_fair_size_is_taken(folder: Folder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (tmp_path / "huge.bin").open("wb") as file:
        file.write(b"data \x01")
        file.truncate(3 << 30)
    cases = {
        tmp_path: "is a folder",
        tmp_path / "pipe": "is no regular file",
        Path("/dev/zero"): "is no regular file",
        tmp_path / "empty.txt": "The file is empty",
        tmp_path / "gone.png": "cannot be read: No such file",
        tmp_path / "loop": "cannot be read: Too many levels of symbolic links",
        tmp_path / "huge.bin": r"over 50 MB \(3,221\); no platform takes that",
        tmp_path / "nul\0byte": "cannot be read",
    }
    for path, words in cases.items():
        with pytest.raises(Refused, match=words) as caught:
            copy_in(folder, path)
        assert caught.value.hint == "Nothing was sent"
    assert spooled(folder) == []


def test_a_file_above_its_platforms_size_is_refused_before_it_is_copied(
    folder: Folder, tmp_path: Path
) -> None:
    with (tmp_path / "film.mp4").open("wb") as file:
        file.write(b"\0\0\0\x18ftypmp42")
        file.truncate(26_000_000)
    with pytest.raises(Refused, match=r"26\.0 MB; Facebook takes video files up to 25 MB"):
        copy_in(folder, tmp_path / "film.mp4", "facebook")
    assert not folder.spool.exists()


def test_a_file_that_grows_while_it_is_copied_is_given_up_at_the_limit(
    folder: Folder, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MOST_BYTES", 1000)
    monkeypatch.setattr(spool, "CHUNK", 100)
    read, taken = os.read, []

    def endless(descriptor: int, size: int) -> bytes:
        taken.append(size)
        return read(descriptor, size) or b"x" * size

    monkeypatch.setattr(os, "read", endless)
    with pytest.raises(Refused, match="no platform takes that"):
        copy_in(folder, png)
    assert len(taken) < 20
    assert spooled(folder) == []


def test_a_file_that_may_not_be_read_says_so(
    folder: Folder, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(Refused, match=r"box\.png cannot be read: Permission denied"):
        copy_in(folder, png)


def test_a_full_disk_is_told_and_leaves_no_half_copy(
    folder: Folder, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="cannot be copied into the outbox: No space left"):
        copy_in(folder, png)
    assert list(folder.spool.iterdir()) == []


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=80))
@settings(max_examples=40)
def test_a_file_of_any_name_stands_under_one_folder_of_the_spool(name: str) -> None:
    with samples.fresh() as writer:
        source = writer.folder.path / "chosen"
        source.mkdir()
        try:
            (source / name).write_bytes(PNG)
        except OSError:
            return  # the file system does not take such a name: nobody can choose it
        if name in (".", ".."):
            return
        copy = copy_in(writer.folder, source / name)
        assert copy.path.parent.parent == writer.folder.spool
        assert copy.path.read_bytes() == PNG


@pytest.mark.parametrize("end", ["settled", "discarded", "taken back"])
def test_the_copy_goes_when_its_item_is_at_its_end(writer: Writer, png: Path, end: str) -> None:
    copy = copy_in(writer.folder, png)
    item = sends.queue_send(writer, "chat", "prof", payload(copy, png), hold_ms=0)
    if end == "taken back":
        outbox.take_back(writer, item.pk)
    elif end == "settled":
        assert outbox.move(writer, item, State.SETTLED)
    else:
        outbox.move(writer, item, State.FAILED)
        assert spooled(writer.folder) == ["box.png"]
        outbox.discard(writer, item.pk)
    assert list(writer.folder.spool.iterdir()) == []
    assert png.exists()


def test_a_file_that_is_not_in_the_spool_is_never_removed(writer: Writer, png: Path) -> None:
    item = sends.queue_send(writer, "chat", "prof", {"file": str(png)}, hold_ms=0)
    outbox.move(writer, item, State.SETTLED)
    assert png.exists()


def test_a_send_that_is_taken_back_keeps_its_copy_where_the_file_itself_is_gone(
    writer: Writer, png: Path
) -> None:
    copy = copy_in(writer.folder, png)
    item = sends.queue_send(writer, "chat", "prof", payload(copy, png))
    png.unlink()
    outbox.take_back(writer, item.pk)
    (extras,) = samples.ids(writer.local, "SELECT json_extract(extras, '$.file') FROM drafts")
    assert extras == str(copy.path)
    assert copy.path.read_bytes() == PNG
    later(copy.path.parent)
    assert sweep(writer.folder, writer.local) == 0


def later(folder: Path, seconds: float = 2 * spool.YOUNG_SECONDS) -> None:
    """Let a copy be made so long ago."""
    at = time.time() - seconds
    os.utime(folder, (at, at))


def test_a_sweep_removes_only_what_is_old_and_named_by_nothing(writer: Writer, png: Path) -> None:
    assert sweep(writer.folder, writer.local) == 0
    young, orphan, waiting, failed = (copy_in(writer.folder, png) for _ in range(4))
    sends.queue_send(writer, "chat", "prof", payload(waiting, png))
    item = sends.queue_send(writer, "chat", "prof", payload(failed, png), hold_ms=0)
    outbox.move(writer, item, State.FAILED)
    for copy in (orphan, waiting, failed):
        later(copy.path.parent)
    assert sweep(writer.folder, writer.local) == 1
    assert [copy.path.exists() for copy in (young, orphan, waiting, failed)] == [True, False, True, True]
