"""Messages: newest pages, gaps, history, single ones, and what of them the cache still misses."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from inbox_tui.api.client import Client
from inbox_tui.core.errors import InboxError, StoreError
from inbox_tui.core.models import Message, Milliseconds, Page
from inbox_tui.store import writes
from inbox_tui.store.db import now_ms
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync import threads
from inbox_tui.sync.jobs import Apply, Fetch, Outcome, unexpected
from inbox_tui.sync.schedule import Kind, Look, Subject
from inbox_tui.sync.threads import ChatState, chat_state, gap_page, history_page, newest_page

AHEAD = 32
"""Looks of a profile that one search plans."""
SAME_MS: Milliseconds = 1000
"""Telegram tells times in whole seconds: what comes within one may be of the same time as what was read."""
DOUBT_MS: Milliseconds = 1500
"""The Date header has whole seconds: the server's time is known to half a second, and a bit to be safe."""

_log = logging.getLogger(__name__)


def stated_at(client: Client, started: float) -> Milliseconds | None:
    """A time of the server shortly before a request that `started` then (monotonic) and is answered now.

    None where the server does not tell its time. What the answer says was so then, or came later.
    """
    offset = client.transport.clock_offset_ms
    if offset is None:
        return None
    return now_ms() + offset - round((time.monotonic() - started) * 1000) - DOUBT_MS


