"""Attachments of a message in lines: what they are, how far they are, and pictures as they look."""

from __future__ import annotations

from textual.strip import Strip

from inbox_tui.core.cells import truncate
from inbox_tui.core.links import url_host
from inbox_tui.core.models import Attachment
from inbox_tui.store.fetched import MediaRow, MediaState
from inbox_tui.ui.keyboard_view import Piece
from inbox_tui.ui.pictures import TYPES, Pictures, Undrawable

Line = list[Piece] | Strip
"""Pieces of text with their styles, or cells that are ready to be drawn."""

UNITS = ("B", "KB", "MB", "GB")


def file_size(size: int) -> str:
    """A number of bytes in three digits or so: `482 B`, `1.4 MB`."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {UNITS[unit]}"


def attachment_lines(
    attachment: Attachment, media: MediaRow | None, pictures: Pictures | None, room: int
) -> list[Line]:
    """An attachment in lines of at most `room` cells; a broken one is a line like any other."""
    words, style = _words(attachment, media)
    lines: list[Line] = []
    picture = None
    if media is not None and media.path is not None and pictures is not None and media.type in TYPES:
        picture = pictures.get(media.path, room)
    if isinstance(picture, Undrawable):
        words += f" · {picture.why}"
    lines.append([(truncate(words, room), style)])
    if picture is not None and not isinstance(picture, Undrawable):
        lines += [Strip(line) for line in picture]
    return lines


def _words(attachment: Attachment, media: MediaRow | None) -> Piece:
    words = f"[{attachment.type}]"
    if attachment.status == "failed":
        return f"{words} could not be stored by the service", "error"
    if media is not None and media.name:
        words += f" {media.name}"
    elif attachment.url and (where := url_host(attachment.url)):
        words += f" {where}"
    if media is None:
        return words + ("" if attachment.status == "processed" else f" ({attachment.status})"), "quote"
    match media.state:
        case MediaState.READY:
            return words + (f" {file_size(media.size)}" if media.size is not None else ""), "quote"
        case MediaState.FAILED:
            return f"{words} · {media.fault} · o tries again", "warning"
        case _:
            return f"{words} · {progress(media)}", "muted"


def progress(media: MediaRow) -> str:
    """How much of a file is there."""
    if not media.done_bytes:
        return "fetching…"
    done = file_size(media.done_bytes)
    if not media.size:
        return f"fetching {done}"
    return f"fetching {done} of {file_size(media.size)} ({100 * media.done_bytes // media.size} %)"
