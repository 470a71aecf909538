"""Pictures of messages as half cells, decoded in a thread when they first come onto the screen.

Only formats that are decoded without other programs are read, a picture of too many pixels is refused from
its header, and what cannot be read says so in place of the picture: its message is never hidden. Pillow
comes with the extra `images`; without it pictures are named and can be opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""What Pillow calls the formats that it decodes by itself."""
TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""The same, as media types."""
MOST_PIXELS = 50_000_000
"""A larger picture is not decoded: at four bytes a pixel it would take over 200 MB."""
COLUMNS, LINES = 40, 12
"""The largest a picture is drawn, in cells; a cell is two pixels high."""
KEPT = 64
"""Pictures that stay decoded: a few kilobytes each."""

Picture = Sequence[Sequence[Segment]]
"""Lines of cells."""


@dataclass(frozen=True, slots=True)
class Undrawable:
    """Why a picture cannot be drawn, in a few words."""

    why: str


class Pictures:
    """The pictures of a thread."""

    def __init__(self, ready: Callable[[], None]) -> None:
        """`ready` is called in a thread when there is another picture to `take`."""
        self._ready = ready
        self._made: LRUCache[tuple[Path, int], Picture | Undrawable] = LRUCache(KEPT)
        self._making: dict[tuple[Path, int], Future[None]] = {}
        self._times: dict[Path, int] = {}
        self._come: SimpleQueue[tuple[tuple[Path, int], Picture | Undrawable]] = SimpleQueue()
        self._thread: ThreadPoolExecutor | None = None
        self.decoded = 0
        """How many pictures were decoded and taken so far."""

    def get(self, path: Path, room: int) -> Picture | Undrawable | None:
        """A picture in lines of at most `room` cells; None while it is decoded."""
        width = max(1, min(room, COLUMNS))
        known = self._made.get((path, width))
        if known is None and (path, width) not in self._making:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")
            self._making[path, width] = self._thread.submit(self._make, path, width)
        return known

    def _make(self, path: Path, width: int) -> None:
        made: Picture | Undrawable
        try:
            made = decode(path, width)
        except Exception as error:  # noqa: BLE001 - decoders raise anything, and a picture is not worth a thread
            made = Undrawable(f"cannot be drawn ({type(error).__name__})")
        self._come.put(((path, width), made))
        self._ready()

    def take(self) -> None:
        """Have what was decoded meanwhile drawn from now on, by the loop that draws."""
        while not self._come.empty():
            name, made = self._come.get()
            self._made[name] = made
            self._making.pop(name, None)
            self._times[name[0]] = self.times(name[0]) + 1
            self.decoded += 1

    def times(self, path: Path) -> int:
        """How often a picture was decoded and taken: what shows it is drawn again when this has changed."""
        return self._times.get(path, 0)

    def close(self) -> None:
        """Drop what waits to be decoded."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)


def decode(path: Path, width: int) -> Picture | Undrawable:
    """Read a picture and scale it to at most `width` cells and LINES lines. Raises as the decoder does."""
    try:
        from PIL import Image
    except ImportError:
        return Undrawable("is drawn here with the extra `images`")
    with Image.open(path, formats=FORMATS) as image:
        across, down = image.size
        if across * down > MOST_PIXELS:
            return Undrawable(f"is too large to be drawn ({across}x{down})")
        size = fit(across, down, width, LINES)
        image.draft("RGB", (size[0] * 2, size[1] * 2))
        flat = image.convert("RGBA")
        flat.thumbnail((size[0] * 4, size[1] * 4))
        small = flat.resize(size)
        return _half_cells(small)


def fit(across: int, down: int, columns: int, lines: int) -> tuple[int, int]:
    """The size in pixels, height even, that a picture is scaled to; never larger than it is."""
    scale = min(columns / across, 2 * lines / down, 1.0)
    return max(1, round(across * scale)), max(2, 2 * round(down * scale / 2))


def _half_cells(image: Image.Image) -> Picture:
    """Two pixels to a cell: the upper as the colour of a half block, the lower as its ground."""
    across = 4 * image.size[0]
    data = image.tobytes()
    rows = [data[start : start + across] for start in range(0, len(data), across)]
    return [
        [_cell(upper[at : at + 4], lower[at : at + 4]) for at in range(0, across, 4)]
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


def _cell(top: bytes, bottom: bytes) -> Segment:
    """One cell from two pixels (red, green, blue, opacity); clear ones show the ground of the thread."""
    if top[3] < 128 and bottom[3] < 128:
        return Segment(" ")
    if top[3] < 128:
        return Segment("▄", Style(color=_colour(bottom)))
    if bottom[3] < 128:
        return Segment("▀", Style(color=_colour(top)))
    return Segment("▀", Style(color=_colour(top), bgcolor=_colour(bottom)))


def _colour(pixel: bytes) -> Color:
    return Color.from_triplet(ColorTriplet(pixel[0], pixel[1], pixel[2]))
