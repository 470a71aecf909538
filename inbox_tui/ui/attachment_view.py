"""Attachments of a message in lines: what they are, how far they are, and pictures as they look."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip

from inbox_tui.core.cells import cells, truncate, wrap
from inbox_tui.core.links import url_host
from inbox_tui.core.models import Attachment
from inbox_tui.core.sizes import file_size, part_of
from inbox_tui.store.fetched import MediaRow, MediaState
from inbox_tui.ui.lines import Line
from inbox_tui.ui.pictures import LINES, TYPES, Picture, Pictures, Undrawable

WAITING: Picture = [[Segment("")]] * LINES
"""The room of a picture that is being decoded: most fill it, so the messages around it stay in place."""


def attachment_lines(
    attachment: Attachment, media: MediaRow | None, pictures: Pictures | None, room: int
) -> list[Line]:
    """An attachment in lines of at most `room` cells; a broken one is a line like any other."""
    words, state, style = _words(attachment, media)
    picture: Picture | Undrawable | None = None
    if media is not None and media.path is not None and pictures is not None and media.type in TYPES:
        picture = pictures.get(media.path, room) or WAITING
    if isinstance(picture, Undrawable):
        state = picture.why
    lines: list[Line] = []
    whole = f"{words} · {state}" if state else words
    if not state or cells(whole) <= room:
        lines.append([(truncate(whole, room), style)])
    else:
        lines += [[(line, style)] for line in (truncate(words, room), *wrap(state, room))]
    if picture is not None and not isinstance(picture, Undrawable):
        lines += [Strip(line) for line in picture]
    return lines


def _words(attachment: Attachment, media: MediaRow | None) -> tuple[str, str, str]:
    """What the attachment is, what there is to be said of it, and the style of both."""
    words = f"[{attachment.type}]"
    if attachment.status == "failed":
        return f"{words} could not be stored by the service", "", "error"
    if media is not None and media.name:
        words += f" {media.name}"
    elif attachment.url and (where := url_host(attachment.url)):
        words += f" {where}"
    if media is None:
        return words + ("" if attachment.status == "processed" else f" ({attachment.status})"), "", "quote"
    match media.state:
        case MediaState.READY:
            return words + (f" {file_size(media.size)}" if media.size is not None else ""), "", "quote"
        case MediaState.FAILED:
            return words, f"{media.fault} · o tries again", "warning"
        case _:
            return words, progress(media), "muted"


def progress(media: MediaRow) -> str:
    """How much of a file is there."""
    if not media.done_bytes:
        return "fetching…"
    if not media.size:
        return f"fetching {file_size(media.done_bytes)}"
    return f"fetching {part_of(media.done_bytes, media.size)}"
