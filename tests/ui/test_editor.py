"""The text field draws what Textual's draws, and takes no longer for it in a long paragraph."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.document._document import Document
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from inbox_tui.ui.editor import MOST_CHARACTERS, Editor, Sections, one_line

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

TEXTS = st.text(st.sampled_from("ab ж界🙂\té\u0301\n([-"), max_size=120)


class Sheet(App[None]):
    """A field, and nothing else."""

    CSS = "Editor { height: 8; width: 24; }"

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[int] = []

    def compose(self) -> ComposeResult:
        """The field."""
        yield Editor(compact=True, highlight_cursor_line=False)

    @property
    def field(self) -> Editor:
        """The field."""
        return self.query_one(Editor)

    def on_editor_too_long(self, event: Editor.TooLong) -> None:
        """Note what was refused."""
        self.refused.append(event.characters)


def cells(strip: Strip) -> list[tuple[str, object]]:
    """Characters with their styles."""
    return [(character, segment.style) for segment in strip for character in segment.text]


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(0, 200), st.integers(0, 200))
def test_every_row_is_drawn_as_textual_draws_it(text: str, first: int, last: int) -> None:
    async def draw() -> None:
        async with Sheet().run_test(size=(24, 8)) as pilot:
            field = pilot.app.query_one(Editor)
            field.load_text(text)
            lines = text.split("\n")
            rows = [place % len(lines) for place in (first, last)]
            ends = [
                (row, place % (len(lines[row]) + 1)) for row, place in zip(rows, (first, last), strict=True)
            ]
            # Textual shows an empty line in a selection by another glyph.
            field.selection = Selection(*(ends if all(lines) else ends[:1] * 2))
            field.focus()
            await pilot.pause()
            for y in range(field.wrapped_document.height + 1):
                y -= field.scroll_offset.y
                assert cells(field._render_line(y)) == cells(TextArea._render_line(field, y)), (text, y)

    asyncio.run(draw())


WORDS = st.text(st.sampled_from("aab  界🙂\u00a0é\u0301"), max_size=12)


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("aaab  界🙂\t\u00a0\n"), max_size=300),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), WORDS), max_size=8),
)
def test_a_paragraph_is_wrapped_after_edits_as_if_it_were_wrapped_anew(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    document = Document(text)
    wrapped = Sections(document, width=9, tab_width=4)
    for place, length, words in edits:
        row = place % document.line_count
        column = place % (len(document[row]) + 1)
        end = min(column + length, len(document[row]))
        done = document.replace_range((row, column), (row, end), words)
        wrapped.wrap_range((row, column), (row, end), done.end_location)
        anew = WrappedDocument(document, width=9, tab_width=4)
        assert wrapped._wrap_offsets == anew._wrap_offsets
        assert wrapped._offset_to_line_info == anew._offset_to_line_info


async def test_a_letter_in_a_long_paragraph_has_only_the_end_of_it_wrapped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from inbox_tui.ui import editor

    wrapped: list[int] = []
    wrap = editor.compute_wrap_offsets

    def counted(text: str, width: int, tab_size: int) -> list[int]:
        wrapped.append(len(text))
        return wrap(text, width, tab_size)

    async with Sheet().run_test(size=(24, 8)) as pilot:
        field = pilot.app.query_one(Editor)
        field.load_text("word " * 800)
        field.move_cursor(field.document.end)
        await pilot.pause()
        monkeypatch.setattr(editor, "compute_wrap_offsets", counted)
        for _ in range(5):
            field.write("x")
        assert len(wrapped) == 5
        assert max(wrapped) <= 3 * 24


@settings(max_examples=20, deadline=None)
@given(TEXTS, st.integers(0, 200))
def test_the_field_is_painted_as_textual_paints_it(text: str, place: int) -> None:
    async def draw() -> None:
        async with Sheet().run_test(size=(24, 8)) as pilot:
            field = pilot.app.query_one(Editor)
            field.styles.padding = 0
            field.load_text(text)
            field.move_cursor((text[:place].count("\n"), 0))
            field.focus()
            await pilot.pause()
            field.refresh()
            # The right part belongs to the scrollbar, where there is one.
            part = Region(0, 0, field.scrollable_content_region.width, 8)
            assert not field.styles.gutter
            ours, theirs = field.render_lines(part), TextArea.render_lines(field, part)
            for mine, other in zip(ours, theirs, strict=True):
                assert cells(mine) == cells(other), text

    asyncio.run(draw())


async def test_the_field_is_painted_in_the_colours_of_a_new_theme() -> None:
    async with Sheet().run_test(size=(24, 8)) as pilot:
        field = pilot.app.query_one(Editor)
        field.styles.padding = 0
        field.load_text("one")
        await pilot.pause()
        part = Region(0, 0, 24, 1)
        before = cells(field.render_lines(part)[0])
        pilot.app.theme = "textual-light"
        await pilot.pause()
        after = cells(field.render_lines(part)[0])
        assert after == cells(TextArea.render_lines(field, part)[0])
        assert after != before


@pytest.fixture
def shaped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The length of every styled text that is made of a part of the draft."""
    from inbox_tui.ui import editor

    made: list[int] = []

    class Counted(editor.Text):
        def __init__(self, plain: str = "", *arguments: object, **options: object) -> None:
            made.append(len(plain))
            super().__init__(plain, *arguments, **options)

    monkeypatch.setattr(editor, "Text", Counted)
    return made


async def test_a_key_in_a_long_paragraph_styles_no_more_than_the_row_that_it_is_in(
    shaped: list[int],
) -> None:
    async with Sheet().run_test(size=(24, 8)) as pilot:
        field = pilot.app.query_one(Editor)
        counts = []
        for text in ("", "word " * 800):
            field.load_text(text)
            field.move_cursor(field.document.end)
            await pilot.pause()
            shaped.clear()
            for _ in range(20):
                field.write("x")
                await pilot.pause(0)
            counts.append((len(shaped), sum(shaped)))
        (_, short), (rows, long) = counts
        # The row of the letter, and the one behind it where the letter begins a new one.
        assert rows <= 20 * 2 + 8
        assert long <= rows * 24
        assert short > 0


async def test_what_is_typed_is_undone_and_done_again() -> None:
    async with Sheet().run_test() as pilot:
        field = pilot.app.query_one(Editor)
        field.focus()
        field.write("one")
        field.write("\n")
        field.paste("two\r\nthree")
        assert field.take_back()
        assert field.text == "one\n"
        assert field.take_back()
        assert field.take_back()
        assert field.text == ""
        assert not field.take_back()
        field.action_redo()
        assert field.text == "one"


def test_a_paste_into_a_field_of_one_line_is_one_line_or_nothing() -> None:
    assert one_line(" two\r\nlines\x1b ") == "two lines␛"
    assert one_line("x" * 10_000_000) == ""


async def test_a_paste_that_no_platform_could_take_is_refused_whole() -> None:
    async with Sheet().run_test() as pilot:
        app = pilot.app
        assert isinstance(app, Sheet)
        app.field.write("kept")
        app.field.paste("x" * MOST_CHARACTERS)
        await pilot.pause()
        assert app.field.text == "kept"
        assert app.refused == [MOST_CHARACTERS]
        app.field.paste("x" * (MOST_CHARACTERS - 4))
        assert len(app.field.text) == MOST_CHARACTERS
