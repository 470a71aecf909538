"""Lists of chats: walked once from the newest to the oldest, looked at from the top afterwards.

How far a list is known stands in its profile's row, so that a killed sync goes on where it was: `listed_to`
is the newest chat that a look at the list has brought (an event brings one chat and says nothing of the
others), `walked_to` and `walk_floor` bound what a walk has still to list. Chats are walked by `before`; those
of the same time, and those without one, by page number.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from inbox_tui.api.client import Client
from inbox_tui.core.models import Chat, Milliseconds, Page
from inbox_tui.store import looks, writes
from inbox_tui.store.writer import Writer
from inbox_tui.sync.jobs import Apply, Fetch, Outcome

PAGE = 100
OVERLAP_MS: Milliseconds = 10 * 60_000
"""How far a look reaches back behind the newest chat it knows: Bluesky's messages come five minutes late."""
COUNT_SECONDS = 600.0
"""How often a look asks for the number of all chats too, to notice those that no time filter lists."""
GIVEN_UP_SECONDS = 24 * 3600.0
"""For how long chats that the API counts, but that nobody could read, are not looked for again."""
MOST_PASSES = 5
"""How often a list that moves is read by page number before the next count has to do."""

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
    """Where a walk stands: the next page is page `page` of the chats before `before`.

    `total`: how many these were when the page before it was read. `again`: this page was read, and holds
    records that nobody could read; it is asked for once more.
    """

    before: Milliseconds
    page: int = 0
    total: int | None = None
    again: bool = False

    def has_shifted(self, total: int | None) -> bool:
        """Whether a chat that was listed has moved up meanwhile, and others have come nearer by a place."""
        return bool(self.page) and total is not None and self.total is not None and total < self.total

    def behind(self, oldest: Milliseconds | None, total: int | None) -> Cursor:
        """The place behind the page that stands here, whose oldest chat is of `oldest`.

        One millisecond of overlap, for chats of the same time; where the whole page is of one time, `before`
        cannot tell them apart and the page number has to.
        """
        if oldest is not None and oldest + 1 < self.before:
            return Cursor(oldest + 1)
        return Cursor(self.before, self.page + 1, total)


