"""The world before anybody touches it: who writes with the shop, about what, and when.

A chat is a pure function of (seed, chat number, moment at which the world began). At the start only
its outline is worked out, so that lists can be sorted; its messages are written when somebody first
looks at them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from .clock import DAY, HOUR, MINUTE, SECOND, iso_seconds
from .dialogues import CastMember, Dialogue, Line, everyday, full_name, pick_language

BLUESKY_POLL = 5 * MINUTE
"""How often the Bluesky poller runs (seed: "Bluesky notes")."""
PLATFORMS = ("instagram", "facebook", "telegram", "bluesky")
_SHARES = (38, 26, 24, 12)
_LONG = 200
"""Messages from which on a chat's silences get shorter."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided about a chat in advance."""

    number: int
    platform: str
    name: str
    username: str | None
    language: str
    count: int
    """Messages that the chat begins with."""
    newest_at: int
    """When the newest of them was written."""
    dialogues: tuple[tuple[Dialogue, int], ...]
    """Newest first with the number of lines said; goes on with everyday ones when they run out."""
    trait: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line at its place in a chat."""

    line: Line
    at: int
    part: int
    """Which dialogue of the chat the line belongs to, counted from the newest."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The times of a chat that its record shows."""

    first_at: int
    last_inbound_at: int | None
    last_outbound_at: int | None


def dice(seed: int, purpose: int, number: int) -> Random:
    """Chance that depends on nothing but the world's seed, what it decides, and whom it is for."""
    return Random((seed * 64 + purpose) * 2**40 + number)  # noqa: S311


def cast_plan(number: int, member: CastMember, began: int, extra: int = 0) -> Plan:
    """The plan of a person of the hand-made world; `extra` lengthens the thread by so many messages."""
    newest_first = tuple(reversed(member.dialogues))
    count = sum(shown for _, shown in newest_first) + extra
    if member.platform == "telegram" and count:
        count += newest_first[-1][0].lines[0].text != "/start"
    return Plan(
        number,
        member.platform,
        member.name,
        member.username,
        member.language,
        count,
        began - (member.age or 0),
        newest_first,
        member.trait,
    )


def generated_plan(seed: int, number: int, began: int, count: int) -> Plan:
    """The plan of the `number`-th person of a generated world."""
    random = dice(seed, 1, number)
    platform = random.choices(PLATFORMS, _SHARES)[0]
    language = pick_language(random)
    name = full_name(language, random)
    username = None if platform == "facebook" else _username(platform, name, number, random)
    # Three chats in four were active within a month, the rest within two years.
    age = int(random.paretovariate(0.5) * 90 * SECOND) if random.random() < 0.75 else 0
    if not 0 < age < 30 * DAY:
        age = random.randrange(DAY, 730 * DAY)
    dialogue = random.choice(everyday(language))
    shown = random.randrange(1, len(dialogue.lines) + 1)
    return Plan(number, platform, name, username, language, count, began - age, ((dialogue, shown),))


def _username(platform: str, name: str, number: int, random: Random) -> str:
    plain = "".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "shopper"
    if platform == "bluesky":
        return f"{plain}{number}.bsky.social"
    return f"{plain}{random.choice(('_', '.', '')) if platform == 'instagram' else ''}{number}"


def shares(seed: int, chats: int, messages: int) -> list[int]:
    """Deal `messages` out to `chats`: many short threads, a few long ones; the sum is exact."""
    if not chats:
        return []
    random = dice(seed, 2, 0)
    weights = [random.paretovariate(1.3) for _ in range(chats)]
    whole = max(0, messages - chats)
    scale = whole / sum(weights)
    counts = [1 + int(weight * scale) if messages >= chats else 0 for weight in weights]
    for index in range(messages - sum(counts)):
        counts[index % chats] += 1
    return counts


def backwards(plan: Plan, seed: int) -> Iterator[Spoken]:
    """A chat's lines from the newest to the oldest, exactly `plan.count` of them."""
    return islice(_endless(plan, seed), plan.count)


def _endless(plan: Plan, seed: int) -> Iterator[Spoken]:
    random = dice(seed, 3, plan.number)
    at, part, left = plan.newest_at, 0, plan.count
    queue = list(plan.dialogues)
    opener = Line(inbound=True, text="/start")
    # Threads of thousands of messages still span years, not centuries.
    long_squeeze = 1.0 if plan.trait else min(1.0, _LONG / plan.count)
    squeeze = min(1.0, 20_000 / plan.count)
    while left:
        dialogue, shown = queue[part] if part < len(queue) else (random.choice(everyday(plan.language)), 99)
        lines = dialogue.lines[:shown]
        for index in range(len(lines) - 1, -1, -1):
            line = lines[index]
            if plan.platform == "telegram" and left == 1:
                # A bot hears nothing before the person has pressed Start.
                line = opener
            yield Spoken(line, at, part)
            left -= 1
            if not left:
                return
            gap = _gap(line, lines[index - 1] if index else None, plan.trait, random)
            if plan.platform == "telegram" and left == 1:
                gap = min(gap, MINUTE)
            at -= int(gap * squeeze) if index else int(gap * long_squeeze)
        part += 1


def _gap(line: Line, previous: Line | None, trait: str, random: Random) -> int:
    if line.pause is not None:
        return line.pause
    if previous is None:
        return (
            random.randrange(6 * DAY, 8 * DAY)
            if trait == "wholesale"
            else random.randrange(2 * DAY, 25 * DAY)
        )
    if line.inbound == previous.inbound:
        return random.randrange(12 * SECOND, 95 * SECOND)
    if line.inbound:
        return random.randrange(MINUTE, 22 * MINUTE)
    return random.randrange(90 * SECOND, 55 * MINUTE)


def outline(plan: Plan, seed: int, *, generated: bool) -> Outline:
    """The times of a chat's record.

    A person of the cast has them counted; a generated chat from its newest lines, its beginning an
    estimate that no message of it precedes.
    """
    inbound: int | None = None
    outbound: int | None = None
    at = plan.newest_at
    for spoken in backwards(plan, seed):
        at = spoken.at
        if spoken.line.inbound:
            inbound = inbound if inbound is not None else at
        elif spoken.line.failure is None:
            outbound = outbound if outbound is not None else at
        if generated and inbound is not None and outbound is not None:
            silences = plan.count / 3 * min(1.0, _LONG / plan.count)
            return Outline(at - int(silences * 25 * DAY) - plan.count * HOUR, inbound, outbound)
    return Outline(at, inbound, outbound)


def metadata(platform: str, number: int, language: str, fetched_at: int, seed: int) -> dict[str, object]:
    """Facts about a person (seed: "Participant metadata"); keys that are unknown are left out."""
    random = dice(seed, 4, number)
    facts: dict[str, object] = {}
    if platform == "telegram":
        if random.random() < 0.9:
            facts["language_code"] = language
    elif platform == "bluesky":
        facts["muted"] = False
    else:
        if platform == "facebook":
            facts["page_id"] = "104857600012345"
            facts["is_payment_enabled"] = random.random() < 0.3
            facts["is_subscribed_to_messenger"] = random.random() < 0.8
        if random.random() < 0.9:
            facts["is_verified_user"] = random.random() < 0.04
            facts["is_user_follow_business"] = random.random() < 0.55
            facts["is_business_follow_user"] = random.random() < 0.1
        if platform == "instagram" and random.random() < 0.9:
            facts["follower_count"] = int(random.paretovariate(0.6) * 40)
    facts["participant_fetched_at"] = iso_seconds(fetched_at)
    return facts
