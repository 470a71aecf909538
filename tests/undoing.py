"""Whole steps of the journal at once; the screen takes them part by part."""

from __future__ import annotations

from inbox_tui.store import journal
from inbox_tui.store.journal import Step, Walk
from inbox_tui.store.writer import Writer


def undo(writer: Writer) -> Step | None:
    """Take the newest act that stands back; None where there is none."""
    return _whole(writer, Walk(back=True))


def redo(writer: Writer) -> Step | None:
    """Do the act again that was undone last; None where there is none, or something was done since."""
    return _whole(writer, Walk(back=False))


def _whole(writer: Writer, walk: Walk) -> Step | None:
    while journal.step(writer, walk):
        pass
    return walk.result
