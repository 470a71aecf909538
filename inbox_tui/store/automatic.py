"""Texts by which answers of machines are known: patterns of the configuration, kept in the cache.

Every process has to judge by the same ones, whatever it was started with, or each would fold what the other
has folded. So the engine writes them down when it starts, and all others go by what stands there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from inbox_tui.store.db import transaction

if TYPE_CHECKING:
    from inbox_tui.store.writer import Writer

KEY = "automatic"
"""Where they stand in `meta` of `cache.db`, as JSON; without any there is no such row."""

Patterns: TypeAlias = tuple[re.Pattern[str], ...]


@lru_cache(maxsize=4)
def patterns(text: str | None) -> Patterns:
    """The patterns of a row of `meta`; capitals do not matter."""
    return tuple(re.compile(each, re.IGNORECASE) for each in json.loads(text or "[]"))


def use(writer: Writer, given: Sequence[str]) -> bool:
    """Go by these patterns from now on; returns whether they are others than before.

    Then every chat is late (`store.views`), and the engine folds them anew, a few at a time.
    """
    text = json.dumps(list(given), ensure_ascii=False) if given else None
    row = writer.cache.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
    if text == (None if row is None else row[0]):
        return False
    with transaction(writer.cache):
        writer.cache.execute("DELETE FROM meta WHERE key = ?", (KEY,))
        if text is not None:
            writer.cache.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (KEY, text))
        writer.cache.execute("UPDATE chats SET next_change_at = 0")
    return True
