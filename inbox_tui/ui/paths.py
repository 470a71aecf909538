"""Paths as people type and paste them: what they mean, and what they may be about to become."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inbox_tui.core.links import url_host
from inbox_tui.core.text import clean

MOST_ENTRIES = 20_000
"""Entries of a folder that are read; the names in a larger one have to be written out."""
MOST_PATH = 4_096
"""Characters of the longest text that is taken for a path or an address (PATH_MAX of Linux)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a folder: its name, whether it is a folder, and when it was changed, in seconds."""

    name: str
    is_folder: bool
    changed: float


def web_address(text: str) -> str | None:
    """The http or https address that a text is; None: it is none, or none that may be fetched."""
    text = text.strip()
    web = text.lower().startswith(("http://", "https://")) and len(text) <= MOST_PATH
    return text if web and url_host(text) is not None else None


def local_path(text: str) -> Path | None:
    """The absolute path that a text is, as typed, quoted by a shell, or dropped as a `file:` address."""
    text = text.strip()
    if not text or len(text) > MOST_PATH or "\n" in text or "\0" in text:
        return None
    if text.lower().startswith("file:"):
        try:
            parts = urlsplit(text)
        except ValueError:
            return None
        text = unquote(parts.path) if parts.netloc in ("", "localhost") else ""
    elif text[0] in "'\"" or "\\" in text:
        try:
            words = shlex.split(text)
        except ValueError:
            words = [text]
        text = words[0] if len(words) == 1 else text
    if text == "~" or text.startswith("~/"):
        text = os.path.expanduser(text)  # noqa: PTH111 - Path raises where there is no home
    return Path(text) if text.startswith("/") and "\0" not in text else None


def split(text: str) -> tuple[str, str]:
    """What is typed as the folder, with its last slash, and the beginning of a name in it."""
    folder, slash, name = text.rpartition("/")
    return folder + slash, name


def entries(folder: Path) -> list[Entry]:
    """What is in a folder. Raises OSError; may take long, so it is never called where keys are waited for.

    A name that cannot be shown as it is (control characters, bytes that are no text) is left out.
    """
    found = []
    with os.scandir(folder) as listing:
        for entry in islice(listing, MOST_ENTRIES):
            if not _showable(entry.name):
                continue
            try:
                found.append(Entry(entry.name, entry.is_dir(), entry.stat().st_mtime))
            except OSError:
                # A link that leads nowhere, or something that has just gone: nothing to be sent.
                continue
    return found


def _showable(name: str) -> bool:
    return clean(name) == name and "\n" not in name and "\t" not in name


def matching(found: Sequence[Entry], name: str, most: int) -> list[Entry]:
    """The entries whose names hold the letters of `name` in this order, the likeliest first.

    Names that begin with it go first, then those where its letters stand closest together, then what was
    changed last. Hidden entries are shown when a dot is typed.
    """
    letters = re.compile(".*?".join(map(re.escape, name.casefold())))
    ranked: list[tuple[tuple[bool, int, float], Entry]] = []
    for entry in found:
        folded = entry.name.casefold()
        place = letters.search(folded)
        if place is None or (entry.name.startswith(".") and not name.startswith(".")):
            continue
        away = not folded.startswith(name.casefold())
        ranked.append(((away, place.end() - place.start(), -entry.changed), entry))
    return [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])[:most]]
