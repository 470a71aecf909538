"""`edit`, `react`, `unreact`, `archive`, `unarchive`, `private-reply`, `new-chat`: what each is about."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import dataclass

from inbox_tui.cli.carrying import NOTHING, Manner, Subject, carry_out
from inbox_tui.cli.naming import Use, chat_named, profile_named
from inbox_tui.cli.reading import find_chat
from inbox_tui.config import Settings
from inbox_tui.core import reactions
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import InboxError, Refused, UsageError
from inbox_tui.core.models import Json, JsonObject, Message
from inbox_tui.core.snippets import typed_blank
from inbox_tui.core.text import clean
from inbox_tui.store import acts, fetched, lookups
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import open_reader, prepare
from inbox_tui.store.reads import ChatRow


def edit(
    settings: Settings,
    name: str,
    text: str | None,
    *,
    markup: str | None,
    remove: bool,
    as_is: bool,
    manner: Manner,
) -> int:
    """Change the text, the caption or the keyboard of an own message."""
    payload: dict[str, Json] = {}
    if markup is not None and remove:
        raise UsageError("--markup and --remove-keyboard exclude each other", "Give one of them")
    if markup is not None or remove:
        payload["reply_markup"] = {} if markup is None else read_markup(markup)
    else:
        text = read_text(text)
    if text is not None:
        payload["text"] = no_blank(clean(text), as_is=as_is)
    message, row = _message(settings, name)
    before = {"text": message.body, "reply_markup": message.reply_markup}
    what = "the keyboard" if text is None else "the text" if len(payload) == 1 else "text and keyboard"
    words = f"edit {what} of message {message.id} to {row.chat.title} ({platform_name(row.chat.platform)})"
    payload = {"message_id": message.id, **payload, "before": before}
    return carry_out(
        settings, ActName.EDIT, Subject(row.chat.id, row.chat.profile_id, payload, words), manner
    )


def react(settings: Settings, name: str, reaction: str | None, *, manner: Manner) -> int:
    """Set our reaction to a message: an emoji, or a name that the platform has."""
    message, row = _message(settings, name)
    given = clean(reaction or reactions.LOVE).strip()
    problem = None if given.isascii() else reactions.emoji_problem(given)
    if problem is not None:
        raise Refused(problem, NOTHING)
    payload: dict[str, Json] = {"message_id": message.id, **reactions.asked(row.chat.platform, given)}
    words = f"react with {given} to message {message.id} of {row.chat.title}"
    return carry_out(
        settings, ActName.REACT, Subject(row.chat.id, row.chat.profile_id, payload, words), manner
    )


def unreact(settings: Settings, name: str, *, manner: Manner) -> int:
    """Take our reaction off a message."""
    message, row = _message(settings, name)
    words = f"take the reaction off message {message.id} of {row.chat.title}"
    subject = Subject(row.chat.id, row.chat.profile_id, {"message_id": message.id}, words)
    return carry_out(settings, ActName.UNREACT, subject, manner)


def archive(settings: Settings, name: str, *, back: bool, manner: Manner) -> int:
    """Archive a chat, or bring it `back`."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        chat = chat_named(settings, reader, name, Use.SENDING).chat
    words = f"{'bring back' if back else 'archive'} the chat with {chat.title}"
    act = ActName.UNARCHIVE if back else ActName.ARCHIVE
    return carry_out(settings, act, Subject(chat.id, chat.profile_id, {}, words), manner)


def private_reply(
    settings: Settings, post_id: str, name: str, text: str | None, *, as_is: bool, manner: Manner
) -> int:
    """Write to who wrote a comment, once."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        found = fetched.find_comments(reader, post_id, name)
    if not found:
        raise InboxError(
            f"There is no comment {name} of post {post_id} in the cache",
            "`inbox-tui comments PROFILE` fetches and lists them",
        )
    if len(found) > 1:
        ids = " and ".join(sorted(comment.id for _, comment in found))
        raise UsageError(f"{name} names more than one comment", f"Name one by its id, such as {ids}")
    profile_id, comment = found[0]
    text = no_blank(clean(read_text(text)), as_is=as_is)
    payload: JsonObject = {
        "post_id": post_id,
        "comment_id": comment.id,
        "comment_external_id": comment.external_id,
        "text": text,
    }
    author = comment.author_name or comment.author_username or "its author"
    words = f"reply privately to {author}: {text}"
    subject = Subject(acts.comment_chat(comment.id), profile_id, payload, words)
    return carry_out(settings, ActName.PRIVATE_REPLY, subject, manner)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a chat is begun with: the platform's id, and what else is known of them."""

    participant: str
    name: str | None = None
    username: str | None = None


def new_chat(
    settings: Settings, profile_name: str, person: Person, text: str | None, *, as_is: bool, manner: Manner
) -> int:
    """Begin a chat, or find the one that there is, and write into it where there is a text."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        profile = profile_named(reader, profile_name)
    payload: dict[str, Json] = {"participant": person.participant, **acts.named(person.name, person.username)}
    if text is not None:
        payload["text"] = no_blank(clean(read_text(text)), as_is=as_is)
    words = f"begin a chat with {person.participant} from {profile.name} ({platform_name(profile.platform)})"
    chat_id = acts.new_chat_of(profile.id, person.participant)
    return carry_out(settings, ActName.NEW_CHAT, Subject(chat_id, profile.id, payload, words), manner)


def read_text(text: str | None) -> str:
    """A text as it was given, or from standard input. Raises UsageError where there is none."""
    given = text
    if text is None:
        text = "" if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    if not clean(text).strip():
        what = "The text is empty" if given else "There is no text to send"
        raise UsageError(what, f"Give it as an argument or on standard input; {NOTHING.lower()}")
    return text


def no_blank(text: str, *, as_is: bool) -> str:
    """The text. Raises Refused where something in it looks like a blank, unless it is to go as it is.

    The screen asks for Enter once more.
    """
    blank = None if as_is else typed_blank(text)
    if blank is not None:
        raise Refused(f"{blank} looks like a blank", f"{NOTHING}; --as-is sends the text as it is")
    return text


def read_markup(text: str) -> JsonObject:
    """A `reply_markup` as it was given. Raises UsageError where it is no JSON object."""
    try:
        markup = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The keyboard is no JSON ({error})", NOTHING) from error
    if not isinstance(markup, dict):
        raise UsageError("A keyboard is a JSON object", NOTHING)
    return markup


def _message(settings: Settings, name: str) -> tuple[Message, ChatRow]:
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        message = lookups.message(reader, name)
        if message is None:
            raise InboxError(
                f"There is no message {name} in the cache",
                "Give an id of `inbox-tui thread CHAT --json`, or run `inbox-tui sync --once` first",
            )
        return message, find_chat(lookups.chat(reader, message.chat_id), message.chat_id)
