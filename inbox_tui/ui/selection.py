"""Chats that were selected in the list, by id: they stay selected wherever they move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GLYPH = "✓"
"""Stands in front of a selected chat."""


class Selection:
    """Chats in the order in which they were selected, and the range that is being drawn, if any.

    The range is the way from where it was begun to the cursor; a step back takes the last chat off again.
    What was on that way stays selected when it moves elsewhere, and what comes in between is not selected.
    """

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._way: list[str] | None = None
        self._on_way: set[str] = set()
        self._twice = 0
        """Chats of the range that were selected before."""

    def __len__(self) -> int:
        return len(self._ids) + len(self._on_way) - self._twice

    def __contains__(self, chat_id: str) -> bool:
        return chat_id in self._ids or chat_id in self._on_way

    @property
    def words(self) -> str:
        """How many, and whether moving selects more; empty where nothing is selected."""
        if not len(self):
            return ""
        return f"RANGE {len(self):,} selected" if self.ranging else f"{len(self):,} selected"

    def ids(self) -> list[str]:
        """Every selected chat."""
        return list(dict.fromkeys([*self._ids, *(self._way or ())]))

    @property
    def ranging(self) -> bool:
        """Whether moving the cursor selects."""
        return self._way is not None

    def toggle(self, chat_id: str) -> None:
        """Select a chat, or take it out; a range ends here."""
        self.end_range()
        if chat_id in self._ids:
            del self._ids[chat_id]
        else:
            self._ids[chat_id] = None

    def add(self, chat_ids: Iterable[str]) -> None:
        """Select chats besides those that are; a range ends here."""
        self.end_range()
        self._ids.update(dict.fromkeys(chat_ids))

    def begin_range(self, chat_id: str) -> None:
        """Select from this chat to wherever the cursor goes."""
        self.end_range()
        self._draw([chat_id])

    def end_range(self) -> None:
        """Keep what the range holds; moving selects nothing any more."""
        if self._way is not None:
            self._ids.update(dict.fromkeys(self._way))
            self._way, self._on_way, self._twice = None, set(), 0

    def reach(self, chat_ids: Sequence[str]) -> None:
        """The cursor came over these chats in this order, the last one is where it stands now."""
        if self._way is None:
            return
        for chat_id in chat_ids:
            if len(self._way) > 1 and self._way[-2] == chat_id:
                last = self._way.pop()
                self._on_way.discard(last)
                self._twice -= last in self._ids
            elif chat_id not in self._on_way:
                self._way.append(chat_id)
                self._on_way.add(chat_id)
                self._twice += chat_id in self._ids

    def draw_range(self, listed: Sequence[str], here: str) -> None:
        """The cursor jumped: the range goes from its beginning to `here` through a list of all chats."""
        if self._way is None:
            return
        first = self._way[0]
        if first in listed and here in listed:
            start, end = listed.index(first), listed.index(here)
            self._draw(listed[start : end + 1] if start <= end else listed[end : start + 1][::-1])

    def _draw(self, way: Sequence[str]) -> None:
        self._way, self._on_way = list(way), set(way)
        self._twice = sum(name in self._ids for name in self._on_way)

    def clear(self) -> None:
        """Select nothing."""
        self._ids.clear()
        self._way, self._on_way, self._twice = None, set(), 0
