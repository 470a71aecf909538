"""Acts on the platforms: reactions, the archive of Bluesky, private replies, new chats, live records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inbox_tui.core.capabilities import TABLE, Act, Cause, Refused
from inbox_tui.core.models import JsonObject, Message, Platform, Profile
from inbox_tui.core.reactions import LOVE, asked, bare, looks
from inbox_tui.core.summary import describe
from inbox_tui.store import lookups
from inbox_tui.store.acts import ActName, queue_act
from inbox_tui.store.items import State
from inbox_tui.store.reads import ChatRow
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.actions import Context
from inbox_tui.ui.acts.area import Area
from inbox_tui.ui.pending import OVER, emoji_of, reactions

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen


class PlatformActs(Area):
    """Acts carried out by the platform; they are drawn at once and taken back where it refuses."""

    def __init__(self, inbox: InboxScreen) -> None:
        super().__init__(inbox)
        self._awaited: int | None = None
        """The outbox item of a chat that is being made, to be opened when it is there."""

    def react(self, count: int) -> None:
        """Choose a reaction to the message under the cursor; where there is one to choose, set it."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is None or row.message is None or shown is None:
            return
        if shown.chat.platform == Platform.INSTAGRAM:
            self._set(shown, row, row.message, LOVE)
        else:
            self._choose(shown, row, row.message)

    def _choose(self, shown: ChatRow, row: ThreadRow, message: Message) -> None:
        from inbox_tui.ui.dialogs.react import React

        def chosen(given: str | None) -> None:
            if given is not None:
                self._set(shown, row, message, given)

        now = _own_reaction(row, shown)
        # Not from a worker: the next key would be looked at before the dialog is there.
        self._inbox.app.push_screen(React(shown.chat.platform, describe(message), now), chosen)

    def _set(self, shown: ChatRow, row: ThreadRow, message: Message, given: str) -> None:
        platform, now = shown.chat.platform, _own_reaction(row, shown)
        reaction = asked(platform, given)
        wanted = looks(platform, reaction.get("reaction"), reaction.get("emoji"))
        if now is not None and bare(wanted) == bare(now):
            self._inbox.say("It is so already; - takes your reaction off")
            return
        self._queue(ActName.REACT, shown, {"message_id": message.id, **reaction})

    def unreact(self, count: int) -> None:
        """Take our reaction off the message under the cursor."""
        inbox = self._inbox
        row, shown = inbox.thread.cursor_row, inbox.shown
        if row is not None and row.message is not None and shown is not None:
            self._queue(ActName.UNREACT, shown, {"message_id": row.message.id})

    def why_not_unreact(self, chat: ChatRow, row: ThreadRow) -> Refused | None:
        """One that is on its way can be taken back, too."""
        if any(item.act == ActName.REACT and item.state != State.FAILED for item in row.pending):
            return None
        refusal = self._inbox.refusal_of(chat, Act.UNREACT, row.message)
        if refusal is None and row.message is None:
            return Refused("It has not been sent yet", cause=Cause.MESSAGE)
        return refusal

    def archive(self, count: int) -> None:
        """Archive the chat on Bluesky, or bring it back; Done is ours and stays as it is."""
        row = self._subject
        if row is None:
            return
        archived = _archived(row)
        self._queue(ActName.UNARCHIVE if archived else ActName.ARCHIVE, row, {})
        self._inbox.say("Bringing it back from the archive" if archived else "Archiving on Bluesky")

    def why_not_archive(self) -> Refused | None:
        """What is on its way can be turned round; else the platform and the chat have their say."""
        row = self._subject
        if row is None or _turning(row):
            return None
        return self._inbox.refusal_of(row, Act.UNARCHIVE if row.chat.archived else Act.ARCHIVE)

    def comments(self, count: int) -> None:
        """The comments under the posts, each with its one private reply."""
        from inbox_tui.ui.dialogs.comments import Comments

        self._inbox.app.push_screen(Comments(self._inbox.session, self._commented), self._opened)

    @property
    def _commented(self) -> list[Profile]:
        """The profiles whose platform has private replies."""
        profiles = [row.profile for row in self._inbox.profiles.rows]
        return [each for each in profiles if Act.PRIVATE_REPLY in TABLE.get(each.platform, ())]

    def why_not_comments(self) -> Refused | None:
        """They belong to two of the platforms."""
        if self._commented:
            return None
        why = "Private replies need a Facebook or Instagram profile; none is connected"
        return Refused(why, cause=Cause.PROFILE)

    def new_chat(self, count: int) -> None:
        """Write to somebody first, where the platform lets one."""
        from inbox_tui.ui.dialogs.new_chat import NewChat

        inbox = self._inbox
        profiles = [row.profile for row in inbox.profiles.rows]
        inbox.app.push_screen(NewChat(inbox.session, profiles), self._opened)

    def details(self, count: int) -> None:
        """Everything that is known of the chat and the message under the cursor."""
        from inbox_tui.ui.dialogs.details import Details

        inbox, row = self._inbox, self._subject
        if row is None:
            return
        at = inbox.thread.cursor_row if inbox.context is Context.THREAD else None
        message = None if at is None else at.message
        inbox.app.push_screen(Details(inbox.session, row, message, inbox.thread.zone))

    def _opened(self, result: int | str | None) -> None:
        """Go to the chat that there is, or to the one that there will be."""
        inbox = self._inbox
        if isinstance(result, str):
            inbox.go_to(result)
        elif result is not None:
            self._awaited = result
            inbox.say("On its way; the chat opens when it is there")

    def open_awaited(self) -> None:
        """Go to the chat that was asked for when it is there; who does something else by then is told."""
        inbox, awaited = self._inbox, self._awaited
        if awaited is None:
            return
        reader = inbox.session.reader
        chat_id = lookups.chat_of_act(reader, awaited)
        if chat_id is not None:
            self._awaited = None
            if inbox.context is Context.TYPING or inbox.app.screen is not inbox:
                row = lookups.chat(reader, chat_id)
                inbox.say(f"The chat with {'them' if row is None else row.chat.title} is there")
            else:
                inbox.go_to(chat_id)
            return
        item = next((each for each in lookups.outbox(reader) if each.pk == awaited), None)
        if item is None or item.state in (State.FAILED, State.UNCERTAIN):
            self._awaited = None
            if item is not None:
                inbox.say(f"{item.title}. {item.hint}".strip())

    def _queue(self, act: ActName, row: ChatRow, payload: JsonObject) -> None:
        session = self._inbox.session
        session.act(queue_act, act, row.chat.id, row.chat.profile_id, payload, screen=os.getpid())
        session.refold(row.chat.id)


def _turning(row: ChatRow) -> bool:
    """Whether archiving, or its opposite, is on its way."""
    return row.archiving is not None and row.archiving.state != State.FAILED


def _archived(row: ChatRow) -> bool:
    """Whether the chat is archived, or about to be."""
    if row.archiving is not None and _turning(row):
        return row.archiving.act == ActName.ARCHIVE
    return bool(row.chat.archived)


def _own_reaction(row: ThreadRow, shown: ChatRow) -> str | None:
    """What we have reacted with, or are about to: an emoji, or a name that has none."""
    platform = shown.chat.platform
    coming = [item for item in reactions(row.pending) if item.state not in OVER]
    if coming:
        return emoji_of(coming[-1], platform) if coming[-1].act == ActName.REACT else None
    for reaction in row.message.reactions if row.message is not None else ():
        if reaction.sender_external_id != shown.chat.participant_external_id:
            return looks(platform, reaction.reaction, reaction.emoji)
    return None
