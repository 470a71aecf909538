"""What the person has set that a screen goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inbox_tui.config import Notifications, Settings, last_good_keys
from inbox_tui.config.lines import Problem
from inbox_tui.ui.keymap import Keymap, changed

SHOWN = 5
"""Lines of the configuration that are named before the others are only counted."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Keys, views, what rings; `problems`: lines of the configuration that are not used."""

    keymap: Keymap = field(default_factory=Keymap)
    views: Mapping[str, str] = field(default_factory=dict)
    """Saved queries by name."""
    notifications: Notifications = field(default_factory=Notifications)
    snippets: Path | None = None
    """Where snippets are kept; None: beside the files of the account."""
    problems: tuple[Problem, ...] = ()

    @property
    def notice(self) -> str:
        """One sentence about lines that are not used; empty: all are."""
        if not self.problems:
            return ""
        help_key, first = self.keymap.label("help"), self.problems[0]
        if len(self.problems) == 1:
            return f"{first.where}: {first.what}. {help_key} says what was expected."
        lines = ", ".join(str(problem.line) for problem in self.problems[:SHOWN])
        more = f" and {len(self.problems) - SHOWN} more" if len(self.problems) > SHOWN else ""
        return f"{first.file.name}: lines {lines}{more} are not used. {help_key} says why."


def preferences(settings: Settings) -> Preferences:
    """What the settings say, the keys checked. What cannot be used is among the problems."""
    keymap = changed(settings.keys, settings.config_file, lambda: last_good_keys(settings))
    problems = sorted(
        [*settings.problems, *settings.unknown, *keymap.problems], key=lambda each: each.line or 0
    )
    return Preferences(
        keymap, settings.views, settings.notifications, settings.snippets_file, tuple(problems)
    )
