"""What rings when the person looks elsewhere, and the alarm before a reply window closes.

New messages are looked at in bursts: what comes within a moment rings once. Who sits in front of the
terminal is not rung at. Where several terminals show the account, one of them tells (`store.alerts`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import UsageError
from inbox_tui.core.times import duration
from inbox_tui.store import alerts, lookups
from inbox_tui.store.alerts import Closing, Heard, News
from inbox_tui.ui import terminal_signals

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

HERE_SECONDS = 1.0
"""After this a terminal before which somebody sits takes it upon itself to tell what has come."""
AWAY_SECONDS = 2.0
"""After this the one does that did so before: what comes meanwhile is told along with it."""
BEHIND_SECONDS = 4.0
"""After this any other one does."""
PAUSE_SECONDS = 10.0
"""Between two rings; what comes meanwhile is told at its end."""
ALARM_SECONDS = 5.0
"""How often windows are looked at; a terminal before which nobody sits tells of one at the second look."""
ALONE_SECONDS = 60.0
"""Where a terminal does not tell whether it has the focus, nobody sits there so long after the last key."""
NAMES = 3
"""How many people a notification names."""


@dataclass(slots=True)
class Presence:
    """Whether somebody looks at this terminal, as far as it tells (DEC mode 1004), else by the keys.

    A terminal (or tmux without `focus-events`) that has never told cannot be known to have the focus: then
    who has pressed a key within the last minute is there.
    """

    tells: bool = False
    focused: bool = True
    active_at: float = 0.0

    def acted(self) -> None:
        """Somebody does something here."""
        self.focused = True
        self.active_at = monotonic()

    def turned(self, *, here: bool) -> None:
        """The terminal tells who has the focus."""
        self.tells, self.focused = True, here

    @property
    def away(self) -> bool:
        """Whether nobody looks."""
        return not self.focused if self.tells else monotonic() - self.active_at > ALONE_SECONDS


class Notifications:
    """Tells of new messages and of closing windows, by the rules of the configuration."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        self._settings = inbox.preferences.notifications
        self.presence = Presence()
        self._heard: Heard | None = None
        self._look_timer: Timer | None = None
        self._ring_timer: Timer | None = None
        self._behind = False
        """Whether another screen was faster the last time: it goes on telling, as long as it lives."""
        self._waiting: dict[str, None] = {}
        """Chats that are to be told, once the pause after the ring before is over."""
        self._rung_at = -PAUSE_SECONDS
        self._titled = self._settings.title and terminal_signals.takes_sequences(os.environ)
        self._title: str | None = None
        self._refused: set[str] = set()
        """Rules that cannot be used, of which the person was told."""
        self._known: dict[str, Closing] = {}
        """Windows that were told of, here or elsewhere."""
        self._met: frozenset[tuple[str, int]] = frozenset()
        """Windows that the look before has met, too."""
        self._missed: list[str] = []
        """Alarms that nobody was there to see."""

    def start(self) -> None:
        """Begin; what is in the cache by now was there before."""
        # Who has opened it sits here, unless the terminal has told otherwise by now.
        self.presence.active_at = monotonic()
        self._heard = alerts.heard_now(self._inbox.session.reader)
        if self._titled:
            self._send(terminal_signals.SAVE_TITLE)
            self._draw_title()
        if self._settings.alarm:
            self._inbox.set_interval(ALARM_SECONDS, self._look_at_windows)

    def _send(self, sequence: str) -> None:
        terminal_signals.send(self._inbox.app, sequence)

    def acted(self) -> None:
        """A key was pressed here, or the mouse was used."""
        away = self.presence.away
        self.presence.acted()
        if away:
            self._came_back()

    def turned(self, *, here: bool) -> None:
        """The terminal has got the focus, or lost it."""
        self.presence.turned(here=here)
        if here:
            self._came_back()

    def changed(self) -> None:
        """The store has changed."""
        if self._heard is None:
            return
        if self._titled:
            self._draw_title()
        if self._look_timer is None:
            wait = (
                HERE_SECONDS if not self.presence.away else BEHIND_SECONDS if self._behind else AWAY_SECONDS
            )
            self._look_timer = self._inbox.set_timer(wait, self._look)

    def _draw_title(self) -> None:
        inbox = self._inbox
        count = lookups.counts(inbox.session.reader).unanswered
        name = "inbox-tui" if inbox.account == "main" else f"inbox-tui · {inbox.account}"
        words = f"({count}) {name}" if count else name
        if words != self._title:
            self._title = words
            self._send(terminal_signals.title(words))

    # Messages.

    def _look(self) -> None:
        """See whether there are new messages that a rule is about."""
        inbox, self._look_timer = self._inbox, None
        if self._heard is not None:
            self._heard, found = alerts.news(inbox.session.reader, self._heard, inbox.session.clock.now())
            if found:
                inbox.background(self._tell(self._heard, found))

    async def _tell(self, heard: Heard, found: Sequence[News]) -> None:
        away = self.presence.away
        told = await asyncio.wrap_future(self._inbox.session.write(alerts.claim_news, heard))
        self._behind = told is None
        if told is None or not away:
            return
        fresh = [each for each in found if each.arrived > told]
        wanted = self._wanted([each.pk for each in fresh])
        self._waiting |= {each.chat_id: None for each in fresh if each.pk in wanted}
        self._ring_in_time()

    def _wanted(self, pks: Sequence[int]) -> set[int]:
        """Those of the chats that a rule finds."""
        from inbox_tui.store import search

        inbox, wanted = self._inbox, set[int]()
        now, zone = inbox.session.clock.now(), inbox.thread.zone
        for rule in self._settings.rules if pks else ():
            try:
                plan = search.plan(rule, inbox.profiles.by_id.values(), now=now, zone=zone or UTC)
            except UsageError as error:
                if rule not in self._refused:
                    self._refused.add(rule)
                    self._show(f"{rule} of [notifications] rings for nobody: {error}")
                continue
            wanted |= search.matches(inbox.session.reader, plan, pks)
        return wanted

    def _ring_in_time(self) -> None:
        left = self._rung_at + PAUSE_SECONDS - monotonic()
        if not self._waiting or self._ring_timer is not None:
            return
        if left <= 0:
            self._ring_for_messages()
        else:
            self._ring_timer = self._inbox.set_timer(left, self._ring_for_messages)

    def _ring_for_messages(self) -> None:
        self._ring_timer = None
        chats, self._waiting = list(self._waiting), {}
        if chats and self.presence.away:
            self._ring(self._who(chats, "wrote"))

    def _who(self, chat_ids: Sequence[str], did: str) -> str:
        """`Jane (Instagram) wrote`; of many, how many and the first names."""
        reader = self._inbox.session.reader
        rows = [lookups.chat(reader, chat_id) for chat_id in chat_ids[:NAMES]]
        names = [f"{row.chat.title} ({platform_name(row.chat.platform)})" for row in rows if row is not None]
        if len(chat_ids) == 1 and names:
            return f"{names[0]} {did}"
        more = f" and {len(chat_ids) - NAMES} more" if len(chat_ids) > NAMES else ""
        return f"{len(chat_ids)} customers {did}: {', '.join(names)}{more}"

    def _ring(self, words: str) -> None:
        """Ring, and have the desktop say something; not in the quiet hours."""
        settings = self._settings
        if settings.quiet is not None and settings.quiet.covers(datetime.now().time()):
            return
        self._rung_at = monotonic()
        sequence = terminal_signals.BELL if settings.bell else ""
        if settings.desktop:
            sequence += terminal_signals.desktop(words, os.environ)
        if sequence:
            self._send(sequence)

    # Windows.

    def _look_at_windows(self) -> None:
        """See whether a window is about to close of which nobody has told yet."""
        inbox = self._inbox
        now = inbox.session.clock.now()
        found = [each for each in alerts.closing(inbox.session.reader, now) if not self._is_told(each)]
        met = frozenset((each.chat_id, each.step) for each in found)
        # Who sits before another terminal is told there.
        ripe = [each for each in found if not self.presence.away or (each.chat_id, each.step) in self._met]
        self._met = met
        if ripe:
            self._known |= {each.chat_id: each for each in ripe}
            inbox.background(self._alarm(ripe, now))

    def _is_told(self, each: Closing) -> bool:
        known = self._known.get(each.chat_id)
        return (
            known is not None
            and alerts.same_window(known.closes_at, each.closes_at)
            and known.step >= each.step
        )

    async def _alarm(self, found: Iterable[Closing], now: int) -> None:
        mine = await asyncio.wrap_future(self._inbox.session.write(alerts.claim_closing, found, now))
        if not mine:
            return
        words = self._closing_words(mine, now)
        if self.presence.away:
            self._missed.append(words)
            self._ring(words)
        else:
            self._show(words)

    def _closing_words(self, found: Sequence[Closing], now: int) -> str:
        first = min(found, key=lambda each: each.closes_at)
        row = lookups.chat(self._inbox.session.reader, first.chat_id)
        name = "a customer" if row is None else f"{row.chat.title} ({platform_name(row.chat.platform)})"
        left = duration(max(0, first.closes_at - now))
        if len(found) == 1:
            return f"The reply window of {name} closes in {left}"
        return f"{len(found)} reply windows close within the hour; the first, of {name}, in {left}"

    def _show(self, words: str) -> None:
        self._inbox.app.notify(words, severity="warning", markup=False, timeout=10)

    def _came_back(self) -> None:
        """Somebody looks at the terminal again: show the alarms that nobody has seen, ring for nothing."""
        self._waiting = {}
        missed, self._missed = self._missed, []
        if missed:
            self._show(missed[-1] if len(missed) == 1 else f"{missed[-1]} (and {len(missed) - 1} before)")
