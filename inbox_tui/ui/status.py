"""The lines at the edge of the screen, as pure functions from facts to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from textual.content import Content

from inbox_tui.core.cells import cells, truncate
from inbox_tui.core.models import Milliseconds, Profile
from inbox_tui.core.times import age, ago
from inbox_tui.store.looks import Freshness
from inbox_tui.store.lookups import ProfileRow
from inbox_tui.store.views import View
from inbox_tui.ui.actions import FILTER_KEYS, Action, Context
from inbox_tui.ui.keymap import Keymap
from inbox_tui.ui.platforms import platform_code

STALE_MS = 120_000
STEP_MS = 5_000
"""Ages under a minute are shown in steps of this, so that an idle screen does not repaint each second."""
SET_BACK_MS = 60_000
"""A look that is further in the future than this was made before the clock was put back."""


def since(old: Milliseconds) -> str:
    """How long ago a look was, in steps, so that an idle screen does not repaint each second."""
    if old < -SET_BACK_MS:
        return "at an unknown time: the clock was put back"
    return ago(old - old % STEP_MS if old < 60_000 else old)


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
        Content.styled(f"messages as of {since(now - fresh.news_at)}", stale),
        Content(f"edits, receipts as of {since(now - fresh.looked_at)}"),
    ]


NAME_CELLS = 16
"""What a person's name keeps above a thread, however narrow it is."""


def thread_title(name: str, place: str, facts: Sequence[Content], width: int, *, at_end: bool) -> Content:
    """Whose thread this is, on which platform and profile, and what is to be known of it at the right.

    Of the `facts` the last, how fresh it is, keeps its room; the others stand where the name has its own.
    """
    kept = [fact for fact in facts if fact.plain]
    while len(kept) > 1 and width - _cells(kept) - 3 < min(cells(name), NAME_CELLS):
        kept = kept[1:]
    fresh = Content(" · ").join(kept)
    mark = "" if at_end else "  ▼ newer below"
    room = width - cells(fresh.plain) - 2
    person = truncate(name, max(0, room - cells(mark) - 1))
    rest = truncate(f" · {place}" if place else "", max(0, room - cells(person) - cells(mark) - 1))
    head = Content.assemble((f" {person}", "bold"), (mark, "$text-accent"), rest)
    return Content.assemble(head, " " * max(1, width - cells(head.plain) - cells(fresh.plain) - 1), fresh)


def _cells(parts: Sequence[Content]) -> int:
    return sum(cells(part.plain) for part in parts) + 3 * (len(parts) - 1)


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


def oldest(profiles: Sequence[Profile], ages: Mapping[str, Milliseconds | None]) -> Content:
    """The age of the profile that was looked at longest ago, where there is no room for each."""
    never = [profile for profile in profiles if ages.get(profile.id) is None]
    if never or not profiles:
        return freshness(never[:1], {})
    worst = max(profiles, key=lambda profile: ages.get(profile.id) or 0)
    return freshness([worst], ages)


TABS = (View.NOW, View.UNREAD, View.WAITING, View.CLOSING, View.FAILED, View.SNOOZED, View.DONE, View.ALL)
"""The views in the order of the status line."""


class Room(IntEnum):
    """How many tabs are shown; the active one always is."""

    ACTIVE = 0
    FIRST = 1
    """Now, too."""
    BUSY = 2
    """Those that hold something, too, and All."""
    EVERY = 3


