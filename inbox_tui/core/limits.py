"""What a text and a file may measure on each platform, as data.

Sources: the platforms' own documentation, gathered in the project's study of them (Messenger Send API,
Instagram messaging, Telegram Bot API and its server, the `chat.bsky` lexicons). The API reference names no
limits, and a message above one would fail late, after it was accepted.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from inbox_tui.core.models import Platform
from inbox_tui.core.text import Units, count_units


class Unit(StrEnum):
    """In what a platform counts text; the value is the attribute of `core.text.Units`."""

    CODE_POINTS = "code_points"
    UTF16 = "utf16"
    UTF8 = "utf8"
    GRAPHEMES = "graphemes"

    def __str__(self) -> str:
        """What to call it to a person."""
        return "bytes" if self is Unit.UTF8 else "characters"

    def of(self, units: Units) -> int:
        """The length in this unit."""
        return int(getattr(units, self.value))


@dataclass(frozen=True, slots=True)
class TextLimit:
    """A limit of a text: surely accepted up to `safe`, surely refused above `hard`."""

    unit: Unit
    hard: int
    safe: int


def _exact(unit: Unit, limit: int) -> TextLimit:
    return TextLimit(unit, hard=limit, safe=limit)


TEXT_LIMITS: Mapping[str, tuple[TextLimit, ...]] = {
    # "Less than 2000 characters", the unit unstated.
    Platform.FACEBOOK: (TextLimit(Unit.UTF16, hard=2000, safe=1999),),
    Platform.INSTAGRAM: (_exact(Unit.UTF8, 1000),),
    Platform.TELEGRAM: (_exact(Unit.CODE_POINTS, 4096), _exact(Unit.UTF8, 32_768)),
    Platform.BLUESKY: (_exact(Unit.GRAPHEMES, 1000), _exact(Unit.UTF8, 10_000)),
}

CAPTION_LIMITS: Mapping[str, tuple[TextLimit, ...]] = {Platform.TELEGRAM: (_exact(Unit.CODE_POINTS, 1024),)}
"""Captions exist on Telegram, and are reached only by editing a message with a file."""


@dataclass(frozen=True, slots=True)
class TextMeasure:
    """How full a text is, in the unit that is closest to its limit."""

    used: int
    limit: int | None
    """What is surely accepted; None where no limit is known."""
    unit: Unit
    warn: bool
    """At 90 % of the limit, or above it."""
    over: bool
    """Above what the platform surely refuses: it must not be sent."""

    @property
    def excess(self) -> str:
        """By how much it is above what is surely accepted, in words: `1 character`."""
        count = self.used - (self.limit or 0)
        return f"{count:,} {str(self.unit).removesuffix('s') if count == 1 else self.unit}"


def measure(platform: str, text: str, *, caption: bool = False) -> TextMeasure:
    """Count a text as the platform counts it; newlines count as they are sent (CRLF is one)."""
    units = count_units(text)
    limits = (CAPTION_LIMITS if caption else TEXT_LIMITS).get(platform, ())
    if not limits:
        return TextMeasure(units.graphemes, None, Unit.GRAPHEMES, warn=False, over=False)
    tightest = max(limits, key=lambda limit: limit.unit.of(units) / limit.safe)
    used = tightest.unit.of(units)
    return TextMeasure(
        used,
        tightest.safe,
        tightest.unit,
        warn=10 * used >= 9 * tightest.safe,
        over=any(limit.unit.of(units) > limit.hard for limit in limits),
    )


MEGABYTE = 1_000_000
"""The stricter reading of "MB"."""


@dataclass(frozen=True, slots=True)
class FileRule:
    """What one kind of file may be: its size in bytes, and its subtypes where not all are taken."""

    max_bytes: int
    subtypes: frozenset[str] | None = None
    names: str = ""
    """The subtypes in words."""


def _rule(megabytes: int, subtypes: str = "", names: str = "") -> FileRule:
    return FileRule(megabytes * MEGABYTE, frozenset(subtypes.split()) or None, names)


FILE_RULES: Mapping[str, Mapping[str, FileRule]] = {
    Platform.FACEBOOK: {"image": _rule(8), "video": _rule(25), "audio": _rule(25), "file": _rule(25)},
    Platform.INSTAGRAM: {
        "image": _rule(8, "png jpeg gif", "PNG, JPEG and GIF"),
        "video": _rule(25, "mp4 ogg x-msvideo avi quicktime webm", "MP4, OGG, AVI, MOV and WebM"),
        "audio": _rule(25, "aac mp4 x-m4a m4a wav x-wav wave vnd.wave", "AAC, M4A, WAV and MP4"),
        "file": _rule(25, "pdf", "PDF"),
    },
    Platform.TELEGRAM: {"image": _rule(10), "video": _rule(50), "audio": _rule(50), "file": _rule(50)},
    Platform.BLUESKY: {},
}
"""By platform and kind (`image`, `video`, `audio`, `file`); a platform without kinds takes no files."""


def file_kind(mime: str) -> str:
    """The kind of a file by its media type: `image`, `video`, `audio`, else `file`."""
    kind = mime.partition("/")[0].lower()
    return kind if kind in ("image", "video", "audio") else "file"


def address_problem(platform: str, url: str) -> str | None:
    """Why a platform would refuse the file at an address, as far as its ending tells; None: it may be."""
    mime = mimetypes.guess_type(urlsplit(url).path)[0]
    return None if mime is None else file_problem(platform, mime, 1)


def file_problem(platform: str, mime: str, size: int) -> str | None:
    """Why a platform would refuse a file of this media type and size in bytes; None: it takes it.

    Whether files can be sent in a chat at all is for `capabilities.ask`.
    """
    kind = file_kind(mime)
    rule = FILE_RULES.get(platform, {}).get(kind)
    if rule is None:
        return f"{platform.title()} takes no files"
    if size <= 0:
        return "The file is empty"
    subtype = mime.partition("/")[2].partition(";")[0].strip().lower()
    if rule.subtypes is not None and subtype not in rule.subtypes:
        what = "documents" if kind == "file" else f"{kind} files"
        return f"Of {what}, {platform.title()} takes {rule.names} only"
    if size > rule.max_bytes:
        most = rule.max_bytes // MEGABYTE
        what = "files" if kind == "file" else f"{kind} files"
        return f"The file has {size / MEGABYTE:.1f} MB; {platform.title()} takes {what} up to {most} MB"
    return None
