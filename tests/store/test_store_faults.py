"""What a disk, a lock or damage does to the files: a clear word, and nothing that was kept is lost."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import store_samples as samples

from inbox_tui.core.errors import StoreError
from inbox_tui.store import db, drafts, marks, outbox, screens, sends, writes
from inbox_tui.store.db import Folder, open_reader, transaction
from inbox_tui.store.writer import Writer
from inbox_tui.ui.session import Session

LONG = "many words " * 2000


@pytest.fixture
def kept(folder: Folder) -> Folder:
    """A folder with a chat, a draft, an outbox item and a mark."""
    with Writer(folder) as writer:
        samples.pulled(writer, samples.inbound("m1", samples.NOW))
        drafts.save(writer, "chat", "typed before", 3)
        sends.queue_send(writer, "chat", "prof", {"text": "written before"}, hold_ms=0)
        marks.mark(writer, "chat", "seen")
    return folder


def everything(folder: Folder) -> tuple[object, ...]:
    """What the person would miss."""
    with closing(open_reader(folder)) as reader:
        return (
            samples.ids(reader, "SELECT text FROM local.drafts"),
            samples.ids(reader, "SELECT payload FROM local.outbox"),
            samples.ids(reader, "SELECT kind FROM local.marks"),
        )


KEPT = (["typed before"], ['{"text":"written before"}'], ["seen"])


@contextmanager
def child(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another program, which has said `ready` and lives until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.communicate("end\n")


HOLD = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "connection.execute('BEGIN IMMEDIATE'); print('ready', flush=True); sys.stdin.readline()\n"
)


@contextmanager
def full(connection: sqlite3.Connection) -> Iterator[None]:
    """No page can be added to a file, as on a disk without space."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (before,) = connection.execute("PRAGMA max_page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA max_page_count = {before}")


def test_a_full_disk_refuses_a_draft_in_words_and_the_next_one_is_kept_when_there_is_space(
    kept: Folder,
) -> None:
    with Writer(kept) as writer:
        with full(writer.local), pytest.raises(StoreError) as caught:
            drafts.save(writer, "chat", LONG, 0)
        assert caught.value.title == f"The disk is full: {kept.local} cannot be written"
        assert "Free some space" in caught.value.hint
        assert everything(kept) == KEPT
        drafts.save(writer, "chat", LONG, 0)
    assert everything(kept) == ([LONG], *KEPT[1:])


def test_a_full_disk_leaves_everything_where_it_is_when_a_send_cannot_be_queued(kept: Folder) -> None:
    with Writer(kept) as writer, full(writer.local), pytest.raises(StoreError, match="disk is full"):
        sends.queue_send(writer, "chat", "prof", {"text": LONG})
    assert everything(kept) == KEPT


def test_a_page_of_the_api_that_finds_the_disk_full_can_be_applied_later(kept: Folder) -> None:
    page = writes.MessagePage("chat", [samples.inbound("m2", samples.NOW + 1, body=LONG)], newest=True)
    with Writer(kept) as writer:
        before = samples.content(writer.cache)
        with full(writer.cache), pytest.raises(StoreError, match=r"disk is full.*cache\.db"):
            writes.apply_messages(writer, [page])
        assert samples.content(writer.cache) == before
        assert writes.apply_messages(writer, [page]).new_ids == ("m2",)


LIMITED = """
import pathlib, resource, sys
from inbox_tui.core.errors import StoreError
from inbox_tui.store import drafts, screens, sends
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
with Writer(Folder(pathlib.Path(sys.argv[1]), "acme")) as writer:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        for number in range(100):
            drafts.save(writer, "other", "many words " * 1000 + str(number), number)
        print("never refused")
    except StoreError as error:
        print(number > 0, "|", error)
"""


