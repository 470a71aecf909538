"""What the person has set that a screen goes by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inbox_tui.config import Notifications, Settings, last_good_keys
from inbox_tui.config.lines import Problem
from inbox_tui.core.errors import UsageError
from inbox_tui.ui.keymap import Keymap, changed

SHOWN = 5
"""Lines of the configuration that are named before the others are only counted."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Keys, views, what rings, what is seen; `problems`: lines of the configuration that are not used."""

    keymap: Keymap = field(default_factory=Keymap)
    views: Mapping[str, str] = field(default_factory=dict)
    """Saved queries by name."""
    notifications: Notifications = field(default_factory=Notifications)
    dwell: bool = True
    """Whether a chat that stands open for a second counts as seen; else only by a reply or by its key."""
    snippets: Path | None = None
    """Where snippets are kept; None: beside the files of the account."""
    problems: tuple[Problem, ...] = ()
    again: Callable[[], Preferences | None] = lambda: None
    """What the configuration says by now; None: it was not changed."""

    @property
    def notice(self) -> str:
        """One sentence about lines that are not used; empty: all are."""
        if not self.problems:
            return ""
        help_key, first = self.keymap.label("help"), self.problems[0]
        if len(self.problems) == 1:
            return f"{first.where}: {first.what}. {help_key} says what was expected."
        named = [str(problem.line) for problem in self.problems if problem.line is not None]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        return f"{first.file.name}: lines {', '.join(named[:SHOWN])}{more} are not used. {help_key} says why."


def preferences(
    settings: Settings,
    faults: Sequence[UsageError] = (),
    again: Callable[[], Preferences | None] = lambda: None,
) -> Preferences:
    """What the settings say, the keys checked. What cannot be used is among the problems, `faults`, too."""
    keymap = changed(settings.keys, settings.config_file, lambda: last_good_keys(settings))
    in_doubt = [Problem(settings.config_file, None, fault.title, fault.hint) for fault in faults]
    problems = sorted(
        [*in_doubt, *settings.problems, *settings.unknown, *keymap.problems], key=lambda each: each.line or 0
    )
    return Preferences(
        keymap=keymap,
        views=settings.views,
        notifications=settings.notifications,
        dwell=settings.seen == "dwell",
        snippets=settings.snippets_file,
        problems=tuple(problems),
        again=again,
    )


class Watch:
    """Looks whether the configuration was changed since it was read: one look at its entry in the folder."""

    def __init__(self, file: Path, read: Callable[[], Preferences]) -> None:
        self._file = file
        self._read = read
        self._read_at = self._noticed = self._stamp()

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def changed(self) -> Preferences | None:
        """What the file says by now; None: it was not changed, or somebody may still be writing it."""
        stamp = self._stamp()
        settled, self._noticed = stamp == self._noticed, stamp
        if stamp == self._read_at or not settled:
            return None
        self._read_at = stamp
        return self._read()
