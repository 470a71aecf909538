"""What is known of the person of a chat, in lines: for the pane beside the thread and for the dialog."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from textual.content import Content

from inbox_tui.core.capabilities import INBOUND_DELAY
from inbox_tui.core.models import Chat, Json, Milliseconds
from inbox_tui.core.ranking import FOREVER
from inbox_tui.core.times import age, clock, day_label, duration, moment
from inbox_tui.core.window import WINDOW_PLATFORMS
from inbox_tui.store.customers import Customer, Other
from inbox_tui.store.db import now_ms
from inbox_tui.store.reads import ChatRow
from inbox_tui.ui import status
from inbox_tui.ui.profiles import Profiles

_FACTS = (
    ("is_verified_user", "verified", "not verified"),
    ("is_user_follow_business", "follows you", "does not follow you"),
    ("is_business_follow_user", "you follow them", "you do not follow them"),
    ("is_payment_enabled", "payments enabled", "payments not enabled"),
    ("is_subscribed_to_messenger", "subscribed to Messenger", "not subscribed to Messenger"),
)
"""Keys of `metadata` (seed: "Participant metadata"), in words for true and false."""


def person_lines(
    row: ChatRow,
    known: Customer,
    profiles: Profiles,
    now: Milliseconds,
    zone: tzinfo | None,
) -> list[Content]:
    """Everything about a person at a time of the server, and how fresh that is."""
    chat, zone = row.chat, zone or UTC
    lines = [Content(chat.title).stylize("bold")]
    if chat.participant_username and chat.participant_username != chat.title:
        lines.append(Content(f"@{chat.participant_username}"))
    lines.append(Content(profiles.place_of(chat)))
    if chat.archived:
        lines.append(Content("archived on the platform (muted)"))
    lines.append(Content(""))
    lines += _marks(row, now)
    lines += _note(known.note)
    lines += [Content(words) for words in _window(row, now, zone)]
    if (delay := INBOUND_DELAY.get(chat.platform)) is not None:
        lines.append(Content(f"messages may arrive {duration(delay)} late"))
    lines += [Content(words) for words in _metadata(chat)]
    lines.append(Content(""))
    lines += [Content(words) for words in _history(row, known, now, zone)]
    if row.needs_reply_since is not None:
        lines.append(Content(f"waiting for {age(now - row.needs_reply_since)}").stylize("$text-warning"))
    lines += _others(known.others, profiles, now)
    return [
        *lines,
        Content(""),
        *status.looks_in_words(profiles.freshness(row), now_ms(), complete=row.complete),
    ]


def _marks(row: ChatRow, now: Milliseconds) -> list[Content]:
    """What we have put on the chat ourselves."""
    lines = []
    if row.pinned:
        lines.append(Content("★ pinned"))
    if row.snoozed_until is not None and now < row.snoozed_until:
        when = "until they write" if row.snoozed_until == FOREVER else moment(row.snoozed_until, now, None)
        lines.append(Content(f"snoozed: {when}").stylize("$text-accent"))
    if row.labels:
        lines.append(Content(f"labels: {', '.join(row.labels)}"))
    return lines


def _note(text: str) -> list[Content]:
    """The private note, whole: its own colour, edge and word, so that it is not taken for a message."""
    if not text:
        return []
    lines = [Content.styled(f"┃ {line}", "$text-warning") for line in text.splitlines()]
    return [Content.styled("PRIVATE NOTE", "bold $text-warning"), *lines, Content("")]


def _window(row: ChatRow, now: Milliseconds, zone: tzinfo) -> list[str]:
    if row.chat.platform not in WINDOW_PLATFORMS:
        return []
    closes = row.window_closes_at
    if closes is None:
        return ["window never opened"]
    if closes > now:
        return [f"window closes {clock(closes, zone)} ({duration(closes - now)})"]
    return [f"window probably closed {day_label(closes, now, zone)} {clock(closes, zone)}"]


def _metadata(chat: Chat) -> list[str]:
    words = []
    followers = chat.metadata.get("follower_count")
    if isinstance(followers, int):
        words.append(f"{followers:,} followers")
    for key, yes, no in _FACTS:
        value: Json = chat.metadata.get(key)
        if isinstance(value, bool):
            words.append(yes if value else no)
    language = chat.metadata.get("language_code")
    if isinstance(language, str):
        words.append(f"language {language}")
    return words


def _history(row: ChatRow, known: Customer, now: Milliseconds, zone: tzinfo) -> list[str]:
    """Since when and how much they have written, and how long they had to wait for replies."""
    words = [f"first seen {day_label(row.chat.created_at, now, zone)}"]
    if row.chat.last_inbound_at is not None:
        words.append(f"last wrote {moment(row.chat.last_inbound_at, now, zone)}")
    count = f"{row.messages:,} {'message' if row.messages == 1 else 'messages'}"
    if not row.history_done:
        count += " cached"
    if row.messages_total is not None and not row.history_done and row.messages_total > row.messages:
        count += f" of {row.messages_total:,}"
    words.append(count)
    waits = known.waits
    if waits.median is None or waits.longest is None:
        return words
    if waits.count == 1:
        told = f"waited {duration(waits.longest)} for the one reply"
    else:
        told = (
            f"waited for {waits.count} replies: median {duration(waits.median)}, "
            f"longest {duration(waits.longest)}"
        )
    if known.counted < row.messages:
        told += f" (newest {known.counted} messages)"
    elif not row.history_done:
        told += " (of what is cached)"
    return [*words, told]


def _others(others: Sequence[Other], profiles: Profiles, now: Milliseconds) -> list[Content]:
    """Chats that may be theirs, too: numbered, as the dialog goes there by number."""
    if not others:
        return []
    lines = [Content(""), Content.styled("MAY BE THE SAME PERSON", "bold")]
    for number, other in enumerate(others, 1):
        name = other.chat.title
        same = f"same {other.why}, {age(now - other.active_at)}"
        lines.append(Content(f"{number} {name} · {profiles.place_of(other.chat)} ({same})"))
    return lines
