"""An account of any size, written to files once: what a replay server answers and a store is filled with.

Everything follows the seed. Messages have a median of about 56 bytes; 12 % hold an emoji, 6 % are Chinese,
Japanese or Korean, 4 % have several lines. Every key of the API reference is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TypeAlias

Record: TypeAlias = dict[str, object]

PLATFORMS = ("instagram", "facebook", "telegram", "bluesky")
GROUP = "grp001"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VOCABULARY = """the order parcel wool scarf size when can you send it back please thanks for your help is
there any news about my refund blue green number arrived today not yet still waiting hello good morning shop
we will look at this and write to again soon have a nice day colour"""
_WORDS = _VOCABULARY.split()
_CJK = (
    "注文はいつ届きますか",
    "请问什么时候发货",
    "안녕하세요 배송 문의드려요",
    "ありがとうございます",
    "谢谢你的帮助",
)
_EMOJI = ("🙂", "🙏", "👍🏽", "❤️", "🎉", "🧶", "👩‍👩‍👧")
_MINUTE, _DAY = 60_000, 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class World:
    """The files of an account in a folder.

    `chats.jsonl` has a chat's record a line, newest last message first; `pages.jsonl` in the same order the
    body of the answer with its messages.
    """

    folder: Path

    def chats(self) -> list[Record]:
        """Every chat, the newest first."""
        with (self.folder / "chats.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def pages(self) -> list[bytes]:
        """The page of every chat's messages, in the order of the chats."""
        return (self.folder / "pages.jsonl").read_bytes().splitlines()


def profiles() -> list[Record]:
    """One profile of each network."""
    return [
        {
            "id": f"prof{number}",
            "name": "Acme",
            "platform": platform,
            "status": "active",
            "profile_group_id": GROUP,
            "expires_at": None,
            "post_count": 3,
            "username": "acme.shop",
            "platform_id": f"1784140582230491{number}",
            "avatar_url": None,
            "inactive_reason": None,
        }
        for number, platform in enumerate(PLATFORMS)
    ]


def generate(
    *, chats: int, messages: int, newest_at: int, seed: int = 1
) -> Iterator[tuple[Record, list[Record]]]:
    """Chats, the newest first, each with its messages; `newest_at`: when the newest of all was written."""
    random = Random(seed)  # noqa: S311 - test data, not a secret
    ages = sorted(_age(random) for _ in range(chats))
    for number, age in enumerate(ages):
        chat = _chat(random, number, newest_at - age)
        found = list(_messages(random, chat, messages))
        for direction in ("inbound", "outbound"):
            times = [each["external_posted_at"] for each in found if each["direction"] == direction]
            chat[f"last_{direction}_at"] = times[0] if times else None
        yield chat, found


def build(folder: Path, *, chats: int, messages: int, newest_at: int, seed: int = 1) -> World:
    """Write what `generate` makes to files."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "chats.jsonl").open("w", encoding="utf-8") as records,
        (folder / "pages.jsonl").open("w", encoding="utf-8") as pages,
    ):
        for chat, found in generate(chats=chats, messages=messages, newest_at=newest_at, seed=seed):
            records.write(_json(chat))
            pages.write(_json({"total": messages, "page": 0, "per_page": 100, "data": found}))
    return World(folder)


def message(random: Random, chat_id: str, platform: str, at: int, *, inbound: bool) -> Record:
    """One message, posted at `at`."""
    posted = iso(at)
    record: Record = {
        "id": identifier(random),
        "chat_id": chat_id,
        "external_id": "".join(random.choices(_LETTERS, k=40)),
        "direction": "inbound" if inbound else "outbound",
        "body": _text(random),
        "status": "received" if inbound else "published",
        "external_comment_id": None,
        "error_message": None,
        "platform_data": None,
        "external_posted_at": posted,
        "external_delivered_at": None if inbound else posted,
        "external_read_at": None if inbound else iso(at + 40_000),
        "external_edited_at": None,
        "reply_to_external_id": None,
        "external_deleted_at": None,
        "reactions": [],
        "attachments": [],
        "is_unsupported": False,
        "created_at": iso(at + 900),
    }
    if platform == "telegram":
        record["reply_markup"] = None
    if random.random() < 0.03:
        record["reactions"] = [
            {"sender_external_id": "17841402529187037", "reaction": "love", "emoji": "❤️", "at": posted}
        ]
    if random.random() < 0.03:
        name = identifier(random)
        url = f"https://files.example/{name}.png"
        record["attachments"] = [
            {"id": name, "type": "image", "url": url, "status": "processed", "external_id": None}
        ]
    return record


def iso(at: int) -> str:
    """Milliseconds as the API writes a time."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def identifier(random: Random) -> str:
    """An id without an order, as those of the API are."""
    return "".join(random.choices(_LETTERS, k=8))


def _chat(random: Random, number: int, at: int) -> Record:
    place = number % len(PLATFORMS)
    name = f"{random.choice(_WORDS).title()} {random.choice(_WORDS).title()}"
    record: Record = {
        "id": identifier(random),
        "profile_id": f"prof{place}",
        "platform": PLATFORMS[place],
        "participant_external_id": str(random.randrange(10**16, 10**17)),
        "participant_username": f"{name.lower().replace(' ', '.')}.{number}",
        "participant_name": name,
        "participant_avatar_url": f"https://files.example/avatar_{number}.png",
        "external_conversation_id": None,
        "last_inbound_at": None,
        "last_outbound_at": None,
        "last_message_at": iso(at),
        "metadata": {"follower_count": number, "is_verified_user": False},
        "created_at": iso(at - 60 * 24 * 60 * _MINUTE),
    }
    if PLATFORMS[place] == "bluesky":
        record["archived"] = False
    return record


def _age(random: Random) -> int:
    """How long a chat has been quiet: three in four for less than a month, the rest for up to two years."""
    if random.random() < 0.75:
        return min(int(random.paretovariate(0.5) * 90_000), 30 * _DAY) + random.randrange(_DAY)
    return random.randrange(_DAY, 730 * _DAY)


def _messages(random: Random, chat: Record, count: int) -> Iterator[Record]:
    """Messages of a chat, newest first: dialogues of about five within hours, days or weeks apart."""
    at = round(datetime.fromisoformat(str(chat["last_message_at"])).timestamp() * 1000)
    for _ in range(count):
        yield message(random, str(chat["id"]), str(chat["platform"]), at, inbound=random.random() < 0.6)
        again = random.random() < 0.2
        at -= random.randrange(2 * _DAY, 25 * _DAY) if again else random.randrange(12_000, 55 * _MINUTE)


def _text(random: Random) -> str:
    kind = random.random()
    if kind < 0.06:
        return random.choice(_CJK)
    length = min(1 + int(random.lognormvariate(2.3, 0.7)), 120)
    words = " ".join(random.choices(_WORDS, k=length))
    if kind < 0.18:
        return f"{words} {random.choice(_EMOJI)}"
    if kind < 0.22:
        return words.replace(" ", "\n", 2)
    return words


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
