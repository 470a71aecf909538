"""Which chats and messages deserve a look before they are due: what screens show, ask for, and have sent."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from inbox_tui.core.models import Milliseconds, Status
from inbox_tui.store import looks, screens
from inbox_tui.store.writer import Writer
from inbox_tui.sync import schedule
from inbox_tui.sync.messages import Messages
from inbox_tui.sync.schedule import Kind, Look, Schedule
from inbox_tui.sync.sending import AskedAt, alive
from inbox_tui.sync.threads import chat_state
from inbox_tui.sync.wants import KINDS as ASKED

MOST_RECENT = 500
"""Chats of today that are looked at again and again."""
MOST_REMEMBERED = 20_000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Attention:
    """Plans looks for the schedule. Times are seconds of the schedule's clock, unless they say otherwise."""

    writer: Writer
    messages: Messages
    schedule: Schedule
    following: bool
    """Whether looks come round; otherwise only what was asked for is looked at."""
    sent_looks: int | None
    """How often an own message on its way is looked at; None: until it has arrived or failed."""
    spread: random.Random
    want_file: Callable[[str], None]
    """Has a file of a message fetched (`sync.media`)."""
    open: dict[str, str] = field(default_factory=dict)
    """Profiles of the chats that screens show, by chat."""
    screens: int = 0
    """How many screens live."""
    looked_at: dict[str, AskedAt] = field(default_factory=dict)
    """When the newest messages of a chat were asked for that were read last."""
    _needs: set[tuple[str, str]] = field(default_factory=set)
    _sent: dict[str, int] = field(default_factory=dict)

    def notice(self, now: float) -> None:
        """Read what screens have written: which chats they show, and what they want from the network."""
        known = screens.open_chats(self.writer)
        living = [(pid, chat_id) for pid, chat_id in known if alive(pid)]
        for pid in {pid for pid, _ in known} - {pid for pid, _ in living}:
            screens.remove(self.writer, pid)
        self.screens = len(living)
        shown: dict[str, str] = {}
        for _, chat_id in living:
            state = None if chat_id is None else chat_state(self.writer, chat_id)
            if state is not None:
                shown[state.id] = state.profile_id
        for chat_id in self.open.keys() - shown.keys():
            self.schedule.drop(("chat", chat_id))
        opened = shown.keys() - self.open.keys()
        self.open = shown
        if self.following:
            for chat_id in opened:
                self.schedule.put(Look(Kind.OPEN, shown[chat_id], chat_id), now)
                self.schedule.put(Look(Kind.CHATS, shown[chat_id]), now + schedule.ATTENDED_SECONDS)
            self.notice_needs(now)

    def notice_needs(self, now: float) -> None:
        """Plan what screens and commands want from the network."""
        needs = screens.needs(self.writer)
        for kind, subject in needs:
            if kind == "media":
                # Told each time: it knows what it is at, and one that is wanted again at once counts as new.
                self.want_file(subject)
                continue
            if (kind, subject) in self._needs:
                continue
            state = chat_state(self.writer, subject)
            if kind == "profiles":
                self.schedule.put(Look(Kind.PROFILES), now)
            elif kind in ASKED:
                self.schedule.put(Look(Kind.ASKED, "", f"{kind}/{subject}"), now)
            elif state is not None and kind == "look":
                self.schedule.put(Look(Kind.WANTED, state.profile_id, state.id), now)
            elif state is not None and kind == "older":
                self.schedule.put(Look(Kind.OLDER, state.profile_id, state.id), now)
            else:
                _log.warning("nothing can be done about the want %r of %r", kind, subject)
                screens.fulfilled(self.writer, kind, subject)
        self._needs = set(needs)

    def fulfilled(self, look: Look) -> None:
        """A look was made, or cannot be: nobody waits for it any more."""
        if look.kind is Kind.ASKED:
            kind, _, subject = look.id.partition("/")
            screens.fulfilled(self.writer, kind, subject)
            self._needs.discard((kind, subject))
            return
        kind = {Kind.PROFILES: "profiles", Kind.OLDER: "older"}.get(look.kind, "look")
        for need in [need for need in self._needs if need[0] == kind and look.id in ("", need[1])]:
            screens.fulfilled(self.writer, *need)
            self._needs.discard(need)

    def looked(self, look: Look, now: float, asked: AskedAt, server_now: Milliseconds) -> None:
        """The messages of a chat were read: plan the next look at it, and at what it has on its way."""
        if look.kind not in (Kind.OLDER, Kind.GAP, Kind.HISTORY):
            if len(self.looked_at) >= MOST_REMEMBERED:
                self.looked_at.clear()
            self.looked_at[look.id] = asked
            try:
                looks.touch_chat(self.writer.folder, look.id, asked.here)
            except OSError as error:
                # It is shown as older than it is; what was read is in the cache.
                _log.warning("the time of a look cannot be kept: %s", error)
        if not self.following:
            return
        if look.id in self.open:
            pause = schedule.open_interval(eased=self.schedule.eased) * self.spread.uniform(0.9, 1.1)
            self.schedule.replan(Look(Kind.OPEN, look.profile_id, look.id), now + pause)
            return
        state = chat_state(self.writer, look.id)
        if state is None or state.last_message_at is None:
            return
        age = server_now - state.last_message_at
        if age < schedule.ACTIVE_MS:
            pause = self.recent_pause(age)
            self.schedule.replan(Look(Kind.RECENT, look.profile_id, look.id), now + pause)

    def recent_pause(self, age: Milliseconds) -> float:
        """Seconds until a chat whose last message is `age` old is looked at again."""
        seconds = schedule.recent_interval(age, attended=self.screens > 0, eased=self.schedule.eased)
        return seconds * self.spread.uniform(0.9, 1.1)

    def plan_recent(self, now: float, server_now: Milliseconds) -> None:
        """Have the chats that were active today looked at that are not planned yet."""
        rows = self.writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE sort_at > ? AND pulled_at IS NOT NULL "
            "ORDER BY sort_at DESC LIMIT ?",
            (server_now - schedule.ACTIVE_MS, MOST_RECENT),
        )
        for chat_id, profile_id in rows:
            subject = ("chat", chat_id)
            if profile_id not in self.schedule.lanes or subject in self.schedule.in_flight:
                continue
            if self.schedule.planned(subject) is None:
                self.schedule.put(Look(Kind.RECENT, profile_id, chat_id), now)

    # Own messages on their way

    def follow_unsettled(self, now: float, chat_ids: list[str] | None = None) -> None:
        """Follow every own message that is on its way, of some chats or of all.

        Without following, one look has to do: only what was sent in this run is waited for.
        """
        for message_id, profile_id, _, status in self.messages.unsettled(chat_ids):
            if message_id not in self._sent:
                if self.sent_looks is None:
                    self.follow(message_id, profile_id, now, retrying=status != Status.PENDING)
                else:
                    self._sent[message_id] = self.sent_looks
                    self.schedule.put(Look(Kind.SENT, profile_id, message_id), now)

    def follow(self, message_id: str, profile_id: str, now: float, *, retrying: bool = False) -> None:
        """Have an own message looked at again, later each time."""
        looks = self._sent.get(message_id, 0)
        if self.sent_looks is not None and (looks >= self.sent_looks or (retrying and looks)):
            return
        pause = schedule.sent_interval(looks, retrying=retrying)
        self.schedule.put(Look(Kind.SENT, profile_id, message_id), now + pause)
        self._sent[message_id] = looks + 1

    def followed(self, look: Look, now: float) -> None:
        """An own message was looked at: once more, until it has arrived or failed."""
        row = self.writer.cache.execute("SELECT status FROM messages WHERE id = ?", (look.id,)).fetchone()
        status = Status.PENDING if row is None else row[0]  # Without a row, its chat is still to come.
        if status in (Status.PENDING, Status.FAILED_WAITING_FOR_RETRY):
            self.follow(look.id, look.profile_id, now, retrying=status != Status.PENDING)
        else:
            self._sent.pop(look.id, None)

    def settled(self, chat_id: str) -> None:
        """Stop following messages of a chat that a page has shown to be at their end."""
        on_their_way = {row[0] for row in self.messages.unsettled([chat_id])}
        for message_id in [known for known in self._sent if known not in on_their_way]:
            row = self.writer.cache.execute(
                "SELECT 1 FROM messages WHERE id = ? AND chat = (SELECT pk FROM chats WHERE id = ?)",
                (message_id, chat_id),
            ).fetchone()
            if row is not None:
                self._sent.pop(message_id)
                self.schedule.drop(("message", message_id))
