"""Derived columns say what `core.triage` says of all rows, at a bounded cost (design, section 4)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import DAY, HOUR, MINUTE, NOW, SECOND, chat, inbound, outbound

from inbox_tui.core import triage
from inbox_tui.core.marks import AUTOMATIC_WITHIN, Entry, Mark
from inbox_tui.core.models import Message
from inbox_tui.core.ranking import standing
from inbox_tui.core.window import referral_at, window
from inbox_tui.store import clock, facts, marks, outbox, sends, sync_progress, writes
from inbox_tui.store.db import prepare, transaction
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.records import CHAT_COLUMNS, SqlRow, chat_of
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

FACTS = "unread, unanswered, needs_reply_since, waiting, done, failed, retrying_since, window_closes_at"
COLUMNS = f"{FACTS}, next_change_at"


def derived(writer: Writer, chat_id: str = "chat") -> dict[str, object]:
    """The derived columns of a chat as the cache has them."""
    row = samples.one(writer.cache, f"SELECT {COLUMNS} FROM chats WHERE id = ?", chat_id)
    return dict(zip(COLUMNS.split(", "), row, strict=True))


def from_all_rows(writer: Writer, chat_id: str = "chat") -> dict[str, object]:
    """The same from every row of both files, read plainly and folded without any short cut."""
    generation = writer.generation

    def mark_of(row: SqlRow) -> Mark:
        made_in, arrived, through_at, through_id, at = row
        return Mark(arrived if made_in == generation else None, (through_at, through_id), at)

    local_db, cache = writer.local, writer.cache
    chat_row = samples.one(cache, f"SELECT {', '.join(CHAT_COLUMNS)} FROM chats WHERE id = ?", chat_id)
    known_chat = chat_of(chat_row)
    rows = cache.execute(
        "SELECT m.position_at, m.id, m.arrived, m.direction, m.deleted_at, m.status FROM messages m "
        "JOIN chats c ON c.pk = m.chat WHERE c.id = ?",
        (chat_id,),
    ).fetchall()
    items = local_db.execute(
        "SELECT key, state, message_id, created_at, generation, arrived, through_at, through_id, created_at "
        "FROM outbox WHERE chat_id = ? AND state != 'discarded'",
        (chat_id,),
    ).fetchall()
    dismissed = samples.ids(local_db, "SELECT message_id FROM dismissed WHERE chat_id = ?", chat_id)
    statuses = {row[1]: row[5] for row in rows}
    replies = {item[2]: mark_of(item[4:]) for item in items if item[2] is not None}
    entries = []
    for at, message_id, arrived, direction, deleted_at, status in rows:
        own = direction == "outbound"
        before = [row[0] for row in rows if row[3] != "outbound" and (row[0], row[1]) < (at, message_id)]
        soon = own and message_id not in replies and any(at - one <= AUTOMATIC_WITHIN for one in before)
        entries.append(
            Entry(
                position=(at, message_id),
                arrived=arrived,
                inbound=not own,
                deleted=deleted_at is not None,
                status="dismissed" if message_id in dismissed else status,
                automatic=soon,
                reply_mark=replies.get(message_id) if own else None,
            )
        )
    failing = ("failed", "uncertain")
    outgoing = [
        Entry(
            (item[3], item[0]),
            None,
            inbound=False,
            deleted=False,
            status="given up" if item[1] in failing else "pending",
            reply_mark=mark_of(item[4:]),
        )
        for item in items
        if item[1] != "settled" and item[2] not in statuses
    ]
    made = {
        row[0]: mark_of(row[1:])
        for row in local_db.execute(
            "SELECT kind, generation, arrived, through_at, through_id, at FROM marks WHERE chat_id = ?",
            (chat_id,),
        )
    }
    first_sync = samples.ids(local_db, "SELECT value FROM meta WHERE key = 'first_sync_at'")
    newest_inbound = max((row[0] for row in rows if row[3] != "outbound"), default=None)
    folded = triage.fold(
        sorted(entries, key=lambda entry: entry.position, reverse=True),
        seen=made.get("seen"),
        done=made.get("done"),
        window=window(
            known_chat.platform, known_chat.last_inbound_at, newest_inbound, referral_at(known_chat)
        ),
        outgoing=outgoing,
        outbox_failed=sum(item[1] in failing and statuses.get(item[2]) != "failed" for item in items),
        quiet_before=int(str(first_sync[0])) - 14 * DAY if first_sync else None,
    )
    facts = {name: getattr(folded, name) for name in FACTS.split(", ")}
    return facts | {"next_change_at": standing(folded, NOW).valid_until}


# ---------------------------------------------------------------- against all rows, whatever happened

moments = st.integers(0, 40).map(lambda number: NOW - DAY + number * 4 * SECOND)
names = st.integers(0, 24).map(lambda number: f"m{number:02}")


@st.composite
def messages(draw: st.DrawFn) -> Message:
    name, at = draw(names), draw(moments) - draw(st.sampled_from([0, 0, 0, 20 * DAY]))
    deleted = draw(st.sampled_from([None, None, None, NOW]))
    if int(name[1:]) % 2:
        return inbound(name, at, deleted_at=deleted)
    status = draw(
        st.sampled_from(["pending", "published", "published", "failed", "failed_waiting_for_retry"])
    )
    posted = at if status == "published" else None
    return outbound(name, at, status=status, posted_at=posted, deleted_at=deleted)


ACTS = ["page", "page", "history", "seen", "done", "unmark", "send", "move", "dismiss", "retry", "discard"]


def act(writer: Writer, data: st.DataObject) -> None:
    """One thing that the service or the person may do, and the recomputing that belongs to it."""

    def item() -> OutboxItem | None:
        items = outbox.open_items(writer)
        return data.draw(st.sampled_from(items)) if items else None

    match data.draw(st.sampled_from([*ACTS, "take back", "first sync"])):
        case "page" | "history" as kind:
            page = data.draw(st.lists(messages(), min_size=1, max_size=6, unique_by=lambda m: m.id))
            writes.apply_messages(writer, [MessagePage("chat", page, history=kind == "history")])
            return
        case "seen" | "done" as kind:
            marks.mark(writer, "chat", kind)
        case "unmark":
            marks.unmark(writer, "chat", data.draw(st.sampled_from(["seen", "done"])))
        case "send":
            with patch.object(sends, "now_ms", return_value=data.draw(moments)):
                sends.queue_send(
                    writer, "chat", "prof", {"text": "hello"}, hold_ms=data.draw(st.sampled_from([0, 9]))
                )
        case "move" if (chosen := item()) is not None:
            state = data.draw(st.sampled_from([State.SENDING, State.ACCEPTED, State.FAILED, State.SETTLED]))
            name = data.draw(names.filter(lambda name: int(name[1:]) % 2 == 0))
            taken = samples.ids(writer.local, "SELECT message_id FROM outbox WHERE message_id IS NOT NULL")
            # What was in the cache before the item was written is never taken for its message.
            (since,) = samples.one(writer.local, "SELECT arrived FROM outbox WHERE pk = ?", chosen.pk)
            taken += samples.ids(
                writer.cache, "SELECT id FROM messages WHERE arrived IS NULL OR arrived <= ?", since
            )
            known = state != State.SENDING and name not in taken
            outbox.move(writer, chosen, state, message_id=name if known else None)
        case "dismiss":
            outbox.dismiss(writer, "chat", data.draw(names))
        case "retry" if (chosen := item()) is not None:
            outbox.retry(writer, chosen.pk)
        case "discard" if (chosen := item()) is not None:
            outbox.discard(writer, chosen.pk)
        case "take back" if (chosen := item()) is not None:
            outbox.take_back(writer, chosen.pk)
        case "first sync":
            sync_progress.begin_first_sync(writer, NOW)
    writes.refold_chats(writer, ["chat"])


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_the_columns_say_what_all_rows_say_whatever_happened(data: st.DataObject) -> None:
    with samples.fresh() as writer, patch.object(clock, "now_ms", return_value=NOW):
        referral = data.draw(st.sampled_from([{}, {"last_referral_at": "2026-05-28T20:00:00Z"}]))
        writes.apply_chats(writer, [chat(last_inbound_at=NOW - 2 * DAY, metadata=referral)])
        writes.apply_messages(writer, [MessagePage("chat", [], newest=True)])
        for _ in range(data.draw(st.integers(1, 9))):
            act(writer, data)
            assert derived(writer) == from_all_rows(writer)
        counts = samples.one(
            writer.cache, "SELECT sum(unread > 0), sum(unanswered > 0), sum(failed > 0) FROM chats"
        )
        kept = dict(writer.cache.execute("SELECT key, value FROM meta"))
        assert counts == (kept["unread"], kept["unanswered"], kept["failed"])


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_marks_and_sends_hold_for_a_cache_that_was_built_anew(data: st.DataObject) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="inbox-store-") as path,
        patch.object(clock, "now_ms", return_value=NOW),
    ):
        folder = samples.new_folder(Path(path) / "account")
        with Writer(folder) as writer:
            samples.pulled(writer)
            for _ in range(data.draw(st.integers(1, 7))):
                act(writer, data)
            generation = writer.generation
        folder.cache.unlink()
        prepare(folder)
        with Writer(folder) as writer:
            assert writer.generation != generation
            samples.pulled(writer)
            page = data.draw(st.lists(messages(), max_size=12, unique_by=lambda m: m.id))
            writes.apply_messages(writer, [MessagePage("chat", page, history=data.draw(st.booleans()))])
            assert derived(writer) == from_all_rows(writer)
            act(writer, data)
            assert derived(writer) == from_all_rows(writer)


# ---------------------------------------------------------------- the rules, one by one


def test_a_chat_that_was_not_read_yet_is_judged_by_its_row(writer: Writer) -> None:
    writes.apply_chats(writer, [chat(last_inbound_at=NOW - HOUR, last_message_at=NOW - HOUR)])
    row = samples.one(writer.cache, "SELECT estimated, unread, unanswered, needs_reply_since FROM chats")
    assert row == (1, 1, 1, NOW - HOUR)
    samples.pulled(writer, inbound("m1", NOW - HOUR), inbound("m2", NOW - 2 * HOUR))
    row = samples.one(writer.cache, "SELECT estimated, unread, unanswered, needs_reply_since FROM chats")
    assert row == (0, 2, 2, NOW - 2 * HOUR)


@pytest.mark.parametrize("kind", ["seen", "done"])
def test_a_mark_on_a_chat_of_which_no_page_was_read_covers_what_its_row_told(
    writer: Writer, kind: str
) -> None:
    column = {"seen": "unread", "done": "unanswered"}[kind]
    writes.apply_chats(writer, [chat(last_inbound_at=NOW - HOUR)])
    marks.mark(writer, "chat", kind)
    writes.refold_chats(writer, ["chat"])
    assert derived(writer)[column] == 0
    samples.pulled(writer, inbound("m1", NOW - HOUR), inbound("m2", NOW - 2 * HOUR))
    assert derived(writer)[column] == 0, "what comes now was told by the row"
    writes.apply_messages(writer, [MessagePage("chat", [inbound("m3", NOW)])])
    assert derived(writer)[column] == 1


def test_a_send_answers_a_chat_of_which_no_page_was_read_until_the_customer_writes_again(
    writer: Writer,
) -> None:
    writes.apply_chats(writer, [chat(last_inbound_at=NOW)])
    item = sends.queue_send(writer, "chat", "prof", {"text": "hello"})
    writes.refold_chats(writer, ["chat"])
    assert derived(writer)["unanswered"] == 0
    outbox.move(writer, item, State.ACCEPTED, message_id="sent")
    writes.apply_messages(writer, [MessagePage("chat", [outbound("sent", NOW + 5, status="pending")])])
    assert derived(writer)["unanswered"] == 0
    writes.apply_chats(writer, [chat(last_inbound_at=NOW + MINUTE)])
    assert derived(writer)["unanswered"] == 1


def test_what_was_quiet_for_14_days_when_the_first_sync_began_counts_as_seen(writer: Writer) -> None:
    sync_progress.begin_first_sync(writer, NOW)
    sync_progress.begin_first_sync(writer, NOW + 99 * DAY)
    samples.pulled(writer, inbound("old", NOW - 14 * DAY - 1), inbound("new", NOW - 14 * DAY))
    assert (derived(writer)["unread"], derived(writer)["unanswered"]) == (1, 2)
    writes.apply_chats(writer, [chat("row only", last_inbound_at=NOW - 15 * DAY)])
    assert (derived(writer, "row only")["unread"], derived(writer, "row only")["unanswered"]) == (0, 1)


def test_a_failed_send_counts_once_whether_the_item_the_message_or_both_say_so(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    item = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
    outbox.move(writer, item, State.ACCEPTED, message_id="sent")
    accepted = outbox.item(writer, item.pk)
    assert accepted is not None
    writes.apply_messages(writer, [MessagePage("chat", [outbound("sent", NOW + 9, status="failed")])])
    assert derived(writer)["failed"] == 1, "the message says so"
    outbox.move(writer, accepted, State.FAILED, title="refused")
    writes.refold_chats(writer, ["chat"])
    assert derived(writer)["failed"] == 1, "both do"
    assert derived(writer)["unanswered"] == 1, "a failed send answers nothing"
    outbox.dismiss(writer, "chat", "sent")
    writes.refold_chats(writer, ["chat"])
    assert derived(writer)["failed"] == 0
    another = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
    outbox.move(writer, another, State.UNCERTAIN, title="no answer")
    writes.refold_chats(writer, ["chat"])
    assert derived(writer)["failed"] == 1, "the item says so"


@pytest.mark.parametrize(
    ("state", "preview_from"),
    [
        (State.HELD, "pending"),
        (State.SENDING, "pending"),
        (State.FAILED, "failed"),
        (State.UNCERTAIN, "failed"),
    ],
)
def test_the_newest_send_is_the_preview_with_its_state(writer: Writer, state: str, preview_from: str) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    item = sends.queue_send(writer, "chat", "prof", {"text": "one\n two   three"})
    if state != "held":
        outbox.move(writer, item, State(state))
    writes.refold_chats(writer, ["chat"])
    row = samples.one(writer.cache, "SELECT preview, preview_from FROM chats")
    assert row == ("one two three", preview_from)


def test_an_accepted_send_of_which_the_cache_has_no_message_yet_is_on_its_way(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    item = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
    outbox.move(writer, item, State.ACCEPTED, message_id="sent")
    writes.refold_chats(writer, ["chat"])
    assert (derived(writer)["unanswered"], derived(writer)["waiting"]) == (0, 1)
    assert samples.one(writer.cache, "SELECT preview, preview_from FROM chats") == ("hello", "pending")


def test_the_preview_is_the_newest_message_of_either_side(writer: Writer) -> None:
    def preview() -> SqlRow:
        return samples.one(writer.cache, "SELECT preview, preview_from FROM chats")

    writes.apply_chats(writer, [chat()])
    assert preview() == ("", "")
    keyboard = {"inline_keyboard": [[{"text": "Track order", "callback_data": "track"}]]}
    samples.pulled(writer, outbound("m1", NOW, external_id="e1", body="Well?", reply_markup=keyboard))
    assert preview() == ("Well?", "published")
    tap = inbound(
        "m2", NOW + 1, body="track", platform_data={"kind": "callback_query"}, reply_to_external_id="e1"
    )
    writes.apply_messages(writer, [MessagePage("chat", [tap])])
    assert preview() == ("tapped ▸ Track order", "")
    writes.apply_messages(writer, [MessagePage("chat", [inbound("m0", NOW - 1, body="earlier")])])
    assert preview() == ("tapped ▸ Track order", "")
    writes.apply_messages(writer, [MessagePage("chat", [inbound("m3", NOW + 2, body="x" * 5000)])])
    assert preview()[0].startswith("x" * 100)
    assert len(preview()[0]) <= facts.PREVIEW_LENGTH


def test_the_window_counts_from_the_newest_of_row_message_and_referral(writer: Writer) -> None:
    writes.apply_chats(
        writer, [chat(last_inbound_at=NOW), chat("tg", platform="telegram", last_inbound_at=NOW)]
    )
    assert derived(writer)["window_closes_at"] == NOW + DAY
    assert derived(writer, "tg")["window_closes_at"] is None
    samples.pulled(writer, inbound("m1", NOW + HOUR, deleted_at=NOW))
    assert derived(writer)["window_closes_at"] == NOW + DAY + HOUR
    referred = {"last_referral_at": "2026-05-28T22:26:40Z"}
    writes.apply_chats(writer, [chat(last_inbound_at=NOW, metadata=referred)])
    assert derived(writer)["window_closes_at"] == NOW + DAY + 2 * HOUR


def test_a_mark_made_while_the_engine_wrote_is_not_folded_away(writer: Writer) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    with Writer(writer.folder) as screen:
        marks.mark(screen, "chat", "done")
        writes.apply_messages(writer, [MessagePage("chat", [inbound("m1", NOW, read_at=NOW)])])
        assert derived(writer)["done"] == 1
        writes.refold_chats(screen, ["chat"])
        assert derived(writer)["done"] == 1


def test_recomputing_a_chat_that_nobody_knows_does_nothing(writer: Writer) -> None:
    before = samples.content(writer.cache)
    writes.refold_chats(writer, ["nobody"])
    writes.refold_chats(writer, [])
    assert samples.content(writer.cache) == before


# ---------------------------------------------------------------- cost


def long_chat(writer: Writer, kind: str, count: int) -> None:
    """A chat of so many messages, a minute apart; the last is ours."""
    own = [number % 2 == 1 or kind == "broadcast" for number in range(count)]
    times = [NOW - (count - number) * MINUTE for number in range(count)]
    sent = [
        (outbound if ours else inbound)(f"m{number:06}", at)
        for number, (ours, at) in enumerate(zip(own, times, strict=True))
    ]
    writes.apply_chats(writer, [chat()])
    writes.apply_messages(writer, [MessagePage("chat", sent, newest=True)])
    if kind == "sent from here":
        with transaction(writer.local) as rev:
            writer.local.executemany(
                "INSERT INTO outbox (key, account, act, chat_id, profile_id, payload, state, created_at, "
                "message_id, generation, arrived, through_at, through_id) "
                "VALUES (?1, 'acme', 'send', 'chat', 'prof', '{}', 'settled', ?2, ?1, ?3, ?4, ?5, ?6)",
                [
                    (sent[n].id, times[n], writer.generation, n, times[n - 1], sent[n - 1].id)
                    for n in range(1, count, 2)
                ],
            )
            marks.touch(writer.local, "chat", rev)


def costs(kind: str, count: int) -> dict[str, tuple[int, int]]:
    """Statements and steps of recomputing a long chat after each of these events."""
    found: dict[str, tuple[int, int]] = {}

    def measure(event: str) -> None:
        writes.refold_chats(writer, ["chat"])
        with samples.counting(writer.cache, writer.local) as cost:
            writes.refold_chats(writer, ["chat"])
        found[event] = (len(cost.statements), cost.steps)

    with samples.fresh() as writer:
        long_chat(writer, kind, count)
        measure("nothing")
        for number, event in enumerate(("written to", "seen", "done", "written to again", "sent", "failed")):
            match event:
                case "written to" | "written to again":
                    news = inbound(f"new {number}", NOW + number * HOUR)
                    writes.apply_messages(writer, [MessagePage("chat", [news])])
                case "sent":
                    sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
                case "failed":
                    outbox.move(writer, outbox.open_items(writer)[0], State.FAILED)
                case _:
                    marks.mark(writer, "chat", event)
            measure(event)
    return found


@pytest.mark.parametrize("kind", ["talk", "sent from here", "broadcast"])
def test_recomputing_costs_the_same_for_100_messages_and_for_20000(kind: str) -> None:
    short, long = costs(kind, 100), costs(kind, 20_000)
    assert long == short
    assert max(statements for statements, _ in long.values()) < 30
    assert max(steps for _, steps in long.values()) < 2_000