def test_a_write_that_the_system_cuts_off_is_an_error_in_words_and_the_last_whole_draft_stays(
    kept: Folder,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(kept.path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("True | The disk "), done.stdout + done.stderr
    assert "what was saved before is safe" in done.stdout
    texts, *others = everything(kept)
    assert texts[0] == "typed before"
    assert texts[1].startswith("many words")
    assert tuple(others) == KEPT[1:]


def test_a_read_only_file_says_so_and_loses_nothing(kept: Folder) -> None:
    with Writer(kept) as writer:
        writer.local.execute("PRAGMA query_only = ON")
        for act in (
            lambda: drafts.save(writer, "chat", "more", 0),
            lambda: drafts.save(writer, "chat", "", 0),
            lambda: sends.queue_send(writer, "chat", "prof", {"text": "more"}),
            lambda: marks.unmark(writer, "chat", "seen"),
        ):
            with pytest.raises(StoreError, match=r"local\.db is read-only.*writable"):
                act()
    assert everything(kept) == KEPT


MOUNTED = """
import json, pathlib, subprocess, sys
from inbox_tui.core.errors import StoreError
from inbox_tui.store import drafts, screens, sends
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.writer import Writer
home = pathlib.Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k,mode=0700", "tmpfs", home], check=True)
folder = Folder(home / "data" / "127.0.0.1-1--main", "acme")
said = {}
def refused(act):
    try:
        act()
    except StoreError as error:
        return str(error)
    return None
def doctor():
    done = subprocess.run([sys.executable, "-m", "inbox_tui", "doctor"], capture_output=True, text=True)
    return [done.returncode, done.stdout, done.stderr]
prepare(folder)
with Writer(folder) as writer:
    drafts.save(writer, "chat", "typed before", 0)
    filler = home / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            said["filled"] = error.strerror
    said["full"] = refused(lambda: drafts.save(writer, "chat", "many words " * 5000, 0))
    said["doctor on a full disk"] = doctor()
    said["draft"] = writer.local.execute("SELECT text FROM drafts").fetchall()
    filler.unlink()
    said["freed"] = refused(lambda: drafts.save(writer, "chat", "typed after", 0))
subprocess.run(["mount", "-o", "remount,ro", home], check=True)
said["prepare"] = refused(lambda: prepare(folder))
def write():
    with Writer(folder) as writer:
        drafts.save(writer, "chat", "never", 0)
said["read-only"] = refused(write)
said["doctor on a read-only disk"] = doctor()
subprocess.run(["mount", "-o", "remount,rw", home], check=True)
prepare(folder)
with Writer(folder) as writer:
    said["kept"] = writer.local.execute("SELECT text FROM drafts").fetchall()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a small disk of its own did, first without space, then read-only."""
    unshare, home = shutil.which("unshare"), tmp_path_factory.mktemp("disk")
    for options in (["--mount"], ["--mount", "--map-root-user"]):
        if unshare and not subprocess.run([unshare, *options, "true"], capture_output=True).returncode:
            done = subprocess.run(
                [unshare, *options, sys.executable, "-c", MOUNTED, str(home)],
                capture_output=True,
                text=True,
                check=False,
                env={
                    "INBOX_TUI_HOME": str(home),
                    "INBOX_TUI_API_URL": "http://127.0.0.1:1",
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                    "PYTHONPATH": str(Path(db.__file__).parents[2]),
                    "LANG": "C.UTF-8",
                },
            )
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            assert isinstance(found, dict)
            return found
    pytest.skip("no disk can be mounted here")


def test_a_disk_that_is_really_full_refuses_the_draft_keeps_the_old_one_and_takes_the_next(
    mounted: dict[str, object],
) -> None:
    assert mounted["filled"] == "No space left on device"
    assert str(mounted["full"]).startswith("The disk is full: ")
    assert mounted["draft"] == [["typed before"]]
    assert mounted["freed"] is None


def test_a_disk_that_is_really_read_only_is_told_and_keeps_what_it_has(mounted: dict[str, object]) -> None:
    assert re.search(
        r"cannot be written: Read-only file system\. .*nothing was lost", str(mounted["prepare"])
    )
    assert re.search(r"(cannot be opened|is read-only)\. .*writ", str(mounted["read-only"]))
    assert mounted["kept"] == [["typed after"]]


@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_the_doctor_names_a_full_or_read_only_disk_and_does_not_fall_over(
    mounted: dict[str, object], disk: str
) -> None:
    code, words, errors = mounted[f"doctor on a {disk} disk"]
    assert (code, errors) == (1, "")
    lines = [line for line in words.splitlines() if line.startswith("PROBLEM")]
    expected = "Free some space" if disk == "full" else "read-only"
    assert any(expected in line for line in lines), words


def test_a_lock_held_by_another_program_is_told_after_the_time_to_wait(
    kept: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    with Writer(kept) as writer:
        with child(HOLD, kept.local):
            with pytest.raises(StoreError) as caught:
                drafts.save(writer, "chat", "more", 0)
            assert caught.value.title == f"Another program is holding {kept.local}"
            assert "nothing was lost" in caught.value.hint
            assert everything(kept) == KEPT
        drafts.save(writer, "chat", "more", 0)
    assert everything(kept) == (["more"], *KEPT[1:])


def test_a_lock_that_is_let_go_in_time_is_only_waited_for(kept: Folder) -> None:
    brief = HOLD.replace("sys.stdin.readline()", "time.sleep(0.3)").replace("sys", "sys, time", 1)
    with Writer(kept) as writer, child(brief, kept.local):
        drafts.save(writer, "chat", "more", 0)
    assert everything(kept)[0] == ["more"]


def tear(path: Path, words: str) -> None:
    """Overwrite the page of a file in which some words stand."""
    content = bytearray(path.read_bytes())
    page = content.index(words.encode()) // 4096
    assert page > 0
    content[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    path.write_bytes(content)


def test_a_page_of_the_cache_that_is_damaged_is_told_with_the_way_to_repair_it(kept: Folder) -> None:
    with Writer(kept) as writer:
        messages = [
            samples.inbound(f"m{n}", samples.NOW + n, body=f"body {n} {LONG[:500]}") for n in range(50)
        ]
        samples.pulled(writer, *messages)
        writer.cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    tear(kept.cache, "body 25 ")
    assert db.prepare(kept) == []
    edited = [samples.inbound(f"m{n}", samples.NOW + n, body="edited") for n in range(50)]
    with (
        Writer(kept) as writer,
        pytest.raises(StoreError, match=r"cache\.db is damaged.*`inbox-tui doctor --repair`"),
    ):
        samples.pulled(writer, *edited)
    assert everything(kept) == KEPT


def test_a_page_of_the_persons_own_file_that_is_damaged_is_told_and_nothing_writes_over_it(
    kept: Folder,
) -> None:
    with Writer(kept) as writer:
        for number in range(50):
            drafts.save(writer, f"chat {number}", f"draft {number} {LONG[:500]}", 0)
    tear(kept.local, "draft 25 ")
    before = kept.local.read_bytes()

    def empty_all(writer: Writer) -> None:
        for number in range(50):
            drafts.save(writer, f"chat {number}", "", 0)

    with Writer(kept) as writer, pytest.raises(StoreError, match=r"local\.db is damaged.*--repair"):
        empty_all(writer)
    after = kept.local.read_bytes()
    page = before.index(b"\xff" * 4096)
    assert after[page : page + 4096] == before[page : page + 4096]


def test_what_is_wrong_with_a_file_reaches_whoever_asked_the_screens_writing_thread(
    kept: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    with closing(Session(kept)) as session:
        session.write(screens.show, "chat").result()
        with child(HOLD, kept.local):
            for write in (
                session.write(drafts.save, "chat", "more", 0),
                session.write(sends.queue_send, "chat", "prof", {"text": "more"}),
                session.write(marks.mark, "chat", "done"),
            ):
                assert isinstance(write.exception(), StoreError)
        assert session.write(drafts.save, "chat", "more", 0).result() == "more"


@pytest.mark.parametrize("module", [drafts, marks, outbox, screens, sends, writes])
def test_every_write_of_the_store_goes_through_the_one_place_that_explains_faults(module: ModuleType) -> None:
    assert module.transaction is transaction


def test_a_fault_of_the_program_itself_is_not_called_a_fault_of_the_file(writer: Writer) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), transaction(writer.local):
        writer.local.execute("DELETE FROM missing")
    with pytest.raises(sqlite3.IntegrityError), transaction(writer.local):
        writer.local.execute(
            "INSERT INTO drafts (chat_id, text, cursor, updated_at) VALUES ('chat', NULL, 0, 0)"
        )
    closed = sqlite3.connect(":memory:")
    closed.close()
    with pytest.raises(sqlite3.ProgrammingError), transaction(closed):
        raise AssertionError("it began")
