"""The written part of the invented world: small conversations, people and places, by language.

A dialogue file holds blocks of lines. `# name` opens a dialogue; `<` is the person, `>` the shop;
brackets carry what is not text:

    [image parcel] [video unboxing] [audio voice] [sticker thumbs] [file invoice]
    [reaction ❤️ love]   set by the other side      [reply -2]   quotes two messages before
    [edited] [deleted] [unsupported]                 [pause 2d]   silence before the line
    [keyboard Yes=y:1|No=n:1 / Help=help]            [tap y:1]    press of a button above
    [failed reason] [waiting reason]                 a send that did not get through
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from .clock import DAY, HOUR, MINUTE

LANGUAGES = ("en", "es", "de", "fr", "ja", "zh", "ar", "pt", "uk", "it", "tr", "ko", "hi")
"""Languages that have a dialogue file."""
_WEIGHTS = (40, 9, 9, 9, 5, 5, 4, 6, 5, 4, 3, 3, 2)
_PRODUCTS = ("Alba Parka", "Kumo Tee", "Nordfjord Sweater", "Sola Dress", "Brisa Shirt", "Palo Jeans",
             "Tundra Fleece", "Miro Cardigan", "Terra Overalls", "Vela Raincoat")  # fmt: skip
_SIZES = ("XS", "S", "M", "L", "XL")
_CODES = ("WELCOME10", "SPRING15", "FRIENDS20", "ALBA5")
_TAG = re.compile(
    r"\[(image|video|audio|sticker|file|reaction|reply|edited|deleted|unsupported|pause|keyboard|tap"
    r"|failed|waiting)(?: ([^\]]*))?\] ?"
)
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a dialogue before names and numbers are filled in."""

    inbound: bool
    text: str = ""
    media: str | None = None
    """`type subject`, for example `image parcel`."""
    reaction: tuple[str, str] | None = None
    """Emoji and name."""
    reply: int = 0
    """How many messages back the quoted one is; 0 for none."""
    edited: bool = False
    deleted: bool = False
    unsupported: bool = False
    pause: int | None = None
    keyboard: str | None = None
    tap: str | None = None
    failure: str | None = None
    retrying: bool = False


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation about one matter."""

    name: str
    language: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Culture:
    """Names, places and weekdays of one language."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]
    days: tuple[str, ...]
    colours: tuple[str, ...]
    price: str


@dataclass(frozen=True, slots=True)
class CastMember:
    """One person of the hand-made world."""

    platform: str
    name: str
    username: str | None
    language: str
    dialogues: tuple[tuple[Dialogue, int], ...]
    """Oldest first, each with the number of its lines that have been said."""
    age: int | None
    """Milliseconds since the newest message, `None` where there is none."""
    trait: str


