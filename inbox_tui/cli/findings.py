"""One line of `inbox-tui doctor`: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum

from inbox_tui.core.text import clean, sentence


class Level(StrEnum):
    """How something is. Only a PROBLEM makes the exit code 1."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "PROBLEM"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: what was looked at, in a word. `advice`: what to do, empty where nothing is to be done."""

    level: Level
    check: str
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, check, found)


def note(check: str, found: str, advice: str = "") -> Finding:
    """Worth knowing; the program works."""
    return Finding(Level.NOTE, check, found, advice)


def problem(check: str, found: str, advice: str = "") -> Finding:
    """Something does not work, or will not."""
    return Finding(Level.PROBLEM, check, found, advice)


def print_finding(finding: Finding, *, as_json: bool) -> None:
    """Print a finding at once, on a line of its own: parts of it come from outside."""
    found, advice = (" ".join(clean(words).split()) for words in (finding.found, finding.advice))
    if as_json:
        record = {"check": finding.check, "level": finding.level.value, "found": found, "advice": advice}
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    else:
        line = f"{finding.level.value:<8} {finding.check}: {sentence(found)}" + (
            f" {sentence(advice)}" if advice else ""
        )
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
