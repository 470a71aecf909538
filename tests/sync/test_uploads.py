"""Files on their way out: sent from their copy, with the same bytes each time, in order with their text."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from inbox_tui.config import Settings
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import fetched, outbox, sends, spool, writes
from inbox_tui.store.fetched import MediaState
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine, jobs
from inbox_tui.sync.push import REPLAYS
from tests.sync.conftest import Desk, Spawn
from tests.sync.fake_api import KEY
from tests.sync.real import chat_of, item, wait_for

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1200
Start = Callable[..., RunningSandbox]


def spooled(writer: Writer, source: Path, platform: str = "telegram") -> dict[str, str | int]:
    """The payload of a file, as a composer queues it."""
    copy = spool.copy_in(writer.folder, source, platform)
    return {
        "file": str(copy.path),
        "file_name": copy.name,
        "type": copy.type,
        "size": copy.size,
        "source": str(source),
    }


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "Größe 2.png"
    path.write_bytes(PNG)
    return path


class Posts:
    """Takes what is posted to a chat, on the API in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.taken: list[tuple[str, bytes]] = []
        """Content type and body, in order."""
        self.refuse: str | None = None
        self.lose = 0
        self.attachment: dict[str, str | None] | None = None
        """What the API makes of a file."""

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST" or request.headers["authorization"] != f"Bearer {KEY}":
            return None
        self.taken.append((request.headers["content-type"], request.content))
        if self.refuse is not None:
            return httpx.Response(422, json={"error": self.refuse})
        if self.lose:
            self.lose -= 1
            raise httpx.ReadError("gone")
        text = "" if request.headers["content-type"].startswith("multipart") else "text"
        message = self.desk.api.add_message(
            "c1", self.desk.api.now, text, direction="outbound", status="pending"
        )
        if self.attachment is not None and not text:
            message["attachments"] = [self.attachment]
        return httpx.Response(202, json=message)

    @property
    def kinds(self) -> list[str]:
        """What was posted, in order."""
        return ["file" if kind.startswith("multipart") else "text" for kind, _ in self.taken]


@pytest.fixture
def posts(shop: Desk) -> Posts:
    posts = Posts(shop)
    shop.api.bend = posts
    return posts


def queue(desk: Desk, source: Path) -> OutboxItem:
    payload = spooled(desk.writer, source)
    return sends.queue_send(desk.writer, "c1", "p1", payload, hold_ms=0)


def copies(desk: Desk) -> list[Path]:
    return [path for path in desk.writer.folder.spool.rglob("*") if path.is_file()]


# ---------------------------------------------------------------- bytes


def test_what_is_sent_is_what_was_chosen_whatever_becomes_of_it(
    shop: Desk, posts: Posts, photo: Path
) -> None:
    queued = queue(shop, photo)
    photo.write_bytes(b"something else")
    photo.rename(photo.with_name("elsewhere.png"))
    loop = shop.loop()
    shop.settle(loop)
    ((kind, body),) = posts.taken
    assert PNG in body
    assert 'filename="Größe 2.png"'.encode() in body
    assert b"Content-Type: image/png" in body
    assert kind.startswith("multipart/form-data; boundary=inbox-tui-")
    assert shop.item(queued).state == State.ACCEPTED
    assert len(copies(shop)) == 1
    shop.api.message(str(shop.item(queued).message_id)).update(status="published", external_id="x9")
    shop.pass_time(loop, 5)
    assert shop.item(queued).state == State.SETTLED
    assert copies(shop) == []


def test_a_file_that_was_sent_keeps_its_name_and_is_there_without_being_fetched(
    shop: Desk, posts: Posts, photo: Path
) -> None:
    posts.attachment = {
        "id": "a1",
        "type": "image",
        "url": "https://cdn.example/x7",
        "status": "pending",
        "external_id": None,
    }
    queued = queue(shop, photo)
    loop = shop.loop()
    shop.settle(loop)
    assert shop.item(queued).state == State.ACCEPTED
    (accepted,) = fetched.media(shop.writer.cache, ["a1"]).values()
    shop.api.message(str(shop.item(queued).message_id)).update(status="published", external_id="x9")
    shop.pass_time(loop, 5)
    assert shop.item(queued).state == State.SETTLED
    assert copies(shop) == []
    (settled,) = fetched.media(shop.writer.cache, ["a1"]).values()
    assert settled == accepted
    assert (settled.state, settled.name, settled.type) == (MediaState.READY, "Größe 2.png", "image/png")
    assert settled.path is not None
    assert settled.path.read_bytes() == PNG


