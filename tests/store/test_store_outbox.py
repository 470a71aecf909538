"""The outbox: no typed character is lost, no item is acted on twice (design, section 6)."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
import store_samples as samples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from store_samples import NOW, inbound, outbound

from inbox_tui.core.errors import Refused
from inbox_tui.core.models import JsonObject
from inbox_tui.store import drafts, lookups, marks, outbox, screens, sends, writes
from inbox_tui.store.db import Changes, Folder, open_reader
from inbox_tui.store.drafts import NO_WORDS, Base, Words
from inbox_tui.store.items import OutboxItem, State, refuse_foreign
from inbox_tui.store.lookups import Composed
from inbox_tui.store.sends import HOLD_MS
from inbox_tui.store.writer import Writer

ENDS = (State.SETTLED, State.DISCARDED)


def send(writer: Writer, text: str = "hello", **options: Any) -> OutboxItem:
    """Queue a text, without an undo window unless one is asked for."""
    return sends.queue_send(writer, "chat", "prof", {"text": text}, **({"hold_ms": 0} | options))


def state_of(writer: Writer, item: OutboxItem) -> str:
    found = outbox.item(writer, item.pk)
    assert found is not None
    return found.state


# ---------------------------------------------------------------- drafts


def test_a_draft_outlives_the_process_that_wrote_it(folder: Folder) -> None:
    with Writer(folder) as writer:
        drafts.save(writer, "chat", "half a sen", 10)
    with closing(open_reader(folder)) as reader:
        assert lookups.draft(reader, "chat") == ("half a sen", 10)


def test_an_empty_draft_is_no_draft(writer: Writer, reader: sqlite3.Connection) -> None:
    drafts.save(writer, "chat", "text", 4)
    drafts.save(writer, "chat", "", 0)
    assert lookups.draft(reader, "chat") == ("", 0)
    assert samples.ids(reader, "SELECT chat_id FROM local.drafts") == []


def test_what_snippets_left_open_in_two_terminals_is_open_in_the_draft_of_both(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "chat", "Hi {{name}}", 0, Base(NO_WORDS), {"blanks": ["{{name}}"]})
    drafts.save(writer, "chat", "on {{?day}}", 0, Base(NO_WORDS), {"blanks": ["{{?day}}"]})
    draft = lookups.composed(reader, "chat")
    assert (draft.text, draft.extras) == ("Hi {{name}}\non {{?day}}", {"blanks": ["{{name}}", "{{?day}}"]})


def test_a_draft_that_did_not_change_is_not_written(writer: Writer) -> None:
    for text in ("text", ""):
        drafts.save(writer, "chat", text, 0)
        with closing(Changes(writer.folder)) as changes:
            drafts.save(writer, "chat", text, 2)
            assert not changes.poll()


def test_drafts_of_chats_are_kept_apart(writer: Writer, reader: sqlite3.Connection) -> None:
    drafts.save(writer, "a", "for a", 1)
    drafts.save(writer, "b", "for b", 2)
    sends.queue_send(writer, "a", "prof", {"text": "for a"}, from_draft=True)
    assert (lookups.draft(reader, "a"), lookups.draft(reader, "b")) == (("", 0), ("for b", 2))


def test_what_goes_with_a_draft_is_kept_with_it_and_without_a_text(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "chat", "", 0, extras={"reply_to": "55", "reply_to_id": "m5"})
    begun = lookups.composed(reader, "chat").started_at
    drafts.save(writer, "chat", "words", 5)
    assert lookups.composed(reader, "chat") == Composed(
        "words", 5, {"reply_to": "55", "reply_to_id": "m5"}, begun
    )
    drafts.save(writer, "chat", "words", 5, extras={})
    assert lookups.composed(reader, "chat") == Composed("words", 5, {}, begun)
    drafts.save(writer, "chat", "", 0)
    assert lookups.composed(reader, "chat") == Composed()


def test_a_send_that_is_taken_back_brings_back_what_went_with_it_as_it_was_chosen(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    payload = {
        "text": "this one",
        "reply_to": "55",
        "reply_to_id": "m5",
        "file": "spool/x/a.png",
        "source": "/a.png",
    }
    item = sends.queue_send(writer, "chat", "prof", payload)
    drafts.save(writer, "chat", "typed since", 0, extras={"reply_to": "66"})
    assert outbox.take_back(writer, item.pk) == "this one\ntyped since"
    assert lookups.composed(reader, "chat").extras == {
        "reply_to": "66",
        "reply_to_id": "m5",
        "file": "/a.png",
    }


def test_what_was_typed_behind_a_text_stays_the_draft_when_the_text_leaves(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "chat", "first second", 12, extras={"reply_to": "66"})
    first, left = {"text": "first", "reply_to": "66"}, Words(" second", {})
    sends.queue_send(writer, "chat", "prof", first, from_draft=True, left=left)
    assert lookups.draft(reader, "chat") == (" second", 7)
    assert lookups.composed(reader, "chat").extras == {}
    with pytest.raises(Refused, match="sent or changed elsewhere"):
        sends.queue_send(writer, "chat", "prof", {"text": "first"}, from_draft=True, left=left)
    assert lookups.draft(reader, "chat") == (" second", 7)


@pytest.mark.parametrize(
    "added",
    [
        {"file": "/home/price list.pdf"},
        {"media_url": "https://cdn.example.com/a.png"},
        {"reply_to": "66"},
        {"reply_markup": {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}},
    ],
)
def test_a_text_does_not_leave_without_what_another_terminal_has_put_to_it(
    writer: Writer, reader: sqlite3.Connection, added: JsonObject
) -> None:
    drafts.save(writer, "chat", "See the file", 12, extras=added)
    with pytest.raises(Refused, match="changed elsewhere"):
        sends.queue_send(writer, "chat", "prof", {"text": "See the file"}, from_draft=True)
    assert lookups.composed(reader, "chat").extras == added
    file = {"file": "/spool/1/b.png", "source": "/home/b.png"}
    with pytest.raises(Refused, match="changed elsewhere"):
        sends.queue_pair(writer, "chat", "prof", file, {"text": "See the file"}, from_draft=True)
    whole = {"text": "See the file", **added}
    if "file" in added:
        whole |= {"file": "/spool/2/price list.pdf", "source": "/home/price list.pdf"}
    sends.queue_send(writer, "chat", "prof", whole, from_draft=True)
    assert lookups.draft(reader, "chat") == ("", 0)


# ---------------------------------------------------------------- sending and taking back


def test_a_send_knows_what_it_was_written_for(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW), inbound("m2", NOW + 1))
    item = send(writer, screen=7, hold_ms=HOLD_MS)
    assert (item.account, item.act, item.chat_id, item.profile_id) == ("acme", "send", "chat", "prof")
    assert (item.state, item.screen, item.attempts, item.message_id) == (State.HELD, 7, 0, None)
    assert item.held_until == item.created_at + HOLD_MS
    row = samples.one(writer.local, "SELECT generation, arrived, through_at, through_id FROM outbox")
    assert row == (writer.generation, 2, NOW + 1, "m2")
    assert send(writer).state == State.QUEUED
    assert send(writer).key != item.key


def test_a_send_of_another_account_is_refused(writer: Writer) -> None:
    refuse_foreign(send(writer), "acme")
    with pytest.raises(Refused, match="written for the account acme, not for other"):
        refuse_foreign(send(writer), "other")


def test_a_held_send_comes_back_in_front_of_what_is_typed_now(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    item = send(writer, "first", hold_ms=HOLD_MS)
    drafts.save(writer, "chat", "second", 3)
    assert outbox.take_back(writer, item.pk) == "first\nsecond"
    assert lookups.draft(reader, "chat") == ("first\nsecond", 12)
    assert lookups.outbox(reader) == []
    assert outbox.take_back(writer, item.pk) is None


def test_a_held_file_comes_back_without_making_a_draft(writer: Writer, reader: sqlite3.Connection) -> None:
    item = sends.queue_send(writer, "chat", "prof", {"file": "/spool/1"})
    assert outbox.take_back(writer, item.pk) == ""
    assert samples.ids(reader, "SELECT chat_id FROM local.drafts") == []


def test_a_text_with_any_character_comes_back_whole(writer: Writer) -> None:
    text = 'a\x00b "quoted" \\ \U0001f600 \u2028 end'
    assert outbox.take_back(writer, send(writer, text, hold_ms=9).pk) == text


def test_only_a_send_that_was_never_tried_can_be_taken_back(writer: Writer) -> None:
    for state in State:
        for tried in (False, True):
            item = send(writer, hold_ms=9)
            outbox.move(writer, item, state, dispatched=tried)
            may = state == State.HELD or (state == State.QUEUED and not tried)
            assert (outbox.take_back(writer, item.pk) is not None) == may, (state, tried)


def test_a_draft_that_is_not_there_any_more_is_not_sent(writer: Writer) -> None:
    drafts.save(writer, "chat", "once", 0)
    sends.queue_send(writer, "chat", "prof", {"text": "once"}, from_draft=True)
    with pytest.raises(Refused, match="sent or changed elsewhere"):
        sends.queue_send(writer, "chat", "prof", {"text": "once"}, from_draft=True)
    assert len(outbox.open_items(writer)) == 1


def test_a_failed_message_is_sent_again_once(writer: Writer) -> None:
    sends.queue_send(writer, "chat", "prof", {"text": "again"}, retry_of="failed")
    with pytest.raises(Refused, match="already"):
        sends.queue_send(writer, "chat", "prof", {"text": "again"}, retry_of="failed")
    assert len(outbox.open_items(writer)) == 1


def test_a_draft_keeps_what_two_terminals_typed(writer: Writer) -> None:
    def typed(text: str, base: str) -> str:
        return drafts.save(writer, "chat", text, len(text), Base(Words(base, {})))

    assert typed("first", "") == "first"
    assert typed("second", "") == "first\nsecond"
    assert typed("first\nsecond!", "first\nsecond") == "first\nsecond!"
    assert typed("", "something else") == "first\nsecond!"
    assert typed("", "first\nsecond") == "!"
    assert typed("", "!") == ""


def test_a_held_send_whose_screen_died_becomes_the_draft_again(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    drafts.save(writer, "chat", "typed", 0)
    items = [send(writer, text, hold_ms=9, screen=screen) for text, screen in (("a", 1), ("b", 1), ("c", 2))]
    unscreened = send(writer, "d", hold_ms=9)
    outbox.release_screenless(writer, [2])
    assert [state_of(writer, item) for item in items] == ["discarded", "discarded", "held"]
    assert state_of(writer, unscreened) == "held"
    assert lookups.draft(reader, "chat")[0] == "a\nb\ntyped"


def test_the_newest_held_send_of_a_screen_is_the_one_to_take_back(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    send(writer, "mine", hold_ms=9, screen=1)
    newest = send(writer, "newest", hold_ms=9, screen=1)
    send(writer, "theirs", hold_ms=9, screen=2)
    outbox.move(writer, send(writer, "gone", screen=1), State.SENDING, dispatched=True)
    assert lookups.held(reader, 1) == newest
    assert lookups.held(reader, 3) is None


# ---------------------------------------------------------------- the way of an item


def test_an_item_moves_only_from_the_state_it_was_read_in(writer: Writer) -> None:
    item = send(writer)
    with Writer(writer.folder) as other:
        seen = outbox.item(other, item.pk)
        assert seen is not None
        assert outbox.move(writer, item, State.SENDING, dispatched=True)
        assert not outbox.move(other, seen, State.SENDING, dispatched=True)
        assert not outbox.move(other, seen, State.FAILED, title="late")
    found = outbox.item(writer, item.pk)
    assert found is not None
    assert (found.state, found.attempts, found.title) == (State.SENDING, 1, "")
    assert found.dispatched_at is not None


def test_of_many_that_want_to_send_an_item_one_does(writer: Writer) -> None:
    items = [send(writer) for _ in range(12)]
    won: list[int] = []
    start = threading.Barrier(3)

    def take_all(seed: int) -> None:
        with Writer(writer.folder) as own:
            start.wait()
            shuffled = random.Random(seed).sample(items, len(items))
            won.extend(item.pk for item in shuffled if outbox.move(own, item, State.SENDING))

    threads = [threading.Thread(target=take_all, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(won) == Counter(item.pk for item in items)


def test_an_item_that_was_queued_anew_is_not_moved_by_who_knew_the_old_one(writer: Writer) -> None:
    item = send(writer)
    outbox.move(writer, item, State.FAILED)
    assert outbox.retry(writer, item.pk)
    assert state_of(writer, item) == item.state == State.QUEUED
    assert not outbox.move(writer, item, State.SENDING), "its key is another one now"


def test_what_a_move_says_replaces_what_was_said_before_but_for_the_message(writer: Writer) -> None:
    item = send(writer)
    outbox.move(writer, item, State.ACCEPTED, message_id="m1")
    accepted = outbox.item(writer, item.pk)
    assert accepted is not None
    outbox.move(writer, accepted, State.FAILED, title="It was refused", hint="Try again", next_try_at=5)
    failed = outbox.item(writer, item.pk)
    assert failed is not None
    assert (failed.message_id, failed.title, failed.hint, failed.next_try_at) == (
        "m1",
        "It was refused",
        "Try again",
        5,
    )
    assert (failed.attempts, failed.dispatched_at, failed.text) == (0, None, "hello")


def test_a_settled_send_keeps_no_words(writer: Writer, reader: sqlite3.Connection) -> None:
    item = send(writer, "the words")
    outbox.move(writer, item, State.SETTLED, message_id="m1")
    assert lookups.outbox(reader) == []
    assert "the words" not in repr(samples.content(writer.local))


def test_retrying_queues_a_failed_item_in_its_place_under_a_new_key(writer: Writer) -> None:
    item, later = send(writer, "one"), send(writer, "two")
    assert not outbox.retry(writer, item.pk), "it has not failed"
    outbox.move(writer, item, State.ACCEPTED, message_id="m1")
    accepted = outbox.item(writer, item.pk)
    assert accepted is not None
    outbox.move(writer, accepted, State.FAILED, title="refused")
    assert outbox.retry(writer, item.pk)
    assert not outbox.retry(writer, item.pk), "once is enough"
    again, following = outbox.open_items(writer)
    assert (again.pk, again.state, again.text, again.message_id) == (item.pk, State.QUEUED, "one", None)
    assert (again.retry_of, again.title, again.attempts) == ("m1", "", 0)
    assert again.key != item.key
    assert following.pk == later.pk
    assert samples.ids(writer.local, "SELECT message_id FROM dismissed") == ["m1"]


@pytest.mark.parametrize("state", list(State))
def test_an_uncertain_item_goes_again_only_where_the_person_says_so(writer: Writer, state: State) -> None:
    item = send(writer, hold_ms=9)
    outbox.move(writer, item, state)
    if state != State.FAILED:
        assert not outbox.retry(writer, item.pk)
    may = state in (State.FAILED, State.UNCERTAIN)
    assert outbox.retry(writer, item.pk, uncertain=True) == may
    again = outbox.item(writer, item.pk)
    assert again is not None
    assert (again.state, again.key != item.key) == ((State.QUEUED, True) if may else (state, False))


@pytest.mark.parametrize("state", list(State))
def test_only_a_failed_or_uncertain_item_can_be_given_up(writer: Writer, state: State) -> None:
    item = send(writer, hold_ms=9)
    outbox.move(writer, item, state)
    given_up = state in (State.FAILED, State.UNCERTAIN)
    assert outbox.discard(writer, item.pk) == given_up
    assert state_of(writer, item) == (State.DISCARDED if given_up else state)


def test_a_failed_message_that_is_dealt_with_takes_its_item_along(writer: Writer) -> None:
    item = send(writer)
    outbox.move(writer, item, State.FAILED, message_id="m1")
    other = send(writer)
    outbox.dismiss(writer, "chat", "m1")
    outbox.dismiss(writer, "chat", "m1")
    assert [found.pk for found in outbox.open_items(writer)] == [other.pk]


def test_taking_back_a_second_try_makes_the_first_want_attention_again(writer: Writer) -> None:
    samples.pulled(writer, outbound("m1", NOW, status="failed"))

    def failed() -> object:
        writes.refold_chats(writer, ["chat"])
        return samples.one(writer.cache, "SELECT failed FROM chats")[0]

    item = send(writer, hold_ms=9, retry_of="m1")
    assert failed() == 0
    outbox.take_back(writer, item.pk)
    assert failed() == 1


class Outbox(RuleBasedStateMachine):
    """Whatever screens and engines do, every text is in exactly one place until it is settled or given up."""

    def __init__(self) -> None:
        super().__init__()
        self._context = samples.fresh()
        self.screen = self._context.__enter__()
        self.engine = Writer(self.screen.folder)
        self.alive: set[str] = set()
        """Words that are neither settled nor given up."""
        self.count = 0

    def teardown(self) -> None:
        self.engine.close()
        self._context.__exit__(None, None, None)

    def items(self, *states: State) -> list[OutboxItem]:
        return [item for item in outbox.open_items(self.engine) if item.state in states]

    def draft(self) -> str:
        rows = samples.ids(self.screen.local, "SELECT text FROM drafts WHERE chat_id = 'chat'")
        return str(rows[0]) if rows else ""

    @rule()
    def type_on(self) -> None:
        self.count += 1
        word = f"word{self.count:03}"
        self.alive.add(word)
        drafts.save(self.screen, "chat", f"{self.draft()} {word}".strip(), 0)

    @precondition(lambda self: self.draft())
    @rule(hold=st.sampled_from([0, 9]), screen=st.sampled_from([1, 2, None]))
    def send_it(self, hold: int, screen: int | None) -> None:
        text = self.draft()
        sends.queue_send(
            self.screen, "chat", "prof", {"text": text}, hold_ms=hold, screen=screen, from_draft=True
        )

    @rule(data=st.data(), state=st.sampled_from(list(State)))
    def engine_moves(self, data: st.DataObject, state: State) -> None:
        items = [*self.items(*(set(State) - set(ENDS)))]
        if items and state not in (State.HELD, State.DISCARDED):
            item = data.draw(st.sampled_from(items))
            number = f"m{item.pk}" if data.draw(st.booleans()) else None
            assert outbox.move(self.engine, item, state, message_id=number)
            if state == State.SETTLED:
                self.alive -= set(item.text.split())

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        if items := self.items(State.HELD):
            assert outbox.take_back(self.screen, data.draw(st.sampled_from(items)).pk) == self.draft()

    @rule(living=st.sets(st.sampled_from([1, 2])))
    def screens_die(self, living: set[int]) -> None:
        outbox.release_screenless(self.engine, sorted(living))
        assert all(item.screen in {None, *living} for item in self.items(State.HELD))

    @rule(data=st.data(), act=st.sampled_from(["retry", "discard", "dismiss"]))
    def person_decides(self, data: st.DataObject, act: str) -> None:
        if not (items := self.items(State.FAILED, State.UNCERTAIN)):
            return
        item = data.draw(st.sampled_from(items))
        if act == "retry":
            assert outbox.retry(self.screen, item.pk) == (item.state == State.FAILED)
            outbox.retry(self.screen, item.pk, uncertain=True)
        elif act == "discard":
            assert outbox.discard(self.screen, item.pk)
            self.alive -= set(item.text.split())
        elif item.message_id is not None and item.state == State.FAILED:
            outbox.dismiss(self.screen, "chat", item.message_id)
            self.alive -= set(item.text.split())

    @invariant()
    def every_word_is_in_one_place(self) -> None:
        found = Counter(self.draft().split())
        for item in outbox.open_items(self.engine):
            found.update(item.text.split())
        assert found == Counter(self.alive)


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


# ---------------------------------------------------------------- sudden death

CHILD = """
import os, pathlib, signal, sys
from inbox_tui.core.errors import Refused
from inbox_tui.store import drafts, outbox, screens, sends
from inbox_tui.store.items import refuse_foreign
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer

