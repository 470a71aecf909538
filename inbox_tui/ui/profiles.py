"""The profiles of the account, as far as they are in the cache, and what their chats allow now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from inbox_tui.core.capabilities import Act, Refused, ask, platform_name
from inbox_tui.core.models import Chat, Message, Profile
from inbox_tui.core.window import WINDOW_PLATFORMS, Window
from inbox_tui.store import looks, lookups
from inbox_tui.store.looks import Freshness
from inbox_tui.store.lookups import ProfileRow
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.views import all_listed
from inbox_tui.ui.session import Session


class Profiles:
    """What is known of the profiles since they were last read; nothing before that."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.by_id: Mapping[str, Profile] = {}
        """Every profile, also those that the API does not list any more."""
        self.rows: Sequence[ProfileRow] = ()
        """Those that it lists, by platform and name, with how far their chats are known."""
        self.all_listed = False
        """Whether the lists of chats of all profiles are known to their end."""
        self.fault = ""
        """Why not even the profiles can be listed, and what to do; empty where they can."""

    def read(self) -> None:
        """Read them from the cache again."""
        reader = self._session.reader
        self.by_id = lookups.profile_names(reader)
        self.rows = lookups.profiles(reader)
        self.all_listed = all_listed(reader)
        self.fault = "" if self.rows else lookups.account_fault(reader)

    @property
    def own_ids(self) -> frozenset[str]:
        """What the API calls us by: the profiles' own ids and those that the platforms give them."""
        profiles = self.by_id.values()
        return frozenset(name for each in profiles for name in (each.platform_id, each.id) if name)

    def name_of(self, chat: Chat) -> str:
        """What the profile of a chat is called; its id, where that is all that is known."""
        profile = self.by_id.get(chat.profile_id)
        return chat.profile_id if profile is None else profile.name

    def place_of(self, chat: Chat) -> str:
        """Where a chat is: its platform, and the profile that it is with."""
        return f"{platform_name(chat.platform)} · {self.name_of(chat)}"

    def freshness(self, row: ChatRow) -> Freshness:
        """When a chat was last looked at, by itself or with the list of its profile."""
        folder, chat = self._session.folder, row.chat
        listed = any(known.profile.id == chat.profile_id and known.walked for known in self.rows)
        return looks.freshness(
            looks.chat_looked_at(folder, chat.id),
            looks.looked_at(folder, chat.profile_id),
            read_at=row.pulled_at,
            complete=row.complete and listed,
        )

    def refusal(self, row: ChatRow, act: Act, message: Message | None, zone: tzinfo) -> Refused | None:
        """Why an act cannot be taken now on a chat, or on a message of it; None where it can."""
        if act is Act.EDIT_TEXT and message is not None and message.attachments:
            act = Act.EDIT_CAPTION
        answer = ask(
            act,
            row.chat,
            message,
            now=self._session.clock.now(),
            profile=self.by_id.get(row.chat.profile_id),
            window=Window(row.chat.platform in WINDOW_PLATFORMS, row.window_closes_at),
            tz=zone,
        )
        return answer if isinstance(answer, Refused) else None
