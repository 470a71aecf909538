"""Windows of rows: right under any data, and as cheap at 20,000 chats as at 100 (design, section 8)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import MINUTE, NOW, Cost, chat, inbound, outbound

from inbox_tui.core.models import Message
from inbox_tui.store import drafts, lookups, outbox, sends, writes
from inbox_tui.store.db import open_reader, transaction
from inbox_tui.store.items import State
from inbox_tui.store.reads import ChatFilter, ChatRow, ChatSource, Key, PickedSource, Source
from inbox_tui.store.threads import OUTBOX_AT, ThreadRow, ThreadSource
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

Row = ChatRow | ThreadRow

# Few different times, so that many rows share one; far ones, so that keys may lie outside.
ties = st.integers(NOW, NOW + 4)
platforms = st.sampled_from(["facebook", "telegram"])
sizes = st.integers(1, 7)


def keys_near(expected: Sequence[Row]) -> st.SearchStrategy[Key | None]:
    """No key, the key of a row, or one between and around them."""
    strange: list[Key] = [(NOW - 1, 1), (NOW + 9, 1), (NOW + 2, 0)]
    if expected and isinstance(expected[0], ThreadRow):
        strange = [(NOW - 1, "x"), (NOW + 9, "x"), (NOW + 2, "m5x"), (OUTBOX_AT, ""), (OUTBOX_AT, "9" * 20)]
    return st.sampled_from([None, *(row.key for row in expected), *strange])


def check(source: Source[Row], expected: Sequence[Row], data: st.DataObject, *, descending: bool) -> None:
    """Hold every kind of window of a source against the whole list in its order."""

    def behind(row: Row, key: Key) -> bool:
        return row.key < key if descending else row.key > key

    for _ in range(4):
        key, limit = data.draw(keys_near(expected)), data.draw(sizes)
        after = [row for row in expected if key is None or behind(row, key)]
        before = [row for row in expected if key is None or (row.key != key and not behind(row, key))]
        at = [row for row in expected if row.key == key]
        assert list(source.after(key, limit)) == after[:limit]
        assert list(source.after(key, limit, inclusive=True)) == [*at, *after][:limit]
        assert list(source.before(key, limit)) == before[-limit:]


def walk(source: Source[Row], limit: int) -> tuple[list[Row], list[Row]]:
    """The whole list, read window by window from either end."""
    down: list[Row] = []
    while window := source.after(down[-1].key if down else None, limit):
        down += window
    up: list[Row] = []
    while window := source.before(up[0].key if up else None, limit):
        up = [*window, *up]
    return down, up


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_windows_of_chats_are_the_parts_of_the_whole_list(data: st.DataObject) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        drawn = data.draw(st.lists(st.tuples(ties, platforms, st.sampled_from("pq")), max_size=14))
        writes.apply_chats(
            writer,
            [
                chat(f"c{number}", last_message_at=at, platform=platform, profile_id=profile)
                for number, (at, platform, profile) in enumerate(drawn)
            ],
        )
        for name in data.draw(st.sets(st.integers(0, 13))):
            drafts.save(writer, f"c{name}", "typed", 0)
        everything = [lookups.chat(reader, f"c{number}") for number in range(len(drawn))]
        rows = sorted((row for row in everything if row), key=lambda row: row.key, reverse=True)
        profile, platform = data.draw(st.sampled_from("pq")), data.draw(platforms)
        picked = [row for row in rows if data.draw(st.booleans())]
        for source, expected in (
            (ChatSource(reader), rows),
            (
                ChatSource(reader, ChatFilter(platform=platform)),
                [r for r in rows if r.chat.platform == platform],
            ),
            (
                ChatSource(reader, ChatFilter(profile_id=profile)),
                [r for r in rows if r.chat.profile_id == profile],
            ),
            (PickedSource(reader, [row.key for row in picked]), picked),
        ):
            check(source, expected, data, descending=True)
            assert walk(source, data.draw(sizes)) == (expected, expected)
            assert source.total() in (None, len(expected))
        assert ChatSource(reader).total() == len(drawn)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_windows_of_a_thread_are_the_parts_of_the_whole_thread(data: st.DataObject) -> None:
    with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
        quoted = st.sampled_from([None, "e1", "e2", "nowhere"])
        drawn = data.draw(st.lists(st.tuples(ties, quoted), max_size=12))
        messages = [
            inbound(f"m{number}", at, external_id=f"e{number}", reply_to_external_id=quote)
            for number, (at, quote) in enumerate(drawn)
        ]
        samples.pulled(writer, *messages)
        samples.pulled(writer, inbound("other", NOW + 2, "other", external_id="e1"), chat_id="other")
        items = [
            sends.queue_send(
                writer, data.draw(st.sampled_from(["chat", "chat", "other"])), "prof", {"text": "t"}
            )
            for _ in range(data.draw(st.integers(0, 4)))
        ]
        by_id = {message.external_id: message for message in messages}
        thread = [
            ThreadRow(
                message.position,
                message,
                quoted=by_id.get(message.reply_to_external_id),
                arrived=arrived,
            )
            for arrived, message in enumerate(sorted(messages, key=lambda m: m.position), start=1)
        ]
        expected = [
            *thread,
            *(ThreadRow((OUTBOX_AT, f"{i.pk:020}"), item=i) for i in items if i.chat_id == "chat"),
        ]
        source = ThreadSource(reader, 1, "chat")
        check(source, expected, data, descending=False)
        assert walk(source, data.draw(sizes)) == (expected, expected)
        assert source.total() == len(messages)


def test_a_thread_ends_with_what_is_on_its_way_until_that_is_a_message(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    def thread() -> list[str]:
        rows = ThreadSource(reader, 1, "chat").after(None, 9)
        return [row.message.id if row.message else row.item.text if row.item else "" for row in rows]

    samples.pulled(writer, inbound("m1", NOW + 99 * MINUTE))
    first = sends.queue_send(writer, "chat", "prof", {"text": "first"}, hold_ms=0)
    second = sends.queue_send(writer, "chat", "prof", {"text": "second"})
    assert thread() == ["m1", "first", "second"]
    outbox.move(writer, first, State.ACCEPTED, message_id="sent")
    assert thread() == ["m1", "first", "second"], "its message is not in the cache"
    writes.apply_messages(writer, [MessagePage("chat", [outbound("sent", NOW, status="pending")])])
    assert thread() == ["sent", "m1", "second"]
    outbox.move(writer, second, State.FAILED)
    assert thread() == ["sent", "m1", "second"], "a failed one stays to be dealt with"
    outbox.discard(writer, second.pk)
    assert thread() == ["sent", "m1"]


def test_a_failure_that_was_dealt_with_says_so_in_the_thread(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    samples.pulled(writer, *(outbound(f"m{n}", NOW + n, status="failed") for n in range(3)))
    outbox.dismiss(writer, "chat", "m1")
    assert [row.dismissed for row in ThreadSource(reader, 1, "chat").after(None, 9)] == [False, True, False]


def test_a_picked_list_keeps_its_order_when_a_chat_moves(writer: Writer, reader: sqlite3.Connection) -> None:
    writes.apply_chats(writer, [chat(f"c{n}", last_message_at=NOW + n) for n in range(4)])
    keys = [row.key for row in ChatSource(reader).after(None, 9)]
    picked = PickedSource(reader, keys)
    writes.apply_chats(writer, [chat("c0", last_message_at=NOW + 99)])
    rows = picked.after(None, 9)
    assert [row.chat.id for row in rows] == ["c3", "c2", "c1", "c0"]
    assert [row.key for row in rows] == keys
    assert rows[-1].chat.last_message_at == NOW + 99


def test_an_uncertain_send_stands_in_the_thread_even_beside_the_message_that_it_became(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    samples.pulled(writer, outbound("m1", NOW, status="pending"))
    for state, shown in ((State.ACCEPTED, []), (State.UNCERTAIN, [State.UNCERTAIN])):
        item = sends.queue_send(writer, "chat", "prof", {"text": "hello"}, hold_ms=0)
        outbox.move(writer, item, state, message_id="m1")
        rows = ThreadSource(reader, 1, "chat").after(None, 9)
        assert [row.item.state for row in rows if row.item is not None] == shown


def test_a_chat_in_the_list_shows_a_draft_and_an_uncertain_send(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    writes.apply_chats(writer, [chat("a"), chat("b")])
    drafts.save(writer, "a", "typed", 0)
    item = sends.queue_send(writer, "b", "prof", {"text": "t"}, hold_ms=0)
    outbox.move(writer, item, State.UNCERTAIN)
    rows = {row.chat.id: (row.draft, row.uncertain) for row in ChatSource(reader).after(None, 9)}
    assert rows == {"a": (True, False), "b": (False, True)}


# ---------------------------------------------------------------- cost


def fill(writer: Writer, count: int, *, tied: bool = False) -> None:
    """So many chats of two profiles, some unread, with drafts and sends; the first has as many messages."""
    for start in range(0, count, 1000):
        numbers = range(start, min(count, start + 1000))
        writes.apply_chats(
            writer,
            [
                chat(
                    f"c{n}",
                    last_message_at=NOW if tied else NOW + n,
                    last_inbound_at=NOW + (0 if tied else n) if n % 3 == 0 else None,
                    profile_id=f"p{n % 2}",
                    platform=("facebook", "telegram")[n % 2],
                    external_conversation_id=f"x{n}",
                )
                for n in numbers
            ],
        )
        page: list[Message] = [
            outbound(
                f"m{n:06}",
                NOW if tied else NOW + n,
                "c0",
                external_id=f"e{n}",
                reply_to_external_id=f"e{n - 1}",
                status="failed" if n % 5 == 0 else "published",
            )
            for n in numbers
        ]
        writes.apply_messages(writer, [MessagePage("c0", page)])
    with transaction(writer.local):
        for n in range(count):
            state = "settled" if 5 < n < count - 2 else ("uncertain", "held")[n % 2]
            writer.local.execute(
                "INSERT INTO outbox (key, account, act, chat_id, profile_id, payload, state, screen, "
                "created_at, generation, arrived, through_at, through_id) "
                "VALUES (?1, 'acme', 'send', ?2, 'p0', '{}', ?3, 7, 0, 0, 0, 0, '')",
                (f"k{n}", "c0" if n % 2 else f"c{n}", state),
            )
            if n % 10 == 0:
                writer.local.execute(
                    "INSERT INTO drafts (chat_id, text, cursor, updated_at) VALUES (?, 'typed', 0, 0)",
                    (f"c{n}",),
                )


Look = Callable[[sqlite3.Connection, int], object]
LOOKS: dict[str, Look] = {
    "the top of the list": lambda r, n: ChatSource(r).after(None, 50),
    "the end of the list": lambda r, n: ChatSource(r).before(None, 50),
    "a page down in the middle": lambda r, n: ChatSource(r).after((NOW + n // 2, n // 2), 50),
    "a page up in the middle": lambda r, n: ChatSource(r).before(
        (NOW + n // 2, n // 2),
        50,
    ),
    "the row of the cursor": lambda r, n: ChatSource(r).after((NOW + n // 2, n // 2 + 1), 1, inclusive=True),
    "one profile": lambda r, n: ChatSource(r, ChatFilter(profile_id="p1")).after((NOW + n // 2, 1), 40),
    "one platform": lambda r, n: ChatSource(r, ChatFilter(platform="telegram")).before((NOW + n // 2, 1), 40),
    "a picked list": lambda r, n: PickedSource(r, [(NOW + i, i + 1) for i in range(n - 1, -1, -1)]).after(
        (NOW + n // 2, n // 2 + 1), 40
    ),
    "the number of chats": lambda r, n: ChatSource(r).total(),
    "the end of a thread": lambda r, n: ThreadSource(r, 1, "c0").before(None, 50),
    "the start of a thread": lambda r, n: ThreadSource(r, 1, "c0").after(None, 50),
    "a page up in a thread": lambda r, n: ThreadSource(r, 1, "c0").before(
        (NOW + n // 2, f"m{n // 2:06}"), 40
    ),
    "a page down in a thread": lambda r, n: ThreadSource(r, 1, "c0").after(
        (NOW + n // 2, f"m{n // 2:06}"), 40
    ),
    "the number of messages": lambda r, n: ThreadSource(r, 1, "c0").total(),
    "the header": lambda r, n: lookups.counts(r),
    "the profiles": lambda r, n: lookups.profiles(r),
    "a chat by its id": lambda r, n: lookups.chat(r, f"c{n // 2}"),
    "a chat by the platform's id": lambda r, n: lookups.chat(r, f"x{n // 2}"),
    "a message by its id": lambda r, n: lookups.message(r, f"m{n // 2:06}"),
    "a draft": lambda r, n: lookups.draft(r, "c10"),
    "the open sends": lambda r, n: lookups.outbox(r),
    "the held send": lambda r, n: lookups.held(r, 7),
    "no held send": lambda r, n: lookups.held(r, 8),
    "what changed since a moment ago": lambda r, n: lookups.changed_since(r, lookups.Revision(10**9, 10**9)),
}


@pytest.fixture(scope="module")
def readers() -> Iterator[Sequence[tuple[int, sqlite3.Connection]]]:
    """Readers of a small and of a large cache."""
    opened = []
    for count in (400, 20_000):
        context = samples.fresh()
        writer = context.__enter__()
        fill(writer, count)
        opened.append((count, context, open_reader(writer.folder)))
    yield [(count, reader) for count, _, reader in opened]
    for _, context, reader in opened:
        reader.close()
        context.__exit__(None, None, None)


def cost_of(
    look: Callable[[sqlite3.Connection, int], object], reader: sqlite3.Connection, count: int
) -> Cost:
    look(reader, count)
    with samples.counting(reader) as cost:
        look(reader, count)
    return cost


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_costs_the_same_in_a_small_and_in_a_large_cache(
    readers: Sequence[tuple[int, sqlite3.Connection]], name: str
) -> None:
    small, large = (cost_of(LOOKS[name], reader, count) for count, reader in readers)
    assert len(large.statements) == len(small.statements) <= 5
    assert large.steps <= small.steps + 40


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_reads_by_indexes_and_sorts_nothing(
    readers: Sequence[tuple[int, sqlite3.Connection]], name: str
) -> None:
    count, reader = readers[1]
    for statement in cost_of(LOOKS[name], reader, count).statements:
        plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {statement}")]
        scans = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step]
        assert all(step in ("SCAN profiles", "SCAN CONSTANT ROW") for step in scans), (statement, plan)
        if name != "the profiles":
            assert not [step for step in plan if "TEMP B-TREE" in step], (statement, plan)


def test_a_message_is_found_by_the_platforms_id_with_one_look_into_each_chat(
    readers: Sequence[tuple[int, sqlite3.Connection]],
) -> None:
    steps = {}
    for count, reader in readers:
        cost = cost_of(lambda r, n: lookups.message(r, f"e{n // 2}"), reader, count)
        plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {cost.statements[-1]}")]
        assert "SEARCH m USING INDEX messages_by_external (chat=? AND external_id=?)" in plan
        steps[count] = cost.steps / count
    small, large = steps.values()
    assert large <= small


def test_rows_of_one_time_are_found_as_quickly_as_others() -> None:
    looks: list[Look] = [
        lambda r, n: ChatSource(r).after((NOW, n // 2), 50),
        lambda r, n: ChatSource(r).before((NOW, n // 2), 50),
        lambda r, n: ThreadSource(r, 1, "c0").before((NOW, f"m{n // 2:06}"), 50),
    ]
    found: list[list[int]] = []
    for count in (400, 5000):
        with samples.fresh() as writer, closing(open_reader(writer.folder)) as reader:
            fill(writer, count, tied=True)
            found.append([cost_of(look, reader, count).steps for look in looks])
    assert found[0] == found[1]


def test_a_file_and_the_text_behind_it_are_one_row_until_the_file_is_a_message(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    samples.pulled(writer, inbound("m1", NOW))
    file, text = sends.queue_pair(
        writer, "chat", "prof", {"media_url": "https://acme.example/p.png"}, {"text": "This one?"}
    )
    source = ThreadSource(reader, 1, "chat")
    (row,) = source.after((OUTBOX_AT, ""), 9)
    assert row.items == (file, text)
    writer.local.execute("UPDATE outbox SET state = 'settled' WHERE pk = ?", (file.pk,))
    (row,) = source.after((OUTBOX_AT, ""), 9)
    assert row.items == (text,)
