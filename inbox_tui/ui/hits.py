"""The hits of a search as rows: whose message, when, and the line in which something was found."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar

from rich.style import Style
from textual.strip import Strip

from inbox_tui.core.models import Chat
from inbox_tui.core.times import clock, day_label
from inbox_tui.store.clock import ServerClock
from inbox_tui.store.find import Hit
from inbox_tui.store.reads import Key
from inbox_tui.ui.lines import marked, one_line
from inbox_tui.ui.platforms import platform_class, platform_code
from inbox_tui.ui.rows import VirtualRows


@dataclass(frozen=True, slots=True)
class HitRow:
    """A message that was found, or a customer whose name was; `key`: its number from the first."""

    key: Key
    chat: Chat
    hit: Hit | None = None


class HitSource:
    """Hits that are in memory, in their order."""

    def __init__(self, people: Sequence[Chat], hits: Sequence[Hit]) -> None:
        found = [(chat, None) for chat in people] + [(hit.chat, hit) for hit in hits]
        self._rows = [HitRow((number, 0), chat, hit) for number, (chat, hit) in enumerate(found)]

    def before(self, key: Key | None, limit: int) -> Sequence[HitRow]:
        """Up to `limit` rows right in front of `key`, or the last ones, in their order."""
        end = len(self._rows) if key is None else int(key[0])
        return self._rows[max(0, end - limit) : end]

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> Sequence[HitRow]:
        """Up to `limit` rows right behind `key`, or from it on, or the first ones, in their order."""
        start = 0 if key is None else int(key[0]) + (0 if inclusive else 1)
        return self._rows[start : start + limit]

    def total(self) -> int:
        """How many rows there are."""
        return len(self._rows)


class HitList(VirtualRows[HitRow]):
    """The hits of a search: two lines a message, one a customer."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "hits--row",
        "hits--cursor",
        "hits--name",
        "hits--muted",
        "hits--found",
        "hits--facebook",
        "hits--instagram",
        "hits--telegram",
        "hits--bluesky",
        "hits--unknown",
    }
    can_focus = False

    def __init__(self, clock: ServerClock, zone: tzinfo | None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._zone = zone or UTC
        self.empty_text = ""

    def identity(self, row: HitRow) -> Hashable:
        """A hit stays the same while others come in before it."""
        return (row.chat.id, None if row.hit is None else row.hit.pk)

    def draw(self, row: HitRow, previous: HitRow | None, width: int, *, cursor: bool) -> list[Strip]:
        """Platform, person and time; the excerpt with what was found."""
        ground = self.rich_style + self.style_of("hits--cursor" if cursor else "hits--row")

        def style(name: str) -> Style:
            return ground + self.style_of(name)

        chat, hit = row.chat, row.hit
        muted = style("hits--name" if cursor else "hits--muted")
        platform = style(platform_class("hits", chat.platform))
        lead = [(f"{'▸' if cursor else ' '}{platform_code(chat.platform)} ", platform)]
        if hit is None:
            handle = f"@{chat.participant_username}" if chat.participant_username else ""
            named = [*lead, (chat.title, style("hits--found"))]
            return [one_line([*named, (f"  {handle}", muted)], [(" chat", muted)], width, ground)]
        at = hit.message.position[0]
        when = f" {day_label(at, self._clock.now(), self._zone)} {clock(at, self._zone)}"
        own = "" if hit.message.inbound else "you → "
        head = one_line(
            [*lead, (own, muted), (chat.title, style("hits--name"))], [(when, muted)], width, ground
        )
        words = [
            (text, style(f"hits--{name}"))
            for text, name in marked(hit.excerpt.text, hit.excerpt.spans, "name", "found")
        ]
        return [head, one_line([("    ", platform), *words], [], width, ground)]

    def draw_empty(self, width: int, height: int) -> list[Strip]:
        """What there is to know while nothing is found."""
        style = self.rich_style + self.style_of("hits--muted")
        lines = self.empty_text.splitlines()[:height]
        return [one_line([(line, style)], [], width, self.rich_style) for line in lines]
