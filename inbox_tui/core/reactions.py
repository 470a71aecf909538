"""A reaction as a person gives it, as the API takes it, and as it looks."""

from __future__ import annotations

from collections.abc import Mapping

from inbox_tui.core.capabilities import REACTIONS
from inbox_tui.core.cells import graphemes
from inbox_tui.core.models import Platform

LOVE = "love"
"""What the API takes where no name is given (seed, "React to a message")."""
_COLOURED = "\ufe0f"
"""The sign that asks for the coloured form of an emoji; platforms give it or leave it out."""


def asked(platform: str, given: str) -> Mapping[str, str]:
    """The arguments `reaction` and `emoji` for a name or an emoji.

    An emoji that has a name goes by it: beside an emoji alone the API notes `love`. Instagram takes that
    name only, with any emoji along with it.
    """
    names = {bare(emoji): name for name, emoji in REACTIONS.get(platform, {}).items()}
    if given.isascii():
        return {"reaction": given.lower()}
    if bare(given) in names:
        return {"reaction": names[bare(given)]}
    return {"emoji": given, "reaction": LOVE} if platform == Platform.INSTAGRAM else {"emoji": given}


def looks(platform: str, reaction: str | None, emoji: str | None) -> str:
    """How a reaction looks to the customer: its emoji, which goes before a name, else that of its name."""
    name = reaction or LOVE
    return emoji or REACTIONS.get(platform, {}).get(name, name)


def bare(emoji: str) -> str:
    """An emoji by which it can be compared."""
    return emoji.replace(_COLOURED, "")


def emoji_problem(text: str) -> str | None:
    """Why a text is not one emoji; None: it is one, as far as can be told without a list of all of them."""
    clusters = list(graphemes(text))
    if len(clusters) != 1:
        return "One emoji, please" if clusters else "Type or paste an emoji"
    if all(character.isascii() or character.isalpha() for character in text):
        return f"{text} is no emoji"
    return None
