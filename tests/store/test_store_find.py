"""Search finds exactly what the query says, newest first, from any place on, whatever way it takes there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import DAY, HOUR, NOW, chat, inbound, outbound

from inbox_tui.core.models import Attachment, Chat, Message, Profile, Reaction
from inbox_tui.core.query import QueryError
from inbox_tui.store import find, index, search, triage, writes
from inbox_tui.store.coverage import Coverage, coverage, partial_chats
from inbox_tui.store.db import open_reader
from inbox_tui.store.find import Order
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

PROFILES = [Profile("ig", "Acme Shop", "instagram", username="acme.shop"), Profile("tg", "Bot", "telegram")]
IMAGE, FILM = Attachment("a1", "image"), Attachment("a2", "video")
CHATS = [
    chat("c1", profile_id="ig", participant_name="Zoë Doe", participant_username="zoe_92"),
    chat("c2", profile_id="ig", participant_name="Max", last_message_at=NOW),
    chat("c3", profile_id="tg", platform="telegram", participant_name="田中"),
]
MESSAGES = [
    inbound("m1", NOW - 40 * DAY, "c1", body="Where is order #A-1042? Crème please"),
    outbound("m2", NOW - 40 * DAY + HOUR, "c1", body="Shipped today: https://acme.shop/t"),
    inbound("m3", NOW - 9 * DAY, "c2", body="Please send the other shirt", attachments=(IMAGE,)),
    inbound("m4", NOW - 3 * DAY, "c3", body="请问什么时候发货"),
    outbound("m5", NOW - 2 * DAY, "c3", body="发货 today", reply_markup={"inline_keyboard": []}),
    inbound("m6", NOW - DAY, "c1", body="call +49 170 123 45 67 👍🏽", reactions=(Reaction("x", "❤"),)),
    inbound("m7", NOW, "c2", body="the other order, please", attachments=(FILM,)),
    inbound("m8", NOW + 1, "c2", body="gone order", deleted_at=NOW + 5),
]


def fill(writer: Writer) -> None:
    writes.apply_profiles(writer, PROFILES)
    writes.apply_chats(writer, CHATS)
    writes.apply_messages(writer, [MessagePage(m.chat_id, [m], newest=True) for m in MESSAGES])
    triage.label(writer, ["c1"], ["vip"])


@pytest.fixture
def shop(writer: Writer) -> Writer:
    fill(writer)
    return writer


def plan(text: str) -> find.Plan:
    return find.plan(text, PROFILES, now=NOW)


@contextmanager
def reading(writer: Writer) -> Iterator[sqlite3.Connection]:
    with closing(open_reader(writer.folder)) as reader:
        yield reader


def ids(writer: Writer, text: str, order: Order = Order.DATE) -> list[str]:
    with reading(writer) as reader:
        found = find.search(reader, plan(text), order=order)
        return [hit.message.id for hit in found.hits]


FINDS = {
    "order": ["m7", "m1"],
    "please orde": ["m7", "m1"],
    "creme": ["m1"],
    "CRÈME": ["m1"],
    "1042": ["m1"],
    "A-1042": ["m1"],
    "#A-1042": ["m1"],
    "发货": ["m5", "m4"],
    "👍": ["m6"],
    "0170 1234567": ["m6"],
    "+49 170/1234567": ["m6"],
    '"the other"': ["m7", "m3"],
    '"other the"': [],
    '"the other shirt"': ["m3"],
    "please -shirt": ["m7", "m1"],
    "has:image": ["m3"],
    "has:file": ["m7"],
    "has:link": ["m2"],
    "has:buttons": ["m5"],
    "has:reaction call": ["m6"],
    "please -has:image": ["m7", "m1"],
    "order from:zoe": ["m1"],
    "order from:@zoe_92": ["m1"],
    "from:田中": ["m5", "m4"],
    "today platform:tg": ["m5"],
    "today profile:acme": ["m2"],
    "today label:vip": ["m2"],
    "today -label:#VIP": ["m5"],
    "please after:10d": ["m7", "m3"],
    "please before:10d": ["m1"],
    "-please after:3d": ["m6", "m5", "m4"],
    "is:needs-reply order": ["m7", "m1"],
    "is:waiting": ["m5", "m4"],
    "gone": [],
    "zzz": [],
}


@pytest.mark.parametrize(("text", "found"), FINDS.items())
def test_a_query_finds_its_messages_newest_first(shop: Writer, text: str, found: list[str]) -> None:
    assert ids(shop, text) == found


def test_hits_go_on_from_any_place_in_either_direction_and_within_a_chat(shop: Writer) -> None:
    with reading(shop) as reader:
        asked = plan("please")
        every = find.search(reader, asked).hits
        assert [hit.message.id for hit in every] == ["m7", "m3", "m1"]
        first = find.search(reader, asked, limit=1)
        assert (first.hits[0].message.id, first.more) == ("m7", True)
        rest = find.search(reader, asked, limit=2, before=first.hits[0].pk)
        assert ([hit.message.id for hit in rest.hits], rest.more) == (["m3", "m1"], False)
        newer = find.search(reader, asked, after=every[2].pk, limit=1)
        assert newer.hits[0].message.id == "m3"
        (chat_pk,) = reader.execute("SELECT pk FROM chats WHERE id = 'c1'").fetchone()
        assert [hit.message.id for hit in find.search(reader, asked, chat=chat_pk).hits] == ["m1"]


def test_by_rank_whole_words_and_short_messages_come_first(writer: Writer) -> None:
    samples.pulled(
        writer,
        inbound("begins", NOW, body="shirts"),
        inbound("long", NOW - 5, body="I have seen many things in my life but never such a fine blue shirt"),
        inbound("short", NOW - 9, body="this shirt"),
    )
    assert ids(writer, "shirt", order=Order.RANK) == ["short", "long", "begins"]
    assert ids(writer, "shirt", order=Order.DATE) == ["begins", "long", "short"]


def test_an_excerpt_is_one_line_with_what_was_found_marked(writer: Writer) -> None:
    body = "x " * 60 + "the\n\tblue  scarf\nis here, the BLUE one" + " y" * 300
    samples.pulled(writer, inbound("m1", NOW, body=body, attachments=(IMAGE,)))
    with reading(writer) as reader:
        (hit,) = find.search(reader, plan("blue")).hits
    words = hit.excerpt.text
    assert [words[slice(*span)] for span in hit.excerpt.spans] == ["blue", "BLUE"]
    assert words.startswith("[image] …x x ")
    assert "the blue scarf is here" in words
    assert len(words) < 260
    assert words.endswith("…")


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("shirt …", 7, "no letter"),
        ("shirt profile:nobody", 7, "Acme Shop, Bot"),
        ("shirt -label:,", 7, "no label"),
        ("shirt foo:bar", 7, "no operator"),
        ("from:…", 1, "no letter"),
    ],
)
def test_what_cannot_be_answered_says_where_and_what_to_write(text: str, column: int, says: str) -> None:
    for asked in (plan, lambda text: search.plan(text, PROFILES, now=NOW)):
        with pytest.raises(QueryError) as caught:
            asked(text)
        assert caught.value.column == column
        assert says in str(caught.value)


def test_customers_whose_names_hold_the_words_are_found_beside_messages(shop: Writer) -> None:
    with reading(shop) as reader:

        def called(text: str) -> list[str]:
            return [person.id for _, person in find.people(reader, plan(text), 5)]

        assert called("doe") == ["c1"]
        assert called("ZOE do") == ["c1"]
        assert called("田") == ["c3"]
        assert called("max platform:tg") == []
        assert called("max -order") == []
        assert called("is:unread") == []


def test_what_is_not_cached_and_not_indexed_is_counted(shop: Writer) -> None:
    with reading(shop) as reader:
        assert coverage(reader).unindexed == 0
        assert partial_chats(reader, plan("from:zoe"), 9) == ["c1"]
    writes.record_walk(shop, "ig", walked_to=None, walked=False, total=7)
    done = MessagePage("c1", [], history_done=True)
    writes.apply_messages(shop, [done])
    writes.apply_chats(shop, [chat("c4", profile_id="tg", last_message_at=NOW)])
    index.reset(shop.cache)
    index.build(shop.cache, 100)
    index.build(shop.cache, 2)
    with reading(shop) as reader:
        assert coverage(reader) == Coverage(unindexed=6, unlisted=5, unfetched=2, partial=2)
        assert partial_chats(reader, plan("from:zoe"), 9) == []
        assert not coverage(reader).complete


# Every way to the hits leads to the same ones.

BODIES = ("the other order", "order 1042", "other things", "发货 the", "👍 order", "", "thing")
QUERIES = (
    "the",
    "oth",
    "other",
    '"the other"',
    "-order",
    "order -other",
    "发货",
    "has:image",
    "thi -has:image",
    "order from:per",
    "after:2d the",
    "10 42",
    "thing other",
)


def _message(number: int, body: str, place: int, image: bool) -> Message:
    files = (IMAGE,) if image else ()
    return inbound(f"m{number}", NOW - number * 7 * HOUR, f"c{place}", body=body or None, attachments=files)


stories = st.lists(
    st.tuples(st.sampled_from(BODIES), st.integers(0, 2), st.booleans()), min_size=1, max_size=14
)


@given(stories, st.sampled_from(QUERIES), st.integers(0, 4), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_index_finds_what_reading_every_message_finds(
    story: list[tuple[str, int, bool]], text: str, probe: int, few: int
) -> None:
    messages = [_message(number, *each) for number, each in enumerate(story)]
    with samples.fresh() as writer, pytest.MonkeyPatch.context() as patch:
        people = [chat(f"c{n}", participant_name=f"Person {n}") for n in range(3)]
        writes.apply_chats(writer, people)
        writes.apply_messages(writer, [MessagePage(m.chat_id, [m]) for m in messages])
        with reading(writer) as reader:
            asked = find.plan(text, [], now=NOW)
            patch.setattr(find, "FEW_MESSAGES", 10**9)
            patch.setattr(find, "FEW_CHATS", 3)
            every = [
                hit.message.id
                for pk in (1, 2, 3)
                for hit in find.search(reader, asked, chat=pk, limit=99).hits
            ]
            patch.setattr(find, "FEW_MESSAGES", few)
            patch.setattr(find, "PROBE", probe)
            patch.setattr(find, "LEAST_HITS", 0.7)
            found = find.search(reader, asked, limit=99).hits
            assert sorted(hit.message.id for hit in found) == sorted(every)
            assert [hit.pk for hit in found] == sorted((hit.pk for hit in found), reverse=True)
            upwards = find.search(reader, asked, limit=99, after=0).hits
            assert [hit.pk for hit in upwards] == [hit.pk for hit in found][::-1]
            _same_chats(reader, text, messages, people)


def _same_chats(reader: sqlite3.Connection, text: str, messages: list[Message], people: list[Chat]) -> None:
    """The list of chats finds the same asked at once, chat by chat and message by message."""
    scan = search.plan(text, [], now=NOW)
    assert isinstance(scan, search.Scan)
    scan.prepare(reader)
    ask: Callable[[str], set[int]] = lambda condition: {  # noqa: E731
        pk for (pk,) in reader.execute(f"SELECT c.pk FROM chats c WHERE {condition}", scan.values)
    }
    assert ask(scan.condition) == ask(scan.few)
    assert search.matches(reader, scan, [1, 2, 3]) == ask(scan.condition)
    assert search.matches(reader, scan, [2]) == ask(scan.condition) & {2}


BY_CHAT = ("from:jane", "from:jane please", "-please is:needs-reply")


def test_a_search_costs_by_its_hits_and_not_by_the_messages_there_are(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    costs = []
    for count in (300, 6_000):
        folder = samples.new_folder(tmp_path_factory.mktemp("account") / "acme")
        with Writer(folder) as writer:
            writes.apply_chats(writer, [chat("c1", participant_name="Jane")])
            words = ("please send", "发货 🙏", "the blue plethora", "order")
            told = [inbound(f"m{n}", NOW - n * HOUR, "c1", body=f"{words[n % 4]} {n}") for n in range(count)]
            writes.apply_messages(writer, [MessagePage("c1", told)])
        with closing(open_reader(folder)) as reader:
            found = {}
            for text in (
                "please",
                "ple",
                "plea",
                "发货",
                "🙏",
                '"please send"',
                "blue the",
                "has:link",
                *BY_CHAT,
            ):
                with samples.counting(reader) as cost, pytest.MonkeyPatch.context() as patch:
                    patch.setattr(find, "FEW_MESSAGES", 0)
                    hits = find.search(reader, find.plan(text, [], now=NOW), limit=20).hits
                found[text] = (len(cost.statements), len(hits), cost.steps)
            costs.append(found)
    small, large = costs
    assert {text: cost[:2] for text, cost in small.items()} == {
        text: cost[:2] for text, cost in large.items()
    }
    assert all(large[text][2] <= 1.5 * small[text][2] + 100 for text in small)
