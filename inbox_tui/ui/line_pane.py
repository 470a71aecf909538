"""A widget that is drawn by the line, with a column at its right that shows where in a list one is.

Several of Textual's inner rules are used here and nowhere else: `render_lines` is overridden (hence no
border or padding on this widget), and line filters are applied to the strips.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class LinePane(Widget, can_focus=True):
    """Subclasses say what stands on each line, and which lines the thumb of the scrollbar covers."""

    DEFAULT_CSS = """
    LinePane { height: 1fr; width: 1fr; }
    LinePane > .rows--track { background: $surface; }
    LinePane > .rows--thumb { background: $primary-muted; }
    LinePane:focus > .rows--thumb { background: $primary; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--track", "rows--thumb"}
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles: dict[str, Style] = {}
        self._with_bars: LRUCache[Hashable, tuple[Strip, Strip]] = LRUCache(256)

    def lines(self, width: int, height: int) -> Sequence[Strip]:
        """What stands on the `height` lines of the pane, each exactly `width` cells."""
        raise NotImplementedError

    def thumb(self) -> range:
        """The lines that the thumb of the scrollbar covers; asked behind `lines`."""
        raise NotImplementedError

    @property
    def row_width(self) -> int:
        """Cells of a line without the scrollbar."""
        return max(1, self.size.width - 1)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a part of the widget (Textual's line API)."""
        height = self.size.height
        lines, thumb = self.lines(self.row_width, height), self.thumb()
        shown, ground = range(crop.y, min(crop.bottom, height)), self.background_colors[1]
        strips = [self._painted(lines[y], ground, covered=y in thumb) for y in shown]
        if crop.x or crop.width < self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def _painted(self, line: Strip, ground: Color, *, covered: bool) -> Strip:
        """A line with its part of the scrollbar; most lines were on the screen before the last key."""
        name = (id(line), ground, covered)
        kept = self._with_bars.get(name)
        # An id is given again when its strip is gone; one that is kept here is not gone.
        if kept is None or kept[0] is not line:
            strip = Strip.join([line, self._bar(covered=covered)])
            for line_filter in self.get_line_filters():
                strip = strip.apply_filter(line_filter, ground)
            kept = self._with_bars[name] = (line, strip)
        return kept[1]

    def _bar(self, *, covered: bool) -> Strip:
        return Strip([Segment(" ", self.style_of("rows--thumb" if covered else "rows--track"))], 1)

    def style_of(self, name: str) -> Style:
        """What a component class sets, to be laid over another style; translucent colours are mixed in."""
        if name not in self._styles:
            styles = self.get_component_styles(name)
            ground = self.background_colors[1]
            self._styles[name] = Style(
                color=(ground + styles.color).rich_color if styles.has_rule("color") else None,
                bgcolor=(ground + styles.background).rich_color if styles.has_rule("background") else None,
            ) + (styles.text_style if styles.has_rule("text_style") else Style.null())
        return self._styles[name]

    def notify_style_update(self) -> None:
        """Forget the styles of before when the theme changes."""
        super().notify_style_update()
        self._styles.clear()
        self._with_bars.clear()
