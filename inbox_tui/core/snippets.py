"""Prepared texts with blanks: what one may say, how it is filled, and which of them a few letters mean.

    Hi {{name|there}}, order {{?order number}} left our warehouse today.

`{{name}}` is a fact of the customer or of our profile (`PLACEHOLDERS`), `{{name|there}}` has words for where
the fact is not known, `{{?order number}}` is asked of the person, `{{?order number|A-}}` with something to
begin with. What stays open stays in the text as it is written, and a text with such a blank is not sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from inbox_tui.core import toml_tables
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Chat, Json, JsonObject, Profile
from inbox_tui.core.text import clean, search_key
from inbox_tui.core.toml_tables import Table

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
    used; none named: everywhere. `literal`: `{{…}}` means nothing in it. `line`: where it begins in its file.
    """

    name: str
    text: str
    keyboard: JsonObject = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    literal: bool = False
    line: int = 0

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
        raise Refused(
            f"{', '.join(blanks)} {'is' if len(blanks) == 1 else 'are'} not filled in yet",
            "Fill it in or take it out; nothing was sent",
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


# ---------------------------------------------------------------- the file


@dataclass(frozen=True, slots=True)
class Fault:
    """What of a file is wrong: its line (from 1), what was expected, and the name of a snippet lost by it."""

    line: int
    words: str
    lost: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The snippets of a file by name, in its order, and what is wrong with the rest."""

    snippets: Mapping[str, Snippet]
    faults: tuple[Fault, ...] = ()


NOTHING = Reading(MappingProxyType({}))


def read(text: str) -> Reading:
    """The snippets of a `snippets.toml`. Never raises: what cannot be understood is named, the rest is read.

    A table a snippet: `text`, and where wanted `keyboard` (lines as in the builder of buttons, or a
    `reply_markup`), `platforms` and `literal`.
    """
    snippets: dict[str, Snippet] = {}
    faults: list[Fault] = []
    for table in toml_tables.read(text):
        if table.fault is not None:
            faults.append(Fault(table.line, table.fault, table.name))
            continue
        wrong = list(_wrong(table))
        name = clean(table.name)
        lost = next((fault for fault in wrong if fault.lost), None)
        faults += wrong
        if lost is None:
            snippets[name] = _snippet(table)
    return Reading(MappingProxyType(snippets), tuple(sorted(faults, key=lambda fault: fault.line)))


_KNOWN = ("text", "keyboard", "platforms", "literal")


def _wrong(table: Table) -> Iterator[Fault]:
    """What is wrong with a table; faults that name a snippet leave it out."""
    name, values = clean(table.name), table.values
    if not isinstance(values, Mapping):
        yield Fault(table.line, f"expected [{name}] and, below it, text = …", name)
        return
    problem = name_problem(table.name)
    if problem is not None:
        yield Fault(table.line, problem, name)
    said = values.get("text")
    if not isinstance(said, str) or not said.strip():
        yield Fault(table.line_of("text"), f"expected text = a text in quotes, for [{name}]", name)
    else:
        yield from _unknown(table, Snippet(name, clean(said), literal=values.get("literal") is True))
    if not isinstance(values.get("literal", False), bool):
        yield Fault(table.line_of("literal"), "expected literal = true or false", name)
    if _platforms(values.get("platforms", [])) is None:
        expected = "facebook, instagram, telegram or bluesky"
        yield Fault(table.line_of("platforms"), f'expected platforms = ["…"] of {expected}', name)
    _, problem = _keyboard(values.get("keyboard", {}))
    if problem:
        yield Fault(table.line_of("keyboard"), problem, name)
    for key in values:
        if key not in _KNOWN:
            known = ", ".join(_KNOWN)
            yield Fault(table.line_of(str(key)), f"{clean(str(key))} means nothing here; expected {known}")


def _unknown(table: Table, snippet: Snippet) -> Iterator[Fault]:
    for name in names(snippet):
        if name not in PLACEHOLDERS:
            near = get_close_matches(name, PLACEHOLDERS, n=1)
            expected = f"did you mean {{{{{near[0]}}}}}?" if near else f"expected {', '.join(PLACEHOLDERS)}"
            line = table.line_of(name, anywhere=True)
            yield Fault(line, f"{{{{{name}}}}} is known of nobody; {expected}")


def name_problem(name: str) -> str | None:
    """Why a snippet cannot be called so, as what is expected; None: it can."""
    if not name.strip() or name != " ".join(clean(name).split()):
        return "expected a name of one line, without spaces around it"
    if len(name) > MOST_CHARACTERS:
        return f"expected a name of at most {MOST_CHARACTERS} characters"
    return None


def _snippet(table: Table) -> Snippet:
    """The snippet of a table in which nothing that counts is wrong."""
    values = table.values
    if not isinstance(values, Mapping):
        raise TypeError(f"not a table: {table.name}")
    return Snippet(
        name=table.name,
        # The last line break of a text in three quotes belongs to how it is written.
        text=clean(str(values["text"])).removesuffix("\n"),
        keyboard=_keyboard(values.get("keyboard", {}))[0],
        platforms=_platforms(values.get("platforms", [])) or (),
        literal=values.get("literal") is True,
        line=table.line,
    )


def _platforms(value: object) -> tuple[str, ...] | None:
    """The platforms of a setting; None where it cannot be understood."""
    from inbox_tui.core.query import PLATFORM_ALIASES

    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        return None
    found = [PLATFORM_ALIASES.get(each.strip().lower()) for each in listed]
    return None if None in found else tuple(dict.fromkeys(each.value for each in found if each is not None))


def _keyboard(value: object) -> tuple[JsonObject, str]:
    """The markup of a setting, and what is wrong with it; empty where nothing is."""
    from inbox_tui.core import keyboards
    from inbox_tui.core.keyboard_text import Design
    from inbox_tui.core.keyboard_text import read as read_design

    if isinstance(value, str):
        reading = read_design(Design(text=clean(value)))
        if reading.faults:
            fault = reading.faults[0]
            return {}, f"expected lines of buttons; {fault.place or 'the keyboard'}: {fault.message}"
        return reading.markup, ""
    if not isinstance(value, Mapping):
        return {}, "expected keyboard = lines of buttons in quotes, or a table as Telegram's reply_markup"
    markup: dict[str, Json] = {str(key): each for key, each in value.items()}
    problem = next(iter(keyboards.check(markup)), None) if markup else None
    return markup, "" if problem is None else f"Telegram would refuse the keyboard: {problem}"
