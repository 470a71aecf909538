"""Compares a cache with the server by plain HTTP and plain SQL, without any of the program's own code.

Every profile, chat, message, reaction, attachment, keyboard and stamp that the cache keeps is compared, field
by field. `python -m tests.sync.verify URL KEY_FILE CACHE` prints what differs; the server must be at rest.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

Record = dict[str, Any]
Facts = dict[str, Record]

_TIMES = {
    "profiles": ("expires_at",),
    "chats": ("last_inbound_at", "last_outbound_at", "last_message_at", "created_at"),
    "messages": ("posted_at", "delivered_at", "read_at", "edited_at", "deleted_at", "created_at"),
}
_PLAIN = {
    "profiles": (
        "name",
        "platform",
        "status",
        "profile_group_id",
        "username",
        "platform_id",
        "avatar_url",
        "inactive_reason",
    ),
    "chats": (
        "profile_id",
        "platform",
        "participant_external_id",
        "participant_username",
        "participant_name",
        "participant_avatar_url",
        "external_conversation_id",
    ),
    "messages": (
        "chat_id",
        "direction",
        "status",
        "external_id",
        "body",
        "external_comment_id",
        "error_message",
        "platform_data",
        "reply_to_external_id",
        "reply_markup",
    ),
}
_OTHER = {
    "profiles": (),
    "chats": ("archived", "metadata"),
    "messages": ("reactions", "attachments", "is_unsupported"),
}
_JSON = {"extra", "metadata", "platform_data", "reply_markup", "reactions", "attachments"}
_REDACTED = {
    "body": None,
    "error_message": None,
    "platform_data": None,
    "reply_markup": None,
    "attachments": [],
    "extra": {},
}
"""What is left of a deleted message, whatever the server still has of it."""


@dataclass
class Contents:
    """Profiles, chats and messages by id, each as its fields in the cache's names."""

    profiles: Facts = field(default_factory=dict)
    chats: Facts = field(default_factory=dict)
    messages: Facts = field(default_factory=dict)

    def tables(self) -> dict[str, Facts]:
        return {"profiles": self.profiles, "chats": self.chats, "messages": self.messages}

    def counts(self) -> dict[str, int]:
        """How much there is of everything that is compared."""
        messages = self.messages.values()
        return {
            "profiles": len(self.profiles),
            "chats": len(self.chats),
            "messages": len(self.messages),
            "reactions": sum(len(message["reactions"]) for message in messages),
            "attachments": sum(len(message["attachments"]) for message in messages),
            "keyboards": sum(message["reply_markup"] is not None for message in messages),
            "receipts": sum((m["delivered_at"] is not None) + (m["read_at"] is not None) for m in messages),
            "edits": sum(message["edited_at"] is not None for message in messages),
            "deletions": sum(message["deleted_at"] is not None for message in messages),
        }


def _ms(text: object) -> int | None:
    return None if text is None else round(datetime.fromisoformat(str(text)).timestamp() * 1000)


def _facts(table: str, record: Mapping[str, Any]) -> Record:
    """A record of the API under the names of the cache's columns."""
    prefix = "external_" if table == "messages" else ""
    known = {"id"}
    facts: Record = {}
    for name in _PLAIN[table]:
        facts[name] = record.get(name)
        known.add(name)
    for name in _TIMES[table]:
        wire = name if name == "created_at" else f"{prefix}{name}"
        facts[name] = _ms(record.get(wire))
        known.add(wire)
    for name in _OTHER[table]:
        facts[name] = record.get(name)
        known.add(name)
    facts["extra"] = {name: value for name, value in record.items() if name not in known}
    if table == "chats":
        facts["metadata"] = facts["metadata"] or {}
        if facts["archived"] is not None:
            facts["archived"] = int(facts["archived"])
    if table == "messages":
        facts["reactions"] = [
            [r.get("sender_external_id") or "", r.get("emoji"), r.get("reaction"), _ms(r.get("at"))]
            for r in facts["reactions"] or []
        ]
        facts["attachments"] = [
            [a["id"], a["type"], a["url"], a["status"], a["external_id"]] for a in facts["attachments"] or []
        ]
        facts["is_unsupported"] = int(facts["is_unsupported"] or 0)
        if facts["deleted_at"] is not None:
            facts.update(_REDACTED)
    return facts


def _pages(api: httpx.Client, path: str) -> Iterable[Record]:
    count = page = 0
    while True:
        answer = api.get(path, params={"page": page, "per_page": 100}).raise_for_status().json()
        yield from answer["data"]
        count, page = count + len(answer["data"]), page + 1
        if count >= answer["total"] or not answer["data"]:
            return