class Messages:
    """Requests for messages and their answers. Pages pile up until `flush` writes them together."""

    def __init__(
        self,
        writer: Writer,
        group: Callable[[str], str | None],
        history_messages: int | None,
        busy: Callable[[Subject], bool],
    ) -> None:
        """`group`: the profile group that calls about a profile name. The rest as in `Pull`."""
        self._writer = writer
        self._group = group
        self._busy = busy
        self._history = history_messages
        self._page_size = threads.PAGE
        self._aside: set[str] = set()
        self._next: dict[str, deque[Look]] = {}
        """The looks that a profile's messages need most, as far as they were searched for."""
        self._pages: list[MessagePage] = []
        self._vouched: dict[str, Milliseconds | None] = {}
        """Chats whose newest messages came by events, with their time of the last message."""
        self._at_once: set[str] = set()
        """Chats that were read at the very moment of their last message, and not since."""
        self._unreadable: dict[str, int] = {}
        """How many messages the API counts of a chat that nobody could read in this run."""
        self.inserted = 0
        """Messages that were new to the cache in this run."""
        self.found: Callable[[Sequence[Message]], None] | None = None
        """Is told which messages looks have brought that were new to the cache."""

    @property
    def _history_pages(self) -> int:
        """How many pages of each chat are read unasked."""
        return 1 << 31 if self._history is None else -(-self._history // self._page_size)

    def fetch(self, client: Client, look: Look) -> Fetch | None:
        """The request of a look; None where the chat is gone or has nothing to give."""
        if look.kind is Kind.SENT:
            return self._fetch_one(client, look)
        state = chat_state(self._writer, look.id)
        if state is None:
            return None
        if look.kind is Kind.GAP or (look.kind is Kind.OLDER and state.gap_page is not None):
            number = state.gap_page
            return None if number is None else self._fetch_page(client, state, number, gap_page)
        if look.kind in (Kind.HISTORY, Kind.OLDER):
            if state.history_done or not state.pulled:
                return None
            return self._fetch_page(client, state, state.history_page, history_page)
        asked = threads.REFRESH if state.pulled else threads.PAGE
        group = self._group(state.profile_id)

        def fetch() -> Apply:
            started = time.monotonic()
            page = client.list_messages(state.id, per_page=asked, profile_group_id=group)
            at = stated_at(client, started)
            return lambda: self._apply(state, page, newest_page(state, page, asked), at, asked)

        return fetch

    def _fetch_page(
        self,
        client: Client,
        state: ChatState,
        number: int,
        judge: Callable[[ChatState, Page[Message], int], MessagePage],
    ) -> Fetch:
        group = self._group(state.profile_id)

        def fetch() -> Apply:
            started = time.monotonic()
            page = client.list_messages(state.id, page=number, per_page=threads.PAGE, profile_group_id=group)
            at = stated_at(client, started)
            return lambda: self._apply(state, page, judge(state, page, number), at, threads.PAGE)

        return fetch

    def _fetch_one(self, client: Client, look: Look) -> Fetch:
        group = self._group(look.profile_id)

        def fetch() -> Apply:
            started = time.monotonic()
            message = client.get_message(look.id, profile_group_id=group)
            at = stated_at(client, started)
            return lambda: self.add(message, stated_at=at)

        return fetch

    def _apply(
        self,
        state: ChatState,
        page: Page[Message],
        pulled: MessagePage,
        at: Milliseconds | None,
        asked: int,
    ) -> Outcome:
        if 0 < page.per_page < asked:
            self._page_size = page.per_page
        writes.quarantine(self._writer, f"messages of {state.id}", page.rejected)
        pulled = replace(pulled, stated_at=at, unreadable=self._unreadable.get(state.id, 0))
        self._pages.append(pulled)
        if pulled.newest and pulled.newest_for is not None and at is not None:
            at_once = at < pulled.newest_for + SAME_MS
            (self._at_once.add if at_once else self._at_once.discard)(state.id)
        vouched = self._vouched.get(state.id)
        if pulled.newest and (vouched is None or vouched <= (state.last_message_at or 0)):
            self._vouched.pop(state.id, None)
        return Outcome(chats=(state.id,))

    def add(self, *messages: Message, stated_at: Milliseconds | None = None) -> Outcome:
        """Single messages, as an answer to a send brings them; `stated_at`: as in `MessagePage`."""
        self._pages += [MessagePage(message.chat_id, [message], stated_at=stated_at) for message in messages]
        return Outcome(chats=tuple(message.chat_id for message in messages))

    def bring(self, message: Message, stated_at: Milliseconds | None) -> None:
        """A message that an event brought, as of `stated_at`, to a chat that is read."""
        self._pages.append(MessagePage(message.chat_id, [message], stated_at=stated_at, event=True))

    def holds(self, message: Message) -> bool:
        """Whether an event's message has its place in the cache.

        One behind what is read so far has not: history brings it as it is then, and a lone message
        there would hide that those around it are missing.
        """
        (place,) = self._writer.cache.execute(
            "SELECT c.history_done OR EXISTS (SELECT 1 FROM messages WHERE id = ?1) OR ?2 >= coalesce("
            "(SELECT min(position_at) FROM messages WHERE chat = c.pk), ?2) FROM chats c WHERE c.id = ?3",
            (message.id, message.position[0], message.chat_id),
        ).fetchone()
        return bool(place)

    @property
    def waiting(self) -> int:
        """How many pages wait to be written."""
        return len(self._pages)

    def flush(self) -> tuple[bool, dict[str, InboxError]]:
        """Write what has piled up in one transaction.

        Returns whether the cache is not what it was, and the chats whose pages could not be stored.
        """
        if not self._pages:
            return False, {}
        pages, self._pages = self._pages, []
        try:
            return self._write(pages), {}
        except (sqlite3.Error, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one page must not cost the others
            if len(pages) == 1:
                return False, {pages[0].chat_id: unexpected(error)}
        moved = False
        failures: dict[str, InboxError] = {}
        for page in pages:
            self._pages = [page]
            one_moved, failure = self.flush()
            moved |= one_moved
            failures |= failure
        return moved, failures

    def _write(self, pages: list[MessagePage]) -> bool:
        brought = {page.chat_id for page in pages if page.event}
        complete = [chat_id for chat_id in brought if self._is_complete(chat_id)]
        applied = writes.apply_messages(self._writer, pages)
        self.inserted += applied.inserted
        for chat_id in complete:
            self._vouch(chat_id)
        self._count(page for page in pages if page.gap_closed and page.total is not None)
        if self.found is not None and applied.new_ids:
            new = set(applied.new_ids) - {m.id for page in pages if page.event for m in page.messages}
            looked = (page for page in pages if not page.event and not page.history)
            self.found([message for page in looked for message in page.messages if message.id in new])
        if applied.unknown_chats:
            _log.warning("messages of unknown chats were passed over: %s", ", ".join(applied.unknown_chats))
        return bool(applied.inserted or applied.changed)

    def _count(self, pages: Iterable[MessagePage]) -> None:
        """Give up what is missing of chats that were read once more from end to end."""
        for page in pages:
            row = self._writer.cache.execute(
                "SELECT messages_total - messages FROM chats WHERE id = ? AND messages < messages_total",
                (page.chat_id,),
            ).fetchone()
            if row is not None:
                self._unreadable[page.chat_id] = row[0]
                _log.warning("%d messages of the chat %s cannot be read", row[0], page.chat_id)

    def _is_complete(self, chat_id: str) -> bool:
        """Whether nothing newer is known of a chat than what was read of it, or came by events."""
        row = self._writer.cache.execute(
            "SELECT pulled_for IS last_message_at, last_message_at FROM chats "
            "WHERE id = ? AND pulled_at IS NOT NULL",
            (chat_id,),
        ).fetchone()
        return row is not None and bool(
            row[0] or (chat_id in self._vouched and self._vouched[chat_id] == row[1])
        )

    def _vouch(self, chat_id: str) -> None:
        """Hold a chat for read up to its last message without a look.

        Nothing of that is stored: what no look has confirmed when the engine ends is read at the next start.
        """
        row = self._writer.cache.execute(
            "SELECT last_message_at FROM chats WHERE id = ? AND pulled_for IS NOT last_message_at",
            (chat_id,),
        ).fetchone()
        if row is not None:
            self._vouched[chat_id] = row[0]

    def leave(self) -> None:
        """Have chats read again at the next start of which nobody knows whether they are read to the end.

        Another message of the same moment as the one that was read does not move its chat in any list.
        """
        writes.read_again(self._writer, self._at_once)
        # They are read as far as this run goes, so they are not missing.
        for chat_id in self._at_once:
            self._vouch(chat_id)

    # What is missing

    def changed(self, profile_id: str) -> None:
        """Something of a profile was written: what it misses most may be another thing now."""
        self._next.pop(profile_id, None)

    def put_aside(self, chat_id: str, profile_id: str) -> None:
        """Leave a chat out of the backlog until `take_up`: it cannot be read now."""
        self._aside.add(chat_id)
        self.changed(profile_id)

    def take_up(self, chat_id: str, profile_id: str) -> None:
        """Have a chat in the backlog again."""
        self._aside.discard(chat_id)
        self.changed(profile_id)

    def backlog(self, profile_id: str) -> Look | None:
        """The messages that the cache misses most of a profile: gaps, newest pages, then history."""
        looks = self._next.get(profile_id)
        while looks is None or (looks and self._busy(looks[0].subject)):
            if looks:
                looks.popleft()
            if not looks:
                looks = self._next[profile_id] = self._search(profile_id)
        return looks[0] if looks else None

    def _search(self, profile_id: str) -> deque[Look]:
        searches: Sequence[tuple[Kind, str, tuple[int, ...]]] = (
            (Kind.GAP, "gap_page IS NOT NULL ORDER BY sort_at DESC", ()),
            (
                Kind.NEWEST,
                "(pulled_at IS NULL OR pulled_for IS NOT last_message_at) ORDER BY sort_at DESC",
                (),
            ),
            (
                Kind.HISTORY,
                "history_done = 0 AND pulled_at IS NOT NULL AND history_page < ? "
                "ORDER BY history_page, sort_at DESC",
                (self._history_pages,),
            ),
        )
        for kind, condition, values in searches:
            rows = self._writer.cache.execute(
                f"SELECT id, last_message_at FROM chats WHERE profile_id = ? AND {condition}",
                (profile_id, *values),
            )
            # The rows come by an index: no more of them are read than are wanted.
            looks = deque(islice(self._looks(kind, profile_id, rows), AHEAD))
            rows.close()
            if looks:
                return looks
        return deque()

    def _looks(
        self, kind: Kind, profile_id: str, rows: Iterable[tuple[str, Milliseconds | None]]
    ) -> Iterator[Look]:
        """Looks at those chats that can be read now and are not read already."""
        for chat_id, newest in rows:
            if kind is Kind.NEWEST and chat_id in self._vouched:
                if self._vouched[chat_id] == newest:
                    continue
                del self._vouched[chat_id]
            if chat_id not in self._aside and not self._busy(("chat", chat_id)):
                yield Look(kind, profile_id, chat_id)

    @property
    def aside(self) -> int:
        """How many chats are left out because they cannot be read now."""
        return len(self._aside)

    def chats(self) -> int:
        """How many chats the cache holds."""
        (count,) = self._writer.cache.execute("SELECT value FROM meta WHERE key = 'chats'").fetchone()
        return int(count)

    def missing(self) -> int:
        """How many chats have news that were not read yet."""
        (count,) = self._writer.cache.execute(
            "SELECT count(*) FROM chats WHERE pulled_at IS NULL OR pulled_for IS NOT last_message_at"
        ).fetchone()
        return max(int(count) - len(self._vouched), 0)

    def older_pages(self) -> int:
        """About how many pages of older messages are to be fetched of the chats that are read."""
        (pages,) = self._writer.cache.execute(
            "SELECT coalesce(sum(max("
            "min((coalesce(messages_total, 0) + ?1 - 1) / ?1, ?2) - history_page, 1)), 0) FROM chats "
            "WHERE history_done = 0 AND pulled_at IS NOT NULL AND history_page < ?2",
            (self._page_size, self._history_pages),
        ).fetchone()
        return int(pages)

    def unsettled(self, chat_ids: Sequence[str] | None = None) -> list[tuple[str, str, str, str]]:
        """(message, profile, chat, status) of own messages on their way; of all chats, or of some."""
        of_chats = "" if chat_ids is None else f"AND c.id IN ({', '.join('?' * len(chat_ids))})"
        return self._writer.cache.execute(
            "SELECT m.id, c.profile_id, c.id, m.status FROM messages m JOIN chats c ON c.pk = m.chat "
            f"WHERE m.status IN ('pending', 'failed_waiting_for_retry') AND m.direction = 'outbound' "
            f"{of_chats}",
            tuple(chat_ids or ()),
        ).fetchall()
