"""What each look asks the API for and how its answer enters the cache: profiles and lists of chats.

Chats are walked from the newest to the oldest by `before`, with a millisecond of overlap. How far
the walk has come stands in the profile's row, so that a killed sync goes on where it was. Messages
are in `messages`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from inbox_tui.api.client import Client
from inbox_tui.core.errors import NotAuthorised, NotFound, RequestRejected
from inbox_tui.core.models import Chat, Milliseconds, Page, Profile, Rejected
from inbox_tui.store import local, looks, lookups, writes
from inbox_tui.store.writes import Writer
from inbox_tui.sync.jobs import Apply, Fetch, Outcome
from inbox_tui.sync.messages import Messages
from inbox_tui.sync.schedule import Kind, Look, Subject

PAGE = 100
OVERLAP_MS: Milliseconds = 10 * 60_000
"""How far a look reaches back behind the newest chat it knows: Bluesky's messages come five minutes late."""
COUNT_SECONDS = 600.0
"""How often a look asks for the number of all chats too, to notice those that no time filter lists."""

_log = logging.getLogger(__name__)


def is_last(page: Page[Chat], number: int) -> bool:
    """Whether nothing comes behind a page with this number of its list."""
    count = len(page.items) + len(page.rejected)
    size = page.per_page or PAGE
    if page.total is not None:
        return count == 0 or number * size + count >= page.total
    return count < size


