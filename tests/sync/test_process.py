"""The engine as a process: killed, told to end, left alone by its screen."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from inbox_tui.config import Settings
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine
from tests.sync.conftest import Spawn
from tests.sync.real import PATIENCE, count, item, one, queue, received, wait_for
from tests.sync.test_engine import following

Start = Callable[..., RunningSandbox]


def asked_for_messages(box: RunningSandbox) -> list[str]:
    """Chats whose messages were asked for, in order."""
    paths = [str(request["path"]) for request in box.world.requests]
    return [path.split("/")[3] for path in paths if path.endswith("/messages")]


def test_a_first_sync_that_is_killed_goes_on_without_fetching_again_what_it_had(
    start_sandbox: Start, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    box = start_sandbox(chats=240, messages=2_400)
    settings = home(box)
    box.world.faults.add(Fault("latency", path="/messages$", seconds=0.03))
    process = spawn(settings, "--follow")
    wait_for(lambda: count(settings, "chats WHERE NOT estimated") >= 20)
    process.kill()
    process.wait()
    read = {
        one(settings, "SELECT id FROM chats WHERE NOT estimated ORDER BY pk LIMIT 1 OFFSET ?", index)
        for index in range(count(settings, "chats WHERE NOT estimated"))
    }
    assert 20 <= len(read) < 240
    before = len(box.world.requests)
    assert engine.run(settings, once=True).exit_code == 0
    with box.world.read():
        again = [str(r["path"]) for r in list(box.world.requests)[before:]]
    newest = {path.split("/")[3] for path in again if path.endswith("/messages")}
    assert not newest & read
    assert len(read) + len(newest) == count(settings, "chats") == 240
    assert count(settings, "messages") == one(settings, "SELECT sum(messages_total) FROM chats")


def test_an_engine_ends_when_its_standard_input_is_closed(
    sandbox: RunningSandbox, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    settings = home(sandbox)
    process = spawn(settings, "--follow", "--until-stdin-closes")
    wait_for(lambda: count(settings, "chats") > 0)
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert not engine.running(settings.folder)


def test_an_engine_ends_cleanly_when_told_to_even_while_the_server_does_not_answer(
    start_sandbox: Start, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = home(box)
    box.world.faults.add(Fault("latency", path="/messages$", seconds=60))
    process = spawn(settings, "--follow")
    wait_for(lambda: asked_for_messages(box))
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE / 2) == 0
    assert not engine.running(settings.folder)


def test_a_killed_engine_gives_its_place_free_and_a_second_one_is_told_why_not(
    sandbox: RunningSandbox, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    settings = home(sandbox)
    first = spawn(settings, "--follow")
    wait_for(lambda: engine.running(settings.folder))
    second = spawn(settings, "--follow")
    assert second.wait(PATIENCE) == 75
    assert second.stderr is not None
    assert b"already syncing" in second.stderr.read()
    first.kill()
    first.wait()
    assert not engine.running(settings.folder)
    assert engine.run(settings, once=True).exit_code == 0


def test_a_wrong_key_ends_a_sync_with_exit_code_three_and_one_clear_line(
    sandbox: RunningSandbox, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    settings = home(sandbox)
    settings.key_file.write_text("pp_wrong")
    process = spawn(settings, "--once")
    assert process.wait(PATIENCE) == 3
    assert process.stderr is not None
    words = process.stderr.read().decode()
    assert "The API does not accept the key" in words
    assert "pp_wrong" not in words
    assert "Traceback" not in words


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("moment", "honoured"), [("arrives", False), ("is lost", True)])
def test_a_send_during_which_the_engine_is_killed_arrives_once_or_is_put_to_the_person(
    start_sandbox: Start,
    home: Callable[[RunningSandbox], Settings],
    spawn: Spawn,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    honoured: bool,
) -> None:
    monkeypatch.setattr("inbox_tui.sync.decisions.LAST_SEARCH_MS", 1_000)
    box = start_sandbox(honour_idempotency_keys=honoured)
    settings = home(box)
    assert engine.run(settings, once=True).exit_code == 0
    box.world.faults.add(Fault("latency", path="/messages$", method="POST", seconds=1.0))
    if moment == "is lost":
        box.world.faults.add(Fault("reset", path="/messages$", method="POST"))
    process = spawn(settings, "--follow")
    wait_for(lambda: engine.running(settings.folder))
    queued = queue(settings, "In the middle of it")
    wait_for(lambda: any(request["method"] == "POST" for request in box.world.requests))
    process.kill()
    process.wait()
    assert item(settings, queued).state == State.SENDING
    with Writer(settings.folder) as writer:  # the killed one may have meant to wait ten seconds
        writer.local.execute("UPDATE outbox SET next_try_at = NULL")
    box.world.faults.remove()
    if moment == "arrives":
        wait_for(lambda: received(box, "In the middle of it") == 1)
    with following(settings):
        ends = (State.SETTLED, State.UNCERTAIN)
        wait_for(lambda: item(settings, queued).state in ends)
    assert item(settings, queued).state == (State.SETTLED if moment == "arrives" else State.UNCERTAIN)
    assert received(box, "In the middle of it") == (1 if moment == "arrives" else 0)
    assert sum(request["method"] == "POST" for request in box.world.requests) == 1
