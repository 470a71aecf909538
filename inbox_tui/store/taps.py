"""The words on buttons that were tapped, also where their keyboard was changed or removed since.

A tap arrives as the callback data of a button and the id of its message (seed, "Telegram notes"); the API
tells only the keyboard that the message has now. So the words of every keyboard that the cache has seen
under a message, and that is not there any more, are kept beside it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from inbox_tui.core.keyboards import labels
from inbox_tui.core.models import Message
from inbox_tui.core.summary import is_tap
from inbox_tui.core.text import clean
from inbox_tui.store.db import in_lists
from inbox_tui.store.records import MESSAGE_COLUMNS, Row, is_deleted, message_of

_MARKUP = MESSAGE_COLUMNS.index("reply_markup")


def keep_gone(cache: sqlite3.Connection, now: Row, versions: Iterable[Row]) -> None:
    """Remember the words on the buttons of keyboards that other versions of a message had.

    `now`: the row of the message as it stays in the cache. Belongs into the transaction that writes it.
    """
    if is_deleted(now):
        return
    for markup in {version[_MARKUP] for version in versions} - {now[_MARKUP], None}:
        cache.executemany(
            "INSERT OR IGNORE INTO button_labels (message_id, data, label) VALUES (?, ?, ?)",
            [(now[0], data, label) for data, label in labels(json.loads(str(markup))).items()],
        )


def tapped(reader: sqlite3.Connection, taps: Iterable[tuple[Message, Message]]) -> Mapping[str, str]:
    """The words on the tapped buttons, by the id of the tap, from pairs of tap and message with the keyboard.

    A tap from before the message was last changed is looked for in the keyboards that stood there before.
    Taps whose button nobody has seen are left out.
    """
    found: dict[str, str] = {}
    open_taps: list[tuple[Message, Message]] = []
    for tap, source in taps:
        label = labels(source.reply_markup).get(clean(tap.body or ""))
        if label is not None:
            found[tap.id] = label
        if label is None or (source.edited_at is not None and tap.position[0] < source.edited_at):
            open_taps.append((tap, source))
    former = _former(reader, [source.id for _, source in open_taps])
    for tap, source in open_taps:
        if known := former.get((source.id, clean(tap.body or ""))):
            found[tap.id] = known
    return found


def tap_label(reader: sqlite3.Connection, chat_pk: int, message: Message) -> str | None:
    """The words on the button that one message stands for; None where it is no tap, or nobody has seen it."""
    if not is_tap(message) or message.reply_to_external_id is None:
        return None
    row = reader.execute(
        f"SELECT {', '.join(MESSAGE_COLUMNS)} FROM messages WHERE chat = ? AND external_id = ?",
        (chat_pk, message.reply_to_external_id),
    ).fetchone()
    source = None if row is None else message_of(row, message.chat_id)
    return None if source is None else tapped(reader, [(message, source)]).get(message.id)


def _former(reader: sqlite3.Connection, message_ids: list[str]) -> Mapping[tuple[str, str], str]:
    words: dict[tuple[str, str], list[str]] = {}
    for marks, values in in_lists(message_ids):
        for message_id, data, label in reader.execute(
            "SELECT message_id, data, label FROM main.button_labels "
            f"WHERE message_id IN ({marks}) ORDER BY message_id, data, label",
            values,
        ):
            words.setdefault((message_id, data), []).append(label)
    return {key: " or ".join(known) for key, known in words.items()}
