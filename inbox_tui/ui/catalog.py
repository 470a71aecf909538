"""Everything that the command palette can go to or do, and which of it goes with some typed letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from typing import TYPE_CHECKING

from textual.fuzzy import FuzzySearch

from inbox_tui.core.capabilities import Refused
from inbox_tui.core.cells import preview
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.text import search_key
from inbox_tui.core.times import age
from inbox_tui.store.recency import MOST, Choice
from inbox_tui.ui.keys import labels

if TYPE_CHECKING:
    from inbox_tui.core.snippets import Snippet
    from inbox_tui.store.names import NamedChat
    from inbox_tui.ui.actions import Action
    from inbox_tui.ui.inbox import InboxScreen

RECENT = 0.5
"""What the last choice counts more than something that was never chosen; earlier ones less of it."""
BEGINS, FIRST_WORD = 1.2, 1.4
"""What letters count that an entry begins with; more, where they are its first words whole."""
ASIDE = 0.6
"""What letters count that are found in other words of an entry than those that one sees first."""
MOVES = ("Move", "Panes")
"""Groups of acts that one has a key for, and hardly looks for by name."""
REFUSED = 0.7
"""What an entry counts that cannot be done now."""
FAINT = 0.34
"""Entries that go so much worse with the letters than the best one are left out."""


class Kind(StrEnum):
    """What an entry is."""

    ACT = "act"
    CHAT = "chat"
    VIEW = "view"
    SNIPPET = "snippet"
    THEME = "theme"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be chosen. `note`: its keys, or where it is from."""

    kind: Kind
    id: str
    title: str
    note: str
    run: Callable[[], None]
    other: str = ""
    """Further words by which it is found."""
    about: str = ""
    """What is said of it while it is chosen."""
    why_not: Callable[[], Refused | None] = lambda: None

    @property
    def choice(self) -> Choice:
        """What is remembered of it."""
        return (self.kind.value, self.id)


class Catalog:
    """The entries of a screen. Of a hundred thousand chats, only those that were looked for are in it."""

    def __init__(self, inbox: InboxScreen, chosen: Mapping[Choice, Milliseconds]) -> None:
        """`chosen`: what was chosen before, the newest first."""
        self._inbox = inbox
        places = {choice: place for place, choice in enumerate(chosen)}
        self._recency = {choice: 1 - place / MOST for choice, place in places.items()}
        self._recent = places
        self._snippets: Sequence[Entry] = ()

    @cached_property
    def fixed(self) -> Sequence[Entry]:
        """Acts that belong where the person is, saved queries and themes; last what only moves."""
        acts = list(self._acts())
        moves = [entry for entry in acts if self._inbox.keymap[entry.id].group in MOVES]
        return [*(each for each in acts if each not in moves), *self._views(), *self._themes(), *moves]

    def add_snippets(self, snippets: Iterable[Snippet]) -> None:
        """Offer snippets, too."""
        insert = self._inbox.acts.snippets.insert
        self._snippets = [
            Entry(
                Kind.SNIPPET,
                snippet.name,
                snippet.name,
                "snippet",
                partial(insert, snippet.name),
                other=snippet.text,
                about=preview(snippet.text),
            )
            for snippet in snippets
        ]

    def chats(self, found: Iterable[NamedChat]) -> list[Entry]:
        """Chats as entries."""
        inbox, now = self._inbox, self._inbox.session.clock.now()
        return [
            Entry(
                Kind.CHAT,
                row.chat.id,
                row.chat.title,
                f"{inbox.profiles.place_of(row.chat)} · {age(now - row.active_at)}",
                partial(inbox.go_to, row.chat.id),
                other=row.letters,
            )
            for row in found
        ]

    def recent_chats(self, limit: int) -> list[str]:
        """Ids of the chats that were chosen last."""
        return [name for kind, name in self._recent if kind == Kind.CHAT][:limit]

    def listed(
        self, typed: str, chats: Sequence[Entry], refused: Callable[[Entry], bool] = lambda _: False
    ) -> list[Entry]:
        """The entries for some typed letters, the best first, at the end the search for them; without
        letters, what was chosen last first. `refused` is asked of those that go with them.
        """
        entries = [*self.fixed, *self._snippets, *chats]
        wanted = search_key(typed.removeprefix("@")).strip()
        if not wanted:
            last = len(self._recent)
            return sorted(entries, key=lambda entry: self._recent.get(entry.choice, last))
        search = FuzzySearch()
        scored = [(entry, self._score(search, wanted, entry)) for entry in entries]
        best = max((score for _, score in scored), default=0.0)
        found = [
            (entry, score * (REFUSED if refused(entry) else 1))
            for entry, score in scored
            if score > best * FAINT
        ]
        return [*(entry for entry, _ in sorted(found, key=lambda pair: -pair[1])), self._search(typed)]

    def _search(self, typed: str) -> Entry:
        text = " ".join(typed.split())
        inbox = self._inbox
        run = partial(inbox.acts.searching.search_for, text)
        keys = labels(inbox.keymap["search"].keys)
        return Entry(Kind.ACT, "search_for", f"Search all messages for “{text}”", keys, run)

    def _score(self, search: FuzzySearch, wanted: str, entry: Entry) -> float:
        score = _match(search, wanted, search_key(entry.title))
        if entry.other:
            other = search_key(entry.other)
            score = max(score, _match(search, wanted, other) * (1 if other == wanted else ASIDE))
        return score * (1 + RECENT * self._recency.get(entry.choice, 0))

    def _acts(self) -> Iterator[Entry]:
        inbox = self._inbox
        for action in inbox.keymap.actions:
            if inbox.context in action.contexts and not action.id.startswith("palette"):
                yield Entry(
                    Kind.ACT,
                    action.id,
                    action.title,
                    labels(action.keys),
                    partial(self._carry_out, action),
                    other=action.id.replace("_", " "),
                    why_not=partial(inbox.acts.why_not, action),
                )

    def _carry_out(self, action: Action) -> None:
        self._inbox.acts.carry_out(action, 1)

    def _views(self) -> Iterator[Entry]:
        inbox = self._inbox
        for name, query in inbox.preferences.views.items():
            go = partial(inbox.views.go, name)
            yield Entry(Kind.VIEW, name, name, "saved view", go, other=query, about=query)

    def _themes(self) -> Iterator[Entry]:
        app = self._inbox.app
        for name in sorted(app.available_themes):
            note = "theme in use" if name == app.theme else "theme"
            yield Entry(Kind.THEME, name, f"Theme {name}", note, partial(setattr, app, "theme", name))


def _match(search: FuzzySearch, wanted: str, text: str) -> float:
    """How well the letters go with a text: in one row, or word by word in any order."""
    whole, _ = search.match(wanted, text)
    if text.startswith(wanted):
        behind = text[len(wanted) : len(wanted) + 1]
        return whole * (BEGINS if behind.isalnum() else FIRST_WORD)
    parts = wanted.split()
    if whole or len(parts) == 1:
        return float(whole)
    scores = [search.match(part, text)[0] for part in parts]
    return 0.0 if not all(scores) else sum(scores) / len(scores)
