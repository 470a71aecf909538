"""The text field draws what Textual's draws, and takes no longer for it in a long paragraph."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from inbox_tui.ui.editor import MOST_CHARACTERS, Editor, one_line

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


async def test_a_key_in_a_long_paragraph_styles_no_more_than_the_rows_on_the_screen(
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
        assert rows <= 20 * 2 * 8
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
