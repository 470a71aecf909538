"""`sync`: the engine in the foreground, with its progress in words and counts."""

from __future__ import annotations

import logging
import shutil
import sys
from dataclasses import replace

from inbox_tui.cli import output
from inbox_tui.config import Settings
from inbox_tui.core.errors import NetworkError, NotAuthorised, UsageError
from inbox_tui.core.progress import Progress, in_words
from inbox_tui.core.times import duration
from inbox_tui.sync.engine import Report, run
from inbox_tui.sync.subscription import Webhooks


def webhooks_of(
    *, webhooks: bool, follow: bool, port: int | None, host: str | None, public_url: str | None
) -> Webhooks | None:
    """Where the command line wants webhooks to be received. Raises UsageError where that makes no sense."""
    if not webhooks:
        for name, value in (("--port", port), ("--host", host), ("--public-url", public_url)):
            if value is not None:
                raise UsageError(f"{name} says where webhooks are received", "Give --webhooks too")
        return None
    if not follow:
        raise UsageError("Webhooks are for a sync that follows", "Give --follow too")
    return Webhooks(host or "127.0.0.1", port or 0, public_url)


def run_sync(
    settings: Settings,
    *,
    follow: bool,
    full: bool,
    watch_stdin: bool,
    as_json: bool = False,
    webhooks: Webhooks | None = None,
) -> int:
    """Sync once, or follow until told to end; returns the exit code. Raises InboxError.

    `as_json`: what was done is a record on standard output, too.
    """
    child = watch_stdin
    level = logging.INFO if child else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # These would write each request with its address; the engine says what matters itself.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    shown = None if child else _Shown(live=sys.stderr.isatty())
    report = run(
        settings,
        once=not follow,
        follow=follow,
        full=full,
        progress=None if shown is None else shown.show,
        watch_stdin=watch_stdin,
        webhooks=webhooks,
        listening=lambda url: print(
            f"inbox-tui: webhooks are received at {url}", file=sys.stderr, flush=True
        ),
    )
    if shown is not None:
        shown.end(report)
    # One cause may have met several profiles; it is told once.
    for line in dict.fromkeys([*report.notices, *map(str, report.errors)]):
        print(f"inbox-tui: {line}", file=sys.stderr)
    if as_json:
        output.print_records([_record(report)])
    return report.exit_code


def _record(report: Report) -> output.Record:
    told = report.progress
    return {
        "phase": "not complete" if report.errors else told.phase,
        "profiles": told.profiles,
        "chats": told.chats,
        "chats_total": told.chats_total,
        "chats_read": told.chats_read,
        "messages": told.messages,
        "requests": told.requests,
        "seconds": round(told.seconds, 1),
        "errors": [{"title": error.title, "hint": error.hint or None} for error in report.errors],
        "notices": list(report.notices),
    }


class _Shown:
    """One line on standard error that is written over on a terminal, and nothing elsewhere."""

    def __init__(self, *, live: bool) -> None:
        self._live = live

    def show(self, progress: Progress) -> None:
        """The line of this moment."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[2K{in_words(progress, width)}")
            sys.stderr.flush()

    def end(self, report: Report) -> None:
        """The last line, which stays; none where nothing could be read, because the error says it all."""
        start = "\r\x1b[2K" if self._live else ""
        if report.exit_code in (NotAuthorised.exit_code, NetworkError.exit_code):
            sys.stderr.write(start)
            return
        progress = replace(report.progress, phase="not complete") if report.errors else report.progress
        sys.stderr.write(f"{start}{_summary(progress)}\n")


def _summary(progress: Progress) -> str:
    total = "?" if progress.chats_total is None else f"{progress.chats_total:,}"
    return (
        f"{progress.phase}: {progress.profiles} profiles, {progress.chats:,} of {total} chats, "
        f"{progress.chats_read:,} read, {progress.messages:,} new messages, {progress.requests:,} requests "
        f"in {duration(round(progress.seconds * 1000))}"
    )