def oldest_of(chats: Iterable[Chat]) -> Milliseconds | None:
    """The oldest `last_message_at` of some chats, None where none has one."""
    return min((chat.last_message_at for chat in chats if chat.last_message_at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands: the next page is page `page` of the chats before `before`."""

    before: Milliseconds
    page: int = 0

    def advance(self, oldest: Milliseconds) -> Cursor:
        """The place behind a page whose oldest chat is of `oldest`.

        One millisecond of overlap, for chats of the same time; where the whole page is of one time,
        `before` cannot tell them apart and the page number has to.
        """
        return Cursor(oldest + 1) if oldest + 1 < self.before else Cursor(self.before, self.page + 1)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A profile's row, as far as listing its chats is concerned (see `writes.record_walk`)."""

    walked: bool
    walked_to: Milliseconds | None
    floor: Milliseconds | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Total:
    """How many chats the API says that a profile has, and whether all of them were listed."""

    profile_id: str
    walked: bool
    total: int | None


class Pull:
    """Makes requests of looks and writes their answers. Everything but `fetch` runs in the writing thread."""

    def __init__(
        self,
        writer: Writer,
        client: Client,
        *,
        history_messages: int | None,
        busy: Callable[[Subject], bool],
        server_now: Callable[[], Milliseconds],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`history_messages`: how many messages of each chat are fetched unasked, None for all.

        `busy` says whether a look at a subject is on its way; `server_now` is the time at the server.
        """
        self._writer = writer
        self.client = client
        self._busy = busy
        self._server_now = server_now
        self._monotonic = monotonic
        self.profiles: dict[str, Profile] = {}
        self.without_messages: set[str] = set()
        """Profiles of networks that have no direct messages here."""
        self._counted_at: dict[str, float] = {}
        self._cursors: dict[str, Cursor] = {}
        self._numbers: dict[str, int] = {}
        """Profiles whose list is read by page number, from its end, with the next page."""
        self._searched: dict[str, int] = {}
        """For which number of chats a list was read by page number; once for each."""
        self._page_size = PAGE
        self.messages = Messages(writer, self.group, history_messages, busy)
        self._load_profiles()

    def group(self, profile_id: str) -> str | None:
        """The profile group that calls about a profile have to name."""
        profile = self.profiles.get(profile_id)
        return None if profile is None else profile.profile_group_id

    def use(self, client: Client) -> None:
        """Go on with another client: the key has changed."""
        self.client = client
        self.without_messages.clear()

    def fetch(self, look: Look) -> Fetch | None:
        """The request of a look; None where there is nothing to ask any more."""
        if look.kind is Kind.PROFILES:
            return self._fetch_profiles(self.client)
        if look.kind is Kind.CHAT:
            return self._fetch_chat(self.client, look.id)
        if look.profile_id not in self.profiles:
            return None
        if look.kind is Kind.CHATS:
            return self._fetch_newest(self.client, look.profile_id)
        if look.kind is Kind.WALK:
            return self._fetch_walk(self.client, look.profile_id)
        return self.messages.fetch(self.client, look)

    def backlog(self, profile_id: str) -> Look | None:
        """What the cache misses most of a profile; None where that is nothing, or on its way."""
        if profile_id not in self.profiles or profile_id in self.without_messages:
            return None
        if self._wants_walk(profile_id) and not self._busy(("profile", profile_id)):
            return Look(Kind.WALK, profile_id)
        return self.messages.backlog(profile_id)

    def totals(self) -> list[Total]:
        """The numbers of chats of every profile that the API lists."""
        rows = self._writer.cache.execute(
            "SELECT id, walked, chats_total FROM profiles WHERE status != 'gone'"
        )
        return [Total(profile_id, bool(walked), total) for profile_id, walked, total in rows]

    # Profiles

    def _load_profiles(self) -> None:
        reader = self._writer.cache
        self.profiles = {
            profile.id: profile
            for profile in lookups.profile_names(reader).values()
            if profile.status != "gone"
        }

    def _fetch_profiles(self, client: Client) -> Fetch:
        def fetch() -> Apply:
            profiles, rejected = list_profiles(client)
            return lambda: self._apply_profiles(profiles, rejected)

        return fetch

    def _apply_profiles(self, profiles: Sequence[Profile], rejected: Sequence[Rejected]) -> Outcome:
        local.begin_first_sync(self._writer, self._server_now())
        writes.quarantine(self._writer, "profiles", rejected)
        listed = {profile.id for profile in profiles}
        if rejected:
            # A profile whose record cannot be read is not gone.
            profiles = [*profiles, *(known for known in self.profiles.values() if known.id not in listed)]
        applied = writes.apply_profiles(self._writer, profiles)
        self._load_profiles()
        return Outcome(moved=bool(applied.inserted or applied.changed))

    # Lists of chats

    def _walk(self, profile_id: str) -> _Walk:
        row = self._writer.cache.execute(
            "SELECT walked, walked_to, walk_floor, chats_total FROM profiles WHERE id = ?", (profile_id,)
        ).fetchone()
        return _Walk(False, None, None, None) if row is None else _Walk(bool(row[0]), *row[1:])

    def _record(
        self,
        profile_id: str,
        *,
        walked: bool,
        walked_to: Milliseconds | None = None,
        floor: Milliseconds | None = None,
        total: int | None = None,
    ) -> None:
        writes.record_walk(
            self._writer, profile_id, walked_to=walked_to, walked=walked, total=total, floor=floor
        )

    def _wants_walk(self, profile_id: str) -> bool:
        if profile_id in self._numbers:
            return True
        walk = self._walk(profile_id)
        # Without the newest page of this run a walk could pass over what moved up meanwhile.
        return not walk.walked and walk.walked_to is not None and profile_id in self._counted_at

    def _newest_known(self, profile_id: str) -> Milliseconds | None:
        row = self._writer.cache.execute(
            "SELECT last_message_at FROM chats WHERE profile_id = ? AND last_message_at IS NOT NULL "
            "ORDER BY sort_at DESC LIMIT 1",
            (profile_id,),
        ).fetchone()
        return None if row is None else int(row[0])

    def _cached(self, profile_id: str) -> int:
        """How many chats of a profile are known, those that could not be read included."""
        (count,) = self._writer.cache.execute(
            "SELECT (SELECT count(*) FROM chats WHERE profile_id = ?) "
            "+ (SELECT count(*) FROM quarantine WHERE source = ?)",
            (profile_id, _source(profile_id)),
        ).fetchone()
        return int(count)

    def _fetch_newest(self, client: Client, profile_id: str) -> Fetch:
        newest = self._newest_known(profile_id)
        counted = self._counted_at.get(profile_id)
        whole = newest is None or counted is None or self._monotonic() - counted >= COUNT_SECONDS
        after = None if whole or newest is None else newest - OVERLAP_MS
        group = self.group(profile_id)

        def fetch() -> Apply:
            page = client.list_chats(profile_id, per_page=PAGE, after=after, profile_group_id=group)
            return lambda: self._apply_newest(profile_id, page, newest, whole=whole)

        return fetch

    def _apply_newest(
        self, profile_id: str, page: Page[Chat], newest: Milliseconds | None, *, whole: bool
    ) -> Outcome:
        walk = self._walk(profile_id)
        total = page.total if whole else None
        last = is_last(page, 0)
        oldest = oldest_of(page.items)
        if last and whole:
            self._record(profile_id, walked=True, total=total)
            self._cursors.pop(profile_id, None)
        elif not last and oldest is not None and (newest is None or oldest > newest):
            # The page does not reach what was known. That is noted before its chats are, so that a
            # kill between the two loses nothing.
            floor = walk.floor
            if walk.walked and newest is not None:
                floor = newest - OVERLAP_MS
            self._record(profile_id, walked=False, walked_to=oldest, floor=floor, total=total)
            self._cursors.pop(profile_id, None)
        elif total is not None:
            self._record(
                profile_id, walked=walk.walked, walked_to=walk.walked_to, floor=walk.floor, total=total
            )
        outcome = self._apply_chats(profile_id, page)
        if whole:
            self._counted_at[profile_id] = self._monotonic()
            if not last and (oldest is None or self._walk(profile_id).walked):
                self._count(profile_id)
        looks.touch_look(self._writer.folder, profile_id)
        return outcome

    def _fetch_chat(self, client: Client, chat_id: str) -> Fetch:
        # An event does not name the profile, so each group is asked.
        groups = list(dict.fromkeys(profile.profile_group_id for profile in self.profiles.values()))

        def fetch() -> Apply:
            for group in groups[:-1]:
                with contextlib.suppress(NotFound):
                    chat = client.get_chat(chat_id, profile_group_id=group)
                    break
            else:
                chat = client.get_chat(chat_id, profile_group_id=groups[-1] if groups else None)
            return lambda: self._apply_chat(chat)

        return fetch

    def _apply_chat(self, chat: Chat) -> Outcome:
        if chat.profile_id not in self.profiles:
            # Its profile is new: the chat comes with the profile's list.
            return Outcome(again=True)
        return self._apply_chats(chat.profile_id, Page((chat,)))

    def _apply_chats(self, profile_id: str, page: Page[Chat]) -> Outcome:
        # A record that names another profile would never be found again under this one.
        own = [chat for chat in page.items if chat.profile_id == profile_id]
        if len(own) < len(page.items):
            _log.warning(
                "%d chats in the list of %s belong elsewhere", len(page.items) - len(own), profile_id
            )
        if page.per_page:
            self._page_size = min(page.per_page, PAGE)
        applied = writes.apply_chats(self._writer, own)
        writes.quarantine(self._writer, _source(profile_id), page.rejected)
        moved = bool(applied.inserted or applied.changed)
        if moved:
            self.messages.changed(profile_id)
        return Outcome(moved=moved)

    def _count(self, profile_id: str) -> bool:
        """Whether chats are missing that no walk by time finds; then they are looked for by page number.

        From the end of the list, as chats without a message stand at one of its ends and the newest
        page was read.
        """
        total = self._walk(profile_id).total or 0
        if self._cached(profile_id) >= total or self._searched.get(profile_id) == total:
            return False
        self._searched[profile_id] = total
        self._numbers[profile_id] = (total - 1) // self._page_size
        return True

    def _fetch_walk(self, client: Client, profile_id: str) -> Fetch | None:
        group = self.group(profile_id)
        number = self._numbers.get(profile_id)
        if number is not None:

            def fetch_number() -> Apply:
                page = client.list_chats(profile_id, page=number, per_page=PAGE, profile_group_id=group)
                return lambda: self._apply_number(profile_id, page, number)

            return fetch_number
        walk = self._walk(profile_id)
        if walk.walked or walk.walked_to is None:
            return None
        cursor = self._cursors.get(profile_id) or Cursor(walk.walked_to + 1)

        def fetch() -> Apply:
            page = client.list_chats(
                profile_id, page=cursor.page, per_page=PAGE, before=cursor.before, profile_group_id=group
            )
            return lambda: self._apply_walk(profile_id, page, cursor)

        return fetch

    def _apply_walk(self, profile_id: str, page: Page[Chat], cursor: Cursor) -> Outcome:
        outcome = self._apply_chats(profile_id, page)
        walk = self._walk(profile_id)
        oldest = oldest_of(page.items)
        reached = oldest is None or (walk.floor is not None and oldest <= walk.floor)
        if not (is_last(page, cursor.page) or reached) and oldest is not None:
            following = cursor.advance(oldest)
            self._cursors[profile_id] = following
            self._record(profile_id, walked=False, walked_to=following.before - 1, floor=walk.floor)
            return outcome
        self._cursors.pop(profile_id, None)
        if walk.floor is None and self._count(profile_id):
            return outcome
        self._record(profile_id, walked=True)
        # What moved up while the walk was on its way down is found by one more look at the top.
        return Outcome(moved=outcome.moved, again=True)

    def _apply_number(self, profile_id: str, page: Page[Chat], number: int) -> Outcome:
        outcome = self._apply_chats(profile_id, page)
        total = page.total if page.total is not None else self._walk(profile_id).total or 0
        if number > 0 and self._cached(profile_id) < total:
            self._numbers[profile_id] = number - 1
            return outcome
        self._numbers.pop(profile_id, None)
        self._record(profile_id, walked=True, total=page.total)
        return Outcome(moved=outcome.moved, again=True)


def list_profiles(client: Client) -> tuple[list[Profile], list[Rejected]]:
    """Every profile that a key reaches, group by group, and the records that could not be read.

    A key of one group may be refused the list of groups; then its own profiles are all there are.
    Raises NotAuthorised where the key itself is refused.
    """
    rejected: list[Rejected] = []
    try:
        groups = client.list_profile_groups()
        rejected += groups.rejected
        group_ids: list[str | None] = [group.id for group in groups.items]
    except (NotAuthorised, NotFound, RequestRejected) as error:
        _log.info("the list of profile groups was not given: %s", error.title)
        group_ids = []
    profiles: dict[str, Profile] = {}
    for group_id in group_ids or [None]:
        page = client.list_profiles(profile_group_id=group_id)
        rejected += page.rejected
        for profile in page.items:
            named = profile if profile.profile_group_id else replace(profile, profile_group_id=group_id)
            profiles.setdefault(profile.id, named)
    return list(profiles.values()), rejected


def _source(profile_id: str) -> str:
    """The name in the quarantine of records of a profile's list of chats."""
    return f"chats of {profile_id}"


def has_no_messages(error: Exception) -> bool:
    """Whether a refusal says that the profile's network has no direct messages (seed, introduction: 422)."""
    return isinstance(error, RequestRejected) and error.status == 422
