"""The outbox: intentions of the person to the API, in order per chat, each at most once.

    held → queued → sending → accepted → settled | failed | uncertain

Every step is a compare-and-set in `local.db`, so what a killed engine left behind is taken up from
the state alone. What an error means is decided in `decisions`, whether an item may leave in `checks`; a
send whose answer was lost is looked for in `searching`, and acts other than sends are in `acts`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from inbox_tui.api.client import Client
from inbox_tui.api.faults import MAX_RETRY_AFTER
from inbox_tui.core.errors import InboxError, RateLimited
from inbox_tui.core.errors import Refused as RefusedError
from inbox_tui.core.models import Message, Milliseconds, Status
from inbox_tui.store import acts, clock, lookalikes, outbox, sends, writes
from inbox_tui.store.acts import ActName, lane
from inbox_tui.store.db import now_ms
from inbox_tui.store.items import OutboxItem, State, refuse_foreign
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync import checks, decisions
from inbox_tui.sync.acts import Acts
from inbox_tui.sync.decisions import Decision, What
from inbox_tui.sync.jobs import Workers, sparingly
from inbox_tui.sync.schedule import back_off
from inbox_tui.sync.searching import Searching
from inbox_tui.sync.sending import MESSAGES, Desk, Hooks, alive, post
from inbox_tui.sync.settling import Settling, status_of

ORDER_MS: Milliseconds = 30_000
"""How long the next message of a chat waits for an accepted one to be published."""
LONGEST_PAUSE_MS = round(MAX_RETRY_AFTER * 1000)
"""The longest that an item waits to be tried again."""
SLOWED_DOWN = "The API asks to slow down"
REPLAYS = "replays_keys"
"""Name in the cache under which it is remembered that the server answers a repeated key from its store."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Push:
    """Moves outbox items along. Used from the one writing thread; requests run in `workers`."""

    writer: Writer
    client: Client
    workers: Workers
    hooks: Hooks
    only_lane: str | None = None
    """Carry out the items of this lane alone (`store.acts.lane`)."""
    now: Callable[[], Milliseconds] = now_ms
    spread: random.Random = field(default_factory=random.Random)
    busy: dict[int, OutboxItem] = field(default_factory=dict)
    """Items with a request on its way, by number."""
    errors: dict[int, InboxError] = field(default_factory=dict)
    """What went wrong last with items that have not left yet, by number."""
    due_at: Milliseconds | None = None
    """When something can be done next without anything else happening; None: nothing."""
    _items: list[OutboxItem] = field(default_factory=list)
    _stale: bool = True
    _tries: dict[int, int] = field(default_factory=dict)
    """How often a request about an item went wrong in a row."""
    _repeat: set[int] = field(default_factory=set)
    """Items to be sent once more with the same key."""
    ends: Settling = field(init=False)
    _acts: Acts = field(init=False)
    _searching: Searching = field(init=False)

    def __post_init__(self) -> None:
        desk = Desk(
            writer=self.writer,
            workers=self.workers,
            hooks=self.hooks,
            client=lambda: self.client,
            now=self.now,
            offset=self._offset,
            busy=self.busy,
            errors=self.errors,
            pause=self._pause,
            move=self._move,
            leave=self._leave,
            carry_out=self._carry_out,
            changed=self._changed,
        )
        self.ends = Settling(desk, self._load)
        self._acts = Acts(desk, send=lambda item: self._send(item, in_doubt=False))
        self._searching = Searching(desk)
        if writes.recall(self.writer, REPLAYS):
            self.client.transport.note_replay_proven()

    def use(self, client: Client) -> None:
        """Go on with another client: the key has changed."""
        proven = self.client.transport.replay_proven
        self.client = client
        if proven:
            client.transport.note_replay_proven()

    def reload(self) -> None:
        """The outbox may have changed: read it again at the next turn."""
        self._stale = True

    def _load(self) -> list[OutboxItem]:
        if self._stale:
            self._stale = False
            self._items = [
                item for item in outbox.open_items(self.writer) if self.only_lane in (None, lane(item))
            ]
        return self._items

    def turn(self) -> None:
        """Do what can be done now with every item, oldest first; later ones of a lane wait for earlier."""
        self.due_at = None
        if not self._load():
            return
        self._release_screenless()
        first: dict[str, OutboxItem] = {}
        sending = {item.profile_id for item in self.busy.values()}
        for item in self._load():
            where = lane(item)
            if item.pk not in self.busy and not self._pass(item, first.get(where), sending):
                first.setdefault(where, item)

    def _release_screenless(self) -> None:
        held = [item for item in self._items if item.state == State.HELD and item.screen is not None]
        living = {item.screen for item in held if item.screen is not None and alive(item.screen)}
        dead = [item for item in held if item.screen not in living]
        if dead:
            outbox.release_screenless(self.writer, sorted(living))
            for item in dead:
                self._changed(item)

    def _pass(self, item: OutboxItem, earlier: OutboxItem | None, sending: set[str]) -> bool:
        """Move an item as far as it goes now; returns whether the next of its lane need not wait for it.

        `earlier` is the one that it waits for itself; `sending` are the profiles that have a request out.
        """
        now = self.now()
        if item.state == State.ACCEPTED:
            return self._passable(item, now)
        if item.act != ActName.SEND and item.state in (State.FAILED, State.UNCERTAIN):
            return True
        if item.state == State.HELD:
            if self._is_due(item.held_until, now, 2 * sends.HOLD_MS):
                self._move(item, State.QUEUED)
        elif item.state == State.QUEUED and earlier is not None:
            self._explain_waiting(item, earlier)
        elif item.state in (State.QUEUED, State.SENDING) and self._is_due(item.next_try_at, now):
            if item.profile_id in sending:
                return False
            if item.state == State.QUEUED:
                self._dispatch(item, now)
            else:
                self._take_up(item, now)
            if item.pk in self.busy:
                sending.add(item.profile_id)
        return False

    def _is_due(
        self, at: Milliseconds | None, now: Milliseconds, longest: Milliseconds = LONGEST_PAUSE_MS
    ) -> bool:
        """Whether a time has come; one further away than `longest` was set before the clock was put back."""
        if at is None or at <= now or at > now + longest:
            return True
        self.due_at = at if self.due_at is None else min(self.due_at, at)
        return False

    def _passable(self, item: OutboxItem, now: Milliseconds) -> bool:
        """Whether the next message may leave although an accepted one is not published yet.

        What the cache has of that one may be old, after a kill or a sleep: a look has to say so too.
        """
        status, created_at = self.writer.cache.execute(
            "SELECT status, created_at FROM messages WHERE id = ?", (item.message_id,)
        ).fetchone() or (None, None)
        if status == Status.FAILED_WAITING_FOR_RETRY:
            return False
        offset = self._offset()
        # Repeated or found, it may have been taken long after it was first sent.
        taken_at = (item.dispatched_at or now) + offset if created_at is None else int(created_at)
        due = taken_at + ORDER_MS
        if not self._is_due(due - offset, now, 2 * ORDER_MS):
            return False
        if item.act != ActName.SEND:
            return True
        looked = self.hooks.looked_at(item.chat_id)
        # A time to come is one of before the clock was put back.
        if looked is not None and (looked.there >= due or due > now + offset):
            return True
        self.hooks.look(item.chat_id, item.profile_id)
        return False

    def _explain_waiting(self, item: OutboxItem, earlier: OutboxItem) -> None:
        hints = {
            State.FAILED: "That one failed; send it again or discard it",
            State.UNCERTAIN: "Nobody knows whether that one arrived; decide about it first",
            State.ACCEPTED: "The service is still retrying that one",
        }
        retrying = status_of(self.writer, earlier) == Status.FAILED_WAITING_FOR_RETRY
        if earlier.state == State.ACCEPTED and not retrying:
            return
        hint = hints.get(State(earlier.state))
        title = "Waits for the message before it"
        if hint is not None and (item.title, item.hint) != (title, hint):
            self._move(item, State.QUEUED, title=title, hint=hint)

    def _known_offset(self) -> Milliseconds | None:
        """Server time minus ours: of the newest answer, or as it was kept before there is one."""
        newest = self.client.transport.clock_offset_ms
        return writes.recall(self.writer, clock.OFFSET) if newest is None else newest

    def _offset(self) -> Milliseconds:
        return self._known_offset() or 0

    # Leaving

    def _dispatch(self, item: OutboxItem, now: Milliseconds) -> None:
        """Send a queued item, or give it back to the person with the reason why not."""
        try:
            refuse_foreign(item, self.writer.folder.account)
        except RefusedError as error:
            self._move(item, State.FAILED, title=error.title, hint=error.hint)
            return
        if item.act != ActName.SEND:
            self._acts.dispatch(item, now)
            return
        profile = self.hooks.profile(item.profile_id)
        offset = self._offset()
        no = checks.refusal(self.writer, item, profile, now=now, offset=offset)
        waited = now - item.created_at > checks.FRESH_MS
        looked = self.hooks.looked_at(item.chat_id)
        unseen = looked is None or not 0 <= now - looked.here <= checks.FRESH_MS
        if unseen and (no.look if no is not None else waited):
            self.hooks.look(item.chat_id, item.profile_id)
        elif no is not None:
            self._move(item, State.FAILED, title=no.title, hint=no.hint)
        elif (leaving := self._leave(item)) is not None:
            self._send(leaving, in_doubt=False)

    def _pauses(self, now: Milliseconds) -> bool:
        """Whether the API has asked to be left alone, for reading and writing alike."""
        pause = self.hooks.pause()
        return pause > 0 and not self._is_due(now + round(pause * 1000), now)

    def _leave(self, item: OutboxItem) -> OutboxItem | None:
        """Note that an item leaves now; None where it has to wait, or somebody was faster."""
        if self._pauses(self.now()):
            if not item.title:
                self._move(item, State.QUEUED, title=SLOWED_DOWN, hint="It leaves when the pause is over")
            return None
        return outbox.item(self.writer, item.pk) if self._move(item, State.SENDING, dispatched=True) else None

    def _send(self, item: OutboxItem, *, in_doubt: bool) -> None:
        client, started = self.client, self.now()
        profile = self.hooks.profile(item.profile_id)
        group = None if profile is None else profile.profile_group_id
        self.busy[item.pk] = item
        uploaded = partial(outbox.uploaded, self.writer, item)
        progress = sparingly(lambda done, _: self.hooks.later(partial(uploaded, done)))
        self.workers.submit(
            lambda: post(client, item, group, progress),
            lambda outcome: self._sent(item, outcome, started, in_doubt=in_doubt),
        )

    def _take_up(self, item: OutboxItem, now: Milliseconds) -> None:
        """Go on with an item whose answer was lost, by this engine or by one before it."""
        try:
            refuse_foreign(item, self.writer.folder.account)
        except RefusedError as error:
            hint = "It may have been sent there; look at the chat in the inbox of that account"
            self._move(item, State.UNCERTAIN, title=error.title, hint=hint)
            return
        if self._pauses(now):
            return
        repeat = item.pk in self._repeat
        if item.act not in MESSAGES:
            self._acts.take_up(item, repeat=repeat)
            return
        # What is to be repeated may have waited for the network until the server has forgotten its key.
        decision = decisions.after_silence(
            now=now,
            dispatched_at=item.dispatched_at or item.created_at,
            key_made_at=item.created_at,
            proven=repeat or self.client.transport.replay_proven,
        )
        if decision.what is What.REPEAT:
            self._send(item, in_doubt=True)
        elif decision.seconds > 0:
            self._carry_out(item, decision)
        else:
            self._searching.search(item)

    def _sent(
        self, item: OutboxItem, outcome: Message | InboxError, started: Milliseconds, *, in_doubt: bool
    ) -> None:
        self.busy.pop(item.pk, None)
        if isinstance(outcome, Message):
            if in_doubt:
                self._note_replay(outcome, started)
            self._accepted(item, outcome)
            return
        self.errors[item.pk] = outcome
        _log.info("outbox item %d was not sent: %s", item.pk, outcome.title)
        if isinstance(outcome, RateLimited):
            self.hooks.limited(outcome.retry_after)
        decision = decisions.after_error(
            outcome,
            now=self.now(),
            dispatched_at=item.dispatched_at or started,
            key_made_at=item.created_at,
            proven=self.client.transport.replay_proven,
            in_doubt=in_doubt,
            pause=self._pause(item),
        )
        self._carry_out(item, decision)

    def _pause(self, item: OutboxItem) -> float:
        """Seconds to wait after one more thing went wrong with an item."""
        tries = self._tries[item.pk] = self._tries.get(item.pk, 0) + 1
        return back_off(tries, self.spread)

    def _note_replay(self, message: Message, started: Milliseconds) -> None:
        """A message that is older than the request which returned it was answered from the store."""
        offset = self._offset()
        if message.created_at < started + offset - lookalikes.CLOCK_TOLERANCE_MS:
            self.client.transport.note_replay_proven()
        if self.client.transport.replay_proven:
            writes.remember(self.writer, REPLAYS, 1)

    def _accepted(self, item: OutboxItem, message: Message) -> None:
        """The API has the message: first the item says so, then the cache shows it."""
        self.errors.pop(item.pk, None)
        self._tries.pop(item.pk, None)
        self._repeat.discard(item.pk)
        self._move(item, State.ACCEPTED, message_id=message.id)
        # A private reply names no chat before the API has.
        chat_id = item.chat_id if item.act == ActName.SEND else message.chat_id
        if chat_id != item.chat_id:
            acts.note_chat(self.writer, chat_id)
        applied = writes.apply_messages(self.writer, [MessagePage(chat_id, [message])])
        writes.refold_chats(self.writer, [chat_id])
        if applied.unknown_chats:
            self.hooks.meet(chat_id)
        self.hooks.sent(message.id, item.profile_id, chat_id)
        self.ends.settle([chat_id])

    def _carry_out(self, item: OutboxItem, decision: Decision) -> None:
        states = {
            What.QUEUE: State.QUEUED,
            What.REPEAT: State.SENDING,
            What.SEARCH: State.SENDING,
            What.FAIL: State.FAILED,
            What.ASK: State.UNCERTAIN,
        }
        if decision.what is What.ADOPT and decision.message is not None:
            self._accepted(item, decision.message)
            return
        if decision.what is What.REPEAT:
            self._repeat.add(item.pk)
        else:
            self._repeat.discard(item.pk)
        waits = decision.what in (What.QUEUE, What.REPEAT, What.SEARCH)
        self._move(
            item,
            states[decision.what],
            title=decision.title,
            hint=decision.hint,
            next_try_at=self.now() + round(decision.seconds * 1000) if waits else None,
        )

    # Moving

    def _move(
        self,
        item: OutboxItem,
        state: State,
        *,
        title: str = "",
        hint: str = "",
        message_id: str | None = None,
        next_try_at: Milliseconds | None = None,
        dispatched: bool = False,
    ) -> bool:
        moved = outbox.move(
            self.writer,
            item,
            state,
            title=title,
            hint=hint,
            message_id=message_id,
            next_try_at=next_try_at,
            dispatched=dispatched,
            clock_offset=self._known_offset() if dispatched else None,
        )
        if moved and state in (State.FAILED, State.UNCERTAIN):
            _log.warning("outbox item %d is %s: %s", item.pk, state.value, title)
        self._changed(item)
        return moved

    def _changed(self, item: OutboxItem) -> None:
        self._stale = True
        writes.refold_chats(self.writer, [item.chat_id, *acts.chats_written_to(self.writer, item)])
