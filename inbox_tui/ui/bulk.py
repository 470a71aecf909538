"""Acts on many chats, part by part in the writing thread: the screen and its drafts go on meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from inbox_tui.store import journal
from inbox_tui.store.journal import OpenStep
from inbox_tui.ui.session import Session

if TYPE_CHECKING:
    from inbox_tui.store.writer import Writer

SHOWN_FROM = 1_000
"""Chats from which on it is shown how far an act has come; fewer are done before one could read it."""


class Part(Protocol):
    """An act as `store.triage` has them: carried out on some chats as a part of a step."""

    def __call__(self, writer: Writer, chat_ids: list[str], /, *, step: OpenStep) -> Collection[str]:
        """Do it; returns the chats that it changed."""


@dataclass(slots=True)
class Work:
    """One act on many chats. The counts are written by the writing thread and read by the screen."""

    what: str
    """The act in words, `Done`."""
    total: int
    step: OpenStep = field(default_factory=OpenStep)
    through: int = 0
    """Chats that are behind it."""
    changed: int = 0
    stopped: bool = False
    """Nothing more of it is to be done."""


class Bulk:
    """The acts of one screen on many chats, in the order in which they were begun."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._works: list[Work] = []

    def start(self, what: str, chat_ids: Sequence[str], act: Part) -> tuple[Work, Future[None]]:
        """Begin an act; the future ends with it."""
        parts = journal.parts(chat_ids)
        work = Work(what, len(chat_ids))

        def part(writer: Writer) -> bool:
            names = None if work.stopped else next(parts, None)
            if names is None:
                return False
            work.changed += len(act(writer, names, step=work.step))
            work.through += len(names)
            return work.through < work.total

        self._works.append(work)
        future = self._session.write_in_parts(part)
        if len(chat_ids) <= journal.PART:
            # Over soon: the next key waits, to be about what this has led to.
            self._session.asked = cast("Future[object]", future)
        return work, future

    def ended(self, work: Work) -> None:
        """The act is over, or has failed."""
        self._works.remove(work)

    @property
    def newest(self) -> Work | None:
        """The act that was begun last and goes on."""
        return next((work for work in reversed(self._works) if work.through < work.total), None)

    @property
    def progress(self) -> str:
        """How far the act has come that goes on now, where that takes a while; empty otherwise."""
        work = next((work for work in self._works if work.through < work.total), None)
        if work is None or work.total < SHOWN_FROM:
            return ""
        return f"{work.what}: {work.through:,} of {work.total:,} chats"
