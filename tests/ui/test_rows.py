"""Rows without widgets: windows, anchors, cursor."""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.strip import Strip

from inbox_tui.store.reads import Key
from inbox_tui.ui.rows import VirtualRows

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""


@dataclass(frozen=True)
class Line:
    """A row of a given height."""

    key: Key
    height: int = 1


class Lines:
    """A source over a sorted list that counts how often it is asked."""

    def __init__(self, rows: Sequence[Line]) -> None:
        self.rows = sorted(rows, key=lambda row: row.key)
        self.asked = 0

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[Line]:
        self.asked += 1
        keys = [row.key for row in self.rows]
        start = 0
        if key is not None:
            start = bisect.bisect_left(keys, key) if inclusive else bisect.bisect_right(keys, key)
        return self.rows[start : start + limit]

    def before(self, key: Key | None, limit: int) -> list[Line]:
        self.asked += 1
        keys = [row.key for row in self.rows]
        end = len(keys) if key is None else bisect.bisect_left(keys, key)
        return self.rows[max(0, end - limit) : end]

    def total(self) -> int | None:
        return len(self.rows)


class Column(VirtualRows[Line]):
    """Draws each row as its number, once per line of its height."""

    sticks_to_end = True

    def identity(self, row: Line) -> Hashable:
        return row.key

    def draw(self, row: Line, previous: Line | None, width: int, *, cursor: bool) -> list[Strip]:
        mark = ">" if cursor else " "
        words = [f"{mark}{row.key[0]}.{line}" for line in range(row.height)]
        return [Strip([Segment(text.ljust(width))], width) for text in words]

    def draw_empty(self, width: int, height: int) -> list[Strip]:
        return [Strip([Segment("nothing".ljust(width))], width)]


class ColumnApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Column()


def shown(column: Column) -> list[str]:
    """The text of each line of the widget, without the scrollbar and blank lines."""
    lines = column.render_lines(column.size.region)
    return [text for strip in lines if (text := strip.text[:-1].rstrip())]


def lines(count: int, *, height: int = 1) -> list[Line]:
    return [Line((number, 0), height) for number in range(count)]


async def test_a_list_opens_at_its_start_or_at_its_end() -> None:
    async with ColumnApp().run_test(size=(20, 10)) as pilot:
        column = pilot.app.query_one(Column)
        column.show(Lines(lines(1000)))
        assert shown(column)[0] == ">0.0"
        column.show(Lines(lines(1000)), end=True)
        assert shown(column)[-1] == ">999.0"
        assert shown(column)[0] == " 990.0"


async def test_an_empty_list_says_why() -> None:
    async with ColumnApp().run_test(size=(20, 10)) as pilot:
        column = pilot.app.query_one(Column)
        column.show(Lines([]))
        assert shown(column) == ["nothing"]
        for move in (column.go_end, column.go_start, lambda: column.move_cursor(3)):
            move()
        assert column.cursor_row is None


async def test_the_cost_of_a_key_is_that_of_the_screen_and_not_of_the_list() -> None:
    counts = []
    for size in (100, 100_000):
        async with ColumnApp().run_test(size=(20, 10)) as pilot:
            column = pilot.app.query_one(Column)
            source = Lines(lines(size))
            column.show(source)
            for _ in range(40):
                column.move_cursor(1)
            column.go_end()
            for _ in range(40):
                column.move_cursor(-1)
            column.go_start()
            for _ in range(5):
                column.scroll_by(5, with_cursor=True)
            counts.append(source.asked)
    assert counts[1] <= counts[0] + 2, counts


async def test_the_view_stays_on_its_row_when_rows_come_in_above_and_below() -> None:
    async with ColumnApp().run_test(size=(20, 10)) as pilot:
        column = pilot.app.query_one(Column)
        source = Lines(lines(1000))
        column.show(source)
        column.point_at((500, 0))
        before = shown(column)
        source.rows = sorted([Line((-1, number)) for number in range(50)] + source.rows, key=lambda r: r.key)
        source.rows += [Line((2000, number)) for number in range(50)]
        column.reread()
        assert shown(column) == before