def test_a_folder_that_cannot_keep_what_was_sent_stops_nothing(shop: Desk, posts: Posts, photo: Path) -> None:
    posts.attachment = {"id": "a1", "type": "image", "url": None, "status": "pending", "external_id": None}
    queued = queue(shop, photo)
    loop = shop.loop()
    shop.writer.folder.media.write_text("no folder")
    shop.settle(loop)
    shop.api.message(str(shop.item(queued).message_id)).update(status="published", external_id="x9")
    shop.pass_time(loop, 5)
    assert shop.item(queued).state == State.SETTLED
    assert len(posts.taken) == 1
    assert fetched.media(shop.writer.cache, ["a1"]) == {}


def test_a_repeat_has_the_same_bytes(shop: Desk, posts: Posts, photo: Path) -> None:
    writes.remember(shop.writer, REPLAYS, 1)
    posts.lose = 2
    queued = queue(shop, photo)
    loop = shop.loop()
    shop.settle(loop)
    shop.pass_time(loop, 20)
    assert shop.item(queued).state == State.ACCEPTED
    assert len(posts.taken) == 3
    assert len(set(posts.taken)) == 1


def test_a_second_try_of_the_person_is_a_new_request_of_the_same_file(
    shop: Desk, posts: Posts, photo: Path
) -> None:
    posts.refuse = "The file is too dull"
    queued = queue(shop, photo)
    loop = shop.loop()
    shop.settle(loop)
    failed = shop.item(queued)
    assert failed.state == State.FAILED
    assert "The file is too dull" in failed.title
    posts.refuse = None
    outbox.retry(shop.writer, queued.pk)
    shop.pass_time(loop, 1)
    assert shop.item(queued).state == State.ACCEPTED
    (first, _), (second, body) = posts.taken
    assert first != second
    assert PNG in body


def test_a_copy_that_is_gone_is_told_and_nothing_leaves(shop: Desk, posts: Posts, photo: Path) -> None:
    queued = queue(shop, photo)
    copies(shop)[0].unlink()
    loop = shop.loop()
    shop.settle(loop)
    failed = shop.item(queued)
    assert failed.state == State.FAILED
    assert "Größe 2.png cannot be sent: No such file or directory" in failed.title
    assert posts.taken == []


def test_a_file_that_the_platform_does_not_take_never_leaves(shop: Desk, posts: Posts, photo: Path) -> None:
    payload = spooled(shop.writer, photo) | {"size": 50_000_001, "type": "video/mp4"}
    queued = sends.queue_send(shop.writer, "c1", "p1", payload, hold_ms=0)
    loop = shop.loop()
    shop.settle(loop)
    assert "Telegram takes video files up to 50 MB" in shop.item(queued).title
    assert posts.taken == []


# ---------------------------------------------------------------- progress


