"""A draft in two terminals: whatever is typed, saved and looked at in which order, both end with the same."""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from inbox_tui.core.errors import StoreError
from inbox_tui.store import lookups
from inbox_tui.store.db import Folder, open_reader, prepare
from inbox_tui.store.drafts import Words
from inbox_tui.store.writer import Writer
from inbox_tui.ui.kept_draft import KeptDraft
from tests.effort import examples

SIDES = st.integers(0, 1)


class Terminal:
    """A composer without a screen, whose writing thread gets to its work when it is told."""

    def __init__(self, folder: Folder) -> None:
        self.reader, self.writer = open_reader(folder), Writer(folder)
        self.draft = KeptDraft("chat", lookups.composed(self.reader, "chat"))
        self.text, self.caret = "", 0
        self.asked: deque[tuple[Callable[[Writer], None], Future[None]]] = deque()

    def do(self, function: Callable[[Writer], None]) -> Future[None]:
        """What `Session.do` is for the draft."""
        write: Future[None] = Future()
        self.asked.append((function, write))
        return write

    def edit(self, start: int, end: int, text: str) -> None:
        """Change one place of the text."""
        self.save()
        self.text = self.text[:start] + text + self.text[end:]
        self.caret = start + len(text)

    def save(self) -> None:
        """Hand over what was typed."""
        if self.text != self.draft.words.text:
            self.draft.words, self.draft.cursor = Words(self.text, {}), self.caret
        session: Any = self
        self.draft.save(session)

    def write(self, *, fails: bool = False) -> None:
        """Do the oldest thing that the writing thread was asked for."""
        if self.asked:
            function, write = self.asked.popleft()
            if fails:
                write.set_exception(StoreError("The disk is full", "Free some space"))
            else:
                function(self.writer)
                write.set_result(None)

    def look(self) -> None:
        """See what stands in the file."""
        found = lookups.composed(self.reader, "chat")
        if (taken := self.draft.look(found, Words(self.text, {}), self.caret)) is not None:
            words, self.caret = taken
            self.text = words.text

    def settle(self) -> None:
        """Save, write and look."""
        self.save()
        while self.asked:
            self.write()
        self.look()


class TwoTerminals(RuleBasedStateMachine):
    """No letter is lost, and none is doubled but by two people who have replaced parts of the same words.

    Such words stand there in both forms. What was removed stays away where the other side has written in
    one place since it last saw the draft. Of several places at once a removed letter between them may be
    taken for a new one, and is rather kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory(prefix="inbox-draft-")
        folder = Folder(Path(self._place.name) / "demo", "demo")
        prepare(folder)
        self.sides = [Terminal(folder), Terminal(folder)]
        self.letters = map(chr, range(ord("㐀"), ord("一")))
        self.alive: set[str] = set()
        self.removed: set[int] = set()
        """The sides that have removed something since both had the same before them."""
        self.twice: set[str] = set()
        """The letters that stood there twice then."""

    def teardown(self) -> None:
        try:
            self.agree()
        finally:
            for side in self.sides:
                side.writer.close()
                side.reader.close()
            self._place.cleanup()

    @rule()
    def agree(self) -> None:
        """Both come to rest."""
        for _ in range(3):
            for side in self.sides:
                side.settle()
        one, other = self.sides
        assert one.text == other.text == lookups.composed(one.reader, "chat").text
        counts = Counter(one.text.replace("\n", ""))
        assert self.alive <= counts.keys()
        twice = {letter for letter in counts if counts[letter] > 1}
        if len(self.removed) < len(self.sides):
            assert twice <= self.twice
        self.alive, self.twice = counts.keys() - twice, twice
        self.removed.clear()

    @rule(side=SIDES, count=st.integers(1, 3))
    def type_on(self, side: int, count: int) -> None:
        at = self.sides[side]
        self._edit(at, at.caret, at.caret, count)

    @rule(side=SIDES, data=st.data(), count=st.integers(0, 2))
    def change_a_place(self, side: int, data: st.DataObject, count: int) -> None:
        at = self.sides[side]
        start = data.draw(st.integers(0, len(at.text)))
        self._edit(at, start, data.draw(st.integers(start, len(at.text))), count)

    def _edit(self, at: Terminal, start: int, end: int, count: int) -> None:
        typed = "".join(next(self.letters) for _ in range(count))
        self.alive = (self.alive - {*at.text[start:end]}) | {*typed}
        if end > start:
            self.removed.add(self.sides.index(at))
        at.edit(start, end, typed)

    @rule(side=SIDES)
    def hand_over(self, side: int) -> None:
        self.sides[side].save()

    @rule(side=SIDES, fails=st.sampled_from([False, False, True]))
    def write(self, side: int, fails: bool) -> None:
        self.sides[side].write(fails=fails)

    @rule(side=SIDES)
    def look(self, side: int) -> None:
        self.sides[side].look()


TestTwoTerminals = TwoTerminals.TestCase
TestTwoTerminals.settings = settings(max_examples=examples(25), stateful_step_count=25, deadline=None)
