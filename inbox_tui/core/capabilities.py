"""What a platform, a chat and a message allow now: one table, asked by everything that acts.

The table is the seed's ("Direct Messages API Reference", first table, "Telegram notes", "Bluesky notes",
"Edit a message", "React to a message", "Private reply"); what it leaves to the platforms comes from their
own documentation. A refusal says why in words for the person at the keyboard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TypeAlias

from inbox_tui.core import keyboards
from inbox_tui.core.cells import preview
from inbox_tui.core.models import Chat, Comment, Message, Milliseconds, Platform, Profile, Status
from inbox_tui.core.text import clean
from inbox_tui.core.times import clock, day_label
from inbox_tui.core.window import Window, WindowState, window_of, window_state


class Act(StrEnum):
    """Everything that a person may want of a chat, a message, a comment or a profile."""

    READ = "read"
    RECEIPTS = "receipts"
    """Whether delivery and read times are shown."""
    SEND_TEXT = "send_text"
    SEND_ATTACHMENT = "send_attachment"
    REPLY_TO = "reply_to"
    """Reply to one message (`reply_to_external_id`)."""
    REPLY_MARKUP = "reply_markup"
    """Send buttons or another keyboard."""
    RETRY = "retry"
    """Send a failed message again, as a new one."""
    EDIT_TEXT = "edit_text"
    EDIT_CAPTION = "edit_caption"
    EDIT_KEYBOARD = "edit_keyboard"
    REACT = "react"
    UNREACT = "unreact"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    PRIVATE_REPLY = "private_reply"
    """Answer a comment with a direct message."""
    NEW_CHAT = "new_chat"


class Cause(StrEnum):
    """The kind of a refusal, for callers that treat them apart."""

    PLATFORM = "platform"
    """The network or the API cannot do it, ever."""
    PROFILE = "profile"
    """The account is not connected."""
    NOT_WRITTEN = "not_written"
    """The customer has to write first."""
    WINDOW = "window"
    """The 24 hours are over, by our clock."""
    MESSAGE = "message"
    """This message, chat or comment is not in a state for it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The act can be taken; until then, where a messaging window closes."""

    until: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The act cannot be taken: why, and until when where that is known."""

    reason: str
    until: Milliseconds | None = None
    cause: Cause = Cause.PLATFORM


Answer: TypeAlias = Allowed | Refused

PLATFORM_NAMES: Mapping[str, str] = {
    Platform.FACEBOOK: "Facebook",
    Platform.INSTAGRAM: "Instagram",
    Platform.TELEGRAM: "Telegram",
    Platform.BLUESKY: "Bluesky",
}

_EVERYWHERE = frozenset({Act.READ, Act.SEND_TEXT, Act.RETRY, Act.NEW_CHAT})
_META = _EVERYWHERE | {Act.RECEIPTS, Act.SEND_ATTACHMENT, Act.REACT, Act.UNREACT, Act.PRIVATE_REPLY}
_TELEGRAM = _EVERYWHERE | {
    Act.SEND_ATTACHMENT,
    Act.REPLY_TO,
    Act.REPLY_MARKUP,
    Act.EDIT_TEXT,
    Act.EDIT_CAPTION,
    Act.EDIT_KEYBOARD,
}

TABLE: Mapping[str, frozenset[Act]] = {
    Platform.FACEBOOK: _META,
    Platform.INSTAGRAM: _META,
    Platform.TELEGRAM: _TELEGRAM,
    Platform.BLUESKY: _EVERYWHERE | {Act.ARCHIVE, Act.UNARCHIVE},
}
"""What each platform can do at all through the API."""

_REASONS: Mapping[Act, str] = {
    Act.RECEIPTS: "{name} has no delivery or read receipts",
    Act.SEND_ATTACHMENT: "{name} takes text only",
    Act.REPLY_TO: "{name} has no replies to a single message here; Telegram only",
    Act.REPLY_MARKUP: "{name} has no buttons here; Telegram only",
    Act.EDIT_TEXT: "Messages on {name} cannot be edited; Telegram only",
    Act.EDIT_CAPTION: "Messages on {name} cannot be edited; Telegram only",
    Act.EDIT_KEYBOARD: "{name} has no buttons here; Telegram only",
    Act.REACT: "{name} has no reactions",
    Act.UNREACT: "{name} has no reactions",
    Act.ARCHIVE: "{name} chats cannot be archived; Bluesky only",
    Act.UNARCHIVE: "{name} chats cannot be archived; Bluesky only",
    Act.PRIVATE_REPLY: "{name} has no private replies to comments; Facebook and Instagram only",
}
"""Why a platform cannot do what it lacks in the table."""

# Bluesky has reactions of its own; it is the API that does not carry them.
_OWN_REASONS: Mapping[tuple[str, Act], str] = {
    (Platform.BLUESKY, Act.REACT): "Reactions on Bluesky are not supported by the API",
    (Platform.BLUESKY, Act.UNREACT): "Reactions on Bluesky are not supported by the API",
}

