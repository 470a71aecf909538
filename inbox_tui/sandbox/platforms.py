"""What each network refuses, in its own words.

Figures and texts: seed ("Telegram notes", "Bluesky notes"), platforms.md parts B, C3 and D.
"""

from __future__ import annotations

from collections.abc import Mapping

from wcwidth import iter_graphemes

from .clock import DAY, HOUR

WINDOW = 24 * HOUR
"""Facebook and Instagram: free text only this long after the person's last message."""
PRIVATE_REPLY_AGE = 7 * DAY
"""Facebook and Instagram: a comment can be answered privately this long."""
OUTSIDE_WINDOW = (
    "(#10) This message is sent outside of allowed window. Learn more about the new policy here:"
    " https://developers.facebook.com/docs/messenger-platform/policy-overview"
)
CANNOT_INITIATE = "Forbidden: bot can't initiate conversation with a user"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly"
    " the same as a current content and reply markup of the message"
)
MESSENGER_EMOJI = {
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
    "smile": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😡",
}
"""What a named reaction is on Messenger (seed: "React to message")."""
TRAIT_REFUSALS = {
    "blocked": "Forbidden: bot was blocked by the user",
    "unavailable": "(#551) This person isn't available right now.",
    "closed-dms": "recipient requires incoming messages to come from someone they follow",
}
"""People who cannot be reached, whatever is written."""
REFUSED = {
    "facebook": "(#100) No matching user found",
    "instagram": "(#100) No matching user found",
    "telegram": "Forbidden: user is deactivated",
    "bluesky": "block between recipient and sender",
}
"""Words for a refusal that nothing else explains."""
OVERLOADED = {
    "facebook": "(#2) Service temporarily unavailable",
    "instagram": "(#2) Service temporarily unavailable",
    "telegram": "Too Many Requests: retry after 5",
    "bluesky": "UpstreamFailure: the chat service did not answer",
}
"""Words for an error that passes."""
DISCONNECTED = {
    "facebook": "Error validating access token: The session has been invalidated.",
    "instagram": "Error validating access token: The session has been invalidated.",
    "telegram": "Unauthorized",
    "bluesky": "ExpiredToken: Token has been revoked",
}
"""Words for a profile that lost its connection."""
MEDIA_UNREACHABLE = {
    "facebook": "(#100) Upload attachment failure: the file could not be fetched",
    "instagram": "(#100) Upload attachment failure: the file could not be fetched",
    "telegram": "Bad Request: failed to get HTTP URL content",
}
_MEGABYTE = 1024 * 1024
_MEDIA_LIMITS = {
    ("facebook", "image"): 8,
    ("facebook", ""): 25,
    ("instagram", "image"): 8,
    ("instagram", ""): 25,
    ("telegram", "image"): 10,
    ("telegram", ""): 50,
}
"""Largest file in megabytes, by network and type."""


def media_refusal(platform: str, kind: str, content_type: str, size: int) -> str | None:
    """Why a file is not taken by the network, in its words; `None` where it is."""
    limit = _MEDIA_LIMITS.get((platform, kind), _MEDIA_LIMITS[platform, ""]) * _MEGABYTE
    if size > limit:
        return (
            "Bad Request: file is too big"
            if platform == "telegram"
            else f"(#100) Upload attachment failure: the file is larger than {limit // _MEGABYTE} MB"
        )
    if platform == "instagram" and kind == "file" and content_type != "application/pdf":
        return "(#100) Upload attachment failure: only PDF files are supported"
    return None


def has_window(platform: str) -> bool:
    """Whether the network closes a chat 24 hours after the person's last message."""
    return platform in ("facebook", "instagram")


def has_reactions(platform: str) -> bool:
    """Whether reactions and receipts exist on the network."""
    return platform in ("facebook", "instagram")


