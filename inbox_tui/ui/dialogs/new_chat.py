"""Writing to somebody first: who can be written to on each platform is said before anything is typed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import Future
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from inbox_tui.core.capabilities import Act, Refused, ask, participant_problem, platform_name
from inbox_tui.core.errors import InboxError
from inbox_tui.core.models import Platform, Profile
from inbox_tui.core.text import clean
from inbox_tui.store import lookups
from inbox_tui.store.acts import ActName, named, new_chat_of, queue_act
from inbox_tui.store.items import OutboxItem
from inbox_tui.ui.dialogs.dialog import ALONG
from inbox_tui.ui.dialogs.fields import FieldDialog
from inbox_tui.ui.platforms import platform_code
from inbox_tui.ui.session import Session

WHO = {
    Platform.FACEBOOK: (
        "Messenger lets a page write only to people who have written to it, within 24 hours. The id is their "
        "page-scoped number (PSID). A comment is answered among the comments."
    ),
    Platform.INSTAGRAM: (
        "Instagram lets you write only to people who have written to you, within 24 hours. The id is their "
        "Instagram-scoped number (IGSID). A comment is answered among the comments."
    ),
    Platform.TELEGRAM: (
        "A bot cannot write first: the person has to press Start. The id is the number of the chat or user."
    ),
    Platform.BLUESKY: (
        "Anybody who takes messages from you can be written to. The id is their DID (did:plc:…), "
        "not the handle."
    ),
}
"""Who can be written to, and by which id (seed: "Create a chat", platform notes)."""
FIELDS = {
    "participant": "id on {platform}",
    "participant-name": "name, if you know it",
    "participant-username": "user name on {platform}, if you know it",
}
"""What is asked for, and the words of the empty field; the list shows the names until the platform's come."""


class NewChat(FieldDialog[int | str | None]):
    """Asks for a profile and a person. Returns the outbox item, or the id of a chat that is there already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *ALONG,
        ("h,left,q", "back", "Back"),
        ("l,right", "go", "Choose"),
    ]
    KEYS: ClassVar[dict[str, str]] = {"enter": "action_go", "escape": "action_back"}

    def __init__(self, session: Session, profiles: Sequence[Profile]) -> None:
        super().__init__()
        self._session = session
        self._profiles = list(profiles)

    def compose(self) -> ComposeResult:
        """Profiles, what their platform allows, the id."""
        with Vertical(id="new-chat") as box:
            box.border_title = Content("New chat")
            rows = [f"{platform_code(each.platform)} {each.name}" for each in self._profiles]
            yield OptionList(*(Option(Content(row)) for row in rows))
            yield Static(id="who")
            for name in FIELDS:
                yield Input(id=name, compact=True)
            yield Static(id="new-chat-notice")
            yield Static(Content("⏎ choose, then begin · Tab next field · Esc back").stylize("dim"))

    def on_mount(self) -> None:
        """The profiles first."""
        self.query(Input).set(display=False)
        self.set_focus(self.query_one(OptionList))
        self._explain()
        super().on_mount()

    @property
    def _profile(self) -> Profile | None:
        number = self.query_one(OptionList).highlighted
        return None if number is None or not self._profiles else self._profiles[number]

    def on_option_list_option_highlighted(self) -> None:
        """Another profile, other rules."""
        self._explain()

    def _explain(self) -> None:
        profile = self._profile
        if profile is None:
            self.query_one("#who", Static).update("No profile is connected; connect one in Postproxy")
            return
        refusal = self._refusal(profile)
        words = WHO.get(Platform(profile.platform), "") if profile.platform in list(Platform) else ""
        self.query_one("#who", Static).update(Content(words if refusal is None else refusal))

    def _refusal(self, profile: Profile) -> str | None:
        answer = ask(Act.NEW_CHAT, None, now=self._session.clock.now(), profile=profile)
        return answer.reason if isinstance(answer, Refused) else None

    def action_go(self) -> None:
        """From the profile to the id, from the id to the chat."""
        profile = self._profile
        if profile is None:
            return
        if isinstance(self.focused, Input):
            self._begin(profile, clean(self._field("participant").value).strip())
        elif (reason := self._refusal(profile)) is not None:
            self._say(reason)
        else:
            self.query(Input).set(display=True)
            platform = platform_name(profile.platform)
            for name, words in FIELDS.items():
                self._field(name).placeholder = words.format(platform=platform)
            self.set_focus(self._field("participant"))

    def _field(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)

    def action_back(self) -> None:
        """From the id to the profiles, from there out."""
        if isinstance(self.focused, Input):
            self.set_focus(self.query_one(OptionList))
            self._say("")
        else:
            self.dismiss(None)

    def _begin(self, profile: Profile, participant: str) -> None:
        problem = participant_problem(profile.platform, participant)
        if problem is not None:
            self._say(problem)
            return
        known = lookups.chat_with(self._session.reader, profile.id, participant)
        if known is not None:
            self.dismiss(known)
            return
        write = self._session.write(
            queue_act,
            ActName.NEW_CHAT,
            new_chat_of(profile.id, participant),
            profile.id,
            {
                "participant": participant,
                **named(self._field("participant-name").value, self._field("participant-username").value),
            },
            screen=os.getpid(),
        )
        self.begun.wait_for(self._queued(write))

    async def _queued(self, write: Future[OutboxItem]) -> None:
        try:
            item = await asyncio.wrap_future(write)
        except InboxError as error:
            self._say(f"{error.title}. {error.hint or ''}".strip())
        else:
            self.dismiss(item.pk)

    def _say(self, words: str) -> None:
        self.query_one("#new-chat-notice", Static).update(Content(words).stylize("$text-error"))
