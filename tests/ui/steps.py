"""What many tests of the screen do, and where they look: steps of a person, and rows of the files."""

from __future__ import annotations

import contextlib
import sqlite3

from textual import events
from textual.keys import _character_to_key
from textual.widgets import Static

from inbox_tui.store import outbox, sends, writes
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer

from .conftest import Desk

TELEGRAM, INSTAGRAM = "Max Whitlock", "Priya Tran"
"""A person of each platform in the frozen world."""


# What a person does.


async def reply(agent: Desk, name: str, text: str = "") -> None:
    """Open a person's chat and begin to write."""
    await agent.open(name)
    await agent.press("r")
    await agent.type(text)


def key(character: str, at: float) -> events.Key:
    """A key pressed at a time."""
    named = character if len(character) > 1 else _character_to_key(character)
    event = events.Key(named, character if len(character) == 1 else None)
    event.time = at
    return event


async def press(agent: Desk, *names: str) -> None:
    """Press keys as fast as a terminal hands them over, until all are carried out and drawn."""
    post(agent, *names)
    await drawn(agent)


def post(agent: Desk, *names: str) -> None:
    """Press keys as fast as a terminal hands them over."""
    for name in names:
        agent.app.post_message(events.Key(name, name if len(name) == 1 else None))


async def drawn(agent: Desk) -> None:
    """Wait until everything posted is taken in, and what that has posted, and the screen is laid out."""
    for _ in range(2):
        await agent.pilot.pause(0)


# What is on the screen.


def said(agent: Desk, words: str) -> bool:
    """Whether the dialog says something, however its lines are broken."""
    texts = [str(part.content) for part in agent.app.screen.query(Static) if part.display]
    return words in " ".join(" ".join(texts).split())


def screen_words(agent: Desk) -> str:
    """The words on the screen, without the frames, however their lines are broken."""
    return " ".join(agent.screen_text().replace("│", " ").split())


def at_cursor(agent: Desk) -> str | None:
    """Whose chat is under the cursor of the list."""
    row = agent.inbox.chats.cursor_row
    return None if row is None else row.chat.title


# What is in the files.


def rows(folder: Folder, statement: str) -> list[tuple[object, ...]]:
    """What stands in the local file."""
    with contextlib.closing(sqlite3.connect(folder.local)) as connection:
        return connection.execute(statement).fetchall()


def facts(folder: Folder) -> list[list[tuple[object, ...]]]:
    """Everything that the person's keys can have written."""
    names = ("outbox", "drafts", "marks", "snoozes", "labels", "pins", "notes", "journal", "dismissed")
    return [rows(folder, f"SELECT * FROM {name}") for name in names]


def drafts(folder: Folder) -> list[str]:
    """The texts of all drafts."""
    return [str(text) for (text,) in rows(folder, "SELECT text FROM drafts ORDER BY chat_id")]


def chat_id(folder: Folder, person: str) -> str:
    """The chat of a person."""
    with contextlib.closing(open_reader(folder)) as reader:
        (found,) = reader.execute("SELECT id FROM chats WHERE participant_name = ?", (person,)).fetchone()
    return str(found)


def fail(folder: Folder, name: str, *texts: str) -> None:
    """Let sends to a person have failed."""
    with Writer(folder) as writer:
        chat_id, profile_id = writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE participant_name = ?", (name,)
        ).fetchone()
        for text in texts:
            item = sends.queue_send(writer, chat_id, profile_id, {"text": text}, hold_ms=0)
            outbox.move(writer, item, State.FAILED, title="The platform did not take it")
        writes.refold_chats(writer, [chat_id])