@dataclass(frozen=True, slots=True)
class Tabs:
    """The views with their counts. `active`: what the list shows, a view or a saved query by its name.

    `filtered`: a filter lies over it. `listed`: how many chats the list holds; None: that is not known.
    """

    counts: Mapping[View, int]
    active: View | str
    filtered: bool = False
    listed: int | None = None

    def in_words(self, room: Room) -> Content:
        """One line: the active tab stands in brackets, so that it is told without any colour."""
        parts = [self._tab(view) for view in TABS if self._is_shown(view, room)]
        if self.filtered or not isinstance(self.active, View):
            name = "Filter" if self.filtered else str(self.active)
            parts.append(self._active(name, self.listed))
        return Content(" · ").join(parts)

    def _is_shown(self, view: View, room: Room) -> bool:
        if view == self.active and not self.filtered:
            return True
        if view in (View.CLOSING, View.FAILED):
            # What has failed is told at the right, and closing chats lead the first view.
            return view is View.CLOSING and room is Room.EVERY and bool(self.counts[view])
        if room is Room.BUSY:
            return view in (View.NOW, View.ALL) or (view is not View.DONE and bool(self.counts[view]))
        return room is Room.EVERY or (room is Room.FIRST and view is View.NOW)

    def _tab(self, view: View) -> Content:
        name = view.capitalize()
        if view == self.active and not self.filtered:
            return self._active(name, self.counts[view])
        return Content(name if view in (View.DONE, View.ALL) else f"{name} {self.counts[view]}")

    def _active(self, name: str, count: int | None) -> Content:
        words = name if count is None else f"{name} {count}"
        return Content.styled(f"[{words}]", "bold")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What of ours did not arrive, or waits too long to leave.

    `failed`: chats; `homeless`: items of the outbox that no chat shows; `unsent`: sends; `key`: that of the
    outbox.
    """

    failed: int = 0
    homeless: int = 0
    unsent: int = 0
    key: str = ""

    def in_words(self, *, short: bool = False) -> list[Content]:
        """Its parts; short: in the signs of the list."""
        parts = [
            (self.failed, "$text-error", f"✗{self.failed}", f"{self.failed} failed"),
            (
                self.homeless,
                "$text-error",
                f"✗{self.homeless} {self.key}",
                f"{self.homeless} undelivered ({self.key})",
            ),
            (self.unsent, "$text-warning", f"…{self.unsent}", f"{self.unsent} unsent"),
        ]
        return [
            Content.styled(brief if short else long, style) for count, style, brief, long in parts if count
        ]


def status_line(
    account: str, tabs: Tabs, trouble: Trouble, fresh: Content, worst: Content, width: int
) -> Content:
    """The top line: the views at the left, what went wrong and how true it all is at the right.

    `fresh`: the age of every profile; `worst`: of the oldest alone. What does not fit goes in this order: the
    account's name, the ages of all but the oldest, empty views, long words, all views but the first and the
    active one, the oldest age, the first.
    """
    long, short = trouble.in_words(), trouble.in_words(short=True)
    lines: tuple[tuple[str, Room, Sequence[Content]], ...] = (
        (account, Room.EVERY, [*long, fresh]),
        ("", Room.EVERY, [*long, fresh]),
        ("", Room.EVERY, [*long, worst]),
        ("", Room.BUSY, [*long, worst]),
        ("", Room.BUSY, [*short, worst]),
        ("", Room.FIRST, [*short, worst]),
        ("", Room.FIRST, short),
        ("", Room.ACTIVE, short),
    )
    for name, room, edge in lines:
        head = Content.assemble((f" {name}  " if name else " ", "bold"), tabs.in_words(room))
        tail = Content(" · ").join(part for part in edge if part.plain)
        gap = width - cells(head.plain) - cells(tail.plain) - 1
        if gap >= 1:
            break
    return Content.assemble(head, " " * max(1, gap), tail)


def banner(faults: Sequence[ProfileRow], note: str = "") -> Content:
    """What stands in the way of reading a profile, and what to do."""
    lines: list[Content] = [Content(note)] if note else []
    titles = {(row.fault_title, row.fault_hint) for row in faults}
    if len(titles) == 1 and len(faults) > 1:
        title, hint = next(iter(titles))
        names = ", ".join(f"{platform_code(row.profile.platform)} {row.profile.name}" for row in faults)
        # The names last: where there is little room, what to do is what must not be cut.
        lines.append(Content(f"{title}. {f'{hint} ' if hint else ''}({names})"))
    else:
        for row in faults:
            name = f"{platform_code(row.profile.platform)} {row.profile.name}"
            lines.append(Content(f"{name}: {row.fault_title}. {row.fault_hint or ''}".rstrip()))
    return Content("\n").join(lines[:3])


def dialog_footer(*, typing: bool) -> Content:
    """The mode while a dialog is open: it names its keys itself, and no others work."""
    return Content.assemble((f" {'TYPING' if typing else 'NORMAL'} ", "bold reverse"), "  in the dialog")


def footer(
    keymap: Keymap,
    context: Context,
    width: int,
    pending: str = "",
    *,
    filtering: bool = False,
    selected: str = "",
    closed: bool = False,
    works: Callable[[Action], bool] = lambda _: True,
) -> Content:
    """Mode and the keys that work now, as many as fit; `works` is asked of each action.

    `selected`: how many chats are, in the list; then the keys are those that are about them. `closed`: what a
    key is about is done already.
    """
    many = context is Context.LIST and bool(selected)
    mode = "TYPING" if context is Context.TYPING else selected if many else "NORMAL"
    parts = [Content.styled(f" {mode} ", "bold reverse")]
    offered = list(FILTER_KEYS if filtering else keymap.footer(context, works, many=many, closed=closed))
    room = width - cells(mode) - 2 - (cells(pending) + 1 if pending else 0)
    kept = keymap.ways_out | {"Esc"}
    shown = {key: "" for key, _ in offered if key in kept}
    room -= sum(cells(key) + 2 for key in shown)
    for key, name in sorted(offered, key=lambda entry: entry[0] not in kept):
        needed = cells(name) + 1 + (0 if key in shown else cells(key) + 2)
        if needed > room:
            if key in shown:
                continue
            break
        room -= needed
        shown[key] = f" {name}"
    parts += [Content.assemble("  ", (key, "bold"), shown[key]) for key, _ in offered if key in shown]
    if pending:
        used = sum(cells(part.plain) for part in parts)
        parts.append(Content(" " * max(1, width - used - cells(pending) - 1) + pending))
    return Content("").join(parts)
