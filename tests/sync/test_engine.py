"""The engine on a real server: once, following, elected, and ended."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from inbox_tui.config import Settings
from inbox_tui.core.errors import NotAuthorised, StoreError, UsageError
from inbox_tui.core.progress import Progress
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import fetched, looks, lookups, writes
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine
from inbox_tui.sync.asking import answer_now
from inbox_tui.sync.engine import EngineRunningError, Report
from tests.sync.real import PATIENCE, count, item, one, profiles, queue, received, wait_for

Account = Callable[[RunningSandbox], Settings]
Start = Callable[..., RunningSandbox]
SwitchOn = Callable[[Fault], Fault]


@contextmanager
def following(settings: Settings) -> Iterator[None]:
    """An engine that follows, in a thread of this process."""
    stop, ended = threading.Event(), []
    thread = threading.Thread(target=lambda: ended.append(engine.run(settings, follow=True, stop=stop)))
    thread.start()
    try:
        wait_for(lambda: engine.running(settings.folder))
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert [type(report) for report in ended] == [Report]


def test_a_sync_brings_the_whole_world_and_a_second_one_nothing(
    sandbox: RunningSandbox, account: Account
) -> None:
    settings = account(sandbox)
    seen: list[Progress] = []
    report = engine.run(settings, once=True, progress=seen.append)
    assert report.exit_code == 0
    with sandbox.world.read() as database:
        chats = database.value("select count(*) from chats")
    assert count(settings, "chats") == chats == report.progress.chats_total
    assert count(settings, "chats WHERE estimated") == 0
    assert count(settings, "messages") == report.progress.messages
    assert seen[-1].phase == "up to date"
    assert all(looks.looked_at(settings.folder, row.profile.id) for row in profiles(settings))
    # The clock of this sandbox runs fast, so how far it is ahead is news each time; the rest is not.
    newest_rev = "SELECT max(rev) FROM (SELECT rev FROM chats UNION ALL SELECT rev FROM profiles)"
    before = one(settings, newest_rev)
    on_their_way = count(settings, "messages WHERE status IN ('pending', 'failed_waiting_for_retry')")
    asked = len(sandbox.world.requests)
    assert engine.run(settings, once=True).progress.messages == 0
    assert one(settings, newest_rev) == before
    paths = [str(request["path"]) for request in list(sandbox.world.requests)[asked:]]
    assert sum(path.endswith("/chats") for path in paths) == len(profiles(settings))
    assert sum("/api/messages/" in path for path in paths) == on_their_way
    assert len(paths) == 2 + len(profiles(settings)) + on_their_way


def test_what_the_configuration_calls_automatic_answers_nobody_after_the_next_sync(synced: Settings) -> None:
    newest = (
        "FROM chats c JOIN messages m ON m.chat = c.pk AND m.position_at = c.last_message_at WHERE c.waiting "
        "AND m.direction = 'outbound' AND m.status = 'published' AND length(m.body) > 20 ORDER BY c.pk"
    )
    chat_id, body = one(synced, f"SELECT c.id {newest}"), one(synced, f"SELECT m.body {newest}")
    unanswered = f"SELECT unanswered > 0 FROM chats WHERE id = '{chat_id}'"
    assert one(synced, unanswered) == 0
    engine.run(replace(synced, automatic_replies=(re.escape(str(body)),)), once=True)
    assert one(synced, unanswered) == 1
    assert count(synced, "chats WHERE next_change_at = 0") == 0
    engine.run(synced, once=True)
    assert one(synced, unanswered) == 0


def test_a_wrong_key_is_said_by_the_exit_code_the_report_and_every_known_profile(
    sandbox: RunningSandbox, synced: Settings
) -> None:
    synced.key_file.write_text("pp_wrong")
    report = engine.run(synced, once=True)
    assert report.exit_code == 3
    assert "does not accept the key" in report.errors[0].title
    assert all(row.fault_title and row.fault_hint for row in profiles(synced))
    assert not any("pp_wrong" in f"{row.fault_title}{row.fault_hint}" for row in profiles(synced))
    synced.key_file.write_text(sandbox.api_key)
    assert engine.run(synced, once=True).exit_code == 0
    assert all(row.fault_title is None for row in profiles(synced))


def test_no_key_at_all_is_told_before_anything_is_done(synced: Settings) -> None:
    synced.key_file.unlink()
    with pytest.raises(NotAuthorised, match="No API key is set"):
        engine.run(synced, once=True)


@pytest.mark.usefixtures("hasty")
def test_no_server_is_a_network_error_and_the_cache_stays(synced: Settings, fault: SwitchOn) -> None:
    chats = count(synced, "chats")
    fault(Fault("reset"))
    report = engine.run(synced, once=True)
    assert report.exit_code == 5
    assert count(synced, "chats") == chats
    assert all(row.fault_title for row in profiles(synced))


def test_once_and_follow_exclude_each_other(synced: Settings) -> None:
    with pytest.raises(UsageError):
        engine.run(synced, once=True, follow=True)


def test_a_second_engine_of_the_account_refuses_and_says_why(synced: Settings) -> None:
    assert not engine.running(synced.folder)
    with following(synced):
        with pytest.raises(EngineRunningError) as refusal:
            engine.run(synced, follow=True)
        assert refusal.value.exit_code == 75
        assert refusal.value.hint
    assert not engine.running(synced.folder)


def test_a_new_message_reaches_a_following_engine(sandbox: RunningSandbox, synced: Settings) -> None:
    with following(synced):
        sandbox.life.receive(1, "Is anybody there at all?")
        wait_for(lambda: count(synced, "messages WHERE body = 'Is anybody there at all?'"))


@pytest.mark.parametrize("platform", ["telegram", "bluesky"])
def test_a_text_in_the_outbox_reaches_the_server_exactly_once_and_is_settled(
    sandbox: RunningSandbox, synced: Settings, platform: str
) -> None:
    text = f"Sent on {platform}"
    with following(synced):
        queued = queue(synced, text, platform)
        wait_for(lambda: item(synced, queued).state == State.SETTLED)
    assert received(sandbox, text) == 1
    assert one(synced, "SELECT status FROM messages WHERE body = ?", text) == "published"


@pytest.mark.usefixtures("hasty")
def test_a_send_whose_answer_is_lost_arrives_once_and_is_adopted(
    sandbox: RunningSandbox, synced: Settings, fault: SwitchOn
) -> None:
    fault(Fault("lost", path="/messages$", method="POST", times=1))
    with following(synced):
        queued = queue(synced, "Where did it go?")
        wait_for(lambda: item(synced, queued).state == State.SETTLED)
    assert received(sandbox, "Where did it go?") == 1


def test_a_failing_platform_ends_the_item_as_failed_in_its_own_words(
    synced: Settings, fault: SwitchOn
) -> None:
    fault(Fault("platform_final", text="Forbidden: bot was blocked by the user"))
    with following(synced):
        queued = queue(synced, "Hello?")
        wait_for(lambda: item(synced, queued).state == State.FAILED)
    assert item(synced, queued).title == "Forbidden: bot was blocked by the user"
    assert one(synced, "SELECT failed FROM chats WHERE id = ?", queued.chat_id) == 1


def test_a_command_sends_by_itself_where_no_engine_runs(sandbox: RunningSandbox, synced: Settings) -> None:
    accepted = engine.send_now(synced, queue(synced, "First").pk)
    assert accepted.state in (State.ACCEPTED, State.SETTLED)
    settled = engine.send_now(synced, queue(synced, "Second").pk, wait=True)
    assert settled.state == State.SETTLED
    assert (received(sandbox, "First"), received(sandbox, "Second")) == (1, 1)
    assert not engine.running(synced.folder)


def test_a_command_leaves_its_send_to_the_engine_that_runs(sandbox: RunningSandbox, synced: Settings) -> None:
    with following(synced):
        settled = engine.send_now(synced, queue(synced, "Over to you").pk, wait=True)
    assert settled.state == State.SETTLED
    assert received(sandbox, "Over to you") == 1


def test_a_command_without_a_key_leaves_what_it_wants_to_the_engine_that_runs(
    synced: Settings,
) -> None:
    with following(synced):
        synced.key_file.unlink()
        with closing(open_reader(synced.folder)) as reader:
            profile = next(
                row.profile.id for row in lookups.profiles(reader) if row.profile.platform == "facebook"
            )
            answer_now(synced, [("posts", profile)])
            assert fetched.posts(reader, profile)


def test_a_command_does_not_wait_for_what_cannot_go_on(
    sandbox: RunningSandbox, synced: Settings, fault: SwitchOn
) -> None:
    fault(Fault("error", path="/messages$", method="POST", status=422, text="No", times=1))
    first = engine.send_now(synced, queue(synced, "Refused").pk)
    assert (first.state, first.title) == (State.FAILED, "No")
    second = engine.send_now(synced, queue(synced, "Behind it").pk)
    assert second.state == State.QUEUED
    assert received(sandbox, "Behind it") == 0


def test_a_sync_sends_what_waits_in_the_outbox(sandbox: RunningSandbox, synced: Settings) -> None:
    queued = queue(synced, "Left for later")
    assert engine.run(synced, once=True).exit_code == 0
    assert item(synced, queued).state == State.SETTLED
    assert received(sandbox, "Left for later") == 1


def test_a_hostile_world_is_synced_and_each_bad_record_costs_only_itself(
    start_sandbox: Start, account: Account
) -> None:
    box = start_sandbox(world="hostile")
    settings = account(box)
    report = engine.run(settings, once=True)
    assert report.progress.phase == "up to date"
    with box.world.read() as database:
        listed = database.value("select count(*) from chats")
    assert count(settings, "chats") + count(settings, "quarantine WHERE source LIKE 'chats of %'") == listed
    assert count(settings, "chats WHERE estimated") == len(report.errors) == 1
    assert all(row.fault_title is None for row in profiles(settings))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "faults",
    [
        [Fault(kind, probability=0.06) for kind in ("error", "reset", "broken_json", "html")],
        [Fault("rate_limit", times=2, path="/messages$", retry_after="1")],
        [Fault("duplicate"), Fault("shift", probability=0.3)],
    ],
    ids=["broken answers", "slow down", "rows that move"],
)
def test_a_following_engine_gets_everything_in_spite_of_faults(
    start_sandbox: Start, account: Account, faults: list[Fault]
) -> None:
    box = start_sandbox(chats=30, messages=300)
    settings = account(box)
    for fault in faults:
        box.world.faults.add(fault)

    def complete() -> bool:
        with box.world.read() as database:
            chats = database.value("select count(*) from chats")
        return (
            count(settings, "chats WHERE NOT estimated") == chats
            and count(settings, "messages") == one(settings, "SELECT sum(messages_total) FROM chats")
            and count(settings, "profiles WHERE walked") == len(profiles(settings)) > 0
        )

    with following(settings):
        wait_for(complete)


def test_files_that_cannot_be_written_end_the_engine_with_a_sentence(
    sandbox: RunningSandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = account(sandbox)

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("inbox_tui.store.writes.apply_chats", full)
    with pytest.raises(StoreError, match="disk is full") as failure:
        engine.run(settings, once=True)
    assert failure.value.hint
    assert not engine.running(settings.folder)


def test_a_bug_in_one_answer_costs_only_that_answer(
    sandbox: RunningSandbox,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = account(sandbox)
    apply = writes.apply_messages
    victim: list[str] = []

    def stumble(writer: Writer, pages: list[writes.MessagePage]) -> writes.Applied:
        victim[:] = victim or [pages[0].chat_id]
        if any(page.chat_id == victim[0] for page in pages):
            raise KeyError("surprise")
        return apply(writer, pages)

    monkeypatch.setattr("inbox_tui.store.writes.apply_messages", stumble)
    report = engine.run(settings, once=True)
    assert report.exit_code == 1
    assert count(settings, "chats WHERE pulled_at IS NULL") == 1
    assert "KeyError" in caplog.text
    assert sandbox.api_key not in caplog.text
