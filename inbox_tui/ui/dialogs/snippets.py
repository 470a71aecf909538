"""Snippets in the composer: found by a few letters, their questions asked one after the other, put in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widgets import Input

from inbox_tui.config.snippets import Reading, SnippetFile
from inbox_tui.core import snippets
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.cells import preview
from inbox_tui.core.errors import InboxError
from inbox_tui.core.keyboards import summary
from inbox_tui.core.models import JsonObject
from inbox_tui.core.snippets import Filled, Prompt, Snippet
from inbox_tui.ui.dialogs.dialog import key_line
from inbox_tui.ui.dialogs.finder import Finder
from inbox_tui.ui.session import Session


@dataclass(frozen=True, slots=True)
class Desk:
    """What a snippet is for: the chat's platform and facts, and what stands in its composer.

    `use` puts a filled snippet into the text, or where it says so in place of `text`, and returns why it
    cannot, None where it did.
    """

    platform: str
    known: Mapping[str, str]
    text: str
    keyboard: JsonObject
    use: Callable[[Snippet, Filled, bool], str | None]


@dataclass(slots=True)
class _Asking:
    """A snippet whose questions are being asked: those that are left, and what was said."""

    snippet: Snippet
    left: list[Prompt]
    answers: dict[str, str] = field(default_factory=dict)
    accepting: bool = False
    """Enter was pressed on what the snippet suggests; once more, and that is the answer."""


MOST_LISTED = 100
"""Snippets that are shown at a time, however many there are."""
LIST_CELLS = 72
"""What a line of the list has room for, before it is laid out."""


class Snippets(Finder[None, Snippet]):
    """One field: it finds a snippet, then takes the answer to each of its questions."""

    KEYS: ClassVar[Mapping[str, str]] = {**Finder.KEYS, "ctrl+n": "new", "ctrl+e": "edit"}
    CSS = f"""{Finder.CSS}
    #finder {{ width: 78; height: 22; }}
    #finder-view {{ max-height: 8; }}
    #finder.-asking OptionList {{ display: none; }}
    #finder.-asking #finder-view {{ height: 1fr; max-height: 100%; }}
    """

    def __init__(self, session: Session, file: SnippetFile, desk: Desk, start: Snippet | None = None) -> None:
        """`start`: a snippet that was chosen elsewhere; only its questions are asked."""
        super().__init__()
        self._session = session
        self._file = file
        self._desk = desk
        self._start = start
        self._letters = ""
        """What the list was made for."""
        self._asking: _Asking | None = None
        self._made: set[str] = set()
        """The names of those that were made of what stands in the composer."""

    def on_mount(self) -> None:
        """List them, or ask."""
        if self._start is None:
            self._list()
        else:
            self._ask(self._start)
        super().on_mount()

    # Drawing.

    def _list(self, name: str = "") -> None:
        """The snippets that the letters mean; the chosen one is `name`, else the first."""
        reading = self._file.read()
        platform = self._desk.platform
        self._letters = self._field.value
        found = snippets.found(reading.snippets.values(), self._letters, platform)
        listed = found[:MOST_LISTED]
        names = [snippet.name for snippet in listed]
        self._offer(listed, map(self._line, listed), names.index(name) if name in names else 0)
        self._box.border_title = Content("Snippets")
        self._field.placeholder = "a few letters of its name or its words"
        self._say(*self._state(reading, len(found)))
        self._draw()

    def _state(self, reading: Reading, found: int) -> tuple[str, str]:
        """What is to be said of the file, or of what was found in it."""
        if reading.problems:
            first, more = reading.problems[0], len(reading.problems) - 1
            words = f"{first.where}: {first.what}. {first.expected}"
            return f"{words} (and {more} more)" if more else words, "$text-warning"
        if not reading.snippets:
            return f"There are none yet. Ctrl+N makes one; they stand in {self._file.path}", "$foreground 60%"
        words = "" if self._listed else "None has these letters"
        if found > MOST_LISTED:
            words = f"and {found - MOST_LISTED:,} more; type more letters"
        return words, "$foreground 60%"

    def _line(self, snippet: Snippet) -> Content:
        """A snippet in a line of the list."""
        if not snippet.fits(self._desk.platform):
            return Content.styled(f"{snippet.name}  for {snippet.only} only", "dim")
        words = Content.assemble((snippet.name, "bold"), f"  {preview(snippet.text)}")
        return words.truncate(self._choices.size.width or LIST_CELLS, ellipsis=True)

    def _draw(self) -> None:
        """What would be put in, and the keys."""
        asking = self._asking
        snippet = self._chosen if asking is None else asking.snippet
        if asking is not None:
            enter = "next" if len(asking.left) > 1 else "put it in"
            suggested = self._suggested(asking)
            if suggested:
                enter = f"take “{preview(suggested)}”" + (f" and {enter}" if asking.accepting else "?")
            keys = [("⏎", enter), ("Esc", "back")]
        elif snippet is not None:
            keys = [("⏎", "put it in"), ("Ctrl+N", "new"), ("Ctrl+E", "edit"), ("Ctrl+D", "delete")]
            keys.append(("Esc", "back"))
        else:
            keys = [("Ctrl+N", "new"), ("Esc", "back")]
        self._show(Content("") if snippet is None else self._view(snippet), key_line(keys))

    def _view(self, snippet: Snippet) -> Content:
        """A snippet as far as it is filled; what is still open is marked."""
        answers = dict(self._asking.answers) if self._asking is not None else {}
        if self._asking is not None:
            answers[self._asking.left[0].label] = self._said(self._asking)
        filled = snippets.fill(snippet, self._desk.known, answers)
        content = Content(filled.text)
        for blank in filled.blanks:
            at = filled.text.find(blank)
            while at >= 0:
                content = content.stylize("bold $text-warning", at, at + len(blank))
                at = filled.text.find(blank, at + len(blank))
        if snippet.keyboard:
            content = Content.assemble(content, "\n", (f"⌨ {summary(snippet.keyboard)}", "$text-accent"))
        return content

    @on(Input.Changed)
    def _typed(self) -> None:
        asking = self._asking
        if asking is None:
            self.follow()
            return
        # This may tell of letters from before Enter, which has led to this question.
        asking.accepting = asking.accepting and bool(self._suggested(asking))
        if not asking.accepting:
            self._say("")
        self._draw()

    def follow(self) -> None:
        """List what the letters mean that stand there now."""
        if self._asking is None and self._field.value != self._letters:
            self._asked = ""
            self._list()

    def _fill_field(self, text: str) -> None:
        with self._field.prevent(Input.Changed):
            self._field.value = text
        self._field.cursor_position = len(text)

    # What the keys do.

    def take_it(self) -> None:
        """Put the chosen one in, its questions asked before; or take an answer."""
        if self._asking is not None:
            self._answer(self._asking)
            return
        chosen = self._chosen
        if chosen is None:
            return
        if not chosen.fits(self._desk.platform):
            here = platform_name(self._desk.platform)
            self._say(f"{chosen.name} is for {chosen.only} only, and this is {here}", "$text-warning")
        else:
            self._ask(chosen)

    def _ask(self, snippet: Snippet) -> None:
        asked = list(snippets.prompts(snippet))
        if not asked:
            self._finish(snippet, {})
            return
        self._asking = _Asking(snippet, asked)
        self._question(self._asking)

    def _question(self, asking: _Asking) -> None:
        prompt, number = asking.left[0], len(asking.answers) + 1
        self._box.add_class("-asking")
        many = f" ({number} of {number + len(asking.left) - 1})" if number + len(asking.left) > 2 else ""
        self._box.border_title = Content(f"{asking.snippet.name} · {prompt.label}?{many}")
        self._field.placeholder = f"{prompt.label}; left empty, it stays to be filled in"
        self._fill_field(prompt.default)
        self._say("")
        self._draw()

    def _suggested(self, asking: _Asking) -> str:
        """What the snippet has put into the field and nobody has touched; empty where that is nothing."""
        default = asking.left[0].default
        return default if self._field.value == default else ""

    def _said(self, asking: _Asking) -> str:
        """The answer in the field. What is only suggested is none: the question would have passed unseen."""
        return "" if self._suggested(asking) and not asking.accepting else self._field.value.strip()

    def _answer(self, asking: _Asking) -> None:
        suggested, accepting = self._suggested(asking), asking.accepting
        if suggested and not accepting:
            asking.accepting = True
            self._say(f"Only suggested: {preview(suggested)}. Enter again takes it, or type", "$text-warning")
            self._draw()
            return
        answers = {**asking.answers, asking.left[0].label: self._said(asking)}
        if len(asking.left) == 1:
            self._finish(asking.snippet, answers)
            return
        asking.left.pop(0)
        asking.answers, asking.accepting = answers, False
        self._question(asking)

    def _finish(self, snippet: Snippet, answers: Mapping[str, str]) -> None:
        filled = snippets.fill(snippet, self._desk.known, answers)
        # What it was made of would stand beside it once more.
        problem = self._desk.use(snippet, filled, snippet.name in self._made)
        if problem is None:
            self.dismiss()
        else:
            self._say(problem, "$text-error")

    def leave(self) -> None:
        """Back to the list, or to the composer."""
        if self._asking is None or self._start is not None:
            self.dismiss()
            return
        name, self._asking = self._asking.snippet.name, None
        self._box.remove_class("-asking")
        self._fill_field("")
        self._list(name)

    def new(self) -> None:
        """Make a snippet of what stands in the composer."""
        if self._asking is None:
            start = Snippet(" ".join(self._field.value.split()), self._desk.text, self._desk.keyboard)
            self._open_editor(start, None)

    def edit(self) -> None:
        """Change the chosen one."""
        if self._asking is None and self._chosen is not None:
            self._open_editor(self._chosen, self._chosen)

    def _open_editor(self, start: Snippet, was: Snippet | None) -> None:
        from inbox_tui.ui.dialogs.snippet_edit import EditSnippet

        self._asked = ""
        dialog = EditSnippet(self._session, self._file, start, was)
        self.app.push_screen(dialog, partial(self._edited, was))

    def _edited(self, was: Snippet | None, name: str | None) -> None:
        if name is not None:
            if was is None or was.name in self._made:
                self._made.add(name)
            self._fill_field("")
            self._list(name)

    def delete(self) -> None:
        """Take the chosen one out of the file; asked once."""
        chosen = self._chosen
        if self._asking is not None or chosen is None:
            return
        question = f"Ctrl+D again deletes {chosen.name} from {self._file.path.name}"
        if self._confirmed(f"delete {chosen.name}", question):
            self.begun.wait_for(self._delete(chosen))

    async def _delete(self, snippet: Snippet) -> None:
        try:
            await asyncio.to_thread(self._file.delete, snippet)
        except InboxError as error:
            self._say(str(error), "$text-error")
        else:
            self._list()
            self._say(f"Deleted {snippet.name}", "$text-success")
