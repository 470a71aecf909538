"""The customer pane: what is known of the person, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from textual.content import Content
from textual.widgets import Static

from inbox_tui.core.capabilities import INBOUND_DELAY, platform_name
from inbox_tui.core.models import Chat, Json, Milliseconds, Platform, Profile
from inbox_tui.core.ranking import FOREVER
from inbox_tui.core.times import age, clock, day_label, duration, moment
from inbox_tui.store.reads import ChatRow

_FACTS = (
    ("is_verified_user", "verified", "not verified"),
    ("is_user_follow_business", "follows you", "does not follow you"),
    ("is_business_follow_user", "you follow them", "you do not follow them"),
    ("is_payment_enabled", "payments enabled", "payments not enabled"),
    ("is_subscribed_to_messenger", "subscribed to Messenger", "not subscribed to Messenger"),
)
"""Keys of `metadata` (seed: "Participant metadata"), in words for true and false."""


class Customer(Static):
    """Facts of the chat that is shown, as plain lines."""

    _latest = Content("")

    def show(
        self,
        row: ChatRow,
        profile: Profile | None,
        looks: Sequence[Content],
        now: Milliseconds,
        zone: tzinfo | None,
        note: str = "",
    ) -> None:
        """Draw a chat's facts at a time of the server; `looks`: how fresh they are, in words."""
        lines = [*_lines(row, profile, now, zone or UTC), Content(""), *looks]
        if note:
            lines += [Content(""), Content.styled("PRIVATE NOTE (P)", "bold $text-warning")]
            lines += [Content.styled(f"┃ {line}", "$text-warning") for line in note.splitlines()]
        self._latest = Content("\n").join(lines)
        if all(node.display for node in self.ancestors_with_self):
            self._draw()

    def on_show(self) -> None:
        """Draw what came while there was no room for this pane."""
        self._draw()

    def _draw(self) -> None:
        # Textual lays the whole screen out anew for a change of what is hidden, and may then miss what has
        # to be painted over: a toast that went in the same moment stayed on the screen.
        if self.content != self._latest:
            self.update(self._latest, layout=False)


def _lines(row: ChatRow, profile: Profile | None, now: Milliseconds, zone: tzinfo) -> list[Content]:
    chat = row.chat
    lines = [Content(chat.title).stylize("bold")]
    if chat.participant_username and chat.participant_username != chat.title:
        lines.append(Content(f"@{chat.participant_username}"))
    lines.append(Content(f"{platform_name(chat.platform)} · {profile.name if profile else chat.profile_id}"))
    if chat.archived:
        lines.append(Content("archived on the platform (muted)"))
    lines.append(Content(""))
    lines += _marks(row, now)
    lines += [Content(words) for words in _window(row, now, zone)]
    if (delay := INBOUND_DELAY.get(chat.platform)) is not None:
        lines.append(Content(f"messages may arrive {duration(delay)} late"))
    lines += [Content(words) for words in _metadata(chat)]
    lines.append(Content(""))
    since = f"{day_label(chat.created_at, now, zone)}"
    count = f"{row.messages} messages" if row.history_done else f"{row.messages} messages cached"
    if row.messages_total is not None and not row.history_done and row.messages_total > row.messages:
        count += f" of {row.messages_total}"
    lines += [Content(f"first seen {since}"), Content(count)]
    if row.needs_reply_since is not None:
        lines.append(Content(f"waiting for {age(now - row.needs_reply_since)}").stylize("$text-warning"))
    return lines


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


def _window(row: ChatRow, now: Milliseconds, zone: tzinfo) -> list[str]:
    if row.chat.platform not in (Platform.FACEBOOK, Platform.INSTAGRAM):
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
