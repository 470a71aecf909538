"""Files of messages on their way in: two at once, whatever their hosts do, and never half."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from inbox_tui.api.download import Downloader
from inbox_tui.config import Settings
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import fetched, lookups, screens, writes
from inbox_tui.store.db import open_reader
from inbox_tui.store.fetched import MediaRow, MediaState
from inbox_tui.store.threads import ThreadSource
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync import engine, jobs
from inbox_tui.sync.asking import answer_now
from inbox_tui.sync.loop import Loop
from inbox_tui.sync.schedule import Kind, Look
from tests.file_server import BODY, Pieces, Server, answer, leads_to
from tests.sync.conftest import Desk, Spawn
from tests.sync.fake_api import START, iso
from tests.sync.real import count, one, wait_for

TURNS = 600


@pytest.fixture
def files() -> Iterator[Server]:
    """A server that keeps files; it stands for the API's own, so that this machine is no private network."""
    server = Server()
    server.answers["/a.png"] = answer()
    yield server
    server.close()


@pytest.fixture
def loop(shop: Desk, files: Server) -> Loop:
    """A following engine at rest, whose API keeps files at that server."""
    loop = shop.loop()
    loop.media.connect = lambda: Downloader(files.url, max_bytes=1_000_000)
    shop.settle(loop)
    return loop


def attach(desk: Desk, loop: Loop, url: str | None, status: str = "processed", name: str = "a1") -> str:
    """A file of message m1, known to the cache; returns the subject of a want for it."""
    message = desk.api.message("m1")
    rows = [row for row in message["attachments"] if row["id"] != name]
    row = {"id": name, "type": "image", "url": url, "status": status, "external_id": None}
    message.update(attachments=[*rows, row], external_edited_at=iso(START + len(desk.api.requests)))
    desk.pass_time(loop, 0.25)
    loop.schedule.put(Look(Kind.WANTED, "p1", "c1"), loop.clock.monotonic())
    desk.settle(loop)
    return f"m1/{name}"


def turn_until(loop: Loop, condition: Callable[[], object]) -> None:
    for _ in range(TURNS):
        loop.turn(0.02)
        if condition():
            return
    raise AssertionError("it did not come")


def want(desk: Desk, loop: Loop, *subjects: str) -> None:
    """Want files, and turn until all of them have come or cannot be had."""
    for subject in subjects:
        screens.need(desk.writer, "media", subject)
    desk.clock.advance(0.2)
    turn_until(loop, lambda: not loop.media.busy and not screens.needs(desk.writer))


def media_of(desk: Desk, name: str = "a1") -> MediaRow:
    return fetched.media(desk.writer.cache, [name])[name]


def inside(desk: Desk) -> list[str]:
    """What lies in the folder of files, whole or not."""
    folder = desk.writer.folder.media
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def held(body: bytes = BODY) -> tuple[threading.Event, threading.Event, Callable[[], Pieces]]:
    """An answer that stops in its middle: (it has stopped, it may go on, the answer)."""
    stopped, go = threading.Event(), threading.Event()

    def pieces() -> Pieces:
        yield answer(body[:100], length=len(body))
        stopped.set()
        go.wait(20)
        yield body[100:]

    return stopped, go, pieces


# ---------------------------------------------------------------- coming


def test_a_file_comes_once_however_often_it_is_wanted(shop: Desk, loop: Loop, files: Server) -> None:
    subject = attach(shop, loop, f"{files.url}/a.png")
    want(shop, loop, subject)
    row = media_of(shop)
    assert (row.state, row.name, row.type, row.size) == (MediaState.READY, "a.png", "image/png", len(BODY))
    assert row.path is not None
    assert row.path.read_bytes() == BODY
    want(shop, loop, subject, "a1")
    assert len(files.requests) == 1
    assert inside(shop) == ["a.png"]
    row.path.unlink()
    want(shop, loop, "a1")
    assert len(files.requests) == 2
    assert inside(shop) == ["a.png"]


def test_two_files_come_at_once_and_the_others_wait_their_turn(shop: Desk, loop: Loop, files: Server) -> None:
    going = [held(BODY + bytes([number])) for number in range(3)]
    for number, (_, _, pieces) in enumerate(going):
        files.answers[f"/{number}.png"] = pieces
        attach(shop, loop, f"{files.url}/{number}.png", name=f"a{number}")
    for number in range(3):
        screens.need(shop.writer, "media", f"m1/a{number}")
    shop.clock.advance(0.2)
    turn_until(loop, lambda: going[0][0].is_set() and going[1][0].is_set())
    states = [media_of(shop, f"a{number}").state for number in range(3)]
    assert states == [MediaState.FETCHING, MediaState.FETCHING, MediaState.WANTED]
    assert len(files.requests) == 2
    for _, go, _ in going:
        go.set()
    turn_until(loop, lambda: not screens.needs(shop.writer))
    assert [media_of(shop, f"a{number}").size for number in range(3)] == [len(BODY) + 1] * 3


