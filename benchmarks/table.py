"""What a benchmark prints: one line for each budget, and whether it is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A budget (`BUDGETS.md` of the design, in words here), its bound and what was measured."""

    what: str
    bound: str
    measured: str
    ok: bool


def at_least(what: str, bound: float, measured: float) -> Row:
    """A ratio that must not be smaller."""
    return Row(what, f">= {bound:g}", f"{measured:.2f}", measured >= bound)


def at_most(what: str, bound: float, measured: float, unit: str = "") -> Row:
    """A ratio, or a number of units, that must not be larger."""
    shown = f"{measured:.0f}" if unit else f"{measured:.2f}"
    return Row(what, f"<= {bound:g}{unit}", f"{shown}{unit}", measured <= bound)


def none(what: str, measured: int) -> Row:
    """A count that must be zero."""
    return Row(what, "0", str(measured), measured == 0)


def report(rows: Sequence[Row]) -> int:
    """Print the table; returns the exit code, 1 where a bound is missed."""
    cells = [("what", "bound", "measured", "ok")]
    cells += [(row.what, row.bound, row.measured, "yes" if row.ok else "NO") for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    for line in cells:
        print(" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"load average of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.stdout.flush()
    return 0 if all(row.ok for row in rows) else 1
