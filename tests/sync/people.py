"""What customers and colleagues do on a soaked server, beside what the sandbox's people do by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from random import Random

from inbox_tui.sandbox import messaging, platforms
from inbox_tui.sandbox.clock import HOUR
from inbox_tui.sandbox.server import RunningSandbox

REACH = 10
"""How many of a chat's newest messages are changed: a look at a chat reads the newest thirty."""


class People:
    """Does things by chance, where they are possible; each happens in one transaction of the world."""

    def __init__(self, box: RunningSandbox, random: Random) -> None:
        self.world, self.life = box.world, box.life
        self.random = random
        self.doings: list[Callable[[sqlite3.Row], bool]] = [
            self.write,
            self.correct,
            self.take_back,
            self.react,
            self.tap,
            self.read,
            self.answer_elsewhere,
            self.correct_elsewhere,
            self.react_elsewhere,
            self.archive_elsewhere,
            self.open_elsewhere,
            self.lose_a_profile,
        ]

    def act(self) -> str | None:
        """Do one thing in a chat that was active lately; returns what, None where it was not possible."""
        doing = self.random.choice(self.doings)
        with self.world.write() as database:
            rows = database.all(
                "select no from chats where last_message_at > ? and trait = '' "
                "order by last_message_at desc limit 40",
                self.world.now() - 6 * HOUR,
            )
            if rows and doing(self.world.chat_numbered(self.random.choice(rows)["no"])):
                return doing.__name__.replace("_", " ")
        return None

    def come_back(self) -> None:
        """Every profile is connected."""
        with self.world.write() as database:
            for row in database.all("select no from profiles where status != 'active'"):
                self.life.connect(row["no"], "active")

    def message(self, chat: sqlite3.Row, direction: str) -> sqlite3.Row | None:
        """One of a chat's newest messages that has arrived."""
        rows = self.world.database.all(
            "select no, direction from messages where chat = ? and external_id is not null "
            "and deleted_at is null and body is not null and status in ('received', 'published') "
            "order by sort_at desc, no desc limit ?",
            chat["no"],
            REACH,
        )
        own = [row["no"] for row in rows if row["direction"] == direction]
        return self.world.message_numbered(self.random.choice(own)) if own else None

    # Customers.

    def write(self, chat: sqlite3.Row) -> bool:
        self.life.say(chat["no"], f"And one more thing ({self.random.randrange(1000)})")
        return True

    def correct(self, chat: sqlite3.Row) -> bool:
        row = self.message(chat, "inbound")
        if row is None or chat["platform"] == "bluesky":
            return False
        self.life.edit(row["no"], f"{row['body'][:60]} ({self.random.randrange(1000)})")
        return True

    def take_back(self, chat: sqlite3.Row) -> bool:
        row = self.message(chat, "inbound")
        if row is None or chat["platform"] not in ("instagram", "bluesky") or self.random.random() < 0.5:
            return False
        self.life.delete(row["no"])
        return True

    def react(self, chat: sqlite3.Row) -> bool:
        row = self.message(chat, "outbound")
        if row is None or not platforms.has_reactions(chat["platform"]):
            return False
        if self.random.random() < 0.4:
            messaging.clear_reaction(self.world, row, chat["participant_external_id"])
        else:
            self.life.react(row, *self.random.choice((("❤️", "love"), ("😮", "wow"))))
        return True

    def tap(self, chat: sqlite3.Row) -> bool:
        if chat["platform"] != "telegram":
            return False
        self.life.tap(chat["no"], f"order:{self.random.randrange(1000)}", None)
        return True

    def read(self, chat: sqlite3.Row) -> bool:
        row = self.message(chat, "outbound")
        if row is None or not platforms.has_reactions(chat["platform"]):
            return False
        self.life.receipt(row["no"], "read")
        return True

    # Colleagues, who use another program.

    def answer_elsewhere(self, chat: sqlite3.Row) -> bool:
        if chat["last_inbound_at"] is None:
            return False
        markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
        number = self.random.randrange(1000)
        words = f"A colleague answers ({number})"
        messaging.send(
            self.world,
            chat,
            words,
            [],
            None,
            markup if chat["platform"] == "telegram" and number % 2 else None,
        )
        return True

    def correct_elsewhere(self, chat: sqlite3.Row) -> bool:
        row = self.message(chat, "outbound")
        if row is None or chat["platform"] != "telegram" or not row["body"].startswith("A colleague"):
            return False
        messaging.edit(self.world, row, f"A colleague corrects ({self.random.randrange(10**6)})", None)
        return True

    def react_elsewhere(self, chat: sqlite3.Row) -> bool:
        row = self.message(chat, "inbound")
        if row is None or not platforms.has_reactions(chat["platform"]):
            return False
        if self.random.random() < 0.4:
            messaging.unreact(self.world, row)
        else:
            messaging.react(self.world, row, "love", None)
        return True

    def archive_elsewhere(self, chat: sqlite3.Row) -> bool:
        if chat["platform"] != "bluesky":
            return False
        messaging.archive(self.world, chat, muted=not chat["muted"])
        return True

    def open_elsewhere(self, chat: sqlite3.Row) -> bool:
        """A chat in which nobody has written yet."""
        if self.random.random() < 0.7:
            return False
        profile = self.world.database.one("select * from profiles where no = ?", chat["profile"])
        count = self.world.database.value("select count(*) from chats")
        messaging.open_chat(self.world, profile, f"met-elsewhere-{count}", None, f"Person {count}")
        return True

    def lose_a_profile(self, chat: sqlite3.Row) -> bool:
        """A profile loses its connection, or has it again."""
        if self.random.random() < 0.7:
            return False
        lost = self.world.database.all("select no from profiles where status != 'active'")
        if lost:
            self.life.connect(lost[0]["no"], "active")
        else:
            self.life.connect(chat["profile"], "inactive")
        return True