def text_refusal(platform: str, text: str) -> str | None:
    """Why a text is too long for the network, in its words; `None` where it fits."""
    if platform == "facebook" and len(text.encode("utf-16-le", "surrogatepass")) // 2 > 2000:
        return "(#100) Length of param message[text] must be less than or equal to 2000"
    if platform == "instagram" and len(text.encode("utf-8", "surrogatepass")) > 1000:
        return "(#100) Length of param message[text] must be less than or equal to 1000"
    if platform == "telegram":
        if not text.strip():
            return "Bad Request: message text is empty"
        if len(text) > 4096:
            return "Bad Request: message is too long"
    if platform == "bluesky" and (
        sum(1 for _ in iter_graphemes(text)) > 1000 or len(text.encode("utf-8", "surrogatepass")) > 10_000
    ):
        return "InvalidRequest: Input/message/text must not be longer than 1000 graphemes"
    return None


def markup_refusal(markup: Mapping[str, object], *, edit: bool = False) -> str | None:
    """Why Telegram refuses a reply_markup, in its words; `None` where it takes it.

    Telegram reads the first non-empty of `keyboard`, `inline_keyboard`, `remove_keyboard`,
    `force_reply`; an edit takes inline keyboards only.
    """
    if markup.get("keyboard"):
        return (
            "Bad Request: inline keyboard expected"
            if edit
            else _rows_refusal(markup["keyboard"], inline=False)
        )
    if markup.get("inline_keyboard"):
        return _rows_refusal(markup["inline_keyboard"], inline=True)
    if edit and (markup.get("remove_keyboard") or markup.get("force_reply")):
        return "Bad Request: inline keyboard expected"
    for name in ("remove_keyboard", "force_reply"):
        if name in markup and not isinstance(markup[name], bool):
            return f'Bad Request: field "{name}" must be of type Boolean'
    return None


def is_empty_markup(markup: Mapping[str, object]) -> bool:
    """Whether Telegram takes the object for "no keyboard"."""
    return not any(
        markup.get(key) for key in ("keyboard", "inline_keyboard", "remove_keyboard", "force_reply")
    )


_ACTIONS = (
    "url", "callback_data", "callback_game", "pay", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "login_url", "web_app", "copy_text", "disabled",
)  # fmt: skip


def _rows_refusal(rows: object, *, inline: bool) -> str | None:
    name, owner = (
        ("inline_keyboard", "InlineKeyboardMarkup") if inline else ("keyboard", "ReplyKeyboardMarkup")
    )
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return f'Bad Request: field "{name}" of the {owner} must be an Array of Arrays'
    if any(len(row) > 8 for row in rows if inline) or sum(len(row) for row in rows) > 100 * (
        1 if inline else 3
    ):
        return "Bad Request: reply markup is too long"
    for row in rows:
        for button in row:
            refusal = _inline_refusal(button) if inline else _plain_refusal(button)
            if refusal is not None:
                return refusal
    return None


def _plain_refusal(button: object) -> str | None:
    if isinstance(button, str):
        return None
    if not isinstance(button, dict):
        return "Bad Request: can't parse keyboard button: KeyboardButton must be an Object"
    if not isinstance(button.get("text"), str):
        return "Bad Request: can't parse keyboard button: Can't find field \"text\""
    return None


def _inline_refusal(button: object) -> str | None:
    prefix = "Bad Request: can't parse inline keyboard button: "
    if not isinstance(button, dict):
        return f"{prefix}InlineKeyboardButton must be an Object"
    text = button.get("text")
    if not isinstance(text, str) or not text:
        return f'{prefix}Can\'t find field "text"'
    action = next((key for key in _ACTIONS if key in button), None)
    if action is None:
        return f"{prefix}Text buttons are unallowed in the inline keyboard"
    value = button[action]
    if action == "callback_data" and not (isinstance(value, str) and 1 <= len(value.encode()) <= 64):
        return "Bad Request: BUTTON_DATA_INVALID"
    if action == "url" and not (
        isinstance(value, str) and value.startswith(("http://", "https://", "tg://")) and " " not in value
    ):
        return "Bad Request: BUTTON_URL_INVALID"
    if action == "copy_text" and not (
        isinstance(value, dict) and isinstance(value.get("text"), str) and 1 <= len(value["text"]) <= 256
    ):
        return "Bad Request: BUTTON_COPY_TEXT_INVALID"
    return None
