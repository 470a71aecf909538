"""What `inbox-tui doctor` says of the engine: whether it runs, and how fresh it keeps profiles and chats."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from inbox_tui.cli import repairs
from inbox_tui.cli.findings import Finding, note, ok, problem
from inbox_tui.cli.reading import freshness
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.times import age
from inbox_tui.store import clock, health, looks, lookups
from inbox_tui.store.db import Folder, now_ms, open_reader
from inbox_tui.store.health import FileState
from inbox_tui.store.looks import Freshness
from inbox_tui.store.reads import ChatRow, ChatSource
from inbox_tui.sync.sending import alive

FUTURE_MS = 5_000
"""A time that is further ahead than this was taken before the clock was put back."""
OLD_LOOK_MS = 5 * 60_000
"""A running engine looks at every profile more often than this."""
OLD_OPEN_LOOK_MS = 60_000
"""A running engine looks at a chat that somebody reads more often than this."""
DAY_MS = 24 * 3_600_000
MOST_ACTIVE = 500
"""Chats of today that are looked at again and again (`sync.attention`)."""
EXPIRES_SOON_MS = 7 * 24 * 3_600_000


def ago(now: Milliseconds, at: Milliseconds) -> str:
    """An age in words; a time to come tells that the clock was put back."""
    if at > now + FUTURE_MS:
        return "in the future: the clock was put back"
    short = age(now - at)
    return short if short == "now" else f"{short} ago"


def check(settings: Settings) -> Iterator[Finding]:
    """Whether an engine runs, and each profile and today's chats with their last look."""
    folder = settings.folder
    if not folder.path.is_dir():
        yield note("engine", "not running; nothing was ever synced", "Open the inbox, or `inbox-tui sync`")
        return
    runs = repairs.running(folder)
    if runs:
        numbers = health.holders(folder.lock) or ()
        who = ", ".join(f"process {number} ({_command(number)})" for number in numbers)
        yield ok("engine", f"running: {who or 'which process, this system does not tell'}")
    else:
        yield note("engine", "not running", "It runs while an inbox is open, or as `inbox-tui sync --follow`")
    if any(file.state is not FileState.WELL for file in health.check_files(folder)):
        return
    yield from _profiles(folder, runs=runs)


def _command(number: int) -> str:
    """What a process was started as; empty where the system does not tell."""
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return "gone"
    return " ".join(word for word in words[1:] if word)[:80]


def _profiles(folder: Folder, *, runs: bool) -> Iterator[Finding]:
    with contextlib.closing(open_reader(folder)) as reader:
        rows = lookups.profiles(reader)
        server_now = clock.server_now(reader)
        active = [
            row for row in ChatSource(reader).after(None, MOST_ACTIVE) if row.key[0] > server_now - DAY_MS
        ]
        opened = [lookups.chat(reader, name) for name in health.open_chats(reader, alive)]
    fresh = freshness(folder, rows)
    now = now_ms()
    for row in rows:
        profile = row.profile
        at = looks.looked_at(folder, profile.id)
        words = (
            f"{platform_name(profile.platform)} {profile.name} ({profile.id}): "
            f"{'never looked at' if at is None else f'last look {ago(now, at)}'}"
        )
        if row.fault_title:
            yield problem("profile", f"{words}. {row.fault_title}", row.fault_hint or "")
        elif profile.status != "active":
            why = f" ({profile.inactive_reason})" if profile.inactive_reason else ""
            yield problem("profile", f"{words}. It is {profile.status}{why}", "Connect it again in Postproxy")
        elif profile.expires_at is not None and profile.expires_at < server_now + EXPIRES_SOON_MS:
            left = profile.expires_at - server_now
            when = f"ends in {age(left)}" if left > 0 else "has ended"
            yield note("profile", f"{words}. Its connection {when}", "Connect it again in Postproxy")
        elif at is None or at > now + FUTURE_MS or (runs and now - at > OLD_LOOK_MS):
            yield note("profile", words, "Run `inbox-tui sync` and look again")
        else:
            yield ok("profile", words)
        own = [each for each in active if each.chat.profile_id == profile.id]
        if own:
            yield ok("chats", f"{platform_name(profile.platform)} {profile.name}: {_looks(own, fresh, now)}")
    for chat in opened:
        if chat is None:
            continue
        known = fresh(chat)
        words = f"{chat.chat.title} ({chat.chat.id}): {_look(known, now)}"
        late = runs and (known.looked_at is None or now - known.looked_at > OLD_OPEN_LOOK_MS)
        yield (
            note("open chat", words, "Look at what the engine says in the log")
            if late
            else ok("open chat", words)
        )


def _looks(active: Sequence[ChatRow], fresh: Callable[[ChatRow], Freshness], now: Milliseconds) -> str:
    """How fresh the chats of the last day are: for edits and receipts each needs looks of its own."""
    words = f"{len(active)} chats were active in the last day"
    known = [(fresh(row).looked_at or 0, row.chat) for row in active if row.pulled_at is not None]
    if known:
        newest, (oldest, chat) = max(at for at, _ in known), min(known, key=lambda each: each[0])
        words += f", last looks from {ago(now, newest)} to {ago(now, oldest)} ({chat.title}, {chat.id})"
    behind = sum(not row.complete for row in active)
    return f"{words}; {behind} of them not read to the newest message" if behind else words


def _look(fresh: Freshness, now: Milliseconds) -> str:
    if fresh.looked_at is None or fresh.news_at is None:
        return "its messages were never read"
    words = f"last look {ago(now, fresh.looked_at)}"
    if fresh.news_at == fresh.looked_at:
        return words
    return f"{words}, new messages as of {ago(now, fresh.news_at)}"
