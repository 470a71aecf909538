"""Prepared texts with blanks: what one may say, how it is filled, and which of them a few letters mean.

    Hi {{name|there}}, order {{?order number}} left our warehouse today.

`{{name}}` is a fact of the customer or of our profile (`PLACEHOLDERS`), `{{name|there}}` has words for where
the fact is not known, `{{?order number}}` is asked of the person, `{{?order number|A-}}` with something to
begin with. What stays open stays in the text as it is written, and a text with such a blank is not sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Chat, JsonObject, Profile
from inbox_tui.core.text import clean, search_key

PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "name": "the customer's name",
        "first_name": "its first word",
        "username": "their username, with its @",
        "platform": "Instagram, Telegram, …",
        "profile": "the name of our profile",
        "profile_username": "its username, with its @",
    }
)
"""The facts that a snippet can name, and what each is."""

MOST_CHARACTERS = 60
"""Of a name."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A prepared text.

    `keyboard`: a Telegram `reply_markup` that goes with it, empty for none. `platforms`: where it may be
    used; none named: everywhere. `literal`: `{{…}}` means nothing in it.
    """

    name: str
    text: str
    keyboard: JsonObject = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    literal: bool = False

    def fits(self, platform: str) -> bool:
        """Whether it may be used on a platform."""
        return not self.platforms or platform in self.platforms

    @property
    def only(self) -> str:
        """Where it may be used, in words; empty: everywhere."""
        return " and ".join(platform_name(platform) for platform in self.platforms)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked of the person: the words, and what stands in the field to begin with."""

    label: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A snippet as it goes into a text; `blanks`: what stayed open, as it is written."""

    text: str
    blanks: tuple[str, ...]
    keyboard: JsonObject


@cache
def _place() -> re.Pattern[str]:
    """A blank: on one line, without braces inside."""
    return re.compile(r"\{\{\s*(\??)([^{}\n|]{1,100})(?:\|([^{}\n]{0,200}))?\}\}")


def _parts(found: re.Match[str]) -> tuple[bool, str, str | None]:
    """(asked of the person, its name, what to say without it) of a blank."""
    default = found[3]
    return bool(found[1]), " ".join(found[2].split()), None if default is None else default.strip()


def prompts(snippet: Snippet) -> tuple[Prompt, ...]:
    """What a snippet asks of the person, each once, in the order of the text."""
    asked: dict[str, Prompt] = {}
    for found in () if snippet.literal else _place().finditer(snippet.text):
        is_prompt, name, default = _parts(found)
        if is_prompt:
            asked.setdefault(name, Prompt(name, default or ""))
    return tuple(asked.values())


def names(snippet: Snippet) -> tuple[str, ...]:
    """The facts that a snippet names, each once, in the order of the text."""
    places = () if snippet.literal else _place().finditer(snippet.text)
    found = [name for is_prompt, name, _ in map(_parts, places) if not is_prompt]
    return tuple(dict.fromkeys(found))


def facts(chat: Chat, profile: Profile | None) -> dict[str, str]:
    """What is known for the placeholders of a snippet; what is not known is left out."""
    name = " ".join((chat.participant_name or "").split())
    known = {
        "name": name,
        "first_name": name.split(" ")[0],
        "username": _handle(chat.participant_username),
        "platform": platform_name(chat.platform),
        "profile": "" if profile is None else " ".join(profile.name.split()),
        "profile_username": _handle(None if profile is None else profile.username),
    }
    return {key: value for key, value in known.items() if value}


def _handle(username: str | None) -> str:
    words = "".join((username or "").split()).removeprefix("@")
    return f"@{words}" if words else ""


def fill(snippet: Snippet, known: Mapping[str, str], answers: Mapping[str, str] | None = None) -> Filled:
    """Put facts and answers in place of the blanks.

    `known`: facts by their names. `answers`: what the person said, by the words of the prompts; what is not
    answered stays open. What is put in is not looked at again: a customer's name is never a blank.
    """
    answers = answers or {}
    blanks: dict[str, None] = {}

    def put(found: re.Match[str]) -> str:
        is_prompt, name, default = _parts(found)
        value = answers.get(name, "") if is_prompt else known.get(name) or default
        if not value:
            blanks[found[0]] = None
            return found[0]
        return value

    text = snippet.text if snippet.literal else _place().sub(put, snippet.text)
    return Filled(text, tuple(blanks), snippet.keyboard)


def open_blanks(text: str, blanks: Iterable[str]) -> tuple[str, ...]:
    """Those of a snippet's blanks that still stand in a text."""
    return tuple(blank for blank in blanks if blank in text)


def typed_blank(text: str) -> str | None:
    """The first thing in a text that looks like a blank, wherever it came from."""
    found = _place().search(text)
    return None if found is None else found[0]


def refuse_open(blanks: Sequence[str]) -> None:
    """Raise Refused where blanks are left open: such a text is never sent."""
    if blanks:
        verb, them = ("is", "it") if len(blanks) == 1 else ("are", "them")
        raise Refused(
            f"{', '.join(blanks)} {verb} not filled in yet",
            f"Fill {them} in or take {them} out; nothing was sent",
        )


# ---------------------------------------------------------------- finding one


def found(snippets: Iterable[Snippet], letters: str, platform: str) -> list[Snippet]:
    """The snippets that a few letters mean: by their names first, then by their words.

    Those that may not be used on the platform stand behind all others. Else the order given stays.
    """
    wanted = search_key(letters.strip())

    def place(snippet: Snippet) -> int | None:
        name = search_key(snippet.name)
        if name.startswith(wanted):
            return 0
        if wanted in name:
            return 1
        rest = iter(name)
        if all(letter in rest for letter in wanted if not letter.isspace()):
            return 2
        text = search_key(snippet.text)
        return 3 if all(word in text for word in wanted.split()) else None

    placed = [(not each.fits(platform), at, each) for each in snippets if (at := place(each)) is not None]
    return [each for _, _, each in sorted(placed, key=lambda entry: entry[:2])]


def name_problem(name: str) -> str | None:
    """Why a snippet cannot be called so, as what is expected; None: it can."""
    if not name.strip() or name != " ".join(clean(name).split()):
        return "Write a name of one line, without spaces around it"
    if len(name) > MOST_CHARACTERS:
        return f"Write a name of at most {MOST_CHARACTERS} characters"
    return None