def test_while_files_come_the_sync_goes_on(shop: Desk, loop: Loop, files: Server) -> None:
    going = [held(BODY + bytes([number])) for number in range(4)]
    for number, (_, _, pieces) in enumerate(going):
        files.answers[f"/{number}.png"] = pieces
        screens.need(shop.writer, "media", attach(shop, loop, f"{files.url}/{number}.png", name=f"a{number}"))
    shop.clock.advance(0.2)
    turn_until(loop, lambda: going[0][0].is_set() and going[1][0].is_set())
    shop.api.add_message("c1", START + 1000, "meanwhile")
    shop.pass_time(loop, 6)
    assert shop.value("SELECT count(*) FROM messages WHERE body = 'meanwhile'") == 1
    for _, go, _ in going:
        go.set()
    turn_until(loop, lambda: not screens.needs(shop.writer))


def test_the_type_of_a_file_is_what_it_holds_and_its_name_is_safe(
    shop: Desk, loop: Loop, files: Server
) -> None:
    evil = 'Content-Disposition: attachment; filename="../../\u202e.bashrc.exe"'.encode().decode("latin-1")
    files.answers["/x"] = answer(b"%PDF-1.7\n" + bytes(50), "200 OK", "Content-Type: image/png", evil)
    want(shop, loop, attach(shop, loop, f"{files.url}/x"))
    row = media_of(shop)
    assert row.type == "application/pdf"
    assert row.name.endswith(".exe.pdf")
    assert row.path is not None
    assert row.path.parent.parent == shop.writer.folder.media
    assert row.path.stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- what cannot be had


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("{files}/gone", "127.0.0.1 does not have this file any more (404)"),
        ("{files}/private", "private network"),
        ("{files}/script", "cannot be read"),
        ("{files}/endless", "The file has more than 1 MB"),
        ("{files}/liar", "The connection to 127.0.0.1 broke"),
        ("{files}/empty", "The file is empty"),
        ("{files}/packed", "comes packed"),
        ("http://10.0.0.1/a.png", "private network"),
        ("file:///etc/passwd", "is not one of the web"),
        ("javascript:alert(1)", "is not one of the web"),
        ("", "has no address for this file"),
        (None, "has no address for this file"),
    ],
)
def test_a_file_that_cannot_be_had_says_why_and_its_message_is_there_as_ever(
    shop: Desk, loop: Loop, files: Server, url: str | None, fault: str
) -> None:
    def endless() -> Pieces:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"10000\r\n" + bytes(65_536) + b"\r\n"

    files.answers |= {
        "/private": leads_to("http://192.168.1.1/admin"),
        "/script": leads_to("javascript:alert(1)"),
        "/endless": endless,
        "/liar": answer(BODY, length=len(BODY) * 2),
        "/empty": answer(b""),
        "/packed": answer(BODY, "200 OK", "Content-Encoding: gzip"),
    }
    want(shop, loop, attach(shop, loop, url and url.format(files=files.url)))
    row = media_of(shop)
    assert row.state == MediaState.FAILED
    assert fault in row.fault
    assert row.path is None
    assert inside(shop) == []
    with closing(open_reader(shop.writer.folder)) as reader:
        (drawn,) = ThreadSource(reader, 1, "c1").after(None, 9)
    assert drawn.message is not None
    assert (drawn.message.body, len(drawn.message.attachments)) == ("message 1", 1)
    asked = len(files.requests) + len(shop.api.requests)
    for _ in range(5):
        loop.turn(0)
    assert len(files.requests) + len(shop.api.requests) == asked


def test_a_file_that_the_service_does_not_have_yet_is_looked_for_in_its_message(
    shop: Desk, loop: Loop, files: Server
) -> None:
    subject = attach(shop, loop, None, "pending")
    want(shop, loop, subject)
    assert media_of(shop).fault.startswith("The service is still getting this file from the platform")
    row = shop.api.message("m1")["attachments"][0]
    row.update(url=f"{files.url}/a.png", status="processed")
    want(shop, loop, subject)
    assert media_of(shop).state == MediaState.READY
    kept = shop.value("SELECT attachments FROM messages WHERE id = 'm1'")
    assert f"{files.url}/a.png" in str(kept)
    row.update(status="failed", id="a2")
    attach(shop, loop, None, "failed", "a2")
    want(shop, loop, "m1/a2")
    assert media_of(shop, "a2").fault.startswith("The service could not get this file")


def test_a_file_that_has_moved_is_fetched_from_where_its_message_says_now(
    shop: Desk, loop: Loop, files: Server
) -> None:
    subject = attach(shop, loop, f"{files.url}/old.png")
    shop.api.message("m1")["attachments"][0]["url"] = f"{files.url}/a.png"
    before = shop.api.count("GET /api/messages/m1")
    want(shop, loop, subject)
    assert media_of(shop).state == MediaState.READY
    assert shop.api.count("GET /api/messages/m1") == before + 1
    assert [request.split(" ")[1] for request in files.requests] == ["/old.png", "/a.png"]


@pytest.mark.parametrize("subject", ["m1/nope", "nope/a1", "nope", "", "/"])
def test_a_file_of_nothing_that_is_cached_is_dropped(shop: Desk, loop: Loop, subject: str) -> None:
    want(shop, loop, subject)
    assert shop.value("SELECT count(*) FROM media") == 0


