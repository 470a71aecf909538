"""What happens without the business: platforms deliver, people read, answer, tap and react.

Every handler runs at its time from the world's event queue (`World.run_due`), inside a transaction.
"""

from __future__ import annotations

import json
import sqlite3
import tomllib
from functools import cache
from importlib.resources import files
from random import Random

from . import generate, ids, messaging, platforms
from .clock import MINUTE, SECOND, iso
from .dialogues import LANGUAGES, everyday, fill, full_name, pick_language, slots
from .records import JsonObject
from .world import World

RETRY_DELAYS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE)
"""Pauses between the attempts of a failing send (documented for posts, taken over for messages)."""


@cache
def _answers(language: str) -> dict[str, list[str]]:
    text = (files(__package__) / "dialogues" / "answers.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    answers: dict[str, list[str]] = table[language if language in table else "en"]
    return answers


class Life:
    """Handlers of everything that happens by itself."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.database = world.database
        world.handlers.update(
            store=self.store,
            publish=self.publish,
            deliver=self.deliver,
            read=self.read,
            answer=self.answer,
            arrive=self.arrive,
            react=self.react,
            participant=self.participant,
            initiative=self.initiative,
        )
        if (
            world.options.initiative
            and world.database.value("select 1 from events where kind='initiative'") is None
        ):
            with world.write():
                self._next_initiative(Random(f"{world.options.seed}/first"))  # noqa: S311

    def _random(self, *key: object) -> Random:
        return Random("/".join(str(part) for part in (self.world.options.seed, *key)))  # noqa: S311

    # Sends

    def store(self, message: int, payload: JsonObject) -> None:
        """Bring a send's file to durable storage; from now on its URL is the stable one."""
        self.database.run("update attachments set status = 'processed' where message = ?", message)

    def publish(self, message: int, payload: JsonObject) -> None:
        """Hand a send to the platform: published, failed, or to be tried again."""
        row = self.world.message_numbered(message)
        if row is None or row["status"] not in ("pending", "failed_waiting_for_retry"):
            return
        chat = self.world.chat_numbered(row["chat"])
        refusal = payload.get("refusal") or self._refusal(row, chat, private=bool(payload.get("private")))
        if refusal is not None:
            self._fail(message, str(refusal))
            return
        attempt = int(str(payload.get("attempt", 0)))
        transient = self.world.transient_failure(chat["platform"])
        if transient is not None:
            self._retry(message, attempt, transient, payload)
            return
        now = self.world.now()
        self.database.update(
            "messages",
            message,
            status="published",
            error_message=None,
            external_id=ids.message_external_id(chat["platform"], message),
            posted_at=now,
            sort_at=now,
        )
        if chat["platform"] == "bluesky" and chat["conversation_id"] is None:
            conversation = ids.conversation_external_id("bluesky", chat["no"])
            self.database.update("chats", chat["no"], conversation_id=conversation)
        self.database.update("chats", chat["no"], last_outbound_at=now, last_message_at=now)
        self.world.emit("message.sent", {"message": self.world.message_record(message)})
        random = self._random("after", message)
        wait = random.randrange(5 * SECOND, 16 * SECOND)
        if platforms.has_reactions(chat["platform"]):
            self.world.schedule("deliver", random.randrange(400, 1500), message)
            if self.world.options.answers:
                self.world.schedule("read", random.randrange(2 * SECOND, 5 * SECOND), message)
        if self.world.options.answers:
            self.world.schedule("answer", wait, chat["no"], to=message)

    def _refusal(self, row: sqlite3.Row, chat: sqlite3.Row, *, private: bool) -> str | None:
        platform, text = chat["platform"], row["body"]
        if chat["profile_status"] != "active":
            return "Error validating access token: the profile is disconnected"
        if platforms.has_window(platform) and not private:
            opened = chat["last_inbound_at"]
            if opened is None or self.world.now() - opened > platforms.WINDOW:
                return platforms.OUTSIDE_WINDOW
        if chat["trait"] in platforms.TRAIT_REFUSALS:
            return platforms.TRAIT_REFUSALS[chat["trait"]]
        if text is not None and (refusal := platforms.text_refusal(platform, text)) is not None:
            return refusal
        if self.database.value(
            "select 1 from attachments where message = ? and status = 'failed'", row["no"]
        ):
            return (
                "Bad Request: wrong file identifier/HTTP URL specified"
                if platform == "telegram"
                else "(#100) Failed to fetch the file from the url"
            )
        if platform != "telegram":
            return None
        if row["reply_to"] is not None:
            target = self.world.message_by_external_id(row["reply_to"])
            if target is None or target["chat"] != row["chat"]:
                return "Bad Request: message to be replied not found"
        if row["reply_markup"] is not None:
            return platforms.markup_refusal(json.loads(row["reply_markup"]))
        return None

    def _fail(self, message: int, reason: str) -> None:
        self.database.update("messages", message, status="failed", error_message=reason)
        self.world.emit("message.failed", {"message": self.world.message_record(message)})

    def _retry(self, message: int, attempt: int, reason: str, payload: JsonObject) -> None:
        if attempt >= len(RETRY_DELAYS):
            self._fail(message, reason)
            return
        self.database.update("messages", message, status="failed_waiting_for_retry", error_message=reason)
        self.world.schedule("publish", RETRY_DELAYS[attempt], message, **{**payload, "attempt": attempt + 1})
        self.world.emit("message.failed_waiting_for_retry", {"message": self.world.message_record(message)})

    # Receipts

    def deliver(self, message: int, payload: JsonObject) -> None:
        """The platform confirms delivery (Facebook and Instagram)."""
        self.receipt(message, "delivered")

    def read(self, message: int, payload: JsonObject) -> None:
        """The person has read the chat up to this message (Facebook and Instagram)."""
        self.receipt(message, "read")

    def receipt(self, message: int, kind: str) -> None:
        """Stamp a message `delivered` or `read`; a stamp that is there stays."""
        column = f"{kind}_at"
        if self.database.run(
            f"update messages set {column} = ? where no = ? and {column} is null", self.world.now(), message
        ):
            self.world.emit(f"message.{kind}", {"message": self.world.message_record(message)})

    # People

    def answer(self, chat: int, payload: JsonObject) -> None:
        """The person reacts to what was written: taps a button, sets a heart, or writes back."""
        row = self.world.chat_numbered(chat)
        message = self.world.message_numbered(int(str(payload["to"])))
        newest = self.database.value(
            "select no from messages where chat = ? and direction = 'outbound' and status = 'published'"
            " order by sort_at desc, no desc limit 1",
            chat,
        )
        if message is None or newest != message["no"] or row["trait"] in platforms.TRAIT_REFUSALS:
            return  # something newer was written meanwhile; that one gets the answer
        random = self._random("answer", message["no"])
        turns = row["turns"]
        self.database.update("chats", chat, turns=turns + 1)
        button = _button(message["reply_markup"], random)
        if button is not None and row["platform"] == "telegram":
            self.tap(chat, button, message["external_id"])
            return
        mood = random.random()
        if platforms.has_reactions(row["platform"]) and mood < 0.2:
            self.react(message["no"], {"emoji": "❤️", "reaction": "love"})
            return
        if turns % 4 == 3 and mood < 0.6:
            return  # content, and silent
        self.say(chat, self._words(row, message, turns, random))

    def _words(self, chat: sqlite3.Row, message: sqlite3.Row, turns: int, random: Random) -> str:
        text = message["body"]
        answers = _answers(chat["language"])
        if text is None:
            kind = "picture"
        elif any(mark in text for mark in "?？؟"):
            kind = "question"
        elif turns % 4 == 3:
            kind = "closing"
        else:
            kind = "followup" if random.random() < 0.35 else "news"
        lines = answers[kind]
        language = chat["language"] if chat["language"] in LANGUAGES else "en"
        values = slots(language, chat["name"] or "you", random)
        return fill(lines[(turns + random.randrange(2)) % len(lines)], values)

    def say(self, chat: int, text: str, **columns: object) -> None:
        """Let the person write; on Bluesky it shows when the poller has run."""
        row = self.world.chat_numbered(chat)
        if row["platform"] == "bluesky":
            now = self.world.now()
            wait = generate.BLUESKY_POLL - now % generate.BLUESKY_POLL
            self.world.schedule("arrive", wait, chat, text=text, posted_at=now, **columns)
            return
        self.receive(chat, text, **columns)

    def arrive(self, chat: int, payload: JsonObject) -> None:
        """The poller brings a Bluesky message."""
        columns = dict(payload)
        text, posted_at = columns.pop("text"), columns.pop("posted_at")
        self.receive(chat, None if text is None else str(text), posted_at=posted_at, **columns)

    def receive(self, chat: int, text: str | None, **columns: object) -> int:
        """Write an inbound message into the world; its number."""
        row = self.world.chat_numbered(chat)
        self.world.write_thread(chat)
        number = self.world.next_message_number()
        now = self.world.now()
        posted = columns.pop("posted_at", None) or now
        external_id = columns.pop("external_id", None) or ids.message_external_id(row["platform"], number)
        self.database.insert(
            "messages",
            no=number,
            chat=chat,
            direction="inbound",
            status="received",
            body=text,
            external_id=external_id,
            posted_at=posted,
            sort_at=posted,
            created_at=now,
            **columns,
        )
        self.database.run(
            "update chats set last_inbound_at = max(coalesce(last_inbound_at, 0), ?),"
            " last_message_at = max(coalesce(last_message_at, 0), ?) where no = ?",
            posted,
            posted,
            chat,
        )
        if row["metadata"] is None:
            self.world.schedule("participant", SECOND, chat)
        self.world.emit("message.received", {"message": self.world.message_record(number)})
        return number

    def tap(self, chat: int, data: str, source: str | None) -> int:
        """The person presses an inline button: an inbound message with the callback data."""
        kind = {"kind": "callback_query", "callback_query_id": str(4 * 10**17 + self.world.now())}
        return self.receive(chat, data, reply_to=source, platform_data=json.dumps(kind))

    def react(self, message: int, payload: JsonObject) -> None:
        """The person sets a reaction."""
        row = self.world.message_numbered(message)
        if row is None:
            return
        chat = self.world.chat_numbered(row["chat"])
        entry: JsonObject = {
            "sender_external_id": chat["participant_external_id"],
            "emoji": payload["emoji"],
            "reaction": payload["reaction"],
            "at": iso(self.world.now()),
        }
        messaging.set_reaction(self.world, row, entry)

    def participant(self, chat: int, payload: JsonObject) -> None:
        """The platform's facts about a person come in."""
        row = self.world.chat_numbered(chat)
        facts = generate.metadata(
            row["platform"], chat, row["language"], self.world.now(), self.world.options.seed
        )
        if row["platform"] == "bluesky":
            facts["muted"] = bool(row["muted"])
        random = self._random("participant", chat)
        name = row["name"] or full_name("en", random)
        self.database.update(
            "chats", chat, metadata=json.dumps(facts, ensure_ascii=False), name=name, has_avatar=1
        )

    def initiative(self, subject: int, payload: JsonObject) -> None:
        """Somebody writes of their own accord: a person known already, now and then a new one."""
        random = self._random("initiative", self.world.now())
        self._next_initiative(random)
        profiles = self.database.all("select * from profiles where status = 'active' order by no")
        if not profiles:
            return
        if random.random() < 0.25:
            chat = self._stranger(random)
        else:
            # From the fifty chats that were active last, so that the list does not stir everywhere.
            recent = self.database.all(
                "select no from chats where trait not in ('never', 'blocked', 'unavailable', 'closed-dms')"
                " order by last_message_at desc limit 50"
            )
            if not recent:
                return
            chat = random.choice(recent)["no"]
        row = self.world.chat_numbered(chat)
        language = row["language"]
        line = random.choice(everyday(language)).lines[0]
        text = fill(line.text, slots(language, row["name"] or "you", random))
        self.say(chat, text or "👋")

    def _stranger(self, random: Random) -> int:
        platform = random.choice(("instagram", "facebook"))
        profile = self.database.one("select * from profiles where platform = ?", platform)
        language = pick_language(random)
        chats = int(self.database.value("select coalesce(max(no), 0) from chats"))
        name = full_name(language, random)
        participant = ids.participant_external_id(platform, chats + 1)
        if profile is None:
            raise RuntimeError(f"the world has no {platform} profile")
        username = None
        if platform == "instagram":
            username = ("".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "shopper") + str(
                chats
            )
        row, _ = messaging.open_chat(self.world, profile, participant, username, name)
        self.database.update("chats", row["no"], language=language)
        return int(row["no"])

    def _next_initiative(self, random: Random) -> None:
        mean = self.world.options.initiative
        if mean:
            self.world.schedule("initiative", round(random.uniform(0.4, 1.6) * mean * SECOND), 0)


def _button(markup: str | None, random: Random) -> str | None:
    """Callback data of a button that the person would press."""
    if markup is None:
        return None
    keyboard = json.loads(markup).get("inline_keyboard") or []
    data = [button["callback_data"] for row in keyboard for button in row if "callback_data" in button]
    return random.choice(data) if data else None
