"""The lines at the edge of the screen, as pure functions from facts to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.content import Content

from inbox_tui.core.cells import cells, truncate
from inbox_tui.core.models import Milliseconds, Profile
from inbox_tui.core.times import age
from inbox_tui.store.looks import Freshness
from inbox_tui.store.lookups import Counts, ProfileRow
from inbox_tui.ui.actions import FILTER_KEYS, Action, Context, footer_keys
from inbox_tui.ui.chat_list import platform_code

STALE_MS = 120_000
STEP_MS = 5_000
"""Ages under a minute are shown in steps of this, so that an idle screen does not repaint each second."""
SET_BACK_MS = 60_000
"""A look that is further in the future than this was made before the clock was put back."""


def since(old: Milliseconds) -> str:
    """How long ago a look was, in steps, so that an idle screen does not repaint each second."""
    if old < -SET_BACK_MS:
        return "at an unknown time: the clock was put back"
    words = age(old - old % STEP_MS if old < 60_000 else old)
    return "just now" if words == "now" else f"{words} ago"


def looked(fresh: Freshness, now: Milliseconds) -> Content:
    """When a chat was last looked at; a warning where not even its list was looked at lately."""
    if fresh.looked_at is None or fresh.news_at is None:
        return Content.styled("not read yet", "$text-warning")
    stale = now - fresh.news_at > STALE_MS
    return Content.styled(f"looked {since(now - fresh.looked_at)}", "$text-warning" if stale else "")


def looks_in_words(fresh: Freshness, now: Milliseconds, *, complete: bool) -> list[Content]:
    """As of when a chat is known, fact by fact; one line where one look told everything."""
    if fresh.looked_at is None or fresh.news_at is None:
        return [Content.styled("its messages are not read yet", "$text-warning")]
    stale = "$text-warning" if now - fresh.news_at > STALE_MS else ""
    lines = []
    if not complete:
        lines.append(Content.styled("not all of it is read yet", "$text-warning"))
    if fresh.news_at - fresh.looked_at < 2 * STEP_MS:
        return [*lines, Content.styled(f"looked {since(now - fresh.looked_at)}", stale)]
    return [
        *lines,
        Content.styled(f"no newer message {since(now - fresh.news_at)}", stale),
        Content(f"edits, receipts as of {since(now - fresh.looked_at)}"),
    ]


def thread_title(name: str, place: str, fresh: Content, width: int, *, at_end: bool) -> Content:
    """Whose thread this is, on which platform and profile, and how fresh; the freshness keeps its room."""
    mark = "" if at_end else "  ▼ newer below"
    room = width - cells(fresh.plain) - 2
    person = truncate(name, max(0, room - cells(mark) - 1))
    rest = truncate(f" · {place}", max(0, room - cells(person) - cells(mark) - 1))
    head = Content.assemble((f" {person}", "bold"), (mark, "$text-accent"), rest)
    return Content.assemble(head, " " * max(1, width - cells(head.plain) - cells(fresh.plain) - 1), fresh)


def freshness(profiles: Sequence[Profile], ages: Mapping[str, Milliseconds | None]) -> Content:
    """How old the data of each profile is: `ig 5s · tg 3m`; `never` where it was not looked at yet."""
    parts: list[Content] = []
    codes = [platform_code(profile.platform) for profile in profiles]
    for profile, code in zip(profiles, codes, strict=True):
        name = code if codes.count(code) == 1 else f"{code} {truncate(profile.name, 10)}"
        old = ages.get(profile.id)
        if old is None:
            parts.append(Content.styled(f"{name} never", "$text-warning"))
            continue
        words = age(old - old % STEP_MS if old < 60_000 else old)
        parts.append(Content.styled(f"{name} {words}", "$text-warning" if old > STALE_MS else ""))
    return Content(" · ").join(parts)


def status_line(account: str, counts: Counts, fresh: Content, note: str, width: int) -> Content:
    """The top line: what there is to do at the left, how true that is at the right."""
    open_work = [f"{counts.unread} unread"] if counts.unread else []
    open_work += [f"{counts.unanswered} to answer"] if counts.unanswered else []
    failed = [Content.styled(f"{counts.failed} failed", "$text-error")] if counts.failed else []
    noted = [Content.styled(note, "$text-accent")] if note else []
    age_of_data = [fresh] if fresh.plain else []
    # What does not fit goes in this order: the number of chats, the note, the account's name, the work.
    for name, words, edge in (
        (account, [f"{counts.chats} chats", *open_work], [*noted, *failed, *age_of_data]),
        (account, open_work, [*noted, *failed, *age_of_data]),
        (account, open_work, [*failed, *age_of_data]),
        ("", open_work, [*failed, *age_of_data]),
        ("", [], [*failed, *age_of_data]),
    ):
        head = Content.assemble((f" {name}  " if name else " ", "bold"), " · ".join(words))
        tail = Content(" · ").join(edge)
        gap = width - cells(head.plain) - cells(tail.plain) - 1
        if gap >= 1:
            break
    return Content.assemble(head, " " * max(1, gap), tail)


def banner(faults: Sequence[ProfileRow], note: str = "") -> Content:
    """What stands in the way of reading a profile, and what to do."""
    lines: list[Content] = [Content(f" {note}")] if note else []
    titles = {(row.fault_title, row.fault_hint) for row in faults}
    if len(titles) == 1 and len(faults) > 1:
        title, hint = next(iter(titles))
        names = ", ".join(f"{platform_code(row.profile.platform)} {row.profile.name}" for row in faults)
        lines.append(Content(f" {title}: {names}. {hint or ''}".rstrip()))
    else:
        for row in faults:
            name = f"{platform_code(row.profile.platform)} {row.profile.name}"
            lines.append(Content(f" {name}: {row.fault_title}. {row.fault_hint or ''}".rstrip()))
    return Content("\n").join(lines[:3])


def footer(
    context: Context,
    width: int,
    pending: str = "",
    *,
    filtering: bool = False,
    works: Callable[[Action], bool] = lambda _: True,
) -> Content:
    """Mode and the keys that work now, as many as fit; `works` is asked of each action."""
    mode = "TYPING" if context is Context.TYPING else "NORMAL"
    parts = [Content.styled(f" {mode} ", "bold reverse")]
    used = cells(mode) + 2
    for key, name in FILTER_KEYS if filtering else footer_keys(context, works):
        if used + cells(key) + cells(name) + 3 > width - len(pending) - 1:
            break
        parts.append(Content.assemble("  ", (key, "bold"), f" {name}"))
        used += cells(key) + cells(name) + 3
    if pending:
        parts.append(Content(" " * max(1, width - used - len(pending) - 1) + pending))
    return Content("").join(parts)
