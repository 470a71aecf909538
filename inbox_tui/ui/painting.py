"""How a screen is painted: of each widget the lines that have changed on the screen, and no others.

Textual's compositor asks, for any change, every widget whose container reaches into the changed lines for all
of its own lines. On a screen of panes that is nearly the whole screen for each letter that is typed.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class Painter(Compositor):
    """Textual's compositor, asking only for what it is going to paint."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Widgets of a part of the screen: where each is, what of it can be seen, and the lines of that."""
        part = self.size.region if crop is None else crop
        # What is seen begins and ends where widgets do; only its height may be cut.
        band = Region(0, part.y, self.size.width, part.height)
        painted: list[Region] = []
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip).intersection(band)
            needed = seen.intersection(part)
            # They come from front to back, and what is in front hides what it covers.
            if needed and not any(front.contains_region(needed) for front in painted):
                painted.append(seen)
                yield region, seen, widget.render_lines(seen.translate(-region.offset))
