"""What each look asks the API for and how its answer enters the cache: profiles and single chats.

Lists of chats are in `listing`, messages in `messages`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inbox_tui.api.client import Client
from inbox_tui.core.errors import NotAuthorised, NotFound, RequestRejected
from inbox_tui.core.models import Chat, Milliseconds, Profile, Rejected
from inbox_tui.store import lookups, sync_progress, writes
from inbox_tui.store.writer import Writer
from inbox_tui.sync.jobs import Apply, Fetch, Outcome
from inbox_tui.sync.listing import Listing
from inbox_tui.sync.messages import Messages
from inbox_tui.sync.schedule import Kind, Look, Subject

_log = logging.getLogger(__name__)


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
        self.profiles: dict[str, Profile] = {}
        self.without_messages: set[str] = set()
        """Profiles of networks that have no direct messages here."""
        self.messages = Messages(writer, self.group, history_messages, busy)
        self._listing = Listing(writer, self.group, self.messages.changed, monotonic)
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
            return self._listing.fetch_newest(self.client, look.profile_id)
        if look.kind is Kind.WALK:
            return self._listing.fetch_walk(self.client, look.profile_id)
        return self.messages.fetch(self.client, look)

    def backlog(self, profile_id: str) -> Look | None:
        """What the cache misses most of a profile; None where that is nothing, or on its way."""
        if profile_id not in self.profiles or profile_id in self.without_messages:
            return None
        if self._listing.wants_walk(profile_id) and not self._busy(("profile", profile_id)):
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
        sync_progress.begin_first_sync(self._writer, self._server_now())
        writes.quarantine(self._writer, "profiles", rejected)
        listed = {profile.id for profile in profiles}
        if rejected:
            # A profile whose record cannot be read is not gone.
            profiles = [*profiles, *(known for known in self.profiles.values() if known.id not in listed)]
        applied = writes.apply_profiles(self._writer, profiles)
        self._load_profiles()
        return Outcome(moved=bool(applied.inserted or applied.changed))

    # Chats

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
        applied = writes.apply_chats(self._writer, [chat])
        moved = bool(applied.inserted or applied.changed)
        if moved:
            self.messages.changed(chat.profile_id)
        return Outcome(moved=moved)


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


def has_no_messages(error: Exception) -> bool:
    """Whether a refusal says that the profile's network has no direct messages (seed, introduction: 422)."""
    return isinstance(error, RequestRejected) and error.status == 422
