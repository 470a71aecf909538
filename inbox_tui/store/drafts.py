"""What stands in the composers, and what goes with it; a draft is gone only when it is in the outbox."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inbox_tui.core.merging import merge, merge_objects
from inbox_tui.core.models import JsonObject, Milliseconds
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.marks import touch
from inbox_tui.store.records import dump

if TYPE_CHECKING:
    # Only the writing thread needs what opens the files for writing; a screen paints without it.
    from inbox_tui.store.writer import Writer

EXTRAS = ("reply_to", "reply_to_id", "file", "media_url", "size", "type", "reply_markup")
"""What can go with the text of a draft, by its name in the payload of a send; `file`: where it was chosen.

A draft may also keep `blanks`, what snippets left open in it (`core.snippets`); nothing with one is sent.
"""


@dataclass(frozen=True, slots=True)
class Words:
    """A text and what goes with it, as in EXTRAS."""

    text: str
    extras: JsonObject

    def __bool__(self) -> bool:
        return bool(self.text.strip() or self.extras.get("file") or self.extras.get("media_url"))


NO_WORDS = Words("", {})


@dataclass(frozen=True, slots=True)
class Base:
    """What somebody's change of a draft is a change of."""

    words: Words
    goes_on_at: int | None = None
    """Where in the text it was written last: what follows there belongs to that."""


def save(
    writer: Writer,
    chat_id: str,
    text: str,
    cursor: int,
    base: Base | None = None,
    extras: JsonObject | None = None,
) -> str:
    """Keep what stands in the composer of a chat; with neither text nor extras there is no draft.

    `cursor` is the caret's offset in code points. `base` is what the caller saw in the file before the
    person typed: where something else stands there now (another terminal, a send that was taken back), what
    was changed since goes into that, and both changes are there once (`core.merging`). `extras`: what goes
    with the text; None leaves it as it is. Returns the text that the file holds.
    """
    with transaction(writer.local) as rev:
        stands, goes_with, started_at = read(writer.local, chat_id)
        if base is not None:
            was, caret = base.words, _caret(writer.local, chat_id)
            text, cursor = merge(was.text, text, stands, cursor, caret, base.goes_on_at)
            extras = None if extras is None else merge_objects(was.extras, extras, goes_with)
        extras = goes_with if extras is None else extras
        if (text, extras) != (stands, goes_with):
            put(writer.local, chat_id, text, cursor, extras, started_at)
            touch(writer.local, chat_id, rev)
    return text


def _caret(local: sqlite3.Connection, chat_id: str) -> int | None:
    row = local.execute("SELECT cursor FROM drafts WHERE chat_id = ?", (chat_id,)).fetchone()
    return None if row is None else int(row[0])


def read(local: sqlite3.Connection, chat_id: str) -> tuple[str, JsonObject, Milliseconds | None]:
    """Text, extras and beginning of a chat's draft."""
    row = local.execute(
        "SELECT text, extras, started_at FROM drafts WHERE chat_id = ?", (chat_id,)
    ).fetchone()
    return ("", {}, None) if row is None else (str(row[0]), json.loads(row[1]), row[2])


def put(
    local: sqlite3.Connection,
    chat_id: str,
    text: str,
    cursor: int,
    extras: JsonObject,
    started_at: Milliseconds | None,
) -> None:
    """Make a draft of these, inside the caller's transaction; of neither text nor extras there is none."""
    if not text and not extras:
        local.execute("DELETE FROM drafts WHERE chat_id = ?", (chat_id,))
        return
    now = now_ms()
    local.execute(
        "INSERT OR REPLACE INTO drafts (chat_id, text, cursor, updated_at, extras, started_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (chat_id, text, cursor, now, dump(extras), now if started_at is None else started_at),
    )


def extras_of(payload: JsonObject) -> JsonObject:
    """What went with the text of a send, as its draft had it: the file where it was chosen.

    Where that is gone since, the copy is all that is left of it.
    """
    found = {name: payload[name] for name in EXTRAS if name in payload and name != "file"}
    source, copy = payload.get("source"), payload.get("file")
    if not source:
        return found
    gone = not Path(str(source)).exists() and Path(str(copy)).exists()
    return {**found, "file": copy if gone else source}