@dataclass(slots=True)
class _Search:
    """A pass over a list by page number, from its end: `number` is the next page.

    Chats without a message stand at one end of a list, and the newest page is known, so most end soon.
    """

    number: int
    total: int
    passes: int = 1
    seen: set[str] = field(default_factory=set)
    """Chats, and records that could not be read, of this pass."""
    doubtful: bool = False
    """Whether a record could not be read for the first time; it may be whole the next time."""

    def again(self, total: int, size: int) -> _Search:
        """The next pass."""
        return _Search((total - 1) // size, total, self.passes + 1)


@dataclass(frozen=True, slots=True)
class _Known:
    """A profile's row, as far as listing its chats is concerned."""

    walked: bool = False
    walked_to: Milliseconds | None = None
    floor: Milliseconds | None = None
    total: int | None = None
    listed_to: Milliseconds | None = None
    chats: int = 0

    @property
    def missing(self) -> int:
        """How many chats the API counts that are not here."""
        return max((self.total or 0) - self.chats, 0)


class Listing:
    """Makes requests for lists and writes their answers; all but what `fetch_…` return in one thread."""

    def __init__(
        self,
        writer: Writer,
        group: Callable[[str], str | None],
        changed: Callable[[str], None],
        monotonic: Callable[[], float],
    ) -> None:
        """`group`: the profile group that calls about a profile name. `changed` is told where chats moved."""
        self._writer = writer
        self._group = group
        self._changed = changed
        self._monotonic = monotonic
        self._counted_at: dict[str, float] = {}
        self._incomplete: dict[str, bool] = {}
        """Whether a profile's row says that a part of its list is missing; asked before every request."""
        self._cursors: dict[str, Cursor] = {}
        self._searches: dict[str, _Search] = {}
        self._given_up: dict[str, tuple[int, float]] = {}
        """How many chats cannot be read of a list, whatever is done, and since when."""
        self._hidden: dict[str, int] = {}
        """How many chats of a look's time a walk did not find either."""
        self._doubted: set[str] = set()
        """Profiles at whose top was looked again, for a record that could not be read."""
        self._page_size = PAGE

    def _known(self, profile_id: str) -> _Known:
        row = self._writer.cache.execute(
            "SELECT walked, walked_to, walk_floor, chats_total, listed_to, chats FROM profiles WHERE id = ?",
            (profile_id,),
        ).fetchone()
        return _Known() if row is None else _Known(bool(row[0]), *row[1:])

    def wants_walk(self, profile_id: str) -> bool:
        """Whether a part of the list is known to be missing."""
        if profile_id in self._searches:
            return True
        if profile_id not in self._incomplete:
            known = self._known(profile_id)
            self._incomplete[profile_id] = not known.walked and known.walked_to is not None
        # Without the newest page of this run a walk could pass over what moved up meanwhile.
        return self._incomplete[profile_id] and profile_id in self._counted_at

    # The top

    def fetch_newest(self, client: Client, profile_id: str) -> Fetch:
        """The request for a profile's newest page, or for what has moved since the last look."""
        listed_to = self._known(profile_id).listed_to
        counted = self._counted_at.get(profile_id)
        whole = counted is None or self._monotonic() - counted >= COUNT_SECONDS
        after = None if whole else max((listed_to or 0) - OVERLAP_MS, 0)
        group = self._group(profile_id)

        def fetch() -> Apply:
            page = client.list_chats(profile_id, per_page=PAGE, after=after, profile_group_id=group)
            return lambda: self._apply_newest(profile_id, page, listed_to, after)

        return fetch

    def _apply_newest(
        self,
        profile_id: str,
        page: Page[Chat],
        listed_to: Milliseconds | None,
        after: Milliseconds | None,
    ) -> Outcome:
        last, oldest = is_last(page, 0), oldest_of(page.items)
        if after is None:
            self._counted_at[profile_id] = self._monotonic()
        if last and after is None:
            self._cursors.pop(profile_id, None)
            self._record(profile_id, walked=True, total=page.total)
        elif not last and oldest is not None and (listed_to is None or oldest > listed_to):
            # The page does not reach what was known. That is noted before its chats are, so that a
            # kill between the two loses nothing.
            self._begin_walk(profile_id, oldest, listed_to, page.total if after is None else None)
        elif after is None:
            self._record_total(profile_id, page.total)
        moved, doubtful = self._apply(profile_id, page, top=True)
        if after is not None and not last and oldest is not None and self._hides(profile_id, page, after):
            self._begin_walk(profile_id, oldest, listed_to, None)
        if after is None and (last or oldest is None or self._known(profile_id).walked):
            self._count(profile_id)
        try:
            looks.touch_look(self._writer.folder, profile_id)
        except OSError as error:
            # It is shown as older than it is; what was listed is in the cache.
            _log.warning("the time of a look cannot be kept: %s", error)
        again = doubtful and profile_id not in self._doubted
        (self._doubted.add if again else self._doubted.discard)(profile_id)
        # Where chats without a message stand first, they may fill the newest page.
        again |= after is None and oldest is None and not last
        return Outcome(moved=moved, again=again)

    def _begin_walk(
        self, profile_id: str, oldest: Milliseconds, listed_to: Milliseconds | None, total: int | None
    ) -> None:
        """Have the list walked from `oldest` down to what is known, or to where a walk was to end already."""
        known = self._known(profile_id)
        floor = listed_to - OVERLAP_MS if known.walked and listed_to is not None else known.floor
        self._cursors.pop(profile_id, None)
        self._record(profile_id, walked=False, walked_to=oldest, floor=floor, total=total)

    def _hides(self, profile_id: str, page: Page[Chat], after: Milliseconds) -> bool:
        """Whether chats of the time that was asked for stand behind the page and are not here.

        One that comes late, or is of the same moment as others, does. What a walk does not find either is not
        walked for again.
        """
        (here,) = self._writer.cache.execute(
            "SELECT count(*) FROM chats WHERE profile_id = ?1 AND sort_at > ?2 AND last_message_at > ?2",
            (profile_id, after),
        ).fetchone()
        hidden = max((page.total or 0) - int(here), 0)
        found = hidden > self._hidden.get(profile_id, 0)
        self._hidden[profile_id] = hidden
        return found

    # Everything

    def fetch_walk(self, client: Client, profile_id: str) -> Fetch | None:
        """The request for the next page of what is missing; None where nothing is."""
        group = self._group(profile_id)
        search = self._searches.get(profile_id)
        if search is not None:

            def fetch_number() -> Apply:
                page = client.list_chats(
                    profile_id, page=search.number, per_page=PAGE, profile_group_id=group
                )
                return lambda: self._apply_number(profile_id, page, search)

            return fetch_number
        known = self._known(profile_id)
        if known.walked or known.walked_to is None:
            return None
        cursor = self._cursors.get(profile_id) or Cursor(known.walked_to + 1)

        def fetch() -> Apply:
            page = client.list_chats(
                profile_id, page=cursor.page, per_page=PAGE, before=cursor.before, profile_group_id=group
            )
            return lambda: self._apply_walk(profile_id, page, cursor)

        return fetch

    def _apply_walk(self, profile_id: str, page: Page[Chat], cursor: Cursor) -> Outcome:
        moved, _ = self._apply(profile_id, page)
        known, oldest = self._known(profile_id), oldest_of(page.items)
        following: Cursor | None = cursor.behind(oldest, page.total)
        if cursor.has_shifted(page.total):
            following = Cursor(cursor.before)
        elif page.rejected and not cursor.again:
            following = replace(cursor, again=True)
        elif is_last(page, cursor.page) or (
            oldest is not None and known.floor is not None and oldest <= known.floor
        ):
            following = None
        if following is not None:
            self._cursors[profile_id] = following
            self._record(profile_id, walked=False, walked_to=following.before - 1, floor=known.floor)
            return Outcome(moved=moved)
        self._cursors.pop(profile_id, None)
        self._record(profile_id, walked=True)
        # What moved up while the walk was on its way down is found by one more look at the top.
        return Outcome(moved=moved, again=not self._count(profile_id))

    def _count(self, profile_id: str) -> bool:
        """Whether chats are missing that no walk by time finds; then they are looked for by page number."""
        known = self._known(profile_id)
        if known.missing <= self._unreadable(profile_id):
            return False
        total = known.total or 0
        self._searches.setdefault(profile_id, _Search((total - 1) // self._page_size, total))
        return True

    def _unreadable(self, profile_id: str) -> int:
        count, since = self._given_up.get(profile_id, (0, 0.0))
        return count if self._monotonic() - since < GIVEN_UP_SECONDS else 0

    def _apply_number(self, profile_id: str, page: Page[Chat], search: _Search) -> Outcome:
        moved, doubtful = self._apply(profile_id, page)
        search.doubtful |= doubtful
        search.seen |= {chat.id for chat in page.items} | {record.json for record in page.rejected}
        if page.total is not None:
            search.total = page.total
        known = replace(self._known(profile_id), total=search.total)
        if known.missing > self._unreadable(profile_id):
            if search.number > 0:
                search.number -= 1
                return Outcome(moved=moved)
            complete = len(search.seen) >= search.total and not search.doubtful
            if not complete and search.passes < MOST_PASSES:
                self._searches[profile_id] = search.again(search.total, self._page_size)
                return Outcome(moved=moved)
            if complete:
                self._given_up[profile_id] = known.missing, self._monotonic()
            _log.warning("%d chats of the profile %s cannot be listed", known.missing, profile_id)
        del self._searches[profile_id]
        if known.walked_to is None:
            self._record(profile_id, walked=True, total=search.total)
        return Outcome(moved=moved, again=True)

    # Writing

    def _apply(self, profile_id: str, page: Page[Chat], *, top: bool = False) -> tuple[bool, bool]:
        """Write a page; returns whether it brought anything, and whether a record is unreadable anew."""
        # A record that names another profile would never be found again under this one.
        own = [chat for chat in page.items if chat.profile_id == profile_id]
        if len(own) < len(page.items):
            _log.warning(
                "%d chats in the list of %s belong elsewhere", len(page.items) - len(own), profile_id
            )
        if page.per_page:
            self._page_size = min(page.per_page, PAGE)
        applied = writes.apply_chats(self._writer, own, top_of=profile_id if top else None)
        new = writes.quarantine(self._writer, f"chats of {profile_id}", page.rejected)
        moved = bool(applied.inserted or applied.changed)
        if moved:
            self._changed(profile_id)
        return moved, bool(new)

    def _record(
        self,
        profile_id: str,
        *,
        walked: bool,
        walked_to: Milliseconds | None = None,
        floor: Milliseconds | None = None,
        total: int | None = None,
    ) -> None:
        self._incomplete.pop(profile_id, None)
        writes.record_walk(
            self._writer, profile_id, walked_to=walked_to, walked=walked, total=total, floor=floor
        )

    def _record_total(self, profile_id: str, total: int | None) -> None:
        known = self._known(profile_id)
        self._record(
            profile_id, walked=known.walked, walked_to=known.walked_to, floor=known.floor, total=total
        )
