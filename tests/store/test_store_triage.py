"""Acts of triage, and the way back and forth in their journal (interface, sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import DAY, HOUR, MINUTE, NOW, chat, inbound, outbound

from inbox_tui.core.errors import UsageError
from inbox_tui.core.ranking import FOREVER
from inbox_tui.core.snooze import Until
from inbox_tui.store import clock, journal, lookups, marks, outbox, sends, triage, writes
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from tests.undoing import redo, undo

TABLES = ("marks", "snoozes", "labels", "pins", "notes")


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (triage, journal, clock, outbox, sends):
        monkeypatch.setattr(module, "now_ms", lambda: NOW)


def asked(writer: Writer, *names: str, platform: str = "telegram") -> None:
    """Chats in which a customer waits for an answer."""
    for name in names:
        writes.apply_chats(writer, [chat(name, platform=platform)])
        samples.pulled(writer, inbound(f"{name}1", NOW - HOUR, name), chat_id=name)


def derived(writer: Writer, columns: str, name: str = "chat") -> samples.SqlRow:
    return samples.one(writer.cache, f"SELECT {columns} FROM chats WHERE id = ?", name)


def state(writer: Writer) -> dict[object, list[object]]:
    return {table: rows for table, rows in samples.content(writer.local).items() if table in TABLES}


def test_done_closes_reopen_opens_and_what_changes_nothing_is_not_written_down(writer: Writer) -> None:
    asked(writer, "chat")
    assert triage.done(writer, ["chat"]) == ("chat",)
    assert derived(writer, "done, unanswered, unread") == (1, 0, 1)
    assert triage.done(writer, ["chat"]) == ()
    assert triage.reopen(writer, ["chat"]) == ("chat",)
    assert derived(writer, "done, unanswered") == (0, 1)
    assert triage.reopen(writer, ["chat"]) == ()
    assert samples.ids(writer.local, "SELECT what FROM journal") == ["done", "reopen"]


def test_no_reply_needed_closes_and_takes_as_read_in_one_step(writer: Writer) -> None:
    asked(writer, "chat")
    triage.done_no_reply(writer, ["chat"])
    assert derived(writer, "done, unanswered, unread") == (1, 0, 0)
    assert undo(writer) == journal.Step("done, no reply", ("chat",), 0, left=False)
    assert derived(writer, "done, unanswered, unread") == (0, 1, 1)


def test_a_snoozed_chat_is_woken_by_its_time(writer: Writer) -> None:
    asked(writer, "chat")
    triage.snooze(writer, ["chat"], Until(NOW + DAY))
    assert derived(writer, "snoozed_until, next_change_at") == (NOW + DAY, NOW + DAY)


@pytest.mark.parametrize("until", [Until(None), Until(NOW + DAY)])
def test_a_snoozed_chat_is_woken_by_a_new_message(writer: Writer, until: Until) -> None:
    asked(writer, "chat")
    triage.snooze(writer, ["chat"], until)
    assert derived(writer, "snoozed_until") == (until.at or FOREVER,)
    writes.apply_messages(writer, [MessagePage("chat", [inbound("m2", NOW - MINUTE)])])
    assert derived(writer, "snoozed_until, unanswered") == (None, 2)


def test_a_sticky_snooze_is_not_woken_by_a_new_message_but_by_a_send_that_failed(writer: Writer) -> None:
    asked(writer, "chat")
    triage.snooze(writer, ["chat"], Until(NOW + DAY, sticky=True))
    writes.apply_messages(writer, [MessagePage("chat", [inbound("m2", NOW - MINUTE)])])
    assert derived(writer, "snoozed_until") == (NOW + DAY,)
    item = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
    outbox.move(writer, item, State.FAILED, title="No")
    writes.refold_chats(writer, ["chat"])
    assert derived(writer, "snoozed_until, failed") == (None, 1)


def test_a_snooze_ends_before_the_reply_window_of_each_chat_closes(writer: Writer) -> None:
    asked(writer, "free")
    asked(writer, "chat", platform="instagram")
    ends = triage.snooze(writer, ["chat", "free"], Until(NOW + 3 * DAY))
    assert ends["free"] == Until(NOW + 3 * DAY)
    assert ends["chat"].at == NOW + 22 * HOUR
    assert ends["chat"].notice
    assert derived(writer, "snoozed_until") == (NOW + 22 * HOUR,)


def test_done_ends_a_snooze_and_taking_done_back_brings_the_snooze_back(writer: Writer) -> None:
    asked(writer, "chat")
    triage.snooze(writer, ["chat"], Until(NOW + DAY))
    triage.done(writer, ["chat"])
    assert derived(writer, "snoozed_until, done") == (None, 1)
    undo(writer)
    assert derived(writer, "snoozed_until, done") == (NOW + DAY, 0)
    redo(writer)
    triage.reopen(writer, ["chat"])
    assert derived(writer, "snoozed_until, done") == (None, 0), "reopened is there to be answered"


def test_a_closed_chat_can_be_put_away_and_brought_back(writer: Writer) -> None:
    asked(writer, "chat")
    triage.done(writer, ["chat"])
    triage.snooze(writer, ["chat"], Until(NOW + DAY))
    assert derived(writer, "snoozed_until") == (NOW + DAY,)
    assert triage.unsnooze(writer, ["chat"]) == ("chat",)
    assert derived(writer, "snoozed_until") == (None,)


def test_read_and_unread_are_two_acts(writer: Writer) -> None:
    asked(writer, "chat")
    triage.read(writer, ["chat"])
    assert derived(writer, "unread, unanswered") == (0, 1)
    triage.unread(writer, ["chat"])
    assert derived(writer, "unread") == (1,)


def test_labels_pin_and_note_are_read_with_the_chat(writer: Writer) -> None:
    asked(writer, "chat")
    triage.label(writer, ["chat"], ["VIP", "big order", "#vip"])
    triage.label(writer, ["chat"], ["fraud"], ["vip"])
    triage.pin(writer, ["chat"], pinned=True)
    assert triage.note(writer, "chat", " calls\non Mondays \x1b[2J")
    assert not triage.note(writer, "chat", " calls\non Mondays \x1b[2J"), "the same again is no act"
    reader = open_reader(writer.folder)
    try:
        row = lookups.chat(reader, "chat")
        assert row is not None
        assert (row.labels, row.pinned, row.note) == (("big-order", "fraud"), True, True)
        assert lookups.note(reader, "chat").startswith("calls\non Mondays")
        assert "\x1b" not in lookups.note(reader, "chat")
        assert lookups.labels(reader) == [("big-order", 1), ("fraud", 1)]
    finally:
        reader.close()
    triage.note(writer, "chat", "")
    triage.pin(writer, ["chat"], pinned=False)
    assert state(writer)["notes"] == state(writer)["pins"] == []


@pytest.mark.parametrize("name", ["", " ", "#", "x" * 41, ","])
def test_what_is_no_label_is_refused_and_nothing_is_changed(writer: Writer, name: str) -> None:
    with pytest.raises(UsageError, match="is no label"):
        triage.label(writer, ["chat"], ["good", name])
    assert state(writer)["labels"] == []


def test_a_note_that_is_too_long_is_refused(writer: Writer) -> None:
    with pytest.raises(UsageError, match="10,001 characters"):
        triage.note(writer, "chat", "x" * (triage.NOTE_LENGTH + 1))


def test_many_chats_are_one_step(writer: Writer) -> None:
    asked(writer, "a", "b", "c")
    triage.done(writer, ["b"])
    assert triage.done(writer, ["a", "b", "c", "a"]) == ("a", "c")
    assert undo(writer) == journal.Step("done", ("a", "c"), 0, left=False)
    assert samples.ids(writer.cache, "SELECT id FROM chats WHERE done") == ["b"]


def labelled(writer: Writer) -> dict[str, str]:
    return dict(writer.local.execute("SELECT chat_id, label FROM labels").fetchall())


def test_an_act_in_parts_is_one_step_whatever_else_is_done_between_them(writer: Writer) -> None:
    asked(writer, "a", "b", "c")
    step = journal.OpenStep()
    for name in "ab":
        triage.label(writer, [name], ["vip"], step=step)
    triage.pin(writer, ["a"], pinned=True)
    triage.label(writer, ["c"], ["vip"], step=step)
    assert samples.ids(writer.local, "SELECT what FROM journal") == ["labels", "labels", "pin", "labels"]
    assert undo(writer) == journal.Step("pin", ("a",), 0, left=False), "begun last"
    assert undo(writer) == journal.Step("labels", ("c", "b", "a"), 0, left=False)
    assert labelled(writer) == {}
    assert undo(writer) is None
    assert redo(writer) == journal.Step("labels", ("a", "b", "c"), 0, left=False)
    assert redo(writer) == journal.Step("pin", ("a",), 0, left=False)
    assert labelled(writer) == dict.fromkeys("abc", "vip")


def test_an_undo_that_was_cut_off_between_two_parts_is_finished_by_the_next_one(writer: Writer) -> None:
    asked(writer, "a", "b")
    step = journal.OpenStep()
    for name in "ab":
        triage.label(writer, [name], ["vip"], step=step)
    assert journal.step(writer, journal.Walk(back=True))
    assert labelled(writer) == {"a": "vip"}
    assert undo(writer) == journal.Step("labels", ("a",), 0, left=False)
    assert labelled(writer) == {}


def test_chats_are_taken_in_parts_once_each_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PART", 2)
    assert list(journal.parts(["c", "a", "c", "b", "a"])) == [["c", "a"], ["b"]]


ACTS: list[Callable[[Writer, list[str]], object]] = [
    triage.done,
    triage.done_no_reply,
    triage.reopen,
    triage.read,
    triage.unread,
    triage.unsnooze,
    lambda writer, names: triage.snooze(writer, names, Until(None)),
    lambda writer, names: triage.snooze(writer, names, Until(NOW + HOUR, sticky=True)),
    lambda writer, names: triage.label(writer, names, ["vip"]),
    lambda writer, names: triage.label(writer, names, ["fraud"], ["vip"]),
    lambda writer, names: triage.pin(writer, names, pinned=True),
    lambda writer, names: triage.pin(writer, names, pinned=False),
    lambda writer, names: triage.note(writer, names[0], "first"),
    lambda writer, names: triage.note(writer, names[0], ""),
]
done_to = st.lists(
    st.tuples(st.sampled_from(ACTS), st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True)),
    max_size=6,
)


@given(done_to)
@settings(max_examples=25, deadline=None)
def test_undo_goes_back_through_every_state_and_redo_forth_again_across_restarts(
    acts: list[tuple[Callable[[Writer, list[str]], object], list[str]]],
) -> None:
    with samples.fresh() as writer:
        asked(writer, "a", "b")
        states = [state(writer)]
        for act, names in acts:
            act(writer, names)
            if state(writer) != states[-1]:
                states.append(state(writer))
        for before in reversed(states[:-1]):
            with Writer(writer.folder) as later:
                assert undo(later)
                assert state(later) == before
        assert undo(writer) is None
        for after in states[1:]:
            assert redo(writer)
            assert state(writer) == after
        assert redo(writer) is None


def test_a_new_act_is_the_end_of_what_could_be_done_again(writer: Writer) -> None:
    asked(writer, "chat")
    triage.done(writer, ["chat"])
    undo(writer)
    triage.pin(writer, ["chat"], pinned=True)
    assert redo(writer) is None


def test_what_has_changed_since_is_left_as_it_is_and_said(writer: Writer) -> None:
    asked(writer, "a", "b")
    triage.read(writer, ["a", "b"])
    writes.apply_messages(writer, [MessagePage("a", [inbound("a2", NOW, "a")])])
    # The chat was looked at on the screen, which is no act of its own.
    marks.mark(writer, "a", "seen")
    writes.refold_chats(writer, ["a"])
    assert undo(writer) == journal.Step("read", ("b",), 1, left=False)
    assert [derived(writer, "unread", name) for name in "ab"] == [(0,), (1,)]


def test_a_message_that_has_left_stays_and_the_undo_of_what_was_done_before_says_so(writer: Writer) -> None:
    asked(writer, "chat")
    triage.done(writer, ["chat"])
    item = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
    outbox.move(writer, item, State.SENDING, dispatched=True)
    assert undo(writer) == journal.Step("done", ("chat",), 0, left=True)
    assert len(outbox.open_items(writer)) == 1


def test_the_journal_keeps_its_newest_steps(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    asked(writer, "chat")
    for number in range(5):
        triage.label(writer, ["chat"], [f"l{number}"])
    steps = [undo(writer) for _ in range(4)]
    assert [step is not None for step in steps] == [True, True, True, False]


def test_a_step_of_many_parts_pushes_old_ones_out_but_never_a_part_of_one(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT_PARTS", 3)
    asked(writer, *"abcd")
    triage.pin(writer, ["a"], pinned=True)
    step = journal.OpenStep()
    for name in "abcd":
        triage.label(writer, [name], ["vip"], step=step)
    triage.done(writer, ["a"])
    assert undo(writer) == journal.Step("done", ("a",), 0, left=False)
    assert undo(writer) == journal.Step("labels", tuple("dcba"), 0, left=False)
    assert undo(writer) is None


def test_a_reply_after_the_end_of_a_snooze_ends_it_for_good(writer: Writer) -> None:
    asked(writer, "chat")
    triage.snooze(writer, ["chat"], Until(NOW + MINUTE))
    writes.apply_messages(writer, [MessagePage("chat", [outbound("m2", NOW + HOUR)])])
    assert derived(writer, "snoozed_until") == (None,)