def duration(text: str) -> int:
    """Read `2d4h30m` as milliseconds."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([mhd])", text))


def read(name: str) -> str:
    """A file of the written world."""
    return (files(__package__) / "dialogues" / name).read_text(encoding="utf-8")


def _line(text: str) -> Line:
    tags: dict[str, str] = dict(_TAG.findall(text[2:]))
    emoji, _, name = tags.get("reaction", "").partition(" ")
    media = next((f"{tag} {tags[tag]}".strip() for tag in tags if tag in _MEDIA), None)
    return Line(
        inbound=text.startswith("<"),
        text=_TAG.sub("", text[2:]).strip(),
        media=media,
        reaction=(emoji, name) if emoji else None,
        reply=-int(tags.get("reply", "0")),
        edited="edited" in tags,
        deleted="deleted" in tags,
        unsupported="unsupported" in tags,
        pause=duration(tags["pause"]) if "pause" in tags else None,
        keyboard=tags.get("keyboard"),
        tap=tags.get("tap"),
        failure=tags.get("failed") or tags.get("waiting"),
        retrying="waiting" in tags,
    )


_MEDIA = frozenset({"image", "video", "audio", "sticker", "file"})


@cache
def dialogues(language: str) -> dict[str, Dialogue]:
    """Every dialogue of a language by its name, words joined by hyphens."""
    found: dict[str, Dialogue] = {}
    for block in re.split(r"^# ", read(f"{language}.txt"), flags=re.MULTILINE)[1:]:
        title, *lines = block.strip().splitlines()
        name = title.strip().replace(" ", "-")
        found[name] = Dialogue(name, language, tuple(_line(line) for line in lines if line.strip()))
    return found


@cache
def everyday(language: str) -> tuple[Dialogue, ...]:
    """Dialogues that fit any person: no failures, no wholesale orders, no bot buttons."""
    return tuple(
        dialogue
        for name, dialogue in dialogues(language).items()
        if not name.startswith(("failed", "waiting", "weekly", "bot", "reply-threads"))
    )


@cache
def _cultures() -> dict[str, Culture]:
    return {
        language: Culture(
            given=tuple(entry["given"]),
            family=tuple(entry["family"]),
            cities=tuple(entry["cities"]),
            days=tuple(entry["days"]),
            colours=tuple(entry["colours"]),
            price=entry["price"],
        )
        for language, entry in tomllib.loads(read("people.toml")).items()
    }


def culture(language: str) -> Culture:
    """Names and places of a language."""
    return _cultures()[language]


def pick_language(random: Random) -> str:
    """A language, English four times in ten."""
    return random.choices(LANGUAGES, _WEIGHTS)[0]


def full_name(language: str, random: Random) -> str:
    """An invented person's name, family name first where the language writes it so."""
    names = culture(language)
    given, family = random.choice(names.given), random.choice(names.family)
    return f"{family} {given}" if language in ("ja", "zh", "ko") else f"{given} {family}"


def first_name(name: str, language: str) -> str:
    """How the shop addresses a person."""
    parts = name.split()
    return parts[0] if language not in ("zh", "ko") else name.replace(" ", "")


def slots(language: str, name: str, random: Random) -> dict[str, str]:
    """Values for the gaps in a dialogue's lines; the same for all lines of one dialogue."""
    names = culture(language)
    return {
        "first": first_name(name, language),
        "product": random.choice(_PRODUCTS),
        "size": random.choice(_SIZES),
        "order": str(random.randrange(10_400, 99_999)),
        "tracking": f"AC{random.randrange(10**8, 10**9)}GB",
        "code": random.choice(_CODES),
        "number": str(random.randrange(3, 60)),
        "city": random.choice(names.cities),
        "day": random.choice(names.days),
        "colour": random.choice(names.colours),
        "price": names.price.format(amount=random.randrange(9, 140)),
    }


def fill(text: str, values: dict[str, str]) -> str:
    """Put the values into a line's gaps."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)


@cache
def cast() -> tuple[CastMember, ...]:
    """The people of the hand-made world, in the order of their chats' numbers."""
    members: list[CastMember] = []
    for row in read("cast.txt").splitlines():
        if not row or row.startswith("#"):
            continue
        platform, name, username, language, parts, age, trait = (cell.strip() for cell in row.split("|"))
        members.append(
            CastMember(
                platform,
                name,
                None if username == "-" else username,
                language,
                tuple(_dialogues_of(parts, language)),
                None if age == "-" else duration(age),
                trait,
            )
        )
    return tuple(members)


def _dialogues_of(parts: str, language: str) -> list[tuple[Dialogue, int]]:
    chosen: list[tuple[Dialogue, int]] = []
    for part in parts.split(","):
        name, _, shown = part.strip().partition(":")
        prefix, _, count = name.partition("*")
        if name == "-":
            continue
        if count:
            matching = [d for key, d in dialogues(language).items() if key.startswith(prefix)]
            chosen.extend((d, len(d.lines)) for d in (matching * int(count))[: int(count)])
            continue
        dialogue = dialogues(language).get(name) or dialogues("en")[name]
        chosen.append((dialogue, int(shown) if shown else len(dialogue.lines)))
    return chosen