async def test_a_view_at_the_end_stays_at_the_end() -> None:
    async with ColumnApp().run_test(size=(20, 10)) as pilot:
        column = pilot.app.query_one(Column)
        source = Lines(lines(50))
        column.show(source, end=True)
        assert column.at_end
        source.rows.append(Line((50, 0), 3))
        column.reread()
        assert shown(column)[-1] == " 50.2"
        column.scroll_by(-4, with_cursor=False)
        assert not column.at_end
        before = shown(column)
        source.rows.append(Line((51, 0)))
        column.reread()
        assert shown(column) == before


async def test_the_cursor_goes_on_from_its_place_when_its_row_moved_away() -> None:
    async with ColumnApp().run_test(size=(20, 10)) as pilot:
        column = pilot.app.query_one(Column)
        source = Lines(lines(100))
        column.show(source)
        column.move_cursor(5)
        source.rows = [row for row in source.rows if row.key != (5, 0)]
        column.reread()
        column.move_cursor(1)
        assert column.cursor_row == Line((6, 0))


async def test_a_row_taller_than_the_screen_shows_its_beginning() -> None:
    async with ColumnApp().run_test(size=(20, 6)) as pilot:
        column = pilot.app.query_one(Column)
        column.show(Lines([Line((0, 0)), Line((1, 0), 20), Line((2, 0))]))
        column.move_cursor(1)
        assert shown(column)[0] == ">1.0"


@pytest.mark.parametrize("height", [1, 2, 5])
async def test_no_move_asks_for_a_layout(height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ColumnApp().run_test(size=(20, 10)) as pilot:
        column = pilot.app.query_one(Column)
        column.show(Lines(lines(1000, height=height)))
        await pilot.pause()
        layouts: list[object] = []
        monkeypatch.setattr(pilot.app.screen, "_refresh_layout", lambda *sizes, **_: layouts.append(sizes))
        for _ in range(30):
            column.move_cursor(1)
            await pilot.pause()
        column.go_end()
        await pilot.pause()
        assert layouts == []


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("cursor"), st.integers(-30, 30)),
        st.tuples(st.just("scroll"), st.integers(-30, 30)),
        st.tuples(st.just("wheel"), st.integers(-30, 30)),
        st.tuples(st.just("start"), st.just(0)),
        st.tuples(st.just("end"), st.just(0)),
        st.tuples(st.just("point"), st.integers(0, 300)),
        st.tuples(st.just("add"), st.integers(0, 400)),
        st.tuples(st.just("remove"), st.integers(0, 400)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    heights=st.lists(st.integers(1, 14), min_size=1, max_size=300),
    moves=MOVES,
)
async def test_after_any_moves_the_screen_shows_neighbouring_lines_without_a_gap(
    heights: list[int], moves: list[tuple[str, int]]
) -> None:
    async with ColumnApp().run_test(size=(20, 8)) as pilot:
        column = pilot.app.query_one(Column)
        rows = [Line((number, 0), height) for number, height in enumerate(heights)]
        source = Lines(rows)
        column.show(source)
        for move, amount in moves:
            match move:
                case "cursor":
                    column.move_cursor(amount)
                case "scroll":
                    column.scroll_by(amount, with_cursor=True)
                case "wheel":
                    column.scroll_by(amount, with_cursor=False)
                case "start":
                    column.go_start()
                case "end":
                    column.go_end()
                case "point" if source.rows:
                    column.point_at(source.rows[amount % len(source.rows)].key)
                case "add":
                    source.rows = sorted(
                        {*source.rows, Line((amount, 1), amount % 4 + 1)}, key=lambda row: row.key
                    )
                    column.reread()
                case "remove" if len(source.rows) > 1:
                    del source.rows[amount % len(source.rows)]
                    column.reread()
            everything = [f"{row.key[0]}.{line}" for row in source.rows for line in range(row.height)]
            seen = [text[1:] for text in shown(column)]
            assert len(seen) == min(8, len(everything))
            places = [index for index, text in enumerate(everything) if text == seen[0]]
            assert any(everything[place : place + len(seen)] == seen for place in places), (
                seen,
                move,
                amount,
            )