_SENDS = frozenset({Act.SEND_TEXT, Act.SEND_ATTACHMENT, Act.REPLY_TO, Act.REPLY_MARKUP})

REACTIONS: Mapping[str, Mapping[str, str]] = {
    Platform.FACEBOOK: {
        "love": "❤️",
        "like": "👍",
        "dislike": "👎",
        "smile": "😆",
        "wow": "😮",
        "sad": "😢",
        "angry": "😡",
    },
    Platform.INSTAGRAM: {"love": "❤️"},
}
"""Named reactions that the API takes, with the emoji that they show (seed, "React to a message")."""

INBOUND_DELAY: Mapping[str, Milliseconds] = {Platform.BLUESKY: 300_000}
"""How late a message may reach the API: Bluesky is polled every five minutes; the others are pushed."""

LONGEST_DID = 2048
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")

COMMENT_AGE: Milliseconds = 7 * 86_400_000
"""Meta's limit for private replies (seed, "Private reply")."""


def platform_name(platform: str) -> str:
    """The platform's name for people; an unknown one is shown as it is."""
    return PLATFORM_NAMES.get(platform, platform)


def ask(
    act: Act,
    chat: Chat | None,
    message: Message | None = None,
    *,
    now: Milliseconds,
    profile: Profile | None = None,
    window: Window | None = None,
    written: bool | None = None,
    comment: Comment | None = None,
    replied: bool = False,
    tz: tzinfo = UTC,
) -> Answer:
    """Whether an act can be taken now (`now` in server time), and why not.

    Without `message`, the acts on messages are asked of the chat alone: could it ever be. `chat` may be None
    for a new chat and a private reply; then `profile` is needed. `window` and `written` (the customer has
    written at least once) say what the cache knows beyond the chat's row. `comment` and `replied` (it was
    answered privately before) belong to a private reply; `tz` to the times in reasons.
    """
    if chat is None and profile is None:
        raise ValueError("ask() needs a chat or a profile")
    platform = chat.platform if chat is not None else profile.platform if profile is not None else ""
    if act is Act.READ:
        return Allowed()
    if refusal := _on_platform(act, platform):
        return refusal
    if act is Act.RECEIPTS:
        return Allowed()
    if profile is not None and profile.status != "active":
        return _inactive(profile)
    if act is Act.PRIVATE_REPLY:
        return _private_reply(comment, replied=replied, now=now)
    if chat is None:
        return Allowed() if act is Act.NEW_CHAT else Refused("Open a chat first", cause=Cause.MESSAGE)
    if act in (Act.ARCHIVE, Act.UNARCHIVE):
        return _archive(act, chat)
    if message is not None and (refusal := _on_message(act, chat, message)):
        return refusal
    if act is Act.RETRY:
        act = Act.SEND_ATTACHMENT if message is not None and message.attachments else Act.SEND_TEXT
        if refusal := _on_platform(act, platform):
            return refusal
    if act in _SENDS:
        window = window_of(chat) if window is None else window
        return _send(chat, window, written=written, now=now, tz=tz)
    return Allowed()


def _on_platform(act: Act, platform: str) -> Refused | None:
    acts = TABLE.get(platform)
    name = platform_name(platform)
    if acts is None:
        return Refused(f"Direct messages on {name} are not supported by the API; they can only be read")
    if act in acts:
        return None
    return Refused(_OWN_REASONS.get((platform, act), _REASONS[act]).format(name=name))


def _inactive(profile: Profile) -> Refused:
    name = platform_name(profile.platform)
    if profile.status == "expired":
        what = f"The access of {profile.name} to {name} has expired"
    else:
        what = f"{profile.name} is not connected to {name} ({profile.status})"
    why = f": {profile.inactive_reason}" if profile.inactive_reason else ""
    return Refused(f"{what}{why}. Connect it again in Postproxy", cause=Cause.PROFILE)


def _private_reply(comment: Comment | None, *, replied: bool, now: Milliseconds) -> Answer:
    if replied:
        return Refused("This comment has had its private reply; Meta allows one, ever", cause=Cause.MESSAGE)
    if comment is None:
        return Allowed()
    ends = (comment.created_at if comment.posted_at is None else comment.posted_at) + COMMENT_AGE
    if now >= ends:
        return Refused("The comment is older than 7 days; Meta allows no private reply", cause=Cause.MESSAGE)
    return Allowed(until=ends)


def _archive(act: Act, chat: Chat) -> Answer:
    if act is Act.ARCHIVE and chat.archived:
        return Refused("The chat is archived already", cause=Cause.MESSAGE)
    if act is Act.UNARCHIVE and chat.archived is False:
        return Refused("The chat is not archived", cause=Cause.MESSAGE)
    return Allowed()