def test_how_far_an_upload_is_stands_in_its_row_step_by_step(
    shop: Desk, posts: Posts, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PROGRESS_SECONDS", 0.0)
    seen: list[int] = []
    uploaded = outbox.uploaded

    def noted(writer: Writer, sent: OutboxItem, done: int) -> None:
        uploaded(writer, sent, done)
        seen.append(shop.item(sent).done_bytes)

    monkeypatch.setattr(outbox, "uploaded", noted)
    queued = queue(shop, photo)
    shop.settle(shop.loop())
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == len(PNG)
    assert shop.item(queued).done_bytes == len(PNG)


# ---------------------------------------------------------------- a text and a file


def pair(desk: Desk, source: Path) -> tuple[OutboxItem, OutboxItem]:
    file = spooled(desk.writer, source)
    return sends.queue_pair(desk.writer, "c1", "p1", {"text": "here it is"}, file, hold_ms=0)


def states(desk: Desk, items: tuple[OutboxItem, ...]) -> list[str]:
    return [desk.item(each).state for each in items]


def test_the_file_leaves_when_the_text_has_arrived(shop: Desk, posts: Posts, photo: Path) -> None:
    items = pair(shop, photo)
    loop = shop.loop()
    shop.settle(loop)
    assert posts.kinds == ["text"]
    assert states(shop, items) == [State.ACCEPTED, State.QUEUED]
    shop.api.message(str(shop.item(items[0]).message_id)).update(status="published", external_id="x9")
    shop.pass_time(loop, 3)
    assert posts.kinds == ["text", "file"]
    assert states(shop, items) == [State.SETTLED, State.ACCEPTED]


def test_where_the_text_is_refused_the_file_stays_and_both_go_again_in_order(
    shop: Desk, posts: Posts, photo: Path
) -> None:
    posts.refuse = "Too loud"
    items = pair(shop, photo)
    later = shop.send("something else")
    loop = shop.loop()
    shop.settle(loop)
    assert states(shop, (*items, later)) == [State.FAILED, State.FAILED, State.QUEUED]
    assert shop.item(items[1]).title == "The message before it was not sent"
    assert len(copies(shop)) == 1
    posts.refuse = None
    assert outbox.retry(shop.writer, items[1].pk)
    shop.pass_time(loop, 1)
    shop.api.message(str(shop.item(items[0]).message_id)).update(status="published", external_id="x9")
    shop.pass_time(loop, 3)
    assert posts.kinds == ["text", "text", "file"]


def test_a_unit_that_is_given_up_lets_the_next_message_go_and_leaves_no_copy(
    shop: Desk, posts: Posts, photo: Path
) -> None:
    posts.refuse = "Too loud"
    items = pair(shop, photo)
    later = shop.send("something else")
    loop = shop.loop()
    shop.settle(loop)
    posts.refuse = None
    assert outbox.discard(shop.writer, items[0].pk)
    shop.pass_time(loop, 1)
    assert states(shop, (*items, later)) == [State.DISCARDED, State.DISCARDED, State.ACCEPTED]
    assert copies(shop) == []
    assert posts.kinds == ["text", "text"]


# ---------------------------------------------------------------- on a real server


def attachments(box: RunningSandbox) -> list[tuple[str, bytes]]:
    """Type and content of every file that was uploaded."""
    with box.world.read() as database:
        rows = database.all("select content_type, content from attachments where content is not null")
    return [(row["content_type"], row["content"]) for row in rows]


@pytest.mark.parametrize("platform", ["telegram", "facebook", "instagram"])
def test_a_picture_arrives_as_it_was_chosen(synced: Settings, sandbox: RunningSandbox, platform: str) -> None:
    chat = chat_of(synced, platform)
    unique = PNG + platform.encode()
    source = synced.data / "box.png"
    source.write_bytes(unique)
    with Writer(synced.folder) as writer:
        payload = spooled(writer, source, platform)
        queued = sends.queue_send(writer, *chat, payload, hold_ms=0)
    assert engine.send_now(synced, queued.pk, wait=True).state == State.SETTLED
    assert attachments(sandbox).count(("image/png", unique)) == 1
    assert list(synced.folder.spool.iterdir()) == []


def test_an_answer_that_is_lost_sends_no_file_twice(
    start_sandbox: Start, account: Callable[[RunningSandbox], Settings], hasty: None
) -> None:
    box = start_sandbox()
    settings = account(box)
    assert engine.run(settings, once=True).exit_code == 0
    chat = chat_of(settings, "telegram")
    source = settings.data / "box.png"
    source.write_bytes(PNG)
    with Writer(settings.folder) as writer:
        writes.remember(writer, REPLAYS, 1)
        queued = sends.queue_send(writer, *chat, spooled(writer, source), hold_ms=0)
    box.world.faults.add(Fault("lost", path="/messages$", method="POST", times=2))
    assert engine.send_now(settings, queued.pk, wait=True).state == State.SETTLED
    tries = [str(r["path"]) for r in list(box.world.requests) if r["method"] == "POST"]
    assert len(tries) == 3
    assert attachments(box).count(("image/png", PNG)) == 1


def test_killed_in_the_middle_of_an_upload_the_next_engine_sends_the_same_bytes_and_it_arrives_once(
    start_sandbox: Start, home: Callable[[RunningSandbox], Settings], spawn: Spawn, hasty: None
) -> None:
    box = start_sandbox()
    settings = home(box)
    assert engine.run(settings, once=True).exit_code == 0
    chat = chat_of(settings, "telegram")
    source = settings.data / "box.png"
    source.write_bytes(PNG)
    box.world.faults.add(Fault("latency", path="/messages$", method="POST", seconds=1))
    with Writer(settings.folder) as writer:
        writes.remember(writer, REPLAYS, 1)
        process = spawn(settings, "--follow")
        queued = sends.queue_send(writer, *chat, spooled(writer, source), hold_ms=0)
    wait_for(lambda: any(r["method"] == "POST" for r in list(box.world.requests)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert item(settings, queued).state == State.SENDING
    box.world.faults.remove()
    assert engine.send_now(settings, queued.pk, wait=True).state == State.SETTLED
    assert attachments(box).count(("image/png", PNG)) == 1
    assert list(settings.folder.spool.iterdir()) == []
