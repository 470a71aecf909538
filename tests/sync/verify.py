"""Compares a cache with the server by plain HTTP and plain SQL, without any of the program's sync code."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime

import httpx

from inbox_tui.config import Settings
from inbox_tui.sandbox.server import RunningSandbox

Facts = dict[str, tuple[object, ...]]


def _ms(text: object) -> int | None:
    return None if text is None else round(datetime.fromisoformat(str(text)).timestamp() * 1000)


def _pages(api: httpx.Client, path: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    while True:
        page = api.get(path, params={"page": len(rows) // 100, "per_page": 100}).raise_for_status().json()
        rows += page["data"]
        if len(rows) >= page["total"] or not page["data"]:
            return rows


def on_server(box: RunningSandbox) -> tuple[Facts, Facts]:
    """Every chat and every message of the server, reduced to what a cache has to agree on."""
    chats: Facts = {}
    messages: Facts = {}
    headers = {"Authorization": f"Bearer {box.api_key}"}
    with httpx.Client(base_url=f"{box.url}/api", headers=headers, timeout=30) as api:
        for profile in api.get("/profiles").json()["data"]:
            for chat in _pages(api, f"/profiles/{profile['id']}/chats"):
                chats[str(chat["id"])] = (
                    profile["id"],
                    _ms(chat["last_message_at"]),
                    chat["participant_name"],
                )
                for message in _pages(api, f"/chats/{chat['id']}/messages"):
                    deleted = message["external_deleted_at"] is not None
                    reactions = message["reactions"]
                    assert isinstance(reactions, list)
                    messages[str(message["id"])] = (
                        chat["id"],
                        message["status"],
                        None if deleted else message["body"],
                        message["external_id"],
                        _ms(message["external_posted_at"]),
                        _ms(message["external_read_at"]),
                        _ms(message["external_edited_at"]),
                        deleted,
                        sorted((r["sender_external_id"], r["emoji"]) for r in reactions),
                    )
    return chats, messages


def in_cache(settings: Settings) -> tuple[Facts, Facts]:
    """The same of the cache."""
    with closing(sqlite3.connect(f"{settings.folder.cache.as_uri()}?mode=ro", uri=True)) as cache:
        chats = {
            row[0]: row[1:]
            for row in cache.execute("SELECT id, profile_id, last_message_at, participant_name FROM chats")
        }
        messages = {
            row[0]: (*row[1:8], row[8] is not None, sorted(tuple(r[:2]) for r in json.loads(row[9])))
            for row in cache.execute(
                "SELECT m.id, c.id, status, body, external_id, posted_at, read_at, edited_at, deleted_at, "
                "reactions FROM messages m JOIN chats c ON c.pk = m.chat"
            )
        }
    return chats, messages


def differences(box: RunningSandbox, settings: Settings) -> list[str]:
    """What the cache and the server do not agree on, a line each; none where all is well."""
    found: list[str] = []
    for name, server, cache in zip(("chat", "message"), on_server(box), in_cache(settings), strict=True):
        for identity in sorted(server.keys() | cache.keys()):
            there, here = server.get(identity), cache.get(identity)
            if there != here:
                found.append(f"{name} {identity}: the server has {there}, the cache {here}")
    return found