def _on_message(act: Act, chat: Chat, message: Message) -> Refused | None:
    reason = None
    if act is Act.RETRY:
        reason = _why_no_retry(message)
    elif act in (Act.EDIT_TEXT, Act.EDIT_CAPTION, Act.EDIT_KEYBOARD):
        reason = _why_no_edit(act, message)
    elif act in (Act.REACT, Act.UNREACT, Act.REPLY_TO):
        if message.deleted_at is not None:
            reason = "The message was deleted"
        elif message.external_id is None:
            reason = f"The message has not reached {platform_name(chat.platform)}"
        elif act is Act.UNREACT and not any(
            reaction.sender_external_id != chat.participant_external_id for reaction in message.reactions
        ):
            reason = "There is no reaction of yours on this message"
    return None if reason is None else Refused(reason, cause=Cause.MESSAGE)


def _why_no_retry(message: Message) -> str | None:
    if message.status == Status.FAILED_WAITING_FOR_RETRY:
        return "The service is still retrying; sending again could deliver it twice"
    if message.inbound or message.status != Status.FAILED:
        return "Only a message that failed can be sent again"
    if message.external_comment_id is not None:
        return "This was a private reply; write it again from the comment"
    return None


def _why_no_edit(act: Act, message: Message) -> str | None:
    if message.inbound:
        return "Only your own messages can be edited"
    if message.deleted_at is not None:
        return "The message was deleted"
    if message.status != Status.PUBLISHED:
        return "Only a message that has been delivered can be edited"
    keyboard = keyboards.parse(message.reply_markup)
    if keyboard is not None and keyboard.locks_message:
        return "Telegram allows no edits of a message sent with a reply keyboard or a forced reply"
    if act is Act.EDIT_TEXT and message.attachments:
        return "This message is a file; edit its caption"
    if act is Act.EDIT_CAPTION:
        if not message.attachments:
            return "This message has no file, so no caption; edit its text"
        if any(attachment.type == "sticker" for attachment in message.attachments):
            return "A sticker has no caption"
    return None


def _send(chat: Chat, window: Window, *, written: bool | None, now: Milliseconds, tz: tzinfo) -> Answer:
    person, name = chat.title, platform_name(chat.platform)
    if chat.platform == Platform.TELEGRAM:
        if not (chat.last_inbound_at is not None if written is None else written):
            return Refused(f"A Telegram bot cannot write first; {person} has to", cause=Cause.NOT_WRITTEN)
        return Allowed()
    state = window_state(window.closes_at, now, known=window.known)
    if state is WindowState.NEVER_OPENED:
        return Refused(f"{name} lets you write only after {person} has written", cause=Cause.NOT_WRITTEN)
    if state is WindowState.CLOSED and window.closes_at is not None:
        day = day_label(window.closes_at, now, tz)
        when = clock(window.closes_at, tz) if day == "today" else f"{day} {clock(window.closes_at, tz)}"
        return Refused(f"Window probably closed {when}; it opens when {person} writes", cause=Cause.WINDOW)
    return Allowed(until=window.closes_at)


def reaction_problem(platform: str, reaction: str | None, emoji: str | None) -> str | None:
    """Why a reaction would be refused where reacting is allowed; None: it is fine.

    Facebook takes any emoji, or a name that has one; Instagram only `love`, an emoji may go along with it.
    Neither given means `love`.
    """
    names = REACTIONS.get(platform)
    if names is None:
        return _OWN_REASONS.get((platform, Act.REACT), _REASONS[Act.REACT]).format(
            name=platform_name(platform)
        )
    if emoji and platform == Platform.FACEBOOK:
        return None
    if reaction is not None and reaction not in names:
        taken = ", ".join(names)
        if platform == Platform.FACEBOOK:
            return f"Facebook takes any emoji, or one of these names: {taken}"
        return f"{platform_name(platform)} takes the reaction {taken} only"
    return None


def participant_problem(platform: str, participant: str) -> str | None:
    """Why a new chat with this participant id would be refused; None: it may exist.

    Bluesky wants a DID (seed, "Starting a chat by DID"; its syntax is that of the AT Protocol), Telegram the
    number of its Bot API. Of Meta's ids the seed only says that they are not the name.
    """
    if not participant or participant != participant.strip():
        return "The platform's id of the person is needed"
    if platform == Platform.BLUESKY:
        if not participant.startswith("did:"):
            return "Bluesky needs the person's DID (did:plc:…), not the handle"
        if len(participant) > LONGEST_DID or not _DID.fullmatch(participant):
            return f"{preview(clean(participant), 40)} is no DID; one looks like did:plc:abc234… or did:web:…"
    elif platform == Platform.TELEGRAM:
        if not (participant.isascii() and participant.isdecimal()):
            return "Telegram needs the number of the person, not the user name"
    elif participant.startswith("@") or not participant.isprintable() or " " in participant:
        return f"{platform_name(platform)} needs its own id of the person, not the name or handle"
    return None
