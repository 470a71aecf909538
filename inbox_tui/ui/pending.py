"""What the person has asked for and the platform has not done yet, laid over what the cache shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inbox_tui.core.models import Message, Reaction
from inbox_tui.core.reactions import looks
from inbox_tui.store.acts import ActName
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.ui.keymap import Keymap
from inbox_tui.ui.lines import Piece

OVER = frozenset({State.FAILED.value, State.UNCERTAIN.value})
"""States of an act that has not changed the message, as far as is known; the old one is drawn."""


def edits(pending: Sequence[OutboxItem]) -> list[OutboxItem]:
    """The edits among the pending acts on a message, oldest first."""
    return [item for item in pending if item.act == ActName.EDIT]


def edited(message: Message, pending: Sequence[OutboxItem]) -> Message:
    """The message as it will be when every edit that is on its way has been made."""
    for item in edits(pending):
        if item.state in OVER:
            continue
        text, markup = item.payload.get("text"), item.payload.get("reply_markup")
        if isinstance(text, str):
            message = replace(message, body=text)
        if isinstance(markup, Mapping):
            message = replace(message, reply_markup=markup or None)
    return message


def edit_marks(pending: Sequence[OutboxItem], keymap: Keymap) -> list[Piece]:
    """What is to be said of the edits of a message: on their way, refused with the platform's words."""
    marks: list[Piece] = []
    for item in edits(pending):
        why = f"{item.title}. {item.hint}".strip(". ")
        if item.state == State.FAILED:
            marks.append((f"✗ edit refused: {why or 'no reason given'}{_again(keymap, 'retry')}", "error"))
        elif item.state == State.UNCERTAIN:
            marks.append((f"? uncertain whether it was edited: {why}{_again(keymap, 'again')}", "error"))
        else:
            marks.append((f"… {_doing(item)}{f', waiting: {why}' if why else ''}", "muted"))
    return marks


def _again(keymap: Keymap, word: str) -> str:
    return keymap.offers(retry=word, discard="discard")


def _doing(item: OutboxItem) -> str:
    before = item.payload.get("before")
    was = before if isinstance(before, Mapping) else {}
    markup = item.payload.get("reply_markup")
    if "text" in item.payload and item.payload["text"] != was.get("text"):
        return "editing"
    return "changing the buttons" if markup else "removing the buttons"


def reactions(pending: Sequence[OutboxItem]) -> list[OutboxItem]:
    """The reactions, and the taking off of them, among the pending acts on a message, oldest first."""
    return [item for item in pending if item.act in (ActName.REACT, ActName.UNREACT)]


def reacted(
    message: Message, pending: Sequence[OutboxItem], platform: str, own: frozenset[str]
) -> tuple[tuple[Reaction, ...], str | None]:
    """The reactions of a message as they will be, without ours where one of ours is on its way; and that one.

    `own`: the ids that are ours. The second is an emoji, empty where ours is being taken off, None where
    nothing is on its way.
    """
    under_way = [item for item in reactions(pending) if item.state not in OVER]
    if not under_way:
        return message.reactions, None
    others = tuple(reaction for reaction in message.reactions if reaction.sender_external_id not in own)
    newest = under_way[-1]
    return others, emoji_of(newest, platform) if newest.act == ActName.REACT else ""


def reaction_marks(pending: Sequence[OutboxItem], platform: str, keymap: Keymap) -> list[Piece]:
    """What is to be said of reactions that were refused, or may not have arrived."""
    marks: list[Piece] = []
    for item in reactions(pending):
        why = f"{item.title}. {item.hint}".strip(". ") or "no reason given"
        on = item.act == ActName.REACT
        what = f"reaction {emoji_of(item, platform)}" if on else "taking the reaction off"
        if item.state == State.FAILED:
            marks.append((f"✗ {what} refused: {why}{_again(keymap, 'retry')}", "error"))
        elif item.state == State.UNCERTAIN:
            marks.append((f"? {what} uncertain: {why}{_again(keymap, 'again')}", "error"))
    return marks


def emoji_of(item: OutboxItem, platform: str) -> str:
    """How the reaction of an item will look."""
    name, emoji = item.payload.get("reaction"), item.payload.get("emoji")
    return looks(platform, str(name) if name else None, str(emoji) if emoji else None)