writer = Writer(Folder(pathlib.Path(sys.argv[1]), "acme"))
statements_left = int(sys.argv[2])

def count(statement):
    global statements_left
    statements_left -= 1
    if statements_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

writer.local.set_trace_callback(count if statements_left else None)
for number in range(1, int(sys.argv[3]) + 1):
    drafts.save(writer, "chat", f"text {number}", 0)
    print("typed", number, flush=True)
    sends.queue_send(writer, "chat", "prof", {"text": f"text {number}"}, from_draft=True)
    print("sent", number, flush=True)
"""


def child(folder: Folder, statement: int, rounds: int) -> subprocess.Popen[str]:
    """A screen that types and sends, and kills itself at a statement (0: never)."""
    arguments = [sys.executable, "-c", CHILD, str(folder.path), str(statement), str(rounds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def places(folder: Folder, number: int) -> Counter[str]:
    """Where a text of the child stands."""
    with closing(open_reader(folder)) as reader:
        found = Counter({"draft": int(lookups.draft(reader, "chat")[0] == f"text {number}")})
        found["outbox"] = sum(item.text == f"text {number}" for item in lookups.outbox(reader))
    return found


def said(output: str) -> tuple[int, int]:
    """The last text that was certainly typed, and the last that was certainly sent."""
    lines = [line.split() for line in output.splitlines()]
    typed = max((int(number) for word, number in lines if word == "typed"), default=0)
    return typed, max((int(number) for word, number in lines if word == "sent"), default=0)


def check_after_death(folder: Folder, output: str) -> None:
    typed, sent = said(output)
    for number in range(1, typed + 1):
        assert places(folder, number).total() == 1, (number, places(folder, number), output)
    for number in range(1, sent + 1):
        assert places(folder, number)["outbox"] == 1
    assert places(folder, typed + 1).total() <= 1
    with Writer(folder) as writer:
        assert writer.local.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_killed_at_any_statement_a_text_is_a_draft_or_a_send_and_never_both_or_neither(
    folder: Folder,
) -> None:
    statement, survived = 1, False
    while not survived:
        process = child(folder, statement, 1)
        output, _ = process.communicate()
        survived = process.returncode == 0
        assert survived or process.returncode == -signal.SIGKILL
        check_after_death(folder, output)
        with Writer(folder) as writer:
            writer.local.executescript("DELETE FROM drafts; DELETE FROM outbox;")
        statement += 1
    assert statement > 10, "the child has died at every statement of a draft and a send"


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_a_text_is_a_draft_or_a_send_and_never_both_or_neither(
    folder: Folder, seed: int
) -> None:
    process = child(folder, 0, 10_000)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(random.Random(seed).randrange(1, 40))]
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    check_after_death(folder, "".join(lines) + rest.rpartition("\n")[0])


# ---------------------------------------------------------------- what screens want


def test_screens_say_which_chat_is_open_and_are_forgotten_when_they_are_gone(writer: Writer) -> None:
    screens.show(writer, "a")
    screens.show(writer, "b")
    assert screens.open_chats(writer) == [(os.getpid(), "b")]
    screens.show(writer, None)
    assert screens.open_chats(writer) == [(os.getpid(), None)]
    screens.remove(writer, os.getpid())
    assert screens.open_chats(writer) == []


def test_a_want_stands_once_until_it_is_fulfilled(writer: Writer) -> None:
    for kind, subject in (("older", "a"), ("look", "b"), ("older", "a")):
        screens.need(writer, kind, subject)
    assert sorted(screens.needs(writer)) == [("look", "b"), ("older", "a")]
    screens.fulfilled(writer, "older", "a")
    assert screens.needs(writer) == [("look", "b")]


def test_acts_of_the_person_are_noticed_by_who_draws_the_chat(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    seen = lookups.changed_since(reader, lookups.Revision()).revision

    def noticed() -> bool:
        nonlocal seen
        changed = lookups.changed_since(reader, seen)
        seen = changed.revision
        return changed.chats == frozenset({"chat"})

    item = send(writer, hold_ms=9)
    assert noticed()
    outbox.take_back(writer, item.pk)
    assert noticed()
    failed = send(writer)
    outbox.move(writer, failed, State.FAILED)
    assert noticed()
    outbox.retry(writer, failed.pk)
    assert noticed()
    outbox.dismiss(writer, "chat", "m1")
    assert noticed()
    marks.mark(writer, "chat", "done")
    assert noticed()
    marks.unmark(writer, "chat", "done")
    assert noticed()
    assert not noticed()
