"""The search language reads what a person writes, and says where and why it cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_tui.core.errors import UsageError
from inbox_tui.core.query import (
    IS_VALUES,
    PLATFORM_ALIASES,
    Field,
    Filter,
    Has,
    Item,
    Not,
    Phrase,
    Query,
    QueryError,
    Term,
    moment,
    parse,
)


def test_the_line_of_the_contract_is_read_whole() -> None:
    text = (
        "from:jane platform:telegram profile:acme label:vip is:unread has:image "
        'before:2026-05-01 after:7d "exact phrase" -word'
    )
    assert parse(text).items == (
        Filter(Field.FROM, "jane"),
        Filter(Field.PLATFORM, "telegram"),
        Filter(Field.PROFILE, "acme"),
        Filter(Field.LABEL, "vip"),
        Filter(Field.IS, "unread"),
        Filter(Field.HAS, "image"),
        Filter(Field.BEFORE, "2026-05-01"),
        Filter(Field.AFTER, "7d"),
        Phrase("exact phrase"),
        Not(Term("word")),
    )


@pytest.mark.parametrize(
    "value", ["unread", "needs-reply", "waiting", "closing", "failed", "snoozed", "done", "archived"]
)
def test_is_knows_every_state(value: str) -> None:
    assert parse(f"is:{value}").items == (Filter(Field.IS, value),)
    assert len(IS_VALUES) == 8


@pytest.mark.parametrize("value", ["image", "file", "link", "reaction", "buttons"])
def test_has_knows_every_part_of_a_message(value: str) -> None:
    assert parse(f"has:{value}").items == (Filter(Field.HAS, value),)


@pytest.mark.parametrize(
    ("alias", "platform"),
    [
        ("fb", "facebook"),
        ("ig", "instagram"),
        ("tg", "telegram"),
        ("bsky", "bluesky"),
        ("bs", "bluesky"),
        ("Instagram", "instagram"),
    ],
)
def test_platforms_have_short_names(alias: str, platform: str) -> None:
    assert parse(f"platform:{alias}").items == (Filter(Field.PLATFORM, platform),)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("   ", ()),
        ("hello  world", (Term("hello"), Term("world"))),
        ('from:"Jane Doe" x', (Filter(Field.FROM, "Jane Doe"), Term("x"))),
        ("FROM:Jane", (Filter(Field.FROM, "Jane"),)),
        ("-from:jane", (Not(Filter(Field.FROM, "jane")),)),
        ('-"a b"', (Not(Phrase("a b")),)),
        ("-", (Term("-"),)),
        ("--x", (Not(Term("-x")),)),
        ("a-b", (Term("a-b"),)),
        ("https://acme.example/x", (Term("https://acme.example/x"),)),
        ("14:30", (Term("14:30"),)),
        (":)", (Term(":)"),)),
        ("价格 ❤️", (Term("价格"), Term("❤️"))),
        (r'"say \"hi\" \\ C:\x"', (Phrase(r'say "hi" \ C:\x'),)),
        ('it"s', (Term('it"s'),)),
        ("is:Needs_Reply", (Filter(Field.IS, "needs-reply"),)),
        ("after:Today", (Filter(Field.AFTER, "today"),)),
        ("label:a:b", (Filter(Field.LABEL, "a:b"),)),
    ],
)
def test_every_form_of_an_item_is_understood(text: str, items: tuple[Item, ...]) -> None:
    assert parse(text).items == items


@pytest.mark.parametrize(
    ("text", "column", "length", "title", "hint"),
    [
        ("form:jane", 1, 5, "There is no operator form: (column 1)", "Did you mean from:?"),
        ("x subject:a", 3, 8, "There is no operator subject: (column 3)", "The operators are from:"),
        ("hi is:open", 7, 4, "is: does not know open (column 7)", "unread, needs-reply, waiting"),
        ("has:gold", 5, 4, "has: does not know gold (column 5)", "image, file, link, reaction, buttons"),
        ("-platform:myspace", 11, 7, "There is no platform myspace (column 11)", "telegram (tg)"),
        ("before:soon", 8, 4, "soon is no day (column 8)", "2026-05-01"),
        ("after:2026-02-30", 7, 10, "2026-02-30 is no day (column 7)", "7d"),
        ("after:20260501", 7, 8, "20260501 is no day (column 7)", "7d"),
        ("after:99999d", 7, 6, "99999d is no day (column 7)", "7d"),
        ("a from: b", 3, 5, "from: needs a value (column 3)", "from:jane"),
        ('a "open', 3, 5, "The quote is not closed (column 3)", 'Put a "'),
        ('label:"open', 7, 5, "The quote is not closed (column 7)", 'Put a "'),
        ('"  "', 1, 4, "There is nothing between the quotes (column 1)", "words"),
    ],
)
def test_an_error_points_at_the_place_and_says_what_to_write(
    text: str, column: int, length: int, title: str, hint: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert isinstance(error, UsageError)
    assert (error.column, error.length, error.title) == (column, length, title)
    assert hint in error.hint


def test_the_place_is_marked_under_the_query() -> None:
    with pytest.raises(QueryError) as caught:
        parse("价格 is:open")
    assert caught.value.pointed == "价格 is:open\n        ^^^^"


# ---------------------------------------------------------------- writing it again

WORDS = st.text(alphabet='ab-":\\é价 ', min_size=1, max_size=6)
VALUES = WORDS.filter(lambda value: value.strip() != "")
FILTERS = st.one_of(
    st.builds(Filter, st.sampled_from([Field.FROM, Field.PROFILE, Field.LABEL]), VALUES),
    st.builds(Filter, st.just(Field.PLATFORM), st.sampled_from([p.value for p in PLATFORM_ALIASES.values()])),
    st.builds(Filter, st.just(Field.IS), st.sampled_from(IS_VALUES)),
    st.builds(Filter, st.just(Field.HAS), st.sampled_from([has.value for has in Has])),
    st.builds(
        Filter,
        st.sampled_from([Field.BEFORE, Field.AFTER]),
        st.dates().map(str) | st.sampled_from(["7d", "0h", "9999y", "today", "yesterday"]),
    ),
)
ITEMS = FILTERS | st.builds(Phrase, VALUES) | st.builds(Term, st.text("aé价", min_size=1))
QUERIES = st.builds(Query, st.lists(ITEMS | st.builds(Not, ITEMS), max_size=6).map(tuple))


@given(QUERIES)
def test_a_query_written_as_text_parses_to_the_same_query(query: Query) -> None:
    assert parse(str(query)) == query


PIECES = st.sampled_from(
    ['"', "-", ":", " ", "from", "is:done", "\\", "a", "https://", "has:", "before:7d", "价"]
)


@given(st.lists(PIECES, max_size=10).map("".join) | st.text())
def test_whatever_is_typed_is_a_query_that_can_be_written_again_or_an_error_with_a_place(text: str) -> None:
    read: Query | QueryError
    try:
        read = parse(text)
    except QueryError as error:
        read = error
    if isinstance(read, Query):
        assert parse(str(read)) == read
    else:
        assert 1 <= read.column <= len(text)
        assert read.hint
        assert read.pointed.count("\n") == 1


# ---------------------------------------------------------------- dates

NOW = int(datetime(2026, 6, 3, 12, tzinfo=UTC).timestamp()) * 1000
EAST = timezone(timedelta(hours=13))


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-05-01", UTC, at(2026, 5, 1)),
        ("2026-05-01", EAST, at(2026, 4, 30, 11)),
        ("today", UTC, at(2026, 6, 3)),
        ("today", EAST, at(2026, 6, 3, 11)),
        ("yesterday", UTC, at(2026, 6, 2)),
        ("12h", EAST, at(2026, 6, 3)),
        ("7d", UTC, at(2026, 5, 27, 12)),
        ("2w", UTC, at(2026, 5, 20, 12)),
        ("1y", UTC, at(2025, 6, 3, 12)),
    ],
)
def test_a_day_is_its_beginning_in_the_zone_and_a_span_counts_back_from_now(
    value: str, zone: timezone, expected: int
) -> None:
    assert moment(value, NOW, zone) == expected


@given(st.dates(), st.sampled_from([UTC, EAST, timezone(-timedelta(hours=12))]))
def test_every_day_of_the_calendar_has_a_moment(day: object, zone: timezone) -> None:
    assert isinstance(moment(str(day), NOW, zone), int)