def test_a_folder_that_cannot_be_made_is_told_and_the_engine_goes_on(
    shop: Desk, loop: Loop, files: Server
) -> None:
    subject = attach(shop, loop, f"{files.url}/a.png")
    shop.writer.folder.media.write_text("in the way")
    want(shop, loop, subject)
    assert "The file cannot be kept: File exists" in media_of(shop).fault
    shop.writer.folder.media.unlink()
    want(shop, loop, subject)
    assert media_of(shop).state == MediaState.READY


def test_a_message_that_is_deleted_while_its_file_comes_leaves_none(
    shop: Desk, loop: Loop, files: Server
) -> None:
    stopped, go, files.answers["/a.png"] = held()
    subject = attach(shop, loop, f"{files.url}/a.png")
    screens.need(shop.writer, "media", subject)
    shop.clock.advance(0.2)
    turn_until(loop, stopped.is_set)
    shop.api.message("m1").update(external_deleted_at=iso(START), body=None)
    loop.schedule.put(Look(Kind.WANTED, "p1", "c1"), loop.clock.monotonic())
    turn_until(loop, lambda: shop.value("SELECT deleted_at FROM messages") is not None)
    go.set()
    turn_until(loop, lambda: not screens.needs(shop.writer))
    assert inside(shop) == []
    assert shop.value("SELECT count(*) FROM media") == 0


# ---------------------------------------------------------------- progress


def test_progress_is_written_seldom_however_small_the_pieces_are(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(number / 100 for number in range(10_000))
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(times))
    told: list[int] = []
    progress = jobs.sparingly(lambda done, _: told.append(done))
    for done in range(400):
        progress(done, None)
    # 400 pieces in about four seconds: two looks at the clock where it is told.
    assert 10 <= len(told) <= 16
    assert told == sorted(told)


# ---------------------------------------------------------------- kills, on a real server


def file_of(settings: Settings, kind: str) -> str:
    """A file of some kind, as the subject of a want."""
    text = one(settings, "SELECT id || '/' || json_extract(attachments, '$[0][0]') FROM messages "
               "WHERE attachments LIKE ? ORDER BY pk LIMIT 1", f'%"{kind}"%')  # fmt: skip
    return str(text)


def parts(settings: Settings) -> list[Path]:
    return list(settings.folder.media.glob("part-*")) if settings.folder.media.exists() else []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_ends_in_the_middle_of_a_file_leaves_it_to_the_next_one(
    start_sandbox: Callable[..., RunningSandbox],
    home: Callable[[RunningSandbox], Settings],
    spawn: Spawn,
    number: signal.Signals,
) -> None:
    box = start_sandbox()
    settings = home(box)
    assert engine.run(settings, once=True).exit_code == 0
    subject = file_of(settings, "video")
    box.world.faults.add(Fault("drip", path="/storage/", seconds=60))
    process = spawn(settings, "--follow")
    with Writer(settings.folder) as writer:
        screens.need(writer, "media", subject)
    wait_for(lambda: one(settings, "SELECT max(done_bytes) FROM media"))
    assert [path.stat().st_size > 0 for path in parts(settings)] == [True]
    process.send_signal(number)
    process.wait()
    assert count(settings, "media WHERE state = 'ready'") == 0
    box.world.faults.remove()
    process = spawn(settings, "--follow")
    wait_for(lambda: count(settings, "media WHERE state = 'ready'"))
    with closing(open_reader(settings.folder)) as reader:
        (row,) = fetched.media(reader, [subject.partition("/")[2]]).values()
    assert row.path is not None
    assert row.path.stat().st_size == row.size
    assert row.type == "video/x-msvideo"
    assert parts(settings) == []
    with Writer(settings.folder) as writer:
        wait_for(lambda: not screens.needs(writer))


def test_two_engines_after_one_another_fetch_nothing_that_is_there(
    synced: Settings, sandbox: RunningSandbox
) -> None:
    subject = file_of(synced, "image")
    asked: list[int] = []
    for _ in range(2):
        before = len(sandbox.world.requests)
        answer_now(synced, [("media", subject)])
        asked.append(len(sandbox.world.requests) - before)
    assert asked[1] == 0
    assert count(synced, "media WHERE state = 'ready'") == 1


def test_the_files_of_a_message_that_is_deleted_later_go_from_the_disk(
    synced: Settings, sandbox: RunningSandbox
) -> None:
    subject = file_of(synced, "image")
    answer_now(synced, [("media", subject)])
    assert [path.suffix for path in synced.folder.media.glob("*/*")] == [".png"]
    with closing(open_reader(synced.folder)) as reader:
        message = lookups.message(reader, subject.partition("/")[0])
    assert message is not None
    with Writer(synced.folder) as writer:
        deleted = replace(message, deleted_at=START, attachments=())
        writes.apply_messages(writer, [MessagePage(message.chat_id, [deleted])])
    assert list(synced.folder.media.iterdir()) == []