def client(url: str, key: str) -> httpx.Client:
    """A plain client of a server."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{url}/api", headers=headers, timeout=60, trust_env=False)


def on_server(api: httpx.Client) -> Contents:
    """Everything that the server shows of profiles, chats and messages."""
    found = Contents()
    for profile in api.get("/profiles").raise_for_status().json()["data"]:
        found.profiles[profile["id"]] = _facts("profiles", profile)
        for chat in _pages(api, f"/profiles/{profile['id']}/chats"):
            found.chats[chat["id"]] = _facts("chats", chat)
            for message in _pages(api, f"/chats/{chat['id']}/messages"):
                found.messages[message["id"]] = _facts("messages", message)
    return found


def in_cache(path: Path) -> Contents:
    """The same of a cache."""
    found = Contents()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as cache:
        cache.execute("BEGIN")
        for table, facts in found.tables().items():
            names = [*_PLAIN[table], *_TIMES[table], *_OTHER[table], "extra"]
            columns = ", ".join("c.id" if name == "chat_id" else f"t.{name}" for name in names)
            chats = "JOIN chats c ON c.pk = t.chat" if table == "messages" else ""
            for identity, *row in cache.execute(f"SELECT t.id, {columns} FROM {table} t {chats}"):
                facts[identity] = {
                    name: json.loads(value) if name in _JSON and value is not None else value
                    for name, value in zip(names, row, strict=True)
                }
    return found


def _name(facts: Record) -> str:
    """What tells a record from others, in a few words."""
    names = ("chat_id", "profile_id", "platform", "direction", "status", "created_at")
    return ", ".join(f"{name} {facts[name]}" for name in names if name in facts)


def compare(server: Contents, cache: Contents) -> list[str]:
    """What the two do not agree on, a line each; none where all is well."""
    lines: list[str] = []
    for (table, there), here in zip(server.tables().items(), cache.tables().values(), strict=True):
        kind = table[:-1]
        for identity in sorted(there.keys() | here.keys()):
            if identity not in here:
                lines.append(f"{kind} {identity} is missing in the cache: {_name(there[identity])}")
            elif identity not in there:
                lines.append(f"{kind} {identity} is in the cache alone: {_name(here[identity])}")
            else:
                lines += [
                    f"{kind} {identity} differs in {name}: the server has {value!r}, "
                    f"the cache {here[identity][name]!r}"
                    for name, value in there[identity].items()
                    if value != here[identity][name]
                ]
    return lines


def inconsistencies(path: Path) -> list[str]:
    """Where a cache contradicts itself: places, counts and flags that do not follow from its rows."""
    checks = {
        "messages stand at another time than their own": (
            "SELECT id FROM messages WHERE position_at IS NOT coalesce(posted_at, created_at)"
        ),
        "messages belong to no chat": "SELECT id FROM messages WHERE chat NOT IN (SELECT pk FROM chats)",
        "chats count other messages than they have": (
            "SELECT id FROM chats c WHERE messages IS NOT (SELECT count(*) FROM messages WHERE chat = c.pk)"
        ),
        "profiles count other chats than they have": (
            "SELECT id FROM profiles p "
            "WHERE chats IS NOT (SELECT count(*) FROM chats WHERE profile_id = p.id)"
        ),
        "messages of one chat share an external id": (
            "SELECT min(id) FROM messages WHERE external_id IS NOT NULL "
            "GROUP BY chat, external_id HAVING count(*) > 1"
        ),
    }
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as cache:
        found = {words: [str(row[0]) for row in cache.execute(check)] for words, check in checks.items()}
        found["the file is damaged"] = [
            str(row[0]) for row in cache.execute("PRAGMA integrity_check") if row[0] != "ok"
        ]
    return [f"{words}: {', '.join(ids)}" for words, ids in found.items() if ids]


def differences(url: str, key: str, path: Path) -> list[str]:
    """What a server and a cache do not agree on, and where the cache contradicts itself."""
    with client(url, key) as api:
        return compare(on_server(api), in_cache(path)) + inconsistencies(path)


def summary(lines: Iterable[str]) -> str:
    """How many differences there are of which kind."""
    kinds: Counter[str] = Counter()
    for line in lines:
        words = line.partition(":")[0].split()
        what = f"{words[0]} {words[-1]}" if "differs in" in line else f"{words[0]} {' '.join(words[2:])}"
        kinds[what] += 1
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def main(url: str, key_file: str, cache: str) -> int:
    """Print what is compared and what differs; the exit code says whether anything does."""
    path = Path(cache)
    with client(url, Path(key_file).read_text(encoding="utf-8").strip()) as api:
        server = on_server(api)
    lines = compare(server, in_cache(path)) + inconsistencies(path)
    print("compared:", ", ".join(f"{count} {what}" for what, count in server.counts().items()))
    print("differences:", "none" if not lines else len(lines), *lines, sep="\n" if lines else " ")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
