"""What a setting may be. Each check returns the value for the program, or raises UsageError: what is wrong
with it, and what is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from urllib.parse import urlsplit

from inbox_tui.core.errors import UsageError
from inbox_tui.core.text import clean

PUBLIC_API = "https://api.postproxy.dev"
LONGEST_NAME = 24
"""Characters of a view's name: it has to fit among the tabs."""
SEEN = ("dwell", "reply", "explicit")
"""What makes a chat count as seen, besides the key (UX section 2): a second before the eyes, or only a reply.

A reply covers what it answers whatever is chosen, so the last two differ in nothing but their names.
"""
VIEWS = ("now", "unread", "waiting", "closing", "failed", "snoozed", "done", "all")
"""The names of the program's own views (UX section 2)."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nothing rings, by this machine's clock; over midnight where `end` is before `start`."""

    start: time
    end: time

    def covers(self, moment: time) -> bool:
        """Whether a time of day lies in them; the end does not."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def text(value: object) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{_shown(value)} is no text", "Give a text in quotes")
    return value


def switch(value: object) -> bool:
    """On or off."""
    if not isinstance(value, bool):
        raise UsageError(f"{_shown(value)} is neither on nor off", "Write true or false, without quotes")
    return value


def count(value: object) -> int:
    """A whole number from 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{_shown(value)} cannot be used", "Give a whole number from 1")
    return value


def seen(value: object) -> str:
    """What makes an open chat count as seen."""
    if value not in SEEN:
        raise UsageError(
            f"{_shown(value)} is no way to be seen", f"Write one of {', '.join(SEEN)}, in quotes"
        )
    return str(value)


def account(value: object) -> str:
    """A name that can be a folder's."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(
            f"The account name {name!r} cannot be a folder name", "Use letters, digits, dot, dash, underscore"
        )
    return name


def api_url(value: object) -> str:
    """Scheme and host of an API."""
    url = text(value)
    try:
        parts = urlsplit(url.rstrip("/"))
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    path = parts.path.removesuffix("/api")
    if parts.scheme not in ("http", "https") or not host or path or parts.query or parts.username:
        raise UsageError(
            f"The API address {url!r} cannot be used", f"Give scheme and host only, for example {PUBLIC_API}"
        )
    return f"{parts.scheme}://{parts.netloc}"


def query(value: object) -> str:
    """A text of the query language (`core.query`)."""
    from inbox_tui.core.query import parse

    words = clean(text(value)).strip()
    parse(words)
    return words


def queries(value: object) -> tuple[str, ...]:
    """One query, or a list of them; an empty list is none."""
    if isinstance(value, list):
        return tuple(query(each) for each in value)
    return (query(value),)


def patterns(value: object) -> tuple[str, ...]:
    """One regular expression, or a list of them; an empty list is none."""
    given = value if isinstance(value, list) else [value]
    for each in given:
        try:
            re.compile(text(each))
        except re.error as error:
            raise UsageError(
                f"{_shown(each)} is no regular expression: {error}",
                r"Write a part of the text in single quotes, special characters behind a backslash: 'away\.'",
            ) from None
    return tuple(given)


def keys(value: object) -> tuple[str, ...]:
    """One key, or a list of them; an empty list is none. What they mean is for `ui.keymap`."""
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each.strip() for each in given):
        raise UsageError(
            f"{_shown(value)} is no key", 'Give a key or a list of them in quotes: "Ctrl+G", ["x", "F5"], []'
        )
    return tuple(clean(str(each)) for each in given)


def quiet(value: object) -> Quiet:
    """From when until when nothing rings."""
    found = re.fullmatch(r"(\d\d?):(\d\d)\s*[-–]\s*(\d\d?):(\d\d)", text(value).strip())
    try:
        if found is None:
            raise ValueError
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError:
        raise UsageError(
            f"{_shown(value)} is no time of day", 'Write from and until: "22:00-07:00"'
        ) from None
    return Quiet(start, end)


def view_name(name: str) -> str:
    """A name for a saved query, among those of the program's own views."""
    words = " ".join(clean(name).split())
    if not words or len(words) > LONGEST_NAME:
        raise UsageError(f"{_shown(name)} cannot be a view's name", f"Use 1 to {LONGEST_NAME} characters")
    if words.lower() in VIEWS:
        raise UsageError(f"The program has a view {words} of its own", "Choose another name")
    return words


def unknown(name: str, known: Iterable[str]) -> str:
    """What to expect where a name means nothing here."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(names)}"


def _shown(value: object) -> str:
    words = clean(repr(value))
    return f"{words[:40]}…" if len(words) > 41 else words
